// SPDX-License-Identifier: BSD-3-Clause
// The server's connection core on byte level: what each well or badly formed request leads to.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"

static void test_unary(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Echo", false);
    put_message(&b, 1, "hello", 5, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);

    assert_int_equal(core.heard.settings, 1);
    assert_int_equal(core.heard.settings_acks, 1);
    assert_string_equal(core.path, "/t.T/Echo");
    assert_string_equal(core.authority, "s6a_proxy-controller.test");
    assert_int_equal(core.heard.stream[1].http_status, 200);
    assert_string_equal(core.heard.stream[1].content_type, "application/grpc");
    assert_int_equal(core.heard.stream[1].headers, 2); // headers and trailers
    assert_int_equal(core.heard.stream[1].grpc_status, 0);
    assert_int_equal(core.heard.stream[1].body_len, 10);
    assert_memory_equal(core.heard.stream[1].body, "\0\0\0\0\5hello", 10);
    assert_true(core.heard.stream[1].ended);
    assert_int_equal(core.closed, 1);
    bytes_free(&b);
    core_down(&core);
}

// The same request in every pair of pieces, and byte by byte, gives the same answer.
static void test_any_pieces(void **state)
{
    struct bytes b = {0};
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Echo", false);
    put_message(&b, 1, "hello", 5, true);
    for (size_t cut = 0; cut <= b.len; cut++) {
        struct core core;
        core_up(&core);
        core_open(&core);
        if (cut == b.len) {
            for (size_t i = 0; i < b.len; i++)
                assert_int_equal(core_feed(&core, b.data + i, 1), ERR_OK);
        } else {
            assert_int_equal(core_feed(&core, b.data, cut), ERR_OK);
            assert_int_equal(core_feed(&core, b.data + cut, b.len - cut), ERR_OK);
        }
        assert_int_equal(core.heard.stream[1].grpc_status, 0);
        assert_int_equal(core.heard.stream[1].body_len, 10);
        core_down(&core);
    }
    bytes_free(&b);
}

// ---- requests that are refused, and how ----

struct refusal {
    const char *name;
    const char *drop, *add_name, *add_value; // change to the proper request
    const char *path;
    const char *body;
    size_t len;
    int http, grpc;
};

static void put_changed_request(struct bytes *b, const struct refusal *row)
{
    static const char *const fields[][2] = {
        {":method", "POST"}, {":scheme", "http"}, {":path", "/t.T/Echo"},
        {":authority", "a"}, {"content-type", "application/grpc"}, {"te", "trailers"}};
    struct bytes block = {0};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (row->drop && strcmp(row->drop, fields[i][0]) == 0)
            continue;
        bool replaced = row->add_name && strcmp(row->add_name, fields[i][0]) == 0;
        const char *value = replaced ? row->add_value : fields[i][1];
        if (strcmp(fields[i][0], ":path") == 0 && row->path)
            value = row->path;
        put_field(&block, fields[i][0], value);
    }
    if (row->add_name && row->add_name[0] != ':' && strcmp(row->add_name, "content-type") != 0 &&
        strcmp(row->add_name, "te") != 0)
        put_field(&block, row->add_name, row->add_value);
    put_frame(b, HEADERS, END_HEADERS | (row->body ? 0 : END_STREAM), 1, block.data, block.len);
    if (row->body)
        put_frame(b, DATA, END_STREAM, 1, row->body, row->len);
    bytes_free(&block);
}

