// SPDX-License-Identifier: BSD-3-Clause
// Tables of the gateway's own sections, checks across keys, and their translation into what rpc/
// wants to be told. Defaults are written here once; conf/gateway.conf shows them.
#include "fgw/settings.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ident.h"
#include "diameter/stack.h"
#include "fgw/directory_store.h"
#include "fgw/gateway.h"
#include "fgw/log.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define S_MS 1000LL
#define MIN_MS (60 * S_MS)
#define DAY_MS (24 * 60 * MIN_MS)
#define KIB 1024LL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static const char *const tls_versions[] = {"1.2", "1.3", NULL};
static const char *const sync_names[] = {"safe", "full", "off", NULL};
static const char *const log_levels[] = {"error", "warn", "notice", "info", "debug", NULL};

// --- checks of single texts ---

static enum err check_plmn(const char *text, const char **why)
{
    struct base_plmn plmn;
    *why = "a PLMN: 3 digits of MCC and 2 or 3 of MNC, like \"00101\" or \"310410\"";
    return base_plmn_parse(text, strlen(text), &plmn) ? ERR_CONF_RANGE : ERR_OK;
}

static enum err check_imsi_prefix(const char *text, const char **why)
{
    size_t len = strlen(text);
    *why = "1 to 15 digits, like \"00101\"";
    return len >= 1 && len <= 15 && strspn(text, "0123456789") == len ? ERR_OK : ERR_CONF_RANGE;
}

static enum err check_gateway_id(const char *text, const char **why)
{
    size_t len = strlen(text);
    *why = "a gateway id: the CN of its certificate, 1 to 127 characters";
    return len >= 1 && len <= FGW_GATEWAY_ID_MAX ? ERR_OK : ERR_CONF_RANGE;
}

static enum err check_address(const char *text, const char **why)
{
    unsigned char addr[sizeof(struct in6_addr)];
    *why = "an IPv4 or IPv6 address, like \"0.0.0.0\", \"::\" or \"192.0.2.1\"";
    if (inet_pton(AF_INET, text, addr) == 1 || inet_pton(AF_INET6, text, addr) == 1)
        return ERR_OK;
    return ERR_CONF_RANGE;
}

static enum err check_address_or_none(const char *text, const char **why)
{
    enum err err = *text ? check_address(text, why) : ERR_OK;
    if (err)
        *why = "an IPv4 or IPv6 address, or \"\" for none";
    return err;
}

static enum err check_cidr(const char *text, const char **why)
{
    char address[INET6_ADDRSTRLEN + 1];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (len < sizeof(address)) {
        memcpy(address, text, len);
        address[len] = '\0';
        char *end = NULL;
        long bits = slash ? strtol(slash + 1, &end, 10) : 0;
        bool bits_ok = !slash || (end != slash + 1 && *end == '\0' && bits >= 0 &&
                                  bits <= (strchr(address, ':') ? 128 : 32));
        if (bits_ok && check_address(address, why) == ERR_OK)
            return ERR_OK;
    }
    *why = "an address or a network, like \"192.0.2.1\" or \"10.0.0.0/8\"";
    return ERR_CONF_RANGE;
}

static enum err check_readable(const char *text, const char **why)
{
    *why = "a file that can be read by this process";
    return access(text, R_OK) == 0 ? ERR_OK : ERR_CONF_RANGE;
}

static enum err split_level(const char *text, char cat[64], enum base_log_level *level)
{
    const char *eq = strchr(text, '=');
    size_t len = eq ? (size_t)(eq - text) : 0;
    if (len >= 64 || (eq && len == 0))
        return ERR_INVALID;
    memcpy(cat, text, len);
    cat[len] = '\0';
    return base_log_level_parse(eq ? eq + 1 : text, level);
}

static enum err check_vendor(const char *text, const char **why)
{
    size_t len = strlen(text);
    bool number = len >= 1 && len <= 10 && strspn(text, "0123456789") == len;
    *why = "the number of a vendor, like \"10415\"";
    return number && strtoull(text, NULL, 10) <= UINT32_MAX ? ERR_OK : ERR_CONF_RANGE;
}

static enum err check_category(const char *text, const char **why)
{
    char cat[64];
    enum base_log_level level;
    *why = "category=level, like \"dia=debug\"; levels: error, warn, notice, info, debug";
    return strchr(text, '=') && split_level(text, cat, &level) == ERR_OK ? ERR_OK : ERR_CONF_RANGE;
}

