// SPDX-License-Identifier: BSD-3-Clause
// Prints the interface statement of a compiled table as Markdown. Not for other documentation.
#include <inttypes.h>
#include <string.h>

#include "diameter/xlate_int.h"

static const char *presence(const struct xlate_row *r)
{
    if (r->row->flags & XLATE_REQUIRED)
        return "required";
    if (r->row->flags & (XLATE_CONST | XLATE_ALWAYS))
        return "always";
    if (r->row->flags & XLATE_DEFAULT)
        return "default";
    return r->row->when ? "conditional" : "optional";
}

static void print_field(const struct xlate_row *r, FILE *out)
{
    if (!r->field) {
        fputs(r->members ? "(group)" : "(constant)", out);
        return;
    }
    fprintf(out, "`%s` (", r->row->field);
    for (unsigned i = 0; i < r->n_path; i++)
        fprintf(out, "%u.", r->path[i]->id);
    fprintf(out, "%u)%s", r->field->id,
            r->field->label == PROTOBUF_C_LABEL_REPEATED ? ", list" : "");
}

static void print_bounds(const struct xlate_row *r, FILE *out)
{
    const struct xlate *row = r->row;
    if (row->conv == &xlate_at_most) {
        fprintf(out, " At most %" PRId64 ": larger values are sent as that.", row->max);
        return;
    }
    if (row->min == 0 && row->max == 0)
        return;
    const char *unit = xlate_avp_class(r->type) == XLATE_A_NUMBER ? "" : " octets";
    if (row->min == row->max)
        fprintf(out, " %" PRId64 "%s.", row->min, unit);
    else
        fprintf(out, " %" PRId64 " to %" PRId64 "%s.", row->min, row->max, unit);
}

static void print_meaning(const struct xlate_row *r, FILE *out)
{
    const struct xlate *row = r->row;
    if (row->conv == &xlate_bit)
        fprintf(out, " Bit %" PRId64 ".", row->value);
    else if (row->conv && row->conv != &xlate_at_most)
        fprintf(out, " %s: %s.", row->conv->name, row->conv->help);
    if ((row->flags & XLATE_CONST) && row->conv != &xlate_bit)
        fprintf(out, " Always %" PRId64 ".", row->value);
    if (row->flags & XLATE_MATCH)
        fputs(" Tells which of several groups is meant.", out);
    if (row->flags & XLATE_DEFAULT)
        fprintf(out, " %" PRId64 " if absent.", row->value);
    print_bounds(r, out);
    if (row->order)
        fprintf(out, " In the order of %s.", dia_dict_avp_name(row->order));
    if (row->note)
        fprintf(out, " %s", row->note);
}

static void print_rows(const struct xlate_node *node, unsigned depth, FILE *out)
{
    for (size_t i = 0; i < node->n; i++) {
        const struct xlate_row *r = &node->rows[i];
        fputs("| ", out);
        for (unsigned k = 0; k < depth; k++)
            fputs("· ", out);
        print_field(r, out);
        fprintf(out, " | %s | %u | %u | %s | %s | %s |", r->name, DIA_CODE(r->row->avp),
                DIA_VENDOR(r->row->avp), dia_type_name(r->type), r->mandatory ? "M" : "",
                presence(r));
        print_meaning(r, out);
        fputs(" |\n", out);
        if (r->members)
            print_rows(r->members, depth + 1, out);
    }
}

void xlate_doc(const struct xlate_table *table, FILE *out)
{
    const struct xlate_def *def = table->def;
    fprintf(out, "## %s: %s\n\n", def->name, def->title);
    fprintf(out, "%s. Command %u, application %u. %s `%s`.\n", def->clause, def->command,
            def->application, def->direction & XLATE_ENCODE ? "Built from" : "Read into",
            def->message->name);
    if (def->note)
        fprintf(out, "%s\n", def->note);
    fputs("\n| field (number) | AVP | code | vendor | type | M | presence | meaning |\n"
          "|---|---|---|---|---|---|---|---|\n",
          out);
    print_rows(table->root, 0, out);
    fputc('\n', out);
}
