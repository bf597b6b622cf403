// SPDX-License-Identifier: BSD-3-Clause
// Result mapping, both directions, as tables. SwxProxy's answers have no error code: what went
// wrong travels as gRPC status, always one of gRPC's own, with the Diameter result in the text.
#include "extensions/swx/swx.h"

#include <inttypes.h>

#include "rpc/status.h"

// Experimental-Result-Code of 3GPP: TS 29.273 8.2.4 and 10, TS 29.229 6.2, TS 29.272 7.4
static const struct fgw_verdict_row swx_rows[] = {
    {2001, {RPC_OK, 0, "success"}},
    {4181, {RPC_UNAVAILABLE, 0, "authentication_data_unavailable"}},
    {5001, {RPC_NOT_FOUND, 0, "user_unknown"}},
    {5002, {RPC_INTERNAL, 0, "identities_dont_match"}},
    {5003, {RPC_FAILED_PRECONDITION, 0, "identity_not_registered"}},
    {5004, {RPC_PERMISSION_DENIED, 0, "roaming_not_allowed"}},
    {5005, {RPC_FAILED_PRECONDITION, 0, "identity_already_registered"}},
    {5006, {RPC_UNIMPLEMENTED, 0, "auth_scheme_not_supported"}},
    {5007, {RPC_FAILED_PRECONDITION, 0, "in_assignment_type"}},
    {5008, {RPC_INTERNAL, 0, "too_much_data"}},
    {5009, {RPC_INTERNAL, 0, "not_supported_user_data"}},
    {5011, {RPC_UNIMPLEMENTED, 0, "feature_unsupported"}},
    {5012, {RPC_UNIMPLEMENTED, 0, "serving_node_feature_unsupported"}},
    {5041, {RPC_FAILED_PRECONDITION, 0, "user_no_wlan_subscription"}},
    {5450, {RPC_PERMISSION_DENIED, 0, "no_non_3gpp_subscription"}},
    {5451, {RPC_PERMISSION_DENIED, 0, "no_apn_subscription"}},
    {5452, {RPC_PERMISSION_DENIED, 0, "rat_type_not_allowed"}},
    {5554, {RPC_PERMISSION_DENIED, 0, "illegal_equipment"}},
};

// ... of S6a, where some numbers mean something else
static const struct fgw_verdict_row s6a_rows[] = {
    {2001, {RPC_OK, 0, "success"}},
    {4181, {RPC_UNAVAILABLE, 0, "authentication_data_unavailable"}},
    {5001, {RPC_NOT_FOUND, 0, "user_unknown"}},
    {5003, {RPC_PERMISSION_DENIED, 0, "authorization_rejected"}},
    {5004, {RPC_PERMISSION_DENIED, 0, "roaming_not_allowed"}},
    {5420, {RPC_PERMISSION_DENIED, 0, "unknown_eps_subscription"}},
    {5421, {RPC_PERMISSION_DENIED, 0, "rat_not_allowed"}},
};
// Result-Code, where it says more than the base protocol's table: numbers that only 3GPP has, in an
// AVP that they do not belong into
static const struct fgw_verdict_row stray_rows[] = {
    {4181, {RPC_UNAVAILABLE, 0, "authentication_data_unavailable"}},
    {5030, {RPC_NOT_FOUND, 0, "user_unknown"}}, // RFC 8506 DIAMETER_USER_UNKNOWN
    {5420, {RPC_PERMISSION_DENIED, 0, "unknown_eps_subscription"}},
    {5450, {RPC_PERMISSION_DENIED, 0, "no_non_3gpp_subscription"}},
    {5451, {RPC_PERMISSION_DENIED, 0, "no_apn_subscription"}},
    {5452, {RPC_PERMISSION_DENIED, 0, "rat_type_not_allowed"}},
};
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct fgw_verdict of_result(const struct dia_result *result,
                                    const struct fgw_verdict_row *rows, size_t n)
{
    struct fgw_verdict verdict;
    if (result->code == 0)
        return (struct fgw_verdict){RPC_INTERNAL, 0, "no_result"};
    if (!result->experimental)
        return fgw_verdict_find(stray_rows, N(stray_rows), result->code, &verdict)
                   ? verdict
                   : fgw_verdict_of_base(result->code);
    if (fgw_verdict_find(rows, n, result->code, &verdict)) // some HSSs forget the vendor
        return verdict;
    if (result->code / 1000 == 2)
        return (struct fgw_verdict){RPC_OK, 0, "success"};
    return (struct fgw_verdict){RPC_UNKNOWN, 0, "other_experimental"};
}

struct fgw_verdict swx_verdict_of_result(const struct dia_result *result)
{
    return of_result(result, swx_rows, N(swx_rows));
}

