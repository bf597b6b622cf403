// SPDX-License-Identifier: BSD-3-Clause
// The tables of TS 23.038 §6.2.1 and the packing of §6.1.2.
#include "sgsap/text.h"

#include <stdbool.h>
#include <string.h>

enum { ESCAPE = 0x1b, REPLACEMENT = 0xfffd };

// §6.2.1, the characters that are not ASCII at their place; 0: as ASCII.
static const uint16_t alphabet[128] = {
    [0x00] = '@', [0x01] = 0xa3, [0x02] = '$', [0x03] = 0xa5, [0x04] = 0xe8, [0x05] = 0xe9,
    [0x06] = 0xf9, [0x07] = 0xec, [0x08] = 0xf2, [0x09] = 0xc7, [0x0b] = 0xd8, [0x0c] = 0xf8,
    [0x0e] = 0xc5, [0x0f] = 0xe5, [0x10] = 0x394, [0x11] = '_', [0x12] = 0x3a6, [0x13] = 0x393,
    [0x14] = 0x39b, [0x15] = 0x3a9, [0x16] = 0x3a0, [0x17] = 0x3a8, [0x18] = 0x3a3,
    [0x19] = 0x398, [0x1a] = 0x39e, [0x1c] = 0xc6, [0x1d] = 0xe6, [0x1e] = 0xdf, [0x1f] = 0xc9,
    [0x24] = 0xa4, [0x40] = 0xa1, [0x5b] = 0xc4, [0x5c] = 0xd6, [0x5d] = 0xd1, [0x5e] = 0xdc,
    [0x5f] = 0xa7, [0x60] = 0xbf, [0x7b] = 0xe4, [0x7c] = 0xf6, [0x7d] = 0xf1, [0x7e] = 0xfc,
    [0x7f] = 0xe0,
};

// After ESCAPE, §6.2.1.1.
static const struct {
    uint8_t code;
    uint16_t unicode;
} extension[] = {
    {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2f, '\\'}, {0x3c, '['},
    {0x3d, '~'}, {0x3e, ']'}, {0x40, '|'}, {0x65, 0x20ac},
};

// --- reading ---

struct text {
    char *out;
    size_t size, len;
    bool full;
};

static void add_char(struct text *text, uint32_t c)
{
    char utf8[3];
    size_t n = 0;
    if (c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
        c = REPLACEMENT;
    if (c < 0x80) {
        utf8[n++] = (char)c;
    } else if (c < 0x800) {
        utf8[n++] = (char)(0xc0 | c >> 6);
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        utf8[n++] = (char)(0xe0 | c >> 12);
        utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    }
    text->full = text->full || text->len + n >= text->size;
    if (text->full)
        return;
    memcpy(text->out + text->len, utf8, n);
    text->len += n;
    text->out[text->len] = '\0';
}

static uint32_t extended(uint8_t septet)
{
    for (size_t i = 0; i < sizeof(extension) / sizeof(extension[0]); i++) {
        if (extension[i].code == septet)
            return extension[i].unicode;
    }
    return REPLACEMENT;
}

void sgsap_septets_read(const uint8_t *data, size_t len, size_t n, char *out, size_t size)
{
    struct text text = {.out = out, .size = size};
    bool escaped = false;
    out[0] = '\0';
    for (size_t bit = 0; n > 0 && bit + 7 <= 8 * len; n--, bit += 7) {
        unsigned pair = data[bit / 8];
        if (bit / 8 + 1 < len)
            pair |= (unsigned)data[bit / 8 + 1] << 8;
        uint8_t septet = pair >> bit % 8 & 0x7f;
        if (escaped)
            add_char(&text, extended(septet));
        else if (septet != ESCAPE)
            add_char(&text, alphabet[septet] ? alphabet[septet] : septet);
        escaped = !escaped && septet == ESCAPE;
    }
}

void sgsap_ucs2_read(const uint8_t *data, size_t len, char *out, size_t size)
{
    struct text text = {.out = out, .size = size};
    out[0] = '\0';
    for (size_t i = 0; i + 2 <= len; i += 2)
        add_char(&text, (uint32_t)data[i] << 8 | data[i + 1]);
}

// --- writing ---

// One character of UTF-8 from the basic plane; 0 if it is not one.
static uint32_t next_char(const char **text)
{
    const uint8_t *at = (const uint8_t *)*text;
    uint32_t c = 0;
    size_t n = 0;
    if (at[0] < 0x80) {
        c = at[0];
        n = 1;
    } else if ((at[0] & 0xe0) == 0xc0 && (at[1] & 0xc0) == 0x80) {
        c = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
        n = 2;
    } else if ((at[0] & 0xf0) == 0xe0 && (at[1] & 0xc0) == 0x80 && (at[2] & 0xc0) == 0x80) {
        c = (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
        n = 3;
    }
    *text += n;
    return c;
}

static int septet_of(uint32_t c)
{
    for (int i = 0; i < 128; i++) {
        if (i != ESCAPE && (alphabet[i] ? alphabet[i] == c : (uint32_t)i == c))
            return i;
    }
    return -1;
}

enum err sgsap_septets_write(const char *text, uint8_t *out, size_t size, size_t *n, size_t *len)
{
    unsigned pending = 0, bits = 0;
    *n = *len = 0;
    while (*text) {
        uint32_t c = next_char(&text);
        int septet = c < ' ' ? -1 : septet_of(c);
        if (septet < 0)
            return ERR_ENCODE_VALUE;
        pending |= (unsigned)septet << bits;
        bits += 7;
        ++*n;
        if (bits < 8)
            continue;
        if (*len == size)
            return ERR_ENCODE_SPACE;
        out[(*len)++] = (uint8_t)pending;
        pending >>= 8;
        bits -= 8;
    }
    if (bits > 0) {
        if (*len == size)
            return ERR_ENCODE_SPACE;
        out[(*len)++] = (uint8_t)pending;
    }
    return ERR_OK;
}

enum err sgsap_ucs2_write(const char *text, uint8_t *out, size_t size, size_t *len)
{
    *len = 0;
    while (*text) {
        uint32_t c = next_char(&text);
        if (c < ' ')
            return ERR_ENCODE_VALUE;
        if (size - *len < 2)
            return ERR_ENCODE_SPACE;
        out[(*len)++] = (uint8_t)(c >> 8);
        out[(*len)++] = (uint8_t)c;
    }
    return ERR_OK;
}
