// SPDX-License-Identifier: BSD-3-Clause
// The directory: what was learned is known at once, survives the process, moves, is forgotten and
// expires; the counts stay right whatever threads do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fgw/directory.h"
#include "fgw/gateway.h"

enum { SYNC_MS = 60000 };
static char folder[64];
static _Atomic uint32_t fake_now;

static uint32_t fake_clock(void)
{
    return atomic_load(&fake_now);
}

static int make_folder(void **state)
{
    snprintf(folder, sizeof(folder), "/tmp/fgw-directory-XXXXXX");
    atomic_store(&fake_now, 1700000000);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    return system(command);
}

static struct fgw_directory *open_with(struct fgw_directory_config config)
{
    struct fgw_directory *dir = NULL;
    config.folder = folder;
    assert_int_equal(fgw_dir_open(&config, &dir), ERR_OK);
    return dir;
}

static struct fgw_directory *open_plain(void)
{
    return open_with((struct fgw_directory_config){.map_size = 1 << 20});
}

static struct base_imsi imsi_of(unsigned n)
{
    struct base_imsi imsi;
    imsi.len = (uint8_t)snprintf(imsi.digits, sizeof(imsi.digits), "00101%010u", n);
    return imsi;
}

static void learn(struct fgw_directory *dir, unsigned n, const char *gateway)
{
    struct base_imsi imsi = imsi_of(n);
    assert_int_equal(fgw_dir_learn(dir, &imsi, gateway, NULL), ERR_OK);
}

static void expect(struct fgw_directory *dir, unsigned n, const char *gateway)
{
    char found[FGW_GATEWAY_ID_MAX + 1];
    struct base_imsi imsi = imsi_of(n);
    enum err err = fgw_dir_find(dir, &imsi, found, sizeof(found), NULL);
    if (!gateway) {
        assert_int_equal(err, ERR_FGW_UNKNOWN_SUBSCRIBER);
        return;
    }
    assert_int_equal(err, ERR_OK);
    assert_string_equal(found, gateway);
}

struct census {
    size_t gateways;
    uint64_t subscribers;
};

static void count(const struct fgw_dir_gateway *gateway, void *arg)
{
    struct census *census = arg;
    census->gateways++;
    census->subscribers += gateway->subscribers;
}

static struct census census_of(struct fgw_directory *dir)
{
    struct census census = {0};
    assert_int_equal(fgw_dir_gateways(dir, count, &census), ERR_OK);
    return census;
}

static uint64_t subscribers_of(struct fgw_directory *dir)
{
    struct fgw_dir_stats stats;
    fgw_dir_stats(dir, &stats);
    return stats.subscribers;
}

// --- one thread ---

static void learned_is_known_at_once(void **state)
{
    struct fgw_directory *dir = open_plain();
    expect(dir, 1, NULL);
    learn(dir, 1, "agw1");
    expect(dir, 1, "agw1");
    expect(dir, 2, NULL);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    expect(dir, 1, "agw1"); // now from disk
    fgw_dir_close(dir);
}

static void imsis_that_differ_in_leading_zeros_are_different(void **state)
{
    struct base_imsi a = {.digits = "001010", .len = 6}, b = {.digits = "0001010", .len = 7};
    struct fgw_directory *dir = open_plain();
    char found[FGW_GATEWAY_ID_MAX + 1];
    assert_int_equal(fgw_dir_learn(dir, &a, "agw1", NULL), ERR_OK);
    assert_int_equal(fgw_dir_find(dir, &b, found, sizeof(found), NULL),
                     ERR_FGW_UNKNOWN_SUBSCRIBER);
    fgw_dir_close(dir);
}

static void each_access_has_a_gateway_of_its_own(void **state)
{
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(1);
    char found[FGW_GATEWAY_ID_MAX + 1];
    learn(dir, 1, "lte");
    assert_int_equal(fgw_dir_find_at(dir, FGW_ACCESS_WLAN, &imsi, found, sizeof(found), NULL),
                     ERR_FGW_UNKNOWN_SUBSCRIBER);
    assert_int_equal(fgw_dir_learn_at(dir, FGW_ACCESS_WLAN, &imsi, "wifi", found), ERR_OK);
    assert_string_equal(found, ""); // it has not moved
    expect(dir, 1, "lte");
    assert_int_equal(fgw_dir_forget_at(dir, FGW_ACCESS_MME, &imsi, "lte"), ERR_OK);
    expect(dir, 1, NULL);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    fgw_dir_close(dir);
    dir = open_plain();
    assert_int_equal(fgw_dir_find_at(dir, FGW_ACCESS_WLAN, &imsi, found, sizeof(found), NULL),
                     ERR_OK);
    assert_string_equal(found, "wifi");
    fgw_dir_close(dir);
}

