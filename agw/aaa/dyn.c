// SPDX-License-Identifier: BSD-3-Clause
// Requests to access points. See dyn.h.
#include "aaa/dyn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aaa/aaa.h"
#include "aaa/count.h"
#include "base/clock.h"
#include "radius/dynauth.h"

#define SLOTS 256 // identifiers
#define FAMILIES 2

struct request {
    struct request *next; // waiting for a slot
    struct aaa_dyn *dyn;
    struct rad_dyn wire;
    const struct aaa_client *client;
    const char *kind;
    struct sockaddr_storage to;
    struct aaa_session_data session;
    bool coa;
    uint32_t timeout_s;
    struct base_timer timer;
    int slot;
};

struct aaa_dyn {
    struct aaa *aaa;
    int fd[FAMILIES]; // IPv4, IPv6
    struct event *readable[FAMILIES];
    struct request *slots[SLOTS];
    struct request *first, **last;
    unsigned next_slot;
};

static void start(struct request *request);

static void over(struct request *request, const char *result)
{
    struct aaa_dyn *dyn = request->dyn;
    struct base_log_subject subject = {.imsi = request->session.imsi,
                                       .peer = request->client->name};
    bool good = request->wire.state == RAD_DYN_ACK;
    AAA_COUNT(aaa_m_dyn, request->kind, result);
    base_log(&log_aaa, good ? BASE_LOG_INFO : BASE_LOG_WARN, &subject,
             "%s for session %s: %s (Error-Cause %u)", request->kind, request->session.id, result,
             (unsigned)request->wire.error_cause);
    base_timer_stop(&request->timer);
    dyn->slots[request->slot] = NULL;
    free(request);
    struct request *waiting = dyn->first;
    if (!waiting)
        return;
    dyn->first = waiting->next;
    if (!dyn->first)
        dyn->last = &dyn->first;
    start(waiting);
}

static void on_timer(struct base_timer *timer)
{
    struct request *request = BASE_CONTAINER_OF(timer, struct request, timer);
    struct rad_dyn *wire = &request->wire;
    if (rad_dyn_due(wire, base_now_ns())) {
        int fd = request->dyn->fd[request->to.ss_family == AF_INET6];
        ssize_t n = sendto(fd, wire->packet.buf, wire->packet.len, 0,
                           (struct sockaddr *)&request->to, aaa_addr_len(&request->to));
        if (n < 0)
            base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "sending to %s: %s",
                             request->client->name, strerror(errno));
    }
    if (wire->state == RAD_DYN_GONE)
        over(request, "timeout");
    else
        base_timer_start(&request->timer, base_ms_until(wire->due_ns));
}

static void write_packet(struct request *request)
{
    struct rad_writer *w = &request->wire.packet;
    const struct aaa_session_data *s = &request->session;
    struct in_addr ip;
    rad_begin(w, request->coa ? RAD_COA_REQUEST : RAD_DISCONNECT_REQUEST, (uint8_t)request->slot);
    rad_put_message_authenticator(w);
    rad_put_text(w, RAD_NAS_IDENTIFIER, s->nas_id);
    if (inet_pton(AF_INET, s->nas_ip, &ip) == 1)
        rad_put(w, RAD_NAS_IP_ADDRESS, &ip, sizeof(ip));
    rad_put_text(w, RAD_USER_NAME, s->user_name);
    rad_put_text(w, RAD_CALLING_STATION_ID, s->calling);
    rad_put_text(w, RAD_ACCT_SESSION_ID, s->acct_id);
    rad_put_u32(w, RAD_EVENT_TIMESTAMP, (uint32_t)time(NULL));
    if (request->coa)
        rad_put_u32(w, RAD_SESSION_TIMEOUT, request->timeout_s);
}

static void start(struct request *request)
{
    struct aaa_dyn *dyn = request->dyn;
    const struct aaa_settings *settings = dyn->aaa->settings;
    while (dyn->slots[dyn->next_slot % SLOTS])
        dyn->next_slot++;
    request->slot = (int)(dyn->next_slot++ % SLOTS);
    dyn->slots[request->slot] = request;
    write_packet(request);
    if (rad_dyn_init(&request->wire, request->client->key, settings->dyn.retry_ms * BASE_MS_NS,
                     (unsigned)settings->dyn.tries, base_now_ns()))
        over(request, "not_sent");
    else
        on_timer(&request->timer);
}

static bool all_taken(const struct aaa_dyn *dyn)
{
    for (int i = 0; i < SLOTS; i++) {
        if (!dyn->slots[i])
            return false;
    }
    return true;
}

