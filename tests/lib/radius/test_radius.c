// SPDX-License-Identifier: BSD-3-Clause
// RADIUS: published packets (RFC 2865 §7, RFC 3579 has none with a secret), every check with a
// right and a wrong secret, duplicates, requests of the server.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "radius/dedup.h"
#include "radius/dynauth.h"
#include "radius/radius.h"

static const struct rad_secret good = {(const uint8_t *)"xyzzy5461", 9};
static const struct rad_secret bad = {(const uint8_t *)"xyzzy5462", 9};
static const uint8_t zero[16];

static size_t hex(const char *text, uint8_t *out, size_t size)
{
    size_t len;
    assert_int_equal(base_hex_decode(text, out, size, &len), ERR_OK);
    return len;
}

static struct rad_packet decoded(const uint8_t *in, size_t len)
{
    struct rad_packet packet;
    assert_int_equal(rad_decode(in, len, &packet), ERR_OK);
    return packet;
}

static void the_example_of_rfc_2865_is_right(void **state)
{
    // §7.1: Access-Request of nemo, and its Access-Accept, secret xyzzy5461
    uint8_t request[64], answer[64];
    size_t n =
        hex("010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f"
            "782a0aee0406c0a80110050600000003",
            request, sizeof(request));
    size_t m = hex("0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103",
                   answer, sizeof(answer));
    struct rad_packet req = decoded(request, n), ans = decoded(answer, m);
    char name[16];
    uint32_t port;
    assert_true(rad_text(&req, RAD_USER_NAME, name, sizeof(name)));
    assert_string_equal(name, "nemo");
    assert_int_equal(rad_u32(&req, RAD_NAS_PORT, &port), ERR_OK);
    assert_int_equal(port, 3);
    assert_int_equal(rad_check_response(&ans, good, req.authenticator), ERR_OK);
    assert_int_equal(rad_check_response(&ans, bad, req.authenticator), ERR_DENIED);
    assert_int_equal(rad_check_message(&req, good), ERR_NOT_FOUND);
}

static void bad_packets_are_refused(void **state)
{
    static const struct {
        const char *packet;
        enum err err;
    } cases[] = {
        {"0100001400000000000000000000000000000000", ERR_OK},
        {"0100001400000000000000000000000000000000ffff", ERR_OK}, // padding
        {"01000013000000000000000000000000000000", ERR_DECODE_TRUNCATED},
        {"0100001300000000000000000000000000000000", ERR_DECODE_LENGTH},
        {"0100001500000000000000000000000000000000", ERR_DECODE_TRUNCATED},
        {"0100100100000000000000000000000000000000", ERR_DECODE_LENGTH}, // more than 4096
        {"010000150000000000000000000000000000000001", ERR_DECODE_LENGTH},
        {"01000016000000000000000000000000000000000101", ERR_DECODE_LENGTH},
        {"01000016000000000000000000000000000000000100", ERR_DECODE_LENGTH},
        {"01000016000000000000000000000000000000000103", ERR_DECODE_LENGTH},
        {"01000016000000000000000000000000000000000102", ERR_OK},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t in[64];
        struct rad_packet packet;
        size_t len = hex(cases[i].packet, in, sizeof(in));
        assert_int_equal(rad_decode(in, len, &packet), cases[i].err);
    }
}

static void message_authenticator_protects_requests_and_answers(void **state)
{
    const uint8_t random[16] = {1, 2, 3};
    struct rad_writer w;
    rad_begin(&w, RAD_ACCESS_REQUEST, 9);
    rad_put_message_authenticator(&w);
    rad_put_text(&w, RAD_USER_NAME, "0001010000000001");
    assert_int_equal(rad_end_request(&w, good, random), ERR_OK);
    struct rad_packet request = decoded(w.buf, w.len);
    assert_int_equal(rad_check_message(&request, good), ERR_OK);
    assert_int_equal(rad_check_message(&request, bad), ERR_DENIED);
    w.buf[w.len - 1] ^= 1;
    assert_int_equal(rad_check_message(&request, good), ERR_DENIED);

    rad_begin(&w, RAD_ACCESS_CHALLENGE, 9);
    rad_put_message_authenticator(&w);
    rad_put(&w, RAD_STATE, "state", 5);
    assert_int_equal(rad_end_response(&w, good, random), ERR_OK);
    struct rad_packet answer = decoded(w.buf, w.len);
    assert_int_equal(rad_check_response(&answer, good, random), ERR_OK);
    assert_int_equal(rad_check_response(&answer, good, zero), ERR_DENIED);
    assert_int_equal(rad_check_response(&answer, bad, random), ERR_DENIED);
}

