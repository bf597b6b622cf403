// SPDX-License-Identifier: BSD-3-Clause
// What changed between two readings of a section, and whether a running process can follow.
#pragma once

#include "base/conf.h"

typedef void (*fgw_note)(const char *line, void *arg);

// Compares by the table and calls note once per changed key: "agw.listen: changed, needs a restart"
// or "agw.plmns: changed". Returns the number of changed keys.
size_t fgw_conf_diff(const char *section, const struct conf_key *keys, const void *old_settings,
                     const void *new_settings, fgw_note note, void *arg);
