// SPDX-License-Identifier: BSD-3-Clause
// RAR and ASR of PCRF and OCS: what the access gateway is called with, and what the core is
// answered.
#include "cases.h"
#include "rpc/status.h"

#define GX DIA_APP_GX
#define GY DIA_APP_CREDIT_CONTROL

static void policy_answer(int result, size_t n_failed)
{
    Magma__Lte__PolicyReAuthAnswer a = MAGMA__LTE__POLICY_RE_AUTH_ANSWER__INIT;
    Magma__Lte__PolicyReAuthAnswer__FailedRulesEntry
        f = MAGMA__LTE__POLICY_RE_AUTH_ANSWER__FAILED_RULES_ENTRY__INIT,
        *failed[] = {&f};
    f.key = TEXT("r1");
    f.value = MAGMA__LTE__POLICY_RE_AUTH_ANSWER__FAILURE_CODE__RESOURCE_ALLOCATION_FAILURE;
    a.session_id = TEXT(SESSION);
    a.result = (Magma__Lte__ReAuthResult)result;
    a.failed_rules = failed;
    a.n_failed_rules = n_failed;
    kit_agw_answer(0, RPC_OK, &a.base);
}

// ---- Gx ----
static void test_gx_rar_becomes_policy_re_auth(void **state)
{
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD REMOVE_NAMES CHARGED_RULES SESSION_PART);
    assert_string_equal(world.agw[0].gateway, "agw1");
    assert_string_equal(world.agw[0].service, "sessiond");
    assert_string_equal(world.agw[0].path, "/magma.lte.SessionProxyResponder/PolicyReAuth");
    const Magma__Lte__PolicyReAuthRequest *r =
        kit_agw_request(0, &magma__lte__policy_re_auth_request__descriptor);
    assert_string_equal(r->session_id, SESSION);
    assert_string_equal(r->imsi, "IMSI" IMSI);
    assert_int_equal(r->n_rules_to_remove, 2); // the base name is unknown here: nothing to remove
    assert_int_equal(r->n_dynamic_rules_to_install, 2);
    assert_int_equal(r->n_event_triggers, 2);
    assert_int_equal(r->revalidation_time->seconds, 1800000000);
    assert_int_equal(r->n_usage_monitoring_credits, 1);
    assert_int_equal(r->session_qos->apn_ambr_dl, 4000000);
    assert_int_equal(r->qos_info->qci, 8);
    policy_answer(0, 0);
    assert_int_equal(kit_result(), 2001);
    assert_null(VALUE(world.inbound.answer, AVP_CHARGING_RULE_REPORT));
}

static void test_results_of_policy_re_auth(void **state)
{
    static const uint32_t codes[] = {2001, 2001, 5002, 5012, 5012};
    for (int i = 0; i < 5; i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD);
        policy_answer(i, 0);
        assert_int_equal(kit_result(), codes[i]);
    }
}

static void test_failed_rules_are_reported(void **state)
{
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD CHARGED_RULES);
    policy_answer(0, 1);
    assert_int_equal(kit_result(), 2001);
    ASSERT_VALUE(world.inbound.answer, "r1", AVP_CHARGING_RULE_REPORT, AVP_CHARGING_RULE_NAME);
    ASSERT_VALUE(world.inbound.answer, "10", AVP_CHARGING_RULE_REPORT, AVP_RULE_FAILURE_CODE);
    ASSERT_VALUE(world.inbound.answer, "1", AVP_CHARGING_RULE_REPORT, AVP_PCC_RULE_STATUS);
}

static void test_a_filter_that_cannot_be_matched_is_a_failed_rule(void **state)
{
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD WIDE_RULE);
    const Magma__Lte__PolicyReAuthRequest *r =
        kit_agw_request(0, &magma__lte__policy_re_auth_request__descriptor);
    assert_int_equal(r->n_dynamic_rules_to_install, 0);
    policy_answer(0, 0);
    ASSERT_VALUE(world.inbound.answer, "wide", AVP_CHARGING_RULE_REPORT, AVP_CHARGING_RULE_NAME);
    ASSERT_VALUE(world.inbound.answer, "16", AVP_CHARGING_RULE_REPORT, AVP_RULE_FAILURE_CODE);
}

