// SPDX-License-Identifier: BSD-3-Clause
// How we introduce ourselves to peers (CER, CEA: RFC 6733 5.3): the library writes these messages,
// the settings change what it says about us. Not for the applications, which dia_advertise names.
#include <stdio.h>
#include <string.h>

#include "diameter/avp.h"
#include "diameter/stack_int.h"

enum { CAPABILITIES_EXCHANGE = 257 };

static struct {
    bool any;
    char product[DIA_PRODUCT_NAME_MAX + 1]; // "": the library's
    uint32_t vendor;   // 0: likewise
    uint32_t supported[DIA_SUPPORTED_VENDORS_MAX];
    size_t n_supported; // 0: those of the dictionaries
} own;

void dia_capabilities_start(const struct dia_stack_config *config)
{
    snprintf(own.product, sizeof(own.product), "%s",
             config->product_name ? config->product_name : "");
    own.vendor = config->vendor_id;
    own.n_supported = config->n_supported_vendors < DIA_SUPPORTED_VENDORS_MAX
                          ? config->n_supported_vendors
                          : DIA_SUPPORTED_VENDORS_MAX;
    if (own.n_supported)
        memcpy(own.supported, config->supported_vendors, own.n_supported * sizeof(uint32_t));
    own.any = own.product[0] || own.vendor || own.n_supported;
}

static void set(struct msg *msg, dia_avp_id id, union avp_value *value)
{
    struct avp *avp = dia_find(msg, id);
    if (avp)
        fd_msg_avp_setvalue(avp, value);
}

static void replace_supported(struct msg *msg)
{
    struct avp *avp;
    while ((avp = dia_find(msg, AVP_SUPPORTED_VENDOR_ID)))
        if (fd_msg_free((struct msg *)avp) != 0)
            return;
    for (size_t i = 0; i < own.n_supported; i++)
        if (dia_add_u32(msg, AVP_SUPPORTED_VENDOR_ID, own.supported[i]) != ERR_OK)
            return; // memory: fewer of them do no harm
}

void dia_capabilities_sending(struct msg *msg)
{
    struct msg_hdr *hdr = NULL;
    union avp_value value;
    if (!own.any || fd_msg_hdr(msg, &hdr) != 0 || hdr->msg_code != CAPABILITIES_EXCHANGE)
        return;
    if (own.product[0]) {
        value.os.data = (uint8_t *)own.product;
        value.os.len = strlen(own.product);
        set(msg, AVP_PRODUCT_NAME, &value);
    }
    if (own.vendor) {
        value.u32 = own.vendor;
        set(msg, AVP_VENDOR_ID, &value);
    }
    if (own.n_supported)
        replace_supported(msg);
}
