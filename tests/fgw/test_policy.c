// SPDX-License-Identifier: BSD-3-Clause
// Admission: which gateway may connect, and whom it may serve where. One table per policy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fgw/gateway.h"
#include "fgw/snapshot.h"

#define LISTEN "agw = { listen = ( { address = \"127.0.0.1\"; cleartext = true; } ); "

static struct fgw_snapshot *read_policy(const char *agw, const char *gateways)
{
    char text[2000];
    struct fgw_snapshot *snapshot;
    snprintf(text, sizeof(text), LISTEN "%s };\n%s", agw, gateways);
    enum err err = fgw_snapshot_parse("test", text, &snapshot);
    for (size_t i = 0; i < conf_n_errors(snapshot->conf); i++)
        print_message("%s\n", conf_error_text(snapshot->conf, i));
    assert_int_equal(err, ERR_OK);
    return snapshot;
}

struct row {
    const char *gateway, *imsi, *plmn; // imsi NULL: connect
    enum err expected;
};

static void check(const char *agw, const char *gateways, const struct row *rows, size_t n)
{
    struct fgw_snapshot *snapshot = read_policy(agw, gateways);
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows[i];
        struct base_imsi imsi;
        struct base_plmn plmn;
        enum err got;
        if (row->plmn)
            assert_int_equal(base_plmn_parse(row->plmn, strlen(row->plmn), &plmn), ERR_OK);
        if (!row->imsi) {
            got = fgw_policy_connect(snapshot->policy, row->gateway);
        } else {
            assert_int_equal(base_imsi_parse(row->imsi, strlen(row->imsi), &imsi), ERR_OK);
            got = fgw_policy_serve(snapshot->policy, row->gateway, &imsi,
                                   row->plmn ? &plmn : NULL);
        }
        if (got != row->expected)
            print_message("row %zu: %s %s %s\n", i, row->gateway, row->imsi ? row->imsi : "-",
                          row->plmn ? row->plmn : "-");
        assert_int_equal(got, row->expected);
    }
    fgw_snapshot_free(snapshot);
}
#define CHECK(agw, gateways, ...)                                                           \
    do {                                                                                    \
        const struct row rows_[] = {__VA_ARGS__};                                           \
        check(agw, gateways, rows_, sizeof(rows_) / sizeof(rows_[0]));                      \
    } while (0)

static void nobody_is_admitted_by_default(void **state)
{
    CHECK("", "", {"agw1", NULL, NULL, ERR_FGW_UNKNOWN_GATEWAY},
          {"", NULL, NULL, ERR_FGW_UNKNOWN_GATEWAY},
          {"agw1", "001010000000001", "00101", ERR_FGW_UNKNOWN_GATEWAY});
}

static void only_listed_gateways_connect(void **state)
{
    CHECK("", "gateways = ( { id = \"agw1\"; }, { id = \"agw2\"; enabled = false; } );",
          {"agw1", NULL, NULL, ERR_OK}, {"agw2", NULL, NULL, ERR_DENIED},
          {"agw3", NULL, NULL, ERR_FGW_UNKNOWN_GATEWAY}, {"AGW1", NULL, NULL,
          ERR_FGW_UNKNOWN_GATEWAY}, {"agw2", "001010000000001", NULL, ERR_DENIED});
}

static void unknown_gateways_get_the_defaults_where_allowed(void **state)
{
    CHECK("allow_unknown_gateways = true; plmns = [\"00101\"];",
          "gateways = ( { id = \"locked\"; enabled = false; } );",
          {"anybody", NULL, NULL, ERR_OK}, {"locked", NULL, NULL, ERR_DENIED},
          {"", NULL, NULL, ERR_FGW_UNKNOWN_GATEWAY},
          {"anybody", "999990000000001", "00101", ERR_OK},
          {"anybody", "999990000000001", "00102", ERR_FGW_PLMN_DENIED},
          {"anybody", "999990000000001", NULL, ERR_OK});
}

