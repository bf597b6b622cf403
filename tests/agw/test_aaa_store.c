// SPDX-License-Identifier: BSD-3-Clause
// The database: records are on disk when done says so; sessions and keys survive; keys rotate.
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "aaa/store.h"

struct world {
    char folder[32], path[64];
    struct base_loop *loop;
    struct aaa_store *store;
    unsigned done, failed;
};

static void open_store(struct world *w)
{
    assert_int_equal(base_loop_new("test", 64, &w->loop), ERR_OK);
    assert_int_equal(aaa_store_open(w->path, w->loop, &w->store), ERR_OK);
}

static void close_store(struct world *w)
{
    aaa_store_close(w->store);
    base_loop_free(w->loop);
    aaa_store_free(w->store);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    snprintf(w->folder, sizeof(w->folder), "/tmp/test-store-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof(w->path), "%s/aaa.db", w->folder);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    snprintf(command, sizeof(command), "rm -r '%s'", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void on_done(void *ctx, enum err err)
{
    struct world *w = ctx;
    w->failed += err != ERR_OK;
    if (++w->done == 50)
        base_loop_stop(w->loop);
}

static void records_are_written_before_done(void **state)
{
    struct world *w = *state;
    struct aaa_record record = {.time = 1, .status = 1, .acct_id = "a'; DROP TABLE accounting"};
    struct stat st;
    open_store(w);
    for (int i = 0; i < 50; i++)
        assert_int_equal(aaa_store_account(w->store, &record, on_done, w), ERR_OK);
    assert_int_equal(base_loop_run(w->loop), ERR_OK);
    assert_int_equal(w->done, 50);
    assert_int_equal(w->failed, 0);
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600); // keys are in there
    // what is still under way when it closes is written, and nobody is told
    for (int i = 0; i < 5; i++)
        assert_int_equal(aaa_store_account(w->store, &record, on_done, w), ERR_OK);
    close_store(w);
    assert_int_equal(w->done, 50);
}

static unsigned records(const struct world *w, const char *where)
{
    char sql[128];
    sqlite3 *db;
    sqlite3_stmt *st;
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM accounting WHERE %s", where);
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    unsigned n = (unsigned)sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

struct later {
    struct base_timer timer;
    struct base_loop *loop;
};

static void stop_loop(struct base_timer *timer)
{
    base_loop_stop(BASE_CONTAINER_OF(timer, struct later, timer)->loop);
}

static void old_records_go(void **state)
{
    struct world *w = *state;
    struct aaa_record old = {.time = time(NULL) - 1000, .acct_id = "old"};
    struct aaa_record young = {.time = time(NULL), .acct_id = "young"};
    const int64_t keeps[] = {0, 100}; // for ever; less than the old ones' age
    for (size_t i = 0; i < 2; i++) {
        struct later later;
        w->done = 0;
        open_store(w);
        for (int n = 0; n < 25; n++) {
            assert_int_equal(aaa_store_account(w->store, &old, on_done, w), ERR_OK);
            assert_int_equal(aaa_store_account(w->store, &young, on_done, w), ERR_OK);
        }
        assert_int_equal(base_loop_run(w->loop), ERR_OK);
        aaa_store_keep(w->store, keeps[i]);
        later.loop = w->loop;
        base_timer_init(&later.timer, w->loop, stop_loop);
        base_timer_start(&later.timer, 1); // after the one that begins the purge
        assert_int_equal(base_loop_run(w->loop), ERR_OK);
        close_store(w);
        assert_int_equal(records(w, "acct_id='old'"), i == 0 ? 25 : 0);
        assert_int_equal(records(w, "acct_id='young'"), 25 * (i + 1));
    }
}

static void count(void *ctx, const struct aaa_session_data *data)
{
    unsigned *n = ctx;
    (*n)++;
    assert_string_equal(data->imsi, "001010000000002");
    assert_string_equal(data->id, "bbbb");
    assert_int_equal(data->expires, 77);
    assert_true(data->registered);
}

static void sessions_survive(void **state)
{
    struct world *w = *state;
    struct aaa_session_data one = {.id = "aaaa", .imsi = "001010000000001"};
    struct aaa_session_data two = {
        .id = "bbbb", .imsi = "001010000000002", .expires = 76, .registered = true};
    unsigned n = 0;
    open_store(w);
    aaa_store_put(w->store, &one);
    aaa_store_put(w->store, &two);
    two.expires = 77;
    aaa_store_put(w->store, &two);
    aaa_store_forget(w->store, "aaaa");
    close_store(w);
    open_store(w);
    assert_int_equal(aaa_store_each(w->store, count, &n), ERR_OK);
    assert_int_equal(n, 1);
    close_store(w);
}

static void keys_survive_and_rotate(void **state)
{
    struct world *w = *state;
    struct eap_pseudonym_keys first, again, next;
    open_store(w);
    assert_int_equal(aaa_store_keys(w->store, 1000, &first), ERR_OK);
    close_store(w);
    open_store(w);
    assert_int_equal(aaa_store_keys(w->store, 1000, &again), ERR_OK);
    assert_memory_equal(&first, &again, sizeof(first));
    assert_int_equal(aaa_store_keys(w->store, 0, &next), ERR_OK); // too old
    assert_int_equal(next.current, 1);
    assert_memory_equal(next.key[0], first.key[0], 16);
    assert_memory_not_equal(next.key[1], first.key[0], 16);
    close_store(w);
}

static void a_file_that_cannot_be_is_an_error(void **state)
{
    struct world *w = *state;
    assert_int_equal(base_loop_new("test", 64, &w->loop), ERR_OK);
    assert_int_equal(aaa_store_open("/nowhere/aaa.db", w->loop, &w->store), ERR_IO);
    base_loop_free(w->loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_written_before_done, setup, teardown),
        cmocka_unit_test_setup_teardown(old_records_go, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_survive_and_rotate, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
