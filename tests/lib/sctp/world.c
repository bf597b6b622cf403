// SPDX-License-Identifier: BSD-3-Clause
// Network namespace by unshare(2), addresses by ip(8).
#include "world.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static bool run(const char *const argv[])
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return;
    ssize_t n = write(fd, text, strlen(text));
    (void)n; // without the mapping ip(8) fails, which is noticed
    close(fd);
}

static bool new_namespace(void)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (unshare(CLONE_NEWNET) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    return true;
}

static struct {
    const char *addr, *peer;
    bool lost;
} addrs[] = {
    {WORLD_A1, WORLD_B1, false}, {WORLD_B1, WORLD_A1, false},
    {WORLD_A2, WORLD_B2, false}, {WORLD_B2, WORLD_A2, false},
};

static bool change_addr(const char *what, const char *addr)
{
    char prefix[32];
    snprintf(prefix, sizeof(prefix), "%s/32", addr);
    const char *const argv[] = {"ip", "addr", what, prefix, "dev", "sctp0", NULL};
    return run(argv);
}

// The system sends to an address of its own from that same address; here from its counterpart's, as
// if the two were different hosts.
static bool route_from_peer(const char *addr, const char *peer)
{
    const char *const argv[] = {"ip", "route", "replace", "local", addr, "dev", "sctp0", "table",
                                "local", "proto", "kernel", "scope", "host", "src", peer, NULL};
    return run(argv);
}

static bool all_routes(void)
{
    for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
        if (!route_from_peer(addrs[i].addr, addrs[i].peer))
            return false;
    }
    return true;
}

bool world_enter(void)
{
    // not on loopback: SCTP does not use its addresses for others
    static const char *const setup[][9] = {
        {"ip", "link", "set", "lo", "up"},
        {"ip", "link", "add", "sctp0", "type", "veth", "peer", "sctp1"},
        {"ip", "link", "set", "sctp0", "up"},
        {"ip", "link", "set", "sctp1", "up"},
    };
    if (!new_namespace())
        return false;
    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++) {
        if (!run(setup[i]))
            return false;
    }
    for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
        if (!change_addr("add", addrs[i].addr))
            return false;
    }
    return all_routes();
}

static size_t index_of(const char *addr)
{
    for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
        if (strcmp(addrs[i].addr, addr) == 0)
            return i;
    }
    abort();
}

// What is sent there leaves by the interface and is looked at by nobody.
void world_lose(const char *addr)
{
    size_t at = index_of(addr);
    const char *const steps[][12] = {
        {"ip", "route", "flush", "table", "local", addr},
        {"ip", "route", "add", addr, "dev", "sctp0", "scope", "link", "src", addrs[at].peer},
        {"ip", "neigh", "replace", addr, "lladdr", "02:00:00:00:00:99", "dev", "sctp0", "nud",
         "permanent"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!run(steps[i]))
            abort();
    }
    addrs[at].lost = true;
}

static void restore(const char *addr)
{
    const char *const flush_main[] = {"ip", "route", "flush", "table", "main", addr, NULL};
    const char *const flush_local[] = {"ip", "route", "flush", "table", "local", addr, NULL};
    if (!run(flush_main) || !run(flush_local) || !change_addr("del", addr) ||
        !change_addr("add", addr))
        abort();
}

// What is not lost stays reachable all the time.
void world_restore(void)
{
    for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
        if (addrs[i].lost)
            restore(addrs[i].addr);
        addrs[i].lost = false;
    }
    if (!all_routes())
        abort();
}

struct wait {
    struct base_timer tick;
    struct base_loop *loop;
    bool (*done)(void *arg);
    void *arg;
    int64_t deadline_ns;
};

static void on_tick(struct base_timer *timer)
{
    struct wait *wait = BASE_CONTAINER_OF(timer, struct wait, tick);
    if ((wait->done && wait->done(wait->arg)) || base_now_ns() >= wait->deadline_ns)
        base_loop_stop(wait->loop);
    else
        base_timer_start(timer, 1);
}

bool world_run(struct base_loop *loop, bool (*done)(void *arg), void *arg, int ms)
{
    struct wait wait = {.loop = loop, .done = done, .arg = arg,
                        .deadline_ns = base_now_ns() + ms * BASE_MS_NS};
    base_timer_init(&wait.tick, loop, on_tick);
    base_timer_start(&wait.tick, 0);
    base_loop_run(loop);
    base_timer_stop(&wait.tick);
    return done && done(arg);
}

void world_run_for(struct base_loop *loop, int ms)
{
    world_run(loop, NULL, NULL, ms);
}
