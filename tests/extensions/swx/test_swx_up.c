// SPDX-License-Identifier: BSD-3-Clause
// Calls of access gateways: what goes to the HSS, what comes back, and everything in between that
// fails.
#include <time.h>

#include "rpc/status.h"
#include "swx_kit.h"

typedef Magma__Feg__AuthenticationRequest request_t;
typedef Magma__Feg__AuthenticationAnswer answer_t;

#define AUTHENTICATE "/magma.feg.SwxProxy/Authenticate"
#define REGISTER "/magma.feg.SwxProxy/Register"
#define DEREGISTER "/magma.feg.SwxProxy/Deregister"
#define ASSIGN "/fgw.swx.SwxAssignment/Assign"
#define PRIME MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME
#define EXP_5001 WORLD_EXPERIMENTAL("00001389")
#define EXP_5005 WORLD_EXPERIMENTAL("0000138d")

static struct swx_settings *settings(void)
{
    return world.settings;
}

static request_t wanted(uint32_t n)
{
    request_t m = MAGMA__FEG__AUTHENTICATION_REQUEST__INIT;
    m.user_name = WORLD_TEXT(IMSI);
    m.sip_num_auth_vectors = n;
    return m;
}

static void authenticate(uint32_t n)
{
    request_t m = wanted(n);
    world_call(AUTHENTICATE, "agw1", &m.base);
}

static const answer_t *answer(void)
{
    return (const answer_t *)world_reply(&magma__feg__authentication_answer__descriptor);
}

static void simple(const char *path, const char *gateway)
{
    Magma__Feg__RegistrationRequest m = MAGMA__FEG__REGISTRATION_REQUEST__INIT;
    m.user_name = WORLD_TEXT(IMSI);
    m.session_id = WORLD_TEXT("radius-7");
    world_call(path, gateway, &m.base);
}

static int setup(void **state)
{
    int rc = world_setup(&swx_interface);
    struct base_imsi imsi;
    if (rc == 0 && base_imsi_parse(IMSI, strlen(IMSI), &imsi) == ERR_OK)
        swx_cache_forget(&imsi);
    return rc;
}

static int setup_without_cache(void **state)
{
    int rc = setup(state);
    settings()->cache_ms = 0;
    return rc;
}

static bool serves(const char *gateway)
{
    return strcmp(world.imsi[FGW_ACCESS_WLAN], IMSI) == 0 &&
           strcmp(world.gateway[FGW_ACCESS_WLAN], gateway) == 0;
}

// ---- MAR ----
static void test_base_avps_come_in_the_order_of_the_specification(void **state)
{
    static const dia_avp_id order[] = {AVP_SESSION_ID,
                                       AVP_VENDOR_SPECIFIC_APPLICATION_ID,
                                       AVP_AUTH_SESSION_STATE,
                                       AVP_ORIGIN_HOST,
                                       AVP_ORIGIN_REALM,
                                       AVP_DESTINATION_HOST,
                                       AVP_DESTINATION_REALM,
                                       AVP_USER_NAME,
                                       AVP_SIP_AUTH_DATA_ITEM,
                                       AVP_SIP_NUMBER_AUTH_ITEMS,
                                       AVP_RAT_TYPE};
    struct avp *avp = NULL;
    settings()->host = WORLD_TEXT("hss1.example.org");
    authenticate(1);
    assert_int_equal(fd_msg_browse(world.sent, MSG_BRW_FIRST_CHILD, &avp, NULL), 0);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        assert_true(dia_avp_ident(avp) == order[i]);
        fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL);
    }
    assert_null(avp);
    assert_int_equal(world_sent_command(), DIA_CMD_MAR);
    world_fail(ERR_TIMEOUT);
}

