// SPDX-License-Identifier: BSD-3-Clause
// Writes the seed corpora of fuzz_rpc_h2 and fuzz_rpc_tunnel: rpc_seeds CORPUS_FOLDER. Run by hand
// when the targets' input format changes; the seeds are in the tree.
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/orc8r_sync_rpc.pb-c.h"
#include "rpc/client.h"
#include "rpc/h2.h"
#include "tests/lib/rpc/frames.h"

#define SERVER 0x01 // greeting first
#define CLIENT 0x21
#define TIGHT 0x02
#define BYTEWISE 0x04
#define SLOW 0x10

static const char *folder;

static void write_seed(const char *corpus, const char *name, const void *data, size_t len)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s/%s", folder, corpus, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, len, file) != len) {
        perror(path);
        exit(1);
    }
    fclose(file);
}

static void h2_seed(const char *name, uint8_t options, struct bytes *b)
{
    struct bytes all = {0};
    bytes_add(&all, &options, 1);
    bytes_add(&all, b->data, b->len);
    write_seed("rpc_h2", name, all.data, all.len);
    bytes_free(&all);
    bytes_free(b);
}

static void frame_seed(const char *name, uint8_t type, uint8_t flags, uint32_t id,
                       const char *payload, size_t len)
{
    struct bytes b = {0};
    put_frame(&b, type, flags, id, payload, len);
    put_request(&b, 3, "/t.T/B", false);
    put_message(&b, 3, "next", 4, true);
    h2_seed(name, SERVER, &b);
}

static void on_nothing(struct rpc_h2_stream *stream)
{
}

// What our own client sends: with Huffman coding and dynamic table.
static void recorded(const char *name, uint8_t options, enum rpc_h2_mode mode, int calls)
{
    struct rpc_h2_config config = {.max_message = 1 << 20, .max_header_list = 16384,
                                   .max_buffered = 1 << 20, .scheme = "https",
                                   .ops = {.closed = on_nothing}};
    struct rpc_h2_stream *streams[8];
    struct rpc_metadata metadata = {"x-magma-client-cert-cn", "gw1"};
    struct bytes b = {0};
    struct rpc_h2 *h2;
    uint8_t buf[4096];
    if (rpc_h2_new(&config, NULL, 1, &h2))
        exit(1);
    for (int i = 0; i < calls; i++) {
        struct rpc_h2_request request = {
            .path = "/magma.feg.S6aProxy/UpdateLocatioo", .authority = "s6a_proxy-controller.test",
            .timeout_ns = 10000000000, .metadata = &metadata, .n_metadata = 1, .mode = mode};
        if (rpc_h2_open(h2, &request, &streams[i]))
            exit(1);
        rpc_h2_send(streams[i], (const uint8_t *)"\x0a\x0f""001010000000001", 17);
        rpc_h2_half_close(streams[i]);
    }
    size_t n;
    while ((n = rpc_h2_output(h2, buf, sizeof(buf))) > 0)
        bytes_add(&b, buf, n);
    h2_seed(name, options, &b);
    rpc_h2_free(h2);
    while (calls)
        rpc_h2_release(streams[--calls]);
}

