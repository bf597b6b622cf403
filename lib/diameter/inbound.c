// SPDX-License-Identifier: BSD-3-Clause
// Requests from the core: taken from the library's dispatch thread, parked on a loop until the
// gateway has answered or the deadline has passed, answered through the sender thread. After the
// hand-over everything happens on that loop.
#include <stdlib.h>
#include <string.h>

#include "diameter/avp.h"
#include "diameter/stack_int.h"

enum {
    ACCEPT_MAX = 128,
    LIVE_MAX = 10000,         // parked requests; beyond: TOO_BUSY
    LIVE_HARD_MAX = 12000,    // refusals included; beyond: dropped
    UNABLE_TO_DELIVER = 3002, // RFC 6733 §7.1.3
    TOO_BUSY = 3004,
};

struct acceptance {
    uint32_t application, command;
    dia_inbound_fn fn;
    void *ctx;
    const char *procedure;
};

enum inbound_state {
    PARKED,   // ours to answer by the deadline
    PREPARED, // the caller holds the answer
    EXPIRED,  // answered by the deadline; the caller's answer is still to come
};

struct dia_inbound {
    struct base_job job;
    const struct acceptance *acceptance;
    struct base_loop *loop;
    struct dia_peer *peer;
    struct msg *request; // owned while PARKED, by the answer while PREPARED, NULL when EXPIRED
    enum inbound_state state;
    int64_t start_ns, deadline_ns;
    struct base_timer timer;
};

static struct {
    struct acceptance list[ACCEPT_MAX];
    size_t n;
    _Atomic uint64_t live;
} accepted;

uint64_t dia_inbound_live(void)
{
    return atomic_load_explicit(&accepted.live, memory_order_relaxed);
}

// ---- answers ----

// An answer to *request, which then belongs to it. Without sessions of the library: the Session-Id
// is copied as it came (RFC 6733 §6.2), Proxy-Info by the library.
static enum err make_answer(struct msg *request, struct msg **out)
{
    struct msg *answer = request;
    const uint8_t *session = NULL;
    size_t len = 0;
    if (fd_msg_new_answer_from_req(fd_g_config->cnf_dict, &answer, MSGFL_ANSW_NOSID) != 0)
        return ERR_DIA_LIBRARY;
    enum err err = ERR_OK;
    struct avp *first = NULL;
    if (dia_get_bytes(request, AVP_SESSION_ID, &session, &len) == ERR_OK) {
        union avp_value value = {.os = {.data = (uint8_t *)(uintptr_t)session, .len = len}};
        if (fd_msg_avp_new(dia_dict_avp(AVP_SESSION_ID), 0, &first) != 0)
            err = ERR_NOMEM;
        else if (fd_msg_avp_setvalue(first, &value) != 0 ||
                 fd_msg_avp_add(answer, MSG_BRW_FIRST_CHILD, first) != 0)
            err = ERR_DIA_LIBRARY;
    }
    if (err == ERR_OK)
        err = dia_add_origin(answer);
    if (err != ERR_OK) {
        fd_msg_free(answer); // and the request with it
        return err;
    }
    *out = answer;
    return ERR_OK;
}

static void send_result(struct msg *request, uint32_t vendor, uint32_t code)
{
    struct msg *answer = NULL;
    enum err err = make_answer(request, &answer);
    if (err == ERR_OK)
        err = dia_add_result(answer, vendor, code);
    if (err == ERR_OK) {
        dia_sender_answer(answer);
        return;
    }
    dia_count(DIA_COUNT_INBOUND_LOST);
    if (answer)
        fd_msg_free(answer);
}

static void done_with(struct dia_inbound *in)
{
    base_timer_stop(&in->timer);
    if (in->state != EXPIRED)
        atomic_fetch_sub(&accepted.live, 1);
    free(in);
}

// ---- on the loop ----

static void on_deadline(struct base_timer *timer)
{
    struct dia_inbound *in = BASE_CONTAINER_OF(timer, struct dia_inbound, timer);
    const struct dia_result result = {.code = UNABLE_TO_DELIVER};
    dia_count_inbound(in->peer, in->acceptance->procedure, &result, base_now_ns() - in->start_ns);
    send_result(in->request, 0, UNABLE_TO_DELIVER);
    in->request = NULL;
    in->state = EXPIRED;
    atomic_fetch_sub(&accepted.live, 1);
}

static void on_parked(struct base_job *job)
{
    struct dia_inbound *in = BASE_CONTAINER_OF(job, struct dia_inbound, job);
    base_timer_init(&in->timer, in->loop, on_deadline);
    if (base_timer_start(&in->timer, base_ms_until(in->deadline_ns)) != ERR_OK)
        dia_count(DIA_COUNT_NO_MEMORY); // the caller's own deadlines remain
    in->acceptance->fn(in->acceptance->ctx, in);
}

struct msg *dia_inbound_request(struct dia_inbound *in)
{
    return in->request;
}

const char *dia_inbound_peer(const struct dia_inbound *in)
{
    return in->peer ? in->peer->identity : "";
}

struct base_loop *dia_inbound_loop(const struct dia_inbound *in)
{
    return in->loop;
}

int64_t dia_inbound_deadline_ns(const struct dia_inbound *in)
{
    return in->deadline_ns;
}

enum err dia_inbound_answer(struct dia_inbound *in, struct msg **answer)
{
    *answer = NULL;
    if (in->state == EXPIRED)
        return ERR_TIMEOUT;
    if (in->state == PREPARED)
        return ERR_WRONG_STATE;
    base_timer_stop(&in->timer);
    enum err err = make_answer(in->request, answer);
    in->state = PREPARED;
    if (err != ERR_OK)
        in->request = NULL; // went with the answer
    return err;
}

