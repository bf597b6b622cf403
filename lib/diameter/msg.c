// SPDX-License-Identifier: BSD-3-Clause
// Every value is written and read with the type the dictionary gives to its AVP; a mismatch is an
// error of the caller, never a wrong bit on the wire.
#include "diameter/msg.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diameter/avp.h"
#include "diameter/dict_int.h"

enum {
    VALUE_MAX = 65000, // the library closes a connection over messages beyond 65535 bytes
    SESSION_ID_MAX = 512,
};

// What a reader or writer expects of an AVP.
enum want { WANT_32, WANT_64, WANT_BYTES, WANT_GROUP };

static bool fits(enum dia_type type, enum want want)
{
    switch (type) {
    case DIA_INT32:
    case DIA_UINT32:
    case DIA_ENUM:
        return want == WANT_32;
    case DIA_INT64:
    case DIA_UINT64:
        return want == WANT_64;
    case DIA_FLOAT32:
    case DIA_FLOAT64:
        return false;
    case DIA_GROUPED:
        return want == WANT_GROUP;
    default:
        return want == WANT_BYTES;
    }
}

// ---- writing ----

// Creates an AVP with a value (NULL for a group) and puts it last (or first) in the container.
static enum err add(msg_or_avp *parent, enum msg_brw_dir where, dia_avp_id id, enum want want,
                    union avp_value *value, struct avp **out)
{
    const struct dia_dict_entry *entry = dia_dict_entry(id);
    struct avp *avp = NULL;
    if (!entry)
        return ERR_DIA_DICT;
    if (!fits(entry->def->type, want))
        return ERR_INVALID;
    if (fd_msg_avp_new(entry->object, 0, &avp) != 0)
        return ERR_NOMEM;
    if ((value && fd_msg_avp_setvalue(avp, value) != 0) ||
        fd_msg_avp_add(parent, where, avp) != 0) {
        fd_msg_free(avp);
        return ERR_DIA_LIBRARY;
    }
    if (out)
        *out = avp;
    return ERR_OK;
}

enum err dia_add_u32(msg_or_avp *parent, dia_avp_id id, uint32_t value)
{
    return add(parent, MSG_BRW_LAST_CHILD, id, WANT_32, &(union avp_value){.u32 = value}, NULL);
}

enum err dia_add_i32(msg_or_avp *parent, dia_avp_id id, int32_t value)
{
    return add(parent, MSG_BRW_LAST_CHILD, id, WANT_32, &(union avp_value){.i32 = value}, NULL);
}

enum err dia_add_u64(msg_or_avp *parent, dia_avp_id id, uint64_t value)
{
    return add(parent, MSG_BRW_LAST_CHILD, id, WANT_64, &(union avp_value){.u64 = value}, NULL);
}

static enum err add_bytes(msg_or_avp *parent, enum msg_brw_dir where, dia_avp_id id,
                          const void *data, size_t len)
{
    if (len > VALUE_MAX)
        return ERR_ENCODE_SPACE;
    // the library copies; its type is not const, and empty needs an address as well
    static uint8_t nothing;
    union avp_value value = {
        .os = {.data = len ? (uint8_t *)(uintptr_t)data : &nothing, .len = len}};
    return add(parent, where, id, WANT_BYTES, &value, NULL);
}

enum err dia_add_bytes(msg_or_avp *parent, dia_avp_id id, const void *data, size_t len)
{
    return add_bytes(parent, MSG_BRW_LAST_CHILD, id, data, len);
}

enum err dia_add_text(msg_or_avp *parent, dia_avp_id id, const char *text)
{
    return dia_add_bytes(parent, id, text, strlen(text));
}

enum err dia_add_group(msg_or_avp *parent, dia_avp_id id, struct avp **out)
{
    return add(parent, MSG_BRW_LAST_CHILD, id, WANT_GROUP, NULL, out);
}

// ---- finding ----

dia_avp_id dia_avp_ident(struct avp *avp)
{
    struct avp_hdr *hdr = NULL;
    if (!avp || fd_msg_avp_hdr(avp, &hdr) != 0)
        return 0;
    return DIA_AVP(hdr->avp_flags & AVP_FLAG_VENDOR ? hdr->avp_vendor : 0, hdr->avp_code);
}

static struct avp *step(msg_or_avp *from, enum msg_brw_dir direction)
{
    struct avp *avp = NULL;
    if (!from || fd_msg_browse(from, direction, &avp, NULL) != 0)
        return NULL;
    return avp;
}

