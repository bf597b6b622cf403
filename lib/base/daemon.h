// SPDX-License-Identifier: BSD-3-Clause
// What the main() of every daemon needs: signals on a loop, service manager notification
// (sd_notify(3), without libsystemd), limits of the process. Runs in the foreground, writes no pid
// file: that is the service manager's matter.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

// Call first, while the process has one thread: blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 (all
// later threads inherit this) and ignores SIGPIPE. ERR_INTERNAL should the system refuse.
enum err base_daemon_prepare(void);

// Raises the soft limit of open files to the hard one. *got (may be NULL) receives it. ERR_RANGE if
// that is less than need.
enum err base_daemon_raise_files(uint64_t need, uint64_t *got);

// Schedules the calling thread, and those that it makes later, as SCHED_BATCH (sched(7)): when they
// wake, they do not push the one that runs off its processor; threads that hand work to each other
// then take it in larger portions. Needs no privilege. Errors: from errno.
enum err base_daemon_batch(void);

// What happens on the loop's thread when a signal arrives. Members may be NULL.
struct base_daemon_hooks {
    void (*stop)(unsigned nth, void *arg); // SIGTERM or SIGINT; nth counts from 1: 2 is impatience
    void (*reload)(void *arg);             // SIGHUP
    void (*user)(void *arg);               // SIGUSR1
    // Asked before each watchdog notification; false withholds it, so that the service manager
    // restarts us. NULL: that this loop turns is proof enough.
    bool (*healthy)(void *arg);
};

struct base_daemon;

// Receives the signals on `loop` and, if the service manager asked for it (WATCHDOG_USEC), notifies
// its watchdog at half the interval. Before the loop runs, or on its thread. hooks are copied.
enum err base_daemon_attach(struct base_loop *loop, const struct base_daemon_hooks *hooks,
                            void *arg, struct base_daemon **out);
void base_daemon_detach(struct base_daemon *daemon); // before base_loop_free; NULL is fine

// Tell the service manager (NOTIFY_SOCKET); without one they do nothing. Any thread. status: what
// `systemctl status` shows, may be NULL. Errors: ERR_INVALID (socket address), else from errno.
enum err base_daemon_ready(const char *status); // started, or reload finished
enum err base_daemon_reloading(void);
enum err base_daemon_stopping(const char *status);
enum err base_daemon_status(const char *status);
