// SPDX-License-Identifier: BSD-3-Clause
// Values of IEs: golden octets of every type both ways, and what is not well-formed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sgsap/ie.h"

static uint8_t octets[256];

static struct sgsap_value value_of(const char *hex)
{
    size_t len;
    assert_int_equal(base_hex_decode(hex, octets, sizeof(octets), &len), ERR_OK);
    return (struct sgsap_value){.data = octets, .len = (uint8_t)len};
}

static void assert_value(const struct sgsap_msg *msg, enum sgsap_ie ie, const char *hex)
{
    char text[2 * 255 + 1];
    base_hex_encode(msg->ie[ie].data, msg->ie[ie].len, text);
    assert_string_equal(text, hex);
}

static void an_imsi_of_any_length_is_coded(void **state)
{
    struct sgsap_msg msg;
    struct base_imsi imsi, back;
    for (size_t n = 6; n <= 15; n++) {
        char digits[16] = "";
        memcpy(digits, "310410123456789", n);
        sgsap_init(&msg, SGSAP_ALERT_REQUEST);
        assert_int_equal(base_imsi_parse(digits, n, &imsi), ERR_OK);
        assert_int_equal(sgsap_set_imsi(&msg, &imsi), ERR_OK);
        assert_int_equal(msg.ie[SGSAP_IE_IMSI].len, n / 2 + 1);
        assert_int_equal(sgsap_read_imsi(msg.ie[SGSAP_IE_IMSI], &back), ERR_OK);
        assert_string_equal(back.digits, digits);
    }
    sgsap_init(&msg, SGSAP_ALERT_REQUEST);
    assert_int_equal(base_imsi_parse("001010000000001", 15, &imsi), ERR_OK);
    assert_int_equal(sgsap_set_imsi(&msg, &imsi), ERR_OK);
    assert_value(&msg, SGSAP_IE_IMSI, "0910100000000010"); // osmo
    assert_int_equal(base_imsi_parse("310410", 6, &imsi), ERR_OK);
    assert_int_equal(sgsap_set_imsi(&msg, &imsi), ERR_OK);
    assert_value(&msg, SGSAP_IE_IMSI, "310114f0");
}

static void what_is_no_imsi_is_refused(void **state)
{
    static const struct {
        const char *hex;
        enum err err;
    } table[] = {
        {"09101000000000a0", ERR_DECODE_VALUE},   // digit 10
        {"0a10100000000010", ERR_DECODE_VALUE},   // type of identity 2
        {"0110100000000010", ERR_DECODE_VALUE},   // even, but no filler
        {"09101000000000f0", ERR_DECODE_VALUE},   // odd, but a filler
        {"0910", ERR_DECODE_LENGTH},              // three digits
        {"091010000000001010", ERR_DECODE_LENGTH} // seventeen
    };
    struct base_imsi imsi;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(sgsap_read_imsi(value_of(table[i].hex), &imsi), table[i].err);
    assert_int_equal(sgsap_read_imsi((struct sgsap_value){0}, &imsi), ERR_NOT_FOUND);
}

static void names_are_labels_on_the_wire_and_dotted_for_us(void **state)
{
    static const struct {
        const char *what, *hex, *text;
    } table[] = {
        {"labels", "03766c72076578616d706c65", "vlr.example"},
        {"labels and root", "03766c7200", "vlr"},
        {"dotted text", "766c722e6578616d706c65", "vlr.example"},
        {"dotted text, final dot", "766c722e6578616d706c652e", "vlr.example"},
        {"dotted text, final NUL", "766c722e6578616d706c6500", "vlr.example"},
    };
    char text[SGSAP_NAME_MAX];
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        enum err err = sgsap_read_name(value_of(table[i].hex), text, sizeof(text));
        if (err || strcmp(text, table[i].text) != 0)
            fail_msg("%s: %s '%s'", table[i].what, err_str(err), text);
    }
    struct sgsap_msg msg;
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, "vlr.example"), ERR_OK);
    assert_value(&msg, SGSAP_IE_VLR_NAME, "03766c72076578616d706c65");
    assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, "vlr.example."), ERR_OK);
    assert_value(&msg, SGSAP_IE_VLR_NAME, "03766c72076578616d706c65");
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const wrong[] = {
        "03766c",         // label beyond the end
        "0376206c",       // blank
        "0376006c",       // NUL
        "03760a6c",       // line feed: it would end a log line
        "0000",           // nothing
        "2e766c72",       // ".vlr"
        "766c722e2e61",   // "vlr..a"
        "03762e72",       // a dot within a label
        "c00c",           // compression pointer
    };
    static const char *const cannot[] = {"", ".", "a..b", ".a", "a b", "a\nb"};
    char text[SGSAP_NAME_MAX], label[65];
    struct sgsap_msg msg;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (sgsap_read_name(value_of(wrong[i]), text, sizeof(text)) != ERR_DECODE_VALUE)
            fail_msg("%s was read as '%s'", wrong[i], text);
    }
    assert_int_equal(sgsap_read_name(value_of("03766c72"), text, 3), ERR_DECODE_LENGTH);
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    for (size_t i = 0; i < sizeof(cannot) / sizeof(cannot[0]); i++)
        assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, cannot[i]), ERR_ENCODE_VALUE);
    memset(label, 'a', 64);
    label[64] = '\0';
    assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, label), ERR_ENCODE_VALUE);
    label[63] = '\0';
    assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, label), ERR_OK);
    assert_int_equal(sgsap_read_name(msg.ie[SGSAP_IE_VLR_NAME], text, sizeof(text)), ERR_OK);
    assert_string_equal(text, label);
}

