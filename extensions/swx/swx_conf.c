// SPDX-License-Identifier: BSD-3-Clause
// Settings of SWx: section `swx` of gateway.conf.
#include <string.h>

#include "extensions/swx/swx.h"

#define AT(member) offsetof(struct swx_settings, member)

static enum err check_plmn(const char *text, const char **why)
{
    struct base_plmn plmn;
    if (base_plmn_parse(text, strlen(text), &plmn) == ERR_OK)
        return ERR_OK;
    *why = "a PLMN such as 00101 or 310410";
    return ERR_CONF_RANGE;
}

static const struct conf_key s6a_users_keys[] = {
    {.name = "imsi_prefix",
     .type = CONF_STRING,
     .offset = offsetof(struct swx_s6a_users, imsi_prefix),
     .required = true,
     .check = fgw_route_check_digits,
     .help = "Leading digits of the IMSIs."},
    {.name = "gateway",
     .type = CONF_STRING,
     .offset = offsetof(struct swx_s6a_users, gateway),
     .help = "At this access gateway only."},
    {.name = NULL},
};

static const char *const take_over_types[] = {"never", "failure-indication", "deregister", NULL};
static const char *const unsupported_types[] = {"refuse", "terminate", "accept", NULL};
static const char *const unknown_types[] = {"user-unknown", "success", NULL};

const struct conf_key swx_settings_keys[] = {
    {.name = "realm",
     .type = CONF_STRING,
     .offset = AT(realm),
     .check = fgw_route_check_identity,
     .help = "Destination-Realm of users without a route; default: our own realm."},
    {.name = "host",
     .type = CONF_STRING,
     .offset = AT(host),
     .check = fgw_route_check_identity,
     .help = "Destination-Host of users without a route; default: any HSS of the realm."},
    {.name = "routes",
     .type = CONF_LIST,
     .offset = AT(routes),
     .members = fgw_route_keys,
     .item_size = sizeof(struct fgw_route),
     .help = "Other HSSs by IMSI prefix."},
    {.name = "timeout",
     .type = CONF_MS,
     .offset = AT(timeout_ms),
     .def = 8000,
     .min = 100,
     .max = 60000,
     .help = "Longest wait for the HSS; the caller's own deadline counts if it is earlier."},
    {.name = "agw_timeout",
     .type = CONF_MS,
     .offset = AT(agw_timeout_ms),
     .def = 5000,
     .min = 100,
     .max = 60000,
     .help = "Longest wait for an access gateway to answer a request of the HSS."},
    {.name = "agw_service",
     .type = CONF_STRING,
     .offset = AT(agw_service),
     .def_text = "aaa_server",
     .help = "Service of access gateways that takes requests of the HSS."},
    {.name = "remember_hss",
     .type = CONF_BOOL,
     .offset = AT(remember_hss),
     .def = 1,
     .help = "Where no host is set: send to the HSS that authenticated or registered the user."},
    {.name = "strict_answers",
     .type = CONF_BOOL,
     .offset = AT(strict_answers),
     .help = "Refuse answers that RFC 6733 4.1 wants refused, instead of using what can be read."},
    {.name = "anid",
     .type = CONF_STRING,
     .offset = AT(anid),
     .def_text = "WLAN",
     .help = "Access network identity of EAP-AKA' where the access gateway names none."},
    {.name = "cache_ttl",
     .type = CONF_MS,
     .offset = AT(cache_ms),
     .def = 3 * 3600 * 1000,
     .min = 0,
     .max = INT64_C(7) * 24 * 3600 * 1000,
     .help = "How long vectors are kept for later; 0: not at all."},
    {.name = "cache_vectors",
     .type = CONF_INT,
     .offset = AT(cache_vectors),
     .def = 5,
     .min = 1,
     .max = 5,
     .help = "Vectors asked for at a time, if they are kept."},
    {.name = "cache_users",
     .type = CONF_INT,
     .offset = AT(cache_users),
     .def = 100000,
     .min = 64,
     .max = 10000000,
     .restart = true,
     .help = "Users whose vectors are kept at most."},
    {.name = "verify_authorization",
     .type = CONF_BOOL,
     .offset = AT(verify_authorization),
     .help = "Ask for the user's profile with every authentication, and refuse the barred."},
    {.name = "register_on_auth",
     .type = CONF_BOOL,
     .offset = AT(register_on_auth),
     .help = "Register the user with every authentication."},
    {.name = "take_over",
     .type = CONF_ENUM,
     .offset = AT(take_over),
     .choices = take_over_types,
     .def = SWX_TAKE_OVER_NEVER,
     .help = "Another AAA server has the user: refuse and name it; or ask again with "
             "AAA-Failure-Indication; or de-register the user in the other's name and ask again."},
    {.name = "unsupported_profile",
     .type = CONF_ENUM,
     .offset = AT(unsupported_profile),
     .choices = unsupported_types,
     .def = SWX_UNSUPPORTED_REFUSE,
     .help = "PPR for an access gateway without that service: answer 5012; or end the user's "
             "session there (the next one gets the new profile); or answer success."},
    {.name = "unknown_termination",
     .type = CONF_ENUM,
     .offset = AT(unknown_termination),
     .choices = unknown_types,
     .def = SWX_UNKNOWN_USER_UNKNOWN,
     .help = "RTR for a user nobody serves: 5001, or success."},
    {.name = "moved_termination",
     .type = CONF_BOOL,
     .offset = AT(moved_termination),
     .def = 1,
     .help = "A user registers at another access gateway of ours: end the session at the old one."},
    {.name = "s6a_gateways",
     .type = CONF_STRINGS,
     .offset = AT(s6a_gateways),
     .help = "Access gateways whose vectors come over S6a, from an HSS without SWx; * for all."},
    {.name = "s6a_users",
     .type = CONF_LIST,
     .offset = AT(s6a_users),
     .members = s6a_users_keys,
     .item_size = sizeof(struct swx_s6a_users),
     .help =
         "Users whose vectors come over S6a, by home network, at one access gateway or at any."},
    {.name = "s6a_visited_plmn",
     .type = CONF_STRING,
     .offset = AT(s6a_visited_plmn),
     .check = check_plmn,
     .help = "Visited-PLMN-Id of those requests."},
    {.name = NULL},
};

