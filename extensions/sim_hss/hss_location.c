// SPDX-License-Identifier: BSD-3-Clause
// Where the subscriber is: Update Location §5.2.1.1, Purge UE §5.2.1.3, Notification §5.2.5.1 of
// TS 29.272.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hss_s6a.h"

static const char *const cancellation_names[HSS_CANCELLATIONS] = {
    [HSS_CANCEL_MME_UPDATE] = "mme-update",
    [HSS_CANCEL_SGSN_UPDATE] = "sgsn-update",
    [HSS_CANCEL_WITHDRAWAL] = "withdrawal",
    [HSS_CANCEL_UPDATE_IWF] = "update-iwf",
    [HSS_CANCEL_INITIAL_ATTACH] = "initial-attach",
};

const char *hss_cancellation_name(enum hss_cancellation type)
{
    return (unsigned)type < HSS_CANCELLATIONS ? cancellation_names[type] : NULL;
}

static bool is_node(const struct hss_node *node, const char *host)
{
    return node && strcasecmp(node->host, host) == 0; // DiameterIdentity: no case
}

static bool is_home(const struct hss *hss, const struct hss_profile *p,
                    const struct base_plmn *plmn)
{
    struct base_imsi imsi;

    for (size_t i = 0; i < hss->settings.n_home; i++) {
        if (base_plmn_equal(&hss->settings.home[i], plmn))
            return true;
    }
    return hss->settings.n_home == 0 && !base_imsi_parse(p->imsi, strlen(p->imsi), &imsi) &&
           base_plmn_matches_imsi(plmn, &imsi);
}

static bool may_roam(const struct hss_profile *p, const struct base_plmn *plmn)
{
    for (size_t i = 0; i < p->n_roaming; i++) {
        if (base_plmn_equal(&p->roaming_plmn[i], plmn))
            return true;
    }
    return p->roaming == HSS_ROAM_ALL;
}

// Access-Restriction-Data bit that forbids a RAT-Type (§7.3.31, TS 29.212 §5.3.31); -1: none
static int restriction_bit(uint32_t rat_type)
{
    switch (rat_type) {
    case 1000: return 0;  // UTRAN
    case 1001: return 1;  // GERAN
    case 1002: return 2;  // GAN
    case 1003: return 3;  // HSPA evolution
    case 1004: return 4;  // WB-E-UTRAN
    case 1005: return 6;  // NB-IoT
    case 1007: return 11; // LTE-M
    default: return -1;
    }
}

static bool check_ulr(const struct hss_ulr *ulr, struct hss_result *r)
{
    if (!ulr->imsi)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_USER_NAME);
    else if (!ulr->host)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_ORIGIN_HOST);
    else if (!ulr->realm)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_ORIGIN_REALM);
    else if (!ulr->has_rat)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_RAT_TYPE);
    else if (!ulr->has_flags)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_ULR_FLAGS);
    else if (!ulr->plmn)
        hss_result_failed(r, HSS_MISSING_AVP, HSS_FAILED_VISITED_PLMN);
    else if (ulr->plmn_len != 3)
        hss_result_failed(r, HSS_INVALID_AVP_LENGTH, HSS_FAILED_VISITED_PLMN);
    return r->code == HSS_SUCCESS;
}

// May the subscriber be served there? §5.2.1.1.3, in the order of the text.
static void admit(const struct hss *hss, const struct hss_profile *p, const struct hss_ulr *ulr,
                  struct hss_result *r)
{
    int bit = restriction_bit(ulr->rat_type);
    struct base_plmn plmn;

