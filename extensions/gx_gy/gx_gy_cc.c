// SPDX-License-Identifier: BSD-3-Clause
// One credit control exchange: waits for its turn, is sent, perhaps sent again to the alternate
// server, and ends with a verdict. Not for what the messages say.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"

// A try that could not be answered in less is not begun.
#define LEAST_WAIT_MS 20

static const char *procedure(const struct gxgy_cc *cc)
{
    static const char *const names[2][5] = {
        {"CCR", "CCR-I", "CCR-U", "CCR-T", "CCR-E"},
        {"CCR", "CCR-I", "CCR-U", "CCR-T", "CCR-E"},
    };
    return names[cc->app][cc->type <= GXGY_EVENT ? cc->type : 0];
}

static void finish(struct gxgy_cc *cc)
{
    int64_t elapsed = base_now_ns() - cc->started_ns;
    const char *interface = cc->app == GXGY_GX ? "gx" : "gy";
    const struct base_log_subject subject = {
        .imsi = cc->imsi.digits, .agw = cc->gateway, .peer = cc->peer};
    fgw_count(interface, procedure(cc), FGW_UP, cc->peer, cc->verdict.label, elapsed);
    base_log(&log_gx_gy, BASE_LOG_INFO, &subject, "%s %s %u %s%s%s, %.3f ms", interface,
             procedure(cc), cc->number, cc->verdict.label, cc->where[0] ? ": " : "", cc->where,
             (double)elapsed / 1e6);
    gxgy_late_settle(cc);
    if (cc->has_turn)
        gxgy_turn_end(&cc->turn);
    cc->has_turn = false;
    cc->done(cc);
}

static void send_it(struct gxgy_cc *cc);

static bool may_fail_over(const struct gxgy_cc *cc, enum gxgy_fault fault)
{
    if (!cc->failover || cc->targets.n < 2 || cc->alternate_tried)
        return false;
    // any server of the realm may be the same one again: only where that is gone
    bool gone = fault == GXGY_FAULT_SEND && cc->result == 0;
    return gone || cc->targets.list[1 - cc->target].host[0];
}

static unsigned most_tries(const struct gxgy_cc *cc)
{
    if (cc->type == GXGY_TERMINATION)
        return (unsigned)gxgy_settings()->gy.terminate_tries;
    return 2;
}

// After a failed try: sends again, or ends.
static void failed(struct gxgy_cc *cc, enum gxgy_fault fault, bool gone_out)
{
    bool more = cc->tries < most_tries(cc) && base_ms_until(cc->deadline_ns) >= LEAST_WAIT_MS;
    switch (gxgy_failure_action(cc->handling, cc->type, fault, more && may_fail_over(cc, fault))) {
    case GXGY_TRY_ALTERNATE:
        cc->target = 1 - cc->target;
        cc->alternate_tried = true;
        send_it(cc);
        return;
    case GXGY_TRY_AGAIN:
        if (more && gone_out) { // what could not go out would not go out now either
            send_it(cc);
            return;
        }
        break;
    case GXGY_GRANT:
        cc->granted = true;
        break;
    case GXGY_GIVE_UP:
        break;
    }
    finish(cc);
}

static void copy_identity(struct msg *answer, dia_avp_id id, char *out, size_t size)
{
    const uint8_t *data;
    size_t len;
    if (dia_get_bytes(answer, id, &data, &len) == ERR_OK && len < size)
        snprintf(out, size, "%.*s", (int)len, (const char *)data);
}

static void read_answer(struct gxgy_cc *cc, struct msg *answer)
{
    const struct base_log_subject subject = {
        .imsi = cc->imsi.digits, .agw = cc->gateway, .peer = cc->peer};
    struct xlate_ctx x = {.arena = cc->arena, .lenient = true};
    enum err err = xlate_decode(gxgy_table(cc->app == GXGY_GX ? GXGY_GX_CCA : GXGY_GY_CCA), answer,
                                &x, &cc->answer);
    if (err != ERR_OK) { // nothing in these tables is required: memory
        cc->verdict = gxgy_verdict_of_err(err);
        cc->ok = false;
    }
    if (x.dropped)
        base_log_limited(&log_gx_gy, BASE_LOG_WARN, &subject,
                         "%s answer: %u AVPs could not be read and were dropped, the first is %s",
                         procedure(cc), x.dropped, dia_dict_avp_name(x.dropped_avp));
    if (x.unknown_mandatory)
        base_log_limited(&log_gx_gy, BASE_LOG_WARN, &subject,
                         "%s answer: %u unknown AVPs with the M bit, the first is %s",
                         procedure(cc), x.unknown_mandatory,
                         dia_dict_avp_name(dia_avp_ident(x.unknown)));
}

