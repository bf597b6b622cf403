// SPDX-License-Identifier: BSD-3-Clause
// pcapng blocks (draft-ietf-opsawg-pcapng) in the machine's byte order, one write per message.
#include "fgw/sgs/sgs_capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fgw/sgs/sgs.h"
#include "sgsap/sgsap.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    LINK_UPPER_PDU = 252, // LINKTYPE_WIRESHARK_UPPER_PDU
    OPT_COMMENT = 1,
    OPT_FLAGS = 2,   // of a packet: 1 inbound, 2 outbound
    OPT_NAME = 2,    // of an interface
    OPT_USER = 4,    // of a section: the application
    OPT_TSRESOL = 9, // of an interface
    // tags of an exported PDU
    TAG_DISSECTOR = 12,
    TAG_IPV4_SRC = 20,
    TAG_IPV4_DST = 21,
    TAG_IPV6_SRC = 22,
    TAG_IPV6_DST = 23,
    TAG_PORT_TYPE = 24,
    TAG_SRC_PORT = 25,
    TAG_DST_PORT = 26,
    PORT_TYPE_SCTP = 1,
    BLOCK_MAX = SGSAP_MSG_MAX + 1024,
};

const struct conf_key sgs_capture_keys[] = {
    {.name = "file",
     .type = CONF_STRING,
     .offset = offsetof(struct sgs_capture_settings, file),
     .help = "pcapng file of all SGsAP messages; default: none. Holds identities and texts."},
    {.name = "size_max",
     .type = CONF_SIZE,
     .offset = offsetof(struct sgs_capture_settings, size_max),
     .def = 100 << 20,
     .min = 4096,
     .max = 1LL << 40,
     .help = "A file that has grown so far is renamed, and a new one begun."},
    {.name = "files",
     .type = CONF_INT,
     .offset = offsetof(struct sgs_capture_settings, files),
     .def = 5,
     .min = 1,
     .max = 1000,
     .help = "Files kept, the current one included; the oldest goes."},
    {.name = NULL},
};

struct sgs_capture {
    int fd; // -1 after an error
    int64_t size, size_max, files;
    char path[];
};

// ---- a block ----
struct block {
    uint8_t at[BLOCK_MAX];
    size_t len;
};

static void put(struct block *b, const void *data, size_t len)
{
    if (len > 0) // data may be NULL then
        memcpy(b->at + b->len, data, len);
    b->len += len;
}

static void put32(struct block *b, uint32_t value)
{
    put(b, &value, sizeof(value));
}

static void put16(struct block *b, uint16_t value)
{
    put(b, &value, sizeof(value));
}

static void pad(struct block *b)
{
    static const uint8_t zeros[4];
    put(b, zeros, -b->len & 3);
}

static void begin_block(struct block *b, uint32_t type)
{
    b->len = 0;
    put32(b, type);
    put32(b, 0); // its length, at the end
}

static void end_block(struct block *b)
{
    uint32_t len = (uint32_t)b->len + 4;
    put32(b, len);
    memcpy(b->at + 4, &len, sizeof(len));
}

static void option(struct block *b, uint16_t code, const void *data, size_t len)
{
    put16(b, code);
    put16(b, (uint16_t)len);
    put(b, data, len);
    pad(b);
}

// ---- tags of an exported PDU: big endian ----
static void tag(struct block *b, uint16_t code, const void *data, size_t len)
{
    static const uint8_t zeros[4];
    size_t fill = -len & 3;
    put16(b, htons(code));
    put16(b, htons((uint16_t)(len + fill)));
    put(b, data, len);
    put(b, zeros, fill);
}

static void tag32(struct block *b, uint16_t code, uint32_t value)
{
    value = htonl(value);
    tag(b, code, &value, sizeof(value));
}

static void put_endpoint(struct block *b, const struct sockaddr_storage *addr, bool source)
{
    if (addr->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)addr;
        tag(b, source ? TAG_IPV6_SRC : TAG_IPV6_DST, &in6->sin6_addr, sizeof(in6->sin6_addr));
    } else {
        const struct sockaddr_in *in = (const void *)addr;
        tag(b, source ? TAG_IPV4_SRC : TAG_IPV4_DST, &in->sin_addr, sizeof(in->sin_addr));
    }
    tag32(b, source ? TAG_SRC_PORT : TAG_DST_PORT, sct_addr_port(addr));
}

