// SPDX-License-Identifier: BSD-3-Clause
// Gx and Gy, PCEF side of TS 29.212 and TS 32.299: what the files of this interface share. Up:
// calls of an access gateway's session manager become credit control requests. Down: RAR and ASR
// are called on the access gateway that the Session-Id names. Nothing is kept about a session: its
// state belongs to the access gateway, which sends with each request what the core said before
// (TgppContext). Everything runs on the gateway's loops.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/ident.h"
#include "base/log.h"
#include "diameter/msg.h"
#include "diameter/stack.h"
#include "extensions/gx_gy/gx_gy_tables.h"
#include "fgw/gateway.h"
#include "proto/gx_gy.pb-c.h"
#include "proto/session.pb-c.h"
#include "rpc/server.h"

extern struct base_log_cat log_gx_gy;
extern const struct fgw_interface gxgy_interface;

enum gxgy_app { GXGY_GX, GXGY_GY };

// CC-Request-Type, RFC 8506 8.3
enum { GXGY_INITIAL = 1, GXGY_UPDATE = 2, GXGY_TERMINATION = 3, GXGY_EVENT = 4 };

// ---- settings (gx_gy_conf.c), section `gx_gy` of gateway.conf ----
struct gxgy_server { // one of several, chosen by IMSI modulo their number
    char *host;
    char *realm;     // NULL: that of the route
    char *alternate; // NULL: none
};
struct gxgy_route {
    char *imsi_prefix; // NULL: any
    char *apn;         // NULL: any
    char *realm;
    char *host, *alternate;   // NULL: none
    struct conf_list servers; // struct gxgy_server, instead of host and alternate
};
struct gxgy_core_settings { // what Gx and Gy both have
    bool enabled;
    char *realm, *host, *alternate;
    struct conf_list servers; // struct gxgy_server, instead of host and alternate
    struct conf_list routes;  // struct gxgy_route
    int64_t timeout_ms;       // Tx
    bool merge_updates;       // one CCR-U for all elements of a session
    bool serial;              // never two requests of a session in flight
    bool sticky_host;         // Destination-Host of whoever answered first
    bool shared_sessions;     // a session opened at one of the servers is open at the other
};
enum gxgy_ports { GXGY_PORTS_REFUSE, GXGY_PORTS_WIDEN };
struct gxgy_gx_settings {
    struct gxgy_core_settings core;
    int64_t features_1, features_2; // Supported-Features; 0: not sent
    int64_t usage_report_trigger;   // Event-Trigger of usage reports
    bool online, offline;           // default charging method in CCR-I
    char *default_ipv4;             // Framed-IP-Address where the UE has none
    char *eui64_prefix;             // of Framed-IPv6-Prefix where it has no address at all
    int64_t max_flows;              // most flows that the ports of one filter may become
    int wide_ports;                 // enum gxgy_ports
};
enum gxgy_requested { GXGY_REQUEST_AS_ASKED, GXGY_REQUEST_EMPTY, GXGY_REQUEST_NONE };
enum gxgy_used { GXGY_USED_ALL, GXGY_USED_TOTAL, GXGY_USED_DIRECTIONS };
enum gxgy_reason_place { GXGY_REASON_AS_SPECIFIED, GXGY_REASON_IN_SERVICE };
enum gxgy_debit { GXGY_DEBIT_BUFFER, GXGY_DEBIT_CONTINUE };
enum gxgy_failed_update { GXGY_FAILED_TERMINATE, GXGY_FAILED_REPORT_AGAIN };
enum gxgy_ps_qos { // how PS-Information tells the QoS
    GXGY_PS_QOS_INFORMATION,
    GXGY_PS_QOS_PROFILE,
    GXGY_PS_QOS_BOTH,
    GXGY_PS_QOS_NONE
};
enum gxgy_node { // Serving-Node-Type; from SGSN on they are TS 32.299's, in its order
    GXGY_NODE_BY_RAT,
    GXGY_NODE_NONE,
    GXGY_NODE_SGSN
};
struct gxgy_gy_settings {
    struct gxgy_core_settings core;
    char *service_context_id;
    int requested_units;   // enum gxgy_requested
    int64_t default_units; // octets
    int used_octets;       // enum gxgy_used
    int reporting_reason;  // enum gxgy_reason_place
    bool send_service_identifier;
    int64_t service_identifier; // instead of the rule's; -1: the rule's
    char *apn;                  // Called-Station-Id instead of the session's
    bool auth_only;
    bool late_open;        // CCR-I with the first update of a session without Gy
    int failure_handling;  // Credit-Control-Failure-Handling until the OCS says
    bool session_failover; // CC-Session-Failover until the OCS says
    int direct_debiting;   // enum gxgy_debit: Direct-Debiting-Failure-Handling, likewise
    bool follow_pcrf;      // the OCS that Charging-Information names
    int failed_update;     // enum gxgy_failed_update
    int ps_qos;            // enum gxgy_ps_qos
    int serving_node_type; // enum gxgy_node
    char *cg_address;      // NULL: none
    bool node_id;          // the access gateway's name as Node-Id
    int64_t terminate_tries;
};
struct gxgy_apn {
    char *apn;
    bool gx, gy, gy_auth_only;
};
struct gxgy_virtual_apn {
    char *apn, *charging_characteristics; // regular expressions; NULL: any
    char *gx_apn, *gy_apn;                // NULL: as it is
};
struct gxgy_rule {
    char *id;
    int64_t rating_group, service_identifier; // -1: none
    bool online, offline, omnipresent;
    // With flows the access gateway is given the whole rule, otherwise it knows the rule by its id.
    struct conf_strings flows; // IPFilterRules
    int64_t precedence;        // -1: none, as below
    char *monitoring_key, *redirect;
    int64_t qci, priority_level, max_bw_ul, max_bw_dl, gbr_ul, gbr_dl;
};
struct gxgy_base_name {
    char *name;
    struct conf_strings rules;
    bool omnipresent;
};
struct gxgy_rule_lists {
    struct conf_list rules;      // struct gxgy_rule
    struct conf_list base_names; // struct gxgy_base_name
};
extern const struct conf_key gxgy_rule_list_keys[];
// What the table of keys cannot check; errors go to the conf (gx_gy_store.c).
void gxgy_rule_lists_check(struct conf *conf, const char *section,
                           const struct gxgy_rule_lists *lists);
