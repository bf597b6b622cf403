// SPDX-License-Identifier: BSD-3-Clause
// The interface whole, with a small VLR in this process, over SCTP in userspace encapsulated in UDP
// on loopback. The gateway around it is played by world.c.
#include "world.h"

#include "base/clock.h"
#include "fgw/sgs/sgs_link.h"
#include "proto/csfb.pb-c.h"
#include "sgsap/ie.h"

enum { UDP_PORT = 9917, PORT = 29217, SOON = 30000 };

// ---- the VLR ----
static struct {
    struct sct_stack *stack;
    struct sct_listener *listener;
    struct sct_assoc *assoc;
    int ups, received[256];
    uint8_t last_type, last_cause;
    bool mute; // does not acknowledge resets
} vlr;

static void vlr_send(const struct sgsap_msg *msg)
{
    uint8_t buf[SGSAP_MSG_MAX];
    size_t len;
    assert_int_equal(sgsap_encode(msg, SGSAP_VLR, buf, sizeof(buf), &len, NULL), ERR_OK);
    const struct sct_message message = {.data = buf, .len = len};
    assert_int_equal(sct_send(vlr.assoc, &message), ERR_OK);
}

static void vlr_about(enum sgsap_type type, struct sgsap_msg *msg)
{
    struct base_imsi imsi = imsi_of(IMSI1);
    sgsap_init(msg, type);
    sgsap_set_imsi(msg, &imsi);
}

static void vlr_page(void)
{
    struct sgsap_msg msg;
    vlr_about(SGSAP_PAGING_REQUEST, &msg);
    sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, VLR1);
    sgsap_set_octet(&msg, SGSAP_IE_SERVICE_INDICATOR, SGSAP_SERVICE_SMS);
    vlr_send(&msg);
}

static void vlr_reset(enum sgsap_type type)
{
    struct sgsap_msg msg;
    sgsap_init(&msg, type);
    sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, VLR1);
    vlr_send(&msg);
}

static void vlr_accept(const struct sgsap_msg *request)
{
    const struct sgsap_mobile mobile = {.is_tmsi = true, .tmsi = 0xc0000001};
    struct sgsap_msg msg;
    vlr_about(SGSAP_LOCATION_UPDATE_ACCEPT, &msg);
    msg.ie[SGSAP_IE_LAI] = request->ie[SGSAP_IE_LAI];
    sgsap_set_mobile(&msg, SGSAP_IE_MOBILE_IDENTITY, &mobile);
    vlr_send(&msg);
}

static void on_message(struct sct_assoc *assoc, const struct sct_message *m, void *arg)
{
    struct sgsap_msg msg;
    assert_int_equal(m->ppid, SGSAP_PPID);
    assert_int_equal(m->stream, SGSAP_STREAM);
    assert_int_equal(sgsap_decode(m->data, m->len, SGSAP_MME, &msg, NULL), ERR_OK);
    vlr.received[msg.type]++;
    vlr.last_type = msg.type;
    if (sgsap_read_octet(msg.ie[SGSAP_IE_CAUSE], &vlr.last_cause) != ERR_OK)
        vlr.last_cause = 0xff;
    if (msg.type == SGSAP_RESET_INDICATION && !vlr.mute)
        vlr_reset(SGSAP_RESET_ACK);
    if (msg.type == SGSAP_LOCATION_UPDATE_REQUEST)
        vlr_accept(&msg);
}

static void on_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
    vlr.ups++;
}

static void on_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    sct_free(assoc);
    vlr.assoc = NULL;
}

static const struct sct_handler handler = {.up = on_up, .down = on_down, .message = on_message};

static void on_accepted(struct sct_listener *listener, struct sct_assoc *assoc, void *arg)
{
    vlr.assoc = assoc;
    sct_set_handler(assoc, &handler, NULL);
}

