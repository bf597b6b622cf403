// SPDX-License-Identifier: BSD-3-Clause
// What the admin endpoint shows, as JSON. Main loop's thread. Results are the caller's; NULL when
// out of memory.
#pragma once

#include <jansson.h>

#include "base/ident.h"

json_t *fgw_view_status(void);
json_t *fgw_view_peers(void);
json_t *fgw_view_gateways(void);
json_t *fgw_view_log(void);
// {"alive"|"ready": bool, "reasons": [...]}
json_t *fgw_view_health(bool *alive);
json_t *fgw_view_ready(bool *ready);
// Who serves this subscriber; *known tells whether anybody does.
json_t *fgw_view_directory(const struct base_imsi *imsi, bool *known);
