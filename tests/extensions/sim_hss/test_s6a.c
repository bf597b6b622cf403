// SPDX-License-Identifier: BSD-3-Clause
// What the HSS answers, without a network: AIR, ULR, PUR, NOR of TS 29.272.
#include "hss_test.h"

#include "aka/sqn.h"
#include "hss_s6a.h"

static const uint8_t home_plmn[3] = {0x00, 0xf1, 0x10};    // 001-01
static const uint8_t visited_plmn[3] = {0x42, 0xf0, 0x70}; // 240-07

static struct hss hss;
static struct hss_worker worker;
static uint8_t next_random;

static enum err fake_random(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = next_random++;
    return ERR_OK;
}

static int64_t fake_now(void)
{
    return 0;
}

static void put(const char *const *assignments)
{
    struct hss_profile *p = test_profile(assignments);
    const struct hss_state fresh = {0};

    assert_int_equal(hss_cache_put(hss.cache, p, &fresh), ERR_OK);
    hss_profile_unref(p);
}
#define PUT(...) put((const char *const[]){__VA_ARGS__, NULL})

static int setup(void **state)
{
    memset(&hss, 0, sizeof hss);
    hss.settings.max_vectors = 5;
    hss.settings.immediate_vectors = 3;
    hss.settings.features[0] = 0x0000000f;
    hss.settings.features[1] = 0x08000000;
    hss.now_ms = fake_now;
    hss.random = fake_random;
    assert_int_equal(hss_cache_new(&aka_sqn_counter, 1 << 20, &hss.cache), ERR_OK);
    assert_int_equal(hss_worker_init(&worker), ERR_OK);
    PUT("imsi=" TEST_IMSI);
    return 0;
}

static int teardown(void **state)
{
    hss_worker_fini(&worker);
    hss_cache_free(hss.cache);
    return 0;
}

static struct hss_air air_for(uint32_t eutran, uint32_t utran)
{
    return (struct hss_air){
        .imsi = TEST_IMSI,
        .plmn = home_plmn,
        .plmn_len = 3,
        .eutran = {.present = eutran > 0, .n = eutran},
        .utran = {.present = utran > 0, .n = utran},
    };
}

static void assert_result(const struct hss_result *r, uint32_t code, bool experimental)
{
    assert_int_equal(r->code, code);
    assert_int_equal(r->experimental, experimental);
}

// ---- AIR ----

static void test_air_vectors_open_on_the_card(void **state)
{
    // given a card with the same keys, when three E-UTRAN vectors are asked, then the card accepts
    // each once, the separation bit is set, and RES and KASME agree
    struct hss_air air = air_for(3, 0);
    static struct aka_sqn_ms ms;
    static struct hss_aia aia;
    struct hss_profile *p = test_profile(NULL);
    struct aka_gen *card = test_gen();

    memset(&ms, 0, sizeof ms);
    assert_int_equal(aka_gen_key(card, &p->cred), ERR_OK);
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_SUCCESS, false);
    assert_int_equal(aia.n_eutran, 3);
    assert_int_equal(aia.n_utran + aia.n_geran, 0);
    for (size_t i = 0; i < 3; i++) {
        const struct aka_quintet *q = &aia.eutran[i];
        uint8_t sqn[6], amf[2], kasme[32];
        struct aka_quintet seen;

        assert_int_equal(aka_autn_open(card, q->rand, q->autn, sqn, amf, &seen), ERR_OK);
        assert_int_equal(amf[0] & 0x80, 0x80);
        assert_memory_equal(seen.xres, q->xres, 8);
        assert_int_equal(aka_kasme(card, &seen, home_plmn, kasme), ERR_OK);
        assert_memory_equal(kasme, aia.kasme[i], 32);
        assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, sqn), ERR_OK);
        assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, sqn), ERR_STALE);
        if (i)
            assert_memory_not_equal(q->rand, aia.eutran[i - 1].rand, 16);
    }
    aka_gen_free(card);
    hss_profile_unref(p);
}

