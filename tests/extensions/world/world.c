// SPDX-License-Identifier: BSD-3-Clause
#include "world.h"

#include "base/clock.h"
#include "base/ident.h"
#include "rpc/status.h"

enum { HEADER = 20, MESSAGE_MAX = 8192, INBOUND_MS = 8000, CALL_S = 10 };

struct world world;
static char origin_host[] = "fgw.example.org", origin_realm[] = "example.org";

// ---- dictionary ----
static void no_log(int level, const char *format, va_list args) {}

static void report(void *arg, const char *text)
{
    print_error("%s\n", text);
}

int world_dictionary(enum err (*compile)(void (*report)(void *arg, const char *text), void *arg))
{
    fd_log_handler_register(no_log);
    if (fd_core_initialize() != 0 || dia_dict_load(FGW_TEST_DICTIONARIES) != ERR_OK)
        return -1;
    fd_g_config->cnf_diamid = origin_host;
    fd_g_config->cnf_diamid_len = strlen(origin_host);
    fd_g_config->cnf_diamrlm = origin_realm;
    fd_g_config->cnf_diamrlm_len = strlen(origin_realm);
    return !compile || compile(report, NULL) == ERR_OK ? 0 : -1;
}

static size_t wire_bytes(uint32_t application, uint32_t command, bool request, const char *hex,
                         uint8_t *bytes)
{
    size_t len;
    assert_int_equal(base_hex_decode(hex, bytes + HEADER, MESSAGE_MAX - HEADER, &len), ERR_OK);
    len += HEADER;
    bytes[0] = 1;
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    bytes[4] = request ? 0xc0 : 0x40;
    for (int i = 0; i < 3; i++)
        bytes[5 + i] = (uint8_t)(command >> (16 - 8 * i));
    for (int i = 0; i < 4; i++)
        bytes[8 + i] = (uint8_t)(application >> (24 - 8 * i));
    return len;
}

struct msg *world_message(uint32_t application, uint32_t command, bool request, const char *hex)
{
    uint8_t bytes[MESSAGE_MAX] = {0};
    struct msg *msg = NULL;
    size_t len = wire_bytes(application, command, request, hex, bytes);
    assert_int_equal(dia_msg_parse(bytes, len, &msg), ERR_OK);
    return msg;
}

struct msg *world_broken_message(uint32_t application, uint32_t command, const char *hex)
{
    uint8_t *bytes = calloc(1, MESSAGE_MAX);
    struct msg *msg = NULL;
    struct avp *avp = NULL;
    struct fd_pei pei;
    assert_non_null(bytes);
    size_t len = wire_bytes(application, command, false, hex, bytes);
    assert_int_equal(fd_msg_parse_buffer(&bytes, len, &msg), 0);
    fd_msg_parse_dict(msg, fd_g_config->cnf_dict, &pei);
    fd_msg_browse(msg, MSG_BRW_FIRST_CHILD, &avp, NULL);
    while (avp) {
        fd_msg_parse_dict(avp, fd_g_config->cnf_dict, &pei);
        fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL);
    }
    return msg;
}

char *world_avps_hex(struct msg *msg)
{
    uint8_t *bytes;
    size_t len;
    assert_int_equal(dia_msg_bytes(msg, &bytes, &len), ERR_OK);
    assert_true(len >= HEADER);
    char *hex = malloc(2 * (len - HEADER) + 1);
    assert_non_null(hex);
    base_hex_encode(bytes + HEADER, len - HEADER, hex);
    free(bytes);
    return hex;
}

void world_encodes_as(const struct xlate_table *table, const ProtobufCMessage *from,
                      const char *hex)
{
    const struct xlate_def *def = xlate_def(table);
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    struct msg *msg = NULL;
    assert_int_equal(dia_request_new(def->application, def->command, &msg), ERR_OK);
    assert_int_equal(xlate_encode(table, from, msg, &ctx), ERR_OK);
    char *got = world_avps_hex(msg);
    assert_string_equal(got, hex);
    free(got);
    fd_msg_free(msg);
    base_arena_free(ctx.arena);
}

ProtobufCMessage *world_decode(const struct xlate_table *table, const char *hex,
                               struct xlate_ctx *ctx)
{
    const struct xlate_def *def = xlate_def(table);
    struct msg *msg = world_message(def->application, def->command, def->request, hex);
    ProtobufCMessage *out = NULL;
    enum err err = xlate_decode(table, msg, ctx, &out);
    fd_msg_free(msg);
    assert_int_equal(err, ERR_OK);
    return out;
}

