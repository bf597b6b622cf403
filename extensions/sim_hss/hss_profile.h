// SPDX-License-Identifier: BSD-3-Clause
// A subscriber as provisioned: identity, keys, subscription. A profile does not change once it is
// published: a change makes a new one, so readers hold a reference and no lock.
// Not for what moves while the network runs (SQN, serving nodes): that is struct hss_sub,
// hss_cache.h.
#pragma once

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aka/vector.h"
#include "base/err.h"
#include "base/ident.h"

#define HSS_APNS_MAX 50    // TS 29.272 lets a profile have more; fifty is what an MME keeps
#define HSS_ZONES_MAX 10   // TS 23.008 §2.13.6
#define HSS_ROAMING_MAX 16
#define HSS_APN_NAME_MAX 100

// APN-Configuration, TS 29.272 §7.3.35
struct hss_apn {
    uint32_t context_id;                 // 1.. ; 0: not assigned yet
    char name[HSS_APN_NAME_MAX + 1];     // Service-Selection; "*" is the wildcard APN
    uint8_t pdn_type;                    // 0 IPv4, 1 IPv6, 2 IPv4v6, 3 IPv4 or IPv6 (§7.3.62)
    uint8_t qci;
    uint8_t arp_priority;                // 1 (highest) .. 15
    bool may_preempt, preemptable;       // Pre-emption-Capability, -Vulnerability: enabled
    bool vplmn_address;                  // VPLMN-Dynamic-Address-Allowed
    bool has_ipv4, has_ipv6;
    struct in_addr ipv4;                 // static addresses
    struct in6_addr ipv6;
    uint64_t ambr_ul, ambr_dl;           // [bit/s]
    char charging[5];                    // 3GPP-Charging-Characteristics, four hex digits, or ""
};

enum hss_roaming { HSS_ROAM_ALL = 0, HSS_ROAM_HOME, HSS_ROAM_LIST };

struct hss_profile {
    _Atomic unsigned refs;
    char imsi[16];
    char msisdn[16];                     // digits, or ""
    struct aka_cred cred;
    uint8_t op[32];                      // OP or TOP as given, wiped once OPc is derived
    uint8_t op_len;                      // 0: OPc was given
    bool has_opc;
    uint8_t amf[2];
    bool gsm_sim;                        // a SIM without USIM: triplets only
    bool eps;                            // false: no EPS subscription (5420)
    int status;                          // Subscriber-Status: 0 granted, 1 barred
    int nam;                             // Network-Access-Mode: 0 packet and circuit, 2 packet
    uint32_t odb, hplmn_odb;             // bit masks of §7.3.30, §7.3.22
    uint32_t access_restriction;         // §7.3.31
    uint32_t core_restriction;           // Core-Network-Restrictions §7.3.230
    enum hss_roaming roaming;
    size_t n_roaming;
    struct base_plmn roaming_plmn[HSS_ROAMING_MAX];
    size_t n_zones;
    uint16_t zones[HSS_ZONES_MAX];
    char charging[5];
    char apn_oi[HSS_APN_NAME_MAX + 1];
    uint32_t rau_tau_timer;              // [s]; 0: none
    uint32_t rfsp;                       // 1..256; 0: none
    uint32_t ue_usage_type;              // 0: none
    bool ics;
    bool sms_in_mme;                     // accept an MME's registration for SMS
    uint64_t ambr_ul, ambr_dl;           // UE-AMBR [bit/s]
    uint32_t default_context;
    size_t n_apns;
    struct hss_apn *apns;                // owned
};

// A profile with usual values and no identity, one reference. NULL when out of memory.
struct hss_profile *hss_profile_new(void);
// A private copy to change. NULL when out of memory.
struct hss_profile *hss_profile_copy(const struct hss_profile *p);
struct hss_profile *hss_profile_ref(struct hss_profile *p);
void hss_profile_unref(struct hss_profile *p); // NULL is fine; the last one wipes the keys

// Adds an APN with usual values; *out stays valid until the next one. ERR_FULL, ERR_NOMEM.
enum err hss_profile_add_apn(struct hss_profile *p, struct hss_apn **out);
void hss_profile_clear_apns(struct hss_profile *p);
bool hss_profile_drop_apn(struct hss_profile *p, uint32_t context_id); // false: there is none

// Completes and checks what was filled in: derives OPc, assigns context ids, picks the default APN.
// On failure *why is a static text.
enum err hss_profile_finish(struct hss_profile *p, struct aka_gen *gen, const char **why);
