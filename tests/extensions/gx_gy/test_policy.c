// SPDX-License-Identifier: BSD-3-Clause
// Gx besides rules: what PCRF and access gateway tell each other about a session, and what the
// access gateway keeps for the session's later requests. AVPs as in cases.h.
#include "cases.h"

#define CHARGING_ADDRESSES                                                                         \
    "0000026ac00000b0000028af0000026bc0000036000028af6161613a2f2f6f63732d612e6578616d706c"         \
    "652e6f72673a333836383b7472616e73706f72743d74637000000000026cc0000024000028af61616173"         \
    "3a2f2f6f63732d622e6578616d706c652e6f72670000026dc0000023000028af6161613a2f2f6364662d"         \
    "612e6578616d706c652e6f7267000000026ec0000023000028af6161613a2f2f6364662d622e6578616d"         \
    "706c652e6f726700"

#define CHARGING_NONSENSE                                                                          \
    "0000026ac000002c000028af0000026bc000001d000028af6f63732d612e6578616d706c652e6f726700"         \
    "0000"

#define POLICY                                                                                     \
    "000003ffc0000010000028af000000020000026ac00000b0000028af0000026bc0000036000028af6161"         \
    "613a2f2f6f63732d612e6578616d706c652e6f72673a333836383b7472616e73706f72743d7463700000"         \
    "0000026cc0000024000028af616161733a2f2f6f63732d622e6578616d706c652e6f72670000026dc000"         \
    "0023000028af6161613a2f2f6364662d612e6578616d706c652e6f7267000000026ec0000023000028af"         \
    "6161613a2f2f6364662d622e6578616d706c652e6f7267000000042f80000010000028af000000010000"         \
    "0b1d80000064000028af00000b068000003c000028af00000b058000000f000028af0102030000000b04"         \
    "8000000e000028afaabb000000000b2780000010000028af0000000100000b068000001c000028af0000"         \
    "0b058000000d000028af0400000000000b1e8000001c000028af00000b058000000d000028af09000000"         \
    "00000b068000002c000028af00000b058000000d000028af0700000000000b0780000010000028af0000"         \
    "000200000b0f80000010000028af0000000100000b0e80000010000028af0000000100000b0d80000010"         \
    "000028af0000000500000b1080000010000028af0000000000000b138000003c000028af00000435c000"         \
    "000f000028af72723100000003fbc0000010000028af0000000100000b1280000010000028af00000003"         \
    "00000b1880000094000028af00000b1780000010000028afeef4508000000419c0000038000028af0000"         \
    "0404c0000010000028af000000060000040ac000001c000028af00000416c0000010000028af00000004"         \
    "00000411c0000010000028af000003e800000410c0000010000028af000007d000000b21800000100000"         \
    "28af0000000000000b2080000010000028af006acfc000000b1a80000010000028af0000000000000403"         \
    "c0000010000028af00000006"

#define POLICY_RAR                                                                                 \
    "00000b0a80000010000028af0000000000000b1d80000028000028af00000b068000001c000028af0000"         \
    "0b058000000d000028af050000000000042f80000010000028af00000002"

#define FEATURES_PLAIN                                                                             \
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"         \
    "027680000010000028af000000030000027480000038000028af0000010a4000000c000028af00000275"         \
    "80000010000028af000000020000027680000010000028af00000003"

#define FEATURES_EXTENDED                                                                          \
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"         \
    "027680000010000028af000000030000027480000038000028af0000010a4000000c000028af00000275"         \
    "80000010000028af000000020000027680000010000028af00000083"

#define MONITOR_TIME                                                                               \
    "0000042b80000050000028af0000042a8000000f000028af6d6b3100000001af40000014000001a44000"         \
    "000c0000005a00000371c0000010000028af0000000f0000042c80000010000028af00000000"

