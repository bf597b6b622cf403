// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: loads the dictionaries of a folder (lib/diameter does the work).
//   LoadExtension = "dict.fdx" : "/usr/share/fgw/dictionaries";
// Without an argument the installed folder is taken. Load it before the extensions that use it, and
// do not load freeDiameter's own dict_*.fdx beside it. Works in fgwd and in freeDiameterd.
#include <errno.h>

#include <freeDiameter/extension.h>

#include "diameter/dict.h"

static int dict_entry(char *folder)
{
    return dia_dict_load(folder ? folder : FGW_DICTIONARIES) == ERR_OK ? 0 : EINVAL;
}

// freeDiameter looks the entry up by name: it has to be visible whatever the build hides
#pragma GCC visibility push(default)
int fd_ext_init(int major, int minor, char *conffile);
extern const char *fd_ext_depends[];
EXTENSION_ENTRY("dict", dict_entry)
#pragma GCC visibility pop
