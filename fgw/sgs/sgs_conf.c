// SPDX-License-Identifier: BSD-3-Clause
// Settings of SGs: section `sgs` of gateway.conf. What they mean together is checked by making the
// plan of them.
#include "fgw/sgs/sgs_plan.h"

#define AT(member) offsetof(struct sgs_settings, member)
#define VLR(member) offsetof(struct sgs_vlr_settings, member)
#define AREA(member) offsetof(struct sgs_area_settings, member)

static const char *const selects[] = {"primary", "pool", NULL};
static const char *const resets[] = {"never", "lost", "always", NULL};

static const struct conf_key vlr_keys[] = {
    {.name = "name",
     .type = CONF_STRING,
     .offset = VLR(name),
     .required = true,
     .help = "VLR name, as the VLR gives it in its messages."},
    {.name = "addresses",
     .type = CONF_STRINGS,
     .offset = VLR(addresses),
     .required = true,
     .help = "IP addresses of its SCTP endpoint, the primary path first."},
    {.name = "port",
     .type = CONF_INT,
     .offset = VLR(port),
     .def = SGSAP_PORT,
     .min = 1,
     .max = 65535,
     .help = "SCTP port."},
    {.name = "udp_port",
     .type = CONF_INT,
     .offset = VLR(udp_port),
     .def = 9899,
     .min = 1,
     .max = 65535,
     .help = "User backend over UDP: the VLR's UDP port (RFC 6951)."},
    {.name = "nri",
     .type = CONF_STRINGS,
     .offset = VLR(nri),
     .help = "Network resource identifiers (decimal) in the TMSIs that this VLR allocates."},
    {.name = NULL},
};

static const struct conf_key area_keys[] = {
    {.name = "lai",
     .type = CONF_STRING,
     .offset = AREA(lai),
     .help = "Location area, e.g. 00101-0001. With `tai`: what that tracking area is mapped to."},
    {.name = "tai",
     .type = CONF_STRING,
     .offset = AREA(tai),
     .help = "Tracking area; counts before the location area."},
    {.name = "vlrs",
     .type = CONF_STRINGS,
     .offset = AREA(vlrs),
     .help = "Names of the VLRs that serve it; default: all."},
    {.name = NULL},
};

#define TIMER(member) offsetof(struct sgsap_timers, member)
// Those that run here.
static const struct conf_key timer_keys[] = {
    {.name = "ts6_1",
     .type = CONF_MS,
     .offset = TIMER(ts6_1),
     .def = 10000,
     .min = 100,
     .max = 3600 * 1000,
     .help = "A location update that the VLR has not answered by then is forgotten."},
    {.name = "ts12_2",
     .type = CONF_MS,
     .offset = TIMER(ts12_2),
     .def = 4000,
     .min = 100,
     .max = 3600 * 1000,
     .help = "Wait for the acknowledgement of our own reset."},
    {.name = "ns12",
     .type = CONF_INT,
     .offset = TIMER(ns12),
     .def = 2,
     .min = 0,
     .max = 20,
     .help = "Repetitions of our own reset."},
    {.name = NULL},
};

