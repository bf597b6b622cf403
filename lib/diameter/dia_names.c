// SPDX-License-Identifier: BSD-3-Clause
// Build-time tool: writes diameter/avp.h from .dia files, so that code says AVP_VISITED_PLMN_ID,
// DIA_CMD_AIR, DIA_APP_S6A and never a number.
//   dia-names OUTPUT FILE.dia...
// The first definition of a name wins (files in the order given, vendor 0 first); an AVP of the
// same name but of another vendor becomes AVP_NAME_V<vendor>, a command of the same name but of
// another code DIA_CMD_<FILE>_NAME. Not used at run time.
#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/dia_file.h"

enum { MACRO_MAX = 300, IDENT_MAX = 160 };

// RFC 6733 §4.5: the base protocol, which Erlang/OTP and libfdcore have built in.
static const struct {
    const char *name;
    uint32_t code;
} base_avps[] = {
    {"User-Name", 1},
    {"Class", 25},
    {"Session-Timeout", 27},
    {"Proxy-State", 33},
    {"Acct-Session-Id", 44},
    {"Acct-Multi-Session-Id", 50},
    {"Event-Timestamp", 55},
    {"Acct-Interim-Interval", 85},
    {"Host-IP-Address", 257},
    {"Auth-Application-Id", 258},
    {"Acct-Application-Id", 259},
    {"Vendor-Specific-Application-Id", 260},
    {"Redirect-Host-Usage", 261},
    {"Redirect-Max-Cache-Time", 262},
    {"Session-Id", 263},
    {"Origin-Host", 264},
    {"Supported-Vendor-Id", 265},
    {"Vendor-Id", 266},
    {"Firmware-Revision", 267},
    {"Result-Code", 268},
    {"Product-Name", 269},
    {"Session-Binding", 270},
    {"Session-Server-Failover", 271},
    {"Multi-Round-Time-Out", 272},
    {"Disconnect-Cause", 273},
    {"Auth-Request-Type", 274},
    {"Auth-Grace-Period", 276},
    {"Auth-Session-State", 277},
    {"Origin-State-Id", 278},
    {"Failed-AVP", 279},
    {"Proxy-Host", 280},
    {"Error-Message", 281},
    {"Route-Record", 282},
    {"Destination-Realm", 283},
    {"Proxy-Info", 284},
    {"Re-Auth-Request-Type", 285},
    {"Accounting-Sub-Session-Id", 287},
    {"Authorization-Lifetime", 291},
    {"Redirect-Host", 292},
    {"Destination-Host", 293},
    {"Error-Reporting-Host", 294},
    {"Termination-Cause", 295},
    {"Origin-Realm", 296},
    {"Experimental-Result", 297},
    {"Experimental-Result-Code", 298},
    {"Inband-Security-Id", 299},
    {"Accounting-Record-Type", 480},
    {"Accounting-Realtime-Required", 483},
    {"Accounting-Record-Number", 485},
};

static const struct {
    const char *name;
    uint32_t code;
} base_commands[] = {
    {"RAR", 258}, {"ACR", 271}, {"ASR", 274}, {"STR", 275},
};

// What the applications are called in conversation.
static const struct {
    const char *name;
    uint32_t id;
} applications[] = {
    {"NASREQ", 1},        {"CREDIT_CONTROL", 4}, {"EAP", 5},          {"CX", 16777216},
    {"SH", 16777217},     {"RX", 16777236},      {"GX", 16777238},    {"STA", 16777250},
    {"S6A", 16777251},    {"S13", 16777252},     {"SWM", 16777264},   {"SWX", 16777265},
    {"S6B", 16777272},    {"SY", 16777302},      {"S6C", 16777312},   {"S6M", 16777310},
};

// ---- the set of macros written ----

struct macro {
    char name[MACRO_MAX];
    char value[64];
};

static void *macros; // tsearch(3) tree

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct macro *)a)->name, ((const struct macro *)b)->name);
}

// True if the macro is now (or was already) defined with this value.
static bool define(FILE *out, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool define(FILE *out, const char *name, const char *fmt, ...)
{
    struct macro *m = calloc(1, sizeof(*m));
    struct macro **slot = NULL;
    if (m) {
        snprintf(m->name, sizeof(m->name), "%s", name);
        va_list args;
        va_start(args, fmt);
        vsnprintf(m->value, sizeof(m->value), fmt, args);
        va_end(args);
        slot = tsearch(m, &macros, by_name);
    }
    if (!slot) {
        fprintf(stderr, "dia-names: out of memory\n");
        exit(1);
    }
    if (*slot != m) {
        bool same = strcmp((*slot)->value, m->value) == 0;
        free(m);
        return same;
    }
    fprintf(out, "#define %s %s\n", m->name, m->value);
    return true;
}

// "Visited-PLMN-Id" -> "VISITED_PLMN_ID"
static const char *upper(const char *name, char out[IDENT_MAX])
{
    size_t i = 0;
    for (; name[i] && i < IDENT_MAX - 1; i++)
        out[i] = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i]) : '_';
    out[i] = 0;
    return out;
}

// ---- what is written ----

static void define_avp(FILE *out, const char *name, uint32_t vendor, uint32_t code)
{
    char ident[IDENT_MAX], macro[MACRO_MAX];
    snprintf(macro, sizeof(macro), "AVP_%s", upper(name, ident));
    if (define(out, macro, "DIA_AVP(%u, %u)", vendor, code))
        return;
    snprintf(macro, sizeof(macro), "AVP_%s_V%u", ident, vendor);
    if (!define(out, macro, "DIA_AVP(%u, %u)", vendor, code))
        fprintf(out, "// %s of vendor %u has a second code: %u\n", name, vendor, code);
}

