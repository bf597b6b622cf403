// SPDX-License-Identifier: BSD-3-Clause
// The gateway around SGs, played for its tests: settings, directory, loops, calls both ways.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fgw/sgs/sgs_core.h"
#include "fgw/sgs/sgs_tables.h"
#include "rpc/status.h"

#define IMSI1 "001010000000001"
#define IMSI2 "001010000000002"
#define MME "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org"
#define VLR1 "vlr.mnc001.mcc001.3gppnetwork.org"
#define VLR2 "vlr2.mnc001.mcc001.3gppnetwork.org"

struct base_imsi imsi_of(const char *digits);

// Reads the text of a section `sgs`; the conf owns the strings. configure's verdict in *err.
struct conf *world_settings(const char *text, struct sgs_settings *out, enum err *err);

// A call of an access gateway, and what became of it.
struct rpc_call {
    struct base_loop *loop;
    const char *gateway;
    uint8_t request[2048];
    size_t len;
    bool replied;
    int status;
    char message[160];
};

// What the faked gateway knows and has seen; zero it between tests.
struct world {
    const void *settings;     // fgw_settings
    struct base_loop *loop;   // the only one
    char imsi[16], serving[64]; // the directory: one subscriber
    char kept[16], kept_gateway[64], kept_vlr[256]; // its SGs part: one subscriber
    const char *gateways[4];  // all gateways of the directory, up to NULL
    enum err admit;
    char visited[7];          // PLMN that admission was last asked for, "": none
    char learned[64];         // last gateway learned
    // calls of access gateways; each is answered so in a later turn of the loop
    struct {
        char gateway[64], service[32], path[96];
        uint8_t message[1024];
        size_t len;
    } calls[64];
    size_t n_calls;
    int answer_status;
    enum err answer_err;
};
extern struct world world;

// Calls a method of CSFBFedGWService with a message.
void world_call(struct rpc_call *call, const char *path, const ProtobufCMessage *body);