// ---- life of a test ----
int world_setup(const struct fgw_interface *interface)
{
    static bool started;
    memset(&world, 0, sizeof(world));
    world.interface = interface;
    world.settings = calloc(1, interface->settings_size);
    if (!world.settings || base_loop_new("test", 16, &world.loop) != ERR_OK ||
        conf_parse("test", "", &world.conf) != ERR_OK ||
        conf_read(world.conf, interface->name, interface->settings, world.settings) != ERR_OK)
        return -1;
    if (!started && interface->start() != ERR_OK)
        return -1;
    started = true;
    return 0;
}

static void free_msg(struct msg **msg)
{
    if (*msg)
        fd_msg_free(*msg);
    *msg = NULL;
}

int world_teardown(void **state)
{
    free_msg(&world.sent);
    free_msg(&world.inbound.request);
    free_msg(&world.inbound.answer);
    if (world.reply)
        protobuf_c_message_free_unpacked(world.reply, NULL);
    base_loop_free(world.loop);
    conf_free(world.conf);
    free(world.settings);
    return 0;
}

// ---- rpc ----
struct rpc_call *world_call_bytes(const char *path, const char *gateway, const void *data,
                                  size_t len)
{
    const struct rpc_method *m = world.interface->methods;
    struct rpc_call *call = &world.call;
    memset(call, 0, sizeof(*call));
    assert_true(len <= sizeof(call->request));
    memcpy(call->request, data, len);
    call->len = len;
    call->gateway = gateway;
    call->deadline_ns = base_now_ns() + CALL_S * BASE_S_NS;
    while (m->path && strcmp(m->path, path) != 0)
        m++;
    assert_non_null(m->path);
    m->unary(call, m->ctx);
    return call;
}

struct rpc_call *world_call(const char *path, const char *gateway, const ProtobufCMessage *message)
{
    uint8_t bytes[4096];
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof(bytes));
    return world_call_bytes(path, gateway, bytes, protobuf_c_message_pack(message, bytes));
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, size_t len,
                                const uint8_t *data)
{
    if (world.reply)
        protobuf_c_message_free_unpacked(world.reply, NULL);
    world.reply = protobuf_c_message_unpack(type, NULL, len, data);
    assert_non_null(world.reply);
    return world.reply;
}

ProtobufCMessage *world_reply(const ProtobufCMessageDescriptor *type)
{
    assert_int_equal(world.call.replies, 1);
    assert_int_equal(world.call.status, RPC_OK);
    return unpack(type, world.call.payload_len, world.call.payload);
}

void world_cancel(void)
{
    assert_non_null(world.call.on_cancel);
    world.call.on_cancel(&world.call, world.call.cancel_arg);
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
    return origin_host;
}

const char *dia_origin_realm(void)
{
    return origin_realm;
}

enum err dia_send(struct base_loop *loop, struct msg **request,
                  const struct dia_send_options *options, dia_done done, void *ctx,
                  base_handle *out)
{
    assert_ptr_equal(loop, world.loop);
    free_msg(&world.sent);
    world.sent = *request;
    *request = NULL;
    world.n_sent++;
    world.timeout_ms = options->timeout_ms;
    world.done = world.send_err ? NULL : done;
    world.done_ctx = ctx;
    *out = 1;
    return world.send_err;
}

void dia_cancel(struct base_loop *loop, base_handle handle)
{
    assert_int_equal(handle, 1);
    world.cancelled++;
    world.done = NULL;
}

static void outcome(enum err err, struct msg *answer)
{
    const struct dia_outcome o = {
        .err = err, .answer = answer, .peer = answer ? "peer.example.org" : "", .elapsed_ns = 1};
    dia_done done = world.done;
    assert_non_null(done);
    world.done = NULL;
    done(world.done_ctx, &o);
}

static const struct msg_hdr *sent_header(void)
{
    struct msg_hdr *hdr = NULL;
    assert_non_null(world.sent);
    assert_non_null(world.done);
    assert_int_equal(fd_msg_hdr(world.sent, &hdr), 0);
    return hdr;
}

