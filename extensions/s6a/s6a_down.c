// SPDX-License-Identifier: BSD-3-Clause
// S6a from the HSS to the access gateway: Cancel-Location, Insert- and Delete-Subscriber-Data, and
// the frame of every request of the HSS (Reset itself is in s6a_reset.c). A request is decoded
// strictly, the directory says who serves the subscriber, that gateway is called through its
// tunnel, its answer becomes ours.
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/s6a/s6a.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"
#include "rpc/status.h"

typedef Magma__Feg__CancelLocationRequest CLR;
typedef Fgw__S6a__InsertSubscriberDataRequest IDR;
typedef Fgw__S6a__DeleteSubscriberDataRequest DSR;

#define CANCEL_PATH "/magma.feg.S6aGatewayService/CancelLocation"
#define INSERT_PATH "/fgw.s6a.S6aSubscriberData/InsertSubscriberData"
#define DELETE_PATH "/fgw.s6a.S6aSubscriberData/DeleteSubscriberData"

// Cancellation-Type, TS 29.272 7.3.24
#define TYPE(name) MAGMA__FEG__CANCEL_LOCATION_REQUEST__CANCELLATION_TYPE__##name
typedef Magma__Feg__CancelLocationRequest__CancellationType cancellation_type;
#define CLR_REATTACH_REQUIRED 2u // CLR-Flags bit 1, 7.3.152

// How long before the stack's own answer ours must be ready.
#define ANSWER_MARGIN_MS 200

// ---- answers ----
static enum err fill_answer(struct msg *answer, const struct s6a_core_result *result,
                            const struct xlate_table *table, const ProtobufCMessage *body,
                            struct base_arena *arena)
{
    struct xlate_ctx ctx = {.arena = arena};
    enum err err = ERR_OK;
    if (s6a_settings()->vendor_application)
        err = dia_add_vendor_application(answer, DIA_APP_S6A);
    if (err == ERR_OK)
        err = dia_add_result(answer, result->vendor, result->code);
    if (err == ERR_OK)
        err = dia_add_no_state(answer);
    if (err == ERR_OK && table)
        err = xlate_encode(table, body, answer, &ctx);
    return err;
}

void s6a_answer(struct dia_inbound *inbound, const struct s6a_core_result *result,
                const struct xlate_table *table, const ProtobufCMessage *body,
                struct base_arena *arena)
{
    struct msg *answer = NULL;
    enum err err = dia_inbound_answer(inbound, &answer);
    if (err == ERR_OK)
        err = fill_answer(answer, result, table, body, arena);
    if (err == ERR_OK) {
        dia_inbound_send(inbound, &answer);
        return;
    }
    if (answer)
        fd_msg_free(answer);
    dia_inbound_result(inbound, s6a_core_unable.vendor, s6a_core_unable.code);
}

void s6a_down_answer(struct s6a_down *t, const struct s6a_core_result *result,
                     const struct xlate_table *table, const ProtobufCMessage *body)
{
    if (!t->inbound)
        return;
    int64_t elapsed = base_now_ns() - t->started_ns;
    const struct base_log_subject subject = {.imsi = t->imsi.len ? t->imsi.digits : NULL,
                                             .agw = t->gateway[0] ? t->gateway : NULL,
                                             .peer = t->peer};
    fgw_count("s6a", t->procedure->name, FGW_DOWN, t->peer, result->label, elapsed);
    base_log(&log_s6a, BASE_LOG_INFO, &subject, "%s %s, %.3f ms", t->procedure->name, result->label,
             (double)elapsed / 1e6);
    s6a_answer(t->inbound, result, table, body, t->arena);
    t->inbound = NULL;
}

void s6a_down_free(struct s6a_down *t)
{
    base_arena_free(t->arena);
}

static void end(struct s6a_down *t, const struct s6a_core_result *result)
{
    s6a_down_answer(t, result, NULL, NULL);
    s6a_down_free(t);
}

