// SPDX-License-Identifier: BSD-3-Clause
// Between the files of the session model. All of it belongs to the link's loop thread.
#pragma once

#include <sys/resource.h>

#include "agw_client/hist.h"
#include "agw_client/session.h"
#include "base/clock.h"
#include "proto/session.pb-c.h"

#define AGWS_ID_MAX 48
#define AGWS_TOTALS_MAX 64

// Text that many sessions have in common, kept once; compared by address.
struct agws_text {
    struct agws_text *next;
    ProtobufCMessage *parsed; // of a TgppContext
    size_t len;
    char data[]; // with a 0 behind
};

enum agws_credit_state {
    AGWS_NONE, // nothing granted yet, or not any more
    AGWS_QUOTA,
    AGWS_UNLIMITED,
    AGWS_SUSPENDED, // refused for now: until the core asks again
    AGWS_REDIRECTED,
    AGWS_RESTRICTED,
};

// What was reported and not acknowledged: sent again unchanged.
struct agws_report {
    bool pending;
    uint32_t number, type;
    uint64_t before[AGWS_KINDS], after[AGWS_KINDS]; // a tariff change
};

struct agws_credit {
    uint32_t group, service;
    bool has_service, is_final, reauth, fresh, holding, threshold_told;
    bool uncharged; // nobody wants to know what is used
    uint8_t final_action;
    enum agws_credit_state state;
    bool limited[AGWS_KINDS]; // what the quota is of; octets are counted in any case
    uint64_t granted[AGWS_KINDS], threshold[AGWS_KINDS];
    uint64_t used[AGWS_KINDS], used_after[AGWS_KINDS]; // since the last report; after: part of it
    int64_t valid_until_ns, holding_ns, last_use_ns, tariff_unix;
    const struct agws_text *redirect;
    struct agws_report report;
};

struct agws_monitor {
    const struct agws_text *key;
    Magma__Lte__MonitoringLevel level;
    bool ended, force;
    uint64_t granted, used;
    struct agws_report report;
};

struct agws_rule {
    const struct agws_text *id, *key; // key NULL: not monitored
    uint32_t group;
    bool is_static;
    int64_t from_unix, until_unix; // 0: not limited
};

enum agws_state {
    AGWS_OPENING,
    AGWS_OPEN,
    AGWS_ENDING,
    AGWS_CLOSED,
    AGWS_REFUSED, // the core would not open it
};

struct agws_session {
    struct agws *model;
    struct agws_session *hash_next, *queue_next, *wait_next;
    char id[AGWS_ID_MAX];
    char imsi[16];
    uint32_t index, number, tries;
    enum agws_state state;
    bool busy, queued, waiting; // in a call; in the queue; in the list of those that come later
    bool ended;                 // the termination is acknowledged, or given up
    bool leaving;               // is to end as soon as it is open
    uint32_t end_number;        // of the termination; 0: not chosen yet
    int64_t wait_until_ns, revalidate_unix;
    struct agws_report event; // an event trigger to report: type is the trigger
    struct agws_credit *credits;
    struct agws_monitor *monitors;
    struct agws_rule *rules;
    uint16_t n_credits, n_monitors, n_rules;
    const struct agws_text *tgpp; // what the core wants back: a TgppContext as it came
    uint64_t consumed[AGWS_KINDS], acknowledged[AGWS_KINDS];
};

// By rating group or monitoring key.
struct agws_sums {
    uint64_t consumed, acknowledged, refused;
};
struct agws_total {
    bool used;
    uint32_t group;
    const struct agws_text *key;
    struct agws_sums of[AGWS_KINDS];
};

enum agws_call_kind { AGWS_CREATE, AGWS_UPDATE, AGWS_TERMINATE, AGWS_CALLS };

struct agws_call {
    struct agws *model;
    struct agws_call *next; // free list
    enum agws_call_kind kind;
    int64_t began_ns;
    size_t n;
    struct agws_session **sessions; // options->batch of them
};