static void vlr_listen(void)
{
    static const char *const local[] = {"127.0.0.1"};
    struct sct_options options = sct_options_default;
    struct sct_addrs addrs;
    options.peer_udp_port = UDP_PORT;
    assert_int_equal(sct_addrs_parse(local, 1, PORT, &addrs), ERR_OK);
    assert_int_equal(sct_listen(vlr.stack, &options, &addrs, on_accepted, NULL, &vlr.listener),
                     ERR_OK);
}

// ---- running until something has happened ----
struct wait {
    struct base_timer tick;
    bool (*done)(void);
    int64_t deadline_ns;
};

static void on_tick(struct base_timer *timer)
{
    struct wait *wait = BASE_CONTAINER_OF(timer, struct wait, tick);
    if (wait->done() || base_now_ns() > wait->deadline_ns)
        base_loop_stop(world.loop);
    else
        base_timer_start(timer, 2);
}

static bool seen(bool (*done)(void))
{
    struct wait wait = {.done = done, .deadline_ns = base_now_ns() + SOON * BASE_MS_NS};
    base_timer_init(&wait.tick, world.loop, on_tick);
    base_timer_start(&wait.tick, 0);
    base_loop_run(world.loop);
    base_timer_stop(&wait.tick);
    return done();
}

static struct rpc_call call;

static bool replied(void)
{
    return call.replied;
}

static bool associated(void)
{
    char why[80];
    return vlr.assoc && vlr.ups > 0 && sgs_interface.ready(why, sizeof(why));
}

static bool gone(void)
{
    char why[80];
    return !sgs_interface.ready(why, sizeof(why));
}

static bool reset_seen(void)
{
    return vlr.received[SGSAP_RESET_INDICATION] > 0;
}

static bool reset_repeated(void)
{
    return vlr.received[SGSAP_RESET_INDICATION] == 3;
}

static bool reset_acknowledged(void)
{
    return vlr.received[SGSAP_RESET_ACK] > 0;
}

static bool called(void)
{
    return world.n_calls > 0;
}

static bool unreachable(void)
{
    return vlr.received[SGSAP_UE_UNREACHABLE] > 0;
}

// ---- the stage ----
static struct sgs_settings settings;
static struct conf *conf;

static void settings_of(const char *more)
{
    char text[1024];
    enum err err;
    snprintf(text, sizeof(text),
             "sgs = { mme_name = \"" MME "\"; vlrs = ( { name = \"" VLR1 "\"; port = %d;"
             " addresses = \"127.0.0.1\"; udp_port = %d; } ); local_addresses = \"127.0.0.1\";"
             " transport = { backend = \"user\"; udp_port = %d; }; reconnect_min = 20;"
             " sctp = { rto_min = 20; rto_initial = 50; rto_max = 100; init_attempts = 20;"
             " path_max_retrans = 20; assoc_max_retrans = 40; }; reconnect_max = 50; %s };",
             PORT, UDP_PORT, UDP_PORT, more);
    conf = world_settings(text, &settings, &err);
    assert_int_equal(err, ERR_OK);
}

static int begin(void **state)
{
    const struct sct_stack_conf stack = {.backend = SCT_USER, .udp_port = UDP_PORT};
    memset(&world, 0, sizeof(world));
    memset(&vlr, 0, sizeof(vlr));
    memset(&call, 0, sizeof(call));
    memset(&settings, 0, sizeof(settings));
    call.gateway = "gw1";
    world.settings = &settings;
    conf = NULL;
    if (base_loop_new("test", 64, &world.loop) != ERR_OK)
        return -1;
    return sct_stack_new(world.loop, &stack, &vlr.stack) == ERR_OK ? 0 : -1;
}

static int end(void **state)
{
    sgs_interface.stop();
    sct_abort(vlr.assoc);
    sct_listener_free(vlr.listener);
    sct_stack_free(vlr.stack);
    base_loop_free(world.loop);
    conf_free(conf);
    return 0;
}

static void start(const char *more)
{
    settings_of(more);
    vlr_listen();
    assert_int_equal(sgs_interface.start(), ERR_OK);
    assert_true(seen(associated));
}

static void call_up(const char *path, const ProtobufCMessage *body)
{
    memset(&call, 0, sizeof(call));
    call.gateway = "gw1";
    world_call(&call, path, body);
    assert_true(seen(replied));
}

