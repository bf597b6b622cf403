// SPDX-License-Identifier: BSD-3-Clause
// From PCRF and OCS to the access gateway: RAR becomes PolicyReAuth or ChargingReAuth, ASR becomes
// AbortSession. The Session-Id says which access gateway it is.
#include <string.h>

#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"
#include "rpc/status.h"

#define POLICY_PATH "/magma.lte.SessionProxyResponder/PolicyReAuth"
#define CHARGING_PATH "/magma.lte.SessionProxyResponder/ChargingReAuth"
#define ABORT_PATH "/magma.lte.AbortSessionResponder/AbortSession"

// How long before the stack's own answer ours must be ready.
#define ANSWER_MARGIN_MS 200

struct down;

struct procedure {
    const char *name; // "RAR"
    enum gxgy_app app;
    uint32_t command;
    int request; // enum gxgy_message; -1: nothing to translate
    void (*run)(struct down *t);
};

struct down {
    struct dia_inbound *inbound; // NULL once answered
    const struct procedure *procedure;
    struct base_loop *loop;
    struct base_arena *arena;
    ProtobufCMessage *request;
    struct gxgy_session_id session;
    struct base_imsi imsi;
    char *sid; // "IMSI001010000000001", as access gateways have it
    char peer[GXGY_IDENTITY_MAX + 1];
    struct gxgy_rules rules;
    int64_t started_ns;
};

// ---- answers ----
static void account(const struct down *t, uint32_t code)
{
    const char *interface = t->procedure->app == GXGY_GX ? "gx" : "gy",
               *label = gxgy_core_label(code);
    int64_t elapsed = base_now_ns() - t->started_ns;
    const struct base_log_subject subject = {.imsi = t->imsi.len ? t->imsi.digits : NULL,
                                             .agw =
                                                 t->session.gateway[0] ? t->session.gateway : NULL,
                                             .peer = t->peer};
    fgw_count(interface, t->procedure->name, FGW_DOWN, t->peer, label, elapsed);
    base_log(&log_gx_gy, BASE_LOG_INFO, &subject, "%s %s %s, %.3f ms", interface,
             t->procedure->name, label, (double)elapsed / 1e6);
}

static void add_failed(struct msg *answer, const struct xlate_ctx *x, uint32_t code)
{
    struct avp *group, *copy;
    if (code != GXGY_AVP_UNSUPPORTED) {
        xlate_add_failed(answer, x); // without it the answer is still right
        return;
    }
    if (dia_copy_unknown(x->unknown, &copy) != ERR_OK)
        return;
    if (dia_add_group(answer, AVP_FAILED_AVP, &group) != ERR_OK ||
        fd_msg_avp_add(group, MSG_BRW_LAST_CHILD, copy) != 0)
        fd_msg_free(copy);
}

static void send_answer(struct down *t, uint32_t code, const struct xlate_ctx *failed,
                        const ProtobufCMessage *body)
{
    struct msg *answer = NULL;
    struct xlate_ctx x = {.arena = t->arena};
    account(t, code);
    enum err err = dia_inbound_answer(t->inbound, &answer);
    if (err == ERR_OK)
        err = dia_add_result(answer, 0, code);
    if (err == ERR_OK && body)
        err = xlate_encode(gxgy_table(GXGY_GX_RAA), body, answer, &x);
    if (err == ERR_OK && failed)
        add_failed(answer, failed, code);
    if (err == ERR_OK) {
        dia_inbound_send(t->inbound, &answer);
    } else {
        dia_inbound_take_back(t->inbound, &answer);
        dia_inbound_result(t->inbound, 0, GXGY_UNABLE_TO_COMPLY);
    }
    t->inbound = NULL;
    base_arena_free(t->arena);
}

static void end(struct down *t, uint32_t code)
{
    send_answer(t, code, NULL, NULL);
}

