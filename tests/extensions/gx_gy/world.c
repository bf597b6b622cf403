// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>

#include "base/clock.h"
#include "kit.h"
#include "rpc/status.h"

struct world world;

static struct {
    dia_inbound_fn fn;
    void *ctx;
    uint32_t application, command;
} accepted[8];
static size_t n_accepted;
static dia_late_fn late[2]; // Gy, Gx

// ---- gRPC ----
void kit_call(const char *method, const ProtobufCMessage *message)
{
    struct rpc_call *call = &world.call;
    char path[128];
    memset(call, 0, sizeof(*call));
    snprintf(path, sizeof(path), "%s%s",
             method[0] == '/' ? "" : "/magma.lte.CentralSessionController/", method);
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof(call->request));
    call->len = protobuf_c_message_pack(message, call->request);
    call->gateway = "agw1";
    call->deadline_ns = base_now_ns() + 6 * BASE_S_NS;
    const struct rpc_method *m = gxgy_methods;
    while (m->path && strcmp(m->path, path) != 0)
        m++;
    assert_non_null(m->path);
    m->unary(call, m->ctx);
}

void *kit_reply(const ProtobufCMessageDescriptor *type)
{
    if (world.call.status != RPC_OK)
        print_error("status %d: %s\n", world.call.status, world.call.message);
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_OK);
    void *reply = protobuf_c_message_unpack(type, base_arena_protobuf(world.arena),
                                            world.call.payload_len, world.call.payload);
    assert_non_null(reply);
    return reply;
}

void kit_run_loop(void)
{
    event_base_loop(base_loop_event_base(world.loop), EVLOOP_NONBLOCK);
}

const uint8_t *rpc_call_request(const struct rpc_call *call, size_t *len)
{
    *len = call->len;
    return call->request;
}

const char *rpc_call_gateway(const struct rpc_call *call)
{
    return call->gateway;
}

int64_t rpc_call_deadline_ns(const struct rpc_call *call)
{
    return call->deadline_ns;
}

struct base_loop *rpc_call_loop(const struct rpc_call *call)
{
    return world.loop;
}

void rpc_call_on_cancel(struct rpc_call *call, void (*fn)(struct rpc_call *call, void *arg),
                        void *arg)
{
    call->on_cancel = fn;
    call->cancel_arg = arg;
}

void rpc_call_reply(struct rpc_call *call, int status, const char *message, const uint8_t *payload,
                    size_t len)
{
    call->replies++;
    call->status = status;
    snprintf(call->message, sizeof(call->message), "%s", message ? message : "");
    assert_true(len <= sizeof(call->payload));
    if (len)
        memcpy(call->payload, payload, len);
    call->payload_len = len;
    assert_in_range(status, 0, 16);
}

// ---- Diameter ----
const char *dia_origin_host(void)
{
    return "fgw.example.org";
}

const char *dia_origin_realm(void)
{
    return "example.org";
}

enum err dia_send(struct base_loop *loop, struct msg **request,
                  const struct dia_send_options *options, dia_done done, void *ctx,
                  base_handle *out)
{
    assert_true(world.n_sent < sizeof(world.sent) / sizeof(world.sent[0]));
    enum err err = !world.send_errs || world.n_sent < world.send_errs ? world.send_err : ERR_OK;
    world.sent[world.n_sent++] = (struct kit_sent){
        .msg = *request, .done = err ? NULL : done, .ctx = ctx, .options = *options};
    *request = NULL;
    *out = world.n_sent;
    return err;
}

void dia_cancel(struct base_loop *loop, base_handle handle)
{
    world.sent[handle - 1].done = NULL;
}

enum err dia_on_late(uint32_t application, uint32_t command, dia_late_fn fn, void *ctx)
{
    late[application == DIA_APP_GX] = fn;
    return ERR_OK;
}

