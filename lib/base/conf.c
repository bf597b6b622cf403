// SPDX-License-Identifier: BSD-3-Clause
// Reads libconfig trees by tables and collects every error. Number and unit parsing is in
// conf_value.c.
#include "base/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"

enum {
    ERRORS_MAX = 200, // a file this wrong needs no more
    PLACE_MAX = 256,
};

// An allocation that lives as long as the conf.
struct owned {
    struct owned *next;
    _Alignas(16) unsigned char data[];
};

struct conf {
    config_t cfg;
    char *name; // for messages
    struct owned *owned;
    char *errors[ERRORS_MAX];
    size_t n_errors;
    enum err first; // error of all
};

// What is known about a setting, kept in its libconfig hook.
static const char mark_read, mark_passed; // read by a table; only an inner section of it was read

// --- memory and errors ---

static void *own(struct conf *conf, size_t size)
{
    struct owned *owned = calloc(1, sizeof(*owned) + size);
    if (!owned)
        return NULL;
    owned->next = conf->owned;
    conf->owned = owned;
    return owned->data;
}

static char *own_text(struct conf *conf, const char *text)
{
    size_t len = strlen(text);
    char *copy = own(conf, len + 1);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

// "file:line: where: message"; file NULL: the one that was loaded, line 0 and where "": not told.
static void __attribute__((format(printf, 5, 0)))
add_error(struct conf *conf, const char *file, unsigned line, const char *where, const char *fmt,
          va_list ap)
{
    if (conf->n_errors == ERRORS_MAX)
        return;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    fprintf(out, "%s:", file ? file : conf->name);
    if (line > 0)
        fprintf(out, "%u:", line);
    fprintf(out, " %s%s", where, *where ? ": " : "");
    vfprintf(out, fmt, ap);
    if (fclose(out) != 0) {
        free(text);
        return;
    }
    conf->errors[conf->n_errors++] = text;
}

static void __attribute__((format(printf, 4, 0)))
add_error_at(struct conf *conf, const config_setting_t *at, const char *where, const char *fmt,
             va_list ap)
{
    const char *file = at ? config_setting_source_file(at) : NULL;
    add_error(conf, file, at ? config_setting_source_line(at) : 0, where, fmt, ap);
}

static void __attribute__((format(printf, 4, 5)))
complain(struct conf *conf, const config_setting_t *at, const char *where, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_error_at(conf, at, where, fmt, ap);
    va_end(ap);
}

static void __attribute__((format(printf, 4, 5)))
complain_in_file(struct conf *conf, const char *file, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_error(conf, file, line, "", fmt, ap);
    va_end(ap);
}

// Where a setting is ("agw.listen[1].port"); cut if absurdly long, it is for messages only.
static void __attribute__((format(printf, 2, 3)))
name_place(char out[PLACE_MAX], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(out, PLACE_MAX, fmt, ap) < 0)
        out[0] = '\0';
    va_end(ap);
}

static void keep_first(enum err *first, enum err err)
{
    if (*first == ERR_OK)
        *first = err;
}

enum err conf_result(const struct conf *conf)
{
    return conf->first;
}

size_t conf_n_errors(const struct conf *conf)
{
    return conf->n_errors;
}

const char *conf_error_text(const struct conf *conf, size_t i)
{
    return i < conf->n_errors ? conf->errors[i] : NULL;
}

// --- loading ---

static struct conf *new_conf(const char *name)
{
    struct conf *conf = calloc(1, sizeof(*conf));
    if (!conf)
        return NULL;
    config_init(&conf->cfg);
    conf->name = strdup(name);
    if (!conf->name) {
        conf_free(conf);
        return NULL;
    }
    return conf;
}

static enum err parse_result(struct conf *conf, int parsed)
{
    if (parsed == CONFIG_TRUE)
        return ERR_OK;
    if (config_error_type(&conf->cfg) == CONFIG_ERR_FILE_IO) {
        complain_in_file(conf, NULL, 0, "cannot be read: %m");
        return ERR_IO;
    }
    complain_in_file(conf, config_error_file(&conf->cfg),
                     (unsigned)config_error_line(&conf->cfg),
                     "%s, expected libconfig syntax: name = value;",
                     config_error_text(&conf->cfg));
    return ERR_CONF_SYNTAX;
}

enum err conf_load(const char *path, struct conf **out)
{
    struct conf *conf = *out = new_conf(path);
    if (!conf)
        return ERR_NOMEM;
    // @include is relative to the file that the operator named, not to where the daemon was started
    const char *slash = strrchr(path, '/');
    if (slash) {
        char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
        if (!dir)
            return conf->first = ERR_NOMEM;
        config_set_include_dir(&conf->cfg, dir);
        free(dir);
    }
    return conf->first = parse_result(conf, config_read_file(&conf->cfg, path));
}

