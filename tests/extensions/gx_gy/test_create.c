// SPDX-License-Identifier: BSD-3-Clause
// CreateSession: what goes to PCRF and OCS, what comes back, and everything between that fails.
#include "cases.h"
#include <time.h>

#include "rpc/status.h"

typedef Magma__Lte__CreateSessionResponse Response;

static Response *reply(void)
{
    return kit_reply(&magma__lte__create_session_response__descriptor);
}

// ---- the requests ----
static void test_gx_first_then_gy_for_the_services_of_its_rules(void **state)
{
    create();
    assert_int_equal(world.n_sent, 1);
    ASSERT_VALUE(SENT(0), GX_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(0), "16777238", AVP_AUTH_APPLICATION_ID);
    ASSERT_VALUE(SENT(0), "1", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(0), "0", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(0), "example.org", AVP_DESTINATION_REALM);
    assert_null(VALUE(SENT(0), AVP_DESTINATION_HOST));
    kit_answer(0, 2001, CHARGED_RULES);
    assert_int_equal(world.n_sent, 2);
    ASSERT_VALUE(SENT(1), GY_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(1), "4", AVP_AUTH_APPLICATION_ID);
    ASSERT_VALUE(SENT(1), "1", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(1), "1", AVP_MULTIPLE_SERVICES_INDICATOR);
    assert_int_equal(kit_count(SENT(1), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL), 1); // asked once
    ASSERT_VALUE(SENT(1), "7", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_RATING_GROUP);
    ASSERT_VALUE(SENT(1), "5000", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_REQUESTED_SERVICE_UNIT,
                 AVP_CC_TOTAL_OCTETS);
    assert_null(VALUE(SENT(1), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_USED_SERVICE_UNIT));
    kit_answer(1, 2001, GRANT_7);
    Response *r = reply();
    assert_string_equal(r->session_id, SESSION);
    assert_string_equal(r->tgpp_ctx->gx_dest_host, "pcrf1.example.org");
    assert_string_equal(r->tgpp_ctx->gy_dest_host, "ocs1.example.org");
    assert_string_equal(r->tgpp_ctx->gx_dest_realm, "core.example.org");
    assert_int_equal(r->n_dynamic_rules, 2);
    assert_int_equal(r->n_credits, 1);
    assert_true(r->credits[0]->success);
    assert_int_equal(r->credits[0]->result_code, 2001);
    assert_int_equal(r->credits[0]->charging_key, 7);
    assert_int_equal(r->credits[0]->credit->granted_units->total->volume, 2097152);
    assert_true(r->credits[0]->credit->granted_units->total->is_valid);
    assert_false(r->credits[0]->credit->granted_units->tx->is_valid);
    assert_int_equal(r->credits[0]->credit->validity_time, 3600);
}

static void test_header_names_the_application(void **state)
{
    struct msg_hdr *hdr;
    create();
    assert_int_equal(fd_msg_hdr(SENT(0), &hdr), 0);
    assert_int_equal(hdr->msg_appl, DIA_APP_GX); // not 4, which the command alone would give
    assert_int_equal(hdr->msg_code, DIA_CMD_CCR);
    assert_true(hdr->msg_flags & CMD_FLAG_PROXIABLE);
    assert_false(hdr->msg_flags & CMD_FLAG_RETRANSMIT);
    kit_fail(0, ERR_TIMEOUT);
}