struct avp *dia_find(msg_or_avp *parent, dia_avp_id id)
{
    struct avp *avp = step(parent, MSG_BRW_FIRST_CHILD);
    while (avp && dia_avp_ident(avp) != id)
        avp = step(avp, MSG_BRW_NEXT);
    return avp;
}

struct avp *dia_find_next(struct avp *after, dia_avp_id id)
{
    struct avp *avp = step(after, MSG_BRW_NEXT);
    while (avp && dia_avp_ident(avp) != id)
        avp = step(avp, MSG_BRW_NEXT);
    return avp;
}

// ---- reading ----

// The value, if it was parsed and is of the wanted kind. Without a model there is none.
static enum err read_value(struct avp *avp, enum want want, const union avp_value **out)
{
    struct avp_hdr *hdr = NULL;
    if (!avp)
        return ERR_NOT_FOUND;
    const struct dia_dict_entry *entry = dia_dict_entry(dia_avp_ident(avp));
    if (fd_msg_avp_hdr(avp, &hdr) != 0 || !hdr->avp_value || !entry ||
        !fits(entry->def->type, want))
        return ERR_DECODE_VALUE;
    *out = hdr->avp_value;
    return ERR_OK;
}

enum err dia_avp_u32(struct avp *avp, uint32_t *out)
{
    const union avp_value *value;
    enum err err = read_value(avp, WANT_32, &value);
    if (err == ERR_OK)
        *out = value->u32;
    return err;
}

enum err dia_avp_bytes(struct avp *avp, const uint8_t **data, size_t *len)
{
    const union avp_value *value;
    enum err err = read_value(avp, WANT_BYTES, &value);
    if (err == ERR_OK) {
        *data = value->os.data;
        *len = value->os.len;
    }
    return err;
}

enum err dia_get_u32(msg_or_avp *parent, dia_avp_id id, uint32_t *out)
{
    return dia_avp_u32(dia_find(parent, id), out);
}

enum err dia_get_i32(msg_or_avp *parent, dia_avp_id id, int32_t *out)
{
    const union avp_value *value;
    enum err err = read_value(dia_find(parent, id), WANT_32, &value);
    if (err == ERR_OK)
        *out = value->i32;
    return err;
}

enum err dia_get_u64(msg_or_avp *parent, dia_avp_id id, uint64_t *out)
{
    const union avp_value *value;
    enum err err = read_value(dia_find(parent, id), WANT_64, &value);
    if (err == ERR_OK)
        *out = value->u64;
    return err;
}

enum err dia_get_bytes(msg_or_avp *parent, dia_avp_id id, const uint8_t **data, size_t *len)
{
    return dia_avp_bytes(dia_find(parent, id), data, len);
}

// ---- results ----

struct dia_result dia_msg_result(struct msg *answer)
{
    struct dia_result result = {0};
    if (dia_get_u32(answer, AVP_RESULT_CODE, &result.code) == ERR_OK)
        return result;
    struct avp *group = dia_find(answer, AVP_EXPERIMENTAL_RESULT);
    if (group && dia_get_u32(group, AVP_EXPERIMENTAL_RESULT_CODE, &result.code) == ERR_OK) {
        result.experimental = true;
        // a vendor left out is taken for 3GPP: there is no other in these interfaces
        if (dia_get_u32(group, AVP_VENDOR_ID, &result.vendor) != ERR_OK)
            result.vendor = DIA_3GPP;
    }
    return result;
}

enum err dia_add_result(struct msg *answer, uint32_t vendor, uint32_t code)
{
    struct msg_hdr *hdr = NULL;
    struct avp *group = NULL;
    if (vendor == 0) {
        if (fd_msg_hdr(answer, &hdr) != 0)
            return ERR_DIA_LIBRARY;
        if (code / 1000 == 3) // RFC 6733 §7.1.3: protocol errors, and only they
            hdr->msg_flags |= CMD_FLAG_ERROR;
        else
            hdr->msg_flags &= (uint8_t)~CMD_FLAG_ERROR;
        return dia_add_u32(answer, AVP_RESULT_CODE, code);
    }
    enum err err = dia_add_group(answer, AVP_EXPERIMENTAL_RESULT, &group);
    if (err == ERR_OK)
        err = dia_add_u32(group, AVP_VENDOR_ID, vendor);
    if (err == ERR_OK)
        err = dia_add_u32(group, AVP_EXPERIMENTAL_RESULT_CODE, code);
    return err;
}

// ---- requests ----

