// SPDX-License-Identifier: BSD-3-Clause
// A message on one line of a log. Not a dump: what tells about a person (IMSI, IMEISV, numbers,
// short messages) shows as its length only; whom a line is about is the log's subject.
#include "sgsap/sgsap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "sgsap/ie.h"

struct line {
    char *out;
    size_t size, len;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *fmt, ...)
{
    if (line->len + 1 >= line->size)
        return;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line->out + line->len, line->size - line->len, fmt, ap);
    va_end(ap);
    if (n > 0)
        line->len += (size_t)n;
    if (line->len >= line->size)
        line->len = line->size - 1;
}

// Octets whose values have names; the rest is shown as a number.
static const struct {
    enum sgsap_ie ie;
    const char *(*name)(uint8_t value);
} named[] = {
    {SGSAP_IE_CAUSE, sgsap_cause_name},
    {SGSAP_IE_REJECT_CAUSE, sgsap_reject_cause_name},
    {SGSAP_IE_EPS_LU_TYPE, sgsap_eps_lu_type_name},
    {SGSAP_IE_EPS_DETACH_TYPE, sgsap_eps_detach_name},
    {SGSAP_IE_IMSI_DETACH_TYPE, sgsap_imsi_detach_name},
    {SGSAP_IE_SERVICE_INDICATOR, sgsap_service_name},
    {SGSAP_IE_LCS_INDICATOR, sgsap_lcs_indicator_name},
    {SGSAP_IE_UE_EMM_MODE, sgsap_emm_mode_name},
};

static void add_octet(struct line *line, enum sgsap_ie ie, uint8_t octet)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (named[i].ie == ie) {
            add(line, "%u (%s)", octet, named[i].name(octet));
            return;
        }
    }
    add(line, "%u", octet);
}

static void add_plmn(struct line *line, const struct base_plmn *plmn)
{
    char text[7];
    base_plmn_text(plmn, text);
    add(line, "%.3s-%s", text, text + 3);
}

static void add_area_or_cell(struct line *line, enum sgsap_kind kind, struct sgsap_value value)
{
    struct sgsap_area area;
    struct sgsap_cell cell;
    struct base_plmn plmn;
    if (kind == SGSAP_AREA && sgsap_read_area(value, &area) == ERR_OK) {
        add_plmn(line, &area.plmn);
        add(line, "-%u", area.code);
    } else if (kind == SGSAP_CELL && sgsap_read_cell(value, &cell) == ERR_OK) {
        add_plmn(line, &cell.plmn);
        add(line, "-%" PRIu32, cell.eci);
    } else if (sgsap_read_plmn(value, &plmn) == ERR_OK) {
        add_plmn(line, &plmn);
    }
}

static void add_mobile(struct line *line, struct sgsap_value value)
{
    struct sgsap_mobile mobile;
    if (sgsap_read_mobile(value, &mobile) != ERR_OK)
        return;
    if (mobile.is_tmsi)
        add(line, "TMSI 0x%08" PRIx32, mobile.tmsi);
    else
        add(line, "IMSI");
}

static void add_text(struct line *line, enum sgsap_kind kind, struct sgsap_value value)
{
    char text[SGSAP_NAME_MAX];
    if (kind == SGSAP_NAME && sgsap_read_name(value, text, sizeof(text)) == ERR_OK)
        add(line, "%s", text);
    else
        add(line, "%u octets", value.len);
}

static void add_value(struct line *line, enum sgsap_ie ie, struct sgsap_value value)
{
    enum sgsap_kind kind = sgsap_element_of(ie)->kind;
    uint32_t number;
    switch (kind) {
    case SGSAP_OPAQUE:
        if (ie == SGSAP_IE_ERRONEOUS_MESSAGE && value.len > 0)
            add(line, "%s, ", sgsap_type_name(value.data[0]));
        add(line, "%u octets", value.len);
        break;
    case SGSAP_OCTET:
    case SGSAP_DETACH:
        add_octet(line, ie, value.len > 0 ? value.data[0] : 0);
        break;
    case SGSAP_NUMBER:
        if (sgsap_read_number(value, &number) == ERR_OK)
            add(line, ie == SGSAP_IE_TMSI ? "0x%08" PRIx32 : "%" PRIu32, number);
        break;
    case SGSAP_AREA:
    case SGSAP_CELL:
    case SGSAP_PLMN:
        add_area_or_cell(line, kind, value);
        break;
    case SGSAP_MOBILE:
        add_mobile(line, value);
        break;
    default:
        add_text(line, kind, value);
        break;
    }
}

const char *sgsap_describe(const struct sgsap_msg *msg, char *out, size_t size)
{
    struct line line = {.out = out, .size = size};
    if (size == 0)
        return out;
    out[0] = '\0';
    add(&line, "%s", sgsap_type_name(msg->type));
    for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++) {
        if (!msg->ie[ie].data || ie == SGSAP_IE_IMSI)
            continue;
        add(&line, "; %s: ", sgsap_ie_name(ie));
        add_value(&line, ie, msg->ie[ie]);
    }
    return out;
}
