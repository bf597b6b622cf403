// SPDX-License-Identifier: BSD-3-Clause
// Golden bytes of the messages that go to PCRF and OCS. They were written out from the clauses of
// TS 29.212, TS 32.299, RFC 8506 and RFC 3162 by the tests' own encoder (tests/system/peer.py), not
// by this program.
#include "cases.h"
#include "extensions/gx_gy/gx_gy_conv.h"

static const char gx_ccr_i_bytes[] =
    "000001024000000c01000016000001a04000000c000000010000019f4000000c00000000000001bb4000"
    "002c000001c24000000c00000001000001bc4000001730303130313030303030303030303100000001bb"
    "40000028000001c24000000c00000000000001bc40000014343931373031323334353637000002748000"
    "0038000028af0000010a4000000c000028af0000027580000010000028af000000010000027680000010"
    "000028af000000030000027480000038000028af0000010a4000000c000028af00000275800000100000"
    "28af000000020000027680000010000028af0000000300000400c0000010000028af0000000000000008"
    "4000000c0a0000070000006140000012004020010db800010002000000000403c0000010000028af0000"
    "00050000040880000010000028af000003ec000001ca0000002c000001cb0000000c00000000000001cc"
    "0000001633353630393230343037393330310000000003f8c000002c000028af00000411800000100000"
    "28af000f42400000041080000010000028af001e84800000041980000058000028af00000404c0000010"
    "000028af000000090000040a8000003c000028af0000041680000010000028af0000000f000004178000"
    "0010000028af000000000000041880000010000028af000000000000041a80000012000028af0001c000"
    "0209000000000012c0000011000028af303031303100000000000006c0000010000028afc00002090000"
    "0007c0000010000028afc00002090000000cc000000d000028af3000000000000016c0000019000028af"
    "8200f110000100f1100000010200000000000017c000000e000028af400000000000000dc00000100000"
    "28af303830300000001e40000010696e7465726e6574000003e8c0000010000028af00000000000003f1"
    "c0000010000028af00000001000003f0c0000010000028af00000000000001f5c0000012000028af0001"
    "c00002090000";
static const char gx_ccr_u_bytes[] =
    "000001024000000c01000016000001a04000000c000000020000019f4000000c00000006000001bb4000"
    "002c000001c24000000c00000001000001bc400000173030313031303030303030303030310000000008"
    "4000000c0a00000700000403c0000010000028af000000050000040880000010000028af000003ec0000"
    "03fac000003c000028af000003edc000000e000028af72310000000003fbc0000010000028af00000001"
    "00000407c0000010000028af0000000a000003eec0000010000028af000000210000042b800000640000"
    "28af0000042a8000000f000028af6d6b3100000001be40000038000001a540000010000000000000001e"
    "0000019c40000010000000000000000a0000019e4000001000000000000000140000042c800000100000"
    "28af00000001";
static const char gx_ccr_t_bytes[] =
    "000001024000000c01000016000001a04000000c000000030000019f4000000c00000009000001bb4000"
    "002c000001c24000000c00000001000001bc400000173030313031303030303030303030310000000403"
    "c0000010000028af000000060000040880000010000028af00000000000001274000000c000000010000"
    "001e40000010696e7465726e6574";
static const char gx_raa_bytes[] =
    "000003fac000003c000028af000003edc000000e000028af72310000000003fbc0000010000028af0000"
    "000100000407c0000010000028af00000010";
