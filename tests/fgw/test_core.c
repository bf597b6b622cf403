// SPDX-License-Identifier: BSD-3-Clause
// The gateway from load to stop, seen from outside: admin endpoint, fgwctl, reload, drain. The
// Diameter stack is played by this file, everything else is real.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "fgw/core.h"
#include "fgw/directory.h"
#include "fgw/log.h"
#include "fgw/snapshot.h"

enum { TEXT_MAX = 65536 };

// --- the stack's part ---

static struct {
    enum err init;
    _Atomic bool open, relay; // the peer
    _Atomic int reloads, stops;
} stack;

enum err dia_stack_init(const struct dia_stack_config *config)
{
    return stack.init;
}

enum err dia_stack_start(void)
{
    return ERR_OK;
}

void dia_stack_stop(int64_t grace_ms)
{
    stack.stops++;
}

enum err dia_stack_reload(void (*note)(const char *line, void *arg), void *arg)
{
    stack.reloads++;
    note("peer hss9: added", arg);
    return ERR_OK;
}

bool dia_stack_interposed_ok(void)
{
    return true;
}

const char *dia_origin_host(void)
{
    return "fgw.test";
}

const char *dia_origin_realm(void)
{
    return "test";
}

enum err dia_loop_attach(struct base_loop *loop, size_t capacity)
{
    return ERR_OK;
}

void dia_peer_each(void (*visit)(const struct dia_peer_info *peer, void *arg), void *arg)
{
    static const uint32_t applications[] = {4, 1000};
    struct dia_peer_info peer = {.identity = "hss1.test", .realm = "test", .requests = 12345,
                                 .state = atomic_load(&stack.open) ? "OPEN" : "CLOSED",
                                 .relay = atomic_load(&stack.relay),
                                 .applications = applications, .n_applications = 2};
    visit(&peer, arg);
}

// --- an interface ---

static struct {
    bool started, stopped;
    _Atomic bool away;  // the last reload says so
    _Atomic bool waits; // is not ready
} seen;

struct toy {
    char *realm;
};
static const struct conf_key toy_keys[] = {
    {"realm", CONF_STRING, offsetof(struct toy, realm), .def_text = "home"}, {0}};

static enum err toy_start(void)
{
    seen.started = fgw_n_loops() == 2 && fgw_loop(1) && !fgw_loop(2);
    return seen.started ? ERR_OK : ERR_INTERNAL;
}

static void toy_reloaded(const void *old_settings, const void *new_settings)
{
    atomic_store(&seen.away, strcmp(((const struct toy *)new_settings)->realm, "away") == 0);
}

static void toy_stop(void)
{
    seen.stopped = true;
}

static void toy_status(void (*line)(void *arg, const char *text), void *arg)
{
    line(arg, "seven of nine");
}

static bool toy_ready(char *why, size_t size)
{
    bool waits = atomic_load(&seen.waits);
    snprintf(why, size, "%s", waits ? "moon is full" : "");
    return !waits;
}

static const struct fgw_interface toy = {.name = "toy",
                                         .settings = toy_keys,
                                         .settings_size = sizeof(struct toy),
                                         .start = toy_start,
                                         .reloaded = toy_reloaded,
                                         .stop = toy_stop,
                                         .status = toy_status,
                                         .ready = toy_ready};
static const struct fgw_interface diameter_user = {.name = "duser"};
static const struct fgw_interface served = {.name = "served", .applications = {1000, 4}};
static const struct fgw_interface unserved = {.name = "unserved", .applications = {1000, 5}};

// --- one gateway per test ---

static struct {
    char folder[64], conf[96], socket[96];
    pthread_t thread;
    bool runs;
} gw;

static void write_conf(const char *more)
{
    FILE *out = fopen(gw.conf, "w");
    assert_non_null(out);
    fprintf(out,
            "agw = { listen = ( { address = \"127.0.0.1\"; port = 0; cleartext = true; } ); };\n"
            "storage = { directory = \"%s/directory\"; };\n"
            "admin = { socket = \"%s\"; port = 0; };\n"
            "process = { loops = 2; shutdown = \"2s\"; };\n%s",
            gw.folder, gw.socket, more);
    fclose(out);
}

static void ignore(const char *line, void *arg)
{
    print_message("note: %s\n", line);
}

static enum err load(fgw_note note, void *arg)
{
    static const char *const levels[] = {"admin=error"};
    const struct fgw_options options = {
        .dia_conf = "none", .gateway_conf = gw.conf, .levels = levels, .n_levels = 1};
    return fgw_core_load(&options, note, arg);
}

static void on_drained(void *arg)
{
    base_loop_stop(fgw_core_main_loop());
}

static void *run_main_loop(void *arg)
{
    base_loop_run(fgw_core_main_loop());
    return NULL;
}

