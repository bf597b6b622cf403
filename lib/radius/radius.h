// SPDX-License-Identifier: BSD-3-Clause
// RADIUS packets (RFC 2865, 2866, 2869, 3579, 5176, vendor attributes of RFC 2548): reading with
// every check that the shared secret allows, and writing. I/O-free, any thread. Not for who may
// speak to us, nor for what attributes mean to a service.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RAD_PACKET_MAX 4096
#define RAD_HEADER_LEN 20
#define RAD_AUTH_LEN 16
#define RAD_VALUE_MAX 253

enum rad_code {
    RAD_ACCESS_REQUEST = 1,
    RAD_ACCESS_ACCEPT = 2,
    RAD_ACCESS_REJECT = 3,
    RAD_ACCOUNTING_REQUEST = 4,
    RAD_ACCOUNTING_RESPONSE = 5,
    RAD_ACCESS_CHALLENGE = 11,
    RAD_STATUS_SERVER = 12,
    RAD_DISCONNECT_REQUEST = 40,
    RAD_DISCONNECT_ACK = 41,
    RAD_DISCONNECT_NAK = 42,
    RAD_COA_REQUEST = 43,
    RAD_COA_ACK = 44,
    RAD_COA_NAK = 45,
};
const char *rad_code_name(int code); // "Access-Request"; "?" for one we do not know

enum rad_type {
    RAD_USER_NAME = 1,
    RAD_NAS_IP_ADDRESS = 4,
    RAD_NAS_PORT = 5,
    RAD_FRAMED_IP_ADDRESS = 8,
    RAD_REPLY_MESSAGE = 18,
    RAD_STATE = 24,
    RAD_CLASS = 25,
    RAD_VENDOR_SPECIFIC = 26,
    RAD_SESSION_TIMEOUT = 27,
    RAD_TERMINATION_ACTION = 29,
    RAD_CALLED_STATION_ID = 30,
    RAD_CALLING_STATION_ID = 31,
    RAD_NAS_IDENTIFIER = 32,
    RAD_PROXY_STATE = 33,
    RAD_ACCT_STATUS_TYPE = 40,
    RAD_ACCT_INPUT_OCTETS = 42,
    RAD_ACCT_OUTPUT_OCTETS = 43,
    RAD_ACCT_SESSION_ID = 44,
    RAD_ACCT_SESSION_TIME = 46,
    RAD_ACCT_INPUT_PACKETS = 47,
    RAD_ACCT_OUTPUT_PACKETS = 48,
    RAD_ACCT_TERMINATE_CAUSE = 49,
    RAD_ACCT_INPUT_GIGAWORDS = 52,
    RAD_ACCT_OUTPUT_GIGAWORDS = 53,
    RAD_EVENT_TIMESTAMP = 55,
    RAD_EAP_MESSAGE = 79,
    RAD_MESSAGE_AUTHENTICATOR = 80,
    RAD_ACCT_INTERIM_INTERVAL = 85,
    RAD_NAS_IPV6_ADDRESS = 95,
    RAD_ERROR_CAUSE = 101,
};

// A packet as it came; everything is borrowed from the input.
struct rad_packet {
    uint8_t code, id;
    const uint8_t *authenticator; // RAD_AUTH_LEN
    const uint8_t *attrs;
    size_t attrs_len;
    const uint8_t *whole;
    size_t len;
};
struct rad_attr {
    uint8_t type, len; // of the value
    const uint8_t *value;
};

// Octets beyond the packet's own length are padding (RFC 2865 §3). Every attribute is checked to
// lie within the packet. ERR_DECODE_TRUNCATED, ERR_DECODE_LENGTH.
enum err rad_decode(const uint8_t *in, size_t len, struct rad_packet *out);
// The next attribute from *at on (begin with 0); false: there is none.
bool rad_next(const struct rad_packet *packet, size_t *at, struct rad_attr *out);
bool rad_find(const struct rad_packet *packet, enum rad_type type, struct rad_attr *out); // first
size_t rad_count(const struct rad_packet *packet, enum rad_type type);
// ERR_NOT_FOUND, ERR_DECODE_LENGTH (not four octets).
enum err rad_u32(const struct rad_packet *packet, enum rad_type type, uint32_t *out);
// The value as text, cut to size, unprintable octets replaced by '?'. false: absent, out is "".
bool rad_text(const struct rad_packet *packet, enum rad_type type, char *out, size_t size);
// All EAP-Message attributes in a row (RFC 3579 §3.1). ERR_NOT_FOUND: none. ERR_DECODE_SYNTAX: they
// are not consecutive. ERR_ENCODE_SPACE. One without content (EAP-Start) gives length 0.
enum err rad_eap_message(const struct rad_packet *packet, uint8_t *out, size_t size, size_t *len);

