// SPDX-License-Identifier: BSD-3-Clause
// Text forms of a subscriber's fields.
#include "hss_fields.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *at(struct hss_profile *p, const struct hss_field *f)
{
    return (char *)p + f->offset;
}

static const void *at_const(const struct hss_profile *p, const struct hss_field *f)
{
    return (const char *)p + f->offset;
}

static enum err parse_u64(const char *text, uint64_t max, uint64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return ERR_INVALID;
    errno = 0;
    *out = strtoull(text, &end, 0); // 0x.. for bit masks
    if (*end != '\0')
        return ERR_INVALID;
    return errno == ERANGE || *out > max ? ERR_RANGE : ERR_OK;
}

static enum err parse_bool(const char *text, bool *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i & 1;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

enum err hss_rate_parse(const char *text, uint64_t *out)
{
    char *end;
    uint64_t unit = 1;

    if (!isdigit((unsigned char)*text))
        return ERR_INVALID;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno == ERANGE)
        return ERR_RANGE;
    if (*end == 'k')
        unit = 1000;
    else if (*end == 'M')
        unit = 1000000;
    else if (*end == 'G')
        unit = 1000000000;
    if ((unit == 1 && *end != '\0') || (unit != 1 && end[1] != '\0'))
        return ERR_INVALID;
    if (*out > (uint64_t)UINT32_MAX * 1000 / unit) // Extended-Max-Requested-BW counts kbit/s
        return ERR_RANGE;
    *out *= unit;
    return ERR_OK;
}

void hss_rate_format(uint64_t rate, char *out, size_t size)
{
    static const struct { uint64_t unit; const char *suffix; } units[] = {
        {1000000000, "G"}, {1000000, "M"}, {1000, "k"}, {1, ""},
    };
    size_t i = 0;

    while (rate % units[i].unit != 0 || (rate == 0 && units[i].unit != 1))
        i++;
    snprintf(out, size, "%llu%s", (unsigned long long)(rate / units[i].unit), units[i].suffix);
}

// ---- setters and getters shared by several fields ----

static enum err set_u32(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    uint64_t v;
    enum err err = parse_u64(text, UINT32_MAX, &v);

    if (!err)
        *(uint32_t *)at(p, f) = (uint32_t)v;
    return err;
}

static void get_u32(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    snprintf(out, size, "%u", *(const uint32_t *)at_const(p, f));
}

static enum err set_rate(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    return hss_rate_parse(text, at(p, f));
}

static void get_rate(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    hss_rate_format(*(const uint64_t *)at_const(p, f), out, size);
}

static enum err set_bool(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    return parse_bool(text, at(p, f));
}

static void get_bool(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    snprintf(out, size, "%s", *(const bool *)at_const(p, f) ? "yes" : "no");
}

