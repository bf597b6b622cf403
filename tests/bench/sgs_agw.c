// SPDX-License-Identifier: BSD-3-Clause
// An access gateway for the SGs benchmark: registers N subscribers, answers each paging with a
// service request at once, registers all of them again when it hears of a VLR's reset.
//
// sgs_agw HOST PORT TLS_DIR GATEWAY SERVER_NAME FIRST_IMSI N WINDOW
// Prints JSON lines: {"event":"registered","n":..,"seconds":..}. Ends on end of file of stdin.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agw_client/link.h"
#include "agw_client/tunnel.h"
#include "base/clock.h"
#include "proto/csfb.pb-c.h"

enum { TIMEOUT_MS = 10000 };

static struct agwc *agw;
static uint64_t first;
static size_t n_subscribers, window;
static struct {
    size_t next, accepted, refused;
    int64_t started_ns;
} round_;

static void answered(void *ctx, const struct rpc_result *result)
{
    if (result->status == RPC_OK)
        return;
    if (round_.refused++ == 0)
        fprintf(stderr, "sgs_agw: %s\n", result->message);
}

static void up(const char *path, const ProtobufCMessage *body)
{
    uint8_t packed[512];
    size_t len = protobuf_c_message_pack(body, packed);
    rpc_unary(agwc_channel(agw, 0), path, packed, len, TIMEOUT_MS, NULL, 0, answered, NULL);
}

static void update_location(uint64_t imsi)
{
    char digits[20];
    uint8_t type = 1, area[] = {0x00, 0xf1, 0x10, 0x00, 0x17};
    Magma__Feg__LocationUpdateRequest lu = MAGMA__FEG__LOCATION_UPDATE_REQUEST__INIT;
    snprintf(digits, sizeof(digits), "%015" PRIu64, imsi);
    lu.imsi = digits;
    lu.eps_location_update_type = (ProtobufCBinaryData){1, &type};
    lu.new_location_area_identifier = (ProtobufCBinaryData){sizeof(area), area};
    up("/magma.feg.CSFBFedGWService/LocationUpdateReq", &lu.base);
}

static void next_update(void)
{
    if (round_.next < n_subscribers)
        update_location(first + round_.next++);
}

static void begin_round(void *arg)
{
    memset(&round_, 0, sizeof(round_));
    round_.started_ns = base_now_ns();
    for (size_t i = 0; i < window; i++)
        next_update();
}

static void accepted(const Magma__Feg__LocationUpdateAccept *accept)
{
    Magma__Feg__TMSIReallocationComplete complete = MAGMA__FEG__TMSIREALLOCATION_COMPLETE__INIT;
    complete.imsi = accept->imsi;
    up("/magma.feg.CSFBFedGWService/TMSIReallocationComp", &complete.base);
    if (++round_.accepted == n_subscribers) {
        printf("{\"event\":\"registered\",\"n\":%zu,\"refused\":%zu,\"seconds\":%.6f}\n",
               round_.accepted, round_.refused,
               (double)(base_now_ns() - round_.started_ns) / 1e9);
        fflush(stdout);
    }
    next_update();
}

static void paged(const Magma__Feg__PagingRequest *page)
{
    Magma__Feg__ServiceRequest request = MAGMA__FEG__SERVICE_REQUEST__INIT;
    request.imsi = page->imsi;
    request.service_indicator = page->service_indicator;
    up("/magma.feg.CSFBFedGWService/ServiceReq", &request.base);
}

static ProtobufCMessage *on_request(void *ctx, const struct reflect_method *method,
                                    const ProtobufCMessage *request)
{
    ProtobufCMessage *answer = NULL;
    const char *name = strrchr(method->path, '/') + 1;
    if (strcmp(name, "LocationUpdateAcc") == 0)
        accepted((const Magma__Feg__LocationUpdateAccept *)request);
    else if (strcmp(name, "PagingReq") == 0)
        paged((const Magma__Feg__PagingRequest *)request);
    else if (strcmp(name, "VLRResetIndication") == 0)
        begin_round(NULL);
    reflect_new(method->output, &answer);
    return answer;
}

static void take_options(char **words, struct agwc_options *options)
{
    *options = (struct agwc_options){.port = (uint16_t)strtoul(words[2], NULL, 10),
                                     .gateway = words[4],
                                     .server_name = words[5],
                                     .timeout_ms = TIMEOUT_MS};
    snprintf(options->host, sizeof(options->host), "%s", words[1]);
    snprintf(options->ca, sizeof(options->ca), "%s/ca.pem", words[3]);
    snprintf(options->certificate, sizeof(options->certificate), "%s/%s.pem", words[3], words[4]);
    snprintf(options->key, sizeof(options->key), "%s/%s.key", words[3], words[4]);
    first = strtoull(words[6], NULL, 10);
    n_subscribers = strtoul(words[7], NULL, 10);
    window = strtoul(words[8], NULL, 10);
}

int main(int argc, char **argv)
{
    struct agwc_options options;
    struct agwc_tunnel *tunnel;
    char rest[64];
    if (argc != 9) {
        fprintf(stderr, "usage: sgs_agw HOST PORT TLS_DIR GATEWAY SERVER_NAME FIRST_IMSI N "
                        "WINDOW\n");
        return 2;
    }
    take_options(argv, &options);
    if (agwc_open(&options, 1, &agw) || agwc_wait_connected(agw, TIMEOUT_MS) ||
        agwc_tunnel_open(agw, false, &tunnel)) {
        fprintf(stderr, "sgs_agw: no connection\n");
        return 1;
    }
    agwc_tunnel_handler(tunnel, on_request, NULL);
    if (agwc_tunnel_wait_open(tunnel, TIMEOUT_MS)) {
        fprintf(stderr, "sgs_agw: no tunnel\n");
        return 1;
    }
    printf("{\"event\":\"open\"}\n");
    fflush(stdout);
    while (fgets(rest, sizeof(rest), stdin)) {
        if (strncmp(rest, "register", 8) == 0)
            agwc_run(agw, begin_round, NULL);
    }
    agwc_tunnel_close(tunnel);
    agwc_close(agw);
    return 0;
}
