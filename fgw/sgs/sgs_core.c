// SPDX-License-Identifier: BSD-3-Clause
// The road of a message, in both directions.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fgw/sgs/sgs_int.h"
#include "rpc/status.h"

static struct metric_family messages = {
    .name = "fgw_sgs_messages_total",
    .help = "SGsAP messages by VLR, direction, type and cause (- if it carries none).",
    .type = METRIC_COUNTER,
    .labels = {"vlr", "direction", "message", "cause"},
    .max_cells = 4096,
};
static struct metric_family refused = {
    .name = "fgw_sgs_malformed_total",
    .help = "SGsAP messages of a VLR that could not be read or used, by cause of the answer.",
    .type = METRIC_COUNTER,
    .labels = {"vlr", "message", "cause"},
};

static const char *vlr_name(const struct sgs_core *core, unsigned vlr)
{
    return core->conf.plan->vlrs[vlr].name;
}

void sgs_count_message(const struct sgs_core *core, unsigned vlr, enum sgsap_side from,
                       const struct sgsap_msg *msg)
{
    const char *cause = "-";
    uint8_t octet;
    if (sgsap_read_octet(msg->ie[SGSAP_IE_CAUSE], &octet) == ERR_OK)
        cause = sgsap_cause_name(octet);
    else if (sgsap_read_octet(msg->ie[SGSAP_IE_REJECT_CAUSE], &octet) == ERR_OK)
        cause = sgsap_reject_cause_name(octet);
    metric_inc(METRIC_CELL(&messages, vlr_name(core, vlr), from == SGSAP_MME ? "sent" : "received",
                           sgsap_type_name(msg->type), cause));
}

// ---- sending ----
static enum err send_bytes(struct sgs_core *core, unsigned vlr, const struct sgsap_msg *msg,
                           const uint8_t *data, size_t len)
{
    enum err err = core->up >> vlr & 1 ? core->ops->send(core->arg, vlr, data, len) : ERR_CLOSED;
    if (err == ERR_OK)
        sgs_count_message(core, vlr, SGSAP_MME, msg);
    return err;
}

enum err sgs_send(struct sgs_core *core, unsigned vlr, const struct sgsap_msg *msg)
{
    uint8_t buf[SGSAP_MSG_MAX];
    size_t len;
    enum err err = sgsap_encode(msg, SGSAP_MME, buf, sizeof(buf), &len, NULL);
    return err ? err : send_bytes(core, vlr, msg, buf, len);
}

static void send_about(struct sgs_core *core, unsigned vlr, enum sgsap_type type,
                       const struct base_imsi *imsi, int cause)
{
    const struct base_log_subject subject = {.imsi = imsi->digits, .peer = vlr_name(core, vlr)};
    struct sgsap_msg msg;
    sgsap_init(&msg, type);
    sgsap_set_imsi(&msg, imsi);
    if (cause >= 0)
        sgsap_set_octet(&msg, SGSAP_IE_CAUSE, (uint8_t)cause);
    enum err err = sgs_send(core, vlr, &msg);
    if (err)
        base_log_limited(&log_sgs, BASE_LOG_WARN, &subject, "%s not sent: %s",
                         sgsap_type_name(msg.type), err_str(err));
}

static void send_status(struct sgs_core *core, unsigned vlr, const struct sgsap_fault *fault,
                        const uint8_t *data, size_t len)
{
    uint8_t buf[SGSAP_MSG_MAX];
    size_t status_len;
    struct sgsap_msg msg;
    metric_inc(METRIC_CELL(&refused, vlr_name(core, vlr), sgsap_type_name(fault->type),
                           sgsap_cause_name((uint8_t)fault->cause)));
    if (!fault->answer || sgsap_encode_status(fault, data, len, SGSAP_MME, buf, sizeof(buf),
                                              &status_len) != ERR_OK)
        return;
    if (sgsap_decode(buf, status_len, SGSAP_MME, &msg, NULL) == ERR_OK)
        send_bytes(core, vlr, &msg, buf, status_len);
}

// ---- calls of access gateways ----
const char *sgs_ticket_gateway(const struct sgs_ticket *ticket)
{
    return ticket->gateway;
}

