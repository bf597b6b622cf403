// SPDX-License-Identifier: BSD-3-Clause
// Comparison (a) of the S6a, SWx, S13 and session benchmarks: a freeDiameter client as installed.
// An extension for the stock freeDiameterd with Debian's own dictionaries and default hooks, which
// keeps W requests outstanding and prints one JSON line per window size. It shares no code with the
// gateway, on purpose.
//
// LoadExtension = "bare_client.fdx" :
//   "procedure=air;realm=hss.test;windows=1,16,64;seconds=4;first=001010000000001;"
// (in one string; or ulr, mar, sar, ecr, ccu: updates of W sessions at an OCS) and
// subscribers=1000, rate=0 (requests a second; 0: no pacing), out=FILE.
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <freeDiameter/extension.h>

#include "bench_util.h"

#define VENDOR_3GPP 10415u
#define MAX_WINDOWS 16
#define MAX_WINDOW 65536
#define BENCH_S 1000000000

static struct {
    char procedure[8], realm[128], out[256];
    int windows[MAX_WINDOWS], n_windows, seconds, subscribers;
    uint64_t first;
    double rate; // requests a second; 0: as fast as the window allows
} cfg = {.procedure = "air", .seconds = 4, .subscribers = 1000, .first = 1010000000001};

struct slot {
    int64_t sent_ns;
    uint64_t session; // of credit control: each slot has one
    uint32_t number;  // CC-Request-Number
    struct slot *next;
};

// AVPs of the requests, in the dictionaries that Debian packages.
enum model {
    PLMN,
    REQ_EUTRAN,
    N_VECTORS,
    IMMEDIATE,
    RAT_TYPE,
    ULR_FLAGS,
    AUTH_ITEM,
    AUTH_SCHEME,
    N_AUTH_ITEMS,
    ASSIGNMENT,
    TERMINAL,
    IMEI,
    VENDOR_APP,
    VENDOR_ID,
    AUTH_APP,
    USER,
    REALM,
    SESSION,
    STATE,
    RESULT,
    CC_TYPE,
    CC_NUMBER,
    CC_CONTEXT,
    SUB_ID,
    SUB_TYPE,
    SUB_DATA,
    MSCC,
    ASKED,
    USED,
    OCTETS,
    RATING_GROUP,
    MODELS
};
static const struct {
    uint32_t vendor, code;
} avps[MODELS] = {
    [PLMN] = {VENDOR_3GPP, 1407},
    [REQ_EUTRAN] = {VENDOR_3GPP, 1408},
    [N_VECTORS] = {VENDOR_3GPP, 1410},
    [IMMEDIATE] = {VENDOR_3GPP, 1412},
    [RAT_TYPE] = {VENDOR_3GPP, 1032},
    [ULR_FLAGS] = {VENDOR_3GPP, 1405},
    [AUTH_ITEM] = {VENDOR_3GPP, 612},
    [AUTH_SCHEME] = {VENDOR_3GPP, 608},
    [N_AUTH_ITEMS] = {VENDOR_3GPP, 607},
    [ASSIGNMENT] = {VENDOR_3GPP, 614},
    [TERMINAL] = {VENDOR_3GPP, 1401},
    [IMEI] = {VENDOR_3GPP, 1402},
    [VENDOR_APP] = {0, 260},
    [VENDOR_ID] = {0, 266},
    [AUTH_APP] = {0, 258},
    [USER] = {0, 1},
    [REALM] = {0, 283},
    [SESSION] = {0, 263},
    [STATE] = {0, 277},
    [RESULT] = {0, 268},
    [CC_TYPE] = {0, 416},
    [CC_NUMBER] = {0, 415},
    [CC_CONTEXT] = {0, 461},
    [SUB_ID] = {0, 443},
    [SUB_TYPE] = {0, 450},
    [SUB_DATA] = {0, 444},
    [MSCC] = {0, 456},
    [ASKED] = {0, 437},
    [USED] = {0, 446},
    [OCTETS] = {0, 421},
    [RATING_GROUP] = {0, 432},
};
static struct dict_object *models[MODELS], *cmd_request;
static const struct procedure {
    const char *name, *app_name; // app_name NULL: credit control, which the dictionary has
    uint32_t app, code;
    const char *request, *answer;
    int (*fill)(struct msg *msg);
} * procedure;
static sem_t window;
static struct slot slots[MAX_WINDOW], *free_slots;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bench_latency latency;
static _Atomic uint64_t answered, failed;
static pthread_t thread;
static int64_t bench_start_ns; // names this run's sessions

