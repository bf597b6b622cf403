// SPDX-License-Identifier: BSD-3-Clause
// Paging as load: so many outstanding at a time, each answer brings the next, around all associated
// subscribers. Not for what is measured of it (vlr_take_paging_times).
#include <stdlib.h>

#include "vlr_sim/vlr_int.h"

static void add(struct vlr_sub *sub, void *arg)
{
    struct vlr_load *load = arg;
    if (sub->state == VLR_ASSOCIATED)
        load->subs[load->n++] = sub;
}

void vlr_load_end(struct vlr *vlr)
{
    free(vlr->load.subs);
    vlr->load = (struct vlr_load){.subs = NULL};
}

void vlr_load_next(struct vlr *vlr)
{
    struct vlr_load *load = &vlr->load;
    for (size_t tried = 0; load->left > 0 && tried < load->n; tried++) {
        struct vlr_sub *sub = load->subs[load->next++ % load->n];
        if (sub->paging != VLR_NONE)
            continue;
        load->left--;
        if (vlr_page(sub, VLR_CS, NULL) != ERR_OK)
            load->left = 0;
        return;
    }
}

enum err vlr_page_load(struct vlr *vlr, size_t count, size_t window)
{
    struct vlr_load *load = &vlr->load;
    vlr_load_end(vlr);
    load->subs = calloc(vlr->n_subs + 1, sizeof(struct vlr_sub *));
    if (!load->subs)
        return ERR_NOMEM;
    vlr_each_sub(vlr, add, load);
    if (window == 0 || load->n < window) {
        vlr_load_end(vlr);
        return ERR_RANGE; // each subscriber is paged once at a time
    }
    load->left = count;
    for (size_t i = 0; i < window; i++)
        vlr_load_next(vlr);
    return ERR_OK;
}

size_t vlr_page_load_left(const struct vlr *vlr)
{
    return vlr->load.left;
}