// --- tables ---

static const struct conf_key listen_keys[] = {
    {"address", CONF_STRING, AT(fgw_listen_settings, address), .def_text = "0.0.0.0",
     .check = check_address, .restart = true, .help = "address to listen on"},
    {"port", CONF_INT, AT(fgw_listen_settings, port), .def = 8443, .min = 0, .max = 65535,
     .restart = true, .help = "TCP port; 0 picks a free one"},
    {"cleartext", CONF_BOOL, AT(fgw_listen_settings, cleartext), .restart = true,
     .help = "HTTP/2 without TLS; loopback addresses only"},
    {"front_proxy", CONF_BOOL, AT(fgw_listen_settings, front_proxy), .restart = true,
     .help = "trusted proxies may name the gateway in x-magma-client-cert-cn"},
    {0}};

static const struct conf_key tls_keys[] = {
    {"certificate", CONF_STRING, AT(fgw_tls_settings, certificate), .check = check_readable,
     .restart = true, .help = "PEM chain of this server; its content is read again on reload"},
    {"key", CONF_STRING, AT(fgw_tls_settings, key), .check = check_readable, .restart = true,
     .help = "PEM private key"},
    {"client_ca", CONF_STRING, AT(fgw_tls_settings, client_ca), .check = check_readable,
     .restart = true, .help = "PEM bundle that gateways' certificates must chain to"},
    {"crl", CONF_STRING, AT(fgw_tls_settings, crl), .check = check_readable, .restart = true,
     .help = "PEM revocation lists"},
    {"min_version", CONF_ENUM, AT(fgw_tls_settings, min_version), .choices = tls_versions,
     .restart = true, .help = "lowest TLS version"},
    {0}};

static const struct conf_key limit_keys[] = {
    {"max_connections", CONF_INT, AT(fgw_limit_settings, max_connections), .def = 10000, .min = 1,
     .max = 1000000, .restart = true, .help = "connections of all gateways together"},
    {"max_connections_per_ip", CONF_INT, AT(fgw_limit_settings, max_connections_per_ip), .min = 0,
     .max = 1000000, .restart = true, .help = "connections of one address; 0: no such limit"},
    {"max_streams", CONF_INT, AT(fgw_limit_settings, max_streams), .def = 256, .min = 1,
     .max = 65535, .restart = true, .help = "concurrent calls of one connection"},
    {"max_message", CONF_SIZE, AT(fgw_limit_settings, max_message), .def = 4 * MIB, .min = KIB,
     .max = 64 * MIB, .restart = true, .help = "largest request message"},
    {"max_header_list", CONF_SIZE, AT(fgw_limit_settings, max_header_list), .def = 16 * KIB,
     .min = KIB, .max = MIB, .restart = true, .help = "largest header list of a request"},
    {"max_buffered", CONF_SIZE, AT(fgw_limit_settings, max_buffered), .def = 8 * MIB,
     .min = 64 * KIB, .max = GIB, .restart = true,
     .help = "answers held for a client that does not read"},
    {"reset_burst", CONF_INT, AT(fgw_limit_settings, reset_burst), .def = 1000, .min = 1,
     .max = 1000000, .restart = true, .help = "stream resets tolerated at once"},
    {"reset_rate", CONF_INT, AT(fgw_limit_settings, reset_rate), .def = 33, .min = 1,
     .max = 1000000, .restart = true, .help = "stream resets tolerated per second"},
    {"handshake", CONF_MS, AT(fgw_limit_settings, handshake_ms), .def = 10 * S_MS, .min = 100,
     .max = 10 * MIN_MS, .restart = true, .help = "TLS handshake and first request"},
    {"idle", CONF_MS, AT(fgw_limit_settings, idle_ms), .def = 30 * MIN_MS, .min = S_MS,
     .max = DAY_MS, .restart = true, .help = "a connection without calls is closed after"},
    {"stalled", CONF_MS, AT(fgw_limit_settings, stalled_ms), .def = 30 * S_MS, .min = S_MS,
     .max = DAY_MS, .restart = true, .help = "a half-sent request is cut off after"},
    {"keepalive", CONF_MS, AT(fgw_limit_settings, keepalive_ms), .def = 30 * S_MS, .min = S_MS,
     .max = DAY_MS, .restart = true, .help = "PING when the line is silent for"},
    {"keepalive_timeout", CONF_MS, AT(fgw_limit_settings, keepalive_timeout_ms), .def = 10 * S_MS,
     .min = 100, .max = DAY_MS, .restart = true, .help = "PING unanswered: close after"},
    {"default_deadline", CONF_MS, AT(fgw_limit_settings, default_deadline_ms), .def = MIN_MS,
     .min = 100, .max = DAY_MS, .restart = true, .help = "deadline of calls without grpc-timeout"},
    {0}};

