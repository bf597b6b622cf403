// SPDX-License-Identifier: BSD-3-Clause
// SGs, MME side of TS 29.118, for all access gateways together: toward a VLR they are one MME. Up:
// a call of magma.feg.CSFBFedGWService becomes an SGsAP message to the right VLR. Down: a message
// of a VLR is called on the access gateway that serves the subscriber (CSFBGatewayService, through
// its tunnel). Without the section `sgs` of gateway.conf there is no SGs: no socket, and the
// methods answer UNIMPLEMENTED. Associations and subscribers belong to one loop (sgs_loop); calls
// arrive on any and are handed over.
//   sgs_conf.c    settings            sgs_plan.h   VLRs and areas, which VLR for whom
//   sgs_tables.h  translation         sgs_core.h   subscribers, resets: events in, actions out
//   sgs_link.h    SCTP associations   sgs_up.c     calls of access gateways
//   sgs_capture.h what went over them, as a file
#pragma once

#include "base/conf.h"
#include "base/log.h"
#include "fgw/gateway.h"
#include "fgw/sgs/sgs_capture.h"
#include "rpc/server.h"
#include "sctp/sctp.h"
#include "sgsap/guard.h"

extern struct base_log_cat log_sgs;
extern const struct fgw_interface sgs_interface;

// ---- settings, section `sgs` of gateway.conf ----
struct sgs_vlr_settings {
    char *name;                    // as the VLR calls itself
    struct conf_strings addresses; // of its SCTP endpoint
    int64_t port, udp_port;
    struct conf_strings nri; // decimal; a TMSI with one of them belongs to this VLR
};
struct sgs_area_settings {
    char *lai, *tai;          // "00101-0001", PLMN and hexadecimal code
    struct conf_strings vlrs; // names; the order is the one of `select`
};
enum sgs_select { SGS_SELECT_PRIMARY, SGS_SELECT_POOL };
enum sgs_reset_on_start { SGS_RESET_NEVER, SGS_RESET_LOST, SGS_RESET_ALWAYS };
struct sgs_settings {
    struct conf_list vlrs;  // struct sgs_vlr_settings; empty: there is no SGs
    struct conf_list areas; // struct sgs_area_settings
    char *mme_name, *agw_service;
    struct conf_strings local_addresses;
    struct sgs_capture_settings capture;
    int select; // enum sgs_select; only numbers from here on
    int64_t nri_bits;
    struct sct_stack_conf stack;
    struct sct_options sctp;
    struct sgsap_timers timers;
    int64_t reconnect_min_ms, reconnect_max_ms;
    int64_t lost_after_ms; // 0: never
    int reset_on_start; // enum sgs_reset_on_start
    int64_t agw_timeout_ms;
    int64_t reset_parallel, reset_retry_ms, reset_tries;
    int64_t max_subscribers;
};
extern const struct conf_key sgs_settings_keys[];
enum err sgs_configure(struct conf *conf, const void *settings);
const struct sgs_settings *sgs_settings(void); // in force now; valid for the current callback

// ---- calls of access gateways (sgs_up.c) ----
extern const struct rpc_method sgs_methods[];

// ---- the interface at run time (sgs.c) ----
struct sgs_core;
struct sgs_plan;
const struct sgs_plan *sgs_plan(void); // NULL: there is no SGs. Any thread
struct sgs_core *sgs_core(void);       // on sgs_loop; NULL once stopped
struct base_loop *sgs_loop(void);