static void test_refusals(void **state)
{
    static const struct refusal rows[] = {
        {.name = "proper", .body = "\0\0\0\0\1x", .len = 6, .http = 200, .grpc = 0},
        {.name = "with +proto", .add_name = "content-type", .add_value = "application/grpc+proto",
         .body = "\0\0\0\0\1x", .len = 6, .http = 200, .grpc = 0},
        {.name = "no content-type", .drop = "content-type", .body = "x", .len = 1, .http = 415,
         .grpc = -1},
        {.name = "other content-type", .add_name = "content-type", .add_value = "text/html",
         .body = "x", .len = 1, .http = 415, .grpc = -1},
        {.name = "longer content-type", .add_name = "content-type",
         .add_value = "application/grpcx", .body = "x", .len = 1, .http = 415, .grpc = -1},
        {.name = "GET", .add_name = ":method", .add_value = "GET", .http = 405, .grpc = -1},
        {.name = "unknown method", .path = "/t.T/Nothing", .body = "\0\0\0\0\0", .len = 5,
         .http = 200, .grpc = RPC_UNIMPLEMENTED},
        {.name = "path *", .path = "*", .body = "\0\0\0\0\0", .len = 5, .http = -1, .grpc = -1},
        {.name = "bad timeout", .add_name = "grpc-timeout", .add_value = "soon",
         .body = "\0\0\0\0\0", .len = 5, .http = 200, .grpc = RPC_INVALID_ARGUMENT},
        {.name = "no message", .http = 200, .grpc = RPC_INTERNAL},
        {.name = "empty body", .body = "", .len = 0, .http = 200, .grpc = RPC_INTERNAL},
        {.name = "half a prefix", .body = "\0\0\0", .len = 3, .http = 200, .grpc = RPC_INTERNAL},
        {.name = "half a message", .body = "\0\0\0\0\5abc", .len = 8, .http = 200,
         .grpc = RPC_INTERNAL},
        {.name = "two messages", .body = "\0\0\0\0\1x\0\0\0\0\1y", .len = 12, .http = 200,
         .grpc = RPC_INTERNAL},
        {.name = "a byte too many", .body = "\0\0\0\0\1xy", .len = 7, .http = 200,
         .grpc = RPC_INTERNAL},
        {.name = "compressed", .body = "\1\0\0\0\1x", .len = 6, .http = 200,
         .grpc = RPC_UNIMPLEMENTED},
        {.name = "flag 2", .body = "\2\0\0\0\1x", .len = 6, .http = 200, .grpc = RPC_INTERNAL},
        {.name = "too large", .body = "\0\0\1\206\241x", .len = 6, .http = 200,
         .grpc = RPC_RESOURCE_EXHAUSTED},
        {.name = "4 GiB", .body = "\0\377\377\377\377x", .len = 6, .http = 200,
         .grpc = RPC_RESOURCE_EXHAUSTED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct core core;
        struct bytes b = {0};
        core_up(&core);
        core_open(&core);
        put_greeting(&b);
        put_changed_request(&b, &rows[i]);
        put_request(&b, 3, "/t.T/Echo", false); // the next one works
        put_message(&b, 3, "y", 1, true);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
        if (core.heard.stream[1].http_status != rows[i].http ||
            core.heard.stream[1].grpc_status != rows[i].grpc)
            fail_msg("%s: HTTP %d, gRPC %d \"%s\"", rows[i].name,
                     core.heard.stream[1].http_status, core.heard.stream[1].grpc_status,
                     core.heard.stream[1].grpc_message);
        assert_true(core.heard.stream[1].ended || core.heard.stream[1].reset);
        assert_int_equal(core.heard.stream[3].grpc_status, 0);
        assert_int_equal(core.h2->n_streams, 0);
        if (strcmp(rows[i].name, "compressed") == 0)
            assert_string_equal(core.heard.stream[1].accept_encoding, "identity");
        bytes_free(&b);
        core_down(&core);
    }
}

static void test_missing_path_is_a_stream_error(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_changed_request(&b, &(struct refusal){.drop = ":path", .body = "x", .len = 1});
    put_request(&b, 3, "/t.T/Echo", false);
    put_message(&b, 3, "y", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_true(core.heard.stream[1].reset);
    assert_int_equal(core.heard.stream[3].grpc_status, 0);
    bytes_free(&b);
    core_down(&core);
}

static void test_authority_from_host_and_timeout(void **state)
{
    struct core core;
    struct bytes b = {0}, block = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_field(&block, ":method", "POST");
    put_field(&block, ":scheme", "http");
    put_field(&block, ":path", "/t.T/Echo");
    put_field(&block, "host", "csfb-controller.test");
    put_field(&block, "content-type", "application/grpc");
    put_field(&block, "grpc-timeout", "2010m");
    put_frame(&b, HEADERS, END_HEADERS, 1, block.data, block.len);
    put_message(&b, 1, "x", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_string_equal(core.authority, "csfb-controller.test");
    assert_int_equal(core.timeout_ns, 2010000000LL);
    bytes_free(&block);
    bytes_free(&b);
    core_down(&core);
}

// An early answer asks the client to stop sending, RFC 9113 §8.1.
static void test_early_answer_resets_with_no_error(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Nothing", false);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[1].grpc_status, RPC_UNIMPLEMENTED);
    assert_true(core.heard.stream[1].reset);
    assert_int_equal(core.heard.stream[1].reset_code, 0);
    put_message(&b, 1, "late", 4, true); // still under way: ignored
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.messages, 0);
    bytes_free(&b);
    core_down(&core);
}

static void test_header_list_too_large(void **state)
{
    struct core core;
    struct bytes b = {0}, block = {0};
    char value[1001];
    memset(value, 'v', 1000);
    value[1000] = 0;
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request_fields(&block, "/t.T/Echo");
    for (int i = 0; i < 9; i++)
        put_field(&block, "x-long", value);
    put_frame(&b, HEADERS, END_HEADERS, 1, block.data, block.len);
    put_message(&b, 1, "x", 1, true);
    put_request(&b, 3, "/t.T/Echo", false);
    put_message(&b, 3, "y", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[1].grpc_status, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(core.heard.stream[3].grpc_status, 0);
    bytes_free(&block);
    bytes_free(&b);
    core_down(&core);
}

// ---- streaming ----

static void test_bidirectional_stream(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Stream", false);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[1].http_status, 200); // headers at once
    for (int i = 0; i < 3; i++)
        put_message(&b, 1, "ab", 2, false);
    put_request(&b, 3, "/t.T/Echo", false); // unary calls run beside it
    put_message(&b, 3, "y", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.messages, 4);
    assert_int_equal(core.heard.stream[1].body_len, 21);
    assert_int_equal(core.heard.stream[3].grpc_status, 0);
    put_frame(&b, DATA, END_STREAM, 1, NULL, 0);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.half_closed, 1);
    assert_int_equal(core.heard.stream[1].grpc_status, 0);
    assert_int_equal(core.closed, 2);
    bytes_free(&b);
    core_down(&core);
}

static void test_stream_ends_inside_a_message(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Stream", false);
    put_frame(&b, DATA, END_STREAM, 1, "\0\0\0\0\5ab", 7);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[1].grpc_status, RPC_INTERNAL);
    assert_int_equal(core.half_closed, 0);
    bytes_free(&b);
    core_down(&core);
}

// ---- cancellation and memory ----

static void test_cancelled_call_stays_while_held(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Hold", false);
    put_message(&b, 1, "keep me", 7, true);
    put_frame(&b, RST_STREAM, 0, 1, "\0\0\0\10", 4);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.closed, 1);
    assert_int_equal(core.n_held, 1);
    assert_false(core.held[0]->in_session);
    assert_memory_equal(core.held[0]->in.body.data, "keep me", 7);
    assert_int_equal(rpc_h2_send(core.held[0], NULL, 0), ERR_CLOSED);
    rpc_h2_finish(core.held[0], 0, NULL); // harmless
    assert_int_equal(core.h2->in_bytes, 7);
    core_release(&core);
    assert_int_equal(core.h2->in_bytes, 0);
    bytes_free(&b);
    core_down(&core);
}

