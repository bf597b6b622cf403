// SPDX-License-Identifier: BSD-3-Clause
// Encoding of S6a answers. Each function stops at the first error and returns it; the caller drops
// the message.
#include "hss_encode.h"

#include <string.h>

#include "diameter/avp.h"
#include "hss_fields.h"

// ---- results ----

struct failed_avp {
    dia_avp_id id;
    size_t zeros; // octets of the smallest value, for AVPs that are text or octets
};

static const struct failed_avp failed_avps[HSS_FAILED_AVPS] = {
    [HSS_FAILED_USER_NAME] = {AVP_USER_NAME, 1},
    [HSS_FAILED_VISITED_PLMN] = {AVP_VISITED_PLMN_ID, 3},
    [HSS_FAILED_REQUESTED_EUTRAN] = {AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, 0},
    [HSS_FAILED_RESYNC] = {AVP_RE_SYNCHRONIZATION_INFO, 30},
    [HSS_FAILED_RAT_TYPE] = {AVP_RAT_TYPE, 0},
    [HSS_FAILED_ULR_FLAGS] = {AVP_ULR_FLAGS, 0},
    [HSS_FAILED_ORIGIN_HOST] = {AVP_ORIGIN_HOST, 1},
    [HSS_FAILED_ORIGIN_REALM] = {AVP_ORIGIN_REALM, 1},
    [HSS_FAILED_SESSION_ID] = {AVP_SESSION_ID, 1},
    [HSS_FAILED_AUTH_SESSION_STATE] = {AVP_AUTH_SESSION_STATE, 0},
    [HSS_FAILED_AUTH_ITEM] = {AVP_SIP_AUTH_DATA_ITEM, 0},
    [HSS_FAILED_NUMBER_ITEMS] = {AVP_SIP_NUMBER_AUTH_ITEMS, 0},
    [HSS_FAILED_ANID] = {AVP_ANID, 1},
    [HSS_FAILED_ASSIGNMENT_TYPE] = {AVP_SERVER_ASSIGNMENT_TYPE, 0},
};

// RFC 6733 §7.5: a missing AVP is shown with a value of zeros, an unacceptable one as it came.
static enum err encode_failed(struct msg *answer, enum hss_failed which, struct msg *request)
{
    static const uint8_t zeros[32];
    const struct failed_avp *f = &failed_avps[which];
    const uint8_t *data = zeros;
    size_t len = f->zeros;
    struct avp *group, *inner;
    enum err err;

    if (which == HSS_FAILED_NONE)
        return ERR_OK;
    err = dia_add_group(answer, AVP_FAILED_AVP, &group);
    if (err)
        return err;
    if (which == HSS_FAILED_REQUESTED_EUTRAN || which == HSS_FAILED_AUTH_ITEM)
        return dia_add_group(group, f->id, &inner);
    if (f->zeros == 0)
        return dia_add_u32(group, f->id, 0);
    if (request && dia_get_bytes(request, f->id, &data, &len)) {
        data = zeros;
        len = f->zeros;
    }
    return dia_add_bytes(group, f->id, data, len);
}

enum err hss_encode_answer(struct msg *answer, const struct hss_result *result,
                           struct msg *request)
{
    struct msg_hdr *hdr = NULL;
    enum err err = fd_msg_hdr(answer, &hdr) == 0 ? ERR_OK : ERR_DIA_LIBRARY;

    if (!err)
        err = dia_add_vendor_application(answer, hdr->msg_appl);
    if (!err)
        err = dia_add_result(answer, result->experimental ? DIA_3GPP : 0, result->code);
    if (!err && result->diagnostic != HSS_DIAGNOSTIC_NONE)
        err = dia_add_i32(answer, AVP_ERROR_DIAGNOSTIC, result->diagnostic);
    if (!err)
        err = dia_add_no_state(answer);
    if (!err)
        err = dia_add_origin(answer);
    if (!err)
        err = encode_failed(answer, result->failed, request);
    return err;
}

static enum err encode_features(struct msg *answer, const struct hss_features *features)
{
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < features->n; i++) {
        struct avp *group;

        err = dia_add_group(answer, AVP_SUPPORTED_FEATURES, &group);
        if (!err)
            err = dia_add_u32(group, AVP_VENDOR_ID, DIA_3GPP);
        if (!err)
            err = dia_add_u32(group, AVP_FEATURE_LIST_ID, features->item[i].id);
        if (!err)
            err = dia_add_u32(group, AVP_FEATURE_LIST, features->item[i].list);
    }
    return err;
}

