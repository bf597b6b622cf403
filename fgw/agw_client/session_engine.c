// SPDX-License-Identifier: BSD-3-Clause
// Calls of the session model: which session is next, how many at a time, what is sent again and
// when. What the core sends through the tunnel comes in here as well.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agw_client/command.h"
#include "agw_client/session_int.h"

#define TICK_MS 20
#define BUCKETS (1u << 17)

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *request, *answer;
} kinds[AGWS_CALLS] = {
    [AGWS_CREATE] = {"CreateSession", &magma__lte__create_session_request__descriptor,
                     &magma__lte__create_session_response__descriptor},
    [AGWS_UPDATE] = {"UpdateSession", &magma__lte__update_session_request__descriptor,
                     &magma__lte__update_session_response__descriptor},
    [AGWS_TERMINATE] = {"TerminateSession", &magma__lte__session_terminate_request__descriptor,
                        &magma__lte__session_terminate_response__descriptor},
};

// ---- sessions by name ----
static struct agws_session **bucket(const struct agws *model, const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id; id++)
        hash = (hash ^ (uint8_t)*id) * 16777619u;
    return &model->buckets[(hash ^ hash >> 16) % BUCKETS];
}

struct agws_session *agws_find(const struct agws *model, const char *id)
{
    struct agws_session *s = *bucket(model, id);
    while (s && strcmp(s->id, id) != 0)
        s = s->hash_next;
    return s;
}

// A session that is tried again is another one for the core.
static void give_name(struct agws_session *s)
{
    if (s->id[0]) {
        struct agws_session **at = bucket(s->model, s->id);
        while (*at != s)
            at = &(*at)->hash_next;
        *at = s->hash_next;
    }
    snprintf(s->id, sizeof(s->id), "IMSI%s-%" PRIu64, s->imsi, s->model->next_suffix++);
    struct agws_session **at = bucket(s->model, s->id);
    s->hash_next = *at;
    *at = s;
}

struct agws_session *agws_add(struct agws *model, const char *imsi)
{
    if (model->n == model->room) {
        size_t room = model->room ? model->room * 2 : 1024;
        struct agws_session **longer = realloc(model->all, room * sizeof(struct agws_session *));
        if (!longer)
            return NULL;
        model->all = longer;
        model->room = room;
    }
    struct agws_session *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->model = model;
    s->index = (uint32_t)model->n;
    snprintf(s->imsi, sizeof(s->imsi), "%s", imsi);
    give_name(s);
    model->all[model->n++] = s;
    return s;
}

// ---- queue ----
static void enqueue(struct agws_session *s)
{
    s->queued = true;
    s->queue_next = NULL;
    *s->model->queue_last = s;
    s->model->queue_last = &s->queue_next;
}

static struct agws_session *dequeue(struct agws *model)
{
    struct agws_session *s = model->queue;
    model->queue = s->queue_next;
    if (!model->queue)
        model->queue_last = &model->queue;
    s->queued = false;
    return s;
}

void agws_touch(struct agws_session *s)
{
    if (s->busy || s->queued || s->waiting)
        return;
    if (s->model->consuming && s->model->options->rate <= 0 && s->state == AGWS_OPEN)
        agws_consume_all(s);
    if (agws_collect(s))
        enqueue(s);
}

static void later(struct agws_session *s)
{
    struct agws *model = s->model;
    unsigned doubled = s->tries < 4 ? s->tries : 4;
    s->tries++;
    s->waiting = true;
    s->wait_until_ns = base_now_ns() + (model->options->backoff_ms << doubled) * BASE_MS_NS;
    s->wait_next = model->waiting;
    model->waiting = s;
}

static bool has_pending(const struct agws_session *s)
{
    bool any = s->event.pending;
    for (size_t i = 0; i < s->n_credits; i++)
        any = any || s->credits[i].report.pending;
    for (size_t i = 0; i < s->n_monitors; i++)
        any = any || s->monitors[i].report.pending;
    return any;
}

