// SPDX-License-Identifier: BSD-3-Clause
// Identities of EAP-AKA and EAP-AKA' (TS 23.003 §19.3, RFC 4187 §4.1.1): what an identity is by its
// first character, and pseudonyms that are encrypted IMSIs (TS 33.402 §14.1, TS 33.234 §6.4.1), so
// that any server that has the keys understands them and none has to remember them.
// I/O-free. Not for keeping keys of pseudonyms, nor the state behind re-authentication identities.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"
#include "eap/eap.h"

enum eap_id_kind { EAP_ID_OTHER = 0, EAP_ID_PERMANENT, EAP_ID_PSEUDONYM, EAP_ID_REAUTH };

struct eap_identity {
    enum eap_id_kind kind;
    enum eap_type method;     // EAP_AKA, EAP_AKA_PRIME; EAP_NONE when the identity does not say
    const char *user, *realm; // borrowed, not terminated; realm NULL if there is none
    size_t user_len, realm_len;
    struct base_imsi imsi; // EAP_ID_PERMANENT
};

// Leading characters: 0 2 4 for EAP-AKA, 6 7 8 for EAP-AKA'. Never fails: what is not understood is
// EAP_ID_OTHER.
void eap_identity_read(const char *text, size_t len, struct eap_identity *out);

#define EAP_PSEUDONYM_LEN 23 // characters: tag, key indicator, AES block, six bits each
#define EAP_PSEUDONYM_KEYS 16

// Keys by their indicator (four bits). The current one makes pseudonyms, all open them.
struct eap_pseudonym_keys {
    uint8_t current;
    bool set[EAP_PSEUDONYM_KEYS];
    uint8_t key[EAP_PSEUDONYM_KEYS][16];
};

// random: 8 octets, new each time. ERR_NOT_FOUND: no current key. ERR_INVALID: no such method.
enum err eap_pseudonym_make(const struct eap_pseudonym_keys *keys, enum eap_type method,
                            const struct base_imsi *imsi, const uint8_t random[8],
                            char out[EAP_PSEUDONYM_LEN + 1]);
// user: what precedes the realm. ERR_DECODE_LENGTH, ERR_DECODE_SYNTAX: no pseudonym of this form;
// ERR_NOT_FOUND: made with a key we do not have; ERR_DECODE_VALUE: no IMSI inside.
enum err eap_pseudonym_open(const struct eap_pseudonym_keys *keys, const char *user, size_t len,
                            struct base_imsi *out);
