// SPDX-License-Identifier: BSD-3-Clause
// TerminateSession: CCR-T to whoever opened the session. A session that the core does not know any
// more has been terminated: the same call twice is no failure.
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"
#include "rpc/status.h"

typedef Magma__Lte__SessionTerminateRequest Request;
typedef Magma__Lte__SessionTerminateResponse Response;

enum { LOGOUT = 1 }; // Termination-Cause, RFC 6733 8.15

struct terminate {
    struct rpc_call *call; // NULL once replied
    struct base_arena *arena;
    Request *request;
    struct gxgy_context context;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    int64_t deadline_ns;
    struct base_loop *loop;
    struct gxgy_cc cc[2];
    unsigned pending;
    const struct gxgy_cc *failed;
};

static void reply(struct terminate *t)
{
    Response *r = GXGY_NEW(t->arena, magma__lte__session_terminate_response__descriptor);
    if (t->call && t->failed) {
        gxgy_refuse(t->call, "TerminateSession", &t->failed->verdict,
                    t->failed->app == GXGY_GX ? "PCRF did not answer" : "OCS did not answer");
    } else if (t->call) {
        if (r) {
            r->sid = t->context.common->sid->id;
            r->session_id = t->request->session_id;
        }
        gxgy_reply(t->call, t->arena, r ? &r->base : NULL);
    }
    base_arena_free(t->arena);
}

static void done(struct gxgy_cc *cc)
{
    struct terminate *t = cc->ctx;
    // With an answer the session has ended at the core, whatever it says; without one its last
    // report may be lost, and the access gateway shall know.
    if (!cc->ok && (cc->result == 0 || cc->result / 1000 == 3))
        t->failed = cc;
    if (--t->pending == 0)
        reply(t);
}

static enum err make_gx(struct terminate *t, const ProtobufCMessage **out)
{
    const Request *r = t->request;
    Fgw__Gxgy__GxRequest *gx =
        gxgy_gx_request(t->arena, &t->context, GXGY_TERMINATION, r->request_number);
    enum err err = gx ? ERR_OK : ERR_NOMEM;
    if (!gx)
        return err;
    *out = &gx->base;
    gx->termination_cause = r->termination_cause ? r->termination_cause : LOGOUT;
    gx->rule_reports = r->rule_reports;
    gx->n_rule_reports = r->n_rule_reports;
    for (size_t i = 0; i < r->n_monitor_usages && err == ERR_OK; i++)
        err = gxgy_gx_add_monitor(t->arena, gx, r->monitor_usages[i], r->n_monitor_usages);
    if (err == ERR_OK)
        err = gxgy_gx_add_unreported(t->arena, gx, t->context.tgpp);
    return err;
}

static enum err make_gy(struct terminate *t, const ProtobufCMessage **out)
{
    const Request *r = t->request;
    Fgw__Gxgy__GyRequest *gy =
        gxgy_gy_request(t->arena, &t->context, GXGY_TERMINATION, r->request_number);
    enum err err = gy ? ERR_OK : ERR_NOMEM;
    if (!gy)
        return err;
    *out = &gy->base;
    gy->termination_cause = r->termination_cause ? r->termination_cause : LOGOUT;
    for (size_t i = 0; i < r->n_credit_usages && err == ERR_OK; i++) {
        const Magma__Lte__CreditUsage *u = r->credit_usages[i];
        Magma__Lte__CreditUsage *last = base_arena_dup(t->arena, u, sizeof(*u));
        struct gxgy_key key = {.has_group = true, .rating_group = u->charging_key};
        if (!last)
            return ERR_NOMEM;
        // whatever the access gateway calls it, it is the last report (TS 32.299 7.2.175: FINAL)
        last->type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__TERMINATED;
        if (u->service_identifier) {
            key.has_service = true;
            key.service_identifier = u->service_identifier->value;
        }
        err = gxgy_gy_add_service(t->arena, gy, &key, NULL, last, r->n_credit_usages);
    }
    return err;
}

static void start(struct terminate *t, enum gxgy_app app)
{
    struct gxgy_cc *cc = &t->cc[app];
    const ProtobufCMessage *request = NULL;
    enum err err = app == GXGY_GX ? make_gx(t, &request) : make_gy(t, &request);
    cc->app = app;
    cc->done = done;
    cc->ctx = t;
    t->pending++;
    if (err != ERR_OK) {
        cc->verdict = gxgy_verdict_of_err(err);
        done(cc);
        return;
    }
    gxgy_cc_prepare(cc, app, &t->context, GXGY_TERMINATION, t->request->request_number, request);
    cc->loop = t->loop;
    cc->arena = t->arena;
    cc->deadline_ns = t->deadline_ns;
    gxgy_cc_start(cc);
}

static void cancelled(struct rpc_call *call, void *arg)
{
    struct terminate *t = arg;
    rpc_call_reply(call, RPC_CANCELLED, "cancelled", NULL, 0);
    t->call = NULL; // the core must know all the same
}

static void run(struct terminate *t)
{
    const struct gxgy_policy *policy = &t->context.policy;
    // Whoever has not been asked at the beginning is not told the end, unless there is usage to
    // report.
    bool gy = policy->gy && (t->context.tgpp->gy_dest_host[0] || t->request->n_credit_usages > 0);
    rpc_call_on_cancel(t->call, cancelled, t);
    t->pending = 1; // one for this function: exchanges may end at once
    if (policy->gx)
        start(t, GXGY_GX);
    if (gy)
        start(t, GXGY_GY);
    if (--t->pending == 0)
        reply(t);
}

void gxgy_terminate(struct rpc_call *call, void *arg)
{
    struct base_arena *arena = base_arena_new(8192, 0);
    struct terminate *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    ProtobufCMessage *message;
    const char *text = "";
    enum err err =
        t ? gxgy_read_call(call, arena, &magma__lte__session_terminate_request__descriptor,
                           &message, &text)
          : ERR_NOMEM;
    if (err == ERR_OK) {
        t->call = call;
        t->loop = rpc_call_loop(call);
        t->arena = arena;
        t->deadline_ns = rpc_call_deadline_ns(call) - GXGY_REPLY_MARGIN_NS;
        t->request = (Request *)message;
        snprintf(t->gateway, sizeof(t->gateway), "%s", rpc_call_gateway(call));
        err = gxgy_context_of_terminate(arena, t->request, &t->context);
        t->context.gateway = t->gateway;
        text = "session_id or sid is missing or wrong";
    }
    if (err == ERR_OK) {
        err = gxgy_admit(t->gateway, &t->context);
        text = "not allowed for this gateway";
    }
    if (err == ERR_OK) {
        run(t);
        return;
    }
    const struct gxgy_verdict verdict = gxgy_verdict_of_err(err);
    gxgy_refuse(call, "TerminateSession", &verdict, text);
    base_arena_free(arena);
}
