// SPDX-License-Identifier: BSD-3-Clause
// Requests of the HSS to serving nodes: CLR, IDR, DSR, RSR (TS 29.272 §5.2.1.2, §5.2.2, §5.2.4.1).
// A pushed request is known by a handle; our own timer bounds the wait, since the library may never
// call back.
#pragma once

#include "hss_s6a.h"
#include "hss_sender.h"

struct hss_pushes;

struct hss_push_answer {
    enum err err;          // OK, TIMEOUT (no answer in time), or why it was not sent
    uint32_t result;       // Result-Code or Experimental-Result-Code, 0: the answer has none
    bool experimental;
    char origin[256];      // Origin-Host of the answer
    char detail[160];      // flags and states the answer carried, readable; "" if none
    int64_t elapsed_ns;
};

enum err hss_pushes_new(struct hss_sender *sender, int64_t timeout_ms, struct hss_pushes **out);
void hss_pushes_free(struct hss_pushes *pushes); // after the sender has stopped; NULL is fine

// Destination of a request.
struct hss_to {
    const char *host, *realm;
};

// Builders. *out is a complete request, owned by the caller.
enum err hss_clr_new(const struct hss_to *to, const char *imsi, enum hss_cancellation type,
                     uint32_t clr_flags, struct msg **out);
enum err hss_idr_new(const struct hss_to *to, const struct hss_profile *p, unsigned parts,
                     uint32_t idr_flags, struct msg **out);
enum err hss_dsr_new(const struct hss_to *to, const char *imsi, uint32_t dsr_flags,
                     const uint32_t *contexts, size_t n_contexts, struct msg **out);
enum err hss_rsr_new(const struct hss_to *to, const char *const *users, size_t n_users,
                     struct msg **out);

// Sends and forgets: the outcome is logged. Takes *msg over. Any thread, also dispatch callbacks.
void hss_push_forget(struct hss_pushes *pushes, struct msg **msg);
// Sends and waits for the answer or the timeout. Takes *msg over. Not from a library callback.
void hss_push_wait(struct hss_pushes *pushes, struct msg **msg, struct hss_push_answer *out);
