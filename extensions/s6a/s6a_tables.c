// SPDX-License-Identifier: BSD-3-Clause
// Translation tables of the S6a messages (TS 29.272 7.2), MME side. What the rows leave out is added by
// code: Session-Id, origin, destination, Auth-Session-State, results. Not for Subscription-Data
// (s6a_subscription.c).
#include "extensions/s6a/s6a_tables.h"

#include "diameter/avp.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

typedef Magma__Feg__AuthenticationInformationRequest AIR;
typedef Magma__Feg__UpdateLocationRequest ULR;

#define REQUIRED XLATE_REQUIRED
#define USER_NAME_ROW {.field = "user_name", .avp = AVP_USER_NAME, .conv = &xlate_imsi, .flags = REQUIRED}

// ---- Supported-Features (TS 29.229 6.3.29) ----
static const struct xlate features_rows[] = {
    {.field = "vendor_id", .avp = AVP_VENDOR_ID, .flags = XLATE_DEFAULT, .value = DIA_3GPP},
    {.field = "feature_list_id", .avp = AVP_FEATURE_LIST_ID, .flags = REQUIRED},
    {.field = "feature_list", .avp = AVP_FEATURE_LIST, .flags = REQUIRED | XLATE_ALWAYS},
    XLATE_END,
};
// The two lists that access gateways know by name: regional subscription is bit 9 of list 1, NR as
// secondary RAT bit 27 of list 2 (TS 29.272 7.3.10).
static const struct xlate features_1_rows[] = {
    {.avp = AVP_VENDOR_ID, .flags = XLATE_CONST, .value = DIA_3GPP},
    {.avp = AVP_FEATURE_LIST_ID, .flags = XLATE_CONST | XLATE_MATCH, .value = 1},
    {.field = "feature_list_id_1.regional_subscription", .avp = AVP_FEATURE_LIST, .conv = &xlate_bit,
     .flags = XLATE_ALWAYS, .value = 9},
    XLATE_END,
};
static const struct xlate features_2_rows[] = {
    {.avp = AVP_VENDOR_ID, .flags = XLATE_CONST, .value = DIA_3GPP},
    {.avp = AVP_FEATURE_LIST_ID, .flags = XLATE_CONST | XLATE_MATCH, .value = 2},
    {.field = "feature_list_id_2.nr_as_secondary_rat", .avp = AVP_FEATURE_LIST, .conv = &xlate_bit,
     .flags = XLATE_ALWAYS, .value = 27},
    XLATE_END,
};
#define FEATURES_ROW \
    {.field = "supported_features", .avp = AVP_SUPPORTED_FEATURES, .members = features_rows}

// ---- Authentication-Information ----
static bool air_wants_eutran(const ProtobufCMessage *msg)
{
    const AIR *air = (const AIR *)msg;
    return air->num_requested_eutran_vectors > 0 || air->num_requested_utran_geran_vectors == 0;
}

static bool air_wants_utran(const ProtobufCMessage *msg)
{
    return ((const AIR *)msg)->num_requested_utran_geran_vectors > 0;
}

static bool air_short_features(const ProtobufCMessage *msg)
{
    return ((const AIR *)msg)->n_supported_features == 0;
}

#define VECTORS_MAX 5 // what an HSS gives at most (TS 29.272 5.2.3.1.3)
static const struct xlate eutran_info_rows[] = {
    {.field = "num_requested_eutran_vectors", .avp = AVP_NUMBER_OF_REQUESTED_VECTORS,
     .conv = &xlate_at_most, .flags = XLATE_DEFAULT, .value = 1, .max = VECTORS_MAX},
    {.field = "immediate_response_preferred", .avp = AVP_IMMEDIATE_RESPONSE_PREFERRED,
     .conv = &xlate_presence, .value = 1},
    {.field = "resync_info", .avp = AVP_RE_SYNCHRONIZATION_INFO, .min = 30, .max = 30,
     .note = "RAND and AUTS."},
    XLATE_END,
};
static const struct xlate utran_info_rows[] = {
    {.field = "num_requested_utran_geran_vectors", .avp = AVP_NUMBER_OF_REQUESTED_VECTORS,
     .conv = &xlate_at_most, .max = VECTORS_MAX},
    {.field = "immediate_response_preferred", .avp = AVP_IMMEDIATE_RESPONSE_PREFERRED,
     .conv = &xlate_presence, .value = 1},
    {.field = "utran_geran_resync_info", .avp = AVP_RE_SYNCHRONIZATION_INFO, .min = 30, .max = 30,
     .note = "RAND and AUTS."},
    XLATE_END,
};
static const struct xlate air_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    {.avp = AVP_SUPPORTED_FEATURES, .when = air_short_features, .members = features_2_rows,
     .note = "Only without `supported_features`."},
    {.avp = AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, .flags = XLATE_ALWAYS,
     .when = air_wants_eutran, .members = eutran_info_rows,
     .note = "If E-UTRAN vectors are wanted, or no kind is named."},
    {.avp = AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO, .when = air_wants_utran,
     .members = utran_info_rows, .note = "If UTRAN or GERAN vectors are wanted."},
    {.field = "visited_plmn", .avp = AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3},
    {.field = "send_ue_usage_type", .avp = AVP_AIR_FLAGS, .conv = &xlate_bit, .value = 0},
    XLATE_END,
};

