// SPDX-License-Identifier: BSD-3-Clause
// Loads a folder of .dia files into libfdcore's dictionary, and finds things there by number.
// AVPs the library's base protocol already has are kept. Commands shared by several applications (272, 258,
// 274, 275, 301 ...) become one object with the union of what they allow, so rules are checked by the
// translation tables, per application, not by the library.
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

// Loads every *.dia of the folder (in dependency order of @inherits). Files that an operator drops in are
// treated alike. Errors are logged as file:line: reason and stop the start. Main thread, before fd_core_start.
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
