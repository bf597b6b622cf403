// SPDX-License-Identifier: BSD-3-Clause
// Pushed requests: sending, and matching answers by generation-checked handles.
#include "sim_push.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "sim.h"

#define SLOTS 4096 // pushed requests outstanding at a time

#define SUCCESS 2001

struct slot {
    uint32_t generation;
    bool used, waited, done;
    uint32_t command;
    int64_t sent_ns;
    char imsi[16];
    struct sim_push_answer *answer; // of the waiting thread
};

struct sim_pushes {
    struct sim_sender *sender;
    int64_t timeout_ms;
    sim_push_describe *describe;
    pthread_mutex_t mutex;
    pthread_cond_t cond; // some waited slot is done
    size_t next;
    struct slot slots[SLOTS];
};

// The library's callbacks get only a handle, which may come back after the table is gone.
static pthread_mutex_t current_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sim_pushes *current;

enum err sim_pushes_new(struct sim_sender *sender, int64_t timeout_ms, sim_push_describe *describe,
                        struct sim_pushes **out)
{
    struct sim_pushes *p = calloc(1, sizeof *p);
    pthread_condattr_t attr;

    if (!p)
        return ERR_NOMEM;
    p->sender = sender;
    p->timeout_ms = timeout_ms;
    p->describe = describe;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->cond, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_lock(&current_mutex);
    current = p;
    pthread_mutex_unlock(&current_mutex);
    *out = p;
    return ERR_OK;
}

void sim_pushes_free(struct sim_pushes *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&current_mutex);
    current = NULL;
    pthread_mutex_unlock(&current_mutex);
    pthread_cond_destroy(&p->cond);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

static void *handle_of(const struct slot *slot, const struct sim_pushes *p)
{
    uint64_t handle = (uint64_t)slot->generation << 16 | (uint64_t)(slot - p->slots);

    return (void *)(uintptr_t)handle;
}

static struct slot *slot_of(struct sim_pushes *p, void *handle)
{
    uint64_t h = (uint64_t)(uintptr_t)handle;
    struct slot *slot = (h & 0xffff) < SLOTS ? &p->slots[h & 0xffff] : NULL;

    return slot && slot->used && slot->generation == h >> 16 ? slot : NULL;
}

// Takes a free slot, or one that nobody waits for and whose answer is overdue. The mutex is held.
static struct slot *take_slot(struct sim_pushes *p)
{
    int64_t overdue = base_now_ns() - 2 * p->timeout_ms * BASE_MS_NS;

    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &p->slots[p->next++ % SLOTS];

        if (slot->used && (slot->waited || slot->sent_ns > overdue))
            continue;
        slot->generation = (slot->generation + 1) & 0x7fffffff;
        slot->used = true;
        slot->waited = slot->done = false;
        slot->answer = NULL;
        slot->imsi[0] = '\0';
        slot->sent_ns = base_now_ns();
        return slot;
    }
    return NULL;
}

static void read_answer(sim_push_describe *describe, struct msg *msg, struct sim_push_answer *out)
{
    struct dia_result result = dia_msg_result(msg);
    const uint8_t *data;
    size_t len;

    out->err = ERR_OK;
    out->result = result.code;
    out->experimental = result.experimental;
    out->origin[0] = '\0';
    if (dia_get_bytes(msg, AVP_ORIGIN_HOST, &data, &len) == ERR_OK)
        snprintf(out->origin, sizeof out->origin, "%.*s", (int)len, (const char *)data);
    out->detail[0] = '\0';
    if (describe)
        describe(msg, out->detail, sizeof out->detail);
}

static void log_outcome(uint32_t command, const char *imsi, const struct sim_push_answer *a)
{
    const struct base_log_subject subject = {.imsi = imsi[0] ? imsi : NULL, .peer = a->origin};
    bool ok = a->err == ERR_OK && a->result == SUCCESS;

    base_log_limited(sim_log, ok ? BASE_LOG_INFO : BASE_LOG_WARN, &subject, "%s: %s %u",
                     sim_command_name(command), err_str(a->err), a->result);
}

