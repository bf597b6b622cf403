// SPDX-License-Identifier: BSD-3-Clause
// A peer for tests. See peer.h.
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void peer_init(struct peer *p, enum eap_type method, const char *permanent)
{
    memset(p, 0, sizeof(*p));
    p->method = method;
    p->permanent = permanent;
    memset(&p->card, 0x5a, sizeof(p->card));
    p->card.xres_len = 8;
}

void peer_fini(struct peer *p)
{
    eap_checkcode_reset(&p->check);
}

static void use(struct peer *p, const char *identity)
{
    snprintf(p->used, sizeof(p->used), "%s", identity);
}

static const char *best(const struct peer *p, bool full, bool permanent)
{
    if (!full && p->reauth[0])
        return p->reauth;
    return !permanent && p->pseudonym[0] ? p->pseudonym : p->permanent;
}

void peer_identity(struct peer *p, uint8_t id)
{
    eap_checkcode_reset(&p->check);
    use(p, best(p, false, false));
    assert_int_equal(eap_encode(EAP_RESPONSE, id, EAP_IDENTITY, p->used, strlen(p->used),
                                p->out.buf, sizeof(p->out.buf), &p->out.len),
                     ERR_OK);
}

static void put_checkcode(struct peer *p)
{
    uint8_t code[EAP_CHECKCODE_MAX];
    size_t len;
    if (p->no_checkcode)
        return;
    assert_int_equal(eap_checkcode_get(&p->check, code, &len), ERR_OK);
    if (p->wrong_checkcode && len == 0)
        len = 20;
    else if (p->wrong_checkcode)
        code[0] ^= 1;
    eap_aka_put(&p->out, EAP_AT_CHECKCODE, code, len);
}

static void check_request(struct peer *p, const uint8_t *request, size_t len,
                          const struct eap_aka_msg *msg)
{
    uint8_t mac[16], code[EAP_CHECKCODE_MAX];
    size_t n;
    assert_true(eap_aka_has(msg, EAP_AT_MAC));
    assert_int_equal(eap_aka_mac(&p->keys, request, len, msg->mac_at, NULL, 0, mac), ERR_OK);
    assert_memory_equal(mac, request + msg->mac_at, 16);
    if (!eap_aka_has(msg, EAP_AT_CHECKCODE))
        return;
    assert_int_equal(eap_checkcode_get(&p->check, code, &n), ERR_OK);
    assert_int_equal(msg->at[EAP_AT_CHECKCODE].len, n);
    assert_memory_equal(msg->at[EAP_AT_CHECKCODE].data, code, n);
}

static void open_inner(struct peer *p, const struct eap_aka_msg *msg, uint8_t *plain,
                       struct eap_aka_msg *inner)
{
    const struct eap_aka_attr *data = &msg->at[EAP_AT_ENCR_DATA];
    memcpy(plain, data->data, data->len);
    assert_int_equal(eap_aka_crypt(&p->keys, false, msg->at[EAP_AT_IV].data, plain, data->len),
                     ERR_OK);
    assert_int_equal(eap_aka_decode_inner(plain, data->len, inner), ERR_OK);
}

static void keep_text(const struct eap_aka_msg *inner, enum eap_at at, char *out, size_t size)
{
    out[0] = '\0';
    if (eap_aka_has(inner, at))
        snprintf(out, size, "%.*s", (int)inner->at[at].len, (const char *)inner->at[at].data);
}

static void on_identity(struct peer *p, const uint8_t *request, size_t len,
                        const struct eap_aka_msg *msg)
{
    use(p,
        best(p, !eap_aka_has(msg, EAP_AT_ANY_ID_REQ), eap_aka_has(msg, EAP_AT_PERMANENT_ID_REQ)));
    eap_aka_begin(&p->out, EAP_RESPONSE, msg->id, msg->method, EAP_AKA_IDENTITY);
    eap_aka_put(&p->out, EAP_AT_IDENTITY, p->used, strlen(p->used));
    assert_int_equal(eap_aka_end(&p->out, NULL, NULL, 0), ERR_OK);
    assert_int_equal(eap_checkcode_add(&p->check, msg->method, request, len), ERR_OK);
    assert_int_equal(eap_checkcode_add(&p->check, msg->method, p->out.buf, p->out.len), ERR_OK);
}

