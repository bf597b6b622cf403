// SPDX-License-Identifier: BSD-3-Clause
// Translation between SGsAP messages and the protobuf messages of access gateways, as tables: a row
// per information element and field. bytes fields are the IE's value, as it is on the wire.
// I/O-free.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "sgsap/sgsap.h"

struct sgs_method {
    uint8_t type;                           // enum sgsap_type
    enum sgsap_side from;                   // SGSAP_MME: access gateway to VLR
    const char *path;                       // of the gRPC method
    const ProtobufCMessageDescriptor *body; // its request
    const struct sgs_row *rows;
};

// The method that carries a message; NULL: access gateways have none.
const struct sgs_method *sgs_method_of(uint8_t type, enum sgsap_side from);
extern const struct sgs_method sgs_method_table[];
extern const size_t sgs_n_methods;

// Fills msg from an access gateway's message. msg borrows from body; the MME name is always
// own_name. ERR_ENCODE_VALUE with the IE in *bad (may be NULL) if a value does not fit.
enum err sgs_from_agw(const struct sgs_method *method, const ProtobufCMessage *body,
                      const char *own_name, struct sgsap_msg *msg, enum sgsap_ie *bad);

// Packs the access gateway's form of msg into buf. ERR_ENCODE_SPACE; ERR_DECODE_*: a value that the
// access gateway's message cannot carry. SGS_PACKED_MAX always suffices.
#define SGS_PACKED_MAX 4096
enum err sgs_to_agw(const struct sgs_method *method, const struct sgsap_msg *msg,
                    const char *own_name, uint8_t *buf, size_t size, size_t *len);

// The tables as Markdown, for the interface statement.
void sgs_tables_doc(FILE *out);
