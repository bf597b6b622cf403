// SPDX-License-Identifier: BSD-3-Clause
// Quotas of one session: what may be consumed, what has to be reported and why (RFC 8506 5.3, 5.6;
// TS 32.299 6.5; TS 29.212 4.5.16). No network.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agw_client/session_int.h"

enum { // Magma__Lte__CreditUsage__UpdateType
    THRESHOLD = 0,
    HOLDING = 1,
    FINAL = 2,
    EXHAUSTED = 3,
    VALIDITY = 4,
    REAUTH = 7,
    NOTHING = 99,
};

struct agws_text *agws_text(struct agws *model, const void *data, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 16777619u;
    struct agws_text **at = &model->texts[hash % 256];
    for (; *at; at = &(*at)->next)
        if ((*at)->len == len && memcmp((*at)->data, data, len) == 0)
            return *at;
    struct agws_text *text = calloc(1, sizeof(*text) + len + 1);
    if (!text)
        abort(); // a tool: there is nothing sensible to go on with
    text->len = len;
    if (len)
        memcpy(text->data, data, len);
    return *at = text;
}

struct agws_total *agws_total_group(struct agws *model, uint32_t group)
{
    for (size_t i = 0; i < AGWS_TOTALS_MAX; i++) {
        struct agws_total *t = &model->groups[i];
        if (!t->used || t->group == group || i == AGWS_TOTALS_MAX - 1) {
            if (!t->used)
                t->group = group;
            t->used = true;
            return t;
        }
    }
    return NULL;
}

struct agws_total *agws_total_key(struct agws *model, const struct agws_text *key)
{
    for (size_t i = 0; i < AGWS_TOTALS_MAX; i++) {
        struct agws_total *t = &model->keys[i];
        if (!t->used || t->key == key || i == AGWS_TOTALS_MAX - 1) {
            if (!t->used)
                t->key = key;
            t->used = true;
            return t;
        }
    }
    return NULL;
}

int64_t agws_unix(void)
{
    return (int64_t)time(NULL);
}

struct agws_credit *agws_credit_of(struct agws_session *s, uint32_t group)
{
    for (size_t i = 0; i < s->n_credits; i++)
        if (s->credits[i].group == group)
            return &s->credits[i];
    return NULL;
}

uint64_t agws_left(const struct agws_credit *credit)
{
    uint64_t gone = credit->used;
    if (credit->state == AGWS_UNLIMITED)
        return UINT64_MAX;
    if (credit->state != AGWS_QUOTA)
        return 0;
    if (credit->report.pending) // reported, but the quota it was part of is still in use
        gone += credit->report.before + credit->report.after;
    return credit->granted > gone ? credit->granted - gone : 0;
}

static bool in_force(const struct agws_rule *rule, int64_t now)
{
    return (!rule->from_unix || now >= rule->from_unix) &&
           (!rule->until_unix || now < rule->until_unix);
}

// Is there traffic of this rating group? Static rules are the access gateway's own: their groups
// are not known here, and count as present.
static bool has_rule(const struct agws_session *s, uint32_t group, int64_t now)
{
    bool any_static = false;
    for (size_t i = 0; i < s->n_rules; i++) {
        if (!in_force(&s->rules[i], now))
            continue;
        any_static = any_static || s->rules[i].is_static;
        if (!s->rules[i].is_static && s->rules[i].group == group)
            return true;
    }
    return any_static;
}

static bool monitored(const struct agws_session *s, const struct agws_monitor *m, uint32_t group,
                      int64_t now)
{
    if (m->ended)
        return false;
    if (m->level == MAGMA__LTE__MONITORING_LEVEL__SESSION_LEVEL)
        return true;
    for (size_t i = 0; i < s->n_rules; i++)
        if (s->rules[i].key == m->key && s->rules[i].group == group && in_force(&s->rules[i], now))
            return true;
    return false;
}

uint64_t agws_consume(struct agws_session *s, uint32_t group, uint64_t octets)
{
    struct agws_credit *credit = agws_credit_of(s, group);
    int64_t now = agws_unix();
    uint64_t left = credit ? agws_left(credit) : 0, take = octets < left ? octets : left;
    if (take == 0 || s->state != AGWS_OPEN || !has_rule(s, group, now))
        return 0;
    if (!credit->uncharged) {
        credit->used += take;
        if (credit->tariff_unix && now >= credit->tariff_unix)
            credit->used_after += take;
        credit->last_use_ns = base_now_ns();
        s->consumed += take;
        agws_total_group(s->model, group)->consumed += take;
    }
    for (size_t i = 0; i < s->n_monitors; i++) {
        if (!monitored(s, &s->monitors[i], group, now))
            continue;
        s->monitors[i].used += take;
        agws_total_key(s->model, s->monitors[i].key)->consumed += take;
    }
    return take;
}

