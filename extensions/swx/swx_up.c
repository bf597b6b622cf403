// SPDX-License-Identifier: BSD-3-Clause
// Authenticate: vectors for EAP-AKA and EAP-AKA', from the cache or by MAR, and where it is asked
// or set the user's profile by SAR. One way through: vectors, another AAA server's registration if
// there is one, authorization, reply. Not for Register and its like (swx_assign.c).
#include <string.h>

#include "diameter/avp.h"
#include "extensions/swx/swx.h"
#include "rpc/status.h"

typedef Magma__Feg__AuthenticationRequest request_t;
typedef Magma__Feg__AuthenticationAnswer answer_t;

enum { VECTORS_MAX = 5, RESYNC_LEN = 30 };

static struct swx_own *own(struct fgw_up *up)
{
    return up->own;
}

static request_t *request(struct fgw_up *up)
{
    return (request_t *)up->request;
}

static void fail(struct fgw_up *up, int status, const char *label, const char *text)
{
    const struct fgw_verdict verdict = {status, 0, label};
    swx_end(up, &verdict, text);
}

static void reply(struct fgw_up *up, const char *label)
{
    const struct fgw_verdict verdict = {RPC_OK, 0, label};
    answer_t *answer = own(up)->answer;
    if (!answer->user_name || !answer->user_name[0])
        answer->user_name = up->imsi.digits;
    fgw_up_reply(up, &verdict, &answer->base);
    fgw_up_free(up);
}

// ---- authorization ----
static void profile_answered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    const struct swx_settings *settings = swx_settings();
    char text[128];
    ProtobufCMessage *message;
    const struct fgw_verdict verdict = swx_judge(outcome, text);
    if (swx_wrong_hss(up, outcome)) {
        swx_vectors_found(up);
        return;
    }
    up->finish_unseen = false;
    if (verdict.status != RPC_OK) {
        swx_end(up, &verdict, text);
        return;
    }
    if (swx_read(up, SWX_SAA, outcome, &message) != ERR_OK)
        return;
    Fgw__Swx__Non3gppUserData *data = ((Fgw__Swx__AssignAnswer *)message)->user_data;
    if (settings->register_on_auth)
        swx_registered(up);
    if (settings->verify_authorization && !data) {
        fail(up, RPC_PERMISSION_DENIED, "no_user_data", "the HSS gave no user profile");
        return;
    }
    if (settings->verify_authorization &&
        data->non_3gpp_ip_access != AVP_NON_3GPP_IP_ACCESS_NON_3GPP_SUBSCRIPTION_ALLOWED) {
        fail(up, RPC_PERMISSION_DENIED, "barred", "non-3GPP access is barred for this user");
        return;
    }
    if (request(up)->retrieve_user_profile && data) {
        Magma__Feg__AuthenticationAnswer__UserProfile *profile = (void *)xlate_message_new(
            up->arena, &magma__feg__authentication_answer__user_profile__descriptor);
        if (!profile) {
            fail(up, RPC_RESOURCE_EXHAUSTED, "busy", "answer is too large");
            return;
        }
        profile->msisdn = data->msisdn;
        profile->user_data = data;
        own(up)->answer->user_profile = profile;
    }
    reply(up, "success");
}

void swx_vectors_found(struct fgw_up *up)
{
    const struct swx_settings *settings = swx_settings();
    if (swx_uses_s6a(settings, up->gateway, &up->imsi) ||
        (!settings->verify_authorization && !settings->register_on_auth &&
         !request(up)->retrieve_user_profile)) {
        reply(up, "success");
        return;
    }
    Fgw__Swx__AssignRequest sar = FGW__SWX__ASSIGN_REQUEST__INIT;
    sar.user_name = up->imsi.digits;
    sar.type = settings->register_on_auth ? FGW__SWX__ASSIGNMENT_TYPE__REGISTRATION
                                          : FGW__SWX__ASSIGNMENT_TYPE__AAA_USER_DATA_REQUEST;
    up->finish_unseen = settings->register_on_auth; // the HSS counts the user as ours then
    swx_send(up, SWX_SAR, &sar.base, NULL, profile_answered);
}

