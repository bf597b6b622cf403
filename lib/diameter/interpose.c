// SPDX-License-Identifier: BSD-3-Clause
// Definitions that libfdcore and libfdproto find before their own. Compiled into an executable (fgwd, test
// programs), never into a library: the dynamic linker searches the executable first, and the libraries call
// even their own functions through it. Where a build of freeDiameter is linked with -Bsymbolic or LTO this
// has no effect; dia_stack_interposed_ok tells. What each does and why: interpose.h, rescue.c, dict_search.c.
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "diameter/interpose.h"

// The libraries were built against their headers' prototypes; these repeat them.
int fd_msg_parse_or_error(struct msg **msg, struct msg **error)
{
    return dia_interpose_parse(msg, error);
}

static int (*real_search)(struct dictionary *, enum dict_object_type, int, const void *,
                          struct dict_object **, int);
static int (*real_new)(struct dictionary *, enum dict_object_type, void *, struct dict_object *,
                       struct dict_object **);
static int (*real_delete)(struct dict_object *);
static int (*real_shutdown)(void);
static int (*real_setsockopt)(int, int, int, const void *, socklen_t);

// Before main, so that no thread finds them missing. dlsym returns an object pointer; POSIX says that it
// converts.
static void __attribute__((constructor)) find_originals(void)
{
    *(void **)&real_search = dlsym(RTLD_NEXT, "fd_dict_search");
    *(void **)&real_new = dlsym(RTLD_NEXT, "fd_dict_new");
    *(void **)&real_delete = dlsym(RTLD_NEXT, "fd_dict_delete");
    *(void **)&real_shutdown = dlsym(RTLD_NEXT, "fd_core_shutdown");
    *(void **)&real_setsockopt = dlsym(RTLD_NEXT, "setsockopt");
    if (!real_search || !real_new || !real_delete || !real_shutdown || !real_setsockopt)
        abort(); // linked without the libraries this file is for
}

int fd_dict_search(struct dictionary *dict, enum dict_object_type type, int criteria, const void *what,
                   struct dict_object **result, int retval)
{
    int rc;
    if (dia_dict_search(dict, type, criteria, what, result, retval, &rc)) {
        dia_interpose_seen(DIA_INTERPOSED_SEARCH);
        return rc;
    }
    return real_search(dict, type, criteria, what, result, retval);
}

int fd_dict_new(struct dictionary *dict, enum dict_object_type type, void *data,
                struct dict_object *parent, struct dict_object **ref)
{
    dia_dict_changed();
    return real_new(dict, type, data, parent, ref);
}

int fd_dict_delete(struct dict_object *object)
{
    dia_dict_changed();
    return real_delete(object);
}

int fd_core_shutdown(void)
{
    dia_interpose_shutdown();
    return real_shutdown();
}

// RFC 3539 §3.2 asks for Nagle's algorithm and the library switches it on; with requests in both
// directions on one connection it costs up to 40 ms of delayed acknowledgement.
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    static const int on = 1;
    if (level == IPPROTO_TCP && name == TCP_NODELAY && len == sizeof(on)) {
        dia_interpose_seen(DIA_INTERPOSED_SETSOCKOPT);
        value = &on;
    }
    return real_setsockopt(fd, level, name, value, len);
}
