// SPDX-License-Identifier: BSD-3-Clause
// The stage of the SCTP tests: two ends in one process, what happened to them, and how they are
// brought together. Not a test.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sctp/sctp.h"
#include "world.h"

enum { PORT = 29118, UDP_PORT = 9899, SOON = 30000 };

extern enum sct_backend backend;
extern bool own_network; // addresses can come and go

extern struct base_loop *loop;
extern struct sct_stack *stack;

// What happened to one end. The last messages are kept.
struct end {
    struct sct_assoc *assoc;
    int ups, restarts, downs, messages, failed, writable;
    int path_up, path_down;
    enum sct_down why;
    size_t bytes, last_len;
    uint16_t last_stream;
    uint32_t last_ppid;
    bool last_unordered;
    uint8_t last[256];
    uint32_t next[16];  // per stream: the number expected next
    int disorder;
    bool numbered;      // messages begin with their number within the stream
    char free_in;       // frees itself in up 'u', message 'm', down 'd', path 'p'
    bool echo;
};

extern struct end client, server;
extern struct sct_listener *listener;
extern const struct sct_handler handler; // arg: struct end
void on_accepted(struct sct_listener *l, struct sct_assoc *assoc, void *arg); // struct end

int begin(void **state); // of every case
int end(void **state);

// Timers that suit a test: retransmission is quick, giving up is not (seconds), for a thread of the
// stack may stand still meanwhile.
struct sct_options quick(void);
struct sct_options hasty(void); // gives up quickly, too, where that is what the test is about
void listen_on(const char *const *texts, size_t n, const struct sct_options *o);
void connect_to(const char *const *local, size_t n_local, const char *const *remote,
                size_t n_remote, const struct sct_options *o);
void a_pair(void); // connected over 127.0.0.1
extern const char *const any_v4[1];
enum err say(struct end *from, uint16_t stream, const char *text); // PPID 46

// Conditions for world_run.
bool both_up(void *arg);
bool client_down(void *arg);
bool both_down(void *arg);
void server_gets(int n); // waits until it has received n messages
bool reaches(const int *counter, int n); // waits until it counts n; false after a long time
