// SPDX-License-Identifier: BSD-3-Clause
// Daemon: signals reach their hooks on the loop, the service manager hears what it should.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/daemon.h"
#include "base/log.h"

struct seen {
    struct base_loop *loop;
    unsigned stops, reloads, users;
    bool on_loop;
};

static void note_thread(struct seen *seen)
{
    seen->on_loop = base_loop_is_current(seen->loop);
}

static void on_stop(unsigned nth, void *arg)
{
    struct seen *seen = arg;
    note_thread(seen);
    seen->stops = nth;
    if (nth == 2)
        base_loop_stop(seen->loop);
    else
        kill(getpid(), SIGINT); // the operator is impatient
}

static void on_reload(void *arg)
{
    struct seen *seen = arg;
    seen->reloads++;
    kill(getpid(), SIGUSR1);
}

static void on_user(void *arg)
{
    struct seen *seen = arg;
    seen->users++;
    kill(getpid(), SIGTERM);
}

static int group_setup(void **state)
{
    base_log_set_level("all", BASE_LOG_ERROR);
    return base_daemon_prepare();
}

static struct base_loop *new_loop(void)
{
    struct base_loop *loop;
    assert_int_equal(base_loop_new("main", 10, &loop), ERR_OK);
    return loop;
}

static void signals_reach_their_hooks_on_the_loop(void **state)
{
    struct seen seen = {.loop = new_loop()};
    struct base_daemon_hooks hooks = {.stop = on_stop, .reload = on_reload, .user = on_user};
    struct base_daemon *daemon;
    assert_int_equal(base_daemon_attach(seen.loop, &hooks, &seen, &daemon), ERR_OK);
    kill(getpid(), SIGHUP);
    assert_int_equal(base_loop_run(seen.loop), ERR_OK);
    assert_int_equal(seen.reloads, 1);
    assert_int_equal(seen.users, 1);
    assert_int_equal(seen.stops, 2);
    assert_true(seen.on_loop);
    base_daemon_detach(daemon);
    base_daemon_detach(NULL);
    base_loop_free(seen.loop);
}

