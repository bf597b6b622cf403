// SPDX-License-Identifier: BSD-3-Clause
// What server.c, server_conn.c and call.c share. Internal to the room.
// A server has one worker per loop; a worker has connections; a connection has calls. All but the
// server itself live on their loop's thread.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "rpc/addr.h"
#include "rpc/h2.h"
#include "rpc/metrics.h"
#include "rpc/server.h"
#include "rpc/tls.h"
#include "rpc/wheel.h"
#include "rpc/wire.h"

extern struct base_log_cat log_rpc;

#define RPC_METHOD_BUCKETS 256
#define RPC_CLIENT_BUCKETS 1024

struct rpc_method_entry {
    struct rpc_method method; // path owned
    struct rpc_method_entry *next;
    struct metric_cell *status[RPC_UNAUTHENTICATED + 1];
    struct metric_cell *seconds, *streams;
};

// Connections of one client address.
struct rpc_client_count {
    struct rpc_client_count *next;
    uint8_t key[16];
    uint32_t n;
};

struct rpc_listen_entry {
    struct rpc_listen listen; // address owned
    struct rpc_addr addr;     // with the port that was bound
    bool cleartext;
    char name[RPC_ADDR_TEXT];
    struct metric_cell *accepted;
};

struct rpc_listener {
    struct rpc_worker *worker;
    const struct rpc_listen_entry *entry;
    int fd;
    bool added;
    struct event event;
    struct base_timer pause; // out of descriptors: accept again later
};

struct rpc_worker {
    struct rpc_server *server; // NULL once the server was freed
    struct base_loop *loop;
    _Atomic unsigned refs;     // the server's, of posted jobs, of connections
    struct base_job start_job, drain_job, drained_job, recheck_job;
    _Atomic unsigned recheck_asked; // how often, see recheck.c
    _Atomic bool recheck_queued;
    struct rpc_wire_io io;
    struct rpc_h2_pool pool;
    struct rpc_wheel deadlines;
    struct base_timer tick, sweep, drain_step;
    struct rpc_listener *listeners;
    size_t n_listeners;
    struct rpc_conn *conns;
    size_t n_conns;
    bool draining, said_goaway, cut_off, drained;
    int64_t drain_until_ns;
};

struct rpc_server {
    struct rpc_limits limits;      // zeros replaced
    struct rpc_h2_config h2;       // from limits
    int64_t handshake_ns, sweep_ms;
    bool allow_cleartext_anywhere, allow_anonymous, started;
    rpc_admit admit;
    void *admit_ctx;
    struct rpc_listen_entry *listens;
    size_t n_listens;
    struct rpc_cidr *proxies;
    size_t n_proxies;
    struct rpc_tls_config tls;     // strings owned
    struct rpc_worker **workers;
    size_t n_workers;
    struct rpc_method_entry *methods[RPC_METHOD_BUCKETS];
    struct metric_cell *unknown_method[RPC_UNAUTHENTICATED + 1];
    struct metric_cell *m_connections, *m_late, *m_rx, *m_tx;

    pthread_mutex_t lock;          // the fields below
    SSL_CTX *ssl_ctx;              // NULL: no TLS
    struct rpc_client_count *clients[RPC_CLIENT_BUCKETS];
    void (*drain_done)(void *arg);
    void *drain_arg;
    bool draining;

    _Atomic uint32_t n_conns;
    _Atomic size_t workers_left;   // to drain
    int64_t drain_grace_ms;
};

enum rpc_admission { RPC_ADMIT_UNKNOWN, RPC_ADMIT_YES, RPC_ADMIT_NO };

struct rpc_conn {
    struct rpc_conn *next, *prev;  // of the worker
    struct rpc_worker *worker;
    struct base_loop *loop;
    const struct rpc_listen_entry *listen;
    unsigned refs;                 // itself and calls in handlers' hands
    bool open;
    struct rpc_wire wire;
    struct rpc_h2 *h2;             // NULL until up, and after the end
    struct rpc_addr peer;
    char remote[RPC_ADDR_TEXT];
    char identity[RPC_IDENTITY_MAX]; // of the certificate; "" if there is none
    bool trusted_proxy;
    enum rpc_admission admission;  // of identity
    unsigned rechecked;            // up to which recheck_asked of the worker
    bool counted_client;
    int64_t opened_ns;
    uint64_t rx_counted, tx_counted; // already in the metric
    enum rpc_h2_end why;
};

// Lives in the stream's user area.
struct rpc_call {
    struct rpc_h2_stream *stream;
    struct rpc_conn *conn;             // NULL: never routed
    const struct rpc_method_entry *method;
    const char *gateway;               // in conn or in the stream's headers
    struct rpc_wheel_item deadline_item;
    int64_t deadline_ns;
    bool dispatched, answered, cancelled;
    void (*on_cancel)(struct rpc_call *call, void *arg);
    void *cancel_arg;
};
struct rpc_stream {
    struct rpc_call call; // first: the same memory
    void *user;
    bool open;
};

// server_conn.c
// Takes over one count of server->n_conns; fd is the caller's until ERR_OK.
enum err rpc_conn_new(struct rpc_worker *worker, const struct rpc_listen_entry *listen, int fd,
                      const struct rpc_addr *peer);
void rpc_conn_sweep(struct rpc_conn *conn, int64_t now_ns);
void rpc_conn_finish(struct rpc_conn *conn, enum rpc_h2_end why); // send what is there, close
void rpc_conn_abort(struct rpc_conn *conn);                       // at once; tear-down
void rpc_conn_unref(struct rpc_conn *conn);
void rpc_conn_kick(struct rpc_conn *conn);
void rpc_conn_each_call(struct rpc_conn *conn, void (*visit)(struct rpc_call *call));
SSL_CTX *rpc_server_ssl_ctx(struct rpc_server *server); // in force; the caller frees it; NULL: none
void rpc_refused(const char *limit);
// server.c
void rpc_worker_unref(struct rpc_worker *worker); // any thread
void rpc_worker_conn_gone(struct rpc_worker *worker); // continues a drain
void rpc_worker_watch(struct rpc_worker *worker, struct rpc_call *call); // puts it into the wheel
struct rpc_method_entry *rpc_method_find(struct rpc_server *server, const char *path);
// listener.c
enum err rpc_listeners_bind(struct rpc_server *server);
void rpc_listeners_open(struct rpc_worker *worker);
void rpc_listeners_close(struct rpc_worker *worker);
bool rpc_client_count_up(struct rpc_server *server, const uint8_t key[16]);
void rpc_client_count_down(struct rpc_server *server, const uint8_t key[16]);
// call.c
extern const struct rpc_h2_ops rpc_call_ops;
void rpc_call_expired(struct rpc_call *call);
void rpc_call_abandon(struct rpc_call *call); // the server ends before the answer came
void rpc_call_evict(struct rpc_call *call);   // the caller is no longer admitted
void rpc_call_draining(struct rpc_call *call);
void rpc_call_shed(struct rpc_call *call, int status, const char *message);
