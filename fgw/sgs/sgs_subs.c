// SPDX-License-Identifier: BSD-3-Clause
// The registered subscribers by IMSI, and the access gateways they are at. Not for messages.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fgw/sgs/sgs_int.h"

enum { BUCKETS_AT_FIRST = 1024 };

static size_t hash_of(const struct base_imsi *imsi)
{
    return (size_t)(strtoull(imsi->digits, NULL, 10) * 0x9e3779b97f4a7c15ull >> 32);
}

static struct sgs_bucket *bucket_of(const struct sgs_core *core, const struct base_imsi *imsi)
{
    return &core->buckets[hash_of(imsi) & (core->n_buckets - 1)];
}

struct sgs_tickets *sgs_tickets_of(struct sgs_core *core, const struct base_imsi *imsi)
{
    return &core->tickets[hash_of(imsi) % SGS_TICKET_BUCKETS];
}

void sgs_recent_set(struct sgs_core *core, const struct base_imsi *imsi, const char *gateway,
                    unsigned vlr)
{
    struct sgs_recent *recent = &core->recent[hash_of(imsi) % SGS_RECENT];
    recent->imsi = *imsi;
    recent->vlr = vlr;
    snprintf(recent->gateway, sizeof(recent->gateway), "%s", gateway);
}

const struct sgs_recent *sgs_recent_find(const struct sgs_core *core, const struct base_imsi *imsi)
{
    const struct sgs_recent *recent = &core->recent[hash_of(imsi) % SGS_RECENT];
    return strcmp(recent->imsi.digits, imsi->digits) == 0 ? recent : NULL;
}

void sgs_subs_each(struct sgs_core *core, void (*visit)(struct sgs_sub *sub, void *arg), void *arg)
{
    for (size_t i = 0; core->buckets && i < core->n_buckets; i++) {
        struct sgs_sub *next;
        for (struct sgs_sub *sub = LIST_FIRST(&core->buckets[i]); sub; sub = next) {
            next = LIST_NEXT(sub, link);
            visit(sub, arg);
        }
    }
}

static void free_one(struct sgs_sub *sub, void *arg)
{
    sgs_sub_free(sub);
}

void sgs_subs_free(struct sgs_core *core)
{
    struct sgs_agw *agw;
    sgs_subs_each(core, free_one, NULL);
    free(core->buckets);
    core->buckets = NULL;
    free(core->recent);
    core->recent = NULL;
    for (size_t i = 0; i < SGS_AGW_BUCKETS; i++) {
        while ((agw = LIST_FIRST(&core->agws[i]))) {
            LIST_REMOVE(agw, link);
            free(agw);
        }
    }
}

// Twice as many buckets; if memory is short, the lists only grow longer.
static void grow(struct sgs_core *core)
{
    struct sgs_bucket *old = core->buckets;
    size_t n_old = core->n_buckets;
    struct sgs_bucket *fresh = calloc(n_old * 2, sizeof(*fresh));
    struct sgs_sub *sub;
    if (!fresh)
        return;
    core->buckets = fresh;
    core->n_buckets = n_old * 2;
    for (size_t i = 0; i < n_old; i++) {
        while ((sub = LIST_FIRST(&old[i]))) {
            LIST_REMOVE(sub, link);
            LIST_INSERT_HEAD(bucket_of(core, &sub->imsi), sub, link);
        }
    }
    free(old);
}

struct sgs_sub *sgs_sub_find(struct sgs_core *core, const struct base_imsi *imsi)
{
    struct sgs_sub *sub;
    LIST_FOREACH(sub, bucket_of(core, imsi), link)
    {
        if (strcmp(sub->imsi.digits, imsi->digits) == 0)
            return sub;
    }
    return NULL;
}

static struct sgs_agws *agws_of(struct sgs_core *core, const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return &core->agws[hash % SGS_AGW_BUCKETS];
}

struct sgs_agw *sgs_agw_find(struct sgs_core *core, const char *id)
{
    struct sgs_agw *agw;
    LIST_FOREACH(agw, agws_of(core, id), link)
    {
        if (strcmp(agw->id, id) == 0)
            return agw;
    }
    return NULL;
}

