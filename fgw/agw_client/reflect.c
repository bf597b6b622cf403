// SPDX-License-Identifier: BSD-3-Clause
// Finding methods and filling messages from text. Printing is in print.c.
#include "agw_client/reflect.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agw_client/reflect_field.h"
#include "agw_client/services.h"
#include "base/ident.h"

#define PATH_DEPTH 8
#define NAME_MAX_LEN 64

static enum err refuse(char why[REFLECT_WHY], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static enum err refuse(char why[REFLECT_WHY], const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, REFLECT_WHY, fmt, args);
    va_end(args);
    return ERR_INVALID;
}

static void describe(const ProtobufCServiceDescriptor *service, unsigned i,
                     struct reflect_method *out)
{
    snprintf(out->path, sizeof(out->path), "/%s/%s", service->name, service->methods[i].name);
    out->name = service->methods[i].name;
    out->input = service->methods[i].input;
    out->output = service->methods[i].output;
}

void reflect_each(void (*visit)(const struct reflect_method *method, void *arg), void *arg)
{
    for (size_t s = 0; agwc_services[s]; s++) {
        for (unsigned i = 0; i < agwc_services[s]->n_methods; i++) {
            struct reflect_method method;
            describe(agwc_services[s], i, &method);
            visit(&method, arg);
        }
    }
}

// Is `text` the end of `path` at a boundary of its parts?
static bool names(const char *path, const char *text)
{
    size_t p = strlen(path), t = strlen(text);
    if (t > p || strcmp(path + p - t, text) != 0)
        return false;
    return t == p || path[p - t - 1] == '/' || path[p - t - 1] == '.';
}

struct search {
    const char *text;
    struct reflect_method *out;
    int found;
};

static void try_one(const struct reflect_method *method, void *arg)
{
    struct search *search = arg;
    if (!names(method->path, search->text))
        return;
    if (search->found++ == 0)
        *search->out = *method;
}

enum err reflect_find(const char *text, struct reflect_method *out)
{
    struct search search = {.text = text, .out = out};
    reflect_each(try_one, &search);
    return search.found == 1 ? ERR_OK : ERR_NOT_FOUND;
}

enum err reflect_new(const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **out)
{
    *out = calloc(1, descriptor->sizeof_message);
    if (!*out)
        return ERR_NOMEM;
    descriptor->message_init(*out);
    return ERR_OK;
}

size_t reflect_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

// ---- one step of a path: name[index] ----

struct step {
    char name[NAME_MAX_LEN];
    long index; // -1: none given
};

static const char *parse_step(const char *path, struct step *step)
{
    size_t n = strcspn(path, ".[");
    if (n == 0 || n >= sizeof(step->name))
        return NULL;
    memcpy(step->name, path, n);
    step->name[n] = '\0';
    step->index = -1;
    path += n;
    if (*path == '[') {
        char *end;
        step->index = strtol(path + 1, &end, 10);
        if (end == path + 1 || *end != ']' || step->index < 0 || step->index > 100000)
            return NULL;
        path = end + 1;
    }
    if (*path == '.')
        return path + 1;
    return *path == '\0' ? path : NULL;
}

static bool is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

// Address of an element of a repeated field, grown as needed (index -1: one more).
static void *element(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, long index)
{
    size_t *n = (size_t *)(void *)((char *)message + field->quantifier_offset);
    void **array = (void **)(void *)((char *)message + field->offset);
    size_t size = reflect_size(field->type);
    size_t at = index < 0 ? *n : (size_t)index;

    if (at > *n)
        return NULL; // elements are created in order
    if (at == *n) {
        void *grown = realloc(*array, (*n + 1) * size);
        if (!grown)
            return NULL;
        *array = grown;
        memset((char *)grown + *n * size, 0, size);
        (*n)++;
    }
    return (char *)*array + at * size;
}

// ---- values ----

