// SPDX-License-Identifier: BSD-3-Clause
// Requests of Gx sessions, TS 29.212 §4.5.
#include <string.h>

#include "pcrf_int.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS rule(name TEXT PRIMARY KEY, version INTEGER, body TEXT)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS policy(name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS subscriber(imsi TEXT, apn TEXT, policy TEXT,"
    " PRIMARY KEY(imsi, apn)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS usage(imsi TEXT, key TEXT, used INTEGER, reports INTEGER,"
    " PRIMARY KEY(imsi, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS report(session TEXT, number INTEGER, rule TEXT, status TEXT,"
    " code TEXT);";

enum err pcrf_open(const char *path, struct pcrf *pcrf)
{
    static const struct sim_cc_ops ops = {
        .schema = schema, .handle = pcrf_handle, .command = pcrf_command, .help = pcrf_help,
    };

    return sim_cc_new(path, &ops, pcrf, &pcrf->cc);
}

void pcrf_close(struct pcrf *pcrf)
{
    sim_cc_free(pcrf->cc);
    pcrf->cc = NULL;
}

// The policy a session should have now: what a used-up monitor led to goes before.
static json_t *policy_of(struct sim_db *db, const char *imsi, const char *apn, const json_t *data)
{
    const char *override = sim_text(data, "override");
    json_t *policy = override ? pcrf_policy_named(db, override) : NULL;

    return policy ? policy : pcrf_policy_find(db, imsi, apn);
}

// Features that both have, TS 29.229 §7.2: only what the request asks is answered.
static void add_features(const struct pcrf *pcrf, const json_t *request, json_t *answer)
{
    for (size_t i = 0; i < sim_count(request, "Supported-Features"); i++) {
        const json_t *f = sim_at(request, "Supported-Features", i);
        uint32_t list = (uint32_t)sim_int(f, "Feature-List", 0);

        if (sim_int(f, "Feature-List-ID", 0) != 1)
            continue;
        sim_add(answer, "Supported-Features",
                json_pack("{s:I,s:i,s:I}", "Vendor-Id", (json_int_t)10415, "Feature-List-ID", 1,
                          "Feature-List", (json_int_t)(list & pcrf->features)));
    }
}

// Rules that the gateway says are not active: not tried again until they or their policy change.
static void note_failure(json_t *data, const char *name)
{
    json_t *failed = json_object_get(data, "failed");

    if (!failed) {
        failed = json_object();
        json_object_set_new(data, "failed", failed);
    }
    json_object_set_new(failed, name, json_integer(1));
}

static void take_report(struct sim_db *db, const struct sim_session *s, const json_t *request,
                        const json_t *report, const char *avp)
{
    const char *status = sim_text(report, "PCC-Rule-Status");
    const char *code = sim_text(report, "Rule-Failure-Code");

    for (size_t i = 0; i < sim_count(report, avp); i++) {
        const char *name = json_string_value(sim_at(report, avp, i));

        if (!name)
            continue;
        sim_db_run(db, "INSERT INTO report VALUES(?1,?2,?3,?4,?5)",
                   json_pack("[s,I,s,s,s]", s->id,
                             (json_int_t)sim_int(request, "CC-Request-Number", -1), name,
                             status ? status : "", code ? code : ""));
        if (status && strcmp(status, "ACTIVE") != 0)
            note_failure(s->data, name);
    }
}

static void take_reports(struct sim_db *db, const struct sim_session *s, const json_t *request)
{
    for (size_t i = 0; i < sim_count(request, "Charging-Rule-Report"); i++) {
        const json_t *report = sim_at(request, "Charging-Rule-Report", i);

        take_report(db, s, request, report, "Charging-Rule-Name");
        take_report(db, s, request, report, "Charging-Rule-Base-Name");
    }
}

static bool has_trigger(const json_t *request, const char *trigger)
{
    for (size_t i = 0; i < sim_count(request, "Event-Trigger"); i++) {
        const char *have = json_string_value(sim_at(request, "Event-Trigger", i));

        if (have && strcmp(have, trigger) == 0)
            return true;
    }
    return false;
}

