// SPDX-License-Identifier: BSD-3-Clause
// Commands on the accounts, and the report of what was debited.
#include "ocs_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char ocs_help[] =
    "  account IMSI [SETTINGS]              creates or changes an account (JSON)\n"
    "  balance IMSI GROUP TOTAL [SETTINGS]  creates or replaces a balance; use is kept\n"
    "  gen N IMSI GROUP TOTAL [SETTINGS]    N consecutive accounts with a balance\n"
    "  topup IMSI GROUP AMOUNT              adds to a balance\n"
    "  show [IMSI]                          balances\n"
    "  debits [IMSI]                        what was debited, and the sum\n";

static bool number(const char *text, int64_t *out)
{
    char *end;

    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0';
}

// Settings as text that is JSON; "{}" where none are given. NULL: it is not.
static const char *settings(int n, char **words, int at, struct sim_reply *reply)
{
    json_error_t error;
    json_t *value;

    if (n <= at)
        return "{}";
    value = json_loads(words[at], 0, &error);
    if (!json_is_object(value)) {
        sim_reply_add(reply, "settings: %s\n", value ? "not an object" : error.text);
        json_decref(value);
        return NULL;
    }
    json_decref(value);
    return words[at];
}

static void put_account(struct sim_db *db, const char *imsi, const char *text)
{
    sim_db_run(db, "INSERT OR REPLACE INTO account VALUES(?1,?2)", json_pack("[s,s]", imsi, text));
}

static void put_balance(struct sim_db *db, const char *imsi, int64_t group, int64_t total,
                        const char *text)
{
    sim_db_run(db, "INSERT OR IGNORE INTO account VALUES(?1,'{}')", json_pack("[s]", imsi));
    sim_db_run(db, "INSERT INTO balance VALUES(?1,?2,?3,0,0,?4) ON CONFLICT(imsi,grp) DO UPDATE SET"
               " total=?3, settings=?4",
               json_pack("[s,I,I,s]", imsi, (json_int_t)group, (json_int_t)total, text));
}

static int do_account(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    const char *text = settings(n, words, 2, reply);

    if (n < 2 || n > 3)
        return 2;
    if (text)
        put_account(db, words[1], text);
    return text ? 0 : 1;
}

static int do_balance(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    const char *text = settings(n, words, 4, reply);
    int64_t group, total;

    if (n < 4 || n > 5 || !number(words[2], &group) || !number(words[3], &total))
        return 2;
    if (text)
        put_balance(db, words[1], group, total, text);
    return text ? 0 : 1;
}

static int do_gen(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    const char *text = settings(n, words, 5, reply);
    int64_t count, first, group, total;
    char imsi[32];

    if (n < 5 || n > 6 || !number(words[1], &count) || !number(words[2], &first) ||
        !number(words[3], &group) || !number(words[4], &total))
        return 2;
    if (!text)
        return 1;
    for (int64_t i = 0; i < count; i++) {
        snprintf(imsi, sizeof imsi, "%0*lld", (int)strlen(words[2]), (long long)(first + i));
        put_balance(db, imsi, group, total, text);
    }
    sim_reply_add(reply, "%lld accounts\n", (long long)count);
    return 0;
}

static int do_topup(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    int64_t group, amount;
    struct ocs_balance b;

    if (n != 4 || !number(words[2], &group) || !number(words[3], &amount))
        return 2;
    if (!ocs_balance_get(db, words[1], group, &b)) {
        sim_reply_add(reply, "no such balance\n");
        return 1;
    }
    ocs_balance_fini(&b);
    sim_db_run(db, "UPDATE balance SET total=total+?3 WHERE imsi=?1 AND grp=?2",
               json_pack("[s,I,I]", words[1], (json_int_t)group, (json_int_t)amount));
    return 0;
}

static int do_show(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    json_t *rows = sim_db_rows(db, "SELECT * FROM balance WHERE ?1='' OR imsi=?1",
                               json_pack("[s]", n > 1 ? words[1] : ""));
    json_t *r;
    size_t i;

    json_array_foreach(rows, i, r)
        sim_reply_add(reply, "%s group=%lld total=%lld used=%lld reserved=%lld %s\n",
                      sim_text(r, "imsi"), (long long)sim_int(r, "grp", 0),
                      (long long)sim_int(r, "total", 0), (long long)sim_int(r, "used", 0),
                      (long long)sim_int(r, "reserved", 0), sim_text(r, "settings"));
    json_decref(rows);
    return 0;
}

static void print_debit(const json_t *r, const char *who, struct sim_reply *reply)
{
    sim_reply_add(reply, "%s input=%lld output=%lld octets=%lld after_tariff=%lld seconds=%lld"
                  " units=%lld reports=%lld\n", who, (long long)sim_int(r, "input", 0),
                  (long long)sim_int(r, "output", 0), (long long)sim_int(r, "octets", 0),
                  (long long)sim_int(r, "after_tariff", 0), (long long)sim_int(r, "seconds", 0),
                  (long long)sim_int(r, "units", 0), (long long)sim_int(r, "reports", 0));
}

static int do_debits(struct sim_db *db, int n, char **words, struct sim_reply *reply)
{
    const char *who = n > 1 ? words[1] : "";
    json_t *rows = sim_db_rows(db, "SELECT * FROM debit WHERE ?1='' OR imsi=?1",
                               json_pack("[s]", who));
    json_t *sum = sim_db_row(db, "SELECT sum(input) input, sum(output) output, sum(octets) octets,"
                             " sum(after_tariff) after_tariff, sum(seconds) seconds,"
                             " sum(units) units, sum(reports) reports FROM debit"
                             " WHERE ?1='' OR imsi=?1", json_pack("[s]", who));
    json_t *r;
    size_t i;

    json_array_foreach(rows, i, r) {
        char name[64];

        snprintf(name, sizeof name, "%.20s group=%lld", sim_text(r, "imsi"),
                 (long long)sim_int(r, "grp", 0));
        print_debit(r, name, reply);
    }
    print_debit(sum, "sum", reply);
    json_decref(rows);
    json_decref(sum);
    return 0;
}

int ocs_command(void *core, int n, char **words, struct sim_reply *reply)
{
    static const struct {
        const char *name;
        int (*run)(struct sim_db *db, int n, char **words, struct sim_reply *reply);
    } commands[] = {
        {"account", do_account}, {"balance", do_balance}, {"gen", do_gen},
        {"topup", do_topup},     {"show", do_show},       {"debits", do_debits},
    };

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) == 0)
            return commands[i].run(sim_cc_db(((struct ocs *)core)->cc), n, words, reply);
    }
    return -1;
}

const char *ocs_help_text(void)
{
    return ocs_help;
}
