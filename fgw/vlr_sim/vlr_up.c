// SPDX-License-Identifier: BSD-3-Clause
// What comes from MMEs: rules first, then what TS 29.118 asks of a VLR.
#include <stdlib.h>
#include <string.h>

#include "vlr_sim/vlr_int.h"

struct received {
    struct vlr_peer *peer;
    const struct sgsap_msg *msg;
    const uint8_t *data;
    size_t len;
    struct base_imsi imsi; // of messages that have one
};

static void wrong_state(const struct received *r)
{
    struct sgsap_fault fault;
    sgsap_fault_of(r->msg, SGSAP_CAUSE_WRONG_STATE, &fault);
    vlr_status(r->peer, &fault, r->data, r->len);
}

// --- location update, detach, reset ---

static void reject(const struct received *r, uint8_t cause)
{
    struct sgsap_msg msg;
    vlr_begin(&msg, SGSAP_LOCATION_UPDATE_REJECT, &r->imsi);
    sgsap_set_octet(&msg, SGSAP_IE_REJECT_CAUSE, cause);
    vlr_send(r->peer, &msg);
}

static void location_update(const struct received *r)
{
    enum { CONGESTION = 22 };
    struct vlr *vlr = r->peer->vlr;
    struct vlr_sub *sub;
    struct sgsap_msg msg;
    if (vlr_sub_get(vlr, &r->imsi, &sub) != ERR_OK) {
        reject(r, CONGESTION);
        return;
    }
    memcpy(sub->mme, r->peer->mme, sizeof(sub->mme));
    sgsap_read_area(r->msg->ie[SGSAP_IE_LAI], &sub->lai);
    vlr_paged(sub);
    vlr_begin(&msg, SGSAP_LOCATION_UPDATE_ACCEPT, &r->imsi);
    sgsap_set_area(&msg, SGSAP_IE_LAI, &sub->lai);
    sub->state = VLR_ASSOCIATED;
    if (vlr->settings.tmsi) {
        sub->state = VLR_PRESENT;
        sub->tmsi = ++vlr->last_tmsi;
        const struct sgsap_mobile mobile = {.is_tmsi = true, .tmsi = sub->tmsi};
        sgsap_set_mobile(&msg, SGSAP_IE_MOBILE_IDENTITY, &mobile);
    }
    vlr_send(r->peer, &msg);
    if (vlr->settings.full_name[0] || vlr->settings.short_name[0])
        vlr_mm_info(sub);
}

static void tmsi_complete(const struct received *r)
{
    struct vlr_sub *sub = vlr_find(r->peer->vlr, r->imsi.digits);
    if (sub && sub->state == VLR_PRESENT)
        sub->state = VLR_ASSOCIATED;
    else
        wrong_state(r);
}

static void detach(const struct received *r)
{
    struct vlr_sub *sub = vlr_find(r->peer->vlr, r->imsi.digits);
    struct sgsap_msg msg;
    bool eps = r->msg->type == SGSAP_EPS_DETACH_INDICATION;
    if (sub)
        vlr_sub_forget(sub);
    vlr_begin(&msg, eps ? SGSAP_EPS_DETACH_ACK : SGSAP_IMSI_DETACH_ACK, &r->imsi);
    vlr_send(r->peer, &msg);
}

struct restart {
    const char *mme;
};

static void mme_restarted(struct vlr_sub *sub, void *arg)
{
    const struct restart *restart = arg;
    if (strcmp(sub->mme, restart->mme) == 0)
        sub->state = VLR_NULL; // §5.7.3: kept, to be confirmed by radio contact
}

static void reset_indication(const struct received *r)
{
    struct restart restart = {.mme = r->peer->mme};
    struct sgsap_msg msg;
    vlr_each_sub(r->peer->vlr, mme_restarted, &restart);
    sgsap_init(&msg, SGSAP_RESET_ACK);
    sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, r->peer->vlr->settings.name);
    vlr_send(r->peer, &msg);
}

static void reset_ack(const struct received *r)
{
    if (sgsap_guard_answer(&r->peer->reset) != ERR_OK)
        wrong_state(r);
}

// --- paging, services ---

static void service_request(const struct received *r)
{
    struct vlr_sub *sub = vlr_find(r->peer->vlr, r->imsi.digits);
    enum sgsap_service service = SGSAP_SERVICE_CS;
    if (!sub || sub->paging == VLR_NONE) {
        wrong_state(r);
        return;
    }
    sgsap_read_service(r->msg->ie[SGSAP_IE_SERVICE_INDICATOR], &service);
    vlr_paged(sub);
    if (service == SGSAP_SERVICE_SMS && sub->text && !sub->text->sent)
        vlr_text_send(sub, r->peer);
}

