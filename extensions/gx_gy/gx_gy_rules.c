// SPDX-License-Identifier: BSD-3-Clause
// What a CCA or RAR of a PCRF does to the rules of a session, as access gateways understand it.
// Predefined rules and base names are those of the store.
#include <string.h>

#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"

typedef Fgw__Gxgy__RuleDefinition Definition;
typedef Fgw__Gxgy__RuleInstall Install;
typedef Magma__Lte__PolicyRule PolicyRule;

enum { INACTIVE = 1 }; // PCC-Rule-Status
enum { FILTER_RESTRICTIONS = 16, INCORRECT_FLOW_INFORMATION = 12, UNKNOWN_RULE_NAME = 1 };

// ---- lists that grow ----
static enum err append(struct base_arena *arena, void *list, size_t *n, void *item)
{
    void ***at = list;
    if ((*n & (*n - 1)) == 0) { // full at powers of two
        void **longer = gxgy_list(arena, *at, *n, *n ? *n : 1);
        if (!longer)
            return ERR_NOMEM;
        *at = longer;
    }
    (*at)[(*n)++] = item;
    return ERR_OK;
}

static enum err report(struct base_arena *arena, struct gxgy_rules *out, const char *rule,
                       const char *base, uint32_t code)
{
    Magma__Lte__RuleReport *r = GXGY_NEW(arena, magma__lte__rule_report__descriptor);
    if (!r)
        return ERR_NOMEM;
    r->status = INACTIVE;
    r->failure_code = code;
    enum err err = rule ? append(arena, &r->rule_ids, &r->n_rule_ids, (void *)(uintptr_t)rule)
                        : append(arena, &r->base_names, &r->n_base_names, (void *)(uintptr_t)base);
    return err == ERR_OK ? append(arena, &out->failed, &out->n_failed, r) : err;
}

// ---- definitions ----
static uint32_t rate(bool present, uint32_t bps, uint32_t extended)
{
    return extended ? UINT32_MAX : present ? bps : 0;
}

static enum err set_qos(struct base_arena *arena, const Fgw__Gxgy__Qos *from, PolicyRule *rule)
{
    Magma__Lte__FlowQos *qos = GXGY_NEW(arena, magma__lte__flow_qos__descriptor);
    if (!qos)
        return ERR_NOMEM;
    rule->qos = qos;
    qos->qci = (Magma__Lte__FlowQos__Qci)from->qci;
    if (!from->qci_present_case)
        qos->qci = 0;
    qos->max_req_bw_ul =
        rate(from->max_bw_ul_present_case, from->max_bw_ul, from->extended_max_bw_ul);
    qos->max_req_bw_dl =
        rate(from->max_bw_dl_present_case, from->max_bw_dl, from->extended_max_bw_dl);
    qos->gbr_ul = rate(from->gbr_ul_present_case, from->gbr_ul, from->extended_gbr_ul);
    qos->gbr_dl = rate(from->gbr_dl_present_case, from->gbr_dl, from->extended_gbr_dl);
    qos->extended_max_bw_ul_kbps = from->extended_max_bw_ul;
    qos->extended_max_bw_dl_kbps = from->extended_max_bw_dl;
    qos->extended_gbr_ul_kbps = from->extended_gbr_ul;
    qos->extended_gbr_dl_kbps = from->extended_gbr_dl;
    if (!from->arp)
        return ERR_OK;
    qos->arp = GXGY_NEW(arena, magma__lte__qos_arp__descriptor);
    if (!qos->arp)
        return ERR_NOMEM;
    // absent: disabled, and enabled (TS 29.212 5.3.46, 5.3.47)
    qos->arp->priority_level = from->arp->priority_level;
    qos->arp->pre_capability = (Magma__Lte__QosArp__PreCap)(from->arp->capability_present_case
                                                                ? from->arp->preemption_capability
                                                                : 1);
    qos->arp->pre_vulnerability =
        (Magma__Lte__QosArp__PreVul)(from->arp->vulnerability_present_case
                                         ? from->arp->preemption_vulnerability
                                         : 0);
    return ERR_OK;
}

static enum err set_redirect(struct base_arena *arena, const Definition *def, PolicyRule *rule)
{
    if (def->n_redirect == 0)
        return ERR_OK;
    const Fgw__Gxgy__Redirect *from = def->redirect[0];
    Magma__Lte__RedirectInformation *to =
        GXGY_NEW(arena, magma__lte__redirect_information__descriptor);
    if (!to)
        return ERR_NOMEM;
    // the server's address alone means enabled (5.3.82)
    to->support = (Magma__Lte__RedirectInformation__Support)(from->support_present_case
                                                                 ? from->support
                                                                 : from->server_address[0] != '\0');
    to->address_type = (Magma__Lte__RedirectInformation__AddressType)from->address_type;
    to->server_address = from->server_address;
    rule->redirect = to;
    return ERR_OK;
}