static void a_move_tells_the_previous_gateway(void **state)
{
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(7);
    char previous[FGW_GATEWAY_ID_MAX + 1] = "?";
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        assert_int_equal(fgw_dir_learn(dir, &imsi, "agw1", previous), ERR_OK);
        assert_string_equal(previous, on_disk ? "agw2" : "");
        assert_int_equal(fgw_dir_learn(dir, &imsi, "agw1", previous), ERR_OK);
        assert_string_equal(previous, "");
        assert_int_equal(fgw_dir_learn(dir, &imsi, "agw2", previous), ERR_OK);
        assert_string_equal(previous, "agw1");
        assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    }
    assert_int_equal(census_of(dir).subscribers, 1);
    fgw_dir_close(dir);
}

static void only_its_gateway_makes_a_subscriber_forgotten(void **state)
{
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(3);
    learn(dir, 3, "agw1");
    learn(dir, 4, "agw2");
    assert_int_equal(fgw_dir_forget(dir, &imsi, "agw2"), ERR_NOT_FOUND);
    assert_int_equal(fgw_dir_forget(dir, &imsi, "never-seen"), ERR_NOT_FOUND);
    expect(dir, 3, "agw1");
    assert_int_equal(fgw_dir_forget(dir, &imsi, "agw1"), ERR_OK);
    expect(dir, 3, NULL);
    assert_int_equal(fgw_dir_forget(dir, &imsi, "agw1"), ERR_NOT_FOUND);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    expect(dir, 3, NULL);
    assert_int_equal(census_of(dir).subscribers, 1);
    learn(dir, 3, "agw2"); // and may come back
    expect(dir, 3, "agw2");
    fgw_dir_close(dir);
}

static void bad_gateway_ids_are_refused(void **state)
{
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(1);
    char id[FGW_GATEWAY_ID_MAX + 2], found[FGW_GATEWAY_ID_MAX + 1], tiny[8];
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_int_equal(fgw_dir_learn(dir, &imsi, id, NULL), ERR_INVALID);
    assert_int_equal(fgw_dir_learn(dir, &imsi, "", NULL), ERR_INVALID);
    id[FGW_GATEWAY_ID_MAX] = '\0'; // the longest one
    assert_int_equal(fgw_dir_learn(dir, &imsi, id, found), ERR_OK);
    assert_int_equal(fgw_dir_find(dir, &imsi, found, sizeof(found), NULL), ERR_OK);
    assert_string_equal(found, id);
    assert_int_equal(fgw_dir_find(dir, &imsi, tiny, sizeof(tiny), NULL), ERR_RANGE);
    fgw_dir_close(dir);
}

static void it_survives_a_restart(void **state)
{
    struct fgw_directory *dir = open_plain();
    for (unsigned i = 0; i < 100; i++)
        learn(dir, i, i % 2 ? "odd" : "even");
    fgw_dir_close(dir); // writes what is pending
    dir = open_plain();
    for (unsigned i = 0; i < 100; i++)
        expect(dir, i, i % 2 ? "odd" : "even");
    struct census census = census_of(dir);
    assert_int_equal(census.gateways, 2);
    assert_int_equal(census.subscribers, 100);
    fgw_dir_close(dir);
}

static void a_second_user_is_refused(void **state)
{
    struct fgw_directory *dir = open_plain(), *second;
    struct fgw_directory_config config = {.folder = folder, .map_size = 1 << 20};
    assert_int_equal(fgw_dir_open(&config, &second), ERR_EXISTS);
    fgw_dir_close(dir);
    assert_int_equal(fgw_dir_open(&config, &second), ERR_OK);
    fgw_dir_close(second);
}

