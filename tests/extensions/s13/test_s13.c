// SPDX-License-Identifier: BSD-3-Clause
// CheckEquipment: what goes to the EIR, what comes back, the cache, and what is said when no EIR
// answers. Golden bytes are written out from TS 29.272 7.2.19 and Table 7.3.1/1.
#include "../world/world.h"
#include "extensions/s13/s13.h"
#include "rpc/status.h"

#define PATH "/fgw.s13.EquipmentService/CheckEquipment"
#define IMSI "001010000000001"
// Equipment-Status
#define STATUS(value) "000005a5c0000010000028af000000" value
#define EQUIPMENT_UNKNOWN WORLD_EXPERIMENTAL("0000152e")

static const char ecr_bytes[] =
    // Terminal-Information {IMEI, Software-Version}
    "00000579c0000038000028af0000057ac000001a000028af333536303932303430373933303100000000057bc000"
    "000e000028af30320000"
    // User-Name
    "000000014000001730303130313030303030303030303100";

static struct s13_settings *settings(void)
{
    return world.settings;
}

static unsigned next_imei;

static int setup(void **state)
{
    next_imei++; // nothing is in the cache yet
    return world_setup(&s13_interface);
}

static void check_with(const char *imei, const char *version, const char *imsi)
{
    Fgw__S13__CheckEquipmentRequest m = FGW__S13__CHECK_EQUIPMENT_REQUEST__INIT;
    Fgw__S6a__TerminalInformation t = FGW__S6A__TERMINAL_INFORMATION__INIT;
    t.imei = WORLD_TEXT(imei);
    t.software_version = WORLD_TEXT(version);
    m.terminal_information = &t;
    m.user_name = WORLD_TEXT(imsi);
    world_call(PATH, "agw1", &m.base);
}

static void check(void)
{
    char imei[16];
    snprintf(imei, sizeof(imei), "%014u", next_imei);
    check_with(imei, "", IMSI);
}

static void expect(int status, int source)
{
    const Fgw__S13__CheckEquipmentAnswer *a =
        (const void *)world_reply(&fgw__s13__check_equipment_answer__descriptor);
    assert_int_equal(a->equipment_status, status);
    assert_int_equal(a->source, source);
}

static void test_golden_bytes(void **state)
{
    Fgw__S13__CheckEquipmentRequest m = FGW__S13__CHECK_EQUIPMENT_REQUEST__INIT;
    Fgw__S6a__TerminalInformation t = FGW__S6A__TERMINAL_INFORMATION__INIT;
    t.imei = WORLD_TEXT("35609204079301");
    t.software_version = WORLD_TEXT("02");
    m.terminal_information = &t;
    m.user_name = WORLD_TEXT(IMSI);
    world_encodes_as(s13_table(S13_ECR), &m.base, ecr_bytes);
}

static void test_what_the_eir_says(void **state)
{
    static const char *const answers[] = {STATUS("00") WORLD_SUCCESS, STATUS("01") WORLD_SUCCESS,
                                          STATUS("02") WORLD_SUCCESS, EQUIPMENT_UNKNOWN,
                                          "0000010c4000000c0000152e"}; // 5422 in Result-Code
    for (int i = 0; i < 5; i++) {
        next_imei = next_imei + 100;
        check();
        assert_int_equal(world_sent_command(), DIA_CMD_ECR);
        world_answer(answers[i]);
        expect(i < 3 ? i : FGW__S13__EQUIPMENT_STATUS__UNKNOWN, FGW__S13__SOURCE__EIR);
    }
}

static void test_base_avps(void **state)
{
    settings()->realm = WORLD_TEXT("eir.example.org");
    check();
    assert_string_equal(world_sent_text(AVP_DESTINATION_REALM), "eir.example.org");
    assert_non_null(dia_find(world.sent, AVP_VENDOR_SPECIFIC_APPLICATION_ID));
    assert_int_equal(world_sent_u32(AVP_AUTH_SESSION_STATE), 1);
    assert_int_equal(world.timeout_ms, 3000);
    world_fail(ERR_TIMEOUT);
}

static void test_the_eir_fails_in_its_own_ways(void **state)
{
    check();
    world_answer(WORLD_EXPERIMENTAL("00001389")); // 5001, of S6a
    assert_int_equal(world.call.status, RPC_UNKNOWN);
    check();
    world_answer("0000010c4000000c00001394"); // 5012
    assert_int_equal(world.call.status, RPC_INTERNAL);
    assert_non_null(strstr(world.call.message, "5012"));
}

