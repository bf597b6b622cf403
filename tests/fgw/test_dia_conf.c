// SPDX-License-Identifier: BSD-3-Clause
// What is told about a freeDiameter configuration that the library refuses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fgw/dia_conf.h"

static void collect(const char *line, void *arg)
{
    char *text = arg;
    size_t used = strlen(text);
    snprintf(text + used, 2000 - used, "%s\n", line);
}

static void mistakes_are_told_with_line_and_expectation(void **state)
{
    const struct {
        const char *text, *told; // NULL: nothing
    } rows[] = {
        {"", NULL},
        {"# only a comment", NULL},
        {"Identity = \"a.b\"; Realm = \"b\";\nNoRelay;\nPort = 0;", NULL},
        {"identity = \"a\"; NORELAY; appservthreads = 2;", NULL},
        {"ConnectPeer = \"x\" { No_TLS; TwTimer = 1; ConnectTo = \"::1\"; };", NULL},
        {"ConnectPeer = \"x\";\nTLS_Cred = \"a\", \"b\";", NULL},
        {"ConnectPeer = \"x\"; include \"tls.conf\";", NULL},
        {"ConnectPeer = \"y\" { No_TLS; };\nConnectPeer = \"x\" { Port = 1; };",
         "f:2: ConnectPeer \"x\" can never connect: expected No_TLS"},
        {"LoadExtension = \"dict.fdx\" : \"x\";\nLoadExtension = \"s6a.fdx\";", NULL},
        {"include \"more.conf\";", NULL},
        {"TLS_Cred = \"a\", \"b\";", NULL},
        {"\n\nConnectPear = \"x\";", "f:3: unknown setting \"ConnectPear\", expected ConnectPeer?"},
        {"zzzzzzzzzzzz;", "f:1: unknown setting \"zzzzzzzzzzzz\", expected Identity"},
        {"Identity = a.b;", "f:1: found 'a.b', expected a text in quotes"},
        {"Identity = \"a\nRealm = \"b\";", "f:1: \"a has no closing quote"},
        {"Identity = \"a\"\nRealm = \"b\";", "f:2: found 'Realm', expected ';' after Identity"},
        {"Port = \"3868\";", "f:1: found \"3868\", expected a number"},
        {"Port 3868;", "f:1: found '3868', expected '='"},
        {"TLS_Cred = \"a\";", "f:1: found ';', expected ',' and a second text"},
        {"ConnectPeer = \"x\" { No_TLS; \n TwTimr = 1; };",
         "f:2: unknown setting \"TwTimr\" of ConnectPeer, expected TwTimer?"},
        {"ConnectPeer = \"x\" { No_TLS; ", "f:1: the file ends, expected a setting of the peer"},
        {"ConnectPeer = \"x\" { No_TLS; }\nNoRelay;", "f:2: found 'NoRelay', expected ';'"},
        {"ConnectPeer = x;", "expected the peer's Diameter identity"},
        {"= 5;", "f:1: found '=', expected a setting"},
        {"NoRelay = 1;", "f:1: found '=', expected ';' after NoRelay"},
        {"\nLoadExtension = \"/nonexistent/s7a.fdx\";",
         "f:2: LoadExtension: /nonexistent/s7a.fdx cannot be read"},
        {"TLS_CA = \"/nonexistent/ca.pem\";", "f:1: TLS_CA: /nonexistent/ca.pem cannot be read"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char told[2000] = "";
        bool any = fgw_dia_conf_explain("f", rows[i].text, strlen(rows[i].text), collect, told);
        if (any != (rows[i].told != NULL) || (any && !strstr(told, rows[i].told)))
            print_message("row %zu: %s\n", i, told);
        assert_int_equal(any, rows[i].told != NULL);
        if (any)
            assert_non_null(strstr(told, rows[i].told));
    }
}

static void nothing_breaks_it(void **state)
{
    static const char alphabet[] = "aZ09_-.\"{}=;:,#\n\\ \0/";
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        char text[64], told[2000] = "";
        size_t len = (size_t)rand_r(&seed) % sizeof(text);
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
        fgw_dia_conf_explain("f", text, len, collect, told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_with_line_and_expectation),
        cmocka_unit_test(nothing_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