#define RULE_REL15                                                                                 \
    "000003e9c00000e4000028af000003ebc00000b8000028af000003edc000000f000028af723135000000"         \
    "044b80000010000028af00000000000001fec000003c000028af00000206c0000010000028af00000001"         \
    "000001fdc0000010000028af00000002000001fdc0000010000028af0000000300000211800000100000"         \
    "28af000000010000021b80000010000028af0000000b0000021c80000010000028af0000000c00000b14"         \
    "8000000e000028af646c000000000b158000000e000028af756c00000000042780000010000028af0000"         \
    "00000000043180000010000028af00000000"

static Magma__Lte__CreateSessionResponse *created(void)
{
    return kit_reply(&magma__lte__create_session_response__descriptor);
}

static bool is(const ProtobufCBinaryData *bytes, const char *text)
{
    return bytes->len == strlen(text) && memcmp(bytes->data, text, bytes->len) == 0;
}

// ---- what the PCRF says about the session ----
static void test_everything_a_cca_says_reaches_the_access_gateway(void **state)
{
    create();
    kit_answer(0, 2001, POLICY);
    const Magma__Lte__SessionPolicy *p = created()->policy;
    assert_string_equal(p->charging->primary_ecf, "aaa://ocs-a.example.org:3868;transport=tcp");
    assert_string_equal(p->charging->secondary_ecf, "aaas://ocs-b.example.org");
    assert_string_equal(p->charging->primary_ccf, "aaa://cdf-a.example.org");
    assert_string_equal(p->charging->secondary_ccf, "aaa://cdf-b.example.org");
    assert_int_equal(p->n_presence_areas, 2);
    assert_true(is(&p->presence_areas[0]->identifier, "\x01\x02\x03"));
    assert_true(is(&p->presence_areas[0]->elements, "\xaa\xbb"));
    assert_int_equal(p->presence_areas[0]->node, 1);
    assert_true(is(&p->presence_areas[1]->identifier, "\x04"));
    assert_int_equal(p->n_presence_areas_removed, 1);
    assert_true(is(&p->presence_areas_removed[0], "\x09"));
    assert_true(is(&p->presence_area->identifier, "\x07"));
    assert_int_equal(p->presence_area->status, 2);
    assert_int_equal(p->nbifom_support, 1);
    assert_int_equal(p->nbifom_mode, 1);
    assert_int_equal(p->default_access, 5);
    assert_true(p->ran_rule_support_present_case && p->ran_rule_support == 0);
    assert_int_equal(p->n_routing_rules, 1);
    assert_true(is(&p->routing_rules[0]->identifiers[0], "rr1"));
    assert_int_equal(p->routing_rules[0]->status, 1);
    assert_int_equal(p->routing_rules[0]->failure_code, 3);
    assert_int_equal(p->bearer_control_mode, 2);
    assert_int_equal(p->n_csg_reporting, 1);
    assert_int_equal(p->csg_reporting[0], 1);
    assert_true(p->removal_of_access);
    assert_int_equal(p->removed_ip_can, 6);
}

static void test_qos_that_holds_from_a_time_on(void **state)
{
    create();
    kit_answer(0, 2001, POLICY);
    const Magma__Lte__SessionPolicy *p = created()->policy;
    assert_int_equal(p->n_conditional, 1);
    const Magma__Lte__ConditionalPolicy *c = p->conditional[0];
    assert_int_equal(c->execution_unix, 1800000000);
    assert_int_equal(c->qci, 6);
    assert_int_equal(c->arp->priority_level, 4);
    assert_int_equal(c->arp->pre_capability, MAGMA__LTE__QOS_ARP__PRE_CAP__PRE_CAP_DISABLED);
    assert_int_equal(c->arp->pre_vulnerability, MAGMA__LTE__QOS_ARP__PRE_VUL__PRE_VUL_ENABLED);
    assert_int_equal(c->ambr_ul, 1000);
    assert_int_equal(c->ambr_dl, 2000);
    assert_int_equal(c->extended_ambr_dl, 7000000);
}

