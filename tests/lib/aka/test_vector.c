// SPDX-License-Identifier: BSD-3-Clause
// Vectors: against an HSS nobody here wrote (values from a capture of an Open5GS HSS and its
// well-known test subscriber), RFC 5448 Appendix C, TS 55.205 test sets; and home side against
// terminal side.
#include "hex.h"

#include "aka/sqn.h"
#include "aka/vector.h"

static struct aka_gen *gen;

static int setup(void **state)
{
    return aka_gen_new(&gen) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    aka_gen_free(gen);
    gen = NULL;
    return 0;
}

static void use_milenage(const char *k, const char *opc)
{
    struct aka_cred cred = {.alg = AKA_MILENAGE, .k_len = 16};

    hex(k, cred.k);
    hex(opc, cred.opc);
    assert_int_equal(aka_gen_key(gen, &cred), ERR_OK);
}

// Open5GS's default test subscriber
#define O5GS_K "465b5ce8b199b49faa5f0a2ee238a6bc"
#define O5GS_OPC "e8ed289deba952e4283b54e88e6183ca"

static void test_eps_vector_as_captured(void **state)
{
    // given an AIA of an Open5GS HSS for PLMN 901-70, when the terminal side opens its AUTN and
    // the home side makes the vector for the SQN found, then XRES, AUTN and KASME are those of
    // the capture
    static const struct {
        const char *rand, *xres, *autn, *kasme;
    } aia[] = {
        {"2b6af03df2dddd1292f73931cc138552", "30b32a4f09a54ac4", "c10b4fcdde3180004a3e9d91fd62d73d",
         "9133f066debc194ee48d439bc7af87d1e9738110a0c07e5e1651caf5c1fafd73"},
        {"e4e71b449d7049e35fc5d5de3afab36e", "922d8c167ca68fa0", "163018085b2280004d3a2056280f8b67",
         "742df521e0ffdf38c0f9fce0e41123151a24a98406ecef4e2dda9e826645f58d"},
        {"94d7cf2b99437020a9381ba2f6de6b7b", "80214f7b0fad28c4", "32050918c855800060b003eecb72ea34",
         "1127e5c1b67699eb2391e2c714c84c7c73efc5d11f07d057cd137dc597f50b1e"},
    };
    const uint8_t plmn[3] = {0x09, 0xf1, 0x07};

    use_milenage(O5GS_K, O5GS_OPC);
    for (size_t i = 0; i < sizeof aia / sizeof aia[0]; i++) {
        uint8_t rand[16], autn[16], sqn[6], amf[2], kasme[32];
        struct aka_quintet seen, made;

        hex(aia[i].rand, rand);
        hex(aia[i].autn, autn);
        assert_int_equal(aka_autn_open(gen, rand, autn, sqn, amf, &seen), ERR_OK);
        assert_hex(amf, "8000");
        assert_int_equal(aka_quintet(gen, rand, sqn, amf, &made), ERR_OK);
        assert_int_equal(made.xres_len, 8);
        assert_hex(made.xres, aia[i].xres);
        assert_hex(made.autn, aia[i].autn);
        assert_memory_equal(&made, &seen, sizeof made);
        assert_int_equal(aka_kasme(gen, &made, plmn, kasme), ERR_OK);
        assert_hex(kasme, aia[i].kasme);
    }
}

static void test_resync_as_captured(void **state)
{
    // given the Re-Synchronization-Info a real terminal sent in the same capture, when opened,
    // then MAC-S is right and the HSS's next vector is ahead of SQN_MS
    uint8_t rand[16], auts[14], sqn_ms[6], sqn[6], autn[16], amf[2];
    struct aka_quintet q;
    uint64_t seq_ms, seq;
    uint16_t ind;

    use_milenage(O5GS_K, O5GS_OPC);
    hex("646b548bb9720e9ebf174936a49ab752", rand);
    hex("1120ee2a37e7ded26ad875592810", auts);
    assert_int_equal(aka_auts_open(gen, rand, auts, sqn_ms), ERR_OK);
    hex("94d7cf2b99437020a9381ba2f6de6b7b", rand);
    hex("32050918c855800060b003eecb72ea34", autn);
    assert_int_equal(aka_autn_open(gen, rand, autn, sqn, amf, &q), ERR_OK);
    aka_sqn_unpack(&aka_sqn_counter, sqn_ms, &seq_ms, &ind);
    aka_sqn_unpack(&aka_sqn_counter, sqn, &seq, &ind);
    assert_true(seq > seq_ms);
}

