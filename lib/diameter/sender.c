// SPDX-License-Identifier: BSD-3-Clause
// The one thread that calls fd_msg_send: it may block there (the library's queue is bounded), the
// loops and the library's own threads may not. It sends our answers, and requests where direct.c
// cannot (inside somebody else's freeDiameterd). What comes in while it works is taken as one
// batch. Twice a second it looks after the peers.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diameter/stack_int.h"

enum {
    WATCH_MS = 500,
    LIBRARY_SLACK_MS = 2000, // the library forgets a request this long after our own timer
};

struct item {
    struct item *next;
    struct msg *msg;
    dia_cookie cookie;   // requests
    int64_t deadline_ns; // requests; 0: an answer
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct item *head, **tail;
    size_t n_requests; // in the list
    size_t n_items;
    size_t max_requests;
    bool idle, stop, running;
    pthread_t thread;
    bool thread_done;
    pthread_cond_t done;
} sender = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .tail = &sender.head,
};

static struct item *new_item(struct msg *msg, dia_cookie cookie, int64_t deadline_ns)
{
    struct item *item = malloc(sizeof(*item));
    if (item)
        *item = (struct item){.msg = msg, .cookie = cookie, .deadline_ns = deadline_ns};
    return item;
}

// Under the mutex.
static void push(struct item *item)
{
    *sender.tail = item;
    sender.tail = &item->next;
    sender.n_items++;
    sender.n_requests += item->deadline_ns != 0;
    if (sender.idle)
        pthread_cond_signal(&sender.wake);
}

enum err dia_sender_request(struct msg *msg, dia_cookie cookie, int64_t deadline_ns)
{
    enum err err = ERR_OK;
    struct item *item = new_item(msg, cookie, deadline_ns);
    if (!item)
        return ERR_NOMEM;
    pthread_mutex_lock(&sender.mutex);
    if (!sender.running || sender.stop)
        err = ERR_SHUTDOWN;
    else if (sender.n_requests >= sender.max_requests)
        err = ERR_FULL;
    else
        push(item);
    pthread_mutex_unlock(&sender.mutex);
    if (err != ERR_OK)
        free(item);
    return err;
}

void dia_sender_answer(struct msg *msg)
{
    struct item *item = new_item(msg, 0, 0);
    bool taken = false;
    if (item) {
        pthread_mutex_lock(&sender.mutex);
        taken = sender.running && !sender.stop;
        if (taken)
            push(item);
        pthread_mutex_unlock(&sender.mutex);
    }
    if (!taken) {
        dia_count(item ? DIA_COUNT_INBOUND_LOST : DIA_COUNT_NO_MEMORY);
        free(item);
        fd_msg_free(msg);
    }
}

size_t dia_sender_queued(void)
{
    pthread_mutex_lock(&sender.mutex);
    size_t n = sender.n_items;
    pthread_mutex_unlock(&sender.mutex);
    return n;
}

// It is the wall clock.
struct timespec dia_library_deadline(int64_t deadline_ns)
{
    struct timespec ts;
    int64_t left = deadline_ns - base_now_ns();
    clock_gettime(CLOCK_REALTIME, &ts);
    if (left < 0) // this thread was held up; a time that is none would end the library's own thread
        left = 0;
    int64_t at = ts.tv_nsec + left + LIBRARY_SLACK_MS * BASE_MS_NS;
    ts.tv_sec += at / BASE_S_NS;
    ts.tv_nsec = at % BASE_S_NS;
    return ts;
}

static void send_request(struct item *item)
{
    if (base_now_ns() >= item->deadline_ns) { // its transaction has timed out
        dia_count(DIA_COUNT_QUEUE_TIMEOUT);
        fd_msg_free(item->msg);
        return;
    }
    const struct timespec forget = dia_library_deadline(item->deadline_ns);
    int rc = fd_msg_send_timeout(&item->msg, dia_on_answer, (void *)(uintptr_t)item->cookie,
                                 dia_on_expiry, &forget);
    if (rc == 0)
        return;
    fd_msg_free(item->msg);
    dia_tx_end(item->cookie, ERR_DIA_LIBRARY, NULL, NULL);
    if (rc == EPIPE && dia_phase() == DIA_RUNNING) // its queues are gone
        dia_stack_fail("the Diameter library has closed its queues");
}

