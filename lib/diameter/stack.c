// SPDX-License-Identifier: BSD-3-Clause
// The life of libfdcore inside this process: start in order, watch that it lives, stop within
// bounds.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diameter/stack_int.h"

BASE_LOG_CATEGORY(log_dia, "diameter");
BASE_LOG_CATEGORY(log_fd, "freediameter");

enum {
    DEFAULT_IN_FLIGHT = 1000,
    DEFAULT_QUEUE = 4000,
    DEFAULT_INBOUND_MS = 8000,
    PEERS_STOP_MS = 2500,
    SENDER_STOP_MS = 1500, // a peer that does not read holds the library up for a second
    ENDING_MS = 1000,
};

static struct {
    struct dia_stack_config config;
    _Atomic enum dia_phase phase;
    _Atomic bool failed, checked;
} stack;

enum dia_phase dia_phase(void)
{
    return atomic_load_explicit(&stack.phase, memory_order_acquire);
}

int64_t dia_inbound_deadline_setting_ms(void)
{
    return stack.config.inbound_deadline_ms;
}

const char *dia_origin_host(void)
{
    return fd_g_config && fd_g_config->cnf_diamid ? fd_g_config->cnf_diamid : "";
}

const char *dia_origin_realm(void)
{
    return fd_g_config && fd_g_config->cnf_diamrlm ? fd_g_config->cnf_diamrlm : "";
}

// ---- the library's log ----

static enum base_log_level level_of(int fd_level, const char *format)
{
    if (fd_level < FD_LOG_NOTICE)
        return BASE_LOG_DEBUG;
    if (fd_level < FD_LOG_ERROR || dia_phase() >= DIA_DRAINING) // an orderly end is not an error
        return BASE_LOG_INFO;
    if (fd_level >= FD_LOG_FATAL)
        return BASE_LOG_ERROR;
    // While it runs an error passes through several of its functions, and each says so; what
    // matters is told once by the hooks and by rescue.c.
    bool inner = strncmp(format, "ERROR: in ", strlen("ERROR: in ")) == 0;
    return dia_phase() == DIA_READY ? BASE_LOG_ERROR : inner ? BASE_LOG_DEBUG : BASE_LOG_INFO;
}

