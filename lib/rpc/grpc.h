// SPDX-License-Identifier: BSD-3-Clause
// The parts of "gRPC over HTTP/2" that are text and framing: grpc-timeout, grpc-message, the 5-byte
// message prefix, HTTP status mapping. I/O-free, no state beyond the structures passed in.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// A growing byte buffer. Zero-initialise; rpc_buf_free releases it.
struct rpc_buf {
    uint8_t *data; // owned
    size_t len, cap;
};
enum err rpc_buf_reserve(struct rpc_buf *buf, size_t more); // room for `more` bytes after len
enum err rpc_buf_append(struct rpc_buf *buf, const void *data, size_t len);
void rpc_buf_free(struct rpc_buf *buf);
// Empties the buffer; gives memory beyond keep bytes back.
void rpc_buf_reset(struct rpc_buf *buf, size_t keep);

#define RPC_PREFIX_LEN 5
void rpc_prefix_write(uint8_t out[RPC_PREFIX_LEN], uint32_t len); // uncompressed

// Takes the messages out of a stream of bytes that arrives in arbitrary pieces.
struct rpc_deframer {
    uint8_t prefix[RPC_PREFIX_LEN];
    uint8_t have;        // bytes of prefix
    uint32_t want;       // length of the message under way, valid when have == 5
    struct rpc_buf body; // the message under way
};
// Consumes from data; *used says how much. *complete: a whole message is in body (take it, then
// call rpc_deframer_next). ERR_RPC_TOO_LARGE: longer than max; ERR_UNSUPPORTED: compressed;
// ERR_RPC_PROTOCOL: the flag byte is neither 0 nor 1; ERR_NOMEM.
enum err rpc_deframe(struct rpc_deframer *d, uint32_t max, const uint8_t *data, size_t len,
                     size_t *used, bool *complete);
void rpc_deframer_next(struct rpc_deframer *d, size_t keep);
bool rpc_deframer_idle(const struct rpc_deframer *d); // nothing of a next message has arrived

// grpc-timeout: 1..8 digits and one of H M S m u n. Result in nanoseconds, saturated at ~31 years.
enum err rpc_timeout_parse(const char *text, size_t len, int64_t *ns);
// Shortest unit that fits 8 digits; ns < 0 counts as 0. out is NUL-terminated.
void rpc_timeout_format(int64_t ns, char out[12]);

// grpc-message percent-encoding: bytes outside 0x20..0x7e and '%' become %XX. Truncates to size.
// Returns the length written, without the NUL that is always added (size >= 1).
size_t rpc_message_encode(const char *text, char *out, size_t size);
// The reverse; broken escapes are kept as they are; control characters become '?'.
size_t rpc_message_decode(const char *text, size_t len, char *out, size_t size);

// grpc-status text "0".."16" (other numbers, signs and garbage give UNKNOWN).
int rpc_status_parse(const char *text, size_t len);
// gRPC doc http-grpc-status-mapping: for answers that carry no grpc-status.
int rpc_status_from_http(int http);
// Error code of RST_STREAM or GOAWAY, RFC 9113 §7, as the caller's status.
int rpc_status_from_h2(uint32_t error_code);
