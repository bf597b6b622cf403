// SPDX-License-Identifier: BSD-3-Clause
// A client that sends its first request together with the end of the TLS handshake. Not for who
// gets in (test_tls.c).
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "fake_gateway.h"
#include "frames.h"
#include "rpc/status.h"

struct eager {
    SSL *ssl;
    struct heard heard;
};

static bool is_answered(void *arg)
{
    struct eager *eager = arg;
    uint8_t buf[1024];
    for (int n; (n = SSL_read(eager->ssl, buf, sizeof(buf))) > 0;)
        heard_feed(&eager->heard, buf, (size_t)n);
    return eager->heard.stream[1].ended;
}

static void flush(BIO *from, int fd)
{
    char *data;
    long n = BIO_get_mem_data(from, &data);
    if (n > 0)
        rig_write(fd, data, (size_t)n);
    assert_int_equal(BIO_reset(from), 1);
}

// All of it may come with one read, and nothing more before the answer.
static void test_request_with_the_end_of_the_handshake(void **state)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    struct world world;
    struct rpc_channel_config files = {0};
    struct eager eager;
    struct bytes out = {0};
    world_up(&world, &(struct rpc_tunnel_config){0});
    world_client_tls(&files, "gw1");
    heard_init(&eager.heard);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION), 1);
    assert_int_equal(SSL_CTX_use_certificate_file(ctx, files.certificate, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, files.key, SSL_FILETYPE_PEM), 1);
    SSL *ssl = eager.ssl = SSL_new(ctx);
    int fd = rig_socket(&world.rig);
    BIO *sent = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new_socket(fd, BIO_NOCLOSE), sent);
    SSL_set_alpn_protos(ssl, h2, sizeof(h2));
    for (int rv; (rv = SSL_connect(ssl)) != 1; rig_run(&world.rig, 2)) {
        assert_int_equal(SSL_get_error(ssl, rv), SSL_ERROR_WANT_READ);
        flush(sent, fd);
    }
    put_greeting(&out);
    put_request(&out, 1, "/t.T/Nothing", false);
    put_message(&out, 1, "", 0, true);
    assert_int_equal(SSL_write(ssl, out.data, (int)out.len), out.len);
    flush(sent, fd);
    assert_true(rig_until(&world.rig, is_answered, &eager));
    assert_int_equal(eager.heard.stream[1].grpc_status, RPC_UNIMPLEMENTED);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    heard_free(&eager.heard);
    bytes_free(&out);
    world_down(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_with_the_end_of_the_handshake),
    };
    return cmocka_run_group_tests(tests, world_pki, world_pki_remove);
}
