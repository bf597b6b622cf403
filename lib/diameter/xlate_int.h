// SPDX-License-Identifier: BSD-3-Clause
// Inside of the translation engine: compiled rows and access to values. For xlate*.c only.
#pragma once

#include "diameter/xlate.h"

#define XLATE_PATH 3 // sub-messages a dotted field may pass

struct xlate_node;

struct xlate_row {
    const struct xlate *row;
    const ProtobufCFieldDescriptor *field;            // NULL: constant or flattened group
    const ProtobufCFieldDescriptor *path[XLATE_PATH]; // sub-messages on the way to the field
    unsigned n_path;
    struct dict_object *model;
    const char *name; // AVP name
    enum dia_type type;
    bool mandatory;
    const struct xlate_conv *conv; // never NULL unless grouped
    struct xlate_node *members;
    const struct xlate_row *match; // the member that decides whether a group is meant, or NULL
    bool bit_first;                // first row of this bit field in its group: encodes all of them
};

struct xlate_node {
    const ProtobufCMessageDescriptor *desc; // of the message the rows' fields belong to
    size_t n;
    struct xlate_row *rows;
    bool owned_elsewhere;
};

struct xlate_table {
    const struct xlate_def *def;
    struct xlate_node *root;
};

// Type of an AVP from the loaded dictionary or the library's base; false if unknown.
bool xlate_avp_type(dia_avp_id id, struct dict_object **model, enum dia_type *type,
                    bool *mandatory);
unsigned xlate_avp_class(enum dia_type type);   // XLATE_A_*; 0: grouped or not supported
unsigned xlate_field_class(ProtobufCType type); // XLATE_F_*; 0: message or not supported
const struct xlate_conv *xlate_default_conv(void);

// ---- fields (xlate_field.c) ----
// Where a field's value is: a message reached through the path. make: allocate missing
// sub-messages. NULL: a sub-message is absent (or memory is).
ProtobufCMessage *xlate_owner(const struct xlate_row *r, const ProtobufCMessage *msg,
                              struct base_arena *arena, bool make);
size_t xlate_count(const ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field);
// Value i of a field (i is 0 unless repeated). False: unset.
bool xlate_load(const ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field, size_t i,
                struct xlate_value *out);
ProtobufCMessage *xlate_load_message(const ProtobufCMessage *owner,
                                     const ProtobufCFieldDescriptor *field, size_t i);
// Makes room for n elements of a repeated field; the count stays as it is.
enum err xlate_reserve(ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field, size_t n,
                       struct base_arena *arena);
// Sets the field, or appends to a repeated one (room must be reserved). ERR_DECODE_VALUE: does not
// fit.
enum err xlate_store(ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field,
                     const struct xlate_value *value, struct base_arena *arena);
void xlate_store_message(ProtobufCMessage *owner, const ProtobufCFieldDescriptor *field,
                         ProtobufCMessage *sub);
// ---- AVPs ----
enum err xlate_avp_load(const struct xlate_row *r, struct avp *avp, struct xlate_value *out);
enum err xlate_avp_add(const struct xlate_row *r, msg_or_avp *parent,
                       const struct xlate_value *value);
enum err xlate_check_bounds(const struct xlate *row, const struct xlate_value *value, enum err err);