static void test_held_call_outlives_the_connection(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Hold", false);
    put_message(&b, 1, "keep me", 7, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    rpc_h2_free(core.h2);
    assert_int_equal(core.closed, 1);
    assert_memory_equal(core.held[0]->in.body.data, "keep me", 7);
    core_release(&core);
    core.h2 = NULL;
    bytes_free(&b);
    core_down(&core);
}

// Cancelled but unanswered calls are bounded: open, cancel, open, cancel ...
static void test_held_calls_are_bounded(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core.config.max_streams = 4;
    core_open(&core);
    put_greeting(&b);
    for (uint32_t id = 1; id < 40; id += 2) {
        put_request(&b, id, "/t.T/Hold", false);
        put_message(&b, id, "x", 1, true);
        put_frame(&b, RST_STREAM, 0, id, "\0\0\0\10", 4);
        assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    }
    assert_int_equal(core.n_held, 8);
    assert_int_equal(core.h2->refused_streams, 12);
    core_release(&core);
    put_request(&b, 41, "/t.T/Echo", false);
    put_message(&b, 41, "x", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[41].grpc_status, 0);
    bytes_free(&b);
    core_down(&core);
}

// Many half-sent requests: the one that exceeds what we buffer for a connection is refused.
static void test_buffered_input_is_bounded(void **state)
{
    struct core core;
    struct bytes b = {0};
    uint8_t chunk[16384] = {0, 0, 1, 0x86, 0xa0}; // announces 100000
    int refused = 0;
    core_up(&core);
    core.config.max_buffered = 100000;
    core_open(&core);
    put_greeting(&b);
    for (uint32_t id = 1; id < 21; id += 2) {
        put_request(&b, id, "/t.T/Echo", false);
        put_frame(&b, DATA, 0, id, chunk, sizeof(chunk));
    }
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    for (uint32_t id = 1; id < 21; id += 2)
        refused += core.heard.stream[id].grpc_status == RPC_RESOURCE_EXHAUSTED;
    assert_true(refused >= 3 && refused < 10);
    assert_true(core.h2->in_bytes <= 100000 + sizeof(chunk));
    bytes_free(&b);
    core_down(&core);
}

// Answers that the client's window does not let out are bounded too.
static void test_buffered_output_is_bounded(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core.config.max_buffered = 200000;
    core_open(&core);
    bytes_add(&b, PREFACE, PREFACE_LEN);
    put_frame(&b, SETTINGS, 0, 0, "\0\4\0\0\0\0", 6); // INITIAL_WINDOW_SIZE 0
    for (uint32_t id = 1; id < 16; id += 2) {
        put_request(&b, id, "/t.T/Big", false);
        put_message(&b, id, "x", 1, true);
    }
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[1].grpc_status, -1); // waits
    assert_int_equal(core.heard.stream[15].grpc_status, RPC_RESOURCE_EXHAUSTED);
    assert_true(core.h2->out_bytes <= 200000);
    // the window opens: the first answer arrives whole
    put_frame(&b, WINDOW_UPDATE, 0, 1, "\0\1\0\5", 4);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    put_frame(&b, WINDOW_UPDATE, 0, 0, "\0\1\0\5", 4);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[1].body_len, 65541);
    assert_int_equal(core.heard.stream[1].grpc_status, 0);
    bytes_free(&b);
    core_down(&core);
}

