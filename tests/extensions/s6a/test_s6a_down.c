// SPDX-License-Identifier: BSD-3-Clause
// Requests of the HSS: which access gateway is called with what, and what the HSS is answered.
#include "base/clock.h"
#include "s6a_kit.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"
#include "rpc/status.h"

#define IMSI "001010000000001"
#define USER_NAME "000000014000001730303130313030303030303030303100"
#define TYPE(digit) "0000058cc0000010000028af0000000" digit
#define EMPTY_DATA "00000578c000000c000028af"
#define DSR_FLAGS "0000058dc0000010000028af00000008"
#define TEXT(text) ((char *)(uintptr_t)(text))

typedef Magma__Feg__CancelLocationRequest CLR;
typedef Magma__Feg__CancelLocationAnswer CLA;
typedef Fgw__S6a__InsertSubscriberDataAnswer IDA;

static void serves(const char *gateway)
{
    world_serve(FGW_ACCESS_MME, IMSI, gateway);
}

static const CLR *clr_at_gateway(size_t i)
{
    return (const CLR *)world_agw_request(i, &magma__feg__cancel_location_request__descriptor);
}

static void answers(uint32_t vendor, uint32_t code)
{
    bool experimental;
    assert_int_equal(world_result_code(&experimental), code);
    assert_int_equal(experimental, vendor != 0);
}

static void answers_cancel(int32_t error_code)
{
    CLA cla = MAGMA__FEG__CANCEL_LOCATION_ANSWER__INIT;
    cla.error_code = error_code;
    world_agw_answer(world.n_agw - 1, RPC_OK, &cla.base);
}

// ---- Cancel-Location ----
static void test_clr_reaches_the_gateway_that_serves_the_subscriber(void **state)
{
    serves("agw7");
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    assert_int_equal(world.n_agw, 1);
    assert_string_equal(world.agw[0].gateway, "agw7");
    assert_string_equal(world.agw[0].service, "s6a_async_service");
    assert_string_equal(world.agw[0].path, "/magma.feg.S6aGatewayService/CancelLocation");
    assert_string_equal(clr_at_gateway(0)->user_name, IMSI);
    assert_int_equal(clr_at_gateway(0)->cancellation_type, 2);
    assert_int_equal(world.inbound.answers, 0); // not before the gateway has answered
    answers_cancel(2001);
    answers(0, 2001);
    assert_string_equal(world.imsi[FGW_ACCESS_MME], ""); // forgotten
}

static void test_cla_carries_origin_state_and_application(void **state)
{
    struct avp *avp;
    uint32_t no_state = 0;
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    answers_cancel(0);
    struct msg *cla = world.inbound.answer;
    assert_non_null(avp = dia_find(cla, AVP_ORIGIN_HOST));
    assert_null(dia_find_next(avp, AVP_ORIGIN_HOST));
    assert_non_null(dia_find(cla, AVP_ORIGIN_REALM));
    assert_non_null(dia_find(cla, AVP_VENDOR_SPECIFIC_APPLICATION_ID));
    assert_int_equal(dia_get_u32(cla, AVP_AUTH_SESSION_STATE, &no_state), ERR_OK);
    assert_int_equal(no_state, 1);
}

static void test_cancellation_types_pass_as_they_are(void **state)
{
    static const char *const requests[] = {USER_NAME TYPE("0"), USER_NAME TYPE("1"),
                                           USER_NAME TYPE("2"), USER_NAME TYPE("3"),
                                           USER_NAME TYPE("4")};
    for (int type = 0; type <= 4; type++) {
        serves("agw1");
        world_inbound(DIA_APP_S6A, DIA_CMD_CLR, requests[type]);
        assert_int_equal(clr_at_gateway(world.n_agw - 1)->cancellation_type, type);
        assert_int_equal(clr_at_gateway(world.n_agw - 1)->original_type_present_case, 0);
        answers_cancel(2001);
        answers(0, 2001);
        // Initial-Attach-Procedure does not delete the subscription data (5.2.1.2.2)
        assert_string_equal(world.imsi[FGW_ACCESS_MME], type == 4 ? IMSI : "");
    }
}

