// SPDX-License-Identifier: BSD-3-Clause
// Where a session's requests go: by APN, by IMSI prefix, and to whoever answered before. Which peer
// carries them there is the Diameter stack's business.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "extensions/gx_gy/gx_gy.h"

// How well a route fits: longer prefixes first, then a named APN. -1: not at all.
static int fitness(const struct gxgy_route *route, const struct base_imsi *imsi, const char *apn)
{
    size_t len = route->imsi_prefix ? strlen(route->imsi_prefix) : 0;
    if (len > imsi->len || (len && memcmp(route->imsi_prefix, imsi->digits, len) != 0))
        return -1;
    if (route->apn && strcasecmp(route->apn, apn) != 0)
        return -1;
    return (int)len * 2 + (route->apn ? 1 : 0);
}

static void set(struct gxgy_target *target, const char *realm, const char *host)
{
    snprintf(target->realm, sizeof(target->realm), "%s", realm);
    snprintf(target->host, sizeof(target->host), "%s", host ? host : "");
}

static bool names(const char *host, const char *sticky)
{
    return host && strcasecmp(host, sticky) == 0;
}

// The pair of servers that the one who answered before belongs to. An update of an access gateway
// does not always name the APN that led there.
static bool find_pair(const struct gxgy_core_settings *core, const char *sticky,
                      struct gxgy_route *out)
{
    const struct gxgy_route *routes = core->routes.items;
    for (size_t i = 0; i < core->routes.n; i++) {
        if (names(routes[i].host, sticky) || names(routes[i].alternate, sticky)) {
            *out = routes[i];
            return true;
        }
    }
    if (!names(core->host, sticky) && !names(core->alternate, sticky))
        return false;
    *out =
        (struct gxgy_route){.realm = core->realm, .host = core->host, .alternate = core->alternate};
    return true;
}

void gxgy_route_find(const struct gxgy_core_settings *core, const struct base_imsi *imsi,
                     const char *apn, const char *sticky_host, const char *sticky_realm,
                     const char *own_realm, struct gxgy_targets *out)
{
    const struct gxgy_route *routes = core->routes.items;
    struct gxgy_route best = {
        .realm = core->realm, .host = core->host, .alternate = core->alternate};
    int fits = -1;
    bool sticky = core->sticky_host && sticky_host[0];
    if (!sticky || !find_pair(core, sticky_host, &best)) {
        for (size_t i = 0; i < core->routes.n; i++) {
            int f = fitness(&routes[i], imsi, apn);
            if (f <= fits)
                continue;
            fits = f;
            best = routes[i];
        }
    }
    const char *realm = best.realm ? best.realm : own_realm;
    const char *other = best.alternate;
    memset(out, 0, sizeof(*out));
    if (sticky) {
        set(&out->list[out->n++], sticky_realm[0] ? sticky_realm : realm, sticky_host);
        if (names(best.alternate, sticky_host) || !best.alternate)
            other = names(best.host, sticky_host) ? NULL : best.host;
    } else {
        set(&out->list[out->n++], realm, best.host);
    }
    if (other)
        set(&out->list[out->n++], realm, other);
}

void gxgy_route_follow(char *const *hosts, size_t n, const char *sticky_host,
                       struct gxgy_targets *targets)
{
    char realm[GXGY_IDENTITY_MAX + 1];
    size_t first = n > 1 && names(hosts[1], sticky_host) ? 1 : 0;
    bool sticky = sticky_host[0] && !names(hosts[first], sticky_host);
    snprintf(realm, sizeof(realm), "%s", targets->list[0].realm);
    if (sticky) // neither of them answered before: who did keeps the session
        targets->n = 1;
    else
        targets->n = 0;
    set(&targets->list[targets->n++], realm, hosts[first]);
    if (n > 1 && !sticky)
        set(&targets->list[targets->n++], realm, hosts[1 - first]);
}
