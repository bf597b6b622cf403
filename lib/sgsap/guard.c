// SPDX-License-Identifier: BSD-3-Clause
// One state machine for all guarded procedures; a table tells them apart.
#include "sgsap/guard.h"

BASE_LOG_CATEGORY(log_sgsap, "sgsap");

const struct sgsap_timers sgsap_timers_default = {
    .ts5 = 10000,
    .ts6_1 = 10000,
    .ts6_2 = 40000,
    .ts7 = 4000,
    .ts8 = 4000,
    .ts9 = 4000,
    .ts10 = 4000,
    .ts11 = 4000,
    .ts12_1 = 58 * 60 * 1000, // T3412's default of 54 min and 4 min
    .ts12_2 = 4000,
    .ts13 = 4000,
    .ns7 = 2,
    .ns8 = 2,
    .ns9 = 2,
    .ns10 = 2,
    .ns11 = 2,
    .ns12 = 2,
};

#define TIMER(id, def_, help_)                                                              \
    {.name = #id, .type = CONF_MS, .offset = offsetof(struct sgsap_timers, id), .def = (def_), \
     .min = 100, .max = 24 * 3600 * 1000, .help = (help_)}
#define COUNTER(id, help_)                                                                  \
    {.name = #id, .type = CONF_INT, .offset = offsetof(struct sgsap_timers, id), .def = 2,     \
     .min = 0, .max = 20, .help = (help_)}

const struct conf_key sgsap_mme_timers_conf[] = {
    TIMER(ts6_1, 10000, "location update"),
    TIMER(ts8, 4000, "explicit IMSI detach from EPS services"),
    TIMER(ts9, 4000, "explicit IMSI detach from non-EPS services"),
    TIMER(ts10, 4000, "implicit IMSI detach from non-EPS services"),
    TIMER(ts12_1, 58 * 60 * 1000, "how long a restart is remembered: above the longest T3412"),
    TIMER(ts12_2, 4000, "MME reset"),
    TIMER(ts13, 4000, "implicit IMSI detach from EPS services"),
    COUNTER(ns8, "repetitions of an IMSI detach from EPS services"),
    COUNTER(ns9, "repetitions of an explicit IMSI detach from non-EPS services"),
    COUNTER(ns10, "repetitions of an implicit IMSI detach from non-EPS services"),
    COUNTER(ns12, "repetitions of an MME reset"),
    {.name = NULL},
};

const struct conf_key sgsap_vlr_timers_conf[] = {
    TIMER(ts5, 10000, "paging"),
    TIMER(ts6_2, 40000, "TMSI reallocation"),
    TIMER(ts7, 4000, "non-EPS alert"),
    TIMER(ts11, 4000, "VLR reset"),
    COUNTER(ns7, "repetitions of a non-EPS alert"),
    COUNTER(ns11, "repetitions of a VLR reset"),
    {.name = NULL},
};

#define NO_COUNTER SIZE_MAX // once

static const struct procedure {
    const char *name;
    size_t timer, counter; // offsets into struct sgsap_timers
    uint8_t request, answer;
    enum sgsap_side answered_by;
} procedures[SGSAP_PROC_COUNT] = {
    [SGSAP_PROC_EPS_DETACH] = {"EPS detach", offsetof(struct sgsap_timers, ts8),
                               offsetof(struct sgsap_timers, ns8), SGSAP_EPS_DETACH_INDICATION,
                               SGSAP_EPS_DETACH_ACK, SGSAP_VLR},
    [SGSAP_PROC_EPS_DETACH_IMPLICIT] = {"implicit EPS detach",
                                        offsetof(struct sgsap_timers, ts13),
                                        offsetof(struct sgsap_timers, ns8),
                                        SGSAP_EPS_DETACH_INDICATION, SGSAP_EPS_DETACH_ACK,
                                        SGSAP_VLR},
    [SGSAP_PROC_IMSI_DETACH] = {"IMSI detach", offsetof(struct sgsap_timers, ts9),
                                offsetof(struct sgsap_timers, ns9), SGSAP_IMSI_DETACH_INDICATION,
                                SGSAP_IMSI_DETACH_ACK, SGSAP_VLR},
    [SGSAP_PROC_IMSI_DETACH_IMPLICIT] = {"implicit IMSI detach",
                                         offsetof(struct sgsap_timers, ts10),
                                         offsetof(struct sgsap_timers, ns10),
                                         SGSAP_IMSI_DETACH_INDICATION, SGSAP_IMSI_DETACH_ACK,
                                         SGSAP_VLR},
    [SGSAP_PROC_MME_RESET] = {"MME reset", offsetof(struct sgsap_timers, ts12_2),
                              offsetof(struct sgsap_timers, ns12), SGSAP_RESET_INDICATION,
                              SGSAP_RESET_ACK, SGSAP_VLR},
    [SGSAP_PROC_VLR_RESET] = {"VLR reset", offsetof(struct sgsap_timers, ts11),
                              offsetof(struct sgsap_timers, ns11), SGSAP_RESET_INDICATION,
                              SGSAP_RESET_ACK, SGSAP_MME},
    [SGSAP_PROC_ALERT] = {"alert", offsetof(struct sgsap_timers, ts7),
                          offsetof(struct sgsap_timers, ns7), SGSAP_ALERT_REQUEST,
                          SGSAP_ALERT_ACK, SGSAP_MME},
    [SGSAP_PROC_PAGING] = {"paging", offsetof(struct sgsap_timers, ts5), NO_COUNTER,
                           SGSAP_PAGING_REQUEST, SGSAP_SERVICE_REQUEST, SGSAP_MME},
    [SGSAP_PROC_TMSI] = {"TMSI reallocation", offsetof(struct sgsap_timers, ts6_2), NO_COUNTER, 0,
                         SGSAP_TMSI_REALLOCATION_COMPLETE, SGSAP_MME},
};

