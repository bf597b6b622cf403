// SPDX-License-Identifier: BSD-3-Clause
// Usage monitoring, TS 29.212 §4.5.16 and §4.5.17: quotas by monitoring key, in the database.
#include <string.h>

#include "pcrf_int.h"

static int64_t used_of(struct sim_db *db, const char *imsi, const char *key)
{
    json_t *row = sim_db_row(db, "SELECT used FROM usage WHERE imsi=?1 AND key=?2",
                             json_pack("[s,s]", imsi, key));
    int64_t used = sim_int(row, "used", 0);

    json_decref(row);
    return used;
}

static json_t *held_of(json_t *data)
{
    json_t *held = json_object_get(data, "monitors");

    if (!held) {
        held = json_object();
        json_object_set_new(data, "monitors", held);
    }
    return held;
}

static bool is_timed(const json_t *m)
{
    const char *unit = sim_text(m, "unit");

    return unit && strcmp(unit, "seconds") == 0;
}

void pcrf_monitors_grant(struct sim_db *db, const json_t *policy, const char *imsi, json_t *data,
                         bool all, json_t *avps)
{
    json_t *held = held_of(data);

    for (size_t i = 0; i < sim_count(policy, "monitors"); i++) {
        const json_t *m = sim_at(policy, "monitors", i);
        const char *key = sim_text(m, "key"), *level = sim_text(m, "level");
        int64_t left, quota = sim_int(m, "grant", 10000000);

        if (!key || (!all && json_object_get(held, key)))
            continue;
        left = sim_int(m, "total", INT64_MAX) - used_of(db, imsi, key);
        if (left <= 0)
            continue;
        if (quota > left)
            quota = left;
        json_object_set_new(held, key, json_integer(quota));
        sim_add(avps, "Usage-Monitoring-Information",
                json_pack("{s:s,s:{s:I},s:s}", "Monitoring-Key", key, "Granted-Service-Unit",
                          is_timed(m) ? "CC-Time" : "CC-Total-Octets", (json_int_t)quota,
                          "Usage-Monitoring-Level", level ? level : "PCC_RULE_LEVEL"));
    }
}

// In octets; in seconds, where the monitor is of time.
static int64_t amount(const json_t *usage, bool timed)
{
    int64_t sum = 0;

    for (size_t i = 0; i < sim_count(usage, "Used-Service-Unit"); i++) {
        const json_t *u = sim_at(usage, "Used-Service-Unit", i);
        int64_t n = sim_int(u, "CC-Total-Octets", -1);

        if (timed)
            n = sim_int(u, "CC-Time", 0);
        else if (n < 0 && __builtin_add_overflow(sim_int(u, "CC-Input-Octets", 0),
                                            sim_int(u, "CC-Output-Octets", 0), &n))
            n = INT64_MAX;
        if (n > 0 && __builtin_add_overflow(sum, n, &sum))
            sum = INT64_MAX;
    }
    return sum;
}

static const json_t *monitor_named(const json_t *policy, const char *key)
{
    for (size_t i = 0; i < sim_count(policy, "monitors"); i++) {
        const char *have = sim_text(sim_at(policy, "monitors", i), "key");

        if (have && strcmp(have, key) == 0)
            return sim_at(policy, "monitors", i);
    }
    return NULL;
}

json_t *pcrf_monitors_account(struct sim_db *db, const json_t *policy, const char *imsi,
                              const json_t *request, json_t *data)
{
    json_t *then = NULL;

    for (size_t i = 0; i < sim_count(request, "Usage-Monitoring-Information"); i++) {
        const json_t *usage = sim_at(request, "Usage-Monitoring-Information", i);
        const char *key = sim_text(usage, "Monitoring-Key");
        const json_t *m = key ? monitor_named(policy, key) : NULL;

        if (!key || sim_count(usage, "Used-Service-Unit") == 0)
            continue;
        sim_db_run(db, "INSERT INTO usage VALUES(?1,?2,?3,1) ON CONFLICT(imsi,key) DO UPDATE SET"
                   " used=min(used+?3, 9000000000000000000), reports=reports+1", // stays an integer
                   json_pack("[s,s,I]", imsi, key, (json_int_t)amount(usage, is_timed(m))));
        json_object_del(held_of(data), key);
        if (m && !then && sim_text(m, "then") &&
            used_of(db, imsi, key) >= sim_int(m, "total", INT64_MAX))
            then = json_string(sim_text(m, "then"));
    }
    return then;
}
