// SPDX-License-Identifier: BSD-3-Clause
// Translation of every message, from octets that were seen on the wire or laid out by hand.
#include "world.h"

#include "golden.h"
#include "proto/csfb.pb-c.h"
#include "proto/sgs.pb-c.h"
#include "sgsap/ie.h"

static size_t octets(const char *hex, uint8_t *out, size_t size)
{
    size_t len;
    assert_int_equal(base_hex_decode(hex, out, size, &len), ERR_OK);
    return len;
}

// Packs the access gateway's form of a VLR's golden message and unpacks it.
static void *received(const char *name, struct sgsap_msg *msg, uint8_t raw[SGSAP_MSG_MAX])
{
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        uint8_t packed[SGS_PACKED_MAX];
        size_t len;
        if (strcmp(goldens[i].name, name) != 0)
            continue;
        const struct sgs_method *m = sgs_method_of(goldens[i].type, SGSAP_VLR);
        size_t n = octets(goldens[i].hex, raw, SGSAP_MSG_MAX);
        assert_int_equal(sgsap_decode(raw, n, SGSAP_VLR, msg, NULL), ERR_OK);
        assert_int_equal(sgs_to_agw(m, msg, MME, packed, sizeof(packed), &len), ERR_OK);
        return protobuf_c_message_unpack(m->body, NULL, len, packed);
    }
    fail_msg("no golden message %s", name);
    return NULL;
}

static void every_message_of_a_vlr_reaches_the_gateway(void **state)
{
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        struct sgsap_msg msg;
        uint8_t raw[SGSAP_MSG_MAX], packed[SGS_PACKED_MAX];
        size_t len;
        if (goldens[i].from != SGSAP_VLR)
            continue;
        const struct sgs_method *m = sgs_method_of(goldens[i].type, SGSAP_VLR);
        assert_non_null(m);
        len = octets(goldens[i].hex, raw, sizeof(raw));
        assert_int_equal(sgsap_decode(raw, len, SGSAP_VLR, &msg, NULL), ERR_OK);
        assert_int_equal(sgs_to_agw(m, &msg, MME, packed, sizeof(packed), &len), ERR_OK);
        ProtobufCMessage *body = protobuf_c_message_unpack(m->body, NULL, len, packed);
        assert_non_null(body);
        protobuf_c_message_free_unpacked(body, NULL);
    }
}

static void paging_carries_values_without_their_headers(void **state)
{
    struct sgsap_msg msg;
    uint8_t raw[SGSAP_MSG_MAX];
    Magma__Feg__PagingRequest *p = received("PAGING-REQUEST all IEs", &msg, raw);
    static const uint8_t tmsi[] = {0x0e, 0x19, 0xa3, 0x30};
    assert_string_equal(p->imsi, IMSI1);
    assert_string_equal(p->vlr_name, VLR1);
    assert_int_equal(p->service_indicator.len, 1);
    assert_int_equal(p->service_indicator.data[0], 1);
    assert_int_equal(p->tmsi.len, 4);
    assert_memory_equal(p->tmsi.data, tmsi, 4);
    assert_int_equal(p->cli.len, 7);
    assert_int_equal(p->location_area_identifier.len, 5);
    assert_int_equal(p->lcs_client_identity.len, 5);
    assert_int_equal(p->channel_needed.data[0], 1);
    assert_int_equal(p->emlpp_priority.data[0], 3);
    protobuf_c_message_free_unpacked(&p->base, NULL);
}

static void assert_octets(const ProtobufCBinaryData *field, const char *hex)
{
    uint8_t want[64];
    size_t len = octets(hex, want, sizeof(want));
    assert_int_equal(field->len, len);
    assert_memory_equal(field->data, want, len);
}

static void paging_carries_what_release_15_added(void **state)
{
    struct sgsap_msg msg;
    uint8_t raw[SGSAP_MSG_MAX];
    Magma__Feg__PagingRequest *p = received("PAGING-REQUEST all IEs", &msg, raw);
    assert_octets(&p->additional_paging_indicators, "01");
    assert_octets(&p->sm_delivery_timer, "000f");
    assert_octets(&p->sm_delivery_start_time, "e0000000");
    assert_octets(&p->maximum_retransmission_time, "e0000001");
    protobuf_c_message_free_unpacked(&p->base, NULL);
}

