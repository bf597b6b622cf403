// SPDX-License-Identifier: BSD-3-Clause
// Fault rules: parsing, matching, counting.
#include "sim_fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define DELAY_MAX_MS 600000

struct sim_faults {
    pthread_mutex_t mutex;
    atomic_size_t n;
    unsigned next_id;
    struct sim_fault rules[SIM_FAULTS_MAX];
};

static const struct sim_command *find_command(const char *name)
{
    for (const struct sim_command *c = sim_commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

uint32_t sim_command_key(const char *name)
{
    const struct sim_command *c = find_command(name);

    return c ? c->key : 0;
}

const char *sim_command_name(uint32_t key)
{
    for (const struct sim_command *c = sim_commands; c->name; c++) {
        if (c->key == key)
            return c->name;
    }
    return NULL;
}

static enum err number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end == text || *end || errno == ERANGE || *out < min || *out > max)
        return ERR_INVALID;
    return ERR_OK;
}

static enum err parse_value(struct sim_fault *f, const char *key, const char *value,
                            const char **why)
{
    int64_t n = 0;

    if (strcmp(key, "cmd") == 0) {
        const struct sim_command *c = find_command(value);

        *why = "cmd must be a request that this simulator answers";
        f->command = c ? c->key : 0;
        return c && c->served ? ERR_OK : ERR_INVALID;
    }
    if (strcmp(key, "imsi") == 0) {
        *why = "imsi must be up to 15 digits";
        if (strlen(value) > 15 || strspn(value, "0123456789") != strlen(value))
            return ERR_INVALID;
        memcpy(f->imsi, value, strlen(value) + 1);
        return ERR_OK;
    }
    if (strcmp(key, "count") == 0) {
        *why = "count must be at least 1";
        return number(value, 1, INT64_MAX, &f->left);
    }
    if (strcmp(key, "delay") == 0) {
        *why = "delay must be 0..600000 ms";
        return number(value, 0, DELAY_MAX_MS, &f->action.delay_ms);
    }
    if (strcmp(key, "result") == 0 || strcmp(key, "exp") == 0) {
        *why = "result and exp must be a code of 1000..5999";
        f->action.experimental = *key == 'e';
        if (number(value, 1000, 5999, &n))
            return ERR_INVALID;
        f->action.result = (uint32_t)n;
        return ERR_OK;
    }
    *why = "unknown word";
    return ERR_INVALID;
}

static enum err parse_word(struct sim_fault *f, char *word, const char **why)
{
    char *value = strchr(word, '=');

    if (value) {
        *value = '\0';
        return parse_value(f, word, value + 1, why);
    }
    if (strcmp(word, "drop") == 0)
        f->action.what |= SIM_FAULT_DROP;
    else if (strcmp(word, "disconnect") == 0)
        f->action.what |= SIM_FAULT_DISCONNECT;
    else if (strcmp(word, "duplicate") == 0)
        f->action.what |= SIM_FAULT_DUPLICATE;
    else {
        *why = "unknown word";
        return ERR_INVALID;
    }
    return ERR_OK;
}

enum err sim_fault_parse(const char *text, struct sim_fault *out, const char **why)
{
    char buf[256], *save = NULL;
    struct sim_fault f = {.left = -1};
    bool harms = false;

