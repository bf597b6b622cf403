// SPDX-License-Identifier: BSD-3-Clause
// Says what is wrong with a freeDiameter configuration that the library has refused: file, line,
// what was found, what was expected. The library tells the place at best. Not a second parser to
// rely on: what this accepts may still be wrong.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fgw/conf_diff.h"

// Tells note the first mistake of syntax, and every file named before it that cannot be read. True
// if anything was told. name: for the messages. Main thread.
bool fgw_dia_conf_explain(const char *name, const char *text, size_t len, fgw_note note, void *arg);
// The same with the file's content.
bool fgw_dia_conf_explain_file(const char *path, fgw_note note, void *arg);
