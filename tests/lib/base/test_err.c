// SPDX-License-Identifier: BSD-3-Clause
// Error enumeration: every value has its own name and text, classes decide who is at fault.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static const enum err all[] = {
#define ROW(name, value, fault, text) ERR_##name,
    ERR_TABLE(ROW)
#undef ROW
};
enum { N_ERR = sizeof(all) / sizeof(all[0]) };

static void every_error_has_a_text_and_a_name_of_its_own(void **state)
{
    for (size_t i = 0; i < N_ERR; i++) {
        assert_true(strlen(err_str(all[i])) > 0);
        assert_true(strlen(err_name(all[i])) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
            assert_string_not_equal(err_name(all[i]), err_name(all[j]));
            assert_string_not_equal(err_str(all[i]), err_str(all[j]));
        }
    }
}

static void success_is_zero_and_nobodys_fault(void **state)
{
    assert_int_equal(ERR_OK, 0);
    assert_false(err_is_peer_fault(ERR_OK));
    assert_false(err_is_retryable(ERR_OK));
}

static void unknown_values_are_harmless(void **state)
{
    enum err unknown = (enum err)9999;
    assert_string_equal(err_str(unknown), "unknown error");
    assert_string_equal(err_name(unknown), "UNKNOWN");
    assert_false(err_is_peer_fault(unknown));
    assert_false(err_is_retryable(unknown));
}

static void names_carry_no_prefix(void **state)
{
    assert_string_equal(err_name(ERR_FULL), "FULL");
    assert_string_equal(err_str(ERR_FULL), "queue or table is full");
}

static void classes_follow_the_table(void **state)
{
    static const struct {
        enum err err;
        bool peer, retry;
    } rows[] = {
        {ERR_DECODE_TRUNCATED, true, false}, {ERR_RPC_PROTOCOL, true, false},
        {ERR_FULL, false, true},             {ERR_TIMEOUT, false, true},
        {ERR_DIA_NO_PEER, false, true},      {ERR_INVALID, false, false},
        {ERR_CONF_MISSING, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(err_is_peer_fault(rows[i].err), rows[i].peer);
        assert_int_equal(err_is_retryable(rows[i].err), rows[i].retry);
    }
}

static void errno_maps_to_the_nearest_error(void **state)
{
    static const struct {
        int errnum;
        enum err err;
    } rows[] = {
        {0, ERR_OK},           {ENOMEM, ERR_NOMEM},         {EAGAIN, ERR_AGAIN},
        {EEXIST, ERR_EXISTS},  {ENOENT, ERR_NOT_FOUND},     {EPIPE, ERR_CLOSED},
        {ETIMEDOUT, ERR_TIMEOUT}, {EACCES, ERR_DENIED},     {EMFILE, ERR_FULL},
        {EXDEV, ERR_IO},       {123456, ERR_IO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(err_from_errno(rows[i].errnum), rows[i].err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_and_a_name_of_its_own),
        cmocka_unit_test(success_is_zero_and_nobodys_fault),
        cmocka_unit_test(unknown_values_are_harmless),
        cmocka_unit_test(names_carry_no_prefix),
        cmocka_unit_test(classes_follow_the_table),
        cmocka_unit_test(errno_maps_to_the_nearest_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
