// SPDX-License-Identifier: BSD-3-Clause
// The server of the core that knows a subscriber (TS 29.272 7.1.6, TS 29.273 8.2.2): the one that
// answered before becomes Destination-Host of further requests, until it cannot be reached or does
// not know the subscriber any more. Kept in the directory. On the loop of the transaction.
#pragma once

#include "diameter/stack.h"
#include "fgw/gateway.h"
#include "fgw/route.h"

// Of one transaction up; zeroed at first.
struct fgw_home {
    bool named;    // the request under way goes to the server that is remembered
    bool by_realm; // that one was wrong: not again
};
// Names the remembered server in *to, if *to names none and may be changed.
void fgw_home_find(struct fgw_home *home, enum fgw_access access, const struct base_imsi *imsi,
                   struct fgw_destination *to);
// The server that has sent this answer knows the subscriber. answer may be NULL.
void fgw_home_learn(enum fgw_access access, const struct base_imsi *imsi, struct msg *answer);
// Did the remembered server refuse to know the subscriber (5001), or was it not reached (3002)?
// Then it is forgotten, and the caller sends its request once more. answer may be NULL.
bool fgw_home_wrong(struct fgw_home *home, enum fgw_access access, const struct base_imsi *imsi,
                    struct msg *answer);
