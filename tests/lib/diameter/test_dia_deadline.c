// SPDX-License-Identifier: BSD-3-Clause
// When the library is to forget a request: a time that its thread can wait for, whatever has become
// of the deadline. One that is none ends that thread, and nothing is forgotten any more.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "diameter/stack_int.h"

static void it_is_a_time_and_not_before_now(void **state)
{
    static const int64_t from_now_ms[] = {-100000, -2500, -2001, -1, 0, 1, 999, 8000, 600000};
    for (size_t i = 0; i < sizeof(from_now_ms) / sizeof(from_now_ms[0]); i++) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        struct timespec at = dia_library_deadline(base_now_ns() + from_now_ms[i] * BASE_MS_NS);
        assert_in_range(at.tv_nsec, 0, 999999999);
        assert_true(at.tv_sec >= now.tv_sec + (from_now_ms[i] > 0 ? from_now_ms[i] / 1000 : 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_a_time_and_not_before_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
