// SPDX-License-Identifier: BSD-3-Clause
// TUAK. The standard numbers bits from the least significant one, so every field enters the state
// with its octets reversed; the helpers put_field and get_field are the only places that know it.
#include "aka/tuak.h"

#include <string.h>

#include <endian.h>
#include <openssl/crypto.h>

#define STATE_OCTETS 200
#define ROUNDS 24

// Octet offsets in the state, TS 35.231 §6: TOP(c), INSTANCE, ALGONAME, RAND, AMF, SQN, KEY,
// padding on input; MAC/RES/TOPc, CK, IK, AK on output.
enum {
    IN_TOP = 0, IN_INSTANCE = 32, IN_ALGONAME = 33, IN_RAND = 40, IN_AMF = 56, IN_SQN = 58,
    IN_KEY = 64, IN_PAD_FIRST = 96, IN_PAD_LAST = 135,
    OUT_FIRST = 0, OUT_CK = 32, OUT_IK = 64, OUT_AK = 96,
};

// INSTANCE octet: function in the two top bits, then lengths.
enum {
    INSTANCE_TOPC = 0x00, INSTANCE_F1 = 0x00, INSTANCE_F1_STAR = 0x80, INSTANCE_F2345 = 0x40,
    INSTANCE_F5_STAR = 0xc0, INSTANCE_CK256 = 0x04, INSTANCE_IK256 = 0x02, INSTANCE_K256 = 0x01,
};

static uint64_t rotl(uint64_t v, unsigned n)
{
    return n ? v << n | v >> (64 - n) : v;
}

void aka_keccak_f1600(uint64_t lanes[25])
{
    // iota's constants and, for the combined rho and pi walk, rotation and target lane of each
    // step
    static const uint64_t iota[ROUNDS] = {
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
        0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
        0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    };
    static const uint8_t rho[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                    27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
    static const uint8_t pi[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                   15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t c[5], carried;

        for (int x = 0; x < 5; x++)
            c[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);

            for (int y = 0; y < 25; y += 5)
                lanes[y + x] ^= d;
        }
        carried = lanes[1];
        for (int i = 0; i < 24; i++) {
            uint64_t next = lanes[pi[i]];

            lanes[pi[i]] = rotl(carried, rho[i]);
            carried = next;
        }
        for (int y = 0; y < 25; y += 5) {
            memcpy(c, lanes + y, sizeof c);
            for (int x = 0; x < 5; x++)
                lanes[y + x] = c[x] ^ (~c[(x + 1) % 5] & c[(x + 2) % 5]);
        }
        lanes[0] ^= iota[round];
    }
}

static void put_field(uint8_t *state, size_t at, const uint8_t *field, size_t len)
{
    for (size_t i = 0; i < len; i++)
        state[at + i] = field[len - 1 - i];
}

static void get_field(const uint8_t *state, size_t at, uint8_t *field, size_t len)
{
    for (size_t i = 0; i < len; i++)
        field[i] = state[at + len - 1 - i];
}

static enum err check(const struct aka_tuak *t)
{
    if ((t->k_len != 16 && t->k_len != 32) || t->iterations == 0)
        return ERR_INVALID;
    return ERR_OK;
}

// Builds the input, applies the permutation, leaves the output in state. rand, amf and sqn may be
// NULL where the function has none: those octets are zero.
static void run(const struct aka_tuak *t, const uint8_t top[AKA_TOP_LEN], uint8_t instance,
                const uint8_t *rand, const uint8_t *amf, const uint8_t *sqn,
                uint8_t state[STATE_OCTETS])
{
    static const uint8_t algoname[7] = "TUAK1.0";
    uint64_t lanes[25];

    memset(state, 0, STATE_OCTETS);
    put_field(state, IN_TOP, top, AKA_TOP_LEN);
    state[IN_INSTANCE] = instance | (t->k_len == 32 ? INSTANCE_K256 : 0);
    put_field(state, IN_ALGONAME, algoname, sizeof algoname);
    if (rand)
        put_field(state, IN_RAND, rand, AKA_RAND_LEN);
    if (amf)
        put_field(state, IN_AMF, amf, AKA_AMF_LEN);
    if (sqn)
        put_field(state, IN_SQN, sqn, AKA_SQN_LEN);
    put_field(state, IN_KEY, t->k, t->k_len);
    state[IN_PAD_FIRST] = 0x1f;
    state[IN_PAD_LAST] = 0x80;

    memcpy(lanes, state, sizeof lanes);
    for (int i = 0; i < 25; i++)
        lanes[i] = le64toh(lanes[i]);
    for (int i = 0; i < t->iterations; i++)
        aka_keccak_f1600(lanes);
    for (int i = 0; i < 25; i++)
        lanes[i] = htole64(lanes[i]);
    memcpy(state, lanes, STATE_OCTETS);
    OPENSSL_cleanse(lanes, sizeof lanes);
}

