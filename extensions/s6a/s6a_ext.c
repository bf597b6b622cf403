// SPDX-License-Identifier: BSD-3-Clause
// Entry point of s6a.fdx. Not for anything else: tests link the rest without it.
#include <freeDiameter/extension.h>

#include "extensions/s6a/s6a.h"

static int s6a_entry(char *conffile)
{
    return fgw_interface_register(&s6a_interface) == ERR_OK ? 0 : EINVAL;
}

EXTENSION_ENTRY("s6a", s6a_entry);