static void send_answer(struct item *item)
{
    if (fd_msg_send(&item->msg, NULL, NULL) != 0) {
        dia_count(DIA_COUNT_INBOUND_LOST);
        fd_msg_free(item->msg);
    }
}

static void send_batch(struct item *item)
{
    while (item) {
        struct item *following = item->next;
        if (item->deadline_ns)
            send_request(item);
        else
            send_answer(item);
        free(item);
        item = following;
    }
}

// Waits for work or the next watch. Under the mutex; false when it is time to end.
static bool wait_for_work(int64_t watch_ns)
{
    while (!sender.head && !sender.stop) {
        int64_t now = base_now_ns();
        if (now >= watch_ns)
            return true;
        struct timespec until = {.tv_sec = watch_ns / BASE_S_NS, .tv_nsec = watch_ns % BASE_S_NS};
        sender.idle = true;
        pthread_cond_timedwait(&sender.wake, &sender.mutex, &until);
        sender.idle = false;
    }
    return sender.head || !sender.stop;
}

static void *run(void *arg)
{
    int64_t watch_ns = 0;
    pthread_setname_np(pthread_self(), "dia-sender");
    pthread_mutex_lock(&sender.mutex);
    while (wait_for_work(watch_ns)) {
        struct item *batch = sender.head;
        sender.head = NULL;
        sender.tail = &sender.head;
        sender.n_requests = sender.n_items = 0;
        pthread_mutex_unlock(&sender.mutex);
        send_batch(batch);
        int64_t now = base_now_ns();
        if (now >= watch_ns && dia_phase() != DIA_STOPPED) {
            watch_ns = now + WATCH_MS * BASE_MS_NS;
            dia_peers_watch();
        }
        pthread_mutex_lock(&sender.mutex);
    }
    sender.thread_done = true;
    pthread_cond_broadcast(&sender.done);
    pthread_mutex_unlock(&sender.mutex);
    return NULL;
}

enum err dia_sender_start(uint32_t max_queue)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sender.wake, &monotonic);
    pthread_cond_init(&sender.done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sender.max_requests = max_queue;
    sender.running = true;
    int rc = pthread_create(&sender.thread, NULL, run, NULL);
    if (rc != 0) {
        sender.running = false;
        return err_from_errno(rc);
    }
    return ERR_OK;
}

// After a thread that does not end in time (stuck inside the library) is left alone: the process is
// about to end.
void dia_sender_stop(int64_t wait_ms)
{
    if (!sender.running) // never started
        return;
    int64_t until_ns = base_now_ns() + wait_ms * BASE_MS_NS;
    struct timespec until = {.tv_sec = until_ns / BASE_S_NS, .tv_nsec = until_ns % BASE_S_NS};
    pthread_mutex_lock(&sender.mutex);
    sender.stop = true;
    pthread_cond_signal(&sender.wake);
    while (!sender.thread_done &&
           pthread_cond_timedwait(&sender.done, &sender.mutex, &until) != ETIMEDOUT)
        ;
    bool ended = sender.thread_done;
    struct item *left = ended ? sender.head : NULL;
    if (ended) {
        sender.running = false; // the library's threads may still come with answers
        sender.head = NULL;
        sender.tail = &sender.head;
    }
    pthread_mutex_unlock(&sender.mutex);
    if (!ended)
        return;
    pthread_join(sender.thread, NULL);
    while (left) {
        struct item *item = left;
        left = item->next;
        fd_msg_free(item->msg);
        free(item);
    }
}
