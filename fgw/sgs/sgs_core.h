// SPDX-License-Identifier: BSD-3-Clause
// SGs itself: the subscribers registered with a VLR, what goes where, what is answered when an
// access gateway is away, resets. Events in, actions out: no sockets, no calls, no directory of its
// own; its owner has them. Everything on one thread.
//
// Who guards what (TS 29.118 10): the access gateway's MME runs Ts6-1, Ts8, Ts9, Ts10, Ts13 and
// sends again; each repetition passes. Here run a second Ts6-1, after which a location update that
// nobody answered is forgotten, and Ts12-2 (our own reset). Ts12-1 is not needed: whether we were
// restarted or not, the directory knows whom a VLR may page. Ts5, Ts6-2, Ts7, Ts11, Ts14, Ts15 are
// the VLR's.
//
// The access gateway knows the UE; this side was perhaps restarted since. So what it says about a
// subscriber without a record here is believed: the record is made again, as registered, with the
// VLR that was retained. A message of that VLR restores the record, too.
#pragma once

#include "fgw/sgs/sgs_plan.h"
#include "sgsap/assoc.h"

struct sgs_core;

// One call of an access gateway under way; belongs to the core.
struct sgs_ticket;
const char *sgs_ticket_gateway(const struct sgs_ticket *ticket);

struct sgs_core_ops {
    // To a VLR. ERR_CLOSED: no association, ERR_FULL.
    enum err (*send)(void *arg, unsigned vlr, const uint8_t *data, size_t len);
    // To an access gateway. If ERR_OK: sgs_core_called follows, later.
    enum err (*call)(void *arg, const char *path, const uint8_t *packed, size_t len,
                     struct sgs_ticket *ticket);
    // Directory. As fgw_directory_find, _learn, _gateways.
    enum err (*find)(void *arg, const struct base_imsi *imsi, char *gateway, size_t size);
    void (*learn)(void *arg, const struct base_imsi *imsi, const char *gateway);
    // Retained over a restart: who is registered with which VLR, through which gateway. recall:
    // ERR_FGW_UNKNOWN_SUBSCRIBER, ERR_NOT_FOUND; vlr[SGSAP_NAME_MAX], gateway as for find.
    void (*keep)(void *arg, const struct base_imsi *imsi, const char *gateway, const char *vlr);
    void (*drop)(void *arg, const struct base_imsi *imsi, const char *gateway);
    enum err (*recall)(void *arg, const struct base_imsi *imsi, char *gateway, size_t size,
                       char *vlr);
    enum err (*gateways)(void *arg, void (*visit)(const char *gateway, void *arg), void *visit_arg);
    // A procedure toward an access gateway ended. result is static.
    void (*count)(void *arg, const char *procedure, unsigned vlr, const char *result,
                  int64_t elapsed_ns);
};

struct sgs_core_conf {
    const struct sgs_plan *plan; // borrowed
    struct sgsap_timers timers;
    bool reset_on_start;
    int64_t lost_after_ms;
    size_t reset_parallel, reset_tries, max_subscribers;
    int64_t reset_retry_ms;
};

// loop NULL: no timers (tests). ERR_NOMEM.
enum err sgs_core_new(const struct sgs_core_conf *conf, const struct sgs_core_ops *ops, void *arg,
                      struct base_loop *loop, struct sgs_core **out);
void sgs_core_free(struct sgs_core *core); // NULL is fine; tickets out are freed, too

// ---- events ----
// An encoded message of an access gateway about a subscriber; resets have functions of their own.
// ERR_OK: handed to the VLR (or nothing for it to know). ERR_CLOSED: no VLR is up, ERR_FULL,
// ERR_WRONG_STATE, ERR_DECODE_*, ERR_NOMEM.
enum err sgs_core_uplink(struct sgs_core *core, const char *gateway, const uint8_t *data,
                         size_t len);
// An access gateway restarted: its subscribers are forgotten here and it gets its acknowledgement.
// No VLR is told: to it a reset would mean all gateways.
enum err sgs_core_agw_reset(struct sgs_core *core, const char *gateway);
void sgs_core_downlink(struct sgs_core *core, unsigned vlr, const uint8_t *data, size_t len);
// err: of the call; status: gRPC status if err is ERR_OK. The ticket is freed.
void sgs_core_called(struct sgs_core *core, struct sgs_ticket *ticket, enum err err, int status);
void sgs_core_vlr_up(struct sgs_core *core, unsigned vlr);
void sgs_core_vlr_down(struct sgs_core *core, unsigned vlr);
// What timers do; for tests.
void sgs_core_vlr_lost(struct sgs_core *core, unsigned vlr); // no association for lost_after
void sgs_core_reset_again(struct sgs_core *core);            // tells those that could not be told
struct sgsap_guard *sgs_core_guard(struct sgs_core *core, unsigned vlr);
struct sgsap_assoc *sgs_core_assoc(struct sgs_core *core, const struct base_imsi *imsi); // or NULL

size_t sgs_core_subscribers(const struct sgs_core *core); // any thread
uint32_t sgs_core_up(const struct sgs_core *core); // bit mask of VLRs
