// SPDX-License-Identifier: BSD-3-Clause
// Bytes between a socket and a protocol core (see wire.h).
#include "rpc/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "rpc/tls.h"

#define TLS_READS_PER_TURN 4

enum err rpc_wire_io_init(struct rpc_wire_io *io, size_t in_size, size_t out_size)
{
    *io = (struct rpc_wire_io){.in_size = in_size, .out_size = out_size};
    io->in = malloc(in_size);
    io->out = malloc(out_size);
    if (io->in && io->out)
        return ERR_OK;
    rpc_wire_io_fini(io);
    return ERR_NOMEM;
}

void rpc_wire_io_fini(struct rpc_wire_io *io)
{
    free(io->in);
    free(io->out);
    *io = (struct rpc_wire_io){0};
}

static void release(struct rpc_wire *wire)
{
    if (wire->fd < 0)
        return;
    event_del(&wire->readable);
    event_del(&wire->writable);
    event_del(&wire->flush);
    SSL_free(wire->ssl);
    wire->ssl = NULL;
    close(wire->fd);
    wire->fd = -1;
    rpc_buf_free(&wire->left);
}

void rpc_wire_abort(struct rpc_wire *wire)
{
    release(wire);
}

void rpc_wire_kick(struct rpc_wire *wire)
{
    if (wire->fd >= 0)
        event_active(&wire->flush, EV_TIMEOUT, 0);
}

void rpc_wire_close(struct rpc_wire *wire, enum rpc_wire_end end, const char *detail)
{
    if (wire->fd < 0 || wire->closing)
        return;
    wire->closing = true;
    wire->end = end;
    snprintf(wire->detail, sizeof(wire->detail), "%s", detail ? detail : "");
    event_del(&wire->readable);
    event_del(&wire->writable);
    rpc_wire_kick(wire);
}

void rpc_wire_finish(struct rpc_wire *wire)
{
    if (wire->fd < 0 || wire->closing)
        return;
    wire->finishing = true;
    event_del(&wire->readable);
    rpc_wire_kick(wire);
}

static void fail_errno(struct rpc_wire *wire, int errnum)
{
    char text[64];
    rpc_wire_close(wire, RPC_WIRE_IO, strerror_r(errnum, text, sizeof(text)));
}

// ---- TLS ----

static void closed_by_peer(struct rpc_wire *wire)
{
    if (wire->handshaking)
        rpc_wire_close(wire, RPC_WIRE_TLS, "closed_by_peer");
    else
        rpc_wire_close(wire, RPC_WIRE_EOF, NULL);
}

// What an SSL call that did not succeed means. True: it was fatal and the wire is closing.
static bool tls_failed(struct rpc_wire *wire, int rv, bool *wants_write)
{
    int saved = errno;
    *wants_write = false;
    switch (SSL_get_error(wire->ssl, rv)) {
    case SSL_ERROR_WANT_READ:
        return false;
    case SSL_ERROR_WANT_WRITE:
        *wants_write = true;
        return false;
    case SSL_ERROR_ZERO_RETURN:
        closed_by_peer(wire);
        return true;
    case SSL_ERROR_SYSCALL:
        if (saved)
            fail_errno(wire, saved);
        else
            closed_by_peer(wire);
        return true;
    default:
        rpc_wire_close(wire, RPC_WIRE_TLS, rpc_tls_failure(wire->ssl));
        return true;
    }
}

static void up(struct rpc_wire *wire)
{
    wire->up = true;
    wire->ops->ready(wire);
    rpc_wire_kick(wire);
}

static void handshake(struct rpc_wire *wire)
{
    bool wants_write;
    ERR_clear_error();
    errno = 0;
    int rv = SSL_do_handshake(wire->ssl);
    if (rv != 1) {
        if (!tls_failed(wire, rv, &wants_write) && wants_write)
            event_add(&wire->writable, NULL);
        return;
    }
    wire->handshaking = false;
    if (!rpc_tls_alpn_ok(wire->ssl)) {
        rpc_wire_close(wire, RPC_WIRE_TLS, "no_alpn");
        return;
    }
    up(wire);
    // what came with the last message of the handshake: the kernel does not have it any more
    if (!wire->closing && SSL_has_pending(wire->ssl))
        event_active(&wire->readable, EV_READ, 0);
}