    if (!p->eps || (p->n_apns == 0 && (ulr->flags & HSS_ULR_S6A))) {
        hss_result_set(r, HSS_X_UNKNOWN_EPS_SUBSCRIPTION, true);
        return;
    }
    if (bit >= 0 && (p->access_restriction >> bit & 1)) {
        hss_result_set(r, HSS_X_RAT_NOT_ALLOWED, true);
        return;
    }
    if (base_plmn_from_bcd(ulr->plmn, &plmn) || is_home(hss, p, &plmn))
        return;
    if (!may_roam(p, &plmn)) {
        hss_result_set(r, HSS_X_ROAMING_NOT_ALLOWED, true);
    } else if (p->odb & 1) { // all packet oriented services barred
        hss_result_set(r, HSS_X_ROAMING_NOT_ALLOWED, true);
        r->diagnostic = HSS_DIAGNOSTIC_ODB_ALL_APN;
    }
}

static void add_cancel(struct hss_cancel *cancels, size_t *n, const struct hss_node *node,
                       enum hss_cancellation type, bool mme)
{
    cancels[(*n)++] = (struct hss_cancel){
        .host = node->host,
        .realm = node->realm,
        .type = type,
        .clr_flags = mme ? HSS_CLR_S6A : 0,
    };
}

// Cancels the other kind of node, where the flags ask for it. A combined MME/SGSN does not cancel
// itself.
static void leave_other(struct hss *hss, struct hss_sub *sub, const struct hss_ulr *ulr, bool mme,
                        struct hss_ula *ula)
{
    struct hss_node **other = mme ? &sub->sgsn : &sub->mme;
    enum hss_cancellation type = HSS_CANCEL_INITIAL_ATTACH;

    if (!*other || !(ulr->flags & (HSS_ULR_SINGLE_REGISTRATION | HSS_ULR_INITIAL_ATTACH)))
        return;
    if (ulr->flags & HSS_ULR_SINGLE_REGISTRATION)
        type = mme ? HSS_CANCEL_SGSN_UPDATE : HSS_CANCEL_MME_UPDATE;
    if (!is_node(*other, ulr->host))
        add_cancel(ula->cancels, &ula->n_cancels, *other, type, !mme);
    else if (ulr->flags & HSS_ULR_NODE_TYPE)
        return;
    hss_cache_serve(hss->cache, sub, other, NULL, NULL);
}

static void register_sms(struct hss_sub *sub, const struct hss_ulr *ulr, struct hss_ula *ula)
{
    // SMS-Register-Request 1: SMS_REGISTRATION_NOT_PREFERRED
    sub->sms_registered = sub->profile->sms_in_mme && ulr->sms_number && ulr->sms_request != 1;
    if (sub->sms_registered)
        ula->flags |= HSS_ULA_MME_SMS;
}

// The subscriber is admitted: notes who serves it and whom to cancel.
static enum err move(struct hss *hss, struct hss_sub *sub, const struct hss_ulr *ulr,
                     struct hss_ula *ula)
{
    bool mme = ulr->flags & HSS_ULR_S6A;
    struct hss_node **which = mme ? &sub->mme : &sub->sgsn, *old = *which;
    enum err err = ERR_OK;

    if (!is_node(old, ulr->host) || strcasecmp(old->realm, ulr->realm) != 0)
        err = hss_cache_serve(hss->cache, sub, which, ulr->host, ulr->realm);
    if (err)
        return err;
    if (old && !is_node(old, ulr->host))
        add_cancel(ula->cancels, &ula->n_cancels, old,
                   mme ? HSS_CANCEL_MME_UPDATE : HSS_CANCEL_SGSN_UPDATE, mme);
    leave_other(hss, sub, ulr, mme, ula);
    ula->flags = HSS_ULA_SEPARATION;
    if (mme) {
        sub->mme_purged = false;
        register_sms(sub, ulr, ula);
    } else {
        sub->sgsn_purged = false;
    }
    if (ulr->imei)
        snprintf(sub->imei, sizeof sub->imei, "%s", ulr->imei);
    hss_cache_touch(hss->cache, sub);
    return ERR_OK;
}

