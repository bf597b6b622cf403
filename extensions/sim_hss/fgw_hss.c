// SPDX-License-Identifier: BSD-3-Clause
// fgw-hss: command line of the HSS simulator. Subscribers are changed in the database (and a
// running HSS is told to read them again); everything else goes to the running HSS through its
// control socket.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hss_config.h"
#include "hss_csv.h"
#include "hss_fields.h"

#define DEFAULT_CONF "/etc/fgw/sim_hss.conf"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

struct cli {
    struct hss_config config;
    struct hss_store *store; // opened when a command needs it
    struct aka_gen *gen;
};

static void usage(FILE *out)
{
    fputs("usage: fgw-hss [-c sim_hss.conf] COMMAND ...\n"
          "subscribers (in the database; a running HSS reads the change at once):\n"
          "  add imsi=IMSI k=HEX op=HEX|opc=HEX [field=value ...]   adds or changes one\n"
          "  gen N imsi=FIRST [field=value ...]                     N consecutive ones\n"
          "  import FILE.csv                                        \"-\" reads standard input\n"
          "  list [FIRST [COUNT]]                                   imsi, msisdn, algorithm, MME\n"
          "  show IMSI                                              all fields but the keys\n"
          "  delete IMSI ...\n"
          "  fields                                                 what there is to set\n"
          "a running HSS (answers of nodes are shown; exit code 1 unless it is 2001):\n"
          "  status                                                 counters, serving nodes\n"
          "  clr IMSI [TYPE] [reattach]     CancelLocation: withdrawal (default), mme-update,\n"
          "                                 sgsn-update, update-iwf, initial-attach\n"
          "  idr IMSI [field=value ...] [flags=N]                   InsertSubscriberData\n"
          "  dsr IMSI zones|apns|charging|apn_oi|rau_tau_timer|pdn=ID[,ID]|flags=N ...\n"
          "  rsr [IMSI-PREFIX ...]                                  Reset, to every serving node\n"
          "  rtr IMSI [REASON-CODE [INFO]]          Registration-Termination, to its AAA server\n"
          "  ppr IMSI [flags=N]                     Push-Profile, with the subscription as it is\n"
          "  fault add [cmd=AIR|ULR|PUR|NOR|MAR|SAR] [imsi=PREFIX] [count=N]\n"
          "            delay=MS|result=CODE|exp=CODE|drop|disconnect|duplicate ...\n"
          "  fault list | fault clear [ID]\n"
          "  seq IMSI [SEQ]                                         SEQ of the sequence numbers\n"
          "  reload [IMSI]   log LEVEL   help\n", out);
}

// ---- the running HSS ----

static int connect_control(const struct cli *cli)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (strlen(cli->config.control) < sizeof address.sun_path) {
        memcpy(address.sun_path, cli->config.control, strlen(cli->config.control) + 1);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
    }
    close(fd);
    return -1;
}

// Sends the words as one line. Words with blanks are quoted.
static bool send_words(int fd, int n, char **words)
{
    FILE *out = fdopen(dup(fd), "w");
    bool ok;

    if (!out)
        return false;
    for (int i = 0; i < n; i++) {
        const char *quote = strpbrk(words[i], " \t") || !*words[i] ? "\"" : "";

        fprintf(out, "%s%s%s%s", i ? " " : "", quote, words[i], quote);
    }
    fputc('\n', out);
    ok = !ferror(out);
    return fclose(out) == 0 && ok;
}

// Copies the reply to `out` (NULL: nowhere) up to its last line, which is the exit code.
static int read_reply(int fd, FILE *out)
{
    FILE *in = fdopen(fd, "r");
    char line[16384];
    int code = FAILED;

    if (!in) {
        close(fd);
        return FAILED;
    }
    while (fgets(line, sizeof line, in)) {
        if (sscanf(line, "exit %d", &code) == 1)
            break;
        if (out)
            fputs(line, out);
    }
    fclose(in);
    return code;
}

static int remote(const struct cli *cli, int n, char **words)
{
    int fd = connect_control(cli);

    if (fd < 0) {
        fprintf(stderr, "fgw-hss: %s: %s\n", cli->config.control, strerror(errno));
        return FAILED;
    }
    if (!send_words(fd, n, words)) {
        fprintf(stderr, "fgw-hss: %s\n", strerror(errno));
        close(fd);
        return FAILED;
    }
    return read_reply(fd, stdout);
}

