// SPDX-License-Identifier: BSD-3-Clause
// conf/aaa.conf is the manual: it is valid and the defaults it shows are the real ones. Clients are
// found by their networks; mistakes are told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aaa/settings.h"

static char lines[4096];

static void report(const char *line)
{
    size_t n = strlen(lines);
    snprintf(lines + n, sizeof(lines) - n, "%s\n", line);
}

static enum err load(const char *text, struct aaa_settings *out)
{
    char path[] = "/tmp/test-aaa-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    lines[0] = '\0';
    enum err err = aaa_settings_load(path, out, report);
    unlink(path);
    return err;
}

static char *sample(bool defaults_shown)
{
    FILE *in = fopen(SAMPLE, "r"), *out;
    char *text = NULL, *line = NULL;
    size_t size, line_size = 0;
    assert_non_null(in);
    out = open_memstream(&text, &size);
    while (getline(&line, &line_size, in) > 0) {
        char *hash = line + strspn(line, " ");
        if (defaults_shown && hash[0] == '#' && hash[1] != ' ')
            *hash = ' ';
        fputs(line, out);
    }
    free(line);
    fclose(in);
    fclose(out);
    return text;
}

static void the_sample_shows_the_defaults(void **state)
{
    struct aaa_settings plain, shown;
    char *one = sample(false), *two = sample(true);
    assert_int_equal(load(one, &plain), ERR_OK);
    if (load(two, &shown))
        fail_msg("%s", lines);
    assert_memory_equal(&plain.eap.reauth_max, &shown.eap.reauth_max,
                        sizeof(plain.eap) - offsetof(struct aaa_settings, eap.reauth_max) +
                            offsetof(struct aaa_settings, eap));
    assert_string_equal(plain.eap.network, shown.eap.network);
    assert_int_equal(plain.eap.ask_identity, shown.eap.ask_identity);
    assert_int_equal(plain.eap.result_indications, shown.eap.result_indications);
    assert_int_equal(plain.eap.pseudonyms, shown.eap.pseudonyms);
    assert_true(plain.aka && plain.prime && shown.aka && shown.prime);
    assert_memory_equal(&plain.session, &shown.session, sizeof(plain.session));
    assert_memory_equal(&plain.dyn, &shown.dyn, sizeof(plain.dyn));
    assert_int_equal(plain.fgw.timeout_ms, shown.fgw.timeout_ms);
    assert_int_equal(plain.fgw.port, shown.fgw.port);
    assert_int_equal(plain.listen.auth_port, shown.listen.auth_port);
    assert_int_equal(plain.listen.acct_port, shown.listen.acct_port);
    assert_string_equal(plain.metrics.address, shown.metrics.address);
    assert_int_equal(plain.metrics.port, shown.metrics.port);
    assert_int_equal(plain.storage.accounting_ms, shown.storage.accounting_ms);
    assert_memory_equal(&plain.log, &shown.log, sizeof(plain.log));
    const struct aaa_client *a = plain.clients.items, *b = shown.clients.items;
    assert_int_equal(a->coa_port, b->coa_port);
    assert_int_equal(a->require_message_authenticator, b->require_message_authenticator);
    aaa_settings_free(&plain);
    aaa_settings_free(&shown);
    free(one);
    free(two);
}

#define REST                                                                                       \
    "listen = { address = \"127.0.0.1\"; }; storage = { database = \"/x\"; };"                     \
    "fgw = { host = \"x\"; cleartext = true; };"

static const char *name_at(const struct aaa_settings *s, const char *address)
{
    struct sockaddr_storage from;
    assert_int_equal(aaa_addr_parse(address, 1, &from), ERR_OK);
    const struct aaa_client *client = aaa_client_find(s, &from);
    return client ? client->name : "none";
}

static void the_narrowest_network_is_the_client(void **state)
{
    struct aaa_settings s;
    assert_int_equal(
        load(REST "clients = ("
                  "{ name = \"all\"; address = \"10.0.0.0/8\"; secret = \"12345678\"; },"
                  "{ name = \"one\"; address = \"10.1.2.3\"; secret = \"12345678\"; },"
                  "{ name = \"odd\"; address = \"10.1.2.128/25\"; secret = \"12345678\"; },"
                  "{ name = \"six\"; address = \"2001:db8::/33\"; secret = \"12345678\"; });",
             &s),
        ERR_OK);
    assert_string_equal(name_at(&s, "10.1.2.3"), "one");
    assert_string_equal(name_at(&s, "10.1.2.4"), "all");
    assert_string_equal(name_at(&s, "10.1.2.129"), "odd");
    assert_string_equal(name_at(&s, "10.1.2.127"), "all");
    assert_string_equal(name_at(&s, "11.0.0.1"), "none");
    assert_string_equal(name_at(&s, "2001:db8:7fff::1"), "six");
    assert_string_equal(name_at(&s, "2001:db8:8000::1"), "none");
    aaa_settings_free(&s);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *clients, *told;
    } cases[] = {
        {"clients = ({ name = \"a\"; address = \"10.0.0.0/33\"; secret = \"12345678\"; });",
         "10.0.0.0/33"},
        {"clients = ({ name = \"a\"; address = \"ap.example\"; secret = \"12345678\"; });",
         "ap.example"},
        {"clients = ({ name = \"a\"; address = \"10.0.0.1\"; secret = \"short\"; });", "8 to 128"},
        {"clients = ({ name = \"a\"; address = \"10.0.0.1\"; });", "secret"},
        {"clients = ({ name = \"a\"; address = \"10.0.0.1\"; secret_file = \"/nowhere\"; });",
         "8 to 128"},
        {"clients = (); eap = { methods = [\"sim\"]; };", "sim"},
        {"clients = (); surplus = { };", "surplus"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct aaa_settings s;
        char text[1024];
        snprintf(text, sizeof(text), "%s%s", REST, cases[i].clients);
        assert_int_not_equal(load(text, &s), ERR_OK);
        if (!strstr(lines, cases[i].told))
            fail_msg("%s: %s", cases[i].clients, lines);
        aaa_settings_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_shows_the_defaults),
        cmocka_unit_test(the_narrowest_network_is_the_client),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