static void too_many_pending_changes_are_refused_for_a_moment(void **state)
{
    struct fgw_directory *dir =
        open_with((struct fgw_directory_config){.map_size = 1 << 20, .max_pending = 16});
    unsigned refused = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct base_imsi imsi = imsi_of(i);
        enum err err = fgw_dir_learn(dir, &imsi, "agw1", NULL);
        assert_true(err == ERR_OK || err == ERR_FULL);
        refused += err == ERR_FULL;
        expect(dir, i, err ? NULL : "agw1");
    }
    assert_in_range(refused, 1, 999);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    learn(dir, 5000, "agw1");
    struct fgw_dir_stats stats;
    fgw_dir_stats(dir, &stats);
    assert_int_equal(stats.refused, refused);
    assert_int_equal(stats.subscribers, 1001 - refused);
    fgw_dir_close(dir);
}

static void wait_until(struct fgw_directory *dir, uint64_t subscribers)
{
    int64_t deadline = base_now_ns() + SYNC_MS * BASE_MS_NS;
    while (subscribers_of(dir) != subscribers && base_now_ns() < deadline)
        usleep(5000);
    assert_int_equal(subscribers_of(dir), subscribers);
}

static void the_unseen_expire(void **state)
{
    struct fgw_directory_config config = {
        .map_size = 1 << 20, .expire_s = 3600, .sweep_ms = 20, .now_s = fake_clock};
    struct fgw_directory *dir = open_with(config);
    for (unsigned i = 0; i < 3000; i++) // more than one step of the sweep
        learn(dir, i, "old");
    learn(dir, 9000, "busy");
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    atomic_fetch_add(&fake_now, 3000);
    learn(dir, 9000, "busy"); // refreshed: is seen at +3000
    learn(dir, 9001, "busy");
    assert_int_equal(subscribers_of(dir), 3002);
    atomic_fetch_add(&fake_now, 1000);
    wait_until(dir, 2);
    expect(dir, 5, NULL);
    expect(dir, 9000, "busy");
    assert_int_equal(census_of(dir).gateways, 1); // "old" is not visited any more
    assert_int_equal(census_of(dir).subscribers, 2);
    fgw_dir_close(dir);
    dir = open_with(config);
    assert_int_equal(subscribers_of(dir), 2);
    assert_int_equal(census_of(dir).gateways, 1);
    learn(dir, 5, "old"); // a gateway may come back
    expect(dir, 5, "old");
    fgw_dir_close(dir);
}

// Gateways come and go for years; their numbers are few.
static void numbers_of_gateways_that_expired_serve_again(void **state)
{
    enum { ALL = 65535 };
    char id[32];
    struct fgw_directory_config config = {
        .map_size = 16 << 20, .sync = FGW_STORE_OFF, .expire_s = 3600, .sweep_ms = 20,
        .max_pending = ALL + 10, .now_s = fake_clock};
    struct fgw_directory *dir = open_with(config);
    for (unsigned i = 0; i < ALL; i++) {
        snprintf(id, sizeof(id), "agw%u", i);
        learn(dir, i, id);
    }
    struct base_imsi imsi = imsi_of(ALL);
    assert_int_equal(fgw_dir_learn(dir, &imsi, "one too many", NULL), ERR_FULL);
    atomic_fetch_add(&fake_now, 3000);
    learn(dir, ALL - 1, "agw65534"); // the one with the highest number stays
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    atomic_fetch_add(&fake_now, 1000);
    wait_until(dir, 1);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    fgw_dir_close(dir);
    dir = open_with(config);
    assert_int_equal(census_of(dir).gateways, 1);
    learn(dir, ALL, "new1");
    learn(dir, ALL + 1, "new2");
    fgw_dir_close(dir);
    dir = open_with(config);
    expect(dir, ALL - 1, "agw65534");
    expect(dir, ALL, "new1");
    expect(dir, ALL + 1, "new2");
    assert_int_equal(census_of(dir).gateways, 3);
    fgw_dir_close(dir);
}

