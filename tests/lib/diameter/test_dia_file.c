// SPDX-License-Identifier: BSD-3-Clause
// The .dia parser: what it understands, and how it names what it does not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diameter/dia_file.h"

static struct dia_file *parse(const char *text)
{
    struct dia_file *file = NULL;
    struct dia_parse_error error;
    enum err err = dia_file_parse(text, strlen(text), &file, &error);
    if (err != ERR_OK)
        print_error("line %d: %s\n", error.line, error.text);
    assert_int_equal(err, ERR_OK);
    assert_non_null(file);
    return file;
}

static const char example[] =
    ";; a comment\n"
    "@id 16777251\n"
    "@name example\n"
    "@prefix ex\n"
    "@vendor 10415 3GPP\n"
    "@inherits base\n"
    "@inherits other One-AVP\n"
    "          Two-AVP\n"
    "@avp_types\n"
    "  Plain        1 UTF8String  M   ;; after\n"
    "  3GPP-Digit   2 OctetString MV\n"
    "  Quiet        3 Unsigned32  -\n"
    "  Kind         4 Enumerated  V\n"
    "  Group        5 Grouped     PMV\n"
    "  Elsewhere    6 Time        V\n"
    "@avp_vendor_id 13019 Elsewhere\n"
    "@enum Kind\n"
    "  FIRST 0\n"
    "  LAST -1\n"
    "@grouped\n"
    "  Group ::= < AVP Header: 5 10415 >\n"
    "     < Plain >\n"
    "     { 3GPP-Digit }\n"
    "   *{ Quiet }\n"
    "  1*{ Kind }\n"
    " *10[ Plain ]\n"
    "   2[ Quiet ]\n"
    "    *[ AVP ]\n"
    "@messages\n"
    "  XYR ::= < Diameter Header: 316, REQ, PXY, 16777251 >\n"
    "     < Session-Id >\n"
    "  XYA ::= < Diameter Header: 316, PXY >\n"
    "     < Session-Id >\n"
    "     [ Result-Code ]\n"
    "  EEE ::= < Diameter Header: 8388635, ERR >\n"
    "@define Nothing\n  ONE 1\n"
    "@end\n"
    "anything may follow @ ! {\n";

static void test_everything_of_the_format(void **state)
{
    struct dia_file *f = parse(example);
    assert_string_equal(f->name, "example");
    assert_string_equal(f->prefix, "ex");
    assert_true(f->has_application);
    assert_int_equal(f->application, 16777251);
    assert_int_equal(f->vendor, 10415);
    assert_string_equal(f->vendor_name, "3GPP");
    assert_int_equal(f->n_inherits, 2);
    assert_string_equal(f->inherits[1], "other");

    assert_int_equal(f->n_avps, 6);
    assert_string_equal(f->avps[1].name, "3GPP-Digit");
    assert_int_equal(f->avps[1].vendor, 10415);
    assert_true(f->avps[1].mandatory);
    assert_int_equal(f->avps[1].line, 11);
    assert_int_equal(f->avps[0].vendor, 0);
    assert_int_equal(f->avps[0].type, DIA_UTF8);
    assert_false(f->avps[2].mandatory);
    assert_true(f->avps[4].may_encrypt);
    assert_int_equal(f->avps[5].vendor, 13019);

    assert_int_equal(f->n_enums, 1);
    assert_string_equal(f->enums[0].avp, "Kind");
    assert_int_equal(f->enums[0].n_values, 2);
    assert_int_equal(f->enums[0].values[1].value, -1);

    assert_int_equal(f->n_messages, 3);
    assert_true(f->messages[0].request && f->messages[0].proxiable);
    assert_false(f->messages[1].request);
    assert_true(f->messages[2].error);
    assert_int_equal(f->messages[2].code, 8388635);
    assert_int_equal(f->messages[2].n_rules, 0);
    assert_int_equal(f->messages[1].n_rules, 2);
    dia_file_free(f);
}

static void test_how_often_an_avp_may_occur(void **state)
{
    static const struct {
        enum dia_place place;
        int min, max;
    } want[] = {
        {DIA_FIXED, 1, 1},   {DIA_REQUIRED, 1, 1},  {DIA_REQUIRED, 1, -1}, {DIA_REQUIRED, 1, -1},
        {DIA_OPTIONAL, 0, 10}, {DIA_OPTIONAL, 2, 2}, {DIA_OPTIONAL, 0, -1},
    };
    struct dia_file *f = parse(example);
    assert_int_equal(f->n_groups, 1);
    assert_int_equal(f->groups[0].n_rules, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < f->groups[0].n_rules; i++) {
        assert_int_equal(f->groups[0].rules[i].place, want[i].place);
        assert_int_equal(f->groups[0].rules[i].min, want[i].min);
        assert_int_equal(f->groups[0].rules[i].max, want[i].max);
    }
    dia_file_free(f);
}

