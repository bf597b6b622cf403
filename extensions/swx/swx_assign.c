// SPDX-License-Identifier: BSD-3-Clause
// Register, Deregister and Assign: one Server-Assignment-Request each (TS 29.273 8.1.2.2.2), and
// what its success means for who serves the user.
#include <string.h>

#include "extensions/swx/swx.h"
#include "rpc/status.h"

typedef Fgw__Swx__AssignRequest assign_t;
typedef Fgw__Swx__AssignAnswer assign_answer;
#define TYPE(name) FGW__SWX__ASSIGNMENT_TYPE__##name

static struct swx_own *own(struct fgw_up *up)
{
    return up->own;
}

static bool is_end(Fgw__Swx__AssignmentType type)
{
    return type == TYPE(USER_DEREGISTRATION) || type == TYPE(ADMINISTRATIVE_DEREGISTRATION) ||
           type == TYPE(AUTHENTICATION_FAILURE) || type == TYPE(AUTHENTICATION_TIMEOUT);
}

static bool is_assign(const struct fgw_up *up)
{
    return up->request->descriptor == &fgw__swx__assign_request__descriptor;
}

static void fail(struct fgw_up *up, int status, const char *label, const char *text)
{
    const struct fgw_verdict verdict = {status, 0, label};
    swx_end(up, &verdict, text);
}

// from: NULL if the HSS was not asked.
static void reply(struct fgw_up *up, const char *label, assign_answer *from)
{
    const struct fgw_verdict verdict = {RPC_OK, 0, label};
    assign_answer empty = FGW__SWX__ASSIGN_ANSWER__INIT;
    Magma__Feg__RegistrationAnswer plain = MAGMA__FEG__REGISTRATION_ANSWER__INIT;
    if (!from) {
        from = &empty;
        from->user_name = up->imsi.digits;
    }
    // access gateways know the session by the id they have given
    const Magma__Feg__RegistrationRequest *r = (const void *)up->request;
    plain.session_id = !is_assign(up) && r->session_id[0] ? r->session_id : from->session_id;
    plain.user_data = from->user_data;
    fgw_up_reply(up, &verdict, is_assign(up) ? &from->base : &plain.base);
    fgw_up_free(up);
}

static void answered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    Fgw__Swx__AssignmentType type = own(up)->assign->type;
    char text[128 + FGW_IDENTITY_MAX + 32];
    ProtobufCMessage *message = NULL;
    const struct fgw_verdict verdict = swx_judge(outcome, text);
    if (!outcome->answer || (verdict.status != RPC_OK && outcome->err != ERR_OK)) {
        swx_end(up, &verdict, text);
        return;
    }
    if (swx_wrong_hss(up, outcome)) {
        swx_send(up, SWX_SAR, &own(up)->assign->base, NULL, answered);
        return;
    }
    if (swx_read(up, SWX_SAA, outcome, &message) != ERR_OK)
        return;
    assign_answer *answer = (assign_answer *)message;
    const struct dia_result result = dia_msg_result(outcome->answer);
    if (swx_result_is_elsewhere(&result) &&
        (result.experimental || answer->serving_aaa_server[0])) {
        if (own(up)->assign->accept_redirect && answer->serving_aaa_server[0]) {
            answer->user_data = NULL;
            reply(up, "redirected", answer);
            return;
        }
        snprintf(text, sizeof(text), "served by AAA server %.*s", FGW_IDENTITY_MAX,
                 swx_server_name(answer->serving_aaa_server));
        fail(up, RPC_FAILED_PRECONDITION, "served_elsewhere", text);
        return;
    }
    if (verdict.status != RPC_OK) {
        swx_end(up, &verdict, text);
        return;
    }
    if (type == TYPE(REGISTRATION) || type == TYPE(RESTORATION)) {
        swx_registered(up);
        swx_remember_hss(up, outcome);
    } else if (is_end(type)) {
        swx_cache_forget(&up->imsi);
        fgw_directory_forget_at(FGW_ACCESS_WLAN, &up->imsi, up->gateway);
    }
    reply(up, "success", answer);
}

static bool is_known(Fgw__Swx__AssignmentType type)
{
    return protobuf_c_enum_descriptor_get_value(&fgw__swx__assignment_type__descriptor, (int)type);
}

static void run(struct fgw_up *up, assign_t *assign)
{
    Fgw__Swx__AssignmentType type = assign->type;
    own(up)->assign = assign;
    if (fgw_up_imsi(up, assign->user_name) != ERR_OK) {
        fail(up, RPC_INVALID_ARGUMENT, "invalid_request", "user_name is not an IMSI");
    } else if (!is_known(type)) {
        fail(up, RPC_INVALID_ARGUMENT, "invalid_request", "type is none of SWx");
    } else if (fgw_admit(up->gateway, &up->imsi, NULL) != ERR_OK) {
        fail(up, RPC_PERMISSION_DENIED, "denied", "this gateway may not serve this user");
    } else if (fgw_up_left_ms(up) <= 0) {
        fail(up, RPC_DEADLINE_EXCEEDED, "timeout", "deadline has passed");
    } else if (swx_uses_s6a(swx_settings(), up->gateway, &up->imsi)) {
        reply(up, "without_swx", NULL); // there is nothing to register
    } else if (is_end(type) && swx_served_elsewhere(up)) {
        // The HSS knows one AAA server, us: what the gateway that served the user before says must
        // not take it away from the one that serves it now.
        reply(up, "served_elsewhere", NULL);
    } else {
        up->finish_unseen = type == TYPE(REGISTRATION) || is_end(type);
        swx_send(up, SWX_SAR, &assign->base, NULL, answered);
    }
}

static void simple(struct rpc_call *call, const char *name, Fgw__Swx__AssignmentType type)
{
    struct fgw_up *up = fgw_up_begin(
        &swx_up, name, call, &magma__feg__registration_request__descriptor, sizeof(struct swx_own));
    if (!up)
        return;
    assign_t *assign =
        (assign_t *)xlate_message_new(up->arena, &fgw__swx__assign_request__descriptor);
    if (!assign) {
        fail(up, RPC_RESOURCE_EXHAUSTED, "busy", "out of memory");
        return;
    }
    assign->user_name = ((Magma__Feg__RegistrationRequest *)up->request)->user_name;
    assign->type = type;
    run(up, assign);
}

void swx_register(struct rpc_call *call, void *ctx)
{
    simple(call, "Register", TYPE(REGISTRATION));
}

void swx_deregister(struct rpc_call *call, void *ctx)
{
    simple(call, "Deregister", TYPE(USER_DEREGISTRATION));
}

void swx_assign(struct rpc_call *call, void *ctx)
{
    struct fgw_up *up = fgw_up_begin(&swx_up, "Assign", call, &fgw__swx__assign_request__descriptor,
                                     sizeof(struct swx_own));
    if (up)
        run(up, (assign_t *)up->request);
}
