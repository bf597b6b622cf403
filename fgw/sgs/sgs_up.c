// SPDX-License-Identifier: BSD-3-Clause
// Calls of access gateways (CSFBFedGWService, SgsFallback): read, admitted and encoded on the
// call's loop, handed to the SGs loop, answered Void when the association has taken the message.
// What the VLR says to it comes down later as a message of its own.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fgw/sgs/sgs_core.h"
#include "fgw/sgs/sgs_tables.h"
#include "rpc/status.h"

struct up {
    struct base_job job; // to the SGs loop, then back
    struct rpc_call *call;
    struct base_loop *home;
    const struct sgs_method *method;
    struct base_imsi imsi;
    int64_t started_ns;
    enum err err;
    enum sgsap_ie bad;
    size_t len;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    uint8_t data[SGSAP_MSG_MAX];
};

// gRPC status and text for a failure.
static int status_of(enum err err, const char **text)
{
    switch (err) {
    case ERR_CLOSED:
        *text = "no association with the VLR";
        return RPC_UNAVAILABLE;
    case ERR_FULL:
    case ERR_NOMEM:
        *text = "too much is waiting for the VLR, or too many subscribers";
        return RPC_RESOURCE_EXHAUSTED;
    case ERR_WRONG_STATE:
        *text = "not possible in the subscriber's SGs state, or another gateway serves it";
        return RPC_FAILED_PRECONDITION;
    case ERR_FGW_PLMN_DENIED:
    case ERR_FGW_UNKNOWN_GATEWAY:
    case ERR_DENIED:
        *text = "this gateway may not serve this subscriber";
        return RPC_PERMISSION_DENIED;
    case ERR_SHUTDOWN:
        *text = "stopping";
        return RPC_UNAVAILABLE;
    default:
        *text = err_str(err);
        return err_is_peer_fault(err) || err == ERR_ENCODE_VALUE ? RPC_INVALID_ARGUMENT
                                                                 : RPC_INTERNAL;
    }
}

static void reply(struct up *u)
{
    const struct base_log_subject subject = {.imsi = u->imsi.len ? u->imsi.digits : NULL,
                                             .agw = u->gateway};
    const char *procedure = sgsap_type_name(u->method->type), *text = NULL;
    char with_ie[160];
    int64_t elapsed = base_now_ns() - u->started_ns;
    int status = u->err ? status_of(u->err, &text) : RPC_OK;
    if (u->bad != SGSAP_IE_NONE) {
        snprintf(with_ie, sizeof(with_ie), "%s: %s", sgsap_ie_name(u->bad), text);
        text = with_ie;
    }
    fgw_count("sgs", procedure, FGW_UP, "", u->err ? err_name(u->err) : "success", elapsed);
    base_log(&log_sgs, BASE_LOG_INFO, &subject, "%s %s, %.3f ms", procedure,
             text ? text : "sent", (double)elapsed / 1e6);
    rpc_call_reply(u->call, status, text, NULL, 0);
    free(u);
}

static void back_home(struct base_job *job)
{
    reply(BASE_CONTAINER_OF(job, struct up, job));
}

static void handle(struct up *u)
{
    if (u->method->type == SGSAP_RESET_INDICATION)
        u->err = sgs_core_agw_reset(sgs_core(), u->gateway);
    else if (u->method->type == SGSAP_RESET_ACK)
        u->err = ERR_OK; // the VLR has had ours
    else
        u->err = sgs_core_uplink(sgs_core(), u->gateway, u->data, u->len);
}

static void on_sgs_loop(struct base_job *job)
{
    struct up *u = BASE_CONTAINER_OF(job, struct up, job);
    if (!sgs_plan()) { // after the loops have stopped: nobody is left to answer
        free(u);
        return;
    }
    if (sgs_core())
        handle(u);
    else
        u->err = ERR_SHUTDOWN;
    u->job.run = back_home;
    base_loop_post_admitted(u->home, &u->job);
}

