// SPDX-License-Identifier: BSD-3-Clause
// Retransmission of Disconnect- and CoA-Requests. See dynauth.h.
#include "radius/dynauth.h"

#include <string.h>

#define MAX_INTERVAL_NS 16000000000LL

enum err rad_dyn_init(struct rad_dyn *dyn, struct rad_secret secret, int64_t first_ns,
                      unsigned tries, int64_t now_ns)
{
    uint8_t code = dyn->packet.buf[0];
    if ((code != RAD_DISCONNECT_REQUEST && code != RAD_COA_REQUEST) || tries == 0 ||
        first_ns <= 0 || secret.len > sizeof(dyn->secret))
        return ERR_INVALID;
    enum err err = rad_end_request(&dyn->packet, secret, NULL);
    if (err)
        return err;
    memcpy(dyn->secret, secret.data, secret.len);
    dyn->secret_len = secret.len;
    dyn->state = RAD_DYN_WAITING;
    dyn->error_cause = 0;
    dyn->sent = 0;
    dyn->tries = tries;
    dyn->interval_ns = first_ns;
    dyn->due_ns = now_ns;
    return ERR_OK;
}

bool rad_dyn_due(struct rad_dyn *dyn, int64_t now_ns)
{
    if (dyn->state != RAD_DYN_WAITING || now_ns < dyn->due_ns)
        return false;
    if (dyn->sent == dyn->tries) {
        dyn->state = RAD_DYN_GONE;
        return false;
    }
    dyn->sent++;
    dyn->due_ns = now_ns + dyn->interval_ns;
    dyn->interval_ns *= 2;
    if (dyn->interval_ns > MAX_INTERVAL_NS)
        dyn->interval_ns = MAX_INTERVAL_NS;
    return true;
}

enum err rad_dyn_answer(struct rad_dyn *dyn, const struct rad_packet *answer)
{
    struct rad_secret secret = {dyn->secret, dyn->secret_len};
    uint8_t request = dyn->packet.buf[0];
    // ACK and NAK have the numbers after their request's
    bool fits = answer->code == request + 1 || answer->code == request + 2;
    if (!fits || answer->id != dyn->packet.buf[1] || dyn->state != RAD_DYN_WAITING)
        return ERR_NOT_FOUND;
    enum err err = rad_check_response(answer, secret, dyn->packet.buf + 4);
    if (err)
        return ERR_DENIED;
    dyn->state = answer->code == request + 1 ? RAD_DYN_ACK : RAD_DYN_NAK;
    if (rad_u32(answer, RAD_ERROR_CAUSE, &dyn->error_cause))
        dyn->error_cause = 0;
    return ERR_OK;
}
