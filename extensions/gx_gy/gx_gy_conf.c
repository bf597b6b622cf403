// SPDX-License-Identifier: BSD-3-Clause
// Settings of Gx and Gy: section `gx_gy` of gateway.conf.
#include <arpa/inet.h>
#include <regex.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"
#include "extensions/gx_gy/ipfilter.h"
#include "fgw/route.h"

#define AT(member) offsetof(struct gxgy_settings, member)
#define SERVER(member) offsetof(struct gxgy_server, member)
#define ROUTE(member) offsetof(struct gxgy_route, member)
#define GX(member) offsetof(struct gxgy_gx_settings, member)
#define GY(member) offsetof(struct gxgy_gy_settings, member)
#define APN(member) offsetof(struct gxgy_apn, member)
#define VIRTUAL(member) offsetof(struct gxgy_virtual_apn, member)
#define RULE(member) offsetof(struct gxgy_rule, member)
#define BASE(member) offsetof(struct gxgy_base_name, member)

static enum err check_ipv4(const char *text, const char **why)
{
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) == 1)
        return ERR_OK;
    *why = "an IPv4 address";
    return ERR_CONF_RANGE;
}

static enum err check_regex(const char *text, const char **why)
{
    regex_t regex;
    if (regcomp(&regex, text, REG_EXTENDED | REG_NOSUB) == 0) {
        regfree(&regex);
        return ERR_OK;
    }
    *why = "a POSIX extended regular expression";
    return ERR_CONF_RANGE;
}

static enum err check_address(const char *text, const char **why)
{
    struct in6_addr address;
    if (inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1)
        return ERR_OK;
    *why = "an IPv4 or IPv6 address";
    return ERR_CONF_RANGE;
}

static enum err check_eui64_prefix(const char *text, const char **why)
{
    static const uint8_t nothing[8];
    struct in6_addr address;
    if (inet_pton(AF_INET6, text, &address) == 1 &&
        memcmp(address.s6_addr + 8, nothing, sizeof(nothing)) == 0)
        return ERR_OK;
    *why = "the first 64 bits of an IPv6 address, like \"fd00:1:2:3::\"";
    return ERR_CONF_RANGE;
}

static const struct conf_key server_keys[] = {
    {.name = "host",
     .type = CONF_STRING,
     .offset = SERVER(host),
     .check = fgw_route_check_identity,
     .required = true,
     .help = "Destination-Host."},
    {.name = "realm",
     .type = CONF_STRING,
     .offset = SERVER(realm),
     .check = fgw_route_check_identity,
     .help = "Destination-Realm; default: the one beside `servers`."},
    {.name = "alternate",
     .type = CONF_STRING,
     .offset = SERVER(alternate),
     .check = fgw_route_check_identity,
     .help = "The server that takes over, one of the list or another."},
    {.name = NULL},
};

static const struct conf_key route_keys[] = {
    {.name = "imsi_prefix",
     .type = CONF_STRING,
     .offset = ROUTE(imsi_prefix),
     .check = fgw_route_check_digits,
     .help = "Leading digits of the IMSIs; default: all."},
    {.name = "apn", .type = CONF_STRING, .offset = ROUTE(apn), .help = "APN; default: all."},
    {.name = "realm",
     .type = CONF_STRING,
     .offset = ROUTE(realm),
     .check = fgw_route_check_identity,
     .required = true,
     .help = "Destination-Realm."},
    {.name = "host",
     .type = CONF_STRING,
     .offset = ROUTE(host),
     .check = fgw_route_check_identity,
     .help = "Destination-Host; without it any server of the realm answers."},
    {.name = "alternate",
     .type = CONF_STRING,
     .offset = ROUTE(alternate),
     .check = fgw_route_check_identity,
     .help = "The server that takes over from `host`."},
    {.name = "servers",
     .type = CONF_LIST,
     .offset = ROUTE(servers),
     .members = server_keys,
     .item_size = sizeof(struct gxgy_server),
     .help = "Several, by IMSI modulo their number, instead of `host`."},
    {.name = NULL},
};

