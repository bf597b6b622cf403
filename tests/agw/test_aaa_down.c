// SPDX-License-Identifier: BSD-3-Clause
// What the HSS changes reaches the access point: sessions, Disconnect- and CoA-Requests, expiry;
// what accounting ends. The access point is a socket of the test; the federation gateway is not
// there, what would be asked of it the functions __wrap_* answer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "aaa/count.h"
#include "aaa/server.h"
#include "base/clock.h"
#include "lib/eap/peer.h"
#include "proto/swx_gateway.pb-c.h"

#define TERMINATE "/magma.feg.SwxGatewayService/TerminateRegistration"
#define PUSH "/fgw.swx.SwxUserData/PushProfile"

enum { PATIENCE_MS = 30000 }; // what takes moments takes longer on a busy machine

struct world {
    char folder[32], path[64];
    int ap; // the access point's socket
    struct aaa_client client;
    struct aaa_settings settings;
    struct aaa aaa;
    struct base_timer stop;
};

// The HSS, as the federation gateway would tell.
static struct {
    const struct eap_vector *vector;
    uint32_t timeout_s;
    unsigned registrations;
} hss;

enum err __wrap_aaa_core_vector(struct aaa_core *core, const struct base_imsi *imsi,
                                enum eap_type method, const uint8_t *resync, aaa_core_done done,
                                void *ctx, base_handle handle);
enum err __wrap_aaa_core_vector(struct aaa_core *core, const struct base_imsi *imsi,
                                enum eap_type method, const uint8_t *resync, aaa_core_done done,
                                void *ctx, base_handle handle)
{
    const struct aaa_core_answer answer = {.status = RPC_OK, .message = "", .vector = hss.vector};
    done(ctx, handle, &answer);
    return ERR_OK;
}

enum err __wrap_aaa_core_register(struct aaa_core *core, const char *imsi, const char *session,
                                  aaa_core_done done, void *ctx, base_handle handle);
enum err __wrap_aaa_core_register(struct aaa_core *core, const char *imsi, const char *session,
                                  aaa_core_done done, void *ctx, base_handle handle)
{
    const struct aaa_core_answer answer = {
        .status = RPC_OK,
        .message = "",
        .profile = {.known = true, .has_timeout = true, .timeout_s = hss.timeout_s}};
    hss.registrations++;
    done(ctx, handle, &answer);
    return ERR_OK;
}

// The answer last sent to the HSS.
static struct {
    unsigned n;
    int status;
    size_t len;
} told;

enum err __wrap_rpc_tunnel_end_answer(struct rpc_tunnel_end *end, uint32_t id, int status,
                                      const char *message, const uint8_t *reply, size_t len);
enum err __wrap_rpc_tunnel_end_answer(struct rpc_tunnel_end *end, uint32_t id, int status,
                                      const char *message, const uint8_t *reply, size_t len)
{
    told.n++;
    told.status = status;
    told.len = len;
    return ERR_OK;
}

// The answer last given to a NAS.
static struct rad_writer answered;

void __wrap_aaa_request_answer(struct aaa_request *request, struct rad_writer *w,
                               const char *result);
void __wrap_aaa_request_answer(struct aaa_request *request, struct rad_writer *w,
                               const char *result)
{
    assert_int_equal(rad_end_response(w, request->client->key, request->packet.authenticator),
                     ERR_OK);
    answered = *w;
    free(request);
}

void __wrap_aaa_request_drop(struct aaa_request *request, const char *reason);
void __wrap_aaa_request_drop(struct aaa_request *request, const char *reason)
{
    fail_msg("dropped: %s", reason);
}

static void on_stop(struct base_timer *timer)
{
    struct world *w = BASE_CONTAINER_OF(timer, struct world, stop);
    base_loop_stop(w->aaa.loop);
}

static void run(struct world *w, int64_t ms)
{
    base_timer_init(&w->stop, w->aaa.loop, on_stop);
    base_timer_start(&w->stop, ms);
    assert_int_equal(base_loop_run(w->aaa.loop), ERR_OK);
}

