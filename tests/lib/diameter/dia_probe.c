// SPDX-License-Identifier: BSD-3-Clause
// A Diameter client on lib/diameter's stack with interpose.c in force, driven by lines on standard
// input, one JSON line of answer each. The tests in stack/ and measurements run it against peers
// that misbehave.
//   dia-probe CONF [loops N] [cap N] [queue N] [inbound MS] [exact APPLICATION] [level NAME]
//                  [product NAME] [vendor N] [supports VENDOR]...
//   send N WINDOW TIMEOUT_MS [nofailover] [host=H] [realm=R]   AIRs, WINDOW at a time per loop
//   offer N TIMEOUT_MS [...]         AIRs, all at once
//   cancel N TIMEOUT_MS              AIRs, each cancelled at once
//   inbound ok|result:CODE|slow:MS|never|late:MS   how CLRs are answered
//   peers   metrics   status   reload   quit [GRACE_MS]
// Not for the gateway's procedures.
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "diameter/avp.h"
#include "diameter/stack.h"

enum { NEVER_MAX = 1024, LOOPS_MAX = 8, KINDS_MAX = 64, SAMPLES_MAX = 400000, CAPACITY = 100000 };

// ---- what happened ----

static struct {
    pthread_mutex_t mutex;
    struct {
        char name[40];
        uint64_t n;
    } kinds[KINDS_MAX];
    size_t n_kinds;
    float *ms;
    size_t n_ms;
    _Atomic int64_t left;
} results = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void count_kind(const char *name, double ms)
{
    pthread_mutex_lock(&results.mutex);
    size_t i = 0;
    while (i < results.n_kinds && strcmp(results.kinds[i].name, name) != 0)
        i++;
    if (i < KINDS_MAX) {
        if (i == results.n_kinds) {
            snprintf(results.kinds[i].name, sizeof(results.kinds[i].name), "%s", name);
            results.kinds[i].n = 0;
            results.n_kinds++;
        }
        results.kinds[i].n++;
    }
    if (ms >= 0 && results.n_ms < SAMPLES_MAX)
        results.ms[results.n_ms++] = (float)ms;
    pthread_mutex_unlock(&results.mutex);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

// ---- sending ----

struct run {
    struct base_job job;
    struct base_loop *loop;
    int64_t to_send, window, timeout_ms;
    bool no_failover;
    char host[128], realm[128];
};

static struct {
    struct base_loop *loops[LOOPS_MAX];
    size_t n_loops;
    struct run runs[LOOPS_MAX];
} probe;

static enum err build_air(const struct run *run, struct msg **out)
{
    struct msg *msg = NULL;
    struct avp *group = NULL;
    enum err err = dia_request_new(DIA_APP_S6A, DIA_CMD_AIR, &msg);
    if (err == ERR_OK)
        err = dia_add_session_id(msg, NULL);
    if (err == ERR_OK)
        err = dia_add_vendor_application(msg, DIA_APP_S6A);
    if (err == ERR_OK)
        err = dia_add_no_state(msg);
    if (err == ERR_OK)
        err = dia_add_origin(msg);
    if (err == ERR_OK && run->host[0])
        err = dia_add_text(msg, AVP_DESTINATION_HOST, run->host);
    if (err == ERR_OK)
        err = dia_add_text(msg, AVP_DESTINATION_REALM, run->realm);
    if (err == ERR_OK)
        err = dia_add_text(msg, AVP_USER_NAME, "001010000000001");
    if (err == ERR_OK)
        err = dia_add_bytes(msg, AVP_VISITED_PLMN_ID, "\x00\xf1\x10", 3);
    if (err == ERR_OK)
        err = dia_add_group(msg, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, &group);
    if (err == ERR_OK)
        err = dia_add_u32(group, AVP_NUMBER_OF_REQUESTED_VECTORS, 3);
    if (err != ERR_OK) {
        fd_msg_free(msg);
        msg = NULL;
    }
    *out = msg;
    return err;
}

static void send_next(struct run *run);

static _Atomic uint64_t n_late, n_moved;

static void on_late(void *ctx, struct base_loop *loop, struct msg **answer, const char *peer)
{
    if (dia_msg_result(*answer).code && peer[0] && base_loop_is_current(loop))
        atomic_fetch_add(&n_late, 1);
    fd_msg_free(*answer);
    *answer = NULL;
}

static void on_done(void *ctx, const struct dia_outcome *outcome)
{
    char name[40];
    if (outcome->moved)
        atomic_fetch_add(&n_moved, 1);
    struct run *run = ctx;
    struct dia_result result = {0};
    if (outcome->answer)
        result = dia_msg_result(outcome->answer);
    if (outcome->err == ERR_OK)
        snprintf(name, sizeof(name), "%u", result.code);
    else
        snprintf(name, sizeof(name), "%s", err_name(outcome->err));
    count_kind(name, (double)outcome->elapsed_ns / 1e6);
    send_next(run);
    atomic_fetch_sub(&results.left, 1);
}

static void send_next(struct run *run)
{
    const struct dia_send_options options = {
        .timeout_ms = run->timeout_ms,
        .no_failover = run->no_failover,
        .procedure = "AIR",
    };
    while (run->to_send > 0) {
        struct msg *msg = NULL;
        char name[40];
        run->to_send--;
        enum err err = build_air(run, &msg);
        if (err == ERR_OK)
            err = dia_send(run->loop, &msg, &options, on_done, run, NULL);
        if (err == ERR_OK)
            return;
        snprintf(name, sizeof(name), "refused:%s", err_name(err));
        count_kind(name, -1);
        atomic_fetch_sub(&results.left, 1);
    }
}

static void on_run(struct base_job *job)
{
    struct run *run = BASE_CONTAINER_OF(job, struct run, job);
    for (int64_t i = 0; i < run->window && run->to_send > 0; i++)
        send_next(run);
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)u.ru_utime.tv_usec +
           (double)u.ru_stime.tv_usec;
}

