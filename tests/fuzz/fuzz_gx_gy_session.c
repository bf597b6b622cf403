// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: whole procedures of Gx and Gy, with the target as access gateway and as core.
//   byte 0    procedure (3 bits), settings (3), the caller cancels (1), add a Session-Id (1)
//   byte 1    which of the first 8 sendings fail at once
//   then      pieces: length (2 bytes), content. The first is the request: protobuf bytes of an
//             access gateway, AVPs of the core. The others are what comes back for each thing that
//             is sent, in order: a byte that says how, then AVPs or protobuf bytes. When they are
//             at an end there is silence. AVPs with silence are an answer that comes too late.
// However wrong it all is: every message that goes out can be parsed by the dictionary, every call
// and every request of the core is answered exactly once with what its sender can read, nothing
// stays behind.
#include "diameter/avp.h"
#include "gx_gy_world.h"
#include "proto/event_charging.pb-c.h"
#include "rpc/status.h"

enum { INPUT_MAX = 16384, MESSAGE_LIMIT = 65535, SENT_MAX = 8192 };
enum { CREATE, UPDATE, TERMINATE, CHARGE, GX_RAR, GX_ASR, GY_RAR, GY_ASR };

static const struct {
    const char *path; // NULL: from the core
    const ProtobufCMessageDescriptor *reply;
    uint32_t application, command;
} procedures[] = {
    [CREATE] = {.path = "/magma.lte.CentralSessionController/CreateSession",
                .reply = &magma__lte__create_session_response__descriptor},
    [UPDATE] = {.path = "/magma.lte.CentralSessionController/UpdateSession",
                .reply = &magma__lte__update_session_response__descriptor},
    [TERMINATE] = {.path = "/magma.lte.CentralSessionController/TerminateSession",
                   .reply = &magma__lte__session_terminate_response__descriptor},
    [CHARGE] = {.path = "/fgw.charging.EventCharging/Charge",
                .reply = &fgw__charging__event_response__descriptor},
    [GX_RAR] = {.application = DIA_APP_GX, .command = DIA_CMD_RAR},
    [GX_ASR] = {.application = DIA_APP_GX, .command = DIA_CMD_ASR},
    [GY_RAR] = {.application = DIA_APP_CREDIT_CONTROL, .command = DIA_CMD_RAR},
    [GY_ASR] = {.application = DIA_APP_CREDIT_CONTROL, .command = DIA_CMD_ASR},
};

#define STORE                                                                                      \
    "rules = ( { id = \"portal\"; omnipresent = true; rating_group = 1; }, { id = \"video\";"      \
    " rating_group = 2; service_identifier = 3; flows = [ \"permit out 6 from any 80,443 to "      \
    "assigned\" ]; monitoring_key = \"mk\"; qci = 5; priority_level = 3; } );"                     \
    "base_names = ( { name = \"base\"; rules = [ \"video\", \"portal\" ]; } );"
#define TWO "host = \"a.example.org\"; alternate = \"b.example.org\"; "
static const char *const settings[8] = {
    STORE,
    STORE "gx = { serial = false; merge_updates = false; }; gy = { serial = false; merge_updates ="
          " false; requested_units = \"none\"; used_octets = \"directions\"; late_open = false; "
          "ps_qos = \"both\"; serving_node_type = \"epdg\"; cg_address = \"192.0.2.33\"; "
          "node_id = true; };",
    STORE "gx = { wide_ports = \"widen\"; max_flows = 4; features_1 = 0; default_ipv4 = "
          "\"192.0.2.1\"; offline = true; eui64_prefix = \"fd00:1:2:3::\"; }; charging_id = "
          "\"relay\"; gy = { requested_units = \"empty\"; used_octets = "
          "\"total\"; reporting_reason = \"in-service\"; send_service_identifier = false; "
          "failed_update = \"report-again\"; };",
    STORE "gx = { enabled = false; }; gy = { service_identifier = 77; apn = \"x\"; ps_qos = "
          "\"profile\"; servers = ( { host = \"a.org\"; }, { host = \"b.org\"; } ); }; "
          "charging_id = \"none\";",
    STORE "gy = { auth_only = true; }; gx = { routes = ( { imsi_prefix = \"00101\"; apn = \"t1\"; "
          "realm = \"r.org\"; }, { imsi_prefix = \"001\"; realm = \"s.org\"; } ); }; virtual_apns "
          "= ( { apn = \"i.*\"; gx_apn = \"v\"; } );",
    STORE "gx = { " TWO "}; gy = { " TWO "failure_handling = \"continue\"; session_failover = true;"
          " direct_debiting = \"continue\"; follow_pcrf = false; };",
    STORE "gx = { " TWO "sticky_host = false; }; gy = { " TWO "failure_handling = "
          "\"retry-and-terminate\"; session_failover = true; terminate_tries = 5; };",
    "gy = { enabled = false; }; gx = { merge_updates = false; };",
};

