// SPDX-License-Identifier: BSD-3-Clause
// Reading single fields of a protobuf-c message: what reflect.c and print.c share. Private to them.
#pragma once

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

size_t reflect_size(ProtobufCType type); // bytes of one element in memory
// How many values the field has: elements of a list; 0 or 1 otherwise (0: absent or at its
// default).
size_t reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
const void *reflect_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       size_t index);
size_t reflect_length(const void *at,
                      const ProtobufCFieldDescriptor *field); // bytes, characters; else 1
// Text of one value; a message gives "{...}".
void reflect_text(const void *at, const ProtobufCFieldDescriptor *field, char *out, size_t size);