static const struct conf_key tunnel_keys[] = {
    {"heartbeat", CONF_MS, AT(fgw_tunnel_settings, heartbeat_ms), .def = MIN_MS, .min = S_MS,
     .max = DAY_MS, .restart = true, .help = "heart-beat when nothing else was sent"},
    {"silent", CONF_MS, AT(fgw_tunnel_settings, silent_ms), .def = 3 * MIN_MS, .min = S_MS,
     .max = DAY_MS, .restart = true, .help = "a silent gateway is cut off after"},
    {"reconnect_grace", CONF_MS, AT(fgw_tunnel_settings, reconnect_grace_ms), .def = 5 * S_MS,
     .min = 0, .max = MIN_MS, .restart = true,
     .help = "a request waits so long for a gateway that has just left"},
    {"max_in_flight", CONF_INT, AT(fgw_tunnel_settings, max_in_flight), .def = 512, .min = 1,
     .max = 65535, .restart = true, .help = "requests outstanding per gateway"},
    {"max_gateways", CONF_INT, AT(fgw_tunnel_settings, max_gateways), .def = 20000, .min = 1,
     .max = 65535, .restart = true, .help = "gateways with a tunnel"},
    {0}};

static const struct conf_key call_keys[] = {
    {"tries", CONF_INT, AT(fgw_call_settings, tries), .def = 4, .min = 1, .max = 20,
     .help = "tries of a request from the core that does not reach the gateway"},
    {"pause", CONF_MS, AT(fgw_call_settings, pause_ms), .def = 200, .min = 10, .max = MIN_MS,
     .help = "pause before the second try; it doubles with each"},
    {0}};

static const struct conf_key agw_keys[] = {
    {"listen", CONF_LIST, AT(fgw_agw_settings, listens), .required = true, .members = listen_keys,
     .item_size = sizeof(struct fgw_listen_settings), .restart = true,
     .help = "where gateways connect"},
    {"tls", CONF_GROUP, AT(fgw_agw_settings, tls), .members = tls_keys},
    {"trusted_proxies", CONF_STRINGS, AT(fgw_agw_settings, trusted_proxies), .check = check_cidr,
     .restart = true, .help = "proxies believed on front_proxy listeners"},
    {"allow_cleartext_anywhere", CONF_BOOL, AT(fgw_agw_settings, allow_cleartext_anywhere),
     .restart = true, .help = "cleartext listeners on other than loopback addresses"},
    {"allow_anonymous", CONF_BOOL, AT(fgw_agw_settings, allow_anonymous), .restart = true,
     .help = "calls without any identity are served as gateway \"\" (tests)"},
    {"allow_unknown_gateways", CONF_BOOL, AT(fgw_agw_settings, allow_unknown_gateways),
     .help = "certificates of our CA that are not in the list `gateways` are admitted"},
    {"plmns", CONF_STRINGS, AT(fgw_agw_settings, plmns), .check = check_plmn,
     .help = "visited PLMNs of gateways without a list of their own; none: any"},
    {"imsi_prefixes", CONF_STRINGS, AT(fgw_agw_settings, imsi_prefixes),
     .check = check_imsi_prefix,
     .help = "subscribers of gateways without a list of their own; none: any"},
    {"limits", CONF_GROUP, AT(fgw_agw_settings, limits), .members = limit_keys},
    {"tunnel", CONF_GROUP, AT(fgw_agw_settings, tunnel), .members = tunnel_keys},
    {"calls", CONF_GROUP, AT(fgw_agw_settings, calls), .members = call_keys},
    {0}};

static const struct conf_key gateway_keys[] = {
    {"id", CONF_STRING, AT(fgw_gateway_settings, id), .required = true, .check = check_gateway_id,
     .help = "common name of the gateway's certificate"},
    {"plmns", CONF_STRINGS, AT(fgw_gateway_settings, plmns), .check = check_plmn,
     .help = "visited PLMNs it may serve; absent: those of section agw"},
    {"imsi_prefixes", CONF_STRINGS, AT(fgw_gateway_settings, imsi_prefixes),
     .check = check_imsi_prefix,
     .help = "subscribers it may ask for; absent: those of section agw"},
    {"enabled", CONF_BOOL, AT(fgw_gateway_settings, enabled), .def = 1,
     .help = "false locks the gateway out"},
    {0}};

