// SPDX-License-Identifier: BSD-3-Clause
// What the VLR knows and sends.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sgsap/mm_info.h"
#include "vlr_sim/vlr_int.h"

BASE_LOG_CATEGORY(log_vlr, "vlr");

enum { LINE_MAX_BYTES = 600 };

static struct vlr_bucket *bucket_of(struct vlr *vlr, const char *imsi)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (; *imsi; imsi++)
        hash = (hash ^ (uint8_t)*imsi) * 1099511628211u;
    return &vlr->buckets[hash % vlr->n_buckets];
}

// --- showing and sending ---

void vlr_show(struct vlr *vlr, const struct vlr_peer *peer, uint8_t type, bool in,
              const char *imsi, const char *text)
{
    char line[LINE_MAX_BYTES];
    if (!vlr->watch.happened)
        return;
    snprintf(line, sizeof(line), "%s %s%s%s %s", in ? "<-" : "->",
             peer && peer->mme[0] ? peer->mme : "?", imsi ? " imsi=" : "", imsi ? imsi : "", text);
    vlr->watch.happened(vlr->watch.arg, type, in, imsi, line);
}

static void show_sent(struct vlr_peer *peer, const struct sgsap_msg *msg)
{
    char text[LINE_MAX_BYTES];
    struct base_imsi imsi;
    bool has_imsi = sgsap_read_imsi(msg->ie[SGSAP_IE_IMSI], &imsi) == ERR_OK;
    sgsap_describe(msg, text, sizeof(text));
    vlr_show(peer->vlr, peer, msg->type, false, has_imsi ? imsi.digits : NULL, text);
}

void vlr_send_octets(struct vlr_peer *peer, const uint8_t *data, size_t len)
{
    peer->sent++;
    peer->vlr->ops.send(peer->association, data, len);
}

void vlr_send(struct vlr_peer *peer, struct sgsap_msg *msg)
{
    uint8_t buf[SGSAP_MSG_MAX];
    enum sgsap_ie bad;
    size_t len;
    enum err err = sgsap_encode(msg, SGSAP_VLR, buf, sizeof(buf), &len, &bad);
    if (err) {
        base_log(&log_vlr, BASE_LOG_ERROR, NULL, "%s not sent: %s (%s)",
                 sgsap_type_name(msg->type), err_str(err), sgsap_ie_name(bad));
        return;
    }
    show_sent(peer, msg);
    vlr_send_octets(peer, buf, len);
}

void vlr_status(struct vlr_peer *peer, const struct sgsap_fault *fault, const uint8_t *data,
                size_t len)
{
    uint8_t buf[SGSAP_MSG_MAX];
    struct sgsap_msg msg;
    size_t n;
    if (sgsap_encode_status(fault, data, len, SGSAP_VLR, buf, sizeof(buf), &n) != ERR_OK)
        return;
    if (sgsap_decode(buf, n, SGSAP_VLR, &msg, NULL) == ERR_OK)
        show_sent(peer, &msg);
    vlr_send_octets(peer, buf, n);
}

void vlr_begin(struct sgsap_msg *msg, enum sgsap_type type, const struct base_imsi *imsi)
{
    sgsap_init(msg, type);
    sgsap_set_imsi(msg, imsi);
}

void vlr_nas(struct vlr_peer *peer, const struct vlr_sub *sub, const uint8_t *nas, size_t len)
{
    struct sgsap_msg msg;
    vlr_begin(&msg, SGSAP_DOWNLINK_UNITDATA, &sub->imsi);
    sgsap_set(&msg, SGSAP_IE_NAS_CONTAINER, nas, (uint8_t)len);
    vlr_send(peer, &msg);
}

// --- guards ---

static struct vlr_sub *sub_of(struct sgsap_guard *guard)
{
    return BASE_CONTAINER_OF(guard, struct vlr_sub, guard);
}

static void send_for_sub(struct sgsap_guard *guard, bool again)
{
    struct vlr_sub *sub = sub_of(guard);
    struct vlr_peer *peer = vlr_peer_of(sub->vlr, sub);
    struct sgsap_msg msg;
    if (guard->procedure != SGSAP_PROC_ALERT || !peer)
        return; // paging is sent by vlr_page, with what belongs to it
    vlr_begin(&msg, SGSAP_ALERT_REQUEST, &sub->imsi);
    vlr_send(peer, &msg);
}

static void sub_gave_up(struct sgsap_guard *guard)
{
    struct vlr_sub *sub = sub_of(guard);
    vlr_show(sub->vlr, vlr_peer_of(sub->vlr, sub), 0, true, sub->imsi.digits,
             guard->procedure == SGSAP_PROC_PAGING ? "no answer to paging (Ts5)"
                                                   : "no answer to alert (Ts7)");
    if (guard->procedure != SGSAP_PROC_PAGING)
        return;
    sub->paging = VLR_NONE;
    vlr_load_next(sub->vlr);
}

