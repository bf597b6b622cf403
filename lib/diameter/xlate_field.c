// SPDX-License-Identifier: BSD-3-Clause
// Values of protobuf-c fields and of AVPs, read and written through their descriptors, with range
// checks. Not for conversions (xlate_conv.c) and not for walking tables (xlate.c).
#include <string.h>

#include "base/utf8.h"
#include "diameter/xlate_int.h"

unsigned xlate_field_class(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return XLATE_F_INT;
    case PROTOBUF_C_TYPE_ENUM:
        return XLATE_F_ENUM;
    case PROTOBUF_C_TYPE_BOOL:
        return XLATE_F_BOOL;
    case PROTOBUF_C_TYPE_STRING:
        return XLATE_F_STRING;
    case PROTOBUF_C_TYPE_BYTES:
        return XLATE_F_BYTES;
    default:
        return 0;
    }
}

unsigned xlate_avp_class(enum dia_type type)
{
    switch (type) {
    case DIA_INT32:
    case DIA_INT64:
    case DIA_UINT32:
    case DIA_UINT64:
    case DIA_ENUM:
        return XLATE_A_NUMBER;
    case DIA_UTF8:
    case DIA_IDENTITY:
    case DIA_URI:
    case DIA_IPFILTER:
    case DIA_QOSFILTER:
        return XLATE_A_TEXT;
    case DIA_OCTETS:
        return XLATE_A_OCTETS;
    case DIA_ADDRESS:
        return XLATE_A_ADDRESS;
    case DIA_TIME:
        return XLATE_A_TIME;
    default:
        return 0;
    }
}

static bool is_oneof(const ProtobufCFieldDescriptor *field)
{
    return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static void *member(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
    return (uint8_t *)(uintptr_t)msg + field->offset;
}

static bool oneof_is_set(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
    uint32_t which;
    memcpy(&which, (const uint8_t *)msg + field->quantifier_offset, sizeof(which));
    return which == field->id;
}

static void oneof_set(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
    memcpy((uint8_t *)msg + field->quantifier_offset, &field->id, sizeof(field->id));
}

static size_t *counter(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
    return (size_t *)(void *)((uint8_t *)(uintptr_t)msg + field->quantifier_offset);
}

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(int32_t);
    }
}

// Address of value i.
static void *slot(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t i)
{
    if (!is_repeated(field))
        return member(msg, field);
    return *(uint8_t **)member(msg, field) + i * value_size(field->type);
}

ProtobufCMessage *xlate_message_new(struct base_arena *arena,
                                    const ProtobufCMessageDescriptor *desc)
{
    ProtobufCMessage *msg = base_arena_alloc(arena, desc->sizeof_message);
    if (msg)
        desc->message_init(msg);
    return msg;
}

ProtobufCMessage *xlate_owner(const struct xlate_row *r, const ProtobufCMessage *msg,
                              struct base_arena *arena, bool make)
{
    ProtobufCMessage *owner = (ProtobufCMessage *)(uintptr_t)msg;
    for (unsigned i = 0; i < r->n_path; i++) {
        ProtobufCMessage *next = xlate_load_message(owner, r->path[i], 0);
        if (!next && make) {
            next = xlate_message_new(arena, r->path[i]->descriptor);
            if (next)
                xlate_store_message(owner, r->path[i], next);
        }
        if (!next)
            return NULL;
        owner = next;
    }
    return owner;
}

size_t xlate_count(const ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field)
{
    return is_repeated(field) ? *counter(owner, field) : 1;
}

ProtobufCMessage *xlate_load_message(const ProtobufCMessage *owner,
                                     const ProtobufCFieldDescriptor *field, size_t i)
{
    if (is_oneof(field) && !oneof_is_set(owner, field))
        return NULL;
    return *(ProtobufCMessage **)slot(owner, field, i);
}

static bool load_number(const void *at, ProtobufCType type, int64_t *out)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        *out = *(const int32_t *)at;
        return true;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *out = *(const uint32_t *)at;
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        *out = *(const protobuf_c_boolean *)at ? 1 : 0;
        return true;
    default:
        *out = *(const int64_t *)at;
        return true;
    }
}

bool xlate_load(const ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field, size_t i,
                struct xlate_value *out)
{
    if (is_oneof(field) && !oneof_is_set(owner, field))
        return false;
    bool zero_is_unset = !is_oneof(field) && !is_repeated(field);
    const void *at = slot(owner, field, i);
    *out = (struct xlate_value){.is_bytes = false};
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(char *const *)at;
        out->is_bytes = true;
        out->data = (const uint8_t *)(text ? text : "");
        out->len = text ? strlen(text) : 0;
        return out->len > 0 || (!zero_is_unset && text);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = at;
        out->is_bytes = true;
        out->data = bytes->data;
        out->len = bytes->len;
        return bytes->len > 0 || !zero_is_unset;
    }
    load_number(at, field->type, &out->num);
    return out->num != 0 || !zero_is_unset;
}

enum err xlate_reserve(ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field, size_t n,
                       struct base_arena *arena)
{
    size_t have = *counter(owner, field);
    size_t size = value_size(field->type);
    uint8_t *array = base_arena_zalloc(arena, (have + n) * size);
    if (!array)
        return ERR_NOMEM;
    if (have)
        memcpy(array, *(uint8_t **)member(owner, field), have * size);
    *(uint8_t **)member(owner, field) = array;
    return ERR_OK;
}

