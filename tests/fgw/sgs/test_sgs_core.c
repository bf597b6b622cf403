// SPDX-License-Identifier: BSD-3-Clause
// SGs without sockets: what comes out when something goes in. Resets are in test_sgs_reset.c.
#include "stage.h"

// ---- registration ----
static void a_location_update_is_sent_and_its_accept_comes_back(void **state)
{
    assert_int_equal(up("gw1", LU), ERR_OK);
    last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 0);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_REQUESTED);
    assert_string_equal(world.learned, "gw1");
    down(0, ACCEPT);
    last_call("LocationUpdateAcc", "gw1");
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
    assert_int_equal(sgs_core_subscribers(core), 1);
}

static void a_reject_is_passed_on_and_forgotten(void **state)
{
    assert_int_equal(up("gw1", LU), ERR_OK);
    down(0, REJECT);
    last_call("LocationUpdateRej", "gw1");
    assert_int_equal(state_of(IMSI1), -1);
}

static void an_unanswered_location_update_is_forgotten(void **state)
{
    struct base_imsi who = imsi_of(IMSI1);
    assert_int_equal(up("gw1", LU), ERR_OK);
    base_fsm_dispatch(&sgs_core_assoc(core, &who)->fsm, SGSAP_EV_TS6_1, NULL);
    assert_int_equal(state_of(IMSI1), -1);
    size_t calls = did.n_calls;
    down(0, ACCEPT); // too late
    assert_int_equal(last_sent(SGSAP_STATUS, 0), SGSAP_CAUSE_WRONG_STATE);
    assert_int_equal(did.n_calls, calls);
}

static void without_a_vlr_the_gateway_is_told(void **state)
{
    sgs_core_vlr_down(core, 0);
    assert_int_equal(up("gw1", LU), ERR_CLOSED);
    assert_int_equal(up("gw1", SERVICE), ERR_CLOSED);
    assert_int_equal(sgs_core_subscribers(core), 0);
}

static void the_backup_takes_over(void **state)
{
    registered("gw1");
    sgs_core_vlr_down(core, 0);
    sgs_core_vlr_up(core, 1);
    assert_int_equal(up("gw1", UPLINK), ERR_CLOSED); // the other one does not know the UE
    assert_int_equal(up("gw1", LU), ERR_OK);
    last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 1);
    down(0, ACCEPT); // not from the VLR that was asked
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_REQUESTED);
    down(1, ACCEPT);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

static void there_is_room_for_so_many(void **state)
{
    static const char *const lus[] = {
        LU, "09" "01080910100000000020" G_MME "0a0101" G_LAI,
        "09" "01080910100000000030" G_MME "0a0101" G_LAI,
        "09" "01080910100000000040" G_MME "0a0101" G_LAI};
    for (int i = 0; i < 3; i++)
        assert_int_equal(up("gw1", lus[i]), ERR_OK);
    assert_int_equal(up("gw1", lus[3]), ERR_FULL);
    assert_int_equal(up("gw1", LU), ERR_OK); // known
}

static void detach_ends_it_and_the_acknowledgement_comes_back(void **state)
{
    registered("gw1");
    directory(IMSI1, "gw1");
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    last_sent(SGSAP_EPS_DETACH_INDICATION, 0);
    assert_int_equal(state_of(IMSI1), -1);
    down(0, EPS_DETACH_ACK);
    last_call("EPSDetachAc", "gw1");
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK); // a repetition of Ts8 passes, too
    last_sent(SGSAP_EPS_DETACH_INDICATION, 0);
}

static void the_old_gateway_does_not_detach_who_has_moved(void **state)
{
    registered("gw1");
    registered("gw2");
    size_t sent = did.n_sent;
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    last_call("EPSDetachAc", "gw1");
    assert_int_equal(up("gw1", UPLINK), ERR_WRONG_STATE);
    assert_int_equal(did.n_sent, sent);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

// Another gateway of ours has it by another interface, or none since it was purged.
static void the_acknowledgement_comes_to_who_detached(void **state)
{
    static const char *const served_by[] = {"gw2", NULL};
    for (int i = 0; i < 2; i++) {
        directory(IMSI1, "gw1");
        registered("gw1");
        assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
        if (served_by[i])
            directory(IMSI1, served_by[i]);
        else
            world.imsi[0] = '\0';
        size_t calls = did.n_calls;
        down(0, EPS_DETACH_ACK);
        assert_int_equal(did.n_calls, calls + 1);
        last_call("EPSDetachAc", "gw1");
    }
}

static void a_repeated_detach_goes_to_the_same_vlr(void **state)
{
    registered_with_the_second_vlr();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
        last_sent(SGSAP_EPS_DETACH_INDICATION, 1); // although the first one is up, too
    }
    assert_int_equal(up("gw1", LU), ERR_OK); // a new beginning
    last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 0);
}

