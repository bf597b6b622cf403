// SPDX-License-Identifier: BSD-3-Clause
// fgw-vlr: an MSC/VLR for the SGs interface, to try an MME against and to break things on purpose.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/daemon.h"
#include "base/log.h"
#include "vlr_sim/console.h"

enum { ADDRS_MAX = SCT_ADDRS_MAX, OPT_LOOP = 256, OPT_NO_TMSI, OPT_RULE };

static const char usage[] =
    "usage: fgw-vlr [options]              run; commands on standard input, `help` lists them\n"
    "       fgw-vlr -c SOCKET COMMAND...   send a command to a running one\n"
    "\n"
    "  -l, --listen ADDRESS   own address, may be repeated (multi-homing); default 127.0.0.1\n"
    "  -p, --port PORT        SCTP port; default 29118\n"
    "  -b, --backend WHICH    auto, kernel or user (libusrsctp); default auto\n"
    "  -u, --udp PORT         user backend: own UDP port of the encapsulation; default raw IP\n"
    "  -U, --peer-udp PORT    the peers' UDP port; default: that of -u\n"
    "  -n, --name NAME        VLR name; default vlr.mnc001.mcc001.3gppnetwork.org\n"
    "  -N, --network NAME     network name sent after location updates; default none\n"
    "      --no-tmsi          do not allocate TMSIs\n"
    "      --loop             send short messages back to who sent them\n"
    "      --rule RULE        scripted reply, as the command; may be repeated\n"
    "  -s, --socket PATH      take commands here as well\n"
    "  -d, --daemon           not from standard input\n"
    "  -t, --trace            print every message\n"
    "  -h, --help\n";

#define RULES_MAX 16

struct options {
    const char *addrs[ADDRS_MAX];
    size_t n_addrs;
    unsigned long port;
    int backend;
    long udp_port, peer_udp_port; // -1: not given
    const char *name, *network, *socket, *ask;
    const char *rules[RULES_MAX];
    size_t n_rules;
    bool no_tmsi, loop, background, trace;
};

static int backend_of(const char *name)
{
    for (int i = 0; i < SCT_BACKENDS; i++) {
        if (strcmp(name, sct_backend_name((enum sct_backend)i)) == 0)
            return i;
    }
    return -1;
}

// False: not understood.
static bool take_option(struct options *o, int option)
{
    switch (option) {
    case 'l':
        if (o->n_addrs == ADDRS_MAX)
            return false;
        o->addrs[o->n_addrs++] = optarg;
        return true;
    case 'p':
        o->port = strtoul(optarg, NULL, 10);
        return o->port > 0 && o->port < 65536;
    case 'b':
        o->backend = backend_of(optarg);
        return o->backend >= 0;
    case 'u':
        o->udp_port = strtol(optarg, NULL, 10);
        return o->udp_port >= 0 && o->udp_port < 65536;
    case 'U':
        o->peer_udp_port = strtol(optarg, NULL, 10);
        return o->peer_udp_port > 0 && o->peer_udp_port < 65536;
    case 'n':
        o->name = optarg;
        return true;
    case 'N':
        o->network = optarg;
        return true;
    case 's':
        o->socket = optarg;
        return true;
    case 'c':
        o->ask = optarg;
        return true;
    case 'd':
        o->background = true;
        return true;
    case 't':
        o->trace = true;
        return true;
    case OPT_NO_TMSI:
        o->no_tmsi = true;
        return true;
    case OPT_LOOP:
        o->loop = true;
        return true;
    case OPT_RULE:
        if (o->n_rules == RULES_MAX)
            return false;
        o->rules[o->n_rules++] = optarg;
        return true;
    default:
        return false;
    }
}

static const struct option long_options[] = {
    {"listen", required_argument, NULL, 'l'},   {"port", required_argument, NULL, 'p'},
    {"backend", required_argument, NULL, 'b'},  {"udp", required_argument, NULL, 'u'},
    {"peer-udp", required_argument, NULL, 'U'}, {"name", required_argument, NULL, 'n'},
    {"network", required_argument, NULL, 'N'},  {"no-tmsi", no_argument, NULL, OPT_NO_TMSI},
    {"loop", no_argument, NULL, OPT_LOOP},      {"rule", required_argument, NULL, OPT_RULE},
    {"socket", required_argument, NULL, 's'},   {"daemon", no_argument, NULL, 'd'},
    {"trace", no_argument, NULL, 't'},          {"command", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
};

static int ask(const char *path, int n, char **words)
{
    char *command = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&command, &size);
    if (!out)
        return 1;
    for (int i = 0; i < n; i++)
        fprintf(out, "%s%s", i ? " " : "", words[i]);
    fclose(out);
    int code = console_ask(path, command);
    free(command);
    return code;
}

