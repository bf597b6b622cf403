// SPDX-License-Identifier: BSD-3-Clause
// fgw-agw: an access gateway on the command line. It calls the federation gateway as an AGW does,
// answers what comes back through the reverse tunnel, produces load and runs scripts. Not an access
// gateway: it has no radio side and keeps no subscriber state.
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agw_client/command.h"
#include "agw_client/load.h"
#include "agw_client/script.h"
#include "agw_client/session.h"
#include "base/clock.h"
#include "base/ident.h"

#define WORDS_MAX 64
#define REPLIES_MAX 32

struct arguments {
    struct agwc_options link;
    const char *tls_dir, *ca, *certificate, *key;
    char *words[WORDS_MAX]; // command and its words
    size_t n_words;
    char built[3][256]; // --plmn, --vectors, --resync as words
    size_t n_built;
    const char *replies[REPLIES_MAX];
    size_t n_replies;
    bool legacy;
    double seconds; // listen: stop after; 0: never
    uint64_t limit; // listen: stop after so many requests; 0: never
    struct load_options load;
    struct agws_options session;
    const char *plmn;
    uint8_t raw[4096];
};

static const char usage_text[] =
    "usage: fgw-agw [options] command [words]\n"
    "\n"
    "commands\n"
    "  air IMSI [field=value...]    authentication vectors\n"
    "  ulr IMSI [field=value...]    update location\n"
    "  pur IMSI [field=value...]    purge\n"
    "  nor IMSI [field=value...]    notify\n"
    "  call METHOD [field=value...] any method: /pkg.Service/Method, Service/Method or Method\n"
    "  methods                      the methods and their fields\n"
    "  listen                       opens the reverse tunnel, prints and answers what comes\n"
    "  load                         many subscribers\n"
    "  session                      sessions that use up quota, with Gx and Gy behind them\n"
    "  script FILE                  commands and expectations from a file (- is standard input)\n"
    "\n"
    "connection\n"
    "  --connect HOST:PORT          default 127.0.0.1:8443\n"
    "  --tls-dir DIR                ca.pem, ID.pem and ID.key (ID: --gateway, else client)\n"
    "  --ca, --cert, --key FILE     instead of or on top of --tls-dir\n"
    "  --gateway ID                 names the certificate files\n"
    "  --authority NAME             :authority of the calls\n"
    "  --server-name NAME           name expected in the server's certificate\n"
    "  --cleartext                  h2c, no TLS\n"
    "  --timeout MS                 deadline of a call (10000)\n"
    "  --json                       one JSON object per line\n"
    "\n"
    "air, ulr\n"
    "  --plmn DIGITS                visited PLMN (first five digits of the IMSI)\n"
    "  --vectors N                  E-UTRAN vectors asked for (1)\n"
    "  --resync HEX                 RAND and AUTS, 30 bytes\n"
    "\n"
    "listen\n"
    "  --reply METHOD,WORD,...      field=value, status=NAME, message=TEXT, delay=MS, drop\n"
    "  --legacy                     SyncRPC instead of EstablishSyncRPCStream\n"
    "  --seconds S, --count N       stop after so long, after so many requests\n"
    "\n"
    "load\n"
    "  --procedure air|ulr|pur|attach   (air)\n"
    "  --subscribers N --first-imsi X   (1000, 001010000000001)\n"
    "  --rate R                     requests per second (0: as many as the window allows)\n"
    "  --in-flight W                window over all connections (64)\n"
    "  --connections C              (4)\n"
    "  --duration S, --count N      stop after (10 seconds)\n"
    "  --method PATH --raw HEX      a message to any method instead of a procedure; the first\n"
    "                               IMSI in it, if there, becomes each subscriber's\n"
    "\n"
    "session (and --subscribers, --first-imsi, --in-flight, --connections, --duration)\n"
    "  --apn NAME                   (internet)\n"
    "  --octets R                   per second and rating group (0: as fast as the window allows)\n"
    "  --units R                    service units likewise, where the OCS grants them (1)\n"
    "  --batch N                    sessions in one UpdateSession (1)\n"
    "  --backoff MS                 before something is sent again (100)\n"
    "  --drain S                    give up when nothing was answered for so long (30)\n"
    "  --keep                       sessions stay open at the end\n";