struct agws_call_count {
    uint64_t sent, answered, failed, again;
    int64_t first_ns, last_ns;
    struct hist hist;
};

struct agws {
    struct agwc *link;
    const struct agws_options *options;
    struct agws_session **all;
    size_t n, room;
    struct agws_session **buckets;
    struct agws_text *texts[256];
    struct agws_session *queue, **queue_last, *waiting;
    struct agws_call *free_calls, *calls;
    uint32_t outstanding;
    size_t next_channel;
    uint64_t next_suffix;
    bool closing;   // the model is being freed: no new calls
    bool consuming; // the rate applies
    bool timed;     // some session has something that happens by time
    struct base_timer tick;
    int64_t ticked_ns;
    double carry[AGWS_KINDS]; // what is not yet a whole octet, second or unit for each rating group
    uint64_t opened, refused, terminated;
    uint64_t policy_reauths, charging_reauths, aborts;
    struct agws_total groups[AGWS_TOTALS_MAX], keys[AGWS_TOTALS_MAX];
    struct agws_call_count counts[AGWS_CALLS];
    uint64_t status[17];
};

// ---- session_model.c ----
struct agws_text *agws_text(struct agws *model, const void *data, size_t len);
struct agws_total *agws_total_group(struct agws *model, uint32_t group);
struct agws_total *agws_total_key(struct agws *model, const struct agws_text *key);
int64_t agws_unix(void);
// Consumes up to so much; returns how much the quota and the rules allow. Seconds and units only
// where they are granted.
uint64_t agws_consume(struct agws_session *s, struct agws_credit *credit, enum agws_kind kind,
                      uint64_t amount);
// Consumes the rest of every quota.
void agws_consume_all(struct agws_session *s);
// UINT64_MAX: unlimited. Nothing, where the quota of another kind is at its end.
uint64_t agws_left(const struct agws_credit *credit, enum agws_kind kind);
bool agws_any(const uint64_t amounts[AGWS_KINDS]);
struct agws_credit *agws_credit_of(struct agws_session *s, uint32_t group);
// Decides what is to be reported now. True: there is something to send (new or again), or the
// session must end.
bool agws_collect(struct agws_session *s);
void agws_session_fini(struct agws_session *s);

// ---- session_apply.c: what the core says ----
void agws_apply_create(struct agws_session *s, const Magma__Lte__CreateSessionResponse *r);
// True: it was answered for good; false: it has to be sent again.
bool agws_apply_credit(struct agws_session *s, const Magma__Lte__CreditUpdateResponse *r);
bool agws_apply_monitor(struct agws_session *s, const Magma__Lte__UsageMonitoringUpdateResponse *r);
void agws_apply_policy(struct agws_session *s, const Magma__Lte__PolicyReAuthRequest *r);
void agws_apply_terminated(struct agws_session *s);

// ---- session_message.c: requests; a malloc'd packed message, NULL: no memory ----
uint8_t *agws_message_create(const struct agws_session *s, size_t *len);
uint8_t *agws_message_update(struct agws_session *const *sessions, size_t n, size_t *len);
uint8_t *agws_message_terminate(const struct agws_session *s, size_t *len);

// ---- session_engine.c ----
struct agws_session *agws_add(struct agws *model, const char *imsi);
struct agws_session *agws_find(const struct agws *model, const char *id);
// Something about the session may have changed: queues it if there is something to send.
void agws_touch(struct agws_session *s);
void agws_pump(struct agws *model);
void agws_end(struct agws_session *s); // no more use; reports what is left, then terminates
void agws_tick(struct base_timer *timer);

// ---- session_summary.c ----
extern const char *const agws_kinds[AGWS_KINDS]; // "octets" ...
struct agws_sums agws_sum(const struct agws *model, enum agws_kind kind);
uint64_t agws_open_of(const struct agws_sums *sums); // neither acknowledged nor refused
void agws_print_summary(const struct agws *model, double seconds);
