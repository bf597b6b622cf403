// SPDX-License-Identifier: BSD-3-Clause
// Printing protobuf messages: indented text for people, JSON for programs.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agw_client/reflect.h"
#include "agw_client/reflect_field.h"
#include "base/ident.h"

#define TEXT_MAX 1024 // longer values are cut in indented text only

static bool all_zero(const void *at, size_t size)
{
    const char *byte = at;
    for (size_t i = 0; i < size; i++) {
        if (byte[i])
            return false;
    }
    return true;
}

size_t reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *quantifier = (const char *)message + field->quantifier_offset;
    const void *at = (const char *)message + field->offset;

    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n;
        memcpy(&n, quantifier, sizeof(n));
        return n;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t selected;
        memcpy(&selected, quantifier, sizeof(selected));
        return selected == field->id;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void *const *)at != NULL;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(char *const *)at;
        return text && *text;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL) {
        protobuf_c_boolean present;
        memcpy(&present, quantifier, sizeof(present));
        return present != 0;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)at)->len > 0;
    return !all_zero(at, reflect_size(field->type));
}

const void *reflect_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       size_t index)
{
    const void *at = (const char *)message + field->offset;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return at;
    return *(const char *const *)at + index * reflect_size(field->type);
}

size_t reflect_length(const void *at, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)at)->len;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return strlen(*(char *const *)at);
    return 1;
}

static void text_of_enum(const void *at, const ProtobufCFieldDescriptor *field, char *out,
                         size_t size)
{
    int number;
    memcpy(&number, at, sizeof(number));
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(field->descriptor, number);
    snprintf(out, size, "%s", value ? value->name : "");
    if (!value)
        snprintf(out, size, "%d", number);
}

void reflect_text(const void *at, const ProtobufCFieldDescriptor *field, char *out, size_t size)
{
    union {
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        float f;
        double d;
    } number = {.u64 = 0};

    if (reflect_size(field->type) <= sizeof(number))
        memcpy(&number, at, reflect_size(field->type));
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        snprintf(out, size, "%" PRId32, number.i32);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        snprintf(out, size, "%" PRIu32, number.u32);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        snprintf(out, size, "%" PRId64, number.i64);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        snprintf(out, size, "%" PRIu64, number.u64);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        snprintf(out, size, "%g", (double)number.f);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        snprintf(out, size, "%g", number.d);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        snprintf(out, size, "%s", *(const protobuf_c_boolean *)at ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        text_of_enum(at, field, out, size);
        break;
    case PROTOBUF_C_TYPE_STRING:
        snprintf(out, size, "%s", *(char *const *)at);
        break;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = at;
        size_t fits = size > 0 ? (size - 1) / 2 : 0;
        if (size > 0)
            base_hex_encode(bytes->data, bytes->len < fits ? bytes->len : fits, out);
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        snprintf(out, size, "{...}");
        break;
    }
}

void reflect_print(FILE *to, const ProtobufCMessage *message, int indent)
{
    for (unsigned f = 0; f < message->descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[f];
        size_t n = reflect_count(message, field);
        for (size_t i = 0; i < n; i++) {
            const void *at = reflect_at(message, field, i);
            char index[24] = "";
            if (field->label == PROTOBUF_C_LABEL_REPEATED)
                snprintf(index, sizeof(index), "[%zu]", i);
            if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                fprintf(to, "%*s%s%s\n", indent, "", field->name, index);
                reflect_print(to, *(ProtobufCMessage *const *)at, indent + 2);
                continue;
            }
            char text[TEXT_MAX];
            reflect_text(at, field, text, sizeof(text));
            fprintf(to, "%*s%s%s: %s", indent, "", field->name, index, text);
            if (field->type == PROTOBUF_C_TYPE_ENUM)
                fprintf(to, " (%d)", *(const int *)at);
            fputc('\n', to);
        }
    }
    for (unsigned u = 0; u < message->n_unknown_fields; u++)
        fprintf(to, "%*sunknown field %" PRIu32 ", %zu bytes\n", indent, "",
                message->unknown_fields[u].tag, message->unknown_fields[u].len);
}

static void json_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(to, "\\u%04x", *c);
        else
            fputc(*c, to);
    }
    fputc('"', to);
}

static void json_bytes(FILE *to, const ProtobufCBinaryData *bytes)
{
    fputc('"', to);
    for (size_t i = 0; i < bytes->len; i++)
        fprintf(to, "%02x", bytes->data[i]);
    fputc('"', to);
}

static void json_value(FILE *to, const void *at, const ProtobufCFieldDescriptor *field)
{
    char text[40];
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        reflect_json(to, *(ProtobufCMessage *const *)at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        json_string(to, *(char *const *)at);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        json_bytes(to, at);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        fprintf(to, "%d", *(const int *)at);
        break;
    default:
        reflect_text(at, field, text, sizeof(text));
        fputs(text, to);
    }
}

void reflect_json(FILE *to, const ProtobufCMessage *message)
{
    const char *comma = "";
    fputc('{', to);
    for (unsigned f = 0; f < message->descriptor->n_fields; f++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[f];
        size_t n = reflect_count(message, field);
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (n == 0)
            continue;
        fprintf(to, "%s\"%s\":%s", comma, field->name, list ? "[" : "");
        for (size_t i = 0; i < n; i++) {
            if (i > 0)
                fputc(',', to);
            json_value(to, reflect_at(message, field, i), field);
        }
        if (list)
            fputc(']', to);
        comma = ",";
    }
    fputc('}', to);
}
