// SPDX-License-Identifier: BSD-3-Clause
// Clocks. Deadlines are absolute CLOCK_MONOTONIC nanoseconds everywhere in the project.
#pragma once

#include <stdint.h>
#include <time.h>

#define BASE_MS_NS 1000000LL
#define BASE_S_NS 1000000000LL

static inline int64_t base_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * BASE_S_NS + ts.tv_nsec;
}

// Milliseconds from now until deadline_ns, rounded up, never negative.
static inline int64_t base_ms_until(int64_t deadline_ns)
{
    int64_t left = deadline_ns - base_now_ns();
    return left <= 0 ? 0 : (left + BASE_MS_NS - 1) / BASE_MS_NS;
}
