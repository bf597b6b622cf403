// SPDX-License-Identifier: BSD-3-Clause
// Access to AVPs in JSON, and their comparison.
#include "sim_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 512

size_t sim_count(const json_t *avps, const char *name)
{
    const json_t *value = json_object_get(avps, name);

    return json_is_array(value) ? json_array_size(value) : value != NULL;
}

json_t *sim_at(const json_t *avps, const char *name, size_t i)
{
    json_t *value = json_object_get(avps, name);

    if (json_is_array(value))
        return json_array_get(value, i);
    return i == 0 ? value : NULL;
}

json_t *sim_get(const json_t *avps, const char *name)
{
    return sim_at(avps, name, 0);
}

const char *sim_text(const json_t *avps, const char *name)
{
    return json_string_value(sim_get(avps, name));
}

bool sim_number(const json_t *avps, const char *name, int64_t *out)
{
    const json_t *value = sim_get(avps, name);

    if (!json_is_integer(value))
        return false;
    *out = json_integer_value(value);
    return true;
}

int64_t sim_int(const json_t *avps, const char *name, int64_t otherwise)
{
    sim_number(avps, name, &otherwise);
    return otherwise;
}

void sim_add(json_t *avps, const char *name, json_t *value)
{
    json_t *there = json_object_get(avps, name);

    if (!there) {
        json_object_set_new(avps, name, value);
    } else if (json_is_array(there)) {
        json_array_append_new(there, value);
    } else {
        json_t *both = json_array();

        json_array_append(both, there);
        json_array_append_new(both, value);
        json_object_set_new(avps, name, both);
    }
}

void sim_merge(json_t *avps, const json_t *more)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)more, name, value)
        json_object_set_new(avps, name, json_deep_copy(value));
}

// ---- comparison ----

struct diff {
    void (*tell)(void *ctx, const char *path, const char *difference);
    void *ctx;
    size_t n;
    char path[PATH_MAX_LEN];
};

static void tell(struct diff *d, const json_t *expected, const json_t *got)
{
    char *want = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT);
    char *have = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    char text[1024];

    snprintf(text, sizeof text, "expected %.450s, got %.450s", want ? want : "?",
             have ? have : "nothing");
    d->n++;
    if (d->tell)
        d->tell(d->ctx, d->path, text);
    free(want);
    free(have);
}

static void compare(struct diff *d, const json_t *expected, const json_t *got);

static void compare_members(struct diff *d, const json_t *expected, const json_t *got)
{
    size_t used = strlen(d->path);
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)expected, name, value) {
        size_t n = json_is_array(value) ? json_array_size(value) : 1;

        for (size_t i = 0; i < n; i++) {
            char index[32] = "";

            if (json_is_array(value))
                snprintf(index, sizeof index, "[%zu]", i);
            snprintf(d->path + used, sizeof d->path - used, "%s%s%s", used ? "." : "", name, index);
            compare(d, json_is_array(value) ? json_array_get(value, i) : value,
                    sim_at(got, name, i));
        }
        d->path[used] = '\0';
    }
}

static void compare(struct diff *d, const json_t *expected, const json_t *got)
{
    const char *text = json_string_value(expected);

    if (got && text && strcmp(text, "*") == 0)
        return;
    if (json_is_object(expected) && json_is_object(got))
        compare_members(d, expected, got);
    else if (!got || !json_equal(expected, got))
        tell(d, expected, got);
}

size_t sim_diff(const json_t *expected, const json_t *got,
                void (*tell_one)(void *ctx, const char *path, const char *difference), void *ctx)
{
    struct diff d = {.tell = tell_one, .ctx = ctx};

    compare_members(&d, expected, got);
    return d.n;
}