const struct conf_key sgs_settings_keys[] = {
    {.name = "mme_name",
     .type = CONF_STRING,
     .offset = AT(mme_name),
     .restart = true,
     .help = "Our name toward every VLR, for all access gateways (TS 23.003 19.4.2.4)."},
    {.name = "vlrs",
     .type = CONF_LIST,
     .offset = AT(vlrs),
     .members = vlr_keys,
     .item_size = sizeof(struct sgs_vlr_settings),
     .restart = true,
     .help = "The VLRs, at most 32."},
    {.name = "areas",
     .type = CONF_LIST,
     .offset = AT(areas),
     .members = area_keys,
     .item_size = sizeof(struct sgs_area_settings),
     .restart = true,
     .help = "Which VLRs serve which areas; elsewhere all of them do."},
    {.name = "select",
     .type = CONF_ENUM,
     .offset = AT(select),
     .choices = selects,
     .def = SGS_SELECT_PRIMARY,
     .restart = true,
     .help = "Among the VLRs of an area: the first that is up, or by the IMSI (TS 23.236 pool)."},
    {.name = "nri_bits",
     .type = CONF_INT,
     .offset = AT(nri_bits),
     .def = 0,
     .min = 0,
     .max = 10,
     .restart = true,
     .help = "Length of the network resource identifier in TMSIs; 0: not used."},
    {.name = "local_addresses",
     .type = CONF_STRINGS,
     .offset = AT(local_addresses),
     .restart = true,
     .help = "Our IP addresses for SCTP; default: any."},
    {.name = "transport",
     .type = CONF_GROUP,
     .offset = AT(stack),
     .members = sct_stack_conf,
     .restart = true,
     .help = "Which SCTP: the kernel's or our own."},
    {.name = "sctp",
     .type = CONF_GROUP,
     .offset = AT(sctp),
     .members = sct_options_conf,
     .restart = true,
     .help = "Options of associations."},
    {.name = "capture",
     .type = CONF_GROUP,
     .offset = AT(capture),
     .members = sgs_capture_keys,
     .help = "Every SGsAP message into a file, for diagnosis."},
    {.name = "timers",
     .type = CONF_GROUP,
     .offset = AT(timers),
     .members = timer_keys,
     .restart = true,
     .help = "Timers and counters of TS 29.118 10 that run here; the others run in the access "
             "gateways."},
    {.name = "reconnect_min",
     .type = CONF_MS,
     .offset = AT(reconnect_min_ms),
     .restart = true,
     .def = 1000,
     .min = 10,
     .max = 600000,
     .help = "Pause before an association is set up again; doubles each time, 50 % jitter."},
    {.name = "reconnect_max",
     .type = CONF_MS,
     .offset = AT(reconnect_max_ms),
     .restart = true,
     .def = 30000,
     .min = 10,
     .max = 600000,
     .help = "Longest such pause."},
    {.name = "lost_after",
     .type = CONF_MS,
     .offset = AT(lost_after_ms),
     .restart = true,
     .def = 60000,
     .min = 0,
     .max = 24 * 3600 * 1000,
     .help = "A VLR without association for so long counts as reset: its subscribers register "
             "again, with another one of their area. 0: never."},
    {.name = "reset_on_start",
     .type = CONF_ENUM,
     .offset = AT(reset_on_start),
     .choices = resets,
     .restart = true,
     .def = SGS_RESET_ALWAYS,
     .help = "Send SGsAP-RESET-INDICATION to each VLR after a start: always, never, or if no "
             "registration is stored (for VLRs that know us by our address)."},
    {.name = "agw_service",
     .type = CONF_STRING,
     .offset = AT(agw_service),
     .def_text = "sgs_service",
     .help = "Service of access gateways that takes messages of the VLR."},
    {.name = "agw_timeout",
     .type = CONF_MS,
     .offset = AT(agw_timeout_ms),
     .def = 3000,
     .min = 100,
     .max = 60000,
     .help = "Longest wait for an access gateway; keep it below the VLR's Ts5."},
    {.name = "reset_parallel",
     .type = CONF_INT,
     .offset = AT(reset_parallel),
     .restart = true,
     .def = 64,
     .min = 1,
     .max = 10000,
     .help = "Access gateways told at a time of a VLR's reset."},
    {.name = "reset_retry",
     .type = CONF_MS,
     .offset = AT(reset_retry_ms),
     .restart = true,
     .def = 30000,
     .min = 100,
     .max = 3600 * 1000,
     .help = "Pause before those that could not be told are tried again."},
    {.name = "reset_tries",
     .type = CONF_INT,
     .offset = AT(reset_tries),
     .restart = true,
     .def = 120,
     .min = 1,
     .max = 100000,
     .help = "How often each is tried."},
    {.name = "max_subscribers",
     .type = CONF_INT,
     .offset = AT(max_subscribers),
     .restart = true,
     .def = 1000000,
     .min = 1,
     .max = 100000000,
     .help = "Subscribers registered at a time; beyond: RESOURCE_EXHAUSTED."},
    {.name = NULL},
};

enum err sgs_configure(struct conf *conf, const void *settings)
{
    const struct sgs_settings *s = settings;
    struct sgs_plan *plan;
    const char *key;
    char why[200];
    if (!conf_has(conf, "sgs"))
        return ERR_OK;
    if (s->vlrs.n == 0) {
        conf_error(conf, "sgs", "vlrs", ERR_CONF_MISSING, "SGs needs a VLR");
        return ERR_CONF_MISSING;
    }
    if (s->reconnect_min_ms > s->reconnect_max_ms) {
        conf_error(conf, "sgs", "reconnect_min", ERR_CONF_RANGE, "is above reconnect_max");
        return ERR_CONF_RANGE;
    }
    if (s->sctp.rto_min > s->sctp.rto_initial || s->sctp.rto_initial > s->sctp.rto_max) {
        conf_error(conf, "sgs", "sctp", ERR_CONF_RANGE,
                   "rto_initial is not between rto_min and rto_max");
        return ERR_CONF_RANGE;
    }
    enum err err = sgs_plan_make(s, &plan, &key, why, sizeof(why));
    if (err)
        conf_error(conf, "sgs", key, err, "%s", why);
    else
        sgs_plan_free(plan);
    return err;
}
