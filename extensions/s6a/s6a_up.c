// SPDX-License-Identifier: BSD-3-Clause
// S6a from the access gateway to the HSS: AuthenticationInformation, UpdateLocation, PurgeUE and
// Notify. One pass: read the call, check who may ask, build the request, wait, translate the
// answer, reply. Not for translation tables and not for requests of the HSS (s6a_down.c).
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/s6a/s6a.h"
#include "fgw/home.h"
#include "fgw/up.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"
#include "rpc/status.h"

typedef Magma__Feg__AuthenticationInformationRequest AIR;
typedef Magma__Feg__AuthenticationInformationAnswer AIA;
typedef Magma__Feg__UpdateLocationAnswer ULA;

static const struct fgw_up_interface s6a_up = {.name = "s6a", .log = &log_s6a};

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
    uint32_t (*shortcut)(struct fgw_up *up);
    // After a successful answer; may turn it into a failure by returning its error_code, 0
    // otherwise.
    uint32_t (*accept)(struct fgw_up *up, ProtobufCMessage *reply);
    // Copies what a failed answer says beside its result.
    void (*diagnose)(const ProtobufCMessage *answer, ProtobufCMessage *reply);
};

// What S6a has of a transaction.
struct own {
    const struct procedure *procedure;
    struct fgw_home home;
};

static struct own *own(const struct fgw_up *up)
{
    return up->own;
}

// ---- replies ----
// Ends the call with a gRPC failure.
static void fail(struct fgw_up *up, const struct fgw_verdict *verdict, const char *text)
{
    fgw_up_fail(up, verdict, text);
    fgw_up_free(up);
}

static void fail_err(struct fgw_up *up, enum err err, const char *text)
{
    const struct fgw_verdict verdict = fgw_verdict_of_err(err);
    fail(up, &verdict, text);
}

// Ends the call with a message. NULL reply: an empty one with error_code.
static void reply(struct fgw_up *up, const struct fgw_verdict *verdict, ProtobufCMessage *message)
{
    const struct procedure *p = own(up)->procedure;
    if (!message)
        message = xlate_message_new(up->arena, p->reply);
    if (!message) {
        fail_err(up, ERR_NOMEM, "answer is too large");
        return;
    }
    int32_t code = (int32_t)(verdict->error_code ? verdict->error_code : p->success_code);
    memcpy((uint8_t *)message + p->error_code, &code, sizeof(code));
    fgw_up_reply(up, verdict, message);
    fgw_up_free(up);
}

static void reply_code(struct fgw_up *up, uint32_t error_code, const char *label)
{
    const struct fgw_verdict verdict = {RPC_OK, error_code, label};
    reply(up, &verdict, NULL);
}

// ---- what is particular to each procedure ----

// Drops what is beyond the number asked for. The vectors are in the order of their Item-Number.
static void trim(size_t *n, uint32_t asked)
{
    if (*n > asked)
        *n = asked;
}

static uint32_t accept_air(struct fgw_up *up, ProtobufCMessage *reply)
{
    const AIR *air = (const AIR *)up->request;
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
    if (fgw_directory_find(&up->imsi, serving, sizeof(serving)) == ERR_FGW_UNKNOWN_SUBSCRIBER)
        fgw_directory_learn(&up->imsi, up->gateway, NULL);
    return 0;
}

static void diagnose_air(const ProtobufCMessage *answer, ProtobufCMessage *reply)
{
    const AIA *from = (const AIA *)answer;
    AIA *to = (AIA *)reply;
    to->error_diagnostic_present_case = from->error_diagnostic_present_case;
    to->error_diagnostic = from->error_diagnostic;
}

