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
#include "fgw/down.h"
#include "fgw/gateway.h"
#include "fgw/route.h"
#include "fgw/verdict.h"
#include "rpc/server.h"

extern struct base_log_cat log_s6a;
extern const struct fgw_interface s6a_interface;

// ---- settings (s6a_conf.c), section `s6a` of gateway.conf ----
enum s6a_cancel_type { S6A_CANCEL_AS_IS, S6A_CANCEL_WITHDRAWAL };
enum s6a_moved_cancel { S6A_MOVED_WITHDRAWAL, S6A_MOVED_MME_UPDATE, S6A_MOVED_NONE };
enum s6a_unsupported { S6A_UNSUPPORTED_REFUSE, S6A_UNSUPPORTED_REATTACH, S6A_UNSUPPORTED_ACCEPT };
enum s6a_unknown_cancel { S6A_UNKNOWN_SUCCESS, S6A_UNKNOWN_USER_UNKNOWN };
struct s6a_settings {
    char *realm;             // destination without a route; NULL: our own realm
    char *host;              // NULL: any HSS of the realm
    struct conf_list routes; // struct fgw_route
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

// ---- results (s6a_result.c) ----
// What the access gateway gets for a Diameter result. With status 0, error_code is 0 on success and
// else what the access gateway acts on.
struct fgw_verdict s6a_verdict_of_result(const struct dia_result *result);
// What the HSS gets for the error_code of an access gateway's answer.
struct fgw_core_result s6a_core_of_code(uint32_t error_code);
// Both mappings as Markdown, for the interface statement.
void s6a_results_doc(FILE *out);
extern const struct fgw_core_result s6a_core_user_unknown;

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
extern const struct fgw_down_procedure s6a_reset; // s6a_reset.c
extern const struct fgw_down_interface s6a_down;  // s6a_down.c
