// SPDX-License-Identifier: BSD-3-Clause
// Memory runs out at every possible place, one after the other: nothing crashes, nothing leaks (the
// sanitizer build looks), errors say so, and with memory back everything works. malloc and its kin
// are replaced by the linker (--wrap) for lib/base's own calls.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/daemon.h"
#include "base/handle.h"
#include "base/loop.h"
#include "base/metrics.h"

// The allocation that fails, counted down; negative: none.
static int fail_at = -1;

static bool fails(void)
{
    return fail_at >= 0 && fail_at-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
FILE *__real_open_memstream(char **text, size_t *size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
FILE *__wrap_open_memstream(char **text, size_t *size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
    return fails() ? NULL : __real_strndup(text, n);
}

FILE *__wrap_open_memstream(char **text, size_t *size)
{
    return fails() ? NULL : __real_open_memstream(text, size);
}

// Runs attempt with the first, second, ... allocation failing until none is left to fail.
static void at_every_allocation(enum err (*attempt)(void))
{
    enum { ENOUGH = 500 };
    for (int i = 0; i < ENOUGH; i++) {
        fail_at = i;
        enum err err = attempt();
        bool reached = fail_at < 0;
        fail_at = -1;
        if (!reached) {
            assert_int_equal(err, ERR_OK);
            assert_true(i > 0);
            return;
        }
        assert_int_not_equal(err, ERR_OK);
    }
    fail();
}

static enum err use_arena(void)
{
    enum err err = ERR_OK;
    struct base_arena *arena = base_arena_new(16, 0);
    if (!arena)
        return ERR_NOMEM;
    for (int i = 0; i < 10 && !err; i++) {
        if (!base_arena_printf(arena, "number %d of a text that needs its own block", i))
            err = ERR_NOMEM;
    }
    base_arena_free(arena);
    return err;
}

static enum err use_handles(void)
{
    static int object;
    struct base_handles *table;
    base_handle handle;
    enum err err = base_handles_new(1000, &table);
    if (err)
        return err;
    for (int i = 0; i < 1000 && !err; i++)
        err = base_handle_alloc(table, &object, &handle);
    base_handles_free(table);
    return err;
}

static void run_nothing(struct base_job *job)
{
}

static enum err use_loop(void)
{
    struct base_loop *loop;
    struct base_daemon *daemon = NULL;
    const struct base_daemon_hooks hooks = {.stop = NULL};
    struct base_job job = {.run = run_nothing};
    enum err err = base_loop_new("oom", 1, &loop);
    if (err)
        return err;
    err = base_daemon_attach(loop, &hooks, NULL, &daemon);
    if (!err)
        err = base_loop_post(loop, &job);
    base_daemon_detach(daemon);
    base_loop_free(loop);
    return err;
}

static struct metric_family family = {
    .name = "t_total", .help = "Things.", .type = METRIC_COUNTER, .labels = {"a"}};

static enum err use_metrics(void)
{
    size_t len;
    metric_inc(METRIC_CELL(&family, "x")); // may be lost, must not crash
    char *text = metrics_export(&len);
    bool complete = text && strstr(text, "t_total{a=\"x\"} 1\n");
    free(text);
    metric_unregister(&family);
    return complete ? ERR_OK : ERR_NOMEM;
}

struct row {
    char *name;
};
struct section {
    char *text, *def;
    struct conf_strings strings, def_strings;
    struct conf_list rows;
};
static const struct conf_key row_keys[] = {
    {.name = "name", .type = CONF_STRING, .offset = 0},
    {.name = NULL},
};
static const struct conf_key keys[] = {
    {.name = "text", .type = CONF_STRING, .offset = offsetof(struct section, text)},
    {.name = "def", .type = CONF_STRING, .offset = offsetof(struct section, def),
     .def_text = "d"},
    {.name = "strings", .type = CONF_STRINGS, .offset = offsetof(struct section, strings)},
    {.name = "def_strings", .type = CONF_STRINGS,
     .offset = offsetof(struct section, def_strings), .def_text = "d"},
    {.name = "rows", .type = CONF_LIST, .offset = offsetof(struct section, rows),
     .members = row_keys, .item_size = sizeof(struct row)},
    {.name = NULL},
};

static enum err use_conf(void)
{
    static const char text[] =
        "s: { text = \"t\"; strings = [\"a\", \"b\"]; rows = ( { name = \"n\"; } ); };";
    struct section s;
    struct conf *conf;
    enum err err = conf_parse("t.conf", text, &conf);
    if (!err)
        err = conf_read(conf, "s", keys, &s);
    if (!err) {
        assert_string_equal(s.text, "t");
        assert_string_equal(s.def, "d");
        assert_int_equal(s.strings.n, 2);
        assert_string_equal(s.def_strings.items[0], "d");
        assert_string_equal(((const struct row *)s.rows.items)->name, "n");
    }
    conf_free(conf);
    return err;
}

static enum err load_missing_file(void)
{
    struct conf *conf;
    enum err err = conf_load("/nowhere/t.conf", &conf);
    bool told = conf && conf_n_errors(conf) == 1;
    conf_free(conf);
    return err == ERR_IO && told ? ERR_OK : ERR_NOMEM;
}

static void arena(void **state)
{
    at_every_allocation(use_arena);
}

static void handles(void **state)
{
    at_every_allocation(use_handles);
}

static void loop_and_daemon(void **state)
{
    assert_int_equal(use_loop(), ERR_OK); // its metrics exist from now on: they may be lost
    at_every_allocation(use_loop);
}

static void metrics(void **state)
{
    at_every_allocation(use_metrics);
}

static void conf(void **state)
{
    at_every_allocation(use_conf);
}

static void conf_errors(void **state)
{
    at_every_allocation(load_missing_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena),          cmocka_unit_test(handles),
        cmocka_unit_test(loop_and_daemon), cmocka_unit_test(metrics),
        cmocka_unit_test(conf),           cmocka_unit_test(conf_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
