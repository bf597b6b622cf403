// SPDX-License-Identifier: BSD-3-Clause
// SGsAP, the protocol between an MME and a VLR: TS 29.118 Release 15, all messages and information
// elements (IE), as tables. Bytes in, bytes out: this room knows no sockets, no threads and no
// clock.
//   sgsap.h    messages: decode, encode, the SGsAP-STATUS that answers a malformed one, names
//   ie.h       the IEs' values as types (IMSI, LAI, names, CLI ...)
//   mm_info.h  what is inside the MM information IE
//   text.h     the alphabets of names and short messages
//   guard.h    "send, wait for the answer, send again": the guarded procedures and their timers
//   assoc.h    the SGs association of one UE at the MME (§4.3)
//
// Decoding follows §7. What is wrong with a mandatory IE makes the whole message wrong, and struct
// sgsap_fault says what to answer. What is wrong with the rest is dropped and remarked on: unknown
// and unforeseen IEs, repetitions, syntactically incorrect optional IEs, octets beyond an IE of
// fixed length. One difference from §7.6: IEs out of sequence are read and remarked on instead of
// ignored, since peers in the field reorder them.
// Encoding writes the IEs in the order of the specification and refuses what §8 does not allow.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

#define SGSAP_PORT 29118  // SCTP port, TS 29.118 §6.3
#define SGSAP_PPID 0      // SCTP payload protocol identifier
#define SGSAP_STREAM 0
#define SGSAP_MSG_MAX 1536 // no message is longer: enough for every encode

// Message types, §9.2: X(identifier, type, name without "SGsAP-")
#define SGSAP_TYPES(X)                                                                      \
    X(PAGING_REQUEST, 0x01, "PAGING-REQUEST")                                               \
    X(PAGING_REJECT, 0x02, "PAGING-REJECT")                                                 \
    X(SERVICE_REQUEST, 0x06, "SERVICE-REQUEST")                                             \
    X(DOWNLINK_UNITDATA, 0x07, "DOWNLINK-UNITDATA")                                         \
    X(UPLINK_UNITDATA, 0x08, "UPLINK-UNITDATA")                                             \
    X(LOCATION_UPDATE_REQUEST, 0x09, "LOCATION-UPDATE-REQUEST")                             \
    X(LOCATION_UPDATE_ACCEPT, 0x0a, "LOCATION-UPDATE-ACCEPT")                               \
    X(LOCATION_UPDATE_REJECT, 0x0b, "LOCATION-UPDATE-REJECT")                               \
    X(TMSI_REALLOCATION_COMPLETE, 0x0c, "TMSI-REALLOCATION-COMPLETE")                       \
    X(ALERT_REQUEST, 0x0d, "ALERT-REQUEST")                                                 \
    X(ALERT_ACK, 0x0e, "ALERT-ACK")                                                         \
    X(ALERT_REJECT, 0x0f, "ALERT-REJECT")                                                   \
    X(UE_ACTIVITY_INDICATION, 0x10, "UE-ACTIVITY-INDICATION")                               \
    X(EPS_DETACH_INDICATION, 0x11, "EPS-DETACH-INDICATION")                                 \
    X(EPS_DETACH_ACK, 0x12, "EPS-DETACH-ACK")                                               \
    X(IMSI_DETACH_INDICATION, 0x13, "IMSI-DETACH-INDICATION")                               \
    X(IMSI_DETACH_ACK, 0x14, "IMSI-DETACH-ACK")                                             \
    X(RESET_INDICATION, 0x15, "RESET-INDICATION")                                           \
    X(RESET_ACK, 0x16, "RESET-ACK")                                                         \
    X(SERVICE_ABORT_REQUEST, 0x17, "SERVICE-ABORT-REQUEST")                                 \
    X(MO_CSFB_INDICATION, 0x18, "MO-CSFB-INDICATION")                                       \
    X(MM_INFORMATION_REQUEST, 0x1a, "MM-INFORMATION-REQUEST")                               \
    X(RELEASE_REQUEST, 0x1b, "RELEASE-REQUEST")                                             \
    X(STATUS, 0x1d, "STATUS")                                                               \
    X(UE_UNREACHABLE, 0x1f, "UE-UNREACHABLE")

enum sgsap_type {
#define SGSAP_TYPE_ENUM_(id, value, name) SGSAP_##id = (value),
    SGSAP_TYPES(SGSAP_TYPE_ENUM_)
#undef SGSAP_TYPE_ENUM_
};

