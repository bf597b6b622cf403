// SPDX-License-Identifier: BSD-3-Clause
// Requests that a simulator sends. A pushed request is known by a handle; our own timer bounds the
// wait, since the library may never call back.
#pragma once

#include "sim_sender.h"

struct sim_pushes;

struct sim_push_answer {
    enum err err;          // OK, TIMEOUT (no answer in time), or why it was not sent
    uint32_t result;       // Result-Code or Experimental-Result-Code, 0: the answer has none
    bool experimental;
    char origin[256];      // Origin-Host of the answer
    char detail[4096];      // flags and states the answer carried, readable; "" if none
    int64_t elapsed_ns;
};

// What an answer carries beside its result, readable, into out.
typedef void sim_push_describe(struct msg *answer, char *out, size_t size);

// describe may be NULL.
enum err sim_pushes_new(struct sim_sender *sender, int64_t timeout_ms, sim_push_describe *describe,
                        struct sim_pushes **out);
void sim_pushes_free(struct sim_pushes *pushes); // after the sender has stopped; NULL is fine

// Sends and forgets: the outcome is logged. Takes *msg over. Any thread, also dispatch callbacks.
void sim_push_forget(struct sim_pushes *pushes, struct msg **msg);
// Sends and waits for the answer or the timeout. Takes *msg over. Not from a library callback.
void sim_push_wait(struct sim_pushes *pushes, struct msg **msg, struct sim_push_answer *out);
