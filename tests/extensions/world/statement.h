// SPDX-License-Identifier: BSD-3-Clause
// Writes the interface statement of an interface, or checks that it is still what the tables say.
// usage of a program made with it: write|check DICTIONARIES PROSE STATEMENT
#pragma once

#include <stdio.h>

#include "base/err.h"

typedef enum err (*statement_compile)(void (*report)(void *arg, const char *text), void *arg);
// compile: the interface's tables; print: what follows the prose.
int statement_main(int argc, char **argv, statement_compile compile, void (*print)(FILE *out));
