// SPDX-License-Identifier: BSD-3-Clause
// Calls of access gateways: what goes to the HSS, what comes back, and everything in between that
// fails.
#include "base/clock.h"
#include "s6a_kit.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"
#include "rpc/status.h"

#define AIR_PATH "/magma.feg.S6aProxy/AuthenticationInformation"
#define ULR_PATH "/magma.feg.S6aProxy/UpdateLocation"
#define PUR_PATH "/magma.feg.S6aProxy/PurgeUE"
#define NOR_PATH "/fgw.s6a.S6aNotify/Notify"
#define IMSI "001010000000001"
#define BYTES(text)                                                                                \
    {                                                                                              \
        .len = sizeof(text) - 1, .data = (uint8_t *)(uintptr_t)(text)                              \
    }
#define TEXT(text) ((char *)(uintptr_t)(text))

typedef Magma__Feg__AuthenticationInformationRequest AIR;
typedef Magma__Feg__AuthenticationInformationAnswer AIA;
typedef Magma__Feg__UpdateLocationRequest ULR;
typedef Magma__Feg__UpdateLocationAnswer ULA;

// Experimental-Result {Vendor-Id 10415, Experimental-Result-Code}
#define EXPERIMENTAL(code_hex)                                                                     \
    "0000012940000020"                                                                             \
    "0000010a4000000c000028af"                                                                     \
    "0000012a4000000c" code_hex

// E-UTRAN-Vector, all octets `tag`, with its Item-Number
#define X4(tag) tag tag tag tag
#define X8(tag) X4(tag) X4(tag)
#define X16(tag) X8(tag) X8(tag)
#define VECTOR(item, tag)                                                                          \
    "00000586c0000094000028af"                                                                     \
    "0000058bc0000010000028af" item                                                                \
    "000005a7c000001c000028af" X16(tag) "000005a8c0000014000028af" X8(                             \
        tag) "000005a9c000001c000028af" X16(tag) "000005aac000002c000028af" X16(tag) X16(tag)
#define TWO_VECTORS "00000585c0000134000028af" VECTOR("00000002", "22") VECTOR("00000001", "11")
#define ONE_VECTOR "00000585c00000a0000028af" VECTOR("00000001", "11")

static struct rpc_call *air(uint32_t vectors)
{
    AIR m = MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    m.user_name = TEXT(IMSI);
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    m.num_requested_eutran_vectors = vectors;
    return world_call(AIR_PATH, "agw1", &m.base);
}

static struct rpc_call *ulr(const char *gateway)
{
    ULR m = MAGMA__FEG__UPDATE_LOCATION_REQUEST__INIT;
    m.user_name = TEXT(IMSI);
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    return world_call(ULR_PATH, gateway, &m.base);
}

static struct rpc_call *pur(const char *gateway)
{
    Magma__Feg__PurgeUERequest m = MAGMA__FEG__PURGE_UEREQUEST__INIT;
    m.user_name = TEXT(IMSI);
    return world_call(PUR_PATH, gateway, &m.base);
}

static struct rpc_call *nor(const char *gateway)
{
    Fgw__S6a__NotifyRequest m = FGW__S6A__NOTIFY_REQUEST__INIT;
    m.user_name = TEXT(IMSI);
    return world_call(NOR_PATH, gateway, &m.base);
}

static const AIA *aia(void)
{
    return (const AIA *)world_reply(&magma__feg__authentication_information_answer__descriptor);
}

static const ULA *ula(void)
{
    return (const ULA *)world_reply(&magma__feg__update_location_answer__descriptor);
}

static void serves(const char *gateway)
{
    world_serve(FGW_ACCESS_MME, IMSI, gateway);
}

