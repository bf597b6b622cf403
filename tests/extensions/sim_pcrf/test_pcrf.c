// SPDX-License-Identifier: BSD-3-Clause
// The PCRF without Diameter: policies, rules, monitors, changes in mid-session.
#include "../sim_ocs/credit_test.h"
#include "pcrf_core.h"

static struct pcrf pcrf;

static int setup(void **state)
{
    pcrf.features = 0x0b;
    return pcrf_open(database_path(), &pcrf);
}

static int teardown(void **state)
{
    pcrf_close(&pcrf);
    forget_database();
    return 0;
}

static void policy(const char *name, const char *body)
{
    command(pcrf.cc, 0, "policy", name, body);
}

static void test_rules_of_every_kind(void **state)
{
    command(pcrf.cc, 0, "rule", "web", "{\"Precedence\":10,\"Monitoring-Key\":\"mk\"}");
    policy("gold", "{\"rules\":[\"web\"],\"predefined\":[\"p1\",\"p2\"],\"base\":[\"b1\"],"
           "\"deactivation\":60,\"triggers\":[\"RAT_CHANGE\"],\"revalidation\":3600,"
           "\"avps\":{\"Online\":\"ENABLE_ONLINE\"}}");
    command(pcrf.cc, 0, "assign", IMSI, "gold", "internet");
    expect(credit_send(pcrf.cc, "INITIAL", 0, "\"Called-Station-Id\":\"internet\","
                       "\"Supported-Features\":{\"Feature-List-ID\":1,\"Feature-List\":3}"),
           "{\"Result-Code\":2001,\"Event-Trigger\":\"RAT_CHANGE\",\"Revalidation-Time\":\"*\","
           "\"Online\":\"ENABLE_ONLINE\",\"Supported-Features\":{\"Feature-List\":3},"
           "\"Charging-Rule-Install\":{\"Charging-Rule-Definition\":{"
           "\"Charging-Rule-Name\":\"web\",\"Precedence\":10,\"Monitoring-Key\":\"mk\"},"
           "\"Charging-Rule-Name\":[\"p1\",\"p2\"],\"Charging-Rule-Base-Name\":\"b1\","
           "\"Rule-Deactivation-Time\":\"*\"}}");
    expect(credit_send(pcrf.cc, "TERMINATION", 1, ""), "{\"Result-Code\":2001}");
    expect(credit_send(pcrf.cc, "UPDATE", 2, ""), "{\"Result-Code\":5002}");
}

static void test_unknown_subscriber(void **state)
{
    expect(credit_send(pcrf.cc, "INITIAL", 0, ""), "{\"Result-Code\":5030}");
}

static void test_default_policy(void **state)
{
    policy("default", "{\"predefined\":[\"p\"]}");
    expect(credit_send(pcrf.cc, "INITIAL", 0, ""),
           "{\"Result-Code\":2001,\"Charging-Rule-Install\":{\"Charging-Rule-Name\":\"p\"}}");
}

static void test_change_in_mid_session(void **state)
{
    json_t *rows, *avps;

    command(pcrf.cc, 0, "rule", "a", "{\"Precedence\":1}");
    policy("one", "{\"rules\":[\"a\"],\"predefined\":[\"p\"]}");
    policy("two", "{\"rules\":[\"a\"],\"base\":[\"b\"],\"triggers\":[\"RAT_CHANGE\"]}");
    command(pcrf.cc, 0, "assign", IMSI, "one");
    json_decref(credit_send(pcrf.cc, "INITIAL", 0, ""));
    command(pcrf.cc, 0, "assign", IMSI, "two");
    rows = sim_cc_sessions(pcrf.cc, IMSI);
    assert_int_equal(json_array_size(rows), 1);
    avps = pcrf_update(&pcrf, json_array_get(rows, 0));
    assert_int_equal(sim_count(sim_get(avps, "Charging-Rule-Install"), "Charging-Rule-Definition"),
                     0);
    expect(avps, "{\"Charging-Rule-Remove\":{\"Charging-Rule-Name\":\"p\"},"
           "\"Charging-Rule-Install\":{\"Charging-Rule-Base-Name\":\"b\"},"
           "\"Event-Trigger\":\"RAT_CHANGE\"}");
    json_decref(rows);
    // given it has been told, then there is nothing more to change
    rows = sim_cc_sessions(pcrf.cc, IMSI);
    avps = pcrf_update(&pcrf, json_array_get(rows, 0));
    assert_int_equal(json_object_size(avps), 0);
    json_decref(avps);
    json_decref(rows);
    // a rule that changed is installed anew
    command(pcrf.cc, 0, "rule", "a", "{\"Precedence\":2}");
    expect(credit_send(pcrf.cc, "UPDATE", 1, ""),
           "{\"Charging-Rule-Install\":{\"Charging-Rule-Definition\":{\"Precedence\":2}}}");
}

#define USED(octets) "\"Event-Trigger\":\"USAGE_REPORT\",\"Usage-Monitoring-Information\":" \
    "{\"Monitoring-Key\":\"mk\",\"Used-Service-Unit\":{\"CC-Total-Octets\":" octets "}}"

