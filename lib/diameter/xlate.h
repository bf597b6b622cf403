// SPDX-License-Identifier: BSD-3-Clause
// Translation between protobuf messages and Diameter messages, driven by tables: one row per field,
// read in both directions by one engine. A table is compiled once at start, when the dictionary is
// complete: names become offsets, types are checked, every mistake is reported. The interface
// statements in docs/ are printed from the compiled tables (xlate_doc).
// Not for procedures (what to do with an answer), not for Session-Id, origin, routing and result.
// Thread-safe after compiling: tables are read-only, the context belongs to its caller.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "diameter/dict.h"
#include "diameter/msg.h"

struct xlate;
struct xlate_ctx;
struct xlate_table; // a compiled table

// A value on its way: a number, or bytes (text has no NUL at its end). Unsigned 64-bit numbers
// travel as their bit pattern.
struct xlate_value {
    bool is_bytes;
    int64_t num;
    const uint8_t *data; // borrowed from the message, or in the context's arena
    size_t len;
};

// A conversion between a field's value and an AVP's value. NULL functions pass the value on.
struct xlate_conv {
    const char *name; // for the documentation
    const char *help; // one sentence
    unsigned fields;  // allowed field types: OR of XLATE_F_*
    unsigned avps;    // allowed AVP types: OR of XLATE_A_*
    enum err (*encode)(struct xlate_ctx *ctx, const struct xlate *row, const struct xlate_value *in,
                       struct xlate_value *out);
    enum err (*decode)(struct xlate_ctx *ctx, const struct xlate *row, const struct xlate_value *in,
                       struct xlate_value *out);
};
enum {
    XLATE_F_INT = 1, // int32, int64, uint32, uint64
    XLATE_F_ENUM = 2,
    XLATE_F_BOOL = 4,
    XLATE_F_STRING = 8,
    XLATE_F_BYTES = 16,
    XLATE_A_NUMBER = 1, // Integer32/64, Unsigned32/64, Enumerated
    XLATE_A_TEXT = 2,   // UTF8String, DiameterIdentity, DiameterURI, filter rules
    XLATE_A_OCTETS = 4, // OctetString
    XLATE_A_ADDRESS = 8,
    XLATE_A_TIME = 16,
};

extern const struct xlate_conv xlate_imsi;     // digits, a leading "IMSI" is taken off <-> text
extern const struct xlate_conv xlate_tbcd;     // digits <-> TBCD octets
extern const struct xlate_conv xlate_bit;      // bool <-> bit number `value` of an Unsigned32
extern const struct xlate_conv xlate_inverted; // bool <-> number: true is 0, false is 1
extern const struct xlate_conv xlate_presence; // bool <-> the AVP is there (written with `value`)
extern const struct xlate_conv xlate_address;  // "192.0.2.1" <-> Address
extern const struct xlate_conv xlate_unix;     // seconds since 1970 <-> Time
extern const struct xlate_conv xlate_at_most;  // number; toward the core never above `max`

enum xlate_flags {
    XLATE_REQUIRED = 1, // encoding: the field must be set; decoding: the AVP must be there
    XLATE_ALWAYS = 2,   // encode the field even when it is unset (zero) or the group is empty
    XLATE_ENCODE = 4,   // only toward the core
    XLATE_DECODE = 8,   // only from the core
    XLATE_DEFAULT = 16, // an unset field is sent as `value`, an absent AVP is read as `value`
    XLATE_CONST = 32,   // no field: the AVP always has `value` (counts as content of no group)
    XLATE_MATCH = 64,   // with CONST: when decoding, only groups with this value are meant
    XLATE_KEY = 128,    // decoding: if it is there and cannot be read, its group cannot either
};

struct xlate {
    // Field name; "a.b" is field b of sub-message a, made when needed. NULL with `members`: the
    // group is flattened, its members are fields of the same message.
    const char *field;
    dia_avp_id avp;
    const struct xlate_conv *conv;             // NULL: as the two types suggest
    unsigned flags;                            // enum xlate_flags
    int64_t value;                             // constant, default or bit number
    int64_t min, max;                          // of a number, or of a length; both 0: no bounds
    bool (*when)(const ProtobufCMessage *msg); // encode only if true
    const struct xlate *members;               // rows of a grouped AVP
    dia_avp_id order; // repeated groups are read in the order of this member
    // After decoding the members of this group (msg: the message they went to).
    enum err (*after)(struct xlate_ctx *ctx, ProtobufCMessage *msg);
    const char *note; // for the documentation
};
// A row with a field; a row without one (a flattened group, a constant, a constant bit).
#define XLATE_FIELD(name, id, ...)                                                                 \
    {                                                                                              \
        .field = (name), .avp = (id), __VA_ARGS__                                                  \
    }
