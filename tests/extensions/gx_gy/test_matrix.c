// SPDX-License-Identifier: BSD-3-Clause
// RFC 8506 clause 7, client, as access gateway and OCS see it: every request, every handling of
// failures, every way to fail, with and without a server to go to. What goes out and what the
// caller is told.
#include "cases.h"
#include "proto/event_charging.pb-c.h"
#include "rpc/status.h"

// ---- the ways to fail ----
enum how_it_fails { TX, LATE, NO_PEER, PEER_LOST, REFUSED_BY_STACK, ANSWER };

struct way {
    const char *name;
    enum how_it_fails event;
    uint32_t code; // of the answer
};
#define CODE(c)                                                                                    \
    {                                                                                              \
#c, ANSWER, c                                                                              \
    }

// ---- servers ----
enum servers {
    ALONE,     // no alternate
    FIXED,     // an alternate, FAILOVER_NOT_SUPPORTED
    MOVES,     // an alternate, FAILOVER_SUPPORTED
    BOTH_FAIL, // the same, and it fails likewise
    N_SERVERS
};
static const char *const servers_names[] = {"alone", "fixed", "moves", "both fail"};

enum { N_HANDLINGS = 3 };
static const char *const handlings[] = {"terminate", "continue", "retry-and-terminate"};

// Which server was asked each time (1, 2), then the end:
//   answered  what the server said            used     what the first one said too late
//   granted   goes on without the OCS         free     nothing is to be charged
//   refused   the session ends, or the call fails (CCR-T: the access gateway knows it is unsure)
//   repeat    granted, and to be repeated by the caller
//   kept      the session goes on, and the usage is reported again
//   ... T1    a session nobody has is ended at server 1
struct row {
    struct way ways[8]; // which all end alike
    const char *want[N_HANDLINGS][N_SERVERS];
};

// ---- requests ----
static struct {
    Magma__Lte__UpdateSessionRequest update;
    Magma__Lte__CreditUsageUpdate credit, *credits[1];
    Magma__Lte__CreditUsage usage, *usages[1];
    Magma__Lte__CommonSessionContext common;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__TgppContext tgpp;
    Magma__Lte__SessionTerminateRequest terminate;
    Fgw__Charging__EventRequest event;
    Fgw__Charging__EventService service, *services[1];
} m;

static void prepare(int handling, enum servers servers)
{
    memset(&m, 0, sizeof(m));
    magma__lte__update_session_request__init(&m.update);
    magma__lte__credit_usage_update__init(&m.credit);
    magma__lte__credit_usage__init(&m.usage);
    magma__lte__common_session_context__init(&m.common);
    magma__lte__subscriber_id__init(&m.sid);
    magma__lte__tgpp_context__init(&m.tgpp);
    magma__lte__session_terminate_request__init(&m.terminate);
    fgw__charging__event_request__init(&m.event);
    fgw__charging__event_service__init(&m.service);
    m.sid.id = TEXT("IMSI" IMSI);
    m.common.sid = &m.sid;
    m.common.apn = TEXT("internet");
    m.tgpp.gy_dest_host = TEXT("one.net");
    m.tgpp.gy_failure_handling = (uint32_t)handling + 1;
    m.tgpp.gy_session_failover = servers >= MOVES ? 2 : 1;
    m.usage.charging_key = 7;
    m.usage.bytes_rx = 9;
    m.credits[0] = &m.credit;
    m.usages[0] = &m.usage;
    m.services[0] = &m.service;
}

static void send_initial(void)
{
    create();
}

static void send_update(void)
{
    m.update.updates = m.credits;
    m.update.n_updates = 1;
    m.credit.session_id = TEXT(SESSION);
    m.credit.request_number = 5;
    m.credit.usage = &m.usage;
    m.credit.common_context = &m.common;
    m.credit.tgpp_ctx = &m.tgpp;
    kit_call("UpdateSession", &m.update.base);
}

static void send_termination(void)
{
    m.terminate.session_id = TEXT(SESSION);
    m.terminate.request_number = 9;
    m.terminate.common_context = &m.common;
    m.terminate.tgpp_ctx = &m.tgpp;
    m.terminate.credit_usages = m.usages;
    m.terminate.n_credit_usages = 1;
    kit_call("TerminateSession", &m.terminate.base);
}

static void send_event(void)
{
    m.event.event_id = TEXT("order77");
    m.event.services = m.services;
    m.event.n_services = 1;
    m.service.rating_group_present_case =
        FGW__CHARGING__EVENT_SERVICE__RATING_GROUP_PRESENT_RATING_GROUP;
    m.service.rating_group = 7;
    m.event.subscriber = &m.common;
    kit_call("/fgw.charging.EventCharging/Charge", &m.event.base);
}

