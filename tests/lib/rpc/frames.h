// SPDX-License-Identifier: BSD-3-Clause
// HTTP/2 frames by hand, independent of nghttp2's session: what a peer sends byte by byte, and
// reading what the other side answers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LEN 24

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
       CONTINUATION };
#define END_STREAM 0x1
#define ACK 0x1
#define END_HEADERS 0x4

// Bytes under construction.
struct bytes {
    uint8_t *data;
    size_t len, cap;
};
void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_free(struct bytes *b);

void put_frame(struct bytes *b, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
               size_t len);
void put_greeting(struct bytes *b); // preface and empty SETTINGS
// A header field, literal without indexing, no Huffman.
void put_field(struct bytes *block, const char *name, const char *value);
// The fields of a proper gRPC request.
void put_request_fields(struct bytes *block, const char *path);
// HEADERS of a proper request; end: END_STREAM.
void put_request(struct bytes *b, uint32_t stream, const char *path, bool end);
// DATA with a gRPC message; end: END_STREAM.
void put_message(struct bytes *b, uint32_t stream, const void *message, size_t len, bool end);

// What came back on the wire, collected per kind.
#define STREAMS 64
struct heard {
    struct {
        int headers, http_status, grpc_status; // -1: not seen
        char grpc_message[256], content_type[64], accept_encoding[32];
        uint8_t body[4096];
        size_t body_len;
        bool ended, reset;
        uint32_t reset_code;
    } stream[STREAMS];
    int settings, settings_acks, pings, ping_acks, goaways;
    uint32_t goaway_code, goaway_last;
    void *inflater;
    struct bytes rest; // an incomplete frame
};
void heard_init(struct heard *heard);
void heard_free(struct heard *heard);
void heard_feed(struct heard *heard, const uint8_t *data, size_t len);
