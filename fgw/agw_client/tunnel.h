// SPDX-License-Identifier: BSD-3-Clause
// The gateway's end of the reverse tunnel: opens the stream, keeps it open, answers what comes down
// by rules. Not for making calls (link.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agw_client/link.h"

#define AGWC_RULE_FIELDS 16

// What to answer to one method (or to all, method ""). The last rule that fits is used; without a
// rule the answer is an empty message with error_code SUCCESS where it has such a field.
struct agwc_rule {
    char method[64];
    char fields[AGWC_RULE_FIELDS][160]; // "field=value"
    size_t n_fields;
    int status; // gRPC status
    char message[128];
    int64_t delay_ms;
    bool drop; // never answer
};
// Parses "field=value", "status=NAME or number", "message=...", "delay=ms", "drop" into a rule.
enum err agwc_rule_add(struct agwc_rule *rule, const char *word, char why[REFLECT_WHY]);

struct agwc_tunnel;

// Main thread. legacy: SyncRPC instead of EstablishSyncRPCStream. Reconnects until closed.
enum err agwc_tunnel_open(struct agwc *link, bool legacy, struct agwc_tunnel **out);
void agwc_tunnel_close(struct agwc_tunnel *tunnel); // before agwc_close; NULL is fine
enum err agwc_tunnel_rule(struct agwc_tunnel *tunnel, const struct agwc_rule *rule);
// A handler sees each request first, on the loop thread: its answer (which the tunnel frees), or
// NULL to leave the request to the rules. Main thread, before requests come.
typedef ProtobufCMessage *agwc_handler(void *ctx, const struct reflect_method *method,
                                       const ProtobufCMessage *request);
void agwc_tunnel_handler(struct agwc_tunnel *tunnel, agwc_handler *handler, void *ctx);
// Waits until the stream is open (the gateway side accepted it).
enum err agwc_tunnel_wait_open(struct agwc_tunnel *tunnel, int64_t timeout_ms);

struct agwc_request {
    struct agwc_request *next; // private
    struct reflect_method method;
    ProtobufCMessage *message;
    char authority[64];
    int64_t at_ns;       // CLOCK_MONOTONIC when it arrived
    int64_t answered_ns; // and when it was answered; 0: not, or later
};
// Takes the oldest request of this method ("": any) that was not taken yet, waiting for one if
// needed. ERR_TIMEOUT. The caller frees with agwc_request_free.
enum err agwc_tunnel_take(struct agwc_tunnel *tunnel, const char *method, int64_t timeout_ms,
                          struct agwc_request **out);
void agwc_request_free(struct agwc_request *request);