static void test_session_id_ends_with_the_gateway(void **state)
{
    authenticate(1);
    const char *id = world_sent_text(AVP_SESSION_ID);
    assert_memory_equal(id, "fgw.example.org;", 16);
    assert_string_equal(id + strlen(id) - 5, ";agw1");
    world_fail(ERR_TIMEOUT);
}

static void test_never_more_vectors_than_asked_the_lowest_item_first(void **state)
{
    authenticate(1);
    assert_int_equal(world_sent_u32(AVP_SIP_NUMBER_AUTH_ITEMS), 1);
    world_answer(VECTOR("02", "22") VECTOR("01", "11") WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
    assert_int_equal(answer()->sip_auth_vectors[0]->rand_autn.data[31], 0x11);
    assert_string_equal(answer()->user_name, IMSI);
    assert_string_equal(world.label, "success");
}

static void test_aka_prime_has_always_an_access_network_identity(void **state)
{
    request_t m = wanted(1);
    m.authentication_scheme = PRIME;
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_string_equal(world_sent_text(AVP_ANID), "WLAN");
    world_answer(VECTOR("01", "33") PRIME_VECTOR("02", "44") WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1); // the other is of another scheme
    assert_int_equal(answer()->sip_auth_vectors[0]->authentication_scheme, PRIME);
    m.access_network_identity = WORLD_TEXT("HRPD");
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_string_equal(world_sent_text(AVP_ANID), "HRPD");
    world_fail(ERR_TIMEOUT);
    m.authentication_scheme = MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA;
    m.access_network_identity = WORLD_TEXT("");
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_null(dia_find(world.sent, AVP_ANID));
    world_fail(ERR_TIMEOUT);
}

static void test_success_without_a_usable_vector_is_no_success(void **state)
{
    authenticate(1);
    world_answer(PRIME_VECTOR("01", "11") WORLD_SUCCESS);
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
    assert_string_equal(world.label, "no_valid_vectors");
    assert_false(serves("agw1"));
}

static void test_results_have_a_grpc_status_of_their_own(void **state)
{
    authenticate(1);
    world_answer(EXP_5001);
    assert_int_equal(world.call.status, RPC_NOT_FOUND);
    assert_non_null(strstr(world.call.message, "5001"));
    authenticate(1);
    world_answer("0000010c4000000c00001394"); // 5012 of the base protocol
    assert_int_equal(world.call.status, RPC_INTERNAL);
    authenticate(1);
    world_answer(VECTOR("01", "11")); // no result
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
        authenticate(1);
        world_fail(rows[i].err);
        assert_int_equal(world.call.replies, 1);
        assert_int_equal(world.call.status, rows[i].status);
        world.send_err = rows[i].err;
        authenticate(1); // refused at once
        assert_int_equal(world.call.replies, 1);
        assert_int_equal(world.call.status, rows[i].status);
        world.send_err = ERR_OK;
    }
}

static void test_bad_calls_are_refused(void **state)
{
    static uint8_t resync[31];
    const request_t good = wanted(1);
    request_t bad[6];
    for (size_t i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].user_name = WORLD_TEXT("");
    bad[1].user_name = WORLD_TEXT("0010100000000011"); // 16 digits
    bad[2].sip_num_auth_vectors = 0;
    bad[3].resync_info = (ProtobufCBinaryData){.len = 31, .data = resync};
    bad[4].user_name = WORLD_TEXT("00101000000000x");
    bad[5].authentication_scheme = 7;
    for (size_t i = 0; i < 6; i++) {
        world_call(AUTHENTICATE, "agw1", &bad[i].base);
        assert_int_equal(world.call.replies, 1);
        assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    }
    world_call_bytes(AUTHENTICATE, "agw1", "\x0a\xff\xff\xff\xff\x0f", 6);
    assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    assert_int_equal(world.n_sent, 0);
}