void agws_consume_all(struct agws_session *s)
{
    for (size_t i = 0; i < s->n_credits; i++)
        if (s->credits[i].state == AGWS_QUOTA)
            agws_consume(s, s->credits[i].group, agws_left(&s->credits[i]));
}

// ---- what is to be reported ----
static uint32_t reason(struct agws_session *s, struct agws_credit *c, int64_t now_ns)
{
    if (c->reauth)
        return REAUTH;
    if (c->state == AGWS_NONE && c->fresh) // a rule came that has no quota yet
        return EXHAUSTED;
    if (c->used && !has_rule(s, c->group, agws_unix()))
        return FINAL; // its rules are gone
    if (c->state != AGWS_QUOTA)
        return NOTHING;
    uint64_t left = agws_left(c);
    if (c->is_final && left == 0) {
        if (c->final_action != MAGMA__LTE__CHARGING_CREDIT__FINAL_ACTION__TERMINATE)
            return FINAL;
        s->state = AGWS_ENDING; // the last usage goes with the termination
        return NOTHING;
    }
    if (left == 0)
        return EXHAUSTED;
    if (c->valid_until_ns && now_ns >= c->valid_until_ns)
        return VALIDITY;
    if (c->is_final)
        return NOTHING;
    if (c->threshold && left <= c->threshold && c->used && !c->threshold_told)
        return THRESHOLD;
    if (c->holding && now_ns - c->last_use_ns >= c->holding_ns)
        return HOLDING;
    return NOTHING;
}

static bool collect_credits(struct agws_session *s, int64_t now_ns)
{
    bool any = false;
    for (size_t i = 0; i < s->n_credits; i++)
        any = any || s->credits[i].report.pending;
    if (any || s->state != AGWS_OPEN) // one after the other, so that what is sent again is the same
        return any;
    for (size_t i = 0; i < s->n_credits; i++) {
        struct agws_credit *c = &s->credits[i];
        uint32_t why = reason(s, c, now_ns);
        if (why == NOTHING)
            continue;
        c->report = (struct agws_report){.pending = true,
                                         .number = ++s->number,
                                         .type = why,
                                         .before = c->used - c->used_after,
                                         .after = c->used_after};
        c->used = c->used_after = 0;
        c->reauth = c->fresh = false;
        c->threshold_told = why == THRESHOLD;
        c->last_use_ns = now_ns;
        any = true;
    }
    return any;
}

static bool collect_monitors(struct agws_session *s)
{
    bool any = s->event.pending;
    for (size_t i = 0; i < s->n_monitors; i++)
        any = any || s->monitors[i].report.pending;
    if (any || s->state != AGWS_OPEN)
        return any;
    for (size_t i = 0; i < s->n_monitors; i++) {
        struct agws_monitor *m = &s->monitors[i];
        bool due = m->force || (m->ended ? m->used > 0 : m->granted && m->used >= m->granted);
        if (!due)
            continue;
        m->report = (struct agws_report){.pending = true, .number = ++s->number, .before = m->used};
        m->used = 0;
        m->force = false;
        any = true;
    }
    if (s->revalidate_unix && agws_unix() >= s->revalidate_unix) {
        s->event = (struct agws_report){.pending = true,
                                        .number = ++s->number,
                                        .type = MAGMA__LTE__EVENT_TRIGGER__REVALIDATION_TIMEOUT};
        s->revalidate_unix = 0;
        any = true;
    }
    return any;
}

bool agws_collect(struct agws_session *s)
{
    if (s->state == AGWS_OPENING)
        return true;
    if (s->state == AGWS_CLOSED || s->state == AGWS_REFUSED || s->ended)
        return false;
    bool gy = collect_credits(s, base_now_ns()), gx = collect_monitors(s);
    return gy || gx || s->state == AGWS_ENDING;
}

void agws_session_fini(struct agws_session *s)
{
    free(s->credits);
    free(s->monitors);
    free(s->rules);
}
