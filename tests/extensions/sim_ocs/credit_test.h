// SPDX-License-Identifier: BSD-3-Clause
// For tests of the credit-control simulators' cores: requests and answers as text.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim_cc.h"
#include "sim_config.h"
#include "sim_script.h"

#define IMSI "001010000000001"
#define SESSION "gw.example;1;1"

static inline json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);

    if (!value)
        fail_msg("%s: %s", text, error.text);
    return value;
}

// A request of the type with a number and further AVPs (JSON members without braces).
static inline json_t *credit_send(struct sim_cc *cc, const char *type, int number, const char *more)
{
    char *text = NULL;
    json_t *request, *answer = NULL;

    assert_true(asprintf(&text,
                         "{\"Session-Id\":\"" SESSION "\",\"Origin-Host\":\"gw.example\","
                         "\"Origin-Realm\":\"example\",\"Auth-Application-Id\":4,"
                         "\"CC-Request-Type\":\"%s_REQUEST\",\"CC-Request-Number\":%d,"
                         "\"Subscription-Id\":{\"Subscription-Id-Type\":\"END_USER_IMSI\","
                         "\"Subscription-Id-Data\":\"" IMSI "\"}%s%s}",
                         type, number, *more ? "," : "", more) > 0);
    request = json_of(text);
    sim_cc_handle(cc, request, &answer);
    json_decref(request);
    free(text);
    return answer;
}

static inline void print_difference(void *ctx, const char *path, const char *difference)
{
    print_error("%s: %s\n", path, difference);
}

// The answer has these AVPs; it is freed.
static inline void expect(json_t *answer, const char *text)
{
    json_t *expected = json_of(text);

    assert_int_equal(sim_diff(expected, answer, print_difference, NULL), 0);
    json_decref(expected);
    json_decref(answer);
}

// Where a test's database is; `forget_database` takes it away.
static inline const char *database_path(void)
{
    static char path[64];

    snprintf(path, sizeof path, "/tmp/test-credit-%d.db", (int)getpid());
    return path;
}

static inline void forget_database(void)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    char name[80];

    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", database_path(), parts[i]);
        unlink(name);
    }
}

static inline void print_line(const char *line)
{
    print_error("%s\n", line);
}

// The sample of the configuration, which is its manual, is in order.
static inline void check_sample_configuration(const char *path, const char *control)
{
    struct sim_config config;

    assert_int_equal(sim_config_load(path, &config, print_line), ERR_OK);
    assert_string_equal(config.control, control);
    assert_int_equal(config.push_timeout_ms, 5000);
    assert_true(config.peers.nodelay);
    sim_config_free(&config);
    assert_int_not_equal(sim_config_load("/nonexistent", &config, print_line), ERR_OK);
}

// Runs a command of up to five words; returns what it wrote (to be freed).
static inline char *credit_command(struct sim_cc *cc, int code, const char *a, const char *b,
                                   const char *c, const char *d, const char *e)
{
    const char *given[] = {a, b, c, d, e};
    char *words[5];
    struct sim_reply reply = {0};
    int n = 0;

    while (n < 5 && given[n]) {
        words[n] = strdup(given[n]);
        n++;
    }
    assert_int_equal(sim_cc_command(cc, n, words, &reply), code);
    while (n > 0)
        free(words[--n]);
    return reply.text;
}
#define command(cc, code, ...) \
    free(credit_command_(cc, code, __VA_ARGS__, NULL, NULL, NULL, NULL, 0))
#define credit_command_(cc, code, a, b, c, d, e, ...) credit_command(cc, code, a, b, c, d, e)
