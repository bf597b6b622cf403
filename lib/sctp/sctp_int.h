// SPDX-License-Identifier: BSD-3-Clause
// What the common part (sctp.c) asks of a backend: a non-blocking one-to-one socket with its
// notifications translated. Not for users of the room.
#pragma once

#include "base/log.h"
#include "sctp/sctp.h"

extern struct base_log_cat log_sctp;

struct sct_sock; // a backend's own

enum sct_event_kind {
    SCT_EV_DATA,        // message (or a part of one: end is false)
    SCT_EV_UP,
    SCT_EV_RESTARTED,
    SCT_EV_DOWN,
    SCT_EV_CLOSING,     // the peer began to close: nothing can be sent any more
    SCT_EV_PATH,
    SCT_EV_SEND_FAILED,
    SCT_EV_NOTHING,     // a notification of no interest
};

struct sct_event {
    enum sct_event_kind kind;
    enum sct_down why;             // DOWN; SCT_DOWNS: unknown, the common part decides
    struct sct_message message;    // DATA, SEND_FAILED; data lies in the caller's buffer
    bool end;                      // DATA: the message is complete
    struct sockaddr_storage addr;  // PATH
    enum sct_path_state state;
};

// Who wants to know when a socket is ready. Embedded in association and listener.
struct sct_watcher {
    void (*ready)(struct sct_watcher *watcher);
};

// Room for any notification and for one message in a piece.
#define SCT_BUFFER 65536

struct sct_ops {
    enum sct_backend backend;
    enum err (*start)(struct sct_stack *stack, const struct sct_stack_conf *conf);
    void (*stop)(struct sct_stack *stack);
    // family: AF_INET or AF_INET6 (both kinds of addresses)
    enum err (*open)(struct sct_stack *stack, int family, const struct sct_options *options,
                     struct sct_sock **out);
    enum err (*bind)(struct sct_sock *sock, const struct sct_addrs *local);
    enum err (*listen)(struct sct_sock *sock);
    enum err (*connect)(struct sct_sock *sock, const struct sct_addrs *remote);
    // ERR_AGAIN: nobody there
    enum err (*accept)(struct sct_sock *sock, struct sct_sock **out,
                       struct sockaddr_storage *peer);
    // From now on watcher is told when there may be something to read or room to write. Once it is
    // set, ready() may come at any later turn of the loop, also for nothing.
    enum err (*watch)(struct sct_sock *sock, struct sct_watcher *watcher);
    void (*want_write)(struct sct_sock *sock, bool on);
    // ERR_AGAIN: no room, ERR_CLOSED
    enum err (*send)(struct sct_sock *sock, const struct sct_message *message);
    // ERR_AGAIN: nothing there
    enum err (*receive)(struct sct_sock *sock, uint8_t *buf, size_t size, struct sct_event *out);
    bool (*streams)(struct sct_sock *sock, uint16_t *out, uint16_t *in); // false: not up
    size_t (*paths)(struct sct_sock *sock, struct sct_path *paths, size_t max);
    enum err (*local)(struct sct_sock *sock, struct sct_addrs *out);
    void (*shutdown)(struct sct_sock *sock);
    void (*close)(struct sct_sock *sock, bool abort);
};

extern const struct sct_ops sct_kernel_ops, sct_user_ops;

struct sct_stack {
    struct base_loop *loop;
    const struct sct_ops *ops;
    void *backend; // the backend's own
    size_t n_users; // associations and listeners alive
    uint8_t *buf;   // SCT_BUFFER
    struct metric_cell *received, *sent, *full, *failed, *lost_parts, *up;
    struct metric_cell *downs[SCT_DOWNS], *paths[SCT_PATH_STATES];
};

// Errors of system calls as this room's: EADDRNOTAVAIL gives ERR_NOT_FOUND ...
enum err sct_err_from_errno(int errnum);
// Why an association ended, from an error of its socket.
enum sct_down sct_down_from_errno(int errnum);
// AF_INET6 if any address is.
int sct_addrs_family(const struct sct_addrs *a, const struct sct_addrs *b);
socklen_t sct_addr_len(const struct sockaddr_storage *addr);
// One behind the other, as the x-calls (bindx, connectx) want them. Returns the octets used.
size_t sct_addrs_pack(const struct sct_addrs *addrs, uint8_t *out, size_t size);
void sct_addrs_unpack(const void *packed, int n, struct sct_addrs *out);
