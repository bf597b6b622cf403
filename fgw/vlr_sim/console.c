// SPDX-License-Identifier: BSD-3-Clause
// A console reads lines; while it waits for a message it reads no further. Trace lines go to
// standard output.
#include "vlr_sim/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "vlr_sim/command.h"
#include "vlr_sim/vlr_int.h"

enum { LINE_LONGEST = 4096, WAIT_DEFAULT_MS = 5000, QUIT_MS = 20, NO_ANSWER = 3 };

struct console {
    LIST_ENTRY(console) link;
    struct consoles *owner;
    struct bufferevent *bev; // NULL: standard input
    struct evbuffer *in;
    struct event *readable;  // standard input
    struct base_timer again; // where it cannot be polled: a file
    bool ended;
    bool waiting;
    uint8_t wait_type;
    char wait_imsi[16];
    struct base_timer timeout;
};

struct consoles {
    struct base_loop *loop;
    struct vlr_link *link;
    struct evconnlistener *listener;
    char *path;
    bool trace;
    struct base_timer quit; // the reply is to get out
    LIST_HEAD(, console) all;
};

static void reply(struct console *console, const char *text, int code)
{
    if (!console->bev) {
        fputs(text, stdout);
        fflush(stdout);
        return;
    }
    struct evbuffer *out = bufferevent_get_output(console->bev);
    evbuffer_add_printf(out, "%sexit %d\n", text, code);
}

static void close_console(struct console *console)
{
    base_timer_stop(&console->timeout);
    base_timer_stop(&console->again);
    if (console->readable)
        event_free(console->readable);
    if (console->bev)
        bufferevent_free(console->bev);
    else
        evbuffer_free(console->in);
    LIST_REMOVE(console, link);
    free(console);
}

// --- waiting ---

static void end_wait(struct console *console, int code)
{
    console->waiting = false;
    base_timer_stop(&console->timeout);
    reply(console, code ? "not received\n" : "", code);
    base_timer_start(&console->again, 0); // not within the VLR's call
}

static void on_timeout(struct base_timer *timer)
{
    end_wait(BASE_CONTAINER_OF(timer, struct console, timeout), 1);
}

static void begin_wait(struct console *console, char *line)
{
    int64_t ms = WAIT_DEFAULT_MS;
    char *save = NULL;
    strtok_r(line, " \t", &save);
    char *word = strtok_r(NULL, " \t", &save);
    console->wait_type = word ? vlr_type_of(word) : 0;
    console->wait_imsi[0] = '\0';
    if (console->wait_type == 0) {
        reply(console, "no such message\n", 2);
        return;
    }
    while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
        if (strncmp(word, "timeout=", 8) == 0)
            ms = strtoll(word + 8, NULL, 10);
        else if (strncmp(word, "imsi=", 5) == 0)
            snprintf(console->wait_imsi, sizeof(console->wait_imsi), "%s", word + 5);
    }
    console->waiting = true;
    base_timer_start(&console->timeout, ms > 0 ? ms : 0);
}

static void happened(void *arg, uint8_t type, bool in, const char *imsi, const char *line)
{
    struct consoles *consoles = arg;
    struct console *console;
    if (consoles->trace) {
        struct timespec now;
        struct tm tm;
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &tm);
        printf("%02d:%02d:%02d.%03ld %s\n", tm.tm_hour, tm.tm_min, tm.tm_sec,
               now.tv_nsec / 1000000, line);
        fflush(stdout);
    }
    LIST_FOREACH(console, &consoles->all, link) {
        if (console->waiting && in && type == console->wait_type &&
            (!console->wait_imsi[0] || (imsi && strcmp(imsi, console->wait_imsi) == 0)))
            end_wait(console, 0);
    }
}

struct vlr_watch consoles_watch(struct consoles *consoles)
{
    return (struct vlr_watch){.happened = happened, .arg = consoles};
}

// --- commands ---

static void on_quit(struct base_timer *timer)
{
    base_loop_stop(BASE_CONTAINER_OF(timer, struct consoles, quit)->loop);
}

static bool is_word(const char *line, const char *word)
{
    size_t len = strlen(word);
    return strncmp(line, word, len) == 0 && (line[len] == '\0' || line[len] == ' ');
}

static void run_line(struct console *console, char *line)
{
    char *text = NULL;
    size_t size = 0;
    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return;
    if (is_word(line, "wait")) {
        begin_wait(console, line);
    } else if (is_word(line, "quit")) {
        reply(console, "", 0);
        base_timer_start(&console->owner->quit, console->bev ? QUIT_MS : 0);
    } else if (is_word(line, "trace")) {
        console->owner->trace = !strstr(line, "off");
        reply(console, "", 0);
    } else {
        FILE *out = open_memstream(&text, &size);
        int code = out ? vlr_command(console->owner->link, line, out) : 1;
        if (out)
            fclose(out);
        reply(console, text ? text : "", code);
        free(text);
    }
}

