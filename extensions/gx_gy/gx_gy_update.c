// SPDX-License-Identifier: BSD-3-Clause
// UpdateSession: usage and events of many sessions in one call. What belongs to one session goes in
// one CCR-U (or one each, as set), all sessions at the same time; what fails, fails alone.
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"
#include "rpc/status.h"

typedef Magma__Lte__UpdateSessionRequest Request;
typedef Magma__Lte__UpdateSessionResponse Response;
typedef Magma__Lte__CreditUpdateResponse CreditResponse;
typedef Magma__Lte__UsageMonitoringUpdateResponse MonitorResponse;

struct update;

// Memory of a call, and what is set aside of it, generously: for a session's request, its answer
// and what is kept of both; for an element of it; for the reply of one that is refused.
enum { MEMORY = 64 << 20, GROUP_ROOM = 8192, ELEMENT_ROOM = 2048, REPLY_ROOM = 512 };

// One exchange and the elements of the call it is for.
struct group {
    struct update *owner;
    struct group *other;           // of the same session, at the other application; or NULL
    Magma__Lte__TgppContext *tgpp; // of the replies; NULL without an answer
    struct gxgy_context context;
    struct gxgy_cc cc;
    size_t *elements; // indices
    size_t n, room;
};

struct update {
    struct rpc_call *call; // NULL once replied
    struct base_loop *loop;
    struct base_arena *arena;
    Request *request;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    int64_t deadline_ns;
    struct group **groups;
    size_t n_groups, n_placed, pending; // placed: elements in groups
    CreditResponse **credits; // by element
    MonitorResponse **monitors;
    MonitorResponse **extra; // monitors of the core that nobody asked about
    size_t n_extra, extra_room;
    bool no_memory;
};

static const char *session_of(const struct update *t, enum gxgy_app app, size_t i)
{
    return app == GXGY_GX ? t->request->usage_monitors[i]->session_id
                          : t->request->updates[i]->session_id;
}

// ---- replies of elements ----
static CreditResponse *credit_of(struct update *t, size_t i)
{
    const Magma__Lte__CreditUsageUpdate *u = t->request->updates[i];
    CreditResponse *r = GXGY_NEW(t->arena, magma__lte__credit_update_response__descriptor);
    t->credits[i] = r;
    if (!r) {
        t->no_memory = true;
        return NULL;
    }
    r->session_id = u->session_id;
    if (u->common_context && u->common_context->sid)
        r->sid = u->common_context->sid->id;
    if (u->usage) {
        r->charging_key = u->usage->charging_key;
        r->service_identifier = u->usage->service_identifier;
    }
    r->tgpp_ctx = u->tgpp_ctx;
    return r;
}

static MonitorResponse *monitor_of(struct update *t, size_t i)
{
    const Magma__Lte__UsageMonitoringUpdateRequest *u = t->request->usage_monitors[i];
    MonitorResponse *r =
        GXGY_NEW(t->arena, magma__lte__usage_monitoring_update_response__descriptor);
    if (!r) {
        t->no_memory = true;
        return NULL;
    }
    r->session_id = u->session_id;
    r->sid = u->sid;
    r->tgpp_ctx = u->tgpp_ctx;
    if (!t->monitors[i])
        t->monitors[i] = r;
    return r;
}

// A credit for the monitor that an element is about.
static void disable(struct update *t, size_t i, MonitorResponse *r)
{
    const Magma__Lte__UsageMonitorUpdate *u = t->request->usage_monitors[i]->update;
    if (!u || !r)
        return;
    r->credit = GXGY_NEW(t->arena, magma__lte__usage_monitoring_credit__descriptor);
    if (!r->credit) {
        t->no_memory = true;
        return;
    }
    r->credit->action = MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE;
    r->credit->monitoring_key = u->monitoring_key;
    r->credit->level = u->level;
}

