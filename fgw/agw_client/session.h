// SPDX-License-Identifier: BSD-3-Clause
// The session model: an access gateway's session manager with subscribers who use up quota. It
// opens sessions, counts octets by rating group and monitoring key, and seconds and service units
// where the OCS grants them, reports what the core wants reported, reports again under the same
// number what was not acknowledged, does what comes down the tunnel (PolicyReAuth, ChargingReAuth,
// AbortSession), and terminates. At the end what was consumed is either acknowledged, refused or
// still open.
// Not a user plane: rules are kept and installed, but no packet is matched; what a rule's filter
// says does not matter. Monitors count octets alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agw_client/link.h"
#include "agw_client/tunnel.h"

enum agws_kind { AGWS_OCTETS, AGWS_SECONDS, AGWS_UNITS, AGWS_KINDS };

struct agws_options {
    const char *first_imsi; // digits; session i is of this number + i
    uint64_t sessions;
    const char *apn;
    double rate;        // octets per second of each rating group; 0: a quota at once, as fast as
                        // the window allows
    double units;       // service units per second, where they are granted and rate is not 0
    uint32_t in_flight; // window of calls
    uint32_t batch;     // sessions in one UpdateSession at most
    size_t connections; // channels of the link, used in turn
    int64_t duration_ms;
    int64_t drain_ms;   // how long what is owed is tried at the end
    int64_t backoff_ms; // before something is sent again
    bool keep;          // sessions stay open at the end
    bool json;
    bool print; // every answer is printed, as the single commands do
};

struct agws;

// Main thread, as all of these. options are borrowed.
enum err agws_new(struct agwc *link, const struct agws_options *options, struct agws **out);
void agws_free(struct agws *model); // after its tunnel is closed, before agwc_close; NULL is fine
// From now on the model answers what concerns its sessions; everything else goes by the rules.
void agws_attach(struct agws *model, struct agwc_tunnel *tunnel);

// The command "session": opens all, lets them use quota for the duration, terminates, prints the
// summary. ERR_RPC_STATUS unless all sessions came and went and no octet is open.
enum err agws_run(struct agwc *link, const struct agws_options *options);

// ---- for scripts; a session is known by its IMSI ----
// ERR_EXISTS: there is one. They wait until the call is answered or timeout_ms is over.
enum err agws_open(struct agws *model, const char *imsi, int64_t timeout_ms);
// Consumes so much of a rating group, as quota comes. Ends when all is consumed and all that had to
// be reported is acknowledged, or nothing more is granted: *done tells how much was consumed.
enum err agws_use(struct agws *model, const char *imsi, uint32_t group, enum agws_kind kind,
                  uint64_t amount, int64_t timeout_ms, uint64_t *done);
enum err agws_close(struct agws *model, const char *imsi, int64_t timeout_ms);
// "state" (opening, open, ending, closed, refused), "rules" (names, sorted, with commas), "number",
// "consumed", "acknowledged"; of a rating group N "N.state" (none, quota, unlimited, suspended,
// redirected, restricted), "N.granted", "N.left", "N.final", "N.redirect". Amounts are octets; with
// "_seconds" or "_units" behind the name they are those. ERR_NOT_FOUND.
enum err agws_query(struct agws *model, const char *imsi, const char *what, char *out, size_t size);