static void outcome(size_t i, enum err err, struct msg *answer)
{
    const struct dia_outcome o = {.err = err,
                                  .answer = answer,
                                  .peer = answer ? "dra.example.org" : "",
                                  .moved = world.moved};
    world.moved = false;
    assert_true(i < world.n_sent);
    dia_done done = world.sent[i].done;
    assert_non_null(done);
    world.sent[i].done = NULL;
    done(world.sent[i].ctx, &o);
    if (answer)
        fd_msg_free(answer);
    kit_run_loop();
}

static void answer(size_t i, uint32_t vendor, uint32_t code, const char *avps_hex)
{
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(world.sent[i].msg, &hdr), 0);
    bool gx = hdr->msg_appl == DIA_APP_GX;
    struct msg *msg = kit_message(hdr->msg_appl, hdr->msg_code, false, avps_hex);
    assert_int_equal(dia_add_text(msg, AVP_ORIGIN_HOST,
                                  world.origin_host ? world.origin_host
                                  : gx              ? "pcrf1.example.org"
                                                    : "ocs1.example.org"),
                     0);
    world.origin_host = NULL;
    assert_int_equal(dia_add_text(msg, AVP_ORIGIN_REALM, "core.example.org"), 0);
    assert_int_equal(dia_add_result(msg, vendor, code), ERR_OK);
    outcome(i, ERR_OK, msg);
}

void kit_answer(size_t i, uint32_t code, const char *avps_hex)
{
    answer(i, 0, code, avps_hex);
}

void kit_late(size_t i, uint32_t code, const char *host, const char *avps_hex)
{
    struct msg_hdr *hdr, *answer_hdr;
    uint32_t number;
    assert_int_equal(fd_msg_hdr(SENT(i), &hdr), 0);
    struct msg *msg = kit_message(hdr->msg_appl, hdr->msg_code, false, avps_hex);
    assert_int_equal(fd_msg_hdr(msg, &answer_hdr), 0);
    answer_hdr->msg_eteid = hdr->msg_eteid;
    assert_int_equal(dia_add_text(msg, AVP_SESSION_ID, VALUE(SENT(i), AVP_SESSION_ID)), ERR_OK);
    assert_int_equal(dia_get_u32(SENT(i), AVP_CC_REQUEST_NUMBER, &number), ERR_OK);
    assert_int_equal(dia_add_u32(msg, AVP_CC_REQUEST_NUMBER, number), ERR_OK);
    assert_int_equal(dia_add_text(msg, AVP_ORIGIN_HOST, host), ERR_OK);
    assert_int_equal(dia_add_text(msg, AVP_ORIGIN_REALM, "late.example.org"), ERR_OK);
    assert_int_equal(dia_add_result(msg, 0, code), ERR_OK);
    late[hdr->msg_appl == DIA_APP_GX](NULL, world.loop, &msg, "dra.example.org");
    if (msg)
        fd_msg_free(msg);
    kit_run_loop();
}

void kit_answer_experimental(size_t i, uint32_t code)
{
    answer(i, DIA_3GPP, code, "");
}

void kit_fail(size_t i, enum err err)
{
    outcome(i, err, NULL);
}

enum err dia_accept(uint32_t application, uint32_t command, dia_inbound_fn fn, void *ctx)
{
    if (!dia_dict_message(application, command, true))
        return ERR_DIA_DICT;
    accepted[n_accepted].fn = fn;
    accepted[n_accepted].ctx = ctx;
    accepted[n_accepted].application = application;
    accepted[n_accepted++].command = command;
    return ERR_OK;
}

enum err dia_advertise(uint32_t application, uint32_t vendor)
{
    return application == DIA_APP_GX ? (vendor == DIA_3GPP ? ERR_OK : ERR_INVALID) : ERR_OK;
}