#define CORE(STRUCT)                                                                               \
    {.name = "enabled",                                                                            \
     .type = CONF_BOOL,                                                                            \
     .offset = STRUCT(core.enabled),                                                               \
     .def = 1,                                                                                     \
     .help = "Off: access gateways are answered without asking the core."},                        \
        {.name = "realm",                                                                          \
         .type = CONF_STRING,                                                                      \
         .offset = STRUCT(core.realm),                                                             \
         .check = fgw_route_check_identity,                                                        \
         .help = "Destination-Realm; default: our own realm."},                                    \
        {.name = "host",                                                                           \
         .type = CONF_STRING,                                                                      \
         .offset = STRUCT(core.host),                                                              \
         .check = fgw_route_check_identity,                                                        \
         .help = "Destination-Host; default: any server of the realm."},                           \
        {.name = "alternate",                                                                      \
         .type = CONF_STRING,                                                                      \
         .offset = STRUCT(core.alternate),                                                         \
         .check = fgw_route_check_identity,                                                        \
         .help = "The server that takes over from `host`."},                                       \
        {.name = "servers",                                                                        \
         .type = CONF_LIST,                                                                        \
         .offset = STRUCT(core.servers),                                                           \
         .members = server_keys,                                                                   \
         .item_size = sizeof(struct gxgy_server),                                                  \
         .help = "Several, by IMSI modulo their number, instead of `host`."},                      \
        {.name = "routes",                                                                         \
         .type = CONF_LIST,                                                                        \
         .offset = STRUCT(core.routes),                                                            \
         .members = route_keys,                                                                    \
         .item_size = sizeof(struct gxgy_route),                                                   \
         .help = "Other servers by APN and IMSI prefix."},                                         \
        {.name = "timeout",                                                                        \
         .type = CONF_MS,                                                                          \
         .offset = STRUCT(core.timeout_ms),                                                        \
         .def = 3000,                                                                              \
         .min = 100,                                                                               \
         .max = 60000,                                                                             \
         .help = "Tx: wait for an answer, per try."},                                              \
        {.name = "merge_updates",                                                                  \
         .type = CONF_BOOL,                                                                        \
         .offset = STRUCT(core.merge_updates),                                                     \
         .def = 1,                                                                                 \
         .help = "One CCR-U for what an access gateway reports of a session at a time."},          \
        {.name = "serial",                                                                         \
         .type = CONF_BOOL,                                                                        \
         .offset = STRUCT(core.serial),                                                            \
         .def = 1,                                                                                 \
         .help = "Never two requests of one session in flight."},                                  \
        {.name = "sticky_host",                                                                    \
         .type = CONF_BOOL,                                                                        \
         .offset = STRUCT(core.sticky_host),                                                       \
         .def = 1,                                                                                 \
         .help = "Send a session's later requests to the host that answered the first."},          \
    {                                                                                              \
        .name = "shared_sessions", .type = CONF_BOOL, .offset = STRUCT(core.shared_sessions),      \
        .help = "The servers share their sessions: what one has opened the other must not end."    \
    }

