// SPDX-License-Identifier: BSD-3-Clause
// A server and clients on one loop in the test's own thread. The loop runs only inside rig_until
// and rig_run, so that tests read in order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/metrics.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "rpc/tunnel.h"

struct rig {
    struct base_loop *loop;
    struct rpc_server *server;
    uint16_t port;
};

// How one unary call ended.
struct rig_answer {
    int n;           // callbacks so far
    int status;
    char message[256];
    uint8_t payload[256];
    size_t len;      // true length, even if payload holds less
};

void rig_loop(struct rig *rig);                                        // the loop only
void rig_server(struct rig *rig, const struct rpc_server_config *config); // new, not started
void rig_add(struct rig *rig, const struct rpc_method *method);
void rig_start(struct rig *rig);
// A server with one cleartext listener on loopback that lets anybody in, and /t.T/Echo.
void rig_echo(struct rig *rig, const struct rpc_limits *limits);
void rig_free(struct rig *rig);

// Of a call whose answer is what matters: longer than a machine stands still, or rig_until waits.
#define RIG_LONG_MS 60000

// For what must not happen, and for the time itself. Whatever must happen is waited for.
void rig_run(struct rig *rig, int64_t ms);
// Runs until the condition holds; false after 30 s.
bool rig_until(struct rig *rig, bool (*condition)(void *arg), void *arg);
bool rig_until_n(struct rig *rig, const int *counter, int at_least);

struct rpc_channel *rig_channel(struct rig *rig, const struct rpc_channel_config *config);
void rig_call(struct rpc_channel *channel, const char *path, const void *message, size_t len,
              int64_t timeout_ms, struct rig_answer *answer);
// Calls and runs the loop until the answer is there.
void rig_ask(struct rig *rig, struct rpc_channel *channel, const char *path, const char *text,
             struct rig_answer *answer);
void rig_echo_handler(struct rpc_call *call, void *ctx);

// A bare socket to the server, for what no proper client would send.
int rig_socket(struct rig *rig);
void rig_write(int fd, const void *data, size_t len);
// Runs the loop and reads until the server closes or ms passed. Returns the bytes read (into buf).
size_t rig_read(struct rig *rig, int fd, void *buf, size_t size, int64_t ms, bool *closed);
uint64_t rig_refused(const char *limit); // value of the metric
// Runs until the metric has this value; false after 30 s.
bool rig_until_metric(struct rig *rig, struct metric_cell *cell, uint64_t value);
