// SPDX-License-Identifier: BSD-3-Clause
// The SGs association of one UE as the MME sees it (TS 29.118 §4.3.2), with what may be sent and
// received in each state. The owner sends and receives the messages and tells this machine; the
// machine tells what follows. Location update is guarded here (Ts6-1), detach by guard.h.
// Not for the VLR's side, not for choosing a VLR.
#pragma once

#include "base/fsm.h"
#include "sgsap/guard.h"
#include "sgsap/sgsap.h"

enum sgsap_assoc_state {
    SGSAP_ASSOC_NULL,      // SGs-NULL
    SGSAP_ASSOC_REQUESTED, // LA-UPDATE-REQUESTED, Ts6-1 runs
    SGSAP_ASSOC_UP,        // SGs-ASSOCIATED
    SGSAP_ASSOC_STATES
};

enum sgsap_assoc_event {
    // sent by the MME
    SGSAP_EV_LU_REQUEST,
    SGSAP_EV_DETACH,        // EPS- or IMSI-DETACH-INDICATION
    SGSAP_EV_SERVICE,       // SERVICE-REQUEST, UPLINK-UNITDATA, TMSI-REALLOCATION-COMPLETE, MO-CSFB
    SGSAP_EV_ANSWER,        // PAGING-REJECT, UE-UNREACHABLE, ALERT-ACK/REJECT, UE-ACTIVITY, STATUS
    // received from the VLR
    SGSAP_EV_LU_ACCEPT,
    SGSAP_EV_LU_REJECT,
    SGSAP_EV_PAGING,
    SGSAP_EV_ALERT,
    SGSAP_EV_DOWNLINK,      // DOWNLINK-UNITDATA, MM-INFORMATION-REQUEST, SERVICE-ABORT-REQUEST
    SGSAP_EV_RELEASE,
    SGSAP_EV_STATUS,
    // otherwise
    SGSAP_EV_TS6_1,
    SGSAP_EV_VLR_RESET,     // the VLR lost what it knew (§5.7.2), or is not reachable any more
    SGSAP_EV_UE_ACTIVE,     // the MME heard from the UE
    SGSAP_EV_COUNT
};
extern const struct base_fsm sgsap_assoc_fsm;

enum sgsap_lu_outcome { SGSAP_LU_ACCEPTED, SGSAP_LU_REJECTED, SGSAP_LU_TIMED_OUT };

struct sgsap_assoc;
struct sgsap_assoc_ops {
    // The location update ended; msg is the VLR's answer, NULL when Ts6-1 expired. May free assoc.
    void (*location_updated)(struct sgsap_assoc *assoc, enum sgsap_lu_outcome outcome,
                             const struct sgsap_msg *msg);
    // A message for the UE. Paging in SGs-NULL comes here too: page if the MME has restarted less
    // than Ts12-1 ago, else reject it (§5.1.3).
    void (*deliver)(struct sgsap_assoc *assoc, const struct sgsap_msg *msg);
    // The VLR does not know this UE (any more), and the UE is there: let it update its location.
    // msg is the RELEASE-REQUEST that said so, NULL when the VLR had been reset. May free assoc.
    void (*location_needed)(struct sgsap_assoc *assoc, const struct sgsap_msg *msg);
    // Send UE-ACTIVITY-INDICATION: the VLR had asked to be alerted (§5.3).
    void (*activity)(struct sgsap_assoc *assoc);
};

struct sgsap_assoc { // embedded in its owner
    struct base_fsm_inst fsm;
    const struct sgsap_timers *timers; // borrowed
    const struct sgsap_assoc_ops *ops;
    bool vlr_reliable; // restoration indicator of §5.7.2
    bool alert;        // non-EPS alert flag, NEAF
};

// loop NULL: no timers, the owner dispatches SGSAP_EV_TS6_1 to assoc->fsm (tests). ERR_NOMEM.
enum err sgsap_assoc_init(struct sgsap_assoc *assoc, struct base_loop *loop,
                          const struct sgsap_timers *timers, const struct sgsap_assoc_ops *ops);
// A state from a store, after a restart; not SGSAP_ASSOC_REQUESTED: ERR_INVALID.
enum err sgsap_assoc_restore(struct sgsap_assoc *assoc, struct base_loop *loop,
                             const struct sgsap_timers *timers, const struct sgsap_assoc_ops *ops,
                             enum sgsap_assoc_state state, bool vlr_reliable);
void sgsap_assoc_fini(struct sgsap_assoc *assoc);

// Before a message of this type is sent to the VLR. ERR_WRONG_STATE: it must not be sent now;
// ERR_INVALID: an MME does not send it about a UE.
enum err sgsap_assoc_sending(struct sgsap_assoc *assoc, uint8_t type);
// A message about this UE came from the VLR. ERR_WRONG_STATE: answer SGsAP-STATUS with
// SGSAP_CAUSE_WRONG_STATE. ERR_INVALID: not about an association (reset, detach ack). assoc may
// have been freed by a callback.
enum err sgsap_assoc_received(struct sgsap_assoc *assoc, const struct sgsap_msg *msg);
enum err sgsap_assoc_vlr_reset(struct sgsap_assoc *assoc);
enum err sgsap_assoc_ue_active(struct sgsap_assoc *assoc);
static inline enum sgsap_assoc_state sgsap_assoc_state(const struct sgsap_assoc *assoc)
{
    return (enum sgsap_assoc_state)assoc->fsm.state;
}

// The event that a message is for this machine; SGSAP_EV_COUNT if none.
enum sgsap_assoc_event sgsap_assoc_event_of(uint8_t type, enum sgsap_side from);