// ---- what the caller is told ----
static const char *credit_end(const Magma__Lte__CreditUpdateResponse *c, const char *host)
{
    if (!c->success && c->result_code == 3004)
        return "kept";
    if (!c->success)
        return c->result_code / 1000 == 5 || c->result_code == 4012 || c->result_code == 4010
                   ? "refused"
                   : "nothing";
    if (c->credit && c->credit->granted_units)
        return strcmp(host, "late.net") == 0 ? "used" : "answered";
    return c->limit_type == MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_METERED     ? "granted"
           : c->limit_type == MAGMA__LTE__CREDIT_LIMIT_TYPE__INFINITE_UNMETERED ? "free"
                                                                                : "nothing";
}

static const char *initial_end(void)
{
    if (world.call.status != RPC_OK)
        return "refused";
    const Magma__Lte__CreateSessionResponse *r =
        kit_reply(&magma__lte__create_session_response__descriptor);
    return credit_end(r->credits[0], r->tgpp_ctx->gy_dest_host);
}

static const char *update_end(void)
{
    const Magma__Lte__UpdateSessionResponse *r =
        kit_reply(&magma__lte__update_session_response__descriptor);
    return credit_end(r->responses[0], r->responses[0]->tgpp_ctx->gy_dest_host);
}

static const char *termination_end(void)
{
    return world.call.status == RPC_OK ? "answered" : "refused";
}

static const char *event_end(void)
{
    if (world.call.status != RPC_OK)
        return "nothing";
    const Fgw__Charging__EventResponse *r = kit_reply(&fgw__charging__event_response__descriptor);
    if (r->repeat)
        return r->granted ? "repeat" : "nothing";
    if (!r->granted)
        return "refused";
    if (r->n_services == 0)
        return r->result_code == 4011 ? "free" : "granted";
    return strcmp(r->tgpp_ctx->gy_dest_host, "late.net") == 0 ? "used" : "answered";
}

static const struct kind {
    const char *name;
    void (*send)(void);
    const char *(*end)(void);
    const char *type, *number, *session;
} INITIAL = {"CCR-I", send_initial, initial_end, "1", "0", GY_SESSION},
  UPDATE = {"CCR-U", send_update, update_end, "2", "5", GY_SESSION},
  TERMINATION = {"CCR-T", send_termination, termination_end, "3", "9", GY_SESSION},
  EVENT = {"CCR-E", send_event, event_end, "4", "0", "fgw.example.org;0;2;agw1;event:order77"};

// ---- running a case ----
static void set(int handling, enum servers servers)
{
    char text[512];
    kit_teardown(NULL);
    kit_setup(NULL);
    // until the OCS has said anything the settings count; CCR-U has what it said (prepare)
    snprintf(text, sizeof(text),
             "gx = { enabled = false; }; rules = ( { id = \"r\"; rating_group = 7; omnipresent = "
             "true; } ); gy = { host = \"one.net\"; %s failure_handling = \"%s\"; "
             "session_failover = %s; direct_debiting = \"%s\"; };",
             servers == ALONE ? "" : "alternate = \"two.net\";", handlings[handling],
             servers >= MOVES ? "true" : "false",
             handling == 1 ? "continue" : "terminate-or-buffer");
    kit_settings(text);
    prepare(handling, servers);
}

static void fail_request(size_t i, const struct way *way)
{
    switch (way->event) {
    case TX:
    case LATE:
        kit_fail(i, ERR_TIMEOUT);
        break;
    case NO_PEER:
        kit_fail(i, ERR_DIA_NO_PEER);
        break;
    case PEER_LOST:
        kit_fail(i, ERR_DIA_PEER_LOST);
        break;
    case REFUSED_BY_STACK: // was done when it was sent
        break;
    case ANSWER:
        kit_answer(i, way->code, "");
        break;
    }
}

static void play(const struct kind *kind, const struct way *way, enum servers servers)
{
    if (way->event == REFUSED_BY_STACK) {
        world.send_err = ERR_DIA_BUSY;
        world.send_errs = servers == BOTH_FAIL ? 0 : 1;
        if (servers == ALONE || servers == FIXED)
            world.send_errs = kind == &INITIAL || kind == &EVENT ? 1 : 0;
    }
    kind->send();
    for (size_t i = 0; i < world.n_sent && world.call.replies == 0; i++) {
        bool second = strcmp(VALUE(SENT(i), AVP_DESTINATION_HOST), "two.net") == 0;
        if (!world.sent[i].done)
            continue;
        if (i > 0 && way->event == LATE && servers != BOTH_FAIL)
            kit_late(0, 2001, "late.net", GRANT_7);
        else if (second && servers != BOTH_FAIL)
            kit_answer(i, 2001, GRANT_7);
        else
            fail_request(i, way);
    }
}

