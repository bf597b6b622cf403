// SPDX-License-Identifier: BSD-3-Clause
// The way to the HSS: SwxProxy of the federation gateway over gRPC, and its requests that come down
// the reverse tunnel. Not for what is done with them (auth.c, down.c). Loop thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aaa/settings.h"
#include "base/handle.h"
#include "base/ident.h"
#include "base/loop.h"
#include "eap/server.h"
#include "proto/swx.pb-c.h"
#include "rpc/status.h"
#include "rpc/tunnel_end.h"

struct aaa_core;

// What of a user's profile concerns us (Non-3GPP-User-Data, TS 29.273 §8.2.3.1).
struct aaa_profile {
    bool known;  // there was one
    bool barred; // Non-3GPP-IP-Access
    bool has_timeout;
    uint32_t timeout_s; // Session-Timeout
};

struct aaa_core_answer {
    int status;                      // gRPC status
    const char *message;             // never NULL
    const struct eap_vector *vector; // of aaa_core_vector, with RPC_OK
    struct aaa_profile profile;      // of aaa_core_register
};
typedef void (*aaa_core_done)(void *ctx, base_handle handle, const struct aaa_core_answer *answer);

// down gets what comes through the tunnel; answer with aaa_core_reply.
enum err aaa_core_new(struct base_loop *loop, const struct aaa_settings *settings,
                      void (*down)(void *ctx, const struct rpc_tunnel_end_request *request),
                      void *ctx, struct aaa_core **out);
void aaa_core_free(struct aaa_core *core); // NULL is fine; calls under way end with CANCELLED

// done exactly once, later, unless an error is returned. handle is passed through.
enum err aaa_core_vector(struct aaa_core *core, const struct base_imsi *imsi, enum eap_type method,
                         const uint8_t *resync, aaa_core_done done, void *ctx, base_handle handle);
// SAR, REGISTRATION.
enum err aaa_core_register(struct aaa_core *core, const char *imsi, const char *session,
                           aaa_core_done done, void *ctx, base_handle handle);
// SAR, USER_DEREGISTRATION; what becomes of it is counted and logged.
void aaa_core_deregister(struct aaa_core *core, const char *imsi, const char *session);
void aaa_core_reply(struct aaa_core *core, uint32_t id, int status, const char *message,
                    const ProtobufCMessage *answer); // NULL: none

// Reads a profile; user_data NULL: not known.
struct aaa_profile aaa_profile_of(const Fgw__Swx__Non3gppUserData *user_data);
