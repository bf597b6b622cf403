// SPDX-License-Identifier: BSD-3-Clause
// Loop: jobs of many producers run once, in order per producer, on the loop's thread; bounds, stop
// and free lose nothing; timers fire once and never early.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"

enum { PRODUCERS = 4, JOBS_EACH = 5000 };

static struct base_loop *new_loop(size_t capacity)
{
    struct base_loop *loop;
    assert_int_equal(base_loop_new("test", capacity, &loop), ERR_OK);
    return loop;
}

// --- hand-off ---

struct numbered {
    struct base_job job;
    struct producer *producer;
    int number;
};

struct producer {
    struct base_loop *loop;
    struct numbered *jobs;
    pthread_t thread;
    int next;         // loop thread
    int out_of_order; // loop thread
    int elsewhere;    // ran on another thread
    uint64_t refused;
    _Atomic int *left;
};

static void run_numbered(struct base_job *job)
{
    struct numbered *n = BASE_CONTAINER_OF(job, struct numbered, job);
    struct producer *p = n->producer;
    p->out_of_order += n->number != p->next++;
    p->elsewhere += !base_loop_is_current(p->loop);
    if (atomic_fetch_sub(p->left, 1) == 1)
        base_loop_stop(p->loop);
}

static void *produce(void *arg)
{
    struct producer *p = arg;
    for (int i = 0; i < JOBS_EACH; i++) {
        p->jobs[i] = (struct numbered){.job.run = run_numbered, .producer = p, .number = i};
        while (base_loop_post(p->loop, &p->jobs[i].job) == ERR_FULL) {
            p->refused++;
            sched_yield();
        }
    }
    return NULL;
}

static void hand_off(size_t capacity)
{
    struct base_loop *loop = new_loop(capacity);
    struct producer producers[PRODUCERS];
    _Atomic int left = PRODUCERS * JOBS_EACH;
    assert_int_equal(base_loop_start(loop), ERR_OK);
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.loop = loop, .left = &left};
        producers[i].jobs = calloc(JOBS_EACH, sizeof(*producers[i].jobs));
        pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
    }
    // freed while the last producer may still be leaving base_loop_post
    base_loop_join(loop);
    base_loop_free(loop);
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(producers[i].thread, NULL);
        assert_int_equal(producers[i].next, JOBS_EACH);
        assert_int_equal(producers[i].out_of_order, 0);
        assert_int_equal(producers[i].elsewhere, 0);
        free(producers[i].jobs);
    }
}

static void jobs_of_many_producers_run_once_in_order(void **state)
{
    hand_off(1000000);
}

static void full_queue_refuses_and_recovers(void **state)
{
    hand_off(8);
}

struct counted {
    struct base_job job;
    int *runs;
};

static void run_counted(struct base_job *job)
{
    ++*BASE_CONTAINER_OF(job, struct counted, job)->runs;
}

static void capacity_bounds_posts_but_not_admitted_work(void **state)
{
    struct base_loop *loop = new_loop(2);
    int runs = 0;
    struct counted jobs[4];
    for (int i = 0; i < 4; i++)
        jobs[i] = (struct counted){.job.run = run_counted, .runs = &runs};
    assert_int_equal(base_loop_post(loop, &jobs[0].job), ERR_OK);
    assert_int_equal(base_loop_post(loop, &jobs[1].job), ERR_OK);
    assert_int_equal(base_loop_post(loop, &jobs[2].job), ERR_FULL);
    assert_int_equal(base_loop_queued(loop), 2);
    base_loop_post_admitted(loop, &jobs[3].job);
    assert_int_equal(base_loop_queued(loop), 3);
    base_loop_free(loop);
    assert_int_equal(runs, 3);
}

static void stop_runs_what_was_queued_before(void **state)
{
    struct base_loop *loop = new_loop(10);
    int runs = 0;
    struct counted job = {.job.run = run_counted, .runs = &runs};
    assert_int_equal(base_loop_post(loop, &job.job), ERR_OK);
    base_loop_stop(loop);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(runs, 1);
    assert_int_equal(base_loop_queued(loop), 0);
    // and it can be run again
    assert_int_equal(base_loop_post(loop, &job.job), ERR_OK);
    base_loop_stop(loop);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(runs, 2);
    base_loop_free(loop);
}

struct self_posting {
    struct base_job job;
    struct base_loop *loop;
    int left;
    enum err err_when_freeing;
};

static void run_self_posting(struct base_job *job)
{
    struct self_posting *s = BASE_CONTAINER_OF(job, struct self_posting, job);
    if (--s->left > 0)
        assert_int_equal(base_loop_post(s->loop, &s->job), ERR_OK);
    else
        base_loop_stop(s->loop);
}

