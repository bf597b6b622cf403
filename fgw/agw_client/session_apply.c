// SPDX-License-Identifier: BSD-3-Clause
// What the core says about a session, as answer or by itself.
#include <stdlib.h>
#include <string.h>

#include "agw_client/session_int.h"

typedef Magma__Lte__ChargingCredit Credit;

static void *grow(void *list, size_t n, size_t size)
{
    void *longer = realloc(list, (n + 1) * size);
    if (!longer)
        abort(); // a tool: there is nothing sensible to go on with
    memset((char *)longer + n * size, 0, size);
    return longer;
}

static const struct agws_text *text_of(struct agws_session *s, const char *text)
{
    return text && text[0] ? agws_text(s->model, text, strlen(text)) : NULL;
}

// Kept and returned as it is, whatever is in it.
static void take_tgpp(struct agws_session *s, const Magma__Lte__TgppContext *t)
{
    uint8_t bytes[1024];
    size_t len = t ? magma__lte__tgpp_context__get_packed_size(t) : 0;
    if (len == 0 || len > sizeof(bytes))
        return;
    magma__lte__tgpp_context__pack(t, bytes);
    struct agws_text *kept = agws_text(s->model, bytes, len);
    if (!kept->parsed)
        kept->parsed =
            protobuf_c_message_unpack(&magma__lte__tgpp_context__descriptor, NULL, len, bytes);
    s->tgpp = kept;
}

// ---- credits ----
static struct agws_credit *credit_for(struct agws_session *s, uint32_t group,
                                      const Magma__Lte__ServiceIdentifier *service)
{
    for (size_t i = 0; i < s->n_credits; i++) {
        struct agws_credit *c = &s->credits[i];
        if (c->group == group && (!service || !c->has_service || c->service == service->value))
            return c;
    }
    s->credits = grow(s->credits, s->n_credits, sizeof(*s->credits));
    struct agws_credit *c = &s->credits[s->n_credits++];
    c->group = group;
    c->has_service = service != NULL;
    c->service = service ? service->value : 0;
    return c;
}

static uint64_t granted_octets(const Magma__Lte__GrantedUnits *g)
{
    if (g && g->total && g->total->is_valid)
        return g->total->volume;
    return (g && g->tx && g->tx->is_valid ? g->tx->volume : 0) +
           (g && g->rx && g->rx->is_valid ? g->rx->volume : 0);
}

static void set_final(struct agws_session *s, struct agws_credit *c, const Credit *from)
{
    c->is_final = from->is_final;
    c->final_action = (uint8_t)from->final_action;
    if (from->redirect_server)
        c->redirect = text_of(s, from->redirect_server->redirect_server_address);
}

// A final unit that is used up: what the core wants to happen then.
static void after_final(struct agws_session *s, struct agws_credit *c)
{
    switch (c->final_action) {
    case MAGMA__LTE__CHARGING_CREDIT__FINAL_ACTION__REDIRECT:
        c->state = AGWS_REDIRECTED;
        break;
    case MAGMA__LTE__CHARGING_CREDIT__FINAL_ACTION__RESTRICT_ACCESS:
        c->state = AGWS_RESTRICTED;
        break;
    default:
        s->state = AGWS_ENDING;
    }
}

// What the quota is of, and how much of each.
static void set_quota(struct agws_credit *c, const Credit *from)
{
    const Magma__Lte__GrantedUnits *g = from->granted_units;
    bool seconds = from->type == MAGMA__LTE__CHARGING_CREDIT__UNIT_TYPE__SECONDS;
    c->limited[AGWS_OCTETS] = !seconds && g &&
                              ((g->total && g->total->is_valid) || (g->tx && g->tx->is_valid) ||
                               (g->rx && g->rx->is_valid));
    c->granted[AGWS_OCTETS] = c->limited[AGWS_OCTETS] ? granted_octets(g) : 0;
    c->limited[AGWS_SECONDS] = seconds || from->granted_seconds_present_case;
    c->granted[AGWS_SECONDS] = from->granted_seconds_present_case ? from->granted_seconds
                               : seconds                          ? granted_octets(g)
                                                                  : 0;
    c->limited[AGWS_UNITS] = from->granted_service_units_present_case;
    c->granted[AGWS_UNITS] = c->limited[AGWS_UNITS] ? from->granted_service_units : 0;
    c->threshold[AGWS_OCTETS] = from->volume_quota_threshold;
    c->threshold[AGWS_SECONDS] = from->time_quota_threshold;
    c->threshold[AGWS_UNITS] = from->unit_quota_threshold;
}

