// SPDX-License-Identifier: BSD-3-Clause
// What §7 asks of a receiver: which messages are refused with which SGs cause, what is passed over,
// and the SGsAP-STATUS that goes back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

struct fault_case {
    const char *what;
    enum sgsap_side from;
    const char *hex;
    enum err err;
    enum sgsap_cause cause;
    enum sgsap_ie ie;
    bool answer, has_imsi;
};

static const struct fault_case fault_cases[] = {
    {"nothing", SGSAP_VLR, "", ERR_DECODE_TRUNCATED, 0, SGSAP_IE_NONE, false, false},
    {"unassigned type", SGSAP_VLR, "7f" G_IMSI, ERR_DECODE_UNKNOWN, SGSAP_CAUSE_MESSAGE_UNKNOWN,
     SGSAP_IE_NONE, true, true},
    {"unassigned type, IMSI later", SGSAP_VLR, "7f" "ff0101" G_IMSI, ERR_DECODE_UNKNOWN,
     SGSAP_CAUSE_MESSAGE_UNKNOWN, SGSAP_IE_NONE, true, true},
    {"unassigned type, garbage", SGSAP_VLR, "03ffffff", ERR_DECODE_UNKNOWN,
     SGSAP_CAUSE_MESSAGE_UNKNOWN, SGSAP_IE_NONE, true, false},
    {"an MME's message from a VLR", SGSAP_VLR, "0e" G_IMSI, ERR_DECODE_UNKNOWN,
     SGSAP_CAUSE_MESSAGE_UNKNOWN, SGSAP_IE_NONE, true, true},
    {"no IE at all", SGSAP_VLR, "01", ERR_DECODE_MISSING, SGSAP_CAUSE_MISSING_MANDATORY,
     SGSAP_IE_IMSI, true, false},
    {"VLR name missing", SGSAP_VLR, "01" G_IMSI "200102", ERR_DECODE_MISSING,
     SGSAP_CAUSE_MISSING_MANDATORY, SGSAP_IE_VLR_NAME, true, true},
    {"new LAI missing (osmo)", SGSAP_MME, "09" G_IMSI G_MME "0a0101", ERR_DECODE_MISSING,
     SGSAP_CAUSE_MISSING_MANDATORY, SGSAP_IE_LAI, true, true},
    {"missing goes before invalid", SGSAP_VLR, "01" G_IMSI "0200", ERR_DECODE_MISSING,
     SGSAP_CAUSE_MISSING_MANDATORY, SGSAP_IE_SERVICE_INDICATOR, true, true},
    {"IMSI too short", SGSAP_VLR, "0d0103091010", ERR_DECODE_LENGTH,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_IMSI, true, false},
    {"IMSI too long", SGSAP_VLR, "0d0109091010000000001000", ERR_DECODE_LENGTH,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_IMSI, true, false},
    {"IMSI with a letter", SGSAP_VLR, "0d0108091010000000a010", ERR_DECODE_VALUE,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_IMSI, true, false},
    {"IMSI of another type", SGSAP_VLR, "0d01080a10100000000010", ERR_DECODE_VALUE,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_IMSI, true, false},
    {"LAI too short", SGSAP_VLR, "0a" G_IMSI "040400f11000", ERR_DECODE_LENGTH,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_LAI, true, true},
    {"LAI without a PLMN", SGSAP_VLR, "0a" G_IMSI "0405ffffff0017", ERR_DECODE_VALUE,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_LAI, true, true},
    {"empty short message", SGSAP_VLR, "07" G_IMSI "1600", ERR_DECODE_LENGTH,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_NAS_CONTAINER, true, true},
    {"reserved detach type", SGSAP_MME, "11" G_IMSI G_MME "100107", ERR_DECODE_VALUE,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_EPS_DETACH_TYPE, true, true},
    {"MME name too short (osmo)", SGSAP_MME, "11" G_IMSI "091003666f6f076578616d706c65036f7267"
     "100101", ERR_DECODE_LENGTH, SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_MME_NAME, true, true},
    {"mandatory IE ends beyond the message", SGSAP_VLR, "07" G_IMSI "1605090400",
     ERR_DECODE_TRUNCATED, SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_NAS_CONTAINER, true, true},
    {"mandatory IE without a length", SGSAP_VLR, "07" G_IMSI "16", ERR_DECODE_TRUNCATED,
     SGSAP_CAUSE_INVALID_MANDATORY, SGSAP_IE_NAS_CONTAINER, true, true},
    {"reset of nobody", SGSAP_VLR, "15", ERR_DECODE_MISSING, SGSAP_CAUSE_CONDITIONAL,
     SGSAP_IE_VLR_NAME, true, false},
    {"reset of a VLR with an MME's name", SGSAP_VLR, "15" G_MME, ERR_DECODE_MISSING,
     SGSAP_CAUSE_CONDITIONAL, SGSAP_IE_VLR_NAME, true, false},
    {"reset of an MME with a broken name", SGSAP_MME, "15091003666f6f076578616d706c65036f7267",
     ERR_DECODE_LENGTH, SGSAP_CAUSE_CONDITIONAL, SGSAP_IE_MME_NAME, true, false},
    {"broken STATUS", SGSAP_VLR, "1d" G_IMSI, ERR_DECODE_MISSING, SGSAP_CAUSE_MISSING_MANDATORY,
     SGSAP_IE_CAUSE, false, true},
};

