// SPDX-License-Identifier: BSD-3-Clause
// One-time events: CCR-E, and RFC 8506's state machine of them. AVPs as in cases.h.
#include "cases.h"
#include "proto/event_charging.pb-c.h"
#include "rpc/status.h"

#define GRANT_EVENT                                                                                \
    "000001c84000004c000001af40000018000001a1400000100000000000000001000001b74000000c0000"         \
    "00050000010c4000000c000007d1000007e6c0000013000028af7265636569707400"

#define REFUSED_EVENT "000001c840000020000001b74000000c000000050000010c4000000c00000fac"

#define PRICE                                                                                      \
    "000001a740000044000001bd40000024000001bf400000100000000000000096000001ad4000000cffff"         \
    "fffe000001a94000000c000003d2000001a84000000a4d420000"

#define BALANCE                                                                                    \
    "000001a64000000c00000001000007e4c0000010000028af00000001000007e5c000003c000028af0000"         \
    "01bd40000024000001bf400000100000000000000005000001ad4000000c00000000000001a94000000c"         \
    "000003d2"

#define DEBITING_CONTINUE "000001ac4000000c00000001"

#define CHARGE "/fgw.charging.EventCharging/Charge"
#define EVENT_SESSION "fgw.example.org;0;2;agw1;event:order77"

typedef Fgw__Charging__EventRequest Request;
typedef Fgw__Charging__EventResponse Response;

static struct {
    Request request;
    Fgw__Charging__EventService service, *services[1];
    Magma__Lte__ServiceIdentifier id;
    Magma__Lte__CommonSessionContext common;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__RequestedUnits units;
    Magma__Lte__Money money;
    Magma__Lte__TgppContext tgpp;
} e;

static int begin(void **state)
{
    memset(&e, 0, sizeof(e));
    fgw__charging__event_request__init(&e.request);
    fgw__charging__event_service__init(&e.service);
    magma__lte__service_identifier__init(&e.id);
    magma__lte__common_session_context__init(&e.common);
    magma__lte__subscriber_id__init(&e.sid);
    magma__lte__requested_units__init(&e.units);
    magma__lte__money__init(&e.money);
    magma__lte__tgpp_context__init(&e.tgpp);
    e.request.event_id = TEXT("order77");
    e.request.services = e.services;
    e.request.n_services = 1;
    e.services[0] = &e.service;
    e.service.service_identifier = &e.id;
    e.id.value = 5;
    e.request.subscriber = &e.common;
    e.common.sid = &e.sid;
    e.common.apn = TEXT("internet");
    e.sid.id = TEXT("IMSI" IMSI);
    e.request.time_unix = 1800000000;
    return kit_setup(state);
}

static void charge(void)
{
    kit_call(CHARGE, &e.request.base);
}

static Response *reply(void)
{
    return kit_reply(&fgw__charging__event_response__descriptor);
}

static bool is_repeated(size_t i)
{
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(SENT(i), &hdr), 0);
    return hdr->msg_flags & CMD_FLAG_RETRANSMIT;
}

#define MSCC AVP_MULTIPLE_SERVICES_CREDIT_CONTROL

static void test_an_event_is_debited(void **state)
{
    charge();
    ASSERT_VALUE(SENT(0), EVENT_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(0), "4", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(0), "0", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(0), "0", AVP_REQUESTED_ACTION);
    ASSERT_VALUE(SENT(0), "5", MSCC, AVP_SERVICE_IDENTIFIER);
    ASSERT_VALUE(SENT(0), "1", MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_SERVICE_SPECIFIC_UNITS);
    assert_null(VALUE(SENT(0), AVP_MULTIPLE_SERVICES_INDICATOR));
    assert_null(VALUE(SENT(0), MSCC, AVP_USED_SERVICE_UNIT));
    assert_false(is_repeated(0));
    kit_answer(0, 2001, GRANT_EVENT);
    const Response *r = reply();
    assert_true(r->granted);
    assert_false(r->repeat);
    assert_int_equal(r->result_code, 2001);
    assert_int_equal(r->services[0]->service_identifier->value, 5);
    assert_int_equal(r->services[0]->credit->granted_service_units, 1);
    assert_memory_equal(r->refund_information[0].data, "receipt", 7);
    assert_string_equal(world.interface, "gy");
    assert_string_equal(world.procedure, "CCR-E");
}

