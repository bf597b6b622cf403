// SPDX-License-Identifier: BSD-3-Clause
// Sessions, numbers, duplicates. The answer to every number is kept while it is among the last few
// of its session: a request that comes again gets the same answer and changes nothing.
#include "sim_cc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

const struct sim_command sim_commands[] = {
    {"CCR-I", SIM_CC_KEYS + SIM_CC_INITIAL, true},
    {"CCR-U", SIM_CC_KEYS + SIM_CC_UPDATE, true},
    {"CCR-T", SIM_CC_KEYS + SIM_CC_TERMINATE, true},
    {"CCR-E", SIM_CC_KEYS + SIM_CC_EVENT, true},
    {"RAR", 258, false},
    {"ASR", 274, false},
    {0},
};

#define ANSWERS_KEPT "8"

struct sim_cc {
    const struct sim_cc_ops *ops;
    void *core;
    struct sim_db *db;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS session(id TEXT PRIMARY KEY, imsi TEXT, apn TEXT, host TEXT,"
    " realm TEXT, number INTEGER, open INTEGER, since INTEGER, data TEXT) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS session_imsi ON session(imsi);"
    "CREATE TABLE IF NOT EXISTS answer(session TEXT, number INTEGER, type INTEGER, body TEXT,"
    " PRIMARY KEY(session, number, type)) WITHOUT ROWID;";

enum err sim_cc_new(const char *path, const struct sim_cc_ops *ops, void *core, struct sim_cc **out)
{
    struct sim_cc *cc = calloc(1, sizeof *cc);
    char *all = NULL;
    enum err err = ERR_NOMEM;

    if (cc && asprintf(&all, "%s%s", schema, ops->schema) >= 0) {
        cc->ops = ops;
        cc->core = core;
        err = sim_db_open(path, all, &cc->db);
        free(all);
    }
    if (err)
        free(cc);
    else
        *out = cc;
    return err;
}

void sim_cc_free(struct sim_cc *cc)
{
    if (cc)
        sim_db_close(cc->db);
    free(cc);
}

struct sim_db *sim_cc_db(struct sim_cc *cc)
{
    return cc->db;
}

enum sim_cc_type sim_cc_type(const json_t *request)
{
    static const char *const names[] = {NULL, "INITIAL_REQUEST", "UPDATE_REQUEST",
                                        "TERMINATION_REQUEST", "EVENT_REQUEST"};
    const char *text = sim_text(request, "CC-Request-Type");

    for (int i = SIM_CC_INITIAL; text && i <= SIM_CC_EVENT; i++) {
        if (strcmp(text, names[i]) == 0)
            return (enum sim_cc_type)i;
    }
    return 0;
}

static const char *subscription(const json_t *request, const char *type)
{
    for (size_t i = 0; i < sim_count(request, "Subscription-Id"); i++) {
        const json_t *id = sim_at(request, "Subscription-Id", i);
        const char *have = sim_text(id, "Subscription-Id-Type");

        if (have && strcmp(have, type) == 0)
            return sim_text(id, "Subscription-Id-Data");
    }
    return NULL;
}

static json_t *find_session(struct sim_cc *cc, const json_t *request)
{
    return sim_db_row(cc->db, "SELECT * FROM session WHERE id=?1",
                      json_pack("[s]", sim_text(request, "Session-Id")));
}

void sim_cc_imsi(struct sim_cc *cc, const json_t *request, char *out, size_t size)
{
    const char *imsi = subscription(request, "END_USER_IMSI");
    json_t *row = NULL;

    if (!imsi && sim_text(request, "Session-Id")) {
        row = find_session(cc, request);
        imsi = sim_text(row, "imsi");
    }
    snprintf(out, size, "%s", imsi ? imsi : "");
    json_decref(row);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

// The service a Gy session is for: Called-Station-Id inside PS-Information; on Gx it is outside.
static const char *apn_of(const json_t *request)
{
    const json_t *info = sim_get(sim_get(request, "Service-Information"), "PS-Information");
    const char *apn = sim_text(request, "Called-Station-Id");

    return or_empty(apn ? apn : sim_text(info, "Called-Station-Id"));
}

static void start_answer(const json_t *request, json_t *answer)
{
    static const char *const echoed[] = {"Session-Id", "Auth-Application-Id", "CC-Request-Type",
                                         "CC-Request-Number"};

    for (size_t i = 0; i < sizeof echoed / sizeof echoed[0]; i++) {
        json_t *value = sim_get(request, echoed[i]);

        if (value)
            json_object_set(answer, echoed[i], value);
    }
}

static int missing(const json_t *request, json_t *answer)
{
    static const char *const required[] = {"Session-Id", "Origin-Host", "Origin-Realm",
                                           "CC-Request-Type", "CC-Request-Number"};

    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        if (sim_get(request, required[i]))
            continue;
        // an example of the missing AVP, with a value of nothing, RFC 6733 §7.5
        sim_add(answer, "Failed-AVP", json_pack("{s:o}", required[i],
                                                i >= 3 ? json_integer(0) : json_string("")));
        return SIM_MISSING_AVP;
    }
    return 0;
}

static bool repeat(struct sim_cc *cc, const json_t *request, enum sim_cc_type type, json_t **answer)
{
    json_t *row = sim_db_row(cc->db, "SELECT body FROM answer WHERE session=?1 AND number=?2"
                             " AND type=?3",
                             json_pack("[s,I,i]", sim_text(request, "Session-Id"),
                                       (json_int_t)sim_int(request, "CC-Request-Number", 0),
                                       (int)type));
    json_t *kept = row ? json_loads(sim_text(row, "body"), 0, NULL) : NULL;

    json_decref(row);
    if (!kept)
        return false;
    json_decref(*answer);
    *answer = kept;
    return true;
}

static void store(struct sim_cc *cc, const struct sim_session *s, enum sim_cc_type type,
                  const json_t *request, const json_t *answer, bool ok)
{
    json_int_t number = sim_int(request, "CC-Request-Number", 0);
    char *data = json_dumps(s->data, JSON_COMPACT), *body = json_dumps(answer, JSON_COMPACT);

    // a session that was refused at its beginning does not exist
    if (ok || type == SIM_CC_UPDATE || type == SIM_CC_TERMINATE)
        sim_db_run(cc->db,
                   "INSERT INTO session VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"
                   " ON CONFLICT(id) DO UPDATE SET host=?4, realm=?5, number=?6, open=?7, data=?9",
                   json_pack("[s,s,s,s,s,I,i,I,s]", s->id, s->imsi, s->apn, s->host, s->realm,
                             number,
                             type == SIM_CC_INITIAL || type == SIM_CC_UPDATE,
                             (json_int_t)time(NULL), or_empty(data)));
    sim_db_run(cc->db, "INSERT OR REPLACE INTO answer VALUES(?1,?2,?3,?4)",
               json_pack("[s,I,i,s]", s->id, number, (int)type, or_empty(body)));
    sim_db_run(cc->db, "DELETE FROM answer WHERE session=?1 AND number<=?2-" ANSWERS_KEPT,
               json_pack("[s,I]", s->id, number));
    free(data);
    free(body);
}

// Numbers go up; a gap is a request that never came here, which is no fault of this one.
static int check_order(const json_t *row, const json_t *request, enum sim_cc_type type,
                       json_t *answer)
{
    bool later = type == SIM_CC_UPDATE || type == SIM_CC_TERMINATE;

    if (type == 0)
        sim_add(answer, "Failed-AVP", json_pack("{s:O}", "CC-Request-Type",
                                                sim_get(request, "CC-Request-Type")));
    if (type == 0)
        return SIM_INVALID_AVP_VALUE;
    if (later && (!row || sim_int(row, "open", 0) == 0)) {
        base_log_limited(sim_log, BASE_LOG_INFO, NULL, "%s: %s", sim_text(request, "Session-Id"),
                         row ? "the session has ended" : "no such session");
        return SIM_UNKNOWN_SESSION;
    }
    if (later && sim_int(request, "CC-Request-Number", 0) <= sim_int(row, "number", 0)) {
        sim_add(answer, "Failed-AVP", json_pack("{s:O}", "CC-Request-Number",
                                                sim_get(request, "CC-Request-Number")));
        return SIM_INVALID_AVP_VALUE;
    }
    return 0;
}

static int serve(struct sim_cc *cc, const json_t *request, enum sim_cc_type type, json_t *answer)
{
    json_t *row = find_session(cc, request);
    const char *imsi = subscription(request, "END_USER_IMSI"), *data = sim_text(row, "data");
    bool later = type == SIM_CC_UPDATE || type == SIM_CC_TERMINATE;
    struct sim_session s = {
        .id = sim_text(request, "Session-Id"),
        .imsi = or_empty(later && row ? sim_text(row, "imsi") : imsi),
        .apn = later && row ? or_empty(sim_text(row, "apn")) : apn_of(request),
        .host = or_empty(sim_text(request, "Origin-Host")),
        .realm = or_empty(sim_text(request, "Origin-Realm")),
    };
    int code = check_order(row, request, type, answer);

    if (!code) {
        s.data = later && data ? json_loads(data, 0, NULL) : NULL;
        if (!s.data)
            s.data = json_object();
        code = cc->ops->handle(cc->core, type, &s, request, answer);
        if (code)
            json_object_set_new(answer, "Result-Code", json_integer(code));
        store(cc, &s, type, request, answer, code == SIM_SUCCESS);
        json_decref(s.data);
    }
    json_decref(row);
    return code;
}

void sim_cc_handle(struct sim_cc *cc, const json_t *request, json_t **answer)
{
    enum sim_cc_type type = sim_cc_type(request);
    int code;

    *answer = json_object();
    start_answer(request, *answer);
    code = missing(request, *answer);
    if (!code) {
        sim_db_begin(cc->db);
        if (repeat(cc, request, type, answer)) {
            sim_db_end(cc->db, false);
            return;
        }
        code = serve(cc, request, type, *answer);
        if (sim_db_end(cc->db, true) != ERR_OK) {
            json_object_clear(*answer);
            start_answer(request, *answer);
            code = SIM_UNABLE_TO_COMPLY;
        }
    }
    if (code)
        json_object_set_new(*answer, "Result-Code", json_integer(code));
}

json_t *sim_cc_sessions(struct sim_cc *cc, const char *who)
{
    if (strcmp(who, "all") == 0)
        return sim_db_rows(cc->db, "SELECT * FROM session WHERE open=1", NULL);
    return sim_db_rows(cc->db, "SELECT * FROM session WHERE open=1 AND (imsi=?1 OR id=?1)",
                       json_pack("[s]", who));
}

void sim_cc_save(struct sim_cc *cc, const char *id, const json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT);

    if (text)
        sim_db_run(cc->db, "UPDATE session SET data=?2 WHERE id=?1",
                   json_pack("[s,s]", id, text));
    free(text);
}

const char *sim_word(int n, char **words, int from, const char *key)
{
    size_t len = strlen(key);

    for (int i = from; i < n; i++) {
        if (strncmp(words[i], key, len) == 0 && words[i][len] == '=')
            return words[i] + len + 1;
    }
    return NULL;
}

static int list_sessions(struct sim_cc *cc, const char *who, struct sim_reply *reply)
{
    json_t *rows = sim_cc_sessions(cc, who), *row;
    size_t i;

    json_array_foreach(rows, i, row)
        sim_reply_add(reply, "%s imsi=%s apn=%s number=%lld host=%s %s\n", sim_text(row, "id"),
                      sim_text(row, "imsi"), sim_text(row, "apn"),
                      (long long)sim_int(row, "number", 0), sim_text(row, "host"),
                      sim_text(row, "data"));
    sim_reply_add(reply, "%zu sessions\n", json_array_size(rows));
    json_decref(rows);
    return 0;
}

static int run_command(struct sim_cc *cc, int n, char **words, struct sim_reply *reply)
{
    if (strcmp(words[0], "sessions") == 0 && n <= 2)
        return list_sessions(cc, n == 2 ? words[1] : "all", reply);
    if (strcmp(words[0], "forget") == 0 && n == 2) {
        // nor what it was answered: it may begin again with the same number
        sim_db_run(cc->db, "DELETE FROM answer WHERE session IN (SELECT id FROM session"
                   " WHERE imsi=?1 OR id=?1 OR ?1='all')", json_pack("[s]", words[1]));
        sim_db_run(cc->db, "UPDATE session SET open=0 WHERE imsi=?1 OR id=?1 OR ?1='all'",
                   json_pack("[s]", words[1]));
        return 0;
    }
    return cc->ops->command(cc->core, n, words, reply);
}

int sim_cc_command(struct sim_cc *cc, int n, char **words, struct sim_reply *reply)
{
    int code;

    sim_db_begin(cc->db);
    code = run_command(cc, n, words, reply);
    if (sim_db_end(cc->db, code == 0) != ERR_OK && code == 0) {
        sim_reply_add(reply, "the database failed; see the log\n");
        code = 1;
    }
    return code;
}