enum err conf_parse(const char *name, const char *text, struct conf **out)
{
    struct conf *conf = *out = new_conf(name);
    if (!conf)
        return ERR_NOMEM;
    return conf->first = parse_result(conf, config_read_string(&conf->cfg, text));
}

void conf_free(struct conf *conf)
{
    if (!conf)
        return;
    config_destroy(&conf->cfg);
    while (conf->owned) {
        struct owned *next = conf->owned->next;
        free(conf->owned);
        conf->owned = next;
    }
    for (size_t i = 0; i < conf->n_errors; i++)
        free(conf->errors[i]);
    free(conf->name);
    free(conf);
}

// --- one value ---

// One conf_read.
struct reader {
    struct conf *conf;
    enum err first; // error of this read
};

static const char *type_name(int type)
{
    switch (type) {
    case CONFIG_TYPE_GROUP:
        return "a group";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a fraction";
    case CONFIG_TYPE_STRING:
        return "a text";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    case CONFIG_TYPE_ARRAY:
        return "an array";
    default:
        return "a list";
    }
}

static const char *expected(enum conf_type type)
{
    switch (type) {
    case CONF_BOOL:
        return "true or false";
    case CONF_INT:
        return "a number";
    case CONF_MS:
        return "milliseconds or a text like \"250ms\", \"10s\", \"5min\", \"1h\"";
    case CONF_SIZE:
        return "bytes or a text like \"64k\", \"4M\", \"1G\"";
    case CONF_STRING:
        return "a text";
    case CONF_STRINGS:
        return "a text or an array of texts";
    case CONF_ENUM:
        return "one of the names";
    case CONF_GROUP:
        return "a group { ... }";
    case CONF_LIST:
        return "a list of groups ( { ... }, ... )";
    }
    return "something else";
}

static void wrong_type(struct reader *r, const config_setting_t *setting, const char *where,
                       const struct conf_key *key)
{
    complain(r->conf, setting, where, "is %s, expected %s", type_name(config_setting_type(setting)),
             expected(key->type));
    keep_first(&r->first, ERR_CONF_TYPE);
}

static bool is_integer(const config_setting_t *setting)
{
    int type = config_setting_type(setting);
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

// INT, MS, SIZE
static void read_number(struct reader *r, const config_setting_t *setting, const char *where,
                        const struct conf_key *key, int64_t *out)
{
    int64_t value;
    bool text = config_setting_type(setting) == CONFIG_TYPE_STRING && key->type != CONF_INT;
    if (is_integer(setting)) {
        value = config_setting_get_int64(setting);
    } else if (!text) {
        wrong_type(r, setting, where, key);
        return;
    } else if (conf_value_parse(key->type, config_setting_get_string(setting), &value)) {
        complain(r->conf, setting, where, "\"%s\" cannot be read, expected %s",
                 config_setting_get_string(setting), expected(key->type));
        keep_first(&r->first, ERR_CONF_TYPE);
        return;
    }
    bool ranged = key->min != 0 || key->max != 0;
    if (ranged ? value < key->min || value > key->max : key->type != CONF_INT && value < 0) {
        char found[CONF_VALUE_TEXT], min[CONF_VALUE_TEXT], max[CONF_VALUE_TEXT];
        conf_value_text(key->type, value, found);
        conf_value_text(key->type, ranged ? key->min : 0, min);
        conf_value_text(key->type, ranged ? key->max : INT64_MAX, max);
        complain(r->conf, setting, where, "is %s, expected %s..%s", found, min, max);
        keep_first(&r->first, ERR_CONF_RANGE);
        return;
    }
    *out = value;
}

static void read_enum(struct reader *r, const config_setting_t *setting, const char *where,
                      const struct conf_key *key, int *out)
{
    const char *text = config_setting_get_string(setting);
    char names[PLACE_MAX] = "";
    size_t used = 0;
    if (!text) {
        wrong_type(r, setting, where, key);
        return;
    }
    for (int i = 0; key->choices[i]; i++) {
        if (strcmp(key->choices[i], text) == 0) {
            *out = i;
            return;
        }
        if (used < sizeof(names))
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s\"%s\"",
                                     i ? ", " : "", key->choices[i]);
    }
    complain(r->conf, setting, where, "is \"%s\", expected one of %s", text, names);
    keep_first(&r->first, ERR_CONF_RANGE);
}

