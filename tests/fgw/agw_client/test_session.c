// SPDX-License-Identifier: BSD-3-Clause
// The session model's rules without a network: what may be consumed, what is reported and why, and
// what an answer makes of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agw_client/session_int.h"

static const struct agws_options options = {.apn = "internet", .batch = 1};
static struct agws *model;
static struct agws_session s;

static Magma__Lte__GrantedUnits *units(uint64_t octets)
{
    static Magma__Lte__GrantedUnits granted[4];
    static Magma__Lte__CreditUnit total[4];
    static unsigned next;
    unsigned i = next++ % 4;
    magma__lte__granted_units__init(&granted[i]);
    magma__lte__credit_unit__init(&total[i]);
    total[i].is_valid = true;
    total[i].volume = octets;
    granted[i].total = &total[i];
    return &granted[i];
}

static Magma__Lte__ChargingCredit credit_of(uint64_t octets)
{
    Magma__Lte__ChargingCredit credit = MAGMA__LTE__CHARGING_CREDIT__INIT;
    credit.granted_units = units(octets);
    return credit;
}

static bool answer(uint32_t group, bool success, uint32_t code, Magma__Lte__ChargingCredit *credit)
{
    Magma__Lte__CreditUpdateResponse r = MAGMA__LTE__CREDIT_UPDATE_RESPONSE__INIT;
    r.success = success;
    r.result_code = code;
    r.charging_key = group;
    r.credit = credit;
    return agws_apply_credit(&s, &r);
}

// An open session with the rule "web" (rating group 10, monitored by "mk") and this credit.
static void open_with(Magma__Lte__ChargingCredit *credit)
{
    Magma__Lte__CreateSessionResponse r = MAGMA__LTE__CREATE_SESSION_RESPONSE__INIT;
    Magma__Lte__CreditUpdateResponse update = MAGMA__LTE__CREDIT_UPDATE_RESPONSE__INIT;
    Magma__Lte__CreditUpdateResponse *updates[] = {&update};
    Magma__Lte__DynamicRuleInstall rule = MAGMA__LTE__DYNAMIC_RULE_INSTALL__INIT;
    Magma__Lte__DynamicRuleInstall *rules[] = {&rule};
    Magma__Lte__PolicyRule policy = MAGMA__LTE__POLICY_RULE__INIT;
    char id[] = "web", key[] = "mk";
    policy.id = id;
    policy.rating_group = 10;
    policy.monitoring_key.data = (uint8_t *)key;
    policy.monitoring_key.len = 2;
    rule.policy_rule = &policy;
    update.success = true;
    update.charging_key = 10;
    update.credit = credit;
    r.credits = updates;
    r.n_credits = 1;
    r.dynamic_rules = rules;
    r.n_dynamic_rules = 1;
    agws_apply_create(&s, &r);
}

static uint64_t use(uint32_t group, enum agws_kind kind, uint64_t amount)
{
    struct agws_credit *credit = agws_credit_of(&s, group);
    return credit ? agws_consume(&s, credit, kind, amount) : 0;
}

static int given_a_session(void **state)
{
    model = calloc(1, sizeof(*model));
    model->options = &options;
    s = (struct agws_session){.model = model, .state = AGWS_OPENING};
    snprintf(s.id, sizeof(s.id), "IMSI001010000000001-1");
    snprintf(s.imsi, sizeof(s.imsi), "001010000000001");
    return 0;
}

static int forget(void **state)
{
    agws_session_fini(&s);
    for (size_t i = 0; i < 256; i++) {
        while (model->texts[i]) {
            struct agws_text *next = model->texts[i]->next;
            if (model->texts[i]->parsed)
                protobuf_c_message_free_unpacked(model->texts[i]->parsed, NULL);
            free(model->texts[i]);
            model->texts[i] = next;
        }
    }
    free(model);
    return 0;
}

static void nothing_is_consumed_beyond_the_quota(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(1000);
    open_with(&credit);
    assert_int_equal(use(10, AGWS_OCTETS, 700), 700);
    assert_false(agws_collect(&s));
    assert_int_equal(use(10, AGWS_OCTETS, 700), 300);
    assert_int_equal(use(10, AGWS_OCTETS, 1), 0);
    assert_int_equal(use(20, AGWS_OCTETS, 1), 0); // no such rating group
    assert_int_equal(s.consumed[AGWS_OCTETS], 1000);
}

