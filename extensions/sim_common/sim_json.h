// SPDX-License-Identifier: BSD-3-Clause
// Diameter messages and groups as JSON objects: AVP name to value, in the order they were added. An
// AVP that occurs more than once is an array of its values. Numbers are integers, Time counts
// seconds since 1970, enumerated values are names where the dictionary has one, addresses are text,
// octets are text where they are printable and "0x…" otherwise, groups are objects.
// This is how the simulators' cores see messages, how rules are stored and how scripts are written.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Readers take NULL for an absent container. Results are borrowed.
size_t sim_count(const json_t *avps, const char *name);
json_t *sim_at(const json_t *avps, const char *name, size_t i); // NULL beyond the last
json_t *sim_get(const json_t *avps, const char *name);          // the first, NULL: absent
const char *sim_text(const json_t *avps, const char *name);     // NULL: absent or no text
// false: absent or no number; *out is unchanged.
bool sim_number(const json_t *avps, const char *name, int64_t *out);
int64_t sim_int(const json_t *avps, const char *name, int64_t otherwise);

// Adds one occurrence. Takes value over, also on failure, which is silent (memory).
void sim_add(json_t *avps, const char *name, json_t *value);
// Adds all of `more` (borrowed): what is there already is replaced.
void sim_merge(json_t *avps, const json_t *more);

// Compares what is expected with what came: every expected AVP must be there with the value, others
// may be. "*" stands for any value. Each difference is told as "Group[1].Name" and
// "expected …, got …".
// Returns how many there were.
size_t sim_diff(const json_t *expected, const json_t *got,
                void (*tell)(void *ctx, const char *path, const char *difference), void *ctx);
