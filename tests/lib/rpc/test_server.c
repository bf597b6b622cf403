// SPDX-License-Identifier: BSD-3-Clause
// The server on the wire: listening, limits, garbage, clients that stall, graceful drain.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "frames.h"
#include "rig.h"
#include "rpc/metrics.h"

static int64_t connections(void)
{
    return (int64_t)metric_read(metric_cell(&rpc_m_connections, NULL));
}

static bool connections_become(struct rig *rig, uint64_t n)
{
    return rig_until_metric(rig, metric_cell(&rpc_m_connections, NULL), n);
}

static uint64_t ended(const char *reason)
{
    return metric_read(METRIC_CELL(&rpc_m_ended, reason));
}

static void greet(int fd)
{
    struct bytes b = {0};
    put_greeting(&b);
    rig_write(fd, b.data, b.len);
    bytes_free(&b);
}

// ---- listening ----

static void test_where_cleartext_may_listen(void **state)
{
    static const struct {
        const char *address;
        bool anywhere;
        enum err err;
    } rows[] = {
        {"127.0.0.1", false, ERR_OK},       {"::1", false, ERR_OK},
        {"0.0.0.0", false, ERR_DENIED},     {"::", false, ERR_DENIED},
        {"192.0.2.1", false, ERR_DENIED},   {"0.0.0.0", true, ERR_OK},
        {"localhost", false, ERR_INVALID},
    };
    struct rig rig;
    rig_loop(&rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpc_listen listen = {.address = rows[i].address, .cleartext = true};
        struct rpc_server_config config = {.listens = &listen, .n_listens = 1,
                                           .allow_cleartext_anywhere = rows[i].anywhere};
        struct rpc_server *server = NULL;
        assert_int_equal(rpc_server_new(&config, &rig.loop, 1, &server), rows[i].err);
        rpc_server_free(server);
    }
    base_loop_free(rig.loop);
}

static void test_port_in_use(void **state)
{
    struct rig rig;
    struct rpc_server *second;
    rig_echo(&rig, NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    struct rpc_listen where = {.address = "127.0.0.1", .port = ntohs(sa.sin_port),
                               .cleartext = true};
    struct rpc_server_config config = {.listens = &where, .n_listens = 1};
    assert_int_equal(rpc_server_new(&config, &rig.loop, 1, &second), ERR_OK);
    assert_int_not_equal(rpc_server_start(second), ERR_OK);
    rpc_server_free(second);
    close(fd);
    where.port = rig.port; // of another gRPC server: no silent sharing
    assert_int_equal(rpc_server_new(&config, &rig.loop, 1, &second), ERR_OK);
    assert_int_not_equal(rpc_server_start(second), ERR_OK);
    rpc_server_free(second);
    rig_free(&rig);
}

static void test_unix_socket(void **state)
{
    struct rig rig;
    struct rig_answer answer;
    static const struct rpc_method echo = {.path = "/t.T/Echo", .unary = rig_echo_handler};
    char path[64];
    snprintf(path, sizeof(path), "unix:/tmp/fgw-rpc-test-%d", (int)getpid());
    struct rpc_listen listen = {.address = path, .cleartext = true};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    int stale = socket(AF_UNIX, SOCK_STREAM, 0); // of a process that died
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path + 5);
    assert_int_equal(bind(stale, (struct sockaddr *)&un, sizeof(un)), 0);
    close(stale);
    for (int i = 0; i < 2; i++) {
        rig_loop(&rig);
        rig_server(&rig, &config);
        rig_add(&rig, &echo);
        assert_int_equal(rpc_server_start(rig.server), ERR_OK);
        struct rpc_channel *channel =
            rig_channel(&rig, &(struct rpc_channel_config){.host = path, .authority = "local"});
        rig_ask(&rig, channel, "/t.T/Echo", "x", &answer);
        assert_int_equal(answer.status, RPC_OK);
        rpc_channel_free(channel);
        rig_free(&rig);
    }
    assert_int_equal(access(path + 5, F_OK), -1); // it cleans up behind itself
}