static void open_parts(struct world *w)
{
    assert_int_equal(base_loop_new("test", 64, &w->aaa.loop), ERR_OK);
    assert_int_equal(aaa_store_open(w->path, w->aaa.loop, &w->aaa.store), ERR_OK);
    assert_int_equal(aaa_core_new(w->aaa.loop, &w->settings, aaa_down, &w->aaa, &w->aaa.core),
                     ERR_OK);
    assert_int_equal(aaa_dyn_new(&w->aaa, &w->aaa.dyn), ERR_OK);
    assert_int_equal(aaa_sessions_new(&w->aaa, &w->aaa.sessions), ERR_OK);
    assert_int_equal(aaa_auth_new(&w->aaa, &w->aaa.auth), ERR_OK);
}

static void close_parts(struct world *w)
{
    aaa_core_free(w->aaa.core);
    aaa_auth_free(w->aaa.auth);
    aaa_dyn_free(w->aaa.dyn);
    aaa_sessions_free(w->aaa.sessions);
    aaa_store_close(w->aaa.store);
    base_loop_free(w->aaa.loop);
    aaa_store_free(w->aaa.store);
}

static int setup(void **state)
{
    static char host[] = "127.0.0.1", network[] = "WLAN", name[] = "ap";
    struct world *w = calloc(1, sizeof(*w));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    snprintf(w->folder, sizeof(w->folder), "/tmp/test-down-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof(w->path), "%s/aaa.db", w->folder);
    w->ap = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(w->ap, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(w->ap, (struct sockaddr *)&at, &len), 0);
    w->client = (struct aaa_client){.name = name,
                                    .coa_port = ntohs(at.sin_port),
                                    .family = AF_INET,
                                    .net = {127},
                                    .bits = 8,
                                    .key = {(const uint8_t *)"12345678", 8}};
    w->settings.clients = (struct conf_list){&w->client, 1};
    w->settings.fgw.host = host;
    w->settings.fgw.port = 1; // nobody is there
    w->settings.fgw.cleartext = true;
    w->settings.fgw.timeout_ms = 1000;
    w->settings.eap.network = network;
    w->settings.eap.conversations = 10;
    w->settings.eap.pseudonym_rotate_ms = 3600000;
    w->settings.eap.conversation_ms = 60000;
    w->settings.eap.reauth_max = 8;
    w->settings.eap.reauth_ttl_ms = 3600000;
    w->settings.session.register_user = true;
    w->settings.session.timeout_ms = 3600000;
    w->settings.session.interim_ms = 60000;
    w->settings.session.max = 3;
    w->settings.dyn.retry_ms = 1000; // an answer may take its time on a busy machine
    w->settings.dyn.tries = 2;
    w->settings.prime = true;
    w->aaa.settings = &w->settings;
    open_parts(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    close_parts(w);
    close(w->ap);
    snprintf(command, sizeof(command), "rm -r '%s'", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static struct aaa_session_data session(const char *id, const char *imsi, int64_t lifetime)
{
    struct aaa_session_data data = {.client = "ap", .nas = "127.0.0.1", .registered = true};
    snprintf(data.id, sizeof(data.id), "%s", id);
    snprintf(data.imsi, sizeof(data.imsi), "%s", imsi);
    snprintf(data.calling, sizeof(data.calling), "station-%s", id);
    data.since = time(NULL);
    data.expires = data.since + lifetime;
    return data;
}

static void begin(struct world *w, const char *id, const char *imsi)
{
    struct aaa_session_data data = session(id, imsi, 3600);
    assert_int_equal(aaa_session_begin(w->aaa.sessions, &data), ERR_OK);
}

static void push(struct world *w, const char *imsi, Fgw__Swx__Non3gppUserData *data)
{
    Fgw__Swx__PushProfileRequest ppr = FGW__SWX__PUSH_PROFILE_REQUEST__INIT;
    uint8_t bytes[256];
    char user[16];
    snprintf(user, sizeof(user), "%s", imsi);
    ppr.user_name = user;
    ppr.user_data = data;
    size_t len = fgw__swx__push_profile_request__pack(&ppr, bytes);
    const struct rpc_tunnel_end_request request = {
        .id = 1, .authority = "aaa_server", .path = PUSH, .message = bytes, .len = len};
    aaa_down(&w->aaa, &request);
}

static void terminate_session(struct world *w, const char *imsi, char *session_id)
{
    Magma__Feg__RegistrationTerminationRequest rtr =
        MAGMA__FEG__REGISTRATION_TERMINATION_REQUEST__INIT;
    uint8_t bytes[4096];
    char user[16];
    snprintf(user, sizeof(user), "%s", imsi);
    rtr.user_name = user;
    rtr.session_id = session_id;
    size_t len = magma__feg__registration_termination_request__pack(&rtr, bytes);
    const struct rpc_tunnel_end_request request = {
        .id = 2, .authority = "aaa_server", .path = TERMINATE, .message = bytes, .len = len};
    aaa_down(&w->aaa, &request);
}

static void terminate(struct world *w, const char *imsi)
{
    static char none[] = "";
    terminate_session(w, imsi, none);
}

// ---- what a NAS says ----

static struct aaa_request *request_of(struct world *w, struct rad_writer *writer)
{
    static const uint8_t chance[RAD_AUTH_LEN] = {1};
    assert_int_equal(rad_end_request(writer, w->client.key, chance), ERR_OK);
    struct aaa_request *request = calloc(1, sizeof(*request) + writer->len);
    assert_non_null(request);
    request->aaa = &w->aaa;
    request->client = &w->client;
    snprintf(request->source, sizeof(request->source), "127.0.0.1");
    memcpy(request->raw, writer->buf, writer->len);
    assert_int_equal(rad_decode(request->raw, writer->len, &request->packet), ERR_OK);
    return request;
}

static void stop_accounting(struct world *w, const char *id, const char *station)
{
    struct rad_writer writer;
    memset(&answered, 0, sizeof(answered));
    rad_begin(&writer, RAD_ACCOUNTING_REQUEST, 1);
    rad_put_u32(&writer, RAD_ACCT_STATUS_TYPE, 2);
    rad_put_text(&writer, RAD_CLASS, id);
    rad_put_text(&writer, RAD_CALLING_STATION_ID, station);
    aaa_acct_request(&w->aaa, request_of(w, &writer));
    for (int i = 0; i < 600 && answered.len == 0; i++)
        run(w, 50);
    assert_int_equal(answered.buf[0], RAD_ACCOUNTING_RESPONSE);
}

// What the peer has in peer->out goes in an Access-Request, the answer to it is read.
static void ask(struct world *w, struct peer *peer, const struct rad_attr *state,
                struct rad_packet *answer)
{
    struct rad_writer writer;
    rad_begin(&writer, RAD_ACCESS_REQUEST, 1);
    rad_put_text(&writer, RAD_CALLING_STATION_ID, "station");
    rad_put_eap(&writer, peer->out.buf, peer->out.len);
    if (state->len > 0)
        rad_put(&writer, RAD_STATE, state->value, state->len);
    memset(&answered, 0, sizeof(answered));
    aaa_auth_request(w->aaa.auth, request_of(w, &writer));
    assert_int_equal(rad_decode(answered.buf, answered.len, answer), ERR_OK);
}

// Authenticates, with the last request said so often; the Session-Timeout of the Access-Accept.
static uint32_t connect_peer(struct world *w, struct peer *peer, int last)
{
    struct rad_packet answer;
    struct rad_attr state = {0};
    uint8_t eap[EAP_PACKET_MAX], copy[255];
    uint32_t seconds;
    size_t len;
    peer_identity(peer, 1);
    ask(w, peer, &state, &answer);
    while (answer.code == RAD_ACCESS_CHALLENGE) {
        assert_int_equal(rad_eap_message(&answer, eap, sizeof(eap), &len), ERR_OK);
        assert_true(rad_find(&answer, RAD_STATE, &state));
        peer_answer(peer, eap, len);
        memcpy(copy, state.value, state.len);
        state.value = copy;
        ask(w, peer, &state, &answer);
    }
    for (; last > 1; last--)
        ask(w, peer, &state, &answer);
    assert_int_equal(answer.code, RAD_ACCESS_ACCEPT);
    assert_int_equal(rad_u32(&answer, RAD_SESSION_TIMEOUT, &seconds), ERR_OK);
    run(w, 10);
    return seconds;
}

// The next packet at the access point, awaited for so long; 0: none.
static size_t arrived(struct world *w, uint8_t *out, struct sockaddr_storage *from, int wait_ms)
{
    struct pollfd poll_ap = {.fd = w->ap, .events = POLLIN};
    socklen_t len = sizeof(*from);
    if (poll(&poll_ap, 1, wait_ms) != 1)
        return 0;
    ssize_t n = recvfrom(w->ap, out, RAD_PACKET_MAX, 0, (struct sockaddr *)from, &len);
    return n > 0 ? (size_t)n : 0;
}

static uint64_t dyn_count(const char *kind, const char *result)
{
    return metric_read(METRIC_CELL(&aaa_m_dyn, kind, result));
}

static void answer(struct world *w, const struct rad_packet *request, enum rad_code code,
                   const struct sockaddr_storage *to)
{
    struct rad_writer writer;
    rad_begin(&writer, code, request->id);
    assert_int_equal(rad_end_response(&writer, w->client.key, request->authenticator), ERR_OK);
    assert_int_equal(
        sendto(w->ap, writer.buf, writer.len, 0, (const struct sockaddr *)to, aaa_addr_len(to)),
        writer.len);
}

static void a_shorter_session_is_told_to_the_access_point(void **state)
{
    struct world *w = *state;
    Fgw__Swx__Non3gppUserData data = FGW__SWX__NON3GPP_USER_DATA__INIT;
    uint8_t in[RAD_PACKET_MAX];
    struct sockaddr_storage from;
    struct rad_packet packet;
    uint32_t seconds;
    char station[32];
    uint64_t acks = dyn_count("coa", "ack");
    begin(w, "aaaa", "001010000000001");
    begin(w, "bbbb", "001010000000002");
    data.session_timeout_present_case =
        FGW__SWX__NON3GPP_USER_DATA__SESSION_TIMEOUT_PRESENT_SESSION_TIMEOUT_S;
    data.session_timeout_s = 600;
    push(w, "001010000000001", &data);
    size_t n = arrived(w, in, &from, PATIENCE_MS);
    assert_int_equal(rad_decode(in, n, &packet), ERR_OK);
    assert_int_equal(packet.code, RAD_COA_REQUEST);
    assert_int_equal(rad_check_request(&packet, w->client.key), ERR_OK);
    assert_int_equal(rad_check_message(&packet, w->client.key), ERR_OK);
    assert_int_equal(rad_u32(&packet, RAD_SESSION_TIMEOUT, &seconds), ERR_OK);
    assert_int_equal(seconds, 600);
    assert_true(rad_text(&packet, RAD_CALLING_STATION_ID, station, sizeof(station)));
    assert_string_equal(station, "station-aaaa");
    assert_int_equal(arrived(w, in, &from, 0), 0); // the other user's is left alone
    answer(w, &packet, RAD_COA_ACK, &from);
    for (int i = 0; i < 600 && dyn_count("coa", "ack") == acks; i++)
        run(w, 50);
    assert_int_equal(dyn_count("coa", "ack"), acks + 1);
    struct aaa_session *session_a = aaa_session_by_id(w->aaa.sessions, "aaaa");
    assert_int_equal(session_a->data.expires, session_a->data.since + 600);
}

static void a_silent_access_point_is_given_up(void **state)
{
    struct world *w = *state;
    static uint8_t in[4][RAD_PACKET_MAX];
    struct sockaddr_storage from;
    size_t len[4], equal = 0;
    uint64_t timeouts = dyn_count("disconnect", "timeout");
    begin(w, "aaaa", "001010000000001");
    begin(w, "bbbb", "001010000000001");
    terminate(w, "001010000000001");
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 0);
    for (int i = 0; i < 600 && dyn_count("disconnect", "timeout") < timeouts + 2; i++)
        run(w, 50);
    for (size_t i = 0; i < 4; i++) {
        len[i] = arrived(w, in[i], &from, PATIENCE_MS);
        assert_true(len[i] > 0);
        for (size_t j = 0; j < i; j++)
            equal += len[i] == len[j] && memcmp(in[i], in[j], len[i]) == 0;
    }
    assert_int_equal(equal, 2); // of each session one retransmission, in any order
    assert_int_equal(dyn_count("disconnect", "timeout"), timeouts + 2);
}

static void unknown_users_have_nothing_to_end(void **state)
{
    struct world *w = *state;
    Fgw__Swx__Non3gppUserData data = FGW__SWX__NON3GPP_USER_DATA__INIT;
    uint8_t in[RAD_PACKET_MAX];
    struct sockaddr_storage from;
    uint64_t before = metric_read(METRIC_CELL(&aaa_m_down, "terminate", "unknown_user"));
    const struct rpc_tunnel_end_request garbage = {
        .path = TERMINATE, .message = (const uint8_t *)"\xff\xff", .len = 2};
    const struct rpc_tunnel_end_request other = {.path = "/no.such/Method"};
    begin(w, "aaaa", "001010000000001");
    terminate(w, "001010000000009");
    push(w, "001010000000009", &data);
    push(w, "001010000000001", NULL); // nothing that concerns us
    aaa_down(&w->aaa, &garbage);
    aaa_down(&w->aaa, &other);
    assert_int_equal(arrived(w, in, &from, 0), 0);
    assert_int_equal(metric_read(METRIC_CELL(&aaa_m_down, "terminate", "unknown_user")),
                     before + 1);
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 1);
}

static void sessions_end_by_themselves_and_are_bounded(void **state)
{
    struct world *w = *state;
    struct aaa_session_data data = session("aaaa", "001010000000001", 1);
    assert_int_equal(aaa_session_begin(w->aaa.sessions, &data), ERR_OK);
    begin(w, "bbbb", "001010000000002");
    begin(w, "cccc", "001010000000003");
    data = session("dddd", "001010000000004", 60);
    assert_int_equal(aaa_session_begin(w->aaa.sessions, &data), ERR_FULL);
    data = session("eeee", "001010000000002", 60); // the same station again: in its place
    snprintf(data.calling, sizeof(data.calling), "station-bbbb");
    assert_int_equal(aaa_session_begin(w->aaa.sessions, &data), ERR_OK);
    assert_null(aaa_session_by_id(w->aaa.sessions, "bbbb"));
    for (int i = 0; i < 600 && aaa_session_by_id(w->aaa.sessions, "aaaa"); i++)
        run(w, 50);
    assert_null(aaa_session_by_id(w->aaa.sessions, "aaaa"));
    assert_false(aaa_session_registered(w->aaa.sessions, "001010000000001"));
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 2);
}

// As if nothing had been heard of it for two intervals more; of three it dies.
static void let_be_silent(struct world *w, struct aaa_session *session)
{
    session->heard_ns -= 2 * w->settings.session.interim_ms * BASE_MS_NS;
    base_timer_start(&session->timer, 0);
    run(w, 50);
}

static void silence_ends_a_session_that_used_to_report(void **state)
{
    struct world *w = *state;
    begin(w, "aaaa", "001010000000001");
    begin(w, "bbbb", "001010000000002"); // its access point reports start and stop only
    struct aaa_session *reporting = aaa_session_by_id(w->aaa.sessions, "aaaa");
    reporting->interim = true;
    let_be_silent(w, reporting);
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 2);
    aaa_session_changed(reporting); // heard of again
    let_be_silent(w, reporting);
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 2);
    w->settings.session.interim_ms = 100;
    aaa_session_changed(reporting);
    for (int i = 0; i < 600 && aaa_session_by_id(w->aaa.sessions, "aaaa"); i++)
        run(w, 50);
    assert_null(aaa_session_by_id(w->aaa.sessions, "aaaa"));
    assert_non_null(aaa_session_by_id(w->aaa.sessions, "bbbb"));
    assert_string_equal(aaa_session_lately(w->aaa.sessions, "aaaa", "ap"), "001010000000001");
    assert_string_equal(aaa_session_lately(w->aaa.sessions, "aaaa", "other"), "");
}