static void test_cancellation_types_for_unmodified_gateways(void **state)
{
    static const struct {
        const char *request;
        int type, told;
    } rows[] = {{USER_NAME TYPE("0"), 0, 2},
                {USER_NAME TYPE("1"), 1, 1},
                {USER_NAME TYPE("2"), 2, 2},
                {USER_NAME TYPE("3"), 3, 2},
                {USER_NAME TYPE("4"), 4, 4}};
    s6a_test_settings()->cancel_type = S6A_CANCEL_WITHDRAWAL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        serves("agw1");
        world_inbound(DIA_APP_S6A, DIA_CMD_CLR, rows[i].request);
        const CLR *clr = clr_at_gateway(world.n_agw - 1);
        assert_int_equal(clr->cancellation_type, rows[i].told);
        if (rows[i].told != rows[i].type)
            assert_int_equal(clr->original_cancellation_type, rows[i].type);
        answers_cancel(2001);
    }
}

// 5.2.1.2.2: nothing to cancel is a success; 5001 if so configured.
static void test_clr_for_an_unknown_subscriber(void **state)
{
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    answers(0, 2001);
    s6a_test_settings()->unknown_cancel = S6A_UNKNOWN_USER_UNKNOWN;
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    answers(DIA_3GPP, 5001);
    assert_int_equal(world.n_agw, 0);
}

static void test_clr_for_a_subscriber_the_gateway_lost(void **state)
{
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    answers_cancel(5001);
    answers(0, 2001);
    assert_string_equal(world.imsi[FGW_ACCESS_MME], "");
}

// ---- gateways that do not answer well ----
static void test_failures_of_the_gateway(void **state)
{
    static const struct {
        enum err err;
        int status;
        uint32_t code;
    } rows[] = {
        {ERR_RPC_UNREACHABLE, 0, 3002},
        {ERR_TIMEOUT, 0, 3002},
        {ERR_FULL, 0, 3004},
        {ERR_RPC_PROTOCOL, 0, 5012},
        {ERR_OK, RPC_UNAVAILABLE, 3002},
        {ERR_OK, RPC_DEADLINE_EXCEEDED, 3002},
        {ERR_OK, RPC_INTERNAL, 5012},
        {ERR_OK, RPC_UNIMPLEMENTED, 5012},
        {ERR_OK, RPC_RESOURCE_EXHAUSTED, 3004},
        {ERR_OK, 99, 5012},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        serves("agw1");
        world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
        if (rows[i].err != ERR_OK)
            world_agw_fail(world.n_agw - 1, rows[i].err);
        else
            world_agw_answer(world.n_agw - 1, rows[i].status, NULL);
        answers(0, rows[i].code);
        assert_string_equal(world.imsi[FGW_ACCESS_MME], IMSI); // still its subscriber
    }
}

static void test_errors_of_the_protocol_have_the_avps_of_every_answer(void **state)
{
    uint32_t no_state = 0;
    serves("agw1");
    world.agw_err = ERR_RPC_UNREACHABLE;
    struct msg *cla = world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"))->answer;
    answers(0, 3002);
    assert_non_null(dia_find(cla, AVP_VENDOR_SPECIFIC_APPLICATION_ID));
    assert_int_equal(dia_get_u32(cla, AVP_AUTH_SESSION_STATE, &no_state), ERR_OK);
    assert_int_equal(no_state, 1);
}

static void test_a_gateway_that_cannot_be_called(void **state)
{
    serves("agw1");
    world.agw_err = ERR_RPC_UNREACHABLE;
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    answers(0, 3002);
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    answers(0, 3002);
}

static void test_a_gateway_that_answers_nonsense(void **state)
{
    static const uint8_t nonsense[] = {0x0a, 0xff, 0xff};
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    rpc_tunnel_done done = world.agw[0].done;
    done(world.agw[0].ctx,
         &(struct rpc_tunnel_result){.payload = nonsense, .len = sizeof(nonsense)});
    answers(0, 5012);
}

