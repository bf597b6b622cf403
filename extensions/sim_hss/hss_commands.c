// SPDX-License-Identifier: BSD-3-Clause
// Commands of the control socket. Exit codes: 0 done (and the node answered 2001), 1 refused or
// answered otherwise, 2 the command was not understood.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "hss_ext.h"
#include "hss_fields.h"
#include "hss_log.h"
#include "hss_swx_msg.h"
#include "sim.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

#define TARGETS_MAX 256 // serving nodes that one RSR goes to

// ---- pushing and telling ----

static int tell(struct sim_reply *reply, const char *command, const char *to,
                const struct sim_push_answer *a)
{
    double ms = (double)a->elapsed_ns / (double)BASE_MS_NS;

    if (a->err) {
        sim_reply_add(reply, "%s to %s: %s after %.1f ms\n", command, to, err_str(a->err), ms);
        return FAILED;
    }
    sim_reply_add(reply, "%s to %s: %s%u from %s in %.1f ms%s%s\n", command, to,
                  a->experimental ? "experimental " : "", a->result,
                  a->origin[0] ? a->origin : "-", ms, a->detail[0] ? " " : "", a->detail);
    return a->result == HSS_SUCCESS ? DONE : FAILED;
}

static int push(struct hss_ext *ext, struct sim_reply *reply, const char *command, const char *to,
                enum err built, struct msg **msg)
{
    struct sim_push_answer answer;

    if (built) {
        sim_reply_add(reply, "%s to %s: %s\n", command, to, err_str(built));
        return FAILED;
    }
    sim_push_wait(ext->pushes, msg, &answer);
    return tell(reply, command, to, &answer);
}

// Where the subscriber is registered. The strings live as long as the cache.
struct place {
    bool known;
    struct hss_to to[2]; // MME, SGSN; host NULL: none
};

static struct place find_place(struct hss_ext *ext, const char *imsi)
{
    struct place place = {0};
    struct hss_sub *sub = hss_cache_lock(ext->hss.cache, imsi);

    if (!sub)
        return place;
    place.known = true;
    if (sub->mme)
        place.to[0] = (struct hss_to){sub->mme->host, sub->mme->realm};
    if (sub->sgsn)
        place.to[1] = (struct hss_to){sub->sgsn->host, sub->sgsn->realm};
    hss_cache_unlock(ext->hss.cache, sub);
    return place;
}

static bool check_place(const struct place *place, const char *imsi, struct sim_reply *reply)
{
    if (!place->known)
        sim_reply_add(reply, "%s: unknown subscriber\n", imsi);
    else if (!place->to[0].host && !place->to[1].host)
        sim_reply_add(reply, "%s: not registered anywhere\n", imsi);
    else
        return true;
    return false;
}

// ---- clr ----

static bool parse_type(const char *text, enum hss_cancellation *type)
{
    for (int i = 0; i < HSS_CANCELLATIONS; i++) {
        const char *name = hss_cancellation_name((enum hss_cancellation)i);

        if (strcmp(text, name) == 0 || (text[0] == '0' + i && text[1] == '\0')) {
            *type = (enum hss_cancellation)i;
            return true;
        }
    }
    return false;
}

// After a withdrawal the node no longer serves the subscriber.
static void forget_node(struct hss_ext *ext, const char *imsi, int which)
{
    struct hss_sub *sub = hss_cache_lock(ext->hss.cache, imsi);

    if (!sub)
        return;
    hss_cache_serve(ext->hss.cache, sub, which == 0 ? &sub->mme : &sub->sgsn, NULL, NULL);
    hss_cache_touch(ext->hss.cache, sub);
    hss_cache_unlock(ext->hss.cache, sub);
}

