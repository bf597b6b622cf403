// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes what a gateway sends up the reverse tunnel: SyncRPCResponse and the gRPC body inside it.
#include <stdlib.h>
#include <string.h>

#include "rpc/tunnel_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_tunnel_answer answer;
    const uint8_t *message;
    size_t len;
    if (rpc_tunnel_parse(data, size, &answer))
        return 0;
    if (answer.kind == RPC_TUNNEL_FINAL &&
        (answer.status < 0 || answer.status > 16 || !memchr(answer.message, 0, RPC_TUNNEL_TEXT)))
        abort();
    // every byte of the message lies inside the body
    if (rpc_tunnel_unframe(answer.body.data, answer.body.len, &message, &len) == ERR_OK &&
        (message < answer.body.data || message + len != answer.body.data + answer.body.len))
        abort();
    rpc_buf_free(&answer.body);
    return 0;
}
