// SPDX-License-Identifier: BSD-3-Clause
// Key derivation and the use of keys. See keys.h.
#define OPENSSL_SUPPRESS_DEPRECATED // SHA1_Transform: FIPS 186-2 needs the bare compression
                                    // function
#include "eap/keys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#define PRF_PRIME_SEED_MAX (24 + EAP_IDENTITY_MAX + 2 + EAP_NONCE_LEN)
#define PRIME_KEYS_LEN (16 + 32 + 32 + 64 + 64)
#define AKA_KEYS_LEN (16 + 16 + 64 + 64)

// G(t, c): the SHA-1 compression function on c, filled up with zeros instead of padding.
static bool fips_g(const uint8_t c[20], uint8_t out[20])
{
    SHA_CTX ctx;
    uint8_t block[SHA_CBLOCK] = {0};
    if (!SHA1_Init(&ctx))
        return false;
    memcpy(block, c, 20);
    SHA1_Transform(&ctx, block);
    const SHA_LONG h[5] = {ctx.h0, ctx.h1, ctx.h2, ctx.h3, ctx.h4};
    for (size_t i = 0; i < 20; i++)
        out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
    return true;
}

enum err eap_prf_fips(const uint8_t xkey_in[20], uint8_t *out, size_t len)
{
    uint8_t xkey[20], w[20];
    memcpy(xkey, xkey_in, sizeof(xkey));
    while (len > 0) {
        if (!fips_g(xkey, w))
            return ERR_INTERNAL;
        unsigned carry = 1; // XKEY = (1 + XKEY + w) mod 2^160
        for (size_t i = 20; i-- > 0;) {
            carry += (unsigned)xkey[i] + w[i];
            xkey[i] = (uint8_t)carry;
            carry >>= 8;
        }
        size_t n = len < sizeof(w) ? len : sizeof(w);
        memcpy(out, w, n);
        out += n;
        len -= n;
    }
    return ERR_OK;
}

enum err eap_prf_prime(const uint8_t *key, size_t key_len, const uint8_t *seed, size_t seed_len,
                       uint8_t *out, size_t len)
{
    uint8_t text[32 + PRF_PRIME_SEED_MAX + 1], t[32];
    size_t before = 0; // T1 has no predecessor
    if (seed_len > PRF_PRIME_SEED_MAX || len > 255 * sizeof(t))
        return ERR_INVALID;
    for (uint8_t round = 1; len > 0; round++) {
        memcpy(text, t, before);
        memcpy(text + before, seed, seed_len);
        text[before + seed_len] = round;
        if (!HMAC(EVP_sha256(), key, (int)key_len, text, before + seed_len + 1, t, NULL))
            return ERR_INTERNAL;
        before = sizeof(t);
        size_t n = len < sizeof(t) ? len : sizeof(t);
        memcpy(out, t, n);
        out += n;
        len -= n;
    }
    return ERR_OK;
}

static const uint8_t *take(uint8_t *into, size_t n, const uint8_t *from)
{
    memcpy(into, from, n);
    return from + n;
}

static enum err aka_full(const char *identity, size_t n, const uint8_t ck[16], const uint8_t ik[16],
                         struct eap_aka_keys *out)
{
    uint8_t text[EAP_IDENTITY_MAX + 32], all[AKA_KEYS_LEN];
    memcpy(text, identity, n);
    memcpy(text + n, ik, 16);
    memcpy(text + n + 16, ck, 16);
    if (!SHA1(text, n + 32, out->mk))
        return ERR_INTERNAL;
    enum err err = eap_prf_fips(out->mk, all, sizeof(all));
    if (err)
        return err;
    const uint8_t *at = take(out->k_encr, 16, all);
    at = take(out->k_aut, 16, at);
    at = take(out->msk, EAP_MSK_LEN, at);
    take(out->emsk, EAP_MSK_LEN, at);
    return ERR_OK;
}

static enum err prime_full(const char *identity, size_t n, const uint8_t ck[16],
                           const uint8_t ik[16], struct eap_aka_keys *out)
{
    static const char label[8] = {'E', 'A', 'P', '-', 'A', 'K', 'A', '\''};
    uint8_t key[32], seed[PRF_PRIME_SEED_MAX], all[PRIME_KEYS_LEN];
    memcpy(key, ik, 16);
    memcpy(key + 16, ck, 16);
    memcpy(seed, label, sizeof(label));
    memcpy(seed + sizeof(label), identity, n);
    enum err err = eap_prf_prime(key, sizeof(key), seed, sizeof(label) + n, all, sizeof(all));
    if (err)
        return err;
    const uint8_t *at = take(out->k_encr, 16, all);
    at = take(out->k_aut, 32, at);
    at = take(out->k_re, 32, at);
    at = take(out->msk, EAP_MSK_LEN, at);
    take(out->emsk, EAP_MSK_LEN, at);
    return ERR_OK;
}

enum err eap_aka_keys_full(enum eap_type method, const char *identity, size_t identity_len,
                           const uint8_t ck[16], const uint8_t ik[16], struct eap_aka_keys *out)
{
    memset(out, 0, sizeof(*out));
    out->method = method;
    if (identity_len > EAP_IDENTITY_MAX)
        return ERR_INVALID;
    if (method == EAP_AKA)
        return aka_full(identity, identity_len, ck, ik, out);
    if (method == EAP_AKA_PRIME)
        return prime_full(identity, identity_len, ck, ik, out);
    return ERR_INVALID;
}

