// SPDX-License-Identifier: BSD-3-Clause
// Unary calls from our client to our server, both over the wire: answers, statuses, deadlines,
// sizes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rig.h"

// ---- answers ----

static void test_echo(void **state)
{
    struct rig rig;
    struct rig_answer answer;
    rig_echo(&rig, NULL);
    struct rpc_channel *channel = rig_channel(&rig, NULL);

    rig_ask(&rig, channel, "/t.T/Echo", "hello", &answer);
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(answer.len, 5);
    assert_memory_equal(answer.payload, "hello", 5);

    rig_ask(&rig, channel, "/t.T/Echo", "", &answer); // an empty message is a message
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(answer.len, 0);

    rpc_channel_free(channel);
    rig_free(&rig);
}

static void test_unknown_path_is_unimplemented(void **state)
{
    struct rig rig;
    struct rig_answer answer;
    rig_echo(&rig, NULL);
    struct rpc_channel *channel = rig_channel(&rig, NULL);
    rig_ask(&rig, channel, "/t.T/Nothing", "x", &answer);
    assert_int_equal(answer.status, RPC_UNIMPLEMENTED);
    rig_ask(&rig, channel, "/t.T/Echo", "x", &answer); // the connection lives on
    assert_int_equal(answer.status, RPC_OK);
    rpc_channel_free(channel);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_unknown_path_is_unimplemented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
