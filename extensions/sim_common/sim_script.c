// SPDX-License-Identifier: BSD-3-Clause
// Steps, compared one by one.
#include "sim_script.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define MISMATCHES_MAX 1000

struct sim_script {
    pthread_mutex_t mutex;
    json_t *steps, *mismatches; // arrays
    size_t done;
    const char *command;        // while a request is compared
};

enum err sim_script_new(struct sim_script **out)
{
    struct sim_script *s = calloc(1, sizeof *s);

    if (!s)
        return ERR_NOMEM;
    pthread_mutex_init(&s->mutex, NULL);
    s->steps = json_array();
    s->mismatches = json_array();
    *out = s;
    return ERR_OK;
}

void sim_script_free(struct sim_script *s)
{
    if (!s)
        return;
    json_decref(s->steps);
    json_decref(s->mismatches);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

static const char *fault_of(const json_t *step)
{
    const char *command = json_string_value(json_object_get(step, "command"));

    if (!json_is_object(step))
        return "is not an object";
    if (!command || !sim_command_key(command))
        return "has no known command";
    if (json_object_get(step, "request") && !json_is_object(json_object_get(step, "request")))
        return "has a request that is not an object";
    if (json_object_get(step, "answer") && !json_is_object(json_object_get(step, "answer")))
        return "has an answer that is not an object";
    return NULL;
}

enum err sim_script_load(struct sim_script *s, const char *text, char *why, size_t size)
{
    json_error_t error;
    json_t *steps = json_loads(text, 0, &error), *step;
    size_t i;

    if (!json_is_array(steps)) {
        snprintf(why, size, "line %d: %s", error.line, steps ? "not an array" : error.text);
        json_decref(steps);
        return ERR_INVALID;
    }
    json_array_foreach(steps, i, step) {
        if (!fault_of(step))
            continue;
        snprintf(why, size, "step %zu %s", i + 1, fault_of(step));
        json_decref(steps);
        return ERR_INVALID;
    }
    pthread_mutex_lock(&s->mutex);
    json_decref(s->steps);
    s->steps = steps;
    s->done = 0;
    json_array_clear(s->mismatches);
    pthread_mutex_unlock(&s->mutex);
    return ERR_OK;
}

static void mismatch(void *ctx, const char *path, const char *difference)
{
    struct sim_script *s = ctx;
    char text[1700];

    snprintf(text, sizeof text, "step %zu %s: %s: %s", s->done + 1, s->command, path, difference);
    base_log(sim_log, BASE_LOG_WARN, NULL, "script: %s", text);
    if (json_array_size(s->mismatches) < MISMATCHES_MAX)
        json_array_append_new(s->mismatches, json_string(text));
}

static void compare(struct sim_script *s, const json_t *step, const json_t *request)
{
    const char *expected = json_string_value(json_object_get(step, "command"));
    json_t *absent = json_object_get(step, "absent"), *name;
    size_t i;

    if (strcmp(expected, s->command) != 0) {
        char text[64];

        snprintf(text, sizeof text, "expected %.20s, got %.20s", expected, s->command);
        mismatch(s, "command", text);
        return;
    }
    sim_diff(json_object_get(step, "request"), request, mismatch, s);
    json_array_foreach(absent, i, name) {
        if (json_is_string(name) && sim_get(request, json_string_value(name)))
            mismatch(s, json_string_value(name), "expected none, got one");
    }
}

void sim_script_check(struct sim_script *s, const char *command, const json_t *request,
                      json_t **answer, bool *instead)
{
    json_t *step;

    *answer = NULL;
    *instead = false;
    pthread_mutex_lock(&s->mutex);
    step = json_array_get(s->steps, s->done);
    if (step) {
        s->command = command;
        compare(s, step, request);
        *answer = json_deep_copy(json_object_get(step, "answer"));
        *instead = json_is_true(json_object_get(step, "instead"));
        s->done++;
    }
    pthread_mutex_unlock(&s->mutex);
}

json_t *sim_script_status(struct sim_script *s)
{
    json_t *status;

    pthread_mutex_lock(&s->mutex);
    status = json_pack("{s:I,s:I,s:o}", "steps", (json_int_t)json_array_size(s->steps), "done",
                       (json_int_t)s->done, "mismatches", json_deep_copy(s->mismatches));
    pthread_mutex_unlock(&s->mutex);
    return status;
}
