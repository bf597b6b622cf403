// SPDX-License-Identifier: BSD-3-Clause
// Messages by name: what fgw-agw's commands and scripts stand on.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agw_client/command.h"
#include "agw_client/reflect.h"
#include "proto/s6a.pb-c.h"

static char why[REFLECT_WHY];

static ProtobufCMessage *given(const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(reflect_new(descriptor, &message), ERR_OK);
    return message;
}

// The text that reflect_print or reflect_json gives.
static char *printed(const ProtobufCMessage *message, int json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (json)
        reflect_json(to, message);
    else
        reflect_print(to, message, 0);
    fclose(to);
    return text;
}

static void methods_are_found_by_any_unambiguous_name(void **state)
{
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"/magma.feg.S6aProxy/PurgeUE", ERR_OK},
        {"magma.feg.S6aProxy/PurgeUE", ERR_OK},
        {"S6aProxy/PurgeUE", ERR_OK},
        {"PurgeUE", ERR_OK},
        {"urgeUE", ERR_NOT_FOUND},
        {"Nothing", ERR_NOT_FOUND},
        {"", ERR_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reflect_method method;
        assert_int_equal(reflect_find(cases[i].text, &method), cases[i].err);
        if (cases[i].err == ERR_OK)
            assert_string_equal(method.path, "/magma.feg.S6aProxy/PurgeUE");
    }
}

static void fields_set_by_name_survive_the_wire(void **state)
{
    ProtobufCMessage *message = given(&magma__feg__update_location_answer__descriptor);
    static const struct {
        const char *path, *value, *reads;
    } fields[] = {
        {"error_code", "USER_UNKNOWN", "USER_UNKNOWN"},
        {"default_context_id", "7", "7"},
        {"total_ambr.max_bandwidth_ul", "4294967295", "4294967295"},
        {"total_ambr.unit", "KBPS", "KBPS"},
        {"msisdn", "0x53460018", "53460018"},
        {"apn[0].context_id", "7", "7"},
        {"apn[0].service_selection", "internet", "internet"},
        {"apn[0].qos_profile.class_id", "-9", "-9"},
        {"apn[1].context_id", "8", "8"},
        {"apn[1].served_party_ip_address", "10.0.0.1", "10.0.0.1"},
        {"all_apns_included", "true", "true"},
        {"ula_flags", "1", "1"},
    };
    size_t n = sizeof(fields) / sizeof(fields[0]);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(reflect_set(message, fields[i].path, fields[i].value, why), ERR_OK);
    uint8_t wire[512];
    size_t len = protobuf_c_message_pack(message, wire);
    protobuf_c_message_free_unpacked(message, NULL);

    message =
        protobuf_c_message_unpack(&magma__feg__update_location_answer__descriptor, NULL, len, wire);
    assert_non_null(message);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        assert_int_equal(reflect_get(message, fields[i].path, text, sizeof(text)), ERR_OK);
        assert_string_equal(text, fields[i].reads);
    }
    char text[64];
    assert_int_equal(reflect_get(message, "apn.#", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "2");
    assert_int_equal(reflect_get(message, "msisdn.#", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "4");
    assert_int_equal(reflect_get(message, "apn[5].context_id", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "");
    protobuf_c_message_free_unpacked(message, NULL);
}

static void wrong_words_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *path, *value;
    } cases[] = {
        {"no_such_field", "1"},
        {"default_context_id", "seven"},
        {"default_context_id", "4294967296"},
        {"all_apns_included", "perhaps"},
        {"msisdn", "xyz"},
        {"error_code", "NO_SUCH_CODE"},
        {"total_ambr", "1"},
        {"msisdn.inner", "1"},
        {"apn[3].context_id", "1"},
        {"default_context_id[0]", "1"},
        {"apn[x]", "1"},
        {"", "1"},
        {"..", "1"},
    };
    ProtobufCMessage *message = given(&magma__feg__update_location_answer__descriptor);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        why[0] = '\0';
        assert_int_not_equal(reflect_set(message, cases[i].path, cases[i].value, why), ERR_OK);
        assert_string_not_equal(why, "");
    }
    protobuf_c_message_free_unpacked(message, NULL);
}

