// SPDX-License-Identifier: BSD-3-Clause
// Compiles translation tables: names to descriptors and dictionary objects, with every check that
// can be made before the first message. Not for translating (xlate.c).
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/xlate_int.h"

struct compiler {
    const struct xlate_def *def;
    void (*report)(void *arg, const char *text);
    void *arg;
    unsigned errors;
};

static void __attribute__((format(printf, 3, 4)))
complain(struct compiler *c, const struct xlate *row, const char *fmt, ...)
{
    char text[400];
    int n = snprintf(text, sizeof(text), "%s %s / %s: ", c->def->name,
                     row && row->field ? row->field : "-",
                     row && row->avp ? dia_dict_avp_name(row->avp) : "-");
    va_list ap;
    va_start(ap, fmt);
    if (n > 0 && (size_t)n < sizeof(text))
        vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
    va_end(ap);
    c->errors++;
    if (c->report)
        c->report(c->arg, text);
}

static bool library_type(struct dict_object *model, enum dia_type *type, bool *mandatory)
{
    static const enum dia_type base[] = {
        [AVP_TYPE_GROUPED] = DIA_GROUPED,   [AVP_TYPE_OCTETSTRING] = DIA_OCTETS,
        [AVP_TYPE_INTEGER32] = DIA_INT32,   [AVP_TYPE_INTEGER64] = DIA_INT64,
        [AVP_TYPE_UNSIGNED32] = DIA_UINT32, [AVP_TYPE_UNSIGNED64] = DIA_UINT64,
        [AVP_TYPE_FLOAT32] = DIA_FLOAT32,   [AVP_TYPE_FLOAT64] = DIA_FLOAT64,
    };
    struct dict_avp_data data;
    if (fd_dict_getval(model, &data) != 0 || data.avp_basetype > AVP_TYPE_FLOAT64)
        return false;
    *type = base[data.avp_basetype];
    *mandatory = data.avp_flag_val & AVP_FLAG_MANDATORY;
    struct dict_object *derived = NULL;
    struct dict_type_data named;
    if (fd_dict_search(fd_g_config->cnf_dict, DICT_TYPE, TYPE_OF_AVP, model, &derived, 0) != 0 ||
        !derived || fd_dict_getval(derived, &named) != 0)
        return true;
    for (enum dia_type t = DIA_OCTETS; t < DIA_TYPES; t++)
        if (strcmp(named.type_name, dia_type_name(t)) == 0)
            *type = t;
    if (strncmp(named.type_name, "Enumerated", strlen("Enumerated")) == 0)
        *type = DIA_ENUM;
    return true;
}

bool xlate_avp_type(dia_avp_id id, struct dict_object **model, enum dia_type *type, bool *mandatory)
{
    *model = dia_dict_avp(id);
    if (!*model)
        return false;
    const struct dia_avp_def *def = dia_dict_avp_def(id);
    if (!def)
        return library_type(*model, type, mandatory);
    *type = def->type;
    *mandatory = def->mandatory;
    return true;
}

// Resolves "a.b.c" into the path a, b and the field c.
static void find_field(struct compiler *c, struct xlate_row *r,
                       const ProtobufCMessageDescriptor *desc)
{
    char name[128];
    const char *rest = r->row->field;
    for (;;) {
        size_t n = strcspn(rest, ".");
        if (n >= sizeof(name)) {
            complain(c, r->row, "field name is too long");
            return;
        }
        memcpy(name, rest, n);
        name[n] = '\0';
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(desc, name);
        if (!field) {
            complain(c, r->row, "%s has no field %s", desc->name, name);
            return;
        }
        if (!rest[n]) {
            r->field = field;
            return;
        }
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED ||
            r->n_path == XLATE_PATH) {
            complain(c, r->row, "%s is not a single sub-message", name);
            return;
        }
        r->path[r->n_path++] = field;
        desc = field->descriptor;
        rest += n + 1;
    }
}

