// SPDX-License-Identifier: BSD-3-Clause
// A list in order, searched by halves once for each length of prefix that an IMEI has.
#include "eir_list.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char prefix[EIR_IMEI_MAX + 1];
    enum eir_status status;
};
struct eir_list {
    pthread_rwlock_t lock;
    struct entry *entries; // in the order of strcmp
    size_t n, capacity;
};

static const char *const names[EIR_STATUSES] = {"white", "black", "grey", "unknown"};

const char *eir_status_name(enum eir_status status)
{
    return (unsigned)status < EIR_STATUSES ? names[status] : NULL;
}

enum err eir_status_parse(const char *text, enum eir_status *out)
{
    for (int i = 0; i < EIR_STATUSES; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum eir_status)i;
            return ERR_OK;
        }
    }
    return ERR_INVALID;
}

enum err eir_list_new(struct eir_list **out)
{
    struct eir_list *list = calloc(1, sizeof *list);

    if (!list)
        return ERR_NOMEM;
    pthread_rwlock_init(&list->lock, NULL);
    *out = list;
    return ERR_OK;
}

void eir_list_free(struct eir_list *list)
{
    if (!list)
        return;
    pthread_rwlock_destroy(&list->lock);
    free(list->entries);
    free(list);
}

// Where the prefix is, or belongs; true if it is there.
static bool search(const struct eir_list *list, const char *prefix, size_t *at)
{
    size_t low = 0, high = list->n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(list->entries[middle].prefix, prefix);

        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

static bool make_room(struct eir_list *list)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    struct entry *entries;

    if (list->n < list->capacity)
        return true;
    entries = realloc(list->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    list->entries = entries;
    list->capacity = capacity;
    return true;
}

enum err eir_list_set(struct eir_list *list, const char *prefix, enum eir_status status)
{
    size_t len = strspn(prefix, "0123456789"), at;
    enum err err = ERR_OK;

    if (len == 0 || len > EIR_IMEI_MAX || prefix[len])
        return ERR_INVALID;
    pthread_rwlock_wrlock(&list->lock);
    if (search(list, prefix, &at)) {
        list->entries[at].status = status;
    } else if (make_room(list)) {
        memmove(list->entries + at + 1, list->entries + at, (list->n - at) * sizeof *list->entries);
        snprintf(list->entries[at].prefix, sizeof list->entries[at].prefix, "%s", prefix);
        list->entries[at].status = status;
        list->n++;
    } else {
        err = ERR_NOMEM;
    }
    pthread_rwlock_unlock(&list->lock);
    return err;
}

enum err eir_list_drop(struct eir_list *list, const char *prefix)
{
    size_t at;
    enum err err = ERR_NOT_FOUND;

    pthread_rwlock_wrlock(&list->lock);
    if (search(list, prefix, &at)) {
        list->n--;
        memmove(list->entries + at, list->entries + at + 1, (list->n - at) * sizeof *list->entries);
        err = ERR_OK;
    }
    pthread_rwlock_unlock(&list->lock);
    return err;
}

enum eir_status eir_list_find(struct eir_list *list, const char *imei, enum eir_status otherwise)
{
    char prefix[EIR_IMEI_MAX + 1];
    size_t at;

    snprintf(prefix, sizeof prefix, "%s", imei);
    pthread_rwlock_rdlock(&list->lock);
    for (size_t len = strlen(prefix); len > 0; len--) {
        prefix[len] = '\0';
        if (search(list, prefix, &at)) {
            otherwise = list->entries[at].status;
            break;
        }
    }
    pthread_rwlock_unlock(&list->lock);
    return otherwise;
}

void eir_list_each(struct eir_list *list,
                   void (*visit)(void *ctx, const char *prefix, enum eir_status status), void *ctx)
{
    pthread_rwlock_rdlock(&list->lock);
    for (size_t i = 0; i < list->n; i++)
        visit(ctx, list->entries[i].prefix, list->entries[i].status);
    pthread_rwlock_unlock(&list->lock);
}
