// SPDX-License-Identifier: BSD-3-Clause
// UpdateSession: reports of many sessions in one call, and what fails alone.
#include "cases.h"
#include "rpc/status.h"

typedef Magma__Lte__UpdateSessionRequest Request;
typedef Magma__Lte__UpdateSessionResponse Response;
typedef Magma__Lte__CreditUsageUpdate Credit;
typedef Magma__Lte__UsageMonitoringUpdateRequest Monitor;

enum { MAX = 8 };

static struct {
    Request request;
    Credit credits[MAX], *credit_list[MAX];
    Magma__Lte__CreditUsage usages[MAX];
    Monitor monitors[MAX], *monitor_list[MAX];
    Magma__Lte__UsageMonitorUpdate updates[MAX];
    Magma__Lte__CommonSessionContext commons[MAX];
    Magma__Lte__SubscriberID sids[MAX];
    Magma__Lte__TgppContext tgpp;
    Magma__Lte__RequestedUnits units;
} u;

static int begin(void **state)
{
    memset(&u, 0, sizeof(u));
    magma__lte__update_session_request__init(&u.request);
    magma__lte__tgpp_context__init(&u.tgpp);
    magma__lte__requested_units__init(&u.units);
    u.tgpp.gx_dest_host = TEXT("pcrf1.example.org");
    u.tgpp.gy_dest_host = TEXT("ocs1.example.org");
    u.units.total = 9000;
    u.request.updates = u.credit_list;
    u.request.usage_monitors = u.monitor_list;
    return kit_setup(state);
}

static Credit *credit(const char *session, uint32_t number, uint32_t group, uint64_t tx,
                      uint64_t rx)
{
    size_t i = u.request.n_updates++;
    Credit *c = u.credit_list[i] = &u.credits[i];
    magma__lte__credit_usage_update__init(c);
    magma__lte__credit_usage__init(&u.usages[i]);
    magma__lte__common_session_context__init(&u.commons[i]);
    magma__lte__subscriber_id__init(&u.sids[i]);
    c->session_id = TEXT(session);
    c->request_number = number;
    c->usage = &u.usages[i];
    c->usage->charging_key = group;
    c->usage->bytes_tx = tx;
    c->usage->bytes_rx = rx;
    c->usage->type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__QUOTA_EXHAUSTED;
    c->usage->requested_units = &u.units;
    c->tgpp_ctx = &u.tgpp;
    c->common_context = &u.commons[i];
    c->common_context->sid = &u.sids[i];
    c->common_context->apn = TEXT("internet");
    u.sids[i].id = TEXT("IMSI" IMSI);
    return c;
}

static Monitor *monitor(const char *session, uint32_t number, const char *key, uint64_t tx,
                        uint64_t rx)
{
    size_t i = u.request.n_usage_monitors++;
    Monitor *m = u.monitor_list[i] = &u.monitors[i];
    magma__lte__usage_monitoring_update_request__init(m);
    magma__lte__usage_monitor_update__init(&u.updates[i]);
    m->session_id = TEXT(session);
    m->sid = TEXT("IMSI" IMSI);
    m->request_number = number;
    m->ue_ipv4 = TEXT("10.0.0.7");
    m->tgpp_ctx = &u.tgpp;
    if (!key)
        return m;
    m->update = &u.updates[i];
    m->update->monitoring_key = (ProtobufCBinaryData){strlen(key), (uint8_t *)TEXT(key)};
    m->update->bytes_tx = tx;
    m->update->bytes_rx = rx;
    return m;
}

static void call(void)
{
    kit_call("UpdateSession", &u.request.base);
}

static Response *reply(void)
{
    return kit_reply(&magma__lte__update_session_response__descriptor);
}

#define OTHER "IMSI001010000000002-77"