static enum err store_text(char **at, const struct xlate_value *value, struct base_arena *arena)
{
    for (size_t i = 0; i < value->len;) {
        size_t n = base_utf8_printable((const char *)value->data + i, value->len - i);
        if (n == 0)
            return ERR_DECODE_VALUE;
        i += n;
    }
    *at = base_arena_strndup(arena, (const char *)value->data, value->len);
    return *at ? ERR_OK : ERR_NOMEM;
}

static enum err store_bytes(ProtobufCBinaryData *at, const struct xlate_value *value,
                            struct base_arena *arena)
{
    at->len = value->len;
    at->data = NULL;
    if (value->len == 0)
        return ERR_OK;
    at->data = base_arena_dup(arena, value->data, value->len);
    return at->data ? ERR_OK : ERR_NOMEM;
}

static enum err store_number(void *at, ProtobufCType type, int64_t num)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        if (num < INT32_MIN || num > INT32_MAX)
            return ERR_DECODE_VALUE;
        *(int32_t *)at = (int32_t)num;
        return ERR_OK;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        if (num < 0 || num > UINT32_MAX)
            return ERR_DECODE_VALUE;
        *(uint32_t *)at = (uint32_t)num;
        return ERR_OK;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = num != 0;
        return ERR_OK;
    default:
        *(int64_t *)at = num;
        return ERR_OK;
    }
}

enum err xlate_store(ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field,
                     const struct xlate_value *value, struct base_arena *arena)
{
    void *at = slot(owner, field, is_repeated(field) ? *counter(owner, field) : 0);
    enum err err;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        err = store_text(at, value, arena);
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        err = store_bytes(at, value, arena);
    else
        err = store_number(at, field->type, value->num);
    if (err != ERR_OK)
        return err;
    if (is_repeated(field))
        ++*counter(owner, field);
    else if (is_oneof(field))
        oneof_set(owner, field);
    return ERR_OK;
}

void xlate_store_message(ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field,
                         ProtobufCMessage *sub)
{
    if (is_repeated(field)) {
        *(ProtobufCMessage **)slot(owner, field, (*counter(owner, field))++) = sub;
        return;
    }
    *(ProtobufCMessage **)member(owner, field) = sub;
    if (is_oneof(field))
        oneof_set(owner, field);
}

enum err xlate_avp_load(const struct xlate_row *r, struct avp *avp, struct xlate_value *out)
{
    struct avp_hdr *hdr;
    if (fd_msg_avp_hdr(avp, &hdr) != 0 || !hdr->avp_value)
        return ERR_DECODE_VALUE; // the library could not read it
    *out = (struct xlate_value){.is_bytes = false};
    switch (r->type) {
    case DIA_INT32:
    case DIA_ENUM:
        out->num = hdr->avp_value->i32;
        return ERR_OK;
    case DIA_UINT32:
        out->num = hdr->avp_value->u32;
        return ERR_OK;
    case DIA_INT64:
        out->num = hdr->avp_value->i64;
        return ERR_OK;
    case DIA_UINT64:
        out->num = (int64_t)hdr->avp_value->u64;
        return ERR_OK;
    default:
        out->is_bytes = true;
        out->data = hdr->avp_value->os.data;
        out->len = hdr->avp_value->os.len;
        return ERR_OK;
    }
}

static enum err to_avp_value(const struct xlate_row *r, const struct xlate_value *value,
                             union avp_value *out)
{
    memset(out, 0, sizeof(*out));
    switch (r->type) {
    case DIA_INT32:
    case DIA_ENUM:
        if (value->num < INT32_MIN || value->num > INT32_MAX)
            return ERR_ENCODE_VALUE;
        out->i32 = (int32_t)value->num;
        return ERR_OK;
    case DIA_UINT32:
        if (value->num < 0 || value->num > UINT32_MAX)
            return ERR_ENCODE_VALUE;
        out->u32 = (uint32_t)value->num;
        return ERR_OK;
    case DIA_INT64:
        out->i64 = value->num;
        return ERR_OK;
    case DIA_UINT64:
        out->u64 = (uint64_t)value->num;
        return ERR_OK;
    default:
        out->os.data = (uint8_t *)(uintptr_t)value->data; // copied by the library
        out->os.len = value->len;
        return value->is_bytes ? ERR_OK : ERR_ENCODE_VALUE;
    }
}

enum err xlate_avp_add(const struct xlate_row *r, msg_or_avp *parent,
                       const struct xlate_value *value)
{
    union avp_value v;
    struct avp *avp = NULL;
    enum err err = to_avp_value(r, value, &v);
    if (err != ERR_OK)
        return err;
    if (fd_msg_avp_new(r->model, 0, &avp) != 0)
        return ERR_NOMEM;
    if (fd_msg_avp_setvalue(avp, &v) != 0 || fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp) != 0) {
        fd_msg_free((struct msg *)avp);
        return ERR_NOMEM;
    }
    return ERR_OK;
}

enum err xlate_check_bounds(const struct xlate *row, const struct xlate_value *value, enum err err)
{
    if (row->min == 0 && row->max == 0)
        return ERR_OK;
    int64_t n = value->is_bytes ? (int64_t)value->len : value->num;
    if (n < row->min || n > row->max)
        return value->is_bytes && err == ERR_DECODE_VALUE ? ERR_DECODE_LENGTH : err;
    return ERR_OK;
}
