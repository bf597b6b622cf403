# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi end to end: Debian's eapol_test with a card in software -> RADIUS -> fgw-aaa -> gRPC over
mutual TLS -> fgwd -> SWx -> sim_hss; and back: RTR and PPR -> Disconnect- and CoA-Request."""
import os

import pytest

from kit import core, nas, paths
from kit.gateway import Gateway
from kit.nas import Aaa, Card, Nas, Terminal
from kit.proc import eventually


class Wifi(Gateway):
    """fgwd with the interface swx; vectors are not kept, so that each request reaches the HSS."""

    def configure(self, **changes):
        super().configure(**changes)
        with open(os.path.join(self.folder, "fgw.conf"), "a") as conf:
            conf.write('LoadExtension = "%s";\n' % paths.extension("swx.fdx"))


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.SimHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Wifi(pki, [hss.peer(watchdog=6)], more="swx: { cache_ttl = 0; };").start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def aaa(pki, gateway, cleanup):
    thing = Aaa(pki).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def ap(aaa, cleanup):
    thing = Nas()
    cleanup.append(thing)
    return thing


def session_of(aaa, terminal):
    found = aaa.rows("SELECT * FROM sessions WHERE imsi=?", terminal.imsi)
    return found[0] if found else None


def wait_session(aaa, terminal):
    return eventually(lambda: session_of(aaa, terminal), 5, "stored session")


def accepted(done, times=1):
    """It succeeded so often, and both sides had the same keys each time."""
    assert done.success, done.output[-3000:]
    assert done.keys == (times, 0), done.output[-300:]


METHODS = [("AKA", "aka"), ("AKA'", "aka-prime")]


# ---- authentication ----

@pytest.mark.parametrize("eap, method", METHODS)
@pytest.mark.parametrize("result_ind", [0, 1])
def test_full_authentication(aaa, eap, method, result_ind):
    terminal = Terminal(1 + result_ind + 2 * (eap == "AKA"), eap, result_ind=result_ind)
    before = aaa.counter("aaa_authentications_total", method=method, how="full", result="accept")
    accepted(terminal.connect())
    assert terminal.card.seen == ["good"]
    assert aaa.counter("aaa_authentications_total", method=method, how="full",
                       result="accept") == before + 1
    assert wait_session(aaa, terminal)["registered"] == 1