static void test_the_gateway_gets_no_more_time_than_the_hss_waits(void **state)
{
    serves("agw1");
    s6a_test_settings()->agw_timeout_ms = 60000;
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2")); // has 8 s
    assert_in_range(world.agw[0].timeout_ms, 7000, 7900);
    answers_cancel(0);
    s6a_test_settings()->agw_timeout_ms = 1000;
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_CLR, USER_NAME TYPE("2"));
    assert_int_equal(world.agw[1].timeout_ms, 1000);
    answers_cancel(0);
}

// ---- Insert- and Delete-Subscriber-Data ----
static void test_idr_and_its_answer(void **state)
{
    IDA ida = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__INIT;
    Fgw__S6a__EpsUserState user = FGW__S6A__EPS_USER_STATE__INIT;
    uint32_t value;
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR,
                  USER_NAME EMPTY_DATA "000005d2c0000010000028af00000004");
    assert_string_equal(world.agw[0].path, "/fgw.s6a.S6aSubscriberData/InsertSubscriberData");
    const Fgw__S6a__InsertSubscriberDataRequest *idr =
        (const void *)world_agw_request(0, &fgw__s6a__insert_subscriber_data_request__descriptor);
    assert_int_equal(idr->idr_flags, 4);
    ida.error_code = 2001;
    ida.ida_flags_present_case =
        FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__IDA_FLAGS_PRESENT_IDA_FLAGS;
    ida.ida_flags = 1;
    user.mme_present_case = FGW__S6A__EPS_USER_STATE__MME_PRESENT_MME;
    user.mme = 2;
    ida.eps_user_state = &user;
    world_agw_answer(0, RPC_OK, &ida.base);
    answers(0, 2001);
    assert_int_equal(dia_get_u32(world.inbound.answer, AVP_IDA_FLAGS, &value), ERR_OK);
    assert_int_equal(value, 1);
    S6A_AVP(eps, AVP_EPS_USER_STATE, world.inbound.answer);
    S6A_AVP(mme, AVP_MME_USER_STATE, eps);
    assert_int_equal(dia_get_u32(mme, AVP_USER_STATE, &value), ERR_OK);
    assert_int_equal(value, 2);
    assert_string_equal(world.imsi[FGW_ACCESS_MME], IMSI);
}

static void test_unknown_users_are_5001(void **state)
{
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    answers(DIA_3GPP, 5001);
    world_inbound(DIA_APP_S6A, DIA_CMD_DSR, USER_NAME DSR_FLAGS);
    answers(DIA_3GPP, 5001);
    serves("agw1"); // known here, but not at the gateway
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    IDA ida = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__INIT;
    ida.error_code = 5001;
    world_agw_answer(0, RPC_OK, &ida.base);
    answers(DIA_3GPP, 5001);
}

static void test_dsr_and_its_answer(void **state)
{
    Fgw__S6a__DeleteSubscriberDataAnswer dsa = FGW__S6A__DELETE_SUBSCRIBER_DATA_ANSWER__INIT;
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_DSR, USER_NAME DSR_FLAGS);
    assert_string_equal(world.agw[0].path, "/fgw.s6a.S6aSubscriberData/DeleteSubscriberData");
    world_agw_answer(0, RPC_OK, &dsa.base); // error_code 0 is success
    answers(0, 2001);
}

static void test_what_an_answer_of_the_gateway_means(void **state)
{
    static const struct {
        int32_t error_code;
        uint32_t vendor, code;
    } rows[] = {{0, 0, 2001},    {2001, 0, 2001}, {2002, 0, 2001},        {3002, 0, 3002},
                {3004, 0, 3004}, {4181, 0, 5012}, {5001, DIA_3GPP, 5001}, {5012, 0, 5012},
                {5420, 0, 5012}, {-1, 0, 5012}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        IDA ida = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__INIT;
        serves("agw1");
        world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
        ida.error_code = rows[i].error_code;
        world_agw_answer(i, RPC_OK, &ida.base);
        answers(rows[i].vendor, rows[i].code);
    }
}

