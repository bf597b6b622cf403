// SPDX-License-Identifier: BSD-3-Clause
// Between the files of the PCRF: policies (pcrf_policy.c), requests (pcrf_core.c), commands.
#pragma once

#include "pcrf_core.h"

// The policy that applies: its JSON (new), with "name" in it; NULL: there is none.
json_t *pcrf_policy_find(struct sim_db *db, const char *imsi, const char *apn);
json_t *pcrf_policy_named(struct sim_db *db, const char *name);
// Brings the session's rules (data) to those of the policy, as Charging-Rule-Remove and -Install.
void pcrf_policy_apply(struct sim_db *db, const json_t *policy, json_t *data, json_t *avps);
// Puts triggers, revalidation time and further AVPs of the policy there.
void pcrf_policy_describe(const json_t *policy, json_t *avps);

// Usage-Monitoring-Information of all monitors that still have something left. all: also those
// whose quota the gateway has already.
void pcrf_monitors_grant(struct sim_db *db, const json_t *policy, const char *imsi, json_t *data,
                         bool all, json_t *avps);
// Accounts what a request reports. Returns the name of a policy (new string in JSON) where a
// monitor is used up and says what comes then; NULL otherwise.
json_t *pcrf_monitors_account(struct sim_db *db, const json_t *policy, const char *imsi,
                              const json_t *request, json_t *data);

int pcrf_handle(void *core, enum sim_cc_type type, struct sim_session *session,
                const json_t *request, json_t *answer);
int pcrf_command(void *core, int n, char **words, struct sim_reply *reply);
extern const char pcrf_help[];
