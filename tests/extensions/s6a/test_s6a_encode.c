// SPDX-License-Identifier: BSD-3-Clause
// Golden bytes of the messages that go to the HSS. Each AVP was written out from its clause in
// TS 29.272 (code, flags of Table 7.3.1/1, length, vendor, value), not taken from this program.
#include "s6a_kit.h"

#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

#define BYTES(text)                                                                                \
    {                                                                                              \
        .len = sizeof(text) - 1, .data = (uint8_t *)(uintptr_t)(text)                              \
    }
#define IDA(name) FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__##name
#define TEXT(text) ((char *)(uintptr_t)(text))
static uint8_t rand_auts[30];

static const char air_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Supported-Features 2
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000020000"
    "027680000010000028af08000000"
    // Requested-EUTRAN-Authentication-Info
    "00000580c0000058000028af00000582c0000010000028af0000000300000584c0000010000028af0000"
    "000100000583c000002a000028af000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
    "1c1d0000"
    // Requested-UTRAN-GERAN-Authentication-Info
    "00000581c000002c000028af00000582c0000010000028af0000000200000584c0000010000028af0000"
    "0001"
    // Visited-PLMN-Id
    "0000057fc000000f000028af00f11000"
    // AIR-Flags
    "0000068f80000010000028af00000001";
static const char air_plain_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Requested-EUTRAN-Authentication-Info
    "00000580c000001c000028af00000582c0000010000028af00000001"
    // Visited-PLMN-Id
    "0000057fc000000f000028af00f11000";
static const char ulr_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Supported-Features 1
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000200"
    // Supported-Features 2
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000020000"
    "027680000010000028af08000000"
    // Terminal-Information
    "00000579c0000038000028af0000057ac000001a000028af333536303932303430373933303100000000"
    "057bc000000e000028af30320000"
    // RAT-Type
    "0000040880000010000028af000003ed"
    // ULR-Flags
    "0000057dc0000010000028af000001ff"
    // UE-SRVCC-Capability
    "0000064f80000010000028af00000000"
    // Visited-PLMN-Id
    "0000057fc000000f000028af00f11000"
    // SGSN-Number
    "000005d1c0000012000028af9421436587f90000"
    // Homogeneous
    "000005d580000010000028af00000001"
    // Active-APN
    "0000064c80000078000028af0000058fc0000010000028af00000001000001ed40000010696e7465726e"
    "6574000001e64000004c0000014e4000000e0001c000020100000000015c400000340000011b40000013"
    "6578616d706c652e6f72670000000125400000177067772e6578616d706c652e6f726700"
    // Equivalent-PLMN-List
    "000006658000002c000028af0000057fc000000f000028af00f110000000057fc000000f000028af1300"
    "6200"
    // SMS-Register-Request
    "0000067080000010000028af00000000";
static const char ulr_plain_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // RAT-Type
    "0000040880000010000028af000003ec"
    // ULR-Flags
    "0000057dc0000010000028af00000022"
    // Visited-PLMN-Id
    "0000057fc000000f000028af00f11000";
static const char pur_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // PUR-Flags
    "0000066380000010000028af00000001"
    // EPS-Location-Information
    "000005d880000060000028af0000064080000054000028af0000064280000013000028af00f110000001"
    "01000000064380000011000028af00f11000010000000000064a80000010000028af000000000000064b"
    "80000010000028af00000000";
static const char nor_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Terminal-Information
    "00000579c0000038000028af0000057ac000001a000028af333536303932303430373933303100000000"
    "057bc000000e000028af30320000"
    // MIP6-Agent-Info
    "000001e6400000180000014e4000000e0001c00002010000"
    // Context-Identifier
    "0000058fc0000010000028af00000001"
    // Service-Selection
    "000001ed40000010696e7465726e6574"
    // Alert-Reason
    "0000059ac0000010000028af00000000"
    // NOR-Flags
    "000005a3c0000010000028af00000140"
    // Maximum-UE-Availability-Time
    "00000d0180000010000028afe8fe6f80";
