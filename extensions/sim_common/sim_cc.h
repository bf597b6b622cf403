// SPDX-License-Identifier: BSD-3-Clause
// What credit control on Gx and Gy has in common, RFC 8506 §5 and §8: sessions, numbers of
// requests, duplicates, and that an answer leaves only when everything it says is in the database.
// No Diameter and no network: messages are JSON (sim_json.h). One thread at a time.
#pragma once

#include "sim_control.h"
#include "sim_db.h"

enum sim_cc_type { SIM_CC_INITIAL = 1, SIM_CC_UPDATE, SIM_CC_TERMINATE, SIM_CC_EVENT };
enum { // keys of the commands in sim.h: what fault rules name
    SIM_CC_ANY = 272,
    SIM_CC_KEYS = 2720, // + enum sim_cc_type
};

enum { // Result-Code: RFC 6733 §7.1, RFC 8506 §9
    SIM_SUCCESS = 2001,
    SIM_UNKNOWN_SESSION = 5002,
    SIM_INVALID_AVP_VALUE = 5004,
    SIM_MISSING_AVP = 5005,
    SIM_UNABLE_TO_COMPLY = 5012,
    SIM_END_USER_SERVICE_DENIED = 4010,
    SIM_CREDIT_LIMIT_REACHED = 4012,
    SIM_USER_UNKNOWN = 5030,
    SIM_RATING_FAILED = 5031,
};

// A session while its request is handled. data is the simulator's, kept with the session.
struct sim_session {
    const char *id, *imsi, *apn, *host, *realm; // borrowed; "" where unknown
    json_t *data;
};

struct sim_cc;
struct sim_cc_ops {
    const char *schema; // SQL of the simulator's own tables
    // Fills the answer; returns the Result-Code, 0 where it has put a result there itself. In a
    // transaction, whose failure becomes 5012.
    int (*handle)(void *core, enum sim_cc_type type, struct sim_session *session,
                  const json_t *request, json_t *answer);
    // Commands on the database; -1: not one of mine. In a transaction, kept where it returns 0.
    int (*command)(void *core, int n, char **words, struct sim_reply *reply);
    const char *help;
};

// core is handed to the operations. ERR_IO, ERR_NOMEM.
enum err sim_cc_new(const char *path, const struct sim_cc_ops *ops, void *core,
                    struct sim_cc **out);
void sim_cc_free(struct sim_cc *cc); // NULL is fine
struct sim_db *sim_cc_db(struct sim_cc *cc);

// Type of a CCR, 0 if it has none.
enum sim_cc_type sim_cc_type(const json_t *request);
// IMSI of a request: its Subscription-Id, for later ones the session's. "" if unknown.
void sim_cc_imsi(struct sim_cc *cc, const json_t *request, char *out, size_t size);
// Handles a CCR. *answer is new: everything but Origin-Host and Origin-Realm.
void sim_cc_handle(struct sim_cc *cc, const json_t *request, json_t **answer);
// Sessions that are open: of `who`, an IMSI or a Session-Id, or "all". Rows: id, imsi, apn, host,
// realm, number, data.
json_t *sim_cc_sessions(struct sim_cc *cc, const char *who);
// Stores what a pushed request changed of the session's data.
void sim_cc_save(struct sim_cc *cc, const char *id, const json_t *data);
// Database commands, the simulator's and: sessions [IMSI|SESSION], forget IMSI|SESSION|all.
int sim_cc_command(struct sim_cc *cc, int n, char **words, struct sim_reply *reply);

// "key=value" among words[from..n): its value, or NULL.
const char *sim_word(int n, char **words, int from, const char *key);
