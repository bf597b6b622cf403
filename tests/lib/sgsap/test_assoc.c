// SPDX-License-Identifier: BSD-3-Clause
// The SGs association at the MME: the whole matrix of states and events, and the stories of §5.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sgsap/assoc.h"
#include "sgsap/ie.h"

struct ue {
    struct sgsap_assoc assoc;
    struct base_loop *loop;
    int updated, delivered, needed, activity;
    enum sgsap_lu_outcome outcome;
    uint8_t last; // type of the last message delivered
};

static struct ue *ue_of(struct sgsap_assoc *assoc)
{
    return BASE_CONTAINER_OF(assoc, struct ue, assoc);
}

static void on_updated(struct sgsap_assoc *assoc, enum sgsap_lu_outcome outcome,
                       const struct sgsap_msg *msg)
{
    struct ue *ue = ue_of(assoc);
    assert_int_equal(msg == NULL, outcome == SGSAP_LU_TIMED_OUT);
    ue->updated++;
    ue->outcome = outcome;
    if (ue->loop)
        base_loop_stop(ue->loop);
}

static void on_deliver(struct sgsap_assoc *assoc, const struct sgsap_msg *msg)
{
    struct ue *ue = ue_of(assoc);
    ue->delivered++;
    ue->last = msg->type;
}

static void on_needed(struct sgsap_assoc *assoc, const struct sgsap_msg *msg)
{
    ue_of(assoc)->needed++;
}

static void on_activity(struct sgsap_assoc *assoc)
{
    ue_of(assoc)->activity++;
}

static const struct sgsap_assoc_ops ops = {.location_updated = on_updated,
                                           .deliver = on_deliver,
                                           .location_needed = on_needed,
                                           .activity = on_activity};

static void receive(struct ue *ue, enum sgsap_type type, enum err want)
{
    struct sgsap_msg msg;
    sgsap_init(&msg, type);
    assert_int_equal(sgsap_assoc_received(&ue->assoc, &msg), want);
}

static void sending(struct ue *ue, enum sgsap_type type, enum err want)
{
    assert_int_equal(sgsap_assoc_sending(&ue->assoc, type), want);
}

static void begin(struct ue *ue, enum sgsap_assoc_state state)
{
    memset(ue, 0, sizeof(*ue));
    assert_int_equal(sgsap_assoc_init(&ue->assoc, NULL, &sgsap_timers_default, &ops), ERR_OK);
    if (state != SGSAP_ASSOC_NULL)
        sending(ue, SGSAP_LOCATION_UPDATE_REQUEST, ERR_OK);
    if (state == SGSAP_ASSOC_UP)
        receive(ue, SGSAP_LOCATION_UPDATE_ACCEPT, ERR_OK);
    assert_int_equal(sgsap_assoc_state(&ue->assoc), state);
    ue->updated = 0;
}

static void the_table_is_sound(void **state)
{
    char why[128] = "";
    enum err err = base_fsm_check(&sgsap_assoc_fsm, SGSAP_ASSOC_NULL, why, sizeof(why));
    if (err)
        fail_msg("%s", why);
}

// rows: event; columns: SGs-NULL, LA-UPDATE-REQUESTED, SGs-ASSOCIATED.
// '-' refused, '.' stays, 'N' 'R' 'A' goes there
static const char *const matrix[SGSAP_EV_COUNT] = {
    [SGSAP_EV_LU_REQUEST] = "RRR",
    [SGSAP_EV_DETACH] = ".NN",
    [SGSAP_EV_SERVICE] = "-..",
    [SGSAP_EV_ANSWER] = "...",
    [SGSAP_EV_LU_ACCEPT] = "-A-",
    [SGSAP_EV_LU_REJECT] = "-N-",
    [SGSAP_EV_PAGING] = "...",
    [SGSAP_EV_ALERT] = "...",
    [SGSAP_EV_DOWNLINK] = "-..",
    [SGSAP_EV_RELEASE] = "...",
    [SGSAP_EV_STATUS] = "...",
    [SGSAP_EV_TS6_1] = "-N-",
    [SGSAP_EV_VLR_RESET] = "...",
    [SGSAP_EV_UE_ACTIVE] = "...",
};