static void set_result(struct update *t, enum gxgy_app app, size_t i, bool success, uint32_t code)
{
    if (app == GXGY_GX) {
        MonitorResponse *r = monitor_of(t, i);
        if (r) {
            r->success = success;
            r->result_code = code;
            if (success)
                disable(t, i, r);
        }
        return;
    }
    CreditResponse *r = credit_of(t, i);
    if (!r)
        return;
    r->success = success;
    r->result_code = code;
    if (success)
        r->limit_type = MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED;
}

// ---- Gx answers ----
static const Fgw__Gxgy__UsageMonitor *find_monitor(const Fgw__Gxgy__GxAnswer *answer,
                                                   const ProtobufCBinaryData *key)
{
    for (size_t i = 0; i < answer->n_monitors; i++) {
        const ProtobufCBinaryData *k = &answer->monitors[i]->monitoring_key;
        if (k->len == key->len && (k->len == 0 || memcmp(k->data, key->data, k->len) == 0))
            return answer->monitors[i];
    }
    return NULL;
}

// Rules, triggers and the like concern the session: they come with its first element.
static enum err add_session_part(struct update *t, const Fgw__Gxgy__GxAnswer *answer,
                                 MonitorResponse *r)
{
    struct gxgy_rules rules;
    enum err err = gxgy_rules_of(t->arena, answer, false, &rules);
    if (err != ERR_OK)
        return err;
    r->rules_to_remove = rules.remove;
    r->n_rules_to_remove = rules.n_remove;
    r->static_rules_to_install = rules.statics;
    r->n_static_rules_to_install = rules.n_static;
    r->dynamic_rules_to_install = rules.dynamics;
    r->n_dynamic_rules_to_install = rules.n_dynamic;
    r->failed_rules = rules.failed;
    r->n_failed_rules = rules.n_failed;
    r->policy = answer->policy;
    err = gxgy_tgpp_not_told(t->arena, &rules, r->tgpp_ctx);
    if (err == ERR_OK)
        err = gxgy_triggers(t->arena, answer, &r->event_triggers, &r->n_event_triggers);
    if (err == ERR_OK)
        err = gxgy_timestamp(t->arena, answer->revalidation_unix, &r->revalidation_time);
    return err == ERR_OK ? gxgy_session_qos(t->arena, answer, &r->session_qos) : err;
}

static bool asked_about(const struct group *g, const ProtobufCBinaryData *key)
{
    for (size_t i = 0; i < g->n; i++) {
        const Magma__Lte__UsageMonitorUpdate *u =
            g->owner->request->usage_monitors[g->elements[i]]->update;
        if (u && u->monitoring_key.len == key->len &&
            (key->len == 0 || memcmp(u->monitoring_key.data, key->data, key->len) == 0))
            return true;
    }
    return false;
}

static enum err add_extra(struct group *g, const Fgw__Gxgy__GxAnswer *answer)
{
    struct update *t = g->owner;
    enum err err = ERR_OK;
    if (t->n_extra + answer->n_monitors > t->extra_room) {
        size_t more = t->n_extra + answer->n_monitors; // twice as many: not a longer list each time
        MonitorResponse **longer = gxgy_list(t->arena, t->extra, t->n_extra, more);
        if (!longer)
            return ERR_NOMEM;
        t->extra = longer;
        t->extra_room = t->n_extra + more;
    }
    for (size_t i = 0; i < answer->n_monitors && err == ERR_OK; i++) {
        if (asked_about(g, &answer->monitors[i]->monitoring_key))
            continue;
        MonitorResponse *r = monitor_of(t, g->elements[0]);
        if (!r)
            return ERR_NOMEM;
        r->success = true;
        r->result_code = GXGY_SUCCESS;
        r->tgpp_ctx = t->monitors[g->elements[0]]->tgpp_ctx;
        t->extra[t->n_extra++] = r;
        err = gxgy_monitor_credit(t->arena, answer->monitors[i], &r->credit);
    }
    return err;
}

