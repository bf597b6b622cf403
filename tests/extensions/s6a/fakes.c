// SPDX-License-Identifier: BSD-3-Clause
#include "fakes.h"

#include "base/clock.h"
#include "rpc/status.h"

struct fakes fakes;

static struct {
    dia_inbound_fn fn;
    void *ctx;
    uint32_t command;
} accepted[8];
static size_t n_accepted;

int fake_setup(void **state)
{
    memset(&fakes, 0, sizeof(fakes));
    if (base_loop_new("test", 16, &fakes.loop) != ERR_OK)
        return -1;
    struct conf *conf = NULL;
    if (conf_parse("test", "", &conf) != ERR_OK ||
        conf_read(conf, "s6a", s6a_settings_keys, &fakes.settings) != ERR_OK)
        return -1;
    *state = conf;
    if (n_accepted == 0 && s6a_down_accept() != ERR_OK)
        return -1;
    return 0;
}

int fake_teardown(void **state)
{
    if (fakes.sent)
        fd_msg_free(fakes.sent);
    if (fakes.inbound.request)
        fd_msg_free(fakes.inbound.request);
    if (fakes.inbound.answer)
        fd_msg_free(fakes.inbound.answer);
    if (fakes.reply)
        protobuf_c_message_free_unpacked(fakes.reply, NULL);
    base_loop_free(fakes.loop);
    conf_free(*state);
    return 0;
}

void fake_serves(const char *imsi, const char *gateway)
{
    snprintf(fakes.imsi, sizeof(fakes.imsi), "%s", imsi);
    snprintf(fakes.gateway, sizeof(fakes.gateway), "%s", gateway);
}

// ---- rpc ----
struct rpc_call *fake_call_bytes(const char *path, const char *gateway, const void *data,
                                 size_t len)
{
    const struct rpc_method *m = s6a_methods;
    struct rpc_call *call = &fakes.call;
    memset(call, 0, sizeof(*call));
    assert_true(len <= sizeof(call->request));
    memcpy(call->request, data, len);
    call->len = len;
    call->gateway = gateway;
    call->deadline_ns = base_now_ns() + 10 * BASE_S_NS;
    while (m->path && strcmp(m->path, path) != 0)
        m++;
    assert_non_null(m->path);
    m->unary(call, m->ctx);
    return call;
}

struct rpc_call *fake_call(const char *path, const char *gateway, const ProtobufCMessage *message)
{
    uint8_t bytes[4096];
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof(bytes));
    size_t len = protobuf_c_message_pack(message, bytes);
    return fake_call_bytes(path, gateway, bytes, len);
}

ProtobufCMessage *fake_reply(const ProtobufCMessageDescriptor *type)
{
    assert_int_equal(fakes.call.replies, 1);
    assert_int_equal(fakes.call.status, RPC_OK);
    if (fakes.reply)
        protobuf_c_message_free_unpacked(fakes.reply, NULL);
    fakes.reply = protobuf_c_message_unpack(type, NULL, fakes.call.payload_len, fakes.call.payload);
    assert_non_null(fakes.reply);
    return fakes.reply;
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
    return fakes.loop;
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
    return "mme.example.org";
}

const char *dia_origin_realm(void)
{
    return "example.org";
}

enum err dia_send(struct base_loop *loop, struct msg **request,
                  const struct dia_send_options *options, dia_done done, void *ctx,
                  base_handle *out)
{
    assert_ptr_equal(loop, fakes.loop);
    if (fakes.sent)
        fd_msg_free(fakes.sent);
    fakes.sent = *request;
    *request = NULL;
    fakes.n_sent++;
    fakes.timeout_ms = options->timeout_ms;
    fakes.done = done;
    fakes.done_ctx = ctx;
    if (out)
        *out = 1;
    return fakes.send_err;
}

void dia_cancel(struct base_loop *loop, base_handle handle)
{
    assert_int_equal(handle, 1);
    fakes.cancelled++;
    fakes.done = NULL;
}

static void outcome(enum err err, struct msg *answer)
{
    const struct dia_outcome o = {.err = err,
                                  .answer = answer,
                                  .peer = answer ? "hss.example.org" : "",
                                  .elapsed_ns = 1000000};
    dia_done done = fakes.done;
    assert_non_null(done);
    fakes.done = NULL;
    done(fakes.done_ctx, &o);
}

void fake_answer(const char *avps_hex)
{
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(fakes.sent, &hdr), 0);
    struct msg *answer = kit_message(hdr->msg_code, false, avps_hex);
    outcome(ERR_OK, answer);
    fd_msg_free(answer);
}

