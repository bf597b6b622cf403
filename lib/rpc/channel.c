// SPDX-License-Identifier: BSD-3-Clause
// A client channel's connections: name, connect, TLS, greeting, back-off, GOAWAY, keepalive.
// Not for calls (client.c).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "rpc/client_int.h"

#define WIRE_IN (32 * 1024)
#define WIRE_OUT (32 * 1024)
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS 10000
#define STALLED_MS 30000
#define SHORT_LIVED_NS BASE_S_NS // a server that says GOAWAY so soon is not called again at once

static void try_next(struct rpc_channel *channel);

static void report(struct rpc_channel *channel, bool connected)
{
    if (channel->reported == connected)
        return;
    channel->reported = connected;
    if (channel->config.state && !channel->freeing)
        channel->config.state(channel->config.state_ctx, connected);
}

static void log_state(struct rpc_channel *channel, const char *what, const char *detail)
{
    char peer[128];
    snprintf(peer, sizeof(peer), "%s:%u", channel->config.host, channel->config.port);
    struct base_log_subject subject = {.peer = peer};
    base_log_limited(&log_rpc, BASE_LOG_INFO, &subject, "client channel %s%s%s", what,
                     detail ? ": " : "", detail ? detail : "");
}

// xorshift64*: spreads reconnects, nothing secret
static double random_unit(struct rpc_channel *channel)
{
    uint64_t x = channel->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    channel->random = x;
    return (double)((x * 2685821657736338717ull) >> 11) / (double)(1ull << 53);
}

static void back_off(struct rpc_channel *channel)
{
    double ms = BACKOFF_FIRST_MS;
    for (unsigned i = 0; i < channel->failures && ms < BACKOFF_MAX_MS; i++)
        ms *= 1.6;
    if (ms > BACKOFF_MAX_MS)
        ms = BACKOFF_MAX_MS;
    ms *= 0.8 + 0.4 * random_unit(channel);
    channel->failures++;
    channel->state = RPC_CHANNEL_BACKOFF;
    base_timer_start(&channel->backoff, (int64_t)ms);
}

static void attempt_failed(struct rpc_channel *channel, const char *why)
{
    snprintf(channel->why, sizeof(channel->why), "%s", why);
    base_timer_stop(&channel->attempt);
    metric_inc(METRIC_CELL(&rpc_m_client_connects, "failed"));
    if (channel->next_addr < channel->n_addrs) {
        try_next(channel);
        return;
    }
    log_state(channel, "cannot connect", channel->why);
    back_off(channel);
    rpc_client_fail_pending(channel, channel->why);
}

// ---- links ----

static void link_free(struct rpc_link *link)
{
    struct rpc_channel *channel = link->channel;
    if (link->next)
        link->next->prev = link->prev;
    if (link->prev)
        link->prev->next = link->next;
    else
        channel->links = link->next;
    rpc_wire_abort(&link->wire);
    rpc_h2_free(link->h2); // ends the calls on it
    free(link);
}

static void on_ready(struct rpc_wire *wire)
{
    struct rpc_link *link = wire->ctx;
    if (rpc_h2_new(&link->channel->h2, link, base_now_ns(), &link->h2))
        rpc_wire_close(wire, RPC_WIRE_IO, "out of memory");
}

static void greeted(struct rpc_link *link)
{
    struct rpc_channel *channel = link->channel;
    link->greeted = true;
    link->up_ns = base_now_ns();
    if (link != channel->current)
        return;
    base_timer_stop(&channel->attempt);
    channel->state = RPC_CHANNEL_READY;
    channel->failures = 0;
    metric_inc(METRIC_CELL(&rpc_m_client_connects, "ok"));
    log_state(channel, "connected", NULL);
    rpc_client_start_pending(channel);
    report(channel, true);
}

