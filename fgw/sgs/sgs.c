// SPDX-License-Identifier: BSD-3-Clause
// SGs as a plug of the gateway: start and stop, and what the core's actions are in a running
// gateway. Not for procedures. SGs lives on the last of the gateway's loops: what is valid there
// (settings, calls of access gateways) is valid for it. start() runs for `fgwd -t` too, where loops
// never run: so it opens nothing and leaves a timer that the loop fires.
#include "fgw/sgs/sgs.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fgw/sgs/sgs_core.h"
#include "fgw/sgs/sgs_link.h"

BASE_LOG_CATEGORY(log_sgs, "sgs");

static struct {
    struct sgs_plan *plan;
    struct base_loop *loop;
    struct base_timer begin;
    struct sgs_core *core;
    struct sgs_links *_Atomic links;
    size_t n_retained; // access gateways with registrations in the store
} sgs;

const struct sgs_plan *sgs_plan(void)
{
    return sgs.plan;
}

struct sgs_core *sgs_core(void)
{
    return sgs.core;
}

struct base_loop *sgs_loop(void)
{
    return sgs.loop;
}

// ---- actions of the core ----
static enum err act_send(void *arg, unsigned vlr, const uint8_t *data, size_t len)
{
    return sgs_links_send(atomic_load(&sgs.links), vlr, data, len);
}

static void called(void *ctx, const struct rpc_tunnel_result *result)
{
    if (sgs.core)
        sgs_core_called(sgs.core, ctx, result->err, result->status);
}

static enum err act_call(void *arg, const char *path, const uint8_t *packed, size_t len,
                         struct sgs_ticket *ticket)
{
    const struct sgs_settings *settings = sgs_settings();
    const struct rpc_tunnel_call call = {
        .gateway = sgs_ticket_gateway(ticket),
        .service = settings->agw_service,
        .path = path,
        .message = packed,
        .len = len,
        .timeout_ms = settings->agw_timeout_ms,
    };
    return fgw_agw_call(sgs.loop, &call, called, ticket);
}

// Who registered the subscriber with a VLR; else who serves it at all.
static enum err act_find(void *arg, const struct base_imsi *imsi, char *gateway, size_t size)
{
    enum err err = fgw_directory_find_at(FGW_ACCESS_SGS, imsi, gateway, size);
    return err ? fgw_directory_find(imsi, gateway, size) : ERR_OK;
}

static void act_keep(void *arg, const struct base_imsi *imsi, const char *gateway,
                     const char *vlr)
{
    // full: counted there; without it the VLR is chosen anew after a restart
    if (fgw_directory_learn_at(FGW_ACCESS_SGS, imsi, gateway, NULL) == ERR_OK)
        fgw_directory_learn_host(FGW_ACCESS_SGS, imsi, vlr);
}

static void act_drop(void *arg, const struct base_imsi *imsi, const char *gateway)
{
    fgw_directory_forget_at(FGW_ACCESS_SGS, imsi, gateway);
}

static enum err act_recall(void *arg, const struct base_imsi *imsi, char *gateway, size_t size,
                           char *vlr)
{
    enum err err = fgw_directory_find_at(FGW_ACCESS_SGS, imsi, gateway, size);
    return err ? err : fgw_directory_host(FGW_ACCESS_SGS, imsi, vlr, SGSAP_NAME_MAX);
}

static void act_learn(void *arg, const struct base_imsi *imsi, const char *gateway)
{
    fgw_directory_learn(imsi, gateway, NULL); // full: counted there; we have the record
}

static enum err act_gateways(void *arg, void (*visit)(const char *gateway, void *arg),
                             void *visit_arg)
{
    return fgw_directory_gateways(visit, visit_arg);
}

static void act_count(void *arg, const char *procedure, unsigned vlr, const char *result,
                      int64_t elapsed_ns)
{
    fgw_count("sgs", procedure, FGW_DOWN, sgs.plan->vlrs[vlr].name, result, elapsed_ns);
}

static const struct sgs_core_ops core_ops = {
    .send = act_send,
    .call = act_call,
    .find = act_find,
    .learn = act_learn,
    .keep = act_keep,
    .drop = act_drop,
    .recall = act_recall,
    .gateways = act_gateways,
    .count = act_count,
};

// ---- events of the associations ----
static void on_up(void *arg, unsigned vlr)
{
    sgs_core_vlr_up(sgs.core, vlr);
}

static void on_down(void *arg, unsigned vlr)
{
    sgs_core_vlr_down(sgs.core, vlr);
}

static void on_message(void *arg, unsigned vlr, const uint8_t *data, size_t len)
{
    sgs_core_downlink(sgs.core, vlr, data, len);
}

static const struct sgs_links_ops links_ops = {
    .up = on_up, .down = on_down, .message = on_message};

// ---- life ----
const struct sgs_settings *sgs_settings(void)
{
    return fgw_settings(&sgs_interface);
}

static void capture_as(const struct sgs_capture_settings *s)
{
    struct sgs_links *links = atomic_load(&sgs.links);
    struct sgs_capture *capture = NULL;
    if (!links)
        return;
    sgs_links_capture(links, NULL); // first: it may be the same file
    enum err err = s->file && s->file[0] ? sgs_capture_open(s, &capture) : ERR_OK;
    if (err)
        base_log(&log_sgs, BASE_LOG_ERROR, NULL, "no capture into %s: %s", s->file, err_str(err));
    else if (capture)
        base_log(&log_sgs, BASE_LOG_NOTICE, NULL, "capture into %s", s->file);
    sgs_links_capture(links, capture);
}