static void sessions_are_there_after_a_restart(void **state)
{
    struct world *w = *state;
    begin(w, "aaaa", "001010000000001");
    begin(w, "bbbb", "001010000000002");
    aaa_session_end(aaa_session_by_id(w->aaa.sessions, "bbbb"), AAA_WITHDRAWN);
    close_parts(w);
    open_parts(w);
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 1);
    assert_true(aaa_session_registered(w->aaa.sessions, "001010000000001"));
    struct aaa_session *found =
        aaa_session_by_nas(w->aaa.sessions, "ap", "127.0.0.1", "", "station-aaaa");
    assert_non_null(found);
    assert_string_equal(found->data.id, "aaaa");
    assert_null(aaa_session_by_nas(w->aaa.sessions, "ap", "127.0.0.2", "", "station-aaaa"));
}

static void no_limit_of_the_profile_is_no_limit(void **state)
{
    struct world *w = *state;
    Fgw__Swx__Non3gppUserData data = FGW__SWX__NON3GPP_USER_DATA__INIT;
    uint8_t in[RAD_PACKET_MAX];
    struct sockaddr_storage from;
    begin(w, "aaaa", "001010000000001");
    data.session_timeout_present_case =
        FGW__SWX__NON3GPP_USER_DATA__SESSION_TIMEOUT_PRESENT_SESSION_TIMEOUT_S;
    data.session_timeout_s = 0; // RFC 6733 8.13: unlimited
    assert_false(aaa_profile_of(&data).has_timeout);
    push(w, "001010000000001", &data);
    assert_int_equal(arrived(w, in, &from, 0), 0);
    struct aaa_session *session_a = aaa_session_by_id(w->aaa.sessions, "aaaa");
    assert_int_equal(session_a->data.expires, session_a->data.since + 3600);
}

