// SPDX-License-Identifier: BSD-3-Clause
// Reading conf/aaa.conf. See settings.h.
#include "aaa/settings.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define S_MS 1000LL
#define MIN_MS (60 * S_MS)
#define HOUR_MS (60 * MIN_MS)
#define DAY_MS (24 * HOUR_MS)
#define SECRET_MAX 128 // struct rad_dyn keeps a copy of that size
#define SECRET_MIN 8

#define AT(member) .offset = offsetof(struct aaa_settings, member)
#define IN_CLIENT(member) .offset = offsetof(struct aaa_client, member)

static const char *const log_levels[] = {"error", "warn", "notice", "info", "debug", NULL};

static const struct conf_key listen_keys[] = {
    {"address", CONF_STRINGS, AT(listen.address), .required = true},
    {"auth_port", CONF_INT, AT(listen.auth_port), .def = 1812, .min = 1, .max = 65535},
    {"acct_port", CONF_INT, AT(listen.acct_port), .def = 1813, .min = 1, .max = 65535},
    {.name = NULL},
};
static const struct conf_key client_keys[] = {
    {"name", CONF_STRING, IN_CLIENT(name), .required = true},
    {"address", CONF_STRING, IN_CLIENT(address), .required = true},
    {"secret", CONF_STRING, IN_CLIENT(secret)},
    {"secret_file", CONF_STRING, IN_CLIENT(secret_file)},
    {"coa_port", CONF_INT, IN_CLIENT(coa_port), .def = 3799, .min = 1, .max = 65535},
    {"require_message_authenticator", CONF_BOOL, IN_CLIENT(require_message_authenticator),
     .def = 1},
    {.name = NULL},
};
static const struct conf_key root_keys[] = {
    {"clients", CONF_LIST, AT(clients), .required = true, .members = client_keys,
     .item_size = sizeof(struct aaa_client)},
    {.name = NULL},
};
static const struct conf_key fgw_keys[] = {
    {"host", CONF_STRING, AT(fgw.host), .required = true},
    {"port", CONF_INT, AT(fgw.port), .def = 8443, .min = 1, .max = 65535},
    {"authority", CONF_STRING, AT(fgw.authority)},
    {"server_name", CONF_STRING, AT(fgw.server_name)},
    {"ca", CONF_STRING, AT(fgw.ca)},
    {"certificate", CONF_STRING, AT(fgw.certificate)},
    {"key", CONF_STRING, AT(fgw.key)},
    {"cleartext", CONF_BOOL, AT(fgw.cleartext)},
    {"timeout", CONF_MS, AT(fgw.timeout_ms), .def = 8 * S_MS, .min = 100, .max = MIN_MS},
    {.name = NULL},
};
static const struct conf_key eap_keys[] = {
    {"methods", CONF_STRINGS, AT(eap.methods)},
    {"network", CONF_STRING, AT(eap.network), .def_text = "WLAN"},
    {"ask_identity", CONF_BOOL, AT(eap.ask_identity), .def = 1},
    {"result_indications", CONF_BOOL, AT(eap.result_indications), .def = 1},
    {"pseudonyms", CONF_BOOL, AT(eap.pseudonyms), .def = 1},
    {"pseudonym_rotate", CONF_MS, AT(eap.pseudonym_rotate_ms), .def = 30 * DAY_MS, .min = HOUR_MS,
     .max = 365 * DAY_MS},
    {"reauth_max", CONF_INT, AT(eap.reauth_max), .def = 16, .min = 0, .max = 65534},
    {"reauth_ttl", CONF_MS, AT(eap.reauth_ttl_ms), .def = 8 * HOUR_MS, .min = S_MS,
     .max = 30 * DAY_MS},
    {"conversation", CONF_MS, AT(eap.conversation_ms), .def = 30 * S_MS, .min = S_MS,
     .max = 10 * MIN_MS},
    {"conversations", CONF_INT, AT(eap.conversations), .def = 20000, .min = 1, .max = 1000000},
    {.name = NULL},
};
static const struct conf_key session_keys[] = {
    {"register", CONF_BOOL, AT(session.register_user), .def = 1},
    {"timeout", CONF_MS, AT(session.timeout_ms), .def = 12 * HOUR_MS, .min = MIN_MS,
     .max = 30 * DAY_MS},
    {"grace", CONF_MS, AT(session.grace_ms), .def = MIN_MS, .max = DAY_MS},
    {"interim", CONF_MS, AT(session.interim_ms), .def = 10 * MIN_MS, .min = MIN_MS, .max = DAY_MS},
    {"max", CONF_INT, AT(session.max), .def = 200000, .min = 1, .max = 10000000},
    {.name = NULL},
};
static const struct conf_key dyn_keys[] = {
    {"retry", CONF_MS, AT(dyn.retry_ms), .def = 2 * S_MS, .min = 100, .max = MIN_MS},
    {"tries", CONF_INT, AT(dyn.tries), .def = 4, .min = 1, .max = 10},
    {.name = NULL},
};
static const struct conf_key storage_keys[] = {
    {"database", CONF_STRING, AT(storage.database), .required = true},
    {"accounting", CONF_MS, AT(storage.accounting_ms), .def = 90 * DAY_MS, .max = 3650 * DAY_MS},
    {.name = NULL},
};
static const struct conf_key metrics_keys[] = {
    {"address", CONF_STRING, AT(metrics.address), .def_text = "127.0.0.1"},
    {"port", CONF_INT, AT(metrics.port), .def = 9465, .min = 0, .max = 65535},
    {.name = NULL},
};
static const struct conf_key log_keys[] = {
    {"level", CONF_ENUM, AT(log.level), .def = BASE_LOG_NOTICE, .choices = log_levels},
    {"mask_imsi", CONF_BOOL, AT(log.mask_imsi)},
    {.name = NULL},
};
static const struct {
    const char *path;
    const struct conf_key *keys;
} sections[] = {
    {"", root_keys},           {"listen", listen_keys},   {"fgw", fgw_keys},
    {"eap", eap_keys},         {"session", session_keys}, {"disconnect", dyn_keys},
    {"storage", storage_keys}, {"metrics", metrics_keys}, {"log", log_keys},
};