void world_answer(const char *hex)
{
    const struct msg_hdr *hdr = sent_header();
    struct msg *answer = world_message(hdr->msg_appl, hdr->msg_code, false, hex);
    outcome(ERR_OK, answer);
    fd_msg_free(answer);
}

void world_broken_answer(const char *hex)
{
    const struct msg_hdr *hdr = sent_header();
    struct msg *answer = world_broken_message(hdr->msg_appl, hdr->msg_code, hex);
    outcome(ERR_DIA_BAD_ANSWER, answer);
    fd_msg_free(answer);
}

void world_fail(enum err err)
{
    outcome(err, NULL);
}

uint32_t world_sent_command(void)
{
    return sent_header()->msg_code;
}

uint32_t world_sent_u32(dia_avp_id id)
{
    uint32_t value;
    assert_int_equal(dia_get_u32(world.sent, id, &value), ERR_OK);
    return value;
}

const char *world_sent_text(dia_avp_id id)
{
    static char text[300];
    const uint8_t *data;
    size_t len;
    if (dia_get_bytes(world.sent, id, &data, &len) != ERR_OK)
        return "";
    snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)data);
    return text;
}

static struct {
    dia_inbound_fn fn;
    void *ctx;
    uint32_t application, command;
} accepted[8];
static size_t n_accepted;

enum err dia_accept(uint32_t application, uint32_t command, dia_inbound_fn fn, void *ctx)
{
    accepted[n_accepted].fn = fn;
    accepted[n_accepted].ctx = ctx;
    accepted[n_accepted].application = application;
    accepted[n_accepted++].command = command;
    return ERR_OK;
}

enum err dia_advertise(uint32_t application, uint32_t vendor)
{
    return dia_dict_application(application) ? ERR_OK : ERR_DIA_DICT;
}

struct dia_inbound *world_inbound(uint32_t application, uint32_t command, const char *hex)
{
    struct dia_inbound *inbound = &world.inbound;
    free_msg(&inbound->request);
    free_msg(&inbound->answer);
    memset(inbound, 0, sizeof(*inbound));
    inbound->request = world_message(application, command, true, hex);
    inbound->deadline_ns =
        base_now_ns() + (world.inbound_ms ? world.inbound_ms : INBOUND_MS) * BASE_MS_NS;
    for (size_t i = 0; i < n_accepted; i++)
        if (accepted[i].application == application && accepted[i].command == command)
            accepted[i].fn(accepted[i].ctx, inbound);
    return inbound;
}

struct msg *dia_inbound_request(struct dia_inbound *inbound)
{
    return inbound->request;
}

const char *dia_inbound_peer(const struct dia_inbound *inbound)
{
    return "peer.example.org";
}

