// SPDX-License-Identifier: BSD-3-Clause
// Reads the settings into a plan, and finds areas and VLRs in it. Not for associations.
#include "fgw/sgs/sgs_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// What is wrong, for the operator.
struct flaw {
    const char **key;
    char *why;
    size_t size;
};

static enum err __attribute__((format(printf, 3, 4)))
flawed(const struct flaw *flaw, const char *key, const char *fmt, ...)
{
    va_list args;
    *flaw->key = key;
    va_start(args, fmt);
    vsnprintf(flaw->why, flaw->size, fmt, args);
    va_end(args);
    return ERR_CONF_RANGE;
}

enum err sgs_plan_area_parse(const char *text, struct sgsap_area *out)
{
    const char *dash = strchr(text, '-');
    size_t digits = dash ? strspn(dash + 1, "0123456789abcdefABCDEF") : 0;
    if (digits < 1 || digits > 4 || dash[1 + digits] != '\0')
        return ERR_DECODE_SYNTAX;
    out->code = (uint16_t)strtoul(dash + 1, NULL, 16);
    return base_plmn_parse(text, (size_t)(dash - text), &out->plmn);
}

int sgs_plan_vlr_named(const struct sgs_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_vlrs; i++) {
        if (strcasecmp(plan->vlrs[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

// ---- making it ----
static enum err make_nris(const struct sgs_settings *settings, const struct sgs_vlr_settings *from,
                          struct sgs_plan_vlr *vlr, const struct flaw *flaw)
{
    for (size_t i = 0; i < from->nri.n; i++) {
        char *end;
        unsigned long nri = strtoul(from->nri.items[i], &end, 10);
        if (*end || end == from->nri.items[i] || nri >> settings->nri_bits)
            return flawed(flaw, "vlrs", "VLR %s: nri %s does not fit nri_bits = %d", from->name,
                          from->nri.items[i], (int)settings->nri_bits);
        if (i == SGS_NRIS_MAX)
            return flawed(flaw, "vlrs", "VLR %s: at most %d nri", from->name, SGS_NRIS_MAX);
        vlr->nri[vlr->n_nri++] = (uint16_t)nri;
    }
    return ERR_OK;
}

static enum err make_vlrs(const struct sgs_settings *settings, struct sgs_plan *plan,
                          const struct flaw *flaw)
{
    const struct sgs_vlr_settings *items = settings->vlrs.items;
    enum err err = ERR_OK;
    if (settings->vlrs.n > SGS_VLRS_MAX)
        return flawed(flaw, "vlrs", "at most %d VLRs", SGS_VLRS_MAX);
    for (size_t i = 0; i < settings->vlrs.n && !err; i++) {
        struct sgs_plan_vlr *vlr = &plan->vlrs[i];
        struct sgsap_msg msg;
        sgsap_init(&msg, SGSAP_RESET_ACK);
        if (strlen(items[i].name) >= sizeof(vlr->name) ||
            sgsap_set_name(&msg, SGSAP_IE_VLR_NAME, items[i].name))
            return flawed(flaw, "vlrs", "%s is no domain name", items[i].name);
        if (sgs_plan_vlr_named(plan, items[i].name) >= 0)
            return flawed(flaw, "vlrs", "VLR %s occurs twice", items[i].name);
        snprintf(vlr->name, sizeof(vlr->name), "%s", items[i].name);
        plan->n_vlrs++;
        vlr->udp_port = items[i].udp_port;
        if (items[i].addresses.n == 0 ||
            sct_addrs_parse((const char *const *)items[i].addresses.items, items[i].addresses.n,
                            (uint16_t)items[i].port, &vlr->remote))
            return flawed(flaw, "vlrs", "VLR %s: addresses are 1 to %d IP addresses", vlr->name,
                          SCT_ADDRS_MAX);
        err = make_nris(settings, &items[i], vlr, flaw);
        plan->all.vlrs[plan->all.n_vlrs++] = (uint8_t)i;
    }
    return err;
}

static enum err make_area(const struct sgs_area_settings *from, const struct sgs_plan *plan,
                          struct sgs_plan_area *area, const struct flaw *flaw)
{
    area->has_lai = from->lai != NULL;
    area->has_tai = from->tai != NULL;
    if (!from->lai && !from->tai)
        return flawed(flaw, "areas", "an area has a lai, a tai or both");
    if (from->lai && sgs_plan_area_parse(from->lai, &area->lai))
        return flawed(flaw, "areas", "%s is no PLMN and hexadecimal code such as 00101-0001",
                      from->lai);
    if (from->tai && sgs_plan_area_parse(from->tai, &area->tai))
        return flawed(flaw, "areas", "%s is no PLMN and hexadecimal code such as 00101-0001",
                      from->tai);
    for (size_t i = 0; i < from->vlrs.n; i++) {
        int vlr = sgs_plan_vlr_named(plan, from->vlrs.items[i]);
        if (vlr < 0 || area->n_vlrs == SGS_VLRS_MAX)
            return flawed(flaw, "areas", "%s is none of the VLRs", from->vlrs.items[i]);
        area->vlrs[area->n_vlrs++] = (uint8_t)vlr;
    }
    if (from->vlrs.n == 0) {
        memcpy(area->vlrs, plan->all.vlrs, sizeof(area->vlrs));
        area->n_vlrs = plan->all.n_vlrs;
    }
    return ERR_OK;
}

static enum err make_areas(const struct sgs_settings *settings, struct sgs_plan *plan,
                           const struct flaw *flaw)
{
    const struct sgs_area_settings *items = settings->areas.items;
    enum err err = ERR_OK;
    if (settings->areas.n == 0)
        return ERR_OK;
    plan->areas = calloc(settings->areas.n, sizeof(*plan->areas));
    if (!plan->areas)
        return ERR_NOMEM;
    for (size_t i = 0; i < settings->areas.n && !err; i++)
        err = make_area(&items[i], plan, &plan->areas[plan->n_areas++], flaw);
    return err;
}

static enum err make_own(const struct sgs_settings *settings, struct sgs_plan *plan,
                         const struct flaw *flaw)
{
    struct sgsap_msg msg;
    plan->select = (enum sgs_select)settings->select;
    plan->nri_bits = (unsigned)settings->nri_bits;
    sgsap_init(&msg, SGSAP_RESET_INDICATION);
    if (!settings->mme_name || strlen(settings->mme_name) != SGSAP_MME_NAME_LEN ||
        sgsap_set_name(&msg, SGSAP_IE_MME_NAME, settings->mme_name))
        return flawed(flaw, "mme_name", "a name of %d characters such as "
                      "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org",
                      SGSAP_MME_NAME_LEN);
    memcpy(plan->mme_name, settings->mme_name, SGSAP_MME_NAME_LEN + 1);
    if (settings->local_addresses.n &&
        sct_addrs_parse((const char *const *)settings->local_addresses.items,
                        settings->local_addresses.n, 0, &plan->local))
        return flawed(flaw, "local_addresses", "at most %d IP addresses", SCT_ADDRS_MAX);
    return ERR_OK;
}

enum err sgs_plan_make(const struct sgs_settings *settings, struct sgs_plan **out, const char **key,
                       char *why, size_t size)
{
    const struct flaw flaw = {key, why, size};
    struct sgs_plan *plan = calloc(1, sizeof(*plan));
    *key = NULL;
    snprintf(why, size, "%s", err_str(ERR_NOMEM));
    if (!plan)
        return ERR_NOMEM;
    enum err err = make_own(settings, plan, &flaw);
    if (!err)
        err = make_vlrs(settings, plan, &flaw);
    if (!err)
        err = make_areas(settings, plan, &flaw);
    if (err) {
        sgs_plan_free(plan);
        plan = NULL;
    }
    *out = plan;
    return err;
}

void sgs_plan_free(struct sgs_plan *plan)
{
    if (plan)
        free(plan->areas);
    free(plan);
}

// ---- choosing ----
static bool same_area(const struct sgsap_area *a, const struct sgsap_area *b)
{
    return a->code == b->code && base_plmn_equal(&a->plmn, &b->plmn);
}

const struct sgs_plan_area *sgs_plan_area_of(const struct sgs_plan *plan,
                                             const struct sgs_place *place)
{
    for (size_t i = 0; place->tai && i < plan->n_areas; i++) {
        if (plan->areas[i].has_tai && same_area(&plan->areas[i].tai, place->tai))
            return &plan->areas[i];
    }
    for (size_t i = 0; place->lai && i < plan->n_areas; i++) {
        if (plan->areas[i].has_lai && same_area(&plan->areas[i].lai, place->lai))
            return &plan->areas[i];
    }
    return &plan->all;
}

static bool serves(const struct sgs_plan_area *area, int vlr)
{
    for (size_t i = 0; i < area->n_vlrs; i++) {
        if (area->vlrs[i] == vlr)
            return true;
    }
    return false;
}

// bits: 23..14 of a TMSI (TS 29.018 18.4.28), of which the first nri_bits are the NRI.
static int vlr_of_nri(const struct sgs_plan *plan, const struct sgs_plan_area *area, uint32_t bits)
{
    if (plan->nri_bits == 0)
        return -1;
    uint32_t nri = (bits & 0x3ff) >> (10 - plan->nri_bits);
    for (size_t i = 0; i < area->n_vlrs; i++) {
        const struct sgs_plan_vlr *vlr = &plan->vlrs[area->vlrs[i]];
        for (size_t k = 0; k < vlr->n_nri; k++) {
            if (vlr->nri[k] == nri)
                return area->vlrs[i];
        }
    }
    return -1;
}

static size_t pool_index(const struct base_imsi *imsi, size_t n)
{
    size_t v = 0; // the three digits before the last
    for (size_t i = imsi->len - 4u; i < imsi->len - 1u; i++)
        v = v * 10 + (size_t)(imsi->digits[i] - '0');
    return v % n;
}

int sgs_plan_choose(const struct sgs_plan *plan, const struct sgs_place *place, uint32_t up)
{
    const struct sgs_plan_area *area = sgs_plan_area_of(plan, place);
    if (place->present >= 0 && serves(area, place->present) && up >> place->present & 1)
        return place->present;
    int vlr = place->tmsi ? vlr_of_nri(plan, area, *place->tmsi >> 14) : -1;
    if (vlr < 0 && place->nri)
        vlr = vlr_of_nri(plan, area, *place->nri);
    if (vlr >= 0 && up >> vlr & 1)
        return vlr;
    size_t first = plan->select == SGS_SELECT_POOL ? pool_index(place->imsi, area->n_vlrs) : 0;
    for (size_t i = 0; i < area->n_vlrs; i++) {
        vlr = area->vlrs[(first + i) % area->n_vlrs];
        if (up >> vlr & 1)
            return vlr;
    }
    return -1;
}
