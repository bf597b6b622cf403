# SPDX-License-Identifier: BSD-3-Clause
"""Two HSS front ends of one realm; one dies, hangs or comes back while requests are in flight."""
import concurrent.futures
import os
import signal
import time

import grpc
import pytest

from kit import core, paths
from kit.agw import Agw
from kit.expect import GOOD, works
from kit.gateway import Gateway
from kit.proc import PATIENCE, eventually

SLOW = "00101%06d9251"  # AIR is answered after --slow (tests/system/erlang/hss.erl)


@pytest.fixture
def pair(request, pki):
    """(gateway, access gateway, first HSS, second HSS); parameter: watchdog of the first. The first
    never answers what is SLOW, the second at once."""
    first = core.ErlangHss("--slow", "3600000", identity="hss1.example.org")
    second = core.ErlangHss("--slow", "0", identity="hss2.example.org", ip=paths.HSS2_IP)
    gateway = Gateway(pki, [first.peer(watchdog=getattr(request, "param", 6)), second.peer()],
                      s6a='timeout = "30s";').start()
    agw = Agw(pki)
    gateway.wait_open()
    yield gateway, agw, first, second
    agw.close()
    gateway.stop()
    first.stop()
    second.stop()


def served(hss, since, imsi):
    return hss.find("request", since, cmd="AIR", imsi=imsi)


def test_both_are_used(pair):
    gateway, agw, first, second = pair
    for n in range(40):
        agw.air("0010100000100%02d" % n)
    assert first.find("request", cmd="AIR") and second.find("request", cmd="AIR")


def test_requests_in_flight_go_to_the_other_with_the_t_flag(pair):
    gateway, agw, first, second = pair
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        waiting = [pool.submit(agw.air, SLOW % n) for n in range(24)]
        eventually(lambda: len(first.find("request")) + len(second.find("request")) >= 24,
                   what="all requests are at an HSS")
        lost = {e["imsi"] for e in first.find("request", cmd="AIR")}
        assert lost, "the first HSS got none"
        first.kill()
        answers = [one.result(PATIENCE) for one in waiting]
    assert all(answer.eutran_vectors for answer in answers)
    again = second.find("request", cmd="AIR", retransmitted=True)
    assert {e["imsi"] for e in again} == lost
    works(agw)


@pytest.mark.parametrize("pair", [1], indirect=True)
def test_a_hung_peer_is_given_up(pair):
    gateway, agw, first, second = pair
    group = os.getpgid(first.process.pid)
    os.killpg(group, signal.SIGSTOP)
    try:
        def given_up():
            try:
                agw.air(GOOD, timeout=8)
            except grpc.RpcError:
                pass
            states = {p["identity"]: p["state"] for p in gateway.ctl_json("peers")["peers"]}
            return states["hss1.example.org"] != "OPEN"

        eventually(given_up, what="the hung peer is given up")
        for _ in range(20):
            works(agw)
    finally:
        os.killpg(group, signal.SIGCONT)
    gateway.wait_open()
    works(agw)


def test_a_peer_that_comes_back_is_used_again(pair):
    gateway, agw, first, second = pair
    first.kill()
    for n in range(10):
        works(agw)
    first.events.clear()
    first.start()
    eventually(lambda: first.find("up"), 20, "the gateway reconnects")
    eventually(lambda: (agw.air(GOOD), first.find("request"))[1], 10, "it is used")


def test_no_peer_at_all_fails_at_once(pair):
    gateway, agw, first, second = pair
    first.kill()
    second.kill()
    eventually(lambda: not gateway.ready(), 5, "not ready")
    position = gateway.log_position()
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        agw.air(GOOD)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE, caught.value.details()
    assert time.monotonic() - began < 10  # not after the timeout of S6a
    gateway.wait_log(".", since=position)
    first.events.clear()
    first.start()
    gateway.wait_ready()
    first.wait_known(gateway.identity)
    works(agw)


def test_a_subscriber_stays_with_the_hss_that_registered_it(pair):
    gateway, agw, first, second = pair
    imsi = "001010000004242"
    assert agw.ulr(imsi).apn
    home = eventually(lambda: next((hss for hss in (first, second) if hss.find(
        "request", cmd="ULR", imsi=imsi)), None), 10, "one has the update")
    other = second if home is first else first
    for _ in range(12):
        assert agw.air(imsi).eutran_vectors
    asked = eventually(lambda: home.find("request", cmd="AIR", imsi=imsi)[11:] and home.find(
        "request", cmd="AIR", imsi=imsi), 10, "all are seen at the same HSS")
    assert len(asked) == 12 and not other.find("request", imsi=imsi)
    assert {e["avps"].get("Destination-Host") for e in asked} == {home.identity}
    home.kill()
    eventually(lambda: any(p["state"] != "OPEN" for p in gateway.ctl_json("peers")["peers"]), 10,
               "one is gone")
    assert agw.air(imsi).eutran_vectors
    assert agw.ulr(imsi).apn
    assert agw.air(imsi).eutran_vectors
    both = eventually(lambda: other.find("request", cmd="AIR", imsi=imsi)[1:] and other.find(
        "request", cmd="AIR", imsi=imsi), 10, "the other is asked both times")
    assert both[-1]["avps"].get("Destination-Host") == other.identity
