// SPDX-License-Identifier: BSD-3-Clause
// Our table of peers beside the library's list: counters, the disabled flag, and what was last seen
// of each.
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "diameter/stack_int.h"

static struct {
    pthread_mutex_t mutex; // adding, realms
    struct dia_peer peers[DIA_PEERS_MAX];
    _Atomic unsigned n;
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct metric_family peer_open = {
    .name = "dia_peer_open",
    .help = "1 while the peer is open for requests.",
    .type = METRIC_GAUGE,
    .labels = {"peer"},
    .max_cells = DIA_PEERS_MAX,
};
static struct metric_family in_flight = {
    .name = "dia_in_flight",
    .help = "Requests sent to the peer and not yet answered.",
    .type = METRIC_GAUGE,
    .labels = {"peer"},
    .max_cells = DIA_PEERS_MAX,
};

static bool same(const struct dia_peer *peer, const char *identity, size_t len)
{
    return peer->len == len && strncasecmp(peer->identity, identity, len) == 0;
}

static struct dia_peer *find(const char *identity, size_t len)
{
    unsigned n = atomic_load_explicit(&table.n, memory_order_acquire);
    for (unsigned i = 0; i < n; i++) {
        if (same(&table.peers[i], identity, len))
            return &table.peers[i];
    }
    return NULL;
}

struct dia_peer *dia_peer_get(const char *identity, size_t len)
{
    struct dia_peer *peer = find(identity, len);
    if (peer || len >= sizeof(peer->identity))
        return peer;
    int before = dia_no_cancel();
    pthread_mutex_lock(&table.mutex);
    peer = find(identity, len);
    unsigned n = atomic_load(&table.n);
    if (!peer && n < DIA_PEERS_MAX) {
        peer = &table.peers[n];
        memcpy(peer->identity, identity, len);
        peer->len = len;
        peer->number = n;
        atomic_store_explicit(&table.n, n + 1, memory_order_release);
    }
    pthread_mutex_unlock(&table.mutex);
    dia_cancel_again(before);
    return peer;
}

struct dia_peer *dia_peer_of(struct peer_hdr *hdr)
{
    return hdr ? dia_peer_get(hdr->info.pi_diamid, hdr->info.pi_diamidlen) : NULL;
}

struct dia_peer *dia_peer_at(unsigned number)
{
    return number < atomic_load_explicit(&table.n, memory_order_acquire) ? &table.peers[number]
                                                                         : NULL;
}

void dia_peer_set_realm(struct dia_peer *peer, const char *realm, size_t len)
{
    if (len >= sizeof(peer->realm))
        return;
    pthread_mutex_lock(&table.mutex);
    memcpy(peer->realm, realm, len);
    peer->realm[len] = 0;
    pthread_mutex_unlock(&table.mutex);
}

const char *dia_peer_state_name(int state)
{
    static const char *const names[] = {
        [STATE_NEW] = "NEW",
        [STATE_OPEN] = "OPEN",
        [STATE_CLOSED] = "CLOSED",
        [STATE_CLOSING] = "CLOSING",
        [STATE_WAITCNXACK] = "CONNECTING",
        [STATE_WAITCNXACK_ELEC] = "ELECTION",
        [STATE_WAITCEA] = "WAIT_CEA",
        [STATE_OPEN_HANDSHAKE] = "HANDSHAKE",
        [STATE_SUSPECT] = "SUSPECT",
        [STATE_REOPEN] = "REOPEN",
        [STATE_OPEN_NEW] = "OPEN_NEW",
        [STATE_CLOSING_GRACE] = "CLOSING_GRACE",
        [STATE_ZOMBIE] = "DEAD",
    };
    return state >= 0 && state <= STATE_MAX ? names[state] : "UNKNOWN";
}

// Calls visit for each peer of the library, under its lock: visit must not call the library's peer
// list.
static void each_of_library(void (*visit)(struct peer_hdr *hdr, struct dia_peer *peer, void *arg),
                            void *arg)
{
    int before = dia_no_cancel();
    pthread_rwlock_rdlock(&fd_g_peers_rw);
    for (struct fd_list *li = fd_g_peers.next; li != &fd_g_peers; li = li->next) {
        struct peer_hdr *hdr = (struct peer_hdr *)li;
        struct dia_peer *peer = dia_peer_of(hdr);
        if (peer)
            visit(hdr, peer, arg);
    }
    pthread_rwlock_unlock(&fd_g_peers_rw);
    dia_cancel_again(before);
}

// ---- watching ----

static bool is_failing(int state)
{
    return state == STATE_SUSPECT || state == STATE_CLOSED || state == STATE_ZOMBIE;
}

static void look_at(struct peer_hdr *hdr, struct dia_peer *peer, void *arg)
{
    const struct base_log_subject subject = {.peer = peer->identity};
    long unanswered = 0;
    int now = fd_peer_get_state(hdr);
    int was = atomic_exchange(&peer->state, now);
    bool disabled = atomic_load(&peer->disabled);
    fd_peer_get_load_pending(hdr, &unanswered, NULL);
    metric_set(METRIC_CELL(&peer_open, peer->identity), now == STATE_OPEN && !disabled);
    metric_set(METRIC_CELL(&in_flight, peer->identity), unanswered);
    if (now == was)
        return;
    if (now == STATE_OPEN)
        base_log(&log_dia, BASE_LOG_NOTICE, &subject, "open");
    else if (was == STATE_OPEN && is_failing(now))
        base_log(&log_dia, BASE_LOG_WARN, &subject, "no longer open: %s", dia_peer_state_name(now));
    else
        base_log(&log_dia, BASE_LOG_DEBUG, &subject, "%s, was %s", dia_peer_state_name(now),
                 dia_peer_state_name(was));
    // the library has given this peer up for good (its own bug, or an unexpected message)
    if (now == STATE_ZOMBIE && !disabled && dia_phase() == DIA_RUNNING &&
        !atomic_exchange(&peer->dead_reported, true))
        base_log(&log_dia, BASE_LOG_ERROR, &subject,
                 "the Diameter library will not connect to this peer again: restart needed");
}

void dia_peers_watch(void)
{
    each_of_library(look_at, NULL);
}

// ---- the end ----

static void terminate(struct peer_hdr *hdr, struct dia_peer *peer, void *arg)
{
    static char reason[] = "REBOOTING"; // RFC 6733 §5.4.3
    if (fd_peer_get_state(hdr) != STATE_ZOMBIE)
        fd_psm_terminate(hdr, reason);
}

static void count_left(struct peer_hdr *hdr, struct dia_peer *peer, void *arg)
{
    int *left = arg;
    *left += fd_peer_get_state(hdr) != STATE_ZOMBIE;
}

bool dia_peers_terminate(int64_t wait_ms)
{
    int64_t until = base_now_ns() + wait_ms * BASE_MS_NS;
    int left;
    each_of_library(terminate, NULL);
    do {
        nanosleep(&(struct timespec){.tv_nsec = 2 * BASE_MS_NS}, NULL);
        left = 0;
        each_of_library(count_left, &left);
    } while (left > 0 && base_now_ns() < until);
    return left == 0;
}

// ---- for status ----


enum { APPLICATIONS_MAX = 32 };

struct snapshot {
    struct dia_peer *peer;
    int state;
    uint32_t in_flight;
    bool relay;
    uint32_t applications[APPLICATIONS_MAX];
    size_t n_applications;
};

struct snapshots {
    struct snapshot items[DIA_PEERS_MAX];
    unsigned n;
};

static void take_applications(struct peer_hdr *hdr, struct snapshot *s)
{
    struct fd_list *apps = &hdr->info.runtime.pir_apps;
    for (struct fd_list *li = apps->next; li != apps && s->n_applications < APPLICATIONS_MAX;
         li = li->next)
        s->applications[s->n_applications++] = ((struct fd_app *)li)->appid;
}

static void take_snapshot(struct peer_hdr *hdr, struct dia_peer *peer, void *arg)
{
    struct snapshots *all = arg;
    long unanswered = 0;
    if (all->n == DIA_PEERS_MAX)
        return;
    fd_peer_get_load_pending(hdr, &unanswered, NULL);
    struct snapshot *s = &all->items[all->n++];
    *s = (struct snapshot){
        .peer = peer,
        .state = fd_peer_get_state(hdr),
        .in_flight = unanswered > 0 ? (uint32_t)unanswered : 0,
        .relay = hdr->info.runtime.pir_relay,
    };
    if (s->state == STATE_OPEN)
        take_applications(hdr, s);
}

void dia_peer_each(void (*visit)(const struct dia_peer_info *peer, void *arg), void *arg)
{
    struct snapshots all = {.n = 0};
    if (dia_phase() == DIA_IDLE || dia_phase() == DIA_STOPPED)
        return;
    each_of_library(take_snapshot, &all);
    for (unsigned i = 0; i < all.n; i++) {
        struct dia_peer *peer = all.items[i].peer;
        char realm[sizeof(peer->realm)];
        pthread_mutex_lock(&table.mutex);
        memcpy(realm, peer->realm, sizeof(realm));
        pthread_mutex_unlock(&table.mutex);
        const struct dia_peer_info info = {
            .identity = peer->identity,
            .realm = realm,
            .state = dia_peer_state_name(all.items[i].state),
            .disabled = atomic_load(&peer->disabled),
            .in_flight = all.items[i].in_flight,
            .requests = atomic_load(&peer->requests),
            .answers = atomic_load(&peer->answers),
            .timeouts = atomic_load(&peer->timeouts),
            .failovers = atomic_load(&peer->failovers),
            .relay = all.items[i].relay,
            .applications = all.items[i].applications,
            .n_applications = all.items[i].n_applications,
        };
        visit(&info, arg);
    }
}
