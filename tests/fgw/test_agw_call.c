// SPDX-License-Identifier: BSD-3-Clause
// Calls to gateways: what did not arrive is tried again within the deadline, what may have arrived
// never; the end is told exactly once. The tunnel is played by this file.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fgw/agw_call.h"
#include "fgw/snapshot.h"

enum { TRIES = 4, PAUSE_MS = 20 };

// What the tunnel does with the n-th try: refuse it, or answer it in the next turn.
struct step {
    enum err refuse;
    struct rpc_tunnel_result answer;
};

static struct {
    struct base_loop *loop;
    const struct step *steps; // the last one repeats
    size_t n_steps, tries;
    rpc_tunnel_done done;
    void *ctx;
    struct base_timer timer;
    bool seen_right;
    int64_t timeouts_ms[8];
    // what the caller was told
    int ends;
    struct rpc_tunnel_result end;
    bool inside;
} play;

static void answer(struct base_timer *timer)
{
    size_t i = play.tries - 1 < play.n_steps ? play.tries - 1 : play.n_steps - 1;
    play.done(play.ctx, &play.steps[i].answer);
}

enum err rpc_tunnel_send(struct rpc_tunnel *tunnel, struct base_loop *loop,
                         const struct rpc_tunnel_call *call, rpc_tunnel_done done, void *ctx)
{
    size_t i = play.tries < play.n_steps ? play.tries : play.n_steps - 1;
    if (play.tries < 8)
        play.timeouts_ms[play.tries] = call->timeout_ms;
    play.tries++;
    play.seen_right = loop == play.loop && strcmp(call->gateway, "agw1") == 0 &&
                      strcmp(call->service, "s6a_async_service") == 0 &&
                      strcmp(call->path, "/p/m") == 0 && call->len == 5 &&
                      memcmp(call->message, "hello", 5) == 0;
    if (play.steps[i].refuse)
        return play.steps[i].refuse;
    play.done = done;
    play.ctx = ctx;
    base_timer_start(&play.timer, 1);
    return ERR_OK;
}

static void told(void *ctx, const struct rpc_tunnel_result *result)
{
    assert_false(play.inside);
    play.ends++;
    play.end = *result;
    base_loop_stop(play.loop);
}

static void call_and_run(const struct step *steps, size_t n, int64_t timeout_ms)
{
    char gateway[] = "agw1", message[] = "hello"; // the caller's memory may vanish
    memset(&play, 0, sizeof(play));
    assert_int_equal(base_loop_new("test", 100, &play.loop), ERR_OK);
    base_timer_init(&play.timer, play.loop, answer);
    play.steps = steps;
    play.n_steps = n;
    const struct rpc_tunnel_call call = {.gateway = gateway,
                                         .service = "s6a_async_service",
                                         .path = "/p/m",
                                         .message = (const uint8_t *)message,
                                         .len = 5,
                                         .timeout_ms = timeout_ms};
    play.inside = true;
    assert_int_equal(fgw_agw_call(play.loop, &call, told, NULL), ERR_OK);
    play.inside = false;
    memset(gateway, 'x', 4);
    memset(message, 'x', 5);
    assert_int_equal(base_loop_run(play.loop), ERR_OK);
    base_loop_free(play.loop);
    assert_int_equal(play.ends, 1);
    assert_true(play.tries == 0 || play.seen_right);
}

static int configured(void **state)
{
    struct fgw_snapshot *snapshot;
    char text[300];
    snprintf(text, sizeof(text),
             "agw = { listen = ( { address = \"127.0.0.1\"; cleartext = true; } );"
             " calls = { tries = %d; pause = %d; }; };",
             TRIES, PAUSE_MS);
    enum err err = fgw_snapshot_parse("test", text, &snapshot);
    fgw_snapshot_install(snapshot);
    fgw_agw_call_use((struct rpc_tunnel *)&play); // never looked into
    return err;
}

static int unconfigured(void **state)
{
    fgw_agw_call_use(NULL);
    fgw_snapshot_install(NULL);
    return 0;
}

