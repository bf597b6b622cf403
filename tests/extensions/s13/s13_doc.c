// SPDX-License-Identifier: BSD-3-Clause
// s13-doc: the interface statement of S13.
#include "../world/statement.h"
#include "extensions/s13/s13.h"

static void print(FILE *out)
{
    for (int i = 0; i < S13_MESSAGES; i++)
        xlate_doc(s13_table((enum s13_message)i), out);
}

int main(int argc, char **argv)
{
    int rc = statement_main(argc, argv, s13_tables_compile, print);
    s13_tables_free();
    return rc;
}
