// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what access gateways send (calls and answers, protobuf) to Diameter. First byte:
// which message; the rest: protobuf bytes. Whatever is built must be a message that the dictionary
// accepts.
#include "s6a_world.h"

enum { INPUT_MAX = 16384, MESSAGE_LIMIT = 65535 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum s6a_message kinds[] = {S6A_AIR, S6A_ULR, S6A_PUR, S6A_NOR, S6A_IDA, S6A_DSA};

static void check_built(struct msg *msg)
{
    uint8_t *bytes = NULL;
    size_t len;
    struct msg *again = NULL;
    s6a_world_must(dia_msg_bytes(msg, &bytes, &len) == ERR_OK);
    s6a_world_must(len <= MESSAGE_LIMIT);
    s6a_world_must(dia_msg_parse(bytes, len, &again) == ERR_OK);
    fd_msg_free(again);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s6a_world();
    if (size < 1 || size > INPUT_MAX)
        return 0;
    const struct xlate_table *table =
        s6a_table(kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))]);
    const struct xlate_def *def = xlate_def(table);
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0)};
    ProtobufCMessage *from =
        protobuf_c_message_unpack(def->message, base_arena_protobuf(ctx.arena), size - 1, data + 1);
    struct msg *msg = NULL;
    if (!from)
        goto out;
    s6a_world_must(fd_msg_new(dia_dict_command(def->command, def->request), 0, &msg) == 0);
    enum err err = xlate_encode(table, from, msg, &ctx);
    if (err == ERR_OK)
        check_built(msg);
    else
        s6a_world_must(err == ERR_ENCODE_VALUE || err == ERR_ENCODE_SPACE || err == ERR_NOMEM);
    fd_msg_free(msg);
out:
    base_arena_free(ctx.arena);
    return 0;
}
