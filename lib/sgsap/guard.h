// SPDX-License-Identifier: BSD-3-Clause
// Guarded procedures of TS 29.118: a request is sent, its timer runs, it is sent again until the
// answer comes or the counter is used up. One instance guards one procedure at a time: an MME has
// one per subscriber for the detach procedures and one per VLR for its own reset, a VLR has one
// per MME for its reset and one per subscriber for paging and alert.
// Who owns an instance sends the messages; this is only the state machine.
#pragma once

#include "base/conf.h"
#include "base/fsm.h"
#include "sgsap/sgsap.h"

// Timers in milliseconds and retry counters, §10. Which side runs it stands at each.
struct sgsap_timers {
    int64_t ts5;    // VLR: paging
    int64_t ts6_1;  // MME: location update
    int64_t ts6_2;  // VLR: TMSI reallocation
    int64_t ts7;    // VLR: non-EPS alert
    int64_t ts8;    // MME: explicit IMSI detach from EPS services
    int64_t ts9;    // MME: explicit IMSI detach from non-EPS services
    int64_t ts10;   // MME: implicit IMSI detach from non-EPS services
    int64_t ts11;   // VLR: VLR reset
    int64_t ts12_1; // MME: how long after its own restart it counts as reset ('MME-Reset'): longer
                    // than the longest periodic tracking area update timer
    int64_t ts12_2; // MME: MME reset, per VLR
    int64_t ts13;   // MME: implicit IMSI detach from EPS services
    int64_t ns7, ns8, ns9, ns10, ns11, ns12; // repetitions; ns8 for Ts13 as well
};

extern const struct sgsap_timers sgsap_timers_default;
// Rows for conf_read into struct sgsap_timers, as a group ("timers = { ts6_1 = "10s"; ... }"):
// those that an MME runs, those that a VLR runs.
extern const struct conf_key sgsap_mme_timers_conf[];
extern const struct conf_key sgsap_vlr_timers_conf[];

enum sgsap_procedure {
    SGSAP_PROC_EPS_DETACH,           // Ts8, Ns8
    SGSAP_PROC_EPS_DETACH_IMPLICIT,  // Ts13, Ns8
    SGSAP_PROC_IMSI_DETACH,          // Ts9, Ns9
    SGSAP_PROC_IMSI_DETACH_IMPLICIT, // Ts10, Ns10
    SGSAP_PROC_MME_RESET,            // Ts12-2, Ns12
    SGSAP_PROC_VLR_RESET,            // Ts11, Ns11
    SGSAP_PROC_ALERT,                // Ts7, Ns7
    SGSAP_PROC_PAGING,               // Ts5, once
    SGSAP_PROC_TMSI,                 // Ts6-2, once, nothing is sent
    SGSAP_PROC_COUNT
};
const char *sgsap_procedure_name(enum sgsap_procedure procedure);
// What each time is sent, 0 if nothing.
uint8_t sgsap_procedure_request(enum sgsap_procedure procedure);
// The procedure that this message answers; SGSAP_PROC_COUNT if none. For the detach procedures the
// explicit one stands for both.
enum sgsap_procedure sgsap_procedure_answered_by(uint8_t type, enum sgsap_side from);

struct sgsap_guard;
struct sgsap_guard_ops {
    // Send the request of guard->procedure. again: it is a repetition.
    void (*send)(struct sgsap_guard *guard, bool again);
    // No answer, the counter is used up; the guard is idle. May free it.
    void (*gave_up)(struct sgsap_guard *guard);
};

enum sgsap_guard_state { SGSAP_GUARD_IDLE, SGSAP_GUARD_WAITING, SGSAP_GUARD_STATES };
enum sgsap_guard_event {
    SGSAP_GUARD_START,
    SGSAP_GUARD_ANSWER,
    SGSAP_GUARD_STOP,
    SGSAP_GUARD_EXPIRE,
    SGSAP_GUARD_EVENTS
};
extern const struct base_fsm sgsap_guard_fsm;

struct sgsap_guard { // embedded in its owner
    struct base_fsm_inst fsm;
    const struct sgsap_timers *timers; // borrowed
    const struct sgsap_guard_ops *ops;
    enum sgsap_procedure procedure;
    int64_t left; // repetitions
};

// loop NULL: no timers, the owner dispatches SGSAP_GUARD_EXPIRE to guard->fsm (tests).
enum err sgsap_guard_init(struct sgsap_guard *guard, struct base_loop *loop,
                          const struct sgsap_timers *timers, const struct sgsap_guard_ops *ops);
void sgsap_guard_fini(struct sgsap_guard *guard);
// Sends the request and waits; a procedure under way is replaced.
enum err sgsap_guard_start(struct sgsap_guard *guard, enum sgsap_procedure procedure);
// The answer came. ERR_WRONG_STATE: nothing was asked.
enum err sgsap_guard_answer(struct sgsap_guard *guard);
void sgsap_guard_stop(struct sgsap_guard *guard); // silently; idle afterwards
static inline bool sgsap_guard_waiting(const struct sgsap_guard *guard)
{
    return guard->fsm.state == SGSAP_GUARD_WAITING;
}
