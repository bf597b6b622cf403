// SPDX-License-Identifier: BSD-3-Clause
// What dict.c (look-ups), dict_load.c (loading) and dict_search.c (the library's own look-ups)
// share. Not for other rooms.
#pragma once

#include "base/log.h"
#include "diameter/dict.h"
#include "diameter/map.h"

extern struct base_log_cat log_dict;

// One AVP known to the library's dictionary.
struct dia_dict_entry {
    dia_avp_id id;
    struct dict_object *object;
    struct dict_object *type;             // derived type; NULL if none
    const struct dia_avp_def *def;        // never NULL
    const struct dia_enum_def *values;    // NULL if none
    const struct dia_group_def *group;    // NULL if none
    const char *source;                   // path of the file, or "freeDiameter"
};

// A file as parsed; kept for the life of the process because everything refers to it.
struct dia_dict_file {
    struct dia_file *file;
    char *path;
    struct dia_avp_def **by_name; // sorted
    struct dia_dict_file **inherits;
    size_t n_inherits;
    unsigned visited;             // mark of the last walk through what it inherits
    struct dia_dict_file *next;
};

// Which applications use a command.
struct dia_dict_command_use {
    uint32_t first_application;
    unsigned n_applications;
    bool foreign; // the command was in the library before us
};

struct dia_dict {
    struct dia_map avps;         // id -> struct dia_dict_entry
    struct dia_map types;        // address of an AVP object -> struct dia_dict_entry
    struct dia_map commands;     // DIA_COMMAND_KEY -> struct dict_object
    struct dia_map command_uses; // code -> struct dia_dict_command_use
    struct dia_map messages;     // DIA_MESSAGE_KEY -> struct dia_group_def
    struct dia_map applications; // id + 1 -> struct dict_object
    struct dia_dict_file *files; // in order of loading
    unsigned walk;
};

extern struct dia_dict dia_dict_state;

#define DIA_COMMAND_KEY(code, request) ((uint64_t)(code) << 1 | !!(request))
#define DIA_MESSAGE_KEY(application, code, request)                                         \
    ((uint64_t)(application) << 32 | DIA_COMMAND_KEY(code, request))

static inline uint64_t dia_dict_type_key(const struct dict_object *object)
{
    return (uint64_t)(uintptr_t)object;
}

static inline struct dia_dict_entry *dia_dict_entry(dia_avp_id id)
{
    return dia_map_get(&dia_dict_state.avps, id);
}

// Adds an AVP of the library to the table. def is kept.
enum err dia_dict_enter(struct dict_object *object, const struct dia_avp_def *def,
                        const char *source);

// Makes known what the library or other extensions have defined: AVPs, commands, applications.
enum err dia_dict_absorb(void);
