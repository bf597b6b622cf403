// SPDX-License-Identifier: BSD-3-Clause
// fgw_count: finding a cell takes a lock and a walk, so each thread remembers the cells it used.
#include <string.h>

#include "base/clock.h"
#include "fgw/gateway.h"

static struct metric_family requests = {
    .name = "fgw_requests_total",
    .help = "Procedures finished, by interface, procedure, direction, Diameter peer and result.",
    .type = METRIC_COUNTER,
    .labels = {"interface", "procedure", "direction", "peer", "result"},
    .max_cells = 4096,
};
static struct metric_family latency = {
    .name = "fgw_latency_seconds",
    .help = "Time from a request's arrival to its answer, by interface, procedure and direction.",
    .type = METRIC_HISTOGRAM,
    .labels = {"interface", "procedure", "direction"},
};

enum {
    CACHE = 256, // per thread; a collision costs a look-up in the registry
    KEY_MAX = 200,
};

struct cached {
    size_t len;
    char key[KEY_MAX]; // the label values, each with its NUL
    struct metric_cell *requests, *latency;
};

static _Thread_local struct cached cache[CACHE];

// 0 if the labels are too long to be remembered.
static size_t make_key(const char *const labels[5], char key[KEY_MAX], uint32_t *hash)
{
    size_t len = 0;
    *hash = 2166136261u;
    for (size_t i = 0; i < 5; i++) {
        const char *at = labels[i];
        do {
            if (len == KEY_MAX)
                return 0;
            *hash = (*hash ^ (unsigned char)*at) * 16777619u;
            key[len++] = *at;
        } while (*at++);
    }
    return len;
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
    const char *const labels[5] = {interface, procedure, direction == FGW_UP ? "up" : "down",
                                   peer ? peer : "", result};
    struct cached fresh, *at = &fresh;
    uint32_t hash;
    fresh.len = make_key(labels, fresh.key, &hash);
    struct cached *place = &cache[hash % CACHE];
    if (fresh.len > 0 && place->len == fresh.len &&
        memcmp(place->key, fresh.key, fresh.len) == 0) {
        at = place;
    } else {
        fresh.requests = metric_cell(&requests, labels);
        fresh.latency = metric_cell(&latency, labels);
        if (fresh.len > 0)
            *place = fresh;
    }
    metric_inc(at->requests);
    metric_observe(at->latency, (double)elapsed_ns / (double)BASE_S_NS);
}
