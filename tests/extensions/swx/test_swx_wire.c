// SPDX-License-Identifier: BSD-3-Clause
// Golden bytes of every SWx message. Each AVP was written out from its clause (code, flags of
// TS 29.273 Table 8.2.3.0/1 and of the specification it comes from, length, vendor, value), not
// taken from this program.
#include "proto/s6a.pb-c.h"
#include "swx_kit.h"

static uint8_t rand_auts[30];

static const char mar_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // SIP-Auth-Data-Item {scheme, authorization}
    "00000264c000004c000028af00000260c0000014000028af4541502d414b412700000262c000002a0000"
    "28af000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d0000"
    // SIP-Number-Auth-Items
    "0000025fc0000010000028af00000003"
    // RAT-Type
    "0000040880000010000028af000007d3"
    // ANID
    "000005e0c0000010000028af48525044"
    // Visited-Network-Identifier
    "00000258c000000f000028af00f11000"
    // Terminal-Information
    "00000579c0000038000028af0000057ac000001a000028af333536303932303430373933303100000000"
    "057bc000000e000028af30320000"
    // AAA-Failure-Indication
    "000005ee80000010000028af00000001"
    // Supported-Features
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000005";
static const char mar_plain_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // SIP-Auth-Data-Item
    "00000264c0000020000028af00000260c0000013000028af4541502d414b4100"
    // SIP-Number-Auth-Items
    "0000025fc0000010000028af00000001"
    // RAT-Type, WLAN
    "0000040880000010000028af00000000";
static const char sar_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Server-Assignment-Type, PGW_UPDATE
    "00000266c0000010000028af0000000d"
    // Service-Selection
    "000001ed40000010696e7465726e6574"
    // Context-Identifier
    "0000058fc0000010000028af00000001"
    // MIP6-Agent-Info
    "000001e64000004c0000014e4000000e0001c000020100000000015c400000340000011b400000136578"
    "616d706c652e6f72670000000125400000177067772e6578616d706c652e6f726700"
    // Visited-Network-Identifier
    "00000258c000000f000028af00f11000"
    // Active-APN
    "0000064c80000074000028af0000058fc0000010000028af00000002000001ed4000000b696d73000000"
    "01e64000004c0000014e4000000e0001c000020100000000015c400000340000011b400000136578616d"
    "706c652e6f72670000000125400000177067772e6578616d706c652e6f726700"
    // Terminal-Information
    "00000579c0000038000028af0000057ac000001a000028af333536303932303430373933303100000000"
    "057bc000000e000028af30320000"
    // Emergency-Services
    "0000060280000010000028af00000001"
    // Supported-Features
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000005";
static const char sar_plain_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Server-Assignment-Type, REGISTRATION
    "00000266c0000010000028af00000001";
static const char ppa_bytes[] =
    // Access-Network-Info
    "000005f680000058000028af000005f480000010000028af6361666500000a9cc000001d000028af3030"
    "2d31302d41342d32332d31392d43300000000000007e0000000b306f70000000012e8000000e000032db"
    "01020000"
    // Local-Time-Zone
    "000006718000002c000028af0000066a8000000e000028af2b3800000000067280000010000028af0000"
    "0001"
    // Supported-Features
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000005";
static const char air_bytes[] =
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Requested-UTRAN-GERAN-Authentication-Info
    "00000581c0000058000028af00000582c0000010000028af0000000200000584c0000010000028af0000"
    "000100000583c000002a000028af000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
    "1c1d0000"
    // Visited-PLMN-Id
    "0000057fc000000f000028af00f11000";