static enum err set_enum(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    for (int i = 0; f->choices[i]; i++) {
        if (strcmp(text, f->choices[i]) == 0) {
            *(int *)at(p, f) = i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

static void get_enum(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    snprintf(out, size, "%s", f->choices[*(const int *)at_const(p, f)]);
}

static enum err set_digits(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    size_t len = strlen(text);

    if (len > 15 || strspn(text, "0123456789") != len)
        return ERR_INVALID;
    memcpy(at(p, f), text, len + 1);
    return ERR_OK;
}

static void get_text(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    snprintf(out, size, "%s", (const char *)at_const(p, f));
}

static enum err parse_charging(const char *text, char out[5])
{
    size_t len = strlen(text);

    if (len != 0 && (len != 4 || strspn(text, "0123456789abcdefABCDEF") != 4))
        return ERR_INVALID;
    memcpy(out, text, len + 1);
    return ERR_OK;
}

static enum err set_charging(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    return parse_charging(text, at(p, f));
}

static enum err set_apn_oi(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    if (strlen(text) > HSS_APN_NAME_MAX)
        return ERR_RANGE;
    memcpy(at(p, f), text, strlen(text) + 1);
    return ERR_OK;
}

// ---- keys ----

static enum err set_k(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    size_t len;

    if (base_hex_decode(text, p->cred.k, sizeof p->cred.k, &len) || (len != 16 && len != 32))
        return ERR_INVALID;
    p->cred.k_len = (uint8_t)len;
    return ERR_OK;
}

static void get_k(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    base_hex_encode(p->cred.k, p->cred.k_len, out);
}

static enum err set_op(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    size_t len;

    if (*text == '\0') // an empty CSV column
        return ERR_OK;
    if (base_hex_decode(text, p->op, sizeof p->op, &len) || (len != 16 && len != 32))
        return ERR_INVALID;
    p->op_len = (uint8_t)len;
    return ERR_OK;
}

static enum err set_opc(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    size_t len;

    if (*text == '\0')
        return ERR_OK;
    memset(p->cred.opc, 0, sizeof p->cred.opc);
    if (base_hex_decode(text, p->cred.opc, sizeof p->cred.opc, &len) || (len != 16 && len != 32))
        return ERR_INVALID;
    p->has_opc = true;
    p->op_len = 0;
    return ERR_OK;
}

static void get_opc(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    base_hex_encode(p->cred.opc, p->cred.alg == AKA_TUAK ? 32 : 16, out);
}

static enum err set_alg(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    return aka_alg_parse(text, &p->cred.alg) ? ERR_INVALID : ERR_OK;
}

static void get_alg(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    snprintf(out, size, "%s", aka_alg_name(p->cred.alg));
}

static enum err set_octet(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    uint64_t v;
    enum err err = parse_u64(text, UINT8_MAX, &v);

    if (!err)
        *(uint8_t *)at(p, f) = (uint8_t)v;
    return err;
}

static void get_octet(const struct hss_profile *p, const struct hss_field *f, char *out,
                      size_t size)
{
    snprintf(out, size, "%u", *(const uint8_t *)at_const(p, f));
}

static enum err set_amf(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    uint8_t amf[2];
    size_t len;

    if (base_hex_decode(text, amf, sizeof amf, &len) || len != 2)
        return ERR_INVALID;
    memcpy(p->amf, amf, 2);
    return ERR_OK;
}

static void get_amf(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    base_hex_encode(p->amf, 2, out);
}

// ---- subscription ----

static enum err set_nam(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    if (strcmp(text, "both") == 0)
        p->nam = 0;
    else if (strcmp(text, "packet") == 0)
        p->nam = 2; // 1 is reserved
    else
        return ERR_INVALID;
    return ERR_OK;
}

static void get_nam(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    snprintf(out, size, "%s", p->nam == 0 ? "both" : "packet");
}

// Calls item() for each part of a list; an empty list has none. Items are at most 511 octets.
static enum err each_item(const char *text, char separator, void *ctx,
                          enum err (*item)(void *ctx, const char *text))
{
    char buf[512];

    while (*text) {
        size_t len = strcspn(text, (const char[]){separator, '\0'});
        enum err err;

        if (len >= sizeof buf)
            return ERR_RANGE;
        memcpy(buf, text, len);
        buf[len] = '\0';
        err = item(ctx, buf);
        if (err)
            return err;
        text += len + (text[len] == separator);
    }
    return ERR_OK;
}

static enum err add_plmn(void *ctx, const char *text)
{
    struct hss_profile *p = ctx;

    if (p->n_roaming >= HSS_ROAMING_MAX)
        return ERR_FULL;
    if (base_plmn_parse(text, strlen(text), &p->roaming_plmn[p->n_roaming]))
        return ERR_INVALID;
    p->n_roaming++;
    return ERR_OK;
}

static enum err set_roaming(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    p->n_roaming = 0;
    if (strcmp(text, "all") == 0)
        p->roaming = HSS_ROAM_ALL;
    else if (strcmp(text, "home") == 0)
        p->roaming = HSS_ROAM_HOME;
    else if (*text == '\0')
        return ERR_INVALID;
    else
        p->roaming = HSS_ROAM_LIST;
    return p->roaming == HSS_ROAM_LIST ? each_item(text, ' ', p, add_plmn) : ERR_OK;
}

static void get_roaming(const struct hss_profile *p, const struct hss_field *f, char *out,
                        size_t size)
{
    size_t used = 0;

    if (p->roaming != HSS_ROAM_LIST) {
        snprintf(out, size, "%s", p->roaming == HSS_ROAM_ALL ? "all" : "home");
        return;
    }
    for (size_t i = 0; i < p->n_roaming && used < size; i++) {
        char plmn[7];

        base_plmn_text(&p->roaming_plmn[i], plmn);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " " : "", plmn);
    }
}

static enum err add_zone(void *ctx, const char *text)
{
    struct hss_profile *p = ctx;
    uint8_t code[2];
    size_t len;

    if (p->n_zones >= HSS_ZONES_MAX)
        return ERR_FULL;
    if (base_hex_decode(text, code, sizeof code, &len) || len != 2)
        return ERR_INVALID;
    p->zones[p->n_zones++] = (uint16_t)(code[0] << 8 | code[1]);
    return ERR_OK;
}

static enum err set_zones(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    p->n_zones = 0;
    return each_item(text, ' ', p, add_zone);
}

static void get_zones(const struct hss_profile *p, const struct hss_field *f, char *out,
                      size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < p->n_zones && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%04x", i ? " " : "", p->zones[i]);
}

// ---- APNs ----

const char *const hss_pdn_types[] = {"ipv4", "ipv6", "ipv4v6", "ipv4_or_ipv6", NULL};

static enum err set_address(struct hss_apn *apn, const char *text)
{
    if (inet_pton(AF_INET, text, &apn->ipv4) == 1)
        apn->has_ipv4 = true;
    else if (inet_pton(AF_INET6, text, &apn->ipv6) == 1)
        apn->has_ipv6 = true;
    else
        return ERR_INVALID;
    return ERR_OK;
}

static enum err set_pdn_type(struct hss_apn *apn, const char *text)
{
    for (uint8_t i = 0; hss_pdn_types[i]; i++) {
        if (strcmp(text, hss_pdn_types[i]) == 0) {
            apn->pdn_type = i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

static enum err set_apn_number(struct hss_apn *apn, const char *key, const char *value)
{
    uint64_t v;
    enum err err = parse_u64(value, UINT32_MAX, &v);

    if (err)
        return err;
    if (strcmp(key, "ctx") == 0) {
        apn->context_id = (uint32_t)v;
        return v ? ERR_OK : ERR_RANGE;
    }
    if (strcmp(key, "qci") == 0) {
        apn->qci = (uint8_t)v;
        return v >= 1 && v <= 254 ? ERR_OK : ERR_RANGE;
    }
    apn->arp_priority = (uint8_t)v;
    return v >= 1 && v <= 15 ? ERR_OK : ERR_RANGE;
}

static enum err set_apn_key(void *ctx, const char *text)
{
    struct hss_apn *apn = ctx;
    const char *value = strchr(text, '=');
    char key[16];

    if (!value) { // the name comes first
        if (apn->name[0] || *text == '\0' || strlen(text) > HSS_APN_NAME_MAX)
            return ERR_INVALID;
        memcpy(apn->name, text, strlen(text) + 1);
        return ERR_OK;
    }
    if ((size_t)(value - text) >= sizeof key || !apn->name[0])
        return ERR_INVALID;
    memcpy(key, text, (size_t)(value - text));
    key[value - text] = '\0';
    value++;
    if (strcmp(key, "ctx") == 0 || strcmp(key, "qci") == 0 || strcmp(key, "arp") == 0)
        return set_apn_number(apn, key, value);
    if (strcmp(key, "pdn") == 0)
        return set_pdn_type(apn, value);
    if (strcmp(key, "pci") == 0)
        return parse_bool(value, &apn->may_preempt);
    if (strcmp(key, "pvi") == 0)
        return parse_bool(value, &apn->preemptable);
    if (strcmp(key, "vplmn") == 0)
        return parse_bool(value, &apn->vplmn_address);
    if (strcmp(key, "ul") == 0)
        return hss_rate_parse(value, &apn->ambr_ul);
    if (strcmp(key, "dl") == 0)
        return hss_rate_parse(value, &apn->ambr_dl);
    if (strcmp(key, "cc") == 0)
        return parse_charging(value, apn->charging);
    if (strcmp(key, "ip") == 0)
        return set_address(apn, value);
    return ERR_INVALID;
}

enum err hss_apn_parse(const char *text, struct hss_apn *apn)
{
    enum err err = each_item(text, ',', apn, set_apn_key);

    return !err && !apn->name[0] ? ERR_INVALID : err;
}

void hss_apn_format(const struct hss_apn *apn, char *out, size_t size)
{
    char ul[24], dl[24], ip[INET6_ADDRSTRLEN];
    size_t used;

    hss_rate_format(apn->ambr_ul, ul, sizeof ul);
    hss_rate_format(apn->ambr_dl, dl, sizeof dl);
    used = (size_t)snprintf(out, size, "%s,ctx=%u,pdn=%s,qci=%u,arp=%u,pci=%s,pvi=%s,ul=%s,dl=%s",
                            apn->name, apn->context_id, hss_pdn_types[apn->pdn_type], apn->qci,
                            apn->arp_priority, apn->may_preempt ? "yes" : "no",
                            apn->preemptable ? "yes" : "no", ul, dl);
    if (used < size && apn->vplmn_address)
        used += (size_t)snprintf(out + used, size - used, ",vplmn=yes");
    if (used < size && apn->charging[0])
        used += (size_t)snprintf(out + used, size - used, ",cc=%s", apn->charging);
    if (used < size && apn->has_ipv4)
        used += (size_t)snprintf(out + used, size - used, ",ip=%s",
                                 inet_ntop(AF_INET, &apn->ipv4, ip, sizeof ip));
    if (used < size && apn->has_ipv6)
        snprintf(out + used, size - used, ",ip=%s", inet_ntop(AF_INET6, &apn->ipv6, ip, sizeof ip));
}

static enum err add_apn(void *ctx, const char *text)
{
    struct hss_apn *apn;
    enum err err = hss_profile_add_apn(ctx, &apn);

    return err ? err : hss_apn_parse(text, apn);
}

static enum err set_apns(struct hss_profile *p, const struct hss_field *f, const char *text)
{
    hss_profile_clear_apns(p);
    return each_item(text, ';', p, add_apn);
}

static void get_apns(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < p->n_apns && used < size; i++) {
        char one[512];

        hss_apn_format(&p->apns[i], one, sizeof one);
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ";" : "", one);
    }
}

// ---- the table ----

static const char *const status_names[] = {"granted", "barred", NULL};

#define OFFSET(member) .offset = offsetof(struct hss_profile, member)

const struct hss_field hss_fields[] = {
    {"imsi", 0, .set = set_digits, .get = get_text, OFFSET(imsi), .help = "6..15 digits"},
    {"msisdn", HSS_PART_MSISDN, .set = set_digits, .get = get_text, OFFSET(msisdn),
     .help = "up to 15 digits"},
    {"alg", 0, .set = set_alg, .get = get_alg, .help = "milenage, tuak"},
    {"k", 0, .set = set_k, .get = get_k, .secret = true, .help = "hex, 16 octets (TUAK also 32)"},
    {"op", 0, .set = set_op, .secret = true, .input_only = true,
     .help = "hex: OP (16 octets) or TOP (32); stored as OPc or TOPc"},
    {"opc", 0, .set = set_opc, .get = get_opc, .secret = true,
     .help = "hex: OPc (16 octets) or TOPc (32)"},
    {"amf", 0, .set = set_amf, .get = get_amf, .help = "hex, 2 octets"},
    {"res_len", 0, .set = set_octet, .get = get_octet, OFFSET(cred.res_len),
     .help = "TUAK: octets of RES: 4, 8, 16"},
    {"keccak", 0, .set = set_octet, .get = get_octet, OFFSET(cred.iterations),
     .help = "TUAK: Keccak iterations"},
    {"gsm_sim", 0, .set = set_bool, .get = get_bool, OFFSET(gsm_sim),
     .help = "yes: a SIM without USIM, GERAN vectors only"},
    {"eps", 0, .set = set_bool, .get = get_bool, OFFSET(eps),
     .help = "no: known user without EPS subscription (5420)"},
    {"status", HSS_PART_STATUS, .set = set_enum, .get = get_enum, OFFSET(status),
     .choices = status_names, .help = "granted, barred"},
    {"odb", HSS_PART_STATUS, .set = set_u32, .get = get_u32, OFFSET(odb),
     .help = "Operator-Determined-Barring mask; bit 0 refuses roaming (5004)"},
    {"hplmn_odb", HSS_PART_STATUS, .set = set_u32, .get = get_u32, OFFSET(hplmn_odb),
     .help = "HPLMN-ODB mask"},
    {"nam", HSS_PART_NAM, .set = set_nam, .get = get_nam, .help = "both, packet"},
    {"access_restriction", HSS_PART_RESTRICTION, .set = set_u32, .get = get_u32,
     OFFSET(access_restriction),
     .help = "Access-Restriction-Data mask; bit 4 refuses E-UTRAN (5421)"},
    {"core_restriction", HSS_PART_RESTRICTION, .set = set_u32, .get = get_u32,
     OFFSET(core_restriction), .help = "Core-Network-Restrictions mask"},
    {"roaming", 0, .set = set_roaming, .get = get_roaming,
     .help = "all, home, or PLMNs separated by blanks; others get 5004"},
    {"zones", HSS_PART_ZONES, .set = set_zones, .get = get_zones,
     .help = "zone codes, hex, separated by blanks"},
    {"charging", HSS_PART_CHARGING, .set = set_charging, .get = get_text, OFFSET(charging),
     .help = "3GPP-Charging-Characteristics, 4 hex digits"},
    {"apn_oi", HSS_PART_APN_OI, .set = set_apn_oi, .get = get_text, OFFSET(apn_oi),
     .help = "APN-OI-Replacement"},
    {"rau_tau_timer", HSS_PART_TIMER, .set = set_u32, .get = get_u32, OFFSET(rau_tau_timer),
     .help = "Subscribed-Periodic-RAU-TAU-Timer [s], 0: none"},
    {"rfsp", HSS_PART_RFSP, .set = set_u32, .get = get_u32, OFFSET(rfsp),
     .help = "RAT-Frequency-Selection-Priority-ID, 0: none"},
    {"ue_usage_type", HSS_PART_OTHER, .set = set_u32, .get = get_u32, OFFSET(ue_usage_type),
     .help = "UE-Usage-Type, 0: none"},
    {"ics", HSS_PART_OTHER, .set = set_bool, .get = get_bool, OFFSET(ics),
     .help = "ICS-Indicator"},
    {"sms_in_mme", 0, .set = set_bool, .get = get_bool, OFFSET(sms_in_mme),
     .help = "accept an MME's registration for SMS"},
    {"ambr_ul", HSS_PART_AMBR, .set = set_rate, .get = get_rate, OFFSET(ambr_ul),
     .help = "UE-AMBR uplink: 50M, 1G, plain bit/s"},
    {"ambr_dl", HSS_PART_AMBR, .set = set_rate, .get = get_rate, OFFSET(ambr_dl),
     .help = "UE-AMBR downlink"},
    {"default_apn", HSS_PART_APNS, .set = set_u32, .get = get_u32, OFFSET(default_context),
     .help = "context identifier of the default APN"},
    {"apns", HSS_PART_APNS, .set = set_apns, .get = get_apns,
     .help = "name[,ctx=][,pdn=][,qci=][,arp=][,pci=][,pvi=][,ul=][,dl=][,cc=][,ip=][,vplmn=];..."},
};
const size_t hss_n_fields = sizeof hss_fields / sizeof hss_fields[0];

const struct hss_field *hss_field_find(const char *name)
{
    for (size_t i = 0; i < hss_n_fields; i++) {
        if (strcmp(hss_fields[i].name, name) == 0)
            return &hss_fields[i];
    }
    return NULL;
}

enum err hss_field_set(struct hss_profile *p, const char *name, const char *text, unsigned *part)
{
    const struct hss_field *f = hss_field_find(name);
    enum err err;

    if (!f)
        return ERR_NOT_FOUND;
    err = f->set(p, f, text);
    if (!err && part)
        *part |= f->part;
    return err;
}

enum err hss_field_assign(struct hss_profile *p, const char *assignment, unsigned *part)
{
    const char *value = strchr(assignment, '=');
    char name[32];

    if (!value)
        return ERR_INVALID;
    if ((size_t)(value - assignment) >= sizeof name)
        return ERR_NOT_FOUND;
    memcpy(name, assignment, (size_t)(value - assignment));
    name[value - assignment] = '\0';
    return hss_field_set(p, name, value + 1, part);
}
