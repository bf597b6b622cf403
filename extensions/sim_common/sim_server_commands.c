// SPDX-License-Identifier: BSD-3-Clause
// Commands of the control socket. Exit codes: 0 done (and the gateway answered 2001), 1 refused or
// answered otherwise, 2 the command was not understood.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "sim.h"
#include "sim_avps.h"
#include "sim_server_int.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };
enum { RE_AUTH = 258, ABORT_SESSION = 274 };

#define SCRIPT_MAX (4 << 20) // octets

// ---- RAR and ASR ----

static enum err build(struct sim_server *s, uint32_t command, const json_t *row, const json_t *avps,
                      struct msg **out, const char **what)
{
    struct msg *msg = NULL;
    enum err err = dia_request_new(s->spec->application, command, &msg);

    if (!err)
        err = dia_add_text(msg, AVP_SESSION_ID, sim_text(row, "id"));
    if (!err)
        err = dia_add_origin(msg);
    if (!err)
        err = dia_add_text(msg, AVP_DESTINATION_REALM, sim_text(row, "realm"));
    if (!err)
        err = dia_add_text(msg, AVP_DESTINATION_HOST, sim_text(row, "host"));
    if (!err)
        err = dia_add_u32(msg, AVP_AUTH_APPLICATION_ID, s->spec->application);
    if (!err && command == RE_AUTH)
        err = dia_add_i32(msg, AVP_RE_AUTH_REQUEST_TYPE, 0); // AUTHORIZE_ONLY
    if (!err)
        err = sim_avps_encode(avps, msg, what);
    if (err && msg)
        fd_msg_free(msg);
    else
        *out = msg;
    return err;
}

static int tell(struct sim_server *s, struct sim_reply *reply, const char *name, const json_t *row,
                const struct sim_push_answer *a)
{
    double ms = (double)a->elapsed_ns / (double)BASE_MS_NS;
    const char *id = sim_text(row, "id");

    if (a->err) {
        sim_reply_add(reply, "%s %s: %s after %.1f ms\n", name, id, err_str(a->err), ms);
        return FAILED;
    }
    if (a->result == SIM_UNKNOWN_SESSION) { // the gateway has lost it
        char *words[] = {(char[]){"forget"}, (char *)(uintptr_t)id};

        pthread_mutex_lock(&s->mutex);
        sim_cc_command(s->cc, 2, words, reply);
        pthread_mutex_unlock(&s->mutex);
    }
    if (s->spec->answered && a->detail[0]) {
        json_t *avps = json_loads(a->detail, 0, NULL);

        pthread_mutex_lock(&s->mutex);
        s->spec->answered(s->core, row, avps);
        pthread_mutex_unlock(&s->mutex);
        json_decref(avps);
    }
    sim_reply_add(reply, "%s %s: %s%u from %s in %.1f ms %s\n", name, id,
                  a->experimental ? "experimental " : "", a->result,
                  a->origin[0] ? a->origin : "-", ms, a->detail);
    return a->result == SIM_SUCCESS || a->result == 2002 ? DONE : FAILED;
}

// Sends one request; waits for its answer unless there are many to send.
static int push(struct sim_server *s, uint32_t command, const json_t *row, const json_t *avps,
                bool wait, struct sim_reply *reply)
{
    const char *name = command == RE_AUTH ? "RAR" : "ASR", *what = "";
    struct sim_push_answer answer;
    struct msg *msg = NULL;
    enum err err = build(s, command, row, avps, &msg, &what);

    if (err) {
        sim_reply_add(reply, "%s %s: %s %s\n", name, sim_text(row, "id"), err_str(err), what);
        return FAILED;
    }
    if (!wait) {
        sim_push_forget(s->pushes, &msg);
        return DONE;
    }
    sim_push_wait(s->pushes, &msg, &answer);
    return tell(s, reply, name, row, &answer);
}

static json_t *sessions(struct sim_server *s, const char *who, struct sim_reply *reply)
{
    json_t *rows;

    pthread_mutex_lock(&s->mutex);
    rows = sim_cc_sessions(s->cc, who);
    pthread_mutex_unlock(&s->mutex);
    if (json_array_size(rows) == 0)
        sim_reply_add(reply, "no open session\n");
    return rows;
}

