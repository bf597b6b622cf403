// SPDX-License-Identifier: BSD-3-Clause
// Definitions that libfdcore and libfdproto find before their own. Compiled into an executable
// (fgwd, test programs), never into a library: the dynamic linker searches the executable first,
// and the libraries call even their own functions through it. Where a build of freeDiameter is
// linked with -Bsymbolic or LTO this has no effect; dia_stack_interposed_ok tells. What each does
// and why: interpose.h, rescue.c, dict_search.c.
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "diameter/interpose.h"

// The libraries were built against their headers' prototypes; these repeat them.
int fd_msg_parse_or_error(struct msg **msg, struct msg **error)
{
    return dia_interpose_parse(msg, error);
}

static int (*real_search)(struct dictionary *, enum dict_object_type, int, const void *,
                          struct dict_object **, int);
static int (*real_new)(struct dictionary *, enum dict_object_type, void *, struct dict_object *,
                       struct dict_object **);
static int (*real_delete)(struct dict_object *);
static int (*real_post)(struct fifo *, void **);
static int (*real_out)(struct msg **, struct cnxctx *, struct peer_hdr *, int);
static int (*real_fifo_new)(struct fifo **, int);
static void (*real_threadname)(const char *);
static dia_write *real_send;
static dia_read *real_recv;
static int (*real_protocol)(struct cnxctx *);
static int (*real_get)(struct fifo *, void **);
static int (*real_tryget)(struct fifo *, void **);
static int (*real_register)(dia_route_fn *, void *, int, struct fd_rt_out_hdl **);
static int (*real_unregister)(struct fd_rt_out_hdl *, void **);
static dia_event_send *real_event_send;
static dia_target *real_target;
static dia_move *real_move;
static int (*real_event_timedget)(struct fifo *, struct timespec *, int, int *, size_t *, void **);
static int (*real_fetch)(struct sr_list *, uint32_t, struct msg **);
static int (*real_setsockopt)(int, int, int, const void *, socklen_t);

// Before main, so that no thread finds them missing. dlsym returns an object pointer; POSIX says
// that it converts.
static void __attribute__((constructor)) find_originals(void)
{
    *(void **)&real_search = dlsym(RTLD_NEXT, "fd_dict_search");
    *(void **)&real_new = dlsym(RTLD_NEXT, "fd_dict_new");
    *(void **)&real_delete = dlsym(RTLD_NEXT, "fd_dict_delete");
    *(void **)&real_post = dlsym(RTLD_NEXT, "fd_fifo_post_int");
    *(void **)&real_fifo_new = dlsym(RTLD_NEXT, "fd_fifo_new");
    *(void **)&real_out = dlsym(RTLD_NEXT, "fd_out_send");
    *(void **)&real_threadname = dlsym(RTLD_NEXT, "fd_log_threadname");
    *(void **)&real_send = dlsym(RTLD_NEXT, "fd_cnx_send");
    *(void **)&real_recv = dlsym(RTLD_NEXT, "fd_cnx_s_recv");
    *(void **)&real_protocol = dlsym(RTLD_NEXT, "fd_cnx_getproto");
    *(void **)&real_get = dlsym(RTLD_NEXT, "fd_fifo_get_int");
    *(void **)&real_tryget = dlsym(RTLD_NEXT, "fd_fifo_tryget_int");
    *(void **)&real_register = dlsym(RTLD_NEXT, "fd_rt_out_register");
    *(void **)&real_unregister = dlsym(RTLD_NEXT, "fd_rt_out_unregister");
    *(void **)&real_event_send = dlsym(RTLD_NEXT, "fd_event_send");
    *(void **)&real_target = dlsym(RTLD_NEXT, "fd_cnx_target_queue");
    *(void **)&real_move = dlsym(RTLD_NEXT, "fd_cnx_recv_setaltfifo");
    *(void **)&real_event_timedget = dlsym(RTLD_NEXT, "fd_event_timedget");
    *(void **)&real_fetch = dlsym(RTLD_NEXT, "fd_p_sr_fetch");
    *(void **)&real_setsockopt = dlsym(RTLD_NEXT, "setsockopt");
    if (!real_search || !real_new || !real_delete || !real_post || !real_fifo_new || !real_out ||
        !real_threadname || !real_send || !real_recv || !real_protocol || !real_get ||
        !real_tryget || !real_register || !real_unregister || !real_event_send ||
        !real_target || !real_move ||
        !real_event_timedget || !real_fetch || !real_setsockopt)
        abort(); // linked without the libraries this file is for
}

int fd_dict_search(struct dictionary *dict, enum dict_object_type type, int criteria,
                   const void *what, struct dict_object **result, int retval)
{
    int rc;
    if (dia_dict_search(dict, type, criteria, what, result, retval, &rc)) {
        dia_interpose_seen(DIA_INTERPOSED_SEARCH);
        return rc;
    }
    return real_search(dict, type, criteria, what, result, retval);
}

int fd_dict_new(struct dictionary *dict, enum dict_object_type type, void *data,
                struct dict_object *parent, struct dict_object **ref)
{
    dia_dict_changed();
    return real_new(dict, type, data, parent, ref);
}

