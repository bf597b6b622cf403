// SPDX-License-Identifier: BSD-3-Clause
// Reset (TS 29.272 5.2.4.1): tells the access gateways that serve the named subscribers, a bounded
// number at a time. The HSS is answered when all have answered or its time is up; gateways that
// were not told by then still are. Not for other requests of the HSS (s6a_down.c).
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/s6a/s6a.h"
#include "proto/s6a.pb-c.h"
#include "rpc/status.h"

#define RESET_PATH "/magma.feg.S6aGatewayService/Reset"
#define ANSWER_MARGIN_MS 500 // the HSS is answered this long before the stack would do it

typedef Magma__Feg__ResetRequest RSR;

struct target {
    struct target *next;
    struct reset *reset;
    const char *gateway; // in the same arena
};
// At a time: the gateways' part goes on after the HSS has its answer, so nothing else bounds it.
#define RESETS_MAX 32
#define RESET_ARENA (64u << 20) // holds far more gateways than there can be
// Lives until the last gateway has answered, in an arena of its own; the transaction with it.
struct reset {
    struct fgw_down *t;
    struct base_arena *arena;
    uint8_t *packed; // the call, the same for all
    size_t packed_len;
    struct target *waiting;
    bool searching; // for whom to tell
    size_t targets, under_way, succeeded;
    enum err err; // of collecting
    struct base_timer answer_timer;
};

static _Atomic unsigned n_resets;

// ---- whom to tell ----
static void add_target(const char *gateway, void *arg) // the directory names each once
{
    struct reset *r = arg;
    struct target *target = base_arena_zalloc(r->arena, sizeof(*target));
    const char *kept = base_arena_strndup(r->arena, gateway, FGW_GATEWAY_ID_MAX);
    if (!target || !kept) {
        r->err = ERR_NOMEM;
        return;
    }
    target->reset = r;
    target->gateway = kept;
    target->next = r->waiting;
    r->waiting = target;
    r->targets++;
}

static void tell_next(struct reset *r);
static void give_up(struct reset *r);

static void all_found(enum err err, void *arg)
{
    struct reset *r = arg;
    r->searching = false;
    if (r->err == ERR_OK)
        r->err = err;
    if (r->err != ERR_OK)
        give_up(r);
    else
        tell_next(r);
}

// A User-Id is the leading digits of IMSIs (7.3.50). One that is not, or a directory that cannot
// look now: all gateways are told, each sees in the list what is meant.
static void find_targets(struct reset *r, const RSR *rsr)
{
    if (rsr->n_user_id > 0) {
        r->searching = true;
        if (fgw_directory_search(r->t->loop, FGW_ACCESS_MME, (const char *const *)rsr->user_id,
                                 rsr->n_user_id, add_target, all_found, r) == ERR_OK)
            return;
    }
    all_found(fgw_directory_gateways(add_target, r), r);
}

// ---- telling them ----
static void answer(struct reset *r)
{
    bool done = !r->searching && !r->waiting && r->under_way == 0;
    const struct fgw_core_result *result = &fgw_core_success;
    static const struct fgw_core_result partly = {0, S6A_DIAMETER_SUCCESS, "partly"};
    if (r->targets > 0 && r->succeeded == 0)
        result = &fgw_core_no_delivery;
    else if (!done || r->succeeded < r->targets)
        result = &partly;
    base_timer_stop(&r->answer_timer);
    fgw_down_answer(r->t, result, NULL, NULL);
}

static void time_is_up(struct base_timer *timer)
{
    answer(BASE_CONTAINER_OF(timer, struct reset, answer_timer));
}

static void told(void *ctx, const struct rpc_tunnel_result *result)
{
    struct target *target = ctx;
    struct reset *r = target->reset;
    bool ok = result->err == ERR_OK && result->status == RPC_OK;
    const struct base_log_subject subject = {.agw = target->gateway};
    if (!ok)
        base_log_limited(&log_s6a, BASE_LOG_WARN, &subject, "Reset not delivered: %s",
                         result->err != ERR_OK ? err_str(result->err)
                                               : rpc_status_name(result->status));
    r->succeeded += ok;
    r->under_way--;
    tell_next(r);
}

static void end(struct reset *r)
{
    fgw_down_free(r->t);
    base_arena_free(r->arena);
    atomic_fetch_sub(&n_resets, 1);
}

// Starts as many calls as may run; ends the transaction after the last one.
static void tell_next(struct reset *r)
{
    const struct s6a_settings *settings = s6a_settings();
    while (r->waiting && r->under_way < (size_t)settings->reset_parallel) {
        struct target *target = r->waiting;
        r->waiting = target->next;
        const struct rpc_tunnel_call call = {
            .gateway = target->gateway,
            .service = settings->agw_service,
            .path = RESET_PATH,
            .message = r->packed,
            .len = r->packed_len,
            .timeout_ms = settings->agw_timeout_ms,
        };
        if (fgw_agw_call(r->t->loop, &call, told, target) == ERR_OK)
            r->under_way++;
    }
    if (r->waiting || r->under_way > 0)
        return;
    answer(r);
    end(r);
}

static void give_up(struct reset *r)
{
    base_timer_stop(&r->answer_timer);
    fgw_down_answer(r->t, &fgw_core_unable, NULL, NULL);
    end(r);
}

static struct reset *reset_new(struct fgw_down *t)
{
    struct base_arena *arena = base_arena_new(4096, RESET_ARENA);
    struct reset *r = arena ? base_arena_zalloc(arena, sizeof(*r)) : NULL;
    if (!r) {
        base_arena_free(arena);
        return NULL;
    }
    r->t = t;
    r->arena = arena;
    base_timer_init(&r->answer_timer, t->loop, time_is_up);
    r->packed_len = protobuf_c_message_get_packed_size(t->request);
    r->packed = base_arena_alloc(arena, r->packed_len + 1);
    if (r->packed)
        protobuf_c_message_pack(t->request, r->packed);
    else
        r->err = ERR_NOMEM;
    return r;
}

static void refuse(struct fgw_down *t, const struct fgw_core_result *result)
{
    atomic_fetch_sub(&n_resets, 1);
    fgw_down_end(t, result, NULL, NULL);
}

static void reset_run(struct fgw_down *t)
{
    static const struct fgw_core_result busy = {0, 3004, "busy"};
    if (atomic_fetch_add(&n_resets, 1) >= RESETS_MAX) {
        refuse(t, &busy);
        return;
    }
    struct reset *r = reset_new(t);
    if (!r || r->err != ERR_OK) {
        if (r)
            base_arena_free(r->arena);
        refuse(t, &fgw_core_unable);
        return;
    }
    int64_t left_ms = base_ms_until(dia_inbound_deadline_ns(t->inbound)) - ANSWER_MARGIN_MS;
    base_timer_start(&r->answer_timer, left_ms > 0 ? left_ms : 0);
    find_targets(r, (const RSR *)t->request);
}

static const struct xlate_table *reset_table(void)
{
    return s6a_table(S6A_RSR);
}

const struct fgw_down_procedure s6a_reset = {
    .interface = &s6a_down,
    .name = "RSR",
    .command = DIA_CMD_RSR,
    .table = reset_table,
    .run = reset_run,
};
