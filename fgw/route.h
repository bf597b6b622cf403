// SPDX-License-Identifier: BSD-3-Clause
// Where requests of an interface go: destination realm and host by the subscriber's IMSI, from the
// settings that every Diameter interface has alike; and the AVPs every request begins with. Which
// peer carries a request there is the Diameter stack's business.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/ident.h"
#include "diameter/msg.h"

#define FGW_IDENTITY_MAX 255

// One item of a setting `routes`.
struct fgw_route {
    char *imsi_prefix;  // digits; the longest that fits wins
    char *realm;        // NULL: as mnc_digits says
    char *host;         // NULL: by realm
    int64_t mnc_digits; // 2, 3: realm from the IMSI (TS 23.003 19.2); 0: not
};
extern const struct conf_key fgw_route_keys[];
// Checks of settings: a Diameter identity, the leading digits of IMSIs. For conf_key.check.
enum err fgw_route_check_identity(const char *text, const char **why);
enum err fgw_route_check_digits(const char *text, const char **why);
// What the table of keys cannot check of a list of routes; errors go to the conf.
enum err fgw_route_configure(struct conf *conf, const char *section,
                             const struct conf_list *routes);

// The realm points into what it was found by, or at `made`: not to be copied, nor kept longer.
struct fgw_destination {
    const char *realm;
    char host[FGW_IDENTITY_MAX + 1]; // "": any
    char made[40];                   // a realm that was made from the IMSI
};
// realm, host: of subscribers without a route, may be NULL; own_realm is used when nothing else is
// set. imsi may be NULL: no route applies.
void fgw_route_find(const struct conf_list *routes, const char *realm, const char *host,
                    const struct base_imsi *imsi, const char *own_realm,
                    struct fgw_destination *out);

// A request with Session-Id, application, session state, origin and destination. session_suffix:
// appended to the Session-Id, may be NULL.
enum err fgw_request_new(uint32_t application, uint32_t command, const char *session_suffix,
                         const struct fgw_destination *to, bool vendor_application,
                         struct msg **out);
// The same in the name of another node; its realm is what follows the first dot of its name. origin
// NULL: ours.
enum err fgw_request_new_from(uint32_t application, uint32_t command, const char *session_suffix,
                              const char *origin, const struct fgw_destination *to,
                              bool vendor_application, struct msg **out);
