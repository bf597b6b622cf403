// SPDX-License-Identifier: BSD-3-Clause
// Answers that come after Tx, or from a server that was given up for another. While the exchange
// still waits, the first success counts, whoever it is from (RFC 8506 7: the client stays in its
// pending state). After that only a CCR-I matters: a session that nobody has is then open at a
// server and holds units there. It is ended with a CCR-T when the answer comes. What is remembered
// for that is bounded in number and time; a server that never answers has its own timer, Tcc.
// Any loop.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"

enum {
    BUCKETS = 4096,
    ORPHANS_MAX = 20000,
    REMEMBER_S = 120, // RFC 8506 5.7 thinks of so long a wait
};

// A CCR-I that a server may still answer.
struct orphan {
    struct orphan *next;            // in its bucket
    struct orphan *older, *younger; // in the order of ending
    uint64_t key;
    uint32_t end_to_end;
    unsigned out; // answers that may come
    int64_t since_ns;
    struct gxgy_session_id session;
    struct base_imsi imsi;
    char *host;  // who has the session; NULL: nobody
    char *ended; // who was told of its end already; NULL: nobody
    uint32_t number;
    size_t len;
    uint8_t request[]; // the CCR-T, packed
};

static struct {
    pthread_mutex_t mutex;
    struct gxgy_watch *watches[BUCKETS];
    struct orphan *orphans[BUCKETS];
    struct orphan *oldest, *youngest;
    size_t n;
} late = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// ---- counting ----
static struct metric_family answers = {
    .name = "fgw_gx_gy_late_answers_total",
    .help = "Successes that came too late: used all the same, their session ended, the session "
            "left because it is in use, or of no consequence.",
    .type = METRIC_COUNTER,
    .labels = {"interface", "outcome"},
};

enum outcome { USED, ENDED, IN_USE, IGNORED, OUTCOMES };

static struct metric_cell *cell(enum gxgy_app app, enum outcome outcome)
{
    static const char *const names[OUTCOMES] = {"used", "ended", "in_use", "ignored"};
    return METRIC_CELL(&answers, app == GXGY_GX ? "gx" : "gy", names[outcome]);
}

// ---- what ends a session ----
const ProtobufCMessage *gxgy_end_request(struct base_arena *arena, enum gxgy_app app,
                                         const struct gxgy_context *c, uint32_t number)
{
    enum { CAUSE = 4 }; // DIAMETER_ADMINISTRATIVE, RFC 6733 8.15
    if (app == GXGY_GX) {
        Fgw__Gxgy__GxRequest *gx = gxgy_gx_request(arena, c, GXGY_TERMINATION, number);
        if (gx)
            gx->termination_cause = CAUSE;
        return gx ? &gx->base : NULL;
    }
    Fgw__Gxgy__GyRequest *gy = gxgy_gy_request(arena, c, GXGY_TERMINATION, number);
    if (gy)
        gy->termination_cause = CAUSE;
    return gy ? &gy->base : NULL;
}

// ---- under the mutex ----
static uint64_t key_of(enum gxgy_app app, const char *gateway, const char *session_id)
{
    char text[FGW_GATEWAY_ID_MAX + GXGY_SESSION_ID_MAX + 4];
    snprintf(text, sizeof(text), "%d;%s;%s", (int)app, gateway, session_id);
    return gxgy_turn_key(text);
}

static void forget(struct orphan *o)
{
    struct orphan **at = &late.orphans[o->key % BUCKETS];
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    *(o->older ? &o->older->younger : &late.oldest) = o->younger;
    *(o->younger ? &o->younger->older : &late.youngest) = o->older;
    late.n--;
    free(o->host);
    free(o->ended);
    free(o);
}

static void forget_all_of(uint64_t key)
{
    struct orphan *following;
    for (struct orphan *o = late.orphans[key % BUCKETS]; o; o = following) {
        following = o->next;
        if (o->key == key)
            forget(o);
    }
}

static void remember(struct orphan *o)
{
    const int64_t longest_ns = REMEMBER_S * BASE_S_NS;
    while (late.oldest &&
           (late.n >= ORPHANS_MAX || o->since_ns - late.oldest->since_ns > longest_ns))
        forget(late.oldest);
    struct orphan **bucket = &late.orphans[o->key % BUCKETS];
    o->next = *bucket;
    *bucket = o;
    o->older = late.youngest;
    *(late.youngest ? &late.youngest->younger : &late.oldest) = o;
    late.youngest = o;
    late.n++;
}

static struct orphan *find_orphan(uint64_t key, uint32_t end_to_end)
{
    struct orphan *o = late.orphans[key % BUCKETS];
    while (o && (o->key != key || o->end_to_end != end_to_end))
        o = o->next;
    return o;
}

static struct gxgy_cc *find_watch(uint64_t key, uint32_t end_to_end)
{
    struct gxgy_watch *w = late.watches[key % BUCKETS];
    while (w && (w->key != key || w->end_to_end != end_to_end))
        w = w->next;
    return w ? BASE_CONTAINER_OF(w, struct gxgy_cc, watch) : NULL;
}