static void set_charging(const Definition *def, PolicyRule *rule)
{
    // A rule without Online goes by the session's default, and rules of online sessions are online.
    bool online = !def->online_present_case || def->online;
    bool ocs = def->rating_group_present_case && online, pcrf = def->monitoring_key.len > 0;
    rule->rating_group = def->rating_group_present_case ? def->rating_group : 0;
    rule->monitoring_key = def->monitoring_key;
    rule->online = online;
    rule->offline = def->offline_present_case && def->offline;
    rule->tracking_type = ocs && pcrf ? MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__OCS_AND_PCRF
                          : ocs       ? MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__ONLY_OCS
                          : pcrf      ? MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__ONLY_PCRF
                                      : MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__NO_TRACKING;
#define COPY(field, FIELD)                                                                         \
    if (def->field##_present_case) {                                                               \
        rule->field = def->field;                                                                  \
        rule->field##_present_case = MAGMA__LTE__POLICY_RULE__##FIELD##_PRESENT_##FIELD;           \
    }
    COPY(metering_method, METERING_METHOD)
    COPY(reporting_level, REPORTING_LEVEL)
    COPY(flow_status, FLOW_STATUS)
    COPY(content_version, CONTENT_VERSION)
    COPY(default_bearer_indication, DEFAULT_BEARER_INDICATION)
#undef COPY
    rule->media_flows = def->media_flows;
    rule->n_media_flows = def->n_media_flows;
    rule->af_signalling_protocol = def->af_signalling_protocol;
    rule->sharing_key_dl = def->sharing_key_dl;
    rule->sharing_key_ul = def->sharing_key_ul;
    rule->traffic_steering_dl = def->traffic_steering_dl;
    rule->traffic_steering_ul = def->traffic_steering_ul;
    rule->ps_to_cs_continuity = def->ps_to_cs_continuity;
    rule->tdf_application_identifier = def->tdf_application_identifier;
    rule->mute_notification = def->mute_notification;
    rule->af_charging_identifier = def->af_charging_identifier;
    rule->sponsor_identity = def->sponsor_identity;
    rule->application_service_provider_identity = def->application_service_provider_identity;
    rule->required_access_info = def->required_access_info;
    rule->n_required_access_info = def->n_required_access_info;
}

static enum err set_flows(struct base_arena *arena, const Definition *def, PolicyRule *rule)
{
    for (size_t i = 0; i < def->n_flows; i++) {
        Magma__Lte__FlowDescription **flows;
        size_t n;
        enum err err = gxgy_flows_of(arena, def->flows[i], &gxgy_settings()->gx, &flows, &n);
        if (err != ERR_OK)
            return err;
        Magma__Lte__FlowDescription **all = gxgy_list(arena, rule->flow_list, rule->n_flow_list, n);
        if (!all)
            return ERR_NOMEM;
        if (n)
            memcpy(all + rule->n_flow_list, flows, n * sizeof(*flows));
        rule->flow_list = all;
        rule->n_flow_list += n;
    }
    return ERR_OK;
}

// The rule, or NULL with ERR_OK if it cannot be installed and was reported.
static enum err make_rule(struct base_arena *arena, const Definition *def, struct gxgy_rules *out,
                          PolicyRule **made)
{
    PolicyRule *rule = GXGY_NEW(arena, magma__lte__policy_rule__descriptor);
    *made = NULL;
    if (!rule)
        return ERR_NOMEM;
    rule->id = def->name;
    rule->priority = def->precedence_present_case ? def->precedence : 0;
    set_charging(def, rule);
    if (def->service_identifier_present_case) {
        rule->service_identifier = GXGY_NEW(arena, magma__lte__service_identifier__descriptor);
        if (!rule->service_identifier)
            return ERR_NOMEM;
        rule->service_identifier->value = def->service_identifier;
    }
    enum err err = def->qos ? set_qos(arena, def->qos, rule) : ERR_OK;
    if (err == ERR_OK)
        err = set_redirect(arena, def, rule);
    if (err == ERR_OK)
        err = set_flows(arena, def, rule);
    if (err == ERR_UNSUPPORTED || err_is_peer_fault(err)) {
        base_log_limited(&log_gx_gy, BASE_LOG_WARN, NULL, "rule %s cannot be installed: filter: %s",
                         def->name, err_str(err));
        return report(arena, out, def->name, NULL,
                      err == ERR_UNSUPPORTED ? FILTER_RESTRICTIONS : INCORRECT_FLOW_INFORMATION);
    }
    *made = err == ERR_OK ? rule : NULL;
    return err;
}

