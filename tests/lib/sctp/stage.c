// SPDX-License-Identifier: BSD-3-Clause
// Handlers that note what happens.
#include "stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum sct_backend backend = SCT_USER;
bool own_network;

struct base_loop *loop;
struct sct_stack *stack;

struct end client, server;
struct sct_listener *listener;

static void maybe_free(struct end *end, struct sct_assoc *assoc, char where)
{
    if (end->free_in != where)
        return;
    sct_free(assoc);
    if (end->assoc == assoc)
        end->assoc = NULL;
}

static void on_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
    struct end *end = arg;
    assert_true(base_loop_is_current(loop));
    end->ups += !restarted;
    end->restarts += restarted;
    maybe_free(end, assoc, 'u');
}

static void on_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    struct end *end = arg;
    assert_int_equal(sct_assoc_state(assoc), SCT_DOWN);
    end->downs++;
    end->why = why;
    maybe_free(end, assoc, 'd');
}

static void check_number(struct end *end, const struct sct_message *m)
{
    uint32_t number;
    if (!end->numbered || m->len < sizeof(number))
        return;
    memcpy(&number, m->data, sizeof(number));
    end->disorder += number != end->next[m->stream];
    end->next[m->stream] = number + 1;
}

static void on_message(struct sct_assoc *assoc, const struct sct_message *m, void *arg)
{
    struct end *end = arg;
    end->messages++;
    end->bytes += m->len;
    end->last_len = m->len;
    end->last_stream = m->stream;
    end->last_ppid = m->ppid;
    end->last_unordered = m->unordered;
    memcpy(end->last, m->data, m->len < sizeof(end->last) ? m->len : sizeof(end->last));
    check_number(end, m);
    if (end->echo) {
        enum err err = sct_send(assoc, m);
        assert_true(err == ERR_OK || err == ERR_CLOSED); // the other end may be closing
    }
    maybe_free(end, assoc, 'm');
}

static void on_path(struct sct_assoc *assoc, const struct sockaddr_storage *addr,
                    enum sct_path_state state, void *arg)
{
    struct end *end = arg;
    end->path_up += state == SCT_PATH_UP;
    end->path_down += state == SCT_PATH_DOWN;
    maybe_free(end, assoc, 'p');
}

static void on_failed(struct sct_assoc *assoc, const struct sct_message *m, void *arg)
{
    ((struct end *)arg)->failed++;
}

static void on_writable(struct sct_assoc *assoc, void *arg)
{
    ((struct end *)arg)->writable++;
}

const struct sct_handler handler = {.up = on_up, .down = on_down, .message = on_message,
                                           .path = on_path, .send_failed = on_failed,
                                           .writable = on_writable};

void on_accepted(struct sct_listener *l, struct sct_assoc *assoc, void *arg)
{
    struct end *end = arg;
    end->assoc = assoc;
    sct_set_handler(assoc, &handler, end);
}

// --- setting the stage ---

const char *const any_v4[1] = {"127.0.0.1"};

struct sct_options quick(void)
{
    struct sct_options o = sct_options_default;
    o.rto_initial = 100;
    o.rto_min = 50;
    o.rto_max = 200;
    o.heartbeat = 100;
    o.init_attempts = 20;
    o.path_max_retrans = 20;
    o.assoc_max_retrans = 40;
    o.peer_udp_port = UDP_PORT;
    return o;
}

struct sct_options hasty(void)
{
    struct sct_options o = quick();
    o.init_attempts = 2;
    o.path_max_retrans = 2;
    o.assoc_max_retrans = 4;
    return o;
}

int begin(void **state)
{
    const struct sct_stack_conf conf = {.backend = backend,
                                        .udp_port = backend == SCT_USER ? UDP_PORT : 0};
    memset(&client, 0, sizeof(client));
    memset(&server, 0, sizeof(server));
    listener = NULL;
    if (base_loop_new("sctp", 64, &loop) != ERR_OK)
        return -1;
    enum err err = sct_stack_new(loop, &conf, &stack);
    if (err) {
        print_error("stack %s: %s\n", sct_backend_name(backend), err_str(err));
        return -1;
    }
    return 0;
}

int end(void **state)
{
    sct_abort(client.assoc);
    sct_abort(server.assoc);
    sct_listener_free(listener);
    if (own_network)
        world_restore();
    sct_stack_free(stack);
    base_loop_free(loop);
    return 0;
}

void listen_on(const char *const *texts, size_t n, const struct sct_options *o)
{
    struct sct_addrs addrs;
    assert_int_equal(sct_addrs_parse(texts, n, PORT, &addrs), ERR_OK);
    assert_int_equal(sct_listen(stack, o, &addrs, on_accepted, &server, &listener), ERR_OK);
}

void connect_to(const char *const *local, size_t n_local, const char *const *remote,
                size_t n_remote, const struct sct_options *o)
{
    struct sct_addrs from, to;
    assert_int_equal(sct_addrs_parse(local, n_local, 0, &from), ERR_OK);
    assert_int_equal(sct_addrs_parse(remote, n_remote, PORT, &to), ERR_OK);
    assert_int_equal(sct_connect(stack, o, n_local ? &from : NULL, &to, &handler, &client,
                                 &client.assoc), ERR_OK);
    assert_int_equal(client.ups + client.downs, 0); // never within the call
}

bool both_up(void *arg)
{
    return client.ups > 0 && server.ups > 0;
}

bool client_down(void *arg)
{
    return client.downs > 0;
}

bool both_down(void *arg)
{
    return client.downs > 0 && server.downs > 0;
}

static bool got_messages(void *arg)
{
    return server.messages >= *(int *)arg;
}

void server_gets(int n)
{
    if (!world_run(loop, got_messages, &n, 4 * SOON))
        fail_msg("%d messages of %d", server.messages, n);
}

struct count {
    const int *counter;
    int n;
};

static bool has_count(void *arg)
{
    const struct count *count = arg;
    return *count->counter >= count->n;
}

bool reaches(const int *counter, int n)
{
    return world_run(loop, has_count, &(struct count){counter, n}, SOON);
}

void a_pair(void)
{
    struct sct_options o = quick();
    listen_on(any_v4, 1, &o);
    connect_to(NULL, 0, any_v4, 1, &o);
    assert_true(world_run(loop, both_up, NULL, SOON));
}

enum err say(struct end *from, uint16_t stream, const char *text)
{
    const struct sct_message m = {.data = (const uint8_t *)text, .len = strlen(text),
                                  .stream = stream, .ppid = 46};
    return sct_send(from->assoc, &m);
}

#ifdef __SANITIZE_THREAD__
// libusrsctp ends its iterator thread without joining it.
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_thread_leaks=0";
}
#endif
