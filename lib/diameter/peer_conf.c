// SPDX-License-Identifier: BSD-3-Clause
// Statements end with ';' outside braces; '#' begins a comment; keywords have no case.
#include "diameter/peer_conf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PEERS_MAX = 1024, ADDRESSES_MAX = 64, WORD_MAX = 255 };

enum token_type { T_END, T_WORD, T_STRING, T_PUNCT };

struct reader {
    const char *at, *end;
    int line;
    enum token_type type;
    char text[WORD_MAX + 1]; // word, content of a string, or the one character
    struct dia_peers_conf *conf;
    enum err err;
    struct dia_peer_conf_error *error;
};

static void fail(struct reader *r, enum err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void fail(struct reader *r, enum err err, const char *fmt, ...)
{
    if (r->err != ERR_OK)
        return;
    r->err = err;
    r->error->line = r->line;
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->error->text, sizeof(r->error->text), fmt, args);
    va_end(args);
}

static void expected(struct reader *r, const char *what)
{
    if (r->type == T_END)
        fail(r, ERR_CONF_SYNTAX, "found the end of the file, expected %s", what);
    else
        fail(r, ERR_CONF_SYNTAX, "found '%.40s', expected %s", r->text, what);
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (isspace((unsigned char)*r->at) || *r->at == '#')) {
        if (*r->at == '#') {
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        } else {
            r->line += *r->at == '\n';
            r->at++;
        }
    }
}

static void take(struct reader *r, const char *start, size_t len)
{
    if (len > WORD_MAX) {
        fail(r, ERR_CONF_SYNTAX, "found a word of %zu bytes, expected at most %d", len, WORD_MAX);
        len = WORD_MAX;
    }
    memcpy(r->text, start, len);
    r->text[len] = 0;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static void next(struct reader *r)
{
    skip_space(r);
    r->type = T_END;
    r->text[0] = 0;
    if (r->err != ERR_OK || r->at == r->end)
        return;
    const char *start = r->at;
    if (*start == '"') {
        do {
            r->at++;
        } while (r->at < r->end && *r->at != '"' && *r->at != '\n');
        if (r->at == r->end || *r->at != '"') {
            fail(r, ERR_CONF_SYNTAX, "found a string without its closing quote");
            return;
        }
        r->type = T_STRING;
        take(r, start + 1, (size_t)(r->at - start - 1));
        r->at++;
    } else if (is_word(*start)) {
        while (r->at < r->end && is_word(*r->at))
            r->at++;
        r->type = T_WORD;
        take(r, start, (size_t)(r->at - start));
    } else {
        r->type = T_PUNCT;
        r->at++;
        take(r, start, 1);
    }
}

static bool is_punct(const struct reader *r, char c)
{
    return r->err == ERR_OK && r->type == T_PUNCT && r->text[0] == c;
}

static void want_punct(struct reader *r, char c)
{
    char text[] = {'\'', c, '\'', 0};
    if (is_punct(r, c))
        next(r);
    else
        expected(r, text);
}

static char *copy(struct reader *r, const char *text)
{
    char *out = strdup(text);
    if (!out)
        fail(r, ERR_NOMEM, "out of memory");
    return out;
}

// Table that doubles at powers of two.
static void *append(struct reader *r, void *items, size_t *n, size_t size, size_t max)
{
    void **table = items;
    if (*n >= max) {
        fail(r, ERR_CONF_RANGE, "found more than %zu entries", max);
        return NULL;
    }
    if ((*n & (*n - 1)) == 0) {
        void *grown = realloc(*table, (*n ? *n * 2 : 1) * size);
        if (!grown) {
            fail(r, ERR_NOMEM, "out of memory");
            return NULL;
        }
        *table = grown;
    }
    void *item = (char *)*table + *n * size;
    memset(item, 0, size);
    (*n)++;
    return item;
}

static void take_text(struct reader *r, char **where)
{
    want_punct(r, '=');
    if (r->err == ERR_OK && r->type != T_STRING)
        expected(r, "a string");
    if (r->err != ERR_OK)
        return;
    free(*where);
    *where = copy(r, r->text);
    next(r);
}

static void take_number(struct reader *r, long min, long max, long *out)
{
    char *end = NULL;
    want_punct(r, '=');
    if (r->err == ERR_OK && r->type != T_WORD)
        expected(r, "a number");
    if (r->err != ERR_OK)
        return;
    long value = strtol(r->text, &end, 0);
    if (*end || end == r->text)
        expected(r, "a number");
    else if (value < min || value > max)
        fail(r, ERR_CONF_RANGE, "found %s, expected %ld to %ld", r->text, min, max);
    *out = value;
    next(r);
}

static void take_address(struct reader *r, struct dia_peer_conf *peer)
{
    char *address = NULL;
    take_text(r, &address);
    char **slot = r->err == ERR_OK ? append(r, &peer->connect_to, &peer->n_connect_to,
                                            sizeof(*slot), ADDRESSES_MAX)
                                   : NULL;
    if (slot)
        *slot = address;
    else
        free(address);
}

// One of the flags; false if the word is none.
static bool take_flag(struct reader *r, struct dia_peer_conf *peer)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"No_IP", &peer->no_ip},           {"No_IPv6", &peer->no_ipv6},
        {"No_TCP", &peer->no_tcp},         {"No_SCTP", &peer->no_sctp},
        {"Prefer_TCP", &peer->prefer_tcp}, {"No_TLS", &peer->no_tls},
        {"TLS_old_method", &peer->tls_old_method},
        {"SctpSec3436", &peer->sctp_3436},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcasecmp(r->text, flags[i].name) == 0) {
            *flags[i].flag = true;
            next(r);
            return true;
        }
    }
    return false;
}

