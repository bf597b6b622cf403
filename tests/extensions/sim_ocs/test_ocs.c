// SPDX-License-Identifier: BSD-3-Clause
// The OCS without Diameter: debits, grants, ends of credit, duplicates, events, scripts.
#include "credit_test.h"
#include "ocs_core.h"

static struct ocs ocs;

static int setup(void **state)
{
    return ocs_open(database_path(), &ocs);
}

static int teardown(void **state)
{
    ocs_close(&ocs);
    forget_database();
    return 0;
}

#define MSCC(inside) "\"Multiple-Services-Credit-Control\":" inside
#define ASK(group) "{\"Rating-Group\":" group ",\"Requested-Service-Unit\":{}}"
#define USED(group, octets) "{\"Rating-Group\":" group ",\"Requested-Service-Unit\":{}," \
    "\"Used-Service-Unit\":{\"CC-Total-Octets\":" octets "}}"

static char *shown(const char *what)
{
    return credit_command(ocs.cc, 0, what, IMSI, NULL, NULL, NULL);
}

static void test_life_of_a_quota(void **state)
{
    char *text;

    command(ocs.cc, 0, "balance", IMSI, "10", "1000", "{\"grant\":400,\"validity\":60,"
            "\"holding\":30,\"threshold\":100}");
    expect(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))),
           "{\"Result-Code\":2001,\"Session-Id\":\"" SESSION "\",\"CC-Request-Number\":0,"
           MSCC("{\"Rating-Group\":10,\"Result-Code\":2001,\"Validity-Time\":60,"
                "\"Quota-Holding-Time\":30,\"Volume-Quota-Threshold\":100,"
                "\"Granted-Service-Unit\":{\"CC-Total-Octets\":400}}") "}");
    expect(credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "400"))),
           "{" MSCC("{\"Granted-Service-Unit\":{\"CC-Total-Octets\":400}}") "}");
    // given 200 are left, then they are the final ones
    expect(credit_send(ocs.cc, "UPDATE", 2, MSCC(USED("10", "400"))),
           "{" MSCC("{\"Granted-Service-Unit\":{\"CC-Total-Octets\":200},"
                    "\"Final-Unit-Indication\":{\"Final-Unit-Action\":\"TERMINATE\"}}") "}");
    expect(credit_send(ocs.cc, "UPDATE", 3, MSCC(USED("10", "200"))),
           "{\"Result-Code\":2001," MSCC("{\"Result-Code\":4012}") "}");
    expect(credit_send(ocs.cc, "TERMINATION", 4, MSCC("{\"Rating-Group\":10,"
           "\"Used-Service-Unit\":{\"CC-Input-Octets\":3,\"CC-Output-Octets\":4}}")),
           "{\"Result-Code\":2001}");
    text = shown("show");
    assert_non_null(strstr(text, "used=1007 reserved=0"));
    free(text);
    text = shown("debits");
    assert_non_null(strstr(text, "sum input=3 output=4 octets=1007"));
    free(text);
}

static void test_duplicates_change_nothing(void **state)
{
    json_t *first, *again;
    char *text;

    command(ocs.cc, 0, "balance", IMSI, "10", "1000", "{\"grant\":100}");
    json_decref(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))));
    first = credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "100")));
    json_decref(credit_send(ocs.cc, "UPDATE", 2, MSCC(USED("10", "100"))));
    again = credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "100")));
    assert_true(json_equal(first, again));
    json_decref(first);
    json_decref(again);
    text = shown("debits");
    assert_non_null(strstr(text, "sum input=0 output=0 octets=200"));
    free(text);
}

static void test_duplicates_after_a_restart(void **state)
{
    char *text;

    command(ocs.cc, 0, "balance", IMSI, "10", "1000", "{\"grant\":100}");
    json_decref(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))));
    json_decref(credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "100"))));
    ocs_close(&ocs);
    assert_int_equal(ocs_open(database_path(), &ocs), ERR_OK);
    expect(credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "100"))), "{\"Result-Code\":2001}");
    expect(credit_send(ocs.cc, "UPDATE", 2, MSCC(USED("10", "1"))), "{\"Result-Code\":2001}");
    text = shown("debits");
    assert_non_null(strstr(text, "octets=101 "));
    free(text);
}