static void test_names_line_and_reason_of_what_it_refuses(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        int line;
    } cases[] = {
        {"", ERR_DECODE_MISSING, 1},
        {"hello", ERR_DECODE_SYNTAX, 1},
        {"@name a\n@surprise\n", ERR_DECODE_SYNTAX, 2},
        {"@name\n", ERR_DECODE_SYNTAX, 2},
        {"@name a\n@id x\n", ERR_DECODE_SYNTAX, 2},
        {"@name a\n@id 4294967296\n", ERR_RANGE, 2},
        {"@name a\n@id 99999999999999999999\n", ERR_DECODE_SYNTAX, 2},
        {"@name a\n@avp_types\nX 1 Strange M\n", ERR_DECODE_SYNTAX, 3},
        {"@name a\n@avp_types\nX 1 Unsigned32 MM\n", ERR_DECODE_SYNTAX, 3},
        {"@name a\n@avp_types\nX 1 Unsigned32 Q\n", ERR_DECODE_SYNTAX, 3},
        {"@name a\n@avp_types\nX 1 Unsigned32\n", ERR_DECODE_SYNTAX, 4},
        {"@name a\n@avp_types\nX -1 Unsigned32 -\n", ERR_RANGE, 3},
        {"@name a\n@avp_types\nX 1 Unsigned32 V\n", ERR_DECODE_MISSING, 3},
        {"@name a\n@avp_types\nX 1 Time -\nY 2 Time -\nX 3 Time -\n", ERR_DECODE_DUPLICATE, 5},
        {"@name a\n@avp_vendor_id 5 Nobody\n", ERR_DECODE_VALUE, 2},
        {"@name a\n@enum X\nONE\n", ERR_DECODE_SYNTAX, 4},
        {"@name a\n@enum X\nONE 2147483648\n", ERR_RANGE, 3},
        {"@name a\n@avp_types\nG 1 Time -\n@grouped\nG ::= <AVP Header: 1>\n", ERR_DECODE_VALUE, 5},
        {"@name a\n@avp_types\nG 1 Grouped -\n@grouped\nG ::= <AVP Header: 2>\n", ERR_DECODE_VALUE,
         5},
        {"@name a\n@grouped\nG = <AVP Header: 2>\n", ERR_DECODE_SYNTAX, 3},
        {"@name a\n@grouped\nG ::= <Diameter Header: 2>\n", ERR_DECODE_SYNTAX, 3},
        {"@name a\n@grouped\nG ::= <AVP Header: 2>\n{ X ]\n", ERR_DECODE_SYNTAX, 4},
        {"@name a\n@grouped\nG ::= <AVP Header: 2>\n{ X\n", ERR_DECODE_SYNTAX, 5},
        {"@name a\n@grouped\nG ::= <AVP Header: 2>\n3*2{ X }\n", ERR_DECODE_VALUE, 4},
        {"@name a\n@grouped\nG ::= <AVP Header: 2>\nX\n", ERR_DECODE_SYNTAX, 4},
        {"@name a\n@messages\nM ::= <Diameter Header: 2, REQ>\n", ERR_DECODE_MISSING, 3},
        {"@name a\n@id 1\n@messages\nM ::= <Diameter Header: 2, QQQ>\n", ERR_DECODE_SYNTAX, 4},
        {"@name a\n@id 1\n@messages\nM ::= <Diameter Header: 16777216>\n", ERR_RANGE, 4},
        {"@name 'unfinished\n", ERR_DECODE_SYNTAX, 1},
        {"@name a\n\n$\n", ERR_DECODE_SYNTAX, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dia_file *file = (void *)1;
        struct dia_parse_error error;
        enum err err = dia_file_parse(cases[i].text, strlen(cases[i].text), &file, &error);
        if (err != cases[i].err || error.line != cases[i].line)
            print_error("case %zu: %s line %d: %s\n", i, err_name(err), error.line, error.text);
        assert_int_equal(err, cases[i].err);
        assert_int_equal(error.line, cases[i].line);
        assert_true(error.text[0] != 0);
        assert_null(file);
    }
}

static void test_long_names_and_bytes_of_any_value_are_refused(void **state)
{
    char text[400] = "@name ";
    memset(text + 6, 'a', 300);
    struct dia_file *file;
    struct dia_parse_error error;
    assert_int_equal(dia_file_parse(text, 306, &file, &error), ERR_DECODE_SYNTAX);
    for (int c = 0; c < 256; c++) {
        char one[] = {(char)c};
        assert_true(dia_file_parse(one, 1, &file, &error) != ERR_OK);
    }
}

static void test_every_prefix_of_a_file_is_survived(void **state)
{
    for (size_t len = 0; len < sizeof(example); len++) {
        char *exact = malloc(len ? len : 1);
        memcpy(exact, example, len);
        struct dia_file *file;
        struct dia_parse_error error;
        (void)dia_file_parse(exact, len, &file, &error);
        dia_file_free(file);
        free(exact);
    }
}

static void test_every_type_has_its_name(void **state)
{
    for (int i = 0; i < DIA_TYPES; i++)
        assert_string_not_equal(dia_type_name((enum dia_type)i), "unknown");
    assert_string_equal(dia_type_name(DIA_TYPES), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_of_the_format),
        cmocka_unit_test(test_how_often_an_avp_may_occur),
        cmocka_unit_test(test_names_line_and_reason_of_what_it_refuses),
        cmocka_unit_test(test_long_names_and_bytes_of_any_value_are_refused),
        cmocka_unit_test(test_every_prefix_of_a_file_is_survived),
        cmocka_unit_test(test_every_type_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