static void test_air_numbers(void **state)
{
    // how many vectors are given for what is asked
    static const struct {
        uint32_t eutran, utran;
        bool eutran_now, utran_now;
        size_t want_eutran, want_utran;
    } cases[] = {
        {1, 0, false, false, 1, 0}, {9, 0, false, false, 5, 0},  {9, 0, true, false, 3, 0},
        {2, 2, false, false, 2, 2}, {4, 4, true, false, 3, 1},   {4, 4, false, true, 1, 3},
        {4, 4, true, true, 3, 3},   {0, 2, false, false, 0, 2},  {0, 9, false, false, 0, 5},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hss_air air = air_for(cases[i].eutran, cases[i].utran);
        static struct hss_aia aia;

        air.eutran.immediate = cases[i].eutran_now;
        air.utran.immediate = cases[i].utran_now;
        hss_air(&hss, &worker, &air, &aia);
        assert_result(&aia.result, HSS_SUCCESS, false);
        assert_int_equal(aia.n_eutran, cases[i].want_eutran);
        assert_int_equal(aia.n_utran, cases[i].want_utran);
    }
}

static void test_air_zero_asked_gives_one(void **state)
{
    struct hss_air air = air_for(1, 0);
    static struct hss_aia aia;

    air.eutran.n = 0; // the AVP is there and says nothing sensible
    hss_air(&hss, &worker, &air, &aia);
    assert_int_equal(aia.n_eutran, 1);
}

static void test_air_utran_clears_separation_bit(void **state)
{
    struct hss_air air = air_for(1, 1);
    static struct hss_aia aia;

    hss_air(&hss, &worker, &air, &aia);
    assert_int_equal(aia.eutran[0].autn[6] & 0x80, 0x80);
    assert_int_equal(aia.utran[0].autn[6] & 0x80, 0);
}

static void test_air_gsm_sim(void **state)
{
    // given a SIM without USIM, when UTRAN/GERAN vectors are asked, then triplets come; E-UTRAN is
    // not for it
    struct hss_air air = air_for(0, 2);
    static struct hss_aia aia;

    PUT("gsm_sim=yes");
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_SUCCESS, false);
    assert_int_equal(aia.n_geran, 2);
    assert_int_equal(aia.n_utran, 0);
    air = air_for(1, 0);
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_X_UNKNOWN_EPS_SUBSCRIPTION, true);
}

static void test_air_tuak(void **state)
{
    struct hss_air air = air_for(2, 0);
    static struct hss_aia aia;

    PUT("alg=tuak", "opc=" TEST_OPC TEST_OPC, "k=" TEST_K TEST_K, "res_len=16");
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_SUCCESS, false);
    assert_int_equal(aia.eutran[1].xres_len, 16);
}

static void test_air_errors(void **state)
{
    static struct hss_aia aia;
    const uint8_t resync[31] = {0};
    static const struct {
        const char *what;
        uint32_t code;
        bool experimental;
        enum hss_failed failed;
    } want[] = {
        {"no user", HSS_MISSING_AVP, false, HSS_FAILED_USER_NAME},
        {"no plmn", HSS_MISSING_AVP, false, HSS_FAILED_VISITED_PLMN},
        {"short plmn", HSS_INVALID_AVP_LENGTH, false, HSS_FAILED_VISITED_PLMN},
        {"nothing asked", HSS_MISSING_AVP, false, HSS_FAILED_REQUESTED_EUTRAN},
        {"long resync", HSS_INVALID_AVP_LENGTH, false, HSS_FAILED_RESYNC},
        {"unknown user", HSS_X_USER_UNKNOWN, true, HSS_FAILED_NONE},
        {"feature", HSS_X_FEATURE_UNSUPPORTED, true, HSS_FAILED_NONE},
    };

    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct hss_air air = air_for(1, 0);

        switch (i) {
        case 0: air.imsi = NULL; break;
        case 1: air.plmn = NULL; break;
        case 2: air.plmn_len = 2; break;
        case 3: air.eutran.present = false; break;
        case 4: air.eutran.resync = resync; air.eutran.resync_len = 31; break;
        case 5: air.imsi = "001010000000777"; break;
        case 6: air.features.n = 1; air.features.item[0].id = 1;
                air.features.item[0].list = 0x100; air.features.item[0].mandatory = true; break;
        }
        hss_air(&hss, &worker, &air, &aia);
        assert_result(&aia.result, want[i].code, want[i].experimental);
        assert_int_equal(aia.result.failed, want[i].failed);
        assert_int_equal(aia.n_eutran, 0);
    }
}

