// SPDX-License-Identifier: BSD-3-Clause
// SGsAP messages as they were sent and received, into pcapng files that Wireshark reads without
// being told anything ("exported PDU" of its dissector sgsap, with both SCTP endpoints, direction
// and the VLR's name as a comment). What SCTP itself did is not in them. For diagnosis: the files
// hold identities and short messages, so only their owner may read them. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/conf.h"
#include "base/err.h"

struct sgs_capture;

struct sgs_capture_settings { // group `capture`
    char *file;               // NULL: no capture
    int64_t size_max, files;
};
extern const struct conf_key sgs_capture_keys[];

// Creates the file; what has its name already becomes file.1, that file.2 and so on, up to so many
// files. The same when it has grown to size_max bytes. Errors of the file system.
enum err sgs_capture_open(const struct sgs_capture_settings *settings, struct sgs_capture **out);
void sgs_capture_close(struct sgs_capture *capture); // NULL is fine

struct sgs_captured {
    const struct sockaddr_storage *from, *to;
    int sent;            // by us
    const char *comment; // the VLR's name
    const uint8_t *data;
    size_t len; // at most SGSAP_MSG_MAX of it are written
};
// The first error of the file system is logged and ends the capture. NULL is fine.
void sgs_capture_message(struct sgs_capture *capture, const struct sgs_captured *message);