enum err dia_request_new(uint32_t application, uint32_t command, struct msg **out)
{
    struct dict_object *object = dia_dict_command(command, true);
    struct msg *msg = NULL;
    struct msg_hdr *hdr = NULL;
    *out = NULL;
    if (!object)
        return ERR_DIA_DICT;
    if (fd_msg_new(object, MSGFL_ALLOC_ETEID, &msg) != 0)
        return ERR_NOMEM;
    if (fd_msg_hdr(msg, &hdr) != 0) {
        fd_msg_free(msg);
        return ERR_DIA_LIBRARY;
    }
    hdr->msg_appl = application;
    hdr->msg_flags |= CMD_FLAG_PROXIABLE;
    *out = msg;
    return ERR_OK;
}

enum err dia_add_session_id(struct msg *request, const char *suffix)
{
    // RFC 6733 §8.8: the high half is the time of the start, so that ids do not repeat after a
    // restart
    static _Atomic uint64_t last;
    uint64_t zero = 0;
    if (atomic_load_explicit(&last, memory_order_relaxed) == 0)
        atomic_compare_exchange_strong(&last, &zero, (uint64_t)time(NULL) << 32);
    uint64_t id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;

    char text[SESSION_ID_MAX];
    int len = snprintf(text, sizeof(text), "%s;%u;%u%s%s", fd_g_config->cnf_diamid,
                       (unsigned)(id >> 32), (unsigned)id, suffix ? ";" : "", suffix ? suffix : "");
    if (len < 0 || (size_t)len >= sizeof(text))
        return ERR_ENCODE_SPACE;
    return add_bytes(request, MSG_BRW_FIRST_CHILD, AVP_SESSION_ID, text, (size_t)len);
}

enum err dia_add_origin(struct msg *msg)
{
    enum err err =
        dia_add_bytes(msg, AVP_ORIGIN_HOST, fd_g_config->cnf_diamid, fd_g_config->cnf_diamid_len);
    if (err == ERR_OK)
        err = dia_add_bytes(msg, AVP_ORIGIN_REALM, fd_g_config->cnf_diamrlm,
                            fd_g_config->cnf_diamrlm_len);
    return err;
}

enum err dia_add_no_state(struct msg *msg)
{
    enum { NO_STATE_MAINTAINED = 1 }; // RFC 6733 §8.11
    return dia_add_i32(msg, AVP_AUTH_SESSION_STATE, NO_STATE_MAINTAINED);
}

enum err dia_add_vendor_application(struct msg *msg, uint32_t application)
{
    struct avp *group = NULL;
    enum err err = dia_add_group(msg, AVP_VENDOR_SPECIFIC_APPLICATION_ID, &group);
    if (err == ERR_OK)
        err = dia_add_u32(group, AVP_VENDOR_ID, DIA_3GPP);
    if (err == ERR_OK)
        err = dia_add_u32(group, AVP_AUTH_APPLICATION_ID, application);
    return err;
}

// ---- bytes ----

enum err dia_msg_bytes(struct msg *msg, uint8_t **out, size_t *len)
{
    *out = NULL;
    return fd_msg_bufferize(msg, out, len) == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}

enum err dia_parse_error(const char *library_code)
{
    static const struct {
        const char *code;
        enum err err;
    } table[] = {
        {"DIAMETER_AVP_UNSUPPORTED", ERR_DECODE_UNKNOWN},
        {"DIAMETER_INVALID_AVP_VALUE", ERR_DECODE_VALUE},
        {"DIAMETER_INVALID_AVP_LENGTH", ERR_DECODE_LENGTH},
        {"DIAMETER_MISSING_AVP", ERR_DECODE_MISSING},
        {"DIAMETER_AVP_OCCURS_TOO_MANY_TIMES", ERR_DECODE_DUPLICATE},
        {"DIAMETER_AVP_NOT_ALLOWED", ERR_DECODE_DUPLICATE},
        {"DIAMETER_COMMAND_UNSUPPORTED", ERR_UNSUPPORTED},
    };
    for (size_t i = 0; library_code && i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(library_code, table[i].code) == 0)
            return table[i].err;
    }
    return ERR_DECODE_SYNTAX;
}

enum err dia_msg_parse(const uint8_t *data, size_t len, struct msg **out)
{
    enum { HEADER = 20 };
    struct msg *msg = NULL;
    struct fd_pei pei = {0};
    *out = NULL;
    if (len < HEADER)
        return ERR_DECODE_TRUNCATED;
    uint8_t *copy = malloc(len);
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, data, len);
    if (fd_msg_parse_buffer(&copy, len, &msg) != 0) {
        free(copy);
        return ERR_DECODE_LENGTH;
    }
    if (fd_msg_parse_dict(msg, fd_g_config->cnf_dict, &pei) != 0) {
        fd_msg_free(msg);
        return dia_parse_error(pei.pei_errcode);
    }
    *out = msg;
    return ERR_OK;
}

