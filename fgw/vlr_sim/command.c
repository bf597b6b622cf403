// SPDX-License-Identifier: BSD-3-Clause
// Commands as a table; what they do is in vlr.c.
#include "vlr_sim/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"

enum { DONE = 0, FAILED = 1, MISUSED = 2, WORDS_MAX = 16 };

struct call {
    struct vlr_link *link;
    struct vlr *vlr;
    FILE *out;
    int n;
    char *words[WORDS_MAX]; // the last one is the rest of the line
};

static int result(struct call *c, enum err err)
{
    if (err)
        fprintf(c->out, "%s\n", err_str(err));
    return err ? FAILED : DONE;
}

static struct vlr_sub *sub_of(struct call *c)
{
    struct vlr_sub *sub = vlr_find(c->vlr, c->words[1]);
    if (!sub)
        fprintf(c->out, "no subscriber %s\n", c->words[1]);
    return sub;
}

// Value of "key=..." among the words from `first` on; NULL.
static const char *option(const struct call *c, int first, const char *key)
{
    size_t len = strlen(key);
    for (int i = first; i < c->n; i++) {
        if (strncmp(c->words[i], key, len) == 0 && c->words[i][len] == '=')
            return c->words[i] + len + 1;
    }
    return NULL;
}

// --- looking ---

static const char *state_name(enum vlr_sub_state state)
{
    static const char *const names[] = {"SGs-NULL", "LA-UPDATE-PRESENT", "SGs-ASSOCIATED"};
    return names[state];
}

static void print_peer(struct vlr_peer *peer, void *arg)
{
    fprintf(arg, "association %s mme=%s received=%" PRIu64 " sent=%" PRIu64 "%s\n",
            vlr_link_remote(peer), peer->mme[0] ? peer->mme : "-", peer->received, peer->sent,
            sgsap_guard_waiting(&peer->reset) ? " resetting" : "");
}

static int do_status(struct call *c)
{
    fprintf(c->out, "vlr %s, SCTP in %s space\n", vlr_settings_of(c->vlr)->name,
            vlr_link_backend(c->link) == SCT_KERNEL ? "kernel" : "user");
    fprintf(c->out, "subscribers %zu, associated %zu\n", vlr_n_subs(c->vlr, VLR_NULL),
            vlr_n_subs(c->vlr, VLR_ASSOCIATED));
    vlr_each_peer(c->vlr, print_peer, c->out);
    return DONE;
}

static void print_sub(struct vlr_sub *sub, void *arg)
{
    char plmn[7];
    base_plmn_text(&sub->lai.plmn, plmn);
    fprintf(arg, "%s %s tmsi=%08" PRIx32 " lai=%s-%04x mme=%s%s%s\n", sub->imsi.digits,
            state_name(sub->state), sub->tmsi, plmn, sub->lai.code, sub->mme,
            sub->paging != VLR_NONE ? " paging" : "", sub->text ? " sms" : "");
}

static int do_subscribers(struct call *c)
{
    vlr_each_sub(c->vlr, print_sub, c->out);
    return DONE;
}

// --- acting on a subscriber ---

static enum err set_caller(struct sgsap_msg *msg, const char *digits)
{
    struct sgsap_caller caller = {.number_type = 1, .plan = 1};
    if (strlen(digits) >= sizeof(caller.digits))
        return ERR_ENCODE_VALUE;
    memcpy(caller.digits, digits, strlen(digits) + 1);
    return sgsap_set_caller(msg, SGSAP_IE_CLI, &caller);
}

// "channel=1" and the like: IEs of paging that are one octet.
static const struct {
    const char *key;
    enum sgsap_ie ie;
} octets[] = {
    {"channel", SGSAP_IE_CHANNEL_NEEDED}, {"emlpp", SGSAP_IE_EMLPP_PRIORITY},
    {"ss", SGSAP_IE_SS_CODE},             {"lcs", SGSAP_IE_LCS_INDICATOR},
    {"csri", SGSAP_IE_PAGING_INDICATORS},
};

