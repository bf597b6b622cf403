// SPDX-License-Identifier: BSD-3-Clause
// Sequence numbers, TS 33.102 Annex C: SQN = SEQ || IND. The home side draws them (counter-based
// C.1.1.1 or time-based C.1.1.3, C.1.2 for IND), the terminal side checks freshness with an array
// of SEQ (C.2.2). I/O-free: the caller stores the state, gives the time and holds the lock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aka/milenage.h"
#include "base/err.h"

#define AKA_SQN_IND_BITS_MAX 8
#define AKA_SQN_ARRAY_MAX (1 << AKA_SQN_IND_BITS_MAX)

// Who asks. Each domain has its own IND values, so that vectors kept by a VLR and by an MME or
// SGSN do not make one another stale (C.3.4).
enum aka_domain { AKA_DOMAIN_PS = 0, AKA_DOMAIN_CS, AKA_DOMAINS };

struct aka_sqn_scheme {
    uint8_t ind_bits;                             // 0..AKA_SQN_IND_BITS_MAX; SEQ has 48 - ind_bits
    struct { uint16_t first, n; } ind[AKA_DOMAINS]; // IND values of a domain: first .. first+n-1
    bool time_based;                              // SEQ follows the clock, or counts
    uint32_t tick_ms;                             // time-based: clock unit [ms]
    uint64_t delta;                               // C.2.1: largest accepted jump in SEQ; 0: any
    uint64_t age;                                 // C.2.2: largest accepted SEQ_MS - SEQ; 0: any
};

// 5 bits of IND (array of 32), PS 0..15, CS 16..31, counter-based, delta 2^28: profile 2 of C.3.2.
extern const struct aka_sqn_scheme aka_sqn_counter;
// The same with SEQ following the clock in units of 100 ms: profile 3 of C.3.3.
extern const struct aka_sqn_scheme aka_sqn_clock;

// ERR_INVALID: IND ranges outside 2^ind_bits or empty, no tick.
enum err aka_sqn_scheme_check(const struct aka_sqn_scheme *scheme);

// Home side, one per subscriber.
struct aka_sqn_he {
    uint64_t seq;                 // last SEQ used
    int64_t dif;                  // time-based: SEQ minus clock, DIF of C.1.1.3
    uint16_t ind[AKA_DOMAINS];    // last IND used
};

void aka_sqn_pack(const struct aka_sqn_scheme *scheme, uint64_t seq, uint16_t ind,
                  uint8_t sqn[AKA_SQN_LEN]);
void aka_sqn_unpack(const struct aka_sqn_scheme *scheme, const uint8_t sqn[AKA_SQN_LEN],
                    uint64_t *seq, uint16_t *ind);
uint64_t aka_sqn_seq_max(const struct aka_sqn_scheme *scheme);

// Draws n SQN for one batch of vectors: ascending SEQ, one IND, the domain's next (C.1.2).
// now_ms: wall clock, used when time-based. ERR_RANGE when SEQ is exhausted; nothing is drawn
// then.
enum err aka_sqn_draw(const struct aka_sqn_scheme *scheme, struct aka_sqn_he *he,
                      enum aka_domain domain, int64_t now_ms, size_t n,
                      uint8_t (*sqn)[AKA_SQN_LEN]);

// Would the next SEQ be accepted by a terminal whose highest accepted one is that of sqn_ms?
// Steps 2 and 3 of §6.3.5.
bool aka_sqn_in_range(const struct aka_sqn_scheme *scheme, const struct aka_sqn_he *he,
                      int64_t now_ms, const uint8_t sqn_ms[AKA_SQN_LEN]);
// Step 5: takes the terminal's value over. Only after MAC-S has been verified (aka_auts_open).
void aka_sqn_reset(const struct aka_sqn_scheme *scheme, struct aka_sqn_he *he, int64_t now_ms,
                   const uint8_t sqn_ms[AKA_SQN_LEN]);

// Terminal side.
struct aka_sqn_ms {
    uint64_t seq[AKA_SQN_ARRAY_MAX]; // highest accepted SEQ for each IND
};
// C.2.2. ERR_OK: fresh, and noted. ERR_STALE: used or too old, ERR_RANGE: too far ahead; both mean
// synchronisation failure, and the state is unchanged.
enum err aka_sqn_check(const struct aka_sqn_scheme *scheme, struct aka_sqn_ms *ms,
                       const uint8_t sqn[AKA_SQN_LEN]);
// SQN_MS, the value AUTS carries: the highest SEQ accepted so far, with its IND.
void aka_sqn_highest(const struct aka_sqn_scheme *scheme, const struct aka_sqn_ms *ms,
                     uint8_t sqn[AKA_SQN_LEN]);
