// SPDX-License-Identifier: BSD-3-Clause
// Addresses as text, names, and the configuration's rows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sctp/sctp.h"

static void addresses_are_parsed_and_written(void **state)
{
    static const struct {
        const char *in;
        uint16_t port;
        const char *out;
    } table[] = {
        {"192.0.2.1", 29118, "192.0.2.1:29118"},
        {"2001:db8::1", 29118, "[2001:db8::1]:29118"},
        {"192.0.2.1", 0, "192.0.2.1"},
        {"2001:db8::1", 0, "2001:db8::1"},
        {"::ffff:192.0.2.1", 1, "192.0.2.1:1"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sct_addrs addrs;
        char text[SCT_ADDR_TEXT_MAX];
        assert_int_equal(sct_addrs_parse(&table[i].in, 1, table[i].port, &addrs), ERR_OK);
        assert_int_equal(addrs.n, 1);
        assert_int_equal(sct_addr_port(&addrs.at[0]), table[i].port);
        assert_string_equal(sct_addr_text(&addrs.at[0], text), table[i].out);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const wrong[] = {"", "localhost", "192.0.2.256", "192.0.2.1:1", "[::1]"};
    const char *many[SCT_ADDRS_MAX + 1];
    struct sct_addrs addrs;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(sct_addrs_parse(&wrong[i], 1, 1, &addrs), ERR_INVALID);
    for (size_t i = 0; i < SCT_ADDRS_MAX + 1; i++)
        many[i] = "127.0.0.1";
    assert_int_equal(sct_addrs_parse(many, SCT_ADDRS_MAX, 1, &addrs), ERR_OK);
    assert_int_equal(sct_addrs_parse(many, SCT_ADDRS_MAX + 1, 1, &addrs), ERR_FULL);
}

static void an_ipv4_address_within_ipv6_is_the_same(void **state)
{
    const char *const texts[] = {"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1"};
    struct sct_addrs a;
    assert_int_equal(sct_addrs_parse(texts, 4, 7, &a), ERR_OK);
    assert_true(sct_addr_equal(&a.at[0], &a.at[1]));
    assert_false(sct_addr_equal(&a.at[0], &a.at[2]));
    assert_false(sct_addr_equal(&a.at[0], &a.at[3]));
    assert_true(sct_addr_equal(&a.at[3], &a.at[3]));
}

static void every_enumerator_is_named(void **state)
{
    for (unsigned i = 0; i < SCT_BACKENDS; i++)
        assert_string_not_equal(sct_backend_name((enum sct_backend)i), "unknown");
    for (unsigned i = 0; i < SCT_DOWNS; i++)
        assert_string_not_equal(sct_down_name((enum sct_down)i), "unknown");
    for (unsigned i = 0; i < SCT_PATH_STATES; i++)
        assert_string_not_equal(sct_path_state_name((enum sct_path_state)i), "unknown");
}

static void settings_are_read_and_default_to_the_options(void **state)
{
    struct conf *conf;
    struct sct_options options;
    struct sct_stack_conf stack;
    assert_int_equal(conf_parse("t.conf", "stack = { backend = \"user\"; udp_port = 9899; };\n"
                                "options = { heartbeat = \"30s\"; nodelay = false; };\n", &conf),
                     ERR_OK);
    memset(&options, 0, sizeof(options));
    assert_int_equal(conf_read(conf, "stack", sct_stack_conf, &stack), ERR_OK);
    assert_int_equal(conf_read(conf, "options", sct_options_conf, &options), ERR_OK);
    assert_int_equal(stack.backend, SCT_USER);
    assert_int_equal(stack.udp_port, 9899);
    assert_int_equal(options.heartbeat, 30000);
    assert_false(options.nodelay);
    assert_int_equal(conf_read(conf, "absent", sct_options_conf, &options), ERR_OK);
    assert_memory_equal(&options, &sct_options_default, sizeof(options));
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_parsed_and_written),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(an_ipv4_address_within_ipv6_is_the_same),
        cmocka_unit_test(every_enumerator_is_named),
        cmocka_unit_test(settings_are_read_and_default_to_the_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
