// SPDX-License-Identifier: BSD-3-Clause
// Translation tables of the S6a messages (TS 29.272 7.2), MME side. What the rows leave out is
// added by code: Session-Id, origin, destination, Auth-Session-State, results. Not for
// Subscription-Data (s6a_subscription.c).
#include "extensions/s6a/s6a_tables.h"

#include "diameter/avp.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

typedef Magma__Feg__AuthenticationInformationRequest AIR;
typedef Magma__Feg__UpdateLocationRequest ULR;

#define REQUIRED XLATE_REQUIRED
#define USER_NAME_ROW                                                                              \
    XLATE_FIELD("user_name", AVP_USER_NAME, .conv = &xlate_imsi, .flags = REQUIRED)

// ---- Supported-Features (TS 29.229 6.3.29) ----
static const struct xlate features_rows[] = {
    XLATE_FIELD("vendor_id", AVP_VENDOR_ID, .flags = XLATE_DEFAULT, .value = DIA_3GPP),
    XLATE_FIELD("feature_list_id", AVP_FEATURE_LIST_ID, .flags = REQUIRED),
    XLATE_FIELD("feature_list", AVP_FEATURE_LIST, .flags = REQUIRED | XLATE_ALWAYS),
    XLATE_END,
};
// The two lists that access gateways know by name: regional subscription is bit 9 of list 1, NR as
// secondary RAT bit 27 of list 2 (TS 29.272 7.3.10).
static const struct xlate features_1_rows[] = {
    XLATE_AVP(AVP_VENDOR_ID, .flags = XLATE_CONST, .value = DIA_3GPP),
    XLATE_AVP(AVP_FEATURE_LIST_ID, .flags = XLATE_CONST | XLATE_MATCH, .value = 1),
    XLATE_FIELD("feature_list_id_1.regional_subscription", AVP_FEATURE_LIST, .conv = &xlate_bit,
                .flags = XLATE_ALWAYS, .value = 9),
    XLATE_END,
};
static const struct xlate features_2_rows[] = {
    XLATE_AVP(AVP_VENDOR_ID, .flags = XLATE_CONST, .value = DIA_3GPP),
    XLATE_AVP(AVP_FEATURE_LIST_ID, .flags = XLATE_CONST | XLATE_MATCH, .value = 2),
    XLATE_FIELD("feature_list_id_2.nr_as_secondary_rat", AVP_FEATURE_LIST, .conv = &xlate_bit,
                .flags = XLATE_ALWAYS, .value = 27),
    XLATE_END,
};
#define FEATURES_ROW                                                                               \
    XLATE_FIELD("supported_features", AVP_SUPPORTED_FEATURES, .members = features_rows)

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
    XLATE_FIELD("num_requested_eutran_vectors", AVP_NUMBER_OF_REQUESTED_VECTORS,
                .conv = &xlate_at_most, .flags = XLATE_DEFAULT, .value = 1, .max = VECTORS_MAX),
    XLATE_FIELD("immediate_response_preferred", AVP_IMMEDIATE_RESPONSE_PREFERRED,
                .conv = &xlate_presence, .value = 1),
    XLATE_FIELD("resync_info", AVP_RE_SYNCHRONIZATION_INFO, .min = 30, .max = 30,
                .note = "RAND and AUTS."),
    XLATE_END,
};
static const struct xlate utran_info_rows[] = {
    XLATE_FIELD("num_requested_utran_geran_vectors", AVP_NUMBER_OF_REQUESTED_VECTORS,
                .conv = &xlate_at_most, .max = VECTORS_MAX),
    XLATE_FIELD("immediate_response_preferred", AVP_IMMEDIATE_RESPONSE_PREFERRED,
                .conv = &xlate_presence, .value = 1),
    XLATE_FIELD("utran_geran_resync_info", AVP_RE_SYNCHRONIZATION_INFO, .min = 30, .max = 30,
                .note = "RAND and AUTS."),
    XLATE_END,
};
static const struct xlate air_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    XLATE_AVP(AVP_SUPPORTED_FEATURES, .when = air_short_features, .members = features_2_rows,
              .note = "Only without `supported_features`."),
    XLATE_AVP(AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, .flags = XLATE_ALWAYS,
              .when = air_wants_eutran, .members = eutran_info_rows,
              .note = "If E-UTRAN vectors are wanted, or no kind is named."),
    XLATE_AVP(AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO, .when = air_wants_utran,
              .members = utran_info_rows, .note = "If UTRAN or GERAN vectors are wanted."),
    XLATE_FIELD("visited_plmn", AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3),
    XLATE_FIELD("send_ue_usage_type", AVP_AIR_FLAGS, .conv = &xlate_bit, .value = 0),
    XLATE_END,
};

