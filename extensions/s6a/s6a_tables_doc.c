// SPDX-License-Identifier: BSD-3-Clause
// The interface statement of S6a: an introduction, and the tables as compiled.
#include <string.h>

#include "extensions/s6a/s6a_tables.h"

static const char intro[] =
    "# S6a: what is translated\n"
    "\n"
    "Generated from the translation tables (`extensions/s6a/s6a_tables.c`, `s6a_subscription.c`) "
    "by\n"
    "`s6a-doc`; a test fails if this file differs from them. Do not edit.\n"
    "\n"
    "Fields below 1000 are those of unmodified access gateways, from 1000 on additions of this "
    "gateway.\n"
    "`a.b (1000.3)` is field 3 of the sub-message in field 1000; a group without a field is "
    "flattened.\n"
    "Toward the core, unset fields are not sent unless the column *presence* says otherwise. From "
    "the\n"
    "core, AVPs without a row are ignored and of duplicates the first counts. In answers, optional "
    "AVPs\n"
    "that cannot be read are dropped and counted; a request of the HSS is refused instead, with\n"
    "Failed-AVP.\n"
    "\n"
    "Not in the tables: Session-Id, Vendor-Specific-Application-Id, Auth-Session-State\n"
    "(NO_STATE_MAINTAINED), Origin-Host, Origin-Realm, Destination-Host, Destination-Realm, "
    "Result-Code\n"
    "and Experimental-Result, which the procedures add or read.\n"
    "\n";

void s6a_tables_doc(FILE *out)
{
    fputs(intro, out);
    for (int i = 0; i < S6A_MESSAGES; i++)
        xlate_doc(s6a_table((enum s6a_message)i), out);
}