void dia_inbound_take_back(struct dia_inbound *in, struct msg **answer)
{
    // otherwise the request would go with it
    if (*answer && in->state == PREPARED && fd_msg_answ_detach(*answer) == 0)
        in->state = PARKED;
    if (*answer)
        fd_msg_free(*answer);
    *answer = NULL;
}

void dia_inbound_send(struct dia_inbound *in, struct msg **answer)
{
    struct msg *msg = *answer;
    *answer = NULL;
    if (in->state == EXPIRED) {
        dia_count(DIA_COUNT_INBOUND_LATE);
        if (msg)
            fd_msg_free(msg);
    } else if (msg) {
        const struct dia_result result = dia_msg_result(msg);
        dia_count_inbound(in->peer, in->acceptance->procedure, &result,
                          base_now_ns() - in->start_ns);
        dia_sender_answer(msg);
    } else { // nothing to send: the core times out
        dia_count(DIA_COUNT_INBOUND_LOST);
        if (in->state == PARKED)
            fd_msg_free(in->request);
    }
    done_with(in);
}

void dia_inbound_result(struct dia_inbound *in, uint32_t vendor, uint32_t code)
{
    struct msg *answer = NULL;
    if (in->state == PARKED && dia_inbound_answer(in, &answer) == ERR_OK &&
        dia_add_result(answer, vendor, code) != ERR_OK) {
        fd_msg_free(answer);
        answer = NULL;
    }
    dia_inbound_send(in, &answer);
}

// ---- from the library ----

// One session stays on one loop, so that its requests keep their order.
static struct base_loop *pick_loop(struct msg *request)
{
    const uint8_t *session = NULL;
    size_t len = 0, n = dia_tx_n_loops();
    uint32_t hash = 2166136261u; // FNV-1a
    if (n == 0)
        return NULL;
    if (dia_get_bytes(request, AVP_SESSION_ID, &session, &len) == ERR_OK) {
        for (size_t i = 0; i < len; i++)
            hash = (hash ^ session[i]) * 16777619u;
    }
    return dia_tx_loop_at(hash % n);
}

static bool park(struct msg *request, const struct acceptance *acceptance)
{
    DiamId_t id = NULL;
    size_t len = 0;
    struct base_loop *loop = pick_loop(request);
    struct dia_inbound *in = loop && dia_phase() == DIA_RUNNING ? calloc(1, sizeof(*in)) : NULL;
    if (!in)
        return false;
    in->job.run = on_parked;
    in->acceptance = acceptance;
    in->loop = loop;
    in->request = request;
    in->state = PARKED;
    in->start_ns = base_now_ns();
    in->deadline_ns = in->start_ns + dia_inbound_deadline_setting_ms() * BASE_MS_NS;
    if (fd_msg_source_get(request, &id, &len) == 0 && id)
        in->peer = dia_peer_get(id, len);
    if (base_loop_post(loop, &in->job) == ERR_OK)
        return true;
    free(in);
    return false;
}

// Dispatch thread. Takes the message in every case.
static int on_request(struct msg **msg, struct avp *avp, struct session *session, void *opaque,
                      enum disp_action *action)
{
    int before = dia_no_cancel();
    struct msg *request = *msg;
    *msg = NULL;
    uint64_t live = atomic_fetch_add(&accepted.live, 1);
    if (live >= LIVE_MAX || !park(request, opaque)) {
        atomic_fetch_sub(&accepted.live, 1);
        if (live < LIVE_HARD_MAX && dia_sender_queued() < LIVE_HARD_MAX) {
            dia_count(DIA_COUNT_INBOUND_REFUSED);
            send_result(request, 0, TOO_BUSY);
        } else { // it sends, but does not read
            dia_count(DIA_COUNT_INBOUND_LOST);
            fd_msg_free(request);
        }
    }
    dia_cancel_again(before);
    return 0;
}

enum err dia_accept(uint32_t application, uint32_t command, dia_inbound_fn fn, void *ctx)
{
    const struct dia_group_def *def = dia_dict_message(application, command, true);
    struct dict_object *app = dia_dict_application(application);
    struct dict_object *cmd = dia_dict_command(command, true);
    if (!def || !app || !cmd)
        return ERR_DIA_DICT;
    for (size_t i = 0; i < accepted.n; i++) {
        if (accepted.list[i].application == application && accepted.list[i].command == command)
            return ERR_EXISTS;
    }
    if (accepted.n == ACCEPT_MAX)
        return ERR_FULL;
    struct acceptance *a = &accepted.list[accepted.n];
    *a = (struct acceptance){
        .application = application,
        .command = command,
        .fn = fn,
        .ctx = ctx,
        .procedure = def->name,
    };
    struct disp_when when = {.app = app, .command = cmd};
    if (fd_disp_register(on_request, DISP_HOW_CC, &when, a, NULL) != 0)
        return ERR_DIA_LIBRARY;
    accepted.n++;
    return ERR_OK;
}

enum err dia_advertise(uint32_t application, uint32_t vendor)
{
    struct dict_object *app = dia_dict_application(application), *vendor_object = NULL;
    if (!app)
        return ERR_DIA_DICT;
    if (vendor && (fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &vendor,
                                  &vendor_object, ENOENT) != 0))
        return ERR_DIA_DICT;
    return fd_disp_app_support(app, vendor_object, 1, 0) == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}
