// SPDX-License-Identifier: BSD-3-Clause
// Charge: a one-time event is charged with one CCR-E (RFC 8506 clause 6). Nothing is kept: what
// must be sent again is the caller's to repeat, under the same name.
#include <stdio.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"
#include "proto/event_charging.pb-c.h"
#include "rpc/status.h"

typedef Fgw__Charging__EventRequest Request;
typedef Fgw__Charging__EventResponse Response;

struct charge {
    struct rpc_call *call; // NULL once replied
    struct base_arena *arena;
    Request *request;
    struct gxgy_context context;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    struct gxgy_cc cc;
};

// ---- RFC 8506 clause 7, client, event based ----
// How the OCS failed the event.
enum kind {
    UNKNOWN,        // it may have been charged: failure to send, Tx expired, and what follows them
    TEMPORARY,      // a temporary error: it has not
    FAILED,         // failed answer
    DENIED,         // END_USER_SERVICE_DENIED, USER_UNKNOWN
    NOT_APPLICABLE, // CREDIT_CONTROL_NOT_APPLICABLE
    KINDS
};
enum how { DEBIT_OR_BUFFER, DEBIT_OR_CONTINUE, REFUND, ASK, HOWS };
struct outcome {
    bool granted, repeat;
};
static const struct outcome outcomes[HOWS][KINDS] = {
    [DEBIT_OR_BUFFER] = {[UNKNOWN] = {true, true}, [NOT_APPLICABLE] = {true, false}},
    [DEBIT_OR_CONTINUE] = {[UNKNOWN] = {true, false},
                           [TEMPORARY] = {true, false},
                           [FAILED] = {true, false},
                           [NOT_APPLICABLE] = {true, false}},
    [REFUND] = {[UNKNOWN] = {false, true}, [TEMPORARY] = {false, true}},
    [ASK] = {{false, false}},
};

static enum how how_of(const struct charge *t)
{
    const Magma__Lte__TgppContext *tgpp = t->context.tgpp;
    if (t->request->action == FGW__CHARGING__ACTION__REFUND_ACCOUNT)
        return REFUND;
    if (t->request->action != FGW__CHARGING__ACTION__DIRECT_DEBITING)
        return ASK;
    bool on = tgpp->gy_direct_debiting ? tgpp->gy_direct_debiting == 2
                                       : gxgy_settings()->gy.direct_debiting == GXGY_DEBIT_CONTINUE;
    return on ? DEBIT_OR_CONTINUE : DEBIT_OR_BUFFER;
}

static enum kind kind_of(const struct charge *t)
{
    const struct gxgy_cc *cc = &t->cc;
    switch (cc->fault) {
    case GXGY_FAULT_TX:
        return UNKNOWN;
    case GXGY_FAULT_SEND:
        // Too busy, says the alternate: that is not known of the one before it. And what is kept
        // to be repeated is kept (PendingB).
        return cc->result && !cc->lost && !t->request->repetition ? TEMPORARY : UNKNOWN;
    case GXGY_FAULT_DENIED:
        return DENIED;
    case GXGY_FAULT_NOT_APPLICABLE:
        return NOT_APPLICABLE;
    default:
        return FAILED;
    }
}

// ---- the reply ----
static enum err add_services(struct charge *t, const Fgw__Gxgy__GyAnswer *answer, Response *r)
{
    size_t n = answer->n_services;
    r->services = gxgy_list(t->arena, NULL, 0, n);
    r->refund_information = base_arena_zalloc(t->arena, (n + 1) * sizeof(ProtobufCBinaryData));
    enum err err = r->services && r->refund_information ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        Magma__Lte__CreditUpdateResponse *credit =
            GXGY_NEW(t->arena, magma__lte__credit_update_response__descriptor);
        if (!credit)
            return ERR_NOMEM;
        r->refund_information[r->n_refund_information++] = answer->services[i]->refund_information;
        r->services[r->n_services++] = credit;
        credit->sid = t->context.common->sid->id;
        err = gxgy_credit(t->arena, answer->services[i], answer, credit);
        if (err == ERR_OK && !credit->success && r->granted) {
            r->granted = false; // a service that the OCS refuses
            r->result_code = credit->result_code;
        }
    }
    return err;
}