static void test_a_rar_has_it_too(void **state)
{
    kit_inbound(DIA_APP_GX, DIA_CMD_RAR, GX_SESSION, RAR_HEAD POLICY_RAR);
    const Magma__Lte__PolicyReAuthRequest *r =
        kit_agw_request(0, &magma__lte__policy_re_auth_request__descriptor);
    assert_true(r->policy->pcscf_restoration);
    assert_int_equal(r->policy->n_presence_areas, 1);
    assert_true(is(&r->policy->presence_areas[0]->identifier, "\x05"));
    assert_int_equal(r->policy->csg_reporting[0], 2);
    kit_agw_fail(0, ERR_RPC_UNREACHABLE);
}

static void test_a_session_without_any_of_it_has_no_policy(void **state)
{
    create();
    kit_answer(0, 2001, "");
    assert_null(created()->policy);
}

static void test_what_release_15_adds_to_rules(void **state)
{
    create();
    kit_answer(0, 2001, RULE_REL15);
    const Magma__Lte__CreateSessionResponse *r = created();
    assert_int_equal(r->n_dynamic_rules, 1);
    assert_true(r->dynamic_rules[0]->notify_allocation);
    assert_true(r->dynamic_rules[0]->charging_correlation);
    const Magma__Lte__PolicyRule *rule = r->dynamic_rules[0]->policy_rule;
    assert_int_equal(rule->n_media_flows, 1);
    assert_int_equal(rule->media_flows[0]->component, 1);
    assert_int_equal(rule->media_flows[0]->n_flows, 2);
    assert_int_equal(rule->media_flows[0]->flows[1], 3);
    assert_int_equal(rule->af_signalling_protocol, 1);
    assert_int_equal(rule->sharing_key_dl, 11);
    assert_int_equal(rule->sharing_key_ul, 12);
    assert_true(is(&rule->traffic_steering_dl, "dl"));
    assert_true(is(&rule->traffic_steering_ul, "ul"));
    assert_true(rule->ps_to_cs_continuity);
}

// ---- what an access gateway reports ----
static struct {
    Magma__Lte__UpdateSessionRequest request;
    Magma__Lte__UsageMonitoringUpdateRequest monitor, *monitors[1];
    Magma__Lte__UsageMonitorUpdate usage;
    Magma__Lte__CreditUsageUpdate credit, *credits[1];
    Magma__Lte__CreditUsage used;
    Magma__Lte__CommonSessionContext common;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__TgppContext tgpp;
    Magma__Lte__RatSpecificContext rat;
    Magma__Lte__LTESessionContext lte;
    Magma__Lte__QosInformationRequest qos;
} u;

static int begin(void **state)
{
    memset(&u, 0, sizeof(u));
    magma__lte__update_session_request__init(&u.request);
    magma__lte__usage_monitoring_update_request__init(&u.monitor);
    magma__lte__usage_monitor_update__init(&u.usage);
    magma__lte__credit_usage_update__init(&u.credit);
    magma__lte__credit_usage__init(&u.used);
    magma__lte__common_session_context__init(&u.common);
    magma__lte__subscriber_id__init(&u.sid);
    magma__lte__tgpp_context__init(&u.tgpp);
    magma__lte__rat_specific_context__init(&u.rat);
    magma__lte__ltesession_context__init(&u.lte);
    magma__lte__qos_information_request__init(&u.qos);
    u.monitors[0] = &u.monitor;
    u.credits[0] = &u.credit;
    u.request.usage_monitors = u.monitors;
    u.request.n_usage_monitors = 1;
    u.request.updates = u.credits;
    u.sid.id = TEXT("IMSI" IMSI);
    u.common.sid = &u.sid;
    u.monitor.session_id = u.credit.session_id = TEXT(SESSION);
    u.monitor.sid = u.sid.id;
    u.monitor.request_number = 5;
    u.monitor.tgpp_ctx = u.credit.tgpp_ctx = &u.tgpp;
    u.credit.common_context = &u.common;
    u.credit.usage = &u.used;
    u.used.charging_key = 7;
    u.tgpp.gx_dest_host = TEXT("pcrf1.example.org");
    u.tgpp.gy_dest_host = TEXT("ocs1.example.org");
    return kit_setup(state);
}

static Magma__Lte__UpdateSessionResponse *updated(void)
{
    return kit_reply(&magma__lte__update_session_response__descriptor);
}

