// SPDX-License-Identifier: BSD-3-Clause
#include "bench_util.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void bench_latency_reset(struct bench_latency *latency)
{
    memset(latency, 0, sizeof *latency);
}

static unsigned bucket_of(uint64_t ns)
{
    if (ns < BENCH_STEPS)
        return (unsigned)ns;
    unsigned octave = 63u - (unsigned)__builtin_clzll(ns); // >= 6
    return (octave - 5) * BENCH_STEPS + (unsigned)((ns >> (octave - 6)) & (BENCH_STEPS - 1));
}

void bench_latency_add(struct bench_latency *latency, int64_t ns)
{
    atomic_fetch_add_explicit(&latency->bucket[bucket_of(ns > 0 ? (uint64_t)ns : 0)], 1,
                              memory_order_relaxed);
}

double bench_latency_quantile(const struct bench_latency *latency, double q)
{
    uint64_t total = 0, seen = 0;
    const unsigned n = 64 * BENCH_STEPS;

    for (unsigned i = 0; i < n; i++)
        total += atomic_load_explicit(&latency->bucket[i], memory_order_relaxed);
    for (unsigned i = 0; i < n && total; i++) {
        seen += atomic_load_explicit(&latency->bucket[i], memory_order_relaxed);
        if ((double)seen >= q * (double)total) {
            unsigned octave = i / BENCH_STEPS;
            uint64_t step = i % BENCH_STEPS;
            uint64_t ns = octave ? (BENCH_STEPS + step) << (octave - 1) : step;
            return (double)ns / 1000.0;
        }
    }
    return 0;
}

void bench_usage_self(struct bench_usage *usage)
{
    struct rusage ru;
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long size = 0, resident = 0;

    getrusage(RUSAGE_SELF, &ru);
    usage->cpu_s = (double)ru.ru_utime.tv_sec + (double)ru.ru_utime.tv_usec / 1e6 +
                   (double)ru.ru_stime.tv_sec + (double)ru.ru_stime.tv_usec / 1e6;
    if (statm) {
        if (fscanf(statm, "%lu %lu", &size, &resident) != 2)
            resident = 0;
        fclose(statm);
    }
    usage->rss_kb = (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

int64_t bench_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void bench_print(FILE *out, const char *what, const char *procedure, int window, double seconds,
                 uint64_t done, uint64_t failed, const struct bench_latency *latency,
                 const struct bench_usage *before, const struct bench_usage *after)
{
    fprintf(out,
            "{\"what\":\"%s\",\"procedure\":\"%s\",\"window\":%d,\"rate\":%.0f,\"p50_us\":%.1f,"
            "\"p99_us\":%.1f,\"cpu_us\":%.2f,\"rss_kb\":%" PRIu64 ",\"done\":%" PRIu64
            ",\"failed\":%" PRIu64 "}\n",
            what, procedure, window, (double)done / seconds, bench_latency_quantile(latency, 0.5),
            bench_latency_quantile(latency, 0.99),
            done ? (after->cpu_s - before->cpu_s) * 1e6 / (double)done : 0, after->rss_kb, done,
            failed);
    fflush(out);
}
