// SPDX-License-Identifier: BSD-3-Clause
// gx-gy-doc: prints the interface statement of Gx or Gy, or with --check FILE says whether that
// file is still what the tables say. usage: gx-gy-doc DICTIONARIES gx|gy [--check FILE]
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/dict.h"
#include "extensions/gx_gy/gx_gy_tables.h"

static void no_log(int level, const char *format, va_list args) {}

static void report(void *arg, const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static int check(const char *path, const char *want, size_t len)
{
    char *have = malloc(len + 2);
    FILE *file = fopen(path, "r");
    size_t n = have && file ? fread(have, 1, len + 2, file) : 0;
    bool same = n == len && memcmp(have, want, len) == 0;
    if (!same)
        fprintf(stderr, "%s is not what the tables say: write it anew with gx-gy-doc\n", path);
    if (file)
        fclose(file);
    free(have);
    return same ? 0 : 1;
}

int main(int argc, char **argv)
{
    char *text = NULL;
    size_t len = 0;
    if (argc < 3)
        return 2;
    fd_log_handler_register(no_log);
    if (fd_core_initialize() != 0 || dia_dict_load(argv[1]) != ERR_OK ||
        gxgy_tables_compile(report, NULL) != ERR_OK)
        return 1;
    FILE *out = open_memstream(&text, &len);
    if (strcmp(argv[2], "gx") == 0)
        gxgy_tables_doc_gx(out);
    else
        gxgy_tables_doc_gy(out);
    fclose(out);
    int rc = 0;
    if (argc == 5 && strcmp(argv[3], "--check") == 0)
        rc = check(argv[4], text, len);
    else
        fwrite(text, 1, len, stdout);
    free(text);
    gxgy_tables_free();
    return rc;
}
