// SPDX-License-Identifier: BSD-3-Clause
// Authentication Information Retrieval, TS 29.272 §5.2.3.1.
#include <string.h>

#include <openssl/crypto.h>

#include "hss_log.h"
#include "hss_s6a.h"

#define RESYNC_LEN (AKA_RAND_LEN + AKA_AUTS_LEN)
#define AIR_SEND_UE_USAGE_TYPE 1u // AIR-Flags bit 0, §7.3.201

void hss_result_set(struct hss_result *r, uint32_t code, bool experimental)
{
    *r = (struct hss_result){code, experimental, HSS_DIAGNOSTIC_NONE, HSS_FAILED_NONE};
}

void hss_result_failed(struct hss_result *r, uint32_t code, enum hss_failed failed)
{
    hss_result_set(r, code, false);
    r->failed = failed;
}

enum err hss_common_features(const struct hss *hss, const struct hss_features *asked,
                             struct hss_features *common)
{
    enum err err = ERR_OK;

    common->n = 0;
    for (size_t i = 0; i < asked->n && common->n < HSS_FEATURE_LISTS; i++) {
        uint32_t id = asked->item[i].id, ours = 0;

        if (id >= 1 && id <= HSS_FEATURE_LISTS)
            ours = hss->settings.features[id - 1];
        if (asked->item[i].mandatory && (asked->item[i].list & ~ours))
            err = ERR_UNSUPPORTED;
        if (id >= 1 && id <= HSS_FEATURE_LISTS) {
            common->item[common->n].id = id;
            common->item[common->n].mandatory = false;
            common->item[common->n++].list = asked->item[i].list & ours;
        }
    }
    return err;
}

enum err hss_worker_init(struct hss_worker *worker)
{
    memset(worker, 0, sizeof *worker);
    return aka_gen_new(&worker->gen);
}

void hss_worker_fini(struct hss_worker *worker)
{
    aka_gen_free(worker->gen);
    OPENSSL_cleanse(worker, sizeof *worker);
}

static enum err next_rand(struct hss *hss, struct hss_worker *worker, uint8_t rand[AKA_RAND_LEN])
{
    if (worker->left < AKA_RAND_LEN) {
        enum err err = hss->random(worker->pool, sizeof worker->pool);

        if (err)
            return err;
        worker->left = sizeof worker->pool;
    }
    worker->left -= AKA_RAND_LEN;
    memcpy(rand, worker->pool + worker->left, AKA_RAND_LEN);
    return ERR_OK;
}

static bool check_air(const struct hss_air *air, struct hss_result *r)
{
    const struct hss_asked *asked[] = {&air->eutran, &air->utran};

    if (!air->imsi)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_USER_NAME);
    else if (!air->plmn)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_VISITED_PLMN);
    else if (air->plmn_len != 3)
        hss_result_failed(r, HSS_INVALID_AVP_LENGTH, HSS_FAILED_VISITED_PLMN);
    else if (!air->eutran.present && !air->utran.present)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_REQUESTED_EUTRAN);
    for (size_t i = 0; i < 2; i++) {
        if (asked[i]->resync && asked[i]->resync_len != RESYNC_LEN)
            hss_result_failed(r, HSS_INVALID_AVP_LENGTH, HSS_FAILED_RESYNC);
    }
    return r->code == HSS_SUCCESS;
}

// How many vectors of one kind to give. Where both kinds are asked and only the other one is needed
// at once (§7.3.16), this one gets a single vector.
static size_t count(const struct hss *hss, const struct hss_asked *this,
                    const struct hss_asked *other)
{
    size_t max = this->immediate ? hss->settings.immediate_vectors : hss->settings.max_vectors;
    size_t n = this->n ? this->n : 1;

    if (!this->present)
        return 0;
    if (other->present && other->immediate && !this->immediate)
        max = 1;
    if (max > HSS_VECTORS_MAX)
        max = HSS_VECTORS_MAX;
    return n < max ? n : max;
}

// TS 33.102 §6.3.5, on a keyed generator and a locked subscriber. A wrong MAC-S leaves SQN alone,
// and vectors go out all the same, as step 6 there has it.
static void resynchronise(struct hss *hss, struct hss_worker *worker, struct hss_sub *sub,
                          const uint8_t *resync)
{
    const struct base_log_subject subject = {.imsi = sub->profile->imsi};
    uint8_t sqn_ms[AKA_SQN_LEN];

    if (!resync)
        return;
    if (aka_auts_open(worker->gen, resync, resync + AKA_RAND_LEN, sqn_ms)) {
        base_log_limited(&log_hss, BASE_LOG_WARN, &subject, "AUTS does not verify: SQN kept");
        return;
    }
    if (hss_cache_resync(hss->cache, sub, hss->now_ms(), sqn_ms))
        base_log_limited(&log_hss, BASE_LOG_INFO, &subject, "SQN taken over from the terminal");
}