static const struct sgsap_guard_ops sub_guard = {.send = send_for_sub, .gave_up = sub_gave_up};

static void send_reset(struct sgsap_guard *guard, bool again)
{
    struct vlr_peer *peer = BASE_CONTAINER_OF(guard, struct vlr_peer, reset);
    struct sgsap_msg msg;
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, peer->vlr->settings.name);
    vlr_send(peer, &msg);
}

static void reset_gave_up(struct sgsap_guard *guard)
{
    struct vlr_peer *peer = BASE_CONTAINER_OF(guard, struct vlr_peer, reset);
    vlr_show(peer->vlr, peer, 0, true, NULL, "no answer to reset (Ts11)");
}

static const struct sgsap_guard_ops reset_guard = {.send = send_reset, .gave_up = reset_gave_up};

// --- subscribers ---

struct vlr_sub *vlr_find(struct vlr *vlr, const char *imsi)
{
    struct vlr_sub *sub;
    LIST_FOREACH(sub, bucket_of(vlr, imsi), link) {
        if (strcmp(sub->imsi.digits, imsi) == 0)
            return sub;
    }
    return NULL;
}

enum err vlr_sub_get(struct vlr *vlr, const struct base_imsi *imsi, struct vlr_sub **out)
{
    struct vlr_sub *sub = vlr_find(vlr, imsi->digits);
    if (!sub) {
        if (vlr->n_subs >= vlr->settings.max_subscribers)
            return ERR_FULL;
        sub = calloc(1, sizeof(*sub));
        if (!sub)
            return ERR_NOMEM;
        sub->vlr = vlr;
        sub->imsi = *imsi;
        enum err err = sgsap_guard_init(&sub->guard, vlr->loop, &vlr->settings.timers,
                                        &sub_guard);
        if (err) {
            free(sub);
            return err;
        }
        LIST_INSERT_HEAD(bucket_of(vlr, imsi->digits), sub, link);
        vlr->n_subs++;
    }
    *out = sub;
    return ERR_OK;
}

void vlr_sub_forget(struct vlr_sub *sub)
{
    vlr_load_end(sub->vlr);
    sgsap_guard_fini(&sub->guard);
    LIST_REMOVE(sub, link);
    sub->vlr->n_subs--;
    free(sub->text);
    free(sub);
}

struct vlr_peer *vlr_peer_of(struct vlr *vlr, const struct vlr_sub *sub)
{
    struct vlr_peer *peer;
    LIST_FOREACH(peer, &vlr->peers, link) {
        if (strcmp(peer->mme, sub->mme) == 0)
            return peer;
    }
    return LIST_FIRST(&vlr->peers);
}

void vlr_each_sub(struct vlr *vlr, void (*visit)(struct vlr_sub *sub, void *arg), void *arg)
{
    for (size_t i = 0; i < vlr->n_buckets; i++) {
        struct vlr_sub *sub = LIST_FIRST(&vlr->buckets[i]), *next;
        for (; sub; sub = next) {
            next = LIST_NEXT(sub, link); // visit may forget it
            visit(sub, arg);
        }
    }
}

struct count {
    enum vlr_sub_state least;
    size_t n;
};

static void count_sub(struct vlr_sub *sub, void *arg)
{
    struct count *count = arg;
    count->n += sub->state >= count->least;
}

size_t vlr_n_subs(const struct vlr *vlr, enum vlr_sub_state least)
{
    struct count count = {.least = least};
    vlr_each_sub((struct vlr *)(uintptr_t)vlr, count_sub, &count);
    return count.n;
}

// --- commands ---

static const enum sgsap_ie paging_extras[] = {
    SGSAP_IE_CLI, SGSAP_IE_GLOBAL_CN_ID, SGSAP_IE_SS_CODE, SGSAP_IE_LCS_INDICATOR,
    SGSAP_IE_LCS_CLIENT_ID, SGSAP_IE_CHANNEL_NEEDED, SGSAP_IE_EMLPP_PRIORITY,
    SGSAP_IE_PAGING_INDICATORS, SGSAP_IE_SM_DELIVERY_TIMER, SGSAP_IE_SM_DELIVERY_START,
    SGSAP_IE_MAX_RETRANSMISSION,
};

