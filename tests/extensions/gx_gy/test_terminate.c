// SPDX-License-Identifier: BSD-3-Clause
// TerminateSession: the last reports, and calls that come twice.
#include "cases.h"
#include "rpc/status.h"

static struct {
    Magma__Lte__SessionTerminateRequest request;
    Magma__Lte__CommonSessionContext common;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__TgppContext tgpp;
    Magma__Lte__CreditUsage usage, *usages[1];
    Magma__Lte__UsageMonitorUpdate monitor, *monitors[1];
} t;

static int begin(void **state)
{
    memset(&t, 0, sizeof(t));
    magma__lte__session_terminate_request__init(&t.request);
    magma__lte__common_session_context__init(&t.common);
    magma__lte__subscriber_id__init(&t.sid);
    magma__lte__tgpp_context__init(&t.tgpp);
    magma__lte__credit_usage__init(&t.usage);
    magma__lte__usage_monitor_update__init(&t.monitor);
    t.request.session_id = TEXT(SESSION);
    t.request.request_number = 9;
    t.request.common_context = &t.common;
    t.request.tgpp_ctx = &t.tgpp;
    t.common.sid = &t.sid;
    t.common.apn = TEXT("internet");
    t.sid.id = TEXT("IMSI" IMSI);
    t.tgpp.gx_dest_host = TEXT("pcrf1.example.org");
    t.tgpp.gy_dest_host = TEXT("ocs1.example.org");
    t.usages[0] = &t.usage;
    t.usage.charging_key = 7;
    t.usage.bytes_tx = 5;
    t.usage.bytes_rx = 6;
    t.monitors[0] = &t.monitor;
    t.monitor.monitoring_key = BYTES("mk1");
    t.monitor.bytes_tx = 3;
    return kit_setup(state);
}

static void call(void)
{
    kit_call("TerminateSession", &t.request.base);
}

static void ended(void)
{
    const Magma__Lte__SessionTerminateResponse *r =
        kit_reply(&magma__lte__session_terminate_response__descriptor);
    assert_string_equal(r->session_id, SESSION);
    assert_string_equal(r->sid, "IMSI" IMSI);
}

static void test_the_last_reports(void **state)
{
    t.request.credit_usages = t.usages;
    t.request.n_credit_usages = 1;
    t.request.monitor_usages = t.monitors;
    t.request.n_monitor_usages = 1;
    call();
    assert_int_equal(world.n_sent, 2);
    ASSERT_VALUE(SENT(0), GX_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(0), "3", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(0), "9", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(0), "1", AVP_TERMINATION_CAUSE);
    ASSERT_VALUE(SENT(0), "mk1", AVP_USAGE_MONITORING_INFORMATION, AVP_MONITORING_KEY);
    ASSERT_VALUE(SENT(1), GY_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(1), "1", AVP_TERMINATION_CAUSE);
    ASSERT_VALUE(SENT(1), "11", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_USED_SERVICE_UNIT,
                 AVP_CC_TOTAL_OCTETS);
    ASSERT_VALUE(SENT(1), "2", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_REPORTING_REASON);
    assert_null(VALUE(SENT(1), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_REQUESTED_SERVICE_UNIT));
    kit_answer(1, 2001, "");
    assert_int_equal(world.call.replies, 0);
    kit_answer(0, 2001, "");
    ended();
}

static void test_twice_is_no_failure(void **state)
{
    call();
    kit_answer(0, 5002, "");
    kit_answer(1, 5002, "");
    ended();
}

static void test_without_gy_the_ocs_is_not_told(void **state)
{
    t.tgpp.gy_dest_host = TEXT("");
    call();
    assert_int_equal(world.n_sent, 1);
    kit_answer(0, 2001, "");
    ended();
}

static void test_switched_off_nobody_is_told(void **state)
{
    kit_settings("apns = ( { apn = \"internet\"; gx = false; gy = false; } );");
    call();
    assert_int_equal(world.n_sent, 0);
    ended();
}

static void test_the_last_report_is_sent_again(void **state)
{
    struct msg_hdr *hdr;
    call();
    kit_answer(0, 2001, "");
    kit_fail(1, ERR_TIMEOUT);
    assert_int_equal(world.n_sent, 3);
    ASSERT_VALUE(SENT(2), "9", AVP_CC_REQUEST_NUMBER);
    assert_int_equal(fd_msg_hdr(SENT(2), &hdr), 0);
    assert_true(hdr->msg_flags & CMD_FLAG_RETRANSMIT);
    kit_fail(2, ERR_TIMEOUT);
    kit_answer(3, 2001, "");
    ended();
}

static void test_a_lost_report_is_told(void **state)
{
    kit_settings("gy = { terminate_tries = 1; };");
    call();
    kit_answer(0, 2001, "");
    kit_fail(1, ERR_TIMEOUT);
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
}

static void test_a_refused_report_is_none(void **state)
{
    call();
    kit_answer(0, 5012, "");
    kit_answer(1, 5031, "");
    ended();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_last_reports),
        CASE(test_twice_is_no_failure),
        CASE(test_without_gy_the_ocs_is_not_told),
        CASE(test_switched_off_nobody_is_told),
        CASE(test_the_last_report_is_sent_again),
        CASE(test_a_lost_report_is_told),
        CASE(test_a_refused_report_is_none),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
