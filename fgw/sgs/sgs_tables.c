// SPDX-License-Identifier: BSD-3-Clause
// The rows, and the two walks over them.
#include "fgw/sgs/sgs_tables.h"

#include <inttypes.h>
#include <string.h>

#include "proto/csfb.pb-c.h"
#include "sgsap/ie.h"
#include "sgsap/mm_info.h"

enum conv {
    ROW_END,
    ROW_IMSI,     // digits
    ROW_BYTES,    // the IE's value
    ROW_VLR_NAME, // dotted text
    ROW_MME_NAME, // dotted text, ours
    ROW_IDENTITY, // the oneof of LocationUpdateAccept
    ROW_MM_INFO,  // the contents of MM information, read
};
struct sgs_row {
    enum conv conv;
    enum sgsap_ie ie;
    size_t offset;
};

#define T(name) Magma__Feg__##name
#define IMSI(m) {ROW_IMSI, SGSAP_IE_IMSI, offsetof(T(m), imsi)}
#define BYTES(m, ie, field) {ROW_BYTES, SGSAP_IE_##ie, offsetof(T(m), field)}
#define MME_NAME(m) {ROW_MME_NAME, SGSAP_IE_MME_NAME, offsetof(T(m), mme_name)}
#define VLR_NAME(m) {ROW_VLR_NAME, SGSAP_IE_VLR_NAME, offsetof(T(m), vlr_name)}
#define BYTES_OF(type, ie, field) {ROW_BYTES, SGSAP_IE_##ie, offsetof(type, field)}
#define ROWS(...) (const struct sgs_row[]){__VA_ARGS__, {ROW_END, SGSAP_IE_NONE, 0}}

#define UP(id, rpc, type, ...)                                                                     \
    {                                                                                              \
        SGSAP_##id, SGSAP_MME, "/magma.feg.CSFBFedGWService/" rpc,                                 \
            &magma__feg__##type##__descriptor, ROWS(__VA_ARGS__)                                   \
    }
#define DOWN(id, rpc, type, ...)                                                                   \
    {                                                                                              \
        SGSAP_##id, SGSAP_VLR, "/magma.feg.CSFBGatewayService/" rpc,                               \
            &magma__feg__##type##__descriptor, ROWS(__VA_ARGS__)                                   \
    }

