// SPDX-License-Identifier: BSD-3-Clause
// Accounting (RFC 2866, 2869): every request is recorded before it is answered, and moves its
// session: Start and Interim-Update keep it alive, Stop ends it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aaa/count.h"
#include "aaa/server.h"

enum { START = 1, STOP = 2, INTERIM = 3, ON = 7, OFF = 8 };

static const char *status_name(uint32_t status)
{
    switch (status) {
    case START:
        return "start";
    case STOP:
        return "stop";
    case INTERIM:
        return "interim";
    case ON:
        return "on";
    case OFF:
        return "off";
    default:
        return "other";
    }
}

static uint32_t number(const struct rad_packet *packet, enum rad_type type)
{
    uint32_t value;
    return rad_u32(packet, type, &value) ? 0 : value;
}

static uint64_t wide(const struct rad_packet *packet, enum rad_type high, enum rad_type low)
{
    return (uint64_t)number(packet, high) << 32 | number(packet, low);
}

static void read_record(const struct aaa_request *request, struct aaa_record *r)
{
    const struct rad_packet *packet = &request->packet;
    uint32_t ip;
    memset(r, 0, sizeof(*r));
    r->time = time(NULL);
    r->event_time = number(packet, RAD_EVENT_TIMESTAMP);
    r->status = number(packet, RAD_ACCT_STATUS_TYPE);
    r->session_time = number(packet, RAD_ACCT_SESSION_TIME);
    r->cause = number(packet, RAD_ACCT_TERMINATE_CAUSE);
    r->input_octets = wide(packet, RAD_ACCT_INPUT_GIGAWORDS, RAD_ACCT_INPUT_OCTETS);
    r->output_octets = wide(packet, RAD_ACCT_OUTPUT_GIGAWORDS, RAD_ACCT_OUTPUT_OCTETS);
    r->input_packets = number(packet, RAD_ACCT_INPUT_PACKETS);
    r->output_packets = number(packet, RAD_ACCT_OUTPUT_PACKETS);
    snprintf(r->client, sizeof(r->client), "%s", request->client->name);
    snprintf(r->nas, sizeof(r->nas), "%s", request->source);
    rad_text(packet, RAD_CLASS, r->session, sizeof(r->session));
    rad_text(packet, RAD_NAS_IDENTIFIER, r->nas_id, sizeof(r->nas_id));
    rad_text(packet, RAD_ACCT_SESSION_ID, r->acct_id, sizeof(r->acct_id));
    rad_text(packet, RAD_USER_NAME, r->user_name, sizeof(r->user_name));
    rad_text(packet, RAD_CALLING_STATION_ID, r->calling, sizeof(r->calling));
    rad_text(packet, RAD_CALLED_STATION_ID, r->called, sizeof(r->called));
    if (rad_u32(packet, RAD_FRAMED_IP_ADDRESS, &ip) == ERR_OK)
        snprintf(r->framed_ip, sizeof(r->framed_ip), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 0xff,
                 ip >> 8 & 0xff, ip & 0xff);
}

static void end_it(void *ctx, struct aaa_session *session)
{
    aaa_session_end(session, AAA_ENDED);
}

static void move_session(struct aaa *aaa, struct aaa_session *session, const struct aaa_record *r)
{
    if (r->status == STOP) {
        aaa_session_end(session, AAA_ENDED);
        return;
    }
    session->data.accounting = true;
    session->interim |= r->status == INTERIM;
    if (r->acct_id[0])
        memcpy(session->data.acct_id, r->acct_id, sizeof(session->data.acct_id));
    aaa_session_changed(session);
}

static void on_stored(void *ctx, enum err err)
{
    struct aaa_request *request = ctx;
    struct rad_writer w;
    if (err) { // the NAS keeps it and sends it again
        aaa_request_drop(request, "not_stored");
        return;
    }
    rad_begin(&w, RAD_ACCOUNTING_RESPONSE, request->packet.id);
    aaa_request_answer(request, &w, status_name(number(&request->packet, RAD_ACCT_STATUS_TYPE)));
}

void aaa_acct_request(struct aaa *aaa, struct aaa_request *request)
{
    struct aaa_record r;
    read_record(request, &r);
    struct aaa_session *session = r.session[0] ? aaa_session_by_id(aaa->sessions, r.session) : NULL;
    bool one = r.status == START || r.status == STOP || r.status == INTERIM;
    // A Class is the user's, whoever sends it; it must be of the place where the session is.
    if (session && strcmp(session->data.client, r.client) != 0)
        session = NULL;
    // Nor is the session that follows on the same station meant by what comes late of the last one.
    const char *ended = !session && r.session[0]
                            ? aaa_session_lately(aaa->sessions, r.session, r.client)
                            : "";
    if (!session && one && !ended[0])
        session = aaa_session_by_nas(aaa->sessions, r.client, r.nas, r.acct_id, r.calling);
    if (session) {
        memcpy(r.session, session->data.id, sizeof(r.session));
        memcpy(r.imsi, session->data.imsi, sizeof(r.imsi));
    } else {
        snprintf(r.imsi, sizeof(r.imsi), "%s", ended);
    }
    enum err err = aaa_store_account(aaa->store, &r, on_stored, request);
    if (err) {
        base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "accounting of %s is refused: %s",
                         request->client->name, err_str(err));
        aaa_request_drop(request, "store_full");
        return;
    }
    AAA_COUNT(aaa_m_acct, status_name(r.status));
    if (session && one)
        move_session(aaa, session, &r);
    else if (r.status == ON || r.status == OFF) // the access point has started anew, or ends
        aaa_sessions_each(aaa->sessions, NULL, r.client, r.nas, end_it, NULL);
}