static const struct xlate eutran_vector_rows[] = {
    XLATE_FIELD("rand", AVP_RAND, .flags = REQUIRED, .min = 16, .max = 16),
    XLATE_FIELD("xres", AVP_XRES, .flags = REQUIRED, .min = 4, .max = 16,
                .note = "Unmodified access gateways refuse an XRES of 4 octets."),
    XLATE_FIELD("autn", AVP_AUTN, .flags = REQUIRED, .min = 16, .max = 16),
    XLATE_FIELD("kasme", AVP_KASME, .flags = REQUIRED, .min = 32, .max = 32),
    XLATE_END,
};
static const struct xlate utran_vector_rows[] = {
    XLATE_FIELD("rand", AVP_RAND, .flags = REQUIRED, .min = 16, .max = 16),
    XLATE_FIELD("xres", AVP_XRES, .flags = REQUIRED, .min = 4, .max = 16),
    XLATE_FIELD("autn", AVP_AUTN, .flags = REQUIRED, .min = 16, .max = 16),
    XLATE_FIELD("confidentiality_key", AVP_CONFIDENTIALITY_KEY, .flags = REQUIRED, .min = 16,
                .max = 16),
    XLATE_FIELD("integrity_key", AVP_INTEGRITY_KEY, .flags = REQUIRED, .min = 16, .max = 16),
    XLATE_END,
};
static const struct xlate geran_vector_rows[] = {
    XLATE_FIELD("rand", AVP_RAND, .flags = REQUIRED, .min = 16, .max = 16),
    XLATE_FIELD("sres", AVP_SRES, .flags = REQUIRED, .min = 4, .max = 4),
    XLATE_FIELD("Kc", AVP_KC, .flags = REQUIRED, .min = 8, .max = 8),
    XLATE_END,
};
#define VECTOR_NOTE "Never more than asked for; a vector with a missing or wrong part is dropped."
static const struct xlate auth_info_rows[] = {
    XLATE_FIELD("eutran_vectors", AVP_E_UTRAN_VECTOR, .members = eutran_vector_rows,
                .order = AVP_ITEM_NUMBER, .note = VECTOR_NOTE),
    XLATE_FIELD("utran_vectors", AVP_UTRAN_VECTOR, .members = utran_vector_rows,
                .order = AVP_ITEM_NUMBER, .note = VECTOR_NOTE),
    XLATE_FIELD("geran_vectors", AVP_GERAN_VECTOR, .members = geran_vector_rows,
                .order = AVP_ITEM_NUMBER, .note = VECTOR_NOTE),
    XLATE_END,
};
static const struct xlate aia_rows[] = {
    XLATE_FIELD("error_diagnostic", AVP_ERROR_DIAGNOSTIC),
    FEATURES_ROW,
    XLATE_AVP(AVP_AUTHENTICATION_INFO, .members = auth_info_rows),
    XLATE_FIELD("ue_usage_type", AVP_UE_USAGE_TYPE),
    XLATE_END,
};

// ---- Update-Location ----
static bool ulr_short_features(const ProtobufCMessage *msg)
{
    return ((const ULR *)msg)->n_supported_features == 0;
}