// Called for every level, under the library's log mutex, from any of its threads.
static void on_library_log(int fd_level, const char *format, va_list args)
{
    char line[400];
    enum base_log_level level = level_of(fd_level, format);
    if (!base_log_wanted(&log_fd, level, NULL))
        return;
    int before = dia_no_cancel();
    vsnprintf(line, sizeof(line), format, args);
    for (char *c = line; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
    if (dia_phase() <= DIA_READY) // the configuration is being read: every line counts
        base_log(&log_fd, level, NULL, "%s", line);
    else
        base_log_limited(&log_fd, level, NULL, "%s", line);
    dia_cancel_again(before);
}

// ---- failure of the library ----

void dia_stack_fail(const char *why)
{
    if (atomic_exchange(&stack.failed, true))
        return;
    base_log(&log_dia, BASE_LOG_ERROR, NULL, "%s: this process has to end", why);
    kill(getpid(), SIGTERM);
}

bool dia_stack_failed(void)
{
    return atomic_load(&stack.failed);
}

void dia_interpose_shutdown(void)
{
    if (dia_phase() == DIA_RUNNING)
        dia_stack_fail("a thread of the Diameter library has given up");
}

// ---- self-test ----

bool dia_stack_interposed_ok(void)
{
    return dia_interpose_was_seen(DIA_INTERPOSED_PARSE) &&
           dia_interpose_was_seen(DIA_INTERPOSED_SEARCH);
}

void dia_stack_self_test(void)
{
    if (!stack.config.interposed || atomic_exchange(&stack.checked, true))
        return;
    if (!dia_stack_interposed_ok())
        base_log(&log_dia, BASE_LOG_WARN, NULL,
                 "this build of freeDiameter bypasses our replacements: answers that break the "
                 "rules will be dropped (and time out), and parsing is slow");
    else if (!dia_interpose_was_seen(DIA_INTERPOSED_SETSOCKOPT))
        base_log(&log_dia, BASE_LOG_INFO, NULL, "TCP_NODELAY is not forced (no TCP peer yet)");
}

// ---- start ----

// What operators may leave out and the gateway needs.
static void enforce_settings(void)
{
    if (!fd_g_config->cnf_flags.no_fwd) {
        base_log(&log_dia, BASE_LOG_NOTICE, NULL, "NoRelay is missing in %s: taken as set",
                 stack.config.conf_path);
        fd_g_config->cnf_flags.no_fwd = 1;
    }
    if (fd_g_config->cnf_dispthr > 2)
        base_log(&log_dia, BASE_LOG_INFO, NULL, "AppServThreads = %u: 1 or 2 is faster",
                 fd_g_config->cnf_dispthr);
}

enum err dia_stack_init(const struct dia_stack_config *config)
{
    if (dia_phase() != DIA_IDLE)
        return ERR_WRONG_STATE;
    stack.config = *config;
    if (!stack.config.max_in_flight_peer)
        stack.config.max_in_flight_peer = DEFAULT_IN_FLIGHT;
    if (!stack.config.max_queue)
        stack.config.max_queue = DEFAULT_QUEUE;
    if (!stack.config.inbound_deadline_ms)
        stack.config.inbound_deadline_ms = DEFAULT_INBOUND_MS;
    signal(SIGPIPE, SIG_IGN); // the library writes to sockets without asking

    if (!config->hosted) {
        dia_interpose_fifo_set(stack.config.max_in_flight_peer); // before the first is made
        fd_log_handler_register(on_library_log);                 // EALREADY: somebody else's, then
        if (fd_core_initialize() != 0)
            return ERR_DIA_LIBRARY;
    }
    atomic_store(&stack.phase, DIA_READY);
    dia_counts_start();
    if (!config->hosted && fd_core_parseconf(config->conf_path) != 0)
        return ERR_CONF_SYNTAX; // the library has logged file and line
    enforce_settings();
    dia_capabilities_start(config);
    enum err err = dia_reload_prepare(config->conf_path);
    if (err == ERR_OK)
        err = dia_hooks_start();
    if (err == ERR_OK)
        err = dia_route_start(stack.config.max_in_flight_peer);
    return err;
}

enum err dia_stack_start(void)
{
    if (dia_phase() != DIA_READY)
        return ERR_WRONG_STATE;
    enum err err = dia_dict_freeze();
    if (err == ERR_OK)
        err = dia_sender_start(stack.config.max_queue);
    if (err != ERR_OK)
        return err;
    if (!stack.config.hosted && !dia_direct_start())
        base_log(&log_dia, BASE_LOG_INFO, NULL, "requests are routed by the library's own thread");
    atomic_store(&stack.phase, DIA_RUNNING); // peers may send as soon as they are connected
    if (!stack.config.hosted && (fd_core_start() != 0 || fd_core_waitstartcomplete() != 0)) {
        atomic_store(&stack.phase, DIA_READY);
        return ERR_DIA_LIBRARY;
    }
    base_log(&log_dia, BASE_LOG_INFO, NULL, "%s started as %s in %s", fd_core_version,
             dia_origin_host(), dia_origin_realm());
    return ERR_OK;
}

// ---- stop ----

static void wait_idle(int64_t grace_ms)
{
    int64_t until = base_now_ns() + grace_ms * BASE_MS_NS;
    while ((dia_tx_live() > 0 || dia_inbound_live() > 0 || dia_sender_queued() > 0) &&
           base_now_ns() < until)
        nanosleep(&(struct timespec){.tv_nsec = 2 * BASE_MS_NS}, NULL);
}

void dia_stack_stop(int64_t grace_ms)
{
    enum dia_phase was = dia_phase();
    if (was == DIA_IDLE || was == DIA_STOPPED)
        return;
    atomic_store(&stack.phase, DIA_DRAINING);
    if (was == DIA_RUNNING) {
        wait_idle(grace_ms);
        dia_tx_end_all(ENDING_MS);
        wait_idle(ENDING_MS / 4); // answers that the ending has caused
        dia_sender_stop(SENDER_STOP_MS);
    }
    // The library itself is left as it is until the process ends: its shutdown unloads extensions
    // whose code may still be running, waits 16 s for a peer that hangs, and asserts that no thread
    // of its own takes longer than 20 ms to wake up.
    if (was == DIA_RUNNING && !stack.config.hosted && !dia_stack_failed() &&
        !dia_peers_terminate(PEERS_STOP_MS))
        base_log(&log_dia, BASE_LOG_WARN, NULL, "a peer has not answered our goodbye in time");
    atomic_store(&stack.phase, DIA_STOPPED);
    dia_tx_detach();
}
