// SPDX-License-Identifier: BSD-3-Clause
// State machine engine: every (state, event) pair of a sample machine, timers, misuse, and the
// check that finds flawed tables. The sample is a link that is asked up, answered, and taken down.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsm.h"
#include "base/metrics.h"

BASE_LOG_CATEGORY(log_link, "link");

enum { DOWN, ASKING, UP, GONE, N_STATES };
enum { ASK, ANSWER, REFUSE, EXPIRE, DROP, N_EVENTS };

struct link {
    struct base_fsm_inst fsm;
    struct base_loop *loop;
    int64_t ask_ms;
    int actions, entered, entered_from;
    unsigned event;
    void *data;
    unsigned go_to; // what the action of UP tries
    enum err went;
};

static struct link *link_of(struct base_fsm_inst *inst)
{
    return BASE_CONTAINER_OF(inst, struct link, fsm);
}

static int64_t ask_timeout(const struct base_fsm_inst *inst)
{
    return BASE_CONTAINER_OF(inst, const struct link, fsm)->ask_ms;
}

static void entered_gone(struct base_fsm_inst *inst, unsigned from)
{
    struct link *link = link_of(inst);
    link->entered++;
    link->entered_from = (int)from;
    if (link->loop)
        base_loop_stop(link->loop);
}

static void on_answer(struct base_fsm_step *step)
{
    struct link *link = link_of(step->inst);
    link->actions++;
    link->event = step->event;
    link->data = step->data;
    link->went = base_fsm_goto(step, step->event == ANSWER ? UP : DOWN);
}

static void on_drop(struct base_fsm_step *step)
{
    struct link *link = link_of(step->inst);
    link->actions++;
    link->went = base_fsm_goto(step, link->go_to);
}

static void on_expire(struct base_fsm_step *step)
{
    struct link *link = link_of(step->inst);
    link->data = step->data;
    link->went = base_fsm_goto(step, GONE);
}

static const struct base_fsm_state states[N_STATES] = {
    [DOWN] = {.name = "DOWN"},
    [ASKING] = {.name = "ASKING", .timeout_of = ask_timeout, .timeout_event = EXPIRE},
    [UP] = {.name = "UP", .timeout_ms = 50, .timeout_event = DROP},
    [GONE] = {.name = "GONE", .entered = entered_gone},
};
static const char *const events[N_EVENTS] = {
    [ASK] = "ASK", [ANSWER] = "ANSWER", [REFUSE] = "REFUSE", [EXPIRE] = "EXPIRE", [DROP] = "DROP",
};
#define BIT BASE_FSM_BIT
static const struct base_fsm_row rows[] = {
    {DOWN, BIT(ASK), BIT(ASKING), NULL},
    {ASKING, BIT(ANSWER) | BIT(REFUSE), BIT(UP) | BIT(DOWN), on_answer},
    {ASKING, BIT(EXPIRE), BIT(GONE), on_expire},
    {UP, BIT(DROP), BIT(DOWN) | BIT(GONE), on_drop},
    {UP, BIT(ASK), 0, NULL},
};
static const struct base_fsm machine = {
    .name = "link", .states = states, .n_states = N_STATES, .events = events,
    .n_events = N_EVENTS, .rows = rows, .n_rows = sizeof(rows) / sizeof(rows[0]),
    .log = &log_link,
};

static void init_link(struct link *link, struct base_loop *loop, unsigned state)
{
    memset(link, 0, sizeof(*link));
    link->loop = loop;
    link->go_to = GONE;
    link->ask_ms = 10;
    assert_int_equal(base_fsm_init(&link->fsm, &machine, loop, state), ERR_OK);
}

