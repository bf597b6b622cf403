// SPDX-License-Identifier: BSD-3-Clause
// One-time events, RFC 8506 §6: debiting, refund, check of balance, price enquiry.
#include "ocs_int.h"

#include <string.h>

static int debit(struct sim_db *db, struct ocs_balance *b, const json_t *request, json_t *answer)
{
    struct ocs_usage u = {.reports = 1};
    int64_t asked = ocs_requested(request, b->unit);

    if (asked == 0)
        asked = sim_int(b->settings, "grant", 1);
    if (asked > ocs_balance_left(b))
        return SIM_CREDIT_LIMIT_REACHED;
    if (strcmp(b->unit, "seconds") == 0)
        u.seconds = asked;
    else if (strcmp(b->unit, "units") == 0)
        u.units = asked;
    else
        u.octets = asked;
    ocs_debit(db, b, &u);
    sim_add(answer, "Granted-Service-Unit", ocs_units(b->unit, asked));
    return SIM_SUCCESS;
}

static int refund(struct sim_db *db, struct ocs_balance *b, const json_t *request)
{
    int64_t asked = ocs_requested(request, b->unit);

    sim_db_run(db, "UPDATE balance SET used=max(0,used-?3) WHERE imsi=?1 AND grp=?2",
               json_pack("[s,I,I]", b->imsi, (json_int_t)b->group, (json_int_t)asked));
    return SIM_SUCCESS;
}

static int price(const struct ocs_balance *b, const json_t *request, json_t *answer)
{
    int64_t each, asked = ocs_requested(request, b->unit);
    json_int_t value;

    if (!sim_number(b->settings, "price", &each))
        return SIM_RATING_FAILED;
    if (__builtin_mul_overflow(each, asked ? asked : 1, &value))
        return SIM_RATING_FAILED;
    sim_add(answer, "Cost-Information",
            json_pack("{s:{s:I,s:i},s:I}", "Unit-Value", "Value-Digits", value, "Exponent", -2,
                      "Currency-Code", (json_int_t)sim_int(b->settings, "currency", 978)));
    return SIM_SUCCESS;
}

int ocs_event(struct sim_db *db, const struct sim_session *s, const json_t *request, json_t *answer)
{
    const char *action = sim_text(request, "Requested-Action");
    const json_t *container = sim_get(request, "Multiple-Services-Credit-Control");
    struct ocs_balance b;
    int64_t group;
    int code = SIM_INVALID_AVP_VALUE;

    if (!container)
        container = request;
    if ((!sim_number(container, "Rating-Group", &group) &&
         !sim_number(container, "Service-Identifier", &group)) ||
        !ocs_balance_get(db, s->imsi, group, &b))
        return SIM_RATING_FAILED;
    if (action && strcmp(action, "DIRECT_DEBITING") == 0) {
        code = debit(db, &b, container, answer);
    } else if (action && strcmp(action, "REFUND_ACCOUNT") == 0) {
        code = refund(db, &b, container);
    } else if (action && strcmp(action, "CHECK_BALANCE") == 0) {
        int64_t asked = ocs_requested(container, b.unit);
        bool enough = ocs_balance_left(&b) >= (asked ? asked : 1);

        sim_add(answer, "Check-Balance-Result",
                json_string(enough ? "ENOUGH_CREDIT" : "NO_CREDIT"));
        code = SIM_SUCCESS;
    } else if (action && strcmp(action, "PRICE_ENQUIRY") == 0) {
        code = price(&b, container, answer);
    }
    ocs_balance_fini(&b);
    return code;
}
