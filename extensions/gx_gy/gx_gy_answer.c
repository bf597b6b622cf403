// SPDX-License-Identifier: BSD-3-Clause
// What PCRF and OCS say, as access gateways understand it. Rules are in gx_gy_rules.c.
#include <string.h>
#include <time.h>

#include "extensions/gx_gy/gx_gy.h"

typedef Fgw__Gxgy__GxAnswer GxAnswer;
typedef Fgw__Gxgy__ServiceAnswer ServiceAnswer;
typedef Magma__Lte__ChargingCredit Credit;

enum err gxgy_timestamp(struct base_arena *arena, int64_t unix_seconds,
                        Google__Protobuf__Timestamp **out)
{
    *out = NULL;
    if (unix_seconds == 0)
        return ERR_OK;
    *out = GXGY_NEW(arena, google__protobuf__timestamp__descriptor);
    if (!*out)
        return ERR_NOMEM;
    (*out)->seconds = unix_seconds;
    return ERR_OK;
}

// ---- granted units ----
static enum err unit(struct base_arena *arena, bool present, uint64_t volume,
                     Magma__Lte__CreditUnit **out)
{
    *out = GXGY_NEW(arena, magma__lte__credit_unit__descriptor);
    if (!*out)
        return ERR_NOMEM;
    (*out)->is_valid = present;
    (*out)->volume = present ? volume : 0;
    return ERR_OK;
}

static enum err units(struct base_arena *arena, const Fgw__Gxgy__Granted *from, bool seconds,
                      Magma__Lte__GrantedUnits **out)
{
    *out = GXGY_NEW(arena, magma__lte__granted_units__descriptor);
    if (!*out)
        return ERR_NOMEM;
    enum err err = unit(arena, seconds || from->total_present_case,
                        seconds ? from->time : from->total, &(*out)->total);
    if (err == ERR_OK)
        err = unit(arena, from->input_present_case, from->input, &(*out)->tx);
    if (err == ERR_OK)
        err = unit(arena, from->output_present_case, from->output, &(*out)->rx);
    return err;
}

static bool has_octets(const Fgw__Gxgy__Granted *granted)
{
    return granted->total_present_case || granted->input_present_case ||
           granted->output_present_case;
}

// ---- Gx ----
enum err gxgy_monitor_credit(struct base_arena *arena, const Fgw__Gxgy__UsageMonitor *monitor,
                             Magma__Lte__UsageMonitoringCredit **out)
{
    Magma__Lte__UsageMonitoringCredit *credit =
        GXGY_NEW(arena, magma__lte__usage_monitoring_credit__descriptor);
    *out = credit;
    if (!credit)
        return ERR_NOMEM;
    credit->monitoring_key = monitor->monitoring_key;
    // absent: PCC rule level (TS 29.212 5.3.61)
    credit->level =
        (Magma__Lte__MonitoringLevel)(monitor->level_present_case
                                          ? monitor->level
                                          : MAGMA__LTE__MONITORING_LEVEL__PCC_RULE_LEVEL);
    credit->action = monitor->disabled ? MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__DISABLE
                     : monitor->report_required
                         ? MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__FORCE
                         : MAGMA__LTE__USAGE_MONITORING_CREDIT__ACTION__CONTINUE;
    credit->quota_consumption_time = monitor->quota_consumption_time;
    if (monitor->n_granted == 0)
        return ERR_OK;
    if (monitor->granted[0]->time_present_case) {
        credit->granted_seconds = monitor->granted[0]->time;
        credit->granted_seconds_present_case =
            MAGMA__LTE__USAGE_MONITORING_CREDIT__GRANTED_SECONDS_PRESENT_GRANTED_SECONDS;
    }
    return units(arena, monitor->granted[0], false, &credit->granted_units);
}

static uint64_t bps(bool present, uint32_t plain, uint32_t extended)
{
    return extended ? (uint64_t)extended * 1000 : present ? plain : 0;
}

enum err gxgy_session_qos(struct base_arena *arena, const GxAnswer *answer,
                          Magma__Lte__SessionQos **out)
{
    const Fgw__Gxgy__Qos *ambr = NULL, *bearer = answer->default_bearer_qos;
    for (size_t i = 0; i < answer->n_qos && !ambr; i++) {
        const Fgw__Gxgy__Qos *q = answer->qos[i];
        if (q->ambr_ul_present_case || q->ambr_dl_present_case || q->extended_ambr_ul ||
            q->extended_ambr_dl)
            ambr = q;
    }
    *out = NULL;
    if (!ambr && !bearer)
        return ERR_OK;
    Magma__Lte__SessionQos *qos = *out = GXGY_NEW(arena, magma__lte__session_qos__descriptor);
    if (!qos)
        return ERR_NOMEM;
    if (ambr) {
        qos->apn_ambr_ul = bps(ambr->ambr_ul_present_case, ambr->ambr_ul, ambr->extended_ambr_ul);
        qos->apn_ambr_dl = bps(ambr->ambr_dl_present_case, ambr->ambr_dl, ambr->extended_ambr_dl);
    }
    if (bearer && bearer->qci_present_case)
        qos->qci = bearer->qci;
    if (!bearer || !bearer->arp)
        return ERR_OK;
    qos->arp = GXGY_NEW(arena, magma__lte__qos_arp__descriptor);
    if (!qos->arp)
        return ERR_NOMEM;
    qos->arp->priority_level = bearer->arp->priority_level;
    qos->arp->pre_capability = (Magma__Lte__QosArp__PreCap)(bearer->arp->capability_present_case
                                                                ? bearer->arp->preemption_capability
                                                                : 1);
    qos->arp->pre_vulnerability =
        (Magma__Lte__QosArp__PreVul)(bearer->arp->vulnerability_present_case
                                         ? bearer->arp->preemption_vulnerability
                                         : 0);
    return ERR_OK;
}