static enum err fill(const struct options *o, struct vlr_link_settings *link,
                     struct vlr_settings *vlr)
{
    static const char *const loopback[] = {"127.0.0.1"};
    struct sgsap_msg probe;
    *link = (struct vlr_link_settings){.options = sct_options_default};
    link->stack.backend = o->backend;
    link->stack.udp_port = o->udp_port > 0 ? o->udp_port : 0;
    if (o->peer_udp_port > 0)
        link->options.peer_udp_port = o->peer_udp_port;
    else if (o->udp_port > 0)
        link->options.peer_udp_port = o->udp_port;
    *vlr = (struct vlr_settings){
        .name = o->name,
        .tmsi = !o->no_tmsi,
        .full_name = o->network,
        .short_name = o->network,
        .center = "447785016005",
        .loop = o->loop,
        .max_subscribers = 1000000,
        .timers = sgsap_timers_default,
    };
    sgsap_init(&probe, SGSAP_RESET_INDICATION);
    enum err err = sgsap_set_name(&probe, SGSAP_IE_VLR_NAME, o->name);
    if (err)
        return err;
    return sct_addrs_parse(o->n_addrs ? o->addrs : loopback, o->n_addrs ? o->n_addrs : 1,
                           (uint16_t)o->port, &link->local);
}

static enum err add_rules(const struct options *o, struct vlr *vlr)
{
    for (size_t i = 0; i < o->n_rules; i++) {
        struct vlr_rule rule;
        const char *why;
        unsigned id;
        enum err err = vlr_rule_parse(o->rules[i], &rule, &why);
        if (err) {
            fprintf(stderr, "fgw-vlr: rule '%s': %s\n", o->rules[i], why);
            return err;
        }
        err = vlr_rules_add(vlr_rules_of(vlr), &rule, &id);
        if (err)
            return err;
    }
    return ERR_OK;
}

static void on_stop(unsigned nth, void *arg)
{
    base_loop_stop(arg);
}

static enum err run(const struct options *o)
{
    const struct base_daemon_hooks hooks = {.stop = on_stop};
    struct base_loop *loop = NULL;
    struct base_daemon *daemon = NULL;
    struct consoles *consoles = NULL;
    struct vlr_link *link = NULL;
    struct vlr_link_settings link_settings;
    struct vlr_settings vlr_settings;
    struct vlr_watch watch;
    enum err err = fill(o, &link_settings, &vlr_settings);
    if (err)
        goto out;
    err = base_daemon_prepare();
    if (err)
        goto out;
    err = base_loop_new("vlr", 1024, &loop);
    if (err)
        goto out;
    err = base_daemon_attach(loop, &hooks, loop, &daemon);
    if (err)
        goto out;
    err = consoles_new(loop, o->socket, !o->background, o->trace, &consoles);
    if (err)
        goto out;
    watch = consoles_watch(consoles);
    err = vlr_link_new(loop, &link_settings, &vlr_settings, &watch, &link);
    if (err)
        goto out;
    consoles_use(consoles, link);
    err = add_rules(o, vlr_link_vlr(link));
    if (err)
        goto out;
    base_daemon_ready(NULL);
    err = base_loop_run(loop);

out:
    consoles_free(consoles);
    vlr_link_free(link);
    base_daemon_detach(daemon);
    base_loop_free(loop);
    return err;
}

int main(int argc, char **argv)
{
    struct options o = {.port = SGSAP_PORT, .backend = SCT_AUTO, .udp_port = -1,
                        .peer_udp_port = -1, .network = "",
                        .name = "vlr.mnc001.mcc001.3gppnetwork.org"};
    int option;
    while ((option = getopt_long(argc, argv, "l:p:b:u:U:n:N:s:c:dth", long_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (!take_option(&o, option)) {
            fputs(usage, stderr);
            return 2;
        }
        if (o.ask) // the rest is the command
            return ask(o.ask, argc - optind, argv + optind);
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    enum err err = run(&o);
    if (err)
        fprintf(stderr, "fgw-vlr: %s\n", err_str(err));
    return err ? 1 : 0;
}
