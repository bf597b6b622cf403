// SPDX-License-Identifier: BSD-3-Clause
// What the HSS does with a request of S6a/S6d, TS 29.272: plain structs in, plain structs out, no
// Diameter and no I/O. Decoding and encoding are hss_decode.h and hss_encode.h.
#pragma once

#include "hss_cache.h"

#define HSS_VECTORS_MAX 32
#define HSS_CANCELS_MAX 2
#define HSS_FEATURE_LISTS 2

// Result codes: RFC 6733 §7.1 and, as Experimental-Result, TS 29.272 §7.4.3 and §7.4.4
enum {
    HSS_SUCCESS = 2001,
    HSS_REALM_NOT_SERVED = 3003,
    HSS_MISSING_AVP = 5005,
    HSS_INVALID_AVP_LENGTH = 5014,
    HSS_UNABLE_TO_COMPLY = 5012,
    HSS_X_AUTH_DATA_UNAVAILABLE = 4181,
    HSS_X_USER_UNKNOWN = 5001,
    HSS_X_ROAMING_NOT_ALLOWED = 5004,
    HSS_X_FEATURE_UNSUPPORTED = 5011, // TS 29.229 §6.2.2
    HSS_X_UNKNOWN_EPS_SUBSCRIPTION = 5420,
    HSS_X_RAT_NOT_ALLOWED = 5421,
    HSS_X_UNKNOWN_SERVING_NODE = 5423,
};

enum { // Error-Diagnostic §7.3.128
    HSS_DIAGNOSTIC_NONE = -1,
    HSS_DIAGNOSTIC_ODB_ALL_APN = 2,
};

// AVPs that a Failed-AVP may name; the rest of the table is in hss_decode.c
enum hss_failed {
    HSS_FAILED_NONE = 0,
    HSS_FAILED_USER_NAME,
    HSS_FAILED_VISITED_PLMN,
    HSS_FAILED_REQUESTED_EUTRAN,
    HSS_FAILED_RESYNC,
    HSS_FAILED_RAT_TYPE,
    HSS_FAILED_ULR_FLAGS,
    HSS_FAILED_ORIGIN_HOST,
    HSS_FAILED_ORIGIN_REALM,
    HSS_FAILED_SESSION_ID,
    HSS_FAILED_AUTH_SESSION_STATE,
    HSS_FAILED_AUTH_ITEM, // of SWx from here on
    HSS_FAILED_NUMBER_ITEMS,
    HSS_FAILED_ANID,
    HSS_FAILED_ASSIGNMENT_TYPE,
    HSS_FAILED_AVPS
};

struct hss_result {
    uint32_t code;
    bool experimental;
    int diagnostic;          // Error-Diagnostic, or HSS_DIAGNOSTIC_NONE
    enum hss_failed failed;
};

// Supported-Features of 3GPP, TS 29.229 §6.3.29
struct hss_features {
    size_t n;
    struct { uint32_t id, list; bool mandatory; } item[HSS_FEATURE_LISTS];
};

// ---- AIR ----
struct hss_asked {
    bool present;
    uint32_t n;              // Number-Of-Requested-Vectors, 1 if absent
    bool immediate;          // Immediate-Response-Preferred is there
    const uint8_t *resync;   // Re-Synchronization-Info: RAND, AUTS; borrowed; NULL if absent
    size_t resync_len;
};
struct hss_air {
    const char *imsi;        // borrowed; NULL if absent
    const uint8_t *plmn;     // Visited-PLMN-Id; NULL if absent
    size_t plmn_len;
    struct hss_asked eutran, utran; // utran: Requested-UTRAN-GERAN-Authentication-Info
    uint32_t air_flags;
    struct hss_features features;
};
struct hss_aia {
    struct hss_result result;
    struct hss_features features;
    uint32_t ue_usage_type;  // 0: absent
    size_t n_eutran, n_utran, n_geran;
    struct aka_quintet eutran[HSS_VECTORS_MAX], utran[HSS_VECTORS_MAX];
    uint8_t kasme[HSS_VECTORS_MAX][AKA_KASME_LEN];
    struct aka_triplet geran[HSS_VECTORS_MAX];
};

// ---- ULR ----
enum { // ULR-Flags §7.3.7
    HSS_ULR_SINGLE_REGISTRATION = 1 << 0,
    HSS_ULR_S6A = 1 << 1,
    HSS_ULR_SKIP_DATA = 1 << 2,
    HSS_ULR_GPRS_DATA = 1 << 3,
    HSS_ULR_NODE_TYPE = 1 << 4,
    HSS_ULR_INITIAL_ATTACH = 1 << 5,
};
enum { HSS_ULA_SEPARATION = 1 << 0, HSS_ULA_MME_SMS = 1 << 1 }; // ULA-Flags §7.3.8
enum { HSS_CLR_S6A = 1 << 0, HSS_CLR_REATTACH = 1 << 1 };       // CLR-Flags §7.3.152
enum hss_cancellation { // Cancellation-Type §7.3.24
    HSS_CANCEL_MME_UPDATE = 0,
    HSS_CANCEL_SGSN_UPDATE,
    HSS_CANCEL_WITHDRAWAL,
    HSS_CANCEL_UPDATE_IWF,
    HSS_CANCEL_INITIAL_ATTACH,
    HSS_CANCELLATIONS
};
// "mme-update" ...; NULL beyond
const char *hss_cancellation_name(enum hss_cancellation type);

