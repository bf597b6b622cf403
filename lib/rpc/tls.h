// SPDX-License-Identifier: BSD-3-Clause
// TLS contexts of both sides, the peer's identity, and names for what goes wrong.
// Internal to the room. Not for moving bytes (wire.h).
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "rpc/server.h"

#define RPC_IDENTITY_MAX 256

// TLS 1.2/1.3, ALPN h2, AEAD ciphers with forward secrecy, no renegotiation, no resumption (a
// resumed session would escape a changed CA or CRL). client_ca set: a client certificate is
// required.
// why gets a text for the log on failure. The context belongs to the caller (SSL_CTX_free).
enum err rpc_tls_server(const struct rpc_tls_config *config, SSL_CTX **out, char *why, size_t size);
// ca NULL: the system's. certificate and key may be NULL.
enum err rpc_tls_client(const char *ca, const char *certificate, const char *key, SSL_CTX **out,
                        char *why, size_t size);
// Client: the name (or address) the server's certificate must carry; also sent as SNI.
enum err rpc_tls_expect(SSL *ssl, const char *server_name);
bool rpc_tls_alpn_ok(SSL *ssl); // the handshake agreed on h2
// Subject CN of the verified peer certificate, else its first DNS subjectAltName. "" without
// certificate. ERR_RPC_TLS: a certificate without a usable name (none, too long, embedded NUL).
enum err rpc_tls_identity(SSL *ssl, char *out, size_t size);
// Server: would the peer's certificate be taken under ctx too? False: it is revoked, or its CA is
// no longer trusted. Its age and that of CRLs are left to the next handshake. True without one.
bool rpc_tls_still_trusted(SSL *ssl, SSL_CTX *ctx);
// Names the failure at the head of OpenSSL's error queue (and empties it): label of a metric, from
// a small fixed set such as "no_certificate", "expired", "unknown_ca".
const char *rpc_tls_failure(SSL *ssl);
