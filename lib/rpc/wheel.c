// SPDX-License-Identifier: BSD-3-Clause
// Timer wheel (see wheel.h). Items further away than one revolution stay in their slot for several.
#include "rpc/wheel.h"

#include <string.h>

void rpc_wheel_init(struct rpc_wheel *wheel, int64_t now_ns)
{
    memset(wheel, 0, sizeof(*wheel));
    wheel->tick = now_ns / RPC_WHEEL_TICK_NS;
}

static void push(struct rpc_wheel_item **head, struct rpc_wheel_item *item)
{
    item->next = *head;
    item->link = head;
    if (item->next)
        item->next->link = &item->next;
    *head = item;
}

static void unlink_item(struct rpc_wheel_item *item)
{
    *item->link = item->next;
    if (item->next)
        item->next->link = item->link;
    item->link = NULL;
    item->next = NULL;
}

void rpc_wheel_add(struct rpc_wheel *wheel, struct rpc_wheel_item *item, int64_t deadline_ns,
                   int64_t now_ns)
{
    if (wheel->n == 0) // nobody advanced an empty wheel
        wheel->tick = now_ns / RPC_WHEEL_TICK_NS;
    item->tick = deadline_ns / RPC_WHEEL_TICK_NS + 1; // never early
    if (item->tick <= wheel->tick)
        item->tick = wheel->tick + 1;
    push(&wheel->slots[item->tick % RPC_WHEEL_SLOTS], item);
    wheel->n++;
}

void rpc_wheel_remove(struct rpc_wheel *wheel, struct rpc_wheel_item *item)
{
    if (!item->link)
        return;
    unlink_item(item);
    wheel->n--;
}

void rpc_wheel_advance(struct rpc_wheel *wheel, int64_t now_ns,
                       void (*fire)(struct rpc_wheel_item *item, void *arg), void *arg)
{
    int64_t now = now_ns / RPC_WHEEL_TICK_NS;
    int64_t first = wheel->tick + 1;
    struct rpc_wheel_item *due = NULL;
    if (now < first)
        return;
    if (now - first >= RPC_WHEEL_SLOTS)
        first = now - RPC_WHEEL_SLOTS + 1;
    for (int64_t tick = first; tick <= now; tick++) {
        struct rpc_wheel_item *item = wheel->slots[tick % RPC_WHEEL_SLOTS], *next;
        for (; item; item = next) {
            next = item->next;
            if (item->tick > now)
                continue;
            unlink_item(item);
            push(&due, item); // stays removable while it waits for its turn
        }
    }
    wheel->tick = now;
    while (due) {
        struct rpc_wheel_item *item = due;
        unlink_item(item);
        wheel->n--;
        fire(item, arg);
    }
}
