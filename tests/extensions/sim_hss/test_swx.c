// SPDX-License-Identifier: BSD-3-Clause
// SWx in the HSS: vectors a card accepts, which AAA server has whom, and every refusal.
#include "hss_swx.h"
#include "hss_test.h"

#define HOST "aaa1.example.org"
#define OTHER "aaa2.example.org"
#define REALM "example.org"

static struct hss hss;
static struct hss_swx *swx;
static struct hss_worker worker;

static int64_t now_ms(void)
{
    return 1700000000000;
}

static enum err count_up(uint8_t *out, size_t len)
{
    static uint8_t next;

    for (size_t i = 0; i < len; i++)
        out[i] = next++;
    return ERR_OK;
}

static int setup(void **state)
{
    const struct hss_state none = {0};
    struct hss_profile *p = TEST_PROFILE("amf=8000");
    struct hss_profile *gone = TEST_PROFILE("imsi=001010000000002", "eps=no");

    hss = (struct hss){.settings = {.max_vectors = 5, .immediate_vectors = 5},
                       .now_ms = now_ms,
                       .random = count_up};
    assert_int_equal(hss_cache_new(&aka_sqn_counter, 65536, &hss.cache), ERR_OK);
    assert_int_equal(hss_cache_put(hss.cache, p, &none), ERR_OK);
    assert_int_equal(hss_cache_put(hss.cache, gone, &none), ERR_OK);
    hss_profile_unref(p);
    hss_profile_unref(gone);
    assert_int_equal(hss_swx_new(&swx), ERR_OK);
    return hss_worker_init(&worker);
}

static int teardown(void **state)
{
    hss_worker_fini(&worker);
    hss_swx_free(swx);
    hss_cache_free(hss.cache);
    return 0;
}

static struct hss_mar usual(uint32_t n)
{
    return (struct hss_mar){.imsi = TEST_IMSI,
                            .host = HOST,
                            .realm = REALM,
                            .has_item = true,
                            .known_scheme = true,
                            .n = n};
}

static struct hss_maa ask(const struct hss_mar *mar)
{
    struct hss_maa maa;

    hss_mar(&hss, swx, &worker, mar, &maa);
    return maa;
}

static struct hss_saa assign(const char *host, int32_t type)
{
    const struct hss_sar sar = {TEST_IMSI, host, REALM, true, type};
    struct hss_saa saa;

    hss_sar(&hss, swx, &sar, &saa);
    return saa;
}

static void expect(const char *host, int32_t type, uint32_t code, bool data)
{
    struct hss_saa saa = assign(host, type);

    assert_int_equal(saa.result.code, code);
    assert_int_equal(saa.data != NULL, data);
    hss_saa_release(&saa);
}

// What the card makes of a vector: its SQN and AMF; keys in *q.
static void open_vector(const struct aka_quintet *v, uint8_t amf[2], struct aka_quintet *q)
{
    struct hss_profile *p = TEST_PROFILE("amf=8000");
    struct aka_gen *gen = test_gen();
    uint8_t sqn[AKA_SQN_LEN];

    assert_int_equal(aka_gen_key(gen, &p->cred), ERR_OK);
    assert_int_equal(aka_autn_open(gen, v->rand, v->autn, sqn, amf, q), ERR_OK);
    assert_memory_equal(q->xres, v->xres, v->xres_len);
    aka_gen_free(gen);
    hss_profile_unref(p);
}

static void aka_vectors_are_those_of_the_card(void **state)
{
    const struct hss_mar mar = usual(3);
    struct hss_maa maa = ask(&mar);
    struct aka_quintet q;
    uint8_t amf[2];

    assert_int_equal(maa.result.code, HSS_SUCCESS);
    assert_int_equal(maa.n, 3);
    for (size_t i = 0; i < 3; i++) {
        open_vector(&maa.vector[i], amf, &q);
        assert_int_equal(amf[0] & AKA_AMF_SEPARATION, 0);
        assert_memory_equal(q.ck, maa.vector[i].ck, 16);
        assert_memory_equal(q.ik, maa.vector[i].ik, 16);
    }
}

