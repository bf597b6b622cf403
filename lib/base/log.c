// SPDX-License-Identifier: BSD-3-Clause
// Formatting, category registry, following of subscribers. A line is built on the caller's stack
// and leaves in one write(); no lock is held meanwhile unless a sink is set.
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/utf8.h"

enum {
    LINE_MAX_BYTES = 1024, // with the newline
    MESSAGE_MAX = LINE_MAX_BYTES,
    FOLLOW_MAX = 8,
    MASK_KEEP_DIGITS = 5, // MCC and two digits of the MNC
};

static const char *const level_names[BASE_LOG_LEVELS] = {
    [BASE_LOG_ERROR] = "error", [BASE_LOG_WARN] = "warn",   [BASE_LOG_NOTICE] = "notice",
    [BASE_LOG_INFO] = "info",   [BASE_LOG_DEBUG] = "debug",
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct base_log_cat *registry; // sorted by name
static int level_of_all = -1;         // last level set for "all", -1: never

static pthread_mutex_t follow_lock = PTHREAD_MUTEX_INITIALIZER;
static struct base_imsi followed[FOLLOW_MAX];
static size_t n_followed;
_Atomic bool base_log_following;

static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink_fn)(enum base_log_level lvl, const char *line, void *arg);
static void *sink_arg;
static _Atomic bool sink_set;

static _Atomic bool masking;

// --- categories ---

void base_log_register(struct base_log_cat *cat)
{
    pthread_mutex_lock(&registry_lock);
    if (!atomic_load(&cat->registered)) {
        struct base_log_cat **at = &registry;
        while (*at && strcmp((*at)->name, cat->name) < 0)
            at = &(*at)->next;
        cat->next = *at;
        *at = cat;
        if (level_of_all >= 0)
            atomic_store(&cat->level, level_of_all);
        atomic_store(&cat->registered, true);
    }
    pthread_mutex_unlock(&registry_lock);
}

void base_log_unregister(struct base_log_cat *cat)
{
    pthread_mutex_lock(&registry_lock);
    for (struct base_log_cat **at = &registry; *at; at = &(*at)->next) {
        if (*at == cat) {
            *at = cat->next;
            cat->next = NULL;
            atomic_store(&cat->registered, false);
            break;
        }
    }
    pthread_mutex_unlock(&registry_lock);
}

enum err base_log_set_level(const char *name, enum base_log_level lvl)
{
    if ((int)lvl < 0 || lvl >= BASE_LOG_LEVELS)
        return ERR_RANGE;
    bool all = strcmp(name, "all") == 0;
    enum err err = all ? ERR_OK : ERR_NOT_FOUND;
    pthread_mutex_lock(&registry_lock);
    if (all)
        level_of_all = (int)lvl;
    for (struct base_log_cat *cat = registry; cat; cat = cat->next) {
        if (all || strcmp(cat->name, name) == 0) {
            atomic_store(&cat->level, (int)lvl);
            err = ERR_OK;
        }
    }
    pthread_mutex_unlock(&registry_lock);
    return err;
}

void base_log_each(void (*visit)(const char *name, enum base_log_level lvl, void *arg), void *arg)
{
    pthread_mutex_lock(&registry_lock);
    for (struct base_log_cat *cat = registry; cat; cat = cat->next)
        visit(cat->name, (enum base_log_level)atomic_load(&cat->level), arg);
    pthread_mutex_unlock(&registry_lock);
}

