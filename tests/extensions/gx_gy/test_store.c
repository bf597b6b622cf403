// SPDX-License-Identifier: BSD-3-Clause
// The rules this gateway knows: those of gateway.conf, of a file that is read again whenever it
// changes, of whoever replaces them; and what each comes to in a session.
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"
#include "kit.h"

enum { LOOK_MS = 10, PATIENCE_MS = 30000 };

static char path[] = "/tmp/test_gx_gy_store.XXXXXX";

static void write_file(const char *text)
{
    char other[sizeof(path) + 4];
    snprintf(other, sizeof(other), "%s.new", path);
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(other, path), 0); // as editors and tools do
}

// Into the file itself, as "cat >" and cp do; in two parts.
static void write_into(const char *first, const char *second)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(first, file) >= 0);
    assert_int_equal(fflush(file), 0);
    assert_true(fputs(second, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void take_line(void *arg, const char *text)
{
    snprintf(arg, 900, "%s", text);
}

static const char *status(void)
{
    static char text[900];
    text[0] = '\0';
    gxgy_store_status(take_line, text);
    return text;
}

// "failed" or "success" readings until now.
static double reads(const char *result)
{
    size_t len;
    char name[80], *text = metrics_export(&len);
    assert_non_null(text);
    snprintf(name, sizeof(name), "\nfgw_rules_file_reads_total{result=\"%s\"} ", result);
    const char *at = strstr(text, name);
    double value = at ? atof(at + strlen(name)) : 0;
    free(text);
    return value;
}

static int begin(void **state)
{
    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return kit_setup(state);
}

static int end(void **state)
{
    gxgy_store_stop();
    unlink(path);
    return kit_teardown(state);
}

static struct gxgy_rules rules_of(const Fgw__Gxgy__GxAnswer *answer)
{
    struct gxgy_rules rules;
    assert_int_equal(gxgy_rules_of(world.arena, answer, true, &rules), ERR_OK);
    return rules;
}

static bool has_static(const struct gxgy_rules *rules, const char *id)
{
    for (size_t i = 0; i < rules->n_static; i++)
        if (strcmp(rules->statics[i]->rule_id, id) == 0)
            return true;
    return false;
}

static bool comes_true(const char *id, bool wanted)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += LOOK_MS) {
        struct gxgy_rules rules = rules_of(NULL);
        if (has_static(&rules, id) == wanted)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
    }
    return false;
}