// Given: a session that the OCS has lost. Then: it can begin again, with the number it began with.
static void test_a_forgotten_session_begins_again(void **state)
{
    command(ocs.cc, 0, "balance", IMSI, "10", "1000", "{\"grant\":100}");
    json_decref(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))));
    json_decref(credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "100"))));
    command(ocs.cc, 0, "forget", IMSI);
    expect(credit_send(ocs.cc, "UPDATE", 2, MSCC(USED("10", "7"))), "{\"Result-Code\":5002}");
    expect(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))), "{\"Result-Code\":2001}");
    expect(credit_send(ocs.cc, "UPDATE", 3, MSCC(USED("10", "50"))), "{\"Result-Code\":2001}");
    char *text = shown("debits");
    assert_non_null(strstr(text, "octets=150 "));
    free(text);
}

static void test_redirect_then_topup(void **state)
{
    command(ocs.cc, 0, "balance", IMSI, "10", "0", "{\"final\":{\"action\":\"REDIRECT\","
            "\"address\":\"http://topup\"}}");
    expect(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))),
           "{" MSCC("{\"Result-Code\":2001,\"Granted-Service-Unit\":{\"CC-Total-Octets\":0},"
                    "\"Final-Unit-Indication\":{\"Final-Unit-Action\":\"REDIRECT\","
                    "\"Redirect-Server\":{\"Redirect-Address-Type\":\"URL\","
                    "\"Redirect-Server-Address\":\"http://topup\"}}}") "}");
    command(ocs.cc, 0, "topup", IMSI, "10", "50000000");
    expect(credit_send(ocs.cc, "UPDATE", 1, MSCC(USED("10", "0"))),
           "{" MSCC("{\"Granted-Service-Unit\":{\"CC-Total-Octets\":10000000}}") "}");
}

static void test_groups_apart(void **state)
{
    command(ocs.cc, 0, "balance", IMSI, "1", "100", "{\"unit\":\"seconds\",\"tariff\":600,"
            "\"final\":{\"action\":\"RESTRICT_ACCESS\",\"filter_ids\":[\"f1\",\"f2\"]}}");
    command(ocs.cc, 0, "balance", IMSI, "2", "100", "{\"result\":4010}");
    expect(credit_send(ocs.cc, "INITIAL", 0, MSCC("[" ASK("1") "," ASK("2") "," ASK("3") "]")),
           "{\"Result-Code\":2001," MSCC("[{\"Rating-Group\":1,\"Result-Code\":2001,"
           "\"Granted-Service-Unit\":{\"CC-Time\":100,\"Tariff-Time-Change\":\"*\"},"
           "\"Final-Unit-Indication\":{\"Final-Unit-Action\":\"RESTRICT_ACCESS\","
           "\"Filter-Id\":[\"f1\",\"f2\"]}},"
           "{\"Rating-Group\":2,\"Result-Code\":4010},{\"Rating-Group\":3,\"Result-Code\":5031}]")
           "}");
}

static void test_refusals(void **state)
{
    json_t *request = json_of("{\"Session-Id\":\"x\",\"Origin-Host\":\"h\",\"Origin-Realm\":\"r\","
                              "\"CC-Request-Type\":\"INITIAL_REQUEST\"}"), *answer = NULL;

    expect(credit_send(ocs.cc, "INITIAL", 0, MSCC(ASK("10"))), "{\"Result-Code\":5030}");
    expect(credit_send(ocs.cc, "UPDATE", 7, MSCC(ASK("10"))), "{\"Result-Code\":5002}");
    sim_cc_handle(ocs.cc, request, &answer);
    expect(answer, "{\"Result-Code\":5005,\"Failed-AVP\":{\"CC-Request-Number\":0}}");
    json_decref(request);
}

