// SPDX-License-Identifier: BSD-3-Clause
// The session manager's three calls as messages.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agw_client/session_int.h"

#define ELEMENTS_MAX 16 // of one kind in one session

// What the messages of one session have in common; the strings must live as long.
struct common {
    Magma__Lte__CommonSessionContext context;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__TgppContext *tgpp; // borrowed; NULL: the core gave none
    char imsi[24], address[INET_ADDRSTRLEN];
};

static void set_common(struct common *c, const struct agws_session *s)
{
    uint32_t host = htonl(0x0a000000u | ((s->index + 1) & 0xffffffu)); // 10.x.y.z
    magma__lte__common_session_context__init(&c->context);
    magma__lte__subscriber_id__init(&c->sid);
    snprintf(c->imsi, sizeof(c->imsi), "IMSI%s", s->imsi);
    inet_ntop(AF_INET, &host, c->address, sizeof(c->address));
    c->sid.id = c->imsi;
    c->context.sid = &c->sid;
    c->context.apn = (char *)(uintptr_t)s->model->options->apn;
    c->context.ue_ipv4 = c->address;
    c->tgpp = s->tgpp ? (Magma__Lte__TgppContext *)s->tgpp->parsed : NULL;
}

static uint8_t *pack(const ProtobufCMessage *message, size_t *len)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);
    if (bytes)
        *len = protobuf_c_message_pack(message, bytes);
    return bytes;
}

uint8_t *agws_message_create(const struct agws_session *s, size_t *len)
{
    Magma__Lte__CreateSessionRequest request = MAGMA__LTE__CREATE_SESSION_REQUEST__INIT;
    Magma__Lte__RatSpecificContext rat = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__INIT;
    Magma__Lte__LTESessionContext lte = MAGMA__LTE__LTESESSION_CONTEXT__INIT;
    char spgw[] = "192.0.2.9", plmn[6];
    struct common common;
    set_common(&common, s);
    snprintf(plmn, sizeof(plmn), "%.5s", s->imsi);
    lte.spgw_ipv4 = spgw;
    lte.plmn_id = lte.imsi_plmn_id = plmn;
    rat.context_case = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_LTE_CONTEXT;
    rat.lte_context = &lte;
    request.session_id = (char *)(uintptr_t)s->id;
    request.common_context = &common.context;
    request.rat_specific_context = &rat;
    return pack(&request.base, len);
}

// ---- usage ----
struct usage {
    Magma__Lte__CreditUsage usage;
    Magma__Lte__ServiceIdentifier service;
    Magma__Lte__RequestedUnits asked;
    Magma__Lte__UsedUnits used[2], *list[2];
};

static void set_used(struct usage *u, const uint64_t amounts[AGWS_KINDS])
{
    Magma__Lte__UsedUnits *used = &u->used[u->usage.n_used];
    magma__lte__used_units__init(used);
    used->bytes_rx = amounts[AGWS_OCTETS];
    used->seconds = (uint32_t)amounts[AGWS_SECONDS];
    used->service_units = amounts[AGWS_UNITS];
    u->list[u->usage.n_used++] = used;
    u->usage.used = u->list;
}

// More of what was granted; octets need not be asked for.
static void set_asked(struct usage *u, const struct agws_credit *c)
{
    if (!c->limited[AGWS_SECONDS] && !c->limited[AGWS_UNITS])
        return;
    magma__lte__requested_units__init(&u->asked);
    u->asked.total = c->limited[AGWS_OCTETS] ? c->granted[AGWS_OCTETS] : 0;
    u->asked.seconds = c->limited[AGWS_SECONDS] ? c->granted[AGWS_SECONDS] : 0;
    u->asked.service_units = c->limited[AGWS_UNITS] ? c->granted[AGWS_UNITS] : 0;
    u->usage.requested_units = &u->asked;
}

static void set_usage(struct usage *u, const struct agws_credit *c, uint32_t type,
                      const uint64_t before[AGWS_KINDS], const uint64_t after[AGWS_KINDS])
{
    magma__lte__credit_usage__init(&u->usage);
    u->usage.charging_key = c->group;
    u->usage.type = (Magma__Lte__CreditUsage__UpdateType)type;
    if (c->has_service) {
        magma__lte__service_identifier__init(&u->service);
        u->service.value = c->service;
        u->usage.service_identifier = &u->service;
    }
    set_asked(u, c);
    u->usage.bytes_rx = before[AGWS_OCTETS] + after[AGWS_OCTETS];
    if (!agws_any(after)) { // octets alone are told as unmodified access gateways do
        if (before[AGWS_SECONDS] || before[AGWS_UNITS])
            set_used(u, before);
        return;
    }
    set_used(u, before);
    set_used(u, after);
    for (uint32_t i = 0; i < 2; i++) { // Tariff-Change-Usage, RFC 8506 8.27: 0 before, 1 after
        u->used[i].tariff_change_usage_present_case =
            MAGMA__LTE__USED_UNITS__TARIFF_CHANGE_USAGE_PRESENT_TARIFF_CHANGE_USAGE;
        u->used[i].tariff_change_usage = i;
    }
}

static void set_monitor(Magma__Lte__UsageMonitorUpdate *u, const struct agws_monitor *m,
                        uint64_t octets)
{
    magma__lte__usage_monitor_update__init(u);
    u->monitoring_key.data = (uint8_t *)(uintptr_t)m->key->data;
    u->monitoring_key.len = m->key->len;
    u->level = m->level;
    u->bytes_rx = octets;
}