const char *sgsap_procedure_name(enum sgsap_procedure procedure)
{
    return (unsigned)procedure < SGSAP_PROC_COUNT ? procedures[procedure].name : "unknown";
}

uint8_t sgsap_procedure_request(enum sgsap_procedure procedure)
{
    return (unsigned)procedure < SGSAP_PROC_COUNT ? procedures[procedure].request : 0;
}

enum sgsap_procedure sgsap_procedure_answered_by(uint8_t type, enum sgsap_side from)
{
    for (enum sgsap_procedure p = 0; p < SGSAP_PROC_COUNT; p++) {
        if (procedures[p].answer == type && procedures[p].answered_by == from)
            return p;
    }
    return SGSAP_PROC_COUNT;
}

static int64_t setting(const struct sgsap_guard *guard, size_t offset)
{
    return *(const int64_t *)(const void *)((const char *)guard->timers + offset);
}

// --- the machine ---

static struct sgsap_guard *guard_of(struct base_fsm_step *step)
{
    return BASE_CONTAINER_OF(step->inst, struct sgsap_guard, fsm);
}

static int64_t timeout_of(const struct base_fsm_inst *inst)
{
    const struct sgsap_guard *guard = BASE_CONTAINER_OF(inst, const struct sgsap_guard, fsm);
    return setting(guard, procedures[guard->procedure].timer);
}

static void on_start(struct base_fsm_step *step)
{
    struct sgsap_guard *guard = guard_of(step);
    const enum sgsap_procedure *procedure = step->data;
    guard->procedure = *procedure;
    size_t counter = procedures[guard->procedure].counter;
    guard->left = counter == NO_COUNTER ? 0 : setting(guard, counter);
    base_fsm_goto(step, SGSAP_GUARD_WAITING);
    guard->ops->send(guard, false);
}

static void on_expire(struct base_fsm_step *step)
{
    struct sgsap_guard *guard = guard_of(step);
    if (guard->left > 0) {
        guard->left--;
        base_fsm_goto(step, SGSAP_GUARD_WAITING);
        guard->ops->send(guard, true);
        return;
    }
    base_log_limited(&log_sgsap, BASE_LOG_NOTICE, &step->inst->subject, "%s: no answer",
                     sgsap_procedure_name(guard->procedure));
    base_fsm_goto(step, SGSAP_GUARD_IDLE);
    guard->ops->gave_up(guard);
}

static const struct base_fsm_state states[SGSAP_GUARD_STATES] = {
    [SGSAP_GUARD_IDLE] = {.name = "idle"},
    [SGSAP_GUARD_WAITING] = {.name = "waiting",
                             .timeout_of = timeout_of,
                             .timeout_event = SGSAP_GUARD_EXPIRE},
};

static const char *const events[SGSAP_GUARD_EVENTS] = {
    [SGSAP_GUARD_START] = "start",
    [SGSAP_GUARD_ANSWER] = "answer",
    [SGSAP_GUARD_STOP] = "stop",
    [SGSAP_GUARD_EXPIRE] = "expire",
};

#define ON(event) BASE_FSM_BIT(SGSAP_GUARD_##event)
#define TO(state) BASE_FSM_BIT(SGSAP_GUARD_##state)

static const struct base_fsm_row rows[] = {
    {SGSAP_GUARD_IDLE, ON(START), TO(WAITING), on_start},
    {SGSAP_GUARD_IDLE, ON(STOP), 0, NULL},
    {SGSAP_GUARD_WAITING, ON(START), TO(WAITING), on_start},
    {SGSAP_GUARD_WAITING, ON(EXPIRE), TO(WAITING) | TO(IDLE), on_expire},
    {SGSAP_GUARD_WAITING, ON(ANSWER) | ON(STOP), TO(IDLE), NULL},
};

const struct base_fsm sgsap_guard_fsm = {
    .name = "sgs_guard",
    .states = states,
    .n_states = SGSAP_GUARD_STATES,
    .events = events,
    .n_events = SGSAP_GUARD_EVENTS,
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .log = &log_sgsap,
};

enum err sgsap_guard_init(struct sgsap_guard *guard, struct base_loop *loop,
                          const struct sgsap_timers *timers, const struct sgsap_guard_ops *ops)
{
    guard->timers = timers;
    guard->ops = ops;
    guard->procedure = SGSAP_PROC_EPS_DETACH;
    guard->left = 0;
    return base_fsm_init(&guard->fsm, &sgsap_guard_fsm, loop, SGSAP_GUARD_IDLE);
}

void sgsap_guard_fini(struct sgsap_guard *guard)
{
    base_fsm_fini(&guard->fsm);
}

enum err sgsap_guard_start(struct sgsap_guard *guard, enum sgsap_procedure procedure)
{
    if ((unsigned)procedure >= SGSAP_PROC_COUNT)
        return ERR_INVALID;
    return base_fsm_dispatch(&guard->fsm, SGSAP_GUARD_START, &procedure);
}

enum err sgsap_guard_answer(struct sgsap_guard *guard)
{
    return base_fsm_dispatch(&guard->fsm, SGSAP_GUARD_ANSWER, NULL);
}

void sgsap_guard_stop(struct sgsap_guard *guard)
{
    base_fsm_dispatch(&guard->fsm, SGSAP_GUARD_STOP, NULL);
}