static void test_a_gateway_serves_only_its_own_users(void **state)
{
    world.admit_err = ERR_FGW_PLMN_DENIED;
    authenticate(1);
    assert_int_equal(world.call.status, RPC_PERMISSION_DENIED);
    simple(REGISTER, "agw1");
    assert_int_equal(world.call.status, RPC_PERMISSION_DENIED);
    assert_int_equal(world.n_sent, 0);
}

static void test_a_caller_that_gives_up_ends_the_request(void **state)
{
    authenticate(1);
    world_cancel();
    assert_int_equal(world.cancelled, 1);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_CANCELLED);
}

static void test_first_vectors_teach_the_directory_wifi_only(void **state)
{
    authenticate(1);
    world_answer(VECTOR("01", "11") WORLD_SUCCESS);
    assert_true(serves("agw1"));
    assert_string_equal(world.imsi[FGW_ACCESS_MME], "");
    world_serve(FGW_ACCESS_WLAN, IMSI, "agw2"); // it registered there meanwhile
    authenticate(1);
    world_answer(VECTOR("01", "11") WORLD_SUCCESS);
    assert_true(serves("agw2"));
}

// ---- cache ----
#define FIVE                                                                                       \
    VECTOR("01", "11") VECTOR("02", "22") VECTOR("03", "33") VECTOR("04", "44") VECTOR("05", "55")