static void test_shutdown_notice_then_goaway(void **state)
{
    struct core core;
    struct bytes b = {0};
    core_up(&core);
    core_open(&core);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Hold", false);
    put_message(&b, 1, "x", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    rpc_h2_shutdown_notice(core.h2);
    core_collect(&core);
    assert_int_equal(core.heard.goaways, 1);
    assert_int_equal(core.heard.goaway_last, 0x7fffffff);
    put_request(&b, 3, "/t.T/Echo", false); // was under way when the notice left
    put_message(&b, 3, "y", 1, true);
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[3].grpc_status, 0);
    rpc_h2_goaway(core.h2);
    core_collect(&core);
    assert_int_equal(core.heard.goaway_last, 3);
    put_request(&b, 5, "/t.T/Echo", true); // too late: ignored
    assert_int_equal(core_feed_bytes(&core, &b), ERR_OK);
    assert_int_equal(core.heard.stream[5].headers, 0);
    assert_false(rpc_h2_done(core.h2)); // stream 1 is in flight
    rpc_h2_send(core.held[0], (const uint8_t *)"z", 1);
    rpc_h2_finish(core.held[0], 0, NULL);
    core_collect(&core);
    assert_int_equal(core.heard.stream[1].grpc_status, 0);
    assert_true(rpc_h2_done(core.h2));
    bytes_free(&b);
    core_down(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_any_pieces),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_missing_path_is_a_stream_error),
        cmocka_unit_test(test_authority_from_host_and_timeout),
        cmocka_unit_test(test_early_answer_resets_with_no_error),
        cmocka_unit_test(test_header_list_too_large),
        cmocka_unit_test(test_bidirectional_stream),
        cmocka_unit_test(test_stream_ends_inside_a_message),
        cmocka_unit_test(test_cancelled_call_stays_while_held),
        cmocka_unit_test(test_held_call_outlives_the_connection),
        cmocka_unit_test(test_held_calls_are_bounded),
        cmocka_unit_test(test_buffered_input_is_bounded),
        cmocka_unit_test(test_buffered_output_is_bounded),
        cmocka_unit_test(test_shutdown_notice_then_goaway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
