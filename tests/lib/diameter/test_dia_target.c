// SPDX-License-Identifier: BSD-3-Clause
// A connection changes hands while somebody tells something about it: what is told arrives where
// the connection belongs, once, whatever the moment.
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diameter/interpose.h"

enum { OLD, NEW, ELSEWHERE, QUEUES };
enum { TOLD = 20000 };
#define CNX ((struct cnxctx *)&library)

// The library, as far as it matters: two queues, and which of them is the connection's.
static struct {
    char queues[QUEUES];
    _Atomic int current;
    _Atomic bool dead; // the old queue is being emptied
    _Atomic unsigned got[QUEUES], refused;
} library;

static struct fifo *queue(int i)
{
    return (struct fifo *)&library.queues[i];
}

static struct fifo *ask(struct cnxctx *cnx)
{
    assert_ptr_equal(cnx, CNX);
    return queue(atomic_load(&library.current));
}

static int post(struct fifo *to, int code, size_t len, void *data)
{
    if (to == queue(OLD) && atomic_load(&library.dead)) {
        atomic_fetch_add(&library.refused, 1);
        return 22;
    }
    atomic_fetch_add(&library.got[to == queue(OLD) ? OLD : to == queue(NEW) ? NEW : ELSEWHERE], 1);
    return 0;
}

static int move(struct cnxctx *cnx, struct fifo *to)
{
    atomic_store(&library.current, NEW);
    atomic_store(&library.dead, true);
    sched_yield(); // give the others every chance
    atomic_store(&library.got[NEW],
                 atomic_load(&library.got[NEW]) + atomic_exchange(&library.got[OLD], 0));
    atomic_store(&library.dead, false);
    return 0;
}

// Another connection begins, for the test to go on.
static int begin(struct cnxctx *cnx, struct fifo *to)
{
    atomic_store(&library.current, OLD);
    return 0;
}

static int tell(void)
{
    struct fifo *to = dia_target_ask(ask, CNX);
    return dia_target_post(ask, post, to, 1, 0, NULL);
}

static int setup(void **state)
{
    memset(&library, 0, sizeof(library));
    return 0;
}

static void what_was_asked_before_the_move_arrives_after_it(void **state)
{
    struct fifo *before = dia_target_ask(ask, CNX);
    assert_ptr_equal(before, queue(OLD));
    assert_int_equal(dia_target_move(move, CNX, queue(NEW)), 0);
    assert_int_equal(dia_target_post(ask, post, before, 1, 0, NULL), 0);
    assert_int_equal(atomic_load(&library.got[NEW]), 1);
    assert_int_equal(atomic_load(&library.got[OLD]), 0);
}

static void other_queues_are_left_alone(void **state)
{
    dia_target_ask(ask, CNX);
    assert_int_equal(dia_target_post(ask, post, queue(ELSEWHERE), 1, 0, NULL), 0);
    assert_int_equal(dia_target_post(ask, post, queue(OLD), 1, 0, NULL), 0); // nobody asked for it
    assert_int_equal(atomic_load(&library.got[ELSEWHERE]), 1);
    assert_int_equal(atomic_load(&library.got[OLD]), 1);
}

static void *tell_much(void *started)
{
    for (int i = 0; i < TOLD; i++) {
        assert_int_equal(tell(), 0);
        if (i == TOLD / 10)
            atomic_store((_Atomic bool *)started, true);
    }
    return NULL;
}

static void nothing_is_lost_or_refused_while_it_moves(void **state)
{
    pthread_t thread;
    _Atomic bool started = false;
    assert_int_equal(pthread_create(&thread, NULL, tell_much, &started), 0);
    while (!atomic_load(&started))
        sched_yield();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(dia_target_move(move, CNX, queue(NEW)), 0);
        sched_yield();
        assert_int_equal(dia_target_move(begin, CNX, queue(OLD)), 0);
    }
    pthread_join(thread, NULL);
    assert_int_equal(dia_target_move(move, CNX, queue(NEW)), 0);
    assert_int_equal(atomic_load(&library.refused), 0);
    assert_int_equal(atomic_load(&library.got[NEW]), TOLD);
    assert_int_equal(atomic_load(&library.got[OLD]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_asked_before_the_move_arrives_after_it, setup),
        cmocka_unit_test_setup(other_queues_are_left_alone, setup),
        cmocka_unit_test_setup(nothing_is_lost_or_refused_while_it_moves, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
