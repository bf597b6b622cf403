// SPDX-License-Identifier: BSD-3-Clause
// SCTP (RFC 9260) for signalling: associations and listeners on a base_loop, one API over two
// implementations of the protocol:
//   kernel  the operating system's, through libsctp
//   user    libusrsctp within this process, over raw IP (needs CAP_NET_RAW, and no other SCTP on
//           the host) or encapsulated in UDP (RFC 6951); for hosts whose kernel has no SCTP
// Messages are whole, ordered within their stream. Nothing here blocks. Everything belongs to the
// stack's loop and is called on its thread; libusrsctp's own threads stay inside the room.
// Not for reconnecting, not for choosing a peer, not for one-to-many sockets.
// The prefix is sct_, since libsctp and libusrsctp both own sctp_.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/loop.h"

struct sct_stack;
struct sct_assoc;
struct sct_listener;

// --- addresses ---

#define SCT_ADDRS_MAX 8
#define SCT_ADDR_TEXT_MAX 64

// Addresses of one endpoint; all with the same port.
struct sct_addrs {
    size_t n;
    struct sockaddr_storage at[SCT_ADDRS_MAX];
};

// Numeric IPv4 and IPv6 addresses. ERR_INVALID if a text is none, ERR_FULL if there are too many.
enum err sct_addrs_parse(const char *const *texts, size_t n, uint16_t port,
                         struct sct_addrs *out);
uint16_t sct_addr_port(const struct sockaddr_storage *addr);
bool sct_addr_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
// "192.0.2.1:29118", "[2001:db8::1]:29118"; without the port if it is 0. Returns out.
const char *sct_addr_text(const struct sockaddr_storage *addr, char out[SCT_ADDR_TEXT_MAX]);

// --- stacks ---

enum sct_backend { SCT_AUTO, SCT_KERNEL, SCT_USER, SCT_BACKENDS };
const char *sct_backend_name(enum sct_backend backend); // "auto", "kernel", "user"

struct sct_stack_conf {
    int backend;      // enum sct_backend; SCT_AUTO: kernel if it has SCTP, else user
    int64_t udp_port; // user: own port of the UDP encapsulation, 0: raw IP
};
extern const struct conf_key sct_stack_conf[]; // rows for conf_read

// ERR_UNSUPPORTED: the kernel has no SCTP; ERR_DENIED: no right to raw sockets; ERR_EXISTS: the UDP
// port is taken, or the user backend runs already in this process with another one. The user
// backend learns the host's addresses now: later ones cannot be bound.
enum err sct_stack_new(struct base_loop *loop, const struct sct_stack_conf *conf,
                       struct sct_stack **out);
// On the loop's thread, or when the loop has ended; before the loop is freed. Associations and
// listeners must have been freed. The user backend may take up to two seconds.
void sct_stack_free(struct sct_stack *stack);
enum sct_backend sct_stack_backend(const struct sct_stack *stack); // never SCT_AUTO

// --- options of an endpoint ---

struct sct_options {
    int64_t streams;           // outbound asked for, inbound accepted: 1..65535
    bool nodelay;              // send at once instead of bundling (Nagle)
    int64_t heartbeat;         // ms between heartbeats of an idle path; 0: none
    int64_t rto_initial, rto_min, rto_max; // ms, retransmission
    int64_t path_max_retrans;  // lost in a row before a path counts as down
    int64_t assoc_max_retrans; // lost in a row before the association is
    int64_t init_attempts;     // of setting it up
    int64_t queue_max;         // bytes waiting here for the transport, before ERR_FULL
    int64_t message_max;       // longest message in either direction, bytes
    int64_t accept_max;        // listener: most associations at a time
    int64_t peer_udp_port;     // user backend over UDP: the peer's port
};
extern const struct sct_options sct_options_default;
extern const struct conf_key sct_options_conf[]; // rows for conf_read

// --- what happens ---

struct sct_message {
    const uint8_t *data; // borrowed for the call
    size_t len;
    uint16_t stream;
    uint32_t ppid;    // host byte order
    bool unordered;
    int64_t lifetime; // sending: ms after which it need not be sent any more; 0: reliable
};

enum sct_down {
    SCT_DOWN_REFUSED,     // setting up: the peer answered with ABORT
    SCT_DOWN_UNREACHABLE, // setting up: no answer
    SCT_DOWN_LOST,        // no path works any more
    SCT_DOWN_ABORTED,     // the peer sent ABORT
    SCT_DOWN_SHUTDOWN,    // closed in order by either side
    SCT_DOWNS
};
const char *sct_down_name(enum sct_down why);