// A tracking area that the settings map to a location area.
static enum err map_area(struct sgsap_msg *msg)
{
    struct sgsap_area tai;
    struct sgs_place place = {.present = -1, .tai = &tai};
    if (msg->type != SGSAP_LOCATION_UPDATE_REQUEST ||
        sgsap_read_area(msg->ie[SGSAP_IE_TAI], &tai) != ERR_OK)
        return ERR_OK;
    const struct sgs_plan_area *area = sgs_plan_area_of(sgs_plan(), &place);
    return area->has_tai && area->has_lai ? sgsap_set_area(msg, SGSAP_IE_LAI, &area->lai) : ERR_OK;
}

// The PLMN that the UE is in, for admission: of the tracking area, or else of the location area.
static bool visited(const struct sgsap_msg *msg, struct base_plmn *plmn)
{
    struct sgsap_area area;
    if (sgsap_read_area(msg->ie[SGSAP_IE_TAI], &area) != ERR_OK &&
        sgsap_read_area(msg->ie[SGSAP_IE_LAI], &area) != ERR_OK)
        return false;
    *plmn = area.plmn;
    return true;
}

static enum err admit(struct up *u, const struct sgsap_msg *msg)
{
    struct base_plmn plmn;
    if (sgsap_read_imsi(msg->ie[SGSAP_IE_IMSI], &u->imsi) != ERR_OK)
        return ERR_OK; // about nobody
    return fgw_admit(u->gateway, &u->imsi, visited(msg, &plmn) ? &plmn : NULL);
}

static enum err read_call(struct up *u)
{
    size_t len;
    const uint8_t *bytes = rpc_call_request(u->call, &len);
    struct sgsap_msg msg;
    ProtobufCMessage *body = protobuf_c_message_unpack(u->method->body, NULL, len, bytes);
    if (!body)
        return ERR_DECODE_SYNTAX;
    enum err err = sgs_from_agw(u->method, body, sgs_plan()->mme_name, &msg, &u->bad);
    if (!err)
        err = map_area(&msg);
    if (!err)
        err = sgsap_encode(&msg, SGSAP_MME, u->data, sizeof(u->data), &u->len, &u->bad);
    if (!err)
        err = admit(u, &msg);
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

static void begin(struct rpc_call *call, void *arg)
{
    if (!sgs_plan()) {
        rpc_call_reply(call, RPC_UNIMPLEMENTED, "SGs is not configured", NULL, 0);
        return;
    }
    struct up *u = calloc(1, sizeof(*u));
    if (!u) {
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
        return;
    }
    u->call = call;
    u->home = rpc_call_loop(call);
    u->method = arg;
    u->bad = SGSAP_IE_NONE;
    u->started_ns = base_now_ns();
    snprintf(u->gateway, sizeof(u->gateway), "%s", rpc_call_gateway(call));
    u->err = read_call(u);
    if (!u->err) {
        u->bad = SGSAP_IE_NONE;
        u->job.run = on_sgs_loop;
        enum err err = base_loop_post(sgs_loop(), &u->job);
        if (!err)
            return; // from here on u belongs to the other loop
        u->err = err;
    }
    reply(u);
}

// In the order of sgs_method_table, which begins with those of access gateways.
#define METHOD_OF(path_, i)                                                                        \
    {                                                                                              \
        .path = path_, .unary = begin, .ctx = (void *)(uintptr_t)&sgs_method_table[i]              \
    }
#define METHOD(rpc, i) METHOD_OF("/magma.feg.CSFBFedGWService/" rpc, i)
const struct rpc_method sgs_methods[] = {
    METHOD("AlertAc", 0),
    METHOD("AlertRej", 1),
    METHOD("EPSDetachInd", 2),
    METHOD("IMSIDetachInd", 3),
    METHOD("LocationUpdateReq", 4),
    METHOD("PagingRej", 5),
    METHOD("ServiceReq", 6),
    METHOD("TMSIReallocationComp", 7),
    METHOD("UEActivityInd", 8),
    METHOD("UEUnreach", 9),
    METHOD("Uplink", 10),
    METHOD("MMEResetAck", 11),
    METHOD("MMEResetIndication", 12),
    METHOD("MMEStatus", 13),
    METHOD_OF("/fgw.sgs.SgsFallback/MobileOriginated", 14),
    {.path = NULL},
};
