// SPDX-License-Identifier: BSD-3-Clause
// Calls to the federation gateway. See core.h.
#include "aaa/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa/count.h"
#include "base/clock.h"
#include "rpc/client.h"

#define SMALL 1024 // octets of a message that need no memory of their own

enum procedure { VECTOR, REGISTER, DEREGISTER };
static const struct {
    const char *name, *path;
} procedures[] = {
    [VECTOR] = {"authenticate", "/magma.feg.SwxProxy/Authenticate"},
    [REGISTER] = {"register", "/magma.feg.SwxProxy/Register"},
    [DEREGISTER] = {"deregister", "/magma.feg.SwxProxy/Deregister"},
};

struct aaa_core {
    const struct aaa_settings *settings;
    struct rpc_channel *channel;
    struct rpc_tunnel_end *tunnel;
    bool connected, closing;
};

struct call {
    struct aaa_core *core;
    enum procedure procedure;
    enum eap_type method;
    char imsi[16];
    aaa_core_done done; // NULL: nobody waits
    void *ctx;
    base_handle handle;
    int64_t began;
};

struct aaa_profile aaa_profile_of(const Fgw__Swx__Non3gppUserData *data)
{
    struct aaa_profile profile = {.known = data != NULL};
    if (!data)
        return profile;
    profile.barred = data->ip_access_present_case ==
                         FGW__SWX__NON3GPP_USER_DATA__IP_ACCESS_PRESENT_NON_3GPP_IP_ACCESS &&
                     data->non_3gpp_ip_access == 1;
    bool limited = data->session_timeout_present_case ==
                   FGW__SWX__NON3GPP_USER_DATA__SESSION_TIMEOUT_PRESENT_SESSION_TIMEOUT_S;
    profile.has_timeout = limited && data->session_timeout_s != 0; // RFC 6733 8.13: 0 is no limit
    profile.timeout_s = profile.has_timeout ? data->session_timeout_s : 0;
    return profile;
}

// ---- answers ----

static bool take_vector(const Magma__Feg__AuthenticationAnswer__SIPAuthVector *from,
                        enum eap_type method, struct eap_vector *out)
{
    bool prime = from->authentication_scheme == MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME;
    if (prime != (method == EAP_AKA_PRIME) || from->rand_autn.len != 32 || from->xres.len < 4 ||
        from->xres.len > sizeof(out->xres) || from->confidentiality_key.len != 16 ||
        from->integrity_key.len != 16)
        return false;
    memcpy(out->rand, from->rand_autn.data, 16);
    memcpy(out->autn, from->rand_autn.data + 16, 16);
    memcpy(out->ck, from->confidentiality_key.data, 16);
    memcpy(out->ik, from->integrity_key.data, 16);
    memcpy(out->xres, from->xres.data, from->xres.len);
    out->xres_len = (uint8_t)from->xres.len;
    return true;
}

static void vector_answer(struct call *call, const struct rpc_result *result)
{
    struct aaa_core_answer answer = {.status = RPC_INTERNAL,
                                     .message = "the answer holds no usable vector"};
    struct eap_vector vector;
    Magma__Feg__AuthenticationAnswer *message =
        magma__feg__authentication_answer__unpack(NULL, result->len, result->payload);
    for (size_t i = 0; message && i < message->n_sip_auth_vectors && !answer.vector; i++) {
        if (!take_vector(message->sip_auth_vectors[i], call->method, &vector))
            continue;
        answer.vector = &vector;
        answer.status = RPC_OK;
        answer.message = "";
    }
    call->done(call->ctx, call->handle, &answer);
    memset(&vector, 0, sizeof(vector));
    if (message)
        magma__feg__authentication_answer__free_unpacked(message, NULL);
}

static void register_answer(struct call *call, const struct rpc_result *result)
{
    struct aaa_core_answer answer = {.status = RPC_INTERNAL, .message = "undecodable answer"};
    Magma__Feg__RegistrationAnswer *message =
        magma__feg__registration_answer__unpack(NULL, result->len, result->payload);
    if (message) {
        answer.status = RPC_OK;
        answer.message = "";
        answer.profile = aaa_profile_of(message->user_data);
        magma__feg__registration_answer__free_unpacked(message, NULL);
    }
    call->done(call->ctx, call->handle, &answer);
}

static void on_done(void *ctx, const struct rpc_result *result)
{
    static const uint8_t nothing[1];
    struct call *call = ctx;
    const char *name = procedures[call->procedure].name;
    struct base_log_subject subject = {.imsi = call->imsi};
    struct rpc_result local = *result;
    if (!local.payload)
        local.payload = nothing;
    AAA_COUNT(aaa_m_core, name, rpc_status_name(result->status));
    metric_observe(METRIC_CELL(&aaa_m_core_seconds, name),
                   (double)(base_now_ns() - call->began) / 1e9);
    if (result->status != RPC_OK)
        base_log_limited(&log_aaa, BASE_LOG_INFO, &subject, "%s: %s %s", name,
                         rpc_status_name(result->status), result->message);
    if (call->done && result->status != RPC_OK) {
        struct aaa_core_answer answer = {.status = result->status, .message = result->message};
        call->done(call->ctx, call->handle, &answer);
    } else if (call->done && call->procedure == VECTOR) {
        vector_answer(call, &local);
    } else if (call->done) {
        register_answer(call, &local);
    }
    free(call);
}

// ---- calls ----

