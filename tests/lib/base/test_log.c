// SPDX-License-Identifier: BSD-3-Clause
// Log: which lines appear, what a line carries, and that nothing a peer sends can forge or break
// one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

BASE_LOG_CATEGORY(log_alpha, "alpha");
BASE_LOG_CATEGORY(log_beta, "beta");

static struct {
    int n;
    enum base_log_level level;
    char last[2048];
} seen;

static void capture(enum base_log_level lvl, const char *line, void *arg)
{
    seen.n++;
    seen.level = lvl;
    snprintf(seen.last, sizeof(seen.last), "%s", line);
}

static int setup(void **state)
{
    memset(&seen, 0, sizeof(seen));
    base_log_set_sink(capture, NULL);
    base_log_set_level("all", BASE_LOG_NOTICE);
    base_log_set_masking(false);
    return 0;
}

static int teardown(void **state)
{
    base_log_follow(NULL);
    base_log_set_sink(NULL, NULL);
    return 0;
}

// What follows the time stamp.
static const char *rest(void)
{
    const char *space = strchr(seen.last, ' ');
    return space ? space + 1 : "";
}

static void levels_decide_what_appears(void **state)
{
    for (int set = 0; set < BASE_LOG_LEVELS; set++) {
        assert_int_equal(base_log_set_level("alpha", (enum base_log_level)set), ERR_OK);
        for (int lvl = 0; lvl < BASE_LOG_LEVELS; lvl++) {
            seen.n = 0;
            base_log(&log_alpha, (enum base_log_level)lvl, NULL, "x");
            assert_int_equal(seen.n, lvl <= set ? 1 : 0);
        }
    }
}

static void line_has_time_level_category_subject_message(void **state)
{
    struct base_log_subject subject = {
        .imsi = "001010000000001", .agw = "gw1", .peer = "hss.example.org"};
    base_log(&log_alpha, BASE_LOG_NOTICE, &subject, "answer %d", 5);
    assert_string_equal(rest(), "notice alpha imsi=001010000000001 agw=gw1 "
                                "peer=hss.example.org: answer 5");
    int y, mo, d, h, mi, s, us;
    char z;
    assert_int_equal(sscanf(seen.last, "%4d-%2d-%2dT%2d:%2d:%2d.%6d%c", &y, &mo, &d, &h, &mi, &s,
                            &us, &z), 8);
    assert_int_equal(z, 'Z');
    base_log(&log_alpha, BASE_LOG_ERROR, NULL, "alone");
    assert_string_equal(rest(), "error alpha: alone");
    assert_int_equal(seen.level, BASE_LOG_ERROR);
}

static void peers_cannot_break_or_forge_a_line(void **state)
{
    static const struct {
        const char *peer, *message, *expected;
    } rows[] = {
        {"a\nb", "m", "warn alpha peer=a\\nb: m"},
        {"a agw=gw2", "m", "warn alpha peer=a\\x20agw=gw2: m"},
        {"p", "one\r\ntwo\x1b[31m", "warn alpha peer=p: one\\x0d\\ntwo\\x1b[31m"},
        {"p", "\x7f\t", "warn alpha peer=p: \\x7f\\x09"},
        {"p", "gr\xc3\xbc\xc3\x9f", "warn alpha peer=p: gr\xc3\xbc\xc3\x9f"},
        {"p", "\xc3(", "warn alpha peer=p: \\xc3("},
        {"p", "\xc2\x85", "warn alpha peer=p: \\xc2\\x85"},         // C1: next line
        {"p", "\xc0\xaf", "warn alpha peer=p: \\xc0\\xaf"},         // overlong
        {"p", "\xed\xa0\x80", "warn alpha peer=p: \\xed\\xa0\\x80"}, // surrogate
        {"p", "\xf0\x9f\x98\x80", "warn alpha peer=p: \xf0\x9f\x98\x80"},
        {"p", "\xf4\x90\x80\x80", "warn alpha peer=p: \\xf4\\x90\\x80\\x80"},
        {"p", "\xe2\x82", "warn alpha peer=p: \\xe2\\x82"}, // cut short
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct base_log_subject subject = {.peer = rows[i].peer};
        base_log(&log_alpha, BASE_LOG_WARN, &subject, "%s", rows[i].message);
        assert_string_equal(rest(), rows[i].expected);
    }
}

