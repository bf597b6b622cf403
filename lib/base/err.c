// SPDX-License-Identifier: BSD-3-Clause
// Names, texts and classes of the error enumeration. All from ERR_TABLE; nothing is listed twice.
#include "base/err.h"

#include <errno.h>
#include <stddef.h>

enum fault { FAULT_SELF, FAULT_PEER, FAULT_RETRY, FAULT_CONF };

const char *err_str(enum err err)
{
    switch (err) {
#define ERR_CASE_(name, value, fault, text) \
    case ERR_##name:                        \
        return text;
        ERR_TABLE(ERR_CASE_)
#undef ERR_CASE_
    }
    return "unknown error";
}

const char *err_name(enum err err)
{
    switch (err) {
#define ERR_CASE_(name, value, fault, text) \
    case ERR_##name:                        \
        return #name;
        ERR_TABLE(ERR_CASE_)
#undef ERR_CASE_
    }
    return "UNKNOWN";
}

static enum fault fault_of(enum err err)
{
    switch (err) {
#define ERR_CASE_(name, value, fault, text) \
    case ERR_##name:                        \
        return FAULT_##fault;
        ERR_TABLE(ERR_CASE_)
#undef ERR_CASE_
    }
    return FAULT_SELF;
}

bool err_is_peer_fault(enum err err)
{
    return fault_of(err) == FAULT_PEER;
}

bool err_is_retryable(enum err err)
{
    return fault_of(err) == FAULT_RETRY;
}

enum err err_from_errno(int errnum)
{
    static const struct {
        int errnum;
        enum err err;
    } map[] = {
        {0, ERR_OK},
        {ENOMEM, ERR_NOMEM},
        {EAGAIN, ERR_AGAIN},
        {EINTR, ERR_AGAIN},
        {EINPROGRESS, ERR_AGAIN},
        {EEXIST, ERR_EXISTS},
        {EADDRINUSE, ERR_EXISTS},
        {ENOENT, ERR_NOT_FOUND},
        {ESRCH, ERR_NOT_FOUND},
        {EINVAL, ERR_INVALID},
        {EBADF, ERR_INVALID},
        {ERANGE, ERR_RANGE},
        {EOVERFLOW, ERR_RANGE},
        {ENOSPC, ERR_FULL},
        {ENOBUFS, ERR_FULL},
        {EMFILE, ERR_FULL},
        {ENFILE, ERR_FULL},
        {EPIPE, ERR_CLOSED},
        {ECONNRESET, ERR_CLOSED},
        {ECONNABORTED, ERR_CLOSED},
        {ENOTCONN, ERR_CLOSED},
        {ECONNREFUSED, ERR_CLOSED},
        {ETIMEDOUT, ERR_TIMEOUT},
        {ECANCELED, ERR_CANCELLED},
        {ENOTSUP, ERR_UNSUPPORTED},
        {ENOSYS, ERR_UNSUPPORTED},
        {EPROTONOSUPPORT, ERR_UNSUPPORTED},
        {EAFNOSUPPORT, ERR_UNSUPPORTED},
        {EACCES, ERR_DENIED},
        {EPERM, ERR_DENIED},
        {ESHUTDOWN, ERR_SHUTDOWN},
        {ESTALE, ERR_STALE},
        {EALREADY, ERR_WRONG_STATE},
        {EBUSY, ERR_WRONG_STATE},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (map[i].errnum == errnum)
            return map[i].err;
    }
    return ERR_IO;
}
