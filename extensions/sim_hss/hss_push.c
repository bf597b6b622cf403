// SPDX-License-Identifier: BSD-3-Clause
// Requests of the HSS: building them, and reading what their answers carry.
#include "hss_push.h"

#include <stdio.h>
#include <string.h>

#include "diameter/avp.h"
#include "hss_encode.h"

#define S6A 16777251u

enum { CLR = 317, IDR = 319, DSR = 320, RSR = 322 };

enum err hss_request_new(uint32_t application, uint32_t command, const struct hss_to *to,
                         struct msg **out)
{
    struct msg *msg = NULL;
    enum err err = dia_request_new(application, command, &msg);

    if (!err)
        err = dia_add_session_id(msg, NULL);
    if (!err)
        err = dia_add_vendor_application(msg, application);
    if (!err)
        err = dia_add_no_state(msg);
    if (!err)
        err = dia_add_origin(msg);
    if (!err)
        err = dia_add_text(msg, AVP_DESTINATION_HOST, to->host);
    if (!err)
        err = dia_add_text(msg, AVP_DESTINATION_REALM, to->realm);
    if (err && msg)
        fd_msg_free(msg);
    else
        *out = msg;
    return err;
}

enum err hss_request_end(enum err err, struct msg *msg, struct msg **out)
{
    if (err && msg)
        fd_msg_free(msg);
    else if (!err)
        *out = msg;
    return err;
}

enum err hss_clr_new(const struct hss_to *to, const char *imsi, enum hss_cancellation type,
                     uint32_t clr_flags, struct msg **out)
{
    struct msg *msg = NULL;
    enum err err = hss_request_new(S6A, CLR, to, &msg);

    if (!err)
        err = dia_add_text(msg, AVP_USER_NAME, imsi);
    if (!err)
        err = dia_add_i32(msg, AVP_CANCELLATION_TYPE, (int32_t)type);
    if (!err)
        err = dia_add_u32(msg, AVP_CLR_FLAGS, clr_flags);
    return hss_request_end(err, msg, out);
}

enum err hss_idr_new(const struct hss_to *to, const struct hss_profile *p, unsigned parts,
                     uint32_t idr_flags, struct msg **out)
{
    struct msg *msg = NULL;
    enum err err = hss_request_new(S6A, IDR, to, &msg);

    if (!err)
        err = dia_add_text(msg, AVP_USER_NAME, p->imsi);
    if (!err)
        err = hss_encode_subscription(msg, p, parts);
    if (!err && idr_flags)
        err = dia_add_u32(msg, AVP_IDR_FLAGS, idr_flags);
    return hss_request_end(err, msg, out);
}

enum err hss_dsr_new(const struct hss_to *to, const char *imsi, uint32_t dsr_flags,
                     const uint32_t *contexts, size_t n_contexts, struct msg **out)
{
    struct msg *msg = NULL;
    enum err err = hss_request_new(S6A, DSR, to, &msg);

    if (!err)
        err = dia_add_text(msg, AVP_USER_NAME, imsi);
    if (!err)
        err = dia_add_u32(msg, AVP_DSR_FLAGS, dsr_flags);
    for (size_t i = 0; !err && i < n_contexts; i++)
        err = dia_add_u32(msg, AVP_CONTEXT_IDENTIFIER, contexts[i]);
    return hss_request_end(err, msg, out);
}

enum err hss_rsr_new(const struct hss_to *to, const char *const *users, size_t n_users,
                     struct msg **out)
{
    struct msg *msg = NULL;
    enum err err = hss_request_new(S6A, RSR, to, &msg);

    for (size_t i = 0; !err && i < n_users; i++)
        err = dia_add_text(msg, AVP_USER_ID, users[i]);
    return hss_request_end(err, msg, out);
}

static void append_flags(struct msg *answer, char *out, size_t size, dia_avp_id id,
                         const char *name)
{
    size_t used = strlen(out);
    uint32_t v;

    if (dia_get_u32(answer, id, &v) == ERR_OK)
        snprintf(out + used, size - used, "%s%s=%u", used ? " " : "", name, v);
}

void hss_push_describe(struct msg *answer, char *out, size_t size)
{
    struct avp *state = dia_find(answer, AVP_EPS_USER_STATE);
    struct avp *mme = state ? dia_find(state, AVP_MME_USER_STATE) : NULL;
    int32_t user_state;

    out[0] = '\0';
    append_flags(answer, out, size, AVP_IDA_FLAGS, "IDA-Flags");
    append_flags(answer, out, size, AVP_DSA_FLAGS, "DSA-Flags");
    if (mme && dia_get_i32(mme, AVP_USER_STATE, &user_state) == ERR_OK) {
        const char *name = dia_dict_enum_name(AVP_USER_STATE, user_state);
        size_t used = strlen(out);

        snprintf(out + used, size - used, "%sUser-State=%s", used ? " " : "", name ? name : "?");
    }
}