static void test_session_release_cause_becomes_abort(void **state)
{
    Magma__Lte__AbortSessionResult a = MAGMA__LTE__ABORT_SESSION_RESULT__INIT;
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD RELEASE);
    assert_string_equal(world.agw[0].path, "/magma.lte.AbortSessionResponder/AbortSession");
    kit_agw_answer(0, RPC_OK, &a.base);
    assert_int_equal(kit_result(), 2001);
}

// ---- Gy ----
static void charging_answer(int result)
{
    Magma__Lte__ChargingReAuthAnswer a = MAGMA__LTE__CHARGING_RE_AUTH_ANSWER__INIT;
    a.result = (Magma__Lte__ReAuthResult)result;
    kit_agw_answer(0, RPC_OK, &a.base);
}

static void test_gy_rar_for_the_session_or_one_service(void **state)
{
    static const struct {
        const char *avps;
        int type;
        uint32_t group;
    } cases[] = {{RAR_HEAD, 1, 0}, {RAR_HEAD RATING_GROUP_7 SERVICE_5, 0, 7}};
    for (size_t i = 0; i < 2; i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(GY, DIA_CMD_RAR, GY_SESSION, cases[i].avps);
        assert_string_equal(world.agw[0].path, "/magma.lte.SessionProxyResponder/ChargingReAuth");
        const Magma__Lte__ChargingReAuthRequest *r =
            kit_agw_request(0, &magma__lte__charging_re_auth_request__descriptor);
        assert_string_equal(r->session_id, SESSION);
        assert_string_equal(r->sid, "IMSI" IMSI);
        assert_int_equal(r->type, cases[i].type);
        assert_int_equal(r->charging_key, cases[i].group);
        assert_int_equal(r->service_identifier ? r->service_identifier->value : 0, i ? 5 : 0);
        charging_answer(0);
        assert_int_equal(kit_result(), 2002);
    }
}

static void test_results_of_charging_re_auth(void **state)
{
    static const uint32_t codes[] = {2002, 2001, 5002, 5012, 5012};
    for (int i = 0; i < 5; i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(GY, DIA_CMD_RAR, GY_SESSION, RAR_HEAD);
        charging_answer(i);
        assert_int_equal(kit_result(), codes[i]);
    }
}

// ---- ASR ----
static void test_asr_of_both(void **state)
{
    static const uint32_t codes[] = {2001, 5002, 5030, 3002, 5012, 5012};
    for (int i = 0; i < 12; i++) {
        Magma__Lte__AbortSessionResult a = MAGMA__LTE__ABORT_SESSION_RESULT__INIT;
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(i < 6 ? GX : GY, DIA_CMD_ASR, i < 6 ? GX_SESSION : GY_SESSION, "");
        assert_string_equal(world.agw[0].service, "abort_session_service");
        const Magma__Lte__AbortSessionRequest *r =
            kit_agw_request(0, &magma__lte__abort_session_request__descriptor);
        assert_string_equal(r->session_id, SESSION);
        assert_string_equal(r->user_name, "IMSI" IMSI);
        a.code = (Magma__Lte__AbortSessionResult__Code)(i % 6);
        kit_agw_answer(0, RPC_OK, &a.base);
        assert_int_equal(kit_result(), codes[i % 6]);
    }
}

// ---- who cannot be reached ----
static void test_sessions_that_are_not_ours(void **state)
{
    static const char *const ids[] = {"pcrf.example.org;1;2", GY_SESSION,
                                      "fgw.example.org;1;1;agw1;nobody"};
    for (size_t i = 0; i < 3; i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(GX, DIA_CMD_RAR, ids[i], RAR_HEAD);
        assert_int_equal(world.n_agw, 0);
        assert_int_equal(kit_result(), 5002);
    }
}

static void test_an_access_gateway_that_is_not_listed_any_more(void **state)
{
    world.admit_err = ERR_FGW_UNKNOWN_GATEWAY;
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD);
    assert_int_equal(world.n_agw, 0);
    assert_int_equal(kit_result(), 5002);
}

