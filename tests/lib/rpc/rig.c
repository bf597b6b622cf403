// SPDX-License-Identifier: BSD-3-Clause
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rpc/metrics.h"

#define PATIENCE_NS (30 * BASE_S_NS) // what takes moments takes longer on a busy machine
#define STEP_MS 2

struct stopper {
    struct base_timer timer;
    struct base_loop *loop;
};

static void stop(struct base_timer *timer)
{
    base_loop_stop(BASE_CONTAINER_OF(timer, struct stopper, timer)->loop);
}

static void step(struct rig *rig, int64_t ms)
{
    struct stopper stopper = {.loop = rig->loop};
    base_timer_init(&stopper.timer, rig->loop, stop);
    assert_int_equal(base_timer_start(&stopper.timer, ms), ERR_OK);
    assert_int_equal(base_loop_run(rig->loop), ERR_OK);
    base_timer_stop(&stopper.timer);
}

// In steps: on a machine that stands still for a while only one of them is lost.
void rig_run(struct rig *rig, int64_t ms)
{
    for (; ms > STEP_MS; ms -= STEP_MS)
        step(rig, STEP_MS);
    step(rig, ms);
}

bool rig_until(struct rig *rig, bool (*condition)(void *arg), void *arg)
{
    int64_t end = base_now_ns() + PATIENCE_NS;
    while (!condition(arg)) {
        if (base_now_ns() > end)
            return false;
        rig_run(rig, STEP_MS);
    }
    return true;
}

bool rig_until_n(struct rig *rig, const int *counter, int at_least)
{
    int64_t end = base_now_ns() + PATIENCE_NS;
    while (*counter < at_least) {
        if (base_now_ns() > end)
            return false;
        rig_run(rig, STEP_MS);
    }
    return true;
}

void rig_loop(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    signal(SIGPIPE, SIG_IGN); // as every program does: OpenSSL writes to what the peer has closed
    assert_int_equal(base_loop_new("test", 1024, &rig->loop), ERR_OK);
}

void rig_server(struct rig *rig, const struct rpc_server_config *config)
{
    assert_int_equal(rpc_server_new(config, &rig->loop, 1, &rig->server), ERR_OK);
}

void rig_add(struct rig *rig, const struct rpc_method *method)
{
    assert_int_equal(rpc_server_add(rig->server, method), ERR_OK);
}

void rig_start(struct rig *rig)
{
    assert_int_equal(rpc_server_start(rig->server), ERR_OK);
    rig->port = rpc_server_port(rig->server, 0);
    assert_int_not_equal(rig->port, 0);
}

void rig_echo_handler(struct rpc_call *call, void *ctx)
{
    size_t len;
    const uint8_t *request = rpc_call_request(call, &len);
    rpc_call_reply(call, RPC_OK, NULL, request, len);
}

void rig_echo(struct rig *rig, const struct rpc_limits *limits)
{
    static const struct rpc_method echo = {.path = "/t.T/Echo", .unary = rig_echo_handler};
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    if (limits)
        config.limits = *limits;
    rig_loop(rig);
    rig_server(rig, &config);
    rig_add(rig, &echo);
    rig_start(rig);
}

void rig_free(struct rig *rig)
{
    rpc_server_free(rig->server);
    base_loop_free(rig->loop);
}

struct rpc_channel *rig_channel(struct rig *rig, const struct rpc_channel_config *given)
{
    struct rpc_channel_config config = given ? *given : (struct rpc_channel_config){0};
    struct rpc_channel *channel;
    if (!config.host)
        config.host = "127.0.0.1";
    if (!config.port)
        config.port = rig->port;
    assert_int_equal(rpc_channel_new(rig->loop, &config, &channel), ERR_OK);
    return channel;
}

static void done(void *ctx, const struct rpc_result *result)
{
    struct rig_answer *answer = ctx;
    answer->n++;
    answer->status = result->status;
    answer->len = result->len;
    snprintf(answer->message, sizeof(answer->message), "%s", result->message);
    size_t n = result->len < sizeof(answer->payload) ? result->len : sizeof(answer->payload);
    if (n)
        memcpy(answer->payload, result->payload, n);
}

void rig_call(struct rpc_channel *channel, const char *path, const void *message, size_t len,
              int64_t timeout_ms, struct rig_answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    assert_int_equal(
        rpc_unary(channel, path, message, len, timeout_ms, NULL, 0, done, answer), ERR_OK);
    assert_int_equal(answer->n, 0);
}

void rig_ask(struct rig *rig, struct rpc_channel *channel, const char *path, const char *text,
             struct rig_answer *answer)
{
    rig_call(channel, path, text, strlen(text), RIG_LONG_MS, answer);
    assert_true(rig_until_n(rig, &answer->n, 1));
    assert_int_equal(answer->n, 1);
}

int rig_socket(struct rig *rig)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(rig->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

void rig_write(int fd, const void *data, size_t len)
{
    assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

size_t rig_read(struct rig *rig, int fd, void *buf, size_t size, int64_t ms, bool *closed)
{
    size_t n = 0;
    *closed = false;
    for (; ms > 0 && n < size; ms -= STEP_MS) {
        step(rig, STEP_MS);
        ssize_t got = recv(fd, (uint8_t *)buf + n, size - n, 0);
        if (got > 0) {
            n += (size_t)got;
        } else if (got == 0 || errno != EAGAIN) {
            *closed = true;
            break;
        }
    }
    return n;
}

uint64_t rig_refused(const char *limit)
{
    return metric_read(METRIC_CELL(&rpc_m_refused, limit));
}

struct reading {
    struct metric_cell *cell;
    uint64_t value;
};

static bool reads(void *arg)
{
    const struct reading *reading = arg;
    return metric_read(reading->cell) == reading->value;
}

bool rig_until_metric(struct rig *rig, struct metric_cell *cell, uint64_t value)
{
    return rig_until(rig, reads, &(struct reading){cell, value});
}