static const char *const ports_types[] = {"refuse", "widen", NULL};
static const struct conf_key gx_keys[] = {
    CORE(GX),
    {.name = "features_1",
     .type = CONF_INT,
     .offset = GX(features_1),
     .def = 3,
     .min = 0,
     .max = UINT32_MAX,
     .help = "Supported-Features list 1; 0: not sent."},
    {.name = "features_2",
     .type = CONF_INT,
     .offset = GX(features_2),
     .def = 3,
     .min = 0,
     .max = UINT32_MAX,
     .help = "Supported-Features list 2; 0: not sent."},
    {.name = "usage_report_trigger",
     .type = CONF_INT,
     .offset = GX(usage_report_trigger),
     .def = 33,
     .min = 0,
     .max = 1000,
     .help = "Event-Trigger of usage reports; 26 for PCRFs of Rel-9.1."},
    {.name = "online",
     .type = CONF_BOOL,
     .offset = GX(online),
     .def = 1,
     .help = "Online in CCR-I: the default charging method."},
    {.name = "offline", .type = CONF_BOOL, .offset = GX(offline), .help = "Offline in CCR-I."},
    {.name = "default_ipv4",
     .type = CONF_STRING,
     .offset = GX(default_ipv4),
     .check = check_ipv4,
     .help = "Framed-IP-Address where the UE has none, for PCRFs that insist on one."},
    {.name = "eui64_prefix",
     .type = CONF_STRING,
     .offset = GX(eui64_prefix),
     .check = check_eui64_prefix,
     .help = "First half of a Framed-IPv6-Prefix for sessions without any address; the other half "
             "is the EUI-64 of the MAC address."},
    {.name = "max_flows",
     .type = CONF_INT,
     .offset = GX(max_flows),
     .def = 64,
     .min = 1,
     .max = 4096,
     .help = "Flows that the port lists and ranges of one filter may become."},
    {.name = "wide_ports",
     .type = CONF_ENUM,
     .offset = GX(wide_ports),
     .choices = ports_types,
     .def = GXGY_PORTS_REFUSE,
     .help = "Filters with more ports than that."},
    {.name = NULL},
};

static const char *const requested_types[] = {"as-asked", "empty", "none", NULL};
static const char *const used_types[] = {"all", "total", "directions", NULL};
static const char *const reason_types[] = {"as-specified", "in-service", NULL};
static const char *const handling_types[] = {"terminate", "continue", "retry-and-terminate", NULL};
static const char *const debit_types[] = {"terminate-or-buffer", "continue", NULL};
static const char *const failed_types[] = {"terminate", "report-again", NULL};
static const char *const ps_qos_types[] = {"information", "profile", "both", "none", NULL};
static const char *const node_types[] = {"by-rat", "none", "sgsn", "pmip-sgw", "gtp-sgw",
                                         "epdg",   "hsgw", "mme",  "twan",     NULL};
