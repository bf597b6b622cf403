// SPDX-License-Identifier: BSD-3-Clause
// The model from outside its loop: the command "session" with its phases, and the steps of scripts.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agw_client/session_int.h"
#include "base/ident.h"

#define LOOK_MS 10 // how often a phase is looked at

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

// ---- the command ----
struct look {
    struct agws *model;
    uint64_t opened, refused, ended, answered;
    double seconds; // of the whole run
};

static void look(void *arg)
{
    struct look *l = arg;
    const struct agws *m = l->model;
    l->opened = m->opened;
    l->refused = m->refused;
    l->ended = 0;
    l->answered = 0;
    for (int i = 0; i < AGWS_CALLS; i++)
        l->answered += m->counts[i].answered - m->counts[i].failed;
    for (size_t i = 0; i < m->n; i++)
        l->ended += m->all[i]->state == AGWS_CLOSED || m->all[i]->state == AGWS_REFUSED;
}

static void phase(const struct agws *model, const char *name)
{
    if (model->options->json)
        printf("{\"event\":\"phase\",\"phase\":\"%s\"}\n", name);
    else
        printf("%s\n", name);
    fflush(stdout);
}

static void add_all(void *arg)
{
    struct agws *model = arg;
    uint64_t first = strtoull(model->options->first_imsi, NULL, 10);
    for (uint64_t i = 0; i < model->options->sessions; i++) {
        char imsi[24];
        snprintf(imsi, sizeof(imsi), "%0*" PRIu64, (int)strlen(model->options->first_imsi),
                 first + i);
        struct agws_session *s = agws_add(model, imsi);
        if (s)
            agws_touch(s);
    }
    agws_pump(model);
}

static void begin_use(void *arg)
{
    struct agws *model = arg;
    model->consuming = true;
    model->ticked_ns = base_now_ns();
    for (size_t i = 0; i < model->n; i++)
        agws_touch(model->all[i]);
    agws_pump(model);
}

static void end_use(void *arg)
{
    struct agws *model = arg;
    model->consuming = false;
    for (size_t i = 0; !model->options->keep && i < model->n; i++)
        agws_end(model->all[i]);
    agws_pump(model);
}

// Waits until so many sessions are in the state looked at, as long as there is progress.
static bool wait_for(struct look *l, bool (*enough)(const struct look *l))
{
    int64_t moved = base_now_ns();
    uint64_t before = 0;
    for (;;) {
        agwc_run(l->model->link, look, l);
        if (enough(l))
            return true;
        if (l->answered != before)
            moved = base_now_ns();
        before = l->answered;
        if (base_now_ns() - moved > l->model->options->drain_ms * BASE_MS_NS)
            return false;
        pause_ms(LOOK_MS);
    }
}

static bool all_opened(const struct look *l)
{
    return l->opened + l->refused >= l->model->n;
}

static bool all_ended(const struct look *l)
{
    return l->ended >= l->model->n;
}

static void summary(void *arg)
{
    struct look *l = arg;
    agws_print_summary(l->model, l->seconds);
}

static enum err run_phases(struct agws *model)
{
    struct look l = {.model = model};
    int64_t began = base_now_ns();
    phase(model, "opening");
    agwc_run(model->link, add_all, model);
    bool ok = wait_for(&l, all_opened) && l.refused == 0;
    phase(model, "using");
    if (model->options->duration_ms > 0) {
        agwc_run(model->link, begin_use, model);
        pause_ms(model->options->duration_ms);
    }
    phase(model, "ending");
    agwc_run(model->link, end_use, model);
    if (!model->options->keep)
        ok = wait_for(&l, all_ended) && ok;
    phase(model, "ended");
    l.seconds = (double)(base_now_ns() - began) / 1e9;
    agwc_run(model->link, summary, &l);
    for (int k = 0; k < AGWS_KINDS && !model->options->keep; k++) {
        struct agws_sums sums = agws_sum(model, (enum agws_kind)k);
        ok = ok && agws_open_of(&sums) == 0;
    }
    return ok && model->n == model->options->sessions ? ERR_OK : ERR_RPC_STATUS;
}