// All but the last are one request, sent again.
static void check_sent(const struct kind *kind, size_t n, const struct way *way)
{
    bool never_out = way->event == NO_PEER || way->event == REFUSED_BY_STACK;
    struct msg_hdr *first, *hdr;
    assert_int_equal(fd_msg_hdr(SENT(0), &first), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(fd_msg_hdr(SENT(i), &hdr), 0);
        assert_int_equal(hdr->msg_eteid, first->msg_eteid);
        assert_int_equal(!!(hdr->msg_flags & CMD_FLAG_RETRANSMIT), i > 0 && !never_out);
        ASSERT_VALUE(SENT(i), kind->session, AVP_SESSION_ID);
        ASSERT_VALUE(SENT(i), kind->type, AVP_CC_REQUEST_TYPE);
        ASSERT_VALUE(SENT(i), kind->number, AVP_CC_REQUEST_NUMBER);
    }
}

static void describe(const struct kind *kind, const struct way *way, char *out, size_t size)
{
    size_t n = world.n_sent, at = 0;
    check_sent(kind, n, way);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, size - at, "%s",
                               strcmp(VALUE(SENT(i), AVP_DESTINATION_HOST), "one.net") == 0 ? "1"
                                                                                            : "2");
    assert_int_equal(world.call.replies, 1);
    at += (size_t)snprintf(out + at, size - at, " %s", kind->end());
    if (way->event != LATE)
        return;
    kit_late(0, 2001, "late.net", GRANT_7); // now, or once more
    if (world.n_sent == n)
        return;
    assert_int_equal(world.n_sent, n + 1);
    ASSERT_VALUE(SENT(n), "3", AVP_CC_REQUEST_TYPE);
    ASSERT_VALUE(SENT(n), "1", AVP_CC_REQUEST_NUMBER);
    ASSERT_VALUE(SENT(n), "late.net", AVP_DESTINATION_HOST);
    kit_answer(n, 2001, "");
    snprintf(out + at, size - at, " T1");
}

static void run(const struct kind *kind, const struct row *rows, size_t n)
{
    for (size_t r = 0; r < n; r++)
        for (const struct way *way = rows[r].ways; way->name; way++)
            for (int h = 0; h < N_HANDLINGS; h++)
                for (enum servers s = ALONE; s < N_SERVERS; s++) {
                    char got[64] = "";
                    if (!rows[r].want[h][s])
                        continue;
                    set(h, s);
                    play(kind, way, s);
                    describe(kind, way, got, sizeof(got));
                    if (strcmp(got, rows[r].want[h][s]) != 0)
                        fail_msg("%s, %s, %s, %s: \"%s\" instead of \"%s\"", kind->name, way->name,
                                 handlings[h], servers_names[s], got, rows[r].want[h][s]);
                }
}
#define RUN(kind, rows) run(&(kind), (rows), sizeof(rows) / sizeof((rows)[0]))
#define ALL(text)                                                                                  \
    {                                                                                              \
        text, text, text, text                                                                     \
    }

// ---- the tables ----
#define LOST                                                                                       \
    {"no peer", NO_PEER, 0}, {"peer lost", PEER_LOST, 0}, CODE(3002), CODE(3004), CODE(3005)
#define STACK                                                                                      \
    {                                                                                              \
        "refused by the stack", REFUSED_BY_STACK, 0                                                \
    }
#define FAILURES CODE(4002), CODE(5001), CODE(5002), CODE(5004), CODE(5012), CODE(5031)
#define DENIALS CODE(4010), CODE(4012), CODE(5003), CODE(5030)

static void test_first_interrogation(void **state)
{
    static const struct row rows[] = {
        {{{"Tx", TX, 0}},
         {ALL("1 refused"),
          {"1 granted", "12 answered", "12 answered", "12 granted"},
          {"1 refused", "12 answered", "12 answered", "12 refused"}}},
        {{{"late", LATE, 0}},
         {ALL("1 refused T1"),
          {"1 granted T1", "12 used", "12 used", "12 granted T1"},
          {"1 refused T1", "12 used", "12 used", "12 refused T1"}}},
        {{LOST, STACK},
         {{"1 refused", "12 answered", "12 answered", "12 refused"},
          {"1 granted", "12 answered", "12 answered", "12 granted"},
          {"1 refused", "12 answered", "12 answered", "12 refused"}}},
        {{FAILURES}, {ALL("1 refused"), ALL("1 granted"), ALL("1 refused")}},
        {{DENIALS}, {ALL("1 refused"), ALL("1 refused"), ALL("1 refused")}},
        {{CODE(4011)}, {ALL("1 free"), ALL("1 free"), ALL("1 free")}},
    };
    RUN(INITIAL, rows);
}