// ---- vectors ----

// Opens a vector of n; Item-Number says the order where there are several (§7.3.23).
static enum err open_vector(struct avp *info, dia_avp_id id, size_t i, size_t n, struct avp **out)
{
    enum err err = dia_add_group(info, id, out);

    return !err && n > 1 ? dia_add_u32(*out, AVP_ITEM_NUMBER, (uint32_t)i + 1) : err;
}

static enum err encode_challenge(struct avp *vector, const struct aka_quintet *q)
{
    enum err err = dia_add_bytes(vector, AVP_RAND, q->rand, sizeof q->rand);

    if (!err)
        err = dia_add_bytes(vector, AVP_XRES, q->xres, q->xres_len);
    if (!err)
        err = dia_add_bytes(vector, AVP_AUTN, q->autn, sizeof q->autn);
    return err;
}

static enum err encode_vectors(struct avp *info, const struct hss_aia *aia)
{
    enum err err = ERR_OK;
    struct avp *v;

    for (size_t i = 0; !err && i < aia->n_eutran; i++) {
        err = open_vector(info, AVP_E_UTRAN_VECTOR, i, aia->n_eutran, &v);
        if (!err)
            err = encode_challenge(v, &aia->eutran[i]);
        if (!err)
            err = dia_add_bytes(v, AVP_KASME, aia->kasme[i], AKA_KASME_LEN);
    }
    for (size_t i = 0; !err && i < aia->n_utran; i++) {
        err = open_vector(info, AVP_UTRAN_VECTOR, i, aia->n_utran, &v);
        if (!err)
            err = encode_challenge(v, &aia->utran[i]);
        if (!err)
            err = dia_add_bytes(v, AVP_CONFIDENTIALITY_KEY, aia->utran[i].ck, 16);
        if (!err)
            err = dia_add_bytes(v, AVP_INTEGRITY_KEY, aia->utran[i].ik, 16);
    }
    for (size_t i = 0; !err && i < aia->n_geran; i++) {
        err = open_vector(info, AVP_GERAN_VECTOR, i, aia->n_geran, &v);
        if (!err)
            err = dia_add_bytes(v, AVP_RAND, aia->geran[i].rand, 16);
        if (!err)
            err = dia_add_bytes(v, AVP_SRES, aia->geran[i].sres, 4);
        if (!err)
            err = dia_add_bytes(v, AVP_KC, aia->geran[i].kc, 8);
    }
    return err;
}

enum err hss_encode_aia(struct msg *answer, const struct hss_aia *aia)
{
    enum err err = encode_features(answer, &aia->features);
    struct avp *info;

    if (err || aia->n_eutran + aia->n_utran + aia->n_geran == 0)
        return err;
    err = dia_add_group(answer, AVP_AUTHENTICATION_INFO, &info);
    if (!err)
        err = encode_vectors(info, aia);
    if (!err && aia->ue_usage_type)
        err = dia_add_u32(answer, AVP_UE_USAGE_TYPE, aia->ue_usage_type);
    return err;
}

enum err hss_encode_ula(struct msg *answer, const struct hss_ula *ula)
{
    enum err err = encode_features(answer, &ula->features);

    if (!err && ula->result.code == HSS_SUCCESS)
        err = dia_add_u32(answer, AVP_ULA_FLAGS, ula->flags);
    if (!err && ula->data)
        err = hss_encode_subscription(answer, ula->data, HSS_PART_ALL);
    return err;
}

enum err hss_encode_pua(struct msg *answer, const struct hss_pua *pua)
{
    return pua->result.code == HSS_SUCCESS ? dia_add_u32(answer, AVP_PUA_FLAGS, pua->flags)
                                           : ERR_OK;
}

// ---- Subscription-Data ----

// AMBR §7.3.41. Rates beyond 32 bits go into the extended AVPs, in kbit/s, and the plain ones say
// the highest they can.
enum err hss_encode_ambr(struct avp *parent, uint64_t ul, uint64_t dl)
{
    bool extended = ul > UINT32_MAX || dl > UINT32_MAX;
    struct avp *group;
    enum err err = dia_add_group(parent, AVP_AMBR, &group);