enum err agws_run(struct agwc *link, const struct agws_options *options)
{
    struct agws *model;
    struct agwc_tunnel *tunnel = NULL;
    enum err err = agws_new(link, options, &model);
    if (err)
        return err;
    err = agwc_tunnel_open(link, false, &tunnel);
    if (!err) {
        agws_attach(model, tunnel);
        err = agwc_tunnel_wait_open(tunnel, agwc_options(link)->timeout_ms);
    }
    if (err)
        fprintf(stderr, "fgw-agw: tunnel: %s\n", err_str(err));
    else
        err = run_phases(model);
    agwc_tunnel_close(tunnel);
    agws_free(model);
    return err;
}

// ---- scripts ----
struct step {
    struct agws *model;
    const char *imsi;
    struct agws_session *s;
    uint32_t group;
    enum agws_kind kind;
    uint64_t amount, taken;
    bool idle;
    const char *what;
    char *out;
    size_t size;
    enum err err;
};

// The session of an IMSI that is not over, or the last one.
static struct agws_session *session_of(const struct agws *model, const char *imsi)
{
    for (size_t i = model->n; i-- > 0;)
        if (strcmp(model->all[i]->imsi, imsi) == 0)
            return model->all[i];
    return NULL;
}

static bool is_idle(const struct agws_session *s)
{
    return !s->busy && !s->queued && !s->waiting;
}

static void step_open(void *arg)
{
    struct step *step = arg;
    struct agws_session *s = session_of(step->model, step->imsi);
    step->err = ERR_EXISTS;
    if (s && s->state != AGWS_CLOSED && s->state != AGWS_REFUSED)
        return;
    step->s = agws_add(step->model, step->imsi);
    step->err = step->s ? ERR_OK : ERR_NOMEM;
    if (step->s)
        agws_touch(step->s);
    agws_pump(step->model);
}

static void step_find(void *arg)
{
    struct step *step = arg;
    step->s = session_of(step->model, step->imsi);
    step->err = step->s ? ERR_OK : ERR_NOT_FOUND;
}

static void step_use(void *arg)
{
    struct step *step = arg;
    struct agws_credit *credit = agws_credit_of(step->s, step->group);
    uint64_t taken =
        credit ? agws_consume(step->s, credit, step->kind, step->amount - step->taken) : 0;
    step->taken += taken;
    agws_touch(step->s);
    agws_pump(step->model);
    step->idle = is_idle(step->s) && taken == 0;
}

static void step_close(void *arg)
{
    struct step *step = arg;
    agws_end(step->s);
    agws_pump(step->model);
}

static void step_idle(void *arg)
{
    struct step *step = arg;
    step->idle = is_idle(step->s);
}

static enum err wait_idle(struct step *step, void (*each)(void *arg), int64_t timeout_ms)
{
    int64_t until = base_now_ns() + timeout_ms * BASE_MS_NS;
    for (;;) {
        agwc_run(step->model->link, each, step);
        if (step->idle)
            return ERR_OK;
        if (base_now_ns() >= until)
            return ERR_TIMEOUT;
        pause_ms(1);
    }
}

enum err agws_open(struct agws *model, const char *imsi, int64_t timeout_ms)
{
    struct step step = {.model = model, .imsi = imsi};
    if (strlen(imsi) > 15 || strspn(imsi, "0123456789") != strlen(imsi))
        return ERR_INVALID;
    agwc_run(model->link, step_open, &step);
    if (!step.err)
        step.err = wait_idle(&step, step_idle, timeout_ms);
    return !step.err && step.s->state == AGWS_REFUSED ? ERR_RPC_STATUS : step.err;
}

enum err agws_use(struct agws *model, const char *imsi, uint32_t group, enum agws_kind kind,
                  uint64_t amount, int64_t timeout_ms, uint64_t *done)
{
    struct step step = {
        .model = model, .imsi = imsi, .group = group, .kind = kind, .amount = amount};
    agwc_run(model->link, step_find, &step);
    if (!step.err)
        step.err = wait_idle(&step, step_use, timeout_ms);
    *done = step.taken;
    return step.err;
}