// ---- vectors of the HSS ----
static void send_mar(struct fgw_up *up);

static void deregistered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    char text[128];
    const struct fgw_verdict verdict = swx_judge(outcome, text);
    const struct dia_result result =
        outcome->answer ? dia_msg_result(outcome->answer) : (struct dia_result){0, 0, false};
    bool gone = result.experimental && result.code == 5003; // it has left in the meantime
    if (verdict.status == RPC_OK || gone)
        send_mar(up);
    else
        swx_end(up, &verdict, text);
}

// Another AAA server has the user.
static void elsewhere(struct fgw_up *up, const char *server)
{
    const struct swx_settings *settings = swx_settings();
    struct swx_own *o = own(up);
    char text[FGW_IDENTITY_MAX + 32];
    bool named = server[0];
    if (!o->taken_over && settings->take_over == SWX_TAKE_OVER_FAILURE) {
        o->taken_over = true;
        request(up)->aaa_failure = 1;
        send_mar(up);
    } else if (!o->taken_over && settings->take_over == SWX_TAKE_OVER_DEREGISTER && named) {
        Fgw__Swx__AssignRequest sar = FGW__SWX__ASSIGN_REQUEST__INIT;
        o->taken_over = true;
        sar.user_name = up->imsi.digits;
        sar.type = FGW__SWX__ASSIGNMENT_TYPE__USER_DEREGISTRATION;
        swx_send(up, SWX_SAR, &sar.base, server, deregistered);
    } else if (named && request(up)->accept_redirect) {
        o->answer->n_sip_auth_vectors = 0;
        o->answer->serving_aaa_server = base_arena_strndup(up->arena, server, strlen(server));
        reply(up, "redirected");
    } else {
        snprintf(text, sizeof(text), "served by AAA server %.*s", FGW_IDENTITY_MAX,
                 swx_server_name(server));
        fail(up, RPC_FAILED_PRECONDITION, "served_elsewhere", text);
    }
}

// Drops vectors of another scheme; they are in the order of their item numbers.
static void keep_scheme(answer_t *answer, Magma__Feg__AuthenticationScheme scheme)
{
    size_t n = 0;
    for (size_t i = 0; i < answer->n_sip_auth_vectors; i++)
        if (answer->sip_auth_vectors[i]->authentication_scheme == scheme)
            answer->sip_auth_vectors[n++] = answer->sip_auth_vectors[i];
    answer->n_sip_auth_vectors = n;
}

static void vectors_answered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    struct swx_own *o = own(up);
    char text[128];
    ProtobufCMessage *message;
    const struct fgw_verdict verdict = swx_judge(outcome, text);
    if (!outcome->answer) {
        swx_end(up, &verdict, text);
        return;
    }
    if (swx_wrong_hss(up, outcome)) {
        send_mar(up);
        return;
    }
    const struct dia_result result = dia_msg_result(outcome->answer);
    bool moved = swx_result_is_elsewhere(&result);
    if (verdict.status != RPC_OK && !moved) {
        swx_end(up, &verdict, text);
        return;
    }
    if (swx_read(up, SWX_MAA, outcome, &message) != ERR_OK)
        return;
    o->answer = (answer_t *)message;
    if (moved && (result.experimental || o->answer->serving_aaa_server[0])) {
        elsewhere(up, o->answer->serving_aaa_server);
        return;
    }
    if (verdict.status != RPC_OK) {
        swx_end(up, &verdict, text);
        return;
    }
    keep_scheme(o->answer, request(up)->authentication_scheme);
    size_t n = o->answer->n_sip_auth_vectors;
    if (n == 0) {
        fail(up, RPC_UNAVAILABLE, "no_valid_vectors", "the HSS gave no usable vector");
        return;
    }
    if (n > o->asked) {
        swx_cache_put(&up->imsi, request(up), o->answer->sip_auth_vectors + o->asked, n - o->asked,
                      swx_settings()->cache_ms);
        o->answer->n_sip_auth_vectors = o->asked;
    }
    // The HSS may ask for the user from now on. One that another gateway serves stays there until
    // it is registered here.
    char serving[FGW_GATEWAY_ID_MAX + 1];
    if (fgw_directory_find_at(FGW_ACCESS_WLAN, &up->imsi, serving, sizeof(serving)) ==
        ERR_FGW_UNKNOWN_SUBSCRIBER)
        fgw_directory_learn_at(FGW_ACCESS_WLAN, &up->imsi, up->gateway, NULL);
    swx_remember_hss(up, outcome);
    swx_vectors_found(up);
}

