// SPDX-License-Identifier: BSD-3-Clause
#include "gx_gy_world.h"

#include <stdarg.h>

enum { HEADER = 20, VARIANTS_MAX = 16 };

enum err (*gx_gy_agw_call)(const struct rpc_tunnel_call *call, rpc_tunnel_done done, void *ctx);

static const struct gxgy_settings *settings;
static char origin_host[] = "fgw.example.org", origin_realm[] = "example.org";

static void no_log(int level, const char *format, va_list args) {}

static void no_line(enum base_log_level level, const char *line, void *arg) {}

void must(bool holds)
{
    if (!holds)
        abort();
}

// ---- the gateway API ----
const void *fgw_settings(const struct fgw_interface *interface)
{
    return settings;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    return ERR_OK;
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    return gx_gy_agw_call ? gx_gy_agw_call(call, done, ctx) : ERR_RPC_UNREACHABLE;
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
    must(interface && procedure && result && result[0]);
}

// ---- start ----
static struct {
    const char *text;
    struct conf *conf;
    struct gxgy_settings settings;
} variants[VARIANTS_MAX];

static void forget(void)
{
    for (size_t i = 0; i < VARIANTS_MAX; i++)
        conf_free(variants[i].conf);
    gxgy_store_stop();
    gxgy_tables_free();
}

void gx_gy_settings(const char *text)
{
    char full[2048];
    size_t i = 0;
    while (i < VARIANTS_MAX && variants[i].text && variants[i].text != text)
        i++;
    must(i < VARIANTS_MAX);
    settings = &variants[i].settings;
    if (variants[i].text)
        return;
    variants[i].text = text;
    must((size_t)snprintf(full, sizeof(full), "gx_gy = { %s };", text) < sizeof(full));
    must(conf_parse("fuzz", full, &variants[i].conf) == ERR_OK);
    must(conf_read(variants[i].conf, "gx_gy", gxgy_settings_keys, &variants[i].settings) == ERR_OK);
    must(gxgy_configure(variants[i].conf, settings) == ERR_OK);
}

void gx_gy_world(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    fd_log_handler_register(no_log);
    base_log_set_sink(no_line, NULL);
    must(fd_core_initialize() == 0 && dia_dict_load(FGW_TEST_DICTIONARIES) == ERR_OK);
    fd_g_config->cnf_diamid = origin_host;
    fd_g_config->cnf_diamid_len = strlen(origin_host);
    fd_g_config->cnf_diamrlm = origin_realm;
    fd_g_config->cnf_diamrlm_len = strlen(origin_realm);
    must(gxgy_tables_compile(NULL, NULL) == ERR_OK);
    atexit(forget);
}

// ---- messages ----
struct msg *gx_gy_message(uint32_t application, uint32_t command, bool request, const uint8_t *avps,
                          size_t size, bool *ok)
{
    size_t len = HEADER + size;
    uint8_t *bytes = calloc(1, len);
    struct fd_pei pei = {0};
    struct msg *msg = NULL;
    must(bytes != NULL);
    bytes[0] = 1;
    bytes[1] = (uint8_t)(len >> 16);
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    bytes[4] = request ? 0xc0 : 0x40;
    bytes[6] = (uint8_t)(command >> 8);
    bytes[7] = (uint8_t)command;
    for (int i = 0; i < 4; i++)
        bytes[8 + i] = (uint8_t)(application >> (24 - 8 * i));
    if (size)
        memcpy(bytes + HEADER, avps, size);
    if (fd_msg_parse_buffer(&bytes, len, &msg) != 0) {
        free(bytes);
        return NULL;
    }
    *ok = fd_msg_parse_dict(msg, fd_g_config->cnf_dict, &pei) == 0;
    if (pei.pei_avp_free)
        fd_msg_free((struct msg *)pei.pei_avp);
    return msg;
}

// ---- what comes out ----
void gx_gy_packs(struct base_arena *arena, const ProtobufCMessage *message)
{
    size_t len;
    const uint8_t *bytes = gxgy_pack(arena, message, &len);
    if (bytes)
        must(protobuf_c_message_unpack(message->descriptor, base_arena_protobuf(arena), len,
                                       bytes) ||
             len > 100000);
}

void gx_gy_apply(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer)
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
            gx_gy_packs(arena, &credit->base);
    }
    gx_gy_packs(arena, &r.base);
}
