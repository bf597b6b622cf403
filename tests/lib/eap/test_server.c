// SPDX-License-Identifier: BSD-3-Clause
// Conversations with a peer that behaves, and with peers that do not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

#define REALM "@wlan.mnc001.mcc001.3gppnetwork.org"
#define IMSI "001010000000007"

static struct eap_pseudonym_keys keys = {.current = 3, .set = {[3] = true}, .key = {[3] = {1}}};

// The owner of a server: vectors, authorization, memory of re-authentications.
struct world {
    struct eap_server_settings settings;
    struct eap_session *session;
    struct peer peer;
    bool later, unknown_user; // callbacks are answered later; the vector source refuses
    enum eap_aka_notification verdict;
    // what happened
    enum eap_outcome outcome;
    uint8_t packet[EAP_PACKET_MAX];
    size_t len;
    unsigned outputs, vectors, resyncs, requests;
    uint8_t chance;
    char kept_id[EAP_IDENTITY_MAX + 1];
    struct eap_reauth kept;
    bool wants_vector, wants_verdict;
};

static void output(void *ctx, enum eap_outcome outcome, const uint8_t *packet, size_t len)
{
    struct world *w = ctx;
    w->outcome = outcome;
    w->outputs++;
    w->len = len;
    if (len > 0)
        memcpy(w->packet, packet, len);
}

static void give_vector(struct world *w)
{
    w->wants_vector = false;
    if (w->unknown_user)
        eap_session_no_vector(w->session);
    else
        eap_session_vector(w->session, &w->peer.card);
}

static void vector(void *ctx, const struct base_imsi *imsi, enum eap_type method,
                   const uint8_t *resync)
{
    struct world *w = ctx;
    assert_string_equal(imsi->digits, IMSI);
    w->vectors++;
    if (resync) {
        w->resyncs++;
        assert_memory_equal(resync, w->peer.card.rand, 16);
        assert_memory_equal(resync + 16, "fourteen octets", 14);
    }
    w->wants_vector = true;
    if (!w->later)
        give_vector(w);
}

static void give_verdict(struct world *w)
{
    w->wants_verdict = false;
    eap_session_authorize(w->session, w->verdict);
}

static void authorize(void *ctx, const struct base_imsi *imsi, bool again)
{
    struct world *w = ctx;
    assert_string_equal(imsi->digits, IMSI);
    w->wants_verdict = true;
    if (!w->later)
        give_verdict(w);
}

static bool reauth_take(void *ctx, const char *id, size_t len, struct eap_reauth *out)
{
    struct world *w = ctx;
    if (strlen(w->kept_id) != len || memcmp(id, w->kept_id, len) != 0 || len == 0)
        return false;
    *out = w->kept;
    w->kept_id[0] = '\0';
    return true;
}

static void reauth_keep(void *ctx, const char *id, const struct eap_reauth *state)
{
    struct world *w = ctx;
    memcpy(w->kept_id, id, strlen(id) + 1);
    w->kept = *state;
}

static enum err chance(void *ctx, uint8_t *out, size_t len)
{
    struct world *w = ctx;
    memset(out, ++w->chance, len);
    return ERR_OK;
}

static const struct eap_server_ops ops = {output,      vector,      authorize,
                                          reauth_take, reauth_keep, chance};

static struct world *world_new(enum eap_type method)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->settings = (struct eap_server_settings){.aka = true,
                                               .prime = true,
                                               .network = "WLAN",
                                               .always_ask = true,
                                               .result_ind = true,
                                               .pseudonyms = true,
                                               .max_reauth = 2,
                                               .keys = &keys};
    w->verdict = EAP_AKA_SUCCESS;
    peer_init(&w->peer, method, method == EAP_AKA ? "0" IMSI REALM : "6" IMSI REALM);
    return w;
}

static void world_free(struct world *w)
{
    eap_session_free(w->session);
    peer_fini(&w->peer);
    free(w);
}

static void input(struct world *w, const uint8_t *packet, size_t len)
{
    unsigned before = w->outputs;
    eap_session_input(w->session, packet, len);
    if (!w->wants_vector && !w->wants_verdict)
        assert_int_equal(w->outputs, before + 1);
    for (int i = 0; i < 3 && (w->wants_vector || w->wants_verdict); i++) {
        assert_int_equal(w->outputs, before);
        // nothing may be said in the meantime
        eap_session_input(w->session, packet, len);
        assert_int_equal(w->outcome, EAP_DROP);
        w->outputs = before;
        if (w->wants_vector)
            give_vector(w);
        else
            give_verdict(w);
    }
}

