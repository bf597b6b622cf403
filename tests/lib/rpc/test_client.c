// SPDX-License-Identifier: BSD-3-Clause
// The client channel against servers that misbehave, played frame by frame, and against servers
// that come, go and drain.
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "frames.h"
#include "rig.h"

// ---- a server made of a bare socket ----

struct fake {
    struct rig rig;
    int listen_fd, fd;
    struct rpc_channel *channel;
    int up, down;
};

static void on_state(void *ctx, bool connected)
{
    struct fake *fake = ctx;
    if (connected)
        fake->up++;
    else
        fake->down++;
}

static void fake_up(struct fake *fake, const struct rpc_channel_config *given)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    struct rpc_channel_config config = given ? *given : (struct rpc_channel_config){0};
    memset(fake, 0, sizeof(*fake));
    rig_loop(&fake->rig);
    fake->fd = -1;
    fake->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fake->listen_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(fake->listen_fd, 8), 0);
    assert_int_equal(getsockname(fake->listen_fd, (struct sockaddr *)&sa, &len), 0);
    fake->rig.port = ntohs(sa.sin_port);
    config.state = on_state;
    config.state_ctx = fake;
    fake->channel = rig_channel(&fake->rig, &config);
}

static void fake_down(struct fake *fake)
{
    rpc_channel_free(fake->channel);
    if (fake->fd >= 0)
        close(fake->fd);
    if (fake->listen_fd >= 0)
        close(fake->listen_fd);
    base_loop_free(fake->rig.loop);
}

static bool has_client(void *arg)
{
    struct fake *fake = arg;
    fake->fd = accept4(fake->listen_fd, NULL, NULL, SOCK_NONBLOCK);
    return fake->fd >= 0;
}

static void fake_accept(struct fake *fake)
{
    if (fake->fd >= 0)
        close(fake->fd);
    assert_true(rig_until(&fake->rig, has_client, fake));
}

static void fake_greet(struct fake *fake)
{
    struct bytes b = {0};
    put_frame(&b, SETTINGS, 0, 0, NULL, 0);
    rig_write(fake->fd, b.data, b.len);
    bytes_free(&b);
}

// Reads until the client has sent a HEADERS frame; returns its stream.
static uint32_t fake_request(struct fake *fake)
{
    uint8_t buf[8192];
    bool closed;
    size_t n = 0;
    for (int i = 0; i < 5000; i++) {
        n += rig_read(&fake->rig, fake->fd, buf + n, sizeof(buf) - n, 3, &closed);
        for (size_t at = n > PREFACE_LEN && buf[0] == 'P' ? PREFACE_LEN : 0; at + 9 <= n;) {
            if (buf[at + 3] == HEADERS)
                return buf[at + 8];
            at += 9 + ((size_t)buf[at] << 16 | (size_t)buf[at + 1] << 8 | buf[at + 2]);
        }
        assert_false(closed);
    }
    fail_msg("no request came");
    return 0;
}

static void put_answer(struct bytes *b, uint32_t stream, const char *http, bool end)
{
    struct bytes block = {0};
    put_field(&block, ":status", http);
    put_field(&block, "content-type", "application/grpc");
    put_frame(b, HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block.data, block.len);
    bytes_free(&block);
}

static void put_trailers(struct bytes *b, uint32_t stream, const char *status, const char *message)
{
    struct bytes block = {0};
    put_field(&block, "grpc-status", status);
    if (message)
        put_field(&block, "grpc-message", message);
    put_frame(b, HEADERS, END_HEADERS | END_STREAM, stream, block.data, block.len);
    bytes_free(&block);
}

static void put_ok(struct bytes *b, uint32_t stream)
{
    put_answer(b, stream, "200", false);
    put_message(b, stream, "ok", 2, false);
    put_trailers(b, stream, "0", NULL);
}

static void fake_send(struct fake *fake, struct bytes *b)
{
    rig_write(fake->fd, b->data, b->len);
    bytes_free(b);
}

// ---- answers of all kinds ----

static void answer_ok(struct bytes *b, uint32_t id)
{
    put_ok(b, id);
}

static void answer_error(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_trailers(b, id, "5", "not%20here");
}

static void answer_trailers_only(struct bytes *b, uint32_t id)
{
    struct bytes block = {0};
    put_field(&block, ":status", "200");
    put_field(&block, "content-type", "application/grpc");
    put_field(&block, "grpc-status", "7");
    put_frame(b, HEADERS, END_HEADERS | END_STREAM, id, block.data, block.len);
    bytes_free(&block);
}

static void answer_http_503(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "503", true);
}

static void answer_http_404(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "404", false);
    put_frame(b, DATA, END_STREAM, id, "<html>", 6);
}

static void answer_without_status(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_message(b, id, "ok", 2, true);
}

static void answer_ok_without_message(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_trailers(b, id, "0", NULL);
}

