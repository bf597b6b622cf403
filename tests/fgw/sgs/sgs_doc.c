// SPDX-License-Identifier: BSD-3-Clause
// sgs-doc writes the interface statement of SGs, or checks that it is still what the tables say.
// usage: sgs-doc write|check PROSE STATEMENT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fgw/sgs/sgs_tables.h"

static void copy(FILE *in, FILE *out)
{
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof(part), in)) > 0)
        fwrite(part, 1, n, out);
    fclose(in);
}

// The whole file, or NULL.
static char *read_file(const char *path, size_t *len)
{
    char *text = NULL;
    FILE *in = fopen(path, "r");
    FILE *out = in ? open_memstream(&text, len) : NULL;
    if (!out)
        return NULL;
    copy(in, out);
    fclose(out);
    return text;
}

static char *statement(const char *prose, size_t *len)
{
    char *text = NULL;
    FILE *in = fopen(prose, "r");
    FILE *out = in ? open_memstream(&text, len) : NULL;
    if (!out)
        return NULL;
    copy(in, out);
    sgs_tables_doc(out);
    fclose(out);
    return text;
}

static int check(const char *path, const char *want, size_t len)
{
    size_t n = 0;
    char *have = read_file(path, &n);
    bool same = have && n == len && memcmp(have, want, len) == 0;
    if (!same)
        fprintf(stderr, "%s is not what the tables say: write it anew (ninja sgs-statement)\n",
                path);
    free(have);
    return same ? 0 : 1;
}

static int write_to(const char *path, const char *text, size_t len)
{
    FILE *out = fopen(path, "w");
    size_t n = out ? fwrite(text, 1, len, out) : 0;
    return out && fclose(out) == 0 && n == len ? 0 : 1;
}

int main(int argc, char **argv)
{
    size_t len = 0;
    char *text = argc == 4 ? statement(argv[2], &len) : NULL;
    int code = 2;
    if (text && strcmp(argv[1], "check") == 0)
        code = check(argv[3], text, len);
    else if (text && strcmp(argv[1], "write") == 0)
        code = write_to(argv[3], text, len);
    else
        fprintf(stderr, "usage: sgs-doc write|check PROSE STATEMENT\n");
    free(text);
    return code;
}
