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

bool agws_any(const uint64_t amounts[AGWS_KINDS])
{
    return amounts[AGWS_OCTETS] || amounts[AGWS_SECONDS] || amounts[AGWS_UNITS];
}

// Of the quota of one kind.
static uint64_t rest(const struct agws_credit *credit, int kind)
{
    uint64_t gone = credit->used[kind];
    if (!credit->limited[kind])
        return UINT64_MAX;
    if (credit->report.pending) // reported, but the quota it was part of is still in use
        gone += credit->report.before[kind] + credit->report.after[kind];
    return credit->granted[kind] > gone ? credit->granted[kind] - gone : 0;
}

static bool exhausted(const struct agws_credit *credit)
{
    bool any = false;
    for (int k = 0; k < AGWS_KINDS; k++)
        any = any || rest(credit, k) == 0;
    return any;
}

uint64_t agws_left(const struct agws_credit *credit, enum agws_kind kind)
{
    if (credit->state == AGWS_UNLIMITED)
        return UINT64_MAX;
    return credit->state == AGWS_QUOTA && !exhausted(credit) ? rest(credit, (int)kind) : 0;
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

uint64_t agws_consume(struct agws_session *s, struct agws_credit *credit, enum agws_kind kind,
                      uint64_t amount)
{
    int64_t now = agws_unix();
    uint64_t left = agws_left(credit, kind), take = amount < left ? amount : left;
    if (take == 0 || s->state != AGWS_OPEN || !has_rule(s, credit->group, now) ||
        (kind != AGWS_OCTETS && !credit->limited[kind]))
        return 0;
    if (!credit->uncharged) {
        credit->used[kind] += take;
        if (credit->tariff_unix && now >= credit->tariff_unix)
            credit->used_after[kind] += take;
        credit->last_use_ns = base_now_ns();
        s->consumed[kind] += take;
        agws_total_group(s->model, credit->group)->of[kind].consumed += take;
    }
    for (size_t i = 0; kind == AGWS_OCTETS && i < s->n_monitors; i++) {
        if (!monitored(s, &s->monitors[i], credit->group, now))
            continue;
        s->monitors[i].used += take;
        agws_total_key(s->model, s->monitors[i].key)->of[kind].consumed += take;
    }
    return take;
}

void agws_consume_all(struct agws_session *s)
{
    for (size_t i = 0; i < s->n_credits; i++) {
        struct agws_credit *c = &s->credits[i];
        for (int k = 0; c->state == AGWS_QUOTA && k < AGWS_KINDS; k++)
            if (c->limited[k])
                agws_consume(s, c, (enum agws_kind)k, agws_left(c, (enum agws_kind)k));
    }
}

// ---- what is to be reported ----
static bool at_threshold(const struct agws_credit *c)
{
    bool any = false;
    for (int k = 0; k < AGWS_KINDS; k++)
        any = any ||
              (c->limited[k] && c->used[k] && c->threshold[k] && rest(c, k) <= c->threshold[k]);
    return any && !c->threshold_told;
}

static uint32_t reason(struct agws_session *s, struct agws_credit *c, int64_t now_ns)
{
    if (c->reauth)
        return REAUTH;
    if (c->state == AGWS_NONE && c->fresh) // a rule came that has no quota yet
        return EXHAUSTED;
    if (agws_any(c->used) && !has_rule(s, c->group, agws_unix()))
        return FINAL; // its rules are gone
    if (c->state != AGWS_QUOTA)
        return NOTHING;
    bool gone = exhausted(c);
    if (c->is_final && gone) {
        if (c->final_action != MAGMA__LTE__CHARGING_CREDIT__FINAL_ACTION__TERMINATE)
            return FINAL;
        s->state = AGWS_ENDING; // the last usage goes with the termination
        return NOTHING;
    }
    if (gone)
        return EXHAUSTED;
    if (c->valid_until_ns && now_ns >= c->valid_until_ns)
        return VALIDITY;
    if (c->is_final)
        return NOTHING;
    if (at_threshold(c))
        return THRESHOLD;
    if (c->holding && now_ns - c->last_use_ns >= c->holding_ns)
        return HOLDING;
    return NOTHING;
}

static void take_used(struct agws_credit *c)
{
    for (int k = 0; k < AGWS_KINDS; k++) {
        c->report.before[k] = c->used[k] - c->used_after[k];
        c->report.after[k] = c->used_after[k];
        c->used[k] = c->used_after[k] = 0;
    }
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
        c->report = (struct agws_report){.pending = true, .number = ++s->number, .type = why};
        take_used(c);
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
        m->report = (struct agws_report){
            .pending = true, .number = ++s->number, .before = {[AGWS_OCTETS] = m->used}};
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