enum err vlr_page(struct vlr_sub *sub, enum vlr_service service, const struct sgsap_msg *extra)
{
    struct vlr *vlr = sub->vlr;
    struct vlr_peer *peer = vlr_peer_of(vlr, sub);
    struct sgsap_msg msg;
    if (!peer)
        return ERR_CLOSED;
    vlr_begin(&msg, SGSAP_PAGING_REQUEST, &sub->imsi);
    sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, vlr->settings.name);
    sgsap_set_octet(&msg, SGSAP_IE_SERVICE_INDICATOR,
                    service == VLR_SMS ? SGSAP_SERVICE_SMS : SGSAP_SERVICE_CS);
    if (sub->tmsi != 0 && sub->state == VLR_ASSOCIATED)
        sgsap_set_number(&msg, SGSAP_IE_TMSI, sub->tmsi);
    if (sub->state != VLR_NULL)
        sgsap_set_area(&msg, SGSAP_IE_LAI, &sub->lai);
    for (size_t i = 0; extra && i < sizeof(paging_extras) / sizeof(paging_extras[0]); i++)
        msg.ie[paging_extras[i]] = extra->ie[paging_extras[i]];
    sub->paging = service;
    sub->paged_ns = base_now_ns();
    enum err err = sgsap_guard_start(&sub->guard, SGSAP_PROC_PAGING);
    vlr_send(peer, &msg);
    return err;
}

void vlr_paged(struct vlr_sub *sub)
{
    struct vlr *vlr = sub->vlr;
    if (sub->paging == VLR_NONE)
        return;
    if (vlr->times && vlr->n_times < VLR_TIMES_MAX)
        vlr->times[vlr->n_times++] = (uint32_t)((base_now_ns() - sub->paged_ns) / 1000);
    sub->paging = VLR_NONE;
    sgsap_guard_stop(&sub->guard);
    vlr_load_next(vlr);
}

enum err vlr_text(struct vlr_sub *sub, const char *from, const char *text)
{
    uint8_t nas[SMS_NAS_MAX];
    size_t len;
    enum err err = sms_deliver(0, 0, sub->vlr->settings.center, from, text, time(NULL), nas, &len);
    if (err)
        return err; // before anybody is paged
    if (sub->text)
        return ERR_EXISTS;
    if (strlen(from) >= sizeof(sub->text->from) || strlen(text) >= sizeof(sub->text->text))
        return ERR_ENCODE_SPACE;
    sub->text = calloc(1, sizeof(*sub->text));
    if (!sub->text)
        return ERR_NOMEM;
    memcpy(sub->text->from, from, strlen(from) + 1);
    memcpy(sub->text->text, text, strlen(text) + 1);
    err = vlr_page(sub, VLR_SMS, NULL);
    if (err)
        vlr_text_done(sub);
    return err;
}

void vlr_text_send(struct vlr_sub *sub, struct vlr_peer *peer)
{
    uint8_t nas[SMS_NAS_MAX];
    size_t len;
    sub->text->reference = ++sub->vlr->last_reference;
    sub->text->sent = true;
    if (sms_deliver(0, sub->text->reference, sub->vlr->settings.center, sub->text->from,
                    sub->text->text, time(NULL), nas, &len) == ERR_OK)
        vlr_nas(peer, sub, nas, len);
}

void vlr_text_done(struct vlr_sub *sub)
{
    free(sub->text);
    sub->text = NULL;
}

static enum err send_plain(struct vlr_sub *sub, enum sgsap_type type, int cause)
{
    struct vlr_peer *peer = vlr_peer_of(sub->vlr, sub);
    struct sgsap_msg msg;
    if (!peer)
        return ERR_CLOSED;
    vlr_begin(&msg, type, &sub->imsi);
    if (cause >= 0)
        sgsap_set_octet(&msg, SGSAP_IE_CAUSE, (uint8_t)cause);
    vlr_send(peer, &msg);
    return ERR_OK;
}

enum err vlr_alert(struct vlr_sub *sub)
{
    if (!vlr_peer_of(sub->vlr, sub))
        return ERR_CLOSED;
    return sgsap_guard_start(&sub->guard, SGSAP_PROC_ALERT);
}

enum err vlr_release(struct vlr_sub *sub, int cause)
{
    return send_plain(sub, SGSAP_RELEASE_REQUEST, cause);
}

enum err vlr_abort_service(struct vlr_sub *sub)
{
    return send_plain(sub, SGSAP_SERVICE_ABORT_REQUEST, -1);
}

