// SPDX-License-Identifier: BSD-3-Clause
// The SCTP associations to the VLRs: one each, kept up. Messages in, messages out; not for what
// they mean. Everything on one loop.
#pragma once

#include "fgw/sgs/sgs_plan.h"

struct sgs_links;

struct sgs_links_ops {
    void (*up)(void *arg, unsigned vlr);
    void (*down)(void *arg, unsigned vlr);
    void (*message)(void *arg, unsigned vlr, const uint8_t *data, size_t len);
};

struct sgs_links_conf {
    const struct sgs_plan *plan; // borrowed
    struct sct_stack_conf stack;
    struct sct_options sctp;
    int64_t reconnect_min_ms, reconnect_max_ms;
};

// The pause before another attempt: half of pause_ms is sure, the other half is chance.
int64_t sgs_links_pause(int64_t pause_ms, uint32_t chance);

// Begins at once; what cannot be opened now is tried again. ERR_NOMEM. On the loop.
enum err sgs_links_new(struct base_loop *loop, const struct sgs_links_conf *conf,
                       const struct sgs_links_ops *ops, void *arg, struct sgs_links **out);
void sgs_links_free(struct sgs_links *links); // NULL is fine; no callback any more
// Where messages are captured from now on; NULL: nowhere. The links own it. On the loop.
void sgs_links_capture(struct sgs_links *links, struct sgs_capture *capture);
enum err sgs_links_send(struct sgs_links *links, unsigned vlr, const uint8_t *data, size_t len);
// For status; any thread.
bool sgs_links_is_up(const struct sgs_links *links, unsigned vlr);
uint64_t sgs_links_attempts(const struct sgs_links *links, unsigned vlr);
