// SPDX-License-Identifier: BSD-3-Clause
// Configuration: every type and default, and for every mistake a message with place and
// expectation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"
#include "base/conf_value.h"

struct peer {
    char *name;
    int64_t port;
};

struct settings {
    bool on;
    int64_t count, wait, size;
    char *name, *note;
    struct conf_strings plmns;
    int mode;
    struct {
        int64_t depth;
        char *label;
    } inner;
    struct conf_list peers;
};

static enum err no_spaces(const char *text, const char **why)
{
    *why = "a name without blanks";
    return strchr(text, ' ') ? ERR_CONF_RANGE : ERR_OK;
}

#define AT(member) offsetof(struct settings, member)
static const char *const modes[] = {"strict", "lenient", NULL};
static const struct conf_key inner_keys[] = {
    {.name = "depth", .type = CONF_INT, .offset = 0, .def = 3, .min = 1, .max = 9},
    {.name = "label", .type = CONF_STRING, .offset = 8},
    {.name = NULL},
};
static const struct conf_key peer_keys[] = {
    {.name = "name", .type = CONF_STRING, .offset = offsetof(struct peer, name), .required = true},
    {.name = "port", .type = CONF_INT, .offset = offsetof(struct peer, port), .def = 3868,
     .min = 1, .max = 65535},
    {.name = NULL},
};
static const struct conf_key keys[] = {
    {.name = "on", .type = CONF_BOOL, .offset = AT(on), .def = true},
    {.name = "count", .type = CONF_INT, .offset = AT(count), .def = -5},
    {.name = "wait", .type = CONF_MS, .offset = AT(wait), .def = 1500, .min = 100, .max = 30000},
    {.name = "size", .type = CONF_SIZE, .offset = AT(size), .def = 4096},
    {.name = "name", .type = CONF_STRING, .offset = AT(name), .def_text = "fgw",
     .check = no_spaces},
    {.name = "note", .type = CONF_STRING, .offset = AT(note)},
    {.name = "plmns", .type = CONF_STRINGS, .offset = AT(plmns), .check = no_spaces},
    {.name = "mode", .type = CONF_ENUM, .offset = AT(mode), .choices = modes, .def = 1},
    {.name = "inner", .type = CONF_GROUP, .offset = AT(inner), .members = inner_keys},
    {.name = "peers", .type = CONF_LIST, .offset = AT(peers), .members = peer_keys,
     .item_size = sizeof(struct peer)},
    {.name = NULL},
};

static struct conf *parse(const char *text)
{
    struct conf *conf;
    assert_int_equal(conf_parse("t.conf", text, &conf), ERR_OK);
    return conf;
}

static void all_types_are_read(void **state)
{
    struct conf *conf = parse("s: {\n"
                              "  on = false; count = 42; wait = \"10s\"; size = \"64k\";\n"
                              "  name = \"gw\"; note = \"hello\"; plmns = [\"00101\", \"00102\"];\n"
                              "  mode = \"strict\"; inner: { depth = 9; label = \"in\"; };\n"
                              "  peers = ( { name = \"a\"; }, { name = \"b\"; port = 99; } );\n"
                              "};\n");
    struct settings s;
    assert_int_equal(conf_read(conf, "s", keys, &s), ERR_OK);
    assert_false(s.on);
    assert_int_equal(s.count, 42);
    assert_int_equal(s.wait, 10000);
    assert_int_equal(s.size, 65536);
    assert_string_equal(s.name, "gw");
    assert_string_equal(s.note, "hello");
    assert_int_equal(s.plmns.n, 2);
    assert_string_equal(s.plmns.items[1], "00102");
    assert_int_equal(s.mode, 0);
    assert_int_equal(s.inner.depth, 9);
    assert_string_equal(s.inner.label, "in");
    assert_int_equal(s.peers.n, 2);
    const struct peer *peers = s.peers.items;
    assert_string_equal(peers[0].name, "a");
    assert_int_equal(peers[0].port, 3868);
    assert_int_equal(peers[1].port, 99);
    assert_int_equal(conf_check_unread(conf), ERR_OK);
    assert_int_equal(conf_n_errors(conf), 0);
    assert_int_equal(conf_result(conf), ERR_OK);
    conf_free(conf);
}

