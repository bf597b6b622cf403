// SPDX-License-Identifier: BSD-3-Clause
// The requests of a server, and opening what comes encrypted. See server_int.h.
#include <string.h>

#include "eap/server_int.h"

#define REAUTH_RANDOM 12 // octets of chance in a re-authentication identity

static enum err put_encrypted(struct eap_session *s, const struct eap_aka_writer *inner)
{
    uint8_t iv[16];
    enum err err = s->ops->random(s->ctx, iv, sizeof(iv));
    if (!err)
        eap_aka_put_encrypted(&s->out, &s->keys, iv, inner);
    return err;
}

static enum err put_checkcode(struct eap_session *s)
{
    uint8_t code[EAP_CHECKCODE_MAX];
    size_t len;
    enum err err = eap_checkcode_get(&s->check, code, &len);
    if (!err)
        eap_aka_put(&s->out, EAP_AT_CHECKCODE, code, len);
    return err;
}

// A new re-authentication identity: chance, and the realm of the peer's identity, so that it finds
// its way back here.
static enum err put_next_reauth(struct eap_session *s, struct eap_aka_writer *inner)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t chance[REAUTH_RANDOM];
    const char *realm = memchr(s->identity, '@', s->identity_len);
    size_t realm_len = realm ? (size_t)(s->identity + s->identity_len - realm) : 0;
    size_t n = 0;
    s->next_reauth[0] = '\0';
    if (s->settings->max_reauth == 0 || (s->again && s->counter >= s->settings->max_reauth) ||
        1 + 2 * REAUTH_RANDOM + realm_len > EAP_IDENTITY_MAX)
        return ERR_OK;
    enum err err = s->ops->random(s->ctx, chance, sizeof(chance));
    if (err)
        return err;
    s->next_reauth[n++] = s->method == EAP_AKA ? '4' : '8';
    for (size_t i = 0; i < sizeof(chance); i++) {
        s->next_reauth[n++] = digits[chance[i] >> 4];
        s->next_reauth[n++] = digits[chance[i] & 0xf];
    }
    if (realm_len > 0)
        memcpy(s->next_reauth + n, realm, realm_len);
    n += realm_len;
    s->next_reauth[n] = '\0';
    eap_aka_put(inner, EAP_AT_NEXT_REAUTH_ID, s->next_reauth, n);
    return ERR_OK;
}

static enum err put_pseudonym(struct eap_session *s, struct eap_aka_writer *inner)
{
    char pseudonym[EAP_PSEUDONYM_LEN + 1];
    uint8_t chance[8];
    if (!s->settings->pseudonyms || !s->settings->keys)
        return ERR_OK;
    enum err err = s->ops->random(s->ctx, chance, sizeof(chance));
    if (!err)
        err = eap_pseudonym_make(s->settings->keys, s->method, &s->imsi, chance, pseudonym);
    if (!err)
        eap_aka_put(inner, EAP_AT_NEXT_PSEUDONYM, pseudonym, EAP_PSEUDONYM_LEN);
    return err;
}

enum err eap_build_identity(struct eap_session *s)
{
    static const enum eap_at ask[] = {
        [ASKED_ANY] = EAP_AT_ANY_ID_REQ,
        [ASKED_FULLAUTH] = EAP_AT_FULLAUTH_ID_REQ,
        [ASKED_PERMANENT] = EAP_AT_PERMANENT_ID_REQ,
    };
    eap_aka_begin(&s->out, EAP_REQUEST, s->id, s->method, EAP_AKA_IDENTITY);
    eap_aka_put(&s->out, ask[s->asked], NULL, 0);
    enum err err = eap_aka_end(&s->out, NULL, NULL, 0);
    return err ? err : eap_checkcode_add(&s->check, s->method, s->out.buf, s->out.len);
}

