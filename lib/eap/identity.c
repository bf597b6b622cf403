// SPDX-License-Identifier: BSD-3-Clause
// Identities and pseudonyms. See identity.h.
#include "eap/identity.h"

#include <string.h>

#include "eap/keys.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const struct {
    char tag;
    enum eap_id_kind kind;
    enum eap_type method;
} tags[] = {
    {'0', EAP_ID_PERMANENT, EAP_AKA}, {'6', EAP_ID_PERMANENT, EAP_AKA_PRIME},
    {'2', EAP_ID_PSEUDONYM, EAP_AKA}, {'7', EAP_ID_PSEUDONYM, EAP_AKA_PRIME},
    {'4', EAP_ID_REAUTH, EAP_AKA},    {'8', EAP_ID_REAUTH, EAP_AKA_PRIME},
};
#define TAGS (sizeof(tags) / sizeof(tags[0]))

void eap_identity_read(const char *text, size_t len, struct eap_identity *out)
{
    const char *at = memchr(text, '@', len);
    memset(out, 0, sizeof(*out));
    out->user = text;
    out->user_len = at ? (size_t)(at - text) : len;
    if (at) {
        out->realm = at + 1;
        out->realm_len = len - out->user_len - 1;
    }
    for (size_t i = 0; i < TAGS && out->user_len > 1; i++) {
        if (text[0] != tags[i].tag)
            continue;
        out->kind = tags[i].kind;
        out->method = tags[i].method;
    }
    // base_imsi_parse would take the prefix "IMSI" of session ids too
    if (out->kind == EAP_ID_PERMANENT &&
        (text[1] < '0' || text[1] > '9' ||
         base_imsi_parse(text + 1, out->user_len - 1, &out->imsi))) {
        out->kind = EAP_ID_OTHER;
        out->method = EAP_NONE;
    }
}

static char tag_of(enum eap_type method)
{
    for (size_t i = 0; i < TAGS; i++) {
        if (tags[i].kind == EAP_ID_PSEUDONYM && tags[i].method == method)
            return tags[i].tag;
    }
    return '\0';
}

// 132 bits: key indicator and block, as 22 characters.
static void to_text(uint8_t indicator, const uint8_t block[16], char *out)
{
    unsigned bits = indicator, have = 4;
    for (size_t i = 0; i < 16; i++) {
        bits = bits << 8 | block[i];
        for (have += 8; have >= 6; have -= 6)
            *out++ = base64[bits >> (have - 6) & 0x3f];
    }
    *out = '\0';
}

static enum err from_text(const char *text, uint8_t *indicator, uint8_t block[16])
{
    unsigned bits = 0, have = 0;
    size_t n = 0;
    for (size_t i = 0; i < EAP_PSEUDONYM_LEN - 1; i++) {
        const char *at = text[i] ? strchr(base64, text[i]) : NULL;
        if (!at)
            return ERR_DECODE_SYNTAX;
        bits = bits << 6 | (unsigned)(at - base64);
        have += 6;
        if (i == 0) {
            *indicator = (uint8_t)(bits >> 2);
            bits &= 3;
            have = 2;
        }
        if (have >= 8) {
            have -= 8;
            block[n++] = (uint8_t)(bits >> have);
        }
    }
    return ERR_OK;
}

enum err eap_pseudonym_make(const struct eap_pseudonym_keys *keys, enum eap_type method,
                            const struct base_imsi *imsi, const uint8_t random[8],
                            char out[EAP_PSEUDONYM_LEN + 1])
{
    uint8_t block[16];
    size_t n;
    char tag = tag_of(method);
    if (!tag)
        return ERR_INVALID;
    if (keys->current >= EAP_PSEUDONYM_KEYS || !keys->set[keys->current])
        return ERR_NOT_FOUND;
    memset(block, 0xff, 8);
    enum err err = base_tbcd_encode(imsi->digits, block, 8, &n);
    if (err)
        return err;
    memcpy(block + 8, random, 8);
    err = eap_aes_block(keys->key[keys->current], true, block);
    if (err)
        return err;
    out[0] = tag;
    to_text(keys->current, block, out + 1);
    return ERR_OK;
}

enum err eap_pseudonym_open(const struct eap_pseudonym_keys *keys, const char *user, size_t len,
                            struct base_imsi *out)
{
    uint8_t block[16], indicator;
    char digits[17];
    if (len != EAP_PSEUDONYM_LEN)
        return ERR_DECODE_LENGTH;
    enum err err = from_text(user + 1, &indicator, block);
    if (err)
        return err;
    if (!keys->set[indicator])
        return ERR_NOT_FOUND;
    err = eap_aes_block(keys->key[indicator], false, block);
    if (err)
        return err;
    size_t used = 8;
    while (used > 0 && block[used - 1] == 0xff)
        used--;
    if (base_tbcd_decode(block, used, digits, sizeof(digits)) || digits[0] < '0' ||
        digits[0] > '9' || base_imsi_parse(digits, strlen(digits), out))
        return ERR_DECODE_VALUE;
    return ERR_OK;
}
