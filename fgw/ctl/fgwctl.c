// SPDX-License-Identifier: BSD-3-Clause
// fgwctl: asks a running fgwd over its admin socket and prints the answer for people (or, with -j,
// as it came). Exit code 0: done; 1: fgwd refused or the answer is "no"; 2: usage; 3: no fgwd.
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fgw/ctl/http.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

static const char usage_text[] =
    "usage: fgwctl [-s socket] [-j] command\n"
    "\n"
    "  status                    identity, readiness, listeners, interfaces, process\n"
    "  ready                     exit code 0 if ready for work, else the reasons\n"
    "  peers                     Diameter peers\n"
    "  gateways                  access gateways: tunnel, subscribers\n"
    "  counters [text]           metrics whose line contains the text\n"
    "  log [[category] level]    log levels; sets one, or all\n"
    "  follow IMSI | follow off  log everything about one subscriber\n"
    "  directory IMSI            which gateway serves a subscriber\n"
    "  reload                    apply the configuration files\n"
    "  drain                     finish what is in flight, then end (like SIGTERM)\n"
    "\n"
    "  -s PATH   admin socket (default $FGW_ADMIN_SOCKET or " FGW_RUN_DIR "/admin.sock)\n"
    "  -j        print the answer as JSON\n"
    "  -T SEC    time limit (default 10)\n";

static struct {
    const char *socket;
    int timeout_s;
    bool json;
} options;

static int usage(FILE *out, int code)
{
    fputs(usage_text, out);
    return code;
}

// --- reading JSON ---

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static bool true_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

// "3d 4h", "12 min", "5 s"
static const char *duration(double seconds, char out[32])
{
    long s = (long)seconds;
    if (s >= 86400)
        snprintf(out, 32, "%ldd %ldh", s / 86400, s % 86400 / 3600);
    else if (s >= 3600)
        snprintf(out, 32, "%ldh %ldmin", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(out, 32, "%ldmin %lds", s / 60, s % 60);
    else
        snprintf(out, 32, "%lds", s);
    return out;
}

static const char *when(long long seconds_1970, char out[32])
{
    time_t t = (time_t)seconds_1970;
    struct tm tm;
    if (t == 0 || !localtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(out, 32, "-");
    return out;
}

// --- printing ---

static void print_lines(const json_t *list, const char *indent)
{
    size_t i;
    const json_t *line;
    json_array_foreach(list, i, line) {
        printf("%s%s\n", indent, json_string_value(line));
    }
}

static void print_parts(const json_t *answer)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "listen"), i, item) {
        printf("listen      %s port %lld%s\n", text_of(item, "address"), number_of(item, "port"),
               true_of(item, "tls") ? " (TLS)" : " (cleartext)");
    }
    json_array_foreach(json_object_get(answer, "interfaces"), i, item) {
        printf("interface   %s: %s%s\n", text_of(item, "name"),
               true_of(item, "ready") ? "ready" : "not ready: ", text_of(item, "why"));
        print_lines(json_object_get(item, "status"), "            ");
    }
    json_array_foreach(json_object_get(answer, "loops"), i, item) {
        printf("loop        %s: %lld jobs waiting\n", text_of(item, "name"),
               number_of(item, "queued"));
    }
}

static int print_status(const json_t *answer)
{
    char text[32];
    const json_t *directory = json_object_get(answer, "directory");
    printf("fgwd %s\n", text_of(answer, "version"));
    printf("identity    %s, realm %s\n", text_of(answer, "identity"), text_of(answer, "realm"));
    printf("state       %s, %s\n", text_of(answer, "phase"),
           true_of(answer, "ready") ? "ready" : "not ready");
    print_lines(json_object_get(answer, "reasons"), "            because: ");
    printf("up          %s\n", duration(real_of(answer, "up_seconds"), text));
    printf("process     %.1f MB, %.1f s CPU, %lld descriptors, %lld threads\n",
           (double)number_of(answer, "rss_bytes") / 1e6, real_of(answer, "cpu_seconds"),
           number_of(answer, "fds"), number_of(answer, "threads"));
    printf("libfdcore   %s\n", true_of(answer, "interposed")
                                   ? "guarded (parser, dictionary cache, NODELAY)"
                                   : "not guarded, or no peer was open yet");
    printf("directory   %lld subscribers, %lld gateways, %lld changes pending, %.1f MB\n",
           number_of(directory, "subscribers"), number_of(directory, "gateways"),
           number_of(directory, "pending"), (double)number_of(directory, "used_bytes") / 1e6);
    print_parts(answer);
    return 0;
}