static const struct xlate terminal_rows[] = {
    XLATE_FIELD("imei", AVP_IMEI, .min = 14, .max = 16),
    XLATE_FIELD("meid", AVP_3GPP2_MEID),
    XLATE_FIELD("software_version", AVP_SOFTWARE_VERSION, .min = 2, .max = 2),
    XLATE_END,
};
static const struct xlate active_apn_rows[] = {
    XLATE_FIELD("context_id", AVP_CONTEXT_IDENTIFIER, .flags = REQUIRED),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION),
    XLATE_FIELD("pdn_gateway", AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    XLATE_FIELD("specific_apns", AVP_SPECIFIC_APN_INFO, .members = s6a_specific_apn_rows),
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
    XLATE_FIELD("equivalent_plmns", AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3),
    XLATE_END,
};
static const struct xlate adjacent_rows[] = {
    XLATE_FIELD("adjacent_plmns", AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3),
    XLATE_END,
};
#define ULR_FLAG(name, bit)                                                                        \
    XLATE_FIELD((name), AVP_ULR_FLAGS, .conv = &xlate_bit, .flags = XLATE_ALWAYS, .value = (bit))
static const struct xlate ulr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    XLATE_AVP(AVP_SUPPORTED_FEATURES, .when = ulr_short_features, .members = features_1_rows,
              .note = "Only without `supported_features`."),
    XLATE_AVP(AVP_SUPPORTED_FEATURES, .when = ulr_short_features, .members = features_2_rows,
              .note = "Only without `supported_features`."),
    XLATE_FIELD("terminal_information", AVP_TERMINAL_INFORMATION, .members = terminal_rows),
    XLATE_FIELD("rat_type", AVP_RAT_TYPE, .flags = XLATE_DEFAULT, .value = 1004,
                .note = "1004 is E-UTRAN (TS 29.212 5.3.31)."),
    ULR_FLAG("single_registration", 0),
    XLATE_AVP(AVP_ULR_FLAGS, .conv = &xlate_bit, .flags = XLATE_CONST, .value = 1,
              .note = "S6a/S6d-Indicator, always set."),
    ULR_FLAG("skip_subscriber_data", 2),
    ULR_FLAG("gprs_subscription_data", 3),
    ULR_FLAG("combined_mme_sgsn", 4),
    ULR_FLAG("initial_attach", 5),
    ULR_FLAG("ps_lcs_not_supported", 6),
    ULR_FLAG("sms_only", 7),
    ULR_FLAG("dual_registration_5g_indicator", 8),
    XLATE_FIELD("ue_srvcc_capability", AVP_UE_SRVCC_CAPABILITY),
    XLATE_FIELD("visited_plmn", AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3),
    XLATE_FIELD("sgsn_number", AVP_SGSN_NUMBER, .conv = &xlate_tbcd),
    XLATE_FIELD("homogeneous_support_of_ims_voice",
                AVP_HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS),
    XLATE_FIELD("gmlc_address", AVP_GMLC_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("active_apns", AVP_ACTIVE_APN, .members = active_apn_rows),
    XLATE_AVP(AVP_EQUIVALENT_PLMN_LIST, .when = ulr_has_equivalent, .members = equivalent_rows),
    XLATE_FIELD("mme_number_for_mt_sms", AVP_MME_NUMBER_FOR_MT_SMS, .conv = &xlate_tbcd),
    XLATE_FIELD("sms_register_request", AVP_SMS_REGISTER_REQUEST),
    XLATE_FIELD("sgs_mme_identity", AVP_SGS_MME_IDENTITY),
    XLATE_AVP(AVP_ADJACENT_PLMNS, .when = ulr_has_adjacent, .members = adjacent_rows),
    XLATE_END,
};
static const struct xlate ula_rows[] = {
    XLATE_FIELD("error_diagnostic", AVP_ERROR_DIAGNOSTIC),
    FEATURES_ROW,
    XLATE_AVP(AVP_SUPPORTED_FEATURES, .members = features_1_rows),
    XLATE_AVP(AVP_SUPPORTED_FEATURES, .members = features_2_rows),
    XLATE_FIELD("ula_flags", AVP_ULA_FLAGS),
    XLATE_AVP(AVP_SUBSCRIPTION_DATA, .members = s6a_subscription_rows),
    XLATE_FIELD("reset_ids", AVP_RESET_ID),
    XLATE_END,
};

