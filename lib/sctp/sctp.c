// SPDX-License-Identifier: BSD-3-Clause
// What both backends share: the life of an association, the bounded queue in front of the
// transport, putting partial deliveries together, callbacks that may free what they are about.
// A backend only says when to look; everything is found out by reading.
#include "sctp/sctp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/metrics.h"
#include "sctp/sctp_int.h"

BASE_LOG_CATEGORY(log_sctp, "sctp");

enum {
    EVENTS_PER_TURN = 64, // of one association, then others get their turn
    ACCEPTS_PER_TURN = 16,
};

static const char *const backend_choices[] = {"auto", "kernel", "user", NULL};

const struct conf_key sct_stack_conf[] = {
    {.name = "backend", .type = CONF_ENUM, .offset = offsetof(struct sct_stack_conf, backend),
     .choices = backend_choices, .def = SCT_AUTO, .restart = true,
     .help = "kernel's SCTP, userspace SCTP, or whichever works (auto)"},
    {.name = "udp_port", .type = CONF_INT, .offset = offsetof(struct sct_stack_conf, udp_port),
     .def = 0, .min = 0, .max = 65535, .restart = true,
     .help = "userspace SCTP: own UDP port for encapsulation, 0 for raw IP"},
    {.name = NULL},
};

const struct sct_options sct_options_default = {
    .streams = 16,
    .nodelay = true,
    .heartbeat = 5000,
    .rto_initial = 1000,
    .rto_min = 200,
    .rto_max = 5000,
    .path_max_retrans = 3,
    .assoc_max_retrans = 6,
    .init_attempts = 4,
    .queue_max = 1 << 20,
    .message_max = 65536,
    .accept_max = 256,
    .peer_udp_port = 9899,
};

#define NUMBER(id, kind, def_, min_, max_, help_)                                           \
    {.name = #id, .type = (kind), .offset = offsetof(struct sct_options, id), .def = (def_), \
     .min = (min_), .max = (max_), .help = (help_)}

const struct conf_key sct_options_conf[] = {
    NUMBER(streams, CONF_INT, 16, 1, 65535, "outbound streams asked for, inbound accepted"),
    {.name = "nodelay", .type = CONF_BOOL, .offset = offsetof(struct sct_options, nodelay),
     .def = true, .help = "send at once instead of waiting for more"},
    NUMBER(heartbeat, CONF_MS, 5000, 0, 3600 * 1000, "between heartbeats of an idle path; 0: none"),
    NUMBER(rto_initial, CONF_MS, 1000, 10, 60000, "first retransmission timeout"),
    NUMBER(rto_min, CONF_MS, 200, 10, 60000, "shortest retransmission timeout"),
    NUMBER(rto_max, CONF_MS, 5000, 10, 120000, "longest retransmission timeout"),
    NUMBER(path_max_retrans, CONF_INT, 3, 1, 20, "losses in a row before a path is down"),
    NUMBER(assoc_max_retrans, CONF_INT, 6, 1, 40, "losses in a row before the association is"),
    NUMBER(init_attempts, CONF_INT, 4, 1, 20, "attempts of setting up an association"),
    NUMBER(queue_max, CONF_SIZE, 1 << 20, 1024, 1 << 30, "bytes waiting for the transport"),
    NUMBER(message_max, CONF_SIZE, 65536, 512, 1 << 24, "longest message"),
    NUMBER(accept_max, CONF_INT, 256, 1, 65535, "most associations accepted at a time"),
    NUMBER(peer_udp_port, CONF_INT, 9899, 1, 65535, "userspace SCTP over UDP: the peer's port"),
    {.name = NULL},
};

struct item {
    STAILQ_ENTRY(item) link;
    struct sct_message message; // data lies behind
};

struct sct_assoc {
    struct sct_watcher watcher;
    struct sct_stack *stack;
    struct sct_sock *sock; // NULL when down
    struct sct_options options;
    const struct sct_handler *handler;
    void *arg;
    enum sct_state state;
    struct sct_listener *listener; // NULL: connected, or the listener is gone
    LIST_ENTRY(sct_assoc) link;    // of listener->accepted

    STAILQ_HEAD(, item) queue;
    size_t queued;
    bool told_full;
    bool close_asked; // sct_close: shut down when the queue is empty
    bool shut;

    bool ending; // DOWN was read; what follows are failed sends
    enum sct_down why;

    uint8_t *part; // of a message delivered in pieces
    size_t part_len;
    bool part_over; // too long: its rest is skipped