// ---- Gy ----
static void test_a_usage_report(void **state)
{
    credit(SESSION, 4, 7, 100, 900);
    call();
    struct msg *m = SENT(0);
    ASSERT_VALUE(m, GY_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(m, "2", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(m, "4", AVP_CC_REQUEST_NUMBER); // the access gateway's own
    ASSERT_VALUE(m, "ocs1.example.org", AVP_DESTINATION_HOST);
    assert_null(VALUE(m, AVP_MULTIPLE_SERVICES_INDICATOR));
#define MSCC AVP_MULTIPLE_SERVICES_CREDIT_CONTROL
    ASSERT_VALUE(m, "1000", MSCC, AVP_USED_SERVICE_UNIT, AVP_CC_TOTAL_OCTETS);
    ASSERT_VALUE(m, "100", MSCC, AVP_USED_SERVICE_UNIT, AVP_CC_INPUT_OCTETS); // from the UE
    ASSERT_VALUE(m, "900", MSCC, AVP_USED_SERVICE_UNIT, AVP_CC_OUTPUT_OCTETS);
    ASSERT_VALUE(m, "3", MSCC, AVP_USED_SERVICE_UNIT, AVP_REPORTING_REASON); // concerns one quota
    assert_null(VALUE(m, MSCC, AVP_REPORTING_REASON));
    ASSERT_VALUE(m, "9000", MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_TOTAL_OCTETS);
    kit_answer(0, 2001, GRANT_7);
    Response *r = reply();
    assert_int_equal(r->n_responses, 1);
    assert_true(r->responses[0]->success);
    assert_int_equal(r->responses[0]->credit->granted_units->total->volume, 2097152);
    assert_string_equal(r->responses[0]->session_id, SESSION);
    assert_string_equal(r->responses[0]->sid, "IMSI" IMSI);
    assert_string_equal(r->responses[0]->tgpp_ctx->gx_dest_host, "pcrf1.example.org");
}

static void test_reasons_that_concern_all_quota_stand_with_the_service(void **state)
{
    Credit *c = credit(SESSION, 4, 7, 1, 1);
    c->usage->type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__VALIDITY_TIMER_EXPIRED;
    call();
    ASSERT_VALUE(SENT(0), "4", MSCC, AVP_REPORTING_REASON);
    assert_null(VALUE(SENT(0), MSCC, AVP_USED_SERVICE_UNIT, AVP_REPORTING_REASON));
    kit_answer(0, 2001, GRANT_7);
}

static void test_quirks_of_usage_reports(void **state)
{
    kit_settings("gy = { used_octets = \"total\"; reporting_reason = \"in-service\";"
                 "send_service_identifier = false; };");
    credit(SESSION, 4, 7, 1, 2);
    call();
    ASSERT_VALUE(SENT(0), "3", MSCC, AVP_USED_SERVICE_UNIT, AVP_CC_TOTAL_OCTETS);
    assert_null(VALUE(SENT(0), MSCC, AVP_USED_SERVICE_UNIT, AVP_CC_INPUT_OCTETS));
    ASSERT_VALUE(SENT(0), "3", MSCC, AVP_REPORTING_REASON);
    kit_answer(0, 2001, GRANT_7);
}

static void test_no_requested_units_are_no_crash(void **state)
{
    credit(SESSION, 4, 7, 1, 1)->usage->requested_units = NULL;
    call();
    ASSERT_VALUE(SENT(0), "100000", MSCC, AVP_REQUESTED_SERVICE_UNIT, AVP_CC_TOTAL_OCTETS);
    kit_answer(0, 2001, GRANT_7);
    reply();
}

static void test_a_final_report_asks_for_nothing(void **state)
{
    credit(SESSION, 4, 7, 1, 1)->usage->type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__TERMINATED;
    call();
    assert_null(VALUE(SENT(0), MSCC, AVP_REQUESTED_SERVICE_UNIT));
    ASSERT_VALUE(SENT(0), "2", MSCC, AVP_REPORTING_REASON); // FINAL
    kit_answer(0, 2001, "");
    assert_true(reply()->responses[0]->success); // taken, nothing granted
}

static void test_reports_of_one_session_go_together(void **state)
{
    credit(SESSION, 4, 7, 1, 1);
    credit(SESSION, 5, 8, 2, 2);
    call();
    assert_int_equal(world.n_sent, 1);
    assert_int_equal(kit_count(SENT(0), MSCC), 2);
    ASSERT_VALUE(SENT(0), "4", AVP_CC_REQUEST_NUMBER);
    kit_answer(0, 2001, GRANT_8_UNITS LIMIT_7);
    Response *r = reply();
    assert_int_equal(r->n_responses, 2);
    assert_int_equal(r->responses[0]->charging_key, 7);
    assert_false(r->responses[0]->success);
    assert_int_equal(r->responses[0]->result_code, 4012);
    assert_int_equal(r->responses[1]->charging_key, 8);
    assert_true(r->responses[1]->success);
}

static void test_apart_one_waits_for_the_other(void **state)
{
    kit_settings("gy = { merge_updates = false; };");
    credit(SESSION, 4, 7, 1, 1);
    credit(SESSION, 5, 8, 2, 2);
    credit(OTHER, 9, 7, 2, 2);
    call();
    assert_int_equal(world.n_sent, 2); // the other session does not wait
    ASSERT_VALUE(SENT(0), "4", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(1), "9", AVP_CC_REQUEST_NUMBER);
    kit_answer(0, 2001, GRANT_7);
    assert_int_equal(world.n_sent, 3);
    ASSERT_VALUE(SENT(2), "5", AVP_CC_REQUEST_NUMBER);
    kit_answer(2, 2001, GRANT_8_UNITS);
    kit_answer(1, 2001, GRANT_7);
    assert_int_equal(reply()->n_responses, 3);
}

static void test_unless_the_ocs_takes_them_at_the_same_time(void **state)
{
    kit_settings("gy = { merge_updates = false; serial = false; };");
    credit(SESSION, 4, 7, 1, 1);
    credit(SESSION, 5, 8, 2, 2);
    call();
    assert_int_equal(world.n_sent, 2);
    kit_answer(1, 2001, GRANT_8_UNITS);
    kit_answer(0, 2001, GRANT_7);
    reply();
}

static void test_what_fails_fails_alone(void **state)
{
    credit(SESSION, 4, 7, 1, 1);
    credit(OTHER, 5, 7, 2, 2);
    credit("IMSI001010000000003-1", 6, 7, 2, 2);
    call();
    assert_int_equal(world.n_sent, 3);
    kit_answer(1, 2001, GRANT_7);
    kit_fail(0, ERR_TIMEOUT);
    assert_int_equal(world.call.replies, 0);
    kit_fail(2, ERR_DIA_NO_PEER);
    Response *r = reply();
    assert_false(r->responses[0]->success);
    assert_true(r->responses[1]->success);
    assert_false(r->responses[2]->success);
    assert_int_equal(r->responses[0]->result_code, 5012); // the session ends (terminate)
}

static void test_where_set_the_usage_is_reported_again(void **state)
{
    kit_settings("gy = { failed_update = \"report-again\"; };");
    credit(SESSION, 4, 7, 1, 1);
    call();
    kit_fail(0, ERR_TIMEOUT);
    assert_int_equal(reply()->responses[0]->result_code, 3002);
}

// Given: more reports than may be outstanding. Then: those that stay here end no session.
static void test_what_has_not_gone_out_is_reported_again(void **state)
{
    world.send_err = ERR_DIA_BUSY;
    credit(SESSION, 4, 7, 1, 1);
    call();
    assert_int_equal(reply()->responses[0]->result_code, 3004);
}

static void test_a_refusal_of_the_whole_command(void **state)
{
    credit(SESSION, 4, 7, 1, 1);
    call();
    kit_answer(0, 5031, "");
    Response *r = reply();
    assert_false(r->responses[0]->success);
    assert_int_equal(r->responses[0]->result_code, 5031);
}

static void test_handling_of_the_session_comes_from_its_context(void **state)
{
    kit_settings("gy = { host = \"ocs1.example.org\"; alternate = \"ocs2.example.org\"; };");
    u.tgpp.gy_failure_handling = 2; // CONTINUE
    u.tgpp.gy_session_failover = 2; // supported
    credit(SESSION, 4, 7, 1, 1);
    call();
    kit_fail(0, ERR_TIMEOUT);
    ASSERT_VALUE(SENT(1), "ocs2.example.org", AVP_DESTINATION_HOST);
    ASSERT_VALUE(SENT(1), "4", AVP_CC_REQUEST_NUMBER);
    kit_fail(1, ERR_TIMEOUT);
    Response *r = reply();
    assert_true(r->responses[0]->success);
    assert_int_equal(r->responses[0]->limit_type, MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_METERED);
}

static void test_where_no_host_is_set_any_server_of_the_realm_takes_over(void **state)
{
    static const struct {
        const char *settings;
        enum err err; // how the server that has the session failed
        bool moves, flag;
    } cases[] = {
        {"gy = { realm = \"r\"; session_failover = true; };", ERR_DIA_PEER_LOST, true, true},
        {"gy = { realm = \"r\"; session_failover = true; };", ERR_DIA_NO_PEER, true, false},
        {"gy = { realm = \"r\"; session_failover = true; failure_handling = \"continue\"; };",
         ERR_TIMEOUT, false, false}, // it is there: it would be asked again
        {"gy = { realm = \"r\"; };", ERR_DIA_PEER_LOST, false, false},
        {"gy = { host = \"ocs1.example.org\"; session_failover = true; };", ERR_DIA_PEER_LOST,
         false, false}, // the only one
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct msg_hdr *hdr;
        kit_teardown(NULL);
        begin(NULL);
        kit_settings(cases[i].settings);
        credit(SESSION, 4, 7, 100, 900);
        call();
        ASSERT_VALUE(SENT(0), "ocs1.example.org", AVP_DESTINATION_HOST);
        kit_fail(0, cases[i].err);
        assert_int_equal(world.n_sent, cases[i].moves ? 2 : 1);
        if (!cases[i].moves)
            continue;
        assert_null(VALUE(SENT(1), AVP_DESTINATION_HOST));
        ASSERT_VALUE(SENT(1), "r", AVP_DESTINATION_REALM);
        assert_int_equal(fd_msg_hdr(SENT(1), &hdr), 0);
        assert_int_equal((hdr->msg_flags & CMD_FLAG_RETRANSMIT) != 0, cases[i].flag);
        kit_answer(1, 2001, GRANT_7);
        assert_true(reply()->responses[0]->success);
    }
}

static void test_a_session_without_gy_begins_one(void **state)
{
    u.tgpp.gy_dest_host = TEXT("");
    credit(SESSION, 4, 7, 0, 0);
    call();
    ASSERT_VALUE(SENT(0), "1", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(0), "0", AVP_CC_REQUEST_NUMBER);
    assert_null(VALUE(SENT(0), MSCC, AVP_USED_SERVICE_UNIT));
    kit_answer(0, 2001, GRANT_7);
    assert_string_equal(reply()->responses[0]->tgpp_ctx->gy_dest_host, "ocs1.example.org");
}

// Given: a CCR-U for each report. Then: a session begins with one CCR-I all the same.
static void test_a_session_begins_once(void **state)
{
    kit_settings("gy = { merge_updates = false; };");
    u.tgpp.gy_dest_host = TEXT("");
    credit(SESSION, 4, 7, 0, 0);
    credit(SESSION, 5, 8, 0, 0);
    credit(OTHER, 4, 7, 0, 0);
    call();
    assert_int_equal(world.n_sent, 2);
    assert_int_equal(kit_count(SENT(0), MSCC), 2);
    kit_answer(0, 2001, GRANT_7);
    kit_answer(1, 2001, GRANT_7);
    assert_int_equal(world.n_sent, 2);
    assert_string_equal(reply()->responses[1]->tgpp_ctx->gy_dest_host, "ocs1.example.org");
}

// RFC 8506 7: to be served although the OCS has lost the session makes it idle.
static void test_a_session_that_the_ocs_has_lost_begins_again(void **state)
{
    u.tgpp.gy_failure_handling = 2; // CONTINUE
    credit(SESSION, 4, 7, 1, 1);
    monitor(SESSION, 4, "mk1", 1, 2);
    call();
    kit_answer(0, 5002, "");
    kit_answer(1, 2001, "");
    Response *r = reply();
    assert_true(r->responses[0]->success);
    assert_int_equal(r->responses[0]->limit_type, MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_METERED);
    assert_string_equal(r->responses[0]->tgpp_ctx->gy_dest_host, "");
    assert_string_equal(r->usage_monitor_responses[0]->tgpp_ctx->gy_dest_host, "");
    assert_string_equal(r->responses[0]->tgpp_ctx->gx_dest_host, "pcrf1.example.org");
    u.credits[0].tgpp_ctx = r->responses[0]->tgpp_ctx;
    u.request.n_usage_monitors = 0;
    call();
    ASSERT_VALUE(SENT(2), "1", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(2), "0", AVP_CC_REQUEST_NUMBER);
    kit_answer(2, 2001, GRANT_7);
    assert_string_equal(reply()->responses[0]->tgpp_ctx->gy_dest_host, "ocs1.example.org");
}

static void test_grants_of_every_kind(void **state)
{
    credit(SESSION, 4, 8, 1, 1);
    call();
    kit_answer(0, 2001, GRANT_8_UNITS);
    const Magma__Lte__CreditUpdateResponse *r = reply()->responses[0];
    const Magma__Lte__ChargingCredit *c = r->credit;
    assert_int_equal(c->type, MAGMA__LTE__CHARGING_CREDIT__UNIT_TYPE__SECONDS);
    assert_int_equal(c->granted_units->total->volume, 60);
    assert_int_equal(c->granted_seconds, 60);
    assert_int_equal(c->granted_service_units, 3);
    assert_int_equal(c->granted_money->value_digits, 1250);
    assert_int_equal(c->granted_money->exponent, -2);
    assert_int_equal(c->granted_money->currency_code, 978);
    assert_int_equal(c->tariff_time_change_unix, 1800000000);
    assert_int_equal(c->time_quota_threshold, 11);
    assert_int_equal(c->volume_quota_threshold, 22);
    assert_int_equal(c->unit_quota_threshold, 33);
    assert_int_equal(c->quota_holding_time, 44);
    assert_int_equal(c->quota_consumption_time, 55);
    assert_int_equal(c->n_trigger_types, 2);
    assert_int_equal(c->trigger_types[1], 3);
    assert_int_equal(c->n_pools, 1);
    assert_int_equal(c->pools[0]->identifier, 9);
    assert_int_equal(c->pools[0]->value_digits, 1);
}

static void test_final_units(void **state)
{
    static const struct {
        const char *avps;
        int action;
    } cases[] = {{FINAL_TERMINATE_7, 0}, {FINAL_REDIRECT_7, 1}, {FINAL_RESTRICT_7, 2}};
    for (size_t i = 0; i < 3; i++) {
        kit_teardown(NULL);
        begin(NULL);
        credit(SESSION, 4, 7, 1, 1);
        call();
        kit_answer(0, 2001, cases[i].avps);
        const Magma__Lte__ChargingCredit *c = reply()->responses[0]->credit;
        assert_true(c->is_final);
        assert_int_equal(c->final_action, cases[i].action);
        if (i == 1)
            assert_string_equal(c->redirect_server->redirect_server_address,
                                "http://topup.example.org");
        if (i == 2) {
            assert_string_equal(c->restrict_rules[0], "topup-only");
            assert_string_equal(c->restriction_filter_rules[0],
                                "permit out ip from 192.0.2.1 to any");
        }
    }
}

static void test_duplicate_and_unknown_avps_do_no_harm(void **state)
{
    credit(SESSION, 4, 7, 1, 1);
    call();
    kit_answer(0, 2001, DUPLICATES UNKNOWN_OPTIONAL GRANT_7);
    assert_true(reply()->responses[0]->success);
}

// ---- Gx ----
static void test_a_monitor_report(void **state)
{
    monitor(SESSION, 6, "mk1", 10, 20);
    call();
    struct msg *m = SENT(0);
    ASSERT_VALUE(m, GX_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(m, "2", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(m, "6", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(m, "33", AVP_EVENT_TRIGGER);
    ASSERT_VALUE(m, "mk1", AVP_USAGE_MONITORING_INFORMATION, AVP_MONITORING_KEY);
    ASSERT_VALUE(m, "0", AVP_USAGE_MONITORING_INFORMATION, AVP_USAGE_MONITORING_LEVEL);
    ASSERT_VALUE(m, "30", AVP_USAGE_MONITORING_INFORMATION, AVP_USED_SERVICE_UNIT,
                 AVP_CC_TOTAL_OCTETS);
    ASSERT_VALUE(m, "10", AVP_USAGE_MONITORING_INFORMATION, AVP_USED_SERVICE_UNIT,
                 AVP_CC_INPUT_OCTETS);
    ASSERT_VALUE(m, "pcrf1.example.org", AVP_DESTINATION_HOST);
    kit_answer(0, 2001, MONITOR_MK1);
    const Magma__Lte__UsageMonitoringUpdateResponse *r = reply()->usage_monitor_responses[0];
    assert_true(r->success);
    assert_int_equal(r->result_code, 2001);
    assert_int_equal(r->credit->action, MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__CONTINUE);
    assert_int_equal(r->credit->granted_units->total->volume, 500);
    assert_int_equal(r->credit->granted_units->tx->volume, 200);
    assert_int_equal(r->credit->granted_units->rx->volume, 300);
}

static void test_what_a_monitor_shall_do_next(void **state)
{
    static const struct {
        const char *avps;
        int action;
    } cases[] = {
        {"", MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE},
        {MONITOR_MK2, MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE},
        {MONITOR_MK1_OFF, MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE},
        {MONITOR_MK1_REPORT, MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__FORCE},
    };
    for (size_t i = 0; i < 4; i++) {
        kit_teardown(NULL);
        begin(NULL);
        monitor(SESSION, 6, "mk1", 10, 20);
        call();
        kit_answer(0, 2001, cases[i].avps);
        Response *r = reply();
        assert_int_equal(r->usage_monitor_responses[0]->credit->action, cases[i].action);
        assert_memory_equal(r->usage_monitor_responses[0]->credit->monitoring_key.data, "mk1", 3);
        assert_int_equal(r->n_usage_monitor_responses, i == 1 ? 2 : 1); // a new one comes besides
    }
}

static void test_rules_of_a_cca_u(void **state)
{
    kit_settings(
        "rules = ( { id = \"a\"; } ); base_names = ( { name = \"base\"; rules = [ \"a\" ]; } );");
    monitor(SESSION, 6, "mk1", 10, 20);
    monitor(SESSION, 7, "mk2", 10, 20);
    call();
    assert_int_equal(world.n_sent, 1);
    kit_answer(0, 2001, REMOVE_NAMES INSTALL_NAMES CHARGED_RULES SESSION_PART MONITOR_MK2);
    Response *r = reply();
    const Magma__Lte__UsageMonitoringUpdateResponse *first = r->usage_monitor_responses[0];
    assert_int_equal(first->n_rules_to_remove, 3);
    assert_string_equal(first->rules_to_remove[2], "a");
    assert_int_equal(first->n_static_rules_to_install, 2);
    assert_int_equal(first->n_dynamic_rules_to_install, 2);
    assert_int_equal(first->n_event_triggers, 2);
    assert_int_equal(first->session_qos->qci, 8);
    assert_int_equal(r->usage_monitor_responses[1]->n_rules_to_remove, 0); // said once
    assert_int_equal(r->usage_monitor_responses[1]->credit->granted_units->total->volume, 70);
}

static void test_events(void **state)
{
    monitor(SESSION, 6, NULL, 0, 0)->event_trigger =
        MAGMA__LTE__EVENT_TRIGGER__REVALIDATION_TIMEOUT;
    call();
    ASSERT_VALUE(SENT(0), "17", AVP_EVENT_TRIGGER);
    assert_int_equal(kit_count(SENT(0), AVP_EVENT_TRIGGER), 1);
    assert_null(VALUE(SENT(0), AVP_USAGE_MONITORING_INFORMATION));
    kit_answer(0, 2001, "");
    assert_true(reply()->usage_monitor_responses[0]->success);
}

static void test_several_events_and_failed_rules(void **state)
{
    Magma__Lte__EventTrigger triggers[] = {MAGMA__LTE__EVENT_TRIGGER__RAT_CHANGE,
                                           MAGMA__LTE__EVENT_TRIGGER__USER_LOCATION_CHANGE,
                                           MAGMA__LTE__EVENT_TRIGGER__RAT_CHANGE};
    Magma__Lte__RuleReport report = MAGMA__LTE__RULE_REPORT__INIT, *reports[] = {&report};
    char *names[] = {TEXT("r1")};
    report.rule_ids = names;
    report.n_rule_ids = 1;
    report.status = 1;
    report.failure_code = 10;
    Monitor *m = monitor(SESSION, 6, NULL, 0, 0);
    m->event_triggers = triggers;
    m->n_event_triggers = 3;
    m->rule_reports = reports;
    m->n_rule_reports = 1;
    call();
    assert_int_equal(kit_count(SENT(0), AVP_EVENT_TRIGGER), 2);
    ASSERT_VALUE(SENT(0), "r1", AVP_CHARGING_RULE_REPORT, AVP_CHARGING_RULE_NAME);
    ASSERT_VALUE(SENT(0), "10", AVP_CHARGING_RULE_REPORT, AVP_RULE_FAILURE_CODE);
    ASSERT_VALUE(SENT(0), "1", AVP_CHARGING_RULE_REPORT, AVP_PCC_RULE_STATUS);
    kit_answer(0, 2001, "");
    reply();
}

static void test_usage_report_trigger_of_old_pcrfs(void **state)
{
    kit_settings("gx = { usage_report_trigger = 26; };");
    monitor(SESSION, 6, "mk1", 1, 1)->event_trigger = MAGMA__LTE__EVENT_TRIGGER__USAGE_REPORT;
    call();
    ASSERT_VALUE(SENT(0), "26", AVP_EVENT_TRIGGER);
    assert_int_equal(kit_count(SENT(0), AVP_EVENT_TRIGGER), 1);
    kit_answer(0, 2001, "");
}

static void test_session_release_ends_the_session(void **state)
{
    monitor(SESSION, 6, "mk1", 1, 1);
    call();
    kit_answer(0, 2001, RELEASE);
    Response *r = reply();
    assert_false(r->usage_monitor_responses[0]->success);
    assert_int_equal(r->usage_monitor_responses[0]->result_code, 5003);
}

static void test_both_at_the_same_time(void **state)
{
    credit(SESSION, 4, 7, 1, 1);
    monitor(SESSION, 5, "mk1", 1, 1);
    credit(OTHER, 4, 7, 1, 1);
    monitor(OTHER, 5, "mk1", 1, 1);
    call();
    assert_int_equal(world.n_sent, 4);
    kit_answer(3, 2001, MONITOR_MK1);
    kit_answer(2, 3004, "");
    kit_answer(1, 2001, GRANT_7);
    kit_answer(0, 2001, GRANT_7);
    Response *r = reply();
    assert_int_equal(r->n_responses, 2);
    assert_int_equal(r->n_usage_monitor_responses, 2);
    assert_true(r->responses[0]->success && r->responses[1]->success);
    assert_false(r->usage_monitor_responses[0]->success);
    assert_int_equal(r->usage_monitor_responses[0]->result_code, 3004);
    assert_true(r->usage_monitor_responses[1]->success);
}

static void test_switched_off_they_are_answered_here(void **state)
{
    kit_settings("gx = { enabled = false; }; gy = { enabled = false; };");
    credit(SESSION, 4, 7, 1, 1);
    monitor(SESSION, 5, "mk1", 1, 1);
    call();
    Response *r = reply();
    assert_int_equal(world.n_sent, 0);
    assert_true(r->responses[0]->success);
    assert_int_equal(r->responses[0]->limit_type,
                     MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED);
    assert_true(r->usage_monitor_responses[0]->success);
}

static void test_elements_that_make_no_sense_fail_alone(void **state)
{
    credit("", 4, 7, 1, 1);
    credit(SESSION, 4, 7, 1, 1);
    call();
    assert_int_equal(world.n_sent, 1);
    kit_answer(0, 2001, GRANT_7);
    Response *r = reply();
    assert_false(r->responses[0]->success);
    assert_true(r->responses[1]->success);
}

static void test_an_empty_call(void **state)
{
    call();
    assert_int_equal(reply()->n_responses, 0);
}

// ---- very many ----
// One report of each of so many sessions: of credit, or of an event.
static void call_for_many(size_t n_credits, size_t n_monitors)
{
    size_t n = n_credits + n_monitors;
    Request request = MAGMA__LTE__UPDATE_SESSION_REQUEST__INIT;
    Credit *credits = calloc(n, sizeof(*credits)), **updates = calloc(n, sizeof(*updates));
    Monitor *monitors = calloc(n, sizeof(*monitors)), **events = calloc(n, sizeof(*events));
    char (*ids)[32] = calloc(n, sizeof(*ids));
    assert_true(credits && updates && monitors && events && ids);
    credit(SESSION, 1, 7, 100, 200);
    monitor(SESSION, 6, NULL, 0, 0)->event_trigger = MAGMA__LTE__EVENT_TRIGGER__RAT_CHANGE;
    for (size_t i = 0; i < n; i++) {
        snprintf(ids[i], sizeof(ids[i]), "IMSI00101%010zu-1", i);
        credits[i] = u.credits[0];
        monitors[i] = u.monitors[0];
        credits[i].session_id = monitors[i].session_id = ids[i];
        updates[i] = &credits[i];
        events[i] = &monitors[i];
    }
    request.updates = updates;
    request.n_updates = n_credits;
    request.usage_monitors = events;
    request.n_usage_monitors = n_monitors;
    kit_call("UpdateSession", &request.base);
    free(credits);
    free(updates);
    free(monitors);
    free(events);
    free(ids);
}

static void test_reports_of_very_many_sessions(void **state)
{
    enum { SESSIONS = 2000 };
    call_for_many(SESSIONS, 0);
    assert_int_equal(world.n_sent, SESSIONS);
    for (size_t i = 0; i < SESSIONS; i++)
        kit_answer(i, 2001, GRANT_7);
    const Response *r = reply();
    assert_int_equal(r->n_responses, SESSIONS);
    for (size_t i = 0; i < SESSIONS; i++)
        assert_true(r->responses[i]->success);
}

// Given: each of many answers brings a monitor that nobody asked about.
static void test_further_monitors_of_very_many_sessions(void **state)
{
    enum { SESSIONS = 3500 };
    call_for_many(0, SESSIONS);
    assert_int_equal(world.n_sent, SESSIONS);
    for (size_t i = 0; i < SESSIONS; i++)
        kit_answer(i, 2001, MONITOR_MK1);
    assert_int_equal(reply()->n_usage_monitor_responses, 2 * SESSIONS);
}

// What was debited must be told to the access gateway, which would report it again otherwise.
static void test_those_for_whom_there_is_no_room_are_told_so_alone(void **state)
{
    enum { SESSIONS = 12000, TOO_BUSY = 3004 };
    call_for_many(SESSIONS, 0);
    size_t n = world.n_sent, taken = 0;
    assert_in_range(n, 2000, SESSIONS - 1);
    for (size_t i = 0; i < n; i++)
        kit_answer(i, 2001, GRANT_7);
    const Response *r = reply();
    assert_int_equal(r->n_responses, SESSIONS);
    for (size_t i = 0; i < SESSIONS; i++) {
        taken += r->responses[i]->success;
        assert_int_equal(r->responses[i]->result_code,
                         r->responses[i]->success ? 2001 : TOO_BUSY);
    }
    assert_int_equal(taken, n);
}

// Given: a context with a field of some other release. Then: what is given back has none of it.
static void test_what_is_unknown_is_not_given_back(void **state)
{
    uint8_t value = 4;
    ProtobufCMessageUnknownField field = {.tag = 7777, .len = 1, .data = &value};
    u.tgpp.base.n_unknown_fields = 1;
    u.tgpp.base.unknown_fields = &field;
    credit(SESSION, 1, 7, 100, 200);
    monitor(SESSION, 2, "mk", 1, 2);
    call();
    kit_answer(0, 5012, "");
    kit_answer(1, 5012, "");
    const Response *r = reply();
    assert_string_equal(r->responses[0]->tgpp_ctx->gy_dest_host, "ocs1.example.org");
    assert_int_equal(r->responses[0]->tgpp_ctx->base.n_unknown_fields, 0);
    assert_int_equal(r->usage_monitor_responses[0]->tgpp_ctx->base.n_unknown_fields, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_usage_report),
        CASE(test_what_is_unknown_is_not_given_back),
        CASE(test_reasons_that_concern_all_quota_stand_with_the_service),
        CASE(test_quirks_of_usage_reports),
        CASE(test_no_requested_units_are_no_crash),
        CASE(test_a_final_report_asks_for_nothing),
        CASE(test_reports_of_one_session_go_together),
        CASE(test_apart_one_waits_for_the_other),
        CASE(test_unless_the_ocs_takes_them_at_the_same_time),
        CASE(test_what_fails_fails_alone),
        CASE(test_where_set_the_usage_is_reported_again),
        CASE(test_what_has_not_gone_out_is_reported_again),
        CASE(test_a_refusal_of_the_whole_command),
        CASE(test_handling_of_the_session_comes_from_its_context),
        CASE(test_where_no_host_is_set_any_server_of_the_realm_takes_over),
        CASE(test_a_session_without_gy_begins_one),
        CASE(test_a_session_begins_once),
        CASE(test_a_session_that_the_ocs_has_lost_begins_again),
        CASE(test_grants_of_every_kind),
        CASE(test_final_units),
        CASE(test_duplicate_and_unknown_avps_do_no_harm),
        CASE(test_a_monitor_report),
        CASE(test_what_a_monitor_shall_do_next),
        CASE(test_rules_of_a_cca_u),
        CASE(test_events),
        CASE(test_several_events_and_failed_rules),
        CASE(test_usage_report_trigger_of_old_pcrfs),
        CASE(test_session_release_ends_the_session),
        CASE(test_both_at_the_same_time),
        CASE(test_switched_off_they_are_answered_here),
        CASE(test_elements_that_make_no_sense_fail_alone),
        CASE(test_an_empty_call),
        CASE(test_reports_of_very_many_sessions),
        CASE(test_further_monitors_of_very_many_sessions),
        CASE(test_those_for_whom_there_is_no_room_are_told_so_alone),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
