// SPDX-License-Identifier: BSD-3-Clause
// SWx, side of the 3GPP AAA server of TS 29.273: what the files of this interface share. Up: an
// access gateway that authenticates Wi-Fi users asks for vectors, registers and de-registers them.
// Down: the HSS ends a registration or changes a profile, and the access gateway that serves the
// user is told. To the HSS all access gateways are one AAA server: this gateway. Everything runs on
// the gateway's loops; a transaction stays on one loop and owns one arena.
#pragma once

#include <stdio.h>

#include "base/conf.h"
#include "base/log.h"
#include "extensions/swx/swx_tables.h"
#include "fgw/down.h"
#include "fgw/gateway.h"
#include "fgw/home.h"
#include "fgw/route.h"
#include "fgw/up.h"
#include "fgw/verdict.h"
#include "proto/swx.pb-c.h"
#include "proto/swx_gateway.pb-c.h"

extern struct base_log_cat log_swx;
extern struct fgw_interface swx_interface; // start() fills in the applications

// ---- settings (swx_conf.c), section `swx` of gateway.conf ----
enum swx_take_over { SWX_TAKE_OVER_NEVER, SWX_TAKE_OVER_FAILURE, SWX_TAKE_OVER_DEREGISTER };
enum swx_unsupported { SWX_UNSUPPORTED_REFUSE, SWX_UNSUPPORTED_TERMINATE, SWX_UNSUPPORTED_ACCEPT };
enum swx_unknown { SWX_UNKNOWN_USER_UNKNOWN, SWX_UNKNOWN_SUCCESS };
struct swx_s6a_users {
    char *imsi_prefix; // leading digits of IMSIs: a home network
    char *gateway;     // at this access gateway only; NULL: at any
};
struct swx_settings {
    char *realm;             // destination without a route; NULL: our own realm
    char *host;              // NULL: any HSS of the realm
    struct conf_list routes; // struct fgw_route
    int64_t timeout_ms;      // longest wait for the HSS
    int64_t agw_timeout_ms;  // longest wait for an access gateway
    char *agw_service;       // service of the access gateway that takes the HSS's requests
    bool remember_hss;       // the HSS that knows a user gets what follows
    bool strict_answers;     // refuse answers that break a rule of the base protocol
    char *anid;              // access network identity where the access gateway gives none
    int64_t cache_ms;        // life of vectors in the cache; 0: no cache
    int64_t cache_vectors;   // asked for at a time, with a cache
    int64_t cache_users;     // users whose vectors are kept at most
    bool verify_authorization;
    bool register_on_auth;
    int take_over;                    // enum swx_take_over
    int unsupported_profile;          // enum swx_unsupported
    int unknown_termination;          // enum swx_unknown
    bool moved_termination;           // tell the access gateway that served the user until now
    struct conf_strings s6a_gateways; // vectors over S6a for these; "*": for all
    struct conf_list s6a_users;       // struct swx_s6a_users: and for these
    char *s6a_visited_plmn;
};
extern const struct conf_key swx_settings_keys[];
enum err swx_configure(struct conf *conf, const void *settings);
const struct swx_settings *swx_settings(void); // in force now; valid for the current callback
// Do the vectors of this user, at this gateway, come over S6a?
bool swx_uses_s6a(const struct swx_settings *settings, const char *gateway,
                  const struct base_imsi *imsi);
// Do they for some users; for all?
bool swx_needs_s6a(const struct swx_settings *settings);
bool swx_needs_only_s6a(const struct swx_settings *settings);

// ---- results (swx_result.c) ----
// What the access gateway gets for the result of an SWx answer.
struct fgw_verdict swx_verdict_of_result(const struct dia_result *result);
// The same for the S6a answer that stands in for one.
struct fgw_verdict swx_verdict_of_s6a(const struct dia_result *result);
struct fgw_core_result swx_core_of_code(uint32_t error_code);
extern const struct fgw_core_result swx_core_user_unknown;
// The tables, for the interface statement.
void swx_results_doc(FILE *out);
// Does the answer say that another AAA server has the user? TS 29.273 8.1.2.1.2 and 8.1.2.2.2.2.
// 3006 without a name is a redirect agent's (RFC 6733 6.13), not the HSS's.
bool swx_result_is_elsewhere(const struct dia_result *result);
// For texts: the name, or that there is none.
const char *swx_server_name(const char *server);

