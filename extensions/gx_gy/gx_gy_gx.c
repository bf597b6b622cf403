// SPDX-License-Identifier: BSD-3-Clause
// What a PCRF is told: TS 29.212 4.5.1 (establishment), 4.5.17 (usage), 4.5.7 (termination).
#include <arpa/inet.h>
#include <string.h>

#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"

typedef Fgw__Gxgy__GxRequest GxRequest;
typedef Fgw__Gxgy__Qos Qos;
enum { EXTENDED_BANDWIDTH = 1 << 7 }; // feature list 2, TS 29.212 5.4.1.2
#define SET(msg, KIND, field, FIELD, val)                                                          \
    ((msg)->field = (val), (msg)->field##_present_case = KIND##_PRESENT_##FIELD)

static enum err add_qos(struct base_arena *arena, const Magma__Lte__QosInformationRequest *from,
                        GxRequest *request)
{
    Qos *ambr = GXGY_NEW(arena, fgw__gxgy__qos__descriptor);
    Qos *bearer = GXGY_NEW(arena, fgw__gxgy__qos__descriptor);
    if (!ambr || !bearer)
        return ERR_NOMEM;
    if (from->apn_ambr_ul)
        SET(ambr, FGW__GXGY__QOS__AMBR_UL, ambr_ul, AMBR_UL,
            gxgy_plain_rate(gxgy_said_rate(from, from->apn_ambr_ul), &ambr->extended_ambr_ul));
    if (from->apn_ambr_dl)
        SET(ambr, FGW__GXGY__QOS__AMBR_DL, ambr_dl, AMBR_DL,
            gxgy_plain_rate(gxgy_said_rate(from, from->apn_ambr_dl), &ambr->extended_ambr_dl));
    request->qos = ambr;
    request->default_bearer_qos = bearer;
    if (from->qos_class_id)
        SET(bearer, FGW__GXGY__QOS__QCI, qci, QCI, from->qos_class_id);
    if (from->priority_level < 1 || from->priority_level > 15)
        return ERR_OK;
    bearer->arp = GXGY_NEW(arena, fgw__gxgy__arp__descriptor);
    if (!bearer->arp)
        return ERR_NOMEM;
    bearer->arp->priority_level = from->priority_level;
    bearer->arp->preemption_capability = from->preemption_capability;
    bearer->arp->capability_present_case = FGW__GXGY__ARP__CAPABILITY_PRESENT_PREEMPTION_CAPABILITY;
    bearer->arp->preemption_vulnerability = from->preemption_vulnerability;
    bearer->arp->vulnerability_present_case =
        FGW__GXGY__ARP__VULNERABILITY_PRESENT_PREEMPTION_VULNERABILITY;
    return ERR_OK;
}

// Supported-Features, one per list.
static enum err add_features(struct base_arena *arena, const struct gxgy_gx_settings *settings,
                             GxRequest *request)
{
    const Qos *qos = request->qos;
    bool extended = qos && (qos->extended_ambr_ul || qos->extended_ambr_dl);
    uint32_t lists[2] = {(uint32_t)settings->features_1, (uint32_t)settings->features_2};
    if (extended)
        lists[1] |= EXTENDED_BANDWIDTH;
    request->supported_features = gxgy_list(arena, NULL, 0, 2);
    if (!request->supported_features)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < 2; i++) {
        if (!lists[i])
            continue;
        Fgw__Gxgy__Feature *feature = GXGY_NEW(arena, fgw__gxgy__feature__descriptor);
        if (!feature)
            return ERR_NOMEM;
        feature->list_id = i + 1;
        feature->list = lists[i];
        request->supported_features[request->n_supported_features++] = feature;
    }
    return ERR_OK;
}

// A session without any address, as on Wi-Fi before the UE has been given one: the set prefix and
// the EUI-64 of the UE's MAC address (RFC 4291, appendix A), where set.
static void add_eui64(struct base_arena *arena, GxRequest *request, const struct gxgy_context *c)
{
    enum { UNIVERSAL = 0x02, MAC = 6 };
    const char *prefix = gxgy_settings()->gx.eui64_prefix;
    const uint8_t *mac = c->hardware_address.data;
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN];
    if (!prefix || c->hardware_address.len != MAC || inet_pton(AF_INET6, prefix, &address) != 1)
        return;
    const uint8_t id[8] = {mac[0] ^ UNIVERSAL, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
    memcpy(address.s6_addr + sizeof(id), id, sizeof(id));
    if (!inet_ntop(AF_INET6, &address, text, sizeof(text)))
        return;
    char *framed = base_arena_printf(arena, "%s/128", text);
    request->framed_ipv6 = framed ? framed : GXGY_EMPTY;
}

