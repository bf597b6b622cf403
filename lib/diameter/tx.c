// SPDX-License-Identifier: BSD-3-Clause
// Requests toward the core. A transaction belongs to the loop that sent it; other threads know only
// its cookie and hand over what happened. The library may call back once, late, or never: whatever
// comes after the transaction has ended finds a stale handle and is counted.
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "diameter/stack_int.h"

struct dia_tx {
    base_handle handle;
    struct dia_tx_loop *loop;
    dia_done done;
    void *ctx;
    const char *procedure;
    int64_t start_ns;
    struct base_timer timer;
};

struct dia_tx_loop {
    struct base_loop *loop;
    struct base_handles *table;
    unsigned number;
    size_t capacity;
    // generation and peer number + 1 of the request in each slot, as last written to a peer; MOVED:
    // it had been written before
    _Atomic uint64_t *asked;
};
#define MOVED ((uint32_t)1 << 31)

static struct {
    struct dia_tx_loop loops[DIA_LOOPS_MAX];
    _Atomic size_t n;
    _Atomic uint64_t live;
    _Atomic unsigned posting; // threads of the library inside dia_tx_end
} tx;

// ---- cookies ----

static dia_cookie make_cookie(const struct dia_tx *t, bool no_failover)
{
    return (t->handle & 0xffffffff00ffffffu) | (uint64_t)t->loop->number << 24 |
           (no_failover ? DIA_COOKIE_NO_FAILOVER : 0);
}

static base_handle cookie_handle(dia_cookie cookie)
{
    return cookie & 0xffffffff00ffffffu;
}

static struct dia_tx_loop *cookie_loop(dia_cookie cookie)
{
    size_t number = (size_t)(cookie >> 24) & (DIA_LOOPS_MAX - 1);
    return number < atomic_load_explicit(&tx.n, memory_order_acquire) ? &tx.loops[number] : NULL;
}

static _Atomic uint64_t *cookie_asked(dia_cookie cookie)
{
    const struct dia_tx_loop *loop = cookie_loop(cookie);
    size_t index = (size_t)(cookie & 0xffffff) - 1;
    return loop && index < loop->capacity ? &loop->asked[index] : NULL;
}

bool dia_tx_cookie(struct msg *request, dia_cookie *out)
{
    void (*answered)(void *, struct msg **) = NULL;
    void *data = NULL;
    if (fd_msg_anscb_get(request, &answered, NULL, &data) != 0 || answered != dia_on_answer)
        return false;
    *out = (dia_cookie)(uintptr_t)data;
    return true;
}

void dia_tx_sent(dia_cookie cookie, const struct dia_peer *peer)
{
    _Atomic uint64_t *asked = cookie_asked(cookie);
    if (!asked || !peer)
        return;
    uint64_t before = atomic_load_explicit(asked, memory_order_relaxed);
    bool again = (before ^ cookie) >> 32 == 0 && (uint32_t)before != 0;
    atomic_store_explicit(asked,
                          (cookie & 0xffffffff00000000u) | (again ? MOVED : 0) | (peer->number + 1),
                          memory_order_relaxed);
}

// Number of the peer that was asked last + 1, and MOVED; 0 if the request never went out.
static uint32_t asked_word(base_handle handle, const struct dia_tx_loop *loop)
{
    size_t index = (size_t)(handle & 0xffffff) - 1;
    uint64_t asked = atomic_load_explicit(&loop->asked[index], memory_order_relaxed);
    return (asked ^ handle) >> 32 == 0 ? (uint32_t)asked : 0;
}

static struct dia_peer *asked_peer(base_handle handle, const struct dia_tx_loop *loop)
{
    uint32_t number = asked_word(handle, loop) & ~MOVED;
    return number ? dia_peer_at(number - 1) : NULL;
}

// ---- loops ----

