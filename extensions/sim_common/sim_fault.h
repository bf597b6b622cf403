// SPDX-License-Identifier: BSD-3-Clause
// Faults on demand: what a simulator does wrong with which requests. For tests of the other side.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    SIM_FAULT_DROP = 1 << 0,       // never answered
    SIM_FAULT_DISCONNECT = 1 << 1, // the transport connection is cut instead of answering
    SIM_FAULT_DUPLICATE = 1 << 2,  // answered twice
};

struct sim_fault_action {
    unsigned what;        // bits above
    int64_t delay_ms;     // before answering (or cutting)
    uint32_t result;      // answer with this code instead; 0: the proper answer
    bool experimental;    // result is an Experimental-Result of 3GPP
};

// A rule, as text: "cmd=AIR imsi=00101 count=3 delay=500 result=5012". Words, in any order:
//   cmd=NAME             only this command of sim.h (default: any)
//   imsi=PREFIX          only these subscribers
//   count=N              only the next N matching requests (default: until cleared)
//   delay=MS  result=CODE  exp=CODE  drop  disconnect  duplicate     at least one of these
struct sim_fault {
    unsigned id;
    uint32_t command;     // key of sim.h, 0: any
    char imsi[16];
    int64_t left;         // -1: unlimited
    uint64_t hits;
    struct sim_fault_action action;
};

// ERR_INVALID: *why (static) tells.
enum err sim_fault_parse(const char *text, struct sim_fault *out, const char **why);
void sim_fault_format(const struct sim_fault *fault, char *out, size_t size);

#define SIM_FAULTS_MAX 64
struct sim_faults;

enum err sim_faults_new(struct sim_faults **out);
void sim_faults_free(struct sim_faults *faults);
// Any thread. ERR_FULL. *id (may be NULL) names the rule for sim_faults_clear.
enum err sim_faults_add(struct sim_faults *faults, const struct sim_fault *fault, unsigned *id);
// id 0: all. Returns how many there were.
size_t sim_faults_clear(struct sim_faults *faults, unsigned id);
// The first rule that fits takes the request, and counts it. False, without a lock, where there are
// no rules. imsi may be NULL.
bool sim_faults_match(struct sim_faults *faults, uint32_t command, const char *imsi,
                      struct sim_fault_action *out);
void sim_faults_each(struct sim_faults *faults,
                     void (*visit)(void *ctx, const struct sim_fault *fault), void *ctx);
