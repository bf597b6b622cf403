// SPDX-License-Identifier: BSD-3-Clause
// Authentication: EAP conversations inside Access-Requests (RFC 3579). A conversation is found by
// State; it asks the core for vectors, registers the user, and begins the session.
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aaa/count.h"
#include "aaa/server.h"
#include "base/clock.h"
#include "base/ident.h"
#include "eap/server.h"

#define STATE_LEN 16 // handle and chance
#define REAUTH_MAX 200000
#define REAUTH_BUCKETS 65536
#define ROTATE_CHECK_MS (3600 * 1000)

struct remembered { // for a fast re-authentication
    struct remembered *next, *older, *newer;
    char id[EAP_IDENTITY_MAX + 1];
    struct eap_reauth state;
    struct aaa_profile profile; // of the last time the HSS was asked
    int64_t until_ns;
};

struct aaa_auth {
    struct aaa *aaa;
    struct base_handles *table; // struct conversation
    struct eap_server_settings eap;
    struct eap_pseudonym_keys keys;
    struct remembered *buckets[REAUTH_BUCKETS], *oldest, *newest;
    size_t n_remembered;
    struct base_timer rotate;
    struct conversation *all;
    bool closing;
};

struct conversation {
    struct conversation *next, **link;
    struct aaa_auth *auth;
    base_handle handle;
    uint8_t chance[8];
    const struct aaa_client *client;
    struct eap_session *eap;
    struct aaa_request *request; // the one to be answered; NULL: the NAS is to speak
    struct base_timer timer;     // gives up; or frees, when it is over
    struct aaa_session_data data;
    struct aaa_profile profile;
    bool asked; // the HSS was, to register the user
    bool began; // the session
};

static struct base_log_subject subject_of(const struct conversation *c)
{
    return (struct base_log_subject){.imsi = eap_session_imsi(c->eap)->digits,
                                     .peer = c->client->name};
}

// Registered for a session that then did not begin.
static void undo_registration(struct conversation *c)
{
    struct aaa *aaa = c->auth->aaa;
    const char *imsi = eap_session_imsi(c->eap)->digits;
    if (c->asked && c->data.registered && !c->began && !c->auth->closing &&
        !aaa_session_registered(aaa->sessions, imsi))
        aaa_core_deregister(aaa->core, imsi, c->data.id);
}

static void conversation_free(struct conversation *c)
{
    undo_registration(c);
    base_timer_stop(&c->timer);
    base_handle_release(c->auth->table, c->handle);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    eap_session_free(c->eap);
    metric_set(METRIC_CELL(&aaa_m_conversations, NULL), (int64_t)base_handles_used(c->auth->table));
    free(c);
}

static void on_timer(struct base_timer *timer)
{
    struct conversation *c = BASE_CONTAINER_OF(timer, struct conversation, timer);
    struct base_log_subject subject = subject_of(c);
    if (!eap_session_over(c->eap)) {
        AAA_COUNT(aaa_m_auth, eap_session_method(c->eap) == EAP_AKA ? "aka" : "aka-prime",
                  eap_session_again(c->eap) ? "reauth" : "full", "abandoned");
        base_log_limited(&log_aaa, BASE_LOG_INFO, &subject, "authentication abandoned (%s)",
                         eap_session_state(c->eap));
    }
    if (c->request)
        aaa_request_drop(c->request, "timeout");
    conversation_free(c);
}

// ---- memory of re-authentications ----

static struct remembered **bucket_of(struct aaa_auth *auth, const char *id, size_t len)
{
    uint32_t hash = 2166136261U; // FNV-1a
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)id[i]) * 16777619U;
    return &auth->buckets[(hash ^ hash >> 16) % REAUTH_BUCKETS];
}

static void forget(struct aaa_auth *auth, struct remembered *r)
{
    struct remembered **at = bucket_of(auth, r->id, strlen(r->id));
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    *(r->older ? &r->older->newer : &auth->oldest) = r->newer;
    *(r->newer ? &r->newer->older : &auth->newest) = r->older;
    auth->n_remembered--;
    OPENSSL_cleanse(r, sizeof(*r));
    free(r);
}

