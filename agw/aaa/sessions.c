// SPDX-License-Identifier: BSD-3-Clause
// The table of sessions. See sessions.h.
#include "aaa/sessions.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aaa/aaa.h"
#include "aaa/count.h"
#include "base/clock.h"

#define BUCKETS 65536
#define LATELY 4096
#define SILENT_INTERVALS 3 // interim updates missed before a session is dead

struct ended {
    char id[17], imsi[16], client[64];
};

struct aaa_sessions {
    struct aaa *aaa;
    struct aaa_session *by_id[BUCKETS], *by_imsi[BUCKETS];
    size_t n;
    struct ended lately[LATELY]; // a ring
    size_t n_ended;
};

static size_t bucket(const char *text)
{
    uint32_t hash = 2166136261U; // FNV-1a
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619U;
    return (hash ^ hash >> 16) % BUCKETS;
}

static void log_end(const struct aaa_session *session, const char *why)
{
    const struct base_log_subject subject = {.imsi = session->data.imsi,
                                             .peer = session->data.client};
    base_log(&log_aaa, BASE_LOG_INFO, &subject, "session %s: %s", session->data.id, why);
}

static void unlink_session(struct aaa_session *session)
{
    struct aaa_sessions *s = session->owner;
    struct aaa_session **at = &s->by_id[bucket(session->data.id)];
    while (*at != session)
        at = &(*at)->next_id;
    *at = session->next_id;
    at = &s->by_imsi[bucket(session->data.imsi)];
    while (*at != session)
        at = &(*at)->next_imsi;
    *at = session->next_imsi;
    base_timer_stop(&session->timer);
    s->n--;
    metric_set(METRIC_CELL(&aaa_m_sessions, NULL), (int64_t)s->n);
}

// ---- expiry ----

static int64_t left_ms(const struct aaa_session *session)
{
    const struct aaa_settings *settings = session->owner->aaa->settings;
    // the access point authenticates anew at that time: that comes first
    int64_t ms = (session->data.expires - time(NULL)) * 1000 + settings->session.grace_ms;
    if (session->interim) {
        int64_t silent =
            session->heard_ns + SILENT_INTERVALS * settings->session.interim_ms * BASE_MS_NS;
        int64_t until = base_ms_until(silent);
        ms = until < ms ? until : ms;
    }
    return ms;
}

static void arm(struct aaa_session *session)
{
    int64_t ms = left_ms(session);
    base_timer_start(&session->timer, ms < 0 ? 0 : ms > BASE_TIMER_MAX_MS ? BASE_TIMER_MAX_MS : ms);
}

static void on_timer(struct base_timer *timer)
{
    struct aaa_session *session = BASE_CONTAINER_OF(timer, struct aaa_session, timer);
    if (left_ms(session) > 0) {
        arm(session);
        return;
    }
    log_end(session, "expired");
    aaa_session_end(session, AAA_ENDED);
}

// ---- begin and end ----

static enum err insert(struct aaa_sessions *s, const struct aaa_session_data *data)
{
    if (s->n >= (size_t)s->aaa->settings->session.max)
        return ERR_FULL;
    struct aaa_session *session = calloc(1, sizeof(*session));
    if (!session)
        return ERR_NOMEM;
    session->data = *data;
    session->owner = s;
    session->heard_ns = base_now_ns();
    base_timer_init(&session->timer, s->aaa->loop, on_timer);
    size_t at = bucket(data->id);
    session->next_id = s->by_id[at];
    s->by_id[at] = session;
    at = bucket(data->imsi);
    session->next_imsi = s->by_imsi[at];
    s->by_imsi[at] = session;
    s->n++;
    metric_set(METRIC_CELL(&aaa_m_sessions, NULL), (int64_t)s->n);
    arm(session);
    return ERR_OK;
}

static void forget(struct aaa_session *session)
{
    struct aaa_sessions *s = session->owner;
    struct ended *ended = &s->lately[s->n_ended++ % LATELY];
    memcpy(ended->id, session->data.id, sizeof(ended->id));
    memcpy(ended->imsi, session->data.imsi, sizeof(ended->imsi));
    memcpy(ended->client, session->data.client, sizeof(ended->client));
    aaa_store_forget(session->owner->aaa->store, session->data.id);
    unlink_session(session);
    free(session);
}

struct same {
    const struct aaa_session_data *data;
};