static const struct xlate eutran_vector_rows[] = {
    {.field = "rand", .avp = AVP_RAND, .flags = REQUIRED, .min = 16, .max = 16},
    {.field = "xres", .avp = AVP_XRES, .flags = REQUIRED, .min = 4, .max = 16,
     .note = "Unmodified access gateways refuse an XRES of 4 octets."},
    {.field = "autn", .avp = AVP_AUTN, .flags = REQUIRED, .min = 16, .max = 16},
    {.field = "kasme", .avp = AVP_KASME, .flags = REQUIRED, .min = 32, .max = 32},
    XLATE_END,
};
static const struct xlate utran_vector_rows[] = {
    {.field = "rand", .avp = AVP_RAND, .flags = REQUIRED, .min = 16, .max = 16},
    {.field = "xres", .avp = AVP_XRES, .flags = REQUIRED, .min = 4, .max = 16},
    {.field = "autn", .avp = AVP_AUTN, .flags = REQUIRED, .min = 16, .max = 16},
    {.field = "confidentiality_key", .avp = AVP_CONFIDENTIALITY_KEY, .flags = REQUIRED, .min = 16,
     .max = 16},
    {.field = "integrity_key", .avp = AVP_INTEGRITY_KEY, .flags = REQUIRED, .min = 16, .max = 16},
    XLATE_END,
};
static const struct xlate geran_vector_rows[] = {
    {.field = "rand", .avp = AVP_RAND, .flags = REQUIRED, .min = 16, .max = 16},
    {.field = "sres", .avp = AVP_SRES, .flags = REQUIRED, .min = 4, .max = 4},
    {.field = "Kc", .avp = AVP_KC, .flags = REQUIRED, .min = 8, .max = 8},
    XLATE_END,
};
#define VECTOR_NOTE \
    "Never more than asked for; a vector with a missing or wrong part is dropped."
static const struct xlate auth_info_rows[] = {
    {.field = "eutran_vectors", .avp = AVP_E_UTRAN_VECTOR, .members = eutran_vector_rows,
     .order = AVP_ITEM_NUMBER, .note = VECTOR_NOTE},
    {.field = "utran_vectors", .avp = AVP_UTRAN_VECTOR, .members = utran_vector_rows,
     .order = AVP_ITEM_NUMBER, .note = VECTOR_NOTE},
    {.field = "geran_vectors", .avp = AVP_GERAN_VECTOR, .members = geran_vector_rows,
     .order = AVP_ITEM_NUMBER, .note = VECTOR_NOTE},
    XLATE_END,
};
static const struct xlate aia_rows[] = {
    {.field = "error_diagnostic", .avp = AVP_ERROR_DIAGNOSTIC},
    FEATURES_ROW,
    {.avp = AVP_AUTHENTICATION_INFO, .members = auth_info_rows},
    {.field = "ue_usage_type", .avp = AVP_UE_USAGE_TYPE},
    XLATE_END,
};

// ---- Update-Location ----
static bool ulr_short_features(const ProtobufCMessage *msg)
{
    return ((const ULR *)msg)->n_supported_features == 0;
}

