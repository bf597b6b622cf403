// SPDX-License-Identifier: BSD-3-Clause
// Restoration, TS 29.118 5.7. A VLR's reset: acknowledged at once, its subscribers marked, and
// every access gateway that may have subscribers there told, some at a time, those that are away
// again and again. Our own: SGsAP-RESET-INDICATION to each VLR once after the start, guarded by
// Ts12-2.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fgw/sgs/sgs_int.h"

// ---- our own ----
static unsigned index_of(const struct sgsap_guard *guard)
{
    const struct sgs_vlr *vlr = BASE_CONTAINER_OF(guard, const struct sgs_vlr, guard);
    return (unsigned)(vlr - vlr->core->vlrs);
}

static void send_reset(struct sgsap_guard *guard, bool again)
{
    struct sgs_vlr *vlr = BASE_CONTAINER_OF(guard, struct sgs_vlr, guard);
    struct sgsap_msg msg;
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, vlr->core->conf.plan->mme_name);
    sgs_send(vlr->core, index_of(guard), &msg); // if it cannot be sent now, Ts12-2 does it again
}

static void gave_up(struct sgsap_guard *guard)
{
    const struct sgs_vlr *vlr = BASE_CONTAINER_OF(guard, const struct sgs_vlr, guard);
    const struct base_log_subject subject = {
        .peer = vlr->core->conf.plan->vlrs[index_of(guard)].name};
    base_log(&log_sgs, BASE_LOG_WARN, &subject, "reset was not acknowledged");
}

static const struct sgsap_guard_ops guard_ops = {.send = send_reset, .gave_up = gave_up};

static void on_lost(struct base_timer *timer)
{
    struct sgs_vlr *vlr = BASE_CONTAINER_OF(timer, struct sgs_vlr, lost);
    sgs_core_vlr_lost(vlr->core, (unsigned)(vlr - vlr->core->vlrs));
}

// It has no association.
static void wait_for(struct sgs_vlr *vlr)
{
    const struct sgs_core *core = vlr->core;
    if (core->loop && core->conf.lost_after_ms > 0)
        base_timer_start(&vlr->lost, core->conf.lost_after_ms);
}

void sgs_core_vlr_up(struct sgs_core *core, unsigned vlr)
{
    struct sgs_vlr *v = &core->vlrs[vlr];
    core->up |= 1u << vlr;
    if (core->loop)
        base_timer_stop(&v->lost);
    if (core->conf.reset_on_start && !v->reset_done)
        sgsap_guard_start(&v->guard, SGSAP_PROC_MME_RESET);
}

void sgs_core_vlr_down(struct sgs_core *core, unsigned vlr)
{
    struct sgs_vlr *v = &core->vlrs[vlr];
    if (!(core->up >> vlr & 1))
        return;
    core->up &= ~(1u << vlr);
    sgsap_guard_stop(&v->guard); // begins anew with the next association
    wait_for(v);
}

// ---- the VLR's ----
static void mark(struct sgs_sub *sub, void *arg)
{
    const unsigned *vlr = arg;
    if (sub->vlr == (int)*vlr)
        sgsap_assoc_vlr_reset(&sub->assoc);
}

struct collecting {
    struct sgs_core *core;
    unsigned vlr;
    size_t n;
};

static void add(struct collecting *c, const char *gateway)
{
    struct sgs_notice *notice = calloc(1, sizeof(*notice));
    if (!notice)
        return; // those told suffer less than a gateway that ends
    notice->vlr = c->vlr;
    notice->tries_left = c->core->conf.reset_tries;
    snprintf(notice->gateway, sizeof(notice->gateway), "%s", gateway);
    TAILQ_INSERT_TAIL(&c->core->waiting, notice, link);
    c->n++;
}

// From the directory: those that have not used SGs since they are in it.
static void add_unknown(const char *gateway, void *arg)
{
    struct collecting *c = arg;
    if (!sgs_agw_find(c->core, gateway))
        add(c, gateway);
}

// A newer reset of the same VLR replaces what was still to be told.
static void drop(struct sgs_notices *notices, unsigned vlr)
{
    struct sgs_notice *n, *next;
    for (n = TAILQ_FIRST(notices); n; n = next) {
        next = TAILQ_NEXT(n, link);
        if (n->vlr != vlr)
            continue;
        TAILQ_REMOVE(notices, n, link);
        free(n);
    }
}

// One attempt has ended.
static void settle(struct sgs_core *core, struct sgs_notice *notice, bool told)
{
    const struct base_log_subject subject = {.agw = notice->gateway};
    core->under_way--;
    if (!told && notice->tries_left > 0) {
        TAILQ_INSERT_TAIL(&core->failed, notice, link);
        if (core->loop && !core->retry.armed)
            base_timer_start(&core->retry, core->conf.reset_retry_ms);
        return;
    }
    if (!told)
        base_log_limited(&log_sgs, BASE_LOG_WARN, &subject,
                         "never learned of the reset of VLR %s",
                         core->conf.plan->vlrs[notice->vlr].name);
    free(notice);
}