static const char saa_bytes[] =
    // Session-Id
    "00000107400000106873733b313b3131"
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // Non-3GPP-User-Data
    "000005dcc00003c0000028af000001bb4000002c000001c24000000c00000001000001bc400000173030"
    "3130313030303030303030303100000001bb40000028000001c24000000c00000000000001bc40000012"
    "343931373031323334350000000005ddc0000010000028af00000000000005dec0000010000028af0000"
    "00010000040880000010000028af000000000000040880000010000028af000003ec0000001b4000000c"
    "00000e100000007c4000001000000000000000020000059bc000004c000028af00000204c00000100000"
    "28af000003e800000203c0000010000028af000007d00000022b80000010000028af0000c3500000022a"
    "80000010000028af0000ea600000000d80000010000028af303830300000058fc0000010000028af0000"
    "000200000593c0000016000028af6f692e6578616d706c65000000000596c00000c0000028af0000058f"
    "c0000010000028af00000001000005b0c0000010000028af00000000000001ed40000010696e7465726e"
    "657400000597c0000058000028af00000404c0000010000028af000000090000040a8000003c000028af"
    "0000041680000010000028af000000080000041780000010000028af0000000100000418800000100000"
    "28af000000000000059bc000002c000028af00000204c0000010000028af000003e800000203c0000010"
    "000028af000007d000000596c00000bc000028af0000058fc0000010000028af00000002000005b0c000"
    "0010000028af00000000000001ed4000000b696d730000000597c0000058000028af00000404c0000010"
    "000028af000000090000040a8000003c000028af0000041680000010000028af00000008000004178000"
    "0010000028af000000010000041880000010000028af000000000000059bc000002c000028af00000204"
    "c0000010000028af000003e800000203c0000010000028af000007d0000005e180000020000028af0000"
    "05b380000012000028af0102030405060000000005e880000010000028af00000001000005e68000004c"
    "000028af000005e780000010000028af00000003000005e580000030000028af000005f4800000100000"
    "28af63616665000005f580000011000028af30302d30300000000000069080000010000028af00000007"
    "0000069780000058000028af000001e64000004c0000014e4000000e0001c000020100000000015c4000"
    "00340000011b400000136578616d706c652e6f72670000000125400000177067772e6578616d706c652e"
    "6f7267000000060580000010000028af00000001000006a880000010000028af00000004"
    // 3GPP-AAA-Server-Name
    "0000013ec000001c000028af616161322e6578616d706c652e6f7267"
    // Supported-Features
    "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af000000010000"
    "027680000010000028af00000005";
static const char ppr_bytes[] =
    // Session-Id
    "00000107400000106873733b313b3131"
    // User-Name
    "000000014000001730303130313030303030303030303100"
    // PPR-Flags
    "000005e480000010000028af00000003";

static Fgw__S6a__TerminalInformation terminal(void)
{
    Fgw__S6a__TerminalInformation t = FGW__S6A__TERMINAL_INFORMATION__INIT;
    t.imei = WORLD_TEXT("35609204079301");
    t.software_version = WORLD_TEXT("02");
    return t;
}

static Fgw__S6a__PdnGateway gateway(void)
{
    static char *address[] = {NULL};
    Fgw__S6a__PdnGateway g = FGW__S6A__PDN_GATEWAY__INIT;
    address[0] = WORLD_TEXT("192.0.2.1");
    g.address = address;
    g.n_address = 1;
    g.host = WORLD_TEXT("pgw.example.org");
    g.realm = WORLD_TEXT("example.org");
    return g;
}

static Fgw__S6a__SupportedFeatures features(void)
{
    Fgw__S6a__SupportedFeatures f = FGW__S6A__SUPPORTED_FEATURES__INIT;
    f.feature_list_id = 1;
    f.feature_list = 5;
    return f;
}

static void test_mar(void **state)
{
    Magma__Feg__AuthenticationRequest m = MAGMA__FEG__AUTHENTICATION_REQUEST__INIT;
    Fgw__S6a__TerminalInformation t = terminal();
    Fgw__S6a__SupportedFeatures f = features(), *fs[] = {&f};
    m.user_name = WORLD_TEXT(IMSI);
    m.sip_num_auth_vectors = 1;
    world_encodes_as(swx_table(SWX_MAR), &m.base, mar_plain_bytes);
    m.sip_num_auth_vectors = 3;
    m.authentication_scheme = MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME;
    m.resync_info = (ProtobufCBinaryData){sizeof(rand_auts), rand_auts};
    m.rat_type = 2003;
    m.access_network_identity = WORLD_TEXT("HRPD");
    m.visited_network_identifier = (ProtobufCBinaryData)WORLD_BYTES("\x00\xf1\x10");
    m.terminal_information = &t;
    m.aaa_failure = 1;
    m.supported_features = fs;
    m.n_supported_features = 1;
    world_encodes_as(swx_table(SWX_MAR), &m.base, mar_bytes);
}