static const struct xlate terminal_rows[] = {
    {.field = "imei", .avp = AVP_IMEI, .min = 14, .max = 16},
    {.field = "meid", .avp = AVP_3GPP2_MEID},
    {.field = "software_version", .avp = AVP_SOFTWARE_VERSION, .min = 2, .max = 2},
    XLATE_END,
};
static const struct xlate active_apn_rows[] = {
    {.field = "context_id", .avp = AVP_CONTEXT_IDENTIFIER, .flags = REQUIRED},
    {.field = "service_selection", .avp = AVP_SERVICE_SELECTION},
    {.field = "pdn_gateway", .avp = AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows},
    {.field = "visited_network_identifier", .avp = AVP_VISITED_NETWORK_IDENTIFIER},
    {.field = "specific_apns", .avp = AVP_SPECIFIC_APN_INFO, .members = s6a_specific_apn_rows},
    XLATE_END,
};
static bool ulr_has_equivalent(const ProtobufCMessage *msg)
{
    return ((const ULR *)msg)->n_equivalent_plmns > 0;
}

static bool ulr_has_adjacent(const ProtobufCMessage *msg)
{
    return ((const ULR *)msg)->n_adjacent_plmns > 0;
}

static const struct xlate equivalent_rows[] = {
    {.field = "equivalent_plmns", .avp = AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3},
    XLATE_END,
};
static const struct xlate adjacent_rows[] = {
    {.field = "adjacent_plmns", .avp = AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3},
    XLATE_END,
};
#define ULR_FLAG(name, bit) \
    {.field = (name), .avp = AVP_ULR_FLAGS, .conv = &xlate_bit, .flags = XLATE_ALWAYS, .value = (bit)}
static const struct xlate ulr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    {.avp = AVP_SUPPORTED_FEATURES, .when = ulr_short_features, .members = features_1_rows,
     .note = "Only without `supported_features`."},
    {.avp = AVP_SUPPORTED_FEATURES, .when = ulr_short_features, .members = features_2_rows,
     .note = "Only without `supported_features`."},
    {.field = "terminal_information", .avp = AVP_TERMINAL_INFORMATION, .members = terminal_rows},
    {.field = "rat_type", .avp = AVP_RAT_TYPE, .flags = XLATE_DEFAULT, .value = 1004,
     .note = "1004 is E-UTRAN (TS 29.212 5.3.31)."},
    ULR_FLAG("single_registration", 0),
    {.avp = AVP_ULR_FLAGS, .conv = &xlate_bit, .flags = XLATE_CONST, .value = 1,
     .note = "S6a/S6d-Indicator, always set."},
    ULR_FLAG("skip_subscriber_data", 2),
    ULR_FLAG("gprs_subscription_data", 3),
    ULR_FLAG("combined_mme_sgsn", 4),
    ULR_FLAG("initial_attach", 5),
    ULR_FLAG("ps_lcs_not_supported", 6),
    ULR_FLAG("sms_only", 7),
    ULR_FLAG("dual_registration_5g_indicator", 8),
    {.field = "ue_srvcc_capability", .avp = AVP_UE_SRVCC_CAPABILITY},
    {.field = "visited_plmn", .avp = AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3},
    {.field = "sgsn_number", .avp = AVP_SGSN_NUMBER, .conv = &xlate_tbcd},
    {.field = "homogeneous_support_of_ims_voice",
     .avp = AVP_HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS},
    {.field = "gmlc_address", .avp = AVP_GMLC_ADDRESS, .conv = &xlate_address},
    {.field = "active_apns", .avp = AVP_ACTIVE_APN, .members = active_apn_rows},
    {.avp = AVP_EQUIVALENT_PLMN_LIST, .when = ulr_has_equivalent, .members = equivalent_rows},
    {.field = "mme_number_for_mt_sms", .avp = AVP_MME_NUMBER_FOR_MT_SMS, .conv = &xlate_tbcd},
    {.field = "sms_register_request", .avp = AVP_SMS_REGISTER_REQUEST},
    {.field = "sgs_mme_identity", .avp = AVP_SGS_MME_IDENTITY},
    {.avp = AVP_ADJACENT_PLMNS, .when = ulr_has_adjacent, .members = adjacent_rows},
    XLATE_END,
};
static const struct xlate ula_rows[] = {
    {.field = "error_diagnostic", .avp = AVP_ERROR_DIAGNOSTIC},
    FEATURES_ROW,
    {.avp = AVP_SUPPORTED_FEATURES, .members = features_1_rows},
    {.avp = AVP_SUPPORTED_FEATURES, .members = features_2_rows},
    {.field = "ula_flags", .avp = AVP_ULA_FLAGS},
    {.avp = AVP_SUBSCRIPTION_DATA, .members = s6a_subscription_rows},
    {.field = "reset_ids", .avp = AVP_RESET_ID},
    XLATE_END,
};

