// SPDX-License-Identifier: BSD-3-Clause
// gateway.conf: what is not written gets its default, and every mistake is told with its line and
// with what was expected.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fgw/directory_store.h"
#include "fgw/log.h"
#include "fgw/snapshot.h"

#define ELEVEN "\"1\", \"1\", \"1\", \"1\", \"1\", \"1\", \"1\", \"1\", \"1\", \"1\", \"1\""
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LOOPBACK "agw = { listen = ( { address = \"127.0.0.1\"; cleartext = true; } ); };\n"

static struct fgw_snapshot *read_text(const char *text, enum err *err)
{
    struct fgw_snapshot *snapshot;
    *err = fgw_snapshot_parse("gateway.conf", text, &snapshot);
    assert_non_null(snapshot);
    if (!*err)
        *err = fgw_snapshot_complete(snapshot);
    return snapshot;
}

static void the_smallest_file_gets_safe_defaults(void **state)
{
    enum err err;
    struct fgw_snapshot *snapshot = read_text(LOOPBACK, &err);
    const struct fgw_settings *s = &snapshot->settings;
    assert_int_equal(err, ERR_OK);
    assert_false(s->agw.allow_unknown_gateways);
    assert_false(s->agw.allow_anonymous);
    assert_false(s->agw.allow_cleartext_anywhere);
    assert_int_equal(s->agw.listens.n, 1);
    assert_string_equal(s->admin.address, "127.0.0.1");
    assert_int_equal(s->storage.sync, FGW_STORE_SAFE);
    assert_int_equal(s->diameter.max_in_flight_peer, 1000);
    assert_int_equal(s->gateways.n, 0);
    fgw_snapshot_free(snapshot);
}

static void settings_reach_the_rpc_server(void **state)
{
    enum err err;
    struct fgw_snapshot *snapshot = read_text(
        "agw = { listen = ( { address = \"127.0.0.1\"; port = 1234; cleartext = true; },\n"
        "                   { address = \"::1\"; port = 0; cleartext = true;"
        " front_proxy = true; } );\n"
        "  trusted_proxies = [ \"10.0.0.0/8\", \"::1\" ];\n"
        "  limits = { max_message = \"1M\"; idle = \"2min\"; };\n"
        "  tunnel = { heartbeat = \"7s\"; }; };\n", &err);
    assert_int_equal(err, ERR_OK);
    struct rpc_server_config server;
    struct rpc_listen listens[2];
    struct rpc_tunnel_config tunnel;
    fgw_settings_server(&snapshot->settings.agw, &server, listens);
    fgw_settings_tunnel(&snapshot->settings.agw.tunnel, &tunnel);
    assert_int_equal(server.n_listens, 2);
    assert_int_equal(listens[0].port, 1234);
    assert_true(listens[1].front_proxy);
    assert_int_equal(server.n_trusted_proxies, 2);
    assert_string_equal(server.trusted_proxies[0], "10.0.0.0/8");
    assert_int_equal(server.limits.max_message, 1 << 20);
    assert_int_equal(server.limits.idle_ms, 120000);
    assert_int_equal(server.limits.max_streams, 256);
    assert_int_equal(tunnel.heartbeat_ms, 7000);
    assert_null(server.tls.certificate);
    fgw_snapshot_free(snapshot);
}

// The rpc server takes 0 for "not set".
static void no_grace_is_not_the_default_grace(void **state)
{
    enum err err;
    struct rpc_tunnel_config tunnel;
    struct fgw_snapshot *snapshot = read_text(
        "agw = { listen = ( { address = \"127.0.0.1\"; port = 1234; cleartext = true; } );\n"
        "  tunnel = { reconnect_grace = 0; }; };\n", &err);
    assert_int_equal(err, ERR_OK);
    fgw_settings_tunnel(&snapshot->settings.agw.tunnel, &tunnel);
    assert_int_equal(tunnel.reconnect_grace_ms, 1);
    fgw_snapshot_free(snapshot);
}