static void test_intermediate_interrogation(void **state)
{
    static const struct row rows[] = {
        {{{"Tx", TX, 0}},
         {ALL("1 refused"),
          {"1 granted", "1 granted", "12 answered", "12 granted"},
          {"1 refused", "1 refused", "12 answered", "12 refused"}}},
        {{{"late", LATE, 0}},
         {ALL("1 refused"),
          {"1 granted", "1 granted", "12 used", "12 granted"},
          {"1 refused", "1 refused", "12 used", "12 refused"}}},
        {{LOST},
         {{"1 refused", "1 refused", "12 answered", "12 refused"},
          {"1 granted", "1 granted", "12 answered", "12 granted"},
          {"1 refused", "1 refused", "12 answered", "12 refused"}}},
        {{STACK}, // the OCS has seen nothing, and is not why
         {{"1 kept", "1 kept", "12 answered", "12 kept"},
          {"1 granted", "1 granted", "12 answered", "12 granted"},
          {"1 kept", "1 kept", "12 answered", "12 kept"}}},
        {{CODE(5001), CODE(5002), CODE(5004), CODE(5012), CODE(5031)},
         {ALL("1 refused"), ALL("1 granted"), ALL("1 refused")}},
        {{DENIALS}, {ALL("1 refused"), ALL("1 refused"), ALL("1 refused")}},
        {{CODE(4011)}, {ALL("1 free"), ALL("1 free"), ALL("1 free")}},
    };
    RUN(UPDATE, rows);
}

// Whatever the handling: the service has ended, and the usage should arrive.
static void test_final_interrogation(void **state)
{
#define AGAIN                                                                                      \
    {                                                                                              \
        "111 refused", "111 refused", "12 answered", "122 refused"                                 \
    }
#define AGAIN_LATE                                                                                 \
    {                                                                                              \
        "11 answered", "11 answered", "12 answered", "122 refused"                                 \
    }
#define NOT_OUT                                                                                    \
    {                                                                                              \
        "1 refused", "1 refused", "12 answered", "12 refused"                                      \
    }
    static const struct row rows[] = {
        {{{"Tx", TX, 0}, LOST}, {AGAIN, AGAIN, AGAIN}},
        {{{"late", LATE, 0}}, {AGAIN_LATE, AGAIN_LATE, AGAIN_LATE}},
        {{STACK}, {NOT_OUT, NOT_OUT, NOT_OUT}},
        {{FAILURES}, {ALL("1 answered"), ALL("1 answered"), ALL("1 answered")}},
        {{DENIALS, CODE(4011)}, {ALL("1 answered"), ALL("1 answered"), ALL("1 answered")}},
    };
    RUN(TERMINATION, rows);
}

// DIRECT_DEBITING; the second handling is Direct-Debiting-Failure-Handling CONTINUE. What other
// requested actions end in: test_event.c.
static void test_one_time_event(void **state)
{
    static const struct row rows[] = {
        {{{"Tx", TX, 0}, {"no peer", NO_PEER, 0}, {"peer lost", PEER_LOST, 0}, STACK},
         {{"1 repeat", "12 answered", "12 answered", "12 repeat"},
          {"1 granted", "12 answered", "12 answered", "12 granted"},
          {NULL}}},
        {{{"late", LATE, 0}},
         {{"1 repeat", "12 used", "12 used", "12 repeat"},
          {"1 granted", "12 used", "12 used", "12 granted"},
          {NULL}}},
        {{CODE(3002), CODE(3004), CODE(3005)},
         {{"1 refused", "12 answered", "12 answered", "12 refused"},
          {"1 granted", "12 answered", "12 answered", "12 granted"},
          {NULL}}},
        {{FAILURES}, {ALL("1 refused"), ALL("1 granted"), {NULL}}},
        {{DENIALS}, {ALL("1 refused"), ALL("1 refused"), {NULL}}},
        {{CODE(4011)}, {ALL("1 free"), ALL("1 free"), {NULL}}},
    };
    RUN(EVENT, rows);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_first_interrogation),
        CASE(test_intermediate_interrogation),
        CASE(test_final_interrogation),
        CASE(test_one_time_event),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
