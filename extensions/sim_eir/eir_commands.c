// SPDX-License-Identifier: BSD-3-Clause
// Commands of the control socket, and what the common part of the simulators is told. Exit codes: 0
// done, 1 refused, 2 the command was not understood.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eir.h"
#include "sim.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

BASE_LOG_CATEGORY(log_eir, "eir");

struct base_log_cat *const sim_log = &log_eir;
const struct sim_command sim_commands[] = {{"ECR", 324, true}, {0}};

static int do_set(struct eir *eir, int n, char **words, struct sim_reply *reply)
{
    enum eir_status status;

    if (n != 3 || eir_status_parse(words[2], &status) || eir_list_set(eir->list, words[1], status))
        return USAGE;
    return DONE;
}

static int do_drop(struct eir *eir, int n, char **words, struct sim_reply *reply)
{
    if (n != 2)
        return USAGE;
    return eir_list_drop(eir->list, words[1]) ? FAILED : DONE;
}

static void list_entry(void *ctx, const char *prefix, enum eir_status status)
{
    sim_reply_add(ctx, "%s %s\n", prefix, eir_status_name(status));
}

static int do_list(struct eir *eir, int n, char **words, struct sim_reply *reply)
{
    eir_list_each(eir->list, list_entry, reply);
    return n == 1 ? DONE : USAGE;
}

static int do_status(struct eir *eir, int n, char **words, struct sim_reply *reply)
{
    sim_reply_add(reply, "requests %llu\n", (unsigned long long)atomic_load(&eir->requests));
    for (int i = 0; i < EIR_STATUSES; i++)
        sim_reply_add(reply, "%s %llu\n", eir_status_name((enum eir_status)i),
                      (unsigned long long)atomic_load(&eir->answers[i]));
    sim_reply_add(reply, "refused %llu\n", (unsigned long long)atomic_load(&eir->refused));
    sim_reply_add(reply, "faults %llu\n", (unsigned long long)atomic_load(&eir->faulty));
    return DONE;
}

static void list_fault(void *ctx, const struct sim_fault *fault)
{
    char text[256];

    sim_fault_format(fault, text, sizeof text);
    sim_reply_add(ctx, "%s\n", text);
}

static int add_fault(struct eir *eir, int n, char **words, struct sim_reply *reply)
{
    struct sim_fault fault;
    char text[256] = "";
    const char *why = "too long";
    size_t used = 0;

    for (int i = 0; i < n && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s ", words[i]);
    if (used >= sizeof text || sim_fault_parse(text, &fault, &why)) {
        sim_reply_add(reply, "%s\n", why);
        return USAGE;
    }
    return sim_faults_add(eir->faults, &fault, NULL) ? FAILED : DONE;
}

static int do_fault(struct eir *eir, int n, char **words, struct sim_reply *reply)
{
    if (n == 2 && strcmp(words[1], "list") == 0)
        sim_faults_each(eir->faults, list_fault, reply);
    else if (n == 2 && strcmp(words[1], "clear") == 0)
        sim_faults_clear(eir->faults, 0);
    else if (n > 2 && strcmp(words[1], "add") == 0)
        return add_fault(eir, n - 2, words + 2, reply);
    else
        return USAGE;
    return DONE;
}

static const struct {
    const char *name, *usage;
    int (*run)(struct eir *eir, int n, char **words, struct sim_reply *reply);
} commands[] = {
    {"set", "IMEI-PREFIX white|black|grey|unknown", do_set},
    {"drop", "IMEI-PREFIX", do_drop},
    {"list", "", do_list},
    {"status", "", do_status},
    {"fault",
     "add [imsi=PREFIX] [count=N] delay=MS|result=CODE|exp=CODE|drop|disconnect|"
     "duplicate ... | list | clear",
     do_fault},
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

int eir_command_run(void *ctx, int n, char **words, struct sim_reply *reply)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i].name, words[0]) != 0)
            continue;
        int code = commands[i].run(ctx, n, words, reply);

        if (code == USAGE)
            sim_reply_add(reply, "usage: %s %s\n", commands[i].name, commands[i].usage);
        return code;
    }
    sim_reply_add(reply, "commands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        sim_reply_add(reply, "  %s %s\n", commands[i].name, commands[i].usage);
    return strcmp(words[0], "help") == 0 ? DONE : USAGE;
}
