// SPDX-License-Identifier: BSD-3-Clause
// HTTP on libevent's evhttp: one server for the UNIX socket, one for TCP, one table of paths.
#include "fgw/admin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/metrics.h"
#include "fgw/admin_view.h"
#include "fgw/core.h"
#include "fgw/log.h"

enum { TIMEOUT_S = 10, BODY_MAX = 4096, HEADERS_MAX = 8192 };

struct fgw_admin {
    struct evhttp *local, *tcp; // UNIX socket; TCP
    char *socket;               // path, removed at the end
    uint16_t port;
};

// --- replies ---

static const char *phrase(int code)
{
    switch (code) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    default:
        return "Service Unavailable";
    }
}

static void release(const void *data, size_t len, void *extra)
{
    free(extra);
}

// Takes text over.
static void reply_text(struct evhttp_request *req, int code, const char *type, char *text,
                       size_t len)
{
    struct evbuffer *body = evbuffer_new();
    if (!body || !text) {
        free(text);
        evhttp_send_error(req, 503, NULL);
    } else {
        evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", type);
        if (evbuffer_add_reference(body, text, len, release, text) != 0)
            free(text);
        evhttp_send_reply(req, code, phrase(code), body);
    }
    if (body)
        evbuffer_free(body);
}

// Takes json over.
static void reply_json(struct evhttp_request *req, int code, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    reply_text(req, code, "application/json", text, text ? strlen(text) : 0);
}

static void reply_error(struct evhttp_request *req, int code, const char *why)
{
    reply_json(req, code, json_pack("{s:s}", "error", why));
}

// --- paths ---

struct query {
    struct evkeyvalq params;
};

static const char *param(const struct query *query, const char *name)
{
    return evhttp_find_header(&query->params, name);
}

static void get_metrics(struct evhttp_request *req, const struct query *query)
{
    size_t len = 0;
    char *text = metrics_export(&len);
    reply_text(req, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

static void get_healthz(struct evhttp_request *req, const struct query *query)
{
    bool alive;
    json_t *view = fgw_view_health(&alive);
    reply_json(req, alive ? 200 : 503, view);
}

static void get_readyz(struct evhttp_request *req, const struct query *query)
{
    bool ready;
    json_t *view = fgw_view_ready(&ready);
    reply_json(req, ready ? 200 : 503, view);
}

static void get_status(struct evhttp_request *req, const struct query *query)
{
    reply_json(req, 200, fgw_view_status());
}

static void get_peers(struct evhttp_request *req, const struct query *query)
{
    reply_json(req, 200, fgw_view_peers());
}

static void get_gateways(struct evhttp_request *req, const struct query *query)
{
    reply_json(req, 200, fgw_view_gateways());
}

static void get_log(struct evhttp_request *req, const struct query *query)
{
    reply_json(req, 200, fgw_view_log());
}

static void get_directory(struct evhttp_request *req, const struct query *query)
{
    struct base_imsi imsi;
    bool known;
    const char *text = param(query, "imsi");
    if (!text || base_imsi_parse(text, strlen(text), &imsi)) {
        reply_error(req, 400, "parameter imsi: expected 6 to 15 digits");
        return;
    }
    json_t *view = fgw_view_directory(&imsi, &known);
    if (known) {
        reply_json(req, 200, view);
    } else {
        json_decref(view);
        reply_error(req, 404, "no gateway is known for this subscriber");
    }
}

static void post_log(struct evhttp_request *req, const struct query *query)
{
    enum base_log_level level;
    const char *cat = param(query, "category"), *text = param(query, "level");
    if (!text || base_log_level_parse(text, &level))
        reply_error(req, 400, "parameter level: expected error, warn, notice, info or debug");
    else if (base_log_set_level(cat ? cat : "all", level))
        reply_error(req, 404, "no such log category");
    else
        reply_json(req, 200, fgw_view_log());
}

static void post_follow(struct evhttp_request *req, const struct query *query)
{
    struct base_imsi imsi;
    const char *text = param(query, "imsi");
    bool off = !text || !*text;
    if (!off && base_imsi_parse(text, strlen(text), &imsi)) {
        reply_error(req, 400, "parameter imsi: expected 6 to 15 digits, or nothing to end");
        return;
    }
    enum err err = base_log_follow(off ? NULL : imsi.digits);
    if (err)
        reply_error(req, 409, err_str(err));
    else
        reply_json(req, 200, json_pack("{s:s}", "following", off ? "" : imsi.digits));
}

static void add_note(const char *line, void *arg)
{
    json_array_append_new(arg, json_string(line));
}

static void post_reload(struct evhttp_request *req, const struct query *query)
{
    json_t *notes = json_array();
    enum err err = fgw_core_reload(add_note, notes);
    reply_json(req, err ? 409 : 200,
               json_pack("{s:b, s:s, s:o}", "ok", err == ERR_OK, "result", err_str(err), "notes",
                         notes));
}

static void post_drain(struct evhttp_request *req, const struct query *query)
{
    reply_json(req, 200, json_pack("{s:s}", "phase", "draining"));
    kill(getpid(), SIGTERM); // the one way to stop
}

static const struct path {
    enum evhttp_cmd_type method;
    const char *path;
    bool tcp;
    void (*serve)(struct evhttp_request *req, const struct query *query);
} paths[] = {
    {EVHTTP_REQ_GET, "/metrics", true, get_metrics},
    {EVHTTP_REQ_GET, "/healthz", true, get_healthz},
    {EVHTTP_REQ_GET, "/readyz", true, get_readyz},
    {EVHTTP_REQ_GET, "/status", false, get_status},
    {EVHTTP_REQ_GET, "/peers", false, get_peers},
    {EVHTTP_REQ_GET, "/gateways", false, get_gateways},
    {EVHTTP_REQ_GET, "/directory", false, get_directory},
    {EVHTTP_REQ_GET, "/log", false, get_log},
    {EVHTTP_REQ_POST, "/log", false, post_log},
    {EVHTTP_REQ_POST, "/follow", false, post_follow},
    {EVHTTP_REQ_POST, "/reload", false, post_reload},
    {EVHTTP_REQ_POST, "/drain", false, post_drain},
};

static void serve(struct evhttp_request *req, bool tcp)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *at = uri ? evhttp_uri_get_path(uri) : NULL;
    const char *text = uri ? evhttp_uri_get_query(uri) : NULL;
    bool path_known = false;
    for (size_t i = 0; at && i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(paths[i].path, at) != 0 || (tcp && !paths[i].tcp))
            continue;
        path_known = true;
        if (paths[i].method != evhttp_request_get_command(req))
            continue;
        struct query query = {0};
        TAILQ_INIT(&query.params);
        if (text && evhttp_parse_query_str(text, &query.params) != 0)
            reply_error(req, 400, "malformed query");
        else
            paths[i].serve(req, &query);
        evhttp_clear_headers(&query.params);
        return;
    }
    reply_error(req, path_known ? 405 : 404, path_known ? "method not allowed" : "no such path");
}