static int push_all(struct sim_server *s, uint32_t command, const char *who, const json_t *avps,
                    struct sim_reply *reply)
{
    bool storm = strcmp(who, "all") == 0;
    json_t *rows = sessions(s, who, reply), *row;
    int code = json_array_size(rows) ? DONE : FAILED;
    size_t i;

    json_array_foreach(rows, i, row) {
        if (push(s, command, row, avps, !storm, reply) != DONE)
            code = FAILED;
    }
    if (storm)
        sim_reply_add(reply, "%zu sent\n", json_array_size(rows));
    json_decref(rows);
    return code;
}

static bool take_word(json_t *avps, const char *word, struct sim_reply *reply)
{
    static const struct { const char *key, *avp; } keys[] = {
        {"rg=", "Rating-Group"}, {"service=", "Service-Identifier"},
    };
    json_error_t error;
    json_t *more;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t len = strlen(keys[i].key);

        if (strncmp(word, keys[i].key, len) == 0) {
            sim_add(avps, keys[i].avp, json_integer(strtoll(word + len, NULL, 10)));
            return true;
        }
    }
    more = json_loads(word, 0, &error);
    if (!json_is_object(more)) {
        sim_reply_add(reply, "%s: expected rg=N, service=N or AVPs as JSON\n", word);
        json_decref(more);
        return false;
    }
    sim_merge(avps, more);
    json_decref(more);
    return true;
}

static int do_push(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    uint32_t command = strcmp(words[0], "rar") == 0 ? RE_AUTH : ABORT_SESSION;
    json_t *avps;
    int code = USAGE;

    if (n < 2)
        return USAGE;
    avps = json_object();
    for (int i = 2; i < n; i++) {
        if (!take_word(avps, words[i], reply))
            goto out;
    }
    code = push_all(s, command, words[1], avps, reply);
out:
    json_decref(avps);
    return code;
}

// Brings sessions to the policy they should have, by RAR.
static int do_update(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    json_t *rows, *row;
    int code = DONE;
    size_t i;

    if (n != 2 || !s->spec->update)
        return USAGE;
    rows = sessions(s, words[1], reply);
    json_array_foreach(rows, i, row) {
        json_t *avps;

        pthread_mutex_lock(&s->mutex);
        avps = s->spec->update(s->core, row);
        pthread_mutex_unlock(&s->mutex);
        if (json_object_size(avps) == 0)
            sim_reply_add(reply, "%s: nothing to change\n", sim_text(row, "id"));
        else if (push(s, RE_AUTH, row, avps, strcmp(words[1], "all") != 0, reply) != DONE)
            code = FAILED;
        json_decref(avps);
    }
    code = json_array_size(rows) ? code : FAILED;
    json_decref(rows);
    return code;
}

// ---- faults ----

static void list_fault(void *ctx, const struct sim_fault *fault)
{
    char text[256];

    sim_fault_format(fault, text, sizeof text);
    sim_reply_add(ctx, "%s\n", text);
}

static int add_fault(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    struct sim_fault fault;
    const char *why;
    char text[256] = "";
    unsigned id;

    for (int i = 0; i < n; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof text - used, "%s ", words[i]);
    }
    if (sim_fault_parse(text, &fault, &why)) {
        sim_reply_add(reply, "%s\n", why);
        return USAGE;
    }
    if (sim_faults_add(s->faults, &fault, &id)) {
        sim_reply_add(reply, "too many faults\n");
        return FAILED;
    }
    sim_reply_add(reply, "fault %u\n", id);
    return DONE;
}

static int do_fault(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    if (n >= 2 && strcmp(words[1], "add") == 0)
        return add_fault(s, n - 2, words + 2, reply);
    if (n == 2 && strcmp(words[1], "list") == 0) {
        sim_faults_each(s->faults, list_fault, reply);
        return DONE;
    }
    if ((n == 2 || n == 3) && strcmp(words[1], "clear") == 0) {
        unsigned id = n == 3 ? (unsigned)strtoul(words[2], NULL, 10) : 0;

        sim_reply_add(reply, "%zu cleared\n", sim_faults_clear(s->faults, id));
        return DONE;
    }
    return USAGE;
}

// ---- expectations ----

enum err sim_server_load_script(struct sim_server *s, const char *path, char *why, size_t size)
{
    FILE *in = fopen(path, "r");
    char *text = malloc(SCRIPT_MAX);
    enum err err = ERR_IO;
    size_t n;

