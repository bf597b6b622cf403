// SPDX-License-Identifier: BSD-3-Clause
// Slow, silent and hostile clients against the connection core: each is cut off, in time and with
// the right name, and honest ones are not.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"

#define CALM 0xb // ENHANCE_YOUR_CALM

static void assert_cut_off(struct core *core, enum rpc_abuse abuse)
{
    if (core->h2->end != RPC_H2_ABUSE || core->h2->abuse != abuse)
        fail_msg("ended as %s/%s, not %s", rpc_h2_end_name(core->h2->end),
                 rpc_abuse_name(core->h2->abuse), rpc_abuse_name(abuse));
    assert_int_equal(core->heard.goaways, 1);
    assert_int_equal(core->heard.goaway_code, CALM);
    assert_true(rpc_h2_done(core->h2));
    assert_int_equal(core_feed(core, "x", 1), ERR_CLOSED);
}

// ---- floods ----

static void flood_continuation(struct bytes *b, int n)
{
    struct bytes block = {0};
    put_request_fields(&block, "/t.T/Echo");
    put_frame(b, HEADERS, 0, 1, block.data, block.len);
    for (int i = 0; i < n; i++)
        put_frame(b, CONTINUATION, 0, 1, NULL, 0);
    bytes_free(&block);
}

static void flood_header_bytes(struct bytes *b, int n)
{
    static const uint8_t fill[16384];
    put_frame(b, HEADERS, 0, 1, fill, 1);
    for (int i = 0; i < n; i++)
        put_frame(b, CONTINUATION, 0, 1, fill, sizeof(fill));
}

static void flood_reset(struct bytes *b, int n)
{
    for (int i = 0; i < n; i++) {
        put_request(b, (uint32_t)(2 * i + 1), "/t.T/Hold", false);
        put_frame(b, RST_STREAM, 0, (uint32_t)(2 * i + 1), "\0\0\0\10", 4);
    }
}

// We are made to reset streams: too large a WINDOW_UPDATE is a stream error.
static void flood_made_reset(struct bytes *b, int n)
{
    for (int i = 0; i < n; i++) {
        put_request(b, (uint32_t)(2 * i + 1), "/t.T/Hold", false);
        put_frame(b, WINDOW_UPDATE, 0, (uint32_t)(2 * i + 1), "\x7f\xff\xff\xff", 4);
    }
}

static void flood_ping(struct bytes *b, int n)
{
    for (int i = 0; i < n; i++)
        put_frame(b, PING, 0, 0, "12345678", 8);
}

static void flood_settings(struct bytes *b, int n)
{
    for (int i = 0; i < n; i++)
        put_frame(b, SETTINGS, 0, 0, NULL, 0);
}

static void flood_priority(struct bytes *b, int n)
{
    for (int i = 0; i < n; i++)
        put_frame(b, PRIORITY, 0, 3, "\0\0\0\1\0", 5);
}

static void flood_empty_data(struct bytes *b, int n)
{
    put_request(b, 1, "/t.T/Stream", false);
    for (int i = 0; i < n; i++)
        put_frame(b, DATA, 0, 1, NULL, 0);
}

static void flood_unknown(struct bytes *b, int n)
{
    for (int i = 0; i < n; i++)
        put_frame(b, 0xee, 0, 0, "?", 1);
}

static const struct {
    const char *name;
    void (*put)(struct bytes *b, int n);
    int harmless, harmful; // how many of it pass, how many do not
    enum rpc_abuse abuse;
} floods[] = {
    {"CONTINUATION", flood_continuation, 0, 9, RPC_ABUSE_CONTINUATION},
    {"header bytes", flood_header_bytes, 0, 2, RPC_ABUSE_HEADER_BYTES},
    {"rapid reset", flood_reset, 45, 60, RPC_ABUSE_RESET},
    {"made to reset", flood_made_reset, 45, 60, RPC_ABUSE_RESET},
    {"PING", flood_ping, 50, 200, RPC_ABUSE_PING},
    {"SETTINGS", flood_settings, 10, 100, RPC_ABUSE_SETTINGS},
    {"PRIORITY", flood_priority, 5000, 20000, RPC_ABUSE_USELESS},
    {"empty DATA", flood_empty_data, 5000, 20000, RPC_ABUSE_USELESS},
    {"unknown frames", flood_unknown, 5000, 20000, RPC_ABUSE_USELESS},
};