// ---- location information, toward the HSS (PUR, IDA) ----
static const struct xlate mme_location_rows[] = {
    {.field = "ecgi", .avp = AVP_E_UTRAN_CELL_GLOBAL_IDENTITY},
    {.field = "tai", .avp = AVP_TRACKING_AREA_IDENTITY},
    {.field = "geographical_information", .avp = AVP_GEOGRAPHICAL_INFORMATION},
    {.field = "geodetic_information", .avp = AVP_GEODETIC_INFORMATION},
    {.field = "current_location_retrieved", .avp = AVP_CURRENT_LOCATION_RETRIEVED,
     .conv = &xlate_presence},
    {.field = "age_of_location_minutes", .avp = AVP_AGE_OF_LOCATION_INFORMATION},
    {.field = "enodeb_id", .avp = AVP_ENODEB_ID},
    {.field = "extended_enodeb_id", .avp = AVP_EXTENDED_ENODEB_ID},
    XLATE_END,
};
static const struct xlate sgsn_location_rows[] = {
    {.field = "cell_global_identity", .avp = AVP_CELL_GLOBAL_IDENTITY},
    {.field = "location_area_identity", .avp = AVP_LOCATION_AREA_IDENTITY},
    {.field = "service_area_identity", .avp = AVP_SERVICE_AREA_IDENTITY},
    {.field = "routing_area_identity", .avp = AVP_ROUTING_AREA_IDENTITY},
    {.field = "geographical_information", .avp = AVP_GEOGRAPHICAL_INFORMATION},
    {.field = "geodetic_information", .avp = AVP_GEODETIC_INFORMATION},
    {.field = "current_location_retrieved", .avp = AVP_CURRENT_LOCATION_RETRIEVED,
     .conv = &xlate_presence},
    {.field = "age_of_location_minutes", .avp = AVP_AGE_OF_LOCATION_INFORMATION},
    XLATE_END,
};
static const struct xlate location_rows[] = {
    {.field = "mme", .avp = AVP_MME_LOCATION_INFORMATION, .members = mme_location_rows},
    {.field = "sgsn", .avp = AVP_SGSN_LOCATION_INFORMATION, .members = sgsn_location_rows},
    XLATE_END,
};

// ---- Purge-UE ----
static const struct xlate pur_rows[] = {
    USER_NAME_ROW,
    {.field = "pur_flags", .avp = AVP_PUR_FLAGS},
    FEATURES_ROW,
    {.field = "eps_location_information", .avp = AVP_EPS_LOCATION_INFORMATION,
     .members = location_rows},
    XLATE_END,
};
static const struct xlate pua_rows[] = {
    FEATURES_ROW,
    {.field = "pua_flags", .avp = AVP_PUA_FLAGS},
    XLATE_END,
};

// ---- Notify ----
// Without the S6a/S6d-Indicator (bit 8) an HSS would take the request for one of an SGSN.
static enum err nor_flags_encode(struct xlate_ctx *ctx, const struct xlate *row,
                                 const struct xlate_value *in, struct xlate_value *out)
{
    out->num = in->num | row->value;
    return ERR_OK;
}

