// SPDX-License-Identifier: BSD-3-Clause
// A tokenizer and a table of statements. Names are compared without case, as the library does.
#include "fgw/dia_conf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { WORD_MAX = 512 };

enum token { END, WORD, TEXT, NUMBER, MARK, BAD_TEXT };

struct reader {
    const char *name, *at, *end;
    int line;
    enum token token;
    int token_line;
    char word[WORD_MAX]; // WORD, TEXT, NUMBER, or the one character of MARK
    fgw_note note;
    void *arg;
    bool told;
    bool tls, include, no_tls;   // TLS_Cred seen; there is more elsewhere; No_TLS of this peer seen
    int bare_line;               // of the first peer without No_TLS; 0: none
    char bare[WORD_MAX];
};

enum form { FLAG, INCLUDE, VALUE_NUMBER, VALUE_TEXT, VALUE_FILE, CREDENTIALS, EXTENSION, PEER };

struct statement {
    const char *name;
    enum form form;
};

static const struct statement top[] = {
    {"Identity", VALUE_TEXT},      {"Realm", VALUE_TEXT},       {"Port", VALUE_NUMBER},
    {"SecPort", VALUE_NUMBER},     {"SEC3436", FLAG},           {"SCTP_streams", VALUE_NUMBER},
    {"ListenOn", VALUE_TEXT},      {"TcTimer", VALUE_NUMBER},   {"TwTimer", VALUE_NUMBER},
    {"NoRelay", FLAG},             {"No_IP", FLAG},             {"No_IPv6", FLAG},
    {"No_TCP", FLAG},              {"No_SCTP", FLAG},           {"Prefer_TCP", FLAG},
    {"TLS_old_method", FLAG},      {"TLS_Cred", CREDENTIALS},   {"TLS_CA", VALUE_FILE},
    {"TLS_CRL", VALUE_FILE},       {"TLS_Prio", VALUE_TEXT},    {"TLS_DH_Bits", VALUE_NUMBER},
    {"TLS_DH_File", VALUE_FILE},   {"LoadExtension", EXTENSION}, {"ConnectPeer", PEER},
    {"AppServThreads", VALUE_NUMBER}, {"ThreadsPerServer", VALUE_NUMBER},
    {"RoutingInThreads", VALUE_NUMBER}, {"RoutingOutThreads", VALUE_NUMBER},
    {"IncomingQueueLimit", VALUE_NUMBER}, {"OutgoingQueueLimit", VALUE_NUMBER},
    {"LocalQueueLimit", VALUE_NUMBER}, {"ProcessingPeersPattern", VALUE_TEXT},
    {"ProcessingPeersMinimum", VALUE_NUMBER}, {"include", INCLUDE}, {NULL, FLAG},
};
static const struct statement in_peer[] = {
    {"ConnectTo", VALUE_TEXT}, {"Port", VALUE_NUMBER},    {"Realm", VALUE_TEXT},
    {"No_TLS", FLAG},          {"No_IP", FLAG},           {"No_IPv6", FLAG},
    {"No_TCP", FLAG},          {"No_SCTP", FLAG},         {"Prefer_TCP", FLAG},
    {"TLS_old_method", FLAG},  {"SEC3436", FLAG},         {"TLS_Prio", VALUE_TEXT},
    {"TcTimer", VALUE_NUMBER}, {"TwTimer", VALUE_NUMBER}, {NULL, FLAG},
};

// --- tokens ---

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (isspace((unsigned char)*r->at) || *r->at == '#')) {
        if (*r->at == '#') {
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        } else if (*r->at++ == '\n') {
            r->line++;
        }
    }
}

static size_t keep(struct reader *r, size_t used, char c)
{
    if (used < WORD_MAX - 1)
        r->word[used++] = c;
    r->word[used] = '\0';
    return used;
}

static void next_text(struct reader *r)
{
    size_t used = 0;
    r->token = BAD_TEXT;
    r->word[0] = '\0';
    for (r->at++; r->at < r->end && *r->at != '\n'; r->at++) {
        if (*r->at == '"') {
            r->at++;
            r->token = TEXT;
            return;
        }
        used = keep(r, used, *r->at);
    }
}