static bool on_bytes(struct rpc_wire *wire, const uint8_t *data, size_t len)
{
    struct rpc_link *link = wire->ctx;
    if (!link->h2 || rpc_h2_recv(link->h2, data, len, base_now_ns()) != ERR_OK)
        return false;
    if (!link->greeted && rpc_guard_greeted(&link->h2->guard) && !link->h2->goaway_received)
        greeted(link);
    return true;
}

static size_t on_fill(struct rpc_wire *wire, uint8_t *buf, size_t size)
{
    struct rpc_link *link = wire->ctx;
    return link->h2 ? rpc_h2_output(link->h2, buf, size) : 0;
}

static bool on_done(struct rpc_wire *wire)
{
    struct rpc_link *link = wire->ctx;
    return !link->h2 || rpc_h2_done(link->h2);
}

static const char *end_text(struct rpc_link *link, enum rpc_wire_end end, const char *detail)
{
    if (link->h2 && link->h2->end > RPC_H2_FINISHED)
        return rpc_h2_end_name(link->h2->end);
    if (end == RPC_WIRE_EOF)
        return "connection closed by the server";
    return detail[0] ? detail : "connection closed";
}

static void on_closed(struct rpc_wire *wire, enum rpc_wire_end end, const char *detail)
{
    struct rpc_link *link = wire->ctx;
    struct rpc_channel *channel = link->channel;
    bool current = link == channel->current, was_up = link->greeted;
    char why[128];
    snprintf(why, sizeof(why), "%s%s", end == RPC_WIRE_TLS ? "TLS: " : "",
             end_text(link, end, detail));
    if (end == RPC_WIRE_TLS)
        metric_inc(METRIC_CELL(&rpc_m_tls_failures, "client", detail));
    if (current) {
        channel->current = NULL;
        snprintf(channel->why, sizeof(channel->why), "%s", why);
        if (was_up)
            back_off(channel); // before the calls end: who calls again at once must wait
    }
    link_free(link);
    if (!current)
        return;
    if (was_up) {
        log_state(channel, "lost its connection", why);
        report(channel, false);
    } else {
        attempt_failed(channel, why);
    }
}

static const struct rpc_wire_ops wire_ops = {
    .ready = on_ready,
    .bytes = on_bytes,
    .fill = on_fill,
    .done = on_done,
    .closed = on_closed,
};

// The server takes no more calls here: those in flight go on, new ones get a new connection.
void rpc_link_goaway(struct rpc_h2 *h2)
{
    struct rpc_link *link = h2->ctx;
    struct rpc_channel *channel = link->channel;
    if (link != channel->current)
        return;
    channel->current = NULL;
    if (!link->greeted) {
        channel->next_addr = channel->n_addrs;
        attempt_failed(channel, "server is shutting down");
        return;
    }
    log_state(channel, "got GOAWAY", NULL);
    if (base_now_ns() - link->up_ns < SHORT_LIVED_NS) {
        back_off(channel);
    } else {
        channel->state = RPC_CHANNEL_BACKOFF;
        base_timer_start(&channel->backoff, 0);
    }
    report(channel, false);
}

// ---- connecting ----