static const char ida_bytes[] =
    // IMS-Voice
    "000005d480000010000028af00000001"
    // Last-UE-Activity-Time
    "000005d680000010000028afe8fe6f80"
    // RAT-Type
    "0000040880000010000028af000003ec"
    // IDA-Flags
    "000005a1c0000010000028af00000000"
    // EPS-User-State
    "000005d780000028000028af000005d98000001c000028af000005db80000010000028af00000004"
    // EPS-Location-Information
    "000005d880000060000028af0000064080000054000028af0000064280000013000028af00f110000001"
    "01000000064380000011000028af00f11000010000000000064a80000010000028af000000000000064b"
    "80000010000028af00000000"
    // Local-Time-Zone
    "0000067180000030000028af0000066a80000011000028af2b382f2b3100000000000672800000100000"
    "28af00000000";
static const char dsa_bytes[] =
    // Supported-Features 1
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000001"
    // DSA-Flags
    "0000058ec0000010000028af00000001";

typedef Magma__Feg__AuthenticationInformationRequest AIR;
typedef Magma__Feg__UpdateLocationRequest ULR;

static AIR air(void)
{
    AIR m = MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    m.user_name = TEXT("001010000000001");
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    return m;
}

static ULR ulr(void)
{
    ULR m = MAGMA__FEG__UPDATE_LOCATION_REQUEST__INIT;
    m.user_name = TEXT("001010000000001");
    m.visited_plmn = (ProtobufCBinaryData)BYTES("\x00\xf1\x10");
    return m;
}

static void test_air_of_an_unmodified_gateway(void **state)
{
    AIR m = air();
    m.num_requested_eutran_vectors = 1;
    world_encodes_as(s6a_table(S6A_AIR), &m.base, air_plain_bytes);
}

static void test_air_that_names_no_kind_asks_for_one_eutran_vector(void **state)
{
    AIR m = air();
    world_encodes_as(s6a_table(S6A_AIR), &m.base, air_plain_bytes);
}

static void test_air_takes_the_imsi_prefix_off(void **state)
{
    AIR m = air();
    m.user_name = TEXT("IMSI001010000000001");
    world_encodes_as(s6a_table(S6A_AIR), &m.base, air_plain_bytes);
}

static void test_air_with_everything(void **state)
{
    Magma__Feg__FeatureListId2 features = MAGMA__FEG__FEATURE_LIST_ID2__INIT;
    AIR m = air();
    for (size_t i = 0; i < sizeof(rand_auts); i++)
        rand_auts[i] = (uint8_t)i;
    features.nr_as_secondary_rat = 1;
    m.feature_list_id_2 = &features;
    m.num_requested_eutran_vectors = 3;
    m.num_requested_utran_geran_vectors = 2;
    m.immediate_response_preferred = 1;
    m.resync_info = (ProtobufCBinaryData){.len = 30, .data = rand_auts};
    m.send_ue_usage_type = 1;
    world_encodes_as(s6a_table(S6A_AIR), &m.base, air_bytes);
}

// 7.3.16: its presence means "preferred", whatever the value.
static void test_immediate_response_is_absent_unless_preferred(void **state)
{
    assert_null(strstr(air_plain_bytes, "00000584"));
    AIR m = air();
    world_encodes_as(s6a_table(S6A_AIR), &m.base, air_plain_bytes);
}

static void count_vectors(uint32_t asked, uint32_t sent)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    struct msg *msg = NULL;
    AIR m = air();
    uint32_t n = 0;
    m.num_requested_eutran_vectors = asked;
    assert_int_equal(dia_request_new(DIA_APP_S6A, DIA_CMD_AIR, &msg), ERR_OK);
    assert_int_equal(xlate_encode(s6a_table(S6A_AIR), &m.base, msg, &ctx), ERR_OK);
    S6A_AVP(info, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, msg);
    assert_int_equal(dia_get_u32(info, AVP_NUMBER_OF_REQUESTED_VECTORS, &n), ERR_OK);
    assert_int_equal(n, sent);
    fd_msg_free(msg);
    base_arena_free(ctx.arena);
}

