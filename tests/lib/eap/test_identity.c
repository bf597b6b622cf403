// SPDX-License-Identifier: BSD-3-Clause
// Identities by their form, and pseudonyms that carry an encrypted IMSI.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eap/identity.h"

static void identities_are_told_by_their_first_character(void **state)
{
    static const struct {
        const char *text;
        enum eap_id_kind kind;
        enum eap_type method;
        const char *imsi;
    } cases[] = {
        {"0001010000000001@wlan.mnc001.mcc001.3gppnetwork.org", EAP_ID_PERMANENT, EAP_AKA,
         "001010000000001"},
        {"6001010000000001", EAP_ID_PERMANENT, EAP_AKA_PRIME, "001010000000001"},
        {"2abc@x", EAP_ID_PSEUDONYM, EAP_AKA, ""},
        {"7abc@x", EAP_ID_PSEUDONYM, EAP_AKA_PRIME, ""},
        {"4abc@x", EAP_ID_REAUTH, EAP_AKA, ""},
        {"8abc@x", EAP_ID_REAUTH, EAP_AKA_PRIME, ""},
        {"1001010000000001@x", EAP_ID_OTHER, EAP_NONE, ""}, // EAP-SIM
        {"0IMSI001010000001@x", EAP_ID_OTHER, EAP_NONE, ""},
        {"0@x", EAP_ID_OTHER, EAP_NONE, ""},
        {"000101x000000001", EAP_ID_OTHER, EAP_NONE, ""},
        {"00010100000000011", EAP_ID_OTHER, EAP_NONE, ""}, // 16 digits
        {"anonymous@x", EAP_ID_OTHER, EAP_NONE, ""},
        {"@", EAP_ID_OTHER, EAP_NONE, ""},
        {"", EAP_ID_OTHER, EAP_NONE, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eap_identity id;
        eap_identity_read(cases[i].text, strlen(cases[i].text), &id);
        assert_int_equal(id.kind, cases[i].kind);
        assert_int_equal(id.method, cases[i].method);
        assert_string_equal(id.imsi.digits, cases[i].imsi);
    }
}

static struct base_imsi imsi_of(const char *digits)
{
    struct base_imsi imsi;
    assert_int_equal(base_imsi_parse(digits, strlen(digits), &imsi), ERR_OK);
    return imsi;
}

static void a_pseudonym_gives_its_imsi_back(void **state)
{
    static const char *const all[] = {"001010000000001", "26201", "262011234567890",
                                      "31041012345678"};
    struct eap_pseudonym_keys keys = {.current = 5, .set = {[5] = true}, .key = {[5] = {1, 2, 3}}};
    for (size_t i = 0; i < 4; i++) {
        char text[EAP_PSEUDONYM_LEN + 1], other[EAP_PSEUDONYM_LEN + 1];
        uint8_t chance[8] = {(uint8_t)i};
        struct base_imsi back, imsi;
        if (base_imsi_parse(all[i], strlen(all[i]), &imsi))
            continue;
        assert_int_equal(eap_pseudonym_make(&keys, EAP_AKA_PRIME, &imsi, chance, text), ERR_OK);
        assert_int_equal(strlen(text), EAP_PSEUDONYM_LEN);
        assert_int_equal(text[0], '7');
        assert_null(strstr(text, all[i]));
        assert_int_equal(eap_pseudonym_open(&keys, text, strlen(text), &back), ERR_OK);
        assert_string_equal(back.digits, all[i]);
        chance[7] = 1; // another chance, another pseudonym
        assert_int_equal(eap_pseudonym_make(&keys, EAP_AKA_PRIME, &imsi, chance, other), ERR_OK);
        assert_string_not_equal(text, other);
    }
}

static void pseudonyms_of_an_older_key_are_still_understood(void **state)
{
    struct eap_pseudonym_keys keys = {.current = 0, .set = {true}, .key = {{42}}};
    struct base_imsi imsi = imsi_of("001010000000009"), back;
    char text[EAP_PSEUDONYM_LEN + 1];
    assert_int_equal(eap_pseudonym_make(&keys, EAP_AKA, &imsi, (uint8_t[8]){0}, text), ERR_OK);
    keys.current = 1;
    keys.set[1] = true;
    keys.key[1][0] = 43;
    assert_int_equal(eap_pseudonym_open(&keys, text, strlen(text), &back), ERR_OK);
    assert_string_equal(back.digits, imsi.digits);
    keys.set[0] = false;
    assert_int_equal(eap_pseudonym_open(&keys, text, strlen(text), &back), ERR_NOT_FOUND);
    keys.set[0] = true;
    keys.key[0][0]++;
    assert_int_equal(eap_pseudonym_open(&keys, text, strlen(text), &back), ERR_DECODE_VALUE);
}

static void what_is_no_pseudonym_is_refused(void **state)
{
    struct eap_pseudonym_keys keys = {.current = 0};
    struct base_imsi imsi = imsi_of("001010000000009");
    char text[EAP_PSEUDONYM_LEN + 1];
    assert_int_equal(eap_pseudonym_open(&keys, "2short", 6, &imsi), ERR_DECODE_LENGTH);
    assert_int_equal(eap_pseudonym_open(&keys, "2!!!!!!!!!!!!!!!!!!!!!!", 23, &imsi),
                     ERR_DECODE_SYNTAX);
    assert_int_equal(eap_pseudonym_open(&keys, "2AAAAAAAAAAAAAAAAAAAAAA", 23, &imsi),
                     ERR_NOT_FOUND);
    assert_int_equal(eap_pseudonym_make(&keys, EAP_AKA, &imsi, (uint8_t[8]){0}, text),
                     ERR_NOT_FOUND);
    keys.set[0] = true;
    assert_int_equal(eap_pseudonym_make(&keys, EAP_NAK, &imsi, (uint8_t[8]){0}, text), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_told_by_their_first_character),
        cmocka_unit_test(a_pseudonym_gives_its_imsi_back),
        cmocka_unit_test(pseudonyms_of_an_older_key_are_still_understood),
        cmocka_unit_test(what_is_no_pseudonym_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
