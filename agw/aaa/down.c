// SPDX-License-Identifier: BSD-3-Clause
// Requests of the HSS, through the tunnel: a registration is ended (RTR), a profile has changed
// (PPR).
#include <string.h>

#include "aaa/count.h"
#include "aaa/server.h"
#include "proto/swx_gateway.pb-c.h"

#define TERMINATE "/magma.feg.SwxGatewayService/TerminateRegistration"
#define PUSH "/fgw.swx.SwxUserData/PushProfile"

enum { DIAMETER_SUCCESS = 2001, USER_UNKNOWN = 5001 };

struct job {
    struct aaa *aaa;
    unsigned n;         // sessions of the user
    uint32_t timeout_s; // profile
    bool shorten;
};

static void withdraw(void *ctx, struct aaa_session *session)
{
    struct job *job = ctx;
    struct base_log_subject subject = {.imsi = session->data.imsi, .peer = session->data.client};
    enum err err = aaa_dyn_disconnect(job->aaa->dyn, &session->data);
    if (err)
        base_log(&log_aaa, BASE_LOG_WARN, &subject, "session %s: the access point is not told: %s",
                 session->data.id, err_str(err));
    job->n++;
    aaa_session_end(session, AAA_WITHDRAWN);
}

static void apply(void *ctx, struct aaa_session *session)
{
    struct job *job = ctx;
    job->n++;
    if (!job->shorten)
        return;
    session->data.expires = session->data.since + job->timeout_s;
    aaa_session_changed(session);
    aaa_dyn_timeout(job->aaa->dyn, &session->data, job->timeout_s);
}

static void terminate(struct aaa *aaa, const struct rpc_tunnel_end_request *request)
{
    Magma__Feg__RegistrationAnswer answer = MAGMA__FEG__REGISTRATION_ANSWER__INIT;
    struct job job = {.aaa = aaa};
    Magma__Feg__RegistrationTerminationRequest *rtr =
        magma__feg__registration_termination_request__unpack(NULL, request->len, request->message);
    if (!rtr) {
        aaa_core_reply(aaa->core, request->id, RPC_INTERNAL, "undecodable request", NULL);
        return;
    }
    struct base_log_subject subject = {.imsi = rtr->user_name};
    base_log(&log_aaa, BASE_LOG_INFO, &subject, "the HSS ends the registration: reason %d '%s'",
             (int)rtr->reason_code, rtr->reason_info);
    aaa_auth_forget(aaa->auth, rtr->user_name);
    aaa_sessions_each(aaa->sessions, rtr->user_name, NULL, NULL, withdraw, &job);
    AAA_COUNT(aaa_m_down, "terminate", job.n > 0 ? "done" : "unknown_user");
    answer.session_id = rtr->session_id;
    if (job.n > 0)
        aaa_core_reply(aaa->core, request->id, RPC_OK, "", &answer.base);
    else
        aaa_core_reply(aaa->core, request->id, RPC_NOT_FOUND, "no session of this user", NULL);
    magma__feg__registration_termination_request__free_unpacked(rtr, NULL);
}

static void push(struct aaa *aaa, const struct rpc_tunnel_end_request *request)
{
    Fgw__Swx__PushProfileAnswer answer = FGW__SWX__PUSH_PROFILE_ANSWER__INIT;
    struct job job = {.aaa = aaa};
    Fgw__Swx__PushProfileRequest *ppr =
        fgw__swx__push_profile_request__unpack(NULL, request->len, request->message);
    if (!ppr) {
        aaa_core_reply(aaa->core, request->id, RPC_INTERNAL, "undecodable request", NULL);
        return;
    }
    struct aaa_profile profile = aaa_profile_of(ppr->user_data);
    job.shorten = profile.has_timeout;
    job.timeout_s = profile.timeout_s;
    if (profile.known) // the next authentication is full, and asks for all that has changed
        aaa_auth_forget(aaa->auth, ppr->user_name);
    aaa_sessions_each(aaa->sessions, ppr->user_name, NULL, NULL, profile.barred ? withdraw : apply,
                      &job);
    AAA_COUNT(aaa_m_down, "push_profile",
              job.n == 0       ? "unknown_user"
              : profile.barred ? "barred"
                               : "applied");
    answer.error_code = job.n > 0 ? DIAMETER_SUCCESS : USER_UNKNOWN;
    aaa_core_reply(aaa->core, request->id, RPC_OK, "", &answer.base);
    fgw__swx__push_profile_request__free_unpacked(ppr, NULL);
}

void aaa_down(void *ctx, const struct rpc_tunnel_end_request *request)
{
    struct aaa *aaa = ctx;
    if (strcmp(request->path, TERMINATE) == 0)
        terminate(aaa, request);
    else if (strcmp(request->path, PUSH) == 0)
        push(aaa, request);
    else
        aaa_core_reply(aaa->core, request->id, RPC_UNIMPLEMENTED, "no such method", NULL);
}
