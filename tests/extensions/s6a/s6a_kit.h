// SPDX-License-Identifier: BSD-3-Clause
// What the unit tests of S6a share, on top of the played world.
#pragma once

#include "../world/world.h"
#include "extensions/s6a/s6a.h"

#define S6A_AVP(name, id, msg)                                                                     \
    struct avp *name = dia_find((msg), (id));                                                      \
    assert_non_null(name)

// Of a group: dictionary and tables; without tables, where each test starts the interface, which
// makes them.
static inline int s6a_dictionary(void **state)
{
    return world_dictionary(s6a_tables_compile);
}

static inline int s6a_dictionary_only(void **state)
{
    return world_dictionary(NULL);
}

static inline int s6a_free(void **state)
{
    s6a_tables_free();
    return 0;
}

static inline int s6a_setup(void **state)
{
    return world_setup(&s6a_interface);
}

static inline struct s6a_settings *s6a_test_settings(void)
{
    return world.settings;
}