static void test_floods_are_cut_off(void **state)
{
    for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
        struct core core;
        struct bytes b = {0};
        core_up(&core);
        core_open(&core);
        put_greeting(&b);
        floods[i].put(&b, floods[i].harmful);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_RPC_REFUSED);
        print_message("%s\n", floods[i].name);
        assert_cut_off(&core, floods[i].abuse);
        bytes_free(&b);
        core_down(&core);
    }
}

static void test_a_little_of_it_is_tolerated(void **state)
{
    for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
        struct core core;
        struct bytes b = {0};
        if (!floods[i].harmless)
            continue;
        core_up(&core);
        core_open(&core);
        put_greeting(&b);
        floods[i].put(&b, floods[i].harmless);
        put_request(&b, 201, "/t.T/Nothing", true);
        print_message("%s\n", floods[i].name);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
        assert_int_equal(core.h2->end, RPC_H2_ALIVE);
        bytes_free(&b);
        core_down(&core);
    }
}

// The same rate spread over time is no flood.
static void test_resets_over_time_are_tolerated(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    for (uint32_t i = 0; i < 400; i++) {
        put_request(&b, 2 * i + 1, "/t.T/Echo", false);
        put_frame(&b, RST_STREAM, 0, 2 * i + 1, "\0\0\0\10", 4);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
        core.now += SECOND / 4;
    }
    bytes_free(&b);
    core_down(&core);
}

// A client that makes us queue answers which it does not read.
static void test_unread_control_answers_are_bounded(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    core.quiet = true;
    put_greeting(&b);
    enum err err = core_feed_bytes(&core, &b);
    for (int i = 0; i < 3000 && !err; i++) {
        put_request(&b, (uint32_t)(2 * i + 1), "/t.T/Echo", false); // earns credit for pings
        put_message(&b, (uint32_t)(2 * i + 1), "x", 1, true);
        put_frame(&b, PING, 0, 0, "12345678", 8);
        core.now += SECOND;
        err = core_feed_bytes(&core, &b);
    }
    assert_int_not_equal(err, ERR_OK);
    bytes_free(&b);
    core_down(&core);
}

// ---- garbage ----

static void test_not_http2(void **state)
{
    static const char *const rows[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX........",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct core core;
        core_up(&core);
        core_open(&core);
        assert_int_not_equal(core_feed(&core, rows[i], strlen(rows[i])), ERR_OK);
        assert_int_equal(core.h2->end, RPC_H2_PROTOCOL);
        core_down(&core);
    }
}