static void assert_defaults(const struct settings *s)
{
    assert_true(s->on);
    assert_int_equal(s->count, -5);
    assert_int_equal(s->wait, 1500);
    assert_int_equal(s->size, 4096);
    assert_string_equal(s->name, "fgw");
    assert_null(s->note);
    assert_int_equal(s->plmns.n, 0);
    assert_int_equal(s->mode, 1);
    assert_int_equal(s->inner.depth, 3);
    assert_null(s->inner.label);
    assert_int_equal(s->peers.n, 0);
}

static void absent_settings_take_their_defaults(void **state)
{
    static const char *const texts[] = {"", "s: { };", "s: { inner: { }; peers = (); };"};
    for (size_t i = 0; i < 3; i++) {
        struct settings s;
        memset(&s, 0xa5, sizeof(s));
        struct conf *conf = parse(texts[i]);
        assert_int_equal(conf_read(conf, "s", keys, &s), ERR_OK);
        assert_defaults(&s);
        conf_free(conf);
    }
}

static void mistakes_are_named_with_place_and_expectation(void **state)
{
    static const struct {
        const char *setting;
        enum err err;
        const char *found, *expected; // parts of the message
    } rows[] = {
        {"on = 1;", ERR_CONF_TYPE, "s.on: is a number", "true or false"},
        {"count = \"x\";", ERR_CONF_TYPE, "s.count: is a text", "a number"},
        {"count = 1.5;", ERR_CONF_TYPE, "s.count", "a number"},
        {"wait = 5;", ERR_CONF_RANGE, "s.wait: is 5ms", "100ms..30s"},
        {"wait = \"31s\";", ERR_CONF_RANGE, "s.wait: is 31s", "100ms..30s"},
        {"wait = \"10 s\";", ERR_CONF_TYPE, "\"10 s\"", "\"10s\""},
        {"wait = true;", ERR_CONF_TYPE, "s.wait", "milliseconds"},
        {"size = \"12q\";", ERR_CONF_TYPE, "\"12q\"", "\"64k\""},
        {"size = -1;", ERR_CONF_RANGE, "s.size: is -1", "0.."},
        {"name = \"a b\";", ERR_CONF_RANGE, "s.name: is \"a b\"", "a name without blanks"},
        {"name = 5;", ERR_CONF_TYPE, "s.name: is a number", "a text"},
        {"plmns = [\"ok\", \"not ok\"];", ERR_CONF_RANGE, "s.plmns", "without blanks"},
        {"plmns = [1, 2];", ERR_CONF_TYPE, "s.plmns: is a number", "texts"},
        {"plmns = { };", ERR_CONF_TYPE, "s.plmns: is a group", "texts"},
        {"mode = \"wild\";", ERR_CONF_RANGE, "\"wild\"", "\"strict\", \"lenient\""},
        {"mode = 1;", ERR_CONF_TYPE, "s.mode", "one of"},
        {"inner = 5;", ERR_CONF_TYPE, "s.inner: is a number", "a group"},
        {"inner: { depth = 10; };", ERR_CONF_RANGE, "s.inner.depth: is 10", "1..9"},
        {"inner: { deep = 1; };", ERR_CONF_UNKNOWN, "s.inner", "\"deep\""},
        {"peers = { };", ERR_CONF_TYPE, "s.peers: is a group", "a list"},
        {"peers = [1];", ERR_CONF_TYPE, "s.peers: is an array", "a list"},
        {"peers = ( 5 );", ERR_CONF_TYPE, "s.peers[0]: is a number", "group"},
        {"peers = ( { port = 1; } );", ERR_CONF_MISSING, "s.peers[0].name: is missing", "a text"},
        {"coutn = 5;", ERR_CONF_UNKNOWN, "s: unknown setting", "\"coutn\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[200];
        struct settings s;
        snprintf(text, sizeof(text), "s: {\n\n  %s\n};\n", rows[i].setting);
        struct conf *conf = parse(text);
        assert_int_equal(conf_read(conf, "s", keys, &s), rows[i].err);
        assert_int_equal(conf_result(conf), rows[i].err);
        assert_int_equal(conf_n_errors(conf), 1);
        const char *message = conf_error_text(conf, 0);
        assert_memory_equal(message, "t.conf:3: ", 10);
        assert_non_null(strstr(message, rows[i].found));
        assert_non_null(strstr(message, rows[i].expected));
        conf_free(conf);
    }
}

static void all_mistakes_are_collected(void **state)
{
    struct conf *conf = parse("s: { on = 1;\n count = true;\n nonsense = 5; };\nt = 5;\n");
    struct settings s;
    assert_int_equal(conf_read(conf, "s", keys, &s), ERR_CONF_TYPE);
    assert_int_equal(conf_check_unread(conf), ERR_CONF_UNKNOWN);
    assert_int_equal(conf_n_errors(conf), 4);
    assert_memory_equal(conf_error_text(conf, 0), "t.conf:1: ", 10);
    assert_memory_equal(conf_error_text(conf, 1), "t.conf:2: ", 10);
    assert_memory_equal(conf_error_text(conf, 2), "t.conf:3: ", 10);
    assert_memory_equal(conf_error_text(conf, 3), "t.conf:4: ", 10);
    assert_null(conf_error_text(conf, 4));
    conf_free(conf);
}

static void missing_section_misses_its_required_settings(void **state)
{
    struct conf *conf = parse("");
    struct peer peer;
    assert_int_equal(conf_read(conf, "a.b", peer_keys, &peer), ERR_CONF_MISSING);
    assert_non_null(strstr(conf_error_text(conf, 0), "a.b.name"));
    assert_int_equal(peer.port, 3868);
    conf_free(conf);
}

static void settings_are_defined_even_after_mistakes(void **state)
{
    struct conf *conf = parse("s: { on = 5; count = true; wait = 1; size = \"x\"; name = 5;\n"
                              " note = true; plmns = 5; mode = 5; inner = 5; peers = 5; };");
    struct settings s;
    memset(&s, 0xa5, sizeof(s));
    assert_int_not_equal(conf_read(conf, "s", keys, &s), ERR_OK);
    assert_int_equal(conf_n_errors(conf), 10);
    assert_defaults(&s);
    conf_free(conf);
}

static void section_that_is_no_group_is_refused(void **state)
{
    struct conf *conf = parse("s = 5;");
    struct settings s;
    assert_int_equal(conf_read(conf, "s", keys, &s), ERR_CONF_TYPE);
    conf_free(conf);
}

static void inner_sections_can_be_read_apart(void **state)
{
    struct conf *conf = parse("a: { b: { name = \"x\"; };\n c: { name = \"y\"; }; };");
    struct peer peer;
    assert_int_equal(conf_read(conf, "a.b", peer_keys, &peer), ERR_OK);
    assert_string_equal(peer.name, "x");
    assert_true(conf_has(conf, "a.c"));
    assert_false(conf_has(conf, "a.d"));
    // a.c was read by nobody
    assert_int_equal(conf_check_unread(conf), ERR_CONF_UNKNOWN);
    assert_memory_equal(conf_error_text(conf, 0), "t.conf:2: ", 10);
    conf_free(conf);
}

static void root_settings_leave_the_sections_alone(void **state)
{
    struct conf *conf = parse("name = \"x\";\nother: { name = \"y\"; };");
    struct peer peer;
    assert_int_equal(conf_read(conf, "", peer_keys, &peer), ERR_OK);
    assert_string_equal(peer.name, "x");
    assert_int_equal(conf_read(conf, "other", peer_keys, &peer), ERR_OK);
    assert_string_equal(peer.name, "y");
    assert_int_equal(conf_check_unread(conf), ERR_OK);
    conf_free(conf);
}

static void own_checks_can_add_errors(void **state)
{
    struct conf *conf = parse("s: {\n name = \"x\";\n};");
    conf_error(conf, "s", "name", ERR_CONF_RANGE, "is %s, expected %s", "x", "y");
    conf_error(conf, "s", NULL, ERR_CONF_MISSING, "needs more");
    conf_error(conf, "q", "z", ERR_CONF_MISSING, "is nowhere");
    assert_string_equal(conf_error_text(conf, 0), "t.conf:2: s.name: is x, expected y");
    assert_string_equal(conf_error_text(conf, 1), "t.conf:1: s: needs more");
    assert_string_equal(conf_error_text(conf, 2), "t.conf: q.z: is nowhere");
    assert_int_equal(conf_result(conf), ERR_CONF_RANGE);
    conf_free(conf);
}

static void syntax_errors_name_the_line(void **state)
{
    struct conf *conf;
    assert_int_equal(conf_parse("t.conf", "a = 1;\nb = ;\n", &conf), ERR_CONF_SYNTAX);
    assert_int_equal(conf_n_errors(conf), 1);
    assert_memory_equal(conf_error_text(conf, 0), "t.conf:2: ", 10);
    conf_free(conf);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *dir, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

static void included_files_are_found_beside_and_named_in_errors(void **state)
{
    char dir[] = "/tmp/fgw-conf-XXXXXX", path[64];
    struct conf *conf;
    struct settings s;
    assert_non_null(mkdtemp(dir));
    write_file(dir, "main.conf", "@include \"part.conf\"\n");
    write_file(dir, "part.conf", "\ns: {\n count = true;\n};\n");
    snprintf(path, sizeof(path), "%s/main.conf", dir);
    assert_int_equal(conf_load(path, &conf), ERR_OK);
    assert_int_equal(conf_read(conf, "s", keys, &s), ERR_CONF_TYPE);
    assert_non_null(strstr(conf_error_text(conf, 0), "part.conf:3: s.count"));
    conf_free(conf);

    write_file(dir, "part.conf", "\ns: { count = ; };\n");
    assert_int_equal(conf_load(path, &conf), ERR_CONF_SYNTAX);
    assert_non_null(strstr(conf_error_text(conf, 0), "part.conf:2: "));
    conf_free(conf);

    remove_file(dir, "part.conf");
    assert_int_not_equal(conf_load(path, &conf), ERR_OK);
    assert_int_equal(conf_n_errors(conf), 1);
    conf_free(conf);

    remove_file(dir, "main.conf");
    assert_int_equal(conf_load(path, &conf), ERR_IO);
    assert_int_equal(conf_n_errors(conf), 1);
    assert_non_null(strstr(conf_error_text(conf, 0), "main.conf"));
    conf_free(conf);
    rmdir(dir);
    conf_free(NULL);
}

static void durations_and_sizes_have_units(void **state)
{
    static const struct {
        enum conf_type type;
        const char *text;
        enum err err;
        int64_t value;
        const char *shown; // NULL: as written
    } rows[] = {
        {CONF_MS, "250ms", ERR_OK, 250, NULL},
        {CONF_MS, "10s", ERR_OK, 10000, NULL},
        {CONF_MS, "5min", ERR_OK, 300000, NULL},
        {CONF_MS, "90min", ERR_OK, 5400000, NULL},
        {CONF_MS, "1h", ERR_OK, 3600000, NULL},
        {CONF_MS, "2d", ERR_OK, 172800000, NULL},
        {CONF_MS, "0", ERR_OK, 0, "0ms"},
        {CONF_MS, "1500", ERR_OK, 1500, "1500ms"},
        {CONF_SIZE, "64k", ERR_OK, 65536, NULL},
        {CONF_SIZE, "4M", ERR_OK, 4194304, NULL},
        {CONF_SIZE, "1G", ERR_OK, 1073741824, NULL},
        {CONF_SIZE, "100", ERR_OK, 100, NULL},
        {CONF_MS, "", ERR_CONF_TYPE, 0, NULL},
        {CONF_MS, "s", ERR_CONF_TYPE, 0, NULL},
        {CONF_MS, "-1s", ERR_CONF_TYPE, 0, NULL},
        {CONF_MS, " 1s", ERR_CONF_TYPE, 0, NULL},
        {CONF_MS, "1.5s", ERR_CONF_TYPE, 0, NULL},
        {CONF_MS, "1k", ERR_CONF_TYPE, 0, NULL},
        {CONF_SIZE, "1s", ERR_CONF_TYPE, 0, NULL},
        {CONF_SIZE, "9000000000G", ERR_CONF_RANGE, 0, NULL},
        {CONF_SIZE, "99999999999999999999", ERR_CONF_RANGE, 0, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = -1;
        char text[CONF_VALUE_TEXT];
        assert_int_equal(conf_value_parse(rows[i].type, rows[i].text, &value), rows[i].err);
        if (rows[i].err)
            continue;
        assert_int_equal(value, rows[i].value);
        conf_value_text(rows[i].type, value, text);
        assert_string_equal(text, rows[i].shown ? rows[i].shown : rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_types_are_read),
        cmocka_unit_test(absent_settings_take_their_defaults),
        cmocka_unit_test(mistakes_are_named_with_place_and_expectation),
        cmocka_unit_test(all_mistakes_are_collected),
        cmocka_unit_test(missing_section_misses_its_required_settings),
        cmocka_unit_test(settings_are_defined_even_after_mistakes),
        cmocka_unit_test(section_that_is_no_group_is_refused),
        cmocka_unit_test(inner_sections_can_be_read_apart),
        cmocka_unit_test(root_settings_leave_the_sections_alone),
        cmocka_unit_test(own_checks_can_add_errors),
        cmocka_unit_test(syntax_errors_name_the_line),
        cmocka_unit_test(included_files_are_found_beside_and_named_in_errors),
        cmocka_unit_test(durations_and_sizes_have_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