static void broken_messages_are_refused_with_the_cause_of_clause_7(void **state)
{
    for (size_t i = 0; i < sizeof(fault_cases) / sizeof(fault_cases[0]); i++) {
        const struct fault_case *c = &fault_cases[i];
        uint8_t in[SGSAP_MSG_MAX];
        struct sgsap_msg msg;
        struct sgsap_fault fault;
        size_t n = bytes_of(c->hex, in, sizeof(in));
        enum err err = sgsap_decode(in, n, c->from, &msg, &fault);
        if (err != c->err || fault.err != err || fault.cause != c->cause || fault.ie != c->ie ||
            fault.answer != c->answer || fault.has_imsi != c->has_imsi)
            fail_msg("%s: %s, cause %s, %s, answer %d, imsi %d", c->what, err_name(err),
                     sgsap_cause_name((uint8_t)fault.cause), sgsap_ie_name(fault.ie),
                     fault.answer, fault.has_imsi);
        assert_true(err_is_peer_fault(err));
        if (fault.has_imsi)
            assert_string_equal(fault.imsi.digits, "001010000000001");
    }
}

struct remark_case {
    const char *what;
    enum sgsap_side from;
    const char *hex;
    uint16_t remarks;
    const char *canonical; // what it encodes to
};

static const struct remark_case remark_cases[] = {
    {"IE of a later release", SGSAP_VLR, "0d" G_IMSI "6002abcd", SGSAP_REMARK_UNKNOWN_IE,
     "0d" G_IMSI},
    {"unassigned low IEI", SGSAP_VLR, "0d" "0c01ff" G_IMSI, SGSAP_REMARK_UNKNOWN_IE, "0d" G_IMSI},
    {"IE of another message", SGSAP_VLR, "0d" G_IMSI "080103", SGSAP_REMARK_UNFORESEEN_IE,
     "0d" G_IMSI},
    {"both names in a reset", SGSAP_VLR, "15" G_MME G_VLR, SGSAP_REMARK_UNFORESEEN_IE,
     "15" G_VLR},
    {"cause before IMSI (osmo)", SGSAP_VLR, "1d" "08010c" G_IMSI "1b0b0e01080910100000000010",
     SGSAP_REMARK_OUT_OF_SEQUENCE, "1d" G_IMSI "08010c" "1b0b0e01080910100000000010"},
    {"IMSI twice", SGSAP_VLR, "0d" G_IMSI "01080910100000000020", SGSAP_REMARK_REPEATED_IE,
     "0d" G_IMSI},
    {"three LAIs", SGSAP_MME, "09" G_IMSI G_MME "0a0101" G_LAI "040500f1100018" "040500f1100019",
     SGSAP_REMARK_REPEATED_IE, "09" G_IMSI G_MME "0a0101" G_LAI "040500f1100018"},
    {"optional LAI too short", SGSAP_VLR, "01" G_IMSI G_VLR "200102" "0404f11000ff",
     SGSAP_REMARK_INVALID_OPTIONAL, "01" G_IMSI G_VLR "200102"},
    {"TMSI of three octets", SGSAP_VLR, "0a" G_IMSI G_LAI "0e04f40e19a3",
     SGSAP_REMARK_INVALID_OPTIONAL, "0a" G_IMSI G_LAI},
    {"fixed length exceeded", SGSAP_VLR, "1b" G_IMSI "0803020000", SGSAP_REMARK_OVERLONG_IE,
     "1b" G_IMSI "080102"},
    {"optional IE ends beyond the message", SGSAP_VLR, "1b" G_IMSI "080502",
     SGSAP_REMARK_TRUNCATED | SGSAP_REMARK_INVALID_OPTIONAL, "1b" G_IMSI},
    {"a last octet alone", SGSAP_VLR, "1b" G_IMSI "60",
     SGSAP_REMARK_TRUNCATED | SGSAP_REMARK_UNKNOWN_IE, "1b" G_IMSI},
};

