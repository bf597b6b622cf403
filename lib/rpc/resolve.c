// SPDX-License-Identifier: BSD-3-Clause
// Name look-up through libevent's resolver (see resolve.h): /etc/hosts, then /etc/resolv.conf.
#include "rpc/resolve.h"

#include <event2/util.h>
#include <string.h>

static void answered(int result, struct evutil_addrinfo *list, void *arg)
{
    struct rpc_resolver *resolver = arg;
    struct rpc_addr addrs[RPC_RESOLVE_MAX];
    size_t n = 0;
    resolver->request = NULL;
    if (result == EVUTIL_EAI_CANCEL || !resolver->busy) {
        if (list)
            evutil_freeaddrinfo(list);
        return;
    }
    resolver->busy = false;
    for (struct evutil_addrinfo *ai = list; ai && n < RPC_RESOLVE_MAX; ai = ai->ai_next) {
        if (ai->ai_addrlen > sizeof(addrs[n].sa))
            continue;
        memset(&addrs[n], 0, sizeof(addrs[n]));
        memcpy(&addrs[n].sa, ai->ai_addr, ai->ai_addrlen);
        addrs[n++].len = (socklen_t)ai->ai_addrlen;
    }
    if (list)
        evutil_freeaddrinfo(list);
    resolver->done(resolver, addrs, n, n ? NULL : evutil_gai_strerror(result));
}

void rpc_resolve(struct rpc_resolver *resolver, struct base_loop *loop, const char *host,
                 uint16_t port,
                 void (*done)(struct rpc_resolver *resolver, const struct rpc_addr *addrs, size_t n,
                              const char *error))
{
    struct rpc_addr addr;
    char service[8];
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP, .ai_flags = EVUTIL_AI_ADDRCONFIG};
    resolver->done = done;
    if (rpc_addr_parse(host, port, &addr) == ERR_OK) {
        done(resolver, &addr, 1, NULL);
        return;
    }
    if (!resolver->dns) {
        resolver->dns = evdns_base_new(base_loop_event_base(loop),
                                       EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (resolver->dns) // without the file, names in /etc/hosts still work
            evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    }
    if (!resolver->dns) {
        done(resolver, NULL, 0, "out of memory");
        return;
    }
    evutil_snprintf(service, sizeof(service), "%u", port);
    resolver->busy = true;
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(resolver->dns, host, service, &hints, answered, resolver);
    if (resolver->busy) // not answered from inside
        resolver->request = request;
}

void rpc_resolver_fini(struct rpc_resolver *resolver)
{
    resolver->busy = false;
    if (resolver->request)
        evdns_getaddrinfo_cancel(resolver->request);
    if (resolver->dns)
        evdns_base_free(resolver->dns, 0);
    resolver->dns = NULL;
    resolver->request = NULL;
}
