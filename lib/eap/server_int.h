// SPDX-License-Identifier: BSD-3-Clause
// A conversation from inside: shared by server.c (the machine) and server_build.c (the messages).
// Private to them.
#pragma once

#include "eap/server.h"

enum eap_ask { ASKED_NOTHING, ASKED_ANY, ASKED_FULLAUTH, ASKED_PERMANENT };

struct eap_session {
    struct base_fsm_inst fsm;
    const struct eap_server_settings *settings;
    const struct eap_server_ops *ops;
    void *ctx;
    enum eap_type method;
    bool method_fixed; // the peer has answered in it: a Nak is out of place
    uint8_t id;        // of the last request
    bool awaited;      // an input has not been answered yet
    enum eap_ask asked;
    char identity[EAP_IDENTITY_MAX + 1]; // the last the peer gave: it goes into the keys
    size_t identity_len;
    struct base_imsi imsi;
    struct eap_checkcode check;
    struct eap_vector vector;
    bool resynced, again, peer_result_ind;
    struct eap_aka_keys keys;
    uint16_t counter;
    uint8_t nonce_s[EAP_NONCE_LEN];
    char next_reauth[EAP_IDENTITY_MAX + 1]; // given to the peer in this exchange; "": none
    uint16_t verdict;                       // notification under way
    enum eap_why why;
    struct eap_aka_writer out; // the last packet sent, to be sent again
    enum eap_outcome outcome;
    uint8_t last_in[32]; // SHA-256 of the response it answered
    bool has_last;
};

// Each writes a request with session->id into session->out. Errors are those of the writer, of
// random, of OpenSSL.
enum err eap_build_identity(struct eap_session *s); // by s->asked
enum err eap_build_challenge(struct eap_session *s);
enum err eap_build_reauth(struct eap_session *s);
enum err eap_build_notification(struct eap_session *s); // s->verdict
// The attributes that a response of the peer carried encrypted.
enum err eap_open_encrypted(const struct eap_session *s, const struct eap_aka_msg *msg,
                            uint8_t plain[EAP_PACKET_MAX], struct eap_aka_msg *inner);
