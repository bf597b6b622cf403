// SPDX-License-Identifier: BSD-3-Clause
// SGs as a whole between two VLRs and two access gateways that say anything at any time. Input:
// records of one octet what, one octet length, so many octets; what is
//   0, 1  a message of the first or second VLR         2, 3  one of gateway gw1 or gw2
//   4     the oldest call under way ends: octets error, gRPC status
//   5     octet: a VLR comes, goes, is lost; resets are told again; a gateway is reset
//   6     Ts6-1 of the first subscriber
// What is sent must be a message that an MME may send, what is called must be one that an access
// gateway can parse, a STATUS is never answered by one, and nobody beyond max_subscribers is kept.
#include <stdlib.h>
#include <string.h>

#include "fgw/sgs/sgs_core.h"
#include "fgw/sgs/sgs_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

BASE_LOG_CATEGORY(log_sgs, "sgs");

enum { SUBSCRIBERS = 4, CALLS = 4096, RECORDS = 400 };

static struct sgs_plan plan = {
    .mme_name = "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org",
    .vlrs = {{.name = "vlr.mnc001.mcc001.3gppnetwork.org"},
             {.name = "vlr2.mnc001.mcc001.3gppnetwork.org"}},
    .n_vlrs = 2,
    .all = {.vlrs = {0, 1}, .n_vlrs = 2},
    .select = SGS_SELECT_POOL,
    .nri_bits = 8,
};
static struct sgs_core *core;
static struct {
    struct sgs_ticket *tickets[CALLS];
    size_t first, n;
    size_t statuses; // sent
    char kept[16], gateway[FGW_GATEWAY_ID_MAX + 1], vlr[SGSAP_NAME_MAX];
} seen;

static void must(bool condition)
{
    if (!condition)
        abort();
}

static enum err on_send(void *arg, unsigned vlr, const uint8_t *data, size_t len)
{
    struct sgsap_msg msg;
    must(vlr < plan.n_vlrs);
    must(sgsap_decode(data, len, SGSAP_MME, &msg, NULL) == ERR_OK);
    seen.statuses += msg.type == SGSAP_STATUS;
    return ERR_OK;
}

static enum err on_call(void *arg, const char *path, const uint8_t *packed, size_t len,
                        struct sgs_ticket *ticket)
{
    for (size_t i = 0; i < sgs_n_methods; i++) {
        if (strcmp(sgs_method_table[i].path, path) != 0)
            continue;
        ProtobufCMessage *body =
            protobuf_c_message_unpack(sgs_method_table[i].body, NULL, len, packed);
        must(body != NULL);
        protobuf_c_message_free_unpacked(body, NULL);
    }
    if (seen.n == CALLS)
        return ERR_FULL;
    seen.tickets[seen.n++] = ticket;
    return ERR_OK;
}

static enum err on_find(void *arg, const struct base_imsi *imsi, char *gateway, size_t size)
{
    if (imsi->digits[imsi->len - 1] != '2')
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    memcpy(gateway, "gw2", 4);
    return ERR_OK;
}

static void on_learn(void *arg, const struct base_imsi *imsi, const char *gateway)
{
}

static void on_keep(void *arg, const struct base_imsi *imsi, const char *gateway, const char *vlr)
{
    memcpy(seen.kept, imsi->digits, sizeof(seen.kept));
    memcpy(seen.gateway, gateway, strlen(gateway) + 1);
    memcpy(seen.vlr, vlr, strlen(vlr) + 1);
}

static void on_drop(void *arg, const struct base_imsi *imsi, const char *gateway)
{
    if (strcmp(seen.kept, imsi->digits) == 0)
        seen.kept[0] = '\0';
}

