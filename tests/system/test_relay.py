# SPDX-License-Identifier: BSD-3-Clause
"""A stock freeDiameterd as relay agent between the gateway and the HSS, both directions."""
import grpc
import pytest

from kit import core, paths
from kit.agw import Agw, code_of
from kit.expect import works
from kit.gateway import Gateway
from kit.proc import eventually

IMSI = "001010000000001"


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss(realm="home.example.org", identity="hss.home.example.org")
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def dra(hss, cleanup):
    thing = core.relay([hss.peer()], clients=("fgw.example.org", "fgw2.example.org"))
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, dra, cleanup):
    thing = Gateway(pki, [dra.peer()], destination_realm="home.example.org").start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki).wait_ready()
    thing.open_tunnel()
    cleanup.append(thing)
    return thing


def routed(hss, agw):
    """The relay has found the way to the HSS."""
    def attempt():
        try:
            return agw.air(IMSI).eutran_vectors
        except Exception:
            return False
    eventually(attempt, 20, "an answer through the relay")


def test_the_whole_life_of_a_subscriber(gateway, dra, hss, agw):
    routed(hss, agw)
    works(agw)
    assert agw.ulr(IMSI).apn[0].service_selection == "internet"
    request = hss.find("request", cmd="ULR")[-1]
    assert request["peer"] == dra.identity
    assert request["avps"]["Origin-Host"] == gateway.identity
    assert request["avps"]["Route-Record"] == [gateway.identity]
    since = hss.position()
    assert agw.nor(IMSI).error_code in (0, 2001)
    (notice,) = hss.find("request", since, cmd="NOR")
    assert notice["avps"]["Destination-Host"] == hss.identity  # not the relay's
    assert agw.pur(IMSI).error_code in (0, 2001)


@pytest.mark.parametrize("command,method", [
    ("clr {imsi}", "CancelLocation"), ("idr {imsi} full 8", "InsertSubscriberData"),
    ("dsr {imsi} 2 1", "DeleteSubscriberData"), ("rsr 00101", "Reset")])
def test_requests_of_the_hss_come_back_through_the_relay(gateway, hss, agw, command, method):
    routed(hss, agw)
    agw.ulr(IMSI)
    answer = hss.command(command.format(imsi=IMSI))
    assert answer.get("result") == 2001 and answer["origin-host"] == gateway.identity, answer
    assert agw.tunnel.wait(method)


def test_experimental_results_pass_the_relay(agw, hss):
    routed(hss, agw)
    assert agw.air("001010000009001").error_code == 5001
    assert agw.ulr("001010000009004").error_code == 5004


def test_a_realm_the_relay_does_not_know(pki, dra, hss, agw):
    routed(hss, agw)
    other = Gateway(pki, [dra.peer()], name="fgw2", ip=paths.FGW2_IP, admin=9465,
                    destination_realm="nowhere.example.org").start()
    try:
        with Agw(pki, target=other.target) as through:
            _, details = code_of(through.air, IMSI)
            assert "3002" in details or "3003" in details, details
    finally:
        other.stop()
    works(agw)


def test_the_relay_dies_and_comes_back(gateway, dra, hss, agw):
    routed(hss, agw)
    dra.kill()
    code, details = code_of(agw.air, IMSI)
    assert code == grpc.StatusCode.UNAVAILABLE, details
    eventually(lambda: not gateway.ready(), 5, "not ready without a peer")
    dra.start()
    gateway.wait_ready()
    routed(hss, agw)
    works(agw)
