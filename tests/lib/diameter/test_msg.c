// SPDX-License-Identifier: BSD-3-Clause
// Building, reading and parsing messages through AVP numbers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "diameter/avp.h"
#include "diameter/msg.h"

static char origin_host[] = "mme.example.org", origin_realm[] = "example.org";

static void no_log(int level, const char *format, va_list args)
{
}

static int start(void **state)
{
    fd_log_handler_register(no_log);
    if (fd_core_initialize() != 0 || dia_dict_load(FGW_TEST_DICTIONARIES) != ERR_OK)
        return -1;
    fd_g_config->cnf_diamid = origin_host;
    fd_g_config->cnf_diamid_len = strlen(fd_g_config->cnf_diamid);
    fd_g_config->cnf_diamrlm = origin_realm;
    fd_g_config->cnf_diamrlm_len = strlen(fd_g_config->cnf_diamrlm);
    return 0;
}

static struct msg *new_request(uint32_t command)
{
    struct msg *msg = NULL;
    assert_int_equal(dia_request_new(DIA_APP_S6A, command, &msg), ERR_OK);
    return msg;
}

static struct msg *through_the_wire(struct msg *msg)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct msg *copy = NULL;
    assert_int_equal(dia_msg_bytes(msg, &bytes, &len), ERR_OK);
    assert_int_equal(dia_msg_parse(bytes, len, &copy), ERR_OK);
    free(bytes);
    return copy;
}

static void test_bytes_of_a_request_are_those_of_the_specification(void **state)
{
    struct msg *msg = new_request(DIA_CMD_AIR);
    struct msg_hdr *hdr;
    struct avp *group;
    assert_int_equal(fd_msg_hdr(msg, &hdr), 0);
    hdr->msg_eteid = 0x01020304;
    assert_int_equal(dia_add_text(msg, AVP_USER_NAME, "001010000000001"), ERR_OK);
    assert_int_equal(dia_add_bytes(msg, AVP_VISITED_PLMN_ID, "\x00\xf1\x10", 3), ERR_OK);
    assert_int_equal(dia_add_group(msg, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, &group), ERR_OK);
    assert_int_equal(dia_add_u32(group, AVP_NUMBER_OF_REQUESTED_VECTORS, 3), ERR_OK);

    // TS 29.272 §7.2.5, §7.3.9, §7.3.11; header of RFC 6733 §3, AVPs of §4.1
    static const char want[] =
        "01000058c000013e01000023" "00000000" "01020304"
        "00000001" "40000017" "303031303130303030303030303031" "00"
        "0000057f" "c000000f" "000028af" "00f11000"
        "00000580" "c000001c" "000028af" "00000582" "c0000010" "000028af" "00000003";
    uint8_t *bytes;
    size_t len;
    char hex[400];
    assert_int_equal(dia_msg_bytes(msg, &bytes, &len), ERR_OK);
    assert_true(len * 2 + 1 <= sizeof(hex));
    base_hex_encode(bytes, len, hex);
    assert_string_equal(hex, want);
    free(bytes);
    fd_msg_free(msg);
}

static void test_what_is_written_is_read_back(void **state)
{
    struct msg *msg = new_request(DIA_CMD_ULR);
    assert_int_equal(dia_add_u32(msg, AVP_ULR_FLAGS, 0x22), ERR_OK);
    assert_int_equal(dia_add_i32(msg, AVP_RAT_TYPE, 1004), ERR_OK);
    assert_int_equal(dia_add_bytes(msg, AVP_VISITED_PLMN_ID, NULL, 0), ERR_OK);
    assert_int_equal(dia_add_u64(msg, AVP_OC_FEATURE_VECTOR, UINT64_C(1) << 40), ERR_OK);
    struct msg *copy = through_the_wire(msg);
    uint32_t u32;
    int32_t i32;
    uint64_t u64;
    const uint8_t *data;
    size_t len;
    assert_int_equal(dia_get_u32(copy, AVP_ULR_FLAGS, &u32), ERR_OK);
    assert_int_equal(u32, 0x22);
    assert_int_equal(dia_get_i32(copy, AVP_RAT_TYPE, &i32), ERR_OK);
    assert_int_equal(i32, 1004);
    assert_int_equal(dia_get_u64(copy, AVP_OC_FEATURE_VECTOR, &u64), ERR_OK);
    assert_true(u64 == UINT64_C(1) << 40);
    assert_int_equal(dia_get_bytes(copy, AVP_VISITED_PLMN_ID, &data, &len), ERR_OK);
    assert_int_equal(len, 0);
    assert_int_equal(dia_get_u32(copy, AVP_CLR_FLAGS, &u32), ERR_NOT_FOUND);
    assert_int_equal(dia_get_u32(copy, AVP_VISITED_PLMN_ID, &u32), ERR_DECODE_VALUE);
    assert_int_equal(dia_get_bytes(copy, AVP_ULR_FLAGS, &data, &len), ERR_DECODE_VALUE);
    fd_msg_free(copy);
    fd_msg_free(msg);
}

