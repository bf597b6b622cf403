// SPDX-License-Identifier: BSD-3-Clause
// The SQLite store: schema, subscribers, state, crash rule.
#include "hss_test.h"

#include <stdbool.h>

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct fixture {
    char path[128];
    struct hss_store *store;
    struct aka_gen *gen;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->path, sizeof f->path, "%s", test_scratch());
    f->gen = test_gen();
    assert_int_equal(hss_store_open(f->path, &f->store), ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hss_store_close(f->store);
    aka_gen_free(f->gen);
    test_scratch_remove(f->path);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    hss_store_close(f->store);
    assert_int_equal(hss_store_open(f->path, &f->store), ERR_OK);
}

static void test_schema_has_every_field(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hss_store_version(f->store), 1);
    for (size_t i = 0; i < hss_n_fields; i++) {
        assert_int_equal(hss_store_has_column(f->store, "subscriber", hss_fields[i].name),
                         !hss_fields[i].input_only);
    }
}

static void test_file_is_private(void **state)
{
    // given a new database, which holds keys, then only its owner may read it
    struct fixture *f = *state;
    struct stat st;

    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_put_get(void **state)
{
    // given a subscriber, when stored and the file is opened again, then every field is the same
    struct fixture *f = *state;
    struct hss_profile *p = TEST_PROFILE("zones=0001 0002", "apns=internet;ims,qci=5", "odb=3");
    struct hss_profile *q = NULL;
    struct hss_state s;

    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    reopen(f);
    assert_int_equal(hss_store_get(f->store, f->gen, TEST_IMSI, &q, &s), ERR_OK);
    for (size_t i = 0; i < hss_n_fields; i++) {
        char want[HSS_FIELD_TEXT_MAX];

        if (hss_fields[i].input_only)
            continue;
        snprintf(want, sizeof want, "%s", test_text(p, hss_fields[i].name));
        assert_string_equal(test_text(q, hss_fields[i].name), want);
    }
    assert_int_equal(s.he.seq, 0);
    assert_string_equal(s.mme_host, "");
    hss_profile_unref(q);
    assert_int_equal(hss_store_get(f->store, f->gen, "999", &q, NULL), ERR_NOT_FOUND);
    hss_profile_unref(p);
}

static void test_put_again_keeps_state(void **state)
{
    // given a registered subscriber, when its profile is replaced, then SQN and MME stay; when
    // deleted, then they are gone too
    struct fixture *f = *state;
    struct hss_profile *p = TEST_PROFILE("odb=1"), *q = NULL;
    struct hss_state s = {.he = {.seq = 77, .dif = -5, .ind = {3, 20}}, .mme_purged = true,
                          .sms_registered = true, .mme_host = "mme.a", .mme_realm = "a",
                          .sgsn_host = "sgsn.b", .sgsn_realm = "b", .imei = "35123456789012"};
    struct hss_state got;

    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    assert_int_equal(hss_store_save_state(f->store, TEST_IMSI, &s), ERR_OK);
    assert_int_equal(hss_field_assign(p, "odb=2", NULL), ERR_OK);
    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    memset(&got, 0, sizeof got);
    assert_int_equal(hss_store_get(f->store, f->gen, TEST_IMSI, &q, &got), ERR_OK);
    assert_int_equal(q->odb, 2);
    assert_int_equal(got.he.seq, 77);
    assert_int_equal(got.he.dif, -5);
    assert_int_equal(got.he.ind[1], 20);
    assert_true(got.mme_purged && got.sms_registered && !got.sgsn_purged);
    assert_string_equal(got.mme_host, "mme.a");
    assert_string_equal(got.sgsn_realm, "b");
    assert_string_equal(got.imei, "35123456789012");
    hss_profile_unref(q);

    assert_int_equal(hss_store_delete(f->store, TEST_IMSI), ERR_OK);
    assert_int_equal(hss_store_delete(f->store, TEST_IMSI), ERR_NOT_FOUND);
    assert_int_equal(hss_store_save_state(f->store, TEST_IMSI, &s), ERR_NOT_FOUND);
    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    assert_int_equal(hss_store_get(f->store, f->gen, TEST_IMSI, &q, &got), ERR_OK);
    assert_int_equal(got.he.seq, 0);
    hss_profile_unref(q);
    hss_profile_unref(p);
}

static void put_seq(struct fixture *f, uint64_t seq)
{
    struct hss_profile *p = test_profile(NULL);
    struct hss_state s = {.he = {.seq = seq}};

    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    assert_int_equal(hss_store_save_state(f->store, TEST_IMSI, &s), ERR_OK);
    hss_profile_unref(p);
}

static uint64_t get_seq(struct fixture *f)
{
    struct hss_profile *p = NULL;
    struct hss_state s;

    assert_int_equal(hss_store_get(f->store, f->gen, TEST_IMSI, &p, &s), ERR_OK);
    hss_profile_unref(p);
    return s.he.seq;
}

static void test_crash_rule(void **state)
{
    // given an HSS that ended in order, when it starts again, then SEQ goes on where it was; given
    // one that did not, then SEQ jumps
    struct fixture *f = *state;
    bool crashed = true;

    put_seq(f, 500);
    assert_int_equal(hss_store_start(f->store, 1000, &crashed), ERR_OK);
    assert_false(crashed);
    assert_int_equal(hss_store_stop(f->store), ERR_OK);
    reopen(f);
    assert_int_equal(hss_store_start(f->store, 1000, &crashed), ERR_OK);
    assert_false(crashed);
    assert_int_equal(get_seq(f), 500);
    reopen(f); // no hss_store_stop
    assert_int_equal(hss_store_start(f->store, 1000, &crashed), ERR_OK);
    assert_true(crashed);
    assert_int_equal(get_seq(f), 1500);
}

#define SEEN_MAX 64

static enum err note(void *ctx, struct hss_profile *p, const struct hss_state *s)
{
    char *seen = ctx;
    size_t used = strlen(seen);

    snprintf(seen + used, SEEN_MAX - used, "%s ", p->imsi + 10);
    return ERR_OK;
}

static void test_each(void **state)
{
    // given subscribers stored out of order and one row spoilt by hand, when visited, then the good
    // ones come in order, from the one asked
    struct fixture *f = *state;
    static const char *const imsis[] = {"imsi=001010000000003", "imsi=001010000000001",
                                        "imsi=001010000000002", "imsi=001010000000004"};
    char seen[SEEN_MAX] = "";
    sqlite3 *db;
    size_t n;

    for (size_t i = 0; i < 4; i++) {
        struct hss_profile *p = TEST_PROFILE(imsis[i]);

        assert_int_equal(hss_store_put(f->store, p), ERR_OK);
        hss_profile_unref(p);
    }
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE subscriber SET k = 'what' WHERE imsi LIKE '%2'", NULL,
                                  NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(hss_store_each(f->store, f->gen, "", note, seen), ERR_OK);
    assert_string_equal(seen, "00001 00003 00004 ");
    seen[0] = '\0';
    assert_int_equal(hss_store_each(f->store, f->gen, "001010000000002", note, seen), ERR_OK);
    assert_string_equal(seen, "00003 00004 ");
    assert_int_equal(hss_store_count(f->store, &n), ERR_OK);
    assert_int_equal(n, 4);
}

static void test_newer_file_is_refused(void **state)
{
    // given a file of a later version, when opened, then it is left alone
    struct fixture *f = *state;
    struct hss_store *other = NULL;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(hss_store_open(f->path, &other), ERR_UNSUPPORTED);
    assert_null(other);
}

static void test_not_a_database(void **state)
{
    struct fixture *f = *state;
    struct hss_store *other = NULL;

    assert_int_equal(hss_store_open("/proc/version", &other), ERR_IO);
    assert_int_equal(hss_store_open("/nonexistent/hss.db", &other), ERR_IO);
    assert_null(other);
    assert_non_null(f->store);
}

// Another process inserts a row. False where there is no sqlite3 program.
static bool insert_elsewhere(const char *path, const char *sql)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        execlp("sqlite3", "sqlite3", path, sql, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) == 0;
}

