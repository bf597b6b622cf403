// SPDX-License-Identifier: BSD-3-Clause
// Between the files of the OCS: balances (ocs_balance.c), requests (ocs_core.c), commands.
#pragma once

#include "ocs_core.h"

// A balance, read for one request. NULL settings never: an empty object.
struct ocs_balance {
    const char *imsi;    // borrowed
    int64_t group, total, used, reserved;
    json_t *settings;
    const char *unit;    // "octets", "seconds", "units"
};

// What a request reports as used, summed over its Used-Service-Units.
struct ocs_usage {
    int64_t input, output, octets, seconds, units;
    int64_t after;       // octets after a tariff change; contained in octets
    size_t reports;
};

bool ocs_balance_get(struct sim_db *db, const char *imsi, int64_t group, struct ocs_balance *out);
void ocs_balance_fini(struct ocs_balance *b);
int64_t ocs_balance_left(const struct ocs_balance *b); // never negative
// Sums the Used-Service-Units of a container.
void ocs_usage_read(const json_t *container, struct ocs_usage *out);
int64_t ocs_usage_in(const struct ocs_usage *u, const char *unit);
// Takes what was used from the balance, and notes it in the report of debits.
void ocs_debit(struct sim_db *db, struct ocs_balance *b, const struct ocs_usage *u);
// What the session holds of the balance becomes `amount` (0: nothing).
void ocs_reserve(struct sim_db *db, struct ocs_balance *b, const char *session, int64_t amount);
void ocs_release_all(struct sim_db *db, const char *session);
// Service units of an amount: Granted-Service-Unit without tariff time.
json_t *ocs_units(const char *unit, int64_t amount);
// What a Requested-Service-Unit asks of the unit; 0: left to the OCS.
int64_t ocs_requested(const json_t *container, const char *unit);

int ocs_handle(void *core, enum sim_cc_type type, struct sim_session *session,
               const json_t *request, json_t *answer);
// The request of an event (Requested-Action), at command level; fills the answer.
int ocs_event(struct sim_db *db, const struct sim_session *session, const json_t *request,
              json_t *answer);
int ocs_command(void *core, int n, char **words, struct sim_reply *reply);
extern const char ocs_help[];
