// SPDX-License-Identifier: BSD-3-Clause
// Metrics registry, exported as Prometheus text. Families are declared once as static data; cells
// (one per label set) are resolved once and then updated with relaxed atomics from any thread.
// Label sets are bounded: past the family's limit further sets share the cell labelled "other".
// Never put an IMSI in a label.
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS_MAX 5
#define METRIC_BUCKETS_MAX 24

struct metric_cell;

struct metric_family {
    const char *name;                        // "fgw_s6a_requests_total": unit and _total as usual
    const char *help;
    enum metric_type type;
    const char *labels[METRIC_LABELS_MAX];   // NULL-terminated if fewer
    size_t max_cells;                        // 0: 512
    const double *buckets;                   // histogram: ascending bounds in the name's unit
    size_t n_buckets;                        //   NULL: latency buckets 0.0001 s .. 30 s
    // owned by metrics.c
    struct metric_cell *cells;
    size_t n_cells;
    struct metric_family *next;
    _Atomic int registered;
};

// Idempotent. The family must outlive the registry (static data), or be unregistered (module
// unload).
void metric_register(struct metric_family *family);
void metric_unregister(struct metric_family *family);
// The cell of these label values (as many as the family has labels; NULL counts as ""). Registers
// the family if needed. Any thread; takes a lock, so resolve once where the road is hot. Never
// NULL. Values are cut at 128 bytes; control characters and malformed UTF-8 in them become '?'.
struct metric_cell *metric_cell(struct metric_family *family, const char *const values[]);
#define METRIC_CELL(family, ...) metric_cell((family), (const char *const[]){__VA_ARGS__, NULL})

void metric_add(struct metric_cell *cell, uint64_t n);        // counter
void metric_set(struct metric_cell *cell, int64_t value);     // gauge
void metric_gauge_add(struct metric_cell *cell, int64_t n);   // gauge, n may be negative
void metric_observe(struct metric_cell *cell, double value);  // histogram
static inline void metric_inc(struct metric_cell *cell) { metric_add(cell, 1); }
uint64_t metric_read(const struct metric_cell *cell);  // counter/gauge value, histogram count

// Called before each export, to set gauges that are read from elsewhere (queue lengths, RSS).
// Not from within a collect function. ERR_NOMEM.
enum err metrics_on_collect(void (*collect)(void *arg), void *arg);
// Undoes it (module unload); collect does not run any more when this returns.
void metrics_off_collect(void (*collect)(void *arg), void *arg);
// Prometheus text format 0.0.4; allocated with malloc, caller frees. NULL when out of memory.
char *metrics_export(size_t *len);