static void test_what_is_left_over_is_used_next(void **state)
{
    authenticate(1);
    assert_int_equal(world_sent_u32(AVP_SIP_NUMBER_AUTH_ITEMS), 5);
    world_answer(FIVE WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
    authenticate(3);
    assert_int_equal(world.n_sent, 1);
    assert_int_equal(answer()->n_sip_auth_vectors, 3);
    assert_int_equal(answer()->sip_auth_vectors[0]->rand_autn.data[0], 0x22);
    assert_int_equal(answer()->sip_auth_vectors[2]->integrity_key.data[15], 0x44);
    assert_int_equal(answer()->sip_auth_vectors[2]->xres.len, 8);
    authenticate(2); // one is left
    assert_int_equal(world.n_sent, 2);
    world_fail(ERR_TIMEOUT);
}

static void test_vectors_are_for_one_scheme_and_access_network(void **state)
{
    request_t m = wanted(1);
    authenticate(1);
    world_answer(FIVE WORLD_SUCCESS);
    m.authentication_scheme = PRIME;
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_int_equal(world.n_sent, 2);
    world_answer(PRIME_VECTOR("01", "11") PRIME_VECTOR("02", "22") WORLD_SUCCESS);
    m.access_network_identity = WORLD_TEXT("HRPD");
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_int_equal(world.n_sent, 3);
    world_fail(ERR_TIMEOUT);
}

static void test_resynchronisation_goes_to_the_hss_and_empties_the_cache(void **state)
{
    static uint8_t resync[30] = {1, 2, 3};
    request_t m = wanted(1);
    authenticate(1);
    world_answer(FIVE WORLD_SUCCESS);
    m.resync_info = (ProtobufCBinaryData){.len = sizeof(resync), .data = resync};
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_int_equal(world.n_sent, 2);
    struct avp *item = dia_find(world.sent, AVP_SIP_AUTH_DATA_ITEM);
    const uint8_t *data;
    size_t len;
    assert_int_equal(dia_get_bytes(item, AVP_SIP_AUTHORIZATION, &data, &len), ERR_OK);
    assert_int_equal(len, 30);
    assert_memory_equal(data, resync, 30);
    world_fail(ERR_TIMEOUT);
    authenticate(1); // the old ones are gone
    assert_int_equal(world.n_sent, 3);
    world_answer(VECTOR("01", "11") WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
}

static void test_vectors_grow_old(void **state)
{
    settings()->cache_ms = 1;
    authenticate(1);
    world_answer(FIVE WORLD_SUCCESS);
    const struct timespec pause = {.tv_nsec = 5000000};
    nanosleep(&pause, NULL);
    authenticate(1);
    assert_int_equal(world.n_sent, 2);
    world_fail(ERR_TIMEOUT);
}

// ---- authorization ----
static void test_profile_is_asked_for_when_the_caller_wants_it(void **state)
{
    request_t m = wanted(1);
    m.retrieve_user_profile = 1;
    world_call(AUTHENTICATE, "agw1", &m.base);
    world_answer(VECTOR("01", "11") WORLD_SUCCESS);
    assert_int_equal(world_sent_command(), DIA_CMD_SAR);
    assert_int_equal(world_sent_u32(AVP_SERVER_ASSIGNMENT_TYPE), 12);
    world_answer(USER_DATA(BARRED) WORLD_SUCCESS); // nobody verifies
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
    assert_string_equal(answer()->user_profile->msisdn, "49170");
    assert_int_equal(answer()->user_profile->user_data->non_3gpp_ip_access, 1);
    assert_int_equal(answer()->user_profile->user_data->n_subscription_ids, 1);
}

static void test_the_barred_are_refused_where_that_is_verified(void **state)
{
    static const struct {
        const char *saa;
        int status;
    } rows[] = {
        {USER_DATA(ALLOWED) WORLD_SUCCESS, RPC_OK},
        {USER_DATA(BARRED) WORLD_SUCCESS, RPC_PERMISSION_DENIED},
        {WORLD_SUCCESS, RPC_PERMISSION_DENIED},                  // no profile at all
        {WORLD_EXPERIMENTAL("0000154a"), RPC_PERMISSION_DENIED}, // 5450
    };
    settings()->verify_authorization = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        authenticate(1);
        world_answer(VECTOR("01", "11") WORLD_SUCCESS);
        assert_int_equal(world_sent_command(), DIA_CMD_SAR);
        world_answer(rows[i].saa);
        assert_int_equal(world.call.replies, 1);
        assert_int_equal(world.call.status, rows[i].status);
    }
}

static void test_register_on_auth_registers(void **state)
{
    settings()->register_on_auth = true;
    world_serve(FGW_ACCESS_WLAN, IMSI, "agw9");
    authenticate(1);
    world_answer(VECTOR("01", "11") WORLD_SUCCESS);
    assert_int_equal(world_sent_u32(AVP_SERVER_ASSIGNMENT_TYPE), 1);
    world_answer(USER_DATA(ALLOWED) WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
    assert_null(answer()->user_profile); // nobody asked for it
    assert_true(serves("agw1"));
    assert_int_equal(world.n_agw, 1); // the old one is told
    assert_string_equal(world.agw[0].gateway, "agw9");
    world_agw_answer(0, RPC_OK, NULL);
}

// ---- another AAA server ----
static void test_by_default_the_other_server_is_named(void **state)
{
    authenticate(1);
    world_answer(EXP_5005 AVP_OTHER_SERVER);
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
    assert_non_null(strstr(world.call.message, "aaa2.example.org"));
    assert_int_equal(world.n_sent, 1);
}

static void test_a_caller_may_accept_the_redirection(void **state)
{
    request_t m = wanted(1);
    m.accept_redirect = 1;
    world_call(AUTHENTICATE, "agw1", &m.base);
    world_answer("0000010c4000000c00000bbe" AVP_OTHER_SERVER); // 3006
    assert_int_equal(answer()->n_sip_auth_vectors, 0);
    assert_string_equal(answer()->serving_aaa_server, "aaa2.example.org");
    assert_string_equal(world.label, "redirected");
}

static void test_the_redirection_of_an_agent_is_not_another_server(void **state)
{
    request_t m = wanted(1);
    m.accept_redirect = 1;
    settings()->take_over = SWX_TAKE_OVER_FAILURE;
    world_call(AUTHENTICATE, "agw1", &m.base);
    world_answer("0000010c4000000c00000bbe"); // 3006 alone
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
    assert_string_equal(world.label, "redirect_indication");
    assert_int_equal(world.n_sent, 1);
    simple(REGISTER, "agw1");
    world_answer("0000010c4000000c00000bbe");
    assert_int_equal(world.call.status, RPC_UNAVAILABLE);
}

static void test_another_server_without_a_name(void **state)
{
    request_t m = wanted(1);
    m.accept_redirect = 1;
    settings()->take_over = SWX_TAKE_OVER_DEREGISTER;
    world_call(AUTHENTICATE, "agw1", &m.base);
    world_answer(EXP_5005);
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
    assert_string_equal(world.label, "served_elsewhere");
    assert_int_equal(world.n_sent, 1); // in whose name?
}

static void test_failure_indication_takes_over_once(void **state)
{
    settings()->take_over = SWX_TAKE_OVER_FAILURE;
    authenticate(1);
    assert_null(dia_find(world.sent, AVP_AAA_FAILURE_INDICATION));
    world_answer(EXP_5005 AVP_OTHER_SERVER);
    assert_int_equal(world_sent_command(), DIA_CMD_MAR);
    assert_int_equal(world_sent_u32(AVP_AAA_FAILURE_INDICATION), 1);
    world_answer(EXP_5005 AVP_OTHER_SERVER); // no third time
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
    assert_int_equal(world.n_sent, 2);
}

static void test_deregistration_in_the_others_name_only_where_set(void **state)
{
    settings()->take_over = SWX_TAKE_OVER_DEREGISTER;
    authenticate(1);
    world_answer(EXP_5005 AVP_OTHER_SERVER);
    assert_int_equal(world_sent_command(), DIA_CMD_SAR);
    assert_int_equal(world_sent_u32(AVP_SERVER_ASSIGNMENT_TYPE), 5);
    assert_string_equal(world_sent_text(AVP_ORIGIN_HOST), "aaa2.example.org");
    assert_string_equal(world_sent_text(AVP_ORIGIN_REALM), "example.org");
    world_answer(WORLD_SUCCESS);
    assert_int_equal(world_sent_command(), DIA_CMD_MAR);
    assert_string_equal(world_sent_text(AVP_ORIGIN_HOST), "fgw.example.org");
    world_answer(VECTOR("01", "11") WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
    authenticate(1);
    world_answer(EXP_5005 AVP_OTHER_SERVER);
    world_answer(WORLD_EXPERIMENTAL("0000138b")); // 5003: it has just left
    assert_int_equal(world_sent_command(), DIA_CMD_MAR);
    world_answer(EXP_5005 AVP_OTHER_SERVER); // once is enough
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
    authenticate(1);
    world_answer(EXP_5005 AVP_OTHER_SERVER);
    world_answer(EXP_5001); // the de-registration fails
    assert_int_equal(world.call.status, RPC_NOT_FOUND);
}

// ---- registration ----
static void test_register_and_deregister(void **state)
{
    simple(REGISTER, "agw1");
    assert_int_equal(world_sent_command(), DIA_CMD_SAR);
    assert_int_equal(world_sent_u32(AVP_SERVER_ASSIGNMENT_TYPE), 1);
    world_answer(USER_DATA(ALLOWED) WORLD_SUCCESS);
    const Magma__Feg__RegistrationAnswer *reply =
        (const void *)world_reply(&magma__feg__registration_answer__descriptor);
    assert_string_equal(reply->session_id, "radius-7");
    assert_string_equal(reply->user_data->msisdn, "49170");
    assert_true(serves("agw1"));
    simple(DEREGISTER, "agw1");
    assert_int_equal(world_sent_u32(AVP_SERVER_ASSIGNMENT_TYPE), 5);
    world_answer(WORLD_SUCCESS);
    assert_int_equal(world.call.status, RPC_OK);
    assert_false(serves("agw1"));
}

static void test_registration_counts_even_if_the_caller_is_gone(void **state)
{
    simple(REGISTER, "agw1");
    world_cancel();
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.cancelled, 0);
    world_answer(WORLD_SUCCESS);
    assert_int_equal(world.call.replies, 1);
    assert_true(serves("agw1"));
}

static void test_the_old_gateway_cannot_deregister_the_new_ones_user(void **state)
{
    world_serve(FGW_ACCESS_WLAN, IMSI, "agw2");
    simple(DEREGISTER, "agw1");
    assert_int_equal(world.call.status, RPC_OK);
    assert_int_equal(world.n_sent, 0);
    assert_true(serves("agw2"));
}

static void test_register_redirected(void **state)
{
    simple(REGISTER, "agw1");
    world_answer("0000010c4000000c00000bbe" AVP_OTHER_SERVER);
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
    assert_non_null(strstr(world.call.message, "aaa2.example.org"));
    assert_false(serves("agw1"));
}

static void test_assign_may_accept_the_redirection(void **state)
{
    Fgw__Swx__AssignRequest m = FGW__SWX__ASSIGN_REQUEST__INIT;
    m.user_name = WORLD_TEXT(IMSI);
    m.type = FGW__SWX__ASSIGNMENT_TYPE__REGISTRATION;
    m.accept_redirect = 1;
    world_call(ASSIGN, "agw1", &m.base);
    world_answer(EXP_5005 AVP_OTHER_SERVER);
    const Fgw__Swx__AssignAnswer *reply =
        (const void *)world_reply(&fgw__swx__assign_answer__descriptor);
    assert_string_equal(reply->serving_aaa_server, "aaa2.example.org");
    assert_string_equal(world.label, "redirected");
    assert_false(serves("agw1"));
    world_call(ASSIGN, "agw1", &m.base);
    world_answer(EXP_5005); // nobody to ask instead
    assert_int_equal(world.call.status, RPC_FAILED_PRECONDITION);
}

static void test_restoration_tells_where_the_user_is(void **state)
{
    Fgw__Swx__AssignRequest m = FGW__SWX__ASSIGN_REQUEST__INIT;
    m.user_name = WORLD_TEXT(IMSI);
    m.type = FGW__SWX__ASSIGNMENT_TYPE__PGW_UPDATE;
    world_call(ASSIGN, "agw1", &m.base);
    world_answer(WORLD_SUCCESS);
    assert_false(serves("agw1")); // registered elsewhere or not at all: not this type's business
    m.type = FGW__SWX__ASSIGNMENT_TYPE__RESTORATION;
    world_call(ASSIGN, "agw1", &m.base);
    world_answer(USER_DATA(ALLOWED) WORLD_SUCCESS);
    assert_true(serves("agw1"));
}

static void test_assign_takes_every_type_of_swx_and_no_other(void **state)
{
    static const int good[] = {0, 1, 5, 8, 9, 10, 12, 13, 14}, bad[] = {2, 3, 4, 7, 11, 15, -1};
    Fgw__Swx__AssignRequest m = FGW__SWX__ASSIGN_REQUEST__INIT;
    m.user_name = WORLD_TEXT(IMSI);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        m.type = (Fgw__Swx__AssignmentType)good[i];
        world_call(ASSIGN, "agw1", &m.base);
        assert_int_equal(world_sent_u32(AVP_SERVER_ASSIGNMENT_TYPE), good[i]);
        world_answer(USER_DATA(ALLOWED) WORLD_SUCCESS);
        const Fgw__Swx__AssignAnswer *reply =
            (const void *)world_reply(&fgw__swx__assign_answer__descriptor);
        assert_string_equal(reply->user_data->msisdn, "49170");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        m.type = (Fgw__Swx__AssignmentType)bad[i];
        world_call(ASSIGN, "agw1", &m.base);
        assert_int_equal(world.call.status, RPC_INVALID_ARGUMENT);
    }
}

// ---- the HSS that knows the user ----
#define AVP_HSS2 "0000010840000018687373322e6578616d706c652e6f7267"

static void test_the_hss_that_answered_is_asked_next(void **state)
{
    authenticate(1);
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "");
    world_answer(VECTOR("01", "11") AVP_HSS2 WORLD_SUCCESS);
    simple(REGISTER, "agw1");
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "hss2.example.org");
    world_answer(WORLD_SUCCESS);
    settings()->host = WORLD_TEXT("hss1.example.org"); // a setting counts for more
    authenticate(1);
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "hss1.example.org");
    world_fail(ERR_TIMEOUT);
    settings()->host = NULL;
    settings()->remember_hss = false;
    authenticate(1);
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "");
    world_fail(ERR_TIMEOUT);
}

