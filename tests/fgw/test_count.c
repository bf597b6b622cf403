// SPDX-License-Identifier: BSD-3-Clause
// Counting of procedures: every label set has its own cell, whatever is remembered per thread.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/clock.h"
#include "fgw/gateway.h"

static void expect_line(const char *line)
{
    size_t len;
    char *text = metrics_export(&len);
    assert_non_null(text);
    if (!strstr(text, line))
        print_message("missing: %s\nin:\n%s\n", line, text);
    assert_non_null(strstr(text, line));
    free(text);
}

static void procedures_are_counted_by_all_labels(void **state)
{
    char result[8] = "2001"; // not static text
    for (int i = 0; i < 3; i++)
        fgw_count("t1", "AIR", FGW_UP, "hss1", result, 2 * BASE_MS_NS);
    memcpy(result, "5001", 5);
    fgw_count("t1", "AIR", FGW_UP, "hss1", result, BASE_MS_NS);
    fgw_count("t1", "CLR", FGW_DOWN, NULL, "OK", BASE_S_NS);
    expect_line("fgw_requests_total{interface=\"t1\",procedure=\"AIR\",direction=\"up\","
                "peer=\"hss1\",result=\"2001\"} 3\n");
    expect_line("fgw_requests_total{interface=\"t1\",procedure=\"AIR\",direction=\"up\","
                "peer=\"hss1\",result=\"5001\"} 1\n");
    expect_line("fgw_requests_total{interface=\"t1\",procedure=\"CLR\",direction=\"down\","
                "peer=\"\",result=\"OK\"} 1\n");
    expect_line("fgw_latency_seconds_count{interface=\"t1\",procedure=\"AIR\","
                "direction=\"up\"} 4\n");
}

static void labels_that_collide_or_are_long_are_kept_apart(void **state)
{
    char peer[300], line[512];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 600; i++) { // more than a thread remembers
            snprintf(peer, sizeof(peer), "peer%d", i);
            fgw_count("t2", "ULR", FGW_UP, peer, "2001", 1);
        }
    }
    memset(peer, 'p', sizeof(peer) - 1);
    peer[sizeof(peer) - 1] = '\0';
    fgw_count("t2", "ULR", FGW_UP, peer, "2001", 1);
    fgw_count("t2", "ULR", FGW_UP, peer, "2001", 1);
    for (int i = 0; i < 600; i += 37) {
        snprintf(line, sizeof(line), "peer=\"peer%d\",result=\"2001\"} 2\n", i);
        expect_line(line);
    }
    expect_line("p\",result=\"2001\"} 2\n");
    fgw_count("ab", "c", FGW_UP, "", "x", 1); // "a" "bc" is another one
    fgw_count("a", "bc", FGW_UP, "", "x", 1);
    expect_line("interface=\"ab\",procedure=\"c\",direction=\"up\",peer=\"\",result=\"x\"} 1\n");
    expect_line("interface=\"a\",procedure=\"bc\",direction=\"up\",peer=\"\",result=\"x\"} 1\n");
}

static void *count_many(void *arg)
{
    for (int i = 0; i < 10000; i++)
        fgw_count("t3", "AIR", FGW_UP, i % 2 ? "a" : "b", "2001", 1);
    return NULL;
}

static void threads_count_together(void **state)
{
    pthread_t threads[4];
    int64_t begin = base_now_ns();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    print_message("%ld ns per count\n", (long)((base_now_ns() - begin) / 40000));
    expect_line("fgw_requests_total{interface=\"t3\",procedure=\"AIR\",direction=\"up\","
                "peer=\"a\",result=\"2001\"} 20000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(procedures_are_counted_by_all_labels),
        cmocka_unit_test(labels_that_collide_or_are_long_are_kept_apart),
        cmocka_unit_test(threads_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