// A whole conversation from EAP-Response/Identity; the outcome.
static enum eap_outcome talk(struct world *w)
{
    eap_session_free(w->session);
    w->session = NULL;
    assert_int_equal(eap_session_new(&w->settings, &ops, w, &w->session), ERR_OK);
    w->requests = 0;
    peer_identity(&w->peer, 200);
    input(w, w->peer.out.buf, w->peer.out.len);
    for (int i = 0; i < 12 && w->outcome == EAP_CONTINUE; i++) {
        w->requests++;
        peer_answer(&w->peer, w->packet, w->len);
        input(w, w->peer.out.buf, w->peer.out.len);
    }
    if (w->outcome != EAP_CONTINUE) {
        assert_true(eap_session_over(w->session));
        assert_int_equal(w->len, 4);
        assert_int_equal(w->packet[0], w->outcome == EAP_ACCEPT ? EAP_SUCCESS : EAP_FAILURE);
        assert_int_equal(w->packet[1], w->peer.out.buf[1]); // RFC 3748 §4.2
    }
    return w->outcome;
}

static void accepted(struct world *w)
{
    assert_int_equal(talk(w), EAP_ACCEPT);
    assert_memory_equal(eap_session_msk(w->session), w->peer.keys.msk, EAP_MSK_LEN);
    assert_string_equal(eap_session_imsi(w->session)->digits, IMSI);
    assert_int_equal(eap_session_method(w->session), w->peer.method);
    assert_int_equal(eap_session_why(w->session), EAP_WHY_NONE);
}

static void rejected(struct world *w, enum eap_why why, unsigned notified)
{
    assert_int_equal(talk(w), EAP_REJECT);
    assert_string_equal(eap_why_name(eap_session_why(w->session)), eap_why_name(why));
    assert_int_equal(w->peer.notified, notified);
}

static const enum eap_type both[] = {EAP_AKA, EAP_AKA_PRIME};
#define EACH_METHOD(m) for (size_t m = 0; m < 2; m++)

static void full_authentication(void **state)
{
    EACH_METHOD(m) for (int how = 0; how < 8; how++)
    {
        struct world *w = world_new(both[m]);
        w->settings.always_ask = how & 1;
        w->peer.result_ind = how & 2;
        w->later = how & 4;
        accepted(w);
        // identity?, challenge, notification?
        assert_int_equal(w->requests, 1 + (how & 1) + ((how & 2) >> 1));
        assert_int_equal(w->peer.notified, w->peer.result_ind ? EAP_AKA_SUCCESS : 0);
        assert_int_equal(w->peer.bidding, both[m] == EAP_AKA);
        world_free(w);
    }
}

static void identity_is_asked_for_when_the_nas_did_not(void **state)
{
    struct world *w = world_new(EAP_AKA_PRIME);
    assert_int_equal(eap_session_new(&w->settings, &ops, w, &w->session), ERR_OK);
    input(w, NULL, 0);
    assert_int_equal(w->outcome, EAP_CONTINUE);
    assert_int_equal(w->packet[4], EAP_IDENTITY);
    peer_answer(&w->peer, w->packet, w->len);
    input(w, w->peer.out.buf, w->peer.out.len);
    assert_int_equal(w->packet[4], EAP_AKA_PRIME);
    world_free(w);
}

static void pseudonym_and_fast_reauthentication(void **state)
{
    EACH_METHOD(m) for (int how = 0; how < 4; how++)
    {
        struct world *w = world_new(both[m]);
        uint8_t msk[EAP_MSK_LEN];
        w->settings.always_ask = how & 1;
        w->peer.result_ind = how & 2;
        accepted(w);
        assert_int_equal(w->peer.reauth[0], both[m] == EAP_AKA ? '4' : '8');
        assert_non_null(strstr(w->peer.reauth, REALM)); // so that it is routed home
        assert_int_equal(w->vectors, 1);
        for (unsigned counter = 1; counter <= 2; counter++) { // max_reauth
            memcpy(msk, w->peer.keys.msk, sizeof(msk));
            accepted(w);
            assert_true(eap_session_again(w->session));
            assert_int_equal(w->peer.counter, counter);
            assert_memory_not_equal(msk, w->peer.keys.msk, sizeof(msk));
        }
        assert_int_equal(w->vectors, 1);
        assert_string_equal(w->peer.reauth, ""); // no further one: in full again, by pseudonym
        accepted(w);
        assert_false(eap_session_again(w->session));
        assert_int_equal(w->vectors, 2);
        assert_int_equal(w->peer.used[0], both[m] == EAP_AKA ? '2' : '7');
        world_free(w);
    }
}