    unsigned busy; // within ready(); freed later
    bool freed;
    struct base_timer again; // more to read, or the first look
    uint16_t streams_out, streams_in;
    char peer[SCT_ADDR_TEXT_MAX];
};

struct sct_listener {
    struct sct_watcher watcher;
    struct sct_stack *stack;
    struct sct_sock *sock;
    struct sct_options options;
    sct_accepted *accepted;
    void *arg;
    LIST_HEAD(, sct_assoc) live;
    size_t n_live;
    unsigned busy;
    bool freed;
    struct base_timer again;
};

// --- metrics ---

static struct metric_family messages_total = {
    .name = "fgw_sctp_messages_total", .help = "SCTP user messages.", .type = METRIC_COUNTER,
    .labels = {"backend", "direction"}};
static struct metric_family refused_total = {
    .name = "fgw_sctp_send_refused_total", .help = "Messages refused because the queue was full.",
    .type = METRIC_COUNTER, .labels = {"backend"}};
static struct metric_family failed_total = {
    .name = "fgw_sctp_send_failed_total", .help = "Messages accepted for sending but not sent.",
    .type = METRIC_COUNTER, .labels = {"backend"}};
static struct metric_family oversize_total = {
    .name = "fgw_sctp_oversize_total", .help = "Messages received that exceeded the limit.",
    .type = METRIC_COUNTER, .labels = {"backend"}};
static struct metric_family associations = {
    .name = "fgw_sctp_associations", .help = "SCTP associations that are up.",
    .type = METRIC_GAUGE, .labels = {"backend"}};
static struct metric_family downs_total = {
    .name = "fgw_sctp_down_total", .help = "Ends of SCTP associations by reason.",
    .type = METRIC_COUNTER, .labels = {"backend", "reason"}};
static struct metric_family paths_total = {
    .name = "fgw_sctp_path_changes_total", .help = "Changes of SCTP paths.",
    .type = METRIC_COUNTER, .labels = {"backend", "state"}};

static void resolve_metrics(struct sct_stack *stack)
{
    const char *backend = sct_backend_name(stack->ops->backend);
    stack->received = METRIC_CELL(&messages_total, backend, "in");
    stack->sent = METRIC_CELL(&messages_total, backend, "out");
    stack->full = METRIC_CELL(&refused_total, backend);
    stack->failed = METRIC_CELL(&failed_total, backend);
    stack->lost_parts = METRIC_CELL(&oversize_total, backend);
    stack->up = METRIC_CELL(&associations, backend);
    for (unsigned i = 0; i < SCT_DOWNS; i++)
        stack->downs[i] = METRIC_CELL(&downs_total, backend, sct_down_name((enum sct_down)i));
    for (unsigned i = 0; i < SCT_PATH_STATES; i++)
        stack->paths[i] =
            METRIC_CELL(&paths_total, backend, sct_path_state_name((enum sct_path_state)i));
}

// --- stacks ---

static enum err start(struct sct_stack *stack, const struct sct_stack_conf *conf)
{
    stack->ops = conf->backend == SCT_USER ? &sct_user_ops : &sct_kernel_ops;
    enum err err = stack->ops->start(stack, conf);
    if (err == ERR_UNSUPPORTED && conf->backend == SCT_AUTO) {
        base_log(&log_sctp, BASE_LOG_NOTICE, NULL,
                 "the kernel has no SCTP: using the one in userspace");
        stack->ops = &sct_user_ops;
        err = stack->ops->start(stack, conf);
    }
    return err;
}

enum err sct_stack_new(struct base_loop *loop, const struct sct_stack_conf *conf,
                       struct sct_stack **out)
{
    enum err err = ERR_NOMEM;
    struct sct_stack *stack = calloc(1, sizeof(*stack));
    if (!stack)
        return ERR_NOMEM;
    stack->loop = loop;
    stack->buf = malloc(SCT_BUFFER);
    if (!stack->buf)
        goto out;
    err = start(stack, conf);
    if (err)
        goto out;
    resolve_metrics(stack);
    *out = stack;
    return ERR_OK;

out:
    free(stack->buf);
    free(stack);
    return err;
}

void sct_stack_free(struct sct_stack *stack)
{
    if (!stack)
        return;
    if (stack->n_users > 0)
        base_log(&log_sctp, BASE_LOG_ERROR, NULL, "%zu associations or listeners left behind",
                 stack->n_users);
    stack->ops->stop(stack);
    free(stack->buf);
    free(stack);
}