enum err agws_close(struct agws *model, const char *imsi, int64_t timeout_ms)
{
    struct step step = {.model = model, .imsi = imsi};
    agwc_run(model->link, step_find, &step);
    if (step.err)
        return step.err;
    agwc_run(model->link, step_close, &step);
    step.err = wait_idle(&step, step_idle, timeout_ms);
    return !step.err && !step.s->ended ? ERR_RPC_STATUS : step.err;
}

// ---- queries ----
static int by_name(const void *a, const void *b)
{
    const struct agws_rule *const *x = a, *const *y = b;
    return strcmp((*x)->id->data, (*y)->id->data);
}

static void list_rules(const struct agws_session *s, char *out, size_t size)
{
    const struct agws_rule *sorted[64];
    size_t n = 0, used = 0;
    for (; n < s->n_rules && n < 64; n++)
        sorted[n] = &s->rules[n];
    qsort(sorted, n, sizeof(sorted[0]), by_name);
    out[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", i ? "," : "", sorted[i]->id->data);
}

// "granted_seconds": is it "granted", and of which kind?
static bool is_amount(const char *what, const char *name, enum agws_kind *kind)
{
    size_t len = strlen(name);
    if (strncmp(what, name, len) != 0)
        return false;
    *kind = AGWS_OCTETS;
    if (what[len] == '\0')
        return true;
    *kind = strcmp(what + len, "_seconds") == 0 ? AGWS_SECONDS : AGWS_UNITS;
    return *kind == AGWS_SECONDS || strcmp(what + len, "_units") == 0;
}

static enum err query_credit(const struct agws_credit *c, const char *what, char *out, size_t size)
{
    static const char *const states[] = {"none",      "quota",      "unlimited",
                                         "suspended", "redirected", "restricted"};
    enum agws_kind kind;
    if (strcmp(what, "state") == 0)
        snprintf(out, size, "%s", states[c->state]);
    else if (is_amount(what, "granted", &kind))
        snprintf(out, size, "%" PRIu64, c->granted[kind]);
    else if (is_amount(what, "left", &kind))
        snprintf(out, size, "%" PRIu64, agws_left(c, kind));
    else if (strcmp(what, "final") == 0)
        snprintf(out, size, "%s", c->is_final ? "yes" : "no");
    else if (strcmp(what, "redirect") == 0)
        snprintf(out, size, "%s", c->redirect ? c->redirect->data : "");
    else
        return ERR_NOT_FOUND;
    return ERR_OK;
}

static void step_query(void *arg)
{
    static const char *const states[] = {"opening", "open", "ending", "closed", "refused"};
    struct step *step = arg;
    struct agws_session *s = session_of(step->model, step->imsi);
    char *end;
    step->err = ERR_NOT_FOUND;
    if (!s)
        return;
    unsigned long group = strtoul(step->what, &end, 10);
    if (end != step->what && *end == '.') {
        const struct agws_credit *c = agws_credit_of(s, (uint32_t)group);
        step->err = c ? query_credit(c, end + 1, step->out, step->size) : ERR_NOT_FOUND;
        return;
    }
    enum agws_kind kind;
    step->err = ERR_OK;
    if (strcmp(step->what, "state") == 0)
        snprintf(step->out, step->size, "%s", states[s->state]);
    else if (strcmp(step->what, "rules") == 0)
        list_rules(s, step->out, step->size);
    else if (strcmp(step->what, "number") == 0)
        snprintf(step->out, step->size, "%" PRIu32, s->number);
    else if (is_amount(step->what, "consumed", &kind))
        snprintf(step->out, step->size, "%" PRIu64, s->consumed[kind]);
    else if (is_amount(step->what, "acknowledged", &kind))
        snprintf(step->out, step->size, "%" PRIu64, s->acknowledged[kind]);
    else
        step->err = ERR_NOT_FOUND;
}

enum err agws_query(struct agws *model, const char *imsi, const char *what, char *out, size_t size)
{
    struct step step = {.model = model, .imsi = imsi, .what = what, .out = out, .size = size};
    agwc_run(model->link, step_query, &step);
    return step.err;
}