static void check_types(struct compiler *c, struct xlate_row *r)
{
    unsigned avp = xlate_avp_class(r->type);
    unsigned field = r->field ? xlate_field_class(r->field->type) : 0;
    r->conv = r->row->conv ? r->row->conv : xlate_default_conv();
    if (avp == 0) {
        complain(c, r->row, "AVP type %s needs members or is not supported",
                 dia_type_name(r->type));
        return;
    }
    if (!r->field) {
        if (!(r->row->flags & XLATE_CONST) || avp != XLATE_A_NUMBER)
            complain(c, r->row, "a row without a field is a numeric constant or a group");
        return;
    }
    bool fits;
    if (r->row->conv) {
        fits = (field & r->conv->fields) && (avp & r->conv->avps);
    } else {
        fits = (avp == XLATE_A_NUMBER && (field & (XLATE_F_INT | XLATE_F_ENUM | XLATE_F_BOOL))) ||
               (avp == XLATE_A_TEXT && field == XLATE_F_STRING) ||
               (avp == XLATE_A_OCTETS && field == XLATE_F_BYTES);
    }
    if (!fits)
        complain(c, r->row, "field type does not fit AVP type %s by conversion \"%s\"",
                 dia_type_name(r->type), r->conv->name);
    if (r->conv == &xlate_bit && (r->row->value < 0 || r->row->value > 31))
        complain(c, r->row, "no such bit");
    if (r->conv == &xlate_bit && r->type != DIA_UINT32)
        complain(c, r->row, "bits need an Unsigned32");
    if ((r->row->flags & XLATE_DEFAULT) && avp != XLATE_A_NUMBER)
        complain(c, r->row, "defaults are for numbers");
}

static const struct dia_rule *find_rule(const struct dia_group_def *abnf, const char *avp)
{
    for (size_t i = 0; i < abnf->n_rules; i++)
        if (strcmp(abnf->rules[i].avp, avp) == 0)
            return &abnf->rules[i];
    return NULL;
}

static bool added_by_code(const char *avp)
{
    static const char *const names[] = {
        "Session-Id",   "Auth-Session-State", "Vendor-Specific-Application-Id", "Origin-Host",
        "Origin-Realm", "Destination-Host",   "Destination-Realm"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(avp, names[i]) == 0)
            return true;
    return false;
}

static void check_abnf(struct compiler *c, const struct xlate_node *node,
                       const struct dia_group_def *abnf, bool root)
{
    for (size_t i = 0; i < node->n; i++) {
        const struct xlate_row *r = &node->rows[i];
        const struct dia_rule *rule = r->model ? find_rule(abnf, r->name) : NULL;
        if (r->model && !rule)
            complain(c, r->row, "is not in the ABNF of %s", abnf->name);
        if (rule && rule->max == 1 && r->field && r->field->label == PROTOBUF_C_LABEL_REPEATED)
            complain(c, r->row, "is repeated, but occurs once in %s", abnf->name);
    }
    if (!(c->def->direction & XLATE_ENCODE))
        return;
    for (size_t i = 0; i < abnf->n_rules; i++) {
        const struct dia_rule *rule = &abnf->rules[i];
        bool covered = rule->place == DIA_OPTIONAL || (root && added_by_code(rule->avp));
        for (size_t k = 0; k < node->n && !covered; k++) {
            const struct xlate_row *r = &node->rows[k];
            covered =
                r->model && strcmp(r->name, rule->avp) == 0 &&
                (r->row->flags & (XLATE_REQUIRED | XLATE_ALWAYS | XLATE_CONST | XLATE_DEFAULT));
        }
        if (!covered)
            complain(c, NULL, "%s requires %s, but no row makes sure of it", abnf->name, rule->avp);
    }
}

static struct xlate_node *compile_node(struct compiler *c, const struct xlate *rows,
                                       const ProtobufCMessageDescriptor *desc, unsigned depth);

