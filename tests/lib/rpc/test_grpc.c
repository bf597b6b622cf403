// SPDX-License-Identifier: BSD-3-Clause
// gRPC text and framing, timer wheel, addresses: the parts without a connection.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rpc/addr.h"
#include "rpc/grpc.h"
#include "rpc/status.h"
#include "rpc/wheel.h"

static void test_timeout_parse(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        int64_t ns;
    } rows[] = {
        {"2S", ERR_OK, 2 * BASE_S_NS},        {"2010m", ERR_OK, 2010 * BASE_MS_NS},
        {"5010m", ERR_OK, 5010 * BASE_MS_NS}, {"1H", ERR_OK, 3600 * BASE_S_NS},
        {"3M", ERR_OK, 180 * BASE_S_NS},      {"7u", ERR_OK, 7000},
        {"9n", ERR_OK, 9},                    {"0S", ERR_OK, 0},
        {"99999999H", ERR_OK, 1000000000LL * BASE_S_NS}, // saturates
        {"99999999n", ERR_OK, 99999999},      {"", ERR_DECODE_SYNTAX, 0},
        {"S", ERR_DECODE_SYNTAX, 0},          {"5", ERR_DECODE_SYNTAX, 0},
        {"5s", ERR_DECODE_SYNTAX, 0},         {"-5S", ERR_DECODE_SYNTAX, 0},
        {"+5S", ERR_DECODE_SYNTAX, 0},        {"1.5S", ERR_DECODE_SYNTAX, 0},
        {"123456789S", ERR_DECODE_SYNTAX, 0}, {"5 S", ERR_DECODE_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ns = -7;
        enum err err = rpc_timeout_parse(rows[i].text, strlen(rows[i].text), &ns);
        if (err != rows[i].err || (!err && ns != rows[i].ns))
            fail_msg("\"%s\": %s, %lld ns", rows[i].text, err_name(err), (long long)ns);
    }
}

static void test_timeout_format_is_read_back(void **state)
{
    static const int64_t values[] = {0, 1, 99999999, 100000000, 1500 * BASE_MS_NS, 10 * BASE_S_NS,
                                     86400 * BASE_S_NS, 99999999LL * BASE_S_NS};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[12];
        int64_t ns;
        rpc_timeout_format(values[i], text);
        assert_int_equal(rpc_timeout_parse(text, strlen(text), &ns), ERR_OK);
        assert_true(ns <= values[i] && ns >= values[i] - values[i] / 100000);
    }
    char text[12];
    rpc_timeout_format(-5, text);
    assert_string_equal(text, "0n");
}

static void test_message_encoding(void **state)
{
    static const struct {
        const char *plain, *coded;
    } rows[] = {
        {"plain text", "plain text"}, {"100%", "100%25"},     {"a\nb", "a%0Ab"},
        {"\xc3\xa9", "%C3%A9"},       {" edges ", "%20edges%20"}, {"", ""},
    };
    char out[64];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = rpc_message_encode(rows[i].plain, out, sizeof(out));
        assert_string_equal(out, rows[i].coded);
        assert_int_equal(n, strlen(out));
    }
    // never half an escape at the end of the room
    for (size_t size = 1; size <= 8; size++) {
        size_t n = rpc_message_encode("\n\n", out, size);
        assert_true(n < size && n % 3 == 0);
    }
}