static void many_subscribers_make_the_map_grow(void **state)
{
    enum { N = 100000, GATEWAYS = 200 };
    char id[32];
    struct fgw_directory *dir = open_with((struct fgw_directory_config){
        .map_size = 1 << 20, .sync = FGW_STORE_OFF, .max_pending = N});
    for (unsigned i = 0; i < N; i++) {
        snprintf(id, sizeof(id), "agw%u", i % GATEWAYS);
        learn(dir, i, id);
    }
    assert_int_equal(fgw_dir_sync(dir, 3 * SYNC_MS), ERR_OK);
    int64_t begin = base_now_ns();
    for (unsigned i = 0; i < N; i++) {
        snprintf(id, sizeof(id), "agw%u", i % GATEWAYS);
        learn(dir, i, id);
    }
    struct fgw_dir_stats stats;
    fgw_dir_stats(dir, &stats);
    print_message("unchanged mapping: %ld ns; %d subscribers: %ld kB\n",
                  (long)((base_now_ns() - begin) / N), N, (long)stats.used_bytes / 1024);
    assert_true(stats.map_bytes > 1 << 20);
    fgw_dir_close(dir);
    dir = open_plain();
    struct census census = census_of(dir);
    assert_int_equal(census.gateways, GATEWAYS);
    assert_int_equal(census.subscribers, N);
    expect(dir, N - 1, "agw199");
    fgw_dir_close(dir);
}

// --- gateways by leading digits ---

struct found {
    struct base_loop *loop;
    char ids[256]; // in the order of their numbers, each with a blank
    int n, done;
    enum err err;
};

static void on_found(const char *gateway, void *arg)
{
    struct found *found = arg;
    size_t at = strlen(found->ids);
    snprintf(found->ids + at, sizeof(found->ids) - at, "%s ", gateway);
    found->n++;
}

static void on_searched(enum err err, void *arg)
{
    struct found *found = arg;
    assert_true(base_loop_is_current(found->loop));
    found->err = err;
    found->done++;
    base_loop_stop(found->loop);
}

// Runs the loop until the answer is there.
static struct found search_at(struct fgw_directory *dir, enum fgw_access access,
                              const char *const *prefixes, size_t n)
{
    struct found found = {0};
    assert_int_equal(base_loop_new("search", 16, &found.loop), ERR_OK);
    assert_int_equal(fgw_dir_search(dir, found.loop, access, prefixes, n, on_found, on_searched,
                                    &found),
                     ERR_OK);
    base_loop_run(found.loop);
    base_loop_free(found.loop);
    assert_int_equal(found.done, 1);
    assert_int_equal(found.err, ERR_OK);
    return found;
}

static struct found search(struct fgw_directory *dir, const char *prefix)
{
    return search_at(dir, FGW_ACCESS_MME, &prefix, 1);
}

static void a_search_finds_who_serves_a_prefix(void **state)
{
    static const struct {
        const char *imsi, *gateway;
    } known[] = {
        {"001010000000001", "a"}, {"001010000000002", "a"}, {"001019999999999", "b"},
        {"001020000000000", "c"}, {"001009999999999", "d"}, {"262011234567890", "e"},
        {"00101000", "short"}, // an IMSI need not have 15 digits
    };
    static const struct {
        const char *prefix, *gateways;
    } rows[] = {
        {"00101", "a b short "},
        {"001010000000002", "a "},
        {"001010000000003", ""},
        {"00101000", "a short "},
        {"0010199", "b "},
        {"001", "a b c d short "},
        {"0", "a b c d short "},
        {"2", "e "},
        {"3", ""},
        {"0101", ""}, // not the same as 00101
        {"999999999999999", ""},
    };
    struct fgw_directory *dir = open_plain();
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            struct base_imsi imsi = {.len = (uint8_t)strlen(known[i].imsi)};
            memcpy(imsi.digits, known[i].imsi, imsi.len + 1u);
            assert_int_equal(fgw_dir_learn(dir, &imsi, known[i].gateway, NULL), ERR_OK);
        }
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            assert_string_equal(search(dir, rows[i].prefix).ids, rows[i].gateways);
        assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    }
    fgw_dir_close(dir);
}

static void a_search_takes_many_prefixes_and_one_access(void **state)
{
    const char *prefixes[] = {"00101000000000", "00101", "001010000000001", "00102", "00101"};
    const char *bad[] = {"00101", "", "12a", "0123456789012345"};
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(1);
    struct found found;
    learn(dir, 1, "lte");
    assert_int_equal(fgw_dir_learn_at(dir, FGW_ACCESS_WLAN, &imsi, "wifi", NULL), ERR_OK);
    assert_string_equal(search_at(dir, FGW_ACCESS_MME, prefixes, 5).ids, "lte ");
    assert_string_equal(search_at(dir, FGW_ACCESS_WLAN, prefixes, 5).ids, "wifi ");
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(fgw_dir_search(dir, NULL, FGW_ACCESS_MME, &bad[i], 1, on_found,
                                        on_searched, &found),
                         ERR_INVALID);
    assert_int_equal(fgw_dir_forget(dir, &imsi, "lte"), ERR_OK);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    assert_string_equal(search_at(dir, FGW_ACCESS_MME, prefixes, 5).ids, "");
    fgw_dir_close(dir);
}