enum gxgy_charging_id { GXGY_CHARGING_ID_DERIVE, GXGY_CHARGING_ID_RELAY, GXGY_CHARGING_ID_NONE };
struct gxgy_settings {
    struct gxgy_gx_settings gx;
    struct gxgy_gy_settings gy;
    int charging_id;               // enum gxgy_charging_id
    char *session_host;            // first part of Session-Ids; NULL: our identity
    struct conf_list apns;         // struct gxgy_apn
    struct conf_list virtual_apns; // struct gxgy_virtual_apn
    struct gxgy_rule_lists lists;
    char *rules_file; // NULL: none
    int64_t rules_check_ms;
    int64_t agw_timeout_ms;
    char *agw_service, *abort_service;
};
extern const struct conf_key gxgy_settings_keys[];
enum err gxgy_configure(struct conf *conf, const void *settings);
const struct gxgy_settings *gxgy_settings(void); // in force now; valid for the current callback
static inline const struct gxgy_core_settings *gxgy_core(enum gxgy_app app)
{
    return app == GXGY_GX ? &gxgy_settings()->gx.core : &gxgy_settings()->gy.core;
}

// ---- by APN (gx_gy_apn.c) ----
struct gxgy_policy {
    bool gx, gy, gy_auth_only;
    const char *gx_apn, *gy_apn; // what the core is told
};
// Strings are borrowed from the settings or from apn.
struct gxgy_policy gxgy_policy_find(const struct gxgy_settings *settings, const char *apn,
                                    const char *charging_characteristics);

// ---- the rules this gateway knows (gx_gy_store.c) ----
// Sources besides gateway.conf; where several know a rule the last one counts.
enum gxgy_store_source { GXGY_STORE_FILE, GXGY_STORE_REMOTE, GXGY_STORE_SOURCES };
// Look-ups go between these two, on a loop; what they return is valid until release.
void gxgy_store_hold(void);
void gxgy_store_release(void);
const struct gxgy_rule *gxgy_store_rule(const char *id);        // NULL: unknown
const struct gxgy_base_name *gxgy_store_base(const char *name); // NULL: unknown
const struct gxgy_rule_lists *gxgy_store_lists(size_t i); // 0 .. GXGY_STORE_SOURCES; may be NULL
// Any thread. All rules of a source become those of conf, which is taken over (NULL: none). On an
// error nothing changes and why says what is wrong. ERR_CONF_*, ERR_NOMEM.
enum err gxgy_store_replace(enum gxgy_store_source source, struct conf *conf, char *why,
                            size_t size);