static void test_an_access_gateway_that_is_away(void **state)
{
    static const struct {
        enum err err;
        uint32_t code;
    } cases[] = {{ERR_RPC_UNREACHABLE, 3002},
                 {ERR_TIMEOUT, 3002},
                 {ERR_FULL, 3004},
                 {ERR_FGW_UNKNOWN_GATEWAY, 5002},
                 {ERR_RPC_PROTOCOL, 5012}};
    for (size_t i = 0; i < 5; i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD);
        kit_agw_fail(0, cases[i].err);
        assert_int_equal(kit_result(), cases[i].code);
        kit_teardown(NULL);
        kit_setup(NULL);
        world.agw_err = cases[i].err; // at once
        kit_inbound(GY, DIA_CMD_ASR, GY_SESSION, "");
        assert_int_equal(kit_result(), cases[i].code);
    }
}

static void test_grpc_failures_of_the_access_gateway(void **state)
{
    static const struct {
        int status;
        uint32_t code;
    } cases[] = {{RPC_NOT_FOUND, 5002},
                 {RPC_UNAVAILABLE, 3002},
                 {RPC_UNIMPLEMENTED, 5012},
                 {RPC_RESOURCE_EXHAUSTED, 3004}};
    for (size_t i = 0; i < 4; i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD);
        kit_agw_answer(0, cases[i].status, NULL);
        assert_int_equal(kit_result(), cases[i].code);
    }
}

static void test_when_no_time_is_left(void **state)
{
    world.inbound_ms = 100;
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD);
    assert_int_equal(world.n_agw, 0);
    assert_int_equal(kit_result(), 3002);
}

static void test_unknown_avps(void **state)
{
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD UNKNOWN_OPTIONAL);
    assert_int_equal(world.n_agw, 1);
    policy_answer(0, 0);
    assert_int_equal(kit_result(), 2001);
}

static void test_an_unknown_mandatory_avp_inside_a_group(void **state)
{
    kit_inbound(GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD UNKNOWN_M_INSIDE);
    assert_int_equal(world.n_agw, 0);
    assert_int_equal(kit_result(), 5001);
    struct avp *failed = dia_find(world.inbound.answer, AVP_FAILED_AVP);
    assert_non_null(failed);
    char *hex = kit_avps_hex(world.inbound.answer);
    assert_non_null(strstr(hex, "0000011740000014" UNKNOWN_M));
    free(hex);
}

// RFC 6733 4.1, 7.5: whatever the request, its answer shows what was not understood. A stack that
// is stricter than this one refuses such requests itself (test_gx_gy_bad.py).
static void test_an_unknown_mandatory_avp(void **state)
{
    static const struct {
        uint32_t application, command;
        const char *session, *avps;
    } cases[] = {
        {GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD UNKNOWN_OPTIONAL},
        {GX, DIA_CMD_RAR, GX_SESSION, UNKNOWN_OPTIONAL RAR_HEAD INSTALL_NAMES},
        {GX, DIA_CMD_ASR, GX_SESSION, UNKNOWN_OPTIONAL},
        {GY, DIA_CMD_RAR, GY_SESSION, RAR_HEAD RATING_GROUP_7 UNKNOWN_OPTIONAL},
        {GY, DIA_CMD_ASR, GY_SESSION, UNKNOWN_OPTIONAL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_teardown(NULL);
        kit_setup(NULL);
        world.inbound_unknown_m = true;
        kit_inbound(cases[i].application, cases[i].command, cases[i].session, cases[i].avps);
        assert_int_equal(world.n_agw, 0);
        assert_int_equal(kit_result(), 5001);
        char *hex = kit_avps_hex(world.inbound.answer);
        assert_non_null(strstr(hex, "0000011740000014" UNKNOWN_M)); // Failed-AVP with all of it
        free(hex);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_gx_rar_becomes_policy_re_auth),
        CASE(test_results_of_policy_re_auth),
        CASE(test_failed_rules_are_reported),
        CASE(test_a_filter_that_cannot_be_matched_is_a_failed_rule),
        CASE(test_session_release_cause_becomes_abort),
        CASE(test_gy_rar_for_the_session_or_one_service),
        CASE(test_results_of_charging_re_auth),
        CASE(test_asr_of_both),
        CASE(test_sessions_that_are_not_ours),
        CASE(test_an_access_gateway_that_is_not_listed_any_more),
        CASE(test_an_access_gateway_that_is_away),
        CASE(test_grpc_failures_of_the_access_gateway),
        CASE(test_when_no_time_is_left),
        CASE(test_unknown_avps),
        CASE(test_an_unknown_mandatory_avp),
        CASE(test_an_unknown_mandatory_avp_inside_a_group),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