// ---- calls ----
static void call(struct down *t, const char *service, const char *path,
                 const ProtobufCMessage *message, rpc_tunnel_done done)
{
    int64_t timeout_ms = gxgy_settings()->agw_timeout_ms;
    int64_t left_ms = base_ms_until(dia_inbound_deadline_ns(t->inbound)) - ANSWER_MARGIN_MS;
    size_t len;
    const uint8_t *packed = gxgy_pack(t->arena, message, &len);
    const struct rpc_tunnel_call c = {
        .gateway = t->session.gateway,
        .service = service,
        .path = path,
        .message = packed,
        .len = len,
        .timeout_ms = left_ms < timeout_ms ? left_ms : timeout_ms,
    };
    enum err err = !packed ? ERR_NOMEM : left_ms <= 0 ? ERR_TIMEOUT : ERR_OK;
    if (err == ERR_OK)
        err = fgw_agw_call(t->loop, &c, done, t);
    if (err != ERR_OK)
        end(t, gxgy_core_of_err(err));
}

// The reply of a call that succeeded; otherwise NULL and the code to answer with.
static ProtobufCMessage *reply_of(struct down *t, const ProtobufCMessageDescriptor *type,
                                  const struct rpc_tunnel_result *result, uint32_t *code)
{
    ProtobufCMessage *reply = NULL;
    *code =
        result->err == ERR_OK ? gxgy_core_of_status(result->status) : gxgy_core_of_err(result->err);
    if (!gxgy_is_success(*code))
        return NULL;
    reply = protobuf_c_message_unpack(type, base_arena_protobuf(t->arena), result->len,
                                      result->payload);
    if (!reply)
        *code = GXGY_UNABLE_TO_COMPLY;
    return reply;
}

// ---- abort ----
static void abort_done(void *ctx, const struct rpc_tunnel_result *result)
{
    static const uint32_t codes[] = {
        [MAGMA__LTE__ABORT_SESSION_RESULT__CODE__SESSION_REMOVED] = GXGY_SUCCESS,
        [MAGMA__LTE__ABORT_SESSION_RESULT__CODE__SESSION_NOT_FOUND] = GXGY_UNKNOWN_SESSION,
        [MAGMA__LTE__ABORT_SESSION_RESULT__CODE__USER_NOT_FOUND] = GXGY_USER_UNKNOWN,
        [MAGMA__LTE__ABORT_SESSION_RESULT__CODE__GATEWAY_NOT_FOUND] = GXGY_UNABLE_TO_DELIVER,
        [MAGMA__LTE__ABORT_SESSION_RESULT__CODE__RADIUS_SERVER_ERROR] = GXGY_UNABLE_TO_COMPLY,
    };
    struct down *t = ctx;
    uint32_t code;
    const Magma__Lte__AbortSessionResult *reply = (const Magma__Lte__AbortSessionResult *)reply_of(
        t, &magma__lte__abort_session_result__descriptor, result, &code);
    if (reply)
        code = (uint32_t)reply->code < sizeof(codes) / sizeof(codes[0]) ? codes[reply->code]
                                                                        : GXGY_UNABLE_TO_COMPLY;
    end(t, code);
}

static void abort_run(struct down *t)
{
    Magma__Lte__AbortSessionRequest request = MAGMA__LTE__ABORT_SESSION_REQUEST__INIT;
    request.session_id = t->session.id;
    request.user_name = t->sid;
    call(t, gxgy_settings()->abort_service, ABORT_PATH, &request.base, abort_done);
}

