// SPDX-License-Identifier: BSD-3-Clause
// Generation-checked ids for objects that other threads or late events refer to.
// A table belongs to one thread; ids may travel anywhere. 0 is never a valid id.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef uint64_t base_handle; // low 32 bits index+1, high 32 bits generation

struct base_handles;

// capacity: most live handles (the admission bound of what they stand for). The table grows up to
// it.
enum err base_handles_new(size_t capacity, struct base_handles **out);
void base_handles_free(struct base_handles *table);
// Stores obj (not NULL) and returns its id. ERR_FULL at capacity.
enum err base_handle_alloc(struct base_handles *table, void *obj, base_handle *out);
void *base_handle_get(const struct base_handles *table, base_handle handle); // NULL if stale
void *base_handle_release(struct base_handles *table, base_handle handle);   // NULL if stale
size_t base_handles_used(const struct base_handles *table);
// Visits live objects; visit may release the visited handle.
void base_handles_each(struct base_handles *table,
                       void (*visit)(base_handle handle, void *obj, void *arg), void *arg);
