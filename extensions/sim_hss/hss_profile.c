// SPDX-License-Identifier: BSD-3-Clause
// Subscriber profiles: life cycle, and the checks that make one fit to be served.
#include "hss_profile.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

struct hss_profile *hss_profile_new(void)
{
    struct hss_profile *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    atomic_store(&p->refs, 1);
    p->cred.alg = AKA_MILENAGE;
    p->cred.res_len = 8;
    p->cred.iterations = 1;
    p->amf[0] = AKA_AMF_SEPARATION;
    p->eps = true;
    p->nam = 2;
    p->ambr_ul = 50000000;
    p->ambr_dl = 150000000;
    return p;
}

struct hss_profile *hss_profile_copy(const struct hss_profile *p)
{
    struct hss_profile *copy = malloc(sizeof *copy);

    if (!copy)
        return NULL;
    memcpy(copy, p, sizeof *copy);
    atomic_store(&copy->refs, 1);
    copy->apns = NULL;
    if (p->n_apns) {
        copy->apns = malloc(p->n_apns * sizeof *p->apns);
        if (!copy->apns) {
            OPENSSL_cleanse(copy, sizeof *copy);
            free(copy);
            return NULL;
        }
        memcpy(copy->apns, p->apns, p->n_apns * sizeof *p->apns);
    }
    return copy;
}

struct hss_profile *hss_profile_ref(struct hss_profile *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void hss_profile_unref(struct hss_profile *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(p->apns);
    OPENSSL_cleanse(p, sizeof *p);
    free(p);
}

enum err hss_profile_add_apn(struct hss_profile *p, struct hss_apn **out)
{
    struct hss_apn *apns;

    if (p->n_apns >= HSS_APNS_MAX)
        return ERR_FULL;
    apns = realloc(p->apns, (p->n_apns + 1) * sizeof *apns);
    if (!apns)
        return ERR_NOMEM;
    p->apns = apns;
    *out = &apns[p->n_apns++];
    memset(*out, 0, sizeof **out);
    (*out)->pdn_type = 2;
    (*out)->qci = 9;
    (*out)->arp_priority = 8;
    (*out)->preemptable = true;
    (*out)->ambr_ul = 50000000;
    (*out)->ambr_dl = 150000000;
    return ERR_OK;
}

void hss_profile_clear_apns(struct hss_profile *p)
{
    free(p->apns);
    p->apns = NULL;
    p->n_apns = 0;
}

bool hss_profile_drop_apn(struct hss_profile *p, uint32_t context_id)
{
    for (size_t i = 0; i < p->n_apns; i++) {
        if (p->apns[i].context_id != context_id)
            continue;
        memmove(p->apns + i, p->apns + i + 1, (p->n_apns - i - 1) * sizeof *p->apns);
        p->n_apns--;
        return true;
    }
    return false;
}

static const struct hss_apn *find_context(const struct hss_profile *p, uint32_t context_id)
{
    for (size_t i = 0; i < p->n_apns; i++) {
        if (p->apns[i].context_id == context_id)
            return &p->apns[i];
    }
    return NULL;
}

static enum err number_apns(struct hss_profile *p, const char **why)
{
    uint32_t next = 1;

    for (size_t i = 0; i < p->n_apns; i++) {
        uint32_t id = p->apns[i].context_id;

        if (id == 0) {
            while (find_context(p, next))
                next++;
            p->apns[i].context_id = next;
        } else if (find_context(p, id) != &p->apns[i]) {
            *why = "two APNs have the same context identifier";
            return ERR_EXISTS;
        }
    }
    // dropping the default APN makes the first one the default, so that a profile stays usable
    if (p->n_apns && !find_context(p, p->default_context))
        p->default_context = p->apns[0].context_id;
    return ERR_OK;
}

static enum err check_keys(struct hss_profile *p, struct aka_gen *gen, const char **why)
{
    enum err err;

    if (p->cred.alg == AKA_MILENAGE)
        p->cred.res_len = 8;
    if (p->op_len) {
        err = aka_cred_derive(gen, &p->cred, p->op, p->op_len);
        OPENSSL_cleanse(p->op, sizeof p->op);
        p->op_len = 0;
        p->has_opc = err == ERR_OK;
    }
    if (!p->cred.k_len || !p->has_opc) {
        *why = "k and one of op, opc are required and must fit the algorithm";
        return ERR_INVALID;
    }
    err = aka_gen_key(gen, &p->cred);
    if (err)
        *why = "key lengths do not fit the algorithm";
    return err;
}

enum err hss_profile_finish(struct hss_profile *p, struct aka_gen *gen, const char **why)
{
    struct base_imsi imsi;
    enum err err;

    if (base_imsi_parse(p->imsi, strlen(p->imsi), &imsi) || strcmp(imsi.digits, p->imsi) != 0) {
        *why = "imsi must be 6 to 15 digits";
        return ERR_INVALID;
    }
    err = check_keys(p, gen, why);
    if (err)
        return err;
    return number_apns(p, why);
}
