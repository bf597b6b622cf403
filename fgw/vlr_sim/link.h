// SPDX-License-Identifier: BSD-3-Clause
// SCTP under the VLR: listens; associations become peers of the VLR.
#pragma once

#include "sctp/sctp.h"
#include "vlr_sim/vlr.h"

struct vlr_link;

struct vlr_link_settings {
    struct sct_stack_conf stack;
    struct sct_options options;
    struct sct_addrs local;
};

// Listens. Creates the VLR on it, which it owns.
enum err vlr_link_new(struct base_loop *loop, const struct vlr_link_settings *settings,
                      const struct vlr_settings *vlr_settings, const struct vlr_watch *watch,
                      struct vlr_link **out);
void vlr_link_free(struct vlr_link *link);
struct vlr *vlr_link_vlr(struct vlr_link *link);
enum sct_backend vlr_link_backend(const struct vlr_link *link);
// Ends all associations; new ones are accepted.
size_t vlr_link_drop_all(struct vlr_link *link, bool abort);
// Remote address of a peer.
const char *vlr_link_remote(const struct vlr_peer *peer);
