// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: a small HSS on S6a/S6d and SWx.
//   LoadExtension = "dict.fdx" : "/usr/share/fgw/dictionaries";
//   LoadExtension = "sim_hss.fdx" : "/etc/fgw/sim_hss.conf";
// It runs in freeDiameterd as well as in fgwd. Not for production: keys lie in a plain database.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <freeDiameter/extension.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "hss_ext.h"
#include "hss_log.h"

#define DEFAULT_CONF "/etc/fgw/sim_hss.conf"

static struct hss_ext *running;

static int64_t wall_clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / BASE_MS_NS;
}

static enum err random_octets(uint8_t *out, size_t len)
{
    return RAND_bytes(out, (int)len) == 1 ? ERR_OK : ERR_INTERNAL;
}

// ---- loading subscribers ----

struct load {
    struct hss_cache *cache;
    size_t n;
};

static enum err load_one(void *ctx, struct hss_profile *p, const struct hss_state *state)
{
    struct load *load = ctx;
    enum err err = hss_cache_put(load->cache, p, state);

    load->n += !err;
    return err;
}

// IMSIs that are in the cache, to find those that the store no longer has.
struct census {
    char (*imsis)[16];
    size_t n, cap;
};

static void take_imsi(void *ctx, struct hss_sub *sub)
{
    struct census *c = ctx;

    if (c->n < c->cap)
        memcpy(c->imsis[c->n++], sub->profile->imsi, 16);
}

// Removes what the store does not have. Costs a look-up per subscriber, on the control thread.
static enum err drop_deleted(struct hss_ext *ext)
{
    struct census c = {.cap = hss_cache_count(ext->hss.cache)};
    enum err err = ERR_OK;

    c.imsis = calloc(c.cap ? c.cap : 1, sizeof *c.imsis);
    if (!c.imsis)
        return ERR_NOMEM;
    hss_cache_each(ext->hss.cache, take_imsi, &c);
    for (size_t i = 0; i < c.n && !err; i++) {
        struct hss_profile *p = NULL;

        err = hss_store_get(ext->store, ext->gen, c.imsis[i], &p, NULL);
        hss_profile_unref(p);
        if (err == ERR_NOT_FOUND) {
            hss_cache_remove(ext->hss.cache, c.imsis[i]);
            err = ERR_OK;
        } else if (err == ERR_INVALID) { // spoilt row: keep serving what we have
            err = ERR_OK;
        }
    }
    free(c.imsis);
    return err;
}

static enum err reload_one(struct hss_ext *ext, const char *imsi, size_t *n)
{
    struct hss_profile *p = NULL;
    struct hss_state state;
    enum err err = hss_store_get(ext->store, ext->gen, imsi, &p, &state);

    if (err == ERR_NOT_FOUND)
        return hss_cache_remove(ext->hss.cache, imsi) ? ERR_OK : ERR_NOT_FOUND;
    if (!err) {
        err = hss_cache_put(ext->hss.cache, p, &state);
        hss_profile_unref(p);
        *n = 1;
    }
    return err;
}

enum err hss_ext_reload(struct hss_ext *ext, const char *imsi, size_t *n)
{
    struct load load = {.cache = ext->hss.cache};
    enum err err;

    pthread_mutex_lock(&ext->store_mutex);
    if (*imsi) {
        err = reload_one(ext, imsi, n);
    } else {
        err = drop_deleted(ext);
        if (!err)
            err = hss_store_each(ext->store, ext->gen, "", load_one, &load);
        *n = load.n;
    }
    pthread_mutex_unlock(&ext->store_mutex);
    return err;
}

// ---- life cycle ----

static void report(const char *line)
{
    base_log(&log_hss, BASE_LOG_ERROR, NULL, "%s", line);
}

static enum err start_store(struct hss_ext *ext)
{
    bool crashed = false;
    enum err err = hss_store_open(ext->config.database, &ext->saver_store);