static void update_location_in(ProtobufCBinaryData tai)
{
    uint8_t type = 1, lai[] = {0x00, 0xf1, 0x10, 0x00, 0x17};
    char imsi[] = IMSI1;
    Magma__Feg__LocationUpdateRequest lu = MAGMA__FEG__LOCATION_UPDATE_REQUEST__INIT;
    lu.imsi = imsi;
    lu.eps_location_update_type = (ProtobufCBinaryData){1, &type};
    lu.new_location_area_identifier = (ProtobufCBinaryData){sizeof(lai), lai};
    lu.tai = tai;
    call_up("/magma.feg.CSFBFedGWService/LocationUpdateReq", &lu.base);
}

static void update_location(void)
{
    update_location_in((ProtobufCBinaryData){0});
}

static void unitdata(uint8_t len)
{
    uint8_t nas[] = {0x19, 0x04};
    char imsi[] = IMSI1;
    Magma__Feg__UplinkUnitdata up = MAGMA__FEG__UPLINK_UNITDATA__INIT;
    up.imsi = imsi;
    up.nas_message_container = (ProtobufCBinaryData){len, nas};
    call_up("/magma.feg.CSFBFedGWService/Uplink", &up.base);
}

// ---- cases ----
static void without_the_section_there_is_nothing(void **state)
{
    char why[80];
    enum err err;
    conf = world_settings("", &settings, &err);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(sgs_interface.start(), ERR_OK);
    assert_null(sgs_plan());
    unitdata(2);
    assert_int_equal(call.status, RPC_UNIMPLEMENTED);
    assert_true(sgs_interface.ready(why, sizeof(why)));
}

static void a_check_of_the_configuration_opens_nothing(void **state)
{
    settings_of("");
    vlr_listen();
    assert_int_equal(sgs_interface.start(), ERR_OK);
    assert_null(sgs_core()); // the loop has not run
    sgs_interface.stop();
    assert_null(sgs_plan());
}

static void a_subscriber_registers_and_gets_a_message(void **state)
{
    start("");
    assert_true(seen(reset_seen));
    update_location();
    assert_int_equal(call.status, RPC_OK);
    assert_true(seen(called));
    assert_string_equal(world.calls[0].path,
                        "/magma.feg.CSFBGatewayService/LocationUpdateAcc");
    assert_string_equal(world.calls[0].gateway, "gw1");
    assert_string_equal(world.calls[0].service, "sgs_service");
    world.n_calls = 0;
    vlr_page();
    assert_true(seen(called));
    Magma__Feg__PagingRequest *p = magma__feg__paging_request__unpack(NULL, world.calls[0].len,
                                                                      world.calls[0].message);
    assert_non_null(p);
    assert_string_equal(p->imsi, IMSI1);
    assert_string_equal(p->vlr_name, VLR1);
    magma__feg__paging_request__free_unpacked(p, NULL);
    unitdata(2);
    assert_int_equal(call.status, RPC_OK);
}

static void paging_for_a_gateway_that_is_away_is_answered(void **state)
{
    start("");
    update_location();
    assert_true(seen(called));
    world.answer_err = ERR_RPC_UNREACHABLE;
    vlr_page();
    assert_true(seen(unreachable));
    assert_int_equal(vlr.last_cause, SGSAP_CAUSE_UE_UNREACHABLE);
}

static void resets_go_both_ways(void **state)
{
    vlr.mute = true;
    start("timers = { ts12_2 = 100; };");
    assert_true(seen(reset_repeated)); // Ts12-2, Ns12 = 2
    update_location();
    assert_true(seen(called));
    world.n_calls = 0;
    vlr_reset(SGSAP_RESET_INDICATION);
    assert_true(seen(reset_acknowledged));
    assert_true(seen(called));
    assert_string_equal(world.calls[0].path,
                        "/magma.feg.CSFBGatewayService/VLRResetIndication");
}

