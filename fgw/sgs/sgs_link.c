// SPDX-License-Identifier: BSD-3-Clause
// One association per VLR. After it was lost, or could not be set up, a pause that doubles each
// time, with jitter, so that many gateways do not come back to a VLR at the same moment.
#include "fgw/sgs/sgs_link.h"

#include <event2/util.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sgsap/sgsap.h"

struct link {
    struct sgs_links *links;
    unsigned vlr;
    struct sct_assoc *assoc; // NULL: none
    struct base_timer timer;
    int64_t pause_ms;
    _Atomic bool up;
    _Atomic uint64_t attempts;
    struct base_log_subject subject;
    struct sockaddr_storage own; // our first address, once up
};
struct sgs_links {
    struct base_loop *loop;
    struct sgs_links_conf conf;
    const struct sgs_links_ops *ops;
    void *arg;
    struct sct_stack *stack; // NULL until it could be opened
    struct sgs_capture *capture; // NULL: none
    struct link links[SGS_VLRS_MAX];
};

static struct metric_family up_gauge = {
    .name = "fgw_sgs_vlr_up",
    .help = "1 while there is an association with the VLR.",
    .type = METRIC_GAUGE,
    .labels = {"vlr"},
};

static void set_up(struct link *link, bool up)
{
    atomic_store(&link->up, up);
    metric_set(METRIC_CELL(&up_gauge, link->links->conf.plan->vlrs[link->vlr].name), up);
}

int64_t sgs_links_pause(int64_t pause_ms, uint32_t chance)
{
    int64_t half = pause_ms / 2;
    return half + (int64_t)(chance % (uint64_t)(half + 1));
}

static void again_later(struct link *link)
{
    uint32_t chance;
    evutil_secure_rng_get_bytes(&chance, sizeof(chance));
    base_timer_start(&link->timer, sgs_links_pause(link->pause_ms, chance));
    link->pause_ms *= 2;
    if (link->pause_ms > link->links->conf.reconnect_max_ms)
        link->pause_ms = link->links->conf.reconnect_max_ms;
}

static void capture(const struct link *link, bool sent, const uint8_t *data, size_t len)
{
    const struct sgs_plan_vlr *vlr = &link->links->conf.plan->vlrs[link->vlr];
    const struct sockaddr_storage *peer = &vlr->remote.at[0];
    const struct sgs_captured message = {.from = sent ? &link->own : peer,
                                         .to = sent ? peer : &link->own,
                                         .sent = sent,
                                         .comment = vlr->name,
                                         .data = data,
                                         .len = len};
    if (link->links->capture)
        sgs_capture_message(link->links->capture, &message);
}

// ---- callbacks of the association ----
static void on_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
    struct link *link = arg;
    base_log(&log_sgs, BASE_LOG_NOTICE, &link->subject, "association %s with %s",
             restarted ? "set up anew by the VLR" : "up", sct_assoc_peer(assoc));
    struct sct_addrs own;
    if (sct_assoc_local(assoc, &own) == ERR_OK && own.n > 0)
        link->own = own.at[0];
    link->pause_ms = link->links->conf.reconnect_min_ms;
    set_up(link, true);
    if (!restarted)
        link->links->ops->up(link->links->arg, link->vlr);
}

static void on_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    struct link *link = arg;
    bool was_up = atomic_load(&link->up);
    if (was_up)
        base_log(&log_sgs, BASE_LOG_WARN, &link->subject, "association down: %s",
                 sct_down_name(why));
    else
        base_log_limited(&log_sgs, BASE_LOG_INFO, &link->subject, "no association: %s",
                         sct_down_name(why));
    set_up(link, false);
    link->assoc = NULL;
    sct_free(assoc);
    again_later(link);
    if (was_up)
        link->links->ops->down(link->links->arg, link->vlr);
}

static void on_message(struct sct_assoc *assoc, const struct sct_message *message, void *arg)
{
    struct link *link = arg;
    capture(link, false, message->data, message->len);
    link->links->ops->message(link->links->arg, link->vlr, message->data, message->len);
}

static void on_path(struct sct_assoc *assoc, const struct sockaddr_storage *addr,
                    enum sct_path_state state, void *arg)
{
    const struct link *link = arg;
    char text[SCT_ADDR_TEXT_MAX];
    base_log_limited(&log_sgs, BASE_LOG_NOTICE, &link->subject, "path %s: %s",
                     sct_addr_text(addr, text), sct_path_state_name(state));
}