static void test_air_no_eps_subscription(void **state)
{
    struct hss_air air = air_for(1, 0);
    static struct hss_aia aia;

    PUT("eps=no");
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_X_UNKNOWN_EPS_SUBSCRIPTION, true);
    air = air_for(0, 1);
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_SUCCESS, false);
}

static void test_air_exhausted_sqn(void **state)
{
    // given a subscriber whose SEQ has come to its end, when asked, then 4181
    struct hss_sub *sub = hss_cache_lock(hss.cache, TEST_IMSI);
    struct hss_air air = air_for(1, 0);
    static struct hss_aia aia;

    hss_cache_set_seq(hss.cache, sub, aka_sqn_seq_max(&aka_sqn_counter));
    hss_cache_unlock(hss.cache, sub);
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_X_AUTH_DATA_UNAVAILABLE, true);
}

static void resync(bool spoil, uint64_t card_seq, uint64_t *he_seq)
{
    struct hss_profile *p = test_profile(NULL);
    struct aka_gen *card = test_gen();
    struct hss_air air = air_for(1, 0);
    uint8_t info[30] = {1, 2, 3}, sqn_ms[6], sqn[6], amf[2];
    static struct hss_aia aia;
    struct aka_quintet q;
    uint16_t ind;

    assert_int_equal(aka_gen_key(card, &p->cred), ERR_OK);
    aka_sqn_pack(&aka_sqn_counter, card_seq, 4, sqn_ms);
    assert_int_equal(aka_auts_make(card, info, sqn_ms, info + 16), ERR_OK);
    info[29] ^= spoil;
    air.eutran.resync = info;
    air.eutran.resync_len = sizeof info;
    hss_air(&hss, &worker, &air, &aia);
    assert_result(&aia.result, HSS_SUCCESS, false);
    assert_int_equal(aka_autn_open(card, aia.eutran[0].rand, aia.eutran[0].autn, sqn, amf, &q),
                     ERR_OK);
    aka_sqn_unpack(&aka_sqn_counter, sqn, he_seq, &ind);
    aka_gen_free(card);
    hss_profile_unref(p);
}

static void test_air_resync(void **state)
{
    // given a card ahead of the HSS, when it resynchronises, then the next SEQ follows the card's;
    // given a card behind by less than delta, or a wrong MAC-S, then the HSS goes on by itself
    uint64_t seq;

    resync(false, 1000000, &seq);
    assert_int_equal(seq, 1000001);
    resync(false, 5, &seq);
    assert_int_equal(seq, 1000002);
    resync(true, 5000000, &seq);
    assert_int_equal(seq, 1000003);
}

static void test_features_are_those_of_both(void **state)
{
    struct hss_air air = air_for(1, 0);
    static struct hss_aia aia;

    air.features.n = 2;
    air.features.item[0].id = 1;
    air.features.item[0].list = 0x35;
    air.features.item[1].id = 2;
    air.features.item[1].list = 0xffffffff;
    hss_air(&hss, &worker, &air, &aia);
    assert_int_equal(aia.features.n, 2);
    assert_int_equal(aia.features.item[0].list, 0x05);
    assert_int_equal(aia.features.item[1].list, 0x08000000);
}

static void test_ue_usage_type(void **state)
{
    struct hss_air air = air_for(1, 0);
    static struct hss_aia aia;

    PUT("ue_usage_type=9");
    hss_air(&hss, &worker, &air, &aia);
    assert_int_equal(aia.ue_usage_type, 0); // not asked
    air.air_flags = 1;
    hss_air(&hss, &worker, &air, &aia);
    assert_int_equal(aia.ue_usage_type, 9);
}

// ---- ULR ----

