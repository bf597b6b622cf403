// SPDX-License-Identifier: BSD-3-Clause
// Settings of S6a and the routes made of them.
#include "s6a_kit.h"

static struct conf *conf;
static struct s6a_settings settings;

static enum err read_settings(const char *text)
{
    conf_free(conf);
    conf = NULL;
    memset(&settings, 0, sizeof(settings));
    if (conf_parse("gateway.conf", text, &conf) != ERR_OK)
        return ERR_CONF_SYNTAX;
    enum err err = conf_read(conf, "s6a", s6a_settings_keys, &settings);
    return err == ERR_OK ? s6a_configure(conf, &settings) : err;
}

static int forget(void **state)
{
    conf_free(conf);
    conf = NULL;
    return 0;
}

static void goes_to(const char *imsi_text, const char *realm, const char *host)
{
    struct base_imsi imsi;
    struct fgw_destination to;
    assert_int_equal(base_imsi_parse(imsi_text, strlen(imsi_text), &imsi), ERR_OK);
    fgw_route_find(&settings.routes, settings.realm, settings.host, &imsi, "own.example.org", &to);
    assert_string_equal(to.realm, realm);
    assert_string_equal(to.host, host);
}

static void test_defaults(void **state)
{
    assert_int_equal(read_settings(""), ERR_OK);
    assert_int_equal(settings.timeout_ms, 8000);
    assert_int_equal(settings.cancel_type, S6A_CANCEL_AS_IS);
    assert_int_equal(settings.moved_cancel, S6A_MOVED_WITHDRAWAL);
    assert_int_equal(settings.unsupported_update, S6A_UNSUPPORTED_REFUSE);
    assert_int_equal(settings.unknown_cancel, S6A_UNKNOWN_SUCCESS);
    assert_true(settings.vendor_application);
    assert_false(settings.strict_answers);
    assert_string_equal(settings.agw_service, "s6a_async_service");
    goes_to("001010000000001", "own.example.org", "");
}

static void test_one_hss_for_all(void **state)
{
    assert_int_equal(
        read_settings("s6a: { realm = \"hss.example.org\"; host = \"hss1.example.org\"; };"),
        ERR_OK);
    goes_to("001010000000001", "hss.example.org", "hss1.example.org");
}

static void test_the_longest_prefix_wins(void **state)
{
    assert_int_equal(
        read_settings(
            "s6a: { realm = \"rest.org\"; routes = ("
            "{ imsi_prefix = \"001\"; realm = \"mcc.org\"; },"
            "{ imsi_prefix = \"0010112\"; realm = \"range.org\"; host = \"h.range.org\"; },"
            "{ imsi_prefix = \"00101\"; realm = \"plmn.org\"; },"
            "{ imsi_prefix = \"00102\"; host = \"h.rest.org\"; },"
            "{ imsi_prefix = \"262\"; mnc_digits = 2; },"
            "{ imsi_prefix = \"310\"; mnc_digits = 3; } ); };"),
        ERR_OK);
    goes_to("001990000000001", "mcc.org", "");
    goes_to("001010000000001", "plmn.org", "");
    goes_to("001011200000001", "range.org", "h.range.org");
    goes_to("001020000000001", "rest.org", "h.rest.org");
    goes_to("262010000000001", "epc.mnc001.mcc262.3gppnetwork.org", "");
    goes_to("310410000000001", "epc.mnc410.mcc310.3gppnetwork.org", "");
    goes_to("999990000000001", "rest.org", "");
    goes_to("001011", "plmn.org", ""); // an IMSI shorter than a prefix
}

static void test_an_empty_prefix_is_the_default_route(void **state)
{
    assert_int_equal(
        read_settings("s6a: { routes = ( { imsi_prefix = \"\"; realm = \"all.org\"; } ); };"),
        ERR_OK);
    goes_to("001010000000001", "all.org", "");
}

static void test_mistakes_are_named(void **state)
{
    static const char *const wrong[] = {
        "s6a: { timeout = \"never\"; };",
        "s6a: { timeout = 5; };",
        "s6a: { realm = \"not an identity\"; };",
        "s6a: { routes = ( { realm = \"a.org\"; } ); };",
        "s6a: { routes = ( { imsi_prefix = \"00x\"; realm = \"a.org\"; } ); };",
        "s6a: { routes = ( { imsi_prefix = \"1\"; mnc_digits = 1; } ); };",
        "s6a: { routes = ( { imsi_prefix = \"1\"; }, { imsi_prefix = \"1\"; } ); };",
        "s6a: { cancel_type = \"sometimes\"; };",
        "s6a: { no_such_setting = 1; };",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_not_equal(read_settings(wrong[i]), ERR_OK);
        assert_int_not_equal(conf_n_errors(conf), 0);
    }
}

#define T(test) cmocka_unit_test_teardown(test, forget)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_defaults),
        T(test_one_hss_for_all),
        T(test_the_longest_prefix_wins),
        T(test_an_empty_prefix_is_the_default_route),
        T(test_mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