// ---- the request ----
static void test_base_avps_come_in_the_order_of_the_specification(void **state)
{
    static const dia_avp_id order[] = {AVP_SESSION_ID,         AVP_VENDOR_SPECIFIC_APPLICATION_ID,
                                       AVP_AUTH_SESSION_STATE, AVP_ORIGIN_HOST,
                                       AVP_ORIGIN_REALM,       AVP_DESTINATION_HOST,
                                       AVP_DESTINATION_REALM,  AVP_USER_NAME};
    struct avp *avp = NULL;
    const uint8_t *text;
    size_t len;
    s6a_test_settings()->host = TEXT("hss1.example.org");
    s6a_test_settings()->realm = TEXT("hss.example.org");
    air(1);
    assert_int_equal(world.n_sent, 1);
    assert_int_equal(fd_msg_browse(world.sent, MSG_BRW_FIRST_CHILD, &avp, NULL), 0);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        assert_true(dia_avp_ident(avp) == order[i]);
        fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL);
    }
    assert_int_equal(dia_get_bytes(world.sent, AVP_DESTINATION_REALM, &text, &len), ERR_OK);
    assert_memory_equal(text, "hss.example.org", len);
    world_fail(ERR_TIMEOUT);
}

static void test_header_is_a_proxiable_request_of_s6a(void **state)
{
    struct msg_hdr *hdr;
    ulr("agw1");
    assert_int_equal(fd_msg_hdr(world.sent, &hdr), 0);
    assert_int_equal(hdr->msg_appl, DIA_APP_S6A);
    assert_int_equal(hdr->msg_code, DIA_CMD_ULR);
    assert_int_equal(hdr->msg_flags & (CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE),
                     CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE);
    world_fail(ERR_TIMEOUT);
}

static void test_without_a_host_any_hss_of_the_realm_may_answer(void **state)
{
    air(1);
    assert_null(dia_find(world.sent, AVP_DESTINATION_HOST));
    assert_non_null(dia_find(world.sent, AVP_DESTINATION_REALM));
    world_fail(ERR_TIMEOUT);
}

static void test_vendor_specific_application_id_can_be_left_out(void **state)
{
    s6a_test_settings()->vendor_application = false;
    air(1);
    assert_null(dia_find(world.sent, AVP_VENDOR_SPECIFIC_APPLICATION_ID));
    world_fail(ERR_TIMEOUT);
}

static void test_the_callers_deadline_counts_if_it_is_earlier(void **state)
{
    AIR m = MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    m.user_name = TEXT(IMSI);
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    s6a_test_settings()->timeout_ms = 60000;
    world_call(AIR_PATH, "agw1", &m.base); // has 10 s
    assert_in_range(world.timeout_ms, 9000, 10000);
    world_fail(ERR_TIMEOUT);
    s6a_test_settings()->timeout_ms = 3000;
    world_call(AIR_PATH, "agw1", &m.base);
    assert_int_equal(world.timeout_ms, 3000);
    world_fail(ERR_TIMEOUT);
}

// ---- answers ----
static void test_never_more_vectors_than_asked_the_lowest_item_number_first(void **state)
{
    air(1);
    world_answer(TWO_VECTORS WORLD_SUCCESS);
    assert_int_equal(aia()->n_eutran_vectors, 1);
    assert_int_equal(aia()->eutran_vectors[0]->rand.data[0], 0x11);
    assert_int_equal(aia()->error_code, 0);
    assert_string_equal(world.label, "success");
}

static void test_as_many_vectors_as_asked(void **state)
{
    air(2);
    world_answer(TWO_VECTORS WORLD_SUCCESS);
    assert_int_equal(aia()->n_eutran_vectors, 2);
    assert_int_equal(aia()->eutran_vectors[1]->rand.data[0], 0x22);
}

static void test_one_vector_if_no_number_was_given(void **state)
{
    air(0);
    world_answer(TWO_VECTORS WORLD_SUCCESS);
    assert_int_equal(aia()->n_eutran_vectors, 1);
}

static void test_success_without_a_usable_vector_is_no_success(void **state)
{
    air(1);
    world_answer(WORLD_SUCCESS);
    assert_int_equal(aia()->error_code, S6A_AUTH_DATA_UNAVAILABLE);
    assert_string_equal(world.label, "no_valid_vectors");
    assert_string_equal(world.imsi[FGW_ACCESS_MME], ""); // nothing was learned
}

