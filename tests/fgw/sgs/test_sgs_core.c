// SPDX-License-Identifier: BSD-3-Clause
// SGs without sockets: what comes out when something goes in. Two VLRs, gateways gw1 and gw2.
#include "world.h"

#include "golden.h"
#include "sgsap/ie.h"

// ---- what the core did ----
struct sent {
    unsigned vlr;
    size_t len;
    uint8_t data[SGSAP_MSG_MAX];
};
struct call {
    char gateway[64], path[96];
    struct sgs_ticket *ticket;
};
static struct {
    struct sent sent[64];
    size_t n_sent;
    struct call calls[64];
    size_t n_calls;
    enum err send_err, call_err;
} did;

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

static const struct sgs_core_ops ops = {
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
static struct sgs_core *core;
static struct sgs_core_conf conf;

static int setup(void **state)
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

static int teardown(void **state)
{
    sgs_core_free(core);
    sgs_plan_free(plan);
    return 0;
}

static void directory(const char *imsi, const char *gateway)
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

#define LU "09" G_IMSI G_MME "0a0101" G_LAI
#define ACCEPT "0a" G_IMSI G_LAI "0e05f40e19a330"
#define REJECT "0b" G_IMSI "0f0102"
#define SERVICE "06" G_IMSI "200102"
#define UPLINK "08" G_IMSI "16021904"
#define MO_CSFB "18" G_IMSI
#define PAGING "01" G_IMSI G_VLR "200102"
#define DOWNLINK "07" G_IMSI "16020904"
#define ALERT "0d" G_IMSI
#define EPS_DETACH "11" G_IMSI G_MME "100102"
#define EPS_DETACH_ACK "12" G_IMSI
#define RESET "15" G_VLR
#define RESET_ACK "16" G_VLR

static enum err up(const char *gateway, const char *hex)
{
    uint8_t data[SGSAP_MSG_MAX];
    size_t len = octets(hex, data);
    return sgs_core_uplink(core, gateway, data, len);
}

static void down(unsigned vlr, const char *hex)
{
    uint8_t data[SGSAP_MSG_MAX];
    size_t len = octets(hex, data);
    sgs_core_downlink(core, vlr, data, len);
}

// The last message sent to a VLR; its cause, or -1.
static int last_sent(enum sgsap_type type, unsigned vlr)
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

static void last_call(const char *path, const char *gateway)
{
    assert_true(did.n_calls > 0);
    assert_string_equal(did.calls[did.n_calls - 1].path, path);
    assert_string_equal(did.calls[did.n_calls - 1].gateway, gateway);
}

static void answer_last(enum err err, int status)
{
    sgs_core_called(core, did.calls[did.n_calls - 1].ticket, err, status);
}

static int state_of(const char *imsi)
{
    struct base_imsi who = imsi_of(imsi);
    struct sgsap_assoc *assoc = sgs_core_assoc(core, &who);
    return assoc ? (int)sgsap_assoc_state(assoc) : -1;
}

static void registered(const char *gateway)
{
    assert_int_equal(up(gateway, LU), ERR_OK);
    down(0, ACCEPT);
    answer_last(ERR_OK, RPC_OK);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

// A gateway of ours that ended and began anew; what is in the directory stays.
static void restarted(void)
{
    sgs_core_free(core);
    assert_int_equal(sgs_core_new(&conf, &ops, NULL, NULL, &core), ERR_OK);
    sgs_core_vlr_up(core, 0);
    sgs_core_vlr_up(core, 1);
    assert_int_equal(sgs_core_subscribers(core), 0);
}

static void registered_with_the_second_vlr(void)
{
    sgs_core_vlr_down(core, 0);
    sgs_core_vlr_up(core, 1);
    assert_int_equal(up("gw1", LU), ERR_OK);
    down(1, ACCEPT);
    answer_last(ERR_OK, RPC_OK);
    sgs_core_vlr_up(core, 0);
}

// ---- registration ----
static void a_location_update_is_sent_and_its_accept_comes_back(void **state)
{
    assert_int_equal(up("gw1", LU), ERR_OK);
    last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 0);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_REQUESTED);
    assert_string_equal(world.learned, "gw1");
    down(0, ACCEPT);
    last_call("LocationUpdateAcc", "gw1");
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
    assert_int_equal(sgs_core_subscribers(core), 1);
}