const struct sgs_method sgs_method_table[] = {
    UP(ALERT_ACK, "AlertAc", alert_ack, IMSI(AlertAck)),
    UP(ALERT_REJECT, "AlertRej", alert_reject, IMSI(AlertReject),
       BYTES(AlertReject, CAUSE, sgs_cause)),
    UP(EPS_DETACH_INDICATION, "EPSDetachInd", epsdetach_indication, IMSI(EPSDetachIndication),
       MME_NAME(EPSDetachIndication),
       BYTES(EPSDetachIndication, EPS_DETACH_TYPE, imsi_detach_from_eps_service_type)),
    UP(IMSI_DETACH_INDICATION, "IMSIDetachInd", imsidetach_indication, IMSI(IMSIDetachIndication),
       MME_NAME(IMSIDetachIndication),
       BYTES(IMSIDetachIndication, IMSI_DETACH_TYPE, imsi_detach_from_non_eps_service_type)),
    UP(LOCATION_UPDATE_REQUEST, "LocationUpdateReq", location_update_request,
       IMSI(LocationUpdateRequest), MME_NAME(LocationUpdateRequest),
       BYTES(LocationUpdateRequest, EPS_LU_TYPE, eps_location_update_type),
       BYTES(LocationUpdateRequest, LAI, new_location_area_identifier),
       BYTES(LocationUpdateRequest, OLD_LAI, old_location_area_identifier),
       BYTES(LocationUpdateRequest, TMSI_STATUS, tmsi_status),
       BYTES(LocationUpdateRequest, IMEISV, imeisv), BYTES(LocationUpdateRequest, TAI, tai),
       BYTES(LocationUpdateRequest, ECGI, e_cgi),
       BYTES(LocationUpdateRequest, NRI_CONTAINER, tmsi_based_nri_container),
       BYTES(LocationUpdateRequest, CS_OPERATOR, selected_cs_domain_operator)),
    UP(PAGING_REJECT, "PagingRej", paging_reject, IMSI(PagingReject),
       BYTES(PagingReject, CAUSE, sgs_cause)),
    UP(SERVICE_REQUEST, "ServiceReq", service_request, IMSI(ServiceRequest),
       BYTES(ServiceRequest, SERVICE_INDICATOR, service_indicator),
       BYTES(ServiceRequest, IMEISV, imeisv), BYTES(ServiceRequest, UE_TIME_ZONE, ue_time_zone),
       BYTES(ServiceRequest, CLASSMARK2, mobile_station_classmark2),
       BYTES(ServiceRequest, TAI, tai), BYTES(ServiceRequest, ECGI, e_cgi),
       BYTES(ServiceRequest, UE_EMM_MODE, ue_emm_mode)),
    UP(TMSI_REALLOCATION_COMPLETE, "TMSIReallocationComp", tmsireallocation_complete,
       IMSI(TMSIReallocationComplete)),
    UP(UE_ACTIVITY_INDICATION, "UEActivityInd", ueactivity_indication,
       IMSI(UEActivityIndication),
       BYTES(UEActivityIndication, UE_AVAILABILITY, maximum_ue_availability_time)),
    UP(UE_UNREACHABLE, "UEUnreach", ueunreachable, IMSI(UEUnreachable),
       BYTES(UEUnreachable, CAUSE, sgs_cause),
       BYTES(UEUnreachable, REQ_RETRANSMISSION, requested_retransmission_time),
       BYTES(UEUnreachable, UNREACHABLE_INDICATORS, additional_ue_unreachable_indicators)),
    UP(UPLINK_UNITDATA, "Uplink", uplink_unitdata, IMSI(UplinkUnitdata),
       BYTES(UplinkUnitdata, NAS_CONTAINER, nas_message_container),
       BYTES(UplinkUnitdata, IMEISV, imeisv), BYTES(UplinkUnitdata, UE_TIME_ZONE, ue_time_zone),
       BYTES(UplinkUnitdata, CLASSMARK2, mobile_station_classmark2),
       BYTES(UplinkUnitdata, TAI, tai), BYTES(UplinkUnitdata, ECGI, e_cgi)),
    UP(RESET_ACK, "MMEResetAck", reset_ack, MME_NAME(ResetAck)),
    UP(RESET_INDICATION, "MMEResetIndication", reset_indication, MME_NAME(ResetIndication)),
    UP(STATUS, "MMEStatus", status, IMSI(Status), BYTES(Status, CAUSE, sgs_cause),
       BYTES(Status, ERRONEOUS_MESSAGE, erroneous_message)),
    {SGSAP_MO_CSFB_INDICATION, SGSAP_MME, "/fgw.sgs.SgsFallback/MobileOriginated",
     &fgw__sgs__mocsfbindication__descriptor,
     ROWS({ROW_IMSI, SGSAP_IE_IMSI, offsetof(Fgw__Sgs__MOCSFBIndication, imsi)},
          BYTES_OF(Fgw__Sgs__MOCSFBIndication, TAI, tai),
          BYTES_OF(Fgw__Sgs__MOCSFBIndication, ECGI, e_cgi))},

    DOWN(ALERT_REQUEST, "AlertReq", alert_request, IMSI(AlertRequest)),
    DOWN(DOWNLINK_UNITDATA, "Downlink", downlink_unitdata, IMSI(DownlinkUnitdata),
         BYTES(DownlinkUnitdata, NAS_CONTAINER, nas_message_container)),
    DOWN(EPS_DETACH_ACK, "EPSDetachAc", epsdetach_ack, IMSI(EPSDetachAck)),
    DOWN(IMSI_DETACH_ACK, "IMSIDetachAc", imsidetach_ack, IMSI(IMSIDetachAck)),
    DOWN(LOCATION_UPDATE_ACCEPT, "LocationUpdateAcc", location_update_accept,
         IMSI(LocationUpdateAccept), BYTES(LocationUpdateAccept, LAI, location_area_identifier),
         {ROW_IDENTITY, SGSAP_IE_MOBILE_IDENTITY, 0}),
    DOWN(LOCATION_UPDATE_REJECT, "LocationUpdateRej", location_update_reject,
         IMSI(LocationUpdateReject), BYTES(LocationUpdateReject, REJECT_CAUSE, reject_cause),
         BYTES(LocationUpdateReject, LAI, location_area_identifier)),
    DOWN(MM_INFORMATION_REQUEST, "MMInformationReq", mminformation_request,
         IMSI(MMInformationRequest), BYTES(MMInformationRequest, MM_INFORMATION, mm_information),
         {ROW_MM_INFO, SGSAP_IE_MM_INFORMATION, offsetof(T(MMInformationRequest), decoded)}),
    DOWN(PAGING_REQUEST, "PagingReq", paging_request, IMSI(PagingRequest), VLR_NAME(PagingRequest),
         BYTES(PagingRequest, SERVICE_INDICATOR, service_indicator),
         BYTES(PagingRequest, TMSI, tmsi), BYTES(PagingRequest, CLI, cli),
         BYTES(PagingRequest, LAI, location_area_identifier),
         BYTES(PagingRequest, GLOBAL_CN_ID, global_cn_id), BYTES(PagingRequest, SS_CODE, ss_code),
         BYTES(PagingRequest, LCS_INDICATOR, lcs_indicator),
         BYTES(PagingRequest, LCS_CLIENT_ID, lcs_client_identity),
         BYTES(PagingRequest, CHANNEL_NEEDED, channel_needed),
         BYTES(PagingRequest, EMLPP_PRIORITY, emlpp_priority),
         BYTES(PagingRequest, PAGING_INDICATORS, additional_paging_indicators),
         BYTES(PagingRequest, SM_DELIVERY_TIMER, sm_delivery_timer),
         BYTES(PagingRequest, SM_DELIVERY_START, sm_delivery_start_time),
         BYTES(PagingRequest, MAX_RETRANSMISSION, maximum_retransmission_time)),
    DOWN(RELEASE_REQUEST, "ReleaseReq", release_request, IMSI(ReleaseRequest),
         BYTES(ReleaseRequest, CAUSE, sgs_cause)),
    DOWN(SERVICE_ABORT_REQUEST, "ServiceAbort", service_abort_request, IMSI(ServiceAbortRequest)),
    DOWN(RESET_ACK, "VLRResetAck", reset_ack, MME_NAME(ResetAck), VLR_NAME(ResetAck)),
    DOWN(RESET_INDICATION, "VLRResetIndication", reset_indication, MME_NAME(ResetIndication),
         VLR_NAME(ResetIndication)),
    DOWN(STATUS, "VLRStatus", status, IMSI(Status), BYTES(Status, CAUSE, sgs_cause),
         BYTES(Status, ERRONEOUS_MESSAGE, erroneous_message)),
};
const size_t sgs_n_methods = sizeof(sgs_method_table) / sizeof(sgs_method_table[0]);

