// SPDX-License-Identifier: BSD-3-Clause
// The bounded cache: what was put is there until its end, the oldest goes first, nothing is lost
// track of.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fgw/cache.h"

static void get(void *arg, void *value, size_t *len)
{
    memcpy(arg, value, *len);
}

static void take(void *arg, void *value, size_t *len)
{
    *len = 0;
}

static int look(struct fgw_cache *cache, const char *key, int64_t now)
{
    uint8_t value[8] = {0};
    return fgw_cache_edit(cache, key, now, get, value) ? value[0] : -1;
}

static void put(struct fgw_cache *cache, const char *key, uint8_t value, int64_t until)
{
    assert_int_equal(fgw_cache_put(cache, key, &value, 1, until), ERR_OK);
}

static void lives_until_its_end(void **state)
{
    struct fgw_cache *cache;
    assert_int_equal(fgw_cache_new(64, 8, &cache), ERR_OK);
    put(cache, "a", 7, 100);
    assert_int_equal(look(cache, "a", 99), 7);
    assert_int_equal(look(cache, "b", 99), -1);
    put(cache, "a", 8, 200); // replaced
    assert_int_equal(look(cache, "a", 199), 8);
    assert_int_equal(look(cache, "a", 200), -1);
    assert_int_equal(fgw_cache_count(cache), 0);
    fgw_cache_free(cache);
}

static void can_be_taken_and_removed(void **state)
{
    struct fgw_cache *cache;
    assert_int_equal(fgw_cache_new(64, 8, &cache), ERR_OK);
    put(cache, "a", 7, 100);
    assert_true(fgw_cache_edit(cache, "a", 0, take, NULL));
    assert_false(fgw_cache_edit(cache, "a", 0, take, NULL));
    put(cache, "a", 7, 100);
    fgw_cache_remove(cache, "a");
    fgw_cache_remove(cache, "a");
    assert_int_equal(fgw_cache_count(cache), 0);
    fgw_cache_free(cache);
}

static void what_is_too_long_is_refused(void **state)
{
    struct fgw_cache *cache;
    char key[FGW_CACHE_KEY_MAX + 2];
    const uint8_t value[9] = {0};
    assert_int_equal(fgw_cache_new(64, 8, &cache), ERR_OK);
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    assert_int_equal(fgw_cache_put(cache, key, value, 1, 1), ERR_RANGE);
    assert_int_equal(fgw_cache_put(cache, "a", value, 9, 1), ERR_RANGE);
    assert_int_equal(fgw_cache_put(cache, "a", value, 0, 1), ERR_RANGE);
    fgw_cache_free(cache);
}

static void the_oldest_goes_first(void **state)
{
    enum { CAPACITY = 640, PUT = 5000 };
    struct fgw_cache *cache;
    char key[16];
    size_t young = 0;
    assert_int_equal(fgw_cache_new(CAPACITY, 8, &cache), ERR_OK);
    for (int i = 0; i < PUT; i++) {
        snprintf(key, sizeof(key), "%015d", i);
        put(cache, key, (uint8_t)i, 100);
        assert_int_equal(look(cache, key, 0), (uint8_t)i); // the newest is always there
        assert_true(fgw_cache_count(cache) <= CAPACITY);
    }
    for (int i = PUT - CAPACITY / 4; i < PUT; i++) {
        snprintf(key, sizeof(key), "%015d", i);
        young += look(cache, key, 0) >= 0;
    }
    assert_true(young > CAPACITY / 4 * 9 / 10); // shards fill unevenly, a little
    snprintf(key, sizeof(key), "%015d", 0);
    assert_int_equal(look(cache, key, 0), -1);
    fgw_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_until_its_end),
        cmocka_unit_test(can_be_taken_and_removed),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(the_oldest_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
