// SPDX-License-Identifier: BSD-3-Clause
// Reads a folder of .dia files and creates their objects in the library's dictionary: vendors,
// applications, types, AVPs, commands and the rules of requests (dict.h says which and why). Errors
// are logged as file:line: reason, all of them before giving up, so that one start shows them all.
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "diameter/dict_int.h"

enum { FILES_MAX = 1024, FILE_SIZE_MAX = 8 * 1024 * 1024 };

// Files of one call, before they join dia_dict_state.files.
struct load {
    struct dia_dict_file **files;
    size_t n;
    enum err err; // the first error
};

static void report(struct load *load, enum err err, const char *path, int line, const char *fmt,
                   ...) __attribute__((format(printf, 5, 6)));
static void report(struct load *load, enum err err, const char *path, int line, const char *fmt,
                   ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (line > 0)
        base_log(&log_dict, BASE_LOG_ERROR, NULL, "%s:%d: %s", path, line, text);
    else
        base_log(&log_dict, BASE_LOG_ERROR, NULL, "%s: %s", path, text);
    if (load->err == ERR_OK)
        load->err = err;
}

static struct dictionary *dict(void)
{
    return fd_g_config->cnf_dict;
}

// ---- reading ----

static enum err read_file(const char *path, char **out, size_t *len)
{
    struct stat st;
    enum err err = ERR_OK;
    char *text = NULL;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) != 0) {
        err = err_from_errno(errno);
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_SIZE_MAX) {
        err = ERR_INVALID;
        goto out;
    }
    text = malloc((size_t)st.st_size + 1);
    if (!text) {
        err = ERR_NOMEM;
        goto out;
    }
    *len = fread(text, 1, (size_t)st.st_size, f);
    if (ferror(f)) {
        err = ERR_IO;
        goto out;
    }
    *out = text;
    text = NULL;
out:
    free(text);
    if (f)
        fclose(f);
    return err;
}

static int by_avp_name(const void *a, const void *b)
{
    return strcmp((*(const struct dia_avp_def *const *)a)->name,
                  (*(const struct dia_avp_def *const *)b)->name);
}

static struct dia_dict_file *new_file(struct dia_file *parsed, const char *path)
{
    struct dia_dict_file *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->file = parsed;
    f->path = strdup(path);
    f->by_name = calloc(parsed->n_avps + 1, sizeof(f->by_name[0]));
    f->inherits = calloc(parsed->n_inherits + 1, sizeof(f->inherits[0]));
    if (!f->path || !f->by_name || !f->inherits) {
        free(f->path);
        free(f->by_name);
        free(f->inherits);
        free(f);
        return NULL;
    }
    for (size_t i = 0; i < parsed->n_avps; i++)
        f->by_name[i] = &parsed->avps[i];
    qsort(f->by_name, parsed->n_avps, sizeof(f->by_name[0]), by_avp_name);
    return f;
}

static struct dia_dict_file *find_file(const struct load *load, const char *name)
{
    for (size_t i = 0; i < load->n; i++) {
        if (strcmp(load->files[i]->file->name, name) == 0)
            return load->files[i];
    }
    for (struct dia_dict_file *f = dia_dict_state.files; f; f = f->next) {
        if (strcmp(f->file->name, name) == 0)
            return f;
    }
    return NULL;
}

static void load_one(struct load *load, const char *path)
{
    char *text = NULL;
    size_t len = 0;
    struct dia_file *parsed = NULL;
    struct dia_parse_error error;
    enum err err = read_file(path, &text, &len);
    if (err != ERR_OK) {
        report(load, err, path, 0, "cannot be read: %s", err_str(err));
        return;
    }
    err = dia_file_parse(text, len, &parsed, &error);
    free(text);
    if (err != ERR_OK) {
        report(load, err, path, error.line, "%s", error.text);
        return;
    }
    const struct dia_dict_file *same = find_file(load, parsed->name);
    if (same) {
        if (strcmp(same->path, path) != 0)
            report(load, ERR_DIA_DICT, path, 1, "@name %s is also that of %s", parsed->name,
                   same->path);
        dia_file_free(parsed); // loaded before: nothing to do
        return;
    }
    load->files[load->n] = new_file(parsed, path);
    if (!load->files[load->n]) {
        dia_file_free(parsed);
        report(load, ERR_NOMEM, path, 0, "out of memory");
        return;
    }
    load->n++;
}