static void a_reject_is_passed_on_and_forgotten(void **state)
{
    assert_int_equal(up("gw1", LU), ERR_OK);
    down(0, REJECT);
    last_call("LocationUpdateRej", "gw1");
    assert_int_equal(state_of(IMSI1), -1);
}

static void an_unanswered_location_update_is_forgotten(void **state)
{
    struct base_imsi who = imsi_of(IMSI1);
    assert_int_equal(up("gw1", LU), ERR_OK);
    base_fsm_dispatch(&sgs_core_assoc(core, &who)->fsm, SGSAP_EV_TS6_1, NULL);
    assert_int_equal(state_of(IMSI1), -1);
    size_t calls = did.n_calls;
    down(0, ACCEPT); // too late
    assert_int_equal(last_sent(SGSAP_STATUS, 0), SGSAP_CAUSE_WRONG_STATE);
    assert_int_equal(did.n_calls, calls);
}

static void without_a_vlr_the_gateway_is_told(void **state)
{
    sgs_core_vlr_down(core, 0);
    assert_int_equal(up("gw1", LU), ERR_CLOSED);
    assert_int_equal(up("gw1", SERVICE), ERR_CLOSED);
    assert_int_equal(sgs_core_subscribers(core), 0);
}

static void the_backup_takes_over(void **state)
{
    registered("gw1");
    sgs_core_vlr_down(core, 0);
    sgs_core_vlr_up(core, 1);
    assert_int_equal(up("gw1", UPLINK), ERR_CLOSED); // the other one does not know the UE
    assert_int_equal(up("gw1", LU), ERR_OK);
    last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 1);
    down(0, ACCEPT); // not from the VLR that was asked
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_REQUESTED);
    down(1, ACCEPT);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

static void there_is_room_for_so_many(void **state)
{
    static const char *const lus[] = {
        LU, "09" "01080910100000000020" G_MME "0a0101" G_LAI,
        "09" "01080910100000000030" G_MME "0a0101" G_LAI,
        "09" "01080910100000000040" G_MME "0a0101" G_LAI};
    for (int i = 0; i < 3; i++)
        assert_int_equal(up("gw1", lus[i]), ERR_OK);
    assert_int_equal(up("gw1", lus[3]), ERR_FULL);
    assert_int_equal(up("gw1", LU), ERR_OK); // known
}

static void detach_ends_it_and_the_acknowledgement_comes_back(void **state)
{
    registered("gw1");
    directory(IMSI1, "gw1");
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    last_sent(SGSAP_EPS_DETACH_INDICATION, 0);
    assert_int_equal(state_of(IMSI1), -1);
    down(0, EPS_DETACH_ACK);
    last_call("EPSDetachAc", "gw1");
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK); // a repetition of Ts8 passes, too
    last_sent(SGSAP_EPS_DETACH_INDICATION, 0);
}

static void the_old_gateway_does_not_detach_who_has_moved(void **state)
{
    registered("gw1");
    registered("gw2");
    size_t sent = did.n_sent;
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    last_call("EPSDetachAc", "gw1");
    assert_int_equal(up("gw1", UPLINK), ERR_WRONG_STATE);
    assert_int_equal(did.n_sent, sent);
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

// Another gateway of ours has it by another interface, or none since it was purged.
static void the_acknowledgement_comes_to_who_detached(void **state)
{
    static const char *const served_by[] = {"gw2", NULL};
    for (int i = 0; i < 2; i++) {
        directory(IMSI1, "gw1");
        registered("gw1");
        assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
        if (served_by[i])
            directory(IMSI1, served_by[i]);
        else
            world.imsi[0] = '\0';
        size_t calls = did.n_calls;
        down(0, EPS_DETACH_ACK);
        assert_int_equal(did.n_calls, calls + 1);
        last_call("EPSDetachAc", "gw1");
    }
}

static void a_repeated_detach_goes_to_the_same_vlr(void **state)
{
    registered_with_the_second_vlr();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
        last_sent(SGSAP_EPS_DETACH_INDICATION, 1); // although the first one is up, too
    }
    assert_int_equal(up("gw1", LU), ERR_OK); // a new beginning
    last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 0);
}

static void a_reject_ends_what_another_gateway_had_registered(void **state)
{
    registered("gw1");
    assert_int_equal(up("gw2", LU), ERR_OK);
    down(0, REJECT);
    assert_string_equal(world.kept, "");
}

