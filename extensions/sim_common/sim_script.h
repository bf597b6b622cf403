// SPDX-License-Identifier: BSD-3-Clause
// Expectation mode: a script of the requests that are to come, in order, and of what is answered.
// A script is a JSON array of steps:
//   {"command": "CCR-I",          which request (sim.h)
//    "request": {…},              AVPs it must have; "*" is any value
//    "absent": ["Name", …],       AVPs it must not have
//    "answer": {…},               AVPs put into the answer, in place of the simulator's own
//    "instead": true}             the simulator's logic is left out: only these AVPs are answered
// A request that differs is reported field by field; the step is used up, its answer given all the
// same. After the last step everything is as usual. Any thread.
#pragma once

#include "base/err.h"
#include "sim_json.h"

struct sim_script;

enum err sim_script_new(struct sim_script **out);
void sim_script_free(struct sim_script *script); // NULL is fine

// Loads steps, in place of those there are. On ERR_INVALID `why` tells.
enum err sim_script_load(struct sim_script *script, const char *text, char *why, size_t size);
// Compares a request with the next step. *answer (new, NULL: none) and *instead are from the step.
void sim_script_check(struct sim_script *script, const char *command, const json_t *request,
                      json_t **answer, bool *instead);
// How far it is: {"steps": n, "done": n, "mismatches": ["step 1 CCR-U: A.B: expected …", …]}.
json_t *sim_script_status(struct sim_script *script);
