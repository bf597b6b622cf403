// SPDX-License-Identifier: BSD-3-Clause
// Control socket server. A word that has blanks in it is put in double quotes;
// a backslash takes the next character as it is.
#include "sim_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define WORDS_MAX 256
#define READ_TIMEOUT_MS 10000

// A connection and its thread, which the listening thread joins: nothing may run in this module's
// code once it is unloaded.
struct connection {
    const struct sim_control_user *user;
    pthread_t thread;
    int fd;
    bool used;         // listening thread only
    atomic_bool done;
};

struct sim_control {
    const struct sim_control_user *user;
    char path[108];
    int listener, wake[2];
    pthread_t thread;
    struct connection connections[CONNECTIONS_MAX];
};

void sim_reply_add(struct sim_reply *reply, const char *fmt, ...)
{
    va_list ap;
    char *line = NULL;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&line, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if (reply->len + (size_t)n + 1 > reply->cap) {
        size_t cap = 2 * (reply->len + (size_t)n + 1);
        char *grown = realloc(reply->text, cap);

        if (!grown) {
            free(line);
            return;
        }
        reply->text = grown;
        reply->cap = cap;
    }
    memcpy(reply->text + reply->len, line, (size_t)n + 1);
    reply->len += (size_t)n;
    free(line);
}

// Splits a line in place; returns the number of words, -1 if there are too many or a quote is open.
static int split(char *line, char **words, int max)
{
    int n = 0;
    char *out = line;

    for (;;) {
        bool quoted = false;

        while (*line == ' ' || *line == '\t')
            line++;
        if (*line == '\0')
            return n;
        if (n == max)
            return -1;
        words[n++] = out;
        for (; *line && (quoted || (*line != ' ' && *line != '\t')); line++) {
            if (*line == '"')
                quoted = !quoted;
            else if (*line == '\\' && line[1])
                *out++ = *++line;
            else
                *out++ = *line;
        }
        if (quoted)
            return -1;
        if (*line)
            line++;
        *out++ = '\0';
    }
}

// Reads up to a line end. False if the client is too slow, too long, or gone.
static bool read_line(int fd, char *line, size_t size)
{
    size_t used = 0;

    while (used + 1 < size) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&p, 1, READ_TIMEOUT_MS) <= 0)
            return false;
        n = read(fd, line + used, size - 1 - used);
        if (n <= 0)
            return false;
        used += (size_t)n;
        line[used] = '\0';
        if (strchr(line, '\n')) {
            *strchr(line, '\n') = '\0';
            return true;
        }
    }
    return false;
}

static void write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static void serve(struct connection *c)
{
    struct sim_reply reply = {0};
    char *words[WORDS_MAX], *line = malloc(SIM_CONTROL_LINE_MAX);
    int n, code = 2;

    if (!line || !read_line(c->fd, line, SIM_CONTROL_LINE_MAX))
        goto out;
    n = split(line, words, WORDS_MAX);
    if (n < 0)
        sim_reply_add(&reply, "too many words, or a quote is not closed\n");
    else if (n > 0)
        code = c->user->run(c->user->ctx, n, words, &reply);
    sim_reply_add(&reply, "exit %d\n", code);
    if (reply.text)
        write_all(c->fd, reply.text, reply.len);
out:
    free(reply.text);
    free(line);
}

static void *run_connection(void *arg)
{
    struct connection *c = arg;

    serve(c);
    close(c->fd);
    atomic_store(&c->done, true);
    return NULL;
}

static void join(struct connection *c)
{
    if (c->used)
        pthread_join(c->thread, NULL);
    c->used = false;
}

static struct connection *free_connection(struct sim_control *control)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *c = &control->connections[i];

        if (c->used && atomic_load(&c->done))
            join(c);
        if (!c->used)
            return c;
    }
    return NULL;
}

static void take_connection(struct sim_control *control)
{
    static const char busy[] = "too many commands at a time\nexit 2\n";
    struct connection *c = free_connection(control);
    int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (c) {
        c->user = control->user;
        c->fd = fd;
        atomic_store(&c->done, false);
        c->used = pthread_create(&c->thread, NULL, run_connection, c) == 0;
    }
    if (!c || !c->used) {
        write_all(fd, busy, sizeof busy - 1);
        close(fd);
    }
}

static void *run(void *arg)
{
    struct sim_control *control = arg;
    struct pollfd p[2] = {{.fd = control->listener, .events = POLLIN},
                          {.fd = control->wake[0], .events = POLLIN}};

    while (!p[1].revents) {
        if (poll(p, 2, -1) > 0 && (p[0].revents & POLLIN))
            take_connection(control);
    }
    return NULL;
}

// Binds the socket; a file left by a process that is gone is replaced, one in use is not.
static enum err listen_on(struct sim_control *control)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum err err;
    int probe;

    memcpy(address.sun_path, control->path, sizeof address.sun_path);
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return err_from_errno(errno);
    if (connect(probe, (struct sockaddr *)&address, sizeof address) == 0) {
        close(probe);
        return ERR_EXISTS;
    }
    close(probe);
    unlink(control->path);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (control->listener < 0)
        return err_from_errno(errno);
    // the mode is set before anyone can connect: listen comes last
    if (bind(control->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(control->path, 0600) != 0 || listen(control->listener, 16) != 0) {
        err = err_from_errno(errno);
        close(control->listener);
        return err;
    }
    return ERR_OK;
}

enum err sim_control_start(const char *path, const struct sim_control_user *user,
                           struct sim_control **out)
{
    struct sim_control *control = calloc(1, sizeof *control);
    enum err err = ERR_NOMEM;

    if (!control)
        return ERR_NOMEM;
    control->user = user;
    if (strlen(path) >= sizeof control->path) {
        free(control);
        return ERR_RANGE;
    }
    memcpy(control->path, path, strlen(path) + 1);
    if (pipe2(control->wake, O_CLOEXEC) != 0)
        goto free_control;
    err = listen_on(control);
    if (err)
        goto close_pipe;
    if (pthread_create(&control->thread, NULL, run, control) == 0) {
        *out = control;
        return ERR_OK;
    }
    err = ERR_NOMEM;
    close(control->listener);
    unlink(control->path);
close_pipe:
    close(control->wake[0]);
    close(control->wake[1]);
free_control:
    free(control);
    return err;
}

void sim_control_stop(struct sim_control *control)
{
    if (!control)
        return;
    unlink(control->path);
    close(control->wake[1]); // the reader sees the end
    pthread_join(control->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        join(&control->connections[i]);
    close(control->listener);
    close(control->wake[0]);
    free(control);
}
