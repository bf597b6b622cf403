// SPDX-License-Identifier: BSD-3-Clause
// The parser takes one word at a time; a word is what stands between blanks. Addresses are read by
// inet_pton, so that no second idea of an address exists.
#include "extensions/gx_gy/ipfilter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 255

struct words {
    const char *at, *end;
    char word[WORD_MAX + 1]; // the current one; "" at the end
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static enum err next(struct words *w)
{
    size_t n = 0;
    while (w->at < w->end && is_blank(*w->at))
        w->at++;
    while (w->at < w->end && !is_blank(*w->at)) {
        if (n == WORD_MAX)
            return ERR_DECODE_LENGTH;
        if (*w->at < '!' || *w->at > '~')
            return ERR_DECODE_SYNTAX;
        w->word[n++] = *w->at++;
    }
    w->word[n] = '\0';
    return ERR_OK;
}

static bool is(const struct words *w, const char *word)
{
    return strcasecmp(w->word, word) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// A decimal number at *at, which moves behind it.
static enum err number(const char **at, unsigned max, unsigned *out)
{
    unsigned value = 0;
    if (!is_digit(**at))
        return ERR_DECODE_SYNTAX;
    for (; is_digit(**at); (*at)++) {
        value = value * 10 + (unsigned)(**at - '0');
        if (value > max)
            return ERR_DECODE_VALUE;
    }
    *out = value;
    return ERR_OK;
}

static enum err parse_proto(const struct words *w, struct ipfilter *out)
{
    static const struct {
        const char *name;
        uint8_t number;
    } names[] = {{"icmp", 1},   {"tcp", 6},        {"udp", 17},
                 {"icmp6", 58}, {"ipv6-icmp", 58}, {"sctp", 132}};
    const char *at = w->word;
    unsigned value;
    out->any_proto = is(w, "ip");
    if (out->any_proto)
        return ERR_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is(w, names[i].name)) { // the grammar has numbers only, some peers write names
            out->proto = names[i].number;
            return ERR_OK;
        }
    }
    enum err err = number(&at, 255, &value);
    if (err == ERR_OK && *at)
        err = ERR_DECODE_SYNTAX;
    out->proto = (uint8_t)value;
    return err;
}

// "24", or "255.255.255.0" where the ones are contiguous.
static enum err parse_mask(const char *text, struct ipfilter_side *side)
{
    unsigned full = side->ipv6 ? 128 : 32, bits;
    struct in_addr dotted;
    if (!side->ipv6 && strchr(text, '.')) {
        if (inet_pton(AF_INET, text, &dotted) != 1)
            return ERR_DECODE_SYNTAX;
        uint32_t mask = ntohl(dotted.s_addr);
        if ((~mask & (~mask + 1u)) != 0)
            return ERR_DECODE_VALUE;
        side->bits = (uint8_t)__builtin_popcount(mask);
        return ERR_OK;
    }
    enum err err = number(&text, full, &bits);
    if (err == ERR_OK && *text)
        err = ERR_DECODE_SYNTAX;
    if (err == ERR_OK)
        side->bits = (uint8_t)bits;
    return err;
}

static enum err parse_address(char *text, struct ipfilter_side *side)
{
    char *slash = strchr(text, '/');
    enum err err = ERR_OK;
    if (slash)
        *slash = '\0';
    side->kind = IPFILTER_ADDRESS;
    side->ipv6 = strchr(text, ':') != NULL;
    if (inet_pton(side->ipv6 ? AF_INET6 : AF_INET, text, side->address) != 1)
        return ERR_DECODE_SYNTAX;
    side->bits = side->ipv6 ? 128 : 32;
    if (slash)
        err = parse_mask(slash + 1, side);
    for (size_t i = 0; i < sizeof(side->address); i++) {
        int left = (int)side->bits - (int)(i * 8);
        if (left < 8)
            side->address[i] &= left <= 0 ? 0 : (uint8_t)(0xff << (8 - left));
    }
    return err;
}