static void test_ccr_i_of_gx_says_what_the_access_gateway_said(void **state)
{
    create();
    struct msg *m = SENT(0);
    ASSERT_VALUE(m, IMSI, AVP_SUBSCRIPTION_ID, AVP_SUBSCRIPTION_ID_DATA);
    assert_int_equal(kit_count(m, AVP_SUBSCRIPTION_ID), 2);
    assert_int_equal(kit_count(m, AVP_SUPPORTED_FEATURES), 2); // one per list
    ASSERT_VALUE(m, "5", AVP_IP_CAN_TYPE);
    ASSERT_VALUE(m, "1004", AVP_RAT_TYPE);
    ASSERT_VALUE(m, "internet", AVP_CALLED_STATION_ID);
    ASSERT_VALUE(m, "9", AVP_DEFAULT_EPS_BEARER_QOS, AVP_QOS_CLASS_IDENTIFIER); // never 0
    ASSERT_VALUE(m, "15", AVP_DEFAULT_EPS_BEARER_QOS, AVP_ALLOCATION_RETENTION_PRIORITY,
                 AVP_PRIORITY_LEVEL);
    ASSERT_VALUE(m, "1000000", AVP_QOS_INFORMATION, AVP_APN_AGGREGATE_MAX_BITRATE_UL);
    ASSERT_VALUE(m, "00101", AVP_3GPP_SGSN_MCC_MNC);
    ASSERT_VALUE(m, "35609204079301", AVP_USER_EQUIPMENT_INFO, AVP_USER_EQUIPMENT_INFO_VALUE);
    ASSERT_VALUE(m, "0", AVP_3GPP_SELECTION_MODE);
    ASSERT_VALUE(m, "1", AVP_ONLINE);
    ASSERT_VALUE(m, "0", AVP_OFFLINE);
    assert_null(VALUE(m, AVP_TERMINATION_CAUSE));
    kit_fail(0, ERR_TIMEOUT);
}

static void test_bit_rates_beyond_32_bits_are_extended(void **state)
{
    struct create c;
    create_init(&c);
    c.qos.br_unit = MAGMA__LTE__QOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__KBPS;
    c.qos.apn_ambr_dl = 10000000; // 10 Gbit/s
    kit_call("CreateSession", &c.request.base);
    ASSERT_VALUE(SENT(0), "4294967295", AVP_QOS_INFORMATION, AVP_APN_AGGREGATE_MAX_BITRATE_DL);
    ASSERT_VALUE(SENT(0), "10000000", AVP_QOS_INFORMATION, AVP_EXTENDED_APN_AMBR_DL);
    assert_int_equal(kit_count(SENT(0), AVP_SUPPORTED_FEATURES), 2); // the bit joins its list
    kit_fail(0, ERR_TIMEOUT);
}

static void test_wlan(void **state)
{
    Magma__Lte__WLANSessionContext wlan = MAGMA__LTE__WLANSESSION_CONTEXT__INIT;
    uint8_t mac[] = {0x00, 0x10, 0xa4, 0x23, 0x19, 0xc0};
    struct create c;
    create_init(&c);
    c.common.rat_type = MAGMA__LTE__RATTYPE__TGPP_WLAN;
    wlan.mac_addr_binary = (ProtobufCBinaryData){sizeof(mac), mac};
    c.rat.context_case = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_WLAN_CONTEXT;
    c.rat.wlan_context = &wlan;
    kit_call("CreateSession", &c.request.base);
    ASSERT_VALUE(SENT(0), "6", AVP_IP_CAN_TYPE);
    ASSERT_VALUE(SENT(0), "0", AVP_RAT_TYPE);
    ASSERT_VALUE(SENT(0), "1", AVP_USER_EQUIPMENT_INFO, AVP_USER_EQUIPMENT_INFO_TYPE);
    ASSERT_VALUE(SENT(0), "00-10-A4-23-19-C0", AVP_USER_EQUIPMENT_INFO,
                 AVP_USER_EQUIPMENT_INFO_VALUE); // RFC 3580 3.21: upper case only
    kit_fail(0, ERR_TIMEOUT);
}

static void test_quirks_of_gx(void **state)
{
    struct create c;
    create_init(&c);
    c.common.ue_ipv4 = TEXT("");
    kit_settings("gx = { default_ipv4 = \"10.10.10.10\"; features_1 = 0; features_2 = 0; online = "
                 "false; };");
    kit_call("CreateSession", &c.request.base);
    assert_memory_equal(VALUE(SENT(0), AVP_FRAMED_IP_ADDRESS), "\x0a\x0a\x0a\x0a", 4);
    assert_null(VALUE(SENT(0), AVP_SUPPORTED_FEATURES));
    ASSERT_VALUE(SENT(0), "0", AVP_ONLINE);
    kit_fail(0, ERR_TIMEOUT);
}