static void find_avps(void)
{
    for (int i = 0; i < MODELS; i++) {
        struct dict_avp_request req = {.avp_vendor = avps[i].vendor, .avp_code = avps[i].code};
        fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_CODE_AND_VENDOR, &req, &models[i],
                       ENOENT);
    }
}

// What an answer brings and no packaged dictionary has: not looked into, but known.
static int define_missing(void)
{
    struct dict_avp_request req = {.avp_vendor = VENDOR_3GPP, .avp_code = 1500};
    struct dict_avp_data avp = {.avp_code = 1500,
                                .avp_vendor = VENDOR_3GPP,
                                .avp_name = (char *)"Non-3GPP-User-Data",
                                .avp_flag_mask = AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY,
                                .avp_flag_val = AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY,
                                .avp_basetype = AVP_TYPE_OCTETSTRING};
    struct dict_object *found = NULL;
    fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_CODE_AND_VENDOR, &req, &found, ENOENT);
    return found ? 0 : fd_dict_new(fd_g_config->cnf_dict, DICT_AVP, &avp, NULL, NULL);
}

static int add_command(struct dict_object *app, uint32_t code, const char *name, bool request)
{
    struct dict_cmd_data data = {.cmd_code = code,
                                 .cmd_name = (char *)name, // the library copies it

                                 .cmd_flag_mask = CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE,
                                 .cmd_flag_val =
                                     CMD_FLAG_PROXIABLE | (request ? CMD_FLAG_REQUEST : 0)};
    return fd_dict_new(fd_g_config->cnf_dict, DICT_COMMAND, &data, app,
                       request ? &cmd_request : NULL);
}

static int add_bytes(msg_or_avp *parent, enum model model, const void *data, size_t len)
{
    struct avp *avp;
    union avp_value value = {.os = {.data = (uint8_t *)data, .len = len}};
    return !models[model] || fd_msg_avp_new(models[model], 0, &avp) ||
           fd_msg_avp_setvalue(avp, &value) || fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp);
}

static int add_u32(msg_or_avp *parent, enum model model, uint32_t number)
{
    struct avp *avp;
    union avp_value value = {.u32 = number};
    return !models[model] || fd_msg_avp_new(models[model], 0, &avp) ||
           fd_msg_avp_setvalue(avp, &value) || fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp);
}

static int add_u64(msg_or_avp *parent, enum model model, uint64_t number)
{
    struct avp *avp;
    union avp_value value = {.u64 = number};
    return !models[model] || fd_msg_avp_new(models[model], 0, &avp) ||
           fd_msg_avp_setvalue(avp, &value) || fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp);
}

static int add_group(msg_or_avp *msg, enum model model, struct avp **group)
{
    return !models[model] || fd_msg_avp_new(models[model], 0, group) ||
           fd_msg_avp_add(msg, MSG_BRW_LAST_CHILD, *group);
}

static int fill_air(struct msg *msg)
{
    struct avp *group;
    return add_bytes(msg, PLMN, "\x00\xf1\x10", 3) || add_group(msg, REQ_EUTRAN, &group) ||
           add_u32(group, N_VECTORS, 1) || add_u32(group, IMMEDIATE, 0);
}

static int fill_ulr(struct msg *msg)
{
    return add_bytes(msg, PLMN, "\x00\xf1\x10", 3) || add_u32(msg, RAT_TYPE, 1004) ||
           add_u32(msg, ULR_FLAGS, 34);
}

// SWx wants it in every request.
static int add_application(struct msg *msg)
{
    struct avp *group;
    return add_group(msg, VENDOR_APP, &group) || add_u32(group, VENDOR_ID, VENDOR_3GPP) ||
           add_u32(group, AUTH_APP, procedure->app);
}

static int fill_mar(struct msg *msg)
{
    struct avp *group;
    return add_application(msg) || add_group(msg, AUTH_ITEM, &group) ||
           add_bytes(group, AUTH_SCHEME, "EAP-AKA", 7) || add_u32(msg, N_AUTH_ITEMS, 1) ||
           add_u32(msg, RAT_TYPE, 0);
}