enum err aka_tuak_topc(struct aka_tuak *t, const uint8_t top[AKA_TOP_LEN])
{
    uint8_t state[STATE_OCTETS];
    enum err err = check(t);

    if (err)
        return err;
    run(t, top, INSTANCE_TOPC, NULL, NULL, NULL, state);
    get_field(state, OUT_FIRST, t->topc, AKA_TOP_LEN);
    OPENSSL_cleanse(state, sizeof state);
    return ERR_OK;
}

static enum err mac(const struct aka_tuak *t, uint8_t instance, const uint8_t *rand,
                    const uint8_t *sqn, const uint8_t *amf, uint8_t *out)
{
    uint8_t state[STATE_OCTETS];
    enum err err = check(t);

    if (err)
        return err;
    if (t->mac_len != 8 && t->mac_len != 16 && t->mac_len != 32)
        return ERR_INVALID;
    // the length code is the octet count: 64, 128, 256 bit are 0x08, 0x10, 0x20
    run(t, t->topc, instance | t->mac_len, rand, amf, sqn, state);
    get_field(state, OUT_FIRST, out, t->mac_len);
    OPENSSL_cleanse(state, sizeof state);
    return ERR_OK;
}

enum err aka_tuak_f1(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN],
                     const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN], uint8_t *out)
{
    return mac(t, INSTANCE_F1, rand, sqn, amf, out);
}

enum err aka_tuak_f1_star(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN],
                          const uint8_t sqn[AKA_SQN_LEN], const uint8_t amf[AKA_AMF_LEN],
                          uint8_t *out)
{
    return mac(t, INSTANCE_F1_STAR, rand, sqn, amf, out);
}

enum err aka_tuak_f2345(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN], uint8_t *res,
                        uint8_t *ck, uint8_t *ik, uint8_t ak[AKA_AK_LEN])
{
    uint8_t state[STATE_OCTETS], instance = INSTANCE_F2345;
    enum err err = check(t);

    if (err)
        return err;
    if ((t->res_len != 4 && t->res_len != 8 && t->res_len != 16 && t->res_len != 32) ||
        (t->ck_len != 16 && t->ck_len != 32) || (t->ik_len != 16 && t->ik_len != 32))
        return ERR_INVALID;
    instance |= t->res_len == 4 ? 0 : t->res_len; // 32, 64, 128, 256 bit: 0x00 0x08 0x10 0x20
    instance |= t->ck_len == 32 ? INSTANCE_CK256 : 0;
    instance |= t->ik_len == 32 ? INSTANCE_IK256 : 0;
    run(t, t->topc, instance, rand, NULL, NULL, state);
    get_field(state, OUT_FIRST, res, t->res_len);
    get_field(state, OUT_CK, ck, t->ck_len);
    get_field(state, OUT_IK, ik, t->ik_len);
    get_field(state, OUT_AK, ak, AKA_AK_LEN);
    OPENSSL_cleanse(state, sizeof state);
    return ERR_OK;
}

enum err aka_tuak_f5_star(const struct aka_tuak *t, const uint8_t rand[AKA_RAND_LEN],
                          uint8_t ak[AKA_AK_LEN])
{
    uint8_t state[STATE_OCTETS];
    enum err err = check(t);

    if (err)
        return err;
    run(t, t->topc, INSTANCE_F5_STAR, rand, NULL, NULL, state);
    get_field(state, OUT_AK, ak, AKA_AK_LEN);
    OPENSSL_cleanse(state, sizeof state);
    return ERR_OK;
}