static int do_page(struct call *c)
{
    struct vlr_sub *sub = sub_of(c);
    struct sgsap_msg extra;
    enum vlr_service service = VLR_CS;
    if (!sub)
        return FAILED;
    sgsap_init(&extra, SGSAP_PAGING_REQUEST);
    if (c->n > 2 && strcmp(c->words[2], "sms") == 0)
        service = VLR_SMS;
    const char *cli = option(c, 2, "cli");
    enum err err = cli ? set_caller(&extra, cli) : ERR_OK;
    for (size_t i = 0; !err && i < sizeof(octets) / sizeof(octets[0]); i++) {
        const char *value = option(c, 2, octets[i].key);
        if (value)
            err = sgsap_set_octet(&extra, octets[i].ie, (uint8_t)strtoul(value, NULL, 0));
    }
    return result(c, err ? err : vlr_page(sub, service, &extra));
}

static int do_sms(struct call *c)
{
    struct vlr_sub *sub = sub_of(c);
    return sub ? result(c, vlr_text(sub, c->words[2], c->words[3])) : FAILED;
}

static int do_alert(struct call *c)
{
    struct vlr_sub *sub = sub_of(c);
    return sub ? result(c, vlr_alert(sub)) : FAILED;
}

static int do_release(struct call *c)
{
    struct vlr_sub *sub = sub_of(c);
    int cause = c->n > 2 ? (int)strtoul(c->words[2], NULL, 10) & 0xff : -1;
    return sub ? result(c, vlr_release(sub, cause)) : FAILED;
}

static int do_abort_service(struct call *c)
{
    struct vlr_sub *sub = sub_of(c);
    return sub ? result(c, vlr_abort_service(sub)) : FAILED;
}

static int do_mm_info(struct call *c)
{
    struct vlr_sub *sub = sub_of(c);
    return sub ? result(c, vlr_mm_info(sub)) : FAILED;
}

// --- acting on all ---

static int do_reset(struct call *c)
{
    vlr_reset(c->vlr);
    return DONE;
}

static int do_drop(struct call *c)
{
    bool abort = c->n > 1 && strcmp(c->words[1], "abort") == 0;
    fprintf(c->out, "%zu associations\n", vlr_link_drop_all(c->link, abort));
    return DONE;
}

struct octets {
    uint8_t data[SGSAP_MSG_MAX];
    size_t len;
};

static void send_octets(struct vlr_peer *peer, void *arg)
{
    const struct octets *octets_ = arg;
    vlr_send_octets(peer, octets_->data, octets_->len);
}

static int do_send(struct call *c)
{
    struct octets octets_;
    enum err err = base_hex_decode(c->words[1], octets_.data, sizeof(octets_.data), &octets_.len);
    if (!err)
        vlr_each_peer(c->vlr, send_octets, &octets_);
    return result(c, err);
}

struct paging {
    size_t left;
    size_t done;
    enum vlr_service service;
    enum err err;
};

static void page_one(struct vlr_sub *sub, void *arg)
{
    struct paging *paging = arg;
    if (paging->left == 0 || sub->state != VLR_ASSOCIATED || sub->paging != VLR_NONE)
        return;
    paging->left--;
    enum err err = vlr_page(sub, paging->service, NULL);
    paging->done += !err;
    paging->err = paging->err ? paging->err : err;
}

static int do_page_all(struct call *c)
{
    struct paging paging = {.left = SIZE_MAX, .service = VLR_CS};
    if (c->n > 1)
        paging.left = strtoul(c->words[1], NULL, 10);
    vlr_each_sub(c->vlr, page_one, &paging);
    fprintf(c->out, "%zu paged\n", paging.done);
    return result(c, paging.err);
}

static int do_page_load(struct call *c)
{
    enum err err = ERR_OK;
    if (c->n > 2)
        err = vlr_page_load(c->vlr, strtoul(c->words[1], NULL, 10),
                            strtoul(c->words[2], NULL, 10));
    fprintf(c->out, "left %zu\n", vlr_page_load_left(c->vlr));
    return result(c, err);
}

static int do_paging_times(struct call *c)
{
    uint32_t *times = NULL;
    size_t n = vlr_take_paging_times(c->vlr, &times);
    if (n > 0)
        fprintf(c->out, "answers %zu, microseconds p50 %" PRIu32 " p99 %" PRIu32 " max %" PRIu32
                "\n", n, times[n / 2], times[n * 99 / 100], times[n - 1]);
    else
        fprintf(c->out, "answers 0\n");
    free(times);
    return DONE;
}

