// SPDX-License-Identifier: BSD-3-Clause
// Requests of the HSS: who is called, what it is told, and what the HSS is answered.
#include "rpc/status.h"
#include "swx_kit.h"

typedef Magma__Feg__RegistrationTerminationRequest termination;

#define TERMINATE "/magma.feg.SwxGatewayService/TerminateRegistration"
#define PROFILE "/fgw.swx.SwxUserData/PushProfile"
// Session-Id, Vendor-Specific-Application-Id {10415, 16777265}, Auth-Session-State, origin and
// destination
#define HEAD                                                                                       \
    AVP_SESSION "00000104400000200000010a4000000c000028af000001024000000c01000031"                 \
                "000001154000000c00000001"                                                         \
                "00000108400000176873732e6578616d706c652e6f726700"                                 \
                "00000128400000136578616d706c652e6f726700"                                         \
                "00000125400000176667772e6578616d706c652e6f726700"                                 \
                "0000011b400000136578616d706c652e6f726700"
// Deregistration-Reason {Reason-Code 1, Reason-Info "moved"}
#define REASON                                                                                     \
    "00000267c0000030000028af00000268c0000010000028af00000001"                                     \
    "00000269c0000011000028af6d6f766564000000"

static struct swx_settings *settings(void)
{
    return world.settings;
}

static int setup(void **state)
{
    int rc = world_setup(&swx_interface);
    world_serve(FGW_ACCESS_WLAN, IMSI, "agw1");
    world_serve(FGW_ACCESS_MME, IMSI, "agw2");
    return rc;
}

static void rtr(void)
{
    world_inbound(DIA_APP_SWX, DIA_CMD_RTR, HEAD AVP_IMSI REASON);
}

static void ppr(void)
{
    world_inbound(DIA_APP_SWX, DIA_CMD_PPR, HEAD AVP_IMSI USER_DATA(ALLOWED));
}

static void test_rtr_goes_to_the_gateway_that_serves_wifi(void **state)
{
    rtr();
    assert_int_equal(world.n_agw, 1);
    assert_string_equal(world.agw[0].gateway, "agw1");
    assert_string_equal(world.agw[0].service, "aaa_server");
    assert_string_equal(world.agw[0].path, TERMINATE);
    const termination *m = (const void *)world_agw_request(
        0, &magma__feg__registration_termination_request__descriptor);
    assert_string_equal(m->user_name, IMSI);
    assert_int_equal(m->reason_code, 1);
    assert_string_equal(m->reason_info, "moved");
    assert_string_equal(m->session_id, "hss;1;11");
    world_agw_answer(0, RPC_OK, NULL);
    assert_int_equal(world_result_code(NULL), 2001);
    assert_non_null(dia_find(world.inbound.answer, AVP_ORIGIN_HOST));
    assert_non_null(dia_find(world.inbound.answer, AVP_VENDOR_SPECIFIC_APPLICATION_ID));
    assert_string_equal(world.imsi[FGW_ACCESS_WLAN], ""); // forgotten
    assert_string_equal(world.imsi[FGW_ACCESS_MME], IMSI);
}

static void test_rta_byte_by_byte(void **state)
{
    rtr();
    world_agw_answer(0, RPC_OK, NULL);
    char *hex = world_avps_hex(world.inbound.answer); // the stack has put the Session-Id before
    assert_string_equal(hex,
                        // Origin-Host, Origin-Realm
                        "00000108400000176667772e6578616d706c652e6f726700"
                        "00000128400000136578616d706c652e6f726700"
                        // Vendor-Specific-Application-Id {10415, 16777265}
                        "00000104400000200000010a4000000c000028af000001024000000c01000031"
                        // Result-Code 2001, Auth-Session-State NO_STATE_MAINTAINED
                        "0000010c4000000c000007d1000001154000000c00000001");
    free(hex);
}

static void test_rtr_empties_the_cache(void **state)
{
    static uint8_t bytes[32];
    swx_vector v = MAGMA__FEG__AUTHENTICATION_ANSWER__SIPAUTH_VECTOR__INIT, *vectors[] = {&v},
               **out;
    Magma__Feg__AuthenticationRequest m = MAGMA__FEG__AUTHENTICATION_REQUEST__INIT;
    struct base_arena *arena = base_arena_new(0, 0);
    struct base_imsi imsi;
    v.rand_autn = (ProtobufCBinaryData){32, bytes};
    v.xres = (ProtobufCBinaryData){8, bytes};
    v.confidentiality_key = v.integrity_key = (ProtobufCBinaryData){16, bytes};
    assert_int_equal(base_imsi_parse(IMSI, strlen(IMSI), &imsi), ERR_OK);
    swx_cache_put(&imsi, &m, vectors, 1, 60000);
    rtr();
    assert_int_equal(swx_cache_take(&imsi, &m, 1, arena, &out), 0);
    world_agw_answer(0, RPC_OK, NULL);
    base_arena_free(arena);
}