static enum err set_integer(void *at, const ProtobufCFieldDescriptor *field, const char *value,
                            char why[REFLECT_WHY])
{
    bool is_signed =
        field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_SINT32 ||
        field->type == PROTOBUF_C_TYPE_SFIXED32 || field->type == PROTOBUF_C_TYPE_INT64 ||
        field->type == PROTOBUF_C_TYPE_SINT64 || field->type == PROTOBUF_C_TYPE_SFIXED64;
    char *end;
    errno = 0;
    uint64_t number = is_signed ? (uint64_t)strtoll(value, &end, 0) : strtoull(value, &end, 0);
    if (errno || end == value || *end)
        return refuse(why, "%s: '%s' is not a number", field->name, value);
    if (reflect_size(field->type) == 8) {
        memcpy(at, &number, 8);
        return ERR_OK;
    }
    uint32_t narrow = (uint32_t)number;
    if (is_signed ? (int64_t)number != (int32_t)narrow : number != narrow)
        return refuse(why, "%s: %s does not fit into 32 bits", field->name, value);
    memcpy(at, &narrow, 4);
    return ERR_OK;
}

static enum err set_enum(void *at, const ProtobufCFieldDescriptor *field, const char *value,
                         char why[REFLECT_WHY])
{
    const ProtobufCEnumDescriptor *descriptor = field->descriptor;
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        if (strcasecmp(descriptor->values[i].name, value) == 0) {
            int number = descriptor->values[i].value;
            memcpy(at, &number, sizeof(number));
            return ERR_OK;
        }
    }
    char *end;
    long number = strtol(value, &end, 0);
    if (end == value || *end)
        return refuse(why, "%s: '%s' is neither a number nor a name of %s", field->name, value,
                      descriptor->name);
    int narrow = (int)number;
    memcpy(at, &narrow, sizeof(narrow));
    return ERR_OK;
}

static enum err set_bytes(ProtobufCBinaryData *at, const ProtobufCFieldDescriptor *field,
                          const char *value, char why[REFLECT_WHY])
{
    size_t len = strlen(value);
    uint8_t *data = malloc(len + 1);
    if (!data)
        return ERR_NOMEM;
    if (strncmp(value, "text:", 5) == 0) {
        len -= 5;
        memcpy(data, value + 5, len);
    } else if (base_hex_decode(strncmp(value, "0x", 2) ? value : value + 2, data, len + 1, &len)) {
        free(data);
        return refuse(why, "%s: '%s' is not hexadecimal (use text:... for characters)", field->name,
                      value);
    }
    free(at->data);
    at->data = data;
    at->len = len;
    return ERR_OK;
}

static enum err set_bool(protobuf_c_boolean *at, const ProtobufCFieldDescriptor *field,
                         const char *value, char why[REFLECT_WHY])
{
    if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
        *at = 1;
    else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
        *at = 0;
    else
        return refuse(why, "%s: '%s' is not true or false", field->name, value);
    return ERR_OK;
}

static enum err set_string(char **at, const ProtobufCFieldDescriptor *field, const char *value)
{
    char *copy = strdup(value);
    if (!copy)
        return ERR_NOMEM;
    if (*at && *at != (const char *)field->default_value)
        free(*at);
    *at = copy;
    return ERR_OK;
}

static enum err set_double(void *at, const ProtobufCFieldDescriptor *field, const char *value,
                           char why[REFLECT_WHY])
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end)
        return refuse(why, "%s: '%s' is not a number", field->name, value);
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        memcpy(at, &number, sizeof(number));
    } else {
        float narrow = (float)number;
        memcpy(at, &narrow, sizeof(narrow));
    }
    return ERR_OK;
}