static void every_event_in_every_state_is_as_drawn(void **state)
{
    static const char letters[] = "NRA";
    for (unsigned st = 0; st < SGSAP_ASSOC_STATES; st++) {
        for (unsigned ev = 0; ev < SGSAP_EV_COUNT; ev++) {
            struct ue ue;
            struct sgsap_msg msg;
            char want = matrix[ev][st];
            begin(&ue, (enum sgsap_assoc_state)st);
            sgsap_init(&msg, SGSAP_RELEASE_REQUEST);
            enum err err = base_fsm_dispatch(&ue.assoc.fsm, ev,
                                             ev == SGSAP_EV_TS6_1 ? NULL : &msg);
            char got = err == ERR_WRONG_STATE ? '-' : letters[ue.assoc.fsm.state];
            if (want == '.')
                want = letters[st];
            if (got != want)
                fail_msg("%s in %s: '%c'", base_fsm_event_name(&sgsap_assoc_fsm, ev),
                         sgsap_assoc_fsm.states[st].name, got);
            sgsap_assoc_fini(&ue.assoc);
        }
    }
}

static void every_message_about_a_ue_is_an_event(void **state)
{
    for (unsigned type = 0; type < 256; type++) {
        const struct sgsap_message *message = sgsap_message_of((uint8_t)type);
        bool mme = sgsap_assoc_event_of((uint8_t)type, SGSAP_MME) != SGSAP_EV_COUNT;
        bool vlr = sgsap_assoc_event_of((uint8_t)type, SGSAP_VLR) != SGSAP_EV_COUNT;
        bool elsewhere = type == SGSAP_RESET_INDICATION || type == SGSAP_RESET_ACK ||
                         type == SGSAP_EPS_DETACH_ACK || type == SGSAP_IMSI_DETACH_ACK;
        if (!message || elsewhere) {
            assert_false(mme || vlr);
            continue;
        }
        assert_int_equal(mme, message->from_mme);
        assert_int_equal(vlr, message->from_vlr);
    }
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_UP);
    receive(&ue, SGSAP_RESET_INDICATION, ERR_INVALID);
    sending(&ue, SGSAP_RESET_ACK, ERR_INVALID);
}

static void a_location_update_is_accepted(void **state)
{
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_NULL);
    sending(&ue, SGSAP_LOCATION_UPDATE_REQUEST, ERR_OK);
    receive(&ue, SGSAP_LOCATION_UPDATE_ACCEPT, ERR_OK);
    assert_int_equal(ue.updated, 1);
    assert_int_equal(ue.outcome, SGSAP_LU_ACCEPTED);
    assert_true(ue.assoc.vlr_reliable);
    sending(&ue, SGSAP_TMSI_REALLOCATION_COMPLETE, ERR_OK);
    receive(&ue, SGSAP_MM_INFORMATION_REQUEST, ERR_OK);
    assert_int_equal(ue.last, SGSAP_MM_INFORMATION_REQUEST);
}

static void a_location_update_is_rejected(void **state)
{
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_REQUESTED);
    receive(&ue, SGSAP_LOCATION_UPDATE_REJECT, ERR_OK);
    assert_int_equal(ue.outcome, SGSAP_LU_REJECTED);
    assert_int_equal(sgsap_assoc_state(&ue.assoc), SGSAP_ASSOC_NULL);
    receive(&ue, SGSAP_LOCATION_UPDATE_ACCEPT, ERR_WRONG_STATE); // the VLR changed its mind
    assert_int_equal(ue.updated, 1);
}