static void accounting_requests_are_checked(void **state)
{
    struct rad_writer w;
    rad_begin(&w, RAD_ACCOUNTING_REQUEST, 1);
    rad_put_u32(&w, RAD_ACCT_STATUS_TYPE, 1);
    assert_int_equal(rad_end_request(&w, good, NULL), ERR_OK);
    struct rad_packet request = decoded(w.buf, w.len);
    assert_int_equal(rad_check_request(&request, good), ERR_OK);
    assert_int_equal(rad_check_request(&request, bad), ERR_DENIED);
    rad_begin(&w, RAD_ACCESS_REQUEST, 1);
    assert_int_equal(rad_end_request(&w, good, NULL), ERR_INVALID); // wants a random one
}

static void eap_travels_in_pieces(void **state)
{
    static const size_t sizes[] = {1, 252, 253, 254, 506, 507, 1400};
    uint8_t eap[1400], back[1400];
    struct rad_writer w;
    size_t len;
    for (size_t i = 0; i < sizeof(eap); i++)
        eap[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        rad_begin(&w, RAD_ACCESS_CHALLENGE, 1);
        rad_put_eap(&w, eap, sizes[i]);
        rad_put(&w, RAD_STATE, "s", 1);
        assert_int_equal(rad_end_response(&w, good, zero), ERR_OK);
        struct rad_packet packet = decoded(w.buf, w.len);
        assert_int_equal(rad_count(&packet, RAD_EAP_MESSAGE), (sizes[i] + 252) / 253);
        assert_int_equal(rad_eap_message(&packet, back, sizeof(back), &len), ERR_OK);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(back, eap, len);
        assert_int_equal(rad_eap_message(&packet, back, sizes[i] - 1, &len), ERR_ENCODE_SPACE);
    }
    rad_put_eap(&w, eap, 1); // not in a row
    w.buf[2] = (uint8_t)(w.len >> 8);
    w.buf[3] = (uint8_t)w.len;
    struct rad_packet torn = decoded(w.buf, w.len);
    assert_int_equal(rad_eap_message(&torn, back, sizeof(back), &len), ERR_DECODE_SYNTAX);
    rad_begin(&w, RAD_ACCESS_REQUEST, 1);
    rad_put(&w, RAD_EAP_MESSAGE, NULL, 0); // EAP-Start
    assert_int_equal(rad_end_request(&w, good, zero), ERR_OK);
    struct rad_packet start = decoded(w.buf, w.len);
    assert_int_equal(rad_eap_message(&start, back, sizeof(back), &len), ERR_OK);
    assert_int_equal(len, 0);
}

static void mppe_keys_are_hidden_and_found(void **state)
{
    uint8_t msk[64], out[32];
    const uint8_t random[16] = {4, 4}, salts[4] = {0, 1, 0, 1};
    struct rad_writer w;
    struct rad_attr attr;
    unsigned seen = 0;
    for (size_t i = 0; i < sizeof(msk); i++)
        msk[i] = (uint8_t)i;
    rad_begin(&w, RAD_ACCESS_ACCEPT, 1);
    rad_put_mppe_keys(&w, msk, good, random, salts);
    assert_int_equal(rad_end_response(&w, good, random), ERR_OK);
    struct rad_packet packet = decoded(w.buf, w.len);
    uint8_t first_salt[2] = {0};
    for (size_t at = 0; rad_next(&packet, &at, &attr);) {
        assert_int_equal(attr.type, RAD_VENDOR_SPECIFIC);
        assert_int_equal(attr.len, 56);
        assert_memory_equal(attr.value, "\0\0\x01\x37", 4);
        assert_int_equal(attr.value[5], 52);
        assert_true(attr.value[6] & 0x80);
        if (seen == 1)
            assert_memory_not_equal(attr.value + 6, first_salt, 2);
        memcpy(first_salt, attr.value + 6, 2);
        bool recv = attr.value[4] == RAD_MS_MPPE_RECV_KEY;
        assert_int_equal(rad_mppe_open(attr.value + 6, attr.len - 6, good, random, out), ERR_OK);
        assert_memory_equal(out, recv ? msk : msk + 32, 32);
        assert_int_equal(rad_mppe_open(attr.value + 6, attr.len - 6, bad, random, out),
                         ERR_DECODE_VALUE);
        assert_int_equal(rad_mppe_open(attr.value + 6, 3, good, random, out), ERR_DECODE_LENGTH);
        seen++;
    }
    assert_int_equal(seen, 2);
}