const struct sgs_method *sgs_method_of(uint8_t type, enum sgsap_side from)
{
    for (size_t i = 0; i < sgs_n_methods; i++) {
        if (sgs_method_table[i].type == type && sgs_method_table[i].from == from)
            return &sgs_method_table[i];
    }
    return NULL;
}

// ---- access gateway to VLR ----
static enum err set_imsi(struct sgsap_msg *msg, const char *text)
{
    struct base_imsi imsi;
    if (!text[0] && msg->type == SGSAP_STATUS)
        return ERR_OK; // the only message that is not always about somebody
    enum err err = base_imsi_parse(text, strlen(text), &imsi);
    return err ? err : sgsap_set_imsi(msg, &imsi);
}

static enum err set_bytes(struct sgsap_msg *msg, enum sgsap_ie ie, const ProtobufCBinaryData *bytes)
{
    if (bytes->len == 0)
        return ERR_OK;
    if (bytes->len > UINT8_MAX)
        return ERR_ENCODE_VALUE;
    sgsap_set(msg, ie, bytes->data, (uint8_t)bytes->len);
    return ERR_OK;
}

enum err sgs_from_agw(const struct sgs_method *method, const ProtobufCMessage *body,
                      const char *own_name, struct sgsap_msg *msg, enum sgsap_ie *bad)
{
    enum err err = ERR_OK;
    sgsap_init(msg, (enum sgsap_type)method->type);
    for (const struct sgs_row *row = method->rows; row->conv != ROW_END && !err; row++) {
        const void *field = (const uint8_t *)body + row->offset;
        if (row->conv == ROW_IMSI)
            err = set_imsi(msg, *(char *const *)field);
        else if (row->conv == ROW_BYTES)
            err = set_bytes(msg, row->ie, field);
        else if (row->conv == ROW_MME_NAME)
            err = sgsap_set_name(msg, row->ie, own_name);
        if (err && bad)
            *bad = row->ie;
    }
    return err ? ERR_ENCODE_VALUE : ERR_OK;
}

