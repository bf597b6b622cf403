// SPDX-License-Identifier: BSD-3-Clause
// Values by the type of the AVP.
#include "sim_avps.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "sim.h"

#define NTP_EPOCH 2208988800LL // 1900 to 1970, seconds
#define OCTETS_MAX 65536
#define DEPTH_MAX 16

// ---- decoding ----

static json_t *hex(const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 + 2 * 2048] = "0x";
    size_t n = len < 2048 ? len : 2048;

    for (size_t i = 0; i < n; i++) {
        text[2 + 2 * i] = digits[data[i] >> 4];
        text[3 + 2 * i] = digits[data[i] & 15];
    }
    return json_stringn(text, 2 + 2 * n);
}

static json_t *octets(const uint8_t *data, size_t len)
{
    bool printable = !(len >= 2 && data[0] == '0' && data[1] == 'x');

    for (size_t i = 0; i < len; i++)
        printable &= isprint(data[i]) != 0;
    return printable ? json_stringn((const char *)data, len) : hex(data, len);
}

static json_t *text_of(const uint8_t *data, size_t len)
{
    json_t *text = json_stringn((const char *)data, len);

    return text ? text : hex(data, len); // not UTF-8
}

static json_t *address(const uint8_t *data, size_t len)
{
    char text[INET6_ADDRSTRLEN];

    if (len == 6 && data[0] == 0 && data[1] == 1 && inet_ntop(AF_INET, data + 2, text, sizeof text))
        return json_string(text);
    if (len == 18 && data[0] == 0 && data[1] == 2 &&
        inet_ntop(AF_INET6, data + 2, text, sizeof text))
        return json_string(text);
    return hex(data, len);
}

static json_t *time_of(const uint8_t *data, size_t len)
{
    uint32_t ntp;

    if (len != 4)
        return hex(data, len);
    memcpy(&ntp, data, 4);
    ntp = ntohl(ntp);
    // the top bit tells the era, RFC 6733 §4.3.1
    return json_integer((json_int_t)ntp - NTP_EPOCH + (ntp & 0x80000000u ? 0 : 1LL << 32));
}

static json_t *enumerated(dia_avp_id id, int32_t value)
{
    const char *name = dia_dict_enum_name(id, value);

    return name ? json_string(name) : json_integer(value);
}

static json_t *decode(msg_or_avp *container, int depth);

static json_t *value_of(struct avp *avp, dia_avp_id id, enum dia_type type, int depth)
{
    struct avp_hdr *hdr = NULL;
    const union avp_value *v;

    if (type == DIA_GROUPED)
        return depth < DEPTH_MAX ? decode(avp, depth + 1) : NULL;
    if (fd_msg_avp_hdr(avp, &hdr) != 0 || !hdr->avp_value)
        return NULL;
    v = hdr->avp_value;
    switch (type) {
    case DIA_INT32:
        return json_integer(v->i32);
    case DIA_UINT32:
        return json_integer(v->u32);
    case DIA_INT64:
        return json_integer(v->i64);
    case DIA_UINT64: // what JSON cannot hold is more than anybody uses
        return json_integer(v->u64 > INT64_MAX ? INT64_MAX : (json_int_t)v->u64);
    case DIA_ENUM:
        return enumerated(id, v->i32);
    case DIA_FLOAT32:
        return json_real((double)v->f32);
    case DIA_FLOAT64:
        return json_real(v->f64);
    case DIA_TIME:
        return time_of(v->os.data, v->os.len);
    case DIA_ADDRESS:
        return address(v->os.data, v->os.len);
    case DIA_OCTETS:
        return octets(v->os.data, v->os.len);
    default:
        return text_of(v->os.data, v->os.len);
    }
}

static json_t *decode(msg_or_avp *container, int depth)
{
    json_t *avps = json_object();
    struct avp *avp = NULL;

    if (fd_msg_browse(container, MSG_BRW_FIRST_CHILD, &avp, NULL) != 0)
        return avps;
    while (avp) {
        dia_avp_id id = dia_avp_ident(avp);
        const struct dia_avp_def *def = dia_dict_avp_def(id);
        json_t *value = def ? value_of(avp, id, def->type, depth) : NULL;

        if (value)
            sim_add(avps, def->name, value);
        if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL) != 0)
            break;
    }
    return avps;
}

json_t *sim_avps_decode(msg_or_avp *container)
{
    return decode(container, 0);
}

// ---- encoding ----

static int nibble(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));

    return c && at ? (int)(at - digits) : -1;
}

static enum err add_octets(msg_or_avp *parent, dia_avp_id id, const char *text)
{
    size_t len = strlen(text);
    uint8_t *data;
    enum err err = ERR_OK;