static void update(void)
{
    kit_call("UpdateSession", &u.request.base);
}

#define ONE(pointer) ((void *)(&(void *){(pointer)}))

static void test_presence_is_reported(void **state)
{
    Magma__Lte__SessionReport report = MAGMA__LTE__SESSION_REPORT__INIT;
    Magma__Lte__PresenceArea area = MAGMA__LTE__PRESENCE_AREA__INIT;
    Magma__Lte__EventTrigger trigger =
        MAGMA__LTE__EVENT_TRIGGER__CHANGE_OF_UE_PRESENCE_IN_PRESENCE_REPORTING_AREA_REPORT;
    area.identifier = BYTES("area");
    area.status = 1;
    area.status_present_case = MAGMA__LTE__PRESENCE_AREA__STATUS_PRESENT_STATUS;
    report.presence_areas = ONE(&area);
    report.n_presence_areas = 1;
    u.monitor.report = &report;
    u.monitor.event_triggers = &trigger;
    u.monitor.n_event_triggers = 1;
    update();
    ASSERT_VALUE(SENT(0), "48", AVP_EVENT_TRIGGER);
    ASSERT_VALUE(SENT(0), "area", AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                 AVP_PRESENCE_REPORTING_AREA_IDENTIFIER);
    ASSERT_VALUE(SENT(0), "1", AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                 AVP_PRESENCE_REPORTING_AREA_STATUS);
    kit_answer(0, 2001, "");
    assert_true(updated()->usage_monitor_responses[0]->success);
}

static void test_a_request_for_resources(void **state)
{
    Magma__Lte__SessionReport report = MAGMA__LTE__SESSION_REPORT__INIT;
    Magma__Lte__PacketFilter filter = MAGMA__LTE__PACKET_FILTER__INIT;
    Magma__Lte__TftFilter tft = MAGMA__LTE__TFT_FILTER__INIT;
    filter.identifier = BYTES("\x31");
    filter.content = TEXT("permit out 17 from 192.0.2.1 5000 to any");
    filter.precedence = 7;
    filter.precedence_present_case = MAGMA__LTE__PACKET_FILTER__PRECEDENCE_PRESENT_PRECEDENCE;
    filter.direction = 3;
    filter.direction_present_case = MAGMA__LTE__PACKET_FILTER__DIRECTION_PRESENT_DIRECTION;
    tft.filter = TEXT("permit out 6 from any to any");
    report.packet_filter_operation = 1;
    report.packet_filter_operation_present_case =
        MAGMA__LTE__SESSION_REPORT__PACKET_FILTER_OPERATION_PRESENT_PACKET_FILTER_OPERATION;
    report.packet_filters = ONE(&filter);
    report.n_packet_filters = 1;
    report.tft_filters = ONE(&tft);
    report.n_tft_filters = 1;
    u.monitor.report = &report;
    u.monitor.event_trigger = MAGMA__LTE__EVENT_TRIGGER__RESOURCE_MODIFICATION_REQUEST;
    update();
#define FILTER AVP_PACKET_FILTER_INFORMATION
    ASSERT_VALUE(SENT(0), "23", AVP_EVENT_TRIGGER);
    ASSERT_VALUE(SENT(0), "1", AVP_PACKET_FILTER_OPERATION);
    ASSERT_VALUE(SENT(0), "1", FILTER, AVP_PACKET_FILTER_IDENTIFIER);
    ASSERT_VALUE(SENT(0), filter.content, FILTER, AVP_PACKET_FILTER_CONTENT);
    ASSERT_VALUE(SENT(0), "7", FILTER, AVP_PRECEDENCE);
    ASSERT_VALUE(SENT(0), "3", FILTER, AVP_FLOW_DIRECTION);
    ASSERT_VALUE(SENT(0), tft.filter, AVP_TFT_PACKET_FILTER_INFORMATION, AVP_TFT_FILTER);
    kit_answer(0, 2001, "");
}

