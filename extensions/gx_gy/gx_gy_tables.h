// SPDX-License-Identifier: BSD-3-Clause
// The translation tables of Gx and Gy, compiled. Not for what is done with the messages.
#pragma once

#include <stdio.h>

#include "diameter/xlate.h"

enum gxgy_message {
    GXGY_GX_CCR,
    GXGY_GX_CCA,
    GXGY_GX_RAR,
    GXGY_GX_RAA,
    GXGY_GY_CCR,
    GXGY_GY_CCA,
    GXGY_GY_RAR,
    GXGY_MESSAGES
};
// Compiles all tables; every mistake is reported. Needs the dictionary; main thread.
enum err gxgy_tables_compile(void (*report)(void *arg, const char *text), void *arg);
void gxgy_tables_free(void);
// Valid between the two; any thread.
const struct xlate_table *gxgy_table(enum gxgy_message message);
// The interface statements (docs/interfaces/gx.md and gy.md).
void gxgy_tables_doc_gx(FILE *out);
void gxgy_tables_doc_gy(FILE *out);

// Rows of each message (gx_gy_tables_gx.c, gx_gy_tables_gy.c).
extern const struct xlate gxgy_gx_ccr_rows[], gxgy_gx_cca_rows[], gxgy_gx_rar_rows[],
    gxgy_gx_raa_rows[];
extern const struct xlate gxgy_gy_ccr_rows[], gxgy_gy_cca_rows[], gxgy_gy_rar_rows[];
// Rows that both applications use.
extern const struct xlate gxgy_used_rows[];     // Used-Service-Unit
extern const struct xlate gxgy_granted_rows[];  // Granted-Service-Unit
extern const struct xlate gxgy_money_rows[];    // CC-Money
extern const struct xlate gxgy_qos_rows[];      // QoS-Information
extern const struct xlate gxgy_imei_rows[];     // User-Equipment-Info
extern const struct xlate gxgy_presence_rows[]; // Presence-Reporting-Area-Information
