// SPDX-License-Identifier: BSD-3-Clause
// What follows when a credit control request did not succeed: RFC 8506 5.7 and the tables of clause
// 7, as data. "Failure to send" and "temporary error" are what they are once the alternate server,
// where the request may go there, has failed too. Where this differs from the tables, and why:
//   - at Tx, RETRY_AND_TERMINATE would serve the user while the answer is still waited for. Our
//     caller can be told one thing only: it waits for the alternate, or is refused at once where
//     there is none (as 8.14 has it in the end);
//   - what says that a user or service is not to be served (4010, 5030; with them 4012 of RFC 8506
//     9.1 and 5003 of TS 32.299) refuses in every state, whatever the handling;
//   - other 4xxx are permanent enough: failed answers;
//   - a CCR-T is sent again before it is given up: it carries usage.
#include "extensions/gx_gy/gx_gy.h"

struct row {
    enum gxgy_action first;  // when the request can move to the alternate
    enum gxgy_action second; // when it cannot
};

#define G GXGY_GIVE_UP
#define A GXGY_TRY_ALTERNATE
#define S GXGY_GRANT
static const struct row rows[GXGY_FAULTS][3] = {
    //                            TERMINATE  CONTINUE  RETRY_AND_TERMINATE
    [GXGY_FAULT_TX] = {{G, G}, {A, S}, {A, G}},
    [GXGY_FAULT_SEND] = {{A, G}, {A, S}, {A, G}},
    [GXGY_FAULT_FAILED] = {{G, G}, {S, S}, {G, G}},
    [GXGY_FAULT_DENIED] = {{G, G}, {G, G}, {G, G}},
    [GXGY_FAULT_NOT_APPLICABLE] = {{S, S}, {S, S}, {S, S}},
};
#undef G
#undef A
#undef S

enum gxgy_action gxgy_failure_action(enum gxgy_handling handling, uint32_t request_type,
                                     enum gxgy_fault fault, bool failover)
{
    bool lost = fault == GXGY_FAULT_TX || fault == GXGY_FAULT_SEND;
    if (request_type == GXGY_TERMINATION) {
        // The service has ended whatever the answer is; the usage must still arrive.
        if (!lost)
            return GXGY_GIVE_UP;
        return failover ? GXGY_TRY_ALTERNATE : GXGY_TRY_AGAIN;
    }
    if (request_type == GXGY_EVENT) // what then becomes of the event is gx_gy_event.c's business
        return lost && failover ? GXGY_TRY_ALTERNATE : GXGY_GIVE_UP;
    const struct row *row = &rows[fault][handling];
    return failover ? row->first : row->second;
}

bool gxgy_fault_of(enum err err, const struct dia_result *result, enum gxgy_fault *out)
{
    static const struct {
        uint32_t code;
        enum gxgy_fault fault;
    } codes[] = {
        {3002, GXGY_FAULT_SEND},   {3004, GXGY_FAULT_SEND},           {3005, GXGY_FAULT_SEND},
        {4010, GXGY_FAULT_DENIED}, {4012, GXGY_FAULT_DENIED},         {5003, GXGY_FAULT_DENIED},
        {5030, GXGY_FAULT_DENIED}, {4011, GXGY_FAULT_NOT_APPLICABLE},
    };
    *out = GXGY_FAULT_FAILED;
    if (err == ERR_OK && result->code / 1000 == 2)
        return false;
    if (err == ERR_TIMEOUT)
        *out = GXGY_FAULT_TX;
    else if (err != ERR_OK && err_is_retryable(err))
        *out = GXGY_FAULT_SEND;
    if (err != ERR_OK || result->experimental)
        return true;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].code == result->code)
            *out = codes[i].fault;
    return true;
}