static void test_money_is_asked_for_alone(void **state)
{
    e.money.value_digits = 150;
    e.money.exponent = -2;
    e.money.currency_code = 978;
    e.service.money = &e.money;
    charge();
    ASSERT_VALUE(SENT(0), "150", MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_MONEY, AVP_UNIT_VALUE,
                 AVP_VALUE_DIGITS);
    ASSERT_VALUE(SENT(0), "978", MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_MONEY, AVP_CURRENCY_CODE);
    assert_null(VALUE(SENT(0), MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_SERVICE_SPECIFIC_UNITS));
    kit_answer(0, 2001, GRANT_EVENT);
}

// An OCS that does not know Requested-Service-Unit still has to know the amount of money.
static void test_money_is_asked_for_where_units_are_not(void **state)
{
    kit_settings("gy = { requested_units = \"none\"; };");
    e.money.value_digits = 150;
    e.service.money = &e.money;
    e.units.service_units = 2;
    e.service.units = &e.units;
    charge();
    ASSERT_VALUE(SENT(0), "150", MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_MONEY, AVP_UNIT_VALUE,
                 AVP_VALUE_DIGITS);
    assert_null(VALUE(SENT(0), MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_SERVICE_SPECIFIC_UNITS));
    kit_answer(0, 2001, GRANT_EVENT);
    assert_true(reply()->granted);
}

static void test_a_refund_names_what_was_debited(void **state)
{
    e.request.action = FGW__CHARGING__ACTION__REFUND_ACCOUNT;
    e.service.refund_information = BYTES("receipt");
    charge();
    ASSERT_VALUE(SENT(0), "1", AVP_REQUESTED_ACTION);
    ASSERT_VALUE(SENT(0), "receipt", MSCC, AVP_REFUND_INFORMATION);
    kit_answer(0, 2001, "");
    assert_true(reply()->granted);
}

static void test_a_price_and_a_balance(void **state)
{
    e.request.action = FGW__CHARGING__ACTION__PRICE_ENQUIRY;
    charge();
    ASSERT_VALUE(SENT(0), "3", AVP_REQUESTED_ACTION);
    kit_answer(0, 2001, PRICE);
    const Response *r = reply();
    assert_int_equal(r->cost->value_digits, 150);
    assert_int_equal(r->cost->exponent, -2);
    assert_int_equal(r->cost->currency_code, 978);
    assert_string_equal(r->cost_unit, "MB");
    e.request.action = FGW__CHARGING__ACTION__CHECK_BALANCE;
    charge();
    kit_answer(1, 2001, BALANCE);
    r = reply();
    assert_true(r->enough_credit_present_case);
    assert_false(r->enough_credit);
    assert_true(r->low_balance);
    assert_int_equal(r->remaining_balance->value_digits, 5);
}

static void test_a_service_that_is_refused(void **state)
{
    charge();
    kit_answer(0, 2001, REFUSED_EVENT);
    const Response *r = reply();
    assert_false(r->granted);
    assert_int_equal(r->result_code, 4012);
}

