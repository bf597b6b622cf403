// SPDX-License-Identifier: BSD-3-Clause
// S6a from the HSS to the access gateway that serves the subscriber: Cancel-Location, Insert- and
// Delete-Subscriber-Data. Not for Reset (s6a_reset.c).
#include <string.h>

#include "base/clock.h"
#include "diameter/avp.h"
#include "extensions/s6a/s6a.h"
#include "fgw/notice.h"
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

static struct fgw_down_options options(void)
{
    const struct s6a_settings *settings = s6a_settings();
    return (struct fgw_down_options){settings->agw_service, settings->agw_timeout_ms,
                                     settings->vendor_application};
}

const struct fgw_down_interface s6a_down = {
    .name = "s6a",
    .log = &log_s6a,
    .application = DIA_APP_S6A,
    .options = options,
    .unknown = &s6a_core_user_unknown,
    .whole_errors = true, // TS 29.272 7.2 has them in every answer
};

static void end(struct fgw_down *t, const struct fgw_core_result *result)
{
    fgw_down_end(t, result, NULL, NULL);
}

// Who serves the subscriber. False: it has been answered.
static bool find_user(struct fgw_down *t, const char *user_name,
                      const struct fgw_core_result *unknown)
{
    enum err err = base_imsi_parse(user_name, strlen(user_name), &t->imsi);
    if (err == ERR_OK)
        err = fgw_directory_find(&t->imsi, t->gateway, sizeof(t->gateway));
    if (err == ERR_OK)
        return true;
    if (err == ERR_FGW_UNKNOWN_SUBSCRIBER)
        t->gateway[0] = '\0';
    end(t, err == ERR_FGW_UNKNOWN_SUBSCRIBER ? unknown : &fgw_core_unable);
    return false;
}

static void call(struct fgw_down *t, const char *path, const ProtobufCMessage *message,
                 rpc_tunnel_done done)
{
    enum err err = fgw_down_call(t, path, message, done, t);
    if (err != ERR_OK) {
        const struct fgw_core_result core = fgw_core_of_err(err, &s6a_core_user_unknown);
        end(t, &core);
    }
}

// error_code is field 1 of every answer; false: it is no such message.
static bool read_reply(struct fgw_down *t, const ProtobufCMessageDescriptor *type,
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

// ---- Cancel-Location ----
static void cancel_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct fgw_down *t = ctx;
    const CLR *clr = (const CLR *)t->request;
    struct fgw_core_result core = fgw_down_outcome(t, result);
    ProtobufCMessage *reply;
    uint32_t code;
    if (fgw_core_is_success(&core)) {
        if (read_reply(t, &magma__feg__cancel_location_answer__descriptor, result,
                       offsetof(Magma__Feg__CancelLocationAnswer, error_code), &reply, &code))
            core = s6a_core_of_code(code);
        else
            core = fgw_core_unable;
    }
    // A gateway that does not know the subscriber has nothing to cancel (5.2.1.2.2).
    if (core.vendor == DIA_3GPP && core.code == S6A_USER_UNKNOWN)
        core = fgw_core_success;
    if (fgw_core_is_success(&core) && clr->cancellation_type != TYPE(INITIAL_ATTACH_PROCEDURE))
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

static void cancel_run(struct fgw_down *t)
{
    static const struct fgw_core_result nobody = {0, S6A_DIAMETER_SUCCESS, "not_served"};
    const struct s6a_settings *settings = s6a_settings();
    bool accept = settings->unknown_cancel != S6A_UNKNOWN_USER_UNKNOWN;
    CLR told = *(const CLR *)t->request;
    cancellation_type type = told.cancellation_type;
    if (settings->cancel_type == S6A_CANCEL_WITHDRAWAL &&
        (type == TYPE(MME_UPDATE_PROCEDURE) || type == TYPE(UPDATE_PROCEDURE_IWF)))
        set_cancel_type(&told, TYPE(SUBSCRIPTION_WITHDRAWAL));
    if (find_user(t, told.user_name, accept ? &nobody : &s6a_core_user_unknown))
        call(t, CANCEL_PATH, &told.base, cancel_done);
}

// ---- Insert- and Delete-Subscriber-Data ----
static void reattach_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct fgw_down *t = ctx;
    struct fgw_core_result core = fgw_down_outcome(t, result);
    if (core.code == S6A_DIAMETER_SUCCESS)
        core.label = "reattach";
    end(t, &core);
}

