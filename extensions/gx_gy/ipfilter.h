// SPDX-License-Identifier: BSD-3-Clause
// IPFilterRule, RFC 6733 4.3.1: text to structure. I/O-free; text comes from a peer and need not be
// sane. Not for what a filter becomes on the access gateway (gx_gy_flow.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define IPFILTER_PORTS 16  // ports or ranges in a list
#define IPFILTER_TEXT 1024 // longest rule

struct ipfilter_range {
    uint16_t first, last; // first <= last
};

enum ipfilter_kind { IPFILTER_ANY, IPFILTER_ASSIGNED, IPFILTER_ADDRESS };

struct ipfilter_side {
    enum ipfilter_kind kind;
    bool negated;        // "!"
    bool ipv6;           // of an address
    uint8_t address[16]; // 4 or 16 octets, bits beyond the mask are zero
    uint8_t bits;        // of the mask
    size_t n_ports;      // 0: any port
    struct ipfilter_range ports[IPFILTER_PORTS];
};

struct ipfilter {
    bool permit; // or deny
    bool out;    // to the terminal; or in, from the terminal
    uint8_t proto;
    bool any_proto; // "ip"
    struct ipfilter_side src, dst;
    bool has_options; // frag, ipoptions, tcpoptions, established, setup, tcpflags, icmptypes
};

// ERR_DECODE_SYNTAX: not the grammar. ERR_DECODE_VALUE: a number out of its range.
// ERR_DECODE_LENGTH: longer than IPFILTER_TEXT, or more than IPFILTER_PORTS ports. text has no NUL
// at its end.
enum err ipfilter_parse(const char *text, size_t len, struct ipfilter *out);
// "192.0.2.0/24", without mask if that is full. size: at least 50.
void ipfilter_address_text(const struct ipfilter_side *side, char *out, size_t size);
