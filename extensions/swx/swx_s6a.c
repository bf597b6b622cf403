// SPDX-License-Identifier: BSD-3-Clause
// Vectors for Wi-Fi from an HSS without SWx: UTRAN vectors of S6a (TS 29.272 5.2.3.1) are what
// EAP-AKA needs. EAP-AKA' is not possible so: its vectors need the separation bit and keys bound to
// the access network, which S6a does not give. There is no registration and no profile either.
#include <string.h>

#include "diameter/avp.h"
#include "extensions/swx/swx.h"
#include "proto/s6a.pb-c.h"
#include "rpc/status.h"

typedef Magma__Feg__AuthenticationInformationAnswer AIA;
typedef Magma__Feg__AuthenticationInformationAnswer__UTRANVector utran_vector;

enum { RAND = 16, AUTN = 16 };

static swx_vector *convert(struct base_arena *arena, const utran_vector *from)
{
    swx_vector *to = (swx_vector *)xlate_message_new(
        arena, &magma__feg__authentication_answer__sipauth_vector__descriptor);
    uint8_t *rand_autn = base_arena_alloc(arena, RAND + AUTN);
    if (!to || !rand_autn)
        return NULL;
    memcpy(rand_autn, from->rand.data, RAND); // the table has checked the lengths
    memcpy(rand_autn + RAND, from->autn.data, AUTN);
    to->authentication_scheme = MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA;
    to->rand_autn.data = rand_autn;
    to->rand_autn.len = RAND + AUTN;
    to->xres = from->xres;
    to->confidentiality_key = from->confidentiality_key;
    to->integrity_key = from->integrity_key;
    return to;
}

static void answered(struct fgw_up *up, const struct dia_outcome *outcome)
{
    static const struct fgw_verdict none = {RPC_UNAVAILABLE, 0, "no_valid_vectors"};
    struct swx_own *own = up->own;
    char text[128];
    ProtobufCMessage *message;
    const struct fgw_verdict verdict = swx_judge(outcome, text);
    if (verdict.status != RPC_OK) {
        swx_end(up, &verdict, text);
        return;
    }
    if (swx_read(up, SWX_S6A_AIA, outcome, &message) != ERR_OK)
        return;
    const AIA *aia = (const AIA *)message;
    size_t n = aia->n_utran_vectors < own->asked ? aia->n_utran_vectors : own->asked;
    swx_vector **vectors = base_arena_zalloc(up->arena, (n + 1) * sizeof(*vectors));
    for (size_t i = 0; vectors && i < n; i++)
        if (!(vectors[i] = convert(up->arena, aia->utran_vectors[i])))
            vectors = NULL;
    if (!vectors || n == 0) {
        swx_end(up, &none, "the HSS gave no usable vector");
        return;
    }
    own->answer->sip_auth_vectors = vectors;
    own->answer->n_sip_auth_vectors = n;
    swx_vectors_found(up);
}

void swx_s6a_send(struct fgw_up *up)
{
    static const struct fgw_verdict refused = {RPC_UNIMPLEMENTED, 0, "auth_scheme_not_supported"};
    const Magma__Feg__AuthenticationRequest *r = (const void *)up->request;
    const struct swx_own *own = up->own;
    const char *digits = swx_settings()->s6a_visited_plmn;
    struct base_plmn plmn;
    uint8_t bcd[3];
    if (r->authentication_scheme != MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA) {
        swx_end(up, &refused, "only EAP-AKA over S6a");
        return;
    }
    if (!digits || base_plmn_parse(digits, strlen(digits), &plmn) != ERR_OK) {
        const struct fgw_verdict verdict = fgw_verdict_of_err(ERR_CONF_MISSING);
        swx_end(up, &verdict, "s6a_visited_plmn is not set");
        return;
    }
    base_plmn_to_bcd(&plmn, bcd);
    Magma__Feg__AuthenticationInformationRequest air =
        MAGMA__FEG__AUTHENTICATION_INFORMATION_REQUEST__INIT;
    air.user_name = up->imsi.digits;
    air.visited_plmn.data = bcd;
    air.visited_plmn.len = sizeof(bcd);
    air.num_requested_utran_geran_vectors = own->asked;
    air.immediate_response_preferred = 1;
    air.utran_geran_resync_info = r->resync_info;
    swx_send(up, SWX_S6A_AIR, &air.base, NULL, answered);
}