static void test_unknown_user_is_ok_with_5001(void **state)
{
    air(1);
    world_answer(EXPERIMENTAL("00001389"));
    assert_int_equal(aia()->error_code, 5001);
    assert_int_equal(aia()->n_eutran_vectors, 0);
    ulr("agw1");
    world_answer(EXPERIMENTAL("00001389"));
    assert_int_equal(ula()->error_code, 5001);
    pur("agw1");
    world_answer(EXPERIMENTAL("00001389"));
    assert_int_equal(
        ((const Magma__Feg__PurgeUEAnswer *)world_reply(&magma__feg__purge_ueanswer__descriptor))
            ->error_code,
        5001);
}

static void test_error_diagnostic_travels_with_the_error(void **state)
{
    ulr("agw1");
    world_answer(EXPERIMENTAL("0000152c") "0000064e80000010000028af00000002"); // 5420, ODB_ALL_APN
    assert_int_equal(ula()->error_code, 5420);
    assert_int_equal(ula()->error_diagnostic, 2);
}

static void test_success_codes_are_those_gateways_expect(void **state)
{
    ulr("agw1");
    world_answer(WORLD_SUCCESS);
    assert_int_equal(ula()->error_code, 0);
    pur("agw1");
    world_answer(WORLD_SUCCESS);
    assert_int_equal(
        ((const Magma__Feg__PurgeUEAnswer *)world_reply(&magma__feg__purge_ueanswer__descriptor))
            ->error_code,
        2001);
    nor("agw1");
    world_answer(WORLD_SUCCESS);
    assert_int_equal(
        ((const Fgw__S6a__NotifyAnswer *)world_reply(&fgw__s6a__notify_answer__descriptor))
            ->error_code,
        2001);
}

// 5012 of the base protocol: a gRPC status of its own range, not number 5012.
static void test_base_protocol_failures_become_a_grpc_status(void **state)
{
    ulr("agw1");
    world_answer("0000010c4000000c00001394");
    assert_int_equal(world.call.status, RPC_INTERNAL);
    assert_non_null(strstr(world.call.message, "5012"));
}

static void test_an_answer_without_result_is_no_success(void **state)
{
    air(1);
    world_answer(ONE_VECTOR);
    assert_int_equal(world.call.status, RPC_INTERNAL);
}

static void test_failures_of_the_way_have_their_status(void **state)
{
    static const struct {
        enum err err;
        int status;
    } rows[] = {
        {ERR_TIMEOUT, RPC_DEADLINE_EXCEEDED}, {ERR_DIA_NO_PEER, RPC_UNAVAILABLE},
        {ERR_DIA_PEER_LOST, RPC_UNAVAILABLE}, {ERR_DIA_BUSY, RPC_RESOURCE_EXHAUSTED},
        {ERR_DIA_BAD_ANSWER, RPC_INTERNAL},   {ERR_SHUTDOWN, RPC_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        air(1);
        world_fail(rows[i].err);
        assert_int_equal(world.call.replies, 1);
        assert_int_equal(world.call.status, rows[i].status);
    }
}

static void test_what_cannot_be_sent_is_answered_at_once(void **state)
{
    world.send_err = ERR_DIA_BUSY;
    air(1);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_RESOURCE_EXHAUSTED);
    world.send_err = ERR_DIA_NO_PEER;
    air(1);
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
}

// ---- bad calls ----
static void bad_call(const AIR *m)
{
    world_call(AIR_PATH, "agw1", &m->base);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    assert_true(world.call.message[0] != '\0');
    assert_int_equal(world.n_sent, 0);
}

static void test_bad_calls_are_refused(void **state)
{
    AIR m = MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    bad_call(&m); // no IMSI
    m.user_name = TEXT("0010");
    bad_call(&m); // shorter than five digits
    m.user_name = TEXT("0010100000000011");
    bad_call(&m);
    m.user_name = TEXT("00101000000000x");
    bad_call(&m);
    m.user_name = TEXT(IMSI);
    m.visited_plmn.len = 2;
    bad_call(&m);
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\xaa\xaa\xaa");
    bad_call(&m);
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    m.resync_info = (ProtobufCBinaryData)BYTES("too short");
    bad_call(&m);
}

static void test_garbage_is_refused(void **state)
{
    world_call_bytes(ULR_PATH, "agw1", "\x0a\xff\xff\xff\xff\x0f", 6);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    world_call_bytes(ULR_PATH, "agw1", "", 0);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
}

