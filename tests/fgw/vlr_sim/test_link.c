// SPDX-License-Identifier: BSD-3-Clause
// The simulator over SCTP (userspace, over UDP on loopback), with an MME of a few lines, and its
// commands.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "vlr_sim/command.h"

#define MME "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org"
#define IMSI "001010000000001"
#define PATIENCE_NS (30 * BASE_S_NS) // what takes moments takes longer on a busy machine

static struct base_loop *loop;
static struct vlr_link *vlr_link;
static struct sct_stack *stack;
static struct sct_options options;
static struct sct_addrs to;

static struct {
    struct sct_assoc *assoc;
    bool up, down;
    int received[256];
    enum sct_down why;
} mme;

static void send_to_vlr(struct sgsap_msg *msg)
{
    uint8_t buf[SGSAP_MSG_MAX];
    size_t len;
    assert_int_equal(sgsap_encode(msg, SGSAP_MME, buf, sizeof(buf), &len, NULL), ERR_OK);
    const struct sct_message message = {.data = buf, .len = len};
    assert_int_equal(sct_send(mme.assoc, &message), ERR_OK);
}

static void fill(struct sgsap_msg *msg, enum sgsap_type type)
{
    struct base_imsi imsi;
    assert_int_equal(base_imsi_parse(IMSI, strlen(IMSI), &imsi), ERR_OK);
    sgsap_init(msg, type);
    sgsap_set_imsi(msg, &imsi);
}

static void on_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
    mme.up = true;
}

static void on_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    mme.down = true;
    mme.why = why;
}

static void on_message(struct sct_assoc *assoc, const struct sct_message *message, void *arg)
{
    struct sgsap_msg msg, answer;
    assert_int_equal(sgsap_decode(message->data, message->len, SGSAP_VLR, &msg, NULL), ERR_OK);
    mme.received[msg.type]++;
    if (msg.type == SGSAP_PAGING_REQUEST) {
        fill(&answer, SGSAP_SERVICE_REQUEST);
        sgsap_set_octet(&answer, SGSAP_IE_SERVICE_INDICATOR,
                        msg.ie[SGSAP_IE_SERVICE_INDICATOR].data[0]);
        send_to_vlr(&answer);
    } else if (msg.type == SGSAP_LOCATION_UPDATE_ACCEPT) {
        fill(&answer, SGSAP_TMSI_REALLOCATION_COMPLETE);
        send_to_vlr(&answer);
    }
}

static const struct sct_handler handler = {.up = on_up, .down = on_down, .message = on_message};

static void on_time(struct base_timer *timer)
{
    base_loop_stop(loop);
}

static void let_pass(int ms)
{
    struct base_timer timer;
    base_timer_init(&timer, loop, on_time);
    base_timer_start(&timer, ms);
    base_loop_run(loop);
}

static bool soon(const bool *flag, const int *count, int want)
{
    int64_t end = base_now_ns() + PATIENCE_NS;
    while (!(flag ? *flag : *count >= want)) {
        if (base_now_ns() > end)
            return false;
        let_pass(5);
    }
    return true;
}

static bool got(enum sgsap_type type, int n)
{
    return soon(NULL, &mme.received[type], n);
}

// None of those that sockets of other tests are given: it is free until it is taken.
static uint16_t free_udp_port(void)
{
    uint16_t port = (uint16_t)(10000 + getpid() % 20000);
    struct sockaddr_in addr = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    do
        addr.sin_port = htons(++port);
    while (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0);
    close(fd);
    return port;
}