// ---- exchanges ----
void gxgy_late_watch(struct gxgy_cc *cc)
{
    struct gxgy_watch *w = &cc->watch;
    w->key = key_of(cc->app, cc->gateway, cc->session_id);
    w->end_to_end = cc->end_to_end;
    w->on = true;
    pthread_mutex_lock(&late.mutex);
    if (cc->type == GXGY_INITIAL) // begins anew: what was lost before may have opened just this one
        forget_all_of(w->key);
    w->next = late.watches[w->key % BUCKETS];
    late.watches[w->key % BUCKETS] = w;
    pthread_mutex_unlock(&late.mutex);
}

// A server has taken what followed: the session is there, or has ended there.
static void learn(const struct gxgy_cc *cc)
{
    for (struct orphan *o = late.orphans[cc->watch.key % BUCKETS]; o; o = o->next) {
        char **who = cc->type == GXGY_TERMINATION ? &o->ended : &o->host;
        if (o->key == cc->watch.key && !*who)
            *who = strdup(cc->host);
    }
}

// NULL: no memory; then the server's own timer ends the session.
static struct orphan *new_orphan(struct gxgy_cc *cc)
{
    const ProtobufCMessage *request =
        gxgy_end_request(cc->arena, cc->app, cc->context, cc->number + 1);
    size_t len = request ? protobuf_c_message_get_packed_size(request) : 0;
    struct orphan *o = request ? calloc(1, sizeof(*o) + len) : NULL;
    if (!o)
        return NULL;
    o->key = cc->watch.key;
    o->end_to_end = cc->watch.end_to_end;
    o->out = cc->lost;
    o->since_ns = base_now_ns();
    o->session.app = cc->app;
    snprintf(o->session.gateway, sizeof(o->session.gateway), "%s", cc->gateway);
    snprintf(o->session.id, sizeof(o->session.id), "%s", cc->session_id);
    o->imsi = cc->imsi;
    o->host = cc->ok ? strdup(cc->host) : NULL;
    o->number = cc->number + 1;
    o->len = protobuf_c_message_pack(request, o->request);
    return o;
}

void gxgy_late_settle(struct gxgy_cc *cc)
{
    struct gxgy_watch *w = &cc->watch;
    if (!w->on)
        return;
    struct orphan *o = cc->type == GXGY_INITIAL && cc->lost > 0 ? new_orphan(cc) : NULL;
    pthread_mutex_lock(&late.mutex);
    struct gxgy_watch **at = &late.watches[w->key % BUCKETS];
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->on = false;
    if (cc->ok && late.n > 0)
        learn(cc);
    if (o)
        remember(o);
    pthread_mutex_unlock(&late.mutex);
}

// ---- ending a session ----
struct ending {
    struct base_arena *arena;
    struct gxgy_session_id session;
    struct gxgy_cc cc;
};

static void ended(struct gxgy_cc *cc)
{
    struct ending *e = cc->ctx;
    base_arena_free(e->arena);
}

// Under the mutex. NULL: no memory.
static struct ending *new_ending(const struct orphan *o)
{
    bool gx = o->session.app == GXGY_GX;
    struct base_arena *arena = base_arena_new(4096, 0);
    struct ending *e = arena ? base_arena_zalloc(arena, sizeof(*e)) : NULL;
    ProtobufCMessage *request =
        e ? protobuf_c_message_unpack(gx ? &fgw__gxgy__gx_request__descriptor
                                         : &fgw__gxgy__gy_request__descriptor,
                                      base_arena_protobuf(arena), o->len, o->request)
          : NULL;
    if (!request) {
        base_arena_free(arena);
        return NULL;
    }
    if (!gx)
        ((Fgw__Gxgy__GyRequest *)request)->event_timestamp = time(NULL);
    e->arena = arena;
    e->session = o->session;
    e->cc = (struct gxgy_cc){
        .app = o->session.app,
        .arena = arena,
        .gateway = e->session.gateway,
        .session_id = e->session.id,
        .imsi = o->imsi,
        .type = GXGY_TERMINATION,
        .number = o->number,
        .request = request,
        .done = ended,
        .ctx = e,
    };
    return e;
}

static void end_session(struct ending *e, struct base_loop *loop, const char *host,
                        const char *realm)
{
    struct gxgy_cc *cc = &e->cc;
    struct gxgy_target *to = &cc->targets.list[cc->targets.n++];
    const struct base_log_subject subject = {
        .imsi = cc->imsi.digits, .agw = cc->gateway, .peer = host};
    base_log_limited(&log_gx_gy, BASE_LOG_WARN, &subject,
                     "%s CCA-I came too late: its session is ended", cc->app ? "gy" : "gx");
    snprintf(to->host, sizeof(to->host), "%s", host);
    snprintf(to->realm, sizeof(to->realm), "%s", realm);
    cc->loop = loop;
    cc->deadline_ns = base_now_ns() + 3 * gxgy_core(cc->app)->timeout_ms * BASE_MS_NS;
    gxgy_cc_start(cc);
}

