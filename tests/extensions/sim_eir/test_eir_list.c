// SPDX-License-Identifier: BSD-3-Clause
// The EIR's list: the longest prefix counts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "eir_list.h"

static struct eir_list *list;

static int setup(void **state)
{
    return eir_list_new(&list);
}

static int teardown(void **state)
{
    eir_list_free(list);
    return 0;
}

static enum eir_status find(const char *imei)
{
    return eir_list_find(list, imei, EIR_UNKNOWN);
}

static void the_longest_prefix_counts(void **state)
{
    assert_int_equal(eir_list_set(list, "3560", EIR_WHITE), ERR_OK);
    assert_int_equal(eir_list_set(list, "35609204", EIR_GREY), ERR_OK);
    assert_int_equal(eir_list_set(list, "35609204079301", EIR_BLACK), ERR_OK);
    assert_int_equal(find("35609204079301"), EIR_BLACK);
    assert_int_equal(find("356092040793017"), EIR_BLACK);
    assert_int_equal(find("35609204079302"), EIR_GREY);
    assert_int_equal(find("35600000000000"), EIR_WHITE);
    assert_int_equal(find("35500000000000"), EIR_UNKNOWN);
    assert_int_equal(find(""), EIR_UNKNOWN);
}

static void entries_change_and_go(void **state)
{
    assert_int_equal(eir_list_set(list, "3560", EIR_WHITE), ERR_OK);
    assert_int_equal(eir_list_set(list, "3560", EIR_BLACK), ERR_OK);
    assert_int_equal(find("35600000000000"), EIR_BLACK);
    assert_int_equal(eir_list_drop(list, "3560"), ERR_OK);
    assert_int_equal(eir_list_drop(list, "3560"), ERR_NOT_FOUND);
    assert_int_equal(find("35600000000000"), EIR_UNKNOWN);
}

static void only_digits_are_taken(void **state)
{
    assert_int_equal(eir_list_set(list, "", EIR_WHITE), ERR_INVALID);
    assert_int_equal(eir_list_set(list, "35x", EIR_WHITE), ERR_INVALID);
    assert_int_equal(eir_list_set(list, "12345678901234567", EIR_WHITE), ERR_INVALID);
}

static void many_entries(void **state)
{
    char prefix[17];

    for (unsigned i = 0; i < 5000; i++) {
        snprintf(prefix, sizeof prefix, "%014u", i * 7919 % 5000);
        assert_int_equal(eir_list_set(list, prefix, (enum eir_status)(i * 7919 % 5000 % 3)),
                         ERR_OK);
    }
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(prefix, sizeof prefix, "%014u", i);
        assert_int_equal(find(prefix), i % 3);
    }
}

static void names_are_complete(void **state)
{
    for (int i = 0; i < EIR_STATUSES; i++) {
        enum eir_status status;

        assert_int_equal(eir_status_parse(eir_status_name((enum eir_status)i), &status), ERR_OK);
        assert_int_equal(status, i);
    }
    assert_null(eir_status_name(EIR_STATUSES));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_longest_prefix_counts), CASE(entries_change_and_go),
        CASE(only_digits_are_taken),     CASE(many_entries),
        CASE(names_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
