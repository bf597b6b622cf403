// SPDX-License-Identifier: BSD-3-Clause
// S6a from the access gateway to the HSS: AuthenticationInformation, UpdateLocation, PurgeUE and
// Notify. One pass: read the call, check who may ask, build the request, wait, translate the
// answer, reply. Not for translation tables and not for requests of the HSS (s6a_down.c).
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "extensions/s6a/s6a.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

#include "diameter/avp.h"

typedef Magma__Feg__AuthenticationInformationRequest AIR;
typedef Magma__Feg__AuthenticationInformationAnswer AIA;
typedef Magma__Feg__UpdateLocationAnswer ULA;

struct up;

struct procedure {
    const char *name; // "AIR"
    uint32_t command;
    enum s6a_message request, answer;
    const ProtobufCMessageDescriptor *type, *reply; // of the call
    size_t user_name, visited_plmn;                 // offsets in the call's message; 0: none
    size_t error_code;                              // offset in the reply
    uint32_t success_code;                          // error_code of a success
    uint32_t denied_code; // error_code when the gateway may not serve this subscriber
    bool finish_unseen;   // the answer matters even if the caller is gone
    bool registers;       // whoever answers is the HSS of the subscriber from now on
    // Answers without asking the HSS: the error_code to reply with, 0 to go on.
    uint32_t (*shortcut)(struct up *t);
    // After a successful answer; may turn it into a failure by returning its error_code, 0
    // otherwise.
    uint32_t (*accept)(struct up *t, ProtobufCMessage *reply);
    // Copies what a failed answer says beside its result.
    void (*diagnose)(const ProtobufCMessage *answer, ProtobufCMessage *reply);
};

// One transaction; lives in its arena, on one loop.
struct up {
    const struct procedure *procedure;
    struct rpc_call *call; // NULL once replied
    struct base_loop *loop;
    struct base_arena *arena;
    ProtobufCMessage *request;
    struct base_imsi imsi;
    base_handle sent;
    int64_t started_ns, deadline_ns;
    bool to_remembered; // sent to the HSS that is remembered for this subscriber
    bool by_realm;      // not again
    char gateway[FGW_GATEWAY_ID_MAX + 1];
};

// ---- replies ----
static void free_up(struct up *t)
{
    base_arena_free(t->arena);
}

static void account(const struct up *t, const struct s6a_verdict *verdict, const char *peer,
                    const char *detail)
{
    int64_t elapsed = base_now_ns() - t->started_ns;
    const struct base_log_subject subject = {
        .imsi = t->imsi.len ? t->imsi.digits : NULL, .agw = t->gateway, .peer = peer};
    fgw_count("s6a", t->procedure->name, FGW_UP, peer, verdict->label, elapsed);
    base_log(&log_s6a, BASE_LOG_INFO, &subject, "%s %s%s%s, %.3f ms", t->procedure->name,
             verdict->label, detail[0] ? ": " : "", detail, (double)elapsed / 1e6);
}

// Ends the call with a gRPC failure.
static void reply_status(struct up *t, const struct s6a_verdict *verdict, const char *peer,
                         const char *text)
{
    account(t, verdict, peer, text);
    if (t->call)
        rpc_call_reply(t->call, verdict->status, text[0] ? text : verdict->label, NULL, 0);
    t->call = NULL;
}

// Ends the call with a message. NULL reply: an empty one with error_code.
static void reply_message(struct up *t, const struct s6a_verdict *verdict, const char *peer,
                          ProtobufCMessage *reply)
{
    const struct procedure *p = t->procedure;
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!reply)
        reply = xlate_message_new(t->arena, p->reply);
    if (reply) {
        int32_t code = (int32_t)(verdict->error_code ? verdict->error_code : p->success_code);
        memcpy((uint8_t *)reply + p->error_code, &code, sizeof(code));
        len = protobuf_c_message_get_packed_size(reply);
        bytes = base_arena_alloc(t->arena, len ? len : 1);
    }
    if (!bytes) {
        const struct s6a_verdict full = s6a_verdict_of_err(ERR_NOMEM);
        reply_status(t, &full, peer, "answer is too large");
        return;
    }
    protobuf_c_message_pack(reply, bytes);
    account(t, verdict, peer, "");
    if (t->call)
        rpc_call_reply(t->call, RPC_OK, NULL, bytes, len);
    t->call = NULL;
}

static void reply_code(struct up *t, uint32_t error_code, const char *label)
{
    const struct s6a_verdict verdict = {RPC_OK, error_code, label};
    reply_message(t, &verdict, "", NULL);
}

// ---- what is particular to each procedure ----

