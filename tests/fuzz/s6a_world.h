// SPDX-License-Identifier: BSD-3-Clause
// What the fuzz targets of S6a stand on: the library, the dictionaries and the compiled tables,
// once.
#pragma once

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/msg.h"
#include "extensions/s6a/s6a_tables.h"

static void s6a_world_no_log(int level, const char *format, va_list args) {}

static void s6a_world_must(bool condition)
{
    if (!condition)
        abort();
}

static void s6a_world(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    fd_log_handler_register(s6a_world_no_log);
    s6a_world_must(fd_core_initialize() == 0);
    s6a_world_must(dia_dict_load(FGW_TEST_DICTIONARIES) == ERR_OK);
    s6a_world_must(s6a_tables_compile(NULL, NULL) == ERR_OK);
    atexit(s6a_tables_free);
}
