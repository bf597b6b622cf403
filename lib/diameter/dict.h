// SPDX-License-Identifier: BSD-3-Clause
// Loads a folder of .dia files into libfdcore's dictionary, and finds things there by number.
//
// What the library's base protocol (or another extension) already has is kept. A command that
// several applications use (272, 258, 274, 301 ...) is one object in the library, which looks
// commands up by code only; its ABNF per application is here (dia_dict_message).
//
// Which rules the library gets, and therefore judges by itself:
// - Requests of a command that only one application uses: every required AVP, and how often each
//   may occur. A request from the core that breaks them is answered at once with 5005 or 5009 and
//   Failed-AVP. The Session-Id may stand anywhere.
// - Nothing else. Commands shared between applications would be judged by the wrong ABNF. For
//   answers and the inside of grouped AVPs the translation tables judge, because an answer that
//   breaks a rule of the library vanishes where interpose.c is not in force, and because peers are
//   generous there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>

#include "base/err.h"
#include "diameter/dia_file.h"

// AVPs are named by one 64-bit number in tables: vendor and code.
typedef uint64_t dia_avp_id;
#define DIA_AVP(vendor, code) (((dia_avp_id)(uint32_t)(vendor) << 32) | (uint32_t)(code))
#define DIA_VENDOR(id) ((uint32_t)((id) >> 32))
#define DIA_CODE(id) ((uint32_t)(id))
#define DIA_3GPP 10415u

// Loads every *.dia of the folder (in dependency order of @inherits). Files that an operator drops
// in are treated alike. Errors are logged as file:line: reason and stop the start. Main thread,
// after fd_core_initialize and before fd_core_start. A second call adds to the first; what is
// loaded is skipped.
enum err dia_dict_load(const char *folder);
// The library's object of an AVP; NULL if unknown. Thread-safe (hash look-up).
struct dict_object *dia_dict_avp(dia_avp_id id);
// Its definition as loaded (name, type, M flag); NULL if unknown.
const struct dia_avp_def *dia_dict_avp_def(dia_avp_id id);
const char *dia_dict_avp_name(dia_avp_id id); // "Visited-PLMN-Id", or "vendor:code"
// Command by code; request or answer. NULL if unknown.
struct dict_object *dia_dict_command(uint32_t code, bool request);
struct dict_object *dia_dict_application(uint32_t application);
// Symbolic name of an enumerated value, or NULL.
const char *dia_dict_enum_name(dia_avp_id id, int32_t value);
// The ABNF as loaded, of a grouped AVP or of a command in an application; NULL if unknown.
const struct dia_group_def *dia_dict_group(dia_avp_id id);
const struct dia_group_def *dia_dict_message(uint32_t application, uint32_t code, bool request);

// ---- for interpose.c: the library's own look-ups ----
// From now on fd_dict_search can be answered from hashes, until the dictionary changes. Takes in
// what other extensions have added. Called when everything is loaded (dia_stack_start).
enum err dia_dict_freeze(void);
// The dictionary changes (fd_dict_new, fd_dict_delete): hashes are not used any more. Any thread.
void dia_dict_changed(void);
// Answers a look-up exactly as fd_dict_search would and returns true, or returns false if the
// library has to. An AVP with vendor id 0 or code 0 in a vendor's space, which the library refuses
// as a wrong parameter, counts as unknown.
bool dia_dict_search(struct dictionary *dict, enum dict_object_type type, int criteria,
                     const void *what, struct dict_object **result, int retval, int *out);
