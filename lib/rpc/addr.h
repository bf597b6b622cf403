// SPDX-License-Identifier: BSD-3-Clause
// Addresses of listeners, peers and trusted proxies. Numeric only: no name look-ups here.
// Internal to the room.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct rpc_addr {
    struct sockaddr_storage sa;
    socklen_t len;
};

#define RPC_ADDR_TEXT 72

// "192.0.2.1", "::1", "unix:/run/x.sock" (port ignored). ERR_INVALID if it is none of these.
enum err rpc_addr_parse(const char *text, uint16_t port, struct rpc_addr *out);
// "192.0.2.7:40001", "[2001:db8::7]:40001", "unix".
void rpc_addr_text(const struct rpc_addr *addr, char out[RPC_ADDR_TEXT]);
uint16_t rpc_addr_port(const struct rpc_addr *addr);
void rpc_addr_set_port(struct rpc_addr *addr, uint16_t port);
bool rpc_addr_local(const struct rpc_addr *addr); // loopback or UNIX

// 16 bytes that stand for one client: IPv4 as mapped address, IPv6 by its /64. False: no IP
// address.
bool rpc_addr_client_key(const struct rpc_addr *addr, uint8_t key[16]);

struct rpc_cidr {
    uint8_t prefix[16]; // IPv4 as ::ffff:a.b.c.d
    unsigned bits;      // of the 128
};
enum err rpc_cidr_parse(const char *text, struct rpc_cidr *out); // "10.0.0.0/8", "::1"
bool rpc_cidr_contains(const struct rpc_cidr *cidr, const struct rpc_addr *addr);