static void mm_information_comes_as_octets_and_read(void **state)
{
    struct sgsap_msg msg;
    uint8_t raw[SGSAP_MSG_MAX];
    Magma__Feg__MMInformationRequest *m = received("MM-INFORMATION-REQUEST osmo", &msg, raw);
    assert_int_equal(m->mm_information.len, 28);
    assert_non_null(m->decoded);
    assert_string_equal(m->decoded->full_name, "OsmoMSC");
    assert_string_equal(m->decoded->short_name, "OsmoMSC");
    assert_int_equal(m->decoded->time_zone_present_case,
                     FGW__SGS__MMINFORMATION__TIME_ZONE_PRESENT_TIME_ZONE_MINUTES);
    assert_int_equal(m->decoded->time_zone_minutes, 0);
    assert_int_equal(m->decoded->time_present_case,
                     FGW__SGS__MMINFORMATION__TIME_PRESENT_UNIVERSAL_TIME);
    assert_int_equal(m->decoded->daylight_saving_present_case,
                     FGW__SGS__MMINFORMATION__DAYLIGHT_SAVING_PRESENT__NOT_SET);
    assert_false(m->decoded->has_lsa_identity);
    protobuf_c_message_free_unpacked(&m->base, NULL);
}

static void mm_information_that_cannot_be_read_stays_octets(void **state)
{
    static const char hex[] = "1a" G_IMSI "17034308ff"; // a name that ends too early
    uint8_t raw[64], packed[SGS_PACKED_MAX];
    struct sgsap_msg msg;
    size_t len = octets(hex, raw, sizeof(raw));
    const struct sgs_method *m = sgs_method_of(SGSAP_MM_INFORMATION_REQUEST, SGSAP_VLR);
    assert_int_equal(sgsap_decode(raw, len, SGSAP_VLR, &msg, NULL), ERR_OK);
    assert_int_equal(sgs_to_agw(m, &msg, MME, packed, sizeof(packed), &len), ERR_OK);
    Magma__Feg__MMInformationRequest *body =
        magma__feg__mminformation_request__unpack(NULL, len, packed);
    assert_non_null(body);
    assert_int_equal(body->mm_information.len, 3);
    assert_null(body->decoded);
    protobuf_c_message_free_unpacked(&body->base, NULL);
}

// Each message of an access gateway with every IE: the fields made of the golden octets, translated
// and encoded, give the golden octets again.
static void every_field_of_a_gateway_reaches_the_vlr(void **state)
{
    size_t compared = 0;
    for (size_t i = 0; i < N_GOLDENS; i++) {
        uint8_t raw[SGSAP_MSG_MAX], packed[SGS_PACKED_MAX], out[SGSAP_MSG_MAX];
        struct sgsap_msg msg, again;
        size_t n = octets(goldens[i].hex, raw, sizeof(raw)), len, out_len;
        const struct sgs_method *m = sgs_method_of(goldens[i].type, SGSAP_MME);
        if (goldens[i].from != SGSAP_MME || goldens[i].type == SGSAP_RESET_INDICATION ||
            goldens[i].type == SGSAP_RESET_ACK)
            continue;
        assert_non_null(m);
        assert_int_equal(sgsap_decode(raw, n, SGSAP_MME, &msg, NULL), ERR_OK);
        assert_int_equal(sgs_to_agw(m, &msg, MME, packed, sizeof(packed), &len), ERR_OK);
        ProtobufCMessage *body = protobuf_c_message_unpack(m->body, NULL, len, packed);
        assert_non_null(body);
        assert_int_equal(sgs_from_agw(m, body, MME, &again, NULL), ERR_OK);
        enum err err = sgsap_encode(&again, SGSAP_MME, out, sizeof(out), &out_len, NULL);
        protobuf_c_message_free_unpacked(body, NULL);
        assert_int_equal(err, ERR_OK);
        assert_int_equal(out_len, n);
        assert_memory_equal(out, raw, n);
        compared++;
    }
    assert_true(compared > 15);
}

static void a_new_tmsi_comes_as_four_octets(void **state)
{
    struct sgsap_msg msg;
    uint8_t raw[SGSAP_MSG_MAX];
    Magma__Feg__LocationUpdateAccept *a = received("LOCATION-UPDATE-ACCEPT osmo", &msg, raw);
    static const uint8_t tmsi[] = {0x0e, 0x19, 0xa3, 0x30};
    assert_int_equal(a->new_imsitmsi_case,
                     MAGMA__FEG__LOCATION_UPDATE_ACCEPT__NEW_IMSITMSI_NEW_TMSI);
    assert_int_equal(a->new_tmsi.len, 4);
    assert_memory_equal(a->new_tmsi.data, tmsi, 4);
    protobuf_c_message_free_unpacked(&a->base, NULL);
}

