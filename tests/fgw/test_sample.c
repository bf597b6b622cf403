// SPDX-License-Identifier: BSD-3-Clause
// conf/gateway.conf is the manual: it is valid, it shows every setting, and the defaults it shows
// (lines like "#port = 8443;") are the real ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "extensions/gx_gy/gx_gy.h"
#include "extensions/s13/s13.h"
#include "extensions/s6a/s6a.h"
#include "extensions/swx/swx.h"
#include "fgw/snapshot.h"

static const struct fgw_interface with_s6a = {.name = "s6a",
                                              .settings = s6a_settings_keys,
                                              .settings_size = sizeof(struct s6a_settings),
                                              .configure = s6a_configure};

static const struct fgw_interface with_swx = {.name = "swx",
                                              .settings = swx_settings_keys,
                                              .settings_size = sizeof(struct swx_settings),
                                              .configure = swx_configure};
static const struct fgw_interface with_s13 = {.name = "s13",
                                              .settings = s13_settings_keys,
                                              .settings_size = sizeof(struct s13_settings),
                                              .configure = s13_configure};
static const struct fgw_interface with_gx_gy = {.name = "gx_gy",
                                                .settings = gxgy_settings_keys,
                                                .settings_size = sizeof(struct gxgy_settings),
                                                .configure = gxgy_configure};

// The sample, with files that exist in place of the certificates.
static char *read_sample(void)
{
    FILE *in = fopen(SAMPLE, "r"), *out;
    char *text = NULL, *line = NULL;
    size_t size, line_size = 0;
    assert_non_null(in);
    out = open_memstream(&text, &size);
    while (getline(&line, &line_size, in) > 0) {
        const char *pem = strstr(line, "\"/etc/fgw/tls/");
        bool comment = strncmp(line + strspn(line, " "), "//", 2) == 0;
        if (pem && !comment)
            fprintf(out, "%.*s\"/dev/null\";\n", (int)(pem - line), line);
        else
            fputs(line, out);
    }
    free(line);
    fclose(in);
    fclose(out);
    return text;
}

// The same with the shown defaults written out.
static char *uncomment(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; (at = strchr(at, '#')); at++) {
        const char *before = at;
        while (before > copy && before[-1] == ' ')
            before--;
        if ((before == copy || before[-1] == '\n') && at[1] >= 'a' && at[1] <= 'z')
            *at = ' ';
    }
    return copy;
}

static struct fgw_snapshot *parse(const char *text)
{
    struct fgw_snapshot *snapshot;
    enum err err = fgw_snapshot_parse("gateway.conf", text, &snapshot);
    if (!err)
        err = fgw_snapshot_complete(snapshot);
    for (size_t i = 0; i < conf_n_errors(snapshot->conf); i++)
        print_message("%s\n", conf_error_text(snapshot->conf, i));
    assert_int_equal(err, ERR_OK);
    return snapshot;
}

static int registered(void **state)
{
    fgw_interfaces_clear();
    const struct fgw_interface *const interfaces[] = {&with_s6a, &with_swx, &with_s13,
                                                      &with_gx_gy};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]) && !err; i++)
        err = fgw_interface_register(interfaces[i]);
    return err;
}

static int cleared(void **state)
{
    fgw_snapshot_install(NULL);
    fgw_interfaces_clear();
    return 0;
}

static void complain(const char *line, void *arg)
{
    int *differences = arg;
    print_message("the default shown is not the real one: %s\n", line);
    (*differences)++;
}

static void shown_defaults_are_the_real_ones(void **state)
{
    int differences = 0;
    char *text = read_sample(), *full = uncomment(text);
    assert_string_not_equal(text, full);
    fgw_snapshot_install(parse(text));
    struct fgw_snapshot *snapshot = parse(full);
    fgw_snapshot_diff(snapshot, complain, &differences);
    assert_int_equal(differences, 0);
    fgw_snapshot_free(snapshot);
    free(full);
    free(text);
}

static int look_for(const char *text, const char *section, const struct conf_key *keys)
{
    int missing = 0;
    for (const struct conf_key *key = keys; key->name; key++) {
        char shown[80];
        snprintf(shown, sizeof(shown), "%s =", key->name);
        if (!strstr(text, shown)) {
            print_message("not shown: %s.%s\n", section, key->name);
            missing++;
        }
        if (key->members)
            missing += look_for(text, key->name, key->members);
    }
    return missing;
}

static const char *section_of(const char *text, const char *head)
{
    const char *at = strstr(text, head);
    assert_non_null(at);
    return at;
}

static void every_setting_is_shown(void **state)
{
    char *text = read_sample();
    int missing = 0;
    for (const struct fgw_section *section = fgw_sections; section->name; section++)
        missing += look_for(text, section->name, section->keys);
    missing += look_for(text, "s6a", s6a_settings_keys);
    missing += look_for(section_of(text, "\nswx = {"), "swx", swx_settings_keys);
    missing += look_for(section_of(text, "\ns13 = {"), "s13", s13_settings_keys);
    missing += look_for(section_of(text, "\ngx_gy = {"), "gx_gy", gxgy_settings_keys);
    assert_int_equal(missing, 0);
    free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, registered, cleared)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(shown_defaults_are_the_real_ones),
        CASE(every_setting_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