// A file as a conf, NULL and why on an error; what is in it is not looked at. ERR_IO, ERR_CONF_*.
enum err gxgy_store_load(const char *path, struct conf **out, char *why, size_t size);
enum err gxgy_store_check(const char *path, char *why, size_t size); // only reads
void gxgy_store_count(enum gxgy_store_source source, size_t *rules, size_t *base_names);
// The file (gx_gy_rules_file.c). Reads it now, and when it has changed and rests for check_ms. One
// that is wrong or away is logged and counted and changes nothing. NULL: no file any more. Main
// thread.
enum err gxgy_store_watch(const char *path, int64_t check_ms);
void gxgy_store_stop(void); // forgets all; loops have stopped
void gxgy_store_status(void (*line)(void *arg, const char *text), void *arg);

// ---- Session-Id (gx_gy_session_id.c) ----
#define GXGY_SESSION_ID_MAX 255    // of the access gateway's own
#define GXGY_EVENT_PREFIX "event:" // one-time events are told from sessions by it
#define GXGY_TEXT_MAX 1024         // of a Diameter Session-Id
struct gxgy_session_id {
    enum gxgy_app app;
    char gateway[FGW_GATEWAY_ID_MAX + 1];
    char id[GXGY_SESSION_ID_MAX + 1];
};
// "<host>;<number>;<1|2>;<gateway>;<id>"; other than plain characters of the last two are %XX.
// ERR_ENCODE_VALUE: empty or too long.
enum err gxgy_session_id_format(const char *host, const struct gxgy_session_id *session, char *out,
                                size_t size);
// ERR_NOT_FOUND: not one of ours.
enum err gxgy_session_id_parse(const char *text, size_t len, struct gxgy_session_id *out);
// The IMSI of "IMSI001010000000001-123456". ERR_DECODE_*
enum err gxgy_session_imsi(const char *id, struct base_imsi *out);

// ---- destinations (gx_gy_route.c) ----
#define GXGY_IDENTITY_MAX 255
struct gxgy_target {
    char realm[GXGY_IDENTITY_MAX + 1];
    char host[GXGY_IDENTITY_MAX + 1]; // "": any
};
struct gxgy_targets {
    struct gxgy_target list[2]; // first choice, alternate
    size_t n;
};
// sticky_host, sticky_realm: who answered before ("" if nobody); becomes the first choice, and the
// other one of its pair the alternate; where the settings name no host, any other server of the
// realm. apn may be "".
void gxgy_route_find(const struct gxgy_core_settings *core, const struct base_imsi *imsi,
                     const char *apn, const char *sticky_host, const char *sticky_realm,
                     const char *own_realm, struct gxgy_targets *out);
// Then, where the PCRF has named the servers (n of them, 1 or 2): those, of the same realm.
void gxgy_route_follow(char *const *hosts, size_t n, const char *sticky_host,
                       struct gxgy_targets *targets);

// ---- failure handling, RFC 8506 5.7 and clause 7 (gx_gy_failure.c) ----
enum gxgy_handling { GXGY_CCFH_TERMINATE, GXGY_CCFH_CONTINUE, GXGY_CCFH_RETRY_AND_TERMINATE };
enum gxgy_fault {
    GXGY_FAULT_TX,             // Tx expired
    GXGY_FAULT_SEND,           // failure to send, or a temporary error (3002, 3004, 3005)
    GXGY_FAULT_FAILED,         // failed answer
    GXGY_FAULT_DENIED,         // END_USER_SERVICE_DENIED, USER_UNKNOWN ...: never served anyway
    GXGY_FAULT_NOT_APPLICABLE, // CREDIT_CONTROL_NOT_APPLICABLE
    GXGY_FAULTS
};
enum gxgy_action {
    GXGY_GIVE_UP,
    GXGY_TRY_ALTERNATE, // the same request, T flag set, to the alternate server
    GXGY_TRY_AGAIN,     // the same request, T flag set, to the same server
    GXGY_GRANT,         // serve without credit control
};
// failover: an alternate exists, was not tried, and the session may move.
enum gxgy_action gxgy_failure_action(enum gxgy_handling handling, uint32_t request_type,
                                     enum gxgy_fault fault, bool failover);