static int is_dia(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".dia") == 0;
}

static void load_folder(struct load *load, const char *folder)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_dia, alphasort);
    if (n < 0) {
        report(load, err_from_errno(errno), folder, 0, "cannot be read: %s", strerror(errno));
        return;
    }
    load->files = calloc((size_t)n + 1, sizeof(load->files[0]));
    if (!load->files)
        report(load, ERR_NOMEM, folder, 0, "out of memory");
    if (n > FILES_MAX)
        report(load, ERR_RANGE, folder, 0, "holds more than %d dictionaries", FILES_MAX);
    if (n == 0)
        report(load, ERR_NOT_FOUND, folder, 0, "holds no dictionary (*.dia)");
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        if (load->files && n <= FILES_MAX &&
            asprintf(&path, "%s/%s", folder, names[i]->d_name) > 0) {
            load_one(load, path);
            free(path);
        }
        free(names[i]);
    }
    free(names);
}

// ---- order of inheritance ----

// Dictionaries that Erlang/OTP brings and the library's base protocol covers.
static bool is_builtin(const char *name)
{
    return strncmp(name, "diameter_gen_", strlen("diameter_gen_")) == 0;
}

static void resolve_inherits(struct load *load, struct dia_dict_file *f)
{
    for (size_t i = 0; i < f->file->n_inherits; i++) {
        const char *name = f->file->inherits[i];
        struct dia_dict_file *from = find_file(load, name);
        if (from == f)
            report(load, ERR_DIA_DICT, f->path, 0, "@inherits itself");
        else if (from)
            f->inherits[f->n_inherits++] = from;
        else if (!is_builtin(name))
            report(load, ERR_DIA_DICT, f->path, 0, "@inherits %s, but no file has this @name",
                   name);
    }
}

static bool is_placed(const struct load *load, size_t placed, const struct dia_dict_file *f)
{
    for (size_t i = 0; i < placed; i++) {
        if (load->files[i] == f)
            return true;
    }
    for (const struct dia_dict_file *old = dia_dict_state.files; old; old = old->next) {
        if (old == f)
            return true;
    }
    return false;
}

// Moves files so that each follows what it inherits.
static void sort_by_inheritance(struct load *load)
{
    for (size_t placed = 0; placed < load->n; placed++) {
        size_t pick = load->n;
        for (size_t i = placed; i < load->n && pick == load->n; i++) {
            const struct dia_dict_file *f = load->files[i];
            size_t have = 0;
            while (have < f->n_inherits && is_placed(load, placed, f->inherits[have]))
                have++;
            if (have == f->n_inherits)
                pick = i;
        }
        if (pick == load->n) {
            report(load, ERR_DIA_DICT, load->files[placed]->path, 0, "@inherits in a circle");
            return;
        }
        struct dia_dict_file *picked = load->files[pick];
        memmove(&load->files[placed + 1], &load->files[placed],
                (pick - placed) * sizeof(load->files[0]));
        load->files[placed] = picked;
    }
}

// ---- names ----

static struct dia_dict_entry *entry_by_name(struct dia_dict_file *f, const char *name)
{
    if (f->visited == dia_dict_state.walk)
        return NULL;
    f->visited = dia_dict_state.walk;
    struct dia_avp_def key = {.name = (char *)(uintptr_t)name}, *want = &key;
    struct dia_avp_def **found =
        bsearch(&want, f->by_name, f->file->n_avps, sizeof(f->by_name[0]), by_avp_name);
    if (found)
        return dia_dict_entry(DIA_AVP((*found)->vendor, (*found)->code));
    // the circle check has bounded the depth by the number of files
    for (size_t i = 0; i < f->n_inherits; i++) {
        struct dia_dict_entry *entry = entry_by_name(f->inherits[i], name);
        if (entry)
            return entry;
    }
    return NULL;
}

// An AVP by its name as file f sees it: its own, inherited, or of the base protocol.
static struct dia_dict_entry *resolve(struct dia_dict_file *f, const char *name)
{
    dia_dict_state.walk++;
    struct dia_dict_entry *entry = entry_by_name(f, name);
    struct dict_object *object = NULL;
    struct dict_avp_data data;
    if (!entry && fd_dict_search(dict(), DICT_AVP, AVP_BY_NAME, name, &object, ENOENT) == 0 &&
        fd_dict_getval(object, &data) == 0)
        entry = dia_dict_entry(DIA_AVP(data.avp_vendor, data.avp_code));
    return entry;
}

