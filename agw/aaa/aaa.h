// SPDX-License-Identifier: BSD-3-Clause
// The parts of fgw-aaa and how they know one another. One loop thread runs them all (the store has
// a writer of its own).
#pragma once

#include "aaa/core.h"
#include "aaa/dyn.h"
#include "aaa/sessions.h"
#include "aaa/settings.h"
#include "aaa/store.h"
#include "base/loop.h"

struct aaa_auth;
struct aaa_server;

struct aaa {
    const struct aaa_settings *settings;
    struct base_loop *loop;
    struct aaa_store *store;
    struct aaa_core *core;
    struct aaa_sessions *sessions;
    struct aaa_dyn *dyn;
    struct aaa_auth *auth;
    struct aaa_server *server;
};
