# SPDX-License-Identifier: BSD-3-Clause
"""What every bad case must leave behind: clear error, counter, log line, a working gateway."""
import contextlib
import time

import grpc

from kit.agw import code_of

GOOD = "001010000000777"


@contextlib.contextmanager
def accounted(gateway, agw, log=None, counter=None, **labels):
    """The block provokes one bad case. Afterwards the counter (default: requests of s6a) has moved,
    a log line matching `log` is there, and the next request of a good subscriber succeeds."""
    name = counter or "fgw_requests_total"
    labels = labels if counter else dict(labels, interface="s6a")
    before = gateway.counter(name, **labels)
    position = gateway.log_position()
    yield
    gateway.wait_counter(before + 1, name, **labels)
    if log:
        gateway.wait_log(log, since=position)
    works(agw)


def works(agw, imsi=GOOD):
    """The main job, once."""
    answer = agw.air(imsi)
    assert answer.error_code in (0, 2001) and len(answer.eutran_vectors) == 1, answer


def fails(status, call, *args, **more):
    """The call must end with this gRPC status; returns its message."""
    code, details = code_of(call, *args, **more)
    assert code == getattr(grpc.StatusCode, status), "%s: %s" % (code, details)
    return details


def outcome_of(call, *args, within):
    """("ok", the answer) or (name of the gRPC status, None); it must be there within seconds."""
    outcome, answer, began = "ok", None, time.monotonic()
    try:
        answer = call(*args)
    except grpc.RpcError as error:
        outcome = error.code().name
        assert error.details(), "an error without a text"
    assert time.monotonic() - began < within, "the gateway did not end it"
    return outcome, answer