static struct hss_ulr ulr_from(const char *host, uint32_t flags)
{
    return (struct hss_ulr){
        .imsi = TEST_IMSI,
        .host = host,
        .realm = "mme.example",
        .plmn = home_plmn,
        .plmn_len = 3,
        .has_rat = true,
        .rat_type = 1004,
        .has_flags = true,
        .flags = flags,
        .sms_request = -1,
    };
}

static struct hss_ula run_ulr(const struct hss_ulr *ulr)
{
    struct hss_ula ula;

    hss_ulr(&hss, ulr, &ula);
    hss_ula_release(&ula);
    return ula;
}

static void test_ulr_success(void **state)
{
    // given a first ULR, when answered, then the data goes along, the MME is noted, nobody is
    // cancelled
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A | HSS_ULR_INITIAL_ATTACH);
    struct hss_ula ula;
    struct hss_sub *sub;

    ulr.imei = "35123456789012";
    hss_ulr(&hss, &ulr, &ula);
    assert_result(&ula.result, HSS_SUCCESS, false);
    assert_int_equal(ula.flags, HSS_ULA_SEPARATION);
    assert_non_null(ula.data);
    assert_string_equal(ula.data->imsi, TEST_IMSI);
    assert_int_equal(ula.n_cancels, 0);
    hss_ula_release(&ula);
    sub = hss_cache_lock(hss.cache, TEST_IMSI);
    assert_string_equal(sub->mme->host, "mme1");
    assert_string_equal(sub->mme->realm, "mme.example");
    assert_string_equal(sub->imei, "35123456789012");
    assert_null(sub->sgsn);
    hss_cache_unlock(hss.cache, sub);
}

static void test_ulr_skip_data(void **state)
{
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A | HSS_ULR_SKIP_DATA);
    struct hss_ula ula;

    hss_ulr(&hss, &ulr, &ula);
    assert_result(&ula.result, HSS_SUCCESS, false);
    assert_null(ula.data);
}

