// SPDX-License-Identifier: BSD-3-Clause
// Identities: what is accepted, what is refused, and that encoding and decoding are inverse.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void imsi_takes_6_to_15_digits(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        const char *digits;
    } rows[] = {
        {"001010000000001", ERR_OK, "001010000000001"},
        {"IMSI001010000000001", ERR_OK, "001010000000001"},
        {"001010", ERR_OK, "001010"},
        {"00101", ERR_DECODE_LENGTH, NULL},
        {"0010100000000011", ERR_DECODE_LENGTH, NULL},
        {"", ERR_DECODE_LENGTH, NULL},
        {"IMSI", ERR_DECODE_LENGTH, NULL},
        {"imsi001010000000001", ERR_DECODE_LENGTH, NULL},
        {"00101000000000a", ERR_DECODE_VALUE, NULL},
        {"00101 000000001", ERR_DECODE_VALUE, NULL},
        {"-01010000000001", ERR_DECODE_VALUE, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct base_imsi imsi;
        assert_int_equal(base_imsi_parse(rows[i].text, strlen(rows[i].text), &imsi), rows[i].err);
        if (rows[i].err == ERR_OK) {
            assert_string_equal(imsi.digits, rows[i].digits);
            assert_int_equal(imsi.len, strlen(rows[i].digits));
        }
    }
}

static void imsi_reads_no_further_than_its_length(void **state)
{
    struct base_imsi imsi;
    assert_int_equal(base_imsi_parse("001010123456789junk", 15, &imsi), ERR_OK);
    assert_string_equal(imsi.digits, "001010123456789");
}

