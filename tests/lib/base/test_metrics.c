// SPDX-License-Identifier: BSD-3-Clause
// Metrics: what an export contains, that label sets are bounded, and that updates of threads add
// up.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/metrics.h"

static struct metric_family requests = {
    .name = "t_requests_total",
    .help = "Requests.\nBy \\ result",
    .type = METRIC_COUNTER,
    .labels = {"peer", "result"},
    .max_cells = 3,
};
static struct metric_family depth = {
    .name = "t_depth", .help = "Depth.", .type = METRIC_GAUGE};
static const double bounds[] = {0.5, 1, 2.5};
static struct metric_family seconds = {
    .name = "t_seconds",
    .help = "Time.",
    .type = METRIC_HISTOGRAM,
    .labels = {"op"},
    .buckets = bounds,
    .n_buckets = 3,
};
static struct metric_family latency = {
    .name = "t_latency_seconds", .help = "Latency.", .type = METRIC_HISTOGRAM};

static int teardown(void **state)
{
    metric_unregister(&requests);
    metric_unregister(&depth);
    metric_unregister(&seconds);
    metric_unregister(&latency);
    return 0;
}

static void assert_export(const char *expected)
{
    size_t len;
    char *text = metrics_export(&len);
    assert_non_null(text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, expected);
    free(text);
}

static void nothing_registered_exports_nothing(void **state)
{
    assert_export("");
}

static void counter_has_help_type_and_labels(void **state)
{
    metric_inc(METRIC_CELL(&requests, "hss1", "ok"));
    metric_add(METRIC_CELL(&requests, "hss1", "ok"), 2);
    metric_inc(METRIC_CELL(&requests, "hss2", "timeout"));
    assert_export("# HELP t_requests_total Requests.\\nBy \\\\ result\n"
                  "# TYPE t_requests_total counter\n"
                  "t_requests_total{peer=\"hss1\",result=\"ok\"} 3\n"
                  "t_requests_total{peer=\"hss2\",result=\"timeout\"} 1\n");
    assert_int_equal(metric_read(METRIC_CELL(&requests, "hss1", "ok")), 3);
}

static void gauge_goes_up_and_down_without_labels(void **state)
{
    struct metric_cell *cell = metric_cell(&depth, NULL);
    metric_set(cell, 5);
    metric_gauge_add(cell, -7);
    assert_export("# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth -2\n");
}

static void histogram_buckets_are_cumulative(void **state)
{
    struct metric_cell *cell = METRIC_CELL(&seconds, "air");
    const double observed[] = {0.25, 0.5, 0.75, 2.5, 100, NAN};
    for (size_t i = 0; i < sizeof(observed) / sizeof(observed[0]); i++)
        metric_observe(cell, observed[i]);
    assert_int_equal(metric_read(cell), 5);
    assert_export("# HELP t_seconds Time.\n"
                  "# TYPE t_seconds histogram\n"
                  "t_seconds_bucket{op=\"air\",le=\"0.5\"} 2\n"
                  "t_seconds_bucket{op=\"air\",le=\"1\"} 3\n"
                  "t_seconds_bucket{op=\"air\",le=\"2.5\"} 4\n"
                  "t_seconds_bucket{op=\"air\",le=\"+Inf\"} 5\n"
                  "t_seconds_sum{op=\"air\"} 104\n"
                  "t_seconds_count{op=\"air\"} 5\n");
}

static void default_buckets_span_100_us_to_30_s(void **state)
{
    size_t len;
    metric_observe(metric_cell(&latency, NULL), 0.00005);
    char *text = metrics_export(&len);
    assert_non_null(strstr(text, "t_latency_seconds_bucket{le=\"0.0001\"} 1\n"));
    assert_non_null(strstr(text, "t_latency_seconds_bucket{le=\"30\"} 1\n"));
    assert_non_null(strstr(text, "t_latency_seconds_count 1\n"));
    free(text);
}