static const struct conf_key root_keys[] = {
    {"gateways", CONF_LIST, 0, .members = gateway_keys,
     .item_size = sizeof(struct fgw_gateway_settings), .help = "the gateways that may connect"},
    {0}};

static const struct conf_key diameter_keys[] = {
    {"max_in_flight_peer", CONF_INT, AT(fgw_diameter_settings, max_in_flight_peer), .def = 1000,
     .min = 1, .max = 20000, .restart = true, .help = "requests outstanding per peer"},
    {"max_queue", CONF_INT, AT(fgw_diameter_settings, max_queue), .def = 4000, .min = 1,
     .max = 100000, .restart = true, .help = "requests waiting to be sent"},
    {"max_requests", CONF_INT, AT(fgw_diameter_settings, max_requests), .def = 20000, .min = 1,
     .max = 1000000, .restart = true, .help = "requests outstanding per loop"},
    {"inbound_deadline", CONF_MS, AT(fgw_diameter_settings, inbound_deadline_ms), .def = 8 * S_MS,
     .min = 100, .max = MIN_MS, .restart = true,
     .help = "a request from the core is answered 3002 by us after"},
    {"product_name", CONF_STRING, AT(fgw_diameter_settings, product_name), .restart = true,
     .help = "Product-Name in CER and CEA"},
    {"vendor_id", CONF_INT, AT(fgw_diameter_settings, vendor_id), .def = 0, .min = 0,
     .max = UINT32_MAX, .restart = true, .help = "Vendor-Id in CER and CEA; 0: none"},
    {"supported_vendors", CONF_STRINGS, AT(fgw_diameter_settings, supported_vendors),
     .check = check_vendor, .restart = true,
     .help = "Supported-Vendor-Ids in CER and CEA; none: those of the dictionaries"},
    {0}};

static const struct conf_key storage_keys[] = {
    {"directory", CONF_STRING, AT(fgw_storage_settings, directory),
     .def_text = "/var/lib/fgw/directory", .restart = true,
     .help = "folder of the directory subscriber -> gateway"},
    {"sync", CONF_ENUM, AT(fgw_storage_settings, sync), .choices = sync_names, .restart = true,
     .help = "what a power cut may cost; see above"},
    {"map_size", CONF_SIZE, AT(fgw_storage_settings, map_size), .def = 256 * MIB, .min = MIB,
     .max = 1024 * GIB, .restart = true, .help = "size the map begins with; it grows by itself"},
    {"max_pending", CONF_INT, AT(fgw_storage_settings, max_pending), .def = 65536, .min = 16,
     .max = 10000000, .restart = true, .help = "changes that may wait for the disk"},
    {"expire", CONF_MS, AT(fgw_storage_settings, expire_ms), .def = 30 * DAY_MS, .min = MIN_MS,
     .max = 3650 * DAY_MS, .restart = true, .help = "a subscriber unseen for so long is forgotten"},
    {0}};

static const struct conf_key admin_keys[] = {
    {"socket", CONF_STRING, AT(fgw_admin_settings, socket), .def_text = "/run/fgw/admin.sock",
     .restart = true, .help = "UNIX socket for fgwctl; \"\": none"},
    {"address", CONF_STRING, AT(fgw_admin_settings, address), .def_text = "127.0.0.1",
     .check = check_address_or_none, .restart = true,
     .help = "address of /metrics, /healthz, /readyz; \"\": none"},
    {"port", CONF_INT, AT(fgw_admin_settings, port), .def = 9464, .min = 0, .max = 65535,
     .restart = true, .help = "its port; 0 picks a free one"},
    {0}};

static const struct conf_key log_keys[] = {
    {"level", CONF_ENUM, AT(fgw_log_settings, level), .def = BASE_LOG_NOTICE,
     .choices = log_levels, .help = "level of all categories"},
    {"categories", CONF_STRINGS, AT(fgw_log_settings, categories), .check = check_category,
     .help = "levels of single categories"},
    {"mask_imsi", CONF_BOOL, AT(fgw_log_settings, mask_imsi),
     .help = "only MCC and MNC of IMSIs in log lines"},
    {0}};

