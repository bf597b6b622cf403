// SPDX-License-Identifier: BSD-3-Clause
// Hex text of the specifications' test sets to octets, and cmocka assertions on both. For tests
// only.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline unsigned hex_nibble(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

// Decodes all of text, which must be even and lower case; returns the octet count.
static inline size_t hex(const char *text, uint8_t *out)
{
    size_t n = strlen(text) / 2;

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(hex_nibble(text[2 * i]) << 4 | hex_nibble(text[2 * i + 1]));
    return n;
}

// octets equal the hex text, over the text's length.
#define assert_hex(octets, text)                                                            \
    do {                                                                                    \
        uint8_t hex_want_[256];                                                             \
        size_t hex_len_ = hex((text), hex_want_);                                           \
        assert_memory_equal((octets), hex_want_, hex_len_);                                 \
    } while (0)