// TS 24.008 §10.5.1.3
static void plmn_goes_to_bcd_and_back(void **state)
{
    static const struct {
        const char *digits;
        uint8_t bcd[3];
    } rows[] = {
        {"00101", {0x00, 0xf1, 0x10}},
        {"310410", {0x13, 0x00, 0x14}},
        {"20893", {0x02, 0xf8, 0x39}},
        {"999999", {0x99, 0x99, 0x99}},
        {"001001", {0x00, 0x11, 0x00}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct base_plmn plmn, back;
        uint8_t bcd[3];
        char text[7];
        assert_int_equal(base_plmn_parse(rows[i].digits, strlen(rows[i].digits), &plmn), ERR_OK);
        base_plmn_to_bcd(&plmn, bcd);
        assert_memory_equal(bcd, rows[i].bcd, 3);
        assert_int_equal(base_plmn_from_bcd(bcd, &back), ERR_OK);
        assert_true(base_plmn_equal(&plmn, &back));
        base_plmn_text(&back, text);
        assert_string_equal(text, rows[i].digits);
    }
}

static void plmn_of_wrong_digits_is_refused(void **state)
{
    static const uint8_t bad_bcd[][3] = {
        {0x0a, 0xf1, 0x10}, // MCC digit 1
        {0xf0, 0xf1, 0x10}, // MCC digit 2
        {0x00, 0xff, 0x10}, // MCC digit 3
        {0x00, 0xf1, 0x1f}, // MNC digit 1
        {0x00, 0xf1, 0xf0}, // MNC digit 2
        {0x00, 0xa1, 0x10}, // MNC digit 3: neither digit nor filler
    };
    static const struct {
        const char *text;
        enum err err;
    } bad_text[] = {
        {"", ERR_DECODE_LENGTH},        {"0010", ERR_DECODE_LENGTH},
        {"0010100", ERR_DECODE_LENGTH}, {"0010x", ERR_DECODE_VALUE},
    };
    struct base_plmn plmn;
    for (size_t i = 0; i < COUNT(bad_bcd); i++)
        assert_int_equal(base_plmn_from_bcd(bad_bcd[i], &plmn), ERR_DECODE_VALUE);
    for (size_t i = 0; i < COUNT(bad_text); i++)
        assert_int_equal(base_plmn_parse(bad_text[i].text, strlen(bad_text[i].text), &plmn),
                         bad_text[i].err);
}

static void plmn_matches_an_imsi_by_all_its_digits(void **state)
{
    static const struct {
        const char *plmn, *imsi;
        bool match;
    } rows[] = {
        {"00101", "001010000000001", true},  {"001010", "001010000000001", true},
        {"001011", "001010000000001", false}, {"00102", "001010000000001", false},
        {"310410", "310410123456789", true}, {"31041", "310410123456789", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct base_plmn plmn;
        struct base_imsi imsi;
        assert_int_equal(base_plmn_parse(rows[i].plmn, strlen(rows[i].plmn), &plmn), ERR_OK);
        assert_int_equal(base_imsi_parse(rows[i].imsi, strlen(rows[i].imsi), &imsi), ERR_OK);
        assert_int_equal(base_plmn_matches_imsi(&plmn, &imsi), rows[i].match);
    }
}

static void two_and_three_digit_mnc_differ(void **state)
{
    struct base_plmn two, three;
    assert_int_equal(base_plmn_parse("00101", 5, &two), ERR_OK);
    assert_int_equal(base_plmn_parse("001001", 6, &three), ERR_OK);
    assert_int_equal(two.mnc, three.mnc);
    assert_false(base_plmn_equal(&two, &three));
}

// TS 29.002 §17.7.8
static void tbcd_goes_there_and_back(void **state)
{
    static const struct {
        const char *digits;
        uint8_t tbcd[8];
        size_t len;
    } rows[] = {
        {"", {0}, 0},
        {"1", {0xf1}, 1},
        {"12", {0x21}, 1},
        {"001010000000001", {0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xf1}, 8},
        {"0*#abc", {0xa0, 0xcb, 0xed}, 3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t tbcd[8];
        char digits[17];
        size_t len;
        assert_int_equal(base_tbcd_encode(rows[i].digits, tbcd, sizeof(tbcd), &len), ERR_OK);
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(tbcd, rows[i].tbcd, len);
        assert_int_equal(base_tbcd_decode(tbcd, len, digits, sizeof(digits)), ERR_OK);
        assert_string_equal(digits, rows[i].digits);
    }
}

static void tbcd_refuses_what_does_not_fit_or_is_no_digit(void **state)
{
    uint8_t tbcd[2];
    char digits[4];
    size_t len;
    assert_int_equal(base_tbcd_encode("12345", tbcd, sizeof(tbcd), &len), ERR_ENCODE_SPACE);
    assert_int_equal(base_tbcd_encode("12x", tbcd, sizeof(tbcd), &len), ERR_ENCODE_VALUE);

    const uint8_t three_digits[] = {0x21, 0xf3};
    const uint8_t four_digits[] = {0x21, 0x43};
    const uint8_t digit_after_filler[] = {0xf1, 0x32};
    const uint8_t filler_first[] = {0x1f};
    const uint8_t padded[] = {0x21, 0xff};
    assert_int_equal(base_tbcd_decode(three_digits, 2, digits, sizeof(digits)), ERR_OK);
    assert_int_equal(base_tbcd_decode(four_digits, 2, digits, sizeof(digits)), ERR_DECODE_LENGTH);
    assert_int_equal(base_tbcd_decode(digit_after_filler, 2, digits, sizeof(digits)),
                     ERR_DECODE_VALUE);
    assert_int_equal(base_tbcd_decode(filler_first, 1, digits, sizeof(digits)), ERR_DECODE_VALUE);
    assert_int_equal(base_tbcd_decode(padded, 2, digits, sizeof(digits)), ERR_OK);
    assert_string_equal(digits, "12");
    assert_int_equal(base_tbcd_decode(padded, 0, digits, 0), ERR_DECODE_LENGTH);
}

static void hex_goes_there_and_back(void **state)
{
    const uint8_t data[] = {0x00, 0x9a, 0xff};
    uint8_t back[3];
    char text[7];
    size_t len;
    base_hex_encode(data, sizeof(data), text);
    assert_string_equal(text, "009aff");
    assert_int_equal(base_hex_decode("009AfF", back, sizeof(back), &len), ERR_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(back, data, 3);
    assert_int_equal(base_hex_decode("", back, sizeof(back), &len), ERR_OK);
    assert_int_equal(len, 0);
}

static void hex_refuses_what_is_none(void **state)
{
    uint8_t out[2];
    size_t len;
    assert_int_equal(base_hex_decode("abc", out, sizeof(out), &len), ERR_DECODE_LENGTH);
    assert_int_equal(base_hex_decode("zz", out, sizeof(out), &len), ERR_DECODE_VALUE);
    assert_int_equal(base_hex_decode("0x", out, sizeof(out), &len), ERR_DECODE_VALUE);
    assert_int_equal(base_hex_decode("aabbcc", out, sizeof(out), &len), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imsi_takes_6_to_15_digits),
        cmocka_unit_test(imsi_reads_no_further_than_its_length),
        cmocka_unit_test(plmn_goes_to_bcd_and_back),
        cmocka_unit_test(plmn_of_wrong_digits_is_refused),
        cmocka_unit_test(plmn_matches_an_imsi_by_all_its_digits),
        cmocka_unit_test(two_and_three_digit_mnc_differ),
        cmocka_unit_test(tbcd_goes_there_and_back),
        cmocka_unit_test(tbcd_refuses_what_does_not_fit_or_is_no_digit),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(hex_refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
