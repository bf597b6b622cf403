// SPDX-License-Identifier: BSD-3-Clause
// What PCRF and OCS send: every AVP of a rule, and flows as access gateways can match them.
#include "cases.h"

#define RULE_FULL                                                                                  \
    "000003e9c0000250000028af000003ebc0000244000028af000003edc0000010000028af66756c6c0000"         \
    "01b74000000c00000005000001b04000000c000000070000042280000054000028af000001fbc0000037"         \
    "000028af7065726d6974206f75742031372066726f6d203139322e302e322e3120353320746f20617373"         \
    "69676e6564000000043880000010000028af000000010000044080000017000028af6170702e6578616d"         \
    "706c6500000001ffc0000010000028af00000002000003f8c0000098000028af00000404c00000100000"         \
    "28af0000000100000204c0000010000028af000003e800000203c0000010000028af000007d000000402"         \
    "c0000010000028af0000012c00000401c0000010000028af000001900000040a8000003c000028af0000"         \
    "041680000010000028af000000020000041780000010000028af000000000000041880000010000028af"         \
    "00000001000003f3c0000010000028af00000001000003f1c0000010000028af00000001000003f0c000"         \
    "0010000028af00000001000003efc0000010000028af00000002000003f2c0000010000028af00000037"         \
    "000001f9c000000e000028af010200000000042a8000000e000028af6d6b00000000043d800000440000"         \
    "28af0000043e80000010000028af00000001000001b14000000c00000002000001b34000001c68747470"         \
    "3a2f2f782e6578616d706c652e6f726700000af980000010000028af0000000000000213800000130000"         \
    "28af73706f6e736f7200000002148000000f000028af617370000000022880000014000028af00000000"         \
    "00000009"
#define RULE_EXTENDED                                                                              \
    "000003e9c0000080000028af000003ebc0000074000028af000003edc0000010000028af666173740000"         \
    "03f8c000003c000028af00000204c0000010000028afffffffff0000022b80000010000028af004c4b40"         \
    "00000b2380000010000028af005b8d80000003f1c0000010000028af00000000000001b04000000c0000"         \
    "0007"
#define RULE_BAD                                                                                   \
    "000003e9c0000050000028af000003ebc0000044000028af000003edc000000f000028af626164000000"         \
    "042280000028000028af000001fbc000001c000028af616c6c6f772065766572797468696e67"

static struct gxgy_rules rules_of(const char *avps)
{
    struct gxgy_rules rules;
    const Fgw__Gxgy__GxAnswer *a =
        (const Fgw__Gxgy__GxAnswer *)kit_decode(world.arena, GXGY_GX_CCA, avps);
    assert_int_equal(gxgy_rules_of(world.arena, a, false, &rules), ERR_OK);
    return rules;
}

static void test_every_avp_of_a_rule(void **state)
{
    const struct gxgy_rules rules = rules_of(RULE_FULL);
    assert_int_equal(rules.n_dynamic, 1);
    const Magma__Lte__PolicyRule *r = rules.dynamics[0]->policy_rule;
    assert_string_equal(r->id, "full");
    assert_int_equal(r->priority, 55);
    assert_int_equal(r->rating_group, 7);
    assert_int_equal(r->service_identifier->value, 5);
    assert_memory_equal(r->monitoring_key.data, "mk", 2);
    assert_int_equal(r->tracking_type, MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__OCS_AND_PCRF);
    assert_true(r->online && r->offline);
    assert_int_equal(r->qos->qci, 1);
    assert_int_equal(r->qos->max_req_bw_ul, 1000);
    assert_int_equal(r->qos->max_req_bw_dl, 2000);
    assert_int_equal(r->qos->gbr_ul, 300);
    assert_int_equal(r->qos->gbr_dl, 400);
    assert_int_equal(r->qos->arp->priority_level, 2);
    assert_int_equal(r->qos->arp->pre_capability, MAGMA__LTE__QOS_ARP__PRE_CAP__PRE_CAP_ENABLED);
    assert_int_equal(r->qos->arp->pre_vulnerability,
                     MAGMA__LTE__QOS_ARP__PRE_VUL__PRE_VUL_DISABLED);
    assert_int_equal(r->redirect->support, MAGMA__LTE__REDIRECT_INFORMATION__SUPPORT__ENABLED);
    assert_string_equal(r->redirect->server_address, "http://x.example.org");
    assert_int_equal(r->metering_method, 2);
    assert_int_equal(r->reporting_level, 1);
    assert_int_equal(r->flow_status, 2);
    assert_string_equal(r->tdf_application_identifier, "app.example");
    assert_string_equal(r->sponsor_identity, "sponsor");
    assert_string_equal(r->application_service_provider_identity, "asp");
    assert_int_equal(r->content_version, 9);
    assert_true(r->mute_notification);
    assert_int_equal(r->n_flow_list, 1);
    assert_int_equal(r->flow_list[0]->match->udp_src, 53);
    assert_true(r->flow_list[0]->match->dst_assigned);
}

static void test_extended_rates_and_offline_rules(void **state)
{
    const struct gxgy_rules rules = rules_of(RULE_EXTENDED);
    const Magma__Lte__PolicyRule *r = rules.dynamics[0]->policy_rule;
    assert_int_equal(r->qos->max_req_bw_ul, UINT32_MAX);
    assert_int_equal(r->qos->extended_max_bw_ul_kbps, 5000000);
    assert_int_equal(r->qos->extended_gbr_ul_kbps, 6000000);
    assert_int_equal(r->tracking_type, MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__NO_TRACKING);
    assert_false(r->online); // Online 0: no quota although there is a rating group
}

