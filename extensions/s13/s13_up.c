// SPDX-License-Identifier: BSD-3-Clause
// CheckEquipment: from the cache, by ECR, or by the operator's policy. What was asked for without
// an IMSI and with one is kept alike: the EIR's list is about equipment (TS 22.016).
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/s13/s13.h"
#include "fgw/cache.h"
#include "rpc/status.h"

typedef Fgw__S13__CheckEquipmentRequest request_t;
typedef Fgw__S13__CheckEquipmentAnswer answer_t;

enum { EQUIPMENT_UNKNOWN = 5422, KEY_SIZE = 32 };

static const struct fgw_up_interface up_interface = {.name = "s13", .log = &log_s13};
static struct fgw_cache *cache;

enum err s13_cache_open(size_t equipment)
{
    return fgw_cache_new(equipment, 1, &cache);
}

void s13_cache_close(void)
{
    fgw_cache_free(cache);
    cache = NULL;
}

static const Fgw__S6a__TerminalInformation *terminal(const struct fgw_up *up)
{
    return ((const request_t *)up->request)->terminal_information;
}

// The 14 digits that name equipment, and its software version, which an EIR may also look at. The
// 15th digit of an IMEI is a check digit, not part of it (TS 23.003 6.2).
static void cache_key(const struct fgw_up *up, char key[KEY_SIZE])
{
    const char *imei = terminal(up)->imei;
    const char *version = strlen(imei) == 16 ? imei + 14 : terminal(up)->software_version;
    snprintf(key, KEY_SIZE, "%.14s %.2s", imei, version);
}

static void fail(struct fgw_up *up, int status, const char *label, const char *text)
{
    const struct fgw_verdict verdict = {status, 0, label};
    fgw_up_fail(up, &verdict, text);
    fgw_up_free(up);
}

static void reply(struct fgw_up *up, Fgw__S13__EquipmentStatus status, Fgw__S13__Source source,
                  const char *label)
{
    const struct fgw_verdict verdict = {RPC_OK, 0, label};
    answer_t answer = FGW__S13__CHECK_EQUIPMENT_ANSWER__INIT;
    answer.equipment_status = status;
    answer.source = source;
    fgw_up_reply(up, &verdict, &answer.base);
    fgw_up_free(up);
}

static const char *label_of(Fgw__S13__EquipmentStatus status)
{
    static const char *const labels[] = {"permitted", "prohibited", "tracked", "unknown"};
    return (size_t)status < sizeof(labels) / sizeof(labels[0]) ? labels[status] : "other";
}

// What the EIR said, as the settings want equipment that it does not know.
static void reply_status(struct fgw_up *up, Fgw__S13__EquipmentStatus status,
                         Fgw__S13__Source source)
{
    int policy = s13_settings()->unknown_equipment;
    const char *label = label_of(status);
    if (status == FGW__S13__EQUIPMENT_STATUS__UNKNOWN && policy == S13_POLICY_PERMIT)
        status = FGW__S13__EQUIPMENT_STATUS__PERMITTED;
    else if (status == FGW__S13__EQUIPMENT_STATUS__UNKNOWN && policy == S13_POLICY_PROHIBIT)
        status = FGW__S13__EQUIPMENT_STATUS__PROHIBITED;
    reply(up, status, source, label);
}

// The EIR has not said anything that can be used.
static void no_answer(struct fgw_up *up, const struct fgw_verdict *verdict, const char *text)
{
    switch (s13_settings()->no_answer) {
    case S13_POLICY_PERMIT:
        reply(up, FGW__S13__EQUIPMENT_STATUS__PERMITTED, FGW__S13__SOURCE__POLICY,
              "permitted_by_policy");
        return;
    case S13_POLICY_PROHIBIT:
        reply(up, FGW__S13__EQUIPMENT_STATUS__PROHIBITED, FGW__S13__SOURCE__POLICY,
              "prohibited_by_policy");
        return;
    default:
        fgw_up_fail(up, verdict, text);
        fgw_up_free(up);
    }
}

static void keep(const struct fgw_up *up, Fgw__S13__EquipmentStatus status)
{
    char key[KEY_SIZE];
    uint8_t value = (uint8_t)status;
    int64_t life_ms = s13_settings()->cache_ms;
    cache_key(up, key);
    if (life_ms > 0) // without memory the EIR is asked again
        fgw_cache_put(cache, key, &value, 1, base_now_ns() + life_ms * BASE_MS_NS);
}

// Equipment-Status of TS 29.272 7.3.51; UNKNOWN is ours.
static bool is_status(Fgw__S13__EquipmentStatus status)
{
    return status == FGW__S13__EQUIPMENT_STATUS__PERMITTED ||
           status == FGW__S13__EQUIPMENT_STATUS__PROHIBITED ||
           status == FGW__S13__EQUIPMENT_STATUS__TRACKED;
}