static void no_quota(struct agws_credit *c)
{
    memset(c->granted, 0, sizeof(c->granted));
    memset(c->limited, 0, sizeof(c->limited));
}

// Is there anything to use?
static bool has_quota(const struct agws_credit *c)
{
    bool any = false, nothing = false;
    for (int k = 0; k < AGWS_KINDS; k++) {
        any = any || c->limited[k];
        nothing = nothing || (c->limited[k] && !c->granted[k]);
    }
    return any && !nothing;
}

static void set_times(struct agws_session *s, struct agws_credit *c, const Credit *from)
{
    int64_t now = base_now_ns();
    c->threshold_told = false;
    c->valid_until_ns = from->validity_time ? now + from->validity_time * BASE_S_NS : 0;
    c->holding = from->quota_holding_time_present_case && from->quota_holding_time;
    c->holding_ns = from->quota_holding_time * BASE_S_NS;
    c->last_use_ns = now;
    c->tariff_unix = from->tariff_time_change_unix;
    if (c->valid_until_ns || c->holding)
        s->model->timed = true;
}

static void grant(struct agws_session *s, struct agws_credit *c,
                  const Magma__Lte__CreditUpdateResponse *r)
{
    const Credit *from = r->credit;
    bool was_final = c->is_final;
    if (r->limit_type != MAGMA__LTE__CREDIT_LIMIT_TYPE__FINITE) {
        no_quota(c);
        c->state = AGWS_UNLIMITED;
        c->uncharged = r->limit_type == MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED;
        return;
    }
    if (!from || (!from->granted_units && !from->is_final)) {
        no_quota(c); // nothing new: what comes now is up to the core
        if (was_final && c->state == AGWS_QUOTA)
            after_final(s, c);
        else if (c->state == AGWS_QUOTA)
            c->state = AGWS_NONE;
        c->is_final = false;
        return;
    }
    c->uncharged = false;
    set_final(s, c, from);
    set_times(s, c, from);
    set_quota(c, from);
    if (has_quota(c))
        c->state = AGWS_QUOTA;
    else if (c->is_final)
        after_final(s, c);
    else
        c->state = AGWS_NONE;
}

static void suspend(struct agws_credit *c)
{
    no_quota(c);
    c->is_final = false;
    c->state = AGWS_SUSPENDED;
}

bool agws_apply_credit(struct agws_session *s, const Magma__Lte__CreditUpdateResponse *r)
{
    struct agws_credit *c = credit_for(s, r->charging_key, r->service_identifier);
    struct agws_total *total = agws_total_group(s->model, c->group);
    if (!c->report.pending)
        return true;
    // 4xxx refuses more quota, not the report; 5xxx everything; anything else says nothing
    if (!r->success && r->result_code / 1000 != 4 && r->result_code / 1000 != 5)
        return false;
    bool refused = !r->success && r->result_code / 1000 == 5;
    c->report.pending = false;
    for (int k = 0; k < AGWS_KINDS; k++) {
        uint64_t amount = c->report.before[k] + c->report.after[k];
        *(refused ? &total->of[k].refused : &total->of[k].acknowledged) += amount;
        s->acknowledged[k] += refused ? 0 : amount;
    }
    take_tgpp(s, r->tgpp_ctx);
    if (r->success)
        grant(s, c, r);
    else
        suspend(c);
    if (refused) // permanent: the session ends
        s->state = AGWS_ENDING;
    return true;
}

