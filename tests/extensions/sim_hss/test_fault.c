// SPDX-License-Identifier: BSD-3-Clause
// Fault rules: what parses, what matches, how they count down.
#include "hss_test.h"

#include "sim.h"
#include "sim_fault.h"

static void test_parse(void **state)
{
    // given a rule with every word, when parsed, then every part is there
    struct sim_fault f;
    const char *why = NULL;

    assert_int_equal(sim_fault_parse("cmd=ULR imsi=00101 count=3 delay=250 exp=5420 duplicate", &f,
                                     &why), ERR_OK);
    assert_int_equal(f.command, 316);
    assert_string_equal(f.imsi, "00101");
    assert_int_equal(f.left, 3);
    assert_int_equal(f.action.delay_ms, 250);
    assert_int_equal(f.action.result, 5420);
    assert_true(f.action.experimental);
    assert_int_equal(f.action.what, SIM_FAULT_DUPLICATE);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "", "cmd=AIR", "imsi=00101 count=1", "cmd=CLR drop", "cmd=ABC drop", "imsi=x drop",
        "imsi=0010100000000012 drop", "count=0 drop", "count=x drop", "delay=-1", "delay=600001",
        "delay=", "result=12", "exp=99999", "drop=1", "explode", "drop explode",
    };
    struct sim_fault f;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = NULL;

        assert_int_equal(sim_fault_parse(bad[i], &f, &why), ERR_INVALID);
        assert_non_null(why);
    }
}

static void add(struct sim_faults *faults, const char *text)
{
    struct sim_fault f;
    const char *why;

    assert_int_equal(sim_fault_parse(text, &f, &why), ERR_OK);
    assert_int_equal(sim_faults_add(faults, &f, NULL), ERR_OK);
}

static void test_match(void **state)
{
    // given a counted rule for AIR of some subscribers and a general one for ULR, when requests
    // come, then the first that fits takes them, as often as it may
    struct sim_faults *faults = NULL;
    struct sim_fault_action a;

    assert_int_equal(sim_faults_new(&faults), ERR_OK);
    assert_false(sim_faults_match(faults, 318, "001010000000001", &a));
    add(faults, "cmd=AIR imsi=00101 count=2 drop");
    add(faults, "cmd=ULR delay=5");
    assert_false(sim_faults_match(faults, 318, "002010000000001", &a));
    assert_false(sim_faults_match(faults, 318, NULL, &a));
    assert_false(sim_faults_match(faults, 321, "001010000000001", &a));
    assert_true(sim_faults_match(faults, 316, NULL, &a));
    assert_int_equal(a.delay_ms, 5);
    for (int i = 0; i < 2; i++) {
        assert_true(sim_faults_match(faults, 318, "001010000000001", &a));
        assert_int_equal(a.what, SIM_FAULT_DROP);
    }
    assert_false(sim_faults_match(faults, 318, "001010000000001", &a));
    assert_true(sim_faults_match(faults, 316, "001010000000001", &a));
    assert_int_equal(sim_faults_clear(faults, 0), 1);
    sim_faults_free(faults);
}

static void test_clear_one(void **state)
{
    struct sim_faults *faults = NULL;
    struct sim_fault_action a;

    assert_int_equal(sim_faults_new(&faults), ERR_OK);
    add(faults, "cmd=AIR drop");
    add(faults, "cmd=ULR drop");
    assert_int_equal(sim_faults_clear(faults, 1), 1);
    assert_int_equal(sim_faults_clear(faults, 1), 0);
    assert_false(sim_faults_match(faults, 318, NULL, &a));
    assert_true(sim_faults_match(faults, 316, NULL, &a));
    sim_faults_free(faults);
}

static void test_full(void **state)
{
    struct sim_faults *faults = NULL;
    struct sim_fault f = {.left = -1, .action = {.what = SIM_FAULT_DROP}};

    assert_int_equal(sim_faults_new(&faults), ERR_OK);
    for (int i = 0; i < SIM_FAULTS_MAX; i++)
        assert_int_equal(sim_faults_add(faults, &f, NULL), ERR_OK);
    assert_int_equal(sim_faults_add(faults, &f, NULL), ERR_FULL);
    sim_faults_free(faults);
}

static void test_format_parses_back(void **state)
{
    struct sim_fault f, g;
    const char *why;
    char text[256];

    assert_int_equal(sim_fault_parse("cmd=PUR imsi=9 count=7 delay=1 result=3004 drop disconnect",
                                     &f, &why), ERR_OK);
    sim_fault_format(&f, text, sizeof text);
    *strstr(text, " hits=") = '\0';
    assert_int_equal(sim_fault_parse(strchr(text, ' '), &g, &why), ERR_OK);
    assert_int_equal(g.command, f.command);
    assert_string_equal(g.imsi, f.imsi);
    assert_int_equal(g.left, f.left);
    assert_memory_equal(&g.action, &f.action, sizeof g.action);
}

static void test_command_names(void **state)
{
    for (uint32_t code = 316; code <= 323; code++) {
        assert_non_null(sim_command_name(code));
        assert_int_equal(sim_command_key(sim_command_name(code)), code);
    }
    assert_null(sim_command_name(272));
    assert_int_equal(sim_command_key("CCR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_match),      cmocka_unit_test(test_clear_one),
        cmocka_unit_test(test_full),       cmocka_unit_test(test_format_parses_back),
        cmocka_unit_test(test_command_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
