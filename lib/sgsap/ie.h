// SPDX-License-Identifier: BSD-3-Clause
// Values of SGsAP information elements as types. Readers take the value part, as it lies in a
// message (msg->ie[SGSAP_IE_...]) or as a peer of another protocol handed it over; ERR_NOT_FOUND if
// it is not present, ERR_DECODE_LENGTH or ERR_DECODE_VALUE if it is not well-formed. Setters write
// into the message's own memory: ERR_ENCODE_VALUE if the value cannot be expressed,
// ERR_ENCODE_SPACE if the message has no room left (never with one value per IE).
#pragma once

#include "sgsap/sgsap.h"

// IMSI, TS 29.018 §18.4.10.
enum err sgsap_read_imsi(struct sgsap_value value, struct base_imsi *out);
enum err sgsap_set_imsi(struct sgsap_msg *msg, const struct base_imsi *imsi);

// One octet; any IE of kind SGSAP_OCTET or SGSAP_DETACH.
enum err sgsap_read_octet(struct sgsap_value value, uint8_t *out);
enum err sgsap_set_octet(struct sgsap_msg *msg, enum sgsap_ie ie, uint8_t octet);

// The octet as the receiver has to take it: values that the specification reserves count as the
// one it names (§9.4.2: normal update, §9.4.17: CS call, §9.4.18: normal).
enum sgsap_service { SGSAP_SERVICE_CS = 1, SGSAP_SERVICE_SMS = 2 };
enum sgsap_lu_type { SGSAP_LU_IMSI_ATTACH = 1, SGSAP_LU_NORMAL = 2 };
enum sgsap_detach { // IMSI detach from EPS service type, from non-EPS service type
    SGSAP_EPS_DETACH_NETWORK = 1,
    SGSAP_EPS_DETACH_UE = 2,
    SGSAP_EPS_DETACH_NOT_ALLOWED = 3,
    SGSAP_IMSI_DETACH_EXPLICIT = 1,
    SGSAP_IMSI_DETACH_COMBINED = 2,
    SGSAP_IMSI_DETACH_IMPLICIT = 3,
};
enum err sgsap_read_service(struct sgsap_value value, enum sgsap_service *out);
enum err sgsap_read_lu_type(struct sgsap_value value, enum sgsap_lu_type *out);
enum err sgsap_read_cause(struct sgsap_value value, enum sgsap_cause *out);

// Unsigned number of 1..4 octets: TMSI, timers (seconds), times (seconds since 1900-01-01 UTC).
enum err sgsap_read_number(struct sgsap_value value, uint32_t *out);
enum err sgsap_set_number(struct sgsap_msg *msg, enum sgsap_ie ie, uint32_t number);

// Domain name. out: dotted text without a final dot, NUL-terminated; SGSAP_NAME_MAX always
// suffices. Reads labels and, as peers send it, dotted text with or without a final NUL.
#define SGSAP_NAME_MAX 256
enum err sgsap_read_name(struct sgsap_value value, char *out, size_t size);
enum err sgsap_set_name(struct sgsap_msg *msg, enum sgsap_ie ie, const char *dotted);

// The MME name of TS 23.003 §19.4.2.4, 54 characters dotted: "mmec01.mmegi0001.mme.epc.mnc..."
#define SGSAP_MME_NAME_LEN 54
void sgsap_mme_name(const struct base_plmn *plmn, uint16_t group, uint8_t code,
                    char out[SGSAP_MME_NAME_LEN + 1]);

// Location area (LAC), tracking area (TAC), core network node (CN-Id).
struct sgsap_area {
    struct base_plmn plmn;
    uint16_t code;
};
enum err sgsap_read_area(struct sgsap_value value, struct sgsap_area *out);
enum err sgsap_set_area(struct sgsap_msg *msg, enum sgsap_ie ie, const struct sgsap_area *area);

struct sgsap_cell {
    struct base_plmn plmn;
    uint32_t eci; // 28 bits
};
enum err sgsap_read_cell(struct sgsap_value value, struct sgsap_cell *out);
enum err sgsap_set_cell(struct sgsap_msg *msg, enum sgsap_ie ie, const struct sgsap_cell *cell);

enum err sgsap_read_plmn(struct sgsap_value value, struct base_plmn *out);
enum err sgsap_set_plmn(struct sgsap_msg *msg, enum sgsap_ie ie, const struct base_plmn *plmn);

// New TMSI or IMSI of LOCATION-UPDATE-ACCEPT.
struct sgsap_mobile {
    bool is_tmsi;
    uint32_t tmsi;
    struct base_imsi imsi; // if not is_tmsi
};
enum err sgsap_read_mobile(struct sgsap_value value, struct sgsap_mobile *out);
enum err sgsap_set_mobile(struct sgsap_msg *msg, enum sgsap_ie ie,
                          const struct sgsap_mobile *mobile);

// Decimal digits (IMEISV: 16), NUL-terminated.
#define SGSAP_IMEISV_DIGITS 16
enum err sgsap_read_digits(struct sgsap_value value, char *out, size_t size);
enum err sgsap_set_digits(struct sgsap_msg *msg, enum sgsap_ie ie, const char *digits);

// Calling line identification, TS 24.008 §10.5.4.9.
struct sgsap_caller {
    uint8_t number_type;   // 1: international
    uint8_t plan;          // 1: E.164
    bool has_presentation;
    uint8_t presentation;  // 0 allowed, 1 restricted, 2 not available
    uint8_t screening;     // 0..3
    char digits[25];       // 0-9*#abc
};
enum err sgsap_read_caller(struct sgsap_value value, struct sgsap_caller *out);
enum err sgsap_set_caller(struct sgsap_msg *msg, enum sgsap_ie ie,
                          const struct sgsap_caller *caller);

// Network resource identifier: bits 23..14 of a TMSI, 10 bits (TS 29.018 §18.4.28).
enum err sgsap_read_nri(struct sgsap_value value, uint16_t *out);
enum err sgsap_set_nri(struct sgsap_msg *msg, uint16_t nri);

// Minutes east of UTC, from the octet of TS 24.008 §10.5.3.8 (quarters of an hour in swapped BCD,
// sign in bit 4); ERR_DECODE_VALUE.
enum err sgsap_time_zone_minutes(uint8_t octet, int *minutes);
enum err sgsap_time_zone_octet(int minutes, uint8_t *octet);