static void test_an_hss_that_does_not_know_the_user_any_more_is_forgotten(void **state)
{
    static const char unreached[] = "0000010c4000000c00000bba"; // 3002
    authenticate(1);
    world_answer(VECTOR("01", "11") AVP_HSS2 WORLD_SUCCESS);
    authenticate(1);
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "hss2.example.org");
    world_answer(unreached);
    assert_int_equal(world_sent_command(), DIA_CMD_MAR); // once more, by realm
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "");
    world_answer(VECTOR("01", "22") AVP_HSS2 WORLD_SUCCESS);
    assert_int_equal(answer()->n_sip_auth_vectors, 1);
    simple(REGISTER, "agw1");
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "hss2.example.org");
    world_answer(EXP_5001);
    assert_int_equal(world_sent_command(), DIA_CMD_SAR);
    assert_string_equal(world_sent_text(AVP_DESTINATION_HOST), "");
    world_answer(EXP_5001); // now it is true
    assert_int_equal(world.call.status, RPC_NOT_FOUND);
    assert_string_equal(world.host[FGW_ACCESS_WLAN], "");
}

// ---- S6a instead ----
// Authentication-Info {UTRAN-Vector {Item-Number 1, RAND, XRES, AUTN, CK, IK}}
#define UTRAN(r, x, a)                                                                             \
    "00000585c00000ac000028af00000587c00000a0000028af0000058bc0000010000028af00000001"             \
    "000005a7c000001c000028af" X16(r) "000005a8c0000014000028af" X8(                               \
        x) "000005a9c000001c000028af" X16(a) "00000271c000001c000028af" X16("cc") "00000272c00000" \
                                                                                  "1c000028a"      \
                                                                                  "f" X16("dd")

