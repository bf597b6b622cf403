// SPDX-License-Identifier: BSD-3-Clause
// Vectors on top of the two algorithm sets. The difference between the sets ends at struct funcs.
#include "aka/vector.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct aka_gen {
    enum aka_alg alg;
    bool keyed;
    struct aka_milenage *milenage;
    struct aka_tuak tuak;
    EVP_MAC *mac;
    EVP_MAC_CTX *hmac;
};

// What f1..f5* give, cut to what a vector carries.
struct funcs {
    uint8_t mac_a[8], mac_s[8];
    uint8_t res[AKA_TUAK_MAX];
    uint8_t res_len;
    uint8_t ck[16], ik[16];
    uint8_t ak[AKA_AK_LEN], ak_star[AKA_AK_LEN];
};

static const char *const alg_names[AKA_ALGS] = {
    [AKA_MILENAGE] = "milenage",
    [AKA_TUAK] = "tuak",
};

const char *aka_alg_name(enum aka_alg alg)
{
    return (unsigned)alg < AKA_ALGS ? alg_names[alg] : NULL;
}

enum err aka_alg_parse(const char *text, enum aka_alg *out)
{
    for (int i = 0; i < AKA_ALGS; i++) {
        if (strcmp(text, alg_names[i]) == 0) {
            *out = (enum aka_alg)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err aka_gen_new(struct aka_gen **out)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    struct aka_gen *gen = calloc(1, sizeof *gen);
    enum err err = ERR_NOMEM;

    if (!gen)
        goto out;
    err = aka_milenage_new(&gen->milenage);
    if (err)
        goto out;
    err = ERR_UNSUPPORTED;
    gen->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!gen->mac)
        goto out;
    gen->hmac = EVP_MAC_CTX_new(gen->mac);
    if (!gen->hmac || EVP_MAC_CTX_set_params(gen->hmac, params) != 1)
        goto out;
    err = ERR_OK;
    *out = gen;
    gen = NULL;
out:
    aka_gen_free(gen);
    return err;
}

void aka_gen_free(struct aka_gen *gen)
{
    if (!gen)
        return;
    EVP_MAC_CTX_free(gen->hmac);
    EVP_MAC_free(gen->mac);
    aka_milenage_free(gen->milenage);
    OPENSSL_cleanse(gen, sizeof *gen);
    free(gen);
}

// Copies the TUAK parameters; a vector's MAC is always 64 bit and its keys 128 bit (TS 33.102
// §6.3.7).
static enum err set_tuak(struct aka_gen *gen, const struct aka_cred *cred)
{
    struct aka_tuak *t = &gen->tuak;

    if ((cred->k_len != 16 && cred->k_len != 32) || cred->iterations == 0 ||
        (cred->res_len != 4 && cred->res_len != 8 && cred->res_len != 16))
        return ERR_INVALID;
    memset(t, 0, sizeof *t);
    memcpy(t->k, cred->k, cred->k_len);
    t->k_len = cred->k_len;
    memcpy(t->topc, cred->opc, sizeof t->topc);
    t->mac_len = 8;
    t->res_len = cred->res_len;
    t->ck_len = t->ik_len = 16;
    t->iterations = cred->iterations;
    return ERR_OK;
}

enum err aka_gen_key(struct aka_gen *gen, const struct aka_cred *cred)
{
    enum err err = ERR_INVALID;

    gen->keyed = false;
    if (cred->alg == AKA_MILENAGE && cred->k_len == 16)
        err = aka_milenage_key(gen->milenage, cred->k, cred->opc);
    else if (cred->alg == AKA_TUAK)
        err = set_tuak(gen, cred);
    if (err)
        return err;
    gen->alg = cred->alg;
    gen->keyed = true;
    return ERR_OK;
}

enum err aka_cred_derive(struct aka_gen *gen, struct aka_cred *cred, const uint8_t *op,
                         size_t op_len)
{
    enum err err;

    gen->keyed = false;
    memset(cred->opc, 0, sizeof cred->opc);
    if (cred->alg == AKA_MILENAGE) {
        if (cred->k_len != 16 || op_len != 16)
            return ERR_INVALID;
        return aka_milenage_opc(gen->milenage, cred->k, op, cred->opc);
    }
    if (cred->alg != AKA_TUAK || op_len != AKA_TOP_LEN)
        return ERR_INVALID;
    err = set_tuak(gen, cred);
    if (!err)
        err = aka_tuak_topc(&gen->tuak, op);
    if (!err)
        memcpy(cred->opc, gen->tuak.topc, AKA_TOP_LEN);
    return err;
}

// f2..f5 of TUAK; f1 and f1* are calls of their own.
static enum err run_tuak(struct aka_gen *gen, const uint8_t *rand, struct funcs *f)
{
    f->res_len = gen->tuak.res_len;
    return aka_tuak_f2345(&gen->tuak, rand, f->res, f->ck, f->ik, f->ak);
}

static enum err run_milenage(struct aka_gen *gen, const uint8_t *rand, const uint8_t *sqn,
                             const uint8_t *amf, struct funcs *f)
{
    struct aka_milenage_out out;
    enum err err = aka_milenage_run(gen->milenage, rand, sqn, amf, &out);

    if (err)
        return err;
    memcpy(f->mac_a, out.mac_a, sizeof f->mac_a);
    memcpy(f->mac_s, out.mac_s, sizeof f->mac_s);
    memcpy(f->res, out.res, sizeof out.res);
    f->res_len = sizeof out.res;
    memcpy(f->ck, out.ck, sizeof f->ck);
    memcpy(f->ik, out.ik, sizeof f->ik);
    memcpy(f->ak, out.ak, sizeof f->ak);
    memcpy(f->ak_star, out.ak_star, sizeof f->ak_star);
    OPENSSL_cleanse(&out, sizeof out);
    return ERR_OK;
}

static void xor6(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < AKA_SQN_LEN; i++)
        out[i] = a[i] ^ b[i];
}