static void the_profile_counts_after_a_fast_reauthentication_too(void **state)
{
    struct world *w = *state;
    Fgw__Swx__Non3gppUserData data = FGW__SWX__NON3GPP_USER_DATA__INIT;
    struct peer peer;
    peer_init(&peer, EAP_AKA_PRIME, "6001010000000001@example.org");
    hss.vector = &peer.card;
    hss.timeout_s = 600;
    hss.registrations = 0;
    assert_int_equal(connect_peer(w, &peer, 1), 600);
    assert_int_equal(hss.registrations, 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(connect_peer(w, &peer, 1), 600);
        assert_true(peer.again);
        assert_int_equal(hss.registrations, 1); // nobody was asked
    }
    hss.timeout_s = 900;
    push(w, "001010000000001", &data); // it has changed: the next one is asked for it
    assert_int_equal(connect_peer(w, &peer, 1), 900);
    assert_false(peer.again);
    assert_int_equal(hss.registrations, 2);
    peer_fini(&peer);
}

static void what_is_accepted_twice_is_one_session(void **state)
{
    struct world *w = *state;
    struct peer peer;
    struct rad_packet accept;
    char id[17];
    peer_init(&peer, EAP_AKA_PRIME, "6001010000000001@example.org");
    hss.vector = &peer.card;
    hss.timeout_s = 600;
    assert_int_equal(connect_peer(w, &peer, 2), 600); // under another identifier: no repetition
    assert_int_equal(rad_decode(answered.buf, answered.len, &accept), ERR_OK);
    assert_true(rad_text(&accept, RAD_CLASS, id, sizeof(id)));
    assert_non_null(aaa_session_by_id(w->aaa.sessions, id));
    assert_string_equal(aaa_session_lately(w->aaa.sessions, id, "ap"), ""); // nor one that ended
    assert_int_equal(aaa_sessions_count(w->aaa.sessions), 1);
    peer_fini(&peer);
}

