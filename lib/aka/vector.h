// SPDX-License-Identifier: BSD-3-Clause
// Authentication vectors from a subscriber's credentials: UMTS quintet, EPS vector, GSM triplet,
// the keys of EAP-AKA', and both ends of resynchronisation. I/O-free; RAND and SQN are the
// caller's.
//
// struct aka_gen holds the cipher and KDF contexts of one thread; aka_gen_key sets whose vectors
// it makes. Home network (HSS) and terminal (USIM) use the same generator.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "aka/milenage.h"
#include "aka/tuak.h"
#include "base/err.h"

#define AKA_AUTN_LEN 16
#define AKA_AUTS_LEN 14
#define AKA_KASME_LEN 32
#define AKA_RES_MAX 16 // TS 33.102 §6.3.7: 4..16 octets

// AMF bit 0 ("separation bit"), TS 33.102 Annex H: 1 marks vectors for E-UTRAN (and EAP-AKA').
#define AKA_AMF_SEPARATION 0x80

enum aka_alg { AKA_MILENAGE = 0, AKA_TUAK, AKA_ALGS };

// "milenage", "tuak"; NULL beyond.
const char *aka_alg_name(enum aka_alg alg);
enum err aka_alg_parse(const char *text, enum aka_alg *out);

// What the operator and the card share. Never log it.
struct aka_cred {
    enum aka_alg alg;
    uint8_t k[32];
    uint8_t k_len;       // 16; TUAK also 32
    uint8_t opc[32];     // OPc (16 octets) or TOPc (32 octets)
    uint8_t res_len;     // TUAK: 4, 8 or 16; MILENAGE: 8
    uint8_t iterations;  // TUAK: Keccak permutations, normally 1; MILENAGE: ignored
};

struct aka_gen;

enum err aka_gen_new(struct aka_gen **out); // ERR_NOMEM, ERR_UNSUPPORTED
void aka_gen_free(struct aka_gen *gen);     // NULL is fine; wipes

// Selects the subscriber; copies what it needs. ERR_INVALID on lengths the algorithm does not
// have.
enum err aka_gen_key(struct aka_gen *gen, const struct aka_cred *cred);

// Fills cred->opc from OP (MILENAGE, 16 octets) or TOP (TUAK, 32 octets); the other members are
// set.
enum err aka_cred_derive(struct aka_gen *gen, struct aka_cred *cred, const uint8_t *op,
                         size_t op_len);

// UMTS quintet, TS 33.102 §6.3.2.
struct aka_quintet {
    uint8_t rand[AKA_RAND_LEN];
    uint8_t xres[AKA_RES_MAX];
    uint8_t xres_len;
    uint8_t ck[16], ik[16];
    uint8_t autn[AKA_AUTN_LEN]; // SQN xor AK, AMF, MAC-A
};
enum err aka_quintet(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                     const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN],
                     struct aka_quintet *out);

// KASME, TS 33.401 Annex A.2 (FC 0x10): plmn is the serving network id, three octets coded as in
// Visited-PLMN-Id (TS 24.301).
enum err aka_kasme(struct aka_gen *gen, const struct aka_quintet *q, const uint8_t plmn[3],
                   uint8_t kasme[AKA_KASME_LEN]);

// CK' and IK' of EAP-AKA', TS 33.402 Annex A.2 (FC 0x20); anid: access network identity, e.g.
// "WLAN".
enum err aka_ck_ik_prime(struct aka_gen *gen, const struct aka_quintet *q, const void *anid,
                         size_t anid_len, uint8_t ck_prime[16], uint8_t ik_prime[16]);

// GSM triplet from a quintet by the conversion functions c2 and c3, TS 33.102 §6.8.1.2.
struct aka_triplet {
    uint8_t rand[AKA_RAND_LEN], sres[4], kc[8];
};
void aka_triplet(const struct aka_quintet *q, struct aka_triplet *out);

// Home side of resynchronisation, TS 33.102 §6.3.5: checks MAC-S (with AMF zero, §6.3.3) and
// gives SQN_MS. rand is the one of the challenge that the terminal refused. ERR_DENIED if MAC-S
// is wrong.
enum err aka_auts_open(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                       const uint8_t auts[AKA_AUTS_LEN], uint8_t sqn_ms[AKA_SQN_LEN]);

// Terminal side: builds AUTS for a challenge that it refuses.
enum err aka_auts_make(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                       const uint8_t sqn_ms[AKA_SQN_LEN], uint8_t auts[AKA_AUTS_LEN]);

// Terminal side: checks MAC-A of a challenge and gives the SQN and AMF that it carried and the
// answer (xres, ck, ik). Freshness of the SQN is aka_sqn_check's. ERR_DENIED if MAC-A is wrong.
enum err aka_autn_open(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                       const uint8_t autn[AKA_AUTN_LEN], uint8_t sqn[AKA_SQN_LEN],
                       uint8_t amf[AKA_AMF_LEN], struct aka_quintet *out);
