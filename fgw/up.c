// SPDX-License-Identifier: BSD-3-Clause
#include "fgw/up.h"

#include <string.h>

#include "base/clock.h"
#include "rpc/status.h"

static void account(const struct fgw_up *up, const struct fgw_verdict *verdict, const char *detail)
{
    int64_t elapsed = base_now_ns() - up->started_ns;
    const struct base_log_subject subject = {.imsi = up->imsi.len ? up->imsi.digits : NULL,
                                             .agw = up->gateway,
                                             .peer = up->peer[0] ? up->peer : NULL};
    fgw_count(up->interface->name, up->procedure, FGW_UP, up->peer, verdict->label, elapsed);
    base_log(up->interface->log, BASE_LOG_INFO, &subject, "%s %s%s%s, %.3f ms", up->procedure,
             verdict->label, detail[0] ? ": " : "", detail, (double)elapsed / 1e6);
}

void fgw_up_free(struct fgw_up *up)
{
    base_arena_free(up->arena);
}

void fgw_up_fail(struct fgw_up *up, const struct fgw_verdict *verdict, const char *text)
{
    account(up, verdict, text);
    if (up->call)
        rpc_call_reply(up->call, verdict->status, text[0] ? text : verdict->label, NULL, 0);
    up->call = NULL;
    up->gateway = "";
}

void fgw_up_reply(struct fgw_up *up, const struct fgw_verdict *verdict,
                  const ProtobufCMessage *reply)
{
    size_t len = protobuf_c_message_get_packed_size(reply);
    uint8_t *bytes = base_arena_alloc(up->arena, len ? len : 1);
    if (!bytes) {
        const struct fgw_verdict full = fgw_verdict_of_err(ERR_NOMEM);
        fgw_up_fail(up, &full, "answer is too large");
        return;
    }
    protobuf_c_message_pack(reply, bytes);
    account(up, verdict, "");
    if (up->call)
        rpc_call_reply(up->call, RPC_OK, NULL, bytes, len);
    up->call = NULL;
    up->gateway = "";
}

static const char *keep(struct fgw_up *up, const char *text)
{
    return base_arena_strndup(up->arena, text, strlen(text));
}

// The caller is gone.
static void cancelled(struct rpc_call *call, void *arg)
{
    struct fgw_up *up = arg;
    const struct fgw_verdict verdict = fgw_verdict_of_err(ERR_CANCELLED);
    const char *gateway = up->finish_unseen ? keep(up, up->gateway) : NULL;
    if (gateway) { // without it nothing could be done with the outcome
        up->gateway = gateway;
        rpc_call_reply(call, verdict.status, verdict.label, NULL, 0);
        up->call = NULL;
        return;
    }
    if (up->sent)
        dia_cancel(up->loop, up->sent);
    fgw_up_fail(up, &verdict, "");
    fgw_up_free(up);
}

static void outcome(void *ctx, const struct dia_outcome *outcome)
{
    struct fgw_up *up = ctx;
    up->sent = 0;
    if (outcome->peer)
        up->peer = outcome->peer; // valid for this callback
    up->answered(up, outcome);
}

enum err fgw_up_send(struct fgw_up *up, struct msg **msg, const char *procedure, int64_t timeout_ms,
                     fgw_up_answered answered)
{
    int64_t left_ms = fgw_up_left_ms(up);
    const struct dia_send_options options = {
        .timeout_ms = left_ms < timeout_ms ? left_ms : timeout_ms,
        .procedure = procedure,
    };
    enum err err = ERR_TIMEOUT;
    const char *peer = up->peer[0] ? keep(up, up->peer) : "";
    up->peer = peer ? peer : "";
    if (left_ms > 0) {
        up->answered = answered;
        err = dia_send(up->loop, msg, &options, outcome, up, &up->sent);
    }
    if (err != ERR_OK)
        up->sent = 0;
    if (*msg)
        fd_msg_free(*msg);
    *msg = NULL;
    return err;
}

// Without a caller only the interface's own timeout counts.
int64_t fgw_up_left_ms(const struct fgw_up *up)
{
    return up->call ? base_ms_until(up->deadline_ns) : INT64_MAX;
}

enum err fgw_up_imsi(struct fgw_up *up, const char *user_name)
{
    const char *text = user_name ? user_name : "";
    if (base_imsi_parse(text, strlen(text), &up->imsi) == ERR_OK)
        return ERR_OK;
    memset(&up->imsi, 0, sizeof(up->imsi));
    return ERR_ENCODE_VALUE;
}

struct fgw_up *fgw_up_begin(const struct fgw_up_interface *interface, const char *procedure,
                            struct rpc_call *call, const ProtobufCMessageDescriptor *type,
                            size_t own_size)
{
    struct base_arena *arena = base_arena_new(4096, 0);
    struct fgw_up *up = arena ? base_arena_zalloc(arena, sizeof(*up)) : NULL;
    void *own = up ? base_arena_zalloc(arena, own_size ? own_size : 1) : NULL;
    size_t len;
    if (!own) {
        base_arena_free(arena);
        fgw_count(interface->name, procedure, FGW_UP, "", "busy", 0);
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
        return NULL;
    }
    up->interface = interface;
    up->procedure = procedure;
    up->call = call;
    up->loop = rpc_call_loop(call);
    up->arena = arena;
    up->own = own;
    up->started_ns = base_now_ns();
    up->deadline_ns = rpc_call_deadline_ns(call);
    up->gateway = rpc_call_gateway(call);
    up->peer = "";
    const uint8_t *bytes = rpc_call_request(call, &len);
    up->request = protobuf_c_message_unpack(type, base_arena_protobuf(arena), len, bytes);
    if (!up->request) {
        const struct fgw_verdict verdict = fgw_verdict_of_err(ERR_ENCODE_VALUE);
        fgw_up_fail(up, &verdict, "request is not a valid protobuf message, or too large");
        fgw_up_free(up);
        return NULL;
    }
    rpc_call_on_cancel(call, cancelled, up);
    return up;
}

void fgw_up_quirks(const struct fgw_up *up, const char *what, const struct xlate_ctx *ctx)
{
    const struct base_log_subject subject = {
        .imsi = up->imsi.digits, .agw = up->gateway, .peer = up->peer};
    if (ctx->dropped)
        base_log_limited(up->interface->log, BASE_LOG_WARN, &subject,
                         "%s: %u AVPs could not be read and were dropped, the first is %s", what,
                         ctx->dropped, dia_dict_avp_name(ctx->dropped_avp));
    if (ctx->unknown_mandatory)
        base_log_limited(up->interface->log, BASE_LOG_WARN, &subject,
                         "%s: %u unknown AVPs with the M bit, the first is %s", what,
                         ctx->unknown_mandatory, dia_dict_avp_name(dia_avp_ident(ctx->unknown)));
}