void fake_broken_answer(const char *avps_hex)
{
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(fakes.sent, &hdr), 0);
    struct msg *answer = kit_broken_message(hdr->msg_code, avps_hex);
    outcome(ERR_DIA_BAD_ANSWER, answer);
    fd_msg_free(answer);
}

void fake_fail(enum err err)
{
    outcome(err, NULL);
}

enum err dia_accept(uint32_t application, uint32_t command, dia_inbound_fn fn, void *ctx)
{
    assert_int_equal(application, DIA_APP_S6A);
    accepted[n_accepted].fn = fn;
    accepted[n_accepted].ctx = ctx;
    accepted[n_accepted++].command = command;
    return ERR_OK;
}

enum err dia_advertise(uint32_t application, uint32_t vendor)
{
    assert_int_equal(application, DIA_APP_S6A);
    return vendor == DIA_3GPP ? ERR_OK : ERR_INVALID;
}

struct dia_inbound *fake_inbound(uint32_t command, const char *avps_hex)
{
    struct dia_inbound *inbound = &fakes.inbound;
    if (inbound->request)
        fd_msg_free(inbound->request);
    if (inbound->answer)
        fd_msg_free(inbound->answer);
    memset(inbound, 0, sizeof(*inbound));
    inbound->request = kit_message(command, true, avps_hex);
    inbound->deadline_ns =
        base_now_ns() + (fakes.inbound_ms ? fakes.inbound_ms : 8000) * BASE_MS_NS;
    for (size_t i = 0; i < n_accepted; i++)
        if (accepted[i].command == command)
            accepted[i].fn(accepted[i].ctx, inbound);
    return inbound;
}

struct msg *dia_inbound_request(struct dia_inbound *inbound)
{
    return inbound->request;
}

const char *dia_inbound_peer(const struct dia_inbound *inbound)
{
    return "hss.example.org";
}

struct base_loop *dia_inbound_loop(const struct dia_inbound *inbound)
{
    return fakes.loop;
}

int64_t dia_inbound_deadline_ns(const struct dia_inbound *inbound)
{
    return inbound->deadline_ns;
}

enum err dia_inbound_answer(struct dia_inbound *inbound, struct msg **answer)
{
    struct msg_hdr *hdr;
    assert_int_equal(fd_msg_hdr(inbound->request, &hdr), 0);
    assert_int_equal(fd_msg_new(dia_dict_command(hdr->msg_code, false), 0, answer), 0);
    return dia_add_origin(*answer);
}

void dia_inbound_send(struct dia_inbound *inbound, struct msg **answer)
{
    assert_int_equal(inbound->answers, 0);
    inbound->answers++;
    inbound->answer = *answer;
    *answer = NULL;
}

void dia_inbound_result(struct dia_inbound *inbound, uint32_t vendor, uint32_t code)
{
    struct msg *answer = NULL;
    assert_int_equal(dia_inbound_answer(inbound, &answer), ERR_OK);
    assert_int_equal(dia_add_result(answer, vendor, code), ERR_OK);
    dia_inbound_send(inbound, &answer);
}

uint32_t fake_result_code(bool *experimental)
{
    assert_int_equal(fakes.inbound.answers, 1);
    const struct dia_result result = dia_msg_result(fakes.inbound.answer);
    if (experimental)
        *experimental = result.experimental;
    return result.code;
}

// ---- gateway API ----
const void *fgw_settings(const struct fgw_interface *interface)
{
    assert_ptr_equal(interface, &s6a_interface);
    return &fakes.settings;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    fakes.n_admit++;
    fakes.admit_plmn[0] = '\0';
    if (plmn)
        base_plmn_text(plmn, fakes.admit_plmn);
    return fakes.admit_err;
}

enum err fgw_directory_learn(const struct base_imsi *imsi, const char *gateway, char *previous)
{
    if (previous)
        previous[0] = '\0';
    if (previous && strcmp(fakes.imsi, imsi->digits) == 0 && strcmp(fakes.gateway, gateway) != 0)
        snprintf(previous, FGW_GATEWAY_ID_MAX + 1, "%s", fakes.gateway);
    snprintf(fakes.imsi, sizeof(fakes.imsi), "%s", imsi->digits);
    snprintf(fakes.gateway, sizeof(fakes.gateway), "%s", gateway);
    return ERR_OK;
}

