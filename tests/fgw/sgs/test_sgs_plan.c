// SPDX-License-Identifier: BSD-3-Clause
// Settings of SGs, and which VLR a subscriber gets.
#include "world.h"

#define HEAD "sgs = { mme_name = \"" MME "\"; "
#define VLRS                                                                                       \
    "vlrs = ( { name = \"a.example\"; addresses = \"192.0.2.1\"; nri = [\"1\", \"2\"]; },"         \
    "         { name = \"b.example\"; addresses = [\"192.0.2.2\", \"198.51.100.2\"];"              \
    "           nri = \"3\"; },"                                                                   \
    "         { name = \"c.example\"; addresses = \"2001:db8::3\"; } ); nri_bits = 8; "
#define AREAS                                                                                      \
    "areas = ( { lai = \"00101-0017\"; vlrs = [\"b.example\", \"c.example\"]; },"                  \
    "          { tai = \"00101-000a\"; lai = \"00101-0042\"; vlrs = \"c.example\"; },"             \
    "          { tai = \"00101-000b\"; lai = \"00101-0043\"; } ); "

static void made(const char *text, struct sgs_plan **plan)
{
    struct sgs_settings s;
    enum err err;
    const char *key;
    char why[200];
    struct conf *conf = world_settings(text, &s, &err);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(sgs_plan_make(&s, plan, &key, why, sizeof(why)), ERR_OK);
    conf_free(conf);
}

static void without_a_section_all_is_well_and_there_is_no_vlr(void **state)
{
    struct sgs_settings s;
    enum err err;
    struct conf *conf = world_settings("other = {};", &s, &err);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(s.vlrs.n, 0);
    conf_free(conf);
}

static void flaws_are_found(void **state)
{
    static const char *const rows[] = {
        "sgs = { };",
        HEAD "};",
        "sgs = { " VLRS "};",
        "sgs = { mme_name = \"mme.example\"; " VLRS "};",
        HEAD "vlrs = ( { name = \"a\"; addresses = \"example.org\"; } ); };",
        HEAD "vlrs = ( { name = \"a\"; addresses = []; } ); };",
        HEAD "vlrs = ( { name = \"a\"; addresses = \"192.0.2.1\"; nri = \"1\"; } ); };",
        HEAD "vlrs = ( { name = \"a\"; addresses = \"192.0.2.1\"; },"
             "         { name = \"A\"; addresses = \"192.0.2.2\"; } ); };",
        HEAD VLRS "areas = ( { vlrs = \"a.example\"; } ); };",
        HEAD VLRS "areas = ( { lai = \"00101-0001\"; vlrs = \"x.example\"; } ); };",
        HEAD VLRS "areas = ( { lai = \"00101-12345\"; } ); };",
        HEAD VLRS "areas = ( { tai = \"x\"; } ); };",
        HEAD VLRS "local_addresses = \"here\"; };",
        HEAD VLRS "sctp = { rto_max = 100; }; };",
        HEAD VLRS "reconnect_min = \"60s\"; reconnect_max = \"1s\"; };",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sgs_settings s;
        enum err err;
        struct conf *conf = world_settings(rows[i], &s, &err);
        if (err == ERR_OK)
            fail_msg("taken: %s", rows[i]);
        assert_int_not_equal(conf_n_errors(conf), 0);
        conf_free(conf);
    }
}

static void areas_and_addresses_are_read(void **state)
{
    struct sgs_plan *plan;
    struct sgsap_area area;
    made(HEAD VLRS AREAS "};", &plan);
    assert_int_equal(plan->n_vlrs, 3);
    assert_int_equal(plan->vlrs[1].remote.n, 2);
    assert_int_equal(sct_addr_port(&plan->vlrs[0].remote.at[0]), SGSAP_PORT);
    assert_int_equal(plan->areas[2].n_vlrs, 3); // without a list: all
    assert_int_equal(sgs_plan_area_parse("310410-fffE", &area), ERR_OK);
    assert_int_equal(area.plmn.mnc_len, 3);
    assert_int_equal(area.code, 0xfffe);
    assert_int_not_equal(sgs_plan_area_parse("00101-", &area), ERR_OK);
    assert_int_not_equal(sgs_plan_area_parse("001-01-1", &area), ERR_OK);
    sgs_plan_free(plan);
}

// Rows: who, where, what is up -> which VLR.
struct row {
    const char *imsi, *tai, *lai;
    int64_t tmsi; // -1: none
    int present;
    uint32_t up;
    int expected;
};

