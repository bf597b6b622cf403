// SPDX-License-Identifier: BSD-3-Clause
// Interfaces get their sections; a reload tells what changed, puts new settings in force at once
// and keeps the old ones for those who still look at them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <unistd.h>

#include "fgw/snapshot.h"

#define LOOPBACK "agw = { listen = ( { address = \"127.0.0.1\"; cleartext = true; } ); };\n"

struct toy {
    char *realm;
    int64_t timeout_ms;
    struct {
        int64_t depth;
    } inner;
};

static const struct conf_key inner_keys[] = {
    {"depth", CONF_INT, 0, .def = 1, .restart = true}, {0}};
static const struct conf_key toy_keys[] = {
    {"realm", CONF_STRING, offsetof(struct toy, realm), .required = true},
    {"timeout", CONF_MS, offsetof(struct toy, timeout_ms), .def = 1000},
    {"inner", CONF_GROUP, offsetof(struct toy, inner), .members = inner_keys},
    {0}};

static struct {
    int calls;
    char old_realm[32], new_realm[32];
} told;

static enum err toy_configure(struct conf *conf, const void *settings)
{
    const struct toy *toy = settings;
    if (toy->timeout_ms > 60000) {
        conf_error(conf, "toy", "timeout", ERR_CONF_RANGE, "is too long, expected at most 1min");
        return ERR_CONF_RANGE;
    }
    return ERR_OK;
}

static void toy_reloaded(const void *old_settings, const void *new_settings)
{
    const struct toy *a = old_settings, *b = new_settings;
    told.calls++;
    snprintf(told.old_realm, sizeof(told.old_realm), "%s", a->realm);
    snprintf(told.new_realm, sizeof(told.new_realm), "%s", b->realm);
}

static const struct fgw_interface toy = {.name = "toy",
                                         .settings = toy_keys,
                                         .settings_size = sizeof(struct toy),
                                         .configure = toy_configure,
                                         .reloaded = toy_reloaded};
static const struct fgw_interface twin = {.name = "toy"};
static const struct fgw_interface bare = {.name = "bare"};

static int registered(void **state)
{
    fgw_interfaces_clear();
    memset(&told, 0, sizeof(told));
    return fgw_interface_register(&toy) || fgw_interface_register(&bare);
}

static int cleared(void **state)
{
    fgw_snapshot_install(NULL);
    fgw_interfaces_clear();
    return 0;
}

static struct fgw_snapshot *make(const char *text)
{
    struct fgw_snapshot *snapshot;
    assert_int_equal(fgw_snapshot_parse("gateway.conf", text, &snapshot), ERR_OK);
    enum err err = fgw_snapshot_complete(snapshot);
    for (size_t i = 0; i < conf_n_errors(snapshot->conf); i++)
        print_message("%s\n", conf_error_text(snapshot->conf, i));
    assert_int_equal(err, ERR_OK);
    return snapshot;
}

static void names_are_unique(void **state)
{
    assert_int_equal(fgw_interface_register(&twin), ERR_EXISTS);
    assert_int_equal(fgw_n_interfaces(), 2);
}

static void interfaces_get_their_section(void **state)
{
    assert_null(fgw_settings(&toy));
    fgw_snapshot_install(make(LOOPBACK "toy = { realm = \"a.example\"; };"));
    const struct toy *settings = fgw_settings(&toy);
    assert_string_equal(settings->realm, "a.example");
    assert_int_equal(settings->timeout_ms, 1000);
    assert_int_equal(settings->inner.depth, 1);
    assert_null(fgw_settings(&twin));
}

