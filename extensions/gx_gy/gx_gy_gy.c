// SPDX-License-Identifier: BSD-3-Clause
// What an OCS is told: RFC 8506 5.2 to 5.4, TS 32.299 6.4.2, TS 32.251 6.2.
#include <string.h>
#include <time.h>

#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"

typedef Fgw__Gxgy__GyRequest GyRequest;
typedef Fgw__Gxgy__ServiceRequest Service;
#define SET(msg, KIND, field, FIELD, val)                                                          \
    ((msg)->field = (val), (msg)->field##_present_case = KIND##_PRESENT_##FIELD)

GyRequest *gxgy_gy_request(struct base_arena *arena, const struct gxgy_context *c, uint32_t type,
                           uint32_t number)
{
    GyRequest *request = GXGY_NEW(arena, fgw__gxgy__gy_request__descriptor);
    if (!request)
        return NULL;
    request->service_context_id = gxgy_keep(arena, gxgy_settings()->gy.service_context_id);
    if (!request->service_context_id)
        return NULL;
    request->type = type;
    request->number = number;
    request->event_timestamp = time(NULL);
    request->common_context = c->common;
    request->imei = (char *)(uintptr_t)c->imei;
    request->multiple_services = type == GXGY_INITIAL;
    enum err err = gxgy_ps_information(arena, c, type, &request->ps_information);
    return err == ERR_OK ? request : NULL;
}

// ---- services ----
static void set_octets(Fgw__Gxgy__Used *used, uint64_t tx, uint64_t rx)
{
    int which = gxgy_settings()->gy.used_octets;
    if (which != GXGY_USED_DIRECTIONS)
        SET(used, FGW__GXGY__USED__TOTAL, total, TOTAL, tx + rx);
    if (which != GXGY_USED_TOTAL) {
        SET(used, FGW__GXGY__USED__INPUT, input, INPUT, tx);
        SET(used, FGW__GXGY__USED__OUTPUT, output, OUTPUT, rx);
    }
}

static enum err add_used(struct base_arena *arena, Service *service,
                         const Magma__Lte__CreditUsage *usage)
{
    size_t n = usage->n_used ? usage->n_used : 1;
    service->used = gxgy_list(arena, NULL, 0, n);
    if (!service->used)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        Fgw__Gxgy__Used *used = GXGY_NEW(arena, fgw__gxgy__used__descriptor);
        if (!used)
            return ERR_NOMEM;
        service->used[service->n_used++] = used;
        if (!usage->n_used) {
            set_octets(used, usage->bytes_tx, usage->bytes_rx);
            continue;
        }
        const Magma__Lte__UsedUnits *from = usage->used[i];
        if (from->tariff_change_usage_present_case)
            SET(used, FGW__GXGY__USED__TARIFF_CHANGE_USAGE, tariff_change_usage,
                TARIFF_CHANGE_USAGE, from->tariff_change_usage);
        if (from->seconds)
            SET(used, FGW__GXGY__USED__TIME, time, TIME, from->seconds);
        if (from->service_units)
            SET(used, FGW__GXGY__USED__UNITS, units, UNITS, from->service_units);
        if (from->bytes_tx || from->bytes_rx || (!from->seconds && !from->service_units))
            set_octets(used, from->bytes_tx, from->bytes_rx);
    }
    return ERR_OK;
}

// TS 32.299 7.2.175: reasons that concern one kind of quota stand with the usage, the others with
// the service.
static enum err add_reason(struct base_arena *arena, Service *service,
                           const Magma__Lte__CreditUsage *usage)
{
    enum {
        THRESHOLD = 0,
        QUOTA_EXHAUSTED = 3,
        OTHER_QUOTA_TYPE = 5,
        RATING_CONDITION = 6,
        POOL = 8
    };
    uint32_t reason = (uint32_t)usage->type;
    bool of_quota = reason == THRESHOLD || reason == QUOTA_EXHAUSTED ||
                    reason == OTHER_QUOTA_TYPE || reason == POOL;
    if (of_quota && gxgy_settings()->gy.reporting_reason == GXGY_REASON_AS_SPECIFIED) {
        for (size_t i = 0; i < service->n_used; i++)
            SET(service->used[i], FGW__GXGY__USED__REPORTING_REASON, reporting_reason,
                REPORTING_REASON, reason);
        return ERR_OK;
    }
    service->reporting_reasons = base_arena_dup(arena, &reason, sizeof(reason));
    service->n_reporting_reasons = service->reporting_reasons ? 1 : 0;
    if (reason == RATING_CONDITION) {
        service->trigger_types = usage->trigger_types;
        service->n_trigger_types = usage->n_trigger_types;
    }
    return service->reporting_reasons ? ERR_OK : ERR_NOMEM;
}