enum sct_backend sct_stack_backend(const struct sct_stack *stack)
{
    return stack->ops->backend;
}

// --- the queue ---

static void pop(struct sct_assoc *a)
{
    struct item *item = STAILQ_FIRST(&a->queue);
    STAILQ_REMOVE_HEAD(&a->queue, link);
    a->queued -= item->message.len;
    free(item);
}

static void tell_failed(struct sct_assoc *a, const struct sct_message *message)
{
    metric_inc(a->stack->failed);
    if (!a->freed && a->handler && a->handler->send_failed)
        a->handler->send_failed(a, message, a->arg);
}

static void drop_queue(struct sct_assoc *a)
{
    while (!STAILQ_EMPTY(&a->queue)) {
        tell_failed(a, &STAILQ_FIRST(&a->queue)->message);
        pop(a);
    }
}

static enum err enqueue(struct sct_assoc *a, const struct sct_message *message)
{
    if (a->queued + message->len > (size_t)a->options.queue_max) {
        a->told_full = true;
        metric_inc(a->stack->full);
        return ERR_FULL;
    }
    struct item *item = malloc(sizeof(*item) + message->len);
    if (!item)
        return ERR_NOMEM;
    memcpy(item + 1, message->data, message->len);
    item->message = *message;
    item->message.data = (const uint8_t *)(item + 1);
    STAILQ_INSERT_TAIL(&a->queue, item, link);
    a->queued += message->len;
    a->stack->ops->want_write(a->sock, true);
    return ERR_OK;
}

static void shut_if_drained(struct sct_assoc *a)
{
    if (!a->close_asked || a->shut || !STAILQ_EMPTY(&a->queue))
        return;
    a->shut = true;
    a->stack->ops->shutdown(a->sock);
}

// Gives the transport what it takes. Calls send_failed and writable.
static void flush(struct sct_assoc *a)
{
    while (!a->freed && !STAILQ_EMPTY(&a->queue)) {
        struct item *item = STAILQ_FIRST(&a->queue);
        enum err err = a->stack->ops->send(a->sock, &item->message);
        if (err == ERR_AGAIN || err == ERR_CLOSED)
            return; // more room, or the end, is announced
        if (err)
            tell_failed(a, &item->message);
        else
            metric_inc(a->stack->sent);
        pop(a);
    }
    if (a->freed)
        return;
    a->stack->ops->want_write(a->sock, false);
    shut_if_drained(a);
}

static void tell_writable(struct sct_assoc *a)
{
    if (!a->told_full || a->queued > (size_t)a->options.queue_max / 2)
        return;
    a->told_full = false;
    if (a->handler->writable)
        a->handler->writable(a, a->arg);
}

// --- what was read ---

static void came_up(struct sct_assoc *a, bool restarted)
{
    struct base_log_subject subject = {.peer = a->peer};
    if (a->state == SCT_CONNECTING) {
        a->state = SCT_UP;
        metric_gauge_add(a->stack->up, 1);
    } else if (!restarted) {
        return; // an accepted association is up already
    }
    a->stack->ops->streams(a->sock, &a->streams_out, &a->streams_in);
    if (restarted)
        drop_queue(a);
    base_log(&log_sctp, BASE_LOG_NOTICE, &subject, "association %s, %u streams out, %u in",
             restarted ? "restarted by the peer" : "up", a->streams_out, a->streams_in);
    if (!a->freed)
        a->handler->up(a, restarted, a->arg);
}

static enum sct_down reason(const struct sct_assoc *a, enum sct_down why)
{
    if (a->close_asked && why == SCT_DOWNS)
        return SCT_DOWN_SHUTDOWN;
    if (a->state == SCT_CONNECTING)
        return why == SCT_DOWN_ABORTED || why == SCT_DOWN_REFUSED ? SCT_DOWN_REFUSED
                                                                  : SCT_DOWN_UNREACHABLE;
    if (why == SCT_DOWNS || why == SCT_DOWN_REFUSED || why == SCT_DOWN_UNREACHABLE)
        return a->state == SCT_CLOSING ? SCT_DOWN_SHUTDOWN : SCT_DOWN_LOST;
    return why;
}

static void go_down(struct sct_assoc *a)
{
    struct base_log_subject subject = {.peer = a->peer};
    enum sct_down why = reason(a, a->why);
    if (a->state != SCT_CONNECTING)
        metric_gauge_add(a->stack->up, -1);
    a->state = SCT_DOWN;
    base_timer_stop(&a->again);
    a->stack->ops->close(a->sock, true);
    a->sock = NULL;
    metric_inc(a->stack->downs[why]);
    base_log_limited(&log_sctp, BASE_LOG_NOTICE, &subject, "association down: %s",
                     sct_down_name(why));
    drop_queue(a);
    if (!a->freed)
        a->handler->down(a, why, a->arg);
}

