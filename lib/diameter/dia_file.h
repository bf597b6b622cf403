// SPDX-License-Identifier: BSD-3-Clause
// Parser of .dia dictionary files (Erlang/OTP diameter_dict format). I/O-free: text in, tables out.
// Not for libfdcore (dict.h loads the result into it).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum dia_type {
    DIA_OCTETS,      // OctetString
    DIA_INT32, DIA_INT64, DIA_UINT32, DIA_UINT64, DIA_FLOAT32, DIA_FLOAT64,
    DIA_GROUPED,
    DIA_ADDRESS, DIA_TIME, DIA_UTF8, DIA_IDENTITY, DIA_URI, DIA_ENUM, DIA_IPFILTER, DIA_QOSFILTER,
    DIA_TYPES
};
const char *dia_type_name(enum dia_type type); // "OctetString"

struct dia_avp_def {
    char *name;
    uint32_t vendor, code;   // vendor 0: IETF
    enum dia_type type;
    bool mandatory;          // M flag
    bool may_encrypt;        // P flag
    int line;
};
struct dia_enum_def {
    char *avp;               // AVP name
    struct { char *name; int32_t value; } *values;
    size_t n_values;
};
enum dia_place { DIA_FIXED, DIA_REQUIRED, DIA_OPTIONAL }; // < >, { }, [ ]
struct dia_rule {
    char *avp;               // AVP name, or "AVP" for any
    enum dia_place place;
    int min, max;            // max -1: unlimited
};
struct dia_group_def {       // @grouped entry, or a message
    char *name;
    uint32_t code;           // command code (messages), AVP code (groups)
    uint32_t vendor;         // groups
    bool request, proxiable, error; // messages: REQ, PXY, ERR
    struct dia_rule *rules;
    size_t n_rules;
    int line;
};
struct dia_file {
    char *name;              // @name
    char *prefix;            // @prefix
    uint32_t application;    // @id
    bool has_application;
    uint32_t vendor;         // @vendor
    char *vendor_name;
    char **inherits;         // @inherits dictionary names
    size_t n_inherits;
    struct dia_avp_def *avps;
    size_t n_avps;
    struct dia_enum_def *enums;
    size_t n_enums;
    struct dia_group_def *groups;
    size_t n_groups;
    struct dia_group_def *messages;
    size_t n_messages;
};

struct dia_parse_error {
    int line;
    char text[160]; // what was found and what was expected
};
// Parses `len` bytes. On failure *out is NULL and *error tells line and reason.
enum err dia_file_parse(const char *text, size_t len, struct dia_file **out,
                        struct dia_parse_error *error);
void dia_file_free(struct dia_file *file);