    snprintf(why, size, "%s cannot be read", path);
    if (in && text) {
        n = fread(text, 1, SCRIPT_MAX - 1, in);
        text[n] = '\0';
        err = sim_script_load(s->script, text, why, size);
    }
    if (in)
        fclose(in);
    free(text);
    return err;
}

static int script_status(struct sim_server *s, struct sim_reply *reply)
{
    json_t *status = sim_script_status(s->script), *lines = json_object_get(status, "mismatches");
    int64_t steps = sim_int(status, "steps", 0), done = sim_int(status, "done", 0);
    bool ok = steps == done && json_array_size(lines) == 0;
    json_t *line;
    size_t i;

    sim_reply_add(reply, "%lld of %lld steps, %zu mismatches\n", (long long)done, (long long)steps,
                  json_array_size(lines));
    json_array_foreach(lines, i, line)
        sim_reply_add(reply, "%s\n", json_string_value(line));
    json_decref(status);
    return ok ? DONE : FAILED;
}

static int do_script(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    char why[256] = "";

    if (n == 2 && strcmp(words[1], "status") == 0)
        return script_status(s, reply);
    if (n == 2 && strcmp(words[1], "clear") == 0)
        return sim_script_load(s->script, "[]", why, sizeof why) ? FAILED : DONE;
    if (n != 3 || strcmp(words[1], "load") != 0)
        return USAGE;
    if (sim_server_load_script(s, words[2], why, sizeof why) == ERR_OK)
        return DONE;
    sim_reply_add(reply, "%s\n", why);
    return FAILED;
}

// ---- the rest ----

static int do_status(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    json_t *rows;

    pthread_mutex_lock(&s->mutex);
    rows = sim_cc_sessions(s->cc, "all");
    pthread_mutex_unlock(&s->mutex);
    sim_reply_add(reply, "up %.1f s\nsessions %zu\n",
                  (double)(base_now_ns() - s->started_ns) / (double)BASE_S_NS,
                  json_array_size(rows));
    sim_reply_add(reply, "requests=%llu success=%llu refused=%llu faults=%llu\n",
                  (unsigned long long)atomic_load(&s->requests),
                  (unsigned long long)atomic_load(&s->success),
                  (unsigned long long)atomic_load(&s->refused),
                  (unsigned long long)atomic_load(&s->faulted));
    json_decref(rows);
    return DONE;
}

static int do_log(struct sim_server *s, int n, char **words, struct sim_reply *reply)
{
    enum base_log_level level;

    if (n != 2 || base_log_level_parse(words[1], &level))
        return USAGE;
    return base_log_set_level(sim_log->name, level) ? FAILED : DONE;
}

static const struct {
    const char *name, *usage;
    int (*run)(struct sim_server *s, int n, char **words, struct sim_reply *reply);
} commands[] = {
    {"status", "", do_status},
    {"rar", "IMSI|SESSION|all [rg=N] [service=N] [AVPS]", do_push},
    {"asr", "IMSI|SESSION|all [AVPS]", do_push},
    {"push", "IMSI|SESSION|all   RAR with what changed of the policy (PCRF)", do_update},
    {"fault", "add [cmd=CCR-I|CCR-U|CCR-T|CCR-E] [imsi=PREFIX] [count=N] delay=MS|result=CODE|"
              "exp=CODE|drop|disconnect|duplicate ... | list | clear [ID]", do_fault},
    {"script", "load FILE | status | clear", do_script},
    {"log", "LEVEL", do_log},
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

int sim_server_command(void *ctx, int n, char **words, struct sim_reply *reply)
{
    struct sim_server *s = ctx;
    int code;

    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i].name, words[0]) != 0)
            continue;
        code = commands[i].run(s, n, words, reply);
        if (code == USAGE)
            sim_reply_add(reply, "usage: %s %s\n", commands[i].name, commands[i].usage);
        return code;
    }
    pthread_mutex_lock(&s->mutex);
    code = sim_cc_command(s->cc, n, words, reply);
    pthread_mutex_unlock(&s->mutex);
    if (code == DONE || code == FAILED)
        return code;
    sim_reply_add(reply, "commands:\n%s", s->spec->help);
    for (size_t i = 0; i < N_COMMANDS; i++)
        sim_reply_add(reply, "  %s %s\n", commands[i].name, commands[i].usage);
    return USAGE;
}