enum err aka_quintet(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                     const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN],
                     struct aka_quintet *out)
{
    struct funcs f;
    enum err err;

    if (!gen->keyed)
        return ERR_WRONG_STATE;
    if (gen->alg == AKA_MILENAGE) {
        err = run_milenage(gen, rand, sqn, amf, &f);
    } else {
        err = run_tuak(gen, rand, &f);
        if (!err)
            err = aka_tuak_f1(&gen->tuak, rand, sqn, amf, f.mac_a);
    }
    if (err)
        return err;
    memcpy(out->rand, rand, AKA_RAND_LEN);
    memset(out->xres, 0, sizeof out->xres);
    memcpy(out->xres, f.res, f.res_len);
    out->xres_len = f.res_len;
    memcpy(out->ck, f.ck, sizeof out->ck);
    memcpy(out->ik, f.ik, sizeof out->ik);
    xor6(out->autn, sqn, f.ak);
    memcpy(out->autn + AKA_SQN_LEN, amf, AKA_AMF_LEN);
    memcpy(out->autn + AKA_SQN_LEN + AKA_AMF_LEN, f.mac_a, sizeof f.mac_a);
    OPENSSL_cleanse(&f, sizeof f);
    return ERR_OK;
}

// KDF of TS 33.220 Annex B.2 with two parameters, the second always SQN xor AK.
static enum err kdf(struct aka_gen *gen, const struct aka_quintet *q, uint8_t fc, const void *p0,
                    size_t p0_len, uint8_t out[32])
{
    uint8_t key[32], head[1], tail[2 + AKA_SQN_LEN + 2];
    size_t len = 0;
    enum err err = ERR_INTERNAL;

    if (p0_len > UINT16_MAX)
        return ERR_RANGE;
    memcpy(key, q->ck, 16);
    memcpy(key + 16, q->ik, 16);
    head[0] = fc;
    tail[0] = (uint8_t)(p0_len >> 8);
    tail[1] = (uint8_t)p0_len;
    memcpy(tail + 2, q->autn, AKA_SQN_LEN);
    tail[2 + AKA_SQN_LEN] = 0;
    tail[2 + AKA_SQN_LEN + 1] = AKA_SQN_LEN;
    if (EVP_MAC_init(gen->hmac, key, sizeof key, NULL) == 1 &&
        EVP_MAC_update(gen->hmac, head, sizeof head) == 1 &&
        EVP_MAC_update(gen->hmac, p0, p0_len) == 1 &&
        EVP_MAC_update(gen->hmac, tail, sizeof tail) == 1 &&
        EVP_MAC_final(gen->hmac, out, &len, 32) == 1 && len == 32)
        err = ERR_OK;
    OPENSSL_cleanse(key, sizeof key);
    return err;
}

enum err aka_kasme(struct aka_gen *gen, const struct aka_quintet *q, const uint8_t plmn[3],
                   uint8_t kasme[AKA_KASME_LEN])
{
    return kdf(gen, q, 0x10, plmn, 3, kasme);
}

enum err aka_ck_ik_prime(struct aka_gen *gen, const struct aka_quintet *q, const void *anid,
                         size_t anid_len, uint8_t ck_prime[16], uint8_t ik_prime[16])
{
    uint8_t both[32];
    enum err err = kdf(gen, q, 0x20, anid, anid_len, both);

    if (err)
        return err;
    memcpy(ck_prime, both, 16);
    memcpy(ik_prime, both + 16, 16);
    OPENSSL_cleanse(both, sizeof both);
    return ERR_OK;
}

