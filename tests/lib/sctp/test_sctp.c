// SPDX-License-Identifier: BSD-3-Clause
// SCTP between two endpoints of this process, the same cases for both backends. Argument: kernel
// (run it where the kernel has SCTP: tests/sctp) or user (over UDP).
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "sctp/sctp_guard.h"
#include "stage.h"

// --- cases ---

static void an_association_comes_up_on_both_ends(void **state)
{
    struct sct_path paths[4];
    uint16_t out, in;
    struct sct_addrs local;
    a_pair();
    assert_int_equal(sct_assoc_state(client.assoc), SCT_UP);
    sct_assoc_streams(client.assoc, &out, &in);
    assert_int_equal(out, 16);
    assert_int_equal(in, 16);
    assert_string_equal(sct_assoc_peer(client.assoc), "127.0.0.1:29118");
    assert_true(sct_assoc_paths(client.assoc, paths, 4) >= 1);
    assert_true(paths[0].up && paths[0].primary);
    assert_int_equal(sct_assoc_local(server.assoc, &local), ERR_OK);
    assert_int_equal(sct_addr_port(&local.at[0]), PORT);
    assert_int_equal(sct_stack_backend(stack), backend);
}

static void a_message_arrives_with_stream_and_ppid(void **state)
{
    a_pair();
    assert_int_equal(say(&client, 3, "hello"), ERR_OK);
    server_gets(1);
    assert_int_equal(server.last_len, 5);
    assert_memory_equal(server.last, "hello", 5);
    assert_int_equal(server.last_stream, 3);
    assert_int_equal(server.last_ppid, 46);
    assert_false(server.last_unordered);

    const struct sct_message m = {.data = (const uint8_t *)"x", .len = 1, .unordered = true,
                                  .lifetime = 1000};
    assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
    server_gets(2);
    assert_true(server.last_unordered);
    assert_int_equal(server.last_ppid, 0);
}

static void what_cannot_be_sent_is_refused(void **state)
{
    static const uint8_t data[100000];
    struct sct_message m = {.data = data, .len = sizeof(data)};
    a_pair();
    assert_int_equal(sct_send(client.assoc, &m), ERR_RANGE); // longer than message_max
    m.len = 0;
    assert_int_equal(sct_send(client.assoc, &m), ERR_RANGE);
    assert_int_equal(say(&client, 16, "no such stream"), ERR_RANGE);
}

static void nobody_listens(void **state)
{
    struct sct_options o = quick();
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_int_equal(say(&client, 0, "too early"), ERR_CLOSED);
    assert_true(world_run(loop, client_down, NULL, SOON));
    assert_int_equal(client.why, SCT_DOWN_REFUSED);
    assert_int_equal(client.ups, 0);
    assert_int_equal(say(&client, 0, "too late"), ERR_CLOSED);
}

static void nobody_is_there(void **state)
{
    static const char *const nowhere[] = {"192.0.2.77"};
    struct sct_options o = hasty();
    struct sct_addrs to;
    assert_int_equal(sct_addrs_parse(nowhere, 1, PORT, &to), ERR_OK);
    enum err err = sct_connect(stack, &o, NULL, &to, &handler, &client, &client.assoc);
    if (err) { // no route: some stacks know at once
        assert_true(err_is_retryable(err) || err == ERR_NOT_FOUND);
        return;
    }
    assert_true(world_run(loop, client_down, NULL, SOON));
    assert_int_equal(client.why, SCT_DOWN_UNREACHABLE);
}

static void an_association_is_closed_in_order(void **state)
{
    a_pair();
    for (int i = 0; i < 100; i++)
        assert_int_equal(say(&client, 0, "last words"), ERR_OK);
    sct_close(client.assoc);
    assert_int_equal(say(&client, 0, "after"), ERR_CLOSED);
    assert_true(world_run(loop, both_down, NULL, SOON));
    assert_int_equal(server.messages, 100);
    assert_int_equal(client.why, SCT_DOWN_SHUTDOWN);
    assert_int_equal(server.why, SCT_DOWN_SHUTDOWN);
    assert_int_equal(client.downs + server.downs, 2);
}

static bool server_down(void *arg)
{
    return server.downs > 0;
}