static int do_clr(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    enum hss_cancellation type = HSS_CANCEL_WITHDRAWAL;
    uint32_t reattach = 0;
    struct place place;
    int code = DONE;

    if (n < 2)
        return USAGE;
    for (int i = 2; i < n; i++) {
        if (strcmp(words[i], "reattach") == 0)
            reattach = HSS_CLR_REATTACH;
        else if (!parse_type(words[i], &type))
            return USAGE;
    }
    place = find_place(ext, words[1]);
    if (!check_place(&place, words[1], reply))
        return FAILED;
    for (int which = 0; which < 2; which++) {
        struct msg *msg = NULL;
        enum err err;

        if (!place.to[which].host)
            continue;
        err = hss_clr_new(&place.to[which], words[1], type,
                          reattach | (which == 0 ? HSS_CLR_S6A : 0), &msg);
        if (push(ext, reply, "CLR", place.to[which].host, err, &msg) != DONE)
            code = FAILED;
        else if (type != HSS_CANCEL_INITIAL_ATTACH)
            forget_node(ext, words[1], which);
    }
    return code;
}

// ---- idr, dsr: change the subscription and tell the node ----

// A copy of the profile to change; NULL if the subscriber is unknown or memory is short.
static struct hss_profile *copy_profile(struct hss_ext *ext, const char *imsi)
{
    struct hss_sub *sub = hss_cache_lock(ext->hss.cache, imsi);
    struct hss_profile *p = NULL;

    if (!sub)
        return NULL;
    p = hss_profile_copy(sub->profile);
    hss_cache_unlock(ext->hss.cache, sub);
    return p;
}

// Puts a changed profile into the database and into the cache.
static enum err publish(struct hss_ext *ext, struct hss_profile *p, const char **why)
{
    const struct hss_state unused = {0}; // the subscriber is in the cache: its state stays
    enum err err;

    *why = NULL;
    pthread_mutex_lock(&ext->store_mutex);
    err = hss_profile_finish(p, ext->gen, why);
    if (!err)
        err = hss_store_put(ext->store, p);
    pthread_mutex_unlock(&ext->store_mutex);
    if (!err)
        err = hss_cache_put(ext->hss.cache, p, &unused);
    if (err && !*why)
        *why = err_str(err);
    return err;
}

static int send_idr(struct hss_ext *ext, const struct hss_profile *p, unsigned parts,
                    uint32_t flags, struct sim_reply *reply)
{
    struct place place = find_place(ext, p->imsi);
    int code = DONE;

    if (!check_place(&place, p->imsi, reply))
        return FAILED;
    for (int which = 0; which < 2; which++) {
        struct msg *msg = NULL;
        enum err err;

        if (!place.to[which].host)
            continue;
        err = hss_idr_new(&place.to[which], p, parts, flags, &msg);
        if (push(ext, reply, "IDR", place.to[which].host, err, &msg) != DONE)
            code = FAILED;
    }
    return code;
}

static int do_idr(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct hss_profile *p;
    unsigned parts = 0;
    uint32_t flags = 0;
    bool changed = false;
    const char *why;
    int code = DONE;

    if (n < 2)
        return USAGE;
    p = copy_profile(ext, words[1]);
    if (!p) {
        sim_reply_add(reply, "%s: unknown subscriber\n", words[1]);
        return FAILED;
    }
    for (int i = 2; i < n && code == DONE; i++) {
        enum err err = ERR_OK;

        if (strncmp(words[i], "flags=", 6) == 0) {
            flags = (uint32_t)strtoul(words[i] + 6, NULL, 0);
            continue;
        }
        if (strncmp(words[i], "imsi=", 5) == 0)
            err = ERR_INVALID;
        if (!err)
            err = hss_field_assign(p, words[i], &parts);
        if (err) {
            sim_reply_add(reply, "%s: %s\n", words[i], err_str(err));
            code = USAGE;
        }
        changed = true;
    }
    if (code == DONE && changed && publish(ext, p, &why)) {
        sim_reply_add(reply, "%s: %s\n", words[1], why);
        code = FAILED;
    }
    if (code == DONE) // nothing changed: everything is sent, or only the flags speak
        code = send_idr(ext, p, changed || flags ? parts : HSS_PART_ALL, flags, reply);
    hss_profile_unref(p);
    return code;
}

