// SPDX-License-Identifier: BSD-3-Clause
// Sequence numbers of TS 33.102 Annex C.
#include "aka/sqn.h"

#define SQN_BITS 48

const struct aka_sqn_scheme aka_sqn_counter = {
    .ind_bits = 5,
    .ind = {[AKA_DOMAIN_PS] = {0, 16}, [AKA_DOMAIN_CS] = {16, 16}},
    .delta = 1ULL << 28,
};

const struct aka_sqn_scheme aka_sqn_clock = {
    .ind_bits = 5,
    .ind = {[AKA_DOMAIN_PS] = {0, 16}, [AKA_DOMAIN_CS] = {16, 16}},
    .time_based = true,
    .tick_ms = 100,
    .delta = 1ULL << 28,
};

enum err aka_sqn_scheme_check(const struct aka_sqn_scheme *scheme)
{
    if (scheme->ind_bits > AKA_SQN_IND_BITS_MAX || (scheme->time_based && scheme->tick_ms == 0))
        return ERR_INVALID;
    for (int d = 0; d < AKA_DOMAINS; d++) {
        if (scheme->ind[d].n == 0 ||
            scheme->ind[d].first + scheme->ind[d].n > 1U << scheme->ind_bits)
            return ERR_INVALID;
    }
    return ERR_OK;
}

void aka_sqn_pack(const struct aka_sqn_scheme *scheme, uint64_t seq, uint16_t ind,
                  uint8_t sqn[AKA_SQN_LEN])
{
    uint64_t v = seq << scheme->ind_bits | (ind & ((1U << scheme->ind_bits) - 1));

    for (int i = AKA_SQN_LEN - 1; i >= 0; i--, v >>= 8)
        sqn[i] = (uint8_t)v;
}

void aka_sqn_unpack(const struct aka_sqn_scheme *scheme, const uint8_t sqn[AKA_SQN_LEN],
                    uint64_t *seq, uint16_t *ind)
{
    uint64_t v = 0;

    for (int i = 0; i < AKA_SQN_LEN; i++)
        v = v << 8 | sqn[i];
    *seq = v >> scheme->ind_bits;
    *ind = (uint16_t)(v & ((1U << scheme->ind_bits) - 1));
}

uint64_t aka_sqn_seq_max(const struct aka_sqn_scheme *scheme)
{
    return (1ULL << (SQN_BITS - scheme->ind_bits)) - 1;
}

static uint64_t clock_ticks(const struct aka_sqn_scheme *scheme, int64_t now_ms)
{
    return now_ms < 0 ? 0 : (uint64_t)now_ms / scheme->tick_ms;
}

// The SEQ after he->seq: the counter's successor, or the clock where it is ahead. Never goes
// back, also when the wall clock does.
static uint64_t next_seq(const struct aka_sqn_scheme *scheme, const struct aka_sqn_he *he,
                         int64_t now_ms)
{
    uint64_t next = he->seq + 1;

    if (scheme->time_based) {
        int64_t clock = (int64_t)clock_ticks(scheme, now_ms) + he->dif;

        if (clock > 0 && (uint64_t)clock > next)
            next = (uint64_t)clock;
    }
    return next;
}

enum err aka_sqn_draw(const struct aka_sqn_scheme *scheme, struct aka_sqn_he *he,
                      enum aka_domain domain, int64_t now_ms, size_t n,
                      uint8_t (*sqn)[AKA_SQN_LEN])
{
    uint64_t first = next_seq(scheme, he, now_ms), max = aka_sqn_seq_max(scheme);
    uint16_t base = scheme->ind[domain].first, count = scheme->ind[domain].n;
    uint16_t ind;

    if (n == 0)
        return ERR_INVALID;
    if (first > max || n - 1 > max - first)
        return ERR_RANGE;
    ind = he->ind[domain];
    ind = ind < base || ind >= base + count - 1 ? base : ind + 1;
    for (size_t i = 0; i < n; i++)
        aka_sqn_pack(scheme, first + i, ind, sqn[i]);
    he->seq = first + n - 1;
    he->ind[domain] = ind;
    return ERR_OK;
}

bool aka_sqn_in_range(const struct aka_sqn_scheme *scheme, const struct aka_sqn_he *he,
                      int64_t now_ms, const uint8_t sqn_ms[AKA_SQN_LEN])
{
    uint64_t next = next_seq(scheme, he, now_ms), seq_ms;
    uint16_t ind;

    aka_sqn_unpack(scheme, sqn_ms, &seq_ms, &ind);
    return next > seq_ms && (scheme->delta == 0 || next - seq_ms <= scheme->delta);
}

void aka_sqn_reset(const struct aka_sqn_scheme *scheme, struct aka_sqn_he *he, int64_t now_ms,
                   const uint8_t sqn_ms[AKA_SQN_LEN])
{
    uint16_t ind;

    aka_sqn_unpack(scheme, sqn_ms, &he->seq, &ind);
    if (scheme->time_based)
        he->dif = (int64_t)he->seq - (int64_t)clock_ticks(scheme, now_ms);
}

enum err aka_sqn_check(const struct aka_sqn_scheme *scheme, struct aka_sqn_ms *ms,
                       const uint8_t sqn[AKA_SQN_LEN])
{
    uint64_t seq, highest = 0;
    uint16_t ind;

    aka_sqn_unpack(scheme, sqn, &seq, &ind);
    for (size_t i = 0; i < 1U << scheme->ind_bits; i++)
        highest = ms->seq[i] > highest ? ms->seq[i] : highest;
    if (scheme->delta && seq > highest && seq - highest > scheme->delta)
        return ERR_RANGE;
    if (scheme->age && highest > seq && highest - seq > scheme->age)
        return ERR_STALE;
    if (seq <= ms->seq[ind])
        return ERR_STALE;
    ms->seq[ind] = seq;
    return ERR_OK;
}

void aka_sqn_highest(const struct aka_sqn_scheme *scheme, const struct aka_sqn_ms *ms,
                     uint8_t sqn[AKA_SQN_LEN])
{
    uint16_t at = 0;

    for (uint16_t i = 1; i < 1U << scheme->ind_bits; i++)
        at = ms->seq[i] > ms->seq[at] ? i : at;
    aka_sqn_pack(scheme, ms->seq[at], at, sqn);
}
