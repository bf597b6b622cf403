// SPDX-License-Identifier: BSD-3-Clause
// Translation tables of the S13 messages (TS 29.272 7.2.19 and 7.2.20), MME side.
#include "extensions/s13/s13_tables.h"

#include "diameter/avp.h"
#include "proto/s13.pb-c.h"

// In Release 17 the IMEI has 14 digits, or 16 as IMEISV; the engine passes 14 to 16 on as they
// come.
static const struct xlate terminal_rows[] = {
    XLATE_FIELD("imei", AVP_IMEI, .flags = XLATE_REQUIRED, .min = 14, .max = 16),
    XLATE_FIELD("meid", AVP_3GPP2_MEID),
    XLATE_FIELD("software_version", AVP_SOFTWARE_VERSION, .min = 2, .max = 2),
    XLATE_END,
};
static const struct xlate ecr_rows[] = {
    XLATE_FIELD("terminal_information", AVP_TERMINAL_INFORMATION, .flags = XLATE_REQUIRED,
                .members = terminal_rows),
    XLATE_FIELD("user_name", AVP_USER_NAME, .conv = &xlate_imsi),
    XLATE_END,
};
static const struct xlate eca_rows[] = {
    XLATE_FIELD("equipment_status", AVP_EQUIPMENT_STATUS, .flags = XLATE_REQUIRED),
    XLATE_END,
};

static const struct xlate_def defs[S13_MESSAGES] = {
    [S13_ECR] = {.name = "ECR",
                 .title = "ME-Identity-Check-Request",
                 .clause = "TS 29.272 7.2.19",
                 .application = DIA_APP_S13,
                 .command = DIA_CMD_ECR,
                 .request = true,
                 .direction = XLATE_ENCODE,
                 .message = &fgw__s13__check_equipment_request__descriptor,
                 .rows = ecr_rows},
    [S13_ECA] = {.name = "ECA",
                 .title = "ME-Identity-Check-Answer",
                 .clause = "TS 29.272 7.2.20",
                 .application = DIA_APP_S13,
                 .command = DIA_CMD_ECR,
                 .direction = XLATE_DECODE,
                 .message = &fgw__s13__check_equipment_answer__descriptor,
                 .rows = eca_rows,
                 .note = "Experimental-Result 5422 (equipment unknown) is status UNKNOWN."},
};

static struct xlate_table *tables[S13_MESSAGES];

void s13_tables_free(void)
{
    xlate_free_all(tables, S13_MESSAGES);
}

enum err s13_tables_compile(void (*report)(void *arg, const char *text), void *arg)
{
    return xlate_compile_all(defs, S13_MESSAGES, report, arg, tables);
}

const struct xlate_table *s13_table(enum s13_message message)
{
    return tables[message];
}
