// SPDX-License-Identifier: BSD-3-Clause
// The simulator's commands: one line of words in, text out, exit code 0 (done), 1 (not
// possible now) or 2 (not understood).
#pragma once

#include <stdio.h>

#include "vlr_sim/link.h"

// line is taken apart. "help" lists the commands.
int vlr_command(struct vlr_link *link, char *line, FILE *out);