// ---- calls to access gateways ----
enum err s6a_agw_call(struct base_loop *loop, const char *gateway, const char *path,
                      const uint8_t *packed, size_t len, int64_t timeout_ms, rpc_tunnel_done done,
                      void *ctx)
{
    const struct rpc_tunnel_call call = {
        .gateway = gateway,
        .service = s6a_settings()->agw_service,
        .path = path,
        .message = packed,
        .len = len,
        .timeout_ms = timeout_ms,
    };
    return fgw_agw_call(loop, &call, done, ctx);
}

static uint8_t *pack(struct base_arena *arena, const ProtobufCMessage *message, size_t *len)
{
    *len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = base_arena_alloc(arena, *len ? *len : 1);
    if (bytes)
        protobuf_c_message_pack(message, bytes);
    return bytes;
}

enum err s6a_down_call(struct s6a_down *t, const char *gateway, const char *path,
                       const ProtobufCMessage *message, rpc_tunnel_done done, void *ctx)
{
    int64_t timeout_ms = s6a_settings()->agw_timeout_ms;
    int64_t left_ms = base_ms_until(dia_inbound_deadline_ns(t->inbound)) - ANSWER_MARGIN_MS;
    size_t len;
    uint8_t *packed = pack(t->arena, message, &len);
    if (!packed)
        return ERR_NOMEM;
    if (left_ms <= 0)
        return ERR_TIMEOUT;
    return s6a_agw_call(t->loop, gateway, path, packed, len,
                        left_ms < timeout_ms ? left_ms : timeout_ms, done, ctx);
}

// error_code is field 1 of every answer; false: it is no such message.
static bool read_reply(struct s6a_down *t, const ProtobufCMessageDescriptor *type,
                       const struct rpc_tunnel_result *result, size_t error_code_offset,
                       ProtobufCMessage **reply, uint32_t *error_code)
{
    int32_t code;
    *reply = protobuf_c_message_unpack(type, base_arena_protobuf(t->arena), result->len,
                                       result->payload);
    if (!*reply)
        return false;
    memcpy(&code, (const uint8_t *)*reply + error_code_offset, sizeof(code));
    *error_code = (uint32_t)code;
    return true;
}

// Result of a call that ended, as far as error and gRPC status say it.
static struct s6a_core_result outcome_of(const struct rpc_tunnel_result *result)
{
    return result->err == ERR_OK ? s6a_core_of_status(result->status)
                                 : s6a_core_of_err(result->err);
}

// ---- Cancel-Location ----
static void cancel_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct s6a_down *t = ctx;
    const CLR *clr = (const CLR *)t->request;
    struct s6a_core_result core = outcome_of(result);
    ProtobufCMessage *reply;
    uint32_t code;
    if (s6a_core_is_success(&core)) {
        if (read_reply(t, &magma__feg__cancel_location_answer__descriptor, result,
                       offsetof(Magma__Feg__CancelLocationAnswer, error_code), &reply, &code))
            core = s6a_core_of_code(code);
        else
            core = s6a_core_unable;
    }
    // A gateway that does not know the subscriber has nothing to cancel (5.2.1.2.2).
    if (core.vendor == DIA_3GPP && core.code == S6A_USER_UNKNOWN)
        core = s6a_core_success;
    if (s6a_core_is_success(&core) && clr->cancellation_type != TYPE(INITIAL_ATTACH_PROCEDURE))
        fgw_directory_forget(&t->imsi, t->gateway);
    end(t, &core);
}

// The type the access gateway is told, kept beside the true one.
static void set_cancel_type(CLR *clr, cancellation_type type)
{
    if (clr->cancellation_type == type)
        return;
    clr->original_type_present_case =
        MAGMA__FEG__CANCEL_LOCATION_REQUEST__ORIGINAL_TYPE_PRESENT_ORIGINAL_CANCELLATION_TYPE;
    clr->original_cancellation_type = clr->cancellation_type;
    clr->cancellation_type = type;
}

