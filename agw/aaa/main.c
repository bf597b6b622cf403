// SPDX-License-Identifier: BSD-3-Clause
// fgw-aaa: 3GPP AAA server for Wi-Fi. RADIUS toward access points, the federation gateway toward
// the HSS. Not an access point's proxy and not a server for other EAP methods.
#include <event2/buffer.h>
#include <event2/http.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aaa/count.h"
#include "aaa/server.h"
#include "base/daemon.h"

static const char usage[] = "usage: fgw-aaa [-c FILE] [-t]\n"
                            "  -c FILE  settings; default /etc/fgw/aaa.conf\n"
                            "  -t       check the settings and end\n"
                            "  -h\n";

static void report(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

static void on_stop(unsigned nth, void *arg)
{
    struct aaa *aaa = arg;
    base_daemon_stopping("stopping");
    base_loop_stop(aaa->loop);
}

static void on_metrics(struct evhttp_request *request, void *arg)
{
    size_t len;
    char *text = metrics_export(&len);
    struct evbuffer *body = evbuffer_new();
    if (!text || !body || evbuffer_add(body, text, len)) {
        evhttp_send_error(request, HTTP_INTERNAL, NULL);
    } else {
        evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                          "text/plain; version=0.0.4");
        evhttp_send_reply(request, HTTP_OK, "OK", body);
    }
    if (body)
        evbuffer_free(body);
    free(text);
}

static enum err open_metrics(struct aaa *aaa, struct evhttp **out)
{
    const struct aaa_settings *settings = aaa->settings;
    if (settings->metrics.port == 0)
        return ERR_OK;
    *out = evhttp_new(base_loop_event_base(aaa->loop));
    if (!*out)
        return ERR_NOMEM;
    evhttp_set_allowed_methods(*out, EVHTTP_REQ_GET);
    evhttp_set_timeout(*out, 5);
    evhttp_set_cb(*out, "/metrics", on_metrics, NULL);
    if (evhttp_bind_socket(*out, settings->metrics.address, (uint16_t)settings->metrics.port)) {
        base_log(&log_aaa, BASE_LOG_ERROR, NULL, "metrics: %s port %d cannot be opened",
                 settings->metrics.address, (int)settings->metrics.port);
        return ERR_IO;
    }
    return ERR_OK;
}

static enum err open_parts(struct aaa *aaa)
{
    enum err err = aaa_store_open(aaa->settings->storage.database, aaa->loop, &aaa->store);
    if (!err)
        aaa_store_keep(aaa->store, aaa->settings->storage.accounting_ms / 1000);
    if (!err)
        err = aaa_core_new(aaa->loop, aaa->settings, aaa_down, aaa, &aaa->core);
    if (!err)
        err = aaa_dyn_new(aaa, &aaa->dyn);
    if (!err)
        err = aaa_sessions_new(aaa, &aaa->sessions);
    if (!err)
        err = aaa_auth_new(aaa, &aaa->auth);
    if (!err)
        err = aaa_server_new(aaa, &aaa->server);
    return err;
}

static enum err run(const struct aaa_settings *settings)
{
    const struct base_daemon_hooks hooks = {.stop = on_stop};
    struct aaa aaa = {.settings = settings};
    struct base_daemon *daemon = NULL;
    struct evhttp *http = NULL;
    enum err err = base_daemon_prepare();
    if (err)
        goto out;
    err = base_loop_new("aaa", 1024, &aaa.loop);
    if (err)
        goto out;
    err = base_daemon_attach(aaa.loop, &hooks, &aaa, &daemon);
    if (err)
        goto out;
    err = open_parts(&aaa);
    if (err)
        goto out;
    err = open_metrics(&aaa, &http);
    if (err)
        goto out;
    base_log(&log_aaa, BASE_LOG_NOTICE, NULL, "ready: %zu clients, %zu stored sessions",
             settings->clients.n, aaa_sessions_count(aaa.sessions));
    base_daemon_ready(NULL);
    err = base_loop_run(aaa.loop);
out:
    if (http)
        evhttp_free(http);
    aaa_core_free(aaa.core); // its calls end in auth
    aaa_auth_free(aaa.auth);
    aaa_dyn_free(aaa.dyn);
    aaa_sessions_free(aaa.sessions);
    aaa_store_close(aaa.store);
    aaa_server_free(aaa.server);
    base_daemon_detach(daemon);
    base_loop_free(aaa.loop);
    aaa_store_free(aaa.store);
    return err;
}

int main(int argc, char **argv)
{
    const char *path = "/etc/fgw/aaa.conf";
    struct aaa_settings settings;
    bool check = false;
    for (int option; (option = getopt(argc, argv, "c:th")) != -1;) {
        if (option == 'c') {
            path = optarg;
        } else if (option == 't') {
            check = true;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    enum err err = aaa_settings_load(path, &settings, report);
    if (!err && !check) {
        base_log_set_level("all", (enum base_log_level)settings.log.level);
        base_log_set_masking(settings.log.mask_imsi);
        err = run(&settings);
    }
    if (err)
        fprintf(stderr, "fgw-aaa: %s\n", err_str(err));
    aaa_settings_free(&settings);
    return err ? 1 : 0;
}