static void answer_truncated(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_frame(b, DATA, 0, id, "\0\0\0\0\5ab", 7);
    put_trailers(b, id, "0", NULL);
}

static void answer_two_messages(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_message(b, id, "a", 1, false);
    put_message(b, id, "b", 1, false);
    put_trailers(b, id, "0", NULL);
}

static void answer_compressed(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_frame(b, DATA, 0, id, "\1\0\0\0\1x", 6);
    put_trailers(b, id, "0", NULL);
}

static void answer_reset_internal(struct bytes *b, uint32_t id)
{
    put_frame(b, RST_STREAM, 0, id, "\0\0\0\2", 4);
}

static void answer_reset_calm(struct bytes *b, uint32_t id)
{
    put_frame(b, RST_STREAM, 0, id, "\0\0\0\xb", 4);
}

static void answer_odd_status(struct bytes *b, uint32_t id)
{
    put_answer(b, id, "200", false);
    put_trailers(b, id, "5012", "from a Magma gateway");
}

static void answer_garbage(struct bytes *b, uint32_t id)
{
    bytes_add(b, "this is no frame at all, or is it? it goes on and on and on", 59);
}

static void answer_goaway_error(struct bytes *b, uint32_t id)
{
    put_frame(b, GOAWAY, 0, 0, "\0\0\0\1\0\0\0\2", 8);
}

static void test_answers(void **state)
{
    static const struct {
        const char *name;
        void (*put)(struct bytes *b, uint32_t id);
        bool close; // the server hangs up afterwards
        int status;
        const char *message; // NULL: any
    } rows[] = {
        {"ok", answer_ok, false, RPC_OK, ""},
        {"error", answer_error, false, RPC_NOT_FOUND, "not here"},
        {"trailers only", answer_trailers_only, false, RPC_PERMISSION_DENIED, ""},
        {"HTTP 503", answer_http_503, false, RPC_UNAVAILABLE, "HTTP status 503"},
        {"HTTP 404", answer_http_404, false, RPC_UNIMPLEMENTED, "HTTP status 404"},
        {"no status", answer_without_status, false, RPC_UNKNOWN, NULL},
        {"no message", answer_ok_without_message, false, RPC_INTERNAL, NULL},
        {"truncated", answer_truncated, false, RPC_INTERNAL, NULL},
        {"two messages", answer_two_messages, false, RPC_INTERNAL, NULL},
        {"compressed", answer_compressed, false, RPC_INTERNAL, NULL},
        {"reset", answer_reset_internal, false, RPC_INTERNAL, NULL},
        {"reset, calm", answer_reset_calm, false, RPC_RESOURCE_EXHAUSTED, NULL},
        {"odd status", answer_odd_status, false, RPC_UNKNOWN, "from a Magma gateway"},
        {"garbage", answer_garbage, true, RPC_UNAVAILABLE, NULL},
        {"GOAWAY and end", answer_goaway_error, true, RPC_UNAVAILABLE, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fake fake;
        struct rig_answer answer;
        struct bytes b = {0};
        fake_up(&fake, NULL);
        rig_call(fake.channel, "/t.T/X", "request", 7, RIG_LONG_MS, &answer);
        fake_accept(&fake);
        fake_greet(&fake);
        uint32_t id = fake_request(&fake);
        rows[i].put(&b, id);
        fake_send(&fake, &b);
        if (rows[i].close) {
            rig_run(&fake.rig, 10);
            close(fake.fd);
            fake.fd = -1;
        }
        assert_true(rig_until_n(&fake.rig, &answer.n, 1));
        if (answer.status != rows[i].status ||
            (rows[i].message && strcmp(answer.message, rows[i].message) != 0))
            fail_msg("%s: %d \"%s\"", rows[i].name, answer.status, answer.message);
        rig_run(&fake.rig, 10);
        assert_int_equal(answer.n, 1);
        fake_down(&fake);
    }
}

// ---- calls the server has not processed are repeated, once ----

static void test_refused_stream_is_repeated_once(void **state)
{
    struct fake fake;
    struct rig_answer answer;
    struct bytes b = {0};
    fake_up(&fake, NULL);
    rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
    fake_accept(&fake);
    fake_greet(&fake);
    uint32_t id = fake_request(&fake);
    put_frame(&b, RST_STREAM, 0, id, "\0\0\0\7", 4);
    fake_send(&fake, &b);
    uint32_t second = fake_request(&fake);
    assert_true(second > id);
    assert_int_equal(answer.n, 0);
    put_frame(&b, RST_STREAM, 0, second, "\0\0\0\7", 4);
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    fake_down(&fake);
}

static void test_goaway_moves_unprocessed_calls(void **state)
{
    struct fake fake;
    struct rig_answer first, second;
    struct bytes b = {0};
    fake_up(&fake, NULL);
    rpc_channel_connect(fake.channel);
    fake_accept(&fake);
    fake_greet(&fake);
    assert_true(rig_until_n(&fake.rig, &fake.up, 1));
    rig_run(&fake.rig, 1100); // an old connection, not one that ends as soon as it began
    rig_call(fake.channel, "/t.T/X", "1", 1, RIG_LONG_MS, &first);
    uint32_t id1 = fake_request(&fake);
    rig_call(fake.channel, "/t.T/X", "2", 1, RIG_LONG_MS, &second);
    assert_int_equal(fake_request(&fake), id1 + 2);
    int old = fake.fd;
    uint8_t goaway[8] = {0, 0, 0, (uint8_t)id1}; // only the first was taken
    put_frame(&b, GOAWAY, 0, 0, goaway, 8);
    fake_send(&fake, &b);
    fake.fd = -1;
    fake_accept(&fake); // the client comes again for the second
    fake_greet(&fake);
    uint32_t again = fake_request(&fake);
    put_ok(&b, again);
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &second.n, 1));
    assert_int_equal(second.status, RPC_OK);
    assert_int_equal(first.n, 0); // still in flight on the old connection
    put_ok(&b, id1);
    rig_write(old, b.data, b.len);
    bytes_free(&b);
    assert_true(rig_until_n(&fake.rig, &first.n, 1));
    assert_int_equal(first.status, RPC_OK);
    uint8_t buf[256];
    bool closed;
    rig_read(&fake.rig, old, buf, sizeof(buf), 30000, &closed);
    assert_true(closed); // nothing left to do there
    close(old);
    fake_down(&fake);
}