#define DSR_CONTEXTS_MAX 16

struct dsr {
    struct hss_profile *p;
    uint32_t flags; // DSR-Flags §7.3.25
    uint32_t contexts[DSR_CONTEXTS_MAX];
    size_t n_contexts;
};

static bool drop_pdns(struct dsr *dsr, const char *list)
{
    while (*list) {
        char *end;
        unsigned long id = strtoul(list, &end, 10);

        if (end == list || (*end && *end != ',') || dsr->n_contexts == DSR_CONTEXTS_MAX ||
            !hss_profile_drop_apn(dsr->p, (uint32_t)id))
            return false;
        dsr->contexts[dsr->n_contexts++] = (uint32_t)id;
        list = *end ? end + 1 : end;
    }
    dsr->flags |= 1u << 3;
    return dsr->n_contexts > 0;
}

static bool drop_word(struct dsr *dsr, const char *word)
{
    if (strncmp(word, "pdn=", 4) == 0)
        return drop_pdns(dsr, word + 4);
    if (strncmp(word, "flags=", 6) == 0) {
        dsr->flags |= (uint32_t)strtoul(word + 6, NULL, 0);
    } else if (strcmp(word, "zones") == 0) {
        dsr->flags |= 1u << 0;
        dsr->p->n_zones = 0;
    } else if (strcmp(word, "apns") == 0) {
        dsr->flags |= 1u << 1;
        hss_profile_clear_apns(dsr->p);
    } else if (strcmp(word, "charging") == 0) {
        dsr->flags |= 1u << 2;
        dsr->p->charging[0] = '\0';
    } else if (strcmp(word, "apn_oi") == 0) {
        dsr->flags |= 1u << 10;
        dsr->p->apn_oi[0] = '\0';
    } else if (strcmp(word, "rau_tau_timer") == 0) {
        dsr->flags |= 1u << 14;
        dsr->p->rau_tau_timer = 0;
    } else {
        return false;
    }
    return true;
}

static int send_dsr(struct hss_ext *ext, const struct dsr *dsr, struct sim_reply *reply)
{
    struct place place = find_place(ext, dsr->p->imsi);
    int code = DONE;

    if (!check_place(&place, dsr->p->imsi, reply))
        return FAILED;
    for (int which = 0; which < 2; which++) {
        struct msg *msg = NULL;
        enum err err;

        if (!place.to[which].host)
            continue;
        err = hss_dsr_new(&place.to[which], dsr->p->imsi, dsr->flags, dsr->contexts,
                          dsr->n_contexts, &msg);
        if (push(ext, reply, "DSR", place.to[which].host, err, &msg) != DONE)
            code = FAILED;
    }
    return code;
}

static int do_dsr(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct dsr dsr = {0};
    const char *why;
    int code = DONE;

    if (n < 3)
        return USAGE;
    dsr.p = copy_profile(ext, words[1]);
    if (!dsr.p) {
        sim_reply_add(reply, "%s: unknown subscriber\n", words[1]);
        return FAILED;
    }
    for (int i = 2; i < n && code == DONE; i++) {
        if (!drop_word(&dsr, words[i])) {
            sim_reply_add(reply, "%s: cannot be deleted\n", words[i]);
            code = USAGE;
        }
    }
    if (code == DONE && publish(ext, dsr.p, &why)) {
        sim_reply_add(reply, "%s: %s\n", words[1], why);
        code = FAILED;
    }
    if (code == DONE)
        code = send_dsr(ext, &dsr, reply);
    hss_profile_unref(dsr.p);
    return code;
}

// ---- rsr ----

struct targets {
    struct hss_to to[TARGETS_MAX];
    size_t n;
};