static void a_location_update_times_out_after_ts6_1(void **state)
{
    struct sgsap_timers timers = sgsap_timers_default;
    struct ue ue = {0};
    timers.ts6_1 = 20;
    assert_int_equal(base_loop_new("assoc", 8, &ue.loop), ERR_OK);
    assert_int_equal(sgsap_assoc_init(&ue.assoc, ue.loop, &timers, &ops), ERR_OK);
    sending(&ue, SGSAP_LOCATION_UPDATE_REQUEST, ERR_OK);
    assert_int_equal(base_loop_run(ue.loop), ERR_OK);
    assert_int_equal(ue.outcome, SGSAP_LU_TIMED_OUT);
    assert_int_equal(sgsap_assoc_state(&ue.assoc), SGSAP_ASSOC_NULL);
    sgsap_assoc_fini(&ue.assoc);
    base_loop_free(ue.loop);
}

static void a_short_message_reaches_an_associated_ue_only(void **state)
{
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_NULL);
    receive(&ue, SGSAP_DOWNLINK_UNITDATA, ERR_WRONG_STATE);
    sending(&ue, SGSAP_UPLINK_UNITDATA, ERR_WRONG_STATE);
    assert_int_equal(ue.delivered, 0);

    begin(&ue, SGSAP_ASSOC_UP);
    receive(&ue, SGSAP_PAGING_REQUEST, ERR_OK);
    sending(&ue, SGSAP_SERVICE_REQUEST, ERR_OK);
    receive(&ue, SGSAP_DOWNLINK_UNITDATA, ERR_OK);
    sending(&ue, SGSAP_UPLINK_UNITDATA, ERR_OK);
    receive(&ue, SGSAP_RELEASE_REQUEST, ERR_OK);
    assert_int_equal(ue.delivered, 3);
    assert_int_equal(sgsap_assoc_state(&ue.assoc), SGSAP_ASSOC_UP);
}

static void a_release_that_does_not_know_the_ue_ends_the_association(void **state)
{
    static const struct {
        enum sgsap_cause cause;
        bool ends;
    } table[] = {
        {SGSAP_CAUSE_NORMAL, false},
        {SGSAP_CAUSE_IMSI_UNKNOWN, true},
        {SGSAP_CAUSE_IMSI_DETACHED_EPS_NON_EPS, true}, // osmo: uplink while not associated
        {SGSAP_CAUSE_IMSI_DETACHED_NON_EPS, true},
        {SGSAP_CAUSE_UE_UNREACHABLE, false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ue ue;
        struct sgsap_msg msg;
        begin(&ue, SGSAP_ASSOC_UP);
        sgsap_init(&msg, SGSAP_RELEASE_REQUEST);
        assert_int_equal(sgsap_set_octet(&msg, SGSAP_IE_CAUSE, (uint8_t)table[i].cause), ERR_OK);
        assert_int_equal(sgsap_assoc_received(&ue.assoc, &msg), ERR_OK);
        assert_int_equal(sgsap_assoc_state(&ue.assoc) == SGSAP_ASSOC_NULL, table[i].ends);
        assert_int_equal(ue.needed, table[i].ends);
        assert_int_equal(ue.delivered, !table[i].ends);
    }
}

static void after_a_vlr_reset_an_active_ue_has_to_update(void **state)
{
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_UP);
    assert_int_equal(sgsap_assoc_ue_active(&ue.assoc), ERR_OK);
    assert_int_equal(ue.needed, 0);
    // when the VLR was reset, the association stays, but is not relied on
    assert_int_equal(sgsap_assoc_vlr_reset(&ue.assoc), ERR_OK);
    assert_int_equal(sgsap_assoc_state(&ue.assoc), SGSAP_ASSOC_UP);
    assert_int_equal(ue.needed, 0);
    // then the next sign of life leads to a location update
    assert_int_equal(sgsap_assoc_ue_active(&ue.assoc), ERR_OK);
    assert_int_equal(ue.needed, 1);
    sending(&ue, SGSAP_LOCATION_UPDATE_REQUEST, ERR_OK);
    receive(&ue, SGSAP_LOCATION_UPDATE_ACCEPT, ERR_OK);
    assert_int_equal(sgsap_assoc_ue_active(&ue.assoc), ERR_OK);
    assert_int_equal(ue.needed, 1);
}