int fd_dict_delete(struct dict_object *object)
{
    dia_dict_changed();
    return real_delete(object);
}

int fd_fifo_post_int(struct fifo *queue, void **item)
{
    return dia_interpose_post(queue, item) ? 0 : real_post(queue, item);
}

// The library's queues between its threads hold 5 to 30 messages: under load each of them stops its
// producer every few messages, which costs more context switches than everything else together.
// Ours are bounded long before, by the caps of requests in flight and of the sender's queue. 0 is
// unbounded.
int fd_fifo_new(struct fifo **queue, int max)
{
    const int least = dia_interpose_fifo_least();
    return real_fifo_new(queue, max > 0 && max < least ? least : max);
}

// Not in the library's headers; `peer` is a struct fd_peer, which begins with a struct peer_hdr.
int fd_out_send(struct msg **msg, struct cnxctx *cnx, struct peer_hdr *peer, int routed);
int fd_out_send(struct msg **msg, struct cnxctx *cnx, struct peer_hdr *peer, int routed)
{
    int rc = routed && !cnx ? dia_interpose_out(msg, peer) : 0;
    if (rc != 0 || !*msg)
        return rc;
    rc = real_out(msg, cnx, peer, routed);
    return rc != 0 && routed && !cnx ? dia_interpose_not_out(msg, rc) : rc;
}

// What these five do together: coalesce.c. None but the first is in the library's headers.
void fd_log_threadname(const char *name)
{
    dia_coalesce_thread(name);
    dia_early_thread(name);
    real_threadname(name);
}

int fd_cnx_send(struct cnxctx *cnx, unsigned char *data, size_t len);
int fd_cnx_send(struct cnxctx *cnx, unsigned char *data, size_t len)
{
    return dia_coalesce_write(real_send, cnx, real_protocol(cnx), data, len);
}

// Where a thread waits for the next message to send.
int fd_fifo_get_int(struct fifo *queue, void **item)
{
    if (dia_coalesce_pending()) {
        if (real_tryget(queue, item) == 0)
            return 0;
        int rc = dia_coalesce_flush(real_send);
        if (rc != 0) {
            *item = NULL;
            return rc;
        }
    }
    return real_get(queue, item);
}

ssize_t fd_cnx_s_recv(struct cnxctx *cnx, void *into, size_t len);
ssize_t fd_cnx_s_recv(struct cnxctx *cnx, void *into, size_t len)
{
    return dia_coalesce_read(real_recv, cnx, into, len);
}

int fd_rt_out_register(dia_route_fn *fn, void *data, int priority, struct fd_rt_out_hdl **handle)
{
    int rc = real_register(fn, data, priority, handle);
    if (rc == 0)
        dia_direct_callback(fn, data, priority);
    return rc;
}

int fd_rt_out_unregister(struct fd_rt_out_hdl *handle, void **data)
{
    dia_direct_callback_gone();
    return real_unregister(handle, data);
}

// What these two and fd_event_send do together: target.c. Neither is in the library's headers.
struct fifo *fd_cnx_target_queue(struct cnxctx *cnx);
struct fifo *fd_cnx_target_queue(struct cnxctx *cnx)
{
    return dia_target_ask(real_target, cnx);
}

int fd_cnx_recv_setaltfifo(struct cnxctx *cnx, struct fifo *to);
int fd_cnx_recv_setaltfifo(struct cnxctx *cnx, struct fifo *to)
{
    return dia_target_move(real_move, cnx, to);
}

// What these three do together: early.c. The last one is not in the library's headers.
int fd_event_timedget(struct fifo *queue, struct timespec *timeout, int timeout_code, int *code,
                      size_t *len, void **data)
{
    dia_early_waits(queue);
    return real_event_timedget(queue, timeout, timeout_code, code, len, data);
}

int fd_event_send(struct fifo *queue, int code, size_t len, void *data)
{
    struct msg *answer = NULL;
    if (!dia_early_answer(queue, data, len, &answer))
        return dia_target_post(real_target, real_event_send, queue, code, len, data);
    return answer ? fd_fifo_post(fd_g_incoming, &answer) : 0;
}

int fd_p_sr_fetch(struct sr_list *sent, uint32_t hop_by_hop, struct msg **request);
int fd_p_sr_fetch(struct sr_list *sent, uint32_t hop_by_hop, struct msg **request)
{
    dia_early_fetches(sent);
    return real_fetch(sent, hop_by_hop, request);
}

int fd_core_shutdown(void)
{
    dia_interpose_shutdown();
    return 0;
}

// RFC 3539 §3.2 asks for Nagle's algorithm and the library switches it on; with requests in both
// directions on one connection it costs up to 40 ms of delayed acknowledgement.
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    static const int on = 1;
    if (level == IPPROTO_TCP && name == TCP_NODELAY && len == sizeof(on)) {
        dia_interpose_seen(DIA_INTERPOSED_SETSOCKOPT);
        value = &on;
    }
    return real_setsockopt(fd, level, name, value, len);
}