// ---- admission ----
static void test_plmn_is_checked_on_every_procedure(void **state)
{
    world.admit_err = ERR_FGW_PLMN_DENIED;
    air(1);
    assert_string_equal(world.admit_plmn, "00101");
    assert_int_equal(aia()->error_code, 4001);
    ulr("agw1");
    assert_string_equal(world.admit_plmn, "00101");
    assert_int_equal(ula()->error_code, 5004);
    pur("agw1");
    assert_string_equal(world.admit_plmn, "");
    assert_int_equal(
        ((const Magma__Feg__PurgeUEAnswer *)world_reply(&magma__feg__purge_ueanswer__descriptor))
            ->error_code,
        5003);
    nor("agw1");
    assert_int_equal(
        ((const Fgw__S6a__NotifyAnswer *)world_reply(&fgw__s6a__notify_answer__descriptor))
            ->error_code,
        5003);
    assert_int_equal(world.n_admit, 4);
    assert_int_equal(world.n_sent, 0);
}

// ---- directory ----
static void test_a_registration_teaches_the_directory(void **state)
{
    ulr("agw1");
    assert_string_equal(world.imsi[FGW_ACCESS_MME], ""); // not before the HSS has agreed
    world_answer(WORLD_SUCCESS);
    assert_string_equal(world.imsi[FGW_ACCESS_MME], IMSI);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw1");
    assert_int_equal(world.n_agw, 0);
}

static void test_a_refused_registration_teaches_nothing(void **state)
{
    serves("agw1");
    ulr("agw2");
    world_answer(EXPERIMENTAL("0000138c")); // 5004
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw1");
    assert_int_equal(world.n_agw, 0);
}

static void test_a_first_authentication_teaches_the_directory(void **state)
{
    air(1);
    world_answer(ONE_VECTOR WORLD_SUCCESS);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw1");
}

static void test_authentication_elsewhere_does_not_move_the_subscriber(void **state)
{
    serves("agw2");
    air(1);
    world_answer(ONE_VECTOR WORLD_SUCCESS);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw2");
}

static const Magma__Feg__CancelLocationRequest *told_old_gateway(void)
{
    assert_int_equal(world.n_agw, 1);
    assert_string_equal(world.agw[0].gateway, "agw1");
    assert_string_equal(world.agw[0].service, "s6a_async_service");
    assert_string_equal(world.agw[0].path, "/magma.feg.S6aGatewayService/CancelLocation");
    return (const void *)world_agw_request(0, &magma__feg__cancel_location_request__descriptor);
}

static void test_the_old_gateway_of_a_moved_subscriber_is_told(void **state)
{
    serves("agw1");
    ulr("agw2");
    world_answer(WORLD_SUCCESS);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw2");
    const Magma__Feg__CancelLocationRequest *clr = told_old_gateway();
    assert_string_equal(clr->user_name, IMSI);
    assert_int_equal(clr->cancellation_type, 2); // the only one unmodified gateways act on
    assert_int_equal(clr->original_cancellation_type, 0);
    assert_true(clr->moved_to_other_gateway);
    world_agw_answer(0, RPC_OK, NULL);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw2");
}

static void test_what_the_old_gateway_is_told_is_a_setting(void **state)
{
    s6a_test_settings()->moved_cancel = S6A_MOVED_MME_UPDATE;
    serves("agw1");
    ulr("agw2");
    world_answer(WORLD_SUCCESS);
    assert_int_equal(told_old_gateway()->cancellation_type, 0);
    world_agw_fail(0, ERR_RPC_UNREACHABLE); // nothing else happens

    s6a_test_settings()->moved_cancel = S6A_MOVED_NONE;
    ulr("agw3");
    world_answer(WORLD_SUCCESS);
    assert_int_equal(world.n_agw, 1);
}

static void test_a_purge_forgets_the_subscriber(void **state)
{
    serves("agw1");
    pur("agw1");
    world_answer(WORLD_SUCCESS "000005a2c0000010000028af00000001"); // PUA-Flags: freeze M-TMSI
    assert_string_equal(world.imsi[FGW_ACCESS_MME], "");
    assert_int_equal(
        ((const Magma__Feg__PurgeUEAnswer *)world_reply(&magma__feg__purge_ueanswer__descriptor))
            ->pua_flags,
        1);
}