    if (!err)
        err = hss_store_start(ext->saver_store, ext->config.jump, &crashed);
    if (!err && crashed)
        base_log(&log_hss, BASE_LOG_WARN, NULL,
                 "the last run did not end in order: every SEQ was advanced by %llu",
                 (unsigned long long)ext->config.jump);
    if (!err)
        err = hss_store_open(ext->config.database, &ext->store);
    if (!err)
        err = aka_gen_new(&ext->gen);
    return err;
}

static enum err start_faults(struct hss_ext *ext)
{
    enum err err = sim_faults_new(&ext->faults);

    for (size_t i = 0; !err && i < ext->config.faults.n; i++) {
        struct sim_fault fault;
        const char *why;

        err = sim_fault_parse(ext->config.faults.items[i], &fault, &why);
        if (!err)
            err = sim_faults_add(ext->faults, &fault, NULL);
    }
    return err;
}

static enum err start(struct hss_ext *ext, const char *path)
{
    size_t n = 0;
    enum err err = hss_config_load(path, &ext->config, report);

    if (!err)
        err = hss_cache_new(&ext->config.scheme, ext->config.jump, &ext->hss.cache);
    if (!err)
        err = hss_swx_new(&ext->swx);
    if (!err)
        err = start_store(ext);
    if (!err)
        err = hss_ext_reload(ext, "", &n);
    if (!err)
        err = hss_saver_start(ext->hss.cache, ext->saver_store, ext->config.flush_ms, &ext->saver);
    if (!err)
        err = start_faults(ext);
    if (!err)
        err = sim_sender_start(&ext->sender);
    if (!err)
        err = sim_pushes_new(ext->sender, ext->config.push_timeout_ms, hss_push_describe,
                             &ext->pushes);
    if (err)
        return err;
    ext->hss.settings = ext->config.settings;
    ext->hss.now_ms = wall_clock_ms;
    ext->hss.random = random_octets;
    ext->started_ns = base_now_ns();
    ext->control_user = (struct sim_control_user){.run = hss_command_run, .ctx = ext};
    err = hss_dispatch_register(ext);
    if (!err)
        err = sim_peers_register(&ext->config.peers);
    if (!err)
        err = sim_control_start(ext->config.control, &ext->control_user, &ext->control);
    if (!err)
        base_log(&log_hss, BASE_LOG_NOTICE, NULL, "%zu subscribers from %s, control socket %s", n,
                 ext->config.database, ext->config.control);
    return err;
}

static void stop(struct hss_ext *ext)
{
    sim_control_stop(ext->control);
    sim_sender_stop(ext->sender);
    sim_pushes_free(ext->pushes);
    hss_saver_stop(ext->saver);
    sim_faults_free(ext->faults);
    hss_cache_free(ext->hss.cache);
    hss_swx_free(ext->swx);
    aka_gen_free(ext->gen);
    hss_store_close(ext->store);
    hss_store_close(ext->saver_store);
    hss_config_free(&ext->config);
    pthread_mutex_destroy(&ext->store_mutex);
    free(ext);
}

static int sim_hss_entry(char *path)
{
    struct hss_ext *ext = calloc(1, sizeof *ext);
    enum err err;

    if (!ext)
        return ENOMEM;
    pthread_mutex_init(&ext->store_mutex, NULL);
    err = start(ext, path ? path : DEFAULT_CONF);
    if (!err) {
        running = ext;
        return 0;
    }
    base_log(&log_hss, BASE_LOG_ERROR, NULL, "not started: %s", err_str(err));
    if (err == ERR_DIA_DICT)
        base_log(&log_hss, BASE_LOG_ERROR, NULL, "load dict.fdx before sim_hss.fdx");
    // callbacks may be registered already: the daemon ends now, so what they refer to stays
    sim_control_stop(ext->control);
    return EINVAL;
}

// freeDiameter looks these up by name: they have to be visible whatever the build hides
#pragma GCC visibility push(default)
int fd_ext_init(int major, int minor, char *conffile);
void fd_ext_fini(void);
extern const char *fd_ext_depends[];

void fd_ext_fini(void)
{
    if (running)
        stop(running);
    running = NULL;
}

EXTENSION_ENTRY("sim_hss", sim_hss_entry)
#pragma GCC visibility pop
