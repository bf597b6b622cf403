// SPDX-License-Identifier: BSD-3-Clause
// Entry point of swx.fdx. Not for anything else: tests link the rest without it.
#include <freeDiameter/extension.h>

#include "extensions/swx/swx.h"

static int swx_entry(char *conffile)
{
    return fgw_interface_register(&swx_interface) == ERR_OK ? 0 : EINVAL;
}

EXTENSION_ENTRY("swx", swx_entry);