// ---- AVPs that the dictionary does not know ----
// The library keeps their content to itself; it shows on the wire.

enum { AVP_HEADER = 8, AVP_VENDOR_HEADER = 12, NESTED_MAX = 16 };

// How many siblings come before it, from the outermost group to the AVP itself. NULL: it is in no
// message, or too deep.
static struct msg *find_place(struct avp *avp, size_t place[], size_t *depth)
{
    msg_or_avp *at = avp, *parent = NULL, *before = NULL;
    struct msg_hdr *hdr;
    for (*depth = 0; *depth < NESTED_MAX; (*depth)++) {
        size_t n = 0;
        if (fd_msg_browse(at, MSG_BRW_PARENT, &parent, NULL) != 0 || !parent)
            return NULL;
        while (fd_msg_browse(at, MSG_BRW_PREV, &before, NULL) == 0 && before) {
            at = before;
            n++;
        }
        memmove(place + 1, place, *depth * sizeof(*place));
        place[0] = n;
        if (fd_msg_hdr(parent, &hdr) == 0) {
            (*depth)++;
            return parent;
        }
        at = parent;
    }
    return NULL;
}

// Steps over n AVPs: the one at the beginning of what is left, without padding. False: there is
// none.
static bool step_over(const uint8_t **at, size_t *left, size_t n, size_t *len)
{
    for (;; n--) {
        if (*left < AVP_HEADER)
            return false;
        *len = (size_t)(*at)[5] << 16 | (size_t)(*at)[6] << 8 | (*at)[7];
        size_t header = (*at)[4] & AVP_FLAG_VENDOR ? AVP_VENDOR_HEADER : AVP_HEADER;
        size_t padded = (*len + 3) & ~(size_t)3;
        if (*len < header || *len > *left)
            return false;
        if (n == 0)
            return true;
        *left -= padded < *left ? padded : *left;
        *at += padded;
    }
}

static enum err find_content(struct avp *avp, uint8_t **message, const uint8_t **content,
                             size_t *len)
{
    enum { MESSAGE_HEADER = 20 };
    size_t place[NESTED_MAX + 1], depth, left;
    struct msg *msg = find_place(avp, place, &depth);
    enum err err = msg ? dia_msg_bytes(msg, message, &left) : ERR_DECODE_SYNTAX;
    if (err != ERR_OK)
        return err;
    const uint8_t *at = *message + MESSAGE_HEADER;
    left -= MESSAGE_HEADER;
    for (size_t i = 0; i < depth; i++) {
        if (!step_over(&at, &left, place[i], len))
            return ERR_DECODE_LENGTH;
        size_t header = at[4] & AVP_FLAG_VENDOR ? AVP_VENDOR_HEADER : AVP_HEADER;
        at += header; // into the group, or to the content
        left = *len - header;
    }
    *content = at;
    *len = left;
    return ERR_OK;
}

// As an AVP of octets, which then gets the other's name.
static enum err new_octets(const struct avp_hdr *name, const uint8_t *content, size_t len,
                           struct avp **out)
{
    union avp_value value = {.os = {.data = (uint8_t *)(uintptr_t)content, .len = len}};
    struct avp_hdr *hdr;
    if (fd_msg_avp_new(dia_dict_avp(AVP_CLASS), 0, out) != 0)
        return ERR_NOMEM;
    if (fd_msg_avp_setvalue(*out, &value) != 0 || fd_msg_avp_hdr(*out, &hdr) != 0) {
        fd_msg_free(*out);
        return ERR_DIA_LIBRARY;
    }
    hdr->avp_code = name->avp_code;
    hdr->avp_flags = name->avp_flags;
    hdr->avp_vendor = name->avp_vendor;
    return ERR_OK;
}

enum err dia_copy_unknown(struct avp *from, struct avp **out)
{
    struct avp_hdr *hdr;
    uint8_t *message = NULL, *zeros = NULL;
    const uint8_t *content = (const uint8_t *)"";
    size_t len = 0, header;
    if (fd_msg_avp_hdr(from, &hdr) != 0)
        return ERR_DIA_LIBRARY;
    header = hdr->avp_flags & AVP_FLAG_VENDOR ? AVP_VENDOR_HEADER : AVP_HEADER;
    if (hdr->avp_len < header)
        return ERR_DECODE_LENGTH;
    if (hdr->avp_len > header && find_content(from, &message, &content, &len) != ERR_OK) {
        len = hdr->avp_len - header;
        content = zeros = calloc(1, len);
    }
    enum err err = content ? new_octets(hdr, content, len, out) : ERR_NOMEM;
    free(message);
    free(zeros);
    return err;
}
