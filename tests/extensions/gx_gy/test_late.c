// SPDX-License-Identifier: BSD-3-Clause
// Answers that come after Tx: no session may stay open at a server that nobody has.
#include "cases.h"
#include "rpc/status.h"

#define MOVES "gy = { session_failover = true; host = \"ocs1.example.org\"; alternate = \"b.net\"; "
#define RETRY MOVES "failure_handling = \"retry-and-terminate\"; };"

// CreateSession up to the OCS's silence: request 0 is Gx, 1 is Gy.
static void lost(const char *settings)
{
    kit_settings(settings);
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_fail(1, ERR_TIMEOUT);
}

static void assert_ends(size_t i, const char *session, const char *host)
{
    assert_int_equal(world.n_sent, i + 1);
    ASSERT_VALUE(SENT(i), session, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(i), "3", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(i), "1", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(i), "4", AVP_TERMINATION_CAUSE);
    ASSERT_VALUE(SENT(i), host, AVP_DESTINATION_HOST);
    ASSERT_VALUE(SENT(i), "late.example.org", AVP_DESTINATION_REALM);
    assert_true(kit_count(SENT(i), AVP_SUBSCRIPTION_ID) > 0);
    assert_null(VALUE(SENT(i), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL));
    kit_answer(i, 2001, "");
}

static void test_a_session_that_was_refused_is_ended_at_the_ocs(void **state)
{
    lost("");
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
    kit_answer(2, 2001, ""); // Gx is undone
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_ends(3, GY_SESSION, "ocs1.example.org");
    kit_late(1, 2001, "ocs1.example.org", GRANT_7); // once
    assert_int_equal(world.n_sent, 4);
    assert_int_equal(world.call.replies, 1);
}

static void test_a_session_that_goes_on_without_the_ocs_is_ended_there(void **state)
{
    lost("gy = { failure_handling = \"continue\"; };");
    assert_int_equal(world.call.status, RPC_OK);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_ends(2, GY_SESSION, "ocs1.example.org");
}

static void test_a_session_that_was_refused_is_ended_at_the_pcrf(void **state)
{
    create();
    kit_fail(0, ERR_TIMEOUT);
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
    kit_late(0, 2001, "pcrf1.example.org", CHARGED_RULES);
    assert_ends(1, GX_SESSION, "pcrf1.example.org");
    kit_late(0, 2001, "pcrf1.example.org", CHARGED_RULES);
    assert_int_equal(world.n_sent, 2);
}

static void test_an_end_that_is_not_answered_is_sent_again(void **state)
{
    create();
    kit_fail(0, ERR_TIMEOUT);
    kit_late(0, 2001, "pcrf1.example.org", "");
    kit_fail(1, ERR_TIMEOUT);
    kit_answer(2, 2001, "");
    ASSERT_VALUE(SENT(2), "pcrf1.example.org", AVP_DESTINATION_HOST);
    assert_int_equal(world.n_sent, 3);
}

static void test_failures_that_come_late_open_nothing(void **state)
{
    lost("");
    kit_answer(2, 2001, "");
    kit_late(1, 4012, "ocs1.example.org", "");
    kit_late(1, 3004, "ocs1.example.org", "");
    assert_int_equal(world.n_sent, 3);
    kit_late(1, 2001, "ocs1.example.org", ""); // and change nothing
    assert_ends(3, GY_SESSION, "ocs1.example.org");
}

// The session is at the alternate; what the first one may say then.
static void test_a_session_that_has_moved(void **state)
{
    static const struct {
        const char *settings, *host, *avps;
        bool ends;
    } cases[] = {
        {RETRY, "ocs1.example.org", GRANT_7, true},
        // the servers share their sessions: it would end the one that is in use
        {RETRY, "ocs1.example.org", GRANT_7 FAILOVER_SUPPORTED, false},
        {MOVES "failure_handling = \"continue\"; shared_sessions = true; };", "ocs1.example.org",
         GRANT_7, false},
        {RETRY, "ocs1.EXAMPLE.org", GRANT_7, true},
        {RETRY, "b.net", GRANT_7, false}, // the alternate, again
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        lost(cases[i].settings);
        ASSERT_VALUE(SENT(2), "b.net", AVP_DESTINATION_HOST);
        world.origin_host = "b.net";
        kit_answer(2, 2001, GRANT_7);
        assert_int_equal(world.call.status, RPC_OK);
        kit_late(1, 2001, cases[i].host, cases[i].avps);
        if (cases[i].ends)
            assert_ends(3, GY_SESSION, cases[i].host);
        assert_int_equal(world.n_sent, cases[i].ends ? 4 : 3);
    }
}

// RFC 8506 7, PendingI: a successful answer is one, whichever server it is from.
static void test_a_late_answer_counts_while_the_alternate_is_asked(void **state)
{
    lost(RETRY);
    assert_int_equal(world.call.replies, 0);
    kit_late(1, 3004, "ocs1.example.org", ""); // but not a failure
    assert_int_equal(world.call.replies, 0);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    const Magma__Lte__CreateSessionResponse *r =
        kit_reply(&magma__lte__create_session_response__descriptor);
    assert_int_equal(r->credits[0]->credit->granted_units->total->volume, 0x200000);
    assert_string_equal(r->tgpp_ctx->gy_dest_host, "ocs1.example.org");
    kit_late(2, 2001, "b.net", GRANT_7); // now that one has a session for nobody
    assert_ends(3, GY_SESSION, "b.net");
}