// ---- the input ----
struct piece {
    const uint8_t *data;
    size_t size;
};
static struct piece rest;

static struct piece next_piece(void)
{
    struct piece p = {NULL, 0};
    if (rest.size < 2)
        return p;
    p.size = (size_t)rest.data[0] << 8 | rest.data[1];
    p.data = rest.data + 2;
    if (p.size > rest.size - 2)
        p.size = rest.size - 2;
    rest.data = p.data + p.size;
    rest.size -= p.size + 2;
    return p;
}

// ---- what is sent ----
struct sent {
    struct msg *msg; // NULL: to an access gateway
    const ProtobufCMessageDescriptor *reply;
    dia_done done;
    rpc_tunnel_done agw_done;
    void *ctx;
};
static struct sent sent[SENT_MAX];
static size_t n_sent, n_back;
static uint8_t failing;
static struct base_loop *loop;

static bool fails(void)
{
    return n_sent < 8 && (failing & 1u << n_sent);
}

// What Failed-AVP has is the core's own mistake: no dictionary need like it.
static void check_built(struct msg *msg)
{
    uint8_t *bytes = NULL;
    size_t len;
    struct msg *again = NULL;
    must(dia_msg_bytes(msg, &bytes, &len) == ERR_OK && len <= MESSAGE_LIMIT);
    if (!dia_find(msg, AVP_FAILED_AVP)) {
        must(dia_msg_parse(bytes, len, &again) == ERR_OK);
        free(bytes);
    } else {
        must(fd_msg_parse_buffer(&bytes, len, &again) == 0);
    }
    fd_msg_free(again);
}

enum err dia_send(struct base_loop *on, struct msg **request,
                  const struct dia_send_options *options, dia_done done, void *ctx,
                  base_handle *out)
{
    bool failed = fails();
    must(on == loop && options->timeout_ms > 0 && options->procedure && n_sent < SENT_MAX);
    check_built(*request);
    sent[n_sent++] = (struct sent){.msg = *request, .done = failed ? NULL : done, .ctx = ctx};
    *request = NULL;
    *out = n_sent;
    return failed ? (n_sent % 2 ? ERR_DIA_NO_PEER : ERR_DIA_BUSY) : ERR_OK;
}

void dia_cancel(struct base_loop *on, base_handle handle)
{
    must(on == loop && handle > 0 && handle <= n_sent && sent[handle - 1].done);
    sent[handle - 1].done = NULL;
}

