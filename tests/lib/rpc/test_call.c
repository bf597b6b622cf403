// SPDX-License-Identifier: BSD-3-Clause
// Unary calls and streams from our client to our server over the wire: answers, statuses,
// deadlines, cancellation, sizes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rig.h"
#include "rpc/metrics.h"

// ---- a server whose handler does what the test says ----

struct app {
    struct rig rig;
    struct rpc_channel *channel;
    struct rpc_call *call; // the last one, not yet answered
    int n_calls, n_cancels;
    char gateway[64], authority[64], path[64], metadata[64];
    int64_t deadline_left_ms;
};

static void on_cancel(struct rpc_call *call, void *arg)
{
    struct app *app = arg;
    assert_ptr_equal(call, app->call);
    assert_true(rpc_call_cancelled(call));
    app->n_cancels++;
}

static void keep(struct rpc_call *call, void *ctx)
{
    struct app *app = ctx;
    const char *metadata = rpc_call_metadata(call, "x-test");
    app->n_calls++;
    app->call = call;
    snprintf(app->gateway, sizeof(app->gateway), "%s", rpc_call_gateway(call));
    snprintf(app->authority, sizeof(app->authority), "%s", rpc_call_authority(call));
    snprintf(app->path, sizeof(app->path), "%s", rpc_call_path(call));
    snprintf(app->metadata, sizeof(app->metadata), "%s", metadata ? metadata : "");
    app->deadline_left_ms = base_ms_until(rpc_call_deadline_ns(call));
    assert_ptr_equal(rpc_call_loop(call), app->rig.loop);
    assert_memory_equal(rpc_call_remote(call), "127.0.0.1:", 10);
    assert_null(rpc_call_metadata(call, "x-absent"));
    rpc_call_on_cancel(call, on_cancel, app);
}

static void app_up(struct app *app, const struct rpc_limits *limits)
{
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    struct rpc_method methods[] = {
        {.path = "/t.T/Keep", .unary = keep, .ctx = app},
        {.path = "/t.T/Echo", .unary = rig_echo_handler},
    };
    memset(app, 0, sizeof(*app));
    if (limits)
        config.limits = *limits;
    rig_loop(&app->rig);
    rig_server(&app->rig, &config);
    rig_add(&app->rig, &methods[0]);
    rig_add(&app->rig, &methods[1]);
    rig_start(&app->rig);
    app->channel = rig_channel(&app->rig, &(struct rpc_channel_config){.authority = "csfb-test"});
}

static void app_down(struct app *app)
{
    rpc_channel_free(app->channel);
    rig_free(&app->rig);
}

static uint64_t count(const char *path, const char *status)
{
    return metric_read(METRIC_CELL(&rpc_m_requests, path, status));
}

// ---- tests ----

static void test_echo(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, NULL);
    rig_ask(&app.rig, app.channel, "/t.T/Echo", "hello", &answer);
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(answer.len, 5);
    assert_memory_equal(answer.payload, "hello", 5);
    rig_ask(&app.rig, app.channel, "/t.T/Echo", "", &answer); // an empty message is a message
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(answer.len, 0);
    app_down(&app);
}

static void test_unknown_path_is_unimplemented(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, NULL);
    uint64_t before = count("unknown", "UNIMPLEMENTED");
    rig_ask(&app.rig, app.channel, "/t.T/Nothing", "x", &answer);
    assert_int_equal(answer.status, RPC_UNIMPLEMENTED);
    assert_int_equal(count("unknown", "UNIMPLEMENTED"), before + 1);
    rig_ask(&app.rig, app.channel, "/t.T/Echo", "x", &answer); // the connection lives on
    assert_int_equal(answer.status, RPC_OK);
    app_down(&app);
}

