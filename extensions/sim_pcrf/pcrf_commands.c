// SPDX-License-Identifier: BSD-3-Clause
// Commands on rules, policies, subscribers and usage.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcrf_int.h"

const char pcrf_help[] =
    "  rule NAME DEFINITION       a dynamic rule: AVPs of Charging-Rule-Definition as JSON\n"
    "  policy NAME POLICY         a policy (JSON)\n"
    "  assign IMSI POLICY [APN]   the subscriber's policy, for one APN or all\n"
    "  gen N IMSI POLICY          N consecutive subscribers\n"
    "  delete rule|policy|subscriber NAME\n"
    "  show [rules|policies|subscribers|usage|reports]\n"
    "  usage IMSI KEY OCTETS      sets what is used of a monitor\n";

// True if the text is a JSON object; else the reply says why not.
static bool object(const char *text, struct sim_reply *reply)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    bool ok = json_is_object(value);

    if (!ok)
        sim_reply_add(reply, "%s\n", value ? "not an object" : error.text);
    json_decref(value);
    return ok;
}

static int do_rule(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    if (n != 3)
        return 2;
    if (!object(words[2], reply))
        return 1;
    sim_db_run(db, "INSERT INTO rule VALUES(?1,1,?2) ON CONFLICT(name) DO UPDATE SET"
               " version=version+1, body=?2", json_pack("[s,s]", words[1], words[2]));
    return 0;
}

static int do_policy(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    if (n != 3)
        return 2;
    if (!object(words[2], reply))
        return 1;
    sim_db_run(db, "INSERT OR REPLACE INTO policy VALUES(?1,?2)",
               json_pack("[s,s]", words[1], words[2]));
    return 0;
}

static bool known_policy(struct sim_db *db, const char *name, struct sim_reply *reply)
{
    json_t *policy = pcrf_policy_named(db, name);

    if (!policy)
        sim_reply_add(reply, "%s: no such policy\n", name);
    json_decref(policy);
    return policy != NULL;
}

static void assign(struct sim_db *db, const char *imsi, const char *apn, const char *policy)
{
    sim_db_run(db, "INSERT OR REPLACE INTO subscriber VALUES(?1,?2,?3)",
               json_pack("[s,s,s]", imsi, apn, policy));
}

static int do_assign(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    if (n < 3 || n > 4)
        return 2;
    if (!known_policy(db, words[2], reply))
        return 1;
    assign(db, words[1], n == 4 ? words[3] : "*", words[2]);
    return 0;
}

static int do_gen(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    char *end, *end2, imsi[32];
    long long count, first;

    if (n != 4)
        return 2;
    count = strtoll(words[1], &end, 10);
    first = strtoll(words[2], &end2, 10);
    if (*end || *end2 || count < 1)
        return 2;
    if (!known_policy(db, words[3], reply))
        return 1;
    for (long long i = 0; i < count; i++) {
        snprintf(imsi, sizeof imsi, "%0*lld", (int)strlen(words[2]), first + i);
        assign(db, imsi, "*", words[3]);
    }
    sim_reply_add(reply, "%lld subscribers\n", count);
    return 0;
}

static int do_delete(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    json_t *name;

    if (n != 3)
        return 2;
    name = json_pack("[s]", words[2]);
    if (strcmp(words[1], "rule") == 0)
        sim_db_run(db, "DELETE FROM rule WHERE name=?1", name);
    else if (strcmp(words[1], "policy") == 0)
        sim_db_run(db, "DELETE FROM policy WHERE name=?1", name);
    else if (strcmp(words[1], "subscriber") == 0)
        sim_db_run(db, "DELETE FROM subscriber WHERE imsi=?1", name);
    else {
        json_decref(name);
        return 2;
    }
    return 0;
}

static int do_show(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    static const struct { const char *what, *sql; } tables[] = {
        {"rules", "SELECT * FROM rule"},
        {"policies", "SELECT * FROM policy"},
        {"subscribers", "SELECT * FROM subscriber"},
        {"usage", "SELECT * FROM usage"},
        {"reports", "SELECT * FROM report"},
    };
    bool found = false;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        json_t *rows, *row;
        size_t j;

        if (n > 1 && strcmp(words[1], tables[i].what) != 0)
            continue;
        found = true;
        rows = sim_db_rows(db, tables[i].sql, NULL);
        json_array_foreach(rows, j, row) {
            char *text = json_dumps(row, JSON_COMPACT);

            sim_reply_add(reply, "%s %s\n", tables[i].what, text ? text : "");
            free(text);
        }
        json_decref(rows);
    }
    return found ? 0 : 2;
}

static int do_usage(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    char *end;
    long long octets;

    if (n != 4)
        return 2;
    octets = strtoll(words[3], &end, 10);
    if (*end || octets < 0)
        return 2;
    sim_db_run(db, "INSERT INTO usage VALUES(?1,?2,?3,0) ON CONFLICT(imsi,key) DO UPDATE SET"
               " used=?3", json_pack("[s,s,I]", words[1], words[2], (json_int_t)octets));
    return 0;
}

int pcrf_command(void *core, int n, char **words, struct sim_reply *reply)
{
    static const struct {
        const char *name;
        int (*run)(struct sim_db *db, int n, char **words, struct sim_reply *reply);
    } commands[] = {
        {"rule", do_rule},     {"policy", do_policy}, {"assign", do_assign}, {"gen", do_gen},
        {"delete", do_delete}, {"show", do_show},     {"usage", do_usage},
    };

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) == 0)
            return commands[i].run(sim_cc_db(((struct pcrf *)core)->cc), n, words, reply);
    }
    return -1;
}

const char *pcrf_help_text(void)
{
    return pcrf_help;
}
