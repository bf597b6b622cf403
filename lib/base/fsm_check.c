// SPDX-License-Identifier: BSD-3-Clause
// What can be said about a state machine by looking at its table only: flaws, and a drawing.
#include "base/fsm.h"

#include <stdarg.h>

struct check {
    const struct base_fsm *fsm;
    char *why;
    size_t size;
};

static enum err __attribute__((format(printf, 2, 3)))
flaw(const struct check *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->why, c->size, fmt, ap);
    va_end(ap);
    return ERR_INVALID;
}

static uint32_t mask_of(unsigned n)
{
    return n >= BASE_FSM_MAX ? UINT32_MAX : BASE_FSM_BIT(n) - 1;
}

static enum err check_names(const struct check *c)
{
    const struct base_fsm *fsm = c->fsm;
    if (!fsm->name || !fsm->log)
        return flaw(c, "no name or log category");
    if (fsm->n_states == 0 || fsm->n_states > BASE_FSM_MAX || fsm->n_events == 0 ||
        fsm->n_events > BASE_FSM_MAX)
        return flaw(c, "%u states, %u events", fsm->n_states, fsm->n_events);
    for (unsigned i = 0; i < fsm->n_states; i++) {
        if (!fsm->states[i].name)
            return flaw(c, "state %u has no name", i);
    }
    for (unsigned i = 0; i < fsm->n_events; i++) {
        if (!fsm->events[i])
            return flaw(c, "event %u has no name", i);
    }
    return ERR_OK;
}

static enum err check_rows(const struct check *c)
{
    const struct base_fsm *fsm = c->fsm;
    uint32_t taken[BASE_FSM_MAX] = {0};
    for (unsigned i = 0; i < fsm->n_rows; i++) {
        const struct base_fsm_row *row = &fsm->rows[i];
        if (row->state >= fsm->n_states)
            return flaw(c, "row %u: no state %u", i, row->state);
        if (row->events == 0 || (row->events & ~mask_of(fsm->n_events)))
            return flaw(c, "row %u: events 0x%x", i, row->events);
        if (row->next & ~mask_of(fsm->n_states))
            return flaw(c, "row %u: next states 0x%x", i, row->next);
        if (!row->action && (row->next & (row->next - 1)))
            return flaw(c, "row %u: no action to choose among next states", i);
        if (taken[row->state] & row->events)
            return flaw(c, "row %u: event occurs in another row of %s", i,
                        fsm->states[row->state].name);
        taken[row->state] |= row->events;
    }
    return ERR_OK;
}

static enum err check_timeouts(const struct check *c)
{
    const struct base_fsm *fsm = c->fsm;
    for (unsigned i = 0; i < fsm->n_states; i++) {
        const struct base_fsm_state *state = &fsm->states[i];
        bool timed = state->timeout_ms != 0 || state->timeout_of;
        if (timed && !base_fsm_allows(fsm, i, state->timeout_event))
            return flaw(c, "%s: its timeout is not allowed in it", state->name);
    }
    return ERR_OK;
}

static enum err check_reachable(const struct check *c, unsigned initial)
{
    const struct base_fsm *fsm = c->fsm;
    if (initial >= fsm->n_states)
        return flaw(c, "no initial state %u", initial);
    uint32_t reached = BASE_FSM_BIT(initial), before;
    do {
        before = reached;
        for (unsigned i = 0; i < fsm->n_rows; i++) {
            if (reached & BASE_FSM_BIT(fsm->rows[i].state))
                reached |= fsm->rows[i].next;
        }
    } while (reached != before);
    for (unsigned i = 0; i < fsm->n_states; i++) {
        if (!(reached & BASE_FSM_BIT(i)))
            return flaw(c, "%s is never reached", fsm->states[i].name);
    }
    return ERR_OK;
}

enum err base_fsm_check(const struct base_fsm *fsm, unsigned initial, char *why, size_t size)
{
    const struct check c = {.fsm = fsm, .why = why, .size = size};
    enum err err = check_names(&c);
    if (!err)
        err = check_rows(&c);
    if (!err)
        err = check_timeouts(&c);
    if (!err)
        err = check_reachable(&c, initial);
    return err;
}

void base_fsm_dot(const struct base_fsm *fsm, FILE *out)
{
    fprintf(out, "digraph \"%s\" {\n", fsm->name);
    for (unsigned i = 0; i < fsm->n_states; i++) {
        const struct base_fsm_state *state = &fsm->states[i];
        fprintf(out, "  \"%s\"", state->name);
        if (state->timeout_ms > 0)
            fprintf(out, " [label=\"%s\\n%lld ms: %s\"]", state->name,
                    (long long)state->timeout_ms, base_fsm_event_name(fsm, state->timeout_event));
        fprintf(out, ";\n");
    }
    for (unsigned from = 0; from < fsm->n_states; from++) {
        for (unsigned event = 0; event < fsm->n_events; event++) {
            if (!base_fsm_allows(fsm, from, event))
                continue;
            uint32_t next = base_fsm_next(fsm, from, event);
            if (next == 0)
                next = BASE_FSM_BIT(from);
            for (unsigned to = 0; to < fsm->n_states; to++) {
                if (next & BASE_FSM_BIT(to))
                    fprintf(out, "  \"%s\" -> \"%s\" [label=\"%s\"];\n", fsm->states[from].name,
                            fsm->states[to].name, fsm->events[event]);
            }
        }
    }
    fprintf(out, "}\n");
}