    if (strlen(text) >= sizeof buf) {
        *why = "rule is too long";
        return ERR_INVALID;
    }
    memcpy(buf, text, strlen(text) + 1);
    for (char *word = strtok_r(buf, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
        enum err err;

        harms |= strncmp(word, "delay=", 6) == 0;
        err = parse_word(&f, word, why);
        if (err)
            return err;
    }
    if (!harms && !f.action.what && !f.action.result) {
        *why = "nothing to do: give delay, result, exp, drop, disconnect or duplicate";
        return ERR_INVALID;
    }
    *out = f;
    return ERR_OK;
}

void sim_fault_format(const struct sim_fault *f, char *out, size_t size)
{
    const struct sim_fault_action *a = &f->action;
    char left[32] = "", result[32] = "";

    if (f->left >= 0)
        snprintf(left, sizeof left, " count=%lld", (long long)f->left);
    if (a->result)
        snprintf(result, sizeof result, " %s=%u", a->experimental ? "exp" : "result", a->result);
    snprintf(out, size, "%u: cmd=%s%s%s%s delay=%lld%s%s%s%s hits=%llu", f->id,
             f->command ? sim_command_name(f->command) : "any", f->imsi[0] ? " imsi=" : "", f->imsi,
             left, (long long)a->delay_ms, result, a->what & SIM_FAULT_DROP ? " drop" : "",
             a->what & SIM_FAULT_DISCONNECT ? " disconnect" : "",
             a->what & SIM_FAULT_DUPLICATE ? " duplicate" : "", (unsigned long long)f->hits);
}

enum err sim_faults_new(struct sim_faults **out)
{
    struct sim_faults *faults = calloc(1, sizeof *faults);

    if (!faults)
        return ERR_NOMEM;
    pthread_mutex_init(&faults->mutex, NULL);
    *out = faults;
    return ERR_OK;
}

void sim_faults_free(struct sim_faults *faults)
{
    if (!faults)
        return;
    pthread_mutex_destroy(&faults->mutex);
    free(faults);
}

enum err sim_faults_add(struct sim_faults *faults, const struct sim_fault *fault, unsigned *id)
{
    enum err err = ERR_OK;
    size_t n;

    pthread_mutex_lock(&faults->mutex);
    n = atomic_load(&faults->n);
    if (n >= SIM_FAULTS_MAX) {
        err = ERR_FULL;
    } else {
        faults->rules[n] = *fault;
        faults->rules[n].id = ++faults->next_id;
        if (id)
            *id = faults->next_id;
        atomic_store(&faults->n, n + 1);
    }
    pthread_mutex_unlock(&faults->mutex);
    return err;
}

static void remove_at(struct sim_faults *faults, size_t i)
{
    size_t n = atomic_load(&faults->n);

    memmove(faults->rules + i, faults->rules + i + 1, (n - i - 1) * sizeof *faults->rules);
    atomic_store(&faults->n, n - 1);
}

size_t sim_faults_clear(struct sim_faults *faults, unsigned id)
{
    size_t cleared = 0;

    pthread_mutex_lock(&faults->mutex);
    for (size_t i = atomic_load(&faults->n); i-- > 0;) {
        if (id == 0 || faults->rules[i].id == id) {
            remove_at(faults, i);
            cleared++;
        }
    }
    pthread_mutex_unlock(&faults->mutex);
    return cleared;
}

bool sim_faults_match(struct sim_faults *faults, uint32_t command, const char *imsi,
                      struct sim_fault_action *out)
{
    bool found = false;

    if (atomic_load_explicit(&faults->n, memory_order_relaxed) == 0)
        return false;
    pthread_mutex_lock(&faults->mutex);
    for (size_t i = 0; !found && i < atomic_load(&faults->n); i++) {
        struct sim_fault *f = &faults->rules[i];

        if (f->command && f->command != command)
            continue;
        if (f->imsi[0] && (!imsi || strncmp(imsi, f->imsi, strlen(f->imsi)) != 0))
            continue;
        found = true;
        *out = f->action;
        f->hits++;
        if (f->left > 0 && --f->left == 0)
            remove_at(faults, i);
    }
    pthread_mutex_unlock(&faults->mutex);
    return found;
}

void sim_faults_each(struct sim_faults *faults,
                     void (*visit)(void *ctx, const struct sim_fault *fault), void *ctx)
{
    pthread_mutex_lock(&faults->mutex);
    for (size_t i = 0; i < atomic_load(&faults->n); i++)
        visit(ctx, &faults->rules[i]);
    pthread_mutex_unlock(&faults->mutex);
}
