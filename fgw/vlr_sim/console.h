// SPDX-License-Identifier: BSD-3-Clause
// Where commands come from: standard input, and connections to a UNIX socket, each answered with
// the command's text and a last line "exit N". Also carries out `wait`, `trace` and `quit`, which
// are about the console itself.
#pragma once

#include "vlr_sim/link.h"

struct consoles;

// path: of the socket, NULL for none; input: read commands from standard input.
enum err consoles_new(struct base_loop *loop, const char *path, bool input, bool trace,
                      struct consoles **out);
void consoles_free(struct consoles *consoles);
// What commands are about; before the loop runs.
void consoles_use(struct consoles *consoles, struct vlr_link *link);
// To be the VLR's watch.
struct vlr_watch consoles_watch(struct consoles *consoles);

// The other side: sends one command to the socket at path, prints the reply, returns its exit code
// (3: no answer).
int console_ask(const char *path, const char *command);
