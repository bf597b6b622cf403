// SPDX-License-Identifier: BSD-3-Clause
// The load generator. Everything runs on the link's loop; slots are allocated once, requests are
// built in place from a template in which only the IMSI's digits change.
#include "agw_client/load.h"

#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agw_client/hist.h"
#include "base/clock.h"
#include "base/daemon.h"

#define DRAIN_MS 15000 // answers still owed at the end are waited for so long
#define CODES_MAX 32
#define TICK_MS 1
#define MESSAGE_MAX 96

struct run;

struct slot {
    struct run *run;
    uint64_t subscriber;
    int64_t due_ns;
    bool second_half; // attach: the update location that follows the authentication
    struct slot *free_next;
};

struct code_count {
    uint32_t code;
    uint64_t n;
};

struct template
{
    const char *path;
    uint8_t bytes[MESSAGE_MAX];
    size_t len;
    size_t imsi_at;
};

struct run {
    const struct load_options *options;
    struct agwc *link;
    struct template air, ulr, pur, raw;
    char digits[16];
    size_t n_digits;
    struct slot *slots, *free;
    struct base_timer tick;
    int pace_fd; // timerfd: a rate needs finer time than a loop's timers have; -1: none
    struct event pace;
    int64_t began_ns, until_ns, ended_ns;
    uint64_t started, next_subscriber;
    uint32_t outstanding;
    size_t next_channel;
    bool stopping;
    // results
    uint64_t good, empty, refused, status[17], local;
    struct code_count codes[CODES_MAX];
    struct hist hist;
    struct rusage usage_began, usage_ended;
    sem_t finished;
};

// ---- requests ----