// Drops what is beyond the number asked for. The vectors are in the order of their Item-Number.
static void trim(size_t *n, uint32_t asked)
{
    if (*n > asked)
        *n = asked;
}

static uint32_t accept_air(struct up *t, ProtobufCMessage *reply)
{
    const AIR *air = (const AIR *)t->request;
    AIA *aia = (AIA *)reply;
    uint32_t eutran = air->num_requested_eutran_vectors;
    uint32_t other = air->num_requested_utran_geran_vectors;
    if (eutran == 0 && other == 0)
        eutran = 1; // as the request said to the HSS
    trim(&aia->n_eutran_vectors, eutran);
    trim(&aia->n_utran_vectors, other);
    trim(&aia->n_geran_vectors, other);
    if (aia->n_eutran_vectors + aia->n_utran_vectors + aia->n_geran_vectors == 0)
        return S6A_AUTH_DATA_UNAVAILABLE;
    // The subscriber's first procedure here: the HSS may ask for it from now on. One that another
    // gateway serves stays there until Update-Location has succeeded.
    char serving[FGW_GATEWAY_ID_MAX + 1];
    if (fgw_directory_find(&t->imsi, serving, sizeof(serving)) == ERR_FGW_UNKNOWN_SUBSCRIBER)
        fgw_directory_learn(&t->imsi, t->gateway, NULL);
    return 0;
}

static void diagnose_air(const ProtobufCMessage *answer, ProtobufCMessage *reply)
{
    const AIA *from = (const AIA *)answer;
    AIA *to = (AIA *)reply;
    to->error_diagnostic_present_case = from->error_diagnostic_present_case;
    to->error_diagnostic = from->error_diagnostic;
}

static uint32_t accept_ulr(struct up *t, ProtobufCMessage *reply)
{
    char previous[FGW_GATEWAY_ID_MAX + 1] = "";
    const struct base_log_subject subject = {.imsi = t->imsi.digits, .agw = t->gateway};
    enum err err = fgw_directory_learn(&t->imsi, t->gateway, previous);
    if (err != ERR_OK)
        base_log_limited(&log_s6a, BASE_LOG_WARN, &subject,
                         "requests of the HSS may not find this subscriber: %s", err_str(err));
    else if (previous[0])
        s6a_cancel_moved(t->loop, &t->imsi, previous);
    return 0;
}

static void diagnose_ulr(const ProtobufCMessage *answer, ProtobufCMessage *reply)
{
    const ULA *from = (const ULA *)answer;
    ULA *to = (ULA *)reply;
    to->error_diagnostic_present_case = from->error_diagnostic_present_case;
    to->error_diagnostic = from->error_diagnostic;
}

// Is the subscriber known to be served by another of our gateways?
static bool served_elsewhere(const struct up *t)
{
    char serving[FGW_GATEWAY_ID_MAX + 1];
    return fgw_directory_find(&t->imsi, serving, sizeof(serving)) == ERR_OK &&
           strcmp(serving, t->gateway) != 0;
}

// The HSS knows one MME, us: a purge of the gateway that served the subscriber before must not take
// it away from the gateway that serves it now.
static uint32_t shortcut_pur(struct up *t)
{
    return served_elsewhere(t) ? S6A_DIAMETER_SUCCESS : 0;
}

static uint32_t accept_pur(struct up *t, ProtobufCMessage *reply)
{
    fgw_directory_forget(&t->imsi, t->gateway);
    return 0;
}

static uint32_t shortcut_nor(struct up *t)
{
    return served_elsewhere(t) ? S6A_UNKNOWN_SERVING_NODE : 0;
}