struct fgw_verdict swx_verdict_of_s6a(const struct dia_result *result)
{
    return of_result(result, s6a_rows, N(s6a_rows));
}

bool swx_result_is_elsewhere(const struct dia_result *result)
{
    return result->experimental ? result->code == 5005 : result->code == 3006;
}

const char *swx_server_name(const char *server)
{
    return server[0] ? server : "of unknown name";
}

// ---- toward the HSS ----
const struct fgw_core_result swx_core_user_unknown = {DIA_3GPP, 5001, "user_unknown"};

struct fgw_core_result swx_core_of_code(uint32_t error_code)
{
    if (error_code < 3000) // 0 (unset) and 2xxx
        return fgw_core_success;
    switch (error_code) {
    case 5001:
        return swx_core_user_unknown;
    case 3002:
        return fgw_core_no_delivery;
    case 3004:
        return fgw_core_busy;
    default:
        return fgw_core_unable;
    }
}

// ---- documentation ----
static void print_rows(FILE *out, const char *avp, const struct fgw_verdict_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(out, "| %s %" PRIu32 " | %s | %s |\n", avp, rows[i].code,
                rpc_status_name(rows[i].verdict.status), rows[i].verdict.label);
}

static void print_base(FILE *out)
{
    static const uint32_t codes[] = {2001, 2002, 3001, 3002, 3003, 3004, 3005, 3006, 3007,
                                     3010, 4001, 4002, 5001, 5002, 5003, 5004, 5005, 5012};
    for (size_t i = 0; i < N(codes); i++) {
        const struct fgw_verdict v = fgw_verdict_of_base(codes[i]);
        fprintf(out, "| Result-Code %" PRIu32 " | %s | %s |\n", codes[i], rpc_status_name(v.status),
                v.label);
    }
}

static void print_core(FILE *out, const char *what, struct fgw_core_result result)
{
    fprintf(out, "| %s | %s %" PRIu32 " |\n", what,
            result.vendor ? "Experimental-Result-Code" : "Result-Code", result.code);
}

void swx_results_doc(FILE *out)
{
    static const enum err failures[] = {ERR_TIMEOUT,  ERR_DIA_NO_PEER, ERR_DIA_PEER_LOST,
                                        ERR_DIA_BUSY, ERR_NOMEM,       ERR_DIA_BAD_ANSWER,
                                        ERR_SHUTDOWN, ERR_CANCELLED,   ERR_ENCODE_VALUE};
    static const enum err unreached[] = {ERR_RPC_UNREACHABLE, ERR_TIMEOUT, ERR_FULL,
                                         ERR_RPC_PROTOCOL};
    static const uint32_t codes[] = {0, 2001, 3002, 3004, 5001, 5012};
    char text[64];
    fputs("## Results toward access gateways\n\n"
          "Base results that are not listed go by their class: 2xxx success, 3xxx and 4xxx\n"
          "UNAVAILABLE, 5xxx INTERNAL; other Experimental-Result-Codes are UNKNOWN.\n\n"
          "| result of the HSS | gRPC status | metrics label |\n|---|---|---|\n",
          out);
    print_rows(out, "Experimental-Result-Code", swx_rows, N(swx_rows));
    print_rows(out, "Result-Code", stray_rows, N(stray_rows));
    print_base(out);
    fputs("\nVectors over S6a:\n\n"
          "| result of the HSS | gRPC status | metrics label |\n|---|---|---|\n",
          out);
    print_rows(out, "Experimental-Result-Code", s6a_rows, N(s6a_rows));
    fputs("\n| failure on the way | gRPC status | metrics label |\n|---|---|---|\n", out);
    for (size_t i = 0; i < N(failures); i++) {
        const struct fgw_verdict v = fgw_verdict_of_err(failures[i]);
        fprintf(out, "| %s | %s | %s |\n", err_str(failures[i]), rpc_status_name(v.status),
                v.label);
    }
    fputs("\n## Results toward the HSS\n\n"
          "| the access gateway answers | the HSS gets |\n|---|---|\n",
          out);
    for (int status = RPC_OK; status <= RPC_UNAUTHENTICATED; status++)
        print_core(out, rpc_status_name(status),
                   fgw_core_of_status(status, &swx_core_user_unknown));
    for (size_t i = 0; i < N(codes); i++) {
        snprintf(text, sizeof(text), "PushProfile, OK with error_code %" PRIu32, codes[i]);
        print_core(out, text, swx_core_of_code(codes[i]));
    }
    for (size_t i = 0; i < N(unreached); i++)
        print_core(out, err_str(unreached[i]),
                   fgw_core_of_err(unreached[i], &swx_core_user_unknown));
}
