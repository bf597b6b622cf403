// SPDX-License-Identifier: BSD-3-Clause
// Reading ConnectPeer out of a freeDiameter configuration.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diameter/peer_conf.h"

static struct dia_peers_conf read_text(const char *text)
{
    struct dia_peers_conf conf = {0};
    struct dia_peer_conf_error error;
    enum err err = dia_peers_conf_read(&conf, text, strlen(text), &error);
    if (err != ERR_OK)
        print_error("line %d: %s\n", error.line, error.text);
    assert_int_equal(err, ERR_OK);
    return conf;
}

static void test_all_settings_of_a_peer(void **state)
{
    struct dia_peers_conf conf = read_text(
        "# comment; with } and \"quotes\"\n"
        "Identity = \"fgw.example.org\";\n"
        "connectpeer = \"a.example.org\" { No_TLS; no_sctp; ConnectTo = \"10.0.0.1\";\n"
        "  ConnectTo = \"fd00::1\"; # two\n"
        "  Port = 3869; TcTimer = 5; TwTimer = 0x10; Realm = \"r.test\"; TLS_Prio = \"NORMAL\";\n"
        "  Prefer_TCP; TLS_old_method; No_IPv6; };\n"
        "ConnectPeer = \"b.example.org\";\n"
        "LoadExtension = \"x.fdx\" : \"y\";\n");
    assert_int_equal(conf.n_peers, 2);
    const struct dia_peer_conf *a = &conf.peers[0];
    assert_string_equal(a->identity, "a.example.org");
    assert_int_equal(a->line, 3);
    assert_int_equal(a->n_connect_to, 2);
    assert_string_equal(a->connect_to[1], "fd00::1");
    assert_int_equal(a->port, 3869);
    assert_int_equal(a->tc_timer, 5);
    assert_int_equal(a->tw_timer, 16);
    assert_string_equal(a->realm, "r.test");
    assert_string_equal(a->tls_priority, "NORMAL");
    assert_true(a->no_tls && a->no_sctp && a->prefer_tcp && a->tls_old_method && a->no_ipv6);
    assert_false(a->no_tcp || a->no_ip || a->sctp_3436);
    assert_int_equal(conf.peers[1].n_connect_to, 0);
    assert_ptr_equal(dia_peers_conf_find(&conf, "B.Example.ORG"), &conf.peers[1]);
    assert_null(dia_peers_conf_find(&conf, "c.example.org"));
    dia_peers_conf_free(&conf);
}

static void test_only_what_matters_counts_as_a_difference(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"{ No_TLS; Port = 1; }", "{ Port = 1;# x\n No_TLS; }", true},
        {"", "{ }", true},
        {"{ Port = 1; }", "{ Port = 2; }", false},
        {"{ ConnectTo = \"a\"; }", "{ ConnectTo = \"b\"; }", false},
        {"{ ConnectTo = \"a\"; }", "{ }", false},
        {"{ Realm = \"a\"; }", "{ }", false},
        {"{ No_TLS; }", "{ }", false},
        {"{ TwTimer = 1; }", "{ TwTimer = 2; }", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "ConnectPeer = \"p\" %s;", cases[i].a);
        struct dia_peers_conf a = read_text(text);
        snprintf(text, sizeof(text), "ConnectPeer = \"p\" %s;", cases[i].b);
        struct dia_peers_conf b = read_text(text);
        assert_int_equal(dia_peer_conf_same(&a.peers[0], &b.peers[0]), cases[i].same);
        dia_peers_conf_free(&a);
        dia_peers_conf_free(&b);
    }
}

static void test_other_statements_have_a_fingerprint(void **state)
{
    struct dia_peers_conf a = read_text("Port = 3868; ConnectPeer = \"p\";\nNoRelay;");
    struct dia_peers_conf b = read_text("Port=3868 ; # x\n NoRelay; ConnectPeer = \"q\";");
    struct dia_peers_conf c = read_text("Port = 3869; NoRelay;");
    assert_true(a.rest == b.rest);
    assert_true(a.rest != c.rest);
    dia_peers_conf_free(&a);
    dia_peers_conf_free(&b);
    dia_peers_conf_free(&c);
}

static void test_includes_are_listed(void **state)
{
    struct dia_peers_conf conf =
        read_text("include \"/etc/fgw/peers/*.conf\"; ConnectPeer = \"p\";");
    assert_int_equal(conf.n_includes, 1);
    assert_string_equal(conf.includes[0], "/etc/fgw/peers/*.conf");
    assert_int_equal(conf.n_peers, 1);
    dia_peers_conf_free(&conf);
}

static void test_names_line_and_reason_of_what_it_refuses(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        int line;
    } cases[] = {
        {"ConnectPeer \"p\";", ERR_CONF_SYNTAX, 1},
        {"ConnectPeer = p;", ERR_CONF_SYNTAX, 1},
        {"\nConnectPeer = \"p\"", ERR_CONF_SYNTAX, 2},
        {"ConnectPeer = \"p\" { Port = 3868 };", ERR_CONF_SYNTAX, 1},
        {"ConnectPeer = \"p\" {\n Port = 0; };", ERR_CONF_RANGE, 2},
        {"ConnectPeer = \"p\" {\n Port = 65536; };", ERR_CONF_RANGE, 2},
        {"ConnectPeer = \"p\" {\n Port = x; };", ERR_CONF_SYNTAX, 2},
        {"ConnectPeer = \"p\" { Surprise; };", ERR_CONF_SYNTAX, 1},
        {"ConnectPeer = \"p\" { No_TLS;", ERR_CONF_SYNTAX, 1},
        {"ConnectPeer = \"p", ERR_CONF_SYNTAX, 1},
        {"include x;", ERR_CONF_SYNTAX, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dia_peers_conf conf = {0};
        struct dia_peer_conf_error error;
        enum err err = dia_peers_conf_read(&conf, cases[i].text, strlen(cases[i].text), &error);
        if (err != cases[i].err || error.line != cases[i].line)
            print_error("case %zu: %s line %d: %s\n", i, err_name(err), error.line, error.text);
        assert_int_equal(err, cases[i].err);
        assert_int_equal(error.line, cases[i].line);
        dia_peers_conf_free(&conf);
    }
}

static void test_any_bytes_are_survived(void **state)
{
    static const char text[] = "ConnectPeer = \"a\" { ConnectTo = \"x\"; Port = 1; };\n"
                               "include \"y\"; Other { a; b; };";
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        for (int c = 0; c < 256; c += 5) {
            char *bytes = malloc(cut + 1);
            memcpy(bytes, text, cut);
            bytes[cut] = (char)c;
            struct dia_peers_conf conf = {0};
            struct dia_peer_conf_error error;
            (void)dia_peers_conf_read(&conf, bytes, cut + 1, &error);
            dia_peers_conf_free(&conf);
            free(bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_settings_of_a_peer),
        cmocka_unit_test(test_only_what_matters_counts_as_a_difference),
        cmocka_unit_test(test_other_statements_have_a_fingerprint),
        cmocka_unit_test(test_includes_are_listed),
        cmocka_unit_test(test_names_line_and_reason_of_what_it_refuses),
        cmocka_unit_test(test_any_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