static enum err gx_element(struct group *g, size_t i, const Fgw__Gxgy__GxAnswer *answer,
                           Magma__Lte__TgppContext *tgpp)
{
    struct update *t = g->owner;
    size_t at = g->elements[i];
    const Magma__Lte__UsageMonitorUpdate *u = t->request->usage_monitors[at]->update;
    MonitorResponse *r = monitor_of(t, at);
    if (!r)
        return ERR_NOMEM;
    r->success = !answer->session_release_cause_present_case;
    r->result_code = r->success ? g->cc.result : 5003; // makes the access gateway end the session
    r->tgpp_ctx = tgpp;
    enum err err = i == 0 ? add_session_part(t, answer, r) : ERR_OK;
    if (err != ERR_OK || !u)
        return err;
    const Fgw__Gxgy__UsageMonitor *monitor = find_monitor(answer, &u->monitoring_key);
    if (monitor)
        return gxgy_monitor_credit(t->arena, monitor, &r->credit);
    disable(t, at, r); // no new quota: monitoring ends (TS 29.212 4.5.17.1)
    return ERR_OK;
}

static enum err gx_answered(struct group *g)
{
    const Fgw__Gxgy__GxAnswer *answer = (const Fgw__Gxgy__GxAnswer *)g->cc.answer;
    Magma__Lte__TgppContext *tgpp;
    enum err err = gxgy_tgpp(g->owner->arena, g->context.tgpp, &g->cc, NULL, &tgpp);
    g->tgpp = tgpp;
    for (size_t i = 0; i < g->n && err == ERR_OK; i++)
        err = gx_element(g, i, answer, tgpp);
    return err == ERR_OK ? add_extra(g, answer) : err;
}

// ---- Gy answers ----
static bool is_service(const Fgw__Gxgy__ServiceAnswer *s, const Magma__Lte__CreditUsage *u,
                       bool exact)
{
    if (s->rating_group_present_case && s->rating_group != u->charging_key)
        return false;
    if (!s->rating_group_present_case && !s->n_service_identifiers)
        return !exact;
    if (!exact)
        return s->rating_group_present_case;
    for (size_t i = 0; i < s->n_service_identifiers; i++)
        if (u->service_identifier && s->service_identifiers[i] == u->service_identifier->value)
            return true;
    return !u->service_identifier && s->n_service_identifiers == 0;
}

static const Fgw__Gxgy__ServiceAnswer *find_service(const Fgw__Gxgy__GyAnswer *answer,
                                                    const Magma__Lte__CreditUsage *usage)
{
    for (int exact = 1; usage && exact >= 0; exact--)
        for (size_t i = 0; i < answer->n_services; i++)
            if (is_service(answer->services[i], usage, exact))
                return answer->services[i];
    return NULL;
}

static enum err gy_answered(struct group *g)
{
    struct update *t = g->owner;
    const Fgw__Gxgy__GyAnswer *answer = (const Fgw__Gxgy__GyAnswer *)g->cc.answer;
    Magma__Lte__TgppContext *tgpp;
    enum err err = gxgy_tgpp(t->arena, g->context.tgpp, NULL, &g->cc, &tgpp);
    g->tgpp = tgpp;
    for (size_t i = 0; i < g->n && err == ERR_OK; i++) {
        const Magma__Lte__CreditUsage *usage = t->request->updates[g->elements[i]]->usage;
        CreditResponse *r = credit_of(t, g->elements[i]);
        if (!r)
            return ERR_NOMEM;
        Magma__Lte__ServiceIdentifier *id = r->service_identifier;
        const Fgw__Gxgy__ServiceAnswer *service = find_service(answer, usage);
        r->tgpp_ctx = tgpp;
        r->success = true; // the report was taken, even if nothing new is granted
        r->result_code = g->cc.result;
        if (service)
            err = gxgy_credit(t->arena, service, answer, r);
        else if (!(r->credit = GXGY_NEW(t->arena, magma__lte__charging_credit__descriptor)))
            err = ERR_NOMEM;
        if (id) // the access gateway's own, also where the OCS is told another one
            r->service_identifier = id;
        if (usage)
            r->charging_key = usage->charging_key;
    }
    return err;
}