static void start(void)
{
    assert_int_equal(load(ignore, NULL), ERR_OK);
    assert_int_equal(fgw_core_start(), ERR_OK);
    assert_int_equal(pthread_create(&gw.thread, NULL, run_main_loop, NULL), 0);
    gw.runs = true;
}

static void drain_now(struct base_job *job)
{
    fgw_core_drain(on_drained, NULL);
}

static void stop(void)
{
    struct base_job drain = {.run = drain_now};
    if (gw.runs) {
        base_loop_post_admitted(fgw_core_main_loop(), &drain);
        pthread_join(gw.thread, NULL);
    }
    gw.runs = false;
    fgw_core_stop();
}

static int setup(void **state)
{
    memset(&stack, 0, sizeof(stack));
    memset(&seen, 0, sizeof(seen));
    fgw_interfaces_clear();
    snprintf(gw.folder, sizeof(gw.folder), "/tmp/fgw-core-XXXXXX");
    if (!mkdtemp(gw.folder))
        return -1;
    snprintf(gw.conf, sizeof(gw.conf), "%s/gateway.conf", gw.folder);
    snprintf(gw.socket, sizeof(gw.socket), "%s/admin.sock", gw.folder);
    write_conf("");
    return fgw_interface_register(&toy);
}

static int teardown(void **state)
{
    stop();
    const char *const files[] = {"directory/data.mdb", "directory/lock.mdb", "gateway.conf"};
    char path[160];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", gw.folder, files[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/directory", gw.folder);
    rmdir(path);
    return rmdir(gw.folder); // the socket is gone too
}

// fgwctl: exit code, both outputs together.
static int ctl(const char *arguments, char text[TEXT_MAX])
{
    char command[512];
    snprintf(command, sizeof(command), FGWCTL " -s %s %s 2>&1", gw.socket, arguments);
    FILE *in = popen(command, "r");
    assert_non_null(in);
    size_t n = fread(text, 1, TEXT_MAX - 1, in);
    text[n] = '\0';
    return WEXITSTATUS(pclose(in));
}

static void expect_ctl(const char *arguments, int code, const char *part)
{
    static char text[TEXT_MAX];
    int got = ctl(arguments, text);
    if (got != code || !strstr(text, part))
        print_message("fgwctl %s: %d\n%s\n", arguments, got, text);
    assert_int_equal(got, code);
    assert_non_null(strstr(text, part));
}

// One request over TCP; the status code.
static int http(const char *request_line, char text[TEXT_MAX])
{
    char port_text[32], *at;
    expect_ctl("counters fgw_build_info", 0, "fgw_build_info");
    assert_int_equal(ctl("-j status", text), 0);
    at = strstr(text, "\"admin_port\": ");
    assert_non_null(at);
    snprintf(port_text, sizeof(port_text), "%.5s", at + strlen("\"admin_port\": "));
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)strtoul(port_text, NULL, 10)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), code = 0;
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    char request[256];
    int len = snprintf(request, sizeof(request), "%s HTTP/1.0\r\n\r\n", request_line);
    assert_int_equal(write(fd, request, (size_t)len), len);
    size_t used = 0;
    for (ssize_t n = 1; n > 0 && used < TEXT_MAX - 1; used += (size_t)(n > 0 ? n : 0))
        n = read(fd, text + used, TEXT_MAX - 1 - used);
    text[used] = '\0';
    close(fd);
    sscanf(text, "HTTP/%*s %d", &code);
    return code;
}

static void expect_http(const char *request_line, int code, const char *part)
{
    static char text[TEXT_MAX];
    int got = http(request_line, text);
    if (got != code || !strstr(text, part))
        print_message("%s: %d\n%s\n", request_line, got, text);
    assert_int_equal(got, code);
    assert_non_null(strstr(text, part));
}

// --- cases ---

static void it_starts_and_stops(void **state)
{
    start();
    assert_int_equal(fgw_core_phase(), FGW_RUNNING);
    assert_true(seen.started);
    assert_int_not_equal(fgw_core_port(0), 0);
    stop();
    assert_true(seen.stopped);
    assert_int_equal(stack.stops, 1);
    assert_int_equal(fgw_core_phase(), FGW_STOPPED);
}

static void health_and_readiness_are_different_things(void **state)
{
    fgw_interface_register(&diameter_user);
    start();
    expect_http("GET /healthz", 200, "\"alive\": true");
    expect_http("GET /readyz", 503, "no Diameter peer is open");
    atomic_store(&stack.open, true);
    expect_http("GET /readyz", 200, "\"ready\": true");
    atomic_store(&seen.waits, true);
    expect_http("GET /readyz", 503, "toy: moon is full");
    expect_http("GET /healthz", 200, "\"alive\": true");
}

