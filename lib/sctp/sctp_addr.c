// SPDX-License-Identifier: BSD-3-Clause
// Addresses as text and as the x-calls want them, errno as our errors, names.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sctp/sctp_int.h"

static enum err parse(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return ERR_OK;
    }
    return ERR_INVALID;
}

enum err sct_addrs_parse(const char *const *texts, size_t n, uint16_t port,
                         struct sct_addrs *out)
{
    out->n = 0;
    if (n > SCT_ADDRS_MAX)
        return ERR_FULL;
    for (size_t i = 0; i < n; i++) {
        enum err err = parse(texts[i], port, &out->at[i]);
        if (err)
            return err;
    }
    out->n = n;
    return ERR_OK;
}

uint16_t sct_addr_port(const struct sockaddr_storage *addr)
{
    if (addr->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)addr)->sin6_port);
    return ntohs(((const struct sockaddr_in *)addr)->sin_port);
}

// An IPv4 address within IPv6 as the IPv4 address it is.
static struct sockaddr_storage plain(const struct sockaddr_storage *addr)
{
    struct sockaddr_storage out = *addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
    if (addr->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        return out;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6->sin6_port};
    memcpy(&v4.sin_addr, (const uint8_t *)&v6->sin6_addr + 12, sizeof(v4.sin_addr));
    memset(&out, 0, sizeof(out));
    memcpy(&out, &v4, sizeof(v4));
    return out;
}

bool sct_addr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    struct sockaddr_storage x = plain(a), y = plain(b);
    if (x.ss_family != y.ss_family || sct_addr_port(&x) != sct_addr_port(&y))
        return false;
    if (x.ss_family == AF_INET6)
        return memcmp(&((struct sockaddr_in6 *)&x)->sin6_addr,
                      &((struct sockaddr_in6 *)&y)->sin6_addr, sizeof(struct in6_addr)) == 0;
    return ((struct sockaddr_in *)&x)->sin_addr.s_addr ==
           ((struct sockaddr_in *)&y)->sin_addr.s_addr;
}

const char *sct_addr_text(const struct sockaddr_storage *addr, char out[SCT_ADDR_TEXT_MAX])
{
    struct sockaddr_storage at = plain(addr);
    char text[INET6_ADDRSTRLEN] = "?", port[8] = "";
    bool v6 = at.ss_family == AF_INET6;
    if (v6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&at)->sin6_addr, text, sizeof(text));
    else if (at.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&at)->sin_addr, text, sizeof(text));
    if (sct_addr_port(&at) != 0)
        snprintf(port, sizeof(port), ":%u", sct_addr_port(&at));
    bool brackets = v6 && *port;
    snprintf(out, SCT_ADDR_TEXT_MAX, "%s%s%s%s", brackets ? "[" : "", text, brackets ? "]" : "",
             port);
    return out;
}

int sct_addrs_family(const struct sct_addrs *a, const struct sct_addrs *b)
{
    const struct sct_addrs *both[] = {a, b};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; both[k] && i < both[k]->n; i++) {
            if (both[k]->at[i].ss_family == AF_INET6)
                return AF_INET6;
        }
    }
    return AF_INET;
}

socklen_t sct_addr_len(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

size_t sct_addrs_pack(const struct sct_addrs *addrs, uint8_t *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < addrs->n; i++) {
        size_t len = sct_addr_len(&addrs->at[i]);
        if (len > size - used)
            break;
        memcpy(out + used, &addrs->at[i], len);
        used += len;
    }
    return used;
}

void sct_addrs_unpack(const void *packed, int n, struct sct_addrs *out)
{
    const uint8_t *at = packed;
    out->n = 0;
    for (int i = 0; i < n && out->n < SCT_ADDRS_MAX; i++) {
        struct sockaddr_storage *addr = &out->at[out->n++];
        memset(addr, 0, sizeof(*addr));
        memcpy(&addr->ss_family, at, sizeof(addr->ss_family)); // first in every kind
        memcpy(addr, at, sct_addr_len(addr));
        at += sct_addr_len(addr);
    }
}

enum err sct_err_from_errno(int errnum)
{
    switch (errnum) {
    case EADDRNOTAVAIL:
        return ERR_NOT_FOUND;
    case EADDRINUSE:
        return ERR_EXISTS;
    case EPROTONOSUPPORT:
    case ESOCKTNOSUPPORT:
    case EAFNOSUPPORT:
        return ERR_UNSUPPORTED;
    case EPERM:
    case EACCES:
        return ERR_DENIED;
    case EAGAIN:
    case EINPROGRESS:
    case EINTR:
        return ERR_AGAIN;
    case EPIPE:
    case ENOTCONN:
    case ECONNRESET:
    case ECONNABORTED:
    case ESHUTDOWN:
    case ETIMEDOUT: // retransmitted in vain, and not yet reported
    case ENOENT: // libusrsctp: there is no such association any more
        return ERR_CLOSED;
    default:
        return err_from_errno(errnum);
    }
}

enum sct_down sct_down_from_errno(int errnum)
{
    switch (errnum) {
    case ECONNREFUSED:
        return SCT_DOWN_REFUSED;
    case ECONNRESET:
        return SCT_DOWN_ABORTED;
    case ECONNABORTED: // by this end: the limit of retransmissions, or what the peer sent
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
        return SCT_DOWN_LOST;
    default:
        return SCT_DOWNS;
    }
}

const char *sct_backend_name(enum sct_backend backend)
{
    static const char *const names[SCT_BACKENDS] = {"auto", "kernel", "user"};
    return (unsigned)backend < SCT_BACKENDS ? names[backend] : "unknown";
}

const char *sct_down_name(enum sct_down why)
{
    static const char *const names[SCT_DOWNS] = {"refused", "unreachable", "lost", "aborted",
                                                 "shutdown"};
    return (unsigned)why < SCT_DOWNS ? names[why] : "unknown";
}

const char *sct_path_state_name(enum sct_path_state state)
{
    static const char *const names[SCT_PATH_STATES] = {"up", "down", "removed", "added",
                                                       "primary"};
    return (unsigned)state < SCT_PATH_STATES ? names[state] : "unknown";
}