static const struct conf_key gy_keys[] = {
    CORE(GY),
    {.name = "service_context_id",
     .type = CONF_STRING,
     .offset = GY(service_context_id),
     .def_text = "32251@3gpp.org",
     .help = "Service-Context-Id."},
    {.name = "requested_units",
     .type = CONF_ENUM,
     .offset = GY(requested_units),
     .choices = requested_types,
     .def = GXGY_REQUEST_AS_ASKED,
     .help = "Requested-Service-Unit: as access gateways ask, an empty one, or none."},
    {.name = "default_units",
     .type = CONF_INT,
     .offset = GY(default_units),
     .def = 100000,
     .min = 1,
     .max = INT64_MAX,
     .help = "Octets to ask for where access gateways do not say."},
    {.name = "used_octets",
     .type = CONF_ENUM,
     .offset = GY(used_octets),
     .choices = used_types,
     .def = GXGY_USED_ALL,
     .help = "Which CC-*-Octets a usage report has."},
    {.name = "reporting_reason",
     .type = CONF_ENUM,
     .offset = GY(reporting_reason),
     .choices = reason_types,
     .def = GXGY_REASON_AS_SPECIFIED,
     .help = "Where Reporting-Reason stands."},
    {.name = "send_service_identifier",
     .type = CONF_BOOL,
     .offset = GY(send_service_identifier),
     .def = 1,
     .help = "Send Service-Identifier."},
    {.name = "service_identifier",
     .type = CONF_INT,
     .offset = GY(service_identifier),
     .def = -1,
     .min = -1,
     .max = UINT32_MAX,
     .help = "Service-Identifier of all services; -1: the rule's."},
    {.name = "apn",
     .type = CONF_STRING,
     .offset = GY(apn),
     .help = "Called-Station-Id of all sessions."},
    {.name = "auth_only",
     .type = CONF_BOOL,
     .offset = GY(auth_only),
     .help = "Ask the OCS only whether a session may be; no quota."},
    {.name = "late_open",
     .type = CONF_BOOL,
     .offset = GY(late_open),
     .def = 1,
     .help = "An update of a session without Gy begins one, with CCR-I."},
    {.name = "failure_handling",
     .type = CONF_ENUM,
     .offset = GY(failure_handling),
     .choices = handling_types,
     .def = GXGY_CCFH_TERMINATE,
     .help = "Credit-Control-Failure-Handling until the OCS says."},
    {.name = "session_failover",
     .type = CONF_BOOL,
     .offset = GY(session_failover),
     .help = "CC-Session-Failover until the OCS says."},
    {.name = "direct_debiting",
     .type = CONF_ENUM,
     .offset = GY(direct_debiting),
     .choices = debit_types,
     .def = GXGY_DEBIT_BUFFER,
     .help = "Direct-Debiting-Failure-Handling until the OCS says."},
    {.name = "follow_pcrf",
     .type = CONF_BOOL,
     .offset = GY(follow_pcrf),
     .def = 1,
     .help = "Charge at the OCS that the PCRF names (Charging-Information)."},
    {.name = "failed_update",
     .type = CONF_ENUM,
     .offset = GY(failed_update),
     .choices = failed_types,
     .def = GXGY_FAILED_TERMINATE,
     .help = "What an access gateway is told when a CCR-U got no answer and may not continue."},
    {.name = "ps_qos",
     .type = CONF_ENUM,
     .offset = GY(ps_qos),
     .choices = ps_qos_types,
     .def = GXGY_PS_QOS_INFORMATION,
     .help = "How PS-Information tells the QoS of the default bearer: QoS-Information, or "
             "3GPP-GPRS-Negotiated-QoS-Profile."},
    {.name = "serving_node_type",
     .type = CONF_ENUM,
     .offset = GY(serving_node_type),
     .choices = node_types,
     .def = GXGY_NODE_BY_RAT,
     .help = "Serving-Node-Type."},
    {.name = "cg_address",
     .type = CONF_STRING,
     .offset = GY(cg_address),
     .check = check_address,
     .help = "CG-Address, the charging gateway."},
    {.name = "node_id",
     .type = CONF_BOOL,
     .offset = GY(node_id),
     .help = "Node-Id: the name of the access gateway."},
    {.name = "terminate_tries",
     .type = CONF_INT,
     .offset = GY(terminate_tries),
     .def = 3,
     .min = 1,
     .max = 10,
     .help = "How often a CCR-T is sent before its usage is given up."},
    {.name = NULL},
};

static const struct conf_key apn_keys[] = {
    {.name = "apn", .type = CONF_STRING, .offset = APN(apn), .required = true, .help = "The APN."},
    {.name = "gx", .type = CONF_BOOL, .offset = APN(gx), .def = 1, .help = "Ask a PCRF."},
    {.name = "gy", .type = CONF_BOOL, .offset = APN(gy), .def = 1, .help = "Ask an OCS."},
    {.name = "gy_auth_only",
     .type = CONF_BOOL,
     .offset = APN(gy_auth_only),
     .help = "Ask the OCS only whether a session may be."},
    {.name = NULL},
};

static const struct conf_key virtual_keys[] = {
    {.name = "apn",
     .type = CONF_STRING,
     .offset = VIRTUAL(apn),
     .check = check_regex,
     .help = "Regular expression; default: any APN."},
    {.name = "charging_characteristics",
     .type = CONF_STRING,
     .offset = VIRTUAL(charging_characteristics),
     .check = check_regex,
     .help = "Regular expression; default: any."},
    {.name = "gx_apn",
     .type = CONF_STRING,
     .offset = VIRTUAL(gx_apn),
     .help = "What a PCRF is told."},
    {.name = "gy_apn",
     .type = CONF_STRING,
     .offset = VIRTUAL(gy_apn),
     .help = "What an OCS is told."},
    {.name = NULL},
};

static enum err check_name(const char *text, const char **why)
{
    *why = "a name";
    return text[0] ? ERR_OK : ERR_CONF_RANGE;
}