static void on_send_failed(struct sct_assoc *assoc, const struct sct_message *message, void *arg)
{
    const struct link *link = arg;
    const char *name = message->len ? sgsap_type_name(message->data[0]) : "message";
    base_log_limited(&log_sgs, BASE_LOG_WARN, &link->subject, "%s did not arrive", name);
}

static const struct sct_handler handler = {.up = on_up,
                                           .down = on_down,
                                           .message = on_message,
                                           .path = on_path,
                                           .send_failed = on_send_failed};

// ---- setting it up ----
static enum err open_stack(struct sgs_links *links)
{
    if (links->stack)
        return ERR_OK;
    enum err err = sct_stack_new(links->loop, &links->conf.stack, &links->stack);
    if (err)
        base_log_limited(&log_sgs, BASE_LOG_ERROR, NULL, "SCTP (%s) cannot be opened: %s",
                         sct_backend_name((enum sct_backend)links->conf.stack.backend),
                         err_str(err));
    else
        base_log(&log_sgs, BASE_LOG_NOTICE, NULL, "SCTP backend: %s",
                 sct_backend_name(sct_stack_backend(links->stack)));
    return err;
}

static void try_now(struct base_timer *timer)
{
    struct link *link = BASE_CONTAINER_OF(timer, struct link, timer);
    struct sgs_links *links = link->links;
    const struct sgs_plan_vlr *vlr = &links->conf.plan->vlrs[link->vlr];
    struct sct_options options = links->conf.sctp;
    atomic_fetch_add(&link->attempts, 1);
    enum err err = open_stack(links);
    options.peer_udp_port = vlr->udp_port;
    if (!err)
        err = sct_connect(links->stack, &options, &links->conf.plan->local, &vlr->remote, &handler,
                          link, &link->assoc);
    if (!err)
        return;
    base_log_limited(&log_sgs, BASE_LOG_WARN, &link->subject, "cannot connect: %s", err_str(err));
    link->assoc = NULL;
    again_later(link);
}

enum err sgs_links_new(struct base_loop *loop, const struct sgs_links_conf *conf,
                       const struct sgs_links_ops *ops, void *arg, struct sgs_links **out)
{
    struct sgs_links *links = calloc(1, sizeof(*links));
    enum err err = ERR_OK;
    *out = NULL;
    if (!links)
        return ERR_NOMEM;
    links->loop = loop;
    links->conf = *conf;
    links->ops = ops;
    links->arg = arg;
    for (unsigned i = 0; i < conf->plan->n_vlrs; i++) {
        struct link *link = &links->links[i];
        link->links = links;
        link->vlr = i;
        link->pause_ms = conf->reconnect_min_ms;
        link->subject.peer = conf->plan->vlrs[i].name;
        base_timer_init(&link->timer, loop, try_now);
        set_up(link, false);
        enum err started = base_timer_start(&link->timer, 0);
        err = err ? err : started;
    }
    if (err)
        sgs_links_free(links);
    else
        *out = links;
    return err;
}

void sgs_links_free(struct sgs_links *links)
{
    if (!links)
        return;
    for (unsigned i = 0; i < links->conf.plan->n_vlrs; i++) {
        base_timer_stop(&links->links[i].timer);
        sct_free(links->links[i].assoc);
        set_up(&links->links[i], false);
    }
    if (links->stack)
        sct_stack_free(links->stack);
    sgs_capture_close(links->capture);
    free(links);
}

void sgs_links_capture(struct sgs_links *links, struct sgs_capture *to)
{
    sgs_capture_close(links->capture);
    links->capture = to;
}

enum err sgs_links_send(struct sgs_links *links, unsigned vlr, const uint8_t *data, size_t len)
{
    struct link *link = &links->links[vlr];
    const struct sct_message message = {
        .data = data, .len = len, .stream = SGSAP_STREAM, .ppid = SGSAP_PPID};
    if (!link->assoc || !atomic_load(&link->up))
        return ERR_CLOSED;
    enum err err = sct_send(link->assoc, &message);
    if (!err)
        capture(link, true, data, len);
    return err;
}

bool sgs_links_is_up(const struct sgs_links *links, unsigned vlr)
{
    return atomic_load(&links->links[vlr].up);
}

uint64_t sgs_links_attempts(const struct sgs_links *links, unsigned vlr)
{
    return atomic_load(&links->links[vlr].attempts);
}