static void test_ulr_moves(void **state)
{
    // who is cancelled when the subscriber moves: node kind and flags of the new registration, and
    // what was registered before
    static const struct {
        const char *mme, *sgsn;  // before
        const char *host;
        uint32_t flags;
        const char *cancelled[2];
        enum hss_cancellation type[2];
        const char *mme_after, *sgsn_after;
    } cases[] = {
        {"mme1", NULL, "mme1", HSS_ULR_S6A, {NULL}, {0}, "mme1", NULL},
        {"mme1", NULL, "MME1", HSS_ULR_S6A, {NULL}, {0}, "mme1", NULL}, // no case in identities
        {"mme1", NULL, "mme2", HSS_ULR_S6A, {"mme1"}, {HSS_CANCEL_MME_UPDATE}, "mme2", NULL},
        {"mme1", "sg1", "mme2", HSS_ULR_S6A, {"mme1"}, {HSS_CANCEL_MME_UPDATE}, "mme2", "sg1"},
        {"mme1", "sg1", "mme2", HSS_ULR_S6A | HSS_ULR_SINGLE_REGISTRATION, {"mme1", "sg1"},
         {HSS_CANCEL_MME_UPDATE, HSS_CANCEL_SGSN_UPDATE}, "mme2", NULL},
        {NULL, "sg1", "mme1", HSS_ULR_S6A | HSS_ULR_INITIAL_ATTACH, {"sg1"},
         {HSS_CANCEL_INITIAL_ATTACH}, "mme1", NULL},
        {NULL, "node", "node", HSS_ULR_S6A | HSS_ULR_NODE_TYPE | HSS_ULR_INITIAL_ATTACH, {NULL},
         {0}, "node", "node"},
        {"mme1", "sg1", "sg2", 0, {"sg1"}, {HSS_CANCEL_SGSN_UPDATE}, "mme1", "sg2"},
        {"mme1", NULL, "sg1", HSS_ULR_SINGLE_REGISTRATION, {"mme1"}, {HSS_CANCEL_MME_UPDATE}, NULL,
         "sg1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hss_sub *sub = hss_cache_lock(hss.cache, TEST_IMSI);
        struct hss_ulr ulr = ulr_from(cases[i].host, cases[i].flags);
        struct hss_ula ula;
        size_t n = 0;

        hss_cache_serve(hss.cache, sub, &sub->mme, cases[i].mme, "mme.example");
        hss_cache_serve(hss.cache, sub, &sub->sgsn, cases[i].sgsn, "mme.example");
        hss_cache_unlock(hss.cache, sub);
        ula = run_ulr(&ulr);
        assert_result(&ula.result, HSS_SUCCESS, false);
        for (; n < 2 && cases[i].cancelled[n]; n++) {
            assert_true(n < ula.n_cancels);
            assert_string_equal(ula.cancels[n].host, cases[i].cancelled[n]);
            assert_int_equal(ula.cancels[n].type, cases[i].type[n]);
            assert_int_equal(ula.cancels[n].clr_flags & HSS_CLR_S6A,
                             strncmp(cases[i].cancelled[n], "mme", 3) == 0);
        }
        assert_int_equal(ula.n_cancels, n);
        sub = hss_cache_lock(hss.cache, TEST_IMSI);
        assert_int_equal(sub->mme == NULL, cases[i].mme_after == NULL);
        assert_int_equal(sub->sgsn == NULL, cases[i].sgsn_after == NULL);
        if (sub->mme)
            assert_string_equal(sub->mme->host, cases[i].mme_after);
        if (sub->sgsn)
            assert_string_equal(sub->sgsn->host, cases[i].sgsn_after);
        hss_cache_unlock(hss.cache, sub);
    }
}

static void test_ulr_admission(void **state)
{
    // given a subscription with restrictions, when it registers somewhere, then TS 29.272 decides
    static const struct {
        const char *assignment;
        bool visited;
        uint32_t rat_type;
        uint32_t code;
        int diagnostic;
    } cases[] = {
        {"roaming=all", true, 1004, HSS_SUCCESS, -1},
        {"roaming=home", false, 1004, HSS_SUCCESS, -1},
        {"roaming=home", true, 1004, HSS_X_ROAMING_NOT_ALLOWED, -1},
        {"roaming=24007", true, 1004, HSS_SUCCESS, -1},
        {"roaming=24008 310410", true, 1004, HSS_X_ROAMING_NOT_ALLOWED, -1},
        {"odb=1", true, 1004, HSS_X_ROAMING_NOT_ALLOWED, HSS_DIAGNOSTIC_ODB_ALL_APN},
        {"odb=1", false, 1004, HSS_SUCCESS, -1},
        {"eps=no", false, 1004, HSS_X_UNKNOWN_EPS_SUBSCRIPTION, -1},
        {"apns=", false, 1004, HSS_X_UNKNOWN_EPS_SUBSCRIPTION, -1},
        {"access_restriction=0x10", false, 1004, HSS_X_RAT_NOT_ALLOWED, -1},
        {"access_restriction=0x10", false, 1005, HSS_SUCCESS, -1},
        {"access_restriction=0x40", false, 1005, HSS_X_RAT_NOT_ALLOWED, -1},
        {"access_restriction=0x01", false, 1000, HSS_X_RAT_NOT_ALLOWED, -1},
        {"access_restriction=0x01", false, 9999, HSS_SUCCESS, -1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);
        struct hss_ula ula;

        PUT(cases[i].assignment);
        ulr.plmn = cases[i].visited ? visited_plmn : home_plmn;
        ulr.rat_type = cases[i].rat_type;
        ula = run_ulr(&ulr);
        assert_result(&ula.result, cases[i].code, cases[i].code != HSS_SUCCESS);
        assert_int_equal(ula.result.diagnostic, cases[i].diagnostic);
    }
}

static void test_ulr_refused_changes_nothing(void **state)
{
    // given a registered subscriber, when another MME is refused, then the first keeps it
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);
    struct hss_ula ula = run_ulr(&ulr);
    struct hss_sub *sub;

    PUT("roaming=home");
    ulr = ulr_from("mme2", HSS_ULR_S6A);
    ulr.plmn = visited_plmn;
    ula = run_ulr(&ulr);
    assert_result(&ula.result, HSS_X_ROAMING_NOT_ALLOWED, true);
    assert_int_equal(ula.n_cancels, 0);
    sub = hss_cache_lock(hss.cache, TEST_IMSI);
    assert_string_equal(sub->mme->host, "mme1");
    hss_cache_unlock(hss.cache, sub);
}