static void nothing_is_consumed_without_a_rule(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(1000);
    Magma__Lte__PolicyReAuthRequest remove = MAGMA__LTE__POLICY_RE_AUTH_REQUEST__INIT;
    char web[] = "web", *names[] = {web};
    remove.rules_to_remove = names;
    remove.n_rules_to_remove = 1;
    open_with(&credit);
    use(10, AGWS_OCTETS, 400);
    agws_apply_policy(&s, &remove);
    assert_int_equal(use(10, AGWS_OCTETS, 1), 0);
    assert_true(agws_collect(&s)); // what was used is reported for the last time
    assert_int_equal(s.credits[0].report.type, MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__TERMINATED);
    assert_int_equal(s.credits[0].report.before[AGWS_OCTETS], 400);
}

static void what_makes_a_report(void **state)
{
    enum { NONE = 99 };
    static const struct {
        const char *name;
        uint64_t granted, used, threshold;
        uint32_t validity;
        bool final, reauth;
        int action, type;
        enum agws_state then;
    } cases[] = {
        {"quota left", 1000, 999, 0, 0, false, false, 0, NONE, AGWS_OPEN},
        {"exhausted", 1000, 1000, 0, 0, false, false, 0, 3, AGWS_OPEN},
        {"threshold", 1000, 800, 200, 0, false, false, 0, 0, AGWS_OPEN},
        {"above the threshold", 1000, 799, 200, 0, false, false, 0, NONE, AGWS_OPEN},
        {"valid", 1000, 5, 0, 3600, false, false, 0, NONE, AGWS_OPEN},
        {"asked for", 1000, 5, 0, 0, false, true, 0, 7, AGWS_OPEN},
        {"final, not used up", 1000, 999, 0, 0, true, false, 1, NONE, AGWS_OPEN},
        {"final, redirect", 1000, 1000, 0, 0, true, false, 1, 2, AGWS_OPEN},
        {"final, restrict", 1000, 1000, 0, 0, true, false, 2, 2, AGWS_OPEN},
        {"final, terminate", 1000, 1000, 0, 0, true, false, 0, NONE, AGWS_ENDING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Magma__Lte__ChargingCredit credit = credit_of(cases[i].granted);
        credit.volume_quota_threshold = (uint32_t)cases[i].threshold;
        credit.validity_time = cases[i].validity;
        credit.is_final = cases[i].final;
        credit.final_action = (Magma__Lte__ChargingCredit__FinalAction)cases[i].action;
        open_with(&credit);
        use(10, AGWS_OCTETS, cases[i].used);
        s.credits[0].reauth = cases[i].reauth;
        bool any = agws_collect(&s), reported = s.credits[0].report.pending;
        int type = reported ? (int)s.credits[0].report.type : NONE;
        if (type != cases[i].type || s.state != cases[i].then ||
            any != (reported || s.state == AGWS_ENDING))
            fail_msg("%s: type %d, state %d", cases[i].name, type, (int)s.state);
        forget(state);
        given_a_session(state);
    }
}

static void quota_that_is_no_longer_valid_is_reported(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(1000);
    credit.validity_time = 3600;
    open_with(&credit);
    assert_true(model->timed);
    s.credits[0].valid_until_ns = base_now_ns() - 1;
    assert_true(agws_collect(&s));
    assert_int_equal(s.credits[0].report.type,
                     MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__VALIDITY_TIMER_EXPIRED);
}

// The answer to a report of 1000 octets.
static void what_an_answer_makes_of_a_report(void **state)
{
    static const struct {
        bool success;
        uint32_t code;
        bool settled;
        uint64_t acknowledged, refused;
        enum agws_credit_state credit;
        enum agws_state then;
    } cases[] = {
        {true, 2001, true, 1000, 0, AGWS_QUOTA, AGWS_OPEN},
        {false, 4012, true, 1000, 0, AGWS_SUSPENDED, AGWS_OPEN},
        {false, 4010, true, 1000, 0, AGWS_SUSPENDED, AGWS_OPEN},
        {false, 5031, true, 0, 1000, AGWS_SUSPENDED, AGWS_ENDING},
        {false, 3002, false, 0, 0, AGWS_QUOTA, AGWS_OPEN},
        {false, 3004, false, 0, 0, AGWS_QUOTA, AGWS_OPEN},
        {false, 0, false, 0, 0, AGWS_QUOTA, AGWS_OPEN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Magma__Lte__ChargingCredit credit = credit_of(1000), more = credit_of(500);
        open_with(&credit);
        use(10, AGWS_OCTETS, 1000);
        assert_true(agws_collect(&s));
        const struct agws_report sent = s.credits[0].report;
        assert_int_equal(answer(10, cases[i].success, cases[i].code, &more), cases[i].settled);
        struct agws_total *total = agws_total_group(model, 10);
        assert_int_equal(total->of[AGWS_OCTETS].acknowledged, cases[i].acknowledged);
        assert_int_equal(total->of[AGWS_OCTETS].refused, cases[i].refused);
        assert_int_equal(s.credits[0].state, cases[i].credit);
        assert_int_equal(s.state, cases[i].then);
        if (!cases[i].settled) { // sent again as it was
            assert_true(agws_collect(&s));
            assert_memory_equal(&s.credits[0].report, &sent, sizeof(sent));
        }
        forget(state);
        given_a_session(state);
    }
}

// 20 seconds and 3 service units.
static Magma__Lte__ChargingCredit credit_of_kinds(void)
{
    Magma__Lte__ChargingCredit credit = MAGMA__LTE__CHARGING_CREDIT__INIT;
    credit.granted_units = units(0);
    credit.granted_units->total->is_valid = false;
    credit.granted_seconds = 20;
    credit.granted_seconds_present_case =
        MAGMA__LTE__CHARGING_CREDIT__GRANTED_SECONDS_PRESENT_GRANTED_SECONDS;
    credit.granted_service_units = 3;
    credit.granted_service_units_present_case =
        MAGMA__LTE__CHARGING_CREDIT__GRANTED_SERVICE_UNITS_PRESENT_GRANTED_SERVICE_UNITS;
    return credit;
}

static void each_kind_of_quota_ends_the_use(void **state)
{
    static const struct {
        enum agws_kind kind;
        uint64_t granted;
    } cases[] = {{AGWS_SECONDS, 20}, {AGWS_UNITS, 3}};
    for (size_t i = 0; i < 2; i++) {
        Magma__Lte__ChargingCredit credit = credit_of_kinds();
        open_with(&credit);
        assert_int_equal(s.credits[0].state, AGWS_QUOTA);
        assert_int_equal(use(10, AGWS_OCTETS, 5000), 5000); // not what the quota is of
        assert_int_equal(use(10, cases[i].kind, cases[i].granted - 1), cases[i].granted - 1);
        assert_false(agws_collect(&s));
        assert_int_equal(use(10, cases[i].kind, 9), 1);
        for (int k = 0; k < AGWS_KINDS; k++) // all of it has to wait
            assert_int_equal(use(10, (enum agws_kind)k, 1), 0);
        assert_true(agws_collect(&s));
        assert_int_equal(s.credits[0].report.type, 3);
        assert_int_equal(s.credits[0].report.before[AGWS_OCTETS], 5000);
        assert_int_equal(s.credits[0].report.before[cases[i].kind], cases[i].granted);
        Magma__Lte__ChargingCredit more = credit_of_kinds();
        assert_true(answer(10, true, 2001, &more));
        assert_int_equal(agws_left(&s.credits[0], cases[i].kind), cases[i].granted);
        assert_int_equal(agws_total_group(model, 10)->of[cases[i].kind].acknowledged,
                         cases[i].granted);
        forget(state);
        given_a_session(state);
    }
}

static void thresholds_are_of_their_kind(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of_kinds();
    credit.volume_quota_threshold = 100000; // of a kind that is not limited
    credit.time_quota_threshold = 5;
    credit.unit_quota_threshold = 1;
    open_with(&credit);
    use(10, AGWS_OCTETS, 5000);
    use(10, AGWS_SECONDS, 14);
    use(10, AGWS_UNITS, 1);
    assert_false(agws_collect(&s));
    use(10, AGWS_SECONDS, 1);
    assert_true(agws_collect(&s));
    assert_int_equal(s.credits[0].report.type, MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__THRESHOLD);
    assert_int_equal(agws_left(&s.credits[0], AGWS_SECONDS), 5); // it is used on
}

static void an_idle_quota_is_given_back(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of_kinds();
    credit.quota_holding_time = 30;
    credit.quota_holding_time_present_case =
        MAGMA__LTE__CHARGING_CREDIT__QUOTA_HOLDING_TIME_PRESENT_QUOTA_HOLDING_TIME;
    open_with(&credit);
    use(10, AGWS_SECONDS, 2);
    assert_true(model->timed);
    assert_false(agws_collect(&s));
    s.credits[0].last_use_ns = base_now_ns() - 31 * BASE_S_NS;
    assert_true(agws_collect(&s));
    assert_int_equal(s.credits[0].report.type, MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__QHT);
    assert_int_equal(s.credits[0].report.before[AGWS_SECONDS], 2);
}

static Magma__Lte__UpdateSessionRequest *update(void)
{
    struct agws_session *list[] = {&s};
    size_t len;
    uint8_t *bytes = agws_message_update(list, 1, &len);
    Magma__Lte__UpdateSessionRequest *sent =
        magma__lte__update_session_request__unpack(NULL, len, bytes);
    free(bytes);
    assert_non_null(sent);
    return sent;
}

static void every_kind_is_told(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of_kinds();
    open_with(&credit);
    use(10, AGWS_OCTETS, 5000);
    use(10, AGWS_SECONDS, 7);
    use(10, AGWS_UNITS, 3);
    assert_true(agws_collect(&s));
    Magma__Lte__UpdateSessionRequest *sent = update();
    const Magma__Lte__CreditUsage *usage = sent->updates[0]->usage;
    assert_int_equal(usage->n_used, 1);
    assert_false(usage->used[0]->tariff_change_usage_present_case);
    assert_int_equal(usage->used[0]->bytes_rx, 5000);
    assert_int_equal(usage->used[0]->seconds, 7);
    assert_int_equal(usage->used[0]->service_units, 3);
    assert_int_equal(usage->requested_units->seconds, 20);
    assert_int_equal(usage->requested_units->service_units, 3);
    assert_int_equal(usage->requested_units->total, 0);
    magma__lte__update_session_request__free_unpacked(sent, NULL);
}

static void time_is_split_at_a_tariff_change(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of_kinds();
    credit.tariff_time_change_unix = agws_unix() + 3600;
    open_with(&credit);
    use(10, AGWS_SECONDS, 12);
    s.credits[0].tariff_unix = agws_unix() - 1;
    use(10, AGWS_SECONDS, 8);
    assert_true(agws_collect(&s));
    Magma__Lte__UpdateSessionRequest *sent = update();
    const Magma__Lte__CreditUsage *usage = sent->updates[0]->usage;
    assert_int_equal(usage->n_used, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(usage->used[i]->tariff_change_usage, i);
        assert_int_equal(usage->used[i]->seconds, i ? 8 : 12);
    }
    magma__lte__update_session_request__free_unpacked(sent, NULL);
}

static void a_quota_is_used_on_while_its_report_is_under_way(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(1000), more = credit_of(600);
    credit.volume_quota_threshold = 400;
    open_with(&credit);
    use(10, AGWS_OCTETS, 700);
    assert_true(agws_collect(&s));
    assert_int_equal(agws_left(&s.credits[0], AGWS_OCTETS), 300);
    assert_int_equal(use(10, AGWS_OCTETS, 900), 300);
    assert_true(answer(10, true, 2001, &more));
    assert_int_equal(agws_left(&s.credits[0], AGWS_OCTETS),
                     300); // 300 of the new one are gone already
}

static void a_final_unit_that_is_used_up_redirects_until_the_core_asks(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(1000), more = credit_of(800);
    Magma__Lte__ChargingCredit nothing = MAGMA__LTE__CHARGING_CREDIT__INIT;
    credit.is_final = true;
    credit.final_action = MAGMA__LTE__CHARGING_CREDIT__FINAL_ACTION__REDIRECT;
    open_with(&credit);
    use(10, AGWS_OCTETS, 1000);
    assert_true(agws_collect(&s));
    assert_true(answer(10, true, 2001, &nothing));
    assert_int_equal(s.credits[0].state, AGWS_REDIRECTED);
    assert_int_equal(use(10, AGWS_OCTETS, 1), 0);
    assert_false(agws_collect(&s));
    s.credits[0].reauth = true;
    assert_true(agws_collect(&s));
    assert_int_equal(s.credits[0].report.before[AGWS_OCTETS], 0);
    assert_true(answer(10, true, 2001, &more));
    assert_int_equal(use(10, AGWS_OCTETS, 9000), 800);
}

static void usage_is_split_at_a_tariff_change(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(1000);
    credit.tariff_time_change_unix = agws_unix() + 3600;
    open_with(&credit);
    use(10, AGWS_OCTETS, 300);
    s.credits[0].tariff_unix = agws_unix() - 1;
    use(10, AGWS_OCTETS, 700);
    assert_true(agws_collect(&s));
    assert_int_equal(s.credits[0].report.before[AGWS_OCTETS], 300);
    assert_int_equal(s.credits[0].report.after[AGWS_OCTETS], 700);
}

static void monitors_count_by_session_and_by_rule(void **state)
{
    static const struct {
        Magma__Lte__MonitoringLevel level;
        const char *key;
        uint64_t counted;
    } cases[] = {
        {MAGMA__LTE__MONITORING_LEVEL__SESSION_LEVEL, "any", 600},
        {MAGMA__LTE__MONITORING_LEVEL__PCC_RULE_LEVEL, "mk", 600},
        {MAGMA__LTE__MONITORING_LEVEL__PCC_RULE_LEVEL, "other", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Magma__Lte__ChargingCredit credit = credit_of(1000);
        Magma__Lte__PolicyReAuthRequest policy = MAGMA__LTE__POLICY_RE_AUTH_REQUEST__INIT;
        Magma__Lte__UsageMonitoringCredit monitor = MAGMA__LTE__USAGE_MONITORING_CREDIT__INIT;
        Magma__Lte__UsageMonitoringCredit *monitors[] = {&monitor};
        monitor.monitoring_key.data = (uint8_t *)(uintptr_t)cases[i].key;
        monitor.monitoring_key.len = strlen(cases[i].key);
        monitor.level = cases[i].level;
        monitor.granted_units = units(500);
        policy.usage_monitoring_credits = monitors;
        policy.n_usage_monitoring_credits = 1;
        open_with(&credit);
        agws_apply_policy(&s, &policy);
        use(10, AGWS_OCTETS, 600);
        assert_int_equal(agws_collect(&s), cases[i].counted > 0);
        assert_int_equal(s.monitors[0].report.before[AGWS_OCTETS], cases[i].counted);
        forget(state);
        given_a_session(state);
    }
}

static void what_the_core_wants_back_goes_back_as_it_came(void **state)
{
    Magma__Lte__ChargingCredit credit = credit_of(10);
    Magma__Lte__TgppContext tgpp = MAGMA__LTE__TGPP_CONTEXT__INIT;
    Magma__Lte__CreateSessionResponse r = MAGMA__LTE__CREATE_SESSION_RESPONSE__INIT;
    char host[] = "ocs.example.org", realm[] = "example.org";
    tgpp.gy_dest_host = host;
    tgpp.gy_dest_realm = realm;
    tgpp.gy_session_failover = 2;
    r.tgpp_ctx = &tgpp;
    open_with(&credit);
    agws_apply_create(&s, &r);
    use(10, AGWS_OCTETS, 10);
    assert_true(agws_collect(&s));
    Magma__Lte__UpdateSessionRequest *sent = update();
    assert_int_equal(sent->n_updates, 1);
    assert_string_equal(sent->updates[0]->tgpp_ctx->gy_dest_host, host);
    assert_string_equal(sent->updates[0]->tgpp_ctx->gy_dest_realm, realm);
    assert_int_equal(sent->updates[0]->tgpp_ctx->gy_session_failover, 2);
    assert_int_equal(sent->updates[0]->request_number, 1);
    assert_int_equal(sent->updates[0]->usage->bytes_rx, 10);
    magma__lte__update_session_request__free_unpacked(sent, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, given_a_session, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_consumed_beyond_the_quota),
        CASE(nothing_is_consumed_without_a_rule),
        CASE(what_makes_a_report),
        CASE(quota_that_is_no_longer_valid_is_reported),
        CASE(what_an_answer_makes_of_a_report),
        CASE(each_kind_of_quota_ends_the_use),
        CASE(thresholds_are_of_their_kind),
        CASE(an_idle_quota_is_given_back),
        CASE(every_kind_is_told),
        CASE(time_is_split_at_a_tariff_change),
        CASE(a_quota_is_used_on_while_its_report_is_under_way),
        CASE(a_final_unit_that_is_used_up_redirects_until_the_core_asks),
        CASE(usage_is_split_at_a_tariff_change),
        CASE(monitors_count_by_session_and_by_rule),
        CASE(what_the_core_wants_back_goes_back_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