static const struct procedure procedures[] = {
    {.name = "AIR",
     .command = DIA_CMD_AIR,
     .request = S6A_AIR,
     .answer = S6A_AIA,
     .type = &magma__feg__authentication_information_request__descriptor,
     .reply = &magma__feg__authentication_information_answer__descriptor,
     .user_name = offsetof(AIR, user_name),
     .visited_plmn = offsetof(AIR, visited_plmn),
     .error_code = offsetof(AIA, error_code),
     .denied_code = S6A_AUTHENTICATION_REJECTED,
     .accept = accept_air,
     .diagnose = diagnose_air},
    {.name = "ULR",
     .command = DIA_CMD_ULR,
     .request = S6A_ULR,
     .answer = S6A_ULA,
     .type = &magma__feg__update_location_request__descriptor,
     .reply = &magma__feg__update_location_answer__descriptor,
     .user_name = offsetof(Magma__Feg__UpdateLocationRequest, user_name),
     .visited_plmn = offsetof(Magma__Feg__UpdateLocationRequest, visited_plmn),
     .error_code = offsetof(ULA, error_code),
     .denied_code = S6A_ROAMING_NOT_ALLOWED,
     .finish_unseen = true,
     .registers = true,
     .accept = accept_ulr,
     .diagnose = diagnose_ulr},
    {.name = "PUR",
     .command = DIA_CMD_PUR,
     .request = S6A_PUR,
     .answer = S6A_PUA,
     .type = &magma__feg__purge_uerequest__descriptor,
     .reply = &magma__feg__purge_ueanswer__descriptor,
     .user_name = offsetof(Magma__Feg__PurgeUERequest, user_name),
     .error_code = offsetof(Magma__Feg__PurgeUEAnswer, error_code),
     .success_code = S6A_DIAMETER_SUCCESS,
     .denied_code = S6A_AUTHORIZATION_REJECTED,
     .finish_unseen = true,
     .shortcut = shortcut_pur,
     .accept = accept_pur},
    {.name = "NOR",
     .command = DIA_CMD_NOR,
     .request = S6A_NOR,
     .answer = S6A_NOA,
     .type = &fgw__s6a__notify_request__descriptor,
     .reply = &fgw__s6a__notify_answer__descriptor,
     .user_name = offsetof(Fgw__S6a__NotifyRequest, user_name),
     .error_code = offsetof(Fgw__S6a__NotifyAnswer, error_code),
     .success_code = S6A_DIAMETER_SUCCESS,
     .denied_code = S6A_AUTHORIZATION_REJECTED,
     .shortcut = shortcut_nor},
};

// ---- which HSS (TS 29.272 7.1.6) ----
// Origin-Host is the HSS's own: agents between us leave it alone.
static void remember_hss(const struct up *t, struct msg *answer)
{
    char host[S6A_IDENTITY_MAX + 1];
    const uint8_t *text;
    size_t len;
    if (!s6a_settings()->remember_hss || !answer ||
        dia_get_bytes(answer, AVP_ORIGIN_HOST, &text, &len) != ERR_OK || len == 0 ||
        len >= sizeof(host) || memchr(text, '\0', len))
        return;
    memcpy(host, text, len);
    host[len] = '\0';
    fgw_directory_learn_host(FGW_ACCESS_MME, &t->imsi, host); // without it: by realm, as before
}

// The remembered HSS is gone (UNABLE_TO_DELIVER), or has no such user (any more).
static bool is_wrong_hss(const struct up *t, const struct dia_result *result)
{
    bool gone = !result->experimental && result->code == S6A_UNABLE_TO_DELIVER;
    bool unknown = result->experimental && result->code == S6A_USER_UNKNOWN;
    return t->to_remembered && (gone || unknown);
}

static bool send_again(struct up *t);

// ---- the answer of the HSS ----
static void note_quirks(const struct up *t, const struct xlate_ctx *ctx, const char *peer)
{
    const struct base_log_subject subject = {
        .imsi = t->imsi.digits, .agw = t->gateway, .peer = peer};
    if (ctx->dropped)
        base_log_limited(&log_s6a, BASE_LOG_WARN, &subject,
                         "%s answer: %u AVPs could not be read and were dropped, the first is %s",
                         t->procedure->name, ctx->dropped, dia_dict_avp_name(ctx->dropped_avp));
    if (ctx->unknown_mandatory)
        base_log_limited(&log_s6a, BASE_LOG_WARN, &subject,
                         "%s answer: %u unknown AVPs with the M bit, the first is %s",
                         t->procedure->name, ctx->unknown_mandatory,
                         dia_dict_avp_name(dia_avp_ident(ctx->unknown)));
}

static void finish(struct up *t, const struct dia_outcome *outcome, struct s6a_verdict verdict)
{
    const struct procedure *p = t->procedure;
    const char *peer = outcome->peer;
    struct xlate_ctx ctx = {.arena = t->arena, .lenient = true};
    ProtobufCMessage *reply = NULL, *failed;
    enum err err = xlate_decode(s6a_table(p->answer), outcome->answer, &ctx, &reply);
    if (verdict.error_code == 0) {
        if (err != ERR_OK) {
            char where[200];
            verdict = s6a_verdict_of_err(err);
            reply_status(t, &verdict, peer, xlate_where(&ctx, where, sizeof(where)));
            return;
        }
        note_quirks(t, &ctx, peer);
        verdict.error_code = p->accept ? p->accept(t, reply) : 0;
        if (verdict.error_code)
            verdict.label = "no_valid_vectors";
        else if (p->registers)
            remember_hss(t, outcome->answer);
    }
    if (verdict.error_code) {
        failed = xlate_message_new(t->arena, p->reply);
        if (failed && reply && p->diagnose)
            p->diagnose(reply, failed);
        reply = failed;
    }
    reply_message(t, &verdict, peer, reply);
}

