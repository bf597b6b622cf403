// SPDX-License-Identifier: BSD-3-Clause
// The equipment an EIR knows: leading digits of IMEIs, each with a status; the longest that fits
// counts. I/O-free, any thread. In memory only: the configuration file says what there is at first.
#pragma once

#include <stddef.h>

#include "base/err.h"

enum eir_status { EIR_WHITE, EIR_BLACK, EIR_GREY, EIR_UNKNOWN, EIR_STATUSES };
const char *eir_status_name(enum eir_status status); // "white" ...; NULL beyond
enum err eir_status_parse(const char *text, enum eir_status *out);

#define EIR_IMEI_MAX 16
struct eir_list;
enum err eir_list_new(struct eir_list **out);
void eir_list_free(struct eir_list *list); // NULL is fine
// Adds or changes. ERR_INVALID: no digits, or too many. ERR_NOMEM.
enum err eir_list_set(struct eir_list *list, const char *prefix, enum eir_status status);
enum err eir_list_drop(struct eir_list *list, const char *prefix); // ERR_NOT_FOUND
// otherwise: of equipment without an entry.
enum eir_status eir_list_find(struct eir_list *list, const char *imei, enum eir_status otherwise);
void eir_list_each(struct eir_list *list,
                   void (*visit)(void *ctx, const char *prefix, enum eir_status status), void *ctx);
