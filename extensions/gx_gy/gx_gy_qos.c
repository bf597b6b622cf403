// SPDX-License-Identifier: BSD-3-Clause
// The QoS of a session and its default bearer, which later requests must know: what the PCRF
// authorised (TS 29.212 4.5.5), unless the access gateway says something new since. It is kept
// where everything about a session is, in the TgppContext. Not for the QoS of rules.
#include <stdio.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

typedef Magma__Lte__SessionQos SessionQos;
typedef Magma__Lte__QosInformationRequest Said;
#define SET(msg, KIND, field, FIELD, val)                                                          \
    ((msg)->field = (val), (msg)->field##_present_case = KIND##_PRESENT_##FIELD)

uint32_t gxgy_plain_rate(uint64_t bps, uint32_t *extended)
{
    *extended = bps > UINT32_MAX ? (uint32_t)(bps / 1000) : 0;
    return bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps;
}

uint64_t gxgy_said_rate(const Said *said, uint32_t rate)
{
    return said->br_unit == MAGMA__LTE__QOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__KBPS
               ? (uint64_t)rate * 1000
               : rate;
}

uint32_t gxgy_qos_digest(const Said *said)
{
    char text[128];
    snprintf(text, sizeof(text), "%u %u %u %u %u %u %u", said->apn_ambr_ul, said->apn_ambr_dl,
             said->priority_level, said->preemption_capability, said->preemption_vulnerability,
             said->qos_class_id, (unsigned)said->br_unit);
    uint64_t hash = gxgy_turn_key(text);
    uint32_t digest = (uint32_t)(hash ^ hash >> 32);
    return digest ? digest : 1;
}

enum err gxgy_qos_of_said(struct base_arena *arena, const Said *said, SessionQos **out)
{
    SessionQos *qos = *out = GXGY_NEW(arena, magma__lte__session_qos__descriptor);
    if (!qos)
        return ERR_NOMEM;
    qos->apn_ambr_ul = gxgy_said_rate(said, said->apn_ambr_ul);
    qos->apn_ambr_dl = gxgy_said_rate(said, said->apn_ambr_dl);
    qos->qci = said->qos_class_id;
    if (said->priority_level < 1 || said->priority_level > 15)
        return ERR_OK;
    qos->arp = GXGY_NEW(arena, magma__lte__qos_arp__descriptor);
    if (!qos->arp)
        return ERR_NOMEM;
    qos->arp->priority_level = said->priority_level;
    qos->arp->pre_capability = (Magma__Lte__QosArp__PreCap)said->preemption_capability;
    qos->arp->pre_vulnerability = (Magma__Lte__QosArp__PreVul)said->preemption_vulnerability;
    return ERR_OK;
}

enum err gxgy_qos_authorised(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                             SessionQos **qos)
{
    SessionQos *said, *both;
    enum err err = gxgy_session_qos(arena, answer, &said);
    if (err != ERR_OK || !said)
        return err;
    both = *qos ? base_arena_dup(arena, *qos, sizeof(**qos))
                : GXGY_NEW(arena, magma__lte__session_qos__descriptor);
    if (!both)
        return ERR_NOMEM;
    if (said->apn_ambr_ul)
        both->apn_ambr_ul = said->apn_ambr_ul;
    if (said->apn_ambr_dl)
        both->apn_ambr_dl = said->apn_ambr_dl;
    if (said->qci)
        both->qci = said->qci;
    if (said->arp)
        both->arp = said->arp;
    *qos = both;
    return ERR_OK;
}

enum err gxgy_qos_wire(struct base_arena *arena, const SessionQos *from, Fgw__Gxgy__Qos **out)
{
    Fgw__Gxgy__Qos *qos = *out = GXGY_NEW(arena, fgw__gxgy__qos__descriptor);
    if (!qos)
        return ERR_NOMEM;
    if (from->qci)
        SET(qos, FGW__GXGY__QOS__QCI, qci, QCI, from->qci);
    if (from->apn_ambr_ul)
        SET(qos, FGW__GXGY__QOS__AMBR_UL, ambr_ul, AMBR_UL,
            gxgy_plain_rate(from->apn_ambr_ul, &qos->extended_ambr_ul));
    if (from->apn_ambr_dl)
        SET(qos, FGW__GXGY__QOS__AMBR_DL, ambr_dl, AMBR_DL,
            gxgy_plain_rate(from->apn_ambr_dl, &qos->extended_ambr_dl));
    const Magma__Lte__QosArp *arp = from->arp;
    if (!arp || arp->priority_level < 1 || arp->priority_level > 15)
        return ERR_OK;
    qos->arp = GXGY_NEW(arena, fgw__gxgy__arp__descriptor);
    if (!qos->arp)
        return ERR_NOMEM;
    qos->arp->priority_level = arp->priority_level;
    qos->arp->preemption_capability = (uint32_t)arp->pre_capability;
    qos->arp->capability_present_case = FGW__GXGY__ARP__CAPABILITY_PRESENT_PREEMPTION_CAPABILITY;
    qos->arp->preemption_vulnerability = (uint32_t)arp->pre_vulnerability;
    qos->arp->vulnerability_present_case =
        FGW__GXGY__ARP__VULNERABILITY_PRESENT_PREEMPTION_VULNERABILITY;
    return ERR_OK;
}

static uint32_t kbps(uint64_t bps)
{
    return bps / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(bps / 1000);
}

// QCIs with a guaranteed bit rate (TS 23.203 table 6.1.7): their profile has rates of the bearer
// instead, which nobody tells; a default bearer has none of them.
static bool is_guaranteed(uint32_t qci)
{
    return (qci >= 1 && qci <= 4) || (qci >= 65 && qci <= 67) || (qci >= 71 && qci <= 76) ||
           (qci >= 82 && qci <= 85);
}

enum err gxgy_qos_profile(struct base_arena *arena, const SessionQos *qos, char **out)
{
    enum { PCI = 6, PRIORITY = 2 }; // bits of the octet, TS 29.274 8.15; PVI is bit 0
    const Magma__Lte__QosArp *arp = qos->arp;
    if (!arp || arp->priority_level < 1 || arp->priority_level > 15 || qos->qci < 1 ||
        qos->qci > UINT8_MAX || is_guaranteed(qos->qci))
        return ERR_OK;
    unsigned octet = (arp->pre_capability ? 1u << PCI : 0) | arp->priority_level << PRIORITY |
                     (arp->pre_vulnerability ? 1u : 0);
    *out = base_arena_printf(arena, "08-%02X%02X%08X%08X", octet, qos->qci, kbps(qos->apn_ambr_ul),
                             kbps(qos->apn_ambr_dl));
    return *out ? ERR_OK : ERR_NOMEM;
}
