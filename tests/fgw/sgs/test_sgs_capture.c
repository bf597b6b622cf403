// SPDX-License-Identifier: BSD-3-Clause
// Capture files: well-formed blocks with every octet of the message, renamed when they have grown,
// readable by their owner only. That Wireshark reads them is seen in the system tests.
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fgw/sgs/sgs_capture.h"
#include "golden.h"

static char folder[64], path[96];

static int begin(void **state)
{
    snprintf(folder, sizeof(folder), "/tmp/sgs-capture-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/sgs.pcapng", folder);
    return 0;
}

static int end(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(folder);
}

static struct sgs_capture *opened(int64_t size_max, int64_t files)
{
    const struct sgs_capture_settings settings = {path, size_max, files};
    struct sgs_capture *capture;
    assert_int_equal(sgs_capture_open(&settings, &capture), ERR_OK);
    return capture;
}

static void message(struct sgs_capture *capture, const char *local, size_t len)
{
    static uint8_t data[4 * SGSAP_MSG_MAX];
    const char *const ours[] = {local}, *const theirs[] = {"192.0.2.10"};
    struct sct_addrs from, to;
    assert_int_equal(sct_addrs_parse(ours, 1, 40000, &from), ERR_OK);
    assert_int_equal(sct_addrs_parse(theirs, 1, SGSAP_PORT, &to), ERR_OK);
    memset(data, 0x5a, sizeof(data));
    const struct sgs_captured m = {&from.at[0], &to.at[0], true, VLR1, data, len};
    sgs_capture_message(capture, &m);
}

struct found {
    size_t packets, octets; // 0x5a within packets
    uint32_t captured, length; // of the last packet
};

static struct found look(const char *file)
{
    struct found found = {0};
    uint8_t buf[65536];
    int fd = open(file, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t size = read(fd, buf, sizeof(buf));
    close(fd);
    for (ssize_t at = 0; at < size;) {
        uint32_t head[2], tail;
        memcpy(head, buf + at, sizeof(head));
        assert_true(head[1] % 4 == 0 && head[1] >= 12 && at + head[1] <= size);
        memcpy(&tail, buf + at + head[1] - 4, sizeof(tail));
        assert_int_equal(tail, head[1]);
        assert_int_equal(at == 0, head[0] == 0x0a0d0d0a);
        if (head[0] == 6) {
            found.packets++;
            memcpy(&found.captured, buf + at + 20, 4);
            memcpy(&found.length, buf + at + 24, 4);
            for (uint32_t i = 0; i < found.captured; i++)
                found.octets += buf[at + 28 + i] == 0x5a;
        }
        at += head[1];
    }
    return found;
}

static void each_message_is_a_packet(void **state)
{
    struct sgs_capture *capture = opened(1 << 20, 3);
    struct stat st;
    message(capture, "198.51.100.1", 7);
    message(capture, "2001:db8::1", 20);
    sgs_capture_close(capture);
    struct found found = look(path);
    assert_int_equal(found.packets, 2);
    assert_int_equal(found.octets, 27);
    assert_int_equal(found.captured, found.length);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_long_message_is_cut_and_its_length_told(void **state)
{
    struct sgs_capture *capture = opened(1 << 20, 3);
    message(capture, "198.51.100.1", 4 * SGSAP_MSG_MAX);
    sgs_capture_close(capture);
    struct found found = look(path);
    assert_int_equal(found.octets, SGSAP_MSG_MAX);
    assert_int_equal(found.length - found.captured, 3 * SGSAP_MSG_MAX);
}

static void grown_files_are_renamed_and_the_oldest_goes(void **state)
{
    char name[112];
    struct sgs_capture *capture = opened(4096, 3);
    for (int i = 0; i < 60; i++)
        message(capture, "198.51.100.1", 200);
    sgs_capture_close(capture);
    size_t packets = 0;
    for (int i = 0; i < 3; i++) {
        struct stat st;
        snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
        packets += look(name).packets;
        assert_int_equal(stat(name, &st), 0);
        assert_true(st.st_size <= 4096);
    }
    assert_true(packets > 20 && packets < 60);
    snprintf(name, sizeof(name), "%s.3", path);
    assert_int_equal(access(name, F_OK), -1);
}

static void an_older_file_is_kept(void **state)
{
    char name[112];
    struct sgs_capture *capture = opened(4096, 2);
    message(capture, "198.51.100.1", 5);
    sgs_capture_close(capture);
    sgs_capture_close(opened(4096, 2));
    snprintf(name, sizeof(name), "%s.1", path);
    assert_int_equal(look(name).packets, 1);
    assert_int_equal(look(path).packets, 0);
}

static void errors_of_the_file_system_are_told(void **state)
{
    const struct sgs_capture_settings nowhere = {(char[]){"/nowhere/at/all"}, 4096, 2};
    const struct sgs_capture_settings full = {(char[]){"/dev/full"}, 4096, 1};
    struct sgs_capture *capture;
    assert_int_equal(sgs_capture_open(&nowhere, &capture), err_from_errno(ENOENT));
    assert_null(capture);
    assert_int_not_equal(sgs_capture_open(&full, &capture), ERR_OK);
    assert_null(capture);
    // the folder goes while a capture runs: it ends, and nothing else does
    capture = opened(4096, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    for (int i = 0; i < 60; i++)
        message(capture, "198.51.100.1", 200);
    sgs_capture_close(capture);
    assert_int_equal(mkdir(folder, 0700), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_message_is_a_packet),
        CASE(a_long_message_is_cut_and_its_length_told),
        CASE(grown_files_are_renamed_and_the_oldest_goes),
        CASE(an_older_file_is_kept),
        CASE(errors_of_the_file_system_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
