// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what an HSS sends (answers and requests of S6a) to protobuf. First byte: which
// message, and how strictly; the rest: its AVPs. Whatever is read must be a message that a gateway
// can parse.
#include "s6a_world.h"

enum { HEADER = 20, INPUT_MAX = 16384 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum s6a_message kinds[] = {S6A_AIA, S6A_ULA, S6A_PUA, S6A_NOA,
                                         S6A_CLR, S6A_IDR, S6A_DSR, S6A_RSR};

static void header(uint8_t *bytes, size_t len, const struct xlate_def *def)
{
    memset(bytes, 0, HEADER);
    bytes[0] = 1;
    bytes[1] = (uint8_t)(len >> 16);
    bytes[2] = (uint8_t)(len >> 8);
    bytes[3] = (uint8_t)len;
    bytes[4] = def->request ? 0xc0 : 0x40;
    bytes[6] = (uint8_t)(def->command >> 8);
    bytes[7] = (uint8_t)def->command;
    memcpy(bytes + 8, "\x01\x00\x00\x23", 4);
}

// As the stack delivers it: refused by the dictionary or not, read as far as it can be.
static struct msg *parse(const uint8_t *data, size_t size, const struct xlate_def *def)
{
    size_t len = HEADER + size;
    uint8_t *bytes = malloc(len);
    struct msg *msg = NULL;
    struct fd_pei pei;
    s6a_world_must(bytes != NULL);
    memcpy(bytes + HEADER, data, size);
    header(bytes, len, def);
    if (fd_msg_parse_buffer(&bytes, len, &msg) != 0) {
        free(bytes);
        return NULL;
    }
    memset(&pei, 0, sizeof(pei));
    fd_msg_parse_dict(msg, fd_g_config->cnf_dict, &pei);
    if (pei.pei_avp_free)
        fd_msg_free(pei.pei_avp);
    return msg;
}

static void check_reply(const ProtobufCMessage *out)
{
    size_t len = protobuf_c_message_get_packed_size(out);
    uint8_t *packed = malloc(len + 1);
    s6a_world_must(packed && protobuf_c_message_pack(out, packed) == len);
    ProtobufCMessage *again = protobuf_c_message_unpack(out->descriptor, NULL, len, packed);
    s6a_world_must(again != NULL);
    s6a_world_must(protobuf_c_message_get_packed_size(again) == len);
    protobuf_c_message_free_unpacked(again, NULL);
    free(packed);
}

static void check_refusal(const struct xlate_ctx *ctx, const struct xlate_def *def, enum err err)
{
    char where[64];
    struct msg *answer = NULL;
    uint8_t *bytes = NULL;
    size_t len;
    s6a_world_must(err == ERR_NOMEM || (err_is_peer_fault(err) && ctx->depth > 0));
    xlate_where(ctx, where, sizeof(where));
    if (err == ERR_NOMEM)
        return;
    s6a_world_must(fd_msg_new(dia_dict_command(def->command, false), 0, &answer) == 0);
    s6a_world_must(xlate_add_failed(answer, ctx) == ERR_OK);
    s6a_world_must(dia_msg_bytes(answer, &bytes, &len) == ERR_OK);
    free(bytes);
    fd_msg_free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s6a_world();
    if (size < 1 || size > INPUT_MAX)
        return 0;
    enum s6a_message kind = kinds[(data[0] & 0x7f) % (sizeof(kinds) / sizeof(kinds[0]))];
    const struct xlate_table *table = s6a_table(kind);
    const struct xlate_def *def = xlate_def(table);
    struct msg *msg = parse(data + 1, size - 1, def);
    if (!msg)
        return 0;
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = data[0] & 0x80};
    ProtobufCMessage *out = NULL;
    enum err err = xlate_decode(table, msg, &ctx, &out);
    s6a_world_must((err == ERR_OK) == (out != NULL));
    if (out)
        check_reply(out);
    else
        check_refusal(&ctx, def, err);
    fd_msg_free(msg);
    base_arena_free(ctx.arena);
    return 0;
}