static void test_nbifom(void **state)
{
    Magma__Lte__SessionReport report = MAGMA__LTE__SESSION_REPORT__INIT;
    Magma__Lte__RoutingRule rule = MAGMA__LTE__ROUTING_RULE__INIT;
    Magma__Lte__RoutingFilter filter = MAGMA__LTE__ROUTING_FILTER__INIT;
    ProtobufCBinaryData removed = BYTES("old");
    filter.description = TEXT("permit out ip from any to any");
    filter.direction = 1;
    rule.identifier = BYTES("rr1");
    rule.filters = ONE(&filter);
    rule.n_filters = 1;
    rule.ip_can_type = 6;
    rule.ip_can_type_present_case = MAGMA__LTE__ROUTING_RULE__IP_CAN_TYPE_PRESENT_IP_CAN_TYPE;
    report.nbifom_support = 1;
    report.nbifom_support_present_case =
        MAGMA__LTE__SESSION_REPORT__NBIFOM_SUPPORT_PRESENT_NBIFOM_SUPPORT;
    report.default_access = 5;
    report.default_access_present_case =
        MAGMA__LTE__SESSION_REPORT__DEFAULT_ACCESS_PRESENT_DEFAULT_ACCESS;
    report.routing_rules = ONE(&rule);
    report.n_routing_rules = 1;
    report.routing_rules_removed = &removed;
    report.n_routing_rules_removed = 1;
    u.monitor.report = &report;
    u.monitor.event_trigger = MAGMA__LTE__EVENT_TRIGGER__ROUTING_RULE_CHANGE;
    update();
    ASSERT_VALUE(SENT(0), "1", AVP_NBIFOM_SUPPORT);
    ASSERT_VALUE(SENT(0), "5", AVP_DEFAULT_ACCESS);
    assert_null(VALUE(SENT(0), AVP_NBIFOM_MODE));
    ASSERT_VALUE(SENT(0), "rr1", AVP_ROUTING_RULE_INSTALL, AVP_ROUTING_RULE_DEFINITION,
                 AVP_ROUTING_RULE_IDENTIFIER);
    ASSERT_VALUE(SENT(0), filter.description, AVP_ROUTING_RULE_INSTALL, AVP_ROUTING_RULE_DEFINITION,
                 AVP_ROUTING_FILTER, AVP_FLOW_DESCRIPTION);
    ASSERT_VALUE(SENT(0), "6", AVP_ROUTING_RULE_INSTALL, AVP_ROUTING_RULE_DEFINITION,
                 AVP_IP_CAN_TYPE);
    ASSERT_VALUE(SENT(0), "old", AVP_ROUTING_RULE_REMOVE, AVP_ROUTING_RULE_IDENTIFIER);
    kit_answer(0, 2001, "");
}

static void test_detected_applications_and_charging_identifiers(void **state)
{
    Magma__Lte__SessionReport report = MAGMA__LTE__SESSION_REPORT__INIT;
    Magma__Lte__DetectedApplication app = MAGMA__LTE__DETECTED_APPLICATION__INIT;
    Magma__Lte__ChargingIdentifier id = MAGMA__LTE__CHARGING_IDENTIFIER__INIT;
    ProtobufCBinaryData cause = BYTES("\x21\x22");
    app.application = TEXT("video");
    app.instance = TEXT("7");
    id.value = BYTES("icid");
    id.rule_ids = ONE(TEXT("r1"));
    id.n_rule_ids = 1;
    report.applications = ONE(&app);
    report.n_applications = 1;
    report.charging_identifiers = ONE(&id);
    report.n_charging_identifiers = 1;
    report.ran_nas_release_causes = &cause;
    report.n_ran_nas_release_causes = 1;
    report.origination_unix_ms = 1800000000123;
    report.maximum_wait_ms = 2500;
    u.monitor.report = &report;
    u.monitor.event_trigger = MAGMA__LTE__EVENT_TRIGGER__APPLICATION_START;
    update();
    ASSERT_VALUE(SENT(0), "video", AVP_APPLICATION_DETECTION_INFORMATION,
                 AVP_TDF_APPLICATION_IDENTIFIER);
    ASSERT_VALUE(SENT(0), "icid", AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_GX,
                 AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE);
    ASSERT_VALUE(SENT(0), "r1", AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_GX, AVP_CHARGING_RULE_NAME);
    ASSERT_VALUE(SENT(0), "\x21\x22", AVP_RAN_NAS_RELEASE_CAUSE);
    ASSERT_VALUE(SENT(0), "1800000000123", AVP_ORIGINATION_TIME_STAMP);
    ASSERT_VALUE(SENT(0), "2500", AVP_MAXIMUM_WAIT_TIME);
    kit_answer(0, 2001, "");
}