static void test_account_settings(void **state)
{
    command(ocs.cc, 0, "account", IMSI, "{\"failover\":true,\"failure\":\"CONTINUE\"}");
    expect(credit_send(ocs.cc, "INITIAL", 0, ""),
           "{\"CC-Session-Failover\":\"FAILOVER_SUPPORTED\","
           "\"Credit-Control-Failure-Handling\":\"CONTINUE\"}");
}

static void test_events(void **state)
{
    static const struct { const char *action, *units, *expected; } cases[] = {
        {"CHECK_BALANCE", "10", "{\"Check-Balance-Result\":\"ENOUGH_CREDIT\"}"},
        {"DIRECT_DEBITING", "8", "{\"Result-Code\":2001,"
                                 "\"Granted-Service-Unit\":{\"CC-Service-Specific-Units\":8}}"},
        {"CHECK_BALANCE", "3", "{\"Check-Balance-Result\":\"NO_CREDIT\"}"},
        {"DIRECT_DEBITING", "3", "{\"Result-Code\":4012}"},
        {"REFUND_ACCOUNT", "5", "{\"Result-Code\":2001}"},
        {"CHECK_BALANCE", "7", "{\"Check-Balance-Result\":\"ENOUGH_CREDIT\"}"},
        {"PRICE_ENQUIRY", "3", "{\"Cost-Information\":{\"Unit-Value\":{\"Value-Digits\":15}}}"},
    };
    char more[256];

    command(ocs.cc, 0, "balance", IMSI, "5", "10", "{\"unit\":\"units\",\"price\":5}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(more, sizeof more, "\"Requested-Action\":\"%s\",\"Service-Identifier\":5,"
                 "\"Requested-Service-Unit\":{\"CC-Service-Specific-Units\":%s}", cases[i].action,
                 cases[i].units);
        expect(credit_send(ocs.cc, "EVENT", (int)i, more), cases[i].expected);
    }
}

static void test_script_reports_each_field(void **state)
{
    struct sim_script *script = NULL;
    json_t *request, *answer = NULL, *status;
    char why[128];
    bool instead = false;

    assert_int_equal(sim_script_new(&script), ERR_OK);
    assert_int_equal(sim_script_load(script, "[{\"command\":\"QQR\"}]", why, sizeof why),
                     ERR_INVALID);
    assert_int_equal(sim_script_load(script, "[{\"command\":\"CCR-I\",\"request\":"
                                     "{\"A\":{\"B\":1,\"C\":[1,2]},\"D\":\"*\"},\"absent\":[\"E\"],"
                                     "\"answer\":{\"Validity-Time\":9},\"instead\":true}]", why,
                                     sizeof why), ERR_OK);
    request = json_of("{\"A\":{\"B\":1,\"C\":[1,3]},\"E\":1}");
    sim_script_check(script, "CCR-I", request, &answer, &instead);
    assert_true(instead);
    expect(answer, "{\"Validity-Time\":9}");
    status = sim_script_status(script);
    assert_int_equal(sim_count(status, "mismatches"), 3);
    assert_string_equal(json_string_value(sim_get(status, "mismatches")),
                        "step 1 CCR-I: A.C[1]: expected 2, got 3");
    json_decref(status);
    // after the last step everything is as usual
    sim_script_check(script, "CCR-U", request, &answer, &instead);
    assert_null(answer);
    assert_false(instead);
    json_decref(request);
    sim_script_free(script);
}

static void test_sample_configuration(void **state)
{
    check_sample_configuration("../../../conf/sim_ocs.conf", "/run/fgw/ocs.sock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life_of_a_quota, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicates_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicates_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_forgotten_session_begins_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_redirect_then_topup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_account_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events, setup, teardown),
        cmocka_unit_test(test_script_reports_each_field),
        cmocka_unit_test(test_sample_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
