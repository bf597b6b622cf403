// SPDX-License-Identifier: BSD-3-Clause
// Mutual TLS: who gets in, under which identity, what happens to the others, reload, front proxies.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "frames.h"
#include "pki.h"
#include "rig.h"
#include "rpc/metrics.h"

static char dir[64];
static struct pki_ca *ca, *other_ca;

static const char *file(const char *name)
{
    static char paths[8][128];
    static unsigned at;
    char *path = paths[at++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

// ---- a server that answers with the caller's identity ----

struct site {
    struct rig rig;
    int admit_calls;
    const char *refuse; // identity that is not admitted
};

static void who(struct rpc_call *call, void *ctx)
{
    const char *id = rpc_call_gateway(call);
    rpc_call_reply(call, RPC_OK, NULL, (const uint8_t *)id, strlen(id));
}

static enum err admit(void *ctx, const char *peer_cn)
{
    struct site *site = ctx;
    site->admit_calls++;
    return site->refuse && strcmp(site->refuse, peer_cn) == 0 ? ERR_DENIED : ERR_OK;
}

static void site_up(struct site *site, const struct rpc_server_config *given)
{
    static const struct rpc_method method = {.path = "/t.T/Who", .unary = who};
    struct rpc_listen listen = {.address = "127.0.0.1"};
    struct rpc_server_config config = given ? *given : (struct rpc_server_config){0};
    if (!config.listens) {
        config.listens = &listen;
        config.n_listens = 1;
    }
    if (!config.tls.certificate && !config.listens->cleartext) {
        config.tls.certificate = file("server.crt");
        config.tls.key = file("server.key");
        config.tls.client_ca = file("ca.crt");
    }
    config.admit = admit;
    config.admit_ctx = site;
    const char *refuse = site->refuse;
    memset(site, 0, sizeof(*site));
    site->refuse = refuse;
    rig_loop(&site->rig);
    rig_server(&site->rig, &config);
    rig_add(&site->rig, &method);
    rig_start(&site->rig);
}

static struct rpc_channel *client(struct site *site, const char *name, const char *server_name)
{
    char certificate[160] = "", key[160] = "";
    if (name) {
        snprintf(certificate, sizeof(certificate), "%s/%s.crt", dir, name);
        snprintf(key, sizeof(key), "%s/%s.key", dir, name);
    }
    struct rpc_channel_config config = {
        .tls = true,
        .ca = file("ca.crt"),
        .certificate = name ? certificate : NULL,
        .key = name ? key : NULL,
        .server_name = server_name,
    };
    return rig_channel(&site->rig, &config);
}

static uint64_t failures(const char *side, const char *reason)
{
    return metric_read(METRIC_CELL(&rpc_m_tls_failures, side, reason));
}

// ---- client certificates ----

static void test_client_certificates(void **state)
{
    static const struct {
        const char *client; // NULL: no certificate
        int status;
        const char *identity;
        const char *reason; // of the failure, counted by the server
    } rows[] = {
        {"gw1", RPC_OK, "gw1", NULL},
        {"san", RPC_OK, "gw-san.test", NULL},       // no CN: first DNS name
        {"both", RPC_OK, "gw-cn", NULL},            // CN before DNS name
        {NULL, RPC_UNAVAILABLE, NULL, "no_certificate"},
        {"expired", RPC_UNAVAILABLE, NULL, "expired"},
        {"future", RPC_UNAVAILABLE, NULL, "not_yet_valid"},
        {"stranger", RPC_UNAVAILABLE, NULL, "unknown_ca"},
        {"nameless", RPC_UNAUTHENTICATED, NULL, NULL},
        {"spaced", RPC_UNAUTHENTICATED, NULL, NULL}, // a name we would not log
        {"denied", RPC_PERMISSION_DENIED, NULL, NULL},
    };
    struct site site = {.refuse = "denied"};
    site_up(&site, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig_answer answer;
        uint64_t before = rows[i].reason ? failures("server", rows[i].reason) : 0;
        struct rpc_channel *channel = client(&site, rows[i].client, "localhost");
        rig_ask(&site.rig, channel, "/t.T/Who", "", &answer);
        if (answer.status != rows[i].status)
            fail_msg("%s: status %d \"%s\"", rows[i].client, answer.status, answer.message);
        if (rows[i].identity) {
            assert_int_equal(answer.len, strlen(rows[i].identity));
            assert_memory_equal(answer.payload, rows[i].identity, answer.len);
        }
        rpc_channel_free(channel);
        rig_run(&site.rig, 20);
        if (rows[i].reason && failures("server", rows[i].reason) != before + 1)
            fail_msg("%s: not counted as %s", rows[i].client ? rows[i].client : "none",
                     rows[i].reason);
    }
    rig_free(&site.rig);
}

static void test_admission_is_asked_once_per_connection(void **state)
{
    struct site site = {0};
    struct rig_answer answer;
    site_up(&site, NULL);
    struct rpc_channel *channel = client(&site, "gw1", "localhost");
    for (int i = 0; i < 5; i++) {
        rig_ask(&site.rig, channel, "/t.T/Who", "", &answer);
        assert_int_equal(answer.status, RPC_OK);
    }
    assert_int_equal(site.admit_calls, 1);
    rpc_channel_free(channel);
    rig_free(&site.rig);
}

static void test_anonymous_over_tls(void **state)
{
    struct site site = {0};
    struct rig_answer answer;
    struct rpc_server_config config = {
        .tls = {.certificate = file("server.crt"), .key = file("server.key")},
        .allow_anonymous = true,
    };
    site_up(&site, &config);
    struct rpc_channel *channel = client(&site, NULL, "localhost");
    rig_ask(&site.rig, channel, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(answer.len, 0);
    rpc_channel_free(channel);
    rig_free(&site.rig);

    config.allow_anonymous = false;
    site_up(&site, &config);
    channel = client(&site, NULL, "localhost");
    rig_ask(&site.rig, channel, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_UNAUTHENTICATED);
    rpc_channel_free(channel);
    rig_free(&site.rig);
}

static void test_revoked_client(void **state)
{
    struct site site = {0};
    struct rig_answer answer;
    struct rpc_server_config config = {
        .tls = {.certificate = file("server.crt"), .key = file("server.key"),
                .client_ca = file("ca.crt"), .crl = file("revoked.crl")},
    };
    pki_crl_write(ca, 77, dir, "revoked");
    site_up(&site, &config);
    uint64_t before = failures("server", "revoked");
    struct rpc_channel *bad = client(&site, "revoked", "localhost");
    struct rpc_channel *good = client(&site, "gw1", "localhost");
    rig_ask(&site.rig, bad, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    assert_int_equal(failures("server", "revoked"), before + 1); // later it tries again
    rig_ask(&site.rig, good, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rpc_channel_free(bad);
    rpc_channel_free(good);
    rig_free(&site.rig);
}

// ---- the server's certificate, as a client sees it ----

static void test_client_checks_the_server(void **state)
{
    static const struct {
        const char *server_name;
        bool other_ca;
        int status;
    } rows[] = {
        {"localhost", false, RPC_OK},         {"127.0.0.1", false, RPC_OK},
        {"wrong.test", false, RPC_UNAVAILABLE}, {"127.0.0.2", false, RPC_UNAVAILABLE},
        {"localhost", true, RPC_UNAVAILABLE},
    };
    struct site site = {0};
    site_up(&site, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig_answer answer;
        struct rpc_channel_config config = {
            .tls = true,
            .ca = file(rows[i].other_ca ? "other.crt" : "ca.crt"),
            .certificate = file("gw1.crt"),
            .key = file("gw1.key"),
            .server_name = rows[i].server_name,
        };
        struct rpc_channel *channel = rig_channel(&site.rig, &config);
        rig_ask(&site.rig, channel, "/t.T/Who", "", &answer);
        if (answer.status != rows[i].status)
            fail_msg("%s: %d %s", rows[i].server_name, answer.status, answer.message);
        rpc_channel_free(channel);
    }
    assert_true(failures("client", "wrong_name") >= 2);
    assert_true(failures("client", "unknown_ca") >= 1);
    rig_free(&site.rig);
}

// ---- protocol versions and ALPN, with a bare OpenSSL client ----

static const char *handshake(struct site *site, int version, const unsigned char *alpn,
                             unsigned alpn_len)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    static const char *result;
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_use_certificate_file(ctx, file("gw1.crt"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, file("gw1.key"), SSL_FILETYPE_PEM), 1);
    SSL *ssl = SSL_new(ctx);
    int fd = rig_socket(&site->rig);
    SSL_set_fd(ssl, fd);
    if (alpn)
        SSL_set_alpn_protos(ssl, alpn, alpn_len);
    result = "pending";
    for (int i = 0; i < 10000 && strcmp(result, "pending") == 0; i++) {
        char byte;
        rig_run(&site->rig, 2);
        int rv = SSL_connect(ssl);
        // the server's refusal may come after its part of a TLS 1.3 handshake
        if (rv == 1)
            rv = SSL_read(ssl, &byte, 1);
        int error = SSL_get_error(ssl, rv);
        if (rv == 1)
            result = "up";
        else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            result = "refused";
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    rig_run(&site->rig, 10);
    return result;
}

static void test_versions_and_alpn(void **state)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    static const unsigned char http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    struct site site = {0};
    site_up(&site, NULL);
    assert_string_equal(handshake(&site, TLS1_3_VERSION, h2, sizeof(h2)), "up");
    assert_string_equal(handshake(&site, TLS1_2_VERSION, h2, sizeof(h2)), "up");
    assert_string_equal(handshake(&site, TLS1_1_VERSION, h2, sizeof(h2)), "refused");
    uint64_t before = failures("server", "no_alpn");
    assert_string_equal(handshake(&site, TLS1_3_VERSION, http11, sizeof(http11)), "refused");
    assert_string_equal(handshake(&site, TLS1_3_VERSION, NULL, 0), "refused");
    assert_int_equal(failures("server", "no_alpn"), before + 2);
    rig_free(&site.rig);

    struct rpc_server_config config = {
        .tls = {.certificate = file("server.crt"), .key = file("server.key"),
                .client_ca = file("ca.crt"), .min_version = "1.3"}};
    site_up(&site, &config);
    assert_string_equal(handshake(&site, TLS1_2_VERSION, h2, sizeof(h2)), "refused");
    assert_string_equal(handshake(&site, TLS1_3_VERSION, h2, sizeof(h2)), "up");
    rig_free(&site.rig);
}

static void big(struct rpc_call *call, void *ctx)
{
    static const uint8_t answer[1 << 20];
    rpc_call_reply(call, RPC_OK, NULL, answer, sizeof(answer));
}

static int ssl_wait(struct site *site, SSL *ssl, int rv)
{
    int error = SSL_get_error(ssl, rv);
    assert_true(error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE);
    rig_run(&site->rig, 2);
    return 0;
}

// The beginning of a connection that has room for every answer.
static void put_big_calls(struct bytes *b, uint32_t calls)
{
    bytes_add(b, PREFACE, PREFACE_LEN);
    put_frame(b, SETTINGS, 0, 0, "\0\4\x7f\xff\xff\xff", 6);
    put_frame(b, WINDOW_UPDATE, 0, 0, "\x7f\xfe\0\0", 4);
    for (uint32_t id = 1; id < 2 * calls; id += 2) {
        put_request(b, id, "/t.T/Big", false);
        put_message(b, id, "x", 1, true);
    }
}

// A client over TLS that lets the server's buffers fill up before it reads: nothing is lost.
static void test_slow_reader_gets_everything(void **state)
{
    enum { CALLS = 24 };
    static const unsigned char h2[] = {2, 'h', '2'};
    static uint8_t buf[1 << 14];
    struct site site = {0};
    struct bytes b = {0};
    struct heard *heard = malloc(sizeof(*heard));
    struct rpc_listen listen = {.address = "127.0.0.1"};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .allow_anonymous = true,
        .limits = {.max_buffered = 32 << 20, .handshake_ms = RIG_LONG_MS},
        .tls = {.certificate = file("server.crt"), .key = file("server.key")}};
    struct rpc_method method = {.path = "/t.T/Big", .unary = big};
    int fd, rv;
    rig_loop(&site.rig);
    rig_server(&site.rig, &config);
    rig_add(&site.rig, &method);
    rig_start(&site.rig);
    heard_init(heard);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd = rig_socket(&site.rig));
    SSL_set_alpn_protos(ssl, h2, sizeof(h2));
    for (; (rv = SSL_connect(ssl)) != 1; ssl_wait(&site, ssl, rv)) {}
    put_big_calls(&b, CALLS);
    assert_int_equal(SSL_write(ssl, b.data, (int)b.len), b.len);
    rig_run(&site.rig, 100); // the kernel's buffers fill up, some 10 MiB at most
    for (int i = 0; i < 20000 && heard->stream[2 * CALLS - 1].grpc_status < 0; i++) {
        rv = SSL_read(ssl, buf, sizeof(buf));
        if (rv > 0)
            heard_feed(heard, buf, (size_t)rv);
        else
            ssl_wait(&site, ssl, rv);
    }
    for (uint32_t id = 1; id < 2 * CALLS; id += 2) {
        assert_int_equal(heard->stream[id].grpc_status, 0);
        assert_int_equal(heard->stream[id].body_len, (1 << 20) + 5);
    }
    // and the server's end comes with a proper TLS close
    b.len = 0;
    for (int i = 0; i < 300; i++)
        put_frame(&b, PING, 0, 0, "12345678", 8);
    assert_int_equal(SSL_write(ssl, b.data, (int)b.len), b.len);
    for (int i = 0; i < 10000; i++) {
        rig_run(&site.rig, 2);
        rv = SSL_read(ssl, buf, sizeof(buf));
        if (rv <= 0 && SSL_get_error(ssl, rv) == SSL_ERROR_ZERO_RETURN)
            break;
    }
    assert_int_equal(SSL_get_shutdown(ssl), SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    heard_free(heard);
    free(heard);
    bytes_free(&b);
    rig_free(&site.rig);
}

// Bytes that are no TLS record, in the middle of a session.
static void test_broken_record(void **state)
{
    struct site site = {0};
    static const unsigned char h2[] = {2, 'h', '2'};
    struct rpc_server_config config = {
        .tls = {.certificate = file("server.crt"), .key = file("server.key")}};
    uint8_t buf[256];
    bool closed;
    int rv;
    site_up(&site, &config);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    int fd = rig_socket(&site.rig);
    SSL_set_fd(ssl, fd);
    SSL_set_alpn_protos(ssl, h2, sizeof(h2));
    while ((rv = SSL_connect(ssl)) != 1)
        ssl_wait(&site, ssl, rv);
    assert_int_equal(SSL_write(ssl, PREFACE, PREFACE_LEN), PREFACE_LEN);
    rig_write(fd, "\x17\x03\x03\0\x20 this is not what was encrypted ", 37);
    rig_read(&site.rig, fd, buf, sizeof(buf), 30000, &closed);
    rig_read(&site.rig, fd, buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    rig_free(&site.rig);
}

static void test_cleartext_on_a_tls_port(void **state)
{
    struct site site = {0};
    uint8_t buf[512];
    bool closed;
    site_up(&site, NULL);
    uint64_t before = failures("server", "not_tls");
    int fd = rig_socket(&site.rig);
    rig_write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    rig_read(&site.rig, fd, buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    assert_int_equal(failures("server", "not_tls"), before + 1);
    close(fd);
    rig_free(&site.rig);
}

static void test_slow_handshake_is_cut_off(void **state)
{
    struct site site = {0};
    uint8_t buf[64];
    bool closed;
    struct rpc_server_config config = {.limits = {.handshake_ms = 100}};
    site_up(&site, &config);
    uint64_t before = failures("server", "handshake_timeout");
    int fd = rig_socket(&site.rig);
    rig_write(fd, "\x16\x03\x01", 3);
    rig_read(&site.rig, fd, buf, sizeof(buf), 30000, &closed);
    assert_true(closed);
    assert_int_equal(failures("server", "handshake_timeout"), before + 1);
    close(fd);
    rig_free(&site.rig);
}

// ---- reload ----

static void copy(const char *from, const char *to)
{
    char buf[8192];
    FILE *in = fopen(file(from), "r"), *out = fopen(file(to), "w");
    assert_true(in && out);
    size_t n = fread(buf, 1, sizeof(buf), in);
    assert_int_equal(fwrite(buf, 1, n, out), n);
    fclose(in);
    fclose(out);
}

static void test_reload(void **state)
{
    struct site site = {0};
    struct rig_answer answer;
    copy("server.crt", "live.crt");
    copy("server.key", "live.key");
    copy("ca.crt", "live-ca.crt");
    struct rpc_server_config config = {
        .tls = {.certificate = file("live.crt"), .key = file("live.key"),
                .client_ca = file("live-ca.crt")}};
    site_up(&site, &config);
    struct rpc_channel *old = client(&site, "gw1", "localhost");
    rig_ask(&site.rig, old, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);

    // another CA from now on: new connections need it, the old one stays
    copy("other.crt", "live-ca.crt");
    assert_int_equal(rpc_server_reload_tls(site.rig.server), ERR_OK);
    struct rpc_channel *refused = client(&site, "gw1", "localhost");
    rig_ask(&site.rig, refused, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    struct rpc_channel *admitted = client(&site, "stranger", "localhost");
    rig_ask(&site.rig, admitted, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rig_ask(&site.rig, old, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);

    // a broken file changes nothing
    copy("gw1.key", "live.key");
    assert_int_equal(rpc_server_reload_tls(site.rig.server), ERR_RPC_TLS);
    copy("ca.crt", "live.key");
    assert_int_equal(rpc_server_reload_tls(site.rig.server), ERR_RPC_TLS);
    struct rpc_channel *again = client(&site, "stranger", "localhost");
    rig_ask(&site.rig, again, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);

    rpc_channel_free(old);
    rpc_channel_free(refused);
    rpc_channel_free(admitted);
    rpc_channel_free(again);
    rig_free(&site.rig);
}

// ---- connections that exist, after something changed ----

static void never(struct rpc_call *call, void *ctx)
{
    *(struct rpc_call **)ctx = call; // answered by the test, at last
}

#define EVICTED METRIC_CELL(&rpc_m_ended, "no_longer_admitted")

static bool is_held(void *arg)
{
    return *(struct rpc_call **)arg != NULL;
}

static void test_a_gateway_locked_out_loses_its_connection(void **state)
{
    struct site site = {0};
    struct rig_answer answer, pending = {0};
    struct rpc_call *held = NULL;
    const struct rpc_method method = {.path = "/t.T/Never", .unary = never, .ctx = &held};
    struct rpc_listen listen = {.address = "127.0.0.1"};
    struct rpc_server_config config = {
        .listens = &listen, .n_listens = 1, .admit = admit, .admit_ctx = &site,
        .tls = {.certificate = file("server.crt"), .key = file("server.key"),
                .client_ca = file("ca.crt")}};
    rig_loop(&site.rig);
    rig_server(&site.rig, &config);
    rig_add(&site.rig, &method);
    rig_add(&site.rig, &(struct rpc_method){.path = "/t.T/Who", .unary = who});
    rig_start(&site.rig);
    struct rpc_channel *out = client(&site, "denied", "localhost");
    struct rpc_channel *stays = client(&site, "gw1", "localhost");
    rig_ask(&site.rig, stays, "/t.T/Who", "", &answer);
    rig_call(out, "/t.T/Never", "", 0, 60000, &pending);
    assert_true(rig_until(&site.rig, is_held, &held));

    uint64_t before = metric_read(EVICTED);
    rpc_server_recheck(site.rig.server); // nothing has changed
    rig_run(&site.rig, 50);
    assert_int_equal(pending.n, 0);
    assert_int_equal(metric_read(EVICTED), before);

    site.refuse = "denied";
    rpc_server_recheck(site.rig.server);
    rpc_server_recheck(site.rig.server); // twice does no harm
    assert_true(rig_until_n(&site.rig, &pending.n, 1));
    assert_int_equal(pending.status, RPC_PERMISSION_DENIED);
    assert_true(rig_until_metric(&site.rig, EVICTED, before + 1));
    rpc_call_reply(held, RPC_OK, NULL, NULL, 0); // late: nobody sees it
    rpc_channel_free(out);
    out = client(&site, "denied", "localhost");
    rig_ask(&site.rig, out, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_PERMISSION_DENIED);

    // admitted again, the connection that was refused meanwhile is good too
    site.refuse = NULL;
    rpc_server_recheck(site.rig.server);
    rig_run(&site.rig, 50);
    rig_ask(&site.rig, out, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rig_ask(&site.rig, stays, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(metric_read(EVICTED), before + 1);
    rpc_channel_free(out);
    rpc_channel_free(stays);
    rig_free(&site.rig);
}

static void test_a_revoked_certificate_loses_its_connection(void **state)
{
    struct site site = {0};
    struct rig_answer answer;
    struct rpc_server_config config = {
        .tls = {.certificate = file("server.crt"), .key = file("server.key"),
                .client_ca = file("ca.crt"), .crl = file("live.crl")}};
    pki_crl_write(ca, 0, dir, "live");
    site_up(&site, &config);
    struct rpc_channel *bad = client(&site, "revoked", "localhost");
    struct rpc_channel *good = client(&site, "gw1", "localhost");
    rig_ask(&site.rig, bad, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    rig_ask(&site.rig, good, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);

    uint64_t before = metric_read(EVICTED);
    pki_crl_write(ca, 77, dir, "live");
    assert_int_equal(rpc_server_reload_tls(site.rig.server), ERR_OK);
    rpc_server_recheck(site.rig.server);
    assert_true(rig_until_metric(&site.rig, EVICTED, before + 1));
    rig_ask(&site.rig, bad, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_UNAVAILABLE);
    rig_ask(&site.rig, good, "/t.T/Who", "", &answer);
    assert_int_equal(answer.status, RPC_OK);
    assert_int_equal(metric_read(EVICTED), before + 1);
    rpc_channel_free(bad);
    rpc_channel_free(good);
    rig_free(&site.rig);
}

// More connections than are looked at in one turn of the loop.
static void test_every_connection_is_rechecked(void **state)
{
    enum { N = 100 };
    struct site site = {0};
    struct rig_answer answer;
    struct rpc_channel *channels[N];
    site_up(&site, NULL);
    for (int i = 0; i < N; i++) {
        channels[i] = client(&site, "denied", "localhost");
        rig_ask(&site.rig, channels[i], "/t.T/Who", "", &answer);
        assert_int_equal(answer.status, RPC_OK);
    }
    uint64_t before = metric_read(EVICTED);
    site.refuse = "denied";
    rpc_server_recheck(site.rig.server);
    assert_true(rig_until_metric(&site.rig, EVICTED, before + N));
    for (int i = 0; i < N; i++)
        rpc_channel_free(channels[i]);
    rig_free(&site.rig);
}

static void test_bad_settings_are_refused(void **state)
{
    static const struct {
        const char *certificate, *key, *client_ca, *crl, *min_version;
        enum err err;
    } rows[] = {
        {"absent.crt", "server.key", NULL, NULL, NULL, ERR_RPC_TLS},
        {"server.crt", "absent.key", NULL, NULL, NULL, ERR_RPC_TLS},
        {"server.crt", "gw1.key", NULL, NULL, NULL, ERR_RPC_TLS},
        {"server.crt", "server.key", "absent.crt", NULL, NULL, ERR_RPC_TLS},
        {"server.crt", "server.key", "server.key", NULL, NULL, ERR_RPC_TLS},
        {"server.crt", "server.key", "ca.crt", "absent.crl", NULL, ERR_RPC_TLS},
        {"server.crt", "server.key", "ca.crt", NULL, "1.1", ERR_INVALID},
    };
    struct rig rig;
    struct rpc_server *server;
    rig_loop(&rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rpc_server_config config = {
            .tls = {.certificate = file(rows[i].certificate), .key = file(rows[i].key),
                    .client_ca = rows[i].client_ca ? file(rows[i].client_ca) : NULL,
                    .crl = rows[i].crl ? file(rows[i].crl) : NULL,
                    .min_version = rows[i].min_version}};
        assert_int_equal(rpc_server_new(&config, &rig.loop, 1, &server), rows[i].err);
    }
    base_loop_free(rig.loop);
}

// ---- front proxies ----

struct asked {
    int n, status;
    char identity[64];
};

static void on_answer(void *ctx, const struct rpc_result *result)
{
    struct asked *asked = ctx;
    asked->n++;
    asked->status = result->status;
    snprintf(asked->identity, sizeof(asked->identity), "%.*s", (int)result->len,
             result->payload ? (const char *)result->payload : "");
}

static void ask_as(struct site *site, const struct rpc_metadata *metadata, size_t n, int *status,
                   char identity[64])
{
    struct asked asked = {0};
    struct rpc_channel *channel = rig_channel(&site->rig, NULL);
    assert_int_equal(
        rpc_unary(channel, "/t.T/Who", NULL, 0, RIG_LONG_MS, metadata, n, on_answer, &asked),
        ERR_OK);
    assert_true(rig_until_n(&site->rig, &asked.n, 1));
    *status = asked.status;
    memcpy(identity, asked.identity, 64);
    rpc_channel_free(channel);
}

static void test_proxy_header(void **state)
{
    static const struct {
        const char *name;
        bool front_proxy;
        const char *trusted;
        bool anonymous;
        const char *cn, *cn2;
        int status;
        const char *identity;
    } rows[] = {
        {"trusted proxy", true, "127.0.0.0/8", false, "gw7", NULL, RPC_OK, "gw7"},
        {"not in the list", true, "192.0.2.0/24", false, "gw7", NULL, RPC_UNAUTHENTICATED, ""},
        {"no list", true, NULL, false, "gw7", NULL, RPC_UNAUTHENTICATED, ""},
        {"no proxy's listener", false, "127.0.0.1", false, "gw7", NULL, RPC_UNAUTHENTICATED, ""},
        {"ignored, not believed", false, "127.0.0.1", true, "gw7", NULL, RPC_OK, ""},
        {"header absent", true, "127.0.0.1", false, NULL, NULL, RPC_UNAUTHENTICATED, ""},
        {"header empty", true, "127.0.0.1", false, "", NULL, RPC_UNAUTHENTICATED, ""},
        {"header twice", true, "127.0.0.1", false, "gw7", "gw8", RPC_UNAUTHENTICATED, ""},
        {"not admitted", true, "127.0.0.1", false, "denied", NULL, RPC_PERMISSION_DENIED, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct site site = {.refuse = "denied"};
        struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true,
                                    .front_proxy = rows[i].front_proxy};
        struct rpc_server_config config = {
            .listens = &listen, .n_listens = 1, .trusted_proxies = &rows[i].trusted,
            .n_trusted_proxies = rows[i].trusted ? 1 : 0, .allow_anonymous = rows[i].anonymous};
        struct rpc_metadata metadata[2] = {{"x-magma-client-cert-cn", rows[i].cn},
                                           {"x-magma-client-cert-cn", rows[i].cn2}};
        int status;
        char identity[64];
        site_up(&site, &config);
        ask_as(&site, metadata, rows[i].cn2 ? 2 : rows[i].cn ? 1 : 0, &status, identity);
        if (status != rows[i].status || strcmp(identity, rows[i].identity) != 0)
            fail_msg("%s: status %d identity \"%s\"", rows[i].name, status, identity);
        rig_free(&site.rig);
    }
}

// A gateway's own TLS identity cannot be overridden by the header.
static void test_header_on_a_tls_listener_is_ignored(void **state)
{
    struct site site = {0};
    struct asked asked = {0};
    struct rpc_metadata metadata = {"x-magma-client-cert-cn", "gw7"};
    site_up(&site, NULL);
    struct rpc_channel *channel = client(&site, "gw1", "localhost");
    assert_int_equal(
        rpc_unary(channel, "/t.T/Who", NULL, 0, RIG_LONG_MS, &metadata, 1, on_answer, &asked),
        ERR_OK);
    assert_true(rig_until_n(&site.rig, &asked.n, 1));
    assert_string_equal(asked.identity, "gw1");
    rpc_channel_free(channel);
    rig_free(&site.rig);
}

static int setup(void **state)
{
    pki_folder(dir, sizeof(dir));
    ca = pki_ca_new("test CA");
    other_ca = pki_ca_new("other CA");
    pki_ca_write(ca, dir, "ca");
    pki_ca_write(other_ca, dir, "other");
    pki_issue(ca, &(struct pki_spec){.cn = "server", .dns = "localhost", .ip = "127.0.0.1"}, dir,
              "server");
    pki_issue(ca, &(struct pki_spec){.cn = "gw1"}, dir, "gw1");
    pki_issue(ca, &(struct pki_spec){.dns = "gw-san.test,DNS:second.test"}, dir, "san");
    pki_issue(ca, &(struct pki_spec){.cn = "gw-cn", .dns = "gw-dns.test"}, dir, "both");
    pki_issue(ca, &(struct pki_spec){.cn = "gw1", .from_s = -7200, .until_s = -60}, dir, "expired");
    pki_issue(ca, &(struct pki_spec){.cn = "gw1", .from_s = 600, .until_s = 7200}, dir, "future");
    pki_issue(other_ca, &(struct pki_spec){.cn = "gw1"}, dir, "stranger");
    pki_issue(ca, &(struct pki_spec){0}, dir, "nameless");
    pki_issue(ca, &(struct pki_spec){.cn = "gw 1\n"}, dir, "spaced");
    pki_issue(ca, &(struct pki_spec){.cn = "denied"}, dir, "denied");
    pki_issue(ca, &(struct pki_spec){.cn = "revoked", .serial = 77}, dir, "revoked");
    return 0;
}

static int teardown(void **state)
{
    pki_ca_free(ca);
    pki_ca_free(other_ca);
    pki_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_certificates),
        cmocka_unit_test(test_admission_is_asked_once_per_connection),
        cmocka_unit_test(test_anonymous_over_tls),
        cmocka_unit_test(test_revoked_client),
        cmocka_unit_test(test_client_checks_the_server),
        cmocka_unit_test(test_versions_and_alpn),
        cmocka_unit_test(test_slow_reader_gets_everything),
        cmocka_unit_test(test_broken_record),
        cmocka_unit_test(test_cleartext_on_a_tls_port),
        cmocka_unit_test(test_slow_handshake_is_cut_off),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_a_gateway_locked_out_loses_its_connection),
        cmocka_unit_test(test_a_revoked_certificate_loses_its_connection),
        cmocka_unit_test(test_every_connection_is_rechecked),
        cmocka_unit_test(test_bad_settings_are_refused),
        cmocka_unit_test(test_proxy_header),
        cmocka_unit_test(test_header_on_a_tls_listener_is_ignored),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
