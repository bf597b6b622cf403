// SPDX-License-Identifier: BSD-3-Clause
// One lock around libusrsctp: its threads and the loops' never work in it at the same time. Only
// for sctp_usr.c; why: sctp_guard.c.
#pragma once

#include <stdbool.h>

// Taken around every call into the library, never while a lock that an upcall takes is held. Not
// recursive. Returns true.
bool sct_guard_enter(void);
// As a cleanup function.
void sct_guard_leave(bool *guarded);

// Holds the lock until the end of the block.
#define SCT_GUARDED()                                                                              \
    bool guarded __attribute__((cleanup(sct_guard_leave), unused)) = sct_guard_enter()

// Whether the library's threads were seen to take the lock: false until its first tick (10 ms after
// its start) and for ever where it was linked in a way that hides its functions (-Bsymbolic, LTO,
// a static library).
bool sct_guard_works(void);
