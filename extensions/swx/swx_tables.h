// SPDX-License-Identifier: BSD-3-Clause
// The translation tables of SWx, compiled. Not for what is done with the messages (swx_up.c,
// swx_assign.c, swx_down.c).
#pragma once

#include "diameter/xlate.h"

enum swx_message {
    SWX_MAR,
    SWX_MAA,
    SWX_SAR,
    SWX_SAA,
    SWX_RTR,
    SWX_PPR,
    SWX_PPA,
    SWX_S6A_AIR, // vectors of operators without SWx
    SWX_S6A_AIA,
    SWX_MESSAGES
};
// Compiles all tables; every mistake is reported. Needs the dictionary; main thread.
enum err swx_tables_compile(void (*report)(void *arg, const char *text), void *arg);
void swx_tables_free(void);
// Valid between the two; any thread.
const struct xlate_table *swx_table(enum swx_message message);

// Rows of Non-3GPP-User-Data (swx_user_data.c).
extern const struct xlate swx_user_data_rows[];
// After Non-3GPP-User-Data: the default APN goes first.
enum err swx_user_data_order(struct xlate_ctx *ctx, ProtobufCMessage *msg);