static void long_lines_are_cut(void **state)
{
    char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    base_log(&log_alpha, BASE_LOG_WARN, NULL, "%s", text);
    assert_true(strlen(seen.last) < 1024);
    assert_true(strlen(seen.last) > 900);
    assert_string_equal(seen.last + strlen(seen.last) - 4, "x...");
    // and with a subject that alone is too long, made of bytes that grow when escaped
    memset(text, '\x01', sizeof(text) - 1);
    struct base_log_subject subject = {.peer = text};
    base_log(&log_alpha, BASE_LOG_WARN, &subject, "m");
    assert_true(strlen(seen.last) < 1024);
    assert_string_equal(seen.last + strlen(seen.last) - 7, "\\x01...");
}

static void masking_keeps_the_network_only(void **state)
{
    struct base_log_subject subject = {.imsi = "IMSI001010000000001"};
    base_log_set_masking(true);
    base_log(&log_alpha, BASE_LOG_WARN, &subject, "m");
    assert_string_equal(rest(), "warn alpha imsi=00101xxxxxxxxxx: m");
    base_log_set_masking(false);
    base_log(&log_alpha, BASE_LOG_WARN, &subject, "m");
    assert_string_equal(rest(), "warn alpha imsi=001010000000001: m");
}

static void followed_subscriber_is_seen_at_debug_everywhere(void **state)
{
    struct base_log_subject followed = {.imsi = "001010000000001"};
    struct base_log_subject prefixed = {.imsi = "IMSI001010000000001"};
    struct base_log_subject other = {.imsi = "001010000000002"};
    struct base_log_subject nobody = {.agw = "gw1"};
    assert_int_equal(base_log_follow("001010000000001"), ERR_OK);
    assert_int_equal(base_log_follow("001010000000001"), ERR_OK); // once is enough
    base_log(&log_alpha, BASE_LOG_DEBUG, &followed, "m");
    base_log(&log_beta, BASE_LOG_DEBUG, &prefixed, "m");
    assert_int_equal(seen.n, 2);
    base_log(&log_alpha, BASE_LOG_DEBUG, &other, "m");
    base_log(&log_alpha, BASE_LOG_DEBUG, &nobody, "m");
    base_log(&log_alpha, BASE_LOG_DEBUG, NULL, "m");
    assert_int_equal(seen.n, 2);
    assert_int_equal(base_log_follow(NULL), ERR_OK);
    base_log(&log_alpha, BASE_LOG_DEBUG, &followed, "m");
    assert_int_equal(seen.n, 2);
}

static void eight_subscribers_can_be_followed(void **state)
{
    char imsi[16];
    for (int i = 0; i < 8; i++) {
        snprintf(imsi, sizeof(imsi), "00101000000000%d", i);
        assert_int_equal(base_log_follow(imsi), ERR_OK);
    }
    assert_int_equal(base_log_follow("001010000000009"), ERR_FULL);
    assert_int_equal(base_log_follow("001010000000003"), ERR_OK); // already
    assert_int_equal(base_log_follow("nonsense"), ERR_DECODE_VALUE);
}

static void floods_are_limited_and_counted(void **state)
{
    for (int i = 0; i < 1000; i++)
        base_log_limited(&log_alpha, BASE_LOG_WARN, NULL, "flood %d", i);
    // a second may end within the loop, hence up to two windows
    assert_in_range(seen.n, BASE_LOG_LIMIT_PER_SECOND, 2 * BASE_LOG_LIMIT_PER_SECOND + 1);
}

static void next_window_tells_how_many_were_suppressed(void **state)
{
    struct base_log_limit limit = {.window_start_ms = 0};
    assert_true(base_log_limit_pass(&limit, &log_alpha, BASE_LOG_WARN));
    limit.window_start_ms += 1000000; // as if the window had just begun
    for (int i = 1; i < BASE_LOG_LIMIT_PER_SECOND; i++)
        assert_true(base_log_limit_pass(&limit, &log_alpha, BASE_LOG_WARN));
    assert_false(base_log_limit_pass(&limit, &log_alpha, BASE_LOG_WARN));
    assert_false(base_log_limit_pass(&limit, &log_alpha, BASE_LOG_WARN));
    assert_int_equal(seen.n, 0);
    limit.window_start_ms -= 1000000 + 1000; // as if it had ended
    assert_true(base_log_limit_pass(&limit, &log_alpha, BASE_LOG_WARN));
    assert_int_equal(seen.n, 1);
    assert_non_null(strstr(seen.last, "2 lines"));
}

