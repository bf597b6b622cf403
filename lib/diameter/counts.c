// SPDX-License-Identifier: BSD-3-Clause
// The metrics of the stack. Cells of the hot road are remembered per thread, because finding one
// takes a lock.
#include <stdio.h>
#include <string.h>

#include "diameter/stack_int.h"

static struct metric_family events = {
    .name = "dia_events_total",
    .help = "What should not happen: late answers, messages dropped or not understood, refusals.",
    .type = METRIC_COUNTER,
    .labels = {"event"},
};
static struct metric_family requests = {
    .name = "dia_requests_total",
    .help = "Requests to the core by how they ended (Result-Code, vendor and code, or error).",
    .type = METRIC_COUNTER,
    .labels = {"peer", "procedure", "result"},
    .max_cells = 4096,
};
static struct metric_family latency = {
    .name = "dia_request_seconds",
    .help = "From dia_send to the end of the transaction.",
    .type = METRIC_HISTOGRAM,
    .labels = {"procedure"},
};
static struct metric_family inbound = {
    .name = "dia_inbound_requests_total",
    .help = "Requests from the core by our answer.",
    .type = METRIC_COUNTER,
    .labels = {"peer", "procedure", "result"},
    .max_cells = 4096,
};
static struct metric_family inbound_latency = {
    .name = "dia_inbound_request_seconds",
    .help = "From the arrival of a request from the core to its answer.",
    .type = METRIC_HISTOGRAM,
    .labels = {"procedure"},
};
static struct metric_family failovers = {
    .name = "dia_failovers_total",
    .help = "Requests that the library took back from a lost peer.",
    .type = METRIC_COUNTER,
    .labels = {"peer"},
    .max_cells = DIA_PEERS_MAX,
};
static struct metric_family queue = {
    .name = "dia_sender_queue",
    .help = "Messages waiting for the sender thread.",
    .type = METRIC_GAUGE,
};
static struct metric_family live = {
    .name = "dia_transactions",
    .help = "Transactions not ended, toward the core (up) and from it (down).",
    .type = METRIC_GAUGE,
    .labels = {"direction"},
};

static const char *const names[DIA_COUNTS] = {
    [DIA_COUNT_LATE] = "late_answer",
    [DIA_COUNT_DROPPED] = "dropped_by_library",
    [DIA_COUNT_ROUTING] = "routing_error",
    [DIA_COUNT_PARSING] = "parsing_error",
    [DIA_COUNT_RESCUED] = "bad_answer_rescued",
    [DIA_COUNT_BUSY] = "busy",
    [DIA_COUNT_QUEUE_TIMEOUT] = "queue_timeout",
    [DIA_COUNT_NO_MEMORY] = "no_memory",
    [DIA_COUNT_INBOUND_REFUSED] = "inbound_refused",
    [DIA_COUNT_INBOUND_LOST] = "inbound_lost",
    [DIA_COUNT_INBOUND_LATE] = "inbound_late",
};

static struct metric_cell *_Atomic cells[DIA_COUNTS];

void dia_count(enum dia_count what)
{
    struct metric_cell *cell = atomic_load_explicit(&cells[what], memory_order_relaxed);
    if (!cell) {
        cell = METRIC_CELL(&events, names[what]);
        atomic_store_explicit(&cells[what], cell, memory_order_relaxed);
    }
    metric_inc(cell);
}

static void collect(void *arg)
{
    metric_set(metric_cell(&queue, (const char *const[]){NULL}), (int64_t)dia_sender_queued());
    metric_set(METRIC_CELL(&live, "up"), (int64_t)dia_tx_live());
    metric_set(METRIC_CELL(&live, "down"), (int64_t)dia_inbound_live());
}

void dia_counts_start(void)
{
    for (int i = 0; i < DIA_COUNTS; i++) { // present from the beginning
        struct metric_cell *cell = METRIC_CELL(&events, names[i]);
        atomic_store(&cells[i], cell);
    }
    metrics_on_collect(collect, NULL);
}

void dia_count_failover(const struct dia_peer *peer)
{
    metric_inc(METRIC_CELL(&failovers, peer->identity));
}

// ---- per transaction ----

enum { CACHE = 64 };

// Key of a cell that this thread has used: procedures are static texts, so their address will do.
struct cached {
    const struct metric_family *family;
    const struct dia_peer *peer;
    const char *procedure;
    uint64_t result;
    struct metric_cell *cell;
};

static uint64_t result_key(enum err err, const struct dia_result *result)
{
    if (err == ERR_OK && result)
        return (uint64_t)result->vendor << 32 | result->code;
    return UINT64_MAX - (uint64_t)err;
}

static void result_text(enum err err, const struct dia_result *result, char *out, size_t size)
{
    if (err != ERR_OK || !result)
        snprintf(out, size, "%s", err_name(err));
    else if (result->experimental)
        snprintf(out, size, "%u:%u", result->vendor, result->code);
    else if (result->code)
        snprintf(out, size, "%u", result->code);
    else
        snprintf(out, size, "none");
}

static struct metric_cell *cell_of(struct metric_family *family, const struct dia_peer *peer,
                                   const char *procedure, enum err err,
                                   const struct dia_result *result)
{
    static _Thread_local struct cached cache[CACHE];
    uint64_t key = result_key(err, result);
    uint64_t mixed = key ^ (uint64_t)(uintptr_t)procedure ^ (uint64_t)(uintptr_t)peer >> 6;
    struct cached *c = &cache[(mixed * 0x9e3779b97f4a7c15u >> 58) % CACHE];
    if (c->cell && c->family == family && c->peer == peer && c->procedure == procedure &&
        c->result == key)
        return c->cell;
    char text[32];
    if (family->type == METRIC_HISTOGRAM) {
        c->cell = METRIC_CELL(family, procedure);
    } else {
        result_text(err, result, text, sizeof(text));
        c->cell = METRIC_CELL(family, peer ? peer->identity : "", procedure, text);
    }
    c->family = family;
    c->peer = peer;
    c->procedure = procedure;
    c->result = key;
    return c->cell;
}

void dia_count_request(const struct dia_peer *peer, const char *procedure, enum err err,
                       const struct dia_result *result, int64_t elapsed_ns)
{
    metric_inc(cell_of(&requests, peer, procedure, err, result));
    if (elapsed_ns >= 0)
        metric_observe(cell_of(&latency, NULL, procedure, ERR_OK, NULL), (double)elapsed_ns / 1e9);
}

void dia_count_inbound(const struct dia_peer *peer, const char *procedure,
                       const struct dia_result *result, int64_t elapsed_ns)
{
    metric_inc(cell_of(&inbound, peer, procedure, ERR_OK, result));
    if (elapsed_ns >= 0)
        metric_observe(cell_of(&inbound_latency, NULL, procedure, ERR_OK, NULL),
                       (double)elapsed_ns / 1e9);
}