static bool reauth_take(void *ctx, const char *id, size_t len, struct eap_reauth *out)
{
    struct conversation *c = ctx;
    struct aaa_auth *auth = c->auth;
    struct remembered *r = *bucket_of(auth, id, len);
    while (r && (strlen(r->id) != len || memcmp(r->id, id, len) != 0))
        r = r->next;
    if (!r)
        return false;
    bool fresh = r->until_ns > base_now_ns();
    *out = r->state;
    c->profile = r->profile;
    forget(auth, r);
    return fresh;
}

static void reauth_keep(void *ctx, const char *id, const struct eap_reauth *state)
{
    struct conversation *c = ctx;
    struct aaa_auth *auth = c->auth;
    struct remembered *r = calloc(1, sizeof(*r));
    if (!r)
        return; // the next one will be a full authentication
    int64_t now = base_now_ns();
    while (auth->oldest && (auth->n_remembered >= REAUTH_MAX || auth->oldest->until_ns <= now))
        forget(auth, auth->oldest);
    memcpy(r->id, id, strlen(id) + 1);
    r->state = *state;
    r->profile = c->profile;
    r->until_ns = now + auth->aaa->settings->eap.reauth_ttl_ms * BASE_MS_NS;
    struct remembered **at = bucket_of(auth, id, strlen(id));
    r->next = *at;
    *at = r;
    r->older = auth->newest;
    *(auth->newest ? &auth->newest->newer : &auth->oldest) = r;
    auth->newest = r;
    auth->n_remembered++;
}

void aaa_auth_forget(struct aaa_auth *auth, const char *imsi)
{
    struct remembered *next;
    for (struct remembered *r = auth->oldest; r; r = next) {
        next = r->newer;
        if (strcmp(r->state.imsi.digits, imsi) == 0)
            forget(auth, r);
    }
}

static enum err chance(void *ctx, uint8_t *out, size_t len)
{
    return RAND_bytes(out, (int)len) == 1 ? ERR_OK : ERR_INTERNAL;
}

// ---- vectors and authorization ----

static void on_vector(void *ctx, base_handle handle, const struct aaa_core_answer *answer)
{
    struct aaa_auth *auth = ctx;
    struct conversation *c = base_handle_get(auth->table, handle);
    if (!c)
        return; // it was given up
    if (answer->vector)
        eap_session_vector(c->eap, answer->vector);
    else
        eap_session_no_vector(c->eap);
}

static void vector(void *ctx, const struct base_imsi *imsi, enum eap_type method,
                   const uint8_t *resync)
{
    struct conversation *c = ctx;
    struct base_log_subject subject = subject_of(c);
    if (resync)
        base_log(&log_aaa, BASE_LOG_INFO, &subject, "the card is out of synchronisation");
    enum err err =
        aaa_core_vector(c->auth->aaa->core, imsi, method, resync, on_vector, c->auth, c->handle);
    if (err)
        eap_session_no_vector(c->eap);
}

static enum eap_aka_notification verdict_of(int status)
{
    switch (status) {
    case RPC_OK:
        return EAP_AKA_SUCCESS;
    case RPC_NOT_FOUND:
    case RPC_PERMISSION_DENIED:
        return EAP_AKA_NOT_SUBSCRIBED;
    default: // the way to the HSS is broken: he may try again
        return EAP_AKA_DENIED_FOR_NOW;
    }
}

static void on_registered(void *ctx, base_handle handle, const struct aaa_core_answer *answer)
{
    struct aaa_auth *auth = ctx;
    struct conversation *c = base_handle_get(auth->table, handle);
    if (!c)
        return;
    enum eap_aka_notification verdict = verdict_of(answer->status);
    c->asked = true;
    c->data.registered = answer->status == RPC_OK;
    c->profile = answer->profile;
    if (verdict == EAP_AKA_SUCCESS && c->profile.barred)
        verdict = EAP_AKA_NOT_SUBSCRIBED;
    eap_session_authorize(c->eap, verdict);
}

