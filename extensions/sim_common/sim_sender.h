// SPDX-License-Identifier: BSD-3-Clause
// The thread that sends what does not leave as the immediate answer of a dispatch callback:
// requests to peers, delayed and doubled answers, cut connections. It is the only caller of
// fd_msg_send, which may block, and which deadlocks the library when called from its own callbacks.
#pragma once

#include "diameter/msg.h"

#define SIM_SENDER_MAX 100000 // most items waiting

struct sim_sender;

enum err sim_sender_start(struct sim_sender **out);
void sim_sender_stop(struct sim_sender *sender); // frees what still waits; NULL is fine

// Each takes the message over (*msg becomes NULL), also when it fails (ERR_FULL, ERR_NOMEM,
// ERR_SHUTDOWN). due_ns: not before; 0: at once. Any thread.
enum err sim_sender_answer(struct sim_sender *sender, struct msg **msg, int64_t due_ns,
                           bool twice);
// answered and expired get data; the library may also never call either.
enum err sim_sender_request(struct sim_sender *sender, struct msg **msg,
                            void (*answered)(void *data, struct msg **answer),
                            void (*expired)(void *data, DiamId_t peer, size_t peer_len,
                                            struct msg **request),
                            void *data, int64_t timeout_ms);
// Cuts the transport connection to the peer a request came from, without a word.
enum err sim_sender_cut(struct sim_sender *sender, const char *peer, int64_t due_ns);

size_t sim_sender_waiting(struct sim_sender *sender);

// Socket of an open peer, or -1. For sim_sender and for socket options.
int sim_peer_socket(struct peer_hdr *peer);
