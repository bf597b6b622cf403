// SPDX-License-Identifier: BSD-3-Clause
// CreateSession: CCR-I to the PCRF, then to the OCS for the services of the rules that it gave. A
// session that the access gateway will not have is ended at whoever opened it.
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "extensions/gx_gy/gx_gy.h"
#include "rpc/status.h"

typedef Magma__Lte__CreateSessionRequest Request;
typedef Magma__Lte__CreateSessionResponse Response;

// One transaction; lives in its arena, on one loop.
struct create {
    struct rpc_call *call; // NULL once replied
    struct base_loop *loop;
    struct base_arena *arena;
    Request *request;
    struct gxgy_context context;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    int64_t deadline_ns;
    struct gxgy_cc gx, gy;
    bool gx_asked, gy_asked;
    struct gxgy_rules rules;
    struct gxgy_key *keys;
    size_t n_keys;
    struct base_arena *undo_arena; // the other may be at its end
    struct gxgy_cc undo[2];
    unsigned undoing;
};

static void free_create(struct create *t)
{
    base_arena_free(t->undo_arena);
    base_arena_free(t->arena);
}

// ---- undoing ----
static void undone(struct gxgy_cc *cc)
{
    struct create *t = cc->ctx;
    if (--t->undoing == 0)
        free_create(t);
}

static void undo(struct create *t, enum gxgy_app app, const struct gxgy_cc *opened)
{
    struct gxgy_cc *cc = &t->undo[app];
    const ProtobufCMessage *request;
    Magma__Lte__TgppContext *tgpp = NULL;
    struct base_arena *arena = t->undo_arena;
    if (!arena || gxgy_tgpp(arena, t->context.tgpp, app == GXGY_GX ? opened : NULL,
                            app == GXGY_GY ? opened : NULL, &tgpp) != ERR_OK)
        return;
    t->context.tgpp = tgpp;
    request = gxgy_end_request(arena, app, &t->context, opened->number + 1);
    if (!request)
        return;
    gxgy_cc_prepare(cc, app, &t->context, GXGY_TERMINATION, opened->number + 1, request);
    cc->loop = t->loop;
    cc->arena = arena;
    cc->deadline_ns = base_now_ns() + 3 * gxgy_core(app)->timeout_ms * BASE_MS_NS;
    cc->done = undone;
    cc->ctx = t;
    t->undoing++;
}

// The access gateway does not have the session: whoever opened it must not keep it.
static void end_without_session(struct create *t)
{
    t->undo_arena = base_arena_new(4096, 0);
    if (t->gx_asked && t->gx.ok)
        undo(t, GXGY_GX, &t->gx);
    if (t->gy_asked && t->gy.ok)
        undo(t, GXGY_GY, &t->gy);
    bool any[2] = {t->undo[GXGY_GX].done != NULL, t->undo[GXGY_GY].done != NULL};
    if (!any[GXGY_GX] && !any[GXGY_GY]) {
        free_create(t);
        return;
    }
    if (any[GXGY_GX] && any[GXGY_GY]) {
        gxgy_cc_start(&t->undo[GXGY_GX]); // the second keeps the transaction
        gxgy_cc_start(&t->undo[GXGY_GY]);
    } else {
        gxgy_cc_start(&t->undo[any[GXGY_GX] ? GXGY_GX : GXGY_GY]);
    }
}

static void refuse(struct create *t, const struct gxgy_verdict *verdict, const char *text)
{
    if (t->call)
        gxgy_refuse(t->call, "CreateSession", verdict, text);
    t->call = NULL;
    end_without_session(t);
}

static void refuse_for(struct create *t, const struct gxgy_cc *cc, const char *who)
{
    char *text = base_arena_printf(t->arena, "%s: %s %u%s%s", who, cc->verdict.label, cc->result,
                                   cc->where[0] ? ", " : "", cc->where);
    refuse(t, &cc->verdict, text ? text : "");
}

static void cancelled(struct rpc_call *call, void *arg)
{
    struct create *t = arg;
    rpc_call_reply(call, RPC_CANCELLED, "cancelled", NULL, 0);
    t->call = NULL; // what is under way goes on, and is then undone
}