struct hss_ulr {
    const char *imsi, *host, *realm; // borrowed; NULL if absent
    const uint8_t *plmn;
    size_t plmn_len;
    bool has_rat, has_flags;
    uint32_t rat_type, flags;
    const char *imei;                // NULL if absent
    bool sms_number;                 // MME-Number-for-MT-SMS is there
    int sms_request;                 // SMS-Register-Request, -1 if absent
    struct hss_features features;
};
// A CLR to send to a node that no longer serves the subscriber.
struct hss_cancel {
    const char *host, *realm;        // live as long as the cache
    enum hss_cancellation type;
    uint32_t clr_flags;
};
struct hss_ula {
    struct hss_result result;
    struct hss_features features;
    uint32_t flags;
    struct hss_profile *data;        // for Subscription-Data, a reference; NULL: none is sent
    size_t n_cancels;
    struct hss_cancel cancels[HSS_CANCELS_MAX];
};

// ---- PUR, NOR ----
enum { HSS_PUR_MME = 1 << 0, HSS_PUR_SGSN = 1 << 1 };                 // PUR-Flags §7.3.149
enum { HSS_PUA_FREEZE_M_TMSI = 1 << 0, HSS_PUA_FREEZE_P_TMSI = 1 << 1 }; // PUA-Flags §7.3.48
struct hss_pur {
    const char *imsi, *host, *realm;
    bool has_flags;
    uint32_t flags;
};
struct hss_pua {
    struct hss_result result;
    uint32_t flags;
};
enum { // NOR-Flags §7.3.49
    HSS_NOR_SINGLE_REGISTRATION = 1 << 0,
    HSS_NOR_REMOVE_SMS = 1 << 9,
};
struct hss_nor {
    const char *imsi, *host, *realm;
    uint32_t flags;
};
struct hss_noa {
    struct hss_result result;
    size_t n_cancels;
    struct hss_cancel cancels[HSS_CANCELS_MAX];
};

// ---- the HSS ----
struct hss_settings {
    size_t max_vectors;             // most vectors of a kind in one answer
    size_t immediate_vectors;       // the same where Immediate-Response-Preferred is set
    size_t n_home;                  // home PLMNs; none: the PLMN the IMSI begins with
    struct base_plmn home[8];
    uint32_t features[HSS_FEATURE_LISTS]; // what we support of feature lists 1 and 2
};

struct hss {
    struct hss_settings settings;
    struct hss_cache *cache;        // borrowed
    int64_t (*now_ms)(void);        // wall clock, for time-based SQN
    enum err (*random)(uint8_t *out, size_t len);
};

// What one thread needs to make vectors.
struct hss_worker {
    struct aka_gen *gen;
    uint8_t pool[512];              // random octets, drawn many at a time
    size_t left;
};
enum err hss_worker_init(struct hss_worker *worker);
void hss_worker_fini(struct hss_worker *worker);

// Makes n quintets of a locked subscriber, after taking SQN_MS over where resync (RAND, AUTS; NULL:
// none) verifies. separated: their AMF has the separation bit, for E-UTRAN and EAP-AKA'.
enum err hss_make_quintets(struct hss *hss, struct hss_worker *worker, struct hss_sub *sub,
                           bool separated, const uint8_t *resync, size_t n,
                           struct aka_quintet *out);

// Any thread, each with its own worker. Answers are filled completely.
void hss_air(struct hss *hss, struct hss_worker *worker, const struct hss_air *air,
             struct hss_aia *aia);
void hss_ulr(struct hss *hss, const struct hss_ulr *ulr, struct hss_ula *ula);
void hss_ula_release(struct hss_ula *ula); // drops the reference in ula->data
void hss_pur(struct hss *hss, const struct hss_pur *pur, struct hss_pua *pua);
void hss_nor(struct hss *hss, const struct hss_nor *nor, struct hss_noa *noa);

// Shared by the procedures: features both sides have; ERR_UNSUPPORTED if one that the peer marked
// mandatory is missing here.
enum err hss_common_features(const struct hss *hss, const struct hss_features *asked,
                             struct hss_features *common);
void hss_result_set(struct hss_result *r, uint32_t code, bool experimental);
void hss_result_failed(struct hss_result *r, uint32_t code, enum hss_failed failed);
