// SPDX-License-Identifier: BSD-3-Clause
// What of a peer's text may be shown as it is. For log lines and metric labels; not a text library.
#pragma once

#include <stddef.h>

// Length (1..4) of the printable character at text (left bytes remain): printable ASCII or well-
// formed UTF-8 (RFC 3629) that is no control character. 0: the byte must be escaped. left may be 0.
size_t base_utf8_printable(const char *text, size_t left);
