// SPDX-License-Identifier: BSD-3-Clause
// The simulator's VLR without a network: what it answers to an MME, and what it does on command.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vlr_sim/vlr.h"

#define MME "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org"
#define IMSI "001010000000001"

enum { SENT_MAX = 64 };

static struct base_loop *loop;
static struct vlr *vlr;
static struct vlr_peer *peer;
static struct {
    uint8_t data[SGSAP_MSG_MAX];
    size_t len;
} sent[SENT_MAX];
static size_t n_sent, n_taken;
static int dropped;

static void on_send(void *link, const uint8_t *data, size_t len)
{
    assert_true(n_sent < SENT_MAX);
    memcpy(sent[n_sent].data, data, len);
    sent[n_sent++].len = len;
}

static void on_drop(void *link, bool abort)
{
    dropped = abort ? 2 : 1;
}

static const struct vlr_ops ops = {.send = on_send, .drop = on_drop};

static int begin_with(bool tmsi, const char *network)
{
    struct vlr_settings settings = {.name = "vlr.example.org", .tmsi = tmsi,
                                    .full_name = network, .short_name = network,
                                    .center = "447785016005", .max_subscribers = 3,
                                    .timers = sgsap_timers_default};
    settings.timers.ts5 = 20;
    settings.timers.ts11 = 20;
    n_sent = n_taken = 0;
    dropped = 0;
    if (base_loop_new("vlr", 8, &loop) != ERR_OK ||
        vlr_new(loop, &settings, &ops, NULL, &vlr) != ERR_OK ||
        vlr_peer_up(vlr, NULL, &peer) != ERR_OK)
        return -1;
    return 0;
}

static int begin(void **state)
{
    return begin_with(true, "");
}

static int end(void **state)
{
    vlr_free(vlr);
    base_loop_free(loop);
    return 0;
}

// The next message that the VLR sent must be this one.
static struct sgsap_msg *next(enum sgsap_type type)
{
    static struct sgsap_msg msg;
    if (n_taken == n_sent)
        fail_msg("%s was not sent", sgsap_type_name((uint8_t)type));
    enum err err = sgsap_decode(sent[n_taken].data, sent[n_taken].len, SGSAP_VLR, &msg, NULL);
    n_taken++;
    assert_int_equal(err, ERR_OK);
    if (msg.type != type)
        fail_msg("%s instead of %s", sgsap_type_name(msg.type), sgsap_type_name((uint8_t)type));
    return &msg;
}

static void silence(void)
{
    if (n_taken < n_sent)
        fail_msg("%s", sgsap_type_name(sent[n_taken].data[0]));
}

static void give(struct sgsap_msg *msg)
{
    uint8_t buf[SGSAP_MSG_MAX];
    size_t len;
    assert_int_equal(sgsap_encode(msg, SGSAP_MME, buf, sizeof(buf), &len, NULL), ERR_OK);
    vlr_received(peer, buf, len);
}

static void fill(struct sgsap_msg *msg, enum sgsap_type type, const char *imsi_text)
{
    struct base_imsi imsi;
    assert_int_equal(base_imsi_parse(imsi_text, strlen(imsi_text), &imsi), ERR_OK);
    sgsap_init(msg, type);
    sgsap_set_imsi(msg, &imsi);
}

static void give_plain(enum sgsap_type type)
{
    struct sgsap_msg msg;
    fill(&msg, type, IMSI);
    give(&msg);
}

static void give_update(const char *imsi)
{
    const struct sgsap_area lai = {{.mcc = 1, .mnc = 1, .mnc_len = 2}, 23};
    struct sgsap_msg msg;
    fill(&msg, SGSAP_LOCATION_UPDATE_REQUEST, imsi);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    sgsap_set_octet(&msg, SGSAP_IE_EPS_LU_TYPE, SGSAP_LU_IMSI_ATTACH);
    sgsap_set_area(&msg, SGSAP_IE_LAI, &lai);
    give(&msg);
}

static struct vlr_sub *associated(void)
{
    give_update(IMSI);
    next(SGSAP_LOCATION_UPDATE_ACCEPT);
    give_plain(SGSAP_TMSI_REALLOCATION_COMPLETE);
    silence();
    struct vlr_sub *sub = vlr_find(vlr, IMSI);
    assert_non_null(sub);
    assert_int_equal(sub->state, VLR_ASSOCIATED);
    return sub;
}

