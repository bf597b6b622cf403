// SPDX-License-Identifier: BSD-3-Clause
// A request of the core on its way to an access gateway: what the procedures of every Diameter
// interface have alike. The request is decoded strictly, the access gateway is found and called
// through its tunnel, its answer becomes ours. Not for translation and not for what a result means.
// Everything runs on the request's loop; the transaction owns one arena.
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "diameter/xlate.h"
#include "fgw/gateway.h"
#include "fgw/route.h"
#include "fgw/verdict.h"

struct fgw_down;
// As the settings are now.
struct fgw_down_options {
    const char *service;     // of access gateways
    int64_t timeout_ms;      // longest wait for one
    bool vendor_application; // Vendor-Specific-Application-Id in answers
};
struct fgw_down_interface {
    const char *name; // "swx"
    struct base_log_cat *log;
    uint32_t application;
    struct fgw_down_options (*options)(void);
    const struct fgw_core_result *unknown; // what nobody knows is answered with
    bool whole_errors; // errors of the protocol (3xxx) with all AVPs of an answer, too
};
struct fgw_down_procedure {
    const struct fgw_down_interface *interface;
    const char *name; // "RTR"
    uint32_t command;
    const struct xlate_table *(*table)(void); // of the request
    // The request is decoded. Leads to fgw_down_end, now or later.
    void (*run)(struct fgw_down *t);
};

struct fgw_down {
    const struct fgw_down_procedure *procedure;
    struct dia_inbound *inbound; // NULL once answered
    struct base_loop *loop;
    struct base_arena *arena;
    ProtobufCMessage *request;
    struct base_imsi imsi; // filled by the procedure, for log and calls
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    const char *peer; // valid until the answer
    int64_t started_ns;
};

// Registers the procedure's command with the stack.
enum err fgw_down_accept(const struct fgw_down_procedure *procedure);
// Calls a method of t->gateway with a message, within the time the core grants. done exactly once,
// later, if ERR_OK is returned.
enum err fgw_down_call(struct fgw_down *t, const char *path, const ProtobufCMessage *message,
                       rpc_tunnel_done done, void *ctx);
// The result of a call, as far as error and gRPC status say it.
struct fgw_core_result fgw_down_outcome(const struct fgw_down *t,
                                        const struct rpc_tunnel_result *result);
// Answers (body by table, both may be NULL), counts and logs; does nothing once answered. The
// transaction lives on until fgw_down_free.
void fgw_down_answer(struct fgw_down *t, const struct fgw_core_result *result,
                     const struct xlate_table *table, const ProtobufCMessage *body);
void fgw_down_free(struct fgw_down *t);
// Both at once.
void fgw_down_end(struct fgw_down *t, const struct fgw_core_result *result,
                  const struct xlate_table *table, const ProtobufCMessage *body);