static enum err on_recall(void *arg, const struct base_imsi *imsi, char *gateway, size_t size,
                          char *vlr)
{
    if (strcmp(seen.kept, imsi->digits) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    memcpy(gateway, seen.gateway, strlen(seen.gateway) + 1);
    memcpy(vlr, seen.vlr, strlen(seen.vlr) + 1);
    return ERR_OK;
}

static enum err on_gateways(void *arg, void (*visit)(const char *gateway, void *arg),
                            void *visit_arg)
{
    visit("gw1", visit_arg);
    visit("gw2", visit_arg);
    return ERR_OK;
}

static void on_count(void *arg, const char *procedure, unsigned vlr, const char *result,
                     int64_t elapsed_ns)
{
}

static const struct sgs_core_ops ops = {
    .send = on_send,
    .call = on_call,
    .find = on_find,
    .learn = on_learn,
    .keep = on_keep,
    .drop = on_drop,
    .recall = on_recall,
    .gateways = on_gateways,
    .count = on_count,
};

static void call_ends(const uint8_t *data, size_t len)
{
    if (seen.first == seen.n || len < 2)
        return;
    static const enum err errs[] = {ERR_OK, ERR_TIMEOUT, ERR_RPC_UNREACHABLE, ERR_FULL};
    sgs_core_called(core, seen.tickets[seen.first++], errs[data[0] & 3], data[1] % 17);
}

static void something_happens(uint8_t what)
{
    unsigned vlr = what >> 3 & 1;
    if ((what & 7) == 0)
        sgs_core_vlr_up(core, vlr);
    else if ((what & 7) == 1)
        sgs_core_vlr_down(core, vlr);
    else if ((what & 7) == 2)
        sgs_core_vlr_lost(core, vlr);
    else if ((what & 7) == 3)
        sgs_core_reset_again(core);
    else if ((what & 7) == 4)
        sgs_core_agw_reset(core, vlr ? "gw2" : "gw1");
    else
        base_fsm_dispatch(&sgs_core_guard(core, vlr)->fsm, SGSAP_GUARD_EXPIRE, NULL);
}

static void ts6_1(void)
{
    static const struct base_imsi imsi = {.digits = "001010000000001", .len = 15};
    struct sgsap_assoc *assoc = sgs_core_assoc(core, &imsi);
    if (assoc && sgsap_assoc_state(assoc) == SGSAP_ASSOC_REQUESTED)
        base_fsm_dispatch(&assoc->fsm, SGSAP_EV_TS6_1, NULL);
}

static void record(uint8_t what, const uint8_t *data, size_t len)
{
    size_t before = seen.statuses;
    switch (what % 7) {
    case 0:
    case 1:
        sgs_core_downlink(core, what % 7, data, len);
        must(len == 0 || data[0] != SGSAP_STATUS || seen.statuses == before);
        must(seen.statuses <= before + 1);
        break;
    case 2:
    case 3:
        sgs_core_uplink(core, what % 7 == 2 ? "gw1" : "gw2", data, len);
        break;
    case 4:
        call_ends(data, len);
        break;
    case 5:
        something_happens(len ? data[0] : 0);
        break;
    default:
        ts6_1();
    }
    must(sgs_core_subscribers(core) <= SUBSCRIBERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sgs_core_conf conf = {.plan = &plan,
                                       .timers = sgsap_timers_default,
                                       .reset_on_start = true,
                                       .lost_after_ms = 1,
                                       .reset_parallel = 1,
                                       .reset_tries = 2,
                                       .reset_retry_ms = 1,
                                       .max_subscribers = SUBSCRIBERS};
    base_log_set_level("all", BASE_LOG_ERROR);
    memset(&seen, 0, sizeof(seen));
    must(sgs_core_new(&conf, &ops, NULL, NULL, &core) == ERR_OK);
    sgs_core_vlr_up(core, 0);
    for (size_t at = 0, n = 0; at + 2 <= size && n < RECORDS; n++) {
        size_t len = data[at + 1];
        if (len > size - at - 2)
            len = size - at - 2;
        record(data[at], data + at + 2, len);
        at += 2 + len;
    }
    sgs_core_free(core);
    return 0;
}
