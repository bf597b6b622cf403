// SPDX-License-Identifier: BSD-3-Clause
// The loader, against the library and the dictionaries of the project and small ones made here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "diameter/avp.h"
#include "diameter/dict_int.h"

static char log_text[65536];

static void keep_log(enum base_log_level lvl, const char *line, void *arg)
{
    size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof(log_text) - used, "%s\n", line);
}

// A folder with files {name, text}..., ended by NULL.
static const char *make_folder(const char *const files[])
{
    static char folder[] = "/tmp/fgw-dict-XXXXXX";
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    for (int i = 0; files[i]; i += 2) {
        char path[300];
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(files[i + 1], f);
        fclose(f);
    }
    return folder;
}

static void remove_folder(const char *folder, const char *const files[])
{
    for (int i = 0; files[i]; i += 2) {
        char path[300];
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static enum err load_files(const char *const files[])
{
    log_text[0] = 0;
    const char *folder = make_folder(files);
    enum err err = dia_dict_load(folder);
    remove_folder(folder, files);
    return err;
}

static void no_log(int level, const char *format, va_list args)
{
}

static int start(void **state)
{
    fd_log_handler_register(no_log);
    base_log_set_sink(keep_log, NULL);
    if (fd_core_initialize() != 0)
        return -1;
    enum err err = dia_dict_load(FGW_TEST_DICTIONARIES);
    if (err != ERR_OK)
        print_error("%s", log_text);
    return err == ERR_OK ? 0 : -1;
}

static void test_avps_of_s6a_are_found_by_number(void **state)
{
    const struct dia_avp_def *def = dia_dict_avp_def(AVP_VISITED_PLMN_ID);
    assert_non_null(def);
    assert_string_equal(def->name, "Visited-PLMN-Id");
    assert_int_equal(def->type, DIA_OCTETS);
    assert_true(def->mandatory);
    struct dict_object *object = dia_dict_avp(AVP_VISITED_PLMN_ID);
    struct dict_avp_data data;
    assert_int_equal(fd_dict_getval(object, &data), 0);
    assert_int_equal(data.avp_code, 1407);
    assert_int_equal(data.avp_vendor, 10415);
    assert_int_equal(data.avp_flag_val, AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY);
    assert_int_equal(data.avp_basetype, AVP_TYPE_OCTETSTRING);
}

static void test_base_protocol_is_the_librarys(void **state)
{
    const struct dia_avp_def *def = dia_dict_avp_def(AVP_ORIGIN_HOST);
    assert_non_null(def);
    assert_string_equal(def->name, "Origin-Host");
    assert_int_equal(def->type, DIA_IDENTITY);
    assert_int_equal(dia_dict_avp_def(AVP_EXPERIMENTAL_RESULT)->type, DIA_GROUPED);
    assert_int_equal(dia_dict_avp_def(AVP_AUTH_SESSION_STATE)->type, DIA_ENUM);
    assert_int_equal(dia_dict_avp_def(AVP_EVENT_TIMESTAMP)->type, DIA_TIME);
}

static void test_generated_names_agree_with_the_dictionary(void **state)
{
    static const struct {
        dia_avp_id id;
        const char *name;
    } cases[] = {
        {AVP_SESSION_ID, "Session-Id"},
        {AVP_AUTHENTICATION_INFO, "Authentication-Info"},
        {AVP_MSISDN, "MSISDN"},
        {AVP_SERVICE_SELECTION, "Service-Selection"},
        {AVP_3GPP_CHARGING_CHARACTERISTICS, "3GPP-Charging-Characteristics"},
        {AVP_SUPPORTED_FEATURES, "Supported-Features"},
        {AVP_OC_SUPPORTED_FEATURES, "OC-Supported-Features"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(dia_dict_avp_name(cases[i].id), cases[i].name);
    assert_string_equal(dia_dict_avp_name(DIA_AVP(4, 5)), "4:5");
    assert_int_equal(AVP_CANCELLATION_TYPE_SUBSCRIPTION_WITHDRAWAL, 2);
    assert_int_equal(DIA_CMD_AIR, 318);
    assert_int_equal(DIA_APP_S6A, 16777251);
}

static void test_enumerated_values_have_names(void **state)
{
    assert_string_equal(dia_dict_enum_name(AVP_CANCELLATION_TYPE, 2), "SUBSCRIPTION_WITHDRAWAL");
    assert_null(dia_dict_enum_name(AVP_CANCELLATION_TYPE, 99));
    assert_null(dia_dict_enum_name(AVP_VISITED_PLMN_ID, 0));
}

static void test_commands_and_applications_of_s6a_exist(void **state)
{
    for (uint32_t code = 316; code <= 323; code++) {
        assert_non_null(dia_dict_command(code, true));
        assert_non_null(dia_dict_command(code, false));
        assert_ptr_not_equal(dia_dict_command(code, true), dia_dict_command(code, false));
        assert_non_null(dia_dict_message(DIA_APP_S6A, code, true));
        assert_non_null(dia_dict_message(DIA_APP_S6A, code, false));
    }
    assert_non_null(dia_dict_command(258, true)); // the library's own
    assert_null(dia_dict_command(4000, true));
    assert_null(dia_dict_message(DIA_APP_GX, 316, true));
    assert_non_null(dia_dict_application(DIA_APP_S6A));
    assert_null(dia_dict_application(77));
}

static int count_rules(struct dict_object *parent)
{
    struct fd_list *list = NULL;
    int n = 0;
    assert_int_equal(fd_dict_getlistof(RULE_BY_AVP_AND_PARENT, parent, &list), 0);
    for (struct fd_list *li = list->next; li != list; li = li->next)
        n++;
    return n;
}

static void test_the_library_judges_requests_of_one_application_only(void **state)
{
    assert_true(count_rules(dia_dict_command(DIA_CMD_CLR, true)) >= 6);
    assert_int_equal(count_rules(dia_dict_command(DIA_CMD_CLR, false)), 0);
    assert_int_equal(count_rules(dia_dict_avp(AVP_SUBSCRIPTION_DATA)), 0);
}

static void test_groups_are_kept_as_written(void **state)
{
    const struct dia_group_def *group = dia_dict_group(AVP_E_UTRAN_VECTOR);
    assert_non_null(group);
    assert_string_equal(group->name, "E-UTRAN-Vector");
    assert_string_equal(group->rules[0].avp, "RAND");
    assert_int_equal(group->rules[0].place, DIA_REQUIRED);
    assert_null(dia_dict_group(AVP_VISITED_PLMN_ID));
}

static void test_every_avp_has_the_type_its_file_says(void **state)
{
    static const enum dict_avp_basetype want[DIA_TYPES] = {
        [DIA_OCTETS] = AVP_TYPE_OCTETSTRING,   [DIA_INT32] = AVP_TYPE_INTEGER32,
        [DIA_INT64] = AVP_TYPE_INTEGER64,      [DIA_UINT32] = AVP_TYPE_UNSIGNED32,
        [DIA_UINT64] = AVP_TYPE_UNSIGNED64,    [DIA_FLOAT32] = AVP_TYPE_FLOAT32,
        [DIA_FLOAT64] = AVP_TYPE_FLOAT64,      [DIA_GROUPED] = AVP_TYPE_GROUPED,
        [DIA_ADDRESS] = AVP_TYPE_OCTETSTRING,  [DIA_TIME] = AVP_TYPE_OCTETSTRING,
        [DIA_UTF8] = AVP_TYPE_OCTETSTRING,     [DIA_IDENTITY] = AVP_TYPE_OCTETSTRING,
        [DIA_URI] = AVP_TYPE_OCTETSTRING,      [DIA_ENUM] = AVP_TYPE_INTEGER32,
        [DIA_IPFILTER] = AVP_TYPE_OCTETSTRING, [DIA_QOSFILTER] = AVP_TYPE_OCTETSTRING,
    };
    size_t n = 0;
    for (const struct dia_dict_file *f = dia_dict_state.files; f; f = f->next) {
        for (size_t i = 0; i < f->file->n_avps; i++, n++) {
            const struct dia_avp_def *def = &f->file->avps[i];
            struct dict_avp_data data;
            struct dict_object *object = dia_dict_avp(DIA_AVP(def->vendor, def->code));
            assert_non_null(object);
            assert_int_equal(fd_dict_getval(object, &data), 0);
            if (data.avp_basetype != want[def->type])
                print_error("%s\n", def->name);
            assert_int_equal(data.avp_basetype, want[def->type]);
        }
    }
    assert_true(n > 350);
}

static void test_an_operator_drops_in_a_file_of_his_own(void **state)
{
    static const char *const files[] = {
        "own.dia",
        "@name own\n@vendor 4491 Cable\n@inherits ts29272\n@avp_types\n"
        "  My-Flag 5000 Enumerated MV\n My-Text 5001 UTF8String -\n My-Group 5002 Grouped V\n"
        "@enum My-Flag\n OFF 0\n ON 1\n ON_TOO 1\n"
        "@grouped\n My-Group ::= < AVP Header: 5002 4491 >\n { My-Flag } [ Visited-PLMN-Id ]\n",
        NULL,
    };
    assert_int_equal(load_files(files), ERR_OK);
    assert_string_equal(dia_dict_avp_name(DIA_AVP(4491, 5000)), "My-Flag");
    assert_int_equal(dia_dict_avp_def(DIA_AVP(0, 5001))->type, DIA_UTF8);
    assert_string_equal(dia_dict_enum_name(DIA_AVP(4491, 5000), 1), "ON");
    assert_int_equal(dia_dict_group(DIA_AVP(4491, 5002))->n_rules, 2);
}

static void test_two_applications_share_a_command(void **state)
{
    static const char *const files[] = {
        "one.dia",
        "@name one\n@id 70001\n@inherits diameter_gen_base_rfc6733\n@messages\n"
        "XXR ::= < Diameter Header: 7777, REQ, PXY >\n < Session-Id > { Origin-Host }\n"
        "XXA ::= < Diameter Header: 7777, PXY >\n < Session-Id >\n",
        "two.dia",
        "@name two\n@id 70002\n@inherits diameter_gen_base_rfc6733\n@messages\n"
        "XXR ::= < Diameter Header: 7777, REQ, PXY >\n < Session-Id > { Destination-Host }\n"
        "PUR ::= < Diameter Header: 307, REQ, PXY >\n < Session-Id > 1*{ User-Name }\n"
        "XXA ::= < Diameter Header: 7777, PXY >\n < Session-Id >\n"
        "PUA ::= < Diameter Header: 307, PXY >\n < Session-Id >\n",
        NULL,
    };
    assert_int_equal(load_files(files), ERR_OK);
    struct dict_object *command = dia_dict_command(7777, true);
    assert_non_null(command);
    assert_int_equal(count_rules(command), 0);
    assert_string_equal(dia_dict_message(70001, 7777, true)->rules[1].avp, "Origin-Host");
    assert_string_equal(dia_dict_message(70002, 7777, true)->rules[1].avp, "Destination-Host");
    // PUR is already the name of a command of S6a
    assert_non_null(dia_dict_command(307, true));
    assert_ptr_not_equal(dia_dict_command(307, true), dia_dict_command(DIA_CMD_PUR, true));
    assert_int_equal(count_rules(dia_dict_command(307, true)), 2);
}

static void test_what_is_wrong_is_named_with_file_and_line(void **state)
{
    static const struct {
        const char *text;
        const char *expect;
    } cases[] = {
        {"@name w1\n@inherits nowhere\n", "wrong.dia: @inherits nowhere"},
        {"@name w2\n@avp_types\n\nX 6000 Strange -\n", "wrong.dia:4: found 'Strange'"},
        {"@name w3\n@vendor 10415 3GPP\n@avp_types\nOther-Name 1407 OctetString MV\n",
         "wrong.dia:4: AVP 1407"},
        {"@name w4\n@vendor 10415 3GPP\n@avp_types\nVisited-PLMN-Id 1407 Time MV\n",
         "wrong.dia:4: AVP 1407"},
        {"@name w5\n@vendor 10415 3GPP\n@avp_types\nVisited-PLMN-Id 9999 Time MV\n",
         "has another AVP named Visited-PLMN-Id"},
        {"@name w6\n@enum Nothing-There\nA 1\n", "no such AVP"},
        {"@name w7\n@avp_types\nW7G 6001 Grouped -\n@grouped\nW7G ::= <AVP Header: 6001>\n{ Nix "
         "}\n",
         "wrong.dia:5: W7G names Nix"},
        {"@name w9\n@id 70009\n@messages\nWWR ::= < Diameter Header: 7778, REQ >\n",
         "wrong.dia:4: WWR: command 7778 has no answer"},
        {"@name w8\n@inherits w8\n", "@inherits itself"},
        {"@name ts29272\n", "@name ts29272 is also that of"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const files[] = {"wrong.dia", cases[i].text, NULL};
        enum err err = load_files(files);
        if (err == ERR_OK || !strstr(log_text, cases[i].expect))
            print_error("case %zu: %s: %s\n", i, err_name(err), log_text);
        assert_int_not_equal(err, ERR_OK);
        assert_non_null(strstr(log_text, cases[i].expect));
    }
}

static void test_circles_and_empty_folders_are_refused(void **state)
{
    static const char *const circle[] = {"a.dia", "@name ca\n@inherits cb\n", "b.dia",
                                         "@name cb\n@inherits ca\n", NULL};
    static const char *const nothing[] = {NULL};
    assert_int_not_equal(load_files(circle), ERR_OK);
    assert_non_null(strstr(log_text, "circle"));
    assert_int_equal(load_files(nothing), ERR_NOT_FOUND);
    assert_int_not_equal(dia_dict_load("/nonexistent"), ERR_OK);
}

static void test_loading_again_changes_nothing(void **state)
{
    struct dict_object *before = dia_dict_avp(AVP_VISITED_PLMN_ID);
    assert_int_equal(dia_dict_load(FGW_TEST_DICTIONARIES), ERR_OK);
    assert_ptr_equal(dia_dict_avp(AVP_VISITED_PLMN_ID), before);
}

// What the hashes answer is what the library would answer.
static void test_fast_look_ups_agree_with_the_library(void **state)
{
    struct dictionary *dict = fd_g_config->cnf_dict;
    struct dict_object *slow, *fast;
    int rc_fast = 0;
    avp_code_t code = 263;
    assert_false(dia_dict_search(dict, DICT_AVP, AVP_BY_CODE, &code, &fast, ENOENT, &rc_fast));
    assert_int_equal(dia_dict_freeze(), ERR_OK);

    for (code = 0; code < 8000; code++) {
        int rc = fd_dict_search(dict, DICT_AVP, AVP_BY_CODE, &code, &slow, ENOENT);
        assert_true(dia_dict_search(dict, DICT_AVP, AVP_BY_CODE, &code, &fast, ENOENT, &rc_fast));
        assert_int_equal(rc, rc_fast);
        assert_ptr_equal(slow, fast);
        struct dict_avp_request_ex request = {.avp_vendor = {.vendor_id = 10415},
                                              .avp_data = {.avp_code = code ? code : 1}};
        rc = fd_dict_search(dict, DICT_AVP, AVP_BY_STRUCT, &request, &slow, 0);
        assert_true(dia_dict_search(dict, DICT_AVP, AVP_BY_STRUCT, &request, &fast, 0, &rc_fast));
        assert_int_equal(rc, rc_fast);
        assert_ptr_equal(slow, fast);
        if (fast) {
            struct dict_object *type_slow, *type_fast;
            rc = fd_dict_search(dict, DICT_TYPE, TYPE_OF_AVP, slow, &type_slow, ENOENT);
            assert_true(
                dia_dict_search(dict, DICT_TYPE, TYPE_OF_AVP, fast, &type_fast, ENOENT, &rc_fast));
            assert_int_equal(rc, rc_fast);
            assert_ptr_equal(type_slow, type_fast);
        }
        for (int criteria = CMD_BY_CODE_R; criteria <= CMD_BY_CODE_A; criteria++) {
            rc = fd_dict_search(dict, DICT_COMMAND, criteria, &code, &slow, ENOTSUP);
            assert_true(
                dia_dict_search(dict, DICT_COMMAND, criteria, &code, &fast, ENOTSUP, &rc_fast));
            assert_int_equal(rc, rc_fast);
            assert_ptr_equal(slow, fast);
        }
    }
    assert_true(
        dia_dict_search(dict, DICT_AVP, AVP_BY_CODE, &(avp_code_t){263}, NULL, 5, &rc_fast));
    assert_int_equal(rc_fast, 0);
    assert_true(
        dia_dict_search(dict, DICT_AVP, AVP_BY_CODE, &(avp_code_t){7999}, NULL, 5, &rc_fast));
    assert_int_equal(rc_fast, ENOENT);
    // the library calls these wrong parameters and the peer that sent them would be lost
    struct dict_avp_request_ex zero = {.avp_data = {.avp_code = 1}};
    assert_true(dia_dict_search(dict, DICT_AVP, AVP_BY_STRUCT, &zero, &fast, 0, &rc_fast));
    assert_null(fast);
    assert_int_equal(rc_fast, 0);
    // anything else is the library's
    assert_false(dia_dict_search(dict, DICT_AVP, AVP_BY_NAME, "User-Name", &fast, 0, &rc_fast));
    assert_false(dia_dict_search((void *)1, DICT_AVP, AVP_BY_CODE, &code, &fast, 0, &rc_fast));
    dia_dict_changed();
    assert_false(dia_dict_search(dict, DICT_AVP, AVP_BY_CODE, &code, &fast, 0, &rc_fast));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_avps_of_s6a_are_found_by_number),
        cmocka_unit_test(test_base_protocol_is_the_librarys),
        cmocka_unit_test(test_generated_names_agree_with_the_dictionary),
        cmocka_unit_test(test_enumerated_values_have_names),
        cmocka_unit_test(test_commands_and_applications_of_s6a_exist),
        cmocka_unit_test(test_the_library_judges_requests_of_one_application_only),
        cmocka_unit_test(test_groups_are_kept_as_written),
        cmocka_unit_test(test_every_avp_has_the_type_its_file_says),
        cmocka_unit_test(test_an_operator_drops_in_a_file_of_his_own),
        cmocka_unit_test(test_two_applications_share_a_command),
        cmocka_unit_test(test_what_is_wrong_is_named_with_file_and_line),
        cmocka_unit_test(test_circles_and_empty_folders_are_refused),
        cmocka_unit_test(test_loading_again_changes_nothing),
        cmocka_unit_test(test_fast_look_ups_agree_with_the_library),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