// ---- services ----
static void paging_reaches_the_gateway_and_its_answer_the_vlr(void **state)
{
    registered("gw1");
    down(0, PAGING);
    last_call("PagingReq", "gw1");
    answer_last(ERR_OK, RPC_OK);
    assert_int_equal(up("gw1", SERVICE), ERR_OK);
    last_sent(SGSAP_SERVICE_REQUEST, 0);
    down(0, DOWNLINK);
    last_call("Downlink", "gw1");
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 0);
}

static void paging_that_cannot_be_delivered_is_answered(void **state)
{
    static const struct {
        enum err err;
        int status;
        enum sgsap_type type;
        int cause;
    } rows[] = {
        {ERR_RPC_UNREACHABLE, 0, SGSAP_UE_UNREACHABLE, SGSAP_CAUSE_UE_UNREACHABLE},
        {ERR_TIMEOUT, 0, SGSAP_UE_UNREACHABLE, SGSAP_CAUSE_UE_UNREACHABLE},
        {ERR_OK, RPC_UNAVAILABLE, SGSAP_UE_UNREACHABLE, SGSAP_CAUSE_UE_UNREACHABLE},
        {ERR_OK, RPC_UNIMPLEMENTED, SGSAP_PAGING_REJECT, SGSAP_CAUSE_IMSI_DETACHED_NON_EPS},
        {ERR_OK, RPC_NOT_FOUND, SGSAP_PAGING_REJECT, SGSAP_CAUSE_IMSI_DETACHED_NON_EPS},
    };
    registered("gw1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        down(0, PAGING);
        answer_last(rows[i].err, rows[i].status);
        assert_int_equal(last_sent(rows[i].type, 0), rows[i].cause);
    }
    did.call_err = ERR_FULL;
    down(0, PAGING);
    assert_int_equal(last_sent(SGSAP_UE_UNREACHABLE, 0), SGSAP_CAUSE_UE_UNREACHABLE);
}

// The tunnel is lost, or the time over, when the gateway has already answered by a call of its own.
static void a_request_has_one_answer(void **state)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {PAGING, SERVICE},
        {PAGING, "02" G_IMSI "08010d"},
        {PAGING, "1f" G_IMSI "080106"},
        {ALERT, "0e" G_IMSI},
        {ALERT, "0f" G_IMSI "080103"},
    };
    for (int recorded = 0; recorded < 2; recorded++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            if (recorded)
                registered("gw1");
            directory(IMSI1, "gw1");
            down(0, rows[i].request);
            size_t sent = did.n_sent;
            assert_int_equal(up("gw1", rows[i].answer), ERR_OK);
            assert_int_equal(did.n_sent, sent + 1);
            answer_last(ERR_RPC_UNREACHABLE, 0);
            assert_int_equal(did.n_sent, sent + 1);
            if (recorded) { // and what is asked now has its own
                down(0, PAGING);
                answer_last(ERR_RPC_UNREACHABLE, 0);
                last_sent(SGSAP_UE_UNREACHABLE, 0);
            }
            assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
        }
    }
}

// Nothing is known of the subscriber but the gateway where it is: there is no record.
static void the_vlr_that_asked_gets_the_answer(void **state)
{
    static const struct {
        const char *hex;
        enum sgsap_type type;
    } rows[] = {{"02" G_IMSI "08010d", SGSAP_PAGING_REJECT},
                {"1f" G_IMSI "080106", SGSAP_UE_UNREACHABLE},
                {SERVICE, SGSAP_SERVICE_REQUEST}};
    directory(IMSI1, "gw1");
    sgs_core_vlr_up(core, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        down(1, PAGING);
        last_call("PagingReq", "gw1");
        answer_last(ERR_OK, RPC_OK);
        assert_int_equal(up("gw1", rows[i].hex), ERR_OK);
        last_sent(rows[i].type, 1); // although the first one is up, too
    }
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 1);
}

static void the_old_gateway_does_not_detach_after_a_restart_either(void **state)
{
    registered("gw1");
    registered("gw2");
    restarted();
    size_t sent = did.n_sent;
    assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    last_call("EPSDetachAc", "gw1");
    assert_int_equal(did.n_sent, sent);
    assert_string_equal(world.kept_gateway, "gw2");
    down(0, PAGING);
    last_call("PagingReq", "gw2");
    assert_int_equal(up("gw2", EPS_DETACH), ERR_OK);
    last_sent(SGSAP_EPS_DETACH_INDICATION, 0);
}