enum err sgs_call(struct sgs_core *core, const char *gateway, unsigned vlr,
                  const struct base_imsi *imsi, const struct sgsap_msg *msg,
                  struct sgs_notice *notice)
{
    const struct sgs_method *method = sgs_method_of(msg->type, SGSAP_VLR);
    uint8_t packed[SGS_PACKED_MAX];
    size_t len;
    if (!method)
        return ERR_UNSUPPORTED;
    enum err err =
        sgs_to_agw(method, msg, core->conf.plan->mme_name, packed, sizeof(packed), &len);
    if (err)
        return err;
    struct sgs_ticket *ticket = calloc(1, sizeof(*ticket));
    if (!ticket)
        return ERR_NOMEM;
    ticket->type = msg->type;
    ticket->vlr = vlr;
    ticket->started_ns = base_now_ns();
    ticket->notice = notice;
    if (imsi)
        ticket->imsi = *imsi;
    snprintf(ticket->gateway, sizeof(ticket->gateway), "%s", gateway);
    err = core->ops->call(core->arg, method->path, packed, len, ticket);
    if (err)
        free(ticket);
    else
        LIST_INSERT_HEAD(sgs_tickets_of(core, &ticket->imsi), ticket, link);
    return err;
}

// The VLR would wait for an answer of the UE: it gets one here, in place of the access gateway's.
// known: the access gateway is there, but will not do it.
static void undelivered(struct sgs_core *core, unsigned vlr, const struct base_imsi *imsi,
                        uint8_t type, const char *gateway, bool known)
{
    struct sgs_sub *sub;
    switch (type) {
    case SGSAP_PAGING_REQUEST:
        sub = sgs_sub_find(core, imsi);
        if (sub && sub->asked == (int)vlr)
            sub->asked = -1; // answered here
        if (known)
            send_about(core, vlr, SGSAP_PAGING_REJECT, imsi, SGSAP_CAUSE_IMSI_DETACHED_NON_EPS);
        else
            send_about(core, vlr, SGSAP_UE_UNREACHABLE, imsi, SGSAP_CAUSE_UE_UNREACHABLE);
        return;
    case SGSAP_ALERT_REQUEST:
        // §5.3.2: promised here, kept when the UE is heard of. To the VLR it is registered.
        sub = sgs_sub_find(core, imsi);
        if (sub || sgs_sub_new(core, imsi, gateway, (int)vlr, SGSAP_ASSOC_UP, &sub) == ERR_OK) {
            sub->assoc.alert = true;
            send_about(core, vlr, SGSAP_ALERT_ACK, imsi, -1);
        } else {
            send_about(core, vlr, SGSAP_ALERT_REJECT, imsi, SGSAP_CAUSE_UE_UNREACHABLE);
        }
        return;
    default:
        return; // nothing that the VLR could be told: its own timer, or the UE's, ends it
    }
}

// Does a message of this type answer the VLR's request?
static bool answers(uint8_t request, uint8_t type)
{
    if (request == SGSAP_ALERT_REQUEST)
        return type == SGSAP_ALERT_ACK || type == SGSAP_ALERT_REJECT;
    return request == SGSAP_PAGING_REQUEST &&
           (type == SGSAP_SERVICE_REQUEST || type == SGSAP_PAGING_REJECT ||
            type == SGSAP_UE_UNREACHABLE);
}

// An access gateway has answered although its call has not ended: if that fails now, the VLR needs
// no answer from here.
static void answered(struct sgs_core *core, unsigned vlr, const struct base_imsi *imsi,
                     uint8_t type)
{
    struct sgs_ticket *ticket;
    LIST_FOREACH(ticket, sgs_tickets_of(core, imsi), link)
    {
        if (ticket->vlr == vlr && answers(ticket->type, type) &&
            strcmp(ticket->imsi.digits, imsi->digits) == 0)
            ticket->answered = true;
    }
}

static const char *result_of(enum err err, int status)
{
    if (err == ERR_OK)
        return status == RPC_OK ? "success" : rpc_status_name(status);
    return err_name(err);
}