// ---- location information, toward the HSS (PUR, IDA) ----
static const struct xlate mme_location_rows[] = {
    XLATE_FIELD("ecgi", AVP_E_UTRAN_CELL_GLOBAL_IDENTITY),
    XLATE_FIELD("tai", AVP_TRACKING_AREA_IDENTITY),
    XLATE_FIELD("geographical_information", AVP_GEOGRAPHICAL_INFORMATION),
    XLATE_FIELD("geodetic_information", AVP_GEODETIC_INFORMATION),
    XLATE_FIELD("current_location_retrieved", AVP_CURRENT_LOCATION_RETRIEVED,
                .conv = &xlate_presence),
    XLATE_FIELD("age_of_location_minutes", AVP_AGE_OF_LOCATION_INFORMATION),
    XLATE_FIELD("enodeb_id", AVP_ENODEB_ID),
    XLATE_FIELD("extended_enodeb_id", AVP_EXTENDED_ENODEB_ID),
    XLATE_END,
};
static const struct xlate sgsn_location_rows[] = {
    XLATE_FIELD("cell_global_identity", AVP_CELL_GLOBAL_IDENTITY),
    XLATE_FIELD("location_area_identity", AVP_LOCATION_AREA_IDENTITY),
    XLATE_FIELD("service_area_identity", AVP_SERVICE_AREA_IDENTITY),
    XLATE_FIELD("routing_area_identity", AVP_ROUTING_AREA_IDENTITY),
    XLATE_FIELD("geographical_information", AVP_GEOGRAPHICAL_INFORMATION),
    XLATE_FIELD("geodetic_information", AVP_GEODETIC_INFORMATION),
    XLATE_FIELD("current_location_retrieved", AVP_CURRENT_LOCATION_RETRIEVED,
                .conv = &xlate_presence),
    XLATE_FIELD("age_of_location_minutes", AVP_AGE_OF_LOCATION_INFORMATION),
    XLATE_END,
};
static const struct xlate location_rows[] = {
    XLATE_FIELD("mme", AVP_MME_LOCATION_INFORMATION, .members = mme_location_rows),
    XLATE_FIELD("sgsn", AVP_SGSN_LOCATION_INFORMATION, .members = sgsn_location_rows),
    XLATE_END,
};