static enum err agw_call(const struct rpc_tunnel_call *call, rpc_tunnel_done done, void *ctx)
{
    static const struct {
        const char *method;
        const ProtobufCMessageDescriptor *request, *reply;
    } methods[] = {
        {"PolicyReAuth", &magma__lte__policy_re_auth_request__descriptor,
         &magma__lte__policy_re_auth_answer__descriptor},
        {"ChargingReAuth", &magma__lte__charging_re_auth_request__descriptor,
         &magma__lte__charging_re_auth_answer__descriptor},
        {"AbortSession", &magma__lte__abort_session_request__descriptor,
         &magma__lte__abort_session_result__descriptor},
    };
    size_t i = 0;
    while (i < 2 && !strstr(call->path, methods[i].method))
        i++;
    ProtobufCMessage *message =
        protobuf_c_message_unpack(methods[i].request, NULL, call->len, call->message);
    must(message && call->gateway[0] && call->service[0] && call->timeout_ms > 0);
    protobuf_c_message_free_unpacked(message, NULL);
    if (fails())
        return ERR_RPC_UNREACHABLE;
    must(n_sent < SENT_MAX);
    sent[n_sent++] = (struct sent){.reply = methods[i].reply, .agw_done = done, .ctx = ctx};
    return ERR_OK;
}

// ---- what comes back ----
static void run_loop(void)
{
    event_base_loop(base_loop_event_base(loop), EVLOOP_NONBLOCK);
}

static struct {
    uint32_t application;
    dia_late_fn fn;
    void *ctx;
} listening[2];
static size_t n_listening;

enum err dia_on_late(uint32_t application, uint32_t command, dia_late_fn fn, void *ctx)
{
    must(n_listening < 2 && command == DIA_CMD_CCR);
    listening[n_listening].application = application;
    listening[n_listening].fn = fn;
    listening[n_listening++].ctx = ctx;
    return ERR_OK;
}

static void answer_late(const struct sent *s, const struct piece *p)
{
    struct msg_hdr *hdr, *late_hdr;
    const uint8_t *session;
    uint32_t number = 0;
    size_t len;
    bool ok;
    must(fd_msg_hdr(s->msg, &hdr) == 0);
    struct msg *late =
        gx_gy_message(hdr->msg_appl, hdr->msg_code, false, p->data + 1, p->size - 1, &ok);
    if (!late)
        return;
    must(fd_msg_hdr(late, &late_hdr) == 0);
    late_hdr->msg_eteid = hdr->msg_eteid;
    must(dia_get_bytes(s->msg, AVP_SESSION_ID, &session, &len) == ERR_OK);
    must(dia_get_u32(s->msg, AVP_CC_REQUEST_NUMBER, &number) == ERR_OK);
    must(dia_add_bytes(late, AVP_SESSION_ID, session, len) == ERR_OK);
    must(dia_add_u32(late, AVP_CC_REQUEST_NUMBER, number) == ERR_OK);
    must(dia_add_text(late, AVP_ORIGIN_HOST, "late.example.org") == ERR_OK);
    must(dia_add_text(late, AVP_ORIGIN_REALM, "example.org") == ERR_OK);
    must(dia_add_result(late, 0, 2001) == ERR_OK);
    for (size_t i = 0; i < n_listening && late; i++)
        if (listening[i].application == hdr->msg_appl)
            listening[i].fn(listening[i].ctx, loop, &late, "p.org");
    if (late)
        fd_msg_free(late);
}

static void answer(const struct sent *s)
{
    enum { COMPLETE, AS_IT_IS, SILENCE, LOST, LIMIT, BUSY, UNKNOWN, HOWS };
    static const uint32_t codes[HOWS] = {
        [COMPLETE] = 2001, [LIMIT] = 4012, [BUSY] = 3004, [UNKNOWN] = 5030};
    struct piece p = next_piece();
    unsigned how = p.size ? p.data[0] % HOWS : SILENCE;
    struct dia_outcome o = {.err = how == LOST ? ERR_DIA_PEER_LOST : ERR_TIMEOUT, .peer = "p.org"};
    struct msg_hdr *hdr;
    bool ok = false;
    must(fd_msg_hdr(s->msg, &hdr) == 0);
    if (how != SILENCE && how != LOST)
        o.answer = gx_gy_message(hdr->msg_appl, hdr->msg_code, false, p.data + 1, p.size - 1, &ok);
    if (o.answer) {
        o.err = ok ? ERR_OK : ERR_DIA_BAD_ANSWER;
        if (how != AS_IT_IS) {
            must(dia_add_text(o.answer, AVP_ORIGIN_HOST, "p.example.org") == ERR_OK);
            must(dia_add_text(o.answer, AVP_ORIGIN_REALM, "example.org") == ERR_OK);
            must(dia_add_result(o.answer, how == UNKNOWN ? DIA_3GPP : 0, codes[how]) == ERR_OK);
        }
    }
    s->done(s->ctx, &o);
    if (o.answer)
        fd_msg_free(o.answer);
    if (how == SILENCE && p.size > 1)
        answer_late(s, &p);
}

