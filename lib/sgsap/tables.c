// SPDX-License-Identifier: BSD-3-Clause
// TS 29.118 §8 and §9.3 as data: which IEs each message has, in which order, and how long they are.
#include "sgsap/sgsap.h"

static const struct sgsap_element elements[SGSAP_IE_COUNT] = {
#define ELEMENT_(id, iei_, name_, kind_, min_, max_)                                        \
    [SGSAP_IE_##id] = {                                                                     \
        .iei = (iei_), .min = (min_), .max = (max_), .kind = (kind_), .name = (name_)},
    SGSAP_IES(ELEMENT_)
#undef ELEMENT_
};

#define M(id) {SGSAP_IE_##id, SGSAP_MANDATORY}
#define O(id) {SGSAP_IE_##id, SGSAP_OPTIONAL}
#define MME(id) {SGSAP_IE_##id, SGSAP_FROM_MME}
#define VLR(id) {SGSAP_IE_##id, SGSAP_FROM_VLR}
#define PARTS(...)                                                                          \
    .parts = {__VA_ARGS__},                                                                 \
    .n_parts = sizeof((struct sgsap_part[]){__VA_ARGS__}) / sizeof(struct sgsap_part)

static const struct sgsap_message messages[] = {
    {SGSAP_ALERT_ACK, "ALERT-ACK", "8.1", .from_mme = true, PARTS(M(IMSI))},
    {SGSAP_ALERT_REJECT, "ALERT-REJECT", "8.2", .from_mme = true, PARTS(M(IMSI), M(CAUSE))},
    {SGSAP_ALERT_REQUEST, "ALERT-REQUEST", "8.3", .from_vlr = true, PARTS(M(IMSI))},
    {SGSAP_DOWNLINK_UNITDATA, "DOWNLINK-UNITDATA", "8.4", .from_vlr = true,
     PARTS(M(IMSI), M(NAS_CONTAINER))},
    {SGSAP_EPS_DETACH_ACK, "EPS-DETACH-ACK", "8.5", .from_vlr = true, PARTS(M(IMSI))},
    {SGSAP_EPS_DETACH_INDICATION, "EPS-DETACH-INDICATION", "8.6", .from_mme = true,
     PARTS(M(IMSI), M(MME_NAME), M(EPS_DETACH_TYPE))},
    {SGSAP_IMSI_DETACH_ACK, "IMSI-DETACH-ACK", "8.7", .from_vlr = true, PARTS(M(IMSI))},
    {SGSAP_IMSI_DETACH_INDICATION, "IMSI-DETACH-INDICATION", "8.8", .from_mme = true,
     PARTS(M(IMSI), M(MME_NAME), M(IMSI_DETACH_TYPE))},
    {SGSAP_LOCATION_UPDATE_ACCEPT, "LOCATION-UPDATE-ACCEPT", "8.9", .from_vlr = true,
     PARTS(M(IMSI), M(LAI), O(MOBILE_IDENTITY))},
    {SGSAP_LOCATION_UPDATE_REJECT, "LOCATION-UPDATE-REJECT", "8.10", .from_vlr = true,
     PARTS(M(IMSI), M(REJECT_CAUSE), O(LAI))},
    {SGSAP_LOCATION_UPDATE_REQUEST, "LOCATION-UPDATE-REQUEST", "8.11", .from_mme = true,
     PARTS(M(IMSI), M(MME_NAME), M(EPS_LU_TYPE), M(LAI), O(OLD_LAI), O(TMSI_STATUS), O(IMEISV),
           O(TAI), O(ECGI), O(NRI_CONTAINER), O(CS_OPERATOR))},
    {SGSAP_MM_INFORMATION_REQUEST, "MM-INFORMATION-REQUEST", "8.12", .from_vlr = true,
     PARTS(M(IMSI), M(MM_INFORMATION))},
    {SGSAP_PAGING_REJECT, "PAGING-REJECT", "8.13", .from_mme = true, PARTS(M(IMSI), M(CAUSE))},
    {SGSAP_PAGING_REQUEST, "PAGING-REQUEST", "8.14", .from_vlr = true,
     PARTS(M(IMSI), M(VLR_NAME), M(SERVICE_INDICATOR), O(TMSI), O(CLI), O(LAI), O(GLOBAL_CN_ID),
           O(SS_CODE), O(LCS_INDICATOR), O(LCS_CLIENT_ID), O(CHANNEL_NEEDED), O(EMLPP_PRIORITY),
           O(PAGING_INDICATORS), O(SM_DELIVERY_TIMER), O(SM_DELIVERY_START),
           O(MAX_RETRANSMISSION))},
    {SGSAP_RESET_ACK, "RESET-ACK", "8.15", .from_mme = true, .from_vlr = true,
     PARTS(MME(MME_NAME), VLR(VLR_NAME))},
    {SGSAP_RESET_INDICATION, "RESET-INDICATION", "8.16", .from_mme = true, .from_vlr = true,
     PARTS(MME(MME_NAME), VLR(VLR_NAME))},
    {SGSAP_SERVICE_REQUEST, "SERVICE-REQUEST", "8.17", .from_mme = true,
     PARTS(M(IMSI), M(SERVICE_INDICATOR), O(IMEISV), O(UE_TIME_ZONE), O(CLASSMARK2), O(TAI),
           O(ECGI), O(UE_EMM_MODE))},
    {SGSAP_STATUS, "STATUS", "8.18", .from_mme = true, .from_vlr = true,
     PARTS(O(IMSI), M(CAUSE), M(ERRONEOUS_MESSAGE))},
    {SGSAP_TMSI_REALLOCATION_COMPLETE, "TMSI-REALLOCATION-COMPLETE", "8.19", .from_mme = true,
     PARTS(M(IMSI))},
    {SGSAP_UE_ACTIVITY_INDICATION, "UE-ACTIVITY-INDICATION", "8.20", .from_mme = true,
     PARTS(M(IMSI), O(UE_AVAILABILITY))},
    {SGSAP_UE_UNREACHABLE, "UE-UNREACHABLE", "8.21", .from_mme = true,
     PARTS(M(IMSI), M(CAUSE), O(REQ_RETRANSMISSION), O(UNREACHABLE_INDICATORS))},
    {SGSAP_UPLINK_UNITDATA, "UPLINK-UNITDATA", "8.22", .from_mme = true,
     PARTS(M(IMSI), M(NAS_CONTAINER), O(IMEISV), O(UE_TIME_ZONE), O(CLASSMARK2), O(TAI),
           O(ECGI))},
    {SGSAP_RELEASE_REQUEST, "RELEASE-REQUEST", "8.23", .from_vlr = true,
     PARTS(M(IMSI), O(CAUSE))},
    {SGSAP_SERVICE_ABORT_REQUEST, "SERVICE-ABORT-REQUEST", "8.24", .from_vlr = true,
     PARTS(M(IMSI))},
    {SGSAP_MO_CSFB_INDICATION, "MO-CSFB-INDICATION", "8.25", .from_mme = true,
     PARTS(M(IMSI), O(TAI), O(ECGI))},
};

const struct sgsap_message *sgsap_message_of(uint8_t type)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (messages[i].type == type)
            return &messages[i];
    }
    return NULL;
}

const struct sgsap_element *sgsap_element_of(enum sgsap_ie ie)
{
    return (unsigned)ie < SGSAP_IE_COUNT ? &elements[ie] : NULL;
}

bool sgsap_part_required(const struct sgsap_part *part, enum sgsap_side from)
{
    switch (part->presence) {
    case SGSAP_MANDATORY:
        return true;
    case SGSAP_FROM_MME:
        return from == SGSAP_MME;
    case SGSAP_FROM_VLR:
        return from == SGSAP_VLR;
    default:
        return false;
    }
}

bool sgsap_part_allowed(const struct sgsap_part *part, enum sgsap_side from)
{
    return part->presence == SGSAP_OPTIONAL || sgsap_part_required(part, from);
}
