// SPDX-License-Identifier: BSD-3-Clause
// The directory on a disk without room. Not for anything else of it (test_directory.c): this file
// takes the place of two functions of the C library.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "fgw/directory.h"
#include "fgw/gateway.h"

enum { SYNC_MS = 60000 };
static char folder[64];

// A disk without room, as the store's library sees it: these two take the place of the C library's.
static _Atomic bool disk_is_full;

static bool refuse_write(void)
{
    if (!atomic_load(&disk_is_full))
        return false;
    errno = ENOSPC;
    return true;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return refuse_write() ? -1 : syscall(SYS_pwrite64, fd, data, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return refuse_write() ? -1 : syscall(SYS_writev, fd, parts, n);
}

static int make_folder(void **state)
{
    atomic_store(&disk_is_full, false);
    snprintf(folder, sizeof(folder), "/tmp/fgw-directory-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    return system(command);
}

static void learn(struct fgw_directory *dir, const struct base_imsi *imsi, const char *gateway)
{
    assert_int_equal(fgw_dir_learn(dir, imsi, gateway, NULL), ERR_OK);
}

static void expect(struct fgw_directory *dir, const struct base_imsi *imsi, const char *gateway)
{
    char found[FGW_GATEWAY_ID_MAX + 1];
    assert_int_equal(fgw_dir_find(dir, imsi, found, sizeof(found), NULL), ERR_OK);
    assert_string_equal(found, gateway);
}

// A full disk is no full map: enlarging the map again and again would end with none at all.
static void a_full_disk_is_waited_for(void **state)
{
    const struct base_imsi one = {.digits = "001010000000001", .len = 15};
    const struct base_imsi two = {.digits = "001010000000002", .len = 15};
    const struct fgw_directory_config config = {.folder = folder, .map_size = 1 << 20};
    struct fgw_directory *dir = NULL;
    struct fgw_dir_stats before, after;
    int64_t end = base_now_ns() + SYNC_MS * BASE_MS_NS;
    assert_int_equal(fgw_dir_open(&config, &dir), ERR_OK);
    learn(dir, &one, "agw1");
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    fgw_dir_stats(dir, &before);
    atomic_store(&disk_is_full, true);
    learn(dir, &two, "agw2");
    do {
        usleep(1000);
        fgw_dir_stats(dir, &after);
    } while (after.failures == before.failures && base_now_ns() < end);
    assert_true(after.failures > before.failures);
    expect(dir, &one, "agw1"); // what is on disk can be read
    expect(dir, &two, "agw2");
    atomic_store(&disk_is_full, false);
    assert_int_equal(fgw_dir_sync(dir, SYNC_MS), ERR_OK);
    fgw_dir_stats(dir, &after);
    assert_int_equal(after.map_bytes, before.map_bytes);
    expect(dir, &two, "agw2");
    fgw_dir_close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_is_waited_for, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
