// SPDX-License-Identifier: BSD-3-Clause
// Signals come by signalfd; notifications are single datagrams, each on a socket of its own, as
// they are rare.
#include "base/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

BASE_LOG_CATEGORY(log_daemon, "daemon");

enum { NOTIFY_MAX = 1024 };

struct base_daemon {
    struct base_loop *loop;
    struct base_daemon_hooks hooks;
    void *arg;
    int signal_fd;
    struct event signal_event;
    unsigned stops;
    struct base_timer watchdog;
    int64_t watchdog_ms; // 0: nobody asked
};

static void signals_of_a_daemon(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
}

enum err base_daemon_prepare(void)
{
    sigset_t set;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    signals_of_a_daemon(&set);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0)
        return ERR_INTERNAL;
    return ERR_OK;
}

enum err base_daemon_raise_files(uint64_t need, uint64_t *got)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return err_from_errno(errno);
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (got)
        *got = limit.rlim_cur;
    return limit.rlim_cur < need ? ERR_RANGE : ERR_OK;
}

enum err base_daemon_batch(void)
{
    const struct sched_param none = {0};
    return sched_setscheduler(0, SCHED_BATCH, &none) == 0 ? ERR_OK : err_from_errno(errno);
}

// --- signals ---

static void handle_signal(struct base_daemon *daemon, int signum)
{
    base_log(&log_daemon, BASE_LOG_NOTICE, NULL, "%s received", strsignal(signum));
    switch (signum) {
    case SIGTERM:
    case SIGINT:
        daemon->stops++;
        if (daemon->hooks.stop)
            daemon->hooks.stop(daemon->stops, daemon->arg);
        break;
    case SIGHUP:
        if (daemon->hooks.reload)
            daemon->hooks.reload(daemon->arg);
        break;
    default:
        if (daemon->hooks.user)
            daemon->hooks.user(daemon->arg);
        break;
    }
}

// One signal a turn: a hook may detach, after which nothing here may be touched.
static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) == sizeof(info))
        handle_signal(arg, (int)info.ssi_signo);
}

// --- watchdog ---

static enum err notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path || !*path)
        return ERR_OK;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if ((*path != '/' && *path != '@') || len >= sizeof(address.sun_path))
        return ERR_INVALID;
    memcpy(address.sun_path, path, len);
    if (*path == '@')
        address.sun_path[0] = '\0'; // abstract name space
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    enum err err = ERR_OK;
    // never wait for a service manager that does not read
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
               (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        err = err_from_errno(errno);
    close(fd);
    return err;
}

static void on_watchdog(struct base_timer *timer)
{
    struct base_daemon *daemon = BASE_CONTAINER_OF(timer, struct base_daemon, watchdog);
    if (!daemon->hooks.healthy || daemon->hooks.healthy(daemon->arg))
        notify("WATCHDOG=1");
    else
        base_log(&log_daemon, BASE_LOG_ERROR, NULL, "not healthy, watchdog not notified");
    base_timer_start(timer, daemon->watchdog_ms);
}

static bool env_number(const char *name, int64_t *out)
{
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return *end == '\0' && errno == 0;
}

// Half of WATCHDOG_USEC in ms if the watchdog is meant for this process, else 0.
static int64_t watchdog_interval_ms(void)
{
    int64_t usec, pid;
    if (!env_number("WATCHDOG_USEC", &usec) || usec <= 0)
        return 0;
    if (env_number("WATCHDOG_PID", &pid) && pid != getpid())
        return 0;
    int64_t ms = usec / 2000;
    return ms > 0 ? ms : 1;
}

// --- attach, notify ---

enum err base_daemon_attach(struct base_loop *loop, const struct base_daemon_hooks *hooks,
                            void *arg, struct base_daemon **out)
{
    struct base_daemon *daemon = calloc(1, sizeof(*daemon));
    if (!daemon)
        return ERR_NOMEM;
    enum err err = ERR_NOMEM;
    sigset_t set;
    daemon->loop = loop;
    daemon->hooks = *hooks;
    daemon->arg = arg;
    base_timer_init(&daemon->watchdog, loop, on_watchdog);
    signals_of_a_daemon(&set);
    daemon->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (daemon->signal_fd < 0) {
        err = err_from_errno(errno);
        goto out;
    }
    event_assign(&daemon->signal_event, base_loop_event_base(loop), daemon->signal_fd,
                 EV_READ | EV_PERSIST, on_signal, daemon);
    if (event_add(&daemon->signal_event, NULL) != 0)
        goto out;
    daemon->watchdog_ms = watchdog_interval_ms();
    if (daemon->watchdog_ms > 0) {
        err = base_timer_start(&daemon->watchdog, daemon->watchdog_ms);
        if (err)
            goto out_event;
    }
    *out = daemon;
    return ERR_OK;

out_event:
    event_del(&daemon->signal_event);
out:
    if (daemon->signal_fd >= 0)
        close(daemon->signal_fd);
    free(daemon);
    return err;
}

void base_daemon_detach(struct base_daemon *daemon)
{
    if (!daemon)
        return;
    base_timer_stop(&daemon->watchdog);
    event_del(&daemon->signal_event);
    close(daemon->signal_fd);
    free(daemon);
}

// "<state>STATUS=<status>"; a line break in the status would start another assignment.
static enum err notify_with_status(const char *state, const char *status)
{
    char text[NOTIFY_MAX];
    int n = snprintf(text, sizeof(text), "%s%s%s", state, status ? "STATUS=" : "",
                     status ? status : "");
    if (n < 0)
        return ERR_INVALID;
    for (char *c = text + strlen(state); *c; c++) {
        if (*c == '\n')
            *c = ' ';
    }
    return notify(text);
}

enum err base_daemon_ready(const char *status)
{
    return notify_with_status("READY=1\n", status);
}

enum err base_daemon_reloading(void)
{
    char text[64];
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, base_now_ns() / 1000);
    return notify(text);
}

enum err base_daemon_stopping(const char *status)
{
    return notify_with_status("STOPPING=1\n", status);
}

enum err base_daemon_status(const char *status)
{
    return notify_with_status("", status ? status : "");
}