void sgs_core_called(struct sgs_core *core, struct sgs_ticket *ticket, enum err err, int status)
{
    const struct base_log_subject subject = {.imsi = ticket->imsi.len ? ticket->imsi.digits : NULL,
                                             .agw = ticket->gateway,
                                             .peer = vlr_name(core, ticket->vlr)};
    const char *procedure = sgsap_type_name(ticket->type), *result = result_of(err, status);
    bool done = ticket->answered || (err == ERR_OK && status == RPC_OK);
    int64_t elapsed = base_now_ns() - ticket->started_ns;
    LIST_REMOVE(ticket, link);
    core->ops->count(core->arg, procedure, ticket->vlr, result, elapsed);
    base_log(&log_sgs, BASE_LOG_INFO, &subject, "%s %s, %.3f ms", procedure, result,
             (double)elapsed / 1e6);
    bool known = err == ERR_OK && status != RPC_UNAVAILABLE && status != RPC_DEADLINE_EXCEEDED;
    if (ticket->notice) {
        // A gateway without this service has nothing to tell its UEs: it counts as told.
        sgs_reset_told(core, ticket->notice, known);
    } else if (ticket->imsi.len && !done) {
        undelivered(core, ticket->vlr, &ticket->imsi, ticket->type, ticket->gateway, known);
    } else if (ticket->type == SGSAP_ALERT_REQUEST) {
        struct sgs_sub *sub = sgs_sub_find(core, &ticket->imsi);
        if (sub) {
            sub->assoc.alert = false; // the access gateway watches for the UE
            sgs_sub_reap(sub);
        }
    }
    free(ticket);
}

static void deliver(struct sgs_core *core, const char *gateway, unsigned vlr,
                    const struct base_imsi *imsi, const struct sgsap_msg *msg)
{
    const struct base_log_subject subject = {
        .imsi = imsi->digits, .agw = gateway, .peer = vlr_name(core, vlr)};
    enum err err = sgs_call(core, gateway, vlr, imsi, msg, NULL);
    if (!err)
        return;
    base_log_limited(&log_sgs, BASE_LOG_WARN, &subject, "%s not passed on: %s",
                     sgsap_type_name(msg->type), err_str(err));
    core->ops->count(core->arg, sgsap_type_name(msg->type), vlr, err_name(err), 0);
    undelivered(core, vlr, imsi, msg->type, gateway, false);
}

// ---- what follows in the state machine ----
static struct sgs_sub *sub_of(struct sgsap_assoc *assoc)
{
    return BASE_CONTAINER_OF(assoc, struct sgs_sub, assoc);
}

static void on_deliver(struct sgsap_assoc *assoc, const struct sgsap_msg *msg)
{
    struct sgs_sub *sub = sub_of(assoc);
    deliver(sub->core, sub->agw->id, (unsigned)sub->vlr, &sub->imsi, msg);
}

static void keep(const struct sgs_sub *sub)
{
    sub->core->ops->keep(sub->core->arg, &sub->imsi, sub->agw->id,
                         vlr_name(sub->core, (unsigned)sub->vlr));
}

// No VLR has it any more, whichever gateway had registered it.
static void drop(struct sgs_core *core, const struct base_imsi *imsi)
{
    char gateway[FGW_GATEWAY_ID_MAX + 1], vlr[SGSAP_NAME_MAX];
    if (core->ops->recall(core->arg, imsi, gateway, sizeof(gateway), vlr) == ERR_OK)
        core->ops->drop(core->arg, imsi, gateway);
}

static void on_updated(struct sgsap_assoc *assoc, enum sgsap_lu_outcome outcome,
                       const struct sgsap_msg *msg)
{
    struct sgs_sub *sub = sub_of(assoc);
    struct sgsap_mobile mobile;
    if (outcome == SGSAP_LU_TIMED_OUT) {
        base_log_limited(&log_sgs, BASE_LOG_NOTICE, &assoc->fsm.subject,
                         "location update was not answered");
        sgs_sub_reap(sub);
        return;
    }
    if (outcome == SGSAP_LU_ACCEPTED &&
        sgsap_read_mobile(msg->ie[SGSAP_IE_MOBILE_IDENTITY], &mobile) == ERR_OK) {
        sub->has_tmsi = mobile.is_tmsi;
        sub->tmsi = mobile.tmsi;
    }
    if (outcome == SGSAP_LU_ACCEPTED)
        keep(sub);
    else
        drop(sub->core, &sub->imsi);
    on_deliver(assoc, msg);
}