static void test_message_decoding(void **state)
{
    static const struct {
        const char *coded, *plain;
    } rows[] = {
        {"no%20such%20user%21", "no such user!"}, {"50%", "50%"},   {"%4", "%4"},
        {"%zz", "%zz"},                           {"%0a%00", "??"}, {"%C3%a9", "\xc3\xa9"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rpc_message_decode(rows[i].coded, strlen(rows[i].coded), out, sizeof(out));
        assert_string_equal(out, rows[i].plain);
    }
    assert_int_equal(rpc_message_decode("long text", 9, out, 5), 4);
    assert_string_equal(out, "long");
}

static void test_status_numbers(void **state)
{
    assert_int_equal(rpc_status_parse("0", 1), RPC_OK);
    assert_int_equal(rpc_status_parse("16", 2), RPC_UNAUTHENTICATED);
    assert_int_equal(rpc_status_parse("17", 2), RPC_UNKNOWN);
    assert_int_equal(rpc_status_parse("5012", 4), RPC_UNKNOWN);
    assert_int_equal(rpc_status_parse("", 0), RPC_UNKNOWN);
    assert_int_equal(rpc_status_parse("-1", 2), RPC_UNKNOWN);
    assert_int_equal(rpc_status_from_http(401), RPC_UNAUTHENTICATED);
    assert_int_equal(rpc_status_from_http(404), RPC_UNIMPLEMENTED);
    assert_int_equal(rpc_status_from_http(502), RPC_UNAVAILABLE);
    assert_int_equal(rpc_status_from_http(418), RPC_UNKNOWN);
    assert_int_equal(rpc_status_from_h2(7), RPC_UNAVAILABLE);
    assert_int_equal(rpc_status_from_h2(8), RPC_CANCELLED);
}

static void test_status_names_and_mapping_are_complete(void **state)
{
    for (int status = RPC_OK; status <= RPC_UNAUTHENTICATED; status++) {
        assert_string_not_equal(rpc_status_name(status), "?");
        assert_true((rpc_status_to_err(status) == ERR_OK) == (status == RPC_OK));
    }
    assert_string_equal(rpc_status_name(17), "?");
    assert_string_equal(rpc_status_name(-1), "?");
#define CHECK(name, value, fault, text)                                                     \
    assert_true((rpc_status_from_err(ERR_##name) == RPC_OK) == (ERR_##name == ERR_OK));
    ERR_TABLE(CHECK)
#undef CHECK
    assert_int_equal(rpc_status_from_err(ERR_TIMEOUT), RPC_DEADLINE_EXCEEDED);
    assert_int_equal(rpc_status_from_err(ERR_DECODE_TRUNCATED), RPC_INVALID_ARGUMENT);
    assert_int_equal(rpc_status_from_err(ERR_DIA_NO_PEER), RPC_UNAVAILABLE);
}

// Two messages in every possible pair of pieces.
static void test_deframer_takes_any_pieces(void **state)
{
    static const uint8_t wire[] = {0, 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0};
    for (size_t cut = 0; cut <= sizeof(wire); cut++) {
        struct rpc_deframer d = {0};
        int messages = 0;
        for (int half = 0; half < 2; half++) {
            const uint8_t *at = half ? wire + cut : wire;
            size_t left = half ? sizeof(wire) - cut : cut;
            while (left) {
                bool complete;
                size_t used;
                assert_int_equal(rpc_deframe(&d, 100, at, left, &used, &complete), ERR_OK);
                assert_true(used > 0 && used <= left);
                at += used;
                left -= used;
                if (!complete)
                    continue;
                assert_int_equal(d.body.len, messages ? 0 : 3);
                messages++;
                rpc_deframer_next(&d, 64);
            }
        }
        assert_int_equal(messages, 2);
        assert_true(rpc_deframer_idle(&d));
        rpc_buf_free(&d.body);
    }
}

static void test_deframer_refuses(void **state)
{
    static const struct {
        uint8_t wire[5];
        enum err err;
    } rows[] = {
        {{1, 0, 0, 0, 1}, ERR_UNSUPPORTED},   {{2, 0, 0, 0, 1}, ERR_RPC_PROTOCOL},
        {{0, 0, 0, 0, 101}, ERR_RPC_TOO_LARGE}, {{0, 255, 255, 255, 255}, ERR_RPC_TOO_LARGE},
        {{0, 0, 0, 0, 100}, ERR_OK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpc_deframer d = {0};
        bool complete;
        size_t used;
        assert_int_equal(rpc_deframe(&d, 100, rows[i].wire, 5, &used, &complete), rows[i].err);
        assert_true(d.body.cap <= 256); // an announced length alone costs nothing
        rpc_buf_free(&d.body);
    }
}

// ---- wheel ----

struct thing {
    struct rpc_wheel_item item;
    int64_t deadline, fired;
    struct thing *remove; // when it fires
};
static int64_t wheel_now;
static struct rpc_wheel wheel;

static void fire(struct rpc_wheel_item *item, void *arg)
{
    struct thing *thing = (struct thing *)item;
    assert_int_equal(thing->fired, 0);
    thing->fired = wheel_now;
    if (thing->remove)
        rpc_wheel_remove(&wheel, &thing->remove->item);
    ++*(int *)arg;
}

static void test_wheel_fires_once_and_never_early(void **state)
{
    static struct thing things[500];
    int n = 0;
    memset(things, 0, sizeof(things));
    wheel_now = 12345 * BASE_MS_NS;
    rpc_wheel_init(&wheel, wheel_now);
    for (int i = 0; i < 500; i++) {
        things[i].deadline = wheel_now + (int64_t)i * i * BASE_MS_NS; // up to 249 s
        rpc_wheel_add(&wheel, &things[i].item, things[i].deadline, wheel_now);
    }
    for (int i = 0; i < 500; i += 5) {
        rpc_wheel_remove(&wheel, &things[i].item);
        rpc_wheel_remove(&wheel, &things[i].item);
    }
    while (wheel.n) {
        wheel_now += 7 * BASE_MS_NS;
        rpc_wheel_advance(&wheel, wheel_now, fire, &n);
    }
    assert_int_equal(n, 400);
    for (int i = 0; i < 500; i++) {
        if (i % 5 == 0) {
            assert_int_equal(things[i].fired, 0);
            continue;
        }
        assert_true(things[i].fired >= things[i].deadline);
        assert_true(things[i].fired - things[i].deadline <= RPC_WHEEL_TICK_NS + 7 * BASE_MS_NS);
    }
}

static void test_wheel_survives_a_long_pause_and_removal_while_firing(void **state)
{
    struct thing a = {0}, b = {0}, c = {0};
    int n = 0;
    a.remove = &b;
    b.remove = &a;
    wheel_now = BASE_S_NS;
    rpc_wheel_init(&wheel, wheel_now);
    rpc_wheel_add(&wheel, &a.item, wheel_now + BASE_MS_NS, wheel_now);
    rpc_wheel_add(&wheel, &b.item, wheel_now + BASE_MS_NS, wheel_now);
    rpc_wheel_add(&wheel, &c.item, wheel_now + 3600 * BASE_S_NS, wheel_now);
    wheel_now += 1000 * BASE_S_NS; // many revolutions at once
    rpc_wheel_advance(&wheel, wheel_now, fire, &n);
    assert_int_equal(n, 1); // one of the two took the other out
    assert_int_equal(wheel.n, 1);
    assert_int_equal(c.fired, 0);
    rpc_wheel_remove(&wheel, &c.item);
}

// ---- addresses ----

static void test_addresses(void **state)
{
    static const struct {
        const char *text;
        uint16_t port;
        enum err err;
        const char *shown;
        bool local;
    } rows[] = {
        {"192.0.2.7", 40001, ERR_OK, "192.0.2.7:40001", false},
        {"2001:db8::7", 443, ERR_OK, "[2001:db8::7]:443", false},
        {"127.0.0.9", 1, ERR_OK, "127.0.0.9:1", true},
        {"::1", 1, ERR_OK, "[::1]:1", true},
        {"::ffff:127.0.0.1", 1, ERR_OK, "[::ffff:127.0.0.1]:1", true},
        {"0.0.0.0", 1, ERR_OK, "0.0.0.0:1", false},
        {"unix:/run/x", 1, ERR_OK, "unix", true},
        {"unix:", 1, ERR_INVALID, NULL, false},
        {"localhost", 1, ERR_INVALID, NULL, false},
        {"1.2.3", 1, ERR_INVALID, NULL, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpc_addr addr;
        char shown[RPC_ADDR_TEXT];
        assert_int_equal(rpc_addr_parse(rows[i].text, rows[i].port, &addr), rows[i].err);
        if (rows[i].err)
            continue;
        rpc_addr_text(&addr, shown);
        assert_string_equal(shown, rows[i].shown);
        assert_int_equal(rpc_addr_local(&addr), rows[i].local);
    }
}

static void test_cidr(void **state)
{
    static const struct {
        const char *cidr, *addr;
        enum err err;
        bool in;
    } rows[] = {
        {"10.0.0.0/8", "10.255.1.2", ERR_OK, true},
        {"10.0.0.0/8", "11.0.0.1", ERR_OK, false},
        {"192.0.2.128/25", "192.0.2.129", ERR_OK, true},
        {"192.0.2.128/25", "192.0.2.127", ERR_OK, false},
        {"192.0.2.1", "192.0.2.1", ERR_OK, true},
        {"192.0.2.1", "192.0.2.2", ERR_OK, false},
        {"0.0.0.0/0", "203.0.113.9", ERR_OK, true},
        {"0.0.0.0/0", "2001:db8::1", ERR_OK, false},
        {"::/0", "2001:db8::1", ERR_OK, true},
        {"2001:db8::/33", "2001:db8:8000::1", ERR_OK, false},
        {"2001:db8::/33", "2001:db8:7fff::1", ERR_OK, true},
        {"127.0.0.1", "::ffff:127.0.0.1", ERR_OK, true},
        {"10.0.0.0/33", NULL, ERR_INVALID, false},
        {"10.0.0.0/", NULL, ERR_INVALID, false},
        {"10.0.0.0/8x", NULL, ERR_INVALID, false},
        {"10.0.0.0/-1", NULL, ERR_INVALID, false},
        {"proxy.test", NULL, ERR_INVALID, false},
        {"unix:/run/x", NULL, ERR_INVALID, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpc_cidr cidr;
        struct rpc_addr addr;
        assert_int_equal(rpc_cidr_parse(rows[i].cidr, &cidr), rows[i].err);
        if (rows[i].err)
            continue;
        assert_int_equal(rpc_addr_parse(rows[i].addr, 1, &addr), ERR_OK);
        if (rpc_cidr_contains(&cidr, &addr) != rows[i].in)
            fail_msg("%s in %s", rows[i].addr, rows[i].cidr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeout_parse),
        cmocka_unit_test(test_timeout_format_is_read_back),
        cmocka_unit_test(test_message_encoding),
        cmocka_unit_test(test_message_decoding),
        cmocka_unit_test(test_status_numbers),
        cmocka_unit_test(test_status_names_and_mapping_are_complete),
        cmocka_unit_test(test_deframer_takes_any_pieces),
        cmocka_unit_test(test_deframer_refuses),
        cmocka_unit_test(test_wheel_fires_once_and_never_early),
        cmocka_unit_test(test_wheel_survives_a_long_pause_and_removal_while_firing),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_cidr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
