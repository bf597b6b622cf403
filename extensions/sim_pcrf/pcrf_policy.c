// SPDX-License-Identifier: BSD-3-Clause
// Policies: which one, and what has to change in a session for it. A session's data:
//   {"policy": NAME, "override": NAME, "rules": {name: version}, "predefined": {name: 1},
//    "base": {name: 1}, "failed": {name: 1}, "monitors": {key: granted}}
#include <string.h>
#include <time.h>

#include "pcrf_int.h"

json_t *pcrf_policy_named(struct sim_db *db, const char *name)
{
    json_t *row = sim_db_row(db, "SELECT body FROM policy WHERE name=?1", json_pack("[s]", name));
    json_t *policy = row ? json_loads(sim_text(row, "body"), 0, NULL) : NULL;

    if (policy)
        json_object_set_new(policy, "name", json_string(name));
    json_decref(row);
    return policy;
}

json_t *pcrf_policy_find(struct sim_db *db, const char *imsi, const char *apn)
{
    json_t *row = sim_db_row(db, "SELECT policy FROM subscriber WHERE imsi=?1 AND"
                             " (apn=?2 OR apn='*') ORDER BY apn='*' LIMIT 1",
                             json_pack("[s,s]", imsi, apn));
    const char *name = sim_text(row, "policy");
    json_t *policy = pcrf_policy_named(db, name ? name : "default");

    json_decref(row);
    return policy;
}

// The rules of a kind that a policy wants, as {name: version}.
static json_t *wanted(struct sim_db *db, const json_t *policy, const char *kind)
{
    json_t *out = json_object();

    for (size_t i = 0; i < sim_count(policy, kind); i++) {
        const char *name = json_string_value(sim_at(policy, kind, i));
        json_t *row;

        if (!name)
            continue;
        if (strcmp(kind, "rules") != 0) {
            json_object_set_new(out, name, json_integer(1));
            continue;
        }
        row = sim_db_row(db, "SELECT version FROM rule WHERE name=?1", json_pack("[s]", name));
        if (row)
            json_object_set_new(out, name, json_integer(sim_int(row, "version", 0)));
        json_decref(row);
    }
    return out;
}

static json_t *definition(struct sim_db *db, const char *name)
{
    json_t *row = sim_db_row(db, "SELECT body FROM rule WHERE name=?1", json_pack("[s]", name));
    json_t *body = row ? json_loads(sim_text(row, "body"), 0, NULL) : NULL;
    json_t *out = json_pack("{s:s}", "Charging-Rule-Name", name);

    sim_merge(out, body);
    json_decref(body);
    json_decref(row);
    return out;
}

// Names that `from` has and `other` has not, or in another version, go into a group. What failed at
// the gateway need not be removed there, and may be tried again once it is installed anew.
static void differences(struct sim_db *db, const json_t *from, const json_t *other, bool versions,
                        const char *avp, json_t *failed, json_t *group)
{
    const char *name;
    json_t *version;

    json_object_foreach((json_t *)(uintptr_t)from, name, version) {
        const json_t *have = json_object_get(other, name);

        if (have && (!versions || json_equal(have, version)))
            continue;
        if (json_object_del(failed, name) == 0 && !versions)
            continue;
        sim_add(group, avp, strcmp(avp, "Charging-Rule-Definition") == 0 ? definition(db, name)
                                                                        : json_string(name));
    }
}

static void add_times(const json_t *policy, json_t *install)
{
    int64_t in;

    if (sim_number(policy, "activation", &in))
        sim_add(install, "Rule-Activation-Time", json_integer(time(NULL) + in));
    if (sim_number(policy, "deactivation", &in))
        sim_add(install, "Rule-Deactivation-Time", json_integer(time(NULL) + in));
    sim_merge(install, sim_get(policy, "install"));
}

void pcrf_policy_apply(struct sim_db *db, const json_t *policy, json_t *data, json_t *avps)
{
    static const struct { const char *kind, *install, *remove; } kinds[] = {
        {"rules", "Charging-Rule-Definition", "Charging-Rule-Name"},
        {"predefined", "Charging-Rule-Name", "Charging-Rule-Name"},
        {"base", "Charging-Rule-Base-Name", "Charging-Rule-Base-Name"},
    };
    json_t *install = json_object(), *gone = json_object();
    json_t *failed = json_object_get(data, "failed");

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        json_t *want = wanted(db, policy, kinds[i].kind);
        const json_t *have = json_object_get(data, kinds[i].kind);

        differences(db, have, want, false, kinds[i].remove, failed, gone);
        differences(db, want, have, true, kinds[i].install, failed, install);
        json_object_set_new(data, kinds[i].kind, want);
    }
    if (json_object_size(gone))
        sim_add(avps, "Charging-Rule-Remove", json_incref(gone));
    if (json_object_size(install)) {
        add_times(policy, install);
        sim_add(avps, "Charging-Rule-Install", json_incref(install));
    }
    json_decref(install);
    json_decref(gone);
    json_object_set(data, "policy", json_object_get(policy, "name"));
}

void pcrf_policy_describe(const json_t *policy, json_t *avps)
{
    int64_t in;

    for (size_t i = 0; i < sim_count(policy, "triggers"); i++)
        sim_add(avps, "Event-Trigger", json_incref(sim_at(policy, "triggers", i)));
    // §4.5.16: usage is only reported where the trigger asks for it
    if (sim_count(policy, "monitors"))
        sim_add(avps, "Event-Trigger", json_string("USAGE_REPORT"));
    if (sim_number(policy, "revalidation", &in))
        sim_add(avps, "Revalidation-Time", json_integer(time(NULL) + in));
    sim_merge(avps, sim_get(policy, "avps"));
}