static size_t put_varint(uint8_t *at, uint64_t value)
{
    size_t n = 0;
    while (value >= 0x80) {
        at[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    at[n++] = (uint8_t)value;
    return n;
}

// user_name = 1 and visited_plmn = 2 are the same in all three requests (s6a_proxy.proto).
static void build(struct template *template, const char *path, const struct run *run, bool plmn)
{
    uint8_t *b = template->bytes;
    size_t n = 0;
    template->path = path;
    b[n++] = 1 << 3 | 2;
    b[n++] = (uint8_t)run->n_digits;
    template->imsi_at = n;
    memcpy(b + n, run->digits, run->n_digits);
    n += run->n_digits;
    if (plmn) {
        b[n++] = 2 << 3 | 2;
        b[n++] = 3;
        memcpy(b + n, run->options->plmn, 3);
        n += 3;
    }
    template->len = n;
}

// A message of the caller's: where it has the first subscriber's digits, each gets its own.
static void build_raw(struct run *run)
{
    const struct load_options *options = run->options;
    struct template *raw = &run->raw;
    if (!options->path || options->raw_len > sizeof(raw->bytes))
        return;
    const uint8_t *at = memmem(options->raw, options->raw_len, run->digits, run->n_digits);
    if (!at)
        return;
    memcpy(raw->bytes, options->raw, options->raw_len);
    raw->path = options->path;
    raw->len = options->raw_len;
    raw->imsi_at = (size_t)(at - options->raw);
}

static void build_all(struct run *run)
{
    build(&run->air, "/magma.feg.S6aProxy/AuthenticationInformation", run, true);
    run->air.bytes[run->air.len++] = 3 << 3; // num_requested_eutran_vectors
    run->air.len += put_varint(run->air.bytes + run->air.len, run->options->vectors);
    build(&run->ulr, "/magma.feg.S6aProxy/UpdateLocation", run, true);
    run->ulr.bytes[run->ulr.len++] = 4 << 3; // initial_attach
    run->ulr.bytes[run->ulr.len++] = 1;
    build(&run->pur, "/magma.feg.S6aProxy/PurgeUE", run, false);
    build_raw(run);
}

static void put_imsi(const struct run *run, struct template *template, uint64_t offset)
{
    uint8_t *at = template->bytes + template->imsi_at;
    for (size_t i = run->n_digits; i-- > 0;) {
        uint64_t digit = (uint64_t)(run->digits[i] - '0') + offset;
        at[i] = (uint8_t)('0' + digit % 10);
        offset = digit / 10;
    }
}

// ---- answers ----

// Reads error_code (field 1) and whether field 2 is there, without decoding the whole answer.
static bool scan(const uint8_t *p, size_t len, uint64_t *code, bool *has_second)
{
    const uint8_t *end = p + len;
    *code = 0;
    *has_second = false;
    while (p < end) {
        uint64_t tag = 0, value = 0;
        uint64_t *into[2] = {&tag, &value};
        for (int i = 0; i < 2; i++) {
            unsigned shift = 0;
            if (i == 1 && (tag & 7) != 0 && (tag & 7) != 2)
                break;
            do {
                if (p == end || shift > 63)
                    return false;
                *into[i] |= (uint64_t)(*p & 0x7f) << shift;
                shift += 7;
            } while (*p++ & 0x80);
        }
        size_t skip = (tag & 7) == 2 ? value : (tag & 7) == 1 ? 8 : (tag & 7) == 5 ? 4 : 0;
        if (skip > (size_t)(end - p))
            return false;
        p += skip;
        if (tag >> 3 == 1 && (tag & 7) == 0)
            *code = value;
        if (tag >> 3 == 2) {
            *has_second = true;
            return true; // fields come in order from every encoder we meet
        }
    }
    return true;
}

static void count_code(struct run *run, uint32_t code)
{
    run->refused++;
    for (size_t i = 0; i < CODES_MAX; i++) {
        if (run->codes[i].n == 0 || run->codes[i].code == code || i == CODES_MAX - 1) {
            run->codes[i].code = code;
            run->codes[i].n++;
            return;
        }
    }
}

static void pump(struct run *run);
static void send_slot(struct run *run, struct slot *slot);

static void finish_if_done(struct run *run)
{
    if (run->stopping && run->outstanding == 0 && run->ended_ns == 0) {
        run->ended_ns = base_now_ns();
        getrusage(RUSAGE_SELF, &run->usage_ended);
        base_timer_stop(&run->tick);
        sem_post(&run->finished);
    }
}

static void give_back(struct run *run, struct slot *slot)
{
    slot->free_next = run->free;
    run->free = slot;
}

static void on_done(void *ctx, const struct rpc_result *result)
{
    struct slot *slot = ctx;
    struct run *run = slot->run;
    uint64_t code = 0;
    bool has_second = false, good = false;

    run->outstanding--;
    if (run->ended_ns)
        return;
    hist_add(&run->hist, base_now_ns() - slot->due_ns);
    run->status[result->status >= 0 && result->status <= 16 ? result->status : RPC_UNKNOWN]++;
    if (result->status == RPC_OK) {
        if (run->options->path)
            good = true;
        else if (!scan(result->payload, result->len, &code, &has_second))
            run->empty++;
        else if (code >= 3001)
            count_code(run, (uint32_t)code);
        else if (!has_second && !slot->second_half && run->options->procedure != LOAD_PUR &&
                 run->options->procedure != LOAD_ULR)
            run->empty++;
        else
            good = true;
    }
    run->good += good;
    if (good && run->options->procedure == LOAD_ATTACH && !slot->second_half && !run->stopping) {
        slot->second_half = true;
        slot->due_ns = base_now_ns();
        send_slot(run, slot);
    } else {
        give_back(run, slot);
    }
    pump(run);
    finish_if_done(run);
}

static void send_slot(struct run *run, struct slot *slot)
{
    const struct load_options *options = run->options;
    struct template *template = run->raw.path                                         ? &run->raw
                                : options->procedure == LOAD_ULR || slot->second_half ? &run->ulr
                                : options->procedure == LOAD_PUR                      ? &run->pur
                                                                                      : &run->air;
    bool fixed = options->path && !run->raw.path;
    struct rpc_channel *channel = agwc_channel(run->link, run->next_channel);
    const char *path = fixed ? options->path : template->path;
    const uint8_t *bytes = fixed ? options->raw : template->bytes;
    size_t len = fixed ? options->raw_len : template->len;

    run->next_channel = run->next_channel + 1 == options->connections ? 0 : run->next_channel + 1;
    if (!fixed)
        put_imsi(run, template, slot->subscriber);
    run->started++;
    if (rpc_unary(channel, path, bytes, len, agwc_options(run->link)->timeout_ms, NULL, 0, on_done,
                  slot)) {
        run->local++;
        give_back(run, slot);
        return;
    }
    run->outstanding++;
}

// Starts what is due and fits into the window.
static void pump(struct run *run)
{
    const struct load_options *options = run->options;
    int64_t now = base_now_ns();
    if (now >= run->until_ns || (options->count && run->started >= options->count))
        run->stopping = true;
    uint64_t local_before = run->local;
    while (!run->stopping && run->free && run->local - local_before < 64) {
        int64_t due = now;
        if (options->rate > 0) {
            due = run->began_ns + (int64_t)((double)run->started / options->rate * 1e9);
            if (due > now)
                break;
        }
        struct slot *slot = run->free;
        run->free = slot->free_next;
        slot->subscriber = run->next_subscriber;
        slot->second_half = false;
        slot->due_ns = due;
        if (++run->next_subscriber == options->subscribers)
            run->next_subscriber = 0;
        send_slot(run, slot);
        if (options->count && run->started >= options->count)
            run->stopping = true;
    }
}

// Wakes at the time of the next request; while the window is full, the tick looks after it.
static void pace(struct run *run)
{
    if (run->pace_fd < 0 || !run->free || run->stopping)
        return;
    int64_t due =
        run->began_ns + (int64_t)((double)run->started / run->options->rate * (double)BASE_S_NS);
    const struct itimerspec at = {
        .it_value = {.tv_sec = due / BASE_S_NS, .tv_nsec = due % BASE_S_NS},
    };
    timerfd_settime(run->pace_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_tick(struct base_timer *timer)
{
    struct run *run = BASE_CONTAINER_OF(timer, struct run, tick);
    pump(run);
    finish_if_done(run);
    if (run->ended_ns)
        return;
    if (base_now_ns() > run->until_ns + DRAIN_MS * BASE_MS_NS) {
        run->local += run->outstanding; // never answered
        run->ended_ns = run->until_ns;
        getrusage(RUSAGE_SELF, &run->usage_ended);
        sem_post(&run->finished);
        return;
    }
    pace(run);
    base_timer_start(&run->tick, TICK_MS);
}

static void on_pace(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    uint64_t expirations;
    if (read(fd, &expirations, sizeof(expirations)) < 0 || run->stopping)
        return;
    pump(run);
    finish_if_done(run);
    pace(run);
}

static void start_pacing(struct run *run)
{
    run->pace_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (run->pace_fd < 0)
        return; // every millisecond, then
    event_assign(&run->pace, base_loop_event_base(agwc_loop(run->link)), run->pace_fd,
                 EV_READ | EV_PERSIST, on_pace, run);
    event_add(&run->pace, NULL);
    pace(run);
}

// The callback that has told of the end may still be running: once this has run it is not.
static void stop_pacing(void *arg)
{
    struct run *run = arg;
    if (run->pace_fd < 0)
        return;
    event_del(&run->pace);
    close(run->pace_fd);
    run->pace_fd = -1;
}

static void begin(void *arg)
{
    struct run *run = arg;
    (void)base_daemon_batch(); // what is measured may run on the same processors: it goes first
    getrusage(RUSAGE_SELF, &run->usage_began);
    run->began_ns = base_now_ns();
    run->until_ns = run->began_ns + run->options->duration_ms * BASE_MS_NS;
    if (run->options->rate > 0)
        start_pacing(run);
    base_timer_init(&run->tick, agwc_loop(run->link), on_tick);
    on_tick(&run->tick);
}

// ---- report ----

static double seconds(struct timeval a, struct timeval b)
{
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_usec - a.tv_usec) / 1e6;
}

static double cpu_us_per_request(const struct run *run)
{
    double cpu = seconds(run->usage_began.ru_utime, run->usage_ended.ru_utime) +
                 seconds(run->usage_began.ru_stime, run->usage_ended.ru_stime);
    return run->hist.n ? cpu / (double)run->hist.n * 1e6 : 0;
}

static void report_json(const struct run *run, double elapsed)
{
    printf("{\"seconds\":%.3f,\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"ok\":%" PRIu64
           ",\"empty\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"not_sent\":%" PRIu64
           ",\"rate\":%.1f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f"
           ",\"max_ms\":%.3f,\"client_cpu_us\":%.2f,\"status\":{",
           elapsed, run->started, run->hist.n, run->good, run->empty, run->refused, run->local,
           (double)run->good / elapsed, (double)hist_quantile(&run->hist, 0.5) / 1e6,
           (double)hist_quantile(&run->hist, 0.9) / 1e6,
           (double)hist_quantile(&run->hist, 0.99) / 1e6,
           (double)hist_quantile(&run->hist, 0.999) / 1e6, (double)run->hist.max / 1e6,
           cpu_us_per_request(run));
    const char *comma = "";
    for (int i = 0; i <= 16; i++) {
        if (run->status[i] == 0)
            continue;
        printf("%s\"%s\":%" PRIu64, comma, rpc_status_name(i), run->status[i]);
        comma = ",";
    }
    printf("},\"error_codes\":{");
    comma = "";
    for (size_t i = 0; i < CODES_MAX && run->codes[i].n; i++) {
        printf("%s\"%" PRIu32 "\":%" PRIu64, comma, run->codes[i].code, run->codes[i].n);
        comma = ",";
    }
    printf("}}\n");
}

static void report_text(const struct run *run, double elapsed)
{
    printf("%" PRIu64 " requests in %.2f s: %" PRIu64 " good (%.0f per second)", run->started,
           elapsed, run->good, (double)run->good / elapsed);
    if (run->refused)
        printf(", %" PRIu64 " refused by the core", run->refused);
    if (run->empty)
        printf(", %" PRIu64 " without content", run->empty);
    if (run->local)
        printf(", %" PRIu64 " not sent or never answered", run->local);
    printf("\nlatency ms: p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f\n",
           (double)hist_quantile(&run->hist, 0.5) / 1e6,
           (double)hist_quantile(&run->hist, 0.9) / 1e6,
           (double)hist_quantile(&run->hist, 0.99) / 1e6,
           (double)hist_quantile(&run->hist, 0.999) / 1e6, (double)run->hist.max / 1e6);
    for (int i = 1; i <= 16; i++) {
        if (run->status[i])
            printf("status %-20s %" PRIu64 "\n", rpc_status_name(i), run->status[i]);
    }
    for (size_t i = 0; i < CODES_MAX && run->codes[i].n; i++)
        printf("error_code %-16" PRIu32 " %" PRIu64 "\n", run->codes[i].code, run->codes[i].n);
    printf("this program used %.1f us CPU per request\n", cpu_us_per_request(run));
}

static enum err prepare(struct run *run, const struct load_options *options)
{
    size_t n = strlen(options->first_imsi);
    if (n < 6 || n > 15 || strspn(options->first_imsi, "0123456789") != n)
        return ERR_INVALID;
    memcpy(run->digits, options->first_imsi, n + 1);
    run->n_digits = n;
    build_all(run);
    run->slots = calloc(options->in_flight, sizeof(*run->slots));
    if (!run->slots)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < options->in_flight; i++) {
        run->slots[i].run = run;
        give_back(run, &run->slots[i]);
    }
    return ERR_OK;
}

enum err load_run(struct agwc *link, const struct load_options *options)
{
    struct run *run = calloc(1, sizeof(*run));
    if (!run)
        return ERR_NOMEM;
    run->options = options;
    run->link = link;
    run->pace_fd = -1;
    enum err err = prepare(run, options);
    if (err) {
        free(run->slots);
        free(run);
        return err;
    }
    sem_init(&run->finished, 0, 0);
    agwc_run(link, begin, run);
    while (sem_wait(&run->finished) != 0)
        ;
    agwc_run(link, stop_pacing, run);
    double elapsed = (double)(run->ended_ns - run->began_ns) / 1e9;
    if (options->json)
        report_json(run, elapsed);
    else
        report_text(run, elapsed);
    err = run->good > 0 ? ERR_OK : ERR_RPC_STATUS;
    if (run->outstanding > 0)
        return err; // calls still refer to the slots: the process is about to end
    sem_destroy(&run->finished);
    free(run->slots);
    free(run);
    return err;
}