static enum agws_call_kind kind_of(const struct agws_session *s)
{
    if (s->state == AGWS_OPENING)
        return AGWS_CREATE;
    return has_pending(s) ? AGWS_UPDATE : AGWS_TERMINATE;
}

// ---- answers ----
static void created(struct agws_session *s, int status, const ProtobufCMessage *message)
{
    static const int permanent[] = {RPC_INVALID_ARGUMENT,  RPC_NOT_FOUND,
                                    RPC_PERMISSION_DENIED, RPC_FAILED_PRECONDITION,
                                    RPC_UNIMPLEMENTED,     RPC_UNAUTHENTICATED};
    if (message) {
        s->model->opened++;
        s->tries = 0;
        agws_apply_create(s, (const Magma__Lte__CreateSessionResponse *)message);
        if (s->leaving)
            agws_end(s);
        else
            agws_touch(s);
        return;
    }
    for (size_t i = 0; i < sizeof(permanent) / sizeof(permanent[0]); i++) {
        if (status != permanent[i])
            continue;
        s->state = AGWS_REFUSED;
        s->model->refused++;
        return;
    }
    if (s->leaving) {
        s->state = AGWS_CLOSED;
        return;
    }
    give_name(s);
    later(s);
}

static void updated(struct agws_call *call, const ProtobufCMessage *message)
{
    const Magma__Lte__UpdateSessionResponse *r = (const Magma__Lte__UpdateSessionResponse *)message;
    struct agws *model = call->model;
    for (size_t i = 0; r && i < r->n_responses; i++) {
        struct agws_session *s = agws_find(model, r->responses[i]->session_id);
        if (s)
            agws_apply_credit(s, r->responses[i]);
    }
    for (size_t i = 0; r && i < r->n_usage_monitor_responses; i++) {
        struct agws_session *s = agws_find(model, r->usage_monitor_responses[i]->session_id);
        if (s)
            agws_apply_monitor(s, r->usage_monitor_responses[i]);
    }
    for (size_t i = 0; i < call->n; i++) {
        struct agws_session *s = call->sessions[i];
        if (has_pending(s)) {
            later(s);
            continue;
        }
        s->tries = 0;
        agws_touch(s);
    }
}

static void terminated(struct agws_session *s, int status, const ProtobufCMessage *message)
{
    if (message) {
        s->model->terminated++;
        agws_apply_terminated(s);
    } else if (status == RPC_INVALID_ARGUMENT || status == RPC_PERMISSION_DENIED ||
               status == RPC_UNIMPLEMENTED || status == RPC_UNAUTHENTICATED) {
        s->ended = true; // it would be refused again
        s->state = AGWS_CLOSED;
    } else {
        later(s);
    }
}

static void print(struct agws_call *call, const struct rpc_result *result,
                  ProtobufCMessage *message)
{
    const struct reflect_method method = {.name = kinds[call->kind].name};
    struct agwc_answer answer = {.status = result->status,
                                 .message = message,
                                 .payload_len = result->len,
                                 .at_ns = base_now_ns()};
    answer.elapsed_ns = answer.at_ns - call->began_ns;
    snprintf(answer.text, sizeof(answer.text), "%s", result->message);
    command_print_answer(stdout, agwc_options(call->model->link), &method, &answer, ERR_OK);
}

