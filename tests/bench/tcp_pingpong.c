// SPDX-License-Identifier: BSD-3-Clause
// Comparison (c) of the S6a benchmark: the floor of this machine. A client keeps W fixed-size
// requests outstanding on one TCP connection, a forked server answers each with a fixed-size
// response; one write per message, NODELAY. Prints one JSON line per window size.
//
// tcp_pingpong REQUEST_BYTES RESPONSE_BYTES SECONDS WINDOW...
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_util.h"

#define MAX_MESSAGE 65536
#define MAX_WINDOW 65536

static char buffer[4 * MAX_MESSAGE];
static int64_t sent_ns[MAX_WINDOW];
static struct bench_latency latency;

static bool send_all(int fd, size_t len)
{
    static char message[MAX_MESSAGE];
    while (len) {
        ssize_t n = send(fd, message, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        len -= (size_t)n;
    }
    return true;
}

static void serve(int fd, size_t request, size_t response)
{
    size_t have = 0;
    ssize_t n;
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        for (have += (size_t)n; have >= request; have -= request)
            if (!send_all(fd, response))
                return;
}

static bool run_window(int fd, size_t request, size_t response, int seconds, int w)
{
    struct bench_usage before, after;
    uint64_t head = 0, tail = 0;
    size_t have = 0;
    int64_t start = bench_now_ns(), end = start + (int64_t)seconds * 1000000000, now = start;

    bench_latency_reset(&latency);
    bench_usage_self(&before);
    while (now < end || tail < head) {
        ssize_t n;
        while (now < end && head - tail < (uint64_t)w) {
            sent_ns[head++ % (uint64_t)w] = bench_now_ns();
            if (!send_all(fd, request))
                return false;
        }
        n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0)
            return false;
        now = bench_now_ns();
        for (have += (size_t)n; have >= response; have -= response)
            bench_latency_add(&latency, now - sent_ns[tail++ % (uint64_t)w]);
    }
    bench_usage_self(&after);
    bench_print(stdout, "tcp", "raw", w, (double)(now - start) / 1e9, tail, 0, &latency, &before,
                &after);
    return true;
}

int main(int argc, char **argv)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0),
        on = 1;
    bool ok = true;

    if (argc < 5) {
        fprintf(stderr, "usage: tcp_pingpong REQUEST_BYTES RESPONSE_BYTES SECONDS WINDOW...\n");
        return 2;
    }
    size_t request = strtoul(argv[1], NULL, 10), response = strtoul(argv[2], NULL, 10);
    if (!request || !response || request > MAX_MESSAGE || response > MAX_MESSAGE)
        return 2;
    if (bind(listener, (struct sockaddr *)&addr, len) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&addr, &len))
        return perror("tcp_pingpong"), 1;
    pid_t server = fork();
    if (server == 0) {
        close(client); // or the end of the parent's socket would never be seen
        int fd = accept(listener, NULL, NULL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        serve(fd, request, response);
        _exit(0);
    }
    if (server < 0 || connect(client, (struct sockaddr *)&addr, len))
        return perror("tcp_pingpong"), 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (int i = 4; i < argc && ok; i++) {
        int w = (int)strtol(argv[i], NULL, 10);
        ok = w >= 1 && w <= MAX_WINDOW &&
             run_window(client, request, response, (int)strtol(argv[3], NULL, 10), w);
    }
    close(client);
    waitpid(server, NULL, 0);
    return ok ? 0 : 1;
}
