// SPDX-License-Identifier: BSD-3-Clause
// RADIUS sockets. See server.h.
#include "aaa/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aaa/count.h"
#include "base/clock.h"
#include "radius/dedup.h"

#define DEDUP_MAX 65536
#define DEDUP_NS (30 * BASE_S_NS) // longer than a NAS retransmits
#define BURST 128                 // packets of one socket in a turn of the loop
#define RECEIVE_BUFFER (4 << 20)

struct listener {
    struct listener *next;
    struct aaa_server *server;
    int fd;
    bool accounting;
    struct event *readable;
};

struct aaa_server {
    struct aaa *aaa;
    struct rad_dedup *dedup;
    struct listener *listeners;
    struct aaa_request *requests;
    uint8_t in[RAD_PACKET_MAX];
};

// Address and port, as rad_dedup wants a source.
static size_t source_of(const struct sockaddr_storage *from, uint8_t out[RAD_SOURCE_MAX])
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        memcpy(out, &v4->sin_addr, 4);
        memcpy(out + 4, &v4->sin_port, 2);
        return 6;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    memcpy(out, &v6->sin6_addr, 16);
    memcpy(out + 16, &v6->sin6_port, 2);
    return 18;
}

static void send_to(int fd, const struct sockaddr_storage *to, const uint8_t *data, size_t len)
{
    if (sendto(fd, data, len, 0, (const struct sockaddr *)to, aaa_addr_len(to)) < 0)
        base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "sending: %s", strerror(errno));
}

static void answered(struct aaa_request *r, const uint8_t *answer, size_t len)
{
    uint8_t source[RAD_SOURCE_MAX];
    size_t n = source_of(&r->from, source);
    rad_dedup_answer(r->aaa->server->dedup, source, n, r->packet.code, r->packet.id,
                     r->packet.authenticator, answer, len);
}

static void request_free(struct aaa_request *r)
{
    *r->link = r->next;
    if (r->next)
        r->next->link = r->link;
    free(r);
}

void aaa_request_answer(struct aaa_request *r, struct rad_writer *w, const char *result)
{
    rad_put_proxy_states(w, &r->packet);
    enum err err = rad_end_response(w, r->client->key, r->packet.authenticator);
    if (err) {
        base_log_limited(&log_aaa, BASE_LOG_ERROR, NULL, "answer to %s: %s", r->client->name,
                         err_str(err));
        aaa_request_drop(r, "cannot_encode");
        return;
    }
    AAA_COUNT(aaa_m_requests, r->client->name, rad_code_name(r->packet.code), result);
    send_to(r->fd, &r->from, w->buf, w->len);
    answered(r, w->buf, w->len);
    request_free(r);
}

void aaa_request_drop(struct aaa_request *r, const char *reason)
{
    AAA_COUNT(aaa_m_dropped, reason);
    answered(r, NULL, 0);
    request_free(r);
}

// ---- admission ----

// NULL: it is genuine; else why not.
static const char *refuse(const struct aaa_client *client, const struct rad_packet *packet,
                          bool accounting)
{
    enum err message = rad_check_message(packet, client->key);
    if (message != ERR_OK && message != ERR_NOT_FOUND)
        return "wrong_message_authenticator";
    if (message == ERR_NOT_FOUND && packet->code == RAD_STATUS_SERVER) // RFC 5997 §3
        return "no_message_authenticator";
    if (accounting) {
        if (packet->code != RAD_ACCOUNTING_REQUEST && packet->code != RAD_STATUS_SERVER)
            return "wrong_code";
        if (packet->code == RAD_ACCOUNTING_REQUEST && rad_check_request(packet, client->key))
            return "wrong_authenticator";
        return NULL;
    }
    if (packet->code != RAD_ACCESS_REQUEST && packet->code != RAD_STATUS_SERVER)
        return "wrong_code";
    // RFC 3579 §3.2: not without; and without, anybody could ask in a client's name
    bool needed = client->require_message_authenticator || rad_count(packet, RAD_EAP_MESSAGE) > 0;
    return message == ERR_NOT_FOUND && needed ? "no_message_authenticator" : NULL;
}

static void status(struct aaa_request *request, bool accounting)
{
    struct rad_writer w;
    rad_begin(&w, accounting ? RAD_ACCOUNTING_RESPONSE : RAD_ACCESS_ACCEPT, request->packet.id);
    rad_put_message_authenticator(&w);
    aaa_request_answer(request, &w, "status");
}

static void drop(const struct aaa_client *client, const struct sockaddr_storage *from,
                 const char *reason)
{
    char text[AAA_ADDR_TEXT];
    aaa_addr_text(from, text);
    AAA_COUNT(aaa_m_dropped, reason);
    base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "packet from %s (%s) dropped: %s", text,
                     client ? client->name : "no client", reason);
}