static void a_list_without_index_is_appended_to(void **state)
{
    ProtobufCMessage *message = given(&magma__feg__reset_request__descriptor);
    char text[32];
    assert_int_equal(reflect_set(message, "user_id", "00101", why), ERR_OK);
    assert_int_equal(reflect_set(message, "user_id", "00102", why), ERR_OK);
    assert_int_equal(reflect_get(message, "user_id.#", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "2");
    assert_int_equal(reflect_get(message, "user_id[1]", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "00102");
    protobuf_c_message_free_unpacked(message, NULL);
}

static void an_unknown_enumerator_is_printed_as_its_number(void **state)
{
    ProtobufCMessage *message = given(&magma__feg__purge_ueanswer__descriptor);
    char text[32];
    assert_int_equal(reflect_set(message, "error_code", "5999", why), ERR_OK);
    assert_int_equal(reflect_get(message, "error_code", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "5999");
    protobuf_c_message_free_unpacked(message, NULL);
}

static void printing_shows_what_is_set_and_nothing_else(void **state)
{
    ProtobufCMessage *message = given(&magma__feg__cancel_location_request__descriptor);
    assert_int_equal(reflect_set(message, "user_name", "a\"b", why), ERR_OK);
    assert_int_equal(reflect_set(message, "cancellation_type", "2", why), ERR_OK);
    char *text = printed(message, 0);
    assert_string_equal(text, "user_name: a\"b\ncancellation_type: SUBSCRIPTION_WITHDRAWAL (2)\n");
    free(text);
    text = printed(message, 1);
    assert_string_equal(text, "{\"user_name\":\"a\\\"b\",\"cancellation_type\":2}");
    free(text);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void a_procedure_fills_in_what_an_access_gateway_would_send(void **state)
{
    char imsi[] = "310410000000001", plmn[] = "plmn=310410", vectors[] = "vectors=3";
    char *words[] = {imsi, plmn, vectors};
    struct reflect_method method;
    ProtobufCMessage *message;
    char text[32];

    assert_int_equal(command_build("air", words, 3, &method, &message, why), ERR_OK);
    assert_string_equal(method.path, "/magma.feg.S6aProxy/AuthenticationInformation");
    assert_int_equal(reflect_get(message, "visited_plmn", text, sizeof(text)), ERR_OK);
    assert_string_equal(text, "130014");
    assert_int_equal(reflect_get(message, "num_requested_eutran_vectors", text, sizeof(text)),
                     ERR_OK);
    assert_string_equal(text, "3");
    protobuf_c_message_free_unpacked(message, NULL);

    assert_int_not_equal(command_build("air", words, 0, &method, &message, why), ERR_OK);
    char bad[] = "plmn=1";
    words[1] = bad;
    assert_int_not_equal(command_build("ulr", words, 2, &method, &message, why), ERR_OK);
}

static void reply_rules_are_read_from_words(void **state)
{
    struct agwc_rule rule = {.status = 0};
    assert_int_equal(agwc_rule_add(&rule, "error_code=5001", why), ERR_OK);
    assert_int_equal(agwc_rule_add(&rule, "status=UNAVAILABLE", why), ERR_OK);
    assert_int_equal(agwc_rule_add(&rule, "delay=250", why), ERR_OK);
    assert_int_equal(agwc_rule_add(&rule, "message=no radio", why), ERR_OK);
    assert_int_equal(rule.n_fields, 1);
    assert_int_equal(rule.status, 14);
    assert_int_equal(rule.delay_ms, 250);
    assert_string_equal(rule.message, "no radio");
    assert_false(rule.drop);
    assert_int_equal(agwc_rule_add(&rule, "drop", why), ERR_OK);
    assert_true(rule.drop);
    assert_int_not_equal(agwc_rule_add(&rule, "status=MAYBE", why), ERR_OK);
    assert_int_not_equal(agwc_rule_add(&rule, "nonsense", why), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_found_by_any_unambiguous_name),
        cmocka_unit_test(fields_set_by_name_survive_the_wire),
        cmocka_unit_test(wrong_words_are_refused_with_a_reason),
        cmocka_unit_test(a_list_without_index_is_appended_to),
        cmocka_unit_test(an_unknown_enumerator_is_printed_as_its_number),
        cmocka_unit_test(printing_shows_what_is_set_and_nothing_else),
        cmocka_unit_test(a_procedure_fills_in_what_an_access_gateway_would_send),
        cmocka_unit_test(reply_rules_are_read_from_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