static void test_a_value_of_the_wrong_type_is_not_written(void **state)
{
    struct msg *msg = new_request(DIA_CMD_ULR);
    struct avp *group;
    static char large[70000];
    assert_int_equal(dia_add_u32(msg, AVP_VISITED_PLMN_ID, 1), ERR_INVALID);
    assert_int_equal(dia_add_text(msg, AVP_ULR_FLAGS, "x"), ERR_INVALID);
    assert_int_equal(dia_add_u64(msg, AVP_ULR_FLAGS, 1), ERR_INVALID);
    assert_int_equal(dia_add_group(msg, AVP_ULR_FLAGS, &group), ERR_INVALID);
    assert_int_equal(dia_add_u32(msg, AVP_SUBSCRIPTION_DATA, 1), ERR_INVALID);
    assert_int_equal(dia_add_u32(msg, DIA_AVP(9, 9), 1), ERR_DIA_DICT);
    assert_int_equal(dia_add_bytes(msg, AVP_VISITED_PLMN_ID, large, sizeof(large)),
                     ERR_ENCODE_SPACE);
    assert_null(dia_find(msg, AVP_ULR_FLAGS));
    fd_msg_free(msg);
}

static void test_siblings_of_one_kind_are_all_found(void **state)
{
    struct msg *msg = new_request(DIA_CMD_RSR);
    assert_int_equal(dia_add_text(msg, AVP_USER_ID, "00101"), ERR_OK);
    assert_int_equal(dia_add_text(msg, AVP_USER_NAME, "between"), ERR_OK);
    assert_int_equal(dia_add_text(msg, AVP_USER_ID, "00102"), ERR_OK);
    int n = 0;
    for (struct avp *avp = dia_find(msg, AVP_USER_ID); avp; avp = dia_find_next(avp, AVP_USER_ID))
        n++;
    assert_int_equal(n, 2);
    assert_int_equal(dia_avp_ident(dia_find(msg, AVP_USER_ID)), AVP_USER_ID);
    assert_null(dia_find(NULL, AVP_USER_ID));
    fd_msg_free(msg);
}

static struct msg *answer_of(struct msg *request)
{
    assert_int_equal(fd_msg_new_answer_from_req(fd_g_config->cnf_dict, &request, 0), 0);
    return request;
}

