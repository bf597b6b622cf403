// SPDX-License-Identifier: BSD-3-Clause
// MD5, HMAC-MD5 and the hiding of keys. See crypt.h.
#include "radius/crypt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum err rad_md5(const struct rad_piece *pieces, size_t n, uint8_t out[16])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_md5(), NULL);
    for (size_t i = 0; i < n && ok; i++)
        ok = EVP_DigestUpdate(ctx, pieces[i].data, pieces[i].len);
    ok = ok && EVP_DigestFinal_ex(ctx, out, NULL);
    EVP_MD_CTX_free(ctx);
    return ok ? ERR_OK : ERR_INTERNAL;
}

enum err rad_hmac(const uint8_t *packet, size_t len, const uint8_t authenticator[RAD_AUTH_LEN],
                  size_t at, struct rad_secret secret, uint8_t out[16])
{
    uint8_t copy[RAD_PACKET_MAX];
    if (len > sizeof(copy) || at < RAD_HEADER_LEN || at + 16 > len)
        return ERR_INVALID;
    memcpy(copy, packet, len);
    memcpy(copy + 4, authenticator, RAD_AUTH_LEN);
    memset(copy + at, 0, 16);
    return HMAC(EVP_md5(), secret.data, (int)secret.len, copy, len, out, NULL) ? ERR_OK
                                                                               : ERR_INTERNAL;
}

enum err rad_mppe_cipher(bool hide, struct rad_secret secret,
                         const uint8_t authenticator[RAD_AUTH_LEN], const uint8_t salt[2],
                         uint8_t *data, size_t len)
{
    uint8_t b[16], before[16];
    if (len % 16 != 0)
        return ERR_INVALID;
    for (size_t at = 0; at < len; at += 16) {
        const struct rad_piece first[] = {
            {secret.data, secret.len}, {authenticator, RAD_AUTH_LEN}, {salt, 2}};
        const struct rad_piece later[] = {{secret.data, secret.len}, {before, sizeof(before)}};
        enum err err = at == 0 ? rad_md5(first, 3, b) : rad_md5(later, 2, b);
        if (err)
            return err;
        if (!hide)
            memcpy(before, data + at, 16);
        for (size_t i = 0; i < 16; i++)
            data[at + i] ^= b[i];
        if (hide)
            memcpy(before, data + at, 16);
    }
    return ERR_OK;
}