// ---- installation and removal ----
static bool has_rule(const struct gxgy_rules *rules, const char *id)
{
    for (size_t i = 0; i < rules->n_static; i++)
        if (strcmp(rules->statics[i]->rule_id, id) == 0)
            return true;
    for (size_t i = 0; i < rules->n_dynamic; i++)
        if (strcmp(rules->dynamics[i]->policy_rule->id, id) == 0)
            return true;
    return false;
}

static enum err install_dynamic(struct base_arena *arena, const Definition *def,
                                const Install *from, struct gxgy_rules *out)
{
    PolicyRule *rule;
    enum err err = make_rule(arena, def, out, &rule);
    if (err != ERR_OK || !rule)
        return err;
    Magma__Lte__DynamicRuleInstall *to =
        GXGY_NEW(arena, magma__lte__dynamic_rule_install__descriptor);
    if (!to)
        return ERR_NOMEM;
    to->policy_rule = rule;
    to->notify_allocation = from && from->notify_allocation;
    to->charging_correlation = from && from->charging_correlation;
    err = from ? gxgy_timestamp(arena, from->activation_unix, &to->activation_time) : ERR_OK;
    if (err == ERR_OK && from)
        err = gxgy_timestamp(arena, from->deactivation_unix, &to->deactivation_time);
    return err == ERR_OK ? append(arena, &out->dynamics, &out->n_dynamic, to) : err;
}

// The service to ask quota for, with the store as it is now: it may be another one a moment later.
static enum err add_static_key(struct base_arena *arena, const struct gxgy_rule *known,
                               struct gxgy_rules *out)
{
    struct gxgy_key *key = NULL;
    if (known && known->rating_group >= 0 && known->online) {
        key = base_arena_zalloc(arena, sizeof(*key));
        if (!key)
            return ERR_NOMEM;
        key->has_group = true;
        key->rating_group = (uint32_t)known->rating_group;
        key->has_service = known->service_identifier >= 0;
        if (key->has_service)
            key->service_identifier = (uint32_t)known->service_identifier;
    }
    return append(arena, &out->static_keys, &out->n_static_keys, key);
}

static enum err install_static(struct base_arena *arena, const char *id, const Install *from,
                               struct gxgy_rules *out)
{
    const struct gxgy_rule *known = gxgy_store_rule(id);
    if (has_rule(out, id))
        return ERR_OK;
    if (known && known->flows.n) { // the access gateway need not know it
        Definition *def;
        enum err err = gxgy_definition_of(arena, known, &def);
        return err == ERR_OK ? install_dynamic(arena, def, from, out) : err;
    }
    Magma__Lte__StaticRuleInstall *rule =
        GXGY_NEW(arena, magma__lte__static_rule_install__descriptor);
    if (!rule)
        return ERR_NOMEM;
    rule->rule_id = (char *)(uintptr_t)id;
    rule->notify_allocation = from && from->notify_allocation;
    rule->charging_correlation = from && from->charging_correlation;
    enum err err =
        from ? gxgy_timestamp(arena, from->activation_unix, &rule->activation_time) : ERR_OK;
    if (err == ERR_OK && from)
        err = gxgy_timestamp(arena, from->deactivation_unix, &rule->deactivation_time);
    if (err == ERR_OK)
        err = append(arena, &out->statics, &out->n_static, rule);
    return err == ERR_OK ? add_static_key(arena, known, out) : err;
}

// Strings of the store do not live as long as the arena.
static enum err install_base(struct base_arena *arena, const struct gxgy_base_name *base,
                             const Install *from, struct gxgy_rules *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < base->rules.n && err == ERR_OK; i++) {
        char *id = base_arena_strndup(arena, base->rules.items[i], strlen(base->rules.items[i]));
        err = id ? install_static(arena, id, from, out) : ERR_NOMEM;
    }
    return err;
}

static enum err install(struct base_arena *arena, const Install *from, struct gxgy_rules *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < from->n_names && err == ERR_OK; i++)
        err = install_static(arena, from->names[i], from, out);
    for (size_t i = 0; i < from->n_base_names && err == ERR_OK; i++) {
        const struct gxgy_base_name *base = gxgy_store_base(from->base_names[i]);
        err = base ? install_base(arena, base, from, out)
                   : report(arena, out, NULL, from->base_names[i], UNKNOWN_RULE_NAME);
    }
    for (size_t i = 0; i < from->n_definitions && err == ERR_OK; i++)
        err = install_dynamic(arena, from->definitions[i], from, out);
    return err;
}

