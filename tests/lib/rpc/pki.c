// SPDX-License-Identifier: BSD-3-Clause
#include "pki.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pki_ca {
    X509 *cert;
    EVP_PKEY *key;
};

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "pki: %s failed\n", what);
    abort();
}

void pki_folder(char *dir, size_t size)
{
    snprintf(dir, size, "/tmp/fgw-pki-XXXXXX");
    must(mkdtemp(dir) != NULL, "mkdtemp");
}

void pki_remove(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char path[512];
    while (d && (entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

static FILE *open_file(const char *dir, const char *name, const char *suffix)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
    FILE *file = fopen(path, "w");
    must(file != NULL, path);
    return file;
}

static void add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    must(ext && X509_add_ext(cert, ext, -1), value);
    X509_EXTENSION_free(ext);
}

static X509 *new_cert(const struct pki_spec *spec, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    long from = spec->from_s, until = spec->until_s;
    if (!from && !until) {
        from = -3600;
        until = 3600;
    }
    must(cert && X509_set_version(cert, 2), "X509_new");
    ASN1_INTEGER_set(X509_get_serialNumber(cert), spec->serial ? spec->serial : 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), from);
    X509_gmtime_adj(X509_getm_notAfter(cert), until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "O", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    if (spec->cn)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                                   (const unsigned char *)spec->cn, -1, -1, 0);
    must(X509_set_pubkey(cert, key), "X509_set_pubkey");
    return cert;
}

struct pki_ca *pki_ca_new(const char *cn)
{
    struct pki_ca *ca = calloc(1, sizeof(*ca));
    struct pki_spec spec = {.cn = cn};
    must(ca != NULL, "calloc");
    ca->key = EVP_EC_gen("P-256");
    must(ca->key != NULL, "EVP_EC_gen");
    ca->cert = new_cert(&spec, ca->key);
    X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert));
    add_ext(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE");
    add_ext(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    must(X509_sign(ca->cert, ca->key, EVP_sha256()), "X509_sign");
    return ca;
}

void pki_ca_free(struct pki_ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    free(ca);
}

void pki_ca_write(struct pki_ca *ca, const char *dir, const char *name)
{
    FILE *file = open_file(dir, name, "crt");
    must(PEM_write_X509(file, ca->cert), "PEM_write_X509");
    fclose(file);
}

void pki_issue(struct pki_ca *ca, const struct pki_spec *spec, const char *dir, const char *name)
{
    char san[512] = "";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = new_cert(spec, key);
    X509_set_issuer_name(cert, X509_get_subject_name(ca->cert));
    if (spec->dns)
        snprintf(san, sizeof(san), "DNS:%s", spec->dns);
    if (spec->ip)
        snprintf(san + strlen(san), sizeof(san) - strlen(san), "%sIP:%s", san[0] ? "," : "",
                 spec->ip);
    if (san[0])
        add_ext(cert, ca->cert, NID_subject_alt_name, san);
    must(X509_sign(cert, ca->key, EVP_sha256()), "X509_sign");
    FILE *file = open_file(dir, name, "crt");
    must(PEM_write_X509(file, cert), "PEM_write_X509");
    fclose(file);
    file = open_file(dir, name, "key");
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), "PEM_write_PrivateKey");
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

void pki_crl_write(struct pki_ca *ca, long serial, const char *dir, const char *name)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *at = X509_gmtime_adj(NULL, -60);
    must(crl && at && X509_CRL_set_version(crl, 1), "X509_CRL_new");
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
    X509_CRL_set1_lastUpdate(crl, at);
    X509_gmtime_adj(at, 3600);
    X509_CRL_set1_nextUpdate(crl, at);
    if (serial) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        X509_gmtime_adj(at, -30);
        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(revoked, number);
        X509_REVOKED_set_revocationDate(revoked, at);
        must(X509_CRL_add0_revoked(crl, revoked), "X509_CRL_add0_revoked");
        ASN1_INTEGER_free(number);
    }
    must(X509_CRL_sign(crl, ca->key, EVP_sha256()), "X509_CRL_sign");
    FILE *file = open_file(dir, name, "crl");
    must(PEM_write_X509_CRL(file, crl), "PEM_write_X509_CRL");
    fclose(file);
    ASN1_TIME_free(at);
    X509_CRL_free(crl);
}