static void next(struct reader *r)
{
    size_t used = 0;
    skip_blanks(r);
    r->token_line = r->line;
    r->word[0] = '\0';
    if (r->at == r->end) {
        r->token = END;
    } else if (*r->at == '"') {
        next_text(r);
    } else if (isalnum((unsigned char)*r->at) || *r->at == '_') {
        r->token = isdigit((unsigned char)*r->at) ? NUMBER : WORD;
        while (r->at < r->end &&
               (isalnum((unsigned char)*r->at) || (*r->at && strchr("_-.", *r->at))))
            used = keep(r, used, *r->at++);
    } else {
        r->token = MARK;
        keep(r, 0, *r->at++);
    }
}

// --- messages ---

static void __attribute__((format(printf, 3, 4)))
tell(struct reader *r, int line, const char *fmt, ...)
{
    char text[1024];
    int used = snprintf(text, sizeof(text), "%s:%d: ", r->name, line);
    va_list ap;
    va_start(ap, fmt);
    if (used > 0 && (size_t)used < sizeof(text))
        vsnprintf(text + used, sizeof(text) - (size_t)used, fmt, ap);
    va_end(ap);
    r->note(text, r->arg);
    r->told = true;
}

static bool unexpected(struct reader *r, const char *expected)
{
    switch (r->token) {
    case END:
        tell(r, r->token_line, "the file ends, expected %s", expected);
        break;
    case BAD_TEXT:
        tell(r, r->token_line, "\"%s has no closing quote, expected %s", r->word, expected);
        break;
    case TEXT:
        tell(r, r->token_line, "found \"%s\", expected %s", r->word, expected);
        break;
    default:
        tell(r, r->token_line, "found '%s', expected %s", r->word, expected);
    }
    return false;
}

static bool take(struct reader *r, enum token token, const char *word, const char *expected)
{
    if (r->token != token || (word && strcmp(r->word, word) != 0))
        return unexpected(r, expected);
    next(r);
    return true;
}

static bool at_mark(const struct reader *r, char mark)
{
    return r->token == MARK && r->word[0] == mark;
}

// Letters that differ, for the nearest known name; a rough measure is enough.
static size_t distance(const char *a, const char *b)
{
    size_t row[64], len = strlen(b);
    if (len >= 64 || strlen(a) >= 64)
        return 64;
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t above = row[j + 1];
            size_t best = diagonal + (tolower((unsigned char)a[i]) != tolower((unsigned char)b[j]));
            if (above + 1 < best)
                best = above + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            diagonal = above;
            row[j + 1] = best;
        }
    }
    return row[len];
}

static bool unknown(struct reader *r, const struct statement *known, const char *where)
{
    const char *nearest = known->name;
    size_t least = 64;
    for (const struct statement *s = known; s->name; s++) {
        size_t d = distance(r->word, s->name);
        if (d < least) {
            least = d;
            nearest = s->name;
        }
    }
    if (least <= 3)
        tell(r, r->token_line, "unknown setting \"%s\"%s, expected %s?", r->word, where, nearest);
    else
        tell(r, r->token_line, "unknown setting \"%s\"%s, expected Identity, Realm, ConnectPeer, "
             "LoadExtension ... (the sample fgw.conf shows them)", r->word, where);
    return false;
}

// --- statements ---

static void check_file(struct reader *r, int line, const char *what, const char *path)
{
    if (*path == '/' && access(path, R_OK) != 0)
        tell(r, line, "%s: %s cannot be read: %m", what, path);
}

static bool statements(struct reader *r, const struct statement *known, const char *where,
                       bool nested);

static bool texts(struct reader *r, const char *name, size_t least, size_t most, char separator,
                  bool files)
{
    for (size_t i = 0; i < most; i++) {
        char mark[2] = {separator, '\0'};
        if (i >= least && !at_mark(r, separator))
            break;
        if (i > 0 && !take(r, MARK, mark, "',' and a second text in quotes"))
            return false;
        char path[WORD_MAX];
        int line = r->token_line;
        memcpy(path, r->word, sizeof(path));
        if (!take(r, TEXT, NULL, "a text in quotes"))
            return false;
        if (files)
            check_file(r, line, name, path);
    }
    return true;
}

