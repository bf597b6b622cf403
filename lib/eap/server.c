// SPDX-License-Identifier: BSD-3-Clause
// The conversation as a state machine. See server.h. Errors are answered as RFC 4187 §6.3.2 has it:
// a notification that the peer acknowledges, then EAP-Failure.
#include "eap/server.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "eap/server_int.h"

BASE_LOG_CATEGORY(log_eap, "eap");

enum state {
    BEGIN,       // nothing was said
    EAP_ID,      // EAP-Request/Identity is out
    AKA_ID,      // AKA-Identity is out
    VECTOR,      // a vector is awaited
    CHALLENGE,   // AKA-Challenge is out
    REAUTH,      // AKA-Reauthentication is out
    AUTHORIZE,   // the owner decides
    NOTIFY_GOOD, // protected success indication is out
    NOTIFY_BAD,  // failure notification is out
    OVER,
    STATES
};

enum eap_event {
    START,
    IDENTITY,
    NAK,
    AKA_IDENTITY,
    ANSWER, // to the challenge
    SYNC_FAILURE,
    AUTH_REJECT,
    CLIENT_ERROR,
    NOTIFICATION,
    REAUTHENTICATION,
    BAD, // cannot be decoded, or was refused in this state
    GOT_VECTOR,
    NO_VECTOR,
    AUTHORIZED,
    EVENTS
};

static const char *const event_names[EVENTS] = {
    [START] = "start",
    [IDENTITY] = "identity",
    [NAK] = "nak",
    [AKA_IDENTITY] = "aka-identity",
    [ANSWER] = "challenge-answer",
    [SYNC_FAILURE] = "synchronization-failure",
    [AUTH_REJECT] = "authentication-reject",
    [CLIENT_ERROR] = "client-error",
    [NOTIFICATION] = "notification",
    [REAUTHENTICATION] = "reauthentication",
    [BAD] = "bad-message",
    [GOT_VECTOR] = "vector",
    [NO_VECTOR] = "no-vector",
    [AUTHORIZED] = "authorized",
};

static const char *const why_names[EAP_WHYS] = {
    [EAP_WHY_NONE] = "none",
    [EAP_WHY_BAD_MESSAGE] = "bad_message",
    [EAP_WHY_NO_IDENTITY] = "no_identity",
    [EAP_WHY_NO_METHOD] = "no_method",
    [EAP_WHY_NO_VECTOR] = "no_vector",
    [EAP_WHY_WRONG_MAC] = "wrong_mac",
    [EAP_WHY_WRONG_RES] = "wrong_res",
    [EAP_WHY_WRONG_CHECKCODE] = "wrong_checkcode",
    [EAP_WHY_KDF] = "kdf",
    [EAP_WHY_PEER_REJECTED] = "peer_rejected",
    [EAP_WHY_PEER_ERROR] = "peer_error",
    [EAP_WHY_RESYNC] = "resync",
    [EAP_WHY_UNAUTHORIZED] = "unauthorized",
    [EAP_WHY_INTERNAL] = "internal",
};

const char *eap_why_name(enum eap_why why)
{
    return (unsigned)why < EAP_WHYS ? why_names[why] : "?";
}

// What an event of the wire carries.
struct input {
    const uint8_t *packet;
    size_t len;
    const struct eap_packet *eap;
    struct eap_aka_msg msg;
};

static struct eap_session *session_of(struct base_fsm_step *step)
{
    return BASE_CONTAINER_OF(step->inst, struct eap_session, fsm);
}

// ---- answering ----

static void answer(struct eap_session *s, enum eap_outcome outcome)
{
    s->outcome = outcome;
    s->awaited = false;
    s->ops->output(s->ctx, outcome, s->out.buf, s->out.len);
}

// EAP-Success or EAP-Failure; ends the conversation.
static void end(struct base_fsm_step *step, enum eap_outcome outcome)
{
    struct eap_session *s = session_of(step);
    size_t len = 0;
    base_fsm_goto(step, OVER);
    // RFC 3748 §4.2: the identifier is that of the response it answers
    eap_encode(outcome == EAP_ACCEPT ? EAP_SUCCESS : EAP_FAILURE, s->id, EAP_NONE, NULL, 0,
               s->out.buf, sizeof(s->out.buf), &len);
    s->out.len = len;
    answer(s, outcome);
}

static void refuse_at_once(struct base_fsm_step *step, enum eap_why why)
{
    struct eap_session *s = session_of(step);
    s->why = s->why ? s->why : why;
    end(step, EAP_REJECT);
}

