// SPDX-License-Identifier: BSD-3-Clause
// ConnectPeer statements read again. The library can add a peer while it runs; it cannot change or
// remove one (facts: no remove call, EEXIST for the same identity). So what disappears from the
// file is disconnected and gets no traffic, and what changes is reported.
#include <errno.h>
#include <glob.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diameter/stack_int.h"

enum { FILE_MAX = 4 * 1024 * 1024, INCLUDE_MAX = 64 };

static struct {
    const char *path;
    struct dia_peers_conf loaded; // as last read; `rest` as at the start
} reload;

typedef void (*note_fn)(const char *line, void *arg);

static void tell(note_fn note, void *arg, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void tell(note_fn note, void *arg, const char *fmt, ...)
{
    char line[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    base_log(&log_dia, BASE_LOG_NOTICE, NULL, "reload: %s", line);
    if (note)
        note(line, arg);
}

// ---- reading ----

static enum err read_text(const char *path, char **out, size_t *len)
{
    enum err err = ERR_OK;
    char *text = malloc(FILE_MAX);
    FILE *f = fopen(path, "re");
    if (!f)
        err = err_from_errno(errno);
    else if (!text)
        err = ERR_NOMEM;
    if (err == ERR_OK) {
        *len = fread(text, 1, FILE_MAX, f);
        if (ferror(f))
            err = ERR_IO;
        else if (*len == FILE_MAX)
            err = ERR_RANGE;
    }
    if (f)
        fclose(f);
    if (err != ERR_OK) {
        free(text);
        return err;
    }
    *out = text;
    return ERR_OK;
}

static enum err read_file(struct dia_peers_conf *conf, const char *path, note_fn note, void *arg)
{
    struct dia_peer_conf_error error = {0};
    char *text = NULL;
    size_t len = 0;
    enum err err = read_text(path, &text, &len);
    if (err != ERR_OK) {
        tell(note, arg, "%s: cannot be read: %s", path, err_str(err));
        return err;
    }
    err = dia_peers_conf_read(conf, text, len, &error);
    free(text);
    if (err != ERR_OK)
        tell(note, arg, "%s:%d: %s", path, error.line, error.text);
    return err;
}

// The file and what it includes. The library resolves patterns against the current folder as well.
static enum err read_all(struct dia_peers_conf *conf, const char *path, note_fn note, void *arg)
{
    enum err err = read_file(conf, path, note, arg);
    for (size_t i = 0; i < conf->n_includes && err == ERR_OK; i++) {
        glob_t found;
        if (i == INCLUDE_MAX) {
            tell(note, arg, "%s: more than %d includes", path, INCLUDE_MAX);
            return ERR_CONF_RANGE;
        }
        if (glob(conf->includes[i], 0, NULL, &found) != 0)
            continue;
        for (size_t g = 0; g < found.gl_pathc && err == ERR_OK; g++)
            err = read_file(conf, found.gl_pathv[g], note, arg);
        globfree(&found);
    }
    return err;
}

enum err dia_reload_prepare(const char *conf_path)
{
    struct dia_peers_conf conf = {0};
    reload.path = conf_path;
    enum err err = read_all(&conf, conf_path, NULL, NULL);
    reload.loaded = conf;
    for (size_t i = 0; i < conf.n_peers && err == ERR_OK; i++)
        dia_peer_get(conf.peers[i].identity, strlen(conf.peers[i].identity));
    return err;
}

// ---- adding ----

static enum err add_address(struct peer_info *info, const char *name)
{
    struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG | AI_NUMERICHOST}, *found = NULL;
    uint32_t flags = EP_FL_CONF | EP_ACCEPTALL;
    int rc = getaddrinfo(name, NULL, &hints, &found);
    if (rc == EAI_NONAME) {
        hints.ai_flags &= ~AI_NUMERICHOST;
        flags = EP_FL_CONF | EP_FL_DISC;
        rc = getaddrinfo(name, NULL, &hints, &found);
    }
    if (rc != 0)
        return ERR_NOT_FOUND;
    rc = fd_ep_add_merge(&info->pi_endpoints, found->ai_addr, found->ai_addrlen, flags);
    freeaddrinfo(found);
    return rc == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}

static void fill_info(struct peer_info *info, const struct dia_peer_conf *peer)
{
    memset(info, 0, sizeof(*info));
    info->pi_diamid = peer->identity; // the library copies
    info->pi_diamidlen = strlen(peer->identity);
    info->config.pic_flags.persist = PI_PRST_ALWAYS;
    info->config.pic_flags.pro3 = PI_P3_DEFAULT;
    if (peer->no_ip || peer->no_ipv6)
        info->config.pic_flags.pro3 = peer->no_ip ? PI_P3_IPv6 : PI_P3_IP;
    info->config.pic_flags.pro4 = PI_P4_DEFAULT;
    if (peer->no_tcp || peer->no_sctp)
        info->config.pic_flags.pro4 = peer->no_tcp ? PI_P4_SCTP : PI_P4_TCP;
    info->config.pic_flags.alg = peer->prefer_tcp ? PI_ALGPREF_TCP : PI_ALGPREF_SCTP;
    info->config.pic_flags.sec = peer->no_tls ? PI_SEC_NONE : PI_SEC_DEFAULT;
    if (peer->tls_old_method)
        info->config.pic_flags.sec |= PI_SEC_TLS_OLD;
    info->config.pic_flags.sctpsec = peer->sctp_3436 ? PI_SCTPSEC_3436 : PI_SCTPSEC_DEF;
    info->config.pic_realm = peer->realm;
    info->config.pic_priority = peer->tls_priority;
    info->config.pic_port = peer->port;
    info->config.pic_tctimer = peer->tc_timer;
    info->config.pic_twtimer = peer->tw_timer;
    fd_list_init(&info->pi_endpoints, NULL);
}

static enum err add_peer(const struct dia_peer_conf *peer, note_fn note, void *arg)
{
    struct peer_info info;
    enum err err = ERR_OK;
    fill_info(&info, peer);
    for (size_t i = 0; i < peer->n_connect_to && err == ERR_OK; i++)
        err = add_address(&info, peer->connect_to[i]);
    if (err == ERR_OK) {
        int rc = fd_peer_add(&info, reload.path, NULL, NULL);
        err = rc == 0 ? ERR_OK : rc == EEXIST ? ERR_EXISTS : ERR_DIA_LIBRARY;
    }
    while (!FD_IS_LIST_EMPTY(&info.pi_endpoints)) { // those that the library did not take
        struct fd_list *li = info.pi_endpoints.next;
        fd_list_unlink(li);
        free(li);
    }
    if (err == ERR_OK)
        tell(note, arg, "peer %s added", peer->identity);
    else
        tell(note, arg, "peer %s cannot be added: %s", peer->identity, err_str(err));
    return err;
}

// ---- comparing ----

static void disable(const struct dia_peer_conf *old, note_fn note, void *arg)
{
    struct dia_peer *peer = dia_peer_get(old->identity, strlen(old->identity));
    struct peer_hdr *hdr = NULL;
    if (!peer || atomic_exchange(&peer->disabled, true))
        return;
    if (fd_peer_getbyid(old->identity, strlen(old->identity), 1, &hdr) == 0 && hdr) {
        static char reason[] = "DO_NOT_WANT_TO_TALK_TO_YOU";
        fd_psm_terminate(hdr, reason);
    }
    tell(note, arg, "peer %s disconnected, it gets no traffic; coming back needs a restart",
         old->identity);
}

static enum err compare_one(const struct dia_peer_conf *now, note_fn note, void *arg)
{
    const struct dia_peer_conf *old = dia_peers_conf_find(&reload.loaded, now->identity);
    const struct dia_peer *peer = dia_peer_get(now->identity, strlen(now->identity));
    if (peer && atomic_load(&peer->disabled))
        tell(note, arg, "peer %s was removed before: a restart is needed to connect again",
             now->identity);
    else if (!old)
        return add_peer(now, note, arg);
    else if (!dia_peer_conf_same(old, now))
        tell(note, arg, "peer %s: changed settings need a restart", now->identity);
    return ERR_OK;
}

enum err dia_stack_reload(void (*note)(const char *line, void *arg), void *arg)
{
    struct dia_peers_conf now = {0};
    if (dia_phase() != DIA_RUNNING)
        return ERR_WRONG_STATE;
    enum err err = read_all(&now, reload.path, note, arg);
    if (err != ERR_OK) {
        dia_peers_conf_free(&now);
        return err;
    }
    enum err added = ERR_OK;
    for (size_t i = 0; i < now.n_peers; i++) {
        enum err one = compare_one(&now.peers[i], note, arg);
        added = added == ERR_OK ? one : added;
    }
    for (size_t i = 0; i < reload.loaded.n_peers; i++) {
        if (!dia_peers_conf_find(&now, reload.loaded.peers[i].identity))
            disable(&reload.loaded.peers[i], note, arg);
    }
    if (now.rest != reload.loaded.rest)
        tell(note, arg, "%s: settings other than ConnectPeer have changed and need a restart",
             reload.path);
    uint64_t rest = reload.loaded.rest; // what is in force
    dia_peers_conf_free(&reload.loaded);
    reload.loaded = now;
    reload.loaded.rest = rest;
    return added;
}