// The elements of one session in an UpdateSession.
struct part {
    struct common common;
    Magma__Lte__CreditUsageUpdate credits[ELEMENTS_MAX];
    struct usage usages[ELEMENTS_MAX];
    Magma__Lte__UsageMonitoringUpdateRequest monitors[ELEMENTS_MAX];
    Magma__Lte__UsageMonitorUpdate updates[ELEMENTS_MAX];
};

static void add_credits(struct part *p, const struct agws_session *s,
                        Magma__Lte__UpdateSessionRequest *request)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_credits && n < ELEMENTS_MAX; i++) {
        const struct agws_report *r = &s->credits[i].report;
        if (!r->pending)
            continue;
        Magma__Lte__CreditUsageUpdate *u = &p->credits[n];
        magma__lte__credit_usage_update__init(u);
        set_usage(&p->usages[n], &s->credits[i], r->type, r->before, r->after);
        u->usage = &p->usages[n++].usage;
        u->session_id = (char *)(uintptr_t)s->id;
        u->request_number = r->number;
        u->common_context = &p->common.context;
        u->tgpp_ctx = p->common.tgpp;
        request->updates[request->n_updates++] = u;
    }
}

static Magma__Lte__UsageMonitoringUpdateRequest *monitor_element(struct part *p, size_t n,
                                                                 const struct agws_session *s,
                                                                 const struct agws_report *r)
{
    Magma__Lte__UsageMonitoringUpdateRequest *u = &p->monitors[n];
    magma__lte__usage_monitoring_update_request__init(u);
    u->session_id = (char *)(uintptr_t)s->id;
    u->sid = p->common.imsi;
    u->ue_ipv4 = p->common.address;
    u->request_number = r->number;
    u->tgpp_ctx = p->common.tgpp;
    u->event_trigger =
        r->type ? (Magma__Lte__EventTrigger)r->type : MAGMA__LTE__EVENT_TRIGGER__USAGE_REPORT;
    return u;
}

static void add_monitors(struct part *p, const struct agws_session *s,
                         Magma__Lte__UpdateSessionRequest *request)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_monitors && n < ELEMENTS_MAX - 1; i++) {
        const struct agws_monitor *m = &s->monitors[i];
        if (!m->report.pending)
            continue;
        Magma__Lte__UsageMonitoringUpdateRequest *u = monitor_element(p, n, s, &m->report);
        set_monitor(&p->updates[n], m, m->report.before[AGWS_OCTETS]);
        u->update = &p->updates[n++];
        request->usage_monitors[request->n_usage_monitors++] = u;
    }
    if (s->event.pending)
        request->usage_monitors[request->n_usage_monitors++] = monitor_element(p, n, s, &s->event);
}

uint8_t *agws_message_update(struct agws_session *const *sessions, size_t n, size_t *len)
{
    Magma__Lte__UpdateSessionRequest request = MAGMA__LTE__UPDATE_SESSION_REQUEST__INIT;
    struct part *parts = malloc(n * sizeof(*parts));
    uint8_t *bytes = NULL;
    request.updates = malloc(n * ELEMENTS_MAX * sizeof(*request.updates));
    request.usage_monitors = malloc(n * ELEMENTS_MAX * sizeof(*request.usage_monitors));
    if (!parts || !request.updates || !request.usage_monitors)
        goto out;
    for (size_t i = 0; i < n; i++) {
        set_common(&parts[i].common, sessions[i]);
        add_credits(&parts[i], sessions[i], &request);
        add_monitors(&parts[i], sessions[i], &request);
    }
    bytes = pack(&request.base, len);
out:
    free(request.updates);
    free(request.usage_monitors);
    free(parts);
    return bytes;
}

uint8_t *agws_message_terminate(const struct agws_session *s, size_t *len)
{
    enum { FINAL = 2 };
    Magma__Lte__SessionTerminateRequest request = MAGMA__LTE__SESSION_TERMINATE_REQUEST__INIT;
    struct usage usages[ELEMENTS_MAX];
    Magma__Lte__UsageMonitorUpdate monitors[ELEMENTS_MAX], *monitor_list[ELEMENTS_MAX];
    Magma__Lte__CreditUsage *usage_list[ELEMENTS_MAX];
    struct common common;
    set_common(&common, s);
    for (size_t i = 0; i < s->n_credits && request.n_credit_usages < ELEMENTS_MAX; i++) {
        const struct agws_credit *c = &s->credits[i];
        uint64_t before[AGWS_KINDS];
        if (c->uncharged || (!agws_any(c->used) && c->state != AGWS_QUOTA))
            continue;
        for (int k = 0; k < AGWS_KINDS; k++)
            before[k] = c->used[k] - c->used_after[k];
        set_usage(&usages[request.n_credit_usages], c, FINAL, before, c->used_after);
        usage_list[request.n_credit_usages] = &usages[request.n_credit_usages].usage;
        request.n_credit_usages++;
    }
    for (size_t i = 0; i < s->n_monitors && request.n_monitor_usages < ELEMENTS_MAX; i++) {
        if (s->monitors[i].used == 0)
            continue;
        set_monitor(&monitors[request.n_monitor_usages], &s->monitors[i], s->monitors[i].used);
        monitor_list[request.n_monitor_usages] = &monitors[request.n_monitor_usages];
        request.n_monitor_usages++;
    }
    request.credit_usages = usage_list;
    request.monitor_usages = monitor_list;
    request.session_id = (char *)(uintptr_t)s->id;
    request.request_number = s->end_number;
    request.common_context = &common.context;
    request.tgpp_ctx = common.tgpp;
    return pack(&request.base, len);
}
