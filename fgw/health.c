// SPDX-License-Identifier: BSD-3-Clause
// A ping job goes to each loop once a second; one that has not come back for STUCK_MS means a loop
// that hangs.
#include "fgw/health.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fgw/core.h"
#include "fgw/log.h"
#include "fgw/snapshot.h"

enum { PERIOD_MS = 1000, STUCK_MS = 5000 };

struct ping {
    struct base_job job;
    struct base_loop *loop;
    int64_t sent_ns;
    _Atomic bool under_way;
    _Atomic int64_t turn_ns; // how long the last one took
};

struct fgw_health {
    struct base_timer timer;
    size_t n;
    struct ping pings[];
};

static struct metric_family loop_delay = {
    .name = "fgw_loop_delay_seconds",
    .help = "How long a job waited for its turn, by loop, looked at once a second.",
    .type = METRIC_HISTOGRAM,
    .labels = {"loop"},
};

static void pong(struct base_job *job)
{
    struct ping *ping = BASE_CONTAINER_OF(job, struct ping, job);
    int64_t took = base_now_ns() - ping->sent_ns;
    atomic_store(&ping->turn_ns, took);
    metric_observe(METRIC_CELL(&loop_delay, base_loop_name(ping->loop)),
                   (double)took / (double)BASE_S_NS);
    atomic_store(&ping->under_way, false);
}

static void beat(struct base_timer *timer)
{
    struct fgw_health *health = BASE_CONTAINER_OF(timer, struct fgw_health, timer);
    for (size_t i = 0; i < health->n; i++) {
        struct ping *ping = &health->pings[i];
        if (atomic_exchange(&ping->under_way, true))
            continue;
        ping->sent_ns = base_now_ns();
        base_loop_post_admitted(ping->loop, &ping->job);
    }
    base_timer_start(timer, PERIOD_MS);
}

enum err fgw_health_new(struct base_loop *main_loop, struct base_loop *const *loops,
                        size_t n_loops, struct fgw_health **out)
{
    struct fgw_health *health =
        calloc(1, sizeof(*health) + n_loops * sizeof(health->pings[0]));
    if (!health)
        return ERR_NOMEM;
    health->n = n_loops;
    for (size_t i = 0; i < n_loops; i++) {
        health->pings[i].loop = loops[i];
        health->pings[i].job.run = pong;
    }
    base_timer_init(&health->timer, main_loop, beat);
    base_timer_start(&health->timer, PERIOD_MS);
    *out = health;
    return ERR_OK;
}

void fgw_health_free(struct fgw_health *health)
{
    if (!health)
        return;
    base_timer_stop(&health->timer);
    free(health);
}

bool fgw_health_alive(const struct fgw_health *health, char *why, size_t size)
{
    int64_t now = base_now_ns();
    for (size_t i = 0; i < health->n; i++) {
        const struct ping *ping = &health->pings[i];
        int64_t waited_ms = (now - ping->sent_ns) / BASE_MS_NS;
        if (atomic_load(&ping->under_way) && waited_ms > STUCK_MS) {
            snprintf(why, size, "loop %s has not answered for %lld ms",
                     base_loop_name(ping->loop), (long long)waited_ms);
            return false;
        }
    }
    return true;
}

// ---- can interfaces work? ----

struct look {
    const uint32_t *applications; // of the interface
    bool open, served[FGW_APPLICATIONS_MAX];
};

static bool serves(const struct dia_peer_info *peer, uint32_t application)
{
    bool found = peer->relay;
    for (size_t i = 0; i < peer->n_applications && !found; i++)
        found = peer->applications[i] == application;
    return found;
}

static void look_at(const struct dia_peer_info *peer, void *arg)
{
    struct look *look = arg;
    if (strcmp(peer->state, "OPEN") != 0 || peer->disabled)
        return;
    look->open = true;
    for (size_t i = 0; i < FGW_APPLICATIONS_MAX && look->applications[i]; i++)
        look->served[i] |= serves(peer, look->applications[i]);
}

static bool has_peers(const struct fgw_interface *interface, char *why, size_t size)
{
    struct look look = {.applications = interface->applications};
    dia_peer_each(look_at, &look);
    if (!look.open) {
        snprintf(why, size, "no Diameter peer is open");
        return false;
    }
    for (size_t i = 0; i < FGW_APPLICATIONS_MAX && look.applications[i]; i++) {
        if (!look.served[i]) {
            snprintf(why, size, "no open Diameter peer serves application %lu",
                     (unsigned long)look.applications[i]);
            return false;
        }
    }
    return true;
}

bool fgw_health_interface(const struct fgw_interface *interface, char *why, size_t size)
{
    why[0] = '\0';
    if (interface->ready)
        return interface->ready(why, size);
    return interface->without_diameter || has_peers(interface, why, size);
}

bool fgw_health_ready(void (*reason)(const char *text, void *arg), void *arg)
{
    bool ready = true, one_works = false, needs_peer = false;
    if (fgw_core_phase() != FGW_RUNNING) {
        reason(fgw_core_phase() == FGW_DRAINING ? "draining" : "starting", arg);
        return false;
    }
    for (size_t i = 0; i < fgw_n_interfaces(); i++) {
        const struct fgw_interface *interface = fgw_interface_at(i);
        char why[200], text[256];
        bool works = fgw_health_interface(interface, why, sizeof(why));
        bool by_peers = !interface->ready && !interface->without_diameter;
        needs_peer |= by_peers;
        one_works |= by_peers && works;
        ready &= works || by_peers;
        if (works)
            continue;
        snprintf(text, sizeof(text), "%s: %s", interface->name, why);
        reason(text, arg);
    }
    if (fgw_n_interfaces() == 0) {
        reason("no interface is loaded", arg);
        ready = false;
    }
    return ready && (one_works || !needs_peer);
}