// More than a slice: the writer goes on with its work in between, and nothing is missed.
static void a_search_among_many_subscribers(void **state)
{
    enum { N = 100000 };
    struct fgw_directory *dir = open_with((struct fgw_directory_config){
        .map_size = 16 << 20, .sync = FGW_STORE_OFF, .max_pending = N + 10});
    for (unsigned i = 0; i < N; i++)
        learn(dir, i, i == 99999 ? "last" : i % 10000 == 5000 ? "some" : "most");
    learn(dir, 500000, "other");
    assert_int_equal(fgw_dir_sync(dir, 3 * SYNC_MS), ERR_OK);
    int64_t begin = base_now_ns();
    struct found found = search(dir, "0010100000"); // all but the last one
    print_message("%d subscribers looked through in %ld ms\n", N,
                  (long)((base_now_ns() - begin) / BASE_MS_NS));
    assert_string_equal(found.ids, "most some last ");
    assert_string_equal(search(dir, "00101000009").ids, "most some last ");
    assert_string_equal(search(dir, "001010000099999").ids, "last ");
    assert_string_equal(search(dir, "0010100005").ids, "other ");
    assert_string_equal(search(dir, "00101").ids, "most some last other ");
    fgw_dir_close(dir);
}

static void searches_are_bounded_and_end_with_the_directory(void **state)
{
    struct found found = {0};
    const char *prefix = "0";
    struct fgw_directory *dir = open_plain();
    learn(dir, 1, "agw1");
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    assert_int_equal(base_loop_new("search", 1000, &found.loop), ERR_OK);
    int begun = 0;
    enum err err = ERR_OK;
    while (begun < 10000 && err == ERR_OK) {
        err = fgw_dir_search(dir, found.loop, FGW_ACCESS_MME, &prefix, 1, on_found, on_searched,
                             &found);
        begun += err == ERR_OK;
    }
    assert_int_equal(err, ERR_FULL);
    fgw_dir_searches_end(dir);
    assert_int_equal(fgw_dir_search(dir, found.loop, FGW_ACCESS_MME, &prefix, 1, on_found,
                                    on_searched, &found),
                     ERR_SHUTDOWN);
    base_loop_run(found.loop); // every one of them ends
    while (found.done < begun)
        base_loop_run(found.loop);
    assert_int_equal(found.done, begun);
    base_loop_free(found.loop);
    fgw_dir_close(dir);
}

// --- the core's servers ---

static void expect_host(struct fgw_directory *dir, unsigned n, const char *host)
{
    char found[256];
    struct base_imsi imsi = imsi_of(n);
    enum err err = fgw_dir_host(dir, FGW_ACCESS_MME, &imsi, found, sizeof(found));
    assert_int_equal(err, host ? ERR_OK : ERR_NOT_FOUND);
    if (host)
        assert_string_equal(found, host);
}

static void learn_host(struct fgw_directory *dir, unsigned n, const char *host)
{
    struct base_imsi imsi = imsi_of(n);
    assert_int_equal(fgw_dir_learn_host(dir, FGW_ACCESS_MME, &imsi, host), ERR_OK);
}

static void the_server_of_a_subscriber_is_remembered(void **state)
{
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(1), stranger = imsi_of(9);
    char tiny[4];
    learn(dir, 1, "agw1");
    learn(dir, 2, "agw1");
    expect_host(dir, 1, NULL);
    learn_host(dir, 1, "hss1.example.org");
    learn_host(dir, 2, "hss2.example.org");
    expect_host(dir, 1, "hss1.example.org");
    learn_host(dir, 1, "HSS1.example.org"); // the same one
    expect_host(dir, 1, "hss1.example.org");
    assert_int_equal(fgw_dir_learn_host(dir, FGW_ACCESS_MME, &stranger, "hss1.example.org"),
                     ERR_FGW_UNKNOWN_SUBSCRIBER);
    assert_int_equal(fgw_dir_host(dir, FGW_ACCESS_MME, &imsi, tiny, sizeof(tiny)), ERR_RANGE);
    learn(dir, 1, "agw2"); // it moves, its server does not
    expect_host(dir, 1, "hss1.example.org");
    fgw_dir_close(dir);

    dir = open_plain();
    expect_host(dir, 1, "hss1.example.org");
    expect_host(dir, 2, "hss2.example.org");
    expect(dir, 1, "agw2");
    learn_host(dir, 2, "hss3.example.org");
    learn_host(dir, 1, "");
    expect_host(dir, 1, NULL);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    fgw_dir_close(dir);
    dir = open_plain();
    expect_host(dir, 1, NULL);
    expect_host(dir, 2, "hss3.example.org");
    assert_int_equal(fgw_dir_forget(dir, &imsi, "agw2"), ERR_OK);
    learn(dir, 1, "agw2"); // a new beginning
    expect_host(dir, 1, NULL);
    fgw_dir_close(dir);
}