enum err base_log_level_parse(const char *text, enum base_log_level *out)
{
    for (int i = 0; i < BASE_LOG_LEVELS; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum base_log_level)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

const char *base_log_level_name(enum base_log_level lvl)
{
    return (int)lvl >= 0 && lvl < BASE_LOG_LEVELS ? level_names[lvl] : "unknown";
}

// --- following and masking ---

enum err base_log_follow(const char *imsi)
{
    struct base_imsi parsed;
    if (imsi) {
        enum err err = base_imsi_parse(imsi, strlen(imsi), &parsed);
        if (err)
            return err;
    }
    enum err err = ERR_OK;
    pthread_mutex_lock(&follow_lock);
    if (!imsi) {
        n_followed = 0;
    } else {
        size_t i = 0;
        while (i < n_followed && strcmp(followed[i].digits, parsed.digits) != 0)
            i++;
        if (i == FOLLOW_MAX) {
            err = ERR_FULL;
        } else if (i == n_followed) {
            followed[n_followed++] = parsed;
        }
    }
    atomic_store(&base_log_following, n_followed > 0);
    pthread_mutex_unlock(&follow_lock);
    return err;
}

bool base_log_followed(const struct base_log_subject *subject)
{
    if (!subject || !subject->imsi)
        return false;
    const char *digits = subject->imsi;
    if (strncmp(digits, "IMSI", 4) == 0)
        digits += 4;
    bool found = false;
    pthread_mutex_lock(&follow_lock);
    for (size_t i = 0; i < n_followed && !found; i++)
        found = strcmp(followed[i].digits, digits) == 0;
    pthread_mutex_unlock(&follow_lock);
    return found;
}

void base_log_set_masking(bool on)
{
    atomic_store(&masking, on);
}

// --- lines ---

struct line {
    char text[LINE_MAX_BYTES + 1];
    size_t len;
    bool cut;
};

// Room kept for the mark of a cut line and the newline.
static const char cut_mark[] = "...";
enum { LINE_TEXT_MAX = LINE_MAX_BYTES - (int)sizeof(cut_mark) };

static void put(struct line *line, const char *text, size_t len)
{
    if (line->cut || len > LINE_TEXT_MAX - line->len) {
        line->cut = true; // characters and escapes are never split
        return;
    }
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_str(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

// Text that a peer may have chosen: whatever could break the line or a terminal is escaped.
static void put_escaped(struct line *line, const char *text, bool escape_space)
{
    size_t left = strlen(text);
    while (left > 0 && !line->cut) {
        size_t n = base_utf8_printable(text, left);
        if (n == 0 || (escape_space && *text == ' ')) {
            char hex[5];
            snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)*text);
            put(line, *text == '\n' ? "\\n" : hex, *text == '\n' ? 2 : 4);
            n = 1;
        } else {
            put(line, text, n);
        }
        text += n;
        left -= n;
    }
}

static void put_time(struct line *line)
{
    struct timespec now;
    struct tm tm;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(text + n, sizeof(text) - n, ".%06ldZ", now.tv_nsec / 1000);
    put(line, text, n);
}

static void put_imsi(struct line *line, const char *imsi)
{
    if (strncmp(imsi, "IMSI", 4) == 0)
        imsi += 4;
    if (!atomic_load_explicit(&masking, memory_order_relaxed)) {
        put_escaped(line, imsi, true);
        return;
    }
    char masked[16];
    size_t n = 0;
    for (; imsi[n] && n + 1 < sizeof(masked); n++)
        masked[n] = imsi[n];
    masked[n] = '\0';
    for (size_t i = MASK_KEEP_DIGITS; i < n; i++)
        masked[i] = 'x';
    put_escaped(line, masked, true);
}

static void put_subject(struct line *line, const struct base_log_subject *subject)
{
    if (!subject)
        return;
    if (subject->imsi) {
        put_str(line, " imsi=");
        put_imsi(line, subject->imsi);
    }
    if (subject->agw) {
        put_str(line, " agw=");
        put_escaped(line, subject->agw, true);
    }
    if (subject->peer) {
        put_str(line, " peer=");
        put_escaped(line, subject->peer, true);
    }
}

// sd-daemon(3): a stderr that is the journal takes the priority as "<N>" before the line.
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static bool to_journal;
static pthread_once_t journal_once = PTHREAD_ONCE_INIT;

static void check_journal(void)
{
    to_journal = stderr_is_journal();
}

static void put_priority(struct line *line, enum base_log_level lvl)
{
    static const char *const priorities[BASE_LOG_LEVELS] = {"<3>", "<4>", "<5>", "<6>", "<7>"};
    pthread_once(&journal_once, check_journal);
    if (to_journal)
        put_str(line, priorities[lvl]);
}

static void emit(enum base_log_level lvl, struct line *line)
{
    if (atomic_load(&sink_set)) {
        pthread_mutex_lock(&sink_lock);
        line->text[line->len] = '\0';
        if (sink_fn) {
            sink_fn(lvl, line->text, sink_arg);
            pthread_mutex_unlock(&sink_lock);
            return;
        }
        pthread_mutex_unlock(&sink_lock);
    }
    line->text[line->len++] = '\n';
    // a log that cannot be written cannot be reported anywhere either
    ssize_t written = write(STDERR_FILENO, line->text, line->len);
    (void)written;
}

void base_log_write(struct base_log_cat *cat, enum base_log_level lvl,
                    const struct base_log_subject *subject, const char *fmt, ...)
{
    char message[MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (n < 0)
        message[0] = '\0';
    if ((int)lvl < 0 || lvl >= BASE_LOG_LEVELS)
        lvl = BASE_LOG_ERROR;

    struct line line = {.len = 0};
    if (!atomic_load(&sink_set))
        put_priority(&line, lvl);
    put_time(&line);
    put_str(&line, " ");
    put_str(&line, level_names[lvl]);
    put_str(&line, " ");
    put_str(&line, cat->name);
    put_subject(&line, subject);
    put_str(&line, ": ");
    put_escaped(&line, message, false);
    if (line.cut || n >= (int)sizeof(message)) {
        memcpy(line.text + line.len, cut_mark, sizeof(cut_mark) - 1);
        line.len += sizeof(cut_mark) - 1;
    }
    emit(lvl, &line);
}

bool base_log_limit_pass(struct base_log_limit *limit, struct base_log_cat *cat,
                         enum base_log_level lvl)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    int64_t now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    int64_t start = atomic_load(&limit->window_start_ms);
    if ((start == 0 || now - start >= 1000) &&
        atomic_compare_exchange_strong(&limit->window_start_ms, &start, now)) {
        atomic_store(&limit->in_window, 0);
        uint32_t suppressed = atomic_exchange(&limit->suppressed, 0);
        if (suppressed > 0)
            base_log_write(cat, lvl, NULL, "%u lines like the next one suppressed", suppressed);
    }
    if (atomic_fetch_add(&limit->in_window, 1) < BASE_LOG_LIMIT_PER_SECOND)
        return true;
    atomic_fetch_add(&limit->suppressed, 1);
    return false;
}

void base_log_set_sink(void (*sink)(enum base_log_level lvl, const char *line, void *arg),
                       void *arg)
{
    pthread_mutex_lock(&sink_lock);
    sink_fn = sink;
    sink_arg = arg;
    atomic_store(&sink_set, sink != NULL);
    pthread_mutex_unlock(&sink_lock);
}