static const char gy_ccr_i_bytes[] =
    "000001024000000c00000004000001cd40000016333232353140336770702e6f72670000000001a04000"
    "000c000000010000019f4000000c00000000000000374000000ceef45080000001bb40000028000001c2"
    "4000000c00000000000001bc40000014343931373031323334353637000001bb4000002c000001c24000"
    "000c00000001000001bc4000001730303130313030303030303030303100000001c74000000c00000001"
    "000001c840000038000001b540000018000001a5400000100000000000001388000001b74000000c0000"
    "0005000001b04000000c00000007000001ca0000002c000001cb0000000c00000000000001cc00000016"
    "3335363039323034303739333031000000000369c000011c000028af0000036ac0000110000028af0000"
    "0003c0000010000028af00000000000004cbc0000012000028af00010a0000070000000004ccc0000012"
    "000028af0001c000020900000000034fc0000012000028af0001c0000209000000000008c00000110000"
    "28af303031303100000000000009c0000011000028af30303130310000000000000ac000000d000028af"
    "350000000000001e40000010696e7465726e65740000000cc000000d000028af300000000000000dc000"
    "0010000028af3038303000000012c0000011000028af303031303100000000000017c000000e000028af"
    "4000000000000016c0000019000028af8200f110000100f1100000010200000000000015c000000d0000"
    "28af06000000";
static const char gy_ccr_u_bytes[] =
    "000001024000000c00000004000001cd40000016333232353140336770702e6f72670000000001a04000"
    "000c000000020000019f4000000c00000004000000374000000ceef45080000001bb40000028000001c2"
    "4000000c00000000000001bc40000014343931373031323334353637000001bb4000002c000001c24000"
    "000c00000001000001bc4000001730303130313030303030303030303100000001c840000064000001b5"
    "40000008000001be4000004800000368c0000010000028af00000003000001a540000010000000000000"
    "03e80000019c4000001000000000000000640000019e400000100000000000000384000001b04000000c"
    "00000007000001c840000084000001b540000024000001a44000000c0000003c000001a1400000100000"
    "000000000002000001be40000020000001c44000000c00000000000001a44000000c00000021000001b0"
    "4000000c0000000800000368c0000010000028af00000006000004f0c000001c000028af00000366c000"
    "0010000028af00000004000001ca0000002c000001cb0000000c00000000000001cc0000001633353630"
    "39323034303739333031000000000369c000011c000028af0000036ac0000110000028af00000003c000"
    "0010000028af00000000000004cbc0000012000028af00010a0000070000000004ccc0000012000028af"
    "0001c000020900000000034fc0000012000028af0001c0000209000000000008c0000011000028af3030"
    "31303100000000000009c0000011000028af30303130310000000000000ac000000d000028af35000000"
    "0000001e40000010696e7465726e65740000000cc000000d000028af300000000000000dc00000100000"
    "28af3038303000000012c0000011000028af303031303100000000000017c000000e000028af40000000"
    "00000016c0000019000028af8200f110000100f1100000010200000000000015c000000d000028af0600"
    "0000";
static const char gy_ccr_t_bytes[] =
    "000001024000000c00000004000001cd40000016333232353140336770702e6f72670000000001a04000"
    "000c000000030000019f4000000c00000009000000374000000ceef45080000001bb40000028000001c2"
    "4000000c00000000000001bc40000014343931373031323334353637000001bb4000002c000001c24000"
    "000c00000001000001bc4000001730303130313030303030303030303100000001274000000c00000001"
    "000001c84000005c000001be40000038000001a540000010000000000000000b0000019c400000100000"
    "0000000000050000019e400000100000000000000006000001b04000000c0000000700000368c0000010"
    "000028af00000002000001ca0000002c000001cb0000000c00000000000001cc00000016333536303932"
    "3034303739333031000000000369c000012c000028af0000036ac0000120000028af00000003c0000010"
    "000028af00000000000004cbc0000012000028af00010a0000070000000004ccc0000012000028af0001"
    "c000020900000000034fc0000012000028af0001c0000209000000000008c0000011000028af30303130"
    "3100000000000009c0000011000028af30303130310000000000000ac000000d000028af350000000000"
    "001e40000010696e7465726e65740000000bc000000d000028afff0000000000000cc000000d000028af"
    "300000000000000dc0000010000028af3038303000000012c0000011000028af30303130310000000000"
    "0017c000000e000028af4000000000000016c0000019000028af8200f110000100f11000000102000000"
    "00000015c000000d000028af06000000";