void hss_ulr(struct hss *hss, const struct hss_ulr *ulr, struct hss_ula *ula)
{
    struct hss_sub *sub;

    memset(ula, 0, sizeof *ula);
    hss_result_set(&ula->result, HSS_SUCCESS, false);
    if (!check_ulr(ulr, &ula->result))
        return;
    if (hss_common_features(hss, &ulr->features, &ula->features)) {
        hss_result_set(&ula->result, HSS_X_FEATURE_UNSUPPORTED, true);
        return;
    }
    sub = hss_cache_lock(hss->cache, ulr->imsi);
    if (!sub) {
        hss_result_set(&ula->result, HSS_X_USER_UNKNOWN, true);
        return;
    }
    admit(hss, sub->profile, ulr, &ula->result);
    if (ula->result.code == HSS_SUCCESS && move(hss, sub, ulr, ula))
        hss_result_set(&ula->result, HSS_UNABLE_TO_COMPLY, false);
    if (ula->result.code == HSS_SUCCESS && !(ulr->flags & HSS_ULR_SKIP_DATA))
        ula->data = hss_profile_ref(sub->profile);
    hss_cache_unlock(hss->cache, sub);
}

void hss_ula_release(struct hss_ula *ula)
{
    hss_profile_unref(ula->data);
    ula->data = NULL;
}

void hss_pur(struct hss *hss, const struct hss_pur *pur, struct hss_pua *pua)
{
    struct hss_sub *sub;

    memset(pua, 0, sizeof *pua);
    hss_result_set(&pua->result, HSS_SUCCESS, false);
    if (!pur->imsi || !pur->host) {
        hss_result_failed(&pua->result, HSS_MISSING_AVP,
                          pur->imsi ? HSS_FAILED_ORIGIN_HOST : HSS_FAILED_USER_NAME);
        return;
    }
    sub = hss_cache_lock(hss->cache, pur->imsi);
    if (!sub) {
        hss_result_set(&pua->result, HSS_X_USER_UNKNOWN, true);
        return;
    }
    // only the node that serves the subscriber can purge it; any other gets success without
    // freezing
    if (is_node(sub->mme, pur->host) && (!pur->has_flags || (pur->flags & HSS_PUR_MME))) {
        sub->mme_purged = true;
        pua->flags |= HSS_PUA_FREEZE_M_TMSI;
    }
    if (is_node(sub->sgsn, pur->host) && (!pur->has_flags || (pur->flags & HSS_PUR_SGSN))) {
        sub->sgsn_purged = true;
        pua->flags |= HSS_PUA_FREEZE_P_TMSI;
    }
    if (pua->flags)
        hss_cache_touch(hss->cache, sub);
    hss_cache_unlock(hss->cache, sub);
}

void hss_nor(struct hss *hss, const struct hss_nor *nor, struct hss_noa *noa)
{
    struct hss_sub *sub;

    memset(noa, 0, sizeof *noa);
    hss_result_set(&noa->result, HSS_SUCCESS, false);
    if (!nor->imsi || !nor->host) {
        hss_result_failed(&noa->result, HSS_MISSING_AVP,
                          nor->imsi ? HSS_FAILED_ORIGIN_HOST : HSS_FAILED_USER_NAME);
        return;
    }
    sub = hss_cache_lock(hss->cache, nor->imsi);
    if (!sub) {
        hss_result_set(&noa->result, HSS_X_USER_UNKNOWN, true);
        return;
    }
    if (!is_node(sub->mme, nor->host) && !is_node(sub->sgsn, nor->host)) {
        hss_result_set(&noa->result, HSS_X_UNKNOWN_SERVING_NODE, true);
    } else {
        if ((nor->flags & HSS_NOR_SINGLE_REGISTRATION) && sub->sgsn &&
            !is_node(sub->sgsn, nor->host)) {
            add_cancel(noa->cancels, &noa->n_cancels, sub->sgsn, HSS_CANCEL_SGSN_UPDATE, false);
            hss_cache_serve(hss->cache, sub, &sub->sgsn, NULL, NULL);
        }
        if (nor->flags & HSS_NOR_REMOVE_SMS)
            sub->sms_registered = false;
        hss_cache_touch(hss->cache, sub);
    }
    hss_cache_unlock(hss->cache, sub);
}
