// SPDX-License-Identifier: BSD-3-Clause
// The short message layers inside an SGs NAS message container, as far as a simulator of an MSC
// needs them: CP and RP (TS 24.011), SMS-DELIVER and SMS-SUBMIT (TS 23.040). No I/O.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SMS_NAS_MAX 251 // longest container
#define SMS_TEXT_MAX 512

enum sms_cp { SMS_CP_DATA = 1, SMS_CP_ACK = 4, SMS_CP_ERROR = 16 };
enum sms_rp { // message type indicator with its direction bit
    SMS_RP_DATA_FROM_UE = 0,
    SMS_RP_DATA_TO_UE = 1,
    SMS_RP_ACK_FROM_UE = 2,
    SMS_RP_ACK_TO_UE = 3,
    SMS_RP_ERROR_FROM_UE = 4,
    SMS_RP_ERROR_TO_UE = 5,
    SMS_RP_SMMA = 6,
};

struct sms {
    uint8_t transaction;  // TI value 0..6
    bool ours;            // the transaction was begun by the network
    enum sms_cp cp;
    uint8_t cp_cause;     // CP-ERROR
    int rp;               // enum sms_rp; -1 without CP-DATA
    uint8_t reference;    // of RP
    uint8_t rp_cause;     // RP-ERROR
    char center[24], peer[24]; // service centre; originator or destination, digits
    char text[SMS_TEXT_MAX];   // UTF-8; "" if there is none or it is not text
};

// ERR_DECODE_TRUNCATED, ERR_DECODE_VALUE.
enum err sms_read(const uint8_t *nas, size_t len, struct sms *out);

// Encoders of what an MSC sends; buf has SMS_NAS_MAX octets. ours: see above.
size_t sms_cp_ack(uint8_t transaction, bool ours, uint8_t *buf);
size_t sms_rp_ack(uint8_t transaction, uint8_t reference, uint8_t *buf);
size_t sms_rp_error(uint8_t transaction, uint8_t reference, uint8_t cause, uint8_t *buf);
// A text to the UE: CP-DATA, RP-DATA, SMS-DELIVER. ERR_ENCODE_VALUE (numbers), ERR_ENCODE_SPACE
// (more than one short message holds).
enum err sms_deliver(uint8_t transaction, uint8_t reference, const char *center, const char *from,
                     const char *text, int64_t now, uint8_t *buf, size_t *len);