    if (!err)
        err = dia_add_u32(group, AVP_MAX_REQUESTED_BANDWIDTH_UL,
                          ul > UINT32_MAX ? UINT32_MAX : (uint32_t)ul);
    if (!err)
        err = dia_add_u32(group, AVP_MAX_REQUESTED_BANDWIDTH_DL,
                          dl > UINT32_MAX ? UINT32_MAX : (uint32_t)dl);
    if (!err && extended)
        err = dia_add_u32(group, AVP_EXTENDED_MAX_REQUESTED_BW_UL, (uint32_t)(ul / 1000));
    if (!err && extended)
        err = dia_add_u32(group, AVP_EXTENDED_MAX_REQUESTED_BW_DL, (uint32_t)(dl / 1000));
    return err;
}

static enum err encode_qos(struct avp *parent, const struct hss_apn *apn)
{
    struct avp *qos, *arp;
    enum err err = dia_add_group(parent, AVP_EPS_SUBSCRIBED_QOS_PROFILE, &qos);

    if (!err)
        err = dia_add_i32(qos, AVP_QOS_CLASS_IDENTIFIER, apn->qci);
    if (!err)
        err = dia_add_group(qos, AVP_ALLOCATION_RETENTION_PRIORITY, &arp);
    if (!err)
        err = dia_add_u32(arp, AVP_PRIORITY_LEVEL, apn->arp_priority);
    // TS 29.212 §5.3.46, §5.3.47: 0 is enabled, 1 is disabled
    if (!err)
        err = dia_add_i32(arp, AVP_PRE_EMPTION_CAPABILITY, !apn->may_preempt);
    if (!err)
        err = dia_add_i32(arp, AVP_PRE_EMPTION_VULNERABILITY, !apn->preemptable);
    return err;
}

// An AVP of type Address: family, then the address (RFC 6733 §4.3.1).
static enum err add_address(struct avp *parent, dia_avp_id id, uint16_t family, const void *address,
                            size_t len)
{
    uint8_t value[2 + 16] = {(uint8_t)(family >> 8), (uint8_t)family};

    memcpy(value + 2, address, len);
    return dia_add_bytes(parent, id, value, 2 + len);
}

enum err hss_encode_apn(struct avp *profile, const struct hss_apn *apn)
{
    struct avp *group;
    enum err err = dia_add_group(profile, AVP_APN_CONFIGURATION, &group);

    if (!err)
        err = dia_add_u32(group, AVP_CONTEXT_IDENTIFIER, apn->context_id);
    if (!err && apn->has_ipv4)
        err = add_address(group, AVP_SERVED_PARTY_IP_ADDRESS, 1, &apn->ipv4, 4);
    if (!err && apn->has_ipv6)
        err = add_address(group, AVP_SERVED_PARTY_IP_ADDRESS, 2, &apn->ipv6, 16);
    if (!err)
        err = dia_add_i32(group, AVP_PDN_TYPE, apn->pdn_type);
    if (!err)
        err = dia_add_text(group, AVP_SERVICE_SELECTION, apn->name);
    if (!err)
        err = encode_qos(group, apn);
    if (!err)
        err = dia_add_i32(group, AVP_VPLMN_DYNAMIC_ADDRESS_ALLOWED, apn->vplmn_address);
    if (!err && apn->charging[0])
        err = dia_add_text(group, AVP_3GPP_CHARGING_CHARACTERISTICS, apn->charging);
    if (!err)
        err = hss_encode_ambr(group, apn->ambr_ul, apn->ambr_dl);
    return err;
}

static enum err encode_apns(struct avp *data, const struct hss_profile *p)
{
    struct avp *group;
    enum err err;

    if (p->n_apns == 0)
        return ERR_OK;
    err = dia_add_group(data, AVP_APN_CONFIGURATION_PROFILE, &group);
    if (!err)
        err = dia_add_u32(group, AVP_CONTEXT_IDENTIFIER, p->default_context);
    if (!err) // ALL_APN_CONFIGURATIONS_INCLUDED
        err = dia_add_i32(group, AVP_ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR, 0);
    for (size_t i = 0; !err && i < p->n_apns; i++)
        err = hss_encode_apn(group, &p->apns[i]);
    return err;
}

static enum err encode_status(struct avp *data, const struct hss_profile *p)
{
    enum err err = dia_add_i32(data, AVP_SUBSCRIBER_STATUS, p->status);

    // the masks go along with the status (§7.3.30, §7.3.22): while barred, or where they say
    // something
    if (!err && (p->status || p->odb))
        err = dia_add_u32(data, AVP_OPERATOR_DETERMINED_BARRING, p->odb);
    if (!err && p->hplmn_odb)
        err = dia_add_u32(data, AVP_HPLMN_ODB, p->hplmn_odb);
    return err;
}

