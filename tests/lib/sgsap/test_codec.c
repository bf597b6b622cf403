// SPDX-License-Identifier: BSD-3-Clause
// Messages that are in order: golden octets decode and encode to themselves, and what the sender
// must not send is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "sgsap/ie.h"

static size_t bytes_of(const char *hex, uint8_t *out, size_t size)
{
    size_t len;
    assert_int_equal(base_hex_decode(hex, out, size, &len), ERR_OK);
    return len;
}

static void golden_octets_decode_and_encode_to_themselves(void **state)
{
    uint8_t in[SGSAP_MSG_MAX], out[SGSAP_MSG_MAX];
    for (size_t i = 0; i < N_GOLDENS; i++) {
        struct sgsap_msg msg;
        struct sgsap_fault fault;
        size_t n = bytes_of(goldens[i].hex, in, sizeof(in)), len = 0;
        enum err err = sgsap_decode(in, n, goldens[i].from, &msg, &fault);
        if (err || msg.remarks)
            fail_msg("%s: %s, remarks 0x%x", goldens[i].name, err_str(err), msg.remarks);
        assert_int_equal(msg.type, goldens[i].type);
        assert_int_equal(fault.err, ERR_OK);
        err = sgsap_encode(&msg, goldens[i].from, out, sizeof(out), &len, NULL);
        if (err || len != n || memcmp(in, out, n) != 0)
            fail_msg("%s: %s, %zu octets of %zu", goldens[i].name, err_str(err), len, n);
    }
}

static void every_message_and_every_ie_has_golden_octets(void **state)
{
    bool seen[SGSAP_IE_COUNT] = {false};
    for (unsigned type = 0; type < 256; type++) {
        const struct sgsap_message *message = sgsap_message_of((uint8_t)type);
        size_t found = 0;
        for (size_t i = 0; i < N_GOLDENS; i++) {
            if (goldens[i].type != type)
                continue;
            found++;
            struct sgsap_msg msg;
            uint8_t in[SGSAP_MSG_MAX];
            size_t n = bytes_of(goldens[i].hex, in, sizeof(in));
            assert_int_equal(sgsap_decode(in, n, goldens[i].from, &msg, NULL), ERR_OK);
            for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++)
                seen[ie] = seen[ie] || sgsap_has(&msg, ie);
        }
        if ((message != NULL) != (found > 0))
            fail_msg("message 0x%02x: %zu samples", type, found);
    }
    for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++) {
        if (!seen[ie])
            fail_msg("no sample has %s", sgsap_ie_name(ie));
    }
}

static void every_cut_of_a_message_is_an_error_or_only_lacks_optional_ies(void **state)
{
    for (size_t i = 0; i < N_GOLDENS; i++) {
        uint8_t in[SGSAP_MSG_MAX];
        size_t n = bytes_of(goldens[i].hex, in, sizeof(in));
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *exact = malloc(cut ? cut : 1); // so that a sanitizer sees any read beyond
            struct sgsap_msg msg;
            struct sgsap_fault fault;
            assert_non_null(exact);
            memcpy(exact, in, cut);
            enum err err = sgsap_decode(exact, cut, goldens[i].from, &msg, &fault);
            assert_int_equal(err, fault.err);
            assert_true(err == ERR_OK || err_is_peer_fault(err));
            free(exact);
        }
    }
}

static void typed_values_build_a_location_update_request(void **state)
{
    // given what an access gateway knows about a UE
    const struct base_plmn plmn = {.mcc = 1, .mnc = 1, .mnc_len = 2};
    struct base_imsi imsi;
    char mme[SGSAP_MME_NAME_LEN + 1];
    struct sgsap_msg msg;
    uint8_t out[SGSAP_MSG_MAX], golden[SGSAP_MSG_MAX];
    size_t len, n;
    assert_int_equal(base_imsi_parse("001010000000001", 15, &imsi), ERR_OK);
    sgsap_mme_name(&plmn, 1, 1, mme);

    // when the message is built, in any order
    sgsap_init(&msg, SGSAP_LOCATION_UPDATE_REQUEST);
    sgsap_set_plmn(&msg, SGSAP_IE_CS_OPERATOR, &plmn);
    sgsap_set_nri(&msg, 0x295);
    sgsap_set_cell(&msg, SGSAP_IE_ECGI, &(struct sgsap_cell){plmn, 256});
    sgsap_set_area(&msg, SGSAP_IE_TAI, &(struct sgsap_area){plmn, 1});
    sgsap_set_digits(&msg, SGSAP_IE_IMEISV, "3512345678901234");
    sgsap_set_octet(&msg, SGSAP_IE_TMSI_STATUS, 1);
    sgsap_set_area(&msg, SGSAP_IE_OLD_LAI, &(struct sgsap_area){plmn, 24});
    sgsap_set_area(&msg, SGSAP_IE_LAI, &(struct sgsap_area){plmn, 23});
    sgsap_set_octet(&msg, SGSAP_IE_EPS_LU_TYPE, SGSAP_LU_NORMAL);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, mme);
    sgsap_set_imsi(&msg, &imsi);
    assert_int_equal(sgsap_encode(&msg, SGSAP_MME, out, sizeof(out), &len, NULL), ERR_OK);

    // then it is the golden one
    n = bytes_of("09" G_IMSI G_MME "0a0102" G_LAI "040500f1100018" "070101"
                 "15085321436587092143" "230500f1100001" "240700f11000000100" "2702a540"
                 "280300f110", golden, sizeof(golden));
    assert_int_equal(len, n);
    assert_memory_equal(out, golden, n);
}

