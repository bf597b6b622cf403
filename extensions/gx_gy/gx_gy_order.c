// SPDX-License-Identifier: BSD-3-Clause
// One request of a session at a time, in the order in which they came, across all loops. Only what
// is in flight is here; nothing is allocated. Not for deadlines: who waited too long finds out when
// its turn comes.
#include <pthread.h>

#include "extensions/gx_gy/gx_gy.h"

enum { BUCKETS = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gxgy_turn *buckets[BUCKETS];

static struct gxgy_turn **bucket_of(uint64_t key)
{
    return &buckets[key % BUCKETS];
}

static void on_turn(struct base_job *job)
{
    struct gxgy_turn *turn = BASE_CONTAINER_OF(job, struct gxgy_turn, job);
    turn->run(turn);
}

bool gxgy_turn_take(struct gxgy_turn *turn, uint64_t key, struct base_loop *loop,
                    void (*run)(struct gxgy_turn *turn))
{
    *turn = (struct gxgy_turn){.key = key, .loop = loop, .job = {.run = on_turn}, .run = run};
    pthread_mutex_lock(&mutex);
    struct gxgy_turn **bucket = bucket_of(key), *active = *bucket;
    while (active && active->key != key)
        active = active->next;
    if (active) {
        *active->tail = turn;
        active->tail = &turn->next;
    } else {
        turn->tail = &turn->waiting;
        turn->next = *bucket;
        *bucket = turn;
    }
    pthread_mutex_unlock(&mutex);
    return !active;
}

void gxgy_turn_end(struct gxgy_turn *turn)
{
    pthread_mutex_lock(&mutex);
    struct gxgy_turn **at = bucket_of(turn->key), *heir = turn->waiting;
    while (*at != turn)
        at = &(*at)->next;
    if (heir) { // takes the place of the active one, with those behind it
        heir->waiting = heir->next;
        heir->tail = heir->waiting ? turn->tail : &heir->waiting;
        heir->next = turn->next;
        *at = heir;
    } else {
        *at = turn->next;
    }
    pthread_mutex_unlock(&mutex);
    if (heir)
        base_loop_post_admitted(heir->loop, &heir->job);
}

uint64_t gxgy_turn_key(const char *session_id)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (; *session_id; session_id++)
        hash = (hash ^ (unsigned char)*session_id) * 1099511628211u;
    return hash;
}
