// SPDX-License-Identifier: BSD-3-Clause
// Jobs wait on a lock-free intrusive stack (many producers push, the loop takes all at once and
// reverses). `idle` says that nobody has yet promised to look at the stack: who turns it off writes
// the eventfd, everybody else saves the system call.
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

BASE_LOG_CATEGORY(log_loop, "loop");

static struct metric_family jobs_total = {
    .name = "fgw_loop_jobs_total",
    .help = "Jobs run on an event loop.",
    .type = METRIC_COUNTER,
    .labels = {"loop"},
};
static struct metric_family refused_total = {
    .name = "fgw_loop_refused_total",
    .help = "Jobs refused because the loop's queue was full.",
    .type = METRIC_COUNTER,
    .labels = {"loop"},
};
static struct metric_family queued_jobs = {
    .name = "fgw_loop_queued_jobs",
    .help = "Jobs waiting for an event loop.",
    .type = METRIC_GAUGE,
    .labels = {"loop"},
};

enum {
    BATCHES_PER_WAKE = 4, // then sockets and timers get their turn
    NAME_MAX_BYTES = 16,  // of a thread, pthread_setname_np(3)
};

// `counts`: jobs queued in the low half, calls inside base_loop_post/stop in the high half, so that
// one atomic addition enters and base_loop_free can wait for callers that have not left yet.
#define COUNT_JOB ((uint64_t)1)
#define COUNT_CALLER ((uint64_t)1 << 32)
#define JOBS_OF(counts) ((size_t)(uint32_t)(counts))
#define CALLERS_OF(counts) ((size_t)((counts) >> 32))

struct base_loop {
    struct event_base *events;
    struct event wake;
    int wake_fd;
    size_t capacity;
    char name[NAME_MAX_BYTES];
    int64_t now_ns; // 0: not read in this turn
    bool in_turn;   // now_ns is being invalidated by base_loop_run
    bool started;   // thread is to be joined
    pthread_t thread;
    _Atomic bool running, stopping, closed;
    struct metric_cell *jobs, *refused, *queued;

    _Alignas(64) _Atomic(struct base_job *) head;
    _Atomic uint64_t counts;
    _Atomic bool idle;
};

static _Thread_local struct base_loop *current;

static void wake(struct base_loop *loop)
{
    uint64_t one = 1;
    ssize_t n;
    do {
        n = write(loop->wake_fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
    // EAGAIN would mean 2^64 - 2 unread wake-ups: the loop is awake then
}

static void wake_if_idle(struct base_loop *loop)
{
    if (atomic_load(&loop->idle) && atomic_exchange(&loop->idle, false))
        wake(loop);
}

// Runs everything queued at this moment, oldest first. True if there was something.
static bool run_batch(struct base_loop *loop)
{
    struct base_job *taken = atomic_exchange(&loop->head, NULL);
    struct base_job *job = NULL;
    while (taken) {
        struct base_job *next = taken->next;
        taken->next = job;
        job = taken;
        taken = next;
    }
    if (!job)
        return false;
    uint64_t n = 0;
    for (; job; n++) {
        struct base_job *next = job->next; // the job may free or re-post itself
        atomic_fetch_sub(&loop->counts, COUNT_JOB);
        job->run(job);
        job = next;
    }
    metric_add(loop->jobs, n);
    return true;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct base_loop *loop = arg;
    uint64_t n;
    ssize_t got = read(fd, &n, sizeof(n));
    (void)got; // EAGAIN after a spurious wake-up is fine

    for (int i = 0; i < BATCHES_PER_WAKE; i++) {
        if (!run_batch(loop))
            break;
    }
    atomic_store(&loop->idle, true);
    // a producer that pushed before this store saw idle == false and left the wake-up to us
    if (atomic_load(&loop->head) || atomic_load(&loop->stopping))
        wake_if_idle(loop);
}

static struct event_base *new_event_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    // One thread per base: no locks. No cached time: a timer started late in a long turn would
    // otherwise run from the turn's beginning.
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_NO_CACHE_TIME);
    struct event_base *events = event_base_new_with_config(config);
    event_config_free(config);
    return events;
}

static void collect_queued(void *arg)
{
    struct base_loop *loop = arg;
    metric_set(loop->queued, (int64_t)base_loop_queued(loop));
}

enum err base_loop_new(const char *name, size_t capacity, struct base_loop **out)
{
    enum err err = ERR_NOMEM;
    struct base_loop *loop = aligned_alloc(_Alignof(struct base_loop), sizeof(*loop));
    if (!loop)
        return ERR_NOMEM;
    memset(loop, 0, sizeof(*loop));
    loop->capacity = capacity < UINT32_MAX / 2 ? capacity : UINT32_MAX / 2;
    strncpy(loop->name, name, sizeof(loop->name) - 1);
    atomic_init(&loop->idle, true);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0) {
        err = err_from_errno(errno);
        goto out;
    }
    loop->events = new_event_base();
    if (!loop->events)
        goto out;
    event_assign(&loop->wake, loop->events, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    if (event_add(&loop->wake, NULL) != 0)
        goto out;
    loop->jobs = METRIC_CELL(&jobs_total, loop->name);
    loop->refused = METRIC_CELL(&refused_total, loop->name);
    loop->queued = METRIC_CELL(&queued_jobs, loop->name);
    err = metrics_on_collect(collect_queued, loop);
    if (err)
        goto out;
    *out = loop;
    return ERR_OK;

out:
    if (loop->events)
        event_base_free(loop->events);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    free(loop);
    return err;
}