// What an IE's value is made of; decides how it is checked and described.
enum sgsap_kind {
    SGSAP_OPAQUE,  // octets that SGs only carries
    SGSAP_OCTET,   // one octet, every value means something
    SGSAP_DETACH,  // one octet, 1..3
    SGSAP_NUMBER,  // unsigned, most significant octet first
    SGSAP_IMSI,    // TS 29.018 §18.4.10
    SGSAP_DIGITS,  // decimal TBCD digits without filler
    SGSAP_NAME,    // domain name, RFC 1035 labels without the root, or dotted text
    SGSAP_AREA,    // PLMN and two octets: LAI, TAI, Global CN-Id
    SGSAP_CELL,    // PLMN and 28 bits
    SGSAP_PLMN,    // PLMN
    SGSAP_MOBILE,  // TS 24.008 §10.5.1.4, IMSI or TMSI
    SGSAP_CALLER,  // TS 24.008 §10.5.4.9
};

// Information elements, §9.3 and §9.4: X(identifier, IEI, name, kind, shortest, longest value).
// OLD_LAI is the second location area identifier of LOCATION-UPDATE-REQUEST.
#define SGSAP_IES(X)                                                                        \
    X(IMSI, 0x01, "IMSI", SGSAP_IMSI, 4, 8)                                                 \
    X(VLR_NAME, 0x02, "VLR name", SGSAP_NAME, 1, 255)                                       \
    X(TMSI, 0x03, "TMSI", SGSAP_NUMBER, 4, 4)                                               \
    X(LAI, 0x04, "Location area identifier", SGSAP_AREA, 5, 5)                              \
    X(OLD_LAI, 0x04, "Old location area identifier", SGSAP_AREA, 5, 5)                      \
    X(CHANNEL_NEEDED, 0x05, "Channel needed", SGSAP_OCTET, 1, 1)                            \
    X(EMLPP_PRIORITY, 0x06, "eMLPP priority", SGSAP_OCTET, 1, 1)                            \
    X(TMSI_STATUS, 0x07, "TMSI status", SGSAP_OCTET, 1, 1)                                  \
    X(CAUSE, 0x08, "SGs cause", SGSAP_OCTET, 1, 1)                                          \
    X(MME_NAME, 0x09, "MME name", SGSAP_NAME, 55, 55)                                       \
    X(EPS_LU_TYPE, 0x0a, "EPS location update type", SGSAP_OCTET, 1, 1)                     \
    X(GLOBAL_CN_ID, 0x0b, "Global CN-Id", SGSAP_AREA, 5, 5)                                 \
    X(MOBILE_IDENTITY, 0x0e, "Mobile identity", SGSAP_MOBILE, 4, 8)                         \
    X(REJECT_CAUSE, 0x0f, "Reject cause", SGSAP_OCTET, 1, 1)                                \
    X(EPS_DETACH_TYPE, 0x10, "IMSI detach from EPS service type", SGSAP_DETACH, 1, 1)       \
    X(IMSI_DETACH_TYPE, 0x11, "IMSI detach from non-EPS service type", SGSAP_DETACH, 1, 1)  \
    X(IMEISV, 0x15, "IMEISV", SGSAP_DIGITS, 8, 8)                                           \
    X(NAS_CONTAINER, 0x16, "NAS message container", SGSAP_OPAQUE, 2, 251)                   \
    X(MM_INFORMATION, 0x17, "MM information", SGSAP_OPAQUE, 1, 255)                         \
    X(ERRONEOUS_MESSAGE, 0x1b, "Erroneous message", SGSAP_OPAQUE, 1, 255)                   \
    X(CLI, 0x1c, "CLI", SGSAP_CALLER, 1, 12)                                                \
    X(LCS_CLIENT_ID, 0x1d, "LCS client identity", SGSAP_OPAQUE, 1, 255)                     \
    X(LCS_INDICATOR, 0x1e, "LCS indicator", SGSAP_OCTET, 1, 1)                              \
    X(SS_CODE, 0x1f, "SS code", SGSAP_OCTET, 1, 1)                                          \
    X(SERVICE_INDICATOR, 0x20, "Service indicator", SGSAP_OCTET, 1, 1)                      \
    X(UE_TIME_ZONE, 0x21, "UE time zone", SGSAP_OCTET, 1, 1)                                \
    X(CLASSMARK2, 0x22, "Mobile station classmark 2", SGSAP_OPAQUE, 3, 3)                   \
    X(TAI, 0x23, "Tracking area identity", SGSAP_AREA, 5, 5)                                \
    X(ECGI, 0x24, "E-UTRAN cell global identity", SGSAP_CELL, 7, 7)                         \
    X(UE_EMM_MODE, 0x25, "UE EMM mode", SGSAP_OCTET, 1, 1)                                  \
    X(PAGING_INDICATORS, 0x26, "Additional paging indicators", SGSAP_OCTET, 1, 1)           \
    X(NRI_CONTAINER, 0x27, "TMSI based NRI container", SGSAP_NUMBER, 2, 2)                  \
    X(CS_OPERATOR, 0x28, "Selected CS domain operator", SGSAP_PLMN, 3, 3)                   \
    X(UE_AVAILABILITY, 0x29, "Maximum UE availability time", SGSAP_NUMBER, 4, 4)            \
    X(SM_DELIVERY_TIMER, 0x2a, "SM delivery timer", SGSAP_NUMBER, 2, 2)                     \
    X(SM_DELIVERY_START, 0x2b, "SM delivery start time", SGSAP_NUMBER, 4, 4)                \
    X(UNREACHABLE_INDICATORS, 0x2c, "Additional UE unreachable indicators", SGSAP_OCTET, 1, 1) \
    X(MAX_RETRANSMISSION, 0x2d, "Maximum retransmission time", SGSAP_NUMBER, 4, 4)          \
    X(REQ_RETRANSMISSION, 0x2e, "Requested retransmission time", SGSAP_NUMBER, 4, 4)