static void test_what_a_handler_sees(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, NULL);
    rig_call(app.channel, "/t.T/Keep", "request", 7, 60000, &answer);
    assert_true(rig_until_n(&app.rig, &app.n_calls, 1));
    assert_string_equal(app.gateway, "");
    assert_string_equal(app.authority, "csfb-test");
    assert_string_equal(app.path, "/t.T/Keep");
    assert_true(app.deadline_left_ms > 20000 && app.deadline_left_ms <= 60000);
    size_t len;
    assert_memory_equal(rpc_call_request(app.call, &len), "request", 7);
    assert_int_equal(len, 7);
    rpc_call_reply(app.call, RPC_OK, NULL, (const uint8_t *)"answer", 6);
    assert_true(rig_until_n(&app.rig, &answer.n, 1));
    assert_memory_equal(answer.payload, "answer", 6);
    app_down(&app);
}

static void note_status(void *ctx, const struct rpc_result *result)
{
    *(int *)ctx = result->status + 100;
}

static void test_metadata(void **state)
{
    struct app app;
    int status = 0;
    const struct rpc_metadata metadata[] = {{"x-other", "1"}, {"x-test", "a value"}};
    app_up(&app, NULL);
    assert_int_equal(rpc_unary(app.channel, "/t.T/Keep", NULL, 0, RIG_LONG_MS, metadata, 2,
                               note_status, &status),
                     ERR_OK);
    assert_true(rig_until_n(&app.rig, &app.n_calls, 1));
    assert_string_equal(app.metadata, "a value");
    rpc_call_reply(app.call, RPC_OK, NULL, NULL, 0);
    assert_true(rig_until_n(&app.rig, &status, 100));
    assert_int_equal(status, 100);
    app_down(&app);
}

static void test_statuses_and_messages(void **state)
{
    static const struct {
        int reply;
        const char *message;
        int status;
        const char *seen;
    } rows[] = {
        {RPC_NOT_FOUND, "no such user", RPC_NOT_FOUND, "no such user"},
        {RPC_INTERNAL, NULL, RPC_INTERNAL, ""},
        {RPC_ABORTED, "100% \xc3\xa9\n", RPC_ABORTED, "100% \xc3\xa9?"},
        {5012, "a Diameter code", RPC_UNKNOWN, "a Diameter code"},
        {-3, "", RPC_UNKNOWN, ""},
        {RPC_UNAUTHENTICATED, "x", RPC_UNAUTHENTICATED, "x"},
    };
    struct app app;
    app_up(&app, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig_answer answer;
        rig_call(app.channel, "/t.T/Keep", "x", 1, RIG_LONG_MS, &answer);
        assert_true(rig_until_n(&app.rig, &app.n_calls, (int)i + 1));
        // a payload beside an error status is not sent
        rpc_call_reply(app.call, rows[i].reply, rows[i].message, (const uint8_t *)"y", 1);
        assert_true(rig_until_n(&app.rig, &answer.n, 1));
        assert_int_equal(answer.status, rows[i].status);
        assert_string_equal(answer.message, rows[i].seen);
        assert_int_equal(answer.len, 0);
    }
    app_down(&app);
}

static void test_server_answers_at_the_deadline(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, &(struct rpc_limits){.default_deadline_ms = 60});
    uint64_t late = metric_read(metric_cell(&rpc_m_late, NULL));
    uint64_t before = count("/t.T/Keep", "DEADLINE_EXCEEDED");
    rig_call(app.channel, "/t.T/Keep", "x", 1, 0, &answer); // the client sets none
    assert_true(rig_until_n(&app.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_DEADLINE_EXCEEDED);
    assert_int_equal(app.n_cancels, 1);
    assert_int_equal(count("/t.T/Keep", "DEADLINE_EXCEEDED"), before + 1);
    // the handler's late reply is due, harmless and counted
    rpc_call_reply(app.call, RPC_OK, NULL, (const uint8_t *)"late", 4);
    rig_run(&app.rig, 20);
    assert_int_equal(answer.n, 1);
    assert_int_equal(metric_read(metric_cell(&rpc_m_late, NULL)), late + 1);
    app_down(&app);
}