static enum err dial(struct rpc_channel *channel, const struct rpc_addr *addr)
{
    int fd = socket(addr->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    if (connect(fd, (const struct sockaddr *)&addr->sa, addr->len) != 0 && errno != EINPROGRESS) {
        enum err err = err_from_errno(errno);
        close(fd);
        return err;
    }
    struct rpc_link *link = calloc(1, sizeof(*link));
    enum err err = ERR_NOMEM;
    if (link) {
        link->channel = channel;
        err = rpc_wire_connect(&link->wire, channel->loop, &channel->io, fd, channel->ssl_ctx,
                               channel->config.server_name, &wire_ops, link);
    }
    if (err) {
        free(link);
        close(fd);
        return err;
    }
    link->next = channel->links;
    if (link->next)
        link->next->prev = link;
    channel->links = link;
    channel->current = link;
    return ERR_OK;
}

static void try_next(struct rpc_channel *channel)
{
    enum err err = ERR_IO;
    while (err && channel->next_addr < channel->n_addrs)
        err = dial(channel, &channel->addrs[channel->next_addr++]);
    if (err)
        attempt_failed(channel, err_str(err));
    else
        base_timer_start(&channel->attempt, channel->config.connect_ms);
}

static void resolved(struct rpc_resolver *resolver, const struct rpc_addr *addrs, size_t n,
                     const char *error)
{
    struct rpc_channel *channel = BASE_CONTAINER_OF(resolver, struct rpc_channel, resolver);
    memcpy(channel->addrs, addrs, n * sizeof(addrs[0]));
    channel->n_addrs = n;
    channel->next_addr = 0;
    if (n)
        try_next(channel);
    else
        attempt_failed(channel, error);
}

static void connect_now(struct rpc_channel *channel)
{
    channel->state = RPC_CHANNEL_CONNECTING;
    channel->n_addrs = channel->next_addr = 0;
    base_timer_start(&channel->attempt, channel->config.connect_ms);
    rpc_resolve(&channel->resolver, channel->loop, channel->config.host, channel->config.port,
                resolved);
}

static void on_backoff(struct base_timer *timer)
{
    connect_now(BASE_CONTAINER_OF(timer, struct rpc_channel, backoff));
}

static void on_attempt_timeout(struct base_timer *timer)
{
    struct rpc_channel *channel = BASE_CONTAINER_OF(timer, struct rpc_channel, attempt);
    if (channel->current) {
        rpc_wire_close(&channel->current->wire, RPC_WIRE_IO, "connecting timed out");
    } else {
        rpc_resolver_fini(&channel->resolver);
        attempt_failed(channel, "name look-up timed out");
    }
}

void rpc_channel_wanted(struct rpc_channel *channel)
{
    if (channel->state != RPC_CHANNEL_IDLE)
        return;
    // a later turn, so that nothing is reported from inside the caller's call
    channel->state = RPC_CHANNEL_CONNECTING;
    base_timer_start(&channel->backoff, 0);
    base_timer_start(&channel->sweep, 1);
}

void rpc_channel_connect(struct rpc_channel *channel)
{
    rpc_channel_wanted(channel);
}

static void on_sweep(struct base_timer *timer)
{
    struct rpc_channel *channel = BASE_CONTAINER_OF(timer, struct rpc_channel, sweep);
    int64_t now = base_now_ns();
    for (struct rpc_link *link = channel->links; link; link = link->next) {
        if (!link->h2 || link->wire.finishing)
            continue;
        if (link->wire.blocked_ns && now - link->wire.blocked_ns > channel->h2.stalled_ns)
            rpc_wire_close(&link->wire, RPC_WIRE_IO, "server does not read");
        else if (rpc_h2_check(link->h2, now) != RPC_H2_ALIVE)
            rpc_wire_finish(&link->wire);
        else
            rpc_wire_kick(&link->wire);
    }
    int64_t ms = channel->config.keepalive_ms / 4;
    base_timer_start(&channel->sweep, ms < 10 ? 10 : ms > 1000 ? 1000 : ms);
}

// ---- life ----

static enum err copy_text(const char **text)
{
    if (*text)
        *text = strdup(*text);
    return ERR_OK;
}

static enum err copy_config(struct rpc_channel *channel, const struct rpc_channel_config *given)
{
    struct rpc_channel_config *c = &channel->config;
    *c = *given;
    if (!c->authority)
        c->authority = c->host;
    char *name = strdup(c->server_name ? c->server_name : c->authority);
    if (name && !c->server_name && name[0] != '[' && strchr(name, ':') == strrchr(name, ':'))
        name[strcspn(name, ":")] = 0; // the authority may carry a port
    c->server_name = name;
    copy_text(&c->host);
    copy_text(&c->authority);
    c->ca = c->certificate = c->key = NULL; // used once, below
    if (!c->connect_ms)
        c->connect_ms = 5000;
    if (!c->keepalive_ms)
        c->keepalive_ms = 30000;
    if (!c->keepalive_timeout_ms)
        c->keepalive_timeout_ms = 10000;
    if (!c->max_message)
        c->max_message = 4u << 20;
    return c->host && c->authority && c->server_name ? ERR_OK : ERR_NOMEM;
}

static void set_h2(struct rpc_channel *channel)
{
    const struct rpc_channel_config *c = &channel->config;
    uint32_t buffered = c->max_message > (4u << 20) ? 2 * c->max_message : 8u << 20;
    channel->h2 = (struct rpc_h2_config){
        .server = false,
        .max_message = c->max_message,
        .max_header_list = 64 * 1024,
        .max_buffered = buffered < c->max_message ? c->max_message : buffered,
        .greeting_ns = c->connect_ms * BASE_MS_NS,
        .idle_ns = INT64_MAX,
        .stalled_ns = STALLED_MS * BASE_MS_NS,
        .keepalive_ns = c->keepalive_ms * BASE_MS_NS,
        .keepalive_timeout_ns = c->keepalive_timeout_ms * BASE_MS_NS,
        .scheme = c->tls ? "https" : "http",
        .user_size = sizeof(struct rpc_client_stream *),
        .pool = &channel->pool,
        .ops = rpc_client_ops,
    };
}

enum err rpc_channel_new(struct base_loop *loop, const struct rpc_channel_config *config,
                         struct rpc_channel **out)
{
    struct rpc_channel *channel = calloc(1, sizeof(*channel));
    char why[256] = "";
    if (!channel)
        return ERR_NOMEM;
    channel->loop = loop;
    base_timer_init(&channel->tick, loop, rpc_client_tick);
    base_timer_init(&channel->sweep, loop, on_sweep);
    base_timer_init(&channel->backoff, loop, on_backoff);
    base_timer_init(&channel->attempt, loop, on_attempt_timeout);
    base_timer_init(&channel->doom, loop, rpc_client_doom);
    rpc_wheel_init(&channel->deadlines, base_now_ns());
    if (getrandom(&channel->random, sizeof(channel->random), GRND_NONBLOCK) < 0)
        channel->random = (uint64_t)base_now_ns();
    channel->random |= 1;
    enum err err = copy_config(channel, config);
    if (!err)
        err = rpc_wire_io_init(&channel->io, WIRE_IN, WIRE_OUT);
    if (!err && config->tls)
        err = rpc_tls_client(config->ca, config->certificate, config->key, &channel->ssl_ctx, why,
                             sizeof(why));
    if (err) {
        if (why[0])
            base_log(&log_rpc, BASE_LOG_ERROR, NULL, "client TLS settings: %s", why);
        rpc_channel_free(channel);
        return err;
    }
    set_h2(channel);
    for (int i = 0; i <= RPC_UNAUTHENTICATED; i++)
        channel->m_status[i] = METRIC_CELL(&rpc_m_client_requests, rpc_status_name(i));
    *out = channel;
    return ERR_OK;
}

void rpc_channel_free(struct rpc_channel *channel)
{
    if (!channel)
        return;
    channel->freeing = true;
    base_timer_stop(&channel->sweep);
    base_timer_stop(&channel->backoff);
    base_timer_stop(&channel->attempt);
    rpc_resolver_fini(&channel->resolver);
    channel->current = NULL;
    rpc_client_end_all(channel);
    while (channel->links)
        link_free(channel->links);
    base_timer_stop(&channel->tick);
    base_timer_stop(&channel->doom);
    rpc_h2_pool_free(&channel->pool);
    rpc_wire_io_fini(&channel->io);
    SSL_CTX_free(channel->ssl_ctx);
    free((char *)channel->config.host);
    free((char *)channel->config.authority);
    free((char *)channel->config.server_name);
    free(channel);
}
