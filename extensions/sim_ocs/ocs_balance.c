// SPDX-License-Identifier: BSD-3-Clause
// Balances: what is there, held and used.
#include "ocs_int.h"

#include <string.h>

bool ocs_balance_get(struct sim_db *db, const char *imsi, int64_t group, struct ocs_balance *out)
{
    json_t *row = sim_db_row(db, "SELECT * FROM balance WHERE imsi=?1 AND grp=?2",
                             json_pack("[s,I]", imsi, (json_int_t)group));
    const char *settings = sim_text(row, "settings"), *unit;

    memset(out, 0, sizeof *out);
    if (!row)
        return false;
    out->imsi = imsi;
    out->group = group;
    out->total = sim_int(row, "total", 0);
    out->used = sim_int(row, "used", 0);
    out->reserved = sim_int(row, "reserved", 0);
    out->settings = settings ? json_loads(settings, 0, NULL) : NULL;
    if (!out->settings)
        out->settings = json_object();
    unit = sim_text(out->settings, "unit");
    out->unit = unit ? unit : "octets";
    json_decref(row);
    return true;
}

void ocs_balance_fini(struct ocs_balance *b)
{
    json_decref(b->settings);
    b->settings = NULL;
}

int64_t ocs_balance_left(const struct ocs_balance *b)
{
    int64_t left = b->total - b->used - b->reserved;

    return left > 0 ? left : 0;
}

// A peer's number must not wrap a sum.
static void sum(int64_t *to, int64_t add)
{
    if (add > 0 && __builtin_add_overflow(*to, add, to))
        *to = INT64_MAX;
}

void ocs_usage_read(const json_t *container, struct ocs_usage *out)
{
    memset(out, 0, sizeof *out);
    out->reports = sim_count(container, "Used-Service-Unit");
    for (size_t i = 0; i < out->reports; i++) {
        const json_t *u = sim_at(container, "Used-Service-Unit", i);
        const char *tariff = sim_text(u, "Tariff-Change-Usage");
        int64_t in = sim_int(u, "CC-Input-Octets", 0), both = 0;

        sum(&out->input, in);
        sum(&out->output, sim_int(u, "CC-Output-Octets", 0));
        // the total where it is told, else its parts
        sum(&both, in);
        sum(&both, sim_int(u, "CC-Output-Octets", 0));
        both = sim_int(u, "CC-Total-Octets", both);
        sum(&out->octets, both);
        if (tariff && strcmp(tariff, "UNIT_AFTER_TARIFF_CHANGE") == 0)
            sum(&out->after, both);
        sum(&out->seconds, sim_int(u, "CC-Time", 0));
        sum(&out->units, sim_int(u, "CC-Service-Specific-Units", 0));
    }
}

int64_t ocs_usage_in(const struct ocs_usage *u, const char *unit)
{
    if (strcmp(unit, "seconds") == 0)
        return u->seconds;
    return strcmp(unit, "units") == 0 ? u->units : u->octets;
}

void ocs_debit(struct sim_db *db, struct ocs_balance *b, const struct ocs_usage *u)
{
    if (u->reports == 0)
        return;
    sum(&b->used, ocs_usage_in(u, b->unit));
    sim_db_run(db, "UPDATE balance SET used=?3 WHERE imsi=?1 AND grp=?2",
               json_pack("[s,I,I]", b->imsi, (json_int_t)b->group, (json_int_t)b->used));
    sim_db_run(db, "INSERT INTO debit VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT(imsi,grp) DO"
               " UPDATE SET input=input+?3, output=output+?4, octets=octets+?5,"
               " after_tariff=after_tariff+?6, seconds=seconds+?7, units=units+?8,"
               " reports=reports+?9",
               json_pack("[s,I,I,I,I,I,I,I,I]", b->imsi, (json_int_t)b->group, (json_int_t)u->input,
                         (json_int_t)u->output, (json_int_t)u->octets, (json_int_t)u->after,
                         (json_int_t)u->seconds, (json_int_t)u->units, (json_int_t)u->reports));
}

void ocs_reserve(struct sim_db *db, struct ocs_balance *b, const char *session, int64_t amount)
{
    json_t *row = sim_db_row(db, "SELECT amount FROM reservation WHERE session=?1 AND grp=?2",
                             json_pack("[s,I]", session, (json_int_t)b->group));

    b->reserved += amount - sim_int(row, "amount", 0);
    json_decref(row);
    sim_db_run(db, "UPDATE balance SET reserved=?3 WHERE imsi=?1 AND grp=?2",
               json_pack("[s,I,I]", b->imsi, (json_int_t)b->group, (json_int_t)b->reserved));
    sim_db_run(db, "INSERT OR REPLACE INTO reservation VALUES(?1,?2,?3,?4)",
               json_pack("[s,I,s,I]", session, (json_int_t)b->group, b->imsi, (json_int_t)amount));
}

void ocs_release_all(struct sim_db *db, const char *session)
{
    sim_db_run(db, "UPDATE balance SET reserved=reserved-coalesce((SELECT amount FROM reservation r"
               " WHERE r.session=?1 AND r.imsi=balance.imsi AND r.grp=balance.grp),0)"
               " WHERE (imsi,grp) IN (SELECT imsi,grp FROM reservation WHERE session=?1)",
               json_pack("[s]", session));
    sim_db_run(db, "DELETE FROM reservation WHERE session=?1", json_pack("[s]", session));
}

static const char *unit_avp(const char *unit)
{
    if (strcmp(unit, "seconds") == 0)
        return "CC-Time";
    return strcmp(unit, "units") == 0 ? "CC-Service-Specific-Units" : "CC-Total-Octets";
}

json_t *ocs_units(const char *unit, int64_t amount)
{
    return json_pack("{s:I}", unit_avp(unit), (json_int_t)amount);
}

int64_t ocs_requested(const json_t *container, const char *unit)
{
    int64_t asked = sim_int(sim_get(container, "Requested-Service-Unit"), unit_avp(unit), 0);

    return asked > 0 ? asked : 0;
}
