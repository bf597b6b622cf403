// SPDX-License-Identifier: BSD-3-Clause
// Duplicate detection (RFC 2865 §2, RFC 5080 §2.2.2): requests under way are known, answers are
// kept for a while, so that a retransmission is answered with the same octets and not worked on
// again. I/O-free, time is passed in; one thread. Bounded: the oldest entry makes room.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "radius/radius.h"

struct rad_dedup;

// Who asked: an opaque text of the source's address and port, at most RAD_SOURCE_MAX octets.
#define RAD_SOURCE_MAX 24

enum rad_seen {
    RAD_NEW,       // remembered now: work on it, then rad_dedup_answer
    RAD_UNDER_WAY, // the first one is not answered yet: drop this one
    RAD_ANSWERED,  // *answer holds what was said
};

// capacity: most requests remembered. keep_ns: how long an answer is repeated.
enum err rad_dedup_new(size_t capacity, int64_t keep_ns, struct rad_dedup **out);
void rad_dedup_free(struct rad_dedup *dedup); // NULL is fine
// Same source, identifier, code and authenticator: the same request. *answer is borrowed until the
// next call. When there is no memory to remember it, a request counts as new.
enum rad_seen rad_dedup_look(struct rad_dedup *dedup, const uint8_t *source, size_t source_len,
                             const struct rad_packet *request, int64_t now_ns,
                             const uint8_t **answer, size_t *len);
// answer NULL: there will be none; a retransmission counts as new.
void rad_dedup_answer(struct rad_dedup *dedup, const uint8_t *source, size_t source_len,
                      uint8_t code, uint8_t id, const uint8_t authenticator[RAD_AUTH_LEN],
                      const uint8_t *answer, size_t len);
size_t rad_dedup_used(const struct rad_dedup *dedup);