static void print_results(double seconds, double cpu, uint64_t n)
{
    qsort(results.ms, results.n_ms, sizeof(results.ms[0]), by_value);
    printf("{\"seconds\":%.3f,\"rate\":%.0f,\"cpu_us\":%.2f,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f",
           seconds, (double)n / seconds, cpu / (double)n,
           results.n_ms ? results.ms[results.n_ms / 2] : 0,
           results.n_ms ? results.ms[results.n_ms * 99 / 100] : 0,
           results.n_ms ? results.ms[results.n_ms - 1] : 0);
    printf(",\"outcomes\":{");
    for (size_t i = 0; i < results.n_kinds; i++)
        printf("%s\"%s\":%lu", i ? "," : "", results.kinds[i].name, results.kinds[i].n);
    printf("}}\n");
}

static void run_requests(int64_t n, int64_t window, int64_t timeout_ms, char *options)
{
    struct run model = {.job = {.run = on_run}, .window = window, .timeout_ms = timeout_ms};
    snprintf(model.realm, sizeof(model.realm), "%s", dia_origin_realm());
    for (char *save = NULL, *word = strtok_r(options, " \n", &save); word;
         word = strtok_r(NULL, " \n", &save)) {
        if (strcmp(word, "nofailover") == 0)
            model.no_failover = true;
        else if (strncmp(word, "host=", 5) == 0)
            snprintf(model.host, sizeof(model.host), "%s", word + 5);
        else if (strncmp(word, "realm=", 6) == 0)
            snprintf(model.realm, sizeof(model.realm), "%s", word + 6);
    }
    results.n_kinds = results.n_ms = 0;
    atomic_store(&results.left, n);
    double cpu = cpu_us();
    int64_t start = base_now_ns();
    for (size_t i = 0; i < probe.n_loops; i++) {
        probe.runs[i] = model;
        probe.runs[i].loop = probe.loops[i];
        probe.runs[i].to_send = n / (int64_t)probe.n_loops;
        if (i == 0)
            probe.runs[i].to_send += n % (int64_t)probe.n_loops;
        base_loop_post_admitted(probe.loops[i], &probe.runs[i].job);
    }
    while (atomic_load(&results.left) > 0)
        usleep(1000);
    print_results((double)(base_now_ns() - start) / 1e9, cpu_us() - cpu, (uint64_t)n);
}

// ---- cancelling ----

static struct {
    struct base_job job;
    struct run run;
    _Atomic uint64_t ended; // callbacks, of which there must be none
    _Atomic int64_t left;
} cancelling;

static void on_cancelled(void *ctx, const struct dia_outcome *outcome)
{
    atomic_fetch_add(&cancelling.ended, 1);
}

static void on_cancel(struct base_job *job)
{
    const struct dia_send_options options = {.timeout_ms = cancelling.run.timeout_ms,
                                             .procedure = "AIR"};
    for (int64_t i = 0; i < cancelling.run.to_send; i++) {
        struct msg *msg = NULL;
        base_handle handle;
        if (build_air(&cancelling.run, &msg) == ERR_OK &&
            dia_send(cancelling.run.loop, &msg, &options, on_cancelled, NULL, &handle) == ERR_OK) {
            dia_cancel(cancelling.run.loop, handle);
            dia_cancel(cancelling.run.loop, handle); // stale by now: nothing happens
        }
    }
    atomic_store(&cancelling.left, 0);
}