static void add_target(void *ctx, const struct hss_node *node)
{
    struct targets *t = ctx;

    if (t->n < TARGETS_MAX)
        t->to[t->n++] = (struct hss_to){node->host, node->realm};
}

static int do_rsr(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct targets *targets = calloc(1, sizeof *targets);
    int code = DONE;

    if (!targets)
        return FAILED;
    for (int i = 1; i < n; i++) {
        if (strlen(words[i]) > 15 || strspn(words[i], "0123456789") != strlen(words[i])) {
            free(targets);
            return USAGE;
        }
    }
    hss_cache_each_node(ext->hss.cache, add_target, targets);
    if (targets->n == 0) {
        sim_reply_add(reply, "no node serves any subscriber\n");
        code = FAILED;
    }
    for (size_t i = 0; i < targets->n; i++) {
        struct msg *msg = NULL;
        enum err err = hss_rsr_new(&targets->to[i], (const char *const *)words + 1, (size_t)n - 1,
                                   &msg);

        if (push(ext, reply, "RSR", targets->to[i].host, err, &msg) != DONE)
            code = FAILED;
    }
    free(targets);
    return code;
}

// ---- rtr, ppr ----

// The AAA server that has the subscriber; false, and told, where none has.
static bool find_server(struct hss_ext *ext, const char *imsi, struct hss_aaa *aaa,
                        struct hss_to *to, struct sim_reply *reply)
{
    *aaa = hss_swx_server(ext->swx, imsi);
    *to = (struct hss_to){aaa->host, aaa->realm};
    if (!aaa->host[0])
        sim_reply_add(reply, "%s: no AAA server has it\n", imsi);
    return aaa->host[0];
}

static int do_rtr(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct hss_aaa aaa;
    struct hss_to to;
    struct msg *msg = NULL;
    long reason = n > 2 ? strtol(words[2], NULL, 10) : 0;
    int code;

    if (n < 2 || n > 4 || reason < 0 || reason > 3)
        return USAGE;
    if (!find_server(ext, words[1], &aaa, &to, reply))
        return FAILED;
    enum err err = hss_rtr_new(&to, words[1], (int32_t)reason, n > 3 ? words[3] : NULL, &msg);
    code = push(ext, reply, "RTR", to.host, err, &msg);
    if (code == DONE)
        hss_swx_serve(ext->swx, words[1], NULL, NULL, false);
    return code;
}

static int do_ppr(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct hss_profile *p;
    struct hss_aaa aaa;
    struct hss_to to;
    struct msg *msg = NULL;
    uint32_t flags = 0;
    enum err err;

    if (n < 2 || n > 3 || (n == 3 && strncmp(words[2], "flags=", 6) != 0))
        return USAGE;
    if (!find_server(ext, words[1], &aaa, &to, reply))
        return FAILED;
    if (n == 3)
        flags = (uint32_t)strtoul(words[2] + 6, NULL, 0);
    p = copy_profile(ext, words[1]);
    err = p ? hss_ppr_new(&to, words[1], p, flags, &msg) : ERR_NOT_FOUND;
    hss_profile_unref(p);
    return push(ext, reply, "PPR", to.host, err, &msg);
}

// ---- fault ----

static void list_fault(void *ctx, const struct sim_fault *fault)
{
    char text[256];

    sim_fault_format(fault, text, sizeof text);
    sim_reply_add(ctx, "%s\n", text);
}

static int add_fault(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct sim_fault fault;
    char text[256] = "";
    const char *why = NULL;
    size_t used = 0;
    unsigned id = 0;
    enum err err;

    for (int i = 0; i < n; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s ", words[i]);
        if (used >= sizeof text)
            return USAGE;
    }
    if (sim_fault_parse(text, &fault, &why)) {
        sim_reply_add(reply, "%s\n", why);
        return USAGE;
    }
    err = sim_faults_add(ext->faults, &fault, &id);
    if (err) {
        sim_reply_add(reply, "%s\n", err_str(err));
        return FAILED;
    }
    sim_reply_add(reply, "fault %u\n", id);
    return DONE;
}