// Draws n SQN and makes the quintets. eps: the vectors are for E-UTRAN, which their AMF must say.
static enum err make_quintets(struct hss *hss, struct hss_worker *worker, struct hss_sub *sub,
                              bool eps, size_t n, struct aka_quintet *out)
{
    uint8_t sqn[HSS_VECTORS_MAX][AKA_SQN_LEN], amf[AKA_AMF_LEN];
    enum err err;

    if (n == 0)
        return ERR_OK;
    // an MME and an SGSN may both hold stocks of vectors: each kind has its own IND values
    err = hss_cache_draw(hss->cache, sub, eps ? AKA_DOMAIN_PS : AKA_DOMAIN_CS, hss->now_ms(), n,
                         sqn);
    memcpy(amf, sub->profile->amf, sizeof amf);
    amf[0] = eps ? amf[0] | AKA_AMF_SEPARATION : amf[0] & (uint8_t)~AKA_AMF_SEPARATION;
    for (size_t i = 0; !err && i < n; i++) {
        uint8_t rand[AKA_RAND_LEN];

        err = next_rand(hss, worker, rand);
        if (!err)
            err = aka_quintet(worker->gen, rand, sqn[i], amf, &out[i]);
    }
    return err;
}

enum err hss_make_quintets(struct hss *hss, struct hss_worker *worker, struct hss_sub *sub,
                           bool separated, const uint8_t *resync, size_t n,
                           struct aka_quintet *out)
{
    enum err err = aka_gen_key(worker->gen, &sub->profile->cred);

    if (err)
        return err;
    resynchronise(hss, worker, sub, resync);
    return make_quintets(hss, worker, sub, separated, n, out);
}

static enum err make_vectors(struct hss *hss, struct hss_worker *worker, struct hss_sub *sub,
                             const struct hss_air *air, struct hss_aia *aia)
{
    size_t n_eutran = count(hss, &air->eutran, &air->utran);
    size_t n_utran = count(hss, &air->utran, &air->eutran);
    enum err err = aka_gen_key(worker->gen, &sub->profile->cred);

    if (err)
        return err;
    resynchronise(hss, worker, sub, air->eutran.resync ? air->eutran.resync : air->utran.resync);
    err = make_quintets(hss, worker, sub, true, n_eutran, aia->eutran);
    for (size_t i = 0; !err && i < n_eutran; i++)
        err = aka_kasme(worker->gen, &aia->eutran[i], air->plmn, aia->kasme[i]);
    if (!err)
        err = make_quintets(hss, worker, sub, false, n_utran, aia->utran);
    if (err)
        return err;
    aia->n_eutran = n_eutran;
    if (!sub->profile->gsm_sim) {
        aia->n_utran = n_utran;
        return ERR_OK;
    }
    for (size_t i = 0; i < n_utran; i++)
        aka_triplet(&aia->utran[i], &aia->geran[i]);
    aia->n_geran = n_utran;
    return ERR_OK;
}

void hss_air(struct hss *hss, struct hss_worker *worker, const struct hss_air *air,
             struct hss_aia *aia)
{
    struct hss_sub *sub;

    aia->n_eutran = aia->n_utran = aia->n_geran = 0;
    aia->features.n = 0;
    aia->ue_usage_type = 0;
    hss_result_set(&aia->result, HSS_SUCCESS, false);
    if (!check_air(air, &aia->result))
        return;
    if (hss_common_features(hss, &air->features, &aia->features)) {
        hss_result_set(&aia->result, HSS_X_FEATURE_UNSUPPORTED, true);
        return;
    }
    sub = hss_cache_lock(hss->cache, air->imsi);
    if (!sub) {
        hss_result_set(&aia->result, HSS_X_USER_UNKNOWN, true);
        return;
    }
    // a card without USIM is never admitted to E-UTRAN (TS 33.401 §6.1.1)
    if (air->eutran.present && (!sub->profile->eps || sub->profile->gsm_sim))
        hss_result_set(&aia->result, HSS_X_UNKNOWN_EPS_SUBSCRIPTION, true);
    else if (make_vectors(hss, worker, sub, air, aia))
        hss_result_set(&aia->result, HSS_X_AUTH_DATA_UNAVAILABLE, true);
    else if (air->air_flags & AIR_SEND_UE_USAGE_TYPE)
        aia->ue_usage_type = sub->profile->ue_usage_type;
    hss_cache_unlock(hss->cache, sub);
}
