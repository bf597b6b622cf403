// SPDX-License-Identifier: BSD-3-Clause
// The translation tables of S6a, compiled. Not for what is done with the messages (s6a_up.c,
// s6a_down.c).
#pragma once

#include "diameter/xlate.h"

enum s6a_message {
    S6A_AIR,
    S6A_AIA,
    S6A_ULR,
    S6A_ULA,
    S6A_PUR,
    S6A_PUA,
    S6A_NOR,
    S6A_NOA,
    S6A_CLR,
    S6A_IDR,
    S6A_IDA,
    S6A_DSR,
    S6A_DSA,
    S6A_RSR,
    S6A_MESSAGES
};
// Compiles all tables; every mistake is reported. Needs the dictionary; main thread.
enum err s6a_tables_compile(void (*report)(void *arg, const char *text), void *arg);
void s6a_tables_free(void);
// Valid between the two; any thread.
const struct xlate_table *s6a_table(enum s6a_message message);

// Rows of Subscription-Data (s6a_subscription.c), for UpdateLocationAnswer and SubscriptionData
// alike.
extern const struct xlate s6a_subscription_rows[];
// Rows that several groups share.
extern const struct xlate s6a_pdn_gateway_rows[];  // MIP6-Agent-Info
extern const struct xlate s6a_specific_apn_rows[]; // Specific-APN-Info
// Rows that SWx shares with S6a: its Non-3GPP-User-Data has these groups too.
extern const struct xlate s6a_apn_rows[];   // APN-Configuration
extern const struct xlate s6a_ambr_rows[];  // AMBR
extern const struct xlate s6a_trace_rows[]; // Trace-Data
// After an AMBR whose unit is read: kbit/s as soon as one direction needs it.
enum err s6a_apn_ambr_unit(struct xlate_ctx *ctx, ProtobufCMessage *ambr);