static void proxy_states_come_back_in_order(void **state)
{
    struct rad_writer w, answer;
    rad_begin(&w, RAD_ACCESS_REQUEST, 1);
    rad_put_text(&w, RAD_PROXY_STATE, "one");
    rad_put_text(&w, RAD_USER_NAME, "x");
    rad_put_text(&w, RAD_PROXY_STATE, "two");
    assert_int_equal(rad_end_request(&w, good, zero), ERR_OK);
    struct rad_packet request = decoded(w.buf, w.len);
    rad_begin(&answer, RAD_ACCESS_REJECT, 1);
    rad_put_proxy_states(&answer, &request);
    assert_int_equal(rad_end_response(&answer, good, zero), ERR_OK);
    assert_int_equal(answer.len, 20 + 10);
    assert_memory_equal(answer.buf + 22, "one", 3);
    assert_memory_equal(answer.buf + 27, "two", 3);
}

static void what_does_not_fit_is_an_error(void **state)
{
    static const uint8_t big[5000];
    struct rad_writer w;
    rad_begin(&w, RAD_ACCESS_ACCEPT, 1);
    rad_put(&w, RAD_CLASS, big, 254);
    assert_int_equal(rad_end_response(&w, good, zero), ERR_ENCODE_SPACE);
    rad_begin(&w, RAD_ACCESS_ACCEPT, 1);
    rad_put_eap(&w, big, sizeof(big));
    assert_int_equal(rad_end_response(&w, good, zero), ERR_ENCODE_SPACE);
}

// ---- duplicates ----

static struct rad_packet request_of(struct rad_writer *w, uint8_t id, uint8_t chance)
{
    uint8_t random[16] = {chance};
    rad_begin(w, RAD_ACCESS_REQUEST, id);
    assert_int_equal(rad_end_request(w, good, random), ERR_OK);
    return decoded(w->buf, w->len);
}

static void a_retransmission_gets_the_same_octets(void **state)
{
    static const uint8_t nas[6] = {1}, other[6] = {2};
    const uint8_t *answer;
    struct rad_writer w;
    struct rad_dedup *d;
    size_t len;
    assert_int_equal(rad_dedup_new(4, 1000, &d), ERR_OK);
    struct rad_packet r = request_of(&w, 7, 1);
    assert_int_equal(rad_dedup_look(d, nas, 6, &r, 0, &answer, &len), RAD_NEW);
    assert_int_equal(rad_dedup_look(d, nas, 6, &r, 1, &answer, &len), RAD_UNDER_WAY);
    assert_int_equal(rad_dedup_look(d, other, 6, &r, 1, &answer, &len), RAD_NEW);
    rad_dedup_answer(d, nas, 6, r.code, r.id, r.authenticator, (const uint8_t *)"answer", 6);
    assert_int_equal(rad_dedup_look(d, nas, 6, &r, 999, &answer, &len), RAD_ANSWERED);
    assert_int_equal(len, 6);
    assert_memory_equal(answer, "answer", 6);
    assert_int_equal(rad_dedup_look(d, nas, 6, &r, 1001, &answer, &len), RAD_NEW); // too old
    rad_dedup_answer(d, nas, 6, r.code, r.id, r.authenticator, NULL, 0);
    assert_int_equal(rad_dedup_look(d, nas, 6, &r, 1002, &answer, &len), RAD_NEW);
    struct rad_packet next = request_of(&w, 7, 2); // the identifier is used anew
    assert_int_equal(rad_dedup_look(d, nas, 6, &next, 1003, &answer, &len), RAD_NEW);
    for (uint8_t i = 0; i < 100; i++) {
        struct rad_packet each = request_of(&w, i, 3);
        assert_int_equal(rad_dedup_look(d, nas, 6, &each, 1004, &answer, &len), RAD_NEW);
        assert_true(rad_dedup_used(d) <= 4);
    }
    rad_dedup_free(d);
    assert_int_equal(rad_dedup_new(0, 1, &d), ERR_INVALID);
}

// ---- requests of the server ----