static void on_location_needed(struct sgsap_assoc *assoc, const struct sgsap_msg *msg)
{
    if (!msg)
        return; // after a reset the access gateway knows by itself, it was told
    drop(sub_of(assoc)->core, &sub_of(assoc)->imsi);
    on_deliver(assoc, msg);
}

static void on_activity(struct sgsap_assoc *assoc)
{
    struct sgs_sub *sub = sub_of(assoc);
    send_about(sub->core, (unsigned)sub->vlr, SGSAP_UE_ACTIVITY_INDICATION, &sub->imsi, -1);
}

const struct sgsap_assoc_ops sgs_assoc_ops = {
    .location_updated = on_updated,
    .deliver = on_deliver,
    .location_needed = on_location_needed,
    .activity = on_activity,
};

// ---- access gateway to VLR ----
struct uplink {
    struct sgs_core *core;
    const char *gateway;
    struct sgsap_msg msg;
    struct base_imsi imsi;
    enum sgsap_assoc_event event;
    struct sgs_sub *sub;
    int retained; // VLR that it was registered with before our restart; -1: not known
    char before[FGW_GATEWAY_ID_MAX + 1]; // the gateway then
};

// The VLR and the gateway from before a restart. -1: not known, or no such VLR any more.
static int recall(struct sgs_core *core, const struct base_imsi *imsi, char *gateway, size_t size)
{
    char vlr[SGSAP_NAME_MAX];
    if (core->ops->recall(core->arg, imsi, gateway, size, vlr) != ERR_OK)
        return -1;
    return sgs_plan_vlr_named(core->conf.plan, vlr);
}

// The VLR that the subscriber is registered with, or the other one that has just paged it: after a
// failure in a pool, which wants to take it over. -1: not known.
static int present(const struct uplink *u)
{
    const struct sgs_sub *sub = u->sub;
    bool answer = u->msg.type == SGSAP_PAGING_REJECT || u->msg.type == SGSAP_UE_UNREACHABLE ||
                  u->msg.type == SGSAP_SERVICE_REQUEST || u->event == SGSAP_EV_LU_REQUEST;
    if (!sub)
        return u->retained;
    return answer && sub->asked >= 0 ? sub->asked : sub->vlr;
}

static int choose(const struct uplink *u)
{
    const struct sgs_sub *sub = u->sub;
    struct sgsap_area tai, lai;
    uint16_t nri;
    struct sgs_place place = {.imsi = &u->imsi, .present = present(u)};
    if (sgsap_read_area(u->msg.ie[SGSAP_IE_TAI], &tai) == ERR_OK)
        place.tai = &tai;
    if (sgsap_read_area(u->msg.ie[SGSAP_IE_LAI], &lai) == ERR_OK)
        place.lai = &lai;
    if (sub && sub->has_tmsi)
        place.tmsi = &sub->tmsi;
    if (sgsap_read_nri(u->msg.ie[SGSAP_IE_NRI_CONTAINER], &nri) == ERR_OK)
        place.nri = &nri;
    return sgs_plan_choose(u->core->conf.plan, &place, u->core->up);
}

// A subscriber that another of our gateways serves now: what the old one says about its end must
// not reach the VLR, for which we are one MME. Nor after a restart; all else is believed then.
static bool served_elsewhere(const struct uplink *u)
{
    if (!u->sub)
        return u->event == SGSAP_EV_DETACH && u->retained >= 0 &&
               strcmp(u->before, u->gateway) != 0;
    return strcmp(u->sub->agw->id, u->gateway) != 0 && u->event != SGSAP_EV_LU_REQUEST;
}

static enum err absorb(struct uplink *u)
{
    struct sgsap_msg ack;
    if (u->event != SGSAP_EV_DETACH)
        return u->event == SGSAP_EV_ANSWER ? ERR_OK : ERR_WRONG_STATE;
    sgsap_init(&ack, u->msg.type == SGSAP_EPS_DETACH_INDICATION ? SGSAP_EPS_DETACH_ACK
                                                                : SGSAP_IMSI_DETACH_ACK);
    sgsap_set_imsi(&ack, &u->imsi);
    int vlr = u->sub ? u->sub->vlr : u->retained;
    return sgs_call(u->core, u->gateway, (unsigned)vlr, &u->imsi, &ack, NULL);
}

