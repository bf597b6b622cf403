// SPDX-License-Identifier: BSD-3-Clause
// Keys of EAP-AKA (RFC 4187 §7) and EAP-AKA' (RFC 9048 §3.3), and what they are used for: AT_MAC,
// AT_ENCR_DATA, AT_CHECKCODE. I/O-free, any thread. CK' and IK' come with the vector; they are not
// made here (aka/vector.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "eap/eap.h"

#define EAP_MSK_LEN 64
#define EAP_MAC_LEN 16
#define EAP_NONCE_LEN 16
#define EAP_CHECKCODE_MAX 32

struct eap_aka_keys {
    enum eap_type method;
    uint8_t mk[20]; // EAP-AKA: what re-authentication derives from
    uint8_t k_encr[16];
    uint8_t k_aut[32]; // EAP-AKA: 16 octets of it
    uint8_t k_re[32];  // EAP-AKA'
    uint8_t msk[EAP_MSK_LEN], emsk[EAP_MSK_LEN];
};

// Full authentication. ck, ik: EAP-AKA' takes CK' and IK'. identity: the last one the peer gave.
// ERR_INVALID: no such method, identity too long; ERR_INTERNAL from OpenSSL.
enum err eap_aka_keys_full(enum eap_type method, const char *identity, size_t identity_len,
                           const uint8_t ck[16], const uint8_t ik[16], struct eap_aka_keys *out);
// Fast re-authentication: replaces msk and emsk. identity: the re-authentication identity.
enum err eap_aka_keys_again(struct eap_aka_keys *keys, const char *identity, size_t identity_len,
                            uint16_t counter, const uint8_t nonce_s[EAP_NONCE_LEN]);

// AT_MAC over a packet whose 16 octets at mac_at count as zero, followed by `extra`.
enum err eap_aka_mac(const struct eap_aka_keys *keys, const uint8_t *packet, size_t len,
                     size_t mac_at, const void *extra, size_t extra_len, uint8_t out[EAP_MAC_LEN]);
// AT_ENCR_DATA: AES-128-CBC without padding, in place; len is a multiple of 16.
enum err eap_aka_crypt(const struct eap_aka_keys *keys, bool encrypt, const uint8_t iv[16],
                       uint8_t *data, size_t len);

// AT_CHECKCODE: a hash over the packets of the identity rounds, in order. Zero-initialise.
struct eap_checkcode {
    void *hash; // owned
};
enum err eap_checkcode_add(struct eap_checkcode *check, enum eap_type method, const uint8_t *packet,
                           size_t len);
// So far; *len 0 if nothing was added. May be asked again.
enum err eap_checkcode_get(const struct eap_checkcode *check, uint8_t out[EAP_CHECKCODE_MAX],
                           size_t *len);
void eap_checkcode_reset(struct eap_checkcode *check); // frees

// The pseudo random functions: FIPS 186-2 with change notice 1 as RFC 4187 Appendix A has it, and
// PRF' of RFC 9048 §3.4.1.
enum err eap_prf_fips(const uint8_t xkey[20], uint8_t *out, size_t len);
enum err eap_prf_prime(const uint8_t *key, size_t key_len, const uint8_t *seed, size_t seed_len,
                       uint8_t *out, size_t len);
enum err eap_aes_block(const uint8_t key[16], bool encrypt, uint8_t block[16]); // one block, ECB
