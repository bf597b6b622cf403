// SPDX-License-Identifier: BSD-3-Clause
// Key derivation against published numbers: RFC 9048 Appendix D (same as RFC 5448 Appendix C), with
// CK' and IK' made by lib/aka from the AKA outputs; FIPS 186-2 as RFC 4186 Appendix B uses it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aka/vector.h"
#include "base/ident.h"
#include "eap/keys.h"

static void hex(const char *text, uint8_t *out, size_t n)
{
    size_t len;
    assert_int_equal(base_hex_decode(text, out, n, &len), ERR_OK);
    assert_int_equal(len, n);
}

static void same(const uint8_t *got, const char *want, size_t n)
{
    uint8_t bytes[64];
    hex(want, bytes, n);
    assert_memory_equal(got, bytes, n);
}

struct prime_case {
    const char *network, *autn, *ik, *ck, *ck_prime, *ik_prime, *k_encr, *k_aut, *k_re, *msk, *emsk;
};

static const struct prime_case prime_cases[] = {
    {"WLAN", "bb52e91c747ac3ab2a5c23d15ee351d5", "9744871ad32bf9bbd1dd5ce54e3e2e5a",
     "5349fbe098649f948f5d2e973a81c00f", "0093962d0dd84aa5684b045c9edffa04",
     "ccfc230ca74fcc96c0a5d61164f5a76c", "766fa0a6c317174b812d52fbcd11a179",
     "0842ea722ff6835bfa2032499fc3ec23c2f0e388b4f07543ffc677f1696d71ea",
     "cf83aa8bc7e0aced892acc98e76a9b2095b558c7795c7094715cb3393aa7d17a",
     "67c42d9aa56c1b79e295e3459fc3d187d42be0bf818d3070e362c5e967a4d544"
     "e8ecfe19358ab3039aff03b7c930588c055babee58a02650b067ec4e9347c75a",
     "f861703cd775590e16c7679ea3874ada866311de290764d760cf76df647ea01c"
     "313f69924bdd7650ca9bac141ea075c4ef9e8029c0e290cdbad5638b63bc23fb"},
    {"HRPD", "bb52e91c747ac3ab2a5c23d15ee351d5", "9744871ad32bf9bbd1dd5ce54e3e2e5a",
     "5349fbe098649f948f5d2e973a81c00f", "3820f0277fa5f77732b1fb1d90c1a0da",
     "db94a0ab557ef6c9ab48619ca05b9a9f", "05ad73ac915fce89ac77e1520d82187b",
     "5b4acaef62c6ebb8882b2f3d534c4b35277337a00184f20ff25d224c04be2afd",
     "3f90bf5c6e5ef325ff04eb5ef6539fa8cca8398194fbd00be425b3f40dba10ac",
     "87b321570117cd6c95ab6c436fb5073ff15cf85505d2bc5bb7355fc21ea8a757"
     "57e8f86a2b138002e05752913bb43b82f868a96117e91a2d95f526677d572900",
     "c891d5f20f148a1007553e2dea555c9cb672e9675f4a66b4bafa027379f93aee"
     "539a5979d0a0042b9d2ae28bed3b17a31dc8ab75072b80bd0c1da612466e402c"},
    {"WLAN", "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0", "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
     "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", "cd4c8e5c68f57dd1d7d7dfd0c538e577",
     "3ece6b705dbbf7dfc459a11280c65524", "897d302fa2847416488c28e20dcb7be4",
     "c40700e7722483ae3dc7139eb0b88bb558cb3081eccd057f9207d1286ee7dd53",
     "0a591a22dd8b5b1cf29e3d508c91dbbdb4aee23051892c42b6a2de66ea504473",
     "9f7dca9e37bb22029ed986e7cd09d4a70d1ac76d95535c5cac40a7504699bb89"
     "61a29ef6f3e90f183de5861ad1bedc81ce9916391b401aa006c98785a5756df7",
     "724de00bdb9e568187be3fe746114557d5018779537ee37f4d3c6c738cb97b9d"
     "c651bc19bfadc344ffe2b52ca78bd8316b51dacc5f2b1440cb9515521cc7ba23"},
};

static void eap_aka_prime_derives_the_published_keys(void **state)
{
    static const char identity[] = "0555444333222111";
    struct aka_gen *gen;
    assert_int_equal(aka_gen_new(&gen), ERR_OK);
    for (size_t i = 0; i < sizeof(prime_cases) / sizeof(prime_cases[0]); i++) {
        const struct prime_case *c = &prime_cases[i];
        struct aka_quintet q = {.xres_len = 8};
        struct eap_aka_keys keys;
        uint8_t ck[16], ik[16];
        hex(c->autn, q.autn, 16);
        hex(c->ck, q.ck, 16);
        hex(c->ik, q.ik, 16);
        assert_int_equal(aka_ck_ik_prime(gen, &q, c->network, strlen(c->network), ck, ik), ERR_OK);
        same(ck, c->ck_prime, 16);
        same(ik, c->ik_prime, 16);
        assert_int_equal(
            eap_aka_keys_full(EAP_AKA_PRIME, identity, strlen(identity), ck, ik, &keys), ERR_OK);
        same(keys.k_encr, c->k_encr, 16);
        same(keys.k_aut, c->k_aut, 32);
        same(keys.k_re, c->k_re, 32);
        same(keys.msk, c->msk, 64);
        same(keys.emsk, c->emsk, 64);
    }
    aka_gen_free(gen);
}