static int print_ready(const json_t *answer)
{
    puts(true_of(answer, "ready") ? "ready" : "not ready");
    print_lines(json_object_get(answer, "reasons"), "  ");
    return true_of(answer, "ready") ? 0 : EXIT_REFUSED;
}

static int print_peers(const json_t *answer)
{
    size_t i;
    const json_t *peer;
    printf("%-40s %-12s %9s %10s %10s %9s %9s\n", "PEER", "STATE", "IN FLIGHT", "REQUESTS",
           "ANSWERS", "TIMEOUTS", "FAILOVERS");
    json_array_foreach(json_object_get(answer, "peers"), i, peer) {
        printf("%-40s %-12s %9lld %10lld %10lld %9lld %9lld\n", text_of(peer, "identity"),
               true_of(peer, "disabled") ? "disabled" : text_of(peer, "state"),
               number_of(peer, "in_flight"), number_of(peer, "requests"),
               number_of(peer, "answers"), number_of(peer, "timeouts"),
               number_of(peer, "failovers"));
    }
    return 0;
}

static int print_gateways(const json_t *answer)
{
    size_t i;
    const json_t *gateway;
    char since[32], seen[32];
    printf("%-32s %-13s %-22s %11s %9s %10s %8s  %s\n", "GATEWAY", "TUNNEL", "FROM", "SUBSCRIBERS",
           "IN FLIGHT", "REQUESTS", "FAILURES", "LAST REQUEST");
    json_array_foreach(json_object_get(answer, "gateways"), i, gateway) {
        printf("%-32s %-4s %-8s %-22s %11lld %9lld %10lld %8lld  %s\n", text_of(gateway, "id"),
               true_of(gateway, "connected") ? "up" : "down",
               json_object_get(gateway, "since_ms")
                   ? duration((double)number_of(gateway, "since_ms") / 1000, since)
                   : "-",
               text_of(gateway, "remote"), number_of(gateway, "subscribers"),
               number_of(gateway, "in_flight"), number_of(gateway, "requests"),
               number_of(gateway, "failures"), when(number_of(gateway, "seen_s"), seen));
    }
    return 0;
}

static int print_log(const json_t *answer)
{
    const char *name;
    json_t *level;
    json_object_foreach(json_object_get(answer, "categories"), name, level) {
        printf("%-16s %s\n", name, json_string_value(level));
    }
    return 0;
}

static int print_follow(const json_t *answer)
{
    const char *imsi = text_of(answer, "following");
    printf(*imsi ? "following %s in the log\n" : "following nobody%s\n", imsi);
    return 0;
}

static int print_directory(const json_t *answer)
{
    char seen[32];
    printf("%s is served by %s (tunnel %s), last request %s\n", text_of(answer, "imsi"),
           text_of(answer, "gateway"), true_of(answer, "connected") ? "up" : "down",
           when(number_of(answer, "seen_s"), seen));
    return 0;
}

static int print_reload(const json_t *answer)
{
    print_lines(json_object_get(answer, "notes"), "");
    printf("reload: %s\n", true_of(answer, "ok") ? "done" : text_of(answer, "result"));
    return true_of(answer, "ok") ? 0 : EXIT_REFUSED;
}

static int print_drain(const json_t *answer)
{
    puts("draining; fgwd ends when nothing is in flight any more");
    return 0;
}

// --- commands ---

static int print_answer(const struct ctl_reply *reply, int (*print)(const json_t *answer))
{
    json_error_t error;
    json_t *answer = json_loads(reply->body, 0, &error);
    int code = EXIT_REFUSED;
    if (!answer) {
        fprintf(stderr, "fgwctl: fgwd answered %d with what is not JSON: %s\n", reply->code,
                error.text);
    } else if (json_object_get(answer, "error")) {
        fprintf(stderr, "fgwctl: %s\n", text_of(answer, "error"));
    } else {
        code = print(answer);
        if (options.json)
            code = reply->code == 200 ? 0 : EXIT_REFUSED;
    }
    json_decref(answer);
    return code;
}