// The HSS sees one MME: a late purge of the old gateway must not unregister the subscriber.
static void test_a_purge_of_the_old_gateway_does_not_reach_the_hss(void **state)
{
    serves("agw2");
    pur("agw1");
    assert_int_equal(world.n_sent, 0);
    assert_int_equal(
        ((const Magma__Feg__PurgeUEAnswer *)world_reply(&magma__feg__purge_ueanswer__descriptor))
            ->error_code,
        2001);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw2");
}

static void test_a_notification_of_the_old_gateway_is_refused(void **state)
{
    serves("agw2");
    nor("agw1");
    assert_int_equal(world.n_sent, 0);
    assert_int_equal(
        ((const Fgw__S6a__NotifyAnswer *)world_reply(&fgw__s6a__notify_answer__descriptor))
            ->error_code,
        5423);
}

// ---- cancellation ----
// ---- the HSS of a subscriber ----
#define ORIGIN_HSS1 "0000010840000018687373312e6578616d706c652e6f7267"
#define UNABLE_TO_DELIVER "0000010c4000000c00000bba"
#define USER_UNKNOWN EXPERIMENTAL("00001389")

static void registered_at_hss1(void)
{
    ulr("agw1");
    world_answer(WORLD_SUCCESS ORIGIN_HSS1);
}

static void goes_to(const char *host) // NULL: any of the realm
{
    const uint8_t *text;
    size_t len;
    enum err err = dia_get_bytes(world.sent, AVP_DESTINATION_HOST, &text, &len);
    assert_int_equal(err, host ? ERR_OK : ERR_NOT_FOUND);
    if (host) {
        assert_int_equal(len, strlen(host));
        assert_memory_equal(text, host, len);
    }
    assert_int_equal(dia_get_bytes(world.sent, AVP_DESTINATION_REALM, &text, &len), ERR_OK);
}

static void test_requests_go_to_the_hss_that_registered_the_subscriber(void **state)
{
    ulr("agw1");
    goes_to(NULL);
    world_answer(WORLD_SUCCESS ORIGIN_HSS1);
    assert_string_equal(world.host[FGW_ACCESS_MME], "hss1.example.org");
    nor("agw1");
    goes_to("hss1.example.org");
    world_fail(ERR_TIMEOUT);
    air(1);
    goes_to("hss1.example.org");
    world_fail(ERR_TIMEOUT);
    ulr("agw1");
    goes_to("hss1.example.org");
    world_fail(ERR_TIMEOUT);
    pur("agw1");
    goes_to("hss1.example.org");
    world_fail(ERR_TIMEOUT);
}

static void test_only_a_successful_registration_names_the_hss(void **state)
{
    air(1);
    world_answer(ONE_VECTOR WORLD_SUCCESS ORIGIN_HSS1);
    ulr("agw1");
    world_answer(UNABLE_TO_DELIVER ORIGIN_HSS1); // of a relay
    assert_string_equal(world.host[FGW_ACCESS_MME], "");
    ulr("agw1");
    world_answer(USER_UNKNOWN ORIGIN_HSS1);
    assert_string_equal(world.host[FGW_ACCESS_MME], "");
}

static void test_a_configured_host_comes_first(void **state)
{
    registered_at_hss1();
    s6a_test_settings()->host = TEXT("hss9.example.org");
    nor("agw1");
    goes_to("hss9.example.org");
    world_answer(UNABLE_TO_DELIVER); // no other way then
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
}

static void test_remembering_the_hss_is_a_setting(void **state)
{
    registered_at_hss1();
    s6a_test_settings()->remember_hss = false;
    nor("agw1");
    goes_to(NULL);
    world_fail(ERR_TIMEOUT);
    world.host[FGW_ACCESS_MME][0] = '\0';
    registered_at_hss1();
    assert_string_equal(world.host[FGW_ACCESS_MME], "");
}