static void job_may_post_itself_again(void **state)
{
    struct base_loop *loop = new_loop(1);
    struct self_posting s = {.job.run = run_self_posting, .loop = loop, .left = 1000};
    assert_int_equal(base_loop_post(loop, &s.job), ERR_OK);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(s.left, 0);
    base_loop_free(loop);
}

static void run_post_refused(struct base_job *job)
{
    struct self_posting *s = BASE_CONTAINER_OF(job, struct self_posting, job);
    assert_true(base_loop_is_current(s->loop));
    s->err_when_freeing = base_loop_post(s->loop, &s->job);
}

static void freeing_refuses_new_jobs(void **state)
{
    struct base_loop *loop = new_loop(10);
    struct self_posting s = {.job.run = run_post_refused, .loop = loop};
    assert_int_equal(base_loop_post(loop, &s.job), ERR_OK);
    base_loop_free(loop);
    assert_int_equal(s.err_when_freeing, ERR_SHUTDOWN);
    assert_null(base_loop_current());
}

static void run_freeing_itself(struct base_job *job)
{
    free(BASE_CONTAINER_OF(job, struct counted, job));
}

static void job_may_free_itself(void **state)
{
    struct base_loop *loop = new_loop(10);
    for (int i = 0; i < 3; i++) {
        struct counted *job = calloc(1, sizeof(*job));
        job->job.run = run_freeing_itself;
        assert_int_equal(base_loop_post(loop, &job->job), ERR_OK);
    }
    base_loop_free(loop);
}

struct inside {
    struct base_job job;
    struct base_loop *loop;
    enum err nested;
    int64_t now_first, now_second;
};

static void run_inside(struct base_job *job)
{
    struct inside *in = BASE_CONTAINER_OF(job, struct inside, job);
    assert_ptr_equal(base_loop_current(), in->loop);
    in->nested = base_loop_run(in->loop);
    in->now_first = base_loop_now_ns(in->loop);
    usleep(2000);
    in->now_second = base_loop_now_ns(in->loop);
    base_loop_stop(in->loop);
}

static void loop_knows_itself_and_its_time(void **state)
{
    struct base_loop *loop = new_loop(10);
    struct inside in = {.job.run = run_inside, .loop = loop};
    assert_string_equal(base_loop_name(loop), "test");
    assert_false(base_loop_is_current(loop));
    assert_int_equal(base_loop_post(loop, &in.job), ERR_OK);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(in.nested, ERR_WRONG_STATE);
    assert_true(in.now_first > 0);
    assert_true(in.now_first == in.now_second); // cached within a turn
    assert_true(base_loop_now_ns(loop) > in.now_second);
    base_loop_free(loop);
}

static void loop_starts_once(void **state)
{
    struct base_loop *loop = new_loop(10);
    assert_int_equal(base_loop_start(loop), ERR_OK);
    assert_int_equal(base_loop_start(loop), ERR_WRONG_STATE);
    base_loop_stop(loop);
    base_loop_join(loop);
    base_loop_join(loop); // idempotent
    base_loop_free(loop);
    base_loop_free(NULL);
}

// Two loops send one job to and fro: every wake-up counts.
struct ball {
    struct base_job job;
    struct base_loop *side[2];
    int passes;
};

static void run_ball(struct base_job *job)
{
    struct ball *ball = BASE_CONTAINER_OF(job, struct ball, job);
    if (++ball->passes == 2000) {
        base_loop_stop(ball->side[0]);
        base_loop_stop(ball->side[1]);
        return;
    }
    assert_int_equal(base_loop_post(ball->side[ball->passes % 2], job), ERR_OK);
}

static void no_wake_up_is_lost(void **state)
{
    struct ball ball = {.job.run = run_ball, .side = {new_loop(1), new_loop(1)}};
    assert_int_equal(base_loop_start(ball.side[0]), ERR_OK);
    assert_int_equal(base_loop_start(ball.side[1]), ERR_OK);
    assert_int_equal(base_loop_post(ball.side[0], &ball.job), ERR_OK);
    base_loop_join(ball.side[0]);
    base_loop_join(ball.side[1]);
    assert_int_equal(ball.passes, 2000);
    base_loop_free(ball.side[0]);
    base_loop_free(ball.side[1]);
}

// --- timers ---

struct alarm {
    struct base_timer timer;
    struct base_loop *loop;
    int fired, restart;
    int64_t at_ns;
    struct alarm *stops;
    bool ends;
};