struct rad_secret {
    const uint8_t *data; // borrowed
    size_t len;
};

// Message-Authenticator of a request: right, wrong, absent. Access-Request and Status-Server are
// checked over their own authenticator, all other requests over zeros (RFC 5176 §3.4).
// ERR_OK, ERR_DENIED, ERR_NOT_FOUND, ERR_DECODE_LENGTH, ERR_DECODE_DUPLICATE.
enum err rad_check_message(const struct rad_packet *packet, struct rad_secret secret);
// Request Authenticator of Accounting-, Disconnect- and CoA-Request (RFC 2866 §3). ERR_DENIED.
enum err rad_check_request(const struct rad_packet *packet, struct rad_secret secret);
// An answer to a request of ours: Response Authenticator and, if there is one,
// Message-Authenticator. request_authenticator: ours. ERR_DENIED.
enum err rad_check_response(const struct rad_packet *packet, struct rad_secret secret,
                            const uint8_t request_authenticator[RAD_AUTH_LEN]);

// Errors are kept and told by the rad_end functions.
struct rad_writer {
    uint8_t buf[RAD_PACKET_MAX];
    size_t len;
    size_t message_at; // where the Message-Authenticator's value is; 0: none
    enum err err;
};
void rad_begin(struct rad_writer *w, enum rad_code code, uint8_t id);
void rad_put(struct rad_writer *w, enum rad_type type, const void *value, size_t len);
void rad_put_text(struct rad_writer *w, enum rad_type type, const char *text); // "" adds nothing
void rad_put_u32(struct rad_writer *w, enum rad_type type, uint32_t value);
void rad_put_eap(struct rad_writer *w, const uint8_t *packet, size_t len); // in pieces of 253
// Place for it; its value is made at the end. Put it first (as RFC 9765's readers like it).
void rad_put_message_authenticator(struct rad_writer *w);
// MS-MPPE-Send-Key and MS-MPPE-Recv-Key (RFC 2548 §2.4): halves of the MSK as RFC 5216 §2.3 has it,
// hidden with the secret and the request's authenticator. salt: two octets each, new each time; the
// first bit is set here and the two must differ.
void rad_put_mppe_keys(struct rad_writer *w, const uint8_t msk[64], struct rad_secret secret,
                       const uint8_t request_authenticator[RAD_AUTH_LEN], const uint8_t salts[4]);
// Proxy-State of the request, unchanged and in order (RFC 2865 §5.33).
void rad_put_proxy_states(struct rad_writer *w, const struct rad_packet *request);
// An answer: Response Authenticator, Message-Authenticator.
enum err rad_end_response(struct rad_writer *w, struct rad_secret secret,
                          const uint8_t request_authenticator[RAD_AUTH_LEN]);
// A request. Access-Request takes `random` as its authenticator (NULL: ERR_INVALID), the others
// compute it.
enum err rad_end_request(struct rad_writer *w, struct rad_secret secret,
                         const uint8_t random[RAD_AUTH_LEN]);

// Reverses the hiding of one MS-MPPE key (the vendor value: salt and string); for NAS-side tools
// and tests. ERR_DECODE_LENGTH, ERR_DECODE_VALUE.
enum err rad_mppe_open(const uint8_t *value, size_t len, struct rad_secret secret,
                       const uint8_t request_authenticator[RAD_AUTH_LEN], uint8_t out[32]);
#define RAD_VENDOR_MICROSOFT 311
#define RAD_MS_MPPE_SEND_KEY 16
#define RAD_MS_MPPE_RECV_KEY 17
