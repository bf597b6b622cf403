// SPDX-License-Identifier: BSD-3-Clause
// What the fuzz targets of Gx and Gy stand on: the dictionary, the compiled tables, settings, and
// the gateway API as far as no target has it otherwise. Not the Diameter stack.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Calls an access gateway; NULL: there is none.
extern enum err (*gx_gy_agw_call)(const struct rpc_tunnel_call *call, rpc_tunnel_done done,
                                  void *ctx);

void must(bool holds);  // or the target has found something
void gx_gy_world(void); // once
// The content of section gx_gy. Texts are static: a text is read once.
void gx_gy_settings(const char *text);
// The message that these AVPs are, read as far as the dictionary lets it; NULL: not at all. ok: it
// keeps the rules of the dictionary. Free with fd_msg_free.
struct msg *gx_gy_message(uint32_t application, uint32_t command, bool request, const uint8_t *avps,
                          size_t size, bool *ok);
// What rules, monitors and the like of a Gx answer come to, packed.
void gx_gy_apply(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer);
// Must be what an access gateway can read.
void gx_gy_packs(struct base_arena *arena, const ProtobufCMessage *message);