enum sgsap_ie {
#define SGSAP_IE_ENUM_(id, iei, name, kind, min, max) SGSAP_IE_##id,
    SGSAP_IES(SGSAP_IE_ENUM_)
#undef SGSAP_IE_ENUM_
    SGSAP_IE_COUNT,
    SGSAP_IE_NONE = SGSAP_IE_COUNT // "no IE" in results
};

// SGs cause, §9.4.18. Other values count as NORMAL.
#define SGSAP_CAUSES(X)                                                                     \
    X(NORMAL, 0, "normal, unspecified")                                                     \
    X(IMSI_DETACHED_EPS, 1, "IMSI detached for EPS services")                               \
    X(IMSI_DETACHED_EPS_NON_EPS, 2, "IMSI detached for EPS and non-EPS services")           \
    X(IMSI_UNKNOWN, 3, "IMSI unknown")                                                      \
    X(IMSI_DETACHED_NON_EPS, 4, "IMSI detached for non-EPS services")                       \
    X(IMSI_IMPLICITLY_DETACHED, 5, "IMSI implicitly detached for non-EPS services")         \
    X(UE_UNREACHABLE, 6, "UE unreachable")                                                  \
    X(WRONG_STATE, 7, "message not compatible with the protocol state")                     \
    X(MISSING_MANDATORY, 8, "missing mandatory information element")                        \
    X(INVALID_MANDATORY, 9, "invalid mandatory information")                                \
    X(CONDITIONAL, 10, "conditional information element error")                             \
    X(SEMANTIC, 11, "semantically incorrect message")                                       \
    X(MESSAGE_UNKNOWN, 12, "message unknown")                                               \
    X(REJECTED_BY_USER, 13, "mobile terminating CS fallback call rejected by the user")     \
    X(TEMPORARILY_UNREACHABLE, 14, "UE temporarily unreachable")

enum sgsap_cause {
#define SGSAP_CAUSE_ENUM_(id, value, text) SGSAP_CAUSE_##id = (value),
    SGSAP_CAUSES(SGSAP_CAUSE_ENUM_)
#undef SGSAP_CAUSE_ENUM_
};

enum sgsap_side { SGSAP_MME, SGSAP_VLR };

// An IE's value part, without IEI and length. data NULL: not present.
struct sgsap_value {
    const uint8_t *data; // borrowed
    uint8_t len;
};

// What a decoder passed over (bits of sgsap_msg.remarks).
enum sgsap_remark {
    SGSAP_REMARK_UNKNOWN_IE = 1 << 0,       // no such IEI, §7.5
    SGSAP_REMARK_UNFORESEEN_IE = 1 << 1,    // not part of this message, §7.5
    SGSAP_REMARK_OUT_OF_SEQUENCE = 1 << 2,  // read nevertheless
    SGSAP_REMARK_REPEATED_IE = 1 << 3,      // the first one counts, §7.7
    SGSAP_REMARK_INVALID_OPTIONAL = 1 << 4, // treated as not present, §7.9
    SGSAP_REMARK_OVERLONG_IE = 1 << 5,      // octets beyond a fixed length are not looked at
    SGSAP_REMARK_TRUNCATED = 1 << 6,        // the last IE ends beyond the message
};

// One message. Do not copy it: values set by ie.h point into `own`.
struct sgsap_msg {
    uint8_t type;     // enum sgsap_type
    uint16_t remarks; // enum sgsap_remark, after decoding
    uint16_t n_own;   // octets of `own` in use
    struct sgsap_value ie[SGSAP_IE_COUNT];
    uint8_t own[640]; // values written by the setters of ie.h
};

