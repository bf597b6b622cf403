// SPDX-License-Identifier: BSD-3-Clause
// An answer ends its transaction in the thread that has read it from its connection. The library
// hands everything it has read to the peer's state machine, a thread that does with an answer to a
// routable request no more than is done here: find the request, tell the hooks, hand it on. One
// thread less to wake for each answer. Only while the peer is OPEN; and four times a second an
// answer goes the library's way, so that the state machine sees that the peer lives (RFC 3539
// §3.4.1). Not for requests, protocol errors (E bit) and messages of the base protocol.
// Only where interpose.c is in force, which is how a peer's parts become known here.
#include <string.h>

#include "diameter/stack_int.h"

// Exported by libfdcore, declared in none of its public headers. `peer` is a struct fd_peer.
int fd_p_sr_fetch(struct sr_list *sent, uint32_t hop_by_hop, struct msg **request);
void fd_hook_call(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer, void *other,
                  struct fd_msg_pmdl *pmdl);
void fd_hook_associate(struct msg *msg, struct fd_msg_pmdl *pmdl);
struct fd_msg_pmdl *fd_msg_pmdl_get_inbuf(uint8_t *buffer, size_t len);

enum { HEADER = 20 };
static const int64_t SEEN_NS = 250 * BASE_MS_NS; // a watchdog waits for seconds

// What belongs to one peer, as its state machine's thread has shown it.
struct road {
    struct fifo *_Atomic events; // what the state machine waits for; NULL: not in use
    struct sr_list *sent;
    struct peer_hdr *peer;
    _Atomic int64_t seen_ns; // when the state machine got an answer last
};

static struct {
    pthread_mutex_t mutex; // of those who write
    struct road roads[DIA_PEERS_MAX];
} early = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Of this thread: as a state machine, or as a receiver.
static _Thread_local struct {
    struct fifo *events;
    struct road *road;
    bool receives;
} mine;

static void withdraw(struct fifo *events)
{
    pthread_mutex_lock(&early.mutex);
    for (size_t i = 0; i < DIA_PEERS_MAX; i++) {
        if (atomic_load(&early.roads[i].events) == events)
            atomic_store(&early.roads[i].events, NULL);
    }
    pthread_mutex_unlock(&early.mutex);
}

// The state machine's thread ends, after those of its connection.
static void on_end(void *events)
{
    withdraw(events);
}

static void make_key(void)
{
    (void)pthread_key_create(&key, on_end);
}

void dia_early_thread(const char *name)
{
    mine.receives = strncmp(name, "Receiver (", 10) == 0;
}

void dia_early_waits(struct fifo *events)
{
    if (mine.events == events)
        return;
    int before = dia_no_cancel();
    pthread_once(&once, make_key);
    withdraw(events); // of a peer that is gone, whose memory this one has got
    mine.road = NULL;
    mine.events = pthread_setspecific(key, events) == 0 ? events : NULL;
    dia_cancel_again(before);
}

// Whose the list is says its head; believed only if it is a peer.
static struct peer_hdr *owner(struct sr_list *sent)
{
    const struct fd_list *head = (const struct fd_list *)sent;
    struct peer_hdr *found = NULL;
    if (pthread_rwlock_tryrdlock(&fd_g_peers_rw) != 0)
        return NULL; // next time, then
    for (struct fd_list *li = fd_g_peers.next; li != &fd_g_peers && !found; li = li->next) {
        if (li == head->o) // a peer begins with its place in this list
            found = head->o;
    }
    pthread_rwlock_unlock(&fd_g_peers_rw);
    return found;
}

void dia_early_fetches(struct sr_list *sent)
{
    if (!mine.events || mine.road)
        return;
    int before = dia_no_cancel();
    struct peer_hdr *peer = owner(sent);
    pthread_mutex_lock(&early.mutex);
    for (size_t i = 0; i < DIA_PEERS_MAX && peer && !mine.road; i++) {
        struct road *road = &early.roads[i];
        if (atomic_load(&road->events))
            continue;
        road->sent = sent;
        road->peer = peer;
        atomic_store(&road->seen_ns, 0);
        atomic_store_explicit(&road->events, mine.events, memory_order_release);
        mine.road = road;
    }
    pthread_mutex_unlock(&early.mutex);
    dia_cancel_again(before);
}

static struct road *road_of(struct fifo *events)
{
    if (mine.road && atomic_load_explicit(&mine.road->events, memory_order_acquire) == events)
        return mine.road;
    for (size_t i = 0; i < DIA_PEERS_MAX; i++) {
        if (atomic_load_explicit(&early.roads[i].events, memory_order_acquire) == events)
            return mine.road = &early.roads[i];
    }
    return NULL;
}

static bool is_routable_answer(const uint8_t *data, size_t len)
{
    static const uint8_t base_protocol[4] = {0};
    return len >= HEADER && data[0] == DIAMETER_VERSION &&
           ((size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3]) == len &&
           !(data[4] & (CMD_FLAG_REQUEST | CMD_FLAG_ERROR)) &&
           memcmp(data + 8, base_protocol, sizeof(base_protocol)) != 0;
}

static bool must_be_seen(struct road *road)
{
    int64_t now = base_now_ns();
    if (now - atomic_load_explicit(&road->seen_ns, memory_order_relaxed) < SEEN_NS)
        return false;
    atomic_store_explicit(&road->seen_ns, now, memory_order_relaxed);
    return true;
}

// The answer with its request, as the state machine makes it. NULL: nobody has asked.
static struct msg *match(struct road *road, struct msg *answer)
{
    const struct peer_info *info = &road->peer->info;
    struct msg_hdr *hdr = NULL;
    struct msg *request = NULL;
    static char unasked[] = "Answer received with no corresponding sent request.";
    if (fd_msg_source_set(answer, info->pi_diamid, info->pi_diamidlen) == 0 &&
        fd_msg_hdr(answer, &hdr) == 0 && fd_p_sr_fetch(road->sent, hdr->msg_hbhid, &request) == 0 &&
        request && fd_msg_answ_associate(answer, request) == 0) {
        fd_hook_call(HOOK_MESSAGE_RECEIVED, answer, road->peer, NULL, fd_msg_pmdl_get(answer));
        return answer;
    }
    if (request)
        fd_msg_free(request); // our own timer ends its transaction
    fd_hook_call(HOOK_MESSAGE_DROPPED, answer, road->peer, unasked, fd_msg_pmdl_get(answer));
    fd_msg_free(answer);
    return NULL;
}

bool dia_early_answer(struct fifo *events, uint8_t *data, size_t len, struct msg **out)
{
    struct road *road = NULL;
    struct msg *answer = NULL;
    *out = NULL;
    if (!mine.receives || !data || !is_routable_answer(data, len))
        return false;
    int before = dia_no_cancel();
    road = road_of(events);
    bool taken = road && fd_peer_get_state(road->peer) == STATE_OPEN && !must_be_seen(road);
    struct fd_msg_pmdl *pmdl = taken ? fd_msg_pmdl_get_inbuf(data, len) : NULL;
    if (taken && fd_msg_parse_buffer(&data, len, &answer) != 0)
        taken = false; // the state machine finds the same, and closes the connection
    if (taken) {
        fd_hook_associate(answer, pmdl);
        *out = match(road, answer);
    }
    dia_cancel_again(before);
    return taken;
}