// RFC 8506 clause 7, client, event based: state PendingE.
static void test_when_the_ocs_fails_the_event(void **state)
{
    enum { DEBIT, REFUND, BALANCE_, PRICE_ };
    enum { TX = 1, LOST, BUSY = 3004, FAILED = 5031, DENIED = 4010, UNKNOWN = 5030, FREE = 4011 };
    static const struct {
        int action;
        bool go_on; // Direct-Debiting-Failure-Handling CONTINUE
        uint32_t fault;
        int granted, repeat; // -1: the call fails
    } cases[] = {
        {DEBIT, false, TX, 1, 1},       {DEBIT, false, LOST, 1, 1},   {DEBIT, false, BUSY, 0, 0},
        {DEBIT, false, FAILED, 0, 0},   {DEBIT, false, DENIED, 0, 0}, {DEBIT, false, UNKNOWN, 0, 0},
        {DEBIT, false, FREE, 1, 0},     {DEBIT, true, TX, 1, 0},      {DEBIT, true, LOST, 1, 0},
        {DEBIT, true, BUSY, 1, 0},      {DEBIT, true, FAILED, 1, 0},  {DEBIT, true, DENIED, 0, 0},
        {DEBIT, true, UNKNOWN, 0, 0},   {REFUND, false, TX, 0, 1},    {REFUND, false, LOST, 0, 1},
        {REFUND, false, BUSY, 0, 1},    {REFUND, true, FAILED, 0, 0}, {BALANCE_, true, TX, -1, 0},
        {BALANCE_, true, LOST, -1, 0},  {PRICE_, true, BUSY, 0, 0},   {PRICE_, true, FAILED, 0, 0},
        {DEBIT, true, FREE, 1, 0},      {REFUND, true, DENIED, 0, 0}, {REFUND, true, UNKNOWN, 0, 0},
        {REFUND, true, FREE, 0, 0},     {BALANCE_, true, FREE, 0, 0}, {BALANCE_, true, BUSY, 0, 0},
        {BALANCE_, true, DENIED, 0, 0}, {PRICE_, true, TX, -1, 0},    {PRICE_, true, LOST, -1, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_teardown(NULL);
        begin(NULL);
        if (cases[i].go_on)
            kit_settings("gy = { direct_debiting = \"continue\"; };");
        e.request.action = (Fgw__Charging__Action)cases[i].action;
        charge();
        if (cases[i].fault > LOST)
            kit_answer(0, cases[i].fault, "");
        else
            kit_fail(0, cases[i].fault == TX ? ERR_TIMEOUT : ERR_DIA_NO_PEER);
        assert_int_equal(world.n_sent, 1);
        if (cases[i].granted < 0) {
            assert_int_not_equal(world.call.status, RPC_OK);
            continue;
        }
        const Response *r = reply();
        assert_int_equal(r->granted, cases[i].granted);
        assert_int_equal(r->repeat, cases[i].repeat);
        assert_int_equal(r->result_code, cases[i].fault > LOST ? cases[i].fault : 0);
    }
}

static void test_the_ocs_says_what_its_failure_means(void **state)
{
    charge();
    kit_answer(0, 2001, GRANT_EVENT DEBITING_CONTINUE);
    e.request.tgpp_ctx = reply()->tgpp_ctx; // as the caller keeps it
    assert_int_equal(e.request.tgpp_ctx->gy_direct_debiting, 2);
    e.request.event_id = TEXT("order78");
    charge();
    ASSERT_VALUE(SENT(1), "ocs1.example.org", AVP_DESTINATION_HOST);
    kit_fail(1, ERR_TIMEOUT);
    const Response *r = reply();
    assert_true(r->granted);
    assert_false(r->repeat);
}

// The OCS tells a duplicate by Session-Id, number and T flag, and debits once (RFC 8506 6.5).
static void test_a_repetition_is_the_same_request_with_the_t_flag(void **state)
{
    charge();
    kit_fail(0, ERR_TIMEOUT);
    assert_true(reply()->repeat);
    e.request.repetition = true;
    charge();
    assert_true(is_repeated(1));
    assert_false(world.sent[1].options.no_failover); // the stack would keep it back otherwise
    ASSERT_VALUE(SENT(1), EVENT_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(1), "0", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(1), VALUE(SENT(0), AVP_EVENT_TIMESTAMP), AVP_EVENT_TIMESTAMP);
    kit_answer(1, 2001, GRANT_EVENT);
    assert_true(reply()->granted);
}

// RFC 8506 6.5: events may go to the alternate, whatever becomes of sessions.
static void test_what_the_alternate_says(void **state)
{
    enum { DEBIT, REFUND, BALANCE_, PRICE_ };
    enum { TX = 1, LOST, GOOD = 2001, BUSY = 3004, FAILED = 5031, DENIED = 4010, FREE = 4011 };
    static const struct {
        int action;
        bool go_on;
        uint32_t first, second;
        int granted, repeat; // -1: the call fails
    } cases[] = {
        {DEBIT, false, TX, GOOD, 1, 0},
        {DEBIT, false, LOST, GOOD, 1, 0},
        {DEBIT, false, BUSY, GOOD, 1, 0},
        {REFUND, false, TX, GOOD, 1, 0},
        {BALANCE_, false, BUSY, GOOD, 1, 0},
        {PRICE_, false, LOST, GOOD, 1, 0},
        {DEBIT, false, TX, TX, 1, 1},
        {DEBIT, false, TX, LOST, 1, 1},
        // the first one may have charged it, whatever the second one says of itself
        {DEBIT, false, TX, BUSY, 1, 1},
        {DEBIT, false, LOST, BUSY, 1, 1},
        {DEBIT, false, BUSY, TX, 1, 1},
        {DEBIT, false, BUSY, BUSY, 0, 0},
        {DEBIT, false, TX, FAILED, 0, 0},
        {DEBIT, false, TX, DENIED, 0, 0},
        {DEBIT, false, TX, FREE, 1, 0},
        {DEBIT, true, TX, BUSY, 1, 0},
        {DEBIT, true, TX, FAILED, 1, 0},
        {DEBIT, true, BUSY, DENIED, 0, 0},
        {REFUND, false, TX, BUSY, 0, 1},
        {REFUND, false, TX, FAILED, 0, 0},
        {BALANCE_, false, TX, TX, -1, 0},
        {PRICE_, true, TX, BUSY, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const uint32_t ways[] = {cases[i].first, cases[i].second};
        kit_teardown(NULL);
        begin(NULL);
        kit_settings(cases[i].go_on ? "gy = { host = \"a.net\"; alternate = \"b.net\"; "
                                      "direct_debiting = \"continue\"; };"
                                    : "gy = { host = \"a.net\"; alternate = \"b.net\"; };");
        e.request.action = (Fgw__Charging__Action)cases[i].action;
        charge();
        for (size_t k = 0; k < 2; k++) {
            ASSERT_VALUE(SENT(k), k ? "b.net" : "a.net", AVP_DESTINATION_HOST);
            assert_int_equal(is_repeated(k), k);
            if (ways[k] > LOST)
                kit_answer(k, ways[k], "");
            else
                kit_fail(k, ways[k] == TX ? ERR_TIMEOUT : ERR_DIA_PEER_LOST);
        }
        assert_int_equal(world.n_sent, 2);
        if (cases[i].granted < 0) {
            assert_int_not_equal(world.call.status, RPC_OK);
            continue;
        }
        const Response *r = reply();
        assert_int_equal(r->granted, cases[i].granted);
        assert_int_equal(r->repeat, cases[i].repeat);
    }
}

// RFC 8506 7, PendingB: what is kept is kept until the OCS has said yes or no.
static void test_what_was_kept_is_repeated_until_the_ocs_says(void **state)
{
    static const struct {
        uint32_t result; // 0: none
        bool granted, repeat;
    } cases[] = {{2001, true, false},
                 {5031, false, false},
                 {4010, false, false},
                 {3004, true, true},
                 {0, true, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_teardown(NULL);
        begin(NULL);
        e.request.repetition = true;
        charge();
        assert_true(is_repeated(0));
        if (cases[i].result)
            kit_answer(0, cases[i].result, "");
        else
            kit_fail(0, ERR_DIA_NO_PEER);
        const Response *r = reply();
        assert_int_equal(r->granted, cases[i].granted);
        assert_int_equal(r->repeat, cases[i].repeat);
    }
}

static void test_where_gy_is_off_events_are_free(void **state)
{
    kit_settings("apns = ( { apn = \"internet\"; gy = false; } );");
    charge();
    assert_int_equal(world.n_sent, 0);
    assert_true(reply()->granted);
}

static void test_events_that_make_no_sense(void **state)
{
    e.request.event_id = TEXT("");
    charge();
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    e.request.event_id = TEXT("order77");
    e.request.n_services = 0;
    charge();
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    e.request.n_services = 1;
    e.sid.id = TEXT("nobody");
    charge();
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    e.sid.id = TEXT("IMSI" IMSI);
    e.request.action = (Fgw__Charging__Action)4;
    charge();
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    e.request.action = FGW__CHARGING__ACTION__DIRECT_DEBITING;
    world.admit_err = ERR_DENIED;
    charge();
    assert_int_equal(world.call.status, RPC_PERMISSION_DENIED);
    assert_int_equal(world.n_sent, 0);
}

static void test_an_event_is_no_session(void **state)
{
    kit_inbound(DIA_APP_CREDIT_CONTROL, DIA_CMD_RAR, EVENT_SESSION, RAR_HEAD);
    assert_int_equal(world.n_agw, 0);
    assert_int_equal(kit_result(), 5002);
}

static void test_a_caller_that_has_gone(void **state)
{
    charge();
    world.call.on_cancel(&world.call, world.call.cancel_arg);
    kit_answer(0, 2001, GRANT_EVENT);
    assert_int_equal(world.call.replies, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_event_is_debited),
        CASE(test_money_is_asked_for_alone),
        CASE(test_money_is_asked_for_where_units_are_not),
        CASE(test_a_refund_names_what_was_debited),
        CASE(test_a_price_and_a_balance),
        CASE(test_a_service_that_is_refused),
        CASE(test_when_the_ocs_fails_the_event),
        CASE(test_the_ocs_says_what_its_failure_means),
        CASE(test_a_repetition_is_the_same_request_with_the_t_flag),
        CASE(test_what_the_alternate_says),
        CASE(test_what_was_kept_is_repeated_until_the_ocs_says),
        CASE(test_where_gy_is_off_events_are_free),
        CASE(test_events_that_make_no_sense),
        CASE(test_an_event_is_no_session),
        CASE(test_a_caller_that_has_gone),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