static void too_many_servers_are_refused(void **state)
{
    struct fgw_directory *dir = open_plain();
    struct base_imsi imsi = imsi_of(1);
    char host[32];
    enum err err = ERR_OK;
    unsigned n = 0;
    learn(dir, 1, "agw1");
    for (; n < 5000 && err == ERR_OK; n++) {
        snprintf(host, sizeof(host), "hss%u.example.org", n);
        err = fgw_dir_learn_host(dir, FGW_ACCESS_MME, &imsi, host);
    }
    assert_int_equal(err, ERR_FULL);
    assert_true(n > 1000);
    learn_host(dir, 1, "hss5.example.org"); // known ones still work
    fgw_dir_close(dir);
    dir = open_plain();
    expect_host(dir, 1, "hss5.example.org");
    fgw_dir_close(dir);
}

// --- stores of an earlier version ---

// As format 1 wrote it: records without a server, no table of servers.
static void write_format_1(uint32_t format)
{
    struct {
        uint32_t gateway, seen;
    } record = {1, 1700000000};
    struct {
        uint32_t seen;
        char id[4];
    } gateway = {1700000000, {'o', 'l', 'd', '1'}};
    uint64_t imsi = 15ull << 56 | 1010000000001ull;
    uint32_t zero = 0, one = 1;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0640), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    const struct {
        const char *table;
        MDB_val key, value;
    } rows[] = {
        {"meta", {4, &zero}, {4, &format}},
        {"gateways", {4, &one}, {8, &gateway}},
        {"subscribers", {8, &imsi}, {8, &record}},
    };
    for (size_t i = 0; i < 3; i++) {
        MDB_val key = rows[i].key, value = rows[i].value;
        assert_int_equal(mdb_dbi_open(txn, rows[i].table, MDB_CREATE | MDB_INTEGERKEY, &dbi), 0);
        assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void a_store_of_format_1_is_read_and_goes_on(void **state)
{
    write_format_1(1);
    struct fgw_directory_config config = {.map_size = 1 << 20, .now_s = fake_clock};
    struct fgw_directory *dir = open_with(config);
    expect(dir, 1, "old1");
    expect_host(dir, 1, NULL);
    assert_string_equal(search(dir, "00101").ids, "old1 ");
    learn_host(dir, 1, "hss1.example.org");
    learn(dir, 2, "agw2");
    fgw_dir_close(dir);
    dir = open_with(config);
    expect(dir, 1, "old1");
    expect_host(dir, 1, "hss1.example.org");
    expect(dir, 2, "agw2");
    assert_int_equal(census_of(dir).subscribers, 2);
    fgw_dir_close(dir);
}

static void a_store_of_a_later_format_is_refused(void **state)
{
    write_format_1(3);
    struct fgw_directory_config config = {.folder = folder, .map_size = 1 << 20};
    struct fgw_directory *dir;
    assert_int_equal(fgw_dir_open(&config, &dir), ERR_IO);
    assert_null(dir);
}

// --- a killed process ---

enum { BURST = 200, ENOUGH = 25 * BURST };
struct shared {
    _Atomic uint32_t learned, settled; // so far; of those no change was pending
};

static void learn_until_killed(struct shared *shared)
{
    struct fgw_directory *dir = open_plain();
    for (uint32_t i = 0;; i++) {
        struct base_imsi imsi = imsi_of(i);
        if (fgw_dir_learn(dir, &imsi, i % 3 ? "a" : "b", NULL))
            _exit(1);
        atomic_store(&shared->learned, i + 1);
        usleep(50);
        if (i % BURST != BURST - 1)
            continue;
        struct fgw_dir_stats stats;
        do {
            usleep(1000);
            fgw_dir_stats(dir, &stats);
        } while (stats.pending > 0);
        atomic_store(&shared->settled, i + 1);
    }
}

static void what_is_not_pending_survives_kill_9(void **state)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        learn_until_killed(shared);
        _exit(0);
    }
    for (int ms = 0; ms < SYNC_MS && atomic_load(&shared->settled) < ENOUGH; ms++)
        usleep(1000);
    usleep((useconds_t)(base_now_ns() % 30000)); // wherever it is then
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    uint32_t n = atomic_load(&shared->settled), all = atomic_load(&shared->learned), later = 0;
    assert_true(n >= ENOUGH);
    struct fgw_directory *dir = open_plain();
    for (uint32_t i = 0; i < n; i++)
        expect(dir, i, i % 3 ? "a" : "b");
    for (uint32_t i = n; i < all; i++) {
        char found[FGW_GATEWAY_ID_MAX + 1];
        struct base_imsi imsi = imsi_of(i);
        later += fgw_dir_find(dir, &imsi, found, sizeof(found), NULL) == ERR_OK;
    }
    print_message("killed after %u, %u of them settled; lost %u\n", all, n, all - n - later);
    assert_int_equal(census_of(dir).subscribers, subscribers_of(dir));
    fgw_dir_close(dir);
    munmap(shared, sizeof(*shared));
}