static void after_a_restart_the_directory_knows(void **state)
{
    directory(IMSI1, "gw2");
    down(0, PAGING);
    last_call("PagingReq", "gw2");
    down(0, DOWNLINK);
    last_call("Downlink", "gw2");
    assert_int_equal(up("gw2", UPLINK), ERR_OK); // believed
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

static void the_vlr_of_a_subscriber_outlives_a_restart(void **state)
{
    static const struct {
        const char *hex;
        enum sgsap_type type;
    } rows[] = {{UPLINK, SGSAP_UPLINK_UNITDATA},
                {SERVICE, SGSAP_SERVICE_REQUEST},
                {MO_CSFB, SGSAP_MO_CSFB_INDICATION},
                {LU, SGSAP_LOCATION_UPDATE_REQUEST},
                {EPS_DETACH, SGSAP_EPS_DETACH_INDICATION}};
    registered_with_the_second_vlr();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        restarted();
        assert_int_equal(up("gw1", rows[i].hex), ERR_OK);
        last_sent(rows[i].type, 1); // although the first one is up
    }
}

static void a_message_of_its_vlr_restores_the_record(void **state)
{
    registered_with_the_second_vlr();
    restarted();
    down(1, PAGING);
    last_call("PagingReq", "gw1");
    assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
}

static void another_vlr_of_the_pool_pages_and_takes_over(void **state)
{
    for (int after_restart = 0; after_restart < 2; after_restart++) {
        registered_with_the_second_vlr();
        if (after_restart)
            restarted();
        down(0, PAGING);
        last_call("PagingReq", "gw1");
        answer_last(ERR_OK, RPC_OK);
        assert_int_equal(up("gw1", "02" G_IMSI "08010d"), ERR_OK);
        last_sent(SGSAP_PAGING_REJECT, 0); // not the one it is registered with
        assert_int_equal(up("gw1", UPLINK), ERR_OK);
        last_sent(SGSAP_UPLINK_UNITDATA, 1);
        down(0, PAGING);
        answer_last(ERR_RPC_UNREACHABLE, 0);
        last_sent(SGSAP_UE_UNREACHABLE, 0);
        down(1, PAGING);
        assert_int_equal(up("gw1", SERVICE), ERR_OK);
        last_sent(SGSAP_SERVICE_REQUEST, 1); // the other one has had its answer
        down(0, PAGING);
        down(1, PAGING);
        assert_int_equal(up("gw1", SERVICE), ERR_OK);
        last_sent(SGSAP_SERVICE_REQUEST, 1);
        down(0, PAGING);
        assert_int_equal(up("gw1", LU), ERR_OK); // the UE was asked to register anew
        last_sent(SGSAP_LOCATION_UPDATE_REQUEST, 0);
        down(0, ACCEPT);
        assert_int_equal(state_of(IMSI1), SGSAP_ASSOC_UP);
        assert_string_equal(world.kept_vlr, VLR1);
        assert_int_equal(up("gw1", EPS_DETACH), ERR_OK);
    }
}