static void what_does_not_matter_is_passed_over_and_remarked_on(void **state)
{
    for (size_t i = 0; i < sizeof(remark_cases) / sizeof(remark_cases[0]); i++) {
        const struct remark_case *c = &remark_cases[i];
        uint8_t in[SGSAP_MSG_MAX], out[SGSAP_MSG_MAX], canonical[SGSAP_MSG_MAX];
        struct sgsap_msg msg;
        size_t n = bytes_of(c->hex, in, sizeof(in)), len = 0;
        size_t want = bytes_of(c->canonical, canonical, sizeof(canonical));
        enum err err = sgsap_decode(in, n, c->from, &msg, NULL);
        if (err || msg.remarks != c->remarks)
            fail_msg("%s: %s, remarks 0x%x", c->what, err_name(err), msg.remarks);
        err = sgsap_encode(&msg, c->from, out, sizeof(out), &len, NULL);
        if (err || len != want || memcmp(out, canonical, want) != 0)
            fail_msg("%s: encoded %s, %zu octets", c->what, err_name(err), len);
    }
}

static void status_of(const char *hex, enum sgsap_side from, const char *want)
{
    uint8_t in[SGSAP_MSG_MAX], out[SGSAP_MSG_MAX], golden[SGSAP_MSG_MAX];
    struct sgsap_msg msg;
    struct sgsap_fault fault;
    size_t n = bytes_of(hex, in, sizeof(in)), len = 0;
    size_t golden_len = bytes_of(want, golden, sizeof(golden));
    enum sgsap_side us = from == SGSAP_MME ? SGSAP_VLR : SGSAP_MME;
    if (sgsap_decode(in, n, from, &msg, &fault) == ERR_OK)
        sgsap_fault_of(&msg, SGSAP_CAUSE_WRONG_STATE, &fault);
    assert_int_equal(sgsap_encode_status(&fault, in, n, us, out, sizeof(out), &len), ERR_OK);
    assert_int_equal(len, golden_len);
    assert_memory_equal(out, golden, len);
    assert_int_equal(sgsap_decode(out, len, us, &msg, NULL), ERR_OK);
    assert_int_equal(msg.remarks, 0);
}

static void a_status_carries_cause_subscriber_and_message(void **state)
{
    status_of("7f" G_IMSI, SGSAP_VLR, "1d" G_IMSI "08010c" "1b0b7f" G_IMSI);
    status_of("0306", SGSAP_VLR, "1d" "08010c" "1b020306");
    status_of("01" G_IMSI "200102", SGSAP_VLR,
              "1d" G_IMSI "080108" "1b0e01" G_IMSI "200102");
    // a message that is in order but comes at the wrong time (osmo: SERVICE-REQUEST unasked)
    status_of("06" G_IMSI "200102", SGSAP_MME, "1d" G_IMSI "080107" "1b0e06" G_IMSI "200102");
}

static void an_erroneous_message_longer_than_the_ie_is_cut(void **state)
{
    uint8_t in[700], out[SGSAP_MSG_MAX];
    struct sgsap_msg msg;
    struct sgsap_fault fault;
    size_t len = 0;
    memset(in, 0x41, sizeof(in));
    assert_int_equal(sgsap_decode(in, sizeof(in), SGSAP_VLR, &msg, &fault), ERR_DECODE_UNKNOWN);
    assert_int_equal(sgsap_encode_status(&fault, in, sizeof(in), SGSAP_MME, out, sizeof(out),
                                         &len), ERR_OK);
    assert_int_equal(sgsap_decode(out, len, SGSAP_MME, &msg, NULL), ERR_OK);
    assert_int_equal(msg.ie[SGSAP_IE_ERRONEOUS_MESSAGE].len, 255);
}

static void nothing_and_a_status_are_not_answered(void **state)
{
    static const char *const silent[] = {"", "1d", "1d" G_IMSI "080107"};
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        uint8_t in[64] = {0}, out[SGSAP_MSG_MAX];
        struct sgsap_msg msg;
        struct sgsap_fault fault;
        size_t n = bytes_of(silent[i], in, sizeof(in)), len;
        assert_int_not_equal(sgsap_decode(in, n, SGSAP_VLR, &msg, &fault), ERR_OK);
        assert_int_equal(sgsap_encode_status(&fault, in, n, SGSAP_MME, out, sizeof(out), &len),
                         ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_messages_are_refused_with_the_cause_of_clause_7),
        cmocka_unit_test(what_does_not_matter_is_passed_over_and_remarked_on),
        cmocka_unit_test(a_status_carries_cause_subscriber_and_message),
        cmocka_unit_test(an_erroneous_message_longer_than_the_ie_is_cut),
        cmocka_unit_test(nothing_and_a_status_are_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