static void test_several_loops(void **state)
{
    enum { N = 3 };
    struct base_loop *loops[N];
    struct rpc_server *server;
    static const struct rpc_method echo = {.path = "/t.T/Echo", .unary = rig_echo_handler};
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    struct rig rig;
    rig_loop(&rig);
    for (int i = 0; i < N; i++)
        assert_int_equal(base_loop_new("rpc", 64, &loops[i]), ERR_OK);
    assert_int_equal(rpc_server_new(&config, loops, N, &server), ERR_OK);
    assert_int_equal(rpc_server_add(server, &echo), ERR_OK);
    assert_int_equal(rpc_server_start(server), ERR_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(base_loop_start(loops[i]), ERR_OK);
    rig.port = rpc_server_port(server, 0);
    for (int i = 0; i < 20; i++) {
        struct rig_answer answer;
        struct rpc_channel *channel = rig_channel(&rig, NULL);
        rig_ask(&rig, channel, "/t.T/Echo", "x", &answer);
        assert_int_equal(answer.status, RPC_OK);
        rpc_channel_free(channel);
    }
    for (int i = 0; i < N; i++) {
        base_loop_stop(loops[i]);
        base_loop_join(loops[i]);
    }
    rpc_server_free(server);
    for (int i = 0; i < N; i++)
        base_loop_free(loops[i]);
    base_loop_free(rig.loop);
}

static void test_never_run(void **state)
{
    struct rig rig;
    rig_echo(&rig, NULL); // started, but its loop never runs
    rig_free(&rig);
}

// ---- limits on connections ----

static void test_connection_limit(void **state)
{
    struct rig rig;
    int fd[4];
    uint8_t buf[64];
    bool closed;
    rig_echo(&rig, &(struct rpc_limits){.max_connections = 3});
    uint64_t before = rig_refused("connections");
    for (int i = 0; i < 4; i++) {
        fd[i] = rig_socket(&rig);
        rig_run(&rig, 5);
    }
    rig_read(&rig, fd[3], buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    assert_int_equal(rig_refused("connections"), before + 1);
    assert_int_equal(connections(), 3);
    close(fd[0]); // makes room
    assert_true(connections_become(&rig, 2));
    fd[0] = rig_socket(&rig);
    greet(fd[0]);
    assert_true(rig_read(&rig, fd[0], buf, 9, 30000, &closed) == 9);
    assert_false(closed);
    for (int i = 0; i < 4; i++)
        close(fd[i]);
    assert_true(connections_become(&rig, 0));
    rig_free(&rig);
}

static void test_connection_limit_per_client(void **state)
{
    struct rig rig;
    int fd[3];
    uint8_t buf[64];
    bool closed;
    rig_echo(&rig, &(struct rpc_limits){.max_connections_per_ip = 2});
    uint64_t before = rig_refused("connections_per_ip");
    for (int i = 0; i < 3; i++) {
        fd[i] = rig_socket(&rig);
        rig_run(&rig, 5);
    }
    rig_read(&rig, fd[2], buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    assert_int_equal(rig_refused("connections_per_ip"), before + 1);
    close(fd[0]);
    close(fd[1]);
    close(fd[2]);
    assert_true(connections_become(&rig, 0));
    struct rig_answer answer;
    struct rpc_channel *channel = rig_channel(&rig, NULL);
    rig_ask(&rig, channel, "/t.T/Echo", "x", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rpc_channel_free(channel);
    rig_free(&rig);
}

// ---- hostile and broken clients; each time the next client is served ----

static void assert_serves(struct rig *rig)
{
    struct rig_answer answer;
    struct rpc_channel *channel = rig_channel(rig, NULL);
    rig_ask(rig, channel, "/t.T/Echo", "still here", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rpc_channel_free(channel);
    assert_true(connections_become(rig, 0));
}

static void test_garbage(void **state)
{
    struct rig rig;
    uint8_t buf[4096], garbage[2000];
    bool closed;
    unsigned seed = 12345;
    rig_echo(&rig, NULL);
    for (int round = 0; round < 20; round++) {
        int fd = rig_socket(&rig);
        for (size_t i = 0; i < sizeof(garbage); i++) {
            seed = seed * 1103515245 + 12345;
            garbage[i] = (uint8_t)(seed >> 16);
        }
        if (round % 2)
            greet(fd);
        rig_write(fd, garbage, sizeof(garbage));
        shutdown(fd, SHUT_WR);
        rig_read(&rig, fd, buf, sizeof(buf), 30000, &closed);
        assert_true(closed);
        close(fd);
    }
    int fd = rig_socket(&rig);
    rig_write(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
    rig_read(&rig, fd, buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    close(fd);
    assert_serves(&rig);
    rig_free(&rig);
}

static void test_flood_is_cut_off_and_counted(void **state)
{
    struct rig rig;
    struct bytes b = {0};
    struct heard heard;
    uint8_t buf[4096];
    bool closed;
    rig_echo(&rig, NULL);
    heard_init(&heard);
    uint64_t before = rig_refused("ping_flood"), ends = ended("abuse");
    int fd = rig_socket(&rig);
    put_greeting(&b);
    for (int i = 0; i < 500; i++)
        put_frame(&b, PING, 0, 0, "12345678", 8);
    rig_write(fd, b.data, b.len);
    size_t n = rig_read(&rig, fd, buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    heard_feed(&heard, buf, n);
    assert_int_equal(heard.goaway_code, 0xb);
    assert_int_equal(rig_refused("ping_flood"), before + 1);
    assert_int_equal(ended("abuse"), ends + 1);
    close(fd);
    assert_serves(&rig);
    heard_free(&heard);
    bytes_free(&b);
    rig_free(&rig);
}

static void test_silent_client(void **state)
{
    static const struct {
        const char *name;
        size_t bytes; // of the preface
        const char *reason;
    } rows[] = {{"nothing", 0, "no_greeting"}, {"half a preface", 11, "no_greeting"}};
    struct rig rig;
    uint8_t buf[256];
    bool closed;
    rig_echo(&rig, &(struct rpc_limits){.handshake_ms = 80});
    for (size_t i = 0; i < 2; i++) {
        uint64_t before = ended(rows[i].reason);
        int fd = rig_socket(&rig);
        if (rows[i].bytes)
            rig_write(fd, PREFACE, rows[i].bytes);
        rig_read(&rig, fd, buf, sizeof(buf), 30000, &closed);
        assert_true(closed);
        assert_true(rig_until_metric(&rig, METRIC_CELL(&rpc_m_ended, rows[i].reason), before + 1));
        close(fd);
    }
    assert_serves(&rig);
    rig_free(&rig);
}

static void test_slow_headers_on_the_wire(void **state)
{
    struct rig rig;
    struct bytes b = {0};
    uint8_t buf[256];
    bool closed = false;
    rig_echo(&rig, &(struct rpc_limits){.handshake_ms = 500});
    uint64_t before = ended("slow_headers");
    int fd = rig_socket(&rig);
    greet(fd);
    put_request(&b, 1, "/t.T/Echo", false);
    for (size_t i = 0; i < b.len && !closed; i++) { // a byte every 10 ms
        if (send(fd, b.data + i, 1, MSG_NOSIGNAL) != 1)
            break;
        rig_read(&rig, fd, buf, sizeof(buf), 10, &closed);
    }
    assert_true(rig_until_metric(&rig, METRIC_CELL(&rpc_m_ended, "slow_headers"), before + 1));
    close(fd);
    assert_serves(&rig);
    bytes_free(&b);
    rig_free(&rig);
}

static void big(struct rpc_call *call, void *ctx)
{
    static const uint8_t answer[1 << 20];
    rpc_call_reply(call, RPC_OK, NULL, answer, sizeof(answer));
}

// A client that asks for much and reads nothing, although its windows are open.
static void test_stalled_reader(void **state)
{
    struct rig rig;
    struct bytes b = {0};
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {.listens = &listen, .n_listens = 1, .allow_anonymous = true,
                                       .limits = {.stalled_ms = 200}};
    struct rpc_method method = {.path = "/t.T/Big", .unary = big};
    struct rpc_method echo = {.path = "/t.T/Echo", .unary = rig_echo_handler};
    rig_loop(&rig);
    rig_server(&rig, &config);
    rig_add(&rig, &method);
    rig_add(&rig, &echo);
    rig_start(&rig);
    uint64_t before = rig_refused("stalled_reader"), unread = rig_refused("unread_answers");
    int fd = rig_socket(&rig);
    bytes_add(&b, PREFACE, PREFACE_LEN);
    put_frame(&b, SETTINGS, 0, 0, "\0\4\x7f\xff\xff\xff", 6);
    put_frame(&b, WINDOW_UPDATE, 0, 0, "\x7f\xfe\0\0", 4);
    for (uint32_t id = 1; id < 200; id += 2) {
        put_request(&b, id, "/t.T/Big", false);
        put_message(&b, id, "x", 1, true);
    }
    rig_write(fd, b.data, b.len);
    int64_t end = base_now_ns() + 60 * BASE_S_NS;
    while (rig_refused("stalled_reader") == before && base_now_ns() < end)
        rig_run(&rig, 10);
    assert_int_equal(rig_refused("stalled_reader"), before + 1);
    assert_true(rig_refused("unread_answers") > unread + 50); // the rest was not even buffered
    rig_run(&rig, 10);
    assert_int_equal(connections(), 0);
    close(fd);
    assert_serves(&rig);
    bytes_free(&b);
    rig_free(&rig);
}

// The same client, but it reads in the end: nothing is lost.
static void test_slow_reader_gets_everything(void **state)
{
    enum { CALLS = 24 };
    struct rig rig;
    struct bytes b = {0};
    struct heard *heard = malloc(sizeof(*heard));
    static uint8_t buf[1 << 16];
    bool closed = false;
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {.listens = &listen, .n_listens = 1, .allow_anonymous = true,
                                       .limits = {.max_buffered = 32 << 20,
                                                  .handshake_ms = RIG_LONG_MS}};
    struct rpc_method method = {.path = "/t.T/Big", .unary = big};
    assert_non_null(heard);
    rig_loop(&rig);
    rig_server(&rig, &config);
    rig_add(&rig, &method);
    rig_start(&rig);
    heard_init(heard);
    int fd = rig_socket(&rig);
    bytes_add(&b, PREFACE, PREFACE_LEN);
    put_frame(&b, SETTINGS, 0, 0, "\0\4\x7f\xff\xff\xff", 6);
    put_frame(&b, WINDOW_UPDATE, 0, 0, "\x7f\xfe\0\0", 4);
    for (uint32_t id = 1; id < 2 * CALLS; id += 2) {
        put_request(&b, id, "/t.T/Big", false);
        put_message(&b, id, "x", 1, true);
    }
    rig_write(fd, b.data, b.len);
    rig_run(&rig, 100); // the kernel's buffers fill up, some 10 MiB at most
    int64_t end = base_now_ns() + 60 * BASE_S_NS;
    while (!closed && heard->stream[2 * CALLS - 1].grpc_status < 0 && base_now_ns() < end) {
        size_t n = rig_read(&rig, fd, buf, sizeof(buf), 20, &closed);
        heard_feed(heard, buf, n);
    }
    for (uint32_t id = 1; id < 2 * CALLS; id += 2) {
        assert_int_equal(heard->stream[id].grpc_status, 0);
        assert_int_equal(heard->stream[id].body_len, (1 << 20) + 5);
    }
    close(fd);
    heard_free(heard);
    free(heard);
    bytes_free(&b);
    rig_free(&rig);
}

static void test_stalled_request_on_the_wire(void **state)
{
    struct rig rig;
    struct bytes b = {0};
    struct heard heard;
    uint8_t buf[4096];
    bool closed;
    rig_echo(&rig, &(struct rpc_limits){.stalled_ms = 80});
    heard_init(&heard);
    uint64_t before = rig_refused("stalled_stream");
    int fd = rig_socket(&rig);
    put_greeting(&b);
    put_request(&b, 1, "/t.T/Echo", false);
    put_message(&b, 1, "x", 1, false); // and END_STREAM never comes
    rig_write(fd, b.data, b.len);
    int64_t end = base_now_ns() + 30 * BASE_S_NS;
    do {
        size_t n = rig_read(&rig, fd, buf, sizeof(buf), 20, &closed);
        heard_feed(&heard, buf, n);
    } while (!closed && heard.stream[1].grpc_status < 0 && base_now_ns() < end);
    assert_false(closed);
    assert_int_equal(heard.stream[1].grpc_status, RPC_DEADLINE_EXCEEDED);
    assert_int_equal(rig_refused("stalled_stream"), before + 1);
    close(fd);
    heard_free(&heard);
    bytes_free(&b);
    rig_free(&rig);
}

static void test_out_of_descriptors(void **state)
{
    struct rig rig;
    struct rlimit old, tight;
    uint8_t buf[64];
    bool closed;
    rig_echo(&rig, NULL);
    rig_run(&rig, 5);
    uint64_t before = rig_refused("descriptors");
    int fd = rig_socket(&rig);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    tight = old;
    tight.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int64_t end = base_now_ns() + 30 * BASE_S_NS;
    do
        rig_run(&rig, 2);
    while (rig_refused("descriptors") == before && base_now_ns() < end);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_true(rig_refused("descriptors") > before);
    assert_true(rig_refused("descriptors") < before + 3); // it pauses, it does not spin
    greet(fd);
    assert_int_equal(rig_read(&rig, fd, buf, 9, 30000, &closed), 9); // served when there is room
    close(fd);
    rig_free(&rig);
}

static void test_dead_client_is_noticed(void **state)
{
    struct rig rig;
    struct heard heard;
    uint8_t buf[256];
    bool closed;
    rig_echo(&rig, &(struct rpc_limits){.keepalive_ms = 60, .keepalive_timeout_ms = 60});
    heard_init(&heard);
    uint64_t before = ended("no_pong");
    int fd = rig_socket(&rig);
    greet(fd);
    size_t n = rig_read(&rig, fd, buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    heard_feed(&heard, buf, n);
    assert_int_equal(heard.pings, 1);
    assert_int_equal(heard.goaways, 1);
    assert_int_equal(ended("no_pong"), before + 1);
    close(fd);
    heard_free(&heard);
    rig_free(&rig);
}

static void test_idle_client_is_sent_away(void **state)
{
    struct rig rig;
    struct rig_answer answer;
    rig_echo(&rig, &(struct rpc_limits){.idle_ms = 80});
    uint64_t before = ended("idle");
    struct rpc_channel *channel = rig_channel(&rig, NULL);
    rig_ask(&rig, channel, "/t.T/Echo", "x", &answer);
    assert_true(rig_until_metric(&rig, METRIC_CELL(&rpc_m_ended, "idle"), before + 1));
    for (int i = 0; i < 200; i++) { // and is welcome again
        rig_ask(&rig, channel, "/t.T/Echo", "x", &answer);
        if (answer.status == RPC_OK)
            break;
        rig_run(&rig, 10);
    }
    assert_int_equal(answer.status, RPC_OK);
    rpc_channel_free(channel);
    rig_free(&rig);
}

// ---- drain ----

struct drain {
    struct rig rig;
    struct rpc_call *call;
    int n_calls, n_cancels, n_done;
};

static void cancelled(struct rpc_call *call, void *arg)
{
    ((struct drain *)arg)->n_cancels++;
}

static void keep(struct rpc_call *call, void *ctx)
{
    struct drain *drain = ctx;
    drain->n_calls++;
    drain->call = call;
    rpc_call_on_cancel(call, cancelled, drain);
}

static void drained(void *arg)
{
    ((struct drain *)arg)->n_done++;
}

static void drain_up(struct drain *drain)
{
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    struct rpc_method method = {.path = "/t.T/Keep", .unary = keep, .ctx = drain};
    memset(drain, 0, sizeof(*drain));
    rig_loop(&drain->rig);
    rig_server(&drain->rig, &config);
    rig_add(&drain->rig, &method);
    rig_start(&drain->rig);
}

static void test_drain_lets_calls_finish(void **state)
{
    struct drain drain;
    struct rig_answer answer;
    drain_up(&drain);
    struct rpc_channel *channel = rig_channel(&drain.rig, NULL);
    rig_call(channel, "/t.T/Keep", "x", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&drain.rig, &drain.n_calls, 1));
    rpc_server_drain(drain.rig.server, RIG_LONG_MS, drained, &drain);
    rig_run(&drain.rig, 250);
    assert_int_equal(drain.n_done, 0);
    assert_int_equal(answer.n, 0);
    rpc_call_reply(drain.call, RPC_OK, NULL, (const uint8_t *)"done", 4);
    assert_true(rig_until_n(&drain.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_OK);
    assert_true(rig_until_n(&drain.rig, &drain.n_done, 1));
    // nobody gets in any more
    rig_run(&drain.rig, 10);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(drain.rig.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    rpc_channel_free(channel);
    rig_free(&drain.rig);
    assert_int_equal(drain.n_done, 1);
}

static void test_drain_ends_when_its_time_is_over(void **state)
{
    struct drain drain;
    struct rig_answer answer;
    drain_up(&drain);
    struct rpc_channel *channel = rig_channel(&drain.rig, NULL);
    rig_call(channel, "/t.T/Keep", "x", 1, RIG_LONG_MS, &answer);
    assert_true(rig_until_n(&drain.rig, &drain.n_calls, 1));
    int fd = rig_socket(&drain.rig); // and one that never even greets
    rig_run(&drain.rig, 5);
    rpc_server_drain(drain.rig.server, 200, drained, &drain);
    assert_true(rig_until_n(&drain.rig, &drain.n_done, 1));
    assert_true(rig_until_n(&drain.rig, &answer.n, 1));
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    assert_int_equal(drain.n_cancels, 1);
    rpc_call_reply(drain.call, RPC_OK, NULL, NULL, 0);
    rpc_channel_free(channel);
    close(fd);
    rig_free(&drain.rig);
}

static void test_drain_without_connections(void **state)
{
    struct drain drain;
    drain_up(&drain);
    rpc_server_drain(drain.rig.server, 1000, drained, &drain);
    rpc_server_drain(drain.rig.server, 1000, drained, &drain); // once is enough
    assert_true(rig_until_n(&drain.rig, &drain.n_done, 1));
    rig_run(&drain.rig, 20);
    assert_int_equal(drain.n_done, 1);
    rig_free(&drain.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_cleartext_may_listen),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_several_loops),
        cmocka_unit_test(test_never_run),
        cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_connection_limit_per_client),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_flood_is_cut_off_and_counted),
        cmocka_unit_test(test_silent_client),
        cmocka_unit_test(test_slow_headers_on_the_wire),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_slow_reader_gets_everything),
        cmocka_unit_test(test_stalled_request_on_the_wire),
        cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_dead_client_is_noticed),
        cmocka_unit_test(test_idle_client_is_sent_away),
        cmocka_unit_test(test_drain_lets_calls_finish),
        cmocka_unit_test(test_drain_ends_when_its_time_is_over),
        cmocka_unit_test(test_drain_without_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