enum err eap_build_challenge(struct eap_session *s)
{
    struct eap_aka_writer inner;
    const struct eap_vector *v = &s->vector;
    eap_aka_begin(&s->out, EAP_REQUEST, s->id, s->method, EAP_AKA_CHALLENGE);
    eap_aka_put(&s->out, EAP_AT_RAND, v->rand, sizeof(v->rand));
    eap_aka_put(&s->out, EAP_AT_AUTN, v->autn, sizeof(v->autn));
    if (s->method == EAP_AKA_PRIME) {
        eap_aka_put_u16(&s->out, EAP_AT_KDF, EAP_KDF_CK_IK_PRIME);
        eap_aka_put(&s->out, EAP_AT_KDF_INPUT, s->settings->network, strlen(s->settings->network));
    } else if (s->settings->prime) {
        eap_aka_put_u16(&s->out, EAP_AT_BIDDING, EAP_BIDDING_PREFER);
    }
    eap_aka_begin_inner(&inner);
    enum err err = put_pseudonym(s, &inner);
    if (!err)
        err = put_next_reauth(s, &inner);
    if (!err && inner.len > 0)
        err = put_encrypted(s, &inner);
    if (!err)
        err = put_checkcode(s);
    if (s->settings->result_ind)
        eap_aka_put(&s->out, EAP_AT_RESULT_IND, NULL, 0);
    return err ? err : eap_aka_end(&s->out, &s->keys, NULL, 0);
}

enum err eap_build_reauth(struct eap_session *s)
{
    struct eap_aka_writer inner;
    eap_aka_begin(&s->out, EAP_REQUEST, s->id, s->method, EAP_AKA_REAUTHENTICATION);
    eap_aka_begin_inner(&inner);
    enum err err = s->ops->random(s->ctx, s->nonce_s, sizeof(s->nonce_s));
    eap_aka_put_u16(&inner, EAP_AT_COUNTER, s->counter);
    eap_aka_put(&inner, EAP_AT_NONCE_S, s->nonce_s, sizeof(s->nonce_s));
    if (!err)
        err = put_next_reauth(s, &inner);
    if (!err)
        err = put_encrypted(s, &inner);
    if (!err)
        err = put_checkcode(s);
    if (s->settings->result_ind)
        eap_aka_put(&s->out, EAP_AT_RESULT_IND, NULL, 0);
    return err ? err : eap_aka_end(&s->out, &s->keys, NULL, 0);
}

enum err eap_build_notification(struct eap_session *s)
{
    struct eap_aka_writer inner;
    bool before = s->verdict & EAP_AKA_FAILURE; // P: there are no keys yet
    enum err err = ERR_OK;
    eap_aka_begin(&s->out, EAP_REQUEST, s->id, s->method, EAP_AKA_NOTIFICATION);
    eap_aka_put_u16(&s->out, EAP_AT_NOTIFICATION, s->verdict);
    if (!before && s->again) { // RFC 4187 §9.10: against replay
        eap_aka_begin_inner(&inner);
        eap_aka_put_u16(&inner, EAP_AT_COUNTER, s->counter);
        err = put_encrypted(s, &inner);
    }
    return err ? err : eap_aka_end(&s->out, before ? NULL : &s->keys, NULL, 0);
}

enum err eap_open_encrypted(const struct eap_session *s, const struct eap_aka_msg *msg,
                            uint8_t plain[EAP_PACKET_MAX], struct eap_aka_msg *inner)
{
    const struct eap_aka_attr *data = &msg->at[EAP_AT_ENCR_DATA];
    if (!data->data)
        return ERR_DECODE_MISSING;
    if (data->len > EAP_PACKET_MAX)
        return ERR_DECODE_LENGTH;
    memcpy(plain, data->data, data->len);
    enum err err = eap_aka_crypt(&s->keys, false, msg->at[EAP_AT_IV].data, plain, data->len);
    return err ? err : eap_aka_decode_inner(plain, data->len, inner);
}
