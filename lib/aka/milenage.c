// SPDX-License-Identifier: BSD-3-Clause
// MILENAGE on OpenSSL's AES. The five output blocks depend only on TEMP and the inputs, so they go
// through the cipher as one 80-byte ECB call, which the AES instructions pipeline.
#include "aka/milenage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define BLOCK 16
#define OUTPUTS 5

struct aka_milenage {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *ctx;
    uint8_t opc[BLOCK];
    bool keyed;
};

enum err aka_milenage_new(struct aka_milenage **out)
{
    struct aka_milenage *m = calloc(1, sizeof *m);
    enum err err = ERR_NOMEM;

    if (!m)
        goto out;
    m->ctx = EVP_CIPHER_CTX_new();
    if (!m->ctx)
        goto out;
    err = ERR_UNSUPPORTED;
    m->cipher = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    if (!m->cipher || EVP_EncryptInit_ex(m->ctx, m->cipher, NULL, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(m->ctx, 0) != 1)
        goto out;
    err = ERR_OK;
    *out = m;
    m = NULL;
out:
    aka_milenage_free(m);
    return err;
}

void aka_milenage_free(struct aka_milenage *m)
{
    if (!m)
        return;
    EVP_CIPHER_CTX_free(m->ctx);
    EVP_CIPHER_free(m->cipher);
    OPENSSL_cleanse(m, sizeof *m);
    free(m);
}

static enum err set_k(struct aka_milenage *m, const uint8_t k[BLOCK])
{
    m->keyed = false;
    // a NULL cipher keeps the fetched one and skips the provider look-up
    return EVP_EncryptInit_ex(m->ctx, NULL, NULL, k, NULL) == 1 ? ERR_OK : ERR_INTERNAL;
}

static enum err encrypt(struct aka_milenage *m, const uint8_t *in, uint8_t *out, int len)
{
    int done = 0;

    if (EVP_EncryptUpdate(m->ctx, out, &done, in, len) != 1 || done != len)
        return ERR_INTERNAL;
    return ERR_OK;
}

static void xor16(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < BLOCK; i++)
        out[i] = a[i] ^ b[i];
}

// out = in rotated cyclically by bits towards the most significant bit; the standard's r1..r5 are
// multiples of eight.
static void rot_bytes(uint8_t *out, const uint8_t *in, unsigned bits)
{
    for (unsigned i = 0; i < BLOCK; i++)
        out[i] = in[(i + bits / 8) % BLOCK];
}

enum err aka_milenage_opc(struct aka_milenage *m, const uint8_t k[16], const uint8_t op[16],
                          uint8_t opc[16])
{
    uint8_t block[BLOCK];
    enum err err = set_k(m, k);

    if (!err)
        err = encrypt(m, op, block, BLOCK);
    if (err)
        return err;
    xor16(opc, op, block);
    memcpy(m->opc, opc, BLOCK);
    m->keyed = true;
    OPENSSL_cleanse(block, sizeof block);
    return ERR_OK;
}

enum err aka_milenage_key(struct aka_milenage *m, const uint8_t k[16], const uint8_t opc[16])
{
    enum err err = set_k(m, k);

    if (err)
        return err;
    memcpy(m->opc, opc, BLOCK);
    m->keyed = true;
    return ERR_OK;
}

enum err aka_milenage_run(struct aka_milenage *m, const uint8_t rand[AKA_RAND_LEN],
                          const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN],
                          struct aka_milenage_out *out)
{
    // TS 35.206 §4.1: r2..r5 and the only non-zero octet of c2..c5
    static const unsigned rotation[OUTPUTS] = {64, 0, 32, 64, 96};
    static const uint8_t constant[OUTPUTS] = {0, 1, 2, 4, 8};
    uint8_t in1[BLOCK], mixed[BLOCK], temp[BLOCK], in[OUTPUTS][BLOCK], res[OUTPUTS][BLOCK];
    enum err err;

    if (!m->keyed)
        return ERR_WRONG_STATE;
    xor16(mixed, rand, m->opc);
    err = encrypt(m, mixed, temp, BLOCK);
    if (err)
        goto out;

    for (int half = 0; half < 2; half++) {
        memcpy(in1 + 8 * half, sqn, AKA_SQN_LEN);
        memcpy(in1 + 8 * half + AKA_SQN_LEN, amf, AKA_AMF_LEN);
    }
    xor16(mixed, in1, m->opc);
    rot_bytes(in[0], mixed, rotation[0]);
    xor16(in[0], in[0], temp);
    xor16(mixed, temp, m->opc);
    for (int i = 1; i < OUTPUTS; i++) {
        rot_bytes(in[i], mixed, rotation[i]);
        in[i][BLOCK - 1] ^= constant[i];
    }
    err = encrypt(m, in[0], res[0], sizeof in);
    if (err)
        goto out;
    for (int i = 0; i < OUTPUTS; i++)
        xor16(res[i], res[i], m->opc);

    memcpy(out->mac_a, res[0], 8);
    memcpy(out->mac_s, res[0] + 8, 8);
    memcpy(out->ak, res[1], AKA_AK_LEN);
    memcpy(out->res, res[1] + 8, 8);
    memcpy(out->ck, res[2], 16);
    memcpy(out->ik, res[3], 16);
    memcpy(out->ak_star, res[4], AKA_AK_LEN);
out:
    OPENSSL_cleanse(temp, sizeof temp);
    OPENSSL_cleanse(mixed, sizeof mixed);
    OPENSSL_cleanse(in, sizeof in);
    OPENSSL_cleanse(res, sizeof res);
    return err;
}
