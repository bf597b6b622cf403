// SPDX-License-Identifier: BSD-3-Clause
#include "fgw/notice.h"

#include "base/arena.h"
#include "base/clock.h"

// One that has been sent; in its arena, as its message is.
struct sent {
    struct fgw_notice notice;
    struct base_imsi imsi;
    struct base_arena *arena;
    int64_t started_ns;
};

static void end(struct sent *s, const struct fgw_core_result *result)
{
    const struct fgw_notice *n = &s->notice;
    const struct base_log_subject subject = {.imsi = s->imsi.digits, .agw = n->gateway};
    fgw_count(n->interface, n->procedure, FGW_DOWN, "", result->label,
              base_now_ns() - s->started_ns);
    base_log(n->log, BASE_LOG_INFO, &subject, "%s: %s", n->text, result->label);
    base_arena_free(s->arena);
}

static void answered(void *ctx, const struct rpc_tunnel_result *result)
{
    struct sent *s = ctx;
    const struct fgw_core_result core = result->err == ERR_OK
                                            ? fgw_core_of_status(result->status, s->notice.unknown)
                                            : fgw_core_of_err(result->err, s->notice.unknown);
    end(s, &core);
}

static enum err call(struct base_loop *loop, struct sent *s)
{
    const struct fgw_notice *n = &s->notice;
    size_t len = protobuf_c_message_get_packed_size(n->message);
    uint8_t *packed = base_arena_alloc(s->arena, len);
    if (!packed)
        return ERR_NOMEM;
    protobuf_c_message_pack(n->message, packed);
    const struct rpc_tunnel_call c = {
        .gateway = n->gateway,
        .service = n->service,
        .path = n->path,
        .message = packed,
        .len = len,
        .timeout_ms = n->timeout_ms,
    };
    return fgw_agw_call(loop, &c, answered, s);
}

void fgw_notice_send(struct base_loop *loop, const struct fgw_notice *notice)
{
    struct base_arena *arena = base_arena_new(0, 0);
    struct sent *s = arena ? base_arena_zalloc(arena, sizeof(*s)) : NULL;
    const char *gateway = s ? base_arena_strndup(arena, notice->gateway, FGW_GATEWAY_ID_MAX) : NULL;
    if (!gateway) {
        base_arena_free(arena);
        return;
    }
    *s = (struct sent){.notice = *notice, .imsi = *notice->imsi, .arena = arena};
    s->notice.gateway = gateway;
    s->notice.imsi = &s->imsi;
    s->started_ns = base_now_ns();
    enum err err = call(loop, s);
    s->notice.message = NULL; // the caller's
    if (err != ERR_OK) {
        const struct fgw_core_result core = fgw_core_of_err(err, notice->unknown);
        end(s, &core);
    }
}
