// SPDX-License-Identifier: BSD-3-Clause
// Text of TS 23.038: the 7-bit default alphabet, packed, and UCS-2; UTF-8 on our side. What cannot
// be shown (control characters, unassigned codes) becomes U+FFFD, so that it is safe in a log.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// n septets from `data` of len octets (what is not there is not read). out is NUL-terminated, cut
// at a character; size at least 1.
void sgsap_septets_read(const uint8_t *data, size_t len, size_t n, char *out, size_t size);
// ERR_ENCODE_VALUE: a character is not in the alphabet (extension table included: not written);
// ERR_ENCODE_SPACE. *n: septets, *len: octets.
enum err sgsap_septets_write(const char *text, uint8_t *out, size_t size, size_t *n, size_t *len);

// len octets, two each; an odd last one is not read.
void sgsap_ucs2_read(const uint8_t *data, size_t len, char *out, size_t size);
// ERR_ENCODE_VALUE: not UTF-8, a control character, or beyond the basic plane.
enum err sgsap_ucs2_write(const char *text, uint8_t *out, size_t size, size_t *len);