// ---- the reply ----
static enum err add_gx(struct create *t, Response *r)
{
    const Fgw__Gxgy__GxAnswer *answer = t->gx_asked ? (Fgw__Gxgy__GxAnswer *)t->gx.answer : NULL;
    r->static_rules = t->rules.statics;
    r->n_static_rules = t->rules.n_static;
    r->dynamic_rules = t->rules.dynamics;
    r->n_dynamic_rules = t->rules.n_dynamic;
    r->failed_rules = t->rules.failed;
    r->n_failed_rules = t->rules.n_failed;
    r->online = !answer || !answer->online_present_case || answer->online;
    r->offline = answer && answer->offline_present_case && answer->offline;
    if (!answer)
        return ERR_OK;
    enum err err = gxgy_triggers(t->arena, answer, &r->event_triggers, &r->n_event_triggers);
    if (err == ERR_OK)
        err = gxgy_timestamp(t->arena, answer->revalidation_unix, &r->revalidation_time);
    if (err == ERR_OK)
        err = gxgy_session_qos(t->arena, answer, &r->session_qos);
    r->policy = answer->policy;
    r->usage_monitors = gxgy_list(t->arena, NULL, 0, answer->n_monitors);
    if (err == ERR_OK && !r->usage_monitors)
        err = ERR_NOMEM;
    for (size_t i = 0; i < answer->n_monitors && err == ERR_OK; i++) {
        Magma__Lte__UsageMonitoringUpdateResponse *monitor =
            GXGY_NEW(t->arena, magma__lte__usage_monitoring_update_response__descriptor);
        if (!monitor)
            return ERR_NOMEM;
        monitor->session_id = t->request->session_id;
        monitor->sid = t->context.common->sid->id;
        monitor->success = true;
        monitor->result_code = GXGY_SUCCESS;
        r->usage_monitors[r->n_usage_monitors++] = monitor;
        err = gxgy_monitor_credit(t->arena, answer->monitors[i], &monitor->credit);
    }
    return err;
}

static Magma__Lte__CreditUpdateResponse *new_credit(struct create *t, Response *r)
{
    Magma__Lte__CreditUpdateResponse *credit =
        GXGY_NEW(t->arena, magma__lte__credit_update_response__descriptor);
    if (!credit)
        return NULL;
    credit->sid = t->context.common->sid->id;
    credit->session_id = t->request->session_id;
    credit->tgpp_ctx = r->tgpp_ctx;
    r->credits[r->n_credits++] = credit;
    return credit;
}

// Serve without the OCS: every service as it likes, usage still counted where the OCS is only away.
static enum err add_free(struct create *t, Response *r)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        Magma__Lte__CreditUpdateResponse *credit = new_credit(t, r);
        if (!credit)
            return ERR_NOMEM;
        credit->success = true;
        credit->result_code = GXGY_SUCCESS;
        credit->charging_key = t->keys[i].rating_group;
        credit->limit_type = t->gy.result == GXGY_NOT_APPLICABLE
                                 ? MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED
                                 : MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_METERED;
        if (!t->keys[i].has_service)
            continue;
        credit->service_identifier = GXGY_NEW(t->arena, magma__lte__service_identifier__descriptor);
        if (!credit->service_identifier)
            return ERR_NOMEM;
        credit->service_identifier->value = t->keys[i].service_identifier;
    }
    return ERR_OK;
}

// Authorisation only: the OCS's Validity-Time says when to ask again.
static enum err add_revalidation(struct create *t, const Fgw__Gxgy__GyAnswer *answer, Response *r)
{
    uint32_t validity = answer->validity_time;
    for (size_t i = 0; i < answer->n_services; i++)
        if (answer->services[i]->validity_time &&
            (!validity || answer->services[i]->validity_time < validity))
            validity = answer->services[i]->validity_time;
    if (!validity || r->revalidation_time)
        return ERR_OK;
    Magma__Lte__EventTrigger *triggers =
        base_arena_alloc(t->arena, (r->n_event_triggers + 1) * sizeof(*triggers));
    if (!triggers)
        return ERR_NOMEM;
    if (r->n_event_triggers)
        memcpy(triggers, r->event_triggers, r->n_event_triggers * sizeof(*triggers));
    triggers[r->n_event_triggers++] = MAGMA__LTE__EVENT_TRIGGER__REVALIDATION_TIMEOUT;
    r->event_triggers = triggers;
    return gxgy_timestamp(t->arena, time(NULL) + validity, &r->revalidation_time);
}

