// SPDX-License-Identifier: BSD-3-Clause
// Logging: `time level category subject: message`, one line per event on stderr, at most 1 KiB,
// e.g. 2026-11-21T10:00:00.123456Z notice s6a imsi=001010000000001 agw=gw1 peer=hss.example.org:
// ... Control characters and malformed UTF-8 (a peer may have sent them) are shown as \xNN.
// Categories are declared by their room and switchable at run time; one subscriber can be followed
// through all categories. Not for metrics, not for tracing messages (see capture).
// Thread-safe throughout; a disabled line costs one relaxed atomic load.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum base_log_level {
    BASE_LOG_ERROR = 0, // something was lost or cannot work; an operator must look
    BASE_LOG_WARN,      // a peer or a setting misbehaves; we go on
    BASE_LOG_NOTICE,    // state changes for the journal (peer up, gateway connected)
    BASE_LOG_INFO,      // one line per procedure
    BASE_LOG_DEBUG,     // one line per step
    BASE_LOG_LEVELS
};

struct base_log_cat {
    const char *name;                 // "s6a"; [a-z0-9_]+
    _Atomic int level;                // enum base_log_level; lines above it are dropped
    struct base_log_cat *next;        // registry link, owned by log.c
    _Atomic bool registered;
};

// Defines a category: BASE_LOG_CATEGORY(log_s6a, "s6a"); other files: extern struct base_log_cat
// log_s6a; It enters the registry at program or module load.
#define BASE_LOG_CATEGORY(ident, text)                                                      \
    struct base_log_cat ident = {.name = (text), .level = BASE_LOG_NOTICE};                 \
    static void __attribute__((constructor)) ident##_register_(void)                        \
    {                                                                                       \
        base_log_register(&ident);                                                          \
    }                                                                                       \
    static void __attribute__((destructor)) ident##_unregister_(void)                       \
    {                                                                                       \
        base_log_unregister(&ident);                                                        \
    }                                                                                       \
    struct base_log_cat ident

// Who a line is about. Every field may be NULL. Strings are borrowed for the call.
struct base_log_subject {
    const char *imsi; // digits; masked to MCC+MNC when masking is on
    const char *agw;  // gateway id
    const char *peer; // Diameter identity, VLR name or remote address
};

// Rate limit of one call site: at most `burst` lines a second, then a count of what was suppressed.
struct base_log_limit {
    _Atomic int64_t window_start_ms;
    _Atomic uint32_t in_window;
    _Atomic uint32_t suppressed;
};
#define BASE_LOG_LIMIT_PER_SECOND 10

// base_log(&log_s6a, BASE_LOG_WARN, &subject_or_NULL, "format", ...)
#define base_log(cat, lvl, subject, ...)                                                    \
    do {                                                                                    \
        if (base_log_wanted((cat), (lvl), (subject)))                                       \
            base_log_write((cat), (lvl), (subject), __VA_ARGS__);                           \
    } while (0)

// The same for lines that a peer can cause: at most BASE_LOG_LIMIT_PER_SECOND a second per call
// site.
#define base_log_limited(cat, lvl, subject, ...)                                            \
    do {                                                                                    \
        static struct base_log_limit limit_;                                                \
        if (base_log_wanted((cat), (lvl), (subject)) &&                                     \
            base_log_limit_pass(&limit_, (cat), (lvl)))                                     \
            base_log_write((cat), (lvl), (subject), __VA_ARGS__);                           \
    } while (0)

void base_log_register(struct base_log_cat *cat);
void base_log_unregister(struct base_log_cat *cat);
void base_log_write(struct base_log_cat *cat, enum base_log_level lvl,
                    const struct base_log_subject *subject, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool base_log_limit_pass(struct base_log_limit *limit, struct base_log_cat *cat,
                         enum base_log_level lvl);
bool base_log_followed(const struct base_log_subject *subject); // see base_log_follow

// True if some subscriber is being followed; keeps base_log_wanted cheap.
extern _Atomic bool base_log_following;

static inline bool base_log_wanted(struct base_log_cat *cat, enum base_log_level lvl,
                                   const struct base_log_subject *subject)
{
    if ((int)lvl <= atomic_load_explicit(&cat->level, memory_order_relaxed))
        return true;
    return atomic_load_explicit(&base_log_following, memory_order_relaxed) && subject &&
           base_log_followed(subject);
}

// Sets the level of one category, or of all (name "all"). ERR_NOT_FOUND if there is no such
// category. A category registered later starts with the level last set for "all".
enum err base_log_set_level(const char *name, enum base_log_level lvl);
// Parses "error", "warn", "notice", "info", "debug".
enum err base_log_level_parse(const char *text, enum base_log_level *out);
const char *base_log_level_name(enum base_log_level lvl);
// Follows one IMSI (digits) at debug level through every category; NULL ends all. Up to 8 at a
// time, then ERR_FULL; ERR_DECODE_* if it is no IMSI.
enum err base_log_follow(const char *imsi);
// IMSI masking in log lines (default off).
void base_log_set_masking(bool on);
// Calls visit(name, level, arg) for each category, sorted by name. visit must not set levels.
void base_log_each(void (*visit)(const char *name, enum base_log_level lvl, void *arg), void *arg);
// Where finished lines go (without the newline, at most 1 KiB); default writes to stderr. For tests
// and fgwctl. sink is called under a mutex and must not log. NULL restores the default.
void base_log_set_sink(void (*sink)(enum base_log_level lvl, const char *line, void *arg),
                       void *arg);
