// SPDX-License-Identifier: BSD-3-Clause
#include "fgw/route.h"

#include <string.h>

#include "diameter/avp.h"

#define ROUTE(member) offsetof(struct fgw_route, member)

enum err fgw_route_check_digits(const char *text, const char **why)
{
    size_t n = strspn(text, "0123456789");
    if (text[n] == '\0' && n <= 15)
        return ERR_OK;
    *why = "the leading digits of IMSIs, at most 15";
    return ERR_CONF_RANGE;
}

enum err fgw_route_check_identity(const char *text, const char **why)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    if (n > 0 && n <= FGW_IDENTITY_MAX && text[n] == '\0')
        return ERR_OK;
    *why = "a Diameter identity such as epc.mnc001.mcc001.3gppnetwork.org";
    return ERR_CONF_RANGE;
}

const struct conf_key fgw_route_keys[] = {
    {.name = "imsi_prefix",
     .type = CONF_STRING,
     .offset = ROUTE(imsi_prefix),
     .required = true,
     .check = fgw_route_check_digits,
     .help = "Leading digits of the IMSIs; the longest prefix that fits wins."},
    {.name = "realm",
     .type = CONF_STRING,
     .offset = ROUTE(realm),
     .check = fgw_route_check_identity,
     .help = "Destination-Realm."},
    {.name = "host",
     .type = CONF_STRING,
     .offset = ROUTE(host),
     .check = fgw_route_check_identity,
     .help = "Destination-Host; without it any server of the realm answers."},
    {.name = "mnc_digits",
     .type = CONF_INT,
     .offset = ROUTE(mnc_digits),
     .min = 0,
     .max = 3,
     .help = "2 or 3: without `realm`, the realm is made from the IMSI (TS 23.003 19.2)."},
    {.name = NULL},
};

enum err fgw_route_configure(struct conf *conf, const char *section, const struct conf_list *list)
{
    const struct fgw_route *routes = list->items;
    enum err err = ERR_OK;
    for (size_t i = 0; i < list->n; i++) {
        if (routes[i].mnc_digits == 1) {
            err = ERR_CONF_RANGE;
            conf_error(conf, section, "routes", err, "route %s: mnc_digits is 2 or 3",
                       routes[i].imsi_prefix);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(routes[k].imsi_prefix, routes[i].imsi_prefix) != 0)
                continue;
            err = ERR_CONF_RANGE;
            conf_error(conf, section, "routes", err, "route %s occurs twice",
                       routes[i].imsi_prefix);
        }
    }
    return err;
}

static const struct fgw_route *longest_prefix(const struct conf_list *list,
                                              const struct base_imsi *imsi)
{
    const struct fgw_route *routes = list->items, *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; imsi && i < list->n; i++) {
        size_t len = strlen(routes[i].imsi_prefix);
        if (len > imsi->len || memcmp(routes[i].imsi_prefix, imsi->digits, len) != 0)
            continue;
        if (!best || len > best_len) {
            best = &routes[i];
            best_len = len;
        }
    }
    return best;
}

// Home realm of a subscriber, TS 23.003 19.2: the MNC always has three digits there. An IMSI has at
// least six.
static const char *home_realm(const struct base_imsi *imsi, int64_t mnc_digits, char made[40])
{
    static const char form[] = "epc.mnc000.mcc000.3gppnetwork.org";
    memcpy(made, form, sizeof(form));
    memcpy(made + 7 + (3 - mnc_digits), imsi->digits + 3, (size_t)mnc_digits);
    memcpy(made + 14, imsi->digits, 3);
    return made;
}

void fgw_route_find(const struct conf_list *routes, const char *realm, const char *host,
                    const struct base_imsi *imsi, const char *own_realm,
                    struct fgw_destination *out)
{
    const struct fgw_route *route = longest_prefix(routes, imsi);
    out->realm = realm ? realm : own_realm;
    if (route) {
        host = route->host;
        if (route->realm)
            out->realm = route->realm;
        else if (route->mnc_digits)
            out->realm = home_realm(imsi, route->mnc_digits, out->made);
    }
    size_t len = host ? strnlen(host, FGW_IDENTITY_MAX) : 0;
    memcpy(out->host, host ? host : "", len);
    out->host[len] = '\0';
}

static enum err add_origin(struct msg *msg, const char *origin)
{
    const char *dot = origin ? strchr(origin, '.') : NULL;
    if (!dot)
        return dia_add_origin(msg);
    enum err err = dia_add_text(msg, AVP_ORIGIN_HOST, origin);
    return err == ERR_OK ? dia_add_text(msg, AVP_ORIGIN_REALM, dot + 1) : err;
}

enum err fgw_request_new_from(uint32_t application, uint32_t command, const char *session_suffix,
                              const char *origin, const struct fgw_destination *to,
                              bool vendor_application, struct msg **out)
{
    enum err err = dia_request_new(application, command, out);
    if (err != ERR_OK)
        return err;
    err = dia_add_session_id(*out, session_suffix);
    if (err == ERR_OK && vendor_application)
        err = dia_add_vendor_application(*out, application);
    if (err == ERR_OK)
        err = dia_add_no_state(*out);
    if (err == ERR_OK)
        err = add_origin(*out, origin);
    if (err == ERR_OK && to->host[0])
        err = dia_add_text(*out, AVP_DESTINATION_HOST, to->host);
    if (err == ERR_OK)
        err = dia_add_text(*out, AVP_DESTINATION_REALM, to->realm);
    if (err != ERR_OK) {
        fd_msg_free(*out);
        *out = NULL;
    }
    return err;
}

enum err fgw_request_new(uint32_t application, uint32_t command, const char *session_suffix,
                         const struct fgw_destination *to, bool vendor_application,
                         struct msg **out)
{
    return fgw_request_new_from(application, command, session_suffix, NULL, to, vendor_application,
                                out);
}
