// SPDX-License-Identifier: BSD-3-Clause
// What must survive a restart, in SQLite: accounting records, sessions, keys of pseudonyms. A
// thread of its own writes; records that come together are committed together. Not for looking
// sessions up while running (aaa/sessions.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "eap/identity.h"

// A session as it is stored. Texts are terminated, "" is absent; times are seconds since 1970.
struct aaa_session_data {
    char id[17]; // ours: Class of the Access-Accept
    char imsi[16];
    char client[64]; // name in the settings
    char nas[64];    // address that it speaks from
    char nas_id[128], nas_ip[64], user_name[254], calling[64], called[64], acct_id[128];
    int64_t since, expires;
    bool registered; // the HSS knows us as the user's AAA server
    bool accounting; // an Accounting-Start was seen
};

// One Accounting-Request.
struct aaa_record {
    int64_t time, event_time; // received; told by the NAS, 0: not
    char session[17], imsi[16], client[64], nas[64], nas_id[128], acct_id[128], user_name[254];
    char calling[64], called[64], framed_ip[16];
    uint32_t status, session_time, cause;
    uint64_t input_octets, output_octets, input_packets, output_packets;
};

struct aaa_store;

// Opens or creates the file (readable by us only) and starts the writer. Results come back to
// `loop`. ERR_IO, ERR_NOMEM.
enum err aaa_store_open(const char *path, struct base_loop *loop, struct aaa_store **out);
// Commits what was given, ends the writer; done is not called any more. NULL is fine.
void aaa_store_close(struct aaa_store *store);
// After base_loop_free of the loop, where results may still have been on their way. NULL is fine.
void aaa_store_free(struct aaa_store *store);

// done is called on the loop when the record is on disk, or is not. ERR_FULL: too much is waiting;
// ERR_NOMEM; done is then not called.
enum err aaa_store_account(struct aaa_store *store, const struct aaa_record *record,
                           void (*done)(void *ctx, enum err err), void *ctx);
// Accounting records older than keep_s seconds go from now on, some thousands every few seconds. 0:
// they stay for ever, as at first. Loop thread.
void aaa_store_keep(struct aaa_store *store, int64_t keep_s);
// Inserts or replaces; forgets. What does not get in is logged: a restart will miss it.
void aaa_store_put(struct aaa_store *store, const struct aaa_session_data *session);
void aaa_store_forget(struct aaa_store *store, const char *id);

// Before the loop runs: the stored sessions; the keys of pseudonyms. A new key is made when the
// current one is older than rotate_s; the oldest of sixteen is then given up.
enum err aaa_store_each(struct aaa_store *store,
                        void (*visit)(void *ctx, const struct aaa_session_data *session),
                        void *ctx);
enum err aaa_store_keys(struct aaa_store *store, int64_t rotate_s, struct eap_pseudonym_keys *out);