// ---- rules ----
static void remove_rule(struct agws_session *s, const char *id)
{
    for (size_t i = 0; i < s->n_rules; i++) {
        if (strcmp(s->rules[i].id->data, id) != 0)
            continue;
        s->rules[i] = s->rules[--s->n_rules];
        return;
    }
}

static struct agws_rule *add_rule(struct agws_session *s, const char *id,
                                  const Google__Protobuf__Timestamp *from,
                                  const Google__Protobuf__Timestamp *until)
{
    remove_rule(s, id);
    s->rules = grow(s->rules, s->n_rules, sizeof(*s->rules));
    struct agws_rule *rule = &s->rules[s->n_rules++];
    rule->id = agws_text(s->model, id, strlen(id));
    rule->from_unix = from ? from->seconds : 0;
    rule->until_unix = until ? until->seconds : 0;
    return rule;
}

static void add_static(struct agws_session *s, Magma__Lte__StaticRuleInstall **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_rule(s, list[i]->rule_id, list[i]->activation_time, list[i]->deactivation_time)
            ->is_static = true;
}

static void add_dynamic(struct agws_session *s, Magma__Lte__DynamicRuleInstall **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const Magma__Lte__PolicyRule *p = list[i]->policy_rule;
        if (!p)
            continue;
        struct agws_rule *rule =
            add_rule(s, p->id, list[i]->activation_time, list[i]->deactivation_time);
        rule->group = p->rating_group;
        if (p->monitoring_key.len)
            rule->key = agws_text(s->model, p->monitoring_key.data, p->monitoring_key.len);
        if (p->tracking_type == MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__ONLY_PCRF ||
            p->tracking_type == MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__NO_TRACKING)
            continue;
        bool known = agws_credit_of(s, p->rating_group) != NULL;
        struct agws_credit *credit = credit_for(s, p->rating_group, p->service_identifier);
        credit->fresh = credit->fresh || !known || credit->state == AGWS_NONE;
    }
}

// ---- monitors ----
static struct agws_monitor *monitor_for(struct agws_session *s, const ProtobufCBinaryData *key)
{
    const struct agws_text *text = agws_text(s->model, key->data, key->len);
    for (size_t i = 0; i < s->n_monitors; i++)
        if (s->monitors[i].key == text)
            return &s->monitors[i];
    s->monitors = grow(s->monitors, s->n_monitors, sizeof(*s->monitors));
    struct agws_monitor *m = &s->monitors[s->n_monitors++];
    m->key = text;
    return m;
}

static void set_monitor(struct agws_session *s, const Magma__Lte__UsageMonitoringCredit *from)
{
    struct agws_monitor *m = monitor_for(s, &from->monitoring_key);
    m->level = from->level;
    m->ended = from->action == MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE;
    m->force = from->action == MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__FORCE;
    if (from->granted_units)
        m->granted = granted_octets(from->granted_units);
}

static void set_revalidation(struct agws_session *s, const Google__Protobuf__Timestamp *time)
{
    if (!time)
        return;
    s->revalidate_unix = time->seconds;
    s->model->timed = true;
}

static struct agws_monitor *answered_monitor(struct agws_session *s,
                                             const Magma__Lte__UsageMonitoringUpdateResponse *r)
{
    for (size_t i = 0; r->credit && i < s->n_monitors; i++) {
        const struct agws_text *key = s->monitors[i].key;
        const ProtobufCBinaryData *k = &r->credit->monitoring_key;
        if (key->len == k->len && memcmp(key->data, k->data, k->len) == 0)
            return &s->monitors[i];
    }
    // failures do not name the monitor: they are those of the first that waits; a success without
    // one is about an event
    for (size_t i = 0; !r->credit && !r->success && i < s->n_monitors; i++)
        if (s->monitors[i].report.pending)
            return &s->monitors[i];
    return NULL;
}