// A failure notification; the peer's answer brings EAP-Failure.
static void notify_failure(struct base_fsm_step *step, enum eap_aka_notification code,
                           enum eap_why why)
{
    struct eap_session *s = session_of(step);
    s->why = s->why ? s->why : why;
    s->verdict = (uint16_t)code;
    s->id++;
    if (eap_build_notification(s)) {
        s->id--;
        end(step, EAP_REJECT);
        return;
    }
    base_fsm_goto(step, NOTIFY_BAD);
    answer(s, EAP_CONTINUE);
}

static void fail(struct base_fsm_step *step, enum eap_why why)
{
    notify_failure(step, EAP_AKA_FAILURE, why);
}

static void send_request(struct base_fsm_step *step, enum state next,
                         enum err (*build)(struct eap_session *s))
{
    struct eap_session *s = session_of(step);
    s->id++;
    if (build(s)) {
        s->id--;
        refuse_at_once(step, EAP_WHY_INTERNAL);
        return;
    }
    base_fsm_goto(step, next);
    answer(s, EAP_CONTINUE);
}

// ---- identity ----

static void ask_vector(struct base_fsm_step *step, const uint8_t *resync)
{
    struct eap_session *s = session_of(step);
    base_fsm_goto(step, VECTOR);
    s->ops->vector(s->ctx, &s->imsi, s->method, resync); // last: it may be answered in there
}

static void ask_identity(struct base_fsm_step *step, enum eap_ask ask)
{
    struct eap_session *s = session_of(step);
    if (ask <= s->asked) { // RFC 4187 §4.1.6: each at most once, in this order
        fail(step, EAP_WHY_NO_IDENTITY);
        return;
    }
    s->asked = ask;
    send_request(step, AKA_ID, eap_build_identity);
}

static void reauthenticate(struct base_fsm_step *step, const struct eap_reauth *state)
{
    struct eap_session *s = session_of(step);
    s->imsi = state->imsi;
    s->keys = state->keys;
    s->counter = (uint16_t)(state->counter + 1);
    s->again = true;
    send_request(step, REAUTH, eap_build_reauth);
}

// Goes on with the identity that the peer gave last, inside or outside the method.
static void use_identity(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    struct eap_identity id;
    struct eap_reauth state;
    enum eap_ask full = s->asked < ASKED_FULLAUTH ? ASKED_FULLAUTH : ASKED_PERMANENT;
    eap_identity_read(s->identity, s->identity_len, &id);
    switch (id.kind) {
    case EAP_ID_PERMANENT:
        s->imsi = id.imsi;
        ask_vector(step, NULL);
        return;
    case EAP_ID_PSEUDONYM:
        if (s->asked != ASKED_PERMANENT && s->settings->keys &&
            eap_pseudonym_open(s->settings->keys, id.user, id.user_len, &s->imsi) == ERR_OK)
            ask_vector(step, NULL);
        else
            ask_identity(step, ASKED_PERMANENT);
        return;
    case EAP_ID_REAUTH:
        if (s->asked > ASKED_ANY || id.method != s->method ||
            !s->ops->reauth_take(s->ctx, s->identity, s->identity_len, &state)) {
            ask_identity(step, full);
        } else if (state.keys.method != s->method || state.counter >= s->settings->max_reauth) {
            OPENSSL_cleanse(&state, sizeof(state));
            ask_identity(step, full);
        } else {
            reauthenticate(step, &state);
            OPENSSL_cleanse(&state, sizeof(state));
        }
        return;
    case EAP_ID_OTHER:
        ask_identity(step, s->asked == ASKED_NOTHING ? ASKED_ANY : ASKED_PERMANENT);
        return;
    }
}

static enum eap_type choose_method(const struct eap_session *s)
{
    struct eap_identity id;
    eap_identity_read(s->identity, s->identity_len, &id);
    if (id.method == EAP_AKA && s->settings->aka)
        return EAP_AKA;
    return s->settings->prime ? EAP_AKA_PRIME : EAP_AKA;
}

static void begin_method(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    if (s->settings->always_ask)
        ask_identity(step, ASKED_ANY);
    else
        use_identity(step);
}

static enum err build_eap_identity(struct eap_session *s)
{
    return eap_encode(EAP_REQUEST, s->id, EAP_IDENTITY, NULL, 0, s->out.buf, sizeof(s->out.buf),
                      &s->out.len);
}

