// SPDX-License-Identifier: BSD-3-Clause
// Short messages inside NAS containers: what osmo-msc 1.9.0 exchanged is read, what is written is
// read back, what is broken is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "vlr_sim/sms.h"

static enum err read_hex(const char *hex, struct sms *out)
{
    uint8_t nas[256];
    size_t len;
    assert_int_equal(base_hex_decode(hex, nas, sizeof(nas), &len), ERR_OK);
    return sms_read(nas, len, out);
}

static void messages_of_a_real_exchange_are_read(void **state)
{
    static const struct {
        const char *what, *hex;
        enum sms_cp cp;
        int rp;
        uint8_t transaction, reference;
        const char *center, *peer, *text;
    } table[] = {
        {"deliver", "0901210100079144775810065000150005802143f500006211026152600005e8329bfd06",
         SMS_CP_DATA, SMS_RP_DATA_TO_UE, 0, 0, "447785016005", "12345", "hello"},
        {"submit", "19011800420004912143650f010005812143f5000005e8329bfd06", SMS_CP_DATA,
         SMS_RP_DATA_FROM_UE, 1, 0x42, "123456", "12345", "hello"},
        {"acknowledged by the UE", "8901020200", SMS_CP_DATA, SMS_RP_ACK_FROM_UE, 0, 0, "", "",
         ""},
        {"acknowledged by the MSC", "9901020342", SMS_CP_DATA, SMS_RP_ACK_TO_UE, 1, 0x42, "", "",
         ""},
        {"CP-ACK", "8904", SMS_CP_ACK, -1, 0, 0, "", "", ""},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sms sms;
        enum err err = read_hex(table[i].hex, &sms);
        if (err)
            fail_msg("%s: %s", table[i].what, err_str(err));
        assert_int_equal(sms.cp, table[i].cp);
        assert_int_equal(sms.rp, table[i].rp);
        assert_int_equal(sms.transaction, table[i].transaction);
        assert_int_equal(sms.reference, table[i].reference);
        assert_string_equal(sms.center, table[i].center);
        assert_string_equal(sms.peer, table[i].peer);
        assert_string_equal(sms.text, table[i].text);
    }
}

static void whose_transaction_it_is_is_told(void **state)
{
    struct sms sms;
    assert_int_equal(read_hex("8904", &sms), ERR_OK); // the UE answers the network
    assert_true(sms.ours);
    assert_int_equal(read_hex("1904", &sms), ERR_OK);
    assert_false(sms.ours);
}

static void answers_are_those_of_the_real_exchange(void **state)
{
    static const uint8_t rp_ack[] = {0x99, 0x01, 0x02, 0x03, 0x42};
    static const uint8_t cp_ack_mo[] = {0x99, 0x04}, cp_ack_mt[] = {0x09, 0x04};
    uint8_t nas[SMS_NAS_MAX];
    struct sms sms;
    assert_int_equal(sms_rp_ack(1, 0x42, nas), sizeof(rp_ack));
    assert_memory_equal(nas, rp_ack, sizeof(rp_ack));
    assert_int_equal(sms_cp_ack(1, false, nas), 2);
    assert_memory_equal(nas, cp_ack_mo, 2);
    assert_int_equal(sms_cp_ack(0, true, nas), 2);
    assert_memory_equal(nas, cp_ack_mt, 2);
    size_t len = sms_rp_error(1, 7, 41, nas);
    assert_int_equal(sms_read(nas, len, &sms), ERR_OK);
    assert_int_equal(sms.rp, SMS_RP_ERROR_TO_UE);
    assert_int_equal(sms.rp_cause, 41);
}

static void a_text_is_written_and_read_back(void **state)
{
    static const char *const texts[] = {
        "hello", "", "1234567", "12345678", "Gr\xc3\xbc\xc3\x9f" "e @home",
        "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint8_t nas[SMS_NAS_MAX];
        size_t len;
        struct sms sms;
        assert_int_equal(sms_deliver(0, 9, "447785016005", "491721234567", texts[i], 1795191903,
                                     nas, &len), ERR_OK);
        assert_int_equal(sms_read(nas, len, &sms), ERR_OK);
        assert_string_equal(sms.text, texts[i]);
        assert_string_equal(sms.peer, "491721234567");
        assert_string_equal(sms.center, "447785016005");
        assert_int_equal(sms.reference, 9);
    }
}

static void what_does_not_fit_one_short_message_is_told(void **state)
{
    uint8_t nas[SMS_NAS_MAX];
    char text[170];
    size_t len;
    memset(text, 'x', sizeof(text));
    text[160] = '\0';
    assert_int_equal(sms_deliver(0, 0, "1", "2", text, 0, nas, &len), ERR_OK);
    text[160] = 'x';
    text[161] = '\0';
    assert_int_equal(sms_deliver(0, 0, "1", "2", text, 0, nas, &len), ERR_ENCODE_SPACE);
    assert_int_equal(sms_deliver(0, 0, "1", "2", "\xff", 0, nas, &len), ERR_ENCODE_VALUE);
    assert_int_equal(sms_deliver(0, 0, "1", "nobody", "hi", 0, nas, &len), ERR_ENCODE_VALUE);
}

static void broken_ones_are_refused(void **state)
{
    static const char *const cut[] = {
        "", "09", "0901", "090105", "09010101", "0901210100079144775810",
        "090107010007914477581006", "0910", "8901030400",
    };
    struct sms sms;
    for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
        if (read_hex(cut[i], &sms) != ERR_DECODE_TRUNCATED)
            fail_msg("%s", cut[i]);
    }
    assert_int_equal(read_hex("0504", &sms), ERR_DECODE_VALUE); // mobility management
    assert_int_equal(read_hex("7904", &sms), ERR_DECODE_VALUE); // reserved transaction
    assert_int_equal(read_hex("0902", &sms), ERR_DECODE_VALUE); // no such message
}

static void every_cut_and_every_flip_is_survived(void **state)
{
    uint8_t nas[SMS_NAS_MAX];
    struct sms sms;
    size_t len;
    assert_int_equal(base_hex_decode("19011800420004912143650f010005812143f5000005e8329bfd06",
                                     nas, sizeof(nas), &len), ERR_OK);
    for (size_t i = 0; i < len; i++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t *exact = malloc(len);
            assert_non_null(exact);
            memcpy(exact, nas, len);
            exact[i] = (uint8_t)value;
            sms_read(exact, len, &sms);
            free(exact);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_a_real_exchange_are_read),
        cmocka_unit_test(whose_transaction_it_is_is_told),
        cmocka_unit_test(answers_are_those_of_the_real_exchange),
        cmocka_unit_test(a_text_is_written_and_read_back),
        cmocka_unit_test(what_does_not_fit_one_short_message_is_told),
        cmocka_unit_test(broken_ones_are_refused),
        cmocka_unit_test(every_cut_and_every_flip_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