static void every_pair_of_state_and_event(void **state)
{
    // what comes out of each pair; -1: refused
    static const int outcome[N_STATES][N_EVENTS] = {
        [DOWN] = {[ASK] = ASKING, [ANSWER] = -1, [REFUSE] = -1, [EXPIRE] = -1, [DROP] = -1},
        [ASKING] = {[ASK] = -1, [ANSWER] = UP, [REFUSE] = DOWN, [EXPIRE] = GONE, [DROP] = -1},
        [UP] = {[ASK] = UP, [ANSWER] = -1, [REFUSE] = -1, [EXPIRE] = -1, [DROP] = GONE},
        [GONE] = {[ASK] = -1, [ANSWER] = -1, [REFUSE] = -1, [EXPIRE] = -1, [DROP] = -1},
    };
    for (unsigned s = 0; s < N_STATES; s++) {
        for (unsigned e = 0; e < N_EVENTS; e++) {
            struct link link;
            init_link(&link, NULL, s);
            enum err err = base_fsm_dispatch(&link.fsm, e, NULL);
            bool refused = outcome[s][e] < 0;
            assert_int_equal(err, refused ? ERR_WRONG_STATE : ERR_OK);
            assert_int_equal(link.fsm.state, refused ? s : (unsigned)outcome[s][e]);
            assert_int_equal(base_fsm_allows(&machine, s, e), !refused);
            assert_int_equal(link.went, ERR_OK);
            if (refused)
                assert_int_equal(link.actions, 0);
            base_fsm_fini(&link.fsm);
        }
    }
}

static void refusals_are_counted(void **state)
{
    struct link link;
    size_t len;
    init_link(&link, NULL, GONE);
    base_fsm_dispatch(&link.fsm, REFUSE, NULL);
    char *text = metrics_export(&len);
    assert_non_null(strstr(text, "fgw_fsm_refused_total{fsm=\"link\",state=\"GONE\","
                                 "event=\"REFUSE\"} "));
    free(text);
}

static void action_sees_event_and_data(void **state)
{
    struct link link;
    init_link(&link, NULL, ASKING);
    assert_int_equal(base_fsm_dispatch(&link.fsm, ANSWER, &link), ERR_OK);
    assert_int_equal(link.event, ANSWER);
    assert_ptr_equal(link.data, &link);
    assert_string_equal(base_fsm_state_name(&link.fsm), "UP");
}

static void entering_is_told_where_from(void **state)
{
    struct link link;
    init_link(&link, NULL, UP);
    assert_int_equal(base_fsm_dispatch(&link.fsm, DROP, NULL), ERR_OK);
    assert_int_equal(link.entered, 1);
    assert_int_equal(link.entered_from, UP);
}

static void transition_outside_the_row_is_refused(void **state)
{
    static const unsigned forbidden[] = {UP, ASKING, N_STATES, 99};
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        struct link link;
        init_link(&link, NULL, UP);
        link.go_to = forbidden[i];
        base_fsm_dispatch(&link.fsm, DROP, NULL);
        assert_int_equal(link.went, ERR_WRONG_STATE);
        assert_int_equal(link.fsm.state, UP);
    }
}

static void second_transition_of_a_step_is_refused(void **state)
{
    struct link link;
    init_link(&link, NULL, UP);
    struct base_fsm_step step = {
        .inst = &link.fsm, .event = DROP, .from = UP, .row = &rows[3]};
    assert_int_equal(base_fsm_goto(&step, DOWN), ERR_OK);
    assert_int_equal(base_fsm_goto(&step, GONE), ERR_WRONG_STATE);
    assert_int_equal(link.fsm.state, DOWN);
}

static void events_and_states_beyond_the_table_are_invalid(void **state)
{
    struct link link;
    init_link(&link, NULL, DOWN);
    assert_int_equal(base_fsm_dispatch(&link.fsm, N_EVENTS, NULL), ERR_INVALID);
    assert_int_equal(base_fsm_dispatch(&link.fsm, 1000, NULL), ERR_INVALID);
    assert_int_equal(base_fsm_init(&link.fsm, &machine, NULL, N_STATES), ERR_INVALID);
    assert_string_equal(base_fsm_event_name(&machine, 1000), "unknown");
    assert_false(base_fsm_allows(&machine, DOWN, 1000));
    assert_int_equal(base_fsm_next(&machine, ASKING, ANSWER), BIT(UP) | BIT(DOWN));
    assert_int_equal(base_fsm_next(&machine, GONE, ANSWER), 0);
}

// --- timers ---

static struct base_loop *new_loop(void)
{
    struct base_loop *loop;
    assert_int_equal(base_loop_new("fsm", 1, &loop), ERR_OK);
    return loop;
}

static void timeout_is_an_event_of_the_state(void **state)
{
    struct base_loop *loop = new_loop();
    struct link link;
    init_link(&link, loop, DOWN);
    link.data = &link;
    assert_int_equal(base_fsm_dispatch(&link.fsm, ASK, &link), ERR_OK);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(link.fsm.state, GONE);
    assert_int_equal(link.entered_from, ASKING);
    assert_null(link.data);
    assert_false(link.fsm.timer.armed);
    base_fsm_fini(&link.fsm);
    base_loop_free(loop);
}

