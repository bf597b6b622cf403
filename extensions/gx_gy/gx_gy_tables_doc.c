// SPDX-License-Identifier: BSD-3-Clause
// The interface statements of Gx and Gy: an introduction each, and the tables as compiled.
#include "extensions/gx_gy/gx_gy_tables.h"

static const char common[] =
    "\n"
    "Generated from the translation tables (`extensions/gx_gy/gx_gy_tables_*.c`) by `gx-gy-doc`; a "
    "test\n"
    "fails if this file differs from them. Do not edit.\n"
    "\n"
    "Fields are those of the gateway's own messages (`proto/gx_gy.proto`), which hold what access "
    "gateways\n"
    "sent or will get (`proto/session.proto`). `a.b (3.1)` is field 1 of the sub-message in field "
    "3; a\n"
    "group without a field is flattened. Toward the core, unset fields are not sent unless the "
    "column\n"
    "*presence* says otherwise. From the core, AVPs without a row are ignored and of duplicates "
    "the first\n"
    "counts. In answers, optional AVPs that cannot be read are dropped and counted; a request of "
    "the core\n"
    "is refused instead, with Failed-AVP; so is one with an unknown AVP that has the M bit "
    "(5001).\n"
    "\n"
    "Not in the tables: Session-Id, Origin-Host, Origin-Realm, Destination-Host, "
    "Destination-Realm,\n"
    "Result-Code and Experimental-Result, which the procedures add or read. The Session-Id is\n"
    "`<host>;<number>;<1 Gx, 2 Gy>;<access gateway>;<its session id>`, the same for the life of "
    "the\n"
    "session, so that requests of the core find their access gateway without any state here.\n";

void gxgy_tables_doc_gx(FILE *out)
{
    fputs("# Gx: what is translated\n", out);
    fputs(common, out);
    fputs(
        "\n"
        "CCA and RAR become CreateSessionResponse, UsageMonitoringUpdateResponse and\n"
        "PolicyReAuthRequest. Base names are resolved from the settings `rules` and `base_names`.\n"
        "Flow-Description is parsed (IPFilterRule, RFC 6733 4.3.1) and becomes flows that access\n"
        "gateways can match; a rule with a filter that cannot be expressed is reported as failed\n"
        "(Charging-Rule-Report), not installed in part. ASR (274) has no AVPs to translate: it "
        "becomes\n"
        "AbortSession.\n\n",
        out);
    for (int i = GXGY_GX_CCR; i <= GXGY_GX_RAA; i++)
        xlate_doc(gxgy_table((enum gxgy_message)i), out);
}

void gxgy_tables_doc_gy(FILE *out)
{
    fputs("# Gy: what is translated\n", out);
    fputs(common, out);
    fputs("\n"
          "Each Multiple-Services-Credit-Control of a CCA becomes one CreditUpdateResponse. RAA "
          "carries\n"
          "a result only. ASR (274) becomes AbortSession.\n\n",
          out);
    for (int i = GXGY_GY_CCR; i <= GXGY_GY_RAR; i++)
        xlate_doc(gxgy_table((enum gxgy_message)i), out);
}