// Tells a running HSS, if there is one, that subscribers changed. imsi NULL: many.
static void notify(const struct cli *cli, const char *imsi)
{
    char *words[] = {(char[]){"reload"}, (char *)(uintptr_t)imsi};
    int fd = connect_control(cli);

    if (fd < 0)
        return;
    if (send_words(fd, imsi ? 2 : 1, words) && read_reply(fd, NULL) != DONE)
        fprintf(stderr, "fgw-hss: the running HSS could not read the change\n");
}

// ---- the database ----

static bool open_store(struct cli *cli)
{
    enum err err = aka_gen_new(&cli->gen);

    if (!err)
        err = hss_store_open(cli->config.database, &cli->store);
    if (err)
        fprintf(stderr, "fgw-hss: %s: %s\n", cli->config.database, err_str(err));
    return err == ERR_OK;
}

static bool assign(struct hss_profile *p, int n, char **words)
{
    for (int i = 0; i < n; i++) {
        enum err err = hss_field_assign(p, words[i], NULL);

        if (err) {
            fprintf(stderr, "fgw-hss: %.*s: %s\n", (int)strcspn(words[i], "="), words[i],
                    err == ERR_NOT_FOUND ? "no such field" : err_str(err));
            return false;
        }
    }
    return true;
}

// The profile to change: the stored one where `words` name a known IMSI, else a new one.
static struct hss_profile *base_profile(struct cli *cli, int n, char **words)
{
    struct hss_profile *p = NULL;

    for (int i = 0; i < n; i++) {
        if (strncmp(words[i], "imsi=", 5) == 0 &&
            hss_store_get(cli->store, cli->gen, words[i] + 5, &p, NULL) == ERR_OK)
            return p;
    }
    return hss_profile_new();
}

static struct hss_profile *profile_of(struct cli *cli, struct hss_profile *p, int n, char **words)
{
    const char *why = "out of memory";

    if (p && assign(p, n, words)) {
        if (p->n_apns == 0)
            hss_field_assign(p, "apns=internet", NULL);
        if (hss_profile_finish(p, cli->gen, &why) == ERR_OK)
            return p;
        fprintf(stderr, "fgw-hss: %s\n", why);
    }
    hss_profile_unref(p);
    return NULL;
}

static int do_add(struct cli *cli, int n, char **words)
{
    struct hss_profile *p;
    enum err err;

    if (n < 1)
        return USAGE;
    p = profile_of(cli, base_profile(cli, n, words), n, words);
    if (!p)
        return FAILED;
    err = hss_store_put(cli->store, p);
    if (!err)
        notify(cli, p->imsi);
    hss_profile_unref(p);
    return err ? FAILED : DONE;
}

static int do_gen(struct cli *cli, int n, char **words)
{
    struct hss_profile *p;
    char *end;
    unsigned long long count;
    enum err err;

    if (n < 2)
        return USAGE;
    count = strtoull(words[0], &end, 10);
    if (*end || count == 0)
        return USAGE;
    p = profile_of(cli, hss_profile_new(), n - 1, words + 1);
    if (!p)
        return FAILED;
    err = hss_generate(cli->store, p, (size_t)count);
    hss_profile_unref(p);
    if (err) {
        fprintf(stderr, "fgw-hss: %s\n", err_str(err));
        return FAILED;
    }
    printf("%llu subscribers stored\n", count);
    notify(cli, NULL);
    return DONE;
}

static void print_refusal(void *ctx, size_t line, const char *why)
{
    fprintf(stderr, "%s:%zu: %s\n", (const char *)ctx, line, why);
}

static int do_import(struct cli *cli, int n, char **words)
{
    struct hss_csv_report report = {.refuse = print_refusal};
    FILE *in;
    enum err err;

    if (n != 1)
        return USAGE;
    in = strcmp(words[0], "-") == 0 ? stdin : fopen(words[0], "r");
    if (!in) {
        fprintf(stderr, "fgw-hss: %s: %s\n", words[0], strerror(errno));
        return FAILED;
    }
    report.ctx = words[0];
    err = hss_csv_import(in, cli->store, cli->gen, &report);
    if (in != stdin)
        fclose(in);
    printf("%zu subscribers stored, %zu lines refused\n", report.stored, report.refused);
    if (report.stored)
        notify(cli, NULL);
    return err || report.refused ? FAILED : DONE;
}

static enum err list_one(void *ctx, struct hss_profile *p, const struct hss_state *s)
{
    unsigned long long *left = ctx;

    printf("%-15s %-15s %-8s %s%s\n", p->imsi, p->msisdn[0] ? p->msisdn : "-",
           aka_alg_name(p->cred.alg), s->mme_host[0] ? s->mme_host : "-",
           s->mme_purged ? " (purged)" : "");
    return --*left ? ERR_OK : ERR_CANCELLED;
}

