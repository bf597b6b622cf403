// SPDX-License-Identifier: BSD-3-Clause
// PS-Information and the Charging-Id: what an OCS is told of the session besides its usage, where
// it comes from, and how a deployment switches it off. QoS and Charging-Id are kept by the access
// gateway, so that each later request says the same.
#include "cases.h"
#include "rpc/status.h"

typedef Magma__Lte__TgppContext Tgpp;
#define PS AVP_SERVICE_INFORMATION, AVP_PS_INFORMATION
#define QOS PS, AVP_QOS_INFORMATION
#define IDENTIFIER AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_GX
#define ID_VALUE AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE
// FNV-1a and splitmix64 of "agw1" and the session, computed by another program
#define DERIVED "2342114294"
#define DERIVED_BYTES "8b99d3f6"

static struct create c;
static Magma__Lte__SessionReport report;
static Magma__Lte__ChargingIdentifier identifier, *identifiers[] = {&identifier};

static int begin(void **state)
{
    create_init(&c);
    magma__lte__session_report__init(&report);
    magma__lte__charging_identifier__init(&identifier);
    return kit_setup(state);
}

// Ends what is under way, which would hold up the next test's session.
static int end(void **state)
{
    for (size_t i = 0; i < world.n_sent; i++)
        if (world.sent[i].done)
            kit_fail(i, ERR_TIMEOUT);
    return kit_teardown(state);
}

// A session whose PCRF answers with rules and with more; the OCS is asked in request 1.
static void open_session(const char *more)
{
    char avps[2048];
    snprintf(avps, sizeof(avps), "%s%s", CHARGED_RULES, more);
    kit_call("CreateSession", &c.request.base);
    kit_answer(0, 2001, avps);
}

static Tgpp *opened(const char *more)
{
    open_session(more);
    kit_answer(1, 2001, GRANT_7);
    Magma__Lte__CreateSessionResponse *r =
        kit_reply(&magma__lte__create_session_response__descriptor);
    assert_non_null(r->tgpp_ctx);
    return r->tgpp_ctx;
}

// A usage report of that session; returns the context after it. i: its place among the requests.
static Tgpp *update(Tgpp *tgpp, bool with_rat, size_t i)
{
    Magma__Lte__UpdateSessionRequest request = MAGMA__LTE__UPDATE_SESSION_REQUEST__INIT;
    Magma__Lte__CreditUsageUpdate u = MAGMA__LTE__CREDIT_USAGE_UPDATE__INIT, *list[] = {&u};
    Magma__Lte__CreditUsage usage = MAGMA__LTE__CREDIT_USAGE__INIT;
    request.updates = list;
    request.n_updates = 1;
    u.session_id = TEXT(SESSION);
    u.common_context = &c.common;
    u.request_number = (uint32_t)i;
    u.usage = &usage;
    usage.charging_key = 7;
    usage.bytes_rx = 5;
    u.tgpp_ctx = tgpp;
    u.rat_specific_context = with_rat ? &c.rat : NULL;
    kit_call("UpdateSession", &request.base);
    kit_answer(i, 2001, GRANT_7);
    Magma__Lte__UpdateSessionResponse *r =
        kit_reply(&magma__lte__update_session_response__descriptor);
    return r->responses[0]->tgpp_ctx;
}

static void terminate(Tgpp *tgpp)
{
    Magma__Lte__SessionTerminateRequest request = MAGMA__LTE__SESSION_TERMINATE_REQUEST__INIT;
    request.session_id = TEXT(SESSION);
    request.common_context = &c.common;
    request.tgpp_ctx = tgpp;
    request.request_number = 9;
    request.report = c.request.report;
    kit_call("TerminateSession", &request.base);
}

// ---- QoS ----
static void test_the_qos_is_the_access_gateways_where_the_pcrf_says_none(void **state)
{
    open_session("");
    ASSERT_VALUE(SENT(1), "9", QOS, AVP_QOS_CLASS_IDENTIFIER);
    ASSERT_VALUE(SENT(1), "1000000", QOS, AVP_APN_AGGREGATE_MAX_BITRATE_UL);
    ASSERT_VALUE(SENT(1), "2000000", QOS, AVP_APN_AGGREGATE_MAX_BITRATE_DL);
    ASSERT_VALUE(SENT(1), "15", QOS, AVP_ALLOCATION_RETENTION_PRIORITY, AVP_PRIORITY_LEVEL);
    assert_null(VALUE(SENT(1), PS, AVP_3GPP_GPRS_NEGOTIATED_QOS_PROFILE));
}