static void test_results_base_and_experimental(void **state)
{
    static const struct {
        uint32_t vendor, code;
        bool error_bit;
    } cases[] = {{0, 2001, false},
                 {0, 3002, true},
                 {0, 5012, false},
                 {10415, 5001, false},
                 {10415, 4181, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct msg *answer = answer_of(new_request(DIA_CMD_CLR));
        struct msg_hdr *hdr;
        assert_int_equal(dia_add_result(answer, cases[i].vendor, cases[i].code), ERR_OK);
        assert_int_equal(fd_msg_hdr(answer, &hdr), 0);
        assert_int_equal(!!(hdr->msg_flags & CMD_FLAG_ERROR), cases[i].error_bit);
        struct msg *copy = through_the_wire(answer);
        struct dia_result result = dia_msg_result(copy);
        assert_int_equal(result.code, cases[i].code);
        assert_int_equal(result.vendor, cases[i].vendor);
        assert_int_equal(result.experimental, cases[i].vendor != 0);
        fd_msg_free(copy);
        fd_msg_free(answer);
    }
    struct msg *empty = answer_of(new_request(DIA_CMD_CLR));
    assert_int_equal(dia_msg_result(empty).code, 0);
    fd_msg_free(empty);
}

static void test_an_experimental_result_without_vendor_is_of_3gpp(void **state)
{
    struct msg *answer = answer_of(new_request(DIA_CMD_CLR));
    struct avp *group;
    assert_int_equal(dia_add_group(answer, AVP_EXPERIMENTAL_RESULT, &group), ERR_OK);
    assert_int_equal(dia_add_u32(group, AVP_EXPERIMENTAL_RESULT_CODE, 5420), ERR_OK);
    struct dia_result result = dia_msg_result(answer);
    assert_int_equal(result.code, 5420);
    assert_int_equal(result.vendor, DIA_3GPP);
    fd_msg_free(answer);
}

static void test_session_ids_come_first_and_never_repeat(void **state)
{
    char before[200] = "";
    for (int i = 0; i < 3; i++) {
        struct msg *msg = new_request(DIA_CMD_AIR);
        struct avp *first = NULL;
        const uint8_t *data;
        size_t len;
        assert_int_equal(dia_add_origin(msg), ERR_OK);
        assert_int_equal(dia_add_session_id(msg, i == 1 ? "gw;17" : NULL), ERR_OK);
        assert_int_equal(fd_msg_browse(msg, MSG_BRW_FIRST_CHILD, &first, NULL), 0);
        assert_int_equal(dia_avp_ident(first), AVP_SESSION_ID);
        assert_int_equal(dia_avp_bytes(first, &data, &len), ERR_OK);
        assert_true(len > 20 && memcmp(data, "mme.example.org;", 16) == 0);
        if (i == 1)
            assert_memory_equal(data + len - 6, ";gw;17", 6);
        assert_true(strlen(before) != len || memcmp(before, data, len) != 0);
        snprintf(before, sizeof(before), "%.*s", (int)len, (const char *)data);
        fd_msg_free(msg);
    }
    char suffix[600];
    memset(suffix, 'x', sizeof(suffix) - 1);
    suffix[sizeof(suffix) - 1] = 0;
    struct msg *msg = new_request(DIA_CMD_AIR);
    assert_int_equal(dia_add_session_id(msg, suffix), ERR_ENCODE_SPACE);
    fd_msg_free(msg);
}

static void test_what_every_s6a_request_begins_with(void **state)
{
    struct msg *msg = new_request(DIA_CMD_AIR);
    uint32_t value;
    assert_int_equal(dia_add_session_id(msg, NULL), ERR_OK);
    assert_int_equal(dia_add_vendor_application(msg, DIA_APP_S6A), ERR_OK);
    assert_int_equal(dia_add_no_state(msg), ERR_OK);
    assert_int_equal(dia_add_origin(msg), ERR_OK);
    assert_int_equal(dia_get_u32(msg, AVP_AUTH_SESSION_STATE, &value), ERR_OK);
    assert_int_equal(value, 1);
    struct avp *group = dia_find(msg, AVP_VENDOR_SPECIFIC_APPLICATION_ID);
    assert_int_equal(dia_get_u32(group, AVP_VENDOR_ID, &value), ERR_OK);
    assert_int_equal(value, DIA_3GPP);
    assert_int_equal(dia_get_u32(group, AVP_AUTH_APPLICATION_ID, &value), ERR_OK);
    assert_int_equal(value, DIA_APP_S6A);
    fd_msg_free(msg);
}

static void test_unknown_commands_are_not_made(void **state)
{
    struct msg *msg = (void *)1;
    assert_int_equal(dia_request_new(DIA_APP_S6A, 9999, &msg), ERR_DIA_DICT);
    assert_null(msg);
}

// A CLR's bytes, broken in one place each.
static void test_broken_bytes_have_a_typed_error(void **state)
{
    static const struct {
        const char *what, *avps;
        enum err err;
    } cases[] = {
        {"fine", "0000000140000009" "61000000", ERR_OK},
        {"unknown AVP without M", "0001869f0000000c" "00000000", ERR_OK},
        {"unknown AVP with M", "0001869f4000000c" "00000000", ERR_DECODE_UNKNOWN},
        {"Unsigned32 of 3 bytes", "000001034000000b" "00000000", ERR_DECODE_LENGTH},
        {"AVP longer than the message", "00000001400000ff" "61000000", ERR_DECODE_LENGTH},
        {"AVP shorter than its header", "0000000140000004" "61000000", ERR_DECODE_LENGTH},
        {"group with garbage", "00000104400000" "0d" "ff000000" "01000000", ERR_DECODE_VALUE},
        {"vendor 0 with V bit", "00000582c0000010" "00000000" "00000003", ERR_DECODE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[100];
        size_t len = 0;
        struct msg *msg = NULL;
        char hex[200];
        snprintf(hex, sizeof(hex), "01%06zxc000013d010000230000000000000000%s",
                 20 + strlen(cases[i].avps) / 2, cases[i].avps);
        assert_int_equal(base_hex_decode(hex, bytes, sizeof(bytes), &len), ERR_OK);
        enum err err = dia_msg_parse(bytes, len, &msg);
        if (err != cases[i].err)
            print_error("%s: %s\n", cases[i].what, err_name(err));
        assert_int_equal(err, cases[i].err);
        assert_int_equal(err == ERR_OK, msg != NULL);
        fd_msg_free(msg);
        for (size_t cut = 0; cut < len; cut++) { // every prefix
            uint8_t *exact = malloc(cut ? cut : 1);
            memcpy(exact, bytes, cut);
            if (dia_msg_parse(exact, cut, &msg) == ERR_OK)
                fd_msg_free(msg);
            free(exact);
        }
    }
}

static void test_values_that_were_not_parsed_are_never_read(void **state)
{
    static const char hex[] = "01000020c000013d010000230000000000000000"
                              "0001869f0000000c"
                              "00000000";
    uint8_t bytes[40];
    size_t len;
    struct msg *msg;
    uint32_t value;
    const uint8_t *data;
    assert_int_equal(base_hex_decode(hex, bytes, sizeof(bytes), &len), ERR_OK);
    assert_int_equal(dia_msg_parse(bytes, len, &msg), ERR_OK);
    assert_int_equal(dia_get_u32(msg, DIA_AVP(0, 99999), &value), ERR_DECODE_VALUE);
    assert_int_equal(dia_get_bytes(msg, DIA_AVP(0, 99999), &data, &len), ERR_DECODE_VALUE);
    fd_msg_free(msg);
}

// An unknown AVP somewhere in a message, with and without a vendor, whatever stands around it.
static void test_an_unknown_avp_is_copied_as_it_came(void **state)
{
#define USER                                                                                       \
    "0000000140000009"                                                                             \
    "78000000"
    static const struct {
        const char *avps;    // of an AIR, in hex
        const char *unknown; // what Failed-AVP is to hold
    } cases[] = {
        {"0000fde70000000c77686174", "0000fde70000000c77686174"},
        {USER "0000fde70000000b77686100" USER, "0000fde70000000b77686100"},
        {USER "0000fde7800000100000109277686174", "0000fde7800000100000109277686174"},
        {USER USER "0000fde700000008", "0000fde700000008"},
        {USER "0000fde70000000d7768617478000000", "0000fde70000000d7768617478000000"},
        // the library does not write such a message again
        {"0000fde70000000977000000"
         "0000fdeb00000008",
         "0000fde70000000900000000"},
        // in Requested-EUTRAN-Authentication-Info, behind a number
        {USER "00000580c0000028000028af00000582c0000010000028af00000003"
              "0000fde70000000c77686174" USER,
         "0000fde70000000c77686174"},
    };
#undef USER
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct msg *msg = NULL, *holder = new_request(DIA_CMD_AIR);
        uint8_t bytes[200] = {0x01, 0, 0, 0, 0xc0, 0, 0x01, 0x3e, 0x01, 0, 0, 0x23}, *out;
        size_t len;
        struct avp *copy = NULL, *group = NULL;
        char hex[400];
        assert_int_equal(base_hex_decode(cases[i].avps, bytes + 20, 180, &len), ERR_OK);
        bytes[3] = (uint8_t)(len + 20);
        assert_int_equal(dia_msg_parse(bytes, len + 20, &msg), ERR_OK);
        struct avp *at = dia_find(msg, DIA_AVP(0, 64999));
        if (!at)
            at = dia_find(msg, DIA_AVP(0x1092, 64999));
        if (!at)
            at = dia_find(dia_find(msg, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO),
                          DIA_AVP(0, 64999));
        assert_non_null(at);
        assert_int_equal(dia_copy_unknown(at, &copy), ERR_OK);
        fd_msg_free(msg); // the copy stands alone
        assert_int_equal(dia_add_group(holder, AVP_FAILED_AVP, &group), ERR_OK);
        assert_int_equal(fd_msg_avp_add(group, MSG_BRW_LAST_CHILD, copy), 0);
        assert_int_equal(dia_msg_bytes(holder, &out, &len), ERR_OK);
        base_hex_encode(out + 28, len - 28, hex);
        assert_string_equal(hex, cases[i].unknown);
        free(out);
        fd_msg_free(holder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_of_a_request_are_those_of_the_specification),
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_a_value_of_the_wrong_type_is_not_written),
        cmocka_unit_test(test_siblings_of_one_kind_are_all_found),
        cmocka_unit_test(test_results_base_and_experimental),
        cmocka_unit_test(test_an_experimental_result_without_vendor_is_of_3gpp),
        cmocka_unit_test(test_session_ids_come_first_and_never_repeat),
        cmocka_unit_test(test_what_every_s6a_request_begins_with),
        cmocka_unit_test(test_unknown_commands_are_not_made),
        cmocka_unit_test(test_broken_bytes_have_a_typed_error),
        cmocka_unit_test(test_values_that_were_not_parsed_are_never_read),
        cmocka_unit_test(test_an_unknown_avp_is_copied_as_it_came),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
