// SPDX-License-Identifier: BSD-3-Clause
// Turns a host name into addresses without blocking the loop. Internal to the room.
#pragma once

#include <event2/dns.h>

#include "base/loop.h"
#include "rpc/addr.h"

#define RPC_RESOLVE_MAX 8

struct rpc_question;
struct rpc_resolver {
    struct evdns_base *dns;        // NULL until first needed
    struct rpc_question *question; // under way
    void (*done)(struct rpc_resolver *resolver, const struct rpc_addr *addrs, size_t n,
                 const char *error);
};

// Numeric addresses and unix: paths are answered at once, from inside, and so may names be; else
// later. error is set when n is 0. One question at a time. Loop thread only.
void rpc_resolve(struct rpc_resolver *resolver, struct base_loop *loop, const char *host,
                 uint16_t port,
                 void (*done)(struct rpc_resolver *resolver, const struct rpc_addr *addrs, size_t n,
                              const char *error));
void rpc_resolver_fini(struct rpc_resolver *resolver); // done will not be called any more