static void leaving_a_state_ends_its_timer(void **state)
{
    struct base_loop *loop = new_loop();
    struct link link;
    init_link(&link, loop, ASKING);
    assert_true(link.fsm.timer.armed);
    // when: answered, and the timer of UP takes over
    assert_int_equal(base_fsm_dispatch(&link.fsm, ANSWER, NULL), ERR_OK);
    assert_true(link.fsm.timer.armed);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    // then: it was DROP, not EXPIRE, that ended it
    assert_int_equal(link.entered_from, UP);
    base_fsm_fini(&link.fsm);
    base_loop_free(loop);
}

static void timeout_setting_of_zero_means_no_timer(void **state)
{
    struct base_loop *loop = new_loop();
    struct link link;
    init_link(&link, loop, DOWN);
    link.ask_ms = 0;
    assert_int_equal(base_fsm_dispatch(&link.fsm, ASK, NULL), ERR_OK);
    assert_false(link.fsm.timer.armed);
    base_fsm_fini(&link.fsm);
    base_loop_free(loop);
}

// --- actions that do more ---

enum { ONE, TWO, THREE, N_CHAIN };

struct owner {
    struct base_fsm_inst fsm;
    int *freed;
};

static void chain_on_from_the_action(struct base_fsm_step *step)
{
    struct base_fsm_inst *inst = step->inst;
    if (base_fsm_goto(step, TWO) == ERR_OK)
        base_fsm_dispatch(inst, 1, NULL); // frees the instance
}

static void free_owner(struct base_fsm_step *step)
{
    struct owner *owner = BASE_CONTAINER_OF(step->inst, struct owner, fsm);
    ++*owner->freed;
    base_fsm_fini(&owner->fsm);
    free(owner);
}

static const struct base_fsm_state chain_states[N_CHAIN] = {
    {.name = "ONE"}, {.name = "TWO", .timeout_ms = 1000, .timeout_event = 1}, {.name = "THREE"}};
static const char *const chain_events[] = {"go", "end"};
static const struct base_fsm_row chain_rows[] = {
    {ONE, BIT(0), BIT(TWO), chain_on_from_the_action},
    {TWO, BIT(1), BIT(THREE), free_owner},
};
static const struct base_fsm chain = {
    .name = "chain", .states = chain_states, .n_states = N_CHAIN, .events = chain_events,
    .n_events = 2, .rows = chain_rows, .n_rows = 2, .log = &log_link,
};

static void action_may_dispatch_and_free(void **state)
{
    struct base_loop *loop = new_loop();
    int freed = 0;
    struct owner *owner = calloc(1, sizeof(*owner));
    owner->freed = &freed;
    assert_int_equal(base_fsm_init(&owner->fsm, &chain, loop, ONE), ERR_OK);
    assert_int_equal(base_fsm_dispatch(&owner->fsm, 0, NULL), ERR_OK);
    assert_int_equal(freed, 1);
    base_loop_free(loop);
}

// --- check and diagram ---

static void sound_tables_pass(void **state)
{
    char why[100] = "";
    assert_int_equal(base_fsm_check(&machine, DOWN, why, sizeof(why)), ERR_OK);
    assert_int_equal(base_fsm_check(&chain, ONE, why, sizeof(why)), ERR_OK);
    assert_string_equal(why, "");
}

