// SPDX-License-Identifier: BSD-3-Clause
// EAP packets and the attributes of EAP-AKA: golden octets (laid out by hand from RFC 4187 §10),
// and everything that a strict decoder must refuse.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "eap/aka_msg.h"

static size_t hex(const char *text, uint8_t *out, size_t size)
{
    size_t len;
    assert_int_equal(base_hex_decode(text, out, size, &len), ERR_OK);
    return len;
}

static enum err decode(const char *text, struct eap_aka_msg *msg)
{
    static uint8_t packet[512];
    return eap_aka_decode(packet, hex(text, packet, sizeof(packet)), msg);
}

static void headers(void **state)
{
    static const struct {
        const char *packet;
        enum err err;
    } cases[] = {
        {"0201000501", ERR_OK},
        {"0201000a0130616263640000", ERR_OK}, // padding behind
        {"03010004", ERR_OK},
        {"020100", ERR_DECODE_TRUNCATED},
        {"0201000601", ERR_DECODE_TRUNCATED},
        {"02010004", ERR_DECODE_LENGTH},
        {"0301000501", ERR_DECODE_LENGTH},
        {"0501000501", ERR_DECODE_VALUE},
        {"0001000501", ERR_DECODE_VALUE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t packet[32];
        struct eap_packet eap;
        size_t len = hex(cases[i].packet, packet, sizeof(packet));
        assert_int_equal(eap_decode(packet, len, &eap), cases[i].err);
    }
}

static void a_nak_names_what_it_wants(void **state)
{
    const uint8_t packet[] = {2, 7, 0, 7, 3, 23, 50};
    struct eap_packet eap;
    assert_int_equal(eap_decode(packet, sizeof(packet), &eap), ERR_OK);
    assert_true(eap_nak_wants(&eap, EAP_AKA));
    assert_true(eap_nak_wants(&eap, EAP_AKA_PRIME));
    assert_false(eap_nak_wants(&eap, (enum eap_type)13));
}

static void a_challenge_answer_is_read(void **state)
{
    struct eap_aka_msg msg;
    // AT_RES of 64 bits, AT_CHECKCODE empty, AT_RESULT_IND, an unknown skippable one, AT_MAC
    assert_int_equal(decode("02090034"
                            "17010000"
                            "03030040"
                            "a1a2a3a4a5a6a7a8"
                            "86010000"
                            "87010000"
                            "c8010000"
                            "0b050000"
                            "000102030405060708090a0b0c0d0e0f",
                            &msg),
                     ERR_OK);
    assert_int_equal(msg.subtype, EAP_AKA_CHALLENGE);
    assert_int_equal(msg.at[EAP_AT_RES].len, 8);
    assert_int_equal(msg.at[EAP_AT_RES].data[7], 0xa8);
    assert_int_equal(msg.mac_at, 0x24);
    assert_true(eap_aka_has(&msg, EAP_AT_RESULT_IND));
    assert_int_equal(msg.at[EAP_AT_CHECKCODE].len, 0);
}

static const struct {
    const char *what, *packet;
    enum err err;
} wrong[] = {
    {"other method", "0209000815010000", ERR_DECODE_VALUE},
    {"no subtype", "02090007170100", ERR_DECODE_TRUNCATED},
    {"unknown subtype", "0209000817630000", ERR_DECODE_VALUE},
    {"request only a response can be",
     "0109000c17040000"
     "16010000",
     ERR_DECODE_VALUE},
    {"attribute of length zero",
     "0209000c17050000"
     "0e000000",
     ERR_DECODE_LENGTH},
    {"attribute beyond the end",
     "0209000c17050000"
     "0e020001",
     ERR_DECODE_TRUNCATED},
    {"half an attribute",
     "0209000a17050000"
     "0e01",
     ERR_DECODE_TRUNCATED},
    {"unknown, not skippable",
     "0209000c170e0000"
     "7f010000",
     ERR_DECODE_UNKNOWN},
    {"twice",
     "02090010170e0000"
     "16010000"
     "16010000",
     ERR_DECODE_DUPLICATE},
    {"missing", "02090008170e0000", ERR_DECODE_MISSING},
    {"out of place",
     "02090020170e0000"
     "16010000"
     "01050000"
     "000102030405060708090a0b0c0d0e0f",
     ERR_DECODE_UNKNOWN},
    {"AT_KDF is not of EAP-AKA",
     "0209000c17010000"
     "18010001",
     ERR_DECODE_UNKNOWN},
    {"AT_IDENTITY longer than it is",
     "0209001017050000"
     "0e020005"
     "30303030",
     ERR_DECODE_LENGTH},
    {"AT_IDENTITY with a word too many",
     "0209001417050000"
     "0e030001"
     "3000000000000000",
     ERR_DECODE_LENGTH},
    {"AT_IDENTITY with padding that is not zero",
     "0209001017050000"
     "0e020003"
     "30303001",
     ERR_DECODE_VALUE},
    {"AT_IDENTITY empty",
     "0209000c17050000"
     "0e010000",
     ERR_DECODE_LENGTH},
    {"AT_RES of 7 bits",
     "0209001017010000"
     "03020007"
     "00000000",
     ERR_DECODE_VALUE},
    {"AT_RES too short",
     "0209001017010000"
     "03020018"
     "00000000",
     ERR_DECODE_VALUE},
    {"AT_AUTS too short",
     "0209001417040000"
     "04030000"
     "0000000000000000",
     ERR_DECODE_LENGTH},
    {"AT_CHECKCODE of no hash's length",
     "0209001017010000"
     "86020000"
     "00000000",
     ERR_DECODE_LENGTH},
    {"AT_CLIENT_ERROR_CODE too long",
     "02090010170e0000"
     "16020000"
     "00000000",
     ERR_DECODE_LENGTH},
    {"AT_ENCR_DATA that is no block",
     "02090010170c0000"
     "82020000"
     "00000000",
     ERR_DECODE_LENGTH},
    {"AT_ENCR_DATA without AT_IV",
     "0209001c170c0000"
     "82050000"
     "00000000000000000000000000000000",
     ERR_DECODE_MISSING},
    {"answer without AT_MAC",
     "0209001017010000"
     "03020020"
     "00000000",
     ERR_DECODE_MISSING},
};

static void what_is_wrong_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct eap_aka_msg msg;
        enum err err = decode(wrong[i].packet, &msg);
        if (err != wrong[i].err)
            print_error("%s: %s\n", wrong[i].what, err_str(err));
        assert_int_equal(err, wrong[i].err);
        assert_true(err_is_peer_fault(err));
    }
}