static int do_list(struct cli *cli, int n, char **words)
{
    unsigned long long left = n > 1 ? strtoull(words[1], NULL, 10) : UINT64_MAX;
    enum err err;

    if (n > 2 || left == 0)
        return USAGE;
    err = hss_store_each(cli->store, cli->gen, n ? words[0] : "", list_one, &left);
    return err && err != ERR_CANCELLED ? FAILED : DONE;
}

static int show_stored(struct cli *cli, const char *imsi)
{
    struct hss_profile *p = NULL;
    struct hss_state s;
    char text[HSS_FIELD_TEXT_MAX];

    if (hss_store_get(cli->store, cli->gen, imsi, &p, &s)) {
        fprintf(stderr, "fgw-hss: %s: unknown subscriber\n", imsi);
        return FAILED;
    }
    for (size_t i = 0; i < hss_n_fields; i++) {
        if (hss_fields[i].secret) // input-only fields are secret, too
            continue;
        hss_fields[i].get(p, &hss_fields[i], text, sizeof text);
        printf("%-20s %s\n", hss_fields[i].name, text);
    }
    printf("%-20s %llu (stored)\n", "seq", (unsigned long long)s.he.seq);
    printf("%-20s %s%s\n", "mme", s.mme_host[0] ? s.mme_host : "-",
           s.mme_purged ? " (purged)" : "");
    printf("%-20s %s%s\n", "sgsn", s.sgsn_host[0] ? s.sgsn_host : "-",
           s.sgsn_purged ? " (purged)" : "");
    hss_profile_unref(p);
    return DONE;
}

// From the running HSS, which knows the latest; from the database where none runs.
static int do_show(struct cli *cli, int n, char **words)
{
    char *line[] = {(char[]){"show"}, words[0]};
    int fd;

    if (n != 1)
        return USAGE;
    fd = connect_control(cli);
    if (fd < 0)
        return show_stored(cli, words[0]);
    return send_words(fd, 2, line) ? read_reply(fd, stdout) : (close(fd), FAILED);
}

static int do_delete(struct cli *cli, int n, char **words)
{
    int code = DONE;

    if (n < 1)
        return USAGE;
    for (int i = 0; i < n; i++) {
        enum err err = hss_store_delete(cli->store, words[i]);

        if (err) {
            fprintf(stderr, "fgw-hss: %s: %s\n", words[i],
                    err == ERR_NOT_FOUND ? "unknown subscriber" : err_str(err));
            code = FAILED;
        } else {
            notify(cli, words[i]);
        }
    }
    return code;
}

static int do_fields(struct cli *cli, int n, char **words)
{
    for (size_t i = 0; i < hss_n_fields; i++)
        printf("%-20s %s\n", hss_fields[i].name, hss_fields[i].help);
    return DONE;
}

static const struct {
    const char *name;
    int (*run)(struct cli *cli, int n, char **words);
} commands[] = {
    {"add", do_add},   {"gen", do_gen},       {"import", do_import}, {"list", do_list},
    {"show", do_show}, {"delete", do_delete}, {"fields", do_fields},
};

static int run(struct cli *cli, int n, char **words)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(words[0], commands[i].name) == 0)
            return open_store(cli) ? commands[i].run(cli, n - 1, words + 1) : FAILED;
    }
    return remote(cli, n, words);
}

static void report(const char *line)
{
    fprintf(stderr, "fgw-hss: %s\n", line);
}

int main(int argc, char **argv)
{
    const char *conf = DEFAULT_CONF;
    struct cli cli = {0};
    int option, code;
    enum err err;

    while ((option = getopt(argc, argv, "+c:h")) != -1) {
        if (option == 'c') {
            conf = optarg;
            continue;
        }
        usage(option == 'h' ? stdout : stderr);
        return option == 'h' ? DONE : USAGE;
    }
    if (optind == argc) {
        usage(stderr);
        return USAGE;
    }
    err = hss_config_load(conf, &cli.config, report);
    if (err) {
        fprintf(stderr, "fgw-hss: %s: %s\n", conf, err_str(err));
        return FAILED;
    }
    code = run(&cli, argc - optind, argv + optind);
    if (code == USAGE)
        fprintf(stderr, "fgw-hss -h shows how\n");
    hss_store_close(cli.store);
    aka_gen_free(cli.gen);
    hss_config_free(&cli.config);
    return code;
}