static void hostile_label_values_are_tamed(void **state)
{
    static const struct {
        const char *value, *exported;
    } rows[] = {
        {"a\"b\\c", "a\\\"b\\\\c"}, {"a\nb", "a?b"},       {"gr\xc3\xbc", "gr\xc3\xbc"},
        {"bad\xff", "bad?"},        {NULL, ""},            {"\xe2\x82", "??"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[200];
        size_t len;
        const char *values[] = {rows[i].value, "x"};
        metric_inc(metric_cell(&requests, values));
        char *text = metrics_export(&len);
        snprintf(expected, sizeof(expected), "{peer=\"%s\",result=\"x\"} 1\n", rows[i].exported);
        assert_non_null(strstr(text, expected));
        free(text);
        metric_unregister(&requests);
    }
}

static void long_label_values_are_cut_and_share_a_cell(void **state)
{
    char a[300], b[300];
    memset(a, 'a', sizeof(a) - 1);
    a[sizeof(a) - 1] = '\0';
    memcpy(b, a, sizeof(a));
    b[250] = 'b';
    assert_ptr_equal(METRIC_CELL(&requests, a, "x"), METRIC_CELL(&requests, b, "x"));
}

static void too_many_label_sets_share_other(void **state)
{
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        metric_inc(METRIC_CELL(&requests, name, "ok"));
    }
    assert_export("# HELP t_requests_total Requests.\\nBy \\\\ result\n"
                  "# TYPE t_requests_total counter\n"
                  "t_requests_total{peer=\"p0\",result=\"ok\"} 1\n"
                  "t_requests_total{peer=\"p1\",result=\"ok\"} 1\n"
                  "t_requests_total{peer=\"p2\",result=\"ok\"} 1\n"
                  "t_requests_total{peer=\"other\",result=\"other\"} 97\n");
}

static void families_are_sorted_and_registered_once(void **state)
{
    size_t len;
    metric_register(&seconds);
    metric_register(&depth);
    metric_register(&depth);
    char *text = metrics_export(&len);
    assert_string_equal(text, "# HELP t_depth Depth.\n# TYPE t_depth gauge\n"
                              "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n");
    free(text);
}

static void collect_depth(void *arg)
{
    metric_set(metric_cell(&depth, NULL), *(int *)arg);
}

static void collectors_run_before_each_export(void **state)
{
    int value = 7;
    assert_int_equal(metrics_on_collect(collect_depth, &value), ERR_OK);
    assert_export("# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth 7\n");
    value = 8;
    assert_export("# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth 8\n");
    metrics_off_collect(collect_depth, &value);
    value = 9;
    assert_export("# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth 8\n");
    metrics_off_collect(collect_depth, &value); // idempotent
}

enum { THREADS = 4, UPDATES = 10000 };

static void *update(void *arg)
{
    for (int i = 0; i < UPDATES; i++) {
        metric_inc(METRIC_CELL(&requests, "hss1", "ok"));
        metric_observe(METRIC_CELL(&seconds, "air"), 0.5);
    }
    return NULL;
}

static void updates_of_threads_add_up(void **state)
{
    pthread_t threads[THREADS];
    size_t len;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, update, NULL);
    for (int i = 0; i < 20; i++)
        free(metrics_export(&len)); // meanwhile
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_read(METRIC_CELL(&requests, "hss1", "ok")), THREADS * UPDATES);
    char *text = metrics_export(&len);
    assert_non_null(strstr(text, "t_seconds_sum{op=\"air\"} 20000\n"));
    assert_non_null(strstr(text, "t_seconds_count{op=\"air\"} 40000\n"));
    free(text);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_teardown(f, teardown)
    const struct CMUnitTest tests[] = {
        CASE(nothing_registered_exports_nothing),
        CASE(counter_has_help_type_and_labels),
        CASE(gauge_goes_up_and_down_without_labels),
        CASE(histogram_buckets_are_cumulative),
        CASE(default_buckets_span_100_us_to_30_s),
        CASE(hostile_label_values_are_tamed),
        CASE(long_label_values_are_cut_and_share_a_cell),
        CASE(too_many_label_sets_share_other),
        CASE(families_are_sorted_and_registered_once),
        CASE(collectors_run_before_each_export),
        CASE(updates_of_threads_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