static const char *const schedulings[] = {"batch", "normal", NULL};
static const struct conf_key process_keys[] = {
    {"loops", CONF_INT, AT(fgw_process_settings, loops), .def = 0, .min = 0, .max = 128,
     .restart = true, .help = "event loops; 0: one per processor"},
    {"queue", CONF_INT, AT(fgw_process_settings, queue), .def = 65536, .min = 64, .max = 16777216,
     .restart = true, .help = "jobs that may wait for a loop"},
    {"shutdown", CONF_MS, AT(fgw_process_settings, shutdown_ms), .def = 10 * S_MS, .min = 0,
     .max = 10 * MIN_MS, .help = "calls in flight may take so long to finish at a stop"},
    {"scheduling", CONF_ENUM, AT(fgw_process_settings, scheduling), .choices = schedulings,
     .restart = true, .help = "of the processors: batch, or normal: as whoever starts us says"},
    {0}};

const struct fgw_section fgw_sections[] = {
    {"agw", agw_keys, offsetof(struct fgw_settings, agw)},
    {"", root_keys, offsetof(struct fgw_settings, gateways)},
    {"diameter", diameter_keys, offsetof(struct fgw_settings, diameter)},
    {"storage", storage_keys, offsetof(struct fgw_settings, storage)},
    {"admin", admin_keys, offsetof(struct fgw_settings, admin)},
    {"log", log_keys, offsetof(struct fgw_settings, log)},
    {"process", process_keys, offsetof(struct fgw_settings, process)},
    {0}};

// --- checks across keys ---

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static void check_listens(struct conf *conf, const struct fgw_agw_settings *agw)
{
    const struct fgw_listen_settings *listens = agw->listens.items;
    bool tls = false;
    if (agw->listens.n == 0)
        conf_error(conf, "agw", "listen", ERR_CONF_MISSING,
                   "is empty, expected at least one { address = ...; port = ...; }");
    for (size_t i = 0; i < agw->listens.n; i++) {
        char path[64];
        snprintf(path, sizeof(path), "agw.listen.[%zu]", i);
        tls |= !listens[i].cleartext;
        if (listens[i].cleartext && !agw->allow_cleartext_anywhere &&
            !is_loopback(listens[i].address))
            conf_error(conf, path, "address", ERR_CONF_RANGE,
                       "is \"%s\", expected a loopback address for a cleartext listener "
                       "(or agw.allow_cleartext_anywhere = true)",
                       listens[i].address);
        if (listens[i].front_proxy && agw->trusted_proxies.n == 0)
            conf_error(conf, path, "front_proxy", ERR_CONF_MISSING,
                       "is true, expected agw.trusted_proxies to name the proxies");
    }
    const struct {
        const char *key, *value;
    } needed[] = {{"certificate", agw->tls.certificate},
                  {"key", agw->tls.key},
                  {"client_ca", agw->tls.client_ca}};
    for (size_t i = 0; tls && i < sizeof(needed) / sizeof(needed[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "agw.tls.%s", needed[i].key);
        if (!needed[i].value && !conf_has(conf, path)) // otherwise it was refused by the table
            conf_error(conf, conf_has(conf, "agw.tls") ? "agw.tls" : "agw",
                       conf_has(conf, "agw.tls") ? needed[i].key : "tls", ERR_CONF_MISSING,
                       "%s is missing, expected a PEM file because agw.listen has a TLS listener",
                       needed[i].key);
    }
}

static void check_capabilities(struct conf *conf, const struct fgw_diameter_settings *d)
{
    if (d->supported_vendors.n > DIA_SUPPORTED_VENDORS_MAX)
        conf_error(conf, "diameter", "supported_vendors", ERR_CONF_RANGE, "at most %d",
                   DIA_SUPPORTED_VENDORS_MAX);
    if (d->product_name && strlen(d->product_name) > DIA_PRODUCT_NAME_MAX)
        conf_error(conf, "diameter", "product_name", ERR_CONF_RANGE, "at most %d characters",
                   DIA_PRODUCT_NAME_MAX);
}

static int by_id(const void *a, const void *b)
{
    const struct fgw_gateway_settings *const *x = a, *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

static void check_gateways(struct conf *conf, const struct fgw_settings *s)
{
    const struct fgw_gateway_settings *items = s->gateways.items;
    size_t n = s->gateways.n;
    const struct fgw_gateway_settings **sorted = calloc(n + 1, sizeof(*sorted));
    size_t used = 0;
    for (size_t i = 0; sorted && i < n; i++) {
        if (items[i].id)
            sorted[used++] = &items[i];
    }
    if (sorted)
        qsort(sorted, used, sizeof(*sorted), by_id);
    for (size_t i = 1; i < used; i++) {
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) != 0)
            continue;
        size_t second = (size_t)((sorted[i] > sorted[i - 1] ? sorted[i] : sorted[i - 1]) - items);
        char path[64];
        snprintf(path, sizeof(path), "gateways.[%zu]", second);
        conf_error(conf, path, "id", ERR_CONF_RANGE, "\"%s\" is listed twice, expected once",
                   sorted[i]->id);
    }
    free(sorted);
}