// The HSS is asked after every full authentication, as the profile may have changed; after a fast
// one only if it does not know us for this user.
static void authorize(void *ctx, const struct base_imsi *imsi, bool again)
{
    struct conversation *c = ctx;
    struct aaa *aaa = c->auth->aaa;
    bool known = aaa_session_registered(aaa->sessions, imsi->digits);
    if (!aaa->settings->session.register_user || (again && known)) {
        c->data.registered = known;
        eap_session_authorize(c->eap, EAP_AKA_SUCCESS);
        return;
    }
    if (aaa_core_register(aaa->core, imsi->digits, c->data.id, on_registered, c->auth, c->handle))
        eap_session_authorize(c->eap, EAP_AKA_DENIED_FOR_NOW);
}

// ---- answering ----

static void put_state(const struct conversation *c, struct rad_writer *w)
{
    uint8_t state[STATE_LEN];
    for (size_t i = 0; i < 8; i++)
        state[i] = (uint8_t)(c->handle >> (56 - 8 * i));
    memcpy(state + 8, c->chance, 8);
    rad_put(w, RAD_STATE, state, sizeof(state));
}

static uint32_t lifetime_of(const struct conversation *c)
{
    uint32_t seconds = (uint32_t)(c->auth->aaa->settings->session.timeout_ms / 1000);
    if (c->profile.has_timeout && c->profile.timeout_s < seconds)
        seconds = c->profile.timeout_s;
    return seconds;
}

static enum err begin_session(struct conversation *c, uint32_t lifetime)
{
    c->data.since = time(NULL);
    c->data.expires = c->data.since + lifetime;
    memcpy(c->data.imsi, eap_session_imsi(c->eap)->digits, sizeof(c->data.imsi));
    enum err err = aaa_session_begin(c->auth->aaa->sessions, &c->data);
    c->began = err == ERR_OK;
    return err;
}

static void put_accept(struct conversation *c, struct rad_writer *w, uint32_t lifetime)
{
    const struct aaa_settings *settings = c->auth->aaa->settings;
    uint8_t salts[4] = {0};
    chance(c, salts, sizeof(salts));
    rad_put_mppe_keys(w, eap_session_msk(c->eap), c->client->key, c->request->packet.authenticator,
                      salts);
    rad_put_text(w, RAD_CLASS, c->data.id);
    rad_put_u32(w, RAD_SESSION_TIMEOUT, lifetime);
    rad_put_u32(w, RAD_TERMINATION_ACTION, 1); // authenticate again instead of ending
    rad_put_u32(w, RAD_ACCT_INTERIM_INTERVAL, (uint32_t)(settings->session.interim_ms / 1000));
}

static void account_for(const struct conversation *c, const char *result)
{
    struct base_log_subject subject = subject_of(c);
    const char *method = eap_session_method(c->eap) == EAP_AKA ? "aka" : "aka-prime";
    const char *how = eap_session_again(c->eap) ? "reauth" : "full";
    AAA_COUNT(aaa_m_auth, method, how, result);
    base_log(&log_aaa, BASE_LOG_INFO, &subject, "%s %s: %s, session %s", method, how, result,
             c->data.id);
}

static void reject(struct aaa_request *request, const uint8_t *eap, size_t len, const char *why)
{
    struct rad_writer w;
    rad_begin(&w, RAD_ACCESS_REJECT, request->packet.id);
    rad_put_message_authenticator(&w);
    if (len > 1) {
        const uint8_t failure[4] = {EAP_FAILURE, eap[1], 0, 4};
        rad_put_eap(&w, failure, sizeof(failure));
    }
    aaa_request_answer(request, &w, why);
}