// Calls that wait inside the connection for a free stream have surely not been processed either.
static void test_goaway_moves_queued_calls(void **state)
{
    struct fake fake;
    struct rig_answer first, second;
    struct bytes b = {0};
    fake_up(&fake, NULL);
    rpc_channel_connect(fake.channel);
    fake_accept(&fake);
    put_frame(&b, SETTINGS, 0, 0, "\0\3\0\0\0\1", 6); // one stream at a time
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &fake.up, 1));
    rig_run(&fake.rig, 1100);
    rig_call(fake.channel, "/t.T/X", "1", 1, RIG_LONG_MS, &first);
    rig_call(fake.channel, "/t.T/X", "2", 1, RIG_LONG_MS, &second);
    uint32_t id = fake_request(&fake);
    int old = fake.fd;
    uint8_t goaway[8] = {0, 0, 0, (uint8_t)id};
    put_frame(&b, GOAWAY, 0, 0, goaway, 8);
    put_ok(&b, id);
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &first.n, 1));
    assert_int_equal(first.status, RPC_OK);
    fake.fd = -1;
    fake_accept(&fake);
    fake_greet(&fake);
    put_ok(&b, fake_request(&fake));
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &second.n, 1));
    assert_int_equal(second.status, RPC_OK);
    close(old);
    fake_down(&fake);
}

static void test_cancel_while_queued(void **state)
{
    struct fake fake;
    struct rig_answer first, second, third;
    struct bytes b = {0};
    fake_up(&fake, NULL);
    rpc_channel_connect(fake.channel);
    fake_accept(&fake);
    put_frame(&b, SETTINGS, 0, 0, "\0\3\0\0\0\1", 6);
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &fake.up, 1));
    rig_call(fake.channel, "/t.T/X", "1", 1, RIG_LONG_MS, &first);
    uint32_t id = fake_request(&fake);
    rig_call(fake.channel, "/t.T/X", "2", 1, 50, &second); // its deadline passes in the queue
    rig_call(fake.channel, "/t.T/X", "3", 1, RIG_LONG_MS, &third);
    assert_true(rig_until_n(&fake.rig, &second.n, 1));
    assert_int_equal(second.status, RPC_DEADLINE_EXCEEDED);
    put_ok(&b, id);
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &first.n, 1));
    put_ok(&b, fake_request(&fake));
    fake_send(&fake, &b);
    assert_true(rig_until_n(&fake.rig, &third.n, 1));
    assert_int_equal(third.status, RPC_OK);
    fake_down(&fake);
}

// ---- connecting ----

