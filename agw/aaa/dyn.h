// SPDX-License-Identifier: BSD-3-Clause
// What we ask of access points: to end a session (Disconnect-Request) or to change it
// (CoA-Request), RFC 5176. At most 256 requests are under way, as there are identifiers; others
// wait their turn. Loop thread.
#pragma once

#include "aaa/store.h"
#include "base/err.h"

struct aaa;
struct aaa_dyn;

// ERR_IO: the address to speak from is not ours. ERR_NOMEM.
enum err aaa_dyn_new(struct aaa *aaa, struct aaa_dyn **out);
void aaa_dyn_free(struct aaa_dyn *dyn); // NULL is fine

// The outcome is counted and logged. ERR_NOT_FOUND: the session's client is no longer in the
// settings. ERR_NOMEM.
enum err aaa_dyn_disconnect(struct aaa_dyn *dyn, const struct aaa_session_data *session);
enum err aaa_dyn_timeout(struct aaa_dyn *dyn, const struct aaa_session_data *session,
                         uint32_t timeout_s);
