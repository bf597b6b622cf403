// SPDX-License-Identifier: BSD-3-Clause
// Replays a fuzzing corpus once, so that every build checks what fuzzing found before. Arguments
// are files and folders (read recursively). Not a fuzzer: the fuzz preset links libFuzzer instead.
#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPEN_FOLDERS_MAX = 16 };

static size_t n_inputs;

static int replay(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    // exactly as large as the input, so that a sanitizer sees the first byte read beyond it
    uint8_t *data = malloc(size ? size : 1);
    int rc = -1;
    if (file && data && fread(data, 1, size, file) == size) {
        LLVMFuzzerTestOneInput(data, size);
        n_inputs++;
        rc = 0;
    } else {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    }
    free(data);
    if (file)
        fclose(file);
    return rc;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    if (type == FTW_F && S_ISREG(st->st_mode))
        return replay(path, (size_t)st->st_size);
    if (type == FTW_D || type == FTW_F)
        return 0;
    fprintf(stderr, "%s: cannot be read\n", path);
    return -1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t before = n_inputs;
        if (nftw(argv[i], visit, OPEN_FOLDERS_MAX, 0) != 0) {
            fprintf(stderr, "%s: replay failed: %s\n", argv[i], strerror(errno));
            return 1;
        }
        if (n_inputs == before) {
            fprintf(stderr, "%s: no input found\n", argv[i]);
            return 1;
        }
    }
    printf("%zu inputs replayed\n", n_inputs);
    return n_inputs > 0 ? 0 : 1;
}
