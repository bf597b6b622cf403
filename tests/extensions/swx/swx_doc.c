// SPDX-License-Identifier: BSD-3-Clause
// swx-doc: the interface statement of SWx.
#include "../world/statement.h"
#include "extensions/swx/swx.h"

static void print(FILE *out)
{
    for (int i = 0; i < SWX_MESSAGES; i++)
        xlate_doc(swx_table((enum swx_message)i), out);
    swx_results_doc(out);
}

int main(int argc, char **argv)
{
    int rc = statement_main(argc, argv, swx_tables_compile, print);
    swx_tables_free();
    return rc;
}
