// SPDX-License-Identifier: BSD-3-Clause
// What the files of the core share: sgs_core.c (messages), sgs_subs.c (subscribers and gateways),
// sgs_reset.c (resets). Not for others.
#pragma once

#include <sys/queue.h>

#include "fgw/sgs/sgs_core.h"
#include "fgw/sgs/sgs_tables.h"

struct sgs_agw {
    LIST_ENTRY(sgs_agw) link;
    size_t n_subs;
    uint32_t vlrs; // that its subscribers used: who must be told of a reset
    char id[FGW_GATEWAY_ID_MAX + 1];
};

LIST_HEAD(sgs_agws, sgs_agw);
#define SGS_AGW_BUCKETS 1024

struct sgs_sub {
    LIST_ENTRY(sgs_sub) link; // of its bucket
    struct sgs_core *core;
    struct sgsap_assoc assoc;
    struct base_imsi imsi;
    struct sgs_agw *agw;
    int vlr;
    int asked; // another VLR that has paged it and not been answered yet; -1: none
    bool has_tmsi;
    uint32_t tmsi;
};
LIST_HEAD(sgs_bucket, sgs_sub);

struct sgs_ticket {
    LIST_ENTRY(sgs_ticket) link;
    uint8_t type;
    bool answered; // to the VLR, by a call of the access gateway
    unsigned vlr;
    int64_t started_ns;
    struct base_imsi imsi; // len 0: about nobody
    struct sgs_notice *notice; // of a reset, else NULL
    char gateway[FGW_GATEWAY_ID_MAX + 1];
};

// An access gateway that must learn of a VLR's reset.
struct sgs_notice {
    TAILQ_ENTRY(sgs_notice) link;
    unsigned vlr;
    size_t tries_left;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
};
TAILQ_HEAD(sgs_notices, sgs_notice);
LIST_HEAD(sgs_tickets, sgs_ticket);
#define SGS_TICKET_BUCKETS 1024

// The last exchange about a subscriber that has no record: who gets what is said to it next.
struct sgs_recent {
    struct base_imsi imsi; // len 0: empty
    unsigned vlr;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
};
#define SGS_RECENT 4096 // a newer one may take the place of an older one

struct sgs_vlr {
    struct sgs_core *core;
    struct sgsap_guard guard; // our own reset
    struct base_timer lost;
    bool reset_done;
};

struct sgs_core {
    struct sgs_core_conf conf;
    const struct sgs_core_ops *ops;
    void *arg;
    struct base_loop *loop;
    struct sgs_vlr vlrs[SGS_VLRS_MAX];
    uint32_t up;

    struct sgs_bucket *buckets; // by IMSI
    size_t n_buckets;
    _Atomic size_t n_subs; // read by other threads
    struct sgs_agws agws[SGS_AGW_BUCKETS]; // by id
    struct sgs_tickets tickets[SGS_TICKET_BUCKETS]; // by IMSI
    struct sgs_recent *recent;                      // by IMSI

    struct sgs_notices waiting, failed;
    size_t under_way;
    struct base_timer retry;
};

// ---- sgs_subs.c ----
enum err sgs_subs_init(struct sgs_core *core);
void sgs_subs_free(struct sgs_core *core);
struct sgs_sub *sgs_sub_find(struct sgs_core *core, const struct base_imsi *imsi);
enum err sgs_sub_new(struct sgs_core *core, const struct base_imsi *imsi, const char *gateway,
                     int vlr, enum sgsap_assoc_state state, struct sgs_sub **out);
void sgs_sub_free(struct sgs_sub *sub);
void sgs_sub_reap(struct sgs_sub *sub); // frees it if there is nothing to remember
enum err sgs_sub_move(struct sgs_sub *sub, const char *gateway, int vlr);
struct sgs_agw *sgs_agw_find(struct sgs_core *core, const char *id);
void sgs_subs_each(struct sgs_core *core, void (*visit)(struct sgs_sub *sub, void *arg), void *arg);
struct sgs_tickets *sgs_tickets_of(struct sgs_core *core, const struct base_imsi *imsi);
void sgs_recent_set(struct sgs_core *core, const struct base_imsi *imsi, const char *gateway,
                    unsigned vlr);
const struct sgs_recent *sgs_recent_find(const struct sgs_core *core,
                                         const struct base_imsi *imsi); // or NULL

// ---- sgs_core.c ----
extern const struct sgsap_assoc_ops sgs_assoc_ops;
enum err sgs_send(struct sgs_core *core, unsigned vlr, const struct sgsap_msg *msg);
// Calls the method of a VLR's message on a gateway. imsi, notice may be NULL.
enum err sgs_call(struct sgs_core *core, const char *gateway, unsigned vlr,
                  const struct base_imsi *imsi, const struct sgsap_msg *msg,
                  struct sgs_notice *notice);
// fgw_sgs_messages_total
void sgs_count_message(const struct sgs_core *core, unsigned vlr, enum sgsap_side from,
                       const struct sgsap_msg *msg);

// ---- sgs_reset.c ----
enum err sgs_reset_init(struct sgs_core *core);
void sgs_reset_fini(struct sgs_core *core);
void sgs_reset_received(struct sgs_core *core, unsigned vlr);
void sgs_reset_told(struct sgs_core *core, struct sgs_notice *notice, bool told);
