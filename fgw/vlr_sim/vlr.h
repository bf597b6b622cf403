// SPDX-License-Identifier: BSD-3-Clause
// The VLR of the simulator: subscribers, MMEs, what it answers by itself and what it does on
// command. Octets in, octets out: it knows no sockets. One loop's thread.
//   link.h     SCTP associations around it    command.h  commands as text
//   rule.h     scripted replies               sms.h      what is inside short messages
#pragma once

#include <stdio.h>
#include <sys/queue.h>

#include "base/ident.h"
#include "base/loop.h"
#include "sgsap/guard.h"
#include "sgsap/ie.h"
#include "sgsap/sgsap.h"
#include "vlr_sim/rule.h"
#include "vlr_sim/sms.h"

struct vlr;

struct vlr_settings {
    const char *name;       // VLR name, dotted
    bool tmsi;              // allocate a TMSI at every location update
    const char *full_name, *short_name; // of the network, for MM information; "" sends none
    const char *center;     // service centre's number
    bool loop;              // a short message from a UE comes back to it
    size_t max_subscribers;
    struct sgsap_timers timers;
};

// How the VLR reaches an association; link is what vlr_peer_up was given.
struct vlr_ops {
    void (*send)(void *link, const uint8_t *data, size_t len);
    void (*drop)(void *link, bool abort); // end it; vlr_peer_down follows, not within the call
};

enum vlr_sub_state { VLR_NULL, VLR_PRESENT, VLR_ASSOCIATED }; // PRESENT: TMSI not yet confirmed
enum vlr_service { VLR_NONE, VLR_CS, VLR_SMS };

// One SCTP association and the MME that it turned out to lead to.
struct vlr_peer {
    LIST_ENTRY(vlr_peer) link;
    struct vlr *vlr;
    void *association;
    char mme[SGSAP_NAME_MAX]; // "" until it named itself
    struct sgsap_guard reset;
    uint64_t received, sent;
};

// The short message on its way to a subscriber.
struct vlr_text {
    char from[24], text[SMS_TEXT_MAX];
    bool sent;          // DOWNLINK-UNITDATA went out
    uint8_t reference;
};

struct vlr_sub {
    LIST_ENTRY(vlr_sub) link; // of its bucket
    struct vlr *vlr;
    struct base_imsi imsi;
    enum vlr_sub_state state;
    char mme[SGSAP_NAME_MAX];
    uint32_t tmsi;
    struct sgsap_area lai;
    enum vlr_service paging;   // for what it is being paged
    int64_t paged_ns;          // CLOCK_MONOTONIC
    struct sgsap_guard guard;  // paging, alert
    struct vlr_text *text;     // NULL: none
};

// What happened, for trace and wait. line: one line, without the time.
struct vlr_watch {
    void (*happened)(void *arg, uint8_t type, bool in, const char *imsi, const char *line);
    void *arg;
};

enum err vlr_new(struct base_loop *loop, const struct vlr_settings *settings,
                 const struct vlr_ops *ops, const struct vlr_watch *watch, struct vlr **out);
void vlr_free(struct vlr *vlr); // peers as well, without dropping them

enum err vlr_peer_up(struct vlr *vlr, void *association, struct vlr_peer **out);
void vlr_peer_down(struct vlr_peer *peer);
void vlr_received(struct vlr_peer *peer, const uint8_t *data, size_t len);

struct vlr_sub *vlr_find(struct vlr *vlr, const char *imsi); // NULL
// The association that leads to a subscriber (its MME's; else any). NULL: none is up.
struct vlr_peer *vlr_peer_of(struct vlr *vlr, const struct vlr_sub *sub);
struct vlr_rules *vlr_rules_of(struct vlr *vlr);
const struct vlr_settings *vlr_settings_of(const struct vlr *vlr);
void vlr_each_peer(struct vlr *vlr, void (*visit)(struct vlr_peer *peer, void *arg), void *arg);
void vlr_each_sub(struct vlr *vlr, void (*visit)(struct vlr_sub *sub, void *arg), void *arg);
size_t vlr_n_subs(const struct vlr *vlr, enum vlr_sub_state least);

// --- on command; ERR_NOT_FOUND: no such subscriber, ERR_CLOSED: no association ---

// Optional IEs of paging: set in `extra` (may be NULL) as SGSAP_IE_*; others are ignored.
enum err vlr_page(struct vlr_sub *sub, enum vlr_service service, const struct sgsap_msg *extra);
enum err vlr_text(struct vlr_sub *sub, const char *from, const char *text);
enum err vlr_alert(struct vlr_sub *sub);
enum err vlr_release(struct vlr_sub *sub, int cause); // -1: without
enum err vlr_abort_service(struct vlr_sub *sub);
enum err vlr_mm_info(struct vlr_sub *sub);
// Pages count times, window at a time, around the associated subscribers. ERR_RANGE: they are fewer
// than window. Ends early when a subscriber goes.
enum err vlr_page_load(struct vlr *vlr, size_t count, size_t window);
size_t vlr_page_load_left(const struct vlr *vlr); // not sent yet
// Restart: all subscribers are forgotten, every MME gets RESET-INDICATION until it answers.
void vlr_reset(struct vlr *vlr);
void vlr_send_octets(struct vlr_peer *peer, const uint8_t *data, size_t len);

// Times from paging to the answer since the last call, in microseconds; sorted, caller frees.
size_t vlr_take_paging_times(struct vlr *vlr, uint32_t **out);