// ---- addresses ----

enum err aaa_addr_parse(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return ERR_INVALID;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return ERR_OK;
}

socklen_t aaa_addr_len(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static const void *octets(const struct sockaddr_storage *addr)
{
    if (addr->ss_family == AF_INET)
        return &((const struct sockaddr_in *)addr)->sin_addr;
    return &((const struct sockaddr_in6 *)addr)->sin6_addr;
}

void aaa_addr_text(const struct sockaddr_storage *addr, char out[AAA_ADDR_TEXT])
{
    if (!inet_ntop(addr->ss_family, octets(addr), out, AAA_ADDR_TEXT))
        snprintf(out, AAA_ADDR_TEXT, "?");
}

static bool in_net(const uint8_t *address, const uint8_t *net, unsigned bits)
{
    unsigned rest = bits % 8;
    if (memcmp(address, net, bits / 8) != 0)
        return false;
    return rest == 0 || ((address[bits / 8] ^ net[bits / 8]) >> (8 - rest)) == 0;
}

const struct aaa_client *aaa_client_find(const struct aaa_settings *settings,
                                         const struct sockaddr_storage *from)
{
    const struct aaa_client *clients = settings->clients.items, *best = NULL;
    for (size_t i = 0; i < settings->clients.n; i++) {
        const struct aaa_client *each = &clients[i];
        if (each->family == from->ss_family && in_net(octets(from), each->net, each->bits) &&
            (!best || each->bits > best->bits))
            best = each;
    }
    return best;
}

// ---- checks ----

static void complain(struct aaa_settings *s, const char *what, const char *text)
{
    conf_error(s->conf, "", "clients", ERR_CONF_RANGE, "found '%s', expected %s", text, what);
}

static void read_net(struct aaa_settings *s, struct aaa_client *client)
{
    static const char what[] = "an address or a network like 192.0.2.0/24";
    char text[AAA_ADDR_TEXT];
    struct sockaddr_storage addr;
    const char *slash = strchr(client->address, '/');
    size_t n = slash ? (size_t)(slash - client->address) : strlen(client->address);
    if (n >= sizeof(text)) {
        complain(s, what, client->address);
        return;
    }
    memcpy(text, client->address, n);
    text[n] = '\0';
    if (aaa_addr_parse(text, 0, &addr)) {
        complain(s, what, client->address);
        return;
    }
    unsigned most = addr.ss_family == AF_INET ? 32 : 128;
    char *end = NULL;
    unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : most;
    if (bits > most || (slash && (end == slash + 1 || *end))) {
        complain(s, what, client->address);
        return;
    }
    client->family = addr.ss_family;
    client->bits = (unsigned)bits;
    memcpy(client->net, octets(&addr), most / 8);
}

static void read_secret(struct aaa_settings *s, struct aaa_client *client)
{
    uint8_t text[SECRET_MAX + 2];
    size_t n = 0;
    if (!client->secret == !client->secret_file) {
        complain(s, "either secret or secret_file", client->name);
        return;
    }
    if (client->secret) {
        n = strlen(client->secret);
        memcpy(text, client->secret, n < sizeof(text) ? n : sizeof(text));
    } else {
        FILE *file = fopen(client->secret_file, "rb");
        n = file ? fread(text, 1, sizeof(text), file) : 0;
        if (file)
            fclose(file);
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
            n--;
    }
    uint8_t *copy = n >= SECRET_MIN && n <= SECRET_MAX ? malloc(n) : NULL;
    if (copy) {
        memcpy(copy, text, n);
        client->key = (struct rad_secret){copy, n};
    } else {
        complain(s, "a secret of 8 to 128 octets", client->name);
    }
    OPENSSL_cleanse(text, sizeof(text));
}

static void check(struct aaa_settings *s)
{
    struct aaa_client *clients = s->clients.items;
    struct sockaddr_storage addr;
    for (size_t i = 0; i < s->clients.n; i++) {
        if (!clients[i].name || !clients[i].address)
            continue;
        read_net(s, &clients[i]);
        read_secret(s, &clients[i]);
    }
    s->aka = s->prime = s->eap.methods.n == 0;
    for (size_t i = 0; i < s->eap.methods.n; i++) {
        const char *name = s->eap.methods.items[i];
        s->aka |= strcmp(name, "aka") == 0;
        s->prime |= strcmp(name, "aka-prime") == 0;
        if (strcmp(name, "aka") != 0 && strcmp(name, "aka-prime") != 0)
            conf_error(s->conf, "eap", "methods", ERR_CONF_RANGE,
                       "found '%s', expected \"aka\" or \"aka-prime\"", name);
    }
    for (size_t i = 0; i < s->listen.address.n; i++) {
        if (aaa_addr_parse(s->listen.address.items[i], 1, &addr))
            conf_error(s->conf, "listen", "address", ERR_CONF_RANGE,
                       "found '%s', expected an IPv4 or IPv6 address", s->listen.address.items[i]);
    }
    if (!s->fgw.cleartext && (!s->fgw.ca || !s->fgw.certificate || !s->fgw.key))
        conf_error(s->conf, "fgw", NULL, ERR_CONF_MISSING,
                   "expected ca, certificate and key (or cleartext = true)");
}

enum err aaa_settings_load(const char *path, struct aaa_settings *out,
                           void (*report)(const char *line))
{
    memset(out, 0, sizeof(*out));
    enum err err = conf_load(path, &out->conf);
    if (!out->conf)
        return err;
    if (!err) {
        for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
            conf_read(out->conf, sections[i].path, sections[i].keys, out);
        if (!conf_result(out->conf))
            check(out);
        conf_check_unread(out->conf);
        err = conf_result(out->conf);
    }
    for (size_t i = 0; i < conf_n_errors(out->conf); i++)
        report(conf_error_text(out->conf, i));
    return err;
}

void aaa_settings_free(struct aaa_settings *s)
{
    struct aaa_client *clients = s->clients.items;
    for (size_t i = 0; i < s->clients.n; i++) {
        if (!clients[i].key.data)
            continue;
        OPENSSL_cleanse((void *)(uintptr_t)clients[i].key.data, clients[i].key.len);
        free((void *)(uintptr_t)clients[i].key.data);
    }
    conf_free(s->conf);
    memset(s, 0, sizeof(*s));
}
