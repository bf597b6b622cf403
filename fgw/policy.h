// SPDX-License-Identifier: BSD-3-Clause
// Which gateway may connect, and whom it may serve: the `gateways` list and the defaults of section
// `agw`, prepared for look-up. Not for certificates (rpc/).
#pragma once

#include "base/err.h"
#include "base/ident.h"
#include "fgw/settings.h"

struct fgw_policy;

// Strings are borrowed from the settings, which must live as long.
enum err fgw_policy_new(const struct fgw_settings *settings, struct fgw_policy **out);
void fgw_policy_free(struct fgw_policy *policy); // NULL is fine

// May this gateway call at all? ERR_FGW_UNKNOWN_GATEWAY: not listed; ERR_DENIED: locked out.
enum err fgw_policy_connect(const struct fgw_policy *policy, const char *gateway);
// May it do so for this subscriber, visiting this PLMN (NULL: not told)? Also ERR_FGW_PLMN_DENIED.
enum err fgw_policy_serve(const struct fgw_policy *policy, const char *gateway,
                          const struct base_imsi *imsi, const struct base_plmn *plmn);
