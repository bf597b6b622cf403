// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: the IPFilterRule parser. What it accepts is within its bounds and has an address
// text.
#include <stdlib.h>

#include "extensions/gx_gy/ipfilter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ipfilter_side *side)
{
    char text[64] = "";
    if (side->n_ports > IPFILTER_PORTS || side->bits > (side->ipv6 ? 128 : 32))
        abort();
    for (size_t i = 0; i < side->n_ports; i++)
        if (side->ports[i].first > side->ports[i].last)
            abort();
    if (side->kind != IPFILTER_ADDRESS)
        return;
    ipfilter_address_text(side, text, sizeof(text));
    if (!text[0])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipfilter filter;
    if (ipfilter_parse((const char *)data, size, &filter) != ERR_OK)
        return 0;
    check(&filter.src);
    check(&filter.dst);
    return 0;
}