enum {
    OPT_CONNECT = 256,
    OPT_TLS_DIR,
    OPT_CA,
    OPT_CERT,
    OPT_KEY,
    OPT_GATEWAY,
    OPT_AUTHORITY,
    OPT_SERVER_NAME,
    OPT_CLEARTEXT,
    OPT_TIMEOUT,
    OPT_JSON,
    OPT_PLMN,
    OPT_VECTORS,
    OPT_RESYNC,
    OPT_REPLY,
    OPT_LEGACY,
    OPT_SECONDS,
    OPT_COUNT,
    OPT_PROCEDURE,
    OPT_SUBSCRIBERS,
    OPT_FIRST_IMSI,
    OPT_RATE,
    OPT_IN_FLIGHT,
    OPT_CONNECTIONS,
    OPT_DURATION,
    OPT_METHOD,
    OPT_RAW,
    OPT_APN,
    OPT_OCTETS,
    OPT_UNITS,
    OPT_BATCH,
    OPT_BACKOFF,
    OPT_DRAIN,
    OPT_KEEP,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"connect", required_argument, NULL, OPT_CONNECT},
    {"tls-dir", required_argument, NULL, OPT_TLS_DIR},
    {"ca", required_argument, NULL, OPT_CA},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"gateway", required_argument, NULL, OPT_GATEWAY},
    {"authority", required_argument, NULL, OPT_AUTHORITY},
    {"server-name", required_argument, NULL, OPT_SERVER_NAME},
    {"cleartext", no_argument, NULL, OPT_CLEARTEXT},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"json", no_argument, NULL, OPT_JSON},
    {"plmn", required_argument, NULL, OPT_PLMN},
    {"vectors", required_argument, NULL, OPT_VECTORS},
    {"resync", required_argument, NULL, OPT_RESYNC},
    {"reply", required_argument, NULL, OPT_REPLY},
    {"legacy", no_argument, NULL, OPT_LEGACY},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"count", required_argument, NULL, OPT_COUNT},
    {"procedure", required_argument, NULL, OPT_PROCEDURE},
    {"subscribers", required_argument, NULL, OPT_SUBSCRIBERS},
    {"first-imsi", required_argument, NULL, OPT_FIRST_IMSI},
    {"rate", required_argument, NULL, OPT_RATE},
    {"in-flight", required_argument, NULL, OPT_IN_FLIGHT},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"duration", required_argument, NULL, OPT_DURATION},
    {"method", required_argument, NULL, OPT_METHOD},
    {"raw", required_argument, NULL, OPT_RAW},
    {"apn", required_argument, NULL, OPT_APN},
    {"octets", required_argument, NULL, OPT_OCTETS},
    {"units", required_argument, NULL, OPT_UNITS},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"backoff", required_argument, NULL, OPT_BACKOFF},
    {"drain", required_argument, NULL, OPT_DRAIN},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static enum err complain(const char *what, const char *text)
{
    fprintf(stderr, "fgw-agw: %s: '%s'\n", what, text);
    return ERR_INVALID;
}

static enum err parse_connect(struct agwc_options *link, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (n > 2 && text[0] == '[' && text[n - 1] == ']') { // [::1]:8443
        text++;
        n -= 2;
    }
    long port = colon ? strtol(colon + 1, NULL, 10) : 0;
    if (n == 0 || n >= sizeof(link->host) || port < 1 || port > 65535)
        return complain("--connect expects HOST:PORT", text);
    memcpy(link->host, text, n);
    link->host[n] = '\0';
    link->port = (uint16_t)port;
    return ERR_OK;
}

static enum err parse_procedure(struct load_options *load, const char *text)
{
    static const char *const names[] = {"air", "ulr", "pur", "attach"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], text) == 0) {
            load->procedure = (enum load_procedure)i;
            return ERR_OK;
        }
    }
    return complain("--procedure expects air, ulr, pur or attach", text);
}

static void add_word(struct arguments *args, const char *name, const char *value)
{
    snprintf(args->built[args->n_built++ % 3], sizeof(args->built[0]), "%s=%s", name, value);
}