static void test_client_deadline_cancels_at_the_server(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, NULL);
    rig_ask(&app.rig, app.channel, "/t.T/Echo", "", &answer); // connecting is not timed
    rig_call(app.channel, "/t.T/Keep", "x", 1, 500, &answer);
    assert_true(rig_until_n(&app.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_DEADLINE_EXCEEDED);
    assert_true(rig_until_n(&app.rig, &app.n_cancels, 1));
    assert_true(rpc_call_cancelled(app.call));
    rpc_call_reply(app.call, RPC_OK, NULL, NULL, 0);
    app_down(&app);
}

static void test_lost_connection_cancels(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, NULL);
    rig_call(app.channel, "/t.T/Keep", "x", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&app.rig, &app.n_calls, 1));
    rpc_channel_free(app.channel);
    assert_int_equal(answer.n, 1);
    assert_int_equal(answer.status, RPC_CANCELLED);
    assert_true(rig_until_n(&app.rig, &app.n_cancels, 1));
    // all that the call shows is still there
    size_t len;
    assert_memory_equal(rpc_call_request(app.call, &len), "x", 1);
    assert_string_equal(rpc_call_path(app.call), "/t.T/Keep");
    rpc_call_reply(app.call, RPC_OK, NULL, NULL, 0);
    rig_free(&app.rig);
}

static void test_reply_after_the_server_is_gone(void **state)
{
    struct app app;
    struct rig_answer answer;
    app_up(&app, NULL);
    rig_call(app.channel, "/t.T/Keep", "x", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&app.rig, &app.n_calls, 1));
    rpc_server_free(app.rig.server);
    assert_int_equal(app.n_cancels, 1);
    rpc_call_reply(app.call, RPC_OK, NULL, NULL, 0);
    rpc_channel_free(app.channel);
    assert_int_equal(answer.n, 1);
    base_loop_free(app.rig.loop);
}

static void test_large_messages(void **state)
{
    struct app app;
    struct rig_answer answer;
    static const size_t sizes[] = {16383, 16384, 65536, 1000000, 4u << 20};
    uint8_t *message = malloc(4u << 20);
    assert_non_null(message);
    memset(message, 'm', 4u << 20);
    app_up(&app, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        rig_call(app.channel, "/t.T/Echo", message, sizes[i], RIG_LONG_MS, &answer);
        assert_true(rig_until_n(&app.rig, &answer.n, 1));
        assert_int_equal(answer.status, RPC_OK);
        assert_int_equal(answer.len, sizes[i]);
    }
    free(message);
    app_down(&app);
}