static struct sgs_agw *agw_get(struct sgs_core *core, const char *id)
{
    struct sgs_agw *agw = sgs_agw_find(core, id);
    if (agw || strlen(id) > FGW_GATEWAY_ID_MAX)
        return agw;
    agw = calloc(1, sizeof(*agw));
    if (!agw)
        return NULL;
    memcpy(agw->id, id, strlen(id) + 1);
    LIST_INSERT_HEAD(agws_of(core, id), agw, link);
    return agw;
}

// A gateway from before our start: its subscribers may be with any VLR.
static void add_gateway(const char *gateway, void *arg)
{
    struct sgs_agw *agw = agw_get(arg, gateway);
    if (agw)
        agw->vlrs = UINT32_MAX;
}

enum err sgs_subs_init(struct sgs_core *core)
{
    core->n_buckets = BUCKETS_AT_FIRST;
    core->buckets = calloc(core->n_buckets, sizeof(*core->buckets));
    core->recent = calloc(SGS_RECENT, sizeof(*core->recent));
    if (!core->buckets || !core->recent)
        return ERR_NOMEM;
    core->ops->gateways(core->arg, add_gateway, core);
    return ERR_OK;
}

enum err sgs_sub_new(struct sgs_core *core, const struct base_imsi *imsi, const char *gateway,
                     int vlr, enum sgsap_assoc_state state, struct sgs_sub **out)
{
    if (core->n_subs >= core->conf.max_subscribers)
        return ERR_FULL;
    struct sgs_agw *agw = agw_get(core, gateway);
    struct sgs_sub *sub = agw ? calloc(1, sizeof(*sub)) : NULL;
    if (!sub)
        return ERR_NOMEM;
    sub->core = core;
    sub->imsi = *imsi;
    sub->agw = agw;
    sub->vlr = vlr;
    sub->asked = -1;
    enum err err = sgsap_assoc_restore(&sub->assoc, core->loop, &core->conf.timers, &sgs_assoc_ops,
                                       state, state == SGSAP_ASSOC_UP);
    if (err) {
        free(sub);
        return err;
    }
    sub->assoc.fsm.subject = (struct base_log_subject){
        .imsi = sub->imsi.digits, .agw = agw->id, .peer = core->conf.plan->vlrs[vlr].name};
    if (core->n_subs >= core->n_buckets * 2)
        grow(core);
    LIST_INSERT_HEAD(bucket_of(core, imsi), sub, link);
    core->n_subs++;
    agw->n_subs++;
    agw->vlrs |= 1u << vlr;
    *out = sub;
    return ERR_OK;
}

void sgs_sub_free(struct sgs_sub *sub)
{
    sgsap_assoc_fini(&sub->assoc);
    LIST_REMOVE(sub, link);
    sub->core->n_subs--;
    sub->agw->n_subs--;
    free(sub);
}

void sgs_sub_reap(struct sgs_sub *sub)
{
    if (sgsap_assoc_state(&sub->assoc) == SGSAP_ASSOC_NULL && !sub->assoc.alert)
        sgs_sub_free(sub);
}

enum err sgs_sub_move(struct sgs_sub *sub, const char *gateway, int vlr)
{
    struct sgs_core *core = sub->core;
    struct sgs_agw *agw = sub->agw;
    if (strcmp(agw->id, gateway) != 0)
        agw = agw_get(core, gateway);
    if (!agw)
        return ERR_NOMEM;
    sub->agw->n_subs--;
    agw->n_subs++;
    agw->vlrs |= 1u << vlr;
    sub->agw = agw;
    if (sub->vlr != vlr)
        sub->has_tmsi = false; // the other VLR will allocate its own
    sub->vlr = vlr;
    sub->asked = -1;
    sub->assoc.fsm.subject.agw = agw->id;
    sub->assoc.fsm.subject.peer = core->conf.plan->vlrs[vlr].name;
    return ERR_OK;
}