static int fill_sar(struct msg *msg)
{
    return add_application(msg) || add_u32(msg, ASSIGNMENT, 1);
}

static int fill_ecr(struct msg *msg)
{
    struct avp *group;
    return add_group(msg, TERMINAL, &group) || add_bytes(group, IMEI, "35609204079302", 14);
}

static int fill_ccr(struct msg *msg)
{
    return add_u32(msg, AUTH_APP, procedure->app) ||
           add_bytes(msg, CC_CONTEXT, "32251@3gpp.org", 14);
}

static const struct procedure procedures[] = {
    {"air", "3GPP S6a", 16777251, 318, "Authentication-Information-Request",
     "Authentication-Information-Answer", fill_air},
    {"ulr", "3GPP S6a", 16777251, 316, "Update-Location-Request", "Update-Location-Answer",
     fill_ulr},
    {"mar", "3GPP SWx", 16777265, 303, "Multimedia-Auth-Request", "Multimedia-Auth-Answer",
     fill_mar},
    {"sar", "3GPP SWx", 16777265, 301, "Server-Assignment-Request", "Server-Assignment-Answer",
     fill_sar},
    {"ccu", NULL, 4, 272, "Credit-Control-Request", NULL, fill_ccr},
    {"ecr", "3GPP S13", 16777252, 324, "ME-Identity-Check-Request", "ME-Identity-Check-Answer",
     fill_ecr},
};

// The first request of a slot opens its session, the others report usage and ask for more.
static int add_credit_control(struct msg *msg, const struct slot *slot, const char *imsi)
{
    struct avp *id, *mscc, *units;
    if (add_u32(msg, CC_TYPE, slot->number ? 2 : 1) || add_u32(msg, CC_NUMBER, slot->number) ||
        add_group(msg, SUB_ID, &id) || add_u32(id, SUB_TYPE, 1) ||
        add_bytes(id, SUB_DATA, imsi, strlen(imsi)) || add_group(msg, MSCC, &mscc) ||
        add_u32(mscc, RATING_GROUP, 10) || add_group(mscc, ASKED, &units) ||
        add_u64(units, OCTETS, 1000000))
        return EINVAL;
    return slot->number && (add_group(mscc, USED, &units) || add_u64(units, OCTETS, 1000000));
}

static int build_credit_control(struct msg **out, struct slot *slot, uint64_t n)
{
    char session[128], imsi[16];
    struct msg *msg = NULL;
    if (slot->number == 0)
        slot->session = n;
    int len = snprintf(session, sizeof session, "%s;%" PRIu64 ";%" PRIu64, fd_g_config->cnf_diamid,
                       (uint64_t)bench_start_ns, slot->session);
    snprintf(imsi, sizeof imsi, "%015" PRIu64,
             cfg.first + slot->session % (uint64_t)cfg.subscribers);
    if (fd_msg_new(cmd_request, MSGFL_ALLOC_ETEID, &msg) ||
        add_bytes(msg, SESSION, session, (size_t)len) || fd_msg_add_origin(msg, 0) ||
        add_bytes(msg, REALM, cfg.realm, strlen(cfg.realm)) || procedure->fill(msg) ||
        add_credit_control(msg, slot, imsi))
        return EINVAL;
    slot->number++;
    *out = msg;
    return 0;
}

static int build(struct msg **out, uint64_t n)
{
    char session[128], imsi[16];
    struct msg *msg = NULL;
    int len = snprintf(session, sizeof session, "%s;%" PRIu64 ";%" PRIu64, fd_g_config->cnf_diamid,
                       (uint64_t)getpid(), n);

    snprintf(imsi, sizeof imsi, "%015" PRIu64, cfg.first + n % (uint64_t)cfg.subscribers);
    if (fd_msg_new(cmd_request, MSGFL_ALLOC_ETEID, &msg) ||
        add_bytes(msg, SESSION, session, (size_t)len) || fd_msg_add_origin(msg, 0) ||
        add_u32(msg, STATE, 1) || add_bytes(msg, REALM, cfg.realm, strlen(cfg.realm)) ||
        add_bytes(msg, USER, imsi, strlen(imsi)) || procedure->fill(msg))
        return EINVAL;
    *out = msg;
    return 0;
}

