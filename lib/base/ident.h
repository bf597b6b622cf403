// SPDX-License-Identifier: BSD-3-Clause
// Identities of the 3GPP world: IMSI, PLMN, TBCD digit strings. I/O-free.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// IMSI, TS 23.003 §2.2: 6..15 decimal digits.
struct base_imsi {
    char digits[16]; // NUL-terminated
    uint8_t len;
};
// Accepts digits with or without the prefix "IMSI" (as AGW session ids carry it).
enum err base_imsi_parse(const char *text, size_t len, struct base_imsi *out);

// PLMN, TS 23.003 §2.2 / TS 24.008 §10.5.1.3.
struct base_plmn {
    uint16_t mcc, mnc;
    uint8_t mnc_len; // 2 or 3
};
enum err base_plmn_from_bcd(const uint8_t bcd[3], struct base_plmn *out); // as Visited-PLMN-Id
void base_plmn_to_bcd(const struct base_plmn *plmn, uint8_t bcd[3]);
// "00101", "310410"
enum err base_plmn_parse(const char *digits, size_t len, struct base_plmn *out);
void base_plmn_text(const struct base_plmn *plmn, char out[7]);
bool base_plmn_equal(const struct base_plmn *a, const struct base_plmn *b);
// Does the IMSI begin with this PLMN?
bool base_plmn_matches_imsi(const struct base_plmn *plmn, const struct base_imsi *imsi);

// TBCD-STRING, TS 29.002 §17.7.8: digits 0-9*#abc, filler 0xf. out of decode is NUL-terminated.
enum err base_tbcd_encode(const char *digits, uint8_t *out, size_t size, size_t *len);
enum err base_tbcd_decode(const uint8_t *tbcd, size_t len, char *out, size_t size);

// Hex, lower case. out of encode is NUL-terminated and needs 2*len+1 bytes.
void base_hex_encode(const uint8_t *data, size_t len, char *out);
enum err base_hex_decode(const char *text, uint8_t *out, size_t size, size_t *len);