static void a_reject_ends_what_another_gateway_had_registered(void **state)
{
    registered("gw1");
    assert_int_equal(up("gw2", LU), ERR_OK);
    down(0, REJECT);
    assert_string_equal(world.kept, "");
}

// ---- services ----
static void paging_reaches_the_gateway_and_its_answer_the_vlr(void **state)
{
    registered("gw1");
    down(0, PAGING);
    last_call("PagingReq", "gw1");
    answer_last(ERR_OK, RPC_OK);
    assert_int_equal(up("gw1", SERVICE), ERR_OK);
    last_sent(SGSAP_SERVICE_REQUEST, 0);
    down(0, DOWNLINK);
    last_call("Downlink", "gw1");
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 0);
}

static void paging_that_cannot_be_delivered_is_answered(void **state)
{
    static const struct {
        enum err err;
        int status;
        enum sgsap_type type;
        int cause;
    } rows[] = {
        {ERR_RPC_UNREACHABLE, 0, SGSAP_UE_UNREACHABLE, SGSAP_CAUSE_UE_UNREACHABLE},
        {ERR_TIMEOUT, 0, SGSAP_UE_UNREACHABLE, SGSAP_CAUSE_UE_UNREACHABLE},
        {ERR_OK, RPC_UNAVAILABLE, SGSAP_UE_UNREACHABLE, SGSAP_CAUSE_UE_UNREACHABLE},
        {ERR_OK, RPC_UNIMPLEMENTED, SGSAP_PAGING_REJECT, SGSAP_CAUSE_IMSI_DETACHED_NON_EPS},
        {ERR_OK, RPC_NOT_FOUND, SGSAP_PAGING_REJECT, SGSAP_CAUSE_IMSI_DETACHED_NON_EPS},
    };
    registered("gw1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        down(0, PAGING);
        answer_last(rows[i].err, rows[i].status);
        assert_int_equal(last_sent(rows[i].type, 0), rows[i].cause);
    }
    did.call_err = ERR_FULL;
    down(0, PAGING);
    assert_int_equal(last_sent(SGSAP_UE_UNREACHABLE, 0), SGSAP_CAUSE_UE_UNREACHABLE);
}

// The tunnel is lost, or the time over, when the gateway has already answered by a call of its own.
static void a_request_has_one_answer(void **state)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {PAGING, SERVICE},
        {PAGING, "02" G_IMSI "08010d"},
        {PAGING, "1f" G_IMSI "080106"},
        {ALERT, "0e" G_IMSI},
        {ALERT, "0f" G_IMSI "080103"},
    };
    for (int recorded = 0; recorded < 2; recorded++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            if (recorded)
                registered("gw1");
            directory(IMSI1, "gw1");
            down(0, rows[i].request);
            size_t sent = did.n_sent;
            assert_int_equal(up("gw1", rows[i].answer), ERR_OK);
            assert_int_equal(did.n_sent, sent + 1);
            answer_last(ERR_RPC_UNREACHABLE, 0);
            assert_int_equal(did.n_sent, sent + 1);
            if (recorded) { // and what is asked now has its own
                down(0, PAGING);
                answer_last(ERR_RPC_UNREACHABLE, 0);
                last_sent(SGSAP_UE_UNREACHABLE, 0);
            }
            assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
        }
    }
}

// Nothing is known of the subscriber but the gateway where it is: there is no record.
static void the_vlr_that_asked_gets_the_answer(void **state)
{
    static const struct {
        const char *hex;
        enum sgsap_type type;
    } rows[] = {{"02" G_IMSI "08010d", SGSAP_PAGING_REJECT},
                {"1f" G_IMSI "080106", SGSAP_UE_UNREACHABLE},
                {SERVICE, SGSAP_SERVICE_REQUEST}};
    directory(IMSI1, "gw1");
    sgs_core_vlr_up(core, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        down(1, PAGING);
        last_call("PagingReq", "gw1");
        answer_last(ERR_OK, RPC_OK);
        assert_int_equal(up("gw1", rows[i].hex), ERR_OK);
        last_sent(rows[i].type, 1); // although the first one is up, too
    }
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 1);
}

