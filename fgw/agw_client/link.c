// SPDX-License-Identifier: BSD-3-Clause
// Loop thread, channels and blocking calls. See link.h.
#include "agw_client/link.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct agwc {
    struct agwc_options options;
    struct base_loop *loop;
    struct rpc_channel **channels;
    size_t n_channels;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool connected; // channel 0; under lock
};

// Something that the main thread waits for.
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done_cond;
    bool done;
};

static void waiter_init(struct waiter *waiter)
{
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->done_cond, NULL);
    waiter->done = false;
}

static void waiter_signal(struct waiter *waiter)
{
    pthread_mutex_lock(&waiter->lock);
    waiter->done = true;
    pthread_cond_signal(&waiter->done_cond);
    pthread_mutex_unlock(&waiter->lock);
}

static void waiter_wait(struct waiter *waiter)
{
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->done)
        pthread_cond_wait(&waiter->done_cond, &waiter->lock);
    pthread_mutex_unlock(&waiter->lock);
    pthread_mutex_destroy(&waiter->lock);
    pthread_cond_destroy(&waiter->done_cond);
}

struct errand {
    struct base_job job;
    void (*fn)(void *arg);
    void *arg;
    struct waiter waiter;
};

static void errand_run(struct base_job *job)
{
    struct errand *errand = BASE_CONTAINER_OF(job, struct errand, job);
    errand->fn(errand->arg);
    waiter_signal(&errand->waiter);
}

void agwc_run(struct agwc *link, void (*fn)(void *arg), void *arg)
{
    struct errand errand = {.job.run = errand_run, .fn = fn, .arg = arg};
    waiter_init(&errand.waiter);
    base_loop_post_admitted(link->loop, &errand.job);
    waiter_wait(&errand.waiter);
}

struct base_loop *agwc_loop(struct agwc *link)
{
    return link->loop;
}

struct rpc_channel *agwc_channel(struct agwc *link, size_t i)
{
    return link->channels[i];
}

const struct agwc_options *agwc_options(const struct agwc *link)
{
    return &link->options;
}

static void on_state(void *ctx, bool connected)
{
    struct agwc *link = ctx;
    pthread_mutex_lock(&link->lock);
    link->connected = connected;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

static enum err open_channels(struct agwc *link)
{
    const struct agwc_options *options = &link->options;
    struct rpc_channel_config config = {
        .host = options->host,
        .port = options->port,
        .authority = options->authority,
        .tls = !options->cleartext,
        .ca = options->ca[0] ? options->ca : NULL,
        .certificate = options->certificate[0] ? options->certificate : NULL,
        .key = options->key[0] ? options->key : NULL,
        .server_name = options->server_name,
        .state_ctx = link,
    };
    for (size_t i = 0; i < link->n_channels; i++) {
        config.state = i == 0 ? on_state : NULL;
        enum err err = rpc_channel_new(link->loop, &config, &link->channels[i]);
        if (err)
            return err;
    }
    return ERR_OK;
}

enum err agwc_open(const struct agwc_options *options, size_t channels, struct agwc **out)
{
    enum err err = ERR_NOMEM;
    struct agwc *link = calloc(1, sizeof(*link));
    if (!link)
        return ERR_NOMEM;
    link->options = *options;
    link->n_channels = channels;
    pthread_mutex_init(&link->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&link->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    link->channels = calloc(channels, sizeof(struct rpc_channel *));
    if (!link->channels)
        goto out;
    err = base_loop_new("agw", 1024, &link->loop);
    if (err)
        goto out;
    err = open_channels(link);
    if (err)
        goto out;
    err = base_loop_start(link->loop);
    if (err)
        goto out;
    *out = link;
    return ERR_OK;
out:
    for (size_t i = 0; link->channels && i < channels; i++) {
        if (link->channels[i])
            rpc_channel_free(link->channels[i]);
    }
    if (link->loop)
        base_loop_free(link->loop);
    free(link->channels);
    pthread_cond_destroy(&link->changed);
    pthread_mutex_destroy(&link->lock);
    free(link);
    return err;
}

static void free_channels(void *arg)
{
    struct agwc *link = arg;
    for (size_t i = 0; i < link->n_channels; i++)
        rpc_channel_free(link->channels[i]);
}

void agwc_close(struct agwc *link)
{
    if (!link)
        return;
    agwc_run(link, free_channels, link);
    base_loop_stop(link->loop);
    base_loop_join(link->loop);
    base_loop_free(link->loop);
    free(link->channels);
    pthread_cond_destroy(&link->changed);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

static void connect_channels(void *arg)
{
    struct agwc *link = arg;
    for (size_t i = 0; i < link->n_channels; i++)
        rpc_channel_connect(link->channels[i]);
}

enum err agwc_wait_connected(struct agwc *link, int64_t timeout_ms)
{
    int64_t until = base_now_ns() + timeout_ms * BASE_MS_NS;
    struct timespec at = {.tv_sec = until / BASE_S_NS, .tv_nsec = until % BASE_S_NS};
    int waited = 0;

    agwc_run(link, connect_channels, link);
    pthread_mutex_lock(&link->lock);
    while (!link->connected && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&link->changed, &link->lock, &at);
    bool connected = link->connected;
    pthread_mutex_unlock(&link->lock);
    return connected ? ERR_OK : ERR_TIMEOUT;
}

// ---- one call ----

struct call {
    struct agwc *link;
    const struct reflect_method *method;
    uint8_t *bytes;
    size_t len;
    struct agwc_answer *answer;
    enum err err;
    int64_t began;
    struct waiter waiter;
};

static void call_done(void *ctx, const struct rpc_result *result)
{
    struct call *call = ctx;
    struct agwc_answer *answer = call->answer;

    answer->at_ns = base_now_ns();
    answer->elapsed_ns = answer->at_ns - call->began;
    answer->status = result->status;
    answer->payload_len = result->len;
    snprintf(answer->text, sizeof(answer->text), "%s", result->message);
    if (result->status == RPC_OK) {
        answer->message =
            protobuf_c_message_unpack(call->method->output, NULL, result->len,
                                      result->len ? result->payload : (const uint8_t *)"");
        call->err = answer->message ? ERR_OK : ERR_DECODE_SYNTAX;
    }
    waiter_signal(&call->waiter);
}

static void call_start(void *arg)
{
    struct call *call = arg;
    call->began = base_now_ns();
    call->err = rpc_unary(call->link->channels[0], call->method->path, call->bytes, call->len,
                          call->link->options.timeout_ms, NULL, 0, call_done, call);
    if (call->err)
        waiter_signal(&call->waiter);
}

enum err agwc_call(struct agwc *link, const struct reflect_method *method,
                   const ProtobufCMessage *request, struct agwc_answer *out)
{
    struct call call = {.link = link, .method = method, .answer = out};
    memset(out, 0, sizeof(*out));
    call.bytes = malloc(protobuf_c_message_get_packed_size(request) + 1);
    if (!call.bytes)
        return ERR_NOMEM;
    call.len = protobuf_c_message_pack(request, call.bytes);
    waiter_init(&call.waiter);
    agwc_run(link, call_start, &call);
    waiter_wait(&call.waiter);
    free(call.bytes);
    return call.err;
}

void agwc_answer_fini(struct agwc_answer *answer)
{
    if (answer->message)
        protobuf_c_message_free_unpacked(answer->message, NULL);
    answer->message = NULL;
}
