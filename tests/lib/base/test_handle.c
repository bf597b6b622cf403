// SPDX-License-Identifier: BSD-3-Clause
// Handles: an id finds its object until it is released, never another one afterwards.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/handle.h"

static struct base_handles *table_of(size_t capacity)
{
    struct base_handles *table;
    assert_int_equal(base_handles_new(capacity, &table), ERR_OK);
    return table;
}

static void id_finds_its_object_until_release(void **state)
{
    struct base_handles *table = table_of(4);
    int a, b;
    base_handle ha, hb;
    assert_int_equal(base_handle_alloc(table, &a, &ha), ERR_OK);
    assert_int_equal(base_handle_alloc(table, &b, &hb), ERR_OK);
    assert_true(ha != hb);
    assert_true(ha != 0 && hb != 0);
    assert_ptr_equal(base_handle_get(table, ha), &a);
    assert_ptr_equal(base_handle_release(table, ha), &a);
    assert_null(base_handle_get(table, ha));
    assert_null(base_handle_release(table, ha));
    assert_ptr_equal(base_handle_get(table, hb), &b);
    base_handles_free(table);
}

static void reused_slot_does_not_answer_the_old_id(void **state)
{
    struct base_handles *table = table_of(1);
    int a, b;
    base_handle old, new;
    assert_int_equal(base_handle_alloc(table, &a, &old), ERR_OK);
    base_handle_release(table, old);
    assert_int_equal(base_handle_alloc(table, &b, &new), ERR_OK);
    assert_true(old != new);
    assert_null(base_handle_get(table, old));
    assert_ptr_equal(base_handle_get(table, new), &b);
    base_handles_free(table);
}

static void capacity_bounds_the_live_ones(void **state)
{
    enum { CAPACITY = 100 }; // no power of two: growth must stop at it
    struct base_handles *table = table_of(CAPACITY);
    int objects[CAPACITY + 1];
    base_handle handles[CAPACITY + 1];
    for (int i = 0; i < CAPACITY; i++)
        assert_int_equal(base_handle_alloc(table, &objects[i], &handles[i]), ERR_OK);
    assert_int_equal(base_handle_alloc(table, &objects[CAPACITY], &handles[CAPACITY]), ERR_FULL);
    assert_int_equal(base_handles_used(table), CAPACITY);
    for (int i = 0; i < CAPACITY; i++)
        assert_ptr_equal(base_handle_get(table, handles[i]), &objects[i]);
    base_handle_release(table, handles[7]);
    assert_int_equal(base_handle_alloc(table, &objects[CAPACITY], &handles[CAPACITY]), ERR_OK);
    base_handles_free(table);
}

static void invented_ids_find_nothing(void **state)
{
    struct base_handles *table = table_of(10);
    int a;
    base_handle h;
    assert_int_equal(base_handle_alloc(table, &a, &h), ERR_OK);
    const base_handle invented[] = {0, 1, 2, h + 1, h ^ (1ULL << 32), UINT64_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof(invented) / sizeof(invented[0]); i++) {
        assert_null(base_handle_get(table, invented[i]));
        assert_null(base_handle_release(table, invented[i]));
    }
    assert_int_equal(base_handles_used(table), 1);
    base_handles_free(table);
}

static void null_objects_and_absurd_capacities_are_refused(void **state)
{
    struct base_handles *table = table_of(1);
    base_handle h;
    assert_int_equal(base_handle_alloc(table, NULL, &h), ERR_INVALID);
    base_handles_free(table);
    assert_int_equal(base_handles_new(0, &table), ERR_INVALID);
    assert_int_equal(base_handles_new(UINT32_MAX, &table), ERR_INVALID);
    base_handles_free(NULL);
}

struct visit {
    struct base_handles *table;
    int seen;
};

static void release_visited(base_handle handle, void *obj, void *arg)
{
    struct visit *visit = arg;
    visit->seen++;
    assert_ptr_equal(base_handle_release(visit->table, handle), obj);
}

static void each_visits_all_and_may_release(void **state)
{
    struct base_handles *table = table_of(1000);
    int object;
    base_handle h;
    for (int i = 0; i < 150; i++)
        assert_int_equal(base_handle_alloc(table, &object, &h), ERR_OK);
    struct visit visit = {.table = table};
    base_handles_each(table, release_visited, &visit);
    assert_int_equal(visit.seen, 150);
    assert_int_equal(base_handles_used(table), 0);
    base_handles_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_finds_its_object_until_release),
        cmocka_unit_test(reused_slot_does_not_answer_the_old_id),
        cmocka_unit_test(capacity_bounds_the_live_ones),
        cmocka_unit_test(invented_ids_find_nothing),
        cmocka_unit_test(null_objects_and_absurd_capacities_are_refused),
        cmocka_unit_test(each_visits_all_and_may_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