static void an_mme_name_has_55_octets(void **state)
{
    const struct base_plmn two = {.mcc = 1, .mnc = 1, .mnc_len = 2};
    const struct base_plmn three = {.mcc = 310, .mnc = 410, .mnc_len = 3};
    char name[SGSAP_MME_NAME_LEN + 1];
    struct sgsap_msg msg;
    sgsap_mme_name(&two, 1, 1, name);
    assert_string_equal(name, "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org");
    sgsap_mme_name(&three, 0xbeef, 0xff, name);
    assert_string_equal(name, "mmecff.mmegibeef.mme.epc.mnc410.mcc310.3gppnetwork.org");
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_MME_NAME, name), ERR_OK);
    assert_int_equal(msg.ie[SGSAP_IE_MME_NAME].len, 55);
}

static void areas_cells_and_operators_are_coded(void **state)
{
    const struct base_plmn plmn = {.mcc = 310, .mnc = 410, .mnc_len = 3};
    struct sgsap_area area = {plmn, 0xfffe};
    struct sgsap_cell cell = {plmn, 0x0abcdef1};
    struct base_plmn got;
    struct sgsap_msg msg;
    sgsap_init(&msg, SGSAP_LOCATION_UPDATE_REQUEST);
    assert_int_equal(sgsap_set_area(&msg, SGSAP_IE_TAI, &area), ERR_OK);
    assert_value(&msg, SGSAP_IE_TAI, "130014fffe");
    assert_int_equal(sgsap_set_cell(&msg, SGSAP_IE_ECGI, &cell), ERR_OK);
    assert_value(&msg, SGSAP_IE_ECGI, "1300140abcdef1");
    assert_int_equal(sgsap_set_plmn(&msg, SGSAP_IE_CS_OPERATOR, &plmn), ERR_OK);
    assert_value(&msg, SGSAP_IE_CS_OPERATOR, "130014");

    assert_int_equal(sgsap_read_area(msg.ie[SGSAP_IE_TAI], &area), ERR_OK);
    assert_int_equal(area.code, 0xfffe);
    assert_int_equal(sgsap_read_cell(msg.ie[SGSAP_IE_ECGI], &cell), ERR_OK);
    assert_int_equal(cell.eci, 0x0abcdef1);
    assert_true(base_plmn_equal(&cell.plmn, &plmn));
    assert_int_equal(sgsap_read_plmn(msg.ie[SGSAP_IE_CS_OPERATOR], &got), ERR_OK);
    assert_true(base_plmn_equal(&got, &plmn));

    cell.eci = UINT32_C(1) << 28;
    assert_int_equal(sgsap_set_cell(&msg, SGSAP_IE_ECGI, &cell), ERR_ENCODE_VALUE);
    assert_int_equal(sgsap_read_cell(value_of("130014fabcdef1"), &cell), ERR_OK); // spare bits
    assert_int_equal(cell.eci, 0x0abcdef1);
    assert_int_equal(sgsap_read_area(value_of("13001400"), &area), ERR_DECODE_LENGTH);
    assert_int_equal(sgsap_read_area(value_of("1a00140001"), &area), ERR_DECODE_VALUE);
}

