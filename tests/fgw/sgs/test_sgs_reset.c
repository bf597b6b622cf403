// SPDX-License-Identifier: BSD-3-Clause
// Resets, a VLR's, ours and an access gateway's, without sockets.
#include "stage.h"

static void a_vlr_reset_is_acknowledged_and_told_to_all_gateways(void **state)
{
    static const char *const all[] = {"gw1", "gw2", "gw3"};
    memcpy(world.gateways, all, sizeof(all));
    registered("gw1");
    size_t calls = did.n_calls;
    down(0, RESET);
    last_sent(SGSAP_RESET_ACK, 0);
    assert_int_equal(did.n_calls, calls + 2); // two at a time
    answer_last(ERR_OK, RPC_OK);
    assert_int_equal(did.n_calls, calls + 3);
    sgs_core_called(core, did.calls[calls].ticket, ERR_OK, RPC_OK);
    // one is away or takes too long: told later, so often as the settings say
    answer_last(ERR_OK, RPC_DEADLINE_EXCEEDED);
    assert_int_equal(did.n_calls, calls + 3);
    sgs_core_reset_again(core);
    assert_int_equal(did.n_calls, calls + 4);
    answer_last(ERR_RPC_UNREACHABLE, 0);
    sgs_core_reset_again(core);
    assert_int_equal(did.n_calls, calls + 4);
}

static void calls_that_fail_at_once_are_tried_so_often_too(void **state)
{
    static const char *const all[] = {"gw1", "gw2", "gw3"};
    memcpy(world.gateways, all, sizeof(all));
    did.call_err = ERR_FULL;
    down(0, RESET);
    for (int i = 0; i < 3; i++)
        sgs_core_reset_again(core);
    did.call_err = ERR_OK;
    sgs_core_reset_again(core);
    assert_int_equal(did.n_calls, 0); // all have had their two tries
}

static void give_up(struct base_timer *timer)
{
    base_loop_stop(did.loop);
}

// It went while we were away: what was registered with it is retained.
static void a_vlr_that_never_comes_counts_as_reset_too(void **state)
{
    struct base_timer bound;
    world.gateways[0] = "gw1";
    sgs_core_free(core);
    core = NULL;
    assert_int_equal(base_loop_new("test", 8, &did.loop), ERR_OK);
    base_timer_init(&bound, did.loop, give_up);
    base_timer_start(&bound, 10000);
    assert_int_equal(sgs_core_new(&conf, &ops, NULL, did.loop, &core), ERR_OK);
    sgs_core_vlr_up(core, 0);
    base_loop_run(did.loop);
    base_timer_stop(&bound);
    assert_int_equal(did.n_calls, 1);
    last_call("VLRResetIndication", "gw1");
    sgs_core_free(core);
    core = NULL;
    base_loop_free(did.loop);
}

static void gateways_that_use_the_other_vlr_are_not_told(void **state)
{
    static const char *const all[] = {"gw1", "gw2"};
    memcpy(world.gateways, all, sizeof(all));
    sgs_core_vlr_up(core, 1);
    registered("gw1");
    registered("gw2");
    size_t calls = did.n_calls;
    sgs_core_vlr_lost(core, 1);
    assert_int_equal(did.n_calls, calls);
    sgs_core_vlr_lost(core, 0);
    assert_int_equal(did.n_calls, calls + 2);
}

// What its subscribers use was forgotten; one of them is heard of, the others are not.
static void after_a_restart_a_gateway_may_use_every_vlr(void **state)
{
    world.gateways[0] = "gw1";
    registered("gw1");
    restarted();
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    size_t calls = did.n_calls;
    down(1, RESET);
    assert_int_equal(did.n_calls, calls + 1);
    last_call("VLRResetIndication", "gw1");
}

static void our_reset_is_repeated_until_acknowledged(void **state)
{
    sgs_core_free(core);
    conf.reset_on_start = true;
    assert_int_equal(sgs_core_new(&conf, &ops, NULL, NULL, &core), ERR_OK);
    sgs_core_vlr_up(core, 0);
    last_sent(SGSAP_RESET_INDICATION, 0);
    base_fsm_dispatch(&sgs_core_guard(core, 0)->fsm, SGSAP_GUARD_EXPIRE, NULL);
    assert_int_equal(did.n_sent, 2);
    down(0, RESET_ACK);
    assert_false(sgsap_guard_waiting(sgs_core_guard(core, 0)));
    sgs_core_vlr_down(core, 0);
    sgs_core_vlr_up(core, 0); // the association was lost, we were not
    assert_int_equal(did.n_sent, 2);
}

static void a_gateways_reset_forgets_its_subscribers(void **state)
{
    registered("gw1");
    size_t sent = did.n_sent;
    assert_int_equal(sgs_core_agw_reset(core, "gw1"), ERR_OK);
    last_call("VLRResetAck", "gw1");
    assert_int_equal(state_of(IMSI1), -1);
    assert_int_equal(did.n_sent, sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_vlr_reset_is_acknowledged_and_told_to_all_gateways),
        CASE(calls_that_fail_at_once_are_tried_so_often_too),
        CASE(a_vlr_that_never_comes_counts_as_reset_too),
        CASE(gateways_that_use_the_other_vlr_are_not_told),
        CASE(after_a_restart_a_gateway_may_use_every_vlr),
        CASE(our_reset_is_repeated_until_acknowledged),
        CASE(a_gateways_reset_forgets_its_subscribers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