static void a_gateway_s_own_lists_replace_the_defaults(void **state)
{
    CHECK("plmns = [\"00101\"]; imsi_prefixes = [\"001\"];",
          "gateways = ( { id = \"own\"; plmns = [\"310410\", \"26202\"]; },"
          "             { id = \"imsi\"; imsi_prefixes = [\"26202\", \"00101777\"]; },"
          "             { id = \"plain\"; } );",
          {"plain", "001010000000001", "00101", ERR_OK},
          {"plain", "001010000000001", "26202", ERR_FGW_PLMN_DENIED},
          {"plain", "262020000000001", "00101", ERR_FGW_PLMN_DENIED},
          {"own", "001010000000001", "310410", ERR_OK},
          {"own", "001010000000001", "26202", ERR_OK},
          {"own", "001010000000001", "00101", ERR_FGW_PLMN_DENIED},
          {"own", "262020000000001", "26202", ERR_FGW_PLMN_DENIED},
          {"imsi", "262020000000001", "00101", ERR_OK},
          {"imsi", "001017770000001", "00101", ERR_OK},
          {"imsi", "001017780000001", "00101", ERR_FGW_PLMN_DENIED},
          {"imsi", "001017780000001", NULL, ERR_FGW_PLMN_DENIED},
          {"imsi", "001017770000001", NULL, ERR_OK});
}

static void mnc_length_matters(void **state)
{
    CHECK("allow_unknown_gateways = true; plmns = [\"00101\"];", "",
          {"a", "001010000000001", "00101", ERR_OK},
          {"a", "001010000000001", "001001", ERR_FGW_PLMN_DENIED},
          {"a", "001010000000001", "001010", ERR_FGW_PLMN_DENIED});
}

static void short_imsis_do_not_match_longer_prefixes(void **state)
{
    CHECK("allow_unknown_gateways = true; imsi_prefixes = [\"0010112345\"];", "",
          {"a", "001011", NULL, ERR_FGW_PLMN_DENIED}, {"a", "0010112345", NULL, ERR_OK});
}

static void many_gateways_are_found(void **state)
{
    enum { N = 3000 };
    char *text = NULL, id[32];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fprintf(out, LISTEN "};\ngateways = (");
    for (int i = 0; i < N; i++)
        fprintf(out, "%s{ id = \"agw%d\"; enabled = %s; }", i ? ", " : "", i,
                i % 2 ? "true" : "false");
    fprintf(out, ");\n");
    fclose(out);
    struct fgw_snapshot *snapshot;
    assert_int_equal(fgw_snapshot_parse("test", text, &snapshot), ERR_OK);
    for (int i = 0; i < N + 10; i++) {
        snprintf(id, sizeof(id), "agw%d", i);
        enum err expected = i >= N ? ERR_FGW_UNKNOWN_GATEWAY : i % 2 ? ERR_OK : ERR_DENIED;
        assert_int_equal(fgw_policy_connect(snapshot->policy, id), expected);
    }
    fgw_snapshot_free(snapshot);
    free(text);
}

static void anonymous_callers_need_the_switch(void **state)
{
    CHECK("allow_anonymous = true;", "", {"", NULL, NULL, ERR_OK},
          {"x", NULL, NULL, ERR_FGW_UNKNOWN_GATEWAY});
}

static void without_configuration_nothing_is_admitted(void **state)
{
    struct base_imsi imsi = {.digits = "001010000000001", .len = 15};
    assert_int_equal(fgw_admit("agw1", &imsi, NULL), ERR_WRONG_STATE);
    fgw_snapshot_install(read_policy("", "gateways = ( { id = \"agw1\"; } );"));
    assert_int_equal(fgw_admit("agw1", &imsi, NULL), ERR_OK);
    assert_int_equal(fgw_admit("agw2", &imsi, NULL), ERR_FGW_UNKNOWN_GATEWAY);
    fgw_snapshot_install(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_admitted_by_default),
        cmocka_unit_test(only_listed_gateways_connect),
        cmocka_unit_test(unknown_gateways_get_the_defaults_where_allowed),
        cmocka_unit_test(a_gateway_s_own_lists_replace_the_defaults),
        cmocka_unit_test(mnc_length_matters),
        cmocka_unit_test(short_imsis_do_not_match_longer_prefixes),
        cmocka_unit_test(many_gateways_are_found),
        cmocka_unit_test(anonymous_callers_need_the_switch),
        cmocka_unit_test(without_configuration_nothing_is_admitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