static void run_cancels(int64_t n, int64_t timeout_ms)
{
    cancelling.job.run = on_cancel;
    cancelling.run = (struct run){.loop = probe.loops[0], .to_send = n, .timeout_ms = timeout_ms};
    snprintf(cancelling.run.realm, sizeof(cancelling.run.realm), "%s", dia_origin_realm());
    atomic_store(&cancelling.left, n);
    base_loop_post_admitted(probe.loops[0], &cancelling.job);
    while (atomic_load(&cancelling.left) > 0)
        usleep(1000);
    usleep((useconds_t)(timeout_ms + 300) * 1000);
    printf("{\"ended\":%lu}\n", atomic_load(&cancelling.ended));
}

// ---- requests from the core ----

static struct {
    _Atomic uint32_t code;
    _Atomic int64_t delay_ms; // -1: never
    _Atomic uint64_t seen;
} inbound = {.code = 2001};

struct delayed {
    struct base_timer timer;
    struct dia_inbound *in;
};

// Those that will never be answered, so that a leak checker does not take them for lost.
static struct delayed *_Atomic never[NEVER_MAX];
static _Atomic size_t n_never;

static void answer_clr(struct dia_inbound *in)
{
    struct msg *answer = NULL;
    enum err err = dia_inbound_answer(in, &answer);
    uint32_t code = atomic_load(&inbound.code);
    if (err == ERR_OK)
        err = dia_add_no_state(answer);
    if (err == ERR_OK)
        err = dia_add_result(answer, code / 1000 == 5 ? DIA_3GPP : 0, code);
    dia_inbound_send(in, &answer);
}

static void on_delay(struct base_timer *timer)
{
    struct delayed *d = BASE_CONTAINER_OF(timer, struct delayed, timer);
    answer_clr(d->in);
    free(d);
}

static void on_clr(void *ctx, struct dia_inbound *in)
{
    int64_t delay = atomic_load(&inbound.delay_ms);
    atomic_fetch_add(&inbound.seen, 1);
    if (delay == 0) {
        answer_clr(in);
        return;
    }
    struct delayed *d = calloc(1, sizeof(*d));
    if (!d)
        abort();
    d->in = in;
    base_timer_init(&d->timer, dia_inbound_loop(in), on_delay);
    if (delay < 0)
        never[atomic_fetch_add(&n_never, 1) % NEVER_MAX] = d;
    else
        base_timer_start(&d->timer, delay);
}

static void set_inbound(const char *mode)
{
    atomic_store(&inbound.delay_ms, strncmp(mode, "slow:", 5) == 0 || strncmp(mode, "late:", 5) == 0
                                        ? strtoll(mode + 5, NULL, 10)
                                    : strncmp(mode, "never", 5) == 0 ? -1
                                                                     : 0);
    atomic_store(&inbound.code,
                 strncmp(mode, "result:", 7) == 0 ? (uint32_t)strtoul(mode + 7, NULL, 10) : 2001u);
    printf("{\"ok\":true}\n");
}

// ---- other commands ----

static void print_peer(const struct dia_peer_info *peer, void *arg)
{
    int *n = arg;
    printf(
        "%s{\"identity\":\"%s\",\"realm\":\"%s\",\"state\":\"%s\",\"disabled\":%s,\"in_flight\":%u,"
        "\"requests\":%lu,\"answers\":%lu,\"timeouts\":%lu,\"failovers\":%lu}",
        (*n)++ ? "," : "", peer->identity, peer->realm, peer->state,
        peer->disabled ? "true" : "false", peer->in_flight, peer->requests, peer->answers,
        peer->timeouts, peer->failovers);
}

static void print_metrics(void)
{
    size_t len = 0;
    char *text = metrics_export(&len);
    int n = 0;
    printf("{");
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *space = strrchr(line, ' ');
        if (strncmp(line, "dia_", 4) != 0 || strstr(line, "_bucket") || !space)
            continue;
        *space = 0;
        printf("%s\"", n++ ? "," : "");
        for (const char *c = line; *c; c++)
            putchar(*c == '"' ? '\'' : *c);
        printf("\":%s", space + 1);
    }
    printf("}\n");
    free(text);
}

static void print_note(const char *line, void *arg)
{
    int *n = arg;
    printf("%s\"", (*n)++ ? "," : "");
    for (const char *c = line; *c; c++)
        putchar(*c == '"' ? '\'' : *c);
    printf("\"");
}