static void on_start(struct base_fsm_step *step)
{
    send_request(step, EAP_ID, build_eap_identity);
}

static void set_identity(struct eap_session *s, const uint8_t *text, size_t len)
{
    memcpy(s->identity, text, len);
    s->identity[len] = '\0';
    s->identity_len = len;
}

static void on_identity(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    const uint8_t *text = in->eap->data;
    const uint8_t *nul = memchr(text, 0, in->eap->len); // RFC 3748 §5.1: options may follow it
    size_t len = nul ? (size_t)(nul - text) : in->eap->len;
    if (len > EAP_IDENTITY_MAX) {
        refuse_at_once(step, EAP_WHY_NO_IDENTITY);
        return;
    }
    s->id = in->eap->id;
    set_identity(s, text, len);
    s->method = choose_method(s);
    begin_method(step);
}

static void on_aka_identity(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    const struct eap_aka_attr *identity = &in->msg.at[EAP_AT_IDENTITY];
    s->method_fixed = true;
    if (identity->len > EAP_IDENTITY_MAX || memchr(identity->data, 0, identity->len)) {
        fail(step, EAP_WHY_NO_IDENTITY);
        return;
    }
    if (eap_checkcode_add(&s->check, s->method, in->packet, in->eap->total)) {
        fail(step, EAP_WHY_INTERNAL);
        return;
    }
    set_identity(s, identity->data, identity->len);
    use_identity(step);
}

// The peer wants another method: only before it has answered in the one proposed (RFC 3748 §5.3).
static void on_nak(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    enum eap_type other = s->method == EAP_AKA ? EAP_AKA_PRIME : EAP_AKA;
    bool offered = other == EAP_AKA ? s->settings->aka : s->settings->prime;
    if (s->method_fixed || !offered || !eap_nak_wants(in->eap, other)) {
        refuse_at_once(step, EAP_WHY_NO_METHOD);
        return;
    }
    s->method = other;
    s->method_fixed = true;
    s->asked = ASKED_NOTHING;
    s->again = false;
    eap_checkcode_reset(&s->check);
    begin_method(step);
}

// ---- full authentication ----

static void on_vector(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    s->vector = *(const struct eap_vector *)step->data;
    if (eap_aka_keys_full(s->method, s->identity, s->identity_len, s->vector.ck, s->vector.ik,
                          &s->keys))
        refuse_at_once(step, EAP_WHY_INTERNAL);
    else
        send_request(step, CHALLENGE, eap_build_challenge);
}

static void on_no_vector(struct base_fsm_step *step)
{
    fail(step, EAP_WHY_NO_VECTOR);
}

// What every protected answer must prove: its MAC, and that the identities were not changed.
static enum eap_why check_protection(const struct eap_session *s, const struct input *in,
                                     const void *extra, size_t extra_len)
{
    uint8_t mac[EAP_MAC_LEN], code[EAP_CHECKCODE_MAX];
    const struct eap_aka_attr *check = &in->msg.at[EAP_AT_CHECKCODE];
    size_t len;
    if (!eap_aka_has(&in->msg, EAP_AT_MAC) ||
        eap_aka_mac(&s->keys, in->packet, in->eap->total, in->msg.mac_at, extra, extra_len, mac) ||
        CRYPTO_memcmp(mac, in->packet + in->msg.mac_at, sizeof(mac)) != 0)
        return EAP_WHY_WRONG_MAC;
    if (!eap_aka_has(&in->msg, EAP_AT_CHECKCODE))
        return EAP_WHY_NONE;
    if (eap_checkcode_get(&s->check, code, &len))
        return EAP_WHY_INTERNAL;
    return check->len == len && memcmp(check->data, code, len) == 0 ? EAP_WHY_NONE
                                                                    : EAP_WHY_WRONG_CHECKCODE;
}

static void authorize(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    s->peer_result_ind = s->settings->result_ind && eap_aka_has(&in->msg, EAP_AT_RESULT_IND);
    base_fsm_goto(step, AUTHORIZE);
    s->ops->authorize(s->ctx, &s->imsi, s->again); // last: it may be answered in there
}

static void on_answer(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    const struct eap_aka_attr *res = &in->msg.at[EAP_AT_RES];
    s->method_fixed = true;
    // RFC 9048 §3.2: AT_KDF alone asks for another derivation; we have offered the only one we know
    if (in->msg.n_kdf > 0) {
        fail(step, EAP_WHY_KDF);
        return;
    }
    enum eap_why why = check_protection(s, in, NULL, 0);
    if (!why &&
        (res->len != s->vector.xres_len || CRYPTO_memcmp(res->data, s->vector.xres, res->len) != 0))
        why = EAP_WHY_WRONG_RES;
    if (why)
        fail(step, why);
    else
        authorize(step);
}

