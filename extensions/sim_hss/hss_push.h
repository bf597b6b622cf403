// SPDX-License-Identifier: BSD-3-Clause
// Requests of the HSS to serving nodes: CLR, IDR, DSR, RSR (TS 29.272 §5.2.1.2, §5.2.2, §5.2.4.1).
// sim_push.h sends them.
#pragma once

#include "hss_s6a.h"
#include "sim_push.h"

// Destination of a request.
struct hss_to {
    const char *host, *realm;
};

// A request with everything but its own AVPs; and its end: *out is msg, or msg is freed.
enum err hss_request_new(uint32_t application, uint32_t command, const struct hss_to *to,
                         struct msg **out);
enum err hss_request_end(enum err err, struct msg *msg, struct msg **out);

// Builders. *out is a complete request, owned by the caller.
enum err hss_clr_new(const struct hss_to *to, const char *imsi, enum hss_cancellation type,
                     uint32_t clr_flags, struct msg **out);
enum err hss_idr_new(const struct hss_to *to, const struct hss_profile *p, unsigned parts,
                     uint32_t idr_flags, struct msg **out);
enum err hss_dsr_new(const struct hss_to *to, const char *imsi, uint32_t dsr_flags,
                     const uint32_t *contexts, size_t n_contexts, struct msg **out);
enum err hss_rsr_new(const struct hss_to *to, const char *const *users, size_t n_users,
                     struct msg **out);

// Flags and states that an answer carries, readable.
void hss_push_describe(struct msg *answer, char *out, size_t size);
