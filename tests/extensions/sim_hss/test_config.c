// SPDX-License-Identifier: BSD-3-Clause
// The configuration file: the sample is valid, defaults apply, mistakes are told.
#include "hss_test.h"

#include "hss_config.h"

static size_t reported;

static void report(const char *line)
{
    assert_non_null(line);
    reported++;
}

static enum err load(const char *text, struct hss_config *config)
{
    char path[] = "/tmp/hss-conf-XXXXXX";
    int fd = mkstemp(path);
    enum err err;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    reported = 0;
    err = hss_config_load(path, config, report);
    unlink(path);
    return err;
}

static void test_sample(void **state)
{
    // given the sample configuration, which is the manual, when loaded, then it is valid
    struct hss_config config;

    reported = 0;
    assert_int_equal(hss_config_load("../../../conf/sim_hss.conf", &config, report), ERR_OK);
    assert_int_equal(reported, 0);
    hss_config_free(&config);
}

static void test_defaults(void **state)
{
    struct hss_config config;

    assert_int_equal(load("database = \"/tmp/a\"; control = \"/tmp/b\";", &config), ERR_OK);
    assert_string_equal(config.database, "/tmp/a");
    assert_string_equal(config.control, "/tmp/b");
    assert_int_equal(config.settings.max_vectors, 5);
    assert_int_equal(config.jump, 65536);
    assert_false(config.scheme.time_based);
    assert_int_equal(config.scheme.ind_bits, 5);
    assert_int_equal(aka_sqn_scheme_check(&config.scheme), ERR_OK);
    hss_config_free(&config);
}

static void test_values(void **state)
{
    struct hss_config config;

    assert_int_equal(load("database = \"a\"; control = \"b\"; home = [\"00101\", \"310410\"];"
                          "vectors = { max = 2; }; flush = \"1s\";"
                          "sqn = { mode = \"clock\"; ind_bits = 4; tick = \"1s\"; jump = 100; };"
                          "faults = [\"cmd=AIR drop\"]; accept = [\"*.example\"];",
                          &config), ERR_OK);
    assert_int_equal(config.settings.n_home, 2);
    assert_int_equal(config.settings.home[1].mnc, 410);
    assert_int_equal(config.settings.max_vectors, 2);
    assert_int_equal(config.flush_ms, 1000);
    assert_true(config.scheme.time_based);
    assert_int_equal(config.scheme.tick_ms, 1000);
    assert_int_equal(config.scheme.ind[AKA_DOMAIN_CS].first, 8);
    assert_int_equal(config.faults.n, 1);
    assert_int_equal(config.peers.accept.n, 1);
    hss_config_free(&config);
}

static void test_mistakes(void **state)
{
    static const char *const texts[] = {
        "control = \"b\";",                                                   // no database
        "database = \"a\"; control = \"b\"; vectors = { max = 99; };",        // range
        "database = \"a\"; control = \"b\"; sqn = { mode = \"dice\"; };",     // choice
        "database = \"a\"; control = \"b\"; home = [\"1\"];",                 // PLMN
        "database = \"a\"; control = \"b\"; faults = [\"explode\"];",         // rule
        "database = \"a\"; control = \"b\"; log = \"loud\";",                 // level
        "database = \"a\"; control = \"b\"; vectors = { many = 1; };",        // unknown key
        "database = ",                                                       // syntax
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct hss_config config;

        assert_int_not_equal(load(texts[i], &config), ERR_OK);
        assert_true(reported >= 1);
    }
}

static void test_no_file(void **state)
{
    struct hss_config config;

    assert_int_not_equal(hss_config_load("/nonexistent/sim_hss.conf", &config, report), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),   cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),   cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
