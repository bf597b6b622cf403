// SPDX-License-Identifier: BSD-3-Clause
// Applications whose servers keep sessions. Apart from route.c, so that a test of an interface need
// not bring the stack.
#include <stdatomic.h>

#include "diameter/stack_int.h"

enum { APPLICATIONS_MAX = 8 };

static uint32_t applications[APPLICATIONS_MAX];
static _Atomic size_t n_applications;

enum err dia_exact_hosts(uint32_t application)
{
    size_t n = atomic_load(&n_applications);
    if (n == APPLICATIONS_MAX)
        return ERR_FULL;
    applications[n] = application;
    atomic_store_explicit(&n_applications, n + 1, memory_order_release);
    return ERR_OK;
}

bool dia_is_exact(uint32_t application)
{
    size_t n = atomic_load_explicit(&n_applications, memory_order_acquire);
    for (size_t i = 0; i < n; i++)
        if (applications[i] == application)
            return true;
    return false;
}