static void compile_group(struct compiler *c, struct xlate_row *r,
                          const ProtobufCMessageDescriptor *desc, unsigned depth)
{
    if (r->type != DIA_GROUPED) {
        complain(c, r->row, "has members, but is %s", dia_type_name(r->type));
        return;
    }
    if (r->field && r->field->type != PROTOBUF_C_TYPE_MESSAGE) {
        complain(c, r->row, "a group needs a message field");
        return;
    }
    if (depth == XLATE_DEPTH) {
        complain(c, r->row, "groups are nested too deeply");
        return;
    }
    r->members = compile_node(c, r->row->members, r->field ? r->field->descriptor : desc, depth);
    if (!r->members)
        return;
    for (size_t i = 0; i < r->members->n; i++)
        if (r->members->rows[i].row->flags & XLATE_MATCH)
            r->match = &r->members->rows[i];
    const struct dia_group_def *abnf = dia_dict_group(r->row->avp);
    if (abnf)
        check_abnf(c, r->members, abnf, false);
    else
        complain(c, r->row, "the dictionary has no ABNF for this group");
}

static void compile_row(struct compiler *c, struct xlate_node *node, struct xlate_row *r,
                        unsigned depth)
{
    if (r->row->field)
        find_field(c, r, node->desc);
    if (!xlate_avp_type(r->row->avp, &r->model, &r->type, &r->mandatory)) {
        complain(c, r->row, "AVP %u of vendor %u is not in the dictionary", DIA_CODE(r->row->avp),
                 DIA_VENDOR(r->row->avp));
        return;
    }
    r->name = dia_dict_avp_name(r->row->avp);
    if (r->row->field && !r->field)
        return; // reported
    if (r->row->members)
        compile_group(c, r, node->desc, depth + 1);
    else
        check_types(c, r);
    r->bit_first = r->row->conv == &xlate_bit;
    for (const struct xlate_row *p = node->rows; p < r; p++)
        if (p->row->avp == r->row->avp && p->row->conv == &xlate_bit)
            r->bit_first = false;
}

static struct xlate_node *compile_node(struct compiler *c, const struct xlate *rows,
                                       const ProtobufCMessageDescriptor *desc, unsigned depth)
{
    size_t n = 0;
    while (rows[n].avp)
        n++;
    struct xlate_node *node = calloc(1, sizeof(*node));
    if (!node || !(node->rows = calloc(n + 1, sizeof(*node->rows)))) {
        complain(c, NULL, "out of memory");
        free(node);
        return NULL;
    }
    node->desc = desc;
    node->n = n;
    for (size_t i = 0; i < n; i++) {
        node->rows[i].row = &rows[i];
        compile_row(c, node, &node->rows[i], depth);
    }
    return node;
}

static void free_node(struct xlate_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->n; i++)
        free_node(node->rows[i].members);
    free(node->rows);
    free(node);
}

void xlate_free(struct xlate_table *table)
{
    if (!table)
        return;
    free_node(table->root);
    free(table);
}

const struct xlate_def *xlate_def(const struct xlate_table *table)
{
    return table->def;
}

enum err xlate_compile(const struct xlate_def *def, void (*report)(void *arg, const char *text),
                       void *arg, struct xlate_table **out)
{
    struct compiler c = {.def = def, .report = report, .arg = arg};
    struct xlate_table *table = calloc(1, sizeof(*table));
    *out = NULL;
    if (!table)
        return ERR_NOMEM;
    table->def = def;
    table->root = compile_node(&c, def->rows, def->message, 0);
    const struct dia_group_def *abnf =
        dia_dict_message(def->application, def->command, def->request);
    if (!abnf)
        complain(&c, NULL, "command %u is not in the dictionary", def->command);
    else if (table->root)
        check_abnf(&c, table->root, abnf, true);
    if (c.errors) {
        xlate_free(table);
        return ERR_DIA_DICT;
    }
    *out = table;
    return ERR_OK;
}

void xlate_free_all(struct xlate_table **tables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        xlate_free(tables[i]);
        tables[i] = NULL;
    }
}

enum err xlate_compile_all(const struct xlate_def *defs, size_t n,
                           void (*report)(void *arg, const char *text), void *arg,
                           struct xlate_table **tables)
{
    enum err first = ERR_OK;
    for (size_t i = 0; i < n; i++) {
        enum err err = xlate_compile(&defs[i], report, arg, &tables[i]);
        if (first == ERR_OK)
            first = err;
    }
    if (first != ERR_OK)
        xlate_free_all(tables, n);
    return first;
}