void kit_inbound(uint32_t application, uint32_t command, const char *session, const char *avps_hex)
{
    struct dia_inbound *inbound = &world.inbound;
    if (inbound->request)
        fd_msg_free(inbound->request);
    if (inbound->answer)
        fd_msg_free(inbound->answer);
    memset(inbound, 0, sizeof(*inbound));
    inbound->request = kit_message(application, command, true, avps_hex);
    if (world.inbound_unknown_m) {
        struct avp_hdr *hdr;
        assert_int_equal(fd_msg_avp_hdr(dia_find(inbound->request, DIA_AVP(0, 64999)), &hdr), 0);
        hdr->avp_flags |= AVP_FLAG_MANDATORY;
    }
    assert_int_equal(dia_add_text(inbound->request, AVP_SESSION_ID, session), ERR_OK);
    inbound->deadline_ns =
        base_now_ns() + (world.inbound_ms ? world.inbound_ms : 8000) * BASE_MS_NS;
    for (size_t i = 0; i < n_accepted; i++)
        if (accepted[i].command == command && accepted[i].application == application)
            accepted[i].fn(accepted[i].ctx, inbound);
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
    return world.loop;
}

int64_t dia_inbound_deadline_ns(const struct dia_inbound *inbound)
{
    return inbound->deadline_ns;
}

enum err dia_inbound_answer(struct dia_inbound *inbound, struct msg **out)
{
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(inbound->request, &hdr), 0);
    assert_int_equal(fd_msg_new(dia_dict_command(hdr->msg_code, false), 0, out), 0);
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
    assert_int_equal(inbound->answers, 0);
    inbound->answers++;
    inbound->answer = *msg;
    *msg = NULL;
}

void dia_inbound_result(struct dia_inbound *inbound, uint32_t vendor, uint32_t code)
{
    struct msg *msg = NULL;
    assert_int_equal(dia_inbound_answer(inbound, &msg), ERR_OK);
    assert_int_equal(dia_add_result(msg, vendor, code), ERR_OK);
    dia_inbound_send(inbound, &msg);
}

uint32_t kit_result(void)
{
    assert_int_equal(world.inbound.answers, 1);
    return dia_msg_result(world.inbound.answer).code;
}

// ---- gateway API ----
const void *fgw_settings(const struct fgw_interface *interface)
{
    assert_ptr_equal(interface, &gxgy_interface);
    if (world.next && world.look_ups > 0)
        world.look_ups--;
    return world.next && world.look_ups == 0 ? world.next : &world.settings;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    return world.admit_err;
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    struct kit_agw_call *c = &world.agw[world.n_agw];
    assert_true(world.n_agw < sizeof(world.agw) / sizeof(world.agw[0]));
    assert_true(call->len <= sizeof(c->message));
    snprintf(c->gateway, sizeof(c->gateway), "%s", call->gateway);
    snprintf(c->service, sizeof(c->service), "%s", call->service);
    snprintf(c->path, sizeof(c->path), "%s", call->path);
    memcpy(c->message, call->message, call->len);
    c->len = call->len;
    c->done = done;
    c->ctx = ctx;
    if (world.agw_err == ERR_OK)
        world.n_agw++;
    return world.agw_err;
}

static void agw_outcome(size_t i, const struct rpc_tunnel_result *result)
{
    assert_true(i < world.n_agw);
    rpc_tunnel_done done = world.agw[i].done;
    assert_non_null(done);
    world.agw[i].done = NULL;
    done(world.agw[i].ctx, result);
}

void kit_agw_answer(size_t i, int status, const ProtobufCMessage *message)
{
    uint8_t bytes[4096];
    size_t len = message ? protobuf_c_message_pack(message, bytes) : 0;
    agw_outcome(i, &(struct rpc_tunnel_result){.status = status, .payload = bytes, .len = len});
}

void kit_agw_fail(size_t i, enum err err)
{
    agw_outcome(i, &(struct rpc_tunnel_result){.err = err});
}

void *kit_agw_request(size_t i, const ProtobufCMessageDescriptor *type)
{
    assert_true(i < world.n_agw);
    void *request = protobuf_c_message_unpack(type, base_arena_protobuf(world.arena),
                                              world.agw[i].len, world.agw[i].message);
    assert_non_null(request);
    return request;
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
    world.n_count++;
    snprintf(world.interface, sizeof(world.interface), "%s", interface);
    snprintf(world.procedure, sizeof(world.procedure), "%s", procedure);
    snprintf(world.label, sizeof(world.label), "%s", result);
}
