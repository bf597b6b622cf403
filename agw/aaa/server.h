// SPDX-License-Identifier: BSD-3-Clause
// The RADIUS sockets: who speaks to us, is it genuine, have we seen it before; then to auth.h or
// acct.h, and the answer back. Loop thread.
#pragma once

#include <netinet/in.h>

#include "aaa/aaa.h"
#include "radius/radius.h"

// A request that is being worked on. Ends with exactly one of the two functions below.
struct aaa_request {
    struct aaa_request *next, **link; // of all that are under way
    struct aaa *aaa;
    int fd;
    struct sockaddr_storage from;
    char source[AAA_ADDR_TEXT];
    const struct aaa_client *client;
    struct rad_packet packet; // borrows raw
    uint8_t raw[];
};

// Sends a finished answer (rad_end_response is called here; the writer has everything else) and
// remembers it for retransmissions. result: label of aaa_requests_total.
void aaa_request_answer(struct aaa_request *request, struct rad_writer *w, const char *result);
// No answer; a retransmission will be worked on anew.
void aaa_request_drop(struct aaa_request *request, const char *reason);

// Opens the sockets. ERR_IO (an address is taken or not ours), ERR_NOMEM.
enum err aaa_server_new(struct aaa *aaa, struct aaa_server **out);
// Requests still under way are freed with it. Last of the parts. NULL is fine.
void aaa_server_free(struct aaa_server *server);

// auth.c: an Access-Request with a correct Message-Authenticator, or without any.
enum err aaa_auth_new(struct aaa *aaa, struct aaa_auth **out);
void aaa_auth_free(struct aaa_auth *auth); // NULL is fine
void aaa_auth_request(struct aaa_auth *auth, struct aaa_request *request);
// No fast re-authentication any more for this user.
void aaa_auth_forget(struct aaa_auth *auth, const char *imsi);
// acct.c: an Accounting-Request with a correct authenticator.
void aaa_acct_request(struct aaa *aaa, struct aaa_request *request);
// down.c: requests of the HSS.
void aaa_down(void *aaa, const struct rpc_tunnel_end_request *request);