static void test_quirks_of_gy(void **state)
{
    kit_settings("gy = { requested_units = \"empty\"; service_identifier = 77; apn = \"bill\";"
                 "service_context_id = \"8.32251@3gpp.org\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    assert_non_null(
        VALUE(SENT(1), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_REQUESTED_SERVICE_UNIT));
    assert_null(VALUE(SENT(1), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_REQUESTED_SERVICE_UNIT,
                      AVP_CC_TOTAL_OCTETS));
    ASSERT_VALUE(SENT(1), "77", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_SERVICE_IDENTIFIER);
    ASSERT_VALUE(SENT(1), "8.32251@3gpp.org", AVP_SERVICE_CONTEXT_ID);
    ASSERT_VALUE(SENT(1), "bill", AVP_SERVICE_INFORMATION, AVP_PS_INFORMATION,
                 AVP_CALLED_STATION_ID);
    kit_answer(1, 2001, GRANT_7);
    reply();
}

static void test_no_requested_service_unit_where_set(void **state)
{
    kit_settings("gy = { requested_units = \"none\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    assert_null(VALUE(SENT(1), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, AVP_REQUESTED_SERVICE_UNIT));
    kit_answer(1, 2001, GRANT_7);
    reply();
}

// ---- who is asked ----
static void test_without_charged_rules_there_is_no_gy(void **state)
{
    create();
    kit_answer(0, 2001, "");
    Response *r = reply();
    assert_int_equal(world.n_sent, 1);
    assert_int_equal(r->n_credits, 0);
    assert_string_equal(r->tgpp_ctx->gy_dest_host, "");
}

static void test_offline_sessions_have_no_gy(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES ONLINE_0);
    assert_int_equal(world.n_sent, 1);
    assert_false(reply()->online);
}

static void test_without_gx_the_rules_are_those_of_the_settings(void **state)
{
    kit_settings(
        "gx = { enabled = false; }; rules = ( { id = \"s1\"; rating_group = 7; omnipresent = true; "
        "},"
        "{ id = \"s2\"; }, { id = \"s3\"; rating_group = 8; online = false; } );"
        "base_names = ( { name = \"b\"; rules = [ \"s2\", \"s3\" ]; omnipresent = true; } );");
    create();
    assert_int_equal(world.n_sent, 1);
    ASSERT_VALUE(SENT(0), GY_SESSION, AVP_SESSION_ID);
    assert_int_equal(kit_count(SENT(0), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL), 1); // s3 is offline
    kit_answer(0, 2001, GRANT_7);
    Response *r = reply();
    assert_int_equal(r->n_static_rules, 3);
    assert_true(r->online);
}

static void test_omnipresent_rules_come_with_those_of_the_pcrf(void **state)
{
    kit_settings(
        "rules = ( { id = \"always\"; omnipresent = true; }, { id = \"a\"; }, { id = \"b\"; } );"
        "base_names = ( { name = \"base\"; rules = [ \"a\", \"b\" ]; } );");
    create();
    kit_answer(0, 2001, INSTALL_NAMES); // "one", base name "base"
    Response *r = reply();
    assert_int_equal(r->n_static_rules, 4);
    assert_string_equal(r->static_rules[0]->rule_id, "one");
    assert_string_equal(r->static_rules[1]->rule_id, "a");
    assert_string_equal(r->static_rules[3]->rule_id, "always");
    assert_int_equal(r->static_rules[0]->activation_time->seconds, 1800000000);
    assert_int_equal(r->static_rules[1]->deactivation_time->seconds, 1800003600);
}

static void test_an_unknown_base_name_is_reported_as_failed(void **state)
{
    create();
    kit_answer(0, 2001, INSTALL_NAMES);
    Response *r = reply();
    assert_int_equal(r->n_static_rules, 1);
    assert_int_equal(r->n_failed_rules, 1);
    assert_string_equal(r->failed_rules[0]->base_names[0], "base");
    assert_int_equal(r->failed_rules[0]->failure_code, 1);
}

static void test_by_apn(void **state)
{
    kit_settings("apns = ( { apn = \"internet\"; gx = false; gy = false; } );");
    create();
    assert_int_equal(world.n_sent, 0);
    reply();
}