static void answered(void *ctx, const struct dia_outcome *outcome)
{
    struct gxgy_cc *cc = ctx;
    struct dia_result result = {0};
    enum err err = outcome->err;
    enum gxgy_fault fault;
    snprintf(cc->peer, sizeof(cc->peer), "%s", outcome->peer ? outcome->peer : "");
    cc->where[0] = '\0';
    if (outcome->answer)
        result = dia_msg_result(outcome->answer);
    // An answer that breaks a rule of the dictionary is used as far as it can be read.
    if (err == ERR_DIA_BAD_ANSWER && result.code)
        err = ERR_OK;
    cc->result = result.code;
    cc->verdict = err == ERR_OK ? gxgy_verdict_of_result(&result) : gxgy_verdict_of_err(err);
    if (err != ERR_DIA_NO_PEER && err != ERR_DIA_BUSY)
        cc->gone_out = true;
    // Whoever was asked before, and this one if it did not answer, may have served the request.
    if (outcome->moved)
        cc->lost++;
    if (err == ERR_TIMEOUT || err == ERR_DIA_PEER_LOST)
        cc->lost++;
    bool bad = gxgy_fault_of(err, &result, &fault);
    cc->fault = fault;
    cc->ok = !bad;
    if (outcome->answer && err == ERR_OK) {
        copy_identity(outcome->answer, AVP_ORIGIN_HOST, cc->host, sizeof(cc->host));
        copy_identity(outcome->answer, AVP_ORIGIN_REALM, cc->realm, sizeof(cc->realm));
        read_answer(cc, outcome->answer);
    }
    if (bad)
        failed(cc, fault, true);
    else
        finish(cc);
}

static enum err add_head(struct gxgy_cc *cc, struct msg *msg)
{
    const char *host = gxgy_settings()->session_host;
    const struct gxgy_target *to = &cc->targets.list[cc->target];
    struct gxgy_session_id session = {.app = cc->app};
    char text[GXGY_TEXT_MAX];
    snprintf(session.gateway, sizeof(session.gateway), "%s", cc->gateway);
    snprintf(session.id, sizeof(session.id), "%s", cc->session_id);
    enum err err =
        gxgy_session_id_format(host ? host : dia_origin_host(), &session, text, sizeof(text));
    if (err == ERR_OK)
        err = dia_add_text(msg, AVP_SESSION_ID, text);
    if (err == ERR_OK)
        err = dia_add_origin(msg);
    if (err == ERR_OK && to->host[0])
        err = dia_add_text(msg, AVP_DESTINATION_HOST, to->host);
    if (err == ERR_OK)
        err = dia_add_text(msg, AVP_DESTINATION_REALM, to->realm);
    return err;
}

static bool is_repeated(const struct gxgy_cc *cc)
{
    return cc->again || cc->gone_out;
}

// Sent again, a request is the same: number and End-to-End id, with the T flag (RFC 6733 3, 5.5.4),
// unless no server can have seen it yet.
static enum err mark(struct gxgy_cc *cc, struct msg *msg)
{
    struct msg_hdr *hdr;
    if (fd_msg_hdr(msg, &hdr) != 0)
        return ERR_DIA_LIBRARY;
    if (cc->tries == 0)
        cc->end_to_end = hdr->msg_eteid;
    hdr->msg_eteid = cc->end_to_end;
    hdr->msg_flags |= is_repeated(cc) ? CMD_FLAG_RETRANSMIT : 0;
    return ERR_OK;
}

static enum err build(struct gxgy_cc *cc, struct msg **msg)
{
    struct xlate_ctx x = {.arena = cc->arena};
    bool gx = cc->app == GXGY_GX;
    enum err err = dia_request_new(gx ? DIA_APP_GX : DIA_APP_CREDIT_CONTROL, DIA_CMD_CCR, msg);
    if (err == ERR_OK)
        err = mark(cc, *msg);
    if (err == ERR_OK)
        err = add_head(cc, *msg);
    if (err == ERR_OK) {
        err = xlate_encode(gxgy_table(gx ? GXGY_GX_CCR : GXGY_GY_CCR), cc->request, *msg, &x);
        if (err != ERR_OK)
            xlate_where(&x, cc->where, sizeof(cc->where));
    }
    return err;
}