static enum err parse_ports(const char *at, struct ipfilter_side *side)
{
    enum err err = ERR_OK;
    for (;;) {
        unsigned first, last;
        if (side->n_ports == IPFILTER_PORTS)
            return ERR_DECODE_LENGTH;
        err = number(&at, 65535, &first);
        last = first;
        if (err == ERR_OK && *at == '-') {
            at++;
            err = number(&at, 65535, &last);
        }
        if (err == ERR_OK && last < first)
            err = ERR_DECODE_VALUE;
        if (err != ERR_OK)
            return err;
        side->ports[side->n_ports++] = (struct ipfilter_range){(uint16_t)first, (uint16_t)last};
        if (*at == '\0')
            return ERR_OK;
        if (*at++ != ',')
            return ERR_DECODE_SYNTAX;
    }
}

// Address and ports; the word that follows is the current one afterwards.
static enum err parse_side(struct words *w, struct ipfilter_side *side)
{
    enum err err = next(w);
    char *text = w->word;
    if (err != ERR_OK || !*text)
        return err == ERR_OK ? ERR_DECODE_SYNTAX : err;
    if (*text == '!') {
        side->negated = true;
        text++;
        if (!*text) { // "! 192.0.2.1"
            err = next(w);
            text = w->word;
            if (err != ERR_OK)
                return err;
        }
    }
    if (strcasecmp(text, "any") == 0)
        side->kind = IPFILTER_ANY;
    else if (strcasecmp(text, "assigned") == 0)
        side->kind = IPFILTER_ASSIGNED;
    else
        err = parse_address(text, side);
    if (err == ERR_OK)
        err = next(w);
    if (err != ERR_OK || !is_digit(w->word[0]))
        return err;
    err = parse_ports(w->word, side);
    return err == ERR_OK ? next(w) : err;
}

// Options are recognised, not evaluated.
static enum err parse_options(struct words *w, struct ipfilter *out)
{
    static const struct {
        const char *name;
        bool argument;
    } options[] = {{"frag", false},        {"ipoptions", true}, {"tcpoptions", true},
                   {"established", false}, {"setup", false},    {"tcpflags", true},
                   {"icmptypes", true}};
    while (w->word[0]) {
        size_t i = 0, n = sizeof(options) / sizeof(options[0]);
        while (i < n && !is(w, options[i].name))
            i++;
        if (i == n)
            return ERR_DECODE_SYNTAX;
        enum err err = next(w);
        if (err == ERR_OK && options[i].argument)
            err = w->word[0] ? next(w) : ERR_DECODE_SYNTAX;
        if (err != ERR_OK)
            return err;
        out->has_options = true;
    }
    return ERR_OK;
}

static enum err parse_head(struct words *w, struct ipfilter *out)
{
    enum err err = next(w);
    if (err != ERR_OK)
        return err;
    out->permit = is(w, "permit");
    if (!out->permit && !is(w, "deny"))
        return ERR_DECODE_SYNTAX;
    if ((err = next(w)) != ERR_OK)
        return err;
    out->out = is(w, "out");
    if (!out->out && !is(w, "in"))
        return ERR_DECODE_SYNTAX;
    if ((err = next(w)) != ERR_OK)
        return err;
    return parse_proto(w, out);
}

enum err ipfilter_parse(const char *text, size_t len, struct ipfilter *out)
{
    struct words w = {.at = text, .end = text + len};
    memset(out, 0, sizeof(*out));
    if (len > IPFILTER_TEXT)
        return ERR_DECODE_LENGTH;
    enum err err = parse_head(&w, out);
    if (err == ERR_OK)
        err = next(&w);
    if (err == ERR_OK && !is(&w, "from"))
        err = ERR_DECODE_SYNTAX;
    if (err == ERR_OK)
        err = parse_side(&w, &out->src);
    if (err == ERR_OK && !is(&w, "to"))
        err = ERR_DECODE_SYNTAX;
    if (err == ERR_OK)
        err = parse_side(&w, &out->dst);
    if (err == ERR_OK)
        err = parse_options(&w, out);
    if (err == ERR_OK && out->src.kind == IPFILTER_ADDRESS && out->dst.kind == IPFILTER_ADDRESS &&
        out->src.ipv6 != out->dst.ipv6)
        err = ERR_DECODE_VALUE;
    return err;
}

void ipfilter_address_text(const struct ipfilter_side *side, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    unsigned full = side->ipv6 ? 128 : 32;
    inet_ntop(side->ipv6 ? AF_INET6 : AF_INET, side->address, text, sizeof(text));
    if (side->bits == full)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%s/%u", text, (unsigned)side->bits);
}
