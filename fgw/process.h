// SPDX-License-Identifier: BSD-3-Clause
// Metrics of the process itself and of the core's parts, set at each export.
#pragma once

struct fgw_directory;

struct fgw_process {
    long rss_bytes;
    double cpu_seconds, up_seconds;
    long fds, threads;
};
// Any thread. Members that cannot be read are 0.
void fgw_process_read(struct fgw_process *out);

// Registers the collection. The directory must stay until fgw_process_metrics_stop.
void fgw_process_metrics_start(struct fgw_directory *directory);
void fgw_process_metrics_stop(void);
