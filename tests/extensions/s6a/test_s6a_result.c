// SPDX-License-Identifier: BSD-3-Clause
// Result mapping, row by row: what access gateways get for each result of the HSS.
#include "s6a_kit.h"
#include "rpc/status.h"

struct row {
    bool experimental;
    uint32_t vendor, code;
    int status;
    uint32_t error_code;
};

static void maps(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct dia_result result = {rows[i].code, rows[i].vendor, rows[i].experimental};
        const struct fgw_verdict v = s6a_verdict_of_result(&result);
        if (v.status != rows[i].status || v.error_code != rows[i].error_code)
            print_error("%u\n", rows[i].code);
        assert_int_equal(v.status, rows[i].status);
        assert_int_equal(v.error_code, rows[i].error_code);
        assert_non_null(v.label);
    }
}
#define MAPS(rows) maps((rows), sizeof(rows) / sizeof((rows)[0]))

static void test_s6a_results_are_ok_with_their_code(void **state)
{
    static const struct row rows[] = {
        {true, 10415, 5001, RPC_OK, 5001},
        {true, 10415, 5004, RPC_OK, 5004},
        {true, 10415, 5420, RPC_OK, 5420},
        {true, 10415, 5421, RPC_OK, 5421},
        {true, 10415, 5422, RPC_OK, 5422},
        {true, 10415, 5423, RPC_OK, 5423},
        {true, 10415, 4181, RPC_OK, 4181},
        {true, 10415, 4182, RPC_OK, 4182},
        {true, 10415, 5003, RPC_OK, 5003},
        {true, 10415, 5555, RPC_OK, 5555},
        {true, 10415, 2001, RPC_OK, 0},
        {true, 0, 5001, RPC_OK, 5001}, // HSSs that forget the vendor
        {true, 9999, 5012, RPC_UNKNOWN, 0},
    };
    MAPS(rows);
}

static void test_success_is_ok_with_zero(void **state)
{
    static const struct row rows[] = {
        {false, 0, 2001, RPC_OK, 0}, {false, 0, 2002, RPC_OK, 0}, {false, 0, 2999, RPC_OK, 0}};
    MAPS(rows);
}

// 5001 of the base protocol is AVP_UNSUPPORTED: it must never look like "user unknown", nor 5004
// like "roaming not allowed".
static void test_base_results_do_not_look_like_s6a_results(void **state)
{
    static const struct row rows[] = {
        {false, 0, 5001, RPC_INTERNAL, 0},      {false, 0, 5004, RPC_INTERNAL, 0},
        {false, 0, 5005, RPC_INTERNAL, 0},      {false, 0, 5012, RPC_INTERNAL, 0},
        {false, 0, 5014, RPC_INTERNAL, 0},      {false, 0, 5999, RPC_INTERNAL, 0},
        {false, 0, 3001, RPC_UNIMPLEMENTED, 0}, {false, 0, 3002, RPC_UNAVAILABLE, 0},
        {false, 0, 3003, RPC_UNAVAILABLE, 0},   {false, 0, 3004, RPC_RESOURCE_EXHAUSTED, 0},
        {false, 0, 3999, RPC_UNAVAILABLE, 0},   {false, 0, 4002, RPC_RESOURCE_EXHAUSTED, 0},
        {false, 0, 4999, RPC_UNAVAILABLE, 0},   {false, 0, 1001, RPC_UNKNOWN, 0},
        {false, 0, 9999, RPC_UNKNOWN, 0},       {false, 0, 0, RPC_INTERNAL, 0},
    };
    MAPS(rows);
}

static void test_s6a_results_in_the_wrong_avp_are_understood(void **state)
{
    static const struct row rows[] = {
        {false, 0, 5030, RPC_OK, 5001}, // PyHSS: user unknown of RFC 8506
        {false, 0, 5420, RPC_OK, 5420}, {false, 0, 5421, RPC_OK, 5421},
        {false, 0, 5423, RPC_OK, 5423}, {false, 0, 4181, RPC_OK, 4181},
        {false, 0, 4001, RPC_OK, 4001}, {false, 0, 5003, RPC_OK, 5003},
    };
    MAPS(rows);
}

// Whatever a peer sends, the status is one of gRPC's, and a failure never looks like a success.
static void test_no_result_leaves_the_range_of_grpc(void **state)
{
    for (uint32_t code = 0; code < 11000; code++) {
        for (int experimental = 0; experimental < 2; experimental++) {
            const struct dia_result result = {code, experimental ? 10415 : 0, experimental};
            const struct fgw_verdict v = s6a_verdict_of_result(&result);
            assert_in_range(v.status, 0, 16);
            bool success = v.status == RPC_OK && v.error_code == 0;
            assert_int_equal(success, code / 1000 == 2);
            assert_true(v.error_code == 0 || v.error_code >= 3001);
        }
    }
}

static void test_every_error_has_a_verdict(void **state)
{
#define CHECK(name, value, fault, text)                                                            \
    do {                                                                                           \
        const struct fgw_verdict v = fgw_verdict_of_err(ERR_##name);                               \
        assert_in_range(v.status, 0, 16);                                                          \
        assert_int_equal(v.status == RPC_OK, ERR_##name == ERR_OK);                                \
        const struct fgw_core_result c = fgw_core_of_err(ERR_##name, &s6a_core_user_unknown);      \
        assert_int_equal(fgw_core_is_success(&c), ERR_##name == ERR_OK);                           \
    } while (0);
    ERR_TABLE(CHECK)
#undef CHECK
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s6a_results_are_ok_with_their_code),
        cmocka_unit_test(test_success_is_ok_with_zero),
        cmocka_unit_test(test_base_results_do_not_look_like_s6a_results),
        cmocka_unit_test(test_s6a_results_in_the_wrong_avp_are_understood),
        cmocka_unit_test(test_no_result_leaves_the_range_of_grpc),
        cmocka_unit_test(test_every_error_has_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