// An unmodified access gateway has no such service.
static void test_gateways_without_the_service(void **state)
{
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    world_agw_answer(0, RPC_UNIMPLEMENTED, NULL);
    answers(0, 5012);

    s6a_test_settings()->unsupported_update = S6A_UNSUPPORTED_ACCEPT;
    world_inbound(DIA_APP_S6A, DIA_CMD_DSR, USER_NAME DSR_FLAGS);
    world_agw_answer(1, RPC_UNIMPLEMENTED, NULL);
    answers(0, 2001);

    s6a_test_settings()->unsupported_update = S6A_UNSUPPORTED_REATTACH;
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    world_agw_answer(2, RPC_UNIMPLEMENTED, NULL);
    assert_int_equal(world.inbound.answers, 0);
    assert_string_equal(world.agw[3].path, "/magma.feg.S6aGatewayService/CancelLocation");
    assert_int_equal(clr_at_gateway(3)->cancellation_type, 2);
    assert_int_equal(clr_at_gateway(3)->clr_flags, 2); // Reattach-Required
    answers_cancel(2001);
    answers(0, 2001);
    assert_string_equal(world.imsi[FGW_ACCESS_MME], IMSI);
}

static void test_an_answer_that_cannot_be_sent_is_5012(void **state)
{
    IDA ida = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__INIT;
    ida.last_ue_activity_unix = INT64_MAX; // no Time AVP can hold it
    serves("agw1");
    world_inbound(DIA_APP_S6A, DIA_CMD_IDR, USER_NAME EMPTY_DATA);
    world_agw_answer(0, RPC_OK, &ida.base);
    answers(0, 5012);
}

// ---- requests that cannot be read ----
static void refused(uint32_t command, const char *avps, uint32_t code, dia_avp_id inside)
{
    world_inbound(DIA_APP_S6A, command, avps);
    answers(0, code);
    assert_int_equal(world.n_agw, 0);
    S6A_AVP(failed, AVP_FAILED_AVP, world.inbound.answer);
    S6A_AVP(avp, inside, failed);
}

static void test_missing_avps_are_5005_with_failed_avp(void **state)
{
    serves("agw1");
    refused(DIA_CMD_CLR, TYPE("2"), 5005, AVP_USER_NAME);
    refused(DIA_CMD_CLR, USER_NAME, 5005, AVP_CANCELLATION_TYPE);
    refused(DIA_CMD_IDR, USER_NAME, 5005, AVP_SUBSCRIPTION_DATA);
    refused(DIA_CMD_DSR, USER_NAME, 5005, AVP_DSR_FLAGS);
}

static void test_wrong_values_are_5004_and_5014_with_failed_avp(void **state)
{
    serves("agw1");
    refused(DIA_CMD_CLR, "000000014000000b61626300" TYPE("2"), 5004, AVP_USER_NAME); // "abc"
    // a zone code of three octets, inside Subscription-Data
    refused(DIA_CMD_IDR,
            USER_NAME "00000578c000001c000028af"
                      "000005a6c000000f000028af01020300",
            5014, AVP_SUBSCRIPTION_DATA);
    S6A_AVP(failed, AVP_FAILED_AVP, world.inbound.answer);
    S6A_AVP(data, AVP_SUBSCRIPTION_DATA, failed);
    S6A_AVP(zone, AVP_REGIONAL_SUBSCRIPTION_ZONE_CODE, data);
}

// ---- Reset ----
static const Magma__Feg__ResetRequest *reset_at_gateway(size_t i)
{
    assert_string_equal(world.agw[i].path, "/magma.feg.S6aGatewayService/Reset");
    assert_string_equal(world.agw[i].service, "s6a_async_service"); // where gateways serve it
    return (const void *)world_agw_request(i, &magma__feg__reset_request__descriptor);
}

static void three_gateways(void)
{
    world.gateways[0] = "agw1";
    world.gateways[1] = "agw2";
    world.gateways[2] = "agw3";
}

static void test_reset_reaches_every_gateway(void **state)
{
    three_gateways();
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    assert_int_equal(world.n_agw, 3);
    assert_int_equal(reset_at_gateway(0)->n_user_id, 0);
    world_agw_answer(0, RPC_OK, NULL);
    world_agw_answer(1, RPC_OK, NULL);
    assert_int_equal(world.inbound.answers, 0);
    world_agw_answer(2, RPC_OK, NULL);
    answers(0, 2001);
}