static void the_end_of_a_replaced_session_is_not_that_of_the_new_one(void **state)
{
    struct world *w = *state;
    struct aaa_session_data data = session("aaaa", "001010000000001", 3600);
    assert_int_equal(aaa_session_begin(w->aaa.sessions, &data), ERR_OK);
    memcpy(data.id, "bbbb", 4); // the same station
    assert_int_equal(aaa_session_begin(w->aaa.sessions, &data), ERR_OK);
    assert_null(aaa_session_by_id(w->aaa.sessions, "aaaa"));
    stop_accounting(w, "aaaa", data.calling); // of the first one, late
    assert_non_null(aaa_session_by_id(w->aaa.sessions, "bbbb"));
    stop_accounting(w, "", data.calling); // no Class: found by the station
    assert_null(aaa_session_by_id(w->aaa.sessions, "bbbb"));
}

static void the_hss_is_answered_however_long_its_session_id_is(void **state)
{
    struct world *w = *state;
    char session_id[3001];
    memset(session_id, 'x', sizeof(session_id) - 1);
    session_id[sizeof(session_id) - 1] = '\0';
    memset(&told, 0, sizeof(told));
    begin(w, "aaaa", "001010000000001");
    terminate_session(w, "001010000000001", session_id);
    assert_int_equal(told.n, 1);
    assert_int_equal(told.status, RPC_OK);
    assert_true(told.len > 3000);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_shorter_session_is_told_to_the_access_point),
        CASE(a_silent_access_point_is_given_up),
        CASE(unknown_users_have_nothing_to_end),
        CASE(sessions_end_by_themselves_and_are_bounded),
        CASE(silence_ends_a_session_that_used_to_report),
        CASE(sessions_are_there_after_a_restart),
        CASE(no_limit_of_the_profile_is_no_limit),
        CASE(the_profile_counts_after_a_fast_reauthentication_too),
        CASE(what_is_accepted_twice_is_one_session),
        CASE(the_end_of_a_replaced_session_is_not_that_of_the_new_one),
        CASE(the_hss_is_answered_however_long_its_session_id_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