// What is sent, as the answer is printed: only as JSON.
static void print_call(const struct agws_call *call, const uint8_t *bytes, size_t len)
{
    ProtobufCMessage *message =
        protobuf_c_message_unpack(kinds[call->kind].request, NULL, len, bytes);
    if (!message)
        return;
    command_print_call(stdout, kinds[call->kind].name, call->began_ns, message);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void account(struct agws_call *call, const struct rpc_result *result)
{
    struct agws_call_count *count = &call->model->counts[call->kind];
    count->answered++;
    count->failed += result->status != RPC_OK;
    count->last_ns = base_now_ns();
    hist_add(&count->hist, count->last_ns - call->began_ns);
    call->model->status[result->status >= 0 && result->status <= 16 ? result->status : 2]++;
}

static void on_done(void *ctx, const struct rpc_result *result)
{
    struct agws_call *call = ctx;
    struct agws *model = call->model;
    ProtobufCMessage *message = NULL;
    model->outstanding--;
    account(call, result);
    for (size_t i = 0; i < call->n; i++)
        call->sessions[i]->busy = false;
    if (result->status == RPC_OK)
        message = protobuf_c_message_unpack(kinds[call->kind].answer, NULL, result->len,
                                            result->len ? result->payload : (const uint8_t *)"");
    if (model->options->print)
        print(call, result, message);
    if (call->kind == AGWS_CREATE)
        created(call->sessions[0], result->status, message);
    else if (call->kind == AGWS_UPDATE)
        updated(call, message);
    else
        terminated(call->sessions[0], result->status, message);
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    call->next = model->free_calls;
    model->free_calls = call;
    agws_pump(model);
}

// ---- calls ----
static void fill(struct agws_call *call)
{
    struct agws *model = call->model;
    call->sessions[0] = dequeue(model);
    call->n = 1;
    call->kind = kind_of(call->sessions[0]);
    while (call->kind == AGWS_UPDATE && call->n < model->options->batch && model->queue &&
           kind_of(model->queue) == AGWS_UPDATE)
        call->sessions[call->n++] = dequeue(model);
}

static uint8_t *message_of(struct agws_call *call, size_t *len)
{
    struct agws_session *s = call->sessions[0];
    if (call->kind == AGWS_CREATE)
        return agws_message_create(s, len);
    if (call->kind == AGWS_UPDATE)
        return agws_message_update(call->sessions, call->n, len);
    if (!s->end_number)
        s->end_number = ++s->number;
    return agws_message_terminate(s, len);
}

static void send_call(struct agws_call *call)
{
    struct agws *model = call->model;
    struct rpc_channel *channel = agwc_channel(model->link, model->next_channel);
    char path[96];
    size_t len = 0;
    uint8_t *bytes = message_of(call, &len);
    struct agws_call_count *count = &model->counts[call->kind];
    snprintf(path, sizeof(path), "/magma.lte.CentralSessionController/%s", kinds[call->kind].name);
    model->next_channel = (model->next_channel + 1) % model->options->connections;
    call->began_ns = base_now_ns();
    count->sent++;
    count->again += call->sessions[0]->tries > 0;
    if (!count->first_ns)
        count->first_ns = call->began_ns;
    if (bytes && model->options->print && model->options->json)
        print_call(call, bytes, len);
    enum err err = bytes ? rpc_unary(channel, path, bytes, len,
                                     agwc_options(model->link)->timeout_ms, NULL, 0, on_done, call)
                         : ERR_NOMEM;
    free(bytes);
    if (err == ERR_OK) {
        model->outstanding++;
        for (size_t i = 0; i < call->n; i++)
            call->sessions[i]->busy = true;
        return;
    }
    for (size_t i = 0; i < call->n; i++)
        later(call->sessions[i]);
    call->next = model->free_calls;
    model->free_calls = call;
}

void agws_pump(struct agws *model)
{
    while (model->queue && model->free_calls && !model->closing) {
        struct agws_call *call = model->free_calls;
        model->free_calls = call->next;
        fill(call);
        send_call(call);
    }
}

void agws_end(struct agws_session *s)
{
    s->leaving = true;
    if (s->state == AGWS_OPENING && !s->busy && !s->queued)
        s->state = AGWS_CLOSED; // never was
    if (s->state != AGWS_OPEN)
        return;
    s->state = AGWS_ENDING;
    agws_touch(s);
}

// ---- time ----
static void wake(struct agws *model, int64_t now)
{
    struct agws_session *s = model->waiting;
    model->waiting = NULL;
    while (s) {
        struct agws_session *next = s->wait_next;
        if (s->wait_until_ns <= now) {
            s->waiting = false;
            agws_touch(s);
        } else {
            s->wait_next = model->waiting;
            model->waiting = s;
        }
        s = next;
    }
}

static void use_at_rate(struct agws *model, int64_t elapsed_ns)
{
    const double rates[AGWS_KINDS] = {model->options->rate, 1, model->options->units};
    uint64_t amounts[AGWS_KINDS];
    for (int k = 0; k < AGWS_KINDS; k++) {
        model->carry[k] += rates[k] * (double)elapsed_ns / 1e9;
        amounts[k] = (uint64_t)model->carry[k];
        model->carry[k] -= (double)amounts[k];
    }
    for (size_t i = 0; i < model->n; i++) {
        struct agws_session *s = model->all[i];
        if (s->state != AGWS_OPEN)
            continue;
        for (size_t c = 0; c < s->n_credits; c++)
            for (int k = 0; k < AGWS_KINDS; k++)
                agws_consume(s, &s->credits[c], (enum agws_kind)k, amounts[k]);
        agws_touch(s);
    }
}

void agws_tick(struct base_timer *timer)
{
    struct agws *model = BASE_CONTAINER_OF(timer, struct agws, tick);
    int64_t now = base_now_ns();
    wake(model, now);
    if (model->consuming && model->options->rate > 0)
        use_at_rate(model, now - model->ticked_ns);
    else if (model->timed)
        for (size_t i = 0; i < model->n; i++)
            agws_touch(model->all[i]);
    model->ticked_ns = now;
    agws_pump(model);
    base_timer_start(&model->tick, TICK_MS);
}

// ---- what comes down ----
static ProtobufCMessage *re_auth_policy(struct agws *model, const ProtobufCMessage *message)
{
    const Magma__Lte__PolicyReAuthRequest *r = (const Magma__Lte__PolicyReAuthRequest *)message;
    struct agws_session *s = agws_find(model, r->session_id);
    ProtobufCMessage *out;
    if (!s || reflect_new(&magma__lte__policy_re_auth_answer__descriptor, &out))
        return NULL;
    Magma__Lte__PolicyReAuthAnswer *answer = (Magma__Lte__PolicyReAuthAnswer *)out;
    answer->session_id = strdup(s->id);
    model->policy_reauths++;
    if (s->state == AGWS_OPEN) {
        agws_apply_policy(s, r);
        agws_touch(s);
    } else {
        answer->result = MAGMA__LTE__RE_AUTH_RESULT__SESSION_NOT_FOUND;
    }
    return out;
}

static ProtobufCMessage *re_auth_charging(struct agws *model, const ProtobufCMessage *message)
{
    const Magma__Lte__ChargingReAuthRequest *r = (const Magma__Lte__ChargingReAuthRequest *)message;
    bool all = r->type == MAGMA__LTE__CHARGING_RE_AUTH_REQUEST__TYPE__ENTIRE_SESSION, any = false;
    struct agws_session *s = agws_find(model, r->session_id);
    ProtobufCMessage *out;
    if (!s || reflect_new(&magma__lte__charging_re_auth_answer__descriptor, &out))
        return NULL;
    Magma__Lte__ChargingReAuthAnswer *answer = (Magma__Lte__ChargingReAuthAnswer *)out;
    model->charging_reauths++;
    for (size_t i = 0; i < s->n_credits; i++) {
        struct agws_credit *c = &s->credits[i];
        bool meant = (all || c->group == r->charging_key) && !c->uncharged;
        c->reauth = c->reauth || meant;
        any = any || meant;
    }
    answer->result = s->state != AGWS_OPEN ? MAGMA__LTE__RE_AUTH_RESULT__SESSION_NOT_FOUND
                     : any                 ? MAGMA__LTE__RE_AUTH_RESULT__UPDATE_INITIATED
                                           : MAGMA__LTE__RE_AUTH_RESULT__UPDATE_NOT_NEEDED;
    agws_touch(s);
    return out;
}

static ProtobufCMessage *abort_session(struct agws *model, const ProtobufCMessage *message)
{
    const Magma__Lte__AbortSessionRequest *r = (const Magma__Lte__AbortSessionRequest *)message;
    struct agws_session *s = agws_find(model, r->session_id);
    ProtobufCMessage *out;
    if (!s || reflect_new(&magma__lte__abort_session_result__descriptor, &out))
        return NULL;
    Magma__Lte__AbortSessionResult *answer = (Magma__Lte__AbortSessionResult *)out;
    model->aborts++;
    answer->code = s->state == AGWS_OPEN || s->state == AGWS_ENDING
                       ? MAGMA__LTE__ABORT_SESSION_RESULT__CODE__SESSION_REMOVED
                       : MAGMA__LTE__ABORT_SESSION_RESULT__CODE__SESSION_NOT_FOUND;
    agws_end(s);
    return out;
}

static ProtobufCMessage *on_request(void *ctx, const struct reflect_method *method,
                                    const ProtobufCMessage *message)
{
    struct agws *model = ctx;
    ProtobufCMessage *answer = NULL;
    if (model->closing)
        return NULL;
    if (strcmp(method->name, "PolicyReAuth") == 0)
        answer = re_auth_policy(model, message);
    else if (strcmp(method->name, "ChargingReAuth") == 0)
        answer = re_auth_charging(model, message);
    else if (strcmp(method->name, "AbortSession") == 0)
        answer = abort_session(model, message);
    if (answer)
        base_timer_start(&model->tick, 0); // what follows from it is sent after the answer
    return answer;
}

void agws_attach(struct agws *model, struct agwc_tunnel *tunnel)
{
    agwc_tunnel_handler(tunnel, on_request, model);
}

// ---- life ----
static void start(void *arg)
{
    struct agws *model = arg;
    base_timer_init(&model->tick, agwc_loop(model->link), agws_tick);
    model->ticked_ns = base_now_ns();
    agws_tick(&model->tick);
}

static enum err make_calls(struct agws *model)
{
    size_t n = model->options->in_flight, batch = model->options->batch;
    model->calls = calloc(n, sizeof(*model->calls));
    if (!model->calls)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct agws_call *call = &model->calls[i];
        call->model = model;
        call->sessions = calloc(batch, sizeof(struct agws_session *));
        if (!call->sessions)
            return ERR_NOMEM;
        call->next = model->free_calls;
        model->free_calls = call;
    }
    return ERR_OK;
}