static void what_has_ended_is_not_restored(void **state)
{
    static const char *const ends[] = {EPS_DETACH, "1b" G_IMSI "080103", REJECT};
    for (size_t i = 0; i < 3; i++) {
        registered("gw1");
        assert_string_equal(world.kept, IMSI1);
        if (i == 0)
            assert_int_equal(up("gw1", ends[i]), ERR_OK);
        if (i == 2)
            assert_int_equal(up("gw1", LU), ERR_OK);
        if (i > 0)
            down(0, ends[i]);
        assert_string_equal(world.kept, "");
        restarted();
        down(0, PAGING);
        assert_int_equal(last_sent(SGSAP_PAGING_REJECT, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    }
}

static void a_vlr_that_is_gone_from_the_settings_is_chosen_anew(void **state)
{
    registered("gw1");
    snprintf(world.kept_vlr, sizeof(world.kept_vlr), "vlr9.example.org");
    restarted();
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 0);
}

static void nobody_knows_the_subscriber(void **state)
{
    down(0, PAGING);
    assert_int_equal(last_sent(SGSAP_PAGING_REJECT, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    down(0, ALERT);
    assert_int_equal(last_sent(SGSAP_ALERT_REJECT, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    down(0, DOWNLINK);
    assert_int_equal(last_sent(SGSAP_STATUS, 0), SGSAP_CAUSE_IMSI_UNKNOWN);
    size_t sent = did.n_sent;
    down(0, EPS_DETACH_ACK);
    assert_int_equal(did.n_sent, sent);
    assert_int_equal(did.n_calls, 0);
}

static void an_alert_is_kept_here_while_the_gateway_is_away(void **state)
{
    registered("gw1");
    down(0, ALERT);
    last_call("AlertReq", "gw1");
    answer_last(ERR_RPC_UNREACHABLE, 0);
    last_sent(SGSAP_ALERT_ACK, 0);
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UE_ACTIVITY_INDICATION, 0);
    size_t sent = did.n_sent;
    assert_int_equal(up("gw1", UPLINK), ERR_OK); // once
    assert_int_equal(did.n_sent, sent + 1);
    down(0, ALERT);
    answer_last(ERR_OK, RPC_OK); // now it is the gateway's
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UPLINK_UNITDATA, 0);
}

static void an_alert_after_a_restart_is_kept_too(void **state)
{
    directory(IMSI1, "gw1");
    down(0, ALERT);
    answer_last(ERR_RPC_UNREACHABLE, 0);
    last_sent(SGSAP_ALERT_ACK, 0);
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    last_sent(SGSAP_UE_ACTIVITY_INDICATION, 0);
}

// ---- what is wrong ----
static void malformed_messages_are_answered_with_status(void **state)
{
    static const struct {
        const char *hex;
        int cause;
    } rows[] = {
        {"7e" G_IMSI, SGSAP_CAUSE_MESSAGE_UNKNOWN},
        {"01" G_IMSI "200102", SGSAP_CAUSE_MISSING_MANDATORY},
        {"07" "0100" "16020904", SGSAP_CAUSE_INVALID_MANDATORY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        down(0, rows[i].hex);
        assert_int_equal(last_sent(SGSAP_STATUS, 0), rows[i].cause);
    }
    size_t sent = did.n_sent;
    down(0, "1d" G_IMSI); // never about a STATUS
    assert_int_equal(did.n_sent, sent);
    assert_int_equal(did.n_calls, 0);
}

static void messages_out_of_state_are_answered_with_status(void **state)
{
    registered("gw1");
    down(0, ACCEPT);
    assert_int_equal(last_sent(SGSAP_STATUS, 0), SGSAP_CAUSE_WRONG_STATE);
}

static void what_a_gateway_may_not_send_is_refused(void **state)
{
    assert_int_equal(up("gw1", "09" G_IMSI), ERR_DECODE_MISSING);
    assert_int_not_equal(up("gw1", RESET_ACK), ERR_OK);
    assert_int_equal(did.n_sent, 0);
}

// ---- resets ----
static void a_vlr_reset_is_acknowledged_and_told_to_all_gateways(void **state)
{
    static const char *const all[] = {"gw1", "gw2", "gw3"};
    memcpy(world.gateways, all, sizeof(all));
    registered("gw1");
    size_t calls = did.n_calls;
    down(0, RESET);
    last_sent(SGSAP_RESET_ACK, 0);
    assert_int_equal(did.n_calls, calls + 2); // two at a time
    answer_last(ERR_OK, RPC_OK);
    assert_int_equal(did.n_calls, calls + 3);
    sgs_core_called(core, did.calls[calls].ticket, ERR_OK, RPC_OK);
    // one is away: told later, so often as the settings say
    answer_last(ERR_RPC_UNREACHABLE, 0);
    assert_int_equal(did.n_calls, calls + 3);
    sgs_core_reset_again(core);
    assert_int_equal(did.n_calls, calls + 4);
    answer_last(ERR_RPC_UNREACHABLE, 0);
    sgs_core_reset_again(core);
    assert_int_equal(did.n_calls, calls + 4);
}

static void calls_that_fail_at_once_are_tried_so_often_too(void **state)
{
    static const char *const all[] = {"gw1", "gw2", "gw3"};
    memcpy(world.gateways, all, sizeof(all));
    did.call_err = ERR_FULL;
    down(0, RESET);
    for (int i = 0; i < 3; i++)
        sgs_core_reset_again(core);
    did.call_err = ERR_OK;
    sgs_core_reset_again(core);
    assert_int_equal(did.n_calls, 0); // all have had their two tries
}

static void gateways_that_use_the_other_vlr_are_not_told(void **state)
{
    static const char *const all[] = {"gw1", "gw2"};
    memcpy(world.gateways, all, sizeof(all));
    sgs_core_vlr_up(core, 1);
    registered("gw1");
    registered("gw2");
    size_t calls = did.n_calls;
    sgs_core_vlr_lost(core, 1);
    assert_int_equal(did.n_calls, calls);
    sgs_core_vlr_lost(core, 0);
    assert_int_equal(did.n_calls, calls + 2);
}

// What its subscribers use was forgotten; one of them is heard of, the others are not.
static void after_a_restart_a_gateway_may_use_every_vlr(void **state)
{
    world.gateways[0] = "gw1";
    registered("gw1");
    restarted();
    assert_int_equal(up("gw1", UPLINK), ERR_OK);
    size_t calls = did.n_calls;
    down(1, RESET);
    assert_int_equal(did.n_calls, calls + 1);
    last_call("VLRResetIndication", "gw1");
}

static void our_reset_is_repeated_until_acknowledged(void **state)
{
    sgs_core_free(core);
    conf.reset_on_start = true;
    assert_int_equal(sgs_core_new(&conf, &ops, NULL, NULL, &core), ERR_OK);
    sgs_core_vlr_up(core, 0);
    last_sent(SGSAP_RESET_INDICATION, 0);
    base_fsm_dispatch(&sgs_core_guard(core, 0)->fsm, SGSAP_GUARD_EXPIRE, NULL);
    assert_int_equal(did.n_sent, 2);
    down(0, RESET_ACK);
    assert_false(sgsap_guard_waiting(sgs_core_guard(core, 0)));
    sgs_core_vlr_down(core, 0);
    sgs_core_vlr_up(core, 0); // the association was lost, we were not
    assert_int_equal(did.n_sent, 2);
}

static void a_gateways_reset_forgets_its_subscribers(void **state)
{
    registered("gw1");
    size_t sent = did.n_sent;
    assert_int_equal(sgs_core_agw_reset(core, "gw1"), ERR_OK);
    last_call("VLRResetAck", "gw1");
    assert_int_equal(state_of(IMSI1), -1);
    assert_int_equal(did.n_sent, sent);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_location_update_is_sent_and_its_accept_comes_back),
        CASE(a_reject_is_passed_on_and_forgotten),
        CASE(an_unanswered_location_update_is_forgotten),
        CASE(without_a_vlr_the_gateway_is_told),
        CASE(the_backup_takes_over),
        CASE(there_is_room_for_so_many),
        CASE(detach_ends_it_and_the_acknowledgement_comes_back),
        CASE(the_old_gateway_does_not_detach_who_has_moved),
        CASE(the_acknowledgement_comes_to_who_detached),
        CASE(a_repeated_detach_goes_to_the_same_vlr),
        CASE(a_reject_ends_what_another_gateway_had_registered),
        CASE(paging_reaches_the_gateway_and_its_answer_the_vlr),
        CASE(paging_that_cannot_be_delivered_is_answered),
        CASE(a_request_has_one_answer),
        CASE(the_vlr_that_asked_gets_the_answer),
        CASE(the_old_gateway_does_not_detach_after_a_restart_either),
        CASE(after_a_restart_the_directory_knows),
        CASE(the_vlr_of_a_subscriber_outlives_a_restart),
        CASE(a_message_of_its_vlr_restores_the_record),
        CASE(another_vlr_of_the_pool_pages_and_takes_over),
        CASE(what_has_ended_is_not_restored),
        CASE(a_vlr_that_is_gone_from_the_settings_is_chosen_anew),
        CASE(nobody_knows_the_subscriber),
        CASE(an_alert_is_kept_here_while_the_gateway_is_away),
        CASE(an_alert_after_a_restart_is_kept_too),
        CASE(malformed_messages_are_answered_with_status),
        CASE(messages_out_of_state_are_answered_with_status),
        CASE(what_a_gateway_may_not_send_is_refused),
        CASE(a_vlr_reset_is_acknowledged_and_told_to_all_gateways),
        CASE(calls_that_fail_at_once_are_tried_so_often_too),
        CASE(gateways_that_use_the_other_vlr_are_not_told),
        CASE(after_a_restart_a_gateway_may_use_every_vlr),
        CASE(our_reset_is_repeated_until_acknowledged),
        CASE(a_gateways_reset_forgets_its_subscribers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
