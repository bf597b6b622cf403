// SPDX-License-Identifier: BSD-3-Clause
// The OCS: accounts, balances, grants and debits, RFC 8506 and TS 32.299. Messages are JSON
// (sim_json.h); no Diameter, no network.
//
// A balance belongs to a subscriber and a rating group (or, where a request names none, to its
// service identifier). Its settings are JSON, all optional:
//   "unit": "octets" (default), "seconds" or "units"
//   "grant": N            one quota; default 10,000,000 octets, 600 seconds or 1 unit
//   "validity", "holding", "consumption": seconds
//   "threshold": N        in its unit
//   "tariff": N           seconds until the next tariff change, from each grant on; or
//   "tariff_at": N        its time of day in seconds after midnight UTC
//   "final": {"action": "TERMINATE" | "REDIRECT" | "RESTRICT_ACCESS", "address": TEXT,
//             "address_type": "URL" (default) …, "filter_ids": […], "rules": […]}
//   "result": N           this Result-Code for the rating group instead of a grant
//   "price": N, "currency": N    for PRICE_ENQUIRY
//   "avps": {…}           put into every Multiple-Services-Credit-Control that grants
// Settings of the account: "failover": bool, "failure": "TERMINATE" | "CONTINUE" |
// "RETRY_AND_TERMINATE", "result": N (for the whole answer), "avps": {…} for every answer.
#pragma once

#include "sim_cc.h"

struct ocs {
    struct sim_cc *cc;
};

// Opens the database. ERR_IO, ERR_NOMEM.
enum err ocs_open(const char *path, struct ocs *ocs);
void ocs_close(struct ocs *ocs);

// The commands on the database, for usage texts.
const char *ocs_help_text(void);