// ---- Gx re-authorisation ----
// The rules that failed, by reason, as the access gateway and we ourselves found them.
static enum err add_reports(struct down *t, const Magma__Lte__PolicyReAuthAnswer *reply,
                            Fgw__Gxgy__GxReAuthAnswer *body)
{
    body->rule_reports =
        gxgy_list(t->arena, t->rules.failed, t->rules.n_failed, reply->n_failed_rules);
    body->n_rule_reports = t->rules.n_failed;
    if (!body->rule_reports)
        return ERR_NOMEM;
    for (size_t i = 0; i < reply->n_failed_rules; i++) {
        Magma__Lte__RuleReport *report = GXGY_NEW(t->arena, magma__lte__rule_report__descriptor);
        if (!report || !(report->rule_ids = gxgy_list(t->arena, NULL, 0, 1)))
            return ERR_NOMEM;
        report->status = 1; // PCC-Rule-Status INACTIVE
        report->failure_code = (uint32_t)reply->failed_rules[i]->value;
        report->rule_ids[report->n_rule_ids++] = reply->failed_rules[i]->key;
        body->rule_reports[body->n_rule_reports++] = report;
    }
    return ERR_OK;
}

static void policy_done(void *ctx, const struct rpc_tunnel_result *result)
{
    static const uint32_t codes[] = {
        [MAGMA__LTE__RE_AUTH_RESULT__UPDATE_INITIATED] = GXGY_SUCCESS,
        [MAGMA__LTE__RE_AUTH_RESULT__UPDATE_NOT_NEEDED] = GXGY_SUCCESS,
        [MAGMA__LTE__RE_AUTH_RESULT__SESSION_NOT_FOUND] = GXGY_UNKNOWN_SESSION,
        [MAGMA__LTE__RE_AUTH_RESULT__OTHER_FAILURE] = GXGY_UNABLE_TO_COMPLY,
    };
    struct down *t = ctx;
    Fgw__Gxgy__GxReAuthAnswer body = FGW__GXGY__GX_RE_AUTH_ANSWER__INIT;
    uint32_t code;
    const Magma__Lte__PolicyReAuthAnswer *reply = (const Magma__Lte__PolicyReAuthAnswer *)reply_of(
        t, &magma__lte__policy_re_auth_answer__descriptor, result, &code);
    if (reply) {
        code = (uint32_t)reply->result < sizeof(codes) / sizeof(codes[0]) ? codes[reply->result]
                                                                          : GXGY_UNABLE_TO_COMPLY;
        if (add_reports(t, reply, &body) != ERR_OK)
            code = GXGY_TOO_BUSY;
    }
    send_answer(t, code, NULL, reply ? &body.base : NULL);
}

static enum err fill_policy(struct down *t, Magma__Lte__PolicyReAuthRequest *request)
{
    const Fgw__Gxgy__GxAnswer *rar = (const Fgw__Gxgy__GxAnswer *)t->request;
    enum err err = gxgy_rules_of(t->arena, rar, false, &t->rules);
    request->session_id = t->session.id;
    request->imsi = t->sid;
    request->rules_to_remove = t->rules.remove;
    request->n_rules_to_remove = t->rules.n_remove;
    request->rules_to_install = t->rules.statics;
    request->n_rules_to_install = t->rules.n_static;
    request->dynamic_rules_to_install = t->rules.dynamics;
    request->n_dynamic_rules_to_install = t->rules.n_dynamic;
    if (err == ERR_OK)
        err = gxgy_triggers(t->arena, rar, &request->event_triggers, &request->n_event_triggers);
    if (err == ERR_OK)
        err = gxgy_timestamp(t->arena, rar->revalidation_unix, &request->revalidation_time);
    if (err == ERR_OK)
        err = gxgy_session_qos(t->arena, rar, &request->session_qos);
    request->policy = rar->policy;
    request->usage_monitoring_credits = gxgy_list(t->arena, NULL, 0, rar->n_monitors);
    if (err == ERR_OK && !request->usage_monitoring_credits)
        err = ERR_NOMEM;
    for (size_t i = 0; i < rar->n_monitors && err == ERR_OK; i++)
        err = gxgy_monitor_credit(
            t->arena, rar->monitors[i],
            &request->usage_monitoring_credits[request->n_usage_monitoring_credits++]);
    if (err != ERR_OK || !rar->default_bearer_qos || !rar->default_bearer_qos->qci_present_case)
        return err;
    request->qos_info = GXGY_NEW(t->arena, magma__lte__qo_sinformation__descriptor);
    if (!request->qos_info)
        return ERR_NOMEM;
    request->qos_info->qci = (Magma__Lte__QCI)rar->default_bearer_qos->qci;
    return ERR_OK;
}

