// SPDX-License-Identifier: BSD-3-Clause
// Reverse tunnel, gateway's end. The stream lives on the loop thread; requests that arrived and the
// rules are shared with the main thread under a lock.
#include "agw_client/tunnel.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/orc8r_sync_rpc.pb-c.h"

#define RULES_MAX 64
#define KEPT_MAX 4096 // requests nobody took; older ones are dropped
#define HEARTBEAT_MS 20000
#define RETRY_MS 200
#define GRPC_PREFIX 5

struct agwc_tunnel {
    struct agwc *link;
    bool legacy;
    // loop thread
    struct rpc_client_stream *stream;
    struct base_timer heartbeat, retry;
    bool closing;
    struct reply *delayed; // doubly linked
    agwc_handler *handler;
    void *handler_ctx;
    // shared
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    struct agwc_rule rules[RULES_MAX];
    size_t n_rules;
    struct agwc_request *first, **last;
    size_t kept;
};

struct reply {
    struct base_timer timer;
    struct reply *next, **link; // in tunnel->delayed; link NULL: not in it
    struct agwc_tunnel *tunnel;
    uint32_t id;
    int status;
    char text[128];
    uint8_t *payload; // gRPC-framed
    size_t len;
};

// ---- rules ----

static enum err status_of(const char *text, int *out)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end != text && *end == '\0') {
        *out = (int)number;
        return ERR_OK;
    }
    for (int status = 0; status <= 16; status++) {
        if (strcmp(rpc_status_name(status), text) == 0) {
            *out = status;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

enum err agwc_rule_add(struct agwc_rule *rule, const char *word, char why[REFLECT_WHY])
{
    if (strcmp(word, "drop") == 0) {
        rule->drop = true;
    } else if (strncmp(word, "status=", 7) == 0) {
        if (status_of(word + 7, &rule->status)) {
            snprintf(why, REFLECT_WHY, "'%s' is not a gRPC status", word + 7);
            return ERR_INVALID;
        }
    } else if (strncmp(word, "message=", 8) == 0) {
        snprintf(rule->message, sizeof(rule->message), "%s", word + 8);
    } else if (strncmp(word, "delay=", 6) == 0) {
        rule->delay_ms = strtol(word + 6, NULL, 10);
    } else if (!strchr(word, '=') || rule->n_fields == AGWC_RULE_FIELDS ||
               strlen(word) >= sizeof(rule->fields[0])) {
        snprintf(why, REFLECT_WHY, "'%s' is not field=value, status=, message=, delay= or drop",
                 word);
        return ERR_INVALID;
    } else {
        memcpy(rule->fields[rule->n_fields++], word, strlen(word) + 1);
    }
    return ERR_OK;
}

enum err agwc_tunnel_rule(struct agwc_tunnel *tunnel, const struct agwc_rule *rule)
{
    enum err err = ERR_FULL;
    pthread_mutex_lock(&tunnel->lock);
    size_t at = 0;
    while (at < tunnel->n_rules && strcmp(tunnel->rules[at].method, rule->method) != 0)
        at++;
    if (at < RULES_MAX) {
        tunnel->rules[at] = *rule;
        if (at == tunnel->n_rules)
            tunnel->n_rules++;
        err = ERR_OK;
    }
    pthread_mutex_unlock(&tunnel->lock);
    return err;
}

static struct agwc_rule rule_for(struct agwc_tunnel *tunnel, const char *method)
{
    struct agwc_rule rule = {.status = 0};
    pthread_mutex_lock(&tunnel->lock);
    for (size_t i = 0; i < tunnel->n_rules; i++) {
        const struct agwc_rule *each = &tunnel->rules[i];
        if (strcmp(each->method, method) == 0) {
            rule = *each;
            break;
        }
        if (each->method[0] == '\0')
            rule = *each;
    }
    pthread_mutex_unlock(&tunnel->lock);
    return rule;
}

// ---- sending ----

static enum err send_up(struct agwc_tunnel *tunnel, const Magma__Orc8r__SyncRPCResponse *message)
{
    enum err err = ERR_NOMEM;
    uint8_t *bytes = malloc(magma__orc8r__sync_rpcresponse__get_packed_size(message) + 1);
    if (bytes) {
        size_t len = magma__orc8r__sync_rpcresponse__pack(message, bytes);
        err = tunnel->stream ? rpc_client_stream_send(tunnel->stream, bytes, len) : ERR_CLOSED;
    }
    free(bytes);
    return err;
}

static void send_heartbeat(struct agwc_tunnel *tunnel)
{
    Magma__Orc8r__SyncRPCResponse beat = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    beat.heartbeat = 1;
    send_up(tunnel, &beat);
    base_timer_start(&tunnel->heartbeat, HEARTBEAT_MS);
}

static void heartbeat_fire(struct base_timer *timer)
{
    send_heartbeat(BASE_CONTAINER_OF(timer, struct agwc_tunnel, heartbeat));
}

static void reply_free(struct reply *reply)
{
    if (reply->link) {
        *reply->link = reply->next;
        if (reply->next)
            reply->next->link = reply->link;
    }
    base_timer_stop(&reply->timer);
    free(reply->payload);
    free(reply);
}

static void reply_later(struct reply *reply, int64_t delay_ms)
{
    struct agwc_tunnel *tunnel = reply->tunnel;
    reply->next = tunnel->delayed;
    reply->link = &tunnel->delayed;
    if (reply->next)
        reply->next->link = &reply->next;
    tunnel->delayed = reply;
    base_timer_start(&reply->timer, delay_ms);
}

static void reply_send(struct base_timer *timer)
{
    struct reply *reply = BASE_CONTAINER_OF(timer, struct reply, timer);
    Magma__Orc8r__SyncRPCResponse up = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    Magma__Orc8r__GatewayResponse body = MAGMA__ORC8R__GATEWAY_RESPONSE__INIT;
    Magma__Orc8r__GatewayResponse__HeadersEntry entries[2] = {
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT,
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT,
    };
    Magma__Orc8r__GatewayResponse__HeadersEntry *headers[2] = {&entries[0], &entries[1]};
    char status[12], ok[] = "200", name_status[] = "grpc-status", name_message[] = "grpc-message";

    snprintf(status, sizeof(status), "%d", reply->status);
    entries[0].key = name_status;
    entries[0].value = status;
    entries[1].key = name_message;
    entries[1].value = reply->text;
    body.status = ok;
    body.headers = headers;
    body.n_headers = reply->text[0] ? 2 : 1;
    if (reply->status == RPC_OK) {
        body.payload.data = reply->payload;
        body.payload.len = reply->len;
    }
    up.reqid = reply->id;
    up.respbody = &body;
    send_up(reply->tunnel, &up);
    reply_free(reply);
}

static struct reply *reply_new(struct agwc_tunnel *tunnel, uint32_t id, int status,
                               const char *text)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return NULL;
    reply->tunnel = tunnel;
    reply->id = id;
    reply->status = status;
    snprintf(reply->text, sizeof(reply->text), "%s", text);
    base_timer_init(&reply->timer, agwc_loop(tunnel->link), reply_send);
    return reply;
}

static void refuse(struct agwc_tunnel *tunnel, uint32_t id, int status, const char *text)
{
    struct reply *reply = reply_new(tunnel, id, status, text);
    if (reply)
        reply_send(&reply->timer);
}

static enum err set_payload(struct reply *reply, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    reply->payload = malloc(len + GRPC_PREFIX);
    if (!reply->payload)
        return ERR_NOMEM;
    const uint8_t prefix[GRPC_PREFIX] = {0, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
                                         (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(reply->payload, prefix, GRPC_PREFIX);
    protobuf_c_message_pack(message, reply->payload + GRPC_PREFIX);
    reply->len = len + GRPC_PREFIX;
    return ERR_OK;
}

static enum err fill(struct reply *reply, const struct reflect_method *method,
                     const struct agwc_rule *rule)
{
    ProtobufCMessage *message;
    char why[REFLECT_WHY];
    enum err err = reflect_new(method->output, &message);
    if (err)
        return err;
    if (rule->n_fields ==
        0) // SUCCESS of magma.feg.ErrorCode; messages without the field stay empty
        reflect_set(message, "error_code", "2001", why);
    for (size_t i = 0; i < rule->n_fields && !err; i++) {
        char field[sizeof(rule->fields[0])];
        memcpy(field, rule->fields[i], sizeof(field));
        char *value = strchr(field, '=');
        *value++ = '\0';
        err = reflect_set(message, field, value, why);
        if (err)
            fprintf(stderr, "fgw-agw: reply to %s: %s\n", method->name, why);
    }
    if (!err)
        err = set_payload(reply, message);
    protobuf_c_message_free_unpacked(message, NULL);
    return err;
}

// ---- receiving ----

void agwc_request_free(struct agwc_request *request)
{
    if (!request)
        return;
    protobuf_c_message_free_unpacked(request->message, NULL);
    free(request);
}

static void keep(struct agwc_tunnel *tunnel, struct agwc_request *request)
{
    struct agwc_request *old = NULL;
    pthread_mutex_lock(&tunnel->lock);
    *tunnel->last = request;
    tunnel->last = &request->next;
    if (++tunnel->kept > KEPT_MAX) {
        old = tunnel->first;
        tunnel->first = old->next;
        tunnel->kept--;
    }
    pthread_cond_broadcast(&tunnel->changed);
    pthread_mutex_unlock(&tunnel->lock);
    agwc_request_free(old);
}

static bool framed(const ProtobufCBinaryData *payload)
{
    const uint8_t *p = payload->data;
    if (payload->len < GRPC_PREFIX || p[0] != 0)
        return false;
    size_t len = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
    return len == payload->len - GRPC_PREFIX;
}

// The handler's answer, sent. False: it has none.
static bool handled(struct agwc_tunnel *tunnel, uint32_t id, struct agwc_request *request)
{
    ProtobufCMessage *answer =
        tunnel->handler ? tunnel->handler(tunnel->handler_ctx, &request->method, request->message)
                        : NULL;
    if (!answer)
        return false;
    struct reply *reply = reply_new(tunnel, id, RPC_OK, "");
    if (reply && set_payload(reply, answer))
        reply->status = RPC_INTERNAL;
    protobuf_c_message_free_unpacked(answer, NULL);
    if (reply)
        reply_send(&reply->timer);
    request->answered_ns = base_now_ns();
    return true;
}

static void on_request(struct agwc_tunnel *tunnel, uint32_t id,
                       const Magma__Orc8r__GatewayRequest *body)
{
    struct agwc_request *request;
    if (!framed(&body->payload)) {
        refuse(tunnel, id, RPC_INTERNAL, "request is not one uncompressed gRPC message");
        return;
    }
    request = calloc(1, sizeof(*request));
    if (!request || reflect_find(body->path, &request->method)) {
        refuse(tunnel, id, RPC_UNIMPLEMENTED, "no such method");
        free(request);
        return;
    }
    request->at_ns = base_now_ns();
    snprintf(request->authority, sizeof(request->authority), "%s", body->authority);
    request->message =
        protobuf_c_message_unpack(request->method.input, NULL, body->payload.len - GRPC_PREFIX,
                                  body->payload.data + GRPC_PREFIX);
    if (!request->message) {
        refuse(tunnel, id, RPC_INTERNAL, "request cannot be decoded");
        free(request);
        return;
    }
    if (handled(tunnel, id, request)) {
        keep(tunnel, request);
        return;
    }
    struct agwc_rule rule = rule_for(tunnel, request->method.name);
    struct reply *reply = rule.drop ? NULL : reply_new(tunnel, id, rule.status, rule.message);
    if (reply && fill(reply, &request->method, &rule))
        reply->status = RPC_INTERNAL;
    if (reply && rule.delay_ms > 0) {
        reply_later(reply, rule.delay_ms);
    } else if (reply) {
        reply_send(&reply->timer);
        request->answered_ns = base_now_ns();
    }
    keep(tunnel, request);
}

static void on_message(struct rpc_client_stream *stream, void *ctx, const uint8_t *data, size_t len)
{
    struct agwc_tunnel *tunnel = ctx;
    Magma__Orc8r__SyncRPCRequest *down = magma__orc8r__sync_rpcrequest__unpack(NULL, len, data);
    if (!down) {
        fprintf(stderr, "fgw-agw: undecodable message in the tunnel (%zu bytes)\n", len);
        return;
    }
    if (down->reqbody && !down->heartbeat && !down->connclosed)
        on_request(tunnel, down->reqid, down->reqbody);
    magma__orc8r__sync_rpcrequest__free_unpacked(down, NULL);
}

static void set_open(struct agwc_tunnel *tunnel, bool open)
{
    pthread_mutex_lock(&tunnel->lock);
    tunnel->open = open;
    pthread_cond_broadcast(&tunnel->changed);
    pthread_mutex_unlock(&tunnel->lock);
}

static void on_closed(struct rpc_client_stream *stream, void *ctx, int status, const char *message)
{
    struct agwc_tunnel *tunnel = ctx;
    tunnel->stream = NULL;
    base_timer_stop(&tunnel->heartbeat);
    if (!tunnel->closing) {
        if (status != RPC_OK && status != RPC_UNAVAILABLE)
            fprintf(stderr, "fgw-agw: tunnel closed: %s %s\n", rpc_status_name(status),
                    message ? message : "");
        base_timer_start(&tunnel->retry, RETRY_MS);
    }
    set_open(tunnel, false); // last: agwc_tunnel_close waits for it and frees
}

static const struct rpc_client_stream_ops stream_ops = {.message = on_message, .closed = on_closed};

static void open_stream(struct base_timer *timer)
{
    struct agwc_tunnel *tunnel = BASE_CONTAINER_OF(timer, struct agwc_tunnel, retry);
    const char *path = tunnel->legacy ? "/magma.orc8r.SyncRPCService/SyncRPC"
                                      : "/magma.orc8r.SyncRPCService/EstablishSyncRPCStream";
    enum err err = rpc_client_stream_open(agwc_channel(tunnel->link, 0), path, &stream_ops, tunnel,
                                          &tunnel->stream);
    if (err) {
        base_timer_start(&tunnel->retry, RETRY_MS);
        return;
    }
    send_heartbeat(tunnel);
    set_open(tunnel, true);
}

// ---- life ----

struct hook {
    struct agwc_tunnel *tunnel;
    agwc_handler *handler;
    void *ctx;
};

static void set_handler(void *arg)
{
    const struct hook *hook = arg;
    hook->tunnel->handler = hook->handler;
    hook->tunnel->handler_ctx = hook->ctx;
}

void agwc_tunnel_handler(struct agwc_tunnel *tunnel, agwc_handler *handler, void *ctx)
{
    struct hook hook = {.tunnel = tunnel, .handler = handler, .ctx = ctx};
    agwc_run(tunnel->link, set_handler, &hook);
}

static void tunnel_start(void *arg)
{
    struct agwc_tunnel *tunnel = arg;
    base_timer_init(&tunnel->heartbeat, agwc_loop(tunnel->link), heartbeat_fire);
    base_timer_init(&tunnel->retry, agwc_loop(tunnel->link), open_stream);
    open_stream(&tunnel->retry);
}

enum err agwc_tunnel_open(struct agwc *link, bool legacy, struct agwc_tunnel **out)
{
    struct agwc_tunnel *tunnel = calloc(1, sizeof(*tunnel));
    pthread_condattr_t monotonic;
    if (!tunnel)
        return ERR_NOMEM;
    tunnel->link = link;
    tunnel->legacy = legacy;
    tunnel->last = &tunnel->first;
    pthread_mutex_init(&tunnel->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&tunnel->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    agwc_run(link, tunnel_start, tunnel);
    *out = tunnel;
    return ERR_OK;
}

static void tunnel_stop(void *arg)
{
    struct agwc_tunnel *tunnel = arg;
    tunnel->closing = true;
    base_timer_stop(&tunnel->retry);
    base_timer_stop(&tunnel->heartbeat);
    while (tunnel->delayed)
        reply_free(tunnel->delayed);
    if (tunnel->stream)
        rpc_client_stream_cancel(tunnel->stream);
}

static struct timespec after_ms(int64_t ms)
{
    int64_t until = base_now_ns() + ms * BASE_MS_NS;
    return (struct timespec){.tv_sec = until / BASE_S_NS, .tv_nsec = until % BASE_S_NS};
}

void agwc_tunnel_close(struct agwc_tunnel *tunnel)
{
    if (!tunnel)
        return;
    agwc_run(tunnel->link, tunnel_stop, tunnel);
    struct timespec until = after_ms(2000);
    pthread_mutex_lock(&tunnel->lock);
    for (int waited = 0; tunnel->open && waited != ETIMEDOUT;)
        waited = pthread_cond_timedwait(&tunnel->changed, &tunnel->lock, &until);
    pthread_mutex_unlock(&tunnel->lock);
    while (tunnel->first) {
        struct agwc_request *next = tunnel->first->next;
        agwc_request_free(tunnel->first);
        tunnel->first = next;
    }
    pthread_cond_destroy(&tunnel->changed);
    pthread_mutex_destroy(&tunnel->lock);
    free(tunnel);
}

enum err agwc_tunnel_wait_open(struct agwc_tunnel *tunnel, int64_t timeout_ms)
{
    struct timespec until = after_ms(timeout_ms);
    enum err err = agwc_wait_connected(tunnel->link, timeout_ms);
    if (err)
        return err;
    pthread_mutex_lock(&tunnel->lock);
    for (int waited = 0; !tunnel->open && waited != ETIMEDOUT;)
        waited = pthread_cond_timedwait(&tunnel->changed, &tunnel->lock, &until);
    err = tunnel->open ? ERR_OK : ERR_TIMEOUT;
    pthread_mutex_unlock(&tunnel->lock);
    return err;
}

static struct agwc_request *unlink_first(struct agwc_tunnel *tunnel, const char *method)
{
    for (struct agwc_request **at = &tunnel->first; *at; at = &(*at)->next) {
        struct agwc_request *request = *at;
        if (method[0] && strcmp(request->method.name, method) != 0)
            continue;
        *at = request->next;
        if (tunnel->last == &request->next)
            tunnel->last = at;
        tunnel->kept--;
        request->next = NULL;
        return request;
    }
    return NULL;
}

enum err agwc_tunnel_take(struct agwc_tunnel *tunnel, const char *method, int64_t timeout_ms,
                          struct agwc_request **out)
{
    struct timespec until = after_ms(timeout_ms);
    int waited = 0;
    pthread_mutex_lock(&tunnel->lock);
    while (!(*out = unlink_first(tunnel, method)) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&tunnel->changed, &tunnel->lock, &until);
    pthread_mutex_unlock(&tunnel->lock);
    return *out ? ERR_OK : ERR_TIMEOUT;
}