static void test_what_the_gateway_says_is_what_the_hss_gets(void **state)
{
    static const struct {
        int status;
        uint32_t code;
        bool experimental;
    } rows[] = {
        {RPC_NOT_FOUND, 2001, false}, // nothing to end
        {RPC_UNAVAILABLE, 3002, false},   {RPC_RESOURCE_EXHAUSTED, 3004, false},
        {RPC_UNIMPLEMENTED, 5012, false}, {RPC_INTERNAL, 5012, false},
    };
    bool experimental;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world.n_agw = 0;
        world_serve(FGW_ACCESS_WLAN, IMSI, "agw1");
        rtr();
        world_agw_answer(0, rows[i].status, NULL);
        assert_int_equal(world_result_code(&experimental), rows[i].code);
        assert_int_equal(experimental, rows[i].experimental);
    }
    world.n_agw = 0;
    world_serve(FGW_ACCESS_WLAN, IMSI, "agw1");
    rtr();
    world_agw_fail(0, ERR_RPC_UNREACHABLE);
    assert_int_equal(world_result_code(NULL), 3002);
    // an error of the protocol has the format of RFC 6733 7.2
    assert_null(dia_find(world.inbound.answer, AVP_VENDOR_SPECIFIC_APPLICATION_ID));
    assert_null(dia_find(world.inbound.answer, AVP_AUTH_SESSION_STATE));
    assert_string_equal(world.imsi[FGW_ACCESS_WLAN], IMSI); // still there
}

static void test_a_gateway_that_cannot_be_called(void **state)
{
    world.agw_err = ERR_FULL;
    rtr();
    assert_int_equal(world_result_code(NULL), 3004);
}

static void test_users_that_nobody_serves(void **state)
{
    bool experimental;
    world.imsi[FGW_ACCESS_WLAN][0] = '\0';
    rtr();
    assert_int_equal(world_result_code(&experimental), 5001);
    assert_true(experimental);
    ppr();
    assert_int_equal(world_result_code(&experimental), 5001);
    settings()->unknown_termination = SWX_UNKNOWN_SUCCESS;
    rtr();
    assert_int_equal(world_result_code(NULL), 2001);
    assert_int_equal(world.n_agw, 0);
}

static void test_broken_requests_are_refused_with_the_avp(void **state)
{
    world_inbound(DIA_APP_SWX, DIA_CMD_RTR, HEAD "000000014000000b626f6200" REASON); // "bob"
    assert_int_equal(world_result_code(NULL), 5004);
    assert_non_null(dia_find(world.inbound.answer, AVP_FAILED_AVP));
    assert_string_equal(world.label, "invalid_request");
}

static void test_ppr_carries_the_whole_profile(void **state)
{
    Fgw__Swx__PushProfileAnswer a = FGW__SWX__PUSH_PROFILE_ANSWER__INIT;
    Fgw__S6a__LocalTimeZone zone = FGW__S6A__LOCAL_TIME_ZONE__INIT;
    Fgw__Swx__AccessNetworkInfo info = FGW__SWX__ACCESS_NETWORK_INFO__INIT;
    zone.time_zone = WORLD_TEXT("+8");
    info.ssid = WORLD_TEXT("cafe");
    a.local_time_zone = &zone;
    a.access_network_info = &info;
    ppr();
    assert_string_equal(world.agw[0].path, PROFILE);
    const Fgw__Swx__PushProfileRequest *m =
        (const void *)world_agw_request(0, &fgw__swx__push_profile_request__descriptor);
    assert_string_equal(m->user_data->msisdn, "49170");
    world_agw_answer(0, RPC_OK, &a.base);
    assert_int_equal(world_result_code(NULL), 2001);
    assert_non_null(dia_find(world.inbound.answer, AVP_LOCAL_TIME_ZONE));
    assert_non_null(dia_find(world.inbound.answer, AVP_ACCESS_NETWORK_INFO));
    world.n_agw = 0;
    a.error_code = 5001;
    ppr();
    world_agw_answer(0, RPC_OK, &a.base);
    assert_int_equal(world_result_code(NULL), 5001);
    assert_null(dia_find(world.inbound.answer, AVP_LOCAL_TIME_ZONE));
}

static void test_gateways_without_that_service(void **state)
{
    ppr();
    world_agw_answer(0, RPC_UNIMPLEMENTED, NULL);
    assert_int_equal(world_result_code(NULL), 5012);
    settings()->unsupported_profile = SWX_UNSUPPORTED_ACCEPT;
    world.n_agw = 0;
    ppr();
    world_agw_answer(0, RPC_UNIMPLEMENTED, NULL);
    assert_int_equal(world_result_code(NULL), 2001);
    settings()->unsupported_profile = SWX_UNSUPPORTED_TERMINATE;
    world.n_agw = 0;
    ppr();
    world_agw_answer(0, RPC_UNIMPLEMENTED, NULL);
    assert_int_equal(world.inbound.answers, 0);
    assert_int_equal(world.n_agw, 2);
    assert_string_equal(world.agw[1].path, TERMINATE);
    world_agw_answer(1, RPC_OK, NULL);
    assert_int_equal(world_result_code(NULL), 2001);
    assert_string_equal(world.label, "terminated_instead");
}

static int start(void **state)
{
    return world_dictionary(NULL);
}

static int stop(void **state)
{
    swx_interface.stop();
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_rtr_goes_to_the_gateway_that_serves_wifi),
        CASE(test_rta_byte_by_byte),
        CASE(test_rtr_empties_the_cache),
        CASE(test_what_the_gateway_says_is_what_the_hss_gets),
        CASE(test_a_gateway_that_cannot_be_called),
        CASE(test_users_that_nobody_serves),
        CASE(test_broken_requests_are_refused_with_the_avp),
        CASE(test_ppr_carries_the_whole_profile),
        CASE(test_gateways_without_that_service),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