static void test_two_servers_that_both_answer_too_late(void **state)
{
    lost(RETRY);
    kit_fail(2, ERR_TIMEOUT);
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
    kit_answer(3, 2001, ""); // Gx is undone
    kit_late(2, 2001, "b.net", GRANT_7);
    assert_ends(4, GY_SESSION, "b.net");
    kit_late(2, 2001, "b.net", GRANT_7);
    assert_int_equal(world.n_sent, 5);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_ends(5, GY_SESSION, "ocs1.example.org");
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_int_equal(world.n_sent, 6);
}

// A peer that hangs: the stack takes the request back and sends it to another; then it wakes up.
static void test_a_request_that_the_stack_has_moved(void **state)
{
    create();
    world.moved = true;
    kit_answer(0, 2001, "");
    assert_int_equal(world.call.status, RPC_OK);
    kit_late(0, 2001, "pcrf9.example.org", "");
    assert_ends(1, GX_SESSION, "pcrf9.example.org");
    // and one that wakes up before the other has answered
    create();
    kit_late(2, 2001, "pcrf9.example.org", "");
    const Magma__Lte__CreateSessionResponse *r =
        kit_reply(&magma__lte__create_session_response__descriptor);
    assert_string_equal(r->tgpp_ctx->gx_dest_host, "pcrf9.example.org");
    kit_late(2, 2001, "pcrf1.example.org", "");
    assert_ends(3, GX_SESSION, "pcrf1.example.org");
}

static void test_an_answer_that_comes_twice_ends_nothing(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_answer(1, 2001, GRANT_7);
    kit_late(0, 2001, "pcrf1.example.org", CHARGED_RULES);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_int_equal(world.n_sent, 2);
}

static void test_a_session_that_has_begun_anew_is_left(void **state)
{
    create();
    kit_fail(0, ERR_TIMEOUT);
    create(); // under the same name
    kit_late(0, 2001, "pcrf1.example.org", "");
    assert_int_equal(world.n_sent, 2);
    kit_answer(1, 2001, "");
    kit_late(0, 2001, "pcrf1.example.org", "");
    assert_int_equal(world.n_sent, 2);
}

// ---- sessions that began without the OCS ----
static struct {
    Magma__Lte__UpdateSessionRequest request;
    Magma__Lte__CreditUsageUpdate credit, *credits[1];
    Magma__Lte__CreditUsage usage;
    Magma__Lte__CommonSessionContext common;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__TgppContext tgpp;
} u;

static void update(const char *ocs)
{
    magma__lte__update_session_request__init(&u.request);
    magma__lte__credit_usage_update__init(&u.credit);
    magma__lte__credit_usage__init(&u.usage);
    magma__lte__common_session_context__init(&u.common);
    magma__lte__subscriber_id__init(&u.sid);
    magma__lte__tgpp_context__init(&u.tgpp);
    u.request.updates = u.credits;
    u.request.n_updates = 1;
    u.credits[0] = &u.credit;
    u.credit.session_id = TEXT(SESSION);
    u.credit.request_number = 1;
    u.credit.usage = &u.usage;
    u.credit.common_context = &u.common;
    u.credit.tgpp_ctx = &u.tgpp;
    u.tgpp.gy_dest_host = TEXT(ocs);
    u.usage.charging_key = 7;
    u.usage.bytes_rx = 9;
    u.common.sid = &u.sid;
    u.common.apn = TEXT("internet");
    u.sid.id = TEXT("IMSI" IMSI);
    kit_call("UpdateSession", &u.request.base);
}

static void test_a_late_beginning_that_is_lost_too(void **state)
{
    update(""); // becomes CCR-I
    ASSERT_VALUE(SENT(0), "1", AVP_CC_REQUEST_TYPE);
    kit_fail(0, ERR_TIMEOUT);
    kit_late(0, 2001, "ocs1.example.org", GRANT_7);
    assert_ends(1, GY_SESSION, "ocs1.example.org");
}

static void test_a_late_beginning_takes_up_what_was_lost(void **state)
{
    lost("gy = { failure_handling = \"continue\"; };");
    update("");
    kit_late(1, 2001, "ocs1.example.org", GRANT_7); // the OCS may mean the new one as well
    kit_answer(2, 2001, GRANT_7);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_int_equal(world.n_sent, 3);
}

static void test_a_session_that_the_ocs_has_taken_up_meanwhile_is_left(void **state)
{
    lost("gy = { failure_handling = \"continue\"; late_open = false; };");
    update("");
    ASSERT_VALUE(SENT(2), "2", AVP_CC_REQUEST_TYPE);
    kit_answer(2, 2001, GRANT_7);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    assert_int_equal(world.n_sent, 3);
}

