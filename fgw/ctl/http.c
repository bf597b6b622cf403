// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1.0, so that the answer ends with the connection and is never chunked.
#include "fgw/ctl/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REPLY_MAX = 64 << 20 };

static int open_socket(const char *path, int timeout_s, char *why, size_t size)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(addr.sun_path)) {
        snprintf(why, size, "%s: path too long for a socket", path);
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval limit = {.tv_sec = timeout_s};
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
        connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    snprintf(why, size, "%s: %s (does fgwd run? may you read the socket?)", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

// Everything until the other side closes; NUL-terminated.
static char *receive_all(int fd, size_t *len)
{
    size_t size = 4096, used = 0;
    char *data = malloc(size);
    while (data) {
        ssize_t n = recv(fd, data + used, size - used - 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || used > REPLY_MAX) {
            free(data);
            return NULL;
        }
        used += (size_t)n;
        data[used] = '\0';
        if (n == 0)
            break;
        if (size - used < 2) {
            size *= 2;
            char *more = realloc(data, size);
            if (!more)
                free(data);
            data = more;
        }
    }
    *len = used;
    return data;
}

int ctl_request(const char *socket_path, const char *method, const char *path, int timeout_s,
                struct ctl_reply *reply, char *why, size_t size)
{
    char request[1024];
    int fd = open_socket(socket_path, timeout_s, why, size);
    if (fd < 0)
        return -1;
    int n = snprintf(request, sizeof(request),
                     "%s %s HTTP/1.0\r\nHost: fgwd\r\nContent-Length: 0\r\n\r\n", method, path);
    size_t len = 0;
    char *text = NULL;
    if (n > 0 && (size_t)n < sizeof(request) && send_all(fd, request, (size_t)n) == 0)
        text = receive_all(fd, &len);
    close(fd);
    const char *body = text ? strstr(text, "\r\n\r\n") : NULL;
    if (!body || sscanf(text, "HTTP/%*d.%*d %d", &reply->code) != 1) {
        snprintf(why, size, "%s: no answer within %d s", socket_path, timeout_s);
        free(text);
        return -1;
    }
    body += 4;
    reply->len = len - (size_t)(body - text);
    memmove(text, body, reply->len + 1);
    reply->body = text;
    return 0;
}