// ---- input ----

static bool deliver(struct rpc_wire *wire, size_t n)
{
    wire->rx_bytes += n;
    if (wire->ops->bytes(wire, wire->io->in, n))
        rpc_wire_kick(wire);
    else
        rpc_wire_finish(wire);
    return !wire->finishing && !wire->closing;
}

static void read_plain(struct rpc_wire *wire)
{
    ssize_t n = recv(wire->fd, wire->io->in, wire->io->in_size, 0);
    if (n > 0)
        deliver(wire, (size_t)n);
    else if (n == 0)
        rpc_wire_close(wire, RPC_WIRE_EOF, NULL);
    else if (errno != EAGAIN && errno != EINTR)
        fail_errno(wire, errno);
}

// Gathers what OpenSSL has, at most the buffer. Sets *n. False: it failed and the wire is closing.
static bool gather_tls(struct rpc_wire *wire, size_t *n)
{
    bool wants_write;
    *n = 0;
    // a record holds at most 16 KiB; what the kernel still has waits for the next turn
    while (*n + SSL3_RT_MAX_PLAIN_LENGTH <= wire->io->in_size) {
        if (*n && !SSL_has_pending(wire->ssl))
            return true;
        ERR_clear_error();
        errno = 0;
        int rv = SSL_read(wire->ssl, wire->io->in + *n, (int)(wire->io->in_size - *n));
        if (rv > 0) {
            *n += (size_t)rv;
            continue;
        }
        if (*n) { // first what is there; then back here, unless it was just the end of the data
            if (SSL_get_error(wire->ssl, rv) != SSL_ERROR_WANT_READ)
                event_active(&wire->readable, EV_READ, 0);
            return true;
        }
        if (tls_failed(wire, rv, &wants_write))
            return false;
        if (wants_write)
            event_add(&wire->writable, NULL);
        return true;
    }
    return true;
}

static void read_tls(struct rpc_wire *wire)
{
    for (int i = 0; i < TLS_READS_PER_TURN; i++) {
        size_t n;
        if (!gather_tls(wire, &n) || !n || !deliver(wire, n))
            return;
        if (!SSL_has_pending(wire->ssl))
            return;
    }
    event_active(&wire->readable, EV_READ, 0); // others have their turn first
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct rpc_wire *wire = arg;
    if (wire->closing)
        return;
    if (wire->handshaking) {
        handshake(wire);
        return;
    }
    if (wire->write_wants_read) {
        wire->write_wants_read = false;
        rpc_wire_kick(wire);
    }
    if (wire->ssl)
        read_tls(wire);
    else
        read_plain(wire);
}

// ---- output ----

static void blocked(struct rpc_wire *wire)
{
    if (!wire->blocked_ns)
        wire->blocked_ns = base_now_ns();
    wire->wait_writable = true;
    event_add(&wire->writable, NULL);
}

// Writes some; *n is how much. False: nothing more can be written now.
static bool write_some(struct rpc_wire *wire, const uint8_t *data, size_t len, size_t *n)
{
    *n = 0;
    errno = 0;
    if (!wire->ssl) {
        ssize_t got = send(wire->fd, data, len, MSG_NOSIGNAL);
        if (got >= 0) {
            *n = (size_t)got;
            wire->tx_bytes += *n;
            wire->blocked_ns = 0;
            return true;
        }
        if (errno == EAGAIN || errno == EINTR)
            blocked(wire);
        else
            fail_errno(wire, errno);
        return false;
    }
    bool wants_write;
    ERR_clear_error();
    int rv = SSL_write(wire->ssl, data, (int)len);
    if (rv > 0) {
        *n = (size_t)rv;
        wire->tx_bytes += *n;
        wire->blocked_ns = 0;
        return true;
    }
    if (tls_failed(wire, rv, &wants_write))
        return false;
    if (wants_write)
        blocked(wire);
    else if (wire->finishing)
        rpc_wire_close(wire, RPC_WIRE_LOCAL, NULL);
    else
        wire->write_wants_read = true;
    return false;
}

// Writes all of it; what could not be written stays in left. False: blocked or closing.
static bool write_all(struct rpc_wire *wire, const uint8_t *data, size_t len)
{
    size_t at = 0, n;
    while (at < len && write_some(wire, data + at, len - at, &n))
        at += n;
    if (at == len)
        return true;
    if (!wire->closing && rpc_buf_append(&wire->left, data + at, len - at))
        rpc_wire_close(wire, RPC_WIRE_IO, "out of memory");
    return false;
}