static void assert_authorised(struct msg *request)
{
    ASSERT_VALUE(request, "8", QOS, AVP_QOS_CLASS_IDENTIFIER);
    ASSERT_VALUE(request, "2000000", QOS, AVP_APN_AGGREGATE_MAX_BITRATE_UL);
    ASSERT_VALUE(request, "4000000", QOS, AVP_APN_AGGREGATE_MAX_BITRATE_DL);
    ASSERT_VALUE(request, "3", QOS, AVP_ALLOCATION_RETENTION_PRIORITY, AVP_PRIORITY_LEVEL);
    ASSERT_VALUE(request, "1", QOS, AVP_ALLOCATION_RETENTION_PRIORITY, AVP_PRE_EMPTION_CAPABILITY);
}

static void test_what_the_pcrf_authorises_holds_to_the_end(void **state)
{
    Tgpp *tgpp = opened(SESSION_PART);
    assert_authorised(SENT(1));
    tgpp = update(tgpp, true, 2); // the access gateway repeats what it asked for
    assert_authorised(SENT(2));
    tgpp = update(tgpp, false, 3); // or says nothing
    assert_authorised(SENT(3));
    terminate(tgpp);
    assert_authorised(SENT(5)); // after the PCRF's CCR-T
}

static void test_an_access_gateway_that_says_something_new_is_believed(void **state)
{
    Tgpp *tgpp = opened(SESSION_PART);
    c.qos.qos_class_id = 6; // a RAR has changed it
    c.qos.apn_ambr_ul = 5000000;
    c.qos.br_unit = MAGMA__LTE__QOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__KBPS;
    tgpp = update(tgpp, true, 2);
    ASSERT_VALUE(SENT(2), "6", QOS, AVP_QOS_CLASS_IDENTIFIER);
    ASSERT_VALUE(SENT(2), "4294967295", QOS, AVP_APN_AGGREGATE_MAX_BITRATE_UL);
    ASSERT_VALUE(SENT(2), "5000000", QOS, AVP_EXTENDED_APN_AMBR_UL);
    update(tgpp, false, 3);
    ASSERT_VALUE(SENT(3), "6", QOS, AVP_QOS_CLASS_IDENTIFIER);
}

static void test_without_gx_there_is_qos_too(void **state)
{
    kit_settings("gx = { enabled = false; }; rules = ( { id = \"all\"; rating_group = 7; "
                 "omnipresent = true; } );");
    kit_call("CreateSession", &c.request.base);
    ASSERT_VALUE(SENT(0), "9", QOS, AVP_QOS_CLASS_IDENTIFIER);
}

