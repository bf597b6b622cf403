// SPDX-License-Identifier: BSD-3-Clause
// Guarded procedures: what is sent how often, with which timer, and the settings behind them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "sgsap/guard.h"

struct sample {
    struct sgsap_guard guard;
    struct base_loop *loop;
    int sent, repeated, gave_up;
    int64_t last_ns;
};

static struct sample *sample_of(struct sgsap_guard *guard)
{
    return BASE_CONTAINER_OF(guard, struct sample, guard);
}

static void on_send(struct sgsap_guard *guard, bool again)
{
    struct sample *s = sample_of(guard);
    assert_true(sgsap_guard_waiting(guard));
    s->sent++;
    s->repeated += again;
    s->last_ns = base_now_ns();
}

static void on_gave_up(struct sgsap_guard *guard)
{
    struct sample *s = sample_of(guard);
    assert_false(sgsap_guard_waiting(guard));
    s->gave_up++;
    if (s->loop)
        base_loop_stop(s->loop);
}

static const struct sgsap_guard_ops ops = {.send = on_send, .gave_up = on_gave_up};

static void expire(struct sample *s)
{
    assert_int_equal(base_fsm_dispatch(&s->guard.fsm, SGSAP_GUARD_EXPIRE, NULL), ERR_OK);
}

static void the_table_is_sound(void **state)
{
    char why[128] = "";
    enum err err = base_fsm_check(&sgsap_guard_fsm, SGSAP_GUARD_IDLE, why, sizeof(why));
    if (err)
        fail_msg("%s", why);
}

static void every_event_in_every_state_is_as_drawn(void **state)
{
    static const bool allowed[SGSAP_GUARD_STATES][SGSAP_GUARD_EVENTS] = {
        [SGSAP_GUARD_IDLE] = {[SGSAP_GUARD_START] = true, [SGSAP_GUARD_STOP] = true},
        [SGSAP_GUARD_WAITING] = {true, true, true, true},
    };
    for (unsigned st = 0; st < SGSAP_GUARD_STATES; st++) {
        for (unsigned ev = 0; ev < SGSAP_GUARD_EVENTS; ev++)
            assert_int_equal(base_fsm_allows(&sgsap_guard_fsm, st, ev), allowed[st][ev]);
    }
}

static void a_request_is_repeated_as_often_as_its_counter_says(void **state)
{
    static const struct {
        enum sgsap_procedure procedure;
        int repetitions;
    } table[] = {
        {SGSAP_PROC_EPS_DETACH, 2},     {SGSAP_PROC_EPS_DETACH_IMPLICIT, 2},
        {SGSAP_PROC_IMSI_DETACH, 3},    {SGSAP_PROC_IMSI_DETACH_IMPLICIT, 4},
        {SGSAP_PROC_MME_RESET, 6},      {SGSAP_PROC_VLR_RESET, 5},
        {SGSAP_PROC_ALERT, 1},          {SGSAP_PROC_PAGING, 0},
        {SGSAP_PROC_TMSI, 0},
    };
    struct sgsap_timers timers = sgsap_timers_default;
    timers.ns7 = 1;
    timers.ns9 = 3;
    timers.ns10 = 4;
    timers.ns11 = 5;
    timers.ns12 = 6;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sample s = {0};
        assert_int_equal(sgsap_guard_init(&s.guard, NULL, &timers, &ops), ERR_OK);
        assert_int_equal(sgsap_guard_start(&s.guard, table[i].procedure), ERR_OK);
        for (int n = 0; n < table[i].repetitions; n++) {
            assert_int_equal(s.gave_up, 0);
            expire(&s);
        }
        assert_int_equal(s.sent, 1 + table[i].repetitions);
        assert_int_equal(s.repeated, table[i].repetitions);
        expire(&s);
        assert_int_equal(s.gave_up, 1);
        assert_int_equal(s.sent, 1 + table[i].repetitions);
        sgsap_guard_fini(&s.guard);
    }
}