static void policy_run(struct down *t)
{
    const Fgw__Gxgy__GxAnswer *rar = (const Fgw__Gxgy__GxAnswer *)t->request;
    Magma__Lte__PolicyReAuthRequest request = MAGMA__LTE__POLICY_RE_AUTH_REQUEST__INIT;
    if (rar->session_release_cause_present_case) { // TS 29.212 4.5.9: the session shall end
        abort_run(t);
        return;
    }
    if (fill_policy(t, &request) != ERR_OK)
        end(t, GXGY_TOO_BUSY);
    else
        call(t, gxgy_settings()->agw_service, POLICY_PATH, &request.base, policy_done);
}

// ---- Gy re-authorisation ----
static void charging_done(void *ctx, const struct rpc_tunnel_result *result)
{
    static const uint32_t codes[] = {
        [MAGMA__LTE__RE_AUTH_RESULT__UPDATE_INITIATED] = GXGY_LIMITED_SUCCESS, // RFC 8506 5.5
        [MAGMA__LTE__RE_AUTH_RESULT__UPDATE_NOT_NEEDED] = GXGY_SUCCESS,
        [MAGMA__LTE__RE_AUTH_RESULT__SESSION_NOT_FOUND] = GXGY_UNKNOWN_SESSION,
        [MAGMA__LTE__RE_AUTH_RESULT__OTHER_FAILURE] = GXGY_UNABLE_TO_COMPLY,
    };
    struct down *t = ctx;
    uint32_t code;
    const Magma__Lte__ChargingReAuthAnswer *reply =
        (const Magma__Lte__ChargingReAuthAnswer *)reply_of(
            t, &magma__lte__charging_re_auth_answer__descriptor, result, &code);
    if (reply)
        code = (uint32_t)reply->result < sizeof(codes) / sizeof(codes[0]) ? codes[reply->result]
                                                                          : GXGY_UNABLE_TO_COMPLY;
    end(t, code);
}

static void charging_run(struct down *t)
{
    const Fgw__Gxgy__GyReAuthRequest *rar = (const Fgw__Gxgy__GyReAuthRequest *)t->request;
    Magma__Lte__ChargingReAuthRequest request = MAGMA__LTE__CHARGING_RE_AUTH_REQUEST__INIT;
    Magma__Lte__ServiceIdentifier id = MAGMA__LTE__SERVICE_IDENTIFIER__INIT;
    request.session_id = t->session.id;
    request.sid = t->sid;
    request.type = MAGMA__LTE__CHARGING_RE_AUTH_REQUEST__TYPE__ENTIRE_SESSION;
    if (rar->rating_group_present_case) {
        request.type = MAGMA__LTE__CHARGING_RE_AUTH_REQUEST__TYPE__SINGLE_SERVICE;
        request.charging_key = rar->rating_group;
    }
    if (rar->service_identifier_present_case) {
        id.value = rar->service_identifier;
        request.service_identifier = &id;
    }
    call(t, gxgy_settings()->agw_service, CHARGING_PATH, &request.base, charging_done);
}

// ---- the frame ----
static enum err find_session(struct down *t, struct msg *request)
{
    const uint8_t *data;
    size_t len;
    if (dia_get_bytes(request, AVP_SESSION_ID, &data, &len) != ERR_OK)
        return ERR_NOT_FOUND;
    enum err err = gxgy_session_id_parse((const char *)data, len, &t->session);
    if (err == ERR_OK && t->session.app != t->procedure->app)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK && gxgy_session_imsi(t->session.id, &t->imsi) != ERR_OK)
        err = ERR_NOT_FOUND;
    // one that is not listed any more will not come back: nothing to wait for
    if (err == ERR_OK && fgw_admit(t->session.gateway, &t->imsi, NULL) == ERR_FGW_UNKNOWN_GATEWAY)
        err = ERR_FGW_UNKNOWN_GATEWAY;
    if (err != ERR_OK)
        return err;
    t->sid = base_arena_printf(t->arena, "IMSI%s", t->imsi.digits);
    return t->sid ? ERR_OK : ERR_NOMEM;
}

