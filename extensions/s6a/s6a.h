// SPDX-License-Identifier: BSD-3-Clause
// S6a, MME side of TS 29.272: what the files of this interface share. Up: a gRPC call of an access
// gateway becomes a Diameter request and its answer the reply. Down: a request of the HSS is called
// on the access gateway that serves the subscriber, and answered with what it says. Everything runs
// on the gateway's loops; a transaction stays on one loop and owns one arena.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/ident.h"
#include "base/log.h"
#include "diameter/msg.h"
#include "diameter/stack.h"
#include "extensions/s6a/s6a_tables.h"
#include "fgw/gateway.h"
#include "rpc/server.h"

extern struct base_log_cat log_s6a;
extern const struct fgw_interface s6a_interface;

// ---- settings (s6a_conf.c), section `s6a` of gateway.conf ----
struct s6a_route {
    char *imsi_prefix;  // digits; the longest that fits wins
    char *realm;        // NULL: as mnc_digits says
    char *host;         // NULL: by realm
    int64_t mnc_digits; // 2, 3: realm from the IMSI (TS 23.003 19.2); 0: not
};
enum s6a_cancel_type { S6A_CANCEL_AS_IS, S6A_CANCEL_WITHDRAWAL };
enum s6a_moved_cancel { S6A_MOVED_WITHDRAWAL, S6A_MOVED_MME_UPDATE, S6A_MOVED_NONE };
enum s6a_unsupported { S6A_UNSUPPORTED_REFUSE, S6A_UNSUPPORTED_REATTACH, S6A_UNSUPPORTED_ACCEPT };
enum s6a_unknown_cancel { S6A_UNKNOWN_SUCCESS, S6A_UNKNOWN_USER_UNKNOWN };
struct s6a_settings {
    char *realm;             // destination without a route; NULL: our own realm
    char *host;              // NULL: any HSS of the realm
    struct conf_list routes; // struct s6a_route
    int64_t timeout_ms;      // longest wait for the HSS
    int64_t agw_timeout_ms;  // longest wait for an access gateway
    char *agw_service;       // service of the access gateway that takes the HSS's requests
    int64_t reset_parallel;  // Reset calls under way at a time
    bool vendor_application; // send Vendor-Specific-Application-Id
    bool remember_hss;       // Destination-Host from the answer to Update-Location
    bool strict_answers;     // refuse answers that break a rule of the base protocol
    int cancel_type;         // enum s6a_cancel_type
    int moved_cancel;        // enum s6a_moved_cancel
    int unsupported_update;  // enum s6a_unsupported
    int unknown_cancel;      // enum s6a_unknown_cancel
};
extern const struct conf_key s6a_settings_keys[];
// What the table of keys cannot check; errors go to the conf.
enum err s6a_configure(struct conf *conf, const void *settings);
const struct s6a_settings *s6a_settings(void); // in force now; valid for the current callback

// ---- destinations (s6a_route.c) ----
#define S6A_IDENTITY_MAX 255
struct s6a_destination {
    char realm[S6A_IDENTITY_MAX + 1];
    char host[S6A_IDENTITY_MAX + 1]; // "": any
};
// Where requests about this subscriber go. own_realm: used when nothing else is set.
void s6a_route_find(const struct s6a_settings *settings, const struct base_imsi *imsi,
                    const char *own_realm, struct s6a_destination *out);

// ---- results (s6a_result.c) ----
struct s6a_verdict {
    int status;          // gRPC status, 0..16
    uint32_t error_code; // with status 0: 0 on success, else what the access gateway acts on
    const char *label;   // for metrics and log: "success", "user_unknown"; static
};
// What the access gateway gets for a Diameter result / for a failure of our own.
struct s6a_verdict s6a_verdict_of_result(const struct dia_result *result);
struct s6a_verdict s6a_verdict_of_err(enum err err);
// What the HSS gets for an access gateway's answer or for its failure to answer.
struct s6a_core_result {
    uint32_t vendor; // 0: Result-Code; else Experimental-Result
    uint32_t code;
    const char *label;
};
struct s6a_core_result s6a_core_of_code(uint32_t error_code);
struct s6a_core_result s6a_core_of_status(int grpc_status);
struct s6a_core_result s6a_core_of_err(enum err err);
// Both mappings as Markdown, for the interface statement.
void s6a_results_doc(FILE *out);
bool s6a_core_is_success(const struct s6a_core_result *result);
extern const struct s6a_core_result s6a_core_success, s6a_core_user_unknown, s6a_core_no_delivery,
    s6a_core_unable;

enum {
    S6A_DIAMETER_SUCCESS = 2001,
    S6A_UNABLE_TO_DELIVER = 3002,
    S6A_AUTHENTICATION_REJECTED = 4001,
    S6A_AUTH_DATA_UNAVAILABLE = 4181,
    S6A_USER_UNKNOWN = 5001,
    S6A_AUTHORIZATION_REJECTED = 5003,
    S6A_ROAMING_NOT_ALLOWED = 5004,
    S6A_UNKNOWN_SERVING_NODE = 5423,
};

// ---- procedures ----
extern const struct rpc_method s6a_methods[]; // s6a_up.c
enum err s6a_down_accept(void);               // s6a_down.c: registers CLR, IDR, DSR, RSR
// Tells the access gateway that served a subscriber until now. Loop thread; needs no answer.
void s6a_cancel_moved(struct base_loop *loop, const struct base_imsi *imsi, const char *gateway);
// Fills a new request: Session-Id, application, origin, destination. s6a_up.c
enum err s6a_request_new(uint32_t command, const struct s6a_destination *to,
                         bool vendor_application, struct msg **out);
// Answers a request of the HSS with a result and, if table is not NULL, the AVPs made of body.
void s6a_answer(struct dia_inbound *inbound, const struct s6a_core_result *result,
                const struct xlate_table *table, const ProtobufCMessage *body,
                struct base_arena *arena);

// ---- one transaction down ----
struct s6a_down;
struct s6a_down_procedure {
    const char *name; // "CLR"
    enum s6a_message request;
    void (*run)(struct s6a_down *t); // request is decoded, imsi and gateway are set if needs_user
    void (*unknown)(struct s6a_down *t); // the directory does not know the subscriber
    bool needs_user;
    size_t user_name_offset;
};
struct s6a_down {
    struct dia_inbound *inbound; // NULL once answered
    const struct s6a_down_procedure *procedure;
    struct base_loop *loop;
    struct base_arena *arena;
    ProtobufCMessage *request;
    struct base_imsi imsi;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    char peer[S6A_IDENTITY_MAX + 1];
    int64_t started_ns;
};
// Answers, counts and logs; the transaction lives on until s6a_down_free.
void s6a_down_answer(struct s6a_down *t, const struct s6a_core_result *result,
                     const struct xlate_table *table, const ProtobufCMessage *body);
void s6a_down_free(struct s6a_down *t);
// Calls a method of an access gateway with a message of this transaction's arena.
enum err s6a_down_call(struct s6a_down *t, const char *gateway, const char *path,
                       const ProtobufCMessage *message, rpc_tunnel_done done, void *ctx);
// The same outside of a transaction's deadline: packed is a message's bytes (copied).
enum err s6a_agw_call(struct base_loop *loop, const char *gateway, const char *path,
                      const uint8_t *packed, size_t len, int64_t timeout_ms, rpc_tunnel_done done,
                      void *ctx);
extern const struct s6a_down_procedure s6a_reset_procedure; // s6a_reset.c