static void test_sar(void **state)
{
    Fgw__Swx__AssignRequest m = FGW__SWX__ASSIGN_REQUEST__INIT;
    Fgw__S6a__TerminalInformation t = terminal();
    Fgw__S6a__SupportedFeatures f = features(), *fs[] = {&f};
    Fgw__S6a__PdnGateway g = gateway();
    Fgw__S6a__ActiveApn a = FGW__S6A__ACTIVE_APN__INIT, *as[] = {&a};
    m.user_name = WORLD_TEXT("IMSI" IMSI);
    m.type = FGW__SWX__ASSIGNMENT_TYPE__REGISTRATION;
    world_encodes_as(swx_table(SWX_SAR), &m.base, sar_plain_bytes);
    a.context_id = 2;
    a.service_selection = WORLD_TEXT("ims");
    a.pdn_gateway = &g;
    m.type = FGW__SWX__ASSIGNMENT_TYPE__PGW_UPDATE;
    m.service_selection = WORLD_TEXT("internet");
    m.context_present_case = FGW__SWX__ASSIGN_REQUEST__CONTEXT_PRESENT_CONTEXT_ID;
    m.context_id = 1;
    m.pdn_gateway = &g;
    m.visited_network_identifier = (ProtobufCBinaryData)WORLD_BYTES("\x00\xf1\x10");
    m.active_apns = as;
    m.n_active_apns = 1;
    m.terminal_information = &t;
    m.emergency_present_case = FGW__SWX__ASSIGN_REQUEST__EMERGENCY_PRESENT_EMERGENCY_SERVICES;
    m.emergency_services = 1;
    m.supported_features = fs;
    m.n_supported_features = 1;
    world_encodes_as(swx_table(SWX_SAR), &m.base, sar_bytes);
}

static void test_ppa(void **state)
{
    Fgw__Swx__PushProfileAnswer m = FGW__SWX__PUSH_PROFILE_ANSWER__INIT;
    Fgw__Swx__AccessNetworkInfo i = FGW__SWX__ACCESS_NETWORK_INFO__INIT;
    Fgw__S6a__LocalTimeZone z = FGW__S6A__LOCAL_TIME_ZONE__INIT;
    Fgw__S6a__SupportedFeatures f = features(), *fs[] = {&f};
    world_encodes_as(swx_table(SWX_PPA), &m.base, "");
    i.ssid = WORLD_TEXT("cafe");
    i.bssid = WORLD_TEXT("00-10-A4-23-19-C0");
    i.operator_name = (ProtobufCBinaryData)WORLD_BYTES("0op");
    i.logical_access_id = (ProtobufCBinaryData)WORLD_BYTES("\x01\x02");
    z.time_zone = WORLD_TEXT("+8");
    z.dst_present_case = FGW__S6A__LOCAL_TIME_ZONE__DST_PRESENT_DAYLIGHT_SAVING_TIME;
    z.daylight_saving_time = 1;
    m.access_network_info = &i;
    m.local_time_zone = &z;
    m.supported_features = fs;
    m.n_supported_features = 1;
    world_encodes_as(swx_table(SWX_PPA), &m.base, ppa_bytes);
}

static void test_air_of_s6a(void **state)
{
    Magma__Feg__AuthenticationInformationRequest m =
        MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    m.user_name = WORLD_TEXT(IMSI);
    m.visited_plmn = (ProtobufCBinaryData)WORLD_BYTES("\x00\xf1\x10");
    m.num_requested_utran_geran_vectors = 2;
    m.immediate_response_preferred = 1;
    m.utran_geran_resync_info = (ProtobufCBinaryData){sizeof(rand_auts), rand_auts};
    world_encodes_as(swx_table(SWX_S6A_AIR), &m.base, air_bytes);
}