// Finds or makes the record. ERR_CLOSED: no VLR is up.
static enum err prepare(struct uplink *u, int *vlr)
{
    bool update = u->event == SGSAP_EV_LU_REQUEST;
    *vlr = present(u);
    if (*vlr < 0 || update)
        *vlr = choose(u);
    if (*vlr < 0)
        return ERR_CLOSED;
    if (u->sub)
        return update ? sgs_sub_move(u->sub, u->gateway, *vlr) : ERR_OK;
    if (u->event == SGSAP_EV_DETACH || u->event == SGSAP_EV_ANSWER)
        return ERR_OK; // nothing to remember afterwards
    return sgs_sub_new(u->core, &u->imsi, u->gateway, *vlr,
                       update ? SGSAP_ASSOC_NULL : SGSAP_ASSOC_UP, &u->sub);
}

static enum err pass(struct uplink *u, const uint8_t *data, size_t len)
{
    int vlr;
    enum err err = prepare(u, &vlr);
    if (!err && u->sub)
        err = sgsap_assoc_sending(&u->sub->assoc, u->msg.type);
    if (!err)
        err = send_bytes(u->core, (unsigned)vlr, &u->msg, data, len);
    if (!err && u->sub && vlr == u->sub->asked)
        u->sub->asked = -1; // it has its answer
    if (!err)
        answered(u->core, (unsigned)vlr, &u->imsi, u->msg.type);
    if (!err && u->event == SGSAP_EV_DETACH) {
        drop(u->core, &u->imsi);
        sgs_recent_set(u->core, &u->imsi, u->gateway, (unsigned)vlr);
    }
    if (!err && u->event == SGSAP_EV_LU_REQUEST)
        u->core->ops->learn(u->core->arg, &u->imsi, u->gateway);
    if (!u->sub)
        return err;
    if (!err && u->msg.type == SGSAP_UE_ACTIVITY_INDICATION)
        u->sub->assoc.alert = false;
    else if (!err && u->event != SGSAP_EV_DETACH && u->event != SGSAP_EV_ANSWER)
        sgsap_assoc_ue_active(&u->sub->assoc);
    sgs_sub_reap(u->sub);
    return err;
}

// There is no record: what was before our restart, else what was said last.
static void look_back(struct uplink *u)
{
    u->retained = recall(u->core, &u->imsi, u->before, sizeof(u->before));
    const struct sgs_recent *recent = sgs_recent_find(u->core, &u->imsi);
    if (u->retained >= 0 || !recent || u->event == SGSAP_EV_LU_REQUEST)
        return;
    u->retained = (int)recent->vlr;
    snprintf(u->before, sizeof(u->before), "%s", u->gateway);
}

enum err sgs_core_uplink(struct sgs_core *core, const char *gateway, const uint8_t *data,
                         size_t len)
{
    struct uplink u = {.core = core, .gateway = gateway, .retained = -1};
    enum err err = sgsap_decode(data, len, SGSAP_MME, &u.msg, NULL);
    if (err)
        return err;
    u.event = sgsap_assoc_event_of(u.msg.type, SGSAP_MME);
    if (u.event == SGSAP_EV_COUNT)
        return ERR_INVALID;
    if (sgsap_has(&u.msg, SGSAP_IE_IMSI)) {
        sgsap_read_imsi(u.msg.ie[SGSAP_IE_IMSI], &u.imsi);
        u.sub = sgs_sub_find(core, &u.imsi);
        if (!u.sub)
            look_back(&u);
    } else if (core->conf.plan->n_vlrs == 1) {
        return send_bytes(core, 0, &u.msg, data, len); // a STATUS about nobody
    } else {
        return ERR_DECODE_MISSING; // nobody knows which VLR it is for
    }
    return served_elsewhere(&u) ? absorb(&u) : pass(&u, data, len);
}

struct forgetting {
    const char *gateway;
    size_t n;
};

static void forget(struct sgs_sub *sub, void *arg)
{
    struct forgetting *f = arg;
    if (strcmp(sub->agw->id, f->gateway) != 0)
        return;
    f->n++;
    sgs_sub_free(sub);
}