// Credit control is in a packaged dictionary.
static int define_known(void)
{
    struct dict_object *app = NULL;
    application_id_t id = procedure->app;
    struct msg *msg = NULL;
    if (fd_dict_search(fd_g_config->cnf_dict, DICT_APPLICATION, APPLICATION_BY_ID, &id, &app,
                       ENOENT) ||
        fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, procedure->request,
                       &cmd_request, ENOENT))
        return EINVAL;
    if (fd_msg_new(cmd_request, 0, &msg) || procedure->fill(msg) ||
        add_credit_control(msg, &(struct slot){.number = 1}, "")) {
        fprintf(stderr, "bare_client: an AVP of %s is not in the dictionary\n", cfg.procedure);
        return EINVAL;
    }
    fd_msg_free(msg);
    return fd_disp_app_support(app, NULL, 1, 0);
}

static int define(void)
{
    struct dict_application_data app = {0};
    struct dict_object *app_obj = NULL, *vendor = NULL;
    vendor_id_t id = VENDOR_3GPP;
    struct msg *msg = NULL;

    for (size_t i = 0; i < sizeof procedures / sizeof procedures[0]; i++)
        if (!strcmp(procedures[i].name, cfg.procedure))
            procedure = &procedures[i];
    if (!procedure)
        return EINVAL;
    app.application_id = procedure->app;
    app.application_name = (char *)procedure->app_name; // the library copies it
    find_avps();
    if (!procedure->app_name)
        return define_known();
    if (fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &id, &vendor, ENOENT) ||
        fd_dict_new(fd_g_config->cnf_dict, DICT_APPLICATION, &app, vendor, &app_obj) ||
        define_missing() || add_command(app_obj, procedure->code, procedure->request, true) ||
        add_command(app_obj, procedure->code, procedure->answer, false))
        return EINVAL;
    if (fd_msg_new(cmd_request, 0, &msg) || procedure->fill(msg)) {
        fprintf(stderr, "bare_client: an AVP of %s is not in the dictionary\n", cfg.procedure);
        return EINVAL;
    }
    fd_msg_free(msg);
    return fd_disp_app_support(app_obj, vendor, 1, 0);
}

static void on_answer(void *data, struct msg **msg)
{
    struct slot *slot = data;
    struct avp *avp = NULL;
    struct avp_hdr *hdr = NULL;

    bench_latency_add(&latency, bench_now_ns() - slot->sent_ns);
    if (fd_msg_search_avp(*msg, models[RESULT], &avp) || !avp || fd_msg_avp_hdr(avp, &hdr) ||
        !hdr->avp_value || hdr->avp_value->u32 != 2001)
        atomic_fetch_add(&failed, 1);
    atomic_fetch_add(&answered, 1);
    fd_msg_free(*msg);
    *msg = NULL;
    pthread_mutex_lock(&free_lock);
    slot->next = free_slots;
    free_slots = slot;
    pthread_mutex_unlock(&free_lock);
    sem_post(&window);
}

static struct slot *take_slot(void)
{
    struct slot *slot;
    while (sem_wait(&window))
        ;
    pthread_mutex_lock(&free_lock);
    slot = free_slots;
    free_slots = slot->next;
    pthread_mutex_unlock(&free_lock);
    return slot;
}

static void pace(int64_t start, uint64_t n)
{
    int64_t due = start + (int64_t)((double)n * 1e9 / cfg.rate), now = bench_now_ns();
    if (due > now)
        nanosleep(
            &(struct timespec){.tv_sec = (due - now) / BENCH_S, .tv_nsec = (due - now) % BENCH_S},
            NULL);
}