static void test_number_of_vectors_is_bounded(void **state)
{
    count_vectors(0, 1);
    count_vectors(1, 1);
    count_vectors(5, 5);
    count_vectors(6, 5);
    count_vectors(UINT32_MAX, 5);
}

static void test_ulr_of_an_unmodified_gateway(void **state)
{
    ULR m = ulr();
    m.initial_attach = 1;
    world_encodes_as(s6a_table(S6A_ULR), &m.base, ulr_plain_bytes);
}

static void test_ulr_with_everything(void **state)
{
    Magma__Feg__FeatureListId1 list1 = MAGMA__FEG__FEATURE_LIST_ID1__INIT;
    Magma__Feg__FeatureListId2 list2 = MAGMA__FEG__FEATURE_LIST_ID2__INIT;
    Fgw__S6a__TerminalInformation terminal = FGW__S6A__TERMINAL_INFORMATION__INIT;
    Fgw__S6a__PdnGateway gateway = FGW__S6A__PDN_GATEWAY__INIT;
    Fgw__S6a__ActiveApn apn = FGW__S6A__ACTIVE_APN__INIT, *apns[] = {&apn};
    char *addresses[] = {TEXT("192.0.2.1")};
    ProtobufCBinaryData plmns[] = {BYTES("\x00\xf1\x10"), BYTES("\x13\x00\x62")};
    ULR m = ulr();
    list1.regional_subscription = 1;
    list2.nr_as_secondary_rat = 1;
    m.feature_list_id_1 = &list1;
    m.feature_list_id_2 = &list2;
    terminal.imei = TEXT("35609204079301");
    terminal.software_version = TEXT("02");
    m.terminal_information = &terminal;
    m.rat_type = 1005;
    m.single_registration = m.skip_subscriber_data = m.gprs_subscription_data = 1;
    m.combined_mme_sgsn = m.initial_attach = m.ps_lcs_not_supported = m.sms_only = 1;
    m.dual_registration_5g_indicator = 1;
    m.ue_srvcc_present_case =
        MAGMA__FEG__UPDATE_LOCATION_REQUEST__UE_SRVCC_PRESENT_UE_SRVCC_CAPABILITY;
    m.sgsn_number = TEXT("49123456789");
    m.ims_voice_present_case =
        MAGMA__FEG__UPDATE_LOCATION_REQUEST__IMS_VOICE_PRESENT_HOMOGENEOUS_SUPPORT_OF_IMS_VOICE;
    m.homogeneous_support_of_ims_voice = 1;
    gateway.address = addresses;
    gateway.n_address = 1;
    gateway.host = TEXT("pgw.example.org");
    gateway.realm = TEXT("example.org");
    apn.context_id = 1;
    apn.service_selection = TEXT("internet");
    apn.pdn_gateway = &gateway;
    m.active_apns = apns;
    m.n_active_apns = 1;
    m.equivalent_plmns = plmns;
    m.n_equivalent_plmns = 2;
    m.sms_register_present_case =
        MAGMA__FEG__UPDATE_LOCATION_REQUEST__SMS_REGISTER_PRESENT_SMS_REGISTER_REQUEST;
    world_encodes_as(s6a_table(S6A_ULR), &m.base, ulr_bytes);
}

