// SPDX-License-Identifier: BSD-3-Clause
// The translation tables of S13, compiled. Not for what is done with the messages (s13_up.c).
#pragma once

#include "diameter/xlate.h"

enum s13_message { S13_ECR, S13_ECA, S13_MESSAGES };
// Compiles all tables; every mistake is reported. Needs the dictionary; main thread.
enum err s13_tables_compile(void (*report)(void *arg, const char *text), void *arg);
void s13_tables_free(void);
// Valid between the two; any thread.
const struct xlate_table *s13_table(enum s13_message message);
