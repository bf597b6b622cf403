// SPDX-License-Identifier: BSD-3-Clause
// Result mapping, both directions: every row that matters to an access gateway or to an HSS.
#include "rpc/status.h"
#include "swx_kit.h"

static void test_experimental_results(void **state)
{
    static const struct {
        uint32_t code;
        int status;
    } rows[] = {
        {2001, RPC_OK},
        {4181, RPC_UNAVAILABLE},
        {5001, RPC_NOT_FOUND},
        {5003, RPC_FAILED_PRECONDITION},
        {5004, RPC_PERMISSION_DENIED},
        {5005, RPC_FAILED_PRECONDITION},
        {5006, RPC_UNIMPLEMENTED},
        {5450, RPC_PERMISSION_DENIED},
        {5451, RPC_PERMISSION_DENIED},
        {5452, RPC_PERMISSION_DENIED},
        {5999, RPC_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct dia_result with = {rows[i].code, DIA_3GPP, true};
        const struct dia_result without = {rows[i].code, 0, true}; // the vendor was forgotten
        assert_int_equal(swx_verdict_of_result(&with).status, rows[i].status);
        assert_int_equal(swx_verdict_of_result(&without).status, rows[i].status);
    }
}

// Every number there is gives a status that gRPC knows and a label: never Code(5001).
static void test_no_result_leaves_the_range_of_grpc(void **state)
{
    for (uint32_t code = 0; code < 7000; code++) {
        const struct dia_result base = {code, 0, false}, experimental = {code, DIA_3GPP, true};
        const struct fgw_verdict verdicts[] = {
            swx_verdict_of_result(&base), swx_verdict_of_result(&experimental),
            swx_verdict_of_s6a(&base), swx_verdict_of_s6a(&experimental)};
        for (size_t i = 0; i < 4; i++) {
            assert_in_range(verdicts[i].status, RPC_OK, RPC_UNAUTHENTICATED);
            assert_non_null(verdicts[i].label);
            assert_int_equal(verdicts[i].status == RPC_OK, code / 1000 == 2);
        }
    }
}

static void test_the_same_number_means_different_things(void **state)
{
    const struct dia_result base = {5001, 0, false}, user = {5001, DIA_3GPP, true},
                            s6a = {5003, DIA_3GPP, true};
    assert_int_equal(swx_verdict_of_result(&base).status, RPC_INTERNAL); // AVP_UNSUPPORTED
    assert_int_equal(swx_verdict_of_result(&user).status, RPC_NOT_FOUND);
    assert_int_equal(swx_verdict_of_result(&s6a).status, RPC_FAILED_PRECONDITION);
    assert_int_equal(swx_verdict_of_s6a(&s6a).status, RPC_PERMISSION_DENIED);
}

static void test_who_else_serves_the_user(void **state)
{
    const struct dia_result rows[] = {{5005, DIA_3GPP, true}, {3006, 0, false}},
                            not [] = {{5005, 0, false}, {3006, DIA_3GPP, true}, {2001, 0, false}};
    for (size_t i = 0; i < 2; i++)
        assert_true(swx_result_is_elsewhere(&rows[i]));
    for (size_t i = 0; i < 3; i++)
        assert_false(swx_result_is_elsewhere(&not [i]));
}

static void test_error_codes_of_access_gateways(void **state)
{
    static const struct {
        uint32_t in, vendor, out;
    } rows[] = {
        {0, 0, 2001},    {2001, 0, 2001}, {5001, DIA_3GPP, 5001}, {3002, 0, 3002},
        {3004, 0, 3004}, {5012, 0, 5012}, {4711, 0, 5012},        {UINT32_MAX, 0, 5012},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct fgw_core_result got = swx_core_of_code(rows[i].in);
        assert_int_equal(got.vendor, rows[i].vendor);
        assert_int_equal(got.code, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_experimental_results),
        cmocka_unit_test(test_no_result_leaves_the_range_of_grpc),
        cmocka_unit_test(test_the_same_number_means_different_things),
        cmocka_unit_test(test_who_else_serves_the_user),
        cmocka_unit_test(test_error_codes_of_access_gateways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