static enum err add_answer(struct charge *t, const Fgw__Gxgy__GyAnswer *answer, Response *r)
{
    r->cost = answer->cost;
    r->cost_unit = answer->cost_unit;
    r->remaining_balance = answer->remaining_balance;
    r->low_balance = answer->low_balance_present_case && answer->low_balance;
    if (answer->check_balance_present_case) {
        r->enough_credit = answer->check_balance == 0;
        r->enough_credit_present_case =
            FGW__CHARGING__EVENT_RESPONSE__ENOUGH_CREDIT_PRESENT_ENOUGH_CREDIT;
    }
    return add_services(t, answer, r);
}

static void end(struct charge *t)
{
    base_arena_free(t->arena);
}

static void refuse(struct charge *t, const struct gxgy_verdict *verdict, const char *text)
{
    if (t->call)
        gxgy_refuse(t->call, "Charge", verdict, text);
    end(t);
}

static void reply(struct charge *t, bool asked)
{
    const struct gxgy_cc *cc = &t->cc;
    Response *r = GXGY_NEW(t->arena, fgw__charging__event_response__descriptor);
    enum err err = r ? ERR_OK : ERR_NOMEM;
    if (r && (!asked || cc->ok)) {
        r->granted = true;
    } else if (r) {
        const struct outcome *o = &outcomes[how_of(t)][kind_of(t)];
        r->granted = o->granted;
        r->repeat = o->repeat;
        if (!o->granted && !o->repeat && !cc->answer) { // nothing to tell but that it failed
            refuse(t, &cc->verdict, "OCS did not answer");
            return;
        }
    }
    if (err == ERR_OK)
        r->result_code = asked ? cc->result : GXGY_SUCCESS;
    if (err == ERR_OK)
        err = gxgy_tgpp(t->arena, t->context.tgpp, NULL, asked ? cc : NULL, &r->tgpp_ctx);
    if (err == ERR_OK && asked && cc->answer)
        err = add_answer(t, (const Fgw__Gxgy__GyAnswer *)cc->answer, r);
    if (t->call && err == ERR_OK)
        gxgy_reply(t->call, t->arena, &r->base);
    else if (t->call)
        rpc_call_reply(t->call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
    end(t);
}

static void done(struct gxgy_cc *cc)
{
    reply(cc->ctx, true);
}

static void cancelled(struct rpc_call *call, void *arg)
{
    struct charge *t = arg;
    rpc_call_reply(call, RPC_CANCELLED, "cancelled", NULL, 0);
    t->call = NULL; // the event is charged all the same; a repetition finds that out
}

// ---- the request ----
static enum err add_service(struct charge *t, const Fgw__Charging__EventService *from,
                            Fgw__Gxgy__GyRequest *request)
{
    Magma__Lte__RequestedUnits one = MAGMA__LTE__REQUESTED_UNITS__INIT;
    struct gxgy_key key = {.has_group = from->rating_group_present_case != 0,
                           .rating_group = from->rating_group,
                           .has_service = from->service_identifier != NULL};
    if (key.has_service)
        key.service_identifier = from->service_identifier->value;
    one.service_units = 1;
    enum err err = gxgy_gy_add_service(t->arena, request, &key,
                                       from->units || from->money ? from->units : &one, NULL,
                                       t->request->n_services);
    if (err != ERR_OK)
        return err;
    Fgw__Gxgy__ServiceRequest *service = request->services[request->n_services - 1];
    service->refund_information = from->refund_information;
    if (!from->money)
        return ERR_OK;
    // money alone is asked for, not octets besides; and it is asked for in any case
    if (!from->units || !service->requested)
        service->requested = GXGY_NEW(t->arena, fgw__gxgy__requested__descriptor);
    if (!service->requested)
        return ERR_NOMEM;
    service->requested->money = from->money;
    return ERR_OK;
}

static enum err make(struct charge *t, Fgw__Gxgy__GyRequest **out)
{
    const Request *r = t->request;
    Fgw__Gxgy__GyRequest *gy = *out = gxgy_gy_request(t->arena, &t->context, GXGY_EVENT, 0);
    enum err err = gy ? ERR_OK : ERR_NOMEM;
    if (!gy)
        return err;
    gy->requested_action = (uint32_t)r->action;
    gy->requested_action_present_case =
        FGW__GXGY__GY_REQUEST__REQUESTED_ACTION_PRESENT_REQUESTED_ACTION;
    if (r->time_unix)
        gy->event_timestamp = r->time_unix;
    if (r->service_context_id[0])
        gy->service_context_id = r->service_context_id;
    for (size_t i = 0; i < r->n_services && err == ERR_OK; i++)
        err = add_service(t, r->services[i], gy);
    return err;
}

static enum err read_request(struct charge *t, const char **text)
{
    char *id = base_arena_printf(t->arena, GXGY_EVENT_PREFIX "%s", t->request->event_id);
    if (!id)
        return ERR_NOMEM;
    *text = "event_id, services or sid are missing or wrong";
    if (!t->request->event_id[0] || t->request->n_services == 0 ||
        (unsigned)t->request->action > FGW__CHARGING__ACTION__PRICE_ENQUIRY)
        return ERR_ENCODE_VALUE;
    enum err err = gxgy_context_of_event(t->arena, id, t->request->subscriber, t->request->tgpp_ctx,
                                         t->request->rat_specific_context, &t->context);
    t->context.timezone = t->request->access_timezone;
    t->context.gateway = t->gateway;
    if (err != ERR_OK)
        return err;
    *text = "not allowed for this gateway";
    return gxgy_admit(t->gateway, &t->context);
}

static void run(struct charge *t, int64_t deadline_ns, struct base_loop *loop)
{
    Fgw__Gxgy__GyRequest *request;
    rpc_call_on_cancel(t->call, cancelled, t);
    if (!t->context.policy.gy) { // nobody is to be asked
        reply(t, false);
        return;
    }
    enum err err = make(t, &request);
    if (err != ERR_OK) {
        const struct gxgy_verdict verdict = gxgy_verdict_of_err(err);
        refuse(t, &verdict, "");
        return;
    }
    gxgy_cc_prepare(&t->cc, GXGY_GY, &t->context, GXGY_EVENT, 0, &request->base);
    t->cc.again = t->request->repetition;
    t->cc.loop = loop;
    t->cc.arena = t->arena;
    t->cc.deadline_ns = deadline_ns;
    t->cc.done = done;
    t->cc.ctx = t;
    gxgy_cc_start(&t->cc);
}

void gxgy_event(struct rpc_call *call, void *arg)
{
    struct base_arena *arena = base_arena_new(8192, 0);
    struct charge *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    ProtobufCMessage *message;
    const char *text = "";
    enum err err =
        t ? gxgy_read_call(call, arena, &fgw__charging__event_request__descriptor, &message, &text)
          : ERR_NOMEM;
    if (err == ERR_OK) {
        t->call = call;
        t->arena = arena;
        t->request = (Request *)message;
        snprintf(t->gateway, sizeof(t->gateway), "%s", rpc_call_gateway(call));
        err = read_request(t, &text);
    }
    if (err == ERR_OK) {
        run(t, rpc_call_deadline_ns(call) - GXGY_REPLY_MARGIN_NS, rpc_call_loop(call));
        return;
    }
    const struct gxgy_verdict verdict = gxgy_verdict_of_err(err);
    gxgy_refuse(call, "Charge", &verdict, text);
    base_arena_free(arena);
}
