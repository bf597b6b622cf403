// SPDX-License-Identifier: BSD-3-Clause
// TUAK against the six test sets of TS 35.233 §6, and its permutation against OpenSSL's SHA3-256.
#include "hex.h"

#include <endian.h>
#include <openssl/evp.h>

#include "aka/tuak.h"

struct set {
    const char *name, *k, *rand, *sqn, *amf, *top;
    uint8_t iterations;
    const char *topc, *f1, *f1_star, *f2, *f3, *f4, *f5, *f5_star;
};

static const struct set sets[] = {
    {"TS 35.233 §6.3",
     .k = "abababababababababababababababab",
     .rand = "42424242424242424242424242424242",
     .sqn = "111111111111",
     .amf = "ffff",
     .top = "5555555555555555555555555555555555555555555555555555555555555555",
     .iterations = 1,
     .topc = "bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff",
     .f1 = "f9a54e6aeaa8618d",
     .f1_star = "e94b4dc6c7297df3",
     .f2 = "657acd64",
     .f3 = "d71a1e5c6caffe986a26f783e5c78be1",
     .f4 = "be849fa2564f869aecee6f62d4337e72",
     .f5 = "719f1e9b9054",
     .f5_star = "e7af6b3d0e38",
    },
    {"TS 35.233 §6.4",
     .k = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0",
     .rand = "0123456789abcdef0123456789abcdef",
     .sqn = "0123456789ab",
     .amf = "abcd",
     .top = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     .iterations = 1,
     .topc = "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524",
     .f1 = "c0b8c2d4148ec7aa5f1d78a97e4d1d58",
     .f1_star = "ef81af7290f7842c6ceafa537fa0745b",
     .f2 = "e9d749dc4eea0035",
     .f3 = "a4cb6f6529ab17f8337f27baa8234d47",
     .f4 = "2274155ccf4199d5e2abcbf621907f90",
     .f5 = "480a9345cc1e",
     .f5_star = "f84eb338848c",
    },
    {"TS 35.233 §6.5",
     .k = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0",
     .rand = "0123456789abcdef0123456789abcdef",
     .sqn = "0123456789ab",
     .amf = "abcd",
     .top = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     .iterations = 1,
     .topc = "305425427e18c503c8a4b294ea72c95d0c36c6c6b29d0c65de5974d5977f8524",
     .f1 = "d97b75a1776065271b1e212bc3b1bf173f438b21e6c64a55a96c372e085e5cc5",
     .f1_star = "427bbf07c6e3a86c54f8c5216499f3909a6fd4a164c9fe235b1550258111b821",
     .f2 = "07021c73e7635c7d",
     .f3 = "4d59ac796834eb85d11fa148a5058c3c",
     .f4 = "126d47500136fdc5ddfd14f19ebf16749ce4b6435323fbb5715a3a796a6082bd",
     .f5 = "1d6622c4e59a",
     .f5_star = "f84eb338848c",
    },
    {"TS 35.233 §6.6",
     .k = "b8da837a50652d6ac7c97da14f6acc61",
     .rand = "6887e55425a966bd86c9661a5fa72be8",
     .sqn = "0dea2ee2c5af",
     .amf = "df1e",
     .top = "0952be13556c32ebc58195d9dd930493e12a9003669988ffde5fa1f0fe35cc01",
     .iterations = 1,
     .topc = "2bc16eb657a68e1f446f08f57c0efb1d493527a2e652ce281eb6ca0e4487760a",
     .f1 = "749214087958dd8f58bfcdf869d8ae3f",
     .f1_star = "619e865afe80e382aee13063f9dfb56d",
     .f2 = "4041ce438e3e38e8aa96562eed83ac43",
     .f3 = "3e3bc01bea0cd914c4c2c83ce2d92757",
     .f4 = "666a8e6f577b1aa77b7fd53cebb8a3d6",
     .f5 = "1f880d005119",
     .f5_star = "45e617d77fe5",
    },
    {"TS 35.233 §6.7",
     .k = "1574ca56881d05c189c82880f789c9cd4244955f4426aa2b69c29f15770e5aa5",
     .rand = "c570aac68cde651fb1e3088322498bef",
     .sqn = "c89bb71f3a41",
     .amf = "297d",
     .top = "e59f6eb10ea406813f4991b0b9e02f181edf4c7e17b480f66d34da35ee88c95e",
     .iterations = 1,
     .topc = "3c6052e41532a28a47aa3cbb89f223e8f3aaa976aecd48bc3e7d6165a55eff62",
     .f1 = "d7340dad02b4cb01",
     .f1_star = "c6021e2e66accb15",
     .f2 = "84d89b41db1867ffd4c7ba1d82163f4d526a20fbae5418fbb526940b1eeb905c",
     .f3 = "d419676afe5ab58c1d8bee0d43523a4d2f52ef0b31a4676a0c334427a988fe65",
     .f4 = "205533e505661b61d05cc0eac87818f4",
     .f5 = "d7b3d2d4980a",
     .f5_star = "ca9655264986",
    },
    {"TS 35.233 §6.8",
     .k = "1574ca56881d05c189c82880f789c9cd4244955f4426aa2b69c29f15770e5aa5",
     .rand = "c570aac68cde651fb1e3088322498bef",
     .sqn = "c89bb71f3a41",
     .amf = "297d",
     .top = "e59f6eb10ea406813f4991b0b9e02f181edf4c7e17b480f66d34da35ee88c95e",
     .iterations = 2,
     .topc = "b04a66f26c62fcd6c82de22a179ab65506ecf47f56245cd149966cfa9cec7a51",
     .f1 = "90d2289ed1ca1c3dbc2247bb480d431ac71d2e4a7677f6e997cfddb0cbad88b7",
     .f1_star = "427355dbac30e825063aba61b556e87583abac638e3ab01c4c884ad9d458dc2f",
     .f2 = "d67e6e64590d22eecba7324afa4af4460c93f01b24506d6e12047d789a94c867",
     .f3 = "ede57edfc57cdffe1aae75066a1b7479bbc3837438e88d37a801cccc9f972b89",
     .f4 = "48ed9299126e5057402fe01f9201cf25249f9c5c0ed2afcf084755daff1d3999",
     .f5 = "6aae8d18c448",
     .f5_star = "8c5f33b61f4e",
    },
};