static void server_seeds(void)
{
    struct bytes b = {0}, block = {0};
    recorded("recorded_unary", 0, RPC_H2_UNARY, 1);
    recorded("recorded_several", 0, RPC_H2_UNARY, 5);
    recorded("recorded_stream", BYTEWISE, RPC_H2_STREAMING, 2);
    recorded("recorded_tight", TIGHT | SLOW | 0x0c, RPC_H2_UNARY, 5);
    put_request(&b, 1, "/t.T/B", false);
    put_message(&b, 1, "hello", 5, true);
    h2_seed("unary", SERVER, &b);
    put_request(&b, 1, "/t.T/B", false);
    put_message(&b, 1, "keep", 4, true);
    put_frame(&b, RST_STREAM, 0, 1, "\0\0\0\10", 4);
    h2_seed("unary_held_then_reset", SERVER, &b);
    put_request(&b, 1, "/t.T/A", false);
    for (int i = 0; i < 4; i++)
        put_message(&b, 1, "message", (size_t)i, false);
    put_frame(&b, DATA, END_STREAM, 1, NULL, 0);
    h2_seed("stream", SERVER | BYTEWISE, &b);
    put_request(&b, 1, "/t.T/D", true);
    h2_seed("unknown_method", SERVER, &b);
    put_request(&b, 1, "/t.T/B", false);
    put_frame(&b, DATA, END_STREAM, 1, "\1\0\0\0\1x", 6);
    h2_seed("compressed", SERVER, &b);
    put_request(&b, 1, "/t.T/B", false);
    put_frame(&b, DATA, END_STREAM, 1, "\0\xff\xff\xff\xffx", 6);
    h2_seed("too_large", SERVER, &b);
    put_request(&b, 1, "/t.T/B", false);
    put_frame(&b, DATA, END_STREAM, 1, "\0\0\0\0\1x\0\0\0\0\1y", 12);
    h2_seed("two_messages", SERVER, &b);
    put_request_fields(&block, "/t.T/B");
    put_field(&block, "grpc-timeout", "2010m");
    put_field(&block, "x-magma-client-cert-cn", "gw1");
    put_frame(&b, HEADERS, 0, 1, block.data, 30);
    put_frame(&b, CONTINUATION, 0, 1, block.data + 30, 40);
    put_frame(&b, CONTINUATION, END_HEADERS, 1, block.data + 70, block.len - 70);
    put_message(&b, 1, "x", 1, true);
    h2_seed("continuation", SERVER, &b);
    put_frame(&b, HEADERS, 0, 1, block.data, block.len);
    for (int i = 0; i < 12; i++)
        put_frame(&b, CONTINUATION, 0, 1, NULL, 0);
    h2_seed("continuation_flood", SERVER, &b);
    bytes_free(&block);
    for (uint32_t id = 1; id < 20; id += 2) {
        put_request(&b, id, "/t.T/B", false);
        put_frame(&b, RST_STREAM, 0, id, "\0\0\0\10", 4);
    }
    h2_seed("rapid_reset", SERVER | TIGHT, &b);
    put_request(&b, 1, "/t.T/B", false);
    put_message(&b, 1, "x", 1, false);
    put_field(&block, "x-trailer", "v");
    put_frame(&b, HEADERS, END_HEADERS | END_STREAM, 1, block.data, block.len);
    bytes_free(&block);
    h2_seed("request_trailers", SERVER, &b);
}