static const char gy_ccr_e_bytes[] =
    "000001024000000c00000004000001cd40000016333232353140336770702e6f72670000000001a04000"
    "000c000000040000019f4000000c00000000000000374000000ceef45080000001bb40000028000001c2"
    "4000000c00000000000001bc40000014343931373031323334353637000001bb4000002c000001c24000"
    "000c00000001000001bc4000001730303130313030303030303030303100000001b44000000c00000000"
    "000001c84000002c000001b540000018000001a1400000100000000000000001000001b74000000c0000"
    "0005000001ca0000002c000001cb0000000c00000000000001cc00000016333536303932303430373933"
    "3031000000000369c000011c000028af0000036ac0000110000028af00000003c0000010000028af0000"
    "0000000004cbc0000012000028af00010a0000070000000004ccc0000012000028af0001c00002090000"
    "0000034fc0000012000028af0001c0000209000000000008c0000011000028af30303130310000000000"
    "0009c0000011000028af30303130310000000000000ac000000d000028af350000000000001e40000010"
    "696e7465726e65740000000cc000000d000028af300000000000000dc0000010000028af303830300000"
    "0012c0000011000028af303031303100000000000017c000000e000028af4000000000000016c0000019"
    "000028af8200f110000100f1100000010200000000000015c000000d000028af06000000";

static struct create c;
static struct gxgy_context context;

static int begin(void **state)
{
    if (kit_setup(state) != 0)
        return -1;
    create_init(&c);
    if (gxgy_context_of_create(world.arena, &c.request, &context) != ERR_OK)
        return -1;
    context.gateway = "agw1";
    return 0;
}

static void test_gx_ccr_i(void **state)
{
    c.common.ue_ipv6 = TEXT("2001:db8:1:2::77"); // a /64 as RFC 3162 2.3 has it
    Fgw__Gxgy__GxRequest *r = gxgy_gx_request(world.arena, &context, GXGY_INITIAL, 0);
    kit_encodes_as(GXGY_GX_CCR, &r->base, gx_ccr_i_bytes);
}

static void test_gx_ccr_u(void **state)
{
    Magma__Lte__UsageMonitoringUpdateRequest u = MAGMA__LTE__USAGE_MONITORING_UPDATE_REQUEST__INIT;
    Magma__Lte__UsageMonitorUpdate m = MAGMA__LTE__USAGE_MONITOR_UPDATE__INIT;
    Magma__Lte__RuleReport report = MAGMA__LTE__RULE_REPORT__INIT, *reports[] = {&report};
    char *names[] = {TEXT("r1")};
    uint32_t trigger = 33;
    u.session_id = TEXT(SESSION);
    u.sid = TEXT("IMSI" IMSI);
    u.ue_ipv4 = TEXT("10.0.0.7");
    m.monitoring_key = BYTES("mk1");
    m.level = MAGMA__LTE__MONITORING_LEVEL__PCC_RULE_LEVEL;
    m.bytes_tx = 10;
    m.bytes_rx = 20;
    report.rule_ids = names;
    report.n_rule_ids = 1;
    report.status = 1;
    report.failure_code = 10;
    assert_int_equal(gxgy_context_of_monitor(world.arena, &u, &context), ERR_OK);
    Fgw__Gxgy__GxRequest *r = gxgy_gx_request(world.arena, &context, GXGY_UPDATE, 6);
    r->event_triggers = &trigger;
    r->n_event_triggers = 1;
    r->rule_reports = reports;
    r->n_rule_reports = 1;
    assert_int_equal(gxgy_gx_add_monitor(world.arena, r, &m, 1), ERR_OK);
    kit_encodes_as(GXGY_GX_CCR, &r->base, gx_ccr_u_bytes);
}

