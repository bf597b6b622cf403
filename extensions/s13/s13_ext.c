// SPDX-License-Identifier: BSD-3-Clause
// Entry point of s13.fdx. Not for anything else: tests link the rest without it.
#include <freeDiameter/extension.h>

#include "extensions/s13/s13.h"

static int s13_entry(char *conffile)
{
    return fgw_interface_register(&s13_interface) == ERR_OK ? 0 : EINVAL;
}

EXTENSION_ENTRY("s13", s13_entry);
