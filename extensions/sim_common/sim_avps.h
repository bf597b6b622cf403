// SPDX-License-Identifier: BSD-3-Clause
// AVPs of libfdcore to and from the JSON of sim_json.h, by the loaded dictionary.
#pragma once

#include "diameter/msg.h"
#include "sim_json.h"

// All AVPs of a message or group; new. AVPs that are unknown or could not be parsed are left out.
json_t *sim_avps_decode(msg_or_avp *container);
// Adds AVPs. ERR_DIA_DICT: a name the dictionary does not have; ERR_INVALID: a value of the wrong
// kind; *what (may be NULL) is then the AVP's name, borrowed from avps.
enum err sim_avps_encode(const json_t *avps, msg_or_avp *container, const char **what);