static void test_connection_errors_end_with_goaway(void **state)
{
    static const struct {
        const char *name;
        uint8_t type, flags;
        uint32_t stream;
        const char *payload;
        size_t len;
    } rows[] = {
        {"DATA on stream 0", DATA, 0, 0, "x", 1},
        {"DATA on an idle stream", DATA, 0, 9, "x", 1},
        {"PING of 7 bytes", PING, 0, 0, "1234567", 7},
        {"SETTINGS on a stream", SETTINGS, 0, 1, NULL, 0},
        {"SETTINGS of 5 bytes", SETTINGS, 0, 0, "12345", 5},
        {"even stream id", HEADERS, END_HEADERS, 2, "\x82", 1},
        {"CONTINUATION out of place", CONTINUATION, END_HEADERS, 1, "\x82", 1},
        {"bad HPACK index", HEADERS, END_HEADERS, 1, "\xff\xff\xff\xff\x0f", 5},
        {"PUSH_PROMISE by a client", PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\2\x82", 5},
        {"window overflow", WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct core core;
        struct bytes b = {0};
        core_up(&core);
        core_open(&core);
        put_greeting(&b);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
        put_frame(&b, rows[i].type, rows[i].flags, rows[i].stream, rows[i].payload, rows[i].len);
        core_feed_bytes(&core, &b);
        if (core.heard.goaways != 1 || !rpc_h2_done(core.h2))
            fail_msg("%s: not closed", rows[i].name);
        bytes_free(&b);
        core_down(&core);
    }
}

static void test_frame_too_long(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    bytes_add(&b, "\xff\xff\xff\0\0\0\0\0\1", 9);
    core_feed_bytes(&core, &b);
    assert_int_equal(core.heard.goaways, 1);
    assert_true(rpc_h2_done(core.h2));
    bytes_free(&b);
    core_down(&core);
}

// ---- slow and silent ----

static void greet_core(struct core *core)
{
    struct bytes b = {0};
    core_up(core);
    core_open(core);
    put_greeting(&b);
    put_frame(&b, SETTINGS, ACK, 0, NULL, 0);
    assert_int_equal(core_feed_bytes(core, &b), ERR_OK);
    bytes_free(&b);
}

static void test_no_greeting(void **state)
{
    struct core core;
    core_up(&core);
    core_open(&core);
    assert_int_equal(core_feed(&core, PREFACE, 10), ERR_OK);
    assert_int_equal(core_wait(&core, 9 * SECOND), RPC_H2_ALIVE);
    assert_int_equal(core_feed(&core, PREFACE + 10, 5), ERR_OK); // a byte now and then helps nobody
    assert_int_equal(core_wait(&core, 2 * SECOND), RPC_H2_NO_GREETING);
    core_down(&core);
}

static void test_slow_headers(void **state)
{
    struct core core;
    struct bytes b = {0}, block = {0};
    greet_core(&core);
    put_request_fields(&block, "/t.T/Echo");
    put_frame(&b, HEADERS, 0, 1, block.data, block.len);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(core_wait(&core, 3 * SECOND), RPC_H2_ALIVE);
        put_frame(&b, CONTINUATION, 0, 1, NULL, 0);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    }
    assert_int_equal(core_wait(&core, 3 * SECOND), RPC_H2_SLOW_HEADERS);
    bytes_free(&b);
    bytes_free(&block);
    core_down(&core);
}

static void test_slow_headers_inside_one_frame(void **state)
{
    struct core core;
    struct bytes b = {0};
    greet_core(&core);
    put_request(&b, 1, "/t.T/Echo", false);
    assert_int_equal(core_feed(&core, b.data, 20), ERR_OK);
    assert_int_equal(core_wait(&core, 9 * SECOND), RPC_H2_ALIVE);
    assert_int_equal(core_feed(&core, b.data + 20, 1), ERR_OK);
    assert_int_equal(core_wait(&core, 2 * SECOND), RPC_H2_SLOW_HEADERS);
    bytes_free(&b);
    core_down(&core);
}

static void test_frame_never_ends(void **state)
{
    struct core core;
    struct bytes b = {0};
    greet_core(&core);
    put_request(&b, 1, "/t.T/Echo", false);
    put_message(&b, 1, "hello", 5, true);
    assert_int_equal(core_feed(&core, b.data, b.len - 3), ERR_OK);
    assert_int_equal(core_wait(&core, 21 * SECOND), RPC_H2_STALLED);
    bytes_free(&b);
    core_down(&core);
}

static void test_stalled_request_is_answered(void **state)
{
    struct core core;
    struct bytes b = {0};
    greet_core(&core);
    put_request(&b, 1, "/t.T/Echo", false);
    put_request(&b, 3, "/t.T/Stream", false); // streams may be silent
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core_wait(&core, 21 * SECOND), RPC_H2_ALIVE);
    assert_int_equal(core.heard.stream[1].grpc_status, RPC_DEADLINE_EXCEEDED);
    assert_int_equal(core.heard.stream[3].grpc_status, -1);
    assert_int_equal(core.h2->stalled_streams, 1);
    bytes_free(&b);
    core_down(&core);
}

