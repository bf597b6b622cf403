// SPDX-License-Identifier: BSD-3-Clause
// Sender thread with a heap of items by due time.
#include "sim_sender.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "sim.h"

enum what { ITEM_ANSWER, ITEM_ANSWER_TWICE, ITEM_REQUEST, ITEM_CUT };

struct item {
    int64_t due_ns;
    uint64_t order; // equal due times keep their order
    enum what what;
    struct msg *msg;
    void (*answered)(void *data, struct msg **answer);
    void (*expired)(void *data, DiamId_t peer, size_t peer_len, struct msg **request);
    void *data;
    int64_t timeout_ms;
    char *peer;
};

struct sim_sender {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool stop;
    struct item *heap;
    size_t n, cap;
    uint64_t next_order;
};

// Not in the installed headers of every version, but exported by all: puts a message on a peer's
// way out without touching it. Weak, because a later library might not have it.
extern int fd_out_send(struct msg **msg, void *connection, struct peer_hdr *peer, int count)
    __attribute__((weak));

static bool before(const struct item *a, const struct item *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void swap(struct item *a, struct item *b)
{
    struct item t = *a;

    *a = *b;
    *b = t;
}

static enum err push(struct sim_sender *s, struct item *item)
{
    size_t i;

    if (s->n >= SIM_SENDER_MAX)
        return ERR_FULL;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        struct item *grown = realloc(s->heap, cap * sizeof *grown);

        if (!grown)
            return ERR_NOMEM;
        s->heap = grown;
        s->cap = cap;
    }
    item->order = s->next_order++;
    i = s->n++;
    s->heap[i] = *item;
    for (; i > 0 && before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&s->heap[i], &s->heap[(i - 1) / 2]);
    return ERR_OK;
}

static struct item pop(struct sim_sender *s)
{
    struct item first = s->heap[0];
    size_t i = 0;

    s->heap[0] = s->heap[--s->n];
    for (;;) {
        size_t least = i, left = 2 * i + 1;

        for (size_t child = left; child <= left + 1 && child < s->n; child++) {
            if (before(&s->heap[child], &s->heap[least]))
                least = child;
        }
        if (least == i)
            return first;
        swap(&s->heap[i], &s->heap[least]);
        i = least;
    }
}

static void drop(struct item *item)
{
    if (item->msg)
        fd_msg_free(item->msg);
    free(item->peer);
}

int sim_peer_socket(struct peer_hdr *peer)
{
    char text[128];
    const char *number;
    long fd;

    // "TCP,TLS,soc#7": the only public way to the socket
    if (fd_peer_cnx_proto_info(peer, text, sizeof text) != 0)
        return -1;
    number = strstr(text, "soc#");
    if (!number)
        return -1;
    fd = strtol(number + 4, NULL, 10);
    return fd > 0 && fd <= INT_MAX ? (int)fd : -1;
}

static void cut(const char *identity)
{
    const struct base_log_subject subject = {.peer = identity};
    struct peer_hdr *peer = NULL;
    int fd = -1;

    if (fd_peer_getbyid((DiamId_t)(uintptr_t)identity, strlen(identity), 0, &peer) == 0 && peer)
        fd = sim_peer_socket(peer);
    if (fd < 0 || shutdown(fd, SHUT_RDWR) != 0)
        base_log(sim_log, BASE_LOG_WARN, &subject, "fault: connection cannot be cut");
    else
        base_log(sim_log, BASE_LOG_NOTICE, &subject, "fault: connection cut");
}

// Sends a copy of the answer directly to the peer that asked.
static void send_copy(struct msg *answer)
{
    struct msg *request = NULL, *copy = NULL;
    struct peer_hdr *peer = NULL;
    DiamId_t source = NULL;
    uint8_t *bytes = NULL;
    size_t source_len = 0, len = 0;

    if (!fd_out_send || fd_msg_answ_getq(answer, &request) != 0 || !request ||
        fd_msg_source_get(request, &source, &source_len) != 0 || !source ||
        fd_peer_getbyid(source, source_len, 0, &peer) != 0 || !peer ||
        fd_msg_bufferize(answer, &bytes, &len) != 0)
        return;
    if (fd_msg_parse_buffer(&bytes, len, &copy) != 0) {
        free(bytes);
        return;
    }
    if (fd_out_send(&copy, NULL, peer, 0) != 0 && copy)
        fd_msg_free(copy);
}

