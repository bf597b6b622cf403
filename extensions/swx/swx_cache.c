// SPDX-License-Identifier: BSD-3-Clause
// Vectors that the HSS gave beyond those asked for, kept for the user's next authentication. One
// entry per user with at most four vectors, oldest first, all of one scheme and access network: a
// user who changes either gets fresh ones.
#include <string.h>

#include "base/clock.h"
#include "extensions/swx/swx.h"
#include "fgw/cache.h"

enum { KEPT_MAX = 4, RAND_AUTN = 32, KEY = 16, XRES_MAX = 16, ANID_MAX = 64 };

struct kept {
    uint8_t xres_len;
    uint8_t rand_autn[RAND_AUTN], xres[XRES_MAX], ck[KEY], ik[KEY];
};
struct stock {
    char anid[ANID_MAX];
    uint8_t scheme, n;
    struct kept kept[KEPT_MAX];
};
static struct fgw_cache *cache;

enum err swx_cache_open(size_t users)
{
    return fgw_cache_new(users, sizeof(struct stock), &cache);
}

void swx_cache_close(void)
{
    fgw_cache_free(cache);
    cache = NULL;
}

// What binds vectors to a request. False: a name too long to be kept.
static bool describe(const Magma__Feg__AuthenticationRequest *request, struct stock *out)
{
    bool prime = request->authentication_scheme == MAGMA__FEG__AUTHENTICATION_SCHEME__EAP_AKA_PRIME;
    const char *anid = prime ? request->access_network_identity : "";
    memset(out, 0, sizeof(*out));
    out->scheme = (uint8_t)request->authentication_scheme;
    snprintf(out->anid, sizeof(out->anid), "%s", anid);
    return strlen(anid) < sizeof(out->anid);
}

// Takes wanted->n vectors; leaves 0 there if they are not to be had.
static void take(void *arg, void *value, size_t *len)
{
    struct stock *wanted = arg, *have = value;
    size_t n = wanted->n;
    if (have->scheme != wanted->scheme || strcmp(have->anid, wanted->anid) != 0 || have->n < n) {
        wanted->n = 0;
        return;
    }
    memcpy(wanted->kept, have->kept, n * sizeof(have->kept[0]));
    have->n = (uint8_t)(have->n - n);
    memmove(have->kept, have->kept + n, have->n * sizeof(have->kept[0]));
    explicit_bzero(have->kept + have->n, n * sizeof(have->kept[0]));
    if (have->n == 0)
        *len = 0;
}

static bool to_bytes(struct base_arena *arena, ProtobufCBinaryData *out, const void *data,
                     size_t len)
{
    out->data = base_arena_dup(arena, data, len);
    out->len = out->data ? len : 0;
    return out->data != NULL;
}

static swx_vector *unpack(struct base_arena *arena, const struct stock *s, size_t i)
{
    const struct kept *k = &s->kept[i];
    swx_vector *v = (swx_vector *)xlate_message_new(
        arena, &magma__feg__authentication_answer__sipauth_vector__descriptor);
    if (!v || !to_bytes(arena, &v->rand_autn, k->rand_autn, RAND_AUTN) ||
        !to_bytes(arena, &v->xres, k->xres, k->xres_len) ||
        !to_bytes(arena, &v->confidentiality_key, k->ck, KEY) ||
        !to_bytes(arena, &v->integrity_key, k->ik, KEY))
        return NULL;
    v->authentication_scheme = s->scheme;
    return v;
}

size_t swx_cache_take(const struct base_imsi *imsi,
                      const Magma__Feg__AuthenticationRequest *request, size_t n,
                      struct base_arena *arena, swx_vector ***out)
{
    struct stock s;
    if (n == 0 || n > KEPT_MAX || !describe(request, &s))
        return 0;
    s.n = (uint8_t)n;
    if (!fgw_cache_edit(cache, imsi->digits, base_now_ns(), take, &s) || s.n == 0)
        return 0;
    swx_vector **vectors = base_arena_zalloc(arena, n * sizeof(*vectors));
    bool ok = vectors != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = (vectors[i] = unpack(arena, &s, i)) != NULL;
    explicit_bzero(&s, sizeof(s));
    *out = vectors;
    return ok ? n : 0;
}

void swx_cache_put(const struct base_imsi *imsi, const Magma__Feg__AuthenticationRequest *request,
                   swx_vector *const *vectors, size_t n, int64_t life_ms)
{
    struct stock s;
    if (n == 0 || life_ms <= 0 || !describe(request, &s))
        return;
    s.n = (uint8_t)(n < KEPT_MAX ? n : KEPT_MAX);
    for (size_t i = 0; i < s.n; i++) { // the table has checked the lengths
        struct kept *k = &s.kept[i];
        k->xres_len = (uint8_t)vectors[i]->xres.len;
        memcpy(k->rand_autn, vectors[i]->rand_autn.data, RAND_AUTN);
        memcpy(k->xres, vectors[i]->xres.data, vectors[i]->xres.len);
        memcpy(k->ck, vectors[i]->confidentiality_key.data, KEY);
        memcpy(k->ik, vectors[i]->integrity_key.data, KEY);
    }
    // without memory there is no cache: the HSS is asked again
    fgw_cache_put(cache, imsi->digits, &s, sizeof(s), base_now_ns() + life_ms * BASE_MS_NS);
    explicit_bzero(&s, sizeof(s));
}

void swx_cache_forget(const struct base_imsi *imsi)
{
    fgw_cache_remove(cache, imsi->digits);
}
