// SPDX-License-Identifier: BSD-3-Clause
// Reads /proc/self; names follow the conventions of Prometheus' client libraries.
#include "fgw/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "fgw/core.h"
#include "fgw/directory.h"

#ifndef FGW_VERSION
#define FGW_VERSION "unknown"
#endif

enum what {
    RSS, CPU, FDS, THREADS, START, INFO,
    DIR_SUBSCRIBERS, DIR_GATEWAYS, DIR_PENDING, DIR_USED, DIR_MAP,
    GAUGES
};

static struct metric_family gauges[GAUGES] = {
    [RSS] = {.name = "process_resident_memory_bytes", .help = "Resident memory."},
    [CPU] = {.name = "fgw_process_cpu_milliseconds", .help = "CPU time used, user and system."},
    [FDS] = {.name = "process_open_fds", .help = "Open file descriptors."},
    [THREADS] = {.name = "process_threads", .help = "Threads."},
    [START] = {.name = "process_start_time_seconds", .help = "Start, seconds since 1970."},
    [INFO] = {.name = "fgw_build_info", .help = "Always 1.", .labels = {"version"}},
    [DIR_SUBSCRIBERS] = {.name = "fgw_directory_subscribers", .help = "Subscribers known."},
    [DIR_GATEWAYS] = {.name = "fgw_directory_gateways", .help = "Gateways known."},
    [DIR_PENDING] = {.name = "fgw_directory_pending_changes",
                     .help = "Changes of the directory not yet on disk."},
    [DIR_USED] = {.name = "fgw_directory_used_bytes", .help = "Size of the directory's file."},
    [DIR_MAP] = {.name = "fgw_directory_map_bytes", .help = "Size of the directory's map."},
};

enum count {
    DIR_LEARNED, DIR_MOVED, DIR_FORGOTTEN, DIR_EXPIRED, DIR_REFUSED, DIR_COMMITS, DIR_FAILURES,
    COUNTS
};
static const char *const dir_counts[COUNTS] = {"learned", "moved", "forgotten", "expired",
                                               "refused", "commit", "commit_failed"};
static struct metric_family directory_events = {
    .name = "fgw_directory_events_total",
    .help = "What happened to entries of the directory.",
    .type = METRIC_COUNTER,
    .labels = {"event"},
};

static struct {
    struct fgw_directory *directory;
    bool registered;
    struct timespec start;
    uint64_t counted[COUNTS]; // so far
} process;

void fgw_process_read(struct fgw_process *out)
{
    *out = (struct fgw_process){0};
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    FILE *file = fopen("/proc/self/statm", "re");
    long size, resident;
    if (file) {
        if (fscanf(file, "%ld %ld", &size, &resident) == 2)
            out->rss_bytes = resident * sysconf(_SC_PAGESIZE);
        fclose(file);
    }
    const struct {
        const char *path;
        long *count;
    } folders[] = {{"/proc/self/fd", &out->fds}, {"/proc/self/task", &out->threads}};
    for (size_t i = 0; i < 2; i++) {
        DIR *folder = opendir(folders[i].path);
        if (!folder)
            continue;
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
            *folders[i].count += entry->d_name[0] != '.';
        closedir(folder);
    }
    out->fds -= out->fds > 0; // the one that was just used for counting
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (process.start.tv_sec)
        out->up_seconds = (double)(now.tv_sec - process.start.tv_sec) +
                          (double)(now.tv_nsec - process.start.tv_nsec) / 1e9;
}

static void set(enum what what, int64_t value)
{
    metric_set(metric_cell(&gauges[what], (const char *const[]){NULL}), value);
}

static void collect_directory(void)
{
    struct fgw_dir_stats s;
    fgw_dir_stats(process.directory, &s);
    set(DIR_SUBSCRIBERS, (int64_t)s.subscribers);
    set(DIR_GATEWAYS, (int64_t)s.gateways);
    set(DIR_PENDING, (int64_t)s.pending);
    set(DIR_USED, (int64_t)s.used_bytes);
    set(DIR_MAP, (int64_t)s.map_bytes);
    const uint64_t now[COUNTS] = {s.learned, s.moved,   s.forgotten, s.expired,
                                  s.refused, s.commits, s.failures};
    for (size_t i = 0; i < COUNTS; i++) {
        metric_add(METRIC_CELL(&directory_events, dir_counts[i]), now[i] - process.counted[i]);
        process.counted[i] = now[i];
    }
}

static void collect(void *arg)
{
    struct fgw_process p;
    fgw_process_read(&p);
    set(RSS, p.rss_bytes);
    set(CPU, (int64_t)(p.cpu_seconds * 1000));
    set(FDS, p.fds);
    set(THREADS, p.threads);
    set(START, process.start.tv_sec);
    metric_set(METRIC_CELL(&gauges[INFO], FGW_VERSION), 1);
    if (process.directory)
        collect_directory();
}

void fgw_process_metrics_start(struct fgw_directory *directory)
{
    process.directory = directory;
    memset(process.counted, 0, sizeof(process.counted));
    clock_gettime(CLOCK_REALTIME, &process.start);
    for (size_t i = 0; i < GAUGES; i++)
        gauges[i].type = METRIC_GAUGE;
    if (!process.registered)
        metrics_on_collect(collect, NULL);
    process.registered = true;
}

void fgw_process_metrics_stop(void)
{
    process.directory = NULL;
}
