// SPDX-License-Identifier: BSD-3-Clause
// Asks the policy in force, counts and logs refusals.
#include "fgw/admit.h"

#include "fgw/log.h"
#include "fgw/snapshot.h"

static struct metric_family denied = {
    .name = "fgw_admission_denied_total",
    .help = "Connections and requests of gateways refused, by what was asked and why.",
    .type = METRIC_COUNTER,
    .labels = {"stage", "reason"},
};

static void refuse(const char *stage, const char *gateway, const struct base_imsi *imsi,
                   const struct base_plmn *plmn, enum err err)
{
    struct base_log_subject subject = {.agw = gateway, .imsi = imsi ? imsi->digits : NULL};
    char text[7] = "";
    if (plmn)
        base_plmn_text(plmn, text);
    metric_inc(METRIC_CELL(&denied, stage, err_name(err)));
    base_log_limited(&log_admit, BASE_LOG_WARN, &subject, "%s refused: %s%s%s", stage,
                     err_str(err), plmn ? ", PLMN " : "", text);
}

enum err fgw_admit_connection(void *ctx, const char *gateway)
{
    enum err err = fgw_policy_connect(fgw_snapshot_current()->policy, gateway);
    if (err)
        refuse("connection", gateway, NULL, NULL, err);
    return err;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    const struct fgw_snapshot *snapshot = fgw_snapshot_current();
    if (!snapshot)
        return ERR_WRONG_STATE;
    enum err err = fgw_policy_serve(snapshot->policy, gateway, imsi, plmn);
    if (err)
        refuse("request", gateway, imsi, plmn, err);
    return err;
}