static void give_nas(const char *hex)
{
    struct sgsap_msg msg;
    uint8_t nas[256];
    size_t len;
    assert_int_equal(base_hex_decode(hex, nas, sizeof(nas), &len), ERR_OK);
    fill(&msg, SGSAP_UPLINK_UNITDATA, IMSI);
    sgsap_set(&msg, SGSAP_IE_NAS_CONTAINER, nas, (uint8_t)len);
    give(&msg);
}

static void nas_is(const char *hex)
{
    struct sgsap_msg *msg = next(SGSAP_DOWNLINK_UNITDATA);
    char text[512];
    base_hex_encode(msg->ie[SGSAP_IE_NAS_CONTAINER].data, msg->ie[SGSAP_IE_NAS_CONTAINER].len,
                    text);
    assert_string_equal(text, hex);
}

static void give_service(enum sgsap_service service)
{
    struct sgsap_msg msg;
    fill(&msg, SGSAP_SERVICE_REQUEST, IMSI);
    sgsap_set_octet(&msg, SGSAP_IE_SERVICE_INDICATOR, (uint8_t)service);
    give(&msg);
}

static void rule(const char *text)
{
    struct vlr_rule parsed;
    const char *why;
    unsigned id;
    assert_int_equal(vlr_rule_parse(text, &parsed, &why), ERR_OK);
    assert_int_equal(vlr_rules_add(vlr_rules_of(vlr), &parsed, &id), ERR_OK);
}

static void on_time(struct base_timer *timer)
{
    base_loop_stop(loop);
}

static void let_pass(int ms)
{
    struct base_timer timer;
    base_timer_init(&timer, loop, on_time);
    base_timer_start(&timer, ms);
    base_loop_run(loop);
}

// --- cases ---

static void a_location_update_is_accepted_with_a_tmsi(void **state)
{
    struct sgsap_mobile mobile;
    struct sgsap_area lai;
    give_update(IMSI);
    struct sgsap_msg *msg = next(SGSAP_LOCATION_UPDATE_ACCEPT);
    assert_int_equal(sgsap_read_mobile(msg->ie[SGSAP_IE_MOBILE_IDENTITY], &mobile), ERR_OK);
    assert_true(mobile.is_tmsi);
    assert_int_equal(sgsap_read_area(msg->ie[SGSAP_IE_LAI], &lai), ERR_OK);
    assert_int_equal(lai.code, 23);
    assert_int_equal(vlr_find(vlr, IMSI)->state, VLR_PRESENT);
    give_plain(SGSAP_TMSI_REALLOCATION_COMPLETE);
    assert_int_equal(vlr_find(vlr, IMSI)->state, VLR_ASSOCIATED);
    assert_int_equal(vlr_n_subs(vlr, VLR_ASSOCIATED), 1);
    silence();
}

static int begin_named(void **state)
{
    return begin_with(false, "Example");
}

static void the_network_names_itself_after_the_update(void **state)
{
    give_update(IMSI);
    assert_false(sgsap_has(next(SGSAP_LOCATION_UPDATE_ACCEPT), SGSAP_IE_MOBILE_IDENTITY));
    assert_true(next(SGSAP_MM_INFORMATION_REQUEST)->ie[SGSAP_IE_MM_INFORMATION].len > 10);
    assert_int_equal(vlr_find(vlr, IMSI)->state, VLR_ASSOCIATED);
}

static void a_full_vlr_rejects(void **state)
{
    give_update("001010000000001");
    give_update("001010000000002");
    give_update("001010000000003");
    give_update("001010000000004");
    n_taken = 3;
    next(SGSAP_LOCATION_UPDATE_REJECT);
}

