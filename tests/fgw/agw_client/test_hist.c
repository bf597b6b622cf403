// SPDX-License-Identifier: BSD-3-Clause
// The latency histogram of fgw-agw: quantiles stay within the width of a cell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agw_client/hist.h"

static struct hist hist;

static int given_empty(void **state)
{
    hist = (struct hist){.n = 0};
    return 0;
}

static void an_empty_histogram_answers_zero(void **state)
{
    assert_int_equal(hist_quantile(&hist, 0.5), 0);
}

static void one_value_is_every_quantile(void **state)
{
    hist_add(&hist, 123456789);
    assert_in_range(hist_quantile(&hist, 0.0), 121000000, 123456789);
    assert_in_range(hist_quantile(&hist, 1.0), 121000000, 123456789);
}

static void quantiles_of_a_uniform_spread_are_within_two_percent(void **state)
{
    for (int64_t us = 1; us <= 100000; us++)
        hist_add(&hist, us * 1000);
    static const struct {
        double quantile;
        int64_t us;
    } cases[] = {{0.5, 50000}, {0.9, 90000}, {0.99, 99000}, {0.001, 100}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t got = hist_quantile(&hist, cases[i].quantile);
        assert_in_range(got, cases[i].us * 980, cases[i].us * 1020);
    }
    assert_int_equal(hist.max, 100000000);
}

static void extremes_do_not_leave_the_table(void **state)
{
    hist_add(&hist, -5);
    hist_add(&hist, 0);
    hist_add(&hist, INT64_MAX);
    assert_int_equal(hist.n, 3);
    assert_int_equal(hist_quantile(&hist, 0.0), 0);
    assert_true(hist_quantile(&hist, 1.0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_histogram_answers_zero, given_empty),
        cmocka_unit_test_setup(one_value_is_every_quantile, given_empty),
        cmocka_unit_test_setup(quantiles_of_a_uniform_spread_are_within_two_percent, given_empty),
        cmocka_unit_test_setup(extremes_do_not_leave_the_table, given_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
