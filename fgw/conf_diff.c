// SPDX-License-Identifier: BSD-3-Clause
// Compares two structs that conf_read has filled, by their table.
#include "fgw/conf_diff.h"

#include <stdio.h>
#include <string.h>

static bool same_group(const struct conf_key *keys, const void *a, const void *b);

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!same_text(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static bool same_list(const struct conf_key *key, const struct conf_list *a,
                      const struct conf_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!same_group(key->members, (const char *)a->items + i * key->item_size,
                        (const char *)b->items + i * key->item_size))
            return false;
    }
    return true;
}

static bool same_value(const struct conf_key *key, const void *a, const void *b)
{
    switch (key->type) {
    case CONF_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case CONF_INT:
    case CONF_MS:
    case CONF_SIZE:
        return *(const int64_t *)a == *(const int64_t *)b;
    case CONF_ENUM:
        return *(const int *)a == *(const int *)b;
    case CONF_STRING:
        return same_text(*(char *const *)a, *(char *const *)b);
    case CONF_STRINGS:
        return same_strings(a, b);
    case CONF_GROUP:
        return same_group(key->members, a, b);
    case CONF_LIST:
        return same_list(key, a, b);
    }
    return false;
}

static bool same_group(const struct conf_key *keys, const void *a, const void *b)
{
    for (const struct conf_key *key = keys; key->name; key++) {
        if (!same_value(key, (const char *)a + key->offset, (const char *)b + key->offset))
            return false;
    }
    return true;
}

size_t fgw_conf_diff(const char *section, const struct conf_key *keys, const void *old_settings,
                     const void *new_settings, fgw_note note, void *arg)
{
    size_t changed = 0;
    for (const struct conf_key *key = keys; key->name; key++) {
        const void *a = (const char *)old_settings + key->offset;
        const void *b = (const char *)new_settings + key->offset;
        char name[128], line[192];
        snprintf(name, sizeof(name), "%s%s%s", section, *section ? "." : "", key->name);
        if (key->type == CONF_GROUP) {
            changed += fgw_conf_diff(name, key->members, a, b, note, arg);
        } else if (!same_value(key, a, b)) {
            changed++;
            snprintf(line, sizeof(line), "%s: changed%s", name,
                     key->restart ? ", needs a restart" : "");
            note(line, arg);
        }
    }
    return changed;
}
