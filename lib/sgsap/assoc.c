// SPDX-License-Identifier: BSD-3-Clause
// §4.3.2 as a table. Messages may cross on the wire: what the VLR sends to an associated UE is
// accepted while a new location update is under way, too.
#include "sgsap/assoc.h"

#include "sgsap/ie.h"

extern struct base_log_cat log_sgsap;

static struct sgsap_assoc *assoc_of(struct base_fsm_step *step)
{
    return BASE_CONTAINER_OF(step->inst, struct sgsap_assoc, fsm);
}

static int64_t ts6_1_of(const struct base_fsm_inst *inst)
{
    return BASE_CONTAINER_OF(inst, const struct sgsap_assoc, fsm)->timers->ts6_1;
}

static void on_accept(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    assoc->vlr_reliable = true;
    base_fsm_goto(step, SGSAP_ASSOC_UP);
    assoc->ops->location_updated(assoc, SGSAP_LU_ACCEPTED, step->data);
}

static void on_reject(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    base_fsm_goto(step, SGSAP_ASSOC_NULL);
    assoc->ops->location_updated(assoc, SGSAP_LU_REJECTED, step->data);
}

static void on_ts6_1(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    base_fsm_goto(step, SGSAP_ASSOC_NULL);
    assoc->ops->location_updated(assoc, SGSAP_LU_TIMED_OUT, NULL);
}

static void on_detach(struct base_fsm_step *step)
{
    assoc_of(step)->alert = false;
    base_fsm_goto(step, SGSAP_ASSOC_NULL);
}

static void on_deliver(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    assoc->ops->deliver(assoc, step->data);
}

static void on_alert(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    assoc->alert = true;
    assoc->ops->deliver(assoc, step->data);
}

// §5.11: the VLR may say with a release that it does not know the UE.
static void on_release(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    const struct sgsap_msg *msg = step->data;
    enum sgsap_cause cause = SGSAP_CAUSE_NORMAL;
    sgsap_read_cause(msg->ie[SGSAP_IE_CAUSE], &cause);
    bool unknown = cause == SGSAP_CAUSE_IMSI_UNKNOWN ||
                   cause == SGSAP_CAUSE_IMSI_DETACHED_EPS_NON_EPS ||
                   cause == SGSAP_CAUSE_IMSI_DETACHED_NON_EPS ||
                   cause == SGSAP_CAUSE_IMSI_IMPLICITLY_DETACHED;
    if (!unknown) {
        assoc->ops->deliver(assoc, msg);
        return;
    }
    base_fsm_goto(step, SGSAP_ASSOC_NULL);
    assoc->ops->location_needed(assoc, msg);
}

static void on_reset(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    assoc->vlr_reliable = false;
    assoc->alert = false; // the VLR forgot that it asked
}

static void on_activity(struct base_fsm_step *step)
{
    struct sgsap_assoc *assoc = assoc_of(step);
    bool alert = assoc->alert;
    bool update = step->from == SGSAP_ASSOC_UP && !assoc->vlr_reliable;
    assoc->alert = false;
    if (alert)
        assoc->ops->activity(assoc);
    if (update)
        assoc->ops->location_needed(assoc, NULL);
}

static void no_action(struct base_fsm_step *step)
{
}

static const struct base_fsm_state states[SGSAP_ASSOC_STATES] = {
    [SGSAP_ASSOC_NULL] = {.name = "SGs-NULL"},
    [SGSAP_ASSOC_REQUESTED] = {.name = "LA-UPDATE-REQUESTED",
                               .timeout_of = ts6_1_of,
                               .timeout_event = SGSAP_EV_TS6_1},
    [SGSAP_ASSOC_UP] = {.name = "SGs-ASSOCIATED"},
};

static const char *const events[SGSAP_EV_COUNT] = {
    [SGSAP_EV_LU_REQUEST] = "location update request",
    [SGSAP_EV_DETACH] = "detach",
    [SGSAP_EV_SERVICE] = "service",
    [SGSAP_EV_ANSWER] = "answer",
    [SGSAP_EV_LU_ACCEPT] = "location update accept",
    [SGSAP_EV_LU_REJECT] = "location update reject",
    [SGSAP_EV_PAGING] = "paging",
    [SGSAP_EV_ALERT] = "alert",
    [SGSAP_EV_DOWNLINK] = "downlink",
    [SGSAP_EV_RELEASE] = "release",
    [SGSAP_EV_STATUS] = "status",
    [SGSAP_EV_TS6_1] = "Ts6-1",
    [SGSAP_EV_VLR_RESET] = "VLR reset",
    [SGSAP_EV_UE_ACTIVE] = "UE active",
};

