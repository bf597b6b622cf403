// SPDX-License-Identifier: BSD-3-Clause
// What the tests of S6a share: the dictionary in memory, messages from hex and back.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diameter/avp.h"
#include "diameter/msg.h"
#include "extensions/s6a/s6a_tables.h"

// cmocka group set-up and tear-down: library, dictionaries, compiled tables.
int kit_start(void **state);
int kit_stop(void **state);
// The AVPs of a message as hex, from the header on (malloc).
char *kit_avps_hex(struct msg *msg);
// A message of this command from the hex of its AVPs, as the wire would bring it.
struct msg *kit_message(uint32_t command, bool request, const char *avps_hex);
// An answer that the dictionary refuses, as the Diameter stack delivers it: read as far as
// possible.
struct msg *kit_broken_message(uint32_t command, const char *avps_hex);
// Decodes by a table; asserts that it works.
ProtobufCMessage *kit_decode(enum s6a_message message, const char *avps_hex, struct xlate_ctx *ctx);
// Encodes by a table and compares with hex.
void kit_encodes_as(enum s6a_message message, const ProtobufCMessage *from, const char *avps_hex);

#define KIT_AVP(name, id, msg)                                                                     \
    struct avp *name = dia_find((msg), (id));                                                      \
    assert_non_null(name)