// False to end.
static bool command(char *line)
{
    long long n, window, timeout;
    int used = 0, count = 0;
    if (sscanf(line, "send %lld %lld %lld%n", &n, &window, &timeout, &used) == 3) {
        run_requests(n, window, timeout, line + used);
    } else if (sscanf(line, "offer %lld %lld%n", &n, &timeout, &used) == 2) {
        run_requests(n, n, timeout, line + used);
    } else if (sscanf(line, "cancel %lld %lld", &n, &timeout) == 2) {
        run_cancels(n, timeout);
    } else if (strncmp(line, "inbound ", 8) == 0) {
        set_inbound(line + 8);
    } else if (strncmp(line, "peers", 5) == 0) {
        printf("[");
        dia_peer_each(print_peer, &count);
        printf("]\n");
    } else if (strncmp(line, "metrics", 7) == 0) {
        print_metrics();
    } else if (strncmp(line, "status", 6) == 0) {
        printf("{\"interposed\":%s,\"failed\":%s,\"inbound\":%lu,\"late\":%lu,\"moved\":%lu}\n",
               dia_stack_interposed_ok() ? "true" : "false", dia_stack_failed() ? "true" : "false",
               atomic_load(&inbound.seen), atomic_load(&n_late), atomic_load(&n_moved));
    } else if (strncmp(line, "reload", 6) == 0) {
        printf("{\"notes\":[");
        enum err err = dia_stack_reload(print_note, &count);
        printf("],\"err\":\"%s\"}\n", err_name(err));
    } else {
        return false;
    }
    return true;
}

static enum err start(int argc, char **argv)
{
    static uint32_t supported[4];
    struct dia_stack_config config = {
        .conf_path = argv[1], .interposed = true, .supported_vendors = supported};
    probe.n_loops = 1;
    base_log_set_level("all", BASE_LOG_NOTICE);
    for (int i = 2; i + 1 < argc; i += 2) {
        enum base_log_level level;
        uint32_t value = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "loops") == 0)
            probe.n_loops = value < LOOPS_MAX ? value : LOOPS_MAX;
        else if (strcmp(argv[i], "cap") == 0)
            config.max_in_flight_peer = value;
        else if (strcmp(argv[i], "queue") == 0)
            config.max_queue = value;
        else if (strcmp(argv[i], "inbound") == 0)
            config.inbound_deadline_ms = value;
        else if (strcmp(argv[i], "product") == 0)
            config.product_name = argv[i + 1];
        else if (strcmp(argv[i], "vendor") == 0)
            config.vendor_id = value;
        else if (strcmp(argv[i], "supports") == 0 && config.n_supported_vendors < 4)
            supported[config.n_supported_vendors++] = value;
        else if (strcmp(argv[i], "exact") == 0 && dia_exact_hosts(value) == ERR_OK)
            continue;
        else if (strcmp(argv[i], "level") == 0 &&
                 base_log_level_parse(argv[i + 1], &level) == ERR_OK)
            base_log_set_level("all", level);
    }
    results.ms = calloc(SAMPLES_MAX, sizeof(results.ms[0]));
    enum err err = results.ms ? dia_stack_init(&config) : ERR_NOMEM;
    if (err == ERR_OK)
        err = dia_advertise(DIA_APP_S6A, DIA_3GPP);
    if (err == ERR_OK)
        err = dia_accept(DIA_APP_S6A, DIA_CMD_CLR, on_clr, NULL);
    if (err == ERR_OK)
        err = dia_on_late(DIA_APP_S6A, DIA_CMD_AIR, on_late, NULL);
    for (size_t i = 0; i < probe.n_loops && err == ERR_OK; i++) {
        char name[32];
        snprintf(name, sizeof(name), "loop%zu", i);
        err = base_loop_new(name, 20000, &probe.loops[i]);
        if (err == ERR_OK)
            err = dia_loop_attach(probe.loops[i], CAPACITY);
        if (err == ERR_OK)
            err = base_loop_start(probe.loops[i]);
    }
    return err == ERR_OK ? dia_stack_start() : err;
}

int main(int argc, char **argv)
{
    char line[512];
    if (argc < 2) {
        fprintf(stderr,
                "usage: dia-probe CONF [loops N] [cap N] [queue N] [inbound MS] [level NAME]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    enum err err = start(argc, argv);
    printf("{\"started\":\"%s\"}\n", err_name(err));
    line[0] = 0;
    while (err == ERR_OK && fgets(line, sizeof(line), stdin) && command(line))
        ;
    long grace = 500;
    sscanf(line, "quit %ld", &grace);
    int64_t begin = base_now_ns();
    dia_stack_stop(grace);
    int64_t took = (base_now_ns() - begin) / BASE_MS_NS;
    for (size_t i = 0; i < probe.n_loops && probe.loops[i]; i++) {
        base_loop_stop(probe.loops[i]);
        base_loop_join(probe.loops[i]);
        base_loop_free(probe.loops[i]);
    }
    printf("{\"stopped_ms\":%ld}\n", (long)took);
    free(results.ms);
    return err == ERR_OK && !dia_stack_failed() ? 0 : 1;
}