static void test_qos_of_5g(void **state)
{
    static const struct {
        uint64_t up;
        bool kbps;
        const char *plain, *extended;
    } cases[] = {{1000000, false, "1000000", NULL},
                 {10000000000u, false, "4294967295", "10000000"},
                 {6000000, true, "4294967295", "6000000"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Magma__Lte__M5GSMSessionContext nr = MAGMA__LTE__M5_GSMSESSION_CONTEXT__INIT;
        Magma__Lte__M5GQosInformationRequest qos = MAGMA__LTE__M5_GQOS_INFORMATION_REQUEST__INIT;
        end(NULL);
        begin(NULL);
        c.common.rat_type = MAGMA__LTE__RATTYPE__TGPP_NR;
        c.rat.context_case = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_M5GSM_SESSION_CONTEXT;
        c.rat.m5gsm_session_context = &nr;
        nr.imei = TEXT("3534900698733153");
        nr.subscribed_qos = &qos;
        qos.apn_ambr_ul = cases[i].up;
        qos.apn_ambr_dl = 1;
        qos.br_unit = cases[i].kbps;
        qos.qos_class_id = MAGMA__LTE__QCI__QCI_9;
        qos.priority_level = 4;
        qos.preemption_capability = MAGMA__LTE__PREM_CAPAB__MAY_TRIGGER_PRE_EMPTION;
        open_session("");
        ASSERT_VALUE(SENT(0), "1006", AVP_RAT_TYPE);
        ASSERT_VALUE(SENT(0), "3534900698733153", AVP_USER_EQUIPMENT_INFO,
                     AVP_USER_EQUIPMENT_INFO_VALUE);
        ASSERT_VALUE(SENT(1), "9", QOS, AVP_QOS_CLASS_IDENTIFIER);
        ASSERT_VALUE(SENT(1), cases[i].plain, QOS, AVP_APN_AGGREGATE_MAX_BITRATE_UL);
        ASSERT_VALUE(SENT(1), "0", QOS, AVP_ALLOCATION_RETENTION_PRIORITY,
                     AVP_PRE_EMPTION_CAPABILITY); // enabled
        ASSERT_VALUE(SENT(1), "1", QOS, AVP_ALLOCATION_RETENTION_PRIORITY,
                     AVP_PRE_EMPTION_VULNERABILITY); // disabled
        const char *extended = VALUE(SENT(1), QOS, AVP_EXTENDED_APN_AMBR_UL);
        assert_int_equal(extended != NULL, cases[i].extended != NULL);
        if (extended)
            assert_string_equal(extended, cases[i].extended);
    }
}

static void test_the_form_of_the_qos_is_a_setting(void **state)
{
    static const struct {
        const char *form;
        bool information, profile;
    } cases[] = {{"information", true, false},
                 {"profile", false, true},
                 {"both", true, true},
                 {"none", false, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        end(NULL);
        begin(NULL);
        snprintf(text, sizeof(text), "gy = { ps_qos = \"%s\"; };", cases[i].form);
        kit_settings(text);
        open_session(SESSION_PART);
        assert_int_equal(VALUE(SENT(1), QOS) != NULL, cases[i].information);
        const char *profile = VALUE(SENT(1), PS, AVP_3GPP_GPRS_NEGOTIATED_QOS_PROFILE);
        assert_int_equal(profile != NULL, cases[i].profile);
        if (profile) // ARP: may not pre-empt, priority 3, can be pre-empted; QCI 8; kbit/s
            assert_string_equal(profile, "08-4C08000007D000000FA0");
        assert_string_equal(VALUE(SENT(1), PS, AVP_3GPP_NSAPI), "5");
    }
}

static void test_negotiated_qos_profiles(void **state)
{
    static const struct {
        uint32_t qci, priority;
        int capability, vulnerability;
        uint64_t up, down;
        const char *want; // NULL: none
    } cases[] = {
        {9, 15, 0, 0, 1000000, 2000000, "08-3C09000003E8000007D0"},
        {5, 1, 1, 1, 0, 0, "08-45050000000000000000"},
        {69, 10, 0, 1, 10000000000u, 20000000000u, "08-29450098968001312D00"},
        {9, 15, 0, 0, 999, 5000000000000000u, "08-3C0900000000FFFFFFFF"},
        {1, 15, 0, 0, 1000, 1000, NULL}, // guaranteed: no default bearer
        {66, 15, 0, 0, 1000, 1000, NULL},
        {84, 15, 0, 0, 1000, 1000, NULL},
        {0, 15, 0, 0, 1000, 1000, NULL},
        {300, 15, 0, 0, 1000, 1000, NULL},
        {9, 0, 0, 0, 1000, 1000, NULL}, // no ARP
        {9, 16, 0, 0, 1000, 1000, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Magma__Lte__SessionQos qos = MAGMA__LTE__SESSION_QOS__INIT;
        Magma__Lte__QosArp arp = MAGMA__LTE__QOS_ARP__INIT;
        char *profile = NULL;
        qos.qci = cases[i].qci;
        qos.apn_ambr_ul = cases[i].up;
        qos.apn_ambr_dl = cases[i].down;
        qos.arp = cases[i].priority ? &arp : NULL;
        arp.priority_level = cases[i].priority;
        arp.pre_capability = (Magma__Lte__QosArp__PreCap)cases[i].capability;
        arp.pre_vulnerability = (Magma__Lte__QosArp__PreVul)cases[i].vulnerability;
        assert_int_equal(gxgy_qos_profile(world.arena, &qos, &profile), ERR_OK);
        if (cases[i].want)
            assert_string_equal(profile, cases[i].want);
        else
            assert_null(profile);
    }
}

// ---- serving node ----
static void test_the_type_of_the_serving_node(void **state)
{
    static const struct {
        const char *set;
        Magma__Lte__RATType rat;
        int trusted; // AN-Trusted; -1: not said
        const char *want;
    } cases[] = {
        {"by-rat", MAGMA__LTE__RATTYPE__TGPP_LTE, -1, "5"},
        {"by-rat", MAGMA__LTE__RATTYPE__TGPP_WLAN, -1, "6"},
        {"by-rat", MAGMA__LTE__RATTYPE__TGPP_WLAN, 0, "6"},
        {"by-rat", MAGMA__LTE__RATTYPE__TGPP_WLAN, 1, "3"},
        {"by-rat", MAGMA__LTE__RATTYPE__TGPP_NR, -1, NULL},
        {"sgsn", MAGMA__LTE__RATTYPE__TGPP_LTE, -1, "0"},
        {"gtp-sgw", MAGMA__LTE__RATTYPE__TGPP_LTE, -1, "2"},
        {"twan", MAGMA__LTE__RATTYPE__TGPP_LTE, -1, "6"},
        {"none", MAGMA__LTE__RATTYPE__TGPP_LTE, -1, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        end(NULL);
        begin(NULL);
        snprintf(text, sizeof(text), "gy = { serving_node_type = \"%s\"; };", cases[i].set);
        kit_settings(text);
        c.common.rat_type = cases[i].rat;
        c.request.report = cases[i].trusted < 0 ? NULL : &report;
        report.trusted_access = (uint32_t)cases[i].trusted;
        report.trusted_access_present_case =
            MAGMA__LTE__SESSION_REPORT__TRUSTED_ACCESS_PRESENT_TRUSTED_ACCESS;
        open_session("");
        const char *type = VALUE(SENT(1), PS, AVP_SERVING_NODE_TYPE);
        if (cases[i].want)
            assert_string_equal(type, cases[i].want);
        else
            assert_null(type);
    }
}

static void test_names_of_nodes_where_set(void **state)
{
    open_session("");
    assert_null(VALUE(SENT(1), PS, AVP_CG_ADDRESS));
    assert_null(VALUE(SENT(1), PS, AVP_NODE_ID));
    end(NULL);
    begin(NULL);
    kit_settings("gy = { cg_address = \"2001:db8::5\"; node_id = true; };");
    open_session("");
    ASSERT_OCTETS(SENT(1), "000220010db8000000000000000000000005", PS, AVP_CG_ADDRESS);
    ASSERT_VALUE(SENT(1), "agw1", PS, AVP_NODE_ID);
}

static void test_the_bearer_is_named_as_the_access_gateway_does(void **state)
{
    c.lte.bearer_id = 11;
    Tgpp *tgpp = opened("");
    ASSERT_VALUE(SENT(1), "B", PS, AVP_3GPP_NSAPI);
    tgpp = update(tgpp, false, 2);
    terminate(tgpp);
    ASSERT_VALUE(SENT(4), "B", PS, AVP_3GPP_NSAPI);
}

// ---- Charging-Id ----
static void test_both_are_told_the_same_derived_charging_id(void **state)
{
    Tgpp *tgpp = opened("");
    ASSERT_OCTETS(SENT(0), DERIVED_BYTES, IDENTIFIER, ID_VALUE);
    ASSERT_VALUE(SENT(0), "0", IDENTIFIER, AVP_IP_CAN_SESSION_CHARGING_SCOPE);
    ASSERT_OCTETS(SENT(1), DERIVED_BYTES, PS, AVP_3GPP_CHARGING_ID);
    ASSERT_VALUE(SENT(1), DERIVED, PS, AVP_PDN_CONNECTION_CHARGING_ID);
    assert_int_equal(tgpp->charging_id, 0); // made anew each time: nothing to keep
    // a gateway that knows nothing of the session but its name says the same
    terminate(NULL);
    assert_null(VALUE(SENT(2), IDENTIFIER, ID_VALUE)); // the PCRF knows it
    end(NULL);
    begin(NULL);
    update(NULL, false, 0);
    ASSERT_VALUE(SENT(0), DERIVED, PS, AVP_PDN_CONNECTION_CHARGING_ID);
}

static void test_other_sessions_have_another_charging_id(void **state)
{
    enum { SESSIONS = 2000 };
    uint32_t *ids = base_arena_zalloc(world.arena, SESSIONS * sizeof(*ids));
    struct gxgy_context context;
    assert_non_null(ids);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        c.request.session_id = base_arena_printf(world.arena, "IMSI" IMSI "-%u", 100000 + i / 2);
        assert_int_equal(gxgy_context_of_create(world.arena, &c.request, &context), ERR_OK);
        context.gateway = i % 2 ? "agw1" : "agw2";
        ids[i] = gxgy_charging_id(&context);
        assert_int_not_equal(ids[i], 0);
        for (uint32_t k = 0; k < i; k++)
            assert_int_not_equal(ids[k], ids[i]);
    }
}

static void say_identifier(const char *bytes, size_t len)
{
    identifier.value = (ProtobufCBinaryData){len, (uint8_t *)TEXT(bytes)};
    report.charging_identifiers = identifiers;
    report.n_charging_identifiers = 1;
    c.request.report = &report;
}

static void test_the_access_gateways_own_charging_id_is_taken(void **state)
{
    say_identifier("\0\1\2\3", 4);
    Tgpp *tgpp = opened("");
    ASSERT_OCTETS(SENT(0), "00010203", IDENTIFIER, ID_VALUE);
    assert_int_equal(kit_count(SENT(0), IDENTIFIER), 1);
    ASSERT_OCTETS(SENT(1), "00010203", PS, AVP_3GPP_CHARGING_ID);
    update(tgpp, false, 2); // which does not say it again
    ASSERT_VALUE(SENT(2), "66051", PS, AVP_PDN_CONNECTION_CHARGING_ID);
}

static void test_an_identifier_of_single_rules_is_not_the_sessions(void **state)
{
    char *rules[] = {TEXT("r1")};
    say_identifier("\0\1\2\3", 4);
    identifier.rule_ids = rules;
    identifier.n_rule_ids = 1;
    open_session("");
    ASSERT_OCTETS(SENT(0), "00010203", IDENTIFIER, ID_VALUE);
    assert_int_equal(kit_count(SENT(0), IDENTIFIER), 1);
    ASSERT_VALUE(SENT(1), DERIVED, PS, AVP_PDN_CONNECTION_CHARGING_ID);
}

static void test_charging_ids_can_be_switched_off(void **state)
{
    static const struct {
        const char *set;
        bool said, want;
    } cases[] = {{"relay", false, false}, {"relay", true, true}, {"none", true, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        end(NULL);
        begin(NULL);
        snprintf(text, sizeof(text), "charging_id = \"%s\";", cases[i].set);
        kit_settings(text);
        if (cases[i].said)
            say_identifier("\0\1\2\3", 4);
        open_session("");
        assert_int_equal(VALUE(SENT(1), PS, AVP_3GPP_CHARGING_ID) != NULL, cases[i].want);
        assert_int_equal(VALUE(SENT(1), PS, AVP_PDN_CONNECTION_CHARGING_ID) != NULL, cases[i].want);
        // what the access gateway reports goes to the PCRF in any case
        assert_int_equal(VALUE(SENT(0), IDENTIFIER) != NULL, cases[i].said);
    }
}

static void test_the_pcrf_gets_it_again_where_correlation_is_reported(void **state)
{
    Magma__Lte__UpdateSessionRequest request = MAGMA__LTE__UPDATE_SESSION_REQUEST__INIT;
    Magma__Lte__UsageMonitoringUpdateRequest u = MAGMA__LTE__USAGE_MONITORING_UPDATE_REQUEST__INIT,
                                             *list[] = {&u};
    request.usage_monitors = list;
    request.n_usage_monitors = 1;
    u.session_id = TEXT(SESSION);
    u.sid = TEXT("IMSI" IMSI);
    u.event_trigger = MAGMA__LTE__EVENT_TRIGGER__CHARGING_CORRELATION_EXCHANGE;
    kit_call("UpdateSession", &request.base);
    ASSERT_OCTETS(SENT(0), DERIVED_BYTES, IDENTIFIER, ID_VALUE);
    kit_answer(0, 2001, "");
    u.event_trigger = MAGMA__LTE__EVENT_TRIGGER__TAI_CHANGE;
    kit_call("UpdateSession", &request.base);
    assert_null(VALUE(SENT(1), IDENTIFIER, ID_VALUE));
}

// ---- what the access gateway reports ----
static void test_reports_reach_the_ocs_too(void **state)
{
    Magma__Lte__PresenceArea area = MAGMA__LTE__PRESENCE_AREA__INIT, *areas[] = {&area};
    ProtobufCBinaryData causes[] = {BYTES("\1\2")};
    area.identifier = BYTES("area");
    area.status = 1;
    area.status_present_case = MAGMA__LTE__PRESENCE_AREA__STATUS_PRESENT_STATUS;
    report.presence_areas = areas;
    report.n_presence_areas = 1;
    report.nbifom_mode = 1;
    report.nbifom_mode_present_case = MAGMA__LTE__SESSION_REPORT__NBIFOM_MODE_PRESENT_NBIFOM_MODE;
    report.nbifom_support_present_case =
        MAGMA__LTE__SESSION_REPORT__NBIFOM_SUPPORT_PRESENT_NBIFOM_SUPPORT;
    report.user_location_time_unix = 1800000000;
    c.request.report = &report;
    Tgpp *tgpp = opened("");
    ASSERT_VALUE(SENT(1), "area", PS, AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                 AVP_PRESENCE_REPORTING_AREA_IDENTIFIER);
    ASSERT_VALUE(SENT(1), "1", PS, AVP_NBIFOM_MODE);
    ASSERT_VALUE(SENT(1), "0", PS, AVP_NBIFOM_SUPPORT);
    assert_non_null(VALUE(SENT(1), PS, AVP_USER_LOCATION_INFO_TIME));
    assert_null(VALUE(SENT(1), PS, AVP_ENHANCED_DIAGNOSTICS));
    report.ran_nas_release_causes = causes;
    report.n_ran_nas_release_causes = 1;
    terminate(tgpp);
    ASSERT_VALUE(SENT(3), "\1\2", PS, AVP_ENHANCED_DIAGNOSTICS, AVP_RAN_NAS_RELEASE_CAUSE);
}

// ---- sessions without an address ----
static void wlan(const char *settings, const char *ipv4, const char *ipv6)
{
    static uint8_t mac[] = {0x00, 0x10, 0xa4, 0x23, 0x19, 0xc0};
    Magma__Lte__WLANSessionContext access = MAGMA__LTE__WLANSESSION_CONTEXT__INIT;
    end(NULL);
    begin(NULL);
    kit_settings(settings);
    access.mac_addr_binary = (ProtobufCBinaryData){sizeof(mac), mac};
    c.common.rat_type = MAGMA__LTE__RATTYPE__TGPP_WLAN;
    c.common.ue_ipv4 = TEXT(ipv4);
    c.common.ue_ipv6 = TEXT(ipv6);
    c.rat.context_case = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_WLAN_CONTEXT;
    c.rat.wlan_context = &access;
    kit_call("CreateSession", &c.request.base);
}

static void test_an_address_made_of_the_mac_address_where_set(void **state)
{
    const char *set = "gx = { eui64_prefix = \"fd00:1:2:3::\"; };";
    wlan(set, "", ""); // RFC 3162 2.3, RFC 4291 appendix A
    ASSERT_OCTETS(SENT(0),
                  "0080fd00000100020003"
                  "0210a4fffe2319c0",
                  AVP_FRAMED_IPV6_PREFIX);
    assert_null(VALUE(SENT(0), AVP_FRAMED_IP_ADDRESS));
    wlan("", "", ""); // not by itself
    assert_null(VALUE(SENT(0), AVP_FRAMED_IPV6_PREFIX));
    wlan(set, "10.0.0.7", "");
    assert_null(VALUE(SENT(0), AVP_FRAMED_IPV6_PREFIX));
    wlan(set, "", "2001:db8:1:2::77");
    ASSERT_OCTETS(SENT(0), "004020010db800010002", AVP_FRAMED_IPV6_PREFIX);
    wlan("gx = { eui64_prefix = \"fd00:1:2:3::\"; default_ipv4 = \"10.10.10.10\"; };", "", "");
    assert_null(VALUE(SENT(0), AVP_FRAMED_IPV6_PREFIX));
    ASSERT_OCTETS(SENT(0), "0a0a0a0a", AVP_FRAMED_IP_ADDRESS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_qos_is_the_access_gateways_where_the_pcrf_says_none),
        CASE(test_what_the_pcrf_authorises_holds_to_the_end),
        CASE(test_an_access_gateway_that_says_something_new_is_believed),
        CASE(test_without_gx_there_is_qos_too),
        CASE(test_qos_of_5g),
        CASE(test_the_form_of_the_qos_is_a_setting),
        CASE(test_negotiated_qos_profiles),
        CASE(test_the_type_of_the_serving_node),
        CASE(test_names_of_nodes_where_set),
        CASE(test_the_bearer_is_named_as_the_access_gateway_does),
        CASE(test_both_are_told_the_same_derived_charging_id),
        CASE(test_other_sessions_have_another_charging_id),
        CASE(test_the_access_gateways_own_charging_id_is_taken),
        CASE(test_an_identifier_of_single_rules_is_not_the_sessions),
        CASE(test_charging_ids_can_be_switched_off),
        CASE(test_the_pcrf_gets_it_again_where_correlation_is_reported),
        CASE(test_reports_reach_the_ocs_too),
        CASE(test_an_address_made_of_the_mac_address_where_set),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