    if (strncmp(text, "0x", 2) != 0)
        return dia_add_bytes(parent, id, text, len);
    if (len % 2 || len > OCTETS_MAX)
        return ERR_INVALID;
    data = malloc(len / 2);
    if (!data)
        return ERR_NOMEM;
    for (size_t i = 1; !err && i < len / 2; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

        if (high < 0 || low < 0)
            err = ERR_INVALID;
        else
            data[i - 1] = (uint8_t)(high << 4 | low);
    }
    if (!err)
        err = dia_add_bytes(parent, id, data, len / 2 - 1);
    free(data);
    return err;
}

static enum err add_address(msg_or_avp *parent, dia_avp_id id, const char *text)
{
    uint8_t data[18] = {0, 1};

    if (inet_pton(AF_INET, text, data + 2) == 1)
        return dia_add_bytes(parent, id, data, 6);
    data[1] = 2;
    if (inet_pton(AF_INET6, text, data + 2) == 1)
        return dia_add_bytes(parent, id, data, 18);
    return add_octets(parent, id, text);
}

static enum err enum_value(struct dict_object *avp, const char *name, int32_t *out)
{
    struct dict_enumval_request request = {0};
    struct dict_enumval_data data;
    struct dict_object *type = NULL, *value = NULL;

    if (fd_dict_search(fd_g_config->cnf_dict, DICT_TYPE, TYPE_OF_AVP, avp, &type, ENOENT) != 0)
        return ERR_INVALID;
    request.type_obj = type;
    request.search.enum_name = (char *)(uintptr_t)name;
    if (fd_dict_search(fd_g_config->cnf_dict, DICT_ENUMVAL, ENUMVAL_BY_STRUCT, &request, &value,
                       ENOENT) != 0 || fd_dict_getval(value, &data) != 0)
        return ERR_INVALID;
    *out = data.enum_value.i32;
    return ERR_OK;
}

static enum err add_number(msg_or_avp *parent, dia_avp_id id, enum dia_type type, json_int_t n)
{
    uint8_t ntp[4];
    uint32_t seconds = htonl((uint32_t)(n + NTP_EPOCH));

    switch (type) {
    case DIA_INT32:
    case DIA_ENUM:
        return dia_add_i32(parent, id, (int32_t)n);
    case DIA_UINT32:
        return dia_add_u32(parent, id, (uint32_t)n);
    case DIA_INT64:
    case DIA_UINT64:
        return dia_add_u64(parent, id, (uint64_t)n);
    case DIA_TIME:
        memcpy(ntp, &seconds, 4);
        return dia_add_bytes(parent, id, ntp, 4);
    default:
        return ERR_INVALID;
    }
}

static enum err add_text(msg_or_avp *parent, dia_avp_id id, enum dia_type type, const char *text)
{
    int32_t n;
    enum err err;

    switch (type) {
    case DIA_ENUM:
        err = enum_value(dia_dict_avp(id), text, &n);
        return err ? err : dia_add_i32(parent, id, n);
    case DIA_ADDRESS:
        return add_address(parent, id, text);
    case DIA_OCTETS:
        return add_octets(parent, id, text);
    case DIA_UTF8:
    case DIA_IDENTITY:
    case DIA_URI:
    case DIA_IPFILTER:
    case DIA_QOSFILTER:
        return dia_add_text(parent, id, text);
    default:
        return ERR_INVALID;
    }
}

static enum err add_one(msg_or_avp *parent, const char *name, const json_t *value,
                        const char **what)
{
    struct dict_object *object = NULL;
    struct dict_avp_data data;
    const struct dia_avp_def *def = NULL;
    struct avp *group;
    dia_avp_id id = 0;
    enum err err = ERR_INVALID;

    if (fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME_ALL_VENDORS, name, &object,
                       ENOENT) == 0 && fd_dict_getval(object, &data) == 0) {
        id = DIA_AVP(data.avp_vendor, data.avp_code);
        def = dia_dict_avp_def(id);
    }
    *what = name;
    if (!def)
        return ERR_DIA_DICT;
    if (def->type == DIA_GROUPED && json_is_object(value)) {
        err = dia_add_group(parent, id, &group);
        return err ? err : sim_avps_encode(value, group, what);
    }
    if (json_is_integer(value))
        err = add_number(parent, id, def->type, json_integer_value(value));
    else if (json_is_string(value))
        err = add_text(parent, id, def->type, json_string_value(value));
    return err;
}

enum err sim_avps_encode(const json_t *avps, msg_or_avp *container, const char **what)
{
    const char *name, *ignored;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)avps, name, value) {
        for (size_t i = 0; i < sim_count(avps, name); i++) {
            enum err err = add_one(container, name, sim_at(avps, name, i), what ? what : &ignored);

            if (err)
                return err;
        }
    }
    return ERR_OK;
}