static void test_saa_carries_the_whole_profile(void **state)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = true};
    const Fgw__Swx__AssignAnswer *m =
        (const void *)world_decode(swx_table(SWX_SAA), saa_bytes, &ctx);
    const Fgw__Swx__Non3gppUserData *d = m->user_data;
    assert_int_equal(ctx.dropped, 0);
    assert_string_equal(m->user_name, IMSI);
    assert_string_equal(m->serving_aaa_server, "aaa2.example.org");
    assert_string_equal(m->session_id, "hss;1;11");
    assert_int_equal(m->n_supported_features, 1);
    assert_int_equal(d->n_subscription_ids, 2);
    assert_int_equal(d->subscription_ids[0]->type, 1);
    assert_string_equal(d->msisdn, "4917012345");
    assert_int_equal(d->ip_access_present_case,
                     FGW__SWX__NON3GPP_USER_DATA__IP_ACCESS_PRESENT_NON_3GPP_IP_ACCESS);
    assert_int_equal(d->non_3gpp_ip_access, 0);
    assert_int_equal(d->non_3gpp_ip_access_apn, 1);
    assert_int_equal(d->n_rat_types, 2);
    assert_int_equal(d->rat_types[1], 1004);
    assert_int_equal(d->session_timeout_s, 3600);
    assert_int_equal(d->mip6_feature_vector, 2);
    assert_int_equal(d->ambr->unit, 1); // extended rates: kbit/s
    assert_int_equal(d->ambr->max_bandwidth_ul, 50000);
    assert_int_equal(d->ambr->max_bandwidth_dl, 60000);
    assert_string_equal(d->charging_characteristics, "0800");
    assert_int_equal(d->default_context_id, 2);
    assert_string_equal(d->apn_oi_replacement, "oi.example");
    assert_int_equal(d->n_apn, 2);
    assert_string_equal(d->apn[0]->service_selection, "ims"); // the default one
    assert_int_equal(d->apn[0]->qos_profile->class_id, 9);
    assert_int_equal(d->apn[1]->ambr->max_bandwidth_ul, 1000);
    assert_int_equal(d->apn[1]->ambr->max_bandwidth_dl, 2000);
    assert_int_equal(d->trace_reference.len, 6);
    assert_int_equal(d->twan_default_context_id, 1);
    assert_int_equal(d->twan_access_info[0]->access_authorization_flags, 3);
    assert_string_equal(d->twan_access_info[0]->wlan_identifier->ssid, "cafe");
    assert_string_equal(d->twan_access_info[0]->wlan_identifier->hessid, "00-00");
    assert_int_equal(d->ue_usage_type, 7);
    assert_string_equal(d->emergency_pdn_gateway->host, "pgw.example.org");
    assert_int_equal(d->erp_authorization, 1);
    assert_int_equal(d->core_network_restrictions, 4);
    base_arena_free(ctx.arena);
}

// A field that no AVP reaches would be a promise not kept.
static void test_every_field_of_the_profile_is_filled(void **state)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = true};
    const Fgw__Swx__AssignAnswer *m =
        (const void *)world_decode(swx_table(SWX_SAA), saa_bytes, &ctx);
    const ProtobufCMessage *data = &m->user_data->base;
    for (unsigned i = 0; i < data->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &data->descriptor->fields[i];
        const uint8_t *at = (const uint8_t *)data;
        bool filled;
        if (strcmp(f->name, "trace_data") == 0) // of S6a, tested there
            continue;
        if (f->label == PROTOBUF_C_LABEL_REPEATED)
            filled = *(const size_t *)(at + f->quantifier_offset) > 0;
        else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            filled = *(const uint32_t *)(at + f->quantifier_offset) == f->id;
        else if (f->type == PROTOBUF_C_TYPE_UINT32)
            filled = *(const uint32_t *)(at + f->offset) != 0;
        else
            filled = *(const void *const *)(at + f->offset) != NULL ||
                     *(const size_t *)(at + f->offset) > 0;
        if (!filled)
            print_message("%s\n", f->name);
        assert_true(filled);
    }
    base_arena_free(ctx.arena);
}

