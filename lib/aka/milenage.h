// SPDX-License-Identifier: BSD-3-Clause
// MILENAGE, TS 35.206: f1, f1*, f2, f3, f4, f5, f5* on AES-128 with the standard constants c1..c5
// and rotations r1..r5. I/O-free. Not for vectors (aka/vector.h) and not for sequence numbers
// (aka/sqn.h).
//
// A context holds one key schedule. Setting another key reuses the context and costs about as
// much as one vector, so a thread keeps one context and re-keys it per subscriber. A context
// belongs to one thread at a time. It is wiped when freed.
#pragma once

#include <stdint.h>

#include "base/err.h"

#define AKA_RAND_LEN 16
#define AKA_SQN_LEN 6
#define AKA_AMF_LEN 2
#define AKA_AK_LEN 6

struct aka_milenage;

// Creates a context without a key. ERR_NOMEM, or ERR_UNSUPPORTED where OpenSSL offers no
// AES-128-ECB.
enum err aka_milenage_new(struct aka_milenage **out);
void aka_milenage_free(struct aka_milenage *m); // NULL is fine

// OPc = OP xor E_K(OP), TS 35.206 §4.1. Leaves the context keyed with k.
enum err aka_milenage_opc(struct aka_milenage *m, const uint8_t k[16], const uint8_t op[16],
                          uint8_t opc[16]);

// Sets the subscriber: K and OPc. Both are copied.
enum err aka_milenage_key(struct aka_milenage *m, const uint8_t k[16], const uint8_t opc[16]);

// Everything the algorithm set yields for one (RAND, SQN, AMF).
struct aka_milenage_out {
    uint8_t mac_a[8], mac_s[8];        // f1, f1*
    uint8_t res[8];                    // f2
    uint8_t ck[16], ik[16];            // f3, f4
    uint8_t ak[AKA_AK_LEN];            // f5
    uint8_t ak_star[AKA_AK_LEN];       // f5*
};

// Runs all functions in two passes through the cipher. ERR_WRONG_STATE if no key was set.
enum err aka_milenage_run(struct aka_milenage *m, const uint8_t rand[AKA_RAND_LEN],
                          const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN],
                          struct aka_milenage_out *out);
