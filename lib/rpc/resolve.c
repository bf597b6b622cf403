// SPDX-License-Identifier: BSD-3-Clause
// Name look-up through libevent's resolver (see resolve.h): /etc/hosts, then /etc/resolv.conf.
#include "rpc/resolve.h"

#include <event2/util.h>
#include <stdlib.h>
#include <string.h>

// libevent calls back even after a cancellation, in a later turn: what it is given outlives the
// resolver.
struct rpc_question {
    struct rpc_resolver *resolver; // NULL: nobody waits any more
    struct evdns_getaddrinfo_request *request;
};

static void answered(int result, struct evutil_addrinfo *list, void *arg)
{
    struct rpc_question *question = arg;
    struct rpc_resolver *resolver = question->resolver;
    struct rpc_addr addrs[RPC_RESOLVE_MAX];
    size_t n = 0;
    for (struct evutil_addrinfo *ai = list; ai && n < RPC_RESOLVE_MAX; ai = ai->ai_next) {
        if (ai->ai_addrlen > sizeof(addrs[n].sa))
            continue;
        memset(&addrs[n], 0, sizeof(addrs[n]));
        memcpy(&addrs[n].sa, ai->ai_addr, ai->ai_addrlen);
        addrs[n++].len = (socklen_t)ai->ai_addrlen;
    }
    if (list)
        evutil_freeaddrinfo(list);
    free(question);
    if (!resolver)
        return;
    resolver->question = NULL;
    resolver->done(resolver, addrs, n, n ? NULL : evutil_gai_strerror(result));
}

static enum err prepare(struct rpc_resolver *resolver, struct base_loop *loop)
{
    if (!resolver->dns) {
        resolver->dns = evdns_base_new(base_loop_event_base(loop),
                                       EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (resolver->dns) // without the file, names in /etc/hosts still work
            evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    }
    resolver->question = calloc(1, sizeof(*resolver->question));
    return resolver->dns && resolver->question ? ERR_OK : ERR_NOMEM;
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
    if (prepare(resolver, loop)) {
        free(resolver->question);
        resolver->question = NULL;
        done(resolver, NULL, 0, "out of memory");
        return;
    }
    struct rpc_question *question = resolver->question;
    question->resolver = resolver;
    evutil_snprintf(service, sizeof(service), "%u", port);
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(resolver->dns, host, service, &hints, answered, question);
    if (request) // else it has been answered, and the question is gone
        question->request = request;
}

void rpc_resolver_fini(struct rpc_resolver *resolver)
{
    struct rpc_question *question = resolver->question;
    resolver->question = NULL;
    if (question) {
        question->resolver = NULL;
        evdns_getaddrinfo_cancel(question->request);
    }
    if (resolver->dns)
        evdns_base_free(resolver->dns, 1);
    resolver->dns = NULL;
}
