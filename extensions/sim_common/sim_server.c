// SPDX-License-Identifier: BSD-3-Clause
// Requests: decoded, compared with the script, handled by the core, answered in place by the
// dispatch callback. Only faults that delay or double an answer take the way through the sender.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "sim.h"
#include "sim_avps.h"
#include "sim_server_int.h"

#define CREDIT_CONTROL 272u

// Faults that leave the request without an answer. True: it is dealt with.
static bool swallow(struct sim_server *s, struct msg **msg, const struct sim_fault_action *fault)
{
    char peer[256] = "";
    DiamId_t source = NULL;
    size_t len = 0;

    if (!(fault->what & (SIM_FAULT_DROP | SIM_FAULT_DISCONNECT)))
        return false;
    if (fault->what & SIM_FAULT_DISCONNECT) {
        if (fd_msg_source_get(*msg, &source, &len) == 0 && source && len < sizeof peer)
            memcpy(peer, source, len);
        sim_sender_cut(s->sender, peer, base_now_ns() + fault->delay_ms * BASE_MS_NS);
    }
    fd_msg_free(*msg);
    *msg = NULL;
    return true;
}

// An answer of only what a script or a fault says.
static json_t *bare_answer(const json_t *request)
{
    static const char *const echoed[] = {"Auth-Application-Id", "CC-Request-Type",
                                         "CC-Request-Number"};
    json_t *answer = json_object();

    for (size_t i = 0; i < sizeof echoed / sizeof echoed[0]; i++) {
        json_t *value = sim_get(request, echoed[i]);

        if (value)
            json_object_set(answer, echoed[i], value);
    }
    return answer;
}

// What a fault says goes before the script, the script before the core.
static json_t *answer_of(struct sim_server *s, const json_t *request,
                         const struct sim_fault_action *fault)
{
    const char *command = sim_command_name(SIM_CC_KEYS + sim_cc_type(request));
    json_t *answer = NULL, *scripted = NULL;
    bool instead = false;

    if (fault->result) {
        answer = bare_answer(request);
        if (fault->experimental)
            sim_add(answer, "Experimental-Result",
                    json_pack("{s:i,s:I}", "Vendor-Id", 10415, "Experimental-Result-Code",
                              (json_int_t)fault->result));
        else
            sim_add(answer, "Result-Code", json_integer(fault->result));
        return answer;
    }
    sim_script_check(s->script, command ? command : "CCR", request, &scripted, &instead);
    if (instead) {
        answer = bare_answer(request);
    } else {
        pthread_mutex_lock(&s->mutex);
        sim_cc_handle(s->cc, request, &answer);
        pthread_mutex_unlock(&s->mutex);
    }
    if (sim_get(scripted, "Experimental-Result"))
        json_object_del(answer, "Result-Code");
    sim_merge(answer, scripted);
    json_decref(scripted);
    return answer;
}

static enum err encode(struct msg *msg, json_t *answer)
{
    const char *what = "";
    struct msg_hdr *hdr = NULL;
    enum err err;

    json_object_del(answer, "Session-Id"); // the library has put it there
    err = dia_add_origin(msg);
    if (!err)
        err = sim_avps_encode(answer, msg, &what);
    if (err)
        base_log_limited(sim_log, BASE_LOG_ERROR, NULL, "answer not encoded: %s %s", err_str(err),
                         what);
    // protocol errors have the E bit, RFC 6733 §7.1.3
    else if (sim_int(answer, "Result-Code", 0) / 1000 == 3 && fd_msg_hdr(msg, &hdr) == 0)
        hdr->msg_flags |= CMD_FLAG_ERROR;
    return err;
}

static void count(struct sim_server *s, const json_t *request, const json_t *answer,
                  const char *imsi)
{
    const struct base_log_subject subject = {.imsi = *imsi ? imsi : NULL,
                                             .peer = sim_text(request, "Origin-Host")};
    const char *command = sim_command_name(SIM_CC_KEYS + sim_cc_type(request));
    int64_t code = sim_int(answer, "Result-Code", 0);

    atomic_fetch_add(code == SIM_SUCCESS ? &s->success : &s->refused, 1);
    base_log_limited(sim_log, code == SIM_SUCCESS ? BASE_LOG_DEBUG : BASE_LOG_INFO, &subject,
                     "%s %lld answered %lld", command ? command : "CCR",
                     (long long)sim_int(request, "CC-Request-Number", -1), (long long)code);
}