static void test_gx_ccr_t_of_wlan(void **state)
{
    Magma__Lte__SessionTerminateRequest t = MAGMA__LTE__SESSION_TERMINATE_REQUEST__INIT;
    c.common.rat_type = MAGMA__LTE__RATTYPE__TGPP_WLAN;
    c.common.ue_ipv4 = TEXT("");
    c.common.msisdn = (ProtobufCBinaryData){0, NULL};
    t.session_id = TEXT(SESSION);
    t.common_context = &c.common;
    assert_int_equal(gxgy_context_of_terminate(world.arena, &t, &context), ERR_OK);
    Fgw__Gxgy__GxRequest *r = gxgy_gx_request(world.arena, &context, GXGY_TERMINATION, 9);
    r->termination_cause = 1;
    kit_encodes_as(GXGY_GX_CCR, &r->base, gx_ccr_t_bytes);
}

static void test_gx_raa(void **state)
{
    Fgw__Gxgy__GxReAuthAnswer a = FGW__GXGY__GX_RE_AUTH_ANSWER__INIT;
    Magma__Lte__RuleReport report = MAGMA__LTE__RULE_REPORT__INIT, *reports[] = {&report};
    char *names[] = {TEXT("r1")};
    report.rule_ids = names;
    report.n_rule_ids = 1;
    report.status = 1;
    report.failure_code = 16;
    a.rule_reports = reports;
    a.n_rule_reports = 1;
    kit_encodes_as(GXGY_GX_RAA, &a.base, gx_raa_bytes);
}

// ---- Gy ----
static Fgw__Gxgy__GyRequest *gy(uint32_t type, uint32_t number)
{
    Fgw__Gxgy__GyRequest *r = gxgy_gy_request(world.arena, &context, type, number);
    assert_non_null(r);
    r->event_timestamp = 1800000000;
    return r;
}

static void test_gy_ccr_i(void **state)
{
    const struct gxgy_key key = {true, 7, true, 5};
    Fgw__Gxgy__GyRequest *r = gy(GXGY_INITIAL, 0);
    assert_int_equal(gxgy_gy_add_service(world.arena, r, &key, &c.units, NULL, 1), ERR_OK);
    kit_encodes_as(GXGY_GY_CCR, &r->base, gy_ccr_i_bytes);
}

static void test_gy_ccr_u(void **state)
{
    const struct gxgy_key seven = {true, 7, false, 0}, eight = {true, 8, false, 0};
    Magma__Lte__CreditUsage usage = MAGMA__LTE__CREDIT_USAGE__INIT, split = usage;
    Magma__Lte__UsedUnits before = MAGMA__LTE__USED_UNITS__INIT, *used[] = {&before};
    Magma__Lte__RequestedUnits units = MAGMA__LTE__REQUESTED_UNITS__INIT;
    uint32_t rat = 4;
    Fgw__Gxgy__GyRequest *r = gy(GXGY_UPDATE, 4);
    usage.bytes_tx = 100;
    usage.bytes_rx = 900;
    usage.type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__QUOTA_EXHAUSTED;
    before.tariff_change_usage_present_case =
        MAGMA__LTE__USED_UNITS__TARIFF_CHANGE_USAGE_PRESENT_TARIFF_CHANGE_USAGE;
    before.seconds = 33;
    split.used = used;
    split.n_used = 1;
    split.type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__RATING_CONDITION_CHANGE;
    split.trigger_types = &rat;
    split.n_trigger_types = 1;
    units.seconds = 60;
    units.service_units = 2;
    kit_settings("gy = { requested_units = \"empty\"; };");
    r->service_context_id = world.settings.gy.service_context_id;
    assert_int_equal(gxgy_gy_add_service(world.arena, r, &seven, NULL, &usage, 2), ERR_OK);
    kit_settings("");
    r->service_context_id = world.settings.gy.service_context_id;
    assert_int_equal(gxgy_gy_add_service(world.arena, r, &eight, &units, &split, 2), ERR_OK);
    kit_encodes_as(GXGY_GY_CCR, &r->base, gy_ccr_u_bytes);
}

