// SPDX-License-Identifier: BSD-3-Clause
// Timer wheel for many deadlines of which most are cancelled: constant cost, coarse (one tick late
// at most). I/O-free, time is passed in; one thread. Internal to the room.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RPC_WHEEL_TICK_NS 10000000LL // 10 ms
#define RPC_WHEEL_SLOTS 1024

struct rpc_wheel_item {
    struct rpc_wheel_item *next, **link; // link NULL: not in a wheel
    int64_t tick;
};

struct rpc_wheel {
    struct rpc_wheel_item *slots[RPC_WHEEL_SLOTS];
    int64_t tick; // last one that was served
    size_t n;
};

void rpc_wheel_init(struct rpc_wheel *wheel, int64_t now_ns);
// item must be zeroed or out of the wheel.
void rpc_wheel_add(struct rpc_wheel *wheel, struct rpc_wheel_item *item, int64_t deadline_ns,
                   int64_t now_ns);
void rpc_wheel_remove(struct rpc_wheel *wheel, struct rpc_wheel_item *item); // idempotent
// Calls fire for every item that is due, after taking it out. fire may add and remove items.
void rpc_wheel_advance(struct rpc_wheel *wheel, int64_t now_ns,
                       void (*fire)(struct rpc_wheel_item *item, void *arg), void *arg);