enum err fgw_settings_read(struct conf *conf, struct fgw_settings *out)
{
    memset(out, 0, sizeof(*out));
    size_t before = conf_n_errors(conf);
    for (const struct fgw_section *section = fgw_sections; section->name; section++)
        conf_read(conf, section->name, section->keys, (char *)out + section->offset);
    check_listens(conf, &out->agw);
    check_capabilities(conf, &out->diameter);
    check_gateways(conf, out);
    return conf_n_errors(conf) == before ? ERR_OK : conf_result(conf);
}

// --- applying ---

enum err fgw_log_level_apply(const char *text)
{
    char cat[64];
    enum base_log_level level;
    if (split_level(text, cat, &level))
        return ERR_INVALID;
    return base_log_set_level(cat[0] ? cat : "all", level);
}

void fgw_settings_apply_log(const struct fgw_log_settings *log)
{
    base_log_set_level("all", (enum base_log_level)log->level);
    base_log_set_masking(log->mask_imsi);
    for (size_t i = 0; i < log->categories.n; i++) {
        if (fgw_log_level_apply(log->categories.items[i]))
            base_log(&log_fgw, BASE_LOG_WARN, NULL, "log.categories: no category for \"%s\"",
                     log->categories.items[i]);
    }
}

void fgw_settings_server(const struct fgw_agw_settings *agw, struct rpc_server_config *out,
                         struct rpc_listen *listens)
{
    const struct fgw_listen_settings *items = agw->listens.items;
    const struct fgw_limit_settings *l = &agw->limits;
    for (size_t i = 0; i < agw->listens.n; i++)
        listens[i] = (struct rpc_listen){.address = items[i].address,
                                         .port = (uint16_t)items[i].port,
                                         .cleartext = items[i].cleartext,
                                         .front_proxy = items[i].front_proxy};
    *out = (struct rpc_server_config){
        .listens = listens,
        .n_listens = agw->listens.n,
        .tls = {.certificate = agw->tls.certificate,
                .key = agw->tls.key,
                .client_ca = agw->tls.client_ca,
                .crl = agw->tls.crl,
                .min_version = tls_versions[agw->tls.min_version]},
        .limits = {.max_connections = (uint32_t)l->max_connections,
                   .max_connections_per_ip = (uint32_t)l->max_connections_per_ip,
                   .max_streams = (uint32_t)l->max_streams,
                   .max_message = (uint32_t)l->max_message,
                   .max_header_list = (uint32_t)l->max_header_list,
                   .max_buffered = (uint32_t)l->max_buffered,
                   .reset_burst = (uint32_t)l->reset_burst,
                   .reset_rate = (uint32_t)l->reset_rate,
                   .handshake_ms = l->handshake_ms,
                   .idle_ms = l->idle_ms,
                   .stalled_ms = l->stalled_ms,
                   .keepalive_ms = l->keepalive_ms,
                   .keepalive_timeout_ms = l->keepalive_timeout_ms,
                   .default_deadline_ms = l->default_deadline_ms},
        .trusted_proxies = (const char *const *)agw->trusted_proxies.items,
        .n_trusted_proxies = agw->trusted_proxies.n,
        .allow_cleartext_anywhere = agw->allow_cleartext_anywhere,
        .allow_anonymous = agw->allow_anonymous,
    };
}

void fgw_settings_tunnel(const struct fgw_tunnel_settings *tunnel, struct rpc_tunnel_config *out)
{
    *out = (struct rpc_tunnel_config){
        .heartbeat_ms = tunnel->heartbeat_ms,
        .silent_ms = tunnel->silent_ms,
        // 0 would be rpc's default
        .reconnect_grace_ms = tunnel->reconnect_grace_ms ? tunnel->reconnect_grace_ms : 1,
        .max_in_flight = (uint32_t)tunnel->max_in_flight,
        .max_gateways = (uint32_t)tunnel->max_gateways,
    };
}
