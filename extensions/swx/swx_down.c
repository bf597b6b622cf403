// SPDX-License-Identifier: BSD-3-Clause
// SWx from the HSS to the access gateway that serves the user: Registration-Termination and
// Push-Profile (TS 29.273 8.1.2.2.3 and 8.1.2.3).
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/swx/swx.h"
#include "fgw/notice.h"
#include "rpc/status.h"

typedef Magma__Feg__RegistrationTerminationRequest RTR;
typedef Fgw__Swx__PushProfileRequest PPR;
#define REASON(name) MAGMA__FEG__REGISTRATION_TERMINATION_REQUEST__REASON_CODE__##name

#define TERMINATE_PATH "/magma.feg.SwxGatewayService/TerminateRegistration"
#define PROFILE_PATH "/fgw.swx.SwxUserData/PushProfile"

static struct fgw_down_options options(void)
{
    const struct swx_settings *settings = swx_settings();
    return (struct fgw_down_options){settings->agw_service, settings->agw_timeout_ms, true};
}

static const struct fgw_down_interface swx_down = {
    .name = "swx",
    .log = &log_swx,
    .application = DIA_APP_SWX,
    .options = options,
    .unknown = &swx_core_user_unknown,
};

static void end(struct fgw_down *t, const struct fgw_core_result *result)
{
    fgw_down_end(t, result, NULL, NULL);
}

// Who serves the user. False: it has been answered.
static bool find_user(struct fgw_down *t, const char *user_name,
                      const struct fgw_core_result *unknown)
{
    enum err err = base_imsi_parse(user_name, strlen(user_name), &t->imsi);
    if (err == ERR_OK)
        err = fgw_directory_find_at(FGW_ACCESS_WLAN, &t->imsi, t->gateway, sizeof(t->gateway));
    if (err == ERR_OK)
        return true;
    end(t, err == ERR_FGW_UNKNOWN_SUBSCRIBER ? unknown : &fgw_core_unable);
    return false;
}

static void call(struct fgw_down *t, const char *path, const ProtobufCMessage *message,
                 rpc_tunnel_done done)
{
    enum err err = fgw_down_call(t, path, message, done, t);
    if (err != ERR_OK) {
        const struct fgw_core_result core = fgw_core_of_err(err, &swx_core_user_unknown);
        end(t, &core);
    }
}

// ---- Registration-Termination ----
static void terminated(void *ctx, const struct rpc_tunnel_result *result)
{
    struct fgw_down *t = ctx;
    struct fgw_core_result core = fgw_down_outcome(t, result);
    // a gateway that does not know the user has nothing to end
    if (core.vendor == swx_core_user_unknown.vendor && core.code == swx_core_user_unknown.code)
        core = fgw_core_success;
    if (fgw_core_is_success(&core))
        fgw_directory_forget_at(FGW_ACCESS_WLAN, &t->imsi, t->gateway);
    end(t, &core);
}

// Its sender does not know whether it has come before (T flag, RFC 6733 3).
static bool is_repeated(const struct fgw_down *t)
{
    struct msg_hdr *hdr = NULL;
    return fd_msg_hdr(dia_inbound_request(t->inbound), &hdr) == 0 &&
           (hdr->msg_flags & CMD_FLAG_RETRANSMIT);
}

static void run_rtr(struct fgw_down *t)
{
    static const struct fgw_core_result nobody = {0, 2001, "not_served"};
    const RTR *rtr = (const RTR *)t->request;
    bool accept = swx_settings()->unknown_termination == SWX_UNKNOWN_SUCCESS || is_repeated(t);
    struct base_imsi imsi;
    if (base_imsi_parse(rtr->user_name, strlen(rtr->user_name), &imsi) == ERR_OK)
        swx_cache_forget(&imsi);
    if (find_user(t, rtr->user_name, accept ? &nobody : &swx_core_user_unknown))
        call(t, TERMINATE_PATH, t->request, terminated);
}