static void freeing_closes_in_order_and_aborting_aborts(void **state)
{
    a_pair();
    sct_free(client.assoc);
    client.assoc = NULL;
    assert_true(world_run(loop, server_down, NULL, SOON));
    assert_int_equal(server.why, SCT_DOWN_SHUTDOWN);
    assert_int_equal(client.downs, 0);

    struct sct_options o = quick();
    sct_free(server.assoc);
    server = (struct end){0};
    client = (struct end){0};
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
    sct_abort(client.assoc);
    client.assoc = NULL;
    assert_true(world_run(loop, server_down, NULL, SOON));
    assert_int_equal(server.why, SCT_DOWN_ABORTED);
}

// Without running the loop.
static void say_until_closed(void)
{
    int64_t end = base_now_ns() + SOON * BASE_MS_NS;
    enum err err;
    while ((err = say(&client, 0, "too late")) == ERR_OK && base_now_ns() < end)
        usleep(20000);
    assert_int_equal(err, ERR_CLOSED);
}

// The end is known to the transport, not yet to us: whoever sends just then learns no more than
// that it is closed, and the reason is not lost.
static void sending_between_the_end_and_its_report(void **state)
{
    a_pair();
    sct_abort(server.assoc);
    server.assoc = NULL;
    say_until_closed();
    assert_int_equal(say(&client, 0, "still too late"), ERR_CLOSED);
    assert_true(world_run(loop, client_down, NULL, SOON));
    assert_int_equal(client.why, SCT_DOWN_ABORTED);
}

static void closing_before_it_is_up_is_reported(void **state)
{
    struct sct_options o = quick();
    connect_to(NULL, 0, any_v4, 1, &o);
    sct_close(client.assoc);
    assert_int_equal(client.downs, 0);
    assert_true(world_run(loop, client_down, NULL, SOON));
    assert_int_equal(client.why, SCT_DOWN_SHUTDOWN);
}

static bool client_gone(void *arg)
{
    return client.assoc == NULL;
}

static void an_association_may_be_freed_in_every_callback(void **state)
{
    static const char where[] = "umd";
    struct sct_options o = quick();
    listen_on(any_v4, 1, &o);
    for (size_t i = 0; where[i]; i++) {
        client = (struct end){.free_in = where[i]};
        server = (struct end){.echo = true};
        connect_to(NULL, 0, any_v4, 1, &o);
        if (where[i] != 'u') {
            assert_true(world_run(loop, both_up, NULL, SOON));
            assert_int_equal(say(&client, 0, "echo"), ERR_OK);
        }
        if (where[i] == 'd')
            sct_close(client.assoc);
        assert_true(world_run(loop, client_gone, NULL, SOON));
        assert_true(world_run(loop, server_down, NULL, SOON));
        sct_free(server.assoc);
        server.assoc = NULL;
    }
}

static void the_accepting_end_may_free_at_once(void **state)
{
    struct sct_options o = quick();
    server.free_in = 'u';
    listen_on(any_v4, 1, &o);
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, client_down, NULL, SOON));
    assert_int_equal(server.ups, 1);
    assert_int_equal(server.downs, 0);
}

static void thousands_of_messages_arrive_in_order_per_stream(void **state)
{
    enum { N = 20000, STREAMS = 8 };
    static uint8_t data[3000];
    uint32_t number[STREAMS] = {0};
    int sent = 0;
    size_t bytes = 0;
    struct sct_options o = quick();
    o.queue_max = 4 << 20;
    listen_on(any_v4, 1, &o);
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
    server.numbered = true;
    int64_t began = base_now_ns();
    while (sent < N) {
        uint16_t stream = (uint16_t)(sent % STREAMS);
        struct sct_message m = {.data = data, .len = 4 + (size_t)(sent * 37 % 500),
                                .stream = stream};
        if (sent % 100 == 0)
            m.len = sizeof(data);
        memcpy(data, &number[stream], sizeof(number[stream]));
        enum err err = sct_send(client.assoc, &m);
        if (err == ERR_FULL) {
            int n = sent / 2;
            server_gets(n);
            continue;
        }
        assert_int_equal(err, ERR_OK);
        number[stream]++;
        bytes += m.len;
        sent++;
    }
    server_gets(N);
    int64_t ms = (base_now_ns() - began) / BASE_MS_NS;
    assert_int_equal(server.messages, N);
    assert_int_equal(server.bytes, bytes);
    assert_int_equal(server.disorder, 0);
    print_message("%d messages, %zu octets in %lld ms\n", N, bytes, (long long)ms);
}

