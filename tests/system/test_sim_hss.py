# SPDX-License-Identifier: BSD-3-Clause
"""The HSS simulator in a stock freeDiameterd as the core: what fgw/demo and testers use."""
import concurrent.futures

import grpc
import pytest

from kit import core, stubs
from kit.agw import PLMN, Agw
from kit.expect import fails, works
from kit.gateway import Gateway
from kit.proc import PATIENCE, eventually
from kit.usim import Usim

IMSI = "001010000000007"


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.SimHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Gateway(pki, [hss.peer(watchdog=6)]).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki).wait_ready()
    thing.open_tunnel()
    cleanup.append(thing)
    return thing


def test_every_procedure_of_the_access_gateway(agw):
    answer = agw.air(IMSI, vectors=3)
    assert len(answer.eutran_vectors) == 3
    for vector in answer.eutran_vectors:
        lengths = len(vector.rand), len(vector.autn), len(vector.kasme)
        assert lengths == (16, 16, 32) and 8 <= len(vector.xres) <= 16
    answer = agw.ulr(IMSI)
    assert answer.error_code in (0, 2001) and answer.apn and answer.total_ambr.max_bandwidth_dl
    assert agw.nor(IMSI, alert_reason=0).error_code in (0, 2001)
    assert agw.pur(IMSI).error_code in (0, 2001)


def test_a_card_accepts_the_vectors_and_their_order(agw):
    card, last = Usim(core.K, core.OPC), 0
    for _ in range(3):
        for vector in agw.air(IMSI, vectors=3).eutran_vectors:
            sqn = card.authenticate(vector, PLMN)
            assert sqn > last
            last = sqn


def test_resynchronisation(agw):
    card = Usim(core.K, core.OPC)
    (vector,) = agw.air(IMSI).eutran_vectors
    ahead = card.authenticate(vector, PLMN) + (1 << 24)
    (fresh,) = agw.air(IMSI, resync_info=card.resync(vector.rand, ahead)).eutran_vectors
    assert card.authenticate(fresh, PLMN) > ahead


def test_a_forged_resynchronisation_moves_nothing(agw):
    card = Usim(core.K, core.OPC)
    (vector,) = agw.air(IMSI).eutran_vectors
    sqn = card.authenticate(vector, PLMN)
    forged = bytearray(card.resync(vector.rand, sqn + (1 << 30)))
    forged[-1] ^= 1
    answer = agw.air(IMSI, resync_info=bytes(forged))
    assert answer.error_code in (0, 2001, 4181)
    (after,) = agw.air(IMSI).eutran_vectors
    assert sqn < card.authenticate(after, PLMN) < sqn + (1 << 20)


@pytest.mark.parametrize("words,method", [
    (["clr", IMSI], "CancelLocation"), (["clr", IMSI, "mme-update"], "CancelLocation"),
    (["idr", IMSI, "flags=1"], "InsertSubscriberData"),
    (["dsr", IMSI, "zones"], "DeleteSubscriberData"), (["rsr"], "Reset"),
    (["rsr", "00101"], "Reset")])
def test_every_request_of_the_hss(hss, agw, words, method):
    agw.ulr(IMSI)
    before = len(agw.tunnel.requests(method))
    code, text = hss.tool(*words)
    assert code == 0 and "2001" in text, text
    assert len(agw.tunnel.wait(method, before + 1)) == before + 1


def test_a_refusal_of_the_gateway_is_shown(hss, agw):
    agw.ulr(IMSI)
    agw.tunnel.handlers["InsertSubscriberData"] = lambda _: (
        stubs.s6a_gateway.InsertSubscriberDataAnswer(error_code=5001))
    code, text = hss.tool("idr", IMSI, "flags=1", check=False)
    agw.tunnel.handlers.clear()
    assert code == 1 and "5001" in text, text


def test_a_subscriber_that_is_added_changed_and_deleted(hss, agw):
    imsi = "001010000000999"
    assert agw.air(imsi).error_code == 5001
    hss.tool("add", "imsi=" + imsi, "k=" + core.K, "opc=" + core.OPC)
    assert agw.air(imsi).eutran_vectors and agw.ulr(imsi).apn
    hss.tool("delete", imsi)
    eventually(lambda: agw.air(imsi).error_code == 5001, 5, "the subscriber is gone")


@pytest.mark.parametrize("rule,status", [
    ("result=5012", "INTERNAL"), ("result=3004", "RESOURCE_EXHAUSTED"),
    ("drop", "DEADLINE_EXCEEDED")])
def test_faults_of_the_base_protocol(hss, agw, rule, status):
    hss.tool("fault", "add", "cmd=AIR", "count=1", rule)
    fails(status, agw.air, IMSI, timeout=2 if rule == "drop" else PATIENCE)
    works(agw, IMSI)


def test_other_faults(hss, agw):
    hss.tool("fault", "add", "cmd=ULR", "count=1", "exp=5004")
    assert agw.ulr(IMSI).error_code == 5004
    hss.tool("fault", "add", "cmd=AIR", "count=1", "duplicate")
    works(agw, IMSI)
    hss.tool("fault", "add", "cmd=AIR", "count=1", "delay=700")
    works(agw, IMSI)
    hss.tool("fault", "clear")


def test_the_hss_disconnects_and_is_found_again(hss, gateway, agw):
    hss.tool("fault", "add", "cmd=AIR", "count=1", "disconnect")
    with pytest.raises(grpc.RpcError):
        agw.air(IMSI, timeout=9)
    gateway.wait_ready(30)
    eventually(lambda: attempt(agw), 20, "it serves again")


def attempt(agw):
    try:
        return agw.air(IMSI, timeout=5).eutran_vectors
    except grpc.RpcError:
        return False


def test_all_subscribers_in_parallel(agw):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: agw.air("0010100000%05d" % n), range(1, 101)))
    assert all(len(answer.eutran_vectors) == 1 for answer in answers)


def test_subscribers_survive_a_restart_of_the_hss(hss, gateway, agw):
    agw.ulr(IMSI)
    before = {v.autn for v in agw.air(IMSI, vectors=5).eutran_vectors}
    hss.kill()
    eventually(lambda: not gateway.ready(), 10, "the gateway notices")
    hss.start()
    gateway.wait_ready(30)
    eventually(lambda: attempt(agw), 20, "it serves again")
    assert not before & {v.autn for v in agw.air(IMSI, vectors=5).eutran_vectors}
    code, text = hss.tool("clr", IMSI)
    assert code == 0, text