static void test_request_too_large(void **state)
{
    struct app app;
    struct rig_answer answer;
    static const uint8_t message[1001];
    app_up(&app, &(struct rpc_limits){.max_message = 1000});
    uint64_t before = count("/t.T/Echo", "RESOURCE_EXHAUSTED");
    rig_call(app.channel, "/t.T/Echo", message, 1001, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&app.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_RESOURCE_EXHAUSTED);
    rig_call(app.channel, "/t.T/Echo", message, 1000, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&app.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(count("/t.T/Echo", "RESOURCE_EXHAUSTED"), before + 1);
    app_down(&app);
}

static void test_answer_too_large_for_the_client(void **state)
{
    struct app app;
    struct rig_answer answer;
    static const uint8_t big[1001];
    app_up(&app, NULL);
    struct rpc_channel *small =
        rig_channel(&app.rig, &(struct rpc_channel_config){.max_message = 1000});
    rig_call(small, "/t.T/Keep", "x", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&app.rig, &app.n_calls, 1));
    rpc_call_reply(app.call, RPC_OK, NULL, big, sizeof(big));
    assert_true(rig_until_n(&app.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_RESOURCE_EXHAUSTED);
    rpc_channel_free(small);
    app_down(&app);
}

// More calls at once than streams are allowed: the rest waits its turn in the client.
static void test_more_calls_than_streams(void **state)
{
    enum { N = 500 };
    static struct rig_answer answers[N];
    struct app app;
    app_up(&app, &(struct rpc_limits){.max_streams = 10});
    for (int i = 0; i < N; i++)
        rig_call(app.channel, "/t.T/Echo", &i, sizeof(i), RIG_LONG_MS, &answers[i]);
    for (int i = 0; i < N; i++) {
        assert_true(rig_until_n(&app.rig, &answers[i].n, 1));
        assert_int_equal(answers[i].status, RPC_OK);
        assert_memory_equal(answers[i].payload, &i, sizeof(i));
    }
    app_down(&app);
}

static void test_registration_rules(void **state)
{
    struct app app;
    app_up(&app, NULL);
    struct rpc_method method = {.path = "/t.T/Late", .unary = keep};
    assert_int_equal(rpc_server_add(app.rig.server, &method), ERR_WRONG_STATE);
    app_down(&app);

    struct rpc_server_config config = {0};
    rig_loop(&app.rig);
    rig_server(&app.rig, &config);
    assert_int_equal(rpc_server_add(app.rig.server, &method), ERR_OK);
    assert_int_equal(rpc_server_add(app.rig.server, &method), ERR_EXISTS);
    method.path = "no slash";
    assert_int_equal(rpc_server_add(app.rig.server, &method), ERR_INVALID);
    method = (struct rpc_method){.path = "/neither"};
    assert_int_equal(rpc_server_add(app.rig.server, &method), ERR_INVALID);
    rig_free(&app.rig);
}

// ---- streams ----

struct chat {
    struct rig rig;
    struct rpc_stream *server;
    struct rpc_client_stream *client;
    int opened, server_messages, server_half_closed, server_closed;
    int client_messages, client_closed, status;
    char last[32];
    enum err refuse;
};

static enum err chat_open(struct rpc_stream *stream, void *ctx, void **user)
{
    struct chat *chat = ctx;
    *user = chat;
    chat->server = stream;
    chat->opened++;
    return chat->refuse;
}

static void chat_message(struct rpc_stream *stream, void *user, const uint8_t *data, size_t len)
{
    struct chat *chat = user;
    chat->server_messages++;
    assert_int_equal(rpc_stream_send(stream, data, len), ERR_OK);
}

static void chat_half_closed(struct rpc_stream *stream, void *user)
{
    ((struct chat *)user)->server_half_closed++;
    rpc_stream_end(stream, RPC_OK, NULL);
}

static void chat_closed(struct rpc_stream *stream, void *user)
{
    struct chat *chat = user;
    chat->server_closed++;
    chat->server = NULL;
}

static void client_message(struct rpc_client_stream *stream, void *ctx, const uint8_t *data,
                           size_t len)
{
    struct chat *chat = ctx;
    chat->client_messages++;
    snprintf(chat->last, sizeof(chat->last), "%.*s", (int)len, (const char *)data);
}

static void client_closed(struct rpc_client_stream *stream, void *ctx, int status,
                          const char *message)
{
    struct chat *chat = ctx;
    chat->client_closed++;
    chat->status = status;
    chat->client = NULL;
}

static struct rpc_channel *chat_up(struct chat *chat)
{
    static const struct rpc_stream_ops ops = {.open = chat_open, .message = chat_message,
                                              .half_closed = chat_half_closed,
                                              .closed = chat_closed};
    static const struct rpc_client_stream_ops client_ops = {.message = client_message,
                                                            .closed = client_closed};
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    struct rpc_method method = {.path = "/t.T/Chat", .stream = &ops, .ctx = chat};
    enum err refuse = chat->refuse;
    memset(chat, 0, sizeof(*chat));
    chat->refuse = refuse;
    rig_loop(&chat->rig);
    rig_server(&chat->rig, &config);
    rig_add(&chat->rig, &method);
    rig_start(&chat->rig);
    struct rpc_channel *channel = rig_channel(&chat->rig, NULL);
    assert_int_equal(rpc_client_stream_open(channel, "/t.T/Chat", &client_ops, chat,
                                            &chat->client),
                     ERR_OK);
    return channel;
}

static void test_stream_both_ways(void **state)
{
    struct chat chat = {0};
    struct rpc_channel *channel = chat_up(&chat);
    // before the connection is there
    assert_int_equal(rpc_client_stream_send(chat.client, (const uint8_t *)"one", 3), ERR_OK);
    assert_int_equal(rpc_client_stream_send(chat.client, (const uint8_t *)"two", 3), ERR_OK);
    assert_true(rig_until_n(&chat.rig, &chat.client_messages, 2));
    assert_string_equal(chat.last, "two");
    assert_int_equal(rpc_stream_send(chat.server, (const uint8_t *)"push", 4), ERR_OK);
    assert_true(rig_until_n(&chat.rig, &chat.client_messages, 3));
    assert_string_equal(chat.last, "push");
    rpc_client_stream_end(chat.client);
    assert_int_equal(rpc_client_stream_send(chat.client, NULL, 0), ERR_CLOSED);
    assert_true(rig_until_n(&chat.rig, &chat.client_closed, 1));
    assert_int_equal(chat.status, RPC_OK);
    assert_int_equal(chat.server_half_closed, 1);
    assert_true(rig_until_n(&chat.rig, &chat.server_closed, 1));
    rpc_channel_free(channel);
    rig_free(&chat.rig);
}

static void test_stream_refused(void **state)
{
    struct chat chat = {.refuse = ERR_FULL};
    struct rpc_channel *channel = chat_up(&chat);
    assert_true(rig_until_n(&chat.rig, &chat.client_closed, 1));
    assert_int_equal(chat.status, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(chat.server_closed, 0); // it was never accepted
    rpc_channel_free(channel);
    rig_free(&chat.rig);
}

static void test_server_ends_stream(void **state)
{
    struct chat chat = {0};
    struct rpc_channel *channel = chat_up(&chat);
    assert_true(rig_until_n(&chat.rig, &chat.opened, 1));
    rpc_stream_end(chat.server, RPC_ABORTED, "replaced");
    rpc_stream_end(chat.server, RPC_OK, "twice does nothing");
    assert_int_equal(rpc_stream_send(chat.server, NULL, 0), ERR_CLOSED);
    assert_true(rig_until_n(&chat.rig, &chat.client_closed, 1));
    assert_int_equal(chat.status, RPC_ABORTED);
    assert_true(rig_until_n(&chat.rig, &chat.server_closed, 1));
    rpc_channel_free(channel);
    rig_free(&chat.rig);
}

static void test_client_cancels_stream(void **state)
{
    struct chat chat = {0};
    struct rpc_channel *channel = chat_up(&chat);
    assert_true(rig_until_n(&chat.rig, &chat.opened, 1));
    rpc_client_stream_cancel(chat.client);
    assert_true(rig_until_n(&chat.rig, &chat.client_closed, 1));
    assert_int_equal(chat.status, RPC_CANCELLED);
    assert_true(rig_until_n(&chat.rig, &chat.server_closed, 1));
    rpc_channel_free(channel);
    rig_free(&chat.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_unknown_path_is_unimplemented),
        cmocka_unit_test(test_what_a_handler_sees),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_statuses_and_messages),
        cmocka_unit_test(test_server_answers_at_the_deadline),
        cmocka_unit_test(test_client_deadline_cancels_at_the_server),
        cmocka_unit_test(test_lost_connection_cancels),
        cmocka_unit_test(test_reply_after_the_server_is_gone),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_request_too_large),
        cmocka_unit_test(test_answer_too_large_for_the_client),
        cmocka_unit_test(test_more_calls_than_streams),
        cmocka_unit_test(test_registration_rules),
        cmocka_unit_test(test_stream_both_ways),
        cmocka_unit_test(test_stream_refused),
        cmocka_unit_test(test_server_ends_stream),
        cmocka_unit_test(test_client_cancels_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