// Rules of every session are not the PCRF's to remove.
static enum err take_rule(struct base_arena *arena, const char *id, struct gxgy_rules *out)
{
    const struct gxgy_rule *known = gxgy_store_rule(id);
    if (known && known->omnipresent)
        return ERR_OK;
    char *copy = base_arena_strndup(arena, id, strlen(id));
    return copy ? append(arena, &out->remove, &out->n_remove, copy) : ERR_NOMEM;
}

static enum err take_away(struct base_arena *arena, const Fgw__Gxgy__RuleRemove *from,
                          struct gxgy_rules *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < from->n_names && err == ERR_OK; i++)
        err = take_rule(arena, from->names[i], out);
    for (size_t i = 0; i < from->n_base_names && err == ERR_OK; i++) {
        const struct gxgy_base_name *base = gxgy_store_base(from->base_names[i]);
        for (size_t k = 0; base && !base->omnipresent && k < base->rules.n && err == ERR_OK; k++)
            err = take_rule(arena, base->rules.items[k], out);
    }
    return err;
}

// A list knows less than the store: a later source may say otherwise of the same rule. One that
// cannot be installed is in the log, but no business of the PCRF, which has not asked for it.
static enum err add_omnipresent(struct base_arena *arena, const struct gxgy_rule_lists *lists,
                                struct gxgy_rules *out)
{
    const struct gxgy_rule *rules = lists->rules.items;
    const struct gxgy_base_name *bases = lists->base_names.items;
    size_t n_failed = out->n_failed;
    enum err err = ERR_OK;
    for (size_t i = 0; i < lists->rules.n && err == ERR_OK; i++) {
        if (!rules[i].omnipresent || gxgy_store_rule(rules[i].id) != &rules[i])
            continue;
        char *id = base_arena_strndup(arena, rules[i].id, strlen(rules[i].id));
        err = id ? install_static(arena, id, NULL, out) : ERR_NOMEM;
    }
    for (size_t i = 0; i < lists->base_names.n && err == ERR_OK; i++)
        if (bases[i].omnipresent && gxgy_store_base(bases[i].name) == &bases[i])
            err = install_base(arena, &bases[i], NULL, out);
    out->n_failed = n_failed;
    return err;
}

static enum err all_rules(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                          bool omnipresent, struct gxgy_rules *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; answer && i < answer->n_remove && err == ERR_OK; i++)
        err = take_away(arena, answer->remove[i], out);
    for (size_t i = 0; answer && i < answer->n_install && err == ERR_OK; i++)
        err = install(arena, answer->install[i], out);
    for (size_t i = 0; omnipresent && i <= GXGY_STORE_SOURCES && err == ERR_OK; i++) {
        const struct gxgy_rule_lists *lists = gxgy_store_lists(i);
        err = lists ? add_omnipresent(arena, lists, out) : ERR_OK;
    }
    return err;
}

enum err gxgy_rules_of(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                       bool omnipresent, struct gxgy_rules *out)
{
    memset(out, 0, sizeof(*out));
    gxgy_store_hold();
    enum err err = all_rules(arena, answer, omnipresent, out);
    gxgy_store_release();
    return err;
}

// ---- what to ask quota for ----
static bool has_key(const struct gxgy_key *keys, size_t n, const struct gxgy_key *key)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].rating_group == key->rating_group && keys[i].has_service == key->has_service &&
            keys[i].service_identifier == key->service_identifier)
            return true;
    return false;
}

enum err gxgy_rules_keys(struct base_arena *arena, const struct gxgy_rules *rules,
                         struct gxgy_key **out, size_t *n)
{
    struct gxgy_key *keys =
        base_arena_zalloc(arena, (rules->n_static + rules->n_dynamic + 1) * sizeof(*keys));
    *n = 0;
    *out = keys;
    if (!keys)
        return ERR_NOMEM;
    for (size_t i = 0; i < rules->n_dynamic; i++) {
        const PolicyRule *rule = rules->dynamics[i]->policy_rule;
        struct gxgy_key key = {.has_group = true, .rating_group = rule->rating_group};
        if (rule->service_identifier) {
            key.has_service = true;
            key.service_identifier = rule->service_identifier->value;
        }
        bool charged = rule->tracking_type == MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__ONLY_OCS ||
                       rule->tracking_type == MAGMA__LTE__POLICY_RULE__TRACKING_TYPE__OCS_AND_PCRF;
        if (charged && !has_key(keys, *n, &key))
            keys[(*n)++] = key;
    }
    for (size_t i = 0; i < rules->n_static_keys; i++)
        if (rules->static_keys[i] && !has_key(keys, *n, rules->static_keys[i]))
            keys[(*n)++] = *rules->static_keys[i];
    return ERR_OK;
}
