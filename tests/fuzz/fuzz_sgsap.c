// SPDX-License-Identifier: BSD-3-Clause
// SGsAP messages from arbitrary octets. What decodes must encode and decode to the same; what does
// not must be answerable; every value must be readable or refused. First octet: who sent it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "sgsap/ie.h"
#include "sgsap/mm_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_be_printable(const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        size_t n = base_utf8_printable(text, len);
        must(n > 0);
        text += n;
        len -= n;
    }
}

// What was accepted by the check of its kind must be readable as that kind.
static void read_value(enum sgsap_ie ie, struct sgsap_value value)
{
    struct base_imsi imsi;
    struct base_plmn plmn;
    struct sgsap_area area;
    struct sgsap_cell cell;
    struct sgsap_mobile mobile;
    struct sgsap_caller caller;
    char text[SGSAP_NAME_MAX];
    uint32_t number;
    uint8_t octet;
    switch (sgsap_element_of(ie)->kind) {
    case SGSAP_IMSI:
        must(sgsap_read_imsi(value, &imsi) == ERR_OK);
        break;
    case SGSAP_NAME:
        must(sgsap_read_name(value, text, sizeof(text)) == ERR_OK);
        must_be_printable(text);
        break;
    case SGSAP_DIGITS:
        must(sgsap_read_digits(value, text, sizeof(text)) == ERR_OK);
        break;
    case SGSAP_AREA:
        must(sgsap_read_area(value, &area) == ERR_OK);
        break;
    case SGSAP_CELL:
        must(sgsap_read_cell(value, &cell) == ERR_OK);
        break;
    case SGSAP_PLMN:
        must(sgsap_read_plmn(value, &plmn) == ERR_OK);
        break;
    case SGSAP_MOBILE:
        must(sgsap_read_mobile(value, &mobile) == ERR_OK);
        break;
    case SGSAP_CALLER:
        must(sgsap_read_caller(value, &caller) == ERR_OK);
        break;
    case SGSAP_NUMBER:
        must(sgsap_read_number(value, &number) == ERR_OK);
        break;
    default:
        must(sgsap_read_octet(value, &octet) == ERR_OK);
        break;
    }
}

static void read_mm_info(struct sgsap_value value)
{
    struct sgsap_mm_info info, back;
    uint8_t out[255];
    size_t len;
    if (sgsap_read_mm_info(value, &info) != ERR_OK)
        return;
    must_be_printable(info.full_name);
    must_be_printable(info.short_name);
    if (sgsap_write_mm_info(&info, out, sizeof(out), &len) != ERR_OK || len == 0)
        return; // a name that needs more room in the other alphabet
    struct sgsap_value again = {.data = out, .len = (uint8_t)len};
    must(sgsap_read_mm_info(again, &back) == ERR_OK);
    must(strcmp(back.full_name, info.full_name) == 0);
    must(strcmp(back.short_name, info.short_name) == 0);
    must(!info.has_time || back.time == info.time);
}

static void accepted(const struct sgsap_msg *msg, enum sgsap_side from)
{
    uint8_t out[SGSAP_MSG_MAX], twice[SGSAP_MSG_MAX];
    struct sgsap_msg back;
    char line[256];
    size_t len, len2;
    must(sgsap_encode(msg, from, out, sizeof(out), &len, NULL) == ERR_OK);
    must(sgsap_decode(out, len, from, &back, NULL) == ERR_OK);
    must(back.remarks == 0 && back.type == msg->type);
    must(sgsap_encode(&back, from, twice, sizeof(twice), &len2, NULL) == ERR_OK);
    must(len == len2 && memcmp(out, twice, len) == 0);
    for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++) {
        if (sgsap_has(msg, ie))
            read_value(ie, msg->ie[ie]);
    }
    read_mm_info(msg->ie[SGSAP_IE_MM_INFORMATION]);
    must_be_printable(sgsap_describe(msg, line, sizeof(line)));
}

static void refused(const struct sgsap_fault *fault, const uint8_t *data, size_t size,
                    enum sgsap_side from)
{
    uint8_t out[SGSAP_MSG_MAX];
    struct sgsap_msg status;
    size_t len;
    enum sgsap_side us = from == SGSAP_MME ? SGSAP_VLR : SGSAP_MME;
    must(err_is_peer_fault(fault->err));
    enum err err = sgsap_encode_status(fault, data, size, us, out, sizeof(out), &len);
    must(err == (fault->answer ? ERR_OK : ERR_INVALID));
    if (!err)
        must(sgsap_decode(out, len, us, &status, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sgsap_msg msg;
    struct sgsap_fault fault;
    if (size < 1)
        return 0;
    enum sgsap_side from = data[0] % 2 ? SGSAP_VLR : SGSAP_MME;
    if (sgsap_decode(data + 1, size - 1, from, &msg, &fault) == ERR_OK)
        accepted(&msg, from);
    else
        refused(&fault, data + 1, size - 1, from);
    return 0;
}
