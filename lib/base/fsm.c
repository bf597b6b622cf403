// SPDX-License-Identifier: BSD-3-Clause
// Engine of the tables in fsm.h: looks up rows, enters states, refuses the rest. The check and the
// diagram are in fsm_check.c.
#include "base/fsm.h"

#include "base/clock.h"
#include "base/metrics.h"

static struct metric_family refused = {
    .name = "fgw_fsm_refused_total",
    .help = "Events and transitions that a state machine's table does not allow.",
    .type = METRIC_COUNTER,
    .labels = {"fsm", "state", "event"},
};

static const char *name_of_state(const struct base_fsm *fsm, unsigned state)
{
    return state < fsm->n_states ? fsm->states[state].name : "unknown";
}

const char *base_fsm_state_name(const struct base_fsm_inst *inst)
{
    return name_of_state(inst->fsm, inst->state);
}

const char *base_fsm_event_name(const struct base_fsm *fsm, unsigned event)
{
    return event < fsm->n_events ? fsm->events[event] : "unknown";
}

static const struct base_fsm_row *find_row(const struct base_fsm *fsm, unsigned state,
                                           unsigned event)
{
    if (event >= fsm->n_events)
        return NULL;
    for (unsigned i = 0; i < fsm->n_rows; i++) {
        const struct base_fsm_row *row = &fsm->rows[i];
        if (row->state == state && (row->events & BASE_FSM_BIT(event)))
            return row;
    }
    return NULL;
}

bool base_fsm_allows(const struct base_fsm *fsm, unsigned state, unsigned event)
{
    return find_row(fsm, state, event) != NULL;
}

uint32_t base_fsm_next(const struct base_fsm *fsm, unsigned state, unsigned event)
{
    const struct base_fsm_row *row = find_row(fsm, state, event);
    return row ? row->next : 0;
}

static void count_refusal(const struct base_fsm *fsm, unsigned state, unsigned event)
{
    metric_inc(METRIC_CELL(&refused, fsm->name, name_of_state(fsm, state),
                           base_fsm_event_name(fsm, event)));
}

// --- timers ---

static void on_timeout(struct base_timer *timer)
{
    struct base_fsm_inst *inst = BASE_CONTAINER_OF(timer, struct base_fsm_inst, timer);
    base_fsm_dispatch(inst, inst->fsm->states[inst->state].timeout_event, NULL);
}

static enum err start_timer(struct base_fsm_inst *inst)
{
    const struct base_fsm_state *state = &inst->fsm->states[inst->state];
    inst->entered_ns = base_now_ns();
    if (!inst->has_loop)
        return ERR_OK;
    base_timer_stop(&inst->timer);
    int64_t ms = state->timeout_of ? state->timeout_of(inst) : state->timeout_ms;
    return ms > 0 ? base_timer_start(&inst->timer, ms) : ERR_OK;
}

// --- instances ---

enum err base_fsm_init(struct base_fsm_inst *inst, const struct base_fsm *fsm,
                       struct base_loop *loop, unsigned state)
{
    if (state >= fsm->n_states)
        return ERR_INVALID;
    *inst = (struct base_fsm_inst){.fsm = fsm, .state = state, .has_loop = loop != NULL};
    if (loop)
        base_timer_init(&inst->timer, loop, on_timeout);
    return start_timer(inst);
}

void base_fsm_fini(struct base_fsm_inst *inst)
{
    if (inst->has_loop)
        base_timer_stop(&inst->timer);
}

static enum err enter(struct base_fsm_inst *inst, unsigned state)
{
    const struct base_fsm *fsm = inst->fsm;
    unsigned from = inst->state;
    inst->state = state;
    enum err err = start_timer(inst);
    base_log(fsm->log, BASE_LOG_DEBUG, &inst->subject, "%s: %s -> %s", fsm->name,
             name_of_state(fsm, from), name_of_state(fsm, state));
    if (fsm->states[state].entered)
        fsm->states[state].entered(inst, from); // may free inst
    return err;
}

enum err base_fsm_dispatch(struct base_fsm_inst *inst, unsigned event, void *data)
{
    const struct base_fsm *fsm = inst->fsm;
    if (event >= fsm->n_events)
        return ERR_INVALID;
    struct base_fsm_step step = {
        .inst = inst,
        .event = event,
        .data = data,
        .from = inst->state,
        .row = find_row(fsm, inst->state, event),
    };
    if (!step.row) {
        count_refusal(fsm, inst->state, event);
        base_log_limited(fsm->log, BASE_LOG_NOTICE, &inst->subject, "%s: %s not allowed in %s",
                         fsm->name, base_fsm_event_name(fsm, event), base_fsm_state_name(inst));
        return ERR_WRONG_STATE;
    }
    if (step.row->action)
        step.row->action(&step); // may free inst
    else if (step.row->next)
        return enter(inst, (unsigned)__builtin_ctz(step.row->next));
    return ERR_OK;
}

enum err base_fsm_goto(struct base_fsm_step *step, unsigned state)
{
    struct base_fsm_inst *inst = step->inst;
    const struct base_fsm *fsm = inst->fsm;
    bool allowed = state < fsm->n_states && (step->row->next & BASE_FSM_BIT(state));
    if (!allowed || inst->state != step->from) {
        count_refusal(fsm, inst->state, step->event);
        base_log_limited(fsm->log, BASE_LOG_ERROR, &inst->subject,
                         "%s: %s on %s must not go to %s", fsm->name, base_fsm_state_name(inst),
                         base_fsm_event_name(fsm, step->event), name_of_state(fsm, state));
        return ERR_WRONG_STATE;
    }
    return enter(inst, state);
}
