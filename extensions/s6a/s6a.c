// SPDX-License-Identifier: BSD-3-Clause
// S6a as a plug of the gateway: what it registers, and its start and stop. Not for procedures.
#include "diameter/avp.h"
#include "extensions/s6a/s6a.h"

BASE_LOG_CATEGORY(log_s6a, "s6a");

static void report(void *arg, const char *text)
{
    base_log(&log_s6a, BASE_LOG_ERROR, NULL, "table %s", text);
}

static enum err start(void)
{
    enum err err = s6a_tables_compile(report, NULL);
    return err == ERR_OK ? s6a_down_accept() : err;
}

const struct fgw_interface s6a_interface = {
    .name = "s6a",
    .methods = s6a_methods,
    .settings = s6a_settings_keys,
    .settings_size = sizeof(struct s6a_settings),
    .configure = s6a_configure,
    .start = start,
    .applications = {DIA_APP_S6A},
    .stop = s6a_tables_free,
};

const struct s6a_settings *s6a_settings(void)
{
    return fgw_settings(&s6a_interface);
}