static void the_old_gateway_does_not_detach_after_a_restart_either(void **state)
{
    registered("gw1");
    registered("gw2");
    restarted();
    size_t sent = did.n_sent;
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    last_call("EPSDetachAc", "gw1");
    assert_int_equal(did.n_sent, sent);
    assert_string_equal(world.kept_gateway, "gw2");
    down(0, PAGING);
    last_call("PagingReq", "gw2");
    assert_int_equal(up("gw2", EPS_DETACH), ERR_OK);
    last_sent(SGSAP_EPS_DETACH_INDICATION, 0);
}

static void after_a_restart_the_directory_knows(void **state)
{
    directory(IMSI1, "gw2");
    down(0, PAGING);
    last_call("PagingReq", "gw2");
    down(0, DOWNLINK);
    last_call("Downlink", "gw2");
    assert_int_equal(up("gw2", UPLINK), ERR_OK); // believed
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

static void the_vlr_of_a_subscriber_outlives_a_restart(void **state)
{
    static const struct {
        const char *hex;
        enum sgsap_type type;
    } rows[] = {{UPLINK, SGSAP_UPLINK_UNITDATA},
                {SERVICE, SGSAP_SERVICE_REQUEST},
                {MO_CSFB, SGSAP_MO_CSFB_INDICATION},
                {LU, SGSAP_LOCATION_UPDATE_REQUEST},
                {EPS_DETACH, SGSAP_EPS_DETACH_INDICATION}};
    registered_with_the_second_vlr();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        restarted();
        assert_int_equal(up("gw1", rows[i].hex), ERR_OK);
        last_sent(rows[i].type, 1); // although the first one is up
    }
}

static void a_message_of_its_vlr_restores_the_record(void **state)
{
    registered_with_the_second_vlr();
    restarted();
    down(1, PAGING);
    last_call("PagingReq", "gw1");
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

static void another_vlr_of_the_pool_pages_and_takes_over(void **state)
{
    for (int after_restart = 0; after_restart < 2; after_restart++) {
        registered_with_the_second_vlr();
        if (after_restart)
            restarted();
        down(0, PAGING);
        last_call("PagingReq", "gw1");
        answer_last(ERR_OK, RPC_OK);
        assert_int_equal(up("gw1", "02" G_IMSI "08010d"), ERR_OK);
        last_sent(SGSAP_PAGING_REJECT, 0); // not the one it is registered with
        assert_int_equal(up("gw1", UPLINK), ERR_OK);
        last_sent(SGSAP_UPLINK_UNITDATA, 1);
        down(0, PAGING);
        answer_last(ERR_RPC_UNREACHABLE, 0);
        last_sent(SGSAP_UE_UNREACHABLE, 0);
        down(1, PAGING);
        assert_int_equal(up("gw1", SERVICE), ERR_OK);
        last_sent(SGSAP_SERVICE_REQUEST, 1); // the other one has had its answer
        down(0, PAGING);
        down(1, PAGING);
        assert_int_equal(up("gw1", SERVICE), ERR_OK);
        last_sent(SGSAP_SERVICE_REQUEST, 1);
        down(0, PAGING);
        assert_int_equal(up("gw1", LU), ERR_OK); // the UE was asked to register anew
        last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 0);
        down(0, ACCEPT);
        assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
        assert_string_equal(world.kept_vlr, VLR1);
        assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    }
}

