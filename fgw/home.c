// SPDX-License-Identifier: BSD-3-Clause
#include "fgw/home.h"

#include <string.h>

#include "diameter/avp.h"

enum { UNABLE_TO_DELIVER = 3002, USER_UNKNOWN = 5001 };

void fgw_home_find(struct fgw_home *home, enum fgw_access access, const struct base_imsi *imsi,
                   struct fgw_destination *to)
{
    home->named = !to->host[0] && !home->by_realm &&
                  fgw_directory_host(access, imsi, to->host, sizeof(to->host)) == ERR_OK;
}

void fgw_home_learn(enum fgw_access access, const struct base_imsi *imsi, struct msg *answer)
{
    char host[FGW_IDENTITY_MAX + 1];
    const uint8_t *text;
    size_t len;
    if (!answer || dia_get_bytes(answer, AVP_ORIGIN_HOST, &text, &len) != ERR_OK || len == 0 ||
        len >= sizeof(host) || memchr(text, '\0', len))
        return;
    memcpy(host, text, len); // its own name: agents between us leave it alone
    host[len] = '\0';
    fgw_directory_learn_host(access, imsi, host); // without it: by realm, as before
}

bool fgw_home_wrong(struct fgw_home *home, enum fgw_access access, const struct base_imsi *imsi,
                    struct msg *answer)
{
    if (!home->named || !answer)
        return false;
    const struct dia_result result = dia_msg_result(answer);
    if (result.experimental ? result.code != USER_UNKNOWN : result.code != UNABLE_TO_DELIVER)
        return false;
    home->by_realm = true;
    fgw_directory_learn_host(access, imsi, "");
    return true;
}
