// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what PCRF and OCS send, up to what access gateways get of it. First byte: which
// message; the rest: its AVPs. Whatever comes out must be a message that can be packed.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

enum { HEADER = 20, INPUT_MAX = 16384 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct gxgy_settings settings;

static void no_log(int level, const char *format, va_list args) {}

static void no_line(enum base_log_level level, const char *line, void *arg) {}

static void must(bool holds)
{
    if (!holds)
        abort();
}

// ---- the gateway API, of which nothing is used here ----
const void *fgw_settings(const struct fgw_interface *interface)
{
    return &settings;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    return ERR_DENIED;
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    return ERR_RPC_UNREACHABLE;
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
}

static void start(void)
{
    static struct conf *conf;
    if (conf)
        return;
    fd_log_handler_register(no_log);
    base_log_set_sink(no_line, NULL);
    must(fd_core_initialize() == 0 && dia_dict_load(FGW_TEST_DICTIONARIES) == ERR_OK);
    must(gxgy_tables_compile(NULL, NULL) == ERR_OK);
    must(conf_parse("fuzz", "gx_gy = { gx = { wide_ports = \"widen\"; }; };", &conf) == ERR_OK);
    must(conf_read(conf, "gx_gy", gxgy_settings_keys, &settings) == ERR_OK);
}

static void packs(struct base_arena *arena, const ProtobufCMessage *message)
{
    size_t len;
    const uint8_t *bytes = gxgy_pack(arena, message, &len);
    if (bytes)
        must(protobuf_c_message_unpack(message->descriptor, base_arena_protobuf(arena), len,
                                       bytes) ||
             len > 100000);
}

static void gx(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer)
{
    Magma__Lte__CreateSessionResponse r = MAGMA__LTE__CREATE_SESSION_RESPONSE__INIT;
    struct gxgy_rules rules;
    struct gxgy_key *keys;
    size_t n;
    if (gxgy_rules_of(arena, answer, true, &rules) != ERR_OK ||
        gxgy_rules_keys(arena, &rules, &keys, &n) != ERR_OK ||
        gxgy_triggers(arena, answer, &r.event_triggers, &r.n_event_triggers) != ERR_OK ||
        gxgy_session_qos(arena, answer, &r.session_qos) != ERR_OK)
        return; // out of the arena's memory
    r.static_rules = rules.statics;
    r.n_static_rules = rules.n_static;
    r.dynamic_rules = rules.dynamics;
    r.n_dynamic_rules = rules.n_dynamic;
    r.failed_rules = rules.failed;
    r.n_failed_rules = rules.n_failed;
    for (size_t i = 0; i < answer->n_monitors; i++) {
        Magma__Lte__UsageMonitoringCredit *credit;
        if (gxgy_monitor_credit(arena, answer->monitors[i], &credit) == ERR_OK)
            packs(arena, &credit->base);
    }
    packs(arena, &r.base);
}

static void gy(struct base_arena *arena, const Fgw__Gxgy__GyAnswer *answer)
{
    for (size_t i = 0; i < answer->n_services; i++) {
        Magma__Lte__CreditUpdateResponse r = MAGMA__LTE__CREDIT_UPDATE_RESPONSE__INIT;
        if (gxgy_credit(arena, answer->services[i], answer, &r) == ERR_OK)
            packs(arena, &r.base);
    }
}

static struct msg *message(const struct xlate_def *def, const uint8_t *data, size_t size)
{
    uint8_t *bytes = calloc(1, HEADER + size);
    struct msg *msg = NULL;
    size_t len = HEADER + size;
    must(bytes != NULL);
    bytes[0] = 1;
    bytes[1] = (uint8_t)(len >> 16);
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    bytes[4] = def->request ? 0xc0 : 0x40;
    bytes[6] = (uint8_t)(def->command >> 8);
    bytes[7] = (uint8_t)def->command;
    for (int i = 0; i < 4; i++)
        bytes[8 + i] = (uint8_t)(def->application >> (24 - 8 * i));
    memcpy(bytes + HEADER, data, size);
    if (dia_msg_parse(bytes, len, &msg) != ERR_OK)
        msg = NULL;
    free(bytes);
    return msg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum gxgy_message kinds[] = {GXGY_GX_CCA, GXGY_GX_RAR, GXGY_GY_CCA, GXGY_GY_RAR};
    start();
    if (size < 1 || size > INPUT_MAX)
        return 0;
    const enum gxgy_message kind = kinds[data[0] % 4];
    const struct xlate_def *def = xlate_def(gxgy_table(kind));
    struct msg *msg = message(def, data + 1, size - 1);
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = !def->request};
    ProtobufCMessage *out = NULL;
    must(ctx.arena != NULL);
    if (msg && xlate_decode(gxgy_table(kind), msg, &ctx, &out) == ERR_OK) {
        if (kind == GXGY_GX_CCA || kind == GXGY_GX_RAR)
            gx(ctx.arena, (const Fgw__Gxgy__GxAnswer *)out);
        else if (kind == GXGY_GY_CCA)
            gy(ctx.arena, (const Fgw__Gxgy__GyAnswer *)out);
    }
    if (msg)
        fd_msg_free(msg);
    base_arena_free(ctx.arena);
    return 0;
}