static void a_new_identity_is_a_tmsi_or_an_imsi(void **state)
{
    struct sgsap_mobile mobile, back;
    struct sgsap_msg msg;
    sgsap_init(&msg, SGSAP_LOCATION_UPDATE_ACCEPT);
    mobile = (struct sgsap_mobile){.is_tmsi = true, .tmsi = 0x0e19a330};
    assert_int_equal(sgsap_set_mobile(&msg, SGSAP_IE_MOBILE_IDENTITY, &mobile), ERR_OK);
    assert_value(&msg, SGSAP_IE_MOBILE_IDENTITY, "f40e19a330"); // osmo
    assert_int_equal(sgsap_read_mobile(msg.ie[SGSAP_IE_MOBILE_IDENTITY], &back), ERR_OK);
    assert_true(back.is_tmsi);
    assert_int_equal(back.tmsi, 0x0e19a330);

    mobile.is_tmsi = false;
    assert_int_equal(base_imsi_parse("310410123456", 12, &mobile.imsi), ERR_OK);
    assert_int_equal(sgsap_set_mobile(&msg, SGSAP_IE_MOBILE_IDENTITY, &mobile), ERR_OK);
    assert_int_equal(sgsap_read_mobile(msg.ie[SGSAP_IE_MOBILE_IDENTITY], &back), ERR_OK);
    assert_false(back.is_tmsi);
    assert_string_equal(back.imsi.digits, "310410123456");

    assert_int_equal(sgsap_read_mobile(value_of("f40e19a3"), &back), ERR_DECODE_LENGTH);
    assert_int_equal(sgsap_read_mobile(value_of("f30e19a330"), &back), ERR_DECODE_VALUE);
}

static void a_calling_line_has_type_presentation_and_digits(void **state)
{
    struct sgsap_caller caller = {.number_type = 1, .plan = 1, .digits = "491721234567"}, back;
    struct sgsap_msg msg;
    sgsap_init(&msg, SGSAP_PAGING_REQUEST);
    assert_int_equal(sgsap_set_caller(&msg, SGSAP_IE_CLI, &caller), ERR_OK);
    assert_value(&msg, SGSAP_IE_CLI, "91947112325476");
    assert_int_equal(sgsap_read_caller(msg.ie[SGSAP_IE_CLI], &back), ERR_OK);
    assert_string_equal(back.digits, "491721234567");
    assert_false(back.has_presentation);

    caller.has_presentation = true;
    caller.presentation = 1;
    caller.screening = 3;
    memcpy(caller.digits, "*12#", sizeof("*12#"));
    assert_int_equal(sgsap_set_caller(&msg, SGSAP_IE_CLI, &caller), ERR_OK);
    assert_value(&msg, SGSAP_IE_CLI, "11a31ab2");
    assert_int_equal(sgsap_read_caller(msg.ie[SGSAP_IE_CLI], &back), ERR_OK);
    assert_true(back.has_presentation);
    assert_int_equal(back.presentation, 1);
    assert_int_equal(back.screening, 3);
    assert_string_equal(back.digits, "*12#");

    assert_int_equal(sgsap_read_caller(value_of("11"), &back), ERR_DECODE_LENGTH);
    caller.plan = 16;
    assert_int_equal(sgsap_set_caller(&msg, SGSAP_IE_CLI, &caller), ERR_ENCODE_VALUE);
}

static void octets_and_numbers_are_coded(void **state)
{
    struct sgsap_msg msg;
    uint8_t octet;
    uint32_t number;
    uint16_t nri;
    sgsap_init(&msg, SGSAP_PAGING_REQUEST);
    assert_int_equal(sgsap_set_number(&msg, SGSAP_IE_TMSI, 0xdeadbeef), ERR_OK);
    assert_value(&msg, SGSAP_IE_TMSI, "deadbeef");
    assert_int_equal(sgsap_read_number(msg.ie[SGSAP_IE_TMSI], &number), ERR_OK);
    assert_int_equal(number, 0xdeadbeef);
    assert_int_equal(sgsap_set_number(&msg, SGSAP_IE_SM_DELIVERY_TIMER, 600), ERR_OK);
    assert_value(&msg, SGSAP_IE_SM_DELIVERY_TIMER, "0258");
    assert_int_equal(sgsap_set_number(&msg, SGSAP_IE_SM_DELIVERY_TIMER, 65536), ERR_ENCODE_VALUE);
    assert_int_equal(sgsap_set_octet(&msg, SGSAP_IE_CAUSE, 13), ERR_OK);
    assert_int_equal(sgsap_read_octet(msg.ie[SGSAP_IE_CAUSE], &octet), ERR_OK);
    assert_int_equal(octet, 13);
    assert_int_equal(sgsap_set_nri(&msg, 0x295), ERR_OK);
    assert_value(&msg, SGSAP_IE_NRI_CONTAINER, "a540");
    assert_int_equal(sgsap_read_nri(msg.ie[SGSAP_IE_NRI_CONTAINER], &nri), ERR_OK);
    assert_int_equal(nri, 0x295);
    assert_int_equal(sgsap_set_nri(&msg, 0x400), ERR_ENCODE_VALUE);
    assert_int_equal(sgsap_read_number(value_of("0102030405"), &number), ERR_DECODE_LENGTH);
}

