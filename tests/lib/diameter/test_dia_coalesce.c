// SPDX-License-Identifier: BSD-3-Clause
// Bytes of many messages in one system call: nothing lost, doubled or out of order, errors reach
// the thread that must know, and only the threads meant buffer at all.
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diameter/interpose.h"

#define CNX ((struct cnxctx *)&wire)

static struct {
    uint8_t out[256 * 1024];
    size_t n_out, writes;
    int fails; // errno of every write, 0: none
    const uint8_t *in;
    size_t n_in, at, piece, reads;
} wire;

static int write_wire(struct cnxctx *cnx, uint8_t *data, size_t len)
{
    assert_ptr_equal(cnx, CNX);
    wire.writes++;
    if (wire.fails)
        return wire.fails;
    memcpy(wire.out + wire.n_out, data, len);
    wire.n_out += len;
    return 0;
}

static ssize_t read_wire(struct cnxctx *cnx, void *into, size_t len)
{
    size_t n = wire.n_in - wire.at;
    wire.reads++;
    if (n > wire.piece)
        n = wire.piece;
    if (n > len)
        n = len;
    memcpy(into, wire.in + wire.at, n);
    wire.at += n;
    return (ssize_t)n;
}

static int send_bytes(const char *text, int protocol)
{
    return dia_coalesce_write(write_wire, CNX, protocol, (uint8_t *)(uintptr_t)text, strlen(text));
}

struct in_thread {
    const char *name;
    void (*run)(void);
};

static void *run_thread(void *arg)
{
    const struct in_thread *t = arg;
    dia_coalesce_thread(t->name);
    t->run();
    return NULL;
}

// A thread of the library, by the name that the library gives it.
static void in_thread(const char *name, void (*run)(void))
{
    struct in_thread t = {.name = name, .run = run};
    pthread_t thread;
    memset(&wire, 0, sizeof(wire));
    assert_int_equal(pthread_create(&thread, NULL, run_thread, &t), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void three_messages(void)
{
    assert_int_equal(send_bytes("one ", IPPROTO_TCP), 0);
    assert_int_equal(send_bytes("two ", IPPROTO_TCP), 0);
    assert_int_equal(send_bytes("three", IPPROTO_TCP), 0);
}

static void expect_three(size_t writes)
{
    assert_int_equal(wire.writes, writes);
    assert_int_equal(wire.n_out, 13);
    assert_memory_equal(wire.out, "one two three", 13);
}

static void sender(void)
{
    three_messages();
    assert_int_equal(wire.writes, 0);
    assert_true(dia_coalesce_pending());
    assert_int_equal(dia_coalesce_flush(write_wire), 0);
    assert_false(dia_coalesce_pending());
    expect_three(1);
    assert_int_equal(dia_coalesce_flush(write_wire), 0); // nothing twice
    expect_three(1);
}

static void one_write_for_what_waits(void **state)
{
    in_thread("OUT/hss.example.org", sender);
}

static void other_thread(void)
{
    three_messages();
    assert_false(dia_coalesce_pending());
    expect_three(3);
}

static void other_threads_write_at_once(void **state)
{
    in_thread("PSM/hss.example.org", other_thread);
    in_thread("Receiver (7) TCP/noTLS)", other_thread);
}

static void sctp(void)
{
    assert_int_equal(send_bytes("one ", IPPROTO_SCTP), 0);
    assert_int_equal(send_bytes("two ", IPPROTO_SCTP), 0);
    assert_int_equal(wire.writes, 2);
}

static void a_message_of_sctp_stays_alone(void **state)
{
    in_thread("OUT/hss.example.org", sctp);
}

static void more_than_fits(void)
{
    enum { MESSAGES = 100, LEN = 1500 };
    static uint8_t message[LEN];
    for (int i = 0; i < MESSAGES; i++) {
        memset(message, i, LEN);
        assert_int_equal(dia_coalesce_write(write_wire, CNX, IPPROTO_TCP, message, LEN), 0);
    }
    assert_int_equal(dia_coalesce_flush(write_wire), 0);
    assert_int_equal(wire.n_out, MESSAGES * LEN);
    for (int i = 0; i < MESSAGES * LEN; i++)
        assert_int_equal(wire.out[i], i / LEN);
    assert_in_range(wire.writes, 2, 5);
}

static void one_huge(void)
{
    static uint8_t huge[100 * 1024];
    assert_int_equal(send_bytes("before", IPPROTO_TCP), 0);
    memset(huge, 'h', sizeof(huge));
    assert_int_equal(dia_coalesce_write(write_wire, CNX, IPPROTO_TCP, huge, sizeof(huge)), 0);
    assert_int_equal(wire.n_out, 6 + sizeof(huge)); // in order, nothing kept
    assert_memory_equal(wire.out, "beforehhh", 9);
    assert_false(dia_coalesce_pending());
}

static void order_beyond_the_buffer(void **state)
{
    in_thread("OUT/hss.example.org", more_than_fits);
    in_thread("OUT/hss.example.org", one_huge);
}

static void broken(void)
{
    assert_int_equal(send_bytes("lost", IPPROTO_TCP), 0);
    wire.fails = ENOTCONN;
    assert_int_equal(dia_coalesce_flush(write_wire), ENOTCONN);
    assert_false(dia_coalesce_pending()); // the connection is over: no second error
}

static void the_error_of_a_write_is_told(void **state)
{
    in_thread("OUT/hss.example.org", broken);
}

static void receiver(void)
{
    static const uint8_t stream[] = "....first....second....third";
    static const size_t asks[] = {4, 5, 4, 6, 4, 5};
    uint8_t got[sizeof(stream)];
    size_t n = 0;
    wire.in = stream;
    wire.n_in = sizeof(stream) - 1;
    wire.piece = 20;
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        for (size_t left = asks[i]; left > 0;) {
            ssize_t r = dia_coalesce_read(read_wire, CNX, got + n, left);
            assert_true(r > 0);
            left -= (size_t)r;
            n += (size_t)r;
        }
    }
    assert_memory_equal(got, stream, wire.n_in);
    assert_int_equal(wire.reads, 2);
    assert_int_equal(dia_coalesce_read(read_wire, CNX, got, 4), 0); // the end of the stream
}

static void one_read_for_what_has_come(void **state)
{
    in_thread("Receiver (7) TCP/noTLS)", receiver);
}

static void tls_receiver(void)
{
    static const uint8_t stream[] = "0123456789";
    uint8_t got[5];
    wire.in = stream;
    wire.n_in = sizeof(stream);
    wire.piece = sizeof(stream);
    assert_int_equal(dia_coalesce_read(read_wire, CNX, got, 5), 5);
    assert_int_equal(wire.at, 5); // not a byte more than asked for
}

static void tls_reads_for_itself(void **state)
{
    in_thread("Receiver (7) TLS/single stream", tls_receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_write_for_what_waits),
        cmocka_unit_test(other_threads_write_at_once),
        cmocka_unit_test(a_message_of_sctp_stays_alone),
        cmocka_unit_test(order_beyond_the_buffer),
        cmocka_unit_test(the_error_of_a_write_is_told),
        cmocka_unit_test(one_read_for_what_has_come),
        cmocka_unit_test(tls_reads_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