static void test_an_answer_is_used_again(void **state)
{
    check_with("35609204079301", "02", IMSI);
    world_answer(STATUS("01") WORLD_SUCCESS);
    check_with("356092040793017", "02", ""); // the check digit is not part of it
    expect(FGW__S13__EQUIPMENT_STATUS__PROHIBITED, FGW__S13__SOURCE__CACHE);
    check_with("3560920407930102", "", IMSI); // IMEISV
    expect(FGW__S13__EQUIPMENT_STATUS__PROHIBITED, FGW__S13__SOURCE__CACHE);
    assert_int_equal(world.n_sent, 1);
    check_with("35609204079301", "03", IMSI); // another software version
    assert_int_equal(world.n_sent, 2);
    world_fail(ERR_TIMEOUT);
    settings()->cache_ms = 0;
    check_with("35609204079301", "02", IMSI);
    assert_int_equal(world.n_sent, 3);
    world_fail(ERR_TIMEOUT);
}

static void test_policy_where_no_eir_answers(void **state)
{
    static const char too_busy[] = "0000010c4000000c00000bbc", no_status[] = WORLD_SUCCESS;
    check();
    world_fail(ERR_DIA_NO_PEER);
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
    check();
    world_answer(too_busy);
    assert_int_equal(world.call.status, RPC_RESOURCE_EXHAUSTED);
    check();
    world_answer(no_status);
    assert_int_equal(world.call.status, RPC_INTERNAL);
    check();
    world_answer(STATUS("07") WORLD_SUCCESS); // no status that there is
    assert_int_equal(world.call.status, RPC_INTERNAL);
    check();
    world_answer(STATUS("00")); // no result
    assert_int_equal(world.call.status, RPC_INTERNAL);
    settings()->no_answer = S13_POLICY_PERMIT;
    check();
    world_fail(ERR_TIMEOUT);
    expect(FGW__S13__EQUIPMENT_STATUS__PERMITTED, FGW__S13__SOURCE__POLICY);
    settings()->no_answer = S13_POLICY_PROHIBIT;
    check(); // what the policy said was not kept
    world_answer(too_busy);
    expect(FGW__S13__EQUIPMENT_STATUS__PROHIBITED, FGW__S13__SOURCE__POLICY);
    world.send_err = ERR_DIA_NO_PEER;
    check();
    expect(FGW__S13__EQUIPMENT_STATUS__PROHIBITED, FGW__S13__SOURCE__POLICY);
    assert_string_equal(world.label, "prohibited_by_policy");
}

static void test_policy_for_unknown_equipment(void **state)
{
    settings()->unknown_equipment = S13_POLICY_PROHIBIT;
    check();
    world_answer(EQUIPMENT_UNKNOWN);
    expect(FGW__S13__EQUIPMENT_STATUS__PROHIBITED, FGW__S13__SOURCE__EIR);
    settings()->unknown_equipment = S13_POLICY_PERMIT; // counts for what is kept, too
    check();
    expect(FGW__S13__EQUIPMENT_STATUS__PERMITTED, FGW__S13__SOURCE__CACHE);
}

static void test_bad_calls_are_refused(void **state)
{
    static const char *const imeis[] = {"", "1234567890123", "12345678901234567", "1234567890123x"};
    for (size_t i = 0; i < sizeof(imeis) / sizeof(imeis[0]); i++) {
        check_with(imeis[i], "", IMSI);
        assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    }
    check_with("35609204079301", "", "bob");
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    check_with("35609204079302", "1", IMSI); // a software version has two digits
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    world_call_bytes(PATH, "agw1", "", 0);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    world.admit_err = ERR_FGW_PLMN_DENIED;
    check();
    assert_int_equal(world.call.status, RPC_PERMISSION_DENIED);
    assert_int_equal(world.n_sent, 0);
}

static int start(void **state)
{
    return world_dictionary(NULL);
}

static int stop(void **state)
{
    s13_interface.stop();
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_golden_bytes),
        CASE(test_what_the_eir_says),
        CASE(test_base_avps),
        CASE(test_the_eir_fails_in_its_own_ways),
        CASE(test_an_answer_is_used_again),
        CASE(test_policy_where_no_eir_answers),
        CASE(test_policy_for_unknown_equipment),
        CASE(test_bad_calls_are_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