static void test_monitor_until_the_policy_changes(void **state)
{
    json_t *answer;
    char *text;

    policy("slow", "{\"predefined\":[\"slow\"]}");
    policy("fast", "{\"predefined\":[\"fast\"],\"monitors\":[{\"key\":\"mk\",\"grant\":60,"
           "\"total\":100,\"level\":\"SESSION_LEVEL\",\"then\":\"slow\"}]}");
    command(pcrf.cc, 0, "assign", IMSI, "fast");
    expect(credit_send(pcrf.cc, "INITIAL", 0, ""),
           "{\"Event-Trigger\":\"USAGE_REPORT\",\"Usage-Monitoring-Information\":"
           "{\"Monitoring-Key\":\"mk\",\"Granted-Service-Unit\":{\"CC-Total-Octets\":60},"
           "\"Usage-Monitoring-Level\":\"SESSION_LEVEL\"}}");
    answer = credit_send(pcrf.cc, "UPDATE", 1, USED("60"));
    assert_int_equal(sim_count(answer, "Charging-Rule-Install"), 0);
    expect(answer, "{\"Usage-Monitoring-Information\":"
           "{\"Granted-Service-Unit\":{\"CC-Total-Octets\":40}}}");
    answer = credit_send(pcrf.cc, "UPDATE", 2, USED("41"));
    assert_int_equal(sim_count(answer, "Usage-Monitoring-Information"), 0);
    expect(answer, "{\"Charging-Rule-Remove\":{\"Charging-Rule-Name\":\"fast\"},"
           "\"Charging-Rule-Install\":{\"Charging-Rule-Name\":\"slow\"}}");
    // the rest comes with the end of the session
    expect(credit_send(pcrf.cc, "TERMINATION", 3, USED("9")), "{\"Result-Code\":2001}");
    text = credit_command(pcrf.cc, 0, "show", "usage", NULL, NULL, NULL);
    assert_non_null(strstr(text, "\"used\":110,\"reports\":3"));
    free(text);
}

static void test_monitor_of_time(void **state)
{
    policy("timed", "{\"monitors\":[{\"key\":\"mk\",\"unit\":\"seconds\",\"grant\":60,"
           "\"total\":100}]}");
    command(pcrf.cc, 0, "assign", IMSI, "timed");
    expect(credit_send(pcrf.cc, "INITIAL", 0, ""),
           "{\"Usage-Monitoring-Information\":{\"Monitoring-Key\":\"mk\","
           "\"Granted-Service-Unit\":{\"CC-Time\":60}}}");
    expect(credit_send(pcrf.cc, "UPDATE", 1,
                       "\"Event-Trigger\":\"USAGE_REPORT\",\"Usage-Monitoring-Information\":{"
                       "\"Monitoring-Key\":\"mk\",\"Used-Service-Unit\":{\"CC-Time\":70,"
                       "\"CC-Total-Octets\":999}}"),
           "{\"Usage-Monitoring-Information\":{\"Granted-Service-Unit\":{\"CC-Time\":30}}}");
}

static void test_rule_that_failed(void **state)
{
    json_t *answer;
    char *text;

    policy("default", "{\"predefined\":[\"p\",\"q\"]}");
    json_decref(credit_send(pcrf.cc, "INITIAL", 0, ""));
    answer = credit_send(pcrf.cc, "UPDATE", 1, "\"Charging-Rule-Report\":{"
                         "\"Charging-Rule-Name\":\"p\",\"PCC-Rule-Status\":\"INACTIVE\","
                         "\"Rule-Failure-Code\":\"UNKNOWN_RULE_NAME\"}");
    assert_int_equal(sim_count(answer, "Charging-Rule-Install"), 0);
    expect(answer, "{\"Result-Code\":2001}");
    // given the policy loses both, then only what is active is removed
    policy("default", "{}");
    answer = credit_send(pcrf.cc, "UPDATE", 2, "");
    assert_int_equal(sim_count(sim_get(answer, "Charging-Rule-Remove"), "Charging-Rule-Name"), 1);
    expect(answer, "{\"Charging-Rule-Remove\":{\"Charging-Rule-Name\":\"q\"}}");
    text = credit_command(pcrf.cc, 0, "show", "reports", NULL, NULL, NULL);
    assert_non_null(strstr(text, "UNKNOWN_RULE_NAME"));
    free(text);
}

static void test_bad_commands(void **state)
{
    command(pcrf.cc, 1, "rule", "a", "{\"Precedence\":");
    command(pcrf.cc, 1, "policy", "a", "[]");
    command(pcrf.cc, 1, "assign", IMSI, "nowhere");
    command(pcrf.cc, 2, "usage", IMSI, "mk", "-1");
    command(pcrf.cc, -1, "dance");
}

static void test_sample_configuration(void **state)
{
    check_sample_configuration("../../../conf/sim_pcrf.conf", "/run/fgw/pcrf.sock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rules_of_every_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_subscriber, setup, teardown),
        cmocka_unit_test_setup_teardown(test_default_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change_in_mid_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_monitor_until_the_policy_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_monitor_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rule_that_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_commands, setup, teardown),
        cmocka_unit_test(test_sample_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