static void fips_generator_gives_the_published_numbers(void **state)
{
    uint8_t key[20], out[160];
    // FIPS 186-2 with change notice 1, the example without the reduction modulo q
    hex("bd029bbe7f51960bcf9edb2b61f06f0feb5a38b6", key, 20);
    assert_int_equal(eap_prf_fips(key, out, 40), ERR_OK);
    same(out, "2070b3223dba372fde1c0ffc7b2e3b498b2606143c6c18bacb0f6c55babb13788e20d737a3275116",
         40);
    // RFC 4186 Appendix B.5: MK to K_encr, K_aut (EAP-SIM uses the generator as EAP-AKA does)
    hex("e576d5ca332e9930018bf1baee2763c795b3c712", key, 20);
    assert_int_equal(eap_prf_fips(key, out, sizeof(out)), ERR_OK);
    same(out, "536e5ebc4465582aa6a8ec9986ebb620", 16);
    same(out + 16, "25af1942efcbf4bc72b3943421f2a974", 16);
}

static void reauthentication_changes_the_session_keys_only(void **state)
{
    static const enum eap_type methods[] = {EAP_AKA, EAP_AKA_PRIME};
    for (size_t i = 0; i < 2; i++) {
        const uint8_t ck[16] = {1}, ik[16] = {2}, nonce[16] = {3};
        struct eap_aka_keys full, one, two;
        assert_int_equal(eap_aka_keys_full(methods[i], "0id", 3, ck, ik, &full), ERR_OK);
        one = two = full;
        assert_int_equal(eap_aka_keys_again(&one, "4x", 2, 1, nonce), ERR_OK);
        assert_int_equal(eap_aka_keys_again(&two, "4x", 2, 2, nonce), ERR_OK);
        assert_memory_not_equal(one.msk, full.msk, 64);
        assert_memory_not_equal(one.msk, two.msk, 64);
        assert_memory_not_equal(one.msk, one.emsk, 64);
        assert_memory_equal(one.k_aut, full.k_aut, 32);
        assert_memory_equal(one.k_encr, full.k_encr, 16);
    }
}

static void encryption_is_undone_by_decryption(void **state)
{
    struct eap_aka_keys keys = {.method = EAP_AKA, .k_encr = {7}};
    const uint8_t iv[16] = {9};
    uint8_t data[32] = "thirty-two octets of clear text";
    uint8_t before[32];
    memcpy(before, data, 32);
    assert_int_equal(eap_aka_crypt(&keys, true, iv, data, 32), ERR_OK);
    assert_memory_not_equal(before, data, 32);
    assert_int_equal(eap_aka_crypt(&keys, false, iv, data, 32), ERR_OK);
    assert_memory_equal(before, data, 32);
    assert_int_equal(eap_aka_crypt(&keys, true, iv, data, 31), ERR_INVALID);
}

static void bad_arguments_are_refused(void **state)
{
    char long_one[EAP_IDENTITY_MAX + 1];
    const uint8_t key[16] = {0};
    struct eap_aka_keys keys;
    memset(long_one, '0', sizeof(long_one));
    assert_int_equal(eap_aka_keys_full(EAP_AKA, long_one, sizeof(long_one), key, key, &keys),
                     ERR_INVALID);
    assert_int_equal(eap_aka_keys_full(EAP_NAK, "0", 1, key, key, &keys), ERR_INVALID);
    assert_int_equal(eap_aka_keys_again(&keys, long_one, sizeof(long_one), 1, key), ERR_INVALID);
    assert_int_equal(eap_aka_mac(&keys, key, 16, 1, NULL, 0, (uint8_t[16]){0}), ERR_INVALID);
}

static void checkcode_is_a_hash_over_all_that_was_added(void **state)
{
    struct eap_checkcode check = {0};
    uint8_t code[EAP_CHECKCODE_MAX];
    size_t len;
    assert_int_equal(eap_checkcode_get(&check, code, &len), ERR_OK);
    assert_int_equal(len, 0);
    assert_int_equal(eap_checkcode_add(&check, EAP_AKA, (const uint8_t *)"a", 1), ERR_OK);
    assert_int_equal(eap_checkcode_add(&check, EAP_AKA, (const uint8_t *)"bc", 2), ERR_OK);
    assert_int_equal(eap_checkcode_get(&check, code, &len), ERR_OK);
    assert_int_equal(len, 20);
    same(code, "a9993e364706816aba3e25717850c26c9cd0d89d", 20); // SHA-1 of "abc", FIPS 180
    eap_checkcode_reset(&check);
    assert_int_equal(eap_checkcode_add(&check, EAP_AKA_PRIME, (const uint8_t *)"abc", 3), ERR_OK);
    assert_int_equal(eap_checkcode_get(&check, code, &len), ERR_OK);
    assert_int_equal(len, 32);
    same(code, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 32);
    eap_checkcode_reset(&check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eap_aka_prime_derives_the_published_keys),
        cmocka_unit_test(fips_generator_gives_the_published_numbers),
        cmocka_unit_test(reauthentication_changes_the_session_keys_only),
        cmocka_unit_test(encryption_is_undone_by_decryption),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(checkcode_is_a_hash_over_all_that_was_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
