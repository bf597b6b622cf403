// SPDX-License-Identifier: BSD-3-Clause
// Subscribers in bulk: CSV files (RFC 4180) and generated ranges, into the store.
#pragma once

#include <stdio.h>

#include "hss_store.h"

struct hss_csv_report {
    size_t stored;       // subscribers written
    size_t refused;      // lines left out
    // told of each refused line; may be NULL
    void (*refuse)(void *ctx, size_t line, const char *why);
    void *ctx;
};

// The first line names the columns, by the fields of hss_fields.h (any order, imsi is required;
// what is not named keeps its usual value). Lines starting with # are skipped. A bad line is
// reported and left out, the rest goes on. ERR_DECODE_SYNTAX: the first line is no use; ERR_IO and
// the store's errors end the import.
enum err hss_csv_import(FILE *in, struct hss_store *store, struct aka_gen *gen,
                        struct hss_csv_report *report);

// n subscribers like `first`, with IMSI and MSISDN (if it has one) counting up. ERR_RANGE if the
// IMSI would outgrow its digits.
enum err hss_generate(struct hss_store *store, const struct hss_profile *first, size_t n);

// Adds n to a string of digits in place, keeping its length. ERR_RANGE on overflow.
enum err hss_digits_add(char *digits, uint64_t n);
