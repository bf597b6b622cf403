// SPDX-License-Identifier: BSD-3-Clause
// SGs without sockets: two VLRs, gateways gw1 and gw2, and what the core did. Not for the gateway
// around it (world.h).
#pragma once

#include "golden.h"
#include "sgsap/ie.h"
#include "world.h"

// ---- what the core did ----
struct sent {
    unsigned vlr;
    size_t len;
    uint8_t data[SGSAP_MSG_MAX];
};
struct call {
    char gateway[64], path[96];
    struct sgs_ticket *ticket;
};
struct did {
    struct sent sent[64];
    size_t n_sent;
    struct call calls[64];
    size_t n_calls;
    enum err send_err, call_err;
    struct base_loop *loop; // stopped at a call
};
extern struct did did;

// ---- the stage: setup and teardown of a test ----
extern struct sgs_core *core;
extern struct sgs_core_conf conf;
extern const struct sgs_core_ops ops;
int setup(void **state);
int teardown(void **state);
void directory(const char *imsi, const char *gateway);

#define LU "09" G_IMSI G_MME "0a0101" G_LAI
#define ACCEPT "0a" G_IMSI G_LAI "0e05f40e19a330"
#define REJECT "0b" G_IMSI "0f0102"
#define SERVICE "06" G_IMSI "200102"
#define UPLINK "08" G_IMSI "16021904"
#define MO_CSFB "18" G_IMSI
#define PAGING "01" G_IMSI G_VLR "200102"
#define DOWNLINK "07" G_IMSI "16020904"
#define ALERT "0d" G_IMSI
#define UE_ACTIVITY "10" G_IMSI
#define EPS_DETACH "11" G_IMSI G_MME "100102"
#define EPS_DETACH_ACK "12" G_IMSI
#define RESET "15" G_VLR
#define RESET_ACK "16" G_VLR

// ---- what goes in, as hexadecimal octets ----
enum err up(const char *gateway, const char *hex);
void down(unsigned vlr, const char *hex);
void answer_last(enum err err, int status);
void registered(const char *gateway);
void registered_with_the_second_vlr(void);
void restarted(void); // our gateway ended and began anew; what is in the directory stays

// ---- what came out ----
int last_sent(enum sgsap_type type, unsigned vlr); // to a VLR; its cause, or -1
void last_call(const char *path, const char *gateway);
int state_of(const char *imsi); // -1: no record

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
