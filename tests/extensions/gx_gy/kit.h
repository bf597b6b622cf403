// SPDX-License-Identifier: BSD-3-Clause
// What the tests of Gx and Gy share: the dictionary in memory, messages from hex and back, and the
// world around the interface played by the test: gRPC calls, the Diameter stack, the gateway API.
// The linker takes these instead of the real ones.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diameter/avp.h"
#include "diameter/msg.h"
#include "extensions/gx_gy/gx_gy.h"

#define TEXT(text) ((char *)(uintptr_t)(text))
#define BYTES(text) ((ProtobufCBinaryData){sizeof(text) - 1, (uint8_t *)(uintptr_t)(text)})
#define IMSI "001010000000001"
#define SESSION "IMSI" IMSI "-123456"
#define GX_SESSION "fgw.example.org;123456;1;agw1;" SESSION
#define GY_SESSION "fgw.example.org;123456;2;agw1;" SESSION

// cmocka group set-up and tear-down: library, dictionaries, compiled tables.
int kit_start(void **state);
int kit_stop(void **state);
// Set-up and tear-down of each test: settings by default, nothing sent yet.
int kit_setup(void **state);
int kit_teardown(void **state);
// Replaces the settings by those of this text (content of section gx_gy).
void kit_settings(const char *text);

// ---- messages ----
char *kit_avps_hex(struct msg *msg); // malloc
struct msg *kit_message(uint32_t application, uint32_t command, bool request, const char *avps_hex);
void kit_encodes_as(enum gxgy_message message, const ProtobufCMessage *from, const char *avps_hex);
ProtobufCMessage *kit_decode(struct base_arena *arena, enum gxgy_message message,
                             const char *avps_hex);
// "SPI.PSI.CSI": values of an AVP path as text; NULL if it is not there. Numbers are decimal.
const char *kit_value(msg_or_avp *msg, const dia_avp_id *path, size_t n);
#define VALUE(msg, ...)                                                                            \
    kit_value((msg), (const dia_avp_id[]){__VA_ARGS__},                                            \
              sizeof((dia_avp_id[]){__VA_ARGS__}) / sizeof(dia_avp_id))
#define ASSERT_VALUE(msg, text, ...)                                                               \
    do {                                                                                           \
        const char *value_ = VALUE(msg, __VA_ARGS__);                                              \
        assert_non_null(value_);                                                                   \
        assert_string_equal(value_, (text));                                                       \
    } while (0)
// Octets in hexadecimal digits.
const char *kit_octets(msg_or_avp *msg, const dia_avp_id *path, size_t n);
#define ASSERT_OCTETS(msg, hex, ...)                                                               \
    do {                                                                                           \
        const char *octets_ =                                                                      \
            kit_octets((msg), (const dia_avp_id[]){__VA_ARGS__},                                   \
                       sizeof((dia_avp_id[]){__VA_ARGS__}) / sizeof(dia_avp_id));                  \
        assert_non_null(octets_);                                                                  \
        assert_string_equal(octets_, (hex));                                                       \
    } while (0)
size_t kit_count(msg_or_avp *parent, dia_avp_id id);

#define SENT(i) (world.sent[i].msg)

// ---- the world ----
struct rpc_call {
    uint8_t request[4 << 20];
    size_t len;
    const char *gateway;
    int64_t deadline_ns;
    void (*on_cancel)(struct rpc_call *call, void *arg);
    void *cancel_arg;
    int replies, status;
    char message[256];
    uint8_t payload[4 << 20];
    size_t payload_len;
};
struct dia_inbound {
    struct msg *request, *answer;
    int answers;
    int64_t deadline_ns;
};
struct kit_sent {
    struct msg *msg;
    dia_done done; // NULL: answered
    void *ctx;
    struct dia_send_options options;
};
struct kit_agw_call {
    char gateway[128], service[64], path[128];
    uint8_t message[16384];
    size_t len;
    rpc_tunnel_done done;
    void *ctx;
};
struct world {
    struct base_loop *loop;
    struct conf *conf;
    struct gxgy_settings settings;
    size_t look_ups; // of settings until they are replaced by those of next; 0: never
    const struct gxgy_settings *next;
    struct rpc_call call;
    struct dia_inbound inbound;
    int64_t inbound_ms;
    bool inbound_unknown_m; // the unknown AVP of the next request gets the M bit
    struct kit_sent sent[16384];
    size_t n_sent;
    enum err send_err;
    size_t send_errs; // so many requests fail with it; 0: all
    const char *origin_host; // of the next answer; NULL: pcrf1 or ocs1
    bool moved; // the next outcome is of a request that the stack had taken to another peer
    struct kit_agw_call agw[8];
    size_t n_agw;
    enum err agw_err;
    enum err admit_err;
    char interface[8], procedure[16], label[64];
    int n_count;
    struct base_arena *arena; // of replies
};
extern struct world world;

// Calls a method of CentralSessionController, or of the service that the path names.
void kit_call(const char *method, const ProtobufCMessage *message);
// The reply; asserts status OK.
void *kit_reply(const ProtobufCMessageDescriptor *type);
void kit_run_loop(void); // what was posted to the loop
// The core answers request i: Result-Code and further AVPs; or it fails.
void kit_answer(size_t i, uint32_t code, const char *avps_hex);
void kit_answer_experimental(size_t i, uint32_t code);
void kit_fail(size_t i, enum err err);
// An answer to request i that the stack does not wait for any more, from this host.
void kit_late(size_t i, uint32_t code, const char *host, const char *avps_hex);
// The core sends a request.
void kit_inbound(uint32_t application, uint32_t command, const char *session, const char *avps_hex);
uint32_t kit_result(void); // of the answer that was sent
void kit_agw_answer(size_t i, int status, const ProtobufCMessage *message);
void kit_agw_fail(size_t i, enum err err);
void *kit_agw_request(size_t i, const ProtobufCMessageDescriptor *type);
