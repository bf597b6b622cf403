// SPDX-License-Identifier: BSD-3-Clause
// The parts that decide without messages: Session-Ids, routes, APNs, failure handling, order,
// results, settings.
#include "kit.h"
#include "rpc/status.h"

// ---- Session-Id ----
static void test_session_ids_say_whose_session_it_is(void **state)
{
    static const struct {
        enum gxgy_app app;
        const char *gateway, *id, *text;
    } cases[] = {
        {GXGY_GX, "agw1", SESSION, GX_SESSION},
        {GXGY_GY, "agw1", SESSION, GY_SESSION},
        {GXGY_GX, "a;b c%", "x;y-7", "fgw.example.org;7;1;a%3Bb%20c%25;x%3By-7"},
        {GXGY_GX, "", "plain", "fgw.example.org;0;1;;plain"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gxgy_session_id id = {.app = cases[i].app}, back;
        char text[GXGY_TEXT_MAX];
        snprintf(id.gateway, sizeof(id.gateway), "%s", cases[i].gateway);
        snprintf(id.id, sizeof(id.id), "%s", cases[i].id);
        assert_int_equal(gxgy_session_id_format("fgw.example.org", &id, text, sizeof(text)),
                         ERR_OK);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(gxgy_session_id_parse(text, strlen(text), &back), ERR_OK);
        assert_int_equal(back.app, cases[i].app);
        assert_string_equal(back.gateway, cases[i].gateway);
        assert_string_equal(back.id, cases[i].id);
    }
}

static void test_foreign_session_ids_are_known_as_such(void **state)
{
    static const char *const cases[] = {
        "",
        "a;1;2",
        "a;1;1;gw",
        "a;1;3;gw;id",
        "a;1;11;gw;id",
        "a;1;1;gw;",
        "a;1;1;gw;id;more",
        "a;1;1;g%w;id",
        "a;1;1;g%0;id",
        "a;1;1;g%00;id",
        "a;1;1;gw;i d",
        "a;1;1;gw;id%2",
    };
    struct gxgy_session_id id;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(gxgy_session_id_parse(cases[i], strlen(cases[i]), &id), ERR_NOT_FOUND);
}

// ---- destinations ----
static void check_route(const char *digits, const char *apn, const char *sticky, const char *want)
{
    struct base_imsi imsi;
    struct gxgy_targets t;
    char text[128] = "";
    assert_int_equal(base_imsi_parse(digits, strlen(digits), &imsi), ERR_OK);
    gxgy_route_find(&world.settings.gx.core, &imsi, apn, sticky, "rs", "own", &t);
    for (size_t k = 0, n = 0; k < t.n; k++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s/%s", k ? " " : "", t.list[k].realm,
                              t.list[k].host);
    assert_string_equal(text, want);
}

static void test_routes(void **state)
{
    static const struct {
        const char *imsi, *apn, *sticky, *want; // realm/host of first choice, alternate
    } cases[] = {
        {"001010000000001", "internet", "", "r0/h0 r0/h0b"},
        {"262010000000001", "internet", "", "r1/h1"},
        {"262010000000001", "ims", "", "r2/h2 r2/h2b"}, // prefix and APN beat the prefix alone
        {"310410000000001", "ims", "", "r3/"},          // APN alone
        {"310410000000001", "IMS", "", "r3/"},
        {"310410000000001", "ims", "x3", "rs/x3 r3/"}, // then any server of the realm
        {"262010000000001", "", "h2b", "rs/h2b r2/h2"}, // who answered before, then its partner
        {"262010000000001", "internet", "h0", "rs/h0 r0/h0b"},
        {"001010000000001", "internet", "other", "rs/other r0/h0b"},
    };
    kit_settings("gx = { realm = \"r0\"; host = \"h0\"; alternate = \"h0b\"; routes = ("
                 "{ imsi_prefix = \"26201\"; realm = \"r1\"; host = \"h1\"; },"
                 "{ imsi_prefix = \"26201\"; apn = \"ims\"; realm = \"r2\"; host = \"h2\"; "
                 "alternate = \"h2b\"; },"
                 "{ apn = \"ims\"; realm = \"r3\"; } ); };");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_route(cases[i].imsi, cases[i].apn, cases[i].sticky, cases[i].want);
}

static void test_several_servers_by_imsi_modulo_their_number(void **state)
{
    static const struct {
        const char *imsi, *apn, *sticky, *want; // realm/host of first choice, alternate
    } cases[] = {
        {"001010000000000", "internet", "", "r3/s2"}, // 1010000000000 % 3 == 2
        {"001010000000001", "internet", "", "r/s0 r3/s2"},
        {"001010000000002", "internet", "", "r/s1 r3/s2"},
        {"999999999999999", "internet", "", "r/s0 r3/s2"},
        {"001011", "internet", "", "r/s0 r3/s2"}, // 1011 % 3 == 0
        // who answered before, then the other one of the subscriber's pair
        {"001010000000002", "internet", "s1", "rs/s1 r3/s2"},
        {"001010000000002", "internet", "s2", "rs/s2 r/s1"},
        {"001010000000001", "internet", "s2", "rs/s2 r/s0"},
        {"001010000000000", "internet", "s2", "rs/s2"},
        // the list has changed since: any pair that knows it, else the subscriber's own
        {"001010000000000", "internet", "s1", "rs/s1 r3/s2"},
        {"001010000000000", "internet", "gone", "rs/gone r3/s2"},
        // a route of its own
        {"262010000000000", "internet", "", "r9/t0 r9/t9"},
        {"262010000000001", "internet", "", "r9/t1"},
        {"262010000000000", "", "t9", "rs/t9 r9/t0"},
    };
    kit_settings("gx = { realm = \"r\"; servers = ("
                 "{ host = \"s0\"; alternate = \"s2\"; }, { host = \"s1\"; alternate = \"s2\"; },"
                 "{ host = \"s2\"; realm = \"r3\"; } ); routes = ("
                 "{ imsi_prefix = \"26201\"; realm = \"r9\"; servers = ("
                 "{ host = \"t0\"; alternate = \"t9\"; }, { host = \"t1\"; } ); } ); };");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_route(cases[i].imsi, cases[i].apn, cases[i].sticky, cases[i].want);
}

static void test_without_a_realm_it_is_ours(void **state)
{
    struct base_imsi imsi;
    struct gxgy_targets t;
    assert_int_equal(base_imsi_parse(IMSI, 15, &imsi), ERR_OK);
    gxgy_route_find(&world.settings.gy.core, &imsi, "", "", "", "own", &t);
    assert_int_equal(t.n, 1);
    assert_string_equal(t.list[0].realm, "own");
    assert_string_equal(t.list[0].host, "");
}

// ---- APNs ----
static void test_apns_decide_who_is_asked_and_by_which_name(void **state)
{
    kit_settings("apns = ( { apn = \"ims\"; gy = false; }, { apn = \"iot\"; gx = false; "
                 "gy_auth_only = true; } );"
                 "virtual_apns = ( { apn = \"^inter\"; charging_characteristics = \"^08\"; gx_apn "
                 "= \"prepaid\"; },"
                 "{ apn = \"^inter\"; gx_apn = \"other\"; gy_apn = \"bill\"; } );");
    struct gxgy_policy p = gxgy_policy_find(&world.settings, "IMS", "");
    assert_true(p.gx && !p.gy);
    assert_string_equal(p.gx_apn, "IMS");
    p = gxgy_policy_find(&world.settings, "iot", "");
    assert_true(!p.gx && p.gy && p.gy_auth_only);
    p = gxgy_policy_find(&world.settings, "internet", "0800"); // the first that matches
    assert_string_equal(p.gx_apn, "prepaid");
    assert_string_equal(p.gy_apn, "bill");
    p = gxgy_policy_find(&world.settings, "internet", "0400");
    assert_string_equal(p.gx_apn, "other");
    p = gxgy_policy_find(&world.settings, "corporate", "0800"); // none matches
    assert_string_equal(p.gx_apn, "corporate");
    assert_string_equal(p.gy_apn, "corporate");
}

// ---- failure handling, RFC 8506 5.7 ----
#define T GXGY_CCFH_TERMINATE
#define C GXGY_CCFH_CONTINUE
#define R GXGY_CCFH_RETRY_AND_TERMINATE
static void test_failure_handling(void **state)
{
    static const struct {
        enum gxgy_handling handling;
        uint32_t type;
        enum gxgy_fault fault;
        bool failover;
        enum gxgy_action want;
    } cases[] = {
        // Tx expiry
        {T, GXGY_INITIAL, GXGY_FAULT_TX, false, GXGY_GIVE_UP},
        {T, GXGY_INITIAL, GXGY_FAULT_TX, true, GXGY_GIVE_UP},
        {C, GXGY_INITIAL, GXGY_FAULT_TX, false, GXGY_GRANT},
        {C, GXGY_INITIAL, GXGY_FAULT_TX, true, GXGY_TRY_ALTERNATE},
        {R, GXGY_INITIAL, GXGY_FAULT_TX, false, GXGY_GIVE_UP},
        {R, GXGY_INITIAL, GXGY_FAULT_TX, true, GXGY_TRY_ALTERNATE},
        {T, GXGY_UPDATE, GXGY_FAULT_TX, true, GXGY_GIVE_UP},
        {C, GXGY_UPDATE, GXGY_FAULT_TX, false, GXGY_GRANT},
        {C, GXGY_UPDATE, GXGY_FAULT_TX, true, GXGY_TRY_ALTERNATE},
        {R, GXGY_UPDATE, GXGY_FAULT_TX, false, GXGY_GIVE_UP},
        {R, GXGY_UPDATE, GXGY_FAULT_TX, true, GXGY_TRY_ALTERNATE},
        // failure to send, temporary errors: failover comes first for all of them
        {T, GXGY_UPDATE, GXGY_FAULT_SEND, true, GXGY_TRY_ALTERNATE},
        {T, GXGY_UPDATE, GXGY_FAULT_SEND, false, GXGY_GIVE_UP},
        {C, GXGY_UPDATE, GXGY_FAULT_SEND, true, GXGY_TRY_ALTERNATE},
        {C, GXGY_UPDATE, GXGY_FAULT_SEND, false, GXGY_GRANT},
        {R, GXGY_UPDATE, GXGY_FAULT_SEND, true, GXGY_TRY_ALTERNATE},
        {R, GXGY_UPDATE, GXGY_FAULT_SEND, false, GXGY_GIVE_UP},
        // failed answers
        {T, GXGY_UPDATE, GXGY_FAULT_FAILED, true, GXGY_GIVE_UP},
        {C, GXGY_UPDATE, GXGY_FAULT_FAILED, true, GXGY_GRANT},
        {R, GXGY_UPDATE, GXGY_FAULT_FAILED, true, GXGY_GIVE_UP},
        // the user may not, whatever the handling
        {C, GXGY_INITIAL, GXGY_FAULT_DENIED, true, GXGY_GIVE_UP},
        {C, GXGY_UPDATE, GXGY_FAULT_DENIED, false, GXGY_GIVE_UP},
        // free of charge
        {T, GXGY_INITIAL, GXGY_FAULT_NOT_APPLICABLE, false, GXGY_GRANT},
        // the last report
        {T, GXGY_TERMINATION, GXGY_FAULT_TX, true, GXGY_TRY_ALTERNATE},
        {T, GXGY_TERMINATION, GXGY_FAULT_TX, false, GXGY_TRY_AGAIN},
        {T, GXGY_TERMINATION, GXGY_FAULT_SEND, false, GXGY_TRY_AGAIN},
        {C, GXGY_TERMINATION, GXGY_FAULT_FAILED, false, GXGY_GIVE_UP},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(gxgy_failure_action(cases[i].handling, cases[i].type, cases[i].fault,
                                             cases[i].failover),
                         cases[i].want);
}
#undef T
#undef C
#undef R

static void test_faults(void **state)
{
    static const struct {
        enum err err;
        uint32_t code;
        bool experimental, bad;
        enum gxgy_fault fault;
    } cases[] = {
        {ERR_OK, 2001, false, false, 0},
        {ERR_OK, 2002, false, false, 0},
        {ERR_TIMEOUT, 0, false, true, GXGY_FAULT_TX},
        {ERR_DIA_NO_PEER, 0, false, true, GXGY_FAULT_SEND},
        {ERR_DIA_PEER_LOST, 0, false, true, GXGY_FAULT_SEND},
        {ERR_DIA_BUSY, 0, false, true, GXGY_FAULT_SEND},
        {ERR_DIA_BAD_ANSWER, 0, false, true, GXGY_FAULT_FAILED},
        {ERR_OK, 3002, false, true, GXGY_FAULT_SEND},
        {ERR_OK, 3004, false, true, GXGY_FAULT_SEND},
        {ERR_OK, 3005, false, true, GXGY_FAULT_SEND},
        {ERR_OK, 4010, false, true, GXGY_FAULT_DENIED},
        {ERR_OK, 4011, false, true, GXGY_FAULT_NOT_APPLICABLE},
        {ERR_OK, 4012, false, true, GXGY_FAULT_DENIED},
        {ERR_OK, 5030, false, true, GXGY_FAULT_DENIED},
        {ERR_OK, 5031, false, true, GXGY_FAULT_FAILED},
        {ERR_OK, 5012, false, true, GXGY_FAULT_FAILED},
        {ERR_OK, 5140, true, true, GXGY_FAULT_FAILED},
        {ERR_OK, 0, false, true, GXGY_FAULT_FAILED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct dia_result r = {.code = cases[i].code, .experimental = cases[i].experimental};
        enum gxgy_fault fault;
        assert_int_equal(gxgy_fault_of(cases[i].err, &r, &fault), cases[i].bad);
        if (cases[i].bad)
            assert_int_equal(fault, cases[i].fault);
    }
}

// ---- order ----
static int order[8];
static size_t n_order;
static struct gxgy_turn turns[4];

static void my_turn(struct gxgy_turn *turn)
{
    order[n_order++] = (int)(turn - turns);
}

static void test_turns_of_a_session_come_one_by_one_in_order(void **state)
{
    n_order = 0;
    assert_true(gxgy_turn_take(&turns[0], 7, world.loop, my_turn));
    assert_false(gxgy_turn_take(&turns[1], 7, world.loop, my_turn));
    assert_false(gxgy_turn_take(&turns[2], 7, world.loop, my_turn));
    assert_true(
        gxgy_turn_take(&turns[3], 7 + 4096, world.loop, my_turn)); // same bucket, other session
    gxgy_turn_end(&turns[3]);
    kit_run_loop();
    assert_int_equal(n_order, 0);
    gxgy_turn_end(&turns[0]);
    kit_run_loop();
    assert_int_equal(n_order, 1);
    assert_int_equal(order[0], 1);
    assert_false(gxgy_turn_take(&turns[0], 7, world.loop, my_turn)); // behind the one that waits
    gxgy_turn_end(&turns[1]);
    kit_run_loop();
    gxgy_turn_end(&turns[2]);
    kit_run_loop();
    gxgy_turn_end(&turns[0]);
    assert_int_equal(n_order, 3);
    assert_int_equal(order[1], 2);
    assert_int_equal(order[2], 0);
    assert_true(gxgy_turn_take(&turns[0], 7, world.loop, my_turn)); // nothing is left behind
    gxgy_turn_end(&turns[0]);
}

// ---- results ----
static void test_results(void **state)
{
    static const struct {
        uint32_t code;
        bool experimental;
        int status;
    } cases[] = {
        {2001, false, RPC_OK},
        {3002, false, RPC_UNAVAILABLE},
        {3004, false, RPC_RESOURCE_EXHAUSTED},
        {3010, false, RPC_UNAVAILABLE},
        {4010, false, RPC_PERMISSION_DENIED},
        {4012, false, RPC_FAILED_PRECONDITION},
        {4999, false, RPC_UNAVAILABLE},
        {5002, false, RPC_NOT_FOUND},
        {5003, false, RPC_PERMISSION_DENIED},
        {5030, false, RPC_NOT_FOUND},
        {5999, false, RPC_FAILED_PRECONDITION},
        {5140, true, RPC_FAILED_PRECONDITION},
        {5143, true, RPC_PERMISSION_DENIED},
        {5454, true, RPC_DEADLINE_EXCEEDED},
        {0, false, RPC_INTERNAL},
        {1001, false, RPC_UNKNOWN},
        {99999, false, RPC_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct dia_result r = {.code = cases[i].code, .experimental = cases[i].experimental};
        const struct gxgy_verdict v = gxgy_verdict_of_result(&r);
        assert_int_equal(v.status, cases[i].status);
        if (cases[i].code)
            assert_int_equal(v.code, cases[i].code);
        assert_true(v.label && v.label[0]);
    }
}

// ---- settings ----
static void test_mistakes_in_settings_are_found(void **state)
{
    static const char *const cases[] = {
        "gx = { alternate = \"b.example.org\"; };",
        "gy = { routes = ( { realm = \"r\"; alternate = \"b\"; } ); };",
        "virtual_apns = ( { apn = \"(\"; } );",
        "base_names = ( { name = \"b\"; rules = [ \"nobody\" ]; } );",
        "gx = { default_ipv4 = \"10.10.10\"; };",
        "gy = { failure_handling = \"sometimes\"; };",
        "gy = { service_identifier = -2; };",
        "gx = { realm = \"no realm\"; };",
        "gx = { host = \"a\"; servers = ( { host = \"b\"; } ); };",
        "gy = { routes = ( { realm = \"r\"; host = \"a\"; servers = ( { host = \"b\"; } ); } ); };",
        "gy = { alternate = \"a\"; servers = ( { host = \"b\"; } ); };",
        "gy = { servers = ( { alternate = \"b\"; } ); };",
        "gx = { eui64_prefix = \"fd00::1\"; };",
        "gx = { eui64_prefix = \"10.0.0.0\"; };",
        "gy = { cg_address = \"cg.example.org\"; };",
        "gy = { serving_node_type = \"amf\"; };",
        "gy = { ps_qos = \"yes\"; };",
        "charging_id = \"random\";",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct conf *conf;
        struct gxgy_settings settings;
        char text[512];
        snprintf(text, sizeof(text), "gx_gy = { %s };", cases[i]);
        assert_int_equal(conf_parse("test", text, &conf), ERR_OK);
        conf_read(conf, "gx_gy", gxgy_settings_keys, &settings);
        gxgy_configure(conf, &settings);
        assert_true(conf_n_errors(conf) > 0);
        conf_free(conf);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_session_ids_say_whose_session_it_is),
        CASE(test_foreign_session_ids_are_known_as_such),
        CASE(test_routes),
        CASE(test_several_servers_by_imsi_modulo_their_number),
        CASE(test_without_a_realm_it_is_ours),
        CASE(test_apns_decide_who_is_asked_and_by_which_name),
        CASE(test_failure_handling),
        CASE(test_faults),
        CASE(test_turns_of_a_session_come_one_by_one_in_order),
        CASE(test_results),
        CASE(test_mistakes_in_settings_are_found),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