static const struct xlate_conv nor_flags = {
    .name = "NOR flags",
    .help = "bit 8, S6a/S6d-Indicator, is added",
    .fields = XLATE_F_INT,
    .avps = XLATE_A_NUMBER,
    .encode = nor_flags_encode,
};
static const struct xlate nor_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    {.field = "terminal_information", .avp = AVP_TERMINAL_INFORMATION, .members = terminal_rows},
    {.field = "pdn_gateway", .avp = AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows},
    {.field = "visited_network_identifier", .avp = AVP_VISITED_NETWORK_IDENTIFIER},
    {.field = "context_id", .avp = AVP_CONTEXT_IDENTIFIER},
    {.field = "service_selection", .avp = AVP_SERVICE_SELECTION},
    {.field = "alert_reason", .avp = AVP_ALERT_REASON},
    {.field = "ue_srvcc_capability", .avp = AVP_UE_SRVCC_CAPABILITY},
    {.field = "nor_flags", .avp = AVP_NOR_FLAGS, .conv = &nor_flags, .flags = XLATE_ALWAYS,
     .value = 1 << 8},
    {.field = "homogeneous_support_of_ims_voice",
     .avp = AVP_HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS},
    {.field = "maximum_ue_availability_unix", .avp = AVP_MAXIMUM_UE_AVAILABILITY_TIME,
     .conv = &xlate_unix},
    {.field = "emergency_services", .avp = AVP_EMERGENCY_SERVICES},
    XLATE_END,
};
static const struct xlate noa_rows[] = {
    FEATURES_ROW,
    XLATE_END,
};

// ---- requests of the HSS ----
static const struct xlate clr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    {.field = "cancellation_type", .avp = AVP_CANCELLATION_TYPE, .flags = REQUIRED,
     .note = "Settings may change it for access gateways that act on one type only."},
    {.field = "clr_flags", .avp = AVP_CLR_FLAGS},
    XLATE_END,
};
static const struct xlate idr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    {.field = "subscription_data", .avp = AVP_SUBSCRIPTION_DATA, .flags = REQUIRED,
     .members = s6a_subscription_rows},
    {.field = "idr_flags", .avp = AVP_IDR_FLAGS},
    {.field = "reset_ids", .avp = AVP_RESET_ID},
    XLATE_END,
};
static const struct xlate mme_state_rows[] = {
    {.field = "mme", .avp = AVP_USER_STATE},
    XLATE_END,
};
static const struct xlate sgsn_state_rows[] = {
    {.field = "sgsn", .avp = AVP_USER_STATE},
    XLATE_END,
};
static const struct xlate user_state_rows[] = {
    {.avp = AVP_MME_USER_STATE, .members = mme_state_rows},
    {.avp = AVP_SGSN_USER_STATE, .members = sgsn_state_rows},
    XLATE_END,
};
static const struct xlate time_zone_rows[] = {
    {.field = "time_zone", .avp = AVP_TIME_ZONE, .flags = REQUIRED},
    {.field = "daylight_saving_time", .avp = AVP_DAYLIGHT_SAVING_TIME, .flags = XLATE_DEFAULT},
    XLATE_END,
};
static const struct xlate ida_rows[] = {
    FEATURES_ROW,
    {.field = "ims_voice_over_ps_sessions_supported", .avp = AVP_IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED},
    {.field = "last_ue_activity_unix", .avp = AVP_LAST_UE_ACTIVITY_TIME, .conv = &xlate_unix},
    {.field = "rat_type", .avp = AVP_RAT_TYPE},
    {.field = "ida_flags", .avp = AVP_IDA_FLAGS},
    {.field = "eps_user_state", .avp = AVP_EPS_USER_STATE, .members = user_state_rows},
    {.field = "eps_location_information", .avp = AVP_EPS_LOCATION_INFORMATION,
     .members = location_rows},
    {.field = "local_time_zone", .avp = AVP_LOCAL_TIME_ZONE, .members = time_zone_rows},
    XLATE_END,
};
static const struct xlate edrx_rat_rows[] = {
    {.field = "edrx_rat_types", .avp = AVP_RAT_TYPE},
    XLATE_END,
};
static const struct xlate dsr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    {.field = "dsr_flags", .avp = AVP_DSR_FLAGS, .flags = REQUIRED},
    {.field = "scef_id", .avp = AVP_SCEF_ID},
    {.field = "context_ids", .avp = AVP_CONTEXT_IDENTIFIER},
    {.field = "trace_reference", .avp = AVP_TRACE_REFERENCE},
    {.field = "ts_codes", .avp = AVP_TS_CODE},
    {.field = "ss_codes", .avp = AVP_SS_CODE},
    {.avp = AVP_EDRX_RELATED_RAT, .members = edrx_rat_rows},
    {.field = "external_identifiers", .avp = AVP_EXTERNAL_IDENTIFIER},
    XLATE_END,
};
static const struct xlate dsa_rows[] = {
    FEATURES_ROW,
    {.field = "dsa_flags", .avp = AVP_DSA_FLAGS},
    XLATE_END,
};
static const struct xlate rsr_rows[] = {
    FEATURES_ROW,
    {.field = "user_id", .avp = AVP_USER_ID},
    {.field = "reset_ids", .avp = AVP_RESET_ID},
    XLATE_END,
};