enum err sgs_core_agw_reset(struct sgs_core *core, const char *gateway)
{
    const struct base_log_subject subject = {.agw = gateway};
    struct forgetting f = {.gateway = gateway};
    enum err err = ERR_OK;
    sgs_subs_each(core, forget, &f);
    base_log(&log_sgs, BASE_LOG_NOTICE, &subject, "access gateway reset: %zu subscribers forgotten",
             f.n);
    for (unsigned i = 0; i < core->conf.plan->n_vlrs && !err; i++) {
        struct sgsap_msg ack;
        sgsap_init(&ack, SGSAP_RESET_ACK);
        sgsap_set_name(&ack, SGSAP_IE_VLR_NAME, vlr_name(core, i));
        err = sgs_call(core, gateway, i, NULL, &ack, NULL);
    }
    return err;
}

// ---- VLR to access gateway ----
struct downlink {
    struct sgs_core *core;
    unsigned vlr;
    const uint8_t *data;
    size_t len;
    struct sgsap_msg msg;
    struct base_imsi imsi;
};

static void refuse(struct downlink *d, enum sgsap_cause cause)
{
    struct sgsap_fault fault;
    sgsap_fault_of(&d->msg, cause, &fault);
    send_status(d->core, d->vlr, &fault, d->data, d->len);
}

// Nobody serves this subscriber.
static void unknown(struct downlink *d)
{
    switch (d->msg.type) {
    case SGSAP_PAGING_REQUEST: // §5.1.3
        send_about(d->core, d->vlr, SGSAP_PAGING_REJECT, &d->imsi, SGSAP_CAUSE_IMSI_UNKNOWN);
        return;
    case SGSAP_ALERT_REQUEST: // §5.3.3
        send_about(d->core, d->vlr, SGSAP_ALERT_REJECT, &d->imsi, SGSAP_CAUSE_IMSI_UNKNOWN);
        return;
    case SGSAP_EPS_DETACH_ACK:
    case SGSAP_IMSI_DETACH_ACK:
    case SGSAP_RELEASE_REQUEST:
    case SGSAP_STATUS:
        return; // it is gone, as the VLR says
    default:
        refuse(d, SGSAP_CAUSE_IMSI_UNKNOWN);
    }
}

// The record from before our restart.
static struct sgs_sub *restore(struct downlink *d)
{
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    struct sgs_sub *sub;
    int vlr = recall(d->core, &d->imsi, gateway, sizeof(gateway));
    if (vlr < 0 ||
        sgs_sub_new(d->core, &d->imsi, gateway, vlr, SGSAP_ASSOC_UP, &sub) != ERR_OK)
        return NULL;
    return sub;
}

// A VLR pages who is registered with another one.
static void page_for_another(struct downlink *d, struct sgs_sub *sub)
{
    sub->asked = (int)d->vlr;
    deliver(d->core, sub->agw->id, d->vlr, &d->imsi, &d->msg);
}

// Without a record, to the gateway that the directory knows. The acknowledgement of a detach is for
// the one that sent it, who need not be there any more.
static void to_known_gateway(struct downlink *d)
{
    struct sgs_core *core = d->core;
    const struct sgs_recent *recent = sgs_recent_find(core, &d->imsi);
    bool ack = d->msg.type == SGSAP_EPS_DETACH_ACK || d->msg.type == SGSAP_IMSI_DETACH_ACK;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    if (ack && recent && recent->vlr == d->vlr) {
        deliver(core, recent->gateway, d->vlr, &d->imsi, &d->msg);
    } else if (core->ops->find(core->arg, &d->imsi, gateway, sizeof(gateway)) == ERR_OK) {
        sgs_recent_set(core, &d->imsi, gateway, d->vlr);
        deliver(core, gateway, d->vlr, &d->imsi, &d->msg);
    } else {
        unknown(d);
    }
}

