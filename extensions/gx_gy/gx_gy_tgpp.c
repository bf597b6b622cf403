// SPDX-License-Identifier: BSD-3-Clause
// What a session's later requests must carry. The access gateway keeps it (TgppContext) and sends
// it back, so that nothing about a session has to be kept here.
#include <string.h>
#include <strings.h>

#include "extensions/gx_gy/gx_gy.h"

typedef Magma__Lte__TgppContext Tgpp;

static enum err keep(struct base_arena *arena, const char *text, char **out)
{
    *out = base_arena_strndup(arena, text, strlen(text));
    return *out ? ERR_OK : ERR_NOMEM;
}

// The host of "aaa://ocs.example.org:3868;transport=tcp" (RFC 6733 4.3.1). NULL: it is no such URI.
static char *host_of_uri(struct base_arena *arena, const char *uri)
{
    size_t scheme = strncasecmp(uri, "aaa://", 6) == 0    ? 6
                    : strncasecmp(uri, "aaas://", 7) == 0 ? 7
                                                          : 0;
    size_t len = scheme ? strcspn(uri + scheme, ":;/") : 0;
    if (len == 0 || len > GXGY_IDENTITY_MAX)
        return NULL;
    return base_arena_strndup(arena, uri + scheme, len);
}

// The PCRF's choice of the OCS holds for the session's life (TS 29.212 4.5.4).
static enum err keep_charging(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                              Tgpp *tgpp)
{
    const Magma__Lte__ChargingAddresses *from = answer->policy ? answer->policy->charging : NULL;
    if (!from || !gxgy_settings()->gy.follow_pcrf)
        return ERR_OK;
    const char *const uris[] = {from->primary_ecf, from->secondary_ecf};
    char **hosts = gxgy_list(arena, NULL, 0, 2);
    size_t n = 0;
    if (!hosts)
        return ERR_NOMEM;
    for (size_t i = 0; i < 2; i++) {
        char *host = uris[i][0] ? host_of_uri(arena, uris[i]) : NULL;
        if (host)
            hosts[n++] = host;
        else if (uris[i][0])
            base_log_limited(&log_gx_gy, BASE_LOG_WARN, NULL,
                             "Charging-Information: %s is not the URI of a Diameter node", uris[i]);
    }
    if (n) {
        tgpp->charging_hosts = hosts;
        tgpp->n_charging_hosts = n;
    }
    return ERR_OK;
}

// The PCRF answers with the features that both have (TS 29.229 7.2.1).
static void keep_features(const Fgw__Gxgy__GxAnswer *answer, Tgpp *tgpp)
{
    for (size_t i = 0; i < answer->n_supported_features; i++) {
        const Fgw__Gxgy__Feature *f = answer->supported_features[i];
        if (f->vendor_id != DIA_3GPP)
            continue;
        if (f->list_id == 1)
            tgpp->gx_features_1 = (uint64_t)f->list + 1;
        else if (f->list_id == 2)
            tgpp->gx_features_2 = (uint64_t)f->list + 1;
    }
}

static enum err keep_gx(struct base_arena *arena, const struct gxgy_cc *gx, Tgpp *tgpp)
{
    const Fgw__Gxgy__GxAnswer *answer = (const Fgw__Gxgy__GxAnswer *)gx->answer;
    enum err err = keep(arena, gx->host, &tgpp->gx_dest_host);
    if (err == ERR_OK)
        err = keep(arena, gx->realm, &tgpp->gx_dest_realm);
    if (err != ERR_OK || !answer)
        return err;
    if (gx->type == GXGY_INITIAL)
        err = keep_charging(arena, answer, tgpp);
    keep_features(answer, tgpp);
    if (err == ERR_OK)
        err = gxgy_qos_authorised(arena, answer, &tgpp->qos);
    tgpp->unreported_rules = NULL; // the PCRF has them now
    tgpp->n_unreported_rules = 0;
    return err;
}

static enum err keep_gy(struct base_arena *arena, const struct gxgy_cc *gy, Tgpp *tgpp)
{
    const Fgw__Gxgy__GyAnswer *answer = (const Fgw__Gxgy__GyAnswer *)gy->answer;
    enum err err = keep(arena, gy->host, &tgpp->gy_dest_host);
    if (err == ERR_OK)
        err = keep(arena, gy->realm, &tgpp->gy_dest_realm);
    if (answer && answer->failure_handling_present_case)
        tgpp->gy_failure_handling = answer->failure_handling + 1;
    if (answer && answer->session_failover_present_case)
        tgpp->gy_session_failover = answer->session_failover + 1;
    if (answer && answer->direct_debiting_present_case)
        tgpp->gy_direct_debiting = answer->direct_debiting + 1;
    return err;
}

static Tgpp *copy_of(struct base_arena *arena, const Tgpp *before)
{
    Tgpp *tgpp = GXGY_NEW(arena, magma__lte__tgpp_context__descriptor);
    if (tgpp && before) {
        const ProtobufCMessage base = tgpp->base;
        *tgpp = *before;
        tgpp->base = base;
    }
    return tgpp;
}

enum err gxgy_tgpp_said(struct base_arena *arena, const Magma__Lte__QosInformationRequest *qos,
                        uint32_t bearer_id, uint32_t charging_id, Tgpp **tgpp)
{
    const Tgpp *before = *tgpp;
    uint32_t said = qos ? gxgy_qos_digest(qos) : before->qos_said;
    if (!bearer_id)
        bearer_id = before->bearer_id;
    if (!charging_id)
        charging_id = before->charging_id;
    if (said == before->qos_said && bearer_id == before->bearer_id &&
        charging_id == before->charging_id)
        return ERR_OK;
    Tgpp *now = copy_of(arena, before);
    if (!now)
        return ERR_NOMEM;
    now->bearer_id = bearer_id;
    now->charging_id = charging_id;
    now->qos_said = said;
    *tgpp = now;
    return said == before->qos_said ? ERR_OK : gxgy_qos_of_said(arena, qos, &now->qos);
}

enum err gxgy_tgpp(struct base_arena *arena, const Tgpp *before, const struct gxgy_cc *gx,
                   const struct gxgy_cc *gy, Tgpp **out)
{
    Tgpp *tgpp = *out = copy_of(arena, before);
    enum err err = ERR_OK;
    if (!tgpp)
        return ERR_NOMEM;
    if (gx && gx->ok)
        err = keep_gx(arena, gx, tgpp);
    if (gy && gy->ok && err == ERR_OK)
        err = keep_gy(arena, gy, tgpp);
    return err;
}

enum err gxgy_tgpp_not_told(struct base_arena *arena, const struct gxgy_rules *rules, Tgpp *tgpp)
{
    Magma__Lte__RuleReport **all =
        gxgy_list(arena, tgpp->unreported_rules, tgpp->n_unreported_rules, rules->n_failed);
    if (!all)
        return ERR_NOMEM;
    if (rules->n_failed)
        memcpy(all + tgpp->n_unreported_rules, rules->failed, rules->n_failed * sizeof(*all));
    tgpp->unreported_rules = all;
    tgpp->n_unreported_rules += rules->n_failed;
    return ERR_OK;
}