static void on_sync_failure(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    uint8_t resync[EAP_RESYNC_LEN];
    s->method_fixed = true;
    // once: a card that is still ahead afterwards, or an AKA' peer that changes the KDF, will not
    // do
    if (s->resynced) {
        fail(step, EAP_WHY_RESYNC);
        return;
    }
    s->resynced = true;
    memcpy(resync, s->vector.rand, 16);
    memcpy(resync + 16, in->msg.at[EAP_AT_AUTS].data, 14);
    ask_vector(step, resync);
}

static void on_auth_reject(struct base_fsm_step *step)
{
    refuse_at_once(step, EAP_WHY_PEER_REJECTED);
}

static void on_client_error(struct base_fsm_step *step)
{
    refuse_at_once(step, EAP_WHY_PEER_ERROR);
}

static void on_bad(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    // not in a method there is no notification of ours; after a good one no failure may follow
    if (s->method == EAP_NONE || step->from == NOTIFY_GOOD)
        refuse_at_once(step, EAP_WHY_BAD_MESSAGE);
    else
        fail(step, EAP_WHY_BAD_MESSAGE);
}

// ---- fast re-authentication ----

static void on_reauthentication(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    const struct input *in = step->data;
    struct eap_aka_msg inner;
    uint8_t plain[EAP_PACKET_MAX];
    s->method_fixed = true;
    enum eap_why why = check_protection(s, in, s->nonce_s, sizeof(s->nonce_s));
    if (!why && (eap_open_encrypted(s, &in->msg, plain, &inner) ||
                 eap_aka_u16(&inner, EAP_AT_COUNTER) != s->counter))
        why = EAP_WHY_BAD_MESSAGE;
    if (why) {
        fail(step, why);
    } else if (eap_aka_has(&inner, EAP_AT_COUNTER_TOO_SMALL)) { // RFC 4187 §5.5: begin anew
        s->again = false;
        s->next_reauth[0] = '\0';
        ask_vector(step, NULL);
    } else if (eap_aka_keys_again(&s->keys, s->identity, s->identity_len, s->counter, s->nonce_s)) {
        fail(step, EAP_WHY_INTERNAL);
    } else {
        authorize(step);
    }
}

// ---- the end ----

static void succeed(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    if (s->next_reauth[0]) {
        struct eap_reauth state = {
            .imsi = s->imsi, .keys = s->keys, .counter = s->again ? s->counter : 0};
        s->ops->reauth_keep(s->ctx, s->next_reauth, &state);
        OPENSSL_cleanse(&state, sizeof(state));
    }
    end(step, EAP_ACCEPT);
}

static void on_authorized(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    enum eap_aka_notification verdict = *(const enum eap_aka_notification *)step->data;
    if (verdict != EAP_AKA_SUCCESS) {
        notify_failure(step, verdict, EAP_WHY_UNAUTHORIZED);
    } else if (s->peer_result_ind) {
        s->verdict = EAP_AKA_SUCCESS;
        send_request(step, NOTIFY_GOOD, eap_build_notification);
    } else {
        succeed(step);
    }
}

static bool notification_proven(const struct eap_session *s, const struct input *in)
{
    struct eap_aka_msg inner;
    uint8_t plain[EAP_PACKET_MAX];
    if (check_protection(s, in, NULL, 0))
        return false;
    return !s->again || (eap_open_encrypted(s, &in->msg, plain, &inner) == ERR_OK &&
                         eap_aka_u16(&inner, EAP_AT_COUNTER) == s->counter);
}

static void on_good_notified(struct base_fsm_step *step)
{
    struct eap_session *s = session_of(step);
    if (notification_proven(s, step->data))
        succeed(step);
    else
        refuse_at_once(step, EAP_WHY_WRONG_MAC);
}

// Whatever the peer says to a failure: it is over.
static void on_bad_notified(struct base_fsm_step *step)
{
    end(step, EAP_REJECT);
}

// ---- the table ----

#define BIT BASE_FSM_BIT
#define ENDS (BIT(NOTIFY_BAD) | BIT(OVER))
#define IDENTIFIED (BIT(AKA_ID) | BIT(VECTOR) | BIT(REAUTH) | ENDS)

