# SPDX-License-Identifier: BSD-3-Clause
"""The connection to an HSS: watchdog answers of every kind, a peer that stops reading."""
import time

import grpc
import pytest

import peer as scripted
from kit import paths
from kit.agw import Agw
from kit.expect import GOOD
from kit.gateway import Gateway, Peer
from kit.proc import eventually

NAME = "hss2.example.org"
KINDS = sorted(scripted.WATCHDOGS)
if paths.ASAN:  # libfdcore forgets to free the answer that makes it reset a connection: 2 kB each
    KINDS.remove("origin_state_changes")


@pytest.fixture
def pair(pki):
    """(HSS, gateway) on a connection of their own."""
    hss = scripted.Peer(host=paths.HSS2_IP, port=3868, identity=NAME).start()
    gateway = Gateway(pki, [Peer(NAME, paths.HSS2_IP, watchdog=1)], s6a='timeout = "1s";').start()
    yield hss, gateway
    gateway.stop()
    hss.stop()


def good_again(hss, gateway, pki):
    with Agw(pki, target=gateway.target) as agw:
        def attempt():
            try:
                return agw.air(GOOD, timeout=5).eutran_vectors
            except grpc.RpcError:
                return False

        eventually(attempt, 15, "a good answer is passed on again")


def test_watchdog_answers_of_every_kind(pki):
    """A peer for each, all at once, watchdog of one second: several answers of each come by.
    Whatever they are the gateway lives, and has every peer again once it answers well."""
    peers = {case: scripted.Peer(host=paths.HSS2_IP, port=3900 + n, watchdog=case,
                                 identity="%s.example.org" % case.replace("_", "-")).start()
             for n, case in enumerate(KINDS)}
    gateway = Gateway(pki, [Peer(p.identity, p.host, p.port, watchdog=1) for p in peers.values()],
                      s6a='timeout = "2s";').start(wait_peers=False)
    try:
        for case, hss in peers.items():
            eventually(lambda: hss.count("DWR") >= 2, 20, "watchdogs to '%s'" % case)
        time.sleep(2)
        assert gateway.process.alive() and gateway.healthy()
        for hss in peers.values():
            hss.watchdog = scripted.WATCHDOGS["ok"]

        gateway.wait_open()
        for hss in peers.values():
            good_again(hss, gateway, pki)
    finally:
        gateway.stop()
        for hss in peers.values():
            hss.stop()


def test_a_peer_that_stops_reading(pair, pki):
    hss, gateway = pair
    good_again(hss, gateway, pki)
    with Agw(pki, target=gateway.target) as agw:
        hss.pause()
        agw.future("air", GOOD, timeout=2).code()  # what was being read is still answered
        calls = [agw.future("air", "0010100008%05d" % n, timeout=4) for n in range(200)]
        assert all(call.code() != grpc.StatusCode.OK for call in calls)
        assert gateway.healthy()
    hss.resume()
    good_again(hss, gateway, pki)