static void all_sets_every_category_and_those_to_come(void **state)
{
    struct base_log_cat late = {.name = "late", .level = BASE_LOG_NOTICE};
    assert_int_equal(base_log_set_level("all", BASE_LOG_DEBUG), ERR_OK);
    base_log_register(&late);
    base_log_register(&late); // idempotent
    assert_int_equal(late.level, BASE_LOG_DEBUG);
    assert_int_equal(log_beta.level, BASE_LOG_DEBUG);
    assert_int_equal(base_log_set_level("late", BASE_LOG_ERROR), ERR_OK);
    assert_int_equal(log_beta.level, BASE_LOG_DEBUG);
    base_log_unregister(&late);
    base_log_unregister(&late);
    assert_int_equal(base_log_set_level("late", BASE_LOG_ERROR), ERR_NOT_FOUND);
    assert_int_equal(base_log_set_level("alpha", (enum base_log_level)9), ERR_RANGE);
}

static void collect_name(const char *name, enum base_log_level lvl, void *arg)
{
    char *names = arg;
    snprintf(names + strlen(names), 200 - strlen(names), "%s ", name);
}

static void categories_are_listed_by_name(void **state)
{
    char names[200] = "";
    struct base_log_cat first = {.name = "aaa"};
    base_log_register(&first);
    base_log_each(collect_name, names);
    base_log_unregister(&first);
    assert_non_null(strstr(names, "aaa alpha beta "));
}

static void level_names_are_complete_and_parse_back(void **state)
{
    for (int i = 0; i < BASE_LOG_LEVELS; i++) {
        enum base_log_level lvl;
        const char *name = base_log_level_name((enum base_log_level)i);
        assert_int_equal(base_log_level_parse(name, &lvl), ERR_OK);
        assert_int_equal(lvl, i);
    }
    enum base_log_level lvl;
    assert_int_equal(base_log_level_parse("loud", &lvl), ERR_NOT_FOUND);
    assert_string_equal(base_log_level_name(BASE_LOG_LEVELS), "unknown");
}

static void *write_lines(void *arg)
{
    char text[600];
    memset(text, *(char *)arg, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 100; i++)
        base_log(&log_alpha, BASE_LOG_WARN, NULL, "%s", text);
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    // given: stderr is a file
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    fcntl(fileno(file), F_SETFL, O_APPEND);
    dup2(fileno(file), STDERR_FILENO);
    base_log_set_sink(NULL, NULL);
    // when: two threads log at the same time
    pthread_t threads[2];
    char letters[] = "ab";
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, write_lines, &letters[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    dup2(saved, STDERR_FILENO);
    close(saved);
    // then: every line is whole
    char line[2048];
    int n = 0;
    rewind(file);
    while (fgets(line, sizeof(line), file)) {
        const char *text = strstr(line, "alpha: ");
        assert_non_null(text);
        text += strlen("alpha: ");
        char one[] = {text[0], '\0'};
        assert_int_equal(strspn(text, one), 599);
        n++;
    }
    assert_int_equal(n, 200);
    fclose(file);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(levels_decide_what_appears),
        CASE(line_has_time_level_category_subject_message),
        CASE(peers_cannot_break_or_forge_a_line),
        CASE(long_lines_are_cut),
        CASE(masking_keeps_the_network_only),
        CASE(followed_subscriber_is_seen_at_debug_everywhere),
        CASE(eight_subscribers_can_be_followed),
        CASE(floods_are_limited_and_counted),
        CASE(next_window_tells_how_many_were_suppressed),
        CASE(all_sets_every_category_and_those_to_come),
        CASE(categories_are_listed_by_name),
        CASE(level_names_are_complete_and_parse_back),
        CASE(lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