static void the_two_area_ies_of_a_location_update_are_told_apart(void **state)
{
    struct sgsap_msg msg;
    struct sgsap_area area;
    uint8_t in[SGSAP_MSG_MAX];
    size_t n = bytes_of("09" G_IMSI G_MME "0a0102" G_LAI "040500f1100018", in, sizeof(in));
    assert_int_equal(sgsap_decode(in, n, SGSAP_MME, &msg, NULL), ERR_OK);
    assert_int_equal(sgsap_read_area(msg.ie[SGSAP_IE_LAI], &area), ERR_OK);
    assert_int_equal(area.code, 23);
    assert_int_equal(sgsap_read_area(msg.ie[SGSAP_IE_OLD_LAI], &area), ERR_OK);
    assert_int_equal(area.code, 24);
}

struct refusal {
    const char *what;
    uint8_t type;
    enum sgsap_side from;
    const char *hex;   // message to start from
    enum sgsap_ie set; // then this IE is set to these octets
    const char *value; // NULL: removed
    enum sgsap_ie bad;
};

static const struct refusal refusals[] = {
    {"mandatory IE missing", 0, SGSAP_MME, "02" G_IMSI "080102", SGSAP_IE_CAUSE, NULL,
     SGSAP_IE_CAUSE},
    {"IE too long", 0, SGSAP_MME, "02" G_IMSI "080102", SGSAP_IE_CAUSE, "0202", SGSAP_IE_CAUSE},
    {"IE too short", 0, SGSAP_MME, "15" G_MME, SGSAP_IE_MME_NAME, "03666f6f", SGSAP_IE_MME_NAME},
    {"no IMSI at all", 0, SGSAP_MME, "0c" G_IMSI, SGSAP_IE_IMSI, "0910101a00000010",
     SGSAP_IE_IMSI},
    {"IE not part of the message", 0, SGSAP_MME, "0c" G_IMSI, SGSAP_IE_CAUSE, "02",
     SGSAP_IE_CAUSE},
    {"VLR name from an MME", 0, SGSAP_MME, "15" G_MME, SGSAP_IE_VLR_NAME, "03766c72",
     SGSAP_IE_VLR_NAME},
    {"reserved detach type", 0, SGSAP_MME, "11" G_IMSI G_MME "100102", SGSAP_IE_EPS_DETACH_TYPE,
     "00", SGSAP_IE_EPS_DETACH_TYPE},
    {"short message without contents", 0, SGSAP_MME, "08" G_IMSI "16021904",
     SGSAP_IE_NAS_CONTAINER, "19", SGSAP_IE_NAS_CONTAINER},
};

static void what_the_specification_forbids_is_not_encoded(void **state)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        struct sgsap_msg msg;
        uint8_t in[SGSAP_MSG_MAX], value[256], out[SGSAP_MSG_MAX];
        size_t n = bytes_of(r->hex, in, sizeof(in)), len = 0;
        enum sgsap_ie bad;
        assert_int_equal(sgsap_decode(in, n, r->from, &msg, NULL), ERR_OK);
        if (r->value)
            len = bytes_of(r->value, value, sizeof(value));
        sgsap_set(&msg, r->set, r->value ? value : NULL, (uint8_t)len);
        enum err err = sgsap_encode(&msg, r->from, out, sizeof(out), &len, &bad);
        if (err != ERR_ENCODE_VALUE || bad != r->bad)
            fail_msg("%s: %s, %s", r->what, err_str(err), sgsap_ie_name(bad));
    }
}

