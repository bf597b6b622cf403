// SPDX-License-Identifier: BSD-3-Clause
// Everything around an interface, played by its unit tests: the gRPC call, the Diameter stack, the
// gateway API. The linker takes these functions instead of the real ones. One interface per
// program.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "diameter/avp.h"
#include "diameter/xlate.h"
#include "fgw/gateway.h"

#define WORLD_BYTES(text)                                                                          \
    {                                                                                              \
        .len = sizeof(text) - 1, .data = (uint8_t *)(uintptr_t)(text)                              \
    }
#define WORLD_TEXT(text) ((char *)(uintptr_t)(text))
#define WORLD_SUCCESS "0000010c4000000c000007d1"
// Experimental-Result {Vendor-Id 10415, Experimental-Result-Code}
#define WORLD_EXPERIMENTAL(code_hex)                                                               \
    "0000012940000020"                                                                             \
    "0000010a4000000c000028af"                                                                     \
    "0000012a4000000c" code_hex

// ---- the dictionary in memory ----
// For a cmocka group: library and dictionaries; the tables that compile makes. NULL: none, they are
// made by world_setup, which starts the interface.
int world_dictionary(enum err (*compile)(void (*report)(void *arg, const char *text), void *arg));
// A message of this command from the hex of its AVPs, as the wire would bring it.
struct msg *world_message(uint32_t application, uint32_t command, bool request, const char *hex);
// The AVPs of a message as hex, from the header on (malloc).
char *world_avps_hex(struct msg *msg);
// Encodes by a table and compares with hex; decodes by a table and asserts that it works.
void world_encodes_as(const struct xlate_table *table, const ProtobufCMessage *from,
                      const char *hex);
// An answer that the dictionary refuses, as the stack delivers it: read as far as possible.
struct msg *world_broken_message(uint32_t application, uint32_t command, const char *hex);
ProtobufCMessage *world_decode(const struct xlate_table *table, const char *hex,
                               struct xlate_ctx *ctx);

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
struct rpc_call *world_call(const char *path, const char *gateway, const ProtobufCMessage *message);
struct rpc_call *world_call_bytes(const char *path, const char *gateway, const void *data,
                                  size_t len);
// The reply as a message; asserts status OK. Freed by the next one or the teardown.
ProtobufCMessage *world_reply(const ProtobufCMessageDescriptor *type);
// The caller gives up.
void world_cancel(void);

// ---- a request of the core ----
struct dia_inbound {
    struct msg *request, *answer;
    int answers;
    int64_t deadline_ns;
};
struct dia_inbound *world_inbound(uint32_t application, uint32_t command, const char *hex);
uint32_t world_result_code(bool *experimental); // of the answer sent

// ---- the rest ----
struct world_agw_call {
    char gateway[64], service[64], path[128];
    uint8_t message[8192];
    size_t len;
    int64_t timeout_ms;
    rpc_tunnel_done done;
    void *ctx;
};
struct world {
    const struct fgw_interface *interface;
    void *settings; // of the interface; the test may change them
    struct base_loop *loop;
    struct conf *conf;
    struct rpc_call call;
    struct dia_inbound inbound;
    int64_t inbound_ms; // how long the core waits; 0: 8 s
    // Diameter
    struct msg *sent; // the last request
    int n_sent;
    int64_t timeout_ms;
    dia_done done;
    void *done_ctx;
    enum err send_err;
    int cancelled;
    // directory: one user on each access, or none
    char imsi[2][16], gateway[2][FGW_GATEWAY_ID_MAX + 1];
    char host[2][256];       // the core's server of that user; "": not known
    enum err host_err;       // of learning it
    const char *gateways[8]; // all that were ever learned, NULL-terminated
    char searched[16];       // first prefix of the last search
    enum err search_err;     // of beginning it
    bool search_later;       // the test calls world_search_ends
    // access gateways
    struct world_agw_call agw[64];
    size_t n_agw;
    enum err agw_err;
    enum err admit_err;
    int n_admit;
    char admit_plmn[8]; // "" if none was given
    char label[64];     // of the last fgw_count
    int n_count;
    ProtobufCMessage *reply;
};
extern struct world world;
// cmocka set-up and tear-down of a test, with settings at their defaults. interface->start is
// called once for the program.
int world_setup(const struct fgw_interface *interface);
int world_teardown(void **state);
// From now on this gateway serves the user; "" gateway: none does.
void world_serve(enum fgw_access access, const char *imsi, const char *gateway);
// The core answers the pending request.
void world_answer(const char *hex);
void world_broken_answer(const char *hex); // one that breaks the dictionary's rules
void world_fail(enum err err);
void world_search_ends(enum err err);
// Number of the pending request's command; asserts that there is one.
uint32_t world_sent_command(void);
// An unsigned AVP of it; the text of one (static).
uint32_t world_sent_u32(dia_avp_id id);
const char *world_sent_text(dia_avp_id id); // "" if absent
// An access gateway answers call i.
void world_agw_answer(size_t i, int status, const ProtobufCMessage *message);
void world_agw_fail(size_t i, enum err err);
ProtobufCMessage *world_agw_request(size_t i, const ProtobufCMessageDescriptor *type);