static void run(bool reset)
{
    const struct sgs_settings *s = sgs_settings();
    const struct sgs_core_conf core_conf = {
        .plan = sgs.plan,
        .timers = s->timers,
        .reset_on_start = reset,
        .lost_after_ms = s->lost_after_ms,
        .reset_parallel = (size_t)s->reset_parallel,
        .reset_tries = (size_t)s->reset_tries,
        .reset_retry_ms = s->reset_retry_ms,
        .max_subscribers = (size_t)s->max_subscribers,
    };
    const struct sgs_links_conf links_conf = {
        .plan = sgs.plan,
        .stack = s->stack,
        .sctp = s->sctp,
        .reconnect_min_ms = s->reconnect_min_ms,
        .reconnect_max_ms = s->reconnect_max_ms,
    };
    struct sgs_links *links = NULL;
    enum err err = sgs_core_new(&core_conf, &core_ops, NULL, sgs.loop, &sgs.core);
    if (!err)
        err = sgs_links_new(sgs.loop, &links_conf, &links_ops, NULL, &links);
    if (err) {
        sgs_core_free(sgs.core);
        sgs.core = NULL;
        base_log(&log_sgs, BASE_LOG_ERROR, NULL, "SGs does not start: %s", err_str(err));
    }
    atomic_store(&sgs.links, links);
    capture_as(&s->capture);
}

// To a VLR a reset means that we have lost what it told us (TS 29.118 5.8.2). With registrations in
// the store we have not. But the message also tells our name, and many a VLR learns only so that
// this association is the way to us: therefore "always" is the default.
static void retained(const char *gateway, void *arg)
{
    sgs.n_retained++;
}

static void looked(enum err err, void *arg)
{
    base_log(&log_sgs, BASE_LOG_NOTICE, NULL, "registrations of %zu access gateways are retained",
             sgs.n_retained);
    run(err || sgs.n_retained == 0);
}

static void begin(struct base_timer *timer)
{
    static const char *const all[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    int when = sgs_settings()->reset_on_start;
    sgs.n_retained = 0;
    if (when != SGS_RESET_LOST)
        run(when == SGS_RESET_ALWAYS);
    else if (fgw_directory_search(sgs.loop, FGW_ACCESS_SGS, all, 10, retained, looked, NULL))
        run(true);
}

// Another capture, on the loop: the settings in force there.
static void on_reloaded(struct base_job *job)
{
    if (sgs.plan)
        capture_as(&sgs_settings()->capture);
    free(job);
}

static bool same_capture(const struct sgs_capture_settings *a, const struct sgs_capture_settings *b)
{
    const char *one = a->file ? a->file : "", *other = b->file ? b->file : "";
    return strcmp(one, other) == 0 && a->size_max == b->size_max && a->files == b->files;
}

static void reloaded(const void *old_settings, const void *new_settings)
{
    const struct sgs_settings *before = old_settings, *after = new_settings;
    if (!sgs.plan || same_capture(&before->capture, &after->capture))
        return;
    struct base_job *job = calloc(1, sizeof(*job));
    if (!job)
        return;
    job->run = on_reloaded;
    base_loop_post_admitted(sgs.loop, job);
}

static enum err start(void)
{
    const struct sgs_settings *s = sgs_settings();
    const char *key;
    char why[200];
    if (!s || s->vlrs.n == 0)
        return ERR_OK;
    enum err err = sgs_plan_make(s, &sgs.plan, &key, why, sizeof(why));
    if (err)
        return err;
    sgs.loop = fgw_loop(fgw_n_loops() - 1);
    base_timer_init(&sgs.begin, sgs.loop, begin);
    return base_timer_start(&sgs.begin, 0);
}

static void stop(void)
{
    if (!sgs.plan)
        return;
    base_timer_stop(&sgs.begin);
    sgs_links_free(atomic_exchange(&sgs.links, NULL));
    sgs_core_free(sgs.core);
    sgs.core = NULL;
    sgs_plan_free(sgs.plan);
    sgs.plan = NULL;
    sgs.loop = NULL;
}

static void status(void (*line)(void *arg, const char *text), void *arg)
{
    const struct sgs_links *links = atomic_load(&sgs.links);
    char text[SGSAP_NAME_MAX + 80];
    for (unsigned i = 0; links && i < sgs.plan->n_vlrs; i++) {
        snprintf(text, sizeof(text), "VLR %s: %s, %llu attempts to connect", sgs.plan->vlrs[i].name,
                 sgs_links_is_up(links, i) ? "up" : "down",
                 (unsigned long long)sgs_links_attempts(links, i));
        line(arg, text);
    }
    if (links) {
        snprintf(text, sizeof(text), "%zu subscribers registered",
                 sgs_core_subscribers(sgs.core)); // set before the links were
        line(arg, text);
    }
}

static bool ready(char *why, size_t size)
{
    const struct sgs_links *links = atomic_load(&sgs.links);
    if (!sgs.plan)
        return true;
    for (unsigned i = 0; links && i < sgs.plan->n_vlrs; i++) {
        if (sgs_links_is_up(links, i))
            return true;
    }
    snprintf(why, size, "no association with a VLR");
    return false;
}

const struct fgw_interface sgs_interface = {
    .name = "sgs",
    .methods = sgs_methods,
    .settings = sgs_settings_keys,
    .settings_size = sizeof(struct sgs_settings),
    .configure = sgs_configure,
    .start = start,
    .reloaded = reloaded,
    .stop = stop,
    .status = status,
    .ready = ready,
    .without_diameter = true,
};