static enum err encode_msisdn(struct avp *data, const struct hss_profile *p)
{
    uint8_t tbcd[8];
    size_t len;
    enum err err;

    if (!p->msisdn[0])
        return ERR_OK;
    err = base_tbcd_encode(p->msisdn, tbcd, sizeof tbcd, &len);
    return err ? err : dia_add_bytes(data, AVP_MSISDN, tbcd, len);
}

static enum err encode_zones(struct avp *data, const struct hss_profile *p)
{
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < p->n_zones; i++) {
        const uint8_t code[2] = {(uint8_t)(p->zones[i] >> 8), (uint8_t)p->zones[i]};

        err = dia_add_bytes(data, AVP_REGIONAL_SUBSCRIPTION_ZONE_CODE, code, sizeof code);
    }
    return err;
}

static enum err encode_restriction(struct avp *data, const struct hss_profile *p)
{
    enum err err = ERR_OK;

    if (p->access_restriction)
        err = dia_add_u32(data, AVP_ACCESS_RESTRICTION_DATA, p->access_restriction);
    if (!err && p->core_restriction)
        err = dia_add_u32(data, AVP_CORE_NETWORK_RESTRICTIONS, p->core_restriction);
    return err;
}

static enum err encode_nam(struct avp *data, const struct hss_profile *p)
{
    return dia_add_i32(data, AVP_NETWORK_ACCESS_MODE, p->nam);
}

static enum err encode_apn_oi(struct avp *data, const struct hss_profile *p)
{
    return p->apn_oi[0] ? dia_add_text(data, AVP_APN_OI_REPLACEMENT, p->apn_oi) : ERR_OK;
}

static enum err encode_charging(struct avp *data, const struct hss_profile *p)
{
    return p->charging[0] ? dia_add_text(data, AVP_3GPP_CHARGING_CHARACTERISTICS, p->charging)
                          : ERR_OK;
}

static enum err encode_ue_ambr(struct avp *data, const struct hss_profile *p)
{
    return hss_encode_ambr(data, p->ambr_ul, p->ambr_dl);
}

static enum err encode_rfsp(struct avp *data, const struct hss_profile *p)
{
    return p->rfsp ? dia_add_u32(data, AVP_RAT_FREQUENCY_SELECTION_PRIORITY_ID, p->rfsp) : ERR_OK;
}

static enum err encode_timer(struct avp *data, const struct hss_profile *p)
{
    return p->rau_tau_timer
               ? dia_add_u32(data, AVP_SUBSCRIBED_PERIODIC_RAU_TAU_TIMER, p->rau_tau_timer)
               : ERR_OK;
}

static enum err encode_other(struct avp *data, const struct hss_profile *p)
{
    enum err err = p->ics ? dia_add_i32(data, AVP_ICS_INDICATOR, 1) : ERR_OK;

    if (!err && p->ue_usage_type)
        err = dia_add_u32(data, AVP_UE_USAGE_TYPE, p->ue_usage_type);
    return err;
}

static const struct {
    unsigned part;
    enum err (*encode)(struct avp *data, const struct hss_profile *p);
} parts_table[] = { // roughly the order of §7.3.2
    {HSS_PART_STATUS, encode_status},
    {HSS_PART_MSISDN, encode_msisdn},
    {HSS_PART_NAM, encode_nam},
    {HSS_PART_ZONES, encode_zones},
    {HSS_PART_RESTRICTION, encode_restriction},
    {HSS_PART_APN_OI, encode_apn_oi},
    {HSS_PART_CHARGING, encode_charging},
    {HSS_PART_AMBR, encode_ue_ambr},
    {HSS_PART_APNS, encode_apns},
    {HSS_PART_RFSP, encode_rfsp},
    {HSS_PART_TIMER, encode_timer},
    {HSS_PART_OTHER, encode_other},
};

enum err hss_encode_subscription(struct msg *msg, const struct hss_profile *p, unsigned parts)
{
    struct avp *data;
    enum err err = dia_add_group(msg, AVP_SUBSCRIPTION_DATA, &data);

    for (size_t i = 0; !err && i < sizeof parts_table / sizeof parts_table[0]; i++) {
        if (parts & parts_table[i].part)
            err = parts_table[i].encode(data, p);
    }
    return err;
}
