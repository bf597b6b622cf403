// SPDX-License-Identifier: BSD-3-Clause
// The one error enumeration of the project. Functions return `enum err`, 0 is success.
// Not for protocol result codes (Diameter Result-Code, gRPC status): tables map those to and from
// this.
#pragma once

#include <stdbool.h>

// X(name, value, fault, text). fault: who can do something about it.
//   SELF  our own condition, PEER  the other side sent something wrong,
//   RETRY the same call may succeed later, CONF  the operator must change a setting.
#define ERR_TABLE(X)                                                                        \
    X(OK, 0, SELF, "success")                                                               \
    /* 1..99: any room */                                                                   \
    X(NOMEM, 1, RETRY, "out of memory")                                                     \
    X(IO, 2, RETRY, "input/output error")                                                   \
    X(AGAIN, 3, RETRY, "not ready, try again")                                              \
    X(EXISTS, 4, SELF, "already exists")                                                    \
    X(NOT_FOUND, 5, SELF, "not found")                                                      \
    X(INVALID, 6, SELF, "invalid argument")                                                 \
    X(RANGE, 7, SELF, "value out of range")                                                 \
    X(FULL, 8, RETRY, "queue or table is full")                                             \
    X(CLOSED, 9, RETRY, "connection closed")                                                \
    X(TIMEOUT, 10, RETRY, "timed out")                                                      \
    X(CANCELLED, 11, SELF, "cancelled")                                                     \
    X(UNSUPPORTED, 12, SELF, "not supported")                                               \
    X(DENIED, 13, SELF, "not allowed")                                                      \
    X(SHUTDOWN, 14, RETRY, "shutting down")                                                 \
    X(STALE, 15, SELF, "handle is no longer valid")                                         \
    X(INTERNAL, 16, SELF, "internal error")                                                 \
    X(WRONG_STATE, 17, SELF, "not possible in this state")                                  \
    /* 100..199: configuration */                                                           \
    X(CONF_SYNTAX, 100, CONF, "configuration syntax error")                                 \
    X(CONF_TYPE, 101, CONF, "setting has the wrong type")                                   \
    X(CONF_MISSING, 102, CONF, "required setting is missing")                               \
    X(CONF_RANGE, 103, CONF, "setting is out of range")                                     \
    X(CONF_UNKNOWN, 104, CONF, "unknown setting")                                           \
    /* 200..299: decoding what a peer sent, encoding what we send */                        \
    X(DECODE_TRUNCATED, 200, PEER, "message is truncated")                                  \
    X(DECODE_LENGTH, 201, PEER, "field has a wrong length")                                 \
    X(DECODE_VALUE, 202, PEER, "field has a wrong value")                                   \
    X(DECODE_MISSING, 203, PEER, "mandatory field is missing")                              \
    X(DECODE_DUPLICATE, 204, PEER, "field occurs too often")                                \
    X(DECODE_UNKNOWN, 205, PEER, "unknown mandatory field")                                 \
    X(DECODE_SYNTAX, 206, PEER, "syntax error")                                             \
    X(ENCODE_SPACE, 220, SELF, "message too large to encode")                               \
    X(ENCODE_VALUE, 221, SELF, "value cannot be encoded")                                   \
    /* 300..399: rpc */                                                                     \
    X(RPC_PROTOCOL, 300, PEER, "HTTP/2 or gRPC protocol error")                             \
    X(RPC_TOO_LARGE, 301, PEER, "message exceeds the size limit")                           \
    X(RPC_REFUSED, 302, RETRY, "refused: limit reached")                                    \
    X(RPC_TLS, 303, PEER, "TLS failure")                                                    \
    X(RPC_STATUS, 304, PEER, "remote answered with an error status")                        \
    X(RPC_UNREACHABLE, 305, RETRY, "gateway is not connected")                              \
    /* 400..499: diameter */                                                                \
    X(DIA_NO_PEER, 400, RETRY, "no open Diameter peer for the destination")                 \
    X(DIA_BUSY, 401, RETRY, "too many Diameter requests in flight")                         \
    X(DIA_BAD_ANSWER, 402, PEER, "Diameter answer could not be parsed")                     \
    X(DIA_DICT, 403, CONF, "not in the Diameter dictionary")                                \
    X(DIA_LIBRARY, 404, SELF, "freeDiameter call failed")                                   \
    X(DIA_PEER_LOST, 405, RETRY, "Diameter peer lost before it answered")                   \
    /* 500..599: gateway */                                                                 \
    X(FGW_UNKNOWN_SUBSCRIBER, 500, SELF, "subscriber is not known here")                    \
    X(FGW_UNKNOWN_GATEWAY, 501, SELF, "access gateway is not known here")                   \
    X(FGW_PLMN_DENIED, 502, SELF, "PLMN not allowed for this access gateway")               \
    X(FGW_GATEWAY_UNREACHABLE, 503, RETRY, "access gateway does not answer")

enum err {
#define ERR_ENUM_(name, value, fault, text) ERR_##name = (value),
    ERR_TABLE(ERR_ENUM_)
#undef ERR_ENUM_
};

// Short English text ("queue or table is full"). Never NULL; unknown values give "unknown error".
const char *err_str(enum err err);

// Symbolic name without prefix ("FULL"), for metrics labels and logs. Never NULL.
const char *err_name(enum err err);

// The other side sent something wrong: answer with the protocol's own error, do not retry.
bool err_is_peer_fault(enum err err);

// The same call may succeed later or on another peer.
bool err_is_retryable(enum err err);

// Maps errno (positive) to the nearest enum err; 0 gives ERR_OK, the unknown ERR_IO.
enum err err_from_errno(int errnum);