enum err swx_configure(struct conf *conf, const void *settings)
{
    const struct swx_settings *s = settings;
    enum err err = fgw_route_configure(conf, "swx", &s->routes);
    if (swx_needs_s6a(s) && !s->s6a_visited_plmn) {
        err = ERR_CONF_MISSING;
        conf_error(conf, "swx", s->s6a_gateways.n ? "s6a_gateways" : "s6a_users", err,
                   "needs s6a_visited_plmn");
    }
    return err;
}

static bool is_listed(const struct conf_strings *gateways, const char *gateway)
{
    for (size_t i = 0; i < gateways->n; i++)
        if (strcmp(gateways->items[i], gateway) == 0)
            return true;
    return false;
}

bool swx_uses_s6a(const struct swx_settings *settings, const char *gateway,
                  const struct base_imsi *imsi)
{
    const struct swx_s6a_users *users = settings->s6a_users.items;
    if (is_listed(&settings->s6a_gateways, gateway) || is_listed(&settings->s6a_gateways, "*"))
        return true;
    for (size_t i = 0; i < settings->s6a_users.n; i++)
        if (strncmp(imsi->digits, users[i].imsi_prefix, strlen(users[i].imsi_prefix)) == 0 &&
            (!users[i].gateway || strcmp(users[i].gateway, gateway) == 0))
            return true;
    return false;
}

bool swx_needs_s6a(const struct swx_settings *settings)
{
    return settings->s6a_gateways.n || settings->s6a_users.n;
}

bool swx_needs_only_s6a(const struct swx_settings *settings)
{
    return is_listed(&settings->s6a_gateways, "*");
}
