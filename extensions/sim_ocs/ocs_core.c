// SPDX-License-Identifier: BSD-3-Clause
// Requests of sessions: per rating group debit what was used, then grant again.
#include "ocs_int.h"

#include <string.h>
#include <time.h>

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS account(imsi TEXT PRIMARY KEY, settings TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS balance(imsi TEXT, grp INTEGER, total INTEGER, used INTEGER,"
    " reserved INTEGER, settings TEXT, PRIMARY KEY(imsi, grp)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS reservation(session TEXT, grp INTEGER, imsi TEXT, amount INTEGER,"
    " PRIMARY KEY(session, grp)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS debit(imsi TEXT, grp INTEGER, input INTEGER, output INTEGER,"
    " octets INTEGER, after_tariff INTEGER, seconds INTEGER, units INTEGER, reports INTEGER,"
    " PRIMARY KEY(imsi, grp)) WITHOUT ROWID;";

enum err ocs_open(const char *path, struct ocs *ocs)
{
    static const struct sim_cc_ops ops = {
        .schema = schema, .handle = ocs_handle, .command = ocs_command, .help = ocs_help,
    };

    return sim_cc_new(path, &ops, ocs, &ocs->cc);
}

void ocs_close(struct ocs *ocs)
{
    sim_cc_free(ocs->cc);
    ocs->cc = NULL;
}

// Which balance a container is about.
static bool group_of(const json_t *container, int64_t *out)
{
    return sim_number(container, "Rating-Group", out) ||
           sim_number(container, "Service-Identifier", out);
}

static void echo(const json_t *container, json_t *mscc)
{
    json_t *group = sim_get(container, "Rating-Group");

    for (size_t i = 0; i < sim_count(container, "Service-Identifier"); i++)
        sim_add(mscc, "Service-Identifier",
                json_incref(sim_at(container, "Service-Identifier", i)));
    if (group)
        sim_add(mscc, "Rating-Group", json_incref(group));
}

// Time of the next tariff change; 0: there is none.
static int64_t tariff_change(const struct ocs_balance *b, int64_t now)
{
    int64_t in = sim_int(b->settings, "tariff", 0), at;

    if (in > 0)
        return now + in;
    if (!sim_number(b->settings, "tariff_at", &at))
        return 0;
    at += now - now % 86400;
    return at > now ? at : at + 86400;
}

static void add_setting(const struct ocs_balance *b, const char *key, json_t *to, const char *avp)
{
    int64_t value;

    if (sim_number(b->settings, key, &value))
        sim_add(to, avp, json_integer(value));
}

// Final-Unit-Indication, RFC 8506 §8.34.
static json_t *final_units(const struct ocs_balance *b)
{
    const json_t *f = sim_get(b->settings, "final");
    const char *action = sim_text(f, "action"), *address = sim_text(f, "address");
    const char *type = sim_text(f, "address_type");
    json_t *fui = json_pack("{s:s}", "Final-Unit-Action", action ? action : "TERMINATE");

    for (size_t i = 0; i < sim_count(f, "rules"); i++)
        sim_add(fui, "Restriction-Filter-Rule", json_incref(sim_at(f, "rules", i)));
    for (size_t i = 0; i < sim_count(f, "filter_ids"); i++)
        sim_add(fui, "Filter-Id", json_incref(sim_at(f, "filter_ids", i)));
    if (address)
        sim_add(fui, "Redirect-Server",
                json_pack("{s:s,s:s}", "Redirect-Address-Type", type ? type : "URL",
                          "Redirect-Server-Address", address));
    return fui;
}

static int64_t usual_grant(const char *unit)
{
    if (strcmp(unit, "seconds") == 0)
        return 600;
    return strcmp(unit, "units") == 0 ? 1 : 10000000;
}

static void add_grant(const struct ocs_balance *b, int64_t amount, bool last, json_t *mscc)
{
    static const struct { const char *unit, *avp; } thresholds[] = {
        {"octets", "Volume-Quota-Threshold"}, {"seconds", "Time-Quota-Threshold"},
        {"units", "Unit-Quota-Threshold"},
    };
    json_t *gsu = json_object();
    int64_t change = tariff_change(b, time(NULL));

    if (change)
        sim_add(gsu, "Tariff-Time-Change", json_integer(change));
    json_object_update_new(gsu, ocs_units(b->unit, amount));
    sim_add(mscc, "Granted-Service-Unit", gsu);
    add_setting(b, "validity", mscc, "Validity-Time");
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        if (strcmp(thresholds[i].unit, b->unit) == 0)
            add_setting(b, "threshold", mscc, thresholds[i].avp);
    }
    add_setting(b, "holding", mscc, "Quota-Holding-Time");
    add_setting(b, "consumption", mscc, "Quota-Consumption-Time");
    if (last)
        sim_add(mscc, "Final-Unit-Indication", final_units(b));
    sim_merge(mscc, sim_get(b->settings, "avps"));
}

// Grants a quota; returns the Result-Code of the rating group. Where nothing is left, redirection
// and restriction still let the gateway act at once, by a final quota of nothing (§5.6.2, §5.6.3).
static int grant(struct sim_db *db, struct ocs_balance *b, const struct sim_session *s,
                 const json_t *container, json_t *mscc)
{
    int64_t asked = ocs_requested(container, b->unit), left = ocs_balance_left(b);
    int64_t amount = sim_int(b->settings, "grant", asked ? asked : usual_grant(b->unit));
    const char *action = sim_text(sim_get(b->settings, "final"), "action");

    if (left == 0 && (!action || strcmp(action, "TERMINATE") == 0))
        return SIM_CREDIT_LIMIT_REACHED;
    if (amount > left)
        amount = left;
    ocs_reserve(db, b, s->id, amount);
    // what others hold may come back: only an account without that is at its end
    add_grant(b, amount, amount == left && b->reserved == amount, mscc);
    return SIM_SUCCESS;
}

// One container of a request, Multiple-Services-Credit-Control or the command itself.
static int serve_group(struct sim_db *db, const struct sim_session *s, enum sim_cc_type type,
                       const json_t *container, json_t *mscc)
{
    struct ocs_balance b;
    struct ocs_usage used;
    int64_t group = 0, forced;
    int code = SIM_SUCCESS;

    if (!group_of(container, &group) || !ocs_balance_get(db, s->imsi, group, &b))
        return SIM_RATING_FAILED;
    ocs_usage_read(container, &used);
    ocs_debit(db, &b, &used);
    if (used.reports || type == SIM_CC_TERMINATE)
        ocs_reserve(db, &b, s->id, 0);
    if (type != SIM_CC_TERMINATE && sim_number(b.settings, "result", &forced)) {
        code = (int)forced;
    } else if (type != SIM_CC_TERMINATE && sim_get(container, "Requested-Service-Unit")) {
        ocs_reserve(db, &b, s->id, 0);
        code = grant(db, &b, s, container, mscc);
    }
    ocs_balance_fini(&b);
    return code;
}

static void serve_services(struct sim_db *db, const struct sim_session *s, enum sim_cc_type type,
                           const json_t *request, json_t *answer)
{
    for (size_t i = 0; i < sim_count(request, "Multiple-Services-Credit-Control"); i++) {
        const json_t *container = sim_at(request, "Multiple-Services-Credit-Control", i);
        json_t *mscc = json_object();
        int code;

        echo(container, mscc);
        code = serve_group(db, s, type, container, mscc);
        sim_add(mscc, "Result-Code", json_integer(code));
        sim_add(answer, "Multiple-Services-Credit-Control", mscc);
    }
}

// The account's word on failures, RFC 8506 §8.4, §8.14.
static void add_account(const json_t *settings, json_t *answer)
{
    const json_t *failover = sim_get(settings, "failover");
    const char *failure = sim_text(settings, "failure");

    if (failover)
        sim_add(answer, "CC-Session-Failover",
                json_string(json_is_true(failover) ? "FAILOVER_SUPPORTED"
                                                   : "FAILOVER_NOT_SUPPORTED"));
    if (failure)
        sim_add(answer, "Credit-Control-Failure-Handling", json_string(failure));
    sim_merge(answer, sim_get(settings, "avps"));
}

static int serve(struct sim_db *db, const struct sim_session *s, enum sim_cc_type type,
                 const json_t *request, json_t *answer)
{
    json_t *units = NULL;
    int code = SIM_SUCCESS;

    if (type == SIM_CC_EVENT && sim_get(request, "Requested-Action"))
        return ocs_event(db, s, request, answer);
    if (sim_get(request, "Multiple-Services-Credit-Control"))
        serve_services(db, s, type, request, answer);
    else if (sim_get(request, "Service-Identifier")) {
        units = json_object();
        code = serve_group(db, s, type, request, units);
        sim_merge(answer, units);
        json_decref(units);
    }
    if (type == SIM_CC_TERMINATE || type == SIM_CC_EVENT)
        ocs_release_all(db, s->id);
    return code;
}

int ocs_handle(void *core, enum sim_cc_type type, struct sim_session *s, const json_t *request,
               json_t *answer)
{
    struct sim_db *db = sim_cc_db(((struct ocs *)core)->cc);
    json_t *row = sim_db_row(db, "SELECT settings FROM account WHERE imsi=?1",
                             json_pack("[s]", s->imsi));
    json_t *settings = row ? json_loads(sim_text(row, "settings"), 0, NULL) : NULL;
    int64_t forced;
    int code;

    if (!row)
        code = SIM_USER_UNKNOWN;
    else if (type == SIM_CC_INITIAL && sim_number(settings, "result", &forced))
        code = (int)forced;
    else
        code = serve(db, s, type, request, answer);
    if (code == SIM_SUCCESS)
        add_account(settings, answer);
    json_decref(settings);
    json_decref(row);
    return code;
}