#define UP(id, text, where, code, req, dir, type, table)                                       \
    [S6A_##id] = {.name = #id, .title = (text), .clause = "TS 29.272 " where,                  \
                  .application = DIA_APP_S6A, .command = (code), .request = (req),          \
                  .direction = (dir), .message = &(type), .rows = (table)}
static const struct xlate_def defs[S6A_MESSAGES] = {
    UP(AIR, "Authentication-Information-Request", "7.2.5", DIA_CMD_AIR, true, XLATE_ENCODE,
       magma__feg__authentication_information_request__descriptor, air_rows),
    UP(AIA, "Authentication-Information-Answer", "7.2.6", DIA_CMD_AIR, false, XLATE_DECODE,
       magma__feg__authentication_information_answer__descriptor, aia_rows),
    UP(ULR, "Update-Location-Request", "7.2.3", DIA_CMD_ULR, true, XLATE_ENCODE,
       magma__feg__update_location_request__descriptor, ulr_rows),
    UP(ULA, "Update-Location-Answer", "7.2.4", DIA_CMD_ULR, false, XLATE_DECODE,
       magma__feg__update_location_answer__descriptor, ula_rows),
    UP(PUR, "Purge-UE-Request", "7.2.13", DIA_CMD_PUR, true, XLATE_ENCODE,
       magma__feg__purge_uerequest__descriptor, pur_rows),
    UP(PUA, "Purge-UE-Answer", "7.2.14", DIA_CMD_PUR, false, XLATE_DECODE,
       magma__feg__purge_ueanswer__descriptor, pua_rows),
    UP(NOR, "Notify-Request", "7.2.17", DIA_CMD_NOR, true, XLATE_ENCODE,
       fgw__s6a__notify_request__descriptor, nor_rows),
    UP(NOA, "Notify-Answer", "7.2.18", DIA_CMD_NOR, false, XLATE_DECODE,
       fgw__s6a__notify_answer__descriptor, noa_rows),
    UP(CLR, "Cancel-Location-Request", "7.2.7", DIA_CMD_CLR, true, XLATE_DECODE,
       magma__feg__cancel_location_request__descriptor, clr_rows),
    UP(IDR, "Insert-Subscriber-Data-Request", "7.2.9", DIA_CMD_IDR, true, XLATE_DECODE,
       fgw__s6a__insert_subscriber_data_request__descriptor, idr_rows),
    UP(IDA, "Insert-Subscriber-Data-Answer", "7.2.10", DIA_CMD_IDR, false, XLATE_ENCODE,
       fgw__s6a__insert_subscriber_data_answer__descriptor, ida_rows),
    UP(DSR, "Delete-Subscriber-Data-Request", "7.2.11", DIA_CMD_DSR, true, XLATE_DECODE,
       fgw__s6a__delete_subscriber_data_request__descriptor, dsr_rows),
    UP(DSA, "Delete-Subscriber-Data-Answer", "7.2.12", DIA_CMD_DSR, false, XLATE_ENCODE,
       fgw__s6a__delete_subscriber_data_answer__descriptor, dsa_rows),
    UP(RSR, "Reset-Request", "7.2.15", DIA_CMD_RSR, true, XLATE_DECODE,
       magma__feg__reset_request__descriptor, rsr_rows),
};

static struct xlate_table *tables[S6A_MESSAGES];

void s6a_tables_free(void)
{
    for (size_t i = 0; i < S6A_MESSAGES; i++) {
        xlate_free(tables[i]);
        tables[i] = NULL;
    }
}

enum err s6a_tables_compile(void (*report)(void *arg, const char *text), void *arg)
{
    enum err first = ERR_OK;
    for (size_t i = 0; i < S6A_MESSAGES; i++) {
        enum err err = xlate_compile(&defs[i], report, arg, &tables[i]);
        if (first == ERR_OK)
            first = err;
    }
    if (first != ERR_OK)
        s6a_tables_free();
    return first;
}

const struct xlate_table *s6a_table(enum s6a_message message)
{
    return tables[message];
}