static enum err add_gy(struct create *t, Response *r)
{
    const Fgw__Gxgy__GyAnswer *answer = (Fgw__Gxgy__GyAnswer *)t->gy.answer;
    size_t n = answer ? answer->n_services : 0;
    enum err err = ERR_OK;
    r->credits = gxgy_list(t->arena, NULL, 0, n + t->n_keys);
    if (!r->credits)
        return ERR_NOMEM;
    if (t->context.policy.gy_auth_only)
        return answer && t->gy.ok ? add_revalidation(t, answer, r) : ERR_OK;
    if (!t->gy.ok)
        return add_free(t, r);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        Magma__Lte__CreditUpdateResponse *credit = new_credit(t, r);
        err = credit ? gxgy_credit(t->arena, answer->services[i], answer, credit) : ERR_NOMEM;
    }
    return err;
}

static void succeed(struct create *t)
{
    Response *r = GXGY_NEW(t->arena, magma__lte__create_session_response__descriptor);
    enum err err = r ? ERR_OK : ERR_NOMEM;
    if (!t->call) { // nobody is there to have the session
        end_without_session(t);
        return;
    }
    if (err == ERR_OK)
        err = gxgy_tgpp(t->arena, t->context.tgpp, NULL, t->gy_asked ? &t->gy : NULL, &r->tgpp_ctx);
    if (err == ERR_OK) {
        r->session_id = t->request->session_id;
        err = add_gx(t, r);
    }
    if (err == ERR_OK && t->gy_asked)
        err = add_gy(t, r);
    if (err != ERR_OK) {
        const struct gxgy_verdict verdict = gxgy_verdict_of_err(err);
        refuse(t, &verdict, "");
        return;
    }
    bool told = gxgy_reply(t->call, t->arena, &r->base);
    t->call = NULL;
    if (told)
        free_create(t);
    else
        end_without_session(t);
}

// ---- Gy ----
// Authorisation only: may this session be? What quota there is does not matter.
static bool authorised(const struct gxgy_cc *gy)
{
    const Fgw__Gxgy__GyAnswer *answer = (const Fgw__Gxgy__GyAnswer *)gy->answer;
    if (!gy->ok)
        return gy->result == GXGY_LIMIT_REACHED || gy->granted;
    for (size_t i = 0; answer && i < answer->n_services; i++) {
        const Fgw__Gxgy__ServiceAnswer *service = answer->services[i];
        if (service->result_code_present_case && !gxgy_is_success(service->result_code) &&
            service->result_code != GXGY_LIMIT_REACHED)
            return false;
    }
    return true;
}

static void gy_done(struct gxgy_cc *cc)
{
    static const struct gxgy_verdict barred = {RPC_PERMISSION_DENIED, GXGY_SERVICE_DENIED,
                                               "barred"};
    struct create *t = cc->ctx;
    if (!t->context.policy.gy_auth_only) {
        if (cc->ok || cc->granted)
            succeed(t);
        else
            refuse_for(t, cc, "OCS");
        return;
    }
    if (authorised(cc))
        succeed(t);
    else if (cc->ok)
        refuse(t, &barred, "OCS: not authorised");
    else
        refuse_for(t, cc, "OCS");
}

static void out_of_memory(struct create *t)
{
    const struct gxgy_verdict verdict = gxgy_verdict_of_err(ERR_NOMEM);
    refuse(t, &verdict, "");
}

