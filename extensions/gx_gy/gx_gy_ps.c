// SPDX-License-Identifier: BSD-3-Clause
// PS-Information: what an OCS is told of the IP-CAN session (TS 32.299 7.2.158, TS 32.251 6.2), and
// the Charging-Id, which PCRF and OCS get alike. Not for what is charged.
#include <arpa/inet.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

typedef Fgw__Gxgy__PsInformation PsInformation;
#define SET(msg, KIND, field, FIELD, val)                                                          \
    ((msg)->field = (val), (msg)->field##_present_case = KIND##_PRESENT_##FIELD)

// ---- Charging-Id ----
enum { CHARGING_ID_SIZE = 4 };

uint32_t gxgy_charging_id_said(const Magma__Lte__SessionReport *report)
{
    for (size_t i = 0; report && i < report->n_charging_identifiers; i++) {
        const Magma__Lte__ChargingIdentifier *id = report->charging_identifiers[i];
        if (id->value.len == CHARGING_ID_SIZE && !id->n_rule_ids && !id->n_base_names)
            return (uint32_t)id->value.data[0] << 24 | (uint32_t)id->value.data[1] << 16 |
                   (uint32_t)id->value.data[2] << 8 | id->value.data[3];
    }
    return 0;
}

// The same from the same names, on every gateway and after every restart; spread over all numbers,
// because access gateways number their sessions alike.
static uint32_t derived(const char *gateway, const char *session_id)
{
    uint64_t x = gxgy_turn_key(gateway) * 31 + gxgy_turn_key(session_id);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u; // the finaliser of splitmix64
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    uint32_t id = (uint32_t)(x ^ x >> 31);
    return id ? id : 1;
}

uint32_t gxgy_charging_id(const struct gxgy_context *c)
{
    switch (gxgy_settings()->charging_id) {
    case GXGY_CHARGING_ID_DERIVE:
        return c->tgpp->charging_id ? c->tgpp->charging_id : derived(c->gateway, c->session_id);
    case GXGY_CHARGING_ID_RELAY:
        return c->tgpp->charging_id;
    default:
        return 0;
    }
}

enum err gxgy_charging_id_bytes(struct base_arena *arena, uint32_t id, ProtobufCBinaryData *out)
{
    uint32_t wire = htonl(id);
    *out = (ProtobufCBinaryData){.len = sizeof(wire),
                                 .data = base_arena_dup(arena, &wire, sizeof(wire))};
    return out->data ? ERR_OK : ERR_NOMEM;
}

static enum err add_charging_id(struct base_arena *arena, PsInformation *ps,
                                const struct gxgy_context *c, uint32_t type)
{
    uint32_t id = gxgy_charging_id(c);
    if (!id || (type == GXGY_EVENT && !c->tgpp->charging_id)) // an event is no bearer's
        return ERR_OK;
    ps->pdn_connection_charging_id = id; // that of the first bearer: there is one only
    return gxgy_charging_id_bytes(arena, id, &ps->charging_id);
}

// ---- the session ----
static ProtobufCBinaryData one_octet(struct base_arena *arena, uint8_t value)
{
    ProtobufCBinaryData bytes = {.len = 1, .data = base_arena_dup(arena, &value, 1)};
    if (!bytes.data)
        bytes.len = 0;
    return bytes;
}

static bool is_ipv4(const char *text)
{
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1;
}

// PDP-Address is without a prefix length.
static char *plain_address(struct base_arena *arena, const char *text)
{
    return base_arena_strndup(arena, text, strcspn(text, "/"));
}

static enum err add_addresses(struct base_arena *arena, PsInformation *ps,
                              const Magma__Lte__CommonSessionContext *common)
{
    enum { IPV4 = 0, IPV6 = 2, IPV4V6 = 3 }; // 3GPP-PDP-Type, TS 29.061 16.4.7.2
    bool v4 = common->ue_ipv4[0], v6 = common->ue_ipv6[0];
    SET(ps, FGW__GXGY__PS_INFORMATION__PDP_TYPE, pdp_type, PDP_TYPE,
        v4 && v6 ? IPV4V6
        : v6     ? IPV6
                 : IPV4);
    ps->pdp_addresses = gxgy_list(arena, NULL, 0, 2);
    if (!ps->pdp_addresses)
        return ERR_NOMEM;
    if (v4)
        ps->pdp_addresses[ps->n_pdp_addresses++] = common->ue_ipv4;
    if (v6) {
        ps->pdp_addresses[ps->n_pdp_addresses] = plain_address(arena, common->ue_ipv6);
        if (!ps->pdp_addresses[ps->n_pdp_addresses++])
            return ERR_NOMEM;
        ps->prefix_length = 64;
    }
    return ERR_OK;
}

static enum err add_qos(struct base_arena *arena, PsInformation *ps, const struct gxgy_context *c)
{
    int form = gxgy_settings()->gy.ps_qos;
    const Magma__Lte__SessionQos *qos = c->tgpp->qos;
    enum err err = ERR_OK;
    if (!qos)
        return ERR_OK;
    if (form == GXGY_PS_QOS_INFORMATION || form == GXGY_PS_QOS_BOTH)
        err = gxgy_qos_wire(arena, qos, &ps->qos);
    if (err == ERR_OK && (form == GXGY_PS_QOS_PROFILE || form == GXGY_PS_QOS_BOTH))
        err = gxgy_qos_profile(arena, qos, &ps->negotiated_qos);
    return err;
}

// ---- where it is ----
// Serving-Node-Type, TS 32.299 7.2.189; -1: none. An access gateway is MME and S-GW in one.
static int node_type(const struct gxgy_context *c)
{
    enum { EPDG = 3, MME = 5, TWAN = 6 };
    int set = gxgy_settings()->gy.serving_node_type;
    if (set == GXGY_NODE_NONE)
        return -1;
    if (set != GXGY_NODE_BY_RAT)
        return set - GXGY_NODE_SGSN;
    switch (c->common->rat_type) {
    case MAGMA__LTE__RATTYPE__TGPP_LTE:
        return MME;
    case MAGMA__LTE__RATTYPE__TGPP_WLAN:
        return c->report && c->report->trusted_access_present_case && c->report->trusted_access
                   ? EPDG
                   : TWAN;
    default: // nothing in the list serves NR
        return -1;
    }
}

static void add_serving_node(struct base_arena *arena, PsInformation *ps,
                             const struct gxgy_context *c)
{
    enum { RAT_WLAN = 3, RAT_EUTRAN = 6, RAT_NR = 51 }; // TS 29.061 16.4.7.2, 21
    Magma__Lte__RATType rat = c->common->rat_type;
    int type = node_type(c);
    const uint8_t octet = rat == MAGMA__LTE__RATTYPE__TGPP_WLAN ? RAT_WLAN
                          : rat == MAGMA__LTE__RATTYPE__TGPP_NR ? RAT_NR
                                                                : RAT_EUTRAN;
    ps->rat_type = one_octet(arena, octet);
    if (type >= 0)
        SET(ps, FGW__GXGY__PS_INFORMATION__SERVING_NODE_TYPE, serving_node_type, SERVING_NODE_TYPE,
            (uint32_t)type);
    if (is_ipv4(c->spgw_ipv4)) {
        ps->sgsn_address = (char *)(uintptr_t)c->spgw_ipv4;
        ps->ggsn_address = (char *)(uintptr_t)c->spgw_ipv4;
    }
}

// One hexadecimal digit (TS 29.061 16.4.7.2, 10); 5 is the first bearer that there can be.
static uint8_t nsapi(const struct gxgy_context *c)
{
    enum { LEAST = 5, MOST = 15 };
    uint32_t id = c->tgpp->bearer_id;
    return (uint8_t) "0123456789ABCDEF"[id >= LEAST && id <= MOST ? id : LEAST];
}

enum err gxgy_ps_information(struct base_arena *arena, const struct gxgy_context *c, uint32_t type,
                             PsInformation **out)
{
    const struct gxgy_gy_settings *settings = &gxgy_settings()->gy;
    PsInformation *ps = *out = GXGY_NEW(arena, fgw__gxgy__ps_information__descriptor);
    if (!ps)
        return ERR_NOMEM;
    add_serving_node(arena, ps, c);
    if (settings->cg_address && !(ps->cg_address = gxgy_keep(arena, settings->cg_address)))
        return ERR_NOMEM;
    if (settings->node_id)
        ps->node_id = (char *)(uintptr_t)c->gateway;
    ps->nsapi = one_octet(arena, nsapi(c));
    ps->selection_mode = (char *)(uintptr_t) "0";
    ps->sgsn_mcc_mnc = (char *)(uintptr_t)c->plmn_id;
    ps->ggsn_mcc_mnc = (char *)(uintptr_t)c->plmn_id;
    ps->imsi_mcc_mnc = (char *)(uintptr_t)c->imsi_plmn_id;
    ps->called_station_id = (char *)(uintptr_t)c->policy.gy_apn;
    ps->charging_characteristics = (char *)(uintptr_t)c->charging_characteristics;
    ps->user_location = c->user_location;
    ps->access_timezone = c->timezone;
    ps->report = c->report;
    if (type == GXGY_TERMINATION)
        ps->session_stop_indicator = one_octet(arena, 0xff); // TS 29.061 16.4.7.2, 11
    enum err err = add_charging_id(arena, ps, c, type);
    if (err == ERR_OK)
        err = add_qos(arena, ps, c);
    return err == ERR_OK ? add_addresses(arena, ps, c->common) : err;
}