#define ON(event) BASE_FSM_BIT(SGSAP_EV_##event)
#define TO(state) BASE_FSM_BIT(SGSAP_ASSOC_##state)

static const struct base_fsm_row rows[] = {
    {SGSAP_ASSOC_NULL, ON(LU_REQUEST), TO(REQUESTED), NULL},
    {SGSAP_ASSOC_NULL, ON(PAGING) | ON(RELEASE) | ON(STATUS), 0, on_deliver},
    {SGSAP_ASSOC_NULL, ON(ALERT), 0, on_alert},
    {SGSAP_ASSOC_NULL, ON(UE_ACTIVE), 0, on_activity},
    {SGSAP_ASSOC_NULL, ON(VLR_RESET), 0, on_reset},
    {SGSAP_ASSOC_NULL, ON(DETACH) | ON(ANSWER), 0, no_action},

    {SGSAP_ASSOC_REQUESTED, ON(LU_ACCEPT), TO(UP), on_accept},
    {SGSAP_ASSOC_REQUESTED, ON(LU_REJECT), TO(NULL), on_reject},
    {SGSAP_ASSOC_REQUESTED, ON(TS6_1), TO(NULL), on_ts6_1},
    {SGSAP_ASSOC_REQUESTED, ON(LU_REQUEST), TO(REQUESTED), NULL}, // Ts6-1 starts again
    {SGSAP_ASSOC_REQUESTED, ON(DETACH), TO(NULL), on_detach},
    {SGSAP_ASSOC_REQUESTED, ON(PAGING) | ON(DOWNLINK) | ON(RELEASE) | ON(STATUS), 0, on_deliver},
    {SGSAP_ASSOC_REQUESTED, ON(ALERT), 0, on_alert},
    {SGSAP_ASSOC_REQUESTED, ON(UE_ACTIVE), 0, on_activity},
    {SGSAP_ASSOC_REQUESTED, ON(VLR_RESET), 0, on_reset},
    {SGSAP_ASSOC_REQUESTED, ON(SERVICE) | ON(ANSWER), 0, no_action},

    {SGSAP_ASSOC_UP, ON(LU_REQUEST), TO(REQUESTED), NULL},
    {SGSAP_ASSOC_UP, ON(DETACH), TO(NULL), on_detach},
    {SGSAP_ASSOC_UP, ON(PAGING) | ON(DOWNLINK) | ON(STATUS), 0, on_deliver},
    {SGSAP_ASSOC_UP, ON(RELEASE), TO(NULL), on_release},
    {SGSAP_ASSOC_UP, ON(ALERT), 0, on_alert},
    {SGSAP_ASSOC_UP, ON(UE_ACTIVE), 0, on_activity},
    {SGSAP_ASSOC_UP, ON(VLR_RESET), 0, on_reset},
    {SGSAP_ASSOC_UP, ON(SERVICE) | ON(ANSWER), 0, no_action},
};

const struct base_fsm sgsap_assoc_fsm = {
    .name = "sgs_assoc",
    .states = states,
    .n_states = SGSAP_ASSOC_STATES,
    .events = events,
    .n_events = SGSAP_EV_COUNT,
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .log = &log_sgsap,
};

// --- messages as events ---