static void aka_prime_keys_depend_on_the_access_network(void **state)
{
    struct hss_mar mar = usual(1);
    struct aka_gen *gen = test_gen();
    struct aka_quintet q;
    uint8_t amf[2], ck[16], ik[16];

    mar.prime = true;
    assert_int_equal(ask(&mar).result.code, HSS_MISSING_AVP);
    mar.anid = "HRPD";
    struct hss_maa maa = ask(&mar);
    assert_int_equal(maa.n, 1);
    open_vector(&maa.vector[0], amf, &q);
    assert_int_equal(amf[0] & AKA_AMF_SEPARATION, AKA_AMF_SEPARATION);
    memcpy(q.rand, maa.vector[0].rand, sizeof q.rand);
    memcpy(q.autn, maa.vector[0].autn, sizeof q.autn);
    assert_int_equal(aka_ck_ik_prime(gen, &q, "HRPD", 4, ck, ik), ERR_OK);
    assert_memory_equal(ck, maa.vector[0].ck, 16);
    assert_memory_equal(ik, maa.vector[0].ik, 16);
    assert_int_equal(aka_ck_ik_prime(gen, &q, "WLAN", 4, ck, ik), ERR_OK);
    assert_memory_not_equal(ck, maa.vector[0].ck, 16);
    aka_gen_free(gen);
}

static void requests_that_are_refused(void **state)
{
    struct hss_mar mar = usual(1);

    mar.imsi = "001010000000099";
    assert_int_equal(ask(&mar).result.code, HSS_X_USER_UNKNOWN);
    mar.imsi = "001010000000002";
    assert_int_equal(ask(&mar).result.code, HSS_X_NO_NON_3GPP_SUBSCRIPTION);
    mar = usual(1);
    mar.known_scheme = false;
    assert_int_equal(ask(&mar).result.code, HSS_X_AUTH_SCHEME_NOT_SUPPORTED);
    mar = usual(0);
    assert_int_equal(ask(&mar).result.failed, HSS_FAILED_NUMBER_ITEMS);
    mar = usual(1);
    mar.has_item = false;
    assert_int_equal(ask(&mar).result.failed, HSS_FAILED_AUTH_ITEM);
    mar = usual(1);
    mar.resync = (const uint8_t *)"short";
    mar.resync_len = 5;
    assert_int_equal(ask(&mar).result.code, HSS_INVALID_AVP_LENGTH);
    mar = usual(4000000000u);
    assert_int_equal(ask(&mar).n, HSS_SWX_VECTORS_MAX);
}

static void one_server_has_the_user(void **state)
{
    struct hss_mar mar = usual(1);

    expect(HOST, HSS_AAA_USER_DATA_REQUEST, HSS_UNABLE_TO_COMPLY, false); // nobody has it
    ask(&mar);
    expect(HOST, HSS_AAA_USER_DATA_REQUEST, HSS_SUCCESS, true);
    expect(HOST, HSS_PGW_UPDATE, HSS_X_IDENTITY_NOT_REGISTERED, false);
    mar.host = OTHER; // authenticated there only: free to go
    assert_int_equal(ask(&mar).result.code, HSS_SUCCESS);
    expect(OTHER, HSS_REGISTRATION, HSS_SUCCESS, true);
    expect(OTHER, HSS_PGW_UPDATE, HSS_SUCCESS, false);
    mar.host = HOST;
    struct hss_maa maa = ask(&mar);
    assert_int_equal(maa.result.code, HSS_X_IDENTITY_ALREADY_REGISTERED);
    assert_true(maa.result.experimental);
    assert_string_equal(maa.server, OTHER);
    struct hss_saa saa = assign(HOST, HSS_REGISTRATION);
    assert_int_equal(saa.result.code, HSS_X_IDENTITY_ALREADY_REGISTERED);
    assert_string_equal(saa.server, OTHER);
    mar.aaa_failure = true;
    assert_int_equal(ask(&mar).result.code, HSS_SUCCESS);
    assert_string_equal(hss_swx_server(swx, TEST_IMSI).host, HOST);
    assert_false(hss_swx_server(swx, TEST_IMSI).registered);
}

static void registrations_end(void **state)
{
    static const int32_t ends[] = {HSS_USER_DEREGISTRATION, HSS_ADMINISTRATIVE_DEREGISTRATION,
                                   HSS_AUTHENTICATION_FAILURE, HSS_AUTHENTICATION_TIMEOUT};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        expect(HOST, HSS_RESTORATION, HSS_SUCCESS, true);
        expect(HOST, ends[i], HSS_SUCCESS, false);
        assert_string_equal(hss_swx_server(swx, TEST_IMSI).host, "");
        expect(HOST, ends[i], HSS_X_IDENTITY_NOT_REGISTERED, false);
    }
    expect(HOST, HSS_NO_ASSIGNMENT, HSS_SUCCESS, false);
    expect(HOST, 2, HSS_X_ERROR_IN_ASSIGNMENT_TYPE, false);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(aka_vectors_are_those_of_the_card),
        CASE(aka_prime_keys_depend_on_the_access_network),
        CASE(requests_that_are_refused),
        CASE(one_server_has_the_user),
        CASE(registrations_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