static void bare(struct peer *p, const struct eap_aka_msg *msg, enum eap_aka_subtype subtype)
{
    eap_aka_begin(&p->out, EAP_RESPONSE, msg->id, msg->method, subtype);
    if (subtype == EAP_AKA_CLIENT_ERROR)
        eap_aka_put_u16(&p->out, EAP_AT_CLIENT_ERROR_CODE, 0);
    if (subtype == EAP_AKA_SYNCHRONIZATION_FAILURE)
        eap_aka_put(&p->out, EAP_AT_AUTS, "fourteen octets", 14);
    if (subtype == EAP_AKA_CHALLENGE)
        eap_aka_put_u16(&p->out, EAP_AT_KDF, 2);
    assert_int_equal(eap_aka_end(&p->out, NULL, NULL, 0), ERR_OK);
}

static void on_challenge(struct peer *p, const uint8_t *request, size_t len,
                         const struct eap_aka_msg *msg)
{
    struct eap_aka_msg inner;
    uint8_t plain[EAP_PACKET_MAX], res[16];
    p->again = false;
    if (p->sync_failures > 0) {
        p->sync_failures--;
        bare(p, msg, EAP_AKA_SYNCHRONIZATION_FAILURE);
        return;
    }
    if (p->reject || p->other_kdf) {
        bare(p, msg, p->reject ? EAP_AKA_AUTHENTICATION_REJECT : EAP_AKA_CHALLENGE);
        return;
    }
    assert_int_equal(
        eap_aka_keys_full(msg->method, p->used, strlen(p->used), p->card.ck, p->card.ik, &p->keys),
        ERR_OK);
    check_request(p, request, len, msg);
    p->bidding = eap_aka_has(msg, EAP_AT_BIDDING);
    if (eap_aka_has(msg, EAP_AT_ENCR_DATA)) {
        open_inner(p, msg, plain, &inner);
        keep_text(&inner, EAP_AT_NEXT_PSEUDONYM, p->pseudonym, sizeof(p->pseudonym));
        keep_text(&inner, EAP_AT_NEXT_REAUTH_ID, p->reauth, sizeof(p->reauth));
    }
    memcpy(res, p->card.xres, 16);
    res[0] ^= p->wrong_res;
    eap_aka_begin(&p->out, EAP_RESPONSE, msg->id, msg->method, EAP_AKA_CHALLENGE);
    eap_aka_put(&p->out, EAP_AT_RES, res, p->card.xres_len);
    put_checkcode(p);
    if (p->result_ind && eap_aka_has(msg, EAP_AT_RESULT_IND))
        eap_aka_put(&p->out, EAP_AT_RESULT_IND, NULL, 0);
    assert_int_equal(eap_aka_end(&p->out, &p->keys, NULL, 0), ERR_OK);
    p->out.buf[p->out.mac_at] ^= p->wrong_mac;
    p->counter = 0;
}