static void cancel_run(struct s6a_down *t)
{
    CLR *clr = (CLR *)t->request;
    cancellation_type type = clr->cancellation_type;
    CLR told = *clr;
    if (s6a_settings()->cancel_type == S6A_CANCEL_WITHDRAWAL &&
        (type == TYPE(MME_UPDATE_PROCEDURE) || type == TYPE(UPDATE_PROCEDURE_IWF)))
        set_cancel_type(&told, TYPE(SUBSCRIPTION_WITHDRAWAL));
    enum err err = s6a_down_call(t, t->gateway, CANCEL_PATH, &told.base, cancel_done, t);
    if (err != ERR_OK) {
        const struct s6a_core_result core = s6a_core_of_err(err);
        end(t, &core);
    }
}

static void cancel_unknown(struct s6a_down *t)
{
    const struct s6a_core_result success = {0, S6A_DIAMETER_SUCCESS, "not_served"};
    end(t, s6a_settings()->unknown_cancel == S6A_UNKNOWN_USER_UNKNOWN ? &s6a_core_user_unknown
                                                                      : &success);
}

// ---- Insert- and Delete-Subscriber-Data ----
static void reattach_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct s6a_down *t = ctx;
    struct s6a_core_result core = outcome_of(result);
    if (core.code == S6A_DIAMETER_SUCCESS)
        core.label = "reattach";
    end(t, &core);
}

// The access gateway cannot take changes of subscription data.
static void unsupported(struct s6a_down *t)
{
    static const struct s6a_core_result accepted = {0, S6A_DIAMETER_SUCCESS,
                                                    "unsupported_accepted"};
    static const struct s6a_core_result refused = {0, 5012, "unsupported_by_gateway"};
    CLR clr = MAGMA__FEG__CANCEL_LOCATION_REQUEST__INIT;
    switch (s6a_settings()->unsupported_update) {
    case S6A_UNSUPPORTED_ACCEPT:
        end(t, &accepted);
        return;
    case S6A_UNSUPPORTED_REATTACH:
        clr.user_name = t->imsi.digits;
        clr.cancellation_type = TYPE(SUBSCRIPTION_WITHDRAWAL);
        clr.clr_flags_present_case =
            MAGMA__FEG__CANCEL_LOCATION_REQUEST__CLR_FLAGS_PRESENT_CLR_FLAGS;
        clr.clr_flags = CLR_REATTACH_REQUIRED;
        if (s6a_down_call(t, t->gateway, CANCEL_PATH, &clr.base, reattach_done, t) != ERR_OK)
            end(t, &s6a_core_unable);
        return;
    default:
        end(t, &refused);
    }
}

static void update_done(struct s6a_down *t, const struct rpc_tunnel_result *result,
                        const ProtobufCMessageDescriptor *type, size_t error_code_offset,
                        enum s6a_message answer)
{
    struct s6a_core_result core = outcome_of(result);
    ProtobufCMessage *reply = NULL;
    uint32_t code;
    if (result->err == ERR_OK && result->status == RPC_UNIMPLEMENTED) {
        unsupported(t);
        return;
    }
    if (s6a_core_is_success(&core)) {
        if (read_reply(t, type, result, error_code_offset, &reply, &code))
            core = s6a_core_of_code(code);
        else
            core = s6a_core_unable;
    }
    bool body = s6a_core_is_success(&core);
    s6a_down_answer(t, &core, body ? s6a_table(answer) : NULL, reply);
    s6a_down_free(t);
}

static void insert_done(void *ctx, const struct rpc_tunnel_result *result)
{
    update_done(ctx, result, &fgw__s6a__insert_subscriber_data_answer__descriptor,
                offsetof(Fgw__S6a__InsertSubscriberDataAnswer, error_code), S6A_IDA);
}