static enum err take_connection(struct arguments *args, int option, const char *value)
{
    switch (option) {
    case OPT_CONNECT:
        return parse_connect(&args->link, value);
    case OPT_TLS_DIR:
        args->tls_dir = value;
        break;
    case OPT_CA:
        args->ca = value;
        break;
    case OPT_CERT:
        args->certificate = value;
        break;
    case OPT_KEY:
        args->key = value;
        break;
    case OPT_GATEWAY:
        args->link.gateway = value;
        break;
    case OPT_AUTHORITY:
        args->link.authority = value;
        break;
    case OPT_SERVER_NAME:
        args->link.server_name = value;
        break;
    case OPT_CLEARTEXT:
        args->link.cleartext = true;
        break;
    case OPT_TIMEOUT:
        args->link.timeout_ms = strtol(value, NULL, 10);
        break;
    case OPT_JSON:
        args->link.json = args->load.json = true;
        break;
    default:
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

static enum err take_load(struct arguments *args, int option, const char *value)
{
    struct load_options *load = &args->load;
    switch (option) {
    case OPT_PROCEDURE:
        return parse_procedure(load, value);
    case OPT_SUBSCRIBERS:
        load->subscribers = strtoull(value, NULL, 10);
        break;
    case OPT_FIRST_IMSI:
        load->first_imsi = value;
        break;
    case OPT_RATE:
        load->rate = strtod(value, NULL);
        break;
    case OPT_IN_FLIGHT:
        load->in_flight = (uint32_t)strtoul(value, NULL, 10);
        break;
    case OPT_CONNECTIONS:
        load->connections = strtoul(value, NULL, 10);
        break;
    case OPT_DURATION:
        load->duration_ms = (int64_t)(strtod(value, NULL) * 1000);
        break;
    case OPT_METHOD:
        load->path = value;
        load->raw = args->raw;
        break;
    case OPT_RAW:
        if (base_hex_decode(value, args->raw, sizeof(args->raw), &load->raw_len))
            return complain("--raw expects hexadecimal", value);
        break;
    default:
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

static enum err take_session(struct arguments *args, int option, const char *value)
{
    struct agws_options *session = &args->session;
    switch (option) {
    case OPT_APN:
        session->apn = value;
        break;
    case OPT_OCTETS:
        session->rate = strtod(value, NULL);
        break;
    case OPT_UNITS:
        session->units = strtod(value, NULL);
        break;
    case OPT_BATCH:
        session->batch = (uint32_t)strtoul(value, NULL, 10);
        break;
    case OPT_BACKOFF:
        session->backoff_ms = strtol(value, NULL, 10);
        break;
    case OPT_DRAIN:
        session->drain_ms = (int64_t)(strtod(value, NULL) * 1000);
        break;
    case OPT_KEEP:
        session->keep = true;
        break;
    default:
        return ERR_NOT_FOUND;
    }
    return session->batch >= 1 && session->batch <= 1000
               ? ERR_OK
               : complain("--batch expects 1 to 1000", value);
}

static enum err take_option(struct arguments *args, int option, const char *value)
{
    enum err err = take_connection(args, option, value);
    if (err == ERR_NOT_FOUND)
        err = take_load(args, option, value);
    if (err == ERR_NOT_FOUND)
        err = take_session(args, option, value);
    if (err != ERR_NOT_FOUND)
        return err;
    switch (option) {
    case OPT_PLMN:
        args->plmn = value;
        add_word(args, "plmn", value);
        break;
    case OPT_VECTORS:
        args->load.vectors = (uint32_t)strtoul(value, NULL, 10);
        add_word(args, "vectors", value);
        break;
    case OPT_RESYNC:
        add_word(args, "resync", value);
        break;
    case OPT_REPLY:
        if (args->n_replies == REPLIES_MAX)
            return complain("too many --reply", value);
        args->replies[args->n_replies++] = value;
        break;
    case OPT_LEGACY:
        args->legacy = true;
        break;
    case OPT_SECONDS:
        args->seconds = strtod(value, NULL);
        break;
    case OPT_COUNT:
        args->limit = args->load.count = strtoull(value, NULL, 10);
        break;
    case OPT_HELP:
        fputs(usage_text, stdout);
        exit(0);
    default:
        return ERR_INVALID; // getopt has complained
    }
    return ERR_OK;
}

static void set_path(char path[AGWC_PATH_MAX], const char *given, const char *dir, const char *name,
                     const char *suffix)
{
    if (given)
        snprintf(path, AGWC_PATH_MAX, "%s", given);
    else if (dir)
        snprintf(path, AGWC_PATH_MAX, "%s/%s%s", dir, name, suffix);
}

static enum err parse(struct arguments *args, int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        enum err err = take_option(args, option == 'h' ? OPT_HELP : option, optarg);
        if (err)
            return err;
    }
    for (int i = optind; i < argc && args->n_words < WORDS_MAX - 3; i++)
        args->words[args->n_words++] = argv[i];
    if (args->n_words == 0) {
        fputs(usage_text, stderr);
        return ERR_INVALID;
    }
    if (command_is_procedure(args->words[0])) {
        for (size_t i = 0; i < args->n_built && i < 3; i++)
            args->words[args->n_words++] = args->built[i];
    }
    const char *id = args->link.gateway ? args->link.gateway : "client";
    if (!args->link.cleartext) {
        set_path(args->link.ca, args->ca, args->tls_dir, "ca", ".pem");
        set_path(args->link.certificate, args->certificate, args->tls_dir, id, ".pem");
        set_path(args->link.key, args->key, args->tls_dir, id, ".key");
    }
    return ERR_OK;
}

// ---- commands ----

static void show_method(const struct reflect_method *method, void *arg)
{
    printf("%s\n", method->path);
    const ProtobufCMessageDescriptor *messages[2] = {method->input, method->output};
    for (int i = 0; i < 2; i++) {
        printf("  %s %s:", i == 0 ? "takes" : "gives", messages[i]->name);
        for (unsigned f = 0; f < messages[i]->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &messages[i]->fields[f];
            printf(" %s%s", field->name, field->label == PROTOBUF_C_LABEL_REPEATED ? "[]" : "");
        }
        printf("\n");
    }
}

static int do_call(struct agwc *link, struct arguments *args)
{
    struct reflect_method method;
    ProtobufCMessage *message;
    struct agwc_answer answer;
    char why[REFLECT_WHY] = "";

    if (command_build(args->words[0], args->words + 1, args->n_words - 1, &method, &message, why)) {
        fprintf(stderr, "fgw-agw: %s\n", why);
        return 2;
    }
    enum err err = agwc_call(link, &method, message, &answer);
    protobuf_c_message_free_unpacked(message, NULL);
    if (err && err != ERR_DECODE_SYNTAX) {
        fprintf(stderr, "fgw-agw: call not made: %s\n", err_str(err));
        return 1;
    }
    command_print_answer(stdout, &args->link, &method, &answer, err);
    int exit_code = err || answer.status != RPC_OK || command_refused(&answer) ? 1 : 0;
    agwc_answer_fini(&answer);
    return exit_code;
}

static enum err add_reply(struct agwc_tunnel *tunnel, const char *text)
{
    struct agwc_rule rule = {.status = 0};
    char copy[1024], why[REFLECT_WHY], *rest = NULL;
    if (strlen(text) >= sizeof(copy))
        return complain("--reply is too long", text);
    memcpy(copy, text, strlen(text) + 1);
    char *word = strtok_r(copy, ",", &rest);
    snprintf(rule.method, sizeof(rule.method), "%s", word ? word : "");
    while (word && (word = strtok_r(NULL, ",", &rest))) {
        if (agwc_rule_add(&rule, word, why)) {
            fprintf(stderr, "fgw-agw: --reply: %s\n", why);
            return ERR_INVALID;
        }
    }
    return agwc_tunnel_rule(tunnel, &rule);
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = 1;
}

static int do_listen(struct agwc *link, struct arguments *args)
{
    struct agwc_tunnel *tunnel;
    int64_t until = base_now_ns() + (int64_t)(args->seconds * 1e9);
    if (agwc_tunnel_open(link, args->legacy, &tunnel))
        return 1;
    for (size_t i = 0; i < args->n_replies; i++) {
        if (add_reply(tunnel, args->replies[i])) {
            agwc_tunnel_close(tunnel);
            return 2;
        }
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (agwc_tunnel_wait_open(tunnel, args->link.timeout_ms)) {
        fprintf(stderr, "fgw-agw: cannot reach %s:%u yet, trying on\n", args->link.host,
                args->link.port);
    } else {
        printf("%s\n", args->link.json ? "{\"event\":\"open\"}" : "tunnel open");
        fflush(stdout);
    }
    uint64_t seen = 0;
    while (!interrupted && (args->limit == 0 || seen < args->limit)) {
        struct agwc_request *request;
        if (args->seconds > 0 && base_now_ns() >= until)
            break;
        if (agwc_tunnel_take(tunnel, "", 100, &request))
            continue;
        command_print_request(stdout, &args->link, request);
        agwc_request_free(request);
        seen++;
    }
    usleep(50000); // the answer to the last one goes out
    agwc_tunnel_close(tunnel);
    return args->limit && seen < args->limit ? 1 : 0;
}

static int do_load(struct agwc *link, struct arguments *args)
{
    struct load_options *load = &args->load;
    struct base_plmn plmn;
    const char *digits = args->plmn ? args->plmn : "00101";
    if (base_plmn_parse(digits, strlen(digits), &plmn)) {
        complain("--plmn expects digits", digits);
        return 2;
    }
    base_plmn_to_bcd(&plmn, load->plmn);
    if (agwc_wait_connected(link, args->link.timeout_ms)) {
        fprintf(stderr, "fgw-agw: cannot connect to %s:%u\n", args->link.host, args->link.port);
        return 1;
    }
    enum err err = load_run(link, load);
    if (err == ERR_INVALID)
        complain("--first-imsi expects 6 to 15 digits", load->first_imsi);
    return err ? 1 : 0;
}

static int do_session(struct agwc *link, struct arguments *args)
{
    struct agws_options *session = &args->session;
    const char *first = args->load.first_imsi;
    if (strlen(first) < 6 || strlen(first) > 15 || strspn(first, "0123456789") != strlen(first)) {
        complain("--first-imsi expects 6 to 15 digits", first);
        return 2;
    }
    session->first_imsi = first;
    session->sessions = args->load.subscribers;
    session->in_flight = args->load.in_flight;
    session->connections = args->load.connections;
    session->duration_ms = args->load.duration_ms;
    session->json = args->load.json;
    if (agwc_wait_connected(link, args->link.timeout_ms)) {
        fprintf(stderr, "fgw-agw: cannot connect to %s:%u\n", args->link.host, args->link.port);
        return 1;
    }
    return agws_run(link, session) ? 1 : 0;
}

int main(int argc, char **argv)
{
    static struct arguments args = {
        .link = {.host = "127.0.0.1", .port = 8443, .timeout_ms = 10000},
        .load = {.first_imsi = "001010000000001",
                 .subscribers = 1000,
                 .vectors = 1,
                 .in_flight = 64,
                 .connections = 4,
                 .duration_ms = 10000},
        .session =
            {.apn = "internet", .units = 1, .batch = 1, .backoff_ms = 100, .drain_ms = 30000},
    };
    struct agwc *link;
    int code = 2;

    signal(SIGPIPE, SIG_IGN);
    if (parse(&args, argc, argv))
        return 2;
    const char *command = args.words[0];
    if (strcmp(command, "methods") == 0) {
        reflect_each(show_method, NULL);
        return 0;
    }
    if (args.load.subscribers == 0 || args.load.in_flight == 0 || args.load.connections == 0)
        return complain("--subscribers, --in-flight and --connections must be at least", "1") ==
                       ERR_OK
                   ? 0
                   : 2;
    bool many = strcmp(command, "load") == 0 || strcmp(command, "session") == 0;
    size_t channels = many ? args.load.connections : 1;
    enum err err = agwc_open(&args.link, channels, &link);
    if (err) {
        fprintf(stderr, "fgw-agw: %s\n", err_str(err));
        return 1;
    }
    if (command_is_procedure(command) || strcmp(command, "call") == 0)
        code = do_call(link, &args);
    else if (strcmp(command, "listen") == 0)
        code = do_listen(link, &args);
    else if (strcmp(command, "load") == 0)
        code = do_load(link, &args);
    else if (strcmp(command, "session") == 0)
        code = do_session(link, &args);
    else if (strcmp(command, "script") == 0 && args.n_words == 2)
        code = script_run(link, args.words[1]) ? 1 : 0;
    else
        fputs(usage_text, stderr);
    agwc_close(link);
    return code;
}