#define N_SETS (sizeof sets / sizeof sets[0])

static void load(const struct set *set, struct aka_tuak *t)
{
    memset(t, 0, sizeof *t);
    t->k_len = (uint8_t)hex(set->k, t->k);
    t->iterations = set->iterations;
    t->mac_len = (uint8_t)(strlen(set->f1) / 2);
    t->res_len = (uint8_t)(strlen(set->f2) / 2);
    t->ck_len = (uint8_t)(strlen(set->f3) / 2);
    t->ik_len = (uint8_t)(strlen(set->f4) / 2);
}

static void test_sets(void **state)
{
    // given each test set's inputs and lengths, when the functions run, then all outputs match
    for (size_t i = 0; i < N_SETS; i++) {
        const struct set *set = &sets[i];
        uint8_t top[32], rand[16], sqn[6], amf[2], mac[32], res[32], ck[32], ik[32], ak[6];
        struct aka_tuak t;

        load(set, &t);
        hex(set->top, top);
        hex(set->rand, rand);
        hex(set->sqn, sqn);
        hex(set->amf, amf);
        assert_int_equal(aka_tuak_topc(&t, top), ERR_OK);
        assert_hex(t.topc, set->topc);
        assert_int_equal(aka_tuak_f1(&t, rand, sqn, amf, mac), ERR_OK);
        assert_hex(mac, set->f1);
        assert_int_equal(aka_tuak_f1_star(&t, rand, sqn, amf, mac), ERR_OK);
        assert_hex(mac, set->f1_star);
        assert_int_equal(aka_tuak_f2345(&t, rand, res, ck, ik, ak), ERR_OK);
        assert_hex(res, set->f2);
        assert_hex(ck, set->f3);
        assert_hex(ik, set->f4);
        assert_hex(ak, set->f5);
        assert_int_equal(aka_tuak_f5_star(&t, rand, ak), ERR_OK);
        assert_hex(ak, set->f5_star);
    }
}

static void test_lengths_refused(void **state)
{
    // given a length the standard does not have, when a function needs it, then ERR_INVALID
    const struct {
        size_t member;
        uint8_t value;
    } cases[] = {
        {offsetof(struct aka_tuak, k_len), 24},   {offsetof(struct aka_tuak, iterations), 0},
        {offsetof(struct aka_tuak, mac_len), 4},  {offsetof(struct aka_tuak, res_len), 12},
        {offsetof(struct aka_tuak, ck_len), 8},   {offsetof(struct aka_tuak, ik_len), 0},
    };
    const uint8_t zeros[32] = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t a[32], b[32], c[32], ak[6];
        struct aka_tuak t;
        int refused;

        load(&sets[0], &t);
        ((uint8_t *)&t)[cases[i].member] = cases[i].value;
        refused = aka_tuak_f1(&t, zeros, zeros, zeros, a) == ERR_INVALID;
        refused += aka_tuak_f2345(&t, zeros, a, b, c, ak) == ERR_INVALID;
        assert_true(refused >= 1);
    }
}

// SHA3-256 of a message shorter than one block, FIPS 202 §6.1, straight on the permutation.
static void sha3_256(const uint8_t *msg, size_t len, uint8_t out[32])
{
    enum { RATE = 136 };
    uint8_t block[200] = {0};
    uint64_t lanes[25];

    memcpy(block, msg, len);
    block[len] = 0x06;
    block[RATE - 1] |= 0x80;
    memcpy(lanes, block, sizeof lanes);
    for (int i = 0; i < 25; i++)
        lanes[i] = le64toh(lanes[i]);
    aka_keccak_f1600(lanes);
    for (int i = 0; i < 25; i++)
        lanes[i] = htole64(lanes[i]);
    memcpy(out, lanes, 32);
}

static void test_permutation(void **state)
{
    // given messages of every length up to a block, when hashed on our permutation, then OpenSSL
    // agrees
    uint8_t msg[135], ours[32], theirs[32];

    for (size_t len = 0; len <= sizeof msg; len++) {
        for (size_t i = 0; i < len; i++)
            msg[i] = (uint8_t)(i * 7 + len);
        sha3_256(msg, len, ours);
        assert_int_equal(EVP_Digest(msg, len, theirs, NULL, EVP_sha3_256(), NULL), 1);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_lengths_refused),
        cmocka_unit_test(test_permutation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
