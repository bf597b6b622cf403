// SPDX-License-Identifier: BSD-3-Clause
// One line per service.
#include "agw_client/services.h"

#include <stddef.h>

#include "proto/csfb.pb-c.h"
#include "proto/hello.pb-c.h"
#include "proto/hlr.pb-c.h"
#include "proto/orc8r_sync_rpc.pb-c.h"
#include "proto/s13.pb-c.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"
#include "proto/service303.pb-c.h"
#include "proto/service_health.pb-c.h"
#include "proto/session.pb-c.h"
#include "proto/sgs.pb-c.h"
#include "proto/swx.pb-c.h"
#include "proto/swx_gateway.pb-c.h"

const ProtobufCServiceDescriptor *const agwc_services[] = {
    &magma__feg__s6a_proxy__descriptor,
    &magma__feg__s6a_gateway_service__descriptor,
    &fgw__s6a__s6a_notify__descriptor,
    &fgw__s6a__s6a_subscriber_data__descriptor,
    &magma__feg__swx_proxy__descriptor,
    &magma__feg__swx_gateway_service__descriptor,
    &fgw__swx__swx_assignment__descriptor,
    &fgw__swx__swx_user_data__descriptor,
    &fgw__s13__equipment_service__descriptor,
    &magma__lte__central_session_controller__descriptor,
    &magma__lte__session_proxy_responder__descriptor,
    &magma__lte__abort_session_responder__descriptor,
    &magma__feg__csfbfed_gwservice__descriptor,
    &magma__feg__csfbgateway_service__descriptor,
    &fgw__sgs__sgs_fallback__descriptor,
    &magma__feg__hlr__hlr_proxy__descriptor,
    &magma__feg__hello__descriptor,
    &magma__feg__service_health__descriptor,
    &magma__orc8r__service303__descriptor,
    &magma__orc8r__sync_rpcservice__descriptor,
    NULL,
};