static void send_item(struct item *item)
{
    struct timespec until;
    int rc = 0;

    switch (item->what) {
    case ITEM_CUT:
        cut(item->peer);
        break;
    case ITEM_ANSWER_TWICE:
        send_copy(item->msg);
        rc = fd_msg_send(&item->msg, NULL, NULL);
        break;
    case ITEM_ANSWER:
        rc = fd_msg_send(&item->msg, NULL, NULL);
        break;
    case ITEM_REQUEST:
        clock_gettime(CLOCK_REALTIME, &until); // the library's clock for this
        until.tv_sec += item->timeout_ms / 1000 + 1;
        rc = fd_msg_send_timeout(&item->msg, item->answered, item->data, item->expired, &until);
        break;
    }
    if (rc)
        base_log_limited(sim_log, BASE_LOG_ERROR, NULL, "message not sent: %s", strerror(rc));
    drop(item);
}

static void *run(void *arg)
{
    struct sim_sender *s = arg;

    pthread_mutex_lock(&s->mutex);
    while (!s->stop) {
        struct item item;

        if (s->n == 0) {
            pthread_cond_wait(&s->cond, &s->mutex);
            continue;
        }
        if (s->heap[0].due_ns > base_now_ns()) {
            struct timespec ts = {.tv_sec = s->heap[0].due_ns / BASE_S_NS,
                                  .tv_nsec = s->heap[0].due_ns % BASE_S_NS};

            pthread_cond_timedwait(&s->cond, &s->mutex, &ts);
            continue;
        }
        item = pop(s);
        pthread_mutex_unlock(&s->mutex);
        send_item(&item);
        pthread_mutex_lock(&s->mutex);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

enum err sim_sender_start(struct sim_sender **out)
{
    struct sim_sender *s = calloc(1, sizeof *s);
    pthread_condattr_t attr;

    if (!s)
        return ERR_NOMEM;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->cond, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, run, s)) {
        free(s);
        return ERR_NOMEM;
    }
    *out = s;
    return ERR_OK;
}

void sim_sender_stop(struct sim_sender *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->mutex);
    s->stop = true;
    pthread_cond_signal(&s->cond);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n; i++)
        drop(&s->heap[i]);
    free(s->heap);
    pthread_cond_destroy(&s->cond);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

static enum err add(struct sim_sender *s, struct item *item)
{
    enum err err;

    pthread_mutex_lock(&s->mutex);
    err = s->stop ? ERR_SHUTDOWN : push(s, item);
    if (!err)
        pthread_cond_signal(&s->cond);
    pthread_mutex_unlock(&s->mutex);
    if (err)
        drop(item);
    return err;
}

enum err sim_sender_answer(struct sim_sender *s, struct msg **msg, int64_t due_ns, bool twice)
{
    struct item item = {.due_ns = due_ns, .what = twice ? ITEM_ANSWER_TWICE : ITEM_ANSWER,
                        .msg = *msg};

    *msg = NULL;
    return add(s, &item);
}

enum err sim_sender_request(struct sim_sender *s, struct msg **msg,
                            void (*answered)(void *data, struct msg **answer),
                            void (*expired)(void *data, DiamId_t peer, size_t peer_len,
                                            struct msg **request),
                            void *data, int64_t timeout_ms)
{
    struct item item = {.what = ITEM_REQUEST, .msg = *msg, .answered = answered,
                        .expired = expired, .data = data, .timeout_ms = timeout_ms};

    *msg = NULL;
    return add(s, &item);
}

enum err sim_sender_cut(struct sim_sender *s, const char *peer, int64_t due_ns)
{
    struct item item = {.due_ns = due_ns, .what = ITEM_CUT, .peer = strdup(peer)};

    return item.peer ? add(s, &item) : ERR_NOMEM;
}

size_t sim_sender_waiting(struct sim_sender *s)
{
    size_t n;

    pthread_mutex_lock(&s->mutex);
    n = s->n;
    pthread_mutex_unlock(&s->mutex);
    return n;
}