// ---- the file ----
static void failed(struct sgs_capture *c, const char *what)
{
    base_log(&log_sgs, BASE_LOG_ERROR, NULL, "capture ends: %s %s: %m", what, c->path);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void write_block(struct sgs_capture *c, const struct block *b)
{
    if (c->fd < 0)
        return;
    ssize_t n = write(c->fd, b->at, b->len);
    if (n != (ssize_t)b->len) {
        errno = n < 0 ? errno : ENOSPC;
        failed(c, "cannot write");
        return;
    }
    c->size += n;
}

static void write_head(struct sgs_capture *c)
{
    struct block b;
    const uint8_t nanoseconds = 9;
    const uint64_t unknown_length = UINT64_MAX;
    begin_block(&b, (uint32_t)BLOCK_SECTION);
    put32(&b, 0x1a2b3c4d); // byte order
    put16(&b, 1);
    put16(&b, 0);
    put(&b, &unknown_length, sizeof(unknown_length));
    option(&b, OPT_USER, "fgwd", 4);
    option(&b, 0, NULL, 0);
    end_block(&b);
    write_block(c, &b);
    begin_block(&b, BLOCK_INTERFACE);
    put16(&b, LINK_UPPER_PDU);
    put16(&b, 0);
    put32(&b, 0);
    option(&b, OPT_NAME, "sgs", 3);
    option(&b, OPT_TSRESOL, &nanoseconds, 1);
    option(&b, 0, NULL, 0);
    end_block(&b);
    write_block(c, &b);
}

static char *numbered(const struct sgs_capture *c, int64_t n)
{
    char *name = NULL;
    if (asprintf(&name, n ? "%s.%lld" : "%s", c->path, (long long)n) < 0)
        return NULL;
    return name;
}

// file.3 takes the place of file.4 and so on.
static void shift(const struct sgs_capture *c)
{
    for (int64_t n = c->files - 1; n > 0; n--) {
        char *from = numbered(c, n - 1), *to = numbered(c, n);
        if (from && to && rename(from, to) != 0 && errno != ENOENT)
            base_log(&log_sgs, BASE_LOG_WARN, NULL, "capture: cannot rename %s: %m", from);
        free(from);
        free(to);
    }
}

static enum err open_file(struct sgs_capture *c)
{
    shift(c);
    c->size = 0;
    c->fd = open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->fd < 0)
        return err_from_errno(errno);
    write_head(c);
    return c->fd < 0 ? ERR_IO : ERR_OK;
}

enum err sgs_capture_open(const struct sgs_capture_settings *settings, struct sgs_capture **out)
{
    size_t len = strlen(settings->file) + 1;
    struct sgs_capture *c = calloc(1, sizeof(*c) + len);
    *out = NULL;
    if (!c)
        return ERR_NOMEM;
    memcpy(c->path, settings->file, len);
    c->size_max = settings->size_max;
    c->files = settings->files;
    enum err err = open_file(c);
    if (err)
        sgs_capture_close(c);
    else
        *out = c;
    return err;
}

void sgs_capture_close(struct sgs_capture *c)
{
    if (c && c->fd >= 0)
        close(c->fd);
    free(c);
}

static void renew(struct sgs_capture *c)
{
    close(c->fd);
    c->fd = -1;
    if (open_file(c) != ERR_OK && c->fd < 0)
        failed(c, "cannot create");
}

void sgs_capture_message(struct sgs_capture *c, const struct sgs_captured *m)
{
    struct block b;
    struct timespec now;
    const uint32_t flags = m->sent ? 2 : 1;
    size_t len = m->len < SGSAP_MSG_MAX ? m->len : SGSAP_MSG_MAX, start;
    if (!c || c->fd < 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ns = (uint64_t)now.tv_sec * BASE_S_NS + (uint64_t)now.tv_nsec;
    begin_block(&b, BLOCK_PACKET);
    put32(&b, 0); // interface
    put32(&b, (uint32_t)(ns >> 32));
    put32(&b, (uint32_t)ns);
    put32(&b, 0); // lengths, when known
    put32(&b, 0);
    start = b.len;
    tag(&b, TAG_DISSECTOR, "sgsap", 5);
    put_endpoint(&b, m->from, true);
    put_endpoint(&b, m->to, false);
    tag32(&b, TAG_PORT_TYPE, PORT_TYPE_SCTP);
    tag(&b, 0, NULL, 0);
    put(&b, m->data, len);
    const uint32_t lengths[] = {(uint32_t)(b.len - start),
                                (uint32_t)(b.len - start + m->len - len)};
    memcpy(b.at + start - sizeof(lengths), lengths, sizeof(lengths));
    pad(&b);
    option(&b, OPT_COMMENT, m->comment, strlen(m->comment));
    option(&b, OPT_FLAGS, &flags, sizeof(flags));
    option(&b, 0, NULL, 0);
    end_block(&b);
    if (c->size + (int64_t)b.len > c->size_max)
        renew(c);
    write_block(c, &b);
}
