// SPDX-License-Identifier: BSD-3-Clause
// The session commands of a script (script.h).
#pragma once

#include "agw_client/session.h"

#define SCRIPT_WHY 300

struct script_sessions {
    struct agws *model; // NULL until the first command
    struct agws_options options;
    char apn[64];
};

// One command: words after "session". On error why tells.
enum err script_session(struct script_sessions *sessions, struct agwc *link,
                        struct agwc_tunnel *tunnel, char *const words[], size_t n,
                        char why[SCRIPT_WHY]);
