// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: the whole gateway as a guest of stock freeDiameterd, for those who run
// that anyway. Load it last, after dict.fdx and the interfaces:
//   LoadExtension = "gateway.fdx" : "/etc/fgw/gateway.conf";
// What fgwd has and this has not: answers that break Diameter's rules are dropped by the library
// (they time out), parsing is slow, TCP_NODELAY is off (lib/diameter/interpose.h); SIGHUP and
// fgwctl drain are the host's (fgwctl reload works).
#include <errno.h>
#include <pthread.h>

#include <freeDiameter/extension.h>

#include "fgw/core.h"
#include "fgw/log.h"

static struct {
    pthread_t thread; // waits for the library's start, then runs the main loop
    bool loaded, started;
    _Atomic bool running;
} guest;

static void to_log(const char *line, void *arg)
{
    base_log(&log_fgw, BASE_LOG_ERROR, NULL, "%s", line);
}

static void *live(void *arg)
{
    if (fd_core_waitstartcomplete() != 0)
        return NULL;
    if (fgw_core_start() != ERR_OK) {
        base_log(&log_fgw, BASE_LOG_ERROR, NULL, "the gateway did not start: ending the host");
        fd_core_shutdown();
        return NULL;
    }
    guest.running = true;
    base_loop_run(fgw_core_main_loop());
    return NULL;
}

static int gateway_entry(char *conf)
{
    const struct fgw_options options = {.dia_conf = fd_g_config->cnf_file,
                                        .gateway_conf = conf ? conf : FGW_CONF_DIR "/gateway.conf",
                                        .hosted = true};
    if (fgw_core_load(&options, to_log, NULL) != ERR_OK)
        return EINVAL;
    guest.loaded = true;
    int rc = pthread_create(&guest.thread, NULL, live, NULL);
    guest.started = rc == 0;
    return rc;
}

static void on_drained(void *arg)
{
    base_loop_stop(fgw_core_main_loop());
}

static void drain_now(struct base_job *job)
{
    fgw_core_drain(on_drained, NULL);
}

#pragma GCC visibility push(default)
// The library has let its peers go already: calls in flight end with an error.
void fd_ext_fini(void);
void fd_ext_fini(void)
{
    static struct base_job drain = {.run = drain_now};
    if (!guest.loaded || !guest.started || !guest.running)
        return; // never started: the process is about to end
    base_loop_post_admitted(fgw_core_main_loop(), &drain);
    pthread_join(guest.thread, NULL);
    fgw_core_stop();
}

// freeDiameter looks the entry up by name: it has to be visible whatever the build hides
int fd_ext_init(int major, int minor, char *conffile);
extern const char *fd_ext_depends[];
EXTENSION_ENTRY("gateway", gateway_entry)
#pragma GCC visibility pop