static void flawed_tables_are_found(void **state)
{
    static const struct base_fsm_state nameless[] = {{.name = "A"}, {.name = NULL}};
    static const struct base_fsm_state timed[] = {
        {.name = "A", .timeout_ms = 5, .timeout_event = 1}, {.name = "B"}};
    static const struct base_fsm_state plain[] = {{.name = "A"}, {.name = "B"}};
    static const char *const names[] = {"x", "y"};
    static const char *const gap[] = {"x", NULL};
    static const struct base_fsm_row good[] = {{0, BIT(0), BIT(1), NULL}};
    static const struct base_fsm_row no_state[] = {{7, BIT(0), BIT(1), NULL}};
    static const struct base_fsm_row no_event[] = {{0, 0, BIT(1), NULL}};
    static const struct base_fsm_row bad_event[] = {{0, BIT(2), BIT(1), NULL}};
    static const struct base_fsm_row bad_next[] = {{0, BIT(0), BIT(2), NULL}};
    static const struct base_fsm_row undecided[] = {{0, BIT(0), BIT(0) | BIT(1), NULL}};
    static const struct base_fsm_row dead_end[] = {{0, BIT(0), BIT(0), NULL}};
    static const struct {
        const struct base_fsm_state *states;
        const char *const *events;
        const struct base_fsm_row *rows;
        unsigned n_events, initial;
        const char *why;
    } cases[] = {
        {nameless, names, good, 2, 0, "state 1 has no name"},
        {plain, gap, good, 2, 0, "event 1 has no name"},
        {plain, names, good, 33, 0, "33 events"},
        {plain, names, no_state, 2, 0, "no state 7"},
        {plain, names, no_event, 2, 0, "events 0x0"},
        {plain, names, bad_event, 2, 0, "events 0x4"},
        {plain, names, bad_next, 2, 0, "next states 0x4"},
        {plain, names, undecided, 2, 0, "no action"},
        {timed, names, good, 2, 0, "A: its timeout"},
        {plain, names, dead_end, 2, 0, "B is never reached"},
        {plain, names, good, 2, 5, "no initial state"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct base_fsm fsm = {
            .name = "flawed", .states = cases[i].states, .n_states = 2,
            .events = cases[i].events, .n_events = cases[i].n_events, .rows = cases[i].rows,
            .n_rows = 1, .log = &log_link,
        };
        char why[100] = "";
        assert_int_equal(base_fsm_check(&fsm, cases[i].initial, why, sizeof(why)), ERR_INVALID);
        assert_non_null(strstr(why, cases[i].why));
    }
}

static void event_in_two_rows_of_a_state_is_found(void **state)
{
    static const struct base_fsm_row twice[] = {
        {ONE, BIT(0), BIT(TWO), NULL},
        {ONE, BIT(0) | BIT(1), BIT(THREE), NULL},
    };
    struct base_fsm fsm = chain;
    char why[100] = "";
    fsm.rows = twice;
    assert_int_equal(base_fsm_check(&fsm, ONE, why, sizeof(why)), ERR_INVALID);
    assert_non_null(strstr(why, "another row of ONE"));
}

static void diagram_has_every_edge(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    base_fsm_dot(&machine, out);
    fclose(out);
    static const char *const parts[] = {
        "digraph \"link\" {",
        "\"UP\" [label=\"UP\\n50 ms: DROP\"];",
        "\"DOWN\" -> \"ASKING\" [label=\"ASK\"];",
        "\"ASKING\" -> \"UP\" [label=\"ANSWER\"];",
        "\"ASKING\" -> \"DOWN\" [label=\"REFUSE\"];",
        "\"ASKING\" -> \"GONE\" [label=\"EXPIRE\"];",
        "\"UP\" -> \"UP\" [label=\"ASK\"];",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_non_null(strstr(text, parts[i]));
    free(text);
}

static int quiet(void **state)
{
    return base_log_set_level("all", BASE_LOG_ERROR) || base_log_set_level("link", BASE_LOG_ERROR);
}

static void drop_line(enum base_log_level lvl, const char *line, void *arg)
{
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_event),
        cmocka_unit_test(refusals_are_counted),
        cmocka_unit_test(action_sees_event_and_data),
        cmocka_unit_test(entering_is_told_where_from),
        cmocka_unit_test(transition_outside_the_row_is_refused),
        cmocka_unit_test(second_transition_of_a_step_is_refused),
        cmocka_unit_test(events_and_states_beyond_the_table_are_invalid),
        cmocka_unit_test(timeout_is_an_event_of_the_state),
        cmocka_unit_test(leaving_a_state_ends_its_timer),
        cmocka_unit_test(timeout_setting_of_zero_means_no_timer),
        cmocka_unit_test(action_may_dispatch_and_free),
        cmocka_unit_test(sound_tables_pass),
        cmocka_unit_test(flawed_tables_are_found),
        cmocka_unit_test(event_in_two_rows_of_a_state_is_found),
        cmocka_unit_test(diagram_has_every_edge),
    };
    base_log_set_sink(drop_line, NULL);
    return cmocka_run_group_tests(tests, quiet, NULL);
}