static int begin(void **state)
{
    static const char *const loopback[] = {"127.0.0.1"};
    struct vlr_link_settings settings = {.options = sct_options_default};
    const struct vlr_settings vlr = {.name = "vlr.example.org", .tmsi = true, .full_name = "",
                                     .short_name = "", .center = "447785016005",
                                     .max_subscribers = 100, .timers = sgsap_timers_default};
    const struct vlr_watch watch = {0};
    memset(&mme, 0, sizeof(mme));
    settings.stack = (struct sct_stack_conf){.backend = SCT_USER, .udp_port = free_udp_port()};
    settings.options.peer_udp_port = settings.stack.udp_port;
    options = settings.options;
    if (sct_addrs_parse(loopback, 1, SGSAP_PORT, &to) != ERR_OK ||
        base_loop_new("link", 64, &loop) != ERR_OK)
        return -1;
    settings.local = to;
    if (vlr_link_new(loop, &settings, &vlr, &watch, &vlr_link) != ERR_OK ||
        sct_stack_new(loop, &settings.stack, &stack) != ERR_OK)
        return -1;
    return 0;
}

static int end(void **state)
{
    sct_abort(mme.assoc);
    vlr_link_free(vlr_link);
    sct_stack_free(stack);
    base_loop_free(loop);
    return 0;
}

static void connect_mme(void)
{
    assert_int_equal(sct_connect(stack, &options, NULL, &to, &handler, NULL, &mme.assoc), ERR_OK);
    assert_true(soon(&mme.up, NULL, 0));
}

static void update_location(void)
{
    const struct sgsap_area lai = {{.mcc = 1, .mnc = 1, .mnc_len = 2}, 23};
    struct sgsap_msg msg;
    fill(&msg, SGSAP_LOCATION_UPDATE_REQUEST);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    sgsap_set_octet(&msg, SGSAP_IE_EPS_LU_TYPE, SGSAP_LU_IMSI_ATTACH);
    sgsap_set_area(&msg, SGSAP_IE_LAI, &lai);
    send_to_vlr(&msg);
    assert_true(got(SGSAP_LOCATION_UPDATE_ACCEPT, 1));
    const struct vlr_sub *sub = NULL;
    int64_t end = base_now_ns() + PATIENCE_NS;
    while (!(sub && sub->state == VLR_ASSOCIATED)) { // until the TMSI is confirmed
        assert_true(base_now_ns() < end);
        let_pass(5);
        sub = vlr_find(vlr_link_vlr(vlr_link), IMSI);
    }
}

static int command(const char *line, char *out, size_t size)
{
    char *text = NULL, *copy = strdup(line);
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    assert_non_null(copy);
    int code = vlr_command(vlr_link, copy, stream);
    fclose(stream);
    snprintf(out, size, "%s", text);
    free(text);
    free(copy);
    return code;
}

// Whoever is still being paged is not paged for something else.
static void wait_until_not_paged(void)
{
    int64_t end = base_now_ns() + PATIENCE_NS;
    while (vlr_find(vlr_link_vlr(vlr_link), IMSI)->paging != VLR_NONE) {
        assert_true(base_now_ns() < end);
        let_pass(5);
    }
}

static void an_mme_is_served_over_sctp(void **state)
{
    char out[2000];
    connect_mme();
    update_location();
    assert_int_equal(command("status", out, sizeof(out)), 0);
    assert_non_null(strstr(out, "associated 1"));
    assert_non_null(strstr(out, MME));
    assert_int_equal(command("subscribers", out, sizeof(out)), 0);
    assert_non_null(strstr(out, IMSI " SGs-ASSOCIATED"));

    assert_int_equal(command("page " IMSI " cs cli=491721234567 channel=1", out, sizeof(out)), 0);
    assert_true(got(SGSAP_PAGING_REQUEST, 1));
    wait_until_not_paged(); // its answer has arrived
    assert_int_equal(command("sms " IMSI " 12345 hello out there", out, sizeof(out)), 0);
    assert_true(got(SGSAP_DOWNLINK_UNITDATA, 1));
    assert_int_equal(command("alert " IMSI, out, sizeof(out)), 0);
    assert_true(got(SGSAP_ALERT_REQUEST, 1));
    assert_int_equal(command("release " IMSI " 2", out, sizeof(out)), 0);
    assert_true(got(SGSAP_RELEASE_REQUEST, 1));
    assert_int_equal(command("abort-service " IMSI, out, sizeof(out)), 0);
    assert_true(got(SGSAP_SERVICE_ABORT_REQUEST, 1));
    assert_int_equal(command("mm-info " IMSI, out, sizeof(out)), 0);
    assert_true(got(SGSAP_MM_INFORMATION_REQUEST, 1));
    assert_int_equal(command("paging-times", out, sizeof(out)), 0);
    assert_non_null(strstr(out, "answers 2"));
    assert_int_equal(command("reset", out, sizeof(out)), 0);
    assert_true(got(SGSAP_RESET_INDICATION, 1));
    assert_int_equal(command("page " IMSI, out, sizeof(out)), 1); // forgotten
}

