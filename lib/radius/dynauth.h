// SPDX-License-Identifier: BSD-3-Clause
// Requests that a server makes of a NAS (RFC 5176): Disconnect-Request and CoA-Request, sent again
// until they are answered (RFC 5080 §2.2.1: growing intervals) or given up. One structure per
// request. I/O-free, time is passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "radius/radius.h"

enum rad_dyn_state { RAD_DYN_WAITING, RAD_DYN_ACK, RAD_DYN_NAK, RAD_DYN_GONE };

struct rad_dyn {
    struct rad_writer packet; // as it is sent, each time the same octets
    uint8_t secret[128];
    size_t secret_len;
    enum rad_dyn_state state;
    uint32_t error_cause; // of a NAK: RFC 5176 §3.5; 0: not told
    unsigned sent, tries;
    int64_t interval_ns, due_ns;
};

// The writer holds a begun Disconnect- or CoA-Request with all its attributes; this finishes it.
// first_ns: to the first retransmission, then doubled each time; tries: sendings in all.
// ERR_INVALID (not such a request, secret too long) and what the writer had.
enum err rad_dyn_init(struct rad_dyn *dyn, struct rad_secret secret, int64_t first_ns,
                      unsigned tries, int64_t now_ns);
// true: send dyn->packet now and come again at due_ns. false: not yet, or it is over.
bool rad_dyn_due(struct rad_dyn *dyn, int64_t now_ns);
// A packet from the NAS. ERR_OK: it was the answer, see state. ERR_NOT_FOUND: not to this request.
// ERR_DENIED: it would be, but its authenticators are wrong.
enum err rad_dyn_answer(struct rad_dyn *dyn, const struct rad_packet *answer);
