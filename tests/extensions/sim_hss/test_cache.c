// SPDX-License-Identifier: BSD-3-Clause
// The cache and its saver: look-up, serving nodes, and what survives an orderly stop and a crash.
#include "hss_test.h"

#include "hss_saver.h"

#define JUMP 64

struct fixture {
    char path[128];
    struct aka_gen *gen;
    struct hss_store *store;
    struct hss_cache *cache;
    struct hss_saver *saver;
};

static enum err load(void *ctx, struct hss_profile *p, const struct hss_state *state)
{
    return hss_cache_put(ctx, p, state);
}

static void start(struct fixture *f)
{
    bool crashed;

    assert_int_equal(hss_store_open(f->path, &f->store), ERR_OK);
    assert_int_equal(hss_store_start(f->store, JUMP, &crashed), ERR_OK);
    assert_int_equal(hss_cache_new(&aka_sqn_counter, JUMP, &f->cache), ERR_OK);
    assert_int_equal(hss_store_each(f->store, f->gen, "", load, f->cache), ERR_OK);
}

// in order: everything is written; otherwise the saver never had a chance, as after a crash
static void end(struct fixture *f, bool in_order)
{
    if (in_order && !f->saver)
        assert_int_equal(hss_saver_start(f->cache, f->store, 1, &f->saver), ERR_OK);
    hss_saver_stop(f->saver);
    f->saver = NULL;
    hss_cache_free(f->cache);
    hss_store_close(f->store);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hss_profile *p = test_profile(NULL);

    snprintf(f->path, sizeof f->path, "%s", test_scratch());
    f->gen = test_gen();
    assert_int_equal(hss_store_open(f->path, &f->store), ERR_OK);
    assert_int_equal(hss_store_put(f->store, p), ERR_OK);
    hss_store_close(f->store);
    hss_profile_unref(p);
    start(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    end(f, true);
    aka_gen_free(f->gen);
    test_scratch_remove(f->path);
    free(f);
    return 0;
}

static struct hss_sub *locked(struct fixture *f)
{
    struct hss_sub *sub = hss_cache_lock(f->cache, TEST_IMSI);

    assert_non_null(sub);
    return sub;
}

// Draws n SQN one by one; returns how many succeeded.
static int draw(struct fixture *f, int n)
{
    struct hss_sub *sub = locked(f);
    uint8_t sqn[1][6];
    int got = 0;

    while (got < n && !hss_cache_draw(f->cache, sub, AKA_DOMAIN_PS, 0, 1, sqn))
        got++;
    hss_cache_unlock(f->cache, sub);
    return got;
}

static uint64_t seq(struct fixture *f)
{
    struct hss_sub *sub = locked(f);
    uint64_t v = sub->he.seq;

    hss_cache_unlock(f->cache, sub);
    return v;
}

static void test_orderly_stop_skips_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(draw(f, 10), 10);
    end(f, true);
    start(f);
    assert_int_equal(seq(f), 10);
}

static void test_crash_never_repeats(void **state)
{
    // given SEQs used that never reached the database, when the HSS starts after a crash, then it
    // goes on beyond all of them
    struct fixture *f = *state;

    assert_int_equal(draw(f, JUMP), JUMP);
    end(f, false);
    start(f);
    assert_true(seq(f) >= JUMP);
    assert_int_equal(draw(f, 1), 1);
}

static void test_limit_without_saver(void **state)
{
    // given a database that cannot be written, when more than `jump` SEQs are asked, then the rest
    // is refused; once the saver has run, they flow again
    struct fixture *f = *state;

    assert_int_equal(draw(f, 2 * JUMP), JUMP);
    assert_int_equal(hss_saver_start(f->cache, f->store, 1, &f->saver), ERR_OK);
    {
        struct hss_sub *sub = locked(f); // a change, so that the saver wakes

        hss_cache_touch(f->cache, sub);
        hss_cache_unlock(f->cache, sub);
    }
    for (int i = 0; i < 3000 && draw(f, 1) == 0; i++)
        usleep(10000);
    assert_int_equal(draw(f, 10), 10);
}

static void test_sustained_use_with_saver(void **state)
{
    // given a running saver, when far more than `jump` SEQs are drawn with pauses, then none is
    // refused and after a crash no SEQ comes twice
    struct fixture *f = *state;
    uint64_t used;

    assert_int_equal(hss_saver_start(f->cache, f->store, 1, &f->saver), ERR_OK);
    for (int i = 0; i < 20; i++) {
        for (int tries = 0; tries < 3000 && draw(f, JUMP / 2) < JUMP / 2; tries++)
            usleep(10000);
    }
    used = seq(f);
    assert_true(used >= 10 * JUMP);
    {   // a crash: a second HSS opens what is in the database now
        struct fixture g = {.gen = f->gen};

        memcpy(g.path, f->path, sizeof g.path);
        start(&g);
        assert_true(seq(&g) >= used);
        end(&g, false);
    }
}