static const struct base_fsm_state states[STATES] = {
    [BEGIN] = {.name = "begin"},
    [EAP_ID] = {.name = "identity-asked"},
    [AKA_ID] = {.name = "aka-identity-asked"},
    [VECTOR] = {.name = "vector-awaited"},
    [CHALLENGE] = {.name = "challenged"},
    [REAUTH] = {.name = "reauthenticating"},
    [AUTHORIZE] = {.name = "authorizing"},
    [NOTIFY_GOOD] = {.name = "success-notified"},
    [NOTIFY_BAD] = {.name = "failure-notified"},
    [OVER] = {.name = "over"},
};

static const struct base_fsm_row rows[] = {
    {BEGIN, BIT(START), BIT(EAP_ID) | BIT(OVER), on_start},
    {BEGIN, BIT(IDENTITY), IDENTIFIED, on_identity},
    {BEGIN, BIT(BAD), ENDS, on_bad},
    {EAP_ID, BIT(IDENTITY), IDENTIFIED, on_identity},
    {EAP_ID, BIT(BAD), ENDS, on_bad},
    {AKA_ID, BIT(AKA_IDENTITY), IDENTIFIED, on_aka_identity},
    {AKA_ID, BIT(NAK), IDENTIFIED, on_nak},
    {AKA_ID, BIT(CLIENT_ERROR), BIT(OVER), on_client_error},
    {AKA_ID, BIT(BAD), ENDS, on_bad},
    {VECTOR, BIT(GOT_VECTOR), BIT(CHALLENGE) | BIT(OVER), on_vector},
    {VECTOR, BIT(NO_VECTOR), ENDS, on_no_vector},
    {CHALLENGE, BIT(ANSWER), BIT(AUTHORIZE) | ENDS, on_answer},
    {CHALLENGE, BIT(SYNC_FAILURE), BIT(VECTOR) | ENDS, on_sync_failure},
    {CHALLENGE, BIT(AUTH_REJECT), BIT(OVER), on_auth_reject},
    {CHALLENGE, BIT(CLIENT_ERROR), BIT(OVER), on_client_error},
    {CHALLENGE, BIT(NAK), IDENTIFIED, on_nak},
    {CHALLENGE, BIT(BAD), ENDS, on_bad},
    {REAUTH, BIT(REAUTHENTICATION), BIT(AUTHORIZE) | BIT(VECTOR) | ENDS, on_reauthentication},
    {REAUTH, BIT(CLIENT_ERROR), BIT(OVER), on_client_error},
    {REAUTH, BIT(NAK), IDENTIFIED, on_nak},
    {REAUTH, BIT(BAD), ENDS, on_bad},
    {AUTHORIZE, BIT(AUTHORIZED), BIT(NOTIFY_GOOD) | ENDS, on_authorized},
    {NOTIFY_GOOD, BIT(NOTIFICATION), BIT(OVER), on_good_notified},
    {NOTIFY_GOOD, BIT(CLIENT_ERROR), BIT(OVER), on_client_error},
    {NOTIFY_GOOD, BIT(BAD), BIT(OVER), on_bad},
    {NOTIFY_BAD, BIT(NOTIFICATION) | BIT(CLIENT_ERROR) | BIT(BAD), BIT(OVER), on_bad_notified},
};

const struct base_fsm eap_server_fsm = {
    .name = "eap",
    .states = states,
    .n_states = STATES,
    .events = event_names,
    .n_events = EVENTS,
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .log = &log_eap,
};

// ---- input ----

static int event_of(uint8_t subtype)
{
    switch (subtype) {
    case EAP_AKA_CHALLENGE:
        return ANSWER;
    case EAP_AKA_AUTHENTICATION_REJECT:
        return AUTH_REJECT;
    case EAP_AKA_SYNCHRONIZATION_FAILURE:
        return SYNC_FAILURE;
    case EAP_AKA_IDENTITY:
        return AKA_IDENTITY;
    case EAP_AKA_NOTIFICATION:
        return NOTIFICATION;
    case EAP_AKA_REAUTHENTICATION:
        return REAUTHENTICATION;
    case EAP_AKA_CLIENT_ERROR:
        return CLIENT_ERROR;
    default:
        return BAD;
    }
}

