// SPDX-License-Identifier: BSD-3-Clause
#include "agw_client/script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agw_client/command.h"
#include "agw_client/script_int.h"
#include "base/clock.h"

#define WORDS_MAX 64

struct script {
    struct agwc *link;
    struct agwc_tunnel *tunnel;
    struct script_sessions sessions;
    const char *path;
    int line;
    // what expect speaks of: the last answer or the last awaited request
    struct agwc_answer answer;
    bool have_answer;
    struct agwc_request *request;
};

static enum err fail(const struct script *script, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static enum err fail(const struct script *script, const char *fmt, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: ", script->path, script->line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return ERR_INVALID;
}

static void forget(struct script *script)
{
    if (script->have_answer)
        agwc_answer_fini(&script->answer);
    script->have_answer = false;
    agwc_request_free(script->request);
    script->request = NULL;
}

static enum err do_call(struct script *script, const char *name, char **words, size_t n)
{
    struct reflect_method method;
    ProtobufCMessage *message;
    char why[REFLECT_WHY] = "";

    forget(script);
    if (command_build(name, words, n, &method, &message, why))
        return fail(script, "%s", why);
    enum err err = agwc_call(script->link, &method, message, &script->answer);
    protobuf_c_message_free_unpacked(message, NULL);
    if (err && err != ERR_DECODE_SYNTAX)
        return fail(script, "call not made: %s", err_str(err));
    script->have_answer = true;
    command_print_answer(stdout, agwc_options(script->link), &method, &script->answer, err);
    return ERR_OK;
}

static enum err do_expect(struct script *script, char **words, size_t n)
{
    char text[2048];
    if (n != 2)
        return fail(script, "expect needs a field and a value");
    const ProtobufCMessage *message = script->request       ? script->request->message
                                      : script->have_answer ? script->answer.message
                                                            : NULL;
    if (strcmp(words[0], "status") == 0 && script->have_answer) {
        snprintf(text, sizeof(text), "%s", rpc_status_name(script->answer.status));
    } else if (!message) {
        return fail(script, "there is no message to look at");
    } else if (reflect_get(message, words[0], text, sizeof(text))) {
        return fail(script, "%s has no field '%s'", message->descriptor->name, words[0]);
    }
    if (strcmp(words[1], "*") == 0)
        return text[0] ? ERR_OK : fail(script, "%s is absent", words[0]);
    if (strcmp(words[1], "-") == 0)
        return text[0] ? fail(script, "%s is there: %s", words[0], text) : ERR_OK;
    if (strcmp(text, words[1]) == 0)
        return ERR_OK;
    // an enumerator may be given by its number, a number at its default is not on the wire
    char number[32], why[REFLECT_WHY];
    if (message && text[0] == '\0' && strcmp(words[1], "0") == 0)
        return ERR_OK;
    if (message && words[1][0] >= '0' && words[1][0] <= '9') {
        ProtobufCMessage *probe;
        if (reflect_new(message->descriptor, &probe) == ERR_OK) {
            bool same = reflect_set(probe, words[0], words[1], why) == ERR_OK &&
                        reflect_get(probe, words[0], number, sizeof(number)) == ERR_OK &&
                        strcmp(number, text) == 0;
            protobuf_c_message_free_unpacked(probe, NULL);
            if (same)
                return ERR_OK;
        }
    }
    return fail(script, "%s is '%s', expected '%s'", words[0], text, words[1]);
}

static enum err do_listen(struct script *script, char **words, size_t n)
{
    bool legacy = n > 0 && strcmp(words[0], "legacy") == 0;
    if (script->tunnel)
        return fail(script, "already listening");
    enum err err = agwc_tunnel_open(script->link, legacy, &script->tunnel);
    if (!err)
        err = agwc_tunnel_wait_open(script->tunnel, agwc_options(script->link)->timeout_ms);
    return err ? fail(script, "tunnel: %s", err_str(err)) : ERR_OK;
}

static enum err do_reply(struct script *script, char **words, size_t n)
{
    struct agwc_rule rule = {.status = 0};
    char why[REFLECT_WHY];
    if (!script->tunnel || n == 0)
        return fail(script, "reply needs a method, after listen");
    snprintf(rule.method, sizeof(rule.method), "%s", words[0]);
    for (size_t i = 1; i < n; i++) {
        if (agwc_rule_add(&rule, words[i], why))
            return fail(script, "%s", why);
    }
    return agwc_tunnel_rule(script->tunnel, &rule) ? fail(script, "too many replies") : ERR_OK;
}

static enum err do_await(struct script *script, char **words, size_t n, bool wanted)
{
    if (!script->tunnel || n == 0)
        return fail(script, "await and none need a method, after listen");
    forget(script);
    int64_t ms = n > 1 ? (int64_t)(strtod(words[1], NULL) * 1000) : 5000;
    enum err err = agwc_tunnel_take(script->tunnel, words[0], ms, &script->request);
    if (!wanted)
        return err == ERR_TIMEOUT ? ERR_OK : fail(script, "a %s came", words[0]);
    if (err)
        return fail(script, "no %s came within %lld ms", words[0], (long long)ms);
    command_print_request(stdout, agwc_options(script->link), script->request);
    return ERR_OK;
}

static enum err do_session(struct script *script, char **words, size_t n)
{
    char why[SCRIPT_WHY] = "";
    if (!script->tunnel)
        return fail(script, "sessions need the tunnel: listen first");
    enum err err = script_session(&script->sessions, script->link, script->tunnel, words, n, why);
    return err ? fail(script, "%s", why) : ERR_OK;
}

static enum err do_run(struct script *script, const char *command)
{
    fflush(NULL);
    int status = system(command);
    if (status == -1 || !WIFEXITED(status))
        return fail(script, "could not run: %s", command);
    return WEXITSTATUS(status) == 0
               ? ERR_OK
               : fail(script, "exit code %d: %s", WEXITSTATUS(status), command);
}

// Splits at blanks; "..." keeps them.
static size_t split(char *text, char **words)
{
    size_t n = 0;
    while (n < WORDS_MAX) {
        text += strspn(text, " \t\r\n");
        if (*text == '\0' || *text == '#')
            break;
        char *to = text;
        words[n++] = to;
        for (bool quoted = false; *text && (quoted || !strchr(" \t\r\n", *text)); text++) {
            if (*text == '"')
                quoted = !quoted;
            else
                *to++ = *text;
        }
        if (*text)
            text++;
        *to = '\0';
    }
    return n;
}

static enum err run_line(struct script *script, char *text)
{
    char *words[WORDS_MAX];
    char *start = text + strspn(text, " \t");
    if (strncmp(start, "run ", 4) == 0)
        return do_run(script, start + 4);
    size_t n = split(text, words);
    if (n == 0)
        return ERR_OK;
    if (command_is_procedure(words[0]) || strcmp(words[0], "call") == 0)
        return do_call(script, words[0], words + 1, n - 1);
    if (strcmp(words[0], "expect") == 0)
        return do_expect(script, words + 1, n - 1);
    if (strcmp(words[0], "listen") == 0)
        return do_listen(script, words + 1, n - 1);
    if (strcmp(words[0], "reply") == 0)
        return do_reply(script, words + 1, n - 1);
    if (strcmp(words[0], "await") == 0)
        return do_await(script, words + 1, n - 1, true);
    if (strcmp(words[0], "none") == 0)
        return do_await(script, words + 1, n - 1, false);
    if (strcmp(words[0], "session") == 0)
        return do_session(script, words + 1, n - 1);
    if (strcmp(words[0], "sleep") == 0 && n == 2) {
        usleep((useconds_t)strtoul(words[1], NULL, 10) * 1000);
        return ERR_OK;
    }
    return fail(script, "unknown command '%s'", words[0]);
}

enum err script_run(struct agwc *link, const char *path)
{
    struct script script = {.link = link, .path = path};
    char *text = NULL;
    size_t size = 0;
    enum err err = ERR_OK;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file) {
        fprintf(stderr, "fgw-agw: cannot open %s\n", path);
        return ERR_NOT_FOUND;
    }
    while (!err && getline(&text, &size, file) != -1) {
        script.line++;
        err = run_line(&script, text);
    }
    free(text);
    if (file != stdin)
        fclose(file);
    forget(&script);
    agwc_tunnel_close(script.tunnel);
    agws_free(script.sessions.model);
    return err;
}