static void an_alert_is_answered_by_activity_once(void **state)
{
    for (unsigned st = 0; st < SGSAP_ASSOC_STATES; st++) {
        struct ue ue;
        begin(&ue, (enum sgsap_assoc_state)st);
        receive(&ue, SGSAP_ALERT_REQUEST, ERR_OK);
        assert_int_equal(ue.last, SGSAP_ALERT_REQUEST);
        assert_int_equal(sgsap_assoc_ue_active(&ue.assoc), ERR_OK);
        assert_int_equal(sgsap_assoc_ue_active(&ue.assoc), ERR_OK);
        assert_int_equal(ue.activity, 1);
    }
}

static void a_detached_ue_has_no_association(void **state)
{
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_UP);
    sending(&ue, SGSAP_IMSI_DETACH_INDICATION, ERR_OK);
    assert_int_equal(sgsap_assoc_state(&ue.assoc), SGSAP_ASSOC_NULL);
    receive(&ue, SGSAP_PAGING_REQUEST, ERR_OK); // to be rejected by the owner
    assert_int_equal(ue.last, SGSAP_PAGING_REQUEST);
    sending(&ue, SGSAP_PAGING_REJECT, ERR_OK);

    begin(&ue, SGSAP_ASSOC_REQUESTED);
    sending(&ue, SGSAP_EPS_DETACH_INDICATION, ERR_OK);
    receive(&ue, SGSAP_LOCATION_UPDATE_ACCEPT, ERR_WRONG_STATE);
    assert_int_equal(ue.updated, 0);
}

static void messages_may_cross_a_new_location_update(void **state)
{
    struct ue ue;
    begin(&ue, SGSAP_ASSOC_UP);
    sending(&ue, SGSAP_LOCATION_UPDATE_REQUEST, ERR_OK);
    receive(&ue, SGSAP_PAGING_REQUEST, ERR_OK);
    receive(&ue, SGSAP_DOWNLINK_UNITDATA, ERR_OK);
    assert_int_equal(ue.delivered, 2);
    receive(&ue, SGSAP_LOCATION_UPDATE_ACCEPT, ERR_OK);
}

static void a_stored_association_is_restored(void **state)
{
    struct ue ue = {0};
    assert_int_equal(sgsap_assoc_restore(&ue.assoc, NULL, &sgsap_timers_default, &ops,
                                         SGSAP_ASSOC_UP, false), ERR_OK);
    receive(&ue, SGSAP_PAGING_REQUEST, ERR_OK);
    assert_int_equal(sgsap_assoc_ue_active(&ue.assoc), ERR_OK);
    assert_int_equal(ue.needed, 1);
    assert_int_equal(sgsap_assoc_restore(&ue.assoc, NULL, &sgsap_timers_default, &ops,
                                         SGSAP_ASSOC_REQUESTED, true), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(every_event_in_every_state_is_as_drawn),
        cmocka_unit_test(every_message_about_a_ue_is_an_event),
        cmocka_unit_test(a_location_update_is_accepted),
        cmocka_unit_test(a_location_update_is_rejected),
        cmocka_unit_test(a_location_update_times_out_after_ts6_1),
        cmocka_unit_test(a_short_message_reaches_an_associated_ue_only),
        cmocka_unit_test(a_release_that_does_not_know_the_ue_ends_the_association),
        cmocka_unit_test(after_a_vlr_reset_an_active_ue_has_to_update),
        cmocka_unit_test(an_alert_is_answered_by_activity_once),
        cmocka_unit_test(a_detached_ue_has_no_association),
        cmocka_unit_test(messages_may_cross_a_new_location_update),
        cmocka_unit_test(a_stored_association_is_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
