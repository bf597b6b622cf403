// SPDX-License-Identifier: BSD-3-Clause
// Latency histogram: logarithmic cells of 1/64 (1.6 % wide), 1 ns to hours, constant memory, no
// locks.
#pragma once

#include <stdint.h>

#define HIST_SUB 64
#define HIST_CELLS (48 * HIST_SUB)

struct hist {
    uint64_t cells[HIST_CELLS];
    uint64_t n;
    int64_t max;
    double sum;
};

void hist_add(struct hist *hist, int64_t ns);
// Upper edge of the cell that holds the quantile (0..1); 0 when empty.
int64_t hist_quantile(const struct hist *hist, double quantile);
