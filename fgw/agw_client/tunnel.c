// SPDX-License-Identifier: BSD-3-Clause
// Answers to what comes down the reverse tunnel (rpc/tunnel_end.h, on the loop thread); requests
// that arrived and the rules are shared with the main thread under a lock.
#include "agw_client/tunnel.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/tunnel_end.h"

#define RULES_MAX 64
#define KEPT_MAX 4096 // requests nobody took; older ones are dropped
#define RETRY_MS 200

struct agwc_tunnel {
    struct agwc *link;
    bool legacy;
    // loop thread
    struct rpc_tunnel_end *end;
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
    uint8_t *payload;
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
    rpc_tunnel_end_answer(reply->tunnel->end, reply->id, reply->status, reply->text, reply->payload,
                          reply->len);
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
    reply->payload = malloc(protobuf_c_message_get_packed_size(message) + 1);
    if (!reply->payload)
        return ERR_NOMEM;
    reply->len = protobuf_c_message_pack(message, reply->payload);
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

static void on_request(void *ctx, const struct rpc_tunnel_end_request *down)
{
    struct agwc_tunnel *tunnel = ctx;
    uint32_t id = down->id;
    struct agwc_request *request = calloc(1, sizeof(*request));
    if (!request || reflect_find(down->path, &request->method)) {
        refuse(tunnel, id, RPC_UNIMPLEMENTED, "no such method");
        free(request);
        return;
    }
    request->at_ns = base_now_ns();
    snprintf(request->authority, sizeof(request->authority), "%s", down->authority);
    request->message =
        protobuf_c_message_unpack(request->method.input, NULL, down->len, down->message);
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

static void set_open(struct agwc_tunnel *tunnel, bool open)
{
    pthread_mutex_lock(&tunnel->lock);
    tunnel->open = open;
    pthread_cond_broadcast(&tunnel->changed);
    pthread_mutex_unlock(&tunnel->lock);
}

static void on_state(void *ctx, bool open, int status, const char *message)
{
    if (!open && status != RPC_OK && status != RPC_UNAVAILABLE)
        fprintf(stderr, "fgw-agw: tunnel closed: %s %s\n", rpc_status_name(status), message);
    set_open(ctx, open);
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
    const struct rpc_tunnel_end_config config = {
        .channel = agwc_channel(tunnel->link, 0),
        .legacy = tunnel->legacy,
        .retry_ms = RETRY_MS,
        .request = on_request,
        .state = on_state,
        .ctx = tunnel,
    };
    if (rpc_tunnel_end_new(agwc_loop(tunnel->link), &config, &tunnel->end))
        tunnel->end = NULL;
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
    if (!tunnel->end) {
        agwc_tunnel_close(tunnel);
        return ERR_NOMEM;
    }
    *out = tunnel;
    return ERR_OK;
}

static void tunnel_stop(void *arg)
{
    struct agwc_tunnel *tunnel = arg;
    while (tunnel->delayed)
        reply_free(tunnel->delayed);
    rpc_tunnel_end_free(tunnel->end);
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
