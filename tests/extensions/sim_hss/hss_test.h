// SPDX-License-Identifier: BSD-3-Clause
// Common ground of the simulator's tests: a generator, a subscriber, a scratch database.
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

#include "hss_fields.h"
#include "hss_store.h"

#define TEST_IMSI "001010000000001"
#define TEST_K "465b5ce8b199b49faa5f0a2ee238a6bc"
#define TEST_OPC "e8ed289deba952e4283b54e88e6183ca"

static inline struct aka_gen *test_gen(void)
{
    struct aka_gen *gen = NULL;

    assert_int_equal(aka_gen_new(&gen), ERR_OK);
    return gen;
}

// A finished profile of `assignments` (NULL-terminated "field=value") on top of usual test values.
static inline struct hss_profile *test_profile(const char *const *assignments)
{
    static const char *const usual[] = {
        "imsi=" TEST_IMSI, "msisdn=491700000001", "k=" TEST_K, "opc=" TEST_OPC, "apns=internet",
    };
    struct hss_profile *p = hss_profile_new();
    struct aka_gen *gen = test_gen();
    const char *why = NULL;

    assert_non_null(p);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        assert_int_equal(hss_field_assign(p, usual[i], NULL), ERR_OK);
    for (size_t i = 0; assignments && assignments[i]; i++)
        assert_int_equal(hss_field_assign(p, assignments[i], NULL), ERR_OK);
    assert_int_equal(hss_profile_finish(p, gen, &why), ERR_OK);
    aka_gen_free(gen);
    return p;
}
#define TEST_PROFILE(...) test_profile((const char *const[]){__VA_ARGS__, NULL})

// The text of a field.
static inline const char *test_text(const struct hss_profile *p, const char *name)
{
    static char text[HSS_FIELD_TEXT_MAX];
    const struct hss_field *f = hss_field_find(name);

    assert_non_null(f);
    f->get(p, f, text, sizeof text);
    return text;
}

// A new file name in a new folder; test_scratch_remove deletes both and SQLite's files beside it.
static inline char *test_scratch(void)
{
    static char path[128];
    char folder[] = "/tmp/hss-test-XXXXXX";

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hss.db", folder);
    return path;
}

static inline void test_scratch_remove(const char *path)
{
    char name[160];

    unlink(path);
    snprintf(name, sizeof name, "%s-wal", path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", path);
    unlink(name);
    snprintf(name, sizeof name, "%s", path);
    *strrchr(name, '/') = '\0';
    rmdir(name);
}
