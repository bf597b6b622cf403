// SPDX-License-Identifier: BSD-3-Clause
#include "kit.h"

#include "base/ident.h"

enum { HEADER = 20, MESSAGE_MAX = 8192 };
static char origin_host[] = "mme.example.org", origin_realm[] = "example.org";

static void no_log(int level, const char *format, va_list args) {}

static void report(void *arg, const char *text)
{
    print_error("%s\n", text);
}

int kit_start(void **state)
{
    fd_log_handler_register(no_log);
    if (fd_core_initialize() != 0 || dia_dict_load(FGW_TEST_DICTIONARIES) != ERR_OK)
        return -1;
    fd_g_config->cnf_diamid = origin_host;
    fd_g_config->cnf_diamid_len = strlen(origin_host);
    fd_g_config->cnf_diamrlm = origin_realm;
    fd_g_config->cnf_diamrlm_len = strlen(origin_realm);
    return s6a_tables_compile(report, NULL) == ERR_OK ? 0 : -1;
}

int kit_stop(void **state)
{
    s6a_tables_free();
    return 0;
}

char *kit_avps_hex(struct msg *msg)
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

static size_t wire_bytes(uint32_t command, bool request, const char *avps_hex, uint8_t *bytes)
{
    size_t len;
    assert_int_equal(base_hex_decode(avps_hex, bytes + HEADER, MESSAGE_MAX - HEADER, &len), ERR_OK);
    len += HEADER;
    bytes[0] = 1;
    bytes[1] = (uint8_t)(len >> 16);
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    bytes[4] = request ? 0xc0 : 0x40;
    bytes[5] = (uint8_t)(command >> 16);
    bytes[6] = (uint8_t)(command >> 8);
    bytes[7] = (uint8_t)command;
    memcpy(bytes + 8, "\x01\x00\x00\x23", 4); // 16777251
    return len;
}

struct msg *kit_message(uint32_t command, bool request, const char *avps_hex)
{
    uint8_t bytes[MESSAGE_MAX] = {0};
    struct msg *msg = NULL;
    size_t len = wire_bytes(command, request, avps_hex, bytes);
    assert_int_equal(dia_msg_parse(bytes, len, &msg), ERR_OK);
    return msg;
}

struct msg *kit_broken_message(uint32_t command, const char *avps_hex)
{
    uint8_t *bytes = calloc(1, MESSAGE_MAX);
    struct msg *msg = NULL;
    struct avp *avp = NULL;
    struct fd_pei pei;
    assert_non_null(bytes);
    size_t len = wire_bytes(command, false, avps_hex, bytes);
    assert_int_equal(fd_msg_parse_buffer(&bytes, len, &msg), 0);
    fd_msg_parse_dict(msg, fd_g_config->cnf_dict, &pei);
    fd_msg_browse(msg, MSG_BRW_FIRST_CHILD, &avp, NULL);
    while (avp) {
        fd_msg_parse_dict(avp, fd_g_config->cnf_dict, &pei);
        fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL);
    }
    return msg;
}

ProtobufCMessage *kit_decode(enum s6a_message message, const char *avps_hex, struct xlate_ctx *ctx)
{
    const struct xlate_def *def = xlate_def(s6a_table(message));
    struct msg *msg = kit_message(def->command, def->request, avps_hex);
    ProtobufCMessage *out = NULL;
    enum err err = xlate_decode(s6a_table(message), msg, ctx, &out);
    fd_msg_free(msg);
    assert_int_equal(err, ERR_OK);
    return out;
}

void kit_encodes_as(enum s6a_message message, const ProtobufCMessage *from, const char *avps_hex)
{
    const struct xlate_def *def = xlate_def(s6a_table(message));
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    struct msg *msg = NULL;
    assert_int_equal(dia_request_new(DIA_APP_S6A, def->command, &msg), ERR_OK);
    assert_int_equal(xlate_encode(s6a_table(message), from, msg, &ctx), ERR_OK);
    char *hex = kit_avps_hex(msg);
    assert_string_equal(hex, avps_hex);
    free(hex);
    fd_msg_free(msg);
    base_arena_free(ctx.arena);
}
