// SPDX-License-Identifier: BSD-3-Clause
// EAP-AKA from arbitrary octets. What decodes must encode and decode to the same; and a server that
// is given a series of packets must answer each exactly once, or ask its owner, and end.
// First octet: bit 0 which of the two; then bits choose how the server is set. A series is packets,
// each after its length in two octets.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "eap/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

// ---- codec ----

static void same_attributes(const struct eap_aka_msg *a, const struct eap_aka_msg *b)
{
    must(a->have == b->have && a->n_kdf == b->n_kdf);
    for (int at = 0; at < EAP_AT_COUNT; at++) {
        must(a->at[at].len == b->at[at].len);
        must(a->at[at].len == 0 || memcmp(a->at[at].data, b->at[at].data, a->at[at].len) == 0);
    }
}

static void put_all(struct eap_aka_writer *w, const struct eap_aka_msg *msg)
{
    for (int at = 0; at < EAP_AT_COUNT; at++) {
        if (!eap_aka_has(msg, (enum eap_at)at))
            continue;
        if (at == EAP_AT_KDF) {
            for (int i = 0; i < msg->n_kdf; i++)
                eap_aka_put_u16(w, EAP_AT_KDF, msg->kdf[i]);
        } else {
            eap_aka_put(w, (enum eap_at)at, msg->at[at].data, msg->at[at].len);
        }
    }
}

static void codec(const uint8_t *data, size_t size)
{
    struct eap_aka_msg msg, back;
    struct eap_aka_writer w;
    enum err err = eap_aka_decode(data, size, &msg);
    must(err == ERR_OK || err_is_peer_fault(err));
    if (!err && size <= EAP_PACKET_MAX) {
        eap_aka_begin(&w, (enum eap_code)msg.code, msg.id, msg.method,
                      (enum eap_aka_subtype)msg.subtype);
        put_all(&w, &msg);
        must(eap_aka_end(&w, NULL, NULL, 0) == ERR_OK);
        must(eap_aka_decode(w.buf, w.len, &back) == ERR_OK);
        same_attributes(&msg, &back);
    }
    err = eap_aka_decode_inner(data, size, &msg);
    must(err == ERR_OK || err_is_peer_fault(err));
    struct eap_identity id;
    eap_identity_read((const char *)data, size, &id);
    must(id.user_len <= size && id.realm_len <= size);
    struct eap_pseudonym_keys keys = {.set = {true}};
    struct base_imsi imsi;
    eap_pseudonym_open(&keys, id.user, id.user_len, &imsi);
}

// ---- server ----

struct world {
    struct eap_session *session;
    unsigned outputs;
    bool wants_vector, wants_verdict, refuse;
};

static void output(void *ctx, enum eap_outcome outcome, const uint8_t *packet, size_t len)
{
    struct world *w = ctx;
    struct eap_packet eap;
    w->outputs++;
    if (outcome == EAP_DROP)
        return;
    must(eap_decode(packet, len, &eap) == ERR_OK);
    must((eap.code == EAP_REQUEST) == (outcome == EAP_CONTINUE));
    must(outcome != EAP_ACCEPT); // nobody can have computed a MAC
}

static void vector(void *ctx, const struct base_imsi *imsi, enum eap_type method,
                   const uint8_t *resync)
{
    ((struct world *)ctx)->wants_vector = true;
}

static void authorize(void *ctx, const struct base_imsi *imsi, bool again)
{
    abort();
}

static bool reauth_take(void *ctx, const char *id, size_t len, struct eap_reauth *out)
{
    memset(out, 0, sizeof(*out));
    out->keys.method = EAP_AKA;
    memcpy(out->keys.k_aut, "a secret of the server, unknown", 32);
    memcpy(out->imsi.digits, "001010000000001", 16);
    out->imsi.len = 15;
    return len > 3 && id[1] == 'x';
}

static void reauth_keep(void *ctx, const char *id, const struct eap_reauth *state)
{
    abort();
}

static enum err chance(void *ctx, uint8_t *out, size_t len)
{
    memset(out, 0xa5, len);
    return ERR_OK;
}

static void server(uint8_t how, const uint8_t *data, size_t size)
{
    static const struct eap_server_ops ops = {output,      vector,      authorize,
                                              reauth_take, reauth_keep, chance};
    static const struct eap_pseudonym_keys keys = {.set = {true}};
    static const struct eap_vector secret = {
        .ck = "unknown ck here", .ik = "unknown ik here", .xres_len = 8};
    const struct eap_server_settings settings = {.aka = how & 2 || !(how & 4),
                                                 .prime = how & 4,
                                                 .network = "WLAN",
                                                 .always_ask = how & 8,
                                                 .result_ind = how & 16,
                                                 .pseudonyms = true,
                                                 .max_reauth = 3,
                                                 .keys = &keys};
    struct world w = {.refuse = how & 32};
    must(eap_session_new(&settings, &ops, &w, &w.session) == ERR_OK);
    while (size >= 2) {
        size_t len = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        unsigned before = w.outputs;
        eap_session_input(w.session, data, len);
        if (w.wants_vector) {
            must(w.outputs == before);
            w.wants_vector = false;
            if (w.refuse)
                eap_session_no_vector(w.session);
            else
                eap_session_vector(w.session, &secret);
        }
        must(w.outputs == before + 1);
        data += len;
        size -= len;
    }
    eap_session_free(w.session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    base_log_set_level("all", BASE_LOG_ERROR);
    if (size < 1)
        return 0;
    if (data[0] & 1)
        codec(data + 1, size - 1);
    else
        server(data[0], data + 1, size - 1);
    return 0;
}