#define XLATE_AVP(id, ...)                                                                         \
    {                                                                                              \
        .avp = (id), __VA_ARGS__                                                                   \
    }
#define XLATE_END                                                                                  \
    {                                                                                              \
        .field = NULL, .avp = 0                                                                    \
    }

// One message of an interface.
struct xlate_def {
    const char *name;   // "AIR"
    const char *title;  // "Authentication-Information-Request"
    const char *clause; // "TS 29.272 7.2.5"
    uint32_t application, command;
    bool request;
    unsigned direction; // XLATE_ENCODE or XLATE_DECODE: the way this message goes
    const ProtobufCMessageDescriptor *message;
    const struct xlate *rows;
    enum err (*after)(struct xlate_ctx *ctx, ProtobufCMessage *msg); // as xlate.after
    const char *note;
};

// Checks and compiles. Every mistake is reported as one line of text: unknown field or AVP, types
// that do not fit, AVP that the ABNF does not allow there, required AVP without a row. ERR_DIA_DICT
// if there was any. Needs the loaded dictionary; main thread.
enum err xlate_compile(const struct xlate_def *def, void (*report)(void *arg, const char *text),
                       void *arg, struct xlate_table **out);
void xlate_free(struct xlate_table *table); // NULL is fine
// The same for n definitions: all mistakes are reported, the first error is returned, and tables is
// filled only if there was none. _free_all leaves NULLs.
enum err xlate_compile_all(const struct xlate_def *defs, size_t n,
                           void (*report)(void *arg, const char *text), void *arg,
                           struct xlate_table **tables);
void xlate_free_all(struct xlate_table **tables, size_t n);
const struct xlate_def *xlate_def(const struct xlate_table *table);

#define XLATE_DEPTH 8 // of nested groups

// Input and outcome of one translation. Zero it, then set arena (and lenient).
struct xlate_ctx {
    struct base_arena *arena; // everything decoded lives here
    // From a peer that should not be refused for details: optional AVPs (and elements of repeated
    // ones) that cannot be read are dropped and counted.
    bool lenient;
    // On failure: the AVP and the groups around it, outermost first.
    dia_avp_id path[XLATE_DEPTH];
    unsigned depth;
    struct avp *failed;         // the offending AVP of a decoded message; NULL if it is missing
    unsigned duplicates;        // AVPs ignored because the first of their kind counts
    unsigned dropped;           // AVPs ignored because they could not be read
    dia_avp_id dropped_avp;     // the first of them
    unsigned unknown_mandatory; // AVPs with the M bit that the dictionary lacks; the caller decides
    struct avp *unknown;        // the first of them
};

// Adds the AVPs of the table's rows to msg, in the order of the rows. ERR_ENCODE_VALUE: a field is
// missing or cannot be expressed (see xlate_where). ERR_ENCODE_SPACE: the message is larger than
// peers take. ERR_NOMEM.
enum err xlate_encode(const struct xlate_table *table, const ProtobufCMessage *from,
                      struct msg *msg, struct xlate_ctx *ctx);
// Reads the table's AVPs of msg into a new message in the arena. AVPs without a row are ignored, of
// duplicates the first counts. ERR_DECODE_MISSING, _VALUE, _LENGTH: see xlate_where; ERR_NOMEM.
enum err xlate_decode(const struct xlate_table *table, struct msg *msg, struct xlate_ctx *ctx,
                      ProtobufCMessage **out);
// What xlate_decode finds out about unknown AVPs, of a message that has no table. ERR_NOMEM.
enum err xlate_look(struct msg *msg, struct xlate_ctx *ctx);
// "Subscription-Data.AMBR.Max-Requested-Bandwidth-UL" of the last failure; returns out.
const char *xlate_where(const struct xlate_ctx *ctx, char *out, size_t size);
// Adds Failed-AVP (RFC 6733 7.5) for the last failure: the offending AVP, or an empty one of the
// kind that is missing, inside the groups it belongs to.
enum err xlate_add_failed(struct msg *answer, const struct xlate_ctx *ctx);

// A message of the arena, initialised; NULL when out of memory. For `after` functions and tests.
ProtobufCMessage *xlate_message_new(struct base_arena *arena,
                                    const ProtobufCMessageDescriptor *desc);

// The interface statement: one Markdown section per table.
void xlate_doc(const struct xlate_table *table, FILE *out);
