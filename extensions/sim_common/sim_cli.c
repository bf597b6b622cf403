// SPDX-License-Identifier: BSD-3-Clause
// Words to the control socket, the reply to standard output.
#include "sim_cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim_config.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

static void usage(const struct sim_cli *cli, FILE *out)
{
    fprintf(out, "usage: %s [-c FILE] COMMAND ...     (default: %s)\n"
            "database (also where no simulator runs):\n%s"
            "  sessions [IMSI|SESSION]              open sessions\n"
            "  forget IMSI|SESSION|all              closes sessions without a word\n"
            "a running simulator (exit code 1 unless the gateway answers 2001):\n"
            "  status    rar IMSI|SESSION|all [rg=N] [service=N] [AVPS as JSON]\n"
            "  asr IMSI|SESSION|all [AVPS]    push IMSI|SESSION|all\n"
            "  fault add ... | list | clear [ID]    script load FILE | status | clear\n"
            "  log LEVEL\n", cli->name, cli->default_conf, cli->help);
}

static int connect_control(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (strlen(path) < sizeof address.sun_path) {
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
    }
    close(fd);
    return -1;
}

static void put_word(FILE *out, const char *word)
{
    fputc('"', out);
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            fputc('\\', out);
        fputc(*word == '\n' ? ' ' : *word, out);
    }
    fputc('"', out);
}

static int remote(int fd, int n, char **words)
{
    FILE *io = fdopen(fd, "r+");
    char line[16384];
    int code = FAILED;

    if (!io) {
        close(fd);
        return FAILED;
    }
    for (int i = 0; i < n; i++) {
        if (i)
            fputc(' ', io);
        put_word(io, words[i]);
    }
    fputc('\n', io);
    fflush(io);
    while (fgets(line, sizeof line, io)) {
        if (sscanf(line, "exit %d", &code) == 1)
            break;
        fputs(line, stdout);
    }
    fclose(io);
    return code;
}

static int local(const struct sim_cli *cli, const struct sim_config *config, int n, char **words)
{
    struct sim_reply reply = {0};
    struct sim_cc *cc = NULL;
    enum err err = cli->open(config->database, &cc);
    int code;

    if (err) {
        fprintf(stderr, "%s: %s: %s\n", cli->name, config->database, err_str(err));
        return FAILED;
    }
    code = sim_cc_command(cc, n, words, &reply);
    if (reply.text)
        fputs(reply.text, stdout);
    if (code == -1) {
        fprintf(stderr, "%s: %s: no simulator listens there\n", cli->name, config->control);
        code = FAILED;
    }
    free(reply.text);
    sim_cc_free(cc);
    return code;
}

static void report(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

int sim_cli_main(const struct sim_cli *cli, int argc, char **argv)
{
    const char *path = cli->default_conf;
    struct sim_config config;
    int option, fd, code;
    enum err err;

    while ((option = getopt(argc, argv, "+c:h")) != -1) {
        if (option == 'c') {
            path = optarg;
            continue;
        }
        usage(cli, option == 'h' ? stdout : stderr);
        return option == 'h' ? DONE : USAGE;
    }
    if (optind == argc) {
        usage(cli, stderr);
        return USAGE;
    }
    err = sim_config_load(path, &config, report);
    if (err) {
        fprintf(stderr, "%s: %s: %s\n", cli->name, path, err_str(err));
        return FAILED;
    }
    fd = connect_control(config.control);
    code = fd >= 0 ? remote(fd, argc - optind, argv + optind)
                   : local(cli, &config, argc - optind, argv + optind);
    if (code == USAGE)
        fprintf(stderr, "%s -h shows how\n", cli->name);
    sim_config_free(&config);
    return code;
}
