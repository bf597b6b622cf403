// SPDX-License-Identifier: BSD-3-Clause
// The core's server of each subscriber. Servers have numbers, as gateways have; their table only
// grows. Not for writing it to disk (directory_writer.c).
#include "fgw/directory_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

static uint32_t find_host(const struct fgw_directory *dir, const char *name)
{
    for (uint32_t i = 1; i <= dir->n_hosts; i++) {
        if (dir->hosts[i] && strcasecmp(dir->hosts[i], name) == 0)
            return i;
    }
    return 0;
}

void fgw_dir_host_loaded(struct fgw_directory *dir, uint32_t number, const char *name)
{
    if (number == 0 || number > HOSTS_MAX || dir->hosts[number])
        return;
    dir->hosts[number] = strdup(name); // without memory: not known, learned again
    if (number > dir->n_hosts)
        dir->n_hosts = dir->hosts_stored = number;
}

// The number of a server, made known if it is new. "": 0.
static enum err number_of(struct fgw_directory *dir, const char *name, uint32_t *out)
{
    enum err err = ERR_OK;
    *out = 0;
    if (!name[0])
        return ERR_OK;
    if (strlen(name) > HOST_MAX)
        return ERR_INVALID;
    pthread_rwlock_rdlock(&dir->gateways_lock);
    *out = find_host(dir, name);
    pthread_rwlock_unlock(&dir->gateways_lock);
    if (*out)
        return ERR_OK;
    pthread_rwlock_wrlock(&dir->gateways_lock);
    *out = find_host(dir, name); // another thread may have been faster
    if (!*out && dir->n_hosts == HOSTS_MAX) {
        err = ERR_FULL;
    } else if (!*out) {
        char *copy = strdup(name);
        err = copy ? ERR_OK : ERR_NOMEM;
        if (copy) {
            *out = dir->n_hosts + 1;
            dir->hosts[*out] = copy;
            dir->n_hosts = *out;
        }
    }
    pthread_rwlock_unlock(&dir->gateways_lock);
    return err;
}

static const char *name_of(struct fgw_directory *dir, uint32_t number)
{
    pthread_rwlock_rdlock(&dir->gateways_lock);
    const char *name = number <= dir->n_hosts ? dir->hosts[number] : NULL;
    pthread_rwlock_unlock(&dir->gateways_lock);
    return name;
}

enum err fgw_dir_learn_host(struct fgw_directory *dir, enum fgw_access access,
                            const struct base_imsi *imsi, const char *host)
{
    uint64_t key = fgw_dir_key_of(access, imsi);
    struct stripe *stripe = fgw_dir_stripe(dir, key);
    struct fgw_store_record known;
    uint32_t number;
    enum err err = number_of(dir, host, &number);
    if (err)
        return err;
    pthread_mutex_lock(&stripe->lock);
    err = fgw_dir_look(dir, stripe, key, &known);
    if (!err && known.host != number) {
        known.host = number;
        err = fgw_dir_put(dir, stripe, key, known);
    }
    pthread_mutex_unlock(&stripe->lock);
    return err == ERR_NOT_FOUND ? ERR_FGW_UNKNOWN_SUBSCRIBER : err;
}

enum err fgw_dir_host(struct fgw_directory *dir, enum fgw_access access,
                      const struct base_imsi *imsi, char *host, size_t size)
{
    uint64_t key = fgw_dir_key_of(access, imsi);
    struct stripe *stripe = fgw_dir_stripe(dir, key);
    struct fgw_store_record known;
    pthread_mutex_lock(&stripe->lock);
    enum err err = fgw_dir_look(dir, stripe, key, &known);
    pthread_mutex_unlock(&stripe->lock);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_FGW_UNKNOWN_SUBSCRIBER : err;
    const char *name = name_of(dir, known.host);
    if (!name)
        return ERR_NOT_FOUND;
    size_t len = strlen(name) + 1;
    if (len > size)
        return ERR_RANGE;
    memcpy(host, name, len);
    return ERR_OK;
}