static void add_access(struct base_arena *arena, GxRequest *request, const struct gxgy_context *c)
{
    enum {
        IP_CAN_3GPP_EPS = 5,
        IP_CAN_NON_3GPP_EPS = 6,
        RAT_WLAN = 0,
        RAT_EUTRAN = 1004,
        RAT_NR = 1006
    };
    Magma__Lte__RATType rat = c->common->rat_type;
    bool wlan = rat == MAGMA__LTE__RATTYPE__TGPP_WLAN;
    request->ip_can_type = wlan ? IP_CAN_NON_3GPP_EPS : IP_CAN_3GPP_EPS;
    SET(request, FGW__GXGY__GX_REQUEST__RAT_TYPE, rat_type, RAT_TYPE,
        wlan                                  ? RAT_WLAN
        : rat == MAGMA__LTE__RATTYPE__TGPP_NR ? RAT_NR
                                              : RAT_EUTRAN);
    request->framed_ipv4 = c->common->ue_ipv4;
    request->framed_ipv6 = c->common->ue_ipv6;
    const char *fallback = gxgy_settings()->gx.default_ipv4;
    if (!request->framed_ipv4[0] && fallback) {
        char *kept = gxgy_keep(arena, fallback);
        request->framed_ipv4 = kept ? kept : GXGY_EMPTY;
    }
    if (!request->framed_ipv4[0] && !request->framed_ipv6[0])
        add_eui64(arena, request, c);
    request->called_station_id = (char *)(uintptr_t)c->policy.gx_apn;
}

static enum err add_initial(struct base_arena *arena, GxRequest *request,
                            const struct gxgy_context *c)
{
    const struct gxgy_gx_settings *settings = &gxgy_settings()->gx;
    SET(request, FGW__GXGY__GX_REQUEST__NETWORK_REQUEST_SUPPORT, network_request_support,
        NETWORK_REQUEST_SUPPORT, 0);
    SET(request, FGW__GXGY__GX_REQUEST__BEARER_USAGE, bearer_usage, BEARER_USAGE, 0);
    SET(request, FGW__GXGY__GX_REQUEST__ONLINE, online, ONLINE, settings->online);
    SET(request, FGW__GXGY__GX_REQUEST__OFFLINE, offline, OFFLINE, settings->offline);
    request->selection_mode = (char *)(uintptr_t) "0";
    enum err err = c->qos ? add_qos(arena, c->qos, request) : ERR_OK;
    if (err == ERR_OK)
        err = gxgy_gx_add_charging_id(arena, request, c);
    return err == ERR_OK ? add_features(arena, settings, request) : err;
}

static void add_place(struct base_arena *arena, GxRequest *request, const struct gxgy_context *c)
{
    struct in_addr address;
    request->access_timezone = c->timezone;
    request->imei = (char *)(uintptr_t)c->imei;
    request->plmn_id = (char *)(uintptr_t)c->plmn_id;
    request->user_location = c->user_location;
    request->charging_characteristics = (char *)(uintptr_t)c->charging_characteristics;
    if (inet_pton(AF_INET, c->spgw_ipv4, &address) == 1)
        request->gateway_address = (char *)(uintptr_t)c->spgw_ipv4;
    const uint8_t *mac = c->hardware_address.data; // as RFC 8506 8.50 and RFC 3580 3.21 have it
    if (c->hardware_address.len == 6) {
        char *text = base_arena_printf(arena, "%02X-%02X-%02X-%02X-%02X-%02X", mac[0], mac[1],
                                       mac[2], mac[3], mac[4], mac[5]);
        request->hardware_address = text ? text : GXGY_EMPTY;
    }
}

GxRequest *gxgy_gx_request(struct base_arena *arena, const struct gxgy_context *c, uint32_t type,
                           uint32_t number)
{
    GxRequest *request = GXGY_NEW(arena, fgw__gxgy__gx_request__descriptor);
    if (!request)
        return NULL;
    request->type = type;
    request->number = number;
    request->common_context = c->common;
    request->report = c->report;
    if (c->report) {
        request->charging_identifiers = c->report->charging_identifiers;
        request->n_charging_identifiers = c->report->n_charging_identifiers;
    }
    add_access(arena, request, c);
    add_place(arena, request, c);
    if (type == GXGY_INITIAL && add_initial(arena, request, c) != ERR_OK)
        return NULL;
    if (type == GXGY_UPDATE && c->qos && add_qos(arena, c->qos, request) != ERR_OK)
        return NULL;
    if (type == GXGY_UPDATE && request->qos && c->tgpp->gx_features_2 &&
        !((c->tgpp->gx_features_2 - 1) & EXTENDED_BANDWIDTH)) {
        request->qos->extended_ambr_ul = 0; // the PCRF does not know them
        request->qos->extended_ambr_dl = 0;
    }
    return request;
}