static void long_messages_are_put_together(void **state)
{
    enum { LONG = 500000 };
    struct sct_options o = quick();
    uint8_t *data = malloc(LONG);
    assert_non_null(data);
    memset(data, 7, LONG);
    o.message_max = LONG;
    listen_on(any_v4, 1, &o);
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
    struct sct_message m = {.data = data, .len = 65536};
    assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
    m.len = 65537;
    assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
    server_gets(2);
    assert_int_equal(server.last_len, 65537);
    assert_int_equal(server.bytes, 131073);
    free(data);
}

static void a_message_beyond_the_limit_is_dropped_alone(void **state)
{
    static uint8_t data[5000];
    struct sct_options wide = quick(), narrow = quick();
    narrow.message_max = 1000;
    listen_on(any_v4, 1, &narrow);
    connect_to(NULL, 0, any_v4, 1, &wide);
    assert_true(world_run(loop, both_up, NULL, SOON));
    struct sct_message m = {.data = data, .len = sizeof(data)};
    assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
    assert_int_equal(say(&client, 0, "next"), ERR_OK);
    server_gets(1);
    assert_memory_equal(server.last, "next", 4);
    m.len = 1000;
    assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
    server_gets(2);
    assert_int_equal(server.last_len, 1000);
}

static bool writable_again(void *arg)
{
    return client.writable > 0;
}

static void a_full_queue_refuses_and_says_when_it_takes_more(void **state)
{
    static uint8_t data[4000];
    struct sct_options o = quick();
    struct sct_message m = {.data = data, .len = sizeof(data)};
    int accepted = 0;
    enum err err;
    o.queue_max = 100000;
    listen_on(any_v4, 1, &o);
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
    while ((err = sct_send(client.assoc, &m)) == ERR_OK) {
        accepted++;
        assert_true(accepted < 1000000);
    }
    assert_int_equal(err, ERR_FULL);
    assert_in_range(sct_assoc_queued(client.assoc), 90000, 100000);
    assert_true(world_run(loop, writable_again, NULL, SOON));
    assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
    server_gets(accepted + 1);
    assert_int_equal(server.messages, accepted + 1);
    assert_int_equal(sct_assoc_queued(client.assoc), 0);
}

static void what_was_queued_is_reported_when_the_peer_aborts(void **state)
{
    static uint8_t data[4000];
    const struct sct_message m = {.data = data, .len = sizeof(data)};
    struct sct_options o = quick();
    listen_on(any_v4, 1, &o);
    for (int round = 0; round < 50; round++) { // the ABORT meets sending, receiving or neither
        memset(&client, 0, sizeof(client));
        server.ups = 0;
        connect_to(NULL, 0, any_v4, 1, &o);
        assert_true(world_run(loop, both_up, NULL, SOON));
        while (sct_send(client.assoc, &m) == ERR_OK)
            continue;
        sct_abort(server.assoc);
        server.assoc = NULL;
        assert_true(world_run(loop, client_down, NULL, SOON));
        assert_int_equal(client.why, SCT_DOWN_ABORTED);
        assert_true(client.failed > 0);
        sct_free(client.assoc);
        client.assoc = NULL;
    }
}

static void the_threads_of_libusrsctp_take_turns_with_ours(void **state)
{
    assert_true(backend != SCT_USER || sct_guard_works());
}

// Packets of an association are under way while it is closed here: what libusrsctp's threads do
// then must not meet what ours does.
static void both_ends_abort_with_data_under_way(void **state)
{
    static uint8_t data[4000];
    const struct sct_message m = {.data = data, .len = sizeof(data)};
    struct sct_options o = quick();
    listen_on(any_v4, 1, &o);
    for (int round = 0; round < 300; round++) {
        client.ups = server.ups = 0;
        connect_to(NULL, 0, any_v4, 1, &o);
        assert_true(world_run(loop, both_up, NULL, SOON));
        for (int i = 0; i < 20; i++) {
            assert_int_equal(sct_send(client.assoc, &m), ERR_OK);
            assert_int_equal(sct_send(server.assoc, &m), ERR_OK);
        }
        if (round % 3 == 0)
            sched_yield();
        sct_abort(client.assoc);
        sct_abort(server.assoc);
        client.assoc = server.assoc = NULL;
    }
}