// ---- vectors kept for later (swx_cache.c); any thread ----
typedef Magma__Feg__AuthenticationAnswer__SIPAuthVector swx_vector;
enum err swx_cache_open(size_t users);
void swx_cache_close(void);
// Takes n vectors that fit the request (its scheme and access network), into the arena. 0: there
// are not so many, nothing is taken.
size_t swx_cache_take(const struct base_imsi *imsi,
                      const Magma__Feg__AuthenticationRequest *request, size_t n,
                      struct base_arena *arena, swx_vector ***out);
void swx_cache_put(const struct base_imsi *imsi, const Magma__Feg__AuthenticationRequest *request,
                   swx_vector *const *vectors, size_t n, int64_t life_ms);
void swx_cache_forget(const struct base_imsi *imsi);

// ---- procedures ----
extern const struct rpc_method swx_methods[]; // swx.c
extern const struct fgw_up_interface swx_up;
void swx_authenticate(struct rpc_call *call, void *ctx); // swx_up.c
void swx_register(struct rpc_call *call, void *ctx);     // swx_assign.c
void swx_deregister(struct rpc_call *call, void *ctx);
void swx_assign(struct rpc_call *call, void *ctx);
enum err swx_down_accept(void); // swx_down.c: registers RTR and PPR
// Tells the access gateway that served a user until now. Loop thread; needs no answer.
void swx_terminate_moved(struct base_loop *loop, const struct base_imsi *imsi, const char *gateway);

// ---- one transaction up ----
struct swx_own {
    struct fgw_home home;
    Magma__Feg__AuthenticationAnswer *answer; // Authenticate: what has been found so far
    uint32_t asked;                           // vectors
    bool taken_over;                          // tried once
    const char *server;                       // AAA server that has the user instead; in the arena
    Fgw__Swx__AssignRequest *assign;          // the request to the HSS, besides Authenticate
};
// Sends a request made by a table to the HSS of this user. origin: Origin-Host to use, NULL: ours.
// On failure the call has been answered and the transaction freed.
void swx_send(struct fgw_up *up, enum swx_message message, const ProtobufCMessage *from,
              const char *origin, fgw_up_answered answered);
// The HSS that has answered this knows the user (TS 29.273 8.2.2: it becomes Destination-Host).
void swx_remember_hss(const struct fgw_up *up, const struct dia_outcome *outcome);
// Did a remembered HSS refuse to know the user, or was it not reached? Then it is forgotten, and
// the caller sends its request once more.
bool swx_wrong_hss(struct fgw_up *up, const struct dia_outcome *outcome);
// The verdict on an answer; text[128] says it for the caller. Not OK: the caller fails the call.
struct fgw_verdict swx_judge(const struct dia_outcome *outcome, char *text);
// Decodes an answer into the arena; notes what was strange. ERR: fails the call and frees it.
enum err swx_read(struct fgw_up *up, enum swx_message message, const struct dia_outcome *outcome,
                  ProtobufCMessage **out);
void swx_end(struct fgw_up *up, const struct fgw_verdict *verdict, const char *text);
// A registration of this user at the access gateway is known to the HSS now.
void swx_registered(struct fgw_up *up);
// Is the user known to be served by another of our access gateways?
bool swx_served_elsewhere(const struct fgw_up *up);
// Authenticate with vectors of S6a (swx_s6a.c); continues with swx_vectors_found.
void swx_s6a_send(struct fgw_up *up);
// The answer has its vectors: goes on with authorization, or replies.
void swx_vectors_found(struct fgw_up *up);