enum err fgw_directory_find(const struct base_imsi *imsi, char *gateway, size_t size)
{
    if (strcmp(fakes.imsi, imsi->digits) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    snprintf(gateway, size, "%s", fakes.gateway);
    return ERR_OK;
}

enum err fgw_directory_forget(const struct base_imsi *imsi, const char *gateway)
{
    if (strcmp(fakes.imsi, imsi->digits) != 0 || strcmp(fakes.gateway, gateway) != 0)
        return ERR_NOT_FOUND;
    fakes.imsi[0] = '\0';
    return ERR_OK;
}

enum err fgw_directory_gateways(void (*visit)(const char *gateway, void *arg), void *arg)
{
    for (size_t i = 0; fakes.gateways[i]; i++)
        visit(fakes.gateways[i], arg);
    return ERR_OK;
}

static struct {
    void (*visit)(const char *gateway, void *arg);
    void (*done)(enum err err, void *arg);
    void *arg;
} search;

void fake_search_ends(enum err err)
{
    for (size_t i = 0; fakes.gateways[i] && strcmp(fakes.imsi, "") == 0; i++)
        search.visit(fakes.gateways[i], search.arg);
    if (strncmp(fakes.searched, fakes.imsi, strlen(fakes.searched)) == 0)
        search.visit(fakes.gateway, search.arg);
    search.done(err, search.arg);
}

enum err fgw_directory_search(struct base_loop *loop, enum fgw_access access,
                              const char *const *prefixes, size_t n,
                              void (*visit)(const char *gateway, void *arg),
                              void (*done)(enum err err, void *arg), void *arg)
{
    assert_int_equal(access, FGW_ACCESS_MME);
    assert_true(n > 0);
    search.visit = visit;
    search.done = done;
    search.arg = arg;
    snprintf(fakes.searched, sizeof(fakes.searched), "%s", prefixes[0]);
    if (fakes.search_err == ERR_OK && !fakes.search_later)
        fake_search_ends(ERR_OK);
    return fakes.search_err;
}

enum err fgw_directory_learn_host(enum fgw_access access, const struct base_imsi *imsi,
                                  const char *host)
{
    if (strcmp(fakes.imsi, imsi->digits) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    if (fakes.host_err == ERR_OK)
        snprintf(fakes.host, sizeof(fakes.host), "%s", host);
    return fakes.host_err;
}

enum err fgw_directory_host(enum fgw_access access, const struct base_imsi *imsi, char *host,
                            size_t size)
{
    if (strcmp(fakes.imsi, imsi->digits) != 0 || !fakes.host[0])
        return ERR_NOT_FOUND;
    snprintf(host, size, "%s", fakes.host);
    return ERR_OK;
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    struct fake_agw_call *c = &fakes.agw[fakes.n_agw];
    assert_true(fakes.n_agw < sizeof(fakes.agw) / sizeof(fakes.agw[0]));
    assert_true(call->len <= sizeof(c->message));
    snprintf(c->gateway, sizeof(c->gateway), "%s", call->gateway);
    snprintf(c->service, sizeof(c->service), "%s", call->service);
    snprintf(c->path, sizeof(c->path), "%s", call->path);
    memcpy(c->message, call->message, call->len);
    c->len = call->len;
    c->timeout_ms = call->timeout_ms;
    c->done = done;
    c->ctx = ctx;
    if (fakes.agw_err == ERR_OK)
        fakes.n_agw++;
    return fakes.agw_err;
}

static void agw_outcome(size_t i, const struct rpc_tunnel_result *result)
{
    assert_true(i < fakes.n_agw);
    rpc_tunnel_done done = fakes.agw[i].done;
    assert_non_null(done);
    fakes.agw[i].done = NULL;
    done(fakes.agw[i].ctx, result);
}

void fake_agw_answer(size_t i, int status, const ProtobufCMessage *message)
{
    uint8_t bytes[4096];
    size_t len = message ? protobuf_c_message_pack(message, bytes) : 0;
    agw_outcome(i, &(struct rpc_tunnel_result){.status = status, .payload = bytes, .len = len});
}

void fake_agw_fail(size_t i, enum err err)
{
    agw_outcome(i, &(struct rpc_tunnel_result){.err = err});
}

ProtobufCMessage *fake_agw_request(size_t i, const ProtobufCMessageDescriptor *type)
{
    assert_true(i < fakes.n_agw);
    if (fakes.reply)
        protobuf_c_message_free_unpacked(fakes.reply, NULL);
    fakes.reply = protobuf_c_message_unpack(type, NULL, fakes.agw[i].len, fakes.agw[i].message);
    assert_non_null(fakes.reply);
    return fakes.reply;
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
    assert_string_equal(interface, "s6a");
    fakes.n_count++;
    snprintf(fakes.label, sizeof(fakes.label), "%s", result);
}