static void forgotten_identities_lead_to_the_permanent_one(void **state)
{
    EACH_METHOD(m)
    {
        struct world *w = world_new(both[m]);
        accepted(w);
        w->kept_id[0] = '\0'; // the server was restarted
        accepted(w);
        assert_int_equal(w->peer.used[0], both[m] == EAP_AKA ? '2' : '7');
        w->kept_id[0] = '\0';
        w->peer.pseudonym[4] ^= 1; // nor does it have the key
        struct eap_pseudonym_keys none = {.current = 1, .set = {[1] = true}};
        w->settings.keys = &none;
        accepted(w);
        assert_int_equal(w->peer.used[0], both[m] == EAP_AKA ? '0' : '6');
        assert_int_equal(w->requests, 4); // any, fullauth, permanent, challenge
        world_free(w);
    }
}

static void counter_too_small_begins_anew(void **state)
{
    EACH_METHOD(m)
    {
        struct world *w = world_new(both[m]);
        accepted(w);
        w->peer.too_small = true;
        accepted(w);
        assert_false(eap_session_again(w->session));
        assert_int_equal(w->vectors, 2);
        world_free(w);
    }
}

static void resynchronisation(void **state)
{
    EACH_METHOD(m)
    {
        struct world *w = world_new(both[m]);
        w->peer.sync_failures = 1;
        accepted(w);
        assert_int_equal(w->vectors, 2);
        assert_int_equal(w->resyncs, 1);
        w->peer.reauth[0] = '\0';
        w->peer.sync_failures = 2; // once is enough
        rejected(w, EAP_WHY_RESYNC, EAP_AKA_FAILURE);
        world_free(w);
    }
}

static void a_peer_that_prefers_the_other_method(void **state)
{
    struct world *w = world_new(EAP_AKA);
    w->settings.always_ask = false;
    w->peer.permanent = "6" IMSI REALM; // says EAP-AKA', can EAP-AKA
    accepted(w);
    world_free(w);
    w = world_new(EAP_AKA_PRIME);
    w->settings.prime = false;
    rejected(w, EAP_WHY_NO_METHOD, 0);
    world_free(w);
}

static void peers_that_do_wrong(void **state)
{
    static const struct {
        size_t offset;
        enum eap_why why;
        unsigned notified;
    } cases[] = {
#define CASE(flag, why, notified) {offsetof(struct peer, flag), why, notified}
        CASE(wrong_res, EAP_WHY_WRONG_RES, EAP_AKA_FAILURE),
        CASE(wrong_mac, EAP_WHY_WRONG_MAC, EAP_AKA_FAILURE),
        CASE(wrong_checkcode, EAP_WHY_WRONG_CHECKCODE, EAP_AKA_FAILURE),
        CASE(reject, EAP_WHY_PEER_REJECTED, 0),
        CASE(client_error, EAP_WHY_PEER_ERROR, 0),
        CASE(wrong_subtype, EAP_WHY_BAD_MESSAGE, EAP_AKA_FAILURE),
        CASE(garbage, EAP_WHY_BAD_MESSAGE, EAP_AKA_FAILURE),
    };
    EACH_METHOD(m) for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    {
        struct world *w = world_new(both[m]);
        *(bool *)((char *)&w->peer + cases[i].offset) = true;
        rejected(w, cases[i].why, cases[i].notified);
        assert_string_equal(w->kept_id, ""); // nothing to re-authenticate with
        world_free(w);
    }
    struct world *w = world_new(EAP_AKA_PRIME);
    w->peer.other_kdf = true;
    rejected(w, EAP_WHY_KDF, EAP_AKA_FAILURE);
    world_free(w);
}

static void reauthentication_with_a_wrong_mac_is_refused(void **state)
{
    struct world *w = world_new(EAP_AKA_PRIME);
    accepted(w);
    w->peer.wrong_mac = true;
    rejected(w, EAP_WHY_WRONG_MAC, EAP_AKA_FAILURE);
    world_free(w);
}

static void identities_nobody_understands(void **state)
{
    static const char *const bad[] = {"anonymous" REALM, "1" IMSI REALM, "0nodigits" REALM, ""};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = world_new(EAP_AKA_PRIME);
        w->peer.permanent = bad[i];
        rejected(w, EAP_WHY_NO_IDENTITY, EAP_AKA_FAILURE);
        assert_int_equal(w->vectors, 0);
        world_free(w);
    }
}

