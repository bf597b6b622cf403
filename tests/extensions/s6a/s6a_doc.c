// SPDX-License-Identifier: BSD-3-Clause
// docs/interfaces/s6a.md (statement.h).
#include "../world/statement.h"
#include "extensions/s6a/s6a.h"

static void print(FILE *out)
{
    for (int i = 0; i < S6A_MESSAGES; i++)
        xlate_doc(s6a_table((enum s6a_message)i), out);
    s6a_results_doc(out);
}

int main(int argc, char **argv)
{
    int rc = statement_main(argc, argv, s6a_tables_compile, print);
    s6a_tables_free();
    return rc;
}
