// SPDX-License-Identifier: BSD-3-Clause
// Settings of S6a: section `s6a` of gateway.conf.
#include "extensions/s6a/s6a.h"

#define AT(member) offsetof(struct s6a_settings, member)

static const char *const cancel_types[] = {"as-is", "withdrawal", NULL};
static const char *const moved_types[] = {"withdrawal", "mme-update", "none", NULL};
static const char *const unsupported_types[] = {"refuse", "reattach", "accept", NULL};
static const char *const unknown_types[] = {"success", "user-unknown", NULL};

const struct conf_key s6a_settings_keys[] = {
    {.name = "realm",
     .type = CONF_STRING,
     .offset = AT(realm),
     .check = fgw_route_check_identity,
     .help = "Destination-Realm of subscribers without a route; default: our own realm."},
    {.name = "host",
     .type = CONF_STRING,
     .offset = AT(host),
     .check = fgw_route_check_identity,
     .help = "Destination-Host of subscribers without a route; default: any HSS of the realm."},
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
     .def_text = "s6a_async_service",
     .help = "Service of access gateways that takes requests of the HSS."},
    {.name = "reset_parallel",
     .type = CONF_INT,
     .offset = AT(reset_parallel),
     .def = 64,
     .min = 1,
     .max = 10000,
     .help = "Access gateways told at a time when the HSS sends Reset."},
    {.name = "vendor_specific_application_id",
     .type = CONF_BOOL,
     .offset = AT(vendor_application),
     .def = 1,
     .help = "Put Vendor-Specific-Application-Id into requests and answers."},
    {.name = "remember_hss",
     .type = CONF_BOOL,
     .offset = AT(remember_hss),
     .def = 1,
     .help = "Send further requests about a subscriber to the HSS that answered its "
             "Update-Location (Destination-Host, TS 29.272 7.1.6), where no `host` is set. If it "
             "cannot be reached, they go to any HSS of the realm again."},
    {.name = "strict_answers",
     .type = CONF_BOOL,
     .offset = AT(strict_answers),
     .help =
         "Refuse answers that RFC 6733 4.1 wants refused (an unknown AVP with the M bit, a "
         "missing AVP), instead of using what can be read. They are logged and counted anyway."},
    {.name = "cancel_type",
     .type = CONF_ENUM,
     .offset = AT(cancel_type),
     .choices = cancel_types,
     .def = S6A_CANCEL_AS_IS,
     .help = "CLR because the subscriber went to another MME: pass the type as it is, or as "
             "subscription withdrawal, the only type unmodified access gateways act on."},
    {.name = "moved_cancel",
     .type = CONF_ENUM,
     .offset = AT(moved_cancel),
     .choices = moved_types,
     .def = S6A_MOVED_WITHDRAWAL,
     .help = "What the old access gateway is told when a subscriber moves to another one of ours: "
             "subscription withdrawal (every access gateway acts on it), MME update, or nothing."},
    {.name = "unsupported_update",
     .type = CONF_ENUM,
     .offset = AT(unsupported_update),
     .choices = unsupported_types,
     .def = S6A_UNSUPPORTED_REFUSE,
     .help = "IDR or DSR for an access gateway without that service: answer 5012; or make the "
             "subscriber attach again (it gets the new data then); or answer success."},
    {.name = "unknown_cancel",
     .type = CONF_ENUM,
     .offset = AT(unknown_cancel),
     .choices = unknown_types,
     .def = S6A_UNKNOWN_SUCCESS,
     .help = "CLR for a subscriber nobody serves: success (TS 29.272 5.2.1.2.2), or 5001."},
    {.name = NULL},
};

enum err s6a_configure(struct conf *conf, const void *settings)
{
    const struct s6a_settings *s = settings;
    return fgw_route_configure(conf, "s6a", &s->routes);
}