static void deliver(struct sct_assoc *a, const struct sct_message *message)
{
    metric_inc(a->stack->received);
    a->handler->message(a, message, a->arg);
}

static void oversize(struct sct_assoc *a)
{
    struct base_log_subject subject = {.peer = a->peer};
    metric_inc(a->stack->lost_parts);
    base_log_limited(&log_sctp, BASE_LOG_WARN, &subject,
                     "message of more than %lld octets dropped",
                     (long long)a->options.message_max);
}

// Appends; false (and the rest of the message is skipped) if it gets too long or memory is short.
static bool append(struct sct_assoc *a, const struct sct_message *piece)
{
    if (a->part_over)
        return false;
    uint8_t *grown = NULL;
    if (piece->len <= (size_t)a->options.message_max - a->part_len)
        grown = realloc(a->part, a->part_len + piece->len + 1);
    if (!grown) {
        a->part_over = true;
        oversize(a);
        return false;
    }
    memcpy(grown + a->part_len, piece->data, piece->len);
    a->part = grown;
    a->part_len += piece->len;
    return true;
}

static void got_data(struct sct_assoc *a, const struct sct_event *event)
{
    bool whole = event->end && a->part_len == 0 && !a->part_over;
    if (whole && event->message.len <= (size_t)a->options.message_max) {
        deliver(a, &event->message);
        return;
    }
    bool ok = append(a, &event->message);
    if (!event->end)
        return;
    struct sct_message message = event->message;
    message.data = a->part;
    message.len = a->part_len;
    if (ok)
        deliver(a, &message);
    free(a->part);
    a->part = NULL;
    a->part_len = 0;
    a->part_over = false;
}

static void path_changed(struct sct_assoc *a, const struct sct_event *event)
{
    struct base_log_subject subject = {.peer = a->peer};
    char text[SCT_ADDR_TEXT_MAX];
    metric_inc(a->stack->paths[event->state]);
    base_log_limited(&log_sctp, BASE_LOG_NOTICE, &subject, "path %s: %s",
                     sct_addr_text(&event->addr, text), sct_path_state_name(event->state));
    if (a->handler->path)
        a->handler->path(a, &event->addr, event->state, a->arg);
}

static void handle(struct sct_assoc *a, const struct sct_event *event)
{
    if (a->ending && event->kind == SCT_EV_DOWN && a->why == SCT_DOWNS)
        a->why = event->why; // the socket's error tells what the notification did not
    if (a->ending && event->kind != SCT_EV_SEND_FAILED)
        return;
    switch (event->kind) {
    case SCT_EV_DATA:
        got_data(a, event);
        break;
    case SCT_EV_UP:
    case SCT_EV_RESTARTED:
        came_up(a, event->kind == SCT_EV_RESTARTED);
        break;
    case SCT_EV_CLOSING:
        if (a->state == SCT_UP)
            a->state = SCT_CLOSING;
        break;
    case SCT_EV_DOWN:
        a->ending = true;
        a->why = event->why;
        break;
    case SCT_EV_PATH:
        path_changed(a, event);
        break;
    case SCT_EV_SEND_FAILED:
        tell_failed(a, &event->message);
        break;
    case SCT_EV_NOTHING:
        break;
    }
}

// --- associations ---

static void destroy(struct sct_assoc *a)
{
    base_timer_stop(&a->again);
    if (a->listener) {
        LIST_REMOVE(a, link);
        a->listener->n_live--;
    }
    a->stack->n_users--;
    free(a->part);
    free(a);
}

// Reads until nothing is left or it is others' turn; to the end where the association has ended,
// because the reason and what was not sent may come last. True: there may be more.
static bool read_events(struct sct_assoc *a)
{
    struct sct_event event;
    for (int i = 0; i < EVENTS_PER_TURN || a->ending; i++) {
        if (a->stack->ops->receive(a->sock, a->stack->buf, SCT_BUFFER, &event) != ERR_OK)
            return false;
        bool over = a->ending && event.kind == SCT_EV_DOWN; // end of file behind the notification
        handle(a, &event);
        if (a->freed || over)
            return false;
    }
    return true;
}