static void test_eap_aka_prime(void **state)
{
    // RFC 5448 Appendix C, test vectors 1 and 2: one quintet, two access networks
    static const struct {
        const char *anid, *ck_prime, *ik_prime;
    } cases[] = {
        {"WLAN", "0093962d0dd84aa5684b045c9edffa04", "ccfc230ca74fcc96c0a5d61164f5a76c"},
        {"HRPD", "3820f0277fa5f77732b1fb1d90c1a0da", "db94a0ab557ef6c9ab48619ca05b9a9f"},
    };
    struct aka_quintet q;

    memset(&q, 0, sizeof q);
    hex("5349fbe098649f948f5d2e973a81c00f", q.ck);
    hex("9744871ad32bf9bbd1dd5ce54e3e2e5a", q.ik);
    hex("bb52e91c747ac3ab2a5c23d15ee351d5", q.autn);
    for (size_t i = 0; i < 2; i++) {
        uint8_t ck_prime[16], ik_prime[16];

        assert_int_equal(aka_ck_ik_prime(gen, &q, cases[i].anid, strlen(cases[i].anid), ck_prime,
                                         ik_prime), ERR_OK);
        assert_hex(ck_prime, cases[i].ck_prime);
        assert_hex(ik_prime, cases[i].ik_prime);
    }
}

static void test_autn_of_rfc5448(void **state)
{
    // given the subscriber of TS 35.208 set 19, when a vector is made, then AUTN is that of RFC
    // 5448
    uint8_t rand[16], sqn[6], amf[2];
    struct aka_quintet q;

    use_milenage("5122250214c33e723a5dd523fc145fc0", "981d464c7c52eb6e5036234984ad0bcf");
    hex("81e92b6c0ee0e12ebceba8d92a99dfa5", rand);
    hex("16f3b3f70fc2", sqn);
    hex("c3ab", amf);
    assert_int_equal(aka_quintet(gen, rand, sqn, amf, &q), ERR_OK);
    assert_hex(q.autn, "bb52e91c747ac3ab2a5c23d15ee351d5");
    assert_hex(q.xres, "28d7b0f2a2ec3de5");
}

struct gsm_set {
    const char *k, *rand, *opc, *sres, *kc;
};

static const struct gsm_set gsm_sets[] = {
    {"465b5ce8b199b49faa5f0a2ee238a6bc", "23553cbe9637a89d218ae64dae47bf35",
     "cd63cb71954a9f4e48a5994e37a02baf", "46f8416a", "eae4be823af9a08b"},
    {"fec86ba6eb707ed08905757b1bb44b8f", "9f7c8d021accf4db213ccff0c7f71a6a",
     "1006020f0a478bf6b699f15c062e42b3", "8c308a5e", "aa01739b8caa976d"},
    {"9e5944aea94b81165c82fbf9f32db751", "ce83dbc54ac0274a157c17f80d017bd6",
     "a64a507ae1a2a98bb88eb4210135dc87", "cfbce3fe", "9a8ec95f408cc507"},
    {"4ab1deb05ca6ceb051fc98e77d026a84", "74b0cd6031a1c8339b2b6ce2b8c4a186",
     "dcf07cbd51855290b92a07a9891e523e", "9655e265", "cdc1dc0841b81a22"},
    {"6c38a116ac280c454f59332ee35c8c4f", "ee6466bc96202c5a557abbeff8babf63",
     "3803ef5363b947c6aaa225e58fae3934", "13688f17", "df75bc5ea899879f"},
    {"2d609d4db0ac5bf0d2c0de267014de0d", "194aa756013896b74b4a2a3b0af4539e",
     "c35a0ab0bcbfc9252caff15f24efbde0", "553d00b3", "84b417ae3aeab4f3"},
    {"a530a7fe428fad1082c45eddfce13884", "3a4c2b3245c50eb5c71d08639395764d",
     "27953e49bc8af6dcc6e730eb80286be3", "59f1a44a", "3b4e244cdc60ce03"},
    {"d9151cf04896e25830bf2e08267b8360", "f761e5e93d603feb730e27556cb8a2ca",
     "c4c93effe8a08138c203d4c27ce4e3d9", "50588861", "8d4ec01de597acfe"},
    {"a0e2971b6822e8d354a18cc235624ecb", "08eff828b13fdb562722c65c7f30a9b2",
     "82a26f22bba9e9488f949a10d98e9cc4", "cde6b027", "d8debc4ffbcd60aa"},
    {"0da6f7ba86d5eac8a19cf563ac58642d", "679ac4dbacd7d233ff9d6806f4149ce3",
     "0db1071f8767562ca43a0a64c41e8d08", "02d13acd", "f0eaa50a1edcebb7"},
    {"77b45843c88e58c10d202684515ed430", "4c47eb3076dc55fe5106cb2034b8cd78",
     "d483afae562409a326b5bb0b20c4d762", "44389d01", "82dbab7f83f063da"},
    {"729b17729270dd87ccdf1bfe29b4e9bb", "311c4c929744d675b720f3b7e9b1cbd0",
     "228c2f2f06ac3268a9e616ee16db4ba1", "03e0fd84", "3c66cb98cab2d33d"},
    {"d32dd23e89dc662354ca12eb79dd32fa", "cf7d0ab1d94306950bf12018fbd46887",
     "d22a4b4180a5325708a5ff70d9f67ec7", "be73b3dc", "9612b5d88a4130bb"},
    {"af7c65e1927221de591187a2c5987a53", "1f0f8578464fd59b64bed2d09436b57a",
     "a4cf5c8155c08a7eff418e5443b98e55", "8fe019c7", "75a150df3c6aed08"},
    {"5bd7ecd3d3127a41d12539bed4e7cf71", "59b75f14251c75031d0bcbac1c2c04c7",
     "76089d3c0ff3efdc6e36721d4fceb747", "27202b82", "b7f92e426a36fec5"},
    {"6cd1c6ceb1e01e14f1b82316a90b7f3d", "f69b78f300a0568bce9f0cb93c4be4c9",
     "a219dc37f1dc7d66738b5843c799f206", "ddd7efe6", "88d9de10a22004c5"},
    {"b73a90cbcf3afb622dba83c58a8415df", "b120f1c1a0102a2f507dd543de68281f",
     "df0c67868fa25f748b7044c6e7c245b8", "67e4ff3f", "a819e577a8d6175b"},
    {"5122250214c33e723a5dd523fc145fc0", "81e92b6c0ee0e12ebceba8d92a99dfa5",
     "981d464c7c52eb6e5036234984ad0bcf", "8a3b8d17", "9a8d0e883ff0887a"},
    {"90dca4eda45b53cf0f12d7c9c3bc6a89", "9fddc72092c6ad036b6e464789315b78",
     "cb9cccc4b9258e6dca4760379fb82581", "df58522f", "ed29b2f1c27f9f34"},
};

