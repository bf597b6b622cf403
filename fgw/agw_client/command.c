// SPDX-License-Identifier: BSD-3-Clause
#include "agw_client/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ident.h"

static const struct procedure {
    const char *name, *method;
    bool plmn; // takes the visited PLMN
} procedures[] = {
    {"air", "S6aProxy/AuthenticationInformation", true},
    {"ulr", "S6aProxy/UpdateLocation", true},
    {"pur", "S6aProxy/PurgeUE", false},
    {"nor", "S6aNotify/Notify", false},
};

static const struct procedure *find(const char *name)
{
    for (size_t i = 0; i < sizeof(procedures) / sizeof(procedures[0]); i++) {
        if (strcmp(procedures[i].name, name) == 0)
            return &procedures[i];
    }
    return NULL;
}

bool command_is_procedure(const char *word)
{
    return find(word) != NULL;
}

static enum err set_plmn(ProtobufCMessage *message, const char *digits, char why[REFLECT_WHY])
{
    struct base_plmn plmn;
    uint8_t bcd[3];
    char hex[7];
    if (base_plmn_parse(digits, strlen(digits), &plmn)) {
        snprintf(why, REFLECT_WHY, "'%s' is not a PLMN (00101, 310410)", digits);
        return ERR_INVALID;
    }
    base_plmn_to_bcd(&plmn, bcd);
    base_hex_encode(bcd, sizeof(bcd), hex);
    return reflect_set(message, "visited_plmn", hex, why);
}

static enum err set_word(ProtobufCMessage *message, const char *word, char why[REFLECT_WHY])
{
    char name[256];
    const char *equals = strchr(word, '=');
    if (!equals || (size_t)(equals - word) >= sizeof(name)) {
        snprintf(why, REFLECT_WHY, "'%s' is not field=value", word);
        return ERR_INVALID;
    }
    memcpy(name, word, (size_t)(equals - word));
    name[equals - word] = '\0';
    if (strcmp(name, "plmn") == 0)
        return set_plmn(message, equals + 1, why);
    if (strcmp(name, "vectors") == 0)
        return reflect_set(message, "num_requested_eutran_vectors", equals + 1, why);
    if (strcmp(name, "resync") == 0)
        return reflect_set(message, "resync_info", equals + 1, why);
    return reflect_set(message, name, equals + 1, why);
}

static enum err set_defaults(const struct procedure *procedure, ProtobufCMessage *message,
                             const char *imsi, char why[REFLECT_WHY])
{
    char home[6];
    enum err err = reflect_set(message, "user_name", imsi, why);
    if (err)
        return err;
    snprintf(home, sizeof(home), "%s", imsi);
    if (procedure->plmn && strlen(home) == 5)
        set_plmn(message, home, why); // a guess; an odd IMSI is the caller's wish
    if (strcmp(procedure->name, "air") == 0)
        err = reflect_set(message, "num_requested_eutran_vectors", "1", why);
    if (strcmp(procedure->name, "ulr") == 0)
        err = reflect_set(message, "initial_attach", "true", why);
    return err;
}

enum err command_build(const char *name, char *const words[], size_t n,
                       struct reflect_method *method, ProtobufCMessage **out, char why[REFLECT_WHY])
{
    const struct procedure *procedure = find(name);
    if (n == 0) {
        snprintf(why, REFLECT_WHY, "%s needs %s", name, procedure ? "an IMSI" : "a method");
        return ERR_INVALID;
    }
    const char *wanted = procedure ? procedure->method : words[0];
    if (reflect_find(wanted, method)) {
        snprintf(why, REFLECT_WHY, "no single method is called '%s' (see: fgw-agw methods)",
                 wanted);
        return ERR_NOT_FOUND;
    }
    enum err err = reflect_new(method->input, out);
    if (err)
        return err;
    if (procedure)
        err = set_defaults(procedure, *out, words[0], why);
    for (size_t i = 1; i < n && !err; i++)
        err = set_word(*out, words[i], why);
    if (err) {
        protobuf_c_message_free_unpacked(*out, NULL);
        *out = NULL;
    }
    return err;
}

bool command_refused(const struct agwc_answer *answer)
{
    if (!answer->message)
        return false;
    const ProtobufCMessageDescriptor *descriptor = answer->message->descriptor;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, "error_code");
    if (!field || field->type != PROTOBUF_C_TYPE_ENUM)
        return false;
    int code;
    memcpy(&code, (const char *)answer->message + field->offset, sizeof(code));
    return code >= 3001;
}

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Wall clock of a moment given as CLOCK_MONOTONIC.
static int64_t wall_us_of(int64_t ns)
{
    return wall_us() - (base_now_ns() - ns) / 1000;
}

void command_print_answer(FILE *to, const struct agwc_options *options,
                          const struct reflect_method *method, const struct agwc_answer *answer,
                          enum err err)
{
    const char *status = err == ERR_DECODE_SYNTAX ? "UNDECODABLE" : rpc_status_name(answer->status);
    if (options->json) {
        fprintf(to,
                "{\"event\":\"answer\",\"at_us\":%" PRId64 ",\"method\":\"%s\",\"status\":\"%s\"",
                wall_us_of(answer->at_ns), method->name, status);
        fprintf(to, ",\"elapsed_us\":%" PRId64, answer->elapsed_ns / 1000);
        if (answer->message) {
            fputs(",\"message\":", to);
            reflect_json(to, answer->message);
        }
        fputs("}\n", to);
    } else {
        fprintf(to, "%s: %s%s%s, %.2f ms\n", method->name, status, answer->text[0] ? ", " : "",
                answer->text, (double)answer->elapsed_ns / 1e6);
        if (answer->message)
            reflect_print(to, answer->message, 2);
    }
    fflush(to);
}

void command_print_call(FILE *to, const char *method, int64_t at_ns,
                        const ProtobufCMessage *message)
{
    fprintf(to, "{\"event\":\"call\",\"at_us\":%" PRId64 ",\"method\":\"%s\",\"message\":",
            wall_us_of(at_ns), method);
    reflect_json(to, message);
    fputs("}\n", to);
    fflush(to);
}

void command_print_request(FILE *to, const struct agwc_options *options,
                           const struct agwc_request *request)
{
    if (options->json) {
        fprintf(to, "{\"event\":\"request\",\"at_us\":%" PRId64, wall_us_of(request->at_ns));
        if (request->answered_ns)
            fprintf(to, ",\"answered_us\":%" PRId64, wall_us_of(request->answered_ns));
        fprintf(to, ",\"method\":\"%s\",\"message\":", request->method.name);
        reflect_json(to, request->message);
        fputs("}\n", to);
    } else {
        fprintf(to, "%s for %s\n", request->method.name, request->authority);
        reflect_print(to, request->message, 2);
    }
    fflush(to);
}