static void assoc_ready(struct sct_watcher *watcher)
{
    struct sct_assoc *a = BASE_CONTAINER_OF(watcher, struct sct_assoc, watcher);
    if (!a->sock)
        return;
    a->busy++;
    bool more = read_events(a);
    if (!a->freed && a->ending) {
        go_down(a);
    } else if (!a->freed && a->state != SCT_CONNECTING) {
        flush(a);
        if (!a->freed)
            tell_writable(a);
    }
    if (!a->freed && a->sock && more)
        base_timer_start(&a->again, 0);
    a->busy--;
    if (a->freed && a->busy == 0)
        destroy(a);
}

static void on_again(struct base_timer *timer)
{
    struct sct_assoc *a = BASE_CONTAINER_OF(timer, struct sct_assoc, again);
    assoc_ready(&a->watcher);
}

static struct sct_assoc *new_assoc(struct sct_stack *stack, const struct sct_options *options)
{
    struct sct_assoc *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    a->watcher.ready = assoc_ready;
    a->stack = stack;
    a->options = *options;
    a->why = SCT_DOWNS;
    STAILQ_INIT(&a->queue);
    base_timer_init(&a->again, stack->loop, on_again);
    stack->n_users++;
    return a;
}

enum err sct_connect(struct sct_stack *stack, const struct sct_options *options,
                     const struct sct_addrs *local, const struct sct_addrs *remote,
                     const struct sct_handler *handler, void *arg, struct sct_assoc **out)
{
    if (remote->n == 0)
        return ERR_INVALID;
    struct sct_assoc *a = new_assoc(stack, options);
    if (!a)
        return ERR_NOMEM;
    a->handler = handler;
    a->arg = arg;
    sct_addr_text(&remote->at[0], a->peer);
    enum err err = stack->ops->open(stack, sct_addrs_family(local, remote), options, &a->sock);
    if (!err && local && local->n > 0)
        err = stack->ops->bind(a->sock, local);
    if (!err)
        err = stack->ops->watch(a->sock, &a->watcher);
    if (!err) {
        err = stack->ops->connect(a->sock, remote);
        err = err == ERR_AGAIN ? ERR_OK : err;
    }
    if (!err)
        err = base_timer_start(&a->again, 0);
    if (err) {
        sct_free(a);
        return err;
    }
    *out = a;
    return ERR_OK;
}

enum err sct_send(struct sct_assoc *assoc, const struct sct_message *message)
{
    if (assoc->state != SCT_UP || assoc->close_asked)
        return ERR_CLOSED;
    if (message->len == 0 || message->len > (size_t)assoc->options.message_max ||
        message->stream >= assoc->streams_out)
        return ERR_RANGE;
    if (!STAILQ_EMPTY(&assoc->queue))
        return enqueue(assoc, message);
    enum err err = assoc->stack->ops->send(assoc->sock, message);
    if (err == ERR_AGAIN)
        return enqueue(assoc, message);
    if (!err)
        metric_inc(assoc->stack->sent);
    return err;
}

void sct_close(struct sct_assoc *assoc)
{
    if (!assoc->sock || assoc->close_asked)
        return;
    if (assoc->state == SCT_UP)
        assoc->state = SCT_CLOSING;
    assoc->close_asked = true;
    if (assoc->state == SCT_CLOSING) {
        shut_if_drained(assoc);
        return;
    }
    assoc->ending = true; // not up yet: nothing to close in order
    base_timer_start(&assoc->again, 0);
}

static void release(struct sct_assoc *a, bool abort)
{
    if (!a || a->freed)
        return;
    a->freed = true;
    drop_queue(a);
    if (a->sock) {
        if (a->state == SCT_UP || a->state == SCT_CLOSING)
            metric_gauge_add(a->stack->up, -1);
        a->stack->ops->close(a->sock, abort);
        a->sock = NULL;
    }
    a->state = SCT_DOWN;
    if (a->busy == 0)
        destroy(a);
}

void sct_free(struct sct_assoc *assoc)
{
    release(assoc, false);
}

void sct_abort(struct sct_assoc *assoc)
{
    release(assoc, true);
}

enum sct_state sct_assoc_state(const struct sct_assoc *assoc)
{
    return assoc->state;
}

void sct_assoc_streams(const struct sct_assoc *assoc, uint16_t *out, uint16_t *in)
{
    *out = assoc->streams_out;
    *in = assoc->streams_in;
}

size_t sct_assoc_queued(const struct sct_assoc *assoc)
{
    return assoc->queued;
}