// ---- Purge-UE ----
static const struct xlate pur_rows[] = {
    USER_NAME_ROW,
    XLATE_FIELD("pur_flags", AVP_PUR_FLAGS),
    FEATURES_ROW,
    XLATE_FIELD("eps_location_information", AVP_EPS_LOCATION_INFORMATION, .members = location_rows),
    XLATE_END,
};
static const struct xlate pua_rows[] = {
    FEATURES_ROW,
    XLATE_FIELD("pua_flags", AVP_PUA_FLAGS),
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
    XLATE_FIELD("terminal_information", AVP_TERMINAL_INFORMATION, .members = terminal_rows),
    XLATE_FIELD("pdn_gateway", AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    XLATE_FIELD("context_id", AVP_CONTEXT_IDENTIFIER),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION),
    XLATE_FIELD("alert_reason", AVP_ALERT_REASON),
    XLATE_FIELD("ue_srvcc_capability", AVP_UE_SRVCC_CAPABILITY),
    XLATE_FIELD("nor_flags", AVP_NOR_FLAGS, .conv = &nor_flags, .flags = XLATE_ALWAYS,
                .value = 1 << 8),
    XLATE_FIELD("homogeneous_support_of_ims_voice",
                AVP_HOMOGENEOUS_SUPPORT_OF_IMS_VOICE_OVER_PS_SESSIONS),
    XLATE_FIELD("maximum_ue_availability_unix", AVP_MAXIMUM_UE_AVAILABILITY_TIME,
                .conv = &xlate_unix),
    XLATE_FIELD("emergency_services", AVP_EMERGENCY_SERVICES),
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
    XLATE_FIELD("cancellation_type", AVP_CANCELLATION_TYPE, .flags = REQUIRED,
                .note = "Settings may change it for access gateways that act on one type only."),
    XLATE_FIELD("clr_flags", AVP_CLR_FLAGS),
    XLATE_END,
};
static const struct xlate idr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    XLATE_FIELD("subscription_data", AVP_SUBSCRIPTION_DATA, .flags = REQUIRED,
                .members = s6a_subscription_rows),
    XLATE_FIELD("idr_flags", AVP_IDR_FLAGS),
    XLATE_FIELD("reset_ids", AVP_RESET_ID),
    XLATE_END,
};
static const struct xlate mme_state_rows[] = {
    XLATE_FIELD("mme", AVP_USER_STATE),
    XLATE_END,
};
static const struct xlate sgsn_state_rows[] = {
    XLATE_FIELD("sgsn", AVP_USER_STATE),
    XLATE_END,
};
static const struct xlate user_state_rows[] = {
    XLATE_AVP(AVP_MME_USER_STATE, .members = mme_state_rows),
    XLATE_AVP(AVP_SGSN_USER_STATE, .members = sgsn_state_rows),
    XLATE_END,
};
static const struct xlate time_zone_rows[] = {
    XLATE_FIELD("time_zone", AVP_TIME_ZONE, .flags = REQUIRED),
    XLATE_FIELD("daylight_saving_time", AVP_DAYLIGHT_SAVING_TIME, .flags = XLATE_DEFAULT),
    XLATE_END,
};
static const struct xlate ida_rows[] = {
    FEATURES_ROW,
    XLATE_FIELD("ims_voice_over_ps_sessions_supported", AVP_IMS_VOICE_OVER_PS_SESSIONS_SUPPORTED),
    XLATE_FIELD("last_ue_activity_unix", AVP_LAST_UE_ACTIVITY_TIME, .conv = &xlate_unix),
    XLATE_FIELD("rat_type", AVP_RAT_TYPE),
    XLATE_FIELD("ida_flags", AVP_IDA_FLAGS),
    XLATE_FIELD("eps_user_state", AVP_EPS_USER_STATE, .members = user_state_rows),
    XLATE_FIELD("eps_location_information", AVP_EPS_LOCATION_INFORMATION, .members = location_rows),
    XLATE_FIELD("local_time_zone", AVP_LOCAL_TIME_ZONE, .members = time_zone_rows),
    XLATE_END,
};
static const struct xlate edrx_rat_rows[] = {
    XLATE_FIELD("edrx_rat_types", AVP_RAT_TYPE),
    XLATE_END,
};
static const struct xlate dsr_rows[] = {
    USER_NAME_ROW,
    FEATURES_ROW,
    XLATE_FIELD("dsr_flags", AVP_DSR_FLAGS, .flags = REQUIRED),
    XLATE_FIELD("scef_id", AVP_SCEF_ID),
    XLATE_FIELD("context_ids", AVP_CONTEXT_IDENTIFIER),
    XLATE_FIELD("trace_reference", AVP_TRACE_REFERENCE),
    XLATE_FIELD("ts_codes", AVP_TS_CODE),
    XLATE_FIELD("ss_codes", AVP_SS_CODE),
    XLATE_AVP(AVP_EDRX_RELATED_RAT, .members = edrx_rat_rows),
    XLATE_FIELD("external_identifiers", AVP_EXTERNAL_IDENTIFIER),
    XLATE_END,
};
static const struct xlate dsa_rows[] = {
    FEATURES_ROW,
    XLATE_FIELD("dsa_flags", AVP_DSA_FLAGS),
    XLATE_END,
};
static const struct xlate rsr_rows[] = {
    FEATURES_ROW,
    XLATE_FIELD("user_id", AVP_USER_ID),
    XLATE_FIELD("reset_ids", AVP_RESET_ID),
    XLATE_END,
};

#define UP(id, text, where, code, req, dir, type, table)                                           \
    [S6A_##id] = {.name = #id,                                                                     \
                  .title = (text),                                                                 \
                  .clause = "TS 29.272 " where,                                                    \
                  .application = DIA_APP_S6A,                                                      \
                  .command = (code),                                                               \
                  .request = (req),                                                                \
                  .direction = (dir),                                                              \
                  .message = &(type),                                                              \
                  .rows = (table)}
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
    xlate_free_all(tables, S6A_MESSAGES);
}

enum err s6a_tables_compile(void (*report)(void *arg, const char *text), void *arg)
{
    return xlate_compile_all(defs, S6A_MESSAGES, report, arg, tables);
}

const struct xlate_table *s6a_table(enum s6a_message message)
{
    return tables[message];
}
