// SPDX-License-Identifier: BSD-3-Clause
// What the HSS does with a request of SWx, TS 29.273 §8.1: plain structs in, plain structs out, no
// Diameter and no I/O. Subscribers are those of S6a. Which 3GPP AAA server has whom is kept in
// memory only: after a restart the servers register anew, as §8.1.2.5 (restoration) foresees.
#pragma once

#include "hss_s6a.h"

#define HSS_SWX_VECTORS_MAX 5

// Experimental-Result codes of TS 29.273 §8.2.4 and TS 29.229 §6.2
enum {
    HSS_X_IDENTITY_NOT_REGISTERED = 5003,
    HSS_X_IDENTITY_ALREADY_REGISTERED = 5005,
    HSS_X_AUTH_SCHEME_NOT_SUPPORTED = 5006,
    HSS_X_ERROR_IN_ASSIGNMENT_TYPE = 5007,
    HSS_X_NO_NON_3GPP_SUBSCRIPTION = 5450,
};
enum hss_assignment { // Server-Assignment-Type, TS 29.229 §6.3.15
    HSS_NO_ASSIGNMENT = 0,
    HSS_REGISTRATION = 1,
    HSS_USER_DEREGISTRATION = 5,
    HSS_ADMINISTRATIVE_DEREGISTRATION = 8,
    HSS_AUTHENTICATION_FAILURE = 9,
    HSS_AUTHENTICATION_TIMEOUT = 10,
    HSS_AAA_USER_DATA_REQUEST = 12,
    HSS_PGW_UPDATE = 13,
    HSS_RESTORATION = 14,
};

// ---- which AAA server has whom; any thread ----
struct hss_swx;
struct hss_aaa {
    char host[256], realm[256]; // "" nobody
    bool registered;            // else it has only authenticated the user
};
enum err hss_swx_new(struct hss_swx **out);
void hss_swx_free(struct hss_swx *swx); // NULL is fine
struct hss_aaa hss_swx_server(struct hss_swx *swx, const char *imsi);
// host NULL: nobody from now on. ERR_NOMEM.
enum err hss_swx_serve(struct hss_swx *swx, const char *imsi, const char *host, const char *realm,
                       bool registered);

// ---- MAR ----
struct hss_mar {
    const char *imsi, *host, *realm; // borrowed
    bool has_item;                   // SIP-Auth-Data-Item is there
    bool known_scheme, prime;        // EAP-AKA or EAP-AKA'; which
    uint32_t n;                      // SIP-Number-Auth-Items, 0: absent
    const uint8_t *resync;           // SIP-Authorization: RAND, AUTS; NULL if absent
    size_t resync_len;
    const char *anid; // NULL if absent
    bool aaa_failure; // AAA-Failure-Indication, §8.2.3.21
};
struct hss_maa {
    struct hss_result result;
    bool prime;
    size_t n;
    struct aka_quintet vector[HSS_SWX_VECTORS_MAX]; // CK' and IK' where prime
    char server[256];                               // 3GPP-AAA-Server-Name, "" absent
};
void hss_mar(struct hss *hss, struct hss_swx *swx, struct hss_worker *worker,
             const struct hss_mar *mar, struct hss_maa *maa);

// ---- SAR ----
struct hss_sar {
    const char *imsi, *host, *realm; // borrowed
    bool has_type;
    int32_t type;
};
struct hss_saa {
    struct hss_result result;
    struct hss_profile *data; // for Non-3GPP-User-Data, a reference; NULL: none is sent
    char server[256];
};
void hss_sar(struct hss *hss, struct hss_swx *swx, const struct hss_sar *sar, struct hss_saa *saa);
void hss_saa_release(struct hss_saa *saa); // drops the reference in saa->data
