// SPDX-License-Identifier: BSD-3-Clause
// What an APN decides: whether PCRF and OCS are asked, and by which name they know it.
#include <regex.h>
#include <strings.h>

#include "extensions/gx_gy/gx_gy.h"

// The pattern was checked with the settings; NULL matches anything.
static bool matches(const char *pattern, const char *text)
{
    regex_t regex;
    if (!pattern)
        return true;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE) != 0)
        return false;
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

struct gxgy_policy gxgy_policy_find(const struct gxgy_settings *settings, const char *apn,
                                    const char *charging_characteristics)
{
    const struct gxgy_apn *apns = settings->apns.items;
    const struct gxgy_virtual_apn *names = settings->virtual_apns.items;
    struct gxgy_policy policy = {.gx = settings->gx.core.enabled,
                                 .gy = settings->gy.core.enabled,
                                 .gy_auth_only = settings->gy.auth_only,
                                 .gx_apn = apn,
                                 .gy_apn = apn};
    for (size_t i = 0; i < settings->apns.n; i++) {
        if (strcasecmp(apns[i].apn, apn) != 0)
            continue;
        policy.gx = policy.gx && apns[i].gx;
        policy.gy = policy.gy && apns[i].gy;
        policy.gy_auth_only = policy.gy_auth_only || apns[i].gy_auth_only;
        break;
    }
    bool gx = false, gy = false;
    for (size_t i = 0; i < settings->virtual_apns.n && !(gx && gy); i++) {
        if (!matches(names[i].apn, apn) ||
            !matches(names[i].charging_characteristics, charging_characteristics))
            continue;
        if (names[i].gx_apn && !gx)
            policy.gx_apn = names[i].gx_apn;
        if (names[i].gy_apn && !gy)
            policy.gy_apn = names[i].gy_apn;
        gx = gx || names[i].gx_apn;
        gy = gy || names[i].gy_apn;
    }
    if (settings->gy.apn)
        policy.gy_apn = settings->gy.apn;
    return policy;
}