// ---- failures ----
static void test_a_pcrf_that_refuses(void **state)
{
    create();
    kit_answer(0, 5003, "");
    assert_int_equal(world.call.status, RPC_PERMISSION_DENIED);
    assert_int_equal(world.n_sent, 1); // nothing to undo
}

static void test_an_experimental_result_is_an_answer(void **state)
{
    create();
    kit_answer_experimental(0, 5140);
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
    assert_string_equal(world.label, "error_initial_parameters");
}

static void test_gx_is_undone_when_gy_fails(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_answer(1, 5030, "");
    assert_int_equal(world.call.status, RPC_NOT_FOUND);
    assert_int_equal(world.n_sent, 3);
    ASSERT_VALUE(SENT(2), GX_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(2), "3", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(2), "1", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(2), "pcrf1.example.org", AVP_DESTINATION_HOST);
    assert_non_null(VALUE(SENT(2), AVP_TERMINATION_CAUSE));
    kit_answer(2, 2001, "");
    assert_int_equal(world.call.replies, 1);
}

static void test_an_ocs_that_never_answers_refuses_the_session(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_fail(1, ERR_TIMEOUT);
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
    assert_int_equal(world.n_sent, 3); // CCR-T on Gx
    kit_fail(2, ERR_DIA_NO_PEER);
    kit_fail(3, ERR_DIA_NO_PEER); // tried again, then given up
    kit_fail(4, ERR_DIA_NO_PEER);
    assert_int_equal(world.n_sent, 5);
}

static void test_a_caller_that_has_gone_leaves_no_session_behind(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    world.call.on_cancel(&world.call, world.call.cancel_arg);
    kit_answer(1, 2001, GRANT_7);
    assert_int_equal(world.n_sent, 4); // CCR-T on both
    ASSERT_VALUE(SENT(2), GX_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(3), GY_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(3), "3", AVP_CC_REQUEST_TYPE);
    kit_answer(2, 2001, "");
    kit_answer(3, 5002, "");
    assert_int_equal(world.call.replies, 1);
}

static void test_who_may_not_is_refused_without_asking(void **state)
{
    world.admit_err = ERR_FGW_PLMN_DENIED;
    create();
    assert_int_equal(world.call.status, RPC_PERMISSION_DENIED);
    assert_int_equal(world.n_sent, 0);
}

static void test_calls_that_make_no_sense(void **state)
{
    struct create c;
    create_init(&c);
    c.request.session_id = TEXT("");
    kit_call("CreateSession", &c.request.base);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    create_init(&c);
    c.sid.id = TEXT("IMSIx");
    kit_call("CreateSession", &c.request.base);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    create_init(&c);
    c.common.ue_ipv4 = TEXT("10.0.0");
    kit_call("CreateSession", &c.request.base);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    assert_int_equal(world.n_sent, 0);
}

