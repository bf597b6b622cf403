// SPDX-License-Identifier: BSD-3-Clause
// The procedures by their short names (air, ulr, pur, nor) and generic calls, built from words;
// shared by the command line and by scripts.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "agw_client/link.h"
#include "agw_client/tunnel.h"

// Is `word` a procedure's short name?
bool command_is_procedure(const char *word);
// words: IMSI first for a procedure ("air"), the method first for "call", then field=value.
// plmn=00101, vectors=N and resync=HEX are understood beside field names. On error why tells.
enum err command_build(const char *name, char *const words[], size_t n,
                       struct reflect_method *method, ProtobufCMessage **out,
                       char why[REFLECT_WHY]);
// Does the answer carry a Diameter failure (error_code 3001 or above)?
bool command_refused(const struct agwc_answer *answer);
// Prints an answer, as text or as a JSON line.
void command_print_answer(FILE *to, const struct agwc_options *options,
                          const struct reflect_method *method, const struct agwc_answer *answer,
                          enum err err);
// Prints a call that is being made, as a JSON line.
void command_print_call(FILE *to, const char *method, int64_t at_ns,
                        const ProtobufCMessage *message);
// Prints a request that came through the tunnel.
void command_print_request(FILE *to, const struct agwc_options *options,
                           const struct agwc_request *request);
