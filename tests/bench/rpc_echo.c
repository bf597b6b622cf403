// SPDX-License-Identifier: BSD-3-Clause
// The empty gRPC server to measure against: /bench.Echo/Unary answers every message with itself,
// /bench.Echo/Stream does the same on a bidirectional stream. No gateway around it.
//   rpc_echo [--port N] [--loops N] [--tls-dir DIR]
// DIR holds server.crt, server.key and, if clients must show a certificate, ca.crt. Ends on
// SIGTERM/SIGINT after a graceful drain. Prints "port N" when it accepts connections.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop.h"
#include "rpc/server.h"

#define LOOPS_MAX 64
#define GRACE_MS 2000

static struct base_loop *loops[LOOPS_MAX];
static size_t n_loops = 1;
static struct rpc_server *server;

static void echo(struct rpc_call *call, void *ctx)
{
    size_t len;
    const uint8_t *request = rpc_call_request(call, &len);
    rpc_call_reply(call, RPC_OK, NULL, request, len);
}

static enum err stream_open(struct rpc_stream *stream, void *ctx, void **user)
{
    *user = NULL;
    return ERR_OK;
}

static void stream_message(struct rpc_stream *stream, void *user, const uint8_t *data, size_t len)
{
    if (rpc_stream_send(stream, data, len) != ERR_OK)
        rpc_stream_end(stream, RPC_RESOURCE_EXHAUSTED, "client does not read");
}

static void stream_half_closed(struct rpc_stream *stream, void *user)
{
    rpc_stream_end(stream, RPC_OK, NULL);
}

static void stream_closed(struct rpc_stream *stream, void *user)
{
}

static const struct rpc_stream_ops stream_ops = {
    .open = stream_open,
    .message = stream_message,
    .half_closed = stream_half_closed,
    .closed = stream_closed,
};

static void stop_all(void *arg)
{
    for (size_t i = 0; i < n_loops; i++)
        base_loop_stop(loops[i]);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    rpc_server_drain(server, GRACE_MS, stop_all, NULL);
}

struct options {
    int port;
    const char *tls_dir;
};

static int parse(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"port", required_argument, NULL, 'p'},
        {"loops", required_argument, NULL, 'l'},
        {"tls-dir", required_argument, NULL, 't'},
        {0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'p':
            options->port = (int)strtol(optarg, NULL, 10);
            break;
        case 'l':
            n_loops = strtoul(optarg, NULL, 10);
            break;
        case 't':
            options->tls_dir = optarg;
            break;
        default:
            return -1;
        }
    }
    return n_loops >= 1 && n_loops <= LOOPS_MAX ? 0 : -1;
}

static enum err make_server(const struct options *options)
{
    static const struct rpc_method methods[] = {
        {.path = "/bench.Echo/Unary", .unary = echo},
        {.path = "/bench.Echo/Stream", .stream = &stream_ops},
    };
    char certificate[512], key[512], ca[512];
    struct rpc_listen listen = {.address = "127.0.0.1", .port = (uint16_t)options->port};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true};
    if (options->tls_dir) {
        snprintf(certificate, sizeof(certificate), "%s/server.crt", options->tls_dir);
        snprintf(key, sizeof(key), "%s/server.key", options->tls_dir);
        snprintf(ca, sizeof(ca), "%s/ca.crt", options->tls_dir);
        config.tls = (struct rpc_tls_config){
            .certificate = certificate,
            .key = key,
            .client_ca = access(ca, R_OK) == 0 ? ca : NULL,
        };
    }
    enum err err = rpc_server_new(&config, loops, n_loops, &server);
    for (size_t i = 0; !err && i < sizeof(methods) / sizeof(methods[0]); i++)
        err = rpc_server_add(server, &methods[i]);
    return err ? err : rpc_server_start(server);
}

int main(int argc, char **argv)
{
    struct options options = {.port = 0};
    struct event term, intr;
    enum err err = ERR_OK;
    if (parse(argc, argv, &options)) {
        fprintf(stderr, "usage: %s [--port N] [--loops N] [--tls-dir DIR]\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; !err && i < n_loops; i++)
        err = base_loop_new("echo", 1024, &loops[i]);
    if (!err)
        err = make_server(&options);
    if (err) {
        fprintf(stderr, "rpc_echo: %s\n", err_str(err));
        return 1;
    }
    struct event_base *base = base_loop_event_base(loops[0]);
    evsignal_assign(&term, base, SIGTERM, on_signal, NULL);
    evsignal_assign(&intr, base, SIGINT, on_signal, NULL);
    evsignal_add(&term, NULL);
    evsignal_add(&intr, NULL);
    printf("port %u\n", rpc_server_port(server, 0));
    fflush(stdout);
    for (size_t i = 1; !err && i < n_loops; i++)
        err = base_loop_start(loops[i]);
    if (!err)
        err = base_loop_run(loops[0]);
    for (size_t i = 1; i < n_loops; i++)
        base_loop_join(loops[i]);
    evsignal_del(&term);
    evsignal_del(&intr);
    rpc_server_free(server);
    for (size_t i = 0; i < n_loops; i++)
        base_loop_free(loops[i]);
    return err ? 1 : 0;
}
