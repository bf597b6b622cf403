// SPDX-License-Identifier: BSD-3-Clause
// State machines as tables: states with names and timers, and rows "in this state, on these events,
// do this, after which one of these states". What no row allows is refused by the engine, counted
// and logged, so that a peer's message out of place is never an accident. Not for byte parsers.
// An instance belongs to one thread; tables are constant and shared.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"

#define BASE_FSM_MAX 32 // states, events
#define BASE_FSM_BIT(n) ((uint32_t)1 << (n))

struct base_fsm_inst;
struct base_fsm_step;

struct base_fsm_state {
    const char *name;
    // On expiry timeout_event is dispatched with data NULL. 0: no timer. timeout_of (may be NULL)
    // is asked on entry instead, where it is a setting.
    int64_t timeout_ms;
    int64_t (*timeout_of)(const struct base_fsm_inst *inst);
    unsigned timeout_event;
    // After the state was entered, its timer running. May dispatch, may free the instance.
    void (*entered)(struct base_fsm_inst *inst, unsigned from);
};

struct base_fsm_row {
    unsigned state;
    uint32_t events; // BASE_FSM_BIT(...) | ...
    uint32_t next;   // states that action may go to; 0: stays
    // Calls base_fsm_goto at most once; may dispatch further events; may free the instance, after
    // which neither inst nor step may be used. NULL: goes to `next` (exactly one state, or none).
    void (*action)(struct base_fsm_step *step);
};

struct base_fsm {
    const char *name;
    const struct base_fsm_state *states;
    unsigned n_states;
    const char *const *events; // names
    unsigned n_events;
    const struct base_fsm_row *rows;
    unsigned n_rows;
    struct base_log_cat *log; // refusals at notice, transitions at debug
};

// Embedded in the object whose state it is.
struct base_fsm_inst {
    const struct base_fsm *fsm;
    unsigned state;
    struct base_timer timer;
    bool has_loop;
    int64_t entered_ns;              // CLOCK_MONOTONIC
    struct base_log_subject subject; // for log lines; strings borrowed from the owner
};

// One event on its way; lives on the stack of base_fsm_dispatch.
struct base_fsm_step {
    struct base_fsm_inst *inst;
    unsigned event;
    void *data; // of base_fsm_dispatch; NULL for timeouts
    unsigned from;
    const struct base_fsm_row *row;
};

// Starts in `state` without calling entered(); the state's timer runs. loop NULL: no timers (pure
// cores and tests; the owner dispatches timeouts). ERR_NOMEM, ERR_RANGE from the timer.
enum err base_fsm_init(struct base_fsm_inst *inst, const struct base_fsm *fsm,
                       struct base_loop *loop, unsigned state);
void base_fsm_fini(struct base_fsm_inst *inst); // stops the timer; before the owner is freed

// ERR_WRONG_STATE: no row allows the event in this state; nothing was done, it was counted
// (fgw_fsm_refused_total{fsm,state,event}) and logged. ERR_INVALID: no such event.
enum err base_fsm_dispatch(struct base_fsm_inst *inst, unsigned event, void *data);

// From an action: enters a state (the present one too, which restarts its timer). ERR_WRONG_STATE
// (counted as above): not among row->next, or the state has changed since the step began. Returns
// what base_timer_start returned for the new state's timer; the state is entered in any case.
// entered() of the new state may have freed the instance: do nothing with it afterwards if it may.
enum err base_fsm_goto(struct base_fsm_step *step, unsigned state);

const char *base_fsm_state_name(const struct base_fsm_inst *inst);
const char *base_fsm_event_name(const struct base_fsm *fsm, unsigned event); // never NULL
bool base_fsm_allows(const struct base_fsm *fsm, unsigned state, unsigned event);
uint32_t base_fsm_next(const struct base_fsm *fsm, unsigned state, unsigned event); // 0: none

// Is the table sound? For the unit test of every machine. Names complete; masks within range; no
// event twice in a state; rows without action know where to go; timeouts are allowed where they
// occur; every state but `initial` is reachable. On ERR_INVALID why[size] names the first flaw.
enum err base_fsm_check(const struct base_fsm *fsm, unsigned initial, char *why, size_t size);
// The machine as a Graphviz digraph, for the documentation.
void base_fsm_dot(const struct base_fsm *fsm, FILE *out);