static enum err ask(struct aaa_dyn *dyn, const struct aaa_session_data *session, bool coa,
                    uint32_t timeout_s)
{
    const struct aaa_settings *settings = dyn->aaa->settings;
    struct sockaddr_storage to;
    if (aaa_addr_parse(session->nas, 0, &to))
        return ERR_NOT_FOUND;
    const struct aaa_client *client = aaa_client_find(settings, &to);
    if (!client)
        return ERR_NOT_FOUND;
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        return ERR_NOMEM;
    request->dyn = dyn;
    request->client = client;
    request->kind = coa ? "coa" : "disconnect";
    request->coa = coa;
    request->timeout_s = timeout_s;
    request->session = *session;
    aaa_addr_parse(session->nas, (uint16_t)client->coa_port, &request->to);
    base_timer_init(&request->timer, dyn->aaa->loop, on_timer);
    if (all_taken(dyn)) {
        *dyn->last = request;
        dyn->last = &request->next;
    } else {
        start(request);
    }
    return ERR_OK;
}

enum err aaa_dyn_disconnect(struct aaa_dyn *dyn, const struct aaa_session_data *session)
{
    return ask(dyn, session, false, 0);
}

enum err aaa_dyn_timeout(struct aaa_dyn *dyn, const struct aaa_session_data *session,
                         uint32_t timeout_s)
{
    return ask(dyn, session, true, timeout_s);
}

// ---- answers ----

static void on_answer(struct aaa_dyn *dyn, const uint8_t *in, size_t len,
                      const struct sockaddr_storage *from)
{
    struct rad_packet packet;
    enum err err = rad_decode(in, len, &packet);
    struct request *request = err ? NULL : dyn->slots[packet.id];
    // From any address of the client: one with several answers from whichever it likes; the
    // authenticator proves that it is him.
    if (!request || aaa_client_find(dyn->aaa->settings, from) != request->client) {
        AAA_COUNT(aaa_m_dropped, "unexpected_answer");
        return;
    }
    err = rad_dyn_answer(&request->wire, &packet);
    if (err) {
        AAA_COUNT(aaa_m_dropped, err == ERR_DENIED ? "wrong_authenticator" : "unexpected_answer");
        return;
    }
    over(request, request->wire.state == RAD_DYN_ACK ? "ack" : "nak");
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    uint8_t in[RAD_PACKET_MAX];
    struct sockaddr_storage from;
    for (int i = 0; i < 64; i++) {
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&from, &from_len);
        if (n < 0)
            return;
        on_answer(arg, in, (size_t)n, &from);
    }
}

// Access points accept requests from the address that they ask: the first that we listen on.
static enum err bind_own(const struct aaa_settings *settings, int fd, int family)
{
    for (size_t i = 0; i < settings->listen.address.n; i++) {
        struct sockaddr_storage own;
        if (aaa_addr_parse(settings->listen.address.items[i], 0, &own) || own.ss_family != family)
            continue;
        if (bind(fd, (struct sockaddr *)&own, aaa_addr_len(&own)) == 0)
            return ERR_OK;
        base_log(&log_aaa, BASE_LOG_ERROR, NULL, "%s: %s", settings->listen.address.items[i],
                 strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

enum err aaa_dyn_new(struct aaa *aaa, struct aaa_dyn **out)
{
    static const int families[FAMILIES] = {AF_INET, AF_INET6};
    struct aaa_dyn *dyn = calloc(1, sizeof(*dyn));
    if (!dyn)
        return ERR_NOMEM;
    dyn->aaa = aaa;
    dyn->last = &dyn->first;
    dyn->fd[0] = dyn->fd[1] = -1;
    for (int i = 0; i < FAMILIES; i++) {
        dyn->fd[i] = socket(families[i], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (dyn->fd[i] < 0)
            continue; // a host without IPv6
        enum err err = bind_own(aaa->settings, dyn->fd[i], families[i]);
        if (err) {
            aaa_dyn_free(dyn);
            return err;
        }
        dyn->readable[i] = event_new(base_loop_event_base(aaa->loop), dyn->fd[i],
                                     EV_READ | EV_PERSIST, on_readable, dyn);
        if (!dyn->readable[i] || event_add(dyn->readable[i], NULL)) {
            aaa_dyn_free(dyn);
            return ERR_NOMEM;
        }
    }
    *out = dyn;
    return ERR_OK;
}

void aaa_dyn_free(struct aaa_dyn *dyn)
{
    if (!dyn)
        return;
    while (dyn->first) {
        struct request *next = dyn->first->next;
        free(dyn->first);
        dyn->first = next;
    }
    for (int i = 0; i < SLOTS; i++) {
        if (!dyn->slots[i])
            continue;
        base_timer_stop(&dyn->slots[i]->timer);
        free(dyn->slots[i]);
    }
    for (int i = 0; i < FAMILIES; i++) {
        if (dyn->readable[i])
            event_free(dyn->readable[i]);
        if (dyn->fd[i] >= 0)
            close(dyn->fd[i]);
    }
    free(dyn);
}
