// SPDX-License-Identifier: BSD-3-Clause
// SWx as a plug of the gateway: what it registers, and its start and stop; and what its procedures
// toward the HSS share. Not for the procedures themselves.
#include "extensions/swx/swx.h"

#include <inttypes.h>
#include <string.h>

#include "diameter/avp.h"
#include "rpc/status.h"

BASE_LOG_CATEGORY(log_swx, "swx");

const struct fgw_up_interface swx_up = {.name = "swx", .log = &log_swx};

const struct rpc_method swx_methods[] = {
    {.path = "/magma.feg.SwxProxy/Authenticate", .unary = swx_authenticate},
    {.path = "/magma.feg.SwxProxy/Register", .unary = swx_register},
    {.path = "/magma.feg.SwxProxy/Deregister", .unary = swx_deregister},
    {.path = "/fgw.swx.SwxAssignment/Assign", .unary = swx_assign},
    {.path = NULL},
};

static void report(void *arg, const char *text)
{
    base_log(&log_swx, BASE_LOG_ERROR, NULL, "table %s", text);
}

static enum err start(void)
{
    const struct swx_settings *settings = swx_settings();
    enum err err = swx_tables_compile(report, NULL);
    if (err == ERR_OK)
        err = swx_cache_open((size_t)settings->cache_users);
    if (err == ERR_OK)
        err = swx_down_accept();
    if (err == ERR_OK && swx_needs_s6a(settings))
        err = dia_advertise(DIA_APP_S6A, DIA_3GPP);
    swx_interface.applications[0] = swx_needs_only_s6a(settings) ? DIA_APP_S6A : DIA_APP_SWX;
    return err;
}

static void stop(void)
{
    swx_cache_close();
    swx_tables_free();
}

struct fgw_interface swx_interface = {
    .name = "swx",
    .methods = swx_methods,
    .settings = swx_settings_keys,
    .settings_size = sizeof(struct swx_settings),
    .configure = swx_configure,
    .start = start,
    .stop = stop,
    .applications = {DIA_APP_SWX},
};

const struct swx_settings *swx_settings(void)
{
    return fgw_settings(&swx_interface);
}

// ---- one transaction up ----
void swx_end(struct fgw_up *up, const struct fgw_verdict *verdict, const char *text)
{
    fgw_up_fail(up, verdict, text);
    fgw_up_free(up);
}

// ---- the request ----
// Requests in our own name go to the HSS that knows the user, those in another's by realm.
static void find_hss(struct fgw_up *up, bool may_name, struct fgw_destination *to)
{
    const struct swx_settings *settings = swx_settings();
    struct swx_own *own = up->own;
    fgw_route_find(&settings->routes, settings->realm, settings->host, &up->imsi,
                   dia_origin_realm(), to);
    own->home.named = false;
    if (may_name && settings->remember_hss)
        fgw_home_find(&own->home, FGW_ACCESS_WLAN, &up->imsi, to);
}

void swx_remember_hss(const struct fgw_up *up, const struct dia_outcome *outcome)
{
    if (swx_settings()->remember_hss)
        fgw_home_learn(FGW_ACCESS_WLAN, &up->imsi, outcome->answer);
}

bool swx_wrong_hss(struct fgw_up *up, const struct dia_outcome *outcome)
{
    struct swx_own *own = up->own;
    return fgw_home_wrong(&own->home, FGW_ACCESS_WLAN, &up->imsi, outcome->answer);
}

static enum err build(struct fgw_up *up, enum swx_message message, const ProtobufCMessage *from,
                      const char *origin, struct msg **msg, char *text, size_t size)
{
    const struct xlate_def *def = xlate_def(swx_table(message));
    struct xlate_ctx ctx = {.arena = up->arena};
    struct fgw_destination to;
    find_hss(up, def->application == DIA_APP_SWX && !origin, &to);
    enum err err =
        fgw_request_new_from(def->application, def->command, up->gateway, origin, &to, true, msg);
    if (err != ERR_OK)
        return err;
    err = xlate_encode(swx_table(message), from, *msg, &ctx);
    if (err != ERR_OK) {
        char where[200];
        snprintf(text, size, "cannot be sent as %s", xlate_where(&ctx, where, sizeof(where)));
    }
    return err;
}

void swx_send(struct fgw_up *up, enum swx_message message, const ProtobufCMessage *from,
              const char *origin, fgw_up_answered answered)
{
    struct msg *msg = NULL;
    char text[256] = "";
    enum err err = build(up, message, from, origin, &msg, text, sizeof(text));
    if (err == ERR_OK) {
        err = fgw_up_send(up, &msg, xlate_def(swx_table(message))->name, swx_settings()->timeout_ms,
                          answered);
        if (err == ERR_OK)
            return;
        snprintf(text, sizeof(text), "HSS: %s", err_str(err));
    } else if (msg) {
        fd_msg_free(msg);
    }
    const struct fgw_verdict verdict = fgw_verdict_of_err(err);
    swx_end(up, &verdict, text);
}

struct fgw_verdict swx_judge(const struct dia_outcome *outcome, char *text)
{
    struct dia_result result = {0, 0, false};
    struct fgw_verdict verdict;
    if (outcome->answer)
        result = dia_msg_result(outcome->answer);
    bool usable =
        outcome->err == ERR_DIA_BAD_ANSWER && result.code && !swx_settings()->strict_answers;
    if (outcome->err != ERR_OK && !usable) {
        verdict = fgw_verdict_of_err(outcome->err);
        snprintf(text, 128, "HSS: %s", err_str(outcome->err));
        return verdict;
    }
    struct msg_hdr *hdr = NULL;
    bool s6a = fd_msg_hdr(outcome->answer, &hdr) == 0 && hdr->msg_appl == DIA_APP_S6A;
    verdict = s6a ? swx_verdict_of_s6a(&result) : swx_verdict_of_result(&result);
    if (verdict.status != RPC_OK)
        fgw_verdict_text(&verdict, &result, text, 128);
    return verdict;
}

enum err swx_read(struct fgw_up *up, enum swx_message message, const struct dia_outcome *outcome,
                  ProtobufCMessage **out)
{
    const char *name = xlate_def(swx_table(message))->name;
    struct xlate_ctx ctx = {.arena = up->arena, .lenient = true};
    enum err err = xlate_decode(swx_table(message), outcome->answer, &ctx, out);
    if (err != ERR_OK) {
        char where[200];
        const struct fgw_verdict verdict = fgw_verdict_of_err(err);
        swx_end(up, &verdict, xlate_where(&ctx, where, sizeof(where)));
        return err;
    }
    fgw_up_quirks(up, name, &ctx);
    return ERR_OK;
}

void swx_registered(struct fgw_up *up)
{
    char previous[FGW_GATEWAY_ID_MAX + 1] = "";
    const struct base_log_subject subject = {.imsi = up->imsi.digits, .agw = up->gateway};
    enum err err = fgw_directory_learn_at(FGW_ACCESS_WLAN, &up->imsi, up->gateway, previous);
    if (err != ERR_OK)
        base_log_limited(&log_swx, BASE_LOG_WARN, &subject,
                         "requests of the HSS may not find this user: %s", err_str(err));
    else if (previous[0] && swx_settings()->moved_termination)
        swx_terminate_moved(up->loop, &up->imsi, previous);
}

bool swx_served_elsewhere(const struct fgw_up *up)
{
    char serving[FGW_GATEWAY_ID_MAX + 1];
    return fgw_directory_find_at(FGW_ACCESS_WLAN, &up->imsi, serving, sizeof(serving)) == ERR_OK &&
           strcmp(serving, up->gateway) != 0;
}