// ---- Credit-Control-Failure-Handling, RFC 8506 ----
static void test_continue_serves_without_the_ocs(void **state)
{
    kit_settings("gy = { failure_handling = \"continue\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_fail(1, ERR_TIMEOUT);
    Response *r = reply();
    assert_int_equal(world.n_sent, 2);
    assert_int_equal(r->n_credits, 1);
    assert_true(r->credits[0]->success);
    assert_int_equal(r->credits[0]->charging_key, 7);
    assert_int_equal(r->credits[0]->limit_type, MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_METERED);
    assert_string_equal(r->tgpp_ctx->gy_dest_host, ""); // the next update opens Gy
}

static void test_failover_sends_the_same_again_with_t_flag_to_the_alternate(void **state)
{
    struct msg_hdr *first, *second;
    kit_settings("gy = { failure_handling = \"retry-and-terminate\"; session_failover = true;"
                 "realm = \"ocs.net\"; host = \"a.ocs.net\"; alternate = \"b.ocs.net\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    ASSERT_VALUE(SENT(1), "a.ocs.net", AVP_DESTINATION_HOST);
    kit_fail(1, ERR_TIMEOUT);
    assert_int_equal(world.n_sent, 3);
    ASSERT_VALUE(SENT(2), "b.ocs.net", AVP_DESTINATION_HOST);
    ASSERT_VALUE(SENT(2), GY_SESSION, AVP_SESSION_ID);
    ASSERT_VALUE(SENT(2), "0", AVP_CC_REQUEST_NUMBER);
    assert_int_equal(fd_msg_hdr(SENT(1), &first), 0);
    assert_int_equal(fd_msg_hdr(SENT(2), &second), 0);
    assert_true(second->msg_flags & CMD_FLAG_RETRANSMIT);
    assert_int_equal(first->msg_eteid, second->msg_eteid);
    assert_false(world.sent[2].options.no_failover); // the stack would keep it back otherwise
    kit_answer(2, 2001, GRANT_7);
    assert_int_equal(reply()->n_credits, 1);
}

static void test_retry_and_terminate_gives_up_after_the_alternate(void **state)
{
    kit_settings("gx = { enabled = false; }; rules = ( { id = \"r\"; rating_group = 7; omnipresent "
                 "= true; } );"
                 "gy = { failure_handling = \"retry-and-terminate\"; session_failover = true;"
                 "host = \"a.ocs.net\"; alternate = \"b.ocs.net\"; };");
    create();
    kit_fail(0, ERR_TIMEOUT);
    kit_fail(1, ERR_TIMEOUT);
    assert_int_equal(world.n_sent, 2);
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
}

static void test_terminate_does_not_wait_for_the_alternate_after_tx(void **state)
{
    kit_settings(
        "gx = { enabled = false; }; rules = ( { id = \"r\"; rating_group = 7; omnipresent = true; "
        "} );"
        "gy = { session_failover = true; host = \"a.ocs.net\"; alternate = \"b.ocs.net\"; };");
    create();
    assert_false(world.sent[0].options.no_failover);
    kit_fail(0, ERR_TIMEOUT);
    assert_int_equal(world.n_sent, 1);
    assert_int_equal(world.call.status, RPC_DEADLINE_EXCEEDED);
}

static void test_a_temporary_error_goes_to_the_alternate(void **state)
{
    kit_settings(
        "gx = { enabled = false; }; rules = ( { id = \"r\"; rating_group = 7; omnipresent = true; "
        "} );"
        "gy = { session_failover = true; host = \"a.ocs.net\"; alternate = \"b.ocs.net\"; };");
    create();
    kit_answer(0, 3004, "");
    assert_int_equal(world.n_sent, 2);
    ASSERT_VALUE(SENT(1), "b.ocs.net", AVP_DESTINATION_HOST);
    kit_answer(1, 2001, GRANT_7);
    reply();
}

static void test_free_of_charge(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_answer(1, 4011, "");
    Response *r = reply();
    assert_int_equal(r->credits[0]->limit_type, MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED);
}

static void test_what_the_ocs_says_about_failures_is_kept_by_the_access_gateway(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_answer(1, 2001, GRANT_7 HANDLING_CONTINUE FAILOVER_SUPPORTED);
    Response *r = reply();
    assert_int_equal(r->tgpp_ctx->gy_failure_handling, 2);
    assert_int_equal(r->tgpp_ctx->gy_session_failover, 2);
}

static void test_a_refused_service_does_not_refuse_the_session(void **state)
{
    create();
    kit_answer(0, 2001, CHARGED_RULES);
    kit_answer(1, 2001, LIMIT_7);
    Response *r = reply();
    assert_false(r->credits[0]->success);
    assert_int_equal(r->credits[0]->result_code, 4012);
}

// Given: settings are replaced while a request is under way. Then: what follows is as it began.
static void test_settings_change_in_between(void **state)
{
    kit_settings("virtual_apns = ({ apn = \"inter.*\"; gx_apn = \"policy.one.example\"; "
                 "gy_apn = \"charging.one.example\"; });");
    create();
    kit_settings("virtual_apns = ({ apn = \"inter.*\"; gx_apn = \"policy.two.example\"; "
                 "gy_apn = \"charging.two.example\"; });");
    kit_answer(0, 2001, CHARGED_RULES);
    ASSERT_VALUE(SENT(1), "charging.one.example", AVP_SERVICE_INFORMATION, AVP_PS_INFORMATION,
                 AVP_CALLED_STATION_ID);
    kit_answer(1, 4010, "");
    assert_int_equal(world.n_sent, 3); // Gx is undone
    ASSERT_VALUE(SENT(2), "policy.one.example", AVP_CALLED_STATION_ID);
    kit_answer(2, 2001, "");
}

static void test_settings_change_before_it_is_sent_again(void **state)
{
    static const char gy[] =
        "gy = { host = \"a.example\"; alternate = \"b.example\"; cg_address = \"192.0.2.77\"; "
        "failure_handling = \"retry-and-terminate\"; "
        "service_context_id = \"8.operator.32251@3gpp.org\"; };";
    kit_settings("gx = { host = \"a.example\"; alternate = \"b.example\"; "
                 "default_ipv4 = \"10.10.10.10\"; };");
    struct create c;
    create_init(&c);
    c.common.ue_ipv4 = TEXT("");
    kit_call("CreateSession", &c.request.base);
    kit_settings("");
    kit_fail(0, ERR_TIMEOUT);
    assert_memory_equal(VALUE(SENT(1), AVP_FRAMED_IP_ADDRESS), "\x0a\x0a\x0a\x0a", 4);
    kit_settings(gy);
    kit_answer(1, 2001, CHARGED_RULES);
    kit_settings("");
    kit_fail(2, ERR_TIMEOUT);
    for (size_t i = 2; i < 4; i++) {
        ASSERT_VALUE(SENT(i), "8.operator.32251@3gpp.org", AVP_SERVICE_CONTEXT_ID);
        ASSERT_OCTETS(SENT(i), "0001c000024d", AVP_SERVICE_INFORMATION, AVP_PS_INFORMATION,
                      AVP_CG_ADDRESS);
    }
    kit_answer(3, 2001, GRANT_7);
    reply();
}

static void test_as_many_flows_as_are_allowed(void **state)
{
    kit_settings("gx = { max_flows = 4096; };");
    create();
    kit_answer(0, 2001, WIDE_RULE);
    const Response *r = reply();
    assert_int_equal(r->n_dynamic_rules, 1);
    assert_int_equal(r->dynamic_rules[0]->policy_rule->n_flow_list, 4001);
}

// Given: rules that are too much. Then: the session does not stay open at the PCRF.
static void test_gx_is_undone_when_memory_is_at_its_end(void **state)
{
#define FOUR_WIDE_RULES WIDE_RULE WIDE_RULE WIDE_RULE WIDE_RULE
    static const char rules[] = FOUR_WIDE_RULES FOUR_WIDE_RULES FOUR_WIDE_RULES FOUR_WIDE_RULES;
    size_t len = sizeof(WIDE_RULE) - 1, refused = 0;
    for (size_t n = 1; n <= 16; n++) { // wherever it ends
        char answer[sizeof(rules)];
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_settings("gx = { max_flows = 4096; };");
        snprintf(answer, sizeof(answer), "%.*s", (int)(n * len), rules);
        create();
        kit_answer(0, 2001, answer);
        assert_int_equal(world.call.replies, 1);
        if (world.call.status == RPC_OK)
            continue;
        refused++;
        assert_int_equal(world.call.status, RPC_RESOURCE_EXHAUSTED);
        assert_int_equal(world.n_sent, 2);
        ASSERT_VALUE(SENT(1), "3", AVP_CC_REQUEST_TYPE);
        ASSERT_VALUE(SENT(1), "pcrf1.example.org", AVP_DESTINATION_HOST);
        kit_answer(1, 2001, "");
    }
    assert_in_range(refused, 1, 15);
}

// ---- authorisation only ----
static void test_gy_for_authorisation_only(void **state)
{
    static const struct {
        uint32_t code;
        const char *avps;
        bool may;
    } cases[] = {{2001, "", true}, {2001, GRANT_7, true},   {2001, LIMIT_7, true},
                 {4012, "", true}, {2001, BARRED_7, false}, {4010, "", false},
                 {5030, "", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_settings("gx = { enabled = false; }; gy = { auth_only = true; };");
        create();
        assert_null(VALUE(SENT(0), AVP_MULTIPLE_SERVICES_CREDIT_CONTROL));
        kit_answer(0, cases[i].code, cases[i].avps);
        if (cases[i].may)
            assert_int_equal(reply()->n_credits, 0);
        else
            assert_int_not_equal(world.call.status, RPC_OK);
        for (size_t k = 1; k < world.n_sent; k++)
            kit_answer(k, 2001, "");
    }
}

static void test_validity_time_of_an_authorisation_becomes_revalidation(void **state)
{
    kit_settings("gx = { enabled = false; }; gy = { auth_only = true; };");
    create();
    kit_answer(0, 2001, GRANT_7);
    Response *r = reply();
    assert_int_equal(r->n_event_triggers, 1);
    assert_int_equal(r->event_triggers[0], MAGMA__LTE__EVENT_TRIGGER__REVALIDATION_TIMEOUT);
    assert_in_range(r->revalidation_time->seconds, time(NULL) + 3590, time(NULL) + 3601);
}

// ---- what the PCRF says ----
static void test_the_rest_of_a_cca(void **state)
{
    create();
    kit_answer(0, 2001, SESSION_PART);
    Response *r = reply();
    assert_int_equal(r->n_event_triggers, 2);
    assert_int_equal(r->event_triggers[0], MAGMA__LTE__EVENT_TRIGGER__REVALIDATION_TIMEOUT);
    assert_int_equal(r->event_triggers[1], MAGMA__LTE__EVENT_TRIGGER__USAGE_REPORT);
    assert_int_equal(r->revalidation_time->seconds, 1800000000);
    assert_int_equal(r->session_qos->apn_ambr_ul, 2000000);
    assert_int_equal(r->session_qos->apn_ambr_dl, 4000000);
    assert_int_equal(r->session_qos->qci, 8);
    assert_int_equal(r->session_qos->arp->priority_level, 3);
    assert_int_equal(r->n_usage_monitors, 1);
    assert_true(r->usage_monitors[0]->success);
    assert_int_equal(r->usage_monitors[0]->credit->level,
                     MAGMA__LTE__MONITORING_LEVEL__SESSION_LEVEL);
    assert_int_equal(r->usage_monitors[0]->credit->granted_units->total->volume, 1000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_gx_first_then_gy_for_the_services_of_its_rules),
        CASE(test_header_names_the_application),
        CASE(test_ccr_i_of_gx_says_what_the_access_gateway_said),
        CASE(test_bit_rates_beyond_32_bits_are_extended),
        CASE(test_wlan),
        CASE(test_quirks_of_gx),
        CASE(test_quirks_of_gy),
        CASE(test_no_requested_service_unit_where_set),
        CASE(test_without_charged_rules_there_is_no_gy),
        CASE(test_offline_sessions_have_no_gy),
        CASE(test_without_gx_the_rules_are_those_of_the_settings),
        CASE(test_omnipresent_rules_come_with_those_of_the_pcrf),
        CASE(test_an_unknown_base_name_is_reported_as_failed),
        CASE(test_by_apn),
        CASE(test_a_pcrf_that_refuses),
        CASE(test_an_experimental_result_is_an_answer),
        CASE(test_gx_is_undone_when_gy_fails),
        CASE(test_an_ocs_that_never_answers_refuses_the_session),
        CASE(test_a_caller_that_has_gone_leaves_no_session_behind),
        CASE(test_who_may_not_is_refused_without_asking),
        CASE(test_calls_that_make_no_sense),
        CASE(test_continue_serves_without_the_ocs),
        CASE(test_failover_sends_the_same_again_with_t_flag_to_the_alternate),
        CASE(test_retry_and_terminate_gives_up_after_the_alternate),
        CASE(test_terminate_does_not_wait_for_the_alternate_after_tx),
        CASE(test_a_temporary_error_goes_to_the_alternate),
        CASE(test_free_of_charge),
        CASE(test_what_the_ocs_says_about_failures_is_kept_by_the_access_gateway),
        CASE(test_a_refused_service_does_not_refuse_the_session),
        CASE(test_as_many_flows_as_are_allowed),
        CASE(test_gx_is_undone_when_memory_is_at_its_end),
        CASE(test_settings_change_in_between),
        CASE(test_settings_change_before_it_is_sent_again),
        CASE(test_gy_for_authorisation_only),
        CASE(test_validity_time_of_an_authorisation_becomes_revalidation),
        CASE(test_the_rest_of_a_cca),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