static void test_ppr(void **state)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    const Fgw__Swx__PushProfileRequest *m =
        (const void *)world_decode(swx_table(SWX_PPR), ppr_bytes, &ctx);
    assert_string_equal(m->user_name, IMSI);
    assert_int_equal(m->ppr_flags, 3);
    assert_null(m->user_data); // unchanged
    base_arena_free(ctx.arena);
}

static void test_maa(void **state)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    const Magma__Feg__AuthenticationAnswer *m = (const void *)world_decode(
        swx_table(SWX_MAA),
        AVP_SESSION AVP_IMSI
        // SIP-Number-Auth-Items; two vectors, the second one first
        "0000025fc0000010000028af00000002" PRIME_VECTOR("02", "22") PRIME_VECTOR("01", "11")
            AVP_OTHER_SERVER
        // Supported-Features
        "0000027480000038000028af0000010a4000000c000028af0000027580000010000028af00000001"
        "0000027680000010000028af00000005",
        &ctx);
    assert_string_equal(m->session_id, "hss;1;11");
    assert_string_equal(m->user_name, IMSI);
    assert_string_equal(m->serving_aaa_server, "aaa2.example.org");
    assert_int_equal(m->n_supported_features, 1);
    assert_int_equal(m->supported_features[0]->feature_list, 5);
    assert_int_equal(m->n_sip_auth_vectors, 2);
    const Magma__Feg__AuthenticationAnswer__SIPAuthVector *v = m->sip_auth_vectors[0];
    assert_int_equal(v->authentication_scheme, MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME);
    assert_int_equal(v->rand_autn.len, 32);
    assert_int_equal(v->rand_autn.data[31], 0x11);
    assert_int_equal(v->xres.len, 8);
    assert_int_equal(v->confidentiality_key.len, 16);
    assert_int_equal(v->integrity_key.len, 16);
    assert_int_equal(m->sip_auth_vectors[1]->rand_autn.data[0], 0x22);
    base_arena_free(ctx.arena);
}

static void test_rtr(void **state)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    const Magma__Feg__RegistrationTerminationRequest *m = (const void *)world_decode(
        swx_table(SWX_RTR),
        // Deregistration-Reason {Reason-Code SERVER_CHANGE, Reason-Info "moved"}
        AVP_SESSION AVP_IMSI "00000267c0000030000028af00000268c0000010000028af00000002"
                             "00000269c0000011000028af6d6f766564000000",
        &ctx);
    assert_string_equal(m->session_id, "hss;1;11");
    assert_string_equal(m->user_name, IMSI);
    assert_int_equal(m->reason_code, 2);
    assert_string_equal(m->reason_info, "moved");
    base_arena_free(ctx.arena);
}

static void test_broken_vectors_are_dropped(void **state)
{
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = true};
    // SIP-Authenticate of 4 octets in the first
    const Magma__Feg__AuthenticationAnswer *m = (const void *)world_decode(
        swx_table(SWX_MAA),
        AVP_SESSION "00000264c0000040000028af00000265c0000010000028af00000001" AVP_AKA
                    "00000261c0000010000028af11111111" VECTOR("02", "22"),
        &ctx);
    assert_int_equal(m->n_sip_auth_vectors, 1);
    assert_int_equal(m->sip_auth_vectors[0]->rand_autn.data[0], 0x22);
    assert_int_equal(ctx.dropped, 1);
    base_arena_free(ctx.arena);
}

static int start(void **state)
{
    for (uint8_t i = 0; i < sizeof(rand_auts); i++)
        rand_auts[i] = i;
    return world_dictionary(swx_tables_compile);
}

static int stop(void **state)
{
    swx_tables_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mar),
        cmocka_unit_test(test_sar),
        cmocka_unit_test(test_ppa),
        cmocka_unit_test(test_air_of_s6a),
        cmocka_unit_test(test_saa_carries_the_whole_profile),
        cmocka_unit_test(test_every_field_of_the_profile_is_filled),
        cmocka_unit_test(test_ppr),
        cmocka_unit_test(test_maa),
        cmocka_unit_test(test_rtr),
        cmocka_unit_test(test_broken_vectors_are_dropped),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