// ---- what the library already has ----

static enum dia_type type_of(const struct dict_avp_data *data, const char *type_name)
{
    static const enum dia_type plain[] = {
        [AVP_TYPE_GROUPED] = DIA_GROUPED,     [AVP_TYPE_OCTETSTRING] = DIA_OCTETS,
        [AVP_TYPE_INTEGER32] = DIA_INT32,     [AVP_TYPE_INTEGER64] = DIA_INT64,
        [AVP_TYPE_UNSIGNED32] = DIA_UINT32,   [AVP_TYPE_UNSIGNED64] = DIA_UINT64,
        [AVP_TYPE_FLOAT32] = DIA_FLOAT32,     [AVP_TYPE_FLOAT64] = DIA_FLOAT64,
    };
    enum dia_type type = plain[data->avp_basetype];
    if (type == DIA_INT32 && type_name && strncmp(type_name, "Enumerated", 10) == 0)
        return DIA_ENUM;
    for (int i = DIA_ADDRESS; type == DIA_OCTETS && type_name && i < DIA_TYPES; i++) {
        if (strcmp(type_name, dia_type_name((enum dia_type)i)) == 0)
            return (enum dia_type)i;
    }
    return type;
}

static enum err absorb_avp(struct dict_object *object)
{
    struct dict_avp_data data;
    struct dict_type_data type_data = {0};
    struct dict_object *type = NULL;
    if (fd_dict_getval(object, &data) != 0)
        return ERR_DIA_LIBRARY;
    if (dia_dict_entry(DIA_AVP(data.avp_vendor, data.avp_code)))
        return ERR_OK;
    if (fd_dict_search(dict(), DICT_TYPE, TYPE_OF_AVP, object, &type, 0) == 0 && type &&
        fd_dict_getval(type, &type_data) != 0)
        type_data.type_name = NULL;
    struct dia_avp_def *def = calloc(1, sizeof(*def));
    if (!def)
        return ERR_NOMEM;
    def->name = data.avp_name; // lives as long as the object
    def->vendor = data.avp_vendor;
    def->code = data.avp_code;
    def->mandatory = data.avp_flag_mask & data.avp_flag_val & AVP_FLAG_MANDATORY;
    def->type = type_of(&data, type_data.type_name);
    return dia_dict_enter(object, def, "freeDiameter");
}

static enum err absorb_vendor(struct dict_object *vendor)
{
    struct fd_list *list = NULL;
    if (fd_dict_getlistof(AVP_BY_CODE, vendor, &list) != 0)
        return ERR_DIA_LIBRARY;
    enum err err = ERR_OK;
    for (struct fd_list *li = list->next; li != list && err == ERR_OK; li = li->next)
        err = absorb_avp(li->o);
    return err;
}

