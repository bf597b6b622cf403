// SPDX-License-Identifier: BSD-3-Clause
// Numbers with units as they are written in configuration files. Not for anything on a wire.
#pragma once

#include <stdint.h>

#include "base/conf.h"

#define CONF_VALUE_TEXT 32

// "250ms" "10s" "5min" "1h" "2d" for CONF_MS, "64k" "4M" "1G" (powers of 1024) for CONF_SIZE; a
// number without unit is milliseconds or bytes. Whole, not negative. ERR_CONF_TYPE, ERR_CONF_RANGE
// (overflow).
enum err conf_value_parse(enum conf_type type, const char *text, int64_t *out);
// The shortest exact text of a value, for messages: 90000 is "90s", 65536 is "64k".
void conf_value_text(enum conf_type type, int64_t value, char out[CONF_VALUE_TEXT]);
