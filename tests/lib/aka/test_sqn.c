// SPDX-License-Identifier: BSD-3-Clause
// Sequence numbers, TS 33.102 Annex C: what the home side draws, the terminal side accepts.
#include "hex.h"

#include "aka/sqn.h"

static void draw(const struct aka_sqn_scheme *s, struct aka_sqn_he *he, enum aka_domain domain,
                 int64_t now_ms, size_t n, uint8_t (*sqn)[6])
{
    assert_int_equal(aka_sqn_draw(s, he, domain, now_ms, n, sqn), ERR_OK);
}

static void test_pack(void **state)
{
    // SQN = SEQ || IND, 43 and 5 bits
    uint8_t sqn[6];
    uint64_t seq;
    uint16_t ind;

    aka_sqn_pack(&aka_sqn_counter, 1, 3, sqn);
    assert_hex(sqn, "000000000023");
    aka_sqn_pack(&aka_sqn_counter, aka_sqn_seq_max(&aka_sqn_counter), 31, sqn);
    assert_hex(sqn, "ffffffffffff");
    aka_sqn_unpack(&aka_sqn_counter, sqn, &seq, &ind);
    assert_true(seq == (1ULL << 43) - 1);
    assert_int_equal(ind, 31);
}

static void test_batch_shares_ind(void **state)
{
    // given a batch of three, when drawn, then SEQ ascends by one and IND is one value; the next
    // batch has the next IND and wraps within the domain's range
    struct aka_sqn_he he = {.seq = 100};
    uint8_t sqn[3][6];
    uint64_t seq;
    uint16_t ind, first;

    draw(&aka_sqn_counter, &he, AKA_DOMAIN_CS, 0, 3, sqn);
    aka_sqn_unpack(&aka_sqn_counter, sqn[0], &seq, &first);
    assert_int_equal(seq, 101);
    assert_int_equal(first, 16);
    for (int i = 1; i < 3; i++) {
        aka_sqn_unpack(&aka_sqn_counter, sqn[i], &seq, &ind);
        assert_int_equal(seq, 101 + i);
        assert_int_equal(ind, first);
    }
    for (int batch = 1; batch <= 16; batch++) {
        draw(&aka_sqn_counter, &he, AKA_DOMAIN_CS, 0, 1, sqn);
        aka_sqn_unpack(&aka_sqn_counter, sqn[0], &seq, &ind);
        assert_int_equal(ind, 16 + batch % 16);
    }
}

static void test_domains_do_not_disturb(void **state)
{
    // given vectors drawn for CS and kept, while PS draws and uses fewer than 16 batches, when
    // the CS vector is used at last, then the terminal still takes it
    struct aka_sqn_he he = {0};
    static struct aka_sqn_ms ms;
    uint8_t kept[1][6], used[5][6];

    memset(&ms, 0, sizeof ms);
    draw(&aka_sqn_counter, &he, AKA_DOMAIN_CS, 0, 1, kept);
    for (int batch = 0; batch < 40; batch++) {
        draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 5, used);
        for (int i = 0; i < 5; i++)
            assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, used[i]), ERR_OK);
    }
    assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, kept[0]), ERR_OK);
    assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, kept[0]), ERR_STALE);
}

static void test_out_of_order_batches(void **state)
{
    // given two nodes with a batch each, when they take turns, then every vector is fresh once
    // (C.1.2)
    struct aka_sqn_he he = {0};
    static struct aka_sqn_ms ms;
    uint8_t a[5][6], b[5][6];

    memset(&ms, 0, sizeof ms);
    draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 5, a);
    draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 5, b);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, b[i]), ERR_OK);
        assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, a[i]), ERR_OK);
        assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, b[i]), ERR_STALE);
        assert_int_equal(aka_sqn_check(&aka_sqn_counter, &ms, a[i]), ERR_STALE);
    }
}

static void test_limits_of_the_terminal(void **state)
{
    // given a highest SEQ of 1000, delta 2^28 and age 100, when challenged, then C.2.1/C.2.2
    // decide
    struct aka_sqn_scheme s = aka_sqn_counter;
    const struct {
        uint64_t seq;
        uint16_t ind;
        enum err verdict;
    } cases[] = {
        {1000, 0, ERR_STALE},                 // used
        {999, 0, ERR_STALE},                  // below its array element
        {999, 1, ERR_OK},                     // another element, young enough
        {899, 2, ERR_STALE},                  // older than age
        {900, 2, ERR_OK},                     // just young enough
        {1001 + (1ULL << 28), 0, ERR_RANGE},  // beyond delta
        {1000 + (1ULL << 28), 0, ERR_OK},     // exactly delta
    };
    uint8_t sqn[6];

    s.age = 100;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct aka_sqn_ms ms;

        memset(&ms, 0, sizeof ms);
        ms.seq[0] = 1000;
        aka_sqn_pack(&s, cases[i].seq, cases[i].ind, sqn);
        assert_int_equal(aka_sqn_check(&s, &ms, sqn), cases[i].verdict);
    }
}