static enum err absorb_commands(void)
{
    struct fd_list *list = NULL;
    if (fd_dict_getlistof(CMD_BY_CODE_R, dict(), &list) != 0)
        return ERR_DIA_LIBRARY;
    for (struct fd_list *li = list->next; li != list; li = li->next) {
        struct dict_cmd_data data;
        if (fd_dict_getval(li->o, &data) != 0)
            return ERR_DIA_LIBRARY;
        uint64_t key = DIA_COMMAND_KEY(data.cmd_code, data.cmd_flag_val & CMD_FLAG_REQUEST);
        enum err err = dia_map_put(&dia_dict_state.commands, key, li->o);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err absorb_applications(void)
{
    struct fd_list *list = NULL;
    if (fd_dict_getlistof(APPLICATION_BY_ID, dict(), &list) != 0)
        return ERR_DIA_LIBRARY;
    for (struct fd_list *li = list->next; li != list; li = li->next) {
        struct dict_application_data data;
        if (fd_dict_getval(li->o, &data) != 0)
            return ERR_DIA_LIBRARY;
        enum err err =
            dia_map_put(&dia_dict_state.applications, (uint64_t)data.application_id + 1, li->o);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err dia_dict_absorb(void)
{
    struct fd_list *list = NULL;
    struct dict_object *none = NULL;
    vendor_id_t zero = 0;
    if (fd_dict_search(dict(), DICT_VENDOR, VENDOR_BY_ID, &zero, &none, ENOENT) != 0 ||
        fd_dict_getlistof(VENDOR_BY_ID, dict(), &list) != 0)
        return ERR_DIA_LIBRARY;
    enum err err = absorb_vendor(none);
    for (struct fd_list *li = list->next; li != list && err == ERR_OK; li = li->next)
        err = absorb_vendor(li->o);
    if (err == ERR_OK)
        err = absorb_commands();
    if (err == ERR_OK)
        err = absorb_applications();
    return err;
}

// ---- creating objects ----

static struct dict_object *vendor_object(struct load *load, const struct dia_dict_file *f,
                                         uint32_t id)
{
    struct dict_object *object = NULL;
    char name[32];
    if (fd_dict_search(dict(), DICT_VENDOR, VENDOR_BY_ID, &id, &object, 0) == 0 && object)
        return object;
    snprintf(name, sizeof(name), "Vendor %u", id);
    struct dict_vendor_data data = {
        .vendor_id = id,
        .vendor_name = id == f->file->vendor && f->file->vendor_name ? f->file->vendor_name : name,
    };
    if (fd_dict_new(dict(), DICT_VENDOR, &data, NULL, &object) != 0) {
        report(load, ERR_DIA_LIBRARY, f->path, 0, "vendor %u cannot be created", id);
        return NULL;
    }
    return object;
}

static void make_application(struct load *load, const struct dia_dict_file *f)
{
    struct dict_object *object = NULL;
    uint32_t id = f->file->application;
    if (!f->file->has_application)
        return;
    fd_dict_search(dict(), DICT_APPLICATION, APPLICATION_BY_ID, &id, &object, 0);
    if (!object) {
        struct dict_object *vendor =
            f->file->vendor ? vendor_object(load, f, f->file->vendor) : NULL;
        struct dict_application_data data = {.application_id = id,
                                             .application_name = f->file->name};
        if (fd_dict_new(dict(), DICT_APPLICATION, &data, vendor, &object) != 0) {
            report(load, ERR_DIA_LIBRARY, f->path, 0, "application %u cannot be created", id);
            return;
        }
    }
    if (dia_map_put(&dia_dict_state.applications, (uint64_t)id + 1, object) != ERR_OK)
        report(load, ERR_NOMEM, f->path, 0, "out of memory");
}

static enum dict_avp_basetype base_type(enum dia_type type)
{
    switch (type) {
    case DIA_GROUPED:
        return AVP_TYPE_GROUPED;
    case DIA_INT32:
    case DIA_ENUM:
        return AVP_TYPE_INTEGER32;
    case DIA_INT64:
        return AVP_TYPE_INTEGER64;
    case DIA_UINT32:
        return AVP_TYPE_UNSIGNED32;
    case DIA_UINT64:
        return AVP_TYPE_UNSIGNED64;
    case DIA_FLOAT32:
        return AVP_TYPE_FLOAT32;
    case DIA_FLOAT64:
        return AVP_TYPE_FLOAT64;
    default:
        return AVP_TYPE_OCTETSTRING;
    }
}

// The library's type behind an AVP: its own for Address, Time ...; one per enumerated AVP for its
// names.
static struct dict_object *type_object(struct load *load, const struct dia_dict_file *f,
                                       const struct dia_avp_def *def, bool has_values)
{
    struct dict_object *object = NULL;
    char name[256];
    if (def->type == DIA_ENUM || has_values) {
        struct dict_object *vendor = vendor_object(load, f, def->vendor);
        struct dict_vendor_data data = {0};
        if (!def->vendor)
            snprintf(name, sizeof(name), "Enumerated(%s)", def->name);
        else if (vendor && fd_dict_getval(vendor, &data) == 0)
            snprintf(name, sizeof(name), "Enumerated(%s/%s)", data.vendor_name, def->name);
        else
            return NULL;
    } else if (def->type >= DIA_ADDRESS) {
        snprintf(name, sizeof(name), "%s", dia_type_name(def->type));
    } else {
        return NULL;
    }
    if (fd_dict_search(dict(), DICT_TYPE, TYPE_BY_NAME, name, &object, 0) == 0 && object)
        return object;
    struct dict_type_data data = {.type_base = base_type(def->type), .type_name = name};
    if (data.type_base == AVP_TYPE_OCTETSTRING) // QoSFilterRule and the like are text
        data.type_dump = fd_dictfct_UTF8String_dump;
    if (fd_dict_new(dict(), DICT_TYPE, &data, NULL, &object) != 0)
        report(load, ERR_DIA_LIBRARY, f->path, def->line, "type %s cannot be created", name);
    return object;
}

static bool has_values(const struct dia_file *file, const char *avp)
{
    for (size_t i = 0; i < file->n_enums; i++) {
        if (strcmp(file->enums[i].avp, avp) == 0)
            return true;
    }
    return false;
}

// The AVP exists: fine if it is the same; the library's own word stands if it is not.
static void check_existing(struct load *load, const struct dia_dict_file *f,
                           const struct dia_avp_def *def, struct dia_dict_entry *entry)
{
    bool ours = strcmp(entry->source, "freeDiameter") != 0;
    bool renamed = strcmp(entry->def->name, def->name) != 0;
    bool differs = ours ? entry->def->type != def->type
                        : base_type(entry->def->type) != base_type(def->type);
    if (ours && (differs || renamed))
        report(load, ERR_DIA_DICT, f->path, def->line, "AVP %u of vendor %u is %s of type %s in %s",
               def->code, def->vendor, entry->def->name, dia_type_name(entry->def->type),
               entry->source);
    else if (differs)
        base_log(&log_dict, BASE_LOG_WARN, NULL, "%s:%d: %s is already defined with type %s, kept",
                 f->path, def->line, def->name, dia_type_name(entry->def->type));
    else if (!ours)
        entry->def = def; // the same, and it knows more
}

// Looked for beforehand, because the library leaks and dumps when it refuses.
static bool name_taken(const struct dia_avp_def *def)
{
    struct dict_object *object = NULL;
    struct dict_avp_request request = {.avp_vendor = def->vendor, .avp_name = def->name};
    if (def->vendor)
        fd_dict_search(dict(), DICT_AVP, AVP_BY_NAME_AND_VENDOR, &request, &object, 0);
    else
        fd_dict_search(dict(), DICT_AVP, AVP_BY_NAME, def->name, &object, 0);
    return object != NULL;
}

static void make_avp(struct load *load, const struct dia_dict_file *f,
                     const struct dia_avp_def *def)
{
    struct dia_dict_entry *entry = dia_dict_entry(DIA_AVP(def->vendor, def->code));
    if (entry) {
        check_existing(load, f, def, entry);
        return;
    }
    if (def->vendor && !vendor_object(load, f, def->vendor))
        return;
    if (name_taken(def)) {
        report(load, ERR_DIA_DICT, f->path, def->line, "vendor %u has another AVP named %s",
               def->vendor, def->name);
        return;
    }
    struct dict_avp_data data = {
        .avp_code = def->code,
        .avp_vendor = def->vendor,
        .avp_name = def->name,
        .avp_flag_mask = AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY,
        .avp_flag_val = (uint8_t)((def->vendor ? AVP_FLAG_VENDOR : 0) |
                                  (def->mandatory ? AVP_FLAG_MANDATORY : 0)),
        .avp_basetype = base_type(def->type),
    };
    struct dict_object *type = type_object(load, f, def, has_values(f->file, def->name));
    struct dict_object *object = NULL;
    int rc = fd_dict_new(dict(), DICT_AVP, &data, type, &object);
    if (rc != 0)
        report(load, ERR_DIA_LIBRARY, f->path, def->line, "%s cannot be created: %s", def->name,
               strerror(rc));
    else if (dia_dict_enter(object, def, f->path) != ERR_OK)
        report(load, ERR_NOMEM, f->path, def->line, "out of memory");
}

static void make_values(struct load *load, struct dia_dict_file *f,
                        const struct dia_enum_def *values)
{
    struct dia_dict_entry *entry = resolve(f, values->avp);
    if (!entry) {
        report(load, ERR_DIA_DICT, f->path, 0, "@enum %s: no such AVP here or in what is inherited",
               values->avp);
        return;
    }
    if (!entry->values)
        entry->values = values;
    for (size_t i = 0; entry->type && i < values->n_values; i++) {
        struct dict_object *old_name = NULL, *old_value = NULL;
        struct dict_enumval_request request = {.type_obj = entry->type};
        request.search.enum_value.i32 = values->values[i].value;
        fd_dict_search(dict(), DICT_ENUMVAL, ENUMVAL_BY_STRUCT, &request, &old_value, 0);
        request.search.enum_name = values->values[i].name;
        fd_dict_search(dict(), DICT_ENUMVAL, ENUMVAL_BY_STRUCT, &request, &old_name, 0);
        // a second name of a value, or one the library has: the first stays
        if (!old_name && !old_value &&
            fd_dict_new(dict(), DICT_ENUMVAL, &request.search, entry->type, NULL) != 0)
            report(load, ERR_DIA_LIBRARY, f->path, 0, "value %s of %s cannot be created",
                   values->values[i].name, values->avp);
    }
}

// ---- commands and rules ----

static void count_use(struct load *load, const struct dia_dict_file *f,
                      const struct dia_group_def *m)
{
    struct dia_dict_command_use *use = dia_map_get(&dia_dict_state.command_uses, m->code);
    if (!use) {
        struct dict_object *object = NULL;
        use = calloc(1, sizeof(*use));
        if (!use || dia_map_put(&dia_dict_state.command_uses, m->code, use) != ERR_OK) {
            free(use);
            report(load, ERR_NOMEM, f->path, m->line, "out of memory");
            return;
        }
        fd_dict_search(dict(), DICT_COMMAND, CMD_BY_CODE_R, &m->code, &object, 0);
        use->foreign = object != NULL;
    }
    if (use->n_applications == 0)
        use->first_application = f->file->application;
    if (use->n_applications == 0 || use->first_application != f->file->application)
        use->n_applications++;
}

static void make_command(struct load *load, const struct dia_dict_file *f,
                         const struct dia_group_def *m)
{
    struct dict_object *object = NULL;
    int criteria = m->request ? CMD_BY_CODE_R : CMD_BY_CODE_A;
    fd_dict_search(dict(), DICT_COMMAND, criteria, &m->code, &object, 0);
    if (!object) {
        char qualified[160];
        struct dict_cmd_data data = {
            .cmd_code = m->code,
            .cmd_name = m->name,
            .cmd_flag_mask = CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE | CMD_FLAG_ERROR,
            .cmd_flag_val = (uint8_t)((m->request ? CMD_FLAG_REQUEST : 0) |
                                      (m->proxiable ? CMD_FLAG_PROXIABLE : 0)),
        };
        struct dict_object *other = NULL;
        fd_dict_search(dict(), DICT_COMMAND, CMD_BY_NAME, m->name, &other, 0);
        if (other) { // PUR is a command of S6a and another one of Sh
            snprintf(qualified, sizeof(qualified), "%s/%s", f->file->name, m->name);
            data.cmd_name = qualified;
        }
        struct dict_object *application = dia_dict_application(f->file->application);
        if (fd_dict_new(dict(), DICT_COMMAND, &data, application, &object) != 0) {
            report(load, ERR_DIA_LIBRARY, f->path, m->line, "command %s (%u) cannot be created",
                   m->name, m->code);
            return;
        }
    }
    if (dia_map_put(&dia_dict_state.commands, DIA_COMMAND_KEY(m->code, m->request), object) !=
        ERR_OK)
        report(load, ERR_NOMEM, f->path, m->line, "out of memory");
}

// Without it the library cannot refuse the request either, and gives itself up.
static void check_answer(struct load *load, const struct dia_dict_file *f,
                         const struct dia_group_def *m)
{
    struct dict_object *object = NULL;
    fd_dict_search(dict(), DICT_COMMAND, CMD_BY_CODE_A, &m->code, &object, 0);
    if (m->request && !object)
        report(load, ERR_DIA_DICT, f->path, m->line, "%s: command %u has no answer", m->name,
               m->code);
}

static void make_rules(struct load *load, struct dia_dict_file *f, const struct dia_group_def *m)
{
    const struct dia_dict_command_use *use = dia_map_get(&dia_dict_state.command_uses, m->code);
    struct dict_object *command = dia_dict_command(m->code, true);
    if (!m->request || !use || use->foreign || use->n_applications != 1 || !command)
        return;
    for (size_t i = 0; i < m->n_rules; i++) {
        const struct dia_rule *rule = &m->rules[i];
        struct dia_dict_entry *entry = resolve(f, rule->avp);
        if (!entry || (rule->min == 0 && rule->max < 0))
            continue;
        struct dict_rule_data data = {
            .rule_avp = entry->object,
            .rule_position = rule->place == DIA_OPTIONAL ? RULE_OPTIONAL : RULE_REQUIRED,
            .rule_min = rule->min,
            .rule_max = rule->max,
        };
        int rc = fd_dict_new(dict(), DICT_RULE, &data, command, NULL);
        if (rc != 0 && rc != EEXIST)
            report(load, ERR_DIA_LIBRARY, f->path, m->line, "rule of %s for %s cannot be created",
                   m->name, rule->avp);
    }
}

// Every AVP that an ABNF names must exist.
static void check_rules(struct load *load, struct dia_dict_file *f, const struct dia_group_def *g)
{
    for (size_t i = 0; i < g->n_rules; i++) {
        if (strcmp(g->rules[i].avp, "AVP") != 0 && !resolve(f, g->rules[i].avp))
            report(load, ERR_DIA_DICT, f->path, g->line,
                   "%s names %s: no such AVP here or in what is inherited", g->name,
                   g->rules[i].avp);
    }
}

static void enter_group(struct load *load, struct dia_dict_file *f, struct dia_group_def *g)
{
    struct dia_dict_entry *entry = dia_dict_entry(DIA_AVP(g->vendor, g->code));
    if (!entry || entry->def->type != DIA_GROUPED)
        entry = resolve(f, g->name);
    if (!entry || entry->def->type != DIA_GROUPED || DIA_CODE(entry->id) != g->code) {
        report(load, ERR_DIA_DICT, f->path, g->line, "%s (%u) is not a Grouped AVP", g->name,
               g->code);
        return;
    }
    if (!entry->group)
        entry->group = g;
    check_rules(load, f, g);
}

static void enter_message(struct load *load, struct dia_dict_file *f, struct dia_group_def *m)
{
    uint64_t key = DIA_MESSAGE_KEY(f->file->application, m->code, m->request);
    if (dia_map_get(&dia_dict_state.messages, key))
        report(load, ERR_DIA_DICT, f->path, m->line,
               "%s: command %u of application %u is already defined", m->name, m->code,
               f->file->application);
    else if (dia_map_put(&dia_dict_state.messages, key, m) != ERR_OK)
        report(load, ERR_NOMEM, f->path, m->line, "out of memory");
    check_rules(load, f, m);
}

static void make_all(struct load *load)
{
    for (size_t i = 0; i < load->n && load->err == ERR_OK; i++) {
        struct dia_dict_file *f = load->files[i];
        make_application(load, f);
        for (size_t a = 0; a < f->file->n_avps; a++)
            make_avp(load, f, &f->file->avps[a]);
        for (size_t e = 0; e < f->file->n_enums; e++)
            make_values(load, f, &f->file->enums[e]);
        for (size_t g = 0; g < f->file->n_groups; g++)
            enter_group(load, f, &f->file->groups[g]);
        for (size_t m = 0; m < f->file->n_messages; m++) {
            enter_message(load, f, &f->file->messages[m]);
            if (f->file->messages[m].request)
                count_use(load, f, &f->file->messages[m]);
        }
    }
    // only now is it known which commands belong to one application
    for (size_t i = 0; i < load->n && load->err == ERR_OK; i++) {
        struct dia_dict_file *f = load->files[i];
        for (size_t m = 0; m < f->file->n_messages; m++) {
            make_command(load, f, &f->file->messages[m]);
            make_rules(load, f, &f->file->messages[m]);
        }
        for (size_t m = 0; m < f->file->n_messages; m++)
            check_answer(load, f, &f->file->messages[m]);
    }
}

enum err dia_dict_load(const char *folder)
{
    struct load load = {.err = ERR_OK};
    load_folder(&load, folder);
    for (size_t i = 0; i < load.n; i++)
        resolve_inherits(&load, load.files[i]);
    if (load.err == ERR_OK)
        sort_by_inheritance(&load);
    if (load.err == ERR_OK && dia_dict_absorb() != ERR_OK)
        report(&load, ERR_DIA_LIBRARY, folder, 0, "the library's dictionary cannot be read");
    if (load.err == ERR_OK)
        make_all(&load);
    size_t avps = 0;
    struct dia_dict_file **end = &dia_dict_state.files;
    while (*end)
        end = &(*end)->next;
    for (size_t i = 0; i < load.n; i++) { // kept in every case: the library refers to their strings
        avps += load.files[i]->file->n_avps;
        *end = load.files[i];
        end = &(*end)->next;
    }
    if (load.err == ERR_OK)
        base_log(&log_dict, BASE_LOG_NOTICE, NULL, "%zu dictionaries with %zu AVPs from %s", load.n,
                 avps, folder);
    free(load.files);
    return load.err;
}