static void agw_answer(const struct sent *s)
{
    static const enum err errs[] = {ERR_RPC_UNREACHABLE, ERR_TIMEOUT, ERR_FULL, ERR_RPC_PROTOCOL};
    struct piece p = next_piece();
    struct rpc_tunnel_result r = {.err = ERR_TIMEOUT};
    if (p.size) {
        r.err = p.data[0] & 1 ? errs[p.data[0] / 2 % 4] : ERR_OK;
        r.status = p.data[0] & 2 ? p.data[0] / 4 % 17 : RPC_OK;
        r.payload = p.data + 1;
        r.len = p.size - 1;
    }
    s->agw_done(s->ctx, &r);
}

static void all_comes_back(void)
{
    for (; n_back < n_sent; n_back++) {
        const struct sent s = sent[n_back];
        if (s.agw_done)
            agw_answer(&s);
        else if (s.done)
            answer(&s);
        if (s.msg)
            fd_msg_free(s.msg);
        run_loop();
    }
}

// ---- calls of access gateways ----
struct rpc_call {
    struct piece request;
    const ProtobufCMessageDescriptor *reply;
    void (*on_cancel)(struct rpc_call *call, void *arg);
    void *cancel_arg;
    int replies;
};

const uint8_t *rpc_call_request(const struct rpc_call *call, size_t *len)
{
    *len = call->request.size;
    return call->request.data;
}

const char *rpc_call_gateway(const struct rpc_call *call)
{
    return "agw1";
}

int64_t rpc_call_deadline_ns(const struct rpc_call *call)
{
    return base_now_ns() + 60 * BASE_S_NS;
}

struct base_loop *rpc_call_loop(const struct rpc_call *call)
{
    return loop;
}

void rpc_call_on_cancel(struct rpc_call *call, void (*fn)(struct rpc_call *call, void *arg),
                        void *arg)
{
    must(call->replies == 0);
    call->on_cancel = fn;
    call->cancel_arg = arg;
}

void rpc_call_reply(struct rpc_call *call, int status, const char *message, const uint8_t *payload,
                    size_t len)
{
    must(call->replies++ == 0 && status >= 0 && status <= 16);
    must(status == RPC_OK || (message && message[0]));
    if (status != RPC_OK)
        return;
    ProtobufCMessage *reply = protobuf_c_message_unpack(call->reply, NULL, len, payload);
    must(reply != NULL);
    protobuf_c_message_free_unpacked(reply, NULL);
}

static void from_access_gateway(size_t kind, bool cancel)
{
    struct rpc_call call = {.request = next_piece(), .reply = procedures[kind].reply};
    const struct rpc_method *m = gxgy_methods;
    while (strcmp(m->path, procedures[kind].path) != 0)
        m++;
    m->unary(&call, m->ctx);
    if (cancel && call.replies == 0 && call.on_cancel)
        call.on_cancel(&call, call.cancel_arg);
    all_comes_back();
    must(call.replies == 1);
}

// ---- requests of the core ----
struct dia_inbound {
    struct msg *request;
    int answers;
};
static struct {
    uint32_t application, command;
    dia_inbound_fn fn;
    void *ctx;
} accepted[4];
static size_t n_accepted;

