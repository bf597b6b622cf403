// SPDX-License-Identifier: BSD-3-Clause
// Requests of S6a as Diameter messages to the plain structs of hss_s6a.h.
#pragma once

#include "diameter/msg.h"
#include "hss_s6a.h"

// Texts copied out of a message, because AVP values have no end mark.
struct hss_texts {
    char imsi[64], host[256], realm[256], imei[17];
    bool has_imsi, has_host, has_realm;
};

// What every request must have (§7.2). HSS_FAILED_NONE if all is there; else what is missing. texts
// is filled in either case.
enum hss_failed hss_decode_common(struct msg *request, struct hss_texts *texts);

// The rest by command (ULR puts the IMEI into texts). The results borrow from texts and the
// message. AVPs that are there but could not be parsed count as absent.
void hss_decode_air(struct msg *request, const struct hss_texts *texts, struct hss_air *out);
void hss_decode_ulr(struct msg *request, struct hss_texts *texts, struct hss_ulr *out);
void hss_decode_pur(struct msg *request, const struct hss_texts *texts, struct hss_pur *out);
void hss_decode_nor(struct msg *request, const struct hss_texts *texts, struct hss_nor *out);
