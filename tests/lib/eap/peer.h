// SPDX-License-Identifier: BSD-3-Clause
// A peer for tests of the server: answers requests as RFC 4187 and RFC 9048 have it, and wrongly on
// demand. It shares codec and key derivation with the server; eapol_test (tests/system) does not.
#pragma once

#include "eap/server.h"

struct peer {
    enum eap_type method; // the one it accepts
    const char *permanent;
    char pseudonym[64], reauth[EAP_IDENTITY_MAX + 1];
    struct eap_vector card; // what the card gives for any challenge
    bool result_ind, no_checkcode;
    // wrong on demand
    bool wrong_res, wrong_mac, wrong_checkcode, reject, client_error, too_small, other_kdf;
    bool wrong_subtype, garbage;
    unsigned sync_failures; // so many challenges are out of synchronisation
    // state
    struct eap_checkcode check;
    struct eap_aka_keys keys; // of the last full authentication, then of a re-authentication
    char used[EAP_IDENTITY_MAX + 1];
    uint16_t counter, notified;
    bool bidding, again;
    uint8_t nonce_s[EAP_NONCE_LEN];
    struct eap_aka_writer out;
};

void peer_init(struct peer *peer, enum eap_type method, const char *permanent);
void peer_fini(struct peer *peer);
// EAP-Response/Identity with the best identity it has.
void peer_identity(struct peer *peer, uint8_t id);
// The response to a request, in peer->out.
void peer_answer(struct peer *peer, const uint8_t *request, size_t len);
