// SPDX-License-Identifier: BSD-3-Clause
// s6a-doc writes the interface statement of S6a, or checks that it is still what the tables say.
// usage: s6a-doc write|check DICTIONARIES PROSE STATEMENT
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/dict.h"
#include "extensions/s6a/s6a.h"

static void no_log(int level, const char *format, va_list args) {}

static void report(void *arg, const char *text)
{
    fprintf(stderr, "%s\n", text);
}

// The whole file, or NULL.
static char *read_file(const char *path, size_t *len)
{
    char *text = NULL, part[4096];
    FILE *in = fopen(path, "r");
    FILE *out = in ? open_memstream(&text, len) : NULL;
    size_t n;
    while (out && (n = fread(part, 1, sizeof(part), in)) > 0)
        fwrite(part, 1, n, out);
    if (out)
        fclose(out);
    if (in)
        fclose(in);
    return text;
}

static char *statement(const char *prose_path, size_t *len)
{
    size_t prose_len = 0;
    char *text = NULL, *prose = read_file(prose_path, &prose_len);
    FILE *out = prose ? open_memstream(&text, len) : NULL;
    if (out) {
        fwrite(prose, 1, prose_len, out);
        for (int i = 0; i < S6A_MESSAGES; i++)
            xlate_doc(s6a_table((enum s6a_message)i), out);
        s6a_results_doc(out);
        fclose(out);
    }
    free(prose);
    return text;
}

static int check(const char *path, const char *want, size_t len)
{
    size_t n = 0;
    char *have = read_file(path, &n);
    bool same = have && n == len && memcmp(have, want, len) == 0;
    if (!same)
        fprintf(stderr, "%s is not what the tables say: write it anew (ninja s6a-statement)\n",
                path);
    free(have);
    return same ? 0 : 1;
}

static int write_file(const char *path, const char *text, size_t len)
{
    FILE *out = fopen(path, "w");
    bool good = out && fwrite(text, 1, len, out) == len;
    if (out && fclose(out) != 0)
        good = false;
    if (!good)
        perror(path);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    size_t len = 0;
    if (argc != 5)
        return 2;
    fd_log_handler_register(no_log);
    if (fd_core_initialize() != 0 || dia_dict_load(argv[2]) != ERR_OK ||
        s6a_tables_compile(report, NULL) != ERR_OK)
        return 1;
    char *text = statement(argv[3], &len);
    int rc = 1;
    if (text)
        rc = strcmp(argv[1], "write") == 0 ? write_file(argv[4], text, len)
                                           : check(argv[4], text, len);
    free(text);
    s6a_tables_free();
    return rc;
}