static void over_s6a(void)
{
    static char name[] = "agw7";
    static char *gateways[] = {name};
    settings()->s6a_gateways.items = gateways;
    settings()->s6a_gateways.n = 1;
    settings()->s6a_visited_plmn = WORLD_TEXT("00101");
}

static void test_vectors_over_s6a_for_the_gateways_that_are_set(void **state)
{
    request_t m = wanted(1);
    over_s6a();
    world_call(AUTHENTICATE, "agw7", &m.base);
    assert_int_equal(world_sent_command(), DIA_CMD_AIR);
    assert_non_null(dia_find(world.sent, AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO));
    world_answer(UTRAN("11", "22", "33") WORLD_SUCCESS);
    const answer_t *a = answer();
    assert_int_equal(a->n_sip_auth_vectors, 1);
    assert_int_equal(a->sip_auth_vectors[0]->rand_autn.len, 32);
    assert_int_equal(a->sip_auth_vectors[0]->rand_autn.data[15], 0x11);
    assert_int_equal(a->sip_auth_vectors[0]->rand_autn.data[16], 0x33);
    assert_int_equal(a->sip_auth_vectors[0]->integrity_key.data[0], 0xdd);
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_int_equal(world_sent_command(), DIA_CMD_MAR);
    world_fail(ERR_TIMEOUT);
}