// ---- VLR to access gateway ----
// Texts and the message, all of one translation.
struct form {
    union {
        ProtobufCMessage base;
        T(PagingRequest) largest_of_all;
        T(LocationUpdateAccept) accept;
    };
    struct base_imsi imsi;
    struct sgsap_mobile mobile;
    uint8_t tmsi[4];
    char vlr_name[SGSAP_NAME_MAX];
    struct sgsap_mm_info mm_info;
    Fgw__Sgs__MMInformation decoded;
};

static enum err put_identity(struct form *form, struct sgsap_value value)
{
    if (!value.data)
        return ERR_OK;
    enum err err = sgsap_read_mobile(value, &form->mobile);
    if (err)
        return err;
    if (!form->mobile.is_tmsi) {
        form->accept.new_imsitmsi_case =
            MAGMA__FEG__LOCATION_UPDATE_ACCEPT__NEW_IMSITMSI_NEW_IMSI;
        form->accept.new_imsi = form->mobile.imsi.digits;
        return ERR_OK;
    }
    for (int i = 0; i < 4; i++)
        form->tmsi[i] = (uint8_t)(form->mobile.tmsi >> (24 - 8 * i));
    form->accept.new_imsitmsi_case = MAGMA__FEG__LOCATION_UPDATE_ACCEPT__NEW_IMSITMSI_NEW_TMSI;
    form->accept.new_tmsi = (ProtobufCBinaryData){.len = 4, .data = form->tmsi};
    return ERR_OK;
}

// Left away if it cannot be read: the UE gets the octets and judges for itself.
static enum err put_mm_info(struct form *form, struct sgsap_value value,
                            Fgw__Sgs__MMInformation **field)
{
    const struct sgsap_mm_info *from = &form->mm_info;
    Fgw__Sgs__MMInformation *to = &form->decoded;
    if (sgsap_read_mm_info(value, &form->mm_info) != ERR_OK)
        return ERR_OK;
    fgw__sgs__mminformation__init(to);
    to->full_name = form->mm_info.full_name;
    to->short_name = form->mm_info.short_name;
    to->has_lsa_identity = from->has_lsa;
    if (from->has_time_zone) {
        to->time_zone_present_case = FGW__SGS__MMINFORMATION__TIME_ZONE_PRESENT_TIME_ZONE_MINUTES;
        to->time_zone_minutes = from->time_zone_minutes;
    }
    if (from->has_time) {
        to->time_present_case = FGW__SGS__MMINFORMATION__TIME_PRESENT_UNIVERSAL_TIME;
        to->universal_time = from->time;
    }
    if (from->has_daylight_saving) {
        to->daylight_saving_present_case =
            FGW__SGS__MMINFORMATION__DAYLIGHT_SAVING_PRESENT_DAYLIGHT_SAVING_HOURS;
        to->daylight_saving_hours = from->daylight_saving_hours;
    }
    *field = to;
    return ERR_OK;
}