// Why an answer, or none, says nothing about the equipment.
static struct fgw_verdict explain(enum err err, const struct dia_result *result, char *text,
                                  size_t size)
{
    if (err != ERR_OK) {
        snprintf(text, size, "EIR: %s", err_str(err));
        return fgw_verdict_of_err(err);
    }
    if (result->code == 0) {
        snprintf(text, size, "EIR: answer without a result");
        return (struct fgw_verdict){RPC_INTERNAL, 0, "no_result"};
    }
    snprintf(text, size, "Diameter result %" PRIu32, result->code);
    return result->experimental ? (struct fgw_verdict){RPC_UNKNOWN, 0, "other_experimental"}
                                : fgw_verdict_of_base(result->code);
}

static void answered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    struct xlate_ctx ctx = {.arena = up->arena, .lenient = true};
    struct dia_result result = {0, 0, false};
    ProtobufCMessage *message = NULL;
    char text[128];
    if (outcome->answer)
        result = dia_msg_result(outcome->answer);
    if (result.code == EQUIPMENT_UNKNOWN) { // some put it into Result-Code; no base code is this
        keep(up, FGW__S13__EQUIPMENT_STATUS__UNKNOWN);
        reply_status(up, FGW__S13__EQUIPMENT_STATUS__UNKNOWN, FGW__S13__SOURCE__EIR);
        return;
    }
    enum err err = outcome->err;
    if (err == ERR_DIA_BAD_ANSWER && result.code && !s13_settings()->strict_answers)
        err = ERR_OK; // what can be read of it counts
    if (err == ERR_OK && result.code / 1000 == 2)
        err = xlate_decode(s13_table(S13_ECA), outcome->answer, &ctx, &message);
    if (message && is_status(((answer_t *)message)->equipment_status)) {
        Fgw__S13__EquipmentStatus status = ((answer_t *)message)->equipment_status;
        keep(up, status);
        reply_status(up, status, FGW__S13__SOURCE__EIR);
        return;
    }
    if (message)
        err = ERR_DECODE_VALUE;
    const struct fgw_verdict verdict = explain(err, &result, text, sizeof(text));
    no_answer(up, &verdict, text);
}

static void send_ecr(struct fgw_up *up)
{
    const struct s13_settings *settings = s13_settings();
    struct fgw_destination to;
    struct msg *msg = NULL;
    struct xlate_ctx ctx = {.arena = up->arena};
    char where[200];
    fgw_route_find(&settings->routes, settings->realm, settings->host,
                   up->imsi.len ? &up->imsi : NULL, dia_origin_realm(), &to);
    enum err err =
        fgw_request_new(DIA_APP_S13, DIA_CMD_ECR, NULL, &to, settings->vendor_application, &msg);
    if (err == ERR_OK)
        err = xlate_encode(s13_table(S13_ECR), up->request, msg, &ctx);
    if (err != ERR_OK) {
        const struct fgw_verdict verdict = fgw_verdict_of_err(err);
        if (msg)
            fd_msg_free(msg);
        fgw_up_fail(up, &verdict, xlate_where(&ctx, where, sizeof(where)));
        fgw_up_free(up);
        return;
    }
    err = fgw_up_send(up, &msg, "ECR", settings->timeout_ms, answered);
    if (err != ERR_OK) {
        const struct fgw_verdict verdict = fgw_verdict_of_err(err);
        no_answer(up, &verdict, err_str(err));
    }
}

static void look(void *arg, void *value, size_t *len)
{
    *(int *)arg = *(const uint8_t *)value;
}

static bool is_imei(const Fgw__S6a__TerminalInformation *t)
{
    size_t n = t && t->imei ? strspn(t->imei, "0123456789") : 0;
    return n >= 14 && n <= 16 && t->imei[n] == '\0';
}

static void check_equipment(struct rpc_call *call, void *ctx)
{
    struct fgw_up *up = fgw_up_begin(&up_interface, "CheckEquipment", call,
                                     &fgw__s13__check_equipment_request__descriptor, 0);
    char key[KEY_SIZE];
    int status = -1;
    if (!up)
        return;
    const char *user_name = ((const request_t *)up->request)->user_name;
    if (user_name[0] && fgw_up_imsi(up, user_name) != ERR_OK) {
        fail(up, RPC_INVALID_ARGUMENT, "invalid_request", "user_name is not an IMSI");
        return;
    }
    if (!is_imei(terminal(up))) {
        fail(up, RPC_INVALID_ARGUMENT, "invalid_request", "imei is not 14 to 16 digits");
        return;
    }
    if (up->imsi.len && fgw_admit(up->gateway, &up->imsi, NULL) != ERR_OK) {
        fail(up, RPC_PERMISSION_DENIED, "denied", "this gateway may not serve this subscriber");
        return;
    }
    cache_key(up, key);
    if (s13_settings()->cache_ms > 0 && fgw_cache_edit(cache, key, base_now_ns(), look, &status))
        reply_status(up, (Fgw__S13__EquipmentStatus)status, FGW__S13__SOURCE__CACHE);
    else
        send_ecr(up);
}

const struct rpc_method s13_methods[] = {
    {.path = "/fgw.s13.EquipmentService/CheckEquipment", .unary = check_equipment},
    {.path = NULL},
};