static bool peer(struct reader *r)
{
    char identity[WORD_MAX];
    int line = r->token_line;
    memcpy(identity, r->word, sizeof(identity));
    r->no_tls = false;
    if (!take(r, TEXT, NULL, "the peer's Diameter identity in quotes"))
        return false;
    if (at_mark(r, '{')) {
        next(r);
        if (!statements(r, in_peer, " of ConnectPeer", true))
            return false;
    }
    if (!r->no_tls && r->bare_line == 0) {
        r->bare_line = line;
        memcpy(r->bare, identity, sizeof(r->bare));
    }
    return true;
}

static bool value(struct reader *r, const struct statement *s)
{
    r->tls |= s->form == CREDENTIALS;
    r->include |= s->form == INCLUDE;
    r->no_tls |= strcmp(s->name, "No_TLS") == 0;
    if (s->form == FLAG)
        return true;
    if (s->form == INCLUDE)
        return take(r, TEXT, NULL, "a text in quotes");
    if (!take(r, MARK, "=", "'='"))
        return false;
    switch (s->form) {
    case VALUE_NUMBER:
        return take(r, NUMBER, NULL, "a number");
    case VALUE_FILE:
        return texts(r, s->name, 1, 1, ',', true);
    case CREDENTIALS:
        return texts(r, s->name, 2, 2, ',', true);
    case EXTENSION:
        return texts(r, s->name, 1, 2, ':', true);
    case PEER:
        return peer(r);
    default:
        return texts(r, s->name, 1, 1, ',', false);
    }
}

static bool statements(struct reader *r, const struct statement *known, const char *where,
                       bool nested)
{
    while (r->token != END || nested) {
        if (nested && at_mark(r, '}')) {
            next(r);
            return true;
        }
        const struct statement *s = known;
        char expected[80];
        if (r->token != WORD)
            return unexpected(r, nested ? "a setting of the peer, or '}'" : "a setting");
        while (s->name && strcasecmp(s->name, r->word) != 0)
            s++;
        if (!s->name)
            return unknown(r, known, where);
        next(r);
        snprintf(expected, sizeof(expected), "';' after %s", s->name);
        if (!value(r, s) || !take(r, MARK, ";", expected))
            return false;
    }
    return true;
}

static void parse(struct reader *r, const char *name, const char *text, size_t len)
{
    r->name = name;
    r->at = text;
    r->end = text + len;
    r->line = 1;
    next(r);
    if (!statements(r, top, "", false) || r->tls || r->include)
        r->bare_line = 0; // not understood to the end, or there may be TLS
}

static bool tell_bare(struct reader *r)
{
    if (r->bare_line)
        tell(r, r->bare_line, "ConnectPeer \"%s\" can never connect: expected No_TLS in it, or "
             "TLS_Cred for us", r->bare);
    return r->told;
}

bool fgw_dia_conf_explain(const char *name, const char *text, size_t len, fgw_note note, void *arg)
{
    struct reader r = {.note = note, .arg = arg};
    parse(&r, name, text, len);
    return tell_bare(&r);
}

// malloc; NULL with errno if it cannot be read.
static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "re");
    if (!in)
        return NULL;
    if (getdelim(&text, &size, '\0', in) < 0) {
        free(text);
        text = strdup("");
    }
    fclose(in);
    return text;
}

bool fgw_dia_conf_explain_file(const char *path, fgw_note note, void *arg)
{
    char *text = read_file(path), line[WORD_MAX];
    bool told = true;
    if (text) {
        told = fgw_dia_conf_explain(path, text, strlen(text), note, arg);
    } else {
        snprintf(line, sizeof(line), "%s: cannot be read: %m", path);
        note(line, arg);
    }
    free(text);
    return told;
}

static void ignore(const char *line, void *arg)
{
}

bool fgw_dia_conf_peer_without_tls(const char *path, fgw_note note, void *arg)
{
    struct reader r = {.note = ignore};
    char *text = read_file(path);
    if (!text)
        return false;
    parse(&r, path, text, strlen(text));
    free(text);
    r.note = note;
    r.arg = arg;
    r.told = false;
    return tell_bare(&r);
}
