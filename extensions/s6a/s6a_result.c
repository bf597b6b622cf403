// SPDX-License-Identifier: BSD-3-Clause
// Result mapping, both directions, as tables. Access gateways take gRPC status OK with error_code
// >= 3001 as an S6a result (TS 29.272 7.4), and any other gRPC status as DIAMETER_UNABLE_TO_COMPLY.
// So what TS 29.272 defines travels as error_code; failures of the base protocol travel as gRPC
// status, because their numbers mean something else on S6a: 5001 is AVP_UNSUPPORTED in the base
// protocol and "user unknown" on S6a, which makes a phone discard its SIM card.
#include "extensions/s6a/s6a.h"

#include "rpc/status.h"

#include <inttypes.h>

struct row {
    uint32_t code;
    int status;
    uint32_t error_code;
    const char *label;
};

// Result-Code, RFC 6733 7.1; rows that are not here go by their class.
static const struct row base_rows[] = {
    {2001, RPC_OK, 0, "success"},
    {2002, RPC_OK, 0, "limited_success"},
    {3001, RPC_UNIMPLEMENTED, 0, "command_unsupported"},
    {3002, RPC_UNAVAILABLE, 0, "unable_to_deliver"},
    {3003, RPC_UNAVAILABLE, 0, "realm_not_served"},
    {3004, RPC_RESOURCE_EXHAUSTED, 0, "too_busy"},
    {3005, RPC_UNAVAILABLE, 0, "loop_detected"},
    {3006, RPC_UNAVAILABLE, 0, "redirect_indication"},
    {3007, RPC_UNIMPLEMENTED, 0, "application_unsupported"},
    {3008, RPC_INTERNAL, 0, "invalid_hdr_bits"},
    {3009, RPC_INTERNAL, 0, "invalid_avp_bits"},
    {3010, RPC_UNAVAILABLE, 0, "unknown_peer"},
    // the same meaning on both sides
    {4001, RPC_OK, 4001, "authentication_rejected"},
    {4002, RPC_RESOURCE_EXHAUSTED, 0, "out_of_space"},
    {5003, RPC_OK, 5003, "authorization_rejected"},
    {5001, RPC_INTERNAL, 0, "avp_unsupported"},
    {5002, RPC_INTERNAL, 0, "unknown_session_id"},
    {5004, RPC_INTERNAL, 0, "invalid_avp_value"},
    {5005, RPC_INTERNAL, 0, "missing_avp"},
    {5008, RPC_INTERNAL, 0, "avp_not_allowed"},
    {5009, RPC_INTERNAL, 0, "avp_occurs_too_many_times"},
    {5012, RPC_INTERNAL, 0, "unable_to_comply"},
    {5014, RPC_INTERNAL, 0, "invalid_avp_length"},
    // S6a results that some HSSs put into Result-Code; no base code has these numbers
    {4181, RPC_OK, 4181, "authentication_data_unavailable"},
    {5030, RPC_OK, S6A_USER_UNKNOWN, "user_unknown"}, // RFC 8506 DIAMETER_USER_UNKNOWN
    {5420, RPC_OK, 5420, "unknown_eps_subscription"},
    {5421, RPC_OK, 5421, "rat_not_allowed"},
    {5422, RPC_OK, 5422, "equipment_unknown"},
    {5423, RPC_OK, 5423, "unknown_serving_node"},
};

// Experimental-Result-Code, TS 29.272 7.4
static const struct row s6a_rows[] = {
    {2001, RPC_OK, 0, "success"},
    {4181, RPC_OK, 4181, "authentication_data_unavailable"},
    {4182, RPC_OK, 4182, "camel_subscription_present"},
    {5001, RPC_OK, 5001, "user_unknown"},
    {5003, RPC_OK, 5003, "authorization_rejected"},
    {5004, RPC_OK, 5004, "roaming_not_allowed"},
    {5420, RPC_OK, 5420, "unknown_eps_subscription"},
    {5421, RPC_OK, 5421, "rat_not_allowed"},
    {5422, RPC_OK, 5422, "equipment_unknown"},
    {5423, RPC_OK, 5423, "unknown_serving_node"},
};

static const struct row *find(const struct row *rows, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}
#define FIND(rows, code) find((rows), sizeof(rows) / sizeof((rows)[0]), (code))

