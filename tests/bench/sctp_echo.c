// SPDX-License-Identifier: BSD-3-Clause
// The floor of the SGs benchmark: SCTP of the same backend with nothing around it. A client keeps W
// messages of the size of a PAGING-REQUEST outstanding on one association, the server answers each
// with one of the size of a SERVICE-REQUEST. Prints one JSON line per window size.
//
// sctp_echo serve BACKEND ADDRESS PORT RESPONSE_BYTES
// sctp_echo ask BACKEND ADDRESS PORT REQUEST_BYTES MESSAGES WINDOW...
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "bench_util.h"
#include "sctp/sctp.h"

enum { WINDOW_MAX = 4096, MESSAGE_MAX = 4096 };

static struct base_loop *loop;
static struct sct_stack *stack;
static struct sct_addrs addrs;
static uint8_t bytes[MESSAGE_MAX];
static size_t size, messages;

static struct {
    size_t window, sent, answered;
    int64_t sent_ns[WINDOW_MAX], started_ns;
    const char *const *windows; // left
    struct bench_latency latency;
    struct bench_usage before;
} ask;

static void send_one(struct sct_assoc *assoc)
{
    const struct sct_message message = {.data = bytes, .len = size};
    if (sct_send(assoc, &message) != ERR_OK) {
        fprintf(stderr, "sctp_echo: cannot send\n");
        exit(1);
    }
}

// ---- server ----
static void serve_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
}

static void serve_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    sct_free(assoc);
}

static void serve_message(struct sct_assoc *assoc, const struct sct_message *message, void *arg)
{
    send_one(assoc);
}

static const struct sct_handler server = {
    .up = serve_up, .down = serve_down, .message = serve_message};

static void accepted(struct sct_listener *listener, struct sct_assoc *assoc, void *arg)
{
    sct_set_handler(assoc, &server, NULL);
}

// ---- client ----
static void ask_one(struct sct_assoc *assoc)
{
    ask.sent_ns[ask.sent++ % ask.window] = bench_now_ns();
    send_one(assoc);
}

static void next_window(struct sct_assoc *assoc)
{
    if (!*ask.windows) {
        sct_close(assoc);
        return;
    }
    ask.window = strtoul(*ask.windows++, NULL, 10);
    if (ask.window < 1 || ask.window > WINDOW_MAX)
        exit(2);
    ask.sent = ask.answered = 0;
    bench_latency_reset(&ask.latency);
    bench_usage_self(&ask.before);
    ask.started_ns = bench_now_ns();
    for (size_t i = 0; i < ask.window && ask.sent < messages; i++)
        ask_one(assoc);
}

static void ask_up(struct sct_assoc *assoc, bool restarted, void *arg)
{
    next_window(assoc);
}

static void ask_down(struct sct_assoc *assoc, enum sct_down why, void *arg)
{
    if (why != SCT_DOWN_SHUTDOWN)
        fprintf(stderr, "sctp_echo: %s\n", sct_down_name(why));
    sct_free(assoc);
    base_loop_stop(loop);
}

static void ask_message(struct sct_assoc *assoc, const struct sct_message *message, void *arg)
{
    struct bench_usage after;
    int64_t now = bench_now_ns();
    bench_latency_add(&ask.latency, now - ask.sent_ns[ask.answered++ % ask.window]);
    if (ask.sent < messages) {
        ask_one(assoc);
    } else if (ask.answered == messages) {
        bench_usage_self(&after);
        bench_print(stdout, "sctp", "echo", (int)ask.window, (double)(now - ask.started_ns) / 1e9,
                    messages, 0, &ask.latency, &ask.before, &after);
        fflush(stdout);
        next_window(assoc);
    }
}

static const struct sct_handler client = {.up = ask_up, .down = ask_down, .message = ask_message};

static enum err run(bool serve)
{
    const struct sct_options options = sct_options_default;
    struct sct_listener *listener = NULL;
    struct sct_assoc *assoc = NULL;
    enum err err = serve ? sct_listen(stack, &options, &addrs, accepted, NULL, &listener)
                         : sct_connect(stack, &options, NULL, &addrs, &client, NULL, &assoc);
    if (!err)
        err = base_loop_run(loop);
    sct_listener_free(listener);
    return err;
}

int main(int argc, char **argv)
{
    struct sct_stack_conf conf = {.backend = SCT_AUTO};
    bool serve = argc == 6 && strcmp(argv[1], "serve") == 0;
    if (!serve && (argc < 8 || strcmp(argv[1], "ask") != 0)) {
        fprintf(stderr, "usage: sctp_echo serve BACKEND ADDRESS PORT RESPONSE_BYTES\n"
                        "       sctp_echo ask BACKEND ADDRESS PORT REQUEST_BYTES MESSAGES "
                        "WINDOW...\n");
        return 2;
    }
    for (int i = 0; i < SCT_BACKENDS; i++) {
        if (strcmp(argv[2], sct_backend_name((enum sct_backend)i)) == 0)
            conf.backend = i;
    }
    size = strtoul(argv[5], NULL, 10);
    messages = serve ? 0 : strtoul(argv[6], NULL, 10);
    ask.windows = serve ? NULL : (const char *const *)argv + 7;
    const char *const address[] = {argv[3]};
    if (size < 1 || size > MESSAGE_MAX ||
        sct_addrs_parse(address, 1, (uint16_t)strtoul(argv[4], NULL, 10), &addrs))
        return 2;
    enum err err = base_loop_new("echo", 64, &loop);
    if (!err)
        err = sct_stack_new(loop, &conf, &stack);
    if (!err) {
        if (serve) {
            printf("ready\n");
            fflush(stdout);
        }
        err = run(serve);
        sct_stack_free(stack);
    }
    base_loop_free(loop);
    if (err)
        fprintf(stderr, "sctp_echo: %s\n", err_str(err));
    return err ? 1 : 0;
}
