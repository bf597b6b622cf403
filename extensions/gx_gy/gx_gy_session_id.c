// SPDX-License-Identifier: BSD-3-Clause
// Session-Ids that say by themselves whose session it is (RFC 6733 8.8): requests of the core find
// their access gateway without a look-up, after a restart and on another gateway too.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

static bool is_plain(char c)
{
    return isalnum((unsigned char)c) || (c && strchr(".-_:@", c));
}

static bool put_escaped(const char *text, char **at, const char *end)
{
    for (; *text; text++) {
        if (end - *at < 4)
            return false;
        if (is_plain(*text))
            *(*at)++ = *text;
        else
            *at += snprintf(*at, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return true;
}

// The digits at the end of the access gateway's id, which tell its sessions of a subscriber apart.
static unsigned long number_of(const char *id)
{
    const char *dash = strrchr(id, '-');
    return dash ? strtoul(dash + 1, NULL, 10) & UINT32_MAX : 0;
}

enum err gxgy_session_id_format(const char *host, const struct gxgy_session_id *session, char *out,
                                size_t size)
{
    int n = snprintf(out, size, "%s;%lu;%d;", host, number_of(session->id),
                     session->app == GXGY_GX ? 1 : 2);
    char *at = out + n, *end = out + size;
    if (!session->id[0] || n < 0 || (size_t)n >= size || !put_escaped(session->gateway, &at, end) ||
        end - at < 2)
        return ERR_ENCODE_VALUE;
    *at++ = ';';
    if (!put_escaped(session->id, &at, end))
        return ERR_ENCODE_VALUE;
    *at = '\0';
    return ERR_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool take_escaped(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (n + 1 >= size)
            return false;
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (!is_plain(c)) {
            return false;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

enum err gxgy_session_id_parse(const char *text, size_t len, struct gxgy_session_id *out)
{
    enum { PARTS = 5 };
    const char *part[PARTS + 1];
    size_t n = 1;
    part[0] = text;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ';')
            continue;
        if (n == PARTS)
            return ERR_NOT_FOUND;
        part[n++] = text + i + 1;
    }
    if (n != PARTS)
        return ERR_NOT_FOUND;
    part[PARTS] = text + len + 1;
    if (part[3] - part[2] != 2 || (*part[2] != '1' && *part[2] != '2'))
        return ERR_NOT_FOUND;
    out->app = *part[2] == '1' ? GXGY_GX : GXGY_GY;
    if (!take_escaped(part[3], (size_t)(part[4] - part[3]) - 1, out->gateway,
                      sizeof(out->gateway)) ||
        !take_escaped(part[4], (size_t)(part[5] - part[4]) - 1, out->id, sizeof(out->id)) ||
        !out->id[0])
        return ERR_NOT_FOUND;
    return ERR_OK;
}

enum err gxgy_session_imsi(const char *id, struct base_imsi *out)
{
    return base_imsi_parse(id, strcspn(id, "-"), out);
}