// How an outcome counts; false: it is a success.
bool gxgy_fault_of(enum err err, const struct dia_result *result, enum gxgy_fault *out);

// ---- results (gx_gy_result.c) ----
struct gxgy_verdict {
    int status;        // gRPC status for a call as a whole
    uint32_t code;     // result_code for an element
    const char *label; // for metrics and log; static
};
struct gxgy_verdict gxgy_verdict_of_result(const struct dia_result *result);
struct gxgy_verdict gxgy_verdict_of_err(enum err err);
bool gxgy_is_success(uint32_t code);
// What the core gets for an access gateway's failure to answer.
uint32_t gxgy_core_of_err(enum err err);
uint32_t gxgy_core_of_status(int grpc_status);
const char *gxgy_core_label(uint32_t code);
enum {
    GXGY_SUCCESS = 2001,
    GXGY_LIMITED_SUCCESS = 2002,
    GXGY_UNABLE_TO_DELIVER = 3002,
    GXGY_TOO_BUSY = 3004,
    GXGY_SERVICE_DENIED = 4010,
    GXGY_NOT_APPLICABLE = 4011,
    GXGY_LIMIT_REACHED = 4012,
    GXGY_AVP_UNSUPPORTED = 5001,
    GXGY_UNKNOWN_SESSION = 5002,
    GXGY_UNABLE_TO_COMPLY = 5012,
    GXGY_USER_UNKNOWN = 5030,
};

// ---- order of a session's requests (gx_gy_order.c) ----
// Embedded in what waits. Any loop.
struct gxgy_turn {
    struct gxgy_turn *next, *waiting, **tail;
    uint64_t key;
    struct base_loop *loop;
    struct base_job job;
    void (*run)(struct gxgy_turn *turn);
};
// True: it is this one's turn now. False: run is called on the loop when it is. Turns of a key come
// in the order of asking.
bool gxgy_turn_take(struct gxgy_turn *turn, uint64_t key, struct base_loop *loop,
                    void (*run)(struct gxgy_turn *turn));
void gxgy_turn_end(struct gxgy_turn *turn);
uint64_t gxgy_turn_key(const char *session_id);

// ---- late answers (gx_gy_late.c) ----
// Embedded in what is under way. Any loop.
struct gxgy_watch {
    struct gxgy_watch *next;
    uint64_t key;
    uint32_t end_to_end;
    bool on;
};
struct gxgy_cc;
// From when cc was first sent (end_to_end is known) until it has ended, late answers to it are its.
void gxgy_late_watch(struct gxgy_cc *cc);
// It has ended. If it was a CCR-I and a server may still open a session that nobody has, that
// session is ended there when its answer comes, once.
void gxgy_late_settle(struct gxgy_cc *cc);
enum err gxgy_late_start(void); // before the stack starts
void gxgy_late_stop(void);      // loops have stopped

// ---- one credit control exchange (gx_gy_cc.c) ----
struct gxgy_cc {
    // by the caller; all is borrowed until done
    enum gxgy_app app;
    struct base_loop *loop;
    struct base_arena *arena;
    const char *gateway;
    const char *session_id; // the access gateway's
    struct base_imsi imsi;
    const struct gxgy_context *context; // of the session; only CCR-I needs it
    uint32_t type, number;
    const ProtobufCMessage *request; // Fgw__Gxgy__GxRequest or GyRequest
    struct gxgy_targets targets;
    enum gxgy_handling handling;
    bool failover; // the request may go to the alternate
    bool rerouted; // if its peer is lost, the stack may send it by another
    bool again;    // may have been sent before by somebody else: T flag at once
    int64_t deadline_ns;
    void (*done)(struct gxgy_cc *cc);
    void *ctx;
    // when done is called
    struct gxgy_verdict verdict; // label, and what the caller gets if it failed
    bool ok;                     // answered with success
    bool granted;                // serve without control, although not ok
    enum gxgy_fault fault;       // unless ok: how it failed
    uint32_t result;             // of the answer; 0: none
    ProtobufCMessage *answer;    // GxAnswer or GyAnswer, in the arena; NULL without an answer
    char host[GXGY_IDENTITY_MAX + 1], realm[GXGY_IDENTITY_MAX + 1]; // who answered
    char peer[GXGY_IDENTITY_MAX + 1]; // who brought the answer, or was asked last
    char where[200];                  // what could not be encoded or read
    // its own
    struct gxgy_turn turn;
    bool has_turn;
    struct gxgy_watch watch;
    unsigned tries;
    unsigned lost; // of those how many may have been served without our knowing
    size_t target;
    bool alternate_tried;
    bool gone_out; // a server may have seen it
    uint32_t end_to_end;
    base_handle sent;
    int64_t started_ns;
};
// done is called exactly once, always later than this returns, or from inside it if nothing could
// be sent.
void gxgy_cc_start(struct gxgy_cc *cc);
// A success that came after its time, while cc waits for another server: it is as good. On the loop
// of cc, which is being watched.
void gxgy_cc_late(struct gxgy_cc *cc, struct msg *answer, const char *peer);