static void reserved_values_count_as_the_specification_says(void **state)
{
    enum sgsap_service service;
    enum sgsap_lu_type lu_type;
    enum sgsap_cause cause;
    assert_int_equal(sgsap_read_service(value_of("02"), &service), ERR_OK);
    assert_int_equal(service, SGSAP_SERVICE_SMS);
    assert_int_equal(sgsap_read_service(value_of("63"), &service), ERR_OK);
    assert_int_equal(service, SGSAP_SERVICE_CS);
    assert_int_equal(sgsap_read_lu_type(value_of("01"), &lu_type), ERR_OK);
    assert_int_equal(lu_type, SGSAP_LU_IMSI_ATTACH);
    assert_int_equal(sgsap_read_lu_type(value_of("00"), &lu_type), ERR_OK);
    assert_int_equal(lu_type, SGSAP_LU_NORMAL);
    assert_int_equal(sgsap_read_cause(value_of("0e"), &cause), ERR_OK);
    assert_int_equal(cause, SGSAP_CAUSE_TEMPORARILY_UNREACHABLE);
    assert_int_equal(sgsap_read_cause(value_of("0f"), &cause), ERR_OK);
    assert_int_equal(cause, SGSAP_CAUSE_NORMAL);
}

static void time_zones_are_quarters_of_an_hour(void **state)
{
    static const struct {
        int minutes;
        uint8_t octet;
    } table[] = {{0, 0x00}, {60, 0x40}, {120, 0x80}, {330, 0x22}, {-300, 0x0a}, {-15, 0x18}};
    int minutes;
    uint8_t octet;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(sgsap_time_zone_octet(table[i].minutes, &octet), ERR_OK);
        assert_int_equal(octet, table[i].octet);
        assert_int_equal(sgsap_time_zone_minutes(table[i].octet, &minutes), ERR_OK);
        assert_int_equal(minutes, table[i].minutes);
    }
    assert_int_equal(sgsap_time_zone_minutes(0xf0, &minutes), ERR_DECODE_VALUE);
    assert_int_equal(sgsap_time_zone_octet(7, &octet), ERR_ENCODE_VALUE);
    assert_int_equal(sgsap_time_zone_octet(20 * 60, &octet), ERR_ENCODE_VALUE);
}

static void digits_are_decimal_and_even(void **state)
{
    struct sgsap_msg msg;
    char digits[SGSAP_IMEISV_DIGITS + 1];
    sgsap_init(&msg, SGSAP_SERVICE_REQUEST);
    assert_int_equal(sgsap_set_digits(&msg, SGSAP_IE_IMEISV, "3512345678901234"), ERR_OK);
    assert_value(&msg, SGSAP_IE_IMEISV, "5321436587092143");
    assert_int_equal(sgsap_read_digits(msg.ie[SGSAP_IE_IMEISV], digits, sizeof(digits)), ERR_OK);
    assert_string_equal(digits, "3512345678901234");
    assert_int_equal(sgsap_set_digits(&msg, SGSAP_IE_IMEISV, "351234567890123"),
                     ERR_ENCODE_VALUE);
    assert_int_equal(sgsap_set_digits(&msg, SGSAP_IE_IMEISV, "35123456789012a4"),
                     ERR_ENCODE_VALUE);
    assert_int_equal(sgsap_read_digits(value_of("53f1436587092143"), digits, sizeof(digits)),
                     ERR_DECODE_VALUE);
    assert_int_equal(sgsap_read_digits(value_of("532143658709214300"), digits, sizeof(digits)),
                     ERR_DECODE_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_imsi_of_any_length_is_coded),
        cmocka_unit_test(what_is_no_imsi_is_refused),
        cmocka_unit_test(names_are_labels_on_the_wire_and_dotted_for_us),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(an_mme_name_has_55_octets),
        cmocka_unit_test(areas_cells_and_operators_are_coded),
        cmocka_unit_test(a_new_identity_is_a_tmsi_or_an_imsi),
        cmocka_unit_test(a_calling_line_has_type_presentation_and_digits),
        cmocka_unit_test(octets_and_numbers_are_coded),
        cmocka_unit_test(reserved_values_count_as_the_specification_says),
        cmocka_unit_test(time_zones_are_quarters_of_an_hour),
        cmocka_unit_test(digits_are_decimal_and_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