static void interfaces_refuse_what_tables_cannot(void **state)
{
    const struct {
        const char *text, *message;
    } rows[] = {
        {LOOPBACK "toy = { realm = \"a\";\n timeout = \"5min\"; };", "gateway.conf:3"},
        {LOOPBACK "toy = { };", "realm: is missing"},
        {LOOPBACK "toy = { realm = \"a\"; };\nothers = { };", "gateway.conf:3"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fgw_snapshot *snapshot;
        assert_int_equal(fgw_snapshot_parse("gateway.conf", rows[i].text, &snapshot), ERR_OK);
        assert_int_not_equal(fgw_snapshot_complete(snapshot), ERR_OK);
        assert_int_equal(conf_n_errors(snapshot->conf), 1);
        assert_non_null(strstr(conf_error_text(snapshot->conf, 0), rows[i].message));
        fgw_snapshot_free(snapshot);
    }
}

static void collect(const char *line, void *arg)
{
    char *text = arg;
    size_t used = strlen(text);
    snprintf(text + used, 1000 - used, "%s|", line);
}

static void a_reload_tells_what_changed(void **state)
{
    fgw_snapshot_install(make(LOOPBACK "toy = { realm = \"a\"; };"));
    const struct {
        const char *text, *notes;
    } rows[] = {
        {LOOPBACK "toy = { realm = \"a\"; timeout = \"1s\"; };", ""},
        {LOOPBACK "toy = { realm = \"b\"; };", "toy.realm: changed|"},
        {LOOPBACK "toy = { realm = \"a\"; inner = { depth = 2; }; };",
         "toy.inner.depth: changed, needs a restart|"},
        {"agw = { listen = ( { address = \"127.0.0.1\"; cleartext = true; port = 9; } );"
         " plmns = [ \"00101\" ]; };\n toy = { realm = \"a\"; };\n"
         "gateways = ( { id = \"x\"; } );",
         "agw.listen: changed, needs a restart|agw.plmns: changed|gateways: changed|"},
        {LOOPBACK "toy = { realm = \"a\"; }; storage = { directory = \"/x\"; };",
         "storage.directory: changed, needs a restart|"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char notes[1000] = "";
        struct fgw_snapshot *snapshot = make(rows[i].text);
        fgw_snapshot_diff(snapshot, collect, notes);
        assert_string_equal(notes, rows[i].notes);
        fgw_snapshot_free(snapshot);
    }
}

// A callback that looks at its settings for a while.
struct reader {
    struct base_job job;
    _Atomic int entered, leave;
    char before[32], after[32];
};

static void read_slowly(struct base_job *job)
{
    struct reader *reader = BASE_CONTAINER_OF(job, struct reader, job);
    const struct toy *settings = fgw_settings(&toy);
    snprintf(reader->before, sizeof(reader->before), "%s", settings->realm);
    atomic_store(&reader->entered, 1);
    while (!atomic_load(&reader->leave))
        usleep(1000);
    snprintf(reader->after, sizeof(reader->after), "%s", settings->realm); // must still be there
}

static void quit(struct base_job *job)
{
    base_loop_stop(base_loop_current());
}

static void old_settings_outlive_their_readers(void **state)
{
    struct base_loop *main_loop, *loops[2];
    struct reader reader = {.job = {.run = read_slowly}};
    assert_int_equal(base_loop_new("main", 100, &main_loop), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(base_loop_new("loop", 100, &loops[i]), ERR_OK);
        assert_int_equal(base_loop_start(loops[i]), ERR_OK);
    }
    fgw_snapshot_install(make(LOOPBACK "toy = { realm = \"first\"; };"));
    assert_int_equal(base_loop_post(loops[1], &reader.job), ERR_OK);
    while (!atomic_load(&reader.entered))
        usleep(1000);

    fgw_snapshot_replace(make(LOOPBACK "toy = { realm = \"second\"; };"), main_loop, loops, 2);
    assert_string_equal(((const struct toy *)fgw_settings(&toy))->realm, "second");
    assert_int_equal(told.calls, 1);
    assert_string_equal(told.old_realm, "first");
    assert_string_equal(told.new_realm, "second");
    usleep(20000); // would be time enough to free too early
    atomic_store(&reader.leave, 1);
    for (size_t i = 0; i < 2; i++) {
        base_loop_stop(loops[i]);
        base_loop_join(loops[i]);
        base_loop_free(loops[i]);
    }
    assert_string_equal(reader.before, "first");
    assert_string_equal(reader.after, "first");
    struct base_job last = {.run = quit}; // behind the freeing of the old ones
    assert_int_equal(base_loop_post(main_loop, &last), ERR_OK);
    assert_int_equal(base_loop_run(main_loop), ERR_OK);
    base_loop_free(main_loop);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, registered, cleared)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_are_unique),
        CASE(interfaces_get_their_section),
        CASE(interfaces_refuse_what_tables_cannot),
        CASE(a_reload_tells_what_changed),
        CASE(old_settings_outlive_their_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