static void tell_next(struct sgs_core *core)
{
    struct sgs_notice *notice;
    while (core->under_way < core->conf.reset_parallel &&
           (notice = TAILQ_FIRST(&core->waiting)) != NULL) {
        struct sgsap_msg msg;
        TAILQ_REMOVE(&core->waiting, notice, link);
        core->under_way++;
        notice->tries_left--;
        sgsap_init(&msg, SGSAP_RESET_INDICATION);
        sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, core->conf.plan->vlrs[notice->vlr].name);
        if (sgs_call(core, notice->gateway, notice->vlr, NULL, &msg, notice) != ERR_OK)
            settle(core, notice, false);
    }
}

void sgs_reset_told(struct sgs_core *core, struct sgs_notice *notice, bool told)
{
    settle(core, notice, told);
    tell_next(core);
}

static size_t tell_all(struct sgs_core *core, unsigned vlr)
{
    struct collecting c = {.core = core, .vlr = vlr};
    const struct sgs_agw *agw;
    sgs_subs_each(core, mark, &vlr);
    drop(&core->waiting, vlr);
    drop(&core->failed, vlr);
    for (size_t i = 0; i < SGS_AGW_BUCKETS; i++) {
        LIST_FOREACH(agw, &core->agws[i], link)
        {
            if (agw->vlrs >> vlr & 1)
                add(&c, agw->id);
        }
    }
    core->ops->gateways(core->arg, add_unknown, &c);
    tell_next(core);
    return c.n;
}

void sgs_reset_received(struct sgs_core *core, unsigned vlr)
{
    const struct base_log_subject subject = {.peer = core->conf.plan->vlrs[vlr].name};
    struct sgsap_msg ack;
    sgsap_init(&ack, SGSAP_RESET_ACK);
    sgsap_set_name(&ack, SGSAP_IE_MME_NAME, core->conf.plan->mme_name);
    sgs_send(core, vlr, &ack);
    size_t n = tell_all(core, vlr);
    base_log(&log_sgs, BASE_LOG_NOTICE, &subject, "VLR reset: %zu access gateways are told", n);
}

void sgs_core_vlr_lost(struct sgs_core *core, unsigned vlr)
{
    const struct base_log_subject subject = {.peer = core->conf.plan->vlrs[vlr].name};
    size_t n = tell_all(core, vlr);
    base_log(&log_sgs, BASE_LOG_WARN, &subject,
             "lost for %lld ms, counts as reset: %zu access gateways are told",
             (long long)core->conf.lost_after_ms, n);
}

void sgs_core_reset_again(struct sgs_core *core)
{
    TAILQ_CONCAT(&core->waiting, &core->failed, link);
    tell_next(core);
}

static void on_retry(struct base_timer *timer)
{
    sgs_core_reset_again(BASE_CONTAINER_OF(timer, struct sgs_core, retry));
}

enum err sgs_reset_init(struct sgs_core *core)
{
    enum err err = ERR_OK;
    TAILQ_INIT(&core->waiting);
    TAILQ_INIT(&core->failed);
    if (core->loop)
        base_timer_init(&core->retry, core->loop, on_retry);
    for (size_t i = 0; i < core->conf.plan->n_vlrs && !err; i++) {
        struct sgs_vlr *vlr = &core->vlrs[i];
        vlr->core = core;
        if (core->loop)
            base_timer_init(&vlr->lost, core->loop, on_lost);
        wait_for(vlr); // perhaps it went while we were away
        err = sgsap_guard_init(&vlr->guard, core->loop, &core->conf.timers, &guard_ops);
        vlr->guard.fsm.subject.peer = core->conf.plan->vlrs[i].name;
    }
    return err;
}

static void free_notices(struct sgs_notices *notices)
{
    struct sgs_notice *n;
    while ((n = TAILQ_FIRST(notices))) {
        TAILQ_REMOVE(notices, n, link);
        free(n);
    }
}

void sgs_reset_fini(struct sgs_core *core)
{
    for (size_t i = 0; i < core->conf.plan->n_vlrs; i++) {
        if (!core->vlrs[i].core)
            continue;
        sgsap_guard_fini(&core->vlrs[i].guard);
        if (core->loop)
            base_timer_stop(&core->vlrs[i].lost);
    }
    if (core->loop)
        base_timer_stop(&core->retry);
    free_notices(&core->waiting);
    free_notices(&core->failed);
}