static void delete_done(void *ctx, const struct rpc_tunnel_result *result)
{
    update_done(ctx, result, &fgw__s6a__delete_subscriber_data_answer__descriptor,
                offsetof(Fgw__S6a__DeleteSubscriberDataAnswer, error_code), S6A_DSA);
}

static void update_run(struct s6a_down *t, const char *path, rpc_tunnel_done done)
{
    enum err err = s6a_down_call(t, t->gateway, path, t->request, done, t);
    if (err != ERR_OK) {
        const struct s6a_core_result core = s6a_core_of_err(err);
        end(t, &core);
    }
}

static void insert_run(struct s6a_down *t)
{
    update_run(t, INSERT_PATH, insert_done);
}

static void delete_run(struct s6a_down *t)
{
    update_run(t, DELETE_PATH, delete_done);
}

static void update_unknown(struct s6a_down *t)
{
    end(t, &s6a_core_user_unknown); // 5.2.2.1.2, 5.2.2.2.2
}

// ---- the frame ----
// Refuses a request that cannot be read, naming the AVP (RFC 6733 7.5).
static void refuse(struct s6a_down *t, enum err err, const struct xlate_ctx *ctx)
{
    const struct s6a_core_result result = {0,
                                           err == ERR_DECODE_MISSING  ? 5005
                                           : err == ERR_DECODE_LENGTH ? 5014
                                           : err_is_peer_fault(err)   ? 5004
                                                                      : 5012,
                                           "invalid_request"};
    struct msg *answer = NULL;
    char where[200];
    const struct base_log_subject subject = {.peer = t->peer};
    base_log_limited(&log_s6a, BASE_LOG_WARN, &subject, "%s refused: %s: %s", t->procedure->name,
                     xlate_where(ctx, where, sizeof(where)), err_str(err));
    fgw_count("s6a", t->procedure->name, FGW_DOWN, t->peer, result.label,
              base_now_ns() - t->started_ns);
    if (dia_inbound_answer(t->inbound, &answer) == ERR_OK &&
        fill_answer(answer, &result, NULL, NULL, t->arena) == ERR_OK) {
        xlate_add_failed(answer, ctx); // without it the answer is still right
        dia_inbound_send(t->inbound, &answer);
    } else {
        if (answer)
            fd_msg_free(answer);
        dia_inbound_result(t->inbound, result.vendor, result.code);
    }
    t->inbound = NULL;
    s6a_down_free(t);
}

static void find_user(struct s6a_down *t)
{
    const char *user_name;
    memcpy(&user_name, (const uint8_t *)t->request + t->procedure->user_name_offset,
           sizeof(user_name));
    enum err err = base_imsi_parse(user_name, strlen(user_name), &t->imsi);
    if (err == ERR_OK)
        err = fgw_directory_find(&t->imsi, t->gateway, sizeof(t->gateway));
    if (err == ERR_OK) {
        t->procedure->run(t);
    } else if (err == ERR_FGW_UNKNOWN_SUBSCRIBER) {
        t->gateway[0] = '\0';
        t->procedure->unknown(t);
    } else {
        end(t, &s6a_core_unable);
    }
}

static void received(void *ctx, struct dia_inbound *inbound)
{
    const struct s6a_down_procedure *p = ctx;
    struct base_arena *arena = base_arena_new(4096, 0);
    struct s6a_down *t = arena ? base_arena_zalloc(arena, sizeof(*t)) : NULL;
    if (!t) {
        base_arena_free(arena);
        dia_inbound_result(inbound, 0, 3004);
        return;
    }
    t->inbound = inbound;
    t->procedure = p;
    t->loop = dia_inbound_loop(inbound);
    t->arena = arena;
    t->started_ns = base_now_ns();
    snprintf(t->peer, sizeof(t->peer), "%s", dia_inbound_peer(inbound));
    struct xlate_ctx x = {.arena = arena};
    enum err err =
        xlate_decode(s6a_table(p->request), dia_inbound_request(inbound), &x, &t->request);
    if (err != ERR_OK)
        refuse(t, err, &x);
    else if (p->needs_user)
        find_user(t);
    else
        p->run(t);
}

