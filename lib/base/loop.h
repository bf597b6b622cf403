// SPDX-License-Identifier: BSD-3-Clause
// Event loops on libevent, one thread each, and the hand-off of jobs between threads.
// An object belongs to one loop; other threads reach it only by posting a job.
// Not for blocking work: nothing run on a loop may block.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/err.h"

struct base_loop;

// One piece of work for a loop. Embedded in the object it is about; it must stay valid until run()
// has been entered. run() may free it. A job can be queued once at a time.
struct base_job {
    struct base_job *next;            // owned by the queue while posted
    void (*run)(struct base_job *job);
};

// Creates a loop. capacity: most jobs queued at a time by base_loop_post (bounded hand-off). name
// (at most 15 characters) is the thread's, and the label of fgw_loop_jobs_total, _refused_total and
// _queued_jobs.
enum err base_loop_new(const char *name, size_t capacity, struct base_loop **out);
// Frees a stopped loop; jobs still queued are run first, so that nothing is lost.
void base_loop_free(struct base_loop *loop);

// Runs the loop in the calling thread until base_loop_stop; or in a thread of its own.
enum err base_loop_run(struct base_loop *loop);
enum err base_loop_start(struct base_loop *loop);
// Any thread. Stops after the jobs already queued. Does not wait.
void base_loop_stop(struct base_loop *loop);
// Waits for a loop started with base_loop_start to end.
void base_loop_join(struct base_loop *loop);

// Any thread. Queues a job; the loop is woken only when it was idle, and takes all queued jobs as
// one batch, in order per producer. ERR_FULL when capacity is reached, ERR_SHUTDOWN after
// base_loop_free has begun; the job is then not queued and still belongs to the caller.
enum err base_loop_post(struct base_loop *loop, struct base_job *job);
// The same without the bound, for work already admitted elsewhere (the end of a transaction).
void base_loop_post_admitted(struct base_loop *loop, struct base_job *job);

struct event_base *base_loop_event_base(struct base_loop *loop);
const char *base_loop_name(const struct base_loop *loop);
bool base_loop_is_current(const struct base_loop *loop); // is the caller on the loop's thread?
struct base_loop *base_loop_current(void);               // loop of this thread, or NULL
size_t base_loop_queued(const struct base_loop *loop);   // any thread; for metrics
// Loop's cached CLOCK_MONOTONIC, refreshed once per turn; loop thread only.
int64_t base_loop_now_ns(struct base_loop *loop);

// One-shot timer of a loop. Embedded by its owner. Loop thread only. Never fires early.
struct base_timer {
    struct event ev;
    void (*fire)(struct base_timer *timer); // may restart or free the timer
    int64_t deadline_ns;                    // CLOCK_MONOTONIC
    bool armed;
};
#define BASE_TIMER_MAX_MS (366LL * 24 * 3600 * 1000)
void base_timer_init(struct base_timer *timer, struct base_loop *loop,
                     void (*fire)(struct base_timer *timer));
// (Re)starts; delay in milliseconds, 0 (or less) fires in the next turn. ERR_RANGE beyond
// BASE_TIMER_MAX_MS, ERR_NOMEM when the event could not be added.
enum err base_timer_start(struct base_timer *timer, int64_t delay_ms);
void base_timer_stop(struct base_timer *timer); // idempotent; fire will not be called afterwards

#define BASE_CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