static void output(void *ctx, enum eap_outcome outcome, const uint8_t *packet, size_t len)
{
    struct conversation *c = ctx;
    struct aaa_request *request = c->request;
    struct rad_writer w;
    if (!request)
        return;
    if (outcome == EAP_DROP) {
        c->request = NULL;
        aaa_request_drop(request, "eap_out_of_place");
        return;
    }
    uint32_t lifetime = lifetime_of(c);
    // began: the peer's last word came twice, under another identifier
    if (outcome == EAP_ACCEPT && !c->began && begin_session(c, lifetime)) {
        account_for(c, "no_room");
        c->request = NULL;
        reject(request, packet, len, "no_room");
        base_timer_start(&c->timer, 0);
        return;
    }
    rad_begin(&w,
              outcome == EAP_CONTINUE ? RAD_ACCESS_CHALLENGE
              : outcome == EAP_ACCEPT ? RAD_ACCESS_ACCEPT
                                      : RAD_ACCESS_REJECT,
              request->packet.id);
    rad_put_message_authenticator(&w);
    rad_put_eap(&w, packet, len);
    if (outcome == EAP_CONTINUE)
        put_state(c, &w);
    if (outcome == EAP_ACCEPT)
        put_accept(c, &w, lifetime);
    if (outcome != EAP_CONTINUE) {
        account_for(c, outcome == EAP_ACCEPT ? "accept" : eap_why_name(eap_session_why(c->eap)));
        base_timer_start(&c->timer, 0); // not from inside a callback of the session
    }
    c->request = NULL;
    aaa_request_answer(request, &w,
                       outcome == EAP_CONTINUE ? "challenge"
                       : outcome == EAP_ACCEPT ? "accept"
                                               : "reject");
}

static const struct eap_server_ops ops = {output,      vector,      authorize,
                                          reauth_take, reauth_keep, chance};

// ---- requests ----

static void read_nas(struct conversation *c, const struct aaa_request *request)
{
    const struct rad_packet *packet = &request->packet;
    struct aaa_session_data *d = &c->data;
    uint32_t ip;
    snprintf(d->client, sizeof(d->client), "%s", request->client->name);
    snprintf(d->nas, sizeof(d->nas), "%s", request->source);
    rad_text(packet, RAD_NAS_IDENTIFIER, d->nas_id, sizeof(d->nas_id));
    rad_text(packet, RAD_USER_NAME, d->user_name, sizeof(d->user_name));
    rad_text(packet, RAD_CALLING_STATION_ID, d->calling, sizeof(d->calling));
    rad_text(packet, RAD_CALLED_STATION_ID, d->called, sizeof(d->called));
    rad_text(packet, RAD_ACCT_SESSION_ID, d->acct_id, sizeof(d->acct_id));
    if (rad_u32(packet, RAD_NAS_IP_ADDRESS, &ip) == ERR_OK)
        snprintf(d->nas_ip, sizeof(d->nas_ip), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 0xff,
                 ip >> 8 & 0xff, ip & 0xff);
}

static enum err conversation_new(struct aaa_auth *auth, const struct aaa_request *request,
                                 struct conversation **out)
{
    uint8_t id[8];
    struct conversation *c = calloc(1, sizeof(*c));
    if (!c)
        return ERR_NOMEM;
    c->auth = auth;
    c->client = request->client;
    enum err err = chance(c, c->chance, sizeof(c->chance));
    if (!err)
        err = chance(c, id, sizeof(id));
    if (!err)
        err = eap_session_new(&auth->eap, &ops, c, &c->eap);
    if (!err)
        err = base_handle_alloc(auth->table, c, &c->handle);
    if (err) {
        eap_session_free(c->eap);
        free(c);
        return err;
    }
    base_hex_encode(id, sizeof(id), c->data.id);
    read_nas(c, request);
    c->next = auth->all;
    c->link = &auth->all;
    if (c->next)
        c->next->link = &c->next;
    auth->all = c;
    base_timer_init(&c->timer, auth->aaa->loop, on_timer);
    metric_set(METRIC_CELL(&aaa_m_conversations, NULL), (int64_t)base_handles_used(auth->table));
    *out = c;
    return ERR_OK;
}

