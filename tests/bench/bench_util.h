// SPDX-License-Identifier: BSD-3-Clause
// Shared by the benchmark's own programs: clock, latency histogram, CPU of a process, the JSON
// line. Not linked with the gateway's libraries, so that the comparisons owe them nothing.
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

// Log-linear histogram: 64 octaves of 64 steps, error below 1.6 %.
#define BENCH_STEPS 64
struct bench_latency {
    _Atomic uint64_t bucket[64 * BENCH_STEPS];
};
void bench_latency_reset(struct bench_latency *latency);
void bench_latency_add(struct bench_latency *latency, int64_t ns);
double bench_latency_quantile(const struct bench_latency *latency, double q); // microseconds

struct bench_usage {
    double cpu_s; // user + system of all threads
    uint64_t rss_kb;
};
void bench_usage_self(struct bench_usage *usage);
int64_t bench_now_ns(void);
// {"what":..,"procedure":..,"window":..,"rate":..,"p50_us":..,"p99_us":..,
//  "cpu_us":..,"rss_kb":..,"failed":..}
void bench_print(FILE *out, const char *what, const char *procedure, int window, double seconds,
                 uint64_t done, uint64_t failed, const struct bench_latency *latency,
                 const struct bench_usage *before, const struct bench_usage *after);