static struct s6a_verdict of_row(const struct row *row)
{
    return (struct s6a_verdict){row->status, row->error_code, row->label};
}

static struct s6a_verdict of_experimental(const struct dia_result *result)
{
    const struct row *row = FIND(s6a_rows, result->code);
    if (row) // some HSSs forget the vendor: the number decides
        return of_row(row);
    if (result->code / 1000 == 2)
        return (struct s6a_verdict){RPC_OK, 0, "success"};
    if (result->vendor == DIA_3GPP && result->code >= 3001 && result->code < 6000)
        return (struct s6a_verdict){RPC_OK, result->code, "other_3gpp"};
    return (struct s6a_verdict){RPC_UNKNOWN, 0, "other_experimental"};
}

struct s6a_verdict s6a_verdict_of_result(const struct dia_result *result)
{
    if (result->code == 0)
        return (struct s6a_verdict){RPC_INTERNAL, 0, "no_result"};
    if (result->experimental)
        return of_experimental(result);
    const struct row *row = FIND(base_rows, result->code);
    if (row)
        return of_row(row);
    switch (result->code / 1000) {
    case 2:
        return (struct s6a_verdict){RPC_OK, 0, "success"};
    case 3:
        return (struct s6a_verdict){RPC_UNAVAILABLE, 0, "other_3xxx"};
    case 4:
        return (struct s6a_verdict){RPC_UNAVAILABLE, 0, "other_4xxx"};
    case 5:
        return (struct s6a_verdict){RPC_INTERNAL, 0, "other_5xxx"};
    default:
        return (struct s6a_verdict){RPC_UNKNOWN, 0, "other"};
    }
}

struct s6a_verdict s6a_verdict_of_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return (struct s6a_verdict){RPC_OK, 0, "success"};
    case ERR_TIMEOUT:
        return (struct s6a_verdict){RPC_DEADLINE_EXCEEDED, 0, "timeout"};
    case ERR_CANCELLED:
        return (struct s6a_verdict){RPC_CANCELLED, 0, "cancelled"};
    case ERR_DIA_BUSY:
    case ERR_FULL:
    case ERR_NOMEM:
        return (struct s6a_verdict){RPC_RESOURCE_EXHAUSTED, 0, "busy"};
    case ERR_DIA_NO_PEER:
        return (struct s6a_verdict){RPC_UNAVAILABLE, 0, "no_peer"};
    case ERR_DIA_PEER_LOST:
        return (struct s6a_verdict){RPC_UNAVAILABLE, 0, "peer_lost"};
    case ERR_SHUTDOWN:
        return (struct s6a_verdict){RPC_UNAVAILABLE, 0, "shutdown"};
    case ERR_ENCODE_VALUE:
    case ERR_ENCODE_SPACE:
        return (struct s6a_verdict){RPC_INVALID_ARGUMENT, 0, "invalid_request"};
    default:
        return (struct s6a_verdict){RPC_INTERNAL, 0,
                                    err_is_peer_fault(err) ? "bad_answer" : "internal"};
    }
}

// ---- toward the HSS ----
const struct s6a_core_result s6a_core_success = {0, S6A_DIAMETER_SUCCESS, "success"};
const struct s6a_core_result s6a_core_user_unknown = {DIA_3GPP, S6A_USER_UNKNOWN, "user_unknown"};
const struct s6a_core_result s6a_core_no_delivery = {0, 3002, "unable_to_deliver"};
const struct s6a_core_result s6a_core_unable = {0, 5012, "unable_to_comply"};
static const struct s6a_core_result core_busy = {0, 3004, "too_busy"};

bool s6a_core_is_success(const struct s6a_core_result *result)
{
    return result->vendor == 0 && result->code / 1000 == 2;
}

struct s6a_core_result s6a_core_of_code(uint32_t error_code)
{
    if (error_code < 3000) // 0 (unset), 1001 and 2xxx: what access gateways mean by success
        return s6a_core_success;
    switch (error_code) {
    case S6A_USER_UNKNOWN:
        return s6a_core_user_unknown;
    case 3002:
        return s6a_core_no_delivery;
    case 3004:
        return core_busy;
    default: // nothing else is defined for answers of an MME
        return s6a_core_unable;
    }
}