static void users_that_may_not(void **state)
{
    EACH_METHOD(m)
    {
        struct world *w = world_new(both[m]);
        w->unknown_user = true;
        rejected(w, EAP_WHY_NO_VECTOR, EAP_AKA_FAILURE);
        w->unknown_user = false;
        w->verdict = EAP_AKA_NOT_SUBSCRIBED;
        rejected(w, EAP_WHY_UNAUTHORIZED, EAP_AKA_NOT_SUBSCRIBED);
        w->verdict = EAP_AKA_SUCCESS;
        w->peer.reauth[0] = '\0';
        accepted(w);
        w->verdict = EAP_AKA_DENIED_FOR_NOW; // after a re-authentication: with AT_COUNTER
        rejected(w, EAP_WHY_UNAUTHORIZED, EAP_AKA_DENIED_FOR_NOW);
        world_free(w);
    }
}

static void a_repeated_response_gets_the_same_answer(void **state)
{
    struct world *w = world_new(EAP_AKA);
    uint8_t first[EAP_PACKET_MAX];
    assert_int_equal(eap_session_new(&w->settings, &ops, w, &w->session), ERR_OK);
    peer_identity(&w->peer, 1);
    input(w, w->peer.out.buf, w->peer.out.len);
    size_t len = w->len;
    memcpy(first, w->packet, len);
    input(w, w->peer.out.buf, w->peer.out.len);
    assert_int_equal(w->outcome, EAP_CONTINUE);
    assert_int_equal(w->len, len);
    assert_memory_equal(w->packet, first, len);
    // another one with an old identifier is none of this conversation
    w->peer.out.buf[5] ^= 1;
    input(w, w->peer.out.buf, w->peer.out.len);
    assert_int_equal(w->outcome, EAP_DROP);
    world_free(w);
}

static void what_is_no_response_is_dropped(void **state)
{
    static const uint8_t packets[][6] = {
        {1, 1, 0, 6, 1, '0'}, {3, 1, 0, 4}, {2, 1, 0, 9, 1, '0'}, {9, 1, 0, 5, 1}, {2, 1}};
    struct world *w = world_new(EAP_AKA);
    assert_int_equal(eap_session_new(&w->settings, &ops, w, &w->session), ERR_OK);
    for (size_t i = 0; i < 5; i++) {
        input(w, packets[i], sizeof(packets[i]));
        assert_int_equal(w->outcome, EAP_DROP);
    }
    accepted(w);
    input(w, (const uint8_t[]){2, 99, 0, 5, 1}, 5); // it is over
    assert_int_equal(w->outcome, EAP_DROP);
    input(w, NULL, 0);
    assert_int_equal(w->outcome, EAP_DROP);
    world_free(w);
}

static void settings_without_a_method_are_refused(void **state)
{
    struct eap_server_settings none = {.network = "WLAN"}, nameless = {.prime = true};
    struct eap_session *session;
    assert_int_equal(eap_session_new(&none, &ops, NULL, &session), ERR_INVALID);
    assert_int_equal(eap_session_new(&nameless, &ops, NULL, &session), ERR_INVALID);
}

static void the_machine_is_sound(void **state)
{
    char why[200] = "";
    if (base_fsm_check(&eap_server_fsm, 0, why, sizeof(why)))
        fail_msg("%s", why);
    for (int i = 0; i < EAP_WHYS; i++)
        assert_string_not_equal(eap_why_name((enum eap_why)i), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_authentication),
        cmocka_unit_test(identity_is_asked_for_when_the_nas_did_not),
        cmocka_unit_test(pseudonym_and_fast_reauthentication),
        cmocka_unit_test(forgotten_identities_lead_to_the_permanent_one),
        cmocka_unit_test(counter_too_small_begins_anew),
        cmocka_unit_test(resynchronisation),
        cmocka_unit_test(a_peer_that_prefers_the_other_method),
        cmocka_unit_test(peers_that_do_wrong),
        cmocka_unit_test(reauthentication_with_a_wrong_mac_is_refused),
        cmocka_unit_test(identities_nobody_understands),
        cmocka_unit_test(users_that_may_not),
        cmocka_unit_test(a_repeated_response_gets_the_same_answer),
        cmocka_unit_test(what_is_no_response_is_dropped),
        cmocka_unit_test(settings_without_a_method_are_refused),
        cmocka_unit_test(the_machine_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