static void test_vectors_over_s6a_for_the_users_that_are_set(void **state)
{
    static struct swx_s6a_users users[] = {{NULL, NULL}};
    request_t m = wanted(1);
    users[0].imsi_prefix = WORLD_TEXT("00101");
    settings()->s6a_users = (struct conf_list){users, 1};
    settings()->s6a_visited_plmn = WORLD_TEXT("00101");
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_int_equal(world_sent_command(), DIA_CMD_AIR);
    world_fail(ERR_TIMEOUT);
    m.user_name = WORLD_TEXT("262010000000001");
    world_call(AUTHENTICATE, "agw1", &m.base);
    assert_int_equal(world_sent_command(), DIA_CMD_MAR);
    world_fail(ERR_TIMEOUT);
    settings()->s6a_users = (struct conf_list){NULL, 0}; // the conf does not own it
}

static void test_over_s6a_there_is_no_aka_prime_and_no_registration(void **state)
{
    request_t m = wanted(1);
    over_s6a();
    m.authentication_scheme = PRIME;
    world_call(AUTHENTICATE, "agw7", &m.base);
    assert_int_equal(world.call.status, RPC_UNIMPLEMENTED);
    simple(REGISTER, "agw7");
    assert_int_equal(world.call.status, RPC_OK);
    simple(DEREGISTER, "agw7");
    assert_int_equal(world.call.status, RPC_OK);
    assert_int_equal(world.n_sent, 0);
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

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, setup_without_cache, world_teardown)
#define CACHED(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(test_base_avps_come_in_the_order_of_the_specification),
        PLAIN(test_session_id_ends_with_the_gateway),
        PLAIN(test_never_more_vectors_than_asked_the_lowest_item_first),
        PLAIN(test_aka_prime_has_always_an_access_network_identity),
        PLAIN(test_success_without_a_usable_vector_is_no_success),
        PLAIN(test_results_have_a_grpc_status_of_their_own),
        PLAIN(test_failures_of_the_way_have_their_status),
        PLAIN(test_bad_calls_are_refused),
        PLAIN(test_a_gateway_serves_only_its_own_users),
        PLAIN(test_a_caller_that_gives_up_ends_the_request),
        PLAIN(test_first_vectors_teach_the_directory_wifi_only),
        CACHED(test_what_is_left_over_is_used_next),
        CACHED(test_vectors_are_for_one_scheme_and_access_network),
        CACHED(test_resynchronisation_goes_to_the_hss_and_empties_the_cache),
        CACHED(test_vectors_grow_old),
        PLAIN(test_profile_is_asked_for_when_the_caller_wants_it),
        PLAIN(test_the_barred_are_refused_where_that_is_verified),
        PLAIN(test_register_on_auth_registers),
        PLAIN(test_by_default_the_other_server_is_named),
        PLAIN(test_a_caller_may_accept_the_redirection),
        PLAIN(test_the_redirection_of_an_agent_is_not_another_server),
        PLAIN(test_another_server_without_a_name),
        PLAIN(test_failure_indication_takes_over_once),
        PLAIN(test_deregistration_in_the_others_name_only_where_set),
        PLAIN(test_register_and_deregister),
        PLAIN(test_registration_counts_even_if_the_caller_is_gone),
        PLAIN(test_the_old_gateway_cannot_deregister_the_new_ones_user),
        PLAIN(test_register_redirected),
        PLAIN(test_assign_may_accept_the_redirection),
        PLAIN(test_restoration_tells_where_the_user_is),
        PLAIN(test_assign_takes_every_type_of_swx_and_no_other),
        PLAIN(test_the_hss_that_answered_is_asked_next),
        PLAIN(test_an_hss_that_does_not_know_the_user_any_more_is_forgotten),
        PLAIN(test_vectors_over_s6a_for_the_gateways_that_are_set),
        PLAIN(test_vectors_over_s6a_for_the_users_that_are_set),
        PLAIN(test_over_s6a_there_is_no_aka_prime_and_no_registration),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