// ---- failures ----
static void give(const struct group *g, Magma__Lte__TgppContext *tgpp)
{
    const struct update *t = g->owner;
    for (size_t i = 0; i < g->n; i++) {
        if (g->cc.app == GXGY_GX && t->monitors[g->elements[i]])
            t->monitors[g->elements[i]]->tgpp_ctx = tgpp;
        if (g->cc.app == GXGY_GY && t->credits[g->elements[i]])
            t->credits[g->elements[i]]->tgpp_ctx = tgpp;
    }
}

static uint32_t failed_code(const struct group *g)
{
    const struct gxgy_cc *cc = &g->cc;
    bool lost = cc->result == 0 || cc->result / 1000 == 3;
    if (!cc->gone_out && cc->verdict.code == GXGY_TOO_BUSY) // we are, and the OCS has seen nothing
        return GXGY_TOO_BUSY;
    if (cc->app == GXGY_GY && lost && cc->verdict.status != RPC_INVALID_ARGUMENT &&
        gxgy_settings()->gy.failed_update == GXGY_FAILED_TERMINATE)
        return GXGY_UNABLE_TO_COMPLY;
    return cc->verdict.code;
}

// The OCS does not know the session any more, which goes on (CONTINUE): it is idle (RFC 8506 7),
// and begins again with its next report.
static void forget_server(struct group *g)
{
    if (gxgy_tgpp(g->owner->arena, g->context.tgpp, NULL, NULL, &g->tgpp) != ERR_OK) {
        g->owner->no_memory = true;
        return;
    }
    g->tgpp->gy_dest_host = g->tgpp->gy_dest_realm = GXGY_EMPTY;
    give(g, g->tgpp);
}

static void group_failed(struct group *g)
{
    struct update *t = g->owner;
    for (size_t i = 0; i < g->n; i++) {
        size_t at = g->elements[i];
        set_result(t, g->cc.app, at, g->cc.granted, g->cc.granted ? GXGY_SUCCESS : failed_code(g));
        if (g->cc.granted && g->cc.app == GXGY_GY && g->cc.result != GXGY_NOT_APPLICABLE &&
            t->credits[at])
            t->credits[at]->limit_type = MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_METERED;
    }
    if (g->cc.granted && g->cc.app == GXGY_GY && g->cc.result == GXGY_UNKNOWN_SESSION &&
        gxgy_settings()->gy.late_open)
        forget_server(g);
}

// ---- the end ----
// An access gateway keeps the context that it reads last: those of one session must say the same.
static void unite(const struct group *gx, const struct group *gy)
{
    if (!gx->tgpp && gy->tgpp)
        give(gx, gy->tgpp);
    else if (gx->tgpp && !gy->tgpp)
        give(gy, gx->tgpp);
    if (!gx->tgpp || !gy->tgpp)
        return;
    gx->tgpp->gy_dest_host = gy->tgpp->gy_dest_host;
    gx->tgpp->gy_dest_realm = gy->tgpp->gy_dest_realm;
    gx->tgpp->gy_failure_handling = gy->tgpp->gy_failure_handling;
    gx->tgpp->gy_session_failover = gy->tgpp->gy_session_failover;
    gx->tgpp->gy_direct_debiting = gy->tgpp->gy_direct_debiting;
    const ProtobufCMessage base = gy->tgpp->base;
    *gy->tgpp = *gx->tgpp;
    gy->tgpp->base = base;
}

