// SPDX-License-Identifier: BSD-3-Clause
// MD5 and HMAC-MD5 in the shapes that RADIUS wants. Private to the room.
#pragma once

#include "radius/radius.h"

struct rad_piece {
    const void *data;
    size_t len;
};
// MD5 over the pieces. ERR_INTERNAL from OpenSSL.
enum err rad_md5(const struct rad_piece *pieces, size_t n, uint8_t out[16]);
// Message-Authenticator of a packet: its header with this authenticator, the value at `at` zero.
enum err rad_hmac(const uint8_t *packet, size_t len, const uint8_t authenticator[RAD_AUTH_LEN],
                  size_t at, struct rad_secret secret, uint8_t out[16]);
// Hides (or opens) the string of an MPPE key in place; len is a multiple of 16.
enum err rad_mppe_cipher(bool hide, struct rad_secret secret,
                         const uint8_t authenticator[RAD_AUTH_LEN], const uint8_t salt[2],
                         uint8_t *data, size_t len);