enum err gxgy_gx_add_charging_id(struct base_arena *arena, GxRequest *request,
                                 const struct gxgy_context *c)
{
    enum { SESSION_SCOPE = 0 }; // IP-CAN-Session-Charging-Scope, TS 29.212 5.3.114
    uint32_t number = gxgy_charging_id(c);
    bool asked = request->type == GXGY_INITIAL;
    for (size_t i = 0; i < request->n_event_triggers; i++)
        if (request->event_triggers[i] == MAGMA__LTE__EVENT_TRIGGER__CHARGING_CORRELATION_EXCHANGE)
            asked = true;
    if (!asked || !number || request->n_charging_identifiers)
        return ERR_OK; // what the access gateway says itself is enough
    Magma__Lte__ChargingIdentifier *id =
        GXGY_NEW(arena, magma__lte__charging_identifier__descriptor);
    request->charging_identifiers = gxgy_list(arena, NULL, 0, 1);
    if (!id || !request->charging_identifiers)
        return ERR_NOMEM;
    SET(id, MAGMA__LTE__CHARGING_IDENTIFIER__SESSION_SCOPE, session_scope, SESSION_SCOPE,
        SESSION_SCOPE);
    request->charging_identifiers[request->n_charging_identifiers++] = id;
    return gxgy_charging_id_bytes(arena, number, &id->value);
}

static bool has_report(const GxRequest *request, const Magma__Lte__RuleReport *report)
{
    bool rule = report->n_rule_ids > 0;
    if (!rule && report->n_base_names == 0)
        return true;
    const char *name = rule ? report->rule_ids[0] : report->base_names[0];
    for (size_t i = 0; i < request->n_rule_reports; i++) {
        const Magma__Lte__RuleReport *r = request->rule_reports[i];
        for (size_t k = 0; k < (rule ? r->n_rule_ids : r->n_base_names); k++)
            if (strcmp(rule ? r->rule_ids[k] : r->base_names[k], name) == 0)
                return true;
    }
    return false;
}

enum err gxgy_gx_add_unreported(struct base_arena *arena, GxRequest *request,
                                const Magma__Lte__TgppContext *tgpp)
{
    Magma__Lte__RuleReport **all =
        gxgy_list(arena, request->rule_reports, request->n_rule_reports, tgpp->n_unreported_rules);
    if (!all)
        return ERR_NOMEM;
    request->rule_reports = all;
    for (size_t i = 0; i < tgpp->n_unreported_rules; i++)
        if (!has_report(request, tgpp->unreported_rules[i]))
            all[request->n_rule_reports++] = tgpp->unreported_rules[i];
    return ERR_OK;
}

enum err gxgy_gx_add_monitor(struct base_arena *arena, GxRequest *request,
                             const Magma__Lte__UsageMonitorUpdate *update, size_t room)
{
    Fgw__Gxgy__UsageMonitor *monitor = GXGY_NEW(arena, fgw__gxgy__usage_monitor__descriptor);
    Fgw__Gxgy__Used *used = GXGY_NEW(arena, fgw__gxgy__used__descriptor);
    if (!request->usage)
        request->usage = gxgy_list(arena, NULL, 0, room);
    if (!monitor || !used || !request->usage)
        return ERR_NOMEM;
    monitor->used = gxgy_list(arena, NULL, 0, 1);
    if (!monitor->used)
        return ERR_NOMEM;
    monitor->used[monitor->n_used++] = used;
    monitor->monitoring_key = update->monitoring_key;
    SET(monitor, FGW__GXGY__USAGE_MONITOR__LEVEL, level, LEVEL, (uint32_t)update->level);
    if (update->seconds)
        SET(used, FGW__GXGY__USED__TIME, time, TIME, update->seconds);
    if (!update->seconds || update->bytes_tx || update->bytes_rx) {
        SET(used, FGW__GXGY__USED__TOTAL, total, TOTAL, update->bytes_tx + update->bytes_rx);
        SET(used, FGW__GXGY__USED__INPUT, input, INPUT, update->bytes_tx);
        SET(used, FGW__GXGY__USED__OUTPUT, output, OUTPUT, update->bytes_rx);
    }
    request->usage[request->n_usage++] = monitor;
    return ERR_OK;
}
