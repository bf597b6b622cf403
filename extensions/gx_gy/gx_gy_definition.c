// SPDX-License-Identifier: BSD-3-Clause
// A rule of the store in the form in which a PCRF would define it.
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

typedef Fgw__Gxgy__RuleDefinition Definition;
#define SET(msg, KIND, field, FIELD, val)                                                          \
    ((msg)->field = (val), (msg)->field##_present_case = KIND##_PRESENT_##FIELD)

static char *copy(struct base_arena *arena, const char *text)
{
    return base_arena_strndup(arena, text, strlen(text));
}

static enum err add_flows(struct base_arena *arena, const struct gxgy_rule *rule, Definition *def)
{
    def->flows = gxgy_list(arena, NULL, 0, rule->flows.n);
    if (!def->flows)
        return ERR_NOMEM;
    for (size_t i = 0; i < rule->flows.n; i++) {
        Fgw__Gxgy__Flow *flow = GXGY_NEW(arena, fgw__gxgy__flow__descriptor);
        char *text = copy(arena, rule->flows.items[i]);
        if (!flow || !text)
            return ERR_NOMEM;
        flow->description = text;
        def->flows[def->n_flows++] = flow;
    }
    return ERR_OK;
}

static enum err add_qos(struct base_arena *arena, const struct gxgy_rule *rule, Definition *def)
{
    if (rule->qci < 0 && rule->priority_level < 0 && rule->max_bw_ul < 0 && rule->max_bw_dl < 0 &&
        rule->gbr_ul < 0 && rule->gbr_dl < 0)
        return ERR_OK;
    Fgw__Gxgy__Qos *qos = def->qos = GXGY_NEW(arena, fgw__gxgy__qos__descriptor);
    if (!qos)
        return ERR_NOMEM;
    if (rule->qci >= 0)
        SET(qos, FGW__GXGY__QOS__QCI, qci, QCI, (uint32_t)rule->qci);
    if (rule->max_bw_ul >= 0)
        SET(qos, FGW__GXGY__QOS__MAX_BW_UL, max_bw_ul, MAX_BW_UL, (uint32_t)rule->max_bw_ul);
    if (rule->max_bw_dl >= 0)
        SET(qos, FGW__GXGY__QOS__MAX_BW_DL, max_bw_dl, MAX_BW_DL, (uint32_t)rule->max_bw_dl);
    if (rule->gbr_ul >= 0)
        SET(qos, FGW__GXGY__QOS__GBR_UL, gbr_ul, GBR_UL, (uint32_t)rule->gbr_ul);
    if (rule->gbr_dl >= 0)
        SET(qos, FGW__GXGY__QOS__GBR_DL, gbr_dl, GBR_DL, (uint32_t)rule->gbr_dl);
    if (rule->priority_level <= 0)
        return ERR_OK;
    qos->arp = GXGY_NEW(arena, fgw__gxgy__arp__descriptor);
    if (!qos->arp)
        return ERR_NOMEM;
    qos->arp->priority_level = (uint32_t)rule->priority_level;
    return ERR_OK;
}

static enum err add_redirect(struct base_arena *arena, const struct gxgy_rule *rule,
                             Definition *def)
{
    enum { URL = 2 }; // Redirect-Address-Type
    if (!rule->redirect)
        return ERR_OK;
    Fgw__Gxgy__Redirect *to = GXGY_NEW(arena, fgw__gxgy__redirect__descriptor);
    def->redirect = gxgy_list(arena, NULL, 0, 1);
    if (!to || !def->redirect || !(to->server_address = copy(arena, rule->redirect)))
        return ERR_NOMEM;
    to->address_type = URL;
    def->redirect[def->n_redirect++] = to;
    return ERR_OK;
}

enum err gxgy_definition_of(struct base_arena *arena, const struct gxgy_rule *rule,
                            Definition **out)
{
    Definition *def = *out = GXGY_NEW(arena, fgw__gxgy__rule_definition__descriptor);
    if (!def || !(def->name = copy(arena, rule->id)))
        return ERR_NOMEM;
    if (rule->rating_group >= 0)
        SET(def, FGW__GXGY__RULE_DEFINITION__RATING_GROUP, rating_group, RATING_GROUP,
            (uint32_t)rule->rating_group);
    if (rule->service_identifier >= 0)
        SET(def, FGW__GXGY__RULE_DEFINITION__SERVICE_IDENTIFIER, service_identifier,
            SERVICE_IDENTIFIER, (uint32_t)rule->service_identifier);
    if (rule->precedence >= 0)
        SET(def, FGW__GXGY__RULE_DEFINITION__PRECEDENCE, precedence, PRECEDENCE,
            (uint32_t)rule->precedence);
    SET(def, FGW__GXGY__RULE_DEFINITION__ONLINE, online, ONLINE, rule->online);
    SET(def, FGW__GXGY__RULE_DEFINITION__OFFLINE, offline, OFFLINE, rule->offline);
    if (rule->monitoring_key) {
        size_t len = strlen(rule->monitoring_key);
        def->monitoring_key.data = base_arena_dup(arena, rule->monitoring_key, len);
        def->monitoring_key.len = len;
        if (!def->monitoring_key.data)
            return ERR_NOMEM;
    }
    enum err err = add_flows(arena, rule, def);
    if (err == ERR_OK)
        err = add_qos(arena, rule, def);
    return err == ERR_OK ? add_redirect(arena, rule, def) : err;
}