static int do_fault(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    if (n < 2)
        return USAGE;
    if (strcmp(words[1], "list") == 0 && n == 2) {
        sim_faults_each(ext->faults, list_fault, reply);
        return DONE;
    }
    if (strcmp(words[1], "clear") == 0 && n <= 3) {
        unsigned id = n == 3 ? (unsigned)strtoul(words[2], NULL, 10) : 0;
        size_t cleared;

        if (n == 3 && id == 0)
            return USAGE;
        cleared = sim_faults_clear(ext->faults, id);
        sim_reply_add(reply, "%zu cleared\n", cleared);
        return cleared || n == 2 ? DONE : FAILED;
    }
    if (strcmp(words[1], "add") == 0)
        return add_fault(ext, n - 2, words + 2, reply);
    return USAGE;
}

// ---- looking ----

static void show_sub(const struct hss_sub *sub, struct sim_reply *reply)
{
    char text[HSS_FIELD_TEXT_MAX];

    for (size_t i = 0; i < hss_n_fields; i++) {
        const struct hss_field *f = &hss_fields[i];

        if (f->secret)
            continue;
        f->get(sub->profile, f, text, sizeof text);
        sim_reply_add(reply, "%-20s %s\n", f->name, text);
    }
    sim_reply_add(reply, "%-20s %llu\n", "seq", (unsigned long long)sub->he.seq);
    sim_reply_add(reply, "%-20s %s%s\n", "mme", sub->mme ? sub->mme->host : "-",
                  sub->mme_purged ? " (purged)" : "");
    sim_reply_add(reply, "%-20s %s%s\n", "sgsn", sub->sgsn ? sub->sgsn->host : "-",
                  sub->sgsn_purged ? " (purged)" : "");
    sim_reply_add(reply, "%-20s %s\n", "sms", sub->sms_registered ? "registered" : "-");
    sim_reply_add(reply, "%-20s %s\n", "imei", sub->imei[0] ? sub->imei : "-");
}

static int do_show(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct hss_sub *sub;

    if (n != 2)
        return USAGE;
    sub = hss_cache_lock(ext->hss.cache, words[1]);
    if (!sub) {
        sim_reply_add(reply, "%s: unknown subscriber\n", words[1]);
        return FAILED;
    }
    show_sub(sub, reply);
    hss_cache_unlock(ext->hss.cache, sub);
    const struct hss_aaa aaa = hss_swx_server(ext->swx, words[1]);
    sim_reply_add(reply, "%-20s %s%s\n", "aaa", aaa.host[0] ? aaa.host : "-",
                  aaa.host[0] && !aaa.registered ? " (not registered)" : "");
    return DONE;
}

static void show_node(void *ctx, const struct hss_node *node)
{
    sim_reply_add(ctx, "serving %s (%s): %zu subscribers\n", node->host, node->realm,
                  atomic_load(&node->subscribers));
}

static int do_status(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    if (n != 1)
        return USAGE;
    sim_reply_add(reply, "identity %s\n", fd_g_config->cnf_diamid);
    sim_reply_add(reply, "up %lld s\n",
                  (long long)((base_now_ns() - ext->started_ns) / BASE_S_NS));
    sim_reply_add(reply, "subscribers %zu\n", hss_cache_count(ext->hss.cache));
    for (int i = 0; i < HSS_COMMANDS; i++) {
        const struct hss_counters *c = &ext->counters[i];

        sim_reply_add(reply, "%s requests=%llu success=%llu refused=%llu faults=%llu\n",
                      sim_command_name(hss_command_codes[i]),
                      (unsigned long long)atomic_load(&c->requests),
                      (unsigned long long)atomic_load(&c->success),
                      (unsigned long long)atomic_load(&c->refused),
                      (unsigned long long)atomic_load(&c->faults));
    }
    sim_reply_add(reply, "waiting to be sent %zu\n", sim_sender_waiting(ext->sender));
    hss_cache_each_node(ext->hss.cache, show_node, reply);
    return DONE;
}

