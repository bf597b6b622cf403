// SPDX-License-Identifier: BSD-3-Clause
// Everything around S6a, played by the test: the gRPC call, the Diameter stack, the gateway API.
// The linker takes these instead of the real ones.
#pragma once

#include "extensions/s6a/s6a.h"
#include "kit.h"

// ---- a call of an access gateway ----
struct rpc_call {
    uint8_t request[4096];
    size_t len;
    const char *gateway;
    int64_t deadline_ns;
    void (*on_cancel)(struct rpc_call *call, void *arg);
    void *cancel_arg;
    int replies;
    int status;
    char message[256];
    uint8_t payload[65536];
    size_t payload_len;
};
// Calls the method; the call is reused by the next one.
struct rpc_call *fake_call(const char *path, const char *gateway, const ProtobufCMessage *message);
struct rpc_call *fake_call_bytes(const char *path, const char *gateway, const void *data,
                                 size_t len);
// The reply as a message; asserts status OK. Freed by fake_reset.
ProtobufCMessage *fake_reply(const ProtobufCMessageDescriptor *type);

// ---- a request of the HSS ----
struct dia_inbound {
    struct msg *request, *answer;
    int answers;
    int64_t deadline_ns;
};
// Delivers a request with these AVPs; the inbound is reused by the next one.
struct dia_inbound *fake_inbound(uint32_t command, const char *avps_hex);
uint32_t fake_result_code(bool *experimental); // of the answer sent

// ---- the world ----
struct fake_agw_call {
    char gateway[64], service[64], path[128];
    uint8_t message[8192];
    size_t len;
    int64_t timeout_ms;
    rpc_tunnel_done done;
    void *ctx;
};
struct fakes {
    struct base_loop *loop;
    struct rpc_call call;
    struct dia_inbound inbound;
    int64_t inbound_ms; // how long the HSS waits; 0: 8 s
    // Diameter
    struct msg *sent; // the last request
    int n_sent;
    int64_t timeout_ms;
    dia_done done;
    void *done_ctx;
    enum err send_err;
    int cancelled;
    // directory: one subscriber, or none
    char imsi[16], gateway[FGW_GATEWAY_ID_MAX + 1], host[256];
    char searched[16]; // first prefix of the last search
    enum err host_err;   // of learning a host
    enum err search_err; // of beginning it
    bool search_later;   // the test calls fake_search_ends
    const char *gateways[8]; // of fgw_directory_gateways, NULL-terminated
    // access gateways
    struct fake_agw_call agw[64];
    size_t n_agw;
    enum err agw_err;
    enum err admit_err;
    int n_admit;
    char admit_plmn[8]; // "" if none was given
    char label[64];     // of the last fgw_count
    int n_count;
    struct s6a_settings settings;
    ProtobufCMessage *reply;
};
extern struct fakes fakes;
int fake_setup(void **state);
int fake_teardown(void **state);
// The directory has this subscriber at this gateway.
void fake_serves(const char *imsi, const char *gateway);
void fake_search_ends(enum err err);
// The HSS answers the pending request.
void fake_answer(const char *avps_hex);
void fake_broken_answer(const char *avps_hex); // one that breaks the dictionary's rules
void fake_fail(enum err err);
// An access gateway answers call i.
void fake_agw_answer(size_t i, int status, const ProtobufCMessage *message);
void fake_agw_fail(size_t i, enum err err);
ProtobufCMessage *fake_agw_request(size_t i, const ProtobufCMessageDescriptor *type);

#define FAKE_SUCCESS "0000010c4000000c000007d1"