static void readiness_tells_for_each_interface_whether_it_has_a_peer(void **state)
{
    fgw_interface_register(&unserved);
    start();
    atomic_store(&stack.open, true);
    expect_http("GET /readyz", 503, "unserved: no open Diameter peer serves application 5");
    atomic_store(&stack.relay, true);
    expect_http("GET /readyz", 200, "\"ready\": true");
}

static void one_interface_with_a_peer_is_enough_to_be_ready(void **state)
{
    fgw_interface_register(&unserved);
    fgw_interface_register(&served);
    start();
    expect_http("GET /readyz", 503, "served: no Diameter peer is open");
    atomic_store(&stack.open, true);
    expect_http("GET /readyz", 200, "unserved: no open Diameter peer serves application 5");
}

static void tcp_shows_metrics_and_changes_nothing(void **state)
{
    start();
    expect_http("GET /metrics", 200, "process_resident_memory_bytes");
    expect_http("GET /metrics", 200, "fgw_loop_queued_jobs{loop=\"rpc1\"}");
    expect_http("GET /metrics", 200, "fgw_directory_subscribers 0");
    const char *const refused[] = {"POST /reload",  "POST /drain",  "POST /log?level=debug",
                                   "POST /follow?imsi=001010000000001", "GET /status",
                                   "GET /directory?imsi=001010000000001", "GET /nothing",
                                   "GET /gateways"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        expect_http(refused[i], 404, "no such path");
    expect_http("POST /metrics", 405, "not allowed");
    assert_int_equal(stack.reloads, 0);
}

static void the_socket_is_for_owner_and_group(void **state)
{
    struct stat st;
    start();
    assert_int_equal(stat(gw.socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
}

static void fgwctl_shows_the_state(void **state)
{
    struct base_imsi imsi = {.digits = "001010000000001", .len = 15};
    start();
    assert_int_equal(fgw_directory_learn(&imsi, "agw-7", NULL), ERR_OK);
    expect_ctl("status", 0, "fgw.test");
    expect_ctl("status", 0, "seven of nine");
    expect_ctl("peers", 0, "12345");
    expect_ctl("gateways", 0, "agw-7");
    expect_ctl("directory 001010000000001", 0, "agw-7");
    expect_ctl("directory 001010000000002", 1, "no gateway is known");
    expect_ctl("directory x", 1, "expected 6 to 15 digits");
    expect_ctl("counters fgw_directory_subscribers", 0, "fgw_directory_subscribers 1");
    expect_ctl("counters no_such_counter", 1, "no counter");
    expect_ctl("ready", 0, "ready");
    atomic_store(&seen.waits, true);
    expect_ctl("ready", 1, "moon is full");
    expect_ctl("-j ready", 1, "\"ready\": false");
    expect_ctl("-j peers", 0, "\"identity\": \"hss1.test\"");
}

static void fgwctl_tells_usage_and_absence_apart(void **state)
{
    start();
    expect_ctl("", 2, "usage");
    expect_ctl("no-such-command", 2, "usage");
    expect_ctl("directory", 2, "usage");
    expect_ctl("directory 'a&b'", 2, "usage");
    expect_ctl("peers more", 2, "usage");
    expect_ctl("-h", 0, "usage");
    stop();
    expect_ctl("status", 3, "does fgwd run");
}

static void log_levels_change_while_running(void **state)
{
    start();
    assert_int_equal(log_admin.level, BASE_LOG_ERROR); // of the command line
    expect_ctl("log", 0, "directory");
    expect_ctl("log directory debug", 0, "debug");
    assert_int_equal(log_directory.level, BASE_LOG_DEBUG);
    expect_ctl("log warn", 0, "warn");
    assert_int_equal(log_directory.level, BASE_LOG_WARN);
    expect_ctl("log directory loud", 1, "expected error, warn");
    expect_ctl("log nothing debug", 1, "no such log category");
    expect_ctl("follow 001010000000001", 0, "following 001010000000001");
    assert_true(atomic_load(&base_log_following));
    expect_ctl("follow off", 0, "nobody");
    assert_false(atomic_load(&base_log_following));
    expect_ctl("log notice", 0, "notice");
}

// What a callback on a loop sees: only there may settings be looked at.
struct look {
    struct base_job job;
    enum err admitted;
    bool away;
    _Atomic bool done;
};

static void look_now(struct base_job *job)
{
    struct look *look = BASE_CONTAINER_OF(job, struct look, job);
    const struct base_imsi imsi = {.digits = "001010000000001", .len = 15};
    look->admitted = fgw_admit("agw1", &imsi, NULL);
    look->away = strcmp(((const struct toy *)fgw_settings(&toy))->realm, "away") == 0;
    atomic_store(&look->done, true);
}

static void expect_on_a_loop(enum err admitted, bool away)
{
    struct look look = {.job = {.run = look_now}};
    base_loop_post_admitted(fgw_loop(1), &look.job);
    while (!atomic_load(&look.done))
        usleep(1000);
    assert_int_equal(look.admitted, admitted);
    assert_int_equal(look.away, away);
}

static void a_reload_applies_or_refuses_as_a_whole(void **state)
{
    start();
    expect_on_a_loop(ERR_FGW_UNKNOWN_GATEWAY, false);
    write_conf("toy = { realm = \"away\"; };\ngateways = ( { id = \"agw1\"; } );");
    expect_ctl("reload", 0, "toy.realm: changed");
    assert_true(atomic_load(&seen.away));
    expect_on_a_loop(ERR_OK, true);
    assert_int_equal(stack.reloads, 1);
    expect_ctl("reload", 0, "peer hss9: added");
    write_conf("toy = { realm = 7; };");
    expect_ctl("reload", 1, "gateway.conf:5");
    expect_on_a_loop(ERR_OK, true);
    assert_int_equal(stack.reloads, 2);
    write_conf("storage2 = { };\n");
    expect_ctl("reload", 1, "unknown setting");
    write_conf("diameter = { max_queue = 7; };");
    expect_ctl("reload", 0, "diameter.max_queue: changed, needs a restart");
    assert_int_equal(log_admin.level, BASE_LOG_ERROR); // the command line still wins
}

struct notes {
    char text[2000];
};

static void collect(const char *line, void *arg)
{
    struct notes *notes = arg;
    size_t used = strlen(notes->text);
    snprintf(notes->text + used, sizeof(notes->text) - used, "%s\n", line);
}

static void a_load_that_fails_says_why_and_can_be_undone(void **state)
{
    const struct {
        const char *more;
        enum err stack;
        const char *expected;
    } rows[] = {
        {"process2 = { };", ERR_OK, "gateway.conf:5: unknown setting \"process2\""},
        {"toy = { realm = true; };", ERR_OK, "gateway.conf:5: toy.realm"},
        {"log = { level = \"x\"; };", ERR_OK, "expected one of \"error\""},
        {"", ERR_CONF_SYNTAX, "none: cannot be read"},
        {"agw2 = {", ERR_OK, "gateway.conf:"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct notes notes = {""};
        write_conf(rows[i].more);
        stack.init = rows[i].stack;
        assert_int_not_equal(load(collect, &notes), ERR_OK);
        if (!strstr(notes.text, rows[i].expected))
            print_message("row %zu: %s\n", i, notes.text);
        assert_non_null(strstr(notes.text, rows[i].expected));
        fgw_core_stop();
    }
    assert_false(seen.started);
}

static void what_a_killed_process_left_is_no_obstacle(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    memcpy(addr.sun_path, gw.socket, strlen(gw.socket));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    close(fd); // the file stays
    start();
    expect_ctl("status", 0, "fgw.test");
}

static void a_second_gateway_with_the_same_socket_is_refused(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    memcpy(addr.sun_path, gw.socket, strlen(gw.socket));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(load(ignore, NULL), ERR_OK);
    assert_int_not_equal(fgw_core_start(), ERR_OK);
    fgw_core_stop();
    close(fd);
    unlink(gw.socket);
}

static void the_directory_survives_the_gateway(void **state)
{
    struct base_imsi imsi = {.digits = "001010000000001", .len = 15};
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    start();
    assert_int_equal(fgw_directory_learn(&imsi, "agw-7", NULL), ERR_OK);
    stop();
    assert_int_equal(fgw_directory_find(&imsi, gateway, sizeof(gateway)), ERR_WRONG_STATE);
    start();
    assert_int_equal(fgw_directory_find(&imsi, gateway, sizeof(gateway)), ERR_OK);
    assert_string_equal(gateway, "agw-7");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_starts_and_stops),
        CASE(health_and_readiness_are_different_things),
        CASE(readiness_tells_for_each_interface_whether_it_has_a_peer),
        CASE(one_interface_with_a_peer_is_enough_to_be_ready),
        CASE(tcp_shows_metrics_and_changes_nothing),
        CASE(the_socket_is_for_owner_and_group),
        CASE(fgwctl_shows_the_state),
        CASE(fgwctl_tells_usage_and_absence_apart),
        CASE(log_levels_change_while_running),
        CASE(a_reload_applies_or_refuses_as_a_whole),
        CASE(a_load_that_fails_says_why_and_can_be_undone),
        CASE(what_a_killed_process_left_is_no_obstacle),
        CASE(a_second_gateway_with_the_same_socket_is_refused),
        CASE(the_directory_survives_the_gateway),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
