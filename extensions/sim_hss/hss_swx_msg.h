// SPDX-License-Identifier: BSD-3-Clause
// SWx messages to and from the structs of hss_swx.h, and the requests the HSS sends on SWx.
#pragma once

#include "hss_decode.h"
#include "hss_push.h"
#include "hss_swx.h"

// Borrow from texts and the message. anid: room for its text.
void hss_decode_mar(struct msg *request, const struct hss_texts *texts, char anid[64],
                    struct hss_mar *out);
void hss_decode_sar(struct msg *request, const struct hss_texts *texts, struct hss_sar *out);
enum err hss_encode_maa(struct msg *answer, const char *imsi, const struct hss_maa *maa);
enum err hss_encode_saa(struct msg *answer, const char *imsi, const struct hss_saa *saa);

// Registration-Termination and Push-Profile; p NULL: without a profile.
enum err hss_rtr_new(const struct hss_to *to, const char *imsi, int32_t reason, const char *info,
                     struct msg **out);
enum err hss_ppr_new(const struct hss_to *to, const char *imsi, const struct hss_profile *p,
                     uint32_t ppr_flags, struct msg **out);
