// SPDX-License-Identifier: BSD-3-Clause
// EAP-AKA and EAP-AKA', the server's side (RFC 4187, RFC 9048): one conversation with one peer.
// Packets go in, packets come out; vectors, authorization and the memory of re-authentication are
// asked for through callbacks and may be answered later. I/O-free: no sockets, no timers (the owner
// frees conversations that stop). One thread per session.
//
// Not for the transport (RADIUS keeps retransmitting toward us; what was answered before is
// answered the same way again), and not for policy: the owner authorizes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fsm.h"
#include "base/ident.h"
#include "eap/aka_msg.h"
#include "eap/eap.h"
#include "eap/identity.h"
#include "eap/keys.h"

struct eap_server_settings {
    bool aka, prime;     // methods offered; both: EAP-AKA' unless the identity says EAP-AKA
    const char *network; // AT_KDF_INPUT, the access network identity that vectors are bound to
    bool always_ask;     // ask for the identity again inside the method (TS 33.402 §6.2)
    bool result_ind;     // offer protected success indications
    bool pseudonyms;     // give pseudonyms (needs keys)
    uint16_t max_reauth; // re-authentications after a full one; 0: none are offered
    const struct eap_pseudonym_keys *keys; // borrowed, may change between calls
};

// One authentication vector. EAP-AKA' has CK' and IK' here, bound to settings->network.
struct eap_vector {
    uint8_t rand[16], autn[16], ck[16], ik[16];
    uint8_t xres[16];
    uint8_t xres_len; // 4..16
};

// What fast re-authentication needs to know of the full one before.
struct eap_reauth {
    struct base_imsi imsi;
    struct eap_aka_keys keys;
    uint16_t counter; // the last one used
};

enum eap_outcome {
    EAP_CONTINUE, // packet is a Request: send it and wait for the peer
    EAP_ACCEPT,   // packet is a Success; eap_session_msk is valid
    EAP_REJECT,   // packet is a Failure
    EAP_DROP,     // nothing to answer: not a response to what was asked last
};

// All are called with the session's ctx. The session must not be freed from inside them.
struct eap_server_ops {
    // Exactly once for each eap_session_input, from inside it or later.
    void (*output)(void *ctx, enum eap_outcome outcome, const uint8_t *packet, size_t len);
    // Answer with eap_session_vector or eap_session_no_vector, now or later. resync: RAND and AUTS
    // of a peer whose sequence number is ahead, else NULL; borrowed for the call.
    void (*vector)(void *ctx, const struct base_imsi *imsi, enum eap_type method,
                   const uint8_t *resync);
    // The peer has proved who it is. Answer with eap_session_authorize, now or later.
    void (*authorize)(void *ctx, const struct base_imsi *imsi, bool again);
    // Takes the state behind a re-authentication identity out of memory; false: not known. Same
    // identity, same state, once.
    bool (*reauth_take)(void *ctx, const char *id, size_t len, struct eap_reauth *out);
    // A new identity was given to the peer and the authentication has succeeded.
    void (*reauth_keep)(void *ctx, const char *id, const struct eap_reauth *state);
    enum err (*random)(void *ctx, uint8_t *out, size_t len);
};

#define EAP_RESYNC_LEN 30

// Why a conversation failed, for logs and counters.
enum eap_why {
    EAP_WHY_NONE,
    EAP_WHY_BAD_MESSAGE, // could not be decoded, or out of place
    EAP_WHY_NO_IDENTITY, // none that we understand
    EAP_WHY_NO_METHOD,   // the peer can none of ours
    EAP_WHY_NO_VECTOR,   // the vector source refused
    EAP_WHY_WRONG_MAC,
    EAP_WHY_WRONG_RES,
    EAP_WHY_WRONG_CHECKCODE, // identities were changed on the way
    EAP_WHY_KDF,             // the peer wants a key derivation that was not offered
    EAP_WHY_PEER_REJECTED,   // AKA-Authentication-Reject: AUTN is wrong for this card
    EAP_WHY_PEER_ERROR,      // AKA-Client-Error
    EAP_WHY_RESYNC,          // out of synchronisation again after a resynchronisation
    EAP_WHY_UNAUTHORIZED,
    EAP_WHY_INTERNAL,
    EAP_WHYS
};
const char *eap_why_name(enum eap_why why); // "wrong_mac"; "?" beyond

struct eap_session;

// settings and ops are borrowed for the session's life. ERR_NOMEM, ERR_INVALID (no method).
enum err eap_session_new(const struct eap_server_settings *settings,
                         const struct eap_server_ops *ops, void *ctx, struct eap_session **out);
void eap_session_free(struct eap_session *session); // wipes keys; NULL is fine

// A packet of the peer; len 0: the authenticator asks us to begin (RFC 3579 §2.1). Whatever is
// wrong with it, output tells what to answer; while a callback's answer is awaited: EAP_DROP.
void eap_session_input(struct eap_session *session, const uint8_t *packet, size_t len);

// Answers to the callbacks; ignored unless one is awaited.
void eap_session_vector(struct eap_session *session, const struct eap_vector *vector);
void eap_session_no_vector(struct eap_session *session);
// EAP_AKA_SUCCESS, or the notification that says no: EAP_AKA_DENIED_FOR_NOW and so on.
void eap_session_authorize(struct eap_session *session, enum eap_aka_notification verdict);

const uint8_t *eap_session_msk(const struct eap_session *session);           // EAP_MSK_LEN octets
const struct base_imsi *eap_session_imsi(const struct eap_session *session); // len 0: unknown yet
enum eap_type eap_session_method(const struct eap_session *session);
bool eap_session_again(const struct eap_session *session); // was it a fast re-authentication?
enum eap_why eap_session_why(const struct eap_session *session);
bool eap_session_over(const struct eap_session *session);
const char *eap_session_state(const struct eap_session *session);

extern const struct base_fsm eap_server_fsm; // for its tests