static void test_two_connections_of_one_process(void **state)
{
    // given two connections here, when another process opens the file, writes and closes it, and
    // again, then both see what it wrote: our locks have kept it from removing the log
    static const char *const rows[] = {
        "INSERT INTO subscriber (imsi) VALUES ('001010000000008')",
        "INSERT INTO subscriber (imsi) VALUES ('001010000000009')",
        "INSERT INTO subscriber (imsi) VALUES ('001010000000010')",
    };
    struct fixture *f = *state;
    struct hss_store *second = NULL;
    struct hss_profile *p = test_profile(NULL);
    size_t n;

    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    hss_profile_unref(p);
    assert_int_equal(hss_store_open(f->path, &second), ERR_OK);
    for (size_t i = 0; i < 3 && insert_elsewhere(f->path, rows[i]); i++) {
        assert_int_equal(hss_store_count(second, &n), ERR_OK);
        assert_int_equal(n, i + 2);
        assert_int_equal(hss_store_count(f->store, &n), ERR_OK);
        assert_int_equal(n, i + 2);
    }
    hss_store_close(second);
}

static void test_rollback(void **state)
{
    struct fixture *f = *state;
    struct hss_profile *p = test_profile(NULL);
    size_t n = 9;

    assert_int_equal(hss_store_begin(f->store), ERR_OK);
    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    hss_store_rollback(f->store);
    assert_int_equal(hss_store_count(f->store, &n), ERR_OK);
    assert_int_equal(n, 0);
    hss_profile_unref(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_schema_has_every_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_is_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_put_again_keeps_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crash_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_a_database, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_connections_of_one_process, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rollback, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