void aka_triplet(const struct aka_quintet *q, struct aka_triplet *out)
{
    memcpy(out->rand, q->rand, sizeof out->rand);
    // c2: XRES padded with zeros to 16 octets, its four words combined; xres is zero-padded
    // already
    for (int i = 0; i < 4; i++)
        out->sres[i] = q->xres[i] ^ q->xres[i + 4] ^ q->xres[i + 8] ^ q->xres[i + 12];
    for (int i = 0; i < 8; i++)
        out->kc[i] = q->ck[i] ^ q->ck[i + 8] ^ q->ik[i] ^ q->ik[i + 8];
}

static const uint8_t zero_amf[AKA_AMF_LEN]; // TS 33.102 §6.3.3: MAC-S is computed with AMF all zero

static enum err ak_star(struct aka_gen *gen, const uint8_t *rand, uint8_t ak[AKA_AK_LEN])
{
    static const uint8_t zero_sqn[AKA_SQN_LEN]; // f5* does not depend on SQN
    struct funcs f;
    enum err err;

    if (!gen->keyed)
        return ERR_WRONG_STATE;
    if (gen->alg == AKA_TUAK)
        return aka_tuak_f5_star(&gen->tuak, rand, ak);
    err = run_milenage(gen, rand, zero_sqn, zero_amf, &f);
    if (!err)
        memcpy(ak, f.ak_star, AKA_AK_LEN);
    OPENSSL_cleanse(&f, sizeof f);
    return err;
}

static enum err mac_s(struct aka_gen *gen, const uint8_t *rand, const uint8_t *sqn, uint8_t mac[8])
{
    struct funcs f;
    enum err err;

    if (gen->alg == AKA_TUAK)
        return aka_tuak_f1_star(&gen->tuak, rand, sqn, zero_amf, mac);
    err = run_milenage(gen, rand, sqn, zero_amf, &f);
    if (!err)
        memcpy(mac, f.mac_s, 8);
    OPENSSL_cleanse(&f, sizeof f);
    return err;
}

enum err aka_auts_open(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                       const uint8_t auts[AKA_AUTS_LEN], uint8_t sqn_ms[AKA_SQN_LEN])
{
    uint8_t ak[AKA_AK_LEN], sqn[AKA_SQN_LEN], mac[8];
    enum err err = ak_star(gen, rand, ak);

    if (err)
        return err;
    xor6(sqn, auts, ak);
    err = mac_s(gen, rand, sqn, mac);
    if (err)
        return err;
    if (CRYPTO_memcmp(mac, auts + AKA_SQN_LEN, sizeof mac) != 0)
        return ERR_DENIED;
    memcpy(sqn_ms, sqn, sizeof sqn);
    return ERR_OK;
}

enum err aka_auts_make(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                       const uint8_t sqn_ms[AKA_SQN_LEN], uint8_t auts[AKA_AUTS_LEN])
{
    uint8_t ak[AKA_AK_LEN];
    enum err err = ak_star(gen, rand, ak);

    if (err)
        return err;
    xor6(auts, sqn_ms, ak);
    return mac_s(gen, rand, sqn_ms, auts + AKA_SQN_LEN);
}

enum err aka_autn_open(struct aka_gen *gen, const uint8_t rand[AKA_RAND_LEN],
                       const uint8_t autn[AKA_AUTN_LEN], uint8_t sqn[AKA_SQN_LEN],
                       uint8_t amf[AKA_AMF_LEN], struct aka_quintet *out)
{
    static const uint8_t zero_sqn[AKA_SQN_LEN];
    struct funcs f;
    uint8_t found[AKA_SQN_LEN];
    enum err err;

    if (!gen->keyed)
        return ERR_WRONG_STATE;
    err = gen->alg == AKA_MILENAGE ? run_milenage(gen, rand, zero_sqn, zero_amf, &f)
                                   : run_tuak(gen, rand, &f);
    if (err)
        return err;
    xor6(found, autn, f.ak);
    OPENSSL_cleanse(&f, sizeof f);
    err = aka_quintet(gen, rand, found, autn + AKA_SQN_LEN, out);
    if (err)
        return err;
    if (CRYPTO_memcmp(out->autn, autn, AKA_AUTN_LEN) != 0) {
        OPENSSL_cleanse(out, sizeof *out);
        return ERR_DENIED;
    }
    memcpy(sqn, found, sizeof found);
    memcpy(amf, autn + AKA_SQN_LEN, AKA_AMF_LEN);
    return ERR_OK;
}
