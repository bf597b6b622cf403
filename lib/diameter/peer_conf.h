// SPDX-License-Identifier: BSD-3-Clause
// Reads the ConnectPeer statements of a freeDiameter configuration. I/O-free. The library's own
// parser cannot be used twice in a process. Not for the other settings: they need a restart anyway.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct dia_peer_conf {
    char *identity;
    char *realm;        // NULL if not given
    char *tls_priority; // NULL if not given
    char **connect_to;  // addresses or names
    size_t n_connect_to;
    uint16_t port;      // 0: default
    int tc_timer, tw_timer; // [s], 0: default
    bool no_ip, no_ipv6, no_tcp, no_sctp, prefer_tcp, no_tls, tls_old_method, sctp_3436;
    int line;
};

struct dia_peers_conf {
    struct dia_peer_conf *peers;
    size_t n_peers;
    char **includes;    // patterns of include statements
    size_t n_includes;
    uint64_t rest;      // fingerprint of all other statements
};

struct dia_peer_conf_error {
    int line;
    char text[120];
};

// Adds what `text` says to *conf (zeroed before the first). What was read before an error stays.
// ERR_CONF_SYNTAX, ERR_CONF_RANGE, ERR_NOMEM.
enum err dia_peers_conf_read(struct dia_peers_conf *conf, const char *text, size_t len,
                             struct dia_peer_conf_error *error);
void dia_peers_conf_free(struct dia_peers_conf *conf);
// NULL if there is none. Identities are compared without case.
const struct dia_peer_conf *dia_peers_conf_find(const struct dia_peers_conf *conf,
                                                const char *identity);
bool dia_peer_conf_same(const struct dia_peer_conf *a, const struct dia_peer_conf *b);
