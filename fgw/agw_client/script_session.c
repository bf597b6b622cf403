// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agw_client/script_int.h"
#include "base/clock.h"

static enum err begin(struct script_sessions *sessions, struct agwc *link,
                      struct agwc_tunnel *tunnel)
{
    if (sessions->model)
        return ERR_OK;
    snprintf(sessions->apn, sizeof(sessions->apn), "internet");
    sessions->options = (struct agws_options){
        .apn = sessions->apn,
        .in_flight = 16,
        .batch = 1,
        .connections = 1,
        .backoff_ms = 100,
        .json = agwc_options(link)->json,
        .print = true,
    };
    enum err err = agws_new(link, &sessions->options, &sessions->model);
    if (!err)
        agws_attach(sessions->model, tunnel);
    return err;
}

static enum err use(struct script_sessions *sessions, int64_t timeout_ms, char *const words[],
                    size_t n, char why[SCRIPT_WHY])
{
    static const char *const names[AGWS_KINDS] = {"octets", "seconds", "service units"};
    char *unit;
    uint64_t done = 0, amount = strtoull(words[3], &unit, 10);
    uint64_t wanted = n > 4 ? strtoull(words[4], NULL, 10) : amount;
    enum agws_kind kind = *unit == 's' ? AGWS_SECONDS : *unit == 'u' ? AGWS_UNITS : AGWS_OCTETS;
    enum err err = agws_use(sessions->model, words[1], (uint32_t)strtoul(words[2], NULL, 10), kind,
                            amount, timeout_ms, &done);
    snprintf(why, SCRIPT_WHY, "%" PRIu64 " %s of rating group %s were granted, not %" PRIu64 "%s%s",
             done, names[kind], words[2], wanted, err ? ": " : "", err ? err_str(err) : "");
    return !err && done != wanted ? ERR_INVALID : err;
}

static enum err expect(struct script_sessions *sessions, char *const words[], size_t n,
                       char why[SCRIPT_WHY])
{
    int64_t wait_ms = n > 4 ? (int64_t)(strtod(words[4], NULL) * 1000) : 0;
    int64_t until = base_now_ns() + wait_ms * BASE_MS_NS;
    char text[160] = "";
    for (;;) {
        enum err err = agws_query(sessions->model, words[1], words[2], text, sizeof(text));
        if (!err && strcmp(text, words[3]) == 0)
            return ERR_OK;
        if (base_now_ns() >= until) {
            snprintf(why, SCRIPT_WHY, "%.40s is '%s', expected '%.60s'", words[2],
                     err ? err_str(err) : text, words[3]);
            return ERR_INVALID;
        }
        usleep(2000);
    }
}

enum err script_session(struct script_sessions *sessions, struct agwc *link,
                        struct agwc_tunnel *tunnel, char *const words[], size_t n,
                        char why[SCRIPT_WHY])
{
    int64_t timeout_ms = agwc_options(link)->timeout_ms;
    enum err err = begin(sessions, link, tunnel);
    snprintf(why, SCRIPT_WHY, "%s", err_str(err));
    if (err)
        return err;
    if (n >= 2 && strcmp(words[0], "open") == 0) {
        if (n > 2 && strncmp(words[2], "apn=", 4) == 0)
            snprintf(sessions->apn, sizeof(sessions->apn), "%s", words[2] + 4);
        err = agws_open(sessions->model, words[1], timeout_ms);
    } else if (n >= 4 && strcmp(words[0], "use") == 0) {
        return use(sessions, timeout_ms, words, n, why);
    } else if (n >= 4 && strcmp(words[0], "expect") == 0) {
        return expect(sessions, words, n, why);
    } else if (n == 2 && strcmp(words[0], "close") == 0) {
        err = agws_close(sessions->model, words[1], timeout_ms);
    } else {
        snprintf(why, SCRIPT_WHY, "session expects open, use, expect or close, and an IMSI");
        return ERR_INVALID;
    }
    snprintf(why, SCRIPT_WHY, "session %s %s: %s", words[0], words[1], err_str(err));
    return err;
}