static enum err check_flow(const char *text, const char **why)
{
    struct ipfilter filter;
    *why = "an IPFilterRule, like \"permit out 6 from any 80 to assigned\"";
    return ipfilter_parse(text, strlen(text), &filter) == ERR_OK ? ERR_OK : ERR_CONF_RANGE;
}

#define RULE_NUMBER(key, member, most, text)                                                       \
    {                                                                                              \
        .name = (key), .type = CONF_INT, .offset = RULE(member), .def = -1, .min = -1,             \
        .max = (most), .help = (text)                                                              \
    }

static const struct conf_key rule_keys[] = {
    {.name = "id",
     .type = CONF_STRING,
     .offset = RULE(id),
     .check = check_name,
     .required = true,
     .help = "Charging-Rule-Name."},
    {.name = "rating_group",
     .type = CONF_INT,
     .offset = RULE(rating_group),
     .def = -1,
     .min = -1,
     .max = UINT32_MAX,
     .help = "Rating-Group; -1: none."},
    {.name = "service_identifier",
     .type = CONF_INT,
     .offset = RULE(service_identifier),
     .def = -1,
     .min = -1,
     .max = UINT32_MAX,
     .help = "Service-Identifier; -1: none."},
    {.name = "online",
     .type = CONF_BOOL,
     .offset = RULE(online),
     .def = 1,
     .help = "Charged online: the OCS is asked for quota."},
    {.name = "offline", .type = CONF_BOOL, .offset = RULE(offline), .help = "Charged offline."},
    {.name = "flows",
     .type = CONF_STRINGS,
     .offset = RULE(flows),
     .check = check_flow,
     .help = "IPFilterRules; with them access gateways are given the whole rule."},
    RULE_NUMBER("precedence", precedence, UINT32_MAX, "Precedence, the lowest counts first."),
    {.name = "monitoring_key",
     .type = CONF_STRING,
     .offset = RULE(monitoring_key),
     .help = "Monitoring-Key."},
    {.name = "redirect",
     .type = CONF_STRING,
     .offset = RULE(redirect),
     .help = "URL that its traffic is redirected to."},
    RULE_NUMBER("qci", qci, 255, "QoS-Class-Identifier."),
    RULE_NUMBER("priority_level", priority_level, 15, "Priority-Level."),
    RULE_NUMBER("max_bw_ul", max_bw_ul, UINT32_MAX, "Highest rate from the UE, bit/s."),
    RULE_NUMBER("max_bw_dl", max_bw_dl, UINT32_MAX, "Highest rate to the UE, bit/s."),
    RULE_NUMBER("gbr_ul", gbr_ul, UINT32_MAX, "Guaranteed rate from the UE, bit/s."),
    RULE_NUMBER("gbr_dl", gbr_dl, UINT32_MAX, "Guaranteed rate to the UE, bit/s."),
    {.name = "omnipresent",
     .type = CONF_BOOL,
     .offset = RULE(omnipresent),
     .help = "Every session has it."},
    {.name = NULL},
};

static const struct conf_key base_keys[] = {
    {.name = "name",
     .type = CONF_STRING,
     .offset = BASE(name),
     .check = check_name,
     .required = true,
     .help = "Charging-Rule-Base-Name."},
    {.name = "rules", .type = CONF_STRINGS, .offset = BASE(rules), .help = "Its rules."},
    {.name = "omnipresent",
     .type = CONF_BOOL,
     .offset = BASE(omnipresent),
     .help = "Every session has them."},
    {.name = NULL},
};

#define RULE_LISTS(base)                                                                           \
    {.name = "rules",                                                                              \
     .type = CONF_LIST,                                                                            \
     .offset = (base) + offsetof(struct gxgy_rule_lists, rules),                                   \
     .members = rule_keys,                                                                         \
     .item_size = sizeof(struct gxgy_rule),                                                        \
     .help = "Rules that access gateways have, or are given."},                                    \
    {                                                                                              \
        .name = "base_names", .type = CONF_LIST,                                                   \
        .offset = (base) + offsetof(struct gxgy_rule_lists, base_names), .members = base_keys,     \
        .item_size = sizeof(struct gxgy_base_name), .help = "Groups of rules."                     \
    }