// NULL if the text is refused or memory ran out; the error is noted.
static char *read_text(struct reader *r, const config_setting_t *setting, const char *where,
                       const struct conf_key *key)
{
    const char *text = config_setting_get_string(setting);
    if (!text) {
        wrong_type(r, setting, where, key);
        return NULL;
    }
    const char *why = "a valid value";
    enum err err = key->check ? key->check(text, &why) : ERR_OK;
    if (err) {
        complain(r->conf, setting, where, "is \"%s\", expected %s", text, why);
        keep_first(&r->first, err);
        return NULL;
    }
    char *copy = own_text(r->conf, text);
    if (!copy)
        keep_first(&r->first, ERR_NOMEM);
    return copy;
}

static void read_strings(struct reader *r, const config_setting_t *setting, const char *where,
                         const struct conf_key *key, struct conf_strings *out)
{
    int type = config_setting_type(setting);
    bool single = type == CONFIG_TYPE_STRING;
    if (!single && type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST) {
        wrong_type(r, setting, where, key);
        return;
    }
    size_t n = single ? 1 : (size_t)config_setting_length(setting);
    char **items = own(r->conf, (n + 1) * sizeof(*items));
    if (!items) {
        keep_first(&r->first, ERR_NOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const config_setting_t *item =
            single ? setting : config_setting_get_elem(setting, (unsigned)i);
        items[i] = read_text(r, item, where, key);
        if (!items[i])
            return;
    }
    *out = (struct conf_strings){.items = items, .n = n};
}

// --- groups and lists ---

static void read_group(struct reader *r, config_setting_t *group, const char *where,
                       const struct conf_key *keys, void *into);

static void read_list(struct reader *r, config_setting_t *setting, const char *where,
                      const struct conf_key *key, struct conf_list *out)
{
    if (config_setting_type(setting) != CONFIG_TYPE_LIST &&
        !(config_setting_type(setting) == CONFIG_TYPE_ARRAY &&
          config_setting_length(setting) == 0)) {
        wrong_type(r, setting, where, key);
        return;
    }
    size_t n = (size_t)config_setting_length(setting);
    unsigned char *items = own(r->conf, n * key->item_size);
    if (!items) {
        keep_first(&r->first, ERR_NOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        config_setting_t *item = config_setting_get_elem(setting, (unsigned)i);
        char path[PLACE_MAX];
        name_place(path, "%s[%zu]", where, i);
        if (config_setting_type(item) != CONFIG_TYPE_GROUP)
            wrong_type(r, item, path, key);
        else
            read_group(r, item, path, key->members, items + i * key->item_size);
    }
    *out = (struct conf_list){.items = items, .n = n};
}

static void read_value(struct reader *r, config_setting_t *setting, const char *where,
                       const struct conf_key *key, void *at)
{
    switch (key->type) {
    case CONF_BOOL:
        if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
            *(bool *)at = config_setting_get_bool(setting);
        else
            wrong_type(r, setting, where, key);
        break;
    case CONF_INT:
    case CONF_MS:
    case CONF_SIZE:
        read_number(r, setting, where, key, at);
        break;
    case CONF_ENUM:
        read_enum(r, setting, where, key, at);
        break;
    case CONF_STRING: {
        char *text = read_text(r, setting, where, key);
        if (text)
            *(char **)at = text;
        break;
    }
    case CONF_STRINGS:
        read_strings(r, setting, where, key, at);
        break;
    case CONF_GROUP:
        if (config_setting_type(setting) != CONFIG_TYPE_GROUP)
            wrong_type(r, setting, where, key);
        else
            read_group(r, setting, where, key->members, at);
        break;
    case CONF_LIST:
        read_list(r, setting, where, key, at);
        break;
    }
}

static char *default_text(struct reader *r, const struct conf_key *key)
{
    char *text = key->def_text ? own_text(r->conf, key->def_text) : NULL;
    if (key->def_text && !text)
        keep_first(&r->first, ERR_NOMEM);
    return text;
}

static void default_strings(struct reader *r, const struct conf_key *key, struct conf_strings *out)
{
    *out = (struct conf_strings){.n = 0};
    if (!key->def_text)
        return;
    char **items = own(r->conf, sizeof(*items));
    char *text = default_text(r, key);
    if (!items)
        keep_first(&r->first, ERR_NOMEM);
    if (!items || !text)
        return;
    items[0] = text;
    *out = (struct conf_strings){.items = items, .n = 1};
}

static void set_default(struct reader *r, const struct conf_key *key, void *at)
{
    switch (key->type) {
    case CONF_BOOL:
        *(bool *)at = key->def != 0;
        break;
    case CONF_INT:
    case CONF_MS:
    case CONF_SIZE:
        *(int64_t *)at = key->def;
        break;
    case CONF_ENUM:
        *(int *)at = (int)key->def;
        break;
    case CONF_STRING:
        *(char **)at = default_text(r, key);
        break;
    case CONF_STRINGS:
        default_strings(r, key, at);
        break;
    case CONF_LIST:
        *(struct conf_list *)at = (struct conf_list){.n = 0};
        break;
    case CONF_GROUP: // so that a member is never indeterminate, whatever is wrong with the group
        for (const struct conf_key *member = key->members; member->name; member++)
            set_default(r, member, (char *)at + member->offset);
        break;
    }
}

static void reject_unknown(struct reader *r, config_setting_t *group, const char *where,
                           const struct conf_key *keys)
{
    int n = config_setting_length(group);
    for (int i = 0; i < n; i++) {
        config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting);
        const struct conf_key *key = keys;
        while (key->name && strcmp(key->name, name) != 0)
            key++;
        if (key->name || config_setting_get_hook(setting))
            continue; // in the table, or a section of its own that was read before
        complain(r->conf, setting, where, "unknown setting \"%s\"", name);
        config_setting_set_hook(setting, (void *)&mark_read); // said once
        keep_first(&r->first, ERR_CONF_UNKNOWN);
    }
}

// group NULL: absent, so defaults only and complaints about what is required.
static void read_group(struct reader *r, config_setting_t *group, const char *where,
                       const struct conf_key *keys, void *into)
{
    for (const struct conf_key *key = keys; key->name; key++) {
        void *at = (char *)into + key->offset;
        char path[PLACE_MAX];
        name_place(path, "%s%s%s", where, *where ? "." : "", key->name);
        config_setting_t *setting = group ? config_setting_get_member(group, key->name) : NULL;
        set_default(r, key, at);
        if (setting) {
            config_setting_set_hook(setting, (void *)&mark_read);
            read_value(r, setting, path, key, at);
        } else if (key->required) {
            complain(r->conf, group, path, "is missing, expected %s", expected(key->type));
            keep_first(&r->first, ERR_CONF_MISSING);
        } else if (key->type == CONF_GROUP) {
            read_group(r, NULL, path, key->members, at);
        }
    }
    if (group && !config_setting_is_root(group))
        reject_unknown(r, group, where, keys);
}

// --- sections ---

static config_setting_t *section(const struct conf *conf, const char *path)
{
    return *path ? config_lookup(&conf->cfg, path) : config_root_setting(&conf->cfg);
}

enum err conf_read(struct conf *conf, const char *path, const struct conf_key *keys, void *into)
{
    struct reader r = {.conf = conf};
    config_setting_t *group = section(conf, path);
    if (group) {
        config_setting_set_hook(group, (void *)&mark_read);
        for (config_setting_t *up = config_setting_parent(group); up;
             up = config_setting_parent(up)) {
            if (!config_setting_get_hook(up))
                config_setting_set_hook(up, (void *)&mark_passed);
        }
    }
    if (group && config_setting_type(group) != CONFIG_TYPE_GROUP) {
        static const struct conf_key as_group = {.type = CONF_GROUP};
        wrong_type(&r, group, path, &as_group);
        group = NULL;
    }
    read_group(&r, group, path, keys, into);
    keep_first(&conf->first, r.first);
    return r.first;
}

void conf_error(struct conf *conf, const char *path, const char *key, enum err err,
                const char *fmt, ...)
{
    config_setting_t *group = section(conf, path);
    config_setting_t *at = NULL;
    char where[PLACE_MAX];
    name_place(where, "%s%s%s", path, key && *path ? "." : "", key ? key : "");
    if (key && group && config_setting_type(group) == CONFIG_TYPE_GROUP)
        at = config_setting_get_member(group, key);
    va_list ap;
    va_start(ap, fmt);
    add_error_at(conf, at ? at : group, where, fmt, ap);
    va_end(ap);
    keep_first(&conf->first, err);
}

bool conf_has(struct conf *conf, const char *path)
{
    return section(conf, path) != NULL;
}

static void check_unread(struct reader *r, config_setting_t *group)
{
    int n = config_setting_length(group);
    for (int i = 0; i < n; i++) {
        config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        void *mark = config_setting_get_hook(setting);
        if (mark == &mark_passed) {
            check_unread(r, setting);
        } else if (!mark) {
            complain(r->conf, setting, "", "unknown setting \"%s\"", config_setting_name(setting));
            keep_first(&r->first, ERR_CONF_UNKNOWN);
        }
    }
}

enum err conf_check_unread(struct conf *conf)
{
    struct reader r = {.conf = conf};
    check_unread(&r, config_root_setting(&conf->cfg));
    keep_first(&conf->first, r.first);
    return r.first;
}