static void on_packet(struct listener *listener, const uint8_t *in, size_t len,
                      const struct sockaddr_storage *from)
{
    struct aaa_server *server = listener->server;
    struct rad_packet packet;
    uint8_t source[RAD_SOURCE_MAX];
    const uint8_t *answer;
    size_t n;
    const struct aaa_client *client = aaa_client_find(server->aaa->settings, from);
    const char *why = !client                        ? "unknown_client"
                      : rad_decode(in, len, &packet) ? "malformed"
                                                     : NULL;
    if (!why)
        why = refuse(client, &packet, listener->accounting);
    if (why) {
        drop(client, from, why);
        return;
    }
    size_t source_len = source_of(from, source);
    switch (
        rad_dedup_look(server->dedup, source, source_len, &packet, base_now_ns(), &answer, &n)) {
    case RAD_UNDER_WAY:
        AAA_COUNT(aaa_m_dropped, "duplicate_under_way");
        return;
    case RAD_ANSWERED:
        AAA_COUNT(aaa_m_requests, client->name, rad_code_name(packet.code), "repeated");
        send_to(listener->fd, from, answer, n);
        return;
    case RAD_NEW:
        break;
    }
    struct aaa_request *request = calloc(1, sizeof(*request) + packet.len);
    if (!request) {
        rad_dedup_answer(server->dedup, source, source_len, packet.code, packet.id,
                         packet.authenticator, NULL, 0);
        return;
    }
    request->next = server->requests;
    request->link = &server->requests;
    if (request->next)
        request->next->link = &request->next;
    server->requests = request;
    request->aaa = server->aaa;
    request->fd = listener->fd;
    request->from = *from;
    request->client = client;
    aaa_addr_text(from, request->source);
    memcpy(request->raw, in, packet.len);
    rad_decode(request->raw, packet.len, &request->packet);
    if (packet.code == RAD_STATUS_SERVER)
        status(request, listener->accounting);
    else if (listener->accounting)
        aaa_acct_request(server->aaa, request);
    else
        aaa_auth_request(server->aaa->auth, request);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct listener *listener = arg;
    struct sockaddr_storage from;
    for (int i = 0; i < BURST; i++) {
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(fd, listener->server->in, sizeof(listener->server->in), 0,
                             (struct sockaddr *)&from, &from_len);
        if (n < 0)
            return;
        on_packet(listener, listener->server->in, (size_t)n, &from);
    }
}

// ---- life ----

static enum err add_listener(struct aaa_server *server, const char *address, int64_t port,
                             bool accounting)
{
    struct sockaddr_storage addr;
    int size = RECEIVE_BUFFER, one = 1;
    aaa_addr_parse(address, (uint16_t)port, &addr);
    struct listener *listener = calloc(1, sizeof(*listener));
    if (!listener)
        return ERR_NOMEM;
    listener->server = server;
    listener->accounting = accounting;
    listener->next = server->listeners;
    server->listeners = listener;
    listener->fd = socket(addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return ERR_IO;
    setsockopt(listener->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (addr.ss_family == AF_INET6)
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(listener->fd, (struct sockaddr *)&addr, aaa_addr_len(&addr))) {
        base_log(&log_aaa, BASE_LOG_ERROR, NULL, "%s port %d: %s", address, (int)port,
                 strerror(errno));
        return ERR_IO;
    }
    listener->readable = event_new(base_loop_event_base(server->aaa->loop), listener->fd,
                                   EV_READ | EV_PERSIST, on_readable, listener);
    return listener->readable && event_add(listener->readable, NULL) == 0 ? ERR_OK : ERR_NOMEM;
}

enum err aaa_server_new(struct aaa *aaa, struct aaa_server **out)
{
    const struct aaa_settings *settings = aaa->settings;
    struct aaa_server *server = calloc(1, sizeof(*server));
    if (!server)
        return ERR_NOMEM;
    server->aaa = aaa;
    enum err err = rad_dedup_new(DEDUP_MAX, DEDUP_NS, &server->dedup);
    for (size_t i = 0; i < settings->listen.address.n && !err; i++) {
        err = add_listener(server, settings->listen.address.items[i], settings->listen.auth_port,
                           false);
        if (!err)
            err = add_listener(server, settings->listen.address.items[i],
                               settings->listen.acct_port, true);
    }
    if (err) {
        aaa_server_free(server);
        return err;
    }
    *out = server;
    return ERR_OK;
}

void aaa_server_free(struct aaa_server *server)
{
    if (!server)
        return;
    while (server->requests)
        request_free(server->requests);
    while (server->listeners) {
        struct listener *listener = server->listeners;
        server->listeners = listener->next;
        if (listener->readable)
            event_free(listener->readable);
        if (listener->fd >= 0)
            close(listener->fd);
        free(listener);
    }
    rad_dedup_free(server->dedup);
    free(server);
}