static int begin(struct pcrf *pcrf, struct sim_db *db, struct sim_session *s,
                 const json_t *request, json_t *answer)
{
    json_t *policy = policy_of(db, s->imsi, s->apn, s->data);

    if (!policy)
        return SIM_USER_UNKNOWN;
    add_features(pcrf, request, answer);
    pcrf_policy_describe(policy, answer);
    pcrf_policy_apply(db, policy, s->data, answer);
    pcrf_monitors_grant(db, policy, s->imsi, s->data, true, answer);
    json_decref(policy);
    return SIM_SUCCESS;
}

// A changed policy is described anew; an unchanged one only where its time was up.
static void describe_again(const json_t *policy, const struct sim_session *s, const json_t *request,
                           json_t *answer)
{
    const char *had = sim_text(s->data, "policy"), *now = sim_text(policy, "name");

    if (!had || strcmp(had, now) != 0 || has_trigger(request, "REVALIDATION_TIMEOUT"))
        pcrf_policy_describe(policy, answer);
}

static int go_on(struct sim_db *db, struct sim_session *s, const json_t *request, json_t *answer)
{
    json_t *policy = policy_of(db, s->imsi, s->apn, s->data), *then = NULL;

    if (!policy)
        return SIM_USER_UNKNOWN;
    take_reports(db, s, request);
    then = pcrf_monitors_account(db, policy, s->imsi, request, s->data);
    if (then) {
        json_object_set(s->data, "override", then);
        json_decref(policy);
        policy = policy_of(db, s->imsi, s->apn, s->data);
    }
    if (!policy) {
        json_decref(then);
        return SIM_UNABLE_TO_COMPLY;
    }
    describe_again(policy, s, request, answer);
    pcrf_policy_apply(db, policy, s->data, answer);
    pcrf_monitors_grant(db, policy, s->imsi, s->data, false, answer);
    json_decref(then);
    json_decref(policy);
    return SIM_SUCCESS;
}

static int end(struct sim_db *db, struct sim_session *s, const json_t *request)
{
    json_t *policy = policy_of(db, s->imsi, s->apn, s->data);

    take_reports(db, s, request);
    json_decref(pcrf_monitors_account(db, policy, s->imsi, request, s->data));
    json_decref(policy);
    return SIM_SUCCESS;
}

int pcrf_handle(void *core, enum sim_cc_type type, struct sim_session *s, const json_t *request,
                json_t *answer)
{
    struct pcrf *pcrf = core;
    struct sim_db *db = sim_cc_db(pcrf->cc);

    switch (type) {
    case SIM_CC_INITIAL:
        return begin(pcrf, db, s, request, answer);
    case SIM_CC_UPDATE:
        return go_on(db, s, request, answer);
    case SIM_CC_TERMINATE:
        return end(db, s, request);
    default: // events are not for Gx, §5.6.2
        return SIM_INVALID_AVP_VALUE;
    }
}

json_t *pcrf_update(struct pcrf *pcrf, const json_t *row)
{
    struct sim_db *db = sim_cc_db(pcrf->cc);
    const char *text = sim_text(row, "data"), *imsi = sim_text(row, "imsi");
    json_t *data = text ? json_loads(text, 0, NULL) : NULL, *avps = json_object();
    json_t *policy = policy_of(db, imsi, sim_text(row, "apn"), data);
    const char *had = sim_text(data, "policy");

    if (policy && data) {
        if (!had || strcmp(had, sim_text(policy, "name")) != 0)
            pcrf_policy_describe(policy, avps);
        pcrf_policy_apply(db, policy, data, avps);
        pcrf_monitors_grant(db, policy, imsi, data, false, avps);
        sim_cc_save(pcrf->cc, sim_text(row, "id"), data);
    }
    json_decref(policy);
    json_decref(data);
    return avps;
}

void pcrf_answered(struct pcrf *pcrf, const json_t *row, const json_t *avps)
{
    // read again: the session may have moved on while the answer was awaited
    json_t *rows = sim_cc_sessions(pcrf->cc, sim_text(row, "id"));
    const char *data = sim_text(json_array_get(rows, 0), "data");
    struct sim_session s = {.id = sim_text(row, "id")};

    s.data = data ? json_loads(data, 0, NULL) : NULL;
    if (s.data && sim_count(avps, "Charging-Rule-Report")) {
        take_reports(sim_cc_db(pcrf->cc), &s, avps);
        sim_cc_save(pcrf->cc, s.id, s.data);
    }
    json_decref(s.data);
    json_decref(rows);
}