// ---- requests toward the core ----
// What all calls tell about their session. Strings are never NULL.
struct gxgy_context {
    const char *gateway, *session_id;
    struct base_imsi imsi;
    Magma__Lte__CommonSessionContext *common;
    Magma__Lte__Timezone *timezone;
    const Magma__Lte__QosInformationRequest *qos;
    Magma__Lte__TgppContext *tgpp;     // never NULL
    Magma__Lte__SessionReport *report; // NULL: nothing
    const char *spgw_ipv4, *imei, *plmn_id, *imsi_plmn_id, *charging_characteristics;
    ProtobufCBinaryData user_location, hardware_address;
    uint32_t bearer_id; // 0: not said
    struct gxgy_policy policy;
};
// gx_gy_context.c; ERR_ENCODE_VALUE: no session id or IMSI; ERR_NOMEM.
enum err gxgy_context_of_create(struct base_arena *arena, const Magma__Lte__CreateSessionRequest *r,
                                struct gxgy_context *out);
enum err gxgy_context_of_credit(struct base_arena *arena, const Magma__Lte__CreditUsageUpdate *u,
                                struct gxgy_context *out);
enum err gxgy_context_of_monitor(struct base_arena *arena,
                                 const Magma__Lte__UsageMonitoringUpdateRequest *u,
                                 struct gxgy_context *out);
enum err gxgy_context_of_terminate(struct base_arena *arena,
                                   const Magma__Lte__SessionTerminateRequest *r,
                                   struct gxgy_context *out);
// session_id, common, tgpp and rat are borrowed, the last three may be NULL.
enum err gxgy_context_of_event(struct base_arena *arena, char *session_id,
                               Magma__Lte__CommonSessionContext *common,
                               Magma__Lte__TgppContext *tgpp,
                               const Magma__Lte__RatSpecificContext *rat, struct gxgy_context *out);

// gx_gy_qos.c. A bit rate that does not fit into 32 bits goes into the extended AVP, in kbit/s
// (TS 29.212 5.4.1, Extended-Max-Requested-BW-NR); the other one has its maximum then.
uint32_t gxgy_plain_rate(uint64_t bps, uint32_t *extended);
uint64_t gxgy_said_rate(const Magma__Lte__QosInformationRequest *said, uint32_t rate); // bit/s
uint32_t gxgy_qos_digest(const Magma__Lte__QosInformationRequest *said);               // not 0
enum err gxgy_qos_of_said(struct base_arena *arena, const Magma__Lte__QosInformationRequest *said,
                          Magma__Lte__SessionQos **out);
// What the PCRF authorises takes the place of what was in force. *qos may be NULL.
enum err gxgy_qos_authorised(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                             Magma__Lte__SessionQos **qos);
enum err gxgy_qos_wire(struct base_arena *arena, const Magma__Lte__SessionQos *from,
                       Fgw__Gxgy__Qos **out);
// 3GPP-GPRS-Negotiated-QoS-Profile of a P-GW: "08-", then ARP, QCI and APN-AMBR up and down as TS
// 29.274 has them, in hexadecimal digits (TS 29.061 16.4.7.2, 5). *out stays as it is without QCI
// and ARP, and for bearers with a guaranteed bit rate.
enum err gxgy_qos_profile(struct base_arena *arena, const Magma__Lte__SessionQos *qos, char **out);