// --- rules ---

static int do_rule(struct call *c)
{
    struct vlr_rule rule;
    const char *why;
    unsigned id;
    if (vlr_rule_parse(c->words[1], &rule, &why) != ERR_OK) {
        fprintf(c->out, "%s\n", why);
        return MISUSED;
    }
    enum err err = vlr_rules_add(vlr_rules_of(c->vlr), &rule, &id);
    if (!err)
        fprintf(c->out, "rule %u\n", id);
    return result(c, err);
}

static int do_rules(struct call *c)
{
    char text[1024];
    const struct vlr_rules *rules = vlr_rules_of(c->vlr);
    for (size_t i = 0; i < rules->n; i++) {
        vlr_rule_format(&rules->at[i], text, sizeof(text));
        fprintf(c->out, "%s\n", text);
    }
    return DONE;
}

static int do_clear(struct call *c)
{
    unsigned id = c->n > 1 ? (unsigned)strtoul(c->words[1], NULL, 10) : 0;
    fprintf(c->out, "%zu rules cleared\n", vlr_rules_clear(vlr_rules_of(c->vlr), id));
    return DONE;
}

// --- all of them ---

static int do_help(struct call *c);

static const struct {
    const char *name;
    int words, max; // at least, at most; the last takes the rest of the line
    int (*run)(struct call *c);
    const char *usage;
} table[] = {
    {"help", 1, 1, do_help, ""},
    {"status", 1, 1, do_status, "                     associations and subscribers"},
    {"subscribers", 1, 1, do_subscribers, "                all of them"},
    {"page", 2, WORDS_MAX, do_page,
     " IMSI [cs|sms] [cli=DIGITS] [channel=N] [emlpp=N] [ss=N] [lcs=N] [csri=N]"},
    {"page-all", 1, 2, do_page_all, " [N]               every associated subscriber, or N"},
    {"page-load", 1, 3, do_page_load, " [COUNT WINDOW]   one by one; or how many are left"},
    {"paging-times", 1, 1, do_paging_times, "               of the answers since last asked"},
    {"sms", 4, 4, do_sms, " IMSI FROM TEXT         a short message"},
    {"alert", 2, 2, do_alert, " IMSI                 tell when the UE is active"},
    {"release", 2, 3, do_release, " IMSI [CAUSE]"},
    {"abort-service", 2, 2, do_abort_service, " IMSI         of a call that was being set up"},
    {"mm-info", 2, 2, do_mm_info, " IMSI               network name and time"},
    {"reset", 1, 1, do_reset, "                      restart: forget all, tell the MMEs"},
    {"drop", 1, 2, do_drop, " [abort]               end the associations"},
    {"send", 2, 2, do_send, " HEX                   octets to every MME"},
    {"rule", 2, 2, do_rule, " MESSAGE ...           scripted reply, see rule.h"},
    {"rules", 1, 1, do_rules, ""},
    {"clear", 1, 2, do_clear, " [RULE]               all rules, or one"},
};

static int do_help(struct call *c)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        fprintf(c->out, "%s%s\n", table[i].name, table[i].usage);
    fprintf(c->out, "wait MESSAGE [imsi=IMSI] [timeout=MS]   until it is received\n");
    return DONE;
}

// At most max words; the last one is what is left.
static int split(char *line, int max, char *words[])
{
    int n = 0;
    for (;;) {
        line += strspn(line, " \t");
        if (*line == '\0' || n == max)
            return n;
        words[n++] = line;
        if (n == max)
            return n;
        line += strcspn(line, " \t");
        if (*line)
            *line++ = '\0';
    }
}

int vlr_command(struct vlr_link *link, char *line, FILE *out)
{
    struct call c = {.link = link, .vlr = vlr_link_vlr(link), .out = out};
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t");
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strlen(table[i].name) != len || strncmp(line, table[i].name, len) != 0)
            continue;
        c.n = split(line, table[i].max, c.words);
        if (c.n >= table[i].words)
            return table[i].run(&c);
        fprintf(out, "usage: %s%s\n", table[i].name, table[i].usage);
        return MISUSED;
    }
    fprintf(out, "unknown command; try help\n");
    return MISUSED;
}