enum err dia_loop_attach(struct base_loop *loop, size_t capacity)
{
    size_t n = atomic_load(&tx.n);
    struct dia_tx_loop *l = &tx.loops[n];
    if (n == DIA_LOOPS_MAX || dia_tx_loop_of(loop))
        return n == DIA_LOOPS_MAX ? ERR_FULL : ERR_EXISTS;
    if (capacity == 0 || capacity > DIA_CAPACITY_MAX)
        return ERR_RANGE;
    *l = (struct dia_tx_loop){.loop = loop, .number = (unsigned)n, .capacity = capacity};
    l->asked = calloc(capacity, sizeof(l->asked[0]));
    if (!l->asked)
        return ERR_NOMEM;
    enum err err = base_handles_new(capacity, &l->table);
    if (err != ERR_OK) {
        free(l->asked);
        return err;
    }
    atomic_store_explicit(&tx.n, n + 1, memory_order_release);
    return ERR_OK;
}

struct dia_tx_loop *dia_tx_loop_of(struct base_loop *loop)
{
    size_t n = atomic_load_explicit(&tx.n, memory_order_acquire);
    for (size_t i = 0; i < n; i++) {
        if (tx.loops[i].loop == loop)
            return &tx.loops[i];
    }
    return NULL;
}

struct base_loop *dia_tx_loop_at(size_t i)
{
    return i < atomic_load_explicit(&tx.n, memory_order_acquire) ? tx.loops[i].loop : NULL;
}

size_t dia_tx_n_loops(void)
{
    return atomic_load_explicit(&tx.n, memory_order_acquire);
}

uint64_t dia_tx_live(void)
{
    return atomic_load(&tx.live);
}

// ---- the end of a transaction, on its loop ----

static void release(struct dia_tx *t)
{
    base_handle_release(t->loop->table, t->handle);
    base_timer_stop(&t->timer);
    atomic_fetch_sub(&tx.live, 1);
}

static void finish(struct dia_tx *t, enum err err, struct msg *answer, struct dia_peer *peer)
{
    struct dia_result result = {0};
    if (!peer)
        peer = asked_peer(t->handle, t->loop);
    if (answer)
        result = dia_msg_result(answer);
    const struct dia_outcome outcome = {
        .err = err,
        .answer = answer,
        .peer = peer ? peer->identity : "",
        .moved = asked_word(t->handle, t->loop) & MOVED,
        .elapsed_ns = base_now_ns() - t->start_ns,
    };
    release(t);
    if (peer && err == ERR_TIMEOUT)
        atomic_fetch_add_explicit(&peer->timeouts, 1, memory_order_relaxed);
    dia_count_request(peer, t->procedure, err, &result, outcome.elapsed_ns);
    t->done(t->ctx, &outcome);
    free(t);
}

static void on_timer(struct base_timer *timer)
{
    finish(BASE_CONTAINER_OF(timer, struct dia_tx, timer), ERR_TIMEOUT, NULL, NULL);
}

struct ending {
    struct base_job job;
    struct dia_tx_loop *loop;
    dia_cookie cookie;
    enum err err;
    struct msg *answer;
    struct dia_peer *peer;
};

static void on_ending(struct base_job *job)
{
    struct ending *e = BASE_CONTAINER_OF(job, struct ending, job);
    struct dia_tx *t = base_handle_get(e->loop->table, cookie_handle(e->cookie));
    if (t) {
        finish(t, e->err, e->answer, e->peer);
    } else if (e->answer) {
        dia_count(DIA_COUNT_LATE);
        if (e->err == ERR_OK)
            dia_late(e->loop->loop, &e->answer, e->peer);
    }
    if (e->answer)
        fd_msg_free(e->answer);
    free(e);
}

