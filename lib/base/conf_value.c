// SPDX-License-Identifier: BSD-3-Clause
// Durations and sizes as text. Units are tables, largest first.
#include "base/conf_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"d", 24 * 3600 * 1000}, {"h", 3600 * 1000}, {"min", 60 * 1000}, {"s", 1000}, {"ms", 1},
    {NULL, 0},
};
static const struct unit size_units[] = {
    {"G", 1 << 30}, {"M", 1 << 20}, {"k", 1 << 10}, {"", 1}, {NULL, 0},
};

static const struct unit *units_of(enum conf_type type)
{
    return type == CONF_MS ? duration_units : size_units;
}

enum err conf_value_parse(enum conf_type type, const char *text, int64_t *out)
{
    if (*text < '0' || *text > '9')
        return ERR_CONF_TYPE; // strtoll would take signs and blanks
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno == ERANGE)
        return ERR_CONF_RANGE;
    if (*end == '\0') {
        *out = number;
        return ERR_OK;
    }
    for (const struct unit *unit = units_of(type); unit->name; unit++) {
        if (strcmp(unit->name, end) != 0)
            continue;
        if (number > INT64_MAX / unit->factor)
            return ERR_CONF_RANGE;
        *out = number * unit->factor;
        return ERR_OK;
    }
    return ERR_CONF_TYPE;
}

void conf_value_text(enum conf_type type, int64_t value, char out[CONF_VALUE_TEXT])
{
    if (type == CONF_MS || type == CONF_SIZE) {
        for (const struct unit *unit = units_of(type); unit->name; unit++) {
            if ((value != 0 && value % unit->factor == 0) || unit->factor == 1) {
                snprintf(out, CONF_VALUE_TEXT, "%" PRId64 "%s", value / unit->factor, unit->name);
                return;
            }
        }
    }
    snprintf(out, CONF_VALUE_TEXT, "%" PRId64, value);
}