static void mistakes_are_told_with_line_and_expectation(void **state)
{
    const struct {
        const char *text, *place, *expected; // a message with both must be there
    } rows[] = {
        {"", "agw.listen", "expected a list of groups"},
        {"agw = { listen = ( ); };", "gateway.conf:1", "expected at least one"},
        {"agw = {\n listen = ( { port = 70000; cleartext = true; } );\n};", "gateway.conf:2",
         "expected 0..65535"},
        {"agw = {\n listen = (\n { address = \"host\"; cleartext = true; } );\n};",
         "gateway.conf:3", "expected an IPv4 or IPv6 address"},
        {"agw = { listen = (\n { address = \"0.0.0.0\";\n cleartext = true; } ); };",
         "gateway.conf:2", "expected a loopback address"},
        {"agw = { listen = ( { address = \"127.0.0.1\"; } ); };", "agw.tls",
         "expected a PEM file"},
        {"agw = { listen = ( { address = \"127.0.0.1\"; } );\n"
         " tls = {\n certificate = \"/nonexistent/x.pem\"; }; };",
         "gateway.conf:3", "expected a file that can be read"},
        {"agw = { listen = ( { cleartext = true; address = \"::1\";\n front_proxy = true; } ); };",
         "gateway.conf:2", "trusted_proxies"},
        {LOOPBACK "gateways = (\n { id = \"a\"; },\n { id = \"b\"; },\n { id = \"a\"; } );",
         "gateway.conf:5", "listed twice"},
        {LOOPBACK "gateways = ( {\n plmns = [ \"00101\" ]; } );", "gateways[0].id",
         "is missing, expected a text"},
        {LOOPBACK "gateways = ( { id = \"a\";\n plmns = [ \"1\" ]; } );", "gateway.conf:3",
         "expected a PLMN"},
        {LOOPBACK "gateways = ( { id = \"a\";\n imsi_prefixes = [ \"0010x\" ]; } );",
         "gateway.conf:3", "expected 1 to 15 digits"},
        {LOOPBACK "storage = {\n sync = \"always\"; };", "gateway.conf:3",
         "expected one of \"safe\", \"full\", \"off\""},
        {LOOPBACK "storage = {\n directori = \"/x\"; };", "gateway.conf:3",
         "unknown setting \"directori\""},
        {LOOPBACK "log = { categories = [\n \"dia\" ]; };", "gateway.conf:3",
         "expected category=level"},
        {LOOPBACK "diameter = { supported_vendors = [\n \"3GPP\" ]; };", "gateway.conf:3",
         "expected the number of a vendor"},
        {LOOPBACK "diameter = {\n supported_vendors = [" ELEVEN ", " ELEVEN ", " ELEVEN "]; };",
         "gateway.conf:3", "at most 32"},
        {LOOPBACK "diameter = {\n product_name = \"" HUNDRED HUNDRED "\"; };", "gateway.conf:3",
         "at most 127 characters"},
        {LOOPBACK "process = { loops =\n \"many\"; };", "gateway.conf:", "expected a number"},
        {LOOPBACK "admin = { address = \"all\"; };", "gateway.conf:2", "or \"\" for none"},
        {LOOPBACK "s6a = {\n realm = \"x\"; };", "gateway.conf:2", "unknown setting \"s6a\""},
        {LOOPBACK "agw2 = 5\n\n$", "gateway.conf:4", "expected libconfig syntax"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum err err;
        struct fgw_snapshot *snapshot = read_text(rows[i].text, &err);
        bool found = false;
        for (size_t j = 0; j < conf_n_errors(snapshot->conf); j++) {
            const char *text = conf_error_text(snapshot->conf, j);
            found |= strstr(text, rows[i].place) && strstr(text, rows[i].expected);
        }
        for (size_t j = 0; !found && j < conf_n_errors(snapshot->conf); j++)
            print_message("row %zu: %s\n", i, conf_error_text(snapshot->conf, j));
        assert_int_not_equal(err, ERR_OK);
        assert_true(found);
        fgw_snapshot_free(snapshot);
    }
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct fgw_snapshot *snapshot;
    assert_int_equal(fgw_snapshot_load("/nonexistent/gateway.conf", &snapshot), ERR_IO);
    assert_int_equal(conf_n_errors(snapshot->conf), 1);
    assert_non_null(strstr(conf_error_text(snapshot->conf, 0), "/nonexistent/gateway.conf"));
    fgw_snapshot_free(snapshot);
}

static void log_levels_are_applied(void **state)
{
    enum err err;
    struct fgw_snapshot *snapshot = read_text(
        LOOPBACK "log = { level = \"warn\"; categories = [ \"admit=debug\", \"none=info\" ]; };",
        &err);
    assert_int_equal(err, ERR_OK); // "none" may be of an extension that is not loaded
    fgw_settings_apply_log(&snapshot->settings.log);
    assert_int_equal(log_admit.level, BASE_LOG_DEBUG);
    assert_int_equal(log_admin.level, BASE_LOG_WARN);
    assert_int_equal(fgw_log_level_apply("error"), ERR_OK);
    assert_int_equal(log_admit.level, BASE_LOG_ERROR);
    assert_int_equal(fgw_log_level_apply("none=info"), ERR_NOT_FOUND);
    assert_int_equal(fgw_log_level_apply("admit=loud"), ERR_INVALID);
    assert_int_equal(fgw_log_level_apply("=info"), ERR_INVALID);
    assert_int_equal(fgw_log_level_apply("notice"), ERR_OK);
    fgw_snapshot_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_file_gets_safe_defaults),
        cmocka_unit_test(settings_reach_the_rpc_server),
        cmocka_unit_test(no_grace_is_not_the_default_grace),
        cmocka_unit_test(mistakes_are_told_with_line_and_expectation),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(log_levels_are_applied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