struct s6a_core_result s6a_core_of_status(int grpc_status)
{
    switch (grpc_status) {
    case RPC_OK:
        return s6a_core_success;
    case RPC_NOT_FOUND:
        return s6a_core_user_unknown;
    case RPC_UNAVAILABLE:
    case RPC_DEADLINE_EXCEEDED:
        return s6a_core_no_delivery;
    case RPC_RESOURCE_EXHAUSTED:
        return core_busy;
    default:
        return s6a_core_unable;
    }
}

struct s6a_core_result s6a_core_of_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return s6a_core_success;
    case ERR_FGW_UNKNOWN_SUBSCRIBER:
        return s6a_core_user_unknown;
    case ERR_FULL:
    case ERR_RPC_REFUSED:
    case ERR_NOMEM:
        return core_busy;
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_SHUTDOWN:
    case ERR_RPC_UNREACHABLE:
    case ERR_FGW_UNKNOWN_GATEWAY:
    case ERR_FGW_GATEWAY_UNREACHABLE:
        return s6a_core_no_delivery;
    default:
        return s6a_core_unable;
    }
}

// ---- documentation ----
static void print_rows(FILE *out, const char *avp, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "| %s %" PRIu32 " | %s | ", avp, rows[i].code,
                rpc_status_name(rows[i].status));
        if (rows[i].status == RPC_OK)
            fprintf(out, "%" PRIu32, rows[i].error_code);
        fprintf(out, " | %s |\n", rows[i].label);
    }
}
#define PRINT_ROWS(out, avp, rows)                                                                 \
    print_rows((out), (avp), (rows), sizeof(rows) / sizeof((rows)[0]))

static void print_core(FILE *out, const char *what, struct s6a_core_result result)
{
    fprintf(out, "| %s | %s %" PRIu32 " |\n", what,
            result.vendor ? "Experimental-Result-Code" : "Result-Code", result.code);
}

void s6a_results_doc(FILE *out)
{
    static const enum err failures[] = {ERR_TIMEOUT,  ERR_DIA_NO_PEER, ERR_DIA_PEER_LOST,
                                        ERR_DIA_BUSY, ERR_NOMEM,       ERR_DIA_BAD_ANSWER,
                                        ERR_SHUTDOWN, ERR_CANCELLED,   ERR_ENCODE_VALUE};
    static const uint32_t codes[] = {0, 2001, 3002, 3004, 5001, 5012};
    static const enum err unreached[] = {ERR_RPC_UNREACHABLE, ERR_TIMEOUT, ERR_FULL,
                                         ERR_RPC_PROTOCOL};
    char text[64];
    fputs("## Results toward access gateways\n\n"
          "A success is error_code 0 (AIR, ULR) or 2001 (PUR, NOR). Base results that are not "
          "listed\n"
          "go by their class: 2xxx success, 3xxx and 4xxx UNAVAILABLE, 5xxx INTERNAL; other\n"
          "Experimental-Result-Codes of 3GPP are passed on with status OK.\n\n"
          "| result of the HSS | gRPC status | error_code | metrics label |\n|---|---|---|---|\n",
          out);
    PRINT_ROWS(out, "Experimental-Result-Code", s6a_rows);
    PRINT_ROWS(out, "Result-Code", base_rows);
    fputs("\n| failure on the way | gRPC status | metrics label |\n|---|---|---|\n", out);
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        const struct s6a_verdict v = s6a_verdict_of_err(failures[i]);
        fprintf(out, "| %s | %s | %s |\n", err_str(failures[i]), rpc_status_name(v.status),
                v.label);
    }
    fputs("\n## Results toward the HSS\n\n"
          "CLR turns 5001 into 2001: nothing to cancel. UNIMPLEMENTED goes by `unsupported_update` "
          "for\n"
          "IDR and DSR.\n\n| the access gateway | answer |\n|---|---|\n",
          out);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        snprintf(text, sizeof(text), "OK, error_code %" PRIu32, codes[i]);
        print_core(out, text, s6a_core_of_code(codes[i]));
    }
    print_core(out, "OK, any other failure", s6a_core_of_code(9999));
    for (int status = 1; status <= 16; status++)
        print_core(out, rpc_status_name(status), s6a_core_of_status(status));
    for (size_t i = 0; i < sizeof(unreached) / sizeof(unreached[0]); i++)
        print_core(out, err_str(unreached[i]), s6a_core_of_err(unreached[i]));
}