// What is wrong with a message, and whom it was about: all that SGsAP-STATUS needs.
struct sgsap_fault {
    enum err err;           // ERR_DECODE_*
    enum sgsap_cause cause; // for SGsAP-STATUS
    bool answer;            // SGsAP-STATUS is to be sent (never about a STATUS, §7.2 about nothing)
    uint8_t type;           // message type as received
    enum sgsap_ie ie;       // SGSAP_IE_NONE if it is not about one IE
    bool has_imsi;
    struct base_imsi imsi;
};

// --- messages ---

void sgsap_init(struct sgsap_msg *msg, enum sgsap_type type);

// Decodes one SCTP user message. from: who sent it. msg borrows from data. On an error fault is
// filled (it may be NULL); msg then holds the type and the IEs that were in order.
enum err sgsap_decode(const uint8_t *data, size_t len, enum sgsap_side from,
                      struct sgsap_msg *msg, struct sgsap_fault *fault);

// Encodes into buf; *len is the number of octets written. from: who sends it. ERR_ENCODE_SPACE;
// ERR_ENCODE_VALUE with the offending IE in *bad (may be NULL): missing, not part of the message,
// not part of it from this side, or with a value that the decoder would refuse.
enum err sgsap_encode(const struct sgsap_msg *msg, enum sgsap_side from, uint8_t *buf,
                      size_t size, size_t *len, enum sgsap_ie *bad);

// The SGsAP-STATUS about a message that could not be decoded (§7) or used (§5.14): cause, its
// IMSI where known, and as much of it as fits the IE. ERR_INVALID if fault says not to answer.
enum err sgsap_encode_status(const struct sgsap_fault *fault, const uint8_t *received,
                             size_t received_len, enum sgsap_side from, uint8_t *buf, size_t size,
                             size_t *len);

// The fault of a message that was decoded but cannot be accepted: SGSAP_CAUSE_WRONG_STATE,
// SGSAP_CAUSE_SEMANTIC ...
void sgsap_fault_of(const struct sgsap_msg *msg, enum sgsap_cause cause,
                    struct sgsap_fault *fault);

// Sets an IE to octets that stay the caller's and must outlive the message. Checked when encoding.
void sgsap_set(struct sgsap_msg *msg, enum sgsap_ie ie, const void *data, uint8_t len);
static inline bool sgsap_has(const struct sgsap_msg *msg, enum sgsap_ie ie)
{
    return msg->ie[ie].data != NULL;
}

// Would a decoder accept this value? ERR_DECODE_LENGTH, ERR_DECODE_VALUE.
enum err sgsap_check(enum sgsap_ie ie, const void *data, size_t len);

// The message on one line for logs ("PAGING-REQUEST; VLR name: vlr.example.org; ..."), without what
// tells about a person. Returns out, cut to size.
const char *sgsap_describe(const struct sgsap_msg *msg, char *out, size_t size);

// --- tables ---

enum sgsap_presence {
    SGSAP_OPTIONAL,
    SGSAP_MANDATORY,
    SGSAP_FROM_MME, // conditional: mandatory from the MME, not part of it from the VLR
    SGSAP_FROM_VLR, // the reverse
};

struct sgsap_part {
    enum sgsap_ie ie;
    enum sgsap_presence presence;
};

#define SGSAP_PARTS_MAX 20
struct sgsap_message {
    enum sgsap_type type;
    const char *name;
    const char *clause; // of TS 29.118
    bool from_mme, from_vlr;
    struct sgsap_part parts[SGSAP_PARTS_MAX]; // in the order of §8
    uint8_t n_parts;
};

struct sgsap_element {
    uint8_t iei, min, max; // of the value part
    enum sgsap_kind kind;
    const char *name;
};

const struct sgsap_message *sgsap_message_of(uint8_t type); // NULL if there is no such message
const struct sgsap_element *sgsap_element_of(enum sgsap_ie ie);
// How the part counts for a message sent by `from`.
bool sgsap_part_required(const struct sgsap_part *part, enum sgsap_side from);
bool sgsap_part_allowed(const struct sgsap_part *part, enum sgsap_side from);

// --- names; never NULL, "unknown" for values without a meaning ---

const char *sgsap_type_name(uint8_t type);
const char *sgsap_ie_name(enum sgsap_ie ie);
const char *sgsap_cause_name(uint8_t cause);
const char *sgsap_reject_cause_name(uint8_t cause); // TS 24.008 §10.5.3.6
const char *sgsap_eps_lu_type_name(uint8_t type);
const char *sgsap_eps_detach_name(uint8_t type);
const char *sgsap_imsi_detach_name(uint8_t type);
const char *sgsap_service_name(uint8_t indicator);
const char *sgsap_lcs_indicator_name(uint8_t indicator);
const char *sgsap_emm_mode_name(uint8_t mode);
const char *sgsap_remark_name(enum sgsap_remark remark);
const char *sgsap_side_name(enum sgsap_side side);