static void too_many_associations_are_turned_away(void **state)
{
    struct sct_options o = quick();
    struct end second = {0};
    struct sct_addrs to;
    o.accept_max = 1;
    listen_on(any_v4, 1, &o);
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
    assert_int_equal(sct_addrs_parse(any_v4, 1, PORT, &to), ERR_OK);
    assert_int_equal(sct_connect(stack, &o, NULL, &to, &handler, &second, &second.assoc), ERR_OK);
    assert_true(reaches(&second.downs, 1));
    assert_int_equal(second.downs, 1);
    assert_int_equal(server.downs, 0);
    sct_free(second.assoc);
    assert_int_equal(say(&client, 0, "still here"), ERR_OK);
    server_gets(1);
}

static void an_association_outlives_its_listener(void **state)
{
    a_pair();
    sct_listener_free(listener);
    listener = NULL;
    assert_int_equal(say(&client, 0, "still here"), ERR_OK);
    server_gets(1);
}

static void a_foreign_address_cannot_be_bound(void **state)
{
    static const char *const foreign[] = {"192.0.2.77"};
    struct sct_options o = quick();
    struct sct_addrs addrs, to;
    struct sct_listener *l = NULL;
    assert_int_equal(sct_addrs_parse(foreign, 1, PORT, &addrs), ERR_OK);
    assert_int_equal(sct_listen(stack, &o, &addrs, on_accepted, &server, &l), ERR_NOT_FOUND);
    assert_int_equal(sct_addrs_parse(any_v4, 1, PORT, &to), ERR_OK);
    assert_int_equal(sct_connect(stack, &o, &addrs, &to, &handler, &client, &client.assoc),
                     ERR_NOT_FOUND);
}

