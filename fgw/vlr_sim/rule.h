// SPDX-License-Identifier: BSD-3-Clause
// Scripted replies: what the simulator does with messages it receives, other than what a VLR
// should. As text: "LOCATION-UPDATE-REQUEST imsi=00101 count=2 reject=3". First word: the message
// ("any"); then, in any order:
//   imsi=PREFIX   only these subscribers
//   count=N       only the next N that fit (default: until cleared)
//   delay=MS      first wait that long, then do the rest
//   drop          do nothing
//   reject=CAUSE  answer a location update with this reject cause (TS 24.008)
//   release=CAUSE answer with SGsAP-RELEASE-REQUEST and this SGs cause
//   status=CAUSE  answer with SGsAP-STATUS and this SGs cause
//   raw=HEX       answer with these octets
//   duplicate     do what is proper, twice
//   shutdown, abort   end the SCTP association
// Without any of these but delay, what is proper is done (later).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define VLR_RULES_MAX 64
#define VLR_RAW_MAX 300

enum vlr_deed {
    VLR_PROPER, // what a VLR does
    VLR_DROP,
    VLR_REJECT,
    VLR_RELEASE,
    VLR_STATUS,
    VLR_RAW,
    VLR_DUPLICATE,
    VLR_SHUTDOWN,
    VLR_ABORT,
};

struct vlr_rule {
    unsigned id;
    uint8_t type; // 0: any
    char imsi[16];
    int64_t left; // -1: unlimited
    uint64_t hits;
    int64_t delay; // ms
    enum vlr_deed deed;
    uint8_t cause;
    uint8_t raw[VLR_RAW_MAX];
    size_t raw_len;
};

struct vlr_rules {
    struct vlr_rule at[VLR_RULES_MAX];
    size_t n;
    unsigned last_id;
};

// words are separated by blanks. ERR_INVALID: *why (static) tells.
enum err vlr_rule_parse(const char *text, struct vlr_rule *out, const char **why);
void vlr_rule_format(const struct vlr_rule *rule, char *out, size_t size);
// ERR_FULL. The rule's id is set in the copy kept.
enum err vlr_rules_add(struct vlr_rules *rules, const struct vlr_rule *rule, unsigned *id);
size_t vlr_rules_clear(struct vlr_rules *rules, unsigned id); // 0: all; returns how many
// The first that fits takes the message; it is counted, and goes when it is used up. imsi may be
// NULL. false: none.
bool vlr_rules_match(struct vlr_rules *rules, uint8_t type, const char *imsi,
                     struct vlr_rule *out);
// Message type by name ("PAGING-REJECT", any case); 0 if there is none.
uint8_t vlr_type_of(const char *name);