static void a_message_of_the_other_side_is_not_encoded(void **state)
{
    for (size_t i = 0; i < N_GOLDENS; i++) {
        const struct sgsap_message *message = sgsap_message_of(goldens[i].type);
        enum sgsap_side other = goldens[i].from == SGSAP_MME ? SGSAP_VLR : SGSAP_MME;
        struct sgsap_msg msg;
        uint8_t in[SGSAP_MSG_MAX], out[SGSAP_MSG_MAX];
        size_t n = bytes_of(goldens[i].hex, in, sizeof(in)), len;
        if (message->from_mme && message->from_vlr)
            continue;
        assert_int_equal(sgsap_decode(in, n, goldens[i].from, &msg, NULL), ERR_OK);
        assert_int_equal(sgsap_encode(&msg, other, out, sizeof(out), &len, NULL),
                         ERR_ENCODE_VALUE);
    }
}

static void a_buffer_too_small_is_told_at_every_size(void **state)
{
    for (size_t i = 0; i < N_GOLDENS; i++) {
        struct sgsap_msg msg;
        uint8_t in[SGSAP_MSG_MAX];
        size_t n = bytes_of(goldens[i].hex, in, sizeof(in)), len;
        assert_int_equal(sgsap_decode(in, n, goldens[i].from, &msg, NULL), ERR_OK);
        for (size_t size = 0; size < n; size++) {
            uint8_t *exact = malloc(size ? size : 1);
            assert_non_null(exact);
            assert_int_equal(sgsap_encode(&msg, goldens[i].from, exact, size, &len, NULL),
                             ERR_ENCODE_SPACE);
            free(exact);
        }
    }
}

static void the_longest_messages_fit(void **state)
{
    struct sgsap_msg msg;
    uint8_t filler[255], out[SGSAP_MSG_MAX], in[SGSAP_MSG_MAX];
    char name[255];
    size_t len, n = bytes_of(goldens[1].hex, in, sizeof(in));
    memset(filler, 0xa5, sizeof(filler));
    for (size_t i = 0; i < sizeof(name) - 1; i++)
        name[i] = i % 60 == 59 ? '.' : 'a';
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(sgsap_decode(in, n, SGSAP_VLR, &msg, NULL), ERR_OK);
    assert_int_equal(sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, name), ERR_OK);
    sgsap_set(&msg, SGSAP_IE_LCS_CLIENT_ID, filler, sizeof(filler));
    assert_int_equal(sgsap_encode(&msg, SGSAP_VLR, out, sizeof(out), &len, NULL), ERR_OK);
    assert_int_equal(sgsap_decode(out, len, SGSAP_VLR, &msg, NULL), ERR_OK);
}

static void a_description_names_the_message_and_no_person(void **state)
{
    for (size_t i = 0; i < N_GOLDENS; i++) {
        struct sgsap_msg msg;
        uint8_t in[SGSAP_MSG_MAX];
        char line[1024];
        size_t n = bytes_of(goldens[i].hex, in, sizeof(in));
        assert_int_equal(sgsap_decode(in, n, goldens[i].from, &msg, NULL), ERR_OK);
        sgsap_describe(&msg, line, sizeof(line));
        assert_ptr_equal(strstr(line, sgsap_type_name(goldens[i].type)), line);
        assert_null(strstr(line, "001010000000001"));
        assert_null(strstr(line, "3512345678901234"));
        for (size_t size = 0; size < strlen(line); size++) { // cut anywhere
            char *small = malloc(size + 1);
            assert_non_null(small);
            sgsap_describe(&msg, small, size);
            assert_true(size == 0 || strlen(small) < size);
            free(small);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_octets_decode_and_encode_to_themselves),
        cmocka_unit_test(every_message_and_every_ie_has_golden_octets),
        cmocka_unit_test(every_cut_of_a_message_is_an_error_or_only_lacks_optional_ies),
        cmocka_unit_test(typed_values_build_a_location_update_request),
        cmocka_unit_test(the_two_area_ies_of_a_location_update_are_told_apart),
        cmocka_unit_test(what_the_specification_forbids_is_not_encoded),
        cmocka_unit_test(a_message_of_the_other_side_is_not_encoded),
        cmocka_unit_test(a_buffer_too_small_is_told_at_every_size),
        cmocka_unit_test(the_longest_messages_fit),
        cmocka_unit_test(a_description_names_the_message_and_no_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
