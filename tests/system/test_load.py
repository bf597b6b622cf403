# SPDX-License-Identifier: BSD-3-Clause
"""Many calls at once, more than can be served, and what remains afterwards."""
import concurrent.futures
import json
import time

import grpc
import pytest

from kit import core, paths
from kit.agw import Agw, milliseconds
from kit.expect import GOOD, works
from kit.gateway import Gateway
from kit.proc import eventually, run

SLOW = "00101%06d9251"  # answered after 6 s: all calls are made before


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss("--quiet", "yes", "--slow", "6000")
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Gateway(pki, [hss.peer()], level="notice",
                    diameter="max_in_flight_peer = 200; max_queue = 400;",
                    agw="limits: { max_streams = 1000; };", s6a='timeout = "30s";').start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki).wait_ready()
    cleanup.append(thing)
    return thing


def test_a_thousand_parallel_calls(pki, hss):
    gateway = Gateway(pki, [hss.peer()], name="fgw2", ip=paths.FGW2_IP, admin=9465,
                      level="notice", agw="limits: { max_streams = 1000; };",
                      diameter="max_in_flight_peer = 1000;", s6a='timeout = "60s";').start()
    try:
        with Agw(pki, target=gateway.target) as agw:
            agw.wait_ready()
            calls = [agw.future("air", "0010100002%05d" % n, timeout=60) for n in range(1000)]
            answers = [call.result() for call in calls]
            assert all(len(answer.eutran_vectors) == 1 for answer in answers)
            assert len({a.eutran_vectors[0].rand for a in answers}) == 1000, "answers were mixed up"
            works(agw)
    finally:
        gateway.stop()


def test_from_many_gateways_at_once(pki, gateway):
    def one(name):
        with Agw(pki, name) as agw:
            return sum(len(agw.air("0010100003%05d" % n).eutran_vectors) for n in range(100))

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(one, ["agw1", "agw2", "agw3"])) == [100, 100, 100]


def test_beyond_the_cap_calls_are_refused_at_once_and_counted(gateway, agw):
    before = gateway.metrics()
    calls = [agw.future("air", SLOW % n, timeout=60) for n in range(900)]
    codes = [call.code() for call in calls]
    served = codes.count(grpc.StatusCode.OK)
    refused = codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert served >= 200 and refused > 0, {c: codes.count(c) for c in set(codes)}
    assert served + refused == len(calls), {c: codes.count(c) for c in set(codes)}
    before = before.sum("fgw_requests_total", interface="s6a", procedure="AIR")
    eventually(lambda: gateway.requests(procedure="AIR") - before >= len(calls), what="all counted")
    assert gateway.requests(procedure="AIR") - before == len(calls)
    works(agw)


def idle(gateway):
    """Nothing is outstanding at the HSS any more."""
    eventually(lambda: all(peer["in_flight"] == 0 for peer in gateway.ctl_json("peers")["peers"]),
               60, "no request is outstanding")


def test_a_caller_that_gives_up_early_frees_its_place(gateway, agw):
    for _ in range(3):
        calls = [agw.future("air", SLOW % n, timeout=0.3) for n in range(150)]
        codes = {call.code() for call in calls}
        assert codes <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
    idle(gateway)
    works(agw)


def test_cancelled_calls(gateway, agw):
    calls = [agw.future("air", SLOW % n) for n in range(100)]
    time.sleep(0.2)
    for call in calls:
        call.cancel()
    works(agw)
    idle(gateway)  # the answers of the HSS came, for nobody
    works(agw)


def tool(gateway, pki, *words):
    done = run([paths.program("fgw-agw"), "--connect", gateway.target, "--tls-dir", pki.folder,
                "--gateway", "agw1", "--server-name", "fgw.test", "--json", "load", *words],
               timeout=180)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_sustained_load_loses_nothing(gateway, pki, agw):
    idle(gateway)
    report = tool(gateway, pki, "--duration", "5", "--in-flight", "100", "--connections", "4",
                  "--procedure", "attach", "--first-imsi", "001010000400001")
    assert report["answered"] == report["sent"] == report["ok"], report
    assert report["rate"] > 10, report
    works(agw)


@pytest.mark.slow
@pytest.mark.noasan
def test_memory_stays_flat(gateway, pki, agw):
    def rss():
        with open("/proc/%d/statm" % gateway.process.pid) as file:
            return int(file.read().split()[1]) * 4096

    tool(gateway, pki, "--duration", "2", "--in-flight", "100")
    before = rss()
    for _ in range(3):
        tool(gateway, pki, "--duration", "3", "--in-flight", "100")
    assert rss() - before < 8 << 20
    works(agw)


@pytest.mark.slow
def test_an_overload_recovers_by_itself(gateway, pki, agw):
    report = tool(gateway, pki, "--rate", "30000", "--in-flight", "5000", "--connections", "10",
                  "--duration", "4")
    assert report["answered"] + report["not_sent"] == report["sent"]
    assert set(report["status"]) <= {"OK", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"}, report
    eventually(lambda: milliseconds(agw.air, GOOD) < 1000, what="normal again")
    works(agw)