static enum err put(struct form *form, const struct sgs_row *row, const struct sgsap_msg *msg,
                    const char *own_name)
{
    void *field = (uint8_t *)&form->base + row->offset;
    struct sgsap_value value = msg->ie[row->ie];
    enum err err = ERR_OK;
    switch (row->conv) {
    case ROW_IMSI:
        if (value.data && (err = sgsap_read_imsi(value, &form->imsi)) == ERR_OK)
            *(char **)field = form->imsi.digits;
        return err;
    case ROW_BYTES:
        *(ProtobufCBinaryData *)field =
            (ProtobufCBinaryData){.len = value.len, .data = (uint8_t *)(uintptr_t)value.data};
        return ERR_OK;
    case ROW_VLR_NAME:
        if (value.data && (err = sgsap_read_name(value, form->vlr_name, SGSAP_NAME_MAX)) == ERR_OK)
            *(char **)field = form->vlr_name;
        return err;
    case ROW_MME_NAME:
        *(char **)field = (char *)(uintptr_t)own_name;
        return ERR_OK;
    case ROW_IDENTITY:
        return put_identity(form, value);
    case ROW_MM_INFO:
        return put_mm_info(form, value, field);
    default:
        return ERR_INTERNAL;
    }
}

enum err sgs_to_agw(const struct sgs_method *method, const struct sgsap_msg *msg,
                    const char *own_name, uint8_t *buf, size_t size, size_t *len)
{
    struct form form;
    enum err err = ERR_OK;
    if (method->body->sizeof_message > sizeof(form.largest_of_all))
        return ERR_INTERNAL;
    protobuf_c_message_init(method->body, &form.base);
    for (const struct sgs_row *row = method->rows; row->conv != ROW_END && !err; row++)
        err = put(&form, row, msg, own_name);
    if (err)
        return err;
    *len = protobuf_c_message_get_packed_size(&form.base);
    if (*len > size)
        return ERR_ENCODE_SPACE;
    protobuf_c_message_pack(&form.base, buf);
    return ERR_OK;
}

// ---- documentation ----
static const char *field_name(const struct sgs_method *method, const struct sgs_row *row)
{
    for (unsigned i = 0; i < method->body->n_fields; i++) {
        if (method->body->fields[i].offset == row->offset)
            return method->body->fields[i].name;
    }
    return row->conv == ROW_IDENTITY ? "new_imsi, new_tmsi" : "?";
}

static const char *conv_name(const struct sgs_row *row)
{
    switch (row->conv) {
    case ROW_IMSI:
        return "decimal digits";
    case ROW_VLR_NAME:
        return "dotted text";
    case ROW_MME_NAME:
        return "our name, whatever the access gateway says";
    case ROW_IDENTITY:
        return "IMSI as digits, TMSI as four octets";
    case ROW_MM_INFO:
        return "names, time zone, time, daylight saving as values (TS 24.008 9.2.15a)";
    default:
        return "octets of the value";
    }
}

void sgs_tables_doc(FILE *out)
{
    for (size_t i = 0; i < sgs_n_methods; i++) {
        const struct sgs_method *m = &sgs_method_table[i];
        const struct sgsap_message *message = sgsap_message_of(m->type);
        fprintf(out, "\n### SGsAP-%s (%s) %s `%s`\n\n| IE | field of %s | as |\n|---|---|---|\n",
                message->name, message->clause, m->from == SGSAP_MME ? "from" : "to", m->path + 1,
                m->body->short_name);
        for (const struct sgs_row *row = m->rows; row->conv != ROW_END; row++)
            fprintf(out, "| %s | %s | %s |\n", sgsap_ie_name(row->ie), field_name(m, row),
                    conv_name(row));
    }
}
