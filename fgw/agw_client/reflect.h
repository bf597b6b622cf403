// SPDX-License-Identifier: BSD-3-Clause
// Protobuf messages by name: find a method, fill a message from text, read a field, print
// everything. Works on protobuf-c descriptors, so that a new service needs one line in services[]
// and nothing else. Not for the wire and not for speed (load.c builds its messages by hand).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

#define REFLECT_WHY 200 // bytes that a reason needs

struct reflect_method {
    char path[160]; // "/magma.feg.S6aProxy/PurgeUE"
    const char *name;
    const ProtobufCMessageDescriptor *input, *output;
};

// text: a whole path, "Service/Method" or only "Method" where that is unambiguous. ERR_NOT_FOUND.
enum err reflect_find(const char *text, struct reflect_method *out);
// Visits every method of every known service.
void reflect_each(void (*visit)(const struct reflect_method *method, void *arg), void *arg);

// An empty message, owned by the caller: free with protobuf_c_message_free_unpacked(m, NULL).
enum err reflect_new(const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **out);
// Sets one field: path "user_name", "total_ambr.max_bandwidth_ul", "apn[1].context_id"; a repeated
// field without index is appended to. value: numbers, true/false, enumerators by name or number,
// bytes as hexadecimal or "text:...". On error why says what was expected.
enum err reflect_set(ProtobufCMessage *message, const char *path, const char *value,
                     char why[REFLECT_WHY]);
// The text of one field, as reflect_print shows it; "path.#" gives the number of elements or bytes.
enum err reflect_get(const ProtobufCMessage *message, const char *path, char *out, size_t size);
// One field per line, nested messages indented; fields at their default are left out.
void reflect_print(FILE *to, const ProtobufCMessage *message, int indent);
// The same as one JSON object, without a line end. Bytes are hexadecimal strings.
void reflect_json(FILE *to, const ProtobufCMessage *message);
