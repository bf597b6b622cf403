// SPDX-License-Identifier: BSD-3-Clause
// The section `sgs` of conf/gateway.conf, which is commented out there: it is valid, it shows every
// setting, and the defaults it shows (lines like "#select =") are the real ones.
#include "world.h"

// The section without its "//"; with_defaults: without the '#' before defaults, too.
static char *section(bool with_defaults)
{
    FILE *in = fopen(SAMPLE, "r"), *out;
    char *text = NULL, *line = NULL;
    size_t size, line_size = 0;
    bool inside = false;
    assert_non_null(in);
    out = open_memstream(&text, &size);
    while (getline(&line, &line_size, in) > 0) {
        inside = inside || strncmp(line, "//sgs = {", 9) == 0;
        if (!inside)
            continue;
        assert_memory_equal(line, "//", 2);
        char *at = line + 2 + strspn(line + 2, " ");
        if (*at == '#' && with_defaults)
            *at = ' ';
        fputs(line + 2, out);
        if (strncmp(line, "//};", 4) == 0)
            break;
    }
    free(line);
    fclose(in);
    fclose(out);
    assert_true(inside);
    return text;
}

static struct conf *read_it(const char *text, struct sgs_settings *out)
{
    enum err err;
    memset(out, 0, sizeof(*out));
    struct conf *conf = world_settings(text, out, &err);
    for (size_t i = 0; i < conf_n_errors(conf); i++)
        print_message("%s\n", conf_error_text(conf, i));
    assert_int_equal(err, ERR_OK);
    return conf;
}

static void shown_defaults_are_the_real_ones(void **state)
{
    struct sgs_settings real, shown;
    const size_t at = offsetof(struct sgs_settings, select);
    char *text = section(false), *full = section(true);
    struct conf *a = read_it(text, &real), *b = read_it(full, &shown);
    assert_int_equal(real.vlrs.n, 2);
    assert_int_equal(real.areas.n, 2);
    assert_string_equal(real.agw_service, shown.agw_service);
    assert_int_equal(shown.local_addresses.n, 0);
    assert_memory_equal((char *)&real + at, (char *)&shown + at, sizeof(real) - at);
    conf_free(a);
    conf_free(b);
    free(text);
    free(full);
}

static int look_for(const char *text, const struct conf_key *keys)
{
    int missing = 0;
    for (const struct conf_key *key = keys; key->name; key++) {
        char shown[80];
        snprintf(shown, sizeof(shown), "%s =", key->name);
        if (!strstr(text, shown)) {
            print_message("not shown: %s\n", key->name);
            missing++;
        }
        if (key->members)
            missing += look_for(text, key->members);
    }
    return missing;
}

static void every_setting_is_shown(void **state)
{
    char *text = section(false);
    assert_int_equal(look_for(text, sgs_settings_keys), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shown_defaults_are_the_real_ones),
        cmocka_unit_test(every_setting_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
