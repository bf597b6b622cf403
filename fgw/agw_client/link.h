// SPDX-License-Identifier: BSD-3-Clause
// The connection of one access gateway to the federation gateway: a loop thread, its channels, and
// blocking calls from the main thread. Not for load (load.c drives the channels itself).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "agw_client/reflect.h"
#include "base/err.h"
#include "base/loop.h"
#include "rpc/client.h"

#define AGWC_PATH_MAX 512

struct agwc_options {
    char host[256];
    uint16_t port;
    const char *authority;   // NULL: host
    const char *server_name; // name in the server's certificate; NULL: host
    const char *gateway;     // our id: names the certificate files; NULL: "client"
    bool cleartext;
    char ca[AGWC_PATH_MAX], certificate[AGWC_PATH_MAX], key[AGWC_PATH_MAX];
    int64_t timeout_ms;
    bool json; // events as JSON lines instead of text
};

struct agwc;

// Starts the loop thread with so many channels to the same gateway. Main thread, as all of these.
enum err agwc_open(const struct agwc_options *options, size_t channels, struct agwc **out);
void agwc_close(struct agwc *link); // NULL is fine
// Runs fn on the loop thread and waits for its return.
void agwc_run(struct agwc *link, void (*fn)(void *arg), void *arg);
struct base_loop *agwc_loop(struct agwc *link);
struct rpc_channel *agwc_channel(struct agwc *link, size_t i);
const struct agwc_options *agwc_options(const struct agwc *link);
// Waits until channel 0 is connected; ERR_TIMEOUT.
enum err agwc_wait_connected(struct agwc *link, int64_t timeout_ms);

struct agwc_answer {
    int status;                // gRPC status
    char text[256];            // grpc-message
    ProtobufCMessage *message; // owned; NULL unless status is OK and the payload could be decoded
    size_t payload_len;
    int64_t at_ns; // CLOCK_MONOTONIC when it was complete
    int64_t elapsed_ns;
};
// Makes one call and waits for its answer (at most options->timeout_ms, the call's deadline).
enum err agwc_call(struct agwc *link, const struct reflect_method *method,
                   const ProtobufCMessage *request, struct agwc_answer *out);
void agwc_answer_fini(struct agwc_answer *answer);
