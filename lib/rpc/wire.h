// SPDX-License-Identifier: BSD-3-Clause
// A TCP (or UNIX) connection on a loop, with or without TLS, for a protocol core that deals in
// bytes. Output is collected once per turn of the loop and written in large pieces.
// Internal to the room. Not for HTTP/2 (h2.h), nor for certificates (tls.h). Loop thread only.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "rpc/grpc.h"

// Working memory shared by the connections of one thread: idle connections own no buffers.
struct rpc_wire_io {
    size_t in_size, out_size;
    uint8_t *in, *out;
};
enum err rpc_wire_io_init(struct rpc_wire_io *io, size_t in_size, size_t out_size);
void rpc_wire_io_fini(struct rpc_wire_io *io);

enum rpc_wire_end {
    RPC_WIRE_LOCAL, // rpc_wire_close
    RPC_WIRE_EOF,
    RPC_WIRE_IO,    // detail: errno text
    RPC_WIRE_TLS,   // detail: rpc_tls_failure label
};

struct rpc_wire;
struct rpc_wire_ops {
    void (*ready)(struct rpc_wire *wire); // connected, TLS established
    // Bytes have come. false: send what is there, then close.
    bool (*bytes)(struct rpc_wire *wire, const uint8_t *data, size_t len);
    size_t (*fill)(struct rpc_wire *wire, uint8_t *buf, size_t size); // 0: nothing to send
    bool (*done)(struct rpc_wire *wire); // everything is written: close?
    // Last call, never from inside another function of this header. The owner may free the wire.
    void (*closed)(struct rpc_wire *wire, enum rpc_wire_end end, const char *detail);
};

struct rpc_wire {
    const struct rpc_wire_ops *ops; // borrowed
    void *ctx;
    struct base_loop *loop;
    struct rpc_wire_io *io;         // borrowed
    int fd;
    SSL *ssl;
    struct event readable, writable, flush;
    bool connecting, handshaking, up;
    bool finishing;                 // no more input; close when output is written
    bool closing;
    bool write_wants_read;          // TLS
    bool wait_writable;             // the kernel's buffer is full
    struct rpc_buf left;            // collected, not yet written, from left_at
    size_t left_at;
    int64_t blocked_ns;             // output makes no progress since; 0: it is not blocked
    uint64_t rx_bytes, tx_bytes;
    enum rpc_wire_end end;
    char detail[96];
};

// Takes the descriptor (non-blocking) over. ssl_ctx NULL: cleartext, and ready is called before
// this returns. On error fd still belongs to the caller.
enum err rpc_wire_accept(struct rpc_wire *wire, struct base_loop *loop, struct rpc_wire_io *io,
                         int fd, SSL_CTX *ssl_ctx, const struct rpc_wire_ops *ops, void *ctx);
// fd: a socket whose connect() is in progress or done. server_name: checked against the
// certificate.
enum err rpc_wire_connect(struct rpc_wire *wire, struct base_loop *loop, struct rpc_wire_io *io,
                          int fd, SSL_CTX *ssl_ctx, const char *server_name,
                          const struct rpc_wire_ops *ops, void *ctx);
void rpc_wire_kick(struct rpc_wire *wire); // there may be output: collect at the end of this turn
void rpc_wire_finish(struct rpc_wire *wire); // no more input; closes when the output is written
// Closes without sending more; closed follows in this or the next turn.
void rpc_wire_close(struct rpc_wire *wire, enum rpc_wire_end end, const char *detail);
// Frees at once, without any callback; for tear-down when the loop does not run. Idempotent.
void rpc_wire_abort(struct rpc_wire *wire);
