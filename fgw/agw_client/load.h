// SPDX-License-Identifier: BSD-3-Clause
// Load: many subscribers of one gateway, at a rate or as fast as the window allows.
// Not for correctness of answers (script.c): it only sorts them into good, refused and failed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agw_client/link.h"

enum load_procedure { LOAD_AIR, LOAD_ULR, LOAD_PUR, LOAD_ATTACH };

struct load_options {
    enum load_procedure procedure;
    const char *first_imsi; // digits; subscriber i is this number + i
    uint64_t subscribers;
    uint32_t vectors;
    uint8_t plmn[3];
    double rate;        // requests per second; 0: as fast as the window allows
    uint32_t in_flight; // window over all connections
    size_t connections; // channels of the link, used in turn
    int64_t duration_ms;
    uint64_t count; // stop after so many requests; 0: no limit
    bool json;
    const char *path; // not NULL: send this raw message to this method instead
    const uint8_t *raw;
    size_t raw_len;
};

// Runs to the end and prints the report on stdout. With a rate, latency counts from the moment the
// request was due, so that a stall shows (no coordinated omission). ERR_RPC_STATUS if nothing
// succeeded.
enum err load_run(struct agwc *link, const struct load_options *options);
