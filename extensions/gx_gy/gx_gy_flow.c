// SPDX-License-Identifier: BSD-3-Clause
// Flow-Information as flows that access gateways can match: one direction, one protocol and at most
// one port per side and flow. What they cannot match is refused, never loosened silently: a wider
// filter would let through what the PCRF did not mean.
#include <stdio.h>
#include <string.h>

#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy.h"
#include "extensions/gx_gy/ipfilter.h"

typedef Magma__Lte__FlowDescription FlowDescription;
typedef Magma__Lte__FlowMatch FlowMatch;
enum { TCP = 6, UDP = 17 };

struct expansion {
    struct base_arena *arena;
    const Fgw__Gxgy__Flow *flow;
    const struct ipfilter *filter;
    const struct gxgy_gx_settings *settings;
    bool widened;
    FlowDescription **list;
    size_t n, room;
};

static enum err set_address(struct base_arena *arena, const struct ipfilter_side *side,
                            Magma__Lte__IPAddress **out)
{
    char text[64];
    if (side->kind != IPFILTER_ADDRESS || side->bits == 0)
        return ERR_OK;
    Magma__Lte__IPAddress *address = GXGY_NEW(arena, magma__lte__ipaddress__descriptor);
    if (!address)
        return ERR_NOMEM;
    ipfilter_address_text(side, text, sizeof(text));
    address->version = side->ipv6 ? MAGMA__LTE__IPADDRESS__IPVERSION__IPV6
                                  : MAGMA__LTE__IPADDRESS__IPVERSION__IPV4;
    address->address.len = strlen(text);
    address->address.data = base_arena_dup(arena, text, address->address.len);
    *out = address;
    return address->address.data ? ERR_OK : ERR_NOMEM;
}

static enum err set_ranges(struct base_arena *arena, const struct ipfilter_side *side,
                           Magma__Lte__PortRange ***list, size_t *n)
{
    if (side->n_ports == 0)
        return ERR_OK;
    *list = gxgy_list(arena, NULL, 0, side->n_ports);
    if (!*list)
        return ERR_NOMEM;
    for (size_t i = 0; i < side->n_ports; i++) {
        Magma__Lte__PortRange *range = GXGY_NEW(arena, magma__lte__port_range__descriptor);
        if (!range)
            return ERR_NOMEM;
        range->first = side->ports[i].first;
        range->last = side->ports[i].last;
        (*list)[(*n)++] = range;
    }
    return ERR_OK;
}

// src and dst as the flow has them on its way.
static enum err add_flow(struct expansion *e, bool uplink, uint8_t proto, bool any_proto,
                         uint16_t src_port, uint16_t dst_port)
{
    // The filter is written downlink where it says "out": its source is the far end.
    bool swap = e->filter->out == uplink;
    const struct ipfilter_side *src = swap ? &e->filter->dst : &e->filter->src;
    const struct ipfilter_side *dst = swap ? &e->filter->src : &e->filter->dst;
    FlowDescription *flow = GXGY_NEW(e->arena, magma__lte__flow_description__descriptor);
    FlowMatch *m = GXGY_NEW(e->arena, magma__lte__flow_match__descriptor);
    if (!flow || !m)
        return ERR_NOMEM;
    flow->match = m;
    flow->action = e->filter->permit ? MAGMA__LTE__FLOW_DESCRIPTION__ACTION__PERMIT
                                     : MAGMA__LTE__FLOW_DESCRIPTION__ACTION__DENY;
    flow->tos_traffic_class = e->flow->tos_traffic_class;
    flow->security_parameter_index = e->flow->security_parameter_index;
    flow->flow_label = e->flow->flow_label;
    flow->packet_filter_identifier = e->flow->packet_filter_identifier;
    m->direction = uplink ? MAGMA__LTE__FLOW_MATCH__DIRECTION__UPLINK
                          : MAGMA__LTE__FLOW_MATCH__DIRECTION__DOWNLINK;
    m->ip_proto = any_proto ? 0 : (Magma__Lte__FlowMatch__IPProto)proto;
    m->tcp_src = proto == TCP ? src_port : 0;
    m->tcp_dst = proto == TCP ? dst_port : 0;
    m->udp_src = proto == UDP ? src_port : 0;
    m->udp_dst = proto == UDP ? dst_port : 0;
    m->rule = e->flow->description;
    m->src_assigned = src->kind == IPFILTER_ASSIGNED;
    m->dst_assigned = dst->kind == IPFILTER_ASSIGNED;
    enum err err = set_address(e->arena, src, &m->ip_src);
    if (err == ERR_OK)
        err = set_address(e->arena, dst, &m->ip_dst);
    if (err == ERR_OK)
        err = set_ranges(e->arena, src, &m->src_ports, &m->n_src_ports);
    if (err == ERR_OK)
        err = set_ranges(e->arena, dst, &m->dst_ports, &m->n_dst_ports);
    if (err == ERR_OK)
        e->list[e->n++] = flow;
    return err;
}