static void test_triplets(void **state)
{
    // TS 55.205 test sets: GSM-MILENAGE with SRES#1 is c2 and c3 applied to MILENAGE
    for (size_t i = 0; i < sizeof gsm_sets / sizeof gsm_sets[0]; i++) {
        const uint8_t zeros[6] = {0};
        struct aka_quintet q;
        struct aka_triplet t;
        uint8_t rand[16];

        use_milenage(gsm_sets[i].k, gsm_sets[i].opc);
        hex(gsm_sets[i].rand, rand);
        assert_int_equal(aka_quintet(gen, rand, zeros, zeros, &q), ERR_OK);
        aka_triplet(&q, &t);
        assert_hex(t.rand, gsm_sets[i].rand);
        assert_hex(t.sres, gsm_sets[i].sres);
        assert_hex(t.kc, gsm_sets[i].kc);
    }
}

static void test_auts_of_a_usim(void **state)
{
    // given AUTS for TS 35.208 set 20 whose SQN_MS is 1, when opened, then it says so; with any
    // octet changed it is refused
    uint8_t rand[16], auts[14], sqn_ms[6];

    use_milenage("90dca4eda45b53cf0f12d7c9c3bc6a89", "cb9cccc4b9258e6dca4760379fb82581");
    hex("9fddc72092c6ad036b6e464789315b78", rand);
    hex("4f2039392ddd4bb4316ed4a14688", auts);
    assert_int_equal(aka_auts_open(gen, rand, auts, sqn_ms), ERR_OK);
    assert_hex(sqn_ms, "000000000001");
    for (size_t i = 0; i < sizeof auts; i++) {
        auts[i] ^= 1;
        assert_int_equal(aka_auts_open(gen, rand, auts, sqn_ms), ERR_DENIED);
        auts[i] ^= 1;
    }
}

// Two subscribers, one of each algorithm, both known by OP/TOP.
static const struct aka_cred subscribers[] = {
    {.alg = AKA_MILENAGE, .k = {1, 2, 3}, .k_len = 16},
    {.alg = AKA_TUAK, .k = {4, 5, 6}, .k_len = 32, .res_len = 16, .iterations = 1},
    {.alg = AKA_TUAK, .k = {7, 8}, .k_len = 16, .res_len = 4, .iterations = 2},
};

