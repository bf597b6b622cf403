// SPDX-License-Identifier: BSD-3-Clause
// Numeric addresses (see addr.h).
#include "rpc/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

enum err rpc_addr_parse(const char *text, uint16_t port, struct rpc_addr *out)
{
    memset(out, 0, sizeof(*out));
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;
    struct sockaddr_un *un = (struct sockaddr_un *)&out->sa;
    if (strncmp(text, "unix:", 5) == 0) {
        if (!text[5] || strlen(text + 5) >= sizeof(un->sun_path))
            return ERR_INVALID;
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, text + 5, strlen(text + 5) + 1);
        out->len = sizeof(*un);
        return ERR_OK;
    }
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out->len = sizeof(*v4);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        out->len = sizeof(*v6);
        return ERR_OK;
    }
    return ERR_INVALID;
}

void rpc_addr_text(const struct rpc_addr *addr, char out[RPC_ADDR_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    switch (addr->sa.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&addr->sa)->sin_addr, host, sizeof(host));
        snprintf(out, RPC_ADDR_TEXT, "%s:%u", host, rpc_addr_port(addr));
        return;
    case AF_INET6:
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&addr->sa)->sin6_addr, host,
                  sizeof(host));
        snprintf(out, RPC_ADDR_TEXT, "[%s]:%u", host, rpc_addr_port(addr));
        return;
    default:
        snprintf(out, RPC_ADDR_TEXT, "unix");
    }
}

uint16_t rpc_addr_port(const struct rpc_addr *addr)
{
    if (addr->sa.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&addr->sa)->sin_port);
    if (addr->sa.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&addr->sa)->sin6_port);
    return 0;
}

void rpc_addr_set_port(struct rpc_addr *addr, uint16_t port)
{
    if (addr->sa.ss_family == AF_INET)
        ((struct sockaddr_in *)&addr->sa)->sin_port = htons(port);
    else if (addr->sa.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&addr->sa)->sin6_port = htons(port);
}

static bool to_128(const struct rpc_addr *addr, uint8_t out[16])
{
    if (addr->sa.ss_family == AF_INET) {
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + 12, &((const struct sockaddr_in *)&addr->sa)->sin_addr, 4);
        return true;
    }
    if (addr->sa.ss_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)&addr->sa)->sin6_addr, 16);
        return true;
    }
    return false;
}

bool rpc_addr_local(const struct rpc_addr *addr)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    uint8_t a[16];
    if (addr->sa.ss_family == AF_UNIX)
        return true;
    if (!to_128(addr, a))
        return false;
    return memcmp(a, loopback6, 16) == 0 || (memcmp(a, mapped, 12) == 0 && a[12] == 127);
}

bool rpc_addr_client_key(const struct rpc_addr *addr, uint8_t key[16])
{
    if (!to_128(addr, key))
        return false;
    if (memcmp(key, mapped, sizeof(mapped)) != 0)
        memset(key + 8, 0, 8);
    return true;
}

enum err rpc_cidr_parse(const char *text, struct rpc_cidr *out)
{
    char host[INET6_ADDRSTRLEN];
    struct rpc_addr addr;
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof(host))
        return ERR_INVALID;
    memcpy(host, text, len);
    host[len] = 0;
    if (rpc_addr_parse(host, 0, &addr) || !to_128(&addr, out->prefix))
        return ERR_INVALID;
    unsigned offset = addr.sa.ss_family == AF_INET ? 96 : 0;
    out->bits = 128;
    if (slash) {
        char *end;
        unsigned long bits = strtoul(slash + 1, &end, 10);
        if (slash[1] < '0' || slash[1] > '9' || *end || bits + offset > 128)
            return ERR_INVALID;
        out->bits = offset + (unsigned)bits;
    }
    return ERR_OK;
}

bool rpc_cidr_contains(const struct rpc_cidr *cidr, const struct rpc_addr *addr)
{
    uint8_t a[16];
    if (!to_128(addr, a))
        return false;
    unsigned whole = cidr->bits / 8, rest = cidr->bits % 8;
    if (memcmp(a, cidr->prefix, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || (a[whole] & mask) == (cidr->prefix[whole] & mask);
}
