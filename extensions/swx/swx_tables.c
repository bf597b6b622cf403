// SPDX-License-Identifier: BSD-3-Clause
// Translation tables of the SWx messages (TS 29.273 8.2.2), side of the 3GPP AAA server. What the
// rows leave out is added by code: Session-Id, application, origin, destination,
// Auth-Session-State, results. Not for Non-3GPP-User-Data (swx_user_data.c).
#include "extensions/swx/swx_tables.h"

#include <string.h>

#include "diameter/avp.h"
#include "extensions/s6a/s6a_tables.h"
#include "proto/s6a.pb-c.h"
#include "proto/swx.pb-c.h"
#include "proto/swx_gateway.pb-c.h"

#define REQUIRED XLATE_REQUIRED
#define USER_NAME_ROW                                                                              \
    XLATE_FIELD("user_name", AVP_USER_NAME, .conv = &xlate_imsi, .flags = REQUIRED)
#define FEATURES_ROW                                                                               \
    XLATE_FIELD("supported_features", AVP_SUPPORTED_FEATURES, .members = features_rows)

// ---- Supported-Features (TS 29.229 6.3.29) ----
static const struct xlate features_rows[] = {
    XLATE_FIELD("vendor_id", AVP_VENDOR_ID, .flags = XLATE_DEFAULT, .value = DIA_3GPP),
    XLATE_FIELD("feature_list_id", AVP_FEATURE_LIST_ID, .flags = REQUIRED),
    XLATE_FIELD("feature_list", AVP_FEATURE_LIST, .flags = REQUIRED | XLATE_ALWAYS),
    XLATE_END,
};
static const struct xlate terminal_rows[] = {
    XLATE_FIELD("imei", AVP_IMEI, .min = 14, .max = 16),
    XLATE_FIELD("meid", AVP_3GPP2_MEID),
    XLATE_FIELD("software_version", AVP_SOFTWARE_VERSION, .min = 2, .max = 2),
    XLATE_END,
};
#define TERMINAL_ROW                                                                               \
    XLATE_FIELD("terminal_information", AVP_TERMINAL_INFORMATION, .members = terminal_rows)

// ---- Multimedia-Auth ----
// The schemes as TS 29.273 8.2.3.9 spells them.
static const char *const schemes[] = {"EAP-AKA", "EAP-AKA'"};

static enum err scheme_encode(struct xlate_ctx *ctx, const struct xlate *row,
                              const struct xlate_value *in, struct xlate_value *out)
{
    if (in->num < 0 || in->num > 1)
        return ERR_ENCODE_VALUE;
    out->is_bytes = true;
    out->data = (const uint8_t *)schemes[in->num];
    out->len = strlen(schemes[in->num]);
    return ERR_OK;
}

static enum err scheme_decode(struct xlate_ctx *ctx, const struct xlate *row,
                              const struct xlate_value *in, struct xlate_value *out)
{
    for (int i = 0; i < 2; i++) {
        if (in->len != strlen(schemes[i]) || memcmp(in->data, schemes[i], in->len) != 0)
            continue;
        out->is_bytes = false;
        out->num = i;
        return ERR_OK;
    }
    return ERR_DECODE_VALUE;
}

static const struct xlate_conv scheme = {
    .name = "scheme",
    .help = "EAP_AKA is `EAP-AKA`, EAP_AKA_PRIME is `EAP-AKA'`",
    .fields = XLATE_F_ENUM,
    .avps = XLATE_A_TEXT,
    .encode = scheme_encode,
    .decode = scheme_decode,
};

static const struct xlate auth_request_rows[] = {
    XLATE_FIELD("authentication_scheme", AVP_SIP_AUTHENTICATION_SCHEME, .conv = &scheme,
                .flags = XLATE_ALWAYS),
    XLATE_FIELD("resync_info", AVP_SIP_AUTHORIZATION, .min = 30, .max = 30,
                .note = "RAND and AUTS."),
    XLATE_END,
};
#define VECTORS_MAX 5 // what an HSS gives at most
static const struct xlate mar_rows[] = {
    USER_NAME_ROW,
    XLATE_AVP(AVP_SIP_AUTH_DATA_ITEM, .flags = XLATE_ALWAYS, .members = auth_request_rows),
    XLATE_FIELD("sip_num_auth_vectors", AVP_SIP_NUMBER_AUTH_ITEMS, .conv = &xlate_at_most,
                .flags = REQUIRED, .max = VECTORS_MAX,
                .note = "As many as the cache keeps, if that is more than were asked for."),
    XLATE_FIELD("rat_type", AVP_RAT_TYPE, .flags = XLATE_ALWAYS, .note = "0 is WLAN."),
    XLATE_FIELD("access_network_identity", AVP_ANID,
                .note = "For EAP-AKA' always: setting `anid` where the field is not set."),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    TERMINAL_ROW,
    XLATE_FIELD("aaa_failure", AVP_AAA_FAILURE_INDICATION, .conv = &xlate_bit, .value = 0),
    FEATURES_ROW,
    XLATE_END,
};
static const struct xlate vector_rows[] = {
    XLATE_FIELD("authentication_scheme", AVP_SIP_AUTHENTICATION_SCHEME, .conv = &scheme,
                .flags = REQUIRED),
    XLATE_FIELD("rand_autn", AVP_SIP_AUTHENTICATE, .flags = REQUIRED, .min = 32, .max = 32),
    XLATE_FIELD("xres", AVP_SIP_AUTHORIZATION, .flags = REQUIRED, .min = 4, .max = 16),
    XLATE_FIELD("confidentiality_key", AVP_CONFIDENTIALITY_KEY, .flags = REQUIRED, .min = 16,
                .max = 16, .note = "CK' for EAP-AKA'."),
    XLATE_FIELD("integrity_key", AVP_INTEGRITY_KEY, .flags = REQUIRED, .min = 16, .max = 16,
                .note = "IK' for EAP-AKA'."),
    XLATE_END,
};
static const struct xlate maa_rows[] = {
    XLATE_FIELD("user_name", AVP_USER_NAME),
    XLATE_FIELD("sip_auth_vectors", AVP_SIP_AUTH_DATA_ITEM, .members = vector_rows,
                .order = AVP_SIP_ITEM_NUMBER,
                .note = "Never more than asked for; a vector with a missing or wrong part, or of "
                        "another scheme, "
                        "is dropped."),
    XLATE_FIELD("serving_aaa_server", AVP_3GPP_AAA_SERVER_NAME),
    FEATURES_ROW,
    XLATE_FIELD("session_id", AVP_SESSION_ID),
    XLATE_END,
};