// Every ULR flag is what the request says; only the S6a indicator (bit 1) is always set.
static void test_ulr_flags(void **state)
{
    static const struct {
        size_t field;
        uint32_t flags;
    } rows[] = {
        {offsetof(ULR, single_registration), 1 << 0},
        {offsetof(ULR, skip_subscriber_data), 1 << 2},
        {offsetof(ULR, gprs_subscription_data), 1 << 3},
        {offsetof(ULR, combined_mme_sgsn), 1 << 4},
        {offsetof(ULR, initial_attach), 1 << 5},
        {offsetof(ULR, ps_lcs_not_supported), 1 << 6},
        {offsetof(ULR, sms_only), 1 << 7},
        {offsetof(ULR, dual_registration_5g_indicator), 1 << 8},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
        struct msg *msg = NULL;
        uint32_t flags = 0;
        ULR m = ulr();
        *(protobuf_c_boolean *)((uint8_t *)&m + rows[i].field) = 1;
        assert_int_equal(dia_request_new(DIA_APP_S6A, DIA_CMD_ULR, &msg), ERR_OK);
        assert_int_equal(xlate_encode(s6a_table(S6A_ULR), &m.base, msg, &ctx), ERR_OK);
        assert_int_equal(dia_get_u32(msg, AVP_ULR_FLAGS, &flags), ERR_OK);
        assert_int_equal(flags, rows[i].flags | 1 << 1);
        fd_msg_free(msg);
        base_arena_free(ctx.arena);
    }
}

static Fgw__S6a__MmeLocationInformation mme_location = FGW__S6A__MME_LOCATION_INFORMATION__INIT;
static Fgw__S6a__EpsLocationInformation location = FGW__S6A__EPS_LOCATION_INFORMATION__INIT;

static Fgw__S6a__EpsLocationInformation *at_cell(void)
{
    mme_location.ecgi = (ProtobufCBinaryData)BYTES("\x00\xf1\x10\x00\x00\x01\x01");
    mme_location.tai = (ProtobufCBinaryData)BYTES("\x00\xf1\x10\x00\x01");
    mme_location.current_location_retrieved = 1;
    mme_location.age_present_case =
        FGW__S6A__MME_LOCATION_INFORMATION__AGE_PRESENT_AGE_OF_LOCATION_MINUTES;
    location.mme = &mme_location;
    return &location;
}

static void test_pur(void **state)
{
    Magma__Feg__PurgeUERequest m = MAGMA__FEG__PURGE_UEREQUEST__INIT;
    m.user_name = TEXT("001010000000001");
    m.pur_flags_present_case = MAGMA__FEG__PURGE_UEREQUEST__PUR_FLAGS_PRESENT_PUR_FLAGS;
    m.pur_flags = 1;
    m.eps_location_information = at_cell();
    world_encodes_as(s6a_table(S6A_PUR), &m.base, pur_bytes);
}

static void test_nor(void **state)
{
    Fgw__S6a__TerminalInformation terminal = FGW__S6A__TERMINAL_INFORMATION__INIT;
    Fgw__S6a__PdnGateway gateway = FGW__S6A__PDN_GATEWAY__INIT;
    Fgw__S6a__NotifyRequest m = FGW__S6A__NOTIFY_REQUEST__INIT;
    char *addresses[] = {TEXT("192.0.2.1")};
    terminal.imei = TEXT("35609204079301");
    terminal.software_version = TEXT("02");
    gateway.address = addresses;
    gateway.n_address = 1;
    m.user_name = TEXT("001010000000001");
    m.terminal_information = &terminal;
    m.pdn_gateway = &gateway;
    m.context_id = 1;
    m.service_selection = TEXT("internet");
    m.alert_reason_present_case = FGW__S6A__NOTIFY_REQUEST__ALERT_REASON_PRESENT_ALERT_REASON;
    m.nor_flags_present_case = FGW__S6A__NOTIFY_REQUEST__NOR_FLAGS_PRESENT_NOR_FLAGS;
    m.nor_flags = 1 << 6; // Ready for SM from MME
    m.maximum_ue_availability_unix = 1700000000;
    world_encodes_as(s6a_table(S6A_NOR), &m.base, nor_bytes);
}