void dia_tx_end(dia_cookie cookie, enum err err, struct msg *answer, struct dia_peer *peer)
{
    atomic_fetch_add(&tx.posting, 1); // before asking whether the loop is still there
    struct dia_tx_loop *loop = cookie_loop(cookie);
    struct ending *e = loop ? malloc(sizeof(*e)) : NULL;
    if (e) {
        *e = (struct ending){
            .job = {.run = on_ending},
            .loop = loop,
            .cookie = cookie,
            .err = err,
            .answer = answer,
            .peer = peer,
        };
        base_loop_post_admitted(loop->loop, &e->job);
    } else { // our own timer ends the transaction, or everything has ended
        if (loop)
            dia_count(DIA_COUNT_NO_MEMORY);
        if (answer)
            fd_msg_free(answer);
    }
    atomic_fetch_sub(&tx.posting, 1);
}

void dia_tx_stray(struct msg *answer, struct dia_peer *peer)
{
    atomic_fetch_add(&tx.posting, 1);
    size_t n = dia_tx_n_loops();
    struct msg_hdr *hdr = NULL;
    struct ending *e = n > 0 && fd_msg_hdr(answer, &hdr) == 0 ? malloc(sizeof(*e)) : NULL;
    if (e) {
        struct dia_tx_loop *loop = &tx.loops[hdr->msg_eteid % n];
        *e = (struct ending){
            .job = {.run = on_ending}, // without a cookie
            .loop = loop,
            .answer = answer,
            .peer = peer,
        };
        if (base_loop_post(loop->loop, &e->job) != ERR_OK) {
            free(e);
            e = NULL;
        }
    }
    if (!e)
        fd_msg_free(answer);
    atomic_fetch_sub(&tx.posting, 1);
}

// ---- what the library calls ----

// The library answers by itself when it finds no peer; such an answer has no source.
static enum err judge(struct msg *answer, const struct dia_peer *peer)
{
    struct msg *request = NULL;
    struct msg_hdr *hdr = NULL;
    enum err rescued = dia_rescue_take(answer);
    if (!peer) {
        bool sent_before = fd_msg_answ_getq(answer, &request) == 0 && request &&
                           fd_msg_hdr(request, &hdr) == 0 && (hdr->msg_flags & CMD_FLAG_RETRANSMIT);
        return sent_before ? ERR_DIA_PEER_LOST : ERR_DIA_NO_PEER;
    }
    if (rescued == ERR_OK)
        return ERR_OK;
    // an error answer that breaks a rule still says what it has to say
    return dia_msg_result(answer).code >= 3000 ? ERR_OK : ERR_DIA_BAD_ANSWER;
}

// Dispatch thread.
void dia_on_answer(void *data, struct msg **msg)
{
    int before = dia_no_cancel();
    struct msg *answer = *msg;
    DiamId_t id = NULL;
    size_t len = 0;
    struct dia_peer *peer = NULL;
    *msg = NULL;
    if (fd_msg_source_get(answer, &id, &len) == 0 && id)
        peer = dia_peer_get(id, len);
    enum err err = judge(answer, peer);
    if (peer) {
        atomic_fetch_add_explicit(&peer->answers, 1, memory_order_relaxed);
    } else {
        fd_msg_free(answer);
        answer = NULL;
    }
    dia_tx_end((dia_cookie)(uintptr_t)data, err, answer, peer);
    dia_cancel_again(before);
}

// The library's expiry thread, a little after our own timer: only so that it forgets the request.
void dia_on_expiry(void *data, DiamId_t peer, size_t len, struct msg **request)
{
    int before = dia_no_cancel();
    fd_msg_free(*request);
    *request = NULL;
    dia_cancel_again(before);
}

// ---- what callers use ----

static enum err start_tx(struct dia_tx_loop *loop, const struct dia_send_options *options,
                         dia_done done, void *ctx, struct dia_tx **out)
{
    struct dia_tx *t = malloc(sizeof(*t));
    if (!t)
        return ERR_NOMEM;
    *t = (struct dia_tx){
        .loop = loop,
        .done = done,
        .ctx = ctx,
        .procedure = options->procedure ? options->procedure : "",
        .start_ns = base_now_ns(),
    };
    enum err err = base_handle_alloc(loop->table, t, &t->handle);
    if (err != ERR_OK) {
        free(t);
        return err;
    }
    base_timer_init(&t->timer, loop->loop, on_timer);
    err = base_timer_start(&t->timer, options->timeout_ms);
    if (err != ERR_OK) {
        base_handle_release(loop->table, t->handle);
        free(t);
        return err;
    }
    atomic_fetch_add(&tx.live, 1);
    *out = t;
    return ERR_OK;
}

