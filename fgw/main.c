// SPDX-License-Identifier: BSD-3-Clause
// fgwd: the command line, signals and the supervisor. Everything else is the core's (core.h).
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/daemon.h"
#include "diameter/stack.h"
#include "fgw/core.h"
#include "fgw/health.h"
#include "fgw/log.h"
#include "fgw/settings.h"

enum { LEVELS_MAX = 32, END_WITHIN_S = 15, HURRY_S = 3 };
enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage_text[] =
    "usage: fgwd [-c fgw.conf] [-g gateway.conf] [-t] [-d [category=]level]...\n"
    "\n"
    "  -c FILE   freeDiameter configuration (default " FGW_CONF_DIR "/fgw.conf)\n"
    "  -g FILE   gateway configuration (default " FGW_CONF_DIR "/gateway.conf)\n"
    "  -t        check both files, load the extensions, and exit: 0 if all is well\n"
    "  -d LEVEL  log level of all categories, or of one: dia=debug (wins over the file)\n"
    "  -V        version\n"
    "  -h        this text\n"
    "\n"
    "SIGHUP reloads. SIGTERM and SIGINT finish what is in flight; a second one ends that.\n";

static bool hurried; // a second signal has come

static void to_stderr(const char *line, void *arg)
{
    fprintf(stderr, "fgwd: %s\n", line);
}

static void logged_already(const char *line, void *arg)
{
}

static void reload(void *arg)
{
    base_daemon_reloading();
    enum err err = fgw_core_reload(logged_already, NULL);
    base_daemon_ready(err ? "running; the last reload failed" : "running");
}

// The last steps of a stop block: what ends them if a peer does not let go.
static void on_alarm(int number)
{
    static const char text[] = "fgwd: a peer did not let go in time, ended without it\n";
    ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)n;
    _exit(EXIT_FAILED);
}

static void hurry(int number)
{
    alarm(HURRY_S);
}

static void bound_the_end(unsigned timeout_s)
{
    const struct sigaction end = {.sa_handler = on_alarm}, faster = {.sa_handler = hurry};
    sigset_t set;
    sigaction(SIGALRM, &end, NULL);
    sigaction(SIGTERM, &faster, NULL);
    sigaction(SIGINT, &faster, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    alarm(timeout_s);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void on_drained(void *arg)
{
    base_loop_stop(fgw_core_main_loop());
}

static void stop(unsigned nth, void *arg)
{
    if (nth > 1) {
        base_log(&log_fgw, BASE_LOG_WARN, NULL, "not waiting any longer for what is in flight");
        hurried = true;
        base_loop_stop(fgw_core_main_loop());
        return;
    }
    base_log(&log_fgw, BASE_LOG_NOTICE, NULL, "stopping: what is in flight gets %lld ms",
             (long long)fgw_core_shutdown_ms());
    base_daemon_stopping("draining");
    fgw_core_drain(on_drained, NULL);
}

static bool healthy(void *arg)
{
    char why[200];
    if (fgw_health_alive(fgw_core_health(), why, sizeof(why)))
        return true;
    base_log(&log_fgw, BASE_LOG_ERROR, NULL, "watchdog: %s", why);
    return false;
}

static enum err run(void)
{
    static const struct base_daemon_hooks hooks = {
        .stop = stop, .reload = reload, .healthy = healthy};
    struct base_daemon *daemon = NULL;
    enum err err = fgw_core_start();
    if (!err)
        err = base_daemon_attach(fgw_core_main_loop(), &hooks, NULL, &daemon);
    if (!err) {
        base_daemon_ready("running");
        err = base_loop_run(fgw_core_main_loop());
        if (!err && dia_stack_failed()) // it asked for the end: the supervisor starts us again
            err = ERR_DIA_LIBRARY;
    }
    base_daemon_detach(daemon);
    return err;
}

static int usage(FILE *out, int code)
{
    fputs(usage_text, out);
    return code;
}

// Returns -1 to go on, else the exit code.
static int parse_options(int argc, char **argv, struct fgw_options *options, const char **levels,
                         bool *check)
{
    for (int opt; (opt = getopt(argc, argv, "c:g:td:Vh")) != -1;) {
        switch (opt) {
        case 'c':
            options->dia_conf = optarg;
            break;
        case 'g':
            options->gateway_conf = optarg;
            break;
        case 't':
            *check = true;
            break;
        case 'd':
            if (options->n_levels == LEVELS_MAX || fgw_log_level_apply(optarg) == ERR_INVALID) {
                fprintf(stderr, "fgwd: -d %s: expected [category=]level; levels: error, warn, "
                                "notice, info, debug\n", optarg);
                return EXIT_USAGE;
            }
            levels[options->n_levels++] = optarg;
            break;
        case 'V':
            puts("fgwd " FGW_VERSION);
            return 0;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, EXIT_USAGE);
        }
    }
    return optind == argc ? -1 : usage(stderr, EXIT_USAGE);
}

int main(int argc, char **argv)
{
    const char *levels[LEVELS_MAX];
    struct fgw_options options = {.dia_conf = FGW_CONF_DIR "/fgw.conf",
                                  .gateway_conf = FGW_CONF_DIR "/gateway.conf",
                                  .levels = levels,
                                  .interposed = true};
    bool check = false;
    int code = parse_options(argc, argv, &options, levels, &check);
    if (code >= 0)
        return code;
    if (base_daemon_prepare())
        return EXIT_FAILED;
    base_daemon_raise_files(0, NULL);
    enum err err = fgw_core_load(&options, to_stderr, NULL);
    if (!err && check)
        printf("%s and %s are well\n", options.dia_conf, options.gateway_conf);
    if (!err && !check)
        err = run();
    bound_the_end(hurried ? HURRY_S : END_WITHIN_S);
    fgw_core_stop();
    if (!check)
        base_log(&log_fgw, BASE_LOG_NOTICE, NULL, "%s", err ? "ended after an error" : "stopped");
    return err ? EXIT_FAILED : 0;
}
