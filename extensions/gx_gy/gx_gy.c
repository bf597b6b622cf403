// SPDX-License-Identifier: BSD-3-Clause
// Gx and Gy as a plug of the gateway: what it registers, its start and stop, and what all calls of
// access gateways share. Not for procedures.
#include "extensions/gx_gy/gx_gy.h"

#include "diameter/avp.h"
#include "rpc/status.h"

BASE_LOG_CATEGORY(log_gx_gy, "gx_gy");

static void report(void *arg, const char *text)
{
    base_log(&log_gx_gy, BASE_LOG_ERROR, NULL, "table %s", text);
}

static enum err start(void)
{
    enum err err = gxgy_tables_compile(report, NULL);
    if (err == ERR_OK)
        err = gxgy_down_accept();
    if (err == ERR_OK)
        err = gxgy_late_start();
    if (err == ERR_OK) // what one server does not know of, another must not be asked for
        err = dia_exact_hosts(DIA_APP_GX);
    if (err == ERR_OK)
        err = dia_exact_hosts(DIA_APP_CREDIT_CONTROL);
    return err == ERR_OK
               ? gxgy_store_watch(gxgy_settings()->rules_file, gxgy_settings()->rules_check_ms)
               : err;
}

static void reloaded(const void *old_settings, const void *new_settings)
{
    const struct gxgy_settings *s = new_settings;
    if (gxgy_store_watch(s->rules_file, s->rules_check_ms) != ERR_OK)
        base_log(&log_gx_gy, BASE_LOG_ERROR, NULL, "rules_file: it is not watched");
}

static void stop(void)
{
    gxgy_store_stop();
    gxgy_late_stop();
    gxgy_tables_free();
}

const struct rpc_method gxgy_methods[] = {
    {.path = "/magma.lte.CentralSessionController/CreateSession", .unary = gxgy_create},
    {.path = "/magma.lte.CentralSessionController/UpdateSession", .unary = gxgy_update},
    {.path = "/magma.lte.CentralSessionController/TerminateSession", .unary = gxgy_terminate},
    {.path = "/fgw.charging.EventCharging/Charge", .unary = gxgy_event},
    {.path = NULL},
};

const struct fgw_interface gxgy_interface = {
    .name = "gx_gy",
    .methods = gxgy_methods,
    .settings = gxgy_settings_keys,
    .settings_size = sizeof(struct gxgy_settings),
    .configure = gxgy_configure,
    .start = start,
    .reloaded = reloaded,
    .stop = stop,
    .status = gxgy_store_status,
};

const struct gxgy_settings *gxgy_settings(void)
{
    return fgw_settings(&gxgy_interface);
}

// Fields that are not known here do not go back in replies: protobuf-c reads some tags that it then
// writes in a way that nobody can read.
static void forget_unknown(ProtobufCMessage *message)
{
    message->n_unknown_fields = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &message->descriptor->fields[i];
        void *at = (char *)message + f->offset,
             *quantifier = (char *)message + f->quantifier_offset;
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            for (size_t k = 0; k < *(size_t *)quantifier; k++)
                forget_unknown((*(ProtobufCMessage ***)at)[k]);
            continue;
        }
        bool other = (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *(uint32_t *)quantifier != f->id;
        if (!other && *(ProtobufCMessage **)at)
            forget_unknown(*(ProtobufCMessage **)at);
    }
}

enum err gxgy_read_call(struct rpc_call *call, struct base_arena *arena,
                        const ProtobufCMessageDescriptor *type, ProtobufCMessage **out,
                        const char **text)
{
    size_t len;
    const uint8_t *bytes = rpc_call_request(call, &len);
    *out = protobuf_c_message_unpack(type, base_arena_protobuf(arena), len, bytes);
    if (*out)
        forget_unknown(*out);
    *text = "request is not a valid protobuf message, or too large";
    return *out ? ERR_OK : ERR_ENCODE_VALUE;
}

enum err gxgy_admit(const char *gateway, const struct gxgy_context *context)
{
    return fgw_admit(gateway, &context->imsi, NULL) == ERR_OK ? ERR_OK : ERR_DENIED;
}

bool gxgy_reply(struct rpc_call *call, struct base_arena *arena, const ProtobufCMessage *message)
{
    size_t len = 0;
    const uint8_t *bytes = message ? gxgy_pack(arena, message, &len) : NULL;
    if (bytes)
        rpc_call_reply(call, RPC_OK, NULL, bytes, len);
    else
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "answer is too large", NULL, 0);
    return bytes != NULL;
}

void gxgy_refuse(struct rpc_call *call, const char *procedure, const struct gxgy_verdict *verdict,
                 const char *text)
{
    const struct base_log_subject subject = {.agw = rpc_call_gateway(call)};
    base_log_limited(&log_gx_gy, BASE_LOG_INFO, &subject, "%s refused: %s%s%s", procedure,
                     verdict->label, text[0] ? ": " : "", text);
    rpc_call_reply(call, verdict->status ? verdict->status : RPC_INTERNAL,
                   text[0] ? text : verdict->label, NULL, 0);
}
