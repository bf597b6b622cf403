// SPDX-License-Identifier: BSD-3-Clause
// The structs of hss_s6a.h into Diameter messages. Containers are messages or grouped AVPs.
#pragma once

#include "diameter/msg.h"
#include "hss_s6a.h"

// Result, origin, session state and application: what every answer has. request (borrowed, may be
// NULL) gives Failed-AVP the offending value.
enum err hss_encode_answer(struct msg *answer, const struct hss_result *result,
                           struct msg *request);
enum err hss_encode_aia(struct msg *answer, const struct hss_aia *aia);
enum err hss_encode_ula(struct msg *answer, const struct hss_ula *ula);
enum err hss_encode_pua(struct msg *answer, const struct hss_pua *pua);

// Groups that SWx has too: AMBR §7.3.41, APN-Configuration §7.3.35.
enum err hss_encode_ambr(struct avp *parent, uint64_t ul, uint64_t dl);
enum err hss_encode_apn(struct avp *parent, const struct hss_apn *apn);
// Subscription-Data with the parts (enum hss_part) asked, §7.3.2.
enum err hss_encode_subscription(struct msg *msg, const struct hss_profile *p, unsigned parts);