// The few fields that unmodified access gateways send, with the name as they write it.
static void a_location_update_gets_our_name(void **state)
{
    uint8_t type = 1, lai[] = {0x00, 0xf1, 0x10, 0x00, 0x17}, out[SGSAP_MSG_MAX];
    char theirs[] = ".mmec09.mmegi0009.mme.epc.mnc001.mcc001.3gppnetwork.org", imsi[] = IMSI1;
    Magma__Feg__LocationUpdateRequest lu = MAGMA__FEG__LOCATION_UPDATE_REQUEST__INIT;
    char name[SGSAP_NAME_MAX];
    struct sgsap_msg msg, again;
    size_t len;
    lu.imsi = imsi;
    lu.mme_name = theirs;
    lu.eps_location_update_type = (ProtobufCBinaryData){1, &type};
    lu.new_location_area_identifier = (ProtobufCBinaryData){sizeof(lai), lai};
    const struct sgs_method *m = sgs_method_of(SGSAP_LOCATION_UPDATE_REQUEST, SGSAP_MME);
    assert_int_equal(sgs_from_agw(m, &lu.base, MME, &msg, NULL), ERR_OK);
    assert_int_equal(sgsap_encode(&msg, SGSAP_MME, out, sizeof(out), &len, NULL), ERR_OK);
    assert_int_equal(sgsap_decode(out, len, SGSAP_MME, &again, NULL), ERR_OK);
    assert_int_equal(sgsap_read_name(again.ie[SGSAP_IE_MME_NAME], name, sizeof(name)), ERR_OK);
    assert_string_equal(name, MME);
    assert_int_equal(again.ie[SGSAP_IE_LAI].len, 5);
    assert_false(sgsap_has(&again, SGSAP_IE_TAI));
}

static void values_that_do_not_fit_are_named(void **state)
{
    uint8_t nas[300] = {0};
    char imsi[] = IMSI1, no_imsi[] = "12ab";
    Magma__Feg__UplinkUnitdata up = MAGMA__FEG__UPLINK_UNITDATA__INIT;
    const struct sgs_method *m = sgs_method_of(SGSAP_UPLINK_UNITDATA, SGSAP_MME);
    struct sgsap_msg msg;
    enum sgsap_ie bad = SGSAP_IE_NONE;
    up.imsi = imsi;
    up.nas_message_container = (ProtobufCBinaryData){sizeof(nas), nas};
    assert_int_equal(sgs_from_agw(m, &up.base, MME, &msg, &bad), ERR_ENCODE_VALUE);
    assert_int_equal(bad, SGSAP_IE_NAS_CONTAINER);
    up.imsi = no_imsi;
    assert_int_equal(sgs_from_agw(m, &up.base, MME, &msg, &bad), ERR_ENCODE_VALUE);
    assert_int_equal(bad, SGSAP_IE_IMSI);
}

static void each_method_has_its_row(void **state)
{
    size_t n = 0;
    for (const struct rpc_method *method = sgs_methods; method->path; method++, n++) {
        const struct sgs_method *row = method->ctx;
        assert_string_equal(row->path, method->path);
        assert_int_equal(row->from, SGSAP_MME);
    }
    assert_int_equal(n, magma__feg__csfbfed_gwservice__descriptor.n_methods +
                            fgw__sgs__sgs_fallback__descriptor.n_methods);
    assert_int_equal(sgs_n_methods - n, magma__feg__csfbgateway_service__descriptor.n_methods);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_of_a_vlr_reaches_the_gateway),
        cmocka_unit_test(paging_carries_values_without_their_headers),
        cmocka_unit_test(paging_carries_what_release_15_added),
        cmocka_unit_test(mm_information_comes_as_octets_and_read),
        cmocka_unit_test(mm_information_that_cannot_be_read_stays_octets),
        cmocka_unit_test(every_field_of_a_gateway_reaches_the_vlr),
        cmocka_unit_test(a_new_tmsi_comes_as_four_octets),
        cmocka_unit_test(a_location_update_gets_our_name),
        cmocka_unit_test(values_that_do_not_fit_are_named),
        cmocka_unit_test(each_method_has_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