static void test_home_and_terminal_agree(void **state)
{
    // given each kind of subscriber, when a challenge goes out and AUTS comes back, then both
    // sides read what the other meant, and a changed AUTN is refused
    for (size_t i = 0; i < sizeof subscribers / sizeof subscribers[0]; i++) {
        struct aka_cred cred = subscribers[i];
        const uint8_t op[32] = {0xcd, 0xc2}, rand[16] = {9, 8, 7}, sqn[6] = {0, 0, 0, 1, 2, 3};
        const uint8_t amf[2] = {AKA_AMF_SEPARATION, 0}, sqn_ms[6] = {0, 0, 0, 9, 9, 9};
        uint8_t got_sqn[6], got_amf[2], auts[14];
        struct aka_quintet home, terminal;

        assert_int_equal(aka_cred_derive(gen, &cred, op, cred.alg == AKA_TUAK ? 32 : 16), ERR_OK);
        assert_int_equal(aka_gen_key(gen, &cred), ERR_OK);
        assert_int_equal(aka_quintet(gen, rand, sqn, amf, &home), ERR_OK);
        assert_int_equal(aka_autn_open(gen, rand, home.autn, got_sqn, got_amf, &terminal), ERR_OK);
        assert_memory_equal(&home, &terminal, sizeof home);
        assert_memory_equal(got_sqn, sqn, sizeof sqn);
        assert_memory_equal(got_amf, amf, sizeof amf);
        home.autn[15] ^= 0x80;
        assert_int_equal(aka_autn_open(gen, rand, home.autn, got_sqn, got_amf, &terminal),
                         ERR_DENIED);
        assert_int_equal(aka_auts_make(gen, rand, sqn_ms, auts), ERR_OK);
        assert_int_equal(aka_auts_open(gen, rand, auts, got_sqn), ERR_OK);
        assert_memory_equal(got_sqn, sqn_ms, sizeof sqn_ms);
    }
}

static void test_kasme_depends_on_plmn(void **state)
{
    // given one quintet, when KASME is made for two serving networks, then they differ (TS 33.401
    // A.2)
    struct aka_quintet q;
    uint8_t a[32], b[32];

    memset(&q, 0x5a, sizeof q);
    assert_int_equal(aka_kasme(gen, &q, (const uint8_t[]){0x00, 0xf1, 0x10}, a), ERR_OK);
    assert_int_equal(aka_kasme(gen, &q, (const uint8_t[]){0x00, 0xf1, 0x20}, b), ERR_OK);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_credentials_refused(void **state)
{
    // given credentials with a length their algorithm lacks, when keyed, then ERR_INVALID, and the
    // generator makes nothing
    const struct aka_cred bad[] = {
        {.alg = AKA_MILENAGE, .k_len = 32},
        {.alg = AKA_MILENAGE, .k_len = 0},
        {.alg = AKA_TUAK, .k_len = 24, .res_len = 8, .iterations = 1},
        {.alg = AKA_TUAK, .k_len = 16, .res_len = 32, .iterations = 1},
        {.alg = AKA_TUAK, .k_len = 16, .res_len = 8, .iterations = 0},
        {.alg = AKA_ALGS, .k_len = 16},
    };
    const uint8_t zeros[16] = {0};
    uint8_t out[16];
    struct aka_quintet q;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        use_milenage(O5GS_K, O5GS_OPC);
        assert_int_equal(aka_gen_key(gen, &bad[i]), ERR_INVALID);
        assert_int_equal(aka_quintet(gen, zeros, zeros, zeros, &q), ERR_WRONG_STATE);
        assert_int_equal(aka_auts_open(gen, zeros, zeros, out), ERR_WRONG_STATE);
    }
}

static void test_algorithm_names(void **state)
{
    // every algorithm has a name that parses back
    for (int i = 0; i < AKA_ALGS; i++) {
        enum aka_alg alg = AKA_ALGS;

        assert_non_null(aka_alg_name((enum aka_alg)i));
        assert_int_equal(aka_alg_parse(aka_alg_name((enum aka_alg)i), &alg), ERR_OK);
        assert_int_equal(alg, i);
    }
    assert_null(aka_alg_name(AKA_ALGS));
    assert_int_equal(aka_alg_parse("xor", &(enum aka_alg){AKA_ALGS}), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eps_vector_as_captured),
        cmocka_unit_test(test_resync_as_captured),
        cmocka_unit_test(test_eap_aka_prime),
        cmocka_unit_test(test_autn_of_rfc5448),
        cmocka_unit_test(test_triplets),
        cmocka_unit_test(test_auts_of_a_usim),
        cmocka_unit_test(test_home_and_terminal_agree),
        cmocka_unit_test(test_kasme_depends_on_plmn),
        cmocka_unit_test(test_credentials_refused),
        cmocka_unit_test(test_algorithm_names),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