static void test_unread_answer_is_reset(void **state)
{
    struct core core;
    struct bytes b = {0};
    greet_core(&core);
    put_frame(&b, SETTINGS, 0, 0, "\0\4\0\0\0\0", 6); // INITIAL_WINDOW_SIZE 0
    put_request(&b, 1, "/t.T/Echo", false);
    put_message(&b, 1, "x", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_false(core.heard.stream[1].ended);
    assert_int_equal(core_wait(&core, 21 * SECOND), RPC_H2_ALIVE);
    assert_true(core.heard.stream[1].reset);
    assert_int_equal(core.h2->n_streams, 0);
    assert_int_equal(core.h2->out_bytes, 0);
    bytes_free(&b);
    core_down(&core);
}

static void test_keepalive(void **state)
{
    struct core core;
    greet_core(&core);
    assert_int_equal(core_wait(&core, 31 * SECOND), RPC_H2_ALIVE);
    assert_int_equal(core.heard.pings, 1);
    struct bytes b = {0};
    put_frame(&b, PING, ACK, 0, "\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core_wait(&core, 11 * SECOND), RPC_H2_ALIVE);
    assert_int_equal(core.heard.pings, 1);
    assert_int_equal(core_wait(&core, 20 * SECOND), RPC_H2_ALIVE);
    assert_int_equal(core.heard.pings, 2);
    assert_int_equal(core_wait(&core, 11 * SECOND), RPC_H2_NO_PONG);
    assert_true(rpc_h2_done(core.h2));
    bytes_free(&b);
    core_down(&core);
}

static void test_idle(void **state)
{
    struct core core;
    struct bytes b = {0};
    greet_core(&core);
    for (int i = 0; i < 59; i++) { // answers our pings, asks nothing
        assert_int_equal(core_wait(&core, 10 * SECOND), RPC_H2_ALIVE);
        put_frame(&b, PING, ACK, 0, "\0\0\0\0\0\0\0\0", 8);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    }
    assert_int_equal(core_wait(&core, 11 * SECOND), RPC_H2_IDLE);
    assert_int_equal(core.heard.goaways, 1);
    assert_int_equal(core.heard.goaway_code, 0);
    bytes_free(&b);
    core_down(&core);
}

// A connection with an open stream is not idle, however silent.
static void test_open_stream_is_not_idle(void **state)
{
    struct core core;
    struct bytes b = {0};
    greet_core(&core);
    put_request(&b, 1, "/t.T/Stream", false);
    for (int i = 0; i < 100; i++) {
        put_frame(&b, PING, ACK, 0, "\0\0\0\0\0\0\0\0", 8);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
        assert_int_equal(core_wait(&core, 10 * SECOND), RPC_H2_ALIVE);
    }
    bytes_free(&b);
    core_down(&core);
}

// A client that always leaves a little unread costs what is unread, not what it has ever read.
static void test_read_answers_are_not_kept(void **state)
{
    enum { ROUNDS = 3000, LEN = 1000, FRAMED = LEN + 5 };
    static const uint8_t message[LEN];
    static const uint8_t more[4] = {0, 0, FRAMED >> 8, FRAMED & 0xff};
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    bytes_add(&b, PREFACE, PREFACE_LEN);
    put_frame(&b, SETTINGS, 0, 0, "\0\4\0\0\0\144", 6); // INITIAL_WINDOW_SIZE 100
    put_request(&b, 1, "/t.T/Stream", false);
    put_message(&b, 1, message, LEN, false); // it comes back
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    for (int i = 0; i < ROUNDS; i++) {
        put_message(&b, 1, message, LEN, false);
        put_frame(&b, WINDOW_UPDATE, 0, 1, more, sizeof(more));
        put_frame(&b, WINDOW_UPDATE, 0, 0, more, sizeof(more));
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    }
    assert_int_equal(core.messages, ROUNDS + 1);
    assert_non_null(core.h2->streams);
    assert_int_equal(core.h2->out_bytes, FRAMED - 100); // unread
    assert_true(core.h2->streams->out.cap <= 16 * FRAMED);
    core_down(&core);
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floods_are_cut_off),
        cmocka_unit_test(test_a_little_of_it_is_tolerated),
        cmocka_unit_test(test_resets_over_time_are_tolerated),
        cmocka_unit_test(test_unread_control_answers_are_bounded),
        cmocka_unit_test(test_not_http2),
        cmocka_unit_test(test_connection_errors_end_with_goaway),
        cmocka_unit_test(test_frame_too_long),
        cmocka_unit_test(test_no_greeting),
        cmocka_unit_test(test_slow_headers),
        cmocka_unit_test(test_slow_headers_inside_one_frame),
        cmocka_unit_test(test_frame_never_ends),
        cmocka_unit_test(test_stalled_request_is_answered),
        cmocka_unit_test(test_unread_answer_is_reset),
        cmocka_unit_test(test_keepalive),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_open_stream_is_not_idle),
        cmocka_unit_test(test_read_answers_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
