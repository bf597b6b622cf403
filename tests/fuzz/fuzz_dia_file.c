// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: the .dia parser. Any bytes give a table or an error with a reason, never anything
// else.
#include <stdlib.h>

#include "diameter/dia_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dia_file *file;
    struct dia_parse_error error;
    enum err err = dia_file_parse((const char *)data, size, &file, &error);
    if ((err == ERR_OK) != (file != NULL) || (err != ERR_OK && !error.text[0]))
        abort();
    dia_file_free(file);
    return 0;
}
