// SPDX-License-Identifier: BSD-3-Clause
// Faults on demand: what the HSS does wrong with which requests. For tests of the other side.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    HSS_FAULT_DROP = 1 << 0,       // never answered
    HSS_FAULT_DISCONNECT = 1 << 1, // the transport connection is cut instead of answering
    HSS_FAULT_DUPLICATE = 1 << 2,  // answered twice
};

struct hss_fault_action {
    unsigned what;        // bits above
    int64_t delay_ms;     // before answering (or cutting)
    uint32_t result;      // answer with this code instead; 0: the proper answer
    bool experimental;    // result is an Experimental-Result of 3GPP
};

// A rule, as text: "cmd=AIR imsi=00101 count=3 delay=500 result=5012". Words, in any order:
//   cmd=AIR|ULR|PUR|NOR  only this command (default: any)
//   imsi=PREFIX          only these subscribers
//   count=N              only the next N matching requests (default: until cleared)
//   delay=MS  result=CODE  exp=CODE  drop  disconnect  duplicate     at least one of these
struct hss_fault {
    unsigned id;
    uint32_t command;     // command code, 0: any
    char imsi[16];
    int64_t left;         // -1: unlimited
    uint64_t hits;
    struct hss_fault_action action;
};

// ERR_INVALID: *why (static) tells.
enum err hss_fault_parse(const char *text, struct hss_fault *out, const char **why);
void hss_fault_format(const struct hss_fault *fault, char *out, size_t size);

#define HSS_FAULTS_MAX 64
struct hss_faults;

enum err hss_faults_new(struct hss_faults **out);
void hss_faults_free(struct hss_faults *faults);
// Any thread. ERR_FULL. *id (may be NULL) names the rule for hss_faults_clear.
enum err hss_faults_add(struct hss_faults *faults, const struct hss_fault *fault, unsigned *id);
// id 0: all. Returns how many there were.
size_t hss_faults_clear(struct hss_faults *faults, unsigned id);
// The first rule that fits takes the request, and counts it. False, without a lock, where there are
// no rules. imsi may be NULL.
bool hss_faults_match(struct hss_faults *faults, uint32_t command, const char *imsi,
                      struct hss_fault_action *out);
void hss_faults_each(struct hss_faults *faults,
                     void (*visit)(void *ctx, const struct hss_fault *fault), void *ctx);

// Command codes by short name of the request: "AIR" -> 318; 0: unknown. And back; NULL: unknown.
uint32_t hss_command_code(const char *name);
const char *hss_command_name(uint32_t code);