static void ipv6_works_too(void **state)
{
    static const char *const v6[] = {"::1"};
    struct sct_options o = quick();
    if (!own_network)
        skip(); // loopback may have no IPv6 here
    listen_on(v6, 1, &o);
    connect_to(NULL, 0, v6, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
    assert_string_equal(sct_assoc_peer(client.assoc), "[::1]:29118");
    assert_int_equal(say(&client, 0, "six"), ERR_OK);
    server_gets(1);
}

// --- several addresses ---

static const char *const client_addrs[] = {WORLD_A1, WORLD_A2};
static const char *const server_addrs[] = {WORLD_B1, WORLD_B2};

static void a_multihomed_pair(int64_t heartbeat, int64_t assoc_max_retrans)
{
    struct sct_options o = hasty();
    o.init_attempts = 20;
    o.assoc_max_retrans = assoc_max_retrans;
    o.heartbeat = heartbeat;
    listen_on(server_addrs, 2, &o);
    connect_to(client_addrs, 2, server_addrs, 2, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
}

static bool second_path_up(void *arg)
{
    struct sct_path paths[4];
    return sct_assoc_paths(client.assoc, paths, 4) == 2 && paths[0].up && paths[1].up;
}

static bool path_lost(void *arg)
{
    return client.path_down > 0;
}

static bool path_back(void *arg)
{
    return client.path_up > *(int *)arg;
}

static void both_ends_know_both_addresses(void **state)
{
    struct sct_addrs local;
    if (!own_network)
        skip();
    a_multihomed_pair(100, 40);
    assert_true(world_run(loop, second_path_up, NULL, SOON));
    assert_int_equal(sct_assoc_local(client.assoc, &local), ERR_OK);
    assert_int_equal(local.n, 2);
    struct sct_path paths[4];
    assert_int_equal(sct_assoc_paths(server.assoc, paths, 4), 2);
    assert_int_equal(sct_assoc_paths(server.assoc, paths, 1), 1);
}

static void an_association_survives_the_loss_of_a_path(void **state)
{
    if (!own_network)
        skip();
    a_multihomed_pair(100, 40);
    assert_true(world_run(loop, second_path_up, NULL, SOON));
    int ups = client.path_up;
    // when the server's first address goes away
    world_lose(WORLD_B1);
    assert_int_equal(say(&client, 0, "around"), ERR_OK);
    // then the message goes round, and the path is reported
    server_gets(1);
    assert_true(world_run(loop, path_lost, NULL, 2 * SOON));
    assert_int_equal(client.downs, 0);
    // and when it comes back, it is used again
    world_restore();
    assert_true(world_run(loop, path_back, &ups, 2 * SOON));
    assert_int_equal(say(&client, 0, "again"), ERR_OK);
    server_gets(2);
}

static void an_association_without_any_path_is_lost(void **state)
{
    if (!own_network)
        skip();
    a_multihomed_pair(60000, 4); // the message has to notice it
    world_lose(WORLD_B1);
    world_lose(WORLD_B2);
    enum err err = say(&client, 0, "into the void");
    assert_int_equal(err, ERR_OK);
    assert_true(world_run(loop, client_down, NULL, 4 * SOON));
    assert_int_equal(client.why, SCT_DOWN_LOST);
    assert_true(client.failed > 0);
}

static void sending_on_what_was_lost_meanwhile(void **state)
{
    if (!own_network)
        skip();
    a_multihomed_pair(60000, 4);
    world_lose(WORLD_B1);
    world_lose(WORLD_B2);
    assert_int_equal(say(&client, 0, "into the void"), ERR_OK);
    say_until_closed(); // assoc_max_retrans times rto_max, and some
    assert_true(world_run(loop, client_down, NULL, SOON));
    assert_int_equal(client.why, SCT_DOWN_LOST);
}

static bool server_restarted(void *arg)
{
    return server.restarts > 0;
}

static void a_restarted_peer_is_noticed(void **state)
{
    struct sct_options o = quick();
    struct sct_addrs from, to;
    if (!own_network)
        skip();
    o.heartbeat = 0; // whoever answers one is known to be gone
    listen_on(server_addrs, 1, &o);
    assert_int_equal(sct_addrs_parse(client_addrs, 1, 20001, &from), ERR_OK);
    assert_int_equal(sct_addrs_parse(server_addrs, 1, PORT, &to), ERR_OK);
    assert_int_equal(sct_connect(stack, &o, &from, &to, &handler, &client, &client.assoc),
                     ERR_OK);
    assert_true(world_run(loop, both_up, NULL, SOON));
    // given a client that goes away without the server hearing of it
    world_lose(WORLD_B1);
    sct_abort(client.assoc);
    world_run_for(loop, 20);
    world_restore();
    // when it sets up the association again from the same port
    client = (struct end){0};
    assert_int_equal(sct_connect(stack, &o, &from, &to, &handler, &client, &client.assoc),
                     ERR_OK);
    // then the server's association is the same, restarted
    assert_true(world_run(loop, server_restarted, NULL, SOON));
    assert_int_equal(server.downs, 0);
    assert_int_equal(say(&server, 0, "who are you?"), ERR_OK);
    assert_true(reaches(&client.messages, 1));
}

static void a_path_callback_may_free(void **state)
{
    if (!own_network)
        skip();
    client.free_in = 'p';
    a_multihomed_pair(100, 40);
    world_lose(WORLD_B2);
    assert_true(world_run(loop, client_gone, NULL, 2 * SOON));
}

// --- many, and again ---

static void many_associations_live_side_by_side(void **state)
{
    enum { N = 40 };
    static struct end ends[N];
    struct sct_options o = quick();
    struct sct_addrs to;
    memset(ends, 0, sizeof(ends));
    server.echo = true;
    server.free_in = 'd';
    listen_on(any_v4, 1, &o);
    assert_int_equal(sct_addrs_parse(any_v4, 1, PORT, &to), ERR_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(sct_connect(stack, &o, NULL, &to, &handler, &ends[i], &ends[i].assoc),
                         ERR_OK);
    for (int i = 0; i < N; i++) {
        assert_true(reaches(&ends[i].ups, 1));
        assert_int_equal(say(&ends[i], 0, "echo"), ERR_OK);
    }
    for (int i = 0; i < N; i++) {
        assert_true(reaches(&ends[i].messages, 1));
        assert_int_equal(ends[i].messages, 1);
        sct_close(ends[i].assoc);
    }
    for (int i = 0; i < N; i++) {
        assert_true(reaches(&ends[i].downs, 1));
        sct_free(ends[i].assoc);
    }
    assert_true(reaches(&server.downs, N));
    assert_int_equal(server.downs, N);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void a_round_trip_takes_no_timer(void **state)
{
    enum { N = 500 };
    int64_t us[N];
    a_pair();
    server.echo = true;
    for (int i = 0; i < N; i++) {
        int64_t began = base_now_ns();
        assert_int_equal(say(&client, 0, "ping"), ERR_OK);
        server_gets(i + 1);
        us[i] = (base_now_ns() - began) / 1000;
    }
    qsort(us, N, sizeof(us[0]), by_value);
    print_message("round trip %lld us\n", (long long)us[N / 2]);
    // Nagle or delayed SACK would take 100 ms and more; a few may for what the machine does
    assert_true(us[N * 4 / 5] < 90000);
}

static void a_stack_that_cannot_be_is_told(void **state)
{
    struct sct_stack_conf conf = {.backend = SCT_USER, .udp_port = UDP_PORT + 1};
    struct sct_stack *other = NULL;
    if (backend == SCT_USER) {
        // one per process, with one port
        assert_int_equal(sct_stack_new(loop, &conf, &other), ERR_EXISTS);
        conf.udp_port = UDP_PORT;
        assert_int_equal(sct_stack_new(loop, &conf, &other), ERR_OK);
        sct_stack_free(other);
        other = NULL;
        conf = (struct sct_stack_conf){.backend = SCT_KERNEL};
        enum err err = sct_stack_new(loop, &conf, &other);
        assert_true(err == ERR_OK || err == ERR_UNSUPPORTED);
        sct_stack_free(other);
        conf = (struct sct_stack_conf){.backend = SCT_AUTO, .udp_port = UDP_PORT};
        assert_int_equal(sct_stack_new(loop, &conf, &other), ERR_OK);
        assert_int_equal(sct_stack_backend(other), err ? SCT_USER : SCT_KERNEL);
        sct_stack_free(other);
        return;
    }
    conf.backend = SCT_AUTO;
    assert_int_equal(sct_stack_new(loop, &conf, &other), ERR_OK);
    assert_int_equal(sct_stack_backend(other), SCT_KERNEL);
    sct_stack_free(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(an_association_comes_up_on_both_ends),
        CASE(a_message_arrives_with_stream_and_ppid),
        CASE(what_cannot_be_sent_is_refused),
        CASE(nobody_listens),
        CASE(nobody_is_there),
        CASE(an_association_is_closed_in_order),
        CASE(freeing_closes_in_order_and_aborting_aborts),
        CASE(sending_between_the_end_and_its_report),
        CASE(closing_before_it_is_up_is_reported),
        CASE(an_association_may_be_freed_in_every_callback),
        CASE(the_accepting_end_may_free_at_once),
        CASE(thousands_of_messages_arrive_in_order_per_stream),
        CASE(long_messages_are_put_together),
        CASE(a_message_beyond_the_limit_is_dropped_alone),
        CASE(a_full_queue_refuses_and_says_when_it_takes_more),
        CASE(what_was_queued_is_reported_when_the_peer_aborts),
        CASE(the_threads_of_libusrsctp_take_turns_with_ours),
        CASE(both_ends_abort_with_data_under_way),
        CASE(too_many_associations_are_turned_away),
        CASE(an_association_outlives_its_listener),
        CASE(a_foreign_address_cannot_be_bound),
        CASE(ipv6_works_too),
        CASE(both_ends_know_both_addresses),
        CASE(an_association_survives_the_loss_of_a_path),
        CASE(an_association_without_any_path_is_lost),
        CASE(sending_on_what_was_lost_meanwhile),
        CASE(a_restarted_peer_is_noticed),
        CASE(a_path_callback_may_free),
        CASE(many_associations_live_side_by_side),
        CASE(a_round_trip_takes_no_timer),
        CASE(a_stack_that_cannot_be_is_told),
    };
    if (argc < 2 || (strcmp(argv[1], "kernel") != 0 && strcmp(argv[1], "user") != 0)) {
        fprintf(stderr, "usage: %s kernel|user [case]\n", argv[0]);
        return 2;
    }
    backend = strcmp(argv[1], "kernel") == 0 ? SCT_KERNEL : SCT_USER;
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    own_network = world_enter();
    base_log_set_level("all", BASE_LOG_ERROR);
    return cmocka_run_group_tests_name(argv[1], tests, NULL, NULL);
}