static void terminate(void)
{
    Magma__Lte__SessionTerminateRequest request = MAGMA__LTE__SESSION_TERMINATE_REQUEST__INIT;
    Magma__Lte__CommonSessionContext common = MAGMA__LTE__COMMON_SESSION_CONTEXT__INIT;
    Magma__Lte__SubscriberID sid = MAGMA__LTE__SUBSCRIBER_ID__INIT;
    Magma__Lte__CreditUsage usage = MAGMA__LTE__CREDIT_USAGE__INIT, *usages[] = {&usage};
    request.session_id = TEXT(SESSION);
    request.request_number = 1;
    request.common_context = &common;
    common.sid = &sid;
    sid.id = TEXT("IMSI" IMSI);
    request.credit_usages = usages;
    request.n_credit_usages = 1;
    kit_call("TerminateSession", &request.base);
}

static void test_a_session_that_has_ended_at_the_ocs_ends_once(void **state)
{
    static const struct {
        uint32_t result;
        bool ends;
    } cases[] = {{2001, false}, {5002, true}}; // 5002: the CCR-I was overtaken
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        lost("gy = { failure_handling = \"continue\"; };");
        terminate(); // 2 and 3 are CCR-T
        kit_answer(2, 2001, "");
        kit_answer(3, cases[i].result, "");
        kit_late(1, 2001, "ocs1.example.org", GRANT_7);
        if (cases[i].ends)
            assert_ends(4, GY_SESSION, "ocs1.example.org");
        assert_int_equal(world.n_sent, cases[i].ends ? 5 : 4);
    }
}

static void test_an_update_that_is_answered_late(void **state)
{
    update("ocs1.example.org");
    kit_fail(0, ERR_TIMEOUT);
    kit_late(0, 2001, "ocs1.example.org", GRANT_7); // reported again under its number
    assert_int_equal(world.n_sent, 1);
    kit_settings(RETRY);
    update("ocs1.example.org");
    kit_fail(1, ERR_TIMEOUT);
    ASSERT_VALUE(SENT(2), "b.net", AVP_DESTINATION_HOST);
    kit_late(1, 2001, "ocs1.example.org", GRANT_7); // in time for the caller
    const Magma__Lte__UpdateSessionResponse *r =
        kit_reply(&magma__lte__update_session_response__descriptor);
    assert_true(r->responses[0]->success);
    assert_int_equal(r->responses[0]->credit->granted_units->total->volume, 0x200000);
    kit_late(2, 2001, "b.net", GRANT_7);
    assert_int_equal(world.n_sent, 3);
}

static void test_nobody_is_mixed_up(void **state)
{
    lost("");
    kit_answer(2, 2001, "");
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(SENT(1), &hdr), 0);
    hdr->msg_eteid ^= 1; // another request of the same session
    kit_late(1, 2001, "ocs1.example.org", GRANT_7);
    kit_late(0, 2001, "pcrf1.example.org", ""); // and one that was answered
    assert_int_equal(world.n_sent, 3);
}

static void test_only_so_many_are_remembered(void **state)
{
    enum { MOST = 20000 };
    create(); // the oldest
    kit_fail(0, ERR_TIMEOUT);
    for (int i = 0; i < MOST; i++) {
        struct create c;
        char name[64];
        if (i > 0)
            fd_msg_free(SENT(1));
        world.n_sent = 1;
        create_init(&c);
        snprintf(name, sizeof(name), "IMSI" IMSI "-x%d", i);
        c.request.session_id = name;
        kit_call("CreateSession", &c.request.base);
        kit_fail(1, ERR_TIMEOUT);
    }
    kit_late(0, 2001, "pcrf1.example.org", "");
    assert_int_equal(world.n_sent, 2);
    kit_late(1, 2001, "pcrf1.example.org", "");
    assert_int_equal(world.n_sent, 3);
    kit_answer(2, 2001, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_session_that_was_refused_is_ended_at_the_ocs),
        CASE(test_a_session_that_goes_on_without_the_ocs_is_ended_there),
        CASE(test_a_session_that_was_refused_is_ended_at_the_pcrf),
        CASE(test_an_end_that_is_not_answered_is_sent_again),
        CASE(test_failures_that_come_late_open_nothing),
        CASE(test_a_session_that_has_moved),
        CASE(test_a_late_answer_counts_while_the_alternate_is_asked),
        CASE(test_two_servers_that_both_answer_too_late),
        CASE(test_a_request_that_the_stack_has_moved),
        CASE(test_an_answer_that_comes_twice_ends_nothing),
        CASE(test_a_session_that_has_begun_anew_is_left),
        CASE(test_a_late_beginning_that_is_lost_too),
        CASE(test_a_late_beginning_takes_up_what_was_lost),
        CASE(test_a_session_that_the_ocs_has_taken_up_meanwhile_is_left),
        CASE(test_a_session_that_has_ended_at_the_ocs_ends_once),
        CASE(test_an_update_that_is_answered_late),
        CASE(test_nobody_is_mixed_up),
        CASE(test_only_so_many_are_remembered),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