static void detaching_is_acknowledged(void **state)
{
    struct sgsap_msg msg;
    associated();
    fill(&msg, SGSAP_IMSI_DETACH_INDICATION, IMSI);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    sgsap_set_octet(&msg, SGSAP_IE_IMSI_DETACH_TYPE, SGSAP_IMSI_DETACH_EXPLICIT);
    give(&msg);
    next(SGSAP_IMSI_DETACH_ACK);
    assert_null(vlr_find(vlr, IMSI));
    fill(&msg, SGSAP_EPS_DETACH_INDICATION, IMSI); // again, the other way
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    sgsap_set_octet(&msg, SGSAP_IE_EPS_DETACH_TYPE, SGSAP_EPS_DETACH_UE);
    give(&msg);
    next(SGSAP_EPS_DETACH_ACK);
}

static void a_call_is_paged_with_what_was_asked_for(void **state)
{
    struct sgsap_msg extra;
    struct sgsap_caller caller = {.number_type = 1, .plan = 1, .digits = "491721234567"};
    struct vlr_sub *sub = associated();
    sgsap_init(&extra, SGSAP_PAGING_REQUEST);
    assert_int_equal(sgsap_set_caller(&extra, SGSAP_IE_CLI, &caller), ERR_OK);
    assert_int_equal(sgsap_set_octet(&extra, SGSAP_IE_CHANNEL_NEEDED, 2), ERR_OK);
    assert_int_equal(vlr_page(sub, VLR_CS, &extra), ERR_OK);
    struct sgsap_msg *msg = next(SGSAP_PAGING_REQUEST);
    assert_int_equal(msg->ie[SGSAP_IE_SERVICE_INDICATOR].data[0], SGSAP_SERVICE_CS);
    assert_true(sgsap_has(msg, SGSAP_IE_CLI) && sgsap_has(msg, SGSAP_IE_CHANNEL_NEEDED));
    assert_true(sgsap_has(msg, SGSAP_IE_TMSI) && sgsap_has(msg, SGSAP_IE_LAI));
    give_service(SGSAP_SERVICE_CS);
    assert_int_equal(sub->paging, VLR_NONE);
    silence();
    uint32_t *times;
    assert_int_equal(vlr_take_paging_times(vlr, &times), 1);
    free(times);
    give_service(SGSAP_SERVICE_CS); // once more, unasked
    assert_int_equal(next(SGSAP_STATUS)->ie[SGSAP_IE_CAUSE].data[0], SGSAP_CAUSE_WRONG_STATE);
}

static void a_load_keeps_so_many_pagings_outstanding(void **state)
{
    associated();
    assert_int_equal(vlr_page_load(vlr, 3, 2), ERR_RANGE); // there is only one to page
    assert_int_equal(vlr_page_load(vlr, 3, 1), ERR_OK);
    for (size_t left = 3; left-- > 0;) {
        assert_int_equal(vlr_page_load_left(vlr), left);
        next(SGSAP_PAGING_REQUEST);
        silence();
        give_service(SGSAP_SERVICE_CS);
    }
    silence();
    uint32_t *times;
    assert_int_equal(vlr_take_paging_times(vlr, &times), 3);
    free(times);
    // without an answer the next one follows after Ts5; without subscribers none does
    assert_int_equal(vlr_page_load(vlr, 9, 1), ERR_OK);
    next(SGSAP_PAGING_REQUEST);
    let_pass(30);
    next(SGSAP_PAGING_REQUEST);
    vlr_reset(vlr);
    assert_int_equal(vlr_page_load_left(vlr), 0);
}

static void paging_that_is_rejected_or_not_answered_ends(void **state)
{
    struct sgsap_msg msg;
    struct vlr_sub *sub = associated();
    assert_int_equal(vlr_page(sub, VLR_CS, NULL), ERR_OK);
    fill(&msg, SGSAP_UE_UNREACHABLE, IMSI);
    sgsap_set_octet(&msg, SGSAP_IE_CAUSE, SGSAP_CAUSE_UE_UNREACHABLE);
    give(&msg);
    assert_int_equal(sub->paging, VLR_NONE);
    assert_int_equal(sub->state, VLR_ASSOCIATED);

    assert_int_equal(vlr_page(sub, VLR_CS, NULL), ERR_OK);
    let_pass(60);
    assert_int_equal(sub->paging, VLR_NONE); // Ts5

    assert_int_equal(vlr_page(sub, VLR_CS, NULL), ERR_OK);
    fill(&msg, SGSAP_PAGING_REJECT, IMSI);
    sgsap_set_octet(&msg, SGSAP_IE_CAUSE, SGSAP_CAUSE_IMSI_DETACHED_EPS);
    give(&msg);
    assert_int_equal(sub->state, VLR_NULL);
}

