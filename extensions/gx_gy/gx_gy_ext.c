// SPDX-License-Identifier: BSD-3-Clause
// Entry point of gx_gy.fdx. Not for anything else: tests link the rest without it.
#include <freeDiameter/extension.h>

#include "extensions/gx_gy/gx_gy.h"

static int gx_gy_entry(char *conffile)
{
    return fgw_interface_register(&gxgy_interface) == ERR_OK ? 0 : EINVAL;
}

EXTENSION_ENTRY("gx_gy", gx_gy_entry);