static void replace(void *ctx, struct aaa_session *session)
{
    const struct aaa_session_data *data = ((struct same *)ctx)->data;
    if (strcmp(session->data.client, data->client) != 0 || !data->calling[0] ||
        strcmp(session->data.calling, data->calling) != 0)
        return;
    log_end(session, "replaced by a new authentication");
    forget(session);
}

enum err aaa_session_begin(struct aaa_sessions *s, const struct aaa_session_data *data)
{
    struct same same = {data};
    aaa_sessions_each(s, data->imsi, NULL, NULL, replace, &same);
    enum err err = insert(s, data);
    if (!err)
        aaa_store_put(s->aaa->store, data);
    return err;
}

void aaa_session_end(struct aaa_session *session, enum aaa_session_end how)
{
    struct aaa_sessions *s = session->owner;
    struct aaa_session_data data = session->data;
    forget(session);
    if (how == AAA_ENDED && data.registered && !aaa_session_registered(s, data.imsi))
        aaa_core_deregister(s->aaa->core, data.imsi, data.id);
}

void aaa_session_changed(struct aaa_session *session)
{
    session->heard_ns = base_now_ns();
    aaa_store_put(session->owner->aaa->store, &session->data);
    arm(session);
}

// ---- finding ----

struct aaa_session *aaa_session_by_id(struct aaa_sessions *s, const char *id)
{
    struct aaa_session *session = s->by_id[bucket(id)];
    while (session && strcmp(session->data.id, id) != 0)
        session = session->next_id;
    return session;
}

const char *aaa_session_lately(const struct aaa_sessions *s, const char *id, const char *client)
{
    for (size_t i = 0; i < LATELY && i < s->n_ended; i++) {
        if (strcmp(s->lately[i].id, id) == 0 && strcmp(s->lately[i].client, client) == 0)
            return s->lately[i].imsi;
    }
    return "";
}

bool aaa_session_registered(struct aaa_sessions *s, const char *imsi)
{
    struct aaa_session *session = s->by_imsi[bucket(imsi)];
    while (session && (strcmp(session->data.imsi, imsi) != 0 || !session->data.registered))
        session = session->next_imsi;
    return session != NULL;
}

struct aaa_session *aaa_session_by_nas(struct aaa_sessions *s, const char *client, const char *nas,
                                       const char *acct_id, const char *calling)
{
    // The exception: a NAS that does not return Class (RFC 2865 §5.25: it should).
    for (size_t i = 0; i < BUCKETS && s->n > 0; i++) {
        for (struct aaa_session *each = s->by_id[i]; each; each = each->next_id) {
            if (strcmp(each->data.client, client) != 0 || strcmp(each->data.nas, nas) != 0)
                continue;
            if ((acct_id[0] && strcmp(each->data.acct_id, acct_id) == 0) ||
                (!each->data.acct_id[0] && calling[0] && strcmp(each->data.calling, calling) == 0))
                return each;
        }
    }
    return NULL;
}

void aaa_sessions_each(struct aaa_sessions *s, const char *imsi, const char *client,
                       const char *nas, void (*visit)(void *ctx, struct aaa_session *session),
                       void *ctx)
{
    size_t from = imsi ? bucket(imsi) : 0, to = imsi ? from + 1 : BUCKETS;
    for (size_t i = from; i < to; i++) {
        struct aaa_session *next;
        for (struct aaa_session *each = s->by_imsi[i]; each; each = next) {
            next = each->next_imsi;
            if ((!imsi || strcmp(each->data.imsi, imsi) == 0) &&
                (!client || strcmp(each->data.client, client) == 0) &&
                (!nas || strcmp(each->data.nas, nas) == 0))
                visit(ctx, each);
        }
    }
}

size_t aaa_sessions_count(const struct aaa_sessions *s)
{
    return s->n;
}

// ---- life ----

static void load(void *ctx, const struct aaa_session_data *data)
{
    struct aaa_sessions *s = ctx;
    enum err err = insert(s, data);
    if (err)
        base_log_limited(&log_aaa, BASE_LOG_ERROR, NULL, "stored session %s: %s", data->id,
                         err_str(err));
}

enum err aaa_sessions_new(struct aaa *aaa, struct aaa_sessions **out)
{
    struct aaa_sessions *s = calloc(1, sizeof(*s));
    if (!s)
        return ERR_NOMEM;
    s->aaa = aaa;
    enum err err = aaa_store_each(aaa->store, load, s);
    if (err) {
        aaa_sessions_free(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void aaa_sessions_free(struct aaa_sessions *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (s->by_id[i]) {
            struct aaa_session *session = s->by_id[i];
            unlink_session(session);
            free(session);
        }
    }
    free(s);
}