static void broken_pipes_are_errors_not_signals(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

static void file_limit_is_raised_to_the_hard_one(void **state)
{
    struct rlimit limit, lowered;
    uint64_t got;
    getrlimit(RLIMIT_NOFILE, &limit);
    lowered = (struct rlimit){.rlim_cur = 64, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    assert_int_equal(base_daemon_raise_files(65, &got), ERR_OK);
    assert_true(got == limit.rlim_max);
    assert_int_equal(base_daemon_raise_files(0, NULL), ERR_OK);
    if (limit.rlim_max != RLIM_INFINITY)
        assert_int_equal(base_daemon_raise_files(limit.rlim_max + 1, &got), ERR_RANGE);
}

static void *tell_policy(void *arg)
{
    *(int *)arg = sched_getscheduler(0);
    return NULL;
}

static void later_threads_are_batch(void **state)
{
    pthread_t thread;
    int before = sched_getscheduler(0), policy = -1;
    const struct sched_param none = {0};
    assert_int_equal(base_daemon_batch(), ERR_OK);
    assert_int_equal(pthread_create(&thread, NULL, tell_policy, &policy), 0);
    pthread_join(thread, NULL);
    assert_int_equal(policy, SCHED_BATCH);
    sched_setscheduler(0, before, &none);
}

// --- service manager ---

// A socket as systemd's; abstract, so that nothing is left behind.
static int listen_as_manager(void)
{
    char name[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(name, sizeof(name), "@fgw-test-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)n - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static const char *heard(int fd)
{
    static char text[2000];
    ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static int clean_environment(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return 0;
}

static void manager_hears_each_state(void **state)
{
    int fd = listen_as_manager();
    assert_int_equal(base_daemon_ready("serving"), ERR_OK);
    assert_string_equal(heard(fd), "READY=1\nSTATUS=serving");
    assert_int_equal(base_daemon_ready(NULL), ERR_OK);
    assert_string_equal(heard(fd), "READY=1\n");
    assert_int_equal(base_daemon_reloading(), ERR_OK);
    assert_memory_equal(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27);
    assert_int_equal(base_daemon_stopping("bye"), ERR_OK);
    assert_string_equal(heard(fd), "STOPPING=1\nSTATUS=bye");
    assert_int_equal(base_daemon_status("3 gateways\nREADY=1"), ERR_OK);
    assert_string_equal(heard(fd), "STATUS=3 gateways READY=1");
    close(fd);
    assert_int_equal(base_daemon_ready(NULL), ERR_CLOSED); // nobody there any more
}

static void without_manager_nothing_happens(void **state)
{
    assert_int_equal(base_daemon_ready("serving"), ERR_OK);
    setenv("NOTIFY_SOCKET", "", 1);
    assert_int_equal(base_daemon_ready("serving"), ERR_OK);
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_int_equal(base_daemon_ready("serving"), ERR_INVALID);
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    assert_int_equal(base_daemon_ready("serving"), ERR_NOT_FOUND);
}

struct dog {
    struct base_loop *loop;
    int asked;
    bool healthy;
};

static bool is_healthy(void *arg)
{
    struct dog *dog = arg;
    if (++dog->asked == 3)
        base_loop_stop(dog->loop);
    return dog->healthy;
}

static void watch(struct dog *dog)
{
    struct base_daemon_hooks hooks = {.healthy = is_healthy};
    struct base_daemon *daemon;
    dog->loop = new_loop();
    assert_int_equal(base_daemon_attach(dog->loop, &hooks, dog, &daemon), ERR_OK);
    assert_int_equal(base_loop_run(dog->loop), ERR_OK);
    base_daemon_detach(daemon);
    base_loop_free(dog->loop);
}

static void watchdog_is_fed_while_healthy(void **state)
{
    int fd = listen_as_manager();
    struct dog dog = {.healthy = true};
    setenv("WATCHDOG_USEC", "10000", 1);
    watch(&dog);
    assert_int_equal(dog.asked, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(heard(fd), "WATCHDOG=1");
    close(fd);
}

static void watchdog_is_not_fed_when_unhealthy(void **state)
{
    int fd = listen_as_manager();
    struct dog dog = {.healthy = false};
    setenv("WATCHDOG_USEC", "10000", 1);
    base_log_set_level("all", BASE_LOG_ERROR);
    watch(&dog);
    assert_string_equal(heard(fd), "");
    close(fd);
}

static void stop_at_once(unsigned nth, void *arg)
{
    base_loop_stop(arg);
}

static void watchdog_of_another_process_is_left_alone(void **state)
{
    static const struct {
        const char *usec, *pid;
    } rows[] = {{"10000", "1"}, {"0", NULL}, {"x", NULL}, {"-5", NULL}};
    int fd = listen_as_manager();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct base_loop *loop = new_loop();
        struct base_daemon_hooks hooks = {.stop = stop_at_once};
        struct base_daemon *daemon;
        setenv("WATCHDOG_USEC", rows[i].usec, 1);
        if (rows[i].pid)
            setenv("WATCHDOG_PID", rows[i].pid, 1);
        else
            unsetenv("WATCHDOG_PID");
        assert_int_equal(base_daemon_attach(loop, &hooks, loop, &daemon), ERR_OK);
        usleep(20000);
        kill(getpid(), SIGTERM);
        assert_int_equal(base_loop_run(loop), ERR_OK);
        assert_string_equal(heard(fd), "");
        base_daemon_detach(daemon);
        base_loop_free(loop);
    }
    close(fd);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, clean_environment, clean_environment)
    const struct CMUnitTest tests[] = {
        CASE(signals_reach_their_hooks_on_the_loop),
        CASE(broken_pipes_are_errors_not_signals),
        CASE(file_limit_is_raised_to_the_hard_one),
        CASE(later_threads_are_batch),
        CASE(manager_hears_each_state),
        CASE(without_manager_nothing_happens),
        CASE(watchdog_is_fed_while_healthy),
        CASE(watchdog_is_not_fed_when_unhealthy),
        CASE(watchdog_of_another_process_is_left_alone),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
