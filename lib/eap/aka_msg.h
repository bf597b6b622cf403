// SPDX-License-Identifier: BSD-3-Clause
// Messages of EAP-AKA and EAP-AKA' (RFC 4187 §8, §9, §10; RFC 9048 §3, §4): a strict decoder of
// their attributes and a writer. Both directions, so that either side can be built on it.
// I/O-free. Not for what the values mean: eap/server.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "eap/eap.h"
#include "eap/keys.h"

enum eap_aka_subtype {
    EAP_AKA_CHALLENGE = 1,
    EAP_AKA_AUTHENTICATION_REJECT = 2,
    EAP_AKA_SYNCHRONIZATION_FAILURE = 4,
    EAP_AKA_IDENTITY = 5,
    EAP_AKA_NOTIFICATION = 12,
    EAP_AKA_REAUTHENTICATION = 13,
    EAP_AKA_CLIENT_ERROR = 14,
};

// Attributes by index; their wire numbers are in aka_msg.c.
enum eap_at {
    EAP_AT_RAND,
    EAP_AT_AUTN,
    EAP_AT_RES,
    EAP_AT_AUTS,
    EAP_AT_PERMANENT_ID_REQ,
    EAP_AT_MAC,
    EAP_AT_NOTIFICATION,
    EAP_AT_ANY_ID_REQ,
    EAP_AT_IDENTITY,
    EAP_AT_FULLAUTH_ID_REQ,
    EAP_AT_COUNTER,
    EAP_AT_COUNTER_TOO_SMALL,
    EAP_AT_NONCE_S,
    EAP_AT_CLIENT_ERROR_CODE,
    EAP_AT_KDF_INPUT,
    EAP_AT_KDF,
    EAP_AT_IV,
    EAP_AT_ENCR_DATA,
    EAP_AT_NEXT_PSEUDONYM,
    EAP_AT_NEXT_REAUTH_ID,
    EAP_AT_CHECKCODE,
    EAP_AT_RESULT_IND,
    EAP_AT_BIDDING,
    EAP_AT_COUNT
};
#define EAP_AT_BIT(at) ((uint32_t)1 << (at))

// Codes of AT_NOTIFICATION. Bit 0x4000 (P): before the challenge was answered; 0x8000 (S): success.
enum eap_aka_notification {
    EAP_AKA_FAILURE_AFTER = 0,
    EAP_AKA_DENIED_FOR_NOW = 1026,
    EAP_AKA_NOT_SUBSCRIBED = 1031,
    EAP_AKA_FAILURE = 16384,
    EAP_AKA_SUCCESS = 32768,
};

#define EAP_KDF_MAX 8
#define EAP_KDF_CK_IK_PRIME 1     // RFC 9048 §3.3
#define EAP_BIDDING_PREFER 0x8000 // D: EAP-AKA' is possible and preferred here

struct eap_aka_attr {
    const uint8_t *data; // the value alone: no length, reserved octets or padding; borrowed
    uint16_t len;
};

struct eap_aka_msg {
    uint8_t code, id, subtype;
    enum eap_type method;
    uint32_t have; // EAP_AT_BIT
    struct eap_aka_attr at[EAP_AT_COUNT];
    uint16_t mac_at; // where the 16 octets of AT_MAC are in the packet
    uint16_t kdf[EAP_KDF_MAX];
    uint8_t n_kdf;
};

// Decodes a whole EAP packet of either method. Attributes that the subtype must not carry, unknown
// ones that may not be skipped, duplicates, wrong lengths, missing mandatory ones and padding that
// is not zero are ERR_DECODE_*; reserved octets and unknown skippable attributes are ignored.
enum err eap_aka_decode(const uint8_t *packet, size_t len, struct eap_aka_msg *out);
// Decodes the attributes that AT_ENCR_DATA held (decrypted). AT_PADDING is checked and dropped.
enum err eap_aka_decode_inner(const uint8_t *plain, size_t len, struct eap_aka_msg *out);
static inline bool eap_aka_has(const struct eap_aka_msg *msg, enum eap_at at)
{
    return msg->have & EAP_AT_BIT(at);
}
// Value of an attribute with two octets; 0 if absent.
uint16_t eap_aka_u16(const struct eap_aka_msg *msg, enum eap_at at);
const char *eap_at_name(enum eap_at at); // "AT_RAND"; "?" beyond

// Errors are kept and told by eap_aka_end, so that a message is written without checks between.
struct eap_aka_writer {
    uint8_t buf[EAP_PACKET_MAX];
    size_t len;
    size_t mac_at; // 0: none
    enum err err;
};
void eap_aka_begin(struct eap_aka_writer *w, enum eap_code code, uint8_t id, enum eap_type method,
                   enum eap_aka_subtype subtype);
void eap_aka_begin_inner(struct eap_aka_writer *w); // attributes to be encrypted
// The value, laid out as the attribute wants it. Flags: NULL, 0. AT_RES counts whole octets.
void eap_aka_put(struct eap_aka_writer *w, enum eap_at at, const void *value, size_t len);
void eap_aka_put_u16(struct eap_aka_writer *w, enum eap_at at, uint16_t value);
// AT_IV and AT_ENCR_DATA with what inner holds, padded.
void eap_aka_put_encrypted(struct eap_aka_writer *w, const struct eap_aka_keys *keys,
                           const uint8_t iv[16], const struct eap_aka_writer *inner);
// Sets the length; with keys adds AT_MAC over the message and extra. What was wrong on the way.
enum err eap_aka_end(struct eap_aka_writer *w, const struct eap_aka_keys *keys, const void *extra,
                     size_t extra_len);