enum err gxgy_triggers(struct base_arena *arena, const GxAnswer *answer,
                       Magma__Lte__EventTrigger **out, size_t *n)
{
    Magma__Lte__EventTrigger *list =
        base_arena_alloc(arena, (answer->n_event_triggers + 1) * sizeof(*list));
    if (!list)
        return ERR_NOMEM;
    for (size_t i = 0; i < answer->n_event_triggers; i++)
        list[i] = (Magma__Lte__EventTrigger)answer->event_triggers[i];
    *out = list;
    *n = answer->n_event_triggers;
    return ERR_OK;
}

// ---- Gy ----
static enum err set_grant(struct base_arena *arena, const Fgw__Gxgy__Granted *from, Credit *credit)
{
    bool seconds = from->time_present_case && !has_octets(from);
    credit->type = seconds ? MAGMA__LTE__CHARGING_CREDIT__UNIT_TYPE__SECONDS
                           : MAGMA__LTE__CHARGING_CREDIT__UNIT_TYPE__BYTES;
    credit->tariff_time_change_unix = from->tariff_time_change;
    credit->granted_money = from->money;
    if (from->time_present_case) {
        credit->granted_seconds = from->time;
        credit->granted_seconds_present_case =
            MAGMA__LTE__CHARGING_CREDIT__GRANTED_SECONDS_PRESENT_GRANTED_SECONDS;
    }
    if (from->units_present_case) {
        credit->granted_service_units = from->units;
        credit->granted_service_units_present_case =
            MAGMA__LTE__CHARGING_CREDIT__GRANTED_SERVICE_UNITS_PRESENT_GRANTED_SERVICE_UNITS;
    }
    return units(arena, from, seconds, &credit->granted_units);
}

static void set_final(const Fgw__Gxgy__FinalUnit *from, Credit *credit)
{
    credit->is_final = true;
    credit->final_action = (Magma__Lte__ChargingCredit__FinalAction)from->action;
    credit->redirect_server = from->redirect_server;
    credit->restrict_rules = from->filter_ids;
    credit->n_restrict_rules = from->n_filter_ids;
    credit->restriction_filter_rules = from->restriction_filter_rules;
    credit->n_restriction_filter_rules = from->n_restriction_filter_rules;
}

static void set_conditions(const ServiceAnswer *service, Credit *credit)
{
    credit->volume_quota_threshold = service->volume_quota_threshold;
    credit->time_quota_threshold = service->time_quota_threshold;
    credit->unit_quota_threshold = service->unit_quota_threshold;
    if (service->quota_holding_time_present_case) {
        credit->quota_holding_time = service->quota_holding_time;
        credit->quota_holding_time_present_case =
            MAGMA__LTE__CHARGING_CREDIT__QUOTA_HOLDING_TIME_PRESENT_QUOTA_HOLDING_TIME;
    }
    credit->quota_consumption_time = service->quota_consumption_time;
    credit->trigger_types = service->trigger_types;
    credit->n_trigger_types = service->n_trigger_types;
    credit->pools = service->pools;
    credit->n_pools = service->n_pools;
}

enum err gxgy_credit(struct base_arena *arena, const ServiceAnswer *service,
                     const Fgw__Gxgy__GyAnswer *answer, Magma__Lte__CreditUpdateResponse *out)
{
    Credit *credit = GXGY_NEW(arena, magma__lte__charging_credit__descriptor);
    uint32_t code = service->result_code_present_case ? service->result_code : GXGY_SUCCESS;
    if (!credit)
        return ERR_NOMEM;
    out->credit = credit;
    out->success = gxgy_is_success(code);
    out->result_code = code;
    if (code == GXGY_NOT_APPLICABLE) { // free of charge: served without quota (RFC 8506 9.1)
        out->success = true;
        out->result_code = GXGY_SUCCESS;
        out->limit_type = MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED;
    }
    if (service->rating_group_present_case)
        out->charging_key = service->rating_group;
    if (service->n_service_identifiers) {
        out->service_identifier = GXGY_NEW(arena, magma__lte__service_identifier__descriptor);
        if (!out->service_identifier)
            return ERR_NOMEM;
        out->service_identifier->value = service->service_identifiers[0];
    }
    credit->validity_time = service->validity_time;
    const Fgw__Gxgy__FinalUnit *final = service->final_unit       ? service->final_unit
                                        : service->qos_final_unit ? service->qos_final_unit
                                                                  : answer->final_unit;
    if (final)
        set_final(final, credit);
    set_conditions(service, credit);
    return service->granted ? set_grant(arena, service->granted, credit) : ERR_OK;
}