static void to_subscriber(struct downlink *d)
{
    struct sgs_core *core = d->core;
    struct sgs_sub *sub = sgs_sub_find(core, &d->imsi);
    enum sgsap_assoc_event event = sgsap_assoc_event_of(d->msg.type, SGSAP_VLR);
    if (!sub && event != SGSAP_EV_COUNT && event != SGSAP_EV_LU_ACCEPT &&
        event != SGSAP_EV_LU_REJECT)
        sub = restore(d);
    if (sub && sub->vlr == (int)d->vlr && event != SGSAP_EV_COUNT) {
        if (event == SGSAP_EV_PAGING)
            sub->asked = -1; // the last one to page is who is answered
        if (sgsap_assoc_received(&sub->assoc, &d->msg) != ERR_OK)
            refuse(d, SGSAP_CAUSE_WRONG_STATE);
        // It is still there: only an expired Ts6-1 frees it on its own.
        if ((sub = sgs_sub_find(core, &d->imsi)) != NULL)
            sgs_sub_reap(sub);
        return;
    }
    // No record, or of another VLR: perhaps we were restarted. The directory knows.
    if (event == SGSAP_EV_LU_ACCEPT || event == SGSAP_EV_LU_REJECT)
        refuse(d, SGSAP_CAUSE_WRONG_STATE); // nobody asked, or asked too long ago
    else if (sub && event == SGSAP_EV_PAGING)
        page_for_another(d, sub);
    else
        to_known_gateway(d);
}

static void about_us(struct downlink *d)
{
    struct sgs_core *core = d->core;
    const struct base_log_subject subject = {.peer = vlr_name(core, d->vlr)};
    struct sgs_vlr *vlr = &core->vlrs[d->vlr];
    char text[200];
    switch (d->msg.type) {
    case SGSAP_RESET_INDICATION:
        sgs_reset_received(core, d->vlr);
        return;
    case SGSAP_RESET_ACK:
        if (sgsap_guard_answer(&vlr->guard) == ERR_OK)
            vlr->reset_done = true;
        return;
    default:
        base_log_limited(&log_sgs, BASE_LOG_WARN, &subject, "%s",
                         sgsap_describe(&d->msg, text, sizeof(text)));
    }
}

void sgs_core_downlink(struct sgs_core *core, unsigned vlr, const uint8_t *data, size_t len)
{
    struct downlink d = {.core = core, .vlr = vlr, .data = data, .len = len};
    struct sgsap_fault fault;
    enum err err = sgsap_decode(data, len, SGSAP_VLR, &d.msg, &fault);
    if (err) {
        const struct base_log_subject subject = {
            .imsi = fault.has_imsi ? fault.imsi.digits : NULL, .peer = vlr_name(core, vlr)};
        base_log_limited(&log_sgs, BASE_LOG_WARN, &subject, "%s refused: %s, %s",
                         sgsap_type_name(fault.type), sgsap_ie_name(fault.ie), err_str(err));
        send_status(core, vlr, &fault, data, len);
        return;
    }
    sgs_count_message(core, vlr, SGSAP_VLR, &d.msg);
    if (sgsap_read_imsi(d.msg.ie[SGSAP_IE_IMSI], &d.imsi) == ERR_OK)
        to_subscriber(&d);
    else
        about_us(&d);
}

// ---- life ----
enum err sgs_core_new(const struct sgs_core_conf *conf, const struct sgs_core_ops *ops, void *arg,
                      struct base_loop *loop, struct sgs_core **out)
{
    struct sgs_core *core = calloc(1, sizeof(*core));
    *out = NULL;
    if (!core)
        return ERR_NOMEM;
    core->conf = *conf;
    core->ops = ops;
    core->arg = arg;
    core->loop = loop;
    enum err err = sgs_reset_init(core);
    if (!err)
        err = sgs_subs_init(core);
    if (err)
        sgs_core_free(core);
    else
        *out = core;
    return err;
}

void sgs_core_free(struct sgs_core *core)
{
    struct sgs_ticket *ticket;
    if (!core)
        return;
    for (size_t i = 0; i < SGS_TICKET_BUCKETS; i++) {
        while ((ticket = LIST_FIRST(&core->tickets[i]))) {
            LIST_REMOVE(ticket, link);
            free(ticket->notice);
            free(ticket);
        }
    }
    sgs_reset_fini(core);
    sgs_subs_free(core);
    free(core);
}

struct sgsap_guard *sgs_core_guard(struct sgs_core *core, unsigned vlr)
{
    return &core->vlrs[vlr].guard;
}

struct sgsap_assoc *sgs_core_assoc(struct sgs_core *core, const struct base_imsi *imsi)
{
    struct sgs_sub *sub = sgs_sub_find(core, imsi);
    return sub ? &sub->assoc : NULL;
}

size_t sgs_core_subscribers(const struct sgs_core *core)
{
    return core->n_subs;
}

uint32_t sgs_core_up(const struct sgs_core *core)
{
    return core->up;
}