static void send_it(struct gxgy_cc *cc)
{
    struct msg *msg = NULL;
    int64_t left = base_ms_until(cc->deadline_ns), tx = gxgy_core(cc->app)->timeout_ms;
    const struct dia_result none = {0};
    enum gxgy_fault fault = GXGY_FAULT_FAILED;
    enum err err = left > 0 ? build(cc, &msg) : ERR_TIMEOUT;
    if (err == ERR_OK) {
        const struct dia_send_options options = {
            .timeout_ms = left < tx ? left : tx,
            // a request that has the T flag already would not pass otherwise
            .no_failover = !cc->rerouted && !is_repeated(cc),
            .procedure = procedure(cc),
        };
        cc->tries++;
        err = dia_send(cc->loop, &msg, &options, answered, cc, &cc->sent);
    }
    if (err == ERR_OK) {
        if (!cc->watch.on)
            gxgy_late_watch(cc);
        return;
    }
    if (msg)
        fd_msg_free(msg);
    cc->verdict = gxgy_verdict_of_err(err);
    gxgy_fault_of(err, &none, &fault);
    cc->fault = fault;
    if (left > 0 && fault != GXGY_FAULT_FAILED)
        failed(cc, fault, false);
    else // our own mistake, or time is over: no failure handling of the OCS applies
        finish(cc);
}

void gxgy_cc_late(struct gxgy_cc *cc, struct msg *answer, const char *peer)
{
    const struct dia_outcome outcome = {.answer = answer, .peer = peer};
    uint32_t number;
    if (dia_get_u32(answer, AVP_CC_REQUEST_NUMBER, &number) != ERR_OK || number != cc->number)
        return;
    dia_cancel(cc->loop, cc->sent);
    cc->lost = 1; // the one that was waited for
    answered(cc, &outcome);
}

static void on_turn(struct gxgy_turn *turn)
{
    send_it(BASE_CONTAINER_OF(turn, struct gxgy_cc, turn));
}

void gxgy_cc_start(struct gxgy_cc *cc)
{
    char key[FGW_GATEWAY_ID_MAX + GXGY_SESSION_ID_MAX + 4];
    cc->started_ns = base_now_ns();
    if (gxgy_core(cc->app)->serial) {
        snprintf(key, sizeof(key), "%d;%s;%s", (int)cc->app, cc->gateway, cc->session_id);
        cc->has_turn = true;
        if (!gxgy_turn_take(&cc->turn, gxgy_turn_key(key), cc->loop, on_turn))
            return;
    }
    send_it(cc);
}

void gxgy_cc_prepare(struct gxgy_cc *cc, enum gxgy_app app, const struct gxgy_context *context,
                     uint32_t type, uint32_t number, const ProtobufCMessage *request)
{
    const struct gxgy_core_settings *core = gxgy_core(app);
    const struct gxgy_gy_settings *gy = &gxgy_settings()->gy;
    const Magma__Lte__TgppContext *tgpp = context->tgpp;
    bool gx = app == GXGY_GX;
    cc->app = app;
    cc->gateway = context->gateway;
    cc->session_id = context->session_id;
    cc->imsi = context->imsi;
    cc->context = context;
    cc->type = type;
    cc->number = number;
    cc->request = request;
    gxgy_route_find(core, &context->imsi, gx ? context->policy.gx_apn : context->policy.gy_apn,
                    gx ? tgpp->gx_dest_host : tgpp->gy_dest_host,
                    gx ? tgpp->gx_dest_realm : tgpp->gy_dest_realm, dia_origin_realm(),
                    &cc->targets);
    if (!gx && tgpp->n_charging_hosts > 0)
        gxgy_route_follow(tgpp->charging_hosts, tgpp->n_charging_hosts > 1 ? 2 : 1,
                          core->sticky_host ? tgpp->gy_dest_host : "", &cc->targets);
    if (gx) { // TS 29.212 has no failure handling: try both servers, then give up
        cc->handling = GXGY_CCFH_RETRY_AND_TERMINATE;
        cc->failover = cc->rerouted = true;
        return;
    }
    cc->handling = tgpp->gy_failure_handling >= 1 && tgpp->gy_failure_handling <= 3
                       ? (enum gxgy_handling)(tgpp->gy_failure_handling - 1)
                       : (enum gxgy_handling)gy->failure_handling;
    // What has no session yet may begin at either server (RFC 8506 5.7, 6.5).
    bool begun = type == GXGY_UPDATE || type == GXGY_TERMINATION;
    bool moves = tgpp->gy_session_failover ? tgpp->gy_session_failover == 2 : gy->session_failover;
    cc->failover = !begun || moves;
    cc->rerouted = moves;
}
