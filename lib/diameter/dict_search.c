// SPDX-License-Identifier: BSD-3-Clause
// The library walks linked lists for every AVP it parses, under a lock. These are the four look-ups
// on that road, answered from the tables of dict.c, which hold everything the library has once they
// are frozen.
#include <errno.h>
#include <stdatomic.h>

#include "diameter/dict_int.h"

static _Atomic bool frozen;

enum err dia_dict_freeze(void)
{
    enum err err = dia_dict_absorb();
    if (err == ERR_OK)
        atomic_store(&frozen, true);
    return err;
}

void dia_dict_changed(void)
{
    if (atomic_exchange(&frozen, false))
        base_log(&log_dict, BASE_LOG_WARN, NULL,
                 "the dictionary was changed after the start: parsing falls back to slow look-ups");
}

static bool found(struct dict_object *object, struct dict_object **result, int retval, int *out)
{
    if (result)
        *result = object;
    *out = object ? 0 : result ? retval : ENOENT;
    return true;
}

static bool search_avp(int criteria, const void *what, struct dict_object **result, int retval,
                       int *out)
{
    if (criteria == AVP_BY_CODE)
        return found(dia_dict_avp(DIA_AVP(0, *(const avp_code_t *)what)), result, retval, out);
    const struct dict_avp_request_ex *request = what;
    if (criteria != AVP_BY_STRUCT || request->avp_vendor.vendor ||
        request->avp_vendor.vendor_name || request->avp_data.avp_name)
        return false;
    uint32_t vendor = request->avp_vendor.vendor_id, code = request->avp_data.avp_code;
    struct dict_object *object = vendor && code ? dia_dict_avp(DIA_AVP(vendor, code)) : NULL;
    return found(object, result, retval, out);
}

bool dia_dict_search(struct dictionary *dict, enum dict_object_type type, int criteria,
                     const void *what, struct dict_object **result, int retval, int *out)
{
    if (!atomic_load_explicit(&frozen, memory_order_acquire) || dict != fd_g_config->cnf_dict ||
        !what)
        return false;
    if (type == DICT_AVP)
        return search_avp(criteria, what, result, retval, out);
    if (type == DICT_TYPE && criteria == TYPE_OF_AVP && result) {
        const struct dia_dict_entry *entry =
            dia_map_get(&dia_dict_state.types, dia_dict_type_key(what));
        return entry && found(entry->type, result, retval, out);
    }
    if (type == DICT_COMMAND && (criteria == CMD_BY_CODE_R || criteria == CMD_BY_CODE_A))
        return found(dia_dict_command(*(const command_code_t *)what, criteria == CMD_BY_CODE_R),
                     result, retval, out);
    return false;
}