// ---- usage by time ----
static void test_usage_can_be_monitored_by_time(void **state)
{
    u.monitor.update = &u.usage;
    u.usage.monitoring_key = BYTES("mk1");
    u.usage.seconds = 60;
    update();
#define MONITOR AVP_USAGE_MONITORING_INFORMATION
    ASSERT_VALUE(SENT(0), "60", MONITOR, AVP_USED_SERVICE_UNIT, AVP_CC_TIME);
    assert_null(VALUE(SENT(0), MONITOR, AVP_USED_SERVICE_UNIT, AVP_CC_TOTAL_OCTETS));
    kit_answer(0, 2001, MONITOR_TIME);
    const Magma__Lte__UsageMonitoringCredit *c = updated()->usage_monitor_responses[0]->credit;
    assert_int_equal(c->granted_seconds, 90);
    assert_int_equal(c->quota_consumption_time, 15);
    assert_false(c->granted_units->total->is_valid);
}

// After a monitor is switched off its last total still arrives (TS 29.212 4.5.17.3).
static void test_the_total_of_a_monitor_that_was_removed(void **state)
{
    u.monitor.update = &u.usage;
    u.usage.monitoring_key = BYTES("mk1");
    u.usage.bytes_tx = 3;
    u.usage.bytes_rx = 4;
    update();
    kit_answer(0, 2001, MONITOR_MK1_OFF);
    assert_int_equal(updated()->usage_monitor_responses[0]->credit->action,
                     MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE);
    u.monitor.request_number = 6;
    u.usage.bytes_rx = 6;
    update();
    ASSERT_VALUE(SENT(1), "6", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(1), "33", AVP_EVENT_TRIGGER);
    ASSERT_VALUE(SENT(1), "9", MONITOR, AVP_USED_SERVICE_UNIT, AVP_CC_TOTAL_OCTETS);
    kit_answer(1, 2001, "");
    assert_true(updated()->usage_monitor_responses[0]->success);
}

