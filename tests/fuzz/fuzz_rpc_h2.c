// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the gRPC-over-HTTP/2 connection core. The first byte chooses what is played:
//   0x01 the peer's greeting is sent first      0x02 tight limits
//   0x0c pieces: all at once, 1, 7 or 64 bytes   0x10 a second passes between pieces
//   0x20 our client's half instead of the server's
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/h2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const uint8_t empty_settings[9] = {0, 0, 0, 4};

enum { HELD_MAX = 8 };

struct player {
    struct rpc_h2 *h2;
    struct rpc_h2_stream *held[HELD_MAX];
    unsigned n_held;
};

static void on_request(struct rpc_h2_stream *stream)
{
    const char *path = rpc_h2_path(stream);
    size_t len = strlen(path);
    // the path's last letter decides, so that a fuzzer finds all of them
    switch (path[len - 1] & 3) {
    case 0:
        rpc_h2_finish(stream, RPC_UNIMPLEMENTED, path);
        break;
    case 1:
        rpc_h2_accept(stream, RPC_H2_STREAMING);
        rpc_h2_respond(stream);
        break;
    default:
        rpc_h2_accept(stream, RPC_H2_UNARY);
    }
    rpc_h2_header(stream, "x-magma-client-cert-cn", NULL);
}

static void on_message(struct rpc_h2_stream *stream, const uint8_t *data, size_t len)
{
    struct player *player = stream->h2->ctx;
    if (!stream->h2->config->server)
        return;
    if (len % 5 == 4 && player->n_held < HELD_MAX) {
        rpc_h2_hold(stream);
        player->held[player->n_held++] = stream;
        return;
    }
    enum err err = rpc_h2_send(stream, data, len);
    if (stream->mode == RPC_H2_UNARY || err)
        rpc_h2_finish(stream, err ? RPC_RESOURCE_EXHAUSTED : RPC_OK, NULL);
}

static void on_half_closed(struct rpc_h2_stream *stream)
{
    rpc_h2_finish(stream, RPC_OK, NULL);
}

static void on_closed(struct rpc_h2_stream *stream)
{
}

static void on_goaway(struct rpc_h2 *h2)
{
}

static struct rpc_h2_config config_of(uint8_t options, struct rpc_h2_pool *pool)
{
    bool tight = options & 0x02;
    return (struct rpc_h2_config){
        .server = !(options & 0x20),
        .max_streams = tight ? 3 : 100,
        .max_message = tight ? 100 : 1 << 20,
        .max_header_list = tight ? 300 : 16384,
        .max_buffered = tight ? 400 : 4 << 20,
        .reset_burst = tight ? 5 : 1000,
        .reset_rate = tight ? 1 : 33,
        .greeting_ns = 10 * BASE_S_NS,
        .idle_ns = 60 * BASE_S_NS,
        .stalled_ns = (tight ? 2 : 30) * BASE_S_NS,
        .keepalive_ns = 5 * BASE_S_NS,
        .keepalive_timeout_ns = 3 * BASE_S_NS,
        .scheme = "http",
        .pool = pool,
        .ops = {.request = on_request, .message = on_message, .half_closed = on_half_closed,
                .closed = on_closed, .goaway = on_goaway},
    };
}

static void drain_output(struct rpc_h2 *h2)
{
    uint8_t buf[512];
    for (int i = 0; i < 4096 && rpc_h2_output(h2, buf, sizeof(buf)); i++)
        continue;
}

// Holds of the two client streams that are opened in any case.
static void open_calls(struct player *player)
{
    static const enum rpc_h2_mode modes[] = {RPC_H2_UNARY, RPC_H2_STREAMING};
    for (int i = 0; i < 2; i++) {
        struct rpc_h2_request request = {.path = "/t.T/X", .authority = "a",
                                         .timeout_ns = BASE_S_NS, .mode = modes[i]};
        if (rpc_h2_open(player->h2, &request, &player->held[player->n_held]))
            continue;
        rpc_h2_send(player->held[player->n_held], (const uint8_t *)"question", 8);
        if (i == 0)
            rpc_h2_half_close(player->held[player->n_held]);
        player->n_held++;
    }
}

static void play(struct player *player, uint8_t options, const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 7, 64};
    size_t piece = pieces[options >> 2 & 3];
    int64_t now = 1000 * BASE_S_NS;
    while (size) {
        size_t n = size < piece ? size : piece;
        uint8_t *copy = malloc(n); // exactly as large, for the sanitizer
        if (!copy)
            return;
        memcpy(copy, data, n);
        enum err err = rpc_h2_recv(player->h2, copy, n, now);
        free(copy);
        drain_output(player->h2);
        if (err || rpc_h2_done(player->h2))
            return;
        if (options & 0x10) {
            now += BASE_S_NS;
            if (rpc_h2_check(player->h2, now))
                return;
            drain_output(player->h2);
        }
        data += n;
        size -= n;
    }
    for (unsigned i = 0; i < player->n_held; i++)
        rpc_h2_finish(player->held[i], (int)i, i & 1 ? "ein Fehler %" : NULL);
    rpc_h2_shutdown_notice(player->h2);
    rpc_h2_goaway(player->h2);
    drain_output(player->h2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_h2_pool pool = {0};
    struct player player = {0};
    if (size < 1)
        return 0;
    uint8_t options = data[0];
    struct rpc_h2_config config = config_of(options, &pool);
    int64_t now = 1000 * BASE_S_NS;
    if (rpc_h2_new(&config, &player, now, &player.h2))
        return 0;
    if (options & 0x01) {
        if (config.server)
            rpc_h2_recv(player.h2, (const uint8_t *)preface, sizeof(preface) - 1, now);
        rpc_h2_recv(player.h2, empty_settings, sizeof(empty_settings), now);
    }
    if (!config.server)
        open_calls(&player);
    drain_output(player.h2);
    play(&player, options, data + 1, size - 1);
    rpc_h2_free(player.h2);
    while (player.n_held)
        rpc_h2_release(player.held[--player.n_held]);
    rpc_h2_pool_free(&pool);
    return 0;
}