static void test_a_rule_with_flows_is_given_whole(void **state)
{
    kit_settings("rules = ( { id = \"video\"; omnipresent = true; rating_group = 9; precedence = 5;"
                 " flows = [ \"permit out 6 from 192.0.2.0/24 80,443 to assigned\" ]; qci = 4;"
                 " max_bw_dl = 2000000; priority_level = 3; redirect = \"http://top.up/\";"
                 " monitoring_key = \"mk\"; }, { id = \"known\"; omnipresent = true; } );");
    struct gxgy_rules rules = rules_of(NULL);
    assert_int_equal(rules.n_static, 1);
    assert_string_equal(rules.statics[0]->rule_id, "known");
    assert_int_equal(rules.n_dynamic, 1);
    const Magma__Lte__PolicyRule *rule = rules.dynamics[0]->policy_rule;
    assert_string_equal(rule->id, "video");
    assert_int_equal(rule->priority, 5);
    assert_int_equal(rule->rating_group, 9);
    assert_int_equal(rule->n_flow_list, 2); // a flow for each port
    assert_int_equal(rule->qos->max_req_bw_dl, 2000000);
    assert_int_equal(rule->qos->qci, 4);
    assert_int_equal(rule->qos->arp->priority_level, 3);
    assert_string_equal(rule->redirect->server_address, "http://top.up/");
    assert_memory_equal(rule->monitoring_key.data, "mk", 2);

    struct gxgy_key *keys;
    size_t n;
    assert_int_equal(gxgy_rules_keys(world.arena, &rules, &keys, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(keys[0].rating_group, 9);
}

static void test_the_file_is_read_when_it_changes(void **state)
{
    write_file("rules = ( { id = \"first\"; omnipresent = true; } );");
    assert_int_equal(gxgy_store_watch(path, LOOK_MS), ERR_OK);
    assert_true(comes_true("first", true)); // at once, in fact
    write_file("rules = ( { id = \"second\"; omnipresent = true; } );");
    assert_true(comes_true("second", true));
    assert_true(comes_true("first", false));
    assert_int_equal(gxgy_store_watch(NULL, LOOK_MS), ERR_OK); // the setting is gone
    assert_true(comes_true("second", false));
}

static void test_the_file_is_written_into(void **state)
{
    write_file("rules = ( { id = \"first\"; omnipresent = true; } );");
    assert_int_equal(gxgy_store_watch(path, LOOK_MS), ERR_OK);
    for (int i = 0; i < 20; i++) { // a length that never changes
        char half[64];
        snprintf(half, sizeof(half), "rules = ( { id = \"n%02d\"; omni", i);
        write_into(half, "present = true; } );");
        snprintf(half, sizeof(half), "n%02d", i);
        assert_true(comes_true(half, true));
    }
    assert_true(comes_true("first", false));
}

// Given: a good file. When: there is no such file, then a pipe of that name. Then: the rules stay,
// and it is told; the watcher is not stuck in the pipe.
static void test_no_file_changes_nothing(void **state)
{
    write_file("rules = ( { id = \"good\"; omnipresent = true; } );");
    assert_int_equal(gxgy_store_watch(path, LOOK_MS), ERR_OK);
    assert_true(comes_true("good", true));
    assert_non_null(strstr(status(), "rules: 1 and 0 base names of"));
    for (int kind = 0; kind < 2; kind++) {
        double failed = reads("failed");
        assert_int_equal(unlink(path), 0);
        if (kind == 1)
            assert_int_equal(mkfifo(path, 0600), 0);
        for (int ms = 0; ms < PATIENCE_MS && reads("failed") == failed; ms += LOOK_MS)
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
        assert_true(reads("failed") > failed);
        assert_non_null(strstr(status(), "not in force"));
        assert_true(comes_true("good", true));
        double success = reads("success");
        write_file("rules = ( { id = \"good\"; omnipresent = true; } );");
        for (int ms = 0; ms < PATIENCE_MS && reads("success") == success; ms += LOOK_MS)
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
        assert_null(strstr(status(), "not in force"));
    }
}

static void test_a_wrong_file_changes_nothing(void **state)
{
    static const char *const wrong[] = {
        "rules = ( { id = \"x\" ",
        "rules = ( { id = \"x\"; colour = 3; } );",
        "rules = ( { id = \"x\"; }, { id = \"x\"; } );",
        "rules = ( { id = \"x\"; flows = [ \"permit sideways\" ]; } );",
        "base_names = ( { name = \"b\"; rules = [ \"nobody\" ]; } );",
        "rules = ( { id = \"\"; } );",
    };
    char why[256];
    write_file("rules = ( { id = \"good\"; omnipresent = true; } );");
    assert_int_equal(gxgy_store_watch(path, 3600000), ERR_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        write_file(wrong[i]);
        assert_int_not_equal(gxgy_store_check(path, why, sizeof(why)), ERR_OK);
        assert_true(why[0]);
        assert_int_equal(gxgy_store_watch(path, 3600000), ERR_OK); // looks at once
        assert_true(comes_true("good", true));
    }
    write_file("rules = ( { id = \"better\"; omnipresent = true; } );");
    assert_int_equal(gxgy_store_check(path, why, sizeof(why)), ERR_OK);
    assert_int_equal(gxgy_store_watch(path, 3600000), ERR_OK);
    assert_true(comes_true("better", true));
}

static void replace(const char *text, enum err wanted)
{
    char why[256] = "";
    struct conf *conf = NULL;
    assert_int_equal(conf_parse("replaced", text, &conf), ERR_OK);
    enum err err = gxgy_store_replace(GXGY_STORE_REMOTE, conf, why, sizeof(why));
    assert_true((err == ERR_OK) == (wanted == ERR_OK));
    assert_true((why[0] != 0) == (wanted != ERR_OK));
}

static void test_mistakes_of_the_settings_are_named(void **state)
{
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"rules = ( { id = \"x\"; }, { id = \"y\"; }, { id = \"x\"; } );", "x: is there twice"},
        {"base_names = ( { name = \"b\"; }, { name = \"b\"; } );", "b: is there twice"},
        {"rules = ( { id = \"x\"; } ); base_names = ( { name = \"b\"; rules = \"y\"; } );",
         "no rule is called y"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct gxgy_settings settings = {0};
        struct conf *conf;
        char text[256];
        snprintf(text, sizeof(text), "gx_gy = { %s };", wrong[i].text);
        assert_int_equal(conf_parse("test", text, &conf), ERR_OK);
        assert_int_equal(conf_read(conf, "gx_gy", gxgy_settings_keys, &settings), ERR_OK);
        assert_int_not_equal(gxgy_configure(conf, &settings), ERR_OK);
        assert_non_null(strstr(conf_error_text(conf, 0), wrong[i].said));
        conf_free(conf);
    }
}

static void test_the_last_source_counts(void **state)
{
    kit_settings("rules = ( { id = \"r\"; omnipresent = true; rating_group = 1; } );");
    write_file("rules = ( { id = \"r\"; omnipresent = true; rating_group = 2; } );");
    assert_int_equal(gxgy_store_watch(path, 3600000), ERR_OK);
    gxgy_store_hold();
    assert_int_equal(gxgy_store_rule("r")->rating_group, 2);
    gxgy_store_release();
    replace("rules = ( { id = \"r\"; rating_group = 3; } );", ERR_OK);
    struct gxgy_rules rules = rules_of(NULL);
    assert_int_equal(rules.n_static, 0); // no longer in every session
    replace("rules = ( { id = \"r\" }, { id = \"r\" } );", ERR_CONF_RANGE);
    gxgy_store_hold();
    assert_int_equal(gxgy_store_rule("r")->rating_group, 3);
    assert_null(gxgy_store_rule("nobody"));
    gxgy_store_release();
    char why[8];
    assert_int_equal(gxgy_store_replace(GXGY_STORE_REMOTE, NULL, why, sizeof(why)), ERR_OK);
    rules = rules_of(NULL);
    assert_int_equal(rules.n_static, 1);
}

// Its filter asks for more ports than access gateways can be given. It is none of the PCRF's rules.
static void test_the_pcrf_is_not_told_of_our_own_rules(void **state)
{
    kit_settings(
        "rules = ( { id = \"wide\"; omnipresent = true;"
        " flows = [ \"permit out 6 from any 1-6000 to assigned\" ]; },"
        " { id = \"named\"; flows = [ \"permit out 6 from any 1-6000 to assigned\" ]; } );");
    struct gxgy_rules rules = rules_of(NULL);
    assert_int_equal(rules.n_dynamic, 0);
    assert_int_equal(rules.n_failed, 0);
    char *names[] = {TEXT("named")};
    Fgw__Gxgy__RuleInstall install = FGW__GXGY__RULE_INSTALL__INIT;
    install.n_names = 1;
    install.names = names;
    Fgw__Gxgy__RuleInstall *list[] = {&install};
    Fgw__Gxgy__GxAnswer answer = FGW__GXGY__GX_ANSWER__INIT;
    answer.n_install = 1;
    answer.install = list;
    rules = rules_of(&answer);
    assert_int_equal(rules.n_failed, 1);
    assert_string_equal(rules.failed[0]->rule_ids[0], "named");
}

// Given: the rules of a session. When: the file knows nothing of them any more. Then: quota is
// asked for as it was when they were installed.
static void test_a_change_in_between_does_not_make_rules_free(void **state)
{
    struct gxgy_key *keys;
    size_t n;
    replace(
        "rules = ( { id = \"r\"; omnipresent = true; rating_group = 7; service_identifier = 8; },"
        " { id = \"free\"; omnipresent = true; rating_group = 9; online = false; } );",
        ERR_OK);
    struct gxgy_rules rules = rules_of(NULL);
    replace("rules = ();", ERR_OK);
    assert_int_equal(rules.n_static, 2);
    assert_int_equal(gxgy_rules_keys(world.arena, &rules, &keys, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(keys[0].rating_group, 7);
    assert_true(keys[0].has_service);
    assert_int_equal(keys[0].service_identifier, 8);
}

static void test_what_is_always_on_is_not_the_pcrfs_to_remove(void **state)
{
    kit_settings("rules = ( { id = \"always\"; omnipresent = true; }, { id = \"a\"; } );"
                 "base_names = ( { name = \"base\"; rules = [ \"a\", \"always\" ]; } );");
    char *names[] = {TEXT("always"), TEXT("own")}, *bases[] = {TEXT("base")};
    Fgw__Gxgy__RuleRemove remove = FGW__GXGY__RULE_REMOVE__INIT;
    remove.n_names = 2;
    remove.names = names;
    remove.n_base_names = 1;
    remove.base_names = bases;
    Fgw__Gxgy__RuleRemove *list[] = {&remove};
    Fgw__Gxgy__GxAnswer answer = FGW__GXGY__GX_ANSWER__INIT;
    answer.n_remove = 1;
    answer.remove = list;
    struct gxgy_rules rules = rules_of(&answer);
    assert_int_equal(rules.n_remove, 2);
    assert_string_equal(rules.remove[0], "own");
    assert_string_equal(rules.remove[1], "a");
}

// Given: a reload at any moment of the look-up. Then: what is always on is there.
static void test_settings_change_while_rules_are_looked_up(void **state)
{
#define SETTINGS                                                                                   \
    "rules = ( { id = \"r\"; }, { id = \"s\"; omnipresent = true; } );"                            \
    "base_names = ( { name = \"b\"; rules = [ \"r\" ]; omnipresent = true; } );"
    struct gxgy_settings next = {0};
    struct conf *conf;
    kit_settings(SETTINGS);
    assert_int_equal(conf_parse("next", "gx_gy = { " SETTINGS " };", &conf), ERR_OK);
    assert_int_equal(conf_read(conf, "gx_gy", gxgy_settings_keys, &next), ERR_OK);
    world.next = &next;
    for (size_t i = 1; i < 20; i++) {
        world.look_ups = i;
        const struct gxgy_rules rules = rules_of(NULL);
        assert_int_equal(rules.n_static, 2);
        assert_true(has_static(&rules, "r") && has_static(&rules, "s"));
    }
    world.next = NULL;
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_rule_with_flows_is_given_whole, begin, end),
        cmocka_unit_test_setup_teardown(test_the_file_is_read_when_it_changes, begin, end),
        cmocka_unit_test_setup_teardown(test_the_file_is_written_into, begin, end),
        cmocka_unit_test_setup_teardown(test_no_file_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_a_wrong_file_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_mistakes_of_the_settings_are_named, begin, end),
        cmocka_unit_test_setup_teardown(test_the_last_source_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_the_pcrf_is_not_told_of_our_own_rules, begin, end),
        cmocka_unit_test_setup_teardown(test_a_change_in_between_does_not_make_rules_free, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_what_is_always_on_is_not_the_pcrfs_to_remove, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_settings_change_while_rules_are_looked_up, begin, end),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