void base_loop_free(struct base_loop *loop)
{
    if (!loop)
        return;
    metrics_off_collect(collect_queued, loop);
    metric_set(loop->queued, 0);
    atomic_store(&loop->closed, true);
    struct base_loop *before = current;
    current = loop;
    while (atomic_load(&loop->counts) != 0) {
        if (!run_batch(loop))
            sched_yield(); // a caller is about to push or to leave
    }
    current = before;
    event_del(&loop->wake);
    event_base_free(loop->events);
    close(loop->wake_fd);
    free(loop);
}

enum err base_loop_run(struct base_loop *loop)
{
    if (atomic_exchange(&loop->running, true))
        return ERR_WRONG_STATE;
    enum err err = ERR_OK;
    struct base_loop *before = current;
    current = loop;
    loop->in_turn = true;
    while (!atomic_load(&loop->stopping)) {
        loop->now_ns = 0;
        if (event_base_loop(loop->events, EVLOOP_ONCE) < 0) {
            err = ERR_IO;
            break;
        }
    }
    run_batch(loop); // what was queued before the stop
    loop->in_turn = false;
    current = before;
    atomic_store(&loop->stopping, false);
    atomic_store(&loop->running, false);
    return err;
}

static void *thread_main(void *arg)
{
    struct base_loop *loop = arg;
    enum err err = base_loop_run(loop);
    if (err)
        base_log(&log_loop, BASE_LOG_ERROR, NULL, "loop %s ended: %s", loop->name, err_str(err));
    return NULL;
}

enum err base_loop_start(struct base_loop *loop)
{
    if (loop->started)
        return ERR_WRONG_STATE;
    // signals are the main thread's matter
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&loop->thread, NULL, thread_main, loop);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0)
        return err_from_errno(rc);
    pthread_setname_np(loop->thread, loop->name);
    loop->started = true;
    return ERR_OK;
}

void base_loop_stop(struct base_loop *loop)
{
    atomic_fetch_add(&loop->counts, COUNT_CALLER);
    atomic_store(&loop->stopping, true);
    wake_if_idle(loop);
    atomic_fetch_sub(&loop->counts, COUNT_CALLER);
}

void base_loop_join(struct base_loop *loop)
{
    if (!loop->started)
        return;
    pthread_join(loop->thread, NULL);
    loop->started = false;
}

static void push(struct base_loop *loop, struct base_job *job)
{
    struct base_job *head = atomic_load_explicit(&loop->head, memory_order_relaxed);
    do {
        job->next = head;
    } while (!atomic_compare_exchange_weak(&loop->head, &head, job));
    wake_if_idle(loop);
}

enum err base_loop_post(struct base_loop *loop, struct base_job *job)
{
    uint64_t before = atomic_fetch_add(&loop->counts, COUNT_CALLER + COUNT_JOB);
    if (atomic_load(&loop->closed) || JOBS_OF(before) >= loop->capacity) {
        enum err err = atomic_load(&loop->closed) ? ERR_SHUTDOWN : ERR_FULL;
        if (err == ERR_FULL)
            metric_inc(loop->refused);
        atomic_fetch_sub(&loop->counts, COUNT_CALLER + COUNT_JOB);
        return err;
    }
    push(loop, job);
    atomic_fetch_sub(&loop->counts, COUNT_CALLER);
    return ERR_OK;
}

void base_loop_post_admitted(struct base_loop *loop, struct base_job *job)
{
    atomic_fetch_add(&loop->counts, COUNT_CALLER + COUNT_JOB);
    push(loop, job);
    atomic_fetch_sub(&loop->counts, COUNT_CALLER);
}

struct event_base *base_loop_event_base(struct base_loop *loop)
{
    return loop->events;
}

const char *base_loop_name(const struct base_loop *loop)
{
    return loop->name;
}

bool base_loop_is_current(const struct base_loop *loop)
{
    return current == loop;
}

struct base_loop *base_loop_current(void)
{
    return current;
}

size_t base_loop_queued(const struct base_loop *loop)
{
    return JOBS_OF(atomic_load(&loop->counts));
}

int64_t base_loop_now_ns(struct base_loop *loop)
{
    if (!loop->in_turn)
        return base_now_ns();
    if (loop->now_ns == 0)
        loop->now_ns = base_now_ns();
    return loop->now_ns;
}

// --- timers ---

static enum err arm(struct base_timer *timer, int64_t delay_ms)
{
    struct timeval tv = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    if (evtimer_add(&timer->ev, &tv) != 0)
        return ERR_NOMEM;
    timer->armed = true;
    return ERR_OK;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct base_timer *timer = arg;
    // libevent keeps time by the coarse clock, which lags up to a tick: never fire early
    int64_t left_ms = base_ms_until(timer->deadline_ns);
    if (left_ms > 0 && arm(timer, left_ms) == ERR_OK)
        return;
    timer->armed = false;
    timer->fire(timer);
}

void base_timer_init(struct base_timer *timer, struct base_loop *loop,
                     void (*fire)(struct base_timer *timer))
{
    memset(timer, 0, sizeof(*timer));
    timer->fire = fire;
    evtimer_assign(&timer->ev, loop->events, on_timer, timer);
}

enum err base_timer_start(struct base_timer *timer, int64_t delay_ms)
{
    if (delay_ms < 0)
        delay_ms = 0;
    if (delay_ms > BASE_TIMER_MAX_MS)
        return ERR_RANGE;
    timer->deadline_ns = base_now_ns() + delay_ms * BASE_MS_NS;
    return arm(timer, delay_ms);
}

void base_timer_stop(struct base_timer *timer)
{
    if (timer->armed)
        evtimer_del(&timer->ev);
    timer->armed = false;
}