// gx_gy_ps.c
enum err gxgy_ps_information(struct base_arena *arena, const struct gxgy_context *c, uint32_t type,
                             Fgw__Gxgy__PsInformation **out);
// The Charging-Id that PCRF and OCS are told: the access gateway's, or made of the names of gateway
// and session; 0: none.
uint32_t gxgy_charging_id(const struct gxgy_context *c);
enum err gxgy_charging_id_bytes(struct base_arena *arena, uint32_t id, ProtobufCBinaryData *out);
// That of the session as a whole in a report; 0: there is none.
uint32_t gxgy_charging_id_said(const Magma__Lte__SessionReport *report);

// gx_gy_gx.c. NULL: out of memory.
Fgw__Gxgy__GxRequest *gxgy_gx_request(struct base_arena *arena, const struct gxgy_context *c,
                                      uint32_t type, uint32_t number);
// The Charging-Id, where the request begins the session or reports CHARGING_CORRELATION_EXCHANGE
// and the access gateway says none.
enum err gxgy_gx_add_charging_id(struct base_arena *arena, Fgw__Gxgy__GxRequest *request,
                                 const struct gxgy_context *c);
// What the PCRF has not been told yet of failed rules, unless the request has it already.
enum err gxgy_gx_add_unreported(struct base_arena *arena, Fgw__Gxgy__GxRequest *request,
                                const Magma__Lte__TgppContext *tgpp);
enum err gxgy_gx_add_monitor(struct base_arena *arena, Fgw__Gxgy__GxRequest *request,
                             const Magma__Lte__UsageMonitorUpdate *update, size_t room);

// gx_gy_late.c: what ends, for our own reasons, a session that no access gateway has. NULL: out of
// memory.
const ProtobufCMessage *gxgy_end_request(struct base_arena *arena, enum gxgy_app app,
                                         const struct gxgy_context *c, uint32_t number);

// gx_gy_gy.c
Fgw__Gxgy__GyRequest *gxgy_gy_request(struct base_arena *arena, const struct gxgy_context *c,
                                      uint32_t type, uint32_t number);
struct gxgy_key { // of a service
    bool has_group;
    uint32_t rating_group;
    bool has_service;
    uint32_t service_identifier;
};
// Adds a service: asks for units, reports usage (NULL: none). room: services of the request at
// most.
enum err gxgy_gy_add_service(struct base_arena *arena, Fgw__Gxgy__GyRequest *request,
                             const struct gxgy_key *key, const Magma__Lte__RequestedUnits *asked,
                             const Magma__Lte__CreditUsage *usage, size_t room);

// ---- answers of the core ----
// gx_gy_flow.c: a filter as flows that access gateways can match. ERR_UNSUPPORTED: cannot be
// expressed. ERR_DECODE_*: is none.
enum err gxgy_flows_of(struct base_arena *arena, const Fgw__Gxgy__Flow *flow,
                       const struct gxgy_gx_settings *settings, Magma__Lte__FlowDescription ***out,
                       size_t *n);
// gx_gy_definition.c: a rule of the store as a PCRF would define it. ERR_NOMEM.
enum err gxgy_definition_of(struct base_arena *arena, const struct gxgy_rule *rule,
                            Fgw__Gxgy__RuleDefinition **out);
// gx_gy_rules.c: what an answer or a RAR does to the rules of a session.
struct gxgy_rules {
    size_t n_static, n_static_keys, n_dynamic, n_remove, n_failed;
    Magma__Lte__StaticRuleInstall **statics;
    struct gxgy_key **static_keys; // of each; NULL: not charged online. As many.
    Magma__Lte__DynamicRuleInstall **dynamics;
    char **remove;
    Magma__Lte__RuleReport **failed;
};
// omnipresent: add the rules every session has. answer may be NULL. ERR_NOMEM.
enum err gxgy_rules_of(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                       bool omnipresent, struct gxgy_rules *out);
// The services to ask quota for. ERR_NOMEM.
enum err gxgy_rules_keys(struct base_arena *arena, const struct gxgy_rules *rules,
                         struct gxgy_key **out, size_t *n);
