// SPDX-License-Identifier: BSD-3-Clause
// Small conveniences on libfdproto messages: adding and finding AVPs by number, reading values
// safely. avp_value is NULL for AVPs that were not parsed: every reader here checks it. A struct
// msg belongs to one thread at a time.
#pragma once

#include "diameter/dict.h"

// A container to add to: a message, or a grouped AVP (both are msg_or_avp of the library).
enum err dia_add_u32(msg_or_avp *parent, dia_avp_id id, uint32_t value);
enum err dia_add_i32(msg_or_avp *parent, dia_avp_id id, int32_t value);
enum err dia_add_u64(msg_or_avp *parent, dia_avp_id id, uint64_t value);
enum err dia_add_bytes(msg_or_avp *parent, dia_avp_id id, const void *data, size_t len); // copies
enum err dia_add_text(msg_or_avp *parent, dia_avp_id id, const char *text);              // copies
// Adds an empty grouped AVP and returns it for filling.
enum err dia_add_group(msg_or_avp *parent, dia_avp_id id, struct avp **out);

// First child AVP with this id; NULL if none.
struct avp *dia_find(msg_or_avp *parent, dia_avp_id id);
struct avp *dia_find_next(struct avp *after, dia_avp_id id); // next sibling with this id
// Writers: ERR_DIA_DICT if the AVP is unknown, ERR_INVALID if it is of another type,
// ERR_ENCODE_SPACE. 32-bit readers and writers take Integer32, Unsigned32 and Enumerated alike.
// Readers: ERR_NOT_FOUND if absent, ERR_DECODE_VALUE if not parsed or of another type.
enum err dia_get_u32(msg_or_avp *parent, dia_avp_id id, uint32_t *out);
enum err dia_get_i32(msg_or_avp *parent, dia_avp_id id, int32_t *out);
enum err dia_get_u64(msg_or_avp *parent, dia_avp_id id, uint64_t *out);
enum err dia_get_bytes(msg_or_avp *parent, dia_avp_id id, const uint8_t **data,
                       size_t *len); // borrowed
// Value of one AVP.
enum err dia_avp_u32(struct avp *avp, uint32_t *out);
enum err dia_avp_bytes(struct avp *avp, const uint8_t **data, size_t *len);
dia_avp_id dia_avp_ident(struct avp *avp); // vendor and code of an AVP

// Result of an answer, RFC 6733 §7: Result-Code, or the code inside Experimental-Result (3GPP
// vendor).
struct dia_result {
    uint32_t code;          // 0: the answer has neither
    uint32_t vendor;        // of an Experimental-Result; 0 for Result-Code
    bool experimental;
};
struct dia_result dia_msg_result(struct msg *answer);
// Adds Experimental-Result {Vendor-Id, Experimental-Result-Code} (or Result-Code if vendor is 0) to
// an answer.
enum err dia_add_result(struct msg *answer, uint32_t vendor, uint32_t code);

// New request of a command with the application id in the header, proxiable, without any AVP.
enum err dia_request_new(uint32_t application, uint32_t command, struct msg **out);
// Session-Id "<origin-host>;<hi>;<lo>[;<suffix>]" (RFC 6733 §8.8), as the first AVP. No library
// session is made.
enum err dia_add_session_id(struct msg *request, const char *suffix);
// Origin-Host and Origin-Realm of this node; Auth-Session-State NO_STATE_MAINTAINED;
// Vendor-Specific-Application-Id {3GPP, application}.
enum err dia_add_origin(struct msg *msg);
enum err dia_add_no_state(struct msg *msg);
enum err dia_add_vendor_application(struct msg *msg, uint32_t application);
// A copy, header and content, of an AVP of a received message that the dictionary does not know,
// for Failed-AVP (RFC 6733 7.5); with zeros where the library does not let the content be seen
// (another unknown one in the message is empty). Free with fd_msg_free, or add it to something.
// ERR_DECODE_LENGTH, ERR_NOMEM, ERR_DIA_LIBRARY.
enum err dia_copy_unknown(struct avp *from, struct avp **out);
// The whole message as bytes on the wire (malloc; caller frees): for capture and golden tests.
enum err dia_msg_bytes(struct msg *msg, uint8_t **out, size_t *len);
// Parses bytes against the loaded dictionary (tests, fuzzing, replay). ERR_DECODE_*,
// ERR_UNSUPPORTED (unknown command).
enum err dia_msg_parse(const uint8_t *data, size_t len, struct msg **out);
// What "DIAMETER_MISSING_AVP" and the like, the library's words for a parse error, are here:
// ERR_DECODE_*.
enum err dia_parse_error(const char *library_code);
