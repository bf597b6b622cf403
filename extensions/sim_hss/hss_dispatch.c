// SPDX-License-Identifier: BSD-3-Clause
// Requests from serving nodes: decoded, handled, answered in place by the dispatch callback. Only
// faults that delay or double an answer take the way through the sender thread.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "hss_decode.h"
#include "hss_encode.h"
#include "hss_ext.h"
#include "hss_log.h"
#include "hss_swx_msg.h"
#include "sim.h"

const uint32_t hss_command_codes[HSS_COMMANDS] = {318, 316, 321, 323, 303, 301};

// One request on its way through the callback.
struct work {
    struct hss_ext *ext;
    enum hss_command command;
    struct msg *request;
    struct hss_texts texts;
    struct hss_result result;
    union {
        struct hss_aia aia;
        struct hss_ula ula;
        struct hss_pua pua;
        struct hss_maa maa;
        struct hss_saa saa;
    } answer;
    bool has_payload;
};

// ---- one worker per dispatch thread ----

static pthread_key_t worker_key;
static pthread_once_t worker_once = PTHREAD_ONCE_INIT;

static void free_worker(void *arg)
{
    hss_worker_fini(arg);
    free(arg);
}

static void make_key(void)
{
    pthread_key_create(&worker_key, free_worker);
}

static struct hss_worker *worker(void)
{
    struct hss_worker *w = pthread_getspecific(worker_key);

    if (w)
        return w;
    w = calloc(1, sizeof *w);
    if (!w || hss_worker_init(w) || pthread_setspecific(worker_key, w)) {
        free(w);
        return NULL;
    }
    return w;
}

// ---- procedures ----

static void push_cancels(struct work *w, const struct hss_cancel *cancels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct hss_to to = {cancels[i].host, cancels[i].realm};
        struct msg *clr = NULL;

        if (hss_clr_new(&to, w->texts.imsi, cancels[i].type, cancels[i].clr_flags, &clr) == ERR_OK)
            sim_push_forget(w->ext->pushes, &clr);
    }
}

static void do_air(struct work *w)
{
    struct hss_worker *own = worker();
    struct hss_air air;

    if (!own) {
        hss_result_set(&w->result, HSS_UNABLE_TO_COMPLY, false);
        return;
    }
    hss_decode_air(w->request, &w->texts, &air);
    hss_air(&w->ext->hss, own, &air, &w->answer.aia);
    w->result = w->answer.aia.result;
    w->has_payload = true;
}

static void do_ulr(struct work *w)
{
    struct hss_ulr ulr;

    hss_decode_ulr(w->request, &w->texts, &ulr);
    hss_ulr(&w->ext->hss, &ulr, &w->answer.ula);
    w->result = w->answer.ula.result;
    w->has_payload = true;
    push_cancels(w, w->answer.ula.cancels, w->answer.ula.n_cancels);
}

static void do_pur(struct work *w)
{
    struct hss_pur pur;

    hss_decode_pur(w->request, &w->texts, &pur);
    hss_pur(&w->ext->hss, &pur, &w->answer.pua);
    w->result = w->answer.pua.result;
    w->has_payload = true;
}

static void do_nor(struct work *w)
{
    struct hss_nor nor;
    struct hss_noa noa;

    hss_decode_nor(w->request, &w->texts, &nor);
    hss_nor(&w->ext->hss, &nor, &noa);
    w->result = noa.result;
    push_cancels(w, noa.cancels, noa.n_cancels);
}

static void do_mar(struct work *w)
{
    struct hss_worker *own = worker();
    struct hss_mar mar;
    char anid[64];

    if (!own) {
        hss_result_set(&w->result, HSS_UNABLE_TO_COMPLY, false);
        return;
    }
    hss_decode_mar(w->request, &w->texts, anid, &mar);
    hss_mar(&w->ext->hss, w->ext->swx, own, &mar, &w->answer.maa);
    w->result = w->answer.maa.result;
    w->has_payload = true;
}