static void what_has_ended_is_not_restored(void **state)
{
    static const char *const ends[] = {EPS_DETACH, "1b" G_IMSI "080103", REJECT};
    for (size_t i = 0; i < 3; i++) {
        registered("gw1");
        assert_string_equal(world.kept, IMSI1);
        if (i == 0)
            assert_int_equal(up("gw1", ends[i]), ERR_OK);
        if (i == 2)
            assert_int_equal(up("gw1", LU), ERR_OK);
        if (i > 0)
            down(0, ends[i]);
        assert_string_equal(world.kept, "");
        restarted();
        down(0, PAGING);
        assert_int_equal(last_sent(SGSAP_PAGING_REJECT, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    }
}

static void a_vlr_that_is_gone_from_the_settings_is_chosen_anew(void **state)
{
    registered("gw1");
    snprintf(world.kept_vlr, sizeof(world.kept_vlr), "vlr9.example.org");
    restarted();
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 0);
}

static void nobody_knows_the_subscriber(void **state)
{
    down(0, PAGING);
    assert_int_equal(last_sent(SGSAP_PAGING_REJECT, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    down(0, ALERT);
    assert_int_equal(last_sent(SGSAP_ALERT_REJECT, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    down(0, DOWNLINK);
    assert_int_equal(last_sent(SGSAP_STATUS, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    size_t sent = did.n_sent;
    down(0, EPS_DETACH_ACK);
    assert_int_equal(did.n_sent, sent);
    assert_int_equal(did.n_calls, 0);
}

static void an_alert_is_kept_here_while_the_gateway_is_away(void **state)
{
    registered("gw1");
    down(0, ALERT);
    last_call("AlertReq", "gw1");
    answer_last(ERR_RPC_UNREACHABLE, 0);
    last_sent(SGSAP_ALERT_ACK, 0);
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UE_ACTIVITY_INDICATION, 0);
    size_t sent = did.n_sent;
    assert_int_equal(up("gw1", UPLINK), ERR_OK); // once
    assert_int_equal(did.n_sent, sent + 1);
    down(0, ALERT);
    answer_last(ERR_OK, RPC_OK); // now it is the gateway's
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 0);
}

static void an_alert_after_a_restart_is_kept_too(void **state)
{
    directory(IMSI1, "gw1");
    down(0, ALERT);
    answer_last(ERR_RPC_UNREACHABLE, 0);
    last_sent(SGSAP_ALERT_ACK, 0);
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UE_ACTIVITY_INDICATION, 0);
}

static void an_alert_whose_answer_was_not_sent_is_not_forgotten(void **state)
{
    registered("gw1");
    down(0, ALERT);
    answer_last(ERR_RPC_UNREACHABLE, 0);
    sgs_core_vlr_down(core, 0);
    assert_int_equal(up("gw1", UE_ACTIVITY), ERR_CLOSED);
    sgs_core_vlr_up(core, 0);
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UE_ACTIVITY_INDICATION, 0);
}

// ---- what is wrong ----
static void malformed_messages_are_answered_with_status(void **state)
{
    static const struct {
        const char *hex;
        int cause;
    } rows[] = {
        {"7e" G_IMSI, SGSAP_CAUSE_MESSAGE_UNKNOWN},
        {"01" G_IMSI "200102", SGSAP_CAUSE_MISSING_MANDATORY},
        {"07" "0100" "16020904", SGSAP_CAUSE_INVALID_MANDATORY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        down(0, rows[i].hex);
        assert_int_equal(last_sent(SGSAP_STATUS, 0), rows[i].cause);
    }
    size_t sent = did.n_sent;
    down(0, "1d" G_IMSI); // never about a STATUS
    assert_int_equal(did.n_sent, sent);
    assert_int_equal(did.n_calls, 0);
}

static void messages_out_of_state_are_answered_with_status(void **state)
{
    registered("gw1");
    down(0, ACCEPT);
    assert_int_equal(last_sent(SGSAP_STATUS, 0), SGSAP_CAUSE_WRONG_STATE);
}

static void what_a_gateway_may_not_send_is_refused(void **state)
{
    assert_int_equal(up("gw1", "09" G_IMSI), ERR_DECODE_MISSING);
    assert_int_not_equal(up("gw1", RESET_ACK), ERR_OK);
    assert_int_equal(did.n_sent, 0);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_location_update_is_sent_and_its_accept_comes_back),
        CASE(a_reject_is_passed_on_and_forgotten),
        CASE(an_unanswered_location_update_is_forgotten),
        CASE(without_a_vlr_the_gateway_is_told),
        CASE(the_backup_takes_over),
        CASE(there_is_room_for_so_many),
        CASE(detach_ends_it_and_the_acknowledgement_comes_back),
        CASE(the_old_gateway_does_not_detach_who_has_moved),
        CASE(the_acknowledgement_comes_to_who_detached),
        CASE(a_repeated_detach_goes_to_the_same_vlr),
        CASE(a_reject_ends_what_another_gateway_had_registered),
        CASE(paging_reaches_the_gateway_and_its_answer_the_vlr),
        CASE(paging_that_cannot_be_delivered_is_answered),
        CASE(a_request_has_one_answer),
        CASE(the_vlr_that_asked_gets_the_answer),
        CASE(the_old_gateway_does_not_detach_after_a_restart_either),
        CASE(after_a_restart_the_directory_knows),
        CASE(the_vlr_of_a_subscriber_outlives_a_restart),
        CASE(a_message_of_its_vlr_restores_the_record),
        CASE(another_vlr_of_the_pool_pages_and_takes_over),
        CASE(what_has_ended_is_not_restored),
        CASE(a_vlr_that_is_gone_from_the_settings_is_chosen_anew),
        CASE(nobody_knows_the_subscriber),
        CASE(an_alert_is_kept_here_while_the_gateway_is_away),
        CASE(an_alert_after_a_restart_is_kept_too),
        CASE(an_alert_whose_answer_was_not_sent_is_not_forgotten),
        CASE(malformed_messages_are_answered_with_status),
        CASE(messages_out_of_state_are_answered_with_status),
        CASE(what_a_gateway_may_not_send_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