static void test_a_remembered_hss_that_cannot_serve_is_left(void **state)
{
    static const char *const answers[] = {UNABLE_TO_DELIVER, USER_UNKNOWN};
    for (size_t i = 0; i < 2; i++) {
        registered_at_hss1();
        int before = world.n_sent;
        nor("agw1");
        goes_to("hss1.example.org");
        world_answer(answers[i]);
        assert_int_equal(world.n_sent, before + 2);
        goes_to(NULL);
        assert_string_equal(world.host[FGW_ACCESS_MME], "");
        assert_int_equal(world.call.replies, 0);
        world_answer(WORLD_SUCCESS);
        assert_int_equal(world.call.replies, 1);
        assert_int_equal(world.call.status, RPC_OK);
    }
}

static void test_a_request_is_sent_again_once(void **state)
{
    registered_at_hss1();
    world.host_err = ERR_FULL; // it cannot even be forgotten
    int before = world.n_sent;
    nor("agw1");
    world_answer(UNABLE_TO_DELIVER);
    goes_to(NULL);
    world_answer(UNABLE_TO_DELIVER);
    assert_int_equal(world.n_sent, before + 2);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
}

static void test_a_request_that_cannot_be_sent_again_ends_with_its_answer(void **state)
{
    registered_at_hss1();
    nor("agw1");
    world.send_err = ERR_DIA_BUSY;
    world_answer(UNABLE_TO_DELIVER);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
}

static void test_a_caller_that_gives_up_during_the_second_try(void **state)
{
    registered_at_hss1();
    struct rpc_call *call = nor("agw1");
    world_answer(UNABLE_TO_DELIVER);
    call->on_cancel(call, call->cancel_arg);
    assert_int_equal(world.cancelled, 1);
    assert_int_equal(call->replies, 1);
}

static void test_a_caller_that_gives_up(void **state)
{
    air(1);
    assert_non_null(world.call.on_cancel);
    world.call.on_cancel(&world.call, world.call.cancel_arg);
    assert_int_equal(world.call.replies, 1); // the reply is still owed
    assert_int_equal(world.cancelled, 1);
    assert_string_equal(world.label, "cancelled");
}

// The HSS has registered the subscriber here, whether or not the caller still listens.
static void test_a_registration_counts_even_if_the_caller_gave_up(void **state)
{
    ulr("agw1");
    world.call.on_cancel(&world.call, world.call.cancel_arg);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.cancelled, 0);
    world_answer(WORLD_SUCCESS);
    assert_int_equal(world.call.replies, 1);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw1");
}

static void test_a_registration_without_its_caller_is_its_gateways(void **state)
{
    char name[] = "agw1"; // the call's, and gone with it
    ulr(name);
    world.call.on_cancel(&world.call, world.call.cancel_arg);
    memset(name, 'x', sizeof(name) - 1);
    world_answer(WORLD_SUCCESS);
    assert_string_equal(world.gateway[FGW_ACCESS_MME], "agw1");
}

static void test_a_second_try_without_its_caller_ends_at_his_deadline(void **state)
{
    s6a_test_settings()->timeout_ms = 60000;
    registered_at_hss1();
    ulr("agw1"); // 10 s
    world.call.on_cancel(&world.call, world.call.cancel_arg);
    int before = world.n_sent;
    world_answer(UNABLE_TO_DELIVER);
    assert_int_equal(world.n_sent, before + 1);
    assert_in_range(world.timeout_ms, 1, 10000);
    world_answer(WORLD_SUCCESS);
    assert_int_equal(world.call.replies, 1);
}

static void test_a_call_after_its_deadline_is_not_sent(void **state)
{
    AIR m = MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    uint8_t bytes[256];
    m.user_name = TEXT(IMSI);
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    struct rpc_call *call = &world.call;
    memset(call, 0, sizeof(*call));
    call->len = protobuf_c_message_pack(&m.base, bytes);
    memcpy(call->request, bytes, call->len);
    call->gateway = "agw1";
    call->deadline_ns = base_now_ns() - 1;
    s6a_methods[0].unary(call, s6a_methods[0].ctx);
    assert_int_equal(call->replies, 1);
    assert_int_equal(call->status, RPC_DEADLINE_EXCEEDED);
    assert_int_equal(world.n_sent, 0);
}

// ---- robustness of answers ----
#define UNKNOWN_M "0000fffec0000010000028af00000001"

