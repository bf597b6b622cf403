// SPDX-License-Identifier: BSD-3-Clause
// The thread that writes dirty subscribers to the database, many in one transaction.
#pragma once

#include "hss_cache.h"

struct hss_saver;

// Starts the thread. It owns the store's connection until stopped. interval_ms: how long changes
// are collected before they are written.
enum err hss_saver_start(struct hss_cache *cache, struct hss_store *store, int64_t interval_ms,
                         struct hss_saver **out);
// Writes what is left, exact SEQs included, marks the store as orderly closed, and ends the thread.
void hss_saver_stop(struct hss_saver *saver);