static void on_alarm(struct base_timer *timer)
{
    struct alarm *a = BASE_CONTAINER_OF(timer, struct alarm, timer);
    a->fired++;
    a->at_ns = base_now_ns();
    assert_false(a->timer.armed);
    if (a->stops)
        base_timer_stop(&a->stops->timer);
    if (a->restart-- > 0)
        assert_int_equal(base_timer_start(&a->timer, 1), ERR_OK);
    else if (a->ends)
        base_loop_stop(a->loop);
}

static void init_alarm(struct alarm *a, struct base_loop *loop)
{
    *a = (struct alarm){.loop = loop};
    base_timer_init(&a->timer, loop, on_alarm);
}

static void timers_fire_once_in_order_and_not_early(void **state)
{
    static const int delays_ms[] = {30, 0, 10, 20, 5, -7};
    enum { N = sizeof(delays_ms) / sizeof(delays_ms[0]) };
    struct base_loop *loop = new_loop(1);
    struct alarm alarms[N], end;
    int64_t start_ns = base_now_ns();
    for (int i = 0; i < N; i++) {
        init_alarm(&alarms[i], loop);
        assert_int_equal(base_timer_start(&alarms[i].timer, delays_ms[i]), ERR_OK);
        assert_true(alarms[i].timer.armed);
    }
    init_alarm(&end, loop);
    end.ends = true;
    assert_int_equal(base_timer_start(&end.timer, 60), ERR_OK);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    for (int i = 0; i < N; i++) {
        assert_int_equal(alarms[i].fired, 1);
        assert_true(alarms[i].at_ns - start_ns >= delays_ms[i] * BASE_MS_NS);
    }
    base_loop_free(loop);
}

static void stopped_timer_does_not_fire(void **state)
{
    struct base_loop *loop = new_loop(1);
    struct alarm first, second, end;
    init_alarm(&first, loop);
    init_alarm(&second, loop);
    init_alarm(&end, loop);
    end.ends = true;
    first.stops = &second; // both expire in the same turn
    assert_int_equal(base_timer_start(&first.timer, 5), ERR_OK);
    assert_int_equal(base_timer_start(&second.timer, 6), ERR_OK);
    assert_int_equal(base_timer_start(&end.timer, 40), ERR_OK);
    usleep(10000);
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(first.fired, 1);
    assert_int_equal(second.fired, 0);
    base_timer_stop(&second.timer); // idempotent
    base_loop_free(loop);
}

static void timer_can_be_restarted_from_its_callback_and_before(void **state)
{
    struct base_loop *loop = new_loop(1);
    struct alarm again;
    init_alarm(&again, loop);
    again.restart = 3;
    again.ends = true;
    assert_int_equal(base_timer_start(&again.timer, 100000), ERR_OK);
    assert_int_equal(base_timer_start(&again.timer, 1), ERR_OK); // replaces the first
    assert_int_equal(base_loop_run(loop), ERR_OK);
    assert_int_equal(again.fired, 4);
    base_loop_free(loop);
}

static void absurd_delay_is_refused(void **state)
{
    struct base_loop *loop = new_loop(1);
    struct alarm a;
    init_alarm(&a, loop);
    assert_int_equal(base_timer_start(&a.timer, INT64_MAX), ERR_RANGE);
    assert_false(a.timer.armed);
    base_loop_free(loop);
}

static void deadlines_count_down(void **state)
{
    int64_t now = base_now_ns();
    assert_true(base_ms_until(now - BASE_S_NS) == 0);
    int64_t left = base_ms_until(now + 1000 * BASE_S_NS);
    assert_in_range(left, 900000, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_many_producers_run_once_in_order),
        cmocka_unit_test(full_queue_refuses_and_recovers),
        cmocka_unit_test(capacity_bounds_posts_but_not_admitted_work),
        cmocka_unit_test(stop_runs_what_was_queued_before),
        cmocka_unit_test(job_may_post_itself_again),
        cmocka_unit_test(freeing_refuses_new_jobs),
        cmocka_unit_test(job_may_free_itself),
        cmocka_unit_test(loop_knows_itself_and_its_time),
        cmocka_unit_test(loop_starts_once),
        cmocka_unit_test(no_wake_up_is_lost),
        cmocka_unit_test(timers_fire_once_in_order_and_not_early),
        cmocka_unit_test(stopped_timer_does_not_fire),
        cmocka_unit_test(timer_can_be_restarted_from_its_callback_and_before),
        cmocka_unit_test(absurd_delay_is_refused),
        cmocka_unit_test(deadlines_count_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