static bool write_left(struct rpc_wire *wire)
{
    size_t n;
    while (wire->left_at < wire->left.len) {
        if (!write_some(wire, wire->left.data + wire->left_at, wire->left.len - wire->left_at, &n))
            return false;
        wire->left_at += n;
    }
    rpc_buf_free(&wire->left);
    wire->left_at = 0;
    return true;
}

static void write_output(struct rpc_wire *wire)
{
    if (!write_left(wire))
        return;
    for (;;) {
        size_t n = wire->ops->fill(wire, wire->io->out, wire->io->out_size);
        if (!n)
            break;
        if (!write_all(wire, wire->io->out, n))
            return;
    }
    if (wire->finishing || wire->ops->done(wire)) {
        if (wire->ssl)
            SSL_shutdown(wire->ssl);
        rpc_wire_close(wire, RPC_WIRE_LOCAL, NULL);
    }
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    struct rpc_wire *wire = arg;
    if (!wire->closing && wire->up && !wire->wait_writable)
        write_output(wire);
    if (!wire->closing)
        return;
    release(wire);
    wire->ops->closed(wire, wire->end, wire->detail);
}

static void connected(struct rpc_wire *wire)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error) {
        fail_errno(wire, error);
        return;
    }
    wire->connecting = false;
    event_add(&wire->readable, NULL);
    if (wire->ssl)
        handshake(wire);
    else
        up(wire);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct rpc_wire *wire = arg;
    if (wire->closing)
        return;
    wire->wait_writable = false;
    if (wire->connecting)
        connected(wire);
    else if (wire->handshaking)
        handshake(wire);
    else
        rpc_wire_kick(wire);
}

// ---- life ----

static enum err init(struct rpc_wire *wire, struct base_loop *loop, struct rpc_wire_io *io, int fd,
                     SSL_CTX *ssl_ctx, const struct rpc_wire_ops *ops, void *ctx)
{
    struct event_base *base = base_loop_event_base(loop);
    *wire = (struct rpc_wire){.ops = ops, .ctx = ctx, .loop = loop, .io = io, .fd = -1};
    if (ssl_ctx) {
        wire->ssl = SSL_new(ssl_ctx);
        if (!wire->ssl || !SSL_set_fd(wire->ssl, fd)) {
            SSL_free(wire->ssl);
            return ERR_NOMEM;
        }
        wire->handshaking = true;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); // fails on UNIX sockets, rightly
    wire->fd = fd;
    event_assign(&wire->readable, base, fd, EV_READ | EV_PERSIST, on_readable, wire);
    event_assign(&wire->writable, base, fd, EV_WRITE, on_writable, wire);
    event_assign(&wire->flush, base, -1, 0, on_flush, wire);
    return ERR_OK;
}

enum err rpc_wire_accept(struct rpc_wire *wire, struct base_loop *loop, struct rpc_wire_io *io,
                         int fd, SSL_CTX *ssl_ctx, const struct rpc_wire_ops *ops, void *ctx)
{
    enum err err = init(wire, loop, io, fd, ssl_ctx, ops, ctx);
    if (err)
        return err;
    if (wire->ssl)
        SSL_set_accept_state(wire->ssl);
    event_add(&wire->readable, NULL);
    if (!wire->ssl)
        up(wire);
    return ERR_OK;
}

enum err rpc_wire_connect(struct rpc_wire *wire, struct base_loop *loop, struct rpc_wire_io *io,
                          int fd, SSL_CTX *ssl_ctx, const char *server_name,
                          const struct rpc_wire_ops *ops, void *ctx)
{
    enum err err = init(wire, loop, io, fd, ssl_ctx, ops, ctx);
    if (err)
        return err;
    if (wire->ssl) {
        err = rpc_tls_expect(wire->ssl, server_name);
        if (err) {
            SSL_free(wire->ssl);
            wire->ssl = NULL;
            wire->fd = -1;
            return err;
        }
        SSL_set_connect_state(wire->ssl);
    }
    wire->connecting = true;
    event_add(&wire->writable, NULL);
    return ERR_OK;
}
