// SPDX-License-Identifier: BSD-3-Clause
#include "agw_client/hist.h"

static unsigned cell_of(uint64_t ns)
{
    if (ns < HIST_SUB)
        return (unsigned)ns;
    unsigned exponent = 63U - (unsigned)__builtin_clzll(ns); // >= 6
    unsigned shift = exponent - 6;
    unsigned cell = (shift + 1) * HIST_SUB + (unsigned)((ns >> shift) - HIST_SUB);
    return cell < HIST_CELLS ? cell : HIST_CELLS - 1;
}

static int64_t edge_of(unsigned cell)
{
    if (cell < HIST_SUB)
        return cell;
    unsigned shift = cell / HIST_SUB - 1;
    return (int64_t)((uint64_t)(cell % HIST_SUB + HIST_SUB + 1) << shift) - 1;
}

void hist_add(struct hist *hist, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    hist->cells[cell_of((uint64_t)ns)]++;
    hist->n++;
    hist->sum += (double)ns;
    if (ns > hist->max)
        hist->max = ns;
}

int64_t hist_quantile(const struct hist *hist, double quantile)
{
    if (hist->n == 0)
        return 0;
    uint64_t rank = (uint64_t)(quantile * (double)(hist->n - 1)) + 1, seen = 0;
    for (unsigned cell = 0; cell < HIST_CELLS; cell++) {
        seen += hist->cells[cell];
        if (seen >= rank)
            return edge_of(cell) < hist->max ? edge_of(cell) : hist->max;
    }
    return hist->max;
}