// Resets received when a location update, which comes after one, has arrived.
static int resets_after(const char *more, const char *kept)
{
    snprintf(world.kept, sizeof(world.kept), "%s", kept);
    snprintf(world.kept_gateway, sizeof(world.kept_gateway), "gw1");
    snprintf(world.kept_vlr, sizeof(world.kept_vlr), VLR1);
    start(more);
    update_location();
    assert_true(seen(called));
    return vlr.received[SGSAP_RESET_INDICATION];
}

static void a_start_without_registrations_is_a_reset(void **state)
{
    assert_int_equal(resets_after("reset_on_start = \"lost\";", ""), 1);
}

static void a_start_with_registrations_is_none(void **state)
{
    assert_int_equal(resets_after("reset_on_start = \"lost\";", IMSI2), 0);
}

static void a_reset_is_sent_always_by_default(void **state)
{
    assert_int_equal(resets_after("", IMSI2), 1);
}

static void a_reset_can_be_had_never(void **state)
{
    assert_int_equal(resets_after("reset_on_start = \"never\";", ""), 0);
}

static void a_lost_association_comes_back(void **state)
{
    start("");
    sct_abort(vlr.assoc);
    vlr.assoc = NULL;
    sct_listener_free(vlr.listener);
    vlr.listener = NULL;
    assert_true(seen(gone));
    update_location();
    assert_int_equal(call.status, RPC_UNAVAILABLE);
    vlr.ups = 0;
    vlr_listen();
    assert_true(seen(associated));
    update_location();
    assert_int_equal(call.status, RPC_OK);
}

static void pauses_differ_by_chance(void **state)
{
    assert_int_equal(sgs_links_pause(1000, 0), 500);
    assert_int_equal(sgs_links_pause(1000, 500), 1000);
    assert_int_equal(sgs_links_pause(1000, 501), 500);
    for (uint32_t chance = 0; chance < 5000; chance++) {
        int64_t pause = sgs_links_pause(1000, chance * 2654435761u);
        assert_true(pause >= 500 && pause <= 1000);
    }
    assert_int_equal(sgs_links_pause(1, 77), 0);
}

static void bad_calls_are_refused(void **state)
{
    start("");
    unitdata(1); // a NAS message has two octets at least
    assert_int_equal(call.status, RPC_INVALID_ARGUMENT);
    assert_non_null(strstr(call.message, "NAS message container"));
    world.admit = ERR_FGW_PLMN_DENIED;
    unitdata(2);
    assert_int_equal(call.status, RPC_PERMISSION_DENIED);
    assert_int_equal(vlr.received[SGSAP_UPLINK_UNITDATA], 0);
}

static void a_gateway_is_admitted_for_the_plmn_of_the_area(void **state)
{
    uint8_t tai[] = {0x00, 0xf1, 0x20, 0x00, 0x01};
    start("");
    world.admit = ERR_FGW_PLMN_DENIED;
    update_location();
    assert_int_equal(call.status, RPC_PERMISSION_DENIED);
    assert_string_equal(world.visited, "00101"); // of the location area: nothing else is there
    update_location_in((ProtobufCBinaryData){sizeof(tai), tai});
    assert_string_equal(world.visited, "00102");
    unitdata(2);
    assert_string_equal(world.visited, ""); // only the IMSI says
    assert_int_equal(vlr.received[SGSAP_LOCATION_UPDATE_REQUEST], 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_the_section_there_is_nothing),
        CASE(a_check_of_the_configuration_opens_nothing),
        CASE(a_subscriber_registers_and_gets_a_message),
        CASE(paging_for_a_gateway_that_is_away_is_answered),
        CASE(resets_go_both_ways),
        CASE(a_start_without_registrations_is_a_reset),
        CASE(a_start_with_registrations_is_none),
        CASE(a_reset_is_sent_always_by_default),
        CASE(a_reset_can_be_had_never),
        CASE(a_lost_association_comes_back),
        CASE(bad_calls_are_refused),
        CASE(a_gateway_is_admitted_for_the_plmn_of_the_area),
        cmocka_unit_test(pauses_differ_by_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
