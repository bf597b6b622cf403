// SPDX-License-Identifier: BSD-3-Clause
// The settings of SGs in the form they are used: addresses and areas read, names looked up. Made
// once, constant afterwards, so that any thread may read it. Chooses the VLR of a subscriber.
// I/O-free.
#pragma once

#include "fgw/sgs/sgs.h"
#include "sgsap/ie.h"

#define SGS_VLRS_MAX 32
#define SGS_NRIS_MAX 16

struct sgs_plan_vlr {
    char name[SGSAP_NAME_MAX];
    struct sct_addrs remote;
    int64_t udp_port;
    uint16_t nri[SGS_NRIS_MAX];
    size_t n_nri;
};
struct sgs_plan_area {
    bool has_lai, has_tai;
    struct sgsap_area lai, tai;
    uint8_t vlrs[SGS_VLRS_MAX];
    size_t n_vlrs;
};
struct sgs_plan {
    char mme_name[SGSAP_MME_NAME_LEN + 1];
    struct sgs_plan_vlr vlrs[SGS_VLRS_MAX];
    size_t n_vlrs;
    struct sgs_plan_area *areas; // owned
    size_t n_areas;
    struct sgs_plan_area all; // where no area fits
    struct sct_addrs local;
    enum sgs_select select;
    unsigned nri_bits;
};

// On an error key names the setting and why[size] says what is wrong with it.
enum err sgs_plan_make(const struct sgs_settings *settings, struct sgs_plan **out, const char **key,
                       char *why, size_t size);
void sgs_plan_free(struct sgs_plan *plan);

// "00101-0001": PLMN, hexadecimal code.
enum err sgs_plan_area_parse(const char *text, struct sgsap_area *out);

// Where a subscriber is. tai, lai, tmsi and nri may be NULL: not known.
struct sgs_place {
    const struct base_imsi *imsi;
    const struct sgsap_area *tai, *lai;
    const uint32_t *tmsi;
    const uint16_t *nri; // 10 bits, as the access gateway read them from the UE's TMSI
    int present; // VLR that it is registered with, -1: none
};
// The area of a place: by TAI first, then by LAI; plan->all if none fits.
const struct sgs_plan_area *sgs_plan_area_of(const struct sgs_plan *plan,
                                             const struct sgs_place *place);
// The VLR, among those that are up (bit mask): the present one, the one that the NRI of the TMSI or
// the one that the access gateway told names, then by plan->select (TS 23.236: (IMSI div 10) mod
// 1000, or the first of the list). -1: none is up.
int sgs_plan_choose(const struct sgs_plan *plan, const struct sgs_place *place, uint32_t up);
int sgs_plan_vlr_named(const struct sgs_plan *plan, const char *name); // -1: none
