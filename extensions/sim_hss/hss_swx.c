// SPDX-License-Identifier: BSD-3-Clause
// SWx procedures of the HSS: authentication §8.1.2.1, location management §8.1.2.2 of TS 29.273.
#include "hss_swx.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUCKETS 65536
#define RESYNC_LEN (AKA_RAND_LEN + AKA_AUTS_LEN)

struct record {
    struct record *next;
    char imsi[16];
    struct hss_aaa aaa;
};
struct hss_swx {
    pthread_mutex_t mutex;
    struct record *buckets[BUCKETS];
};

// ---- which AAA server has whom ----

enum err hss_swx_new(struct hss_swx **out)
{
    struct hss_swx *swx = calloc(1, sizeof *swx);

    if (!swx)
        return ERR_NOMEM;
    pthread_mutex_init(&swx->mutex, NULL);
    *out = swx;
    return ERR_OK;
}

void hss_swx_free(struct hss_swx *swx)
{
    if (!swx)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (swx->buckets[i]) {
            struct record *gone = swx->buckets[i];

            swx->buckets[i] = gone->next;
            free(gone);
        }
    }
    pthread_mutex_destroy(&swx->mutex);
    free(swx);
}

static struct record **find(struct hss_swx *swx, const char *imsi)
{
    struct record **at = &swx->buckets[strtoull(imsi, NULL, 10) % BUCKETS];

    while (*at && strcmp((*at)->imsi, imsi) != 0)
        at = &(*at)->next;
    return at;
}

struct hss_aaa hss_swx_server(struct hss_swx *swx, const char *imsi)
{
    struct hss_aaa aaa = {0};
    struct record *record;

    pthread_mutex_lock(&swx->mutex);
    record = *find(swx, imsi);
    if (record)
        aaa = record->aaa;
    pthread_mutex_unlock(&swx->mutex);
    return aaa;
}

static struct record *put(struct record **at, const char *imsi)
{
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (*at)
            snprintf((*at)->imsi, sizeof(*at)->imsi, "%s", imsi);
    }
    return *at;
}

enum err hss_swx_serve(struct hss_swx *swx, const char *imsi, const char *host, const char *realm,
                       bool registered)
{
    enum err err = ERR_OK;
    struct record **at, *record;

    pthread_mutex_lock(&swx->mutex);
    at = find(swx, imsi);
    record = *at;
    if (!host) {
        if (record)
            *at = record->next;
        free(record);
    } else if ((record = put(at, imsi))) {
        snprintf(record->aaa.host, sizeof record->aaa.host, "%s", host);
        snprintf(record->aaa.realm, sizeof record->aaa.realm, "%s", realm);
        record->aaa.registered = registered;
    } else {
        err = ERR_NOMEM;
    }
    pthread_mutex_unlock(&swx->mutex);
    return err;
}

static bool is_same(const struct hss_aaa *aaa, const char *host)
{
    return strcasecmp(aaa->host, host) == 0; // DiameterIdentity: no case
}

// Has another AAA server registered the user? Then the answer names it.
static bool is_elsewhere(const struct hss_aaa *aaa, const char *host, struct hss_result *r,
                         char server[256])
{
    if (!aaa->registered || is_same(aaa, host))
        return false;
    hss_result_set(r, HSS_X_IDENTITY_ALREADY_REGISTERED, true);
    snprintf(server, 256, "%s", aaa->host);
    return true;
}

// ---- MAR ----

static bool check_mar(const struct hss_mar *mar, struct hss_result *r)
{
    if (!mar->has_item)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_AUTH_ITEM);
    else if (!mar->n)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_NUMBER_ITEMS);
    else if (!mar->known_scheme)
        hss_result_set(r, HSS_X_AUTH_SCHEME_NOT_SUPPORTED, true);
    else if (mar->prime && !mar->anid)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_ANID);
    else if (mar->resync && mar->resync_len != RESYNC_LEN)
        hss_result_failed(r, HSS_INVALID_AVP_LENGTH, HSS_FAILED_AUTH_ITEM);
    return r->code == HSS_SUCCESS;
}

// EAP-AKA' needs the separation bit, and keys bound to the access network (TS 33.402 §6.2).
static enum err make_vectors(struct hss *hss, struct hss_worker *worker, struct hss_sub *sub,
                             const struct hss_mar *mar, struct hss_maa *maa)
{
    size_t max = hss->settings.max_vectors, n = mar->n;
    enum err err;

    if (max > HSS_SWX_VECTORS_MAX)
        max = HSS_SWX_VECTORS_MAX;
    if (n > max)
        n = max;
    err = hss_make_quintets(hss, worker, sub, mar->prime, mar->resync, n, maa->vector);
    for (size_t i = 0; !err && mar->prime && i < n; i++) {
        struct aka_quintet *q = &maa->vector[i];
        uint8_t ck[16], ik[16];

        err = aka_ck_ik_prime(worker->gen, q, mar->anid, strlen(mar->anid), ck, ik);
        memcpy(q->ck, ck, sizeof ck);
        memcpy(q->ik, ik, sizeof ik);
    }
    if (!err)
        maa->n = n;
    return err;
}

