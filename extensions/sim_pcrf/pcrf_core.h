// SPDX-License-Identifier: BSD-3-Clause
// The PCRF: rules, policies, usage monitors, TS 29.212. Messages are JSON (sim_json.h); no
// Diameter, no network.
//
// A rule is a Charging-Rule-Definition as JSON, so everything the dictionary knows can be in it:
//   {"Rating-Group": 10, "Precedence": 100, "Flow-Information": {"Flow-Description":
//    "permit out ip from any to any", "Flow-Direction": "BIDIRECTIONAL"},
//    "QoS-Information": {"QoS-Class-Identifier": "QCI_9"}, "Monitoring-Key": "mk1"}
// A policy is JSON; everything is optional:
//   "rules": [names]        dynamic rules of the rule table
//   "predefined": [names]   "base": [names]   rules the gateway has itself
//   "activation", "deactivation": seconds from installation, for all of them
//   "install": {…}          further AVPs of every Charging-Rule-Install
//   "triggers": [names of Event-Trigger], "revalidation": seconds
//   "monitors": [{"key": KEY, "level": "PCC_RULE_LEVEL" | "SESSION_LEVEL", "grant": N, "total": N,
//                 "then": POLICY, "unit": "octets" | "seconds"}]
//                         when total is used up the session gets that policy
//   "avps": {…}             for the answer: QoS-Information, Default-EPS-Bearer-QoS, Online …
// A subscriber has a policy per APN ("*": any); subscribers without one get the policy "default",
// if there is one, and are unknown otherwise.
#pragma once

#include "sim_cc.h"

struct pcrf {
    struct sim_cc *cc;
    uint32_t features;   // what we support of Feature-List-ID 1, TS 29.212 §5.4.1
};

// Opens the database. ERR_IO, ERR_NOMEM.
enum err pcrf_open(const char *path, struct pcrf *pcrf);
void pcrf_close(struct pcrf *pcrf);

// What is to be sent to a session (a row of sim_cc_sessions) so that it has the policy it should
// have now: AVPs for a RAR; empty if it has. The session counts as changed.
json_t *pcrf_update(struct pcrf *pcrf, const json_t *row);
// Takes the Charging-Rule-Reports of a RAA in, §4.5.12. avps may be NULL.
void pcrf_answered(struct pcrf *pcrf, const json_t *row, const json_t *avps);

// The commands on the database, for usage texts.
const char *pcrf_help_text(void);
