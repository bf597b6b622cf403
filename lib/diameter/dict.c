// SPDX-License-Identifier: BSD-3-Clause
// Look-ups. The tables are filled by dict_load.c before anything runs and never change afterwards,
// so readers take no lock.
#include "diameter/dict.h"

#include <stdio.h>
#include <stdlib.h>

#include "diameter/dict_int.h"

BASE_LOG_CATEGORY(log_dict, "dict");

struct dia_dict dia_dict_state;

enum err dia_dict_enter(struct dict_object *object, const struct dia_avp_def *def,
                        const char *source)
{
    struct dia_dict_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return ERR_NOMEM;
    entry->id = DIA_AVP(def->vendor, def->code);
    entry->object = object;
    entry->def = def;
    entry->source = source;
    if (fd_dict_search(fd_g_config->cnf_dict, DICT_TYPE, TYPE_OF_AVP, object, &entry->type, 0) != 0)
        entry->type = NULL;
    enum err err = dia_map_put(&dia_dict_state.avps, entry->id, entry);
    if (err == ERR_OK)
        err = dia_map_put(&dia_dict_state.types, dia_dict_type_key(object), entry);
    return err; // the entry stays: the start stops anyway when memory is gone
}

struct dict_object *dia_dict_avp(dia_avp_id id)
{
    const struct dia_dict_entry *entry = dia_dict_entry(id);
    return entry ? entry->object : NULL;
}

const struct dia_avp_def *dia_dict_avp_def(dia_avp_id id)
{
    const struct dia_dict_entry *entry = dia_dict_entry(id);
    return entry ? entry->def : NULL;
}

const char *dia_dict_avp_name(dia_avp_id id)
{
    static _Thread_local char number[24];
    const struct dia_dict_entry *entry = dia_dict_entry(id);
    if (entry)
        return entry->def->name;
    snprintf(number, sizeof(number), "%u:%u", DIA_VENDOR(id), DIA_CODE(id));
    return number;
}

struct dict_object *dia_dict_command(uint32_t code, bool request)
{
    return dia_map_get(&dia_dict_state.commands, DIA_COMMAND_KEY(code, request));
}

struct dict_object *dia_dict_application(uint32_t application)
{
    return dia_map_get(&dia_dict_state.applications, (uint64_t)application + 1);
}

const char *dia_dict_enum_name(dia_avp_id id, int32_t value)
{
    const struct dia_dict_entry *entry = dia_dict_entry(id);
    if (!entry || !entry->values)
        return NULL;
    for (size_t i = 0; i < entry->values->n_values; i++) {
        if (entry->values->values[i].value == value)
            return entry->values->values[i].name;
    }
    return NULL;
}

const struct dia_group_def *dia_dict_group(dia_avp_id id)
{
    const struct dia_dict_entry *entry = dia_dict_entry(id);
    return entry ? entry->group : NULL;
}

const struct dia_group_def *dia_dict_message(uint32_t application, uint32_t code, bool request)
{
    return dia_map_get(&dia_dict_state.messages, DIA_MESSAGE_KEY(application, code, request));
}