// ---- Server-Assignment ----
static const struct xlate active_apn_rows[] = {
    XLATE_FIELD("context_id", AVP_CONTEXT_IDENTIFIER, .flags = REQUIRED),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION),
    XLATE_FIELD("pdn_gateway", AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    XLATE_FIELD("specific_apns", AVP_SPECIFIC_APN_INFO, .members = s6a_specific_apn_rows),
    XLATE_END,
};
static const struct xlate sar_rows[] = {
    USER_NAME_ROW,
    XLATE_FIELD(
        "type", AVP_SERVER_ASSIGNMENT_TYPE, .flags = XLATE_ALWAYS,
        .note =
            "Register is REGISTRATION, Deregister is USER_DEREGISTRATION; Authenticate asks for "
            "the "
            "profile with AAA_USER_DATA_REQUEST, or REGISTRATION with setting `register_on_auth`."),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION),
    XLATE_FIELD("context_id", AVP_CONTEXT_IDENTIFIER),
    XLATE_FIELD("pdn_gateway", AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    XLATE_FIELD("active_apns", AVP_ACTIVE_APN, .members = active_apn_rows),
    TERMINAL_ROW,
    XLATE_FIELD("emergency_services", AVP_EMERGENCY_SERVICES),
    FEATURES_ROW,
    XLATE_END,
};
#define USER_DATA_ROW                                                                              \
    XLATE_FIELD("user_data", AVP_NON_3GPP_USER_DATA, .members = swx_user_data_rows,                \
                .after = swx_user_data_order)
static const struct xlate saa_rows[] = {
    XLATE_FIELD("user_name", AVP_USER_NAME),
    USER_DATA_ROW,
    XLATE_FIELD("serving_aaa_server", AVP_3GPP_AAA_SERVER_NAME),
    FEATURES_ROW,
    XLATE_FIELD("session_id", AVP_SESSION_ID),
    XLATE_END,
};

// ---- requests of the HSS ----
static const struct xlate reason_rows[] = {
    XLATE_FIELD("reason_code", AVP_REASON_CODE, .flags = REQUIRED),
    XLATE_FIELD("reason_info", AVP_REASON_INFO),
    XLATE_END,
};
static const struct xlate rtr_rows[] = {
    USER_NAME_ROW,
    XLATE_AVP(AVP_DEREGISTRATION_REASON, .flags = REQUIRED, .members = reason_rows),
    XLATE_FIELD("session_id", AVP_SESSION_ID),
    XLATE_END,
};
static const struct xlate ppr_rows[] = {
    USER_NAME_ROW,
    USER_DATA_ROW,
    XLATE_FIELD("ppr_flags", AVP_PPR_FLAGS),
    FEATURES_ROW,
    XLATE_FIELD("session_id", AVP_SESSION_ID),
    XLATE_END,
};
static const struct xlate access_info_rows[] = {
    XLATE_FIELD("ssid", AVP_SSID),
    XLATE_FIELD("bssid", AVP_BSSID),
    XLATE_FIELD("location_information", AVP_LOCATION_INFORMATION),
    XLATE_FIELD("location_data", AVP_LOCATION_DATA),
    XLATE_FIELD("operator_name", AVP_OPERATOR_NAME),
    XLATE_FIELD("logical_access_id", AVP_LOGICAL_ACCESS_ID),
    XLATE_END,
};
static const struct xlate time_zone_rows[] = {
    XLATE_FIELD("time_zone", AVP_TIME_ZONE, .flags = REQUIRED),
    XLATE_FIELD("daylight_saving_time", AVP_DAYLIGHT_SAVING_TIME, .flags = XLATE_DEFAULT),
    XLATE_END,
};
static const struct xlate ppa_rows[] = {
    XLATE_FIELD("access_network_info", AVP_ACCESS_NETWORK_INFO, .members = access_info_rows),
    XLATE_FIELD("local_time_zone", AVP_LOCAL_TIME_ZONE, .members = time_zone_rows),
    FEATURES_ROW,
    XLATE_END,
};