// gx_gy_answer.c
enum err gxgy_monitor_credit(struct base_arena *arena, const Fgw__Gxgy__UsageMonitor *monitor,
                             Magma__Lte__UsageMonitoringCredit **out);
enum err gxgy_session_qos(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                          Magma__Lte__SessionQos **out); // NULL: the answer has none
enum err gxgy_triggers(struct base_arena *arena, const Fgw__Gxgy__GxAnswer *answer,
                       Magma__Lte__EventTrigger **out, size_t *n);
enum err gxgy_timestamp(struct base_arena *arena, int64_t unix_seconds,
                        Google__Protobuf__Timestamp **out); // NULL for 0
enum err gxgy_credit(struct base_arena *arena, const Fgw__Gxgy__ServiceAnswer *service,
                     const Fgw__Gxgy__GyAnswer *answer, Magma__Lte__CreditUpdateResponse *out);
// gx_gy_tgpp.c: what later requests of the session must carry, from the one before and this
// exchange. NULL cc: as it was. ERR_NOMEM.
enum err gxgy_tgpp(struct base_arena *arena, const Magma__Lte__TgppContext *before,
                   const struct gxgy_cc *gx, const struct gxgy_cc *gy,
                   Magma__Lte__TgppContext **out);
// What the access gateway itself says with a request and does not repeat with each. qos may be
// NULL; bearer_id, charging_id 0: not said. *tgpp is replaced by another where something is new.
enum err gxgy_tgpp_said(struct base_arena *arena, const Magma__Lte__QosInformationRequest *qos,
                        uint32_t bearer_id, uint32_t charging_id, Magma__Lte__TgppContext **tgpp);
// Rules that the PCRF must be told of with the session's next CCR: they could not be installed.
enum err gxgy_tgpp_not_told(struct base_arena *arena, const struct gxgy_rules *rules,
                            Magma__Lte__TgppContext *tgpp);

// ---- procedures ----
// Most memory of a procedure that takes rules: a filter may become as many flows as max_flows says.
#define GXGY_MEMORY ((size_t)16 << 20)
// How long before a call's deadline its reply must be ready.
#define GXGY_REPLY_MARGIN_NS (100 * BASE_MS_NS)
void gxgy_create(struct rpc_call *call, void *arg);
void gxgy_update(struct rpc_call *call, void *arg);
void gxgy_terminate(struct rpc_call *call, void *arg);
void gxgy_event(struct rpc_call *call, void *arg);
extern const struct rpc_method gxgy_methods[]; // gx_gy.c
enum err gxgy_down_accept(void);               // gx_gy_down.c: registers RAR and ASR
// Targets, failure handling and the rest of an exchange's frame (gx_gy_cc.c).
void gxgy_cc_prepare(struct gxgy_cc *cc, enum gxgy_app app, const struct gxgy_context *context,
                     uint32_t type, uint32_t number, const ProtobufCMessage *request);
// Reads a call's message. On failure *text says what is wrong.
enum err gxgy_read_call(struct rpc_call *call, struct base_arena *arena,
                        const ProtobufCMessageDescriptor *type, ProtobufCMessage **out,
                        const char **text);
// May this gateway serve this session's subscriber? ERR_DENIED.
enum err gxgy_admit(const char *gateway, const struct gxgy_context *context);
// Ends a call with a message, or with a gRPC failure. gxgy_reply: false: it was a failure, there is
// no memory for the message.
bool gxgy_reply(struct rpc_call *call, struct base_arena *arena, const ProtobufCMessage *message);
void gxgy_refuse(struct rpc_call *call, const char *procedure, const struct gxgy_verdict *verdict,
                 const char *text);
// A copy of a text, for those of the settings: they hold for one callback. NULL: no memory.
char *gxgy_keep(struct base_arena *arena, const char *text);
// Packs a message into the arena. NULL: no memory.
uint8_t *gxgy_pack(struct base_arena *arena, const ProtobufCMessage *message, size_t *len);
// Lists of pointers in an arena: room for n more behind have.
void *gxgy_list(struct base_arena *arena, void *list, size_t have, size_t more);
#define GXGY_NEW(arena, descriptor) ((void *)xlate_message_new((arena), &(descriptor)))
#define GXGY_EMPTY ((char *)(uintptr_t)protobuf_c_empty_string)
