// SPDX-License-Identifier: BSD-3-Clause
// A card reader with a USIM in it, for programs that use PC/SC (eapol_test): preloaded, it takes
// the place of libpcsclite's functions. It knows files and selection; what AUTHENTICATE answers is
// asked of the test through the UNIX socket named by PCSC_CARD: RAND and AUTN (32 octets) go out,
// the data of the response comes back (TS 31.102 §7.1.2.1; nothing: "MAC is wrong").
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// Of PC/SC, as libpcsclite has them.
struct pci {
    unsigned long protocol, length;
};
extern const struct pci g_rgSCardT0Pci, g_rgSCardT1Pci;
const struct pci g_rgSCardT0Pci = {1, sizeof(struct pci)}, g_rgSCardT1Pci = {2, sizeof(struct pci)};
long SCardEstablishContext(unsigned long scope, const void *a, const void *b, long *context);
long SCardReleaseContext(long context);
long SCardListReaders(long context, const char *groups, char *readers, unsigned long *len);
long SCardConnect(long context, const char *reader, unsigned long share, unsigned long protocols,
                  long *card, unsigned long *protocol);
long SCardDisconnect(long card, unsigned long disposition);
long SCardBeginTransaction(long card);
long SCardEndTransaction(long card, unsigned long disposition);
long SCardTransmit(long card, const struct pci *send, const uint8_t *in, unsigned long in_len,
                   struct pci *received, uint8_t *out, unsigned long *out_len);

#define INSUFFICIENT_BUFFER ((long)0x80100008)

static uint8_t response[128]; // for GET RESPONSE
static size_t response_len;

long SCardEstablishContext(unsigned long scope, const void *a, const void *b, long *context)
{
    *context = 1;
    return 0;
}

long SCardReleaseContext(long context)
{
    return 0;
}

long SCardListReaders(long context, const char *groups, char *readers, unsigned long *len)
{
    static const char name[] = "software card\0"; // ends with two NULs
    if (readers && *len < sizeof(name))
        return INSUFFICIENT_BUFFER;
    if (readers)
        memcpy(readers, name, sizeof(name));
    *len = sizeof(name);
    return 0;
}

long SCardConnect(long context, const char *reader, unsigned long share, unsigned long protocols,
                  long *card, unsigned long *protocol)
{
    *card = 1;
    *protocol = g_rgSCardT0Pci.protocol;
    return 0;
}

long SCardDisconnect(long card, unsigned long disposition)
{
    return 0;
}

long SCardBeginTransaction(long card)
{
    return 0;
}

long SCardEndTransaction(long card, unsigned long disposition)
{
    return 0;
}

// ---- commands ----

static void status(uint8_t sw1, uint8_t sw2, uint8_t *out, unsigned long *len)
{
    out[0] = sw1;
    out[1] = sw2;
    *len = 2;
}

// EF_DIR has one record: the USIM (TS 31.102: application code 0x1002 of 3GPP's RID).
static const uint8_t record[] = {0x61, 0x12, 0x4f, 0x10, 0xa0, 0x00, 0x00, 0x00, 0x87, 0x10,
                                 0x02, 0xff, 0xff, 0xff, 0xff, 0x89, 0x00, 0x00, 0x00, 0xff};
// FCP template: a file descriptor, the size of EF_IMSI, and no PIN that is in force.
static const uint8_t fcp[] = {0x62, 0x0f, 0x82, 0x02, 0x78, 0x21, 0x80, 0x02, 0x00,
                              0x09, 0xc6, 0x05, 0x90, 0x01, 0x00, 0x83, 0x01};

static void prepare(const uint8_t *data, size_t len, uint8_t *out, unsigned long *out_len)
{
    memcpy(response, data, len);
    response_len = len;
    status(0x61, (uint8_t)len, out, out_len);
}

static void read_record(const uint8_t *in, unsigned long n, uint8_t *out, unsigned long *len)
{
    if (in[2] != 1) {
        status(0x6a, 0x83, out, len);
    } else if (n < 5 || in[4] != sizeof(record)) {
        status(0x6c, sizeof(record), out, len);
    } else {
        memcpy(out, record, sizeof(record));
        status(0x90, 0x00, out + sizeof(record), len);
        *len = sizeof(record) + 2;
    }
}

// EF_IMSI: length, digits from the second half of an octet on (TS 31.102 §4.2.2, 15 digits).
static void read_binary(const uint8_t *in, unsigned long n, uint8_t *out, unsigned long *len)
{
    const char *imsi = getenv("PCSC_IMSI");
    if (!imsi || strlen(imsi) != 15 || n < 5 || in[4] != 9 || *len < 11) {
        status(0x6a, 0x82, out, len);
        return;
    }
    out[0] = 8;
    out[1] = (uint8_t)((imsi[0] - '0') << 4 | 9);
    for (size_t i = 0; i < 7; i++)
        out[2 + i] = (uint8_t)((imsi[2 * i + 2] - '0') << 4 | (imsi[2 * i + 1] - '0'));
    status(0x90, 0x00, out + 9, len);
    *len = 11;
}

static size_t ask(const uint8_t *rand_autn, uint8_t *out, size_t size)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("PCSC_CARD");
    size_t got = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return 0;
    if (path && strlen(path) < sizeof(to.sun_path)) {
        memcpy(to.sun_path, path, strlen(path) + 1);
        bool sent =
            connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && write(fd, rand_autn, 32) == 32;
        for (ssize_t n; sent && got < size && (n = read(fd, out + got, size - got)) > 0;)
            got += (size_t)n;
    }
    close(fd);
    return got;
}

// in: header, Lc, length and RAND, length and AUTN.
static void authenticate(const uint8_t *in, unsigned long n, uint8_t *out, unsigned long *len)
{
    uint8_t rand_autn[32], answer[100];
    if (n < 5 + 34 || in[5] != 16 || in[22] != 16) {
        status(0x67, 0x00, out, len);
        return;
    }
    memcpy(rand_autn, in + 6, 16);
    memcpy(rand_autn + 16, in + 23, 16);
    size_t got = ask(rand_autn, answer, sizeof(answer));
    if (got == 0)
        status(0x98, 0x62, out, len);
    else
        prepare(answer, got, out, len);
}

long SCardTransmit(long card, const struct pci *send, const uint8_t *in, unsigned long in_len,
                   struct pci *received, uint8_t *out, unsigned long *out_len)
{
    if (in_len < 4 || *out_len < 2 || (in[1] == 0xc0 && *out_len < response_len + 2) ||
        (in[1] == 0xb2 && in[4] == sizeof(record) && *out_len < sizeof(record) + 2))
        return INSUFFICIENT_BUFFER;
    switch (in[1]) {
    case 0xa4:             // SELECT
        if (in[0] == 0xa0) // a USIM is no SIM (TS 51.011)
            status(0x6e, 0x00, out, out_len);
        else
            prepare(fcp, sizeof(fcp), out, out_len);
        break;
    case 0xb0:
        read_binary(in, in_len, out, out_len);
        break;
    case 0xb2:
        read_record(in, in_len, out, out_len);
        break;
    case 0xc0: // GET RESPONSE
        memcpy(out, response, response_len);
        status(0x90, 0x00, out + response_len, out_len);
        *out_len = response_len + 2;
        break;
    case 0x88:
        authenticate(in, in_len, out, out_len);
        break;
    default:
        status(0x6d, 0x00, out, out_len);
        break;
    }
    return 0;
}