static enum err send_call(struct aaa_core *core, const struct call *like,
                          const ProtobufCMessage *message)
{
    uint8_t small[SMALL];
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > sizeof(small))
        return ERR_ENCODE_SPACE;
    struct call *call = malloc(sizeof(*call));
    if (!call)
        return ERR_NOMEM;
    *call = *like;
    call->core = core;
    call->began = base_now_ns();
    protobuf_c_message_pack(message, small);
    enum err err = rpc_unary(core->channel, procedures[call->procedure].path, small, len,
                             core->settings->fgw.timeout_ms, NULL, 0, on_done, call);
    if (err)
        free(call);
    return err;
}

enum err aaa_core_vector(struct aaa_core *core, const struct base_imsi *imsi, enum eap_type method,
                         const uint8_t *resync, aaa_core_done done, void *ctx, base_handle handle)
{
    Magma__Feg__AuthenticationRequest request = MAGMA__FEG__AUTHENTICATION_REQUEST__INIT;
    struct call call = {
        .procedure = VECTOR, .method = method, .done = done, .ctx = ctx, .handle = handle};
    uint8_t copy[EAP_RESYNC_LEN];
    memcpy(call.imsi, imsi->digits, sizeof(call.imsi));
    request.user_name = call.imsi;
    request.sip_num_auth_vectors = 1;
    if (method == EAP_AKA_PRIME) {
        request.authentication_scheme = MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME;
        request.access_network_identity = core->settings->eap.network;
    }
    if (resync) {
        memcpy(copy, resync, sizeof(copy));
        request.resync_info.data = copy;
        request.resync_info.len = sizeof(copy);
    }
    return send_call(core, &call, &request.base);
}

static enum err assign(struct aaa_core *core, struct call *call, const char *imsi,
                       const char *session)
{
    Magma__Feg__RegistrationRequest request = MAGMA__FEG__REGISTRATION_REQUEST__INIT;
    char id[17];
    snprintf(call->imsi, sizeof(call->imsi), "%s", imsi);
    snprintf(id, sizeof(id), "%s", session);
    request.user_name = call->imsi;
    request.session_id = id;
    return send_call(core, call, &request.base);
}

enum err aaa_core_register(struct aaa_core *core, const char *imsi, const char *session,
                           aaa_core_done done, void *ctx, base_handle handle)
{
    struct call call = {.procedure = REGISTER, .done = done, .ctx = ctx, .handle = handle};
    return assign(core, &call, imsi, session);
}

void aaa_core_deregister(struct aaa_core *core, const char *imsi, const char *session)
{
    struct call call = {.procedure = DEREGISTER};
    struct base_log_subject subject = {.imsi = imsi};
    enum err err = core->closing ? ERR_SHUTDOWN : assign(core, &call, imsi, session);
    if (err)
        base_log_limited(&log_aaa, BASE_LOG_WARN, &subject, "not de-registered: %s", err_str(err));
}

// ---- tunnel, life ----

void aaa_core_reply(struct aaa_core *core, uint32_t id, int status, const char *message,
                    const ProtobufCMessage *answer)
{
    size_t len = answer ? protobuf_c_message_get_packed_size(answer) : 0;
    uint8_t *bytes = malloc(len + 1); // a Session-Id of the HSS may be long
    if (!bytes) {
        status = RPC_RESOURCE_EXHAUSTED;
        message = "out of memory";
        len = 0;
    } else if (answer) {
        protobuf_c_message_pack(answer, bytes);
    }
    enum err err = rpc_tunnel_end_answer(core->tunnel, id, status, message, bytes, len);
    free(bytes);
    if (err)
        base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "answer to the core is lost: %s",
                         err_str(err));
}

static void on_channel(void *ctx, bool connected)
{
    struct aaa_core *core = ctx;
    if (connected != core->connected)
        base_log(&log_aaa, BASE_LOG_NOTICE, NULL, "federation gateway %s:%d is %s",
                 core->settings->fgw.host, (int)core->settings->fgw.port,
                 connected ? "connected" : "not connected");
    core->connected = connected;
}

static void on_tunnel(void *ctx, bool open, int status, const char *message)
{
    metric_set(METRIC_CELL(&aaa_m_tunnel, NULL), open);
    if (!open && status != RPC_OK && status != RPC_UNAVAILABLE)
        base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "tunnel closed: %s %s",
                         rpc_status_name(status), message);
}

enum err aaa_core_new(struct base_loop *loop, const struct aaa_settings *settings,
                      void (*down)(void *ctx, const struct rpc_tunnel_end_request *request),
                      void *ctx, struct aaa_core **out)
{
    struct aaa_core *core = calloc(1, sizeof(*core));
    if (!core)
        return ERR_NOMEM;
    core->settings = settings;
    const struct rpc_channel_config config = {
        .host = settings->fgw.host,
        .port = (uint16_t)settings->fgw.port,
        .authority = settings->fgw.authority,
        .tls = !settings->fgw.cleartext,
        .ca = settings->fgw.ca,
        .certificate = settings->fgw.certificate,
        .key = settings->fgw.key,
        .server_name = settings->fgw.server_name,
        .state = on_channel,
        .state_ctx = core,
    };
    enum err err = rpc_channel_new(loop, &config, &core->channel);
    if (err) {
        free(core);
        return err;
    }
    struct rpc_tunnel_end_config tunnel = {
        .channel = core->channel, .request = down, .state = on_tunnel, .ctx = ctx};
    err = rpc_tunnel_end_new(loop, &tunnel, &core->tunnel);
    if (err) {
        rpc_channel_free(core->channel);
        free(core);
        return err;
    }
    *out = core;
    return ERR_OK;
}

void aaa_core_free(struct aaa_core *core)
{
    if (!core)
        return;
    core->closing = true;
    rpc_tunnel_end_free(core->tunnel);
    rpc_channel_free(core->channel);
    free(core);
}