enum err dia_accept(uint32_t application, uint32_t command, dia_inbound_fn fn, void *ctx)
{
    must(n_accepted < 4);
    accepted[n_accepted].application = application;
    accepted[n_accepted].command = command;
    accepted[n_accepted].fn = fn;
    accepted[n_accepted++].ctx = ctx;
    return ERR_OK;
}

enum err dia_advertise(uint32_t application, uint32_t vendor)
{
    return ERR_OK;
}

const char *dia_origin_host(void)
{
    return "fgw.example.org";
}

const char *dia_origin_realm(void)
{
    return "example.org";
}

struct msg *dia_inbound_request(struct dia_inbound *inbound)
{
    return inbound->request;
}

const char *dia_inbound_peer(const struct dia_inbound *inbound)
{
    return "dra.example.org";
}

struct base_loop *dia_inbound_loop(const struct dia_inbound *inbound)
{
    return loop;
}

int64_t dia_inbound_deadline_ns(const struct dia_inbound *inbound)
{
    return base_now_ns() + 60 * BASE_S_NS;
}

enum err dia_inbound_answer(struct dia_inbound *inbound, struct msg **out)
{
    struct msg_hdr *hdr;
    must(fd_msg_hdr(inbound->request, &hdr) == 0);
    must(fd_msg_new(dia_dict_command(hdr->msg_code, false), 0, out) == 0);
    return dia_add_origin(*out);
}

void dia_inbound_take_back(struct dia_inbound *inbound, struct msg **msg)
{
    if (*msg)
        fd_msg_free(*msg);
    *msg = NULL;
}

void dia_inbound_send(struct dia_inbound *inbound, struct msg **msg)
{
    must(inbound->answers++ == 0 && dia_msg_result(*msg).code != 0);
    check_built(*msg);
    fd_msg_free(*msg);
    *msg = NULL;
}

void dia_inbound_result(struct dia_inbound *inbound, uint32_t vendor, uint32_t code)
{
    struct msg *msg = NULL;
    must(dia_inbound_answer(inbound, &msg) == ERR_OK);
    must(dia_add_result(msg, vendor, code) == ERR_OK);
    dia_inbound_send(inbound, &msg);
}

static void from_core(size_t kind, bool with_session)
{
    uint32_t application = procedures[kind].application, command = procedures[kind].command;
    struct piece p = next_piece();
    struct dia_inbound inbound = {0};
    bool ok = false;
    inbound.request = gx_gy_message(application, command, true, p.data, p.size, &ok);
    if (inbound.request && ok) { // otherwise the stack has answered
        if (with_session)
            must(dia_add_text(inbound.request, AVP_SESSION_ID,
                              application == DIA_APP_GX
                                  ? "fgw.example.org;1;1;agw1;IMSI001010000000001-1"
                                  : "fgw.example.org;1;2;agw1;IMSI001010000000001-1") == ERR_OK);
        for (size_t i = 0; i < n_accepted; i++)
            if (accepted[i].application == application && accepted[i].command == command)
                accepted[i].fn(accepted[i].ctx, &inbound);
        all_comes_back();
        must(inbound.answers == 1);
    }
    if (inbound.request)
        fd_msg_free(inbound.request);
}

static void free_loop(void)
{
    base_loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gx_gy_world();
    if (!loop) {
        must(base_loop_new("fuzz", 64, &loop) == ERR_OK);
        must(gxgy_down_accept() == ERR_OK && gxgy_late_start() == ERR_OK);
        atexit(free_loop);
    }
    if (size < 2 || size > INPUT_MAX)
        return 0;
    size_t kind = data[0] & 7;
    gx_gy_settings(settings[data[0] >> 3 & 7]);
    gx_gy_agw_call = agw_call;
    failing = data[1];
    rest = (struct piece){data + 2, size - 2};
    n_sent = n_back = 0;
    if (procedures[kind].path)
        from_access_gateway(kind, data[0] & 0x40);
    else
        from_core(kind, data[0] & 0x80);
    gxgy_late_stop();
    return 0;
}