enum err eap_aka_keys_again(struct eap_aka_keys *keys, const char *identity, size_t identity_len,
                            uint16_t counter, const uint8_t nonce_s[EAP_NONCE_LEN])
{
    static const char label[16] = {'E', 'A', 'P', '-', 'A', 'K', 'A', '\'',
                                   ' ', 'r', 'e', '-', 'a', 'u', 't', 'h'};
    uint8_t seed[PRF_PRIME_SEED_MAX + 20], xkey[20], both[2 * EAP_MSK_LEN];
    size_t n = 0;
    enum err err;
    if (identity_len > EAP_IDENTITY_MAX)
        return ERR_INVALID;
    if (keys->method == EAP_AKA_PRIME) {
        memcpy(seed, label, sizeof(label));
        n = sizeof(label);
    }
    memcpy(seed + n, identity, identity_len);
    n += identity_len;
    seed[n++] = (uint8_t)(counter >> 8);
    seed[n++] = (uint8_t)counter;
    memcpy(seed + n, nonce_s, EAP_NONCE_LEN);
    n += EAP_NONCE_LEN;
    if (keys->method == EAP_AKA_PRIME) {
        err = eap_prf_prime(keys->k_re, sizeof(keys->k_re), seed, n, both, sizeof(both));
    } else {
        memcpy(seed + n, keys->mk, sizeof(keys->mk));
        n += sizeof(keys->mk);
        err = SHA1(seed, n, xkey) ? eap_prf_fips(xkey, both, sizeof(both)) : ERR_INTERNAL;
    }
    if (err)
        return err;
    take(keys->emsk, EAP_MSK_LEN, take(keys->msk, EAP_MSK_LEN, both));
    return ERR_OK;
}

enum err eap_aka_mac(const struct eap_aka_keys *keys, const uint8_t *packet, size_t len,
                     size_t mac_at, const void *extra, size_t extra_len, uint8_t out[EAP_MAC_LEN])
{
    static const uint8_t zero[EAP_MAC_LEN];
    bool prime = keys->method == EAP_AKA_PRIME;
    uint8_t full[EVP_MAX_MD_SIZE];
    unsigned full_len = 0;
    size_t after = mac_at + EAP_MAC_LEN;
    if (after > len)
        return ERR_INVALID;
    HMAC_CTX *ctx = HMAC_CTX_new();
    bool ok =
        ctx &&
        HMAC_Init_ex(ctx, keys->k_aut, prime ? 32 : 16, prime ? EVP_sha256() : EVP_sha1(), NULL) &&
        HMAC_Update(ctx, packet, mac_at) && HMAC_Update(ctx, zero, sizeof(zero)) &&
        HMAC_Update(ctx, packet + after, len - after) &&
        (extra_len == 0 || HMAC_Update(ctx, extra, extra_len)) && HMAC_Final(ctx, full, &full_len);
    HMAC_CTX_free(ctx);
    if (!ok)
        return ERR_INTERNAL;
    memcpy(out, full, EAP_MAC_LEN);
    return ERR_OK;
}

static enum err cipher(const EVP_CIPHER *which, const uint8_t key[16], const uint8_t *iv,
                       bool encrypt, uint8_t *data, size_t len)
{
    int n = 0, last = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_CipherInit_ex(ctx, which, NULL, key, iv, encrypt) &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) &&
              EVP_CipherUpdate(ctx, data, &n, data, (int)len) &&
              EVP_CipherFinal_ex(ctx, data + n, &last);
    EVP_CIPHER_CTX_free(ctx);
    return ok && (size_t)(n + last) == len ? ERR_OK : ERR_INTERNAL;
}

enum err eap_aka_crypt(const struct eap_aka_keys *keys, bool encrypt, const uint8_t iv[16],
                       uint8_t *data, size_t len)
{
    if (len % 16 != 0 || len > EAP_PACKET_MAX)
        return ERR_INVALID;
    return cipher(EVP_aes_128_cbc(), keys->k_encr, iv, encrypt, data, len);
}

enum err eap_aes_block(const uint8_t key[16], bool encrypt, uint8_t block[16])
{
    return cipher(EVP_aes_128_ecb(), key, NULL, encrypt, block, 16);
}

enum err eap_checkcode_add(struct eap_checkcode *check, enum eap_type method, const uint8_t *packet,
                           size_t len)
{
    if (!check->hash) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        if (!ctx)
            return ERR_NOMEM;
        check->hash = ctx;
        if (!EVP_DigestInit_ex(ctx, method == EAP_AKA_PRIME ? EVP_sha256() : EVP_sha1(), NULL))
            return ERR_INTERNAL;
    }
    return EVP_DigestUpdate(check->hash, packet, len) ? ERR_OK : ERR_INTERNAL;
}

enum err eap_checkcode_get(const struct eap_checkcode *check, uint8_t out[EAP_CHECKCODE_MAX],
                           size_t *len)
{
    unsigned n = 0;
    *len = 0;
    if (!check->hash)
        return ERR_OK;
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool ok = copy && EVP_MD_CTX_copy_ex(copy, check->hash) && EVP_DigestFinal_ex(copy, out, &n);
    EVP_MD_CTX_free(copy);
    *len = n;
    return ok ? ERR_OK : ERR_INTERNAL;
}

void eap_checkcode_reset(struct eap_checkcode *check)
{
    EVP_MD_CTX_free(check->hash);
    check->hash = NULL;
}