static void write_avps(FILE *out, struct dia_file **files, size_t n)
{
    fprintf(out, "\n// ---- AVPs: RFC 6733 ----\n");
    for (size_t i = 0; i < sizeof(base_avps) / sizeof(base_avps[0]); i++)
        define_avp(out, base_avps[i].name, 0, base_avps[i].code);
    for (int vendor_specific = 0; vendor_specific <= 1; vendor_specific++) {
        for (size_t f = 0; f < n; f++) {
            fprintf(out, "\n// ---- AVPs: %s%s ----\n", files[f]->name,
                    vendor_specific ? ", vendor-specific" : "");
            for (size_t i = 0; i < files[f]->n_avps; i++) {
                const struct dia_avp_def *def = &files[f]->avps[i];
                if ((def->vendor != 0) == vendor_specific)
                    define_avp(out, def->name, def->vendor, def->code);
            }
        }
    }
}

// AVP_CANCELLATION_TYPE_SUBSCRIPTION_WITHDRAWAL; left out where the name is that of something else.
static void write_values(FILE *out, struct dia_file **files, size_t n)
{
    char avp[IDENT_MAX], value[IDENT_MAX], macro[MACRO_MAX + IDENT_MAX];
    for (size_t f = 0; f < n; f++) {
        for (size_t e = 0; e < files[f]->n_enums; e++) {
            const struct dia_enum_def *def = &files[f]->enums[e];
            fprintf(out, "\n// ---- values of %s ----\n", def->avp);
            for (size_t v = 0; v < def->n_values; v++) {
                snprintf(macro, sizeof(macro), "AVP_%s_%s", upper(def->avp, avp),
                         upper(def->values[v].name, value));
                if (!define(out, macro, def->values[v].value < 0 ? "(%d)" : "%d",
                            def->values[v].value))
                    fprintf(out, "// %s is taken\n", macro);
            }
        }
    }
}

static void write_commands(FILE *out, struct dia_file **files, size_t n)
{
    char ident[IDENT_MAX], file[IDENT_MAX], macro[MACRO_MAX + IDENT_MAX];
    fprintf(out, "\n// ---- commands, by the name of the request ----\n");
    for (size_t i = 0; i < sizeof(base_commands) / sizeof(base_commands[0]); i++) {
        snprintf(macro, sizeof(macro), "DIA_CMD_%s", base_commands[i].name);
        define(out, macro, "%u", base_commands[i].code);
    }
    for (size_t f = 0; f < n; f++) {
        for (size_t i = 0; i < files[f]->n_messages; i++) {
            const struct dia_group_def *m = &files[f]->messages[i];
            if (!m->request)
                continue;
            snprintf(macro, sizeof(macro), "DIA_CMD_%s", upper(m->name, ident));
            if (define(out, macro, "%u", m->code))
                continue;
            snprintf(macro, sizeof(macro), "DIA_CMD_%s_%s", upper(files[f]->name, file), ident);
            define(out, macro, "%u", m->code);
        }
    }
}

static void write_applications(FILE *out, struct dia_file **files, size_t n)
{
    char ident[IDENT_MAX], macro[MACRO_MAX];
    fprintf(out, "\n// ---- applications ----\n");
    for (size_t i = 0; i < sizeof(applications) / sizeof(applications[0]); i++) {
        snprintf(macro, sizeof(macro), "DIA_APP_%s", applications[i].name);
        define(out, macro, "%uu", applications[i].id);
    }
    for (size_t f = 0; f < n; f++) {
        if (!files[f]->has_application)
            continue;
        snprintf(macro, sizeof(macro), "DIA_APP_%s", upper(files[f]->name, ident));
        define(out, macro, "%uu", files[f]->application);
    }
}

// ---- reading ----

static struct dia_file *load(const char *path)
{
    struct dia_file *file = NULL;
    struct dia_parse_error error = {0};
    char *text = NULL;
    size_t len = 0, room = 0;
    FILE *in = fopen(path, "rb");
    while (in && !feof(in) && !ferror(in)) {
        if (len == room) {
            room = room ? room * 2 : 65536;
            char *grown = realloc(text, room);
            if (!grown)
                break;
            text = grown;
        }
        len += fread(text + len, 1, room - len, in);
    }
    if (!in || !feof(in))
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
    else if (dia_file_parse(text, len, &file, &error) != ERR_OK)
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
    if (in)
        fclose(in);
    free(text);
    return file;
}

int main(int argc, char **argv)
{
    int rc = 1;
    if (argc < 2) {
        fprintf(stderr, "usage: dia-names OUTPUT FILE.dia...\n");
        return 2;
    }
    size_t n = 0;
    struct dia_file **files = calloc((size_t)argc, sizeof(*files));
    FILE *out = NULL;
    if (!files)
        goto out;
    for (int i = 2; i < argc; i++) {
        files[n] = load(argv[i]);
        if (!files[n])
            goto out;
        n++;
    }
    out = fopen(argv[1], "wb");
    if (!out) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        goto out;
    }
    fprintf(out, "// SPDX-License-Identifier: BSD-3-Clause\n"
                 "// Written by dia-names from dictionaries/*.dia at build time.\n#pragma once\n\n"
                 "#include \"diameter/dict.h\"\n");
    write_avps(out, files, n);
    write_values(out, files, n);
    write_commands(out, files, n);
    write_applications(out, files, n);
    rc = ferror(out) ? 1 : 0;
out:
    if (out && fclose(out) != 0)
        rc = 1;
    for (size_t i = 0; i < n; i++)
        dia_file_free(files[i]);
    free(files);
    tdestroy(macros, free);
    return rc;
}