static enum err set_value(void *at, const ProtobufCFieldDescriptor *field, const char *value,
                          char why[REFLECT_WHY])
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return set_bool(at, field, value, why);
    case PROTOBUF_C_TYPE_ENUM:
        return set_enum(at, field, value, why);
    case PROTOBUF_C_TYPE_STRING:
        return set_string(at, field, value);
    case PROTOBUF_C_TYPE_BYTES:
        return set_bytes(at, field, value, why);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return set_double(at, field, value, why);
    case PROTOBUF_C_TYPE_MESSAGE:
        return refuse(why, "%s is a message: name one of its fields (%s.field=...)", field->name,
                      field->name);
    default:
        return set_integer(at, field, value, why);
    }
}

// The place of a singular field; marks it present.
static void *singular(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    char *quantifier = (char *)message + field->quantifier_offset;
    void *at = (char *)message + field->offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t selected;
        memcpy(&selected, quantifier, sizeof(selected));
        if (selected != field->id)
            memset(at, 0, reflect_size(field->type));
        memcpy(quantifier, &field->id, sizeof(field->id));
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
               field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING) {
        protobuf_c_boolean present = 1;
        memcpy(quantifier, &present, sizeof(present));
    }
    return at;
}

// "apn.context_id=5" without index speaks of the last element of a repeated message.
static long default_index(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    size_t n = *(const size_t *)(const void *)((const char *)message + field->quantifier_offset);
    return n > 0 ? (long)n - 1 : -1;
}

enum err reflect_set(ProtobufCMessage *message, const char *path, const char *value,
                     char why[REFLECT_WHY])
{
    const char *rest = path;
    for (int depth = 0; depth < PATH_DEPTH; depth++) {
        struct step step;
        rest = parse_step(rest, &step);
        if (!rest)
            return refuse(why, "'%s' is not a field path", path);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, step.name);
        if (!field)
            return refuse(why, "%s has no field '%s'", message->descriptor->name, step.name);
        if (step.index >= 0 && !is_repeated(field))
            return refuse(why, "%s is not a list", field->name);
        bool descend = *rest && field->type == PROTOBUF_C_TYPE_MESSAGE;
        if (is_repeated(field) && step.index < 0 && descend)
            step.index = default_index(message, field);
        void *at =
            is_repeated(field) ? element(message, field, step.index) : singular(message, field);
        if (!at)
            return refuse(why, "%s: elements are filled in order", path);
        if (!*rest)
            return set_value(at, field, value, why);
        if (!descend)
            return refuse(why, "%s is not a message", field->name);
        ProtobufCMessage **child = at;
        enum err err = *child ? ERR_OK : reflect_new(field->descriptor, child);
        if (err)
            return err;
        message = *child;
    }
    return refuse(why, "'%s' is too deep", path);
}

enum err reflect_get(const ProtobufCMessage *message, const char *path, char *out, size_t size)
{
    const char *rest = path;
    for (int depth = 0; depth < PATH_DEPTH; depth++) {
        struct step step;
        rest = parse_step(rest, &step);
        const ProtobufCFieldDescriptor *field =
            rest ? protobuf_c_message_descriptor_get_field_by_name(message->descriptor, step.name)
                 : NULL;
        if (!field)
            return ERR_NOT_FOUND;
        bool count = strcmp(rest, "#") == 0;
        size_t n = reflect_count(message, field);
        if (is_repeated(field) && count && step.index < 0) {
            snprintf(out, size, "%zu", n);
            return ERR_OK;
        }
        size_t index = step.index < 0 ? 0 : (size_t)step.index;
        if (index >= n) {
            snprintf(out, size, "%s", ""); // absent reads as empty, also below it
            return ERR_OK;
        }
        const void *at = reflect_at(message, field, index);
        if (count) {
            snprintf(out, size, "%zu", reflect_length(at, field));
            return ERR_OK;
        }
        if (!*rest) {
            reflect_text(at, field, out, size);
            return ERR_OK;
        }
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            return ERR_NOT_FOUND;
        message = *(ProtobufCMessage *const *)at;
    }
    return ERR_NOT_FOUND;
}
