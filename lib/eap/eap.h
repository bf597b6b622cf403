// SPDX-License-Identifier: BSD-3-Clause
// EAP packets, RFC 3748 §4: header, type, the two types every method needs (Identity, Nak).
// I/O-free. Not for the contents of methods (eap/aka_msg.h) nor for conversations (eap/server.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define EAP_HEADER_LEN 4
#define EAP_PACKET_MAX 1400  // what we build; a conversation of ours never comes near it
#define EAP_IDENTITY_MAX 253 // longest identity we take: User-Name of RADIUS

enum eap_code { EAP_REQUEST = 1, EAP_RESPONSE = 2, EAP_SUCCESS = 3, EAP_FAILURE = 4 };

enum eap_type {
    EAP_NONE = 0, // Success and Failure have no type
    EAP_IDENTITY = 1,
    EAP_NOTIFICATION = 2,
    EAP_NAK = 3,
    EAP_AKA = 23,       // RFC 4187
    EAP_AKA_PRIME = 50, // RFC 9048
};

struct eap_packet {
    uint8_t code, id, type;
    const uint8_t *data; // after the type; borrowed from the input
    size_t len;
    size_t total; // octets of the whole packet; what follows is link padding
};

// ERR_DECODE_TRUNCATED, ERR_DECODE_LENGTH, ERR_DECODE_VALUE (no such code).
enum err eap_decode(const uint8_t *in, size_t len, struct eap_packet *out);
// Does this legacy Nak (RFC 3748 §5.3.1) ask for the type?
bool eap_nak_wants(const struct eap_packet *nak, enum eap_type type);
// Writes a packet that is only a header (Success, Failure) or a header, type and data.
// ERR_ENCODE_SPACE.
enum err eap_encode(enum eap_code code, uint8_t id, enum eap_type type, const void *data, size_t n,
                    uint8_t *out, size_t size, size_t *len);
