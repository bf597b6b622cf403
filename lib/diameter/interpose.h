// SPDX-License-Identifier: BSD-3-Clause
// What the functions that interpose.c puts in the place of the library's do. Only for interpose.c and the
// stack; interpose.c itself must be compiled into the executable, because the dynamic linker takes the
// executable's definition before that of a library.
#pragma once

#include <stdbool.h>

#include "diameter/dict.h"

// fd_msg_parse_or_error: a request that breaks the rules gets a complete error answer; an answer that does
// reaches its callback all the same, parsed as far as it can be, and marked.
int dia_interpose_parse(struct msg **msg, struct msg **error);
// Call counts, for the self-test (dia_stack_interposed_ok) after the first connection.
enum dia_interposed {
    DIA_INTERPOSED_PARSE,
    DIA_INTERPOSED_SEARCH,
    DIA_INTERPOSED_SETSOCKOPT,
    DIA_INTERPOSED
};
void dia_interpose_seen(enum dia_interposed what);
bool dia_interpose_was_seen(enum dia_interposed what);
// fd_core_shutdown is called: by dia_stack_stop, or by a thread of the library that has given up.
void dia_interpose_shutdown(void);
