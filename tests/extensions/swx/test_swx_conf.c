// SPDX-License-Identifier: BSD-3-Clause
// Settings of SWx: what they are without a file, and what is refused.
#include "swx_kit.h"

static enum err read_text(const char *text, struct conf **conf, struct swx_settings *settings)
{
    enum err err = conf_parse("test", text, conf);
    if (err == ERR_OK)
        err = conf_read(*conf, "swx", swx_settings_keys, settings);
    return err == ERR_OK ? swx_configure(*conf, settings) : err;
}

static bool uses(const struct swx_settings *settings, const char *gateway, const char *digits)
{
    struct base_imsi imsi;
    assert_int_equal(base_imsi_parse(digits, strlen(digits), &imsi), ERR_OK);
    return swx_uses_s6a(settings, gateway, &imsi);
}

static void refused(const char *text)
{
    struct conf *conf = NULL;
    struct swx_settings settings;
    assert_int_not_equal(read_text(text, &conf, &settings), ERR_OK);
    assert_int_equal(conf_n_errors(conf), 1);
    conf_free(conf);
}

static void test_defaults(void **state)
{
    struct conf *conf = NULL;
    struct swx_settings s;
    assert_int_equal(read_text("", &conf, &s), ERR_OK);
    assert_string_equal(s.agw_service, "aaa_server");
    assert_string_equal(s.anid, "WLAN");
    assert_int_equal(s.cache_ms, 3 * 3600 * 1000);
    assert_int_equal(s.take_over, SWX_TAKE_OVER_NEVER);
    assert_false(s.verify_authorization);
    assert_false(uses(&s, "agw1", IMSI));
    assert_false(swx_needs_s6a(&s));
    conf_free(conf);
}

static void test_s6a_for_some_or_all_gateways(void **state)
{
    struct conf *conf = NULL;
    struct swx_settings s;
    assert_int_equal(
        read_text("swx = { s6a_gateways = [\"agw7\"]; s6a_visited_plmn = \"00101\"; };", &conf, &s),
        ERR_OK);
    assert_true(uses(&s, "agw7", IMSI));
    assert_false(uses(&s, "agw71", IMSI));
    assert_true(swx_needs_s6a(&s));
    assert_false(swx_needs_only_s6a(&s));
    conf_free(conf);
    assert_int_equal(
        read_text("swx = { s6a_gateways = \"*\"; s6a_visited_plmn = \"310410\"; };", &conf, &s),
        ERR_OK);
    assert_true(uses(&s, "agw71", IMSI));
    assert_true(swx_needs_only_s6a(&s));
    conf_free(conf);
}

static void test_s6a_for_users_of_home_networks(void **state)
{
    struct conf *conf = NULL;
    struct swx_settings s;
    assert_int_equal(read_text("swx = { s6a_users = ( { imsi_prefix = \"26202\"; },"
                               " { imsi_prefix = \"310410\"; gateway = \"agw7\"; } );"
                               " s6a_visited_plmn = \"00101\"; };",
                               &conf, &s),
                     ERR_OK);
    assert_true(swx_needs_s6a(&s));
    assert_true(uses(&s, "agw1", "262021234567890"));
    assert_false(uses(&s, "agw1", "262011234567890"));
    assert_true(uses(&s, "agw7", "310410123456789"));
    assert_false(uses(&s, "agw1", "310410123456789"));
    assert_false(uses(&s, "agw7", "310411123456789"));
    conf_free(conf);
}

static void test_what_is_refused(void **state)
{
    refused("swx = { s6a_gateways = \"*\"; };");
    refused("swx = { s6a_visited_plmn = \"1\"; };");
    refused("swx = { s6a_users = ( { imsi_prefix = \"26202\"; } ); };");
    refused("swx = { s6a_users = ( { imsi_prefix = \"x\"; } ); s6a_visited_plmn = \"00101\"; };");
    refused("swx = { take_over = \"always\"; };");
    refused("swx = { cache_vectors = 6; };");
    refused("swx = { realm = \"no realm\"; };");
    refused("swx = { routes = ( { imsi_prefix = \"001\"; mnc_digits = 1; } ); };");
    refused("swx = { routes = ( { imsi_prefix = \"001\"; }, { imsi_prefix = \"001\"; } ); };");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_s6a_for_some_or_all_gateways),
        cmocka_unit_test(test_s6a_for_users_of_home_networks),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