static void test_ulr_configured_home(void **state)
{
    // given home PLMNs in the configuration, then they count as home instead of the IMSI's
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);
    struct hss_ula ula;

    PUT("roaming=home");
    assert_int_equal(base_plmn_parse("24007", 5, &hss.settings.home[0]), ERR_OK);
    hss.settings.n_home = 1;
    ula = run_ulr(&ulr);
    assert_result(&ula.result, HSS_X_ROAMING_NOT_ALLOWED, true);
    ulr.plmn = visited_plmn;
    ula = run_ulr(&ulr);
    assert_result(&ula.result, HSS_SUCCESS, false);
}

static void test_ulr_missing(void **state)
{
    static const enum hss_failed failed[] = {HSS_FAILED_USER_NAME, HSS_FAILED_ORIGIN_HOST,
                                             HSS_FAILED_ORIGIN_REALM, HSS_FAILED_RAT_TYPE,
                                             HSS_FAILED_ULR_FLAGS, HSS_FAILED_VISITED_PLMN};

    for (size_t i = 0; i < sizeof failed / sizeof failed[0]; i++) {
        struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);
        struct hss_ula ula;

        switch (i) {
        case 0: ulr.imsi = NULL; break;
        case 1: ulr.host = NULL; break;
        case 2: ulr.realm = NULL; break;
        case 3: ulr.has_rat = false; break;
        case 4: ulr.has_flags = false; break;
        case 5: ulr.plmn = NULL; break;
        }
        ula = run_ulr(&ulr);
        assert_result(&ula.result, HSS_MISSING_AVP, false);
        assert_int_equal(ula.result.failed, failed[i]);
    }
}

static void test_ulr_sms(void **state)
{
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);

    ulr.sms_number = true;
    assert_int_equal(run_ulr(&ulr).flags, HSS_ULA_SEPARATION); // not subscribed
    PUT("sms_in_mme=yes");
    assert_int_equal(run_ulr(&ulr).flags, HSS_ULA_SEPARATION | HSS_ULA_MME_SMS);
    ulr.sms_request = 1; // not preferred
    assert_int_equal(run_ulr(&ulr).flags, HSS_ULA_SEPARATION);
}

// ---- PUR, NOR ----

static void test_pur(void **state)
{
    static const struct {
        const char *host;
        bool has_flags;
        uint32_t flags, want;
    } cases[] = {
        {"mme1", false, 0, HSS_PUA_FREEZE_M_TMSI},
        {"mme1", true, HSS_PUR_MME, HSS_PUA_FREEZE_M_TMSI},
        {"mme1", true, HSS_PUR_SGSN, 0},
        {"mme2", false, 0, 0}, // not the one that serves
        {"sg1", false, 0, HSS_PUA_FREEZE_P_TMSI},
        {"sg1", true, HSS_PUR_SGSN, HSS_PUA_FREEZE_P_TMSI},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hss_pur pur = {TEST_IMSI, cases[i].host, "a", cases[i].has_flags, cases[i].flags};
        struct hss_sub *sub = hss_cache_lock(hss.cache, TEST_IMSI);
        struct hss_pua pua;

        hss_cache_serve(hss.cache, sub, &sub->mme, "mme1", "a");
        hss_cache_serve(hss.cache, sub, &sub->sgsn, "sg1", "a");
        sub->mme_purged = sub->sgsn_purged = false;
        hss_cache_unlock(hss.cache, sub);
        hss_pur(&hss, &pur, &pua);
        assert_result(&pua.result, HSS_SUCCESS, false);
        assert_int_equal(pua.flags, cases[i].want);
        sub = hss_cache_lock(hss.cache, TEST_IMSI);
        assert_int_equal(sub->mme_purged, cases[i].want == HSS_PUA_FREEZE_M_TMSI);
        assert_int_equal(sub->sgsn_purged, cases[i].want == HSS_PUA_FREEZE_P_TMSI);
        hss_cache_unlock(hss.cache, sub);
    }
}

