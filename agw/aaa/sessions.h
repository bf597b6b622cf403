// SPDX-License-Identifier: BSD-3-Clause
// Who is on which access point: one session per Access-Accept, found by its id (Class), by what the
// NAS calls it, and by IMSI. Expiry, registration at the HSS and the copy on disk follow from it.
// Loop thread.
#pragma once

#include "aaa/store.h"
#include "base/loop.h"

struct aaa;
struct aaa_sessions;

struct aaa_session {
    struct aaa_session_data data;
    struct aaa_session *next_id, *next_imsi; // same bucket
    struct base_timer timer;
    struct aaa_sessions *owner;
    int64_t heard_ns; // CLOCK_MONOTONIC: last accounting
    bool interim;     // the access point sends Interim-Updates: then silence means something
};

// Takes over what the store has. ERR_NOMEM, ERR_IO.
enum err aaa_sessions_new(struct aaa *aaa, struct aaa_sessions **out);
void aaa_sessions_free(struct aaa_sessions *sessions); // nothing is de-registered; NULL is fine

// A session begins. One of the same user, client and station is replaced. ERR_FULL, ERR_NOMEM.
enum err aaa_session_begin(struct aaa_sessions *sessions, const struct aaa_session_data *data);
enum aaa_session_end {
    AAA_ENDED,     // by the NAS, or it expired: the last one de-registers the user
    AAA_WITHDRAWN, // by the HSS, which knows
};
void aaa_session_end(struct aaa_session *session, enum aaa_session_end how);
// data was changed: stored again. Also marks it as heard of.
void aaa_session_changed(struct aaa_session *session);
// Does the HSS know us for this user already?
bool aaa_session_registered(struct aaa_sessions *sessions, const char *imsi);

struct aaa_session *aaa_session_by_id(struct aaa_sessions *sessions, const char *id);
// The IMSI of a session that ended lately (one of the last 4,096), "" if it is not known: an access
// point reports what was used after we have asked it to end a session.
const char *aaa_session_lately(const struct aaa_sessions *sessions, const char *id,
                               const char *client);
// acct_id or, if "", the calling station, at this client.
struct aaa_session *aaa_session_by_nas(struct aaa_sessions *sessions, const char *client,
                                       const char *nas, const char *acct_id, const char *calling);
// Visits all of a user, or of a client's NAS address (imsi NULL). visit may end the visited one.
void aaa_sessions_each(struct aaa_sessions *sessions, const char *imsi, const char *client,
                       const char *nas, void (*visit)(void *ctx, struct aaa_session *session),
                       void *ctx);
size_t aaa_sessions_count(const struct aaa_sessions *sessions);