static void take_option(struct reader *r, struct dia_peer_conf *peer)
{
    long number = 0;
    char name[WORD_MAX + 1];
    if (r->type != T_WORD) {
        expected(r, "a setting of the peer");
        return;
    }
    if (take_flag(r, peer)) {
        want_punct(r, ';');
        return;
    }
    memcpy(name, r->text, sizeof(name));
    next(r);
    if (strcasecmp(name, "Realm") == 0) {
        take_text(r, &peer->realm);
    } else if (strcasecmp(name, "TLS_Prio") == 0) {
        take_text(r, &peer->tls_priority);
    } else if (strcasecmp(name, "ConnectTo") == 0) {
        take_address(r, peer);
    } else if (strcasecmp(name, "Port") == 0) {
        take_number(r, 1, 65535, &number);
        peer->port = (uint16_t)number;
    } else if (strcasecmp(name, "TcTimer") == 0) {
        take_number(r, 1, 1000000, &number);
        peer->tc_timer = (int)number;
    } else if (strcasecmp(name, "TwTimer") == 0) {
        take_number(r, 1, 1000000, &number);
        peer->tw_timer = (int)number;
    } else {
        fail(r, ERR_CONF_SYNTAX, "found '%.40s', expected a setting of the peer", name);
    }
    want_punct(r, ';');
}

static void connect_peer(struct reader *r)
{
    struct dia_peer_conf *peer =
        append(r, &r->conf->peers, &r->conf->n_peers, sizeof(*peer), PEERS_MAX);
    if (!peer)
        return;
    peer->line = r->line;
    take_text(r, &peer->identity);
    if (is_punct(r, '{')) {
        next(r);
        while (r->err == ERR_OK && !is_punct(r, '}'))
            take_option(r, peer);
        want_punct(r, '}');
    }
    want_punct(r, ';');
    if (r->err != ERR_OK && !peer->identity)
        r->conf->n_peers--; // nothing worth keeping
}

static void include(struct reader *r)
{
    if (r->type != T_STRING) {
        expected(r, "a file name");
        return;
    }
    char **slot = append(r, &r->conf->includes, &r->conf->n_includes, sizeof(*slot), PEERS_MAX);
    if (!slot)
        return;
    *slot = copy(r, r->text);
    if (!*slot)
        r->conf->n_includes--;
    next(r);
    if (is_punct(r, ';'))
        next(r);
}

// FNV-1a over the tokens, so that white space and comments do not count.
static void mix(struct dia_peers_conf *conf, const char *text)
{
    for (; *text; text++)
        conf->rest = (conf->rest ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    conf->rest = (conf->rest ^ 0xff) * UINT64_C(0x100000001b3);
}

static void other_statement(struct reader *r)
{
    int depth = 0;
    while (r->err == ERR_OK && r->type != T_END) {
        mix(r->conf, r->text);
        depth += is_punct(r, '{');
        depth -= is_punct(r, '}');
        bool end = depth <= 0 && is_punct(r, ';');
        next(r);
        if (end)
            return;
    }
}

enum err dia_peers_conf_read(struct dia_peers_conf *conf, const char *text, size_t len,
                             struct dia_peer_conf_error *error)
{
    struct reader r = {.at = text, .end = text + len, .line = 1, .conf = conf, .error = error};
    *error = (struct dia_peer_conf_error){0};
    next(&r);
    while (r.err == ERR_OK && r.type != T_END) {
        if (r.type == T_WORD && strcasecmp(r.text, "ConnectPeer") == 0) {
            next(&r);
            connect_peer(&r);
        } else if (r.type == T_WORD && strcasecmp(r.text, "include") == 0) {
            next(&r);
            include(&r);
        } else {
            other_statement(&r);
        }
    }
    return r.err;
}

void dia_peers_conf_free(struct dia_peers_conf *conf)
{
    for (size_t i = 0; i < conf->n_peers; i++) {
        struct dia_peer_conf *peer = &conf->peers[i];
        for (size_t a = 0; a < peer->n_connect_to; a++)
            free(peer->connect_to[a]);
        free(peer->connect_to);
        free(peer->identity);
        free(peer->realm);
        free(peer->tls_priority);
    }
    for (size_t i = 0; i < conf->n_includes; i++)
        free(conf->includes[i]);
    free(conf->includes);
    free(conf->peers);
    *conf = (struct dia_peers_conf){0};
}

const struct dia_peer_conf *dia_peers_conf_find(const struct dia_peers_conf *conf,
                                                const char *identity)
{
    for (size_t i = 0; i < conf->n_peers; i++) {
        if (strcasecmp(conf->peers[i].identity, identity) == 0)
            return &conf->peers[i];
    }
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool dia_peer_conf_same(const struct dia_peer_conf *a, const struct dia_peer_conf *b)
{
    if (!same_text(a->realm, b->realm) || !same_text(a->tls_priority, b->tls_priority) ||
        a->n_connect_to != b->n_connect_to || a->port != b->port || a->tc_timer != b->tc_timer ||
        a->tw_timer != b->tw_timer || a->no_ip != b->no_ip || a->no_ipv6 != b->no_ipv6 ||
        a->no_tcp != b->no_tcp || a->no_sctp != b->no_sctp || a->prefer_tcp != b->prefer_tcp ||
        a->no_tls != b->no_tls || a->tls_old_method != b->tls_old_method ||
        a->sctp_3436 != b->sctp_3436)
        return false;
    for (size_t i = 0; i < a->n_connect_to; i++) {
        if (strcmp(a->connect_to[i], b->connect_to[i]) != 0)
            return false;
    }
    return true;
}
