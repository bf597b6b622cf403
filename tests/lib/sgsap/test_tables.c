// SPDX-License-Identifier: BSD-3-Clause
// The tables are complete and agree with themselves: every number has a name, every message sound
// parts, every IE a use.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sgsap/guard.h"
#include "sgsap/sgsap.h"

static bool is_named(const char *name)
{
    return strcmp(name, "unknown") != 0;
}

static void names_and_rows_cover_the_same_messages(void **state)
{
    size_t n = 0;
    for (unsigned type = 0; type < 256; type++) {
        const struct sgsap_message *message = sgsap_message_of((uint8_t)type);
        assert_int_equal(is_named(sgsap_type_name((uint8_t)type)), message != NULL);
        if (!message)
            continue;
        n++;
        assert_string_equal(message->name, sgsap_type_name((uint8_t)type));
        assert_true(message->from_mme || message->from_vlr);
        assert_true(message->n_parts > 0 && message->n_parts <= SGSAP_PARTS_MAX);
    }
    assert_int_equal(n, 25); // TS 29.118 §8.1 to §8.25
}

static void an_iei_occurs_once_in_a_message_except_the_location_areas(void **state)
{
    for (unsigned type = 0; type < 256; type++) {
        const struct sgsap_message *message = sgsap_message_of((uint8_t)type);
        for (int i = 0; message && i < message->n_parts; i++) {
            for (int j = 0; j < i; j++) {
                enum sgsap_ie a = message->parts[i].ie, b = message->parts[j].ie;
                if (a == SGSAP_IE_OLD_LAI && b == SGSAP_IE_LAI)
                    continue;
                assert_int_not_equal(sgsap_element_of(a)->iei, sgsap_element_of(b)->iei);
            }
        }
    }
}

static void every_ie_is_named_bounded_and_used(void **state)
{
    for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++) {
        const struct sgsap_element *element = sgsap_element_of(ie);
        bool used = false;
        assert_true(is_named(sgsap_ie_name(ie)));
        assert_true(element->min >= 1 && element->min <= element->max);
        for (unsigned type = 0; type < 256; type++) {
            const struct sgsap_message *message = sgsap_message_of((uint8_t)type);
            for (int i = 0; message && i < message->n_parts; i++)
                used = used || message->parts[i].ie == ie;
        }
        if (!used)
            fail_msg("%s is in no message", element->name);
    }
    assert_null(sgsap_element_of(SGSAP_IE_NONE));
    assert_false(is_named(sgsap_ie_name(SGSAP_IE_NONE)));
}

static void every_cause_type_and_remark_is_named(void **state)
{
    for (unsigned i = 0; i <= SGSAP_CAUSE_TEMPORARILY_UNREACHABLE; i++)
        assert_true(is_named(sgsap_cause_name((uint8_t)i)));
    assert_false(is_named(sgsap_cause_name(15)));
    for (uint8_t i = 1; i <= 3; i++) {
        assert_true(is_named(sgsap_eps_detach_name(i)));
        assert_true(is_named(sgsap_imsi_detach_name(i)));
    }
    for (uint8_t i = 1; i <= 2; i++) {
        assert_true(is_named(sgsap_eps_lu_type_name(i)));
        assert_true(is_named(sgsap_service_name(i)));
    }
    for (unsigned bit = 0; bit < 7; bit++)
        assert_true(is_named(sgsap_remark_name((enum sgsap_remark)(1 << bit))));
    assert_true(is_named(sgsap_emm_mode_name(0)) && is_named(sgsap_emm_mode_name(1)));
    assert_true(is_named(sgsap_lcs_indicator_name(1)));
    assert_true(is_named(sgsap_reject_cause_name(2)) && is_named(sgsap_reject_cause_name(55)));
    assert_true(is_named(sgsap_side_name(SGSAP_MME)) && is_named(sgsap_side_name(SGSAP_VLR)));
}

static void every_procedure_has_a_name_and_messages_of_the_right_side(void **state)
{
    for (enum sgsap_procedure p = 0; p < SGSAP_PROC_COUNT; p++) {
        uint8_t request = sgsap_procedure_request(p);
        assert_true(is_named(sgsap_procedure_name(p)));
        assert_true(request == 0 || sgsap_message_of(request) != NULL);
    }
    assert_int_equal(sgsap_procedure_answered_by(SGSAP_RESET_ACK, SGSAP_VLR),
                     SGSAP_PROC_MME_RESET);
    assert_int_equal(sgsap_procedure_answered_by(SGSAP_RESET_ACK, SGSAP_MME),
                     SGSAP_PROC_VLR_RESET);
    assert_int_equal(sgsap_procedure_answered_by(SGSAP_EPS_DETACH_ACK, SGSAP_VLR),
                     SGSAP_PROC_EPS_DETACH);
    assert_int_equal(sgsap_procedure_answered_by(SGSAP_STATUS, SGSAP_VLR), SGSAP_PROC_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_rows_cover_the_same_messages),
        cmocka_unit_test(an_iei_occurs_once_in_a_message_except_the_location_areas),
        cmocka_unit_test(every_ie_is_named_bounded_and_used),
        cmocka_unit_test(every_cause_type_and_remark_is_named),
        cmocka_unit_test(every_procedure_has_a_name_and_messages_of_the_right_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
