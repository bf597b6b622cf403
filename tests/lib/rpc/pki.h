// SPDX-License-Identifier: BSD-3-Clause
// Throw-away certificates for tests, made by OpenSSL at run time (EC P-256, files in a folder).
#pragma once

#include <stddef.h>

struct pki_ca; // a certificate authority with its key in memory

struct pki_spec {
    const char *cn;           // NULL: no common name
    const char *dns;          // subjectAltName, or NULL
    const char *ip;           // subjectAltName, or NULL
    long from_s, until_s;     // validity relative to now; both 0: -1 h .. +1 h
    long serial;              // 0: 1
};

// Creates an empty folder under /tmp; pki_remove deletes it with its files.
void pki_folder(char *dir, size_t size);
void pki_remove(const char *dir);
struct pki_ca *pki_ca_new(const char *cn);
void pki_ca_free(struct pki_ca *ca);
// Writes DIR/NAME.crt (the CA's certificate) / DIR/NAME.crt and DIR/NAME.key (a leaf's).
void pki_ca_write(struct pki_ca *ca, const char *dir, const char *name);
void pki_issue(struct pki_ca *ca, const struct pki_spec *spec, const char *dir, const char *name);
// Writes DIR/NAME.crl that revokes the serial (0: none).
void pki_crl_write(struct pki_ca *ca, long revoked, const char *dir, const char *name);
