// SPDX-License-Identifier: BSD-3-Clause
#include "world.h"

struct world world;

struct base_imsi imsi_of(const char *digits)
{
    struct base_imsi imsi;
    assert_int_equal(base_imsi_parse(digits, strlen(digits), &imsi), ERR_OK);
    return imsi;
}

struct conf *world_settings(const char *text, struct sgs_settings *out, enum err *err)
{
    struct conf *conf;
    assert_int_equal(conf_parse("test", text, &conf), ERR_OK);
    *err = conf_read(conf, "sgs", sgs_settings_keys, out);
    if (!*err)
        *err = sgs_configure(conf, out);
    return conf;
}

// ---- fgw/gateway.h ----
const void *fgw_settings(const struct fgw_interface *interface)
{
    return world.settings;
}

size_t fgw_n_loops(void)
{
    return 1;
}

struct base_loop *fgw_loop(size_t i)
{
    return world.loop;
}

enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    world.visited[0] = '\0';
    if (plmn)
        base_plmn_text(plmn, world.visited);
    return world.admit;
}

enum err fgw_directory_find_at(enum fgw_access access, const struct base_imsi *imsi, char *gateway,
                               size_t size)
{
    bool kept = access == FGW_ACCESS_SGS;
    assert_true(kept || access == FGW_ACCESS_MME);
    if (strcmp(imsi->digits, kept ? world.kept : world.imsi) != 0)
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    snprintf(gateway, size, "%s", kept ? world.kept_gateway : world.serving);
    return ERR_OK;
}

enum err fgw_directory_learn_at(enum fgw_access access, const struct base_imsi *imsi,
                                const char *gateway, char *previous)
{
    if (access == FGW_ACCESS_MME) {
        snprintf(world.learned, sizeof(world.learned), "%s", gateway);
        return ERR_OK;
    }
    assert_int_equal(access, FGW_ACCESS_SGS);
    snprintf(world.kept, sizeof(world.kept), "%s", imsi->digits);
    snprintf(world.kept_gateway, sizeof(world.kept_gateway), "%s", gateway);
    return ERR_OK;
}

enum err fgw_directory_forget_at(enum fgw_access access, const struct base_imsi *imsi,
                                 const char *gateway)
{
    assert_int_equal(access, FGW_ACCESS_SGS);
    if (strcmp(imsi->digits, world.kept) != 0 || strcmp(gateway, world.kept_gateway) != 0)
        return ERR_NOT_FOUND;
    world.kept[0] = '\0';
    return ERR_OK;
}

enum err fgw_directory_learn_host(enum fgw_access access, const struct base_imsi *imsi,
                                  const char *host)
{
    assert_int_equal(access, FGW_ACCESS_SGS);
    assert_string_equal(imsi->digits, world.kept);
    snprintf(world.kept_vlr, sizeof(world.kept_vlr), "%s", host);
    return ERR_OK;
}

enum err fgw_directory_host(enum fgw_access access, const struct base_imsi *imsi, char *host,
                            size_t size)
{
    assert_int_equal(access, FGW_ACCESS_SGS);
    assert_string_equal(imsi->digits, world.kept);
    snprintf(host, size, "%s", world.kept_vlr);
    return ERR_OK;
}

enum err fgw_directory_gateways(void (*visit)(const char *gateway, void *arg), void *arg)
{
    for (size_t i = 0; world.gateways[i]; i++)
        visit(world.gateways[i], arg);
    return ERR_OK;
}

struct search {
    struct base_job job;
    void (*visit)(const char *gateway, void *arg);
    void (*done)(enum err err, void *arg);
    void *arg;
};

static void end_search(struct base_job *job)
{
    struct search *s = BASE_CONTAINER_OF(job, struct search, job);
    if (world.kept[0])
        s->visit(world.kept_gateway, s->arg);
    s->done(ERR_OK, s->arg);
    free(s);
}

enum err fgw_directory_search(struct base_loop *loop, enum fgw_access access,
                              const char *const *prefixes, size_t n,
                              void (*visit)(const char *gateway, void *arg),
                              void (*done)(enum err err, void *arg), void *arg)
{
    struct search *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    assert_int_equal(access, FGW_ACCESS_SGS);
    *s = (struct search){.job.run = end_search, .visit = visit, .done = done, .arg = arg};
    base_loop_post_admitted(loop, &s->job);
    return ERR_OK;
}

void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns)
{
}

struct answer {
    struct base_job job;
    rpc_tunnel_done done;
    void *ctx;
};

static void answer(struct base_job *job)
{
    struct answer *a = BASE_CONTAINER_OF(job, struct answer, job);
    const struct rpc_tunnel_result result = {.err = world.answer_err,
                                             .status = world.answer_status};
    a->done(a->ctx, &result);
    free(a);
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    assert_true(world.n_calls < sizeof(world.calls) / sizeof(world.calls[0]));
    size_t i = world.n_calls++;
    snprintf(world.calls[i].gateway, sizeof(world.calls[i].gateway), "%s", call->gateway);
    snprintf(world.calls[i].service, sizeof(world.calls[i].service), "%s", call->service);
    snprintf(world.calls[i].path, sizeof(world.calls[i].path), "%s", call->path);
    assert_true(call->len <= sizeof(world.calls[i].message));
    memcpy(world.calls[i].message, call->message, call->len);
    world.calls[i].len = call->len;
    struct answer *a = calloc(1, sizeof(*a));
    assert_non_null(a);
    a->job.run = answer;
    a->done = done;
    a->ctx = ctx;
    base_loop_post_admitted(loop, &a->job);
    return ERR_OK;
}

// ---- rpc/server.h ----
const uint8_t *rpc_call_request(const struct rpc_call *call, size_t *len)
{
    *len = call->len;
    return call->request;
}

const char *rpc_call_gateway(const struct rpc_call *call)
{
    return call->gateway;
}

struct base_loop *rpc_call_loop(const struct rpc_call *call)
{
    return call->loop;
}

void rpc_call_reply(struct rpc_call *call, int status, const char *message, const uint8_t *payload,
                    size_t len)
{
    assert_false(call->replied);
    call->replied = true;
    call->status = status;
    snprintf(call->message, sizeof(call->message), "%s", message ? message : "");
}

void world_call(struct rpc_call *call, const char *path, const ProtobufCMessage *body)
{
    const struct rpc_method *method = sgs_methods;
    assert_true(protobuf_c_message_get_packed_size(body) <= sizeof(call->request));
    call->len = protobuf_c_message_pack(body, call->request);
    call->loop = world.loop;
    while (method->path && strcmp(method->path, path) != 0)
        method++;
    assert_non_null(method->path);
    method->unary(call, method->ctx);
}
