// SPDX-License-Identifier: BSD-3-Clause
// Where a request goes: destination realm and host by the subscriber's IMSI. Which peer carries it
// there is the Diameter stack's business.
#include <stdio.h>
#include <string.h>

#include "extensions/s6a/s6a.h"

static const struct s6a_route *longest_prefix(const struct s6a_settings *settings,
                                              const struct base_imsi *imsi)
{
    const struct s6a_route *routes = settings->routes.items, *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < settings->routes.n; i++) {
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

// Home realm of a subscriber, TS 23.003 19.2: the MNC always has three digits there.
static void home_realm(const struct base_imsi *imsi, int64_t mnc_digits, char *out, size_t size)
{
    snprintf(out, size, "epc.mnc%s%.*s.mcc%.3s.3gppnetwork.org", mnc_digits == 2 ? "0" : "",
             (int)mnc_digits, imsi->digits + 3, imsi->digits);
}

void s6a_route_find(const struct s6a_settings *settings, const struct base_imsi *imsi,
                    const char *own_realm, struct s6a_destination *out)
{
    const struct s6a_route *route = longest_prefix(settings, imsi);
    const char *realm = route ? route->realm : NULL;
    const char *host = route ? route->host : settings->host;
    if (!realm)
        realm = settings->realm ? settings->realm : own_realm;
    snprintf(out->realm, sizeof(out->realm), "%s", realm);
    if (route && !route->realm && route->mnc_digits)
        home_realm(imsi, route->mnc_digits, out->realm, sizeof(out->realm));
    snprintf(out->host, sizeof(out->host), "%s", host ? host : "");
}
