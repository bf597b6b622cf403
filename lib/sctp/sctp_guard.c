// SPDX-License-Identifier: BSD-3-Clause
// Two definitions that libusrsctp finds before its own: those in which its threads, one per
// receiving socket and one for timers, do all of their work. Here they take a lock first, which
// every call of ours takes, too. A room that is linked into an executable may do so: the dynamic
// linker searches the executable first, and the library calls even its own functions through it.
//
// Why (0.9.5, read in its source; the first ended a process now and then):
// - Closing a socket while a packet or a timer of its association is worked on frees it twice: both
//   look whether it is still open before they take its lock.
// - A timer that is stopped may be about to run, with an argument that is freed meanwhile.
// - The listener of an association is looked up without a lock while the association is accepted.
// - An ABORT is reported before the error that says that it was one.
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sctp/sctp_guard.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool works;

bool sct_guard_enter(void)
{
    pthread_mutex_lock(&lock);
    return true;
}

void sct_guard_leave(bool *guarded)
{
    pthread_mutex_unlock(&lock);
}

bool sct_guard_works(void)
{
    return atomic_load(&works);
}

// --- in the place of the library's, with the prototypes of its internal headers ---

struct mbuf;
struct sctphdr;
struct sctp_chunkhdr;
void sctp_handle_tick(uint32_t ticks);
void sctp_common_input_processing(struct mbuf **packet, int ip_len, int offset, int len,
                                  struct sockaddr *from, struct sockaddr *to,
                                  struct sctphdr *header, struct sctp_chunkhdr *chunk,
                                  uint8_t compute_crc, uint8_t ecn, uint32_t vrf, uint16_t port);

static __typeof__(sctp_handle_tick) *real_tick;
static __typeof__(sctp_common_input_processing) *real_input;

// Before main, so that no thread finds them missing. dlsym returns an object pointer; POSIX says
// that it converts.
static void __attribute__((constructor)) find_originals(void)
{
    *(void **)&real_tick = dlsym(RTLD_NEXT, "sctp_handle_tick");
    *(void **)&real_input = dlsym(RTLD_NEXT, "sctp_common_input_processing");
}

void sctp_handle_tick(uint32_t ticks)
{
    SCT_GUARDED();
    atomic_store(&works, true);
    real_tick(ticks);
}

void sctp_common_input_processing(struct mbuf **packet, int ip_len, int offset, int len,
                                  struct sockaddr *from, struct sockaddr *to,
                                  struct sctphdr *header, struct sctp_chunkhdr *chunk,
                                  uint8_t compute_crc, uint8_t ecn, uint32_t vrf, uint16_t port)
{
    SCT_GUARDED();
    real_input(packet, ip_len, offset, len, from, to, header, chunk, compute_crc, ecn, vrf, port);
}