static void a_short_message_is_delivered(void **state)
{
    struct vlr_sub *sub = associated();
    assert_int_equal(vlr_text(sub, "12345", "hello"), ERR_OK);
    assert_int_equal(next(SGSAP_PAGING_REQUEST)->ie[SGSAP_IE_SERVICE_INDICATOR].data[0],
                     SGSAP_SERVICE_SMS);
    assert_int_equal(vlr_text(sub, "12345", "another"), ERR_EXISTS);
    give_service(SGSAP_SERVICE_SMS);
    struct sms sms;
    struct sgsap_value nas = next(SGSAP_DOWNLINK_UNITDATA)->ie[SGSAP_IE_NAS_CONTAINER];
    assert_int_equal(sms_read(nas.data, nas.len, &sms), ERR_OK);
    assert_string_equal(sms.text, "hello");
    give_nas("8904");       // CP-ACK
    silence();
    give_nas("8901020201"); // CP-DATA with RP-ACK
    nas_is("0904");
    next(SGSAP_RELEASE_REQUEST);
    assert_null(sub->text);
    silence();
}

static void a_short_message_from_a_ue_is_acknowledged(void **state)
{
    associated();
    give_nas("19011800420004912143650f010005812143f5000005e8329bfd06");
    nas_is("9904");
    nas_is("9901020342");
    silence();
    give_nas("1904");
    next(SGSAP_RELEASE_REQUEST);
}

static void who_is_not_associated_is_released(void **state)
{
    give_nas("1904");
    assert_int_equal(next(SGSAP_RELEASE_REQUEST)->ie[SGSAP_IE_CAUSE].data[0],
                     SGSAP_CAUSE_IMSI_DETACHED_EPS_NON_EPS);
}

static void a_vlr_reset_is_repeated_until_it_is_answered(void **state)
{
    struct sgsap_msg msg;
    char name[SGSAP_NAME_MAX];
    associated();
    vlr_reset(vlr);
    assert_null(vlr_find(vlr, IMSI));
    struct sgsap_msg *reset = next(SGSAP_RESET_INDICATION);
    assert_int_equal(sgsap_read_name(reset->ie[SGSAP_IE_VLR_NAME], name, sizeof(name)), ERR_OK);
    assert_string_equal(name, "vlr.example.org");
    let_pass(30);
    next(SGSAP_RESET_INDICATION);
    sgsap_init(&msg, SGSAP_RESET_ACK);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    give(&msg);
    let_pass(60);
    silence();
    give(&msg); // nobody asked
    next(SGSAP_STATUS);
}

static void a_reset_of_the_mme_is_acknowledged(void **state)
{
    struct sgsap_msg msg;
    struct vlr_sub *sub = associated();
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    give(&msg);
    next(SGSAP_RESET_ACK);
    assert_int_equal(sub->state, VLR_NULL);
    assert_int_equal(vlr_page(sub, VLR_CS, NULL), ERR_OK); // still to be found by its MME
    assert_false(sgsap_has(next(SGSAP_PAGING_REQUEST), SGSAP_IE_LAI));
}

static void an_alert_is_answered(void **state)
{
    struct vlr_sub *sub = associated();
    assert_int_equal(vlr_alert(sub), ERR_OK);
    next(SGSAP_ALERT_REQUEST);
    give_plain(SGSAP_ALERT_ACK);
    silence();
    give_plain(SGSAP_UE_ACTIVITY_INDICATION);
    silence();
    give_plain(SGSAP_ALERT_ACK);
    next(SGSAP_STATUS);
}

static void commands_need_an_association(void **state)
{
    struct vlr_sub *sub = associated();
    vlr_peer_down(peer);
    assert_int_equal(vlr_page(sub, VLR_CS, NULL), ERR_CLOSED);
    assert_int_equal(vlr_text(sub, "1", "x"), ERR_CLOSED);
    assert_int_equal(vlr_alert(sub), ERR_CLOSED);
    assert_int_equal(vlr_release(sub, 2), ERR_CLOSED);
    assert_int_equal(vlr_abort_service(sub), ERR_CLOSED);
    assert_int_equal(vlr_mm_info(sub), ERR_CLOSED);
    assert_null(sub->text);
}