// Runs one window size for cfg.seconds after half a second of warm-up, and prints its line.
static void run_window(FILE *out, int w, uint64_t *n)
{
    struct bench_usage before = {0}, after;
    int64_t start = bench_now_ns(), measured = 0, end = start + 500000000;
    uint64_t base = 0, sent = 0;

    sem_init(&window, 0, (unsigned)w);
    free_slots = NULL;
    for (int i = 0; i < w; i++) {
        slots[i].number = 0;
        slots[i].next = free_slots;
        free_slots = &slots[i];
    }
    for (;;) {
        struct slot *slot = take_slot();
        struct msg *msg;
        slot->sent_ns = bench_now_ns();
        if (!measured && slot->sent_ns >= end) {
            bench_latency_reset(&latency);
            atomic_store(&failed, 0);
            base = atomic_load(&answered);
            bench_usage_self(&before);
            measured = slot->sent_ns;
            end = measured + (int64_t)cfg.seconds * 1000000000;
        } else if (measured && slot->sent_ns >= end) {
            break;
        }
        uint64_t number = (*n)++;
        if ((procedure->app_name ? build(&msg, number)
                                 : build_credit_control(&msg, slot, number)) ||
            fd_msg_send(&msg, on_answer, slot))
            break;
        if (cfg.rate > 0)
            pace(start, ++sent);
    }
    bench_usage_self(&after);
    bench_print(out, "bare", cfg.procedure, w, (double)(bench_now_ns() - measured) / 1e9,
                atomic_load(&answered) - base, atomic_load(&failed), &latency, &before, &after);
    for (int i = 1; i < w; i++) // the window drains before the next size begins
        while (sem_wait(&window))
            ;
}

// Whatever is sent before the peer is open is refused by our own daemon.
static void wait_for_peer(void)
{
    bool open = false;
    for (int tries = 0; !open && tries < 300; tries++) {
        usleep(100000);
        pthread_rwlock_rdlock(&fd_g_peers_rw);
        for (struct fd_list *at = fd_g_peers.next; at != &fd_g_peers; at = at->next)
            open = open || fd_peer_get_state((struct peer_hdr *)at) == STATE_OPEN;
        pthread_rwlock_unlock(&fd_g_peers_rw);
    }
    sleep(1); // its first watchdog
}

static void *run(void *arg)
{
    FILE *out = fopen(cfg.out, "w");
    uint64_t n = 0;

    (void)arg;
    bench_start_ns = bench_now_ns();
    if (!out || fd_core_waitstartcomplete())
        return NULL;
    wait_for_peer();
    for (int i = 0; i < cfg.n_windows; i++)
        run_window(out, cfg.windows[i], &n);
    fclose(out);
    kill(getpid(), SIGTERM);
    return NULL;
}

static int parse_windows(char *text)
{
    char *save = NULL;
    for (char *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
        long size = strtol(w, NULL, 10);
        if (size < 1 || size > MAX_WINDOW || cfg.n_windows == MAX_WINDOWS)
            return EINVAL;
        cfg.windows[cfg.n_windows++] = (int)size;
    }
    return 0;
}

static int parse_pair(const char *key, char *value)
{
    if (!strcmp(key, "procedure"))
        snprintf(cfg.procedure, sizeof cfg.procedure, "%s", value);
    else if (!strcmp(key, "realm"))
        snprintf(cfg.realm, sizeof cfg.realm, "%s", value);
    else if (!strcmp(key, "out"))
        snprintf(cfg.out, sizeof cfg.out, "%s", value);
    else if (!strcmp(key, "seconds"))
        cfg.seconds = (int)strtol(value, NULL, 10);
    else if (!strcmp(key, "subscribers"))
        cfg.subscribers = (int)strtol(value, NULL, 10);
    else if (!strcmp(key, "first"))
        cfg.first = strtoull(value, NULL, 10);
    else if (!strcmp(key, "rate"))
        cfg.rate = strtod(value, NULL);
    else if (!strcmp(key, "windows"))
        return parse_windows(value);
    else
        return EINVAL;
    return 0;
}

static int parse(char *text)
{
    char *save = NULL;
    for (char *kv = strtok_r(text, ";", &save); kv; kv = strtok_r(NULL, ";", &save)) {
        char *value = strchr(kv, '=');
        if (!value)
            return EINVAL;
        *value++ = 0;
        if (parse_pair(kv, value))
            return EINVAL;
    }
    return 0;
}

static int bare_client_entry(char *conffile)
{
    char *text = conffile ? strdup(conffile) : NULL;
    int ret = text ? parse(text) : EINVAL;
    free(text);
    if (!ret)
        ret = define();
    if (!ret)
        ret = pthread_create(&thread, NULL, run, NULL);
    if (ret)
        fprintf(stderr, "bare_client: cannot start with \"%s\"\n", conffile ? conffile : "");
    return ret;
}

EXTENSION_ENTRY("bare_client", bare_client_entry, "dict_dcca_3gpp");
