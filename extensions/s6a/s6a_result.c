// SPDX-License-Identifier: BSD-3-Clause
// Result mapping, both directions, as tables. Access gateways take gRPC status OK with error_code
// >= 3001 as an S6a result (TS 29.272 7.4), and any other gRPC status as DIAMETER_UNABLE_TO_COMPLY.
// So what TS 29.272 defines travels as error_code; failures of the base protocol travel as gRPC
// status, because their numbers mean something else on S6a: 5001 is AVP_UNSUPPORTED in the base
// protocol and "user unknown" on S6a, which makes a phone discard its SIM card.
#include "extensions/s6a/s6a.h"

#include "rpc/status.h"

#include <inttypes.h>

// Result-Code, where S6a differs from the base protocol's table.
static const struct fgw_verdict_row stray_rows[] = {
    // the same meaning on both sides
    {4001, {RPC_OK, 4001, "authentication_rejected"}},
    {5003, {RPC_OK, 5003, "authorization_rejected"}},
    // S6a results that some HSSs put into Result-Code; no base code has these numbers
    {4181, {RPC_OK, 4181, "authentication_data_unavailable"}},
    {5030, {RPC_OK, S6A_USER_UNKNOWN, "user_unknown"}}, // RFC 8506 DIAMETER_USER_UNKNOWN
    {5420, {RPC_OK, 5420, "unknown_eps_subscription"}},
    {5421, {RPC_OK, 5421, "rat_not_allowed"}},
    {5422, {RPC_OK, 5422, "equipment_unknown"}},
    {5423, {RPC_OK, 5423, "unknown_serving_node"}},
};

// Experimental-Result-Code, TS 29.272 7.4
static const struct fgw_verdict_row s6a_rows[] = {
    {2001, {RPC_OK, 0, "success"}},
    {4181, {RPC_OK, 4181, "authentication_data_unavailable"}},
    {4182, {RPC_OK, 4182, "camel_subscription_present"}},
    {5001, {RPC_OK, 5001, "user_unknown"}},
    {5003, {RPC_OK, 5003, "authorization_rejected"}},
    {5004, {RPC_OK, 5004, "roaming_not_allowed"}},
    {5420, {RPC_OK, 5420, "unknown_eps_subscription"}},
    {5421, {RPC_OK, 5421, "rat_not_allowed"}},
    {5422, {RPC_OK, 5422, "equipment_unknown"}},
    {5423, {RPC_OK, 5423, "unknown_serving_node"}},
};
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct fgw_verdict of_experimental(const struct dia_result *result)
{
    struct fgw_verdict verdict;
    if (fgw_verdict_find(s6a_rows, N(s6a_rows), result->code, &verdict))
        return verdict; // some HSSs forget the vendor: the number decides
    if (result->code / 1000 == 2)
        return (struct fgw_verdict){RPC_OK, 0, "success"};
    if (result->vendor == DIA_3GPP && result->code >= 3001 && result->code < 6000)
        return (struct fgw_verdict){RPC_OK, result->code, "other_3gpp"};
    return (struct fgw_verdict){RPC_UNKNOWN, 0, "other_experimental"};
}

struct fgw_verdict s6a_verdict_of_result(const struct dia_result *result)
{
    struct fgw_verdict verdict;
    if (result->code == 0)
        return (struct fgw_verdict){RPC_INTERNAL, 0, "no_result"};
    if (result->experimental)
        return of_experimental(result);
    if (fgw_verdict_find(stray_rows, N(stray_rows), result->code, &verdict))
        return verdict;
    return fgw_verdict_of_base(result->code);
}

// ---- toward the HSS ----
const struct fgw_core_result s6a_core_user_unknown = {DIA_3GPP, S6A_USER_UNKNOWN, "user_unknown"};

struct fgw_core_result s6a_core_of_code(uint32_t error_code)
{
    if (error_code < 3000) // 0 (unset), 1001 and 2xxx: what access gateways mean by success
        return fgw_core_success;
    switch (error_code) {
    case S6A_USER_UNKNOWN:
        return s6a_core_user_unknown;
    case 3002:
        return fgw_core_no_delivery;
    case 3004:
        return fgw_core_busy;
    default: // nothing else is defined for answers of an MME
        return fgw_core_unable;
    }
}

// ---- documentation ----
static void print_verdict(FILE *out, const char *avp, uint32_t code, bool experimental)
{
    const struct dia_result result = {code, experimental ? DIA_3GPP : 0, experimental};
    const struct fgw_verdict v = s6a_verdict_of_result(&result);
    fprintf(out, "| %s %" PRIu32 " | %s | ", avp, code, rpc_status_name(v.status));
    if (v.status == RPC_OK)
        fprintf(out, "%" PRIu32, v.error_code);
    fprintf(out, " | %s |\n", v.label);
}

static void print_core(FILE *out, const char *what, struct fgw_core_result result)
{
    fprintf(out, "| %s | %s %" PRIu32 " |\n", what,
            result.vendor ? "Experimental-Result-Code" : "Result-Code", result.code);
}

void s6a_results_doc(FILE *out)
{
    static const uint32_t results[] = {2001, 2002, 3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008,
                                       3009, 3010, 4001, 4002, 5003, 5001, 5002, 5004, 5005, 5008,
                                       5009, 5012, 5014, 4181, 5030, 5420, 5421, 5422, 5423};
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
    for (size_t i = 0; i < N(s6a_rows); i++)
        print_verdict(out, "Experimental-Result-Code", s6a_rows[i].code, true);
    for (size_t i = 0; i < N(results); i++)
        print_verdict(out, "Result-Code", results[i], false);
    fputs("\n| failure on the way | gRPC status | metrics label |\n|---|---|---|\n", out);
    for (size_t i = 0; i < N(failures); i++) {
        const struct fgw_verdict v = fgw_verdict_of_err(failures[i]);
        fprintf(out, "| %s | %s | %s |\n", err_str(failures[i]), rpc_status_name(v.status),
                v.label);
    }
    fputs("\n## Results toward the HSS\n\n"
          "CLR turns 5001 into 2001: nothing to cancel. UNIMPLEMENTED goes by `unsupported_update` "
          "for\n"
          "IDR and DSR.\n\n| the access gateway | answer |\n|---|---|\n",
          out);
    for (size_t i = 0; i < N(codes); i++) {
        snprintf(text, sizeof(text), "OK, error_code %" PRIu32, codes[i]);
        print_core(out, text, s6a_core_of_code(codes[i]));
    }
    print_core(out, "OK, any other failure", s6a_core_of_code(9999));
    for (int status = 1; status <= 16; status++)
        print_core(out, rpc_status_name(status),
                   fgw_core_of_status(status, &s6a_core_user_unknown));
    for (size_t i = 0; i < N(unreached); i++)
        print_core(out, err_str(unreached[i]),
                   fgw_core_of_err(unreached[i], &s6a_core_user_unknown));
}