static enum err add_requested(struct base_arena *arena, Service *service,
                              const Magma__Lte__RequestedUnits *asked)
{
    const struct gxgy_gy_settings *settings = &gxgy_settings()->gy;
    Fgw__Gxgy__Requested *units;
    if (settings->requested_units == GXGY_REQUEST_NONE)
        return ERR_OK;
    service->requested = units = GXGY_NEW(arena, fgw__gxgy__requested__descriptor);
    if (!units)
        return ERR_NOMEM;
    if (settings->requested_units == GXGY_REQUEST_EMPTY)
        return ERR_OK;
    bool any =
        asked && (asked->total || asked->tx || asked->rx || asked->seconds || asked->service_units);
    if (!any) // also where an access gateway asks for nothing in particular
        SET(units, FGW__GXGY__REQUESTED__TOTAL, total, TOTAL, (uint64_t)settings->default_units);
    if (asked && asked->total)
        SET(units, FGW__GXGY__REQUESTED__TOTAL, total, TOTAL, asked->total);
    if (asked && asked->tx)
        SET(units, FGW__GXGY__REQUESTED__INPUT, input, INPUT, asked->tx);
    if (asked && asked->rx)
        SET(units, FGW__GXGY__REQUESTED__OUTPUT, output, OUTPUT, asked->rx);
    if (asked && asked->seconds)
        SET(units, FGW__GXGY__REQUESTED__TIME, time, TIME,
            asked->seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)asked->seconds);
    if (asked && asked->service_units)
        SET(units, FGW__GXGY__REQUESTED__UNITS, units, UNITS, asked->service_units);
    return ERR_OK;
}

static enum err add_identifier(struct base_arena *arena, Service *service,
                               const struct gxgy_key *key)
{
    const struct gxgy_gy_settings *settings = &gxgy_settings()->gy;
    uint32_t id = settings->service_identifier >= 0 ? (uint32_t)settings->service_identifier
                                                    : key->service_identifier;
    if (!settings->send_service_identifier ||
        (settings->service_identifier < 0 && !key->has_service))
        return ERR_OK;
    service->service_identifiers = base_arena_dup(arena, &id, sizeof(id));
    service->n_service_identifiers = service->service_identifiers ? 1 : 0;
    return service->service_identifiers ? ERR_OK : ERR_NOMEM;
}

enum err gxgy_gy_add_service(struct base_arena *arena, GyRequest *request,
                             const struct gxgy_key *key, const Magma__Lte__RequestedUnits *asked,
                             const Magma__Lte__CreditUsage *usage, size_t room)
{
    const Magma__Lte__CreditUsage__UpdateType final =
        MAGMA__LTE__CREDIT_USAGE__UPDATE_TYPE__TERMINATED;
    Service *service = GXGY_NEW(arena, fgw__gxgy__service_request__descriptor);
    if (!request->services)
        request->services = gxgy_list(arena, NULL, 0, room);
    if (!service || !request->services)
        return ERR_NOMEM;
    request->services[request->n_services++] = service;
    if (key->has_group)
        SET(service, FGW__GXGY__SERVICE_REQUEST__RATING_GROUP, rating_group, RATING_GROUP,
            key->rating_group);
    enum err err = add_identifier(arena, service, key);
    bool ends = request->type == GXGY_TERMINATION || (usage && usage->type == final);
    if (err == ERR_OK && !ends)
        err = add_requested(arena, service, asked);
    // The first report of a service that had no quota says nothing.
    bool reports = usage && request->type != GXGY_INITIAL;
    if (err == ERR_OK && reports)
        err = add_used(arena, service, usage);
    if (err == ERR_OK && reports)
        err = add_reason(arena, service, usage);
    return err;
}