static void malformed_messages_are_answered_with_status(void **state)
{
    static const uint8_t unknown[] = {0x7f, 1}, empty[] = {0x09}, status[] = {0x1d};
    vlr_received(peer, unknown, sizeof(unknown));
    assert_int_equal(next(SGSAP_STATUS)->ie[SGSAP_IE_CAUSE].data[0], SGSAP_CAUSE_MESSAGE_UNKNOWN);
    vlr_received(peer, empty, sizeof(empty));
    assert_int_equal(next(SGSAP_STATUS)->ie[SGSAP_IE_CAUSE].data[0],
                     SGSAP_CAUSE_MISSING_MANDATORY);
    vlr_received(peer, status, sizeof(status));
    silence();
}

static void rules_change_what_is_answered(void **state)
{
    rule("LOCATION-UPDATE-REQUEST count=1 reject=11");
    give_update(IMSI);
    assert_int_equal(next(SGSAP_LOCATION_UPDATE_REJECT)->ie[SGSAP_IE_REJECT_CAUSE].data[0], 11);
    rule("LOCATION-UPDATE-REQUEST count=1 drop");
    give_update(IMSI);
    silence();
    rule("LOCATION-UPDATE-REQUEST count=1 status=11");
    give_update(IMSI);
    assert_int_equal(next(SGSAP_STATUS)->ie[SGSAP_IE_CAUSE].data[0], 11);
    rule("LOCATION-UPDATE-REQUEST count=1 duplicate");
    give_update(IMSI);
    next(SGSAP_LOCATION_UPDATE_ACCEPT);
    next(SGSAP_LOCATION_UPDATE_ACCEPT);
    rule("LOCATION-UPDATE-REQUEST count=1 release=3");
    give_update(IMSI);
    assert_int_equal(next(SGSAP_RELEASE_REQUEST)->ie[SGSAP_IE_CAUSE].data[0], 3);
    rule("LOCATION-UPDATE-REQUEST count=1 raw=0d01080910100000000010");
    give_update(IMSI);
    next(SGSAP_ALERT_REQUEST);
    rule("LOCATION-UPDATE-REQUEST count=1 shutdown");
    give_update(IMSI);
    assert_int_equal(dropped, 1);
    rule("LOCATION-UPDATE-REQUEST count=1 abort");
    give_update(IMSI);
    assert_int_equal(dropped, 2);
    give_update(IMSI);
    next(SGSAP_LOCATION_UPDATE_ACCEPT);
}

static void a_delayed_answer_comes_later_or_never(void **state)
{
    rule("LOCATION-UPDATE-REQUEST count=2 delay=20");
    give_update(IMSI);
    silence();
    let_pass(50);
    next(SGSAP_LOCATION_UPDATE_ACCEPT);
    give_update(IMSI);
    vlr_peer_down(peer); // before it is due
    let_pass(50);
    silence();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_location_update_is_accepted_with_a_tmsi),
        cmocka_unit_test_setup_teardown(the_network_names_itself_after_the_update, begin_named,
                                        end),
        CASE(a_full_vlr_rejects),
        CASE(detaching_is_acknowledged),
        CASE(a_call_is_paged_with_what_was_asked_for),
        CASE(a_load_keeps_so_many_pagings_outstanding),
        CASE(paging_that_is_rejected_or_not_answered_ends),
        CASE(a_short_message_is_delivered),
        CASE(a_short_message_from_a_ue_is_acknowledged),
        CASE(who_is_not_associated_is_released),
        CASE(a_vlr_reset_is_repeated_until_it_is_answered),
        CASE(a_reset_of_the_mme_is_acknowledged),
        CASE(an_alert_is_answered),
        CASE(commands_need_an_association),
        CASE(malformed_messages_are_answered_with_status),
        CASE(rules_change_what_is_answered),
        CASE(a_delayed_answer_comes_later_or_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