static void begin_disconnect(struct rad_dyn *dyn)
{
    rad_begin(&dyn->packet, RAD_DISCONNECT_REQUEST, 17);
    rad_put_message_authenticator(&dyn->packet);
    rad_put_text(&dyn->packet, RAD_ACCT_SESSION_ID, "s1");
    assert_int_equal(rad_dyn_init(dyn, good, 10, 3, 100), ERR_OK);
}

static struct rad_packet answer_to(const struct rad_dyn *dyn, enum rad_code code, uint32_t cause,
                                   struct rad_secret secret, struct rad_writer *w)
{
    rad_begin(w, code, dyn->packet.buf[1]);
    rad_put_message_authenticator(w);
    if (cause)
        rad_put_u32(w, RAD_ERROR_CAUSE, cause);
    assert_int_equal(rad_end_response(w, secret, dyn->packet.buf + 4), ERR_OK);
    return decoded(w->buf, w->len);
}

static void a_disconnect_is_sent_until_it_is_answered(void **state)
{
    struct rad_dyn dyn;
    struct rad_writer w;
    begin_disconnect(&dyn);
    struct rad_packet sent = decoded(dyn.packet.buf, dyn.packet.len);
    assert_int_equal(rad_check_request(&sent, good), ERR_OK);
    assert_int_equal(rad_check_message(&sent, good), ERR_OK);
    assert_true(rad_dyn_due(&dyn, 100));
    assert_false(rad_dyn_due(&dyn, 105));
    assert_true(rad_dyn_due(&dyn, 110));
    assert_false(rad_dyn_due(&dyn, 129)); // doubled
    struct rad_packet fake = answer_to(&dyn, RAD_DISCONNECT_ACK, 0, bad, &w);
    assert_int_equal(rad_dyn_answer(&dyn, &fake), ERR_DENIED);
    struct rad_packet wrong = answer_to(&dyn, RAD_COA_ACK, 0, good, &w);
    assert_int_equal(rad_dyn_answer(&dyn, &wrong), ERR_NOT_FOUND);
    struct rad_packet ack = answer_to(&dyn, RAD_DISCONNECT_ACK, 0, good, &w);
    assert_int_equal(rad_dyn_answer(&dyn, &ack), ERR_OK);
    assert_int_equal(dyn.state, RAD_DYN_ACK);
    assert_false(rad_dyn_due(&dyn, 1000));
    assert_int_equal(rad_dyn_answer(&dyn, &ack), ERR_NOT_FOUND);
}

static void a_nak_tells_why_and_silence_ends(void **state)
{
    struct rad_dyn dyn;
    struct rad_writer w;
    begin_disconnect(&dyn);
    struct rad_packet nak = answer_to(&dyn, RAD_DISCONNECT_NAK, 503, good, &w);
    assert_int_equal(rad_dyn_answer(&dyn, &nak), ERR_OK);
    assert_int_equal(dyn.state, RAD_DYN_NAK);
    assert_int_equal(dyn.error_cause, 503);

    unsigned sendings = 0;
    begin_disconnect(&dyn);
    for (int64_t now = 100; now < 1000; now++)
        sendings += rad_dyn_due(&dyn, now);
    assert_int_equal(sendings, 3);
    assert_int_equal(dyn.state, RAD_DYN_GONE);

    rad_begin(&dyn.packet, RAD_ACCESS_REQUEST, 1);
    assert_int_equal(rad_dyn_init(&dyn, good, 10, 3, 0), ERR_INVALID);
}

static void codes_have_names(void **state)
{
    assert_string_equal(rad_code_name(RAD_COA_NAK), "CoA-NAK");
    assert_string_equal(rad_code_name(99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_2865_is_right),
        cmocka_unit_test(bad_packets_are_refused),
        cmocka_unit_test(message_authenticator_protects_requests_and_answers),
        cmocka_unit_test(accounting_requests_are_checked),
        cmocka_unit_test(eap_travels_in_pieces),
        cmocka_unit_test(mppe_keys_are_hidden_and_found),
        cmocka_unit_test(proxy_states_come_back_in_order),
        cmocka_unit_test(what_does_not_fit_is_an_error),
        cmocka_unit_test(a_retransmission_gets_the_same_octets),
        cmocka_unit_test(a_disconnect_is_sent_until_it_is_answered),
        cmocka_unit_test(a_nak_tells_why_and_silence_ends),
        cmocka_unit_test(codes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