static void paging_refused(const struct received *r)
{
    struct vlr_sub *sub = vlr_find(r->peer->vlr, r->imsi.digits);
    enum sgsap_cause cause = SGSAP_CAUSE_NORMAL;
    if (!sub)
        return;
    sgsap_read_cause(r->msg->ie[SGSAP_IE_CAUSE], &cause);
    vlr_paged(sub);
    vlr_text_done(sub);
    if (r->msg->type == SGSAP_PAGING_REJECT && cause != SGSAP_CAUSE_REJECTED_BY_USER)
        sub->state = VLR_NULL; // §5.1.2.4
}

static void alert_answer(const struct received *r)
{
    struct vlr_sub *sub = vlr_find(r->peer->vlr, r->imsi.digits);
    if (!sub || sub->guard.procedure != SGSAP_PROC_ALERT ||
        sgsap_guard_answer(&sub->guard) != ERR_OK)
        wrong_state(r);
}

// --- short messages ---

static void loop_back(struct vlr_sub *sub, const struct sms *sms)
{
    enum err err = vlr_text(sub, sms->peer[0] ? sms->peer : "0", sms->text);
    if (err)
        base_log(&log_vlr, BASE_LOG_NOTICE, NULL, "short message not looped: %s", err_str(err));
}

// The UE sends a short message: acknowledged on both layers, then the connection is released.
static void from_ue(const struct received *r, struct vlr_sub *sub, const struct sms *sms)
{
    uint8_t nas[SMS_NAS_MAX];
    char line[SMS_TEXT_MAX + 64];
    snprintf(line, sizeof(line), "short message to %s: %s", sms->peer, sms->text);
    vlr_show(r->peer->vlr, r->peer, 0, true, sub->imsi.digits, line);
    vlr_nas(r->peer, sub, nas, sms_cp_ack(sms->transaction, sms->ours, nas));
    vlr_nas(r->peer, sub, nas, sms_rp_ack(sms->transaction, sms->reference, nas));
}

static void to_ue_done(const struct received *r, struct vlr_sub *sub, const struct sms *sms)
{
    uint8_t nas[SMS_NAS_MAX];
    char line[64];
    bool ok = sms->rp == SMS_RP_ACK_FROM_UE;
    snprintf(line, sizeof(line), ok ? "short message delivered" : "short message refused: %u",
             sms->rp_cause);
    vlr_show(r->peer->vlr, r->peer, 0, true, sub->imsi.digits, line);
    vlr_nas(r->peer, sub, nas, sms_cp_ack(sms->transaction, sms->ours, nas));
    vlr_text_done(sub);
    vlr_release(sub, -1);
}

static void uplink(const struct received *r)
{
    struct vlr_sub *sub = vlr_find(r->peer->vlr, r->imsi.digits);
    struct sgsap_value nas = r->msg->ie[SGSAP_IE_NAS_CONTAINER];
    struct sgsap_msg msg;
    struct sms sms;
    if (!sub || sub->state == VLR_NULL) {
        vlr_begin(&msg, SGSAP_RELEASE_REQUEST, &r->imsi);
        sgsap_set_octet(&msg, SGSAP_IE_CAUSE, SGSAP_CAUSE_IMSI_DETACHED_EPS_NON_EPS);
        vlr_send(r->peer, &msg);
        return;
    }
    if (sms_read(nas.data, nas.len, &sms) != ERR_OK) {
        vlr_show(r->peer->vlr, r->peer, 0, true, sub->imsi.digits, "unreadable short message");
        return;
    }
    bool mo_done = sms.cp == SMS_CP_ACK && !sms.ours;
    if (sms.cp == SMS_CP_DATA && sms.rp == SMS_RP_DATA_FROM_UE) {
        from_ue(r, sub, &sms);
        if (r->peer->vlr->settings.loop)
            loop_back(sub, &sms);
    } else if (sms.cp == SMS_CP_DATA && sub->text && sub->text->sent) {
        to_ue_done(r, sub, &sms);
    } else if (mo_done) {
        vlr_release(sub, -1);
    }
}

// --- all of them ---

static void nothing(const struct received *r)
{
}

static const struct {
    uint8_t type;
    void (*handle)(const struct received *r);
} table[] = {
    {SGSAP_LOCATION_UPDATE_REQUEST, location_update},
    {SGSAP_TMSI_REALLOCATION_COMPLETE, tmsi_complete},
    {SGSAP_EPS_DETACH_INDICATION, detach},
    {SGSAP_IMSI_DETACH_INDICATION, detach},
    {SGSAP_RESET_INDICATION, reset_indication},
    {SGSAP_RESET_ACK, reset_ack},
    {SGSAP_SERVICE_REQUEST, service_request},
    {SGSAP_PAGING_REJECT, paging_refused},
    {SGSAP_UE_UNREACHABLE, paging_refused},
    {SGSAP_ALERT_ACK, alert_answer},
    {SGSAP_ALERT_REJECT, alert_answer},
    {SGSAP_UPLINK_UNITDATA, uplink},
    {SGSAP_UE_ACTIVITY_INDICATION, nothing},
    {SGSAP_MO_CSFB_INDICATION, nothing},
    {SGSAP_STATUS, nothing},
};