// --- many threads ---

enum { THREADS = 4, CONTESTED = 500, ROUNDS = 20 };
static struct fgw_directory *contested;

static void *move_about(void *arg)
{
    uintptr_t me = (uintptr_t)arg;
    char id[16], previous[FGW_GATEWAY_ID_MAX + 1];
    snprintf(id, sizeof(id), "agw%u", (unsigned)me);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < CONTESTED; i++) {
            struct base_imsi imsi = imsi_of(i);
            if (fgw_dir_learn(contested, &imsi, id, previous) || strcmp(previous, id) == 0)
                return arg ? arg : &contested; // not NULL: failed
            if (round % 5 == 4 && i % 7 == me)
                fgw_dir_forget(contested, &imsi, id);
        }
    }
    return NULL;
}

static void counts_stay_right_under_contention(void **state)
{
    pthread_t threads[THREADS];
    contested = open_plain();
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, move_about, (void *)i), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(fgw_dir_sync(contested, SYNC_MS), ERR_OK);
    uint64_t known = 0;
    for (unsigned i = 0; i < CONTESTED; i++) {
        char found[FGW_GATEWAY_ID_MAX + 1];
        struct base_imsi imsi = imsi_of(i);
        known += fgw_dir_find(contested, &imsi, found, sizeof(found), NULL) == ERR_OK;
    }
    assert_int_equal(subscribers_of(contested), known);
    assert_int_equal(census_of(contested).subscribers, known);
    fgw_dir_close(contested);
    contested = open_plain();
    assert_int_equal(census_of(contested).subscribers, known);
    fgw_dir_close(contested);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(learned_is_known_at_once),
        CASE(imsis_that_differ_in_leading_zeros_are_different),
        CASE(each_access_has_a_gateway_of_its_own),
        CASE(a_move_tells_the_previous_gateway),
        CASE(only_its_gateway_makes_a_subscriber_forgotten),
        CASE(bad_gateway_ids_are_refused),
        CASE(it_survives_a_restart),
        CASE(a_second_user_is_refused),
        CASE(too_many_pending_changes_are_refused_for_a_moment),
        CASE(the_unseen_expire),
        CASE(numbers_of_gateways_that_expired_serve_again),
        CASE(many_subscribers_make_the_map_grow),
        CASE(a_search_finds_who_serves_a_prefix),
        CASE(a_search_takes_many_prefixes_and_one_access),
        CASE(a_search_among_many_subscribers),
        CASE(searches_are_bounded_and_end_with_the_directory),
        CASE(the_server_of_a_subscriber_is_remembered),
        CASE(too_many_servers_are_refused),
        CASE(a_store_of_format_1_is_read_and_goes_on),
        CASE(a_store_of_a_later_format_is_refused),
        CASE(what_is_not_pending_survives_kill_9),
        CASE(counts_stay_right_under_contention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
