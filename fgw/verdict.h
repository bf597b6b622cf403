// SPDX-License-Identifier: BSD-3-Clause
// Results on their way through the gateway, the part that is the same for every interface: a
// Diameter result becomes what the access gateway gets, an access gateway's answer becomes a
// Diameter result. Each interface has its own table for what its specification defines.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "diameter/msg.h"

// What the access gateway gets.
struct fgw_verdict {
    int status;          // gRPC status, 0..16
    uint32_t error_code; // for replies that carry one: 0 on success; otherwise only for the log
    const char *label;   // for metrics and log: "success", "user_unknown"; static
};
struct fgw_verdict_row {
    uint32_t code; // of the Diameter result
    struct fgw_verdict verdict;
};
// The row with this code; false if there is none.
bool fgw_verdict_find(const struct fgw_verdict_row *rows, size_t n, uint32_t code,
                      struct fgw_verdict *out);
// A Result-Code as RFC 6733 7.1 defines it; unknown ones by their class.
struct fgw_verdict fgw_verdict_of_base(uint32_t result_code);
// The answer of the core in words, for the caller: "Diameter Result-Code 3004 (too_busy)".
void fgw_verdict_text(const struct fgw_verdict *verdict, const struct dia_result *result,
                      char *text, size_t size);
// A failure of our own.
struct fgw_verdict fgw_verdict_of_err(enum err err);

// What the core gets.
struct fgw_core_result {
    uint32_t vendor; // 0: Result-Code; else Experimental-Result
    uint32_t code;
    const char *label;
};
bool fgw_core_is_success(const struct fgw_core_result *result);
// unknown: what the interface answers for a user or session that nobody knows.
struct fgw_core_result fgw_core_of_status(int grpc_status, const struct fgw_core_result *unknown);
struct fgw_core_result fgw_core_of_err(enum err err, const struct fgw_core_result *unknown);
extern const struct fgw_core_result fgw_core_success, fgw_core_unable, fgw_core_no_delivery,
    fgw_core_busy;