// The access gateway cannot take changes of subscription data.
static void unsupported(struct fgw_down *t)
{
    static const struct fgw_core_result accepted = {0, S6A_DIAMETER_SUCCESS,
                                                    "unsupported_accepted"};
    static const struct fgw_core_result refused = {0, 5012, "unsupported_by_gateway"};
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
        if (fgw_down_call(t, CANCEL_PATH, &clr.base, reattach_done, t) != ERR_OK)
            end(t, &fgw_core_unable);
        return;
    default:
        end(t, &refused);
    }
}

static void update_done(struct fgw_down *t, const struct rpc_tunnel_result *result,
                        const ProtobufCMessageDescriptor *type, size_t error_code_offset,
                        enum s6a_message answer)
{
    struct fgw_core_result core = fgw_down_outcome(t, result);
    ProtobufCMessage *reply = NULL;
    uint32_t code;
    if (result->err == ERR_OK && result->status == RPC_UNIMPLEMENTED) {
        unsupported(t);
        return;
    }
    if (fgw_core_is_success(&core)) {
        if (read_reply(t, type, result, error_code_offset, &reply, &code))
            core = s6a_core_of_code(code);
        else
            core = fgw_core_unable;
    }
    bool body = fgw_core_is_success(&core);
    fgw_down_end(t, &core, body ? s6a_table(answer) : NULL, reply);
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

// Nobody serves the subscriber: 5.2.2.1.2, 5.2.2.2.2
static void insert_run(struct fgw_down *t)
{
    if (find_user(t, ((const IDR *)t->request)->user_name, &s6a_core_user_unknown))
        call(t, INSERT_PATH, t->request, insert_done);
}

static void delete_run(struct fgw_down *t)
{
    if (find_user(t, ((const DSR *)t->request)->user_name, &s6a_core_user_unknown))
        call(t, DELETE_PATH, t->request, delete_done);
}

// ---- what is accepted ----
static const struct xlate_table *cancel_table(void)
{
    return s6a_table(S6A_CLR);
}

static const struct xlate_table *insert_table(void)
{
    return s6a_table(S6A_IDR);
}

static const struct xlate_table *delete_table(void)
{
    return s6a_table(S6A_DSR);
}

static const struct fgw_down_procedure cancel = {&s6a_down, "CLR", DIA_CMD_CLR, cancel_table,
                                                 cancel_run};
static const struct fgw_down_procedure insert = {&s6a_down, "IDR", DIA_CMD_IDR, insert_table,
                                                 insert_run};
static const struct fgw_down_procedure delete = {&s6a_down, "DSR", DIA_CMD_DSR, delete_table,
                                                 delete_run};

enum err s6a_down_accept(void)
{
    const struct fgw_down_procedure *const procedures[] = {&cancel, &insert, &delete, &s6a_reset};
    enum err err = dia_advertise(DIA_APP_S6A, DIA_3GPP);
    for (size_t i = 0; i < sizeof(procedures) / sizeof(procedures[0]) && err == ERR_OK; i++)
        err = fgw_down_accept(procedures[i]);
    return err;
}

// ---- a subscriber that moved between our gateways ----
void s6a_cancel_moved(struct base_loop *loop, const struct base_imsi *imsi, const char *gateway)
{
    const struct s6a_settings *settings = s6a_settings();
    struct base_imsi user = *imsi;
    CLR clr = MAGMA__FEG__CANCEL_LOCATION_REQUEST__INIT;
    if (settings->moved_cancel == S6A_MOVED_NONE)
        return;
    clr.user_name = user.digits;
    clr.cancellation_type = TYPE(MME_UPDATE_PROCEDURE);
    clr.moved_to_other_gateway = 1;
    if (settings->moved_cancel == S6A_MOVED_WITHDRAWAL)
        set_cancel_type(&clr, TYPE(SUBSCRIPTION_WITHDRAWAL));
    const struct fgw_notice notice = {
        .interface = "s6a",
        .procedure = "moved",
        .text = "cancelled, moved to another access gateway",
        .log = &log_s6a,
        .unknown = &s6a_core_user_unknown,
        .gateway = gateway,
        .service = settings->agw_service,
        .path = CANCEL_PATH,
        .timeout_ms = settings->agw_timeout_ms,
        .imsi = imsi,
        .message = &clr.base,
    };
    fgw_notice_send(loop, &notice);
}