// An answer, or the library's own 3002. Runs in a dispatch thread, which may be cancelled at
// shutdown.
static void on_answer(void *data, struct msg **msg)
{
    struct sim_push_answer answer;
    struct slot *slot = NULL;
    uint32_t command = 0;
    char imsi[16] = "";
    bool forgotten = false;
    int old;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    pthread_mutex_lock(&current_mutex);
    if (current) {
        read_answer(current->describe, *msg, &answer);
        pthread_mutex_lock(&current->mutex);
        slot = slot_of(current, data);
        if (slot) {
            answer.elapsed_ns = base_now_ns() - slot->sent_ns;
            command = slot->command;
            memcpy(imsi, slot->imsi, sizeof imsi);
            forgotten = !slot->waited;
            if (slot->waited) {
                *slot->answer = answer;
                slot->done = true;
                pthread_cond_broadcast(&current->cond);
            } else {
                slot->used = false;
            }
        }
        pthread_mutex_unlock(&current->mutex);
    }
    pthread_mutex_unlock(&current_mutex);
    if (forgotten)
        log_outcome(command, imsi, &answer);
    fd_msg_free(*msg);
    *msg = NULL;
    pthread_setcancelstate(old, NULL);
}

// The library gave up: only memory to free; the waiting thread has its own timer.
static void on_expired(void *data, DiamId_t peer, size_t peer_len, struct msg **request)
{
    if (request && *request) {
        fd_msg_free(*request);
        *request = NULL;
    }
}

static void note_request(struct slot *slot, struct msg *msg)
{
    struct msg_hdr *hdr = NULL;
    const uint8_t *data;
    size_t len;

    if (fd_msg_hdr(msg, &hdr) == 0)
        slot->command = hdr->msg_code;
    if (dia_get_bytes(msg, AVP_USER_NAME, &data, &len) == ERR_OK)
        snprintf(slot->imsi, sizeof slot->imsi, "%.*s", (int)len, (const char *)data);
}

void sim_push_forget(struct sim_pushes *p, struct msg **msg)
{
    struct slot *slot;
    void *handle = NULL;

    pthread_mutex_lock(&p->mutex);
    slot = take_slot(p);
    if (slot) {
        note_request(slot, *msg);
        handle = handle_of(slot, p);
    }
    pthread_mutex_unlock(&p->mutex);
    if (!slot) {
        base_log_limited(sim_log, BASE_LOG_WARN, NULL, "too many requests outstanding: one lost");
        fd_msg_free(*msg);
        *msg = NULL;
        return;
    }
    sim_sender_request(p->sender, msg, on_answer, on_expired, handle, p->timeout_ms);
}

void sim_push_wait(struct sim_pushes *p, struct msg **msg, struct sim_push_answer *out)
{
    int64_t deadline = base_now_ns() + p->timeout_ms * BASE_MS_NS;
    struct timespec ts = {.tv_sec = deadline / BASE_S_NS, .tv_nsec = deadline % BASE_S_NS};
    struct slot *slot;
    void *handle;
    enum err err;

    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&p->mutex);
    slot = take_slot(p);
    if (!slot) {
        pthread_mutex_unlock(&p->mutex);
        fd_msg_free(*msg);
        *msg = NULL;
        out->err = ERR_FULL;
        return;
    }
    note_request(slot, *msg);
    slot->waited = true;
    slot->answer = out;
    handle = handle_of(slot, p);
    pthread_mutex_unlock(&p->mutex);

    err = sim_sender_request(p->sender, msg, on_answer, on_expired, handle, p->timeout_ms);
    pthread_mutex_lock(&p->mutex);
    while (!err && !slot->done) {
        if (pthread_cond_timedwait(&p->cond, &p->mutex, &ts) == ETIMEDOUT && !slot->done)
            err = ERR_TIMEOUT;
    }
    if (err) {
        out->err = err;
        out->elapsed_ns = base_now_ns() - slot->sent_ns;
    }
    slot->used = false;
    pthread_mutex_unlock(&p->mutex);
}
