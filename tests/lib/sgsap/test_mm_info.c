// SPDX-License-Identifier: BSD-3-Clause
// MM information: network names in both alphabets, times, and broken contents.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sgsap/mm_info.h"

static uint8_t octets[256];

static struct sgsap_value value_of(const char *hex)
{
    size_t len;
    assert_int_equal(base_hex_decode(hex, octets, sizeof(octets), &len), ERR_OK);
    return (struct sgsap_value){.data = octets, .len = (uint8_t)len};
}

static void what_osmo_msc_sends_is_read(void **state)
{
    struct sgsap_mm_info info;
    assert_int_equal(sgsap_read_mm_info(
        value_of("430887cf79fbdd9c0e01450887cf79fbdd9c0e014762110261523000"), &info), ERR_OK);
    assert_string_equal(info.full_name, "OsmoMSC");
    assert_string_equal(info.short_name, "OsmoMSC");
    assert_true(info.has_time);
    assert_int_equal(info.time, 1795191903); // 2026-11-20 16:25:03 UTC
    assert_true(info.has_time_zone);
    assert_int_equal(info.time_zone_minutes, 0);
    assert_false(info.has_daylight_saving);
}

static void names_are_read_in_both_alphabets(void **state)
{
    static const struct {
        const char *what, *hex, *name;
    } table[] = {
        {"seven bits, escaped", "430483b14d19", "1\xe2\x82\xac"},
        {"UCS-2", "43079000e9005300e9", "\xc3\xa9S\xc3\xa9"},
        {"UCS-2, half a character", "4304900041ff", "A"},
        {"no text", "430180", ""},
        {"UCS-2 line feed", "430590000a0041", "\xef\xbf\xbd" "A"},
        {"UCS-2 surrogate", "430590d83d0041", "\xef\xbf\xbd" "A"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sgsap_mm_info info;
        enum err err = sgsap_read_mm_info(value_of(table[i].hex), &info);
        if (err || strcmp(info.full_name, table[i].name) != 0)
            fail_msg("%s: %s '%s'", table[i].what, err_str(err), info.full_name);
    }
}

static void broken_contents_are_refused(void **state)
{
    static const struct {
        const char *what, *hex;
        enum err err;
    } table[] = {
        {"name beyond the end", "430887cf79", ERR_DECODE_TRUNCATED},
        {"no length", "43", ERR_DECODE_TRUNCATED},
        {"no zone", "46", ERR_DECODE_TRUNCATED},
        {"time cut", "47621102615230", ERR_DECODE_TRUNCATED},
        {"name without coding", "4300", ERR_DECODE_LENGTH},
        {"unknown coding", "4302a041", ERR_DECODE_VALUE},
        {"month 13", "4762310261523000", ERR_DECODE_VALUE},
        {"hour 24", "4762110242523000", ERR_DECODE_VALUE},
        {"digit 10", "47a2110261523000", ERR_DECODE_VALUE},
        {"daylight saving without value", "4900", ERR_DECODE_LENGTH},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sgsap_mm_info info;
        enum err err = sgsap_read_mm_info(value_of(table[i].hex), &info);
        if (err != table[i].err)
            fail_msg("%s: %s", table[i].what, err_name(err));
    }
    struct sgsap_mm_info info;
    assert_int_equal(sgsap_read_mm_info((struct sgsap_value){0}, &info), ERR_NOT_FOUND);
}

static void unknown_elements_are_skipped(void **state)
{
    struct sgsap_mm_info info;
    assert_int_equal(sgsap_read_mm_info(value_of("a1" "5002abcd" "490101" "4622" "4801ff"), &info),
                     ERR_OK);
    assert_true(info.has_daylight_saving);
    assert_int_equal(info.daylight_saving_hours, 1);
    assert_int_equal(info.time_zone_minutes, 330);
    assert_true(info.has_lsa);
}

static void what_is_written_is_read_back(void **state)
{
    static const char *const names[] = {
        "A", "ABCDEFG", "ABCDEFGH", "Operator_1 @home", "\xc3\x96sterreich",
        "\xd0\x9c\xd0\xa2\xd0\xa1", "[a]", "",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct sgsap_mm_info info = {.has_time = true, .time = 1795191903,
                                     .time_zone_minutes = -210}, back;
        uint8_t out[255];
        size_t len;
        memcpy(info.full_name, names[i], strlen(names[i]) + 1);
        memcpy(info.short_name, names[i], strlen(names[i]) + 1);
        assert_int_equal(sgsap_write_mm_info(&info, out, sizeof(out), &len), ERR_OK);
        struct sgsap_value value = {.data = out, .len = (uint8_t)len};
        assert_int_equal(sgsap_read_mm_info(value, &back), ERR_OK);
        assert_string_equal(back.full_name, names[i]);
        assert_string_equal(back.short_name, names[i]);
        assert_int_equal(back.time, info.time);
        assert_int_equal(back.time_zone_minutes, -210);
        for (size_t size = 0; size < len; size++) {
            size_t unused;
            uint8_t *exact = malloc(size ? size : 1);
            assert_non_null(exact);
            assert_int_equal(sgsap_write_mm_info(&info, exact, size, &unused), ERR_ENCODE_SPACE);
            free(exact);
        }
    }
}

static void what_cannot_be_written_is_told(void **state)
{
    struct sgsap_mm_info info = {.full_name = "a\nb"};
    uint8_t out[255];
    size_t len;
    assert_int_equal(sgsap_write_mm_info(&info, out, sizeof(out), &len), ERR_ENCODE_VALUE);
    info = (struct sgsap_mm_info){.full_name = "\xff"};
    assert_int_equal(sgsap_write_mm_info(&info, out, sizeof(out), &len), ERR_ENCODE_VALUE);
    info = (struct sgsap_mm_info){.has_time = true, .time = 1000000000, .time_zone_minutes = 1};
    assert_int_equal(sgsap_write_mm_info(&info, out, sizeof(out), &len), ERR_ENCODE_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_osmo_msc_sends_is_read),
        cmocka_unit_test(names_are_read_in_both_alphabets),
        cmocka_unit_test(broken_contents_are_refused),
        cmocka_unit_test(unknown_elements_are_skipped),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