static void answered(void *arg, const struct dia_outcome *outcome)
{
    struct up *t = arg;
    struct dia_result result = {0, 0, false};
    char text[128] = "";
    t->sent = 0;
    if (outcome->answer)
        result = dia_msg_result(outcome->answer);
    if (is_wrong_hss(t, &result)) {
        fgw_directory_learn_host(FGW_ACCESS_MME, &t->imsi, "");
        if (send_again(t))
            return;
    }
    struct s6a_verdict verdict;
    if (outcome->err == ERR_OK ||
        (outcome->err == ERR_DIA_BAD_ANSWER && result.code && !s6a_settings()->strict_answers)) {
        verdict = s6a_verdict_of_result(&result);
        snprintf(text, sizeof(text), "Diameter %s %" PRIu32 " (%s)",
                 result.experimental ? "Experimental-Result" : "Result-Code", result.code,
                 verdict.label);
    } else {
        verdict = s6a_verdict_of_err(outcome->err);
        snprintf(text, sizeof(text), "HSS: %s", err_str(outcome->err));
    }
    if (verdict.status == RPC_OK)
        finish(t, outcome, verdict);
    else
        reply_status(t, &verdict, outcome->peer ? outcome->peer : "", text);
    free_up(t);
}

// The caller is gone. A registration is still awaited: the HSS counts the subscriber as ours then.
static void cancelled(struct rpc_call *call, void *arg)
{
    struct up *t = arg;
    const struct s6a_verdict verdict = s6a_verdict_of_err(ERR_CANCELLED);
    if (t->procedure->finish_unseen) {
        rpc_call_reply(call, verdict.status, verdict.label, NULL, 0);
        t->call = NULL;
        return;
    }
    dia_cancel(t->loop, t->sent);
    reply_status(t, &verdict, "", "");
    free_up(t);
}

// ---- the request ----
enum err s6a_request_new(uint32_t command, const struct s6a_destination *to,
                         bool vendor_application, struct msg **out)
{
    enum err err = dia_request_new(DIA_APP_S6A, command, out);
    if (err != ERR_OK)
        return err;
    err = dia_add_session_id(*out, NULL);
    if (err == ERR_OK && vendor_application)
        err = dia_add_vendor_application(*out, DIA_APP_S6A);
    if (err == ERR_OK)
        err = dia_add_no_state(*out);
    if (err == ERR_OK)
        err = dia_add_origin(*out);
    if (err == ERR_OK && to->host[0])
        err = dia_add_text(*out, AVP_DESTINATION_HOST, to->host);
    if (err == ERR_OK)
        err = dia_add_text(*out, AVP_DESTINATION_REALM, to->realm);
    if (err != ERR_OK) {
        fd_msg_free(*out);
        *out = NULL;
    }
    return err;
}

static void find_hss(struct up *t, struct s6a_destination *to)
{
    const struct s6a_settings *settings = s6a_settings();
    s6a_route_find(settings, &t->imsi, dia_origin_realm(), to);
    t->to_remembered = !to->host[0] && settings->remember_hss && !t->by_realm &&
                       fgw_directory_host(FGW_ACCESS_MME, &t->imsi, to->host,
                                          sizeof(to->host)) == ERR_OK;
}

// text[size] says what is wrong on failure.
static enum err send_request(struct up *t, char *text, size_t size)
{
    const struct s6a_settings *settings = s6a_settings();
    const struct procedure *p = t->procedure;
    struct s6a_destination to;
    struct msg *msg = NULL;
    struct xlate_ctx ctx = {.arena = t->arena};
    int64_t left_ms = base_ms_until(t->deadline_ns);
    find_hss(t, &to);
    enum err err = s6a_request_new(p->command, &to, settings->vendor_application, &msg);
    if (err == ERR_OK) {
        err = xlate_encode(s6a_table(p->request), t->request, msg, &ctx);
        if (err != ERR_OK)
            snprintf(text, size, "cannot be sent as %s",
                     xlate_where(&ctx, (char[200]){0}, 200));
    }
    if (err == ERR_OK) {
        const struct dia_send_options options = {
            .timeout_ms = left_ms < settings->timeout_ms ? left_ms : settings->timeout_ms,
            .procedure = p->name,
        };
        err = dia_send(t->loop, &msg, &options, answered, t, &t->sent);
        if (err != ERR_OK)
            snprintf(text, size, "%s", err_str(err));
    }
    if (msg)
        fd_msg_free(msg);
    return err;
}