static void octets_are_sent_as_they_are(void **state)
{
    char out[100];
    connect_mme();
    update_location();
    assert_int_equal(command("send 0d01080910100000000010", out, sizeof(out)), 0);
    assert_true(got(SGSAP_ALERT_REQUEST, 1));
    assert_int_equal(command("send 0d0", out, sizeof(out)), 1);
}

static void associations_are_ended_on_command(void **state)
{
    char out[100];
    connect_mme();
    update_location();
    assert_int_equal(command("drop", out, sizeof(out)), 0);
    assert_true(soon(&mme.down, NULL, 0));
    assert_int_equal(mme.why, SCT_DOWN_SHUTDOWN);
    sct_free(mme.assoc);
    memset(&mme, 0, sizeof(mme));
    connect_mme();
    assert_int_equal(command("drop abort", out, sizeof(out)), 0);
    assert_true(soon(&mme.down, NULL, 0));
    assert_int_equal(mme.why, SCT_DOWN_ABORTED);
}

static void rules_are_set_by_command(void **state)
{
    char out[200];
    connect_mme();
    assert_int_equal(command("rule LOCATION-UPDATE-REQUEST abort", out, sizeof(out)), 0);
    assert_string_equal(out, "rule 1\n");
    assert_int_equal(command("rules", out, sizeof(out)), 0);
    assert_string_equal(out, "1: LOCATION-UPDATE-REQUEST abort (0 hits)\n");
    struct sgsap_msg msg;
    const struct sgsap_area lai = {{.mcc = 1, .mnc = 1, .mnc_len = 2}, 23};
    fill(&msg, SGSAP_LOCATION_UPDATE_REQUEST);
    sgsap_set_name(&msg, SGSAP_IE_MME_NAME, MME);
    sgsap_set_octet(&msg, SGSAP_IE_EPS_LU_TYPE, SGSAP_LU_IMSI_ATTACH);
    sgsap_set_area(&msg, SGSAP_IE_LAI, &lai);
    send_to_vlr(&msg);
    assert_true(soon(&mme.down, NULL, 0));
    assert_int_equal(mme.why, SCT_DOWN_ABORTED);
    assert_int_equal(command("clear 1", out, sizeof(out)), 0);
    assert_string_equal(out, "1 rules cleared\n");
}

static void what_is_no_command_is_told(void **state)
{
    static const char *const wrong[] = {"", "nonsense", "page", "sms " IMSI " 1", "rule any",
                                        "statusx"};
    char out[2000];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (command(wrong[i], out, sizeof(out)) != 2)
            fail_msg("'%s' was understood", wrong[i]);
        assert_true(strlen(out) > 0);
    }
    assert_int_equal(command("help", out, sizeof(out)), 0);
    assert_int_equal(command("page 001019999999999", out, sizeof(out)), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_mme_is_served_over_sctp),
        CASE(octets_are_sent_as_they_are),
        CASE(associations_are_ended_on_command),
        CASE(rules_are_set_by_command),
        CASE(what_is_no_command_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