static void free_model(struct agws *model)
{
    for (size_t i = 0; i < model->n; i++) {
        agws_session_fini(model->all[i]);
        free(model->all[i]);
    }
    for (size_t i = 0; i < 256; i++) {
        while (model->texts[i]) {
            struct agws_text *next = model->texts[i]->next;
            if (model->texts[i]->parsed)
                protobuf_c_message_free_unpacked(model->texts[i]->parsed, NULL);
            free(model->texts[i]);
            model->texts[i] = next;
        }
    }
    for (size_t i = 0; model->calls && i < model->options->in_flight; i++)
        free(model->calls[i].sessions);
    free(model->calls);
    free(model->all);
    free(model->buckets);
    free(model);
}

enum err agws_new(struct agwc *link, const struct agws_options *options, struct agws **out)
{
    struct agws *model = calloc(1, sizeof(*model));
    if (!model)
        return ERR_NOMEM;
    model->link = link;
    model->options = options;
    model->queue_last = &model->queue;
    // unlike those of an earlier run, which the core may remember
    model->next_suffix = (uint64_t)agws_unix() % 100000000 * 1000000;
    model->buckets = calloc(BUCKETS, sizeof(struct agws_session *));
    if (!model->buckets || make_calls(model)) {
        free_model(model);
        return ERR_NOMEM;
    }
    agwc_run(link, start, model);
    *out = model;
    return ERR_OK;
}

static void stop(void *arg)
{
    struct agws *model = arg;
    model->closing = true;
    base_timer_stop(&model->tick);
}

struct outstanding {
    struct agws *model;
    uint32_t n;
};

static void count_outstanding(void *arg)
{
    struct outstanding *o = arg;
    o->n = o->model->outstanding;
}

void agws_free(struct agws *model)
{
    struct outstanding o = {.model = model, .n = 1};
    if (!model)
        return;
    agwc_run(model->link, stop, model);
    // calls have a deadline: they all come back
    while (o.n > 0) {
        agwc_run(model->link, count_outstanding, &o);
        if (o.n > 0)
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    free_model(model);
}