void hss_mar(struct hss *hss, struct hss_swx *swx, struct hss_worker *worker,
             const struct hss_mar *mar, struct hss_maa *maa)
{
    struct hss_aaa aaa = hss_swx_server(swx, mar->imsi);
    struct hss_sub *sub;

    maa->n = 0;
    maa->server[0] = '\0';
    maa->prime = mar->prime;
    hss_result_set(&maa->result, HSS_SUCCESS, false);
    if (!check_mar(mar, &maa->result))
        return;
    sub = hss_cache_lock(hss->cache, mar->imsi);
    if (!sub) {
        hss_result_set(&maa->result, HSS_X_USER_UNKNOWN, true);
        return;
    }
    if (!sub->profile->eps || sub->profile->gsm_sim)
        hss_result_set(&maa->result, HSS_X_NO_NON_3GPP_SUBSCRIPTION, true);
    else if (!mar->aaa_failure && is_elsewhere(&aaa, mar->host, &maa->result, maa->server))
        ; // the result says it
    else if (make_vectors(hss, worker, sub, mar, maa))
        hss_result_set(&maa->result, HSS_X_AUTH_DATA_UNAVAILABLE, true);
    hss_cache_unlock(hss->cache, sub);
    if (maa->result.code != HSS_SUCCESS)
        return;
    if (hss_swx_serve(swx, mar->imsi, mar->host, mar->realm,
                      aaa.registered && is_same(&aaa, mar->host)))
        hss_result_set(&maa->result, HSS_UNABLE_TO_COMPLY, false);
}

// ---- SAR ----

static void give_data(struct hss *hss, const char *imsi, struct hss_saa *saa)
{
    struct hss_sub *sub = hss_cache_lock(hss->cache, imsi);

    if (!sub)
        return;
    saa->data = hss_profile_ref(sub->profile);
    hss_cache_unlock(hss->cache, sub);
}

static void take_register(struct hss *hss, struct hss_swx *swx, const struct hss_sar *sar,
                          struct hss_saa *saa)
{
    if (hss_swx_serve(swx, sar->imsi, sar->host, sar->realm, true))
        hss_result_set(&saa->result, HSS_UNABLE_TO_COMPLY, false);
    else
        give_data(hss, sar->imsi, saa);
}

static void take_end(struct hss_swx *swx, const struct hss_aaa *aaa, const struct hss_sar *sar,
                     struct hss_saa *saa)
{
    if (!is_same(aaa, sar->host))
        hss_result_set(&saa->result, HSS_X_IDENTITY_NOT_REGISTERED, true);
    else
        hss_swx_serve(swx, sar->imsi, NULL, NULL, false);
}

static void assign(struct hss *hss, struct hss_swx *swx, const struct hss_aaa *aaa,
                   const struct hss_sar *sar, struct hss_saa *saa)
{
    switch (sar->type) {
    case HSS_NO_ASSIGNMENT:
        break;
    case HSS_REGISTRATION:
    case HSS_RESTORATION:
        take_register(hss, swx, sar, saa);
        break;
    case HSS_USER_DEREGISTRATION:
    case HSS_ADMINISTRATIVE_DEREGISTRATION:
    case HSS_AUTHENTICATION_FAILURE:
    case HSS_AUTHENTICATION_TIMEOUT:
        take_end(swx, aaa, sar, saa);
        break;
    case HSS_AAA_USER_DATA_REQUEST:
        if (aaa->host[0])
            give_data(hss, sar->imsi, saa);
        else
            hss_result_set(&saa->result, HSS_UNABLE_TO_COMPLY, false);
        break;
    case HSS_PGW_UPDATE:
        if (!aaa->registered)
            hss_result_set(&saa->result, HSS_X_IDENTITY_NOT_REGISTERED, true);
        break;
    default:
        hss_result_set(&saa->result, HSS_X_ERROR_IN_ASSIGNMENT_TYPE, true);
    }
}

void hss_sar(struct hss *hss, struct hss_swx *swx, const struct hss_sar *sar, struct hss_saa *saa)
{
    struct hss_aaa aaa = hss_swx_server(swx, sar->imsi);
    struct hss_sub *sub = hss_cache_lock(hss->cache, sar->imsi);
    bool known = sub, subscribed = sub && sub->profile->eps;

    if (sub)
        hss_cache_unlock(hss->cache, sub);
    saa->data = NULL;
    saa->server[0] = '\0';
    hss_result_set(&saa->result, HSS_SUCCESS, false);
    if (!sar->has_type)
        hss_result_failed(&saa->result, HSS_MISSING_AVP, HSS_FAILED_ASSIGNMENT_TYPE);
    else if (!known)
        hss_result_set(&saa->result, HSS_X_USER_UNKNOWN, true);
    else if (!subscribed)
        hss_result_set(&saa->result, HSS_X_NO_NON_3GPP_SUBSCRIPTION, true);
    else if (!is_elsewhere(&aaa, sar->host, &saa->result, saa->server))
        assign(hss, swx, &aaa, sar, saa);
}

void hss_saa_release(struct hss_saa *saa)
{
    hss_profile_unref(saa->data);
    saa->data = NULL;
}