static void test_gy_ccr_t(void **state)
{
    const struct gxgy_key key = {true, 7, false, 0};
    Magma__Lte__CreditUsage usage = MAGMA__LTE__CREDIT_USAGE__INIT;
    Fgw__Gxgy__GyRequest *r = gy(GXGY_TERMINATION, 9);
    r->termination_cause = 1;
    usage.bytes_tx = 5;
    usage.bytes_rx = 6;
    usage.type = MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__TERMINATED;
    assert_int_equal(gxgy_gy_add_service(world.arena, r, &key, NULL, &usage, 1), ERR_OK);
    kit_encodes_as(GXGY_GY_CCR, &r->base, gy_ccr_t_bytes);
}

static void test_gy_ccr_e(void **state)
{
    const struct gxgy_key key = {false, 0, true, 5};
    Magma__Lte__RequestedUnits units = MAGMA__LTE__REQUESTED_UNITS__INIT;
    Fgw__Gxgy__GyRequest *r = gy(GXGY_EVENT, 0);
    units.service_units = 1;
    r->requested_action_present_case =
        FGW__GXGY__GY_REQUEST__REQUESTED_ACTION_PRESENT_REQUESTED_ACTION;
    assert_int_equal(gxgy_gy_add_service(world.arena, r, &key, &units, NULL, 1), ERR_OK);
    kit_encodes_as(GXGY_GY_CCR, &r->base, gy_ccr_e_bytes);
}

// ---- conversions ----
static const struct xlate row;

static void check(const struct xlate_conv *conv, struct xlate_value in, const char *want,
                  size_t len)
{
    struct xlate_ctx ctx = {.arena = world.arena};
    struct xlate_value out = {.is_bytes = false};
    enum err err = conv->encode(&ctx, &row, &in, &out);
    assert_int_equal(err, want ? ERR_OK : ERR_ENCODE_VALUE);
    if (!want)
        return;
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, want, len);
}

static struct xlate_value text(const char *t)
{
    return (struct xlate_value){.is_bytes = true, .data = (const uint8_t *)t, .len = strlen(t)};
}

static struct xlate_value number(int64_t n)
{
    return (struct xlate_value){.num = n};
}

static void test_conversions(void **state)
{
    check(&gxgy_timezone, number(0), "\x00\x00", 2);
    check(&gxgy_timezone, number(60), "\x40\x00", 2);
    check(&gxgy_timezone, number(330), "\x22\x00", 2);  // India
    check(&gxgy_timezone, number(-480), "\x2b\x00", 2); // Pacific: 32 quarters west
    check(&gxgy_timezone, number(24 * 60), NULL, 0);
    check(&gxgy_ipv6_prefix, text("2001:db8::1"), "\x00\x40\x20\x01\x0d\xb8\0\0\0\0", 10);
    check(&gxgy_ipv6_prefix, text("2001:db8:ffff::/33"), "\x00\x21\x20\x01\x0d\xb8\x80", 7);
    check(&gxgy_ipv6_prefix, text("2001:db8::/129"), NULL, 0);
    check(&gxgy_ipv6_prefix, text("10.0.0.1"), NULL, 0);
    check(&gxgy_ipv4, text("10.0.0.1"), "\x0a\0\0\x01", 4);
    check(&gxgy_ipv4, text("::1"), NULL, 0);
    check(&gxgy_msisdn, text("+491701234567"), "491701234567", 12);
    check(&gxgy_msisdn, text("\x94\x71\x10\x32\xf4"), "491701234", 9); // telephony BCD
    check(&gxgy_mcc_mnc, text("310410"), "310410", 6);
    check(&gxgy_mcc_mnc, text("\x62\xf2\x10"), "26201", 5);
    check(&gxgy_mcc_mnc, text("31"), NULL, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_gx_ccr_i), CASE(test_gx_ccr_u), CASE(test_gx_ccr_t_of_wlan),
        CASE(test_gx_raa),   CASE(test_gy_ccr_i), CASE(test_gy_ccr_u),
        CASE(test_gy_ccr_t), CASE(test_gy_ccr_e), CASE(test_conversions),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