// ---- Push-Profile ----
static void session_ended(void *ctx, const struct rpc_tunnel_result *result)
{
    struct fgw_down *t = ctx;
    struct fgw_core_result core = fgw_down_outcome(t, result);
    if (fgw_core_is_success(&core))
        core.label = "terminated_instead";
    end(t, &core);
}

// The access gateway cannot take changes of a profile.
static void unsupported(struct fgw_down *t)
{
    static const struct fgw_core_result accepted = {0, 2001, "unsupported_accepted"};
    static const struct fgw_core_result refused = {0, 5012, "unsupported_by_gateway"};
    RTR rtr = MAGMA__FEG__REGISTRATION_TERMINATION_REQUEST__INIT;
    switch (swx_settings()->unsupported_profile) {
    case SWX_UNSUPPORTED_ACCEPT:
        end(t, &accepted);
        return;
    case SWX_UNSUPPORTED_TERMINATE:
        rtr.user_name = t->imsi.digits;
        rtr.reason_code = REASON(SERVER_CHANGE);
        rtr.session_id = ((const PPR *)t->request)->session_id;
        call(t, TERMINATE_PATH, &rtr.base, session_ended);
        return;
    default:
        end(t, &refused);
    }
}

static void profile_pushed(void *ctx, const struct rpc_tunnel_result *result)
{
    struct fgw_down *t = ctx;
    struct fgw_core_result core = fgw_down_outcome(t, result);
    Fgw__Swx__PushProfileAnswer *answer = NULL;
    if (result->err == ERR_OK && result->status == RPC_UNIMPLEMENTED) {
        unsupported(t);
        return;
    }
    if (fgw_core_is_success(&core)) {
        answer = fgw__swx__push_profile_answer__unpack(base_arena_protobuf(t->arena), result->len,
                                                       result->payload);
        core = answer ? swx_core_of_code(answer->error_code) : fgw_core_unable;
    }
    if (fgw_core_is_success(&core))
        fgw_down_end(t, &core, swx_table(SWX_PPA), &answer->base);
    else
        end(t, &core);
}

static void run_ppr(struct fgw_down *t)
{
    const PPR *ppr = (const PPR *)t->request;
    if (find_user(t, ppr->user_name, &swx_core_user_unknown))
        call(t, PROFILE_PATH, t->request, profile_pushed);
}

static const struct xlate_table *rtr_table(void)
{
    return swx_table(SWX_RTR);
}

static const struct xlate_table *ppr_table(void)
{
    return swx_table(SWX_PPR);
}

static const struct fgw_down_procedure rtr_procedure = {&swx_down, "RTR", DIA_CMD_RTR, rtr_table,
                                                        run_rtr};
static const struct fgw_down_procedure ppr_procedure = {&swx_down, "PPR", DIA_CMD_PPR, ppr_table,
                                                        run_ppr};

enum err swx_down_accept(void)
{
    enum err err = dia_advertise(DIA_APP_SWX, DIA_3GPP);
    if (err == ERR_OK)
        err = fgw_down_accept(&rtr_procedure);
    return err == ERR_OK ? fgw_down_accept(&ppr_procedure) : err;
}

// ---- a user that moved between our gateways ----
void swx_terminate_moved(struct base_loop *loop, const struct base_imsi *imsi, const char *gateway)
{
    const struct swx_settings *settings = swx_settings();
    struct base_imsi user = *imsi;
    RTR rtr = MAGMA__FEG__REGISTRATION_TERMINATION_REQUEST__INIT;
    rtr.user_name = user.digits;
    rtr.reason_code = REASON(NEW_SERVER_ASSIGNMENT);
    const struct fgw_notice notice = {
        .interface = "swx",
        .procedure = "moved",
        .text = "session ended, user is at another gateway",
        .log = &log_swx,
        .unknown = &swx_core_user_unknown,
        .gateway = gateway,
        .service = settings->agw_service,
        .path = TERMINATE_PATH,
        .timeout_ms = settings->agw_timeout_ms,
        .imsi = imsi,
        .message = &rtr.base,
    };
    fgw_notice_send(loop, &notice);
}