// How many single ports; a range from 0 to 65535 is no restriction.
static size_t count_ports(const struct ipfilter_side *side)
{
    size_t n = 0;
    for (size_t i = 0; i < side->n_ports; i++) {
        if (side->ports[i].first <= 1 && side->ports[i].last == 65535)
            return 0;
        n += (size_t)(side->ports[i].last - side->ports[i].first) + 1;
    }
    return n;
}

static uint16_t port_at(const struct ipfilter_side *side, size_t i)
{
    for (size_t k = 0; k < side->n_ports; k++) {
        size_t n = (size_t)(side->ports[k].last - side->ports[k].first) + 1;
        if (i < n)
            return (uint16_t)(side->ports[k].first + i);
        i -= n;
    }
    return 0;
}

static enum err expand(struct expansion *e, bool uplink, uint8_t proto, bool any_proto)
{
    const struct ipfilter *f = e->filter;
    bool swap = f->out == uplink;
    const struct ipfilter_side *src = swap ? &f->dst : &f->src, *dst = swap ? &f->src : &f->dst;
    size_t n_src = e->widened ? 0 : count_ports(src), n_dst = e->widened ? 0 : count_ports(dst);
    enum err err = ERR_OK;
    for (size_t i = 0; i < (n_src ? n_src : 1) && err == ERR_OK; i++)
        for (size_t k = 0; k < (n_dst ? n_dst : 1) && err == ERR_OK; k++)
            err = add_flow(e, uplink, proto, any_proto, n_src ? port_at(src, i) : 0,
                           n_dst ? port_at(dst, k) : 0);
    return err;
}

// Protocols whose ports access gateways can match.
static size_t protocols(const struct ipfilter *f, bool ports, uint8_t out[2])
{
    if (!f->any_proto || !ports) {
        out[0] = f->proto;
        return 1;
    }
    out[0] = TCP; // "ip" with ports means every protocol that has some
    out[1] = UDP;
    return 2;
}

// Flow-Direction, TS 29.212 5.3.65; without it the filter's own direction counts.
static void directions(const Fgw__Gxgy__Flow *flow, const struct ipfilter *f, bool *up, bool *down)
{
    *up = !f->out;
    *down = f->out;
    if (!flow->direction_present_case)
        return;
    *up = flow->direction != AVP_FLOW_DIRECTION_DOWNLINK;
    *down = flow->direction != AVP_FLOW_DIRECTION_UPLINK;
}

// 0 is every port to access gateways.
static bool has_port_zero(const struct ipfilter_side *side)
{
    for (size_t i = 0; i < side->n_ports; i++)
        if (side->ports[i].first == 0)
            return count_ports(side) > 0;
    return false;
}

static enum err plan(struct expansion *e, bool ports, size_t n_protocols)
{
    size_t n_src = count_ports(&e->filter->src), n_dst = count_ports(&e->filter->dst);
    size_t n = (n_src ? n_src : 1) * (n_dst ? n_dst : 1);
    bool single = !e->filter->any_proto && e->filter->proto != TCP && e->filter->proto != UDP;
    bool zero = has_port_zero(&e->filter->src) || has_port_zero(&e->filter->dst);
    if (e->filter->src.negated || e->filter->dst.negated || e->filter->has_options)
        return ERR_UNSUPPORTED;
    if (n > (size_t)e->settings->max_flows || (ports && single) || zero) {
        if (e->settings->wide_ports != GXGY_PORTS_WIDEN)
            return ERR_UNSUPPORTED;
        e->widened = true;
        n = 1;
    }
    e->room = n * n_protocols * 2;
    e->list = gxgy_list(e->arena, NULL, 0, e->room);
    return e->list ? ERR_OK : ERR_NOMEM;
}

enum err gxgy_flows_of(struct base_arena *arena, const Fgw__Gxgy__Flow *flow,
                       const struct gxgy_gx_settings *settings, FlowDescription ***out, size_t *n)
{
    struct ipfilter filter;
    struct expansion e = {.arena = arena, .flow = flow, .filter = &filter, .settings = settings};
    uint8_t protos[2];
    bool up, down;
    enum err err = ipfilter_parse(flow->description, strlen(flow->description), &filter);
    *n = 0;
    if (err != ERR_OK)
        return err;
    bool ports = count_ports(&filter.src) + count_ports(&filter.dst) > 0;
    size_t n_protos = protocols(&filter, ports, protos);
    directions(flow, &filter, &up, &down);
    err = plan(&e, ports, n_protos);
    for (size_t i = 0; i < n_protos && err == ERR_OK; i++) {
        bool any = filter.any_proto && n_protos == 1;
        if (up)
            err = expand(&e, true, protos[i], any);
        if (down && err == ERR_OK)
            err = expand(&e, false, protos[i], any);
    }
    *out = e.list;
    *n = e.n;
    return err;
}