const struct conf_key gxgy_rule_list_keys[] = {RULE_LISTS(0), {.name = NULL}};

static const char *const charging_id_types[] = {"derive", "relay", "none", NULL};
const struct conf_key gxgy_settings_keys[] = {
    {.name = "gx", .type = CONF_GROUP, .offset = AT(gx), .members = gx_keys, .help = "PCRF."},
    {.name = "gy", .type = CONF_GROUP, .offset = AT(gy), .members = gy_keys, .help = "OCS."},
    {.name = "charging_id",
     .type = CONF_ENUM,
     .offset = AT(charging_id),
     .choices = charging_id_types,
     .def = GXGY_CHARGING_ID_DERIVE,
     .help = "Charging-Id: the access gateway's or else a derived one, only the access gateway's, "
             "or none."},
    {.name = "session_host",
     .type = CONF_STRING,
     .offset = AT(session_host),
     .check = fgw_route_check_identity,
     .help = "First part of Session-Ids; the same on gateways that stand in for one another."},
    {.name = "apns",
     .type = CONF_LIST,
     .offset = AT(apns),
     .members = apn_keys,
     .item_size = sizeof(struct gxgy_apn),
     .help = "Gx and Gy by APN."},
    {.name = "virtual_apns",
     .type = CONF_LIST,
     .offset = AT(virtual_apns),
     .members = virtual_keys,
     .item_size = sizeof(struct gxgy_virtual_apn),
     .help = "Other names of APNs toward the core."},
    RULE_LISTS(AT(lists)),
    {.name = "rules_file",
     .type = CONF_STRING,
     .offset = AT(rules_file),
     .help = "File with more rules and base_names; read again by itself when it changes."},
    {.name = "rules_check",
     .type = CONF_MS,
     .offset = AT(rules_check_ms),
     .def = 1000,
     .min = 10,
     .max = 3600000,
     .help = "How often it is looked at."},
    {.name = "agw_timeout",
     .type = CONF_MS,
     .offset = AT(agw_timeout_ms),
     .def = 5000,
     .min = 100,
     .max = 60000,
     .help = "Longest wait for an access gateway to answer a request of the core."},
    {.name = "agw_service",
     .type = CONF_STRING,
     .offset = AT(agw_service),
     .def_text = "sessiond",
     .help = "Service of access gateways that takes re-authorisations."},
    {.name = "abort_service",
     .type = CONF_STRING,
     .offset = AT(abort_service),
     .def_text = "abort_session_service",
     .help = "Service of access gateways that takes aborts."},
    {.name = NULL},
};

static void check_choice(struct conf *conf, const char *section, const char *key, const char *host,
                         const char *alternate, const struct conf_list *servers)
{
    if (alternate && !host)
        conf_error(conf, section, key, ERR_CONF_MISSING, "an alternate needs a host");
    if (host && servers->n)
        conf_error(conf, section, key, ERR_CONF_RANGE, "either a host or servers");
}

static void check_core(struct conf *conf, const char *section,
                       const struct gxgy_core_settings *core)
{
    const struct gxgy_route *r = core->routes.items;
    check_choice(conf, section, core->alternate ? "alternate" : "host", core->host, core->alternate,
                 &core->servers);
    for (size_t i = 0; i < core->routes.n; i++)
        check_choice(conf, section, "routes", r[i].host, r[i].alternate, &r[i].servers);
}

enum err gxgy_configure(struct conf *conf, const void *settings)
{
    const struct gxgy_settings *s = settings;
    char why[256];
    check_core(conf, "gx_gy.gx", &s->gx.core);
    check_core(conf, "gx_gy.gy", &s->gy.core);
    gxgy_rule_lists_check(conf, "gx_gy", &s->lists);
    if (s->rules_file) {
        enum err err = gxgy_store_check(s->rules_file, why, sizeof(why));
        if (err != ERR_OK)
            conf_error(conf, "gx_gy", "rules_file", err, "%s", why);
    }
    return conf_result(conf);
}
