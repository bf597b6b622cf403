// SPDX-License-Identifier: BSD-3-Clause
// S13 as a plug of the gateway, and its settings (section `s13` of gateway.conf).
#include "extensions/s13/s13.h"

#include "diameter/avp.h"

BASE_LOG_CATEGORY(log_s13, "s13");

#define AT(member) offsetof(struct s13_settings, member)

static const char *const no_answer_types[] = {"fail", "permit", "prohibit", NULL};
static const char *const unknown_types[] = {"tell", "permit", "prohibit", NULL};

const struct conf_key s13_settings_keys[] = {
    {.name = "realm",
     .type = CONF_STRING,
     .offset = AT(realm),
     .check = fgw_route_check_identity,
     .help = "Destination-Realm of subscribers without a route; default: our own realm."},
    {.name = "host",
     .type = CONF_STRING,
     .offset = AT(host),
     .check = fgw_route_check_identity,
     .help = "Destination-Host of subscribers without a route; default: any EIR of the realm."},
    {.name = "routes",
     .type = CONF_LIST,
     .offset = AT(routes),
     .members = fgw_route_keys,
     .item_size = sizeof(struct fgw_route),
     .help = "Other EIRs by IMSI prefix."},
    {.name = "timeout",
     .type = CONF_MS,
     .offset = AT(timeout_ms),
     .def = 3000,
     .min = 100,
     .max = 60000,
     .help = "Longest wait for the EIR; the caller's own deadline counts if it is earlier."},
    {.name = "strict_answers",
     .type = CONF_BOOL,
     .offset = AT(strict_answers),
     .help = "Refuse answers that RFC 6733 4.1 wants refused, instead of using what can be read."},
    {.name = "vendor_specific_application_id",
     .type = CONF_BOOL,
     .offset = AT(vendor_application),
     .def = 1,
     .help = "Put Vendor-Specific-Application-Id into requests."},
    {.name = "cache_ttl",
     .type = CONF_MS,
     .offset = AT(cache_ms),
     .def = 600000,
     .min = 0,
     .max = INT64_C(30) * 24 * 3600 * 1000,
     .help = "How long an answer of the EIR is used again; 0: not at all."},
    {.name = "cache_equipment",
     .type = CONF_INT,
     .offset = AT(cache_equipment),
     .def = 100000,
     .min = 64,
     .max = 10000000,
     .restart = true,
     .help = "Answers kept at most."},
    {.name = "no_answer",
     .type = CONF_ENUM,
     .offset = AT(no_answer),
     .choices = no_answer_types,
     .def = S13_POLICY_FAIL,
     .help = "No EIR answers: the call fails; or the equipment counts as permitted, or as "
             "prohibited."},
    {.name = "unknown_equipment",
     .type = CONF_ENUM,
     .offset = AT(unknown_equipment),
     .choices = unknown_types,
     .def = S13_POLICY_FAIL,
     .help = "The EIR does not know the equipment: say so; or permitted, or prohibited."},
    {.name = NULL},
};

enum err s13_configure(struct conf *conf, const void *settings)
{
    const struct s13_settings *s = settings;
    return fgw_route_configure(conf, "s13", &s->routes);
}

static void report(void *arg, const char *text)
{
    base_log(&log_s13, BASE_LOG_ERROR, NULL, "table %s", text);
}

static enum err start(void)
{
    enum err err = s13_tables_compile(report, NULL);
    if (err == ERR_OK)
        err = s13_cache_open((size_t)s13_settings()->cache_equipment);
    return err == ERR_OK ? dia_advertise(DIA_APP_S13, DIA_3GPP) : err;
}

static void stop(void)
{
    s13_cache_close();
    s13_tables_free();
}

const struct fgw_interface s13_interface = {
    .name = "s13",
    .methods = s13_methods,
    .settings = s13_settings_keys,
    .settings_size = sizeof(struct s13_settings),
    .configure = s13_configure,
    .start = start,
    .stop = stop,
    .applications = {DIA_APP_S13},
};

const struct s13_settings *s13_settings(void)
{
    return fgw_settings(&s13_interface);
}