static void test_unknown_avps_with_the_m_bit_do_not_cost_the_answer(void **state)
{
    air(1);
    world_broken_answer(UNKNOWN_M ONE_VECTOR WORLD_SUCCESS);
    assert_int_equal(aia()->n_eutran_vectors, 1);
    air(1); // inside a group, before what is needed
    world_broken_answer("00000585c00000b0000028af" UNKNOWN_M VECTOR("00000001", "11")
                            WORLD_SUCCESS);
    assert_int_equal(aia()->n_eutran_vectors, 1);
}

static void test_unknown_avps_with_the_m_bit_are_refused_if_so_configured(void **state)
{
    s6a_test_settings()->strict_answers = true;
    air(1);
    world_broken_answer(UNKNOWN_M ONE_VECTOR WORLD_SUCCESS);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_INTERNAL);
}

static void test_a_broken_answer_without_result_is_no_success(void **state)
{
    air(1);
    world_broken_answer(ONE_VECTOR "0000010c4000000a07d10000"); // Result-Code of two octets
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_INTERNAL);
}

static void test_duplicates_do_not_cost_the_answer(void **state)
{
    ulr("agw1");
    world_answer(WORLD_SUCCESS "0000057ec0000010000028af00000001"
                               "0000057ec0000010000028af00000000" WORLD_SUCCESS);
    assert_int_equal(ula()->ula_flags, 1); // the first counts
}

#define T(test) cmocka_unit_test_setup_teardown(test, s6a_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_base_avps_come_in_the_order_of_the_specification),
        T(test_header_is_a_proxiable_request_of_s6a),
        T(test_without_a_host_any_hss_of_the_realm_may_answer),
        T(test_vendor_specific_application_id_can_be_left_out),
        T(test_the_callers_deadline_counts_if_it_is_earlier),
        T(test_never_more_vectors_than_asked_the_lowest_item_number_first),
        T(test_as_many_vectors_as_asked),
        T(test_one_vector_if_no_number_was_given),
        T(test_success_without_a_usable_vector_is_no_success),
        T(test_unknown_user_is_ok_with_5001),
        T(test_error_diagnostic_travels_with_the_error),
        T(test_success_codes_are_those_gateways_expect),
        T(test_base_protocol_failures_become_a_grpc_status),
        T(test_an_answer_without_result_is_no_success),
        T(test_failures_of_the_way_have_their_status),
        T(test_what_cannot_be_sent_is_answered_at_once),
        T(test_bad_calls_are_refused),
        T(test_garbage_is_refused),
        T(test_plmn_is_checked_on_every_procedure),
        T(test_a_registration_teaches_the_directory),
        T(test_a_refused_registration_teaches_nothing),
        T(test_a_first_authentication_teaches_the_directory),
        T(test_authentication_elsewhere_does_not_move_the_subscriber),
        T(test_the_old_gateway_of_a_moved_subscriber_is_told),
        T(test_what_the_old_gateway_is_told_is_a_setting),
        T(test_a_purge_forgets_the_subscriber),
        T(test_a_purge_of_the_old_gateway_does_not_reach_the_hss),
        T(test_a_notification_of_the_old_gateway_is_refused),
        T(test_requests_go_to_the_hss_that_registered_the_subscriber),
        T(test_only_a_successful_registration_names_the_hss),
        T(test_a_configured_host_comes_first),
        T(test_remembering_the_hss_is_a_setting),
        T(test_a_remembered_hss_that_cannot_serve_is_left),
        T(test_a_request_is_sent_again_once),
        T(test_a_request_that_cannot_be_sent_again_ends_with_its_answer),
        T(test_a_caller_that_gives_up_during_the_second_try),
        T(test_a_caller_that_gives_up),
        T(test_a_registration_counts_even_if_the_caller_gave_up),
        T(test_a_registration_without_its_caller_is_its_gateways),
        T(test_a_second_try_without_its_caller_ends_at_his_deadline),
        T(test_a_call_after_its_deadline_is_not_sent),
        T(test_unknown_avps_with_the_m_bit_do_not_cost_the_answer),
        T(test_unknown_avps_with_the_m_bit_are_refused_if_so_configured),
        T(test_a_broken_answer_without_result_is_no_success),
        T(test_duplicates_do_not_cost_the_answer),
    };
    return cmocka_run_group_tests(tests, s6a_dictionary_only, s6a_free);
}