static void on_reauth(struct peer *p, const uint8_t *request, size_t len,
                      const struct eap_aka_msg *msg)
{
    struct eap_aka_msg inside;
    struct eap_aka_writer inner;
    uint8_t plain[EAP_PACKET_MAX];
    check_request(p, request, len, msg);
    open_inner(p, msg, plain, &inside);
    assert_true(eap_aka_u16(&inside, EAP_AT_COUNTER) > p->counter);
    memcpy(p->nonce_s, inside.at[EAP_AT_NONCE_S].data, sizeof(p->nonce_s));
    eap_aka_begin_inner(&inner);
    eap_aka_put_u16(&inner, EAP_AT_COUNTER, eap_aka_u16(&inside, EAP_AT_COUNTER));
    if (p->too_small)
        eap_aka_put(&inner, EAP_AT_COUNTER_TOO_SMALL, NULL, 0);
    eap_aka_begin(&p->out, EAP_RESPONSE, msg->id, msg->method, EAP_AKA_REAUTHENTICATION);
    eap_aka_put_encrypted(&p->out, &p->keys, (const uint8_t[16]){7}, &inner);
    put_checkcode(p);
    if (p->result_ind && eap_aka_has(msg, EAP_AT_RESULT_IND))
        eap_aka_put(&p->out, EAP_AT_RESULT_IND, NULL, 0);
    assert_int_equal(eap_aka_end(&p->out, &p->keys, p->nonce_s, sizeof(p->nonce_s)), ERR_OK);
    p->out.buf[p->out.mac_at] ^= p->wrong_mac;
    if (p->too_small) {
        p->reauth[0] = '\0';
        return;
    }
    p->counter = eap_aka_u16(&inside, EAP_AT_COUNTER);
    p->again = true;
    assert_int_equal(eap_aka_keys_again(&p->keys, p->used, strlen(p->used), p->counter, p->nonce_s),
                     ERR_OK);
    keep_text(&inside, EAP_AT_NEXT_REAUTH_ID, p->reauth, sizeof(p->reauth));
}

static void on_notification(struct peer *p, const uint8_t *request, size_t len,
                            const struct eap_aka_msg *msg)
{
    struct eap_aka_writer inner;
    p->notified = eap_aka_u16(msg, EAP_AT_NOTIFICATION);
    bool keyed = !(p->notified & EAP_AKA_FAILURE);
    eap_aka_begin(&p->out, EAP_RESPONSE, msg->id, msg->method, EAP_AKA_NOTIFICATION);
    if (keyed)
        check_request(p, request, len, msg);
    if (keyed && p->again) {
        assert_true(eap_aka_has(msg, EAP_AT_ENCR_DATA));
        eap_aka_begin_inner(&inner);
        eap_aka_put_u16(&inner, EAP_AT_COUNTER, p->counter);
        eap_aka_put_encrypted(&p->out, &p->keys, (const uint8_t[16]){8}, &inner);
    }
    assert_int_equal(eap_aka_end(&p->out, keyed ? &p->keys : NULL, NULL, 0), ERR_OK);
}

void peer_answer(struct peer *p, const uint8_t *request, size_t len)
{
    struct eap_packet eap;
    struct eap_aka_msg msg;
    assert_int_equal(eap_decode(request, len, &eap), ERR_OK);
    assert_int_equal(eap.code, EAP_REQUEST);
    if (eap.type == EAP_IDENTITY) {
        peer_identity(p, eap.id);
        return;
    }
    if (eap.type != p->method) {
        const uint8_t want = (uint8_t)p->method;
        assert_int_equal(eap_encode(EAP_RESPONSE, eap.id, EAP_NAK, &want, 1, p->out.buf,
                                    sizeof(p->out.buf), &p->out.len),
                         ERR_OK);
        return;
    }
    assert_int_equal(eap_aka_decode(request, len, &msg), ERR_OK);
    if (p->client_error && msg.subtype != EAP_AKA_IDENTITY) {
        bare(p, &msg, EAP_AKA_CLIENT_ERROR);
    } else if (p->wrong_subtype && msg.subtype != EAP_AKA_NOTIFICATION) {
        bare(p, &msg, EAP_AKA_NOTIFICATION);
    } else if (msg.subtype == EAP_AKA_IDENTITY) {
        on_identity(p, request, len, &msg);
    } else if (msg.subtype == EAP_AKA_CHALLENGE) {
        on_challenge(p, request, len, &msg);
    } else if (msg.subtype == EAP_AKA_REAUTHENTICATION) {
        on_reauth(p, request, len, &msg);
    } else {
        on_notification(p, request, len, &msg);
        return;
    }
    if (p->garbage)
        p->out.buf[9] = 0; // an attribute of no length
}
