// SPDX-License-Identifier: BSD-3-Clause
#include "statement.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/dict.h"

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

static char *compose(const char *prose_path, void (*print)(FILE *out), size_t *len)
{
    size_t prose_len = 0;
    char *text = NULL, *prose = read_file(prose_path, &prose_len);
    FILE *out = prose ? open_memstream(&text, len) : NULL;
    if (out) {
        fwrite(prose, 1, prose_len, out);
        print(out);
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
        fprintf(stderr, "%s is not what the tables say: write it anew\n", path);
    free(have);
    return same ? 0 : 1;
}

static int write_file(const char *path, const char *text, size_t len)
{
    FILE *out = fopen(path, "w");
    bool ok = out && fwrite(text, 1, len, out) == len;
    if (out && fclose(out) != 0)
        ok = false;
    return ok ? 0 : 1;
}

int statement_main(int argc, char **argv, statement_compile compile, void (*print)(FILE *out))
{
    size_t len = 0;
    if (argc != 5)
        return 2;
    fd_log_handler_register(no_log);
    if (fd_core_initialize() != 0 || dia_dict_load(argv[2]) != ERR_OK ||
        compile(report, NULL) != ERR_OK)
        return 1;
    char *text = compose(argv[3], print, &len);
    int rc = 1;
    if (text)
        rc = strcmp(argv[1], "check") == 0 ? check(argv[4], text, len)
                                           : write_file(argv[4], text, len);
    free(text);
    return rc;
}