static int print_nothing(const json_t *answer)
{
    return 0;
}

static int ask(const char *method, const char *path, int (*print)(const json_t *answer))
{
    struct ctl_reply reply;
    char why[256];
    if (ctl_request(options.socket, method, path, options.timeout_s, &reply, why, sizeof(why))) {
        fprintf(stderr, "fgwctl: %s\n", why);
        return EXIT_UNREACHABLE;
    }
    if (options.json)
        puts(reply.body);
    int code = print_answer(&reply, options.json ? print_nothing : print);
    free(reply.body);
    return code;
}

static int counters(const char *pattern)
{
    struct ctl_reply reply;
    char why[256];
    if (ctl_request(options.socket, "GET", "/metrics", options.timeout_s, &reply, why,
                    sizeof(why))) {
        fprintf(stderr, "fgwctl: %s\n", why);
        return EXIT_UNREACHABLE;
    }
    char *rest = reply.body;
    bool found = false;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        bool wanted = *line && *line != '#' && !strstr(line, "_bucket{") &&
                      (!pattern || strstr(line, pattern));
        if (wanted)
            puts(line);
        found |= wanted;
    }
    free(reply.body);
    if (!found)
        fprintf(stderr, "fgwctl: no counter has \"%s\"\n", pattern ? pattern : "");
    return found ? 0 : EXIT_REFUSED;
}

// Names and digits only: nothing that would need escaping in a URL.
static bool is_plain(const char *text)
{
    return strlen(text) < 200 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789._-") == strlen(text);
}

static int run(int argc, char **argv)
{
    static const struct {
        const char *name, *method, *path;
        int min_args, max_args;
        int (*print)(const json_t *answer);
    } commands[] = {
        {"status", "GET", "/status", 0, 0, print_status},
        {"ready", "GET", "/readyz", 0, 0, print_ready},
        {"peers", "GET", "/peers", 0, 0, print_peers},
        {"gateways", "GET", "/gateways", 0, 0, print_gateways},
        {"directory", "GET", "/directory?imsi=%s", 1, 1, print_directory},
        {"log", "GET", "/log", 0, 0, print_log},
        {"log", "POST", "/log?level=%s", 1, 1, print_log},
        {"log", "POST", "/log?category=%s&level=%s", 2, 2, print_log},
        {"follow", "POST", "/follow?imsi=%s", 1, 1, print_follow},
        {"reload", "POST", "/reload", 0, 0, print_reload},
        {"drain", "POST", "/drain", 0, 0, print_drain},
    };
    const char *a = argc > 1 ? argv[1] : "", *b = argc > 2 ? argv[2] : "";
    if (strcmp(argv[0], "counters") == 0 && argc <= 2)
        return counters(argc > 1 ? a : NULL);
    if (strcmp(argv[0], "follow") == 0 && strcmp(a, "off") == 0)
        a = "";
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        int n = argc - 1;
        if (strcmp(commands[i].name, argv[0]) != 0 || n != commands[i].max_args)
            continue;
        if (!is_plain(a) || !is_plain(b))
            break;
        char path[512] = "";
        const char *args[] = {a, b};
        size_t used = 0, arg = 0;
        for (const char *p = commands[i].path; *p && used < sizeof(path) - 1; p++) {
            if (p[0] == '%' && p[1] == 's') {
                used += (size_t)snprintf(path + used, sizeof(path) - used, "%s", args[arg++]);
                p++;
            } else {
                path[used++] = *p;
            }
        }
        return ask(commands[i].method, path, commands[i].print);
    }
    return usage(stderr, EXIT_USAGE);
}

int main(int argc, char **argv)
{
    const char *socket = getenv("FGW_ADMIN_SOCKET");
    options.socket = socket ? socket : FGW_RUN_DIR "/admin.sock";
    options.timeout_s = 10;
    for (int opt; (opt = getopt(argc, argv, "+s:jT:h")) != -1;) {
        switch (opt) {
        case 's':
            options.socket = optarg;
            break;
        case 'j':
            options.json = true;
            break;
        case 'T':
            options.timeout_s = (int)strtol(optarg, NULL, 10);
            break;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, EXIT_USAGE);
        }
    }
    if (optind == argc)
        return usage(stderr, EXIT_USAGE);
    return run(argc - optind, argv + optind);
}