static void take_lines(struct console *console)
{
    char *line;
    while (!console->waiting &&
           (line = evbuffer_readln(console->in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
        run_line(console, line);
        free(line);
    }
    bool endless = evbuffer_get_length(console->in) > LINE_LONGEST && !console->waiting;
    if (endless || (console->ended && !console->waiting))
        close_console(console);
}

// --- standard input ---

static void read_input(struct console *console)
{
    int n = console->ended ? 0 : evbuffer_read(console->in, STDIN_FILENO, LINE_LONGEST);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        console->ended = true;
        if (console->readable)
            event_del(console->readable);
    } else if (!console->readable && !console->waiting) {
        base_timer_start(&console->again, 0);
    }
    take_lines(console);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
    read_input(arg);
}

static void on_again(struct base_timer *timer)
{
    struct console *console = BASE_CONTAINER_OF(timer, struct console, again);
    if (console->bev || console->readable)
        take_lines(console);
    else
        read_input(console);
}

static struct console *new_console(struct consoles *owner)
{
    struct console *console = calloc(1, sizeof(*console));
    if (!console)
        return NULL;
    console->owner = owner;
    base_timer_init(&console->timeout, owner->loop, on_timeout);
    base_timer_init(&console->again, owner->loop, on_again);
    LIST_INSERT_HEAD(&owner->all, console, link);
    return console;
}

static enum err open_input(struct consoles *consoles)
{
    struct console *console = new_console(consoles);
    if (!console)
        return ERR_NOMEM;
    console->in = evbuffer_new();
    if (!console->in) {
        LIST_REMOVE(console, link);
        free(console);
        return ERR_NOMEM;
    }
    struct stat st;
    if (fstat(STDIN_FILENO, &st) != 0 || S_ISREG(st.st_mode) ||
        (S_ISCHR(st.st_mode) && !isatty(STDIN_FILENO)))
        return base_timer_start(&console->again, 0); // files and /dev/null cannot be polled
    console->readable = event_new(base_loop_event_base(consoles->loop), STDIN_FILENO,
                                  EV_READ | EV_PERSIST, on_input, console);
    if (!console->readable || event_add(console->readable, NULL) != 0)
        return ERR_NOMEM; // the console is freed with the others
    return ERR_OK;
}

// --- the socket ---

static void on_read(struct bufferevent *bev, void *arg)
{
    take_lines(arg);
}

static void on_written(struct bufferevent *bev, void *arg)
{
    struct console *console = arg;
    if (console->ended && !console->waiting)
        close_console(console);
}

static void on_bev_event(struct bufferevent *bev, short what, void *arg)
{
    struct console *console = arg;
    console->ended = true;
    if (what & BEV_EVENT_ERROR || (!console->waiting &&
                                   evbuffer_get_length(bufferevent_get_output(bev)) == 0))
        close_console(console);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *addr, int len, void *arg)
{
    struct consoles *consoles = arg;
    struct console *console = new_console(consoles);
    if (console)
        console->bev = bufferevent_socket_new(base_loop_event_base(consoles->loop), fd,
                                              BEV_OPT_CLOSE_ON_FREE);
    if (!console || !console->bev) {
        if (console) {
            LIST_REMOVE(console, link);
            free(console);
        }
        close(fd);
        return;
    }
    console->in = bufferevent_get_input(console->bev);
    bufferevent_setcb(console->bev, on_read, on_written, on_bev_event, console);
    bufferevent_enable(console->bev, EV_READ | EV_WRITE);
}

static enum err address(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(out->sun_path))
        return ERR_INVALID;
    memcpy(out->sun_path, path, strlen(path) + 1);
    return ERR_OK;
}

static enum err open_socket(struct consoles *consoles, const char *path)
{
    struct sockaddr_un addr;
    enum err err = address(path, &addr);
    if (err)
        return err;
    unlink(path);
    mode_t mask = umask(077); // its owner's only
    consoles->listener = evconnlistener_new_bind(base_loop_event_base(consoles->loop),
                                                 on_connection, consoles,
                                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                                 16, (struct sockaddr *)&addr, sizeof(addr));
    umask(mask);
    if (!consoles->listener)
        return err_from_errno(errno);
    consoles->path = strdup(path);
    return consoles->path ? ERR_OK : ERR_NOMEM;
}

enum err consoles_new(struct base_loop *loop, const char *path, bool input, bool trace,
                      struct consoles **out)
{
    struct consoles *consoles = calloc(1, sizeof(*consoles));
    if (!consoles)
        return ERR_NOMEM;
    consoles->loop = loop;
    consoles->trace = trace;
    LIST_INIT(&consoles->all);
    base_timer_init(&consoles->quit, loop, on_quit);
    enum err err = path ? open_socket(consoles, path) : ERR_OK;
    if (!err && input)
        err = open_input(consoles);
    if (err) {
        consoles_free(consoles);
        return err;
    }
    *out = consoles;
    return ERR_OK;
}

void consoles_use(struct consoles *consoles, struct vlr_link *link)
{
    consoles->link = link;
}

void consoles_free(struct consoles *consoles)
{
    if (!consoles)
        return;
    while (!LIST_EMPTY(&consoles->all))
        close_console(LIST_FIRST(&consoles->all));
    base_timer_stop(&consoles->quit);
    if (consoles->listener)
        evconnlistener_free(consoles->listener);
    if (consoles->path)
        unlink(consoles->path);
    free(consoles->path);
    free(consoles);
}

// --- asking ---

int console_ask(const char *path, const char *command)
{
    struct sockaddr_un addr;
    int code = NO_ANSWER, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || address(path, &addr) != ERR_OK ||
        connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NO_ANSWER;
    }
    FILE *io = fdopen(fd, "r+");
    char *line = NULL;
    size_t size = 0;
    if (!io) {
        close(fd);
        return NO_ANSWER;
    }
    fprintf(io, "%s\n", command);
    fflush(io);
    while (getline(&line, &size, io) > 0) {
        if (sscanf(line, "exit %d", &code) == 1)
            break;
        fputs(line, stdout);
    }
    free(line);
    fclose(io);
    return code;
}