static void encrypted_attributes_travel(void **state)
{
    struct eap_aka_keys keys = {.method = EAP_AKA_PRIME, .k_encr = {1}, .k_aut = {2}};
    struct eap_aka_writer w, inner;
    struct eap_aka_msg msg, inside;
    uint8_t plain[128];
    eap_aka_begin_inner(&inner);
    eap_aka_put_u16(&inner, EAP_AT_COUNTER, 77);
    eap_aka_put(&inner, EAP_AT_NEXT_REAUTH_ID, "8abcde@realm", 12);
    eap_aka_begin(&w, EAP_REQUEST, 3, EAP_AKA_PRIME, EAP_AKA_REAUTHENTICATION);
    eap_aka_put_encrypted(&w, &keys, (const uint8_t[16]){5}, &inner);
    assert_int_equal(eap_aka_end(&w, &keys, NULL, 0), ERR_OK);
    assert_int_equal(eap_aka_decode(w.buf, w.len, &msg), ERR_OK);
    const struct eap_aka_attr *data = &msg.at[EAP_AT_ENCR_DATA];
    assert_int_equal(data->len, 32);
    memcpy(plain, data->data, data->len);
    assert_int_equal(eap_aka_crypt(&keys, false, msg.at[EAP_AT_IV].data, plain, data->len), ERR_OK);
    assert_int_equal(eap_aka_decode_inner(plain, data->len, &inside), ERR_OK);
    assert_int_equal(eap_aka_u16(&inside, EAP_AT_COUNTER), 77);
    assert_int_equal(inside.at[EAP_AT_NEXT_REAUTH_ID].len, 12);
    plain[data->len - 1] ^= 1; // padding must be zero
    assert_int_equal(eap_aka_decode_inner(plain, data->len, &inside), ERR_DECODE_VALUE);
}

static void a_message_that_does_not_fit_is_an_error(void **state)
{
    static const char big[EAP_PACKET_MAX];
    struct eap_aka_writer w;
    eap_aka_begin(&w, EAP_REQUEST, 1, EAP_AKA, EAP_AKA_IDENTITY);
    eap_aka_put(&w, EAP_AT_IDENTITY, big, 1200);
    assert_int_equal(eap_aka_end(&w, NULL, NULL, 0), ERR_ENCODE_VALUE); // more than 255 words
    eap_aka_begin(&w, EAP_REQUEST, 1, EAP_AKA, EAP_AKA_IDENTITY);
    eap_aka_put(&w, EAP_AT_IDENTITY, big, 1000);
    eap_aka_put(&w, EAP_AT_IDENTITY, big, 1000);
    assert_int_equal(eap_aka_end(&w, NULL, NULL, 0), ERR_ENCODE_SPACE);
    eap_aka_begin(&w, EAP_REQUEST, 1, EAP_AKA, EAP_AKA_IDENTITY);
    eap_aka_put(&w, EAP_AT_RAND, big, 15);
    assert_int_equal(eap_aka_end(&w, NULL, NULL, 0), ERR_ENCODE_VALUE);
}

static void every_attribute_has_a_name(void **state)
{
    for (int at = 0; at < EAP_AT_COUNT; at++)
        assert_memory_equal(eap_at_name((enum eap_at)at), "AT_", 3);
    assert_string_equal(eap_at_name(EAP_AT_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(a_nak_names_what_it_wants),
        cmocka_unit_test(a_challenge_answer_is_read),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(encrypted_attributes_travel),
        cmocka_unit_test(a_message_that_does_not_fit_is_an_error),
        cmocka_unit_test(every_attribute_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