static enum err hand_over(struct msg *request, dia_cookie cookie, int64_t deadline_ns)
{
    if (!dia_direct_ready())
        return dia_sender_request(request, cookie, deadline_ns);
    const struct timespec forget = dia_library_deadline(deadline_ns);
    dia_direct_request(request, cookie, &forget);
    return ERR_OK;
}

enum err dia_send(struct base_loop *loop, struct msg **request,
                  const struct dia_send_options *options, dia_done done, void *ctx,
                  base_handle *out)
{
    struct msg *msg = *request;
    struct dia_tx *t = NULL;
    *request = NULL;
    struct dia_tx_loop *l = dia_tx_loop_of(loop);
    enum err err = l ? ERR_OK : ERR_INVALID;
    if (err == ERR_OK && dia_phase() != DIA_RUNNING)
        err = ERR_SHUTDOWN;
    if (err == ERR_OK)
        err = start_tx(l, options, done, ctx, &t);
    if (err == ERR_OK && out)
        *out = t->handle;
    if (err == ERR_OK)
        err = hand_over(msg, make_cookie(t, options->no_failover),
                        t->start_ns + options->timeout_ms * BASE_MS_NS);
    if (err == ERR_OK)
        return ERR_OK;
    fd_msg_free(msg);
    if (t) {
        release(t);
        free(t);
    }
    if (err == ERR_FULL)
        err = ERR_DIA_BUSY;
    if (err == ERR_DIA_BUSY) {
        dia_count(DIA_COUNT_BUSY);
        dia_count_request(NULL, options->procedure ? options->procedure : "", err, NULL, -1);
    }
    return err;
}

void dia_cancel(struct base_loop *loop, base_handle handle)
{
    struct dia_tx_loop *l = dia_tx_loop_of(loop);
    struct dia_tx *t = l ? base_handle_get(l->table, handle) : NULL;
    if (!t)
        return;
    dia_count_request(asked_peer(handle, l), t->procedure, ERR_CANCELLED, NULL,
                      base_now_ns() - t->start_ns);
    release(t);
    free(t);
}

// ---- shutdown ----

struct end_all {
    struct base_job job;
    struct dia_tx_loop *loop;
};

static _Atomic int end_all_left;

static void end_one(base_handle handle, void *obj, void *arg)
{
    finish(obj, ERR_SHUTDOWN, NULL, NULL);
}

static void on_end_all(struct base_job *job)
{
    struct end_all *e = BASE_CONTAINER_OF(job, struct end_all, job);
    base_handles_each(e->loop->table, end_one, NULL);
    free(e);
    atomic_fetch_sub(&end_all_left, 1);
}

void dia_tx_end_all(int64_t wait_ms)
{
    if (dia_tx_live() == 0)
        return;
    size_t n = dia_tx_n_loops();
    for (size_t i = 0; i < n; i++) {
        struct end_all *e = malloc(sizeof(*e));
        if (!e)
            continue;
        *e = (struct end_all){.job = {.run = on_end_all}, .loop = &tx.loops[i]};
        atomic_fetch_add(&end_all_left, 1);
        base_loop_post_admitted(tx.loops[i].loop, &e->job);
    }
    int64_t until = base_now_ns() + wait_ms * BASE_MS_NS;
    while (atomic_load(&end_all_left) > 0 && base_now_ns() < until)
        nanosleep(&(struct timespec){.tv_nsec = BASE_MS_NS}, NULL);
}

// The tables stay: jobs already posted still look at them.
void dia_tx_detach(void)
{
    atomic_store(&tx.n, 0);
    while (atomic_load(&tx.posting) > 0)
        sched_yield();
}