static void test_ida(void **state)
{
    Fgw__S6a__InsertSubscriberDataAnswer m = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__INIT;
    Fgw__S6a__EpsUserState user = FGW__S6A__EPS_USER_STATE__INIT;
    Fgw__S6a__LocalTimeZone zone = FGW__S6A__LOCAL_TIME_ZONE__INIT;
    m.ims_voice_present_case = IDA(IMS_VOICE_PRESENT_IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED);
    m.ims_voice_over_ps_sessions_supported = 1;
    m.last_ue_activity_unix = 1700000000;
    m.rat_type_present_case = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__RAT_TYPE_PRESENT_RAT_TYPE;
    m.rat_type = 1004;
    m.ida_flags_present_case = FGW__S6A__INSERT_SUBSCRIBER_DATA_ANSWER__IDA_FLAGS_PRESENT_IDA_FLAGS;
    user.mme_present_case = FGW__S6A__EPS_USER_STATE__MME_PRESENT_MME;
    user.mme = 4;
    m.eps_user_state = &user;
    m.eps_location_information = at_cell();
    zone.time_zone = TEXT("+8/+1");
    m.local_time_zone = &zone;
    world_encodes_as(s6a_table(S6A_IDA), &m.base, ida_bytes);
}

static void test_dsa(void **state)
{
    Fgw__S6a__DeleteSubscriberDataAnswer m = FGW__S6A__DELETE_SUBSCRIBER_DATA_ANSWER__INIT;
    Fgw__S6a__SupportedFeatures list = FGW__S6A__SUPPORTED_FEATURES__INIT, *lists[] = {&list};
    list.feature_list_id = 1;
    list.feature_list = 1;
    m.supported_features = lists;
    m.n_supported_features = 1;
    m.dsa_flags_present_case = FGW__S6A__DELETE_SUBSCRIBER_DATA_ANSWER__DSA_FLAGS_PRESENT_DSA_FLAGS;
    m.dsa_flags = 1;
    world_encodes_as(s6a_table(S6A_DSA), &m.base, dsa_bytes);
}

// ---- what a request cannot say ----
static void refused(const AIR *m, const char *where)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    struct msg *msg = NULL;
    char text[200];
    assert_int_equal(dia_request_new(DIA_APP_S6A, DIA_CMD_AIR, &msg), ERR_OK);
    assert_int_equal(xlate_encode(s6a_table(S6A_AIR), &m->base, msg, &ctx), ERR_ENCODE_VALUE);
    assert_string_equal(xlate_where(&ctx, text, sizeof(text)), where);
    fd_msg_free(msg);
    base_arena_free(ctx.arena);
}

static void test_what_cannot_be_sent_is_named(void **state)
{
    AIR m = air();
    m.user_name = TEXT("");
    refused(&m, "User-Name");
    m.user_name = TEXT("12345");
    refused(&m, "User-Name");
    m = air();
    m.visited_plmn.len = 2;
    refused(&m, "Visited-PLMN-Id");
    m = air();
    m.resync_info = (ProtobufCBinaryData){.len = 29, .data = rand_auts};
    refused(&m, "Requested-EUTRAN-Authentication-Info.Re-Synchronization-Info");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_air_of_an_unmodified_gateway),
        cmocka_unit_test(test_air_that_names_no_kind_asks_for_one_eutran_vector),
        cmocka_unit_test(test_air_takes_the_imsi_prefix_off),
        cmocka_unit_test(test_air_with_everything),
        cmocka_unit_test(test_immediate_response_is_absent_unless_preferred),
        cmocka_unit_test(test_number_of_vectors_is_bounded),
        cmocka_unit_test(test_ulr_of_an_unmodified_gateway),
        cmocka_unit_test(test_ulr_with_everything),
        cmocka_unit_test(test_ulr_flags),
        cmocka_unit_test(test_pur),
        cmocka_unit_test(test_nor),
        cmocka_unit_test(test_ida),
        cmocka_unit_test(test_dsa),
        cmocka_unit_test(test_what_cannot_be_sent_is_named),
    };
    return cmocka_run_group_tests(tests, s6a_dictionary, s6a_free);
}