static void test_reset_keeps_the_user_list(void **state)
{
    three_gateways();
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR,
                  "000005a480000011000028af3030313031000000"); // User-Id 00101
    assert_int_equal(world.n_agw, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(reset_at_gateway(i)->n_user_id, 1);
        assert_string_equal(reset_at_gateway(i)->user_id[0], "00101");
        world_agw_answer(i, RPC_OK, NULL);
    }
    answers(0, 2001);
}

static void test_reset_of_a_prefix_reaches_the_gateways_that_serve_it(void **state)
{
    three_gateways();
    serves("agw2");
    world.search_later = true;
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR,
                  "000005a480000011000028af3030313031000000"); // User-Id 00101
    assert_string_equal(world.searched, "00101");
    assert_int_equal(world.n_agw, 0);
    world_search_ends(ERR_OK);
    assert_int_equal(world.n_agw, 1);
    assert_string_equal(world.agw[0].gateway, "agw2");
    assert_string_equal(reset_at_gateway(0)->user_id[0], "00101");
    world_agw_answer(0, RPC_OK, NULL);
    answers(0, 2001);
}

static void test_reset_when_the_directory_cannot_look_reaches_all(void **state)
{
    three_gateways();
    world.search_err = ERR_FULL;
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "000005a480000011000028af3030313031000000");
    assert_int_equal(world.n_agw, 3);
    for (size_t i = 0; i < 3; i++)
        world_agw_answer(i, RPC_OK, NULL);
    answers(0, 2001);
}

static void test_reset_when_the_search_fails_is_5012(void **state)
{
    world.search_later = true;
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "000005a480000011000028af3030313031000000");
    world_search_ends(ERR_IO);
    answers(0, 5012);
}

// Gateways that never answer keep a Reset going after the HSS has its answer.
static void test_resets_under_way_are_bounded(void **state)
{
    size_t n = 0;
    world.gateways[0] = "agw1";
    world.inbound_ms = 501;
    do {
        world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
        for (int i = 0; i < 100 && world.inbound.answers == 0; i++)
            event_base_loop(base_loop_event_base(world.loop), EVLOOP_ONCE);
    } while (world_result_code(NULL) != 3004 && ++n < 60);
    assert_string_equal(world.label, "busy");
    assert_in_range(n, 8, 59);
    for (size_t i = 0; i < n; i++)
        world_agw_fail(i, ERR_TIMEOUT);
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    assert_int_equal(world.n_agw, n + 1);
    world_agw_answer(n, RPC_OK, NULL);
    answers(0, 2001);
}

// The HSS does not wait for a slow search; the gateways are told afterwards.
static void test_reset_with_a_search_longer_than_the_hss_waits(void **state)
{
    serves("agw2");
    world.search_later = true;
    world.inbound_ms = 520;
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "000005a480000011000028af3030313031000000");
    for (int i = 0; i < 100 && world.inbound.answers == 0; i++)
        event_base_loop(base_loop_event_base(world.loop), EVLOOP_ONCE);
    answers(0, 2001);
    assert_string_equal(world.label, "partly");
    world_search_ends(ERR_OK);
    assert_int_equal(world.n_agw, 1);
    world_agw_answer(0, RPC_OK, NULL);
    assert_int_equal(world.inbound.answers, 1);
}

static void test_reset_of_whole_imsis_reaches_their_gateways_only(void **state)
{
    three_gateways();
    serves("agw2");
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR,
                  "000005a48000001b000028af30303130313030303030303030303100");
    assert_int_equal(world.n_agw, 1);
    assert_string_equal(world.agw[0].gateway, "agw2");
    world_agw_answer(0, RPC_OK, NULL);
    answers(0, 2001);
}

static void test_reset_without_anybody_to_tell_is_a_success(void **state)
{
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    answers(0, 2001);
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR,
                  "000005a48000001b000028af30303130313030303030303030303100");
    answers(0, 2001);
    assert_int_equal(world.n_agw, 0);
}