struct base_loop *dia_inbound_loop(const struct dia_inbound *inbound)
{
    return world.loop;
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

void dia_inbound_take_back(struct dia_inbound *inbound, struct msg **answer)
{
    free_msg(answer);
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

uint32_t world_result_code(bool *experimental)
{
    assert_int_equal(world.inbound.answers, 1);
    const struct dia_result result = dia_msg_result(world.inbound.answer);
    if (experimental)
        *experimental = result.experimental;
    return result.code;
}

// ---- gateway API ----
const void *fgw_settings(const struct fgw_interface *interface)
{
    assert_ptr_equal(interface, world.interface);
    return world.settings;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    world.n_admit++;
    world.admit_plmn[0] = '\0';
    if (plmn)
        base_plmn_text(plmn, world.admit_plmn);
    return world.admit_err;
}

void world_serve(enum fgw_access access, const char *imsi, const char *gateway)
{
    snprintf(world.imsi[access], sizeof(world.imsi[access]), "%s", gateway[0] ? imsi : "");
    snprintf(world.gateway[access], sizeof(world.gateway[access]), "%s", gateway);
}

enum err fgw_directory_learn_at(enum fgw_access access, const struct base_imsi *imsi,
                                const char *gateway, char *previous)
{
    char *at = world.gateway[access];
    bool known = strcmp(world.imsi[access], imsi->digits) == 0;
    if (previous)
        snprintf(previous, FGW_GATEWAY_ID_MAX + 1, "%s",
                 known && strcmp(at, gateway) != 0 ? at : "");
    snprintf(world.imsi[access], sizeof(world.imsi[access]), "%s", imsi->digits);
    snprintf(at, sizeof(world.gateway[access]), "%s", gateway);
    return ERR_OK;
}

enum err fgw_directory_find_at(enum fgw_access access, const struct base_imsi *imsi, char *gateway,
                               size_t size)
{
    if (strcmp(world.imsi[access], imsi->digits) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    snprintf(gateway, size, "%s", world.gateway[access]);
    return ERR_OK;
}

enum err fgw_directory_forget_at(enum fgw_access access, const struct base_imsi *imsi,
                                 const char *gateway)
{
    if (strcmp(world.imsi[access], imsi->digits) != 0 ||
        strcmp(world.gateway[access], gateway) != 0)
        return ERR_NOT_FOUND;
    world.imsi[access][0] = '\0';
    world.host[access][0] = '\0';
    return ERR_OK;
}

enum err fgw_directory_gateways(void (*visit)(const char *gateway, void *arg), void *arg)
{
    for (size_t i = 0; world.gateways[i]; i++)
        visit(world.gateways[i], arg);
    return ERR_OK;
}

static struct {
    enum fgw_access access;
    void (*visit)(const char *gateway, void *arg);
    void (*done)(enum err err, void *arg);
    void *arg;
} search;

// Finds the gateway of the one user, or all gateways where there is none.
void world_search_ends(enum err err)
{
    const char *imsi = world.imsi[search.access];
    for (size_t i = 0; world.gateways[i] && !imsi[0]; i++)
        search.visit(world.gateways[i], search.arg);
    if (strncmp(world.searched, imsi, strlen(world.searched)) == 0)
        search.visit(world.gateway[search.access], search.arg);
    search.done(err, search.arg);
}

enum err fgw_directory_search(struct base_loop *loop, enum fgw_access access,
                              const char *const *prefixes, size_t n,
                              void (*visit)(const char *gateway, void *arg),
                              void (*done)(enum err err, void *arg), void *arg)
{
    assert_true(n > 0);
    search.access = access;
    search.visit = visit;
    search.done = done;
    search.arg = arg;
    snprintf(world.searched, sizeof(world.searched), "%s", prefixes[0]);
    if (world.search_err == ERR_OK && !world.search_later)
        world_search_ends(ERR_OK);
    return world.search_err;
}

enum err fgw_directory_learn_host(enum fgw_access access, const struct base_imsi *imsi,
                                  const char *host)
{
    if (strcmp(world.imsi[access], imsi->digits) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    if (world.host_err == ERR_OK)
        snprintf(world.host[access], sizeof(world.host[access]), "%s", host);
    return world.host_err;
}

enum err fgw_directory_host(enum fgw_access access, const struct base_imsi *imsi, char *host,
                            size_t size)
{
    if (strcmp(world.imsi[access], imsi->digits) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    if (!world.host[access][0])
        return ERR_NOT_FOUND;
    snprintf(host, size, "%s", world.host[access]);
    return ERR_OK;
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    struct world_agw_call *c = &world.agw[world.n_agw];
    assert_true(world.n_agw < sizeof(world.agw) / sizeof(world.agw[0]));
    assert_true(call->len <= sizeof(c->message));
    snprintf(c->gateway, sizeof(c->gateway), "%s", call->gateway);
    snprintf(c->service, sizeof(c->service), "%s", call->service);
    snprintf(c->path, sizeof(c->path), "%s", call->path);
    memcpy(c->message, call->message, call->len);
    c->len = call->len;
    c->timeout_ms = call->timeout_ms;
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

void world_agw_answer(size_t i, int status, const ProtobufCMessage *message)
{
    uint8_t bytes[4096];
    size_t len = message ? protobuf_c_message_pack(message, bytes) : 0;
    agw_outcome(i, &(struct rpc_tunnel_result){.status = status, .payload = bytes, .len = len});
}

void world_agw_fail(size_t i, enum err err)
{
    agw_outcome(i, &(struct rpc_tunnel_result){.err = err});
}

ProtobufCMessage *world_agw_request(size_t i, const ProtobufCMessageDescriptor *type)
{
    assert_true(i < world.n_agw);
    return unpack(type, world.agw[i].len, world.agw[i].message);
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
    assert_string_equal(interface, world.interface->name);
    world.n_count++;
    snprintf(world.label, sizeof(world.label), "%s", result);
}
