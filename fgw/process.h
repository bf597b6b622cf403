// SPDX-License-Identifier: BSD-3-Clause
// Metrics of the process itself and of the core's parts, set at each export.
#pragma once

#include <stddef.h>

struct base_loop;
struct fgw_directory;

struct fgw_process {
    long rss_bytes;
    double cpu_seconds, up_seconds;
    long fds, threads;
};
// Any thread. Members that cannot be read are 0.
void fgw_process_read(struct fgw_process *out);

// Registers the collection. What is pointed to must stay until fgw_process_metrics_stop.
void fgw_process_metrics_start(struct base_loop *const *loops, size_t n_loops,
                               struct fgw_directory *directory);
void fgw_process_metrics_stop(void);