static void test_location_survives(void **state)
{
    // given an MME, an SGSN and a purge, when restarted in order, then they are still known
    struct fixture *f = *state;
    struct hss_sub *sub = locked(f);

    assert_int_equal(hss_cache_serve(f->cache, sub, &sub->mme, "mme.a", "a"), ERR_OK);
    assert_int_equal(hss_cache_serve(f->cache, sub, &sub->sgsn, "sgsn.a", "a"), ERR_OK);
    sub->sgsn_purged = true;
    snprintf(sub->imei, sizeof sub->imei, "35000000000000");
    hss_cache_touch(f->cache, sub);
    hss_cache_unlock(f->cache, sub);
    end(f, true);
    start(f);
    sub = locked(f);
    assert_string_equal(sub->mme->host, "mme.a");
    assert_string_equal(sub->sgsn->host, "sgsn.a");
    assert_true(sub->sgsn_purged && !sub->mme_purged);
    assert_string_equal(sub->imei, "35000000000000");
    hss_cache_unlock(f->cache, sub);
}

static void count_node(void *ctx, const struct hss_node *node)
{
    *(size_t *)ctx += atomic_load(&node->subscribers);
}

static size_t served(struct fixture *f)
{
    size_t n = 0;

    hss_cache_each_node(f->cache, count_node, &n);
    return n;
}

static void test_nodes_are_counted(void **state)
{
    // given a subscriber that moves, leaves or is removed, then only nodes with subscribers are
    // visited
    struct fixture *f = *state;
    struct hss_sub *sub = locked(f);

    assert_int_equal(served(f), 0);
    hss_cache_serve(f->cache, sub, &sub->mme, "mme.a", "a");
    assert_int_equal(served(f), 1);
    hss_cache_serve(f->cache, sub, &sub->mme, "mme.b", "a");
    assert_int_equal(served(f), 1);
    hss_cache_serve(f->cache, sub, &sub->mme, NULL, NULL);
    assert_int_equal(served(f), 0);
    hss_cache_serve(f->cache, sub, &sub->mme, "mme.a", "a");
    hss_cache_unlock(f->cache, sub);
    assert_true(hss_cache_remove(f->cache, TEST_IMSI));
    assert_false(hss_cache_remove(f->cache, TEST_IMSI));
    assert_int_equal(served(f), 0);
}

static void test_too_many_nodes(void **state)
{
    // given a peer that invents Origin-Hosts, when there are too many, then it is refused
    struct fixture *f = *state;
    struct hss_sub *sub = locked(f);
    enum err err = ERR_OK;

    for (int i = 0; i < 10000 && !err; i++) {
        char host[32];

        snprintf(host, sizeof host, "mme%d", i);
        err = hss_cache_serve(f->cache, sub, &sub->mme, host, "a");
    }
    assert_int_equal(err, ERR_FULL);
    hss_cache_unlock(f->cache, sub);
}

static void test_profile_is_replaced(void **state)
{
    // given a used subscriber, when put again, then the profile is new and the SQN stays
    struct fixture *f = *state;
    struct hss_profile *p = TEST_PROFILE("odb=4");
    struct hss_state fresh = {0};
    struct hss_sub *sub;

    draw(f, 5);
    assert_int_equal(hss_cache_put(f->cache, p, &fresh), ERR_OK);
    hss_profile_unref(p);
    sub = locked(f);
    assert_int_equal(sub->profile->odb, 4);
    assert_int_equal(sub->he.seq, 5);
    hss_cache_unlock(f->cache, sub);
    assert_int_equal(hss_cache_count(f->cache), 1);
}

static void test_many(void **state)
{
    // given twenty thousand subscribers, when looked up, then each is found, and no other
    struct fixture *f = *state;
    struct hss_state s = {0};
    char imsi[16];

    for (int i = 0; i < 20000; i++) {
        struct hss_profile *p = hss_profile_new();

        snprintf(p->imsi, sizeof p->imsi, "00102%010d", i);
        assert_int_equal(hss_cache_put(f->cache, p, &s), ERR_OK);
        hss_profile_unref(p);
    }
    assert_int_equal(hss_cache_count(f->cache), 20001);
    for (int i = 0; i < 20000; i++) {
        struct hss_sub *sub;

        snprintf(imsi, sizeof imsi, "00102%010d", i);
        sub = hss_cache_lock(f->cache, imsi);
        assert_non_null(sub);
        assert_string_equal(sub->profile->imsi, imsi);
        hss_cache_unlock(f->cache, sub);
    }
    assert_null(hss_cache_lock(f->cache, "00102000002000"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_orderly_stop_skips_nothing), TEST(test_crash_never_repeats),
        TEST(test_limit_without_saver),        TEST(test_sustained_use_with_saver),
        TEST(test_location_survives),          TEST(test_nodes_are_counted),
        TEST(test_too_many_nodes),             TEST(test_profile_is_replaced),
        TEST(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
