// SPDX-License-Identifier: BSD-3-Clause
// A call of an access gateway on its way to the core: what the procedures of every Diameter
// interface have alike. The interface reads the call, sends one request after the other (at most
// one is under way), and ends with one reply. Not for translation and not for what a result means.
// Everything runs on the call's loop; the transaction owns one arena and dies with fgw_up_free.
#pragma once

#include "base/arena.h"
#include "base/handle.h"
#include "base/log.h"
#include "diameter/xlate.h"
#include "fgw/gateway.h"
#include "fgw/route.h"
#include "fgw/verdict.h"

struct fgw_up;
struct fgw_up_interface {
    const char *name; // "swx": label of the counters
    struct base_log_cat *log;
};
// The outcome of the request under way. The callee replies and frees, or sends the next request.
typedef void (*fgw_up_answered)(struct fgw_up *up, const struct dia_outcome *outcome);

struct fgw_up {
    const struct fgw_up_interface *interface;
    const char *procedure; // label of the counters; static
    struct rpc_call *call; // NULL once replied
    struct base_loop *loop;
    struct base_arena *arena;
    ProtobufCMessage *request; // the call's message
    void *own;                 // the interface's part, zeroed at first
    struct base_imsi imsi;     // len 0: not known (yet)
    // The outcome matters even if the caller goes away: then it is awaited, with call == NULL.
    bool finish_unseen;
    base_handle sent; // 0: nothing is under way
    fgw_up_answered answered;
    int64_t started_ns;
    int64_t deadline_ns; // the caller's
    const char *gateway; // valid until the reply
    const char *peer;    // that answered last; "" if none
};

// Begins with a call: unpacks its message, allocates own_size bytes for the interface. NULL: the
// call could not be read and has been answered.
struct fgw_up *fgw_up_begin(const struct fgw_up_interface *interface, const char *procedure,
                            struct rpc_call *call, const ProtobufCMessageDescriptor *type,
                            size_t own_size);
// Takes the IMSI of a user name. ERR_ENCODE_VALUE: it is none.
enum err fgw_up_imsi(struct fgw_up *up, const char *user_name);
// Milliseconds until the caller gives up; not positive: it has. Without a caller: no end.
int64_t fgw_up_left_ms(const struct fgw_up *up);
// Sends; answered is called once, later. Takes *msg over in every case. timeout_ms is cut at the
// caller's deadline. procedure: static, for the stack's metrics.
enum err fgw_up_send(struct fgw_up *up, struct msg **msg, const char *procedure, int64_t timeout_ms,
                     fgw_up_answered answered);
// Ends the call with a gRPC failure; counts and logs. text: for the caller, may be "". The
// transaction lives on until fgw_up_free.
void fgw_up_fail(struct fgw_up *up, const struct fgw_verdict *verdict, const char *text);
// Ends the call with a message. verdict: its label is counted.
void fgw_up_reply(struct fgw_up *up, const struct fgw_verdict *verdict,
                  const ProtobufCMessage *reply);
void fgw_up_free(struct fgw_up *up);
// Logs what of an answer was decoded leniently. what: the message's name.
void fgw_up_quirks(const struct fgw_up *up, const char *what, const struct xlate_ctx *ctx);