static void proper(const struct received *r)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].type == r->msg->type)
            table[i].handle(r);
    }
}

static void scripted(const struct received *r, const struct vlr_rule *rule)
{
    struct sgsap_fault fault;
    struct sgsap_msg msg;
    switch (rule->deed) {
    case VLR_PROPER:
        proper(r);
        break;
    case VLR_DUPLICATE:
        proper(r);
        proper(r);
        break;
    case VLR_DROP:
        break;
    case VLR_REJECT:
        reject(r, rule->cause);
        break;
    case VLR_RELEASE:
        vlr_begin(&msg, SGSAP_RELEASE_REQUEST, &r->imsi);
        sgsap_set_octet(&msg, SGSAP_IE_CAUSE, rule->cause);
        vlr_send(r->peer, &msg);
        break;
    case VLR_STATUS:
        sgsap_fault_of(r->msg, (enum sgsap_cause)rule->cause, &fault);
        vlr_status(r->peer, &fault, r->data, r->len);
        break;
    case VLR_RAW:
        vlr_send_octets(r->peer, rule->raw, rule->raw_len);
        break;
    case VLR_SHUTDOWN:
    case VLR_ABORT:
        r->peer->vlr->ops.drop(r->peer->association, rule->deed == VLR_ABORT);
        break;
    }
}

static bool begin(struct received *r, struct sgsap_msg *msg)
{
    if (sgsap_decode(r->data, r->len, SGSAP_MME, msg, NULL) != ERR_OK)
        return false;
    r->msg = msg;
    if (sgsap_read_imsi(msg->ie[SGSAP_IE_IMSI], &r->imsi) != ERR_OK)
        r->imsi.digits[0] = '\0';
    return true;
}

static void on_later(struct base_timer *timer)
{
    struct vlr_later *later = BASE_CONTAINER_OF(timer, struct vlr_later, timer);
    struct sgsap_msg msg;
    struct received r = {.peer = later->peer, .data = later->data, .len = later->len};
    LIST_REMOVE(later, link);
    if (later->peer && begin(&r, &msg))
        scripted(&r, &later->rule);
    free(later);
}

static void postpone(const struct received *r, const struct vlr_rule *rule)
{
    struct vlr *vlr = r->peer->vlr;
    struct vlr_later *later = malloc(sizeof(*later) + r->len);
    if (!later)
        return;
    later->vlr = vlr;
    later->peer = r->peer;
    later->rule = *rule;
    later->len = r->len;
    memcpy(later->data, r->data, r->len);
    base_timer_init(&later->timer, vlr->loop, on_later);
    LIST_INSERT_HEAD(&vlr->later, later, link);
    base_timer_start(&later->timer, rule->delay);
}

void vlr_received(struct vlr_peer *peer, const uint8_t *data, size_t len)
{
    struct vlr *vlr = peer->vlr;
    struct sgsap_msg msg;
    struct sgsap_fault fault;
    struct vlr_rule rule;
    struct received r = {.peer = peer, .data = data, .len = len};
    char text[512];
    peer->received++;
    if (sgsap_decode(data, len, SGSAP_MME, &msg, &fault) != ERR_OK) {
        snprintf(text, sizeof(text), "malformed %s: %s, %s", sgsap_type_name(fault.type),
                 err_str(fault.err), sgsap_ie_name(fault.ie));
        vlr_show(vlr, peer, fault.type, true, fault.has_imsi ? fault.imsi.digits : NULL, text);
        vlr_status(peer, &fault, data, len);
        return;
    }
    begin(&r, &msg);
    if (sgsap_has(&msg, SGSAP_IE_MME_NAME))
        sgsap_read_name(msg.ie[SGSAP_IE_MME_NAME], peer->mme, sizeof(peer->mme));
    const char *imsi = r.imsi.digits[0] ? r.imsi.digits : NULL;
    vlr_show(vlr, peer, msg.type, true, imsi, sgsap_describe(&msg, text, sizeof(text)));
    if (!vlr_rules_match(&vlr->rules, msg.type, imsi, &rule))
        proper(&r);
    else if (rule.delay > 0)
        postpone(&r, &rule);
    else
        scripted(&r, &rule);
}