static void serve_local(struct evhttp_request *req, void *arg)
{
    serve(req, false);
}

static void serve_tcp(struct evhttp_request *req, void *arg)
{
    serve(req, true);
}

// --- listening ---

static struct evhttp *new_server(struct base_loop *loop,
                                 void (*cb)(struct evhttp_request *req, void *arg))
{
    struct evhttp *http = evhttp_new(base_loop_event_base(loop));
    if (!http)
        return NULL;
    evhttp_set_timeout(http, TIMEOUT_S);
    evhttp_set_max_body_size(http, BODY_MAX);
    evhttp_set_max_headers_size(http, HEADERS_MAX);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_gencb(http, cb, NULL);
    return http;
}

// A socket file that nobody listens on any more is in the way after a kill.
static void remove_stale(const struct sockaddr_un *addr)
{
    struct stat st;
    if (stat(addr->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool in_use = fd < 0 || connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ||
                  errno != ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!in_use)
        unlink(addr->sun_path);
}

static enum err open_socket(const char *path, int *out)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(addr.sun_path)) {
        base_log(&log_admin, BASE_LOG_ERROR, NULL, "admin.socket: %s is too long", path);
        return ERR_RANGE;
    }
    memcpy(addr.sun_path, path, strlen(path));
    remove_stale(&addr);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    mode_t mask = umask(0117); // 0660: its owner and group
    int rc = bind(fd, (const struct sockaddr *)&addr, sizeof(addr));
    umask(mask);
    if (rc != 0 || listen(fd, 16) != 0) {
        base_log(&log_admin, BASE_LOG_ERROR, NULL, "admin.socket: %s: %m", path);
        enum err err = err_from_errno(errno);
        close(fd);
        return err;
    }
    *out = fd;
    return ERR_OK;
}

static enum err listen_local(struct fgw_admin *admin, struct base_loop *loop, const char *path)
{
    int fd = -1;
    enum err err = open_socket(path, &fd);
    if (err)
        return err;
    admin->socket = strdup(path);
    admin->local = new_server(loop, serve_local);
    if (!admin->socket || !admin->local || evhttp_accept_socket(admin->local, fd) != 0) {
        close(fd);
        return ERR_NOMEM;
    }
    return ERR_OK;
}

static enum err listen_tcp(struct fgw_admin *admin, struct base_loop *loop, const char *address,
                           uint16_t port)
{
    admin->tcp = new_server(loop, serve_tcp);
    if (!admin->tcp)
        return ERR_NOMEM;
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(admin->tcp, address, port);
    if (!bound) {
        base_log(&log_admin, BASE_LOG_ERROR, NULL, "admin.address: %s port %u: %m", address, port);
        return ERR_IO;
    }
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&addr, &len) == 0)
        admin->port = ntohs(addr.ss_family == AF_INET6
                                ? ((struct sockaddr_in6 *)&addr)->sin6_port
                                : ((struct sockaddr_in *)&addr)->sin_port);
    return ERR_OK;
}

enum err fgw_admin_new(struct base_loop *loop, const struct fgw_admin_settings *settings,
                       struct fgw_admin **out)
{
    *out = NULL;
    struct fgw_admin *admin = calloc(1, sizeof(*admin));
    if (!admin)
        return ERR_NOMEM;
    enum err err = ERR_OK;
    if (settings->socket && *settings->socket)
        err = listen_local(admin, loop, settings->socket);
    if (!err && settings->address && *settings->address)
        err = listen_tcp(admin, loop, settings->address, (uint16_t)settings->port);
    if (err) {
        fgw_admin_free(admin);
        return err;
    }
    *out = admin;
    return ERR_OK;
}

void fgw_admin_free(struct fgw_admin *admin)
{
    if (!admin)
        return;
    if (admin->local)
        evhttp_free(admin->local);
    if (admin->tcp)
        evhttp_free(admin->tcp);
    if (admin->socket)
        unlink(admin->socket);
    free(admin->socket);
    free(admin);
}

uint16_t fgw_admin_port(const struct fgw_admin *admin)
{
    return admin ? admin->port : 0;
}