static void refuse(struct down *t, const struct xlate_ctx *x, enum err err)
{
    char where[200];
    const struct base_log_subject subject = {.peer = t->peer};
    uint32_t code = err == ERR_OK               ? GXGY_AVP_UNSUPPORTED
                    : err == ERR_DECODE_MISSING ? 5005
                    : err == ERR_DECODE_LENGTH  ? 5014
                    : err_is_peer_fault(err)    ? 5004
                                                : GXGY_UNABLE_TO_COMPLY;
    base_log_limited(&log_gx_gy, BASE_LOG_WARN, &subject, "%s refused: %s: %s", t->procedure->name,
                     err == ERR_OK ? dia_dict_avp_name(dia_avp_ident(x->unknown))
                                   : xlate_where(x, where, sizeof(where)),
                     err == ERR_OK ? "unknown AVP with the M bit" : err_str(err));
    send_answer(t, code, x, NULL);
}

static void received(void *ctx, struct dia_inbound *inbound)
{
    const struct procedure *p = ctx;
    struct base_arena *arena = base_arena_new(8192, GXGY_MEMORY);
    struct down *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    if (!t) {
        base_arena_free(arena);
        dia_inbound_result(inbound, 0, GXGY_TOO_BUSY);
        return;
    }
    struct msg *request = dia_inbound_request(inbound);
    struct xlate_ctx x = {.arena = arena};
    t->inbound = inbound;
    t->procedure = p;
    t->loop = dia_inbound_loop(inbound);
    t->arena = arena;
    t->started_ns = base_now_ns();
    snprintf(t->peer, sizeof(t->peer), "%s", dia_inbound_peer(inbound));
    enum err err = p->request < 0 ? xlate_look(request, &x)
                                  : xlate_decode(gxgy_table((enum gxgy_message)p->request), request,
                                                 &x, &t->request);
    if (err != ERR_OK || x.unknown_mandatory) {
        refuse(t, &x, err);
        return;
    }
    err = find_session(t, request);
    if (err != ERR_OK)
        end(t, gxgy_core_of_err(err));
    else
        p->run(t);
}

enum err gxgy_down_accept(void)
{
    static const struct procedure procedures[] = {
        {.name = "RAR",
         .app = GXGY_GX,
         .command = DIA_CMD_RAR,
         .request = GXGY_GX_RAR,
         .run = policy_run},
        {.name = "ASR", .app = GXGY_GX, .command = DIA_CMD_ASR, .request = -1, .run = abort_run},
        {.name = "RAR",
         .app = GXGY_GY,
         .command = DIA_CMD_RAR,
         .request = GXGY_GY_RAR,
         .run = charging_run},
        {.name = "ASR", .app = GXGY_GY, .command = DIA_CMD_ASR, .request = -1, .run = abort_run},
    };
    for (size_t i = 0; i < sizeof(procedures) / sizeof(procedures[0]); i++) {
        const struct procedure *p = &procedures[i];
        enum err err = dia_accept(p->app == GXGY_GX ? DIA_APP_GX : DIA_APP_CREDIT_CONTROL,
                                  p->command, received, (void *)(uintptr_t)p);
        if (err != ERR_OK)
            return err;
    }
    enum err err = dia_advertise(DIA_APP_GX, DIA_3GPP);
    return err == ERR_OK ? dia_advertise(DIA_APP_CREDIT_CONTROL, 0) : err;
}