bool agws_apply_monitor(struct agws_session *s, const Magma__Lte__UsageMonitoringUpdateResponse *r)
{
    struct agws_monitor *m = answered_monitor(s, r);
    bool refused = !r->success && (r->result_code / 1000 == 4 || r->result_code / 1000 == 5);
    if (!r->success && !refused)
        return false;
    if (m && m->report.pending) {
        struct agws_sums *sums = &agws_total_key(s->model, m->key)->of[AGWS_OCTETS];
        m->report.pending = false;
        *(refused ? &sums->refused : &sums->acknowledged) += m->report.before[AGWS_OCTETS];
    } else if (!m) {
        s->event.pending = false;
    }
    if (refused) {
        s->state = AGWS_ENDING;
        return true;
    }
    take_tgpp(s, r->tgpp_ctx);
    for (size_t i = 0; i < r->n_rules_to_remove; i++)
        remove_rule(s, r->rules_to_remove[i]);
    add_static(s, r->static_rules_to_install, r->n_static_rules_to_install);
    add_dynamic(s, r->dynamic_rules_to_install, r->n_dynamic_rules_to_install);
    set_revalidation(s, r->revalidation_time);
    if (r->credit)
        set_monitor(s, r->credit);
    return true;
}

// ---- the session ----
void agws_apply_create(struct agws_session *s, const Magma__Lte__CreateSessionResponse *r)
{
    s->state = AGWS_OPEN;
    take_tgpp(s, r->tgpp_ctx);
    for (size_t i = 0; i < r->n_credits; i++) {
        const Magma__Lte__CreditUpdateResponse *credit = r->credits[i];
        struct agws_credit *c = credit_for(s, credit->charging_key, credit->service_identifier);
        if (credit->success)
            grant(s, c, credit);
        else
            suspend(c); // the other services may be used
    }
    add_static(s, r->static_rules, r->n_static_rules);
    // rules of services that were not asked for are not charged online
    for (size_t i = 0, n = s->n_credits; i < r->n_dynamic_rules; i++) {
        add_dynamic(s, &r->dynamic_rules[i], 1);
        if (s->n_credits > n)
            s->credits[n] = (struct agws_credit){
                .group = s->credits[n].group, .state = AGWS_UNLIMITED, .uncharged = true};
        n = s->n_credits;
    }
    for (size_t i = 0; i < r->n_usage_monitors; i++)
        if (r->usage_monitors[i]->credit)
            set_monitor(s, r->usage_monitors[i]->credit);
    set_revalidation(s, r->revalidation_time);
}

void agws_apply_policy(struct agws_session *s, const Magma__Lte__PolicyReAuthRequest *r)
{
    for (size_t i = 0; i < r->n_rules_to_remove; i++)
        remove_rule(s, r->rules_to_remove[i]);
    add_static(s, r->rules_to_install, r->n_rules_to_install);
    add_dynamic(s, r->dynamic_rules_to_install, r->n_dynamic_rules_to_install);
    for (size_t i = 0; i < r->n_usage_monitoring_credits; i++)
        set_monitor(s, r->usage_monitoring_credits[i]);
    set_revalidation(s, r->revalidation_time);
}

void agws_apply_terminated(struct agws_session *s)
{
    for (size_t i = 0; i < s->n_credits; i++) {
        struct agws_credit *c = &s->credits[i];
        for (int k = 0; k < AGWS_KINDS; k++) {
            agws_total_group(s->model, c->group)->of[k].acknowledged += c->used[k];
            s->acknowledged[k] += c->used[k];
            c->used[k] = c->used_after[k] = 0;
        }
        c->state = AGWS_NONE;
    }
    for (size_t i = 0; i < s->n_monitors; i++) {
        agws_total_key(s->model, s->monitors[i].key)->of[AGWS_OCTETS].acknowledged +=
            s->monitors[i].used;
        s->monitors[i].used = 0;
    }
    s->ended = true;
    s->state = AGWS_CLOSED;
}