static void resynchronise(const struct aka_sqn_scheme *s, struct aka_sqn_he he, uint64_t seq_ms,
                          int64_t now_ms)
{
    static struct aka_sqn_ms ms;
    uint8_t sqn[1][6], sqn_ms[6];

    memset(&ms, 0, sizeof ms);
    ms.seq[7] = seq_ms;
    aka_sqn_highest(s, &ms, sqn_ms);
    assert_false(aka_sqn_in_range(s, &he, now_ms, sqn_ms));
    aka_sqn_reset(s, &he, now_ms, sqn_ms);
    assert_true(aka_sqn_in_range(s, &he, now_ms, sqn_ms));
    draw(s, &he, AKA_DOMAIN_PS, now_ms, 1, sqn);
    assert_int_equal(aka_sqn_check(s, &ms, sqn[0]), ERR_OK);
    draw(s, &he, AKA_DOMAIN_PS, now_ms + 3600000, 1, sqn);
    assert_int_equal(aka_sqn_check(s, &ms, sqn[0]), ERR_OK);
}

static void test_resynchronisation(void **state)
{
    // given a home side behind, or too far ahead of, the terminal, when it takes SQN_MS over,
    // then its next vectors are fresh, now and an hour later
    const int64_t now_ms = 1700000000000; // a clock far beyond what the card has seen

    resynchronise(&aka_sqn_counter, (struct aka_sqn_he){.seq = 10}, 5000, 0);
    resynchronise(&aka_sqn_counter, (struct aka_sqn_he){.seq = 1ULL << 40}, 5000, 0);
    resynchronise(&aka_sqn_clock, (struct aka_sqn_he){.seq = 10}, 5000, now_ms);
    resynchronise(&aka_sqn_clock, (struct aka_sqn_he){.seq = 10}, 1ULL << 42, now_ms);
}

static void test_in_range_needs_no_reset(void **state)
{
    // given a home side already ahead by less than delta, when asked, then it is in range
    struct aka_sqn_he he = {.seq = 5000};
    uint8_t sqn_ms[6];

    aka_sqn_pack(&aka_sqn_counter, 5000, 3, sqn_ms);
    assert_true(aka_sqn_in_range(&aka_sqn_counter, &he, 0, sqn_ms));
    aka_sqn_pack(&aka_sqn_counter, 5001, 3, sqn_ms);
    assert_false(aka_sqn_in_range(&aka_sqn_counter, &he, 0, sqn_ms));
}

static void test_clock(void **state)
{
    // given time-based SEQ, when the clock advances, stands or goes back, then SEQ follows it but
    // always ascends
    struct aka_sqn_he he = {0};
    const int64_t at_ms[] = {1000, 1000, 5000, 4000, 100000};
    const uint64_t want[] = {10, 11, 50, 51, 1000};
    uint8_t sqn[1][6];

    for (int i = 0; i < 5; i++) {
        draw(&aka_sqn_clock, &he, AKA_DOMAIN_PS, at_ms[i], 1, sqn);
        assert_int_equal(he.seq, want[i]);
    }
}

static void test_exhausted(void **state)
{
    // given SEQ one below its end, when two are asked, then none is drawn; one is, and then no
    // more
    struct aka_sqn_he he = {.seq = aka_sqn_seq_max(&aka_sqn_counter) - 1};
    uint8_t sqn[2][6];

    assert_int_equal(aka_sqn_draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 2, sqn), ERR_RANGE);
    assert_int_equal(aka_sqn_draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 1, sqn), ERR_OK);
    assert_int_equal(aka_sqn_draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 1, sqn), ERR_RANGE);
    assert_int_equal(aka_sqn_draw(&aka_sqn_counter, &he, AKA_DOMAIN_PS, 0, 0, sqn), ERR_INVALID);
}

static void test_scheme_check(void **state)
{
    struct aka_sqn_scheme s = aka_sqn_counter;

    assert_int_equal(aka_sqn_scheme_check(&aka_sqn_counter), ERR_OK);
    assert_int_equal(aka_sqn_scheme_check(&aka_sqn_clock), ERR_OK);
    s.ind[AKA_DOMAIN_CS].n = 17;
    assert_int_equal(aka_sqn_scheme_check(&s), ERR_INVALID);
    s = aka_sqn_counter;
    s.ind[AKA_DOMAIN_PS].n = 0;
    assert_int_equal(aka_sqn_scheme_check(&s), ERR_INVALID);
    s = aka_sqn_clock;
    s.tick_ms = 0;
    assert_int_equal(aka_sqn_scheme_check(&s), ERR_INVALID);
    s = aka_sqn_counter;
    s.ind_bits = 9;
    assert_int_equal(aka_sqn_scheme_check(&s), ERR_INVALID);
    s = (struct aka_sqn_scheme){.ind_bits = 0, .ind = {{0, 1}, {0, 1}}};
    assert_int_equal(aka_sqn_scheme_check(&s), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_batch_shares_ind),
        cmocka_unit_test(test_domains_do_not_disturb),
        cmocka_unit_test(test_out_of_order_batches),
        cmocka_unit_test(test_limits_of_the_terminal),
        cmocka_unit_test(test_resynchronisation),
        cmocka_unit_test(test_in_range_needs_no_reset),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_exhausted),
        cmocka_unit_test(test_scheme_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
