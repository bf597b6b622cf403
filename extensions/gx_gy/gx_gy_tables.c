// SPDX-License-Identifier: BSD-3-Clause
// The messages of Gx and Gy and their compiled tables. The rows are in gx_gy_tables_gx.c and _gy.c.
#include "extensions/gx_gy/gx_gy_tables.h"

#include "diameter/avp.h"
#include "proto/gx_gy.pb-c.h"

#define ROW(id, text, where, app, code, req, dir, type, table)                                     \
    [GXGY_##id] = {.name = #id,                                                                    \
                   .title = (text),                                                                \
                   .clause = (where),                                                              \
                   .application = (app),                                                           \
                   .command = (code),                                                              \
                   .request = (req),                                                               \
                   .direction = (dir),                                                             \
                   .message = &(type),                                                             \
                   .rows = (table)}
static const struct xlate_def defs[GXGY_MESSAGES] = {
    ROW(GX_CCR, "Credit-Control-Request of Gx", "TS 29.212 5.6.2", DIA_APP_GX, DIA_CMD_CCR, true,
        XLATE_ENCODE, fgw__gxgy__gx_request__descriptor, gxgy_gx_ccr_rows),
    ROW(GX_CCA, "Credit-Control-Answer of Gx", "TS 29.212 5.6.3", DIA_APP_GX, DIA_CMD_CCR, false,
        XLATE_DECODE, fgw__gxgy__gx_answer__descriptor, gxgy_gx_cca_rows),
    ROW(GX_RAR, "Re-Auth-Request of Gx", "TS 29.212 5.6.4", DIA_APP_GX, DIA_CMD_RAR, true,
        XLATE_DECODE, fgw__gxgy__gx_answer__descriptor, gxgy_gx_rar_rows),
    ROW(GX_RAA, "Re-Auth-Answer of Gx", "TS 29.212 5.6.5", DIA_APP_GX, DIA_CMD_RAR, false,
        XLATE_ENCODE, fgw__gxgy__gx_re_auth_answer__descriptor, gxgy_gx_raa_rows),
    ROW(GY_CCR, "Credit-Control-Request of Gy", "TS 32.299 6.4.2", DIA_APP_CREDIT_CONTROL,
        DIA_CMD_CCR, true, XLATE_ENCODE, fgw__gxgy__gy_request__descriptor, gxgy_gy_ccr_rows),
    ROW(GY_CCA, "Credit-Control-Answer of Gy", "TS 32.299 6.4.3", DIA_APP_CREDIT_CONTROL,
        DIA_CMD_CCR, false, XLATE_DECODE, fgw__gxgy__gy_answer__descriptor, gxgy_gy_cca_rows),
    ROW(GY_RAR, "Re-Auth-Request of Gy", "TS 32.299 6.4.4", DIA_APP_CREDIT_CONTROL, DIA_CMD_RAR,
        true, XLATE_DECODE, fgw__gxgy__gy_re_auth_request__descriptor, gxgy_gy_rar_rows),
};

static struct xlate_table *tables[GXGY_MESSAGES];

void gxgy_tables_free(void)
{
    xlate_free_all(tables, GXGY_MESSAGES);
}

enum err gxgy_tables_compile(void (*report)(void *arg, const char *text), void *arg)
{
    return xlate_compile_all(defs, GXGY_MESSAGES, report, arg, tables);
}

const struct xlate_table *gxgy_table(enum gxgy_message message)
{
    return tables[message];
}
