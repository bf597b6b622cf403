// SPDX-License-Identifier: BSD-3-Clause
// Between vlr.c (state, what is sent) and vlr_up.c (what is received).
#pragma once

#include "base/log.h"
#include "vlr_sim/vlr.h"

extern struct base_log_cat log_vlr;

#define VLR_TIMES_MAX 200000

struct vlr_load { // vlr_load.c
    struct vlr_sub **subs;
    size_t n, next, left;
};

struct vlr {
    struct base_loop *loop;
    struct vlr_settings settings;
    struct vlr_ops ops;
    struct vlr_watch watch;
    struct vlr_rules rules;
    LIST_HEAD(, vlr_peer) peers;
    LIST_HEAD(vlr_bucket, vlr_sub) *buckets;
    size_t n_buckets, n_subs;
    uint32_t last_tmsi;
    uint8_t last_reference;
    LIST_HEAD(, vlr_later) later; // delayed by a rule
    uint32_t *times;              // paging, microseconds
    size_t n_times;
    struct vlr_load load;
};

// A message waiting for a rule's delay.
struct vlr_later {
    LIST_ENTRY(vlr_later) link;
    struct base_timer timer;
    struct vlr *vlr;
    struct vlr_peer *peer; // NULL: it is gone
    struct vlr_rule rule;
    size_t len;
    uint8_t data[];
};

// ERR_FULL, ERR_NOMEM.
enum err vlr_sub_get(struct vlr *vlr, const struct base_imsi *imsi, struct vlr_sub **out);
void vlr_sub_forget(struct vlr_sub *sub);
// Encodes, shows and sends.
void vlr_send(struct vlr_peer *peer, struct sgsap_msg *msg);
void vlr_status(struct vlr_peer *peer, const struct sgsap_fault *fault, const uint8_t *data,
                size_t len);
// One with the IMSI set.
void vlr_begin(struct sgsap_msg *msg, enum sgsap_type type, const struct base_imsi *imsi);
void vlr_nas(struct vlr_peer *peer, const struct vlr_sub *sub, const uint8_t *nas, size_t len);
void vlr_text_send(struct vlr_sub *sub, struct vlr_peer *peer);
void vlr_text_done(struct vlr_sub *sub);
void vlr_paged(struct vlr_sub *sub); // the paging was answered
void vlr_load_next(struct vlr *vlr);  // one more paging, if a load is under way
void vlr_load_end(struct vlr *vlr);   // it is over, or its subscribers change
void vlr_show(struct vlr *vlr, const struct vlr_peer *peer, uint8_t type, bool in,
              const char *imsi, const char *text);