static void send_mar(struct fgw_up *up)
{
    const struct swx_settings *settings = swx_settings();
    request_t mar = *request(up);
    mar.sip_num_auth_vectors = own(up)->asked;
    if (settings->cache_ms > 0 && mar.sip_num_auth_vectors < settings->cache_vectors)
        mar.sip_num_auth_vectors = (uint32_t)settings->cache_vectors;
    swx_send(up, SWX_MAR, &mar.base, NULL, vectors_answered);
}

// ---- the call ----
// Checks the call; NULL: it is good, else what is wrong.
static const char *complaint(struct fgw_up *up)
{
    const request_t *r = request(up);
    if (fgw_up_imsi(up, r->user_name) != ERR_OK)
        return "user_name is not an IMSI";
    if (r->sip_num_auth_vectors == 0)
        return "sip_num_auth_vectors is 0";
    if (!protobuf_c_enum_descriptor_get_value(&magma__feg__authentication_scheme__descriptor,
                                              (int)r->authentication_scheme))
        return "authentication_scheme is unknown";
    if (r->resync_info.len != 0 && r->resync_info.len != RESYNC_LEN)
        return "resync_info is not RAND and AUTS, 30 octets";
    return NULL;
}

// False: no memory.
static bool complete(struct fgw_up *up)
{
    const char *anid = swx_settings()->anid;
    request_t *r = request(up);
    own(up)->answer =
        (answer_t *)xlate_message_new(up->arena, &magma__feg__authentication_answer__descriptor);
    if (r->authentication_scheme == MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME &&
        !r->access_network_identity[0])
        r->access_network_identity = base_arena_strndup(up->arena, anid, strlen(anid));
    return own(up)->answer && r->access_network_identity;
}

static void get_vectors(struct fgw_up *up)
{
    const struct swx_settings *settings = swx_settings();
    struct swx_own *o = own(up);
    request_t *r = request(up);
    o->asked = r->sip_num_auth_vectors < VECTORS_MAX ? r->sip_num_auth_vectors : VECTORS_MAX;
    if (r->resync_info.len) // what is kept is older than what the card has seen
        swx_cache_forget(&up->imsi);
    else if (settings->cache_ms > 0)
        o->answer->n_sip_auth_vectors =
            swx_cache_take(&up->imsi, r, o->asked, up->arena, &o->answer->sip_auth_vectors);
    if (o->answer->n_sip_auth_vectors)
        swx_vectors_found(up);
    else if (swx_uses_s6a(settings, up->gateway, &up->imsi))
        swx_s6a_send(up);
    else
        send_mar(up);
}

void swx_authenticate(struct rpc_call *call, void *ctx)
{
    struct fgw_up *up =
        fgw_up_begin(&swx_up, "Authenticate", call, &magma__feg__authentication_request__descriptor,
                     sizeof(struct swx_own));
    if (!up)
        return;
    const char *text = complaint(up);
    if (text)
        fail(up, RPC_INVALID_ARGUMENT, "invalid_request", text);
    else if (!complete(up))
        fail(up, RPC_RESOURCE_EXHAUSTED, "busy", "out of memory");
    else if (fgw_admit(up->gateway, &up->imsi, NULL) != ERR_OK)
        fail(up, RPC_PERMISSION_DENIED, "denied", "this gateway may not serve this user");
    else if (fgw_up_left_ms(up) <= 0)
        fail(up, RPC_DEADLINE_EXCEEDED, "timeout", "deadline has passed");
    else
        get_vectors(up);
}