static void chosen(const struct sgs_plan *plan, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct base_imsi imsi = imsi_of(rows[i].imsi);
        struct sgsap_area tai, lai;
        uint32_t tmsi = (uint32_t)rows[i].tmsi;
        struct sgs_place place = {.imsi = &imsi, .present = rows[i].present};
        if (rows[i].tai && sgs_plan_area_parse(rows[i].tai, &tai) == ERR_OK)
            place.tai = &tai;
        if (rows[i].lai && sgs_plan_area_parse(rows[i].lai, &lai) == ERR_OK)
            place.lai = &lai;
        if (rows[i].tmsi >= 0)
            place.tmsi = &tmsi;
        int vlr = sgs_plan_choose(plan, &place, rows[i].up);
        if (vlr != rows[i].expected)
            fail_msg("row %zu: VLR %d instead of %d", i, vlr, rows[i].expected);
    }
}

static void the_nri_that_the_gateway_tells_counts(void **state)
{
    const uint16_t second = 3 << 2, nobody = 99 << 2; // 10 bits, of which 8 are the NRI
    const uint32_t of_first = 0xc3010000;
    struct base_imsi imsi = imsi_of(IMSI1);
    struct sgs_place place = {.imsi = &imsi, .present = -1, .nri = &second};
    struct sgs_plan *plan;
    made(HEAD VLRS AREAS "};", &plan);
    assert_int_equal(sgs_plan_choose(plan, &place, 7), 1);
    place.tmsi = &of_first; // which VLR allocated it is known for sure
    assert_int_equal(sgs_plan_choose(plan, &place, 7), 0);
    place.tmsi = NULL;
    place.nri = &nobody;
    assert_int_equal(sgs_plan_choose(plan, &place, 6), 1); // as without
    sgs_plan_free(plan);
}

static void the_first_vlr_of_the_area_that_is_up_is_chosen(void **state)
{
    static const struct row rows[] = {
        {IMSI1, NULL, NULL, -1, -1, 7, 0},
        {IMSI1, NULL, NULL, -1, -1, 6, 1}, // backup
        {IMSI1, NULL, NULL, -1, -1, 0, -1},
        {IMSI1, NULL, "00101-0017", -1, -1, 7, 1},
        {IMSI1, NULL, "00101-0017", -1, -1, 1, -1}, // not one of another area
        {IMSI1, NULL, "00101-0099", -1, -1, 7, 0},
        {IMSI1, "00101-000a", "00101-0017", -1, -1, 7, 2}, // the tracking area counts first
        {IMSI1, "00101-0099", "00101-0017", -1, -1, 7, 1},
        {IMSI1, NULL, NULL, -1, 2, 7, 2},          // stays
        {IMSI1, NULL, NULL, -1, 2, 3, 0},          // unless it is down
        {IMSI1, NULL, "00101-0017", -1, 0, 7, 1},  // or does not serve the area
        {IMSI1, NULL, NULL, 0xc3030000, -1, 7, 1}, // NRI in bits 23..16
        {IMSI1, NULL, NULL, 0xc3030000, -1, 5, 0},
        {IMSI1, NULL, NULL, 0xc3630000, -1, 7, 0},
    };
    struct sgs_plan *plan;
    made(HEAD VLRS AREAS "};", &plan);
    chosen(plan, rows, sizeof(rows) / sizeof(rows[0]));
    sgs_plan_free(plan);
}

static void a_pool_is_shared_by_imsi(void **state)
{
    static const struct row rows[] = {
        {"001010000000001", NULL, NULL, -1, -1, 7, 0}, // V = 0
        {"001010000000019", NULL, NULL, -1, -1, 7, 1},
        {"001010000000020", NULL, NULL, -1, -1, 7, 2},
        {"001010000009999", NULL, NULL, -1, -1, 7, 0}, // V = 999
        {"001010000000020", NULL, NULL, -1, -1, 3, 0}, // the next that is up
    };
    struct sgs_plan *plan;
    made(HEAD VLRS "select = \"pool\"; };", &plan);
    chosen(plan, rows, sizeof(rows) / sizeof(rows[0]));
    sgs_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_section_all_is_well_and_there_is_no_vlr),
        cmocka_unit_test(flaws_are_found),
        cmocka_unit_test(areas_and_addresses_are_read),
        cmocka_unit_test(the_first_vlr_of_the_area_that_is_up_is_chosen),
        cmocka_unit_test(the_nri_that_the_gateway_tells_counts),
        cmocka_unit_test(a_pool_is_shared_by_imsi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
