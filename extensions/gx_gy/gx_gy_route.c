// SPDX-License-Identifier: BSD-3-Clause
// Where a session's requests go: by APN, by IMSI prefix, by IMSI modulo the number of servers, and
// to whoever answered before. Which peer carries them there is the Diameter stack's business.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "extensions/gx_gy/gx_gy.h"

// A server and the one that takes over from it.
struct pair {
    const char *realm, *host;                // NULL: our own, any
    const char *alternate_realm, *alternate; // NULL: none
};

static struct pair pair_of(const char *realm, const struct conf_list *servers, size_t i)
{
    const struct gxgy_server *list = servers->items;
    struct pair p = {.host = list[i].host, .alternate = list[i].alternate};
    p.realm = p.alternate_realm = list[i].realm ? list[i].realm : realm;
    for (size_t k = 0; p.alternate && k < servers->n; k++)
        if (strcasecmp(list[k].host, p.alternate) == 0)
            p.alternate_realm = list[k].realm ? list[k].realm : realm;
    return p;
}

static size_t modulo(const struct base_imsi *imsi, size_t n)
{
    size_t rest = 0;
    for (size_t i = 0; i < imsi->len; i++)
        rest = (rest * 10 + (size_t)(imsi->digits[i] - '0')) % n;
    return rest;
}

static struct pair choose(const struct gxgy_route *route, const struct base_imsi *imsi)
{
    if (route->servers.n)
        return pair_of(route->realm, &route->servers, modulo(imsi, route->servers.n));
    return (struct pair){.realm = route->realm,
                         .host = route->host,
                         .alternate_realm = route->realm,
                         .alternate = route->alternate};
}

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

// The pair of this route that the one who answered before belongs to: its subscriber's, or after a
// change of the list any other.
static bool has_pair(const struct gxgy_route *route, const struct base_imsi *imsi,
                     const char *sticky, struct pair *out)
{
    *out = choose(route, imsi);
    if (names(out->host, sticky) || names(out->alternate, sticky))
        return true;
    for (size_t i = 0; i < route->servers.n; i++) {
        *out = pair_of(route->realm, &route->servers, i);
        if (names(out->host, sticky) || names(out->alternate, sticky))
            return true;
    }
    return false;
}

// An update of an access gateway does not always name the APN that led to who answered before.
static bool find_pair(const struct gxgy_core_settings *core, const struct gxgy_route *fallback,
                      const struct base_imsi *imsi, const char *sticky, struct pair *out)
{
    const struct gxgy_route *routes = core->routes.items;
    for (size_t i = 0; i < core->routes.n; i++)
        if (has_pair(&routes[i], imsi, sticky, out))
            return true;
    return has_pair(fallback, imsi, sticky, out);
}

void gxgy_route_find(const struct gxgy_core_settings *core, const struct base_imsi *imsi,
                     const char *apn, const char *sticky_host, const char *sticky_realm,
                     const char *own_realm, struct gxgy_targets *out)
{
    const struct gxgy_route *routes = core->routes.items;
    const struct gxgy_route fallback = {.realm = core->realm,
                                        .host = core->host,
                                        .alternate = core->alternate,
                                        .servers = core->servers};
    const struct gxgy_route *best = &fallback;
    struct pair pair;
    int fits = -1;
    bool sticky = core->sticky_host && sticky_host[0];
    if (!sticky || !find_pair(core, &fallback, imsi, sticky_host, &pair)) {
        for (size_t i = 0; i < core->routes.n; i++) {
            int f = fitness(&routes[i], imsi, apn);
            if (f <= fits)
                continue;
            fits = f;
            best = &routes[i];
        }
        pair = choose(best, imsi);
    }
    const char *realm = pair.realm ? pair.realm : own_realm;
    const char *other = pair.alternate, *other_realm = pair.alternate_realm;
    memset(out, 0, sizeof(*out));
    if (sticky) {
        set(&out->list[out->n++], sticky_realm[0] ? sticky_realm : realm, sticky_host);
        if (names(pair.alternate, sticky_host) || !pair.alternate) {
            other = names(pair.host, sticky_host) ? NULL : pair.host;
            other_realm = pair.realm;
        }
    } else {
        set(&out->list[out->n++], realm, pair.host);
    }
    if (other)
        set(&out->list[out->n++], other_realm ? other_realm : own_realm, other);
    else if (sticky && !pair.host) // nobody is named: whoever else there is
        set(&out->list[out->n++], realm, NULL);
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