// ---- Charging-Information: which OCS ----
static void test_the_pcrf_names_the_ocs(void **state)
{
    kit_settings("gy = { realm = \"ocs.net\"; host = \"x.ocs.net\"; session_failover = true;"
                 "failure_handling = \"retry-and-terminate\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES CHARGING_ADDRESSES);
    ASSERT_VALUE(SENT(1), "ocs-a.example.org", AVP_DESTINATION_HOST);
    ASSERT_VALUE(SENT(1), "ocs.net", AVP_DESTINATION_REALM);
    kit_fail(1, ERR_TIMEOUT);
    ASSERT_VALUE(SENT(2), "ocs-b.example.org", AVP_DESTINATION_HOST);
    kit_answer(2, 2001, GRANT_7);
    const Magma__Lte__TgppContext *t = created()->tgpp_ctx;
    assert_int_equal(t->n_charging_hosts, 2);
    assert_string_equal(t->charging_hosts[0], "ocs-a.example.org");
    assert_string_equal(t->charging_hosts[1], "ocs-b.example.org");
}

static void test_updates_stay_with_the_ocs_that_answered(void **state)
{
    static const struct {
        const char *sticky, *first, *second;
    } cases[] = {{"a.org", "a.org", "b.org"}, // the other one is the alternate
                 {"b.org", "b.org", "a.org"},
                 {"", "a.org", "b.org"},
                 {"c.org", "c.org", "a.org"}};
    for (size_t i = 0; i < 4; i++) {
        kit_teardown(NULL);
        begin(NULL);
        kit_settings("gy = { session_failover = true; failure_handling = \"continue\";"
                     "late_open = false; };");
        char *hosts[] = {TEXT("a.org"), TEXT("b.org")};
        u.request.n_updates = 1;
        u.request.n_usage_monitors = 0;
        u.tgpp.charging_hosts = hosts;
        u.tgpp.n_charging_hosts = 2;
        u.tgpp.gy_dest_host = TEXT(cases[i].sticky);
        update();
        ASSERT_VALUE(SENT(0), cases[i].first, AVP_DESTINATION_HOST);
        kit_fail(0, ERR_TIMEOUT);
        ASSERT_VALUE(SENT(1), cases[i].second, AVP_DESTINATION_HOST);
        kit_answer(1, 2001, GRANT_7);
    }
}

static void test_where_set_the_choice_of_the_pcrf_is_not_followed(void **state)
{
    kit_settings("gy = { follow_pcrf = false; host = \"x.ocs.net\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES CHARGING_ADDRESSES);
    ASSERT_VALUE(SENT(1), "x.ocs.net", AVP_DESTINATION_HOST);
    kit_answer(1, 2001, GRANT_7);
    assert_non_null(created()->policy->charging); // the access gateway is told all the same
}

static void test_an_address_that_is_none_is_not_followed(void **state)
{
    kit_settings("gy = { host = \"x.ocs.net\"; };");
    create();
    kit_answer(0, 2001, CHARGED_RULES CHARGING_NONSENSE);
    ASSERT_VALUE(SENT(1), "x.ocs.net", AVP_DESTINATION_HOST);
    kit_answer(1, 2001, GRANT_7);
    assert_int_equal(created()->tgpp_ctx->n_charging_hosts, 0);
}

// ---- rules that could not be installed ----
static void test_failed_rules_are_told_with_the_next_update_and_once(void **state)
{
    Magma__Lte__TgppContext *tgpp;
    create();
    kit_answer(0, 2001, WIDE_RULE);
    tgpp = created()->tgpp_ctx; // as the access gateway keeps it
    assert_int_equal(tgpp->n_unreported_rules, 1);
    u.monitor.tgpp_ctx = tgpp;
    update();
    ASSERT_VALUE(SENT(1), "wide", AVP_CHARGING_RULE_REPORT, AVP_CHARGING_RULE_NAME);
    ASSERT_VALUE(SENT(1), "1", AVP_CHARGING_RULE_REPORT, AVP_PCC_RULE_STATUS);
    ASSERT_VALUE(SENT(1), "16", AVP_CHARGING_RULE_REPORT, AVP_RULE_FAILURE_CODE);
    kit_answer(1, 2001, "");
    assert_int_equal(updated()->usage_monitor_responses[0]->tgpp_ctx->n_unreported_rules, 0);
}

static void test_failed_rules_wait_while_the_pcrf_is_away(void **state)
{
    create();
    kit_answer(0, 2001, WIDE_RULE);
    u.monitor.tgpp_ctx = created()->tgpp_ctx;
    update();
    kit_fail(1, ERR_TIMEOUT);
    assert_int_equal(updated()->usage_monitor_responses[0]->tgpp_ctx->n_unreported_rules, 1);
}

static void test_what_the_access_gateway_reports_itself_is_not_said_twice(void **state)
{
    Magma__Lte__RuleReport report = MAGMA__LTE__RULE_REPORT__INIT;
    create();
    kit_answer(0, 2001, WIDE_RULE);
    u.monitor.tgpp_ctx = created()->tgpp_ctx;
    report.rule_ids = ONE(TEXT("wide"));
    report.n_rule_ids = 1;
    report.status = 1;
    u.monitor.rule_reports = ONE(&report);
    u.monitor.n_rule_reports = 1;
    update();
    assert_int_equal(kit_count(SENT(1), AVP_CHARGING_RULE_REPORT), 1);
    kit_answer(1, 2001, "");
}

// ---- features ----
static void test_rates_beyond_32_bits_only_where_the_pcrf_knows_them(void **state)
{
    static const struct {
        const char *features;
        bool extended;
    } cases[] = {{FEATURES_PLAIN, false}, {FEATURES_EXTENDED, true}, {"", true}};
    for (size_t i = 0; i < 3; i++) {
        kit_teardown(NULL);
        begin(NULL);
        create();
        kit_answer(0, 2001, cases[i].features);
        u.monitor.tgpp_ctx = created()->tgpp_ctx;
        assert_int_equal(u.monitor.tgpp_ctx->gx_features_1, i < 2 ? 4 : 0);
        u.qos.apn_ambr_dl = 5000000;
        u.qos.br_unit = MAGMA__LTE__QOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__KBPS;
        u.lte.qos_info = &u.qos;
        u.rat.lte_context = &u.lte;
        u.rat.context_case = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_LTE_CONTEXT;
        u.monitor.rat_specific_context = &u.rat;
        u.monitor.common_context = &u.common;
        update();
        assert_int_equal(VALUE(SENT(1), AVP_QOS_INFORMATION, AVP_EXTENDED_APN_AMBR_DL) != NULL,
                         cases[i].extended);
        ASSERT_VALUE(SENT(1), "4294967295", AVP_QOS_INFORMATION, AVP_APN_AGGREGATE_MAX_BITRATE_DL);
        kit_answer(1, 2001, "");
    }
}

// ---- one context ----
static void test_both_replies_of_a_session_carry_the_same_context(void **state)
{
    Magma__Lte__UpdateSessionResponse *r;
    u.request.n_updates = 1;
    u.tgpp.gy_dest_host = TEXT(""); // Gy begins with this update
    update();
    kit_answer(1, 2001, FEATURES_PLAIN);
    kit_answer(0, 2001, GRANT_7);
    r = updated();
    const Magma__Lte__TgppContext *gy = r->responses[0]->tgpp_ctx,
                                  *gx = r->usage_monitor_responses[0]->tgpp_ctx;
    assert_string_equal(gx->gy_dest_host, "ocs1.example.org");
    assert_string_equal(gy->gy_dest_host, "ocs1.example.org");
    assert_int_equal(gy->gx_features_2, 4);
    assert_int_equal(gx->gx_features_2, 4);
}

static void test_a_failed_exchange_does_not_hide_what_the_other_learned(void **state)
{
    u.request.n_updates = 1;
    u.tgpp.gy_dest_host = TEXT("");
    update();
    kit_fail(1, ERR_TIMEOUT);
    kit_answer(0, 2001, GRANT_7);
    assert_string_equal(updated()->usage_monitor_responses[0]->tgpp_ctx->gy_dest_host,
                        "ocs1.example.org");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_everything_a_cca_says_reaches_the_access_gateway),
        CASE(test_qos_that_holds_from_a_time_on),
        CASE(test_a_rar_has_it_too),
        CASE(test_a_session_without_any_of_it_has_no_policy),
        CASE(test_what_release_15_adds_to_rules),
        CASE(test_presence_is_reported),
        CASE(test_a_request_for_resources),
        CASE(test_nbifom),
        CASE(test_detected_applications_and_charging_identifiers),
        CASE(test_usage_can_be_monitored_by_time),
        CASE(test_the_total_of_a_monitor_that_was_removed),
        CASE(test_the_pcrf_names_the_ocs),
        CASE(test_updates_stay_with_the_ocs_that_answered),
        CASE(test_where_set_the_choice_of_the_pcrf_is_not_followed),
        CASE(test_an_address_that_is_none_is_not_followed),
        CASE(test_failed_rules_are_told_with_the_next_update_and_once),
        CASE(test_failed_rules_wait_while_the_pcrf_is_away),
        CASE(test_what_the_access_gateway_reports_itself_is_not_said_twice),
        CASE(test_rates_beyond_32_bits_only_where_the_pcrf_knows_them),
        CASE(test_both_replies_of_a_session_carry_the_same_context),
        CASE(test_a_failed_exchange_does_not_hide_what_the_other_learned),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
