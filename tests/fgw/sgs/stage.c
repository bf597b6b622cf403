// SPDX-License-Identifier: BSD-3-Clause
// See stage.h.
#include "stage.h"

struct did did;

static enum err do_send(void *arg, unsigned vlr, const uint8_t *data, size_t len)
{
    if (did.send_err)
        return did.send_err;
    struct sent *s = &did.sent[did.n_sent++];
    s->vlr = vlr;
    s->len = len;
    memcpy(s->data, data, len);
    return ERR_OK;
}

static enum err do_call(void *arg, const char *path, const uint8_t *packed, size_t len,
                        struct sgs_ticket *ticket)
{
    if (did.call_err)
        return did.call_err;
    struct call *c = &did.calls[did.n_calls++];
    snprintf(c->gateway, sizeof(c->gateway), "%s", sgs_ticket_gateway(ticket));
    snprintf(c->path, sizeof(c->path), "%s", strrchr(path, '/') + 1);
    c->ticket = ticket;
    if (did.loop)
        base_loop_stop(did.loop);
    return ERR_OK;
}

static enum err do_find(void *arg, const struct base_imsi *imsi, char *gateway, size_t size)
{
    return fgw_directory_find(imsi, gateway, size);
}

static void do_learn(void *arg, const struct base_imsi *imsi, const char *gateway)
{
    fgw_directory_learn(imsi, gateway, NULL);
}

static void do_keep(void *arg, const struct base_imsi *imsi, const char *gateway,
                    const char *vlr)
{
    fgw_directory_learn_at(FGW_ACCESS_SGS, imsi, gateway, NULL);
    fgw_directory_learn_host(FGW_ACCESS_SGS, imsi, vlr);
}

static void do_drop(void *arg, const struct base_imsi *imsi, const char *gateway)
{
    fgw_directory_forget_at(FGW_ACCESS_SGS, imsi, gateway);
}

static enum err do_recall(void *arg, const struct base_imsi *imsi, char *gateway, size_t size,
                          char *vlr)
{
    enum err err = fgw_directory_find_at(FGW_ACCESS_SGS, imsi, gateway, size);
    return err ? err : fgw_directory_host(FGW_ACCESS_SGS, imsi, vlr, SGSAP_NAME_MAX);
}

static enum err do_gateways(void *arg, void (*visit)(const char *gateway, void *arg),
                            void *visit_arg)
{
    return fgw_directory_gateways(visit, visit_arg);
}

static void do_count(void *arg, const char *procedure, unsigned vlr, const char *result,
                     int64_t elapsed_ns)
{
}

const struct sgs_core_ops ops = {
    .send = do_send,
    .call = do_call,
    .find = do_find,
    .learn = do_learn,
    .keep = do_keep,
    .drop = do_drop,
    .recall = do_recall,
    .gateways = do_gateways,
    .count = do_count,
};

// ---- the stage ----
static struct sgs_plan *plan;
struct sgs_core *core;
struct sgs_core_conf conf;

int setup(void **state)
{
    struct sgs_settings s;
    enum err err;
    const char *key;
    char why[200];
    struct conf *file = world_settings(
        "sgs = { mme_name = \"" MME "\"; vlrs = ("
        "{ name = \"" VLR1 "\"; addresses = \"192.0.2.1\"; },"
        "{ name = \"" VLR2 "\"; addresses = \"192.0.2.2\"; }); };", &s, &err);
    if (err || sgs_plan_make(&s, &plan, &key, why, sizeof(why)))
        return -1;
    conf = (struct sgs_core_conf){.plan = plan, .timers = sgsap_timers_default,
                                  .reset_parallel = 2, .reset_tries = 2, .reset_retry_ms = 1,
                                  .lost_after_ms = 1, .max_subscribers = 3};
    conf_free(file);
    memset(&did, 0, sizeof(did));
    memset(&world, 0, sizeof(world));
    err = sgs_core_new(&conf, &ops, NULL, NULL, &core);
    if (!err)
        sgs_core_vlr_up(core, 0);
    return err ? -1 : 0;
}

int teardown(void **state)
{
    sgs_core_free(core);
    sgs_plan_free(plan);
    return 0;
}

void directory(const char *imsi, const char *gateway)
{
    snprintf(world.imsi, sizeof(world.imsi), "%s", imsi);
    snprintf(world.serving, sizeof(world.serving), "%s", gateway);
}

static size_t octets(const char *hex, uint8_t out[SGSAP_MSG_MAX])
{
    size_t len;
    assert_int_equal(base_hex_decode(hex, out, SGSAP_MSG_MAX, &len), ERR_OK);
    return len;
}

enum err up(const char *gateway, const char *hex)
{
    uint8_t data[SGSAP_MSG_MAX];
    size_t len = octets(hex, data);
    return sgs_core_uplink(core, gateway, data, len);
}

void down(unsigned vlr, const char *hex)
{
    uint8_t data[SGSAP_MSG_MAX];
    size_t len = octets(hex, data);
    sgs_core_downlink(core, vlr, data, len);
}

int last_sent(enum sgsap_type type, unsigned vlr)
{
    struct sgsap_msg msg;
    uint8_t cause;
    assert_true(did.n_sent > 0);
    const struct sent *s = &did.sent[did.n_sent - 1];
    assert_int_equal(s->vlr, vlr);
    assert_int_equal(sgsap_decode(s->data, s->len, SGSAP_MME, &msg, NULL), ERR_OK);
    assert_int_equal(msg.type, type);
    return sgsap_read_octet(msg.ie[SGSAP_IE_CAUSE], &cause) == ERR_OK ? cause : -1;
}

void last_call(const char *path, const char *gateway)
{
    assert_true(did.n_calls > 0);
    assert_string_equal(did.calls[did.n_calls - 1].path, path);
    assert_string_equal(did.calls[did.n_calls - 1].gateway, gateway);
}

void answer_last(enum err err, int status)
{
    sgs_core_called(core, did.calls[did.n_calls - 1].ticket, err, status);
}

int state_of(const char *imsi)
{
    struct base_imsi who = imsi_of(imsi);
    struct sgsap_assoc *assoc = sgs_core_assoc(core, &who);
    return assoc ? (int)sgsap_assoc_state(assoc) : -1;
}

void registered(const char *gateway)
{
    assert_int_equal(up(gateway, LU), ERR_OK);
    down(0, ACCEPT);
    answer_last(ERR_OK, RPC_OK);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

void restarted(void)
{
    sgs_core_free(core);
    assert_int_equal(sgs_core_new(&conf, &ops, NULL, NULL, &core), ERR_OK);
    sgs_core_vlr_up(core, 0);
    sgs_core_vlr_up(core, 1);
    assert_int_equal(sgs_core_subscribers(core), 0);
}

void registered_with_the_second_vlr(void)
{
    sgs_core_vlr_down(core, 0);
    sgs_core_vlr_up(core, 1);
    assert_int_equal(up("gw1", LU), ERR_OK);
    down(1, ACCEPT);
    answer_last(ERR_OK, RPC_OK);
    sgs_core_vlr_up(core, 0);
}
