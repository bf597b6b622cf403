// SPDX-License-Identifier: BSD-3-Clause
// TUAK, TS 35.231: f1, f1*, f2, f3, f4, f5, f5* on the permutation Keccak-f[1600]. I/O-free, no
// state, any thread. Not for vectors (aka/vector.h) and not for sequence numbers (aka/sqn.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "aka/milenage.h" // lengths common to both algorithm sets
#include "base/err.h"

#define AKA_TOP_LEN 32
#define AKA_TUAK_MAX 32          // longest K, MAC, RES, CK, IK in octets
#define AKA_TUAK_ITERATIONS_MAX 255

// One subscriber's parameters. Lengths are octets.
struct aka_tuak {
    uint8_t k[AKA_TUAK_MAX];
    uint8_t k_len;               // 16 or 32
    uint8_t topc[AKA_TOP_LEN];
    uint8_t mac_len;             // 8, 16 or 32
    uint8_t res_len;             // 4, 8, 16 or 32
    uint8_t ck_len, ik_len;      // 16 or 32
    uint8_t iterations;          // permutations per function call; 1 unless the operator says so
};

// Keccak-f[1600] on 25 lanes, lane (x,y) at index x + 5y (FIPS 202 §3.2). Public for its test
// sets.
void aka_keccak_f1600(uint64_t lanes[25]);

// TOPc from TOP, §6.1; uses k, k_len and iterations of t and fills t->topc.
enum err aka_tuak_topc(struct aka_tuak *t, const uint8_t top[AKA_TOP_LEN]);

// f1 and f1*, §6.2 and §6.3: mac gets t->mac_len octets. ERR_INVALID on a length the standard
// lacks.
enum err aka_tuak_f1(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN],
                     const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN], uint8_t *mac);
enum err aka_tuak_f1_star(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN],
                          const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN],
                          uint8_t *mac);

// f2, f3, f4, f5, §6.4: res, ck, ik get t's lengths, ak six octets.
enum err aka_tuak_f2345(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN], uint8_t *res,
                        uint8_t *ck, uint8_t *ik, uint8_t ak[AKA_AK_LEN]);

// f5*, §6.5.
enum err aka_tuak_f5_star(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN],
                          uint8_t ak[AKA_AK_LEN]);
