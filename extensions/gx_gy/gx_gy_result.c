// SPDX-License-Identifier: BSD-3-Clause
// Result mapping, both directions, as tables. An access gateway's session manager takes any gRPC
// failure of CreateSession as a refusal; in the elements of an update it looks at result_code: 4xxx
// suspends a credit, 5xxx ends the session, anything else is reported again later.
#include "extensions/gx_gy/gx_gy.h"
#include "rpc/status.h"

struct row {
    uint32_t code;
    int status;
    const char *label;
};

// Result-Code: RFC 6733 7.1, RFC 8506 9; rows that are not here go by their class.
static const struct row base_rows[] = {
    {2001, RPC_OK, "success"},
    {2002, RPC_OK, "limited_success"},
    {3001, RPC_UNIMPLEMENTED, "command_unsupported"},
    {3002, RPC_UNAVAILABLE, "unable_to_deliver"},
    {3003, RPC_UNAVAILABLE, "realm_not_served"},
    {3004, RPC_RESOURCE_EXHAUSTED, "too_busy"},
    {3005, RPC_UNAVAILABLE, "loop_detected"},
    {3007, RPC_UNIMPLEMENTED, "application_unsupported"},
    {4010, RPC_PERMISSION_DENIED, "end_user_service_denied"},
    {4011, RPC_OK, "credit_control_not_applicable"},
    {4012, RPC_FAILED_PRECONDITION, "credit_limit_reached"},
    {5001, RPC_INTERNAL, "avp_unsupported"},
    {5002, RPC_NOT_FOUND, "unknown_session_id"},
    {5003, RPC_PERMISSION_DENIED, "authorization_rejected"},
    {5004, RPC_INTERNAL, "invalid_avp_value"},
    {5005, RPC_INTERNAL, "missing_avp"},
    {5012, RPC_INTERNAL, "unable_to_comply"},
    {5030, RPC_NOT_FOUND, "user_unknown"},
    {5031, RPC_FAILED_PRECONDITION, "rating_failed"},
};

// Experimental-Result-Code, TS 29.212 5.5
static const struct row gx_rows[] = {
    {4141, RPC_UNAVAILABLE, "pcc_bearer_event"},
    {4142, RPC_UNAVAILABLE, "bearer_event"},
    {4144, RPC_ABORTED, "pending_transaction"},
    {5140, RPC_FAILED_PRECONDITION, "error_initial_parameters"},
    {5141, RPC_FAILED_PRECONDITION, "error_trigger_event"},
    {5142, RPC_FAILED_PRECONDITION, "pcc_rule_event"},
    {5143, RPC_PERMISSION_DENIED, "error_bearer_not_authorized"},
    {5144, RPC_FAILED_PRECONDITION, "error_traffic_mapping_info_rejected"},
    {5147, RPC_FAILED_PRECONDITION, "error_conflicting_request"},
    {5453, RPC_ABORTED, "error_late_overlapping_request"},
    {5454, RPC_DEADLINE_EXCEEDED, "error_timed_out_request"},
};

static const struct row *find(const struct row *rows, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}
#define FIND(rows, code) find((rows), sizeof(rows) / sizeof((rows)[0]), (code))

struct gxgy_verdict gxgy_verdict_of_result(const struct dia_result *result)
{
    static const struct gxgy_verdict classes[] = {
        {RPC_UNKNOWN, 0, "other"},
        {RPC_UNKNOWN, 0, "other_1xxx"},
        {RPC_OK, 0, "success"},
        {RPC_UNAVAILABLE, 0, "other_3xxx"},
        {RPC_UNAVAILABLE, 0, "other_4xxx"},
        {RPC_FAILED_PRECONDITION, 0, "other_5xxx"},
    };
    if (result->code == 0)
        return (struct gxgy_verdict){RPC_INTERNAL, GXGY_UNABLE_TO_COMPLY, "no_result"};
    const struct row *row =
        result->experimental ? FIND(gx_rows, result->code) : FIND(base_rows, result->code);
    if (row)
        return (struct gxgy_verdict){row->status, row->code, row->label};
    struct gxgy_verdict verdict = classes[result->code < 6000 ? result->code / 1000 : 0];
    verdict.code = result->code;
    return verdict;
}

struct gxgy_verdict gxgy_verdict_of_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return (struct gxgy_verdict){RPC_OK, GXGY_SUCCESS, "success"};
    case ERR_TIMEOUT:
        return (struct gxgy_verdict){RPC_DEADLINE_EXCEEDED, GXGY_UNABLE_TO_DELIVER, "timeout"};
    case ERR_CANCELLED:
        return (struct gxgy_verdict){RPC_CANCELLED, GXGY_UNABLE_TO_DELIVER, "cancelled"};
    case ERR_DIA_BUSY:
    case ERR_FULL:
    case ERR_NOMEM:
        return (struct gxgy_verdict){RPC_RESOURCE_EXHAUSTED, GXGY_TOO_BUSY, "busy"};
    case ERR_DIA_NO_PEER:
        return (struct gxgy_verdict){RPC_UNAVAILABLE, GXGY_UNABLE_TO_DELIVER, "no_peer"};
    case ERR_DIA_PEER_LOST:
        return (struct gxgy_verdict){RPC_UNAVAILABLE, GXGY_UNABLE_TO_DELIVER, "peer_lost"};
    case ERR_SHUTDOWN:
        return (struct gxgy_verdict){RPC_UNAVAILABLE, GXGY_UNABLE_TO_DELIVER, "shutdown"};
    case ERR_DENIED:
        return (struct gxgy_verdict){RPC_PERMISSION_DENIED, 5003, "denied"};
    case ERR_ENCODE_VALUE:
    case ERR_ENCODE_SPACE:
        return (struct gxgy_verdict){RPC_INVALID_ARGUMENT, 5004, "invalid_request"};
    default:
        return (struct gxgy_verdict){RPC_INTERNAL, GXGY_UNABLE_TO_COMPLY,
                                     err_is_peer_fault(err) ? "bad_answer" : "internal"};
    }
}

bool gxgy_is_success(uint32_t code)
{
    return code / 1000 == 2;
}

// ---- toward the core ----
uint32_t gxgy_core_of_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return GXGY_SUCCESS;
    case ERR_FULL:
    case ERR_RPC_REFUSED:
    case ERR_NOMEM:
        return GXGY_TOO_BUSY;
    case ERR_NOT_FOUND:
    case ERR_FGW_UNKNOWN_GATEWAY:
        return GXGY_UNKNOWN_SESSION;
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_SHUTDOWN:
    case ERR_RPC_UNREACHABLE:
    case ERR_FGW_GATEWAY_UNREACHABLE:
        return GXGY_UNABLE_TO_DELIVER;
    default:
        return GXGY_UNABLE_TO_COMPLY;
    }
}

uint32_t gxgy_core_of_status(int grpc_status)
{
    switch (grpc_status) {
    case RPC_OK:
        return GXGY_SUCCESS;
    case RPC_NOT_FOUND:
        return GXGY_UNKNOWN_SESSION;
    case RPC_UNAVAILABLE:
    case RPC_DEADLINE_EXCEEDED:
        return GXGY_UNABLE_TO_DELIVER;
    case RPC_RESOURCE_EXHAUSTED:
        return GXGY_TOO_BUSY;
    default:
        return GXGY_UNABLE_TO_COMPLY;
    }
}

const char *gxgy_core_label(uint32_t code)
{
    const struct row *row = FIND(base_rows, code);
    return row ? row->label : "other";
}
