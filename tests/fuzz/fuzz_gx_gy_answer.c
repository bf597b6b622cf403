// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what PCRF and OCS send, up to what access gateways get of it. First byte: which
// message; the rest: its AVPs. Whatever comes out must be a message that can be packed. Whole
// procedures are fuzz_gx_gy_session's.
#include "gx_gy_world.h"

enum { INPUT_MAX = 16384 };

static void gy(struct base_arena *arena, const Fgw__Gxgy__GyAnswer *answer)
{
    for (size_t i = 0; i < answer->n_services; i++) {
        Magma__Lte__CreditUpdateResponse r = MAGMA__LTE__CREDIT_UPDATE_RESPONSE__INIT;
        if (gxgy_credit(arena, answer->services[i], answer, &r) == ERR_OK)
            gx_gy_packs(arena, &r.base);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum gxgy_message kinds[] = {GXGY_GX_CCA, GXGY_GX_RAR, GXGY_GY_CCA, GXGY_GY_RAR};
    bool ok = false;
    gx_gy_world();
    gx_gy_settings("gx = { wide_ports = \"widen\"; };");
    if (size < 1 || size > INPUT_MAX)
        return 0;
    const enum gxgy_message kind = kinds[data[0] % 4];
    const struct xlate_def *def = xlate_def(gxgy_table(kind));
    struct msg *msg =
        gx_gy_message(def->application, def->command, def->request, data + 1, size - 1, &ok);
    struct xlate_ctx ctx = {.arena = base_arena_new(0, 0), .lenient = !def->request};
    ProtobufCMessage *out = NULL;
    must(ctx.arena != NULL);
    if (msg && xlate_decode(gxgy_table(kind), msg, &ctx, &out) == ERR_OK) {
        if (kind == GXGY_GX_CCA || kind == GXGY_GX_RAR)
            gx_gy_apply(ctx.arena, (const Fgw__Gxgy__GxAnswer *)out);
        else if (kind == GXGY_GY_CCA)
            gy(ctx.arena, (const Fgw__Gxgy__GyAnswer *)out);
    }
    if (msg)
        fd_msg_free(msg);
    base_arena_free(ctx.arena);
    return 0;
}
