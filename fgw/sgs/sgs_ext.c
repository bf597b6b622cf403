// SPDX-License-Identifier: BSD-3-Clause
// Entry point of sgs.fdx. Not for anything else: tests link the rest without it.
#include <freeDiameter/extension.h>

#include "fgw/sgs/sgs.h"

static int sgs_entry(char *conffile)
{
    return fgw_interface_register(&sgs_interface) == ERR_OK ? 0 : EINVAL;
}

EXTENSION_ENTRY("sgs", sgs_entry);
