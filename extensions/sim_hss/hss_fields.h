// SPDX-License-Identifier: BSD-3-Clause
// The subscriber's fields as text: one table serves the command line, CSV files, the database and
// changes sent by IDR.
#pragma once

#include "hss_profile.h"

// What part of Subscription-Data a field is in; an IDR carries the parts that changed.
enum hss_part {
    HSS_PART_MSISDN = 1 << 0,
    HSS_PART_STATUS = 1 << 1, // Subscriber-Status and the barrings
    HSS_PART_NAM = 1 << 2,
    HSS_PART_RESTRICTION = 1 << 3,
    HSS_PART_ZONES = 1 << 4,
    HSS_PART_CHARGING = 1 << 5,
    HSS_PART_APN_OI = 1 << 6,
    HSS_PART_TIMER = 1 << 7,
    HSS_PART_RFSP = 1 << 8,
    HSS_PART_AMBR = 1 << 9,
    HSS_PART_APNS = 1 << 10,
    HSS_PART_OTHER = 1 << 11, // ICS, UE-Usage-Type
    HSS_PART_ALL = (1 << 12) - 1,
};

#define HSS_FIELD_TEXT_MAX 8192 // longest text a field has (fifty APNs)

struct hss_field {
    const char *name;
    unsigned part;              // enum hss_part; 0: not in Subscription-Data
    bool secret;                // never shown
    bool input_only;            // has no text of its own (op becomes opc)
    const char *help;
    enum err (*set)(struct hss_profile *p, const struct hss_field *f, const char *text);
    void (*get)(const struct hss_profile *p, const struct hss_field *f, char *out, size_t size);
    size_t offset;              // for the common setters
    const char *const *choices; // for enumerations: NULL-terminated, index is the value
};

extern const struct hss_field hss_fields[];
extern const size_t hss_n_fields;

const struct hss_field *hss_field_find(const char *name); // NULL: no such field

// Sets field `name`. *part (may be NULL) gets the field's part or-ed in. ERR_NOT_FOUND: no such
// field; ERR_INVALID, ERR_RANGE: the text does not fit it.
enum err hss_field_set(struct hss_profile *p, const char *name, const char *text, unsigned *part);
// "name=value". The text is not changed.
enum err hss_field_assign(struct hss_profile *p, const char *assignment, unsigned *part);

// One APN:
// "internet,ctx=1,pdn=ipv4v6,qci=9,arp=8,pci=no,pvi=yes,ul=50M,dl=150M,cc=0800,ip=10.0.0.1";
// everything after the name is optional. The field `apns` is a list of these, separated by ";".
enum err hss_apn_parse(const char *text, struct hss_apn *apn);
void hss_apn_format(const struct hss_apn *apn, char *out, size_t size);
extern const char *const hss_pdn_types[]; // NULL-terminated

// Bit rates: "64k", "50M", "1G" or plain bit/s.
enum err hss_rate_parse(const char *text, uint64_t *out);
void hss_rate_format(uint64_t rate, char *out, size_t size);