static int process(struct sim_server *s, struct msg **msg, enum disp_action *action)
{
    json_t *request = sim_avps_decode(*msg), *answer;
    struct sim_fault_action fault = {0};
    char imsi[32];
    enum err err;

    *action = DISP_ACT_CONT;
    atomic_fetch_add(&s->requests, 1);
    pthread_mutex_lock(&s->mutex);
    sim_cc_imsi(s->cc, request, imsi, sizeof imsi);
    pthread_mutex_unlock(&s->mutex);
    if (sim_faults_match(s->faults, SIM_CC_KEYS + sim_cc_type(request), imsi, &fault)) {
        atomic_fetch_add(&s->faulted, 1);
        if (swallow(s, msg, &fault)) {
            json_decref(request);
            return 0;
        }
    }
    answer = answer_of(s, request, &fault);
    count(s, request, answer, imsi);
    if (fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0) != 0) {
        err = ERR_NOMEM;
    } else {
        err = encode(*msg, answer);
        if (err) {
            fd_msg_free(*msg);
            *msg = NULL;
        }
    }
    json_decref(request);
    json_decref(answer);
    if (err)
        return 0;
    if (fault.delay_ms || (fault.what & SIM_FAULT_DUPLICATE))
        sim_sender_answer(s->sender, msg, base_now_ns() + fault.delay_ms * BASE_MS_NS,
                          fault.what & SIM_FAULT_DUPLICATE);
    else
        *action = DISP_ACT_SEND;
    return 0;
}

static int on_request(struct msg **msg, struct avp *avp, struct session *session, void *server,
                      enum disp_action *action)
{
    int rc, old;

    // dispatch threads are cancelled at shutdown, which must not happen under a lock
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    rc = process(server, msg, action);
    pthread_setcancelstate(old, NULL);
    return rc;
}

static enum err register_application(struct sim_server *s)
{
    struct disp_when when = {.app = dia_dict_application(s->spec->application),
                             .command = dia_dict_command(CREDIT_CONTROL, true)};
    struct dict_object *vendor = NULL;
    vendor_id_t id = s->spec->vendor;

    if (!when.app || !when.command)
        return ERR_DIA_DICT;
    if (id && fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &id, &vendor,
                             ENOENT) != 0)
        return ERR_DIA_DICT;
    if (fd_disp_register(on_request, DISP_HOW_CC, &when, s, NULL) != 0)
        return ERR_DIA_LIBRARY;
    return fd_disp_app_support(when.app, vendor, 1, 0) == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}

static void describe(struct msg *answer, char *out, size_t size)
{
    json_t *avps = sim_avps_decode(answer);
    char *text;

    json_object_del(avps, "Session-Id");
    json_object_del(avps, "Origin-Host");
    json_object_del(avps, "Origin-Realm");
    json_object_del(avps, "Result-Code");
    text = json_dumps(avps, JSON_COMPACT);
    snprintf(out, size, "%s", text && json_object_size(avps) ? text : "");
    free(text);
    json_decref(avps);
}

static enum err start_faults(struct sim_server *s)
{
    enum err err = sim_faults_new(&s->faults);

    for (size_t i = 0; !err && i < s->config->faults.n; i++) {
        struct sim_fault fault;
        const char *why;

        err = sim_fault_parse(s->config->faults.items[i], &fault, &why);
        if (!err)
            err = sim_faults_add(s->faults, &fault, NULL);
    }
    return err;
}

static enum err start_script(struct sim_server *s)
{
    char why[256] = "";
    enum err err = sim_script_new(&s->script);

    if (!err && s->config->script)
        err = sim_server_load_script(s, s->config->script, why, sizeof why);
    if (err)
        base_log(sim_log, BASE_LOG_ERROR, NULL, "script: %s", why);
    return err;
}

enum err sim_server_start(const struct sim_server_spec *spec, struct sim_config *config,
                          struct sim_cc *cc, void *core, struct sim_server **out)
{
    struct sim_server *s = calloc(1, sizeof *s);
    enum err err;

    if (!s)
        return ERR_NOMEM;
    *out = s;
    s->spec = spec;
    s->config = config;
    s->cc = cc;
    s->core = core;
    s->started_ns = base_now_ns();
    s->control_user = (struct sim_control_user){.run = sim_server_command, .ctx = s};
    pthread_mutex_init(&s->mutex, NULL);
    err = start_faults(s);
    if (!err)
        err = start_script(s);
    if (!err)
        err = sim_sender_start(&s->sender);
    if (!err)
        err = sim_pushes_new(s->sender, config->push_timeout_ms, describe, &s->pushes);
    if (!err)
        err = register_application(s);
    if (!err)
        err = sim_peers_register(&config->peers);
    if (!err)
        err = sim_control_start(config->control, &s->control_user, &s->control);
    if (!err)
        base_log(sim_log, BASE_LOG_NOTICE, NULL, "database %s, control socket %s", config->database,
                 config->control);
    return err;
}

void sim_server_stop(struct sim_server *s)
{
    if (!s)
        return;
    sim_control_stop(s->control);
    sim_sender_stop(s->sender);
    sim_pushes_free(s->pushes);
    sim_script_free(s->script);
    sim_faults_free(s->faults);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