// ---- S6a in place of SWx ----
static const struct xlate utran_info_rows[] = {
    XLATE_FIELD("num_requested_utran_geran_vectors", AVP_NUMBER_OF_REQUESTED_VECTORS,
                .conv = &xlate_at_most, .flags = REQUIRED, .max = VECTORS_MAX),
    XLATE_FIELD("immediate_response_preferred", AVP_IMMEDIATE_RESPONSE_PREFERRED,
                .conv = &xlate_presence, .value = 1),
    XLATE_FIELD("utran_geran_resync_info", AVP_RE_SYNCHRONIZATION_INFO, .min = 30, .max = 30,
                .note = "RAND and AUTS."),
    XLATE_END,
};
static const struct xlate air_rows[] = {
    USER_NAME_ROW,
    XLATE_AVP(AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO, .members = utran_info_rows),
    XLATE_FIELD("visited_plmn", AVP_VISITED_PLMN_ID, .flags = REQUIRED, .min = 3, .max = 3,
                .note = "Setting `s6a_visited_plmn`."),
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
static const struct xlate auth_info_rows[] = {
    XLATE_FIELD("utran_vectors", AVP_UTRAN_VECTOR, .members = utran_vector_rows,
                .order = AVP_ITEM_NUMBER),
    XLATE_END,
};
static const struct xlate aia_rows[] = {
    XLATE_AVP(AVP_AUTHENTICATION_INFO, .members = auth_info_rows),
    XLATE_END,
};

#define MESSAGE(id, text, where, app, code, req, dir, type, table)                                 \
    [SWX_##id] = {.name = #id,                                                                     \
                  .title = (text),                                                                 \
                  .clause = (where),                                                               \
                  .application = (app),                                                            \
                  .command = (code),                                                               \
                  .request = (req),                                                                \
                  .direction = (dir),                                                              \
                  .message = &(type),                                                              \
                  .rows = (table)}
#define SWX(id, text, where, code, req, dir, type, table)                                          \
    MESSAGE(id, text, "TS 29.273 " where, DIA_APP_SWX, code, req, dir, type, table)
static const struct xlate_def defs[SWX_MESSAGES] = {
    SWX(MAR, "Multimedia-Auth-Request", "8.2.2.1", DIA_CMD_MAR, true, XLATE_ENCODE,
        magma__feg__authentication_request__descriptor, mar_rows),
    SWX(MAA, "Multimedia-Auth-Answer", "8.2.2.1", DIA_CMD_MAR, false, XLATE_DECODE,
        magma__feg__authentication_answer__descriptor, maa_rows),
    SWX(SAR, "Server-Assignment-Request", "8.2.2.3", DIA_CMD_SAR, true, XLATE_ENCODE,
        fgw__swx__assign_request__descriptor, sar_rows),
    SWX(SAA, "Server-Assignment-Answer", "8.2.2.3", DIA_CMD_SAR, false, XLATE_DECODE,
        fgw__swx__assign_answer__descriptor, saa_rows),
    SWX(RTR, "Registration-Termination-Request", "8.2.2.4", DIA_CMD_RTR, true, XLATE_DECODE,
        magma__feg__registration_termination_request__descriptor, rtr_rows),
    SWX(PPR, "Push-Profile-Request", "8.2.2.2", DIA_CMD_PPR, true, XLATE_DECODE,
        fgw__swx__push_profile_request__descriptor, ppr_rows),
    SWX(PPA, "Push-Profile-Answer", "8.2.2.2", DIA_CMD_PPR, false, XLATE_ENCODE,
        fgw__swx__push_profile_answer__descriptor, ppa_rows),
    MESSAGE(S6A_AIR, "Authentication-Information-Request of S6a", "TS 29.272 7.2.5", DIA_APP_S6A,
            DIA_CMD_AIR, true, XLATE_ENCODE,
            magma__feg__authentication_information_request__descriptor, air_rows),
    MESSAGE(S6A_AIA, "Authentication-Information-Answer of S6a", "TS 29.272 7.2.6", DIA_APP_S6A,
            DIA_CMD_AIR, false, XLATE_DECODE,
            magma__feg__authentication_information_answer__descriptor, aia_rows),
};

static struct xlate_table *tables[SWX_MESSAGES];

void swx_tables_free(void)
{
    xlate_free_all(tables, SWX_MESSAGES);
}

enum err swx_tables_compile(void (*report)(void *arg, const char *text), void *arg)
{
    return xlate_compile_all(defs, SWX_MESSAGES, report, arg, tables);
}

const struct xlate_table *swx_table(enum swx_message message)
{
    return tables[message];
}