static void do_sar(struct work *w)
{
    struct hss_sar sar;

    hss_decode_sar(w->request, &w->texts, &sar);
    hss_sar(&w->ext->hss, w->ext->swx, &sar, &w->answer.saa);
    w->result = w->answer.saa.result;
    w->has_payload = true;
}

static enum err encode(struct work *w, struct msg *answer)
{
    enum err err = hss_encode_answer(answer, &w->result, w->request);

    if (err || !w->has_payload)
        return err;
    switch (w->command) {
    case HSS_AIR:
        return hss_encode_aia(answer, &w->answer.aia);
    case HSS_ULR:
        return hss_encode_ula(answer, &w->answer.ula);
    case HSS_PUR:
        return hss_encode_pua(answer, &w->answer.pua);
    case HSS_MAR:
        return hss_encode_maa(answer, w->texts.imsi, &w->answer.maa);
    case HSS_SAR:
        return hss_encode_saa(answer, w->texts.imsi, &w->answer.saa);
    default:
        return ERR_OK;
    }
}

static void count(struct work *w)
{
    struct hss_counters *c = &w->ext->counters[w->command];

    atomic_fetch_add_explicit(w->result.code == HSS_SUCCESS ? &c->success : &c->refused, 1,
                              memory_order_relaxed);
    const struct base_log_subject subject = {
        .imsi = w->texts.has_imsi ? w->texts.imsi : NULL,
        .peer = w->texts.has_host ? w->texts.host : NULL,
    };
    const char *name = sim_command_name(hss_command_codes[w->command]);
    if (w->result.code == HSS_SUCCESS)
        base_log(&log_hss, BASE_LOG_DEBUG, &subject, "%s answered %u", name, w->result.code);
    else
        base_log_limited(&log_hss, BASE_LOG_INFO, &subject, "%s answered %u%s", name,
                         w->result.code, w->result.experimental ? " (experimental)" : "");
}

// Fills the result, and the payload unless it is an error before the procedure.
static void handle(struct work *w, enum hss_failed missing, const struct sim_fault_action *fault)
{
    static void (*const procedures[HSS_COMMANDS])(struct work *) = {
        [HSS_AIR] = do_air, [HSS_ULR] = do_ulr, [HSS_PUR] = do_pur, [HSS_NOR] = do_nor,
        [HSS_MAR] = do_mar, [HSS_SAR] = do_sar,
    };

    if (fault->result)
        hss_result_set(&w->result, fault->result, fault->experimental);
    else if (missing != HSS_FAILED_NONE)
        hss_result_failed(&w->result, HSS_MISSING_AVP, missing);
    else
        procedures[w->command](w);
    count(w);
}

// Faults that leave the request without an answer. True: it is dealt with.
static bool swallow(struct work *w, struct msg **msg, const struct sim_fault_action *fault)
{
    char peer[256] = "";
    DiamId_t source = NULL;
    size_t len = 0;

    if (!(fault->what & (SIM_FAULT_DROP | SIM_FAULT_DISCONNECT)))
        return false;
    if (fault->what & SIM_FAULT_DISCONNECT) {
        if (fd_msg_source_get(*msg, &source, &len) == 0 && source && len < sizeof peer)
            memcpy(peer, source, len);
        sim_sender_cut(w->ext->sender, peer, base_now_ns() + fault->delay_ms * BASE_MS_NS);
    }
    fd_msg_free(*msg);
    *msg = NULL;
    return true;
}