// ---- answers ----
// Servers that can take over each other's sessions have them in common (RFC 8506 5.7, 8.4).
static bool is_shared(enum gxgy_app app, struct msg *answer)
{
    uint32_t failover;
    if (gxgy_core(app)->shared_sessions)
        return true;
    return app == GXGY_GY && dia_get_u32(answer, AVP_CC_SESSION_FAILOVER, &failover) == ERR_OK &&
           failover == 1;
}

// Under the mutex; o may be gone afterwards.
static enum outcome judge(struct orphan *o, struct msg *answer, const char *host,
                          struct ending **out)
{
    enum outcome outcome = IGNORED;
    if (o->ended && strcasecmp(o->ended, host) == 0)
        return IGNORED; // again
    if (o->host && strcasecmp(o->host, host) == 0)
        return IN_USE; // again, or from whom the session has been opened since
    if (o->host && is_shared(o->session.app, answer)) {
        outcome = IN_USE;
    } else if ((*out = new_ending(o))) {
        outcome = ENDED;
        free(o->ended);
        o->ended = strdup(host);
    }
    if (--o->out == 0)
        forget(o);
    return outcome;
}

// An answer on its way to the loop of the exchange that waits for it.
struct passing {
    struct base_job job;
    struct base_loop *loop;
    struct msg *answer;
    char peer[GXGY_IDENTITY_MAX + 1];
};

static void came(void *ctx, struct base_loop *loop, struct msg **answer, const char *peer);

static void on_passing(struct base_job *job)
{
    struct passing *p = BASE_CONTAINER_OF(job, struct passing, job);
    came(NULL, p->loop, &p->answer, p->peer);
    if (p->answer)
        fd_msg_free(p->answer);
    free(p);
}

static void pass_on(struct base_loop *to, struct msg **answer, const char *peer)
{
    struct passing *p = malloc(sizeof(*p));
    if (!p)
        return;
    *p = (struct passing){.job = {.run = on_passing}, .loop = to, .answer = *answer};
    snprintf(p->peer, sizeof(p->peer), "%s", peer);
    *answer = NULL;
    base_loop_post_admitted(to, &p->job);
}

static bool identity(struct msg *answer, dia_avp_id id, char *out, size_t size)
{
    const uint8_t *data;
    size_t len;
    if (dia_get_bytes(answer, id, &data, &len) != ERR_OK || len == 0 || len >= size)
        return false;
    snprintf(out, size, "%.*s", (int)len, (const char *)data);
    return true;
}

static void came(void *ctx, struct base_loop *loop, struct msg **answer, const char *peer)
{
    struct gxgy_session_id session;
    char host[GXGY_IDENTITY_MAX + 1], realm[GXGY_IDENTITY_MAX + 1];
    const uint8_t *data;
    size_t len;
    struct msg_hdr *hdr;
    struct ending *e = NULL;
    if (!gxgy_is_success(dia_msg_result(*answer).code) || fd_msg_hdr(*answer, &hdr) != 0 ||
        dia_get_bytes(*answer, AVP_SESSION_ID, &data, &len) != ERR_OK ||
        gxgy_session_id_parse((const char *)data, len, &session) != ERR_OK ||
        !identity(*answer, AVP_ORIGIN_HOST, host, sizeof(host)) ||
        !identity(*answer, AVP_ORIGIN_REALM, realm, sizeof(realm)))
        return;
    uint64_t key = key_of(session.app, session.gateway, session.id);
    enum outcome outcome = IGNORED;
    pthread_mutex_lock(&late.mutex);
    struct gxgy_cc *cc = find_watch(key, hdr->msg_eteid);
    struct base_loop *owner = cc ? cc->loop : NULL;
    struct orphan *o = cc ? NULL : find_orphan(key, hdr->msg_eteid);
    if (o)
        outcome = judge(o, *answer, host, &e);
    pthread_mutex_unlock(&late.mutex);
    if (owner && owner != loop) {
        pass_on(owner, answer, peer);
        return;
    }
    metric_inc(cell(session.app, cc ? USED : outcome));
    if (cc) // ends only on this loop
        gxgy_cc_late(cc, *answer, peer);
    if (e)
        end_session(e, loop, host, realm);
}

enum err gxgy_late_start(void)
{
    enum err err = dia_on_late(DIA_APP_GX, DIA_CMD_CCR, came, NULL);
    if (err == ERR_OK)
        err = dia_on_late(DIA_APP_CREDIT_CONTROL, DIA_CMD_CCR, came, NULL);
    for (enum outcome o = USED; o < OUTCOMES; o++) { // present from the beginning
        cell(GXGY_GX, o);
        cell(GXGY_GY, o);
    }
    return err;
}

void gxgy_late_stop(void)
{
    while (late.oldest)
        forget(late.oldest);
}