// The conversation that a State names, if it is this client's.
static struct conversation *find(struct aaa_auth *auth, const struct aaa_request *request,
                                 const struct rad_attr *state)
{
    base_handle handle = 0;
    if (state->len != STATE_LEN)
        return NULL;
    for (size_t i = 0; i < 8; i++)
        handle = handle << 8 | state->value[i];
    struct conversation *c = base_handle_get(auth->table, handle);
    if (!c || c->client != request->client || CRYPTO_memcmp(c->chance, state->value + 8, 8) != 0)
        return NULL;
    return c;
}

void aaa_auth_request(struct aaa_auth *auth, struct aaa_request *request)
{
    uint8_t eap[EAP_PACKET_MAX];
    struct conversation *c;
    struct rad_attr state;
    size_t len;
    enum err err = rad_eap_message(&request->packet, eap, sizeof(eap), &len);
    if (err) {
        reject(request, NULL, 0, err == ERR_NOT_FOUND ? "not_eap" : "malformed_eap");
        return;
    }
    if (rad_find(&request->packet, RAD_STATE, &state)) {
        c = find(auth, request, &state);
        if (!c) {
            reject(request, eap, len, "unknown_state");
            return;
        }
    } else {
        err = conversation_new(auth, request, &c);
        if (err) { // full: silence makes the NAS ask another server, or again
            base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "no new conversation: %s",
                             err_str(err));
            aaa_request_drop(request, "overload");
            return;
        }
    }
    if (c->request) { // asked twice, under different identifiers: the first is being answered
        aaa_request_drop(request, "conversation_busy");
        return;
    }
    c->request = request;
    base_timer_start(&c->timer, auth->aaa->settings->eap.conversation_ms);
    eap_session_input(c->eap, eap, len);
}

// ---- life ----

static void on_rotate(struct base_timer *timer)
{
    struct aaa_auth *auth = BASE_CONTAINER_OF(timer, struct aaa_auth, rotate);
    struct eap_pseudonym_keys keys;
    if (aaa_store_keys(auth->aaa->store, auth->aaa->settings->eap.pseudonym_rotate_ms / 1000,
                       &keys) == ERR_OK)
        auth->keys = keys;
    base_timer_start(&auth->rotate, ROTATE_CHECK_MS);
}

enum err aaa_auth_new(struct aaa *aaa, struct aaa_auth **out)
{
    const struct aaa_settings *settings = aaa->settings;
    struct aaa_auth *auth = calloc(1, sizeof(*auth));
    if (!auth)
        return ERR_NOMEM;
    auth->aaa = aaa;
    auth->eap = (struct eap_server_settings){
        .aka = settings->aka,
        .prime = settings->prime,
        .network = settings->eap.network,
        .always_ask = settings->eap.ask_identity,
        .result_ind = settings->eap.result_indications,
        .pseudonyms = settings->eap.pseudonyms,
        .max_reauth = (uint16_t)settings->eap.reauth_max,
        .keys = &auth->keys,
    };
    enum err err =
        aaa_store_keys(aaa->store, settings->eap.pseudonym_rotate_ms / 1000, &auth->keys);
    if (!err)
        err = base_handles_new((size_t)settings->eap.conversations, &auth->table);
    if (err) {
        free(auth);
        return err;
    }
    base_timer_init(&auth->rotate, aaa->loop, on_rotate);
    base_timer_start(&auth->rotate, ROTATE_CHECK_MS);
    *out = auth;
    return ERR_OK;
}

void aaa_auth_free(struct aaa_auth *auth)
{
    if (!auth)
        return;
    base_timer_stop(&auth->rotate);
    auth->closing = true;
    while (auth->all)
        conversation_free(auth->all);
    while (auth->oldest)
        forget(auth, auth->oldest);
    base_handles_free(auth->table);
    OPENSSL_cleanse(auth, sizeof(*auth));
    free(auth);
}