// The same request once more, to any HSS of the realm. False: it could not be sent.
static bool send_again(struct up *t)
{
    char text[256];
    const struct base_log_subject subject = {.imsi = t->imsi.digits, .agw = t->gateway};
    t->by_realm = true;
    if (base_ms_until(t->deadline_ns) <= 0 || send_request(t, text, sizeof(text)) != ERR_OK)
        return false;
    base_log(&log_s6a, BASE_LOG_INFO, &subject, "%s again, not to the remembered HSS",
             t->procedure->name);
    return true;
}

static void send_first(struct up *t)
{
    char text[256] = "";
    enum err err = send_request(t, text, sizeof(text));
    if (err == ERR_OK) {
        rpc_call_on_cancel(t->call, cancelled, t);
        return;
    }
    const struct s6a_verdict verdict = s6a_verdict_of_err(err);
    reply_status(t, &verdict, "", text);
    free_up(t);
}

static const char *user_name(const struct up *t)
{
    const char *text;
    memcpy(&text, (const uint8_t *)t->request + t->procedure->user_name, sizeof(text));
    return text ? text : "";
}

// Reads the call into the transaction. On failure text says what is wrong.
static enum err read_call(struct up *t, struct base_plmn *plmn, const char **text)
{
    const struct procedure *p = t->procedure;
    size_t len;
    const uint8_t *bytes = rpc_call_request(t->call, &len);
    t->request = protobuf_c_message_unpack(p->type, base_arena_protobuf(t->arena), len, bytes);
    *text = "request is not a valid protobuf message, or too large";
    if (!t->request)
        return ERR_ENCODE_VALUE;
    *text = "user_name is not an IMSI";
    if (base_imsi_parse(user_name(t), strlen(user_name(t)), &t->imsi) != ERR_OK) {
        memset(&t->imsi, 0, sizeof(t->imsi));
        return ERR_ENCODE_VALUE;
    }
    if (!p->visited_plmn)
        return ERR_OK;
    const ProtobufCBinaryData *bcd = (const void *)((const uint8_t *)t->request + p->visited_plmn);
    *text = "visited_plmn is not a PLMN in three octets";
    if (bcd->len != 3 || base_plmn_from_bcd(bcd->data, plmn) != ERR_OK)
        return ERR_ENCODE_VALUE;
    return ERR_OK;
}

static void begin(struct rpc_call *call, void *arg)
{
    const struct procedure *p = arg;
    struct base_arena *arena = base_arena_new(4096, 0);
    struct up *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    if (!t) {
        base_arena_free(arena);
        fgw_count("s6a", p->name, FGW_UP, "", "busy", 0);
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
        return;
    }
    t->procedure = p;
    t->call = call;
    t->loop = rpc_call_loop(call);
    t->arena = arena;
    t->started_ns = base_now_ns();
    snprintf(t->gateway, sizeof(t->gateway), "%s", rpc_call_gateway(call));

    struct base_plmn plmn;
    const char *text;
    enum err err = read_call(t, &plmn, &text);
    t->deadline_ns = rpc_call_deadline_ns(call);
    uint32_t code = 0;
    if (err == ERR_OK &&
        fgw_admit(t->gateway, &t->imsi, p->visited_plmn ? &plmn : NULL) != ERR_OK) {
        reply_code(t, p->denied_code, "denied");
    } else if (err == ERR_OK && base_ms_until(t->deadline_ns) <= 0) {
        const struct s6a_verdict late = s6a_verdict_of_err(ERR_TIMEOUT);
        reply_status(t, &late, "", "deadline has passed");
    } else if (err == ERR_OK && p->shortcut && (code = p->shortcut(t)) != 0) {
        reply_code(t, code, "served_elsewhere");
    } else if (err == ERR_OK) {
        send_first(t);
        return;
    } else {
        const struct s6a_verdict verdict = s6a_verdict_of_err(err);
        reply_status(t, &verdict, "", text);
    }
    free_up(t);
}

#define METHOD(p, i)                                                                               \
    {                                                                                              \
        .path = (p), .unary = begin, .ctx = (void *)(uintptr_t)&procedures[i]                      \
    }
const struct rpc_method s6a_methods[] = {
    METHOD("/magma.feg.S6aProxy/AuthenticationInformation", 0),
    METHOD("/magma.feg.S6aProxy/UpdateLocation", 1),
    METHOD("/magma.feg.S6aProxy/PurgeUE", 2),
    METHOD("/fgw.s6a.S6aNotify/Notify", 3),
    {.path = NULL},
};