static void finish(struct update *t)
{
    Response *r = GXGY_NEW(t->arena, magma__lte__update_session_response__descriptor);
    size_t n = t->request->n_usage_monitors;
    for (size_t i = 0; i < t->n_groups; i++)
        if (t->groups[i]->other)
            unite(t->groups[i], t->groups[i]->other);
    if (t->call && r && !t->no_memory) {
        MonitorResponse **all = gxgy_list(t->arena, t->monitors, n, t->n_extra);
        if (all && t->n_extra)
            memcpy(all + n, t->extra, t->n_extra * sizeof(*all));
        r->responses = t->credits;
        r->n_responses = t->request->n_updates;
        r->usage_monitor_responses = all;
        r->n_usage_monitor_responses = all ? n + t->n_extra : 0;
        gxgy_reply(t->call, t->arena, &r->base);
    } else if (t->call) {
        rpc_call_reply(t->call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
    }
    base_arena_free(t->arena);
}

static void group_done(struct gxgy_cc *cc)
{
    struct group *g = cc->ctx;
    struct update *t = g->owner;
    enum err err = ERR_OK;
    if (!cc->ok)
        group_failed(g);
    else
        err = cc->app == GXGY_GX ? gx_answered(g) : gy_answered(g);
    t->no_memory = t->no_memory || err != ERR_OK;
    if (--t->pending == 0)
        finish(t);
}

// ---- requests ----
// Has nobody opened the session at an OCS yet?
static bool is_to_open(const struct group *g, enum gxgy_app app)
{
    return app == GXGY_GY && gxgy_settings()->gy.late_open && !g->context.tgpp->gy_dest_host[0];
}

static bool has_trigger(const Fgw__Gxgy__GxRequest *request, uint32_t trigger)
{
    for (size_t i = 0; i < request->n_event_triggers; i++)
        if (request->event_triggers[i] == trigger)
            return true;
    return false;
}

static void add_trigger(Fgw__Gxgy__GxRequest *request, uint32_t trigger)
{
    if (!has_trigger(request, trigger))
        request->event_triggers[request->n_event_triggers++] = trigger;
}

static enum err fill_gx(struct group *g, Fgw__Gxgy__GxRequest *request)
{
    struct update *t = g->owner;
    size_t n_triggers = 0, n_reports = 0;
    for (size_t i = 0; i < g->n; i++) {
        n_triggers += t->request->usage_monitors[g->elements[i]]->n_event_triggers + 2;
        n_reports += t->request->usage_monitors[g->elements[i]]->n_rule_reports;
    }
    request->event_triggers = base_arena_alloc(t->arena, n_triggers * sizeof(uint32_t));
    request->rule_reports = gxgy_list(t->arena, NULL, 0, n_reports);
    if (!request->event_triggers || !request->rule_reports)
        return ERR_NOMEM;
    for (size_t i = 0; i < g->n; i++) {
        const Magma__Lte__UsageMonitoringUpdateRequest *u =
            t->request->usage_monitors[g->elements[i]];
        if (u->update && u->update->monitoring_key.len) {
            enum err err = gxgy_gx_add_monitor(t->arena, request, u->update, g->n);
            if (err != ERR_OK)
                return err;
            add_trigger(request, (uint32_t)gxgy_settings()->gx.usage_report_trigger);
        }
        // 33 is what access gateways call a usage report, whatever the PCRF does
        if (u->event_trigger && u->event_trigger != MAGMA__LTE__EVENT_TRIGGER__USAGE_REPORT)
            add_trigger(request, (uint32_t)u->event_trigger);
        for (size_t k = 0; k < u->n_event_triggers; k++)
            add_trigger(request, (uint32_t)u->event_triggers[k]);
        for (size_t k = 0; k < u->n_rule_reports; k++)
            request->rule_reports[request->n_rule_reports++] = u->rule_reports[k];
    }
    enum err err = gxgy_gx_add_charging_id(t->arena, request, &g->context);
    return err == ERR_OK ? gxgy_gx_add_unreported(t->arena, request, g->context.tgpp) : err;
}

static enum err fill_gy(struct group *g, Fgw__Gxgy__GyRequest *request)
{
    struct update *t = g->owner;
    for (size_t i = 0; i < g->n; i++) {
        const Magma__Lte__CreditUsage *u = t->request->updates[g->elements[i]]->usage;
        struct gxgy_key key = {.has_group = true, .rating_group = u ? u->charging_key : 0};
        if (u && u->service_identifier) {
            key.has_service = true;
            key.service_identifier = u->service_identifier->value;
        }
        enum err err =
            gxgy_gy_add_service(t->arena, request, &key, u ? u->requested_units : NULL, u, g->n);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err make_request(struct group *g, enum gxgy_app app, const ProtobufCMessage **out,
                             uint32_t *type, uint32_t *number)
{
    struct update *t = g->owner;
    *type = GXGY_UPDATE;
    if (app == GXGY_GX) {
        *number = t->request->usage_monitors[g->elements[0]]->request_number;
        Fgw__Gxgy__GxRequest *gx = gxgy_gx_request(t->arena, &g->context, *type, *number);
        *out = gx ? &gx->base : NULL;
        return gx ? fill_gx(g, gx) : ERR_NOMEM;
    }
    *number = t->request->updates[g->elements[0]]->request_number;
    if (is_to_open(g, app)) {
        *type = GXGY_INITIAL;
        *number = 0;
    }
    Fgw__Gxgy__GyRequest *gy = gxgy_gy_request(t->arena, &g->context, *type, *number);
    *out = gy ? &gy->base : NULL;
    return gy ? fill_gy(g, gy) : ERR_NOMEM;
}

static void start(struct group *g, enum gxgy_app app)
{
    struct update *t = g->owner;
    const ProtobufCMessage *request;
    uint32_t type, number;
    g->cc.app = app;
    g->cc.done = group_done;
    g->cc.ctx = g;
    enum err err = make_request(g, app, &request, &type, &number);
    if (err != ERR_OK) {
        g->cc.verdict = gxgy_verdict_of_err(err);
        group_done(&g->cc);
        return;
    }
    gxgy_cc_prepare(&g->cc, app, &g->context, type, number, request);
    g->cc.loop = t->loop;
    g->cc.arena = t->arena;
    g->cc.deadline_ns = t->deadline_ns;
    gxgy_cc_start(&g->cc);
}

// ---- grouping ----
static struct group *group_for(struct update *t, enum gxgy_app app, size_t i, size_t first)
{
    bool merge = gxgy_core(app)->merge_updates;
    for (size_t k = first; k < t->n_groups; k++)
        if ((merge || is_to_open(t->groups[k], app)) &&
            strcmp(t->groups[k]->context.session_id, session_of(t, app, i)) == 0)
            return t->groups[k];
    return NULL;
}

// A group for an element that none is there for. ERR_OK and NULL: nobody is to be asked.
static enum err new_group(struct update *t, enum gxgy_app app, size_t i, size_t first,
                          struct group **out)
{
    struct group *g = base_arena_zalloc(t->arena, sizeof(*g));
    *out = NULL;
    if (!g)
        return ERR_NOMEM;
    enum err err =
        app == GXGY_GX
            ? gxgy_context_of_monitor(t->arena, t->request->usage_monitors[i], &g->context)
            : gxgy_context_of_credit(t->arena, t->request->updates[i], &g->context);
    g->context.gateway = t->gateway;
    if (err == ERR_OK)
        err = gxgy_admit(t->gateway, &g->context);
    bool asked = app == GXGY_GX ? g->context.policy.gx
                                : g->context.policy.gy && !g->context.policy.gy_auth_only;
    if (err != ERR_OK || !asked)
        return err;
    g->owner = t;
    for (size_t k = 0; k < first && !g->other; k++) // first: where the other application ends
        if (strcmp(t->groups[k]->context.session_id, g->context.session_id) == 0)
            g->other = t->groups[k];
    *out = t->groups[t->n_groups++] = g;
    return ERR_OK;
}

// Is there memory for one more element and all that comes of it? A report that was taken and cannot
// be answered would come again.
static bool has_room(const struct update *t)
{
    size_t n = t->request->n_updates + t->request->n_usage_monitors;
    return base_arena_used(t->arena) + (t->n_groups + 1) * GROUP_ROOM +
               (t->n_placed + 1) * ELEMENT_ROOM + n * REPLY_ROOM <=
           MEMORY;
}

static bool add_element(struct group *g, size_t i)
{
    if (g->n == g->room) {
        size_t room = g->room ? 2 * g->room : 2;
        size_t *longer = base_arena_alloc(g->owner->arena, room * sizeof(*longer));
        if (!longer)
            return false;
        if (g->n)
            memcpy(longer, g->elements, g->n * sizeof(*longer));
        g->elements = longer;
        g->room = room;
    }
    g->elements[g->n++] = i;
    return true;
}

// Puts an element into a group, or answers it at once.
static void place(struct update *t, enum gxgy_app app, size_t i, size_t first)
{
    if (!has_room(t)) {
        set_result(t, app, i, false, GXGY_TOO_BUSY);
        return;
    }
    struct group *g = group_for(t, app, i, first);
    enum err err = g ? ERR_OK : new_group(t, app, i, first, &g);
    if (!g) {
        set_result(t, app, i, err == ERR_OK, gxgy_verdict_of_err(err).code);
        return;
    }
    if (app == GXGY_GX && !g->context.report)
        g->context.report = t->request->usage_monitors[i]->report;
    if (!add_element(g, i))
        t->no_memory = true;
    t->n_placed++;
}

static enum err prepare(struct update *t)
{
    size_t n = t->request->n_updates, m = t->request->n_usage_monitors;
    t->groups = gxgy_list(t->arena, NULL, 0, n + m);
    t->credits = gxgy_list(t->arena, NULL, 0, n);
    t->monitors = gxgy_list(t->arena, NULL, 0, m);
    return t->groups && t->credits && t->monitors ? ERR_OK : ERR_NOMEM;
}

static void cancelled(struct rpc_call *call, void *arg)
{
    struct update *t = arg;
    rpc_call_reply(call, RPC_CANCELLED, "cancelled", NULL, 0);
    t->call = NULL; // reports that are under way are taken in all the same
}

static void run(struct update *t)
{
    size_t n_credits;
    for (size_t i = 0; i < t->request->n_updates; i++)
        place(t, GXGY_GY, i, 0);
    n_credits = t->n_groups;
    for (size_t i = 0; i < t->request->n_usage_monitors; i++)
        place(t, GXGY_GX, i, n_credits);
    rpc_call_on_cancel(t->call, cancelled, t);
    size_t n = t->no_memory ? 0 : t->n_groups; // what could not be answered is not asked
    t->pending = n + 1;                        // one for this function: groups may end at once
    for (size_t i = 0; i < n; i++)
        start(t->groups[i], i < n_credits ? GXGY_GY : GXGY_GX);
    if (--t->pending == 0)
        finish(t);
}

void gxgy_update(struct rpc_call *call, void *arg)
{
    struct base_arena *arena = base_arena_new(16384, MEMORY);
    struct update *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    ProtobufCMessage *message;
    const char *text = "";
    enum err err = t ? gxgy_read_call(call, arena, &magma__lte__update_session_request__descriptor,
                                      &message, &text)
                     : ERR_NOMEM;
    if (err == ERR_OK) {
        t->call = call;
        t->loop = rpc_call_loop(call);
        t->arena = arena;
        t->deadline_ns = rpc_call_deadline_ns(call) - GXGY_REPLY_MARGIN_NS;
        t->request = (Request *)message;
        snprintf(t->gateway, sizeof(t->gateway), "%s", rpc_call_gateway(call));
        err = prepare(t);
    }
    if (err == ERR_OK) {
        run(t);
        return;
    }
    const struct gxgy_verdict verdict = gxgy_verdict_of_err(err);
    gxgy_refuse(call, "UpdateSession", &verdict, text);
    base_arena_free(arena);
}
