// SPDX-License-Identifier: BSD-3-Clause
// The settings of fgw-aaa; conf/aaa.conf is their manual.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/conf.h"
#include "radius/radius.h"

#define AAA_ADDR_TEXT 64

// A RADIUS client: an access point, a controller or a proxy before them.
struct aaa_client {
    char *name, *address, *secret, *secret_file; // as in the file
    int64_t coa_port;
    bool require_message_authenticator;
    // made of them
    int family;
    uint8_t net[16];
    unsigned bits;
    struct rad_secret key; // owned where it came from a file
};

struct aaa_settings {
    struct conf *conf; // owns the texts
    struct {
        struct conf_strings address;
        int64_t auth_port, acct_port;
    } listen;
    struct conf_list clients; // struct aaa_client
    struct {
        char *host, *authority, *server_name, *ca, *certificate, *key;
        int64_t port, timeout_ms;
        bool cleartext;
    } fgw;
    struct {
        struct conf_strings methods;
        char *network;
        bool ask_identity, result_indications, pseudonyms;
        int64_t reauth_max, reauth_ttl_ms, pseudonym_rotate_ms, conversation_ms, conversations;
    } eap;
    struct {
        bool register_user;
        int64_t timeout_ms, grace_ms, interim_ms, max;
    } session;
    struct {
        int64_t retry_ms, tries;
    } dyn;
    struct {
        char *database;
        int64_t accounting_ms; // 0: for ever
    } storage;
    struct {
        char *address;
        int64_t port;
    } metrics;
    struct {
        int level;
        bool mask_imsi;
    } log;
    bool aka, prime;
};

// Reads and checks the file. Errors have been given to report, one line each.
enum err aaa_settings_load(const char *path, struct aaa_settings *out,
                           void (*report)(const char *line));
void aaa_settings_free(struct aaa_settings *settings); // wipes secrets
// The client with the longest prefix that contains the address; NULL: nobody we know.
const struct aaa_client *aaa_client_find(const struct aaa_settings *settings,
                                         const struct sockaddr_storage *from);
// "192.0.2.1" without the port.
void aaa_addr_text(const struct sockaddr_storage *addr, char out[AAA_ADDR_TEXT]);
socklen_t aaa_addr_len(const struct sockaddr_storage *addr);
enum err aaa_addr_parse(const char *text, uint16_t port, struct sockaddr_storage *out);
