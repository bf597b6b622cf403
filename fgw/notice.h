// SPDX-License-Identifier: BSD-3-Clause
// What the gateway tells an access gateway of its own accord, and about which the core does not
// hear: that a subscriber is somewhere else now. The answer is counted and logged, no more.
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/log.h"
#include "fgw/gateway.h"
#include "fgw/verdict.h"

struct fgw_notice {
    const char *interface, *procedure; // labels of the counters; static
    const char *text;                  // for the log; static
    struct base_log_cat *log;
    const struct fgw_core_result *unknown; // what an access gateway says that knows no such user
    const char *gateway, *service;
    const char *path; // static
    int64_t timeout_ms;
    const struct base_imsi *imsi;
    const ProtobufCMessage *message;
};
// Sends it; everything but what is static is copied. Loop thread.
void fgw_notice_send(struct base_loop *loop, const struct fgw_notice *notice);
