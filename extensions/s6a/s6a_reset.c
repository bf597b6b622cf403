// SPDX-License-Identifier: BSD-3-Clause
// Reset (TS 29.272 5.2.4.1): tells the access gateways that serve the named subscribers, a bounded
// number at a time. The HSS is answered when all have answered or its time is up; gateways that
// were not told by then still are. Not for other requests of the HSS (s6a_down.c).
#include <string.h>

#include "base/clock.h"
#include "extensions/s6a/s6a.h"
#include "proto/s6a.pb-c.h"
#include "rpc/status.h"

#define RESET_PATH "/magma.feg.S6aGatewayService/Reset"
#define ANSWER_MARGIN_MS 500 // the HSS is answered this long before the stack would do it

typedef Magma__Feg__ResetRequest RSR;

struct target {
    struct target *next;
    struct reset *reset;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
};
#define RESET_ARENA (64u << 20) // holds far more gateways than there can be
// Lives until the last gateway has answered, in an arena of its own; the transaction with it.
struct reset {
    struct s6a_down *t;
    struct base_arena *arena;
    uint8_t *packed; // the call, the same for all
    size_t packed_len;
    struct target *waiting;
    size_t targets, under_way, succeeded;
    enum err err; // of collecting
    struct base_timer answer_timer;
};

// ---- whom to tell ----
static bool has_target(const struct reset *r, const char *gateway)
{
    for (const struct target *g = r->waiting; g; g = g->next)
        if (strcmp(g->gateway, gateway) == 0)
            return true;
    return false;
}

static void add_target(struct reset *r, const char *gateway)
{
    struct target *target = base_arena_zalloc(r->arena, sizeof(*target));
    if (!target) {
        r->err = ERR_NOMEM;
        return;
    }
    target->reset = r;
    snprintf(target->gateway, sizeof(target->gateway), "%s", gateway);
    target->next = r->waiting;
    r->waiting = target;
    r->targets++;
}

static void every_gateway(const char *gateway, void *arg)
{
    add_target(arg, gateway); // the directory names each once
}

// A User-Id is the leading digits of IMSIs (7.3.50). Whole IMSIs lead to their gateway; for shorter
// ones any gateway may serve a subscriber that fits, so all are told, with the list.
static bool whole_imsi(const char *user_id, struct base_imsi *imsi)
{
    return strlen(user_id) == 15 && base_imsi_parse(user_id, 15, imsi) == ERR_OK;
}

static void collect_targets(struct reset *r, const RSR *rsr)
{
    struct base_imsi imsi;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    bool all = rsr->n_user_id == 0;
    for (size_t i = 0; i < rsr->n_user_id && !all; i++)
        all = !whole_imsi(rsr->user_id[i], &imsi);
    if (all) {
        enum err err = fgw_directory_gateways(every_gateway, r);
        if (r->err == ERR_OK)
            r->err = err;
        return;
    }
    for (size_t i = 0; i < rsr->n_user_id; i++) {
        whole_imsi(rsr->user_id[i], &imsi);
        if (fgw_directory_find(&imsi, gateway, sizeof(gateway)) == ERR_OK &&
            !has_target(r, gateway))
            add_target(r, gateway);
    }
}

// ---- telling them ----
static void answer(struct reset *r)
{
    bool done = !r->waiting && r->under_way == 0;
    const struct s6a_core_result *result = &s6a_core_success;
    static const struct s6a_core_result partly = {0, S6A_DIAMETER_SUCCESS, "partly"};
    if (r->targets > 0 && r->succeeded == 0)
        result = &s6a_core_no_delivery;
    else if (!done || r->succeeded < r->targets)
        result = &partly;
    base_timer_stop(&r->answer_timer);
    s6a_down_answer(r->t, result, NULL, NULL);
}

static void time_is_up(struct base_timer *timer)
{
    answer(BASE_CONTAINER_OF(timer, struct reset, answer_timer));
}

static void tell_next(struct reset *r);

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

// Starts as many calls as may run; ends the transaction after the last one.
static void tell_next(struct reset *r)
{
    const struct s6a_settings *settings = s6a_settings();
    while (r->waiting && r->under_way < (size_t)settings->reset_parallel) {
        struct target *target = r->waiting;
        r->waiting = target->next;
        enum err err = s6a_agw_call(r->t->loop, target->gateway, RESET_PATH, r->packed,
                                    r->packed_len, settings->agw_timeout_ms, told, target);
        if (err == ERR_OK)
            r->under_way++;
    }
    if (r->waiting || r->under_way > 0)
        return;
    answer(r);
    s6a_down_free(r->t);
    base_arena_free(r->arena);
}

static struct reset *reset_new(struct s6a_down *t)
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

static void reset_run(struct s6a_down *t)
{
    struct reset *r = reset_new(t);
    if (r)
        collect_targets(r, (const RSR *)t->request);
    if (!r || r->err != ERR_OK) {
        if (r)
            base_arena_free(r->arena);
        s6a_down_answer(t, &s6a_core_unable, NULL, NULL);
        s6a_down_free(t);
        return;
    }
    int64_t left_ms = base_ms_until(dia_inbound_deadline_ns(t->inbound)) - ANSWER_MARGIN_MS;
    base_timer_start(&r->answer_timer, left_ms > 0 ? left_ms : 0);
    tell_next(r);
}

const struct s6a_down_procedure s6a_reset_procedure = {
    .name = "RSR", .request = S6A_RSR, .run = reset_run};