static void frame_seeds(void)
{
    frame_seed("ping", PING, 0, 0, "12345678", 8);
    frame_seed("settings_window", SETTINGS, 0, 0, "\0\4\0\0\0\0\0\3\0\0\0\1\0\5\0\0\x40\0", 18);
    frame_seed("priority", PRIORITY, 0, 5, "\0\0\0\1\7", 5);
    frame_seed("window_update", WINDOW_UPDATE, 0, 0, "\0\1\0\0", 4);
    frame_seed("goaway", GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0debug", 13);
    frame_seed("unknown", 0x4a, 0xff, 0, "?", 1);
    frame_seed("data_on_idle", DATA, 0, 9, "x", 1);
    frame_seed("bad_hpack", HEADERS, END_HEADERS, 1, "\xff\xff\xff\xff\x0f", 5);
    struct bytes b = {0};
    bytes_add(&b, "GET / HTTP/1.1\r\n\r\n", 18);
    h2_seed("http1", 0, &b);
}

static void answer(struct bytes *b, uint32_t id, const char *http, bool end)
{
    struct bytes block = {0};
    put_field(&block, ":status", http);
    put_field(&block, "content-type", "application/grpc");
    put_frame(b, HEADERS, END_HEADERS | (end ? END_STREAM : 0), id, block.data, block.len);
    bytes_free(&block);
}

static void trailers(struct bytes *b, uint32_t id, const char *status)
{
    struct bytes block = {0};
    put_field(&block, "grpc-status", status);
    put_field(&block, "grpc-message", "caf%C3%A9");
    put_frame(b, HEADERS, END_HEADERS | END_STREAM, id, block.data, block.len);
    bytes_free(&block);
}

static void client_seeds(void)
{
    struct bytes b = {0};
    answer(&b, 1, "200", false);
    put_message(&b, 1, "answer", 6, false);
    trailers(&b, 1, "0");
    h2_seed("client_ok", CLIENT, &b);
    answer(&b, 1, "200", false);
    trailers(&b, 1, "5");
    answer(&b, 3, "200", false);
    put_message(&b, 3, "one", 3, false);
    put_message(&b, 3, "two", 3, false);
    trailers(&b, 3, "0");
    h2_seed("client_stream", CLIENT | BYTEWISE, &b);
    answer(&b, 1, "503", true);
    h2_seed("client_503", CLIENT, &b);
    put_frame(&b, RST_STREAM, 0, 1, "\0\0\0\7", 4);
    put_frame(&b, GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
    h2_seed("client_refused_goaway", CLIENT, &b);
    answer(&b, 1, "103", false);
    answer(&b, 1, "200", false);
    put_frame(&b, DATA, 0, 1, "\0\0\0\0\5ab", 7);
    trailers(&b, 1, "0");
    h2_seed("client_truncated", CLIENT, &b);
}

static void tunnel_seed(const char *name, uint32_t id, const char *status, const char *grpc_status,
                        const void *payload, size_t len, const char *err, bool keep)
{
    Magma__Orc8r__SyncRPCResponse response = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    Magma__Orc8r__GatewayResponse body = MAGMA__ORC8R__GATEWAY_RESPONSE__INIT;
    Magma__Orc8r__GatewayResponse__HeadersEntry entries[2] = {
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT,
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT};
    Magma__Orc8r__GatewayResponse__HeadersEntry *headers[2] = {&entries[0], &entries[1]};
    uint8_t packed[512];
    entries[0].key = (char *)"Grpc-Status";
    entries[0].value = (char *)(uintptr_t)grpc_status;
    entries[1].key = (char *)"grpc-message";
    entries[1].value = (char *)"no%20such%20user";
    body.headers = headers;
    body.n_headers = grpc_status ? 2 : 0;
    body.status = (char *)(uintptr_t)status;
    body.err = (char *)(uintptr_t)err;
    body.keepconnactive = keep;
    body.payload.data = (uint8_t *)(uintptr_t)payload;
    body.payload.len = len;
    response.reqid = id;
    response.respbody = &body;
    size_t n = magma__orc8r__sync_rpcresponse__pack(&response, packed);
    write_seed("rpc_tunnel", name, packed, n);
}

static void tunnel_seeds(void)
{
    write_seed("rpc_tunnel", "heartbeat", "\x18\x01", 2);
    write_seed("rpc_tunnel", "empty", "", 0);
    write_seed("rpc_tunnel", "id_only", "\x08\x07", 2);
    write_seed("rpc_tunnel", "broken", "\x12\xff\xff\xff\xff\x0f", 6);
    tunnel_seed("ok", 1, "200", "0", "\0\0\0\0\2ok", 7, "", false);
    tunnel_seed("error", 0xffffffff, "200", "5", NULL, 0, "", false);
    tunnel_seed("part", 1, "200", NULL, "\0\0\0", 3, "", false);
    tunnel_seed("keep", 1, "", NULL, NULL, 0, "", true);
    tunnel_seed("http_503", 1, "503", NULL, "x", 1, "", false);
    tunnel_seed("err", 1, "", NULL, NULL, 0, "connection refused", false);
    tunnel_seed("nothing", 1, "", NULL, NULL, 0, "", false);
    tunnel_seed("compressed", 1, "200", "0", "\1\0\0\0\2ok", 7, "", false);
    tunnel_seed("bad_length", 1, "200", "0", "\0\0\0\0\3ok", 7, "", false);
    tunnel_seed("odd_status", 1, "200", "5012", NULL, 0, "", false);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    server_seeds();
    frame_seeds();
    client_seeds();
    tunnel_seeds();
    return 0;
}