static void test_nobody_listens(void **state)
{
    struct fake fake;
    struct rig_answer answer;
    fake_up(&fake, NULL);
    close(fake.listen_fd); // another socket keeps the port, so that nobody else listens there
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(fake.rig.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    fake.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fake.listen_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&fake.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    assert_string_equal(answer.message, "Connection refused");
    // while it waits for the next attempt, calls fail at once
    int64_t start = base_now_ns();
    rig_call(fake.channel, "/t.T/X", "r", 1, 60000, &answer);
    assert_true(rig_until_n(&fake.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    assert_true(base_now_ns() - start < 20 * BASE_S_NS); // long before the deadline
    assert_int_equal(fake.up, 0);
    assert_int_equal(fake.down, 0);
    fake_down(&fake);
}

static void test_server_never_greets(void **state)
{
    struct fake fake;
    struct rig_answer answer, hasty;
    fake_up(&fake, &(struct rpc_channel_config){.connect_ms = 150});
    rig_call(fake.channel, "/t.T/X", "r", 1, 40, &hasty);
    rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
    fake_accept(&fake);
    assert_true(rig_until_n(&fake.rig, &hasty.n, 1)); // its deadline covers connecting
    assert_int_equal(hasty.status, RPC_DEADLINE_EXCEEDED);
    assert_true(rig_until_n(&fake.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    fake_down(&fake);
}

static void test_reconnects_by_itself(void **state)
{
    struct fake fake;
    struct rig_answer answer;
    struct bytes b = {0};
    fake_up(&fake, NULL);
    rpc_channel_connect(fake.channel);
    for (int round = 1; round <= 3; round++) {
        fake_accept(&fake);
        fake_greet(&fake);
        assert_true(rig_until_n(&fake.rig, &fake.up, round));
        rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
        put_ok(&b, fake_request(&fake));
        fake_send(&fake, &b);
        assert_true(rig_until_n(&fake.rig, &answer.n, 1));
        assert_int_equal(answer.status, RPC_OK);
        rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
        fake_request(&fake);
        close(fake.fd); // with a call in flight
        fake.fd = -1;
        assert_true(rig_until_n(&fake.rig, &answer.n, 1));
        assert_int_equal(answer.status, RPC_UNAVAILABLE);
        assert_true(rig_until_n(&fake.rig, &fake.down, round));
    }
    fake_down(&fake);
}

static void test_names_are_resolved(void **state)
{
    struct rig rig;
    struct rig_answer answer;
    rig_echo(&rig, NULL);
    struct rpc_channel *channel =
        rig_channel(&rig, &(struct rpc_channel_config){.host = "localhost"});
    rig_ask(&rig, channel, "/t.T/Echo", "x", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rpc_channel_free(channel);
    rig_free(&rig);
}

static void test_unknown_name(void **state)
{
    struct rig rig;
    struct rig_answer answer;
    rig_echo(&rig, NULL);
    struct rpc_channel *channel = rig_channel(
        &rig, &(struct rpc_channel_config){.host = "no-such-host.invalid", .connect_ms = 300});
    rig_call(channel, "/t.T/Echo", "x", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    rpc_channel_free(channel);
    rig_free(&rig);
}

// Freed while a look-up, a connect and calls are under way.
static void test_free_at_any_time(void **state)
{
    static const char *const hosts[] = {"no-such-host.invalid", "127.0.0.1", "192.0.2.1"};
    for (int step = 0; step < 4; step++) {
        for (size_t i = 0; i < 3; i++) {
            struct fake fake;
            struct rig_answer answer;
            fake_up(&fake, NULL);
            struct rpc_channel *channel =
                rig_channel(&fake.rig, &(struct rpc_channel_config){.host = hosts[i]});
            rig_call(channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
            if (step)
                rig_run(&fake.rig, step * 3);
            rpc_channel_free(channel);
            rig_run(&fake.rig, 3);
            assert_int_equal(answer.n, 1);
            fake_down(&fake);
        }
    }
}

static void test_dead_server_is_noticed(void **state)
{
    struct fake fake;
    struct rig_answer answer;
    fake_up(&fake, &(struct rpc_channel_config){.keepalive_ms = 50, .keepalive_timeout_ms = 50});
    rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answer);
    fake_accept(&fake);
    fake_greet(&fake);
    fake_request(&fake); // and then nothing any more, not even to PING
    assert_true(rig_until_n(&fake.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    fake_down(&fake);
}

static void test_too_many_waiting(void **state)
{
    static struct rig_answer answers[10001];
    struct fake fake;
    fake_up(&fake, NULL);
    for (int i = 0; i < 10000; i++)
        rig_call(fake.channel, "/t.T/X", "r", 1, RIG_LONG_MS, &answers[i]);
    assert_int_equal(rpc_unary(fake.channel, "/t.T/X", NULL, 0, 0, NULL, 0, NULL, NULL), ERR_FULL);
    fake_down(&fake);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(answers[i].n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_refused_stream_is_repeated_once),
        cmocka_unit_test(test_goaway_moves_unprocessed_calls),
        cmocka_unit_test(test_goaway_moves_queued_calls),
        cmocka_unit_test(test_cancel_while_queued),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_server_never_greets),
        cmocka_unit_test(test_reconnects_by_itself),
        cmocka_unit_test(test_names_are_resolved),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_free_at_any_time),
        cmocka_unit_test(test_dead_server_is_noticed),
        cmocka_unit_test(test_too_many_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
