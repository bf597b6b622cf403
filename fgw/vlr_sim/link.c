// SPDX-License-Identifier: BSD-3-Clause
// One struct per association; the VLR's peer is made when it is up and ends with it.
#include "vlr_sim/link.h"

#include <stdlib.h>

#include "vlr_sim/vlr_int.h"

struct line {
    LIST_ENTRY(line) link;
    struct vlr_link *owner;
    struct sct_assoc *assoc;
    struct vlr_peer *peer;
    struct base_timer drop; // ops.drop does not act within the VLR's call
    bool abort;
};

struct vlr_link {
    struct sct_stack *stack;
    struct sct_listener *listener;
    struct base_loop *loop;
    struct vlr *vlr;
    struct vlr_watch watch;
    LIST_HEAD(, line) lines;
};

static void tell(struct vlr_link *link, struct sct_assoc *assoc, const char *what)
{
    char text[128];
    snprintf(text, sizeof(text), "-- %s %s", sct_assoc_peer(assoc), what);
    if (link->watch.happened)
        link->watch.happened(link->watch.arg, 0, true, NULL, text);
}

static void end(struct line *line, bool abort)
{
    base_timer_stop(&line->drop);
    if (line->peer)
        vlr_peer_down(line->peer);
    if (abort)
        sct_abort(line->assoc);
    else
        sct_free(line->assoc);
    LIST_REMOVE(line, link);
    free(line);
}

static void on_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
    struct line *line = arg;
    tell(line->owner, assoc, restarted ? "association restarted" : "association up");
    if (!line->peer && vlr_peer_up(line->owner->vlr, line, &line->peer) != ERR_OK)
        end(line, true);
}

static void on_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    struct line *line = arg;
    char text[64];
    snprintf(text, sizeof(text), "association down: %s", sct_down_name(why));
    tell(line->owner, assoc, text);
    end(line, false);
}

static void on_message(struct sct_assoc *assoc, const struct sct_message *message, void *arg)
{
    struct line *line = arg;
    if (line->peer)
        vlr_received(line->peer, message->data, message->len);
}

static void on_path(struct sct_assoc *assoc, const struct sockaddr_storage *addr,
                    enum sct_path_state state, void *arg)
{
    struct line *line = arg;
    char text[128], at[SCT_ADDR_TEXT_MAX];
    snprintf(text, sizeof(text), "path %s %s", sct_addr_text(addr, at),
             sct_path_state_name(state));
    tell(line->owner, assoc, text);
}

static const struct sct_handler handler = {.up = on_up, .down = on_down, .message = on_message,
                                           .path = on_path};

static void on_drop(struct base_timer *timer)
{
    struct line *line = BASE_CONTAINER_OF(timer, struct line, drop);
    if (line->abort)
        end(line, true);
    else
        sct_close(line->assoc);
}

static void on_accepted(struct sct_listener *listener, struct sct_assoc *assoc, void *arg)
{
    struct vlr_link *link = arg;
    struct line *line = calloc(1, sizeof(*line));
    if (!line)
        return; // without a handler it is turned away
    line->owner = link;
    line->assoc = assoc;
    base_timer_init(&line->drop, link->loop, on_drop);
    LIST_INSERT_HEAD(&link->lines, line, link);
    sct_set_handler(assoc, &handler, line);
}

// --- what the VLR asks ---

static void vlr_sends(void *association, const uint8_t *data, size_t len)
{
    struct line *line = association;
    const struct sct_message message = {.data = data, .len = len, .stream = SGSAP_STREAM,
                                        .ppid = SGSAP_PPID};
    enum err err = sct_send(line->assoc, &message);
    if (err)
        base_log_limited(&log_vlr, BASE_LOG_WARN, NULL, "not sent to %s: %s",
                         sct_assoc_peer(line->assoc), err_str(err));
}

static void vlr_drops(void *association, bool abort)
{
    struct line *line = association;
    line->abort = abort;
    base_timer_start(&line->drop, 0);
}

static const struct vlr_ops ops = {.send = vlr_sends, .drop = vlr_drops};

enum err vlr_link_new(struct base_loop *loop, const struct vlr_link_settings *settings,
                      const struct vlr_settings *vlr_settings, const struct vlr_watch *watch,
                      struct vlr_link **out)
{
    struct vlr_link *link = calloc(1, sizeof(*link));
    if (!link)
        return ERR_NOMEM;
    link->loop = loop;
    link->watch = *watch;
    LIST_INIT(&link->lines);
    enum err err = vlr_new(loop, vlr_settings, &ops, watch, &link->vlr);
    if (!err)
        err = sct_stack_new(loop, &settings->stack, &link->stack);
    if (!err)
        err = sct_listen(link->stack, &settings->options, &settings->local, on_accepted, link,
                         &link->listener);
    if (err) {
        vlr_link_free(link);
        return err;
    }
    *out = link;
    return ERR_OK;
}

void vlr_link_free(struct vlr_link *link)
{
    if (!link)
        return;
    sct_listener_free(link->listener);
    while (!LIST_EMPTY(&link->lines))
        end(LIST_FIRST(&link->lines), false);
    vlr_free(link->vlr);
    sct_stack_free(link->stack);
    free(link);
}

struct vlr *vlr_link_vlr(struct vlr_link *link)
{
    return link->vlr;
}

enum sct_backend vlr_link_backend(const struct vlr_link *link)
{
    return sct_stack_backend(link->stack);
}

size_t vlr_link_drop_all(struct vlr_link *link, bool abort)
{
    struct line *line;
    size_t n = 0;
    LIST_FOREACH(line, &link->lines, link) {
        vlr_drops(line, abort);
        n++;
    }
    return n;
}

const char *vlr_link_remote(const struct vlr_peer *peer)
{
    const struct line *line = peer->association;
    return sct_assoc_peer(line->assoc);
}