static void an_answer_ends_it_and_a_second_one_is_refused(void **state)
{
    struct sample s = {0};
    assert_int_equal(sgsap_guard_init(&s.guard, NULL, &sgsap_timers_default, &ops), ERR_OK);
    assert_int_equal(sgsap_guard_answer(&s.guard), ERR_WRONG_STATE);
    assert_int_equal(sgsap_guard_start(&s.guard, SGSAP_PROC_MME_RESET), ERR_OK);
    assert_int_equal(sgsap_guard_answer(&s.guard), ERR_OK);
    assert_false(sgsap_guard_waiting(&s.guard));
    assert_int_equal(sgsap_guard_answer(&s.guard), ERR_WRONG_STATE);
    sgsap_guard_stop(&s.guard);
    assert_int_equal(s.gave_up, 0);
    sgsap_guard_fini(&s.guard);
}

static void a_new_procedure_replaces_the_one_under_way(void **state)
{
    struct sample s = {0};
    assert_int_equal(sgsap_guard_init(&s.guard, NULL, &sgsap_timers_default, &ops), ERR_OK);
    assert_int_equal(sgsap_guard_start(&s.guard, SGSAP_PROC_IMSI_DETACH), ERR_OK);
    expire(&s);
    assert_int_equal(sgsap_guard_start(&s.guard, SGSAP_PROC_EPS_DETACH), ERR_OK);
    assert_int_equal(s.guard.procedure, SGSAP_PROC_EPS_DETACH);
    assert_int_equal(s.guard.left, 2);
    assert_int_equal(sgsap_guard_start(&s.guard, SGSAP_PROC_COUNT), ERR_INVALID);
    sgsap_guard_fini(&s.guard);
}

static void the_timer_is_the_procedures_own(void **state)
{
    // given a reset guarded by 30 ms, all other timers being long
    struct sgsap_timers timers = sgsap_timers_default;
    struct sample s = {0};
    timers.ts12_2 = 30;
    timers.ns12 = 2;
    assert_int_equal(base_loop_new("guard", 8, &s.loop), ERR_OK);
    assert_int_equal(sgsap_guard_init(&s.guard, s.loop, &timers, &ops), ERR_OK);

    // when nobody answers
    int64_t began = base_now_ns();
    assert_int_equal(sgsap_guard_start(&s.guard, SGSAP_PROC_MME_RESET), ERR_OK);
    assert_int_equal(base_loop_run(s.loop), ERR_OK);

    // then it gave up after three times
    int64_t ms = (base_now_ns() - began) / 1000000;
    assert_int_equal(s.sent, 3);
    assert_int_equal(s.gave_up, 1);
    assert_true(ms >= 90 && ms < 30000); // not those of the specification
    sgsap_guard_fini(&s.guard);
    base_loop_free(s.loop);
}

static void the_settings_default_to_the_specification(void **state)
{
    struct conf *conf;
    struct sgsap_timers timers;
    assert_int_equal(conf_parse("t.conf", "mme = { ts6_1 = \"7s\"; ns8 = 0; }\n", &conf), ERR_OK);
    memset(&timers, 0, sizeof(timers));
    assert_int_equal(conf_read(conf, "mme", sgsap_mme_timers_conf, &timers), ERR_OK);
    assert_int_equal(conf_read(conf, "vlr", sgsap_vlr_timers_conf, &timers), ERR_OK);
    assert_int_equal(timers.ts6_1, 7000);
    assert_int_equal(timers.ns8, 0);
    timers.ts6_1 = sgsap_timers_default.ts6_1;
    timers.ns8 = sgsap_timers_default.ns8;
    assert_memory_equal(&timers, &sgsap_timers_default, sizeof(timers));
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(every_event_in_every_state_is_as_drawn),
        cmocka_unit_test(a_request_is_repeated_as_often_as_its_counter_says),
        cmocka_unit_test(an_answer_ends_it_and_a_second_one_is_refused),
        cmocka_unit_test(a_new_procedure_replaces_the_one_under_way),
        cmocka_unit_test(the_timer_is_the_procedures_own),
        cmocka_unit_test(the_settings_default_to_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