enum sct_path_state {
    SCT_PATH_UP,
    SCT_PATH_DOWN,
    SCT_PATH_REMOVED,
    SCT_PATH_ADDED,
    SCT_PATH_PRIMARY, // it became the primary path
    SCT_PATH_STATES
};
const char *sct_path_state_name(enum sct_path_state state);

// Callbacks, on the loop's thread. Any may free the association. Those marked (o) may be NULL.
struct sct_handler {
    // restarted: the peer forgot the association and set it up anew; what was queued is lost
    void (*up)(struct sct_assoc *assoc, bool restarted, void *arg);
    // The last callback; free the association now or later.
    void (*down)(struct sct_assoc *assoc, enum sct_down why, void *arg);
    void (*message)(struct sct_assoc *assoc, const struct sct_message *message, void *arg);
    // (o) one of the peer's addresses changed
    void (*path)(struct sct_assoc *assoc, const struct sockaddr_storage *addr,
                 enum sct_path_state state, void *arg);
    // (o) the message will not arrive; its data as far as the transport still has it
    void (*send_failed)(struct sct_assoc *assoc, const struct sct_message *message, void *arg);
    // (o) after ERR_FULL: half of queue_max is free again
    void (*writable)(struct sct_assoc *assoc, void *arg);
};

// --- associations ---

enum sct_state { SCT_CONNECTING, SCT_UP, SCT_CLOSING, SCT_DOWN };

// Begins to set up an association; up() or down() follows, never within the call. local may be
// NULL or empty: any address, any port. ERR_NOMEM, ERR_INVALID, ERR_UNSUPPORTED,
// ERR_NOT_FOUND (a local address is not this host's), ERR_EXISTS (address in use), ERR_IO.
enum err sct_connect(struct sct_stack *stack, const struct sct_options *options,
                     const struct sct_addrs *local, const struct sct_addrs *remote,
                     const struct sct_handler *handler, void *arg, struct sct_assoc **out);

// Sends or queues; the data is copied. ERR_FULL: queue_max is reached, writable() will tell;
// ERR_CLOSED: not up (any more); ERR_RANGE: longer than message_max, empty, or no such stream.
enum err sct_send(struct sct_assoc *assoc, const struct sct_message *message);

// Sends what is queued, then closes in order; down(SCT_DOWN_SHUTDOWN) follows.
void sct_close(struct sct_assoc *assoc);
// Frees it; no callback any more. An association that is up is closed in order behind the scenes
// (abort: with ABORT), what is queued here is dropped. NULL is fine.
void sct_free(struct sct_assoc *assoc);
void sct_abort(struct sct_assoc *assoc);

struct sct_path {
    struct sockaddr_storage addr;
    bool up, primary;
    uint32_t srtt, rto; // ms
    uint32_t mtu;
};

enum sct_state sct_assoc_state(const struct sct_assoc *assoc);
// Streams agreed; 0 before it was up.
void sct_assoc_streams(const struct sct_assoc *assoc, uint16_t *out, uint16_t *in);
size_t sct_assoc_queued(const struct sct_assoc *assoc); // bytes waiting here
// The peer's addresses; at most max. 0 when down.
size_t sct_assoc_paths(const struct sct_assoc *assoc, struct sct_path *paths, size_t max);
// Own addresses. ERR_CLOSED when down.
enum err sct_assoc_local(const struct sct_assoc *assoc, struct sct_addrs *out);
// The first remote address, for logs; of an accepted association where it came from.
const char *sct_assoc_peer(const struct sct_assoc *assoc);

// --- listeners ---

// An association was accepted; it is the callee's from now on, which calls sct_set_handler before
// it returns (else it is aborted and freed). up() follows.
typedef void sct_accepted(struct sct_listener *listener, struct sct_assoc *assoc, void *arg);
void sct_set_handler(struct sct_assoc *assoc, const struct sct_handler *handler, void *arg);

// local: at least a port; no address of its own (0.0.0.0, ::) means all. Errors as sct_connect.
enum err sct_listen(struct sct_stack *stack, const struct sct_options *options,
                    const struct sct_addrs *local, sct_accepted *accepted, void *arg,
                    struct sct_listener **out);
// Accepted associations live on. NULL is fine.
void sct_listener_free(struct sct_listener *listener);