static void ask_gy(struct create *t)
{
    Fgw__Gxgy__GyRequest *request = gxgy_gy_request(t->arena, &t->context, GXGY_INITIAL, 0);
    enum err err = request ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < t->n_keys && err == ERR_OK && !t->context.policy.gy_auth_only; i++)
        err = gxgy_gy_add_service(t->arena, request, &t->keys[i], t->request->requested_units, NULL,
                                  t->n_keys);
    if (err != ERR_OK) {
        out_of_memory(t);
        return;
    }
    gxgy_cc_prepare(&t->gy, GXGY_GY, &t->context, GXGY_INITIAL, 0, &request->base);
    t->gy.loop = t->loop;
    t->gy.arena = t->arena;
    t->gy.deadline_ns = t->deadline_ns;
    t->gy.done = gy_done;
    t->gy.ctx = t;
    t->gy_asked = true;
    gxgy_cc_start(&t->gy);
}

// ---- Gx ----
static void after_gx(struct create *t)
{
    const Fgw__Gxgy__GxAnswer *answer = t->gx_asked ? (Fgw__Gxgy__GxAnswer *)t->gx.answer : NULL;
    bool online = !answer || !answer->online_present_case || answer->online;
    enum err err = gxgy_rules_of(t->arena, answer, true, &t->rules);
    if (err == ERR_OK)
        err = gxgy_rules_keys(t->arena, &t->rules, &t->keys, &t->n_keys);
    if (err == ERR_OK && t->gx_asked)
        err = gxgy_tgpp(t->arena, t->context.tgpp, &t->gx, NULL, &t->context.tgpp);
    if (err == ERR_OK && t->gx_asked)
        err = gxgy_tgpp_not_told(t->arena, &t->rules, t->context.tgpp);
    if (err != ERR_OK) {
        out_of_memory(t);
        return;
    }
    const struct gxgy_policy *policy = &t->context.policy;
    if (t->call && policy->gy && (policy->gy_auth_only || (online && t->n_keys > 0)))
        ask_gy(t);
    else
        succeed(t);
}

static void gx_done(struct gxgy_cc *cc)
{
    struct create *t = cc->ctx;
    if (cc->ok)
        after_gx(t);
    else
        refuse_for(t, cc, "PCRF");
}

static void ask_gx(struct create *t)
{
    Fgw__Gxgy__GxRequest *request = gxgy_gx_request(t->arena, &t->context, GXGY_INITIAL, 0);
    if (!request) {
        out_of_memory(t);
        return;
    }
    gxgy_cc_prepare(&t->gx, GXGY_GX, &t->context, GXGY_INITIAL, 0, &request->base);
    t->gx.loop = t->loop;
    t->gx.arena = t->arena;
    t->gx.deadline_ns = t->deadline_ns;
    t->gx.done = gx_done;
    t->gx.ctx = t;
    t->gx_asked = true;
    gxgy_cc_start(&t->gx);
}

void gxgy_create(struct rpc_call *call, void *arg)
{
    struct base_arena *arena = base_arena_new(8192, GXGY_MEMORY);
    struct create *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    const char *text;
    if (!t) {
        base_arena_free(arena);
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
        return;
    }
    t->call = call;
    t->loop = rpc_call_loop(call);
    t->arena = arena;
    t->deadline_ns = rpc_call_deadline_ns(call) - GXGY_REPLY_MARGIN_NS;
    snprintf(t->gateway, sizeof(t->gateway), "%s", rpc_call_gateway(call));
    ProtobufCMessage *message;
    enum err err = gxgy_read_call(call, arena, &magma__lte__create_session_request__descriptor,
                                  &message, &text);
    if (err == ERR_OK) {
        t->request = (Request *)message;
        err = gxgy_context_of_create(arena, t->request, &t->context);
        t->context.gateway = t->gateway;
        text = "session_id or sid is missing or wrong";
    }
    if (err == ERR_OK) {
        err = gxgy_admit(t->gateway, &t->context);
        text = "not allowed for this gateway";
    }
    if (err != ERR_OK) {
        const struct gxgy_verdict verdict = gxgy_verdict_of_err(err);
        refuse(t, &verdict, text);
        return;
    }
    rpc_call_on_cancel(call, cancelled, t);
    if (t->context.policy.gx)
        ask_gx(t);
    else
        after_gx(t);
}