static int process(struct work *w, struct msg **msg, enum disp_action *action)
{
    struct sim_fault_action fault = {0};
    enum hss_failed missing;
    enum err err;

    atomic_fetch_add_explicit(&w->ext->counters[w->command].requests, 1, memory_order_relaxed);
    w->request = *msg;
    missing = hss_decode_common(w->request, &w->texts);
    *action = DISP_ACT_CONT;
    if (sim_faults_match(w->ext->faults, hss_command_codes[w->command],
                         w->texts.has_imsi ? w->texts.imsi : NULL, &fault)) {
        atomic_fetch_add_explicit(&w->ext->counters[w->command].faults, 1, memory_order_relaxed);
        if (swallow(w, msg, &fault))
            return 0;
    }
    handle(w, missing, &fault);
    if (fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0) != 0)
        return ENOMEM;
    err = encode(w, *msg);
    if (err) {
        base_log_limited(&log_hss, BASE_LOG_ERROR, NULL, "answer not encoded: %s", err_str(err));
        fd_msg_free(*msg);
        *msg = NULL;
        return 0;
    }
    if (fault.delay_ms || (fault.what & SIM_FAULT_DUPLICATE))
        sim_sender_answer(w->ext->sender, msg, base_now_ns() + fault.delay_ms * BASE_MS_NS,
                          fault.what & SIM_FAULT_DUPLICATE);
    else
        *action = DISP_ACT_SEND;
    return 0;
}

static int on_request(struct hss_ext *ext, enum hss_command command, struct msg **msg,
                      enum disp_action *action)
{
    struct work w;
    int rc, old;

    w.ext = ext;
    w.command = command;
    w.has_payload = false;
    w.answer.ula.data = NULL;
    // dispatch threads are cancelled at shutdown, which must not happen under a lock
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    rc = process(&w, msg, action);
    if (command == HSS_ULR && w.has_payload)
        hss_ula_release(&w.answer.ula);
    if (command == HSS_SAR && w.has_payload)
        hss_saa_release(&w.answer.saa);
    pthread_setcancelstate(old, NULL);
    return rc;
}

#define CALLBACK(name, command)                                                             \
    static int name(struct msg **msg, struct avp *avp, struct session *session, void *ext,  \
                    enum disp_action *action)                                               \
    {                                                                                       \
        return on_request(ext, command, msg, action);                                       \
    }
CALLBACK(on_air, HSS_AIR)
CALLBACK(on_ulr, HSS_ULR)
CALLBACK(on_pur, HSS_PUR)
CALLBACK(on_nor, HSS_NOR)
CALLBACK(on_mar, HSS_MAR)
CALLBACK(on_sar, HSS_SAR)

enum err hss_dispatch_register(struct hss_ext *ext)
{
    static int (*const callbacks[HSS_COMMANDS])(struct msg **, struct avp *, struct session *,
                                                void *, enum disp_action *) = {
        [HSS_AIR] = on_air, [HSS_ULR] = on_ulr, [HSS_PUR] = on_pur, [HSS_NOR] = on_nor,
        [HSS_MAR] = on_mar, [HSS_SAR] = on_sar,
    };
    struct dict_object *s6a = dia_dict_application(DIA_APP_S6A);
    struct dict_object *swx = dia_dict_application(DIA_APP_SWX);
    struct disp_when when = {0};
    struct dict_object *vendor = NULL;
    vendor_id_t id = DIA_3GPP;

    pthread_once(&worker_once, make_key);
    if (!s6a || !swx ||
        fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &id, &vendor, ENOENT) != 0)
        return ERR_DIA_DICT;
    for (int i = 0; i < HSS_COMMANDS; i++) {
        when.app = i == HSS_MAR || i == HSS_SAR ? swx : s6a;
        when.command = dia_dict_command(hss_command_codes[i], true);
        if (!when.command)
            return ERR_DIA_DICT;
        if (fd_disp_register(callbacks[i], DISP_HOW_CC, &when, ext, NULL) != 0)
            return ERR_DIA_LIBRARY;
    }
    if (fd_disp_app_support(s6a, vendor, 1, 0) != 0 ||
        fd_disp_app_support(swx, vendor, 1, 0) != 0)
        return ERR_DIA_LIBRARY;
    return ERR_OK;
}
