// SPDX-License-Identifier: BSD-3-Clause
// CSV import and generated ranges. Rows are stored a thousand to a transaction.
#include "hss_csv.h"

#include <string.h>

#include "hss_fields.h"

#define COLUMNS_MAX 48
#define LINE_MAX_OCTETS 16384
#define PER_TRANSACTION 1000

struct csv {
    FILE *in;
    size_t line;                        // of the record being read
    size_t next_line;
    char text[LINE_MAX_OCTETS];
    size_t n_columns;
    char *columns[COLUMNS_MAX];         // in text, of the record last read
};

// Reads one record into csv->columns. ERR_NOT_FOUND at the end; ERR_DECODE_SYNTAX for one that is
// too long or has an open quote (it is skipped up to its end).
static enum err read_record(struct csv *csv)
{
    bool quoted = false, any = false, full = false;
    size_t used = 0;
    int c;

    csv->line = csv->next_line;
    csv->n_columns = 1;
    csv->columns[0] = csv->text;
    while ((c = getc(csv->in)) != EOF) {
        if (c == '\n')
            csv->next_line++;
        if (c == '\n' && !quoted)
            break;
        any = true;
        if (c == '\r' && !quoted)
            continue;
        if (c == '"') {
            int next = quoted ? getc(csv->in) : 0;

            if (next != '"') { // a doubled quote inside quotes is one quote
                if (quoted && next != EOF)
                    ungetc(next, csv->in);
                quoted = !quoted;
                continue;
            }
        }
        if (used + 2 > sizeof csv->text || csv->n_columns >= COLUMNS_MAX) {
            full = true;
            continue;
        }
        if (c == ',' && !quoted) {
            csv->text[used++] = '\0';
            csv->columns[csv->n_columns++] = csv->text + used;
        } else {
            csv->text[used++] = (char)c;
        }
    }
    csv->text[used] = '\0';
    if (c == EOF && !any)
        return ERR_NOT_FOUND;
    return quoted || full ? ERR_DECODE_SYNTAX : ERR_OK;
}

static bool is_skipped(const struct csv *csv)
{
    return csv->n_columns == 1 && (csv->text[0] == '\0' || csv->text[0] == '#');
}

static void refuse(struct hss_csv_report *report, size_t line, const char *field, const char *why)
{
    char text[160];

    report->refused++;
    snprintf(text, sizeof text, "%s%s%s", field ? field : "", field ? ": " : "", why);
    if (report->refuse)
        report->refuse(report->ctx, line, text);
}

static enum err read_header(struct csv *csv, const struct hss_field **fields, size_t *n,
                            struct hss_csv_report *report)
{
    bool imsi = false;
    enum err err;

    do {
        err = read_record(csv);
    } while (!err && (is_skipped(csv) || csv->text[0] == '#'));
    if (err) {
        refuse(report, csv->line, NULL, "there is no line of column names");
        return ERR_DECODE_SYNTAX;
    }
    for (size_t i = 0; i < csv->n_columns; i++) {
        fields[i] = hss_field_find(csv->columns[i]);
        if (!fields[i]) {
            refuse(report, csv->line, csv->columns[i], "no such field");
            return ERR_DECODE_SYNTAX;
        }
        imsi |= strcmp(fields[i]->name, "imsi") == 0;
    }
    if (!imsi) {
        refuse(report, csv->line, NULL, "column imsi is missing");
        return ERR_DECODE_SYNTAX;
    }
    *n = csv->n_columns;
    return ERR_OK;
}

// Makes a profile of the record; NULL after refusing it.
static struct hss_profile *read_profile(struct csv *csv, const struct hss_field **fields, size_t n,
                                        struct aka_gen *gen, struct hss_csv_report *report)
{
    struct hss_profile *p;
    const char *why = "out of memory";

    if (csv->n_columns != n) {
        refuse(report, csv->line, NULL, "wrong number of columns");
        return NULL;
    }
    p = hss_profile_new();
    for (size_t i = 0; p && i < n; i++) {
        enum err err;

        // an empty column leaves the usual value
        err = csv->columns[i][0] ? fields[i]->set(p, fields[i], csv->columns[i]) : ERR_OK;
        if (err) {
            refuse(report, csv->line, fields[i]->name, err_str(err));
            hss_profile_unref(p);
            return NULL;
        }
    }
    if (!p || hss_profile_finish(p, gen, &why)) {
        refuse(report, csv->line, NULL, why);
        hss_profile_unref(p);
        return NULL;
    }
    return p;
}

static enum err import_records(struct csv *csv, const struct hss_field **fields, size_t n,
                               struct hss_store *store, struct aka_gen *gen,
                               struct hss_csv_report *report)
{
    enum err err = ERR_OK, read;
    size_t open = 0;

    while (!err && (read = read_record(csv)) != ERR_NOT_FOUND) {
        struct hss_profile *p;

        if (read) {
            refuse(report, csv->line, NULL, "line is too long or a quote is not closed");
            continue;
        }
        if (is_skipped(csv) || csv->text[0] == '#')
            continue;
        p = read_profile(csv, fields, n, gen, report);
        if (!p)
            continue;
        if (open == 0)
            err = hss_store_begin(store);
        if (!err)
            err = hss_store_put(store, p);
        hss_profile_unref(p);
        report->stored += !err;
        if (!err && ++open == PER_TRANSACTION) {
            err = hss_store_commit(store);
            open = 0;
        }
    }
    if (!err && open)
        err = hss_store_commit(store);
    if (err)
        hss_store_rollback(store);
    return err;
}

enum err hss_csv_import(FILE *in, struct hss_store *store, struct aka_gen *gen,
                        struct hss_csv_report *report)
{
    const struct hss_field *fields[COLUMNS_MAX];
    struct csv csv = {.in = in, .next_line = 1};
    size_t n;
    enum err err;

    report->stored = report->refused = 0;
    err = read_header(&csv, fields, &n, report);
    if (!err)
        err = import_records(&csv, fields, n, store, gen, report);
    if (!err && ferror(in))
        err = ERR_IO;
    explicit_bzero(csv.text, sizeof csv.text);
    return err;
}

enum err hss_digits_add(char *digits, uint64_t n)
{
    for (size_t i = strlen(digits); i-- > 0 && n;) {
        n += (uint64_t)(digits[i] - '0');
        digits[i] = (char)('0' + n % 10);
        n /= 10;
    }
    return n ? ERR_RANGE : ERR_OK;
}

enum err hss_generate(struct hss_store *store, const struct hss_profile *first, size_t n)
{
    struct hss_profile *p = hss_profile_copy(first);
    enum err err = p ? ERR_OK : ERR_NOMEM;

    for (size_t i = 0; !err && i < n; i++) {
        if (i % PER_TRANSACTION == 0)
            err = hss_store_begin(store);
        if (!err)
            err = hss_store_put(store, p);
        if (!err && i + 1 < n)
            err = hss_digits_add(p->imsi, 1);
        if (!err && p->msisdn[0] && i + 1 < n)
            err = hss_digits_add(p->msisdn, 1);
        if (!err && (i % PER_TRANSACTION == PER_TRANSACTION - 1 || i + 1 == n))
            err = hss_store_commit(store);
    }
    if (err)
        hss_store_rollback(store);
    hss_profile_unref(p);
    return err;
}