// ---- changing ----

static int do_reload(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    size_t read = 0;
    enum err err;

    if (n > 2)
        return USAGE;
    err = hss_ext_reload(ext, n == 2 ? words[1] : "", &read);
    if (err)
        sim_reply_add(reply, "%s\n", err_str(err));
    else
        sim_reply_add(reply, "%zu subscribers read\n", read);
    return err ? FAILED : DONE;
}

static int do_seq(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    struct hss_sub *sub;
    char *end;

    if (n != 2 && n != 3)
        return USAGE;
    sub = hss_cache_lock(ext->hss.cache, words[1]);
    if (!sub) {
        sim_reply_add(reply, "%s: unknown subscriber\n", words[1]);
        return FAILED;
    }
    if (n == 3) {
        uint64_t seq = strtoull(words[2], &end, 0);

        if (*end || end == words[2] || seq > aka_sqn_seq_max(&ext->config.scheme)) {
            hss_cache_unlock(ext->hss.cache, sub);
            return USAGE;
        }
        hss_cache_set_seq(ext->hss.cache, sub, seq);
    }
    sim_reply_add(reply, "seq %llu\n", (unsigned long long)sub->he.seq);
    hss_cache_unlock(ext->hss.cache, sub);
    return DONE;
}

static int do_log(struct hss_ext *ext, int n, char **words, struct sim_reply *reply)
{
    enum base_log_level level;

    if (n != 2 || base_log_level_parse(words[1], &level))
        return USAGE;
    return base_log_set_level("hss", level) ? FAILED : DONE;
}

static const struct {
    const char *name, *usage;
    int (*run)(struct hss_ext *ext, int n, char **words, struct sim_reply *reply);
} commands[] = {
    {"status", "", do_status},
    {"show", "IMSI", do_show},
    {"clr", "IMSI [withdrawal|mme-update|sgsn-update|update-iwf|initial-attach] [reattach]",
     do_clr},
    {"idr", "IMSI [field=value ...] [flags=N]", do_idr},
    {"dsr", "IMSI zones|apns|charging|apn_oi|rau_tau_timer|pdn=ID[,ID...]|flags=N ...", do_dsr},
    {"rsr", "[IMSI-PREFIX ...]", do_rsr},
    {"rtr", "IMSI [REASON-CODE [INFO]]", do_rtr},
    {"ppr", "IMSI [flags=N]", do_ppr},
    {"fault", "add [cmd=AIR|ULR|PUR|NOR|MAR|SAR] [imsi=PREFIX] [count=N] "
              "delay=MS|result=CODE|exp=CODE|drop|disconnect|duplicate ... | list | clear [ID]",
     do_fault},
    {"reload", "[IMSI]", do_reload},
    {"seq", "IMSI [SEQ]", do_seq},
    {"log", "error|warn|notice|info|debug", do_log},
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

int hss_command_run(void *ctx, int n, char **words, struct sim_reply *reply)
{
    struct hss_ext *ext = ctx;

    for (size_t i = 0; i < N_COMMANDS; i++) {
        int code;

        if (strcmp(commands[i].name, words[0]) != 0)
            continue;
        code = commands[i].run(ext, n, words, reply);
        if (code == USAGE)
            sim_reply_add(reply, "usage: %s %s\n", commands[i].name, commands[i].usage);
        return code;
    }
    sim_reply_add(reply, "commands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        sim_reply_add(reply, "  %s %s\n", commands[i].name, commands[i].usage);
    return strcmp(words[0], "help") == 0 ? DONE : USAGE;
}
