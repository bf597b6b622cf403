// SPDX-License-Identifier: BSD-3-Clause
// Scripted replies as text and as rules.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sgsap/sgsap.h"
#include "vlr_sim/rule.h"

static void rules_are_read_and_written(void **state)
{
    static const struct {
        const char *in, *out;
    } table[] = {
        {"location-update-request reject=3", "0: LOCATION-UPDATE-REQUEST reject=3 (0 hits)"},
        {"any drop", "0: any drop (0 hits)"},
        {"SERVICE-REQUEST imsi=00101 count=2 delay=50 abort",
         "0: SERVICE-REQUEST imsi=00101 count=2 delay=50 abort (0 hits)"},
        {"RESET-ACK delay=100", "0: RESET-ACK delay=100 (0 hits)"},
        {"UPLINK-UNITDATA raw=0Bff", "0: UPLINK-UNITDATA raw=0bff (0 hits)"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct vlr_rule rule;
        const char *why;
        char text[256];
        enum err err = vlr_rule_parse(table[i].in, &rule, &why);
        if (err)
            fail_msg("%s: %s", table[i].in, why);
        vlr_rule_format(&rule, text, sizeof(text));
        assert_string_equal(text, table[i].out);
    }
}

static void nonsense_is_refused_with_a_reason(void **state)
{
    static const char *const wrong[] = {
        "", "NO-SUCH-MESSAGE drop", "any", "any count=1", "any drop abort", "any reject=256",
        "any reject=", "any raw=", "any raw=1", "any imsi=12a drop", "any imsi= drop",
        "any count=0 drop", "any count=-1 drop", "any dropx", "any delay=1h", "any drop raw=00",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct vlr_rule rule;
        const char *why = NULL;
        if (vlr_rule_parse(wrong[i], &rule, &why) == ERR_OK)
            fail_msg("'%s' was accepted", wrong[i]);
        assert_non_null(why);
    }
}

static unsigned add(struct vlr_rules *rules, const char *text)
{
    struct vlr_rule rule;
    const char *why;
    unsigned id;
    assert_int_equal(vlr_rule_parse(text, &rule, &why), ERR_OK);
    assert_int_equal(vlr_rules_add(rules, &rule, &id), ERR_OK);
    return id;
}

static void the_first_rule_that_fits_takes_the_message(void **state)
{
    static struct vlr_rules rules;
    struct vlr_rule rule;
    add(&rules, "SERVICE-REQUEST imsi=00102 drop");
    add(&rules, "SERVICE-REQUEST imsi=00101 count=2 status=7");
    add(&rules, "any imsi=0010199 shutdown");
    assert_true(vlr_rules_match(&rules, SGSAP_SERVICE_REQUEST, "001019900000001", &rule));
    assert_int_equal(rule.deed, VLR_STATUS);
    assert_true(vlr_rules_match(&rules, SGSAP_SERVICE_REQUEST, "001019900000001", &rule));
    assert_int_equal(rules.n, 2); // used up
    assert_true(vlr_rules_match(&rules, SGSAP_SERVICE_REQUEST, "001019900000001", &rule));
    assert_int_equal(rule.deed, VLR_SHUTDOWN);
    assert_false(vlr_rules_match(&rules, SGSAP_SERVICE_REQUEST, "001030000000001", &rule));
    assert_false(vlr_rules_match(&rules, SGSAP_RESET_ACK, NULL, &rule));
}

static void rules_are_bounded_and_cleared(void **state)
{
    static struct vlr_rules rules;
    struct vlr_rule rule;
    const char *why;
    unsigned id = 0;
    for (int i = 0; i < VLR_RULES_MAX; i++)
        id = add(&rules, "any drop");
    assert_int_equal(vlr_rule_parse("any drop", &rule, &why), ERR_OK);
    assert_int_equal(vlr_rules_add(&rules, &rule, &id), ERR_FULL);
    assert_int_equal(vlr_rules_clear(&rules, id), 1);
    assert_int_equal(vlr_rules_clear(&rules, id), 0);
    assert_int_equal(vlr_rules_clear(&rules, 0), VLR_RULES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_and_written),
        cmocka_unit_test(nonsense_is_refused_with_a_reason),
        cmocka_unit_test(the_first_rule_that_fits_takes_the_message),
        cmocka_unit_test(rules_are_bounded_and_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