enum err vlr_mm_info(struct vlr_sub *sub)
{
    struct vlr *vlr = sub->vlr;
    struct vlr_peer *peer = vlr_peer_of(vlr, sub);
    struct sgsap_mm_info info = {.has_time = true, .time = time(NULL)};
    struct sgsap_msg msg;
    uint8_t buf[UINT8_MAX];
    size_t len;
    if (!peer)
        return ERR_CLOSED;
    snprintf(info.full_name, sizeof(info.full_name), "%s", vlr->settings.full_name);
    snprintf(info.short_name, sizeof(info.short_name), "%s", vlr->settings.short_name);
    enum err err = sgsap_write_mm_info(&info, buf, sizeof(buf), &len);
    if (err)
        return err;
    vlr_begin(&msg, SGSAP_MM_INFORMATION_REQUEST, &sub->imsi);
    sgsap_set(&msg, SGSAP_IE_MM_INFORMATION, buf, (uint8_t)len);
    vlr_send(peer, &msg);
    return ERR_OK;
}

static void forget(struct vlr_sub *sub, void *arg)
{
    vlr_sub_forget(sub);
}

void vlr_reset(struct vlr *vlr)
{
    struct vlr_peer *peer;
    vlr_each_sub(vlr, forget, NULL);
    LIST_FOREACH(peer, &vlr->peers, link)
        sgsap_guard_start(&peer->reset, SGSAP_PROC_VLR_RESET);
}

// --- life ---

enum err vlr_new(struct base_loop *loop, const struct vlr_settings *settings,
                 const struct vlr_ops *ops, const struct vlr_watch *watch, struct vlr **out)
{
    struct vlr *vlr = calloc(1, sizeof(*vlr));
    if (!vlr)
        return ERR_NOMEM;
    vlr->loop = loop;
    vlr->settings = *settings;
    vlr->ops = *ops;
    if (watch)
        vlr->watch = *watch;
    LIST_INIT(&vlr->peers);
    LIST_INIT(&vlr->later);
    vlr->n_buckets = settings->max_subscribers / 2 + 1;
    vlr->last_tmsi = 0x01000000;
    vlr->buckets = calloc(vlr->n_buckets, sizeof(*vlr->buckets));
    vlr->times = malloc(VLR_TIMES_MAX * sizeof(*vlr->times));
    if (!vlr->buckets || !vlr->times) {
        vlr_free(vlr);
        return ERR_NOMEM;
    }
    *out = vlr;
    return ERR_OK;
}

void vlr_free(struct vlr *vlr)
{
    if (!vlr)
        return;
    if (vlr->buckets)
        vlr_each_sub(vlr, forget, NULL);
    while (!LIST_EMPTY(&vlr->peers))
        vlr_peer_down(LIST_FIRST(&vlr->peers));
    while (!LIST_EMPTY(&vlr->later)) {
        struct vlr_later *later = LIST_FIRST(&vlr->later);
        base_timer_stop(&later->timer);
        LIST_REMOVE(later, link);
        free(later);
    }
    vlr_load_end(vlr);
    free(vlr->buckets);
    free(vlr->times);
    free(vlr);
}

enum err vlr_peer_up(struct vlr *vlr, void *association, struct vlr_peer **out)
{
    struct vlr_peer *peer = calloc(1, sizeof(*peer));
    if (!peer)
        return ERR_NOMEM;
    peer->vlr = vlr;
    peer->association = association;
    enum err err = sgsap_guard_init(&peer->reset, vlr->loop, &vlr->settings.timers, &reset_guard);
    if (err) {
        free(peer);
        return err;
    }
    LIST_INSERT_HEAD(&vlr->peers, peer, link);
    *out = peer;
    return ERR_OK;
}

void vlr_peer_down(struct vlr_peer *peer)
{
    struct vlr_later *later;
    LIST_FOREACH(later, &peer->vlr->later, link) {
        if (later->peer == peer)
            later->peer = NULL;
    }
    sgsap_guard_fini(&peer->reset);
    LIST_REMOVE(peer, link);
    free(peer);
}

struct vlr_rules *vlr_rules_of(struct vlr *vlr)
{
    return &vlr->rules;
}

const struct vlr_settings *vlr_settings_of(const struct vlr *vlr)
{
    return &vlr->settings;
}

void vlr_each_peer(struct vlr *vlr, void (*visit)(struct vlr_peer *peer, void *arg), void *arg)
{
    struct vlr_peer *peer = LIST_FIRST(&vlr->peers), *next;
    for (; peer; peer = next) {
        next = LIST_NEXT(peer, link);
        visit(peer, arg);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

size_t vlr_take_paging_times(struct vlr *vlr, uint32_t **out)
{
    size_t n = vlr->n_times;
    *out = malloc(n ? n * sizeof(**out) : 1);
    if (!*out)
        return 0;
    memcpy(*out, vlr->times, n * sizeof(**out));
    vlr->n_times = 0;
    qsort(*out, n, sizeof(**out), by_value);
    return n;
}