// The event of a response whose identifier is right.
static int classify(const struct eap_session *s, struct input *in)
{
    if (in->eap->type == EAP_IDENTITY)
        return IDENTITY;
    if (in->eap->type == EAP_NAK)
        return NAK;
    if (s->method == EAP_NONE || in->eap->type != s->method ||
        eap_aka_decode(in->packet, in->len, &in->msg))
        return BAD;
    return event_of(in->msg.subtype);
}

static bool waiting(const struct eap_session *s)
{
    return s->fsm.state == VECTOR || s->fsm.state == AUTHORIZE;
}

static void drop(struct eap_session *s)
{
    s->ops->output(s->ctx, EAP_DROP, NULL, 0);
}

static void dispatch(struct eap_session *s, int event, struct input *in)
{
    // A response that this state has no place for is as bad as one that cannot be read.
    if (!base_fsm_allows(&eap_server_fsm, s->fsm.state, (unsigned)event))
        event = BAD;
    s->awaited = true;
    base_fsm_dispatch(&s->fsm, (unsigned)event, in);
}

void eap_session_input(struct eap_session *s, const uint8_t *packet, size_t len)
{
    struct eap_packet eap;
    struct input in = {.packet = packet, .len = len, .eap = &eap};
    uint8_t digest[32];
    if (waiting(s)) {
        drop(s);
        return;
    }
    if (len == 0) {
        if (s->fsm.state == BEGIN)
            dispatch(s, START, &in);
        else
            drop(s);
        return;
    }
    if (eap_decode(packet, len, &eap) || eap.code != EAP_RESPONSE) {
        drop(s); // RFC 3748 §4: silently
        return;
    }
    SHA256(packet, eap.total, digest);
    if (s->has_last && memcmp(digest, s->last_in, sizeof(digest)) == 0) {
        answer(s, s->outcome); // said again: answered again
        return;
    }
    if (s->fsm.state == OVER || (s->fsm.state != BEGIN && eap.id != s->id)) {
        drop(s);
        return;
    }
    memcpy(s->last_in, digest, sizeof(digest));
    s->has_last = true;
    if (s->fsm.state == BEGIN)
        s->id = eap.id;
    dispatch(s, classify(s, &in), &in);
}

void eap_session_vector(struct eap_session *s, const struct eap_vector *vector)
{
    struct eap_vector copy = *vector;
    if (s->fsm.state != VECTOR)
        return;
    bool fits = copy.xres_len >= 4 && copy.xres_len <= sizeof(copy.xres);
    base_fsm_dispatch(&s->fsm, fits ? GOT_VECTOR : NO_VECTOR, &copy);
    OPENSSL_cleanse(&copy, sizeof(copy));
}

void eap_session_no_vector(struct eap_session *s)
{
    if (s->fsm.state == VECTOR)
        base_fsm_dispatch(&s->fsm, NO_VECTOR, NULL);
}

void eap_session_authorize(struct eap_session *s, enum eap_aka_notification verdict)
{
    if (s->fsm.state == AUTHORIZE)
        base_fsm_dispatch(&s->fsm, AUTHORIZED, &verdict);
}

// ---- life ----

enum err eap_session_new(const struct eap_server_settings *settings,
                         const struct eap_server_ops *ops, void *ctx, struct eap_session **out)
{
    if ((!settings->aka && !settings->prime) || (settings->prime && !settings->network))
        return ERR_INVALID;
    struct eap_session *s = calloc(1, sizeof(*s));
    if (!s)
        return ERR_NOMEM;
    s->settings = settings;
    s->ops = ops;
    s->ctx = ctx;
    enum err err = base_fsm_init(&s->fsm, &eap_server_fsm, NULL, BEGIN);
    if (err) {
        free(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void eap_session_free(struct eap_session *s)
{
    if (!s)
        return;
    base_fsm_fini(&s->fsm);
    eap_checkcode_reset(&s->check);
    OPENSSL_cleanse(s, sizeof(*s));
    free(s);
}

const uint8_t *eap_session_msk(const struct eap_session *s)
{
    return s->keys.msk;
}

const struct base_imsi *eap_session_imsi(const struct eap_session *s)
{
    return &s->imsi;
}

enum eap_type eap_session_method(const struct eap_session *s)
{
    return s->method;
}

bool eap_session_again(const struct eap_session *s)
{
    return s->again;
}

enum eap_why eap_session_why(const struct eap_session *s)
{
    return s->why;
}

bool eap_session_over(const struct eap_session *s)
{
    return s->fsm.state == OVER;
}

const char *eap_session_state(const struct eap_session *s)
{
    return base_fsm_state_name(&s->fsm);
}
