// SPDX-License-Identifier: BSD-3-Clause
// A bounded memory of small values by short text keys, each with an end of its life. What does not
// fit pushes the oldest out. Values may be secrets: they are wiped. Any thread; sharded, so that
// loops seldom meet. Not for what must survive a restart.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FGW_CACHE_KEY_MAX 127

struct fgw_cache;
// capacity: most values held, at least 64; value_size: most bytes of one.
enum err fgw_cache_new(size_t capacity, size_t value_size, struct fgw_cache **out);
void fgw_cache_free(struct fgw_cache *cache); // NULL is fine
// Adds or replaces. ERR_RANGE: key or value too long; ERR_NOMEM.
enum err fgw_cache_put(struct fgw_cache *cache, const char *key, const void *value, size_t len,
                       int64_t until_ns);
// Calls edit with the value, under a lock, if there is one that still lives: it may change it and
// its length in place; a length of 0 removes it. False: there was none.
bool fgw_cache_edit(struct fgw_cache *cache, const char *key, int64_t now_ns,
                    void (*edit)(void *arg, void *value, size_t *len), void *arg);
void fgw_cache_remove(struct fgw_cache *cache, const char *key);
size_t fgw_cache_count(struct fgw_cache *cache);
