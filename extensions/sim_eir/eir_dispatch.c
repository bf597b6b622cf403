// SPDX-License-Identifier: BSD-3-Clause
// ME-Identity-Check (TS 29.272 §6, §7.2.19): decoded, looked up and answered in place by the
// dispatch callback. Only faults that delay or double an answer take the way through the sender
// thread.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "eir.h"
#include "sim.h"

enum { SUCCESS = 2001, MISSING_AVP = 5005, EQUIPMENT_UNKNOWN = 5422 };

struct result {
    uint32_t code;
    bool experimental, has_status;
    enum eir_status status;
};

static bool copy_text(msg_or_avp *parent, dia_avp_id id, char *out, size_t size)
{
    const uint8_t *data;
    size_t len;

    if (!parent || dia_get_bytes(parent, id, &data, &len))
        return false;
    snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), (const char *)data);
    return true;
}

static struct result check(struct eir *eir, struct msg *request)
{
    struct avp *terminal = dia_find(request, AVP_TERMINAL_INFORMATION);
    char imei[EIR_IMEI_MAX + 1];
    enum eir_status status;

    if (!copy_text(terminal, AVP_IMEI, imei, sizeof imei)) {
        atomic_fetch_add(&eir->refused, 1);
        return (struct result){.code = MISSING_AVP};
    }
    status = eir_list_find(eir->list, imei, (enum eir_status)eir->config.unknown);
    atomic_fetch_add(&eir->answers[status], 1);
    if (status == EIR_UNKNOWN)
        return (struct result){.code = EQUIPMENT_UNKNOWN, .experimental = true};
    return (struct result){.code = SUCCESS, .has_status = true, .status = status};
}

static enum err encode(struct msg *answer, const struct result *r)
{
    struct avp *failed, *terminal;
    enum err err = dia_add_vendor_application(answer, DIA_APP_S13);

    if (!err)
        err = dia_add_result(answer, r->experimental ? DIA_3GPP : 0, r->code);
    if (!err)
        err = dia_add_no_state(answer);
    if (!err)
        err = dia_add_origin(answer);
    if (!err && r->has_status)
        err = dia_add_i32(answer, AVP_EQUIPMENT_STATUS, (int32_t)r->status);
    if (!err && r->code == MISSING_AVP) {
        err = dia_add_group(answer, AVP_FAILED_AVP, &failed);
        if (!err)
            err = dia_add_group(failed, AVP_TERMINAL_INFORMATION, &terminal);
        if (!err)
            err = dia_add_text(terminal, AVP_IMEI, "00000000000000");
    }
    return err;
}

// Faults that leave the request without an answer. True: it is dealt with.
static bool swallow(struct eir *eir, struct msg **msg, const struct sim_fault_action *fault)
{
    char peer[256] = "";
    DiamId_t source = NULL;
    size_t len = 0;

    if (!(fault->what & (SIM_FAULT_DROP | SIM_FAULT_DISCONNECT)))
        return false;
    if (fault->what & SIM_FAULT_DISCONNECT) {
        if (fd_msg_source_get(*msg, &source, &len) == 0 && source && len < sizeof peer)
            memcpy(peer, source, len);
        sim_sender_cut(eir->sender, peer, base_now_ns() + fault->delay_ms * BASE_MS_NS);
    }
    fd_msg_free(*msg);
    *msg = NULL;
    return true;
}

static int process(struct eir *eir, struct msg **msg, enum disp_action *action)
{
    struct sim_fault_action fault = {0};
    struct result result;
    char imsi[16] = "";
    enum err err;

    atomic_fetch_add(&eir->requests, 1);
    *action = DISP_ACT_CONT;
    copy_text(*msg, AVP_USER_NAME, imsi, sizeof imsi);
    if (sim_faults_match(eir->faults, 324, imsi[0] ? imsi : NULL, &fault)) {
        atomic_fetch_add(&eir->faulty, 1);
        if (swallow(eir, msg, &fault))
            return 0;
    }
    if (fault.result)
        result = (struct result){.code = fault.result, .experimental = fault.experimental};
    else
        result = check(eir, *msg);
    if (fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0) != 0)
        return ENOMEM;
    err = encode(*msg, &result);
    if (err) {
        base_log_limited(&log_eir, BASE_LOG_ERROR, NULL, "answer not encoded: %s", err_str(err));
        fd_msg_free(*msg);
        *msg = NULL;
    } else if (fault.delay_ms || (fault.what & SIM_FAULT_DUPLICATE)) {
        sim_sender_answer(eir->sender, msg, base_now_ns() + fault.delay_ms * BASE_MS_NS,
                          fault.what & SIM_FAULT_DUPLICATE);
    } else {
        *action = DISP_ACT_SEND;
    }
    return 0;
}

static int on_ecr(struct msg **msg, struct avp *avp, struct session *session, void *eir,
                  enum disp_action *action)
{
    int rc, old;

    // dispatch threads are cancelled at shutdown, which must not happen under a lock
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    rc = process(eir, msg, action);
    pthread_setcancelstate(old, NULL);
    return rc;
}

enum err eir_dispatch_register(struct eir *eir)
{
    struct disp_when when = {.app = dia_dict_application(DIA_APP_S13),
                             .command = dia_dict_command(324, true)};
    struct dict_object *vendor = NULL;
    vendor_id_t id = DIA_3GPP;

    if (!when.app || !when.command ||
        fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &id, &vendor, ENOENT) != 0)
        return ERR_DIA_DICT;
    if (fd_disp_register(on_ecr, DISP_HOW_CC, &when, eir, NULL) != 0)
        return ERR_DIA_LIBRARY;
    return fd_disp_app_support(when.app, vendor, 1, 0) == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}
