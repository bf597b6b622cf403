// SPDX-License-Identifier: BSD-3-Clause
// Says what is wrong with a freeDiameter configuration: file, line, what was found, what was
// expected. The library tells the place at best, and accepts peers that it can never connect to.
// Not a second parser to rely on: what this accepts may still be wrong.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fgw/conf_diff.h"

// Tells note the first mistake of syntax, and every file named before it that cannot be read, or a
// peer that needs TLS which is not set up. True if anything was told. name: for the messages. Main
// thread.
bool fgw_dia_conf_explain(const char *name, const char *text, size_t len, fgw_note note, void *arg);
// The same with the file's content.
bool fgw_dia_conf_explain_file(const char *path, fgw_note note, void *arg);
// For a file that the library accepts: only the peer, and false if this parser does not understand
// the file.
bool fgw_dia_conf_peer_without_tls(const char *path, fgw_note note, void *arg);