static void test_a_filter_that_is_none(void **state)
{
    const struct gxgy_rules rules = rules_of(RULE_BAD CHARGED_RULES);
    assert_int_equal(rules.n_dynamic, 2); // the others are installed
    assert_int_equal(rules.n_failed, 1);
    assert_string_equal(rules.failed[0]->rule_ids[0], "bad");
    assert_int_equal(rules.failed[0]->failure_code, 12);
}

// ---- flows ----
static const char *address(const Magma__Lte__IPAddress *a)
{
    static char texts[2][64];
    static unsigned turn;
    if (!a)
        return "any";
    char *text = texts[turn++ % 2];
    snprintf(text, 64, "%.*s", (int)a->address.len, (const char *)a->address.data);
    return text;
}

static void test_flows(void **state)
{
    enum { NONE = -1 };
    static const struct {
        const char *filter;
        int direction;    // Flow-Direction; -1: absent
        const char *want; // direction, protocol, source address and port, destination; one per flow
    } cases[] = {
        {"permit out ip from any to any", NONE, "D0 any:0>any:0"},
        {"permit in ip from any to any", NONE, "U0 any:0>any:0"},
        {"permit out 6 from 192.0.2.1 80 to assigned", 1, "D6 192.0.2.1:80>any:0"},
        {"permit out 6 from 192.0.2.1 80 to assigned", 2, "U6 any:0>192.0.2.1:80"},
        {"permit out 6 from 192.0.2.0/24 80 to assigned", 3,
         "U6 any:0>192.0.2.0/24:80 D6 192.0.2.0/24:80>any:0"},
        {"permit out 6 from 192.0.2.1 80 to assigned", 0,
         "U6 any:0>192.0.2.1:80 D6 192.0.2.1:80>any:0"},
        {"permit out 17 from any 10-11,20 to any", 1,
         "D17 any:10>any:0 D17 any:11>any:0 D17 any:20>any:0"},
        {"permit out ip from any 53 to any", 1, "D6 any:53>any:0 D17 any:53>any:0"},
        {"permit out 6 from any 0-65535 to any", 1, "D6 any:0>any:0"},
        {"permit out 6 from 2001:db8::/32 to any 443", 1, "D6 2001:db8::/32:0>any:443"},
        {"permit in 6 from assigned to 192.0.2.1 80", 2, "U6 any:0>192.0.2.1:80"},
        {"permit in 6 from assigned to 192.0.2.1 80", 1, "D6 192.0.2.1:80>any:0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Fgw__Gxgy__Flow flow = FGW__GXGY__FLOW__INIT;
        Magma__Lte__FlowDescription **flows;
        size_t n, used = 0;
        char text[512] = "";
        flow.description = TEXT(cases[i].filter);
        if (cases[i].direction >= 0) {
            flow.direction = (uint32_t)cases[i].direction;
            flow.direction_present_case = FGW__GXGY__FLOW__DIRECTION_PRESENT_DIRECTION;
        }
        assert_int_equal(gxgy_flows_of(world.arena, &flow, &world.settings.gx, &flows, &n), ERR_OK);
        for (size_t k = 0; k < n; k++) {
            const Magma__Lte__FlowMatch *m = flows[k]->match;
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%c%d %s:%u>%s:%u",
                                     k ? " " : "", m->direction ? 'D' : 'U', (int)m->ip_proto,
                                     address(m->ip_src), m->tcp_src + m->udp_src,
                                     address(m->ip_dst), m->tcp_dst + m->udp_dst);
            assert_string_equal(m->rule, cases[i].filter);
        }
        assert_string_equal(text, cases[i].want);
    }
}

static void test_what_cannot_be_matched_is_refused_or_widened_as_set(void **state)
{
    static const struct {
        const char *filter;
        enum err refused, widened;
    } cases[] = {
        {"permit out 6 from any 1-65000 to any", ERR_UNSUPPORTED, ERR_OK},
        {"permit out 6 from any 1-9 to any 1-9", ERR_UNSUPPORTED, ERR_OK}, // 81 pairs
        {"permit out 132 from any 5060 to any", ERR_UNSUPPORTED, ERR_OK},
        {"permit out 6 from any 0 to any", ERR_UNSUPPORTED, ERR_OK}, // to them 0 is any port
        {"permit out 17 from any 0-2 to any", ERR_UNSUPPORTED, ERR_OK},
        {"permit out ip from !192.0.2.1 to any", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"permit out 6 from any to any established", ERR_UNSUPPORTED, ERR_UNSUPPORTED},
        {"permit out 6 from nowhere to any", ERR_DECODE_SYNTAX, ERR_DECODE_SYNTAX},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Fgw__Gxgy__Flow flow = FGW__GXGY__FLOW__INIT;
        Magma__Lte__FlowDescription **flows;
        size_t n;
        flow.description = TEXT(cases[i].filter);
        kit_settings("");
        assert_int_equal(gxgy_flows_of(world.arena, &flow, &world.settings.gx, &flows, &n),
                         cases[i].refused);
        kit_settings("gx = { wide_ports = \"widen\"; };");
        assert_int_equal(gxgy_flows_of(world.arena, &flow, &world.settings.gx, &flows, &n),
                         cases[i].widened);
        if (cases[i].widened == ERR_OK) {
            assert_int_equal(n, 1);
            assert_true(flows[0]->match->n_src_ports > 0); // the ranges are told all the same
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_avp_of_a_rule),
        CASE(test_extended_rates_and_offline_rules),
        CASE(test_a_filter_that_is_none),
        CASE(test_flows),
        CASE(test_what_cannot_be_matched_is_refused_or_widened_as_set),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