static void ends_and_tries(void **state)
{
    const struct {
        const char *name;
        struct step steps[2];
        enum err err;
        int status;
        size_t tries;
    } rows[] = {
        {"answered", {{0, {.err = ERR_OK}}}, ERR_OK, 0, 1},
        {"answered with an error", {{0, {.err = ERR_OK, .status = RPC_INTERNAL}}}, ERR_OK,
         RPC_INTERNAL, 1},
        {"refused, then answered", {{ERR_RPC_UNREACHABLE, {0}}, {0, {.err = ERR_OK}}}, ERR_OK, 0,
         2},
        {"not connected, then answered",
         {{0, {.err = ERR_RPC_UNREACHABLE}}, {0, {.err = ERR_OK}}}, ERR_OK, 0, 2},
        {"service restarts, then answered",
         {{0, {.err = ERR_OK, .status = RPC_UNAVAILABLE}}, {0, {.err = ERR_OK}}}, ERR_OK, 0, 2},
        {"id in use, then answered", {{ERR_AGAIN, {0}}, {0, {.err = ERR_OK}}}, ERR_OK, 0, 2},
        {"always full", {{ERR_FULL, {0}}, {ERR_FULL, {0}}}, ERR_FULL, 0, TRIES},
        {"always unreachable", {{0, {.err = ERR_RPC_UNREACHABLE}},
         {0, {.err = ERR_RPC_UNREACHABLE}}}, ERR_RPC_UNREACHABLE, 0, TRIES},
        {"stream lost with the call in it", {{0, {.err = ERR_CLOSED}}}, ERR_CLOSED, 0, 1},
        {"no answer", {{0, {.err = ERR_TIMEOUT}}}, ERR_TIMEOUT, 0, 1},
        {"too large", {{ERR_RPC_TOO_LARGE, {0}}}, ERR_RPC_TOO_LARGE, 0, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = rows[i].tries > 1 ? 2 : 1;
        call_and_run(rows[i].steps, n, 10000);
        if (play.tries != rows[i].tries || play.end.err != rows[i].err)
            print_message("%s: %zu tries, %s\n", rows[i].name, play.tries,
                          err_str(play.end.err));
        assert_int_equal(play.tries, rows[i].tries);
        assert_int_equal(play.end.err, rows[i].err);
        assert_int_equal(play.end.status, rows[i].status);
    }
}

static void no_try_begins_after_the_deadline(void **state)
{
    const struct step never = {ERR_RPC_UNREACHABLE, {0}};
    call_and_run(&never, 1, 3 * PAUSE_MS); // pauses of 20 and 40 ms: the second does not fit
    if (play.tries == 1) { // the first pause was longer than asked for, and the deadline over
        assert_int_equal(play.end.err, ERR_TIMEOUT);
        return;
    }
    assert_int_equal(play.end.err, ERR_RPC_UNREACHABLE);
    assert_int_equal(play.tries, 2);
    assert_true(play.timeouts_ms[1] <= 2 * PAUSE_MS); // only what is left
}

static void without_a_tunnel_the_gateway_is_unreachable(void **state)
{
    const struct step none = {0, {.err = ERR_OK}};
    fgw_agw_call_use(NULL);
    call_and_run(&none, 1, 100);
    assert_int_equal(play.tries, 0);
    assert_int_equal(play.end.err, ERR_RPC_UNREACHABLE);
}

static void a_drain_ends_what_waits_for_a_try(void **state)
{
    const struct step never = {ERR_RPC_UNREACHABLE, {0}};
    struct base_loop *loop;
    memset(&play, 0, sizeof(play));
    assert_int_equal(base_loop_new("test", 100, &loop), ERR_OK);
    play.loop = loop;
    play.steps = &never;
    play.n_steps = 1;
    const struct rpc_tunnel_call call = {.gateway = "agw1", .service = "s", .path = "/p",
                                         .timeout_ms = 60000};
    assert_int_equal(fgw_agw_call(loop, &call, told, NULL), ERR_OK);
    fgw_agw_call_drain(&loop, 1);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(play.ends, 1);
    assert_true(play.end.err == ERR_SHUTDOWN || play.end.err == ERR_RPC_UNREACHABLE);
    base_loop_free(loop);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, configured, unconfigured)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ends_and_tries),
        CASE(no_try_begins_after_the_deadline),
        CASE(without_a_tunnel_the_gateway_is_unreachable),
        CASE(a_drain_ends_what_waits_for_a_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
