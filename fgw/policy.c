// SPDX-License-Identifier: BSD-3-Clause
// Gateways in a hash table; PLMNs as numbers. Read-only after it was built, so any thread may ask.
#include "fgw/policy.h"

#include <stdlib.h>
#include <string.h>


// Lists of one gateway, or the defaults. Empty means any.
struct scope {
    struct base_plmn *plmns; // owned
    size_t n_plmns;
    const struct conf_strings *imsi_prefixes;
};

struct row {
    const char *id; // NULL: free
    bool enabled;
    struct scope scope;
};

struct fgw_policy {
    bool allow_unknown, allow_anonymous;
    struct scope defaults;
    struct row *rows;
    size_t mask; // rows - 1, a power of two less one
};

static size_t hash_id(const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return hash;
}

static struct row *find_row(const struct fgw_policy *policy, const char *id)
{
    size_t i = hash_id(id) & policy->mask;
    while (policy->rows[i].id && strcmp(policy->rows[i].id, id) != 0)
        i = (i + 1) & policy->mask;
    return &policy->rows[i];
}

static enum err read_scope(const struct conf_strings *plmns, const struct conf_strings *prefixes,
                           struct scope *out)
{
    out->imsi_prefixes = prefixes;
    if (plmns->n == 0)
        return ERR_OK;
    out->plmns = calloc(plmns->n, sizeof(*out->plmns));
    if (!out->plmns)
        return ERR_NOMEM;
    for (size_t i = 0; i < plmns->n; i++) {
        enum err err = base_plmn_parse(plmns->items[i], strlen(plmns->items[i]), &out->plmns[i]);
        if (err)
            return err;
        out->n_plmns++;
    }
    return ERR_OK;
}

enum err fgw_policy_new(const struct fgw_settings *settings, struct fgw_policy **out)
{
    *out = NULL;
    struct fgw_policy *policy = calloc(1, sizeof(*policy));
    if (!policy)
        return ERR_NOMEM;
    const struct fgw_agw_settings *agw = &settings->agw;
    const struct fgw_gateway_settings *items = settings->gateways.items;
    policy->allow_unknown = agw->allow_unknown_gateways;
    policy->allow_anonymous = agw->allow_anonymous;
    policy->mask = 15;
    while (policy->mask < 2 * settings->gateways.n)
        policy->mask = policy->mask * 2 + 1;
    enum err err = ERR_NOMEM;
    policy->rows = calloc(policy->mask + 1, sizeof(*policy->rows));
    if (!policy->rows)
        goto out;
    err = read_scope(&agw->plmns, &agw->imsi_prefixes, &policy->defaults);
    for (size_t i = 0; i < settings->gateways.n && !err; i++) {
        struct row *row = find_row(policy, items[i].id);
        row->id = items[i].id;
        row->enabled = items[i].enabled;
        err = read_scope(items[i].plmns.n ? &items[i].plmns : &agw->plmns,
                         items[i].imsi_prefixes.n ? &items[i].imsi_prefixes : &agw->imsi_prefixes,
                         &row->scope);
    }
    if (err)
        goto out;
    *out = policy;
    return ERR_OK;

out:
    fgw_policy_free(policy);
    return err;
}

void fgw_policy_free(struct fgw_policy *policy)
{
    if (!policy)
        return;
    for (size_t i = 0; policy->rows && i <= policy->mask; i++)
        free(policy->rows[i].scope.plmns);
    free(policy->rows);
    free(policy->defaults.plmns);
    free(policy);
}

// The lists that hold for a gateway, if it may call.
static enum err scope_of(const struct fgw_policy *policy, const char *gateway,
                         const struct scope **out)
{
    const struct row *row = find_row(policy, gateway);
    *out = row->id ? &row->scope : &policy->defaults;
    if (row->id)
        return row->enabled ? ERR_OK : ERR_DENIED;
    if (*gateway == '\0')
        return policy->allow_anonymous ? ERR_OK : ERR_FGW_UNKNOWN_GATEWAY;
    return policy->allow_unknown ? ERR_OK : ERR_FGW_UNKNOWN_GATEWAY;
}

enum err fgw_policy_connect(const struct fgw_policy *policy, const char *gateway)
{
    const struct scope *scope;
    return scope_of(policy, gateway, &scope);
}

enum err fgw_policy_serve(const struct fgw_policy *policy, const char *gateway,
                          const struct base_imsi *imsi, const struct base_plmn *plmn)
{
    const struct scope *scope;
    enum err err = scope_of(policy, gateway, &scope);
    if (err)
        return err;
    bool allowed = !plmn || scope->n_plmns == 0;
    for (size_t i = 0; i < scope->n_plmns && !allowed; i++)
        allowed = base_plmn_equal(&scope->plmns[i], plmn);
    if (!allowed)
        return ERR_FGW_PLMN_DENIED;
    allowed = scope->imsi_prefixes->n == 0;
    for (size_t i = 0; i < scope->imsi_prefixes->n && !allowed; i++) {
        const char *prefix = scope->imsi_prefixes->items[i];
        allowed = strncmp(imsi->digits, prefix, strlen(prefix)) == 0;
    }
    return allowed ? ERR_OK : ERR_FGW_PLMN_DENIED;
}