static uint32_t accept_ulr(struct fgw_up *up, ProtobufCMessage *reply)
{
    char previous[FGW_GATEWAY_ID_MAX + 1] = "";
    const struct base_log_subject subject = {.imsi = up->imsi.digits, .agw = up->gateway};
    enum err err = fgw_directory_learn(&up->imsi, up->gateway, previous);
    if (err != ERR_OK)
        base_log_limited(&log_s6a, BASE_LOG_WARN, &subject,
                         "requests of the HSS may not find this subscriber: %s", err_str(err));
    else if (previous[0])
        s6a_cancel_moved(up->loop, &up->imsi, previous);
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
static bool served_elsewhere(const struct fgw_up *up)
{
    char serving[FGW_GATEWAY_ID_MAX + 1];
    return fgw_directory_find(&up->imsi, serving, sizeof(serving)) == ERR_OK &&
           strcmp(serving, up->gateway) != 0;
}

// The HSS knows one MME, us: a purge of the gateway that served the subscriber before must not take
// it away from the gateway that serves it now.
static uint32_t shortcut_pur(struct fgw_up *up)
{
    return served_elsewhere(up) ? S6A_DIAMETER_SUCCESS : 0;
}

static uint32_t accept_pur(struct fgw_up *up, ProtobufCMessage *reply)
{
    fgw_directory_forget(&up->imsi, up->gateway);
    return 0;
}

static uint32_t shortcut_nor(struct fgw_up *up)
{
    return served_elsewhere(up) ? S6A_UNKNOWN_SERVING_NODE : 0;
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

static bool send_again(struct fgw_up *up);

// ---- the answer of the HSS ----
static void finish(struct fgw_up *up, const struct dia_outcome *outcome, struct fgw_verdict verdict)
{
    const struct procedure *p = own(up)->procedure;
    struct xlate_ctx ctx = {.arena = up->arena, .lenient = true};
    ProtobufCMessage *message = NULL, *failed;
    enum err err = xlate_decode(s6a_table(p->answer), outcome->answer, &ctx, &message);
    if (verdict.error_code == 0) {
        if (err != ERR_OK) {
            char where[200];
            fail_err(up, err, xlate_where(&ctx, where, sizeof(where)));
            return;
        }
        fgw_up_quirks(up, xlate_def(s6a_table(p->answer))->name, &ctx);
        verdict.error_code = p->accept ? p->accept(up, message) : 0;
        if (verdict.error_code)
            verdict.label = "no_valid_vectors";
        else if (p->registers && s6a_settings()->remember_hss)
            fgw_home_learn(FGW_ACCESS_MME, &up->imsi, outcome->answer);
    }
    if (verdict.error_code) {
        failed = xlate_message_new(up->arena, p->reply);
        if (failed && message && p->diagnose)
            p->diagnose(message, failed);
        message = failed;
    }
    reply(up, &verdict, message);
}

static void fail_result(struct fgw_up *up, const struct dia_result *result,
                        const struct fgw_verdict *verdict)
{
    char text[128];
    fgw_verdict_text(verdict, result, text, sizeof(text));
    fail(up, verdict, text);
}

static void answered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    struct dia_result result = {0, 0, false};
    char text[128];
    if (outcome->answer)
        result = dia_msg_result(outcome->answer);
    if (fgw_home_wrong(&own(up)->home, FGW_ACCESS_MME, &up->imsi, outcome->answer) &&
        send_again(up))
        return;
    bool usable =
        outcome->err == ERR_DIA_BAD_ANSWER && result.code && !s6a_settings()->strict_answers;
    if (outcome->err != ERR_OK && !usable) {
        snprintf(text, sizeof(text), "HSS: %s", err_str(outcome->err));
        fail_err(up, outcome->err, text);
        return;
    }
    const struct fgw_verdict verdict = s6a_verdict_of_result(&result);
    if (verdict.status == RPC_OK)
        finish(up, outcome, verdict);
    else
        fail_result(up, &result, &verdict);
}

// ---- the request ----
// text[size] says what is wrong on failure.
static enum err send_request(struct fgw_up *up, char *text, size_t size)
{
    const struct s6a_settings *settings = s6a_settings();
    const struct procedure *p = own(up)->procedure;
    struct fgw_destination to;
    char where[200];
    struct msg *msg = NULL;
    struct xlate_ctx ctx = {.arena = up->arena};
    // A registration goes on without its caller, but not beyond the time he gave.
    int64_t left_ms = up->call ? INT64_MAX : base_ms_until(up->deadline_ns);
    fgw_route_find(&settings->routes, settings->realm, settings->host, &up->imsi,
                   dia_origin_realm(), &to);
    if (settings->remember_hss)
        fgw_home_find(&own(up)->home, FGW_ACCESS_MME, &up->imsi, &to);
    enum err err =
        fgw_request_new(DIA_APP_S6A, p->command, NULL, &to, settings->vendor_application, &msg);
    if (err != ERR_OK)
        return err;
    err = xlate_encode(s6a_table(p->request), up->request, msg, &ctx);
    if (err != ERR_OK) {
        snprintf(text, size, "cannot be sent as %s", xlate_where(&ctx, where, sizeof(where)));
        fd_msg_free(msg);
        return err;
    }
    err = fgw_up_send(up, &msg, p->name,
                      left_ms < settings->timeout_ms ? left_ms : settings->timeout_ms, answered);
    if (err != ERR_OK)
        snprintf(text, size, "%s", err_str(err));
    return err;
}

// The same request once more, to any HSS of the realm. False: it could not be sent.
static bool send_again(struct fgw_up *up)
{
    char text[256];
    const struct base_log_subject subject = {.imsi = up->imsi.digits, .agw = up->gateway};
    if (base_ms_until(up->deadline_ns) <= 0 || send_request(up, text, sizeof(text)) != ERR_OK)
        return false;
    up->peer = ""; // whoever answers now counts
    base_log(&log_s6a, BASE_LOG_INFO, &subject, "%s again, not to the remembered HSS",
             own(up)->procedure->name);
    return true;
}

static void send_first(struct fgw_up *up)
{
    char text[256] = "";
    enum err err = send_request(up, text, sizeof(text));
    if (err != ERR_OK)
        fail_err(up, err, text);
}

// ---- the call ----
static const char *user_name(const struct fgw_up *up)
{
    const char *text;
    memcpy(&text, (const uint8_t *)up->request + own(up)->procedure->user_name, sizeof(text));
    return text;
}

// Who it is about, and where. On failure text says what is wrong.
static enum err read_call(struct fgw_up *up, struct base_plmn *plmn, const char **text)
{
    const struct procedure *p = own(up)->procedure;
    *text = "user_name is not an IMSI";
    if (fgw_up_imsi(up, user_name(up)) != ERR_OK)
        return ERR_ENCODE_VALUE;
    if (!p->visited_plmn)
        return ERR_OK;
    const ProtobufCBinaryData *bcd = (const void *)((const uint8_t *)up->request + p->visited_plmn);
    *text = "visited_plmn is not a PLMN in three octets";
    if (bcd->len != 3 || base_plmn_from_bcd(bcd->data, plmn) != ERR_OK)
        return ERR_ENCODE_VALUE;
    return ERR_OK;
}

static void begin(struct rpc_call *call, void *arg)
{
    const struct procedure *p = arg;
    struct fgw_up *up = fgw_up_begin(&s6a_up, p->name, call, p->type, sizeof(struct own));
    struct base_plmn plmn;
    const char *text;
    uint32_t code = 0;
    if (!up)
        return;
    own(up)->procedure = p;
    up->finish_unseen = p->finish_unseen;
    enum err err = read_call(up, &plmn, &text);
    if (err != ERR_OK)
        fail_err(up, err, text);
    else if (fgw_admit(up->gateway, &up->imsi, p->visited_plmn ? &plmn : NULL) != ERR_OK)
        reply_code(up, p->denied_code, "denied");
    else if (fgw_up_left_ms(up) <= 0)
        fail_err(up, ERR_TIMEOUT, "deadline has passed");
    else if (p->shortcut && (code = p->shortcut(up)) != 0)
        reply_code(up, code, "served_elsewhere");
    else
        send_first(up);
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