size_t sct_assoc_paths(const struct sct_assoc *assoc, struct sct_path *paths, size_t max)
{
    bool up = assoc->sock && assoc->state != SCT_CONNECTING;
    return up ? assoc->stack->ops->paths(assoc->sock, paths, max) : 0;
}

enum err sct_assoc_local(const struct sct_assoc *assoc, struct sct_addrs *out)
{
    return assoc->sock ? assoc->stack->ops->local(assoc->sock, out) : ERR_CLOSED;
}

const char *sct_assoc_peer(const struct sct_assoc *assoc)
{
    return assoc->peer;
}

void sct_set_handler(struct sct_assoc *assoc, const struct sct_handler *handler, void *arg)
{
    assoc->handler = handler;
    assoc->arg = arg;
}

// --- listeners ---

static void destroy_listener(struct sct_listener *l)
{
    struct sct_assoc *a;
    while ((a = LIST_FIRST(&l->live)) != NULL) {
        LIST_REMOVE(a, link);
        a->listener = NULL;
    }
    base_timer_stop(&l->again);
    l->stack->n_users--;
    free(l);
}

static void accept_one(struct sct_listener *l, struct sct_sock *sock,
                       const struct sockaddr_storage *peer)
{
    struct sct_stack *stack = l->stack;
    struct sct_assoc *a = l->n_live < (size_t)l->options.accept_max
                              ? new_assoc(stack, &l->options) : NULL;
    if (!a) {
        base_log_limited(&log_sctp, BASE_LOG_WARN, NULL, "association refused: %zu are accepted",
                         l->n_live);
        stack->ops->close(sock, true);
        return;
    }
    a->sock = sock;
    a->listener = l;
    LIST_INSERT_HEAD(&l->live, a, link);
    l->n_live++;
    sct_addr_text(peer, a->peer);
    a->busy++;
    l->accepted(l, a, l->arg);
    if (!a->freed && (!a->handler || stack->ops->watch(sock, &a->watcher) != ERR_OK))
        sct_abort(a);
    if (!a->freed)
        came_up(a, false);
    if (!a->freed)
        base_timer_start(&a->again, 0);
    a->busy--;
    if (a->freed && a->busy == 0)
        destroy(a);
}

static void listener_ready(struct sct_watcher *watcher)
{
    struct sct_listener *l = BASE_CONTAINER_OF(watcher, struct sct_listener, watcher);
    struct sockaddr_storage peer;
    struct sct_sock *sock;
    int n = 0;
    l->busy++;
    while (!l->freed && n < ACCEPTS_PER_TURN &&
           l->stack->ops->accept(l->sock, &sock, &peer) == ERR_OK) {
        accept_one(l, sock, &peer);
        n++;
    }
    if (!l->freed && n == ACCEPTS_PER_TURN)
        base_timer_start(&l->again, 0);
    l->busy--;
    if (l->freed && l->busy == 0)
        destroy_listener(l);
}

static void on_listener_again(struct base_timer *timer)
{
    struct sct_listener *l = BASE_CONTAINER_OF(timer, struct sct_listener, again);
    listener_ready(&l->watcher);
}

enum err sct_listen(struct sct_stack *stack, const struct sct_options *options,
                    const struct sct_addrs *local, sct_accepted *accepted, void *arg,
                    struct sct_listener **out)
{
    if (local->n == 0)
        return ERR_INVALID;
    struct sct_listener *l = calloc(1, sizeof(*l));
    if (!l)
        return ERR_NOMEM;
    l->watcher.ready = listener_ready;
    l->stack = stack;
    l->options = *options;
    l->accepted = accepted;
    l->arg = arg;
    LIST_INIT(&l->live);
    base_timer_init(&l->again, stack->loop, on_listener_again);
    stack->n_users++;
    enum err err = stack->ops->open(stack, sct_addrs_family(local, NULL), options, &l->sock);
    if (!err)
        err = stack->ops->bind(l->sock, local);
    if (!err)
        err = stack->ops->listen(l->sock);
    if (!err)
        err = stack->ops->watch(l->sock, &l->watcher);
    if (err) {
        sct_listener_free(l);
        return err;
    }
    *out = l;
    return ERR_OK;
}

void sct_listener_free(struct sct_listener *listener)
{
    if (!listener || listener->freed)
        return;
    listener->freed = true;
    if (listener->sock)
        listener->stack->ops->close(listener->sock, false);
    listener->sock = NULL;
    if (listener->busy == 0)
        destroy_listener(listener);
}