static void test_reset_that_reaches_nobody_is_3002(void **state)
{
    three_gateways();
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    for (size_t i = 0; i < 3; i++)
        world_agw_fail(i, ERR_RPC_UNREACHABLE);
    answers(0, 3002);
    world.agw_err = ERR_FULL;
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    answers(0, 3002);
}

static void test_reset_that_reaches_some_is_a_success(void **state)
{
    three_gateways();
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    world_agw_fail(0, ERR_TIMEOUT);
    world_agw_answer(1, RPC_OK, NULL);
    world_agw_answer(2, RPC_UNIMPLEMENTED, NULL);
    answers(0, 2001);
    assert_string_equal(world.label, "partly");
}

static void test_reset_tells_a_bounded_number_at_a_time(void **state)
{
    three_gateways();
    s6a_test_settings()->reset_parallel = 2;
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    assert_int_equal(world.n_agw, 2);
    world_agw_answer(1, RPC_OK, NULL);
    assert_int_equal(world.n_agw, 3);
    world_agw_answer(0, RPC_OK, NULL);
    world_agw_answer(2, RPC_OK, NULL);
    answers(0, 2001);
}

// The HSS is answered in time; gateways not yet told are told afterwards.
static void test_reset_goes_on_after_the_hss_is_answered(void **state)
{
    three_gateways();
    s6a_test_settings()->reset_parallel = 1;
    world.inbound_ms = 520; // the answer is due half a second before
    world_inbound(DIA_APP_S6A, DIA_CMD_RSR, "");
    world_agw_answer(0, RPC_OK, NULL);
    assert_int_equal(world.inbound.answers, 0);
    assert_int_equal(world.n_agw, 2);
    for (int i = 0; i < 100 && world.inbound.answers == 0; i++)
        event_base_loop(base_loop_event_base(world.loop), EVLOOP_ONCE);
    answers(0, 2001);
    world_agw_answer(1, RPC_OK, NULL);
    assert_int_equal(world.n_agw, 3);
    world_agw_answer(2, RPC_OK, NULL);
    assert_int_equal(world.inbound.answers, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, s6a_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_clr_reaches_the_gateway_that_serves_the_subscriber),
        T(test_cla_carries_origin_state_and_application),
        T(test_cancellation_types_pass_as_they_are),
        T(test_cancellation_types_for_unmodified_gateways),
        T(test_clr_for_an_unknown_subscriber),
        T(test_clr_for_a_subscriber_the_gateway_lost),
        T(test_failures_of_the_gateway),
        T(test_errors_of_the_protocol_have_the_avps_of_every_answer),
        T(test_a_gateway_that_cannot_be_called),
        T(test_a_gateway_that_answers_nonsense),
        T(test_the_gateway_gets_no_more_time_than_the_hss_waits),
        T(test_idr_and_its_answer),
        T(test_unknown_users_are_5001),
        T(test_dsr_and_its_answer),
        T(test_what_an_answer_of_the_gateway_means),
        T(test_gateways_without_the_service),
        T(test_an_answer_that_cannot_be_sent_is_5012),
        T(test_missing_avps_are_5005_with_failed_avp),
        T(test_wrong_values_are_5004_and_5014_with_failed_avp),
        T(test_reset_reaches_every_gateway),
        T(test_reset_keeps_the_user_list),
        T(test_reset_of_a_prefix_reaches_the_gateways_that_serve_it),
        T(test_reset_when_the_directory_cannot_look_reaches_all),
        T(test_reset_when_the_search_fails_is_5012),
        T(test_resets_under_way_are_bounded),
        T(test_reset_with_a_search_longer_than_the_hss_waits),
        T(test_reset_of_whole_imsis_reaches_their_gateways_only),
        T(test_reset_without_anybody_to_tell_is_a_success),
        T(test_reset_that_reaches_nobody_is_3002),
        T(test_reset_that_reaches_some_is_a_success),
        T(test_reset_tells_a_bounded_number_at_a_time),
        T(test_reset_goes_on_after_the_hss_is_answered),
    };
    return cmocka_run_group_tests(tests, s6a_dictionary_only, s6a_free);
}
