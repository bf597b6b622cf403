// SPDX-License-Identifier: BSD-3-Clause
// S13, MME side of TS 29.272 clause 6: an access gateway asks whether equipment may be used; the
// EIR says it, or what it said lately, or where none answers the operator's policy.
#pragma once

#include "base/conf.h"
#include "base/log.h"
#include "extensions/s13/s13_tables.h"
#include "fgw/gateway.h"
#include "fgw/route.h"
#include "fgw/up.h"
#include "proto/s13.pb-c.h"

extern struct base_log_cat log_s13;
extern const struct fgw_interface s13_interface;
extern const struct rpc_method s13_methods[]; // s13_up.c

// ---- settings (s13_conf.c), section `s13` of gateway.conf ----
enum s13_policy { S13_POLICY_FAIL, S13_POLICY_PERMIT, S13_POLICY_PROHIBIT };
struct s13_settings {
    char *realm;             // NULL: our own realm
    char *host;              // NULL: any EIR of the realm
    struct conf_list routes; // struct fgw_route
    int64_t timeout_ms;
    bool strict_answers;     // refuse answers that break a rule of the base protocol
    bool vendor_application; // send Vendor-Specific-Application-Id
    int64_t cache_ms;        // life of an answer in the cache; 0: no cache
    int64_t cache_equipment; // answers kept at most
    int no_answer;           // enum s13_policy: no EIR answered
    int unknown_equipment;   // enum s13_policy: the EIR does not know it
};
extern const struct conf_key s13_settings_keys[];
enum err s13_configure(struct conf *conf, const void *settings);
const struct s13_settings *s13_settings(void); // in force now; valid for the current callback

// ---- what the EIR said lately (s13_up.c); main thread, no loop runs ----
enum err s13_cache_open(size_t equipment);
void s13_cache_close(void);