static const struct s6a_down_procedure cancel = {.name = "CLR",
                                                 .request = S6A_CLR,
                                                 .run = cancel_run,
                                                 .unknown = cancel_unknown,
                                                 .needs_user = true,
                                                 .user_name_offset = offsetof(CLR, user_name)};
static const struct s6a_down_procedure insert = {.name = "IDR",
                                                 .request = S6A_IDR,
                                                 .run = insert_run,
                                                 .unknown = update_unknown,
                                                 .needs_user = true,
                                                 .user_name_offset = offsetof(IDR, user_name)};
static const struct s6a_down_procedure delete = {.name = "DSR",
                                                 .request = S6A_DSR,
                                                 .run = delete_run,
                                                 .unknown = update_unknown,
                                                 .needs_user = true,
                                                 .user_name_offset = offsetof(DSR, user_name)};

enum err s6a_down_accept(void)
{
    static const struct {
        uint32_t command;
        const struct s6a_down_procedure *procedure;
    } rows[] = {
        {DIA_CMD_CLR, &cancel},
        {DIA_CMD_IDR, &insert},
        {DIA_CMD_DSR, &delete},
        {DIA_CMD_RSR, &s6a_reset_procedure},
    };
    enum err err = dia_advertise(DIA_APP_S6A, DIA_3GPP);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == ERR_OK; i++)
        err = dia_accept(DIA_APP_S6A, rows[i].command, received,
                         (void *)(uintptr_t)rows[i].procedure);
    return err;
}

// ---- a subscriber that moved between our gateways ----
struct moved {
    struct base_arena *arena;
    struct base_imsi imsi;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    int64_t started_ns;
};

static void moved_end(struct moved *m, const struct s6a_core_result *result)
{
    const struct base_log_subject subject = {.imsi = m->imsi.digits, .agw = m->gateway};
    fgw_count("s6a", "moved", FGW_DOWN, "", result->label, base_now_ns() - m->started_ns);
    base_log(&log_s6a, BASE_LOG_INFO, &subject, "cancelled, moved to another access gateway: %s",
             result->label);
    base_arena_free(m->arena);
}

static void moved_done(void *ctx, const struct rpc_tunnel_result *result)
{
    const struct s6a_core_result core = outcome_of(result);
    moved_end(ctx, &core);
}

void s6a_cancel_moved(struct base_loop *loop, const struct base_imsi *imsi, const char *gateway)
{
    const struct s6a_settings *settings = s6a_settings();
    CLR clr = MAGMA__FEG__CANCEL_LOCATION_REQUEST__INIT;
    if (settings->moved_cancel == S6A_MOVED_NONE)
        return;
    struct base_arena *arena = base_arena_new(0, 0);
    struct moved *m = arena ? base_arena_zalloc(arena, sizeof(*m)) : NULL;
    if (!m) {
        base_arena_free(arena);
        return;
    }
    m->arena = arena;
    m->imsi = *imsi;
    m->started_ns = base_now_ns();
    snprintf(m->gateway, sizeof(m->gateway), "%s", gateway);
    clr.user_name = m->imsi.digits;
    clr.cancellation_type = TYPE(MME_UPDATE_PROCEDURE);
    clr.moved_to_other_gateway = 1;
    if (settings->moved_cancel == S6A_MOVED_WITHDRAWAL)
        set_cancel_type(&clr, TYPE(SUBSCRIPTION_WITHDRAWAL));
    size_t len;
    uint8_t *packed = pack(arena, &clr.base, &len);
    enum err err = packed ? s6a_agw_call(loop, m->gateway, CANCEL_PATH, packed, len,
                                         settings->agw_timeout_ms, moved_done, m)
                          : ERR_NOMEM;
    if (err != ERR_OK) {
        const struct s6a_core_result core = s6a_core_of_err(err);
        moved_end(m, &core);
    }
}
