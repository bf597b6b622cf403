// SPDX-License-Identifier: BSD-3-Clause
// OpenSSL settings, identity and failure names (see tls.h).
#include "rpc/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define READ_AHEAD (32 * 1024)

static const unsigned char alpn_h2[] = {2, 'h', '2'};

static int no_password(char *buf, int size, int rwflag, void *arg)
{
    return 0; // an encrypted key is a configuration error, not a question on the terminal
}

static enum err fail(char *why, size_t size, const char *what, const char *file)
{
    unsigned long e = ERR_peek_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    if (ERR_GET_LIB(e) == ERR_LIB_SYS)
        reason = strerror(ERR_GET_REASON(e));
    snprintf(why, size, "%s %s: %s", what, file ? file : "", reason ? reason : "failed");
    ERR_clear_error();
    return ERR_RPC_TLS;
}

static SSL_CTX *new_ctx(const SSL_METHOD *method, int min_version)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (!ctx)
        return NULL;
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_min_proto_version(ctx, min_version);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1); // one read for several records, not two for each
    SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
    // the suites of RFC 9113 §9.2.2 that are allowed with TLS 1.2
    if (!SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20")) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static enum err load_own(SSL_CTX *ctx, const char *certificate, const char *key, char *why,
                         size_t size)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
        return fail(why, size, "certificate", certificate);
    if (!key || SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        return fail(why, size, "private key", key);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return fail(why, size, "private key does not match the certificate:", key);
    return ERR_OK;
}

static enum err load_crl(SSL_CTX *ctx, const char *file, char *why, size_t size)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) < 1)
        return fail(why, size, "CRL", file);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return ERR_OK;
}

static enum err load_client_ca(SSL_CTX *ctx, const struct rpc_tls_config *config, char *why,
                               size_t size)
{
    if (SSL_CTX_load_verify_file(ctx, config->client_ca) != 1)
        return fail(why, size, "client CA", config->client_ca);
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(config->client_ca);
    if (!names)
        return fail(why, size, "client CA", config->client_ca);
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ctx, 8);
    return config->crl ? load_crl(ctx, config->crl, why, size) : ERR_OK;
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    for (unsigned at = 0; at < in_len && at + 1 + in[at] <= in_len; at += 1 + in[at]) {
        if (in[at] == 2 && memcmp(in + at + 1, "h2", 2) == 0) {
            *out = in + at + 1;
            *out_len = 2;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

enum err rpc_tls_server(const struct rpc_tls_config *config, SSL_CTX **out, char *why, size_t size)
{
    enum err err;
    int min = TLS1_2_VERSION;
    if (config->min_version && strcmp(config->min_version, "1.3") == 0) {
        min = TLS1_3_VERSION;
    } else if (config->min_version && strcmp(config->min_version, "1.2") != 0) {
        snprintf(why, size, "TLS version %s is not supported: \"1.2\" or \"1.3\"",
                 config->min_version);
        return ERR_INVALID;
    }
    SSL_CTX *ctx = new_ctx(TLS_server_method(), min);
    if (!ctx)
        return ERR_NOMEM;
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
    err = load_own(ctx, config->certificate, config->key, why, size);
    if (!err && config->client_ca)
        err = load_client_ca(ctx, config, why, size);
    if (err) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return ERR_OK;
}

enum err rpc_tls_client(const char *ca, const char *certificate, const char *key, SSL_CTX **out,
                        char *why, size_t size)
{
    enum err err = ERR_OK;
    SSL_CTX *ctx = new_ctx(TLS_client_method(), TLS1_2_VERSION);
    if (!ctx)
        return ERR_NOMEM;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_alpn_protos(ctx, alpn_h2, sizeof(alpn_h2)) != 0)
        err = ERR_NOMEM;
    if (!err && ca && SSL_CTX_load_verify_file(ctx, ca) != 1)
        err = fail(why, size, "CA", ca);
    if (!err && !ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        err = fail(why, size, "system CA store", NULL);
    if (!err && certificate)
        err = load_own(ctx, certificate, key, why, size);
    if (err) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return ERR_OK;
}

enum err rpc_tls_expect(SSL *ssl, const char *server_name)
{
    unsigned char address[16];
    bool numeric = inet_pton(AF_INET, server_name, address) == 1 ||
                   inet_pton(AF_INET6, server_name, address) == 1;
    if (numeric)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name) == 1 ? ERR_OK
                                                                                  : ERR_NOMEM;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl, server_name) != 1 ||
        SSL_set_tlsext_host_name(ssl, server_name) != 1)
        return ERR_NOMEM;
    return ERR_OK;
}

bool rpc_tls_alpn_ok(SSL *ssl)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

// ---- identity ----

// A name we are ready to log and to compare: visible ASCII or UTF-8, no NUL inside, not too long.
static bool take_name(const unsigned char *text, int len, char *out, size_t size)
{
    if (len <= 0 || (size_t)len >= size)
        return false;
    for (int i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] == 0x7f)
            return false;
    }
    memcpy(out, text, (size_t)len);
    out[len] = 0;
    return true;
}

static bool common_name(X509 *cert, char *out, size_t size, bool *present)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    *present = at >= 0;
    if (at < 0)
        return false;
    unsigned char *utf8 = NULL;
    int len = ASN1_STRING_to_UTF8(
        &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool ok = len > 0 && take_name(utf8, len, out, size);
    OPENSSL_free(utf8);
    return ok;
}

static bool first_dns_name(X509 *cert, char *out, size_t size)
{
    bool ok = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        ok = take_name(ASN1_STRING_get0_data(name->d.dNSName),
                       ASN1_STRING_length(name->d.dNSName), out, size);
        break;
    }
    GENERAL_NAMES_free(names);
    return ok;
}

enum err rpc_tls_identity(SSL *ssl, char *out, size_t size)
{
    bool has_cn;
    out[0] = 0;
    X509 *cert = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
        return ERR_OK;
    if (common_name(cert, out, size, &has_cn))
        return ERR_OK;
    if (!has_cn && first_dns_name(cert, out, size))
        return ERR_OK;
    out[0] = 0;
    return ERR_RPC_TLS;
}

// ---- later ----

static int forgive_age(int ok, X509_STORE_CTX *check)
{
    switch (X509_STORE_CTX_get_error(check)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return 1;
    default:
        return ok;
    }
}

bool rpc_tls_still_trusted(SSL *ssl, SSL_CTX *ctx)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    if (!cert)
        return true;
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool ok = check && X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), cert,
                                           SSL_get_peer_cert_chain(ssl)) == 1;
    if (ok) {
        X509_STORE_CTX_set_default(check, "ssl_client");
        X509_STORE_CTX_set_verify_cb(check, forgive_age);
        ok = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return ok;
}

// ---- failures ----

static const char *verify_failure(long result)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "not_yet_valid";
    case X509_V_ERR_CERT_REVOKED:
        return "revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return "crl";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "unknown_ca";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "wrong_name";
    default:
        return "bad_certificate";
    }
}

static const char *reason_name(int reason)
{
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "no_certificate";
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return "no_alpn";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "version";
    case SSL_R_NO_SHARED_CIPHER:
        return "no_shared_cipher";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return "not_tls";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "rejected_by_peer";
    default:
        return "other";
    }
}

const char *rpc_tls_failure(SSL *ssl)
{
    unsigned long e = ERR_peek_error();
    const char *name = "other";
    if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        name = verify_failure(SSL_get_verify_result(ssl));
    else if (ERR_GET_LIB(e) == ERR_LIB_SSL)
        name = reason_name(ERR_GET_REASON(e));
    ERR_clear_error();
    return name;
}