static void test_pur_then_ulr(void **state)
{
    // given a purged subscriber, when it registers again, then it is no longer purged
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);
    struct hss_pur pur = {.imsi = TEST_IMSI, .host = "mme1"};
    struct hss_pua pua;
    struct hss_sub *sub;

    run_ulr(&ulr);
    hss_pur(&hss, &pur, &pua);
    assert_int_equal(pua.flags, HSS_PUA_FREEZE_M_TMSI);
    run_ulr(&ulr);
    sub = hss_cache_lock(hss.cache, TEST_IMSI);
    assert_false(sub->mme_purged);
    hss_cache_unlock(hss.cache, sub);
}

static void test_pur_errors(void **state)
{
    struct hss_pur pur = {.imsi = "001010000000777", .host = "mme1"};
    struct hss_pua pua;

    hss_pur(&hss, &pur, &pua);
    assert_result(&pua.result, HSS_X_USER_UNKNOWN, true);
    pur.imsi = NULL;
    hss_pur(&hss, &pur, &pua);
    assert_result(&pua.result, HSS_MISSING_AVP, false);
    assert_int_equal(pua.result.failed, HSS_FAILED_USER_NAME);
}

static void test_nor(void **state)
{
    struct hss_ulr ulr = ulr_from("mme1", HSS_ULR_S6A);
    struct hss_nor nor = {.imsi = TEST_IMSI, .host = "mme2"};
    struct hss_noa noa;
    struct hss_sub *sub;

    run_ulr(&ulr);
    hss_nor(&hss, &nor, &noa);
    assert_result(&noa.result, HSS_X_UNKNOWN_SERVING_NODE, true);
    nor.host = "mme1";
    hss_nor(&hss, &nor, &noa);
    assert_result(&noa.result, HSS_SUCCESS, false);
    nor.imsi = "001010000000777";
    hss_nor(&hss, &nor, &noa);
    assert_result(&noa.result, HSS_X_USER_UNKNOWN, true);

    // single registration: the SGSN is left
    sub = hss_cache_lock(hss.cache, TEST_IMSI);
    hss_cache_serve(hss.cache, sub, &sub->sgsn, "sg1", "a");
    sub->sms_registered = true;
    hss_cache_unlock(hss.cache, sub);
    nor = (struct hss_nor){TEST_IMSI, "mme1", "a",
                           HSS_NOR_SINGLE_REGISTRATION | HSS_NOR_REMOVE_SMS};
    hss_nor(&hss, &nor, &noa);
    assert_int_equal(noa.n_cancels, 1);
    assert_string_equal(noa.cancels[0].host, "sg1");
    sub = hss_cache_lock(hss.cache, TEST_IMSI);
    assert_null(sub->sgsn);
    assert_false(sub->sms_registered);
    hss_cache_unlock(hss.cache, sub);
}

static void test_cancellation_names(void **state)
{
    for (int i = 0; i < HSS_CANCELLATIONS; i++)
        assert_non_null(hss_cancellation_name((enum hss_cancellation)i));
    assert_null(hss_cancellation_name(HSS_CANCELLATIONS));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_air_vectors_open_on_the_card),
        TEST(test_air_numbers),
        TEST(test_air_zero_asked_gives_one),
        TEST(test_air_utran_clears_separation_bit),
        TEST(test_air_gsm_sim),
        TEST(test_air_tuak),
        TEST(test_air_errors),
        TEST(test_air_no_eps_subscription),
        TEST(test_air_exhausted_sqn),
        TEST(test_air_resync),
        TEST(test_features_are_those_of_both),
        TEST(test_ue_usage_type),
        TEST(test_ulr_success),
        TEST(test_ulr_skip_data),
        TEST(test_ulr_moves),
        TEST(test_ulr_admission),
        TEST(test_ulr_refused_changes_nothing),
        TEST(test_ulr_configured_home),
        TEST(test_ulr_missing),
        TEST(test_ulr_sms),
        TEST(test_pur),
        TEST(test_pur_then_ulr),
        TEST(test_pur_errors),
        TEST(test_nor),
        TEST(test_cancellation_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
