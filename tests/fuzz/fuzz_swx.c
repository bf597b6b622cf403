// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: every translation of SWx and S13, in the way its message goes. First byte: which
// message, and how strictly; the rest: AVPs of what the core sends, or protobuf bytes of what an
// access gateway sends. What is read must be a message that a gateway can parse; what is built must
// be one that the dictionary accepts; what is refused must be refused with a name.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/msg.h"
#include "extensions/s13/s13_tables.h"
#include "extensions/swx/swx_tables.h"

enum {
    HEADER = 20,
    INPUT_MAX = 16384,
    MESSAGE_LIMIT = 65535,
    TABLES = SWX_MESSAGES + S13_MESSAGES
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_log(int level, const char *format, va_list args) {}

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void free_tables(void)
{
    swx_tables_free();
    s13_tables_free();
}

static void world(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    fd_log_handler_register(no_log);
    must(fd_core_initialize() == 0);
    must(dia_dict_load(FGW_TEST_DICTIONARIES) == ERR_OK);
    must(swx_tables_compile(NULL, NULL) == ERR_OK);
    must(s13_tables_compile(NULL, NULL) == ERR_OK);
    atexit(free_tables);
}

// As the stack delivers it: refused by the dictionary or not, read as far as it can be.
static struct msg *parse(const uint8_t *data, size_t size, const struct xlate_def *def)
{
    size_t len = HEADER + size;
    uint8_t *bytes = calloc(1, len);
    struct msg *msg = NULL;
    struct fd_pei pei = {0};
    must(bytes != NULL);
    memcpy(bytes + HEADER, data, size);
    bytes[0] = 1;
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    bytes[4] = def->request ? 0xc0 : 0x40;
    bytes[6] = (uint8_t)(def->command >> 8);
    bytes[7] = (uint8_t)def->command;
    for (int i = 0; i < 4; i++)
        bytes[8 + i] = (uint8_t)(def->application >> (24 - 8 * i));
    if (fd_msg_parse_buffer(&bytes, len, &msg) != 0) {
        free(bytes);
        return NULL;
    }
    fd_msg_parse_dict(msg, fd_g_config->cnf_dict, &pei);
    if (pei.pei_avp_free)
        fd_msg_free(pei.pei_avp);
    return msg;
}

static void check_read(const ProtobufCMessage *out)
{
    size_t len = protobuf_c_message_get_packed_size(out);
    uint8_t *packed = malloc(len + 1);
    must(packed && protobuf_c_message_pack(out, packed) == len);
    ProtobufCMessage *again = protobuf_c_message_unpack(out->descriptor, NULL, len, packed);
    must(again != NULL);
    protobuf_c_message_free_unpacked(again, NULL);
    free(packed);
}

static void check_refused(const struct xlate_ctx *ctx, const struct xlate_def *def, enum err err)
{
    struct msg *answer = NULL;
    uint8_t *bytes = NULL;
    size_t len;
    must(err == ERR_NOMEM || (err_is_peer_fault(err) && ctx->depth > 0));
    if (err == ERR_NOMEM)
        return;
    must(fd_msg_new(dia_dict_command(def->command, false), 0, &answer) == 0);
    must(xlate_add_failed(answer, ctx) == ERR_OK);
    must(dia_msg_bytes(answer, &bytes, &len) == ERR_OK);
    free(bytes);
    fd_msg_free(answer);
}

static void from_core(const struct xlate_table *table, bool lenient, const uint8_t *data,
                      size_t size)
{
    const struct xlate_def *def = xlate_def(table);
    struct msg *msg = parse(data, size, def);
    if (!msg)
        return;
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = lenient};
    ProtobufCMessage *out = NULL;
    enum err err = xlate_decode(table, msg, &ctx, &out);
    must((err == ERR_OK) == (out != NULL));
    if (out)
        check_read(out);
    else
        check_refused(&ctx, def, err);
    fd_msg_free(msg);
    base_arena_free(ctx.arena);
}

static void check_built(struct msg *msg)
{
    uint8_t *bytes = NULL;
    size_t len;
    struct msg *again = NULL;
    must(dia_msg_bytes(msg, &bytes, &len) == ERR_OK);
    must(len <= MESSAGE_LIMIT);
    must(dia_msg_parse(bytes, len, &again) == ERR_OK);
    fd_msg_free(again);
    free(bytes);
}

static void to_core(const struct xlate_table *table, const uint8_t *data, size_t size)
{
    const struct xlate_def *def = xlate_def(table);
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    ProtobufCMessage *from =
        protobuf_c_message_unpack(def->message, base_arena_protobuf(ctx.arena), size, data);
    if (from) {
        struct msg *msg = NULL;
        must(fd_msg_new(dia_dict_command(def->command, def->request), 0, &msg) == 0);
        enum err err = xlate_encode(table, from, msg, &ctx);
        if (err == ERR_OK)
            check_built(msg);
        else
            must(err == ERR_ENCODE_VALUE || err == ERR_ENCODE_SPACE || err == ERR_NOMEM);
        fd_msg_free(msg);
    }
    base_arena_free(ctx.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world();
    if (size < 1 || size > INPUT_MAX)
        return 0;
    unsigned kind = (data[0] & 0x7f) % TABLES;
    const struct xlate_table *table = kind < SWX_MESSAGES
                                          ? swx_table((enum swx_message)kind)
                                          : s13_table((enum s13_message)(kind - SWX_MESSAGES));
    if (xlate_def(table)->direction & XLATE_DECODE)
        from_core(table, data[0] & 0x80, data + 1, size - 1);
    else
        to_core(table, data + 1, size - 1);
    return 0;
}
