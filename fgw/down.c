// SPDX-License-Identifier: BSD-3-Clause
#include "fgw/down.h"

#include "base/clock.h"

// How long before the stack's own answer ours must be ready.
#define ANSWER_MARGIN_MS 200

static enum err fill_answer(const struct fgw_down *t, struct msg *answer,
                            const struct fgw_core_result *result, const struct xlate_table *table,
                            const ProtobufCMessage *body)
{
    const struct fgw_down_interface *interface = t->procedure->interface;
    struct xlate_ctx ctx = {.arena = t->arena};
    enum err err = ERR_OK;
    // Errors of the protocol have the format of RFC 6733 7.2, which names neither of the two AVPs
    // below: strict peers refuse them there.
    bool plain = result->vendor || result->code / 1000 != 3 || interface->whole_errors;
    if (plain && interface->options().vendor_application)
        err = dia_add_vendor_application(answer, interface->application);
    if (err == ERR_OK)
        err = dia_add_result(answer, result->vendor, result->code);
    if (err == ERR_OK && plain)
        err = dia_add_no_state(answer);
    if (err == ERR_OK && table && body)
        err = xlate_encode(table, body, answer, &ctx);
    return err;
}

static void account(const struct fgw_down *t, const struct fgw_core_result *result)
{
    const struct fgw_down_interface *interface = t->procedure->interface;
    int64_t elapsed = base_now_ns() - t->started_ns;
    const struct base_log_subject subject = {.imsi = t->imsi.len ? t->imsi.digits : NULL,
                                             .agw = t->gateway[0] ? t->gateway : NULL,
                                             .peer = t->peer};
    fgw_count(interface->name, t->procedure->name, FGW_DOWN, t->peer, result->label, elapsed);
    base_log(interface->log, BASE_LOG_INFO, &subject, "%s %s, %.3f ms", t->procedure->name,
             result->label, (double)elapsed / 1e6);
}

static enum err prepare(const struct fgw_down *t, const struct fgw_core_result *result,
                        const struct xlate_table *table, const ProtobufCMessage *body,
                        struct msg **answer)
{
    enum err err = dia_inbound_answer(t->inbound, answer);
    if (err == ERR_OK)
        err = fill_answer(t, *answer, result, table, body);
    if (err != ERR_OK)
        dia_inbound_take_back(t->inbound, answer);
    return err;
}

// failed: of the request's translation, NULL if there is nothing to say.
static void answer_with(struct fgw_down *t, const struct fgw_core_result *result,
                        const struct xlate_table *table, const ProtobufCMessage *body,
                        const struct xlate_ctx *failed)
{
    struct msg *answer = NULL;
    if (!t->inbound)
        return;
    enum err err = prepare(t, result, table, body, &answer);
    if (err != ERR_OK && body) { // the access gateway said something that Diameter cannot say
        result = &fgw_core_unable;
        err = prepare(t, result, NULL, NULL, &answer);
    }
    account(t, result);
    if (err == ERR_OK) {
        if (failed)
            xlate_add_failed(answer, failed); // without it the answer is still right
        dia_inbound_send(t->inbound, &answer);
    } else {
        dia_inbound_result(t->inbound, fgw_core_unable.vendor, fgw_core_unable.code);
    }
    t->inbound = NULL;
    t->peer = "";
}

void fgw_down_answer(struct fgw_down *t, const struct fgw_core_result *result,
                     const struct xlate_table *table, const ProtobufCMessage *body)
{
    answer_with(t, result, table, body, NULL);
}

void fgw_down_free(struct fgw_down *t)
{
    base_arena_free(t->arena);
}

void fgw_down_end(struct fgw_down *t, const struct fgw_core_result *result,
                  const struct xlate_table *table, const ProtobufCMessage *body)
{
    fgw_down_answer(t, result, table, body);
    fgw_down_free(t);
}

// Refuses a request that cannot be read, naming the AVP (RFC 6733 7.5).
static void refuse(struct fgw_down *t, enum err err, const struct xlate_ctx *ctx)
{
    uint32_t code = 5012;
    char where[200];
    const struct base_log_subject subject = {.peer = t->peer};
    if (err == ERR_DECODE_MISSING)
        code = 5005;
    else if (err == ERR_DECODE_LENGTH)
        code = 5014;
    else if (err_is_peer_fault(err))
        code = 5004;
    base_log_limited(t->procedure->interface->log, BASE_LOG_WARN, &subject, "%s refused: %s: %s",
                     t->procedure->name, xlate_where(ctx, where, sizeof(where)), err_str(err));
    const struct fgw_core_result result = {0, code, "invalid_request"};
    answer_with(t, &result, NULL, NULL, ctx);
    fgw_down_free(t);
}

enum err fgw_down_call(struct fgw_down *t, const char *path, const ProtobufCMessage *message,
                       rpc_tunnel_done done, void *ctx)
{
    const struct fgw_down_options options = t->procedure->interface->options();
    int64_t left_ms = base_ms_until(dia_inbound_deadline_ns(t->inbound)) - ANSWER_MARGIN_MS;
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = base_arena_alloc(t->arena, len ? len : 1);
    if (!packed)
        return ERR_NOMEM;
    if (left_ms <= 0)
        return ERR_TIMEOUT;
    protobuf_c_message_pack(message, packed);
    const struct rpc_tunnel_call call = {
        .gateway = t->gateway,
        .service = options.service,
        .path = path,
        .message = packed,
        .len = len,
        .timeout_ms = left_ms < options.timeout_ms ? left_ms : options.timeout_ms,
    };
    return fgw_agw_call(t->loop, &call, done, ctx);
}

struct fgw_core_result fgw_down_outcome(const struct fgw_down *t,
                                        const struct rpc_tunnel_result *result)
{
    const struct fgw_core_result *unknown = t->procedure->interface->unknown;
    return result->err == ERR_OK ? fgw_core_of_status(result->status, unknown)
                                 : fgw_core_of_err(result->err, unknown);
}

static void received(void *ctx, struct dia_inbound *inbound)
{
    const struct fgw_down_procedure *p = ctx;
    struct base_arena *arena = base_arena_new(4096, 0);
    struct fgw_down *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    if (!t) {
        base_arena_free(arena);
        dia_inbound_result(inbound, fgw_core_busy.vendor, fgw_core_busy.code);
        return;
    }
    t->inbound = inbound;
    t->procedure = p;
    t->loop = dia_inbound_loop(inbound);
    t->arena = arena;
    t->started_ns = base_now_ns();
    t->peer = dia_inbound_peer(inbound);
    struct xlate_ctx x = {.arena = arena};
    enum err err = xlate_decode(p->table(), dia_inbound_request(inbound), &x, &t->request);
    if (err == ERR_OK)
        p->run(t);
    else
        refuse(t, err, &x);
}

enum err fgw_down_accept(const struct fgw_down_procedure *procedure)
{
    return dia_accept(procedure->interface->application, procedure->command, received,
                      (void *)(uintptr_t)procedure);
}