static const struct {
    uint8_t type;
    enum sgsap_side from;
    enum sgsap_assoc_event event;
} messages[] = {
    {SGSAP_LOCATION_UPDATE_REQUEST, SGSAP_MME, SGSAP_EV_LU_REQUEST},
    {SGSAP_EPS_DETACH_INDICATION, SGSAP_MME, SGSAP_EV_DETACH},
    {SGSAP_IMSI_DETACH_INDICATION, SGSAP_MME, SGSAP_EV_DETACH},
    {SGSAP_SERVICE_REQUEST, SGSAP_MME, SGSAP_EV_SERVICE},
    {SGSAP_UPLINK_UNITDATA, SGSAP_MME, SGSAP_EV_SERVICE},
    {SGSAP_TMSI_REALLOCATION_COMPLETE, SGSAP_MME, SGSAP_EV_SERVICE},
    {SGSAP_MO_CSFB_INDICATION, SGSAP_MME, SGSAP_EV_SERVICE},
    {SGSAP_PAGING_REJECT, SGSAP_MME, SGSAP_EV_ANSWER},
    {SGSAP_UE_UNREACHABLE, SGSAP_MME, SGSAP_EV_ANSWER},
    {SGSAP_ALERT_ACK, SGSAP_MME, SGSAP_EV_ANSWER},
    {SGSAP_ALERT_REJECT, SGSAP_MME, SGSAP_EV_ANSWER},
    {SGSAP_UE_ACTIVITY_INDICATION, SGSAP_MME, SGSAP_EV_ANSWER},
    {SGSAP_STATUS, SGSAP_MME, SGSAP_EV_ANSWER},
    {SGSAP_LOCATION_UPDATE_ACCEPT, SGSAP_VLR, SGSAP_EV_LU_ACCEPT},
    {SGSAP_LOCATION_UPDATE_REJECT, SGSAP_VLR, SGSAP_EV_LU_REJECT},
    {SGSAP_PAGING_REQUEST, SGSAP_VLR, SGSAP_EV_PAGING},
    {SGSAP_ALERT_REQUEST, SGSAP_VLR, SGSAP_EV_ALERT},
    {SGSAP_DOWNLINK_UNITDATA, SGSAP_VLR, SGSAP_EV_DOWNLINK},
    {SGSAP_MM_INFORMATION_REQUEST, SGSAP_VLR, SGSAP_EV_DOWNLINK},
    {SGSAP_SERVICE_ABORT_REQUEST, SGSAP_VLR, SGSAP_EV_DOWNLINK},
    {SGSAP_RELEASE_REQUEST, SGSAP_VLR, SGSAP_EV_RELEASE},
    {SGSAP_STATUS, SGSAP_VLR, SGSAP_EV_STATUS},
};

enum sgsap_assoc_event sgsap_assoc_event_of(uint8_t type, enum sgsap_side from)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].type == type && messages[i].from == from)
            return messages[i].event;
    }
    return SGSAP_EV_COUNT;
}

// --- instances ---

enum err sgsap_assoc_init(struct sgsap_assoc *assoc, struct base_loop *loop,
                          const struct sgsap_timers *timers, const struct sgsap_assoc_ops *ops)
{
    return sgsap_assoc_restore(assoc, loop, timers, ops, SGSAP_ASSOC_NULL, false);
}

enum err sgsap_assoc_restore(struct sgsap_assoc *assoc, struct base_loop *loop,
                             const struct sgsap_timers *timers, const struct sgsap_assoc_ops *ops,
                             enum sgsap_assoc_state state, bool vlr_reliable)
{
    if (state != SGSAP_ASSOC_NULL && state != SGSAP_ASSOC_UP)
        return ERR_INVALID;
    assoc->timers = timers;
    assoc->ops = ops;
    assoc->vlr_reliable = vlr_reliable;
    assoc->alert = false;
    return base_fsm_init(&assoc->fsm, &sgsap_assoc_fsm, loop, state);
}

void sgsap_assoc_fini(struct sgsap_assoc *assoc)
{
    base_fsm_fini(&assoc->fsm);
}

enum err sgsap_assoc_sending(struct sgsap_assoc *assoc, uint8_t type)
{
    return base_fsm_dispatch(&assoc->fsm, sgsap_assoc_event_of(type, SGSAP_MME), NULL);
}

enum err sgsap_assoc_received(struct sgsap_assoc *assoc, const struct sgsap_msg *msg)
{
    return base_fsm_dispatch(&assoc->fsm, sgsap_assoc_event_of(msg->type, SGSAP_VLR),
                             (void *)(uintptr_t)msg);
}

enum err sgsap_assoc_vlr_reset(struct sgsap_assoc *assoc)
{
    return base_fsm_dispatch(&assoc->fsm, SGSAP_EV_VLR_RESET, NULL);
}

enum err sgsap_assoc_ue_active(struct sgsap_assoc *assoc)
{
    return base_fsm_dispatch(&assoc->fsm, SGSAP_EV_UE_ACTIVE, NULL);
}
